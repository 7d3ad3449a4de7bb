"""Which streets are reached from a place in so many minutes, and how far along each?

A place joins the network at the nearest point of a street, not at a crossing; what time runs out on is cut there.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from hp_sig.errors import some
from hp_sig.indicators.network import GRID_M, M_PER_KM, MINUTES_PER_HOUR, RoadGraph
from hp_sig.indicators.polygons import Floats, Ints, Shapes

__all__ = ["ACCESS_KMH", "MAX_SNAP_M", "Snaps", "Ways", "snapped"]

#: From a place to the nearest street one walks: 80 m a minute (see `reference/road_network/README.md`), or less where
#: the whole network is slower.
ACCESS_KMH = 4.8
#: A place further than this from any usable street is not on the network, in metres.
MAX_SNAP_M = 500.0
#: A street of a large piece is taken where it is not farther than this beyond the nearest one, in metres.
MORE_M = 100.0
#: A piece of the network that holds less than this of its length is a driveway or a track that nothing joins.
LARGE_PIECE_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Snaps:
    """Where places join the network, one row a place and entrance.

    `origin`, the rank of the place; `edge`, `share` of its length; `metres` and `minutes` to it, and the way, from the
    street to the place.
    """

    origin: Ints
    edge: Ints
    share: Floats
    metres: Floats
    minutes: Floats
    access: Shapes


def snapped(graph: RoadGraph, shapes: Shapes, codes: pd.Index) -> Snaps:
    """Join places to the nearest usable street; a footprint to every street that crosses it, or each part of it does.

    Parameters
    ----------
    graph
        The network.
    shapes, codes
        Places, and what to call each in a message.

    Raises
    ------
    ValueError
        If no street is near enough to one.
    """
    lines: Shapes = graph.edges.geometry.to_numpy()
    parts, owner = shapely.get_parts(shapes, return_index=True)
    near = _nearest(graph, lines, parts)
    lost = np.setdiff1d(np.arange(len(shapes)), owner[near >= 0])
    if len(lost):
        message = (
            f"origins: a street open to the mode {graph.mode!r} within {MAX_SNAP_M:.0f} m expected, found none for "
            f"{some(codes[lost])}. Check their positions, and that the network covers them."
        )
        raise ValueError(message)
    part, crossing, at_ends = _crossings(graph, lines, parts)
    single = np.setdiff1d(np.flatnonzero(near >= 0), part)
    access: Shapes = np.asarray(shapely.shortest_line(lines[near[single]], parts[single]))
    edge = np.append(near[single], crossing)
    at = np.append(shapely.line_locate_point(lines[near[single]], shapely.get_point(access, 0)), at_ends)
    # The way to a street that crosses the footprint is none: it is never walked.
    way = np.append(access, np.full(len(crossing), shapely.LineString(), dtype=object))
    metres = np.append(shapely.length(access), np.zeros(len(crossing)))
    length = shapely.length(lines[edge])
    # What is a hair from a crossing is at it: one-ways do not hold there.
    share = np.where(at < GRID_M, 0.0, np.where(length - at < GRID_M, 1.0, at / length))
    minutes = MINUTES_PER_HOUR * metres / (M_PER_KM * min(ACCESS_KMH, graph.crow_fly_kmh))
    origin = owner[np.append(single, part)]
    return Snaps(origin=origin, edge=edge, share=share, metres=metres, minutes=minutes, access=way)


def _nearest(graph: RoadGraph, lines: Shapes, places: Shapes) -> Ints:
    """Give the rank of the street that each place is joined to, -1 where none is near enough."""
    is_large = graph.pieces["length_share"].to_numpy()[graph.edges["piece"].to_numpy()] >= LARGE_PIECE_SHARE
    is_entrance = graph.edges["is_entrance"].to_numpy()
    edge = np.full(len(places), -1, dtype=np.intp)
    # A street on the ground is preferred to what only passes by, wherever it is within the distance; one of a large
    # piece to a driveway that nothing joins, but not much farther.
    for wanted, most in ((np.ones(len(lines), bool), np.inf), (is_entrance, np.inf), (is_entrance & is_large, MORE_M)):
        ranks = np.flatnonzero(wanted)
        place, found = shapely.STRtree(lines[ranks]).query_nearest(places, max_distance=MAX_SNAP_M, all_matches=False)
        rank = ranks[found]
        before = edge[place]
        farther = shapely.distance(lines[rank], places[place]) - shapely.distance(lines[before], places[place])
        taken = (before < 0) | (farther <= most)
        edge[place[taken]] = rank[taken]
    return edge


def _crossings(graph: RoadGraph, lines: Shapes, parts: Shapes) -> tuple[Ints, Ints, Floats]:
    """Find the streets on the ground that cross a footprint: its rank, the street, and where that enters and leaves."""
    entrances = np.flatnonzero(graph.edges["is_entrance"].to_numpy())
    areas = np.flatnonzero(shapely.get_dimensions(parts) == 2)
    area, found = shapely.STRtree(lines[entrances]).query(parts[areas], predicate="intersects")
    part, edge = areas[area], entrances[found]
    inside = shapely.intersection(lines[edge], parts[part])
    points, pair = shapely.get_coordinates(inside, return_index=True)
    at = shapely.line_locate_point(lines[edge[pair]], shapely.points(points))
    starts = np.searchsorted(pair, np.arange(len(edge)))
    if not len(edge):
        return part, edge, np.zeros(0)
    ends = np.append(np.minimum.reduceat(at, starts), np.maximum.reduceat(at, starts))
    return np.tile(part, 2), np.tile(edge, 2), ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The network as it is searched: minutes along and against each edge, in the direction of the search."""

    graph: RoadGraph
    forward: Floats
    backward: Floats

    def search(self, snaps: Snaps, longest: float) -> Floats:
        """Give the minutes from each origin to each node, infinite where they are more than the longest time."""
        # Only here, as in `network`.
        from scipy.sparse import csr_array  # noqa: PLC0415
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415

        start, end = (self.graph.edges[column].to_numpy() for column in ("from_node", "to_node"))
        count, origins = len(self.graph.nodes), int(snaps.origin.max()) + 1
        own, at = count + snaps.origin, snaps.edge
        tail = np.concatenate([start, end, own, own])
        head = np.concatenate([end, start, start[at], end[at]])
        towards_start, towards_end = self._from_snap(snaps)
        cost = np.concatenate([self.forward, self.backward, towards_start, towards_end])
        tail, head, cost = _fastest(tail, head, cost)
        size = count + origins
        network = csr_array((cost, (tail, head)), shape=(size, size))
        found: Floats = dijkstra(network, indices=count + np.arange(origins), limit=longest)
        return found[:, :count]

    def _from_snap(self, snaps: Snaps) -> tuple[Floats, Floats]:
        with np.errstate(invalid="ignore"):
            towards_start = np.where(snaps.share > 0, snaps.share * self.backward[snaps.edge], 0.0)
            towards_end = np.where(snaps.share < 1, (1 - snaps.share) * self.forward[snaps.edge], 0.0)
        return towards_start + snaps.minutes, towards_end + snaps.minutes

    def reached(self, arrival: Floats, snaps: Snaps, rank: int, time: float) -> tuple[Ints, Shapes]:
        """Give the pieces of edges that one origin reaches in a time, and the edge of each."""
        start, end = (self.graph.edges[column].to_numpy() for column in ("from_node", "to_node"))
        at_start, at_end = arrival[start], arrival[end]
        near = np.flatnonzero((at_start < time) | (at_end < time))
        # How far one gets along each edge from its start, and against it from its end, as shares of its length.
        along = _shares(time - at_start[near], self.forward[near])
        against = _shares(time - at_end[near], self.backward[near])
        low, high = [np.zeros(len(near)), 1 - against], [along, np.ones(len(near))]
        edge = np.concatenate([near, near])
        entrances = np.flatnonzero((snaps.origin == rank) & (snaps.minutes < time))
        own, share, left = snaps.edge[entrances], snaps.share[entrances], time - snaps.minutes[entrances]
        edge = np.append(edge, own)
        low.append(np.maximum(share - left / self.backward[own], 0.0))
        high.append(np.minimum(share + left / self.forward[own], 1.0))
        starts, ends = np.concatenate(low), np.concatenate(high)
        kept = (ends - starts) * self.graph.edges["length_m"].to_numpy()[edge] > GRID_M
        edge, starts, ends = _merged(edge[kept], starts[kept], ends[kept])
        return edge, _cut(self.graph.edges.geometry.to_numpy()[edge], starts, ends)


