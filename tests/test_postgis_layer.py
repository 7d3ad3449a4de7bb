import datetime as dt
import json
import logging
import math
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from postgres import SCRIBE, SCRIBE_PASSWORD, Server, fresh_database, needs_postgres, postgres_server
from squares import CODES, square
from typer.testing import CliRunner

from hp_sig import InputError, Results, check, find_inputs, load_layers, load_territory, plan, refresh
from hp_sig.cli import app
from hp_sig.errors import TerritoryError
from hp_sig.fetching.ground import territory_bounds
from hp_sig.inputs import locate_inputs
from hp_sig.reference.fields import sample_territory_file
from hp_sig.refresh.single import computed
from hp_sig.sources import postgis_layer, postgis_snapshot
from hp_sig.territory.naming import SNAPSHOTS

psycopg = pytest.importorskip("psycopg")
from psycopg import sql  # noqa: E402 - skipped where it is missing

pytestmark = needs_postgres

HA = 10_000.0
#: Files of the six squares → tables of the schema.
TABLES = {
    "communes.gpkg": "communes",
    "pnr.geojson": "parcs",
    "population.csv": "population",
    "stations.csv": "gares",
    "projects.csv": "projets",
}
serial = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as started:
        yield started


@pytest.fixture(scope="module")
def base(server) -> str:
    """Address of a database for the tests of this module, each of which has a schema of its own."""
    return fresh_database(server)


@pytest.fixture
def database(base, monkeypatch) -> str:
    monkeypatch.setenv("HP_SIG_DATABASE", base)
    return base


@pytest.fixture
def schema(database) -> str:
    name = f"pays_{next(serial)}"
    run(database, f"CREATE SCHEMA {name}")
    return name


def run(address: str, *statements: str | sql.Composed) -> None:
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)


def put(address: str, schema: str, table: str, rows: pd.DataFrame, *, key: str | None = None) -> None:
    """Write rows as a table, a geometry as the text of its WKB."""
    shapes = rows.geometry if isinstance(rows, gpd.GeoDataFrame) else None
    plain = rows if shapes is None else pd.DataFrame(rows.drop(columns=shapes.name))
    types = {name: "bigint" if pd.api.types.is_integer_dtype(plain[name]) else "text" for name in plain}
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types.items()]
    marks = ["%s"] * len(types)
    values = [list(plain[name].astype(object).where(plain[name].notna(), None)) for name in plain]
    if shapes is not None:
        srid = shapes.crs.to_epsg() if shapes.crs else 0
        columns.append(sql.SQL(f"geom geometry(Geometry, {srid})"))
        marks.append(f"ST_GeomFromWKB(%s, {srid})")
        values.append([None if shape is None else shapely.to_wkb(shape) for shape in shapes])
    if key:
        columns.append(sql.SQL("PRIMARY KEY ({})").format(sql.Identifier(key)))
    place = sql.Identifier(schema, table)
    with closing(psycopg.connect(address, autocommit=True)) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(place, sql.SQL(", ").join(columns)))
        connection.cursor().executemany(
            sql.SQL("INSERT INTO {} VALUES ({})").format(place, sql.SQL(", ".join(marks))), zip(*values, strict=True)
        )


def put_squares(address: str, schema: str, raw: Path) -> None:
    """Write the layers of the six squares as tables; the stations and the sites get points of a geometry."""
    put(address, schema, "communes", gpd.read_file(raw / "communes.gpkg"), key="INSEE_COM")
    put(address, schema, "parcs", gpd.read_file(raw / "pnr.geojson").to_crs(2154))
    for file in ("population.csv", "stations.csv", "projects.csv"):
        rows = pd.read_csv(raw / file, dtype=str)
        if "lon" in rows:
            points = gpd.points_from_xy(rows["lon"].astype(float), rows["lat"].astype(float))
            rows = gpd.GeoDataFrame(rows, geometry=points, crs=4326).drop(columns=["lon", "lat"])
            rows["geometry"] = rows.geometry.where(~rows.geometry.is_empty, None)
        # Projects are told in the order of their key.
        key = "rank" if file == "projects.csv" else None
        put(address, schema, TABLES[file], rows.assign(rank=range(len(rows))) if key else rows, key=key)


