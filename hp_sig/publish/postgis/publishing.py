"""In which order is a run written to a database, in one transaction?"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from hp_sig.errors import OutputError
from hp_sig.publish.postgis.catalogue import Relation, execute_all, relations, require_ours
from hp_sig.publish.postgis.forms import Form, alterations, creation, form_of
from hp_sig.publish.postgis.history import has_history, refresh_words, require_replaceable, shown_run, write_refresh
from hp_sig.publish.postgis.identifiers import identifiers
from hp_sig.publish.postgis.links import Links, planned_links
from hp_sig.publish.postgis.locking import hold_alone, politely
from hp_sig.publish.postgis.options import WHAT, PostgisOptions, PostgisRecord
from hp_sig.publish.postgis.roles import become_owner, grant_reading
from hp_sig.publish.postgis.rows import Staged, fingerprint, staged
from hp_sig.publish.postgis.schemas import REGISTRY, Schemas, create_registry, require_database, require_schemas
from hp_sig.publish.postgis.views import View, changed_views, create_views, planned_views, view_comments
from hp_sig.publish.postgis.words import comments, empty, known_columns, write_dictionary
from hp_sig.publish.postgis.writing import counts, put, put_in_history, require_written, send, shown_counts
from hp_sig.publish.publication import THEMES, Publication
from hp_sig.sources.database import connect, told_address

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["publish"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a publication is about to do: forms of the tables and of their history, views, tables to empty, links."""

    postgis: str
    there: Mapping[tuple[str, str], Relation]
    tables: Sequence[Staged]
    forms: Sequence[Form]
    history: Sequence[Form]
    views: Sequence[View]
    emptied: Sequence[tuple[str, str]]
    links: Links


def publish(publication: Publication, address: str | None, options: PostgisOptions) -> PostgisRecord:
    """Write a run to a database: see :func:`hp_sig.publish.postgis.publish_postgis`."""
    schemas = Schemas(prefix=options.prefix)
    # Everything is made ready before the transaction begins, so that it is short.
    tables = _staged(publication, schemas)
    words = refresh_words(publication)
    mark = fingerprint(tables, json.dumps(words))
    with connect(address, what=WHAT, error=OutputError) as connection:
        hold_alone(connection, options)
        postgis = require_database(connection, options)
        present = require_schemas(connection, schemas)
        there = relations(connection, schemas.all())
        become_owner(connection, schemas, present, there, options)
        create_registry(connection, schemas, there, present)
        shown = shown_run(connection, schemas)
        require_replaceable(shown, publication, options)
        plan = _plan(connection, tables, schemas, there, postgis)
        changed_now = changed_views(connection, plan.views, there, schemas)
        is_same = shown is not None and (shown.run_id, shown.fingerprint) == (publication.run.id, mark)
        changed = not (is_same and not changed_now and _is_intact(connection, plan, publication.run.id))
        stuck: list[str] = []
        if changed:
            stuck = _write(connection, plan, changed_now, publication, options)
            rows = {name: total for name, (total, _) in shown_counts(tables).items()}
            write_refresh(connection, schemas, words, fingerprint=mark, rows=rows)
        if options.roles is not None:
            grant_reading(connection, schemas, options.roles[1], _places(plan, schemas))
        if changed:
            require_written(connection, tables, publication.run.id)
    return _record(publication, plan, address, changed=changed, stuck=stuck)


def _staged(publication: Publication, schemas: Schemas) -> list[Staged]:
    tables = []
    for theme in THEMES:
        of_theme = publication.of_theme(theme)
        names = identifiers((table.name for table in of_theme), taken=())
        tables += [staged(table, schemas.of(theme), names[table.name], run_id=publication.run.id) for table in of_theme]
    return tables


def _plan(
    connection: "Connection",
    tables: Sequence[Staged],
    schemas: Schemas,
    there: Mapping[tuple[str, str], Relation],
    postgis: str,
) -> Plan:
    known = known_columns(connection, schemas)
    kept = identifiers((one.table.name for one in tables if has_history(one.table)), taken=REGISTRY)
    in_history = {name: (schemas.history, short) for name, short in kept.items()}
    require_ours(there, [*(one.place for one in tables), *in_history.values()], ())
    forms = [
        form_of(one, one.place, there.get(one.place), known.get(one.place, ()), of_history=False) for one in tables
    ]
    history = []
    for one in tables:
        if one.table.name in in_history:
            place = in_history[one.table.name]
            existing = there.get(place)
            columns = tuple(existing.columns) if existing is not None else ()
            history.append(form_of(one, place, existing, columns, of_history=True))
    views = planned_views(forms, history, schemas)
    require_ours(there, (), [view.place for view in views])
    gone = sorted(set(known) - {one.place for one in tables})
    return Plan(
        postgis=postgis,
        there=there,
        tables=tables,
        forms=forms,
        history=history,
        views=views,
        emptied=[place for place in gone if place in there and there[place].is_ours and there[place].kind == "r"],
        links=planned_links(forms),
    )


