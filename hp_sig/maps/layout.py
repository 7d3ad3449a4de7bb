"""What stands where on the sheet of a map: title, notice, the map in its frame, legend, caption?

No text is left out for want of room: it is set smaller until it fits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from hp_sig._version import __version__
from hp_sig.maps.legend import (
    LIMIT,
    UNCERTAIN,
    Key,
    Row,
    heading,
    legend_rows,
    origin,
    overlay_rows,
    panels_of,
    told_rows,
    warnings,
)
from hp_sig.maps.paper import Letters, blank, corners, fill, hatched, put, put_sign, stroke, width_of, wrapped
from hp_sig.maps.plan import draw_plan
from hp_sig.reference.labels import format_number, wording

__all__ = ["draw_sheet"]

Model = Mapping[str, Any]
Box = tuple[float, float, float, float]

#: A3, landscape, in millimetres.
WIDTH, HEIGHT, MARGIN = 420.0, 297.0, 10.0
PLAN_WIDTH = 288.0
#: Beside figures, which need more room than a legend.
NARROW_WIDTH = 246.0
GAP = 6.0
INSIDE = WIDTH - 2 * MARGIN
#: Room of the signs before the rows of the legend.
KEY_WIDTH = 11.0
ROW_HEIGHT = 5.2
#: Heights that title, notice and caption may take at most.
TITLE_HEIGHT, NOTICE_HEIGHT, CAPTION_HEIGHT = 18.0, 18.0, 34.0
GREY = "#444444"
#: What a user's own settings of matplotlib must not change.
SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "pdf.use14corefonts": False,
    "pdf.inheritcolor": False,
    "lines.scale_dashes": False,
    "path.simplify": False,
    "path.sketch": None,
    "path.effects": [],
    "text.usetex": False,
    "text.parse_math": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A paragraph beside the map; `gap` above it in millimetres."""

    text: str
    letters: Letters
    gap: float = 1.0
    key: Key | None = None
    count: str = ""
    is_flag: bool = False


def draw_sheet(file: IO[bytes], model: Model, theme: Model | None, period: int) -> None:
    """Draw a model on an A3 sheet and write it as PDF.

    Parameters
    ----------
    file
        Open for writing.
    model
        From :func:`hp_sig.maps.model.page_model`.
    theme, period
        One of its themes, or none, and the rank of the period.
    """
    with mpl.rc_context(SETTINGS):
        figure = blank(WIDTH, HEIGHT)
        top = _head(figure, model)
        # The caption tells the scale, which depends on the room that the caption leaves: measured with a long one.
        small = Letters(size=7.5, colour=GREY)
        lines, small = _fitted(_caption(model, theme, period, 9_999_999), INSIDE, CAPTION_HEIGHT, small)
        bottom = MARGIN + len(lines) * small.leading + 2
        told = panels_of(model)
        plan = (MARGIN, bottom, MARGIN + (NARROW_WIDTH if told else PLAN_WIDTH), top)
        denominator = draw_plan(figure, plan, model, theme, period)
        _side(figure, (plan[2] + GAP, bottom, WIDTH - MARGIN, top), [*_told(told), *_items(model, theme, period)])
        caption = wrapped(_caption(model, theme, period, denominator), INSIDE, small)
        _lines(figure, (MARGIN, bottom - 2), caption, small)
        about = {"Title": model["title"], "Creator": f"hp_sig {__version__}", "CreationDate": None}
        FigureCanvasPdf(figure).print_pdf(file, metadata=about)  # type: ignore[no-untyped-call]


def _head(figure: Figure, model: Model) -> float:
    """Write the title and the notice; give the height at which they end."""
    top = HEIGHT - MARGIN
    lines, letters = _fitted(model["title"], INSIDE, TITLE_HEIGHT, Letters(size=20, bold=True))
    top = _lines(figure, (MARGIN, top), lines, letters) - 3
    if model["notice"]:
        warning = Letters(size=11, bold=True, colour="#6b1600")
        lines, letters = _fitted(model["notice"], INSIDE - 6, NOTICE_HEIGHT, warning)
        height = len(lines) * letters.leading + 3
        _band(figure, (MARGIN, top - height, WIDTH - MARGIN, top), "#fff0e6", "#c8501e")
        _lines(figure, (MARGIN + 3, top - 1.5), lines, letters)
        top -= height + 3
    return top


