"""How does a table become a sheet: title, frozen headings, filter, figures in their format, ready to print?"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from hp_sig.errors import OutputError
from hp_sig.publish.dictionary import worded
from hp_sig.publish.publication import Column, Publication, PublishedTable
from hp_sig.publish.workbook.cells import (
    LINE,
    THEME_COLOURS,
    excel_text,
    heading,
    lines_of,
    number_format,
    style,
    width_of,
    write_cell,
)
from hp_sig.publish.workbook.naming import Sheet, link_to
from hp_sig.reference.labels import format_number, wording

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["HEADER_ROW", "Look", "add_table", "print_setup"]

#: Title, sources, link back; then the headings.
HEADER_ROW = 2
MOST_ROWS = 1_048_576
#: Columns that say which row it is: they stay in sight.
NAMES = ("zone_name", "name", "commune_name", "project_name", "hub_name", "column")
#: Characters across the column of a name, which stays in sight, and the first column, which holds the link back.
WIDEST_NAME, FIRST = 36.0, 13.0
#: Characters across a page that are still legible: A4, then A3, both on their side.
A4, A3 = (9, 230), (8, 340)
#: Longest text of a foot of a page for Excel, with room for the page number.
FOOTER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What all the sheets of a workbook say on paper: territory, day, version, notice."""

    territory: str
    day: str
    version: str
    notice: str | None
    contents: str


def add_table(workbook: "Workbook", sheet: Sheet, publication: Publication, look: Look) -> None:
    """Add a sheet that holds a table.

    Parameters
    ----------
    workbook
        Where it goes.
    sheet
        Its name and its table.
    publication
        What the table is of, for its sources.
    look
        What is said on paper.

    Raises
    ------
    OutputError
        If the table has more rows than a sheet.
    """
    table = sheet.table
    if len(table.rows) + HEADER_ROW + 1 > MOST_ROWS:
        message = (
            f"{table.name}: at most {format_number(MOST_ROWS - HEADER_ROW - 1)} rows fit a sheet, found "
            f"{format_number(len(table.rows))}. Publish it as a GeoPackage or as files."
        )
        raise OutputError(message)
    worksheet = workbook.add_worksheet(sheet.name)
    colour = THEME_COLOURS[table.theme]
    worksheet.set_tab_color(colour)
    widths, lines = [], [1] * len(table.rows)
    for rank in range(len(table.columns)):
        width, taken = _fill(workbook, worksheet, table, rank)
        worksheet.set_column(rank, rank, width)
        widths.append(width)
        lines = [max(pair) for pair in zip(lines, taken, strict=True)] if taken else lines
    for row, count in enumerate(lines, start=HEADER_ROW + 1):
        if count > 1:
            worksheet.set_row(row, LINE * count + 1.5)
    deepest = max(lines_of(heading(one), width * 0.85 - 1) for one, width in zip(table.columns, widths, strict=True))
    worksheet.set_row(HEADER_ROW, LINE * max(deepest, 2) + 4)
    _head(workbook, worksheet, table, widths, look)
    worksheet.freeze_panes(HEADER_ROW + 1, _frozen(table.columns))
    last = HEADER_ROW + max(len(table.rows), 1)
    worksheet.autofilter(HEADER_ROW, 0, last, len(table.columns) - 1)
    # A code is a text of digits on purpose.
    worksheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})
    producers = dict.fromkeys(publication.sources[name].producer for name in table.sources)
    print_setup(worksheet, table.title, look, sources=", ".join(producers), width=sum(widths))
    worksheet.repeat_rows(HEADER_ROW)
    if sum(widths) > A3[1]:
        worksheet.repeat_columns(0, max(_frozen(table.columns) - 1, 0))


def print_setup(worksheet: "Worksheet", title: str, look: Look, *, sources: str = "", width: float = 0.0) -> None:
    """Have a sheet printed on its side, as wide as the page, with its title, sources and page number."""
    paper, room = A4 if width <= A4[1] else A3
    worksheet.set_landscape()
    worksheet.set_paper(paper)
    worksheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.75)
    worksheet.fit_to_pages(max(math.ceil(width / room), 1), 0)
    day = wording("workbook", "updated", day=look.day)
    worksheet.set_header(f'&L&"-,Bold"&10{_printed(title, 110)}&R&9{_printed(f"{look.territory}, {day}", 90)}')
    told = wording("workbook", "footer_sources", sources=sources) if sources else ""
    foot = _printed(" – ".join(filter(None, [told, look.notice or "", look.version])), FOOTER)
    worksheet.set_footer(f"&L&8{foot}&R&8{wording('workbook', 'page', page='&P', pages='&N')}")


