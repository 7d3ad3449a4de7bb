"""The publication to PostGIS, with a real server."""

import contextlib
import dataclasses
import datetime as dt
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from postgres import SCRIBE, SCRIBE_PASSWORD, Server, fresh_database, needs_postgres, postgres_server, run
from published import sample_publication

from hp_sig import OutputError
from hp_sig.errors import RefreshBusyError, SourceError
from hp_sig.publish.postgis import PostgisOptions, publish_postgis
from hp_sig.publish.postgis.identifiers import identifier
from hp_sig.publish.publication import Column, Publication, PublishedTable, Run
from hp_sig.sources.database import ADDRESS, connect, told_address

psycopg = pytest.importorskip("psycopg")
sql = psycopg.sql
REFUSED = psycopg.errors.InsufficientPrivilege

pytestmark = needs_postgres

QUICK = PostgisOptions(wait_seconds=0.3)
HOSTILE = ['"; DROP TABLE x; --', "l'été d\"ici", "100 %s {0} %", "é" * 80, "é" * 80 + "!", "ctid", "run_id", ""]


# --- a small world: two communes of 100 ha, their consumption over two years ----------------------------------------


def run_of(day: int) -> Run:
    return Run(id=f"202601{day:02d}T000000Z-00", started_at=dt.datetime(2026, 1, day, tzinfo=dt.UTC), version="1.0")


def table_of(name: str, rows: pd.DataFrame, key: tuple[str, ...], **others) -> PublishedTable:
    kinds = {"str": "text", "Int64": "integer", "float64": "real", "boolean": "boolean"}
    columns = tuple(
        Column(
            name=one, label=f"Libellé {one}", kind=kinds[str(rows[one].dtype)], unit="ha" if one.endswith("_ha") else ""
        )
        for one in rows.columns
        if one != "geometry"
    )
    settings = {"theme": "territory", "title": f"Titre {name}", "description": "Décrite ici.", **others}
    return PublishedTable(name=name, rows=rows, columns=columns, key=key, **settings)


def communes(*codes: str) -> PublishedTable:
    squares = [shapely.box(1000.0 * rank, 0, 1000.0 * rank + 1000, 1000) for rank in range(len(codes))]
    rows = gpd.GeoDataFrame({"commune_code": list(codes), "name": list(codes)}, geometry=squares, crs=2154)
    rows = rows.astype({"commune_code": "str", "name": "str"})
    return table_of("communes", rows, ("commune_code",), commune="commune_code", geometry_type="MultiPolygon")


def consumption(figures: dict[str, float], *, columns: tuple[str, ...] = ()) -> PublishedTable:
    rows = pd.DataFrame(
        [
            {"zone_layer": "communes", "zone_code": code, "commune_code": code, "year": year, "taken_ha": figure + year}
            for code, figure in figures.items()
            for year in (2022, 2023)
        ]
    ).astype({"year": "Int64", "zone_layer": "str", "zone_code": "str", "commune_code": "str"})
    for column in columns:
        rows[column] = rows["taken_ha"] * 2
    key = ("zone_layer", "zone_code", "year")
    return table_of("enaf_consumption", rows, key, theme="enaf", commune="commune_code")


def publication_of(day: int, *tables: PublishedTable, **others) -> Publication:
    return Publication(
        territory="Pays", run=run_of(day), tables={table.name: table for table in tables}, sources={}, **others
    )


def small(day: int, **others) -> Publication:
    return publication_of(day, communes("04001", "04002"), consumption({"04001": 1.5, "04002": 2.5}), **others)


# --- the server -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as started:
        yield started


@pytest.fixture
def address(server: Server) -> str:
    return fresh_database(server)


@pytest.fixture(scope="module")
def sample(server: Server) -> str:
    """Give a database that holds the embedded sample; nobody may change it."""
    where = fresh_database(server)
    publish_postgis(sample_publication(), where)
    return where


def rows_of(address: str, query, parameters=None) -> list[tuple]:
    with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
        return connection.execute(query, parameters).fetchall()


def do(address: str, *statements: str) -> None:
    with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)


def state(address: str) -> list[tuple]:
    """Give the rows of the small world, with the version of each in the database."""
    query = "SELECT 'c', commune_code, 0, 0.0, run_id, xmin::text FROM hp_sig_territory.communes UNION ALL SELECT 'e', "
    query += "zone_code, year, taken_ha, run_id, xmin::text FROM hp_sig_enaf.enaf_consumption ORDER BY 1, 2, 3"
    return rows_of(address, query)


# --- what is there afterwards -------------------------------------------------------------------------------------


