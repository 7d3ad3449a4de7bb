"""Where does the town end, and how much of what is built lies outside it?

The urban envelope by dilation and erosion (a morphological closing), as the Hauts-de-France region draws it from its
land cover OCS2D (geo2france/ocs2d, `indicateurs/enaf/calcul_enaf_ocs2d_multidate.sql`): pieces of built land that face
each other less than 100 m apart are one town, what it encloses belongs to it, and a hamlet of a few hectares is none.
"""

import math
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.indicators.polygons import Shapes, require_polygons
from hp_sig.parallel import shared

__all__ = ["BUFFER_M", "MIN_AREA_HA", "share_outside_envelope", "urban_envelope"]

#: Dilation then erosion, in metres (geo2france/ocs2d).
BUFFER_M = 50.0
#: Parts under this many hectares are no town (geo2france/ocs2d).
MIN_AREA_HA = 10.0
#: Segments that stand for a quarter of a circle, as in PostGIS, where the source was computed.
QUARTER_SEGMENTS = 8


def urban_envelope(
    built: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    buffer_m: float = BUFFER_M,
    min_area_ha: float = MIN_AREA_HA,
    fill_holes: bool = True,
) -> gpd.GeoDataFrame:
    """Draw the urban envelope of built land, and measure its parts in hectares.

    Each polygon is dilated by `buffer_m` (round joins), all are united, and eroded by as much (bevelled joins); inner
    rings are filled; parts under `min_area_ha` are dropped (geo2france/ocs2d).

    Parameters
    ----------
    built
        Valid polygons in EPSG:2154 of the classes that the caller holds for urban; they may overlap or repeat.
    buffer_m
        Half the distance, in metres, under which two pieces of built land that face each other belong together.
    min_area_ha
        Area, in hectares, of the smallest part that is kept, its holes filled or not as asked.
    fill_holes
        Whether land that the town encloses belongs to it.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a part, the largest first; index `envelope_id` from 0; `area_ha` and `geometry`. No row where no part
        is large enough.

    Raises
    ------
    ValueError
        If the layer is not in EPSG:2154 or holds anything but valid polygons, or a length or area is out of range.

    Notes
    -----
    What the joins do. Where two neighbours meet, an exact erosion would leave a hollow arc between them; bevelled, it
    draws a chord instead: two squares face to face give the rectangle that holds both, and a right angle turned
    inwards is filled by a triangle of buffer²/2 (1 250 m² at 50 m). Two corners must be nearer than two sides to be
    joined (71 m for squares set alike): what would hang by a thread parts again. Circles are polygons of 32 sides: the
    chord may lie buffer·sin(π/32) (4.9 m) inside that rectangle, and an outer corner loses less than 1 m².

    The source also drops, before it fills any hole, the groups that are under the threshold without their holes: a
    ring of 9 ha around a field of 2 ha is an envelope of 11 ha here and none there.

    Examples
    --------
    Two squares of 9 ha, 80 m apart: 300 m × 680 m = 20.4 ha.

    >>> from shapely import box
    >>> built = gpd.GeoSeries([box(0, 0, 300, 300), box(380, 0, 680, 300)], crs=2154)
    >>> urban_envelope(built)["area_ha"].round(1).tolist()
    [20.4]
    """
    if not (0 < buffer_m < math.inf and 0 <= min_area_ha < math.inf):
        message = (
            f"buffer_m of more than 0 m and min_area_ha of 0 or more expected, found {buffer_m!r} and {min_area_ha!r}."
        )
        raise ValueError(message)
    shapes = require_polygons(gpd.GeoSeries(built.geometry.to_numpy(), crs=built.crs), "built")
    dilate = partial(shapely.buffer, distance=buffer_m, quad_segs=QUARTER_SEGMENTS)
    dilated = shapely.union_all(shared(dilate, shapes))
    parts = _parts(shapely.buffer(dilated, -buffer_m, quad_segs=QUARTER_SEGMENTS, join_style="bevel"))
    if fill_holes:
        # A part may lie in the hole of another: filled, they are one.
        parts = _parts(shapely.union_all(shapely.polygons(shapely.get_exterior_ring(parts))))
    area = shapely.area(parts) / M2_PER_HA
    # Largest first; of two alike, the westernmost, then the southernmost: the order of the rows changes nothing.
    west, south, _, _ = shapely.bounds(parts).reshape(-1, 4).T
    order = np.lexsort((south, west, -area))
    order = order[area[order] >= min_area_ha]
    return gpd.GeoDataFrame(
        {"area_ha": area[order]},
        geometry=parts[order],
        index=pd.RangeIndex(len(order), name="envelope_id"),
        crs=built.crs,
    )


def share_outside_envelope(
    zones: gpd.GeoDataFrame | gpd.GeoSeries, envelope: gpd.GeoDataFrame | gpd.GeoSeries
) -> pd.Series:
    """Measure the share of each zone that lies outside the urban envelope, 0 to 1.

    1 - area(zone ∩ envelope) / area(zone). With the buildings, or the land consumed, of a commune dissolved into one
    zone it is its scattered share; with projects or plots, how far each is an extension.

    Parameters
    ----------
    zones
        Valid polygons in EPSG:2154, each with its own code as index.
    envelope
        From :func:`urban_envelope`, or any other limit of the town; its parts may overlap.

    Returns
    -------
    pandas.Series
        Named `outside_envelope_share`, on the index of `zones`.

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154, holds anything but valid polygons, or repeats a code.

    Examples
    --------
    >>> from shapely import box
    >>> plots = gpd.GeoSeries([box(0, 0, 10, 10), box(90, 0, 110, 10)], index=["a", "b"], crs=2154)
    >>> share_outside_envelope(plots, gpd.GeoSeries([box(0, 0, 100, 100)], crs=2154)).to_dict()
    {'a': 0.0, 'b': 0.5}
    """
    shapes = require_polygons(zones, "zones")
    limits = require_polygons(envelope, "envelope")
    town = _parts(shapely.union_all(limits))
    zone, part = shapely.STRtree(town).query(shapes, predicate="intersects")
    within = shapely.area(shared(shapely.intersection, shapes[zone], town[part]))
    inside = np.bincount(zone, weights=within, minlength=len(shapes))
    share = np.clip(1 - inside / shapely.area(shapes), 0, 1)
    return pd.Series(share, index=zones.index, name="outside_envelope_share")


def _parts(area: shapely.Geometry) -> Shapes:
    """Give the polygons of an area; an empty one has none."""
    parts: Shapes = shapely.get_parts(area)
    return parts[~shapely.is_empty(parts)]
