"""Which tables are linked to the communes by a foreign key?

Those that name none out of the territory. The links are verified at the end of the transaction, so that communes may
merge from one run to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from hp_sig.publish.postgis.forms import Form
from hp_sig.publish.postgis.identifiers import identifier

__all__ = ["Links", "planned_links"]

#: Layer that the codes of communes are those of.
COMMUNES = "communes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Statements that unlink and that link, tables to lock for unlinking, tables that have no link."""

    drops: tuple[sql.Composed, ...] = ()
    adds: tuple[sql.Composed, ...] = ()
    locked: tuple[tuple[str, str], ...] = ()
    unlinked: tuple[str, ...] = ()


def planned_links(forms: Sequence[Form]) -> Links:
    """Decide which tables of a run are linked to its communes, and what that changes."""
    communes = next((form for form in forms if form.staged.table.name == COMMUNES), None)
    if communes is None:
        return Links()
    codes = communes.staged.communes
    drops, adds, locked, unlinked = [], [], [], []
    for form in forms:
        one = form.staged
        if one.commune is None or form is communes:
            continue
        name = identifier(f"{one.name}_{one.commune}_communes_fkey")
        is_linked = form.existing is not None and name in form.existing.foreign
        table, link = sql.Identifier(*form.place), sql.Identifier(name)
        if not one.communes <= codes:
            unlinked.append(".".join(form.place))
            if is_linked:
                locked += [form.place, communes.place]
                drops.append(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, link))
        elif not is_linked:
            statement = sql.SQL(
                "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) DEFERRABLE INITIALLY DEFERRED"
            )
            commune, code = sql.Identifier(one.commune), sql.Identifier(communes.key[0])
            adds.append(statement.format(table, link, commune, sql.Identifier(*communes.place), code))
    return Links(drops=tuple(drops), adds=tuple(adds), locked=tuple(locked), unlinked=tuple(unlinked))
