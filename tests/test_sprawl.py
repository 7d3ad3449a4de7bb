"""Weighted urban proliferation of a few cells, and built land turned into cells."""

import math
from itertools import pairwise, product

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from shapely import affinity, box

from hp_sig.indicators.sprawl import (
    built_raster,
    cell_dispersion,
    dispersion_weight,
    uptake_weight,
    weighted_urban_proliferation,
    within_cell_contribution,
)

#: √(0.97428·15 + 1.046) - 0.996249
WCC_15 = 2.9610481
#: What a cell of 15 m brings to its neighbour at 15 m, √31 - 1, at 30 m, √61 - 1, and across a corner.
SIDE, TWO_SIDES, CORNER = math.sqrt(31) - 1, math.sqrt(61) - 1, math.sqrt(1 + 30 * math.sqrt(2)) - 1


def dispersion(cells, **options):
    return cell_dispersion(cells, cell_size_m=15, **options)


def by_the_definition(built, cell_size_m, horizon_m):
    """Sum over all pairs of cells, as the formula says."""
    found = np.full(built.shape, np.nan)
    cells = [(row, column) for row, column in product(*map(range, built.shape)) if built[row, column]]
    for row, column in cells:
        distances = [cell_size_m * math.dist((row, column), other) for other in cells]
        seen = [distance for distance in distances if distance <= horizon_m]
        total = sum(math.sqrt(2 * distance + 1) - 1 for distance in seen)
        found[row, column] = (total + math.sqrt(0.97428 * cell_size_m + 1.046) - 0.996249) / len(seen)
    return found


# Recomputed from the published formula (Jaeger & Schwick 2014), seven decimals.
@pytest.mark.parametrize(("cell", "own"), [(10, 2.2883819), (15, 2.9610481), (25, 4.0438899)])
def test_a_cell_brings_to_itself_what_is_published(cell, own):
    assert within_cell_contribution(cell) == pytest.approx(own, abs=5e-8)


@pytest.mark.parametrize("cell", [10, 15, 25, 30])
def test_what_a_cell_brings_to_itself_is_the_mean_between_two_of_its_points(cell):
    # 20 x 20 points in the cell, all pairs: within 2 % of the approximation.
    at = (np.arange(20) + 0.5) * cell / 20
    east, north = (coordinates.ravel() for coordinates in np.meshgrid(at, at))
    distance = np.hypot(east[:, np.newaxis] - east, north[:, np.newaxis] - north)

    assert within_cell_contribution(cell) == pytest.approx((np.sqrt(2 * distance + 1) - 1).mean(), rel=0.02)


def test_a_cell_alone_sees_itself():
    assert dispersion([[0, 0, 0], [0, 1, 0]])[1, 1] == pytest.approx(WCC_15)


def test_two_cells_of_fifteen_metres_side_by_side():
    # (√31 - 1 + 2.9610481) / 2
    np.testing.assert_allclose(dispersion([[1, 1]]), [[3.7644062, 3.7644062]], atol=5e-8)


def test_the_middle_of_three_cells_is_the_least_dispersed():
    middle, end = (2 * SIDE + WCC_15) / 3, (SIDE + TWO_SIDES + WCC_15) / 3

    np.testing.assert_allclose(dispersion([[1, 1, 1]]), [[end, middle, end]], atol=5e-8)


def test_distances_are_true_across_a_corner():
    found = dispersion([[1, 0], [0, 1]])

    assert found[0, 0] == pytest.approx((CORNER + WCC_15) / 2)
    assert np.isnan(found[0, 1])


def test_one_sees_up_to_the_horizon_and_no_farther():
    cells = [[1, 0, 1]]  # 30 m apart

    assert dispersion(cells, horizon_m=30)[0, 0] == pytest.approx((TWO_SIDES + WCC_15) / 2)
    assert dispersion(cells, horizon_m=29.9)[0, 0] == pytest.approx(WCC_15)


def test_the_horizon_is_a_circle_and_not_a_square():
    # 21.2 m across the corner
    assert dispersion([[1, 0], [0, 1]], horizon_m=20)[0, 0] == pytest.approx(WCC_15)


