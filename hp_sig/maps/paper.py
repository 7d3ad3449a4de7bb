"""How are texts, areas and lines set on a sheet of paper measured in millimetres?

Texts are never interpreted (no mathtext, no TeX): they are written as they are. Nothing of matplotlib's state is
used: a figure of its own, its bundled font.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import IdentityTransform

from hp_sig.maps.legend import Hatching

__all__ = [
    "INK",
    "MM_PER_POINT",
    "PIXEL",
    "Letters",
    "blank",
    "corners",
    "fill",
    "hatched",
    "put",
    "put_sign",
    "stroke",
    "width_of",
    "wrapped",
]

Align = Literal["left", "center", "right"]

INK = "#1c1c1c"
#: Between two lines of a hatching, in millimetres.
HATCH_STEP = 2.4
#: A pixel of the page on screen, in millimetres on paper.
PIXEL = 0.3
MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
#: Shown for what the font has no sign for.
UNKNOWN_SIGN = "\ufffd"
#: Signs of places, in pixels about their middle: outline, fill, edge, width of the edge.
SIGNS: Mapping[str, tuple[shapely.Polygon, str, str, float]] = {
    "hub": (shapely.Polygon([(0, 11), (11, 0), (0, -11), (-11, 0)]), "#b3001b", "#ffffff", 2.5),
    "other_hub": (shapely.Polygon([(0, 7.5), (7.5, 0), (0, -7.5), (-7.5, 0)]), "#ffffff", "#b3001b", 2.5),
    "site": (shapely.Point(0, 0).buffer(7), "#27496d", "#ffffff", 2.5),
    "station": (shapely.box(-6, -6, 6, 6), "#ffffff", "#27496d", 3.0),
    "letter": (shapely.Point(0, 0).buffer(11), "#27496d", "#ffffff", 2.5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """How a text is written: size in points, weight, colour."""

    size: float
    bold: bool = False
    colour: str = INK

    @property
    def leading(self) -> float:
        """From one line to the next, in millimetres."""
        return 1.25 * self.size * MM_PER_POINT

    @property
    def rise(self) -> float:
        """From the top of a line to its baseline, in millimetres."""
        return 0.97 * self.size * MM_PER_POINT


def blank(width: float, height: float) -> Figure:
    """Take a sheet, in millimetres; everything is then set from its lower left corner."""
    return Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=72, facecolor="white")


def put(
    figure: Figure, at: tuple[float, float], text: str, letters: Letters, *, align: Align = "left", halo: bool = False
) -> None:
    """Write one line of text, its baseline at a point."""
    shown = _readable(text, letters)
    font = _font(letters.size, bold=letters.bold)
    x = at[0] - {"left": 0.0, "center": 0.5, "right": 1.0}[align] * width_of(shown, letters)
    if halo and shown.strip():
        # Under the text, and drawn as an outline: the text itself stays a text.
        drawn, codes = text_to_path.get_text_path(font, shown, ismath=False)
        scale = letters.size / text_to_path.FONT_SCALE * MM_PER_POINT
        outline = Outline(np.asarray(drawn) * scale + np.array([x, at[1]]), codes)
        _add(figure, outline, edgecolor="#ffffff", facecolor="none", linewidth=4 * PIXEL, joinstyle="round")
    start, line = round(x / MM_PER_POINT, 2), round(at[1] / MM_PER_POINT, 2)
    placed = Text(start, line, shown, fontproperties=font, color=letters.colour, parse_math=False, usetex=False)
    _on_top(figure, placed)


def fill(figure: Figure, shapes: Iterable[shapely.Geometry], colour: str, *, opacity: float = 1.0) -> None:
    """Colour polygons."""
    outline = _outline(ring for shape in shapes for ring in _rings(shape))
    if outline is not None:
        _add(figure, outline, facecolor=colour, edgecolor="none", linewidth=0.0, alpha=opacity)


def stroke(figure: Figure, lines: Iterable[np.ndarray], line: Mapping[str, Any], *, opacity: float = 1.0) -> None:
    """Draw lines; `line` has a `colour`, a `weight` in pixels and a `dash` as in SVG, in pixels too."""
    outline = _outline(lines)
    if outline is None:
        return
    parts = [float(part) * PIXEL / MM_PER_POINT for part in line["dash"].split()]
    style = (0.0, parts * (2 if len(parts) % 2 else 1)) if parts else "solid"
    _add(
        figure,
        outline,
        facecolor="none",
        edgecolor=line["colour"],
        linewidth=line["weight"] * PIXEL,
        linestyle=style,
        capstyle="butt",
        joinstyle="round",
        alpha=opacity,
    )


def hatched(figure: Figure, shapes: Sequence[shapely.Geometry], hatching: Hatching) -> None:
    """Hatch polygons, on one grid for the whole sheet."""
    whole = shapely.union_all(shapely.make_valid(np.array(shapes, dtype=object)))
    if whole.is_empty:
        return
    left, bottom, right, top = whole.bounds
    slope = 1 if hatching.is_rising else -1
    apart = HATCH_STEP * np.sqrt(2)
    # Lines y = slope x + offset, over the box.
    ends = [y - slope * x for x in (left, right) for y in (bottom, top)]
    offsets = np.arange(np.ceil(min(ends) / apart), np.floor(max(ends) / apart) + 1) * apart
    rules = shapely.linestrings(
        [[(left, slope * left + offset), (right, slope * right + offset)] for offset in offsets]
    )
    parts = shapely.get_parts(shapely.intersection(rules, whole))
    lines = [shapely.get_coordinates(part) for part in parts[shapely.length(parts) > 0]]
    stroke(figure, lines, {"colour": hatching.colour, "weight": hatching.weight, "dash": ""}, opacity=hatching.opacity)


def put_sign(figure: Figure, at: tuple[float, float], mark: Mapping[str, Any], *, pixel: float = PIXEL) -> None:
    """Draw the sign of a place, its middle at a point: `sign`, and the `letter` and `colour` of one that has some."""
    shape, colour, edge, weight = SIGNS[mark["sign"]]
    drawn = shapely.transform(shape, lambda points: points * pixel + at)
    fill(figure, [drawn], mark.get("colour", colour))
    stroke(figure, _rings(drawn), {"colour": edge, "weight": weight * pixel / PIXEL, "dash": ""})
    if letter := mark.get("letter"):
        letters = Letters(size=14 * pixel / MM_PER_POINT, bold=True, colour="#ffffff")
        put(figure, (at[0], at[1] - 5 * pixel), letter, letters, align="center")


def corners(box: tuple[float, float, float, float]) -> np.ndarray:
    """Give the ring of a box: left, bottom, right, top."""
    return shapely.get_coordinates(shapely.box(*box))


def width_of(text: str, letters: Letters) -> float:
    """Measure a line of text, in millimetres."""
    return sum(_advance(one, bold=letters.bold) for one in text) * letters.size * MM_PER_POINT


def wrapped(text: str, width: float, letters: Letters) -> list[str]:
    """Cut a text into lines of at most a width, after spaces and hyphens; within a word that is wider alone."""
    lines, long = [""], 0.0
    for part in re.findall(r"[^ -]*[ -]|[^ -]+$", _readable(text, letters)):
        # A space at the end of a line takes no room.
        if lines[-1] and long + width_of(part.rstrip(" "), letters) > width:
            lines.append("")
            long = 0.0
        lines[-1] += part
        long += width_of(part, letters)
        while lines[-1] in part and len(lines[-1]) > 1 and width_of(lines[-1].rstrip(" "), letters) > width:
            most = _letters_within(lines[-1], width, letters)
            lines[-1:] = [lines[-1][:most], lines[-1][most:]]
            long = width_of(lines[-1], letters)
    return [line.rstrip(" ") for line in lines]


def _letters_within(text: str, width: float, letters: Letters) -> int:
    """Count the letters of a text that fit a width, at least one."""
    low, high = 1, len(text) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(text[:middle], letters) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _add(figure: Figure, outline: Outline, **looks: Any) -> None:
    """Put an outline on the sheet, over what is there; widths in millimetres."""
    # A hundredth of a point is 3.5 µm; more decimals would only weigh.
    in_points = Outline(np.round(np.asarray(outline.vertices) / MM_PER_POINT, 2), outline.codes)
    patch = PathPatch(in_points, **{**looks, "linewidth": round(looks["linewidth"] / MM_PER_POINT, 2)})
    _on_top(figure, patch)


def _on_top(figure: Figure, artist: Artist) -> None:
    # In points: 72 of them are an inch, as are the pixels of a PDF.
    artist.set_transform(IdentityTransform())
    artist.set_zorder(1)
    figure.add_artist(artist)


def _outline(lines: Iterable[np.ndarray]) -> Outline | None:
    """Make one outline of all lines; what begins where it ends is closed."""
    corners, codes = [], []
    for line in lines:
        steps = np.full(len(line), Outline.LINETO)
        steps[0] = Outline.MOVETO
        if len(line) > 2 and (line[0] == line[-1]).all():
            steps[-1] = Outline.CLOSEPOLY
        corners.append(line)
        codes.append(steps)
    return Outline(np.concatenate(corners), np.concatenate(codes)) if corners else None


def _rings(shape: shapely.Geometry) -> Iterable[np.ndarray]:
    """Give the rings of polygons, holes turned the other way, and the points of lines."""
    for part in shapely.get_parts(shape):
        if isinstance(part, shapely.Polygon):
            turned = shapely.orient_polygons(part)
            yield from (shapely.get_coordinates(ring) for ring in (turned.exterior, *turned.interiors))
        elif isinstance(part, shapely.LineString):
            yield shapely.get_coordinates(part)


@cache
def _font(size: float, *, bold: bool) -> FontProperties:
    return FontProperties(fname=_file(bold=bold), size=size)


@cache
def _file(*, bold: bool) -> Path:
    return Path(mpl.get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@cache
def _signs(*, bold: bool) -> frozenset[int]:
    return frozenset(get_font(str(_file(bold=bold))).get_charmap())


def _readable(text: str, letters: Letters) -> str:
    """Turn line breaks into spaces, and what the font has no sign for into one that says so."""
    known = _signs(bold=letters.bold)
    return "".join(one if ord(one) in known else UNKNOWN_SIGN for one in CONTROLS.sub(" ", text))


@cache
def _advance(sign: str, *, bold: bool) -> float:
    """Measure a sign set in 1 point, in points; pairs that are set closer (AV) are not counted as such."""
    shown = _readable(sign, Letters(size=100.0, bold=bold))
    return text_to_path.get_text_width_height_descent(shown, _font(100.0, bold=bold), ismath=False)[0] / 100
