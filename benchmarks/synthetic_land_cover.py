"""A gap-free land cover made by arithmetic: as many polygons as asked, 20 to 60 vertices each, in two editions.

A jittered grid is laid over the zones; each side of a cell is a wandering line that both neighbours share, so that the
cells cover the land once. The second edition has 3 % of the polygons reclassified and 1 % split in two.
"""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hp_sig.reference.nomenclature import cover_codes, use_codes

Floats = npt.NDArray[np.float64]

SEED = 2154
JITTER, AMPLITUDE = 0.2, 0.12
SIDE_POINTS = (5, 15)
RECLASSIFIED, SPLIT = 0.03, 0.01


def first_edition(zones: gpd.GeoDataFrame, count: int) -> gpd.GeoDataFrame:
    """Make about `count` polygons that cover every zone, with a cover and a use each."""
    random = np.random.default_rng(SEED)
    whole = shapely.union_all(zones.geometry.to_numpy())
    shapely.prepare(whole)
    west, south, east, north = whole.bounds
    step = float(np.sqrt(whole.area / count))
    columns, rows = int((east - west) / step) + 3, int((north - south) / step) + 3
    nodes = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    nodes += random.uniform(-JITTER, JITTER, nodes.shape)
    nodes = nodes * step + np.array([west - step, south - step])
    centres = (nodes[:-1, :-1] + nodes[1:, 1:]) / 2
    # A cell whose centre is a little outside may still hold some land of a zone.
    kept = shapely.contains_xy(whole.buffer(2 * step), centres[..., 0], centres[..., 1])
    across = _sides(nodes[:, :-1].reshape(-1, 2), nodes[:, 1:].reshape(-1, 2), random)
    upward = _sides(nodes[:-1].reshape(-1, 2), nodes[1:].reshape(-1, 2), random)
    cells = []
    for row, column in np.argwhere(kept):
        bottom, top = across[row * columns + column], across[(row + 1) * columns + column]
        left, right = upward[row * (columns + 1) + column], upward[row * (columns + 1) + column + 1]
        cells.append(np.vstack([bottom[:-1], right[:-1], top[:0:-1], left[::-1]]))
    polygons = shapely.polygons(_rings(cells))
    covers, uses = np.array(cover_codes()), np.array(use_codes())
    return gpd.GeoDataFrame(
        {"cover_code": random.choice(covers, len(cells)), "use_code": random.choice(uses, len(cells))},
        geometry=polygons,
        crs=zones.crs,
    )


def second_edition(first: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Reclassify 3 % of the polygons and split 1 % in two."""
    random = np.random.default_rng(SEED + 1)
    count = len(first)
    order = random.permutation(count)
    changed, split = order[: int(RECLASSIFIED * count)], order[-int(SPLIT * count) :]
    covers = first["cover_code"].to_numpy().copy()
    covers[changed] = random.choice(np.array(cover_codes()), len(changed))
    second = first.assign(cover_code=covers)
    whole = second.geometry.to_numpy()[split]
    bounds = shapely.bounds(whole)
    middle = (bounds[:, 0] + bounds[:, 2]) / 2
    halves = [
        shapely.intersection(whole, shapely.box(bounds[:, 0] - 1, bounds[:, 1] - 1, middle, bounds[:, 3] + 1)),
        shapely.intersection(whole, shapely.box(middle, bounds[:, 1] - 1, bounds[:, 2] + 1, bounds[:, 3] + 1)),
    ]
    kept = np.delete(np.arange(count), split)
    rows = np.concatenate([kept, split, split])
    result = second.iloc[rows].reset_index(drop=True)
    return result.set_geometry(np.concatenate([second.geometry.to_numpy()[kept], *halves]))


def turned(edition: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the same polygons with rings that start elsewhere, every second one running the other way."""
    shapes = edition.geometry.to_numpy().copy()
    single = np.flatnonzero(shapely.get_type_id(shapes) == 3)
    rings = []
    for rank, ring in enumerate(shapely.get_exterior_ring(shapes[single])):
        points = shapely.get_coordinates(ring)[:-1]
        points = np.roll(points, 1 + rank % 7, axis=0)
        rings.append(np.vstack([points, points[:1]])[:: -1 if rank % 2 else 1])
    shapes[single] = shapely.polygons(_rings(rings))
    return edition.set_geometry(shapes)


def _sides(start: Floats, end: Floats, random: np.random.Generator) -> list[Floats]:
    """Make wandering lines, flat at both ends so that neighbours at a node do not cross."""
    along = end - start
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    sides = []
    for origin, vector, across, points in zip(
        start, along, normal, random.integers(*SIDE_POINTS, len(start), endpoint=True), strict=True
    ):
        share = np.linspace(0, 1, points + 1)[:, None]
        offset = AMPLITUDE * 4 * share * (1 - share) * random.uniform(-1, 1, share.shape)
        sides.append(np.round(origin + vector * share + across * offset, 2))
    return sides


def _rings(rings: list[Floats]) -> npt.NDArray[np.object_]:
    lengths = [len(ring) for ring in rings]
    made: npt.NDArray[np.object_] = shapely.linearrings(
        np.concatenate(rings), indices=np.repeat(np.arange(len(rings)), lengths)
    )
    return made
