import math

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box

from hp_sig.indicators.catchment import EDGE_BUFFER_M, Catchments, catchment
from hp_sig.indicators.network import RoadGraph, network_graph
from hp_sig.indicators.reach import MAX_SNAP_M, snapped

Places = list[tuple[float, float]]
#: Metres that one walks in a minute, and rides on a street.
WALK, RIDE = 80.0, 250.0
HAIR_M = 1e-6


def roads(*lines: Places, **columns: object) -> gpd.GeoDataFrame:
    """Draw two-way residential streets on the ground, unless columns say otherwise."""
    given = {"road_class": "residential", "oneway": "both", "level": 0, "speed_kmh": np.nan}
    given |= {"car_access": True, "foot_access": True}
    index = pd.Index([f"r{rank}" for rank in range(len(lines))], name="road_id")
    return gpd.GeoDataFrame(given | columns, geometry=[LineString(line) for line in lines], index=index, crs=2154)


def origins(**shapes: tuple[float, float] | shapely.Geometry) -> gpd.GeoSeries:
    drawn = {key: shape if isinstance(shape, shapely.Geometry) else Point(shape) for key, shape in shapes.items()}
    return gpd.GeoSeries(list(drawn.values()), index=pd.Index(list(drawn), name="origin_id"), crs=2154)


def grid(count: int, spacing: float) -> gpd.GeoDataFrame:
    """Draw a square grid of streets around (0, 0), with a vertex at each crossing."""
    steps = [spacing * step for step in range(-count, count + 1)]
    return roads(*([(x, y) for y in steps] for x in steps), *([(x, y) for x in steps] for y in steps))


def from_place(drawn: gpd.GeoDataFrame, place: tuple[float, float], minutes: float, **options: object) -> Catchments:
    mode = options.pop("mode", "walk")
    speeds = options.pop("speeds", None)
    graph = network_graph(drawn, mode=mode, speeds=speeds)
    return catchment(graph, origins(a=place), minutes=[minutes], **options)


def reached(found: Catchments) -> shapely.Geometry:
    """Everything that was reached, as one line."""
    return shapely.union_all(found.edges.geometry.to_numpy())


def reached_m(found: Catchments) -> float:
    (kilometres,) = found.areas["reached_km"]
    return kilometres * 1000


def assert_reached(found: Catchments, *lines: Places) -> None:
    expected = shapely.union_all([LineString(line) for line in lines])
    assert reached(found).hausdorff_distance(expected) < HAIR_M
    assert reached_m(found) == pytest.approx(expected.length, abs=HAIR_M)


# A square grid of streets


@pytest.mark.parametrize("crossings", [1, 2, 4])
def test_the_walking_catchment_of_a_square_grid_is_a_diamond(crossings):
    spacing = 100.0
    distance = crossings * spacing

    found = from_place(grid(6, spacing), (0, 0), distance / WALK)

    # 2·(n - |j|) streets on each of the rows j = -n to n, and as many on the columns: 4 n² of length s.
    assert reached_m(found) == pytest.approx(4 * distance**2 / spacing)
    diamond = shapely.Polygon([(distance, 0), (0, distance), (-distance, 0), (0, -distance)])
    assert diamond.area == pytest.approx(2 * distance**2)
    # Half a block lies at each step of its rim: no point of it is more than 50 m from the two streets that bound it.
    area = found.areas.geometry.iloc[0]
    assert shapely.difference(diamond, area).area < 1.0
    # What is reached lies in the diamond: the service area is within 50 m of it.
    assert shapely.difference(area, diamond.buffer(EDGE_BUFFER_M, quad_segs=64)).area < 1.0
    within = 2 * distance**2 + 4 * math.sqrt(2) * distance * EDGE_BUFFER_M + math.pi * EDGE_BUFFER_M**2
    assert 2 * distance**2 - 1 < area.area < within


def test_a_street_that_time_runs_out_on_is_cut_there():
    found = from_place(grid(3, 100.0), (0, 0), 130.0 / WALK)

    # 4 streets of 100 m, then 3 pieces of 30 m from the end of each.
    assert reached_m(found) == pytest.approx(4 * 100 + 4 * 3 * 30)
    assert found.edges["length_m"].round(6).value_counts().to_dict() == {30.0: 12, 100.0: 4}


