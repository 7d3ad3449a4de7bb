import datetime as dt
import hashlib
import html.parser
import importlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from pandas.testing import assert_frame_equal
from squares import HUB_PAGES, MAPS, OTHER_SHEETS, PLANNED_SHEETS, PROJECT_TABLES

from hp_sig import HpSigError, InputError, OutputError, RefreshResult, check, load_territory, plan, refresh

#: `hp_sig.refresh` is the function; its module goes by the same name.
REFRESH = importlib.import_module("hp_sig.refresh")

NOTICE = (
    "Jeu d'essai : contours schématiques, occupation du sol, consommation et routes fictives, "
    "ne pas utiliser pour une décision"
)
TABLES = ("overlaps", "communes", "zones", "membership_changes", "scot_coverage", *PROJECT_TABLES)
#: What the layers of the sample allow: it has no planning zones and no other survey.
#: Its projects are hubs on a network, and their stations have passengers.
SAMPLE_TABLES = (
    *("land_stock", "land_classes", "land_flow", "land_transition", "land_shape"),
    *("enaf_consumption", "enaf_ratios", "trajectory", "triennial", "ridership"),
    *("catchments", "catchment_places", "catchment_land", "catchment_overlaps"),
)
SAMPLE_HUBS = {
    f"poles/{kind}-{hub}.html" for kind in ("fiche", "carte") for hub in ("pem-la-brillanne", "pem-manosque")
}
MANIFEST = "manifest.json"
GIS = ("territoire.gpkg", "territoire.qgz", "territoire.xml", "territoire.jsonld", "territoire.rdf")
PLANNED = {*(f"{name}.csv" for name in TABLES), *GIS, *MAPS, *PLANNED_SHEETS, "index.html"}
#: What the sample also asks for.
SAMPLE_PUBLICATIONS = {
    "territoire.xlsx",
    *(
        f"rapports/rapport-triennal-{zone}{suffix}"
        for zone in ("territoire-pays-de-haute-provence", "04112-manosque")
        for suffix in (".docx", ".html")
    ),
}
#: Tables of a GeoPackage that tell of the others.
TOLD = {"layer_styles", "run", "sources", "dictionary"}
LATER = (*HUB_PAGES, *OTHER_SHEETS)
OUTPUTS = PLANNED | set(LATER)
FILES = OUTPUTS | {MANIFEST}
INPUTS = ("territory", "communes", "epci_2015", "epci_2017", "scot_2018", "pnr", "population", "stations", "projects")

Job = Callable[..., RefreshResult]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read(path: Path) -> pd.DataFrame:
    codes = ("_code", "_before", "_after", "epci_2015", "epci_2017", "without_scot", "status_unknown", "in_progress")
    header = pd.read_csv(path, nrows=0).columns
    return pd.read_csv(path, dtype={column: "str" for column in header if column.endswith(codes)})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def job(raw: Path, territory_file: Path, out: Path) -> Job:
    return partial(refresh, territory_file, raw=raw, out=out)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture
def good(job: Job, raw: Path, territory_file: Path, out: Path, shelf: Path) -> dict[str, bytes]:
    # Good results are made once: inputs and results are copied together, and a copy has the same hash.
    if (shelf / "out").exists():
        shutil.copytree(shelf / "raw", raw, dirs_exist_ok=True)
        shutil.copy(shelf / territory_file.name, territory_file)
        shutil.copytree(shelf / "out", out)
    else:
        job()
        for folder in (raw, out):
            shutil.copytree(folder, shelf / folder.name)
        shutil.copy(territory_file, shelf)
    return contents(out)


# --- the figures ------------------------------------------------------------------------------------------------


def test_overlaps_give_hectares_shares_and_widths_of_every_pair(good, out):
    # Parks: P is 6.4 by 12 km, Q 6 by 12 km. Pieces: area and perimeter in km, drawn on squared paper.
    park_ha = {"FR8000001": 6.4 * 12 * 100, "FR8000002": 6 * 12 * 100}
    p, q = "FR8000001", "FR8000002"
    pieces = [
        ("communes", "04001", "A", p, 100, 1.0, 4.0, "inside"),
        ("communes", "04002", "B", p, 100, 0.4, 2.8, "partial"),
        ("communes", "04003", "C", q, 100, 0.1, 2.2, "sliver"),
        ("communes", "04004", "D", p, 100, 1.0, 4.0, "inside"),
        ("communes", "04005", "E", p, 100, 0.4, 2.8, "partial"),
        ("communes", "83006", "F", q, 100, 0.1, 2.2, "sliver"),
        ("epci_2015", "200000001", "EPCI 1", p, 300, 2.4, 6.8, "partial"),
        ("epci_2015", "200000002", "EPCI 2", p, 300, 0.4, 2.8, "partial"),
        ("epci_2015", "200000002", "EPCI 2", q, 300, 0.2, 4.2, "sliver"),
        ("epci_2017", "200000001", "EPCI 1", p, 200, 2.0, 6.0, "inside"),
        ("epci_2017", "200000002", "EPCI 2", p, 400, 0.8, 4.8, "partial"),
        ("epci_2017", "200000002", "EPCI 2", q, 400, 0.2, 4.2, "sliver"),
        ("scot_2018", "S1", "SCoT 1", p, 200, 1.4, 4.8, "partial"),
        ("scot_2018", "S2", "SCoT 2", q, 100, 0.1, 2.2, "sliver"),
        ("territory", "territory", "Six carrés", p, 600, 2.8, 6.8, "partial"),
        ("territory", "territory", "Six carrés", q, 600, 0.2, 4.2, "sliver"),
    ]
    expected = pd.DataFrame(
        [
            {
                "zone_layer": layer,
                "zone_code": code,
                "zone_name": name,
                "other_layer": "pnr",
                "other_code": park,
                "other_name": {p: "Parc P", q: "Parc Q"}[park],
                "overlap_ha": round(100 * km2, 4),
                "share_of_zone": round(100 * km2 / zone_ha, 6),
                "share_of_other": round(100 * km2 / park_ha[park], 6),
                "mean_width_m": round(1000 * 2 * km2 / perimeter_km, 2),
                "relation": relation,
            }
            for layer, code, name, park, zone_ha, km2, perimeter_km, relation in pieces
        ]
    )

    assert set(good) == FILES
    assert_frame_equal(read(out / "overlaps.csv"), expected)


