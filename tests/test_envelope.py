"""The urban envelope of squares: what 50 m out and 50 m in makes of them.

A circle of 32 sides lies up to 50·sin(π/32) = 4.9 m inside the true one, along a gap between two squares; an outer
corner loses less than 1 m².
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box

from hp_sig.indicators.envelope import share_outside_envelope, urban_envelope

#: What an outer corner may lose, in hectares.
CORNER_HA = 1e-4
#: What a metre of gap may lose on one side: 4.9 m.
GAP_M = 50 * np.sin(np.pi / 32)


def land(*shapes, crs=2154):
    return gpd.GeoSeries(list(shapes), crs=crs)


def areas(*shapes, **options):
    return urban_envelope(land(*shapes), **options)["area_ha"].tolist()


def test_a_square_alone_is_its_own_envelope_but_for_its_corners():
    (area,) = areas(box(0, 0, 400, 400))

    assert 16 - 4 * CORNER_HA < area <= 16


@pytest.mark.parametrize(("gap", "count"), [(20, 1), (80, 1), (99, 1), (101, 2), (120, 2)])
def test_built_land_less_than_a_hundred_metres_apart_is_one_town(gap, count):
    assert len(areas(box(0, 0, 400, 400), box(400 + gap, 0, 800 + gap, 400))) == count


@pytest.mark.parametrize(("gap", "count"), [(49, 1), (51, 2), (70, 2)])
def test_two_corners_must_be_nearer_than_two_sides_to_be_one_town(gap, count):
    # Up to 50 m in each direction, the straight sides of the two dilated squares cross at a right angle, which the
    # bevel fills. Beyond, only their round corners meet, and the erosion parts them again.
    assert len(areas(box(0, 0, 400, 400), box(400 + gap, 400 + gap, 800 + gap, 800 + gap))) == count


def test_two_squares_face_to_face_give_the_rectangle_that_holds_both():
    (area,) = areas(box(0, 0, 400, 400), box(480, 0, 880, 400))

    # 400 m x 880 m, less at most 80 m x 4.9 m above and below
    assert 35.2 - 2 * 80 * GAP_M / 1e4 - 4 * CORNER_HA < area <= 35.2


def test_a_right_angle_turned_inwards_is_filled_by_a_bevel():
    # An L of 16 + 8 ha, and a triangle of 50 m x 50 m / 2 = 1 250 m² in its angle.
    (area,) = areas(box(0, 0, 400, 400) | box(400, 0, 800, 200))

    assert area == pytest.approx(24.125, abs=5 * CORNER_HA)


@pytest.mark.parametrize(("side", "count"), [(310, 0), (317, 1)])
def test_a_part_under_ten_hectares_is_no_town(side, count):
    # 310² = 9.61 ha, 317² = 10.05 ha
    assert len(areas(box(0, 0, side, side))) == count


def test_two_parts_too_small_alone_count_where_they_are_one():
    assert areas(box(0, 0, 300, 300), box(380, 0, 680, 300)) == pytest.approx([20.4], abs=0.05)


def test_the_threshold_is_the_caller_s():
    assert areas(box(0, 0, 100, 100), min_area_ha=0.9) == pytest.approx([1.0], abs=4 * CORNER_HA)
    assert areas(box(0, 0, 100, 100), min_area_ha=1.1) == []


def test_the_distance_is_the_caller_s():
    assert len(areas(box(0, 0, 400, 400), box(440, 0, 840, 400), buffer_m=15)) == 2


def test_what_the_town_encloses_belongs_to_it():
    ring = box(0, 0, 600, 600) - box(200, 200, 400, 400)

    assert areas(ring) == pytest.approx([36.0], abs=4 * CORNER_HA)


def test_what_the_town_encloses_stays_out_where_one_asks_for_it():
    ring = box(0, 0, 600, 600) - box(200, 200, 400, 400)

    # The 4 ha of the hole, less a bevel of 1 250 m² in each of its four corners.
    assert areas(ring, fill_holes=False) == pytest.approx([32.5], abs=4 * CORNER_HA)


def test_a_court_less_than_a_hundred_metres_wide_is_closed_in_any_case():
    ring = box(0, 0, 600, 600) - box(255, 255, 345, 345)

    assert areas(ring, fill_holes=False) == pytest.approx([36.0], abs=4 * CORNER_HA)


def test_a_quarter_that_the_town_surrounds_is_swallowed_and_not_counted_twice():
    ring, quarter = box(0, 0, 1000, 1000) - box(100, 100, 900, 900), box(300, 300, 700, 700)

    assert areas(ring, quarter) == pytest.approx([100.0], abs=4 * CORNER_HA)
    assert len(areas(ring, quarter, fill_holes=False)) == 2


def test_a_ring_is_weighed_with_its_hole():
    # 350 m x 350 m = 12.25 ha around a hole of 180 m x 180 m = 3.24 ha: 9.01 ha built.
    ring = box(0, 0, 350, 350) - box(85, 85, 265, 265)

    assert areas(ring) == pytest.approx([12.25], abs=4 * CORNER_HA)
    assert areas(ring, fill_holes=False) == []


def test_the_parts_come_largest_first_with_their_own_numbers():
    envelope = urban_envelope(land(box(0, 0, 400, 400), box(2000, 0, 2600, 600)))

    assert envelope["area_ha"].tolist() == pytest.approx([36.0, 16.0], abs=4 * CORNER_HA)
    assert envelope.index.equals(pd.RangeIndex(2, name="envelope_id"))
    assert envelope.index.name == "envelope_id"
    assert envelope.crs == "EPSG:2154"
    np.testing.assert_allclose(envelope.area / 1e4, envelope["area_ha"])


def test_nothing_built_has_no_envelope():
    envelope = urban_envelope(land(), min_area_ha=0)

    assert len(envelope) == 0
    assert list(envelope.columns) == ["area_ha", "geometry"]


def test_codes_that_repeat_do_no_harm():
    built = gpd.GeoDataFrame(geometry=[box(0, 0, 400, 400), box(480, 0, 880, 400)], index=["a", "a"], crs=2154)

    assert len(urban_envelope(built)) == 1


@pytest.mark.parametrize(
    ("built", "options", "words"),
    [
        (land(box(0, 0, 1, 1), crs=4326), {}, "built is in EPSG:4326"),
        (land(shapely.LineString([(0, 0), (1, 1)])), {}, "built: valid polygons expected"),
        (land(box(0, 0, 1, 1)), {"buffer_m": 0}, "buffer_m"),
        (land(box(0, 0, 1, 1)), {"buffer_m": float("nan")}, "buffer_m"),
        (land(box(0, 0, 1, 1)), {"min_area_ha": -1}, "min_area_ha"),
    ],
)
def test_what_cannot_be_drawn_is_refused(built, options, words):
    with pytest.raises(ValueError, match=words):
        urban_envelope(built, **options)


def test_the_share_outside_is_what_the_envelope_does_not_cover():
    plots = gpd.GeoSeries(
        [box(0, 0, 10, 10), box(90, 0, 110, 10), box(200, 0, 210, 10)], index=["in", "cut", "out"], crs=2154
    )

    share = share_outside_envelope(plots, land(box(0, 0, 100, 100)))

    assert share.to_dict() == {"in": 0.0, "cut": 0.5, "out": 1.0}
    assert share.name == "outside_envelope_share"


def test_parts_of_an_envelope_that_overlap_cover_once():
    plots = gpd.GeoSeries([box(0, 0, 200, 100)], index=["a"], crs=2154)

    assert share_outside_envelope(plots, land(box(0, 0, 100, 100), box(0, 0, 100, 100))).tolist() == [0.5]


def test_without_an_envelope_all_is_outside():
    plots = gpd.GeoSeries([box(0, 0, 200, 100)], index=["a"], crs=2154)

    assert share_outside_envelope(plots, urban_envelope(plots)).tolist() == [1.0]


@st.composite
def buildings(draw):
    shapes = []
    for _ in range(draw(st.integers(1, 8))):
        x, y = draw(st.integers(0, 1500)), draw(st.integers(0, 1500))
        shape = box(x, y, x + draw(st.integers(10, 400)), y + draw(st.integers(10, 400)))
        shapes.append(affinity.rotate(shape, draw(st.sampled_from([0, 0, 30, 45]))))
    return land(*shapes)


@settings(max_examples=40, deadline=None)
@given(built=buildings())
def test_an_envelope_holds_what_is_built_but_for_its_corners(built):
    envelope = urban_envelope(built, min_area_ha=0)

    # Each polygon has four corners; where two of them cross, a corner more.
    outside = built.union_all().difference(envelope.union_all().buffer(1))
    assert outside.area < 1
    assert envelope.is_valid.all()


@settings(max_examples=40, deadline=None)
@given(built=buildings(), seed=st.integers(0, 99))
def test_the_order_of_the_buildings_changes_nothing(built, seed):
    there = urban_envelope(built, min_area_ha=0)["area_ha"]

    back = urban_envelope(built.sample(frac=1, random_state=seed), min_area_ha=0)["area_ha"]

    np.testing.assert_allclose(there, back, rtol=1e-9)
