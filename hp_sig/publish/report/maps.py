"""Where is the zone, and where in it was land consumed?"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.figure import Figure

from hp_sig.maps.classes import class_of, classified
from hp_sig.maps.editions import latest_epci
from hp_sig.maps.paper import INK, Letters, blank, corners, fill, put, stroke, width_of, wrapped
from hp_sig.maps.shapes import round_length, simplified_coverage
from hp_sig.publish.report.drawing import SETTINGS, WIDTH, png_of
from hp_sig.publish.report.model import Drawn
from hp_sig.publish.report.words import say
from hp_sig.publish.report.zone import Subject
from hp_sig.reference.labels import format_number, wording
from hp_sig.results.groups import TERRITORY_LAYER

__all__ = ["choropleth", "situation_map"]

HEIGHT = 96.0
#: Room of the map; the key stands on its right.
PLAN, KEY_LEFT = 112.0, 117.0
MARGIN, FOOT = 2.0, 8.0
LAND, ZONE, LIMIT, EPCI_LIMIT, UNKNOWN = "#eef0ee", "#27496d", "#9aa1a7", "#333333", "#ffffff"
PLAIN, BOLD = Letters(size=8.0), Letters(size=8.5, bold=True)
#: A zone smaller than this on paper gets a ring around it, in millimetres.
SMALL = 7.0
#: Limits may move by this much on paper: less than the eye sees.
TOLERANCE_MM = 0.15
#: Most names that a map writes.
MOST_NAMED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Where land stands on paper, and the communes there."""

    scale: float
    shapes: gpd.GeoSeries

    def union(self, codes: Iterable[str]) -> shapely.Geometry:
        return gpd.GeoSeries(self.shapes.loc[list(codes)]).union_all()


def _plan_of(communes: gpd.GeoDataFrame) -> _Plan:
    west, south, east, north = (float(bound) for bound in communes.total_bounds)
    wide, tall = PLAN - 2 * MARGIN, HEIGHT - FOOT - 2 * MARGIN
    scale = min(wide / max(east - west, 1.0), tall / max(north - south, 1.0))
    left = MARGIN + (wide - (east - west) * scale) / 2 - west * scale
    bottom = FOOT + MARGIN + (tall - (north - south) * scale) / 2 - south * scale
    drawn = simplified_coverage(communes.geometry, TOLERANCE_MM / scale).to_numpy()
    placed = shapely.transform(drawn, lambda points: points * scale + (left, bottom))
    shapes = shapely.make_valid(placed, method="structure", keep_collapsed=False)
    return _Plan(scale=scale, shapes=gpd.GeoSeries(shapes, index=communes.index))


def situation_map(subject: Subject) -> Drawn:
    """Draw the communes of the territory, the zone in dark, the limits of the EPCI.

    Parameters
    ----------
    subject
        The zone.
    """
    layers, codes = subject.layers, list(subject.portrait.commune_codes)
    with mpl.rc_context(SETTINGS):
        figure, plan = blank(WIDTH, HEIGHT), _plan_of(layers.communes)
        fill(figure, plan.shapes, LAND)
        zone = plan.union(codes)
        fill(figure, [zone], ZONE, opacity=0.85)
        _limits(figure, plan.shapes.to_numpy(), LIMIT, 0.8)
        epci = latest_epci(layers)
        if epci is not None and epci.members is not None:
            zone_of = epci.members[epci.config.key]
            groups = [plan.union(zone_of.index[zone_of == code]) for code in epci.zones.index]
            _limits(figure, groups, EPCI_LIMIT, 2.4)
        _ring(figure, zone)
        rows = [(ZONE, subject.name)]
        if subject.key[0] != TERRITORY_LAYER:
            rows.append((LAND, say("map_territory", territory=layers.territory.name)))
        top = _key(figure, say("map_key"), rows)
        if epci is not None:
            line = np.array([(KEY_LEFT, top - 2.2), (KEY_LEFT + 6, top - 2.2)])
            stroke(figure, [line], {"colour": EPCI_LIMIT, "weight": 2.4, "dash": ""})
            _text(figure, (KEY_LEFT + 8, top), wording("sheet", "map_lines", year=epci.config.cog_year))
        _foot(figure, plan)
        return png_of(figure), HEIGHT


def choropleth(subject: Subject, values: dict[str, float]) -> Drawn:
    """Draw the communes of the zone (or around the commune) by the hectares that each consumed.

    Parameters
    ----------
    subject
        The zone.
    values
        Hectares of each commune that is shown, as they are told; NaN: not known.
    """
    communes = subject.layers.communes.loc[list(values)]
    figures = np.array([round(value, 2) for value in values.values()])
    classes = classified(figures, scheme="fisher_jenks", count=5, ramp="orange")
    ranks = class_of(figures, classes.breaks)
    with mpl.rc_context(SETTINGS):
        figure, plan = blank(WIDTH, HEIGHT), _plan_of(communes)
        shapes = plan.shapes.to_numpy()
        for rank, shape in zip(ranks, shapes, strict=True):
            fill(figure, [shape], UNKNOWN if rank < 0 else classes.colours[rank])
        _limits(figure, shapes, LIMIT, 0.9)
        own = list(subject.portrait.commune_codes) if subject.is_commune else list(communes.index)
        zone = plan.union(own)
        _limits(figure, [zone], INK, 2.6)
        _names(figure, plan, communes, subject)
        rows = [(colour, _class_told(figures[ranks == rank])) for rank, colour in enumerate(classes.colours)]
        if (ranks < 0).any():
            rows.append((UNKNOWN, wording("map", "no_data")))
        top = _key(figure, say("map_consumption", period=subject.period), rows)
        if subject.is_commune:
            line = np.array([(KEY_LEFT, top - 2.2), (KEY_LEFT + 6, top - 2.2)])
            stroke(figure, [line], {"colour": INK, "weight": 2.6, "dash": ""})
            _text(figure, (KEY_LEFT + 8, top), subject.name)
        _foot(figure, plan)
        return png_of(figure), HEIGHT