def naming(territory_file: Path, schema: str, *files: str, extra: str = "") -> Path:
    """Have the territory file name tables of a schema in place of its files, those given or all of them."""
    text = territory_file.read_text(encoding="utf-8")
    for file in files or TABLES:
        text = text.replace(f'file = "{file}"', f'file = "postgis:{schema}.{TABLES[file]}"{extra}')
    territory_file.write_text(text, encoding="utf-8")
    return territory_file


def with_zone(territory_file: Path, file: str, *lines: str, name: str = "zone") -> Path:
    """Add a layer of perimeters from a table."""
    words = ['vintage = "2026"', 'producer = "Pays"', 'source = "SIG"', 'licence = "Licence Ouverte 2.0"', *lines]
    if not any(line.startswith("fields") for line in lines):
        words.append('fields = { zone_code = "code" }')
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write(f'\n[[zones]]\nid = "{name}"\nlabel = "{name}"\nkind = "perimeter"\n')
        stream.write("\n".join([f"file = {json.dumps(file)}", *words]) + "\n")
    return territory_file


def zones_of(territory_file: Path, raw: Path) -> gpd.GeoDataFrame:
    territory = load_territory(territory_file)
    return load_layers(territory, find_inputs(territory, raw)).zones["zone"].zones


def fault_of(territory_file: Path, raw: Path) -> str:
    """Give the one fault that is found with the tables of a territory, in one line."""
    _, errors = locate_inputs(load_territory(territory_file), raw)
    assert len(errors) == 1
    (fault,) = errors[0].faults
    assert "\n" not in fault
    return f"{errors[0].path}: {fault}"


def snapshots(raw: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((raw / SNAPSHOTS).glob("*"))}


def park_hectares(results: Results) -> float:
    """Give the hectares of B (04002) that are in park P."""
    overlaps = results.overlaps
    shared = overlaps[(overlaps["zone_code"] == "04002") & (overlaps["other_code"] == "FR8000001")]
    return shared["overlap_ha"].item()


# --- the same figures, and those of a correction ----------------------------------------------------------------


def test_tables_give_the_codes_and_areas_of_the_files_and_a_correction_changes_what_it_says(
    database, schema, raw, territory_file, tmp_path
):
    out = tmp_path / "out"
    _, from_files = computed(territory_file, raw, None)
    put_squares(database, schema, raw)
    naming(territory_file, schema)
    for file in TABLES:
        (raw / file).unlink()

    first = refresh(territory_file, raw=raw, out=out)
    again = plan(territory_file, raw=raw, out=out)

    for name, table in from_files.tables().items():
        pd.testing.assert_frame_equal(first.results.tables()[name], table, rtol=1e-9, atol=1e-9)
    told = {item["name"]: item for item in first.manifest["inputs"]}
    assert told["pnr"]["retrieved"] == dt.datetime.now().astimezone().date().isoformat()
    assert told["pnr"]["vintage"] == "2021"
    assert str(raw) not in json.dumps(first.manifest["inputs"])
    assert again.reasons == ()

    # Park P reached 1.4 km to the east: 40 ha of B (04002), 1 km wide. Now 1.3 km: 30 ha. And A (04001) has 11 people.
    run(
        database,
        f"UPDATE {schema}.parcs SET geom = ST_MakeEnvelope(895000, 6295000, 901300, 6307000, 2154) "
        "WHERE \"DRGP_C_COD\" = 'FR8000001'",
        f"UPDATE {schema}.population SET \"2021\" = '11' WHERE commune_code = '04001'",
    )
    reasons = plan(territory_file, raw=raw, out=out).reasons
    _, corrected = computed(territory_file, raw, None)

    assert sorted(reasons) == ["pnr changed", "population changed"]
    assert park_hectares(first.results) == pytest.approx(40, abs=1e-6)
    assert park_hectares(corrected) == pytest.approx(30, abs=1e-6)
    assert list(corrected.communes["population"]) == [11, 20, 30, 40, 50, 60]


