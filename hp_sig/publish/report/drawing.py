"""How do columns and rows of a chart look on paper, for somebody who sees no colour too?

Everything is set in millimetres by :mod:`hp_sig.maps.paper`, without any state of matplotlib, then drawn as PNG. Every
value is written; what is provisional is hatched.
"""

import io
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D
from PIL import Image

from hp_sig.maps.legend import Hatching
from hp_sig.maps.paper import INK, Letters, blank, corners, fill, hatched, put, stroke, width_of, wrapped
from hp_sig.publish.report.model import TEXT_WIDTH_MM, Drawn
from hp_sig.reference.labels import format_number

__all__ = ["WIDTH", "Bar", "Level", "Series", "columns_chart", "png_of", "rows_chart"]

WIDTH = TEXT_WIDTH_MM
DPI = 200
PLAIN, SMALL = Letters(size=8.0), Letters(size=7.5)
BOLD = Letters(size=8.0, bold=True)
GRID = "#d5d9dd"
HATCHING = Hatching(colour="#ffffff", weight=2.0, opacity=0.85)
#: What a user's own settings of matplotlib must not change.
SETTINGS: dict[Any, Any] = {
    "text.usetex": False,
    "text.parse_math": False,
    "text.antialiased": True,
    "text.hinting": "force_autohint",
    "path.simplify": False,
    "path.sketch": None,
    "path.effects": [],
    "lines.scale_dashes": False,
}
LINE_HEIGHT, KEY = 4.4, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values of one colour, one a column; NaN draws nothing. `outlined`: dashed, what is only projected."""

    label: str
    colour: str
    values: tuple[float, ...]
    outlined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A line at a value, across the columns from `first` to `last`."""

    label: str
    value: float
    first: int
    last: int
    dash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row: its label, its value, what is written after it."""

    label: str
    value: float
    told: str
    colour: str


def columns_chart(
    categories: Sequence[str],
    series: Sequence[Series],
    *,
    levels: Sequence[Level] = (),
    uncertain: Collection[int] = (),
    uncertain_label: str = "",
    height: float = 72.0,
) -> Drawn:
    """Draw columns, series stacked, the sum written over each, lines across, a key above.

    Parameters
    ----------
    categories
        Under the columns.
    series
        From the base up; where several are given, the key names them.
    levels
        Lines.
    uncertain, uncertain_label
        Ranks of the columns that are hatched, and what that means.
    height
        In millimetres.
    """
    with mpl.rc_context(SETTINGS):
        figure = blank(WIDTH, height)
        keys = [(one.label, one.colour, "fill" if not one.outlined else "outline") for one in series if one.label]
        drawn = [one.colour for one in series if not one.outlined]
        keys += [(uncertain_label, drawn[-1], "hatch")] if uncertain else []
        keys += [(one.label, one.dash, "line") for one in levels]
        top = _keys(figure, keys, height - 1.5)
        sums = [_sum([one.values[rank] for one in series]) for rank in range(len(categories))]
        most = max([abs(value) for value in [*sums, *(one.value for one in levels)] if math.isfinite(value)], default=0)
        base, room = 8.0, top - 8.0 - 6.0
        slot = WIDTH / max(len(categories), 1)
        decimals = 2 if most < 10 else 1 if most < 100 else 0
        scale = room / (most or 1.0)
        stroke(figure, [np.array([(0.0, base), (WIDTH, base)])], {"colour": INK, "weight": 1.0, "dash": ""})
        for rank, category in enumerate(categories):
            left, right = slot * (rank + 0.14), slot * (rank + 0.86)
            foot = base
            for one in series:
                value = one.values[rank]
                if not math.isfinite(value) or value <= 0:
                    continue
                box = (left, foot, right, foot + value * scale)
                _column(figure, box, one, is_uncertain=rank in uncertain)
                foot = box[3]
            size = min(8.0, 8.0 * slot / (width_of(category, PLAIN) + 1.2))
            put(figure, ((left + right) / 2, 3.4), category, Letters(size=size), align="center")
        for level in levels:
            points = np.array(
                [
                    (slot * level.first, base + level.value * scale),
                    (slot * (level.last + 1), base + level.value * scale),
                ]
            )
            stroke(figure, [points], {"colour": INK, "weight": 1.6, "dash": level.dash})
        for rank, total in enumerate(sums):
            told = format_number(total, decimals)
            size = min(7.5, 7.5 * slot / (width_of(told, SMALL) + 0.8))
            at = base + (max(total, 0.0) * scale if math.isfinite(total) else 0.0) + 1.2
            for level in levels:
                line = base + level.value * scale
                # A line that struck a value through would read as a minus.
                if level.first <= rank <= level.last and at - 0.8 < line < at + 2.6:
                    at = line + 1.0
            put(figure, (slot * (rank + 0.5), at), told, Letters(size=size, bold=True), align="center", halo=True)
        return png_of(figure), height


def rows_chart(bars: Sequence[Bar], *, label_width: float = 62.0) -> Drawn:
    """Draw a bar a row, its label on the left, its value after it; what is negative goes to the left of the base.

    Parameters
    ----------
    bars
        From the top down.
    label_width
        Room of the labels, in millimetres.
    """
    with mpl.rc_context(SETTINGS):
        lines = [wrapped(bar.label, label_width - 2, PLAIN) for bar in bars]
        heights = [max(len(one) * PLAIN.leading, 4.6) + 1.6 for one in lines]
        height = sum(heights) + 2
        figure = blank(WIDTH, height)
        known = [bar.value for bar in bars if math.isfinite(bar.value)]
        most, least = max([*known, 0.0]), min([*known, 0.0])
        told = max((width_of(bar.told, BOLD) for bar in bars), default=0.0) + 5
        # A negative bar has its value written on its left.
        left = label_width + (told if least < 0 else 0.0)
        scale = max(WIDTH - left - told, 10.0) / ((most - least) or 1.0)
        zero = left - least * scale
        y = height - 1
        for bar, texts, row in zip(bars, lines, heights, strict=True):
            middle = y - row / 2
            for rank, text in enumerate(texts):
                rise = len(texts) * PLAIN.leading / 2 - PLAIN.rise - rank * PLAIN.leading
                put(figure, (0.0, middle + rise + 0.35), text, PLAIN)
            end = zero + (bar.value * scale if math.isfinite(bar.value) else 0.0)
            if abs(end - zero) > 0.05:
                box = shapely.box(min(zero, end), middle - 1.9, max(zero, end), middle + 1.9)
                fill(figure, [box], bar.colour)
                stroke(figure, [corners(box.bounds)], {"colour": INK, "weight": 0.5, "dash": ""})
            is_left = math.isfinite(bar.value) and bar.value < 0
            at = (end - 1.2 if is_left else end + 1.2, middle - 1.05)
            put(figure, at, bar.told, BOLD, align="right" if is_left else "left")
            y -= row
        stroke(figure, [np.array([(zero, 1.0), (zero, height - 1)])], {"colour": INK, "weight": 1.0, "dash": ""})
        return png_of(figure), height


def png_of(figure: Figure) -> bytes:
    """Draw a sheet of :func:`hp_sig.maps.paper.blank` as PNG; the same sheet gives the same bytes."""
    for artist in figure.artists:
        artist.set_transform(Affine2D().scale(DPI / 72))
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    # Nothing is transparent: three channels of four.
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    pixels = np.ascontiguousarray(drawn[..., :3])
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="png", compress_level=6, dpi=(DPI, DPI))
    return content.getvalue()


def _column(figure: Figure, box: tuple[float, float, float, float], one: Series, *, is_uncertain: bool) -> None:
    line = {"colour": one.colour if one.outlined else INK, "weight": 1.2 if one.outlined else 0.5, "dash": ""}
    if one.outlined:
        line["dash"] = "3 2"
    else:
        fill(figure, [shapely.box(*box)], one.colour)
    if is_uncertain and not one.outlined:
        hatched(figure, [shapely.box(*box)], HATCHING)
    stroke(figure, [corners(box)], line)


def _keys(figure: Figure, keys: Sequence[tuple[str, str, str]], top: float) -> float:
    """Write the key from the top down, as many as fit in a line; give where it ends."""
    x, y = 0.0, top
    for label, colour, kind in keys:
        wide = KEY + 1.6 + width_of(label, PLAIN)
        if x and x + wide > WIDTH:
            x, y = 0.0, y - LINE_HEIGHT
        box = (x, y - 3.2, x + KEY, y - 0.4)
        if kind == "line":
            middle = np.array([(x, y - 1.8), (x + KEY + 0.4, y - 1.8)])
            stroke(figure, [middle], {"colour": INK, "weight": 1.6, "dash": colour})
        else:
            series = Series(label=label, colour=colour, values=(), outlined=kind == "outline")
            _column(figure, box, series, is_uncertain=kind == "hatch")
        put(figure, (x + KEY + 1.6, y - 2.9), label, PLAIN)
        x += wide + 5.0
    return y - LINE_HEIGHT if keys else y


def _sum(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) if known else math.nan