def _caption(model: Model, theme: Model | None, period: int, denominator: int) -> str:
    words = model["words"]
    own = [] if theme is None else [origin(theme, period, words)]
    sources = "\u00a0; ".join(dict.fromkeys(filter(None, [*own, *model["sources"]])))
    projection = wording("map", "projection", scale=format_number(denominator))
    told = f"{words['sources']}\u00a0: {sources}. " if sources else ""
    return told + " ".join([*model["notes"], projection, model["made"]])


def _items(model: Model, theme: Model | None, period: int) -> Iterator[_Item]:
    words = model["words"]
    if theme is not None:
        yield _Item(text=heading(theme, period), letters=Letters(size=12, bold=True), gap=0)
        for text in warnings(theme, period, words):
            yield _Item(text=text, letters=Letters(size=9, bold=True, colour="#5c3a00"), gap=1.5, is_flag=True)
        yield from (_row(row, words, rank) for rank, row in enumerate(legend_rows(theme, period, words)))
        for text in filter(None, (theme.get("definition"), theme.get("scheme"))):
            yield _Item(text=text, letters=Letters(size=8.5, colour=GREY), gap=2)
    if panels_of(model):
        yield _Item(text=words["legend"], letters=Letters(size=12, bold=True), gap=4)
    listed = [model["overlays"][rank] for rank in model["listed"]]
    yield from (_row(row, words, rank) for rank, row in enumerate(overlay_rows(listed)))
    if model["actions"]:
        yield _Item(text=words["actions"], letters=Letters(size=12, bold=True), gap=5)
        for axis in dict.fromkeys(action["heading"] for action in model["actions"]):
            yield _Item(text=axis, letters=Letters(size=8.5, bold=True), gap=2)
            for action in model["actions"]:
                if action["heading"] == axis:
                    yield _Item(
                        text=f"{action['name']} ({action['where'] or action['scale']})",
                        letters=Letters(size=7.5),
                        gap=0.8,
                    )


def _told(panels: Sequence[Model]) -> Iterator[_Item]:
    """Write panels as paragraphs: a row of a table is a line, a part of a bar a line with its colour."""
    plain, small = Letters(size=9), Letters(size=7.5, colour=GREY)
    for panel in panels:
        yield _Item(text=panel["heading"], letters=Letters(size=12, bold=True), gap=4)
        if panel["lead"]:
            yield _Item(text=panel["lead"], letters=Letters(size=10, bold=True, colour="#16324f"))
        for row, text in told_rows(panel["grid"]):
            look = row["key"] and Key(line=LIMIT, fill=row["key"]["fill"], opacity=row["key"]["opacity"])
            yield _Item(text=text, letters=plain, key=look)
        for bar in panel["bars"]:
            yield _Item(text=bar["label"], letters=Letters(size=9, bold=True), gap=1.6)
            for part in bar["parts"]:
                look = Key(line=LIMIT, fill="#ffffff", hatching=UNCERTAIN) if part["hatched"] else None
                look = look or Key(line=LIMIT, fill=part["colour"])
                yield _Item(text=part["label"], letters=plain, gap=0.6, key=look)
        for label, value in panel["rows"]:
            yield _Item(text=f"{label}\u00a0: {value}", letters=plain)
        for text in panel["sentences"]:
            yield _Item(text=text, letters=plain, gap=1.4)
        if panel["note"]:
            yield _Item(text=panel["note"], letters=small, gap=1.4)


def _row(row: Row, words: Mapping[str, str], rank: int) -> _Item:
    told = "" if row.count is None else words["one_zone" if row.count < 2 else "zones"].format(count=row.count)
    return _Item(text=row.text, letters=Letters(size=9.5), gap=1.4 if rank else 4, key=row.key, count=told)


