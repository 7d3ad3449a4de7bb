import logging
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from shapely import Point, Polygon
from squares import ORIGIN, square

from hp_sig import LayerError
from hp_sig.layers.buildings import read_buildings
from hp_sig.layers.census import read_census
from hp_sig.layers.ridership import read_ridership
from hp_sig.seal import is_sealed

NAN = float("nan")
MANOSQUE, LA_BRILLANNE = "87751321", "87751271"
#: Uses of BD TOPO, in the order of its documentation.
BD_TOPO_USES = {
    "Agricole": "other",
    "Annexe": "other",
    "Commercial et services": "activity",
    "Indifférencié": "unknown",
    "Industriel": "activity",
    "Religieux": "other",
    "Résidentiel": "residential",
    "Sportif": "other",
}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# Buildings


def footprints(count: int) -> list[Polygon]:
    return [square(0.1 * rank, 0, 0.01, 0.02) for rank in range(count)]


def drawn(path: Path, columns: dict[str, list[object]], shapes: list[Polygon] | None = None) -> Path:
    count = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame(columns, geometry=shapes or footprints(count), crs=2154)
    frame.to_file(path, layer="batiment" if path.suffix == ".gpkg" else None)
    return path


@pytest.fixture
def batiment(tmp_path: Path) -> Path:
    """Three buildings as the GeoPackage of BD TOPO tells them, with heights."""
    columns = {
        "cleabs": ["BATIMENT0000000000000001", "BATIMENT0000000000000002", "BATIMENT0000000000000003"],
        "nature": ["Indifférenciée", "Industriel, agricole ou commercial", "Indifférenciée"],
        "usage_1": ["Résidentiel", "Commercial et services", "Indifférencié"],
        "usage_2": [None, "Résidentiel", None],
        "etat_de_l_objet": ["En service", "En service", "En service"],
        "nombre_de_logements": [4, 0, None],
        "nombre_d_etages": [2, None, None],
    }
    shapes = [Polygon([(x, y, 300.0) for x, y in shape.exterior.coords]) for shape in footprints(3)]
    path = drawn(tmp_path / "BDTOPO_D004.gpkg", columns, shapes)
    gpd.GeoDataFrame({"cleabs": ["T1"]}, geometry=[Point(ORIGIN)], crs=2154).to_file(path, layer="construction")
    return path


def test_buildings_of_bd_topo_are_read_with_use_dwellings_and_floors(batiment):
    buildings = read_buildings(batiment, vintage="2025-09")

    expected = pd.DataFrame(
        {
            "use": ["residential", "activity", "unknown"],
            "dwelling_count": [4.0, 0.0, NAN],
            "floor_count": [2.0, NAN, NAN],
        },
        index=pd.Index([f"BATIMENT000000000000000{rank}" for rank in (1, 2, 3)], name="building_id", dtype="str"),
    ).astype({"use": "str"})
    assert_frame_equal(pd.DataFrame(buildings.drop(columns="geometry")), expected)
    assert buildings.crs.to_epsg() == 2154
    assert not buildings.has_z.any()
    assert buildings.area.tolist() == pytest.approx([200.0] * 3)
    assert buildings.attrs["vintage"] == "2025-09"
    assert buildings.attrs["source_file"] == "BDTOPO_D004.gpkg"
    assert buildings.attrs["notes"] == []
    assert is_sealed(buildings)


def test_buildings_of_the_shapefile_of_bd_topo_are_the_same(tmp_path, batiment):
    columns = {
        "ID": [f"BATIMENT000000000000000{rank}" for rank in (1, 2, 3)],
        "NATURE": ["Indifférenciée", "Industriel, agricole ou commercial", "Indifférenciée"],
        "USAGE1": ["Résidentiel", "Commercial et services", "Indifférencié"],
        "USAGE2": [None, "Résidentiel", None],
        "ETAT": ["En service"] * 3,
        "NB_LOGTS": [4, 0, None],
        "NB_ETAGES": [2, None, None],
    }

    buildings = read_buildings(drawn(tmp_path / "BATIMENT.shp", columns))

    expected = read_buildings(batiment).drop(columns="geometry")
    assert_frame_equal(pd.DataFrame(buildings.drop(columns="geometry")), pd.DataFrame(expected))


@pytest.mark.parametrize(("told", "use"), BD_TOPO_USES.items())
def test_each_use_of_bd_topo_has_its_own(tmp_path, told, use):
    path = drawn(tmp_path / "batiment.gpkg", {"cleabs": ["B1"], "usage_1": [told]})

    buildings = read_buildings(path)

    assert buildings["use"].tolist() == [use]
    assert buildings.attrs["notes"] == []


