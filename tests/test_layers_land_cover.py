import gc
import json
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import py7zr
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pyarrow import parquet
from shapely import LineString, MultiPolygon, Point, Polygon
from squares import ORIGIN, square

from hp_sig import LayerError
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.layers.land_cover import read_land_cover
from hp_sig.layers.vector import polygons
from hp_sig.seal import is_sealed

TOWN, FIELD, WOOD = "CS1.1.1.1", "CS2.2.1", "CS2.1.1.1"
HOMES, FARMS = "US5", "US1.1"
WRITTEN = ("artif", "non artif")


def delivered(shapes: list[shapely.Geometry] | None = None, **columns: object) -> gpd.GeoDataFrame:
    """Draw one square of a kilometre a row, from west to east, unless shapes are given."""
    count = max((len(values) for values in columns.values() if isinstance(values, list)), default=2)
    return gpd.GeoDataFrame(columns, geometry=shapes or [square(rank, 0) for rank in range(count)], crs=2154)


def occupation(shapes: list[shapely.Geometry] | None = None, **columns: object) -> gpd.GeoDataFrame:
    """Draw a state: homes in the west, a field in the east."""
    given = {"ID": ["a", "b"], "CODE_CS": [TOWN, FIELD], "CODE_US": [HOMES, FARMS]} | columns
    return delivered(shapes, **given)


def built_zones() -> gpd.GeoDataFrame:
    return delivered(ID=["z"], MILLESIME=["2018"])


def official(**columns: object) -> gpd.GeoDataFrame:
    """Draw an official state, with the columns of a delivery of 2025."""
    given = {
        "id": ["a", "b"],
        "code_cs": [TOWN, FIELD],
        "code_us": [HOMES, FARMS],
        "millesime": ["2021", "2021"],
        "ossature": [0, 0],
        "aire": [1e6, 1e6],
        "artif": ["artif", "non artif"],
        "crit_seuil": [True, False],
    }
    return delivered(**(given | columns))


#: The western square was built on, the eastern one given back to the fields.
EVOLUTION = {
    "id_2018": ["a", "b"],
    "cs_2018": [FIELD, TOWN],
    "us_2018": [FARMS, HOMES],
    "artif_2018": ["non artif", "artif"],
    "id_2021": ["c", "d"],
    "cs_2021": [TOWN, FIELD],
    "us_2021": [HOMES, FARMS],
    "artif_2021": ["artif", "non artif"],
    "artificialisation": [1, -1],
    "surface": [1e6, 1e6],
}


def evolution(**columns: object) -> gpd.GeoDataFrame:
    return delivered(**(EVOLUTION | columns))


def difference(**columns: object) -> gpd.GeoDataFrame:
    given = {"CS_2018": [FIELD, TOWN], "CS_2021": [TOWN, FIELD], "US_2018": [FARMS, HOMES], "US_2021": [HOMES, FARMS]}
    return delivered(**(given | columns))


def expected(**columns: object) -> gpd.GeoDataFrame:
    """Say what a reader must give: one square a row."""
    layer = delivered(**columns)
    texts = [name for name in columns if name.startswith(("cover", "use"))]
    layer[texts] = layer[texts].astype("str")
    layer.index.name = "polygon"
    return layer


STATE = {"cover_code": [TOWN, FIELD], "use_code": [HOMES, FARMS]}
CHANGES = {
    "cover_before": [FIELD, TOWN],
    "cover_after": [TOWN, FIELD],
    "use_before": [FARMS, HOMES],
    "use_after": [HOMES, FARMS],
}


def packed(path: Path, folder: Path) -> Path:
    """Pack a folder as IGN does, deep in other folders."""
    with py7zr.SevenZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"OCS-GE/1_DONNEES_LIVRAISON/D004/{file.name}")
    return path


def archive_of(folder: Path, name: str, **layers: gpd.GeoDataFrame) -> Path:
    """Pack shapefiles."""
    inside = folder / "inside"
    inside.mkdir()
    for layer, frame in layers.items():
        frame.to_file(inside / f"{layer}.shp")
    return packed(folder / name, inside)


def geopackage(path: Path, **layers: gpd.GeoDataFrame) -> Path:
    for layer, frame in layers.items():
        frame.to_file(path, layer=layer, mode="a" if path.exists() else "w")
    return path


def fault_of(path: Path, **options: object) -> str:
    """The one fault of a file, whose error must begin with the name that was given, and tell no temporary one."""
    with pytest.raises(LayerError) as caught:
        read_land_cover(path, vintage="2024", **options)
    (fault,) = caught.value.faults
    assert str(caught.value) == f"{path}: 1 fault.\n  - {fault}"
    assert fault.endswith(".")
    assert "hp_sig_" not in fault
    return fault


# --- the forms of a delivery ------------------------------------------------------------------------------------


def as_shapefile(folder: Path) -> Path:
    occupation().to_file(folder / "OCCUPATION_SOL.shp")
    return folder / "OCCUPATION_SOL.shp"


def as_geopackage(folder: Path) -> Path:
    return geopackage(folder / "ocs.gpkg", zone_construite=built_zones(), occupation_du_sol=occupation())


def as_geoparquet(folder: Path) -> Path:
    occupation().to_parquet(folder / "occupation.parquet")
    return folder / "occupation.parquet"


def as_flatgeobuf(folder: Path) -> Path:
    # Without an index, the rows keep their order.
    occupation().to_file(folder / "occupation.fgb", driver="FlatGeobuf", SPATIAL_INDEX="NO")
    return folder / "occupation.fgb"


def as_archive_of_shapefiles(folder: Path) -> Path:
    return archive_of(folder, "ocs.7z", ZONE_CONSTRUITE=built_zones(), OCCUPATION_SOL=occupation())


def as_archive_of_geopackage(folder: Path) -> Path:
    inside = folder / "inside"
    inside.mkdir()
    as_geopackage(inside)
    return packed(folder / "ocs.7Z", inside)


def as_archive_of_geopackages(folder: Path) -> Path:
    inside = folder / "inside"
    inside.mkdir()
    geopackage(inside / "ZONE_CONSTRUITE.gpkg", zones=built_zones())
    geopackage(inside / "OCCUPATION_SOL.gpkg", sol=occupation())
    return packed(folder / "ocs.7z", inside)