def test_the_disc_is_what_one_would_reach_as_the_crow_flies():
    found = from_place(grid(6, 100.0), (0, 0), 5)

    disc = math.pi * 400**2
    assert found.areas["crow_fly_ha"].iloc[0] * 10_000 == pytest.approx(disc, rel=2e-4)
    assert found.crow_fly.iloc[0].area / 10_000 == pytest.approx(found.areas["crow_fly_ha"].iloc[0])
    covered = found.areas.geometry.iloc[0].intersection(found.crow_fly.iloc[0]).area
    assert found.areas["crow_fly_share"].iloc[0] == pytest.approx(covered / found.crow_fly.iloc[0].area)
    assert found.areas["catchment_ha"].iloc[0] * 10_000 == pytest.approx(found.areas.geometry.iloc[0].area)


def test_blocks_of_up_to_4_ha_are_filled_and_larger_ones_left_open():
    # What is left of a block of 290 m once 50 m are taken from each side: 190 m, 3.61 ha. Of 310 m: 210 m, 4.41 ha.
    filled = from_place(grid(1, 290.0), (0, 0), 30).areas.geometry.iloc[0]
    left = from_place(grid(1, 310.0), (0, 0), 30).areas.geometry.iloc[0]

    assert shapely.get_num_interior_rings(shapely.get_geometry(filled, 0)) == 0
    assert shapely.get_num_interior_rings(shapely.get_geometry(left, 0)) == 4


def test_a_street_alone_has_a_service_area_with_round_ends():
    found = from_place(roads([(0, 0), (1000, 0)]), (500, 0), 5, edge_buffer_m=20.0)

    # 400 m either way, cut by the disc's quarter of 8 segments: 32 sin(2π/32) / 2 in place of π.
    rounds = 16 * math.sin(2 * math.pi / 32) * 20**2
    assert found.areas.geometry.iloc[0].area == pytest.approx(800 * 40 + rounds)


# A river with one bridge

WEST_BANK: Places = [(0, -2000), (0, 0), (0, 2000)]
EAST_BANK: Places = [(100, -2000), (100, 0), (100, 2000)]
BRIDGE: Places = [(0, 0), (100, 0)]


def test_the_far_bank_is_reached_over_the_bridge_alone():
    banks = roads(WEST_BANK, EAST_BANK, BRIDGE, level=[0, 0, 1])

    found = from_place(banks, (0, 600), 15)

    # 1 200 m in 15 minutes: 600 to the bridge, 100 over it, 500 left for either side of the far bank.
    assert_reached(found, [(0, -600), (0, 1800)], BRIDGE, [(100, -500), (100, 500)])


def test_a_bridge_out_of_reach_leaves_the_far_bank_out():
    found = from_place(roads(WEST_BANK, EAST_BANK, BRIDGE, level=[0, 0, 1]), (0, 600), 7)

    # 560 m: 40 short of the bridge, though the far bank is 100 m away.
    assert_reached(found, [(0, 40), (0, 1160)])
    assert not found.areas.geometry.iloc[0].intersects(LineString(EAST_BANK))


def test_a_river_without_a_bridge_lowers_the_share_of_the_disc():
    streets = [[(x, y) for y in range(-400, 401, 100)] for x in range(-400, 401, 100)]
    rows = [[(x, y) for x in range(-400, 401, 100)] for y in range(-400, 401, 100)]
    shore = [[(x, y) for x in range(-400, 1, 100)] for y in range(-400, 401, 100)]
    far_shore = [[(x, y) for x in range(100, 401, 100)] for y in range(-400, 401, 100)]

    whole = from_place(roads(*streets, *rows), (0, 0), 5).areas["crow_fly_share"].iloc[0]
    cut = from_place(roads(*streets, *shore, *far_shore), (0, 0), 5).areas["crow_fly_share"].iloc[0]

    # Half of the diamond is left, and 50 m along the river.
    assert 0.5 < cut / whole < 0.65
    assert whole > 2 / math.pi


