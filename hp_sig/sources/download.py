"""How does a large file come whole, or not at all, and go on where it was cut?

It is written beside its place, with what the server told of it; length, checksum and first bytes are verified before
it takes its place. A copy that is there already is asked for only if it changed.
"""

import contextlib
import datetime as dt
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client, blocks
from hp_sig.sources.provenance import file_sha256
from hp_sig.sources.waiting import PassingError, Patience
from hp_sig.whole import write_whole

__all__ = ["Downloaded", "Expected", "cached", "download"]

log = logging.getLogger(__name__)

#: First bytes of a file of each kind; a kind that is not here is not looked at.
SIGNATURES: Mapping[str, tuple[bytes, ...]] = {
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "zip": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "gpkg": (b"SQLite format 3\x00",),
    "json": (b"{", b"["),
    "geojson": (b"{",),
}
MARKUP = re.compile(rb"<(!doctype|html|head|\?xml|\w+[\s>])", re.IGNORECASE)
#: Kinds that are text and no markup.
PLAIN_TEXT = {"csv", "txt"}
PART, TOLD = ".part", ".json"
HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a file must be to be taken.

    Parameters
    ----------
    what
        Its name, for messages.
    max_bytes
        Refused beyond.
    size, checksum
        As its producer tells them; `md5:…`, `sha1:…` or `sha256:…`.
    kinds
        What its first bytes may be: `7z`, `zip`, `csv`, `json`… An HTML page never is.
    """

    what: str
    max_bytes: int
    size: int | None = None
    checksum: str | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file on disk and what its server told of it (`etag`, `last-modified`, `content-type`)."""

    path: Path
    url: str
    size: int
    sha256: str
    headers: Mapping[str, str]
    #: False where the copy that was there is still good.
    is_new: bool


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
    if kept is not None and expected.checksum and _sum_of(kept.path, expected.checksum) == expected.checksum.lower():
        return kept
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(target, url, expected)
    told = on_progress or (lambda _what, _done, _total: None)
    for is_last in (False, True):
        patience = Patience(client.limits, url)
        headers = _brought(client, service, part, kept, patience, told)
        if headers is None and kept is not None:
            return kept
        try:
            part.require_expected()
        except _WrongContentError as error:
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
    told = _read_told(target)
    if told is None or not target.is_file():
        return None
    if target.stat().st_size != told.get("size") or file_sha256(target) != told.get("sha256"):
        log.warning("%s: not what was downloaded any more; it is left out.", target)
        return None
    return Downloaded(
        path=target,
        url=str(told["url"]),
        size=int(told["size"]),
        sha256=str(told["sha256"]),
        headers={str(name): str(value) for name, value in told["headers"].items()},
        is_new=False,
    )


class _WrongContentError(Exception):
    """A file that came whole and is not what was expected."""


class _Part:
    """What has come of a file so far, and what its server told of it."""

    def __init__(self, target: Path, url: str, expected: Expected) -> None:
        self.target = target
        self.url = url
        self.expected = expected
        self.path = target.with_name(target.name + PART)

    def validator(self) -> str | None:
        """Give what proves that the rest belongs to what is here: a strong ETag, or a date (RFC 9110, 13.1.5)."""
        told = _read_told(self.path)
        if told is None or told.get("url") != self.url or not self.path.is_file() or not self.path.stat().st_size:
            return None
        etag = str(told["headers"].get("etag", ""))
        return etag if etag and not etag.startswith("W/") else told["headers"].get("last-modified") or None

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def begin(self, headers: Mapping[str, str]) -> None:
        """Forget what was here; note what the server tells of what comes."""
        self.discard()
        # What comes compressed is stored otherwise: its bytes cannot be asked for from the middle on.
        is_as_sent = headers.get("content-encoding", "identity") == "identity"
        content = {"url": self.url, "headers": dict(headers) if is_as_sent else {}}
        write_whole(_told_path(self.path), json.dumps(content, ensure_ascii=False, indent=1).encode())

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        _told_path(self.path).unlink(missing_ok=True)

    def require_expected(self) -> None:
        """Refuse what came whole but is something else."""
        expected, size = self.expected, self.size
        with self.path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if fault := _kind_fault(head, expected.kinds):
            message = f"{expected.what}: {fault} at {self.url}. {REMEDY}"
            raise _WrongContentError(message)
        if expected.size is not None and size != expected.size:
            message = f"{expected.what}: expected {expected.size} bytes at {self.url}, found {size}. {REMEDY}"
            raise _WrongContentError(message)
        if expected.checksum and (found := _sum_of(self.path, expected.checksum)) != expected.checksum.lower():
            message = (
                f"{expected.what}: expected the checksum {expected.checksum} that its producer gives, found {found} at "
                f"{self.url}. {REMEDY}"
            )
            raise _WrongContentError(message)

    def finish(self, headers: Mapping[str, str]) -> Downloaded:
        """Put the file in its place, with what is known of it."""
        size, sha256 = self.size, file_sha256(self.path)
        content = {
            "url": self.url,
            "headers": dict(headers),
            "size": size,
            "sha256": sha256,
            "day": dt.datetime.now(dt.UTC).date().isoformat(),
        }
        self.path.replace(self.target)
        write_whole(_told_path(self.target), json.dumps(content, ensure_ascii=False, indent=1).encode())
        _told_path(self.path).unlink(missing_ok=True)
        return Downloaded(path=self.target, url=self.url, size=size, sha256=sha256, headers=headers, is_new=True)


