"""Which roads can the embedded sample show without any producer's file?

They are FICTITIOUS. Nothing is copied from OpenStreetMap or BD TOPO: the only inputs are the schematic communes of
`make_sample.py`, the fictitious towns, rivers and roads of `make_land_sample.py`, the municipal populations of 2021 and
the coordinates of the two stations. The columns are those of a Geofabrik extract of OpenStreetMap.

All is drawn on one graph whose nodes are whole centimetres, so that streets that meet share a vertex:

1. Roads. The shortest tree between the towns, on the sealed strips of the land cover, and the links that spare a long
   detour. A road that meets a river is cut at its banks: between them it is a bridge. No link of the second kind
   crosses a river, but for BRIDGES.
2. Motorway. Two carriageways along the Durance, crossed by bridges without a shared vertex, with two interchanges.
3. Towns. Roads, boulevards and the outline of the built land cut each town into quarters. Each quarter gets a warped
   grid turned along its longest side; the ends of its streets move to the nearest point of what surrounds it. Some
   blocks are merged, some streets become one-way, footways or steps.
4. Tracks and paths. From the ends of streets, the roads and the hamlets, to points scattered over the open country;
   sparser far from the stations. None meets another line but at a node. A few cross under the motorway.
5. Ways. Pieces alike that go straight on are one line. A few private tracks touch nothing, as in any real extract.

Run `python scripts/make_road_sample.py`; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import make_land_sample as land
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from make_sample import FIXED_DATE, LAMBERT_93, ONLY_ENDS_TOUCH, SAMPLE, WGS_84, Floats
from scipy.interpolate import CubicSpline
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import Delaunay, cKDTree

#: A node, in whole centimetres.
Node = tuple[int, int]
Mask = npt.NDArray[np.bool_]

#: A piece of street: its two points, and for each 1 inside its quarter, the rank of a point plus 2 on one of its sides.
Piece = tuple[Floats, int, int]

LAYER = "roads"

# --- Roads and motorway --------------------------------------------------------------------------------------------

#: Links between towns that may cross a river, besides the shortest tree.
BRIDGES = (("04112", "04230"), ("04197", "04094"))

#: Links wanted whatever the detour that they spare: the road of the valley.
VALLEY = ("04106", "04034", "04242", "04245", "04112", "04197", "04063")

#: Other links: longest in metres, least detour that they spare, least angle with another road at its town in degrees.
LINK_M, DETOUR, LINK_ANGLE = 9_000.0, 1.45, 33.0

#: Populations of the smaller of two towns from which their road is secondary, then tertiary.
SECONDARY, TERTIARY = 2_500, 350

#: A corner of a road is rounded so far on both sides, in metres.
CORNER_M = 170.0

#: The motorway: distance of its axis from the axis of the Durance, half a distance between its carriageways, step
#: between vertices, in metres.
MOTORWAY_M, CARRIAGEWAY_M, MOTORWAY_STEP_M = 310.0, 11.0, 400.0

#: Roads with an interchange.
INTERCHANGES = (("04034", "04143"), ("04112", "04230"))

#: Interchange, in metres: half a bridge, distance of the junctions from the axis, length of a ramp.
OVERPASS_M, JUNCTION_M, RAMP_M = 35.0, 75.0, 400.0

#: How far from the banks a bridge starts, in metres.
ABUTMENT_M = 20.0

# --- Streets -------------------------------------------------------------------------------------------------------

#: Stations: the commune of the town that reaches them, the bearing of their avenue in degrees, the reach of the
#: streets around them in metres.
STATIONS = {"87751321": ("04112", 82.0, 950.0), "87751271": ("04034", 339.0, 700.0)}

#: The avenue passes at so many metres of its station, and no street nearer than the second figure.
STATION_OFF_M, STATION_CLEAR_M = 38.0, 26.0

#: Side of a block in metres: old centres, around the stations, in the dense part of the territory, elsewhere.
CENTRE_M, STATION_M, DENSE_M, SPARSE_M = 72.0, 100.0, 148.0, 205.0

#: Reach of the streets of a station, and of the dense part of the territory, in metres.
NEAR_STATION_M, NEAR_M = 1_250.0, 12_000.0

#: Towns with boulevards around the centre and with a ring road: least population, radius over that of the town.
BOULEVARDS, RING_ROAD = (900, 0.2), (2_500, 0.46)

#: Ends of streets may move along what surrounds the quarter to points so far apart, in metres.
CANDIDATE_M = 36.0

#: Vertices nearer than this to a crossing are dropped, in metres.
NEAREST_M = 8.0

#: Ends of streets nearer than this share of a block to a road move onto it.
SNAP = 0.42

#: Depth of the warp over the side of a block, and its wavelength in metres.
WARP, WARP_M = 0.30, 900.0

#: A street of so many is whole; share of the pieces left out of the other streets, along and across the quarter.
COLLECTOR, MERGED = 4, (0.04, 0.2)

#: Pieces of street shorter than this are not drawn, in metres.
SHORTEST_M = 24.0

#: Share of the streets that are one-way, in the centre and elsewhere.
ONEWAY_CENTRE, ONEWAY = 0.5, 0.16

#: Share of the pieces of street, summed, that become footways, steps, cycleways, service roads.
ODD_PIECES = (("footway", 0.015), ("steps", 0.020), ("cycleway", 0.026), ("service", 0.034))

# --- Tracks --------------------------------------------------------------------------------------------------------

#: Distance between the points that tracks join, in metres: near the stations, elsewhere.
TRACK_M, TRACK_FAR_M = 1_000.0, 2_300.0

#: The path between the motorway and the Durance: distance from the axis, and between places to reach it, in metres.
RIVERSIDE_M, RIVERSIDE_STEP_M = 85.0, 1_150.0

#: Share of the links that close a loop; of the links that meet the motorway and pass under it.
LOOPS, UNDERPASSES = 0.22, 0.35

#: Private tracks that touch nothing: how many, the room around them in metres.
PRIVATE, PRIVATE_M = 24, 130.0

#: Usual limits in towns and outside, in km/h; 0 is unknown.
SPEEDS = {
    "motorway": (130, 130),
    "motorway_link": (70, 70),
    "primary": (50, 80),
    "secondary": (50, 80),
    "tertiary": (50, 80),
    "unclassified": (50, 0),
    "residential": (30, 0),
    "living_street": (20, 20),
}

#: Classes without cars.
NO_CAR = ("track", "path", "footway", "steps", "cycleway", "pedestrian")

#: What stays when two lines would meet without a node, most important first.
RANKS = (
    *("motorway", "motorway_link", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"),
    *("pedestrian", "service", "cycleway", "footway", "steps", "track", "path"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What the columns of a way say; pieces that say the same can be one line."""

    fclass: str
    name: str = ""
    oneway: str = "B"
    maxspeed: int = 0
    layer: int = 0
    bridge: str = "F"
    tunnel: str = "F"

    @property
    def is_level(self) -> bool:
        """Tell whether it lies on the ground."""
        return self.bridge == self.tunnel == "F"