# Where an origin joins the network


def test_an_origin_in_the_middle_of_a_street_reaches_both_ways():
    assert_reached(from_place(roads([(0, 0), (1000, 0)]), (300, 0), 2), [(140, 0), (460, 0)])


def test_an_origin_beside_a_street_takes_the_time_to_walk_there():
    found = from_place(roads([(0, 0), (1000, 0)]), (300, 80), 3)

    assert_reached(found, [(140, 0), (460, 0)])
    assert found.areas["snap_m"].iloc[0] == pytest.approx(80.0)
    # The way to the street is within the service area.
    assert found.areas.geometry.iloc[0].contains(Point(300, 80).buffer(EDGE_BUFFER_M - 1))


def test_an_origin_too_far_to_reach_its_street_in_time_has_its_way_alone():
    found = from_place(roads([(0, 0), (1000, 0)]), (300, 240), 2)

    assert reached_m(found) == 0.0
    assert len(found.edges) == len(found.nodes) == 0
    way = LineString([(300, 240), (300, 80)])
    assert found.areas.geometry.iloc[0].symmetric_difference(way.buffer(EDGE_BUFFER_M, quad_segs=8)).area < 1e-3


def test_the_whole_way_to_the_street_is_in_the_area_of_every_time_that_allows_it():
    graph = network_graph(roads([(0, 0), (1000, 0)]), mode="walk")

    areas = catchment(graph, origins(a=(300, 240)), minutes=[1, 4]).areas.geometry

    assert not areas[("a", 1)].intersects(Point(300, 100))
    assert areas[("a", 4)].contains(LineString([(300, 240), (300, 0)]))


def test_an_origin_at_a_crossing_reaches_every_street():
    cross = roads([(-500, 0), (0, 0), (500, 0)], [(0, -500), (0, 0), (0, 500)])

    assert_reached(from_place(cross, (0, 0), 2), [(-160, 0), (160, 0)], [(0, -160), (0, 160)])


def test_an_origin_a_hair_from_a_crossing_is_not_held_by_a_one_way():
    # Its nearest street leads towards the crossing alone: one leaves by the other.
    streets = roads([(0, 0), (1000, 0)], [(1000, 0), (1000, 1000)], oneway=["forward", "both"])

    found = from_place(streets, (1000 - 1e-5, -1), 2, mode="bike", direction="to")
    back = from_place(streets, (1000 - 1e-5, -1), 2, mode="bike", direction="from")

    assert reached_m(found) == pytest.approx(2 * (2 - 1 / WALK) * RIDE, abs=1e-3)
    assert reached_m(back) == pytest.approx((2 - 1 / WALK) * RIDE, abs=1e-3)


def test_an_origin_a_hair_from_the_start_of_a_one_way_leaves_by_the_other_street_too():
    streets = roads([(0, 0), (1000, 0)], [(0, 0), (0, 1000)], oneway=["forward", "both"])

    found = from_place(streets, (1e-5, -1), 2, mode="bike", direction="from")

    assert reached_m(found) == pytest.approx(2 * (2 - 1 / WALK) * RIDE, abs=1e-3)


@pytest.mark.parametrize("end", [0.0, 1000.0])
def test_an_origin_beyond_the_end_of_a_street_joins_its_end(end):
    found = from_place(roads([(0, 0), (1000, 0)]), (end, 0), 2)

    assert_reached(found, [(abs(end - 160), 0), (end, 0)])


def test_two_origins_on_one_street_know_nothing_of_each_other():
    graph = network_graph(roads([(0, 0), (1000, 0)]), mode="walk")

    found = catchment(graph, origins(b=(200, 0), a=(700, 0)), minutes=[1])

    assert found.areas.index.tolist() == [("b", 1), ("a", 1)]
    assert found.areas["reached_km"].tolist() == pytest.approx([0.16, 0.16])
    middles = found.edges.geometry.centroid.x.droplevel(["minutes", "edge_id"]).to_dict()
    assert middles == pytest.approx({"b": 200.0, "a": 700.0})


