import json
import time
from dataclasses import replace

import geopandas as gpd
import pytest
import shapely
from geoserver import geoserver
from shapely import LineString, MultiPolygon, Point, Polygon, box, force_3d
from wfs_world import CODES, QUICK, SOUTH, WEST, Asking, communes, source

from hp_sig.errors import SourceError


@pytest.fixture
def server():
    with geoserver(communes()) as running:
        yield running


@pytest.fixture
def asking(server, tmp_path):
    return Asking(url=server.url, folder=tmp_path)


#: What is asked for with the first page.
PAGE = {"startindex": "0", "count": "10", "sortby": "cleabs"}


def add_commune(server, code):
    server.rows.append({**server.rows[-1], "cleabs": f"COMMUNE_{code}", "code_insee": code})
    server.shapes.append(box(WEST, SOUTH - 1000, WEST + 1000, SOUTH))


def test_a_page_that_comes_twice_is_told_with_its_features(server, asking):
    server.repeated = {10: 0}

    with pytest.raises(
        SourceError, match=r"page from 10: repeats 10 features of the page from 0 \(cleabs 'COMMUNE_04001'"
    ):
        asking.get()
    assert server.starts == [0, 10]


def test_a_layer_that_takes_too_long_is_stopped_and_goes_on_the_next_time(server, tmp_path):
    server.before_page = lambda _: time.sleep(0.4)
    asking = Asking(url=server.url, folder=tmp_path, page_size=4, limits=replace(QUICK, total_s=0.6))

    with pytest.raises(SourceError, match=r"not done within 0.6 s, the limit\. 8 of \d+ features are kept"):
        asking.get()
    server.before_page = lambda _: None
    server.asked.clear()

    assert asking.get().rows == len(server.rows)
    assert server.starts[0] == 8


def test_a_page_that_overlaps_the_one_before_is_told(server, asking):
    server.repeated = {10: 9}

    with pytest.raises(SourceError, match="repeats 1 features of the page from 0"):
        asking.get()


def test_a_key_that_comes_twice_in_a_page_is_told(server, asking):
    server.rows[3]["cleabs"] = server.rows[2]["cleabs"]

    with pytest.raises(
        SourceError, match="expected a unique cleabs on each feature, found 'COMMUNE_04003' more than once"
    ):
        asking.get()


def test_a_feature_without_its_key_is_told(server, asking):
    server.rows[3]["cleabs"] = None

    with pytest.raises(SourceError, match="1 of 10 features have no cleabs"):
        asking.get()


def test_a_page_shorter_than_asked_is_told(server, asking):
    server.shortened = {10: 3}

    with pytest.raises(SourceError, match="expected 10 features, found 7, and it is not the last one"):
        asking.get()


def test_a_last_page_shorter_than_the_count_says_is_told(server, asking):
    server.lie = 2

    with pytest.raises(SourceError, match="page from 20: expected 7 features, found 5"):
        asking.get()


def test_a_last_page_longer_than_the_count_says_is_told(server, asking):
    server.lie = -2

    with pytest.raises(SourceError, match="page from 20: expected 3 features, found 5: the service counts wrongly"):
        asking.get()


def test_features_behind_a_last_page_that_is_full_are_told(server, asking):
    server.lie = -5

    with pytest.raises(SourceError, match="page from 20: expected no more features, found some"):
        asking.get()


def test_a_page_that_says_another_count_than_it_holds_is_told(server, asking):
    server.returned_lie = 1

    with pytest.raises(SourceError, match="expected the 11 features that numberReturned tells, found 10"):
        asking.get()


def test_a_layer_that_changes_meanwhile_is_fetched_anew(server, asking):
    def before_page(start):
        if start == 20 and len(server.rows) == 25:
            add_commune(server, "04000")

    server.before_page = before_page
    fetched = asking.get()

    assert server.starts == [0, 10, 20, 0, 10, 20]
    assert sorted(gpd.read_file(fetched.path)["code_insee"]) == ["04000", *CODES]


def test_a_layer_that_changes_all_the_time_is_told(server, asking):
    server.before_page = lambda start: add_commune(server, f"05{len(server.rows):03d}") if start else None

    with pytest.raises(
        SourceError, match=r"numberMatched was 26, and is 27 a page later\. It was started anew once already"
    ):
        asking.get()


def test_swapped_axes_are_recognised(server, asking):
    server.drawn = lambda shape: shapely.transform(shape, lambda corners: corners[:, ::-1])

    with pytest.raises(
        SourceError, match=r"found 'COMMUNE_04001'.* at \(6300000, 900000, 6301000, 901000\)\. Its axes are swapped"
    ):
        asking.get()


@pytest.mark.parametrize("scope", ["all", "bounds"])
@pytest.mark.parametrize(
    "place",
    [
        pytest.param((5.9, 43.8, 6.0, 43.9), id="lon-lat"),
        pytest.param((43.8, 5.9, 43.9, 6.0), id="lat-lon"),
    ],
)
def test_degrees_are_recognised(server, asking, scope, place):
    server.drawn = lambda _: box(*place)
    asking.source = source(scope=scope)

    with pytest.raises(SourceError, match="These are degrees, though EPSG:2154 was asked for"):
        asking.get(bounds=(WEST, SOUTH, WEST + 5000, SOUTH + 5000))