@pytest.mark.usefixtures("good")
def test_communes_give_area_population_and_the_zone_of_each_layer(out):
    first, second = "200000001", "200000002"
    expected = pd.DataFrame(
        {
            "commune_code": ["04001", "04002", "04003", "04004", "04005", "83006"],
            "name": list("ABCDEF"),
            "departement_code": ["04"] * 5 + ["83"],
            "area_ha": [100.0] * 6,
            "population": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
            "population_year": [2021] * 6,
            "epci_2015": [first, first, second, first, second, second],
            "epci_2015_name": ["EPCI 1", "EPCI 1", "EPCI 2", "EPCI 1", "EPCI 2", "EPCI 2"],
            "epci_2017": [first, second, second, first, second, second],
            "epci_2017_name": ["EPCI 1", "EPCI 2", "EPCI 2", "EPCI 1", "EPCI 2", "EPCI 2"],
            "scot_2018": ["S1", "S1", "S2", None, None, None],
            "scot_2018_name": ["SCoT 1", "SCoT 1", "SCoT 2", None, None, None],
            # Q only touches C and F by a sliver: they are in no park.
            "pnr": ["FR8000001", "FR8000001", None, "FR8000001", "FR8000001", None],
            "pnr_name": ["Parc P", "Parc P", None, "Parc P", "Parc P", None],
            "pnr_relation": ["inside", "partial", None, "inside", "partial", None],
            "scot_status": ["approved", "approved", "in_progress", "unknown", "unknown", "unknown"],
        }
    )

    assert_frame_equal(read(out / "communes.csv"), expected)


@pytest.mark.usefixtures("good")
def test_zones_sum_their_communes(out):
    rows = [
        ("territory", "territory", "Six carrés", 6, None, 600.0, 10 + 20 + 30 + 40 + 50 + 60),
        ("epci_2015", "200000001", "EPCI 1", 3, 3, 300.0, 10 + 20 + 40),
        ("epci_2015", "200000002", "EPCI 2", 3, 3, 300.0, 30 + 50 + 60),
        ("epci_2017", "200000001", "EPCI 1", 2, 2, 200.0, 10 + 40),
        ("epci_2017", "200000002", "EPCI 2", 4, 4, 400.0, 20 + 30 + 50 + 60),
        ("scot_2018", "S1", "SCoT 1", 2, 2, 200.0, 10 + 20),
        ("scot_2018", "S2", "SCoT 2", 1, 1, 100.0, 30),
        # A park has the communes that lie inside it: A and D.
        ("pnr", "FR8000001", "Parc P", 2, None, 200.0, 10 + 40),
        # Q has none, and is there all the same.
        ("pnr", "FR8000002", "Parc Q", 0, None, 0.0, 0),
    ]
    columns = ["zone_layer", "zone_code", "zone_name", "commune_count", "commune_total", "area_ha", "population"]
    expected = pd.DataFrame(rows, columns=columns).astype({"population": "float64"})
    # What the parks really share with the territory: 1.4 km and 0.1 km of its 2 km of height.
    expected["overlap_ha"] = [float("nan")] * 7 + [280.0, 20.0]

    assert_frame_equal(read(out / "zones.csv"), expected)


@pytest.mark.usefixtures("good")
def test_membership_changes_tell_that_b_moved_in_2017(out):
    expected = pd.DataFrame(
        {
            "zone_layer": ["epci"],
            "from_year": [2015],
            "to_year": [2017],
            "commune_code": ["04002"],
            "commune_name": ["B"],
            "change": ["moved"],
            "zone_before": ["200000001"],
            "zone_before_name": ["EPCI 1"],
            "zone_after": ["200000002"],
            "zone_after_name": ["EPCI 2"],
        }
    )

    assert_frame_equal(read(out / "membership_changes.csv"), expected)


@pytest.mark.usefixtures("good")
def test_scot_coverage_counts_only_approved_scot(out):
    rows = [
        ("territory", "territory", "Six carrés", 6, 2, 600.0, 200.0, "04004 04005 83006", "04003"),
        ("epci_2015", "200000001", "EPCI 1", 3, 2, 300.0, 200.0, "04004", None),
        ("epci_2015", "200000002", "EPCI 2", 3, 0, 300.0, 0.0, "04005 83006", "04003"),
        ("epci_2017", "200000001", "EPCI 1", 2, 1, 200.0, 100.0, "04004", None),
        ("epci_2017", "200000002", "EPCI 2", 4, 1, 400.0, 100.0, "04005 83006", "04003"),
    ]
    first = ["zone_layer", "zone_code", "zone_name", "commune_count", "covered_count", "area_ha", "covered_ha"]
    expected = pd.DataFrame(rows, columns=[*first, "status_unknown", "in_progress"])
    expected["covered_share"] = (expected["covered_ha"] / expected["area_ha"]).round(6)
    expected["without_scot"] = pd.Series([None] * 5, dtype="str")
    expected["unknown_count"] = expected["status_unknown"].str.split().str.len()
    expected["unknown_ha"] = expected["unknown_count"] * 100.0
    counts = ["commune_count", "covered_count", "unknown_count", "area_ha", "covered_ha", "unknown_ha"]
    told = ["covered_share", "without_scot", "status_unknown", "in_progress"]
    expected = expected[[*first[:3], *counts, *told]]

    assert_frame_equal(read(out / "scot_coverage.csv"), expected)


@pytest.mark.usefixtures("good")
def test_a_changed_population_reaches_every_table(job, raw, out):
    path = raw / "population.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("04001,10", "04001,1010"), encoding="utf-8")

    job()

    assert read(out / "communes.csv").set_index("commune_code").at["04001", "population"] == 1010
    assert read(out / "zones.csv").set_index("zone_layer").at["territory", "population"] == 210 + 1000
    stored = pyogrio.read_dataframe(out / "territoire.gpkg", layer="population").set_index("commune_code")
    assert stored.at["04001", "population_2021"] == 1010