def test_a_footprint_is_left_from_where_it_is_nearest_to_a_street():
    found = from_place(roads([(0, 0), (1000, 0)]), box(400, 40, 480, 300), 2)

    # 40 m to the street, from any point of the southern side: 120 m are left.
    assert found.areas["snap_m"].iloc[0] == pytest.approx(40.0)
    assert reached_m(found) == pytest.approx(240.0)
    disc = box(400, 40, 480, 300).buffer(160, quad_segs=64)
    assert found.crow_fly.iloc[0].equals(disc)


def test_a_footprint_that_a_street_crosses_takes_no_time_to_leave():
    found = from_place(roads([(0, 0), (1000, 0)]), box(400, -40, 480, 40), 1)

    # 80 m beyond either side of the footprint, which is 80 m wide.
    assert found.areas["snap_m"].iloc[0] == 0.0
    assert_reached(found, [(320, 0), (560, 0)])


def test_a_footprint_is_left_by_every_street_that_crosses_it():
    # Two streets that meet nowhere, 300 m apart, under one footprint.
    west, east = [(0, -500), (0, 500)], [(300, -500), (300, 500)]

    found = from_place(roads(west, east), box(-20, -20, 320, 20), 1)

    assert_reached(found, [(0, -100), (0, 100)], [(300, -100), (300, 100)])
    assert found.areas.geometry.iloc[0].covers(box(-20, -20, 320, 20))


def test_each_part_of_a_footprint_is_left_by_its_nearest_street():
    parts = shapely.MultiPolygon([box(10, 40, 20, 50), box(1010, 80, 1020, 90)])

    found = from_place(roads([(0, 0), (2000, 0)]), parts, 2)

    # 2 minutes: 160 m, of which 40 m and 80 m are the way to the street. The first part, 10 to 20 m from the end of the
    # street, is left for 10 to 20 m west and 120 m east; the second one for 80 m either way.
    assert found.areas["snap_m"].iloc[0] == pytest.approx(40.0)
    assert reached_m(found) == pytest.approx(15 + 120 + 160, abs=5.0)
    assert found.areas.geometry.iloc[0].covers(parts)


def test_an_origin_joins_a_large_piece_of_the_network_rather_than_a_driveway():
    # The driveway is 2 % of the length; 5 % of it would be a piece of its own.
    street, driveway = [(0, 0), (2000, 0)], [(1000, 60), (1000, 100)]

    assert from_place(roads(street, driveway), (1000, 100), 3).areas["snap_m"].iloc[0] == pytest.approx(100.0)
    longer = [(1000, 60), (1000, 180)]
    assert from_place(roads(street, longer), (1000, 100), 3).areas["snap_m"].iloc[0] == pytest.approx(0.0)


def test_a_small_piece_is_joined_where_a_large_one_is_much_farther():
    # 5 m from a street of its own, 490 m from the large piece.
    found = from_place(roads([(0, 0), (2000, 0)], [(950, 485), (1030, 485)]), (1000, 490), 1)

    assert found.areas["snap_m"].iloc[0] == pytest.approx(5.0)


def test_a_driveway_is_joined_where_no_large_piece_is_near():
    found = from_place(roads([(0, 0), (9000, 0)], [(1000, 900), (1000, 940)]), (1000, 940), 3)

    assert_reached(found, [(1000, 900), (1000, 940)])


def test_a_network_of_small_pieces_is_joined_where_it_is_nearest():
    drawn = roads(*([(0, 600.0 * rank), (100, 600.0 * rank)] for rank in range(21)))

    assert_reached(from_place(drawn, (50, 1200), 1), [(0, 1200), (100, 1200)])


@pytest.mark.parametrize(
    ("mode", "changes"),
    [
        ("car", {"road_class": ["motorway", "residential"]}),
        ("walk", {"level": [1, 0]}),
        ("walk", {"level": [-1, 0]}),
    ],
    ids=["motorway", "bridge", "tunnel"],
)
def test_a_place_does_not_join_what_only_passes_by(mode, changes):
    found = from_place(roads([(0, 0), (1000, 0)], [(0, 100), (1000, 100)], **changes), (500, 10), 3, mode=mode)

    assert found.areas["snap_m"].iloc[0] == pytest.approx(90.0)


