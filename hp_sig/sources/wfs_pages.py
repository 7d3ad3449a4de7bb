"""Did every feature that a WFS says it has come, each once?

Pages are asked for in the order of a unique key. The number of features is asked for before the first page and told,
or asked again, with each; keys must not come twice; and behind the last page there must be nothing.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hp_sig.errors import SourceError, some
from hp_sig.sources.wanted import OnProgress
from hp_sig.sources.wfs_cache import PageSet, begin, under_way
from hp_sig.sources.wfs_exchange import Endpoint, ask_hits, ask_page
from hp_sig.sources.wfs_features import Features, UnsoundPageError, features_of
from hp_sig.sources.wfs_request import Request

__all__ = ["Pages", "fetch_pages", "read_pages"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A whole set of pages, and what is in them."""

    kept: PageSet
    features: list[Features]


class _NumberChangedError(SourceError):
    """The number of features changed between two pages."""


def fetch_pages(endpoint: Endpoint, request: Request, *, cache: Path, on_progress: OnProgress) -> Pages:
    """Fetch every page that is not there yet from a cut; start anew once if the layer changes meanwhile.

    Parameters
    ----------
    endpoint
        Whom to ask.
    request
        What for.
    cache
        Where pages are kept.
    on_progress
        Told the number of features that came.

    Raises
    ------
    SourceError
        If not all features come, each once, sound.
    """
    kept = under_way(cache, request)
    matched = ask_hits(endpoint, request.matching)
    if kept is not None and kept.record.matched == matched:
        log.info("%s: going on after %d of %d features", endpoint.name, kept.features, matched)
    else:
        kept = begin(cache, request, _require_some(endpoint, request, matched))
    try:
        return _fetched(endpoint, request, kept, on_progress)
    except _NumberChangedError as error:
        log.warning("%s Started anew.", error)
    matched = ask_hits(endpoint, request.matching)
    kept = begin(cache, request, _require_some(endpoint, request, matched))
    try:
        return _fetched(endpoint, request, kept, on_progress)
    except _NumberChangedError as error:
        kept.forget()
        message = f"{error} It was started anew once already: the producer is updating it. Try again later."
        raise SourceError(message) from error


def read_pages(kept: PageSet, request: Request) -> Pages:
    """Read a set of pages that came whole before.

    Raises
    ------
    SourceError
        If a page is not what came.
    """
    return Pages(kept=kept, features=_read(kept, request, {}))


def _require_some(endpoint: Endpoint, request: Request, matched: int) -> int:
    if matched == 0:
        message = (
            f"{endpoint.told(request.layer.name)}: expected features, found none "
            f"({'; '.join(request.limits.values())[:200] or 'whole layer'}). The producer may have none for this "
            "territory, or its layer has changed."
        )
        raise SourceError(message)
    return matched


def _fetched(endpoint: Endpoint, request: Request, kept: PageSet, on_progress: OnProgress) -> Pages:
    try:
        return _every_page(endpoint, request, kept, on_progress)
    except UnsoundPageError:
        # Whoever tries again must not find them.
        kept.forget()
        raise


def _every_page(endpoint: Endpoint, request: Request, kept: PageSet, on_progress: OnProgress) -> Pages:
    name, matched, size = endpoint.name, kept.record.matched, request.page_size
    seen: dict[object, int] = {}
    features = _read(kept, request, seen)
    on_progress(name, kept.features, matched)
    end = time.monotonic() + endpoint.client.limits.total_s
    while kept.features < matched:
        start = kept.features
        what = f"{endpoint.told(request.layer.name)}, page from {start}"
        if time.monotonic() > end:
            message = (
                f"{what}: not done within {endpoint.client.limits.total_s:g} s, the limit. {start} of {matched} "
                "features are kept: run it again to go on."
            )
            raise SourceError(message)
        content, page = ask_page(endpoint, request.page(start, size))
        came = features_of(content, page, request, what)
        _require_number(page, endpoint, request, matched)
        _require_new(came.keys, seen, start, request, what)
        _require_count(page, came, min(size, matched - start), what)
        kept = kept.with_page(content, len(came.keys))
        if kept.size > request.wanted.source.max_bytes:
            message = (
                f"{what}: more than the {request.wanted.source.max_bytes} bytes that are expected of it at most. Ask "
                f"for less, or raise max_bytes of {request.wanted.source.id} in the catalogue."
            )
            raise UnsoundPageError(message)
        features.append(came)
        on_progress(name, kept.features, matched)
    if matched % size == 0:
        # Only a page that is not full shows by itself that it is the last.
        _, page = ask_page(endpoint, request.page(matched, 1))
        if not isinstance(page, dict) or page.get("features") != []:
            _refuse_count(f"{endpoint.told(request.layer.name)}, page from {matched}", "no more features", "some")
    return Pages(kept=kept, features=features)


def _read(kept: PageSet, request: Request, seen: dict[object, int]) -> list[Features]:
    """Look at pages on disk as if they came now."""
    features, start = [], 0
    for content in kept.contents():
        what = f"{request.wanted.name}: {request.layer.name}, page from {start} in {kept.folder}"
        came = features_of(content, json.loads(content), request, what)
        _require_new(came.keys, seen, start, request, what)
        features.append(came)
        start += len(came.keys)
    return features


def _require_number(page: Mapping[str, Any], endpoint: Endpoint, request: Request, before: int) -> None:
    """Check the number of features that the page tells, or else that the service tells now."""
    told = next((page[name] for name in ("numberMatched", "totalFeatures") if isinstance(page.get(name), int)), None)
    now = ask_hits(endpoint, request.matching) if told is None else told
    if now != before:
        message = f"{endpoint.told(request.layer.name)}: numberMatched was {before}, and is {now} a page later."
        raise _NumberChangedError(message)


def _require_count(page: Mapping[str, Any], came: Features, expected: int, what: str) -> None:
    count, told = len(came.keys), page.get("numberReturned")
    if isinstance(told, int) and told != count:
        _refuse_count(what, f"the {told} features that numberReturned tells", str(count))
    if count < expected:
        message = (
            f"{what}: expected {expected} features, found {count}, and it is not the last one. The service gives fewer "
            "a page than asked for (lower page_size in the catalogue), or its count is wrong."
        )
        raise UnsoundPageError(message)
    if count > expected:
        _refuse_count(what, f"{expected} features", str(count))


def _refuse_count(what: str, expected: str, found: str) -> None:
    message = (
        f"{what}: expected {expected}, found {found}: the service counts wrongly, so nobody can say that all came."
    )
    raise UnsoundPageError(message)


def _require_new(keys: list[object], seen: dict[object, int], start: int, request: Request, what: str) -> None:
    """Refuse keys that came before, and note these."""
    repeated = [key for key in keys if key in seen]
    if repeated:
        message = (
            f"{what}: repeats {len(repeated)} features of the page from {seen[repeated[0]]} ({request.key} "
            f"{some(repeated)}): others are missing in their place. The service does not keep the order asked for; try "
            f"again, or name another key of {request.wanted.source.id} in the catalogue."
        )
        raise UnsoundPageError(message)
    seen |= dict.fromkeys(keys, start)
    if len(set(keys)) < len(keys):
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        message = (
            f"{what}: expected a unique {request.key} on each feature, found {some(twice)} more than once. Name "
            f"another key of {request.wanted.source.id} in the catalogue."
        )
        raise UnsoundPageError(message)
