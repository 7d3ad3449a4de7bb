import re

import geopandas as gpd
import pandas as pd
import pytest
from squares import CODES, square

from hp_sig import indicator_map, map_pdf


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