def test_another_coordinate_system_that_is_told_is_refused(server, asking):
    server.crs = "urn:ogc:def:crs:EPSG::3857"

    with pytest.raises(SourceError, match="asked for in EPSG:2154, came in urn:ogc:def:crs:EPSG::3857"):
        asking.get()


@pytest.mark.parametrize("crs", [None, "EPSG:2154"])
def test_a_page_that_tells_no_coordinate_system_or_ours_is_taken(server, asking, crs):
    server.crs = crs

    assert asking.get().rows == 25


def test_a_feature_far_from_the_bounds_asked_for_is_told(server, asking):
    server.shapes[7] = MultiPolygon([server.shapes[7], box(WEST - 50_000, SOUTH, WEST - 40_000, SOUTH + 10)])
    server.drawn = lambda shape: shape.geoms[1] if shape.geom_type == "MultiPolygon" else shape
    asking.source = source(scope="bounds")

    with pytest.raises(SourceError, match=r"expected features that meet .*, found 'COMMUNE_04008' at \(850000,"):
        asking.get(bounds=(WEST, SOUTH, WEST + 5000, SOUTH + 5000))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (Point(WEST, SOUTH), "expected polygons, found Point on 'COMMUNE_04003'"),
        (LineString([(WEST, SOUTH), (WEST + 1, SOUTH)]), "expected polygons, found LineString on 'COMMUNE_04003'"),
        (None, "expected a geometry on each feature, found none on 'COMMUNE_04003'"),
        (Polygon(), "expected a geometry on each feature, found empty ones: 'COMMUNE_04003'"),
    ],
)
def test_a_geometry_of_another_kind_or_none_is_told(server, asking, shape, expected):
    server.shapes[2] = shape

    with pytest.raises(SourceError, match=expected):
        asking.get()


def test_heights_are_left_out_and_said_so(server, asking):
    server.drawn = lambda shape: force_3d(shape, 400)
    fetched = asking.get()

    assert fetched.notes == ("Heights were left out.",)
    assert not gpd.read_file(fetched.path).has_z.any()


def test_more_than_may_be_expected_is_refused(server, asking):
    asking.source = source(max_bytes=5000)

    with pytest.raises(SourceError, match="more than the 5000 bytes"):
        asking.get()
    assert server.starts[-1] < 20


@pytest.mark.parametrize("text", ['{"type": "Feature"}', "[1]", '{"type": "FeatureCollection", "features": 3}'])
def test_json_that_is_no_features_is_told(server, asking, text):
    server.replies = [(200, "application/json", text)]

    with pytest.raises(SourceError, match="expected a GeoJSON FeatureCollection"):
        asking.get()


def test_what_was_found_unsound_is_not_gone_on_with(server, asking):
    server.repeated = {20: 10}
    with pytest.raises(SourceError, match="repeats"):
        asking.get()
    server.repeated, server.asked = {}, []

    assert asking.get().rows == 25
    assert server.starts == [0, 10, 20]


def test_features_overseas_are_kept_where_the_whole_of_france_is_asked_for(server, asking):
    # La Martinique and La Réunion in Lambert-93 (pyproj 3.7).
    server.shapes[3] = box(-6_380_000, 5_920_000, -6_370_000, 5_930_000)
    server.shapes[4] = box(10_210_000, 510_000, 10_220_000, 520_000)

    assert asking.get(bounds=(WEST, SOUTH, WEST + 5000, SOUTH + 5000)).rows == 25


def test_features_overseas_are_refused_among_the_communes_asked_for(server, asking):
    server.shapes[3] = box(-6_380_000, 5_920_000, -6_370_000, 5_930_000)
    asking.source = source(scope="communes")

    with pytest.raises(SourceError, match=r"expected features within mainland France .*found 'COMMUNE_04004'"):
        asking.get(communes=tuple(CODES))


def test_a_layer_most_of_which_is_out_of_france_is_refused(server, asking):
    server.drawn = lambda shape: shapely.transform(shape, lambda corners: corners - [0, 900_000])
    server.crs = None

    with pytest.raises(SourceError, match="expected most features within mainland France"):
        asking.get()


@pytest.mark.parametrize("told", [[1], "x", 1, None])
def test_properties_that_are_none_are_told(server, asking, told):
    page = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": told, "geometry": None}]}
    server.replies = [(200, "application/json", json.dumps(page))]

    with pytest.raises(SourceError, match="1 of 1 features have no cleabs"):
        asking.get()


@pytest.mark.parametrize("key", ["x" * 5000, "a\n\x1b[2J"])
def test_a_key_that_cannot_be_shown_is_none(server, asking, key):
    server.rows[3]["cleabs"] = key

    with pytest.raises(SourceError, match=r"1 of \d+ features have no cleabs") as error:
        asking.get()
    assert str(error.value).isprintable()


@pytest.mark.parametrize("told", [[1], "x"])
def test_a_coordinate_system_told_wrongly_is_not_told(server, asking, told):
    page = json.loads(server.answer({"request": "GetFeature", "typenames": "demo:commune"} | PAGE)[2])
    page["crs"] = {"type": "name", "properties": told}
    server.replies = [(200, "application/json", json.dumps(page))]

    assert asking.get().rows == 25


def test_half_a_character_is_no_json(server, asking):
    server.rows[3]["nom_officiel"] = "\ud800"

    with pytest.raises(SourceError, match="expected JSON"):
        asking.get()