def as_archive_of_geoparquet(folder: Path) -> Path:
    inside = folder / "inside"
    inside.mkdir()
    as_geoparquet(inside)
    return packed(folder / "ocs.7z", inside)


def as_archive_of_flatgeobuf(folder: Path) -> Path:
    inside = folder / "inside"
    inside.mkdir()
    as_flatgeobuf(inside)
    return packed(folder / "ocs.7z", inside)


@pytest.mark.parametrize(
    "write",
    [
        as_shapefile,
        as_geopackage,
        as_geoparquet,
        as_flatgeobuf,
        as_archive_of_shapefiles,
        as_archive_of_geopackage,
        as_archive_of_geopackages,
        as_archive_of_geoparquet,
        as_archive_of_flatgeobuf,
    ],
)
def test_every_form_of_delivery_gives_the_same_contract(tmp_path, write):
    path = write(tmp_path)

    land = read_land_cover(path, vintage="2024-05")

    assert_geodataframe_equal(land, expected(**STATE), normalize=True)
    assert land.attrs["kind"] == "cover"
    assert land.attrs["vintage"] == "2024-05"
    assert land.attrs["source_file"] == path.name
    assert land.attrs["notes"] == []
    assert is_sealed(land)


@pytest.mark.parametrize(
    ("cover", "use"),
    [("CODE_CS", "CODE_US"), ("code_cs", "code_us"), ("couverture", "usage"), ("cs", "us"), ("Code_CS", "Code_US")],
)
def test_cover_and_use_are_found_under_every_name_that_was_delivered(tmp_path, cover, use):
    path = tmp_path / "ocs.gpkg"
    delivered(**{cover: [TOWN, FIELD], use: [HOMES, FARMS]}).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert_geodataframe_equal(land, expected(**STATE), normalize=True)


def test_columns_of_other_names_are_read_when_told(tmp_path):
    path = tmp_path / "ocs.gpkg"
    delivered(NIV4=[TOWN, FIELD], FONCTION=[HOMES, FARMS]).to_file(path)

    land = read_land_cover(path, vintage="2024", fields={"cover_code": "NIV4", "use_code": "FONCTION"})

    assert_geodataframe_equal(land, expected(**STATE), normalize=True)


def test_a_column_named_in_vain_is_a_fault(tmp_path):
    path = tmp_path / "ocs.gpkg"
    occupation().to_file(path)

    assert "the column 'NIV4' that was given for « cover_code »" in fault_of(path, fields={"cover_code": "NIV4"})


def test_spaces_around_a_code_are_no_part_of_it(tmp_path):
    path = tmp_path / "ocs.gpkg"
    occupation(CODE_CS=[f" {TOWN} ", FIELD]).to_file(path)

    assert read_land_cover(path, vintage="2024")["cover_code"].tolist() == [TOWN, FIELD]


#: OCS GE 2.0: 14 covers and 20 uses.
COVERS = [
    *("CS1.1.1.1", "CS1.1.1.2", "CS1.1.2.1", "CS1.1.2.2", "CS1.2.1", "CS1.2.2", "CS1.2.3"),
    *("CS2.1.1.1", "CS2.1.1.2", "CS2.1.1.3", "CS2.1.2", "CS2.1.3", "CS2.2.1", "CS2.2.2"),
]
USES = [
    *("US1.1", "US1.2", "US1.3", "US1.4", "US1.5", "US2", "US3", "US235", "US5"),
    *("US4.1.1", "US4.1.2", "US4.1.3", "US4.1.4", "US4.1.5", "US4.2", "US4.3"),
    *("US6.1", "US6.2", "US6.3", "US6.6"),
]


def test_every_code_of_the_nomenclature_is_read(tmp_path):
    path = tmp_path / "ocs.gpkg"
    covers = COVERS + COVERS[:6]
    delivered(CODE_CS=covers, CODE_US=USES).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert land["cover_code"].tolist() == covers
    assert land["use_code"].tolist() == USES


def test_rows_of_a_geoparquet_are_counted_from_0_whatever_their_index(tmp_path):
    path = tmp_path / "ocs.parquet"
    frame = occupation()
    frame.index = pd.Index([7, 7], name="rank")
    frame.to_parquet(path)

    assert_geodataframe_equal(read_land_cover(path, vintage="2024"), expected(**STATE), normalize=True)


def test_a_mark_of_soundness_that_a_file_carries_is_not_believed(tmp_path):
    # attrs of a GeoParquet come back from disk: only what the reader saw itself may be marked.
    path = tmp_path / "ocs.parquet"
    frame = occupation([bow_tie(), square(1, 0)])
    frame.attrs = {"valid_polygons": "said the file"}
    frame.to_parquet(path)

    land = read_land_cover(path, vintage="2024")

    assert is_sealed(land)
    assert land.is_valid.all()


# --- states -----------------------------------------------------------------------------------------------------


def test_an_official_state_tells_what_is_artificialised_and_where_a_threshold_decided(tmp_path):
    path = geopackage(tmp_path / "artif.gpkg", artif_2021_04=official())

    land = read_land_cover(path, vintage="2025")

    whole = expected(**STATE, artificialised=[True, False], is_under_threshold=[True, False])
    assert_geodataframe_equal(land, whole, normalize=True)
    assert land.attrs["kind"] == "artificialisation"
    assert land.attrs["years"] == (2021,)
    assert land.attrs["departement"] == "04"


def test_an_official_state_is_a_cover_too(tmp_path):
    path = geopackage(tmp_path / "artif.gpkg", artif_2021_04=official())

    land = read_land_cover(path, vintage="2025", kind="cover")

    assert_geodataframe_equal(land, expected(**STATE), normalize=True)
    assert land.attrs["kind"] == "cover"
    assert land.attrs["years"] == (2021,)


def test_an_official_state_without_thresholds_is_read(tmp_path):
    path = geopackage(tmp_path / "artif.gpkg", artif_2021_04=official().drop(columns="crit_seuil"))

    land = read_land_cover(path, vintage="2025", kind="artificialisation")

    assert_geodataframe_equal(land, expected(**STATE, artificialised=[True, False]), normalize=True)