def test_rows_that_were_only_written_again_are_no_change(database, schema, raw, territory_file):
    put_squares(database, schema, raw)
    territory = load_territory(naming(territory_file, schema))
    before = [item.sha256 for item in find_inputs(territory, raw)]
    kept = {path: path.stat().st_mtime_ns for path in (raw / SNAPSHOTS).iterdir()}
    for table, column in (("communes", '"NOM_COM"'), ("parcs", '"DRGP_L_LIB"'), ("population", '"2021"')):
        # Each row is written anew, the last ones first.
        run(
            database,
            f"CREATE TEMP TABLE held AS SELECT * FROM {schema}.{table}; DELETE FROM {schema}.{table}; "
            f"INSERT INTO {schema}.{table} SELECT * FROM held ORDER BY {column} DESC",
        )

    after = [item.sha256 for item in find_inputs(territory, raw)]

    assert after == before
    assert {path: path.stat().st_mtime_ns for path in (raw / SNAPSHOTS).iterdir()} == kept


def test_a_change_that_is_taken_back_gives_the_first_file_again(database, schema, raw, territory_file):
    put_squares(database, schema, raw)
    territory = load_territory(naming(territory_file, schema))
    change = f"UPDATE {schema}.communes SET \"NOM_COM\" = '%s' WHERE \"INSEE_COM\" = '04001'"

    hashes = []
    for name in ("A", "Autre", "A"):
        run(database, change % name)
        hashes.append({item.name: item.sha256 for item in find_inputs(territory, raw)}["communes"])

    assert hashes[0] == hashes[2] != hashes[1]


def test_a_snapshot_that_was_altered_or_cut_is_written_again(database, schema, raw, territory_file):
    put_squares(database, schema, raw)
    territory = load_territory(naming(territory_file, schema))
    find_inputs(territory, raw)
    whole = snapshots(raw)
    for name in ("population.csv", "communes.json", "pnr.gpkg"):
        (raw / SNAPSHOTS / name).write_bytes(whole[name][:-7])
    (raw / SNAPSHOTS / "projects.gpkg").unlink()

    find_inputs(territory, raw)

    assert snapshots(raw) == whole
    assert set(whole) == {
        *("communes.gpkg", "pnr.gpkg", "stations.gpkg", "projects.gpkg", "population.csv"),
        *(f"{name}.json" for name in ("communes", "pnr", "stations", "projects", "population")),
    }


def test_tables_are_all_read_at_one_moment(database, schema, raw, territory_file, monkeypatch):
    put_squares(database, schema, raw)
    territory = load_territory(naming(territory_file, schema))
    read = postgis_snapshot.table_content

    def changed_meanwhile(connection, asked):
        found = read(connection, asked)
        # Whoever is read first, both tables change in one transaction before the next one is.
        change = f"UPDATE {schema}.communes SET \"NOM_COM\" = 'new'; UPDATE {schema}.population SET \"2021\" = '0'"
        run(database, change)
        return found

    monkeypatch.setattr(postgis_snapshot, "table_content", changed_meanwhile)

    names = [item.name for item in find_inputs(territory, raw)]

    assert names.index("communes") < names.index("population")
    assert b"04001,10\n" in snapshots(raw)["population.csv"].replace(b";", b",")
    assert b"new" not in snapshots(raw)["communes.gpkg"]


# --- which tables ----------------------------------------------------------------------------------------------


def test_views_materialised_views_and_foreign_tables_are_read_like_tables(database, schema, raw, territory_file, base):
    put_squares(database, schema, raw)
    port, name = re.search(r":(\d+)/(\w+)", base).groups()
    run(
        database,
        f"ALTER TABLE {schema}.communes RENAME TO drawn",
        f"CREATE VIEW {schema}.communes AS SELECT * FROM {schema}.drawn WHERE true",
        f"ALTER TABLE {schema}.population RENAME TO counted",
        f"CREATE MATERIALIZED VIEW {schema}.population AS SELECT * FROM {schema}.counted",
        "CREATE EXTENSION IF NOT EXISTS postgres_fdw",
        f"CREATE SERVER s_{schema} FOREIGN DATA WRAPPER postgres_fdw "
        f"OPTIONS (host '127.0.0.1', port '{port}', dbname '{name}')",
        f"CREATE USER MAPPING FOR CURRENT_USER SERVER s_{schema} OPTIONS (user 'postgres', password_required 'false')",
        f"ALTER TABLE {schema}.parcs RENAME TO far",
        f'CREATE FOREIGN TABLE {schema}.parcs ("DRGP_C_COD" text, "DRGP_L_LIB" text, geom geometry(Geometry, 2154)) '
        f"SERVER s_{schema} OPTIONS (schema_name '{schema}', table_name 'far')",
    )
    naming(territory_file, schema, "communes.gpkg", "population.csv", "pnr.geojson")

    layers = check(territory_file, raw=raw)

    assert list(layers.communes.geometry.area / HA) == pytest.approx([100] * 6, abs=1e-6)
    assert list(layers.population[2021]) == [10, 20, 30, 40, 50, 60]
    assert list(layers.zones["pnr"].zones.index) == ["FR8000001", "FR8000002"]