def test_every_row_of_the_sample_comes_back_with_the_same_codes_areas_and_numbers(sample):
    publication = sample_publication()

    for table in publication.tables.values():
        names = [column.name for column in table.columns]
        fields = sql.SQL(", ").join(map(sql.Identifier, names))
        area = sql.SQL(", ST_Area(geom)" if table.geometry_type else "")
        place = sql.Identifier(f"hp_sig_{table.theme}", table.name)
        found = rows_of(sample, sql.SQL("SELECT {}{} FROM {}").format(fields, area, place))
        rank = [names.index(one) for one in table.key]
        by_key = {tuple(row[one] for one in rank): row for row in found}
        expected = [
            [None if pd.isna(cell) else cell for cell in row] for row in table.rows[names].itertuples(index=False)
        ]
        assert len(found) == len(by_key) == len(expected)
        for row in expected:
            assert list(by_key[tuple(row[one] for one in rank)][: len(names)]) == row
        if table.geometry_type:
            areas = dict(zip(zip(*(table.rows[one] for one in table.key), strict=True), table.layer.area, strict=True))
            assert {key: row[-1] for key, row in by_key.items()} == pytest.approx(areas, rel=1e-9)


def test_tables_have_keys_links_spatial_indexes_and_words(sample):
    tables = sample_publication().tables
    keys = rows_of(
        sample,
        "SELECT table_schema, table_name, array_agg(column_name::text ORDER BY ordinal_position) "
        "FROM information_schema.key_column_usage JOIN information_schema.table_constraints "
        "USING (constraint_schema, constraint_name, table_schema, table_name) "
        "WHERE constraint_type = 'PRIMARY KEY' AND table_schema LIKE 'hp_sig_%' GROUP BY 1, 2",
    )
    found = {(schema, name): tuple(key) for schema, name, key in keys}
    links = rows_of(sample, "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' "
                    "AND confrelid = 'hp_sig_territory.communes'::regclass AND convalidated")  # fmt: skip
    shapes = rows_of(
        sample,
        "SELECT f_table_name, type, srid, (SELECT count(*) FROM pg_indexes WHERE schemaname = f_table_schema AND "
        "tablename = f_table_name AND indexdef LIKE '%USING gist (geom)%') FROM geometry_columns "
        "WHERE f_table_schema LIKE 'hp_sig_%' AND f_table_schema <> 'hp_sig_views'",
    )
    words = rows_of(
        sample,
        "SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped "
        "WHERE relnamespace::regnamespace::text LIKE 'hp_sig_%' AND relkind IN ('r', 'v') "
        "AND (col_description(c.oid, attnum) IS NULL OR obj_description(c.oid) IS NULL)",
    )

    assert {(f"hp_sig_{one.theme}", one.name): one.key for one in tables.values()}.items() <= found.items()
    assert found["hp_sig_history", "enaf_consumption"] == ("run_id", "zone_layer", "zone_code", "year")
    assert len(links) == len([one for one in tables.values() if one.commune and one.name != "communes"])
    assert {name: kind.upper() for name, kind, *_ in shapes} == {
        name: str(one.geometry_type).upper() for name, one in sample_publication().layers.items()
    }
    assert {row[2:] for row in shapes} == {(2154, 1)}
    assert words == [(0,)]


def test_comments_are_in_french_with_unit_definition_and_sources_and_tell_shares_as_they_are_stored(sample):
    told = rows_of(
        sample,
        "SELECT obj_description('hp_sig_enaf'::regnamespace), "
        "obj_description('hp_sig_enaf.enaf_consumption'::regclass), "
        "(SELECT string_agg(col_description(attrelid, attnum), '|') FROM pg_attribute "
        "WHERE attname = ANY(%s) AND attrelid = 'hp_sig_enaf.enaf_consumption'::regclass)",
        [["enaf_consumption_ha", "enaf_consumption_share"]],
    )[0]

    assert told[0].startswith("La consommation d'espaces naturels")
    assert "Jeu d'essai" in told[1]
    assert "millésime 2024" in told[1]
    assert "Consommation d'ENAF (ha). Création ou extension effective" in told[2]
    assert "part de 0 à 1" in told[2]


def test_views_join_figures_to_zones_by_vintage_and_have_a_key_for_qgis(sample):
    views = rows_of(sample, "SELECT table_schema, table_name FROM information_schema.views "
                    "WHERE table_schema LIKE 'hp_sig_%'")  # fmt: skip
    consumption_rows = sample_publication().tables["enaf_consumption"].rows
    of_year = consumption_rows[(consumption_rows["zone_layer"] == "communes") & (consumption_rows["year"] == 2023)]

    for view in views:
        count = rows_of(sample, sql.SQL("SELECT count(*), count(DISTINCT uid) FROM {}").format(sql.Identifier(*view)))
        assert count[0][0] == count[0][1] > 0
    found = rows_of(
        sample,
        "SELECT zone_code, enaf_consumption_ha, ST_SRID(geom) FROM hp_sig_views.enaf_consumption_communes "
        "WHERE year = 2023",
    )
    assert {row[0]: row[1] for row in found} == dict(
        zip(of_year["zone_code"], of_year["enaf_consumption_ha"], strict=True)
    )
    assert {row[2] for row in found} == {2154}
    assert ("hp_sig_views", "trajectory_epci_2024") in views
    assert ("hp_sig_views", "land_stock_communes") in views