@pytest.mark.parametrize(
    ("first", "second", "use"),
    [
        ("Résidentiel", "Commercial et services", "residential"),
        ("Annexe", "Résidentiel", "other"),
        ("Indifférencié", "Industriel", "activity"),
        (None, "Résidentiel", "residential"),
        ("Résidentiel", "Indifférencié", "residential"),
        (None, None, "unknown"),
    ],
)
def test_the_second_use_counts_only_where_the_main_one_is_not_told(tmp_path, first, second, use):
    columns = {"cleabs": ["B1", "B2"], "usage_1": [first, "Annexe"], "usage_2": [second, "Annexe"]}

    assert read_buildings(drawn(tmp_path / "batiment.gpkg", columns)).at["B1", "use"] == use


def test_a_use_that_bd_topo_does_not_have_is_unknown_and_told(tmp_path, caplog):
    path = drawn(tmp_path / "batiment.gpkg", {"cleabs": ["B1", "B2"], "usage_1": ["house", "Résidentiel"]})

    with caplog.at_level(logging.WARNING):
        buildings = read_buildings(path)

    assert buildings["use"].tolist() == ["unknown", "residential"]
    note = "1 values of the column 'usage_1' are not uses of BD TOPO ('house'): taken as unknown."
    assert buildings.attrs["notes"] == [note]
    assert note in caplog.text


def test_buildings_that_are_not_in_service_are_left_out_and_told(tmp_path):
    states = ["En service", "En projet", "En construction", "En ruine", None, "en service"]
    columns = {"cleabs": [f"B{rank}" for rank in range(6)], "etat_de_l_objet": states}

    buildings = read_buildings(drawn(tmp_path / "batiment.gpkg", columns))

    assert buildings.index.tolist() == ["B0", "B4", "B5"]
    assert buildings.geometry.iloc[1].equals(footprints(6)[4])
    assert buildings.attrs["notes"] == [
        "3 buildings are not in service ('En construction', 'En projet', 'En ruine'): left out."
    ]


def test_a_file_without_any_building_in_service_is_refused(tmp_path):
    path = drawn(tmp_path / "batiment.gpkg", {"cleabs": ["B1"], "etat_de_l_objet": ["En projet"]})

    with pytest.raises(LayerError, match="expected buildings « En service », found only 'en projet'"):
        read_buildings(path)


@pytest.mark.parametrize(("column", "expected"), [("id", ["7", "9"]), ("commune", ["1", "2"])])
def test_a_cadastre_has_footprints_of_unknown_use(tmp_path, column, expected):
    path = drawn(tmp_path / "cadastre.gpkg", {column: [7, 9]})

    buildings = read_buildings(path)

    assert buildings.index.tolist() == expected
    assert buildings["use"].tolist() == ["unknown", "unknown"]
    assert buildings[["dwelling_count", "floor_count"]].isna().all().all()
    assert buildings[["dwelling_count", "floor_count"]].dtypes.tolist() == [np.float64, np.float64]


def test_columns_of_another_name_are_given(tmp_path):
    path = drawn(tmp_path / "bati.gpkg", {"ref": ["B1"], "usage": ["Résidentiel"], "logements": [3]})

    buildings = read_buildings(path, fields={"building_id": "ref", "main_use": "usage", "dwelling_count": "logements"})

    assert buildings.loc["B1", ["use", "dwelling_count"]].tolist() == ["residential", 3.0]


def test_invalid_footprints_are_repaired_and_told_or_refused(tmp_path):
    x, y = ORIGIN
    bow_tie = Polygon([(x, y), (x, y + 10), (x + 10, y), (x + 10, y + 10)])
    path = drawn(tmp_path / "batiment.gpkg", {"cleabs": ["B1", "B2"]}, [bow_tie, square(1, 1, 0.01, 0.01)])

    buildings = read_buildings(path)

    assert buildings.is_valid.all()
    assert buildings.area.tolist() == pytest.approx([50.0, 100.0])
    assert buildings.attrs["notes"][0].startswith("1 invalid polygon was repaired (structure method; 'B1')")
    with pytest.raises(LayerError, match="1 polygons are invalid: 'B1'"):
        read_buildings(path, on_invalid="raise")


