import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from hp_sig.indicators.network import RoadGraph, network_graph
from hp_sig.reference.roads import MODES

Places = list[tuple[float, float]]


def roads(*lines: Places, **columns: object) -> gpd.GeoDataFrame:
    """Draw two-way residential streets on the ground, unless columns say otherwise."""
    given = {"road_class": "residential", "oneway": "both", "level": 0, "speed_kmh": np.nan}
    given |= {"car_access": True, "foot_access": True}
    index = pd.Index([f"r{rank}" for rank in range(len(lines))], name="road_id")
    return gpd.GeoDataFrame(given | columns, geometry=[LineString(line) for line in lines], index=index, crs=2154)


def places(graph: RoadGraph) -> set[tuple[float, float]]:
    return set(zip(graph.nodes.geometry.x, graph.nodes.geometry.y, strict=True))


def joins(graph: RoadGraph) -> dict[str, list[float]]:
    """The lengths of the edges of each road, along it."""
    return graph.edges.groupby("road_id")["length_m"].agg(list).to_dict()


EAST: Places = [(0, 50), (50, 50), (100, 50)]
NORTH: Places = [(50, 0), (50, 50), (50, 100)]


# Where roads meet


def test_streets_that_cross_at_a_shared_vertex_are_joined():
    graph = network_graph(roads(EAST, NORTH), mode="walk")

    assert joins(graph) == {"r0": [50.0, 50.0], "r1": [50.0, 50.0]}
    assert places(graph) == {(0, 50), (50, 50), (100, 50), (50, 0), (50, 100)}
    assert len(graph.pieces) == 1


def test_streets_that_cross_without_a_shared_vertex_are_not_joined():
    graph = network_graph(roads(EAST, [(50, 0), (50, 100)]), mode="walk")

    assert joins(graph) == {"r0": [100.0], "r1": [100.0]}
    assert len(graph.pieces) == 2


@pytest.mark.parametrize("level", [1, -1, 3], ids=["bridge", "tunnel", "viaduct"])
def test_a_bridge_or_tunnel_is_not_joined_to_what_it_crosses_even_at_a_shared_vertex(level):
    graph = network_graph(roads(EAST, NORTH, level=[level, 0]), mode="walk")

    assert joins(graph) == {"r0": [100.0], "r1": [100.0]}
    assert len(graph.pieces) == 2


def test_a_bridge_over_a_tunnel_is_not_joined_to_it():
    graph = network_graph(roads(EAST, NORTH, level=[1, -1]), mode="walk")

    assert len(graph.pieces) == 2


def test_two_bridges_one_above_the_other_are_not_joined():
    graph = network_graph(roads(EAST, NORTH, level=[1, 2]), mode="walk")

    assert len(graph.pieces) == 2


def test_two_bridges_of_one_level_that_cross_are_joined():
    graph = network_graph(roads(EAST, NORTH, level=1), mode="walk")

    assert joins(graph) == {"r0": [50.0, 50.0], "r1": [50.0, 50.0]}


@pytest.mark.parametrize("level", [1, -1])
def test_the_end_of_a_bridge_joins_the_road_along_the_bank(level):
    bank = [(0, -40), (0, 0), (0, 60)]

    graph = network_graph(roads([(0, 0), (200, 0)], bank, level=[level, 0]), mode="walk")

    assert joins(graph) == {"r0": [200.0], "r1": [40.0, 60.0]}
    assert len(graph.pieces) == 1


def test_a_bridge_between_two_streets_joins_their_ends():
    graph = network_graph(
        roads([(0, 0), (10, 0)], [(10, 0), (90, 0)], [(90, 0), (100, 0)], level=[0, 1, 0]), mode="walk"
    )

    assert len(graph.pieces) == 1
    assert len(graph.nodes) == 4


def test_a_street_that_ends_under_a_bridge_is_not_joined_to_it():
    graph = network_graph(roads(EAST, [(50, 0), (50, 50)], level=[1, 0]), mode="walk")

    assert joins(graph) == {"r0": [100.0], "r1": [50.0]}
    assert len(graph.pieces) == 2


