"""Into how many patches is the land of each zone cut, how large are they, and how mixed are their classes?

Vector form of the metrics of FRAGSTATS v4 (McGarigal, Cushman & Ene 2012, University of Massachusetts, Amherst) and
of the effective mesh size (Jaeger 2000, Landscape Ecology 15, 115-130). A patch is land of one class in one piece:
polygons that share a length of edge are one patch, polygons that only touch at a corner are two, and so are polygons
that two drawings leave a gap between.
"""

from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.errors import some
from hp_sig.indicators.fragmentation import shannon_diversity, shannon_evenness, simpson_diversity
from hp_sig.indicators.polygons import Bools, Ints, Shapes, polygon_parts, require_polygons

__all__ = ["LANDSCAPE", "effective_mesh_size", "patch_metrics"]

#: Class under which a table by class gives the figures of the whole zone.
LANDSCAPE = "landscape"
#: Pieces under a square centimetre are noise of the coordinates, not a patch.
MIN_PATCH_M2 = 1e-4
#: What runs this near the limit of a zone, in metres, runs along it: land cut there is off by the noise of coordinates.
LIMIT_WIDTH_M = 1e-3


def patch_metrics(
    zones: gpd.GeoDataFrame | gpd.GeoSeries,
    patches: gpd.GeoDataFrame,
    *,
    class_column: str,
    min_patch_m2: float = MIN_PATCH_M2,
) -> pd.DataFrame:
    """Measure the pattern of the land of each zone: patches per 100 ha, metres of edge per hectare, mesh in hectares.

    The land is cut at the limit of the zone first, so that each piece of a patch that lies in it is a patch.

    Parameters
    ----------
    zones
        Valid polygons in EPSG:2154, each with its own code as index: the landscapes.
    patches
        Valid polygons in EPSG:2154, of any size: those of one class that adjoin are united.
    class_column
        Column of `patches` that holds the class, a text.
    min_patch_m2
        Pieces under this many m² are no patches: the slivers of two drawings. Their land and their edges still count.

    Returns
    -------
    pandas.DataFrame
        Index: the zone, and each class of `patches` (0 patches where the zone has none of it), then
        :data:`LANDSCAPE`, all of them together. With a = area of a patch, A = area of the zone, P = share of a class
        in the land that has one, m classes present: `area_ha`; `area_share` of the zone (PLAND); `patch_count` (NP);
        `patch_density_per_100_ha` (PD = NP/A); `edge_density_m_per_ha` (ED = E/A); `largest_patch_share`
        (LPI = max a/A); `effective_mesh_size_ha` (MESH = Σa²/A); `division_share` (DIVISION = 1 - Σ(a/A)²);
        `splitting_index` (SPLIT = A²/Σa², NaN without a patch); and, for the landscape only, `shannon_diversity`
        (SHDI = -ΣP ln P), `shannon_evenness` (SHEI = SHDI/ln m), `simpson_diversity` (SIDI = 1 - ΣP²).

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154 or holds anything but valid polygons, there is no zone or one comes twice, or
        the column of the classes is absent, not a text, incomplete, or has a class named `landscape`.

    Notes
    -----
    The limit of the zone is no edge (FRAGSTATS: no border, no boundary counted), whether the land was cut along it
    beforehand or goes on beyond; an edge that meets it loses its last millimetre. The edge of a class against land
    that has no class does count. In the landscape each edge counts once, in the classes it counts for the two it
    parts. A is the whole zone, land without class included (FRAGSTATS: internal background). Land that two classes
    both cover counts for each of them.

    Examples
    --------
    A square of 100 m alone in a zone of 1 km² (100 ha): 400 m of edge.

    >>> from shapely import box
    >>> zones = gpd.GeoSeries([box(0, 0, 1000, 1000)], index=pd.Index(["A"], name="zone"), crs=2154)
    >>> built = gpd.GeoDataFrame({"cover": ["built"]}, geometry=[box(400, 400, 500, 500)], crs=2154)
    >>> table = patch_metrics(zones, built, class_column="cover")
    >>> columns = ["patch_count", "patch_density_per_100_ha", "edge_density_m_per_ha", "effective_mesh_size_ha"]
    >>> table.loc[("A", "built"), columns].tolist()
    [1.0, 1.0, 4.0, 0.01]
    """
    zone_shapes = require_polygons(zones, "zones")
    if not len(zone_shapes):
        message = "zones: at least one zone expected, found none."
        raise ValueError(message)
    codes, classes = _classes(patches, class_column)
    # One part at a time: a class delivered as one large multipolygon costs no more than its pieces.
    shapes, owner = polygon_parts(_patch_shapes(patches))
    codes = codes[owner]
    zone, polygon = shapely.STRtree(shapes).query(zone_shapes, predicate="intersects")
    starts = np.searchsorted(zone, np.arange(1, len(zone_shapes)))
    apart = _apart(shapes)
    tables = []
    for zone_shape, near in zip(zone_shapes, np.split(polygon, starts), strict=False):
        # United before they are cut: the vertices that two polygons share are still exactly the same.
        of_class = [near[codes[near] == rank] for rank in range(len(classes))]
        regions = [_united(shapes[ranks], apart[ranks]) for ranks in of_class]
        tables.append(_zone_table(zone_shape, np.array(regions, dtype=object), min_patch_m2))
    names = [zones.index.name or "zone", class_column]
    return pd.concat(tables).set_axis(pd.MultiIndex.from_product([zones.index, [*classes, LANDSCAPE]], names=names))


