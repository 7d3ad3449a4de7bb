"""How is a map itself drawn on paper: in Lambert-93, at a round scale, names that do not touch each other?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import shapely
from matplotlib.figure import Figure
from pyproj import Transformer

from hp_sig.crs import LAMBERT93
from hp_sig.maps.legend import ABSENT, LIMIT, MARKED, PARK, Hatching
from hp_sig.maps.paper import INK, PIXEL, corners, fill, hatched, put, put_sign, stroke, width_of
from hp_sig.maps.plan_names import Box, Name, around, cut, is_within, lettering, placed
from hp_sig.maps.shapes import round_length
from hp_sig.maps.topology import Topology
from hp_sig.reference.labels import format_number

__all__ = ["draw_plan"]

Model = Mapping[str, Any]
Place = Callable[[np.ndarray], np.ndarray]

#: Part of the frame that the zones fill at most.
FILLED = 0.96
#: Hatching of parks near one place, where it may cover the whole map.
FAINT = replace(PARK, opacity=0.3)
#: The line about the map.
FRAME = {"colour": INK, "dash": "", "weight": 1.3}


def draw_plan(figure: Figure, frame: Box, model: Model, theme: Model | None, period: int) -> int:
    """Draw zones, layers that are shown, names, scale bar and north in a frame.

    Parameters
    ----------
    frame
        Left, bottom, right and top, in millimetres on the sheet.
    model
        From :func:`hp_sig.maps.model.page_model`.
    theme, period
        One of its themes, or none, and the rank of the period.

    Returns
    -------
    int
        Denominator of the scale.
    """
    topology = _topology(model["topology"])
    arcs = _in_metres(topology.lines())
    scene = _scene(model)
    denominator, place = _placing(_in_metres([_corners(scene["focus"])]) if scene else arcs, frame)
    arcs = [place(arc) for arc in arcs]
    zones: Sequence[shapely.Geometry] = topology.polygons(arcs)
    owners = _owners(topology)
    if scene:
        # What is looked at is a part of the zones: the rest would lie over the texts around the map.
        zones = list(shapely.clip_by_rect(shapely.make_valid(np.array(zones, dtype=object)), *frame))
        arcs, owners = _cut_to(frame, arcs, owners)
    _zones(figure, zones, theme, period)
    _limits(figure, arcs, owners, theme, period)
    shown = [overlay for overlay in model["overlays"] if overlay["shown"]]
    for overlay in shown:
        if overlay["type"] == "outlines":
            for lines, one in zip(_between(overlay, arcs, owners), overlay["sets"], strict=True):
                stroke(figure, lines, one["line"])
        elif overlay["type"] == "perimeters":
            _perimeters(figure, overlay, place, frame, FAINT if scene else PARK)
        elif overlay["type"] == "lines":
            stroke(figure, _cut_to(frame, _traces(overlay, place), [])[0], overlay["line"])
    marks = [(mark, spot) for mark, spot in _marks(shown, place) if is_within((*spot, *spot), frame)]
    taken = [*_furniture(figure, frame, denominator, model), *(around(spot, 11 * PIXEL) for _, spot in marks)]
    for name in placed(_names(model, theme, period, marks, zones, place), frame, taken):
        top = name.box()[3]
        for rank, line in enumerate(name.lines):
            at = (name.at[0], top - name.letters.rise - rank * name.letters.leading)
            put(figure, at, line, name.letters, align="center", halo=True)
    for mark, spot in marks:
        put_sign(figure, spot, mark)
    stroke(figure, [corners(frame)], FRAME)
    return denominator


def _scene(model: Model) -> Model | None:
    """Give the view that a page opens with, where it looks at a part of the zones."""
    return next((scene for scene in model["scenes"][:1] if scene["focus"]), None)


def _corners(focus: Sequence[Sequence[float]]) -> np.ndarray:
    """Give the corners of a box of degrees, as longitudes and latitudes."""
    (south, west), (north, east) = focus
    return np.array([(west, south), (east, south), (east, north), (west, north)])


def _cut_to(
    frame: Box, lines: Sequence[np.ndarray], owners: Sequence[list[int]]
) -> tuple[list[np.ndarray], list[list[int]]]:
    """Keep the parts of lines that lie inside the frame, each with the owners of its line."""
    if not lines:
        return [], []
    pieces = shapely.clip_by_rect([shapely.LineString(line) for line in lines], *frame)
    parts, rank = shapely.get_parts(pieces, return_index=True)
    kept = shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING
    drawn = [shapely.get_coordinates(part) for part in parts[kept]]
    return drawn, [owners[one] for one in rank[kept]] if owners else []


def _traces(overlay: Model, place: Place) -> list[np.ndarray]:
    unit = 10 ** overlay["decimals"]
    lines = [np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / unit for steps in overlay["paths"]]
    return [place(line) for line in _in_metres(lines)]


def _topology(written: Model) -> Topology:
    return Topology(arcs=tuple(written["arcs"]), shapes=tuple(written["shapes"]))


def _in_metres(lines: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Bring lines of degrees to Lambert-93."""
    if not lines:
        return []
    points = np.concatenate(lines)
    x, y = _to_metres().transform(points[:, 0], points[:, 1])
    return np.split(np.column_stack([x, y]), np.cumsum([len(line) for line in lines])[:-1])


