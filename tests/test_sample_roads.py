"""Test that the roads of the sample are sound, reproducible and said to be fictitious."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "hp_sig" / "layers" / "sample"
FACTS = ROOT / "hp_sig" / "reference" / "haute_provence"
SCRIPT = ROOT / "scripts" / "make_road_sample.py"

NOTICE = "Données fictives (jeu d'essai)"
MANOSQUE, LA_BRILLANNE = "87751321", "87751271"

#: Classes of OpenStreetMap that the file may hold; pedestrians may not use the first two.
FCLASSES = """
motorway motorway_link primary secondary tertiary unclassified residential living_street pedestrian service
track path footway cycleway steps
"""
NO_FOOT = ("motorway", "motorway_link")
NO_CAR = ("track", "path", "footway", "cycleway", "steps", "pedestrian")

#: Size of the file, in bytes.
LARGEST = 700_000


def pieces_of(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut lines at their vertices: pieces, and the row of the line of each."""
    points, row = shapely.get_coordinates(lines, return_index=True)
    same = row[1:] == row[:-1]
    return shapely.linestrings(np.stack([points[:-1][same], points[1:][same]], axis=1)), row[1:][same]


@pytest.fixture(scope="module")
def roads() -> gpd.GeoDataFrame:
    return gpd.read_file(SAMPLE / "roads.gpkg", layer="roads")


@pytest.fixture(scope="module")
def stations() -> gpd.GeoSeries:
    table = pd.read_csv(FACTS / "stations.csv", dtype={"uic_code": str}, index_col="uic_code")
    return gpd.GeoSeries.from_xy(table["lon"], table["lat"], index=table.index, crs="EPSG:4326").to_crs("EPSG:2154")


@pytest.fixture(scope="module")
def water() -> shapely.Geometry:
    """Give the rivers of the land cover, which the roads must respect."""
    names = ("ocsge_04_2018.gpkg", "ocsge_83_2017.gpkg")
    cover = pd.concat([gpd.read_file(SAMPLE / name) for name in names])
    return cover[cover["CODE_CS"] == "CS1.2.2"].union_all()


