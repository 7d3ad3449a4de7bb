"""What area does each zone share with each polygon, when there are hundreds of thousands of them?

The hot path of the package: some 300 000 polygons a département. A polygon that no limit of a zone touches lies in
that zone or out of it, which one of its vertices tells, and its area needs no intersection; the others are
intersected with only the piece of the zone that is near them. Where zones meet without gap or overlap, the last zone
of a polygon has what the others leave.
"""

import numpy as np
import shapely

from hp_sig.indicators.polygons import Bools, Floats, Ints, Shapes
from hp_sig.parallel import many_objects, shared

__all__ = ["areas_within"]

#: Side, in metres, of the squares by which the polygons on a limit are grouped: all those of a square are cut by one
#: piece of the zone. Anything from 200 to 1 000 m costs the same.
GROUP_M = 500.0
#: Margin, in metres, of a piece around the polygons that it cuts, so that its own edges touch none of them.
MARGIN_M = 1.0
#: Under this share of its polygon, an area is measured, not told by what the other zones leave.
IMPLIED_SHARE = 0.05


@many_objects()
def areas_within(zones: Shapes, polygons: Shapes, whole: Ints) -> tuple[Ints, Ints, Floats]:
    """Measure the area that each zone shares with each polygon, in m².

    Parameters
    ----------
    zones, polygons
        Valid polygons.
    whole
        Ranks of the polygons to intersect with whole zones, not with the piece that is near.

    Returns
    -------
    tuple
        Rank of the zone, rank of the polygon, shared area; pairs that share nothing are absent or have 0.
    """
    if not len(polygons) or not len(zones):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0)
    # A multipolygon that no limit touches may still lie in two zones: its parts are looked at one by one.
    several = shapely.get_num_geometries(polygons) > 1
    parts, part_of = shapely.get_parts(polygons[several], return_index=True)
    owner = np.append(np.flatnonzero(~several), np.flatnonzero(several)[part_of])
    whole_parts = np.flatnonzero(np.isin(owner, whole))
    zone, part, area = _areas_of_parts(zones, np.append(polygons[~several], parts), whole_parts)
    return zone, owner[part], area


def _areas_of_parts(zones: Shapes, polygons: Shapes, whole: Ints) -> tuple[Ints, Ints, Floats]:
    bounds: Floats = shapely.bounds(polygons)
    tree = shapely.STRtree(polygons)
    segments, owner = _limits(zones)
    zone_near, near, is_cut, is_inner = _near_limits(tree, segments, owner, polygons, _outer(zones, segments))
    # Asked from one thread only: GEOS builds the index of a prepared geometry at the first look.
    shapely.prepare(zones)
    zone_in, within = _held(tree, zones, bounds, zone_near * len(polygons) + near)
    # The box of a polygon is near a limit that does not touch it: one of its vertices tells where it lies.
    zone_beside, beside = zone_near[~is_cut], near[~is_cut]
    held = shapely.contains_xy(zones[zone_beside], *_vertices(polygons[beside]))
    zone_in, within = np.append(zone_in, zone_beside[held]), np.append(within, beside[held])
    zone_cut, cut, is_inner = zone_near[is_cut], near[is_cut], is_inner[is_cut]
    by_whole = np.isin(cut, whole)
    order, pieces = _pieces_near(zones, zone_cut[~by_whole], bounds[cut[~by_whole]])
    order = np.append(np.flatnonzero(~by_whole)[order], np.flatnonzero(by_whole))
    zone_cut, cut, is_inner = zone_cut[order], cut[order], is_inner[order]
    pieces = np.append(pieces, zones[zone_cut[len(pieces) :]])
    own_area: Floats = shapely.area(polygons)
    centre = (bounds[cut, :2] + bounds[cut, 2:]) / 2
    implied = is_inner & shapely.contains_xy(zones[zone_cut], *centre.T)
    shapely.destroy_prepared(zones)
    area = _cut_areas(polygons[cut], pieces, own_area[cut], cut, implied)
    return np.append(zone_in, zone_cut), np.append(within, cut), np.append(own_area[within], area)


def _cut_areas(polygons: Shapes, pieces: Shapes, own_area: Floats, polygon: Ints, implied: Bools) -> Floats:
    """Measure what polygons and pieces share; what is `implied` is what the other zones leave of the polygon."""
    area = np.zeros(len(polygons))
    area[~implied] = shared(_intersection_area, polygons[~implied], pieces[~implied])
    elsewhere = np.bincount(polygon, weights=area)
    area[implied] = own_area[implied] - elsewhere[polygon[implied]]
    # The difference of two large figures tells little about a small one.
    unsure = implied & (area < IMPLIED_SHARE * own_area)
    area[unsure] = shared(_intersection_area, polygons[unsure], pieces[unsure])
    return area