# --- the GeoPackage ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("good")
def test_geopackage_holds_every_layer_and_table(out):
    path = out / "territoire.gpkg"
    polygons, points, table = "MultiPolygon", "Point", None
    expected = {
        "communes": (polygons, 6),
        "epci_2015": (polygons, 2),
        "epci_2017": (polygons, 2),
        "scot_2018": (polygons, 2),
        "pnr": (polygons, 2),
        "stations": (points, 1),
        "projects_site": (points, 1),
        "overlaps": (table, 16),
        "zones": (table, 9),
        "membership_changes": (table, 1),
        "scot_coverage": (table, 5),
        # The hub: A, its EPCI and SCoT; the house: B, its EPCI and SCoT; the homes' EPCI; the whole territory.
        "project_screening": (table, 8),
        # The hub lies in A, two lists of EPCI, a SCoT, a park; the house in B and three lists; one each for the others.
        "project_overlaps": (table, 5 + 4 + 1 + 1),
        "project_distances": (table, 4),
        "hub_stations": (table, 1),
        "projects": (table, 4),
        "population": (table, 6),
        "commune_figures": (polygons, 6),
    }

    found = {name: (kind, pyogrio.read_info(path, layer=name)["features"]) for name, kind in pyogrio.list_layers(path)}

    assert {name: found[name] for name in found if name not in TOLD} == expected
    assert set(found) >= TOLD


@pytest.mark.usefixtures("good")
def test_geopackage_is_sound_and_its_layers_are_in_lambert_93(out):
    with closing(sqlite3.connect(out / "territoire.gpkg")) as connection:
        state = connection.execute("PRAGMA integrity_check").fetchone()[0]
        systems = connection.execute("SELECT DISTINCT srs_id FROM gpkg_contents WHERE data_type = 'features'")
        declared = systems.fetchall()
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]

    assert state == "ok"
    assert declared == [(2154,)]
    assert journal == "delete"


@pytest.mark.usefixtures("good")
def test_geopackage_communes_are_the_six_squares(out, communes):
    stored = pyogrio.read_dataframe(out / "territoire.gpkg", layer="communes").set_index("commune_code")

    assert stored.index.tolist() == communes.index.tolist()
    assert stored["name"].tolist() == list("ABCDEF")
    assert (stored.geometry.to_crs(2154).geom_equals(communes.geometry)).all()
    assert stored["area_ha"].tolist() == [100.0] * 6


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("name", ["overlaps", "zones", "membership_changes", "scot_coverage"])
def test_geopackage_tables_hold_the_figures_of_the_csv_files(out, name):
    stored = pyogrio.read_dataframe(out / "territoire.gpkg", layer=name)
    written = read(out / f"{name}.csv")

    # A text column without any text comes back as None from one file, as "" from the other.
    for column in written.columns[written.isna().all()]:
        stored[column] = stored[column].replace("", None)
    assert [column for column in stored if column in written] == list(written.columns)
    assert set(stored.columns) <= {*written.columns, "commune_code"}
    for column in written:
        left, right = stored[column].replace("", None), written[column]
        assert left.isna().tolist() == right.isna().tolist()
        assert left.dropna().tolist() == right.dropna().tolist()


@pytest.mark.usefixtures("good")
def test_geopackage_tells_source_and_vintage_of_each_layer_of_a_producer(out):
    with closing(sqlite3.connect(out / "territoire.gpkg")) as connection:
        told = dict(connection.execute("SELECT table_name, description FROM gpkg_contents"))

    assert "IGN, ADMIN EXPRESS, millésime 2020 (Licence Ouverte 2.0)" in told["communes"]
    assert told["epci_2017"] == "Source\u00a0: DGCL, BANATIC, millésime 2017 (Licence Ouverte 2.0)."
    assert told["pnr"] == "Source\u00a0: INPN, PNR, millésime 2021 (Licence Ouverte 2.0)."
    assert told["population"] == "Source\u00a0: INSEE, Populations légales, millésime 2021 (Licence Ouverte 2.0)."


@pytest.mark.usefixtures("good")
def test_geopackage_tells_the_source_of_the_projects_drawn(out):
    with closing(sqlite3.connect(out / "territoire.gpkg")) as connection:
        told = dict(connection.execute("SELECT table_name, description FROM gpkg_contents"))

    assert told["projects_site"] == "Source\u00a0: Pays, CRET, millésime 2015 (Licence Ouverte 2.0)."


# --- the manifest -----------------------------------------------------------------------------------------------


def test_manifest_gives_path_hash_producer_and_vintage_of_each_input(good, raw, territory_file):
    inputs = {item["name"]: item for item in json.loads(good[MANIFEST])["inputs"]}

    files = {
        "territory": territory_file,
        "communes": raw / "communes.gpkg",
        "epci_2015": raw / "epci_2015.csv",
        "epci_2017": raw / "epci_2017.csv",
        "scot_2018": raw / "scot.csv",
        "pnr": raw / "pnr.geojson",
        "population": raw / "population.csv",
        "stations": raw / "stations.csv",
        "projects": raw / "projects.csv",
    }
    assert {name: item["sha256"] for name, item in inputs.items()} == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }
    assert {name: item["path"] for name, item in inputs.items()} == {name: path.name for name, path in files.items()}
    assert {name: (item["producer"], item["vintage"]) for name, item in inputs.items() if name != "territory"} == {
        "communes": ("IGN", "2020"),
        "epci_2015": ("DGCL", "2015"),
        "epci_2017": ("DGCL", "2017"),
        "scot_2018": ("DDT", "2018"),
        "pnr": ("INPN", "2021"),
        "population": ("INSEE", "2021"),
        "stations": ("SNCF", "2022"),
        "projects": ("Pays", "2015"),
    }