def test_streets_that_end_and_cross_under_a_bridge_are_joined_to_one_another_alone():
    under = [(50, 0), (50, 50)], [(20, 20), (50, 50), (80, 80)]

    graph = network_graph(roads(EAST, *under, level=[1, 0, 0]), mode="walk")

    assert sorted(graph.pieces["length_km"]) == pytest.approx([0.1, 0.05 + 0.06 * 2**0.5])


def test_a_ramp_that_ends_on_a_bridge_of_its_level_joins_it_and_another_above_does_not():
    ramp = [(50, 0), (50, 50)]

    graph = network_graph(roads(EAST, ramp, [(20, 20), (50, 50), (80, 80)], level=[1, 1, 2]), mode="walk")

    assert joins(graph)["r0"] == [50.0, 50.0]
    assert len(joins(graph)["r2"]) == 1
    assert len(graph.pieces) == 2


def test_a_tunnel_that_opens_on_a_bridge_is_joined_to_it():
    graph = network_graph(roads([(0, 0), (50, 0)], [(50, 0), (100, 0)], level=[-1, 1]), mode="walk")

    assert len(graph.pieces) == 1


def test_a_street_may_cross_itself():
    knot = [(0, 0), (10, 0), (20, 0), (20, 10), (10, 10), (10, 0), (10, -10)]

    graph = network_graph(roads(knot), mode="walk")

    assert joins(graph) == {"r0": [10.0, 40.0, 10.0]}
    loop = graph.edges.iloc[1]
    assert loop["from_node"] == loop["to_node"]


def test_a_roundabout_is_cut_where_streets_meet_it():
    ring = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]

    graph = network_graph(roads(ring, [(10, 10), (50, 10)]), mode="walk")

    assert joins(graph) == {"r0": [20.0, 20.0], "r1": [40.0]}
    assert len(graph.nodes) == 3


def test_two_streets_between_the_same_crossings_are_two_edges():
    graph = network_graph(roads([(0, 0), (100, 0)], [(0, 0), (50, 50), (100, 0)]), mode="walk")

    assert len(graph.edges) == 2
    assert len(graph.nodes) == 2


def test_a_vertex_drawn_twice_is_one():
    graph = network_graph(roads([(0, 0), (0, 0), (50, 0), (50, 0), (100, 0), (100, 0)]), mode="walk")

    assert joins(graph) == {"r0": [100.0]}
    assert graph.edges.geometry.iloc[0].equals_exact(LineString([(0, 0), (50, 0), (100, 0)]))


def test_ends_less_than_half_a_millimetre_apart_meet_and_those_a_centimetre_apart_do_not():
    near = network_graph(roads([(0, 0), (100, 0)], [(100.0004, 0), (200, 0)]), mode="walk")
    far = network_graph(roads([(0, 0), (100, 0)], [(100.01, 0), (200, 0)]), mode="walk")

    assert (len(near.pieces), len(far.pieces)) == (1, 2)


def test_a_line_of_a_tenth_of_a_millimetre_leads_nowhere():
    graph = network_graph(roads([(0, 0), (100, 0)], [(500, 0), (500, 0.0001)]), mode="walk")

    assert graph.edges["road_id"].tolist() == ["r0"]
    assert (len(graph.nodes), len(graph.pieces)) == (2, 1)