def test_shapes_of_any_kind_are_published_in_two_dimensions(address):
    shapes = [shapely.Point(1, 2, 3), shapely.MultiPoint([(1, 1), (2, 2)]), None]
    rows = gpd.GeoDataFrame({"id": pd.array([1, 2, 3], dtype="Int64")}, geometry=shapes, crs=2154)
    none = gpd.GeoDataFrame({"id": pd.array([], dtype="Int64")}, geometry=[], crs=2154)
    points = table_of("points", rows, ("id",), geometry_type="Point")
    nothing = table_of("nothing", none, ("id",), geometry_type="MultiPolygon")

    record = publish_postgis(publication_of(1, points, nothing), address)

    assert record.rows == {"hp_sig_territory.points": 3, "hp_sig_territory.nothing": 0}
    found = rows_of(address, "SELECT id, ST_AsText(geom) FROM hp_sig_territory.points ORDER BY id")
    assert [text and text.replace("(1 1)", "1 1").replace("(2 2)", "2 2") for _, text in found] == [
        "MULTIPOINT((1 2))", "MULTIPOINT(1 1,2 2)", None
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["table", "column"])
def test_hostile_names_and_texts_are_published_and_read_back(address, place):
    texts = [*HOSTILE, "tab\tnew\nline\\N", "\\.", "NULL"]
    rows = pd.DataFrame({"key": pd.array(range(len(texts)), dtype="Int64"), "text": pd.array(texts, dtype="str")})
    if place == "table":
        tables = [table_of(name, rows, ("key",), title=f"Titre {name}") for name in HOSTILE]
        record = publish_postgis(publication_of(1, *tables), address)
    else:
        wide = pd.DataFrame({"key": pd.array([1], dtype="Int64"), **{name: ["'; --"] for name in HOSTILE}}).astype(
            dict.fromkeys(HOSTILE, "str")
        )
        record = publish_postgis(publication_of(1, table_of("t", wide, ("key",))), address)
        publish_postgis(publication_of(2, table_of("t", wide, ("key",))), address)

    if place == "table":
        for name in HOSTILE:
            shown = sql.Identifier("hp_sig_territory", identifier(name))
            assert [
                row[0] for row in rows_of(address, sql.SQL("SELECT text FROM {} ORDER BY key").format(shown))
            ] == texts
        assert len(record.rows) == len(HOSTILE)
    else:
        names = rows_of(
            address, "SELECT published_name, column_name FROM hp_sig_history.dictionary WHERE table_name = 't'"
        )
        assert {name for name, _ in names} >= set(HOSTILE)
        fields = sql.SQL(", ").join(
            sql.Identifier(short) for name, short in names if name in HOSTILE and short != "run_id"
        )
        found = rows_of(address, sql.SQL("SELECT {} FROM hp_sig_territory.t").format(fields))
        assert found == [("'; --",) * len(HOSTILE)]


# --- again --------------------------------------------------------------------------------------------------------


def test_the_same_run_again_changes_nothing_and_says_so(address):
    first = publish_postgis(small(1), address)
    before = state(address), rows_of(address, "SELECT published_at FROM hp_sig_history.refreshes")

    again = publish_postgis(small(1), address)

    assert (first.changed, again.changed) == (True, False)
    assert first.rows == again.rows == {"hp_sig_territory.communes": 2, "hp_sig_enaf.enaf_consumption": 4}
    assert (state(address), rows_of(address, "SELECT published_at FROM hp_sig_history.refreshes")) == before


def test_the_same_run_is_written_again_where_somebody_has_changed_a_row(address):
    publish_postgis(small(1), address)
    do(address, "DELETE FROM hp_sig_enaf.enaf_consumption WHERE year = 2022")

    record = publish_postgis(small(1), address)

    assert record.changed
    assert len(state(address)) == 6
    assert rows_of(address, "SELECT count(*) FROM hp_sig_history.enaf_consumption") == [(4,)]


def test_the_same_run_with_other_figures_takes_its_own_place(address):
    publish_postgis(small(1), address)

    figures = consumption({"04001": 3.0, "04002": 2.5})
    record = publish_postgis(publication_of(1, communes("04001", "04002"), figures), address)

    assert record.changed
    expected = [2025.0, 2026.0, 2024.5, 2025.5]
    assert [row[3] for row in state(address) if row[0] == "e"] == expected
    kept = rows_of(address, "SELECT run_id, taken_ha FROM hp_sig_history.enaf_consumption ORDER BY zone_code, year")
    assert kept == [(run_of(1).id, figure) for figure in expected]


