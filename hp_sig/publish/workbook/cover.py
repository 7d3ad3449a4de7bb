"""What is in the workbook, of which day, how is it read, and from which sources does it come?"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hp_sig.publish.dictionary import dictionary
from hp_sig.publish.publication import THEMES, Publication, SourceEntry
from hp_sig.publish.workbook.cells import INK, LINE, THEME_COLOURS, excel_text, lines_of, style, width_of, write_cell
from hp_sig.publish.workbook.naming import Sheet, link_to
from hp_sig.publish.workbook.table import Look, print_setup
from hp_sig.reference.labels import wording

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

__all__ = ["add_cover", "add_dictionary", "add_sources"]

SIGNS = ("unknown", "share", "code", "partial", "provisional", "negative", "note", "filter")
SOURCE_FIELDS = ("name", "producer", "source", "vintage", "licence", "retrieved", "file", "size", "sha256")
COVER_WIDTHS = (36.0, 78.0, 10.0, 26.0)
#: A fingerprint, of 64 characters, holds in one line.
WIDEST = 74.0


def add_cover(workbook: "Workbook", publication: Publication, sheets: Iterable[Sheet], look: Look) -> None:
    """Add the first sheet: territory, day, notice, list of the sheets, what is missing, signs."""
    worksheet = workbook.add_worksheet(look.contents)
    worksheet.hide_gridlines(2)
    for rank, width in enumerate(COVER_WIDTHS):
        worksheet.set_column(rank, rank, width)
    told, wrapped = style(workbook, "note"), style(workbook, "wrapped")
    worksheet.set_row(0, 30)
    title = wording("workbook", "title", territory=publication.territory)
    worksheet.write_string(0, 0, excel_text(title), style(workbook, "title"))
    run = publication.run
    subtitle = wording("workbook", "subtitle", day=look.day, version=run.version, run=run.id)
    worksheet.merge_range(1, 0, 1, 3, excel_text(f"{subtitle}. {wording('workbook', 'same_figures')}"), told)
    row = 2
    if publication.notice:
        worksheet.set_row(row, 34)
        worksheet.merge_range(row, 0, row, 3, excel_text(publication.notice), style(workbook, "alert"))
        row += 1
    row = _contents(workbook, worksheet, sheets, row + 1)
    missing = [(_title(name), wording("results_need", name)) for name in publication.skipped if _is_told(name)]
    signs = [(wording("workbook", f"sign_{sign}"), wording("workbook", f"sign_{sign}_told")) for sign in SIGNS]
    for name, pairs in (("missing", missing), ("signs", signs)):
        if pairs:
            row = _pairs(workbook, worksheet, row + 1, wording("workbook", name), pairs)
    # The sign of what is not known is shown, not only told.
    worksheet.write_string(row - len(SIGNS), 0, wording("workbook", "sign_unknown"), style(workbook, "unknown"))
    worksheet.merge_range(row + 1, 0, row + 1, 3, wording("map", "not_to_scale"), told)
    worksheet.set_row(row + 1, 28, wrapped)
    print_setup(worksheet, title, look, width=sum(COVER_WIDTHS))


def add_sources(workbook: "Workbook", name: str, publication: Publication, look: Look) -> None:
    """Add the sheet of the sources: who made what, of which vintage, under which licence, and the proof of the file."""
    headings = [wording("workbook", f"source_{field}") for field in SOURCE_FIELDS]
    rows = [[_source_cell(entry, field) for field in SOURCE_FIELDS] for entry in publication.sources.values()]
    title, note = name, wording("workbook", "sources_told")
    _list(workbook, (name, title, note), headings, rows, look)


def add_dictionary(workbook: "Workbook", name: str, publication: Publication, look: Look) -> None:
    """Add the sheet that says what each column of each table is; the workbook has no geometry."""
    rows = dictionary(publication)
    told = rows[rows["column"] != "geometry"].drop(columns="source")
    headings = [wording("dictionary", column).capitalize() for column in told.columns]
    note = wording("workbook", "content_dictionary")
    _list(workbook, (name, name, f"{note}."), headings, told.to_numpy().tolist(), look)


def _contents(workbook: "Workbook", worksheet: "Worksheet", sheets: Iterable[Sheet], row: int) -> int:
    """List the sheets, family by family, each with a link; give the next free row."""
    fixed = [(wording("workbook", f"sheet_{one}"), wording("workbook", f"content_{one}")) for one in FIXED]
    families: list[tuple[str, str, list[tuple[str, str, int | None, str]]]] = [
        (wording("workbook", "about"), INK, [(name, content, None, "") for name, content in fixed])
    ]
    listed = list(sheets)
    for theme in THEMES:
        lines: list[tuple[str, str, int | None, str]] = [
            (one.name, one.table.title, len(one.table.rows), one.table.name)
            for one in listed
            if one.table.theme == theme
        ]
        if lines:
            families.append((wording("published_theme", theme), THEME_COLOURS[theme], lines))
    link, cell, figure = style(workbook, "link"), style(workbook, "cell"), style(workbook, "cell", number="#,##0")
    header = style(workbook, "header", colour=INK)
    for rank, word in enumerate(("sheet", "content", "rows", "table")):
        worksheet.write_string(row, rank, wording("workbook", word), header)
    for family, colour, lines in families:
        row += 1
        _across(worksheet, row, family, style(workbook, "section", colour=colour))
        for name, content, count, table in lines:
            row += 1
            worksheet.write_url(row, 0, link_to(name), link, name)
            for rank, value in enumerate((content, count, table), start=1):
                write_cell(worksheet, (row, rank), value, figure if isinstance(value, int) else cell)
    return row + 1


def _pairs(workbook: "Workbook", worksheet: "Worksheet", row: int, title: str, pairs: Iterable[tuple[str, str]]) -> int:
    """Write what is on the left, and what it means on the right; give the next free row."""
    _across(worksheet, row, title, style(workbook, "section"))
    strong, wrapped = style(workbook, "strong"), style(workbook, "wrapped")
    for word, told in pairs:
        row += 1
        worksheet.write_string(row, 0, excel_text(word), strong)
        worksheet.merge_range(row, 1, row, 3, excel_text(told), wrapped)
        worksheet.set_row(row, LINE * max(lines_of(told, sum(COVER_WIDTHS[1:])), lines_of(word, COVER_WIDTHS[0])) + 3)
    return row + 1


def _across(worksheet: "Worksheet", row: int, text: str, form: "Format") -> None:
    worksheet.set_row(row, 22)
    worksheet.write_string(row, 0, excel_text(text), form)
    for rank in range(1, len(COVER_WIDTHS)):
        worksheet.write_blank(row, rank, None, form)


def _list(
    workbook: "Workbook", told: tuple[str, str, str], headings: list[str], rows: list[list[object]], look: Look
) -> None:
    """Add a sheet of a list, under its name, title and note."""
    name, title, note = told
    worksheet = workbook.add_worksheet(name)
    worksheet.set_tab_color(INK)
    worksheet.write_string(0, 0, title, style(workbook, "title"))
    worksheet.write_url(1, 0, link_to(look.contents), style(workbook, "link"), wording("workbook", "back"))
    worksheet.write_string(1, 1, note, style(workbook, "note"))
    header = style(workbook, "header", colour=INK)
    text, number, day = (style(workbook, "wrapped", number=form) for form in ("@", "#,##0", "dd/mm/yyyy"))
    widths = []
    for rank, word in enumerate(headings):
        worksheet.write_string(2, rank, word, header)
        cells = [row[rank] for row in rows]
        for place, value in enumerate(cells, start=3):
            form = number if isinstance(value, int) else text if isinstance(value, str) else day
            write_cell(worksheet, (place, rank), value, form)
        width = width_of(word, [str(value) for value in cells if value is not None], widest=WIDEST)
        worksheet.set_column(rank, rank, width)
        widths.append(width)
    for place, cells in enumerate(rows, start=3):
        count = max(lines_of(str(value or ""), width) for value, width in zip(cells, widths, strict=True))
        if count > 1:
            worksheet.set_row(place, LINE * count + 1.5)
    worksheet.set_row(2, 24)
    worksheet.freeze_panes(3, 1)
    worksheet.autofilter(2, 0, 2 + max(len(rows), 1), len(headings) - 1)
    worksheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + 3}"})
    print_setup(worksheet, title, look, width=sum(widths))
    worksheet.repeat_rows(2)


def _source_cell(entry: SourceEntry, field: str) -> object:
    return getattr(entry, field)


def _title(name: str) -> str:
    return wording("results_table", name)


def _is_told(name: str) -> bool:
    try:
        return bool(_title(name) and wording("results_need", name))
    except KeyError:
        return False


#: The sheets that hold no table.
FIXED = ("charts", "sources", "dictionary")
