"""How must the form of a table change so that it takes the rows of a run, without losing anything of it?

A column is only ever added. One that a run does not have any more stays, empty; one whose type has changed is kept
under another name. Each of these changes the catalogue alone: no table is written anew, which would show it empty to
a reader of an older state.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from hp_sig.errors import OutputError
from hp_sig.publish.postgis.catalogue import Relation, comment_on, marked
from hp_sig.publish.postgis.identifiers import GEOMETRY, RUN_ID, identifier
from hp_sig.publish.postgis.options import WHAT
from hp_sig.publish.postgis.rows import Staged, StagedColumn
from hp_sig.reference.labels import wording

__all__ = ["Form", "alterations", "creation", "form_of"]

NUMBERS = ("bigint", "double precision")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A table of the database for the rows of a run.

    Parameters
    ----------
    place
        Schema and name.
    staged
        The rows.
    columns
        Those of the run.
    key
        Of the table: that of the rows, after the run for a table of history.
    existing
        The table that is there, or None.
    types
        Column → its type in the table, once altered.
    added
        Columns to add.
    renamed
        Columns of another type → the name under which they are kept.
    gone
        Columns of ours that the run does not have.
    """

    place: tuple[str, str]
    staged: Staged
    columns: tuple[StagedColumn, ...]
    key: tuple[str, ...]
    existing: Relation | None
    types: Mapping[str, str]
    added: tuple[StagedColumn, ...] = ()
    renamed: Mapping[str, str]
    gone: tuple[str, ...] = ()

    @property
    def must_alter(self) -> bool:
        """Whether a table that is there must change its form."""
        return self.existing is not None and bool(self.added or self.renamed)

    @property
    def order(self) -> tuple[str, ...]:
        """Columns of ours in the order of the table, once altered."""
        if self.existing is None:
            return tuple(column.name for column in self.columns)
        ours = {column.name for column in self.columns} | set(self.gone) | set(self.renamed)
        kept = [self.renamed.get(name, name) for name in self.existing.columns if name in ours]
        return (*kept, *(column.name for column in self.added))


def form_of(
    one: Staged, place: tuple[str, str], existing: Relation | None, ours: Collection[str], *, of_history: bool
) -> Form:
    """Compare a table of a run with what is there.

    Parameters
    ----------
    place
        Where it goes.
    existing
        What is there.
    ours
        Columns that we wrote there once; those that somebody else has added are left alone.
    of_history
        Whether the table keeps the rows of every run: it has no geometry.

    Raises
    ------
    OutputError
        If its rows were told by other columns.
    """
    columns = tuple(column for column in one.columns if not (of_history and column.name == GEOMETRY))
    key = (RUN_ID, *one.key) if of_history else one.key
    if existing is None:
        types = {column.name: column.type for column in columns}
        return Form(place=place, staged=one, columns=columns, key=key, existing=None, types=types, renamed={})
    kept = {column.name: _kept_type(column, existing) for column in columns}
    renamed = {
        column.name: _spare_name(column.name, existing)
        for column in columns
        if column.name in existing.columns and kept[column.name] is None
    }
    changed = [name for name in key if name in renamed]
    if existing.key != key or changed:
        found = ", ".join(existing.key) + (f" (of another type: {', '.join(changed)})" if changed else "")
        message = (
            f"{WHAT}: {'.'.join(place)}: one row by {', '.join(key)} expected, found a table with one row by {found}. "
            "Have that table renamed, or publish with another prefix. Nothing was changed."
        )
        raise OutputError(message)
    return Form(
        place=place,
        staged=one,
        columns=columns,
        key=key,
        existing=existing,
        types={column.name: kept[column.name] or column.type for column in columns},
        added=tuple(column for column in columns if kept[column.name] is None),
        renamed=renamed,
        gone=tuple(name for name in existing.columns if name in ours and name not in kept),
    )


def _kept_type(column: StagedColumn, existing: Relation) -> str | None:
    """Give the type of a column that is there, if it holds the cells of the run as they are."""
    if column.name not in existing.columns:
        return None
    found = existing.columns[column.name][0]
    same = found == column.type or column.is_empty
    whole = found in NUMBERS and column.type in NUMBERS and column.is_whole
    any_shape = found.startswith("geometry(Geometry,") and column.type.startswith("geometry(")
    return found if same or whole or any_shape else None


def _spare_name(name: str, existing: Relation) -> str:
    """Find a name for a column that must make room."""
    kind = existing.columns[name][0].split("(")[0].replace(" ", "_")
    taken = set(existing.columns)
    for rank in range(len(taken) + 1):
        spare = identifier(f"{name}_{kind}{rank or ''}")
        if spare not in taken:
            return spare
    raise AssertionError(name)


def creation(form: Form, postgis: str) -> Iterator[sql.Composed]:
    """Write the statements that create a table.

    Parameters
    ----------
    postgis
        Schema of the extension.
    """
    table = sql.Identifier(*form.place)
    fields = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            column_type(column.type, postgis),
            sql.SQL(" NOT NULL" if column.name == RUN_ID else ""),
        )
        for column in form.columns
    ]
    key = sql.SQL(", ").join(map(sql.Identifier, form.key))
    yield sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(table, sql.SQL(", ").join(fields), key)
    yield from _spatial_index(form)


def alterations(form: Form, postgis: str, *, run_id: str) -> Iterator[sql.Composed]:
    """Write the statements that change the form of a table that is there."""
    table = sql.Identifier(*form.place)
    for name, spare in form.renamed.items():
        yield sql.SQL("ALTER TABLE {} RENAME COLUMN {} TO {}").format(
            table, sql.Identifier(name), sql.Identifier(spare)
        )
        words = wording("postgis", "replaced_column", column=name, run=run_id)
        yield comment_on("COLUMN", sql.Identifier(*form.place, spare), marked(words))
    for column in form.added:
        yield sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
            table, sql.Identifier(column.name), column_type(column.type, postgis)
        )
    if any(column.name == GEOMETRY for column in form.added):
        yield from _spatial_index(form)


def column_type(kind: str, postgis: str) -> sql.Composable:
    """Write a type, wherever PostGIS is."""
    if kind.startswith("geometry("):
        return sql.SQL("{}.{}").format(sql.Identifier(postgis), sql.SQL(kind))
    return sql.SQL(kind)


def _spatial_index(form: Form) -> Iterator[sql.Composed]:
    if any(column.name == GEOMETRY for column in form.columns):
        yield sql.SQL("CREATE INDEX ON {} USING gist ({})").format(
            sql.Identifier(*form.place), sql.Identifier(GEOMETRY)
        )