def test_manifest_gives_rows_size_and_hash_of_each_output(good):
    outputs = json.loads(good[MANIFEST])["outputs"]

    rows = {"overlaps.csv": 16, "communes.csv": 6, "zones.csv": 9, "membership_changes.csv": 1, "scot_coverage.csv": 5}
    rows |= {f"{name}.csv": count for name, count in zip(PROJECT_TABLES, (8, 11, 4, 1), strict=True)}
    # The GeoPackage: 6 + 6 + 2 + 2 + 2 + 2 + 1 + 1 features, 16 + 9 + 1 + 5 + 8 + 11 + 4 + 1 + 4 + 6 rows of tables.
    rows |= {"territoire.gpkg": 22 + 65, **dict.fromkeys(MAPS, 6)}
    # The project has eight layers; each file of metadata is one record.
    rows |= {"territoire.qgz": 8, **dict.fromkeys(GIS[2:], 1)}
    # A sheet is about one zone or hub; the index comes after all the others.
    rows |= dict.fromkeys([*PLANNED_SHEETS, *OTHER_SHEETS, *HUB_PAGES], 1)
    rows |= {"index.html": len(rows)}
    # What each table of projects is made from: the list, and the stations that a project may stand at.
    made_from = {f"{name}.csv": {"made_from": ["projects", "stations"]} for name in PROJECT_TABLES}
    assert outputs == {
        name: {
            "rows": count,
            "bytes": len(good[name]),
            "sha256": hashlib.sha256(good[name]).hexdigest(),
            **made_from.get(name, {}),
        }
        for name, count in rows.items()
    }


def test_manifest_gives_package_versions_start_and_duration(good):
    manifest = json.loads(good[MANIFEST])

    assert manifest["packages"] == {name: version(name) for name in manifest["packages"]}
    assert {"hp-sig", "geopandas", "shapely", "pyproj", "pyogrio", "pandas", "folium"} <= set(manifest["packages"])
    assert manifest["duration_s"] > 0
    assert dt.datetime.fromisoformat(manifest["started_at"]).utcoffset() == dt.timedelta(0)
    assert (manifest["territory"], manifest["cog_year"], manifest["notice"]) == ("Six carrés", 2015, None)


def test_manifest_tells_what_was_put_right_in_each_file(good):
    notes = {item["name"]: item["notes"] for item in json.loads(good[MANIFEST])["inputs"]}

    # The lists of intercommunalities lost the leading zero of five codes; nothing else was touched.
    assert {name for name, told in notes.items() if told} == {"epci_2015", "epci_2017"}
    assert "leading zero of 5 codes" in notes["epci_2015"][0]


def test_manifest_hashes_a_shapefile_with_its_companions(job, raw, territory_file, out):
    use_shapefile(raw, territory_file)

    job()

    inputs = {item["name"]: item for item in json.loads((out / MANIFEST).read_text(encoding="utf-8"))["inputs"]}
    parts = b"".join(path.read_bytes() for path in sorted(raw.glob("communes_shp.*")))
    assert inputs["communes"]["sha256"] == hashlib.sha256(parts).hexdigest()


def test_a_refresh_returns_the_manifest_that_it_wrote(job, out):
    done = job()

    assert done.manifest == json.loads((out / MANIFEST).read_text(encoding="utf-8"))


# --- nothing to do, or a reason to rebuild ----------------------------------------------------------------------


def test_a_second_run_with_unchanged_inputs_touches_nothing(job, out):
    first = job()
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
        for path in out.rglob("*")
        if path.is_file()
    }
    folder = out.stat().st_ino

    second = job(on_step=lambda *_: pytest.fail("a step was run"))

    after = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
        for path in out.rglob("*")
        if path.is_file()
    }
    assert after == before
    assert out.stat().st_ino == folder
    assert (second.results, second.layers) == (None, None)
    assert not second.plan.is_needed
    assert second.manifest == first.manifest


@pytest.mark.usefixtures("good")
def test_touching_a_file_without_changing_it_is_no_reason_to_rebuild(raw, territory_file, out):
    for path in [*raw.iterdir(), *out.iterdir()]:
        os.utime(path, (0, 0))

    assert plan(territory_file, raw=raw, out=out).reasons == ()


@pytest.mark.slow
def test_a_second_run_takes_less_than_two_seconds(sample):
    command = [sys.executable, "-m", "hp_sig.cli", "refresh"]
    shutil.copytree(sample, Path("data", "processed"))

    durations = []
    for _ in range(3):
        start = time.perf_counter()
        again = subprocess.run(command, check=True, capture_output=True, text=True)
        durations.append(time.perf_counter() - start)
        assert again.stdout.startswith("Nothing to do")

    assert min(durations) < 2


def change_population(raw: Path, **_: Path) -> str:
    path = raw / "population.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("04001,10", "04001,11"), encoding="utf-8")
    return "population changed"


def change_territory(territory_file: Path, **_: Path) -> str:
    territory_file.write_text(territory_file.read_text(encoding="utf-8") + "# a note\n", encoding="utf-8")
    return "territory changed"


def drop_stations(territory_file: Path, **_: Path) -> str:
    text = territory_file.read_text(encoding="utf-8")
    start, end = text.index("[stations]"), text.index("[projects]")
    territory_file.write_text(text[:start] + text[end:], encoding="utf-8")
    return "territory changed; stations is no longer used"


def delete_output(out: Path, **_: Path) -> str:
    (out / "zones.csv").unlink()
    return "zones.csv is missing"


def modify_output(out: Path, **_: Path) -> str:
    path = out / "overlaps.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("40.0", "41.0"), encoding="utf-8")
    return "overlaps.csv was modified"


def truncate_output(out: Path, **_: Path) -> str:
    path = out / "territoire.gpkg"
    path.write_bytes(path.read_bytes()[:-4096])
    return "territoire.gpkg was modified"


def delete_outputs(out: Path, **_: Path) -> str:
    shutil.rmtree(out)
    return "no results yet"


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize(
    "change",
    [
        change_population,
        change_territory,
        drop_stations,
        delete_output,
        modify_output,
        truncate_output,
        delete_outputs,
    ],
)
def test_whatever_changed_is_rebuilt_and_told(job, raw, territory_file, out, change):
    reason = change(raw=raw, territory_file=territory_file, out=out)

    done = job()

    assert "; ".join(done.plan.reasons) == reason
    assert done.results is not None
    assert set(contents(out)) == FILES
    assert plan(territory_file, raw=raw, out=out).reasons == ()