def _shares(left: Floats, cost: Floats) -> Floats:
    """Say how far along an edge the time that is left leads, 0 to 1; nowhere against a one-way."""
    shares = np.zeros(len(left))
    passable = np.isfinite(left) & np.isfinite(cost)
    shares[passable] = np.clip(left[passable] / cost[passable], 0, 1)
    return shares


def _fastest(tail: Ints, head: Ints, cost: Floats) -> tuple[Ints, Ints, Floats]:
    """Keep the fastest of the edges that join two nodes: a sparse matrix would add them up."""
    known = np.isfinite(cost)
    tail, head, cost = tail[known], head[known], cost[known]
    order = np.lexsort((cost, head, tail))
    tail, head, cost = tail[order], head[order], cost[order]
    first = np.append(True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])) if len(tail) else np.zeros(0, bool)
    return tail[first], head[first], cost[first]


def _merged(edge: Ints, low: Floats, high: Floats) -> tuple[Ints, Floats, Floats]:
    """Join the pieces of one edge that overlap, so that no metre is counted twice."""
    order = np.lexsort((low, edge))
    edge, low, high = edge[order], low[order], high[order]
    if not len(edge):
        return edge, low, high
    # Each edge has its own range of positions: what ends before a piece begins is told by one running maximum.
    furthest = np.maximum.accumulate(high + 2.0 * edge)
    begins = np.append(True, low[1:] + 2.0 * edge[1:] > furthest[:-1])
    starts = np.flatnonzero(begins)
    return edge[starts], low[starts], np.maximum.reduceat(high, starts)


def _cut(lines: Shapes, low: Floats, high: Floats) -> Shapes:
    """Cut lines from one share of their length to another."""
    cut = lines.copy()
    for rank in np.flatnonzero((low > 0) | (high < 1)):
        cut[rank] = substring(lines[rank], low[rank], high[rank], normalized=True)
    return cut
