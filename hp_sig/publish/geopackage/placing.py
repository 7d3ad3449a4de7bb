"""Under which names does a table of a publication go into a GeoPackage, and with which values?"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import pandas as pd

from hp_sig.errors import OutputError, some
from hp_sig.publish.publication import Kind, PublishedTable

__all__ = ["KEPT_PREFIXES", "OWN_TABLES", "STYLES", "Placed", "names_in_file", "place", "values_of"]

#: Tables about the others, and where QGIS keeps styles.
OWN_TABLES = ("run", "sources", "dictionary")
STYLES = "layer_styles"
#: Kept by SQLite, by the standard and by the spatial indexes.
KEPT_PREFIXES = ("sqlite_", "gpkg_", "gpkgext_", "rtree_")
TYPES: Mapping[Kind, str] = {
    "text": "TEXT",
    "integer": "INTEGER",
    "real": "REAL",
    "boolean": "BOOLEAN",
    "date": "DATE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A table with its names in the file.

    Parameters
    ----------
    table
        What is written.
    fid, geometry
        Names of the number of a row and of the geometry (None for a table).
    names
        Column → its name in the file: another one only where SQLite, for which `Nom` is `nom`, has it already.
    identifier
        Title, made unique in the file.
    """

    table: PublishedTable
    fid: str
    geometry: str | None
    names: Mapping[str, str]
    identifier: str

    @property
    def types(self) -> dict[str, str]:
        """Type of each column, by its name in the file."""
        return {self.names[column.name]: TYPES[column.kind] for column in self.table.columns}


def place(tables: Iterable[PublishedTable]) -> list[Placed]:
    """Name the columns of each table so that SQLite takes them.

    Raises
    ------
    OutputError
        If a table has a name that is taken or kept.
    """
    taken = {STYLES}
    titles: set[str] = set()
    placed = []
    refused = []
    for table in tables:
        if table.name.lower() in taken or table.name.lower().startswith(KEPT_PREFIXES):
            refused.append(table.name)
        taken.add(table.name.lower())
        placed.append(_placed(table, _free(table.title, titles, other=f"{table.title} ({table.name})")))
    if refused:
        message = (
            f"a GeoPackage cannot hold a layer called {some(refused)}: the name is kept for the file itself, or there "
            "twice. Give it another name in the territory file."
        )
        raise OutputError(message)
    return placed


def _placed(table: PublishedTable, identifier: str) -> Placed:
    names, fid, geometry = _names(table)
    is_layer = table.geometry_type is not None
    return Placed(table=table, fid=fid, geometry=geometry if is_layer else None, names=names, identifier=identifier)


def _names(table: PublishedTable) -> tuple[dict[str, str], str, str]:
    used: set[str] = set()
    names = {column.name: _free(column.name, used) for column in table.columns}
    return names, _free("fid", used), _free("geom", used)


def names_in_file(table: PublishedTable) -> dict[str, str]:
    """Give the name in the file of each column, and of the geometry of a layer."""
    names, _, geometry = _names(table)
    return names if table.geometry_type is None else {**names, "geometry": geometry}


def _free(name: str, used: set[str], *, other: str | None = None) -> str:
    """Take a name; the other one, or a numbered one, if it is taken."""
    names = chain([name], [] if other is None else [other], (f"{name}_{rank}" for rank in count(2)))
    found = next(one for one in names if one.lower() not in used)
    used.add(found.lower())
    return found


def values_of(table: PublishedTable) -> list[list[Any]]:
    """Give the cells of each column as SQLite binds them: None where nothing is known."""
    return [_cells(table.rows[column.name], column.kind) for column in table.columns]


def _cells(cells: pd.Series, kind: Kind) -> list[Any]:
    known = cells.notna()
    return [
        _bound(value, kind) if is_known else None
        for value, is_known in zip(cells.tolist(), known.tolist(), strict=True)
    ]


def _bound(value: Any, kind: Kind) -> Any:  # noqa: ANN401 - a cell
    match kind:
        case "integer" | "boolean":
            return int(value)
        case "real":
            return float(value)
        case "date":
            return value.date().isoformat() if isinstance(value, dt.datetime) else value.isoformat()
        case _:
            return str(value)