def test_a_new_run_brings_its_figures_tables_columns_and_communes_and_leaves_nothing_stale(address):
    extra = table_of("extra", pd.DataFrame({"key": pd.array(["a"], dtype="str")}), ("key",), theme="hubs")
    first = publication_of(
        1, communes("04001", "04002"), consumption({"04001": 1.5, "04002": 2.5}, columns=("old_ha",)), extra
    )
    figures = consumption({"04001": 7.0, "04003": 9.0}, columns=("new_ha",))
    more = table_of("more", pd.DataFrame({"key": pd.array(["b"], dtype="str")}), ("key",), theme="projects")
    publish_postgis(first, address)

    record = publish_postgis(publication_of(2, communes("04001", "04003"), figures, more), address)

    found = "SELECT zone_code, year, taken_ha, old_ha, new_ha, run_id FROM hp_sig_enaf.enaf_consumption ORDER BY 1, 2"
    assert rows_of(address, found) == [
        ("04001", 2022, 2029.0, None, 4058.0, run_of(2).id),
        ("04001", 2023, 2030.0, None, 4060.0, run_of(2).id),
        ("04003", 2022, 2031.0, None, 4062.0, run_of(2).id),
        ("04003", 2023, 2032.0, None, 4064.0, run_of(2).id),
    ]
    assert rows_of(address, "SELECT commune_code FROM hp_sig_territory.communes ORDER BY 1") == [("04001",), ("04003",)]
    assert rows_of(address, "SELECT key, run_id FROM hp_sig_projects.more") == [("b", run_of(2).id)]
    assert record.emptied == ("hp_sig_hubs.extra",)
    assert rows_of(address, "SELECT count(*) FROM hp_sig_hubs.extra") == [(0,)]
    told = rows_of(address, "SELECT obj_description('hp_sig_hubs.extra'::regclass)")[0][0]
    assert told == f"Absente de l'actualisation {run_of(2).id}\u00a0: table vidée. [hp_sig]"
    assert rows_of(address, "SELECT sum(new_ha) FROM hp_sig_views.enaf_consumption_communes") == [(16244.0,)]


def test_the_history_keeps_the_figures_of_every_run_and_tells_which_is_shown(address):
    publish_postgis(small(1), address)
    publish_postgis(publication_of(2, communes("04001"), consumption({"04001": 7.0})), address)

    series = rows_of(
        address,
        "SELECT refresh_started_at, taken_ha, refresh_is_current FROM hp_sig_history.enaf_consumption_series "
        "WHERE zone_code = '04001' AND year = 2023 ORDER BY 1",
    )

    days = [run_of(day).started_at for day in (1, 2)]
    assert series == [(days[0], 2024.5, False), (days[1], 2030.0, True)]
    refreshes = rows_of(address, "SELECT run_id, territory, is_current, table_rows->>'hp_sig_enaf.enaf_consumption' "
                        "FROM hp_sig_history.refreshes ORDER BY 1")  # fmt: skip
    assert refreshes == [(run_of(1).id, "Pays", False, "4"), (run_of(2).id, "Pays", True, "2")]


def test_a_column_whose_type_changes_is_kept_under_another_name_with_its_history(address):
    code = pd.array(["a"], dtype="str")
    as_text = table_of("t", pd.DataFrame({"key": code, "x": pd.array(["old"], dtype="str"), "n": [1.0]}), ("key",))
    as_number = table_of("t", pd.DataFrame({"key": code, "x": [2.5], "n": pd.array([3], dtype="Int64")}), ("key",))
    publish_postgis(publication_of(1, as_text), address)

    record = publish_postgis(publication_of(2, as_number), address)
    publish_postgis(publication_of(3, as_text), address)
    publish_postgis(publication_of(4, as_number), address)

    assert len(record.warnings) == 2
    assert "the type of x changed; the old column is kept as x_text" in record.warnings[0]
    assert rows_of(address, "SELECT key, x, n, x_text FROM hp_sig_territory.t") == [("a", 2.5, 3.0, None)]
    assert rows_of(address, "SELECT x, x_text, x_double_precision, x_text1 FROM hp_sig_history.t ORDER BY run_id") == [
        (None, "old", None, None), (None, None, 2.5, None), (None, None, None, "old"), (2.5, None, None, None)
    ]  # fmt: skip