def test_the_horizon_is_two_kilometres_unless_one_says_otherwise():
    cells = np.zeros((1, 142), dtype=bool)
    cells[0, [0, 133]] = True  # 1 995 m
    assert dispersion(cells)[0, 0] > 20
    cells[0, [133, 134]] = False, True  # 2 010 m
    assert dispersion(cells)[0, 0] == pytest.approx(WCC_15)


def test_land_built_all_over_is_as_dispersed_as_its_agency_says():
    # EEA, Urban Sprawl Europe: DIS reaches 49.7 UPU/m² with a horizon of 2 km.
    everywhere = np.ones((161, 161), dtype=bool)

    assert cell_dispersion(everywhere, cell_size_m=25)[80, 80] == pytest.approx(49.7, abs=0.15)


@settings(max_examples=60, deadline=None)
@given(
    built=arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))),
    cell=st.sampled_from([10.0, 15.0, 30.0]),
    horizon=st.sampled_from([5.0, 15.0, 45.0, 100.0, 2000.0]),
)
def test_cells_agree_with_the_definition(built, cell, horizon):
    found = cell_dispersion(built, cell_size_m=cell, horizon_m=horizon)

    np.testing.assert_allclose(found, by_the_definition(built, cell, horizon), rtol=1e-9)


def test_the_strips_in_which_it_is_computed_do_not_show(monkeypatch):
    built = np.random.default_rng(1).random((60, 40)) < 0.3
    found = dispersion(built, horizon_m=100)
    monkeypatch.setattr("hp_sig.indicators.sprawl.STRIP_ROWS", 1)

    np.testing.assert_allclose(dispersion(built, horizon_m=100), found, rtol=1e-9)


def test_the_raster_given_is_left_as_it_was():
    built = np.array([[True, False], [True, True]])
    kept = built.copy()

    weighted_urban_proliferation(built, cell_size_m=15, inhabitants_and_jobs=1, within=built)

    np.testing.assert_array_equal(built, kept)


@pytest.mark.parametrize(
    ("dispersion_upu", "weight"),
    # e^(0.294432·44 - 12.955) is 1 to 1e-5: the mean of Switzerland, where the weight changes nothing.
    [(-1e6, 0.5), (0, 0.5), (44, 1.0), (1e6, 1.5)],
)
def test_the_weight_of_dispersion_goes_from_a_half_to_one_and_a_half(dispersion_upu, weight):
    assert dispersion_weight(dispersion_upu) == pytest.approx(weight, abs=1e-5)


@pytest.mark.parametrize(
    ("uptake", "weight"),
    # e^4.159 = 64.007..., and the exponent is 0 at 613.125/4.159 m².
    [(0, 0.0), (0.1, 0.0), (613.125 / 4.159, 0.5), (1e12, 1 - 1 / (1 + math.exp(4.159)))],
)
def test_the_weight_of_uptake_goes_from_nothing_to_its_limit(uptake, weight):
    assert uptake_weight(uptake) == pytest.approx(weight, abs=1e-9)


def test_the_weights_grow():
    assert dispersion_weight(40) < dispersion_weight(41)
    assert uptake_weight(100) < uptake_weight(101)


def test_proliferation_is_the_product_of_its_parts():
    record = weighted_urban_proliferation([[1, 1, 0, 0], [0, 0, 0, 0]], cell_size_m=15, inhabitants_and_jobs=2)

    # Two cells of eight; 450 m² for two.
    dis, uptake = (SIDE + WCC_15) / 2, 225.0
    w1 = 0.5 + 1 / (1 + math.exp(12.955 - 0.294432 * dis))
    w2 = 1 / (1 + math.exp(613.125 / uptake - 4.159))
    assert record.dispersion_upu_per_m2 == pytest.approx(dis)
    assert record.built_share == 0.25
    assert record.permeation_upu_per_m2 == pytest.approx(0.25 * dis)
    assert record.uptake_m2_per_person == uptake
    assert record.dispersion_weight == pytest.approx(w1)
    assert record.uptake_weight == pytest.approx(w2)
    assert record.proliferation_upu_per_m2 == pytest.approx(0.25 * dis * w1 * w2)


