"""How is a map itself drawn on paper: in Lambert-93, at a round scale, names that do not touch each other?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from matplotlib.figure import Figure
from pyproj import Transformer

from hp_sig.crs import LAMBERT93
from hp_sig.maps.legend import ABSENT, LIMIT, MARKED, PARK
from hp_sig.maps.paper import INK, MM_PER_POINT, PIXEL, Letters, corners, fill, hatched, put, put_sign, stroke, width_of
from hp_sig.maps.shapes import round_length
from hp_sig.maps.topology import Topology
from hp_sig.reference.labels import format_number

__all__ = ["draw_plan"]

Model = Mapping[str, Any]
Box = tuple[float, float, float, float]
Place = Callable[[np.ndarray], np.ndarray]

#: Part of the frame that the zones fill at most.
FILLED = 0.96
#: The line about the map.
FRAME = {"colour": INK, "dash": "", "weight": 1.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A name on the map: lines about a point, or below it by so many millimetres."""

    at: tuple[float, float]
    lines: Sequence[str]
    letters: Letters
    below: float = 0.0

    def box(self) -> Box:
        """Give the place that it takes."""
        half = max(width_of(line, self.letters) for line in self.lines) / 2 + PIXEL
        tall = len(self.lines) * self.letters.leading
        middle = self.at[1] - (self.below + tall / 2 if self.below else 0.0)
        return (self.at[0] - half, middle - tall / 2, self.at[0] + half, middle + tall / 2)


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
    denominator, place = _placing(arcs, frame)
    arcs = [place(arc) for arc in arcs]
    zones = topology.polygons(arcs)
    owners = _owners(topology)
    _zones(figure, zones, theme, period)
    _limits(figure, arcs, owners, theme, period)
    shown = [overlay for overlay in model["overlays"] if overlay["shown"]]
    for overlay in shown:
        if overlay["type"] == "outlines":
            for lines, one in zip(_between(overlay, arcs, owners), overlay["sets"], strict=True):
                stroke(figure, lines, one["line"])
        elif overlay["type"] == "perimeters":
            _perimeters(figure, overlay, place, frame)
    marks = [(mark, spot) for mark, spot in _marks(shown, place) if _is_within((*spot, *spot), frame)]
    taken = [*_furniture(figure, frame, denominator, model), *(_around(spot, 11 * PIXEL) for _, spot in marks)]
    for name in _placed(_names(model, theme, period, marks, zones, place), frame, taken):
        top = name.box()[3]
        for rank, line in enumerate(name.lines):
            at = (name.at[0], top - name.letters.rise - rank * name.letters.leading)
            put(figure, at, line, name.letters, align="center", halo=True)
    for mark, spot in marks:
        put_sign(figure, spot, mark["sign"])
    stroke(figure, [corners(frame)], FRAME)
    return denominator


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


def _perimeters(figure: Figure, overlay: Model, place: Place, frame: Box) -> None:
    topology = _topology(overlay["topology"])
    lines = [place(line) for line in _in_metres(topology.lines())]
    for shape, line in zip(topology.polygons(lines), overlay["lines"], strict=True):
        inside = shapely.clip_by_rect(shapely.make_valid(shape), *frame)
        if overlay["fill"] == "hatched":
            hatched(figure, [inside], PARK)
        elif overlay["fill"] == "plain":
            fill(figure, [inside], line["colour"], opacity=0.35)
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
) -> Iterator[list[_Name]]:
    """Give every name in the ways in which it may be set, the most important ones first."""
    for mark, spot in marks:
        if mark["beside"]:
            lines = _cut(mark["beside"], 18)
            yield [_Name(at=spot, lines=lines, letters=_letters(12, bold=True), below=12 * PIXEL)]
    if theme is not None and theme["type"] == "sets":
        for one, at in zip(theme["sets"], theme["places"][period], strict=True):
            if at is not None:
                yield [_Name(at=_spot(at, place), lines=_cut(one["name"], 22), letters=_letters(13, bold=True))]
    sizes = [shapely.area(shapely.envelope(zone)) for zone in zones]
    for zone in np.argsort(-np.array(sizes), kind="stable"):
        at = _spot(model["places"][zone], place)
        name = str(model["names"][zone])
        ways = dict.fromkeys(((name,), tuple(_cut(name, 12))))
        yield [_Name(at=at, lines=lines, letters=_letters(size)) for size in (9, 7.5) for lines in ways]


def _letters(pixels: float, *, bold: bool = False) -> Letters:
    return Letters(size=pixels * PIXEL / MM_PER_POINT, bold=bold)


def _cut(text: str, most: int) -> list[str]:
    """Cut a text into lines of at most so many letters, after spaces and hyphens."""
    lines = [""]
    for part in text.replace("-", "-\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len((lines[-1] + part).rstrip()) > most:
            lines.append("")
        lines[-1] += part
    return [line.rstrip(" ") for line in lines]


def _placed(names: Iterable[list[_Name]], frame: Box, taken: list[Box]) -> Iterator[_Name]:
    """Keep the names that neither touch one that comes before nor what is already there."""
    for ways in names:
        for name in ways:
            box = name.box()
            if _is_within(box, frame) and not any(_touch(box, other) for other in taken):
                taken.append(box)
                yield name
                break


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _is_within(box: Box, frame: Box) -> bool:
    return frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]


def _around(at: tuple[float, float], half: float) -> Box:
    return (at[0] - half, at[1] - half, at[0] + half, at[1] + half)


def _furniture(figure: Figure, frame: Box, denominator: int, model: Model) -> list[Box]:
    """Draw the scale bar and the north arrow; give the places that they take."""
    x, y = frame[0] + 6, frame[1] + 6
    metres, told = round_length(65 * denominator / 1000)
    long = metres * 1000 / denominator
    letters = _letters(10.5)
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
    put(figure, (right, top - 9), model["words"]["north"], _letters(14, bold=True), align="center")
    return [bar, (right - 5, top - 10, right + 5, top + 11)]