def test_hostile_names_are_names(database, raw, territory_file):
    schema, table, column = 'a.b "c"', "zones'); DROP SCHEMA public CASCADE; --", "x\"; 'é%s%%;;;,|"
    run(database, sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    drawn = gpd.GeoDataFrame({"code": ["Z"], "fid": ["seven"], column: ["'); --"]}, geometry=[square(0, 0)], crs=2154)
    put(database, schema, table, drawn, key=column)
    people = pd.DataFrame({"commune_code": list(CODES.values()), column: [str(10 * rank) for rank in range(6)]})
    put(database, schema, "pop;ul;ation", people.assign(year="2021"))
    place = 'postgis:"a.b ""c"""'
    text = territory_file.read_text(encoding="utf-8")
    text = text.replace('"population.csv"', json.dumps(f"{place}.pop;ul;ation"))
    column_named = json.dumps(column, ensure_ascii=False)
    text = text.replace("year = 2021", f"year = 2021\nfields = {{ population = {column_named} }}")
    territory_file.write_text(text, encoding="utf-8")
    with_zone(territory_file, f'{place}."{table}"', f'fields = {{ zone_code = "code", name = {column_named} }}')

    layers = check(territory_file, raw=raw)

    assert list(layers.zones["zone"].zones["name"]) == ["'); --"]
    assert list(layers.population[2021]) == [0, 10, 20, 30, 40, 50]
    with closing(sqlite3.connect(raw / SNAPSHOTS / "zone.gpkg")) as snapshot:
        assert snapshot.execute(f'SELECT fid FROM "{table}"').fetchall() == [("seven",)]


def test_values_keep_what_they_are(database, schema, raw, territory_file):
    run(
        database,
        f"""CREATE TABLE {schema}.projets (project_id text, name text, scale text, whole integer, large numeric,
            exact numeric(6, 2), half real, yes boolean, day date, moment timestamptz, id uuid, list text[], more jsonb,
            bytes bytea, other geometry(Point, 2154), geom geometry(Point, 2154))""",
        f"""INSERT INTO {schema}.projets VALUES
            ('p1', 'Été; « à »', 'pays', 1, 200034700123456789, 12.50, 0.1, true, '2026-02-28',
             '2026-02-28 12:00+02', '00000000-0000-0000-0000-00000000000a', '{{a,"b c"}}', '{{"k": [1, null]}}',
             '\\x00', NULL, NULL),
            ('p2', '', 'pays', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    )
    naming(territory_file, schema, "projects.csv", extra='\nlayer = "geom"')

    path = {item.name: item.path for item in find_inputs(load_territory(territory_file), raw)}["projects"]

    full, bare = gpd.read_file(path, layer="geom").drop(columns="geometry").astype(object).to_dict("records")
    assert full == {
        **{"project_id": "p1", "name": "Été; « à »", "scale": "pays", "whole": 1, "large": "200034700123456789"},
        **{"exact": 12.5, "half": 0.1, "yes": 1, "day": "2026-02-28", "moment": "2026-02-28 10:00:00+00"},
        **{"id": "00000000-0000-0000-0000-00000000000a", "list": '{a,"b c"}', "more": '{"k": [1, null]}'},
    }
    assert [name for name, value in bare.items() if not pd.isna(value)] == ["project_id", "name", "scale"]
    assert bare["name"] == ""


def test_curves_become_lines_and_heights_are_dropped(database, schema, raw, territory_file):
    run(
        database,
        f"CREATE TABLE {schema}.zones (code text, name text, geom geometry(GeometryZ, 2154))",
        f"INSERT INTO {schema}.zones VALUES ('disc', 'Disque', ST_GeomFromText("
        "'CURVEPOLYGON Z (CIRCULARSTRING Z (900400 6300500 7, 900600 6300500 7, 900400 6300500 7))', 2154))",
    )

    (disc,) = zones_of(with_zone(territory_file, f"postgis:{schema}.zones"), raw).geometry

    # About a regular polygon of 4 × 32 sides (the default of ST_CurveToLine) in a circle of 100 m: n/2 r² sin(2π/n).
    assert disc.area == pytest.approx(64 * 100**2 * math.sin(2 * math.pi / 128), rel=1e-4)
    assert not disc.has_z


def test_one_of_several_geometries_is_chosen_by_its_name(database, schema, raw, territory_file):
    put(database, schema, "zones", gpd.GeoDataFrame({"code": ["Z"], "name": ["Z"]}, geometry=[square(0, 0)], crs=2154))
    run(
        database,
        f"ALTER TABLE {schema}.zones ADD half geometry(Polygon, 4326)",
        f"UPDATE {schema}.zones SET half = ST_Transform(ST_MakeEnvelope(900000, 6300000, 900500, 6301000, 2154), 4326)",
    )
    before = territory_file.read_text(encoding="utf-8")

    fault = fault_of(with_zone(territory_file, f"postgis:{schema}.zones"), raw)
    territory_file.write_text(before, encoding="utf-8")
    chosen = zones_of(with_zone(territory_file, f"postgis:{schema}.zones", 'layer = "half"'), raw)

    assert fault == (
        f"postgis:{schema}.zones: has 2 geometry columns ('geom', 'half'). Name the one to use with « layer = … »."
    )
    assert chosen.geometry.area.item() / HA == pytest.approx(50, abs=1e-3)


def test_a_table_that_a_publication_writes_is_read_and_told(database, schema, raw, territory_file, caplog):
    put_squares(database, schema, raw)
    run(database, f"COMMENT ON TABLE {schema}.communes IS 'Communes [hp_sig]'")

    find_inputs(load_territory(naming(territory_file, schema)), raw)

    told = [record.getMessage() for record in caplog.records if "hp_sig publishes" in record.getMessage()]
    assert [line.partition(": hp_sig")[0] for line in told] == [f"postgis:{schema}.communes"]


def test_a_geometry_without_coordinate_system_has_the_one_that_the_territory_file_says(
    database, schema, raw, territory_file
):
    put(database, schema, "zones", gpd.GeoDataFrame({"code": ["Z"], "name": ["Z"]}, geometry=[square(0, 0)]))
    before = territory_file.read_text(encoding="utf-8")

    with pytest.raises(InputError, match="states no coordinate system"):
        zones_of(with_zone(territory_file, f"postgis:{schema}.zones"), raw)
    territory_file.write_text(before, encoding="utf-8")
    said = zones_of(with_zone(territory_file, f"postgis:{schema}.zones", 'crs = "EPSG:2154"'), raw)

    assert said.geometry.area.item() / HA == pytest.approx(100)


# --- what goes wrong ---------------------------------------------------------------------------------------------

BAD_TABLES = {
    "no_schema": ("zones_dessinees", "found no table in a schema 'payss' of the database. Did you mean "),
    "near": ("Zones_dessinee", "found no table 'Zones_dessinee' in the schema 'fautes' of the database. Did "),
    "no_geometry": ("plain", "has no geometry column, and the layer needs one. Name the table that has it."),
    "capitals": ("capitals", "columns that differ only by their capitals: 'Code', 'code'. Rename one, or name a view"),
    "systems": ("systems", "its geometries are in several coordinate systems (SRID 2154, 4326). Bring them to one"),
    "system": ("system", "the SRID 990001 is not in spatial_ref_sys. Correct it"),
    "surface": ("surface", "holds triangles, surfaces in space or other geometries than points, lines and polygons"),
    "broken_view": ("broken", "cannot be read (division by zero). Correct it, or ask the administrator"),
    "locked": ("locked", "somebody is changing its structure and holds it. Run again when they have ended."),
}


@pytest.fixture(scope="module")
def bad_tables(base) -> str:
    """A schema of tables with a fault each."""
    schema = "fautes"
    row = f"CREATE TABLE {schema}.%s AS SELECT 'Z' AS code, 'Z' AS name, %s AS geom"
    point = "ST_SetSRID(ST_MakePoint(0, 0), %d)"
    run(
        base,
        f"CREATE SCHEMA {schema}",
        row % ("zones_dessinees", point % 2154),
        row % ("plain", "1"),
        f"CREATE TABLE {schema}.capitals AS SELECT 'Z' AS \"Code\", 'Z' AS code, {point % 2154} AS geom",
        row % ("systems", point % 2154),
        f"INSERT INTO {schema}.systems VALUES ('Y', 'Y', {point % 4326})",
        row % ("system", point % 990001),
        row % ("surface", "ST_GeomFromText('TIN (((0 0, 1 0, 0 1, 0 0)))', 2154)"),
        row % ("locked", point % 2154),
        f"CREATE VIEW {schema}.broken AS SELECT 'Z' AS code, (1 / (random() * 0)::int)::text AS name, "
        f"{point % 2154} AS geom",
    )
    return schema


def test_each_table_that_cannot_be_read_is_told_in_one_line(database, bad_tables, raw, territory_file, monkeypatch):
    files = {}
    for case, (table, _) in BAD_TABLES.items():
        files[case] = f"postgis:{'payss' if case == 'no_schema' else bad_tables}.{table}"
        with_zone(territory_file, files[case], name=case)
    with_zone(territory_file, f"postgis:{bad_tables}.zones_dessinees", name="good")
    monkeypatch.setitem(postgis_layer.SETTINGS, "lock_timeout", "100ms")
    with closing(psycopg.connect(database)) as other:
        other.execute(f"LOCK TABLE {bad_tables}.locked IN ACCESS EXCLUSIVE MODE")

        found, errors = locate_inputs(load_territory(territory_file), raw)

    told = dict(zip(BAD_TABLES, errors, strict=True))
    for case, (_, expected) in BAD_TABLES.items():
        assert str(told[case].path) == files[case]
        (fault,) = told[case].faults
        assert fault.startswith(expected)
        assert "\n" not in fault
    assert "Did you mean postgis:fautes.zones_dessinees?" in told["near"].faults[0]
    assert "Did you mean postgis:fautes.zones_dessinees?" in told["no_schema"].faults[0]
    # What is wrong with one table hides nothing of the others, nor the files that are there.
    assert {"good", "projects"} <= {item.name for item in found}


def test_who_may_not_read_a_table_is_told_which_right_is_missing(
    database, schema, raw, territory_file, monkeypatch, caplog
):
    put_squares(database, schema, raw)
    place = database.rpartition("@")[2]
    secret = f"postgresql://{SCRIBE}:{SCRIBE_PASSWORD}@{place}"
    monkeypatch.setenv("HP_SIG_DATABASE", secret)
    naming(territory_file, schema, "communes.gpkg")
    caplog.set_level(logging.DEBUG)

    before = fault_of(territory_file, raw)
    run(database, f"GRANT USAGE ON SCHEMA {schema} TO {SCRIBE}", f"GRANT SELECT ON {schema}.communes TO {SCRIBE}")
    find_inputs(load_territory(territory_file), raw)
    monkeypatch.setenv("HP_SIG_DATABASE", secret.replace(SCRIBE_PASSWORD, "wr0ng-one"))
    refused = fault_of(territory_file, raw)

    assert before == (
        f"postgis:{schema}.communes: the role 'scribe' has no right to read it. Ask its owner for it: GRANT USAGE ON "
        "SCHEMA and GRANT SELECT ON TABLE."
    )
    assert "password authentication failed" in refused
    written = b"".join(snapshots(raw).values()).decode("latin-1")
    told = "".join([before, refused, written, caplog.text])
    assert f"postgresql://{SCRIBE}@{place}" in written
    assert [word for word in (SCRIBE_PASSWORD, "wr0ng-one") if word in told] == []


def test_a_database_that_is_not_reached_is_told_and_nothing_older_is_taken(
    database, schema, raw, territory_file, monkeypatch
):
    put_squares(database, schema, raw)
    territory = load_territory(naming(territory_file, schema))
    find_inputs(territory, raw)
    monkeypatch.setenv("HP_SIG_DATABASE", "postgresql://postgres@127.0.0.1:1/gone")

    unreached = fault_of(territory_file, raw)
    monkeypatch.delenv("HP_SIG_DATABASE")
    unknown = fault_of(territory_file, raw)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    not_installed = fault_of(territory_file, raw)

    begin = f"{territory_file}: layers communes, pnr, population, stations, projects: "
    end = "What was read of the database earlier is not used: it may be out of date."
    for told in (unreached, unknown, not_installed):
        assert told.startswith(begin)
        assert told.endswith(end)
    assert "postgresql://postgres@127.0.0.1:1/gone cannot be reached" in unreached
    assert "the address of the database expected, found none" in unknown
    assert 'pip install "hp-sig[postgis]"' in not_installed


def test_the_database_of_the_territory_file_comes_first(database, schema, raw, territory_file, monkeypatch):
    put_squares(database, schema, raw)
    naming(territory_file, schema, "communes.gpkg")
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write(f'\n[publish]\ndatabase = "{database}"\n')
    monkeypatch.setenv("HP_SIG_DATABASE", "postgresql://postgres@127.0.0.1:1/gone")

    assert [item.name for item in find_inputs(load_territory(territory_file), raw)][1] == "communes"


def test_an_optional_layer_whose_table_is_absent_is_left_out(schema, raw, territory_file):
    naming(territory_file, schema, "stations.csv", extra="\noptional = true")

    names = [item.name for item in find_inputs(load_territory(territory_file), raw)]

    assert "projects" in names
    assert "stations" not in names


def test_an_empty_table_is_told_by_the_reader_of_the_layer(database, schema, raw, territory_file):
    put_squares(database, schema, raw)
    run(database, f"DELETE FROM {schema}.communes", f"DELETE FROM {schema}.population")
    naming(territory_file, schema)

    with pytest.raises(InputError) as caught:
        check(territory_file, raw=raw)

    assert re.findall(r"the layer 'communes' has no feature|found only a header", str(caught.value)) == [
        "the layer 'communes' has no feature",
        "found only a header",
    ]


def test_a_folder_where_nothing_may_be_kept_is_told(database, schema, raw, territory_file):
    put_squares(database, schema, raw)
    naming(territory_file, schema, "communes.gpkg")
    (raw / ".hp_sig").write_text("a file in the way", encoding="utf-8")

    in_the_way = fault_of(territory_file, raw)
    with pytest.raises(InputError, match="is a folder of the package, where no table of the database is kept"):
        check(territory_file, raw=sample_territory_file().parent)

    assert "cannot be kept for the run" in in_the_way
    assert in_the_way.endswith("Give a folder of raw files that may be written.")


@pytest.mark.parametrize(
    ("file", "lines", "expected"),
    [
        ("postgis:communes", [], "a schema and a table expected, such as postgis:urbanisme.projets"),
        ('postgis:"pays.communes', [], "a schema and a table expected, such as postgis:urbanisme.projets"),
        ("postgis:pays.communes", ['fetch = "communes"'], r"from the database \(postgis:\) or from its producer"),
    ],
)
def test_a_territory_file_that_names_no_table_or_fetches_it_is_refused(file, lines, expected, territory_file):
    with_zone(territory_file, file, *lines)

    with pytest.raises(TerritoryError, match=expected):
        load_territory(territory_file)


# --- the commands -----------------------------------------------------------------------------------------------


def test_the_commands_read_tables_and_a_dry_run_writes_no_result(database, schema, raw, territory_file, tmp_path):
    put_squares(database, schema, raw)
    naming(territory_file, schema)
    options = ["--territory", str(territory_file), "--raw", str(raw)]

    dry = CliRunner().invoke(app, ["refresh", "--dry-run", *options, "--out", str(tmp_path / "out")])
    checked = CliRunner().invoke(app, ["check", *options])

    assert (dry.exit_code, checked.exit_code) == (0, 0), dry.output + checked.output
    assert not (tmp_path / "out").exists()
    assert f"postgis:{schema}.communes" in checked.output
    # A fetch that asks for what lies within the communes knows where they are.
    bounds = territory_bounds(load_territory(territory_file), raw)
    assert bounds == pytest.approx((900_000, 6_300_000, 903_000, 6_302_000))