@pytest.mark.parametrize("package", ["geopandas", "hp-sig"])
def test_another_version_of_a_package_is_a_reason_to_rebuild(job, good, out, package):
    manifest = json.loads(good[MANIFEST])
    manifest["packages"][package] = "0.0.1"
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    done = job()

    assert done.plan.reasons == ("a package changed version",)
    assert done.manifest["packages"][package] == version(package)


@pytest.mark.usefixtures("good")
def test_force_rebuilds_although_nothing_changed(job):
    done = job(force=True)

    assert done.plan.reasons == ("asked for (--force)",)
    assert done.results is not None


def use_shapefile(raw: Path, territory_file: Path) -> Path:
    communes = pyogrio.read_dataframe(raw / "communes.gpkg")
    communes.to_file(raw / "communes_shp.shp", encoding="UTF-8")
    text = territory_file.read_text(encoding="utf-8")
    territory_file.write_text(text.replace("communes.gpkg", "communes_shp.shp"), encoding="utf-8")
    return raw / "communes_shp.shp"


@pytest.mark.parametrize("suffix", [".dbf", ".cpg", ".prj"])
def test_a_changed_companion_of_a_shapefile_is_a_reason_to_rebuild(job, raw, territory_file, out, suffix):
    companion = use_shapefile(raw, territory_file).with_suffix(suffix)
    job()
    companion.write_bytes(companion.read_bytes() + b"\n")

    assert plan(territory_file, raw=raw, out=out).reasons == ("communes changed",)


def test_a_changed_document_beside_a_scot_perimeter_is_a_reason_to_rebuild(job, raw, territory_file, out, communes):
    perimeter = gpd.GeoDataFrame({"IDURBA": ["S1"]}, geometry=[communes.union_all()], crs=2154)
    perimeter.to_file(raw / "PERIMETRE_SCOT.gpkg", layer="PERIMETRE_SCOT")
    document = pd.DataFrame({"IDURBA": ["S1"], "NOM": ["SCoT 1"], "ETAT": ["01"], "DATAPPRO": ["20180709"]})
    pyogrio.write_dataframe(document, raw / "DOC_URBA.dbf", driver="ESRI Shapefile")
    text = territory_file.read_text(encoding="utf-8")
    text = text.replace('"scot.csv"', '"PERIMETRE_SCOT.gpkg"').replace("cog_year = 2018\n", "")
    before, after = text.split('id = "scot"')
    territory_file.write_text(f'{before}id = "scot"{after.replace("communes", "perimeter", 1)}', encoding="utf-8")
    job()
    path = raw / "DOC_URBA.dbf"
    path.write_bytes(path.read_bytes().replace(b"SCoT 1", b"SCoT 2"))

    assert plan(territory_file, raw=raw, out=out).reasons == ("scot changed",)


def test_a_manifest_of_another_form_is_rebuilt(job, good, out):
    manifest = json.loads(good[MANIFEST])
    (out / MANIFEST).write_text(json.dumps(manifest | {"form": 0}), encoding="utf-8")

    done = job()

    assert done.results is not None


def test_outputs_without_their_manifest_are_not_overwritten_unawares(job, good, out):
    (out / MANIFEST).unlink()

    with pytest.raises(OutputError, match="--force"):
        job()

    assert contents(out) == {name: content for name, content in good.items() if name != MANIFEST}
    assert job(force=True).results is not None


@pytest.mark.usefixtures("good")
def test_a_manifest_that_lacks_its_parts_is_an_expected_failure(job, out):
    (out / MANIFEST).write_text('{"form": 1}', encoding="utf-8")

    with pytest.raises(HpSigError):
        job()


def test_rebuilding_gives_the_same_tables_and_map(job, good, out):
    job(force=True)

    again = contents(out)
    # A GeoPackage is dated, and the index tells what changed since the last time.
    same = OUTPUTS - {*GIS, "index.html"}
    assert {name: again[name] for name in same} == {name: good[name] for name in same}


# --- plan and check write nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [False, True])
def test_a_plan_writes_nothing_at_all(raw, territory_file, out, tmp_path, force):
    before = sorted(tmp_path.rglob("*"))

    planned = plan(territory_file, raw=raw, out=out / "deep", force=force)

    assert planned.is_needed
    assert sorted(tmp_path.rglob("*")) == before


def test_a_plan_lists_inputs_and_outputs_and_why(raw, territory_file, out):
    planned = plan(territory_file, raw=raw, out=out)

    assert tuple(item.name for item in planned.inputs) == INPUTS
    assert set(planned.outputs) == PLANNED
    assert planned.reasons == ("no results yet",)


def test_a_plan_over_results_leaves_them_alone(good, raw, territory_file, out, tmp_path):
    change_population(raw)
    before = sorted(tmp_path.rglob("*"))

    assert plan(territory_file, raw=raw, out=out).reasons == ("population changed",)
    assert contents(out) == good
    assert sorted(tmp_path.rglob("*")) == before


def test_check_writes_nothing(raw, territory_file, tmp_path):
    before = contents(tmp_path)

    layers = check(territory_file, raw=raw)

    assert len(layers.communes) == 6
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("good")
def test_a_refresh_leaves_the_raw_files_as_they_were(job, raw):
    before = contents(raw)

    job(force=True)

    assert contents(raw) == before


@pytest.mark.usefixtures("good")
def test_a_loaded_territory_serves_as_well_as_its_file(raw, territory_file, out):
    done = refresh(load_territory(territory_file), raw=raw, out=out)

    assert not done.plan.is_needed