@dataclass(slots=True)
class Network:
    """Pieces of way between two nodes, in the order in which they were drawn; a run stays or goes as a whole."""

    pieces: dict[tuple[Node, Node], tuple[Way, int]] = field(default_factory=dict)
    runs: int = 0

    def add(self, points: Floats, way: Way) -> None:
        """Draw a run of pieces along some points, but for pieces that exist."""
        nodes = [as_node(point) for point in points]
        for start, end in pairwise(nodes):
            if start != end and (start, end) not in self.pieces and (end, start) not in self.pieces:
                self.pieces[start, end] = (way, self.runs)
        self.runs += 1

    def lines(self) -> npt.NDArray[np.object_]:
        """Give each piece as a line."""
        return as_lines(list(self.pieces))

    def degrees(self) -> dict[Node, int]:
        """Count the pieces at each node."""
        count: dict[Node, int] = defaultdict(int)
        for start, end in self.pieces:
            count[start] += 1
            count[end] += 1
        return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Land:
    """What roads must respect: towns with their outlines, rivers, the motorway, the stations."""

    communes: gpd.GeoDataFrame
    towns: pd.DataFrame
    outlines: gpd.GeoSeries
    hamlets: Floats
    water: shapely.Geometry
    banks: shapely.Geometry
    axis: shapely.LineString
    stations: gpd.GeoSeries


def main() -> None:
    """Write the fictitious roads and print what they hold."""
    parser = argparse.ArgumentParser(description="Write the fictitious roads of the sample.")
    parser.add_argument("--out", type=Path, default=SAMPLE, help="folder to write to")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    network = draw_network(read_land())
    ways = as_ways(network)
    write_ways(ways, out / "roads.gpkg")
    vertices = shapely.get_num_coordinates(ways.geometry.to_numpy()).sum()
    print(f"{len(ways)} ways of {vertices} vertices, {(out / 'roads.gpkg').stat().st_size / 1000:.0f} kB")
    print(f"{ways.length.sum() / 1000:.0f} km, {main_share(network):.2%} in one piece")
    print((ways.length.groupby(ways["fclass"]).sum() / 1000).round(1).to_string())


def draw_network(country: Land) -> Network:
    """Draw everything, the most important first."""
    network = Network()
    overpasses = draw_motorway(network, country)
    edges = draw_roads(network, country, overpasses)
    streets = draw_streets(country, edges)
    draw_edges(network, edges, country)
    for points, way in streets:
        network.add(points, way)
    untangle(network)
    keep_main(network)
    draw_tracks(network, country)
    untangle(network)
    keep_main(network)
    demote(network)
    open_traps(network)
    draw_private(network, country)
    return network


# --- Coordinates ---------------------------------------------------------------------------------------------------


def as_node(point: Floats) -> Node:
    """Round a point to the centimetre."""
    return round(float(point[0]) * 100), round(float(point[1]) * 100)


def as_lines(pairs: list[tuple[Node, Node]]) -> npt.NDArray[np.object_]:
    """Give the straight lines between pairs of nodes."""
    lines: npt.NDArray[np.object_] = shapely.linestrings(np.array(pairs, dtype=float).reshape(-1, 2, 2) / 100)
    return lines


def metres(node: Node) -> Floats:
    """Give a node in metres."""
    return np.array(node) / 100


def unit(vector: Floats) -> Floats:
    """Give a vector the length 1."""
    return vector / np.hypot(*vector)


# --- Land ----------------------------------------------------------------------------------------------------------


def read_land() -> Land:
    """Read what the other scripts drew."""
    communes = land.read_communes()
    towns = land.place_towns(communes)
    knots = [land.midway(communes, *pair) for pair in land.DURANCE]
    durance = land.draw_river([land.beyond(knots[1], knots[0]), *knots, land.beyond(knots[-2], knots[-1])])
    sources = [land.midway(communes, *pair) for pair in land.VERDON]
    verdon = land.draw_river([land.beyond(sources[1], sources[0]), *sources, knots[-1]])
    water = shapely.union_all(
        [
            land.ribbon(durance, land.widths_along(durance, land.DURANCE_M)),
            land.ribbon(verdon, land.widths_along(verdon, land.VERDON_M)),
        ]
    )
    banks = shapely.union_all([land.ribbon(durance, land.BANKS_M), water.buffer(25)])
    table = pd.read_csv(land.FACTS / "stations.csv", dtype={"uic_code": str}, index_col="uic_code")
    stations = gpd.GeoSeries.from_xy(table["lon"], table["lat"], index=table.index, crs=WGS_84).to_crs(LAMBERT_93)
    axis = motorway_axis(durance, communes.union_all().buffer(1_200))
    outlines, hamlets = outline_towns(communes, towns, stations, shapely.union_all([banks, axis.buffer(115)]))
    return Land(
        communes=communes,
        towns=towns,
        outlines=outlines,
        hamlets=hamlets,
        water=water,
        banks=banks,
        axis=axis,
        stations=stations,
    )