def _intersection_area(first: Shapes, second: Shapes) -> Floats:
    area: Floats = shapely.area(shapely.intersection(first, second))
    return area


def _limits(zones: Shapes) -> tuple[Shapes, Ints]:
    """Give the segments of the limits of zones, and the rank of the zone that each belongs to."""
    parts, part_of = shapely.get_parts(zones, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    points, point_of = shapely.get_coordinates(rings, return_index=True)
    along = point_of[1:] == point_of[:-1]
    segments = np.asarray(shapely.linestrings(np.stack([points[:-1][along], points[1:][along]], axis=1)))
    return segments, part_of[ring_of[point_of[:-1][along]]]


def _outer(zones: Shapes, segments: Shapes) -> Bools:
    """Say which segments are not a limit between two zones; all, unless the zones meet without gap or overlap."""
    if not shapely.coverage_is_valid(zones):
        return np.ones(len(segments), dtype=np.bool_)
    ends = shapely.get_coordinates(segments).view(np.complex128).reshape(-1, 2)
    _, rank, count = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True, return_counts=True)
    alone: Bools = count[rank.ravel()] == 1
    return alone


def _near_limits(
    tree: shapely.STRtree, segments: Shapes, owner: Ints, polygons: Shapes, outer: Bools
) -> tuple[Ints, Ints, Bools, Bools]:
    """Pair each zone with the polygons whose box is near its limit.

    Gives the ranks of zone and polygon, whether the limit touches the polygon, and whether the polygon is known to lie
    in the zones all together, because it touches a limit between two of them and no other.
    """
    segment, polygon = tree.query(segments)
    touches = shared(shapely.intersects, segments[segment], polygons[polygon])
    pairs, pair = np.unique(owner[segment] * len(polygons) + polygon, return_inverse=True)
    is_cut = np.zeros(len(pairs), dtype=np.bool_)
    is_cut[pair[touches]] = True
    zone, near = pairs // len(polygons), pairs % len(polygons)
    at_edge = np.zeros(len(polygons), dtype=np.bool_)
    at_edge[polygon[touches & outer[segment]]] = True
    return zone, near, is_cut, ~at_edge[near]


def _held(tree: shapely.STRtree, zones: Shapes, bounds: Floats, near: Ints) -> tuple[Ints, Ints]:
    """Find the polygons that lie wholly in a zone, far from its limit: the corner of their box tells."""
    zone, polygon = tree.query(shapely.box(*shapely.bounds(zones).T))
    far = ~np.isin(zone * len(bounds) + polygon, near, assume_unique=True)
    zone, polygon = zone[far], polygon[far]
    held = shapely.contains_xy(zones[zone], bounds[polygon, 0], bounds[polygon, 1])
    return zone[held], polygon[held]


def _vertices(polygons: Shapes) -> tuple[Floats, Floats]:
    first = np.append(0, np.cumsum(shapely.get_num_coordinates(polygons))[:-1]) if len(polygons) else np.zeros(0, int)
    x, y = shapely.get_coordinates(polygons)[first].T
    return x, y


def _pieces_near(zones: Shapes, zone: Ints, bounds: Floats) -> tuple[Ints, Shapes]:
    """Cut each zone to what is near its polygons; give the order of the pairs, and the piece of each in that order."""
    if not len(zone):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=object)
    column = ((bounds[:, 0] + bounds[:, 2]) / 2 // GROUP_M).astype(np.int64)
    row = ((bounds[:, 1] + bounds[:, 3]) / 2 // GROUP_M).astype(np.int64)
    order = np.lexsort((row, column, zone))
    keys = np.stack([zone, column, row])[:, order]
    starts = np.flatnonzero(np.concatenate([[True], (keys[:, 1:] != keys[:, :-1]).any(axis=0)]))
    low = np.minimum.reduceat(bounds[order, :2], starts) - MARGIN_M
    high = np.maximum.reduceat(bounds[order, 2:], starts) + MARGIN_M
    owners = zones[zone[order][starts]]
    boxes = np.hstack([low, high])
    pieces = np.array(
        [shapely.clip_by_rect(owner, *box) for owner, box in zip(owners, boxes, strict=True)], dtype=object
    )
    # A clipped piece may touch itself along the edge of the rectangle: cut it the slow way.
    unclean = ~shapely.is_valid(pieces)
    pieces[unclean] = shapely.intersection(owners[unclean], shapely.box(*boxes[unclean].T))
    sizes = np.diff(np.append(starts, len(zone)))
    return order, np.repeat(pieces, sizes)
