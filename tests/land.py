"""Small land covers for tests: rectangles by class, and jittered mosaics that cover a square without gap."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from squares import ORIGIN

CLASSES = np.array(["CS1.1.1.1", "CS1.1.1.2", "CS2.1.3", "CS2.2.1"])


def land_cover(*rows: tuple[str, str, shapely.Geometry]) -> gpd.GeoDataFrame:
    """Make a state from (cover, use, shape)."""
    covers, uses, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"cover_code": covers, "use_code": uses}, geometry=list(shapes), crs=2154)


def mosaic(seed: int, cells: int = 8, width_m: float = 3000.0) -> gpd.GeoDataFrame:
    """Cover a square with jittered quadrilaterals; each side is bent once."""
    random = np.random.default_rng(seed)
    step = width_m / cells
    grid = np.stack(np.meshgrid(np.arange(2 * cells + 1), np.arange(2 * cells + 1)), axis=-1) * step / 2
    shake = random.uniform(-step / 6, step / 6, grid.shape)
    shake[[0, -1], :, 1] = shake[:, [0, -1], 0] = 0.0
    nodes = grid + shake + np.array(ORIGIN)
    shapes = []
    for row in range(0, 2 * cells, 2):
        for column in range(0, 2 * cells, 2):
            bottom, top = nodes[row, column : column + 3], nodes[row + 2, column : column + 3]
            left, right = nodes[row : row + 3, column], nodes[row : row + 3, column + 2]
            shapes.append(shapely.Polygon(np.vstack([bottom[:-1], right[:-1], top[:0:-1], left[:0:-1]])))
    return gpd.GeoDataFrame(
        {
            "cover_code": random.choice(CLASSES, len(shapes)),
            "use_code": random.choice(np.array(["US1.1", "US5"]), len(shapes)),
        },
        geometry=shapes,
        crs=2154,
    )


def later_edition(state: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """Reclassify some polygons, split some, turn and reverse the rings of all, and shuffle the rows."""
    random = np.random.default_rng(seed)
    rows = []
    for cover, use, shape in zip(state["cover_code"], state["use_code"], state.geometry, strict=True):
        kind = random.integers(0, 5)
        becomes = random.choice(CLASSES) if kind == 0 else cover
        west, south, east, north = shape.bounds
        middle = (west + east) / 2
        parts = (
            [shape]
            if kind != 1
            else [
                shape.intersection(shapely.box(west - 1, south - 1, middle, north + 1)),
                shape.intersection(shapely.box(middle, south - 1, east + 1, north + 1)),
            ]
        )
        rows += [(becomes if part is parts[0] else "CS1.1.1.2", use, turned(part, random)) for part in parts]
    order = random.permutation(len(rows))
    return land_cover(*(rows[rank] for rank in order))


def turned(shape: shapely.Polygon, random: np.random.Generator) -> shapely.Polygon:
    """Start each ring elsewhere, and make it run the other way half of the time."""
    if shape.geom_type != "Polygon":
        return shape

    def ring(points: np.ndarray) -> np.ndarray:
        points = np.roll(points[:-1], random.integers(0, len(points)), axis=0)
        closed = np.vstack([points, points[:1]])
        return closed[::-1] if random.integers(0, 2) else closed

    rings = [ring(shapely.get_coordinates(one)) for one in (shape.exterior, *shape.interiors)]
    return shapely.Polygon(rings[0], rings[1:])


def overlaid(zones: gpd.GeoDataFrame, land: gpd.GeoDataFrame, by: str) -> pd.DataFrame:
    """Tabulate with geopandas.overlay, the tool that the kernel must agree with."""
    named = zones[["geometry"]].rename_axis("zone").reset_index()
    pieces = gpd.overlay(named, land[[by, "geometry"]], how="intersection", keep_geom_type=True)
    table = pieces.assign(area_ha=pieces.area / 10_000).pivot_table("area_ha", "zone", by, "sum", fill_value=0.0)
    return table.reindex(zones.index, fill_value=0.0)