def _is_intact(connection: "Connection", plan: Plan, run_id: str) -> bool:
    """Say whether the tables are there and hold the rows of the run that is shown."""
    if any(form.existing is None or form.must_alter for form in (*plan.forms, *plan.history)):
        return False
    return counts(connection, [one.place for one in plan.tables], run_id) == shown_counts(plan.tables)


def _write(
    connection: "Connection", plan: Plan, views: Sequence[View], publication: Publication, options: PostgisOptions
) -> list[str]:
    """Write the rows of a run; give the views that could not be renewed."""
    run_id = publication.run.id
    schemas = Schemas(prefix=options.prefix)
    both = [*plan.forms, *plan.history]
    send(connection, plan.tables, plan.postgis)
    for form in both:
        if form.existing is None:
            execute_all(connection, creation(form, plan.postgis))
    stuck = politely(connection, lambda: _change_forms(connection, plan, views, publication, schemas), options)
    ranks = {one.place: rank for rank, one in enumerate(plan.tables)}
    for form in plan.forms:
        execute_all(connection, put(form, ranks[form.place]))
    for form in plan.history:
        execute_all(connection, put_in_history(form, ranks[form.staged.place], run_id))
    # A table cannot be linked while its links are still to be verified.
    execute_all(connection, [sql.SQL("SET CONSTRAINTS ALL IMMEDIATE"), *plan.links.adds])
    for form in plan.forms:
        execute_all(connection, comments(form, run_id=run_id, of_history=False))
    for form in plan.history:
        execute_all(connection, comments(form, run_id=run_id, of_history=True))
    renewed = {view.place for view in views if ".".join(view.place) not in stuck}
    execute_all(connection, view_comments(plan.views, plan.there, renewed))
    execute_all(connection, empty(plan.emptied, plan.there, run_id))
    write_dictionary(connection, plan.forms, publication, schemas)
    return stuck


def _change_forms(
    connection: "Connection", plan: Plan, views: Sequence[View], publication: Publication, schemas: Schemas
) -> list[str]:
    altered = [form for form in (*plan.forms, *plan.history) if form.must_alter]
    locked = sorted({*(form.place for form in altered), *plan.links.locked})
    if locked:
        names = sql.SQL(", ").join(sql.Identifier(*place) for place in locked)
        execute_all(connection, [sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names)])
    for form in altered:
        execute_all(connection, alterations(form, plan.postgis, run_id=publication.run.id))
    execute_all(connection, plan.links.drops)
    return create_views(connection, views, plan.there, schemas)


def _places(plan: Plan, schemas: Schemas) -> set[tuple[str, str]]:
    ours = {place for place, one in plan.there.items() if one.is_ours}
    registry = {(schemas.history, name) for name in REGISTRY}
    made = {form.place for form in (*plan.forms, *plan.history)} | {view.place for view in plan.views}
    return ours | registry | made


def _record(
    publication: Publication, plan: Plan, address: str | None, *, changed: bool, stuck: Sequence[str]
) -> PostgisRecord:
    database = told_address(address)
    renamed = [
        f"{'.'.join(form.place)}: the type of {name} changed; the old column is kept as {spare}."
        for form in (*plan.forms, *plan.history)
        for name, spare in form.renamed.items()
    ]
    warnings = (
        *(renamed if changed else ()),
        *(f"{name}: others' views depend on it, so it stays without the new columns." for name in stuck),
    )
    for warning in warnings:
        log.warning("%s", warning)
    rows = {".".join(one.place): one.count for one in plan.tables}
    if changed:
        log.info("%s: run %s, %d tables, %d rows.", database, publication.run.id, len(rows), sum(rows.values()))
    else:
        log.info("%s shows the run %s already: nothing to write.", database, publication.run.id)
    return PostgisRecord(
        run_id=publication.run.id,
        database=database,
        changed=changed,
        rows=rows,
        emptied=tuple(".".join(place) for place in plan.emptied),
        views=tuple(".".join(view.place) for view in plan.views),
        unlinked=plan.links.unlinked,
        warnings=warnings,
    )
