"""Find which schematic boundaries can stand in for the 51 communes without any file.

The only geometric input is `commune_centroids.csv`: for the 51 communes of the Pays de
Haute-Provence and 95 neighbours, the published area and the centroid to 0.001 degree.
No vertex comes from another producer's boundary file; the result is an illustration
for examples and tests, not a boundary.

Method, in EPSG:2154:

1. Power diagram. Commune i owns the points where the plane `s_i . x - h_i` is highest.
   The sites s and heights h minimise a convex function, whose gradient is the difference
   between the areas and first moments of the cells and the published ones, plus two
   forces on the sites: a spring to the published centroid, and a repulsion that keeps
   neighbouring sites from meeting or swapping. No force acts on the heights, hence areas
   are exact; centroids are close. The frame around the neighbours is made of discs.
2. Roughening. Each straight edge becomes a wandering line by midpoint displacement. The
   random numbers are seeded by the two end points, so both sides of an edge agree; a
   correction keeps the area on each side unchanged. An edge that crosses another is
   drawn again, flatter. Coordinates are whole metres.

Run `python scripts/make_sample.py`; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from scipy.spatial import Delaunay, HalfspaceIntersection

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Edge = tuple[tuple[float, float], tuple[float, float]]

SCRIPTS = Path(__file__).resolve().parent
CENTROIDS = SCRIPTS / "commune_centroids.csv"
SAMPLE = SCRIPTS.parent / "hp_sig" / "layers" / "sample"

LAMBERT_93 = 2154
WGS_84 = 4326

#: Regional nature parks, codes and names of the INPN (DRGP_C_COD, DRGP_L_LIB).
PNR_NAMES = {"FR8000003": "Luberon", "FR8000033": "Verdon"}

#: Date written in the GeoPackages instead of the clock, so that bytes do not change.
FIXED_DATE = "2025-01-01T00:00:00.000Z"

#: Length unit of the solver, in metres: keeps the unknowns near 1.
UNIT_M = 10_000.0

#: The frame is the union of one disc per commune; this ratio of the radius of the disc
#: that has the commune's area makes the frame about as large as all communes together.
FRAME_RADIUS_RATIO = 0.83

#: Gaps and bays of the frame narrower than twice this are filled, in solver units.
FRAME_CLOSING = 0.6

#: Half width of the square that bounds the unclipped diagram, in solver units.
BOX = 40.0

#: Stiffness of the spring from a site to its published centroid (51 communes, others).
#: The others, whose outer side is unknown, hardly move.
SPRING_INSIDE, SPRING_NEIGHBOUR = 0.1, 8.0

#: Strength of the repulsion between neighbouring sites. These three figures were chosen by
#: the share of the land that falls in the right commune: 81 % when laid over
#: ADMIN EXPRESS COG 2020, which serves nowhere else.
REPULSION = 6e-4

#: Newton's method stops when no area or moment misses its balance by more than this:
#: tight enough that no rounding to the metre depends on the machine's last digits.
TOLERANCE, MAX_STEPS = 1e-11, 60

#: Offset of the first midpoint over the length of the edge, and ratio between successive
#: midpoint levels: above 0.5, small wiggles are relatively stronger than large ones.
ROUGHNESS, PERSISTENCE = 0.14, 0.6

#: Subdivision stops at segments shorter than this, in metres.
SEGMENT_M = 300.0

#: How often crossing edges may be drawn again, with half the offsets each time.
MAX_REDRAWS = 20

#: Two edges agree if interiors touch neither the other's interior nor its end points.
ONLY_ENDS_TOUCH = "FF*F*****"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the power diagram must approach, in solver units.

    A link is the vector that measures how far two neighbouring sites are apart along the
    line of their centroids, as a ratio: 1 at the centroids, 0 when the sites meet.
    """

    centroids: Floats
    areas: Floats
    frame: shapely.Polygon
    springs: Floats
    repulsion: float
    pairs: Ints
    links: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Power diagram: node positions, nodes around each cell, clipped cells' measures."""

    nodes: Floats
    rings: list[Ints]
    areas: Floats
    moments: Floats


