"""What has come of a file so far, is the rest of the same one, and is all of it what was expected?

What came is written beside the place of the file, with what its server told of it.
"""

import contextlib
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hp_sig.errors import SourceError
from hp_sig.sources.provenance import file_sha256
from hp_sig.sources.texts import count_of, shown
from hp_sig.whole import write_whole

__all__ = ["Downloaded", "Expected", "Part", "WrongContentError", "downloaded_before", "sum_of", "total_of"]

#: First bytes of a file of each kind; a kind that is not here is not looked at.
SIGNATURES: Mapping[str, tuple[bytes, ...]] = {
    "7z": (b"7z\xbc\xaf\x27\x1c",),
    "zip": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "gpkg": (b"SQLite format 3\x00",),
    "json": (b"{", b"["),
    "geojson": (b"{",),
}
#: A page of HTML, even one that begins as XML or by a comment.
PAGE = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,400}?-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
MARKUP = re.compile(rb"<(!doctype|html|head|\?xml|\w+[\s>])", re.IGNORECASE)
#: Kinds that are text and no markup.
PLAIN_TEXT = {"csv", "txt"}
PART, TOLD = ".part", ".json"
HEAD_BYTES = 1024
#: Content-Range of a part: its first byte, and how many the file has.
RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")
REMEDY = "Try again later; if it stays so, see what the producer says of it."


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


class WrongContentError(Exception):
    """A file that came whole and is not what was expected."""


class Part:
    """What has come of a file so far, and what its server told of it; `path` is where it is."""

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
        """How many bytes came."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def begin(self, headers: Mapping[str, str]) -> None:
        """Forget what was here; note what the server tells of what comes."""
        self.discard()
        # What comes compressed is stored otherwise: its bytes cannot be asked for from the middle on.
        is_as_sent = headers.get("content-encoding", "identity") == "identity"
        content = {"url": self.url, "headers": dict(headers) if is_as_sent else {}}
        write_whole(_told_path(self.path), json.dumps(content, ensure_ascii=False, indent=1).encode())

    def fault_of(self, status: int, headers: Mapping[str, str], offset: int) -> str | None:
        """Say why an answer is not the rest of what is here, whatever its server makes of If-Range; None where it is.

        Parameters
        ----------
        status, headers
            Of the answer; names in lower case.
        offset
            How many bytes are here.
        """
        if status in {304, 416} or (status == 206 and not offset):
            return f"status {status} for a file of which {offset} bytes are here"
        if status != 206:
            return None
        if headers.get("content-encoding", "identity") != "identity":
            return "a part that comes compressed, which cannot be joined"
        ranged = RANGE.fullmatch(headers.get("content-range", ""))
        if ranged is None or int(ranged[1]) != offset:
            return f"expected the bytes from {offset} on, found « {shown(headers.get('content-range', 'others'))} »"
        before = (_read_told(self.path) or {}).get("headers", {})
        pairs = {name: (before.get(name), headers.get(name)) for name in ("etag", "last-modified")}
        pairs["length"] = (before.get("content-length"), ranged[2].removesuffix("*"))
        for name, (was, now) in pairs.items():
            if was and now and was != now:
                return f"another file by now: its {name} was {shown(was)}, and is {shown(now)}"
        return None

    def discard(self) -> None:
        """Forget what came."""
        self.path.unlink(missing_ok=True)
        _told_path(self.path).unlink(missing_ok=True)

    def require_expected(self) -> None:
        """Refuse what came whole but is something else."""
        expected, size = self.expected, self.size
        with self.path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if fault := _kind_fault(head, expected.kinds):
            message = f"{expected.what}: {fault} at {self.url}. {REMEDY}"
            raise WrongContentError(message)
        if expected.size is not None and size != expected.size:
            message = f"{expected.what}: expected {expected.size} bytes at {self.url}, found {size}. {REMEDY}"
            raise WrongContentError(message)
        if expected.checksum and (found := sum_of(self.path, expected.checksum)) != expected.checksum.lower():
            message = (
                f"{expected.what}: expected the checksum {expected.checksum} that its producer gives, found {found} at "
                f"{self.url}. {REMEDY}"
            )
            raise WrongContentError(message)

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


def downloaded_before(target: Path) -> Downloaded | None:
    """Give what was told of a file that came whole; None where nothing was, or it cannot be read."""
    told = _read_told(target)
    if told is None:
        return None
    try:
        return Downloaded(
            path=target,
            url=told["url"],
            size=int(told["size"]),
            sha256=str(told["sha256"]),
            headers={str(name): str(value) for name, value in told["headers"].items()},
            is_new=False,
        )
    except (KeyError, TypeError, ValueError):
        return None


def total_of(headers: Mapping[str, str], offset: int) -> int | None:
    """Give how many bytes a file has, of which an answer has those after some; None where it is not told.

    >>> total_of({"content-length": "5"}, 0), total_of({"content-range": "bytes 3-5/9", "content-length": "3"}, 3)
    (5, 9)
    """
    ranged = RANGE.fullmatch(headers.get("content-range", "")) if offset else None
    if ranged is not None and ranged[2] != "*":
        return int(ranged[2])
    length = count_of(headers.get("content-length"))
    is_as_sent = headers.get("content-encoding", "identity") == "identity"
    return offset + length if length is not None and is_as_sent else None


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
    if PAGE.match(start):
        return f"expected a file, found a page: {start[:60]!r}"
    known = [kind for kind in kinds if kind in SIGNATURES or kind in PLAIN_TEXT]
    for kind in known:
        if kind in PLAIN_TEXT and b"\x00" not in head and not MARKUP.match(start):
            return None
        if start.startswith(SIGNATURES.get(kind, ())):
            return None
    return f"expected a file of the kind {' or '.join(known)}, found {start[:40]!r}" if known else None


def sum_of(path: Path, checksum: str) -> str:
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
