"""From where is a hub reached by each mode, and where would a circle have said so?"""

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from hp_sig.crs import LAMBERT93
from hp_sig.maps.hubs.figures import Hub, percent, ramp
from hp_sig.maps.shapes import round_length, simplified_coverage
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.svg import drawing, line, rectangle, text, text_width
from hp_sig.reference.labels import format_quantity, wording

__all__ = ["Shapes", "mode_map"]

#: Side of the square map in its own units, and the room under it for its key and its scale.
SIDE, FOOT = 600, 76
#: The greatest circle takes this share of the side.
CIRCLE_SHARE = 0.94
#: A limit may move by this many units of the drawing, and a ring smaller than this (square units) is left out.
TOLERANCE, SMALLEST = 1.0, 14.0
#: Height of texts; a label keeps this far from the frame and from another one.
SIZE, GAP = 23.0, 8.0
#: A step towards the north, in degrees, to find where it is on a Lambert grid.
NORTHWARD = 0.05
LAND, LIMIT, INK, HUB = "#f1f2ee", "#8b939a", "#1c1c1c", "#c8501e"


class Shapes(Protocol):
    """The service areas of one hub."""

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """Index (`mode`, `minutes`), MultiPolygon, EPSG:2154."""

    @property
    def crow_fly(self) -> gpd.GeoDataFrame | gpd.GeoSeries:
        """The discs on the same index."""

    @property
    def origin(self) -> shapely.Point:
        """The hub, EPSG:2154."""


def mode_map(hub: Hub, shapes: Shapes, communes: gpd.GeoDataFrame, mode: str) -> str:
    """Draw the areas of a mode, the darkest the nearest, their circles dashed, the communes, the hub, scale and north.

    Parameters
    ----------
    hub
        For the figures told to whoever does not see the map.
    shapes
        Its service areas, of which there are some for this mode.
    communes
        `name`, EPSG:2154.
    mode
        `walk`, `bike` or `car`.
    """
    minutes = minutes_of(shapes, mode)
    discs = [shapes.crow_fly.geometry[mode, minute] for minute in minutes]
    frame = _Frame(shapes.origin, max(_radius(disc, shapes.origin) for disc in discs))
    colours = ramp(mode, len(minutes))
    body = [f'<g clip-path="url(#clip-{mode})">', *_communes(frame, communes, fill=LAND)]
    for minute, colour in reversed(list(zip(minutes, colours, strict=True))):
        path = frame.path(shapes.areas.geometry[mode, minute])
        body.append(f'<path d="{path}" fill="{colour}" fill-rule="evenodd" stroke="{colours[0]}" stroke-width=".7"/>')
    body += _communes(frame, communes, fill="none")
    is_land = hub.scale == "footprint"
    body += [_limit(frame, disc, shapes.origin, is_land=is_land, is_last=disc is discs[-1]) for disc in discs]
    body.append(f'<circle cx="{SIDE / 2:g}" cy="{SIDE / 2:g}" r="9" fill="{HUB}" stroke="#fff" stroke-width="3"/></g>')
    body += _names(frame, communes)
    body.append(rectangle((0.5, 0.5, SIDE - 1, SIDE - 1), fill="none", stroke=LIMIT))
    length_m, length = round_length(SIDE / 4 / frame.scale)
    body += [_north(shapes.origin), *_key(minutes, colours), *_scale_bar(length_m * frame.scale, length)]
    clip = f'<defs><clipPath id="clip-{mode}"><rect width="{SIDE}" height="{SIDE}"/></clipPath></defs>'
    rows = [row for row in hub.catchments if row["mode"] == mode]
    return drawing(
        f"map-{mode}",
        clip + "".join(body),
        size=(SIDE, SIDE + FOOT),
        title=wording("hub_sheet", "map_title", mode=wording("hub_sheet", f"mode_{mode}")),
        desc=wording(
            "hub_sheet",
            "map_desc",
            mode=wording("hub_sheet", f"mode_{mode}"),
            minutes=", ".join(str(minute) for minute in minutes),
            values=", ".join(_told(row) for row in rows),
            length=length,
        ),
    )


def minutes_of(shapes: Shapes, mode: str) -> list[int]:
    """List the minutes of a mode that have an area and a circle, shortest first."""
    found = {(str(one), int(minute)) for one, minute in shapes.areas.index if one == mode}
    return sorted(minute for one, minute in found if (one, minute) in shapes.crow_fly.index)


class _Frame:
    """A square of land around a hub, drawn with the north of the grid up."""

    def __init__(self, origin: shapely.Point, radius_m: float) -> None:
        self.scale = SIDE * CIRCLE_SHARE / (2 * radius_m)
        self._x, self._y = origin.x, origin.y
        half = SIDE / 2 / self.scale
        self.box = shapely.box(origin.x - half, origin.y - half, origin.x + half, origin.y + half)

    def place(self, x: float, y: float) -> tuple[float, float]:
        return SIDE / 2 + (x - self._x) * self.scale, SIDE / 2 - (y - self._y) * self.scale

    def path(self, shape: shapely.Geometry) -> str:
        drawn = shapely.simplify(shape, TOLERANCE / self.scale)
        rings = [
            ring
            for part in shapely.get_parts(shapely.get_parts(drawn))
            if isinstance(part, shapely.Polygon)
            for ring in (part.exterior, *part.interiors)
        ]
        least = SMALLEST / self.scale**2
        return "".join(
            self._ring(shapely.get_coordinates(ring)) for ring in rings if shapely.Polygon(ring).area >= least
        )

    def _ring(self, points: np.ndarray) -> str:
        xs = np.rint(SIDE / 2 + (points[:-1, 0] - self._x) * self.scale).astype(int)
        ys = np.rint(SIDE / 2 - (points[:-1, 1] - self._y) * self.scale).astype(int)
        steps = np.column_stack([np.diff(xs), np.diff(ys)])
        moves = "".join(f"l{x} {y}" for x, y in steps.tolist() if x or y)
        return f"M{xs[0]} {ys[0]}{moves}z"


