"""How is a map of the project printed on an A3 sheet: title, map, legend, figures, scale, north, sources, date?"""

import math
from collections.abc import Iterator, Mapping, Sequence

from hp_sig.publish.publication import Publication
from hp_sig.publish.qgis.items import Box, LegendPart, Type, arrow, band, legend, map_of, page, scale_bar, text_box
from hp_sig.publish.qgis.looks import are_all_hubs
from hp_sig.publish.qgis.markup import Element, element, unevaluated
from hp_sig.publish.qgis.telling import Bounds, Told, told_of
from hp_sig.publish.qgis.views import View
from hp_sig.reference.labels import wording

__all__ = ["sheet"]

#: A3 landscape, ISO 216; its margin; the column beside the map and what parts them.
WIDTH, HEIGHT, MARGIN, COLUMN, GAP = 420.0, 297.0, 10.0, 102.0, 6.0
TITLE, NOTICE = 13.0, 8.0
#: Scales that a reader can reckon with, times a power of ten.
SCALES = (1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.5)
#: Bars of the scale: as long as that at most, so many of them.
BAR_MM, BARS = 24.0, 3
#: Around the territory, at least, as a share of the map.
ROOM = 0.025
#: A map shows that many metres at least.
LEAST_M = 2_000.0
#: The scale as it is when the sheet is printed, whatever the map was moved to.
SCALE_TOLD = "[% format_number(map_get(item_variables('carte'), 'map_scale'), 0, 'fr') %]"
#: Heights, in millimetres, of a line of the legend, of its headings, of a small text, of a row of the list.
LEGEND_LINE, LEGEND_HEADING, SMALL_LINE, LIST_LINE = 6.3, 8.0, 3.9, 4.1
#: Characters of a line of small text; of sources.
SMALL_WIDTH, SOURCE_WIDTH, SOURCE_LINE = 54, 72, 3.1
DARK, GREY, WARNING = "#16324f", "#444444", "#6b1600"
#: The list of figures is as long as that at most.
MOST_ROWS = 25


def sheet(
    publication: Publication, view: View, ids: Mapping[str, str], legend_texts: Mapping[str, Sequence[str]]
) -> Element:
    """Lay out a sheet.

    Parameters
    ----------
    publication
        What is published.
    view
        The map that is printed: a theme of the project.
    ids
        Name of a layer → its identifier in the project.
    legend_texts
        Name of a layer of the map → the rows of its legend.
    """
    name = wording("qgis", "sheet", theme=view.name)
    told = told_of(publication, view)
    top = MARGIN + TITLE + (NOTICE + 3 if publication.notice else 0)
    frame = Box(x=MARGIN, y=top, width=WIDTH - 2 * MARGIN - COLUMN - GAP, height=HEIGHT - MARGIN - top)
    column = Box(x=WIDTH - MARGIN - COLUMN, y=top, width=COLUMN, height=frame.height)
    scale, bounds = _framed(told.bounds, frame)
    title = f"{publication.territory}\u00a0\u2013 {view.name}"
    heading = Box(x=MARGIN, y=MARGIN - 2, width=WIDTH - 2 * MARGIN, height=TITLE, rank=3)
    look = Type(size=22 if len(title) <= 80 else 16, bold=True, colour=DARK, valign="middle")
    items = [
        text_box(name, "titre", heading, unevaluated(title), look),
        map_of(name, "carte", frame, bounds, view.name),
        *_column(name, column, _legend_parts(publication, view, ids, legend_texts), told, scale),
    ]
    if publication.notice:
        box = Box(x=MARGIN, y=MARGIN + TITLE - 1, width=WIDTH - 2 * MARGIN, height=NOTICE, rank=2)
        inside = Box(x=box.x + 3, y=box.y, width=box.width - 6, height=box.height, rank=3)
        items.append(band(name, "avertissement, fond", box, fill="#fff0e6", outline="#c8501e"))
        look = Type(size=11, bold=True, colour=WARNING, valign="middle")
        items.append(text_box(name, "avertissement", inside, unevaluated(publication.notice), look))
    parts = [
        element("Grid", {"resolution": 10, "offsetX": 0, "offsetY": 0, "resUnits": "mm", "offsetUnits": "mm"}),
        page(name, Box(x=0, y=0, width=WIDTH, height=HEIGHT, rank=0)),
        *items,
        element("Atlas", {"enabled": 0, "coverageLayer": "", "hideCoverage": 0}),
    ]
    return element("Layout", {"name": name, "units": "mm", "printResolution": 300, "worldFileMap": ""}, parts)


