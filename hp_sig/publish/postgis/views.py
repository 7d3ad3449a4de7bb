"""Which views does a GIS open as layers: figures joined to their zones by vintage, and their series over refreshes?"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql

from hp_sig.publish.postgis.catalogue import Relation, comment_on, execute_all, marked
from hp_sig.publish.postgis.forms import Form
from hp_sig.publish.postgis.identifiers import GEOMETRY, RUN_ID, UID, identifier
from hp_sig.publish.postgis.schemas import Schemas
from hp_sig.reference.labels import label, wording

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["View", "changed_views", "create_views", "planned_views", "view_comments"]

#: Tables of zones whose rows these alone tell are drawn: one zone, by year, vintage or regime.
DRAWN_KEY = {"zone_layer", "zone_code", "year", "rank", "regime"}
#: View of all zones together.
ALL_ZONES = "zone_shapes"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view: where, what it selects, its comment and those of its columns."""

    place: tuple[str, str]
    query: sql.Composed
    comment: str
    columns: Mapping[str, str]


def planned_views(forms: Sequence[Form], history: Sequence[Form], schemas: Schemas) -> list[View]:
    """Say which views a run has.

    Parameters
    ----------
    forms, history
        Tables of the run, and those of the history.

    Returns
    -------
    list of View
        Figures of each layer of zones, all zones together, and the series of each table of the history.
    """
    of_name = {form.staged.table.name: form for form in forms}
    zones = [
        of_name[name]
        for name in dict.fromkeys(layer for form in forms for layer in form.staged.layers)
        if name in of_name and of_name[name].staged.table.geometry_type is not None and len(of_name[name].key) == 1
    ]
    views = [_all_zones(zones, schemas)] if zones else []
    for form in forms:
        if set(form.staged.table.key) <= DRAWN_KEY:
            taken = {view.place[1] for view in views}
            layers = [layer for layer in zones if layer.staged.table.name in form.staged.layers]
            views += [_of_zones(form, layer, schemas, taken) for layer in layers]
    taken = {form.place[1] for form in history}
    return views + [_series(form, schemas, taken) for form in history]


def _uid(alias: str, key: Iterable[str]) -> sql.Composed:
    cells = sql.SQL(", ").join(sql.Identifier(alias, name) for name in key)
    return sql.SQL("concat_ws('/', {})").format(cells)


def _of_zones(form: Form, layer: Form, schemas: Schemas, taken: Collection[str]) -> View:
    one, zones = form.staged, layer.staged
    names = dict(zip(one.table.key, one.key, strict=True))
    query = sql.SQL(
        "SELECT {} AS {}, zone.{}, {} FROM {} AS figure JOIN {} AS zone ON zone.{} = figure.{} WHERE {} = {}"
    )
    return View(
        place=(schemas.views, identifier(f"{one.name}_{zones.name}", taken={ALL_ZONES, *taken})),
        query=query.format(
            _uid("figure", form.key),
            sql.Identifier(UID),
            sql.Identifier(GEOMETRY),
            sql.SQL(", ").join(sql.Identifier("figure", name) for name in form.order if name != GEOMETRY),
            sql.Identifier(*form.place),
            sql.Identifier(*layer.place),
            sql.Identifier(layer.key[0]),
            sql.Identifier(names["zone_code"]),
            sql.Identifier("figure", names["zone_layer"]),
            sql.Literal(zones.table.name),
        ),
        comment=marked(
            wording(
                "postgis", "view", title=one.table.title, zones=zones.table.title, description=one.table.description
            )
        ),
        columns={**_words(form), GEOMETRY: wording("postgis", "geom")},
    )


def _all_zones(zones: Iterable[Form], schemas: Schemas) -> View:
    parts = []
    for form in sorted(zones, key=lambda form: form.place):
        named = next(
            (column.name for column in form.columns if column.column and column.column.name == "name"), form.key[0]
        )
        parts.append(
            sql.SQL(
                "SELECT concat_ws('/', {0}, zone.{1}) AS uid, zone.geom, {0}::text AS zone_layer, "
                "zone.{1}::text AS zone_code, zone.{2}::text AS zone_name, zone.run_id FROM {3} AS zone"
            ).format(
                sql.Literal(form.staged.table.name),
                sql.Identifier(form.key[0]),
                sql.Identifier(named),
                sql.Identifier(*form.place),
            )
        )
    words = {name: label(name) for name in ("zone_layer", "zone_code", "zone_name")}
    words |= {name: wording("postgis", name) for name in (UID, GEOMETRY, RUN_ID)}
    return View(
        place=(schemas.views, ALL_ZONES),
        query=sql.SQL(" UNION ALL ").join(parts),
        comment=marked(wording("postgis", "zone_shapes")),
        columns=words,
    )