def test_coordinates_may_be_negative():
    moved = roads(EAST, NORTH).translate(-1000, -1000)

    graph = network_graph(roads(EAST, NORTH).set_geometry(moved), mode="walk")

    assert places(graph) == {(x - 1000, y - 1000) for x, y in [(0, 50), (50, 50), (100, 50), (50, 0), (50, 100)]}
    assert len(graph.pieces) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=6), min_size=1, max_size=8
    ),
    st.lists(st.integers(-1, 2), min_size=8, max_size=8),
)
def test_edges_add_up_to_the_roads_and_join_the_places_where_they_end(lines, levels):
    drawn = roads(*([(x * 10.0, y * 10.0) for x, y in line] for line in lines), level=levels[: len(lines)])
    drawn = drawn[drawn.length > 0]
    if drawn.empty:
        return

    graph = network_graph(drawn, mode="walk")

    by_road = graph.edges.groupby("road_id")["length_m"].sum()
    pd.testing.assert_series_equal(by_road, drawn.length, check_names=False)
    assert graph.pieces["length_km"].sum() * 1000 == pytest.approx(drawn.length.sum())
    assert graph.pieces["edge_count"].sum() == len(graph.edges)
    at = shapely.get_coordinates(graph.nodes.geometry)
    for column, vertex in (("from_node", 0), ("to_node", -1)):
        ends = shapely.get_coordinates(shapely.get_point(graph.edges.geometry.to_numpy(), vertex))
        np.testing.assert_array_equal(at[graph.edges[column]], ends)
        np.testing.assert_array_equal(graph.nodes["piece"].to_numpy()[graph.edges[column]], graph.edges["piece"])


# Times and ways


@pytest.mark.parametrize(
    ("mode", "road_class", "minutes"),
    # 1.2 km at 4.8, 2.4, 15, 10 and 30 km/h.
    [
        ("walk", "residential", 15.0),
        ("walk", "steps", 30.0),
        ("bike", "secondary", 4.8),
        ("bike", "track", 7.2),
        ("car", "residential", 2.4),
    ],
)
def test_minutes_are_length_over_speed(mode, road_class, minutes):
    graph = network_graph(roads([(0, 0), (1200, 0)], road_class=road_class), mode=mode)

    assert graph.edges[["forward_minutes", "backward_minutes"]].iloc[0].tolist() == pytest.approx([minutes, minutes])
    assert graph.edges["speed_kmh"].iloc[0] == graph.crow_fly_kmh == pytest.approx(1.2 * 60 / minutes)


@pytest.mark.parametrize(("oneway", "open_way"), [("forward", "forward_minutes"), ("backward", "backward_minutes")])
def test_one_ways_bind_bikes_and_cars_and_nobody_on_foot(oneway, open_way):
    street = roads([(0, 0), (1200, 0)], oneway=oneway)

    for mode in MODES:
        edge = network_graph(street, mode=mode).edges.iloc[0]
        closed = "backward_minutes" if open_way == "forward_minutes" else "forward_minutes"
        assert np.isfinite(edge[open_way])
        assert np.isinf(edge[closed]) == (mode != "walk")


@pytest.mark.parametrize("road_class", ["motorway", "trunk", "ramp"])
def test_nobody_is_on_foot_or_rides_on_a_motorway(road_class):
    drawn = roads(EAST, [(0, 0), (0, 9)], road_class=[road_class, "path"])

    assert network_graph(drawn, mode="walk").edges["road_id"].tolist() == ["r1"]
    assert network_graph(drawn, mode="bike").edges["road_id"].tolist() == ["r1"]
    assert network_graph(drawn, mode="car").edges["road_id"].tolist() == ["r0"]


def test_a_road_closed_to_cars_is_open_on_foot_and_by_bike_and_the_reverse():
    drawn = roads([(0, 0), (9, 0)], [(0, 5), (9, 5)], car_access=[True, False], foot_access=[False, True])

    found = {mode: network_graph(drawn, mode=mode).edges["road_id"].tolist() for mode in MODES}

    assert found == {"walk": ["r1"], "bike": ["r1"], "car": ["r0"]}


def test_what_a_mode_may_not_use_joins_nothing():
    crossing = roads(EAST, NORTH, road_class=["motorway", "path"])

    assert joins(network_graph(crossing, mode="walk")) == {"r1": [100.0]}


