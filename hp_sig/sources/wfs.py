"""What does a WFS 2.0 have of a data set now, and how does all of it come?

Whatever comes is checked before it counts: the fields that the layer has, the number of features, their keys, their
kind, their place. Pages that came are kept, to go on after a cut and to do without network.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import numpy as np

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client
from hp_sig.sources.wanted import Fetched, Offer, OnProgress, Wanted
from hp_sig.sources.wfs_cache import PageSet, whole
from hp_sig.sources.wfs_exchange import Endpoint, ask_hits, ask_layer_type
from hp_sig.sources.wfs_features import UnsoundPageError, require_in_territory
from hp_sig.sources.wfs_filter import asked_bounds
from hp_sig.sources.wfs_layer import write_layer
from hp_sig.sources.wfs_pages import Pages, fetch_pages, read_pages
from hp_sig.sources.wfs_request import Request, current_edition, is_edition_of, request_for

__all__ = ["get", "look"]


def look(client: Client, service: Service, wanted: Wanted) -> Offer:
    """Ask how many features a layer has for a territory, and of which edition; no feature is downloaded.

    Parameters
    ----------
    client
        What asks.
    service, wanted
        Where, and what for.

    Raises
    ------
    SourceError
        If the service cannot be asked, or the layer has not the fields that are expected.
    """
    endpoint = Endpoint(client=client, service=service, name=wanted.name)
    request = _current_request(endpoint, wanted)
    matched = ask_hits(endpoint, request.matching)
    return Offer(
        url=_url(service, request),
        features=matched,
        vintage=_vintage(request, dt.datetime.now(dt.UTC).astimezone().date()),
        mark=_mark(request, matched),
    )


def get(
    client: Client | None, service: Service, wanted: Wanted, *, cache: Path, folder: Path, on_progress: OnProgress
) -> Fetched:
    """Bring the features that a territory needs, in one file.

    Parameters
    ----------
    client
        What asks; None to work from the pages that came whole before.
    service, wanted
        Where from, and what.
    cache
        Pages are kept there.
    folder
        The file is written there.
    on_progress
        Told the number of features that came.

    Raises
    ------
    SourceError
        If not every feature comes, each once, with its fields, of the right kind and in the right place; without a
        client, if they never came whole before.
    """
    if client is None:
        kept, request = _kept(service, wanted, cache)
        pages = read_pages(kept, request)
        return _fetched(pages, service, request, folder)
    endpoint = Endpoint(client=client, service=service, name=wanted.name)
    request = _current_request(endpoint, wanted)
    pages = fetch_pages(endpoint, request, cache=cache, on_progress=on_progress)
    try:
        fetched = _fetched(pages, service, request, folder)
    except UnsoundPageError:
        pages.kept.forget()
        raise
    pages.kept.become_whole()
    return fetched


def _current_request(endpoint: Endpoint, wanted: Wanted) -> Request:
    if wanted.source.vintage not in ("edition", "retrieved"):
        message = (
            f"{wanted.name}: a WFS tells no vintage by {wanted.source.vintage!r}, expected 'edition' or 'retrieved'. "
            f"Correct {wanted.source.id} in the catalogue."
        )
        raise SourceError(message)
    if wanted.source.scope == "bounds":
        # Told before anything is asked.
        asked_bounds(wanted)
    edition = current_edition(endpoint, wanted)
    layer = ask_layer_type(endpoint, edition.type_name)
    return request_for(wanted, endpoint.service, layer, edition.edition)


def _kept(service: Service, wanted: Wanted, cache: Path) -> tuple[PageSet, Request]:
    """Find the pages that came whole before, if they are what is wanted."""
    kept = whole(cache)
    if kept is None or not is_edition_of(wanted, kept.edition):
        found = "nothing" if kept is None else f"only {kept.record.type_name}"
        message = (
            f"{wanted.name}: expected in the cache, found {found}: it never came whole. Fetch it with the network."
        )
        raise SourceError(message)
    request = request_for(wanted, service, kept.layer, kept.record.edition)
    if request.digest != kept.record.request:
        message = (
            f"{wanted.name}: the cache holds {kept.record.type_name} of {kept.day} for another territory (communes or "
            "bounds). Fetch it with the network."
        )
        raise SourceError(message)
    return kept, request


def _fetched(pages: Pages, service: Service, request: Request, folder: Path) -> Fetched:
    kept, what = pages.kept, f"{request.wanted.name}: {request.layer.name}"
    if request.wanted.source.geometry != "none":
        require_in_territory(np.concatenate([page.shapes for page in pages.features]), request, what)
    path = write_layer(pages.features, request, folder)
    heights = ("Heights were left out.",) if any(page.has_heights for page in pages.features) else ()
    return Fetched(
        path=path,
        url=_url(service, request),
        vintage=_vintage(request, kept.day),
        downloaded=kept.size,
        sha256_downloaded=kept.sha256,
        mark=_mark(request, kept.record.matched),
        rows=kept.record.matched,
        notes=(*request.notes, *heights),
    )


def _vintage(request: Request, day: dt.date) -> str:
    return str(request.edition) if request.wanted.source.vintage == "edition" else day.isoformat()


def _mark(request: Request, matched: int) -> Mapping[str, str]:
    edition = {} if request.edition is None else {"edition": request.edition}
    return {**edition, "features": str(matched)}


def _url(service: Service, request: Request) -> str:
    query = urlencode({"service": "WFS", "version": "2.0.0", "request": "GetFeature", "typeNames": request.layer.name})
    return f"{service.url}{'&' if '?' in service.url else '?'}{query}"
