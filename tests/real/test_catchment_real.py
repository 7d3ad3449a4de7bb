from dataclasses import dataclass

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from hp_sig import read_stations
from hp_sig.indicators.catchment import EDGE_BUFFER_M, Catchments, catchment
from hp_sig.indicators.network import RoadGraph, network_graph
from hp_sig.indicators.reach import snapped
from hp_sig.layers.roads import read_roads
from hp_sig.reference.roads import MODES

ROADS = "roads/osm_roads_2021_51communes.gpkg"
STATIONS = "stations/liste-des-gares_sncf.geojson"
MANOSQUE, LA_BRILLANNE = "87751321", "87751271"
MINUTES = {"walk": [5, 10, 15], "bike": [15, 30]}
#: OpenStreetMap, July 2021: the road bridge over the Durance between La Brillanne and Oraison.
BRIDGE = "27668421"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    roads: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    graphs: dict[str, RoadGraph]
    found: dict[str, Catchments]


@pytest.fixture(scope="module")
def world(real_data) -> World:
    """The network of July 2021, both stations, and what is reached from them."""
    roads = read_roads(real_data / ROADS, vintage="2021")
    stations = read_stations(real_data / STATIONS, vintage="2022").loc[[MANOSQUE, LA_BRILLANNE]]
    graphs = {mode: network_graph(roads, mode=mode) for mode in MODES}
    found = {mode: catchment(graphs[mode], stations, minutes=minutes) for mode, minutes in MINUTES.items()}
    return World(roads=roads, stations=stations, graphs=graphs, found=found)


def test_the_roads_of_2021_are_read_and_those_delivered_twice_come_once(world):
    assert len(world.roads) == 28_073 - 673
    assert world.roads.index.is_unique
    assert world.roads.attrs["notes"] == ["673 lines come more than once: kept once."]
    assert world.roads["road_class"].notna().all()
    assert shapely.is_simple(world.roads.geometry.to_numpy()).mean() > 0.99


@pytest.mark.parametrize("mode", MODES)
def test_the_network_keeps_its_length_and_95_percent_of_it_is_in_one_piece(world, mode):
    graph = world.graphs[mode]

    assert graph.main_share >= 0.95
    assert graph.pieces["strong_share"].iloc[0] > 0.99
    used = world.roads.length[world.roads.index.isin(graph.edges["road_id"])]
    assert graph.edges["length_m"].sum() == pytest.approx(used.sum(), rel=1e-9)
    assert graph.edges.length.sum() == pytest.approx(used.sum(), rel=1e-9)


@pytest.mark.parametrize("direction", ["to", "from"])
@pytest.mark.parametrize("mode", MODES)
def test_travel_times_are_those_of_networkx_at_every_node(world, mode, direction):
    graph, longest = world.graphs[mode], 30
    found = catchment(graph, world.stations, minutes=[longest], direction=direction).nodes["travel_minutes"]

    edges = graph.edges
    ahead, back = edges["forward_minutes"], edges["backward_minutes"]
    if direction == "to":
        ahead, back = back, ahead
    network = nx.MultiDiGraph()
    network.add_weighted_edges_from(zip(edges["from_node"], edges["to_node"], ahead, strict=True))
    network.add_weighted_edges_from(zip(edges["to_node"], edges["from_node"], back, strict=True))
    snaps = snapped(graph, world.stations.geometry.to_numpy(), world.stations.index)
    for rank, code in enumerate(world.stations.index):
        edge, share = snaps.edge[rank], snaps.share[rank]
        # A place at the end of its street takes no time to get there, whatever the one-ways.
        to_start = share * back.iloc[edge] if share > 0 else 0.0
        to_end = (1 - share) * ahead.iloc[edge] if share < 1 else 0.0
        network.add_edge(code, edges["from_node"].iloc[edge], weight=to_start)
        network.add_edge(code, edges["to_node"].iloc[edge], weight=to_end)
        times = nx.single_source_dijkstra_path_length(network, code, cutoff=longest - snaps.minutes[rank])
        del times[code]
        expected = pd.Series(times).sort_index() + snaps.minutes[rank]

        ours = found.loc[code]
        np.testing.assert_array_equal(ours.index, expected.index)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-6)
        assert len(ours) > 500


