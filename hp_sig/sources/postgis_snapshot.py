"""How does what a table of the database holds become a file that readers of files read, and that only changes with it?

Each run reads the tables again. The file is written anew where what the table holds changed, byte for byte the same for
the same content; beside it, a small record tells of which table, and since which day.
"""

import csv
import datetime as dt
import hashlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from hp_sig.errors import LayerError, OutputError, SourceError
from hp_sig.sources.database import told_address
from hp_sig.sources.postgis_layer import Kind, TableContent, reading_tables, table_content
from hp_sig.sources.postgis_table import AbsentTableError, AskedTable
from hp_sig.whole import write_whole

__all__ = ["Snapshot", "take_snapshots"]

log = logging.getLogger(__name__)

#: Changes when the same content is written otherwise.
FORM = 1
SEPARATORS = ";,\t|"
#: Day that a GeoPackage says that it was written on: that of the run would make two files of one content.
NO_DAY = "2000-01-01T00:00:00.000Z"
#: Readers take a column of whole numbers with a missing one as floating point: beyond this, that loses digits.
GREATEST_INTEGER = 2**53
WRITE_ERRORS = (CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was last read of a table: the file, and the day since which it holds the same."""

    path: Path
    day: dt.date


def take_snapshots(
    asked: Sequence[AskedTable], folder: Path, *, address: str | None, origin: Path
) -> tuple[dict[str, Snapshot], list[LayerError]]:
    """Read tables of the database, all as they are at one moment, into files of a folder.

    Parameters
    ----------
    asked
        The tables.
    folder
        Made if it is not there. A layer that has a geometry is written as a GeoPackage, another one as a CSV.
    address
        As in :func:`hp_sig.sources.database.connect`.
    origin
        The territory file, for the messages.

    Returns
    -------
    snapshots
        By layer; none for an optional layer whose table is not there.
    errors
        One for each table that cannot be had, or one for all of them where the database cannot. What was read at an
        earlier run is never given in its place.
    """
    found: dict[str, Snapshot] = {}
    errors: list[LayerError] = []
    if not asked:
        return found, errors
    layers = ", ".join(one.layer for one in asked)
    what = f"layer{'s' if len(asked) > 1 else ''} {layers}"
    try:
        with reading_tables(address, what=what) as connection:
            for one in asked:
                try:
                    found[one.layer] = _kept(one, table_content(connection, one), folder, told_address(address))
                except AbsentTableError as error:
                    errors += [] if one.is_optional else [error]
                except LayerError as error:
                    errors.append(error)
    except SourceError as error:
        fault = f"{error} What was read of the database earlier is not used: it may be out of date."
        return {}, [LayerError(origin, [fault])]
    return found, errors


def _kept(asked: AskedTable, content: TableContent, folder: Path, database: str) -> Snapshot:
    """Write what a table holds, unless it is what its file holds already."""
    path = folder / f"{asked.layer}{'.csv' if content.shapes is None else '.gpkg'}"
    record = folder / f"{asked.layer}.json"
    digest = _digest(asked, content, path.suffix)
    before = _record(record)
    is_same = before.get("content_sha256") == digest
    if is_same and path.is_file() and before.get("sha256") == hashlib.sha256(path.read_bytes()).hexdigest():
        log.info("read %s: %d rows, unchanged since %s", asked.file, len(content.rows), before["read_on"])
        return Snapshot(path=path, day=dt.date.fromisoformat(before["read_on"]))
    day = before["read_on"] if is_same else dt.datetime.now().astimezone().date().isoformat()
    written = _csv(content) if content.shapes is None else _geopackage(asked, content)
    told = {"table": asked.file, "database": database, "read_on": day, "rows": len(content.rows)}
    told |= {"content_sha256": digest, "sha256": hashlib.sha256(written).hexdigest()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, written)
        write_whole(record, (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        reason = str(error).rstrip(".") if isinstance(error, OutputError) else f"{folder}: {error.strerror}"
        fault = f"what it holds cannot be kept for the run ({reason}). Give a folder of raw files that may be written."
        raise LayerError(asked.file, [fault]) from error
    log.info("read %s: %d rows, written to %s", asked.file, len(content.rows), path)
    return Snapshot(path=path, day=dt.date.fromisoformat(day))


def _record(path: Path) -> Mapping[str, Any]:
    """Read what was told of a file; nothing where that is not whole."""
    try:
        told = json.loads(path.read_bytes())
        dt.date.fromisoformat(told["read_on"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(told)


def _digest(asked: AskedTable, content: TableContent, suffix: str) -> str:
    described = [FORM, suffix, _layer_name(asked), content.columns, content.crs]
    digest = hashlib.sha256(json.dumps(described).encode())
    for rank, row in enumerate(content.rows):
        digest.update(json.dumps(row).encode())
        shape = None if content.shapes is None else content.shapes[rank]
        digest.update(b"-" if shape is None else b"%d:" % len(shape) + shape)
    return digest.hexdigest()


def _layer_name(asked: AskedTable) -> str:
    """Name the layer of a GeoPackage: the territory file's `layer`, which is the column of the geometry, or the table.

    The readers look for the first; some read years and kinds in the second.
    """
    return asked.column or asked.table


def _csv(content: TableContent) -> bytes:
    """Write a table without geometry, its separator the one that its header holds most: `read_table` looks for that."""
    names = [" ".join(name.splitlines()) for name, _ in content.columns]
    text = io.StringIO(newline="")
    separator = max(SEPARATORS, key="".join(names).count)
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(content.rows)
    return text.getvalue().encode()


def _geopackage(asked: AskedTable, content: TableContent) -> bytes:
    shapes = np.empty(len(content.rows), dtype=object)
    shapes[:] = content.shapes
    cells = list(zip(*content.rows, strict=True)) or [()] * len(content.columns)
    values = [_values(column, kind) for column, (_, kind) in zip(cells, content.columns, strict=True)]
    file = io.BytesIO()
    try:
        with _without_day(), warnings.catch_warnings():
            # A layer that states no coordinate system: the territory file may.
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            pyogrio.raw.write(
                file,
                shapes,
                [data for data, _ in values],
                np.array([name for name, _ in content.columns], dtype=object),
                field_mask=[mask for _, mask in values],
                layer=_layer_name(asked),
                driver="GPKG",
                geometry_type="Unknown",
                crs=content.crs,
                layer_options={"FID": "hp_sig_fid", "GEOMETRY_NAME": "hp_sig_geometry", "SPATIAL_INDEX": "NO"},
            )
    except WRITE_ERRORS as error:
        fault = f"does not fit in a GeoPackage ({error}). Rename what stands in the way, or name a view."
        raise LayerError(asked.file, [fault]) from error
    return file.getvalue()


@contextmanager
def _without_day() -> Iterator[None]:
    """Have GDAL write a day that is always the same."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": NO_DAY})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _values(column: Sequence[str | None], kind: Kind) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Give the values of a column as its kind has them, and which are missing."""
    missing = np.array([cell is None for cell in column], dtype=bool)
    if kind in {"integer", "decimal"}:
        exact = [Decimal(0 if cell is None else cell) for cell in column]
        if all(one.is_finite() and one == one.to_integral_value() for one in exact):
            if all(abs(one) <= GREATEST_INTEGER for one in exact):
                return np.array([int(one) for one in exact], dtype=np.int64), missing
            kind = "text"
        else:
            kind = "number"
    if kind == "number":
        return np.array([np.nan if cell is None else float(cell) for cell in column], dtype=np.float64), missing
    if kind == "boolean":
        return np.array([cell == "true" for cell in column], dtype=bool), missing
    texts = np.empty(len(column), dtype=object)
    texts[:] = column
    return texts, None
