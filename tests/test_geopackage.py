import dataclasses
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from geopackage_world import HOSTILE, HOSTILE_LAYER, ORIGIN, publication, square
from lxml import etree

from hp_sig import Layers, OutputError
from hp_sig.publish.content import publication_of
from hp_sig.publish.geopackage import write_geopackage
from hp_sig.publish.geopackage.placing import place
from hp_sig.publish.geopackage.reading_back import require_as_written
from hp_sig.publish.publication import Run
from hp_sig.results import compute

#: Debian's Python, which has GDAL and its validator.
PYTHON = Path("/usr/bin/python3")
STYLES = {"communes": [("Par défaut", "<qgis a='é'/>", True), ("Noms", "<qgis/>", False)], "enaf": []}
GMD = "{http://www.isotc211.org/2005/gmd}"


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("gpkg") / "territoire.gpkg"
    write_geopackage(publication(), path, styles=STYLES)
    return path


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def has_module(name: str) -> bool:
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


def validated(path: Path) -> str:
    command = [PYTHON, "-m", "osgeo_utils.samples.validate_gpkg", "-k", "--extra", "--warning-as-error", path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr + ("" if ended.returncode == 0 else f"\nexit {ended.returncode}")


@pytest.mark.skipif(not has_module("osgeo_utils.samples.validate_gpkg"), reason="GDAL's validator is not installed")
def test_the_validator_accepts_the_file_in_its_strictest_mode(file):
    assert validated(file) == ""


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL's tools are not installed")
def test_ogrinfo_lists_every_layer_and_table_with_its_rows_and_types(file):
    ended = subprocess.run(["ogrinfo", "-so", "-al", file], capture_output=True, text=True, check=True)

    assert [line for line in ended.stderr.splitlines() if "Warning" in line or "ERROR" in line] == []
    for part in (
        "Layer name: communes\n",
        "IDENTIFIER=Consommation d'ENAF\n",
        f"Layer name: {HOSTILE_LAYER}\n",
        "Extent: (700000.000000, 6600000.000000) - (702000.000000, 6601000.000000)",
        "Geometry: Multi Polygon\nFeature Count: 3\n",
        "Geometry: None\nFeature Count: 4\n",
        "year: Integer64",
        "enaf_consumption_ha: Real",
        "is_provisional: Integer(Boolean)",
        "day: Date",
        "told: String",
        'ID["EPSG",2154]',
    ):
        assert part in ended.stdout


@pytest.mark.skipif(not has_module("osgeo.gdal"), reason="GDAL's Python is not installed")
def test_gdal_finds_which_tables_belong_to_the_communes_and_those_with_other_communes_do_not(file):
    code = (
        "import json, sys; from osgeo import gdal; found = gdal.OpenEx(sys.argv[1])\n"
        "names = found.GetRelationshipNames() or []\n"
        "ends = [(r.GetLeftTableName(), *r.GetLeftTableFields(), r.GetRightTableName(), *r.GetRightTableFields())\n"
        "        for r in map(found.GetRelationship, names)]\n"
        "print(json.dumps(ends))"
    )

    ended = subprocess.run([PYTHON, "-c", code, file], capture_output=True, text=True, check=True)

    assert json.loads(ended.stdout) == [["communes", "commune_code", "enaf", "commune_code"]]


def test_a_table_is_read_back_as_it_was_published_and_nothing_known_is_not_zero(file):
    published = publication().tables["enaf"].rows

    with opened(file) as connection:
        rows = connection.execute("SELECT * FROM enaf ORDER BY fid").fetchall()

    assert rows == [
        (1, "04001", 2021, 0.0, 0, 1, "2021-12-31", "", "a"),
        (2, "04001", 2022, None, None, None, None, None, "b"),
        (3, "04002", 2021, 12.3456, 2**40, 0, "0001-01-01", "–", "c"),
        (4, None, 2021, 0.1, -1, 0, "2026-02-28", "NULL", "d"),
    ]
    read = pyogrio.read_dataframe(file, layer="enaf", use_arrow=False)
    pd.testing.assert_series_equal(read["enaf_consumption_ha"], published["enaf_consumption_ha"])


def test_a_layer_is_read_back_with_its_geometries_whatever_its_columns_are_called(file):
    communes = pyogrio.read_dataframe(file, layer="communes", fid_as_index=True)
    hostile = pyogrio.read_dataframe(file, layer=HOSTILE_LAYER)

    assert list(communes.columns) == ["commune_code", "name", "fid", "Nom", "nom_2", "geometry"]
    assert communes["fid"].tolist() == [7, 8, 9]
    assert communes["name"].tolist() == ["=1+1", "L'Île\n\"d'Or\"", "Volx"]
    assert communes["nom_2"].tolist() == ["d", "e", "f"]
    assert communes.crs.to_epsg() == 2154
    assert shapely.equals(communes.geometry.iloc[:2].to_numpy(), [square(0), square(1)]).all()
    assert communes.geometry.iloc[2] is None
    assert list(hostile.columns) == ["gare", 'x"; --', "geometry"]
    assert hostile.geometry.iloc[0].wkt == "POINT (700000 6600000)"
    assert hostile.geometry.iloc[1] is None


def test_the_spatial_index_finds_the_one_square_that_is_asked_for(file):
    west, south = ORIGIN

    with opened(file) as connection:
        indexed = connection.execute("SELECT * FROM rtree_communes_geom ORDER BY id").fetchall()
    found = pyogrio.read_dataframe(file, layer="communes", bbox=(west + 1400, south + 400, west + 1600, south + 600))

    assert indexed == [
        (1, 700_000.0, 701_000.0, 6_600_000.0, 6_601_000.0),
        (2, 701_000.0, 702_000.0, 6_600_000.0, 6_601_000.0),
    ]
    assert found["commune_code"].tolist() == ["04002"]


def test_columns_are_told_in_french_titles_are_told_apart_run_and_sources_are_there(file):
    with opened(file) as connection:
        titles = dict(connection.execute("SELECT table_name, identifier FROM gpkg_contents"))
        words = connection.execute(
            "SELECT name, title, description FROM gpkg_data_columns WHERE column_name = 'enaf_consumption_ha'"
        ).fetchone()
        names = connection.execute("SELECT name FROM gpkg_data_columns WHERE title = 'Nom' ORDER BY name").fetchall()
        listed = connection.execute("SELECT label, unit FROM dictionary WHERE \"column\" = 'nom_2'").fetchone()
        run = connection.execute("SELECT * FROM run").fetchall()
        sources = connection.execute("SELECT name, retrieved, file, sha256, size FROM sources ORDER BY fid").fetchall()

    assert titles["enaf"] == "Consommation d'ENAF"
    assert titles[HOSTILE_LAYER] == f"Communes ({HOSTILE_LAYER})"
    assert titles["dictionary"] == "Dictionnaire des colonnes"
    assert words == ("Consommation d'ENAF", "Consommation d'ENAF", "Flux brut. Unité\u00a0: ha.")
    assert names == [("Nom",), ("Nom (Nom)",)]
    assert listed == ("Libellé de nom", None)
    assert run == [(1, "20261128T063000Z-00000001", "2026-11-28T06:30:00Z", "0.0.0", HOSTILE, "Jeu d'essai")]
    assert sources == [("communes", "2026-03-12", "communes.gpkg", "ab" * 32, 1234), ("enaf", None, None, None, None)]


def test_the_file_carries_an_iso_record_of_its_own_and_one_of_each_table(file):
    with opened(file) as connection:
        rows = connection.execute(
            "SELECT r.reference_scope, r.table_name, r.md_parent_id, m.md_scope, m.metadata"
            " FROM gpkg_metadata_reference r JOIN gpkg_metadata m ON m.id = r.md_file_id ORDER BY m.id"
        ).fetchall()
    records = [etree.fromstring(text.encode()) for *_, text in rows]

    assert [row[:4] for row in rows] == [
        ("geopackage", None, None, "dataset"),
        ("table", "communes", 1, "dataset"),
        ("table", HOSTILE_LAYER, 1, "dataset"),
        ("table", "enaf", 1, "nonGeographicDataset"),
        ("table", "left", 1, "nonGeographicDataset"),
        ("table", "empty", 1, "dataset"),
    ]
    parents = {record.findtext(f"{GMD}parentIdentifier/*") for record in records[1:]}
    assert parents == {records[0].findtext(f"{GMD}fileIdentifier/*")}


def test_styles_are_where_qgis_looks_for_them_and_one_is_applied(file):
    with opened(file) as connection:
        rows = connection.execute(
            'SELECT f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "styleName", "styleQML",'
            ' "useAsDefault" FROM layer_styles ORDER BY id'
        ).fetchall()

    assert rows == [
        ("", "", "communes", "geom", "Par défaut", "<qgis a='é'/>", 1),
        ("", "", "communes", "geom", "Noms", "<qgis/>", 0),
    ]


def test_the_same_publication_gives_the_same_bytes(file, tmp_path):
    write_geopackage(publication(), tmp_path / "territoire.gpkg", styles=STYLES)

    assert (tmp_path / "territoire.gpkg").read_bytes() == file.read_bytes()


def test_a_file_that_is_there_is_never_written_into(tmp_path):
    path = tmp_path / "territoire.gpkg"
    path.write_bytes(b"of somebody")

    with pytest.raises(OutputError, match="never updated in place"):
        write_geopackage(publication(), path)
    with pytest.raises(OutputError, match=r"nowhere.*cannot be written"):
        write_geopackage(publication(), tmp_path / "nowhere" / "territoire.gpkg")

    assert path.read_bytes() == b"of somebody"


@pytest.mark.parametrize("name", ["run", "Communes", "gpkg_mine", "layer_styles"])
def test_a_layer_with_a_name_that_is_taken_or_kept_is_refused_and_nothing_is_left(tmp_path, name):
    whole = publication()
    renamed = dataclasses.replace(whole.tables["left"], name=name)

    with pytest.raises(OutputError, match=f"cannot hold a layer called '{name}'"):
        write_geopackage(
            dataclasses.replace(whole, tables={**whole.tables, name: renamed}), tmp_path / "territoire.gpkg"
        )

    assert list(tmp_path.glob("*.gpkg*")) == []


@pytest.mark.parametrize(
    ("styles", "told"),
    [({"nowhere": [("a", "<qgis/>", True)]}, "nowhere"), ({"enaf": [("a", "", True), ("b", "", True)]}, "one style")],
)
def test_a_style_that_cannot_be_applied_is_refused_and_nothing_is_left(tmp_path, styles, told):
    with pytest.raises(OutputError, match=told):
        write_geopackage(publication(), tmp_path / "territoire.gpkg", styles=styles)

    assert list(tmp_path.glob("*.gpkg*")) == []


def test_what_does_not_read_back_as_it_was_written_is_told_in_one_error(file, tmp_path):
    broken = tmp_path / "territoire.gpkg"
    shutil.copy(file, broken)
    tables = publication().tables
    with closing(sqlite3.connect(broken)) as connection, connection:
        connection.execute("DELETE FROM enaf WHERE fid = 1")
        connection.execute("UPDATE enaf SET commune_code = '99999' WHERE fid = 2")

    with pytest.raises(OutputError) as caught:
        require_as_written(broken, place(tables.values()), {"communes": (0, 0, 1, 1)})

    for told in ("4 rows expected, found 3", "enaf refers to communes", "communes: bounds", "run was not written"):
        assert told in str(caught.value)


@pytest.mark.skipif(not has_module("osgeo_utils.samples.validate_gpkg"), reason="GDAL's validator is not installed")
def test_what_a_refresh_publishes_is_valid_and_equal_to_its_rows(layers: Layers, tmp_path):
    run = Run(id="1", started_at=publication().run.started_at, version="0")
    whole = publication_of(layers, compute(layers), run=run)
    path = tmp_path / "territoire.gpkg"

    counts = write_geopackage(whole, path)

    assert counts == {name: len(table.rows) for name, table in whole.tables.items()}
    assert validated(path) == ""
    for name, table in whole.tables.items():
        read = pyogrio.read_dataframe(path, layer=name)
        for told in table.columns:
            if told.kind == "real":
                assert read[told.name].tolist() == pytest.approx(table.rows[told.name].tolist(), abs=0, nan_ok=True)
    areas = gpd.read_file(path, layer="communes").area
    assert areas.tolist() == [1_000_000.0] * 6
