import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from land import mosaic, turned
from shapely import MultiPolygon, Polygon, box

from hp_sig.indicators.contiguity import MIN_EDGE_M, contiguous_patches, shared_edges


def neighbours(*shapes: Polygon | MultiPolygon) -> tuple[set[tuple[int, int]], list[float]]:
    """Give the pairs that share an edge, and the open metres of each shape, to the centimetre, all being followed."""
    first, second, open_m = shared_edges(np.array(shapes), np.arange(len(shapes)))
    return set(zip(first.tolist(), second.tolist(), strict=True)), open_m.round(2).tolist()


def wound(shape: Polygon, ccw: bool) -> Polygon:
    """Make the outer ring run one way and the inner ones the other."""
    return shapely.orient_polygons(shape, exterior_cw=not ccw)


# --- who shares an edge -------------------------------------------------------------------------------------------

SQUARE = box(0, 0, 10, 10)
BOTH = {(0, 1), (1, 0)}


@pytest.mark.parametrize(
    ("other", "pairs", "open_m"),
    [
        (box(10, 0, 20, 10), BOTH, [30.0, 30.0]),  # side by side, with the same two vertices
        (box(10, 2, 20, 8), BOTH, [34.0, 26.0]),  # 6 m in the middle of a side of 10
        (box(10, 5, 20, 15), BOTH, [35.0, 35.0]),  # half of a side
        (box(20, 0, 30, 10), set(), [40.0, 40.0]),  # 10 m away
        (box(10, 10, 20, 20), set(), [40.0, 40.0]),  # corner to corner
        (Polygon([(10, 5), (20, 0), (20, 10)]), set(), [40.0, 32.36]),  # a corner on a side: 10 + 2√125 m around
    ],
)
def test_polygons_that_share_an_edge_are_neighbours_and_the_rest_of_their_outline_is_open(other, pairs, open_m):
    found, found_m = neighbours(SQUARE, other)

    assert found == pairs
    # A line that passes a centimetre over a tenth of a metre outside is a little off at a slanting corner.
    assert found_m == pytest.approx(open_m, abs=0.25)


@pytest.mark.parametrize(("height", "is_neighbour"), [(0.4, False), (0.6, True)])
def test_an_edge_shorter_than_half_a_metre_is_a_corner(height, is_neighbour):
    pairs, _ = neighbours(SQUARE, box(10, 10 - height, 20, 20))

    assert pairs == (BOTH if is_neighbour else set())


def test_a_short_edge_is_a_corner_between_the_same_two_vertices_as_well():
    # The square has a vertex at both ends of the 40 cm that it shares.
    notched = Polygon([(0, 0), (10, 0), (10, 9.6), (10, 10), (0, 10)])
    other = Polygon([(10, 9.6), (20, 9.6), (20, 20), (10, 20), (10, 10)])

    assert neighbours(notched, other)[0] == set()


def test_an_edge_in_short_pieces_is_as_long_as_they_are_together():
    # 1 m of edge in ten pieces of 10 cm.
    left = shapely.segmentize(box(0, 0, 1, 1), 0.1)
    right = shapely.segmentize(box(1, 0, 2, 1), 0.1)

    assert neighbours(left, right) == (BOTH, [3.0, 3.0])


@pytest.mark.parametrize(
    ("start", "is_neighbour"), [(9.95, True), (10.05, True), (10.09, True), (10.2, False), (9.5, True)]
)
def test_a_gap_or_an_overlap_of_less_than_ten_centimetres_parts_nobody(start, is_neighbour):
    pairs, open_m = neighbours(SQUARE, box(start, 0, 20, 10))

    assert pairs == (BOTH if is_neighbour else set())
    assert (open_m[0] < 31) == is_neighbour


@pytest.mark.parametrize("inserted", [(), (5.0,)])
def test_a_sliver_of_five_centimetres_between_two_polygons_does_not_part_them(inserted):
    # It has the vertices of its neighbours, or one more on each side.
    west, east = [(10.0, y) for y in inserted], [(10.05, y) for y in inserted]
    sliver = Polygon([(10, 0), (10.05, 0), *east, (10.05, 10), (10, 10), *west])

    pairs, _ = neighbours(SQUARE, sliver, box(10.05, 0, 20, 10))

    assert {(0, 2), (2, 0), (1, 0), (1, 2)} <= pairs


def test_a_strip_of_twenty_centimetres_parts_the_polygons_on_both_sides():
    pairs, _ = neighbours(SQUARE, box(10, 0, 10.2, 10), box(10.2, 0, 20, 10))

    assert pairs == {(0, 1), (1, 0), (1, 2), (2, 1)}


def test_a_polygon_that_comes_twice_sees_what_lies_beyond_both():
    # The copies share all of their vertices with each other and none with the field to the east.
    field = box(10, -50, 60, 60)

    pairs, open_m = neighbours(SQUARE, SQUARE, field)

    assert {(0, 2), (2, 0), (1, 2), (2, 1)} <= pairs
    assert open_m[:2] == [30.0, 30.0]


def test_two_polygons_on_the_same_side_of_a_line_do_not_hide_the_third_beyond_it():
    # Two that overlap have their western side in common; land lies to the west of both.
    pairs, open_m = neighbours(SQUARE, box(0, 0, 5, 10), box(-50, -20, 0, 30))

    assert {(0, 2), (1, 2), (2, 0), (2, 1)} <= pairs
    assert open_m[0] == 30.0


def test_an_edge_of_three_polygons_is_an_edge_of_each_with_the_one_beyond():
    west, east = box(-10, 0, 0, 10), box(0, 0, 10, 10)

    pairs, open_m = neighbours(west, east, east)

    assert {(0, 1), (0, 2), (1, 0), (2, 0)} <= pairs
    assert open_m == [30.0, 30.0, 30.0]


