"""Where does this file of `data/raw` come from, when did it come, and is it still what came?

A record stands beside each fetched file, under the same name with `.provenance.json` after it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from hp_sig.errors import LayerError
from hp_sig.whole import write_whole

__all__ = [
    "RECORD_SUFFIX",
    "Record",
    "file_sha256",
    "is_record",
    "read_record",
    "record_path",
    "unwritten_changes",
    "write_record",
]

RECORD_SUFFIX = ".provenance.json"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Record(BaseModel):
    """The provenance of one file; what an older or newer version adds is kept aside."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: Data set of the catalogue, and its name in full.
    data_set: str
    title: str
    producer: str
    source: str
    licence: str
    vintage: str
    url: str
    retrieved: AwareDatetime
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256
    #: What was downloaded: the file itself, the archive that it was in, or all the pages of a service.
    downloaded_size: int
    downloaded_sha256: Sha256
    #: What the producer tells one edition from another by.
    mark: Mapping[str, str] = {}
    #: Rows, and hectares where there are polygons: what the next edition is compared with.
    counts: Mapping[str, float] = {}
    #: Hash of what the layer says, whatever the order of its rows; None for a file kept as it came.
    content_sha256: str | None = None
    #: The part of the data set that was asked for, for people, and what tells it from another.
    scope: str = ""
    asked: str = ""
    notes: tuple[str, ...] = ()
    #: How it differs from the edition that it replaced, or is to replace, where that asked for consent.
    changes: tuple[str, ...] = ()
    hp_sig: str = ""

    @field_validator("retrieved")
    @classmethod
    def _plausible(cls, retrieved: dt.datetime) -> dt.datetime:
        if not 2000 <= retrieved.year <= 2200:
            message = "a day of these centuries expected"
            raise ValueError(message)
        return retrieved

    @property
    def day(self) -> dt.date:
        """Day of the download, in the local time of who reads it."""
        return self.retrieved.astimezone().date()

    def describes(self, file: Path) -> bool:
        """Say whether a file is still the one that came: same size, same SHA-256, no change that waits beside it."""
        if not file.is_file() or file.stat().st_size != self.size or unwritten_changes(file):
            return False
        return file_sha256(file) == self.sha256


def unwritten_changes(file: Path) -> list[Path]:
    """List the journals of a GeoPackage that is open elsewhere: they would be applied to whatever takes its place."""
    beside = (file.with_name(file.name + end) for end in ("-wal", "-journal"))
    return [path for path in beside if path.is_file() and path.stat().st_size]


def record_path(file: Path) -> Path:
    """Give the place of the record of a file.

    >>> record_path(Path("communes.gpkg")).name
    'communes.gpkg.provenance.json'
    """
    return file.with_name(file.name + RECORD_SUFFIX)


def is_record(path: Path) -> bool:
    """Say whether a file is a record and no data."""
    return path.name.endswith(RECORD_SUFFIX)


def read_record(file: Path) -> Record | None:
    """Read the record of a file; None where there is none.

    Raises
    ------
    LayerError
        If there is one that cannot be read.
    """
    path = record_path(file)
    try:
        return Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        fault = (
            f"expected the record of {file.name}, found what cannot be read ({reason}). Remove it, then fetch again."
        )
        raise LayerError(path, [fault]) from error


def write_record(record: Record, path: Path) -> None:
    """Write a record whole, for people to read too."""
    content = json.dumps(record.model_dump(mode="json"), ensure_ascii=False, indent=1)
    write_whole(path, (content + "\n").encode())


def file_sha256(path: Path) -> str:
    """Give the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
