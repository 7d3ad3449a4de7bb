import csv
import dataclasses
import json
import shutil
import subprocess

import filelock
import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from published import sample_publication

from hp_sig import OutputError
from hp_sig.publish import files
from hp_sig.publish.files import DICTIONARY, SOURCES, file_names, write_files

#: A layer with a key of one column, one with a key of three, one of points; tables with truth values and unknown cells.
LAYERS = ("communes", "service_areas", "stations")
TABLES = ("enaf_ratios", "trajectory", "scot_coverage")


def publication(*names):
    whole = sample_publication()
    return dataclasses.replace(whole, tables={name: whole.tables[name] for name in names or (*LAYERS, *TABLES)})


@pytest.fixture
def place(tmp_path):
    """A folder of somebody."""
    (tmp_path / "fichiers").mkdir()
    return tmp_path / "fichiers"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("files") / "fichiers"
    write_files(publication(), place)
    return place


def read_csv(path):
    """Read a CSV as a French spreadsheet does: mark of UTF-8, semicolons, decimal comma; every cell a text."""
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    assert "\r\n" in text
    return list(csv.reader(text.removeprefix("\ufeff").splitlines(), delimiter=";"))


def test_every_table_and_layer_has_its_files_and_nothing_else_is_left(folder):
    expected = {f"{name}.{kind}" for name in LAYERS for kind in ("csv", "parquet", "fgb", "geojson")}
    expected |= {f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")}

    assert {path.name for path in folder.iterdir()} == {*expected, SOURCES, DICTIONARY}
    assert file_names(publication())[-2:] == (SOURCES, DICTIONARY)
    assert not [path for path in folder.parent.iterdir() if path != folder]


def test_a_csv_holds_every_figure_with_a_comma_and_every_code_with_its_zero(folder):
    name = "enaf_ratios"
    table = publication().tables[name]

    heading, *lines = read_csv(folder / f"{name}.csv")

    assert heading == [column.name for column in table.columns]
    for rank, column in enumerate(table.columns):
        cells = [line[rank] for line in lines]
        rows = table.rows[column.name]
        if column.kind == "real":
            assert [float(cell.replace(",", ".")) if cell else None for cell in cells] == [
                None if pd.isna(value) else value for value in rows
            ]
            assert not any("." in cell for cell in cells)
        elif column.kind == "boolean":
            assert cells == ["oui" if value else "non" for value in rows]
        else:
            assert cells == ["" if pd.isna(value) else str(value) for value in rows]
    assert "04112" in {line[heading.index("commune_code")] for line in lines}


def test_a_parquet_is_the_same_table_and_a_geoparquet_has_its_projection_and_boxes(folder):
    for name in TABLES:
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"{name}.parquet"), publication().tables[name].rows)
    metadata = json.loads(pq.read_schema(folder / "communes.parquet").metadata[b"geo"])
    layer = gpd.read_parquet(folder / "communes.parquet")

    assert metadata["version"] == "1.1.0"
    assert metadata["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 2154}
    assert "bbox" in metadata["columns"]["geometry"]["covering"]
    assert_geodataframe_equal(layer, publication().tables["communes"].layer)


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="no GDAL tools on this machine (apt-get install gdal-bin)")
def test_gdal_reads_a_flatgeobuf_with_its_projection_and_its_index(folder):
    command = ["ogrinfo", "-ro", "-al", "-so", str(folder / "communes.fgb")]

    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert "Feature Count: 51" in told
    assert 'ID["EPSG",2154]' in told
    assert "Geometry: Multi Polygon" in told
    assert "commune_code: String" in told


@pytest.mark.parametrize(("name", "kind"), [("service_areas", "fgb"), ("communes", "geojson")])
def test_a_layer_read_back_has_the_same_codes_figures_and_areas(folder, name, kind):
    table = publication().tables[name]
    columns = [column.name for column in table.columns]

    back = gpd.read_file(folder / f"{name}.{kind}").sort_values(list(table.key), ignore_index=True)

    expected = table.layer.sort_values(list(table.key), ignore_index=True)
    pd.testing.assert_frame_equal(
        pd.DataFrame(back[columns]), pd.DataFrame(expected[columns]), check_dtype=False, check_exact=True
    )
    areas, shown = expected.area, back.to_crs(2154).area
    # Seven decimals of a degree are a centimetre: some square metres around a commune.
    assert (areas - shown).abs().max() < {"fgb": 1e-6, "geojson": 20.0}[kind]
    assert shown.sum() == pytest.approx(areas.sum(), rel=1e-6)


def test_a_geojson_follows_rfc_7946(folder):
    document = json.loads((folder / "communes.geojson").read_text(encoding="utf-8"))
    features = document["features"]
    rings = [feature["geometry"]["coordinates"] for feature in features]
    shells = [shapely.LinearRing(polygon[0]) for multi in rings for polygon in multi]
    numbers = [number for shell in shells for point in shell.coords for number in point]

    assert document["type"] == "FeatureCollection"
    assert "crs" not in document
    assert [feature["id"] for feature in features] == [feature["properties"]["commune_code"] for feature in features]
    assert all(shell.is_ccw for shell in shells)
    assert all(round(number, 7) == number for number in numbers)
    # Volx is at 5.84° E, 43.88° N (IGN, Géoportail).
    volx = next(one for one in features if one["properties"]["name"] == "Volx")
    assert shapely.geometry.shape(volx["geometry"]).buffer(0.02).contains(shapely.Point(5.84, 43.88))
    areas = json.loads((folder / "service_areas.geojson").read_text(encoding="utf-8"))["features"]
    expected = publication().tables["service_areas"].rows["residents_method"].isna().sum()
    assert sum(one["properties"]["residents_method"] is None for one in areas) == expected > 0


