"""How are a paragraph, a field, a table and the contents of a report written in the XML of Word?"""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from docx.oxml.ns import nsdecls

from hp_sig.publish.report.model import TEXT_WIDTH_MM, Report, Table
from hp_sig.publish.report.words import plain, say

__all__ = ["bookmarked", "field", "paragraph", "run", "table", "toc"]

#: Twentieths of a point in a millimetre.
TWIPS_PER_MM = 1440 / 25.4
#: Rows of a table that is never cut: of figures, of texts.
KEPT_ROWS, KEPT_TEXTS = 20, 6
NAMESPACE = nsdecls("w")


def run(text: str, *, bold: bool = False, style: str = "") -> str:
    """Write a text; a tab stays one.

    Parameters
    ----------
    text
        Any text: what XML refuses is replaced.
    bold, style
        How it looks.
    """
    looks = (f'<w:rStyle w:val="{style}"/>' if style else "") + ("<w:b/>" if bold else "")
    parts = "<w:tab/>".join(f'<w:t xml:space="preserve">{escape(plain(part))}</w:t>' for part in text.split("\t"))
    return f"<w:r>{f'<w:rPr>{looks}</w:rPr>' if looks else ''}{parts}</w:r>"


def paragraph(
    runs: Sequence[str], style: str, *, keep_next: bool = False, page_break: bool = False, spacing: int | None = None
) -> str:
    """Write a paragraph.

    Parameters
    ----------
    runs
        From :func:`run`, :func:`field` and :func:`bookmarked`.
    style
        Identifier of its style.
    keep_next, page_break
        Whether it stays with the next one; begins a page.
    spacing
        After it, where it is not that of its style, and then as high as a few points.
    """
    looks = f'<w:pStyle w:val="{style}"/>'
    looks += "<w:keepNext/>" if keep_next else ""
    looks += "<w:pageBreakBefore/>" if page_break else ""
    if spacing is not None:
        looks += f'<w:spacing w:before="0" w:after="{spacing}" w:line="160" w:lineRule="exact"/>'
    return f"<w:p {NAMESPACE}><w:pPr>{looks}</w:pPr>{''.join(runs)}</w:p>"


def field(code: str, result: str) -> list[str]:
    """Write a field and what it shows until Word computes it again."""
    return [_mark("begin"), _code(code), _mark("separate"), run(result), _mark("end")]


def bookmarked(anchor: str, runs: Sequence[str]) -> list[str]:
    """Put a bookmark around a heading, for the contents to lead to."""
    number = sum(ord(letter) * (rank + 1) for rank, letter in enumerate(anchor)) % 1_000_000
    name = _bookmark(anchor)
    start = f'<w:bookmarkStart w:id="{number}" w:name={quoteattr(name)}/>'
    return [start, *runs, f'<w:bookmarkEnd w:id="{number}"/>']


def toc(report: Report) -> Iterator[str]:
    """Write the contents as a field that is filled already, each line leading to its heading."""
    yield paragraph([run(say("contents"))], "TOCHeading")
    for rank, section in enumerate(report.sections):
        link = f'<w:hyperlink w:anchor="{_bookmark(section.anchor)}" w:history="1">{run(section.title)}</w:hyperlink>'
        before = [_mark("begin"), _code('TOC \\o "1-2" \\h \\z \\u'), _mark("separate")] if rank == 0 else []
        after = [_mark("end")] if rank == len(report.sections) - 1 else []
        yield paragraph([*before, link, *after], f"TOC{section.level}")


def table(block: Table) -> str:
    """Write a table: its head repeated on each page, no row cut in two.

    Parameters
    ----------
    block
        Of a report.
    """
    widths = [round(part * TEXT_WIDTH_MM * TWIPS_PER_MM) for part in _parts(block)]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = _row(block.header, widths, block.texts, is_head=True, keep=True)
    # A short table stays on one page; a long one begins with its first rows.
    kept = KEPT_ROWS if block.texts < 2 else KEPT_TEXTS
    most = len(block.rows) - 1 if len(block.rows) <= kept else 2
    rows = "".join(_row(cells, widths, block.texts, keep=rank < most) for rank, cells in enumerate(block.rows))
    mask, last = (0x0460, 1) if block.has_total else (0x0420, 0)
    looks = (
        '<w:tblStyle w:val="TableauRapport"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        f'<w:tblLook w:val="{mask:04X}" w:firstRow="1" w:lastRow="{last}" w:firstColumn="0" w:lastColumn="0" '
        'w:noHBand="0" w:noVBand="1"/>'
        f"<w:tblCaption w:val={quoteattr(plain(block.caption))}/>"
    )
    return f"<w:tbl {NAMESPACE}><w:tblPr>{looks}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{head}{rows}</w:tbl>"


def _parts(block: Table) -> Sequence[float]:
    if block.widths:
        return block.widths
    first, count = 0.28, len(block.header)
    return [first, *[(1 - first) / (count - 1)] * (count - 1)]


def _row(cells: Sequence[str], widths: Sequence[int], texts: int, *, is_head: bool = False, keep: bool = False) -> str:
    looks = f"<w:trPr><w:cantSplit/>{'<w:tblHeader/>' if is_head else ''}</w:trPr>"
    written = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
        f"{_cell(text, is_figure=rank >= texts, keep=keep)}</w:tc>"
        for rank, (text, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"<w:tr>{looks}{written}</w:tr>"


def _cell(text: str, *, is_figure: bool, keep: bool) -> str:
    style = "CelluleChiffre" if is_figure else "Cellule"
    looks = f'<w:pStyle w:val="{style}"/>{"<w:keepNext/>" if keep else ""}'
    return f"<w:p><w:pPr>{looks}</w:pPr>{run(text)}</w:p>"


def _mark(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


def _code(code: str) -> str:
    return f'<w:r><w:instrText xml:space="preserve"> {escape(code)} </w:instrText></w:r>'


def _bookmark(anchor: str) -> str:
    return f"_Toc_{anchor.replace('-', '_')}"