def test_all_faults_of_the_buildings_come_in_one_error(tmp_path):
    columns = {
        "cleabs": ["B1", "B1", None],
        "nombre_de_logements": [-1, 2, 3],
        "nombre_d_etages": [1.0, float("inf"), -3.0],
    }
    path = drawn(tmp_path / "batiment.gpkg", columns, [*footprints(2), Point(ORIGIN)])

    with pytest.raises(LayerError) as caught:
        read_buildings(path)

    assert caught.value.faults == (
        "1 buildings have no value in the column 'cleabs'.",
        "1 building codes come more than once: 'B1'. Keep one row each (dissolve in QGIS).",
        "1 values of the column 'nombre_de_logements' are negative or infinite: 'B1'.",
        "2 values of the column 'nombre_d_etages' are negative or infinite: 'B1', nan.",
        "1 geometries are not polygons (Point): nan. Keep only polygons.",
    )


def test_counts_in_a_column_of_text_are_read_as_well(tmp_path):
    path = drawn(tmp_path / "batiment.gpkg", {"cleabs": ["B1", "B2"], "nombre_de_logements": ["4", ""]})

    assert read_buildings(path)["dwelling_count"].tolist() == pytest.approx([4.0, NAN], nan_ok=True)


def test_a_column_that_was_given_and_is_not_there_is_told(tmp_path):
    path = drawn(tmp_path / "batiment.gpkg", {"cleabs": ["B1"]})

    with pytest.raises(LayerError, match="expected the column 'logts' that was given for « dwelling_count »"):
        read_buildings(path, fields={"dwelling_count": "logts"})


# Census


def census(year: int | None, **rows: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["households", "dwellings", "jobs"], dtype="float64")
    frame.index = pd.Index([code.removeprefix("c") for code in rows], name="commune_code", dtype="str")
    frame.attrs["census_year"] = year
    return frame


def test_the_comparator_of_insee_is_read_with_its_year(tmp_path):
    path = write(
        tmp_path / "comparateur.csv",
        "CODGEO;P22_POP;P22_MEN;P22_LOG;P22_RP;P22_EMPLT;P22_EMPLT_SAL\n"
        "04112;1;11135.6334;13268,3019;11135;13599.9352;12000\n04004;1;271;504;271;188.8234;137\n",
    )

    table = read_census(path)

    expected = census(2022, c04004=[271.0, 504.0, 188.8234], c04112=[11135.6334, 13268.3019, 13599.9352])
    assert_frame_equal(table, expected)
    assert table.attrs == {"census_year": 2022, "source_file": "comparateur.csv", "notes": []}


@pytest.mark.parametrize("cell", ["s", "", "nd", "NULL"])
def test_a_secret_or_blank_figure_is_unknown(tmp_path, cell):
    path = write(tmp_path / "census.csv", f"CODGEO;P22_MEN;P22_LOG;P22_EMPLT\n04004;{cell};504;0\n")

    assert_frame_equal(read_census(path), census(2022, c04004=[NAN, 504.0, 0.0]))


def test_a_figure_that_is_not_in_the_file_is_unknown(tmp_path):
    path = write(tmp_path / "census.csv", "CODGEO;P21_LOG\n04004;504\n")

    assert_frame_equal(read_census(path), census(2021, c04004=[NAN, 504.0, NAN]))


def test_a_table_without_any_of_the_three_figures_is_refused(tmp_path):
    path = write(tmp_path / "census.csv", "CODGEO;P22_POP;P22_EMPLT_SAL\n04004;504;100\n")

    with pytest.raises(LayerError, match=r"expected households, dwellings or jobs.*found none of them"):
        read_census(path)


def test_plain_names_tell_no_year(tmp_path):
    path = write(tmp_path / "census.csv", "insee,menages,Logements,jobs\n4004,271,504,188\n")

    table = read_census(path)

    assert_frame_equal(table, census(None, c04004=[271.0, 504.0, 188.0]))
    assert table.attrs["census_year"] is None