def test_a_place_joins_a_bridge_where_there_is_nothing_else():
    found = from_place(roads([(0, 0), (1000, 0)], level=1), (500, 10), 3)

    assert found.areas["snap_m"].iloc[0] == pytest.approx(10.0)


def test_a_place_up_to_500_m_from_a_street_is_on_the_network_and_no_further():
    drawn = roads([(0, 0), (1000, 0)])

    assert from_place(drawn, (300, 499.9), 9).areas["snap_m"].iloc[0] == pytest.approx(499.9)
    with pytest.raises(ValueError, match=r"a street open to the mode 'walk' within 500 m expected, found none for 'a'"):
        from_place(drawn, (300, 500.1), 9)
    assert MAX_SNAP_M == 500.0


def test_who_walks_slowly_walks_slowly_to_the_street_too():
    # 2.4 km/h, 40 m a minute: two minutes to the street, two on it.
    found = from_place(roads([(0, 0), (1000, 0)]), (300, 80), 4, speeds={"residential": 2.4})

    assert_reached(found, [(220, 0), (380, 0)])
    assert found.crow_fly.iloc[0].area == pytest.approx(math.pi * 160**2, rel=2e-4)


# Ways


def test_one_ways_tell_who_reaches_a_place_from_what_is_reached_from_it():
    street = roads([(0, 0), (2000, 0)], oneway="forward")

    assert_reached(from_place(street, (1000, 0), 2, mode="bike", direction="to"), [(500, 0), (1000, 0)])
    assert_reached(from_place(street, (1000, 0), 2, mode="bike", direction="from"), [(1000, 0), (1500, 0)])
    assert_reached(from_place(street, (1000, 0), 2, mode="bike"), [(500, 0), (1000, 0)])


def test_a_street_drawn_against_its_one_way_is_ridden_the_other_way():
    street = roads([(0, 0), (2000, 0)], oneway="backward")

    assert_reached(from_place(street, (1000, 0), 2, mode="bike", direction="to"), [(1000, 0), (1500, 0)])
    assert_reached(from_place(street, (1000, 0), 2, mode="bike", direction="from"), [(500, 0), (1000, 0)])


def test_nobody_on_foot_is_held_by_a_one_way():
    street = roads([(0, 0), (2000, 0)], oneway="forward")

    assert_reached(from_place(street, (1000, 0), 2), [(840, 0), (1160, 0)])


def test_a_ring_of_one_ways_is_gone_round():
    # Squares of 250 m, a minute a side, clockwise from the south-western corner.
    corners = [(0, 0), (0, 250), (250, 250), (250, 0), (0, 0)]
    ring = roads(*([corners[rank], corners[rank + 1]] for rank in range(4)), oneway="forward")

    found = {
        way: from_place(ring, (0, 0), 2.5, mode="bike", direction=way).nodes["travel_minutes"] for way in ("from", "to")
    }
    places = shapely.get_coordinates(network_graph(ring, mode="bike").nodes.geometry)

    by_place = {
        way: {tuple(places[node]): minutes for (_, node), minutes in times.items()} for way, times in found.items()
    }
    assert by_place["from"] == pytest.approx({(0, 0): 0, (0, 250): 1, (250, 250): 2})
    assert by_place["to"] == pytest.approx({(0, 0): 0, (250, 0): 1, (250, 250): 2})


def test_one_comes_back_to_ones_own_street_round_the_block():
    # 750 m round a one-way ring of 1 km: all but what lies behind the place, 250 m.
    ring = [(0, 0), (0, 250), (250, 250), (250, 0), (0, 0)]

    found = from_place(roads(ring, oneway="forward"), (0, 125), 3, mode="bike", direction="from")

    assert_reached(found, [(0, 125), (0, 250), (250, 250), (250, 0), (125, 0)])