def main() -> None:
    """Write the sample layers and print how well they match the published figures."""
    parser = argparse.ArgumentParser(description="Write the schematic sample layers.")
    parser.add_argument("--out", type=Path, default=SAMPLE, help="folder to write to")
    out: Path = parser.parse_args().out
    table = read_centroids()
    communes = draw_communes(table)
    pnr = dissolve_pnr(communes, table)
    out.mkdir(parents=True, exist_ok=True)
    write_layer(communes, out / "communes.gpkg", layer="commune")
    write_layer(pnr, out / "pnr.gpkg", layer="pnr")
    print(summary(communes, table))


def read_centroids() -> pd.DataFrame:
    """Read the published facts, one row per commune, with the centroid in metres."""
    table = pd.read_csv(CENTROIDS, dtype={"code": str, "pnr": str}, keep_default_na=False)
    points = gpd.GeoSeries.from_xy(table["lon"], table["lat"], crs=WGS_84)
    points = points.to_crs(LAMBERT_93)
    return table.assign(x=points.x, y=points.y).set_index("code").sort_index()


def draw_communes(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Draw the communes inside the Pays, sorted by code."""
    inside = table["inside"].to_numpy()
    metres = table[["x", "y"]].to_numpy()
    origin = metres.mean(axis=0)
    areas = table["area_ha"].to_numpy() * 10_000 / UNIT_M**2
    target = build_target((metres - origin) / UNIT_M, areas, inside=inside)
    diagram = fit_diagram(target)
    nodes = np.round(diagram.nodes * UNIT_M + origin)
    rings = [nodes[ring] for ring, keep in zip(diagram.rings, inside, strict=True) if keep]
    names = table.loc[inside, "name"]
    return gpd.GeoDataFrame(
        {
            "code_insee": names.index,
            "nom_officiel": names.to_numpy(),
            "code_insee_du_departement": names.index.str[:2],
        },
        geometry=roughen_rings(rings),
        crs=LAMBERT_93,
    )


def dissolve_pnr(communes: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Unite the communes of each regional nature park."""
    members = table.loc[communes["code_insee"], "pnr"].to_numpy()
    parts = [communes.geometry[members == code].to_numpy() for code in PNR_NAMES]
    return gpd.GeoDataFrame(
        {"DRGP_C_COD": list(PNR_NAMES), "DRGP_L_LIB": list(PNR_NAMES.values())},
        geometry=[as_multipolygon(shapely.coverage_union_all(part)) for part in parts],
        crs=LAMBERT_93,
    )


def write_layer(features: gpd.GeoDataFrame, path: Path, *, layer: str) -> None:
    """Write a GeoPackage whose bytes depend only on the features."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    draft = path.with_suffix(".draft.gpkg")
    draft.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        features,
        draft,
        layer=layer,
        driver="GPKG",
        geometry_type="MultiPolygon",
        layer_options={"SPATIAL_INDEX": "NO"},
    )
    draft.replace(path)


def summary(communes: gpd.GeoDataFrame, table: pd.DataFrame) -> str:
    """Say how far the drawing is from the published areas and centroids."""
    facts = table.loc[communes["code_insee"]]
    error = np.abs(communes.area.to_numpy() / (facts["area_ha"].to_numpy() * 10_000) - 1)
    centres = shapely.get_coordinates(communes.centroid.to_numpy())
    offset = np.hypot(*(centres - facts[["x", "y"]].to_numpy()).T)
    return (
        f"{len(communes)} communes, all valid: {communes.is_valid.all()}, "
        f"valid coverage: {communes.geometry.is_valid_coverage()}\n"
        f"largest area error: {error.max():.3%}\n"
        f"centroid offset: {offset.mean():.0f} m on average, {offset.max():.0f} m at most"
    )


# --- Power diagram ---------------------------------------------------------------------


def build_target(centroids: Floats, areas: Floats, *, inside: npt.NDArray[np.bool_]) -> Target:
    """Gather what the diagram must match; neighbours share what the frame leaves."""
    frame = build_frame(centroids, areas)
    left = frame.area - areas[inside].sum()
    fitted = np.where(inside, areas, areas * left / areas[~inside].sum())
    pairs = find_neighbours(centroids)
    apart = centroids[pairs[:, 0]] - centroids[pairs[:, 1]]
    return Target(
        centroids=centroids,
        areas=fitted,
        frame=frame,
        springs=np.where(inside, SPRING_INSIDE, SPRING_NEIGHBOUR) * fitted,
        repulsion=REPULSION,
        pairs=pairs,
        links=apart / (apart**2).sum(axis=1, keepdims=True),
    )


def build_frame(centroids: Floats, areas: Floats) -> shapely.Polygon:
    """Outline all communes, as a union of discs without holes or narrow bays."""
    radii = FRAME_RADIUS_RATIO * np.sqrt(areas / np.pi)
    discs = shapely.union_all(shapely.buffer(shapely.points(centroids), radii))
    closed = discs.buffer(FRAME_CLOSING).buffer(-FRAME_CLOSING)
    frame = shapely.Polygon(shapely.get_coordinates(closed.exterior.simplify(FRAME_CLOSING / 30)))
    shapely.prepare(frame)
    return frame


def find_neighbours(centroids: Floats) -> Ints:
    """Pair the centroids that share a side of the Delaunay triangulation."""
    triangles = Delaunay(centroids).simplices
    pairs = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def fit_diagram(target: Target) -> Diagram:
    """Solve for the sites and heights by Newton's method, with backtracking."""
    heights = ((target.centroids**2).sum(axis=1) - target.areas / np.pi) / 2
    planes = np.column_stack([target.centroids, heights])
    diagram = build_diagram(planes, target.frame)
    smallest = target.areas * (diagram.areas / target.areas).min() / 3
    for _ in range(MAX_STEPS):
        gradient = find_gradient(diagram, planes, target)
        if np.abs(gradient).max() < TOLERANCE:
            return diagram
        step = -np.linalg.solve(find_hessian(diagram, planes, target), gradient.ravel())
        for fraction in 0.5 ** np.arange(30):
            trial = planes + fraction * step.reshape(-1, 3)
            diagram = build_diagram(trial, target.frame)
            remains = np.linalg.norm(find_gradient(diagram, trial, target))
            in_order = (link_ratios(trial, target) > 0).all() and (diagram.areas > smallest).all()
            if in_order and remains < np.linalg.norm(gradient):
                break
        planes = trial
    message = f"The power diagram did not settle in {MAX_STEPS} steps: use stronger forces."
    raise RuntimeError(message)


def build_diagram(planes: Floats, frame: shapely.Polygon) -> Diagram:
    """Intersect the half-spaces above all planes; its facets, seen from above, are cells."""
    count = len(planes)
    sites, heights = planes[:, :2], planes[:, 2]
    ceiling = (BOX * np.abs(sites).sum(axis=1) - heights).max() + 1
    floors = np.column_stack([sites, -np.ones(count), -heights])
    walls = [[1, 0, 0, -BOX], [-1, 0, 0, -BOX], [0, 1, 0, -BOX], [0, -1, 0, -BOX]]
    limits = np.array([*walls, [0, 0, 1, -ceiling]])
    above = np.array([0.0, 0.0, 1 - heights.min()])
    hull = HalfspaceIntersection(np.vstack([floors, limits]), above)
    nodes = hull.intersections[:, :2]
    around: list[list[int]] = [[] for _ in range(count + len(limits))]
    for node, facets in enumerate(hull.dual_facets):
        for facet in facets:
            around[facet].append(node)
    rings = [order_ring(nodes, np.array(ring, dtype=np.intp)) for ring in around[:count]]
    areas, moments = measure_cells(nodes, rings, frame)
    return Diagram(nodes=nodes, rings=rings, areas=areas, moments=moments)


def order_ring(nodes: Floats, ring: Ints) -> Ints:
    """Sort the nodes of a convex cell counter-clockwise."""
    if len(ring) == 0:
        return ring
    x, y = (nodes[ring] - nodes[ring].mean(axis=0)).T
    return ring[np.argsort(np.arctan2(y, x))]


def measure_cells(nodes: Floats, rings: list[Ints], frame: shapely.Polygon) -> tuple[Floats, Floats]:
    """Measure the area and the first moments of each cell clipped to the frame."""
    cells = np.array([shapely.Polygon(nodes[ring]) for ring in rings])
    cut = ~shapely.contains_properly(frame, cells)
    cells[cut] = shapely.intersection(cells[cut], frame)
    areas = shapely.area(cells)
    centres = np.zeros((len(cells), 2))
    centres[areas > 0] = shapely.get_coordinates(shapely.centroid(cells[areas > 0]))
    return areas, areas[:, None] * centres


def find_gradient(diagram: Diagram, planes: Floats, target: Target) -> Floats:
    """Compute the imbalance of moments (columns 1 and 2) and of areas (column 3)."""
    pull = target.springs[:, None] * (planes[:, :2] - target.centroids)
    push = (target.repulsion * (1 - 1 / link_ratios(planes, target)))[:, None] * target.links
    np.add.at(pull, target.pairs[:, 0], push)
    np.add.at(pull, target.pairs[:, 1], -push)
    moments = diagram.moments - target.areas[:, None] * target.centroids + pull
    return np.column_stack([moments, target.areas - diagram.areas])


def link_ratios(planes: Floats, target: Target) -> Floats:
    """Measure how far apart neighbouring sites are, as a ratio to their centroids."""
    first, second = target.pairs.T
    ratios: Floats = ((planes[first, :2] - planes[second, :2]) * target.links).sum(axis=1)
    return ratios


def find_hessian(diagram: Diagram, planes: Floats, target: Target) -> Floats:
    """Compute how moments, areas and forces react when planes move, pair by pair.

    If cell i gains on cell j by `v . (x, y, -1)`, their edge shifts by that gain over the
    distance between the sites. Simpson's rule is exact for the products along an edge.
    """
    count = len(planes)
    pairs, lines = find_shared_edges(diagram, target.frame)
    start = shapely.get_coordinates(shapely.get_point(lines, 0))
    end = shapely.get_coordinates(shapely.get_point(lines, -1))
    distance = np.linalg.norm(planes[pairs[:, 0], :2] - planes[pairs[:, 1], :2], axis=1)
    blocks = np.zeros((len(pairs), 3, 3))
    for points, weight in ((start, 1 / 6), ((start + end) / 2, 4 / 6), (end, 1 / 6)):
        gain = np.column_stack([points, -np.ones(len(points))])
        blocks += weight * gain[:, :, None] * gain[:, None, :]
    blocks *= (shapely.length(lines) / distance)[:, None, None]
    stretch = np.pad(target.links, ((0, 0), (0, 1))) / link_ratios(planes, target)[:, None]
    bonds = target.repulsion * stretch[:, :, None] * stretch[:, None, :]
    hessian = np.zeros((count, count, 3, 3))
    for (first, second), block in ((pairs.T, blocks), (target.pairs.T, bonds)):
        np.add.at(hessian, (first, first), block)
        np.add.at(hessian, (second, second), block)
        np.add.at(hessian, (first, second), -block)
        np.add.at(hessian, (second, first), -block)
    hessian[:, :, 0, 0] += np.diag(target.springs)
    hessian[:, :, 1, 1] += np.diag(target.springs)
    hessian[:, :, 2, 2] += 1 / count  # raising all planes together changes nothing
    return hessian.transpose(0, 2, 1, 3).reshape(3 * count, 3 * count)


def find_shared_edges(diagram: Diagram, frame: shapely.Polygon) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Find the pairs of touching cells and the part of their edge inside the frame."""
    owners: dict[tuple[int, int], list[int]] = {}
    for cell, ring in enumerate(diagram.rings):
        for edge in zip(ring, np.roll(ring, -1), strict=True):
            owners.setdefault((min(edge), max(edge)), []).append(cell)
    shared = {edge: cells for edge, cells in owners.items() if len(cells) > 1}
    whole = shapely.linestrings([diagram.nodes[list(edge)] for edge in shared])
    parts, origin = shapely.get_parts(shapely.intersection(whole, frame), return_index=True)
    kept = shapely.length(parts) > 0
    return np.array(list(shared.values()))[origin[kept]], parts[kept]


# --- Roughening ------------------------------------------------------------------------


def roughen_rings(rings: list[Floats]) -> npt.NDArray[np.object_]:
    """Replace the straight sides of polygons by rough lines shared by both sides."""
    sides = [list_sides(ring) for ring in rings]
    edges = sorted({min(side, side[::-1]) for side in chain.from_iterable(sides)})
    lines = draw_edges(edges)
    return np.array([as_multipolygon(join_sides(ring, lines)) for ring in sides])


def list_sides(ring: Floats) -> list[Edge]:
    """List the sides of a ring of nodes, without those of no length."""
    points = [(float(x), float(y)) for x, y in ring]
    sides = zip(points, [*points[1:], points[0]], strict=True)
    return [(start, end) for start, end in sides if start != end]


def draw_edges(edges: list[Edge]) -> dict[Edge, Floats]:
    """Roughen each edge; halve the offsets of those that cross until none does."""
    strength = np.full(len(edges), ROUGHNESS)
    for _ in range(MAX_REDRAWS):
        lines = [roughen(edge, s) for edge, s in zip(edges, strength, strict=True)]
        faulty = find_crossings(np.array([shapely.LineString(line) for line in lines]))
        if len(faulty) == 0:
            return dict(zip(edges, lines, strict=True))
        strength[faulty] /= 2
    message = f"{len(faulty)} edges still cross after {MAX_REDRAWS} drawings, near {edges[faulty[0]]}."
    raise RuntimeError(message)


def roughen(edge: Edge, strength: float) -> Floats:
    """Displace midpoints again and again, keeping the area on each side of the edge."""
    start, end = np.array(edge)
    chord = end - start
    length = float(np.hypot(*chord))
    levels = max(0, int(np.ceil(np.log2(length / SEGMENT_M))))
    random = np.random.default_rng(seed_of(edge))
    line = np.array([start, end])
    for level in range(levels):
        middle = (line[:-1] + line[1:]) / 2
        along = np.diff(line, axis=0)
        across = np.column_stack([-along[:, 1], along[:, 0]])
        across /= np.hypot(*across.T)[:, None]
        reach = strength * length * PERSISTENCE**level
        middle += across * random.uniform(-reach, reach, (len(middle), 1))
        line = np.insert(line, np.arange(1, len(line)), middle, axis=0)
    arch = np.sin(np.pi * np.linspace(0, 1, len(line)))[:, None] * [-chord[1], chord[0]]
    arch[[0, -1]] = 0
    excess, unit = area_beside(line), area_beside(line + arch) - area_beside(line)
    return np.round(line - arch * excess / unit) if levels else line


def seed_of(edge: Edge) -> int:
    """Derive a seed from the end points alone."""
    text = " ".join(f"{value:.0f}" for point in edge for value in point)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def area_beside(line: Floats) -> float:
    """Measure the signed area between a line and its chord."""
    x, y = (line - line[0]).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def find_crossings(lines: npt.NDArray[np.object_]) -> Ints:
    """Find the lines that cross themselves, or touch another one beyond end points."""
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    first, second = first[first < second], second[first < second]
    agree = shapely.relate_pattern(lines[first], lines[second], ONLY_ENDS_TOUCH)
    knotted = np.flatnonzero(~shapely.is_simple(lines))
    return np.unique(np.concatenate([first[~agree], second[~agree], knotted]))


def join_sides(ring: list[Edge], lines: dict[Edge, Floats]) -> shapely.Polygon:
    """Chain the rough lines around a cell."""
    parts = [lines[side] if side in lines else lines[side[::-1]][::-1] for side in ring]
    return shapely.Polygon(np.vstack([part[:-1] for part in parts]))


def as_multipolygon(polygon: shapely.Geometry) -> shapely.MultiPolygon:
    """Wrap a polygon, since the layers hold multipolygons only."""
    return shapely.MultiPolygon(shapely.get_parts(polygon).tolist())


if __name__ == "__main__":
    main()