def effective_mesh_size(
    zones: gpd.GeoDataFrame | gpd.GeoSeries,
    patches: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    boundary: Literal["cut", "cross"],
) -> pd.Series:
    """Measure the effective mesh size of unfragmented land in each zone, in hectares.

    `cut`, the cutting-out procedure: m = Σ aᵢ²/A, where the limit of the zone cuts patches as a motorway would.
    `cross`, the cross-boundary connections procedure: m = Σ aᵢ·aᵢ(complete)/A, where the part of a patch in the zone
    is weighted by the whole patch, inside and out (Moser, Jaeger, Tappeiner, Tasser & Eiselt 2007, Modification of
    the effective mesh size for measuring landscape fragmentation to solve the boundary problem, Landscape Ecology 22,
    447-459).

    Parameters
    ----------
    zones
        Valid polygons in EPSG:2154, each with its own code as index.
    patches
        Valid polygons in EPSG:2154 of all the land that is not fragmented, whatever its class: those that share an
        edge are one patch; what no polygon covers (roads, built land) parts them.
    boundary
        The procedure. Small zones are compared by `cross`; a figure that must depend on nothing outside is `cut`.

    Returns
    -------
    pandas.Series
        Named `effective_mesh_size_ha`, on the index of `zones`; 0 where no land is left. By `cross` it may be larger
        than the zone.

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154 or holds anything but valid polygons, a zone comes twice, or the procedure is
        neither of the two.

    Notes
    -----
    By `cross`, a patch is complete only as far as the layer reaches: give it land well beyond the zones.

    Examples
    --------
    Two zones of 1 ha in one meadow of 2 ha.

    >>> from shapely import box
    >>> zones = gpd.GeoSeries([box(0, 0, 100, 100), box(100, 0, 200, 100)], index=["A", "B"], crs=2154)
    >>> meadow = gpd.GeoSeries([box(0, 0, 200, 100)], crs=2154)
    >>> effective_mesh_size(zones, meadow, boundary="cut").to_dict()
    {'A': 1.0, 'B': 1.0}
    >>> effective_mesh_size(zones, meadow, boundary="cross").to_dict()
    {'A': 2.0, 'B': 2.0}
    """
    if boundary not in ("cut", "cross"):
        message = f"boundary: 'cut' or 'cross' expected, found {boundary!r}."
        raise ValueError(message)
    zone_shapes = require_polygons(zones, "zones")
    shapes, _ = polygon_parts(_patch_shapes(patches))
    whole, _ = polygon_parts(np.array([_united(shapes, _apart(shapes))], dtype=object))
    zone, patch = shapely.STRtree(whole).query(zone_shapes, predicate="intersects")
    pieces, pair = polygon_parts(shapely.intersection(zone_shapes[zone], whole[patch]))
    own = shapely.area(pieces)
    other = own if boundary == "cut" else shapely.area(whole)[patch[pair]]
    products = np.bincount(zone[pair], weights=own * other, minlength=len(zone_shapes))
    mesh = products / shapely.area(zone_shapes) / M2_PER_HA
    return pd.Series(mesh, index=zones.index, name="effective_mesh_size_ha")


