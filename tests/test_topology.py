"""Limits written once as shared arcs, and zones closed along them again."""

from collections import Counter
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from hp_sig.maps.shapes import for_display
from hp_sig.maps.topology import Topology, encode
from hp_sig.reference.fields import sample_territory_file


def zones_of(*shapes):
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4326)


def reread(shapes):
    """Write zones and read them again, as a page would from its JSON."""
    written = encode(zones_of(*shapes)).as_json()
    return Topology(arcs=written["arcs"], shapes=written["shapes"]).polygons()


def plain(shape):
    """A shape whatever the point that its rings begin at, their direction, and the order of its parts."""
    return shapely.normalize(shapely.multipolygons(shapely.get_parts(shape)))


def assert_same(shapes, others):
    assert [plain(shape).wkt for shape in shapes] == [plain(other).wkt for other in others]


def edges_of_arcs(topology):
    """Every step of every arc, whatever its direction."""
    return Counter(
        frozenset({tuple(start), tuple(end)})
        for line in (np.rint(line * 1e5).astype(int).tolist() for line in topology.lines())
        for start, end in pairwise(line)
    )


#: Each a list of zones: what may be hard to write as arcs.
CASES = {
    "one zone": [box(0, 0, 1, 1)],
    "neighbours": [box(0, 0, 1, 1), box(1, 0, 2, 1)],
    "four about a point": [box(x, y, x + 1, y + 1) for x in (0, 1) for y in (0, 1)],
    "two that touch at a point": [box(0, 0, 1, 1), box(1, 1, 2, 2)],
    "a hole": [box(0, 0, 3, 3) - box(1, 1, 2, 2)],
    "a zone within another": [box(0, 0, 3, 3) - box(1, 1, 2, 2), box(1, 1, 2, 2)],
    "two zones within another": [box(0, 0, 4, 3) - box(1, 1, 3, 2), box(1, 1, 2, 2), box(2, 1, 3, 2)],
    "a zone with a hole within another": [
        box(0, 0, 5, 5) - box(1, 1, 4, 4),
        box(1, 1, 4, 4) - box(2, 2, 3, 3),
        box(2, 2, 3, 3),
    ],
    "an island": [box(0, 0, 1, 1) | box(3, 0, 4, 1), box(1, 0, 2, 1)],
    "an exclave within a neighbour": [box(0, 0, 3, 3) - box(1, 1, 2, 2), box(3, 0, 4, 3) | box(1, 1, 2, 2)],
    "holes that touch at a point": [box(0, 0, 4, 4) - (box(1, 1, 2, 2) | box(2, 2, 3, 3)), box(1, 1, 2, 2)],
    "a hole that touches the limit": [shapely.Polygon(box(0, 0, 4, 4).exterior, [[(0, 2), (1, 1), (1, 3)]])],
}


@pytest.mark.parametrize("shapes", CASES.values(), ids=CASES)
def test_decoded_zones_are_the_zones_that_were_written(shapes):
    assert_same(reread(shapes), shapes)


@pytest.mark.parametrize("shapes", CASES.values(), ids=CASES)
def test_each_shared_limit_is_written_once(shapes):
    assert set(edges_of_arcs(encode(zones_of(*shapes))).values()) == {1}