def test_what_is_built_across_the_limit_is_seen_but_not_counted():
    record = weighted_urban_proliferation([[1, 1, 0, 0]], cell_size_m=15, inhabitants_and_jobs=1, within=[[0, 1, 1, 0]])

    assert record.dispersion_upu_per_m2 == pytest.approx((SIDE + WCC_15) / 2)
    assert record.built_share == 0.5
    assert record.uptake_m2_per_person == 225.0


def test_only_the_cells_of_the_territory_make_its_dispersion():
    record = weighted_urban_proliferation([[1, 1, 1]], cell_size_m=15, inhabitants_and_jobs=1, within=[[0, 1, 0]])

    assert record.dispersion_upu_per_m2 == pytest.approx((2 * SIDE + WCC_15) / 3)


def test_nothing_built_does_not_sprawl():
    built, within = [[0, 0], [0, 1]], [[1, 1], [0, 0]]

    record = weighted_urban_proliferation(built, cell_size_m=15, inhabitants_and_jobs=5, within=within)

    assert record.proliferation_upu_per_m2 == 0
    assert record.built_share == 0
    assert record.uptake_m2_per_person == 0
    assert math.isnan(record.dispersion_upu_per_m2)


@pytest.mark.parametrize("people", [0, math.nan])
def test_without_people_the_uptake_is_unknown_and_the_rest_is_told(people):
    record = weighted_urban_proliferation([[1, 1]], cell_size_m=15, inhabitants_and_jobs=people)

    assert math.isnan(record.uptake_m2_per_person)
    assert math.isnan(record.proliferation_upu_per_m2)
    assert record.permeation_upu_per_m2 == pytest.approx((SIDE + WCC_15) / 2)


def test_the_record_cannot_be_changed():
    record = weighted_urban_proliferation([[1]], cell_size_m=15, inhabitants_and_jobs=1)

    with pytest.raises(AttributeError):
        record.built_share = 0.5


def test_people_closer_together_sprawl_less():
    built = np.eye(20, dtype=bool)

    few = weighted_urban_proliferation(built, cell_size_m=15, inhabitants_and_jobs=10)
    many = weighted_urban_proliferation(built, cell_size_m=15, inhabitants_and_jobs=100)

    assert many.proliferation_upu_per_m2 < few.proliferation_upu_per_m2


@pytest.mark.parametrize(
    ("built", "options", "words"),
    [
        ([1, 0], {}, "built: a raster of true and false cells"),
        ([[1, 2]], {}, "built: a raster of true and false cells"),
        ([[1, math.nan]], {}, "built: a raster of true and false cells"),
        (np.zeros((0, 3)), {}, "built: a raster of true and false cells"),
        ([[1, 0]], {"cell_size_m": 0}, "cell_size_m"),
        ([[1, 0]], {"cell_size_m": math.nan}, "cell_size_m"),
        ([[1, 0]], {"horizon_m": -1}, "horizon_m"),
        ([[1, 0]], {"horizon_m": math.inf}, "horizon_m"),
        ([[1, 0]], {"within": [[1, 0, 0]]}, r"within: cells of the territory expected in a raster of \(1, 2\)"),
        ([[1, 0]], {"within": [[0, 0]]}, "within: .* found 0"),
        ([[1, 0]], {"inhabitants_and_jobs": -1}, "inhabitants_and_jobs"),
        ([[1, 0]], {"inhabitants_and_jobs": math.inf}, "inhabitants_and_jobs"),
    ],
)
def test_what_cannot_be_measured_is_refused(built, options, words):
    with pytest.raises(ValueError, match=words):
        weighted_urban_proliferation(built, **{"cell_size_m": 15, "inhabitants_and_jobs": 1, **options})


# --- cells ------------------------------------------------------------------------------------------------------


def land(*shapes, crs=2154):
    return gpd.GeoSeries(list(shapes), crs=crs)


def drawn(built, bounds, cell=10):
    return ["".join("#" if here else "." for here in row) for row in built_raster(built, bounds, cell_size_m=cell)]


def test_a_cell_is_built_where_its_centre_is_and_the_north_comes_first():
    corner = shapely.Polygon([(0, 0), (34, 0), (0, 34)])

    assert drawn(land(corner), (0, 0, 40, 40)) == ["....", "#...", "##..", "###."]


