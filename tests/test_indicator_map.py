import re

import folium
import geopandas as gpd
import pandas as pd
import pytest
from squares import CODES, square

from hp_sig import OutputError, indicator_map, map_pdf


@pytest.fixture
def table():
    return pd.DataFrame({"overlap_ha": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}, index=list(CODES.values()))


@pytest.fixture
def places():
    return gpd.GeoDataFrame({"name": ["École"]}, geometry=[square(0, 0).centroid], crs=2154)


def test_polygons_and_points_of_an_officer_become_layers_to_tick(communes, parks, places, table):
    figure = indicator_map(communes, table, overlays={"Mes parcs": parks, "Mes écoles": places})

    drawn = figure.model["overlays"]
    assert [(one["type"], one["label"], one["shown"]) for one in drawn] == [
        ("perimeters", "Mes parcs", True),
        ("places", "Mes écoles", True),
    ]
    assert len(drawn[0]["topology"]["shapes"]) == 2
    lon, lat = places.to_crs(4326).geometry.iloc[0].coords[0]
    assert drawn[1]["marks"][0]["name"] == "École"
    assert drawn[1]["marks"][0]["at"] == pytest.approx([lat, lon], abs=1e-6)


def test_two_layers_of_polygons_have_lines_of_their_own(communes, parks, table):
    figure = indicator_map(communes, table, overlays={"Un": parks, "Deux": parks})

    one, other = (overlay["legend"][0]["line"] for overlay in figure.model["overlays"])
    assert one["dash"] != other["dash"]
    assert one["colour"] != other["colour"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda layer: layer.to_crs(4326), r"Mes parcs is in EPSG:4326, EPSG:2154 \(Lambert-93\) expected"),
        (lambda layer: layer.drop(columns="name"), "Mes parcs: a column 'name', and polygons or points, expected"),
        (lambda layer: layer.set_geometry(layer.boundary), "Mes parcs: .*found .*geometries LineString"),
    ],
)
def test_a_layer_that_cannot_be_drawn_is_refused_by_its_label(communes, parks, table, change, message):
    with pytest.raises(ValueError, match=message):
        indicator_map(communes, table, overlays={"Mes parcs": change(parks)})


def test_one_series_is_a_table_of_one_figure(communes, table):
    figure = indicator_map(communes, table["overlap_ha"])

    assert [theme["key"] for theme in figure.model["themes"]] == ["overlap_ha"]
    assert figure.model["themes"][0]["values"] == [[1, 2, 3, 4, 5, 6]]


def test_a_map_of_ours_is_printed_as_it_is(communes, table, tmp_path):
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("matplotlib")

    file = map_pdf(indicator_map(communes, table), tmp_path / "carte.pdf", theme="overlap_ha")

    text = pypdf.PdfReader(file).pages[0].extract_text()
    assert re.search("Superficie commune aux deux zones", text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda zones: zones.drop(columns="name"), "a column 'name' expected, found geometry"),
        (lambda zones: pd.concat([zones, zones.iloc[:1]]), "one row a code expected, found several for '04001'"),
        (
            lambda zones: zones.set_geometry(zones.boundary),
            "polygons expected, found none or something else for '04001'",
        ),
        (lambda zones: zones.iloc[:0], "at least one zone expected, found none"),
        (lambda zones: zones.to_crs(4326), r"zones is in EPSG:4326, EPSG:2154 \(Lambert-93\) expected"),
    ],
)
def test_zones_that_cannot_be_drawn_are_refused(communes, table, change, message):
    zones = change(communes.drop(columns="population"))

    with pytest.raises(ValueError, match=message):
        indicator_map(zones, table)


def test_a_zone_without_a_shape_is_refused_by_its_code(communes, table):
    communes.loc[["04003"], "geometry"] = [None]

    with pytest.raises(ValueError, match="polygons expected, found none or something else for '04003'"):
        indicator_map(communes, table)


def test_codes_without_a_zone_are_told_and_the_others_drawn(communes, table):
    table.loc["99999"] = [7.0]

    with pytest.warns(UserWarning, match="rows of codes that no zone has are not drawn: '99999'"):
        figure = indicator_map(communes, table)

    assert figure.model["themes"][0]["values"] == [[1, 2, 3, 4, 5, 6]]


def test_codes_that_are_numbers_are_refused_with_the_reason(communes, table):
    table.index = table.index.astype(int)

    with pytest.raises(ValueError, match="Codes are texts: a number has lost its first zero"):
        indicator_map(communes, table)


def test_years_side_by_side_are_figures_of_their_own(communes):
    wide = pd.DataFrame({2019: range(6), 2020: range(6)}, index=list(CODES.values()), dtype=float)

    assert [theme["label"] for theme in indicator_map(communes, wide).model["themes"]] == ["2019", "2020"]


def test_a_series_without_a_name_is_drawn(communes):
    figures = pd.Series(range(6), index=list(CODES.values()), dtype=float)

    assert len(indicator_map(communes, figures).model["themes"]) == 1


@pytest.mark.parametrize("nothing", [None, [], 3, "table"])
def test_anything_but_a_table_is_refused(communes, nothing):
    with pytest.raises(ValueError, match="table: a DataFrame, a Series or indicators expected"):
        indicator_map(communes, nothing)


def test_paper_needs_a_map_of_ours_and_a_name_that_ends_with_pdf(communes, table, tmp_path):
    with pytest.raises(OutputError, match=r"ends with \.pdf expected"):
        map_pdf(indicator_map(communes, table), tmp_path / "carte.txt")
    with pytest.raises(ValueError, match="a page or a map of hp_sig expected"):
        map_pdf(folium.Map(tiles=None), tmp_path / "carte.pdf")


def test_a_figure_that_is_nearly_zero_is_not_a_measured_zero(communes):
    figures = pd.Series([0.0, 0.003, 1.0, 2.0, 3.0, 4.0], index=list(CODES.values()), name="overlap_ha")

    theme = indicator_map(communes, figures).model["themes"][0]

    assert theme["bounds"][0] == "0,0"
    assert theme["classes"][0].count(0) == 1


def test_gains_losses_and_measured_zeros_have_classes_of_their_own(communes):
    figures = pd.Series([-5.0, -1.0, 0.0, 0.0, 2.0, 4.0], index=list(CODES.values()), name="artificialised_net_ha")

    theme = indicator_map(communes, figures).model["themes"][0]

    assert theme["bounds"] == ["-5,00", "plus de -5,00 à -1,00", "0,00", "plus de 0,00 à 2,00", "plus de 2,00 à 4,00"]
    assert theme["classes"] == [[0, 1, 2, 2, 3, 4]]
    assert theme["colours"][2] == "#ffffff"