@pytest.mark.parametrize(
    ("columns", "year", "values", "left"),
    [
        ("P22_MEN;P22_LOG;P22_EMPLT;P16_EMPLT", 2022, [1.0, 2.0, 3.0], ""),
        ("P16_MEN;P16_LOG;P22_MEN;P22_LOG", 2022, [3.0, 4.0, NAN], ""),
        ("P16_MEN;P16_LOG;P22_EMPLT;P16_EMPLT", 2016, [1.0, 2.0, 4.0], ""),
        ("P16_MEN;P16_LOG;P22_EMPLT;P99_LOG", 2016, [1.0, 2.0, NAN], "'P22_EMPLT'"),
        ("P16_MEN;D90_LOG;P22_EMPLT;P09_LOG", 2022, [NAN, NAN, 3.0], "'D90_LOG', 'P09_LOG', 'P16_MEN'"),
        ("P99_MEN;D90_LOG;D82_LOG;D75_LOG", 1999, [1.0, NAN, NAN], "'D75_LOG', 'D82_LOG', 'D90_LOG'"),
        ("households;P22_LOG;P16_LOG;P22_EMPLT", 2022, [1.0, 2.0, 4.0], ""),
        ("households;P22_LOG;P22_MEN;P22_EMPLT", 2022, [3.0, 2.0, 4.0], ""),
    ],
)
def test_all_figures_are_of_one_census_the_latest_of_the_fullest(tmp_path, columns, year, values, left):
    path = write(tmp_path / "census.csv", f"CODGEO;{columns}\n04004;1;2;3;4\n")

    table = read_census(path)

    assert_frame_equal(table, census(year, c04004=values))
    told = f"figures are those of the census of {year}; left out, for being of another one: {left}."
    assert table.attrs["notes"] == ([told] if left else [])


def test_another_census_is_asked_for_by_naming_a_column(tmp_path):
    path = write(tmp_path / "census.csv", "CODGEO;P22_MEN;P22_EMPLT;P16_EMPLT\n04004;1;2;3\n")

    assert_frame_equal(read_census(path, fields={"jobs": "P16_EMPLT"}), census(2016, c04004=[NAN, NAN, 3.0]))
    assert_frame_equal(
        read_census(path, fields={"households": "P22_MEN", "jobs": "P22_EMPLT"}), census(2022, c04004=[1.0, NAN, 2.0])
    )


def test_a_column_without_a_year_is_of_no_known_census(tmp_path):
    path = write(tmp_path / "census.csv", "CODGEO;nombre\n04004;2\n")

    table = read_census(path, fields={"jobs": "nombre"})

    assert_frame_equal(table, census(None, c04004=[NAN, NAN, 2.0]))
    assert table.attrs["census_year"] is None


def test_columns_of_two_censuses_are_not_asked_for_together(tmp_path):
    path = write(tmp_path / "census.csv", "CODGEO;P22_MEN;P16_EMPLT\n04004;1;2\n")

    with pytest.raises(LayerError, match="columns of one census in « fields », found the years 2016, 2022"):
        read_census(path, fields={"households": "P22_MEN", "jobs": "P16_EMPLT"})


def test_all_faults_of_the_census_come_in_one_error(tmp_path):
    path = write(tmp_path / "census.csv", "CODGEO;P22_MEN;P22_LOG\n04004;many;1\n04004;-2;1\nManosque;1;-3\n")

    with pytest.raises(LayerError) as caught:
        read_census(path)

    assert caught.value.faults == (
        "1 values of the column 'CODGEO' are not commune codes: 'Manosque'. Five characters are expected, such as "
        "'04112' or '2A004'.",
        "1 commune codes come more than once: '04004'. Keep one row each (dissolve in QGIS).",
        "1 values of the column 'P22_MEN' are not numbers: 'many'.",
        "1 values of the column 'P22_MEN' are negative or infinite: '04004'.",
        "1 values of the column 'P22_LOG' are negative or infinite: 'MANOSQUE'.",
    )


def test_a_lost_zero_is_put_back_and_told(tmp_path, caplog):
    path = write(tmp_path / "census.csv", "CODGEO;P22_MEN\n4004;1\n")

    with caplog.at_level(logging.WARNING):
        table = read_census(path)

    assert table.index.tolist() == ["04004"]
    assert len(table.attrs["notes"]) == 1
    assert table.attrs["notes"][0] in caplog.text


# Ridership


def ridership(**rows: dict[int, float]) -> pd.DataFrame:
    index = pd.MultiIndex.from_tuples(
        [(code.removeprefix("u"), year) for code, years in rows.items() for year in years], names=["uic_code", "year"]
    )
    passengers = [value for years in rows.values() for value in years.values()]
    frame = pd.DataFrame({"passengers": np.array(passengers, dtype="float64")}, index=index)
    frame.index = frame.index.set_levels(frame.index.levels[0].astype("str"), level=0)
    return frame


