"""What was kept of the last download, to do without network, and to see what its producer changed since?

Beside the copies, a small `….offer.json` says what the producer told of them. From these, and from the rules of the
catalogue, the one file that a data set gives is written.
"""

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hp_sig.errors import HpSigError, SourceError
from hp_sig.sources.download import Downloaded, cached
from hp_sig.sources.naming import copy_path, offer_path, work_name
from hp_sig.sources.texts import shown
from hp_sig.sources.unpacking import is_packed, require_geopackage, unpack
from hp_sig.sources.wanted import Fetched, Offer, Wanted
from hp_sig.whole import write_whole

__all__ = [
    "YEAR",
    "Kept",
    "changed_in_place",
    "edition_of",
    "fetched",
    "filled",
    "read_kept",
    "require_kept",
    "vintage_of",
    "write_kept",
    "writing",
]

#: A year in a text.
YEAR = re.compile(r"(?<!\d)(?:19|20)[0-9]{2}(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was downloaded of a data set."""

    offer: Offer
    #: Names under which the producer delivers each part; nothing is written under them.
    names: tuple[str, ...]
    #: SHA-256 of each part.
    sha256: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_kept(cache: Path, wanted: Wanted) -> Kept | None:
    """Read what was kept of the last download; None if nothing was, or not for the same years and départements."""
    try:
        told = json.loads(offer_path(cache, wanted).read_bytes())
        if told["asked"] != _asked(wanted):
            return None
        offer = Offer(url=told["url"], size=told["size"], vintage=told["vintage"], mark=dict(told["mark"]))
        return Kept(offer=offer, names=tuple(told["names"]), sha256=tuple(told["sha256"]), notes=tuple(told["notes"]))
    except (OSError, ValueError, KeyError, TypeError):
        # Absent, or damaged: the download is asked for again.
        return None


def write_kept(cache: Path, wanted: Wanted, kept: Kept) -> None:
    """Write down what was downloaded, once all of it is there."""
    told = {
        "asked": _asked(wanted),
        "url": kept.offer.url,
        "size": kept.offer.size,
        "vintage": kept.offer.vintage,
        "mark": dict(kept.offer.mark),
        "names": kept.names,
        "sha256": kept.sha256,
        "notes": kept.notes,
    }
    content = json.dumps(told, ensure_ascii=False, indent=1)
    write_whole(offer_path(cache, wanted), (content + "\n").encode())


def require_kept(cache: Path, wanted: Wanted, parts: Sequence[str] = ("",)) -> tuple[Kept, list[Downloaded]]:
    """Give what was kept of the last download, verified, to do without network.

    Raises
    ------
    SourceError
        If it was never fetched whole, or a copy is damaged.
    """
    kept = read_kept(cache, wanted)
    copies = [cached(copy_path(cache, wanted, part)) for part in parts] if kept else []
    whole = [copy for copy in copies if copy is not None]
    if kept is None or tuple(copy.sha256 for copy in whole) != kept.sha256:
        message = f"{wanted.name}: there is no whole copy of it in the cache. Fetch it once with the network."
        raise SourceError(message)
    return kept, whole


def changed_in_place(before: Kept | None, after: Kept, identity: str) -> tuple[str, ...]:
    """Say what changed since the last download although the producer calls it the same.

    Parameters
    ----------
    before, after
        The last download, and this one.
    identity
        What of the mark names it: `resource`, `delivery`.
    """
    if before is None or before.offer.mark.get(identity) != after.offer.mark.get(identity):
        return ()
    old, new = before.offer.mark, after.offer.mark
    if old.get("checksum") == new.get("checksum") and before.sha256 == after.sha256:
        if old.get("last_modified") == new.get("last_modified"):
            return ()
        dates = f"{old.get('last_modified') or 'unknown'} → {new.get('last_modified') or 'unknown'}"
        return (f"Modified in place by its producer, who changed its date alone ({dates}); the content is the same.",)
    told_old, told_new = _hash(before), _hash(after)
    if told_old.partition(":")[0] != told_new.partition(":")[0]:
        told_old, told_new = f"sha256:{before.sha256[0]}", f"sha256:{after.sha256[0]}"
    dates = "".join(
        f", {word} {mark['last_modified']}"
        for word, mark in (("before of", old), ("now of", new))
        if mark.get("last_modified")
    )
    return (f"Modified in place by its producer, under the same name: {told_old} → {told_new}{dates}.",)


def fetched(wanted: Wanted, kept: Kept, copy: Downloaded, folder: Path, extra: tuple[str, ...] = ()) -> Fetched:
    """Write the one file that a copy gives: the member of an archive, or the copy as it is.

    Parameters
    ----------
    wanted, kept, copy
        What was asked for, what its producer told, and what came.
    folder
        Where it is written.
    extra
        More notes.

    Raises
    ------
    SourceError
        If an archive is damaged, too large once extracted, or does not hold what is expected.
    """
    with writing(wanted):
        path, notes = _written(wanted, kept.names[0], copy, folder)
    return Fetched(
        path=path,
        url=kept.offer.url,
        vintage=kept.offer.vintage,
        downloaded=copy.size,
        sha256_downloaded=copy.sha256,
        mark=kept.offer.mark,
        notes=(*kept.notes, *extra, *notes),
    )


@contextmanager
def writing(wanted: Wanted) -> Iterator[None]:
    """Tell what the system refuses while a file is written, such as a disk that is full, as one error of the source.

    Raises
    ------
    SourceError
        In its place.
    """
    try:
        yield
    except HpSigError:
        raise
    except OSError as error:
        reason = error.strerror or error
        message = f"{wanted.name}: its file cannot be written ({reason}). Look at the space that is left on the disk."
        raise SourceError(message) from error


def _written(wanted: Wanted, name: str, copy: Downloaded, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Write the member of an archive, or the copy as it is; give what an officer should know of it."""
    source = wanted.source
    notes: tuple[str, ...] = ()
    member = filled(source.member, wanted) if source.member is not None else None
    is_member = member is not None and re.fullmatch(member, name, re.IGNORECASE)
    if member is None or is_member or (PurePosixPath(name).suffix.lower() == ".gpkg" and not is_packed(copy.path)):
        path = Path(shutil.copyfile(copy.path, folder / work_name(wanted, name)))
        if member is not None and path.suffix == ".gpkg":
            _require_layer(path, name, member, wanted)
    else:
        crs = None if source.crs == "none" else source.crs
        unpacked = unpack(copy.path, folder, what=wanted.name, member=member, max_bytes=source.max_bytes, crs=crs)
        path = unpacked.path.replace(folder / work_name(wanted, unpacked.path.name))
        notes = (f"Taken out of the archive: {shown(unpacked.member)}.", *unpacked.notes)
    return path, notes


def filled(pattern: str, wanted: Wanted, write: Callable[[str], str] = re.escape) -> str:
    """Fill in what a pattern of the catalogue says of the zone, the years and the edition.

    Raises
    ------
    SourceError
        If the pattern tells one that is not asked for.
    """
    values = {"zone": wanted.zone, "years": wanted.years_label, "edition": edition_of(wanted) or ""}
    absent = [name for name, value in values.items() if f"{{{name}}}" in pattern and not value]
    if absent:
        message = (
            f"{wanted.name}: {', '.join(absent)} expected, found none: its producer publishes it so. "
            "Ask for one département, its years or an edition."
        )
        raise SourceError(message)
    return pattern.format(**{name: write(value) for name, value in values.items()})


def edition_of(wanted: Wanted) -> str | None:
    """Give the edition that is asked for, or else that of the catalogue."""
    return wanted.edition or wanted.source.edition


def vintage_of(wanted: Wanted, *, edition: str = "", title: str = "", modified: str = "") -> str:
    """Tell the vintage by the rule of the catalogue, or else the day it is downloaded.

    Parameters
    ----------
    wanted
        What was asked for.
    edition, title, modified
        What the producer tells: its edition, the title of the data set, when it was last changed (ISO 8601).
    """
    years = YEAR.findall(title)
    told = {
        "edition": edition or edition_of(wanted) or "",
        "title": years[-1] if years else "",
        "modified": modified[:10],
        "observed": wanted.years_label,
        "retrieved": "",
    }[wanted.source.vintage]
    return told or dt.datetime.now(tz=dt.UTC).astimezone().date().isoformat()


def _require_layer(path: Path, name: str, member: str, wanted: Wanted) -> None:
    try:
        require_geopackage(path, name, member, wanted.name)
    except SourceError:
        path.unlink()
        raise


def _hash(kept: Kept) -> str:
    """Give the hash that the producer tells, or that of what came."""
    return kept.offer.mark.get("checksum") or f"sha256:{kept.sha256[0]}"


def _asked(wanted: Wanted) -> Mapping[str, Any]:
    """Tell what a copy was asked for."""
    return {
        "source": wanted.source.id,
        "edition": edition_of(wanted),
        "years": list(wanted.years),
        "departements": list(wanted.departements),
    }