REMEDY = "Try again later; if it stays so, see what the producer says of it."


def _brought(
    client: Client,
    service: Service,
    part: _Part,
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
        elif kept is not None and kept.url == part.url:
            headers |= _conditions(kept)
        with client.opened(part.url, service, headers=headers, tolerated={304, 416}) as response:
            if response.status_code == 304 and not validator:
                return None
            if response.status_code in {304, 416}:
                # There is nothing more of it, or it is another file by now: from the start.
                part.discard()
                message = f"status {response.status_code} for a part of the file"
                patience.wait_after(PassingError(message, wait_s=0.0))
                continue
            found = {name.lower(): value for name, value in response.headers.items()}
            if response.status_code != 206 or _range_start(found) != offset:
                if response.status_code == 206:
                    part.discard()
                    message = f"expected the bytes from {offset} on, found {found.get('content-range', 'others')!r}"
                    patience.wait_after(PassingError(message, wait_s=0.0))
                    continue
                part.begin(found)
                offset = 0
            try:
                _write(response, part, offset, patience, told)
            except PassingError as error:
                if part.size > furthest:
                    furthest = part.size
                    patience.renew()
                patience.wait_after(error)
                continue
            return found


def _write(
    response: requests.Response,
    part: _Part,
    offset: int,
    patience: Patience,
    told: Callable[[str, int, int | None], None],
) -> None:
    """Write what comes after what is here; what is written stays if it is cut."""
    expected = part.expected
    length = response.headers.get("content-length", "")
    is_as_sent = response.headers.get("content-encoding", "identity") == "identity"
    total = offset + int(length) if length.isdigit() and is_as_sent else None
    if total is not None and total > expected.max_bytes:
        raise _too_large(part, total)
    done = offset
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


def _too_large(part: _Part, size: int) -> SourceError:
    part.discard()
    message = (
        f"{part.expected.what}: at most {part.expected.max_bytes / 1e6:.0f} MB are expected, {part.url} has "
        f"{size / 1e6:.0f} MB or more. If that is right, raise max_bytes in the catalogue."
    )
    return SourceError(message)


def _conditions(kept: Downloaded) -> dict[str, str]:
    names = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
    return {name: kept.headers[header] for name, header in names.items() if header in kept.headers}


def _range_start(headers: Mapping[str, str]) -> int | None:
    match = re.fullmatch(r"bytes (\d+)-\d+/(?:\d+|\*)", headers.get("content-range", ""))
    return int(match[1]) if match else None


def _kind_fault(head: bytes, kinds: tuple[str, ...]) -> str | None:
    """Say what is wrong with the first bytes of a file.

    >>> _kind_fault(b"<!DOCTYPE html><title>Portal</title>", ())
    "expected a file, found a page: b'<!DOCTYPE html><title>Portal</title>'"
    >>> _kind_fault(b"code;name", ("csv",)) is None
    True
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return "expected a file, found nothing (0 bytes)"
    if start[:5].lower() in {b"<html", b"<!doc"}:
        return f"expected a file, found a page: {start[:60]!r}"
    known = [kind for kind in kinds if kind in SIGNATURES or kind in PLAIN_TEXT]
    for kind in known:
        if kind in PLAIN_TEXT and b"\x00" not in head and not MARKUP.match(start):
            return None
        if start.startswith(SIGNATURES.get(kind, ())):
            return None
    return f"expected a file of the kind {' or '.join(known)}, found {start[:40]!r}" if known else None


def _sum_of(path: Path, checksum: str) -> str:
    """Give the checksum of a file, of the same kind as another one.

    Raises
    ------
    SourceError
        If nobody knows that kind.
    """
    kind, _, value = checksum.partition(":")
    if kind not in {"md5", "sha1", "sha256", "sha512"} or not value:
        message = f"expected a checksum such as md5:…, sha1:… or sha256:…, found {checksum!r}."
        raise SourceError(message)
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return f"{kind}:{digest.hexdigest()}"


def _told_path(path: Path) -> Path:
    return path.with_name(path.name + TOLD)


def _read_told(path: Path) -> dict[str, Any] | None:
    """Read what was told of a file; None where there is nothing, or nothing that can be read."""
    with contextlib.suppress(OSError, ValueError):
        told = json.loads(_told_path(path).read_bytes())
        if isinstance(told, dict) and isinstance(told.get("headers"), dict) and isinstance(told.get("url"), str):
            return told
    return None
