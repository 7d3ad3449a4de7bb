"""How do the layers and tables of a publication become one new GeoPackage?"""

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hp_sig.crs import LAMBERT93, require_lambert93
from hp_sig.errors import OutputError
from hp_sig.publish.dictionary import dictionary
from hp_sig.publish.geopackage.container import Entry, create_container, quoted, register
from hp_sig.publish.geopackage.geometry import Bounds, blobs, index_layer
from hp_sig.publish.geopackage.placing import Placed, names_in_file, place, values_of
from hp_sig.publish.geopackage.reading_back import require_as_written
from hp_sig.publish.geopackage.records import dictionary_table, run_table, sources_table
from hp_sig.publish.geopackage.styling import Styles, write_styles
from hp_sig.publish.geopackage.words import write_column_words, write_metadata_records
from hp_sig.publish.publication import Publication

__all__ = ["build_geopackage", "write_geopackage"]

log = logging.getLogger(__name__)

COMMUNES, COMMUNE_CODE = "communes", "commune_code"


def write_geopackage(publication: Publication, path: Path, *, styles: Styles | None = None) -> dict[str, int]:
    """Write a publication into a new GeoPackage and verify what was written.

    Every layer has a spatial index, every table a number of row (`fid`) and a unique index on its key; tables whose
    communes are all of the territory refer to the layer `communes`. The tables `run`, `sources` and `dictionary` tell
    the rest; titles, labels and definitions are French. The same publication gives the same bytes.

    Parameters
    ----------
    publication
        From :func:`hp_sig.publish.content.publication_of`.
    path
        A file that does not exist yet.
    styles
        Layer → name, QML and whether QGIS applies it by itself, of each of its styles.

    Returns
    -------
    dict
        Rows written, by layer or table of the publication.

    Raises
    ------
    OutputError
        If the file exists or cannot be written, or what is read back is not what was written; nothing is left then.
    """
    if path.exists() or path.is_symlink():
        message = (
            f"{path}: a new file expected, found one. It is never updated in place; remove it or choose another name."
        )
        raise OutputError(message)
    return build_geopackage(publication, path, styles=styles or {})


def build_geopackage(
    publication: Publication, path: Path, *, styles: Styles, kept_styles: Sequence[Mapping[str, Any]] = ()
) -> dict[str, int]:
    """Write a new file; `kept_styles` are rows of `layer_styles` that people saved in the file before."""
    ours = list(publication.tables.values())
    words = _words(publication)
    tables = place([*ours, run_table(publication), sources_table(publication), dictionary_table(words)])
    timestamp = publication.run.started_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with ExitStack() as unfinished:
        unfinished.callback(path.unlink, missing_ok=True)
        with _new_file(path) as connection:
            create_container(connection)
            codes = _commune_codes(publication)
            bounds = {placed.table.name: _write_table(connection, placed, codes, timestamp) for placed in tables}
            write_column_words(connection, tables, words)
            described = tables[: len(ours)]
            write_metadata_records(connection, publication, described, timestamp=timestamp)
            write_styles(connection, styles, described, timestamp=timestamp, kept=kept_styles)
        require_as_written(path, tables, {name: box for name, box in bounds.items() if box is not None})
        unfinished.pop_all()
    counts = {name: len(table.rows) for name, table in publication.tables.items()}
    log.info("wrote %s: %d layers and tables", path.name, len(counts))
    return counts


@contextmanager
def _new_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that is not there yet, for one transaction."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            # A file that is not finished is thrown away: nothing to roll back to.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        message = f"{path} cannot be written ({error}). Check your rights and the room on the disk."
        raise OutputError(message) from error


def _words(publication: Publication) -> pd.DataFrame:
    """Give the dictionary, with the names that the columns have in the file."""
    names = {name: names_in_file(table) for name, table in publication.tables.items()}
    words = dictionary(publication)
    keys = zip(words["table"], words["column"], strict=True)
    return words.assign(column=pd.Series([names[table][column] for table, column in keys], dtype="str"))


def _commune_codes(publication: Publication) -> frozenset[str]:
    communes = publication.tables.get(COMMUNES)
    if communes is None or communes.key != (COMMUNE_CODE,):
        return frozenset()
    return frozenset(communes.rows[COMMUNE_CODE])


def _write_table(
    connection: sqlite3.Connection, placed: Placed, codes: frozenset[str], timestamp: str
) -> tuple[float, float, float, float] | None:
    """Write a table or a layer; give the bounds of a layer, None where nothing is drawn."""
    table = placed.table
    connection.execute(_definition(placed, codes))
    cells = values_of(table)
    bounds: Bounds | None = None
    if placed.geometry is not None and table.geometry_type is not None:
        require_lambert93(table.layer, table.name)
        shapes, bounds = blobs(table.layer, table.geometry_type)
        cells.insert(0, list(shapes))
    places = ", ".join("?" * (len(cells) + 1))
    rows = zip(range(1, len(table.rows) + 1), *cells, strict=True)
    connection.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({places})", rows)
    key = ", ".join(quoted(placed.names[column]) for column in table.key)
    connection.execute(f"CREATE UNIQUE INDEX {quoted(f'key_{table.name}')} ON {quoted(table.name)} ({key})")
    if table.commune is not None and table.key != (table.commune,):
        commune = quoted(placed.names[table.commune])
        connection.execute(f"CREATE INDEX {quoted(f'commune_{table.name}')} ON {quoted(table.name)} ({commune})")
    total = None if bounds is None else _total(bounds)
    register(
        connection,
        Entry(
            name=table.name,
            data_type="attributes" if bounds is None else "features",
            identifier=placed.identifier,
            description=table.description,
            last_change=timestamp,
            srs_id=None if bounds is None else LAMBERT93,
            bounds=total,
        ),
    )
    if bounds is not None and placed.geometry is not None and table.geometry_type is not None:
        row = (table.name, placed.geometry, table.geometry_type.upper(), LAMBERT93, 0, 0)
        connection.execute("INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, ?, ?)", row)
        index_layer(connection, table.name, fid=placed.fid, geometry=placed.geometry, bounds=bounds)
    return total


def _definition(placed: Placed, codes: frozenset[str]) -> str:
    table = placed.table
    lines = [f"{quoted(placed.fid)} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
    if placed.geometry is not None and table.geometry_type is not None:
        lines.append(f"{quoted(placed.geometry)} {table.geometry_type.upper()}")
    lines += [f"{quoted(name)} {kind}" for name, kind in placed.types.items()]
    # A commune that left, or beyond the limit of the territory, is in no layer: such a table refers to none.
    if table.commune is not None and table.name != COMMUNES and codes.issuperset(table.rows[table.commune].dropna()):
        column = quoted(placed.names[table.commune])
        lines.append(f"FOREIGN KEY ({column}) REFERENCES {quoted(COMMUNES)} ({quoted(COMMUNE_CODE)})")
    return f"CREATE TABLE {quoted(table.name)} ({', '.join(lines)})"


def _total(bounds: Bounds) -> tuple[float, float, float, float] | None:
    drawn = bounds[~np.isnan(bounds).any(axis=1)]
    if not len(drawn):
        return None
    (west, south), (east, north) = drawn[:, :2].min(axis=0), drawn[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)