def test_steps_are_told_in_order_with_their_rank_and_number(job):
    steps = []

    job(on_step=lambda *step: steps.append(step))

    count = len(INPUTS) + len(["project_screening"]) + len(OUTPUTS)
    assert [rank for _, rank, _ in steps] == list(range(1, count + 1))
    # The sheets of EPCI and parks join once their layers are read, the pages of hubs once they are found.
    assert [number for _, _, number in steps[: len(INPUTS)]] == [count - len(LATER)] * len(INPUTS)
    assert [number for _, _, number in steps[len(INPUTS) :]] == [count - len(HUB_PAGES), *[count] * len(OUTPUTS)]
    assert [what for what, _, _ in steps][:2] == ["territory.toml", "communes.gpkg"]
    assert {what for what, _, _ in steps[len(INPUTS) :]} == OUTPUTS | {"project_screening"}


# --- broken inputs ----------------------------------------------------------------------------------------------


def rewrite(path: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], **options: object) -> Path:
    layer = pyogrio.list_layers(path)[0][0]
    rows = change(pyogrio.read_dataframe(path, layer=layer))
    path.unlink()
    rows.to_file(path, layer=layer, **options)
    return path


def swapped(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return layer.set_geometry(
        gpd.GeoSeries(shapely.transform(layer.geometry.to_numpy(), lambda points: points[:, ::-1]), crs=layer.crs)
    )


def truncated_geopackage(raw: Path, _territory: Path) -> Path:
    path = raw / "communes.gpkg"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def geopackage_short_of_one_byte(raw: Path, _territory: Path) -> Path:
    path = raw / "communes.gpkg"
    path.write_bytes(path.read_bytes()[:-1])
    return path


def shapefile_without_prj(raw: Path, territory: Path) -> Path:
    path = use_shapefile(raw, territory)
    path.with_suffix(".prj").unlink()
    return path


def communes_in_web_mercator(raw: Path, _territory: Path) -> Path:
    return rewrite(raw / "communes.gpkg", lambda communes: communes.to_crs(3857))


def communes_with_swapped_axes(raw: Path, _territory: Path) -> Path:
    return rewrite(raw / "communes.gpkg", swapped)


def parks_with_swapped_axes(raw: Path, _territory: Path) -> Path:
    return rewrite(raw / "pnr.geojson", swapped)


def a_commune_twice(raw: Path, _territory: Path) -> Path:
    return rewrite(raw / "communes.gpkg", lambda communes: pd.concat([communes, communes.head(1)]))


def a_population_twice(raw: Path, _territory: Path) -> Path:
    path = raw / "population.csv"
    path.write_text(path.read_text(encoding="utf-8") + "04001,12\n", encoding="utf-8")
    return path


def a_commune_in_two_epci(raw: Path, _territory: Path) -> Path:
    path = raw / "epci_2015.csv"
    path.write_text(path.read_text(encoding="utf-8") + "200000002;EPCI 2;4001\n", encoding="utf-8")
    return path


def empty_geopackage(raw: Path, _territory: Path) -> Path:
    path = raw / "communes.gpkg"
    path.write_bytes(b"")
    return path


def empty_table(raw: Path, _territory: Path) -> Path:
    path = raw / "scot.csv"
    path.write_bytes(b"")
    return path


def table_with_a_header_only(raw: Path, _territory: Path) -> Path:
    path = raw / "projects.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    return path


def vrt(path: Path) -> Path:
    secret = path.parent / "secret.csv"
    secret.write_text("INSEE_COM,NOM_COM\n04001,A\n", encoding="utf-8")
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
        "</OGRVRTDataSource>",
        encoding="utf-8",
    )
    return path


def vrt_renamed_geopackage(raw: Path, _territory: Path) -> Path:
    return vrt(raw / "communes.gpkg")


def vrt_renamed_geojson(raw: Path, _territory: Path) -> Path:
    return vrt(raw / "pnr.geojson")


BROKEN = [
    (truncated_geopackage, "is cut short"),
    (geopackage_short_of_one_byte, "is cut short"),
    (shapefile_without_prj, "lacks its .prj"),
    (communes_in_web_mercator, "is in EPSG:3857"),
    (communes_with_swapped_axes, "its axes are swapped"),
    (parks_with_swapped_axes, "its axes are swapped"),
    (a_commune_twice, "come more than once: '04001'"),
    (a_population_twice, "come more than once: '04001'"),
    (a_commune_in_two_epci, "are in several zones: '04001'"),
    (empty_geopackage, "is empty (0 bytes)"),
    (empty_table, "is empty (0 bytes)"),
    (table_with_a_header_only, "found only a header"),
    (vrt_renamed_geopackage, "read another file or address"),
    (vrt_renamed_geojson, "read another file or address"),
]


@pytest.mark.parametrize(("broken", "fault"), BROKEN, ids=[broken.__name__ for broken, _ in BROKEN])
def test_a_broken_input_is_named_and_the_old_results_stay(job, good, territory_file, out, broken, fault):
    path = broken(out.with_name("raw"), territory_file)
    beside = {found.name for found in out.parent.iterdir()}

    with pytest.raises(InputError) as caught:
        job()

    told = {str(error.path): " ".join(error.faults) for error in caught.value.errors}
    assert fault in told[str(path)]
    assert str(path) in str(caught.value)
    assert contents(out) == good
    assert {found.name for found in out.parent.iterdir()} - beside <= {".out.lock"}


def test_a_missing_input_is_named_and_the_old_results_stay(job, good, raw, out):
    (raw / "pnr.geojson").unlink()

    with pytest.raises(InputError, match=r"pnr\.geojson") as caught:
        job()

    assert "expected one file for the layer « pnr », found none" in str(caught.value)
    assert contents(out) == good


def test_the_faults_of_every_file_are_told_at_once(job, good, raw, territory_file, out):
    first, second = truncated_geopackage(raw, territory_file), a_commune_in_two_epci(raw, territory_file)

    with pytest.raises(InputError) as caught:
        job()

    assert {error.path for error in caught.value.errors} == {first, second}
    assert contents(out) == good


def test_check_tells_the_faults_of_every_file_at_once(raw, territory_file):
    first, second = empty_table(raw, territory_file), parks_with_swapped_axes(raw, territory_file)

    with pytest.raises(InputError) as caught:
        check(territory_file, raw=raw)

    assert {error.path for error in caught.value.errors} == {first, second}


