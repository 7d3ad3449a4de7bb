"""What do tables of a PostGIS database hold, all of them at one moment?

Every cell is read as the text that the server writes, and a geometry as two-dimensional WKB without curves: what it
means is for the readers of files to say.
"""

import logging
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from hp_sig.errors import LayerError, some
from hp_sig.sources.database import connect
from hp_sig.sources.postgis_table import AskedTable, found_table, geometry_column

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["Kind", "TableContent", "reading_tables", "table_content"]

log = logging.getLogger(__name__)

Kind = Literal["integer", "decimal", "number", "boolean", "text"]
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("float4", "float8"), "number"),
    "numeric": "decimal",
    "bool": "boolean",
}
SPATIAL = ("geometry", "geography")
#: Types of columns that no reader knows what to do with.
LEFT_OUT = ("bytea", "raster", *SPATIAL)
#: What is written the same whatever the settings of the server, and how long a table that somebody locks is waited for.
SETTINGS = {
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lock_timeout": "30s",
}
#: A table longer than this is told: a view of the territory's part would do.
MANY_ROWS = 500_000
ROWS_AT_ONCE = 5_000
#: Points, lines, polygons, and several of them or mixed (OGC 06-103r4, table 7); not triangles nor polyhedra.
PLAIN_TYPES = range(1, 8)
#: SQLSTATE of a lock that was not had in time.
LOCKED = "55P03"

#: A domain counts as the type that it is made from.
COLUMNS = """
SELECT a.attname, coalesce(b.typname, t.typname)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
KEY = """
SELECT a.attname
FROM pg_catalog.pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, rank)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = %s AND i.indisprimary
ORDER BY k.rank
"""
POSTGIS = """
SELECT n.nspname
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'postgis'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContent:
    """What a table holds, in an order that does not depend on when its rows were written.

    Parameters
    ----------
    columns
        Names and kinds.
    rows
        A tuple of texts a row, None where there is no value.
    shapes
        A geometry a row as WKB, None where there is none; None for a table without geometry.
    crs
        Coordinate system of the geometries: `EPSG:…` or WKT; None where they state none.
    """

    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[str | None, ...], ...]
    shapes: tuple[bytes | None, ...] | None = None
    crs: str | None = None


@contextmanager
def reading_tables(address: str | None, *, what: str) -> "Iterator[Connection]":
    """Open a connection on which every table is seen as it was at one moment, and none can be changed.

    Parameters
    ----------
    address, what
        As in :func:`hp_sig.sources.database.connect`.

    Raises
    ------
    SourceError
        If the database is not known or not reached.
    """
    with connect(address, what=what) as connection:
        import psycopg  # noqa: PLC0415 - `connect` has said so if it is missing

        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for name, value in SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, true)", (name, value))
        yield connection


def table_content(connection: "Connection", asked: AskedTable) -> TableContent:
    """Read a table, a view, a materialised view or a foreign table.

    Parameters
    ----------
    connection
        From :func:`reading_tables`; it can be used on after an error, but for a lost connection.
    asked
        Which table.

    Raises
    ------
    AbsentTableError
        If there is no such table.
    LayerError
        If it may not be read, or its geometry is not one that a layer can have.
    """
    import psycopg  # noqa: PLC0415 - only who uses a database needs it

    try:
        # A savepoint: what fails for one table leaves the moment at which the others are read as it is.
        with connection.transaction():
            return _content(connection, asked)
    except psycopg.Error as error:
        if connection.broken or connection.closed:
            raise
        said = " ".join(str(error.diag.message_primary or error).split()).rstrip(".")
        if error.sqlstate == LOCKED:
            fault = "somebody is changing its structure and holds it. Run again when they have ended."
        else:
            fault = f"cannot be read ({said}). Correct it, or ask the administrator of the database."
        raise LayerError(asked.file, [fault]) from error
    except UnicodeDecodeError as error:
        fault = f"holds text that is not UTF-8 ({error.reason}). Ask the administrator to convert the database."
        raise LayerError(asked.file, [fault]) from error