@pytest.mark.parametrize("mode", MINUTES)
def test_no_catchment_sticks_out_of_its_disc_by_more_than_the_buffer(world, mode):
    for (code, minutes), area in world.found[mode].areas.geometry.items():
        radius = minutes * world.graphs[mode].crow_fly_kmh * 1000 / 60
        corners = shapely.points(shapely.get_coordinates(area))
        far = shapely.distance(corners, world.stations.geometry[code]).max()
        assert radius / 2 < far <= radius + EDGE_BUFFER_M + 1e-6


@pytest.mark.parametrize("mode", MINUTES)
def test_catchments_are_valid_and_grow_with_the_minutes(world, mode):
    areas = world.found[mode].areas

    assert areas.is_valid.all()
    assert areas["crow_fly_share"].between(0, 1, inclusive="neither").all()
    for _, own in areas.groupby("origin_id"):
        for smaller, larger in zip(own.geometry.iloc[:-1], own.geometry.iloc[1:], strict=True):
            assert smaller.difference(larger).area < 1.0
            assert smaller.area < larger.area


@pytest.mark.parametrize("mode", MINUTES)
def test_what_is_reached_is_never_longer_than_its_streets(world, mode):
    reached = world.found[mode].edges["length_m"].groupby(["origin_id", "minutes", "edge_id"]).sum()
    whole = world.graphs[mode].edges["length_m"].reindex(reached.index.get_level_values("edge_id"))

    assert (reached.to_numpy() <= whole.to_numpy() + 1e-6).all()
    summed = reached.groupby(["origin_id", "minutes"]).sum() / 1000
    kilometres = world.found[mode].areas["reached_km"].sort_index()
    np.testing.assert_allclose(summed.sort_index(), kilometres, rtol=1e-9)


# The Durance


def test_the_durance_leaves_la_brillanne_less_of_its_disc_than_manosque_has(world):
    for mode, times in MINUTES.items():
        share = world.found[mode].areas["crow_fly_share"]
        for minutes in times:
            assert share[(LA_BRILLANNE, minutes)] < 0.7 * share[(MANOSQUE, minutes)]
    walking = world.found["walk"].areas["crow_fly_share"]
    assert walking[(LA_BRILLANNE, 15)] < 0.25
    assert walking[(LA_BRILLANNE, 15)] < walking[(LA_BRILLANNE, 5)]


def test_the_centre_of_oraison_is_in_the_disc_of_30_minutes_and_not_in_the_catchment(world):
    station = world.stations.loc[[LA_BRILLANNE]]
    # Its main square, 2.2 km from the station as the crow flies: 28 minutes on a straight street.
    squares = world.roads[world.roads["name"] == "Place Clément Plane"]
    centre = squares.union_all().centroid
    assert 2000 < station.distance(centre).iloc[0] < 2400

    found = catchment(world.graphs["walk"], station, minutes=[30, 45])

    assert found.crow_fly[(LA_BRILLANNE, 30)].contains(centre)
    assert not found.areas.geometry[(LA_BRILLANNE, 30)].contains(centre)
    assert found.areas.geometry[(LA_BRILLANNE, 45)].contains(centre)
    # From its bridge eastwards Oraison lies beyond the river.
    assert centre.x > world.roads.geometry[BRIDGE].centroid.x > station.geometry.iloc[0].x


def test_without_the_bridge_nobody_reaches_oraison_on_foot_in_an_hour(world):
    station = world.stations.loc[[LA_BRILLANNE]]
    centre = world.roads[world.roads["name"] == "Place Clément Plane"].union_all().centroid
    cut = network_graph(world.roads.drop(BRIDGE), mode="walk")

    with_bridge = catchment(world.graphs["walk"], station, minutes=[60])
    without = catchment(cut, station, minutes=[60])

    assert with_bridge.areas.geometry.iloc[0].contains(centre)
    assert without.areas.geometry.iloc[0].distance(centre) > 1000
    assert without.areas["crow_fly_share"].iloc[0] < with_bridge.areas["crow_fly_share"].iloc[0]
