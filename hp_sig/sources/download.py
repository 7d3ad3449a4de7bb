"""How does a large file come whole, or not at all, and go on where it was cut?

It is written beside its place, with what the server told of it; length, checksum and first bytes are verified before
it takes its place. A copy that is there already is asked for only if it changed.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import requests

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client
from hp_sig.sources.partial import Downloaded, Expected, Part, WrongContentError, downloaded_before, sum_of, total_of
from hp_sig.sources.provenance import file_sha256
from hp_sig.sources.reading import blocks
from hp_sig.sources.texts import is_sound
from hp_sig.sources.waiting import PassingError, Patience

__all__ = ["Downloaded", "Expected", "cached", "download"]

log = logging.getLogger(__name__)


def download(
    client: Client,
    url: str,
    service: Service,
    target: Path,
    *,
    expected: Expected,
    on_progress: Callable[[str, int, int | None], None] | None = None,
) -> Downloaded:
    """Download a file, going on where an earlier run was cut.

    Parameters
    ----------
    client, url, service
        Who asks, what, of whom.
    target
        Its place; `….part` and `….json` stand beside.
    expected
        What it must be.
    on_progress
        Called with the name of the file, how many bytes are here, and how many there are (None: not told).

    Returns
    -------
    Downloaded
        The file, verified.

    Raises
    ------
    SourceError
        If it does not come whole within the limits, or is not what was expected; an earlier copy stays.
    """
    kept = cached(target)
    if kept is not None and not _may_be(kept, url, expected):
        kept = None
    elif kept is not None and expected.checksum:
        return kept
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Part(target, url, expected)
    told = on_progress or (lambda _what, _done, _total: None)
    for is_last in (False, True):
        patience = Patience(client.limits, url)
        headers = _brought(client, service, part, kept, patience, told)
        if headers is None and kept is not None:
            return kept
        try:
            part.require_expected()
        except WrongContentError as error:
            part.discard()
            if is_last:
                raise SourceError(str(error)) from error
            log.warning("%s It is downloaded once more, from the start.", error)
            continue
        return part.finish(headers or {})
    raise AssertionError  # pragma: no cover - the loop returns or raises


def cached(target: Path) -> Downloaded | None:
    """Give the copy of a file that an earlier download left; None where there is none, or it is damaged.

    Parameters
    ----------
    target
        Its place.
    """
    copy = downloaded_before(target)
    if copy is None or not target.is_file():
        return None
    if target.stat().st_size != copy.size or file_sha256(target) != copy.sha256:
        log.warning("%s: not what was downloaded any more; it is left out.", target)
        return None
    return copy


class _TooLargeError(SourceError):
    """A file that is larger than it may be."""


def _may_be(kept: Downloaded, url: str, expected: Expected) -> bool:
    """Say whether a copy is what its producer tells now: only then may its server say that it is still good."""
    if expected.size not in {None, kept.size}:
        return False
    return sum_of(kept.path, expected.checksum) == expected.checksum.lower() if expected.checksum else kept.url == url


def _brought(
    client: Client,
    service: Service,
    part: Part,
    kept: Downloaded | None,
    patience: Patience,
    told: Callable[[str, int, int | None], None],
) -> dict[str, str] | None:
    """Bring what is missing of a file, however often it is cut; give what its server told, None if nothing changed."""
    furthest = part.size
    while True:
        validator = part.validator()
        offset = part.size if validator else 0
        headers = {"Accept-Encoding": "identity"}
        if validator:
            headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
        elif kept is not None:
            headers |= _conditions(kept)
        with client.opened(
            part.url, service, headers=headers, tolerated={304, 416}, until=patience.deadline
        ) as response:
            if response.status_code == 304 and kept is not None and not validator:
                return None
            found = {name.lower(): value for name, value in response.headers.items() if is_sound(value)}
            if fault := part.fault_of(response.status_code, found, offset):
                # From the start.
                part.discard()
                patience.wait_after(PassingError(fault, wait_s=0.0))
                continue
            if response.status_code != 206:
                offset = 0
                part.begin(found)
            try:
                _write(response, part, total_of(found, offset), patience, told)
            except _TooLargeError:
                part.discard()
                raise
            except PassingError as error:
                if part.size > furthest:
                    furthest = part.size
                    patience.renew()
                patience.wait_after(error)
                continue
            return found


def _write(
    response: requests.Response,
    part: Part,
    total: int | None,
    patience: Patience,
    told: Callable[[str, int, int | None], None],
) -> None:
    """Write what comes after what is here; what is written stays if it is cut."""
    expected = part.expected
    if total is not None and total > expected.max_bytes:
        raise _too_large(part, total)
    done = part.size
    with part.path.open("ab") as stream:
        try:
            told(expected.what, done, total)
            for block in blocks(response):
                done += len(block)
                if done > expected.max_bytes:
                    raise _too_large(part, done)
                stream.write(block)
                told(expected.what, done, total)
                patience.require_time()
        finally:
            stream.flush()
            os.fsync(stream.fileno())
    if total is not None and done != total:
        message = f"the answer was cut after {done} of {total} bytes"
        raise PassingError(message)


def _too_large(part: Part, size: int) -> _TooLargeError:
    message = (
        f"{part.expected.what}: at most {part.expected.max_bytes / 1e6:.0f} MB are expected, {part.url} has "
        f"{size / 1e6:.0f} MB or more. If that is right, raise max_bytes in the catalogue."
    )
    return _TooLargeError(message)


def _conditions(kept: Downloaded) -> dict[str, str]:
    names = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
    return {name: kept.headers[header] for name, header in names.items() if header in kept.headers}
