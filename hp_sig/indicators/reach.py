"""Which streets are reached from a place in so many minutes, and how far along each?

A place joins the network at the nearest point of a street, not at a crossing; what time runs out on is cut there.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
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
#: A piece of the network that holds less than this of its length is a driveway or a track that nothing joins.
LARGE_PIECE_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Snaps:
    """Where each origin joins the network: edge, share of its length, metres and minutes to it, and the way."""

    edge: Ints
    share: Floats
    metres: Floats
    minutes: Floats
    access: Shapes


def snapped(graph: RoadGraph, shapes: Shapes, codes: pd.Index) -> Snaps:
    """Join places to the nearest usable street.

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
    is_large = graph.pieces["length_share"].to_numpy()[graph.edges["piece"].to_numpy()] >= LARGE_PIECE_SHARE
    is_entrance = graph.edges["is_entrance"].to_numpy()
    edge = np.full(len(shapes), -1, dtype=np.intp)
    # What comes later is preferred wherever it is within the distance.
    for wanted in (np.ones(len(lines), dtype=bool), is_entrance, is_entrance & is_large):
        ranks = np.flatnonzero(wanted)
        near = shapely.STRtree(lines[ranks]).query_nearest(shapes, max_distance=MAX_SNAP_M, all_matches=False)
        edge[near[0]] = ranks[near[1]]
    if (edge < 0).any():
        message = (
            f"origins: a street open to the mode {graph.mode!r} within {MAX_SNAP_M:.0f} m expected, found none for "
            f"{some(codes[edge < 0])}. Check their positions, and that the network covers them."
        )
        raise ValueError(message)
    access: Shapes = shapely.shortest_line(lines[edge], shapes)
    at, length = shapely.line_locate_point(lines[edge], shapely.get_point(access, 0)), shapely.length(lines[edge])
    # What is a hair from a crossing is at it: one-ways do not hold there.
    along = np.where(at < GRID_M, 0.0, np.where(length - at < GRID_M, 1.0, at / length))
    metres = shapely.length(access)
    minutes = MINUTES_PER_HOUR * metres / (M_PER_KM * min(ACCESS_KMH, graph.crow_fly_kmh))
    return Snaps(edge=edge, share=along, metres=metres, minutes=minutes, access=access)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The network as it is searched: minutes along and against each edge, in the direction of the search."""

    graph: RoadGraph
    forward: Floats
    backward: Floats

    def search(self, snaps: Snaps, longest: float) -> Floats:
        """Give the minutes from each origin to each node, infinite where they are more than the longest time."""
        start, end = (self.graph.edges[column].to_numpy() for column in ("from_node", "to_node"))
        count, origins = len(self.graph.nodes), len(snaps.edge)
        own = count + np.arange(origins)
        at = snaps.edge
        tail = np.concatenate([start, end, own, own])
        head = np.concatenate([end, start, start[at], end[at]])
        towards_start, towards_end = self._from_snap(snaps)
        cost = np.concatenate([self.forward, self.backward, towards_start, towards_end])
        tail, head, cost = _fastest(tail, head, cost)
        size = count + origins
        network = csr_array((cost, (tail, head)), shape=(size, size))
        left = longest - snaps.minutes
        arrival = np.full((origins, count), np.inf)
        for rank in np.flatnonzero(left > 0):
            found = dijkstra(network, indices=own[rank], limit=left[rank])
            arrival[rank] = found[:count] + snaps.minutes[rank]
        return arrival

    def _from_snap(self, snaps: Snaps) -> tuple[Floats, Floats]:
        with np.errstate(invalid="ignore"):
            towards_start = np.where(snaps.share > 0, snaps.share * self.backward[snaps.edge], 0.0)
            towards_end = np.where(snaps.share < 1, (1 - snaps.share) * self.forward[snaps.edge], 0.0)
        return towards_start, towards_end

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
        left = time - snaps.minutes[rank]
        if left > 0:
            own, share = snaps.edge[rank], snaps.share[rank]
            back = share - left / self.backward[own]
            ahead = share + left / self.forward[own]
            edge = np.append(edge, own)
            low.append(np.array([max(back, 0.0)]))
            high.append(np.array([min(ahead, 1.0)]))
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
