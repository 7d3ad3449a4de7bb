"""Which polygons of a land cover share an edge, and which of them lie at the edge of the data?

Most edges are the same two vertices in both polygons and are found by them alone; only what is left is looked at on
the ground, a little outside of the polygon, so that the slivers of real deliveries part nobody.
"""

import numpy as np
import pandas as pd
import shapely

from hp_sig.indicators.polygons import Bools, Floats, Ints, Shapes
from hp_sig.parallel import shared

__all__ = ["MIN_EDGE_M", "SNAP_M", "contiguous_patches", "shared_edges"]

#: Two polygons less than this far apart touch: the distance at which IGN snaps its artificialisation layers, as their
#: users report it (CalumRob/lusk, docs/adr/0017).
SNAP_M = 0.1
#: Outlines are looked at from this far outside, a centimetre past the widest gap that counts as none.
REACH_M = SNAP_M + 0.01
#: A shorter edge is a corner: two polygons that meet at a corner of 12° are less than `SNAP_M` apart for as long.
MIN_EDGE_M = 0.5


def shared_edges(shapes: Shapes, chosen: Ints) -> tuple[Ints, Ints, Floats]:
    """Measure the edges that some polygons share with their neighbours, in metres.

    Parameters
    ----------
    shapes
        Valid polygons of a land cover.
    chosen
        Ranks of those whose outlines are followed: small or long ones, for a large one has many neighbours.

    Returns
    -------
    tuple
        Rank of a chosen polygon and rank of a neighbour for each edge of :data:`MIN_EDGE_M` or more; and, for each
        polygon of `shapes`, the length of its outline beyond which there is no land at all (0 where not chosen).

    Examples
    --------
    Two squares of 10 m side by side: each has 30 m of its 40 m at the edge of the data.

    >>> first, second, open_m = shared_edges(shapely.box([0, 10], 0, [10, 20], 10), np.array([0, 1]))
    >>> first.tolist(), second.tolist(), open_m.round(6).tolist()
    ([0, 1], [1, 0], [30.0, 30.0])
    """
    is_chosen = np.zeros(len(shapes), dtype=np.bool_)
    is_chosen[chosen] = True
    segments, owner, outward = _segments(shapes)
    length = np.hypot(*(segments[:, 1] - segments[:, 0]).T)
    one, other = _twins(segments, owner, outward)
    # Beyond a sliver lies who is looked for: its sides are looked at on the ground.
    sliver = shapely.area(shapes) <= REACH_M / 2 * shapely.length(shapes)
    between = ~(sliver[owner[one]] | sliver[owner[other]])
    one, other = one[between], other[between]
    followed = is_chosen[owner]
    followed[one] = followed[other] = False
    left = np.flatnonzero(followed & (length > 0))
    seen, beside, seen_m = _seen(shapes, segments[left], outward[left])
    unseen_m: Floats = np.maximum(length[left] - np.bincount(seen, weights=seen_m, minlength=len(left)), 0.0)
    open_m = np.bincount(owner[left], weights=unseen_m, minlength=len(shapes)).astype(np.float64)
    first = np.concatenate([owner[one], owner[other], owner[left][seen]])
    second = np.concatenate([owner[other], owner[one], beside])
    metres = np.concatenate([length[one], length[other], seen_m])
    kept = is_chosen[first] & (first != second)
    pairs, pair = np.unique(first[kept] * len(shapes) + second[kept], return_inverse=True)
    pairs = pairs[np.bincount(pair, weights=metres[kept], minlength=len(pairs)) >= MIN_EDGE_M]
    return pairs // len(shapes), pairs % len(shapes), open_m


def contiguous_patches(members: Bools, first: Ints, second: Ints) -> Ints:
    """Tell apart the patches that some polygons make together, polygons that share an edge being of one patch.

    Parameters
    ----------
    members
        Which polygons count; each of the others gets a number of its own.
    first, second
        Polygons that share an edge, from :func:`shared_edges`.

    Examples
    --------
    >>> contiguous_patches(np.array([True, True, False]), np.array([0, 1]), np.array([1, 2])).tolist()
    [0, 0, 1]
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - takes a third of a second to import
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    both = members[first] & members[second]
    graph = coo_array(
        (np.ones(int(both.sum()), dtype=np.bool_), (first[both], second[both])), shape=(len(members), len(members))
    )
    patch: Ints = connected_components(graph, directed=False)[1].astype(np.intp)
    return patch


def _segments(shapes: Shapes) -> tuple[Floats, Ints, Floats]:
    """Give the sides of polygons (two points each), the polygon of each, and the unit vector that leads out of it."""
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    points, point_of = shapely.get_coordinates(rings, return_index=True)
    start = np.flatnonzero(point_of[1:] == point_of[:-1])
    segments = np.stack([points[start], points[start + 1]], axis=1)
    # The land is on the left of an outer ring that runs counter-clockwise, and of an inner one that runs clockwise.
    is_outer = np.append(True, ring_of[1:] != ring_of[:-1])[: len(rings)]
    side = np.where(shapely.is_ccw(rings) == is_outer, 1.0, -1.0)[point_of[start]]
    along = segments[:, 1] - segments[:, 0]
    length = np.hypot(*along.T)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1) * side[:, None]
    np.divide(outward, length[:, None], out=outward, where=length[:, None] > 0)
    return segments, part_of[ring_of[point_of[start]]], outward


def _twins(segments: Floats, owner: Ints, outward: Floats) -> tuple[Ints, Ints]:
    """Pair the sides that two polygons, and no third one, have in common, one on each side of it."""
    ends = np.ascontiguousarray(segments + 0.0).view(np.complex128).ravel()  # -0.0 becomes 0.0
    vertex = pd.factorize(ends)[0].reshape(-1, 2).astype(np.int64)
    key = vertex.min(axis=1) * np.int64(len(ends)) + vertex.max(axis=1)
    order = np.argsort(key, kind="stable")
    same = np.concatenate([[False], key[order][1:] == key[order][:-1], [False]])
    # `same[i]` tells of the sides i - 1 and i.
    rank = np.flatnonzero(same[1:-1] & ~same[:-2] & ~same[2:])
    one, other = order[rank], order[rank + 1]
    # Two polygons on the same side of a line overlap: it is no edge between them.
    apart = (owner[one] != owner[other]) & ((outward[one] * outward[other]).sum(axis=1) < 0)
    return one[apart], other[apart]


def _seen(shapes: Shapes, segments: Floats, outward: Floats) -> tuple[Ints, Ints, Floats]:
    """Look beyond sides: give the rank of the side, the polygon there, and along how many metres."""
    lines = np.asarray(shapely.linestrings(segments + REACH_M * outward[:, None]))
    if not len(lines):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0)
    # The tree prepares each polygon for itself alone. Two threads that look at one prepared polygon crash GEOS
    # (libgeos/geos, issue 825).
    tree = shapely.STRtree(lines)
    polygon, line = tree.query(shapes, predicate="intersects")
    metres: Floats = shapely.length(lines[line])
    whole = tree.query(shapes, predicate="covers")
    cut = ~np.isin(polygon * len(lines) + line, whole[0] * len(lines) + whole[1])
    metres[cut] = shared(_length_within, lines[line[cut]], shapes[polygon[cut]])
    return line, polygon, metres


def _length_within(lines: Shapes, shapes: Shapes) -> Floats:
    length: Floats = shapely.length(shapely.intersection(lines, shapes))
    return length