def _column(name: str, column: Box, parts: Sequence[LegendPart], told: Told, scale: int) -> Iterator[Element]:
    """Fill the column beside the map: legend and figures from the top down, sources and scale from the bottom up."""
    x, width = column.x, column.width
    box = Box(x=x, y=column.y, width=width, height=100, rank=4)
    yield legend(name, "légende", box, parts, of_map="carte", title=wording("qgis", "legend"))
    lines = sum(1 + text.count("\n") for part in parts for text in (part.texts or (part.heading,)))
    headings = sum(1 + part.heading.count("\n") for part in parts if part.heading and part.texts)
    y = column.y + 9 + lines * LEGEND_LINE + headings * LEGEND_HEADING
    for rank, (text, colour) in enumerate(((told.warning, WARNING), (told.definition, GREY))):
        height = _height(text, SMALL_WIDTH, SMALL_LINE)
        if text:
            place = Box(x=x, y=y, width=width, height=height, rank=5)
            yield text_box(
                name, f"note {rank + 1}", place, unevaluated(text), Type(size=8.5, colour=colour, bold=not rank)
            )
            y += height + 3
    height = _height(told.sources, SOURCE_WIDTH, SOURCE_LINE)
    bottom = column.y + column.height - height
    place = Box(x=x, y=bottom, width=width, height=height, rank=5)
    look = Type(size=7, colour=GREY, valign="bottom")
    yield text_box(name, "sources", place, unevaluated(told.sources), look)
    place = Box(x=x, y=bottom - 9, width=width - 16, height=5, rank=5)
    yield text_box(name, "échelle en chiffres", place, wording("qgis", "scale", scale=SCALE_TOLD), Type(size=9))
    place = Box(x=x, y=bottom - 22, width=width - 16, height=12, rank=5)
    yield scale_bar(name, "échelle", place, of_map="carte", km=_bar_km(scale), bars=BARS)
    yield arrow(name, "nord", Box(x=x + width - 13, y=bottom - 23, width=12, height=18, rank=5))
    yield from _list(name, Box(x=x, y=y + 2, width=width, height=bottom - 30 - y, rank=5), told)


def _list(name: str, box: Box, told: Told) -> Iterator[Element]:
    """List figures, as many as there is room for."""
    count = min(len(told.rows), MOST_ROWS, int((box.height - 7) / LIST_LINE))
    if count < 1:
        return
    heading = Box(x=box.x, y=box.y, width=box.width, height=6, rank=5)
    yield text_box(name, "valeurs", heading, unevaluated(told.heading), Type(size=10, bold=True))
    # One text a column: a text for each cell would take QGIS seconds to open.
    names, figures = zip(*told.rows[:count], strict=True)
    place = Box(x=box.x, y=box.y + 7, width=box.width - 22, height=count * LIST_LINE + 2, rank=5)
    yield text_box(name, "valeurs, noms", place, unevaluated("\n".join(names)), Type(size=9.5))
    place = Box(x=box.x + box.width - 22, y=place.y, width=21, height=place.height, rank=5)
    yield text_box(name, "valeurs, chiffres", place, unevaluated("\n".join(figures)), Type(size=9.5, halign="right"))


def _height(text: str, width: int, line: float) -> float:
    return line * sum(max(1, math.ceil(len(part) / width)) for part in text.split("\n")) + 1


def _framed(bounds: Bounds, frame: Box) -> tuple[int, Bounds]:
    """Choose the greatest readable scale at which all fits, and what the map then shows."""
    xmin, ymin, xmax, ymax = bounds
    need = max((xmax - xmin) / frame.width, (ymax - ymin) / frame.height, LEAST_M / frame.width) * (1 + 2 * ROOM) * 1000
    power = 10.0 ** math.floor(math.log10(need))
    scale = round(next((step * power for step in SCALES if step * power >= need), 10 * power))
    across, along = frame.width * scale / 2000, frame.height * scale / 2000
    x, y = (xmin + xmax) / 2, (ymin + ymax) / 2
    return scale, (x - across, y - along, x + across, y + along)


def _bar_km(scale: int) -> float:
    """Choose how many kilometres a bar of the scale tells.

    >>> _bar_km(200_000), _bar_km(25_000)
    (2.0, 0.5)
    """
    most = BAR_MM * scale / 1e6
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most)


def _legend_parts(
    publication: Publication, view: View, ids: Mapping[str, str], texts: Mapping[str, Sequence[str]]
) -> list[LegendPart]:
    """Put what colours the map first; signs are told by their own words, without a heading."""
    order = [view.coloured, *(name for name in reversed(view.layers) if name not in {view.coloured, "communes"})]
    parts = []
    for name in order:
        if name == "stations" and are_all_hubs(publication):
            continue
        title = publication.tables[name].title
        rows = [_wrapped(text, 44) for text in texts[name]]
        heading = view.heading if name == view.coloured else ("" if rows else title)
        parts.append(LegendPart(layer=ids[name], name=title, heading=_wrapped(heading, 44), texts=rows))
    return parts


def _wrapped(text: str, width: int) -> str:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