def motorway_axis(durance: Floats, extent: shapely.Geometry) -> shapely.LineString:
    """Follow the Durance from north to south on its right bank, smoothly."""
    ahead = np.gradient(durance, axis=0)
    side = np.column_stack([ahead[:, 1], -ahead[:, 0]]) / np.hypot(*ahead.T)[:, None]
    knots = durance + MOTORWAY_M * side
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T))])
    line = CubicSpline(length, knots)(np.linspace(0, length[-1], round(length[-1] / MOTORWAY_STEP_M)))
    return shapely.LineString(line[shapely.contains_xy(extent, line)])


def outline_towns(
    communes: gpd.GeoDataFrame, towns: pd.DataFrame, stations: gpd.GeoSeries, kept_free: shapely.Geometry
) -> tuple[gpd.GeoSeries, Floats]:
    """Outline the built land around the centre of each town; give apart the middles of the hamlets."""
    files = [SAMPLE / f"ocsge_{departement}_{years[0]}.gpkg" for departement, years in land.VINTAGES.items()]
    cover = pd.concat([gpd.read_file(path) for path in files], ignore_index=True)
    is_built = cover["CODE_CS"].isin(land.BUILT) | cover["CODE_US"].isin(["US2", "US3", "US5"])
    built = cover[is_built].assign(commune=cover["ID"].str[7:12])
    outlines, hamlets = [], []
    for code in communes.index:
        shapes = shapely.union_all(built.geometry[built["commune"] == code].to_numpy()).buffer(-45).buffer(95)
        centre = shapely.Point(towns.loc[code, ["x", "y"]])
        reach = centre.buffer(1.5 * towns.loc[code, "radius"])
        parts = shapely.get_parts(shapes)
        is_town = shapely.intersects(parts, reach)
        town = shapely.union_all([*parts[is_town], centre.buffer(0.55 * towns.loc[code, "radius"])])
        for uic_code, (commune, _, reach_m) in STATIONS.items():
            if commune == code:
                around = shapely.LineString([centre, stations[uic_code]]).buffer(reach_m)
                town = shapely.union_all([town, around & stations[uic_code].buffer(1.7 * reach_m)])
        town = town.buffer(110).buffer(-145).difference(kept_free).buffer(-30).buffer(30).simplify(25)
        town = max(shapely.get_parts(town), key=lambda part: part.area)
        outlines.append(shapely.Polygon(np.round(shapely.get_coordinates(town.exterior))))
        hamlets.extend(shapely.get_coordinates(shapely.centroid(parts[~is_town])))
    return gpd.GeoSeries(outlines, index=communes.index, crs=LAMBERT_93), np.array(hamlets)


# --- Motorway ------------------------------------------------------------------------------------------------------


def draw_motorway(network: Network, country: Land) -> dict[tuple[str, str], float]:
    """Draw the carriageways and the ramps; say where the roads of the interchanges cross, along each of them."""
    axis, roads = country.axis, {pair: line for pair, _, line in choose_roads(country)}
    crossings, ramps = {}, []
    for pair in INTERCHANGES:
        line = roads[pair] if pair in roads else roads[pair[::-1]]
        cross = line.intersection(axis)
        crossings[pair if pair in roads else pair[::-1]] = line.project(cross)
        ramps.append((axis.project(cross), line, line.project(cross)))
    link = Way(fclass="motorway_link", oneway="F", maxspeed=SPEEDS["motorway_link"][1])
    for side in (1, -1):
        marks = np.concatenate([at + np.array([-RAMP_M, RAMP_M]) for at, _, _ in ramps])
        along = np.sort(np.concatenate([axis.project(shapely.points(shapely.get_coordinates(axis))), marks]))
        lane = beside(axis, along, side * CARRIAGEWAY_M)
        network.add(lane[::side], Way(fclass="motorway", name="Autoroute", oneway="F", maxspeed=130))
        for at, line, cross in ramps:
            junctions = [np.array(line.interpolate(cross + way * JUNCTION_M).coords[0]) for way in (-1, 1)]
            middle = np.array(axis.interpolate(at).coords[0])
            right = beside(axis, np.array([at]), side)[0] - middle
            end = max(junctions, key=lambda point: float((point - middle) @ right))
            for step in (-1, 1):
                run = np.vstack(
                    [
                        beside(axis, at + step * np.array([RAMP_M]), side * CARRIAGEWAY_M),
                        beside(axis, at + step * RAMP_M * np.array([0.75, 0.35]), side * np.array([[20.0], [48.0]])),
                        end,
                    ]
                )
                network.add(run if step * side < 0 else run[::-1], link)
    return crossings


def beside(axis: shapely.LineString, along: Floats, side_m: float | Floats) -> Floats:
    """Give points at some distances along an axis, and to the right of it."""
    before, here, after = (
        shapely.get_coordinates(axis.interpolate(np.clip(along + step, 0, axis.length))) for step in (-20, 0, 20)
    )
    ahead = after - before
    right = np.column_stack([ahead[:, 1], -ahead[:, 0]]) / np.hypot(*ahead.T)[:, None]
    points: Floats = here + side_m * right
    return points


# --- Roads between towns -------------------------------------------------------------------------------------------


def choose_roads(country: Land) -> list[tuple[tuple[str, str], str, shapely.LineString]]:
    """Choose which towns a road links: pair of communes, class, line."""
    places = country.towns[["x", "y"]].to_numpy()
    codes = country.towns.index.tolist()
    corners = Delaunay(places).simplices
    pairs = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0)
    lengths = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    tree = {(tuple(line[0]), tuple(line[-1])) for line in land.draw_roads(country.towns)}
    forced = {tuple(sorted(pair)) for pair in (*BRIDGES, *pairwise(VALLEY))}
    near = {tuple(places[i]): i for i in range(len(places))}
    chosen = [(near[start], near[end]) for start, end in sorted(tree)]
    wanted = [(codes.index(first), codes.index(second)) for first, second in sorted(forced)]
    chosen += [pair for pair in wanted if pair not in chosen and pair[::-1] not in chosen]
    extent = country.communes.union_all().buffer(400)
    for row in np.argsort(np.round(lengths, 1), kind="stable"):
        i, j = (int(end) for end in pairs[row])
        line = shapely.LineString(land.bend(places[i], places[j]))
        known = (i, j) in chosen or (j, i) in chosen
        if known or lengths[row] > LINK_M or line.intersects(country.banks) or not extent.covers(line):
            continue
        if detour(places, chosen, i, j) > DETOUR * lengths[row] and opens_wide(places, chosen, i, j):
            chosen.append((i, j))
    people = country.communes["population"].to_numpy()
    valley = set(pairwise(VALLEY)) | set(pairwise(VALLEY[::-1]))
    roads = []
    for i, j in chosen:
        least, pair = min(people[i], people[j]), (codes[i], codes[j])
        fclass = "secondary" if least >= SECONDARY else "tertiary" if least >= TERTIARY else "unclassified"
        fclass = "secondary" if {pair, pair[::-1]} & set(INTERCHANGES) else "primary" if pair in valley else fclass
        roads.append((pair, fclass, shapely.LineString(round_corners(land.bend(places[i], places[j])))))
    return roads