def test_the_dictionary_tells_the_unit_and_the_meaning_of_each_column_and_the_sources_their_files(folder):
    heading, *lines = read_csv(folder / DICTIONARY)
    told = {(line[0], line[1]): dict(zip(heading, line, strict=True)) for line in lines}

    assert heading == ["table", "colonne", "libellé", "unité", "définition", "source"]
    for table in publication().tables.values():
        named = [name for owner, name in told if owner == table.name]
        assert named == [*(column.name for column in table.columns), *(["geometry"] if table.geometry_type else [])]
    assert all(line["libellé"] and line["source"] for line in told.values())
    allowance = told["trajectory", "allowance_ha"]
    assert (allowance["libellé"], allowance["unité"]) == ("Enveloppe de la période", "ha")
    assert allowance["source"].startswith("calculé par hp_sig d'après\u00a0: hp_sig, consommation d'espaces fictive")
    assert told["trajectory", "reduction_share"]["unité"] == "% (valeur 1 = 100\u00a0%)"
    assert "in_force = en vigueur" in told["trajectory", "regime_status"]["définition"]
    assert told["stations", "geometry"]["définition"].startswith("Point, en Lambert-93 (EPSG:2154)")
    assert told["stations", "uic_code"]["source"] == "SNCF, Liste des gares, millésime 2022"
    heading, *lines = read_csv(folder / SOURCES)
    assert heading == [
        *("donnée", "producteur", "source", "millésime", "licence", "téléchargée le", "fichier", "octets", "sha256")
    ]
    assert {line[0]: line[-1] for line in lines}["enaf"] == sample_publication().sources["enaf"].sha256


def test_a_text_never_becomes_a_formula_in_a_csv(place):
    table = publication("stations").tables["stations"]
    rows = table.rows.assign(name=["=cmd|' /C calc'!A1", "+33 4;92"])
    hostile = dataclasses.replace(sample_publication(), tables={"stations": dataclasses.replace(table, rows=rows)})

    write_files(hostile, place, formats=["csv"])

    _, *lines = read_csv(place / "stations.csv")
    assert [line[1] for line in lines] == ["'=cmd|' /C calc'!A1", "'+33 4;92"]


def test_files_of_others_stay_and_those_of_an_earlier_run_are_replaced_or_refused(place):
    (place / "notes.csv").write_text("à moi", encoding="utf-8")
    (place / "stations.csv").write_text("ancien", encoding="utf-8")
    one = publication("stations")

    with pytest.raises(OutputError, match=r"stations\.csv: there already"):
        write_files(one, place, formats=["csv"], on_existing="refuse")
    assert {path.name for path in place.iterdir()} == {"notes.csv", "stations.csv"}
    assert (place / "stations.csv").read_text(encoding="utf-8") == "ancien"
    write_files(one, place, formats=["csv"])

    assert (place / "notes.csv").read_text(encoding="utf-8") == "à moi"
    assert read_csv(place / "stations.csv")[0][0] == "uic_code"


@pytest.mark.parametrize(("step", "replaced"), [("_write", 0), ("_put_in_place", 2)])
def test_a_run_that_fails_leaves_each_file_old_or_new_and_the_dictionary_old(place, monkeypatch, step, replaced):
    names = file_names(publication(*TABLES), formats=["csv"])
    for name in names:
        (place / name).write_text("ancien", encoding="utf-8")
    real, done = getattr(files, step), []

    def failing(*arguments):
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        done.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(files, step, failing)
    with pytest.raises(OutputError, match="No space left on device"):
        write_files(publication(*TABLES), place, formats=["csv"])

    whole = [name for name in names if (place / name).read_text(encoding="utf-8") != "ancien"]
    assert whole == list(names[:replaced])
    assert all(len(read_csv(place / name)) > 1 for name in whole)
    assert {path.name for path in place.iterdir()} == set(names)


def test_what_a_killed_run_left_is_cleared_and_two_runs_never_write_at_once(place):
    (place / ".hp_sig-files-abc").mkdir()
    with filelock.FileLock(place / ".hp_sig-files.lock"), pytest.raises(OutputError, match="another run"):
        write_files(publication("stations"), place, formats=["csv"])

    write_files(publication("stations"), place, formats=["csv"])

    assert {path.name for path in place.iterdir()} == {"stations.csv", SOURCES, DICTIONARY}


def test_a_name_that_cannot_be_that_of_a_file_and_an_unknown_format_are_refused(place):
    table = sample_publication().tables["stations"]

    for name in ("../evil", "con", "sources", "Epci"):
        tables = {name: dataclasses.replace(table, name=name)}
        with pytest.raises(OutputError, match="tables: names of small letters"):
            write_files(dataclasses.replace(sample_publication(), tables=tables), place)
    with pytest.raises(OutputError, match="formats: some of csv, parquet, fgb, geojson expected, found 'shp'"):
        write_files(publication("stations"), place, formats=["csv", "shp"])

    assert not list(place.iterdir())
