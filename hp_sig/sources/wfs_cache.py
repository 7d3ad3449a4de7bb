"""How are the pages of a layer kept, so that a cut loses none of them and the last whole set stays at hand?

Two folders take turns: one holds the last set that came whole and sound, the other the one that is under way. A small
file names the first; replacing it is what makes a set the whole one.
"""

import datetime as dt
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from hp_sig.errors import OutputError, SourceError
from hp_sig.sources.wfs_exchange import LayerType
from hp_sig.sources.wfs_request import Edition, Request
from hp_sig.whole import write_whole

__all__ = ["PageSet", "SetRecord", "begin", "under_way", "whole"]

FOLDERS = ("a", "b")
POINTER = "whole.txt"
RECORD = "set.json"
#: Pages older than this are not gone on with: the producer may have changed what they hold.
RESUMED_WITHIN = dt.timedelta(hours=24)


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PageRecord(_Kept):
    """One page on disk."""

    file: str
    features: int
    size: int
    sha256: str


class SetRecord(_Kept):
    """What was asked for, and the pages that came."""

    request: str
    type_name: str
    edition: str | None
    fields: Mapping[str, str]
    geometry_field: str | None
    begun: AwareDatetime
    matched: int
    pages: tuple[PageRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSet:
    """Pages in a folder."""

    folder: Path
    record: SetRecord

    @property
    def features(self) -> int:
        """How many features came."""
        return sum(page.features for page in self.record.pages)

    @property
    def size(self) -> int:
        """How many bytes came."""
        return sum(page.size for page in self.record.pages)

    @property
    def day(self) -> dt.date:
        """Day on which the first page came, in the local time of who reads it."""
        return self.record.begun.astimezone().date()

    @property
    def edition(self) -> Edition:
        """The type that the pages are of."""
        return Edition(type_name=self.record.type_name, edition=self.record.edition)

    @property
    def layer(self) -> LayerType:
        """The layer as it was described."""
        record = self.record
        return LayerType(name=record.type_name, fields=record.fields, geometry_field=record.geometry_field)

    @property
    def sha256(self) -> str:
        """SHA-256 of all pages, one after the other."""
        digest = hashlib.sha256()
        for content in self.contents():
            digest.update(content)
        return digest.hexdigest()

    def with_page(self, content: bytes, features: int) -> Self:
        """Write one page, then the record that has it."""
        file = f"{len(self.record.pages):05d}.json"
        write_whole(self.folder / file, content)
        sha256 = hashlib.sha256(content).hexdigest()
        page = PageRecord(file=file, features=features, size=len(content), sha256=sha256)
        record = self.record.model_copy(update={"pages": (*self.record.pages, page)})
        _write(self.folder, record)
        return replace(self, record=record)

    def contents(self) -> Iterator[bytes]:
        """Read each page.

        Raises
        ------
        SourceError
            If one is not what came.
        """
        for page in self.record.pages:
            path = self.folder / page.file
            content = path.read_bytes() if path.is_file() else b""
            if hashlib.sha256(content).hexdigest() != page.sha256:
                found = "another" if content else "none"
                message = f"{path}: expected the page that came, found {found}. Remove {self.folder}, then fetch again."
                raise SourceError(message)
            yield content

    def become_whole(self) -> None:
        """Take the place of the previous whole set, which is removed."""
        cache = self.folder.parent
        write_whole(cache / POINTER, self.folder.name.encode())
        for name in FOLDERS:
            if name != self.folder.name:
                shutil.rmtree(cache / name, ignore_errors=True)

    def forget(self) -> None:
        """Go on with these pages never again."""
        (self.folder / RECORD).unlink(missing_ok=True)


def begin(cache: Path, request: Request, matched: int) -> PageSet:
    """Begin a new set beside the whole one.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    folder = _free_folder(cache)
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: cannot be written ({error.strerror or error}). Check your rights, and the space left."
        raise OutputError(message) from error
    record = SetRecord(
        request=request.digest,
        type_name=request.layer.name,
        edition=request.edition,
        fields=request.layer.fields,
        geometry_field=request.layer.geometry_field,
        begun=dt.datetime.now(dt.UTC),
        matched=matched,
    )
    _write(folder, record)
    return PageSet(folder=folder, record=record)


def under_way(cache: Path, request: Request) -> PageSet | None:
    """Give the set that was cut, if it is of the same request, recent, and its pages are sound."""
    found = _read(_free_folder(cache))
    last = whole(cache)
    if found is None or found.record.request != request.digest:
        return None
    # An older whole set that was about to be removed is none under way.
    if last is not None and found.record.begun <= last.record.begun:
        return None
    age = dt.datetime.now(dt.UTC) - found.record.begun
    if not dt.timedelta(0) <= age < RESUMED_WITHIN:
        return None
    try:
        for _ in found.contents():
            pass
    except SourceError:
        return None
    return found


def whole(cache: Path) -> PageSet | None:
    """Give the last set that came whole and sound; None where there is none."""
    name = _whole_name(cache)
    return None if name is None else _read(cache / name)


def _whole_name(cache: Path) -> str | None:
    try:
        name = (cache / POINTER).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if name in FOLDERS else None


def _free_folder(cache: Path) -> Path:
    return cache / (FOLDERS[1] if _whole_name(cache) == FOLDERS[0] else FOLDERS[0])


def _read(folder: Path) -> PageSet | None:
    try:
        record = SetRecord.model_validate_json((folder / RECORD).read_bytes())
    except (OSError, ValidationError, UnicodeDecodeError):
        return None
    return PageSet(folder=folder, record=record)


def _write(folder: Path, record: SetRecord) -> None:
    write_whole(folder / RECORD, record.model_dump_json().encode())
