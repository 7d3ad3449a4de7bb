"""How is a whole layer of zones written once, each shared limit once, as whole numbers?

The form is TopoJSON's (https://github.com/topojson/topojson-specification): arcs between the points where three zones
meet, as steps on a grid of degrees; a zone is rings of arcs, `~n` being arc n taken backwards. Any zoning made of these
zones (EPCI, SCoT) needs no geometry of its own: its limits are the arcs between zones of different groups.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from hp_sig.maps.shapes import DECIMALS

__all__ = ["Topology", "encode"]

Point = tuple[int, int]
Ring = list[Point]

#: Corners of the smallest ring, the first counted once.
SMALLEST_RING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Arcs and zones on a grid of 10⁻⁵ degree.

    Parameters
    ----------
    arcs
        One list an arc: longitude and latitude of its first point, then steps, all in grid units.
    shapes
        One list a zone, in the order of the layer: polygons, each of rings, each of arcs.
    """

    arcs: tuple[tuple[int, ...], ...]
    shapes: tuple[list[list[list[int]]], ...]

    def as_json(self) -> Mapping[str, Any]:
        """Give what a page reads."""
        return {"decimals": DECIMALS, "arcs": self.arcs, "shapes": self.shapes}

    def lines(self) -> list[np.ndarray]:
        """Decode the arcs: one array each, of longitudes and latitudes."""
        return [np.cumsum(np.reshape(arc, (-1, 2)), axis=0) / 10**DECIMALS for arc in self.arcs]

    def polygons(self, lines: Sequence[np.ndarray] | None = None) -> list[shapely.MultiPolygon]:
        """Close the zones along their arcs.

        Parameters
        ----------
        lines
            The arcs, in whatever system they are to be drawn in; by default as :meth:`lines` gives them.
        """
        drawn = self.lines() if lines is None else lines

        def ring(references: Iterable[int]) -> np.ndarray:
            return np.concatenate([(drawn[one] if one >= 0 else drawn[~one][::-1])[1:] for one in references])

        return [
            shapely.MultiPolygon([(ring(outer), [ring(inner) for inner in inners]) for outer, *inners in polygons])
            for polygons in self.shapes
        ]


def encode(zones: gpd.GeoDataFrame) -> Topology:
    """Write the limits of zones as arcs shared by neighbours.

    Parameters
    ----------
    zones
        Polygons in WGS84 degrees (from :func:`hp_sig.maps.shapes.for_display`): where two of them share vertices, they
        share arcs.

    Examples
    --------
    >>> squares = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs=4326)
    >>> topology = encode(squares)
    >>> len(topology.arcs), topology.shapes
    (3, ([[[0, 1]]], [[[-1, 2]]]))
    """
    polygons = [[list(_rings(polygon)) for polygon in shapely.get_parts(shape)] for shape in zones.geometry]
    junctions = _junctions(ring for zone in polygons for polygon in zone for ring in polygon)
    known: dict[tuple[Point, ...], int] = {}
    shapes = tuple(
        [[[_arc(arc, known) for arc in _cut(ring, junctions)] for ring in polygon] for polygon in zone if polygon]
        for zone in polygons
    )
    return Topology(arcs=tuple(_steps(arc) for arc in known), shapes=shapes)


def _rings(polygon: shapely.Polygon) -> Iterator[Ring]:
    """Give the rings of a polygon on the grid, the outer one first; one that has become nothing is left out."""
    for rank, ring in enumerate((polygon.exterior, *polygon.interiors)):
        points = np.rint(shapely.get_coordinates(ring) * 10**DECIMALS).astype(int)[:-1]
        moved = (points != np.roll(points, 1, axis=0)).any(axis=1)
        corners = [(int(x), int(y)) for x, y in points[moved]]
        if len(set(corners)) >= SMALLEST_RING:
            yield corners
        elif rank == 0:
            return


def _junctions(rings: Iterator[Ring]) -> set[Point]:
    """Find the points where an arc must end: their neighbours are not the same two in every ring."""
    neighbours: dict[Point, frozenset[Point]] = {}
    junctions = set()
    for ring in rings:
        for rank, point in enumerate(ring):
            pair = frozenset((ring[rank - 1], ring[(rank + 1) % len(ring)]))
            if neighbours.setdefault(point, pair) != pair:
                junctions.add(point)
    return junctions


def _cut(ring: Ring, junctions: set[Point]) -> Iterator[tuple[Point, ...]]:
    """Cut a ring at its junctions; one without any begins at its smallest point, wherever it was drawn from."""
    ends = [rank for rank, point in enumerate(ring) if point in junctions] or [ring.index(min(ring))]
    turned = ring[ends[0] :] + ring[: ends[0]]
    turned.append(turned[0])
    cuts = [end - ends[0] for end in ends] + [len(ring)]
    for start, end in pairwise(cuts):
        yield tuple(turned[start : end + 1])


def _arc(arc: tuple[Point, ...], known: dict[tuple[Point, ...], int]) -> int:
    backwards = arc[::-1]
    if backwards in known:
        return ~known[backwards]
    return known.setdefault(arc, len(known))


def _steps(arc: tuple[Point, ...]) -> tuple[int, ...]:
    points = np.array(arc)
    return tuple(np.concatenate([points[:1], np.diff(points, axis=0)]).ravel().tolist())
