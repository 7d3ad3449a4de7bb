"""Which schemas does a publication have, who owns them, and what is kept in them beside the tables?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from hp_sig.errors import OutputError, some
from hp_sig.publish.postgis.catalogue import MARK, Relation, comment_on, execute_all, marked, require_ours
from hp_sig.publish.postgis.options import WHAT, PostgisOptions
from hp_sig.publish.publication import THEMES
from hp_sig.reference.labels import wording

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["REGISTRY", "Schemas", "create_registry", "owner_of", "require_database", "require_schemas"]

#: Tables of the schema of history that every publication has: name → columns → type.
REGISTRY: Mapping[str, Mapping[str, str]] = {
    "refreshes": {
        "run_id": "text PRIMARY KEY",
        "started_at": "timestamptz NOT NULL",
        "version": "text NOT NULL",
        "territory": "text NOT NULL",
        "notice": "text",
        "sources": "jsonb NOT NULL",
        "skipped": "jsonb NOT NULL",
        "warnings": "jsonb NOT NULL",
        "table_rows": "jsonb NOT NULL",
        "fingerprint": "text NOT NULL",
        "published_at": "timestamptz NOT NULL DEFAULT now()",
        "published_by": "text NOT NULL DEFAULT session_user",
        "is_current": "boolean NOT NULL",
    },
    "dictionary": {
        "schema_name": "text NOT NULL",
        "table_name": "text NOT NULL",
        "column_name": "text NOT NULL",
        "position": "integer NOT NULL",
        "published_name": "text NOT NULL",
        "table_title": "text NOT NULL",
        "label": "text NOT NULL",
        "kind": "text NOT NULL",
        "unit": "text NOT NULL",
        "definition": "text NOT NULL",
        "sources": "text NOT NULL",
        "run_id": "text NOT NULL",
    },
    "view_definitions": {"view_name": "text PRIMARY KEY", "definition": "text NOT NULL"},
}
KEYS = {"dictionary": ", PRIMARY KEY (schema_name, table_name, column_name)"}
#: Section of the wording of each column.
WORDS = {"refreshes": "refresh", "dictionary": "dictionary", "view_definitions": "view_definitions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schemas:
    """Names of the schemas of a prefix."""

    prefix: str

    def of(self, what: str) -> str:
        """Name the schema of a theme, of `views` or of `history`."""
        return f"{self.prefix}{what}"

    @property
    def history(self) -> str:
        """Name that of the history."""
        return self.of("history")

    @property
    def views(self) -> str:
        """Name that of the views."""
        return self.of("views")

    def all(self) -> dict[str, str]:
        """Give every schema with its comment."""
        return {
            self.of(what): marked(f"{wording('postgis', f'schema_{what}')} {wording('postgis', 'owned')}")
            for what in (*THEMES, "views", "history")
        }


def require_database(connection: "Connection", options: PostgisOptions) -> str:
    """Refuse a database that cannot hold layers in French; give the schema in which PostGIS is.

    Raises
    ------
    OutputError
        If it is not in UTF-8, or has no PostGIS and may not be given it.
    """
    encoding = connection.execute("SELECT current_setting('server_encoding'), current_database()").fetchone()
    if encoding is None or encoding[0] != "UTF8":
        found = encoding and encoding[0]
        message = f"{WHAT}: a database in UTF8 expected, found {found}. Have one created with ENCODING 'UTF8'."
        raise OutputError(message)
    where = (
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'postgis'"
    )
    found = connection.execute(where).fetchone()
    if found is None and options.extension == "create":
        connection.execute("CREATE EXTENSION postgis SCHEMA public")
        found = connection.execute(where).fetchone()
    if found is None:
        message = (
            f"{WHAT}: the extension postgis expected in the database {encoding[1]}, found none. Ask its administrator "
            "to run there: CREATE EXTENSION postgis. Nothing was changed."
        )
        raise OutputError(message)
    return str(found[0])


def require_schemas(connection: "Connection", schemas: Schemas) -> dict[str, tuple[str, str]]:
    """Look up which of the schemas are there: name → owner, comment.

    Raises
    ------
    OutputError
        If one is not ours.
    """
    found = connection.execute(
        "SELECT nspname, pg_get_userbyid(nspowner), coalesce(obj_description(oid, 'pg_namespace'), '') "
        "FROM pg_namespace WHERE nspname = ANY(%s)",
        [list(schemas.all())],
    ).fetchall()
    there = {str(name): (str(owner), str(comment)) for name, owner, comment in found}
    foreign = [name for name, (_, comment) in there.items() if not comment.endswith(MARK)]
    if foreign:
        message = (
            f"{WHAT}: the schema {some(sorted(foreign))} is there already and was not made by hp_sig: its comment does "
            f"not end with {MARK}. Publish with another prefix, have it renamed, or have {MARK} put there if hp_sig "
            "may use it. Nothing was changed."
        )
        raise OutputError(message)
    return there


def owner_of(there: Mapping[str, tuple[str, str]], schemas: Schemas) -> str | None:
    """Say who owns the schemas that are there; None before the first publication."""
    owner = there.get(schemas.history) or next(iter(there.values()), None)
    return owner[0] if owner is not None else None


def create_registry(
    connection: "Connection", schemas: Schemas, there: Mapping[tuple[str, str], Relation], present: Iterable[str]
) -> None:
    """Create what every publication has and what is not there yet: the tables of the history.

    Parameters
    ----------
    there
        Relations that are there.
    present
        Schemas that carried their comment already.
    """
    require_ours(there, [(schemas.history, name) for name in REGISTRY], ())
    statements: list[sql.Composable] = [
        comment_on("SCHEMA", sql.Identifier(name), comment)
        for name, comment in schemas.all().items()
        if name not in present
    ]
    for name, columns in REGISTRY.items():
        if (schemas.history, name) in there:
            continue
        table = sql.Identifier(schemas.history, name)
        fields = ", ".join(f"{column} {kind}" for column, kind in columns.items()) + KEYS.get(name, "")
        statements.append(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(fields)))
        statements.append(comment_on("TABLE", table, marked(wording("postgis", name))))
        for column in columns:
            words = wording("postgis", f"{WORDS[name]}_{column}")
            statements.append(comment_on("COLUMN", sql.Identifier(schemas.history, name, column), words))
        if name == "refreshes":
            statements.append(sql.SQL("CREATE UNIQUE INDEX ON {} (is_current) WHERE is_current").format(table))
    execute_all(connection, statements)
