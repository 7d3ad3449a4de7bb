"""What does a table look like as a database takes it in: names, types, and rows as one text?"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from hp_sig.crs import LAMBERT93
from hp_sig.errors import OutputError
from hp_sig.publish.postgis.identifiers import GEOMETRY, RUN_ID, identifiers
from hp_sig.publish.postgis.options import WHAT
from hp_sig.publish.publication import Column, Kind, PublishedTable
from hp_sig.reference.labels import wording

__all__ = ["Staged", "StagedColumn", "column_words", "fingerprint", "staged"]

TYPES: Mapping[Kind, str] = {
    "text": "text",
    "integer": "bigint",
    "real": "double precision",
    "boolean": "boolean",
    "date": "date",
}
#: PostgreSQL, COPY, text format: nothing known, and what stands for the characters that have a meaning.
NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
#: A whole number up to here is the same in double precision.
LARGEST_WHOLE = 2**53
PROMOTED: Mapping[str, Callable[[list[Any]], BaseGeometry]] = {
    "Polygon": shapely.MultiPolygon,
    "LineString": shapely.MultiLineString,
    "Point": shapely.MultiPoint,
}


def _text(value: object) -> str:
    text = str(value)
    if "\0" in text:
        message = "a NUL character"
        raise ValueError(message)
    text.encode()
    return text.translate(ESCAPES)


#: How a cell is written; a figure by the shortest text that gives the same number back.
WRITTEN: Mapping[Kind, Callable[[Any], str]] = {
    "text": _text,
    "integer": lambda value: str(int(value)),
    "real": lambda value: repr(float(value)),
    "boolean": lambda value: "t" if value else "f",
    "date": lambda value: pd.Timestamp(value).date().isoformat(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedColumn:
    """A column as the database knows it; `is_empty` and `is_whole` say which other types could hold its cells."""

    name: str
    type: str
    comment: str
    column: Column | None = None
    is_empty: bool = False
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A table ready to be sent.

    Parameters
    ----------
    table
        What it is made from.
    schema, name
        Where it goes.
    columns
        In order; the last ones are `run_id` and, for a layer, `geom`.
    key, commune
        Names in the database of the columns that tell a row, and of that of the communes.
    communes
        Codes of communes that it names.
    layers
        Layers of zones whose rows it has, if it is a table of zones.
    body
        Its rows in the text format of COPY, UTF-8.
    count
        Number of rows.
    """

    table: PublishedTable
    schema: str
    name: str
    columns: tuple[StagedColumn, ...]
    key: tuple[str, ...]
    commune: str | None
    communes: frozenset[str]
    layers: tuple[str, ...]
    body: bytes
    count: int

    @property
    def place(self) -> tuple[str, str]:
        """Schema and name."""
        return self.schema, self.name


def staged(table: PublishedTable, schema: str, name: str, *, run_id: str) -> Staged:
    """Make a table ready to be sent.

    Raises
    ------
    OutputError
        If a text holds a character that PostgreSQL cannot, or a layer is not in Lambert-93.
    """
    rows = table.rows
    names = identifiers(column.name for column in table.columns)
    values = {column.name: _values(rows[column.name]) for column in table.columns}
    columns = [_column(column, names[column.name], values[column.name]) for column in table.columns]
    cells = [_cells(table, column, values[column.name]) for column in table.columns]
    columns.append(StagedColumn(name=RUN_ID, type="text", comment=wording("postgis", "run_id")))
    cells.append([_text(run_id)] * len(rows))
    if table.geometry_type is not None:
        shapes, kind = _shapes(table)
        columns.append(
            StagedColumn(
                name=GEOMETRY,
                type=f"geometry({kind},{LAMBERT93})",
                comment=wording("postgis", "geom"),
                is_empty=not any(shapes),
            )
        )
        cells.append([shape or NULL for shape in shapes])
    named = rows[table.commune].dropna() if table.commune is not None else ()
    return Staged(
        table=table,
        schema=schema,
        name=name,
        columns=tuple(columns),
        key=tuple(names[one] for one in table.key),
        commune=None if table.commune is None else names[table.commune],
        communes=frozenset(map(str, named)),
        layers=tuple(rows["zone_layer"].dropna().unique()) if {"zone_layer", "zone_code"} <= set(table.key) else (),
        body="".join("\t".join(row) + "\n" for row in zip(*cells, strict=True)).encode(),
        count=len(rows),
    )


def fingerprint(tables: Iterable[Staged], words: str) -> str:
    """Give the SHA-256 of everything that is published: tables, columns, words, rows."""
    found = hashlib.sha256(words.encode())
    for one in tables:
        told = [(column.name, column.type, column.comment) for column in one.columns]
        found.update(repr((one.place, one.table.title, one.table.description, one.key, told)).encode())
        found.update(one.body)
    return found.hexdigest()


def column_words(column: Column) -> str:
    """Tell a column in French: label, unit, definition; a share is told as the database holds it, from 0 to 1."""
    key = "column_share" if column.unit.startswith("%") else ("column_unit" if column.unit else "column")
    text = wording("postgis", key, label=column.label, unit=column.unit)
    return ". ".join(filter(None, [text, column.definition]))


def _values(cells: pd.Series) -> list[Any]:
    return [value if known else None for value, known in zip(cells.tolist(), cells.notna().tolist(), strict=True)]


def _column(column: Column, name: str, values: list[Any]) -> StagedColumn:
    return StagedColumn(
        name=name,
        type=TYPES[column.kind],
        comment=column_words(column),
        column=column,
        is_empty=all(value is None for value in values),
        is_whole=column.kind == "integer"
        or (column.kind == "real" and all(value is None or _is_whole(value) for value in values)),
    )


def _is_whole(value: float) -> bool:
    return float(value).is_integer() and abs(value) < LARGEST_WHOLE


def _cells(table: PublishedTable, column: Column, values: list[Any]) -> list[str]:
    try:
        return [NULL if value is None else WRITTEN[column.kind](value) for value in values]
    except ValueError as error:
        message = (
            f"{WHAT}: {table.name}, column {column.name}: {column.kind} that a database can hold expected, "
            f"found {error}. Correct it in the source."
        )
        raise OutputError(message) from error


def _shapes(table: PublishedTable) -> tuple[list[str | None], str]:
    """Give the shapes in extended WKB, in two dimensions and of one type, and that type."""
    layer: gpd.GeoDataFrame = table.layer
    if layer.crs is None or layer.crs.to_epsg() != LAMBERT93:
        message = f"{WHAT}: {table.name}: a layer in EPSG:{LAMBERT93} expected, found {layer.crs}. Reproject it."
        raise OutputError(message)
    shapes = shapely.force_2d(layer.geometry.to_numpy())
    kinds = {shape.geom_type for shape in shapes if shape is not None}
    single = {kind.removeprefix("Multi") for kind in kinds}
    kind = str(table.geometry_type)
    if single <= {kind.removeprefix("Multi")} and kinds - {kind} and len(single) == 1:
        kind = f"Multi{single.pop()}"
        shapes = np.array([_promoted(shape) for shape in shapes], dtype=object)
    elif kinds - {kind}:
        kind = "Geometry"
    marked = shapely.set_srid(shapes, LAMBERT93)
    return shapely.to_wkb(marked, hex=True, include_srid=True).tolist(), kind


def _promoted(shape: BaseGeometry | None) -> BaseGeometry | None:
    if shape is None or shape.geom_type not in PROMOTED:
        return shape
    return PROMOTED[shape.geom_type]([] if shape.is_empty else [shape])