def _radius(disc: shapely.Geometry, origin: shapely.Point) -> float:
    """Give how far a disc, or what lies around a footprint, goes from the middle of the map."""
    west, south, east, north = (float(bound) for bound in shapely.bounds(disc))
    return max(origin.x - west, east - origin.x, origin.y - south, north - origin.y)


def _communes(frame: _Frame, communes: gpd.GeoDataFrame, *, fill: str) -> list[str]:
    near = communes[communes.geometry.intersects(frame.box)]
    shapes = simplified_coverage(near.geometry, TOLERANCE / frame.scale)
    path = "".join(frame.path(shapely.intersection(shape, frame.box.buffer(20 / frame.scale))) for shape in shapes)
    return [f'<path d="{path}" fill="{fill}" stroke="{LIMIT}" stroke-width="1.6"/>'] if path else []


def _limit(frame: _Frame, disc: shapely.Geometry, origin: shapely.Point, *, is_land: bool, is_last: bool) -> str:
    """Draw how far one would go as the crow flies: a circle around a point, a rounded shape around a footprint."""
    shape = (
        f'<path d="{frame.path(disc)}"'
        if is_land
        else f'<circle cx="{SIDE / 2:g}" cy="{SIDE / 2:g}" r="{_radius(disc, origin) * frame.scale:.1f}"'
    )
    width = 3 if is_last else 1.6
    return f'{shape} fill="none" stroke="{INK}" stroke-width="{width:g}" stroke-dasharray="9 6"/>'


def _names(frame: _Frame, communes: gpd.GeoDataFrame) -> list[str]:
    """Name the communes that have room for it, the largest in sight first; no name lies on another or on the hub."""
    inset = frame.box.buffer(-(SIZE + GAP) / frame.scale)
    seen = communes.assign(geometry=communes.geometry.intersection(inset))
    seen = seen[~seen.geometry.is_empty].assign(in_sight=lambda rows: rows.geometry.area)
    # The hub, and the arrow of the north.
    taken = [(SIDE / 2 - 16, SIDE / 2 - 16, SIDE / 2 + 16, SIDE / 2 + 16), (SIDE - 60, 0.0, float(SIDE), 80.0)]
    parts = []
    for name, shape in _largest_first(seen):
        x, y = frame.place(*shapely.get_coordinates(shapely.point_on_surface(shape))[0])
        half = text_width(name, SIZE) / 2
        if 2 * half > SIDE - 2 * GAP:
            continue
        x = min(max(x, half + GAP), SIDE - half - GAP)
        box = (x - half - GAP, y - SIZE, x + half + GAP, y + GAP)
        if any(_meet(box, other) for other in taken):
            continue
        taken.append(box)
        parts.append(text(name, (x, y), anchor="middle", size=SIZE))
    return parts


def _largest_first(seen: gpd.GeoDataFrame) -> Iterable[tuple[str, shapely.Geometry]]:
    ordered = seen.sort_values("in_sight", ascending=False, kind="stable")
    return zip(ordered["name"].astype(str), ordered.geometry, strict=True)


def _meet(box: Sequence[float], other: Sequence[float]) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _key(minutes: Sequence[int], colours: Sequence[str]) -> list[str]:
    parts, at = [], 0.0
    for minute, colour in zip(minutes, colours, strict=True):
        told = wording("hub_sheet", "minutes", minutes=minute)
        parts += [
            rectangle((at + 1, SIDE + 12, 24, 20), fill=colour, stroke=INK),
            text(told, (at + 32, SIDE + 30), size=SIZE),
        ]
        at += 50 + text_width(told, SIZE)
    return parts


def _scale_bar(width: float, length: str) -> list[str]:
    base = SIDE + 62
    told = wording("hub_sheet", "map_crow")
    left = SIDE - width - text_width(length, SIZE) - 10
    return [
        line([(1, base), (44, base)], colour=INK, width=3, dash="9 6"),
        text(told, (54, base + 8), size=SIZE),
        rectangle((left, base - 4, width, 9), fill="#fff", stroke=INK),
        rectangle((left, base - 4, width / 2, 9), fill=INK),
        text(length, (float(SIDE), base + 8), anchor="end", size=SIZE),
    ]


def _north(origin: shapely.Point) -> str:
    """Point to the true north, which is not quite that of the grid."""
    to_degrees = pyproj.Transformer.from_crs(LAMBERT93, 4326, always_xy=True)
    longitude, latitude = to_degrees.transform(origin.x, origin.y)
    up_x, up_y = to_degrees.transform(longitude, latitude + NORTHWARD, direction="INVERSE")
    angle = math.degrees(math.atan2(up_x - origin.x, up_y - origin.y))
    x, y = SIDE - 26, 34
    arrow = f'<path d="M{x} {y - 22}l9 30l-9 -7l-9 7z" fill="{INK}" stroke="#fff" stroke-width="1.5"/>'
    return (
        f'<g transform="rotate({angle:.1f} {x} {y})">{arrow}</g>'
        f"{text(wording('hub_sheet', 'north'), (x, y + 32), anchor='middle', size=SIZE)}"
    )


def _told(row: Row) -> str:
    return wording(
        "hub_sheet",
        "map_value",
        minutes=int(row["minutes"]),
        area=format_quantity("area_ha", number(row, "catchment_ha")),
        share=percent(number(row, "crow_fly_share")),
    )