def test_a_car_has_the_speed_that_the_source_tells_unless_its_class_is_set():
    drawn = roads([(0, 0), (60, 0)], [(0, 5), (60, 5)], road_class="primary", speed_kmh=[30.0, np.nan])

    told = network_graph(drawn, mode="car")
    changed = network_graph(drawn, mode="car", speeds={"primary": 60.0})
    on_foot = network_graph(drawn, mode="walk")

    assert told.edges["speed_kmh"].tolist() == [30.0, 70.0]
    assert told.crow_fly_kmh == 70.0
    assert changed.edges["speed_kmh"].tolist() == [60.0, 60.0]
    assert on_foot.edges["speed_kmh"].tolist() == [4.8, 4.8]


def test_a_speed_of_0_closes_a_class():
    drawn = roads([(0, 0), (60, 0)], [(0, 5), (60, 5)], road_class=["track", "path"])

    graph = network_graph(drawn, mode="bike", speeds={"track": 0.0, "path": 6.0})

    assert graph.edges["road_id"].tolist() == ["r1"]
    assert graph.edges["forward_minutes"].tolist() == pytest.approx([0.6])


def test_a_place_joins_streets_on_the_ground_along_which_one_may_walk():
    drawn = roads(
        *([(0, 5 * rank), (9, 5 * rank)] for rank in range(5)),
        level=[0, 1, -1, 0, 0],
        road_class=["residential", "residential", "residential", "motorway", "ramp"],
    )

    assert network_graph(drawn, mode="car").edges["is_entrance"].tolist() == [True, False, False, False, False]


# Pieces


def test_pieces_that_nothing_joins_are_told_the_longest_first():
    graph = network_graph(roads([(0, 0), (100, 0)], [(0, 50), (300, 50)], [(300, 50), (600, 50)]), mode="walk")

    expected = pd.DataFrame(
        {"length_km": [0.6, 0.1], "length_share": [6 / 7, 1 / 7], "edge_count": [2, 1], "strong_share": [1.0, 1.0]},
        index=pd.RangeIndex(2, name="piece"),
    )
    pd.testing.assert_frame_equal(graph.pieces, expected)
    assert graph.main_share == pytest.approx(6 / 7)
    assert graph.edges["piece"].tolist() == [1, 0, 0]
    assert graph.nodes["piece"].value_counts().to_dict() == {0: 3, 1: 2}


def test_places_that_one_ways_do_not_let_one_leave_are_told():
    # A ring of three crossings, and a street that leads out of it for ever.
    ring = [(0, 0), (10, 0)], [(10, 0), (0, 10)], [(0, 10), (0, 0)]

    graph = network_graph(roads(*ring, [(10, 0), (90, 0)], oneway="forward"), mode="bike")

    assert len(graph.pieces) == 1
    assert graph.pieces["strong_share"].tolist() == [0.75]


# Errors


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda drawn: drawn.drop(columns="level"), r"columns \['level'\] expected, found .* read_roads"),
        (lambda drawn: drawn.to_crs(4326), r"roads is in EPSG:4326, EPSG:2154 \(Lambert-93\) expected"),
        (lambda drawn: drawn.set_geometry(drawn.buffer(1)), r"lines expected, found 'Polygon'"),
        (lambda drawn: drawn.assign(road_class=["alley", None]), r"classes of roads expected .* found 'alley', nan"),
        (lambda drawn: drawn.assign(foot_access=False), r"no road is open to the mode 'walk'"),
        (lambda drawn: drawn.assign(road_class="motorway"), r"no road is open to the mode 'walk'"),
        (lambda drawn: drawn.iloc[:0], r"no road is open to the mode 'walk'"),
    ],
)
def test_roads_that_make_no_network_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        network_graph(change(roads(EAST, NORTH)), mode="walk")


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="mode: one of walk, bike, car expected, found 'boat'"):
        network_graph(roads(EAST), mode="boat")


def test_the_roads_given_are_left_as_they_were():
    drawn = roads(EAST, NORTH)
    before = drawn.copy(deep=True)

    network_graph(drawn, mode="car", speeds={"residential": 20.0})

    pd.testing.assert_frame_equal(drawn, before)