def _class_told(figures: np.ndarray) -> str:
    """Tell a class by its own least and most figure: every bound is a figure that a commune has."""
    low, high = float(figures.min()), float(figures.max())
    if low == high:
        return say("map_hectares", amount=format_number(low, 2))
    both = wording("map", "from_to", low=format_number(low, 2), high=format_number(high, 2))
    return say("map_hectares", amount=both)


def _limits(figure: Figure, shapes: Iterable[shapely.Geometry], colour: str, weight: float) -> None:
    rings = [
        shapely.get_coordinates(ring)
        for shape in shapes
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon)
        for ring in (part.exterior, *part.interiors)
    ]
    stroke(figure, rings, {"colour": colour, "weight": weight, "dash": ""})


def _ring(figure: Figure, shape: shapely.Geometry) -> None:
    """Ring a zone that is too small to be found at a glance."""
    west, south, east, north = (float(bound) for bound in shapely.bounds(shape))
    # The bounds of nothing are NaN, and so is their size.
    if not max(east - west, north - south) < SMALL:
        return
    circle = shapely.Point((west + east) / 2, (south + north) / 2).buffer(SMALL)
    stroke(figure, [shapely.get_coordinates(circle)], {"colour": INK, "weight": 1.8, "dash": ""})


def _names(figure: Figure, plan: _Plan, communes: gpd.GeoDataFrame, subject: Subject) -> None:
    """Write the names that fit without meeting another, the zone's own first, then the largest communes'."""
    letters = Letters(size=6.2)
    taken: list[shapely.Geometry] = []
    sizes = plan.shapes.map(lambda shape: shape.area)
    own = sizes.index == subject.key[1]
    order = [*sizes.index[own], *sizes[~own].sort_values(ascending=False, kind="stable").index]
    for code in order:
        name = str(communes["name"][code])
        wide, point = width_of(name, letters), plan.shapes[code].representative_point()
        box = shapely.box(point.x - wide / 2 - 0.4, point.y - 1.4, point.x + wide / 2 + 0.4, point.y + 1.4)
        fits = box.bounds[0] > 0 and box.bounds[2] < PLAN and not any(box.intersects(other) for other in taken)
        if fits and len(taken) < MOST_NAMED:
            put(figure, (point.x, point.y - 0.8), name, letters, align="center", halo=True)
            taken.append(box)


def _key(figure: Figure, heading: str, rows: Sequence[tuple[str, str]]) -> float:
    """Write the key from the top down; give where it ends."""
    top = HEIGHT - 3
    for line in wrapped(heading, WIDTH - KEY_LEFT, BOLD):
        put(figure, (KEY_LEFT, top - BOLD.rise), line, BOLD)
        top -= BOLD.leading
    top -= 1.6
    for colour, told in rows:
        box = (KEY_LEFT, top - 3.9, KEY_LEFT + 6, top - 0.2)
        fill(figure, [shapely.box(*box)], colour)
        stroke(figure, [corners(box)], {"colour": INK, "weight": 0.6, "dash": ""})
        top = min(_text(figure, (KEY_LEFT + 8, top), told), top - 4.2) - 1.4
    return top


def _text(figure: Figure, at: tuple[float, float], told: str) -> float:
    top = at[1]
    for line in wrapped(told, WIDTH - at[0], PLAIN):
        put(figure, (at[0], top - PLAIN.rise), line, PLAIN)
        top -= PLAIN.leading
    return top


def _foot(figure: Figure, plan: _Plan) -> None:
    """Draw the scale bar and the north of the grid."""
    metres, told = round_length(38.0 / plan.scale)
    if not math.isfinite(metres):
        return
    long = metres * plan.scale
    fill(figure, [shapely.box(MARGIN, 3.0, MARGIN + long / 2, 4.6)], INK)
    stroke(figure, [corners((MARGIN, 3.0, MARGIN + long, 4.6))], {"colour": INK, "weight": 1.0, "dash": ""})
    put(figure, (MARGIN + long + 2, 2.6), told, PLAIN)
    x = PLAN - 8.0
    arrow = shapely.Polygon([(x, 7.0), (x + 1.9, 1.4), (x, 2.6), (x - 1.9, 1.4)])
    fill(figure, [arrow], INK)
    put(figure, (x + 2.6, 2.8), wording("sheet", "north"), BOLD)
