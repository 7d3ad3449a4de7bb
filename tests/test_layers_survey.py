import csv
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from shapely import Point, Polygon
from squares import ORIGIN, square

from hp_sig import LayerError
from hp_sig.layers.survey import read_corine, read_land_survey
from hp_sig.seal import is_sealed

#: The first digit of a CORINE code tells its class, but for the forests (EEA, CLC nomenclature: 11 + 11 + 12 + 5 + 5).
CORINE = {
    "artificial": ["111", "112", "121", "122", "123", "124", "131", "132", "133", "141", "142"],
    "agricultural": ["211", "212", "213", "221", "222", "223", "231", "241", "242", "243", "244"],
    "forest": ["311", "312", "313"],
    "natural": ["321", "322", "323", "324", "331", "332", "333", "334", "335"],
    "wetland": ["411", "412", "421", "422", "423"],
    "water": ["511", "512", "521", "522", "523"],
}
MOS = "class_code,land_class,label\n110,artificial,Habitat\n011,agricultural,Vignes\nF,forest,Forêt\n"


def drawn(shapes: list[shapely.Geometry] | None = None, **columns: list[object]) -> gpd.GeoDataFrame:
    """Draw one square of a kilometre a polygon, from west to east."""
    count = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=shapes or [square(rank, 0) for rank in range(count)], crs=2154)


def saved(folder: Path, frame: gpd.GeoDataFrame, name: str = "clc.gpkg") -> Path:
    frame.to_file(folder / name)
    return folder / name


def table(folder: Path, text: str = MOS) -> Path:
    path = folder / "correspondance.csv"
    path.write_text(text, encoding="utf-8")
    return path


def expected(codes: list[str], classes: list[str]) -> gpd.GeoDataFrame:
    layer = drawn(class_code=codes, land_class=classes).astype({"class_code": "str", "land_class": "str"})
    layer.index.name = "polygon"
    return layer


def faults_of_mos(folder: Path, text: str, codes: list[object]) -> tuple[str, tuple[str, ...]]:
    """Give the name and the faults of the file that a local survey and its correspondence are refused for."""
    with pytest.raises(LayerError) as caught:
        read_land_survey(
            saved(folder, drawn(code=codes), "mos.gpkg"),
            correspondence=table(folder, text),
            mapping_unit_ha=0.05,
            vintage="2022",
            fields={"class_code": "code"},
        )
    return caught.value.path.name, caught.value.faults


# --- CORINE Land Cover ------------------------------------------------------------------------------------------


def test_the_44_codes_of_corine_have_their_land_class(tmp_path):
    codes = [code for group in CORINE.values() for code in group]
    classes = [land_class for land_class, group in CORINE.items() for _ in group]

    survey = read_corine(saved(tmp_path, drawn(CODE_18=codes)), vintage="2018")

    assert len(codes) == 44
    assert_geodataframe_equal(survey, expected(codes, classes), normalize=True)


def test_corine_says_its_smallest_polygon_and_where_it_comes_from(tmp_path):
    survey = read_corine(saved(tmp_path, drawn(CODE_18=["112"])), vintage="2018")

    # EEA: 25 ha.
    assert survey.attrs["mapping_unit_ha"] == 25.0
    assert survey.attrs["vintage"] == "2018"
    assert survey.attrs["source_file"] == "clc.gpkg"
    assert survey.attrs["notes"] == []
    assert is_sealed(survey)


@pytest.mark.parametrize(
    "column", ["CODE_18", "code_12", "Code_06", "CODE_00", "CODE_90", "clc_code", "CODE_CLC", "class_code"]
)
@pytest.mark.parametrize("cells", [["112", "312"], [112, 312], [112.0, 312.0]])
def test_the_codes_are_found_under_every_name_as_text_or_numbers(tmp_path, column, cells):
    survey = read_corine(saved(tmp_path, drawn(**{column: cells}), "clc.shp"), vintage="2018")

    assert_geodataframe_equal(survey, expected(["112", "312"], ["artificial", "forest"]), normalize=True)


def test_unknown_codes_are_counted_and_shown_once_each(tmp_path):
    path = saved(tmp_path, drawn(CODE_18=["112", "999", "999", "12", None]))

    with pytest.raises(LayerError) as caught:
        read_corine(path, vintage="2018")

    (fault,) = caught.value.faults
    assert fault.startswith("4 polygons have codes that the correspondence lacks in the column 'CODE_18': ")
    assert "'999', '12', nan." in fault
    assert fault.endswith("Add them to it.")