@pytest.mark.usefixtures("good")
def test_a_file_put_right_again_leaves_nothing_to_do(job, raw, territory_file):
    sound = (raw / "communes.gpkg").read_bytes()
    truncated_geopackage(raw, territory_file)
    with pytest.raises(InputError):
        job()

    (raw / "communes.gpkg").write_bytes(sound)

    assert not job().plan.is_needed


def test_a_first_run_that_fails_leaves_no_results(job, raw, territory_file, out):
    truncated_geopackage(raw, territory_file)

    with pytest.raises(InputError):
        job()

    assert not out.exists()


@pytest.mark.parametrize(
    "name",
    ["population", "territory", "overlaps", "zones", "membership_changes", "scot_coverage", "projects_site"],
)
def test_a_zone_layer_named_like_another_layer_is_an_expected_failure(job, raw, territory_file, parks, name):
    parks.reset_index(names="zone_code").to_file(raw / "zones.gpkg", layer="zones")
    entry = (
        f'[[zones]]\nid = "{name}"\nlabel = "Z"\nkind = "perimeter"\nfile = "zones.gpkg"\nvintage = "1"\n'
        'producer = "p"\nsource = "s"\nlicence = "l"\n\n[population]'
    )
    text = territory_file.read_text(encoding="utf-8")
    territory_file.write_text(text.replace("[population]", entry), encoding="utf-8")

    with pytest.raises(HpSigError, match=name):
        job()


# --- the embedded sample ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(sample_run) -> Path:
    return sample_run.results


#: Elements that have no end.
VOID = {"br", "hr", "img", "input", "link", "meta", "rect", "path", "line", "circle", "use", "polyline", "wbr"}