@pytest.mark.parametrize(
    "cells",
    [["artif", "non artif"], ["ARTIF", "Non Artif"], [" artif", "non artif "], [True, False], ["true", "false"]],
)
def test_statuses_are_read_however_they_are_written(tmp_path, cells):
    path = tmp_path / "artif.gpkg"
    official(artif=cells).to_file(path)

    statuses = read_land_cover(path, vintage="2025")["artificialised"]

    assert statuses.dtype == bool
    assert statuses.tolist() == [True, False]


@pytest.mark.parametrize("cells", [[True, False], [1, 0], ["t", "f"], ["True", "False"], [1.0, None], ["oui", ""]])
def test_thresholds_are_read_however_the_format_holds_them(tmp_path, cells):
    path = tmp_path / "artif.gpkg"
    official(crit_seuil=cells).to_file(path)

    flags = read_land_cover(path, vintage="2025")["is_under_threshold"]

    assert flags.dtype == bool
    assert flags.tolist() == [True, False]


def test_a_state_without_a_column_of_use_is_read_and_what_it_cannot_tell_is_said(tmp_path, caplog):
    path = tmp_path / "ocs.gpkg"
    occupation().drop(columns="CODE_US").to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert land.columns.tolist() == ["cover_code", "geometry"]
    (note,) = land.attrs["notes"]
    assert "no column of use (CODE_US, usage)" in note
    assert note in caplog.text


def test_missing_uses_of_a_state_are_missing_and_told(tmp_path):
    path = tmp_path / "ocs.gpkg"
    occupation(CODE_US=[None, FARMS]).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert land["use_code"].isna().tolist() == [True, False]
    assert land.attrs["notes"] == ["1 polygons have no code in the column 'CODE_US': 'a'."]


# --- differences ------------------------------------------------------------------------------------------------

STATUS_CHANGES = {"artificialised_before": [False, True], "artificialised_after": [True, False]}


@pytest.mark.parametrize(
    "order", [list(EVOLUTION), list(EVOLUTION)[::-1], sorted(EVOLUTION), sorted(EVOLUTION, key=lambda name: name[::-1])]
)
def test_before_is_the_earlier_year_of_an_official_difference_whatever_the_order_of_its_columns(tmp_path, order):
    path = geopackage(tmp_path / "evol.gpkg", zan_evol_2018_2021_04=evolution()[[*order, "geometry"]])

    land = read_land_cover(path, vintage="2025-09-16")

    assert_geodataframe_equal(land, expected(**CHANGES, **STATUS_CHANGES), normalize=True, check_like=True)
    assert land.attrs["kind"] == "artificialisation_difference"
    assert land.attrs["years"] == (2018, 2021)
    assert land.attrs["departement"] == "04"


@pytest.mark.parametrize("upper", [True, False])
def test_before_is_the_earlier_year_of_a_difference_of_cover(tmp_path, upper):
    path = tmp_path / "diff.gpkg"
    frame = difference()[["CS_2021", "US_2018", "US_2021", "CS_2018", "geometry"]]
    frame.rename(columns=str if upper else str.lower).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert_geodataframe_equal(land, expected(**CHANGES), normalize=True)
    assert land.attrs["kind"] == "cover_difference"
    assert land.attrs["years"] == (2018, 2021)


def test_before_is_what_the_producer_calls_so_where_columns_carry_no_year(tmp_path):
    path = tmp_path / "diff.gpkg"
    names = {"CS_2018": "cs_avant", "CS_2021": "cs_apres", "US_2018": "us_avant", "US_2021": "us_apres"}
    difference().rename(columns=names).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert_geodataframe_equal(land, expected(**CHANGES), normalize=True)
    assert land.attrs["years"] == ()


def test_an_official_difference_is_known_without_years_too(tmp_path):
    path = tmp_path / "evol.gpkg"
    frame = evolution().rename(columns=lambda name: name.replace("2018", "avant").replace("2021", "apres"))
    frame.to_file(path)

    land = read_land_cover(path, vintage="2025", kind="artificialisation_difference")

    assert_geodataframe_equal(land, expected(**CHANGES, **STATUS_CHANGES), normalize=True)


def test_a_difference_without_uses_is_read(tmp_path):
    path = tmp_path / "diff.gpkg"
    difference().drop(columns=["US_2018", "US_2021"]).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert land.columns.tolist() == ["cover_before", "cover_after", "geometry"]
    assert land.attrs["notes"] == []


@pytest.mark.parametrize("name", ["OCCUPATION_DIFF_2018_2021", "DIIF_2018_2021", "diff"])
@pytest.mark.parametrize("kind", [None, "cover_difference"])
def test_a_difference_is_found_in_an_archive_by_its_name_even_misspelt(tmp_path, name, kind):
    path = archive_of(tmp_path, "D004.7z", ZONE_CONSTRUITE=built_zones(), **{name: difference()})

    land = read_land_cover(path, vintage="2024", kind=kind)

    assert_geodataframe_equal(land, expected(**CHANGES), normalize=True)


def test_three_years_are_no_difference(tmp_path):
    path = tmp_path / "diff.gpkg"
    delivered(cs_2016=[TOWN], cs_2019=[TOWN], cs_2022=[FIELD]).to_file(path)

    assert "found neither in the layer 'diff'" in fault_of(path)


def missing_covers(count: int) -> gpd.GeoDataFrame:
    return delivered(
        [square(rank / 100, 0, 0.01, 0.01) for rank in range(102)],
        cs_avant=[None] * count + [FIELD] * (102 - count),
        cs_apres=[TOWN] * 102,
    )


def test_up_to_100_missing_codes_of_a_difference_are_told(tmp_path):
    path = tmp_path / "diff.gpkg"
    missing_covers(100).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert land["cover_before"].isna().sum() == 100
    (note,) = land.attrs["notes"]
    assert note == "100 polygons have no code in the column 'cs_avant': 0, 1, 2, 3, 4 (and 95 more)."


def test_more_than_100_missing_codes_of_a_difference_are_a_fault(tmp_path):
    path = tmp_path / "diff.gpkg"
    missing_covers(101).to_file(path)

    fault = fault_of(path)

    assert fault.startswith("101 polygons have no code in the column 'cs_avant'")
    assert "Download the delivery again" in fault