def test_a_view_that_others_use_stays_when_its_form_changes_and_one_that_is_renewed_keeps_its_grants(server, address):
    run(server, "postgres", "CREATE ROLE club_of_readers")
    before = consumption({"04001": 1.5}, columns=("x",))
    rows = before.rows.assign(x=pd.array(["new", "new"], dtype="str"))
    after = table_of("enaf_consumption", rows, before.key, theme="enaf", commune="commune_code")
    publish_postgis(publication_of(1, communes("04001"), before), address)
    do(
        address,
        "CREATE VIEW public.mine AS SELECT taken_ha, run_id FROM hp_sig_views.enaf_consumption_communes",
        "GRANT SELECT ON hp_sig_history.enaf_consumption_series TO club_of_readers WITH GRANT OPTION",
    )

    record = publish_postgis(publication_of(2, communes("04001"), after), address)

    assert [one for one in record.warnings if "depend on it" in one] == [
        "hp_sig_views.enaf_consumption_communes: others' views depend on it, so it stays without the new columns."
    ]
    assert rows_of(address, "SELECT taken_ha, run_id FROM public.mine ORDER BY 1") == [
        (2023.5, run_of(2).id), (2024.5, run_of(2).id)
    ]  # fmt: skip
    assert rows_of(address, "SELECT x FROM hp_sig_history.enaf_consumption_series WHERE refresh_is_current") == [
        ("new",), ("new",)
    ]  # fmt: skip
    grant = "SELECT grantee, privilege_type, is_grantable FROM information_schema.role_table_grants "
    assert rows_of(address, grant + "WHERE table_name = 'enaf_consumption_series' AND grantee <> 'postgres'") == [
        ("club_of_readers", "SELECT", "YES")
    ]


def test_a_table_that_names_a_commune_out_of_the_territory_is_not_linked_until_it_does_no_more(address):
    outside = publication_of(2, communes("04001"), consumption({"04001": 1.0, "13001": 2.0}))
    links = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
    counts = []
    publish_postgis(small(1), address)
    counts += rows_of(address, links)

    record = publish_postgis(outside, address)

    counts += rows_of(address, links)
    assert record.unlinked == ("hp_sig_enaf.enaf_consumption",)
    publish_postgis(small(3), address)
    assert [*counts, *rows_of(address, links)] == [(1,), (0,), (1,)]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        do(address, "UPDATE hp_sig_enaf.enaf_consumption SET commune_code = '99999'")


# --- what belongs to others ---------------------------------------------------------------------------------------


def test_what_others_have_put_beside_ours_stays(address):
    publish_postgis(small(1), address)
    do(
        address,
        "ALTER TABLE hp_sig_territory.communes ADD COLUMN remark text",
        "UPDATE hp_sig_territory.communes SET remark = 'vu en mairie' WHERE commune_code = '04001'",
        "CREATE TABLE hp_sig_territory.notes (code text REFERENCES hp_sig_territory.communes ON DELETE CASCADE)",
        "INSERT INTO hp_sig_territory.notes VALUES ('04001')",
        "CREATE VIEW public.mine AS SELECT * FROM hp_sig_views.enaf_consumption_communes",
    )

    record = publish_postgis(
        publication_of(2, communes("04001"), consumption({"04001": 7.0}, columns=("new_ha",))), address
    )

    assert record.warnings == ()
    assert rows_of(address, "SELECT commune_code, remark FROM hp_sig_territory.communes") == [("04001", "vu en mairie")]
    assert rows_of(address, "SELECT code FROM hp_sig_territory.notes") == [("04001",)]
    assert rows_of(address, "SELECT taken_ha FROM public.mine WHERE year = 2023") == [(2030.0,)]
    assert rows_of(address, "SELECT new_ha FROM hp_sig_views.enaf_consumption_communes WHERE year = 2023") == [
        (4060.0,)
    ]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE SCHEMA hp_sig_enaf", "the schema 'hp_sig_enaf' is there already"),
        ("CREATE TABLE hp_sig_projects.more (key text)", "'hp_sig_projects.more' is there already"),
        ("CREATE TABLE hp_sig_history.more (key text)", "'hp_sig_history.more' is there already"),
        ("COMMENT ON VIEW hp_sig_views.enaf_consumption_communes IS 'la mienne'", "is there already"),
    ],
)
def test_nothing_that_is_not_ours_is_written_to(address, statement, told):
    if not statement.startswith("CREATE SCHEMA"):
        publish_postgis(small(1), address)
    do(address, statement)
    before = rows_of(address, "SELECT oid, relname, relnamespace FROM pg_class ORDER BY 1")
    more = table_of("more", pd.DataFrame({"key": pd.array(["b"], dtype="str")}), ("key",), theme="projects")
    wanted = publication_of(2, communes("04001"), consumption({"04001": 1.0}), more)

    with pytest.raises(OutputError, match=told):
        publish_postgis(wanted, address)

    assert rows_of(address, "SELECT oid, relname, relnamespace FROM pg_class ORDER BY 1") == before


