"""How does one file that a service lists come, verified with what the service tells of it?"""

from dataclasses import dataclass
from pathlib import Path

from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client
from hp_sig.sources.download import Expected, download
from hp_sig.sources.kept import Kept, changed_in_place, fetched, read_kept, require_kept, write_kept
from hp_sig.sources.naming import copy_path
from hp_sig.sources.wanted import Fetched, Offer, OnProgress, Wanted

__all__ = ["Listed", "bring_listed", "kept_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file that a service lists for a data set; nothing of it is downloaded yet."""

    wanted: Wanted
    offer: Offer
    #: Name under which it is delivered.
    name: str
    #: What its first bytes may be of.
    kinds: tuple[str, ...]
    #: What of the mark names it: as long as that is the same, a change is one in place.
    identity: str
    notes: tuple[str, ...] = ()


def bring_listed(
    listed: Listed, client: Client, service: Service, *, cache: Path, folder: Path, on_progress: OnProgress
) -> Fetched:
    """Bring a file, verified with the size and the checksum that its service tells.

    Parameters
    ----------
    listed
        The file.
    client, service
        Who asks, and of whom.
    cache, folder
        Where the download is kept, and where the one file is written.
    on_progress
        Called while it comes.

    Raises
    ------
    SourceError
        If it cannot be had whole.
    """
    wanted = listed.wanted
    before = read_kept(cache, wanted)
    copy = download(
        client,
        listed.offer.url,
        service,
        copy_path(cache, wanted),
        expected=Expected(
            what=wanted.name,
            size=listed.offer.size,
            checksum=listed.offer.mark.get("checksum"),
            max_bytes=wanted.source.max_bytes,
            kinds=listed.kinds,
        ),
        on_progress=on_progress,
    )
    kept = Kept(offer=listed.offer, names=(listed.name,), sha256=(copy.sha256,), notes=listed.notes)
    result = fetched(wanted, kept, copy, folder, changed_in_place(before, kept, listed.identity))
    write_kept(cache, wanted, kept)
    return result


def kept_file(wanted: Wanted, cache: Path, folder: Path) -> Fetched:
    """Write the file of the last download again, without network.

    Raises
    ------
    SourceError
        If it never came whole, or its copy is damaged.
    """
    kept, (copy,) = require_kept(cache, wanted)
    return fetched(wanted, kept, copy, folder)