def detour(places: Floats, links: list[tuple[int, int]], start: int, end: int) -> float:
    """Measure the way between two towns along the links that exist."""
    ends = np.array(links).T
    lengths = np.hypot(*(places[ends[0]] - places[ends[1]]).T)
    graph = coo_array((lengths, ends), shape=(len(places),) * 2)
    return float(dijkstra(graph.tocsr(), directed=False, indices=start)[end])


def opens_wide(places: Floats, links: list[tuple[int, int]], start: int, end: int) -> bool:
    """Tell whether a link leaves both its towns well apart from the links that exist."""
    for here, there in ((start, end), (end, start)):
        ahead = unit(places[there] - places[here])
        others = [b if a == here else a for a, b in links if here in (a, b)]
        if any(unit(places[other] - places[here]) @ ahead > np.cos(np.radians(LINK_ANGLE)) for other in others):
            return False
    return True


def round_corners(line: Floats) -> Floats:
    """Cut each corner of a line into three vertices."""
    points = [line[0]]
    for before, corner, after in zip(line[:-2], line[1:-1], line[2:], strict=True):
        reach = min(CORNER_M, 0.4 * np.hypot(*(corner - before)), 0.4 * np.hypot(*(after - corner)))
        first, last = corner + reach * unit(before - corner), corner + reach * unit(after - corner)
        points += [first, 0.25 * first + 0.5 * corner + 0.25 * last, last]
    return np.array([*points, line[-1]])


def draw_roads(network: Network, country: Land, overpasses: dict[tuple[str, str], float]) -> list[Edge]:
    """Draw the bridges; give the rest of the roads, the boulevards and the outlines, cut where they meet."""
    ground: list[tuple[shapely.LineString, Way | None]] = []
    wet = country.water.buffer(ABUTMENT_M)
    for pair, fclass, line in choose_roads(country):
        way = Way(fclass=fclass, name=f"Route {'-'.join(sorted(pair))}" if fclass != "unclassified" else "")
        corners = shapely.get_coordinates(line)
        places = line.project(shapely.points(corners))
        spans = [
            sorted(float(place) for place in line.project(shapely.points(shapely.get_coordinates(part)[[0, -1]])))
            for part in shapely.get_parts(line.intersection(wet))
            if part.length > 0
        ]
        crossings = shapely.get_parts(line.intersection(country.axis))
        crossed = [float(line.project(point)) for point in crossings if not point.is_empty]
        spans += [[at - OVERPASS_M, at + OVERPASS_M] for at in crossed]
        marks = {0.0, line.length, *(end for span in spans for end in span)}
        if pair in overpasses:
            marks |= {overpasses[pair] - JUNCTION_M, overpasses[pair] + JUNCTION_M}
        for start, end in pairwise(sorted(marks)):
            inner = corners[(places > start + 1) & (places < end - 1)]
            ends = [np.array(line.interpolate(mark).coords[0]) for mark in (start, end)]
            part = np.round(np.vstack([ends[0], inner, ends[1]]), 2)
            if any(first <= (start + end) / 2 <= last for first, last in spans):
                network.add(part, replace(way, bridge="T", layer=1, maxspeed=SPEEDS[fclass][1]))
            else:
                ground.append((shapely.LineString(part), way))
    ground += [line for code in country.towns.index for line in main_streets(country, code)]
    ground += [(outline.exterior, None) for outline in country.outlines]
    return cut_edges(ground, country)


def main_streets(country: Land, code: str) -> list[tuple[shapely.LineString, Way | None]]:
    """Give the boulevards, the ring road and the avenue of the station of a town."""
    town, people = country.towns.loc[code], country.communes.loc[code, "population"]
    centre = town[["x", "y"]].to_numpy(dtype=float)
    lines = []
    for (least, share), fclass in ((BOULEVARDS, "tertiary"), (RING_ROAD, "tertiary")):
        if people >= least:
            radius = max(share * town["radius"], 130.0)
            random = land.random_of(code, "ring", f"{share}")
            turns = np.arange(count := max(10, round(radius / 26))) * 2 * np.pi / count + random.random()
            waves = 1 + 0.08 * np.cos(2 * turns + 7 * random.random()) + 0.05 * np.cos(3 * turns + 7 * random.random())
            ring = centre + (radius * waves)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
            lines.append((np.vstack([ring, ring[:1]]), Way(fclass=fclass, name=f"Boulevard {len(lines) + 1}")))
    for uic_code, (commune, bearing, _) in STATIONS.items():
        if commune == code:
            ahead = np.array([np.sin(np.radians(bearing)), np.cos(np.radians(bearing))])
            spot = np.array(country.stations[uic_code].coords[0]) + STATION_OFF_M * np.array([-ahead[1], ahead[0]])
            avenue = [spot - 3_000 * ahead, spot + 3_000 * ahead]
            lines.append((np.array(avenue), Way(fclass="tertiary", name="Avenue de la Gare")))
    parts: list[tuple[shapely.LineString, Way | None]] = []
    for points, way in lines:
        clipped = shapely.get_parts(shapely.LineString(np.round(points, 2)).intersection(country.outlines[code]))
        parts += [(part, way) for part in clipped if part.geom_type == "LineString"]
    return parts


@dataclass(slots=True, kw_only=True)
class Edge:
    """A main street or road, or a piece of an outline (no way), between two crossings.

    Its points are the vertices, always drawn, and between them the places where a street may end, drawn if used.
    """

    line: shapely.LineString
    way: Way | None
    points: Floats
    drawn: Mask