def _content(connection: "Connection", asked: AskedTable) -> TableContent:
    from psycopg import sql  # noqa: PLC0415 - only who uses a database needs it

    table = found_table(connection, asked)
    types = {str(name): str(kind) for name, kind in connection.execute(COLUMNS, (table,))}
    spatial = [name for name, kind in types.items() if kind in SPATIAL]
    geometry = geometry_column(asked, spatial)
    columns = tuple((name, KINDS.get(kind, "text")) for name, kind in types.items() if kind not in LEFT_OUT)
    left_out = [name for name, kind in types.items() if kind in LEFT_OUT and name != geometry]
    if left_out:
        log.info("%s: columns of bytes or of another geometry are left out: %s", asked.file, some(left_out))
    folded = [name.casefold() for name, _ in columns]
    twice = [name for name, _ in columns if folded.count(name.casefold()) > 1]
    if twice:
        fault = f"columns that differ only by their capitals: {some(twice)}. Rename one, or name a view without it."
        raise LayerError(asked.file, [fault])
    cells: list[sql.Composable] = [sql.SQL("t.{}::text").format(sql.Identifier(name)) for name, _ in columns]
    if geometry is not None:
        cells += _geometry_cells(connection, geometry)
    key = [str(name) for (name,) in connection.execute(KEY, (table,))]
    by = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in key)
    query = sql.SQL("SELECT {cells} FROM {table} AS t{order}").format(
        cells=sql.SQL(", ").join(cells),
        table=sql.Identifier(asked.schema, asked.table),
        order=sql.SQL(" ORDER BY {}").format(by) if key else sql.SQL(""),
    )
    rows = _rows(connection, query)
    if len(rows) > MANY_ROWS:
        log.warning(
            "%s: %d rows, all read at each run: name a view that holds only those of the territory.",
            asked.file,
            len(rows),
        )
    if not key:
        rows.sort(key=_rank)
    width = len(columns)
    shapes = None if geometry is None else tuple(row[width] for row in rows)
    return TableContent(
        columns=columns,
        rows=tuple(row[:width] for row in rows),
        shapes=shapes,
        crs=None if shapes is None else _system(connection, asked, shapes, {row[width + 1] for row in rows} - {None}),
    )


def _geometry_cells(connection: "Connection", column: str) -> "list[sql.Composable]":
    from psycopg import sql  # noqa: PLC0415 - as above

    home = _home(connection)
    shape = sql.SQL("t.{}::{}").format(sql.Identifier(column), sql.Identifier(home, "geometry"))
    functions = {name: sql.Identifier(home, name) for name in ("st_asbinary", "st_curvetoline", "st_force2d")}
    flat = sql.SQL("{st_asbinary}({st_curvetoline}({st_force2d}({shape})), 'NDR')").format(**functions, shape=shape)
    return [flat, sql.SQL("{}({})").format(sql.Identifier(home, "st_srid"), shape)]


def _home(connection: "Connection") -> str:
    """Give the schema that PostGIS is installed in, be it in the search path or not."""
    found = connection.execute(POSTGIS).fetchone()
    return str(found[0]) if found else "public"


def _rows(connection: "Connection", query: "sql.Composed") -> list[tuple[Any, ...]]:
    with connection.cursor(name="hp_sig_table") as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(query)
        return list(cursor)


def _rank(row: tuple[Any, ...]) -> tuple[tuple[bool, Any], ...]:
    """Rank rows of a table without key by what they hold."""
    return tuple((cell is not None, "" if cell is None else cell) for cell in row)


def _system(
    connection: "Connection", asked: AskedTable, shapes: Sequence[bytes | None], numbers: set[int]
) -> str | None:
    """Give the one coordinate system of the geometries; refuse those that no layer can hold."""
    from psycopg import sql  # noqa: PLC0415 - as above

    others = {code for shape in shapes if shape and (code := struct.unpack("<I", shape[1:5])[0]) not in PLAIN_TYPES}
    if others:
        fault = (
            f"holds triangles, surfaces in space or other geometries than points, lines and polygons (WKB "
            f"{some(sorted(others))}). Convert them, or name a view that does."
        )
        raise LayerError(asked.file, [fault])
    if len(numbers) > 1:
        fault = (
            f"its geometries are in several coordinate systems (SRID {some(sorted(numbers))}). Bring them to one: "
            "ST_Transform."
        )
        raise LayerError(asked.file, [fault])
    number = next(iter(numbers), 0)
    if number == 0:
        return None
    known = sql.SQL("SELECT auth_name, auth_srid, srtext FROM {} WHERE srid = %s").format(
        sql.Identifier(_home(connection), "spatial_ref_sys")
    )
    found = connection.execute(known, (number,)).fetchone()
    if found is None:
        fault = f"the SRID {number} is not in spatial_ref_sys. Correct it: UpdateGeometrySRID."
        raise LayerError(asked.file, [fault])
    authority, code, text = found
    return f"EPSG:{code}" if str(authority).upper() == "EPSG" and code else cast("str | None", text)
