"""How do the rows of a run take the place of the old ones, for every reader at the same moment?

Rows are sent to a temporary table first, then put into the table by key: what is there is updated, what is new added,
what is gone deleted. No table is emptied or dropped, so that a reader of an older state keeps it, and what others
link to our rows stays linked.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from psycopg import sql

from hp_sig.errors import OutputError, some
from hp_sig.publish.postgis.catalogue import execute_all
from hp_sig.publish.postgis.forms import Form, column_type
from hp_sig.publish.postgis.identifiers import RUN_ID
from hp_sig.publish.postgis.options import WHAT
from hp_sig.publish.postgis.rows import Staged, StagedColumn

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["counts", "put", "put_in_history", "require_written", "send", "shown_counts"]


def send(connection: "Connection", tables: Sequence[Staged], postgis: str) -> None:
    """Send the rows of every table to a temporary one, which the end of the transaction drops."""
    execute_all(
        connection,
        [
            sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(
                _waiting(rank, temporary=True),
                sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(column.name), column_type(column.type, postgis))
                    for column in one.columns
                ),
            )
            for rank, one in enumerate(tables)
        ],
    )
    with connection.cursor() as cursor:
        for rank, one in enumerate(tables):
            columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in one.columns)
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_waiting(rank), columns)
            with cursor.copy(statement) as copy:
                copy.write(one.body)


def _waiting(rank: int, *, temporary: bool = False) -> sql.Identifier:
    name = f"hp_sig_rows_{rank}"
    return sql.Identifier(name) if temporary else sql.Identifier("pg_temp", name)


def put(form: Form, rank: int) -> Iterator[sql.Composed]:
    """Write the statements that put the rows of a run into its table.

    Parameters
    ----------
    form
        Of the table.
    rank
        Of the table among those that were sent.
    """
    table, waiting = sql.Identifier(*form.place), _waiting(rank)
    others = [column.name for column in form.columns if column.name not in form.key]
    emptied = [*form.gone, *form.renamed.values()]
    changes = [sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in others]
    changes += [sql.SQL("{} = NULL").format(sql.Identifier(name)) for name in emptied]
    same_key = sql.SQL(" AND ").join(sql.SQL("came.{0} = old.{0}").format(sql.Identifier(name)) for name in form.key)
    yield sql.SQL("DELETE FROM {} AS old WHERE NOT EXISTS (SELECT FROM {} AS came WHERE {})").format(
        table, waiting, same_key
    )
    yield sql.SQL("{} ON CONFLICT ({}) DO UPDATE SET {}").format(
        _insertion(form, table, waiting),
        sql.SQL(", ").join(map(sql.Identifier, form.key)),
        sql.SQL(", ").join(changes),
    )


def put_in_history(form: Form, rank: int, run_id: str) -> Iterator[sql.Composed]:
    """Write the statements that add the rows of a run to those of the others, in the place of this run's if any."""
    table = sql.Identifier(*form.place)
    yield sql.SQL("DELETE FROM {} WHERE {} = {}").format(table, sql.Identifier(RUN_ID), sql.Literal(run_id))
    yield _insertion(form, table, _waiting(rank))


def _insertion(form: Form, table: sql.Identifier, waiting: sql.Identifier) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in form.columns)
    values = sql.SQL(", ").join(_value(column, form.types[column.name]) for column in form.columns)
    return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(table, names, values, waiting)


def _value(column: StagedColumn, kind: str) -> sql.Composable:
    """Write the cells of a column as the table takes them: those of another type are none at all, or whole numbers."""
    name = sql.Identifier(column.name)
    if kind == column.type or column.type.startswith("geometry("):
        return sql.SQL("NULL") if column.is_empty and kind != column.type else name
    return sql.SQL("NULL") if column.is_empty else sql.SQL("{}::{}").format(name, sql.SQL(kind))


def counts(connection: "Connection", places: Sequence[tuple[str, str]], run_id: str) -> dict[str, tuple[int, int]]:
    """Count the rows of tables that are there: `schema.table` → rows, rows of the run."""
    if not places:
        return {}
    queries = [
        sql.SQL("SELECT {}, count(*), count(*) FILTER (WHERE {} = {}) FROM {}").format(
            sql.Literal(".".join(place)), sql.Identifier(RUN_ID), sql.Literal(run_id), sql.Identifier(*place)
        )
        for place in places
    ]
    rows = connection.execute(sql.SQL(" UNION ALL ").join(queries)).fetchall()
    return {name: (total, of_run) for name, total, of_run in rows}


def shown_counts(tables: Iterable[Staged]) -> dict[str, tuple[int, int]]:
    """Give what :func:`counts` must find: every row, and every row of the run."""
    return {".".join(one.place): (one.count, one.count) for one in tables}


def require_written(connection: "Connection", tables: Sequence[Staged], run_id: str) -> None:
    """Refuse to end a publication whose rows are not all there.

    Raises
    ------
    OutputError
        If a trigger or a rule of somebody keeps rows out.
    """
    expected = shown_counts(tables)
    found = counts(connection, [one.place for one in tables], run_id)
    wrong = [
        f"{name}: {expected[name][0]} rows expected, found {found[name][1]}"
        for name in expected
        if found[name] != expected[name]
    ]
    if wrong:
        message = f"{WHAT}: {some(wrong)}. Look for a trigger or a rule on these tables. Nothing was changed."
        raise OutputError(message)
