"""Who can reach a place in so many minutes on a real network, and how much less is that than as the crow flies?"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from hp_sig.crs import M2_PER_HA, require_lambert93
from hp_sig.errors import some
from hp_sig.indicators.network import GRID_M, M_PER_KM, MINUTES_PER_HOUR, RoadGraph
from hp_sig.indicators.polygons import Floats, Ints, Shapes
from hp_sig.indicators.reach import Snaps, Ways, snapped

__all__ = ["BLOCK_HA", "EDGE_BUFFER_M", "Catchments", "catchment"]

#: Land this near to a reached street is in the service area, in metres (our choice, stated on each page).
EDGE_BUFFER_M = 50.0
#: Land that reached streets enclose is in it too, up to a block of this size (our choice: 200 m × 200 m).
BLOCK_HA = 4.0
#: Segments that stand for a quarter of a circle: in a service area; in a disc, which is 0.01 % too small so.
BUFFER_SEGMENTS, DISC_SEGMENTS = 8, 64
Direction = Literal["from", "to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catchments:
    """Service areas; make them with :func:`catchment`.

    Parameters
    ----------
    areas
        Index (`origin_id`, `minutes`): `catchment_ha`, `crow_fly_ha` (of the disc), `crow_fly_share` (of the disc, that
        the service area covers, 0 to 1), `reached_km`, `snap_m`, `geometry` (MultiPolygon, EPSG:2154).
    crow_fly
        The discs, on the same index.
    edges
        What is reached: index (`origin_id`, `minutes`, `edge_id`), sorted, an edge reached from both ends but not
        throughout twice; `length_m`, `geometry` (LineString).
    nodes
        Index (`origin_id`, `node_id`): `travel_minutes`, of the nodes within the longest time.
    """

    areas: gpd.GeoDataFrame
    crow_fly: gpd.GeoSeries
    edges: gpd.GeoDataFrame
    nodes: pd.DataFrame


def catchment(
    graph: RoadGraph,
    origins: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    minutes: Sequence[float],
    direction: Direction = "to",
    edge_buffer_m: float = EDGE_BUFFER_M,
) -> Catchments:
    """Draw the service areas of places on a network, in hectares, beside the discs as the crow flies.

    Each place walks (at 4.8 km/h, or less where the whole network is slower) to the nearest point of a usable street,
    then the network is searched by Dijkstra's algorithm (`scipy.sparse.csgraph`); a street that time runs out on is cut
    there. The service area is all land within `edge_buffer_m` of what is reached, with the blocks of 4 ha or less that
    it encloses. The disc has the radius that the fastest speed of the network allows, so a service area never sticks
    out of it by more than `edge_buffer_m`.

    Parameters
    ----------
    graph
        From :func:`hp_sig.indicators.network.network_graph`.
    origins
        Points, or footprints, in EPSG:2154, each with its own code as index. A footprint is left by every street that
        crosses it, or where each of its parts is nearest to one; it is in its own service area, and its disc is drawn
        around it.
    minutes
        Times, each more than 0; the result has them sorted, once each.
    direction
        `to`: who reaches the place; `from`: what is reached from it. They differ by the one-ways alone.
    edge_buffer_m
        In metres, more than 0.

    Returns
    -------
    Catchments
        Areas grow with minutes, each inside the next. Land beyond the end of the file's network is not reached.

    Raises
    ------
    ValueError
        If the origins are not in EPSG:2154, are empty or repeat a code, no street is within 500 m of one, a number is
        out of range, or the direction not known.

    Notes
    -----
    The nearest street is one on the ground, along which one may walk, where there is one within 500 m: not a bridge, a
    tunnel or a motorway that passes by. It is one of a large piece of the network (5 % of its length) where one is not
    over 100 m farther, so that a driveway that nothing joins does not shut a station in.

    Examples
    --------
    A street of 2 km, and a place 80 m beside its middle: in 6 minutes one walks 80 m, then 400 m either way.

    >>> street = gpd.GeoDataFrame(
    ...     {"road_class": "residential", "oneway": "both", "level": 0, "speed_kmh": np.nan, "car_access": True,
    ...      "foot_access": True}, geometry=[shapely.LineString([(0, 0), (2000, 0)])], index=["a"], crs=2154)
    >>> from hp_sig.indicators.network import network_graph
    >>> place = gpd.GeoSeries([shapely.Point(1000, 80)], index=pd.Index(["station"], name="origin_id"), crs=2154)
    >>> reached = catchment(network_graph(street, mode="walk"), place, minutes=[6])
    >>> reached.areas["reached_km"].round(9).tolist()
    [0.8]
    """
    times = _times(minutes, edge_buffer_m)
    if direction not in get_args(Direction):
        message = f"direction: one of {', '.join(get_args(Direction))} expected, found {direction!r}."
        raise ValueError(message)
    shapes = _origins(origins)
    snaps = snapped(graph, shapes, origins.index)
    forward, backward = (graph.edges[f"{way}_minutes"].to_numpy() for way in ("forward", "backward"))
    if direction == "to":
        forward, backward = backward, forward
    ways = Ways(graph=graph, forward=forward, backward=backward)
    arrival = ways.search(snaps, times[-1])
    reached = [ways.reached(arrival[rank], snaps, rank, time) for rank in range(len(shapes)) for time in times]
    index = pd.MultiIndex.from_product([origins.index, times], names=["origin_id", "minutes"])
    areas, discs = _areas(graph, shapes, snaps, times, reached, edge_buffer_m)
    return Catchments(
        areas=areas.set_index(index),
        crow_fly=gpd.GeoSeries(discs, index=index, crs=graph.edges.crs, name="crow_fly"),
        edges=_edges(index, reached, graph),
        nodes=_node_table(origins.index, arrival, times[-1]),
    )


def _times(minutes: Sequence[float], edge_buffer_m: float) -> list[float]:
    times = sorted(set(minutes))
    if not times or not all(0 < time < np.inf for time in times):
        message = f"minutes: times of more than 0 expected, found {list(minutes)!r}."
        raise ValueError(message)
    if not 0 < edge_buffer_m < np.inf:
        message = f"edge_buffer_m: a distance in metres, more than 0, expected; found {edge_buffer_m!r}."
        raise ValueError(message)
    return times


def _origins(origins: gpd.GeoDataFrame | gpd.GeoSeries) -> Shapes:
    require_lambert93(origins, "origins")
    shapes: Shapes = origins.geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if not len(shapes) or empty.any():
        message = f"origins: at least one place, each with a position, expected; none for {some(origins.index[empty])}."
        raise ValueError(message)
    if not origins.index.is_unique:
        twice = origins.index[origins.index.duplicated()].unique()
        message = f"origins: unique codes expected, found {some(twice)} more than once."
        raise ValueError(message)
    return shapes


def _areas(
    graph: RoadGraph,
    shapes: Shapes,
    snaps: Snaps,
    times: Sequence[float],
    reached: Sequence[tuple[Ints, Shapes]],
    buffer_m: float,
) -> tuple[gpd.GeoDataFrame, Shapes]:
    count = len(times)
    ranks = np.repeat(np.arange(len(shapes)), count)
    metres = np.tile(times, len(shapes)) * graph.crow_fly_kmh * M_PER_KM / MINUTES_PER_HOUR
    discs: Shapes = shapely.buffer(shapes[ranks], metres, quad_segs=DISC_SEGMENTS)
    areas = np.empty(len(reached), dtype=object)
    length = graph.edges["length_m"].to_numpy()

    def draw(rank: int) -> None:
        own = slice(rank * count, (rank + 1) * count)
        ways = [np.append(walked, shapes[rank]) for walked in _walked(snaps, rank, times)]
        areas[own] = _dilated(reached[own], ways, length, buffer_m)

    # shapely lets go of Python's lock while it works.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(draw, range(len(shapes))))
    covered = shapely.area(shapely.intersection(areas, discs))
    nearest = pd.Series(snaps.metres).groupby(snaps.origin).min().to_numpy()
    table = gpd.GeoDataFrame(
        {
            "catchment_ha": shapely.area(areas) / M2_PER_HA,
            "crow_fly_ha": shapely.area(discs) / M2_PER_HA,
            "crow_fly_share": covered / shapely.area(discs),
            "reached_km": np.array([shapely.length(pieces).sum() for _, pieces in reached]) / M_PER_KM,
            "snap_m": nearest[ranks],
        },
        geometry=areas,
        crs=graph.edges.crs,
    )
    return table, discs


def _walked(snaps: Snaps, rank: int, times: Sequence[float]) -> list[Shapes]:
    """Give the ways from an origin to its streets, as far as each time allows; none to a street that crosses it."""
    own = np.flatnonzero((snaps.origin == rank) & (snaps.metres > 0))
    ways, needed = shapely.reverse(snaps.access[own]), snaps.minutes[own]
    walked = []
    for time in times:
        cut = ways.copy()
        for late in np.flatnonzero(needed > time):
            cut[late] = substring(ways[late], 0, time / needed[late], normalized=True)
        walked.append(cut)
    return walked


def _dilated(
    reached: Sequence[tuple[Ints, Shapes]], walked: Sequence[Shapes], length: Floats, buffer_m: float
) -> Shapes:
    """Give the land near what one origin reaches in each time, with the small blocks that it encloses."""
    areas = np.empty(len(reached), dtype=object)
    grown: shapely.Geometry = shapely.Polygon()
    done = np.zeros(0, dtype=np.intp)
    for rank, (edge, pieces) in enumerate(reached):
        # An edge that was wholly reached in less time is already there.
        new = np.append(pieces[~np.isin(edge, done)], walked[rank])
        grown = shapely.union_all([*shapely.buffer(new, buffer_m, quad_segs=BUFFER_SEGMENTS), grown])
        done = edge[shapely.length(pieces) >= length[edge] - GRID_M]
        polygons = [_without_small_holes(polygon) for polygon in shapely.get_parts(grown)]
        areas[rank] = shapely.multipolygons(polygons)
    return areas


def _without_small_holes(polygon: shapely.Polygon) -> shapely.Polygon:
    holes = [ring for ring in polygon.interiors if shapely.area(shapely.polygons(ring)) > BLOCK_HA * M2_PER_HA]
    return shapely.Polygon(polygon.exterior, holes)


def _edges(index: pd.MultiIndex, reached: Sequence[tuple[Ints, Shapes]], graph: RoadGraph) -> gpd.GeoDataFrame:
    counts = np.array([len(edge) for edge, _ in reached])
    ranks = np.repeat(np.arange(len(counts)), counts)
    shapes = np.concatenate([pieces for _, pieces in reached])
    edges = gpd.GeoDataFrame({"length_m": shapely.length(shapes)}, geometry=shapes, crs=graph.edges.crs)
    levels = [index.get_level_values(level)[ranks] for level in range(2)]
    edge_ids = np.concatenate([edge for edge, _ in reached])
    edges.index = pd.MultiIndex.from_arrays([*levels, edge_ids], names=[*index.names, "edge_id"])
    return edges.sort_index()


def _node_table(origins: pd.Index, arrival: Floats, longest: float) -> pd.DataFrame:
    rank, node = np.nonzero(arrival <= longest)
    index = pd.MultiIndex.from_arrays([origins[rank], node], names=["origin_id", "node_id"])
    return pd.DataFrame({"travel_minutes": arrival[rank, node]}, index=index)
