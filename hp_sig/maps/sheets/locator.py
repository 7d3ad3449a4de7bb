"""Where in the territory is a zone?"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pyproj
import shapely

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93
from hp_sig.maps.editions import latest_epci
from hp_sig.maps.shapes import round_length, simplified_coverage
from hp_sig.maps.sheets.portrait import Portrait
from hp_sig.maps.sheets.svg import drawing, line, rectangle, text
from hp_sig.reference.labels import wording

__all__ = ["Locator"]

#: Width of the map in its own units, and the room under it for the scale.
WIDTH, MARGIN, FOOT = 600, 12, 40
#: A limit may move by this many units of the drawing: less than the eye sees.
TOLERANCE = 1.2
#: A zone smaller than this gets a ring around it.
SMALL, RING = 34.0, 34.0
LAND, ZONE, LIMIT, EPCI_LIMIT, INK = "#eef0ee", "#27496d", "#b9bfc4", "#333", "#1c1c1c"
#: Lengths of a scale bar, in metres: 1, 2 or 5 times a power of ten.
#: A step towards the north, in degrees, to find where it is on a Lambert grid.
NORTHWARD = 0.05


class Locator:
    """Draws the territory once; each zone is then laid over it.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    """

    def __init__(self, layers: Layers) -> None:
        west, south, east, north = (float(bound) for bound in layers.communes.total_bounds)
        self._scale = (WIDTH - 2 * MARGIN) / max(east - west, north - south)
        self._west, self._north = west, north
        self._height = math.ceil((north - south) * self._scale) + 2 * MARGIN + FOOT
        self._width = math.ceil((east - west) * self._scale) + 2 * MARGIN
        drawn = simplified_coverage(layers.communes.geometry, TOLERANCE / self._scale)
        shapes = np.asarray(shapely.make_valid(drawn.to_numpy()))
        self._communes: dict[str, shapely.Geometry] = dict(zip(layers.communes.index, shapes, strict=True))
        self._whole = shapely.union_all(shapes)
        self._perimeters = {name: layer.zones.geometry for name, layer in layers.zones.items() if layer.members is None}
        self._north_angle = _north_angle(*self._whole.centroid.coords[0])
        self._metres, self._length = round_length((WIDTH / 3) / self._scale)
        base = " ".join(self._path(shape) for shape in shapes)
        self._base = f'<path d="{base}" fill="{LAND}" stroke="{LIMIT}" stroke-width="1.2"/>'
        self._lines = f'<path d="{base}" fill="none" stroke="{LIMIT}" stroke-width="1.2"/>'
        epci = latest_epci(layers)
        self.year = None if epci is None else epci.config.cog_year
        if epci is not None and epci.members is not None:
            zone_of = epci.members[epci.config.key]
            groups = [self._union(zone_of.index[zone_of == code]) for code in epci.zones.index]
            limits = " ".join(self._path(shape) for shape in groups)
            self._lines += f'<path d="{limits}" fill="none" stroke="{EPCI_LIMIT}" stroke-width="3.4"/>'

    def draw(self, portrait: Portrait) -> str:
        """Draw the territory with one zone in dark, the limits of the intercommunalities, the scale and the north."""
        shape = self._shape(portrait)
        zone = f'<path d="{self._path(shape)}" fill="{ZONE}" fill-opacity=".85" stroke="{ZONE}" stroke-width="2"/>'
        told: Mapping[str, object] = {
            "communes": _counted(len(self._communes)),
            "name": portrait.name,
            "length": self._length,
        }
        return drawing(
            "locator",
            f"{self._base}{zone}{self._lines}{self._ring(shape)}{self._foot()}",
            size=(self._width, self._height),
            title=wording("sheet", "map_title", name=portrait.name),
            desc=wording("sheet", "map_desc_plain" if self.year is None else "map_desc", **told),
        )

    def _shape(self, portrait: Portrait) -> shapely.Geometry:
        if not portrait.is_perimeter:
            return self._union(portrait.commune_codes)
        perimeter = self._perimeters[portrait.key[0]][portrait.key[1]]
        return shapely.intersection(perimeter.simplify(TOLERANCE / self._scale), self._whole)

    def _union(self, codes: Iterable[str]) -> shapely.Geometry:
        return shapely.union_all([self._communes[code] for code in codes])

    def _path(self, shape: shapely.Geometry) -> str:
        rings = [
            ring
            for part in shapely.get_parts(shape)
            if isinstance(part, shapely.Polygon)
            for ring in (part.exterior, *part.interiors)
        ]
        return "".join(self._ring_path(shapely.get_coordinates(ring)) for ring in rings)

    def _ring_path(self, points: np.ndarray) -> str:
        xs = np.rint((points[:-1, 0] - self._west) * self._scale + MARGIN).astype(int)
        ys = np.rint((self._north - points[:-1, 1]) * self._scale + MARGIN).astype(int)
        steps = np.column_stack([np.diff(xs), np.diff(ys)])
        moves = "".join(f"l{x} {y}" for x, y in steps.tolist() if x or y)
        return f"M{xs[0]} {ys[0]}{moves}z"

    def _ring(self, shape: shapely.Geometry) -> str:
        """Ring a zone that is too small to be found at a glance."""
        west, south, east, north = (float(bound) for bound in shapely.bounds(shape))
        # The bounds of nothing are NaN, and so is their size.
        if not max(east - west, north - south) * self._scale < SMALL:
            return ""
        x = ((west + east) / 2 - self._west) * self._scale + MARGIN
        y = (self._north - (south + north) / 2) * self._scale + MARGIN
        return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{RING:g}" fill="none" stroke="{INK}" stroke-width="3"/>'

    def _foot(self) -> str:
        """Draw the scale bar and the arrow that points to the true north, under the map."""
        base = self._height - 14
        width = self._metres * self._scale
        bar = rectangle((MARGIN, base - 7, width, 8), fill="#fff", stroke=INK)
        bar += rectangle((MARGIN, base - 7, width / 2, 8), fill=INK)
        bar += text(self._length, (MARGIN + width + 8, base + 2), size=21)
        x, y = self._width - 40, base - 8
        arrow = f'<path d="M{x} {y - 24}l9 30l-9 -7l-9 7z" fill="{INK}"/>' + line([(x, y + 2), (x, y + 10)], colour=INK)
        turned = f'<g transform="rotate({self._north_angle:.1f} {x} {y})">{arrow}</g>'
        return f"{bar}{turned}{text(wording('sheet', 'north'), (x + 12, y + 4), size=21)}"


def _north_angle(x: float, y: float) -> float:
    """Give by how many degrees the true north is to the right of the grid's."""
    to_degrees = pyproj.Transformer.from_crs(LAMBERT93, 4326, always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    up_x, up_y = to_degrees.transform(longitude, latitude + NORTHWARD, direction="INVERSE")
    return math.degrees(math.atan2(up_x - x, up_y - y))


def _counted(count: int) -> str:
    return wording("sheet", "communes_one" if count == 1 else "communes_many", count=count)