def _side(figure: Figure, box: Box, items: Sequence[_Item]) -> None:
    """Set the items from the top down, all of them smaller if they would not fit."""
    scale = 1.0
    while (laid := _laid(items, box, scale)) and laid[-1][2][1] < box[1]:
        scale *= 0.95
    for item, lines, place in laid:
        _item(figure, place, _scaled(item, scale), lines, scale)


def _laid(items: Sequence[_Item], box: Box, scale: float) -> list[tuple[_Item, list[str], Box]]:
    """Give the lines and the place of each item, at a scale."""
    laid, top = [], box[3]
    for item in items:
        set_ = _scaled(item, scale)
        count = width_of(item.count, _counting(set_)) + 2 * scale if item.count else 0.0
        lines = wrapped(item.text, box[2] - box[0] - _indent(item, scale) - count, set_.letters)
        height = max(len(lines) * set_.letters.leading, ROW_HEIGHT * scale if item.key else 0.0)
        height += 1.6 * scale if item.is_flag else 0.0
        top -= item.gap * scale
        laid.append((item, lines, (box[0], top - height, box[2], top)))
        top -= height
    return laid


def _scaled(item: _Item, scale: float) -> _Item:
    return replace(item, letters=replace(item.letters, size=item.letters.size * scale))


def _counting(item: _Item) -> Letters:
    return replace(item.letters, size=item.letters.size * 0.9, colour="#555555")


def _indent(item: _Item, scale: float) -> float:
    return KEY_WIDTH * scale if item.key else 2.5 * scale if item.is_flag else 0.0


def _item(figure: Figure, box: Box, item: _Item, lines: Sequence[str], scale: float) -> None:
    leading, top = item.letters.leading, box[3]
    if item.is_flag:
        fill(figure, [shapely.box(*box)], "#fff6dc")
        fill(figure, [shapely.box(box[0], box[1], box[0] + scale, box[3])], "#b37400")
        top -= 0.8 * scale
    if item.key:
        # The first line stands at the middle of its sign, and a line alone at the middle of the row.
        top -= max(0.0, (ROW_HEIGHT * scale - len(lines) * leading) / 2)
        _key(figure, (box[0], top - leading / 2), item.key, scale)
    _lines(figure, (box[0] + _indent(item, scale), top), lines, item.letters)
    if item.count:
        put(figure, (box[2], top - item.letters.rise), item.count, _counting(item), align="right")


def _key(figure: Figure, at: tuple[float, float], key: Key, scale: float) -> None:
    """Draw what stands before a row, its left and its middle at a point."""
    x, y = at
    wide, tall = 8.4 * scale, 4.6 * scale
    if key.kind == "sign":
        put_sign(figure, (x + wide / 2, y), key.sign, pixel=0.24 * scale)
    elif key.kind == "line":
        stroke(figure, [np.array([(x, y), (x + wide, y)])], key.line)
    else:
        box = (x, y - tall / 2, x + wide, y + tall / 2)
        if key.fill:
            fill(figure, [shapely.box(*box)], key.fill, opacity=key.opacity)
        if key.hatching:
            hatched(figure, [shapely.box(*box)], key.hatching)
        stroke(figure, [corners(box)], key.line)


def _band(figure: Figure, box: Box, colour: str, edge: str) -> None:
    fill(figure, [shapely.box(*box)], colour)
    stroke(figure, [corners(box)], {"colour": edge, "dash": "", "weight": 2})


def _lines(figure: Figure, at: tuple[float, float], lines: Sequence[str], letters: Letters) -> float:
    """Write lines from a point down; give the height at which they end."""
    for rank, line in enumerate(lines):
        put(figure, (at[0], at[1] - letters.rise - rank * letters.leading), line, letters)
    return at[1] - len(lines) * letters.leading


def _fitted(text: str, width: float, height: float, letters: Letters) -> tuple[list[str], Letters]:
    """Cut a text into lines, and make its letters as small as it takes for them to fit a height."""
    while len(lines := wrapped(text, width, letters)) * letters.leading > height:
        letters = replace(letters, size=letters.size * 0.92)
    return lines, letters