def test_worse_figures_do_not_replace_better_ones_unless_accepted(address):
    publish_postgis(small(2), address)
    before = state(address)

    with pytest.raises(OutputError, match="would replace a newer one"):
        publish_postgis(small(1), address)
    with pytest.raises(OutputError, match="figures that are not real"):
        publish_postgis(small(3, notice="Jeu d'essai"), address)
    with pytest.raises(OutputError, match="the territory 'Ailleurs' would replace 'Pays'"):
        publish_postgis(dataclasses.replace(small(3), territory="Ailleurs"), address)

    assert state(address) == before
    assert publish_postgis(small(1), address, options=PostgisOptions(on_replace="accept")).changed
    publish_postgis(dataclasses.replace(small(3), territory="Ailleurs"), address, options=PostgisOptions(prefix="ici_"))
    assert {row[4] for row in state(address)} == {run_of(1).id}


# --- roles --------------------------------------------------------------------------------------------------------


def test_roles_are_made_only_when_asked_and_the_reader_reads_everything_and_writes_nothing(address):
    roles = ("sig_owner", "sig_reader")
    count = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'sig_%'"
    publish_postgis(small(1), address)
    assert rows_of(address, count) == [(0,)]
    assert rows_of(address, "SELECT count(*) FROM pg_class WHERE relacl IS NOT NULL AND "
                   "relnamespace::regnamespace::text LIKE 'hp_sig_%'") == [(0,)]  # fmt: skip

    publish_postgis(small(2), address, options=PostgisOptions(roles=roles))
    more = table_of("more", pd.DataFrame({"key": pd.array(["b"], dtype="str")}), ("key",), theme="projects")
    third = publication_of(3, communes("04001"), consumption({"04001": 7.0}, columns=("new_ha",)), more)
    publish_postgis(third, address)

    owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relkind IN ('r', 'v') AND "
    owners += (
        "relnamespace::regnamespace::text LIKE 'hp_sig_%' UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace "
    )
    assert rows_of(address, owners + "WHERE nspname LIKE 'hp_sig_%'") == [("sig_owner",)]
    relations = rows_of(address, "SELECT table_schema, table_name FROM information_schema.tables "
                        "WHERE table_schema LIKE 'hp_sig_%'")  # fmt: skip
    with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute("SET ROLE sig_reader")
        for relation in relations:
            name = sql.Identifier(*relation)
            connection.execute(sql.SQL("SELECT * FROM {}").format(name))
            with pytest.raises((REFUSED, psycopg.errors.ObjectNotInPrerequisiteState)):
                connection.execute(sql.SQL("DELETE FROM {}").format(name))
        with pytest.raises(REFUSED):
            connection.execute("CREATE TABLE hp_sig_enaf.mine (a integer)")
        with pytest.raises(REFUSED):
            connection.execute("UPDATE hp_sig_enaf.enaf_consumption SET taken_ha = 0")
    assert ("hp_sig_projects", "more") in relations
    assert rows_of(address, "SELECT rolcanlogin FROM pg_roles WHERE rolname LIKE 'sig_%'") == [(False,)] * 2


def test_who_is_no_member_of_the_owner_is_told_what_to_ask_for(server, address, monkeypatch):
    publish_postgis(small(1), address, options=PostgisOptions(roles=("club", "guests")))
    monkeypatch.setenv("PGPASSWORD", SCRIBE_PASSWORD)
    theirs = address.replace("postgres@", f"{SCRIBE}@")

    with pytest.raises(OutputError, match=f'belong to the role club.*GRANT "club" TO "{SCRIBE}"'):
        publish_postgis(small(2), theirs)

    run(server, "postgres", f"GRANT club TO {SCRIBE}")
    assert publish_postgis(small(2), theirs).changed
    with pytest.raises(OutputError, match="roles of groups expected"):
        publish_postgis(small(3), address, options=PostgisOptions(roles=("club", SCRIBE)))


# --- several at the same time -------------------------------------------------------------------------------------


def read_in_a_loop(address: str, level: str, stop: threading.Event, seen: list[set[str]], faults: list[str]) -> None:
    one = "SELECT run_id FROM hp_sig_territory.communes UNION SELECT run_id FROM hp_sig_enaf.enaf_consumption UNION "
    one += "SELECT run_id FROM hp_sig_views.enaf_consumption_communes UNION "
    one += "SELECT run_id FROM hp_sig_history.refreshes WHERE is_current"
    # A prepared SELECT * ends with its table's list of columns, as anywhere in PostgreSQL.
    with contextlib.closing(psycopg.connect(address, prepare_threshold=None)) as connection:
        while not stop.is_set():
            try:
                connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
                first, second = ({row[0] for row in connection.execute(one)} for _ in range(2))
                rows = connection.execute("SELECT * FROM hp_sig_enaf.enaf_consumption").fetchall()
                connection.commit()
            except psycopg.Error as error:
                faults.append(str(error))
                return
            seen += [first, second] if level == "READ COMMITTED" else [first | second]
            if len(rows) != 4:
                faults.append(f"{len(rows)} rows")