@cache
def _to_metres() -> Transformer:
    return Transformer.from_crs(4326, LAMBERT93, always_xy=True)


def _placing(arcs: Sequence[np.ndarray], frame: Box) -> tuple[int, Place]:
    """Choose a scale of two figures at which everything fits, and say where a point in metres is on the sheet."""
    points = np.concatenate(arcs)
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([frame[2] - frame[0], frame[3] - frame[1]]) * FILLED / 1000
    least = max(float(((high - low) / room).max()), 1.0)
    unit = 10 ** max(int(np.floor(np.log10(least))) - 1, 0)
    denominator = int(np.ceil(least / unit)) * unit
    middle = np.array([frame[0] + frame[2], frame[1] + frame[3]]) / 2

    def place(metres: np.ndarray) -> np.ndarray:
        return np.asarray((metres - (low + high) / 2) * 1000 / denominator + middle)

    return denominator, place


def _owners(topology: Topology) -> list[list[int]]:
    """List the zones on either side of each arc."""
    owners: list[list[int]] = [[] for _ in topology.arcs]
    for zone, polygons in enumerate(topology.shapes):
        for reference in (one for rings in polygons for ring in rings for one in ring):
            owners[reference if reference >= 0 else ~reference].append(zone)
    return owners


def _zones(figure: Figure, zones: Sequence[shapely.Geometry], theme: Model | None, period: int) -> None:
    if theme is None:
        fill(figure, zones, "#ffffff")
        return
    is_sets = theme["type"] == "sets"
    ranks = theme["members" if is_sets else "classes"][period]
    colours = [one["colour"] for one in theme["sets"]] if is_sets else theme["colours"]
    for rank, colour in enumerate(colours):
        fill(figure, [zones[zone] for zone, one in enumerate(ranks) if one == rank], colour)
    unknown = [zones[zone] for zone, one in enumerate(ranks) if one < 0]
    fill(figure, unknown, "#ffffff")
    if unknown and not is_sets:
        hatched(figure, unknown, ABSENT)


def _limits(
    figure: Figure, arcs: Sequence[np.ndarray], owners: Sequence[list[int]], theme: Model | None, period: int
) -> None:
    """Draw the limits of the zones, broken about those whose figure needs a warning."""
    flags = [] if theme is None else [flag for flag in theme.get("flags", ()) if flag["key"] != "is_provisional"]
    marked = {zone for flag in flags for zone in flag["zones"][period]}
    about = [not marked.isdisjoint(zones) for zones in owners]
    stroke(figure, [arc for arc, broken in zip(arcs, about, strict=True) if not broken], LIMIT)
    stroke(figure, [arc for arc, broken in zip(arcs, about, strict=True) if broken], MARKED)


def _between(overlay: Model, arcs: Sequence[np.ndarray], owners: Sequence[list[int]]) -> list[list[np.ndarray]]:
    """Give the arcs where the zones on either side are of different sets, by the set that is drawn last."""
    lines: list[list[np.ndarray]] = [[] for _ in overlay["sets"]]
    for arc, zones in zip(arcs, owners, strict=True):
        sets = [overlay["members"][zone] for zone in zones]
        if (len(sets) == 1 or len(set(sets)) > 1) and max(sets) >= 0:
            lines[max(sets)].append(arc)
    return lines


