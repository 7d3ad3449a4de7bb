"""Which crossings do roads join, how long does each piece between two of them take, and is it all one network?

Roads meet where they share a vertex, as both OpenStreetMap and BD TOPO draw them. A bridge or a tunnel meets what it
crosses nowhere but at its ends, even where the two lines happen to share a vertex.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import require_lambert93
from hp_sig.errors import some
from hp_sig.indicators.polygons import Bools, Floats, Ints
from hp_sig.reference.roads import Mode, speeds_of

__all__ = ["RoadGraph", "network_graph"]

COLUMNS = ("road_class", "oneway", "level", "speed_kmh", "car_access", "foot_access")
#: Vertices this close, in metres, are one: coordinates are rounded to the millimetre.
GRID_M = 0.001
M_PER_KM = 1000.0
MINUTES_PER_HOUR = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadGraph:
    """A network for one mode; make it with :func:`network_graph`.

    Parameters
    ----------
    mode
        `walk`, `bike` or `car`.
    edges
        Index `edge_id`; `road_id`, `from_node`, `to_node`, `length_m`, `speed_kmh`, `forward_minutes`,
        `backward_minutes` (infinite where the mode may not go that way), `is_entrance` (a place may join it: it runs
        on the ground, and one may walk along it), `piece`, `geometry` (LineString, EPSG:2154).
    nodes
        Index `node_id`; `piece`, `geometry` (Point, EPSG:2154).
    pieces
        The parts of the network that no road joins, the longest first; index `piece`: `length_km`, `length_share`,
        `edge_count`, `strong_share` (of its nodes from which, and to which, one can go whatever the one-ways).
    crow_fly_kmh
        The fastest speed of the network: nobody goes further than this as the crow flies.
    """

    mode: Mode
    edges: gpd.GeoDataFrame
    nodes: gpd.GeoDataFrame
    pieces: pd.DataFrame
    crow_fly_kmh: float

    @property
    def main_share(self) -> float:
        """Share of the length of the network that lies in its longest piece, 0 to 1."""
        return float(self.pieces["length_share"].iloc[0])


def network_graph(roads: gpd.GeoDataFrame, *, mode: Mode, speeds: Mapping[str, float] | None = None) -> RoadGraph:
    """Join roads into a network, and measure what each piece takes, in minutes.

    Minutes = 60 · length / speed, by class of road. Nobody walks on a motorway, a trunk road or a slip road, nor rides
    there; a car has the speed that the source tells where it tells one, unless `speeds` sets its class. One-ways bind
    bikes and cars: a contraflow lane that the source does not draw as a road of its own is not known here.

    Parameters
    ----------
    roads
        From :func:`hp_sig.layers.roads.read_roads`: `road_class`, `oneway`, `level`, `speed_kmh`, `car_access`,
        `foot_access`; LineString in EPSG:2154.
    mode
        `walk`, `bike` or `car`.
    speeds
        Class of road → km/h, in place of those of `reference/road_network/classes.csv`; 0 closes it.

    Returns
    -------
    RoadGraph
        Nodes are the ends of roads and their common vertices. Slopes, lights, turns and waiting are not counted.

    Raises
    ------
    ValueError
        If a column is absent, the layer is not in EPSG:2154 or holds anything but lines, a class is not known, or no
        road is open to the mode.

    Examples
    --------
    Two streets of 800 m that cross: four pieces of 400 m, five minutes each on foot.

    >>> streets = gpd.GeoDataFrame(
    ...     {"road_class": "residential", "oneway": "both", "level": 0, "speed_kmh": np.nan, "car_access": True,
    ...      "foot_access": True},
    ...     geometry=shapely.from_wkt(["LINESTRING (0 400, 400 400, 800 400)", "LINESTRING (400 0, 400 400, 400 800)"]),
    ...     index=pd.Index(["east", "north"], name="road_id"), crs=2154)
    >>> graph = network_graph(streets, mode="walk")
    >>> len(graph.nodes), graph.edges["forward_minutes"].tolist(), graph.main_share
    (5, [5.0, 5.0, 5.0, 5.0], 1.0)
    """
    usable = _usable(roads, mode, speeds_of(mode, speeds))
    kmh = _speeds(usable, mode, speeds_of(mode, speeds), set(speeds or ()))
    owner, places, node_of, breaks = _nodes(usable)
    first, last = _spans(owner, breaks)
    road = owner[first]
    counts = last - first + 1
    # The vertices of every piece, one after the other: those between two pieces serve twice.
    starts = np.cumsum(counts) - counts
    vertex = np.arange(counts.sum()) - np.repeat(starts, counts) + np.repeat(first, counts)
    shapes = shapely.linestrings(places[vertex], indices=np.repeat(np.arange(len(first)), counts))
    length = shapely.length(shapes)
    minutes = MINUTES_PER_HOUR * length / (M_PER_KM * kmh[road])
    oneway = usable["oneway"].to_numpy()[road] if mode != "walk" else np.full(len(road), "both")
    is_entrance = (usable["level"] == 0) & (usable["road_class"].map(speeds_of("walk")) > 0)
    edges = gpd.GeoDataFrame(
        {
            "road_id": usable.index.to_numpy()[road],
            "from_node": node_of[first],
            "to_node": node_of[last],
            "length_m": length,
            "speed_kmh": kmh[road],
            "forward_minutes": np.where(oneway == "backward", np.inf, minutes),
            "backward_minutes": np.where(oneway == "forward", np.inf, minutes),
            "is_entrance": is_entrance.to_numpy()[road],
        },
        geometry=shapes,
        index=pd.RangeIndex(len(first), name="edge_id"),
        crs=usable.crs,
    )
    at = np.zeros((int(node_of.max()) + 1, 2))
    at[node_of[breaks]] = places[breaks]
    piece, pieces = _pieces(edges, len(at))
    edges.insert(len(edges.columns) - 1, "piece", piece[edges["from_node"].to_numpy()])
    nodes = gpd.GeoDataFrame(
        {"piece": piece}, geometry=shapely.points(at), index=pd.RangeIndex(len(at), name="node_id"), crs=usable.crs
    )
    return RoadGraph(mode=mode, edges=edges, nodes=nodes, pieces=pieces, crow_fly_kmh=float(kmh.max()))


def _usable(roads: gpd.GeoDataFrame, mode: Mode, speeds: Mapping[str, float]) -> gpd.GeoDataFrame:
    """Keep the roads that the mode may use."""
    require_lambert93(roads, "roads")
    absent = [column for column in COLUMNS if column not in roads.columns]
    if absent:
        message = f"roads: columns {absent!r} expected, found {list(roads.columns)!r}. Read them with read_roads()."
        raise ValueError(message)
    if not (shapely.get_type_id(roads.geometry.to_numpy()) == 1).all():
        message = f"roads: lines expected, found {some(set(roads.geom_type))}. Read them with read_roads()."
        raise ValueError(message)
    unknown = sorted(set(roads["road_class"]) - set(speeds), key=str)
    if unknown:
        message = f"roads: classes of roads expected ({', '.join(speeds)}), found {some(unknown)}."
        raise ValueError(message)
    is_open = roads["road_class"].map(speeds) > 0
    # A rider follows the ways of those on foot; what bars a through driver does not bar a neighbour's bike.
    is_open &= roads["car_access"] if mode == "car" else roads["foot_access"]
    if not is_open.any():
        message = f"roads: no road is open to the mode {mode!r}. Check their classes, and the speeds."
        raise ValueError(message)
    return roads[is_open.to_numpy(dtype=bool)]


def _speeds(roads: gpd.GeoDataFrame, mode: Mode, speeds: Mapping[str, float], given: set[str]) -> Floats:
    kmh: pd.Series = roads["road_class"].map(speeds).astype("float64")
    if mode == "car":
        told = roads["speed_kmh"].where(~roads["road_class"].isin(given))
        kmh = told.fillna(kmh)
    return np.asarray(kmh, dtype=np.float64)


def _nodes(roads: gpd.GeoDataFrame) -> tuple[Ints, Floats, Ints, Bools]:
    """Find where roads meet.

    Gives, for each vertex: the rank of its road, its place, its node (-1 where it is none), and whether it is one.
    """
    places, owner = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    grid = np.rint(places / GRID_M).astype(np.int64)
    grid -= grid.min(axis=0)
    # A vertex that is drawn twice in a row is one.
    apart = np.append(True, (owner[1:] != owner[:-1]) | (grid[1:] != grid[:-1]).any(axis=1))
    places, owner, grid = places[apart], owner[apart], grid[apart]
    place = np.unique(grid[:, 0] * (grid[:, 1].max() + 1) + grid[:, 1], return_inverse=True)[1].ravel()
    turns = owner[1:] != owner[:-1]
    is_end = np.append(True, turns) | np.append(turns, True)
    meeting = _meetings(place, roads["level"].to_numpy()[owner], is_end)
    _, node, count = np.unique(meeting, return_inverse=True, return_counts=True)
    # A line that has shrunk to one vertex leads nowhere.
    leads = np.bincount(owner)[owner] > 1
    breaks = leads & (is_end | (count[node] > 1))
    node_of = np.full(len(node), -1, dtype=np.intp)
    node_of[breaks] = np.unique(node[breaks], return_inverse=True)[1].ravel()
    return owner, places, node_of, breaks


def _meetings(place: Ints, level: Ints, is_end: Bools) -> Ints:
    """Give a number to each meeting of roads: vertices of one place and level; ends meet the ground too.

    So the end of a bridge meets the road along the bank, while a street that ends under a bridge does not meet it.
    """
    height = level - min(int(level.min()), 0)
    span = int(height.max()) + 2
    code = place * span + height + 1
    is_joined = np.isin(code, code[is_end]) | ((level == 0) & np.isin(place, place[is_end]))
    return np.where(is_joined, place * span, code)


def _spans(owner: Ints, breaks: Bools) -> tuple[Ints, Ints]:
    """Give the first and last vertex of each piece between two breaks of one road."""
    at = np.flatnonzero(breaks)
    same = owner[at[1:]] == owner[at[:-1]]
    return at[:-1][same], at[1:][same]


def _pieces(edges: gpd.GeoDataFrame, count: int) -> tuple[Ints, pd.DataFrame]:
    """Tell which parts of the network nothing joins, the longest first; give the part of each node."""
    # Only here: scipy takes a quarter of a second to load, and a run with nothing to do needs no network.
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    start, end = edges["from_node"].to_numpy(), edges["to_node"].to_numpy()
    length = edges["length_m"].to_numpy()
    whole = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
    found, label = connected_components(whole, directed=False)
    lengths = np.bincount(label[start], weights=length, minlength=found)
    order = np.argsort(-lengths, kind="stable")
    rank = np.empty(found, dtype=np.intp)
    rank[order] = np.arange(found)
    piece = rank[label]
    forward, backward = np.isfinite(edges["forward_minutes"]), np.isfinite(edges["backward_minutes"])
    ways = coo_array(
        (
            np.ones(int(forward.sum() + backward.sum())),
            (np.append(start[forward], end[backward]), np.append(end[forward], start[backward])),
        ),
        shape=(count, count),
    )
    _, strong = connected_components(ways, directed=True, connection="strong")
    sizes = pd.DataFrame({"piece": piece, "strong": strong}).value_counts().groupby("piece").max()
    table = pd.DataFrame(
        {
            "length_km": lengths[order] / M_PER_KM,
            "length_share": lengths[order] / lengths.sum(),
            "edge_count": np.bincount(piece[start], minlength=found),
            "strong_share": sizes.reindex(range(found)).to_numpy() / np.bincount(piece, minlength=found),
        },
        index=pd.RangeIndex(found, name="piece"),
    )
    return piece, table