def _patch_shapes(patches: gpd.GeoDataFrame | gpd.GeoSeries) -> Shapes:
    return require_polygons(gpd.GeoSeries(patches.geometry.to_numpy(), crs=patches.crs), "patches")


def _apart(shapes: Shapes) -> Bools:
    """Say which polygons do not meet their neighbours vertex for vertex."""
    return np.asarray(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)), dtype=np.bool_)


def _united(shapes: Shapes, apart: Bools) -> shapely.Geometry:
    """Unite polygons: those that make a coverage by their shared edges alone, ten times as fast, then the others."""
    covering = shapely.coverage_union_all(shapes[~apart])
    if not apart.any():
        return covering
    parts = shapely.get_parts(covering)
    touched = np.unique(shapely.STRtree(parts).query(shapes[apart])[1])
    joined = shapely.union_all(np.append(parts[touched], shapes[apart]))
    # The other parts meet these, and one another, in points at most.
    whole: shapely.MultiPolygon = shapely.multipolygons([*np.delete(parts, touched), *shapely.get_parts(joined)])
    return whole


def _classes(patches: gpd.GeoDataFrame, class_column: str) -> tuple[Ints, list[str]]:
    if class_column not in patches.columns:
        message = f"class_column: {class_column!r} expected in patches, found {some(patches.columns)}."
        raise ValueError(message)
    codes, classes = pd.factorize(patches[class_column], sort=True)
    wrong = [name for name in classes if not isinstance(name, str) or name == LANDSCAPE]
    if wrong or (codes < 0).any():
        message = (
            f"class_column: a text expected in each row of {class_column!r}, other than {LANDSCAPE!r}; found "
            f"{some(wrong) or 'none'} and {int((codes < 0).sum())} rows without. Fill or drop those, use astype(str)."
        )
        raise ValueError(message)
    return codes, list(classes)


def _zone_table(zone: shapely.Geometry, regions: Shapes, min_patch_m2: float) -> pd.DataFrame:
    """Measure each class, whose land near the zone is given in one geometry, then all of them."""
    area_ha = float(shapely.area(zone)) / M2_PER_HA
    limits = shapely.boundary(regions)
    lines = np.array([*limits, shapely.union_all(limits)], dtype=object)
    inner = shapely.buffer(zone, -LIMIT_WIDTH_M, join_style="mitre")
    edge_m = shapely.length(shapely.intersection(lines, inner))
    within = shapely.intersection(regions, zone)
    class_ha = shapely.area(within) / M2_PER_HA
    parts, owner = polygon_parts(within)
    large = shapely.area(parts) >= min_patch_m2
    owner, patch_ha = owner[large], shapely.area(parts[large]) / M2_PER_HA
    # Each patch counts for its class and, once more, for the landscape, which comes last.
    count = len(regions) + 1
    owner, patch_ha = np.append(owner, np.full(len(owner), count - 1)), np.tile(patch_ha, 2)
    largest_ha = np.zeros(count)
    np.maximum.at(largest_ha, owner, patch_ha)
    patches = np.bincount(owner, minlength=count)
    mesh_ha = np.bincount(owner, weights=patch_ha**2, minlength=count) / area_ha
    all_ha = np.append(class_ha, class_ha.sum())
    table = pd.DataFrame(
        {
            "area_ha": all_ha,
            "area_share": all_ha / area_ha,
            "patch_count": patches,
            "patch_density_per_100_ha": 100 * patches / area_ha,
            "edge_density_m_per_ha": edge_m / area_ha,
            "largest_patch_share": largest_ha / area_ha,
            "effective_mesh_size_ha": mesh_ha,
            "division_share": 1 - mesh_ha / area_ha,
            "splitting_index": np.divide(area_ha, mesh_ha, out=np.full(count, np.nan), where=mesh_ha > 0),
        }
    )
    whole = table.index == count - 1
    return table.assign(
        shannon_diversity=np.where(whole, shannon_diversity(class_ha), np.nan),
        shannon_evenness=np.where(whole, shannon_evenness(class_ha), np.nan),
        simpson_diversity=np.where(whole, simpson_diversity(class_ha), np.nan),
    )