def _perimeters(figure: Figure, overlay: Model, place: Place, frame: Box, hatching: Hatching) -> None:
    topology = _topology(overlay["topology"])
    lines = [place(line) for line in _in_metres(topology.lines())]
    for shape, line in zip(topology.polygons(lines), overlay["lines"], strict=True):
        inside = shapely.clip_by_rect(shapely.make_valid(shape), *frame)
        if overlay["fill"] == "hatched":
            hatched(figure, [inside], hatching)
        elif overlay["fill"] == "plain":
            fill(figure, [inside], line["colour"], opacity=0.35)
        elif overlay["fill"] == "own" and line.get("fill"):
            fill(figure, [inside], line["fill"], opacity=line["opacity"])
        edges = shapely.get_parts(shapely.clip_by_rect(shape.boundary, *frame))
        stroke(figure, [shapely.get_coordinates(edge) for edge in edges], line)


def _marks(shown: Iterable[Model], place: Place) -> Iterator[tuple[Model, tuple[float, float]]]:
    for overlay in shown:
        if overlay["type"] == "places":
            for mark in overlay["marks"]:
                yield mark, _spot(mark["at"], place)


def _spot(at: Sequence[float], place: Place) -> tuple[float, float]:
    """Find a latitude and a longitude on the sheet."""
    x, y = place(_in_metres([np.array([at[::-1]])])[0])[0]
    return float(x), float(y)


def _names(
    model: Model,
    theme: Model | None,
    period: int,
    marks: Sequence[tuple[Model, tuple[float, float]]],
    zones: Sequence[shapely.Geometry],
    place: Place,
) -> Iterator[list[Name]]:
    """Give every name in the ways in which it may be set, the most important ones first."""
    for mark, spot in marks:
        if mark["beside"]:
            lines = cut(mark["beside"], 18)
            yield [Name(at=spot, lines=lines, letters=lettering(12, bold=True), below=12 * PIXEL)]
    for overlay in model["overlays"]:
        for tag in overlay.get("tags", ()) if overlay["shown"] else ():
            yield [Name(at=_spot(tag["at"], place), lines=[tag["text"]], letters=lettering(12, bold=True))]
    if theme is not None and theme["type"] == "sets":
        for one, at in zip(theme["sets"], theme["places"][period], strict=True):
            if at is not None:
                yield [Name(at=_spot(at, place), lines=cut(one["name"], 22), letters=lettering(13, bold=True))]
    sizes = [shapely.area(shapely.envelope(zone)) for zone in zones]
    scene = _scene(model)
    for zone in np.argsort(-np.array(sizes), kind="stable"):
        if shapely.is_empty(zones[zone]):
            continue
        seen = scene["places"][zone] if scene else None
        at = _spot(seen or model["places"][zone], place)
        name = str(model["names"][zone])
        ways = dict.fromkeys(((name,), tuple(cut(name, 12))))
        yield [Name(at=at, lines=lines, letters=lettering(size)) for size in (9, 7.5) for lines in ways]


def _furniture(figure: Figure, frame: Box, denominator: int, model: Model) -> list[Box]:
    """Draw the scale bar and the north arrow; give the places that they take."""
    x, y = frame[0] + 6, frame[1] + 6
    metres, told = round_length(65 * denominator / 1000)
    long = metres * 1000 / denominator
    letters = lettering(10.5)
    scale = f"1:{format_number(denominator)}"
    bar = (x - 3, y - 3, x + long + max(width_of(told, letters) / 2, 4) + 3, y + 11)
    fill(figure, [shapely.box(*bar)], "#ffffff", opacity=0.85)
    fill(figure, [shapely.box(x, y, x + long / 2, y + 1.6)], INK)
    stroke(figure, [corners((x, y, x + long, y + 1.6))], {"colour": INK, "dash": "", "weight": 1.0})
    put(figure, (x, y + 3), "0", letters)
    put(figure, (x + long, y + 3), told, letters, align="center")
    put(figure, (x, y + 7.4), scale, letters)
    right, top = frame[2] - 10, frame[3] - 15
    arrow = np.array([(0, 10), (4, -4), (0, -1), (-4, -4)]) + np.array([right, top])
    fill(figure, [shapely.Polygon(arrow)], INK)
    put(figure, (right, top - 9), model["words"]["north"], lettering(14, bold=True), align="center")
    return [bar, (right - 5, top - 10, right + 5, top + 11)]