def test_a_change_that_contradicts_its_two_statuses_is_a_fault(tmp_path):
    path = tmp_path / "evol.gpkg"
    evolution(artificialisation=[1, 1], id=["x", "y"]).to_file(path)

    fault = fault_of(path)

    assert fault.startswith("1 polygons say the contrary of their two statuses in the column 'artificialisation': 'y'.")
    assert "the later status less the earlier one" in fault


def test_a_change_where_nothing_changed_is_a_fault(tmp_path):
    path = tmp_path / "evol.gpkg"
    evolution(artif_2018=["artif", "artif"]).to_file(path)

    assert "1 polygons say the contrary" in fault_of(path)


def test_a_missing_change_says_nothing(tmp_path):
    path = tmp_path / "evol.gpkg"
    evolution(artificialisation=[None, -1]).to_file(path)

    assert len(read_land_cover(path, vintage="2025")) == 2


# --- built zones ------------------------------------------------------------------------------------------------


def test_built_zones_are_polygons_and_nothing_else(tmp_path):
    path = tmp_path / "ZONE_CONSTRUITE.shp"
    built_zones().to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert_geodataframe_equal(land, expected().head(1), normalize=True)
    assert land.attrs["kind"] == "built_zone"
    assert land.attrs["years"] == (2018,)


@pytest.mark.parametrize("write", [as_geopackage, as_archive_of_shapefiles, as_archive_of_geopackages])
def test_built_zones_are_found_beside_the_cover_when_asked_for(tmp_path, write):
    land = read_land_cover(write(tmp_path), vintage="2024", kind="built_zone")

    assert land.attrs["kind"] == "built_zone"
    assert land.columns.tolist() == ["geometry"]
    assert len(land) == 1


def test_polygons_of_any_name_are_built_zones_when_asked_for(tmp_path):
    path = tmp_path / "zc.gpkg"
    built_zones().to_file(path)

    assert read_land_cover(path, vintage="2024", kind="built_zone").attrs["kind"] == "built_zone"


# --- one kind is never taken for another ------------------------------------------------------------------------

MADE = {
    "cover": occupation,
    "artificialisation": official,
    "cover_difference": difference,
    "artificialisation_difference": evolution,
    "built_zone": built_zones,
}
CALLED = {
    "cover": "a state of cover and use (occupation du sol)",
    "artificialisation": "a state of artificialisation (artif)",
    "cover_difference": "a difference of cover and use (diff)",
    "artificialisation_difference": "a difference of artificialisation (zan_evol)",
    "built_zone": "built zones (zone construite)",
}
#: An official state is accepted as a cover.
OTHERS = sorted(
    {(wanted, made) for wanted in MADE for made in MADE if wanted != made} - {("cover", "artificialisation")}
)


@pytest.mark.parametrize(("wanted", "made"), OTHERS)
def test_another_kind_than_asked_for_is_refused_and_both_are_named(tmp_path, wanted, made):
    path = geopackage(tmp_path / "ocs.gpkg", zone_construite=MADE[made]())

    fault = fault_of(path, kind=wanted)

    assert fault.startswith(f"expected {CALLED[wanted]}, found {CALLED[made]} in the layer 'zone_construite'.")
    assert fault.endswith("Give the right file.")
    assert ("never sum it as a state" in fault) == made.endswith("difference")


@pytest.mark.parametrize("made", list(MADE))
def test_a_kind_is_told_by_its_columns_and_not_by_the_name_of_its_layer(tmp_path, made):
    path = geopackage(tmp_path / "occupation_artif_diff.gpkg", zone_construite=MADE[made]())

    assert read_land_cover(path, vintage="2024").attrs["kind"] == made
    assert read_land_cover(path, vintage="2024", kind=made).attrs["kind"] == made


def test_a_difference_called_a_state_is_refused_in_an_archive_too(tmp_path):
    path = archive_of(tmp_path, "OCS-GE_D004_2018-01-01.7z", OCCUPATION_SOL=difference())

    assert "found a difference of cover and use (diff)" in fault_of(path, kind="cover")


@pytest.mark.parametrize("column", ["cs_corr", "US_CORR"])
def test_a_corrective_patch_is_no_state(tmp_path, column):
    # « RAS »: nothing to correct.
    path = geopackage(tmp_path / "patch.gpkg", PATCH_CORR_D004_2021=occupation(**{column: ["RAS", TOWN]}))

    fault = fault_of(path)

    assert f"found a corrective patch (columns {column}) in the layer 'PATCH_CORR_D004_2021'" in fault
    assert "Give the state itself" in fault


def test_a_layer_without_any_known_column_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "ocs.gpkg"
    delivered(nature=["bois", "pré"]).to_file(path)

    fault = fault_of(path)

    assert "expected a column of cover (CODE_CS, couverture)" in fault
    assert "found neither in the layer 'ocs'. Name it with « fields = {" in fault


def test_a_status_without_a_cover_is_refused(tmp_path):
    path = tmp_path / "artif.gpkg"
    official().drop(columns=["code_cs", "code_us"]).to_file(path)

    assert "expected a column of cover" in fault_of(path)


# --- faults, all of them ----------------------------------------------------------------------------------------


def test_unknown_codes_are_counted_and_some_are_shown(tmp_path):
    path = tmp_path / "ocs.gpkg"
    codes = ["CS9", "CS9", "CS1.1", "cs2.2.1", "US5", "CS8", "CS7", TOWN]
    delivered(CODE_CS=codes, CODE_US=[HOMES] * 8).to_file(path)

    fault = fault_of(path)

    assert fault.startswith("7 values of the column 'CODE_CS' are not codes of the nomenclature OCS GE: ")
    assert "'CS9', 'CS1.1', 'cs2.2.1', 'US5', 'CS8' (and 1 more)" in fault
    assert "Expected one of CS1.1.1.1 … CS2.2.2." in fault


def test_unknown_uses_are_a_fault(tmp_path):
    path = tmp_path / "ocs.gpkg"
    occupation(CODE_US=["US7", FARMS]).to_file(path)

    assert "1 values of the column 'CODE_US' are not codes of the nomenclature OCS GE: 'US7'" in fault_of(path)