def test_two_readers_never_miss_a_table_nor_see_two_runs_at_once(address):
    publish_postgis(small(1), address)
    stop, faults = threading.Event(), []
    seen: dict[str, list[set[str]]] = {"READ COMMITTED": [], "REPEATABLE READ": []}
    readers = [threading.Thread(target=read_in_a_loop, args=(address, one, stop, seen[one], faults)) for one in seen]
    for reader in readers:
        reader.start()

    try:
        for day in range(2, 10):
            # Every second run changes the form of tables and views.
            columns = tuple(f"column_{number}_ha" for number in range(day // 2))
            figures = consumption({"04001": day + 0.5, "04002": 1.5}, columns=columns)
            publish_postgis(publication_of(day, communes("04001", "04002"), figures), address)
    finally:
        stop.set()
        for reader in readers:
            reader.join()

    assert faults == []
    assert {len(runs) for runs in (*seen["READ COMMITTED"], *seen["REPEATABLE READ"])} == {1}
    for runs in seen.values():
        assert len({next(iter(one)) for one in runs}) > 2


def test_a_second_publisher_stops_with_one_line_or_waits(address):
    publish_postgis(small(1), address)
    before = state(address)
    with contextlib.closing(psycopg.connect(address)) as other:
        # As another publication would, midway.
        other.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number("hp_sig_")])

        with pytest.raises(RefreshBusyError, match="another publication to the schemas hp_sig_\\* is running"):
            publish_postgis(small(2), address, options=QUICK)

        assert state(address) == before
        threading.Timer(0.6, other.rollback).start()
        assert publish_postgis(small(2), address, options=dataclasses.replace(QUICK, on_busy="wait")).changed


def lock_number(prefix: str) -> int:
    import hashlib  # noqa: PLC0415 - told apart from the code under test

    return int.from_bytes(hashlib.sha256(b"hp_sig/" + prefix.encode()).digest()[:8], "big", signed=True)


def test_a_reader_who_stays_stops_a_change_of_form_without_making_others_wait(address):
    publish_postgis(small(1), address)
    changed = publication_of(2, communes("04001"), consumption({"04001": 7.0}, columns=("new_ha",)))
    do(address, f"ALTER DATABASE {address.rsplit('/', 1)[1]} SET lock_timeout = '900ms'")
    stop, faults = threading.Event(), []
    with contextlib.closing(psycopg.connect(address)) as reader:
        reader.execute("SELECT * FROM hp_sig_views.enaf_consumption_communes")
        other = threading.Thread(target=read_in_a_loop, args=(address, "READ COMMITTED", stop, [], faults))
        other.start()

        try:
            with pytest.raises(OutputError, match="somebody has been reading them"):
                publish_postgis(changed, address, options=dataclasses.replace(QUICK, wait_seconds=1.5))
        finally:
            stop.set()
            other.join()

        assert faults == []
        # The same form needs no such lock.
        assert publish_postgis(small(2), address, options=QUICK).changed


# --- when it goes wrong -------------------------------------------------------------------------------------------

PUBLISHER = """
import pathlib, pickle, sys
from hp_sig.publish.postgis import publish_postgis
publish_postgis(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()), sys.argv[2])
"""


def test_a_publisher_killed_in_the_middle_leaves_the_old_state_and_nobody_in_the_way(address, tmp_path):
    publish_postgis(small(1), address)
    before = state(address)
    file = tmp_path / "publication.pickle"
    file.write_bytes(pickle.dumps(small(2)))
    with contextlib.closing(psycopg.connect(address)) as holder:
        # The publisher stands still at its last table, when all the others are written.
        holder.execute("LOCK TABLE hp_sig_history.refreshes IN SHARE ROW EXCLUSIVE MODE")
        publisher = subprocess.Popen([sys.executable, "-c", PUBLISHER, file, address])
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE%%'"
        until = time.monotonic() + 20
        while rows_of(address, waiting) != [(1,)] and time.monotonic() < until and publisher.poll() is None:
            time.sleep(0.02)
        assert rows_of(address, waiting) == [(1,)]

        publisher.kill()
        publisher.wait()

        assert state(address) == before
    assert publish_postgis(small(2), address).changed
    assert {row[4] for row in state(address)} == {run_of(2).id}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'", "the server's disk is full"),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "the server ended the connection"),
        ("RETURN NULL", "4 rows expected, found 0"),
    ],
)
def test_a_failure_in_the_middle_is_one_line_and_leaves_the_old_state(address, body, told):
    publish_postgis(small(1), address)
    do(
        address,
        f"CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NEW; END $$",
        "CREATE TRIGGER fail BEFORE INSERT ON hp_sig_enaf.enaf_consumption FOR EACH ROW EXECUTE FUNCTION public.fail()",
    )
    before = state(address)
    wanted = publication_of(2, communes("04001", "04003"), consumption({"04003": 1.0, "04001": 2.0}))

    with pytest.raises(OutputError, match=told) as caught:
        publish_postgis(wanted, address)

    assert "\n" not in str(caught.value)
    assert state(address) == before


