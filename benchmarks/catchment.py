"""How long do service areas take beside what one would write with networkx?

Network on foot and by bike, then the service areas of both stations: 5, 10, 15 minutes on foot, 15 and 30 by bike. The
other way splits the same lines at the same vertices, keeps one graph of dictionaries for all times, cuts nothing (an
edge is in when both of its ends are) and dilates the union of what is in. Run in turn, in one process:

    python benchmarks/catchment.py --raw FOLDER
"""

import argparse
import statistics
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely

import hp_sig
from hp_sig.indicators.catchment import EDGE_BUFFER_M, catchment
from hp_sig.indicators.network import network_graph
from hp_sig.layers.roads import read_roads
from hp_sig.reference.roads import Mode, speeds_of

RUNS = 5
STATIONS = ["87751321", "87751271"]
MINUTES: dict[Mode, list[int]] = {"walk": [5, 10, 15], "bike": [15, 30]}


def ours(roads: gpd.GeoDataFrame, places: gpd.GeoSeries) -> dict[tuple[str, str, int], float]:
    """Give the hectares of each service area."""
    found = {mode: catchment(network_graph(roads, mode=mode), places, minutes=MINUTES[mode]) for mode in MINUTES}
    return {
        (mode, code, minutes): hectares
        for mode, catchments in found.items()
        for (code, minutes), hectares in catchments.areas["catchment_ha"].items()
    }


def with_networkx(roads: gpd.GeoDataFrame, places: gpd.GeoSeries) -> dict[tuple[str, str, int], float]:
    """Do it as one would with networkx: from the nearest crossing, whole edges, union of their buffers."""
    hectares = {}
    for mode, times in MINUTES.items():
        graph = _graph(roads, mode)
        nodes = np.array(graph.nodes)
        for code, place in places.items():
            start = tuple(nodes[np.hypot(*(nodes - [place.x, place.y]).T).argmin()])
            for minutes in times:
                reached = nx.ego_graph(graph, start, radius=minutes, distance="minutes", undirected=False)
                lines = [edge["geometry"] for _, _, edge in reached.edges(data=True)]
                hectares[(mode, code, minutes)] = gpd.GeoSeries(lines).buffer(EDGE_BUFFER_M).union_all().area / 1e4
    return hectares


def _graph(roads: gpd.GeoDataFrame, mode: Mode) -> nx.MultiDiGraph:
    speeds = speeds_of(mode)
    usable = roads[roads["road_class"].map(speeds) > 0]
    lines = {road: [tuple(point) for point in line.coords] for road, line in usable.geometry.items()}
    shared = Counter(point for line in lines.values() for point in line)
    graph = nx.MultiDiGraph()
    for (road, line), road_class, oneway in zip(lines.items(), usable["road_class"], usable["oneway"], strict=True):
        stops = [rank for rank, point in enumerate(line) if shared[point] > 1 or rank in (0, len(line) - 1)]
        for first, last in pairwise(stops):
            piece = shapely.LineString(line[first : last + 1])
            edge = {"road": road, "geometry": piece, "minutes": piece.length * 60 / (1000 * speeds[road_class])}
            if mode == "walk" or oneway != "backward":
                graph.add_edge(line[first], line[last], **edge)
            if mode == "walk" or oneway != "forward":
                graph.add_edge(line[last], line[first], **edge)
    return graph


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder of open data (the layout of tests/real)")
    raw = parser.parse_args().raw
    roads = read_roads(raw / "roads" / "osm_roads_2021_51communes.gpkg", vintage="2021")
    stations = hp_sig.read_stations(raw / "stations" / "liste-des-gares_sncf.geojson", vintage="2022")
    places = stations.geometry.loc[STATIONS]
    seconds: dict[str, list[float]] = {"ours": [], "networkx": []}
    hectares: dict[str, dict[tuple[str, str, int], float]] = {}
    for _ in range(RUNS):
        for name, way in (("networkx", with_networkx), ("ours", ours)):
            start = time.perf_counter()
            hectares[name] = way(roads, places)
            seconds[name].append(time.perf_counter() - start)
    ratios = [theirs / own for theirs, own in zip(seconds["networkx"], seconds["ours"], strict=True)]
    print(f"{len(roads)} roads; networkx / ours: median {statistics.median(ratios):.1f}, ", end="")
    print(f"range {min(ratios):.1f} to {max(ratios):.1f}; seconds, ", end="")
    print(", ".join(f"{name} {statistics.median(times):.1f}" for name, times in seconds.items()))
    table = pd.DataFrame(hectares)
    for (mode, code, minutes), row in table.iterrows():
        print(f"| {code} | {mode} | {minutes} | {row['ours']:.1f} | {row['networkx'] / row['ours'] - 1:+.0%} |")


if __name__ == "__main__":
    main()
