"""How does a publication become one workbook that Excel and LibreOffice open as it is?

A sheet a table, the main one of each family first; a cover that lists them all, the charts, the sources and the
dictionary. The bytes depend on the publication alone.
"""

import io
import logging
from pathlib import Path

from hp_sig.errors import OutputError
from hp_sig.publish.publication import Publication
from hp_sig.publish.workbook.blocks import blocks
from hp_sig.publish.workbook.cells import excel_text
from hp_sig.publish.workbook.charts import add_charts
from hp_sig.publish.workbook.cover import add_cover, add_dictionary, add_sources
from hp_sig.publish.workbook.naming import table_sheets
from hp_sig.publish.workbook.table import Look, add_table
from hp_sig.reference.labels import wording
from hp_sig.whole import write_whole

__all__ = ["require_place", "write_workbook"]

log = logging.getLogger(__name__)

#: A text of a table is never a formula, nor a link; a number that cannot be is left empty.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_workbook(publication: Publication, path: str | Path) -> Path:
    """Write a workbook (.xlsx) of everything that a run publishes, but for the large layers of the producers.

    Parameters
    ----------
    publication
        From :func:`hp_sig.publish.content.publication_of`.
    path
        The file; one that is there is replaced in one step.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    OutputError
        If somebody has the file open, it cannot be written, or a table has more rows than a sheet; the old file stays.
    """
    file = Path(path)
    require_place(file)
    told = publication.without_copies()
    write_whole(file, _content(told))
    log.info("wrote %s: %d tables", file.name, len(told.tables))
    return file


def _content(publication: Publication) -> bytes:
    import xlsxwriter  # noqa: PLC0415 - only where a workbook is written

    cover, charts, sources, words = (
        wording("workbook", f"sheet_{name}") for name in ("cover", "charts", "sources", "dictionary")
    )
    sheets = table_sheets(publication, taken=(cover, charts, sources, words))
    run = publication.run
    look = Look(
        territory=publication.territory,
        day=f"{run.started_at:%d/%m/%Y}",
        version=wording("workbook", "made_by", version=run.version),
        notice=publication.notice,
        contents=cover,
    )
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, OPTIONS) as workbook:
        title = wording("workbook", "title", territory=publication.territory)
        workbook.set_properties(
            {
                "title": excel_text(title),
                "subject": wording("workbook", "subtitle", day=look.day, version=run.version, run=run.id),
                "author": excel_text(publication.territory),
                "comments": excel_text(publication.notice or ""),
                # The file has no time zone: it is in UTC.
                "created": run.started_at.replace(tzinfo=None),
            }
        )
        workbook.set_size(28_000, 16_000)
        add_cover(workbook, publication, sheets, look)
        add_charts(workbook, charts, blocks(publication), look)
        for sheet in sheets:
            add_table(workbook, sheet, publication, look)
        add_sources(workbook, sources, publication, look)
        add_dictionary(workbook, words, publication, look)
    return stream.getvalue()


def require_place(file: Path) -> None:
    """Refuse a place that is no file, or a workbook that somebody has open.

    Excel and LibreOffice each leave a file beside it while they have it open.

    Raises
    ------
    OutputError
        With what to do.
    """
    if file.is_dir() or not file.parent.is_dir():
        message = f"{file}: a file in a folder that is there expected. Give its name, such as territoire.xlsx."
        raise OutputError(message)
    for mark in (f"~${file.name}", f".~lock.{file.name}#"):
        if file.with_name(mark).exists():
            message = (
                f"{file}: open in a spreadsheet, as {mark} beside it tells. Close it, then publish again; "
                "if nobody has it open, delete that mark. The old workbook stays."
            )
            raise OutputError(message)