def cut_edges(ground: list[tuple[shapely.LineString, Way | None]], country: Land) -> list[Edge]:
    """Cut all lines where they meet, on the grid of the coordinates."""
    sources = np.array([line for line, _ in ground])
    parts = shapely.get_parts(shapely.union_all(sources, grid_size=land.GRID_M))
    parts = parts[np.lexsort(shapely.get_coordinates(shapely.get_point(parts, 0)).T)]
    middles = shapely.line_interpolate_point(parts, 0.5, normalized=True)
    tree = shapely.STRtree(sources)
    towns = shapely.union_all(country.outlines.to_numpy())
    edges = []
    for part, middle in zip(parts, middles, strict=True):
        found = [ground[row][1] for row in sorted(tree.query(middle, predicate="dwithin", distance=0.05))]
        ways = sorted((way for way in found if way), key=lambda way: RANKS.index(way.fclass))
        way = ways[0] if ways else None
        if way:
            way = replace(way, maxspeed=SPEEDS[way.fclass][0 if towns.contains(middle) else 1])
        points, drawn = [], []
        corners = shapely.get_coordinates(part)
        apart = np.minimum(*(np.hypot(*(corners - corners[end]).T) for end in (0, -1)))
        apart[[0, -1]] = np.inf
        for start, end in pairwise(corners[apart > NEAREST_M]):
            count = max(1, round(np.hypot(*(end - start)) / CANDIDATE_M))
            points += [start + (end - start) * step / count for step in range(count)]
            drawn += [True] + [False] * (count - 1)
        points.append(shapely.get_coordinates(part)[-1])
        edges.append(Edge(line=part, way=way, points=np.round(points, 2), drawn=np.array([*drawn, True])))
    return edges


def draw_edges(network: Network, edges: list[Edge], country: Land) -> None:
    """Draw the roads with the vertices that streets use, and one every so often for the tracks."""
    towns = shapely.union_all(country.outlines.to_numpy())
    for edge in edges:
        if edge.way:
            if not towns.intersects(edge.line):
                edge.drawn[:: round(track_spacing(country, edge.points[0]) / CANDIDATE_M)] = True
            network.add(edge.points[edge.drawn], edge.way)


def track_spacing(country: Land, point: Floats) -> float:
    """Give the distance between tracks around a point."""
    return TRACK_M if country.stations.distance(shapely.Point(point)).min() < NEAR_M else TRACK_FAR_M


# --- Streets -------------------------------------------------------------------------------------------------------


def draw_streets(country: Land, edges: list[Edge]) -> list[tuple[Floats, Way]]:
    """Fill each quarter of each town with a grid of streets, and mark the points of the edges where they end."""
    quarters = shapely.get_parts(shapely.polygonize([edge.line for edge in edges]))
    inner = shapely.point_on_surface(quarters)
    order = np.lexsort(shapely.get_coordinates(inner).T)
    tree = shapely.STRtree([edge.line.interpolate(0.5, normalized=True) for edge in edges])
    counts: dict[str, int] = defaultdict(int)
    streets = []
    for row in order:
        towns = country.outlines.index[country.outlines.contains(inner[row])]
        if len(towns) == 0 or quarters[row].area < 6_000:
            continue
        around = sorted(tree.query(quarters[row], predicate="dwithin", distance=0.05))
        sides = [edges[side] for side in around if edges[side].way]
        if sides:
            quarter = Quarter(country, towns[0], quarters[row], sides)
            streets += quarter.streets(counts)
    return streets


