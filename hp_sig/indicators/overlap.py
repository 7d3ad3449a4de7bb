"""Who overlaps whom, by how many hectares, and is it a true overlap or a mismatch between two drawings?

Two producers never draw a shared limit alike: overlaying a park on communes makes long thin pieces that mean
nothing. A piece is judged by its mean width, 2·area/perimeter, the width of a long strip of that area.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.indicators.polygons import Floats, Ints, Shapes, polygon_parts, require_polygons
from hp_sig.parallel import shared

__all__ = ["RELATIONS", "overlap_table"]

#: `inside`: the zone lies in the other, but for slivers; `partial`: it is cut; `sliver`: two drawings differ.
RELATIONS = ("inside", "partial", "sliver")
#: Pieces under a square centimetre are noise of the coordinates, not an intersection.
MIN_AREA_M2 = 1e-4
#: A zone that is itself thin (a road, a small footprint) is judged by this share of its own mean width.
OWN_WIDTH_SHARE = 0.5


def overlap_table(
    zones: gpd.GeoDataFrame | gpd.GeoSeries,
    others: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    sliver_width_m: float = 250.0,
) -> pd.DataFrame:
    """Measure every intersection of two layers of polygons, in hectares, and say what it is.

    `mean_width_m` is 2·area/perimeter of the intersection. A pair is a `sliver` where it is under
    `sliver_width_m`, or under half the mean width of the thinner of the two zones where that is less, so that a
    small footprint is not called a sliver of the commune that holds it. Otherwise the zone is `inside` where what
    sticks out of the other is nothing or slivers by the same rule, and `partial` where it is more.

    Parameters
    ----------
    zones, others
        Valid polygons in EPSG:2154, each with a unique index.
    sliver_width_m
        Mean width, in metres, under which a piece is a mismatch of drawings. The default parts the true park
        communes of Haute-Provence (over 1 000 m) from the mismatches of INPN and IGN limits (under 210 m).

    Returns
    -------
    pandas.DataFrame
        One row an intersecting pair, sorted; index: the two codes (the second one's name gets a suffix `_other`
        if both have the same). Columns: `overlap_ha`; `share_of_zone`, `share_of_other` (0 to 1);
        `mean_width_m`; `relation` (`inside`, `partial`, `sliver`). Zones that only touch have no row.

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154, holds anything but valid polygons, or repeats a code.

    Notes
    -----
    One width stands for the whole intersection of a pair, all its parts together: a large piece joined by a very long
    thin one may come out as a `sliver`. Look at `overlap_ha` and `share_of_zone` beside it.

    This does not say who is a member: an EPCI or a SCoT is a list of communes, see
    :func:`hp_sig.indicators.membership.membership_table`.

    Examples
    --------
    A square of 1 km (100 ha) against one that covers its western 400 m.

    >>> from shapely import box
    >>> zones = gpd.GeoSeries([box(0, 0, 1000, 1000)], index=pd.Index(["A"], name="zone"), crs=2154)
    >>> others = gpd.GeoSeries([box(-5000, -5000, 400, 5000)], index=pd.Index(["P"], name="park"), crs=2154)
    >>> overlap_table(zones, others).round(3).reset_index().to_dict("records")[0]
    {'zone': 'A', 'park': 'P', 'overlap_ha': 40.0, 'share_of_zone': 0.4, 'share_of_other': 0.007, \
'mean_width_m': 285.714, 'relation': 'partial'}
    """
    if not sliver_width_m >= 0:
        message = f"sliver_width_m: a width in metres, 0 or more, expected; found {sliver_width_m!r}."
        raise ValueError(message)
    zone_shapes = require_polygons(zones, "zones")
    other_shapes = require_polygons(others, "others")
    left, right = _intersecting_pairs(zone_shapes, other_shapes)
    first, second = zone_shapes[left], other_shapes[right]
    area, perimeter = _measure(_intersection(first, second))
    kept = area > MIN_AREA_M2
    left, right, area, perimeter = left[kept], right[kept], area[kept], perimeter[kept]
    first, second = first[kept], second[kept]
    zone_area, zone_perimeter = shapely.area(first), shapely.length(first)
    other_area, other_perimeter = shapely.area(second), shapely.length(second)
    own_width = np.minimum(_mean_width(zone_area, zone_perimeter), _mean_width(other_area, other_perimeter))
    limit = np.minimum(sliver_width_m, OWN_WIDTH_SHARE * own_width)
    width = _mean_width(area, perimeter)
    sliver = width < limit
    outside = zone_area - area
    # What sticks out is bounded by the zone's limit and the intersection's, so this is the least its width can be:
    # most cut zones are seen to be partial without the cost of a difference.
    outside_width = _mean_width(outside, zone_perimeter + perimeter)
    unsure = ~sliver & (outside > MIN_AREA_M2) & (outside_width < limit)
    outside_width[unsure] = _mean_width(*_measure(shared(shapely.difference, first[unsure], second[unsure])))
    inside = ~sliver & ((outside <= MIN_AREA_M2) | (outside_width < limit))
    names = [zones.index.name or "zone", others.index.name or "other"]
    if names[0] == names[1]:
        names[1] = f"{names[1]}_other"
    table = pd.DataFrame(
        {
            "overlap_ha": area / M2_PER_HA,
            "share_of_zone": np.minimum(area / zone_area, 1.0),
            "share_of_other": np.minimum(area / other_area, 1.0),
            "mean_width_m": width,
            "relation": np.select([sliver, inside], ["sliver", "inside"], "partial").astype(object),
        },
        index=pd.MultiIndex.from_arrays([zones.index.take(left), others.index.take(right)], names=names),
    ).astype({"relation": "str"})
    return table.sort_index()


def _intersecting_pairs(zones: Shapes, others: Shapes) -> tuple[Ints, Ints]:
    # The tree indexes the larger layer; the smaller one is prepared and asked against it.
    if len(zones) >= len(others):
        right, left = shapely.STRtree(zones).query(others, predicate="intersects")
    else:
        left, right = shapely.STRtree(others).query(zones, predicate="intersects")
    return left, right


def _intersection(first: Shapes, second: Shapes) -> Shapes:
    """Intersect pair by pair; where one covers the other, the smaller is the answer and costs no overlay."""
    first_is_smaller = shapely.area(first) <= shapely.area(second)
    smaller, larger = np.where(first_is_smaller, first, second), np.where(first_is_smaller, second, first)
    shapely.prepare(larger)
    pieces: Shapes = smaller.copy()
    cut = ~shapely.covers(larger, smaller)
    shapely.destroy_prepared(larger)
    pieces[cut] = shared(shapely.intersection, smaller[cut], larger[cut])
    return pieces


def _measure(shapes: Shapes) -> tuple[Floats, Floats]:
    """Give area and perimeter of the polygon parts: lines and points where zones touch count for nothing."""
    parts, owner = polygon_parts(shapes)
    area: Floats = np.zeros(len(shapes))
    perimeter: Floats = np.zeros(len(shapes))
    np.add.at(area, owner, shapely.area(parts))
    np.add.at(perimeter, owner, shapely.length(parts))
    return area, perimeter


def _mean_width(area: Floats, perimeter: Floats) -> Floats:
    return np.divide(2.0 * area, perimeter, out=np.zeros_like(area), where=perimeter > 0)