@pytest.fixture(scope="module")
def graph(roads) -> nx.Graph:
    """Join the vertices along the ways: ways meet where they share a vertex, to the last digit."""
    pieces, row = pieces_of(roads.geometry.to_numpy())
    graph = nx.Graph()
    for piece, way in zip(pieces, row, strict=True):
        graph.add_edge(*piece.coords, length=piece.length, way=int(way))
    return graph


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder into which the script has just written anew."""
    pytest.importorskip("scipy")
    folder = tmp_path_factory.mktemp("again")
    subprocess.run([sys.executable, SCRIPT, "--out", folder], check=True, capture_output=True)
    return folder


# --- the file -----------------------------------------------------------------------------------------------------


def test_running_the_script_again_gives_the_committed_roads(again, roads):
    drawn = gpd.read_file(again / "roads.gpkg", layer="roads")

    assert_frame_equal(pd.DataFrame(drawn.drop(columns="geometry")), pd.DataFrame(roads.drop(columns="geometry")))
    assert drawn.geometry.geom_equals_exact(roads.geometry, tolerance=0).all()


def test_two_runs_give_the_same_bytes(again, tmp_path):
    first = (again / "roads.gpkg").read_bytes()
    # The committed file is that of an earlier run; where another release of SQLite writes other bytes, run once more.
    if (SAMPLE / "roads.gpkg").read_bytes() != first:
        subprocess.run([sys.executable, SCRIPT, "--out", tmp_path / "sample"], check=True, capture_output=True)

        assert (tmp_path / "sample" / "roads.gpkg").read_bytes() == first

    assert [path.name for path in again.iterdir()] == ["roads.gpkg"]


def test_the_file_stays_small():
    assert (SAMPLE / "roads.gpkg").stat().st_size <= LARGEST


def test_the_roads_say_that_they_are_fictitious(roads):
    with closing(sqlite3.connect(SAMPLE / "roads.gpkg")) as base:
        described = base.execute("SELECT table_name, description FROM gpkg_contents").fetchall()

    assert described == [("roads", NOTICE)]
    assert roads["osm_id"].str.startswith("FICTIF-").all()


def test_the_roads_have_the_columns_of_an_extract_of_openstreetmap(roads):
    columns = "osm_id fclass name oneway maxspeed layer bridge tunnel geometry"

    assert roads.columns.tolist() == columns.split()
    assert roads.crs == "EPSG:2154"
    assert set(roads.geom_type) == {"LineString"}
    assert roads["osm_id"].is_unique
    assert set(roads["fclass"]) == set(FCLASSES.split())
    assert set(roads["oneway"]) == {"B", "F", "T"}
    assert set(roads["bridge"]) == set(roads["tunnel"]) == {"F", "T"}
    assert roads["maxspeed"].between(0, 130).all()


def test_bridges_are_above_the_ground_and_tunnels_below(roads):
    level = np.select([roads["bridge"] == "T", roads["tunnel"] == "T"], [1, -1], 0)

    assert roads["layer"].tolist() == level.tolist()


def test_coordinates_are_whole_centimetres(roads):
    coordinates = shapely.get_coordinates(roads.geometry.to_numpy())

    assert (coordinates == np.round(coordinates, 2)).all()


# --- the network --------------------------------------------------------------------------------------------------


def test_at_least_95_percent_of_the_length_holds_in_one_piece_but_not_all(graph):
    lengths = [graph.subgraph(part).size(weight="length") for part in nx.connected_components(graph)]

    assert 0.95 <= max(lengths) / sum(lengths) < 1
    assert len(lengths) > 10


def test_ways_on_the_ground_meet_at_shared_vertices_only(roads):
    ground = roads[(roads["bridge"] == "F") & (roads["tunnel"] == "F")]
    pieces, _ = pieces_of(ground.geometry.to_numpy())

    first, second = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    apart = first < second
    meet_at_ends = shapely.relate_pattern(pieces[first[apart]], pieces[second[apart]], "FF*F*****")

    assert meet_at_ends.all()


def test_no_piece_is_drawn_twice(roads, graph):
    pieces, _ = pieces_of(roads.geometry.to_numpy())

    assert graph.number_of_edges() == len(pieces)


def test_the_motorway_meets_other_roads_at_its_two_interchanges_only(roads):
    motorway = roads[roads["fclass"] == "motorway"]
    ramps = roads[roads["fclass"] == "motorway_link"]
    others = roads[~roads["fclass"].isin(NO_FOOT)]
    ends = {*map(tuple, shapely.get_coordinates(others.geometry.to_numpy()).tolist())}

    met = ends & {*map(tuple, shapely.get_coordinates(motorway.geometry.to_numpy()).tolist())}
    joined = ends & {*map(tuple, shapely.get_coordinates(ramps.geometry.to_numpy()).tolist())}

    assert len(motorway) == 2
    assert set(motorway["oneway"]) == set(ramps["oneway"]) == {"F"}
    assert met == set()
    assert len(joined) == 4
    crossing = others[others.intersects(motorway.union_all())]
    assert len(crossing) > 4
    assert ((crossing["bridge"] == "T") | (crossing["tunnel"] == "T")).all()


def test_a_car_can_leave_each_street_that_it_can_enter(roads):
    cars = roads[~roads["fclass"].isin([*NO_FOOT, *NO_CAR])]
    pieces, row = pieces_of(cars.geometry.to_numpy())
    arcs = nx.DiGraph()
    for piece, way in zip(pieces, cars["oneway"].to_numpy()[row], strict=True):
        start, end = piece.coords
        arcs.add_edges_from([(start, end)] * (way != "T") + [(end, start)] * (way != "F"))

    together = max(nx.weakly_connected_components(arcs), key=len)

    assert nx.is_strongly_connected(arcs.subgraph(together))


# --- rivers and stations ------------------------------------------------------------------------------------------


def test_no_road_meets_a_river_but_on_a_bridge(roads, water):
    wet = roads[roads.intersects(water)]

    assert 2 < len(wet) < 10
    assert (wet["bridge"] == "T").all()


def test_only_one_bridge_leads_over_the_river_within_3_km_of_the_station_of_la_brillanne(roads, water, stations):
    bridges = roads[(roads["bridge"] == "T") & roads.intersects(water)]

    assert (bridges.distance(stations[LA_BRILLANNE]) < 3_000).sum() == 1


def test_the_way_from_oraison_to_its_station_is_a_detour(graph, stations):
    communes = gpd.read_file(SAMPLE / "communes.gpkg").set_index("code_insee")
    nodes = np.array(graph.nodes)
    start, end = (
        tuple(nodes[np.argmin(np.hypot(*(nodes - point.coords[0]).T))].tolist())
        for point in (communes.geometry["04143"].centroid, stations[LA_BRILLANNE])
    )

    by_road = nx.shortest_path_length(graph, start, end, weight="length")

    assert 1.2 < by_road / np.hypot(start[0] - end[0], start[1] - end[1]) < 2


@pytest.mark.parametrize("station", [MANOSQUE, LA_BRILLANNE])
def test_each_station_is_near_a_way_for_pedestrians_but_not_on_it(roads, stations, station):
    away_m = roads[~roads["fclass"].isin(NO_FOOT)].distance(stations[station]).min()

    assert 20 < away_m < 60


@pytest.mark.parametrize("station", [MANOSQUE, LA_BRILLANNE])
def test_streets_around_the_stations_are_about_100_m_apart(roads, stations, station):
    around = stations[station].buffer(500)
    streets = roads[roads["fclass"].isin(["residential", "tertiary", "primary"])]

    # A square grid with sides of 100 m has 20 km of streets in 1 km²; the river side of La Brillanne has none.
    density_km_per_km2 = streets.clip(around).length.sum() / around.area * 1_000

    assert 8 < density_km_per_km2 < 22


@pytest.mark.parametrize(("commune", "least_km"), [("04112", 150), ("04143", 30)])
def test_manosque_and_oraison_are_towns(roads, commune, least_km):
    communes = gpd.read_file(SAMPLE / "communes.gpkg").set_index("code_insee")
    streets = roads[roads["fclass"] == "residential"]

    assert streets.clip(communes.geometry[commune]).length.sum() / 1_000 > least_km


# --- ridership ----------------------------------------------------------------------------------------------------


def test_ridership_tells_both_stations_from_2015_to_2020():
    table = pd.read_csv(FACTS / "ridership.csv", dtype={"uic_code": str})

    assert table.columns.tolist() == ["uic_code", "year", "passengers"]
    years = table.groupby("uic_code")["year"].apply(list).to_dict()
    assert years == {station: list(range(2015, 2021)) for station in (MANOSQUE, LA_BRILLANNE)}
    # SNCF open data, « Fréquentation en gares »: the last year before the epidemic.
    usual = table[table["year"] == 2019].set_index("uic_code")["passengers"]
    assert usual.to_dict() == {MANOSQUE: 90_904, LA_BRILLANNE: 29_036}