class Quarter:
    """A part of a town between its main streets: where its grid of streets stands, and what becomes of it."""

    def __init__(self, country: Land, code: str, shape: shapely.Polygon, sides: list[Edge]) -> None:
        self.country, self.code, self.shape, self.sides = country, code, shape, sides
        self.random = land.random_of(code, "quarter", "{:.0f} {:.0f}".format(*shape.bounds))
        self.centre = country.towns.loc[code, ["x", "y"]].to_numpy(dtype=float)
        self.radius = float(country.towns.loc[code, "radius"])
        self.ends = [(side, rank) for side in sides for rank in range(len(side.points))]
        self.candidates = cKDTree(np.vstack([side.points for side in sides]))
        self.lines = shapely.union_all([side.line for side in sides])
        self.loose = shape.buffer(0.5)
        shapely.prepare(self.loose)
        middle = np.array(shape.centroid.coords[0])
        self.is_old = np.hypot(*(middle - self.centre)) < 0.95 * max(BOULEVARDS[1] * self.radius, 130.0)
        self.is_old &= country.communes.loc[code, "population"] >= BOULEVARDS[0]
        away = country.stations.distance(shapely.Point(middle)).min()
        usual = STATION_M if away < NEAR_STATION_M else DENSE_M if away < NEAR_M else SPARSE_M
        self.side_m = (CENTRE_M if self.is_old else usual) * (0.94 + 0.12 * self.random.random())

    def streets(self, counts: dict[str, int]) -> list[tuple[Floats, Way]]:
        """Draw the pieces of the streets of both directions."""
        grid, state = self.grid()
        drawn = []
        for turned in (False, True):
            spots, kinds = (np.swapaxes(grid, 0, 1), state.T) if turned else (grid, state)
            for rank in range(len(spots)):
                runs = self.street(
                    spots[rank], kinds[rank], merged=MERGED[turned], is_collector=rank % (COLLECTOR + turned) == 1
                )
                if runs:
                    counts[self.code] += 1
                    drawn += self.describe(runs, f"Rue {counts[self.code]}", rank)
        return drawn

    def grid(self) -> tuple[Floats, Floats]:
        """Place the crossings, along the longest side; their state: 0 outside, 1 inside, 2 and more on a side."""
        chords = [pair for side in self.sides for pair in pairwise(shapely.get_coordinates(side.line))]
        start, end = max(chords, key=lambda pair: round(float(np.hypot(*(pair[1] - pair[0]))), 2))
        ahead = unit(end - start)
        reach = int(np.hypot(*(np.array(self.shape.bounds[2:]) - self.shape.bounds[:2])) / self.side_m) + 2
        rows, columns = np.meshgrid(np.arange(-reach, reach), np.arange(-reach, reach), indexing="ij")
        flat = rows[..., None] * np.array([-ahead[1], ahead[0]]) + columns[..., None] * ahead
        points = ((start + end) / 2 + self.side_m * flat).reshape(-1, 2)
        warp = np.column_stack([land.noise(points, f"warp {axis}", WARP_M) for axis in "xy"])
        points = points + WARP * self.side_m * warp + 0.10 * self.side_m * (self.random.random(points.shape) - 0.5)
        inside = shapely.contains_xy(self.shape, points)
        near = shapely.distance(shapely.points(points), self.lines) < SNAP * self.side_m
        state = np.where(near, self.candidates.query(points)[1] + 2, inside.astype(int))
        points[near] = self.candidates.data[state[near] - 2]
        return np.round(points, 2).reshape(*rows.shape, 2), state.reshape(rows.shape)

    def street(self, spots: Floats, kinds: Floats, *, merged: float, is_collector: bool) -> list[Piece]:
        """Give the pieces of one street that exist; what would cross a side ends there, on both sides of it."""
        pieces = []
        for ends, (first, last) in zip(pairwise(spots), pairwise(kinds.tolist()), strict=True):
            kept = is_collector or self.random.random() > merged * self.emptiness((ends[0] + ends[1]) / 2)
            if not kept or min(first, last) == 0 != max(first, last) - 1 or min(first, last) > 1:
                continue
            hit = self.lines.intersection(shapely.LineString(ends)) if first < 2 > last else shapely.Point()
            if hit.is_empty and 0 in (first, last):
                continue
            halves = [(first, last, *ends)]
            if not hit.is_empty:
                row = int(self.candidates.query(shapely.get_coordinates(hit)[0])[1])
                spot = self.candidates.data[row]
                halves = [(first, row + 2, ends[0], spot)] if first else []
                halves += [(row + 2, last, spot, ends[1])] if last else []
            for one, other, start, end in halves:
                line = shapely.LineString([start, end])
                clear = line.length > SHORTEST_M and self.country.stations.distance(line).min() > STATION_CLEAR_M
                if clear and self.loose.covers(line):
                    pieces.append((np.array([start, end]), one, other))
        return pieces

    def emptiness(self, point: Floats) -> float:
        """Say how large blocks are around a point, from 0.4 in an old centre to 2."""
        if self.is_old:
            return 0.4
        far = min(float(np.hypot(*(point - self.centre))) / self.radius, 1.3)
        near_station = self.country.stations.distance(shapely.Point(point)).min() < NEAR_STATION_M
        return min(1 + 0.8 * far, 1.2 if near_station else 2.0)

    def describe(self, pieces: list[Piece], name: str, rank: int) -> list[tuple[Floats, Way]]:
        """Say what each piece of a street is, and mark the points of the sides where it ends."""
        random = land.random_of(self.code, name)
        share = ONEWAY_CENTRE if self.is_old else ONEWAY
        oneway = "BFT"[0 if random.random() > share else 1 + rank % 2]
        usual = "living_street" if self.is_old and random.random() < 0.4 else "residential"
        usual = "pedestrian" if self.is_old and random.random() < 0.18 else usual
        drawn = []
        for points, first, last in pieces:
            chance = random.random()
            odd = next((fclass for fclass, most in ODD_PIECES if chance < most), None)
            fclass = odd or usual
            way = Way(
                fclass=fclass,
                name="" if odd else name,
                oneway="B" if fclass in NO_CAR else oneway,
                maxspeed=0 if fclass not in SPEEDS else SPEEDS[fclass][0],
            )
            for kind in (first, last):
                if kind > 1:
                    side, point = self.ends[kind - 2]
                    side.drawn[point] = True
            drawn.append((points, way))
        return drawn


# --- What must hold ------------------------------------------------------------------------------------------------


def untangle(network: Network) -> None:
    """Drop the less important of two runs that meet on the ground elsewhere than at a node."""
    keys = list(network.pieces)
    lines = network.lines()
    level = np.array([network.pieces[key][0].is_level for key in keys])
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    pairs = (first < second) & level[first] & level[second]
    first, second = first[pairs], second[pairs]
    wrong = ~shapely.relate_pattern(lines[first], lines[second], ONLY_ENDS_TOUCH)
    dropped: set[int] = set()
    for i, j in sorted(zip(first[wrong].tolist(), second[wrong].tolist(), strict=True)):
        ranked = sorted(
            (RANKS.index(network.pieces[keys[row]][0].fclass), network.pieces[keys[row]][1]) for row in (i, j)
        )
        if ranked[0][1] not in dropped:
            dropped.add(ranked[1][1])
    network.pieces = {key: value for key, value in network.pieces.items() if value[1] not in dropped}


def pieces_of(network: Network) -> tuple[npt.NDArray[np.int32], Floats, int]:
    """Tell which pieces hold together: part of each piece, length of each, the longest part."""
    number = {node: rank for rank, node in enumerate(network.degrees())}
    ends = np.array([(number[start], number[end]) for start, end in network.pieces]).T
    graph = coo_array((np.ones(ends.shape[1]), ends), shape=(len(number),) * 2)
    part = connected_components(graph, directed=False)[1][ends[0]]
    lengths = shapely.length(network.lines())
    return part, lengths, int(np.argmax(np.bincount(part, weights=lengths)))


def keep_main(network: Network) -> None:
    """Drop all that is not joined to the main part."""
    part, _, main_part = pieces_of(network)
    network.pieces = {
        key: network.pieces[key] for key, one in zip(list(network.pieces), part, strict=True) if one == main_part
    }


def main_share(network: Network) -> float:
    """Measure the share of the length that holds in one piece."""
    part, lengths, main_part = pieces_of(network)
    return float(lengths[part == main_part].sum() / lengths.sum())