def test_a_street_reached_from_both_ends_is_counted_once():
    # A ring of 400 m with one crossing, the place in front of it; 150 m then 250 m are left for either side.
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]

    part = from_place(roads(ring, [(0, 0), (-500, 0)]), (0, 0), 150 / WALK)
    whole = from_place(roads(ring, [(0, 0), (-500, 0)]), (0, 0), 250 / WALK)

    assert reached_m(part) == pytest.approx(3 * 150)
    assert reached_m(whole) == pytest.approx(400 + 250)
    assert reached(whole).length == pytest.approx(650)


def test_the_fastest_of_two_streets_between_crossings_counts():
    drawn = roads(
        [(0, 0), (0, 100), (400, 100), (400, 0)],
        [(0, 0), (400, 0)],
        [(400, 0), (800, 0)],
        [(-100, 0), (0, 0)],
    )

    found = from_place(drawn, (-100, 0), 10)

    at = {
        tuple(shapely.get_coordinates(network_graph(drawn, mode="walk").nodes.geometry)[node]): minutes
        for (_, node), minutes in found.nodes["travel_minutes"].items()
    }
    assert at == pytest.approx({(-100, 0): 0.0, (0, 0): 1.25, (400, 0): 6.25})
    # 800 m: 500 to the far crossing; 300 beyond it and back along the detour, which is reached from both sides.
    assert reached_m(found) == pytest.approx(100 + 400 + 600 + 300)


# Agreement with networkx


def town(seed: int, count: int = 40) -> gpd.GeoDataFrame:
    """Draw a town at random, with one-ways, streets between the same crossings, loops and streets apart."""
    random = np.random.default_rng(seed)
    at = random.integers(0, 40, size=(count, 2)) * 25.0
    lines = []
    for start, end in random.integers(0, count, size=(3 * count, 2)):
        middle = at[[start, end]].mean(axis=0) + random.normal(0, 40, 2)
        lines.append([tuple(at[start]), tuple(middle), tuple(at[end])])
    return roads(
        *lines,
        oneway=random.choice(["both", "forward", "backward"], size=len(lines), p=[0.4, 0.3, 0.3]),
        road_class=random.choice(["residential", "track", "footway"], size=len(lines)),
    )


def by_networkx(graph: RoadGraph, place: shapely.Point, direction: str, cutoff: float) -> dict[int, float]:
    """Travel times by networkx: the place a node of its own on its street, of every street between two the fastest."""
    network = nx.MultiDiGraph()
    for edge in graph.edges.itertuples():
        network.add_edge(edge.from_node, edge.to_node, weight=edge.forward_minutes)
        network.add_edge(edge.to_node, edge.from_node, weight=edge.backward_minutes)
    snap = snapped(graph, np.array([place]), pd.Index(["a"]))
    edge, share = graph.edges.iloc[snap.edge[0]], snap.share[0]
    network.add_edge("a", edge["from_node"], weight=share * edge["backward_minutes"] if share else 0.0)
    network.add_edge("a", edge["to_node"], weight=(1 - share) * edge["forward_minutes"] if share < 1 else 0.0)
    network.add_edge(edge["from_node"], "a", weight=share * edge["forward_minutes"] if share else 0.0)
    network.add_edge(edge["to_node"], "a", weight=(1 - share) * edge["backward_minutes"] if share < 1 else 0.0)
    if direction == "to":
        network = network.reverse()
    times = nx.single_source_dijkstra_path_length(network, "a", cutoff=cutoff - snap.minutes[0], weight="weight")
    return {node: minutes + snap.minutes[0] for node, minutes in times.items() if node != "a"}


