"""What is there already in the schemas of a database, and what of it is ours?

Ours is what carries our mark at the end of its comment; nothing else is ever written to, changed or dropped.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from hp_sig.errors import OutputError, some
from hp_sig.publish.postgis.options import WHAT
from hp_sig.sources.postgis_table import MARK

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["MARK", "Relation", "comment_on", "execute_all", "marked", "relations", "require_ours"]

RELATIONS = """
SELECT c.oid, n.nspname, c.relname, c.relkind::text, pg_get_userbyid(c.relowner), obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind = ANY('{r,p,v,m,f,S}'::"char"[])
"""
COLUMNS = """
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
FROM pg_attribute a WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""
CONSTRAINTS = """
SELECT k.conrelid, k.conname, k.contype::text, array_agg(a.attname ORDER BY place.rank)
FROM pg_constraint k
CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS place(attnum, rank)
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = place.attnum
WHERE k.conrelid = ANY(%s::oid[]) AND k.contype = ANY('{p,f}'::"char"[])
GROUP BY k.oid, k.conrelid, k.conname, k.contype
"""
#: A type comes with its schema where that is not on the search path: public.geometry(Point,2154).
OF_POSTGIS = re.compile(r'^(?:"(?:[^"]|"")+"|\w+)\.(?=geometry\()')


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table or a view that is there: `columns` in order, with type and comment; `key` and `foreign` of a table."""

    kind: str
    owner: str
    comment: str
    columns: Mapping[str, tuple[str, str]]
    key: tuple[str, ...] = ()
    foreign: frozenset[str] = frozenset()

    @property
    def is_ours(self) -> bool:
        """Whether it carries our mark."""
        return self.comment.endswith(MARK)


def relations(connection: "Connection", schemas: Iterable[str]) -> dict[tuple[str, str], Relation]:
    """Look up tables, views and sequences of schemas: (schema, name) → relation."""
    rows = connection.execute(RELATIONS, [list(schemas)]).fetchall()
    oids = [row[0] for row in rows]
    columns: dict[int, dict[str, tuple[str, str]]] = {oid: {} for oid in oids}
    for oid, name, kind, comment in connection.execute(COLUMNS, [oids]):
        columns[oid][name] = (OF_POSTGIS.sub("", kind), comment or "")
    keys: dict[int, tuple[str, ...]] = {}
    foreign: dict[int, set[str]] = {oid: set() for oid in oids}
    for oid, name, kind, of_columns in connection.execute(CONSTRAINTS, [oids]):
        if kind == "p":
            keys[oid] = tuple(of_columns)
        else:
            foreign[oid].add(name)
    return {
        (schema, name): Relation(
            kind=kind,
            owner=owner,
            comment=comment or "",
            columns=columns[oid],
            key=keys.get(oid, ()),
            foreign=frozenset(foreign[oid]),
        )
        for oid, schema, name, kind, owner, comment in rows
    }


def require_ours(
    there: Mapping[tuple[str, str], Relation], tables: Iterable[tuple[str, str]], views: Iterable[tuple[str, str]]
) -> None:
    """Refuse to write where somebody else has put something of the same name.

    Raises
    ------
    OutputError
        Naming everything that stands in the way.
    """
    wanted = [(place, "r") for place in tables] + [(place, "v") for place in views]
    foreign = [
        ".".join(place)
        for place, kind in wanted
        if place in there and not (there[place].is_ours and there[place].kind == kind)
    ]
    if foreign:
        message = (
            f"{WHAT}: {some(foreign)} is there already and was not made by hp_sig (its comment does not end with "
            f"{MARK}). Rename it, or publish with another prefix. Nothing was changed."
        )
        raise OutputError(message)


def marked(text: str) -> str:
    """Add our mark to a comment."""
    return f"{text.rstrip()} {MARK}"


def comment_on(kind: str, name: sql.Composable, text: str) -> sql.Composed:
    """Write the statement that comments something: `SCHEMA`, `TABLE`, `VIEW`, `COLUMN`."""
    return sql.SQL("COMMENT ON {} {} IS {}").format(sql.SQL(kind), name, sql.Literal(text))


def execute_all(connection: "Connection", statements: Iterable[sql.Composable]) -> None:
    """Send statements in one go."""
    listed = list(statements)
    if listed:
        # Without parameters: a name may hold a % sign.
        connection.execute(sql.SQL(";\n").join(listed))