def demote(network: Network) -> None:
    """Make tracks of the small roads that cars could not reach."""
    cars = Network({key: value for key, value in network.pieces.items() if value[0].fclass not in NO_CAR})
    part, _, main_part = pieces_of(cars)
    for key, one in zip(cars.pieces, part, strict=True):
        way, run = network.pieces[key]
        if one != main_part and way.fclass == "unclassified":
            network.pieces[key] = (replace(way, fclass="track"), run)


def open_traps(network: Network) -> None:
    """Let cars go both ways in streets that they could enter but not leave, or the reverse."""
    for _ in range(8):
        open_keys = [key for key, (way, _) in network.pieces.items() if way.fclass not in NO_CAR]
        number = {node: rank for rank, node in enumerate(network.degrees())}
        arcs = [(number[a], number[b]) for a, b in open_keys if network.pieces[a, b][0].oneway in "BF"]
        arcs += [(number[b], number[a]) for a, b in open_keys if network.pieces[a, b][0].oneway in "BT"]
        graph = coo_array((np.ones(len(arcs)), np.array(arcs).T), shape=(len(number),) * 2)
        part = connected_components(graph, connection="strong")[1]
        main_part = np.argmax(np.bincount(part))
        trapped = [
            key
            for key in open_keys
            if network.pieces[key][0].oneway != "B"
            and not network.pieces[key][0].fclass.startswith("motorway")
            and not part[number[key[0]]] == part[number[key[1]]] == main_part
        ]
        if not trapped:
            break
        for key in trapped:
            way, run = network.pieces[key]
            network.pieces[key] = (replace(way, oneway="B"), run)


# --- Tracks --------------------------------------------------------------------------------------------------------


def draw_tracks(network: Network, country: Land) -> None:
    """Link the roads, the ends of streets, the hamlets and points of the open country."""
    degrees = network.degrees()
    towns = shapely.union_all(country.outlines.to_numpy())
    nodes = sorted({node for key, (way, _) in network.pieces.items() if way.is_level for node in key})
    spots = np.array(nodes) / 100
    motorway = {node for key, (way, _) in network.pieces.items() if way.fclass.startswith("motorway") for node in key}
    in_town = shapely.distance(shapely.points(spots), towns) < 1
    gates = [node for node, is_in in zip(nodes, in_town, strict=True) if is_in and degrees[node] == 1]
    doors = [node for node, is_in in zip(nodes, in_town, strict=True) if not is_in and node not in motorway]
    known = thin_out(np.array([*doors, *gates]) / 100, 260.0)
    free = shapely.union_all([towns.buffer(110), country.banks, country.axis.buffer(90)])
    open_points = np.vstack([country.hamlets, *(open_spots(country, code) for code in country.communes.index)])
    open_points = open_points[~shapely.contains_xy(free, open_points)]
    open_points = open_points[cKDTree(spots).query(open_points)[0] > 230]
    open_points = thin_out(np.round(open_points, 2), 300.0)
    along = np.arange(RIVERSIDE_STEP_M, country.axis.length, RIVERSIDE_STEP_M)
    riverside = np.round(beside(country.axis, along, -RIVERSIDE_M), 2)
    places = np.vstack([known, open_points, riverside])
    links = link_places(network, country, places, len(known))
    for i, j in links:
        for line, way in bend_track(country, places[i], places[j]):
            network.add(line, way)


def open_spots(country: Land, code: str) -> Floats:
    """Scatter points over a commune."""
    spacing = track_spacing(country, country.towns.loc[code, ["x", "y"]].to_numpy(dtype=float))
    return land.grid_inside(country.communes.geometry[code], spacing, land.random_of(code, "tracks"))


def thin_out(points: Floats, apart_m: float) -> Floats:
    """Keep the points that are not near an earlier one."""
    tree, kept = cKDTree(points), np.ones(len(points), dtype=bool)
    for row in range(len(points)):
        if kept[row]:
            near = tree.query_ball_point(points[row], apart_m)
            kept[[other for other in near if other > row]] = False
    return points[kept]


def link_places(network: Network, country: Land, places: Floats, known: int) -> list[tuple[int, int]]:
    """Choose links that meet nothing: a tree that hangs from the known places, and some that close a loop."""
    corners = Delaunay(places).simplices
    pairs = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0)
    lengths = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    longest = np.array([1.9 * track_spacing(country, places[i]) for i in pairs[:, 0]])
    pairs = pairs[(lengths < longest) & (pairs[:, 1] >= 0)]
    lines = shapely.linestrings(places[pairs])
    hindered = shapely.intersects(lines, country.water.buffer(15))
    keys = list(network.pieces)
    level = np.array([network.pieces[key][0].fclass[:8] != "motorway" for key in keys])
    drawn = network.lines()[level]
    row, other = shapely.STRtree(drawn).query(lines, predicate="intersects")
    hindered[row[~shapely.relate_pattern(lines[row], drawn[other], ONLY_ENDS_TOUCH)]] = True
    ramps = network.lines()[[network.pieces[key][0].fclass == "motorway_link" for key in keys]]
    hindered[shapely.distance(lines, shapely.union_all(ramps)) < 40] = True
    pairs, lines = pairs[~hindered], lines[~hindered]
    under = shapely.intersects(lines, country.axis.buffer(CARRIAGEWAY_M + 25))
    straight = shapely.length(shapely.intersection(lines, country.axis.buffer(60))) < 150
    draws = np.array([land.random_of("link", *(f"{v:.0f}" for v in places[pair].ravel())).random() for pair in pairs])
    fine = ~under | (straight & shapely.intersects(lines, country.axis) & (draws < UNDERPASSES))
    pairs, draws, lengths = pairs[fine], draws[fine], shapely.length(lines[fine])
    root = list(range(len(places)))

    def find(node: int) -> int:
        while root[node] != node:
            node = root[node]
        return node

    root[:known] = [0] * known
    chosen = []
    for row in np.argsort(np.round(lengths, 1), kind="stable"):
        i, j = (int(end) for end in pairs[row])
        if find(i) != find(j) or draws[row] < LOOPS * (1 if j >= known else 0.25):
            root[find(j)] = find(i)
            chosen.append((i, j))
    return sorted(chosen)