def test_a_missing_right_is_told_in_one_line(server, address, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", SCRIBE_PASSWORD)
    publish_postgis(small(1), address)
    run(server, "postgres", "CREATE ROLE visitor LOGIN PASSWORD 'v'")
    monkeypatch.setenv("PGPASSWORD", "v")

    with pytest.raises(OutputError, match="belong to the role postgres, of which visitor is no member"):
        publish_postgis(small(2), address.replace("postgres@", "visitor@"))
    with pytest.raises(OutputError, match=r"a right is missing \(permission denied for database .*\)\. Ask the admin"):
        publish_postgis(small(2), address.replace("postgres@", "visitor@"), options=PostgisOptions(prefix="mine_"))


def test_without_postgis_the_publisher_is_told_what_to_ask_for_or_has_it_created(server):
    bare = fresh_database(server, postgis=False)

    with pytest.raises(OutputError, match="run there: CREATE EXTENSION postgis"):
        publish_postgis(small(1), bare)

    assert rows_of(bare, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'hp_sig_%'") == [(0,)]
    assert publish_postgis(small(1), bare, options=PostgisOptions(extension="create")).changed


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://scribe:{secret}@127.0.0.1:{port}/nowhere",
        "postgresql://scribe:{secret}@nobody.invalid/base",
        "postgresql://scribe:{secret}@nobody..invalid/base",
        "postgresql://scribe:{secret}%zz@127.0.0.1:{port}/base",
        "host=127.0.0.1 port={port} user=scribe password={secret}",
        "host=127.0.0.1 port=1 user=scribe password={secret} dbname=base",
    ],
)
def test_no_message_holds_a_password_that_the_environment_gives(server, monkeypatch, caplog, given):
    secret = "hush-hush-1234"
    monkeypatch.setenv(ADDRESS, given.format(secret=secret, port=server.port))

    with caplog.at_level("DEBUG"), pytest.raises(OutputError) as caught:
        publish_postgis(small(1))

    assert secret not in f"{caught.value}{caught.value.__cause__}{caplog.text}{told_address()}"
    assert "\n" not in str(caught.value)


def test_a_password_is_taken_from_the_environment_and_refused_in_an_address(server, monkeypatch, tmp_path):
    given = fresh_database(server).replace("postgres@", f"{SCRIBE}:{SCRIBE_PASSWORD}@")

    with pytest.raises(SourceError, match="an address without a password expected") as caught, connect(given, what="x"):
        pass

    assert SCRIBE_PASSWORD not in str(caught.value)
    service = tmp_path / "services"
    base = given.rsplit("/", 1)[1]
    service.write_text(
        f"[sig]\nhost=127.0.0.1\nport={server.port}\ndbname={base}\nuser={SCRIBE}\npassword={SCRIBE_PASSWORD}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    monkeypatch.setenv(ADDRESS, given)
    for address in (None, "service=sig"):
        with connect(address, what="x") as connection:
            found = connection.execute("SELECT session_user::text, current_setting('application_name')").fetchone()
        assert found == (SCRIBE, "hp_sig")
    assert told_address("service=sig") == "service sig"
    with pytest.raises(SourceError, match=r'column "\*\*\*" does not exist'), connect(what="x") as connection:
        connection.execute(f'SELECT "{SCRIBE_PASSWORD}"')


def test_no_address_and_no_driver_are_told_with_what_to_do(monkeypatch):
    for name in (ADDRESS, "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(OutputError, match=f"set {ADDRESS} or PGSERVICE"):
        publish_postgis(small(1))

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(OutputError, match=r'pip install "hp-sig\[postgis\]"'):
        publish_postgis(small(1), "service=sig")


@pytest.mark.parametrize("given", ["postgresql://sig:a/b@srv/pays", "postgresql://sig:S3cret@x@srv/pays?port=y"])
def test_an_address_that_a_password_parts_elsewhere_is_not_shown(given):
    with pytest.raises(SourceError, match="not understood") as refused, connect(given, what="test"):
        pass

    assert "srv" not in str(refused.value) + told_address(given)