@pytest.mark.parametrize("ccw", [True, False])
@pytest.mark.parametrize(
    "inner", [box(10, 10, 20, 20), box(10, 10, 15, 20), shapely.segmentize(box(10, 10, 20, 20), 3)]
)
def test_land_in_the_hole_of_a_polygon_is_its_neighbour_whichever_way_the_rings_run(ccw, inner):
    ring = wound(box(0, 0, 30, 30) - box(10, 10, 20, 20), ccw)

    pairs, open_m = neighbours(ring, wound(inner, not ccw))

    assert pairs == BOTH
    # 120 m around; what is left empty of the hole is a hole in the data: 5 + 10 + 5 m of the ring, 10 m of the half.
    half = inner.area == 50
    assert open_m == pytest.approx([140.0, 10.0] if half else [120.0, 0.0], abs=0.25)


def test_the_parts_of_a_polygon_are_one_neighbour():
    pair = MultiPolygon([box(0, 0, 10, 10), box(50, 0, 60, 10)])

    pairs, open_m = neighbours(pair, box(60, 0, 70, 10))

    assert pairs == BOTH
    assert open_m == [70.0, 30.0]


def test_a_polygon_is_no_neighbour_of_itself():
    # Its two arms are 5 cm apart, over 8 m, and face each other.
    arms = box(0, 0, 10, 10) - box(5, 2, 5.05, 10)

    pairs, open_m = neighbours(arms, box(10, 0, 20, 10))

    assert pairs == BOTH
    assert open_m[0] == pytest.approx(30.0, abs=0.25)


def test_only_the_chosen_outlines_are_followed():
    row = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10), box(20, 0, 30, 10)])

    first, second, open_m = shared_edges(row, np.array([1]))

    assert (first.tolist(), second.tolist()) == ([1, 1], [0, 2])
    assert open_m.round(6).tolist() == [0.0, 20.0, 0.0]


def test_nothing_is_looked_at_where_nothing_is_chosen():
    first, second, open_m = shared_edges(np.array([SQUARE]), np.zeros(0, dtype=np.intp))

    assert (len(first), len(second), open_m.tolist()) == (0, 0, [0.0])


def test_the_polygons_are_not_left_prepared():
    # GEOS does not bear that two threads look at one prepared polygon (libgeos/geos, issue 825).
    shapes = np.array([SQUARE, box(10, 2, 20, 8)])

    shared_edges(shapes, np.arange(2))

    assert not shapely.is_prepared(shapes).any()


def test_a_polygon_with_many_neighbours_is_looked_at_without_harm_on_every_processor():
    # 50 × 50 squares of 10 m, 10 m apart, in land that has a vertex every metre of their outlines.
    x, y = (20.0 * axis.ravel() for axis in np.meshgrid(np.arange(50), np.arange(50)))
    squares = shapely.box(x, y, x + 10, y + 10)
    land = box(-100, -100, 1100, 1100) - shapely.union_all(shapely.segmentize(squares, 1))

    first, second, open_m = shared_edges(np.append(squares, land), np.arange(2500))

    assert first.tolist() == list(range(2500))
    assert set(second.tolist()) == {2500}
    assert open_m.max() == 0.0


def test_an_empty_polygon_has_neither_neighbours_nor_outline():
    pairs, open_m = neighbours(SQUARE, Polygon(), box(10, 0, 20, 10))

    assert pairs == {(0, 2), (2, 0)}
    assert open_m == [30.0, 0.0, 30.0]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_neighbours_are_those_whose_outlines_overlap_however_they_are_drawn(seed):
    # 36 cells of 50 m; the sides of the drawn again start elsewhere, run the other way, and have other vertices.
    random = np.random.default_rng(seed)
    shapes = mosaic(seed, cells=6, width_m=300.0).geometry.to_numpy()
    left, right = np.triu_indices(len(shapes), k=1)
    shared_m = shapely.length(shapely.intersection(shapely.boundary(shapes[left]), shapely.boundary(shapes[right])))
    edge = shared_m >= MIN_EDGE_M
    expected = set(zip(left[edge].tolist(), right[edge].tolist(), strict=True))
    again = np.array(
        [shapely.segmentize(turned(shape, random), float(random.uniform(4, 9))) for shape in shapes], dtype=object
    )

    pairs, open_m = neighbours(*shapes)
    pairs_again, _ = neighbours(*again)

    assert pairs == expected | {(b, a) for a, b in expected}
    assert pairs_again == pairs
    # Nothing is open but the outline of the whole: 4 × 300 m.
    assert sum(open_m) == pytest.approx(1200.0, abs=0.5)


# --- who is of one patch ------------------------------------------------------------------------------------------


def groups(members: list[bool], *pairs: tuple[int, int]) -> list[list[int]]:
    first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    patch = contiguous_patches(np.array(members), first, second)
    return [np.flatnonzero(patch == number).tolist() for number in np.unique(patch)]


def test_a_chain_of_neighbours_is_one_patch():
    assert groups([True] * 4, (0, 1), (1, 2), (3, 2)) == [[0, 1, 2, 3]]


def test_an_edge_told_once_or_twice_joins_the_same():
    assert groups([True] * 3, (2, 0)) == groups([True] * 3, (2, 0), (0, 2)) == [[0, 2], [1]]


def test_what_is_no_member_joins_nothing_and_is_of_no_patch_but_its_own():
    assert groups([True, False, True, False], (0, 1), (1, 2), (1, 3)) == [[0], [1], [2], [3]]


def test_without_edges_each_polygon_is_a_patch():
    assert groups([True, True, False]) == [[0], [1], [2]]