def bend_track(country: Land, start: Floats, end: Floats) -> list[tuple[Floats, Way]]:
    """Bend a link a little; under the motorway it is a short tunnel."""
    middle = (start + end) / 2
    kind = land.noise(middle[None], "track kind", 5_000)[0]
    way = Way(fclass="unclassified" if kind > 0.9 else "path" if kind < -0.8 else "track")
    line = shapely.LineString([start, end])
    if line.intersects(country.axis):
        at = line.project(line.intersection(country.axis))
        ends = [np.array(line.interpolate(at + step).coords[0]) for step in (-OVERPASS_M, OVERPASS_M)]
        under = replace(way, tunnel="T", layer=-1)
        return [(np.array([start, ends[0]]), way), (np.array(ends), under), (np.array([ends[1], end]), way)]
    across = np.array([start[1] - end[1], end[0] - start[0]])
    random = land.random_of("track", *(f"{value:.0f}" for value in (*start, *end)))
    turns = 0.22 * random.random(2) - 0.11
    bends = [start + share * (end - start) + turn * across for share, turn in zip((0.33, 0.67), turns, strict=True)]
    bent = np.vstack([start, *bends, end])
    hindered = shapely.LineString(bent).intersects(shapely.union(country.water.buffer(15), country.axis.buffer(40)))
    return [(np.array([start, end]) if hindered else bent, way)]


def draw_private(network: Network, country: Land) -> None:
    """Draw tracks of a farm or a forest that touch nothing."""
    drawn = shapely.STRtree(network.lines())
    taken = shapely.union_all([*country.outlines, country.banks, country.axis.buffer(150)])
    count = 0
    spots = np.vstack([country.towns.loc[code, ["x", "y"]].to_numpy(dtype=float) for code in country.towns.index])
    for turn in range(40):
        for code, spot in zip(country.towns.index, spots, strict=True):
            random = land.random_of(code, "private", str(turn))
            angle, reach = 7 * random.random(), 900 + 2_500 * random.random()
            start = spot + reach * np.array([np.cos(angle), np.sin(angle)])
            turns = angle + np.cumsum(0.9 * random.random(3) - 0.45)
            steps = (60 + 70 * random.random(3))[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
            line = shapely.LineString(np.vstack([start, start + np.cumsum(steps, axis=0)]))
            room = drawn.query(line, predicate="dwithin", distance=PRIVATE_M)
            if len(room) or line.intersects(taken) or not country.communes.geometry[code].contains(line):
                continue
            network.add(shapely.get_coordinates(line), Way(fclass="track"))
            drawn = shapely.STRtree(network.lines())
            count += 1
            if count == PRIVATE:
                return


# --- Ways ----------------------------------------------------------------------------------------------------------


def as_ways(network: Network) -> gpd.GeoDataFrame:
    """Join the pieces alike that go straight on; number the ways from west to east."""
    mates = pair_ends(network)
    done: set[tuple[Node, Node]] = set()
    rows = []
    first = [key for key in sorted(network.pieces) if (key, 0) not in mates]
    last = [key for key in sorted(network.pieces) if (key, 1) not in mates and network.pieces[key][0].oneway == "B"]
    for key, end in [
        *((key, 0) for key in first),
        *((key, 1) for key in last),
        *((key, 0) for key in sorted(network.pieces)),
    ]:
        if key in done:
            continue
        nodes, here = [key[end]], (key, end)
        while here[0] not in done:
            done.add(here[0])
            nodes.append(here[0][1 - here[1]])
            here = mates.get((here[0], 1 - here[1]), here)
        rows.append((nodes, network.pieces[key][0]))
    rows.sort(key=lambda row: row[0])
    ways = [way for _, way in rows]
    table = {
        "osm_id": [f"FICTIF-{rank + 1:05d}" for rank in range(len(rows))],
        "fclass": [way.fclass for way in ways],
        "name": [way.name or None for way in ways],
        "oneway": [way.oneway for way in ways],
        "maxspeed": np.array([way.maxspeed for way in ways], dtype=np.int32),
        "layer": np.array([way.layer for way in ways], dtype=np.int32),
        "bridge": [way.bridge for way in ways],
        "tunnel": [way.tunnel for way in ways],
    }
    lines = [shapely.LineString(np.array(nodes) / 100) for nodes, _ in rows]
    return gpd.GeoDataFrame(table, geometry=lines, crs=LAMBERT_93)


def pair_ends(network: Network) -> dict[tuple[tuple[Node, Node], int], tuple[tuple[Node, Node], int]]:
    """Pair the ends of pieces alike that go straight on at a node; one-way pieces follow each other."""
    at_node: dict[Node, list[tuple[tuple[Node, Node], int]]] = defaultdict(list)
    for key in network.pieces:
        at_node[key[0]].append((key, 0))
        at_node[key[1]].append((key, 1))
    mates = {}
    for ends in at_node.values():
        turns = []
        for i, (one, side) in enumerate(ends):
            for other, far_side in ends[i + 1 :]:
                way = network.pieces[one][0]
                if way == network.pieces[other][0] and (way.oneway == "B" or side != far_side):
                    ahead = unit(metres(one[1 - side]) - metres(one[side]))
                    back = unit(metres(other[1 - far_side]) - metres(other[far_side]))
                    turns.append((round(float(ahead @ back), 6), (one, side), (other, far_side)))
        for turn, first, second in sorted(turns):
            if turn < -0.5 and first not in mates and second not in mates:
                mates[first], mates[second] = second, first
    return mates


def write_ways(ways: gpd.GeoDataFrame, path: Path) -> None:
    """Write a small GeoPackage whose bytes depend only on the ways."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE, "OGR_SQLITE_PRAGMA": "page_size=2048"})
    draft = path.with_suffix(".draft.gpkg")
    draft.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        ways,
        draft,
        layer=LAYER,
        driver="GPKG",
        geometry_type="LineString",
        layer_options={"SPATIAL_INDEX": "NO", "DESCRIPTION": land.NOTICE},
        dataset_options={"ADD_GPKG_OGR_CONTENTS": "NO", "METADATA_TABLES": "NO"},
    )
    draft.replace(path)
    pyogrio.set_gdal_config_options({"OGR_SQLITE_PRAGMA": None})


if __name__ == "__main__":
    main()