def test_holes_are_left_out():
    assert drawn(land(box(0, 0, 50, 50) - box(10, 10, 40, 40)), (0, 0, 50, 50)) == [
        "#####",
        "#...#",
        "#...#",
        "#...#",
        "#####",
    ]


@pytest.mark.parametrize("turn", [lambda shape: shape, shapely.reverse])
def test_the_way_a_ring_is_drawn_does_not_matter(turn):
    ring = turn(box(0, 0, 30, 30) - box(10, 10, 20, 20))

    assert drawn(land(ring), (0, 0, 30, 30)) == ["###", "#.#", "###"]


def test_land_that_overlaps_is_built_once():
    assert drawn(land(box(0, 0, 20, 10), box(10, 0, 30, 10), box(10, 0, 20, 10)), (0, 0, 40, 10)) == ["###."]


def test_land_beyond_the_bounds_is_cut():
    assert drawn(land(box(-500, -500, 20, 500)), (0, 0, 30, 20)) == ["##.", "##."]
    assert drawn(land(box(-500, -500, -400, 500)), (0, 0, 30, 20)) == ["...", "..."]


def test_the_last_cells_cross_bounds_that_are_no_whole_number_of_cells():
    assert drawn(land(box(-50, -50, 50, 50)), (0, 0, 21, 11)) == ["###", "###"]


def test_a_centre_on_the_northern_or_western_limit_is_within_and_on_the_others_is_not():
    assert drawn(land(box(5, 5, 25, 25)), (0, 0, 30, 30)) == ["##.", "##.", "..."]


def test_parts_of_one_multipolygon_are_all_drawn():
    assert drawn(land(shapely.MultiPolygon([box(0, 0, 10, 10), box(20, 0, 30, 10)])), (0, 0, 30, 10)) == ["#.#"]


def test_no_land_is_no_cell():
    assert drawn(land(), (0, 0, 20, 10)) == [".."]


@pytest.mark.parametrize(
    ("bounds", "cell"),
    [((0, 0, 0, 10), 10), ((0, 10, 10, 0), 10), ((0, 0, 10, 10), 0), ((0, 0, math.nan, 10), 10)],
)
def test_bounds_that_hold_nothing_are_refused(bounds, cell):
    with pytest.raises(ValueError, match="bounds: west, south, east, north"):
        built_raster(land(box(0, 0, 1, 1)), bounds, cell_size_m=cell)


def test_degrees_are_refused():
    with pytest.raises(ValueError, match="built is in EPSG:4326"):
        built_raster(land(box(0, 0, 1, 1), crs=4326), (0, 0, 1, 1), cell_size_m=1)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 99), min_size=1, max_size=4, unique=True), angle=st.sampled_from([0, 17, 45]))
@example(cuts=[50], angle=45)
def test_a_centre_on_a_shared_limit_belongs_to_one_side_only(cuts, angle):
    edges = [-200, *sorted(cuts), 300]
    strips = [affinity.rotate(box(west, -200, east, 300), angle, origin=(50, 50)) for west, east in pairwise(edges)]

    counted = sum(built_raster(land(strip), (0, 0, 100, 100), cell_size_m=2).astype(int) for strip in strips)

    assert (counted == 1).all()


@settings(max_examples=60, deadline=None)
@given(
    boxes=st.lists(st.tuples(*[st.floats(-20, 120)] * 2, *[st.floats(1, 80)] * 2, st.integers(0, 89)), max_size=4),
    cell=st.sampled_from([3.0, 7.0, 10.0]),
)
def test_cells_agree_with_shapely(boxes, cell):
    shapes = [affinity.rotate(box(x, y, x + width, y + height), angle) for x, y, width, height, angle in boxes]

    found = built_raster(land(*shapes), (0, 0, 100, 90), cell_size_m=cell)

    east = cell * (np.arange(found.shape[1]) + 0.5)
    north = 90 - cell * (np.arange(found.shape[0]) + 0.5)
    union = shapely.union_all(shapes)
    near = shapely.distance(shapely.boundary(union), shapely.points(*np.meshgrid(east, north))) < 1e-6
    expected = shapely.contains_xy(union, *np.meshgrid(east, north))
    # A centre on a limit may fall on either side.
    np.testing.assert_array_equal(found[~near], expected[~near])