def test_two_squares_have_three_arcs():
    topology = encode(zones_of(box(0, 0, 1, 1), box(1, 0, 2, 1)))

    # The common side, and what is left of each: 1 step, 3 steps, 3 steps.
    assert sorted(len(arc) // 2 - 1 for arc in topology.arcs) == [1, 3, 3]
    used = Counter(ref if ref >= 0 else ~ref for zone in topology.shapes for rings in zone for r in rings for ref in r)
    assert sorted(used.values()) == [1, 1, 2]


def test_a_zone_within_another_is_one_arc_taken_both_ways():
    topology = encode(zones_of(*CASES["a zone within another"]))

    (outer, hole), (inside,) = topology.shapes[0][0], topology.shapes[1][0]
    assert len(topology.arcs) == 2
    assert len(outer) == len(hole) == len(inside) == 1
    assert hole[0] in {inside[0], ~inside[0]}


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("backwards", [False, True])
def test_where_a_ring_begins_and_which_way_it_goes_changes_nothing(turn, backwards):
    def turned(shape):
        corners = shapely.get_coordinates(shape.exterior)[:-1]
        corners = np.roll(corners, turn, axis=0)
        return shapely.Polygon(corners[::-1] if backwards else corners)

    hole = shapely.Polygon(box(0, 0, 3, 3).exterior, [turned(box(1, 1, 2, 2)).exterior])
    for shapes in ([hole, box(1, 1, 2, 2)], [box(0, 0, 1, 1), turned(box(1, 0, 2, 1))]):
        assert_same(reread(shapes), shapes)
        assert set(edges_of_arcs(encode(zones_of(*shapes))).values()) == {1}


def test_points_are_rounded_to_the_grid_and_those_that_become_one_are_written_once():
    shape = shapely.Polygon([(0, 0), (1.000004, 0), (1.000001, 1e-6), (1, 0.999996), (0, 1)])

    assert_same(reread([shape]), [box(0, 0, 1, 1)])
    assert {len(edge) for edge in edges_of_arcs(encode(zones_of(shape)))} == {2}


def test_what_is_smaller_than_the_grid_is_left_out():
    speck = box(2, 2, 2.000001, 2.000001)
    pierced = box(0, 0, 1, 1) - box(0.5, 0.5, 0.500001, 0.500001)

    assert_same(reread([box(0, 0, 1, 1) | speck, pierced]), [box(0, 0, 1, 1), box(0, 0, 1, 1)])
    assert encode(zones_of(speck)).shapes == ([],)


def test_arcs_may_be_drawn_in_another_system():
    topology = encode(zones_of(*CASES["a hole"]))

    moved = topology.polygons([10 * line + 1 for line in topology.lines()])
    assert_same(moved, [box(1, 1, 31, 31) - box(11, 11, 21, 21)])


@settings(deadline=None)
@given(st.data())
def test_any_squares_merged_into_zones_come_back_each_limit_once(data):
    width, height = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    owners = data.draw(st.lists(st.integers(0, 4), min_size=width * height, max_size=width * height))
    # 4 is no zone: a gap, an outside.
    shapes = [
        shapely.union_all([box(i % width, i // width, i % width + 1, i // width + 1) for i in squares])
        for owner in range(4)
        if (squares := [i for i, one in enumerate(owners) if one == owner])
    ]
    if not shapes:
        return
    # Two squares that touch at a corner alone make a valid zone of two parts; corners between squares are kept.
    shapes = [shapely.segmentize(shape, 1) for shape in shapes]

    topology = encode(zones_of(*shapes))

    assert_same(topology.polygons(), shapes)
    assert set(edges_of_arcs(topology).values()) == {1}


@pytest.fixture(scope="module")
def sample():
    folder = sample_territory_file().parent
    return gpd.read_file(folder / "communes.gpkg").rename(columns=str.lower)


@pytest.mark.parametrize("tolerance", [0, 20, 100])
def test_the_communes_of_the_sample_are_a_valid_coverage_once_decoded(sample, tolerance):
    communes = sample.assign(name="x")
    drawn = for_display(communes, tolerance)

    topology = encode(drawn)
    decoded = topology.polygons()
    metres = gpd.GeoSeries(decoded, crs=4326).to_crs(2154)

    assert shapely.coverage_is_valid(decoded)
    assert_same(decoded, drawn.geometry)
    assert set(edges_of_arcs(topology).values()) == {1}
    # Nothing is lost: the whole keeps its area within a thousandth.
    assert metres.area.sum() == pytest.approx(communes.area.sum(), rel=1e-3)