class _Visible(html.parser.HTMLParser):
    """Collect the text that a reader sees without opening or pointing at anything."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.opened: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            unseen = tag in {"script", "style", "title", "head", "details"} or "hidden" in dict(attrs)
            self.opened.append((tag, unseen))

    def handle_endtag(self, tag: str) -> None:
        while self.opened and self.opened.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(unseen for _, unseen in self.opened):
            self.texts.append(data)


def test_an_empty_work_folder_gives_the_sample_of_51_communes(sample):
    communes = read(sample / "communes.csv")

    found = {name for name in contents(sample) if not name.startswith("fiches/")}
    files = {name for name in FILES - set(HUB_PAGES) if not name.startswith("fiches/")}
    assert found == files | SAMPLE_HUBS | SAMPLE_PUBLICATIONS | {f"{name}.csv" for name in SAMPLE_TABLES}
    assert len(communes) == communes["commune_code"].nunique() == 51


@pytest.mark.parametrize("name", [*TABLES, *SAMPLE_TABLES])
def test_every_row_of_every_table_of_the_sample_carries_the_mention(sample, name):
    rows = read(sample / f"{name}.csv")

    assert len(rows) > 0
    assert (rows["notice"] == NOTICE).all()


def test_every_row_of_every_layer_of_the_sample_carries_the_mention(sample):
    path = sample / "territoire.gpkg"

    names = {name for name, _ in pyogrio.list_layers(path)} - TOLD
    marked = {name: set(pyogrio.read_dataframe(path, layer=name)["notice"]) for name in names}

    assert set(marked) >= {"communes", "pnr", "stations", "projects", "population", "projects_site", *TABLES}
    assert {name for name, found in marked.items() if found != {NOTICE}} == set()


def test_every_layer_of_the_sample_that_comes_from_a_file_carries_the_mention_in_its_description(sample):
    with closing(sqlite3.connect(sample / "territoire.gpkg")) as connection:
        told = dict(connection.execute("SELECT table_name, description FROM gpkg_contents"))

    named = {"communes", "epci_2015", "epci_2017", "epci_2024", "scot_2018", "living_area_2022", "pnr", "stations"}
    assert {name for name in named | {"projects", "population"} if not told[name].startswith(NOTICE)} == set()


def test_every_layer_and_table_of_the_sample_carries_the_mention_in_its_description(sample):
    with closing(sqlite3.connect(sample / "territoire.gpkg")) as connection:
        told = dict(connection.execute("SELECT table_name, description FROM gpkg_contents"))

    assert {name for name, description in told.items() if NOTICE not in description} <= TOLD


def test_every_page_of_the_sample_shows_the_mention(sample):
    without = []
    for path in sorted(sample.rglob("*.html")):
        page = _Visible()
        page.feed(path.read_text(encoding="utf-8"))
        if NOTICE not in "".join(page.texts):
            without.append(path.name)

    # Three maps, the index, 51 communes, the Pays, 3 + 3 intercommunalities, 2 parks, a sheet and a map of 2 hubs, and
    # two reports.
    assert len(list(sample.rglob("*.html"))) == 4 + 51 + 1 + 6 + 2 + 4 + 2
    assert without == []


def test_the_manifest_of_the_sample_carries_the_mention(sample):
    assert json.loads((sample / MANIFEST).read_text(encoding="utf-8"))["notice"] == NOTICE


def test_results_of_real_files_carry_no_mention(good):
    assert [name for name, content in good.items() if b"Jeu d" in content] == []


@pytest.mark.parametrize("name", ["README.md", ".gitkeep"])
def test_a_raw_folder_that_only_holds_its_own_notes_gives_the_sample(tmp_path, name):
    folder = tmp_path / "work" / "data" / "raw"
    folder.mkdir(parents=True)
    (folder / name).write_text("", encoding="utf-8")

    assert plan().territory.notice == NOTICE
    assert check().territory.notice == NOTICE


@pytest.mark.parametrize("name", ["notes.txt", "communes/communes.zip"])
def test_unknown_files_in_the_raw_folder_are_an_error_and_never_give_the_sample(tmp_path, name):
    path = tmp_path / "work" / "data" / "raw" / name
    path.parent.mkdir(parents=True)
    path.write_text("something", encoding="utf-8")

    for command in (refresh, check):
        with pytest.raises(InputError, match="communes"):
            command()
    assert not (tmp_path / "work" / "data" / "processed").exists()


def test_a_raw_folder_that_is_named_and_absent_is_an_error(tmp_path, out):
    with pytest.raises(InputError, match=r"found none\. Check --raw") as caught:
        refresh(raw=tmp_path / "nowhere", out=out)

    assert caught.value.errors[0].path == tmp_path / "nowhere"
    assert not out.exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_an_empty_raw_folder_that_the_environment_names_never_gives_the_sample(tmp_path, monkeypatch, is_there):
    if is_there:
        (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("HP_SIG_RAW", str(tmp_path / "elsewhere"))

    for command in (refresh, check):
        with pytest.raises(InputError, match="communes" if is_there else "expected a folder of raw files"):
            command()


def test_the_environment_names_raw_folder_and_territory(raw, territory_file, monkeypatch):
    monkeypatch.setenv("HP_SIG_RAW", str(raw))
    monkeypatch.setenv("HP_SIG_TERRITORY", str(territory_file))

    planned = plan()

    assert (planned.territory.name, planned.raw, planned.out) == ("Six carrés", raw, Path("data/processed"))


def test_the_sample_never_replaces_results_of_real_files(raw, territory_file):
    out = Path("data/processed")
    refresh(territory_file, raw=raw, out=out)
    before = contents(out)

    with pytest.raises(OutputError, match="--force"):
        refresh()
    with pytest.raises(OutputError, match="--force"):
        plan()

    assert contents(out) == before


def test_the_sample_replaces_results_of_real_files_when_forced(raw, territory_file):
    refresh(territory_file, raw=raw, out="data/processed")

    planned = plan(force=True)

    assert planned.territory.notice == NOTICE
    assert planned.reasons == ("asked for (--force)",)


def test_real_files_replace_the_sample_without_force(sample, job, out):
    shutil.copytree(sample, out)

    done = job()

    assert done.manifest["notice"] is None
    assert set(contents(out)) == FILES


def test_a_commune_inside_two_overlapping_parks_counts_in_both(job, raw, out, parks):
    # A third park over P's own land: A and D lie inside both.
    more = pd.concat([parks, parks.iloc[[0]].set_axis(["FR8000003"]).rename_axis("pnr_code")])
    drawn = more.reset_index().rename(columns={"pnr_code": "DRGP_C_COD", "name": "DRGP_L_LIB"})
    (raw / "pnr.geojson").unlink()
    drawn.to_crs(4326).to_file(raw / "pnr.geojson")

    job()

    zones = read(out / "zones.csv").set_index("zone_code")
    assert zones.loc[["FR8000001", "FR8000003"], "commune_count"].tolist() == [2, 2]
    assert zones.loc[["FR8000001", "FR8000003"], "area_ha"].tolist() == [200.0, 200.0]


def test_the_scot_list_of_the_latest_year_is_the_one_that_counts(job, raw, territory_file, out):
    text = territory_file.read_text(encoding="utf-8")
    block = next(part for part in text.split("[[zones]]") if 'id = "scot"' in part)
    older = (
        block.replace("2018", "2012").replace("scot.csv", "old.csv").replace('label = "SCoT"', 'label = "Ancien SCoT"')
    )
    territory_file.write_text(text.replace(f"[[zones]]{block}", f"[[zones]]{older}[[zones]]{block}"), encoding="utf-8")
    (raw / "old.csv").write_text("scot_id,status,commune_code\nS0,in_progress,04001\n", encoding="utf-8")

    job()

    assert read(out / "communes.csv").set_index("commune_code").loc["04001", "scot_status"] == "approved"


def test_real_results_may_carry_a_notice(job, territory_file, out):
    job()
    territory_file.write_text(
        'notice = "Version provisoire"\n' + territory_file.read_text(encoding="utf-8"), encoding="utf-8"
    )

    job()

    assert set(read(out / "zones.csv")["notice"]) == {"Version provisoire"}


def test_the_sample_does_not_replace_real_results_of_another_version(job, tmp_path, monkeypatch):
    work = tmp_path / "work"
    (work / "data").mkdir(parents=True, exist_ok=True)
    job(out=work / "data" / "processed")
    manifest = work / "data" / "processed" / MANIFEST
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**content, "form": 99}), encoding="utf-8")
    monkeypatch.chdir(work)

    with pytest.raises(OutputError, match="made from real files"):
        refresh()


def test_settings_changed_by_the_caller_are_a_reason_to_rebuild(raw, territory_file, out):
    territory = load_territory(territory_file)
    refresh(territory, raw=raw, out=out)

    done = refresh(territory.model_copy(update={"name": "Autre nom"}), raw=raw, out=out)

    assert done.plan.reasons == ("the territory's settings changed",)
    assert done.manifest["territory"] == "Autre nom"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), sqlite3.OperationalError("disk is full")])
def test_a_disk_that_fails_while_writing_is_an_expected_failure(job, raw, out, monkeypatch, error):
    job()
    before = contents(out)
    (raw / "population.csv").write_text((raw / "population.csv").read_text().replace("10", "11"))

    def fails(*_, **__):
        raise error

    monkeypatch.setattr(importlib.import_module("hp_sig.publish.geopackage"), "write_geopackage", fails)
    with pytest.raises(OutputError, match="last good results stay"):
        job()

    assert contents(out) == before


def test_a_file_that_changes_while_it_is_read_gives_no_result(job, raw, out, monkeypatch):
    computed = REFRESH.compute

    def slowly(layers, **options):
        (raw / "population.csv").write_text("commune_code,2021\n04001,1\n", encoding="utf-8")
        return computed(layers, **options)

    monkeypatch.setattr(REFRESH, "compute", slowly)
    with pytest.raises(InputError, match=r"population\.csv.*\n.*changed while it was being read"):
        job()

    assert not out.exists()


@pytest.mark.usefixtures("good")
def test_the_geopackage_is_of_a_version_that_older_qgis_read_without_a_warning(out):
    with closing(sqlite3.connect(out / "territoire.gpkg")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (10200,)