def test_a_file_without_codes_tells_what_it_has(tmp_path):
    path = saved(tmp_path, drawn(nature=["bois"]))

    with pytest.raises(LayerError, match=r"a column for « class_code » .*found the columns nature, geometry"):
        read_corine(path, vintage="2018")


def test_the_changes_between_two_years_are_no_state(tmp_path):
    # CHA1218: only what changed, with both codes.
    path = saved(tmp_path, drawn(CODE_12=["211"], CODE_18=["112"], CHTYPE=["T"]))

    with pytest.raises(LayerError, match=r"expected a state, with one column of codes, found CODE_12, CODE_18"):
        read_corine(path, vintage="2018")


def test_one_of_two_columns_of_codes_is_read_when_named(tmp_path):
    path = saved(tmp_path, drawn(CODE_12=["211"], CODE_18=["112"]))

    survey = read_corine(path, vintage="2012", fields={"class_code": "CODE_12"})

    assert survey["land_class"].tolist() == ["agricultural"]


# --- a local survey ---------------------------------------------------------------------------------------------


def test_a_local_survey_is_brought_to_land_classes_by_its_correspondence(tmp_path):
    path = saved(tmp_path, drawn(MOS_4=["F", "011", "110", "F"]), "mos.gpkg")

    survey = read_land_survey(
        path,
        correspondence=table(tmp_path),
        mapping_unit_ha=0.05,
        vintage="2022",
        fields={"class_code": "MOS_4"},
    )

    codes, classes = ["F", "011", "110", "F"], ["forest", "agricultural", "artificial", "forest"]
    assert_geodataframe_equal(survey, expected(codes, classes), normalize=True)
    assert survey.attrs["mapping_unit_ha"] == 0.05
    assert survey.attrs["vintage"] == "2022"
    assert is_sealed(survey)


@pytest.mark.parametrize("land_class", list(CORINE))
def test_a_correspondence_may_name_each_of_the_six_land_classes(tmp_path, land_class):
    survey = read_land_survey(
        saved(tmp_path, drawn(class_code=["x"])),
        correspondence=table(tmp_path, f"code;classe\nx;{land_class}\n"),
        mapping_unit_ha=1,
        vintage="2022",
    )

    assert survey["land_class"].tolist() == [land_class]


def test_a_code_that_the_correspondence_lacks_is_a_fault_of_the_survey(tmp_path):
    name, faults = faults_of_mos(tmp_path, MOS, ["110", "11", "120"])

    assert name == "mos.gpkg"
    (fault,) = faults
    assert "2 polygons have codes that the correspondence lacks in the column 'code': '11', '120'." in fault


def test_an_unknown_land_class_is_a_fault_of_the_correspondence(tmp_path):
    text = "class_code,land_class\n110,artificial\n120,urbain\n130,Forest\n140,\n"

    name, faults = faults_of_mos(tmp_path, text, ["110"])

    assert name == "correspondance.csv"
    (fault,) = faults
    assert fault.startswith("3 rows have no known land class: 'urbain', 'Forest', nan (codes '120', '130', '140').")
    assert "Expected one of artificial, agricultural, natural, forest, wetland, water." in fault


def test_a_code_that_comes_twice_is_a_fault_of_the_correspondence(tmp_path):
    text = "class_code,land_class\n110,artificial\n110,forest\n"

    name, faults = faults_of_mos(tmp_path, text, ["110"])

    assert name == "correspondance.csv"
    assert "1 codes come more than once: '110'" in faults[0]


def test_a_row_without_code_is_a_fault_of_the_correspondence(tmp_path):
    _, faults = faults_of_mos(tmp_path, "class_code,land_class\n110,artificial\n,forest\n", ["110"])

    assert faults == ("1 rows have no code.",)


def test_every_fault_of_a_correspondence_is_in_one_error(tmp_path):
    text = "class_code,land_class\n110,artificial\n110,artificial\n,forest\n120,urbain\n"

    _, faults = faults_of_mos(tmp_path, text, ["110"])

    words = ["1 codes come more than once: '110'", "1 rows have no code", "1 rows have no known land class: 'urbain'"]
    assert len(faults) == len(words)
    for fault, word in zip(faults, words, strict=True):
        assert word in fault


