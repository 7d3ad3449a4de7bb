"""What does the database tell of its tables and columns: comments in French, and the dictionary of the data?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from psycopg import sql

from hp_sig.publish.postgis.catalogue import Relation, comment_on, marked
from hp_sig.publish.postgis.forms import Form
from hp_sig.publish.postgis.rows import Staged
from hp_sig.publish.postgis.schemas import Schemas
from hp_sig.publish.publication import Publication
from hp_sig.reference.labels import wording

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["comments", "empty", "known_columns", "write_dictionary"]


def comments(form: Form, *, run_id: str, of_history: bool) -> Iterator[sql.Composed]:
    """Write the statements that comment a table and its columns, where the comments are not these already."""
    table = form.staged.table
    key = "history_table" if of_history else "table"
    text = marked(wording("postgis", key, title=table.title, description=table.description))
    if form.existing is None or form.existing.comment != text:
        yield comment_on("TABLE", sql.Identifier(*form.place), text)
    for column in form.columns:
        there = form.existing.columns.get(column.name) if form.existing is not None else None
        if there is None or column.name in form.renamed or there[1] != column.comment:
            yield comment_on("COLUMN", sql.Identifier(*form.place, column.name), column.comment)
    for name in () if of_history or form.existing is None else form.gone:
        words = wording("postgis", "absent_column", run=run_id)
        yield comment_on("COLUMN", sql.Identifier(*form.place, name), words)


def empty(
    places: Iterable[tuple[str, str]], there: Mapping[tuple[str, str], Relation], run_id: str
) -> Iterator[sql.Composed]:
    """Write the statements that empty the tables that a run does not have, and say so."""
    for place in places:
        yield sql.SQL("DELETE FROM {}").format(sql.Identifier(*place))
        text = marked(wording("postgis", "absent", run=run_id))
        if there[place].comment != text:
            yield comment_on("TABLE", sql.Identifier(*place), text)


def known_columns(connection: "Connection", schemas: Schemas) -> dict[tuple[str, str], set[str]]:
    """Look up in the dictionary which tables and columns earlier runs have written."""
    found: dict[tuple[str, str], set[str]] = {}
    query = sql.SQL("SELECT schema_name, table_name, column_name FROM {}")
    for schema, table, column in connection.execute(query.format(_dictionary(schemas))):
        found.setdefault((schema, table), set()).add(column)
    return found


def _dictionary(schemas: Schemas) -> sql.Identifier:
    return sql.Identifier(schemas.history, "dictionary")


def write_dictionary(
    connection: "Connection", forms: Sequence[Form], publication: Publication, schemas: Schemas
) -> None:
    """Tell in the dictionary each column of each table of a run; those of earlier runs stay."""
    table = _dictionary(schemas)
    for form in forms:
        for name, spare in form.renamed.items():
            connection.execute(
                sql.SQL(
                    "UPDATE {} SET column_name = %s WHERE schema_name = %s AND table_name = %s AND column_name = %s"
                ).format(table),
                [spare, *form.place, name],
            )
    rows = [row for form in forms for row in _entries(form.staged, publication)]
    connection.execute(
        sql.SQL(
            "INSERT INTO {} (schema_name, table_name, column_name, position, published_name, table_title, label, "
            "kind, unit, definition, sources, run_id) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], "
            "%s::integer[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], "
            "%s::text[]) "
            "ON CONFLICT (schema_name, table_name, column_name) DO UPDATE SET position = EXCLUDED.position, "
            "published_name = EXCLUDED.published_name, table_title = EXCLUDED.table_title, label = EXCLUDED.label, "
            "kind = EXCLUDED.kind, unit = EXCLUDED.unit, definition = EXCLUDED.definition, sources = EXCLUDED.sources, "
            "run_id = EXCLUDED.run_id"
        ).format(table),
        [list(column) for column in zip(*rows, strict=True)],
    )


def _entries(one: Staged, publication: Publication) -> Iterator[tuple[str | int, ...]]:
    table = one.table
    sources = "\u00a0; ".join(
        dict.fromkeys(
            f"{entry.producer}, {entry.source} ({entry.vintage})"
            for entry in (publication.sources[name] for name in table.sources if name in publication.sources)
        )
    )
    for rank, column in enumerate(one.columns, start=1):
        told = column.column
        yield (
            *(one.schema, one.name, column.name, rank),
            told.name if told is not None else column.name,
            table.title,
            told.label if told is not None else column.comment,
            told.kind if told is not None else column.type,
            told.unit if told is not None else "",
            told.definition if told is not None else "",
            sources,
            publication.run.id,
        )