WIDE = (
    "Nom de la gare;Code UIC complet;Total Voyageurs 2020;Total Voyageurs + Non voyageurs 2020;"
    "Total Voyageurs 2019;Total Voyageurs + Non voyageurs 2019\n"
    f"Manosque;{MANOSQUE};44366;50000;90904;99999\nLa Brillanne;{LA_BRILLANNE};12069;;29 036;77777\n"
)
EXPECTED = {f"u{LA_BRILLANNE}": {2019: 29036.0, 2020: 12069.0}, f"u{MANOSQUE}": {2019: 90904.0, 2020: 44366.0}}


@pytest.mark.parametrize(
    "text",
    [
        WIDE,
        WIDE.replace(";", ","),
        WIDE.replace("Total Voyageurs + Non voyageurs ", "total_voyageurs_non_voyageurs_")
        .replace("Total Voyageurs ", "total_voyageurs_")
        .replace("Code UIC complet", "code_uic_complet"),
    ],
)
def test_passengers_are_read_by_station_and_year_without_those_who_do_not_travel(tmp_path, text):
    table = read_ridership(write(tmp_path / "frequentation.csv", text))

    assert_frame_equal(table, ridership(**EXPECTED))
    assert table.attrs == {"source_file": "frequentation.csv", "notes": []}


def test_a_row_a_station_and_year_gives_the_same(tmp_path):
    rows = [
        f"{MANOSQUE},2020,44366",
        f"{LA_BRILLANNE},2020,12069",
        f"{LA_BRILLANNE},2019,29036",
        f"{MANOSQUE},2019,90904",
    ]
    path = write(tmp_path / "frequentation.csv", "code_uic,annee,voyageurs\n" + "\n".join(rows))

    assert_frame_equal(read_ridership(path), ridership(**EXPECTED))


def test_a_workbook_keeps_its_codes_as_text(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Code UIC complet", "Total Voyageurs 2020"])
    book.active.append([int(MANOSQUE), 44366])
    book.save(tmp_path / "frequentation.xlsx")

    assert read_ridership(tmp_path / "frequentation.xlsx").index.tolist() == [(MANOSQUE, 2020)]


def test_a_blank_year_is_unknown_and_a_zero_is_zero(tmp_path):
    path = write(tmp_path / "f.csv", f"uic_code;Total Voyageurs 2019;Total Voyageurs 2020\n{MANOSQUE};;0\n")

    assert read_ridership(path)["passengers"].tolist() == pytest.approx([NAN, 0.0], nan_ok=True)


def test_names_of_columns_are_given(tmp_path):
    path = write(tmp_path / "f.csv", f"gare;an;nombre\n{MANOSQUE};2024;5\n")

    table = read_ridership(path, fields={"uic_code": "gare", "year": "an", "passengers": "nombre"})

    assert table["passengers"].to_dict() == {(MANOSQUE, 2024): 5.0}


@pytest.mark.parametrize(
    "header", ["Code UIC complet;Total Voyageurs + Non voyageurs 2020", "uic_code;year", "uic_code;passengers"]
)
def test_a_table_without_passengers_by_year_is_refused(tmp_path, header):
    path = write(tmp_path / "f.csv", f"{header}\n{MANOSQUE};2020\n")

    with pytest.raises(LayerError, match="expected « Total Voyageurs » by year, or year and passengers, found"):
        read_ridership(path)


@pytest.mark.parametrize("code", ["8775132", "877513210", "8775132A", ""])
def test_a_code_that_is_not_of_eight_digits_is_a_fault(tmp_path, code):
    path = write(tmp_path / "f.csv", f"uic_code;Total Voyageurs 2020\n{code};1\n{MANOSQUE};2\n")

    with pytest.raises(
        LayerError, match=r"1 values of the column 'uic_code' are not UIC codes.*Eight digits are expec"
    ):
        read_ridership(path)


def test_all_faults_of_the_ridership_come_in_one_error(tmp_path):
    rows = [
        f"{MANOSQUE};2020;1",
        f"{MANOSQUE};2020;-1",
        f"{LA_BRILLANNE};MMXX;2",
        f"{LA_BRILLANNE};2019.5;many",
        f"{LA_BRILLANNE};20190;3",
    ]
    path = write(tmp_path / "f.csv", "uic_code;year;passengers\n" + "\n".join(rows) + "\n")

    with pytest.raises(LayerError) as caught:
        read_ridership(path)

    assert caught.value.faults == (
        "3 values of the column 'year' are not years: 'MMXX', '2019.5', '20190'.",
        "1 values of the column 'passengers' are not numbers: 'many'.",
        f"stations with several figures for one year: '{MANOSQUE}'. Keep one row each.",
        f"stations with negative or infinite passengers: '{MANOSQUE}'.",
    )