def _printed(text: str, longest: int) -> str:
    """Keep a text from being read as a code of a page's foot, and within the length that Excel takes."""
    cut = clean = excel_text(text).replace("&", "&&")
    while len(cut) > longest:
        clean = clean[: -2 if clean.endswith("&&") else -1]
        cut = f"{clean}…"
    # Digits at once after the size of the letters would be read as part of it.
    return f" {cut}" if cut[:1].isdigit() else cut


def _head(workbook: "Workbook", worksheet: "Worksheet", table: PublishedTable, widths: list[float], look: Look) -> None:
    colour = THEME_COLOURS[table.theme]
    worksheet.set_row(0, 26)
    worksheet.write_string(0, 0, excel_text(table.title), style(workbook, "title", colour=colour))
    # As many columns as a screen is wide, so that the text is read without scrolling.
    across = next((rank for rank in range(len(widths)) if sum(widths[: rank + 1]) >= 110), len(widths) - 1)
    note = style(workbook, "note")
    back = (wording("workbook", "back"), link_to(look.contents))
    if across > 1:
        worksheet.merge_range(1, 1, 1, across, "", note)
    worksheet.write_string(1, 1, excel_text(table.description), note)
    worksheet.write_url(1, 0, back[1], style(workbook, "link"), back[0])
    room = max(sum(widths[1 : across + 1]), 20)
    worksheet.set_row(1, 12.5 * max(math.ceil(len(table.description) * 1.02 / room), 1) + 4)


def _frozen(columns: tuple[Column, ...]) -> int:
    """Count the columns that stay in sight: up to the name of the row, where it is near."""
    return next((rank + 1 for rank, column in enumerate(columns[:5]) if column.name in NAMES), 1)


def _fill(
    workbook: "Workbook", worksheet: "Worksheet", table: PublishedTable, rank: int
) -> tuple[float, list[int] | None]:
    """Write a column; give the width that fits it, and the lines of each cell where one takes several."""
    column = table.columns[rank]
    title = heading(column)
    header = style(workbook, "header", colour=THEME_COLOURS[table.theme])
    worksheet.write_string(HEADER_ROW, rank, excel_text(title), header)
    if column.definition:
        options: dict[str, Any] = {"x_scale": 2.2, "y_scale": 1.4, "font_size": 9, "color": "#ffffe1"}
        worksheet.write_comment(HEADER_ROW, rank, excel_text(column.definition), options)
    values = _values(table, column)
    shown = _shown(values, column)
    width = width_of(title, shown, **({"widest": WIDEST_NAME} if column.name in NAMES else {}))
    width = width if rank else max(width, FIRST)
    # A caution that every row repeats is not worth that every row be as high; the head of the sheet tells it too.
    is_repeated = len(values) > 1 and len(set(values)) == 1
    is_text = column.kind == "text" and not is_repeated
    lines = [lines_of(str(value or ""), width) for value in values] if is_text else None
    is_long = lines is not None and max(lines, default=1) > 1
    forms = _forms(workbook, column, is_long=is_long)
    for row, value in enumerate(values, start=HEADER_ROW + 1):
        write_cell(worksheet, (row, rank), value, forms[value is None])
    return width, lines if is_long else None


def _forms(workbook: "Workbook", column: Column, *, is_long: bool) -> "tuple[Format, Format]":
    """Give the format of a known cell, then that of an unknown one; an empty text is no unknown figure."""
    number = number_format(column)
    known = style(workbook, "wrapped" if is_long else "cell", number=number)
    return known, known if column.kind == "text" else style(workbook, "unknown", number=number)


def _values(table: PublishedTable, column: Column) -> list[Any]:
    """Give the cells of a column: numbers as they are, codes and truth values in French, None where not known."""
    cells = table.rows[column.name]
    if column.kind in {"text", "boolean"}:
        return worded(table, column).tolist()
    kinds = {"integer": int, "real": float}
    kind = kinds.get(column.kind)
    return [None if pd.isna(cell) else (kind(cell) if kind else cell) for cell in cells]


def _shown(values: list[Any], column: Column) -> list[str]:
    """Give the cells as they are read, to fit the width."""
    if column.kind == "real":
        share = column.unit.startswith("%")
        return [
            f"{format_number(value * (100 if share else 1), column.decimals or 0)}{'  %' if share else ''}"
            for value in values
            if value is not None
        ]
    return [str(value) for value in values if value is not None]