@pytest.mark.parametrize("direction", ["to", "from"])
@pytest.mark.parametrize("mode", ["walk", "bike", "car"])
@pytest.mark.parametrize("seed", range(5))
def test_travel_times_are_those_of_networkx(seed, mode, direction):
    graph = network_graph(town(seed), mode=mode)
    places = np.random.default_rng(seed).uniform(100, 900, size=(3, 2))
    points = origins(**{f"o{rank}": tuple(place) for rank, place in enumerate(places)})

    found = catchment(graph, points, minutes=[2, 8], direction=direction).nodes["travel_minutes"]

    for code, point in points.items():
        expected = by_networkx(graph, point, direction, 8)
        ours = found.loc[code].to_dict() if code in found.index.get_level_values(0) else {}
        assert ours == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("direction", ["to", "from"])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_reached_of_each_street_is_what_travel_times_allow(seed, direction):
    graph = network_graph(town(seed), mode="bike")
    place = Point(np.random.default_rng(seed).uniform(100, 900, size=2))

    found = catchment(graph, origins(a=place), minutes=[3], direction=direction)

    # Where along each street a rider may be after 3 minutes or less, every metre, by the times at its two ends.
    snap = snapped(graph, np.array([place]), pd.Index(["a"]))
    times = by_networkx(graph, place, direction, 3)
    lengths = found.edges["length_m"].droplevel(["origin_id", "minutes"]).groupby("edge_id").sum()
    for edge in graph.edges.itertuples():
        ways = (edge.forward_minutes, edge.backward_minutes)
        ahead, back = ways if direction == "from" else ways[::-1]
        steps = (np.arange(2000) + 0.5) / 2000
        at = np.minimum(
            times.get(edge.from_node, np.inf) + steps * ahead, times.get(edge.to_node, np.inf) + (1 - steps) * back
        )
        if edge.Index == snap.edge[0]:
            beyond = steps - snap.share[0]
            own = np.where(beyond >= 0, beyond * ahead if np.isfinite(ahead) else np.inf, np.inf)
            own = np.minimum(own, np.where(beyond < 0, -beyond * back if np.isfinite(back) else np.inf, np.inf))
            at = np.minimum(at, own + snap.minutes[0])
        expected = (at <= 3).mean() * edge.length_m
        assert lengths.get(edge.Index, 0.0) == pytest.approx(expected, abs=edge.length_m / 500 + 0.01)


# What is true of every catchment


@pytest.fixture(scope="module")
def riders() -> tuple[RoadGraph, gpd.GeoSeries, Catchments]:
    graph = network_graph(town(11, 120), mode="bike")
    points = origins(b=(310, 420), a=(700, 650), c=box(480, 480, 520, 530))
    return graph, points, catchment(graph, points, minutes=[4, 1, 2, 2, 3.5])


def test_minutes_are_sorted_once_each_for_every_origin(riders):
    _, _, found = riders

    expected = pd.MultiIndex.from_product([["b", "a", "c"], [1.0, 2.0, 3.5, 4.0]], names=["origin_id", "minutes"])
    pd.testing.assert_index_equal(found.areas.index, expected)
    pd.testing.assert_index_equal(found.crow_fly.index, expected)


def test_each_area_is_inside_the_next(riders):
    _, _, found = riders

    for _, areas in found.areas.geometry.groupby("origin_id"):
        for smaller, larger in zip(areas.iloc[:-1], areas.iloc[1:], strict=True):
            assert smaller.difference(larger).area < 1e-3
            assert smaller.area < larger.area


def test_the_areas_of_several_times_are_those_of_each_time_alone(riders):
    graph, points, found = riders

    for minutes in (1.0, 2.0, 3.5, 4.0):
        alone = catchment(graph, points, minutes=[minutes])
        for code in points.index:
            together = found.areas.geometry[(code, minutes)]
            assert together.symmetric_difference(alone.areas.geometry[(code, minutes)]).area < 1e-3
            assert found.areas["reached_km"][(code, minutes)] == pytest.approx(
                alone.areas["reached_km"][(code, minutes)]
            )


def test_no_area_sticks_out_of_its_disc_by_more_than_the_buffer(riders):
    graph, points, found = riders

    for (code, minutes), area in found.areas.geometry.items():
        radius = minutes * graph.crow_fly_kmh * 1000 / 60
        far = shapely.distance(shapely.points(shapely.get_coordinates(area)), points[code]).max()
        assert far <= radius + EDGE_BUFFER_M + 1e-6


def test_every_disc_has_the_radius_of_its_own_time(riders):
    graph, points, found = riders

    for (code, minutes), disc in found.crow_fly.items():
        radius = minutes * graph.crow_fly_kmh * 1000 / 60
        assert shapely.hausdorff_distance(points[code], disc) == pytest.approx(radius, rel=1e-3)
    assert found.crow_fly.index.tolist() == found.areas.index.tolist()


