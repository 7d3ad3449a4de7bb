"""How does a data set come that stands at an address which does not change, in one file or one a département?"""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client
from hp_sig.sources.download import Downloaded, Expected, download
from hp_sig.sources.joining import join_parts
from hp_sig.sources.kept import (
    Kept,
    edition_of,
    fetched,
    require_kept,
    vintage_of,
    write_kept,
    writing,
)
from hp_sig.sources.naming import copy_path, file_name, work_name
from hp_sig.sources.texts import count_of, is_sound
from hp_sig.sources.wanted import Fetched, Offer, OnProgress, Wanted

__all__ = ["get", "look"]

#: What may be written into an address.
WORD = re.compile(r"[\w.-]+", re.ASCII)


def look(client: Client, service: Service, wanted: Wanted) -> Offer:
    """Ask how large the file is, and when it was last changed, where its server tells.

    Raises
    ------
    SourceError
        If there is no such file.
    """
    urls = _addresses(service, wanted)
    answers = [client.head(url, service).headers for url in urls.values()]
    sizes = [size for answer in answers if (size := count_of(answer.get("content-length"))) is not None]
    offer = _offer(wanted, list(urls.values()), answers)
    return replace(offer, size=sum(sizes) if len(sizes) == len(answers) else None)


def get(
    client: Client | None, service: Service, wanted: Wanted, *, cache: Path, folder: Path, on_progress: OnProgress
) -> Fetched:
    """Bring a file, or the parts of it, only if it has changed.

    Parameters
    ----------
    client
        None: from the cache alone.
    service, wanted
        Where from, and what.
    cache, folder
        Where the downloads are kept, and where the one file is written.
    on_progress
        Called while they come.

    Raises
    ------
    SourceError
        If they cannot be had whole, or cannot be joined into one file.
    """
    urls = _addresses(service, wanted)
    if client is None:
        kept, copies = require_kept(cache, wanted, list(urls))
        return _one_file(wanted, kept, copies, folder)
    copies = [
        download(
            client,
            url,
            service,
            copy_path(cache, wanted, part),
            expected=Expected(
                what=f"{wanted.name} {part}".strip(), max_bytes=wanted.source.max_bytes, kinds=_kinds(url, wanted)
            ),
            on_progress=on_progress,
        )
        for part, url in urls.items()
    ]
    offer = _offer(wanted, list(urls.values()), [copy.headers for copy in copies])
    kept = Kept(
        offer=replace(offer, size=sum(copy.size for copy in copies)),
        names=tuple(file_name(url, wanted) for url in urls.values()),
        sha256=tuple(copy.sha256 for copy in copies),
    )
    result = _one_file(wanted, kept, copies, folder)
    write_kept(cache, wanted, kept)
    return result


def _addresses(service: Service, wanted: Wanted) -> dict[str, str]:
    """Give the address of each part; the name of the part is its département, or nothing where there is one file."""
    path, edition = wanted.source.path or "", edition_of(wanted) or ""
    departements = wanted.departements if "{departement}" in path else ("",)
    if "{edition}" in path and not edition:
        message = f"{wanted.name}: an edition expected, found none. Ask for one: {wanted.source.id}@2025."
        raise SourceError(message)
    if not departements:
        message = f"{wanted.name}: one file a département, and none was asked for."
        raise SourceError(message)
    if wrong := [one for one in (*departements, edition) if one and not WORD.fullmatch(one)]:
        message = f"{wanted.name}: {wrong[0]!r} cannot be a part of an address. Ask for a year, such as 2025."
        raise SourceError(message)
    filled = {part: path.format(departement=part, edition=edition) for part in departements}
    return {part: f"{service.url.rstrip('/')}/{rest.lstrip('/')}" for part, rest in filled.items()}


def _kinds(url: str, wanted: Wanted) -> tuple[str, ...]:
    """Tell what the first bytes must be of, where the address tells."""
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower().removeprefix(".")
    if wanted.source.member is not None:
        return tuple(dict.fromkeys(("7z", "zip", suffix))) if suffix else ("7z", "zip")
    if suffix:
        return (suffix,)
    place = PurePosixPath(wanted.file).suffix.lower().removeprefix(".")
    # A list of objects becomes a table.
    return ("csv", "json") if place == "csv" else (place,)


def _offer(wanted: Wanted, urls: Sequence[str], headers: Sequence[Mapping[str, str]]) -> Offer:
    """Tell what the headers of each part say; no mark unless all of them have one."""
    etags = [_sound(one.get("etag", "")) for one in headers]
    changed = [_sound(one.get("last-modified", "")) for one in headers]
    days = [day for day in map(_day, changed) if day]
    mark = {"etag": ", ".join(etags)} if all(etags) else {}
    if len(days) == len(headers):
        mark["last_modified"] = ", ".join(changed)
    modified = max(days) if len(days) == len(headers) else ""
    return Offer(url=" ".join(urls), vintage=vintage_of(wanted, modified=modified), mark=mark)


def _sound(text: str) -> str:
    return text if is_sound(text) else ""


def _day(changed: str) -> str:
    """Give the day of an HTTP date, empty where there is none.

    >>> _day("Wed, 21 Oct 2015 07:28:00 GMT")
    '2015-10-21'
    """
    try:
        return parsedate_to_datetime(changed).astimezone(dt.UTC).date().isoformat()
    except (ValueError, OverflowError):
        return ""


def _one_file(wanted: Wanted, kept: Kept, copies: Sequence[Downloaded], folder: Path) -> Fetched:
    """Write the one file that the parts give."""
    paths = [copy.path for copy in copies]
    if wanted.source.member is not None and len(copies) > 1:
        message = f"{wanted.name}: one archive a département, which cannot be joined. Correct the catalogue."
        raise SourceError(message)
    joined = None
    if wanted.source.member is None:
        with writing(wanted):
            joined = join_parts(paths, folder / work_name(wanted, kept.names[0]), what=wanted.name, place=wanted.file)
    if joined is None:
        return fetched(wanted, kept, copies[0], folder)
    path, rows = joined
    digest = hashlib.sha256()
    for one in paths:
        digest.update(one.read_bytes())
    return Fetched(
        path=path,
        url=kept.offer.url,
        vintage=kept.offer.vintage,
        downloaded=sum(copy.size for copy in copies),
        sha256_downloaded=digest.hexdigest(),
        mark=kept.offer.mark,
        rows=rows,
        notes=kept.notes,
    )
