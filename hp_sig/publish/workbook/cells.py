"""How does a cell of a workbook hold exactly the figure, and show it the French way?

A number is stored as it is published, a share from 0 to 1 too: its format makes it a percentage. Excel and LibreOffice
show each format in the language of the reader; a text never becomes a formula or a link.
"""

import datetime as dt
import math
import re
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from hp_sig.publish.publication import Column
from hp_sig.reference.labels import NO_BREAK_SPACE

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = [
    "LINE",
    "LONGEST_TEXT",
    "THEME_COLOURS",
    "Exact",
    "excel_text",
    "heading",
    "lines_of",
    "number_format",
    "style",
    "width_of",
    "write_cell",
]

#: Most characters that a cell of Excel holds.
LONGEST_TEXT = 32_767
NARROWEST, WIDEST = 9.0, 54.0
#: What goes to the next line of a cell, in points.
LINE = 13.5
#: Dark enough for white letters; one a theme, so that its sheets are told by their tab.
THEME_COLOURS = {
    "territory": "#525252",
    "overlaps": "#2171b5",
    "land_cover": "#990000",
    "enaf": "#8c2d04",
    "trajectory": "#6e016b",
    "projects": "#084594",
    "hubs": "#1b5e4b",
}
INK, UNKNOWN, HAIR = "#1c1c1c", "#ececec", "#d9d9d9"
DAY = "dd/mm/yyyy"
#: A year, or a census: no space between thousands.
YEAR = re.compile(r"(.+_)?(year|census)")
#: XML knows none of these.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class Exact(float):
    """A float that XlsxWriter writes with all its digits, and not with 16 of them: what is read back is the same."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Give the shortest decimal that is this number, whatever form is asked for."""
        del spec
        return repr(float(self))


def excel_text(text: object) -> str:
    """Give a text that a cell can hold: at most 32,767 characters, none that XML refuses."""
    clean = NOT_XML.sub("\ufffd", str(text))
    return clean if len(clean) <= LONGEST_TEXT else f"{clean[: LONGEST_TEXT - 1]}…"


def heading(column: Column) -> str:
    """Name a column with its unit.

    >>> heading(Column(name="sealed_ha", label="Surface imperméabilisée", kind="real", unit="ha"))
    'Surface imperméabilisée (ha)'
    """
    return f"{column.label} ({column.unit})" if column.unit else column.label


def number_format(column: Column) -> str:
    """Give the format of the numbers of a column, in the notation of the file.

    >>> number_format(Column(name="sealed_ha", label="", kind="real", unit="ha", decimals=1))
    '#,##0.0'
    >>> number_format(Column(name="year", label="", kind="integer"))
    '0'
    """
    if column.kind == "date":
        return DAY
    if column.kind not in {"integer", "real"}:
        return "@"
    if column.kind == "integer":
        return "0" if YEAR.fullmatch(column.name) else "#,##0"
    places = "." + "0" * column.decimals if column.decimals else ""
    return f"#,##0{places}{NO_BREAK_SPACE}%" if column.unit.startswith("%") else f"#,##0{places}"


def style(workbook: "Workbook", kind: str, *, colour: str = INK, number: str = "@") -> "Format":
    """Make a format: `title`, `note`, `alert`, `link`, `section`, `header`, `cell`, `strong`, `wrapped` or `unknown`.

    Parameters
    ----------
    workbook
        The book that it is for.
    kind
        What it is for.
    colour
        Of the letters, or of the ground of a header.
    number
        Format of the numbers of a cell.
    """
    grid = {"bottom": 4, "bottom_color": HAIR, "valign": "top", "num_format": number, "font_color": INK}
    ground = {"bg_color": colour, "font_color": "#ffffff", "bold": True, "text_wrap": True, "valign": "vcenter"}
    # A link has its own look, where XlsxWriter would write one format more for each.
    linked = {"underline": 1, "font_color": "#084594"}
    forms: dict[str, dict[str, Any]] = {
        "title": {"bold": True, "font_size": 16, "font_color": colour, "valign": "vcenter"},
        "note": {"italic": True, "font_color": "#525252", "text_wrap": True, "valign": "top", "font_size": 9},
        "alert": {"bold": True, "bg_color": "#fff3cd", "font_color": INK, "text_wrap": True, "valign": "vcenter"},
        "link": {**grid, **linked},
        "section": {"bold": True, "font_size": 12, "font_color": colour, "bottom": 1, "bottom_color": colour},
        "header": {**ground, "left": 1, "left_color": "#ffffff"},
        "cell": grid if number != "@" else {**grid, "align": "left", "indent": 1},
        "strong": {**grid, "bold": True, "text_wrap": True},
        "wrapped": {**grid, "text_wrap": True, "align": "left", "indent": 1},
        "unknown": {**grid, "bg_color": UNKNOWN},
    }
    return workbook.add_format({"font_size": 10, **forms[kind]})


def write_cell(worksheet: "Worksheet", place: tuple[int, int], value: object, form: "Format") -> None:
    """Write a value as what it is: a number, a date, else a text; what is not known leaves the cell empty."""
    row, column = place
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) or value == "":
        worksheet.write_blank(row, column, None, form)
    elif isinstance(value, dt.date):
        worksheet.write_datetime(row, column, value, form)
    elif isinstance(value, float) and math.isfinite(value):
        worksheet.write_number(row, column, Exact(value), form)
    elif isinstance(value, int):
        worksheet.write_number(row, column, value, form)
    else:
        worksheet.write_string(row, column, excel_text(value), form)


def width_of(title: str, texts: Iterable[str], *, widest: float = WIDEST) -> float:
    """Fit a column to its cells, and to the longest word of its heading, in characters.

    >>> width_of("Code INSEE", ["04112"]) < width_of("Code INSEE", ["une commune au nom plus long"])
    True
    """
    longest = max((max(map(len, text.split("\n"))) for text in texts if text), default=0)
    # The arrow of the filter covers the end of a heading; half of a long one may go to a second line.
    words = max(map(len, title.split()), default=0) + 3
    return min(max(longest * 1.08 + 2.5, words * 1.15, min(len(title), 60) / 2.2, NARROWEST), widest)


def lines_of(text: str, width: float) -> int:
    """Count the lines that a text takes in a column of so many characters.

    >>> lines_of("Part du territoire consommée (%)", 13)
    3
    """
    # The width counts figures of 11 points, which are wider than letters of 10.
    room = max(int(width * 1.06), 1)
    if len(text) <= room and "\n" not in text:
        return 1
    return sum(len(textwrap.wrap(line, room)) or 1 for line in text.split("\n"))