@pytest.mark.parametrize("blank", [None, "", "  "])
@pytest.mark.parametrize("make", [occupation, official])
def test_a_state_with_a_polygon_without_cover_is_refused_and_the_polygon_named(tmp_path, make, blank):
    path = tmp_path / "ocs.gpkg"
    frame = make()
    frame[frame.columns[1]] = [TOWN, blank]
    frame.to_file(path)

    fault = fault_of(path)

    assert fault.startswith(f"1 polygons have no code in the column '{frame.columns[1]}': 'b'.")
    assert "Download the delivery again, or complete it." in fault


@pytest.mark.parametrize("wrong", ["artificialisé", "oui", "", None])
def test_a_status_that_is_not_one_of_two_is_a_fault_that_names_it_and_its_polygon(tmp_path, wrong):
    path = tmp_path / "artif.gpkg"
    official(artif=["artif", wrong]).to_file(path)

    fault = fault_of(path)

    assert fault.startswith("1 values of the column 'artif' are neither « artif » nor « non artif »: ")
    assert fault.endswith("(polygons 'b').")
    assert wrong is None or repr(wrong) in fault


def test_statuses_that_are_all_wrong_are_one_fault(tmp_path):
    path = tmp_path / "artif.gpkg"
    official(artif=["x", "y"]).to_file(path)

    assert "2 values of the column 'artif' are neither « artif » nor « non artif »: 'x', 'y'" in fault_of(path)


def test_a_status_that_is_missing_among_booleans_is_a_fault(tmp_path):
    path = tmp_path / "artif.parquet"
    official(artif=pd.array([True, None], dtype="boolean")).to_parquet(path)

    assert "1 values of the column 'artif' are neither" in fault_of(path)


def test_several_years_in_one_state_are_a_fault(tmp_path):
    path = tmp_path / "ocs.gpkg"
    occupation(millesime=["2021", "2018"]).to_file(path)

    assert "expected one year in the column 'millesime', found 2018, 2021." in fault_of(path)


def test_every_fault_of_a_state_is_in_one_error(tmp_path):
    path = tmp_path / "artif.parquet"
    frame = delivered(
        [Point(*ORIGIN), bow_tie(), square(2, 0), square(3, 0)],
        id=["a", "b", "c", "d"],
        code_cs=[TOWN, None, "CS9", FIELD],
        code_us=["US9", HOMES, FARMS, FARMS],
        artif=["artif", "peut-être", "non artif", "artif"],
        millesime=[2018, 2021, 2021, 2021],
    )
    frame.to_parquet(path)

    with pytest.raises(LayerError) as caught:
        read_land_cover(path, vintage="2024", on_invalid="raise")

    words = [
        "1 values of the column 'code_cs' are not codes",
        "1 polygons have no code in the column 'code_cs': 'b'",
        "1 values of the column 'code_us' are not codes",
        "'peut-être' (polygons 'b')",
        "1 geometries are not polygons (Point): 'a'",
        "1 polygons are invalid: 'b'",
        "expected one year in the column 'millesime'",
    ]
    assert len(caught.value.faults) == len(words)
    for fault, word in zip(caught.value.faults, words, strict=True):
        assert word in fault
    assert str(caught.value).startswith(f"{path}: 7 faults.")


def test_every_fault_of_a_difference_is_in_one_error(tmp_path):
    path = tmp_path / "evol.gpkg"
    evolution(cs_2018=["CS9", TOWN], us_2021=["US9", FARMS], artificialisation=[-1, -1]).to_file(path)

    with pytest.raises(LayerError) as caught:
        read_land_cover(path, vintage="2024")

    words = ["the column 'cs_2018' are not codes", "the column 'us_2021' are not codes", "the contrary"]
    assert len(caught.value.faults) == len(words)
    for fault, word in zip(caught.value.faults, words, strict=True):
        assert word in fault


def test_faults_of_a_layer_in_an_archive_are_told_of_the_archive(tmp_path):
    path = archive_of(tmp_path, "D004.7z", OCCUPATION_SOL=occupation(CODE_CS=["CS9", FIELD]))

    assert "not codes of the nomenclature OCS GE: 'CS9'" in fault_of(path)


# --- years and département --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells", [["2018", "2018"], [2018, 2018], [2018.0, None], pd.to_datetime(["2018-01-01", "2018-01-01"]).to_list()]
)
def test_the_year_of_a_state_is_in_its_column(tmp_path, cells):
    path = tmp_path / "occupation_2021.gpkg"
    occupation(millesime=cells).to_file(path)

    assert read_land_cover(path, vintage="2024").attrs["years"] == (2018,)


@pytest.mark.parametrize(
    ("layer", "name", "years", "departement"),
    [
        ("artif_2021_04", "x.gpkg", (2021,), "04"),
        ("artif_2020_2A", "x.gpkg", (2020,), "2A"),
        ("occupation_sol", "OCS-GE_2-0__SHP_LAMB93_D004_2018-01-01.gpkg", (2018,), "04"),
        ("occupation_sol", "OCS-GE_2-0__GPKG_LAMB93_D083_2017-01-01.gpkg", (2017,), "83"),
        ("occupation_sol", "OCS-GE_2-0__GPKG_LAMB93_D02b_2019-01-01.gpkg", (2019,), "2B"),
        ("artif_2021_04", "OCS-GE_D083_2017.gpkg", (2021,), "04"),
        ("occupation_2018_2021", "x.gpkg", (), None),
        ("occupation", "ocs_120180_v2.gpkg", (), None),
    ],
)
def test_year_and_departement_of_a_state_are_in_its_name_otherwise(tmp_path, layer, name, years, departement):
    path = geopackage(tmp_path / name, **{layer: occupation()})

    attributes = read_land_cover(path, vintage="2024").attrs

    assert attributes["years"] == years
    assert attributes["departement"] == departement


