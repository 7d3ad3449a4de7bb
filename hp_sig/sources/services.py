"""How is each kind of service asked what it has, and how does a file come from it?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from hp_sig.reference.catalogue import Service
from hp_sig.sources import data_gouv, ign, plain, wfs
from hp_sig.sources.client import Client
from hp_sig.sources.wanted import Fetched, Offer, OnProgress, Wanted

__all__ = ["bring", "look"]


class _Kind(Protocol):
    """What each module of a kind of service does."""

    def look(self, client: Client, service: Service, wanted: Wanted) -> Offer: ...

    def get(
        self,
        client: Client | None,
        service: Service,
        wanted: Wanted,
        *,
        cache: Path,
        folder: Path,
        on_progress: OnProgress,
    ) -> Fetched: ...


KINDS: Mapping[str, _Kind] = {"wfs": wfs, "ign_download": ign, "data_gouv": data_gouv, "file": plain}


def look(client: Client, service: Service, wanted: Wanted) -> Offer:
    """Ask a service what it has of a data set now; nothing is downloaded.

    Raises
    ------
    SourceError
        If it cannot be asked, or has no such data set.
    """
    return KINDS[service.kind].look(client, service, wanted)


def bring(
    client: Client | None, service: Service, wanted: Wanted, *, cache: Path, folder: Path, on_progress: OnProgress
) -> Fetched:
    """Bring a data set, whole and verified, into a folder.

    Parameters
    ----------
    client
        None to work from what is in the cache, without network.
    service, wanted
        Where from, and what.
    cache
        Folder in which its downloads are kept, to go on with them after a cut, and to do without network.
    folder
        Empty; the file is written there.
    on_progress
        Called while it comes.

    Raises
    ------
    SourceError
        If it cannot be had whole; nothing is to be used of what is in the folder then.
    """
    return KINDS[service.kind].get(client, service, wanted, cache=cache, folder=folder, on_progress=on_progress)