@pytest.mark.parametrize("text", ["class_code,land_class\n", ""])
def test_an_empty_correspondence_is_a_fault(tmp_path, text):
    name, faults = faults_of_mos(tmp_path, text, ["110"])

    assert name == "correspondance.csv"
    assert len(faults) == 1


def test_a_correspondence_without_its_columns_tells_both(tmp_path):
    name, faults = faults_of_mos(tmp_path, "libelle\nHabitat\n", ["110"])

    assert name == "correspondance.csv"
    assert "« class_code »" in faults[0]
    assert "« land_class »" in faults[1]


def test_a_correspondence_may_be_a_workbook(tmp_path):
    path = tmp_path / "correspondance.xlsx"
    pd.DataFrame(list(csv.reader(MOS.splitlines()))[1:], columns=["class_code", "land_class", "label"]).to_excel(
        path, index=False
    )

    survey = read_land_survey(
        saved(tmp_path, drawn(class_code=["011"])), correspondence=path, mapping_unit_ha=1, vintage="2022"
    )

    assert survey["land_class"].tolist() == ["agricultural"]


@pytest.mark.parametrize("unit", [0, -1, 0.0, float("nan"), float("inf"), float("-inf")])
def test_a_smallest_polygon_without_a_size_is_refused(unit):
    with pytest.raises(ValueError, match=r"^mapping_unit_ha: the area of the smallest polygon expected, in hectares"):
        read_land_survey("mos.gpkg", correspondence="correspondance.csv", mapping_unit_ha=unit, vintage="2022")


# --- geometry ---------------------------------------------------------------------------------------------------


def bow_tie() -> Polygon:
    """Draw two triangles of 25 ha that meet at the centre of a square."""
    x, y = ORIGIN
    return Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])


def test_invalid_polygons_are_repaired_and_counted(tmp_path):
    path = saved(tmp_path, drawn([bow_tie(), square(1, 0)], CODE_18=["112", "312"]))

    survey = read_corine(path, vintage="2018")

    # 25 + 25: both wings are kept.
    assert (survey.area / 10_000).tolist() == pytest.approx([50, 100])
    assert is_sealed(survey)
    (note,) = survey.attrs["notes"]
    assert note.startswith("1 invalid polygon was repaired (structure method; 0): ")


def test_every_fault_of_a_survey_is_in_one_error(tmp_path):
    path = saved(tmp_path, drawn([bow_tie(), Point(*ORIGIN), square(2, 0)], CODE_18=["112", "312", "9"]))

    with pytest.raises(LayerError) as caught:
        read_corine(path, vintage="2018", on_invalid="raise")

    words = ["1 polygons have codes", "1 geometries are not polygons (Point): 1", "1 polygons are invalid: 0"]
    assert len(caught.value.faults) == len(words)
    for fault, word in zip(caught.value.faults, words, strict=True):
        assert word in fault


def test_heights_are_left_out(tmp_path):
    frame = drawn(CODE_18=["112"])
    frame = frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), z=500.0), crs=2154)

    assert not read_corine(saved(tmp_path, frame), vintage="2018").has_z.any()


def test_the_european_projection_is_brought_to_lambert_93(tmp_path):
    # EPSG:3035 keeps areas, Lambert-93 them within 0.02 %.
    survey = read_corine(saved(tmp_path, drawn(CODE_18=["112"]).to_crs(3035)), vintage="2018")

    assert survey.crs.to_epsg() == 2154
    assert (survey.area / 10_000).tolist() == pytest.approx([100], rel=1e-4)


def test_layer_and_system_are_those_that_are_told(tmp_path):
    path = tmp_path / "clc.gpkg"
    drawn(CODE_18=["112"]).to_file(path, layer="clc_2018")
    drawn(CODE_12=["211", "312"]).to_file(path, layer="clc_2012", mode="a")

    assert read_corine(path, vintage="2012", layer="clc_2012")["class_code"].tolist() == ["211", "312"]
    with pytest.raises(LayerError, match="found 2 layers"):
        read_corine(path, vintage="2012")


def test_a_shapefile_without_prj_is_read_when_its_system_is_told(tmp_path):
    path = saved(tmp_path, drawn(CODE_18=["112"]), "clc.shp")
    path.with_suffix(".prj").unlink()

    with pytest.raises(LayerError, match=r"lacks its \.prj"):
        read_corine(path, vintage="2018")
    assert read_corine(path, vintage="2018", crs="EPSG:2154").crs.to_epsg() == 2154