@pytest.mark.parametrize(
    ("layer", "name", "years"),
    [
        ("diff", "OCS-GE_2-0_DIFF_SHP_LAMB93_D004_2018-2021.gpkg", (2018, 2021)),
        ("diff", "OCS-GE_2-0_DIFF-2018-2021_GPKG_LAMB93_D004_2025-09-16.gpkg", (2018, 2021)),
        ("diff", "OCS-GE_2-0__SHP_LAMB93_D004_DIFF_2021-2018.gpkg", (2018, 2021)),
        ("diff_2018_2021", "x.gpkg", (2018, 2021)),
        ("diff", "D004_2018-01-01.gpkg", ()),
        ("diff", "de_2018_a_2021.gpkg", (2018, 2021)),
        ("diff", "de_2021_a_2018.gpkg", (2018, 2021)),
    ],
)
def test_both_years_of_a_difference_are_in_its_name_otherwise(tmp_path, layer, name, years):
    path = geopackage(tmp_path / name, **{layer: delivered(cs_avant=[TOWN, FIELD], cs_apres=[FIELD, TOWN])})

    assert read_land_cover(path, vintage="2024").attrs["years"] == years


def test_a_year_in_each_row_of_a_difference_is_not_its_years(tmp_path):
    path = tmp_path / "diff.gpkg"
    difference(millesime=["2021", "2021"]).to_file(path)

    assert read_land_cover(path, vintage="2024").attrs["years"] == (2018, 2021)


def test_year_and_departement_are_in_the_name_of_the_archive(tmp_path):
    path = archive_of(tmp_path, "OCS-GE_2-0__SHP_LAMB93_D084_2021-01-01.7z", OCCUPATION_SOL=occupation())

    attributes = read_land_cover(path, vintage="2024").attrs

    assert (attributes["years"], attributes["departement"]) == ((2021,), "84")
    assert attributes["source_file"] == path.name


# --- which layer ------------------------------------------------------------------------------------------------


def test_one_of_two_states_of_a_file_is_read_when_named(tmp_path):
    path = geopackage(tmp_path / "artif.gpkg", artif_2018_04=official(millesime="2018"), artif_2021_04=official())

    assert read_land_cover(path, vintage="2025", layer="artif_2018_04").attrs["years"] == (2018,)


def test_two_states_of_a_file_without_a_choice_are_listed(tmp_path):
    path = geopackage(tmp_path / "artif.gpkg", artif_2018_04=official(), artif_2021_04=official())

    fault = fault_of(path)

    assert "expected one layer, found 2 layers ('artif_2018_04', 'artif_2021_04')" in fault
    assert "« layer = … »" in fault


def test_a_state_goes_before_a_difference_and_zones_where_nothing_is_asked_for(tmp_path):
    layers = {"zone_construite": built_zones(), "zan_evol_2018_2021": evolution(), "artif_2021_04": official()}
    path = geopackage(tmp_path / "tout.gpkg", **layers)

    assert read_land_cover(path, vintage="2025").attrs["kind"] == "artificialisation"
    difference_of_it = read_land_cover(path, vintage="2025", kind="artificialisation_difference")
    assert difference_of_it.attrs["kind"] == "artificialisation_difference"


def test_a_table_without_geometry_is_no_layer_to_choose(tmp_path):
    path = geopackage(tmp_path / "ocs.gpkg", occupation=occupation())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE occupation_nomenclature (fid INTEGER PRIMARY KEY, code TEXT)")
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
            "VALUES ('occupation_nomenclature', 'attributes', 'occupation_nomenclature')"
        )

    assert len(read_land_cover(path, vintage="2024")) == 2


@pytest.mark.parametrize(
    ("write", "layer"),
    [
        (as_archive_of_shapefiles, "ZONE_CONSTRUITE"),
        (as_archive_of_shapefiles, "zone_construite"),
        (as_archive_of_geopackage, "zone_construite"),
    ],
)
def test_a_layer_of_an_archive_is_read_when_named(tmp_path, write, layer):
    assert len(read_land_cover(write(tmp_path), vintage="2024", layer=layer)) == 1


def test_a_shapefile_of_an_archive_that_is_named_in_vain_is_not_replaced_by_another(tmp_path):
    path = as_archive_of_shapefiles(tmp_path)

    assert fault_of(path, layer="ZONE_CONSTRUIT") == (
        "expected the layer 'ZONE_CONSTRUIT' in it, found 'OCCUPATION_SOL.shp', 'ZONE_CONSTRUITE.shp'. "
        "Correct « layer = … »."
    )


def test_the_only_shapefile_of_an_archive_is_not_taken_for_another_that_is_named(tmp_path):
    path = archive_of(tmp_path, "ocs.7z", OCCUPATION_SOL=occupation())

    assert "expected the layer 'ZONE_CONSTRUITE' in it" in fault_of(path, layer="ZONE_CONSTRUITE")


def test_a_layer_of_a_geopackage_of_an_archive_that_is_named_in_vain_is_told(tmp_path):
    path = as_archive_of_geopackage(tmp_path)

    assert "expected the layer 'artif', found" in fault_of(path, layer="artif")


def test_an_archive_that_holds_none_of_the_kind_tells_what_it_holds(tmp_path):
    path = as_archive_of_shapefiles(tmp_path)

    assert fault_of(path, kind="cover_difference") == (
        "expected one layer file of the kind 'cover_difference' in it, found 0 among 'OCCUPATION_SOL.shp', "
        "'ZONE_CONSTRUITE.shp'. Name it with « layer = … »."
    )


def test_an_archive_of_two_states_asks_which_one(tmp_path):
    path = archive_of(tmp_path, "ocs.7z", OCCUPATION_2018=occupation(), OCCUPATION_2021=occupation())

    assert "of the kind 'cover' in it, found 2 among 'OCCUPATION_2018.shp', 'OCCUPATION_2021.shp'" in fault_of(path)
    assert read_land_cover(path, vintage="2024", layer="OCCUPATION_2021").attrs["years"] == (2021,)


def test_an_archive_with_a_layer_twice_does_not_ask_for_its_name(tmp_path):
    shape = as_shapefile(tmp_path)
    path = tmp_path / "ocs.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        for year in (2018, 2021):
            for part in sorted(tmp_path.glob(f"{shape.stem}.*")):
                archive.write(part, f"{year}/{part.name}")

    fault = fault_of(path)

    assert fault.startswith("holds 'OCCUPATION_SOL.shp' 2 times: '2018/OCCUPATION_SOL.shp', '2021/OCCUPATION_SOL.shp'")
    assert "Extract the right one" in fault


# --- geometry ---------------------------------------------------------------------------------------------------