def _series(form: Form, schemas: Schemas, taken: Collection[str]) -> View:
    table = form.staged.table
    return View(
        place=(schemas.history, identifier(f"{form.place[1]}_series", taken=taken)),
        query=sql.SQL(
            "SELECT {} AS {}, refresh.started_at AS refresh_started_at, refresh.is_current AS refresh_is_current, {} "
            "FROM {} AS figure JOIN {} AS refresh ON refresh.run_id = figure.{}"
        ).format(
            _uid("figure", form.key),
            sql.Identifier(UID),
            sql.SQL(", ").join(sql.Identifier("figure", name) for name in form.order),
            sql.Identifier(*form.place),
            sql.Identifier(schemas.history, "refreshes"),
            sql.Identifier(RUN_ID),
        ),
        comment=marked(wording("postgis", "series", title=table.title)),
        columns=_words(form)
        | {f"refresh_{name}": wording("postgis", f"refresh_{name}") for name in ("started_at", "is_current")},
    )


def _words(form: Form) -> dict[str, str]:
    return {UID: wording("postgis", "uid"), **{column.name: column.comment for column in form.columns}}


def changed_views(
    connection: "Connection", views: Iterable[View], there: Mapping[tuple[str, str], Relation], schemas: Schemas
) -> list[View]:
    """Find the views that are not there, or that are defined in another way."""
    query = sql.SQL("SELECT view_name, definition FROM {}").format(_definitions(schemas))
    known: dict[str, str] = dict(connection.execute(query).fetchall())
    return [
        view for view in views if view.place not in there or known.get(".".join(view.place)) != view.query.as_string()
    ]


def _definitions(schemas: Schemas) -> sql.Identifier:
    return sql.Identifier(schemas.history, "view_definitions")


def create_views(
    connection: "Connection", views: Iterable[View], there: Mapping[tuple[str, str], Relation], schemas: Schemas
) -> list[str]:
    """Create the views, or renew those whose definition has changed.

    A view that somebody else's view is made from, and that cannot be renewed without dropping that one, stays as it is:
    what it shows is up to date, but it lacks the new columns.

    Returns
    -------
    list of str
        Views that stay as they are.
    """
    stuck = []
    for view in views:
        name = sql.Identifier(*view.place)
        if view.place not in there:
            execute_all(connection, [sql.SQL("CREATE VIEW {} AS {}").format(name, view.query)])
        elif not _renewed(connection, view):
            stuck.append(".".join(view.place))
            continue
        execute_all(connection, [_kept_definition(view, schemas)])
    return stuck


def view_comments(
    views: Iterable[View], there: Mapping[tuple[str, str], Relation], changed: Collection[tuple[str, str]]
) -> Iterator[sql.Composed]:
    """Write the statements that comment views and their columns, where the comments are not these already.

    Parameters
    ----------
    changed
        Views that were created or renewed.
    """
    for view in views:
        known = None if view.place in changed else there[view.place]
        if known is None or known.comment != view.comment:
            yield comment_on("VIEW", sql.Identifier(*view.place), view.comment)
        for name, text in view.columns.items():
            if known is None or (name in known.columns and known.columns[name][1] != text):
                yield comment_on("COLUMN", sql.Identifier(*view.place, name), text)


def _kept_definition(view: View, schemas: Schemas) -> sql.Composed:
    return sql.SQL(
        "INSERT INTO {} (view_name, definition) VALUES ({}, {}) "
        "ON CONFLICT (view_name) DO UPDATE SET definition = EXCLUDED.definition"
    ).format(
        _definitions(schemas),
        sql.Literal(".".join(view.place)),
        sql.Literal(view.query.as_string()),
    )


def _renewed(connection: "Connection", view: View) -> bool:
    """Renew a view that is there; False where others depend on it and its columns are not just more."""
    name = sql.Identifier(*view.place)
    try:
        with connection.transaction():
            execute_all(connection, [sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(name, view.query)])
    except errors.InvalidTableDefinition:
        pass
    else:
        return True
    granted = connection.execute(
        "SELECT granted.privilege_type, nullif(granted.grantee, 0)::regrole::text, granted.is_grantable "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, "
        "aclexplode(c.relacl) AS granted WHERE n.nspname = %s AND c.relname = %s AND granted.grantee <> c.relowner",
        list(view.place),
    ).fetchall()
    grants = [
        sql.SQL("GRANT {} ON {} TO {}{}").format(
            sql.SQL(right), name, sql.SQL(to or "PUBLIC"), sql.SQL(" WITH GRANT OPTION" if may_grant else "")
        )
        for right, to, may_grant in granted
    ]
    try:
        with connection.transaction():
            execute_all(
                connection,
                [
                    sql.SQL("DROP VIEW {}").format(name),
                    sql.SQL("CREATE VIEW {} AS {}").format(name, view.query),
                    *grants,
                ],
            )
    except errors.DependentObjectsStillExist:
        return False
    return True
