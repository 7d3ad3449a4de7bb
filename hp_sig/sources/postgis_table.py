"""Which table of the database is meant, may it be read, and if not, which one was?"""

import difflib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hp_sig.errors import LayerError, some

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["MARK", "AbsentTableError", "AskedTable", "found_table", "geometry_column"]

log = logging.getLogger(__name__)

#: End of the comment of every table that a publication writes (hp_sig.publish.postgis).
MARK = "[hp_sig]"
FIND = """
SELECT c.oid, has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
    coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
"""
TABLES = """
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2
"""


class AbsentTableError(LayerError):
    """A table that is not in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTable:
    """A table of which a layer is to be read.

    Parameters
    ----------
    layer
        The layer that it is for.
    file
        How the territory file names it, as messages do.
    schema, table
        Its names in the database.
    shape
        Whether its geometry is `needed`, `used` where there is one, or `unused`.
    column
        The column of its geometry, where it has several.
    is_optional
        Whether the layer may do without it.
    """

    layer: str
    file: str
    schema: str
    table: str
    shape: Literal["needed", "used", "unused"]
    column: str | None = None
    is_optional: bool = False


def found_table(connection: "Connection", asked: AskedTable) -> int:
    """Give the number (oid) of a table, a view, a materialised view or a foreign table.

    Raises
    ------
    AbsentTableError
        If there is none of that name; tables that are called nearly so are told.
    LayerError
        If it may not be read.
    """
    found = connection.execute(FIND, (asked.schema, asked.table)).fetchone()
    if found is None:
        there = [(str(schema), str(table)) for schema, table in connection.execute(TABLES)]
        schemas = {schema for schema, _ in there}
        what = (
            f"no table {asked.table!r} in the schema {asked.schema!r}"
            if asked.schema in schemas
            else f"no table in a schema {asked.schema!r}"
        )
        raise AbsentTableError(asked.file, [f"found {what} of the database. {_hint(asked, there)}"])
    number, may_read, comment = found
    if not may_read:
        role = connection.execute("SELECT current_user").fetchone()
        fault = (
            f"the role {str(role[0]) if role else '?'!r} has no right to read it. Ask its owner for it: GRANT USAGE "
            "ON SCHEMA and GRANT SELECT ON TABLE."
        )
        raise LayerError(asked.file, [fault])
    if str(comment).endswith(MARK):
        log.warning(
            "%s: hp_sig publishes this table itself, and what is corrected there while a run lasts is lost. Keep "
            "corrections in a table of your own.",
            asked.file,
        )
    return int(number)


def geometry_column(asked: AskedTable, spatial: Sequence[str]) -> str | None:
    """Choose the column of the geometry among those of a table; None where the layer goes without.

    Raises
    ------
    LayerError
        If it has several and none is named, or has not the one that is needed.
    """
    if asked.shape == "unused":
        return None
    if asked.column is not None and asked.column not in spatial:
        found = some(spatial) if spatial else "none"
        fault = f"expected the geometry column {asked.column!r}, found {found}. Correct « layer = … »."
        raise LayerError(asked.file, [fault])
    if asked.column is not None:
        return asked.column
    if len(spatial) > 1:
        fault = f"has {len(spatial)} geometry columns ({some(spatial)}). Name the one to use with « layer = … »."
        raise LayerError(asked.file, [fault])
    if not spatial and asked.shape == "needed":
        fault = "has no geometry column, and the layer needs one. Name the table that has it."
        raise LayerError(asked.file, [fault])
    return spatial[0] if spatial else None


def _hint(asked: AskedTable, there: Sequence[tuple[str, str]]) -> str:
    """Name the tables that are called nearly so, or so in another schema."""
    told = {f"{schema}.{table}".casefold(): _written(schema, table) for schema, table in there}
    near = difflib.get_close_matches(f"{asked.schema}.{asked.table}".casefold(), told, n=3, cutoff=0.7)
    same = [key for key, (_, table) in zip(told, there, strict=False) if table.casefold() == asked.table.casefold()]
    names = list(dict.fromkeys(told[key] for key in [*near, *same]))[:3]
    meant = f"Did you mean {' or '.join(names)}? " if names else ""
    return f"{meant}Correct « file » in the territory file: capitals count."


def _written(schema: str, table: str) -> str:
    """Write a table as a territory file names it.

    >>> _written("urbanisme", "projets"), _written("mes couches", 'a"b')
    ('postgis:urbanisme.projets', 'postgis:"mes couches"."a""b"')
    """
    plain = all(name and not set(name) & set('." \t\n\r') for name in (schema, table))
    quoted = (name if plain else '"' + name.replace('"', '""') + '"' for name in (schema, table))
    return f"postgis:{'.'.join(quoted)}"