def bow_tie() -> Polygon:
    """Draw two triangles of 25 ha that meet at the centre of the second square."""
    x, y = ORIGIN[0] + 1000, ORIGIN[1]
    return Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])


def hole_outside_shell() -> Polygon:
    """Draw a square of 100 ha; its hole, 1 km wide and 300 m high, lies half (15 ha) inside it and half outside."""
    x, y = ORIGIN
    hole = [(x + 500, y + 500), (x + 1500, y + 500), (x + 1500, y + 800), (x + 500, y + 800)]
    return Polygon(square(0, 0).exterior, [hole])


@pytest.mark.parametrize("packing", [False, True])
def test_invalid_polygons_are_repaired_counted_and_named(tmp_path, packing):
    shapes = [hole_outside_shell(), bow_tie(), square(2, 0)]
    frame = delivered(shapes, ID=["a", "b", "c"], CODE_CS=[TOWN, FIELD, WOOD], CODE_US=[HOMES, FARMS, FARMS])
    path = tmp_path / "occupation.gpkg"
    if packing:
        inside = tmp_path / "inside"
        inside.mkdir()
        frame.to_file(inside / "occupation.gpkg")
        path = packed(tmp_path / "occupation.7z", inside)
    else:
        frame.to_file(path)

    land = read_land_cover(path, vintage="2024")

    # 100 - 15, 25 + 25, 100; the shoelace areas were 70 and 0: hence + 65 ha.
    assert (land.area / 10_000).tolist() == pytest.approx([85, 50, 100])
    assert land.is_valid.all()
    assert is_sealed(land)
    (note,) = land.attrs["notes"]
    assert note.startswith("2 invalid polygons were repaired (structure method; 'a', 'b'): ")
    assert "+65.00 ha" in note


def test_repairing_leaves_what_was_given_as_it_was():
    features = occupation([square(0, 0), bow_tie()])

    repaired = polygons(features, features["ID"], on_invalid="repair", faults=[], notes=[])

    assert repaired.is_valid.tolist() == [True, True]
    assert features.is_valid.tolist() == [True, False]


def test_invalid_polygons_are_a_fault_on_demand(tmp_path):
    path = tmp_path / "ocs.gpkg"
    occupation([square(0, 0), bow_tie()]).to_file(path)

    assert "1 polygons are invalid: 'b' (" in fault_of(path, on_invalid="raise")


def test_a_polygon_without_area_is_a_fault(tmp_path):
    x, y = ORIGIN
    path = tmp_path / "ocs.gpkg"
    occupation([square(0, 0), Polygon([(x, y), (x + 1000, y), (x + 500, y), (x, y)])]).to_file(path)

    assert "1 invalid polygons have no area once repaired: 'b'" in fault_of(path)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (Point(*ORIGIN), "Point"),
        (LineString([ORIGIN, (ORIGIN[0] + 1, ORIGIN[1])]), "LineString"),
        (shapely.GeometryCollection([square(1, 0)]), "GeometryCollection"),
        (None, "empty"),
        (Polygon(), "empty"),
    ],
)
def test_what_is_not_a_polygon_is_a_fault(tmp_path, shape, kind):
    path = tmp_path / "ocs.parquet"
    occupation([square(0, 0), shape]).to_parquet(path)

    assert fault_of(path) == f"1 geometries are not polygons ({kind}): 'b'. Keep only polygons."


def test_polygons_keep_their_parts(tmp_path):
    path = tmp_path / "ocs.gpkg"
    occupation([square(0, 0), MultiPolygon([square(1, 0), square(3, 0)])]).to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert (land.area / 10_000).tolist() == [100.0, 200.0]


@pytest.mark.parametrize("end", ["gpkg", "shp", "parquet"])
def test_heights_are_left_out(tmp_path, end):
    path = tmp_path / f"ocs.{end}"
    frame = occupation()
    frame = frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), z=812.0), crs=2154)
    frame.to_parquet(path) if end == "parquet" else frame.to_file(path)

    land = read_land_cover(path, vintage="2024")

    assert not land.has_z.any()
    assert_geodataframe_equal(land, expected(**STATE), normalize=True)


def test_what_is_read_is_measured_as_it_was_drawn(tmp_path):
    land = read_land_cover(as_archive_of_shapefiles(tmp_path), vintage="2024")
    zone = gpd.GeoDataFrame(geometry=[square(0.5, 0)], index=pd.Index(["z"], name="zone"), crs=2154)

    found = tabulate_area(zone, land, by="cover_code").loc["z"]

    # Half of each square of 100 ha.
    assert found.to_dict() == {TOWN: 50.0, FIELD: 50.0}


# --- coordinate systems -----------------------------------------------------------------------------------------


def without_system(frame: gpd.GeoDataFrame, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        frame = frame.set_crs(None, allow_override=True)
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


@pytest.mark.parametrize("end", ["gpkg", "shp", "parquet"])
def test_a_layer_that_states_no_system_is_refused_and_read_when_it_is_told(tmp_path, end):
    path = without_system(occupation(), tmp_path / f"occupation.{end}")

    assert 'crs = "EPSG:2154"' in fault_of(path)
    land = read_land_cover(path, vintage="2024", crs="EPSG:2154")
    assert_geodataframe_equal(land, expected(**STATE), normalize=True)


def test_a_shapefile_without_prj_in_an_archive_is_read_when_its_system_is_told(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    without_system(occupation(), inside / "OCCUPATION_SOL.shp")
    path = packed(tmp_path / "ocs.7z", inside)

    assert "lacks its .prj" in fault_of(path)
    assert read_land_cover(path, vintage="2024", crs="EPSG:2154").crs.to_epsg() == 2154


@pytest.mark.parametrize(("epsg", "words"), [(3857, "areas are almost doubled"), (27572, "with IGN's grid")])
@pytest.mark.parametrize("packing", [False, True])
def test_a_system_that_falsifies_areas_is_refused(tmp_path, epsg, words, packing):
    frame = occupation().to_crs(epsg)
    if packing:
        path = archive_of(tmp_path, "ocs.7z", OCCUPATION_SOL=frame)
    else:
        path = tmp_path / "ocs.gpkg"
        frame.to_file(path)

    assert words in fault_of(path)


def test_degrees_are_brought_to_lambert_93(tmp_path):
    path = tmp_path / "ocs.parquet"
    occupation().to_crs(4326).to_parquet(path)

    land = read_land_cover(path, vintage="2024")

    assert land.crs.to_epsg() == 2154
    assert (land.area / 10_000).tolist() == pytest.approx([100, 100], rel=1e-6)


def test_a_layer_out_of_france_is_refused(tmp_path):
    path = tmp_path / "ocs.gpkg"
    frame = occupation()
    frame.set_geometry(frame.translate(3_000_000, 0)).to_file(path)

    assert "lies out of mainland France" in fault_of(path)


# --- files that are not what they say ---------------------------------------------------------------------------


@pytest.mark.parametrize("write", [as_shapefile, as_geopackage, as_geoparquet, as_flatgeobuf, as_archive_of_shapefiles])
@pytest.mark.parametrize("left", [0.0, 0.3, 0.6, 0.9])
def test_a_file_cut_short_is_a_layer_error(tmp_path, write, left):
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * left)])

    fault = fault_of(path)

    assert "again" in fault
    assert ("is empty (0 bytes)" in fault) == (left == 0)