def test_every_area_is_a_valid_multipolygon(riders):
    _, _, found = riders

    assert (found.areas.geom_type == "MultiPolygon").all()
    assert found.areas.is_valid.all()
    assert found.areas.crs.to_epsg() == found.edges.crs.to_epsg() == found.crow_fly.crs.to_epsg() == 2154
    assert found.areas["crow_fly_share"].between(0, 1).all()


def test_what_is_reached_adds_up_and_is_never_counted_twice(riders):
    graph, _, found = riders

    summed = found.edges["length_m"].groupby(["origin_id", "minutes"]).sum() / 1000
    pd.testing.assert_series_equal(
        summed.sort_index(), found.areas["reached_km"].sort_index(), check_names=False, rtol=1e-9
    )
    np.testing.assert_allclose(found.edges.length, found.edges["length_m"])
    whole = graph.edges["length_m"]
    for (_, edge), pieces in found.edges.groupby(["minutes", "edge_id"]):
        for _, own in pieces.groupby("origin_id"):
            assert own["length_m"].sum() <= whole[edge] + 1e-6
            assert len(own) <= 3


def test_what_is_reached_can_be_looked_up_without_a_warning(riders):
    _, _, found = riders

    assert len(found.edges.loc[("b", 2.0)]) > 0
    assert found.edges.index.names == ["origin_id", "minutes", "edge_id"]


def test_nodes_have_the_time_at_which_they_are_reached(riders):
    _, _, found = riders

    assert found.nodes.index.names == ["origin_id", "node_id"]
    assert found.nodes.index.is_unique
    assert found.nodes["travel_minutes"].between(0, 4).all()


def test_origins_may_be_a_table_and_are_left_as_they_were():
    graph = network_graph(roads([(0, 0), (1000, 0)]), mode="walk")
    table = gpd.GeoDataFrame({"name": ["Gare"]}, geometry=[Point(500, 0)], index=["87751321"], crs=2154)
    before = table.copy(deep=True)

    found = catchment(graph, table, minutes=(5,))

    assert found.areas.index.tolist() == [("87751321", 5)]
    pd.testing.assert_frame_equal(table, before)


# Errors


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"minutes": []}, r"minutes: times of more than 0 expected, found \[\]"),
        ({"minutes": [5, 0]}, r"minutes: times of more than 0 expected, found \[5, 0\]"),
        ({"minutes": [-1]}, "times of more than 0 expected"),
        ({"minutes": [math.nan]}, "times of more than 0 expected"),
        ({"minutes": [math.inf]}, "times of more than 0 expected"),
        ({"edge_buffer_m": 0.0}, r"edge_buffer_m: a distance in metres, more than 0, expected; found 0\.0"),
        ({"edge_buffer_m": math.inf}, "edge_buffer_m"),
        ({"direction": "back"}, r"direction: one of from, to expected, found 'back'"),
        ({"origins": origins(a=(0, 0)).to_crs(4326)}, r"origins is in EPSG:4326, EPSG:2154"),
        ({"origins": origins(a=(0, 0)).iloc[:0]}, r"at least one place, each with a position, expected"),
        ({"origins": origins(a=(0, 0), b=Point())}, r"each with a position, expected; none for 'b'"),
        ({"origins": gpd.GeoSeries([Point(0, 0), None], index=["a", "b"], crs=2154)}, r"none for 'b'"),
        ({"origins": gpd.GeoSeries([Point(0, 0)] * 2, index=["a", "a"], crs=2154)}, r"found 'a' more than once"),
        ({"origins": origins(a=(0, 0), b=(0, 9000), c=(0, 9999))}, r"found none for 'b', 'c'\. Check"),
    ],
)
def test_what_cannot_be_computed_is_refused(changes, message):
    graph = network_graph(roads([(0, 0), (1000, 0)]), mode="walk")
    given = {"origins": origins(a=(0, 0)), "minutes": [5]} | changes
    places = given.pop("origins")

    with pytest.raises(ValueError, match=message):
        catchment(graph, places, **given)
