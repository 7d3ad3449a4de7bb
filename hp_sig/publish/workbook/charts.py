"""How are the charts of the workbook drawn, natively, each beside the figures that it shows?"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from hp_sig.publish.workbook.blocks import Block
from hp_sig.publish.workbook.cells import INK, THEME_COLOURS, excel_text, number_format, style, write_cell
from hp_sig.publish.workbook.naming import link_to
from hp_sig.publish.workbook.table import Look, print_setup
from hp_sig.reference.labels import wording

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["add_charts"]

#: Columns of the labels and of the figures; the charts begin after the widest small table.
LABEL_WIDTH, FIGURE_WIDTH = 52.0, 15.0
#: Pixels of a chart, and the rows that it covers at 20 pixels each.
CHART_SIZE, CHART_ROWS = (820, 400), 21
GRID, PAPER_WIDTH = "#d9d9d9", 117.0
#: Charts that a page holds.
PER_PAGE = 3
FONT = {"size": 9, "color": INK}


def add_charts(workbook: "Workbook", name: str, blocks: Iterable[Block], look: Look) -> None:
    """Add the sheet of the charts, three to a page.

    Parameters
    ----------
    workbook, name
        Where it goes; the name of the sheet.
    blocks
        What is drawn.
    look
        What is said on paper.
    """
    drawn = list(blocks)
    worksheet = workbook.add_worksheet(name)
    worksheet.set_tab_color(INK)
    worksheet.hide_gridlines(2)
    widest = max((len(block.columns) for block in drawn), default=1)
    worksheet.set_column(0, 0, LABEL_WIDTH)
    worksheet.set_column(1, widest, FIGURE_WIDTH)
    worksheet.set_column(widest + 1, widest + 1, 3)
    title = wording("workbook", "sheet_charts")
    worksheet.write_string(0, 0, title, style(workbook, "title"))
    worksheet.write_url(1, 0, link_to(look.contents), style(workbook, "link"), wording("workbook", "back"))
    worksheet.write_string(1, 1, wording("workbook", "charts_told"), _unwrapped(workbook))
    row, breaks = 3, []
    for rank, block in enumerate(drawn):
        if rank and rank % PER_PAGE == 0:
            breaks.append(row)
        row = _add_block(workbook, worksheet, block, (row, widest))
    worksheet.set_h_pagebreaks(breaks)
    print_setup(worksheet, title, look, width=LABEL_WIDTH + widest * FIGURE_WIDTH + PAPER_WIDTH)


def _add_block(workbook: "Workbook", worksheet: "Worksheet", block: Block, place: tuple[int, int]) -> int:
    """Write a small table and its chart; give the row that follows them."""
    top, widest = place
    colour = THEME_COLOURS[block.theme]
    worksheet.set_row(top, 22)
    section = style(workbook, "section", colour=colour)
    worksheet.write_string(top, 0, excel_text(block.title), section)
    for rank in range(1, widest + 2):
        worksheet.write_blank(top, rank, None, section)
    first = top + 2
    header, text = style(workbook, "header", colour=colour), style(workbook, "wrapped")
    worksheet.set_row(first - 1, 44)
    worksheet.write_string(first - 1, 0, block.heading, header)
    for row, name in enumerate(block.labels, start=first):
        worksheet.write_string(row, 0, excel_text(name), text)
    for rank, (column, name) in enumerate(zip(block.columns, block.names, strict=True), start=1):
        titled = wording("workbook", "axis_unit", label=name, unit=column.unit) if column.unit else name
        worksheet.write_string(first - 1, rank, excel_text(titled), header)
        known, unknown = (style(workbook, kind, number=number_format(column)) for kind in ("cell", "unknown"))
        for row, value in enumerate(block.figures.iloc[:, rank - 1], start=first):
            is_known = not pd.isna(value)
            write_cell(worksheet, (row, rank), float(value) if is_known else None, known if is_known else unknown)
    last = first + len(block.labels) - 1
    if block.note:
        worksheet.write_string(last + 1, 0, excel_text(block.note), _unwrapped(workbook))
    chart = _chart(workbook, worksheet, block, (first, last))
    worksheet.insert_chart(top + 1, widest + 2, chart, {"object_position": 2})
    return max(last + 4, top + CHART_ROWS + 3)


def _chart(workbook: "Workbook", worksheet: "Worksheet", block: Block, rows: tuple[int, int]) -> Any:  # noqa: ANN401 - untyped
    kind = {"type": "bar" if block.is_of_zones else "column", **({"subtype": "stacked"} if block.is_stacked else {})}
    chart = workbook.add_chart(kind)
    sheet, (first, last) = worksheet.get_name(), rows
    for rank, (name, colour) in enumerate(zip(block.names, block.colours, strict=True), start=1):
        chart.add_series(
            {
                "name": excel_text(name),
                "categories": [sheet, first, 0, last, 0],
                "values": [sheet, first, rank, last, rank],
                "fill": {"color": colour},
                "border": {"color": "#ffffff", "width": 0.5},
                "gap": 55,
                **({} if block.is_stacked else {"overlap": 0}),
            }
        )
    form = number_format(block.columns[0])
    largest = max(block.figures.max().fillna(0.0).tolist(), default=0.0)
    # A chart's own axis needs no more decimals than the figures that it shows are far apart.
    axis_form = form if "%" in form else "#,##0.##" if largest < 5 else "#,##0"
    chart.set_title({"name": excel_text(block.title), "name_font": {"size": 12, "color": INK}, "overlay": False})
    fonts = {"name_font": {**FONT, "bold": False}, "num_font": FONT}
    labels = {"name": block.heading, "major_gridlines": {"visible": False}, **fonts}
    gridlines = {"visible": True, "line": {"color": GRID, "width": 0.75}}
    figures = {
        "name": block.axis,
        "num_format": axis_form,
        "major_gridlines": gridlines,
        "line": {"none": True},
        **fonts,
    }
    if block.is_of_zones:
        # The first zone at the top, and the figures still at the bottom.
        chart.set_y_axis({**labels, "reverse": True, "crossing": "max"})
        chart.set_x_axis(figures)
    else:
        chart.set_x_axis(labels)
        chart.set_y_axis(figures)
    chart.set_legend({"position": "bottom", "font": FONT})
    chart.set_size({"width": CHART_SIZE[0], "height": CHART_SIZE[1]})
    chart.set_chartarea({"border": {"color": GRID}})
    chart.show_blanks_as("gap")
    return chart


def _unwrapped(workbook: "Workbook") -> Any:  # noqa: ANN401 - untyped
    return workbook.add_format({"italic": True, "font_size": 9, "font_color": "#525252"})