def test_a_geoparquet_with_a_wrong_byte_is_a_layer_error_or_read(tmp_path):
    path = as_geoparquet(tmp_path)
    content = path.read_bytes()

    for place in range(4, len(content), 211):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            read_land_cover(path, vintage="2024")
        except LayerError as error:
            assert error.path == path  # noqa: PT017 - both ends are right


def test_a_geoparquet_whose_system_is_damaged_is_a_layer_error(tmp_path):
    path = as_geoparquet(tmp_path)
    table = parquet.read_table(path)
    described = json.loads(table.schema.metadata[b"geo"])
    described["columns"]["geometry"]["crs"] = {"type": "nothing"}
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(described)}), path)

    assert "cannot be read (Invalid projection" in fault_of(path)


def test_a_geoparquet_cut_short_in_an_archive_is_told_of_the_archive(tmp_path):
    content = as_geoparquet(tmp_path).read_bytes()

    fault = fault_of(with_file("occupation.parquet", content[:-10])(tmp_path))

    assert "'occupation.parquet'" in fault
    assert "cut short" in fault


def test_a_file_that_holds_no_geography_of_its_own_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "occupation.csv"
    path.write_text(f'CODE_CS,WKT\n{TOWN},"{square(0, 0).wkt}"\n', encoding="utf-8")

    assert fault_of(path) == (
        "expected a file that holds its own data, found one that GDAL reads as CSV. Convert it to GeoPackage."
    )


def test_a_parquet_without_geometry_is_a_layer_error(tmp_path):
    path = tmp_path / "ocs.parquet"
    pd.DataFrame({"CODE_CS": [TOWN]}).to_parquet(path)

    assert "cannot be read (Missing geo metadata" in fault_of(path)


def with_file(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        inside = folder / "inside"
        inside.mkdir()
        (inside / name).write_bytes(content)
        return packed(folder / "ocs.7z", inside)

    return write


def test_a_vrt_renamed_in_an_archive_is_refused_and_what_it_points_at_is_not_read(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(f'CODE_CS,WKT\n{TOWN},"{square(0, 0).wkt}"\n', encoding="utf-8")
    document = (
        f'<OGRVRTDataSource><OGRVRTLayer name="occupation"><SrcDataSource>{secret}</SrcDataSource>'
        "<SrcLayer>secret</SrcLayer><GeometryType>wkbPolygon</GeometryType><LayerSRS>EPSG:2154</LayerSRS>"
        '<GeometryField encoding="WKT" field="WKT"/></OGRVRTLayer></OGRVRTDataSource>'
    )

    for name in ("occupation.gpkg", "occupation.shp", "occupation.parquet", "occupation.fgb"):
        folder = tmp_path / name
        folder.mkdir()
        fault = fault_of(with_file(name, document.encode())(folder))
        assert "found a document that makes GDAL read another file or address" in fault


@pytest.mark.parametrize("name", ["occupation.gpkg", "occupation.shp", "occupation.parquet", "occupation.fgb"])
def test_a_page_of_html_in_an_archive_is_refused_with_its_first_bytes(tmp_path, name):
    path = with_file(name, b"<!DOCTYPE html><html>404</html>")(tmp_path)

    assert f"expected the content of a {Path(name).suffix} file, found b'<!DOCTYPE html><'" in fault_of(path)


def test_an_empty_layer_file_in_an_archive_is_refused(tmp_path):
    assert "is empty (0 bytes)" in fault_of(with_file("occupation.gpkg", b"")(tmp_path))


def test_a_shapefile_in_an_archive_without_its_companions_names_them(tmp_path):
    content = as_shapefile(tmp_path).read_bytes()

    assert "lacks its companion files .dbf, .shx" in fault_of(with_file("occupation.shp", content)(tmp_path))


def test_an_archive_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "ocs.7z"
    path.write_bytes(b"PK\x03\x04" + bytes(100))

    assert "expected a .7z archive, found b'PK" in fault_of(path)


def test_a_missing_archive_is_told(tmp_path):
    assert "expected a file on disk, found nothing there" in fault_of(tmp_path / "absent.7z")


def test_a_layer_without_features_is_refused(tmp_path):
    path = geopackage(tmp_path / "ocs.gpkg", occupation=occupation().head(0))

    assert fault_of(path) == "the layer 'occupation' has no feature. Download it again."


@pytest.mark.parametrize("enabled", [True, False])
def test_reading_leaves_the_garbage_collector_as_it_was(tmp_path, enabled):
    path = tmp_path / "land.gpkg"
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1" + b"x" * 40 + b"PAR1")
    layer = gpd.GeoDataFrame({"code_cs": ["CS2.2.1"]}, geometry=[square(0, 0)], crs=2154)
    layer.to_file(path, layer="OCCUPATION_SOL")
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        read_land_cover(path, vintage="2021")
        after_reading = gc.isenabled()
        with pytest.raises(LayerError):
            read_land_cover(broken, vintage="2021")
        after_failing = gc.isenabled()
    finally:
        (gc.enable if was else gc.disable)()

    assert (after_reading, after_failing) == (enabled, enabled)
