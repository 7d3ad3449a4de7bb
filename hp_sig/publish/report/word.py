"""How does a report become a Word document that a council can finish: real styles, fields, alternative texts?

No macro, no link, no outside template. The table of contents is filled when it is written, without page numbers, since
only Word can count pages: asking it to (`updateFields`) would greet every reader with a question about other files. A
right click on it adds them.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files as package_files

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm
from docx.text.paragraph import Paragraph as WordParagraph

from hp_sig.publish.report.model import (
    TEXT_WIDTH_MM,
    Blank,
    Block,
    Missing,
    Notice,
    Paragraph,
    Picture,
    Report,
    Section,
    Table,
)
from hp_sig.publish.report.word_parts import (
    bookmarked,
    field,
    paragraph,
    run,
    table,
    toc,
)
from hp_sig.publish.report.words import plain, say

__all__ = ["word_document"]

#: Styles of the paragraphs of a report.
STYLES = {"body": "Normal", "lead": "Chapeau", "note": "Note", "bullet": "ListBullet"}
#: A4, in millimetres.
PAGE, SIDE, TOP, BOTTOM = (210.0, 297.0), 22.5, 25.0, 22.0
#: Parts of python-docx's own template that a report has no use for.
UNUSED = ("thumbnail", "stylesWithEffects", "customXml", "extended-properties", "fontTable", "webSettings")
#: Most characters of a property of a file.
MOST_CHARACTERS = 255
#: The oldest day that a ZIP can tell.
OLDEST = dt.date(1980, 1, 1)
BULLET = (
    '<w:abstractNum {ns} w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start '
    'w:val="1"/><w:numFmt w:val="bullet"/><w:pStyle w:val="ListBullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/>'
    '<w:pPr><w:ind w:left="340" w:hanging="340"/></w:pPr></w:lvl></w:abstractNum>'
)
SETTINGS = (
    '<w:compat {ns}><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" '
    'w:val="15"/></w:compat>'
)


def word_document(report: Report) -> bytes:
    """Write a report as a Word document (.docx).

    Parameters
    ----------
    report
        From :func:`hp_sig.publish.report.report_of`.
    """
    document = docx.Document()
    _prepare(document, report)
    _furnish(document, report)
    counts = {"table": 0, "figure": 0}
    for element in _cover(report):
        _add(document, element)
    for element in toc(report):
        _add(document, element)
    for section in report.sections:
        _section(document, section, counts)
    content = io.BytesIO()
    document.save(content)
    return _dated(content.getvalue(), max(report.day, OLDEST))


def _prepare(document: Document, report: Report) -> None:
    """Set the styles, the language, the page and the properties; drop what the template brings besides."""
    styles = document.styles.element
    styles[:] = list(parse_xml(_styles()))
    numbering = document.part.numbering_part.element
    numbering[:] = [
        parse_xml(BULLET.format(ns=nsdecls("w"))),
        parse_xml(f'<w:num {nsdecls("w")} w:numId="1"><w:abstractNumId w:val="0"/></w:num>'),
    ]
    settings = document.settings.element
    settings.replace(settings.find(qn("w:compat")), parse_xml(SETTINGS.format(ns=nsdecls("w"))))
    language = settings.find(qn("w:themeFontLang"))
    language.attrib.clear()
    language.set(qn("w:val"), "fr-FR")
    settings.find(qn("w:decimalSymbol")).set(qn("w:val"), ",")
    settings.find(qn("w:listSeparator")).set(qn("w:val"), ";")
    for parts in (document.part.rels, document.part.package.rels):
        for key in [key for key, link in parts.items() if any(name in link.reltype for name in UNUSED)]:
            del parts[key]
    page = document.sections[0]
    page.page_width, page.page_height = Mm(PAGE[0]), Mm(PAGE[1])
    page.left_margin = page.right_margin = Mm(SIDE)
    page.top_margin, page.bottom_margin = Mm(TOP), Mm(BOTTOM)
    page.header_distance, page.footer_distance = Mm(11), Mm(10)
    page.different_first_page_header_footer = True
    about, day = document.core_properties, dt.datetime.combine(report.day, dt.time(), dt.UTC)
    about.title = _cut(f"{report.title} – {report.zone}")
    about.subject, about.author = _cut(report.subject), _cut(report.territory)
    about.last_modified_by, about.comments = _cut(report.territory), _cut(report.made)
    about.keywords, about.category = say("keywords"), say("file_category")
    about.language, about.revision = "fr-FR", 1
    about.created = about.modified = day
    about.identifier = about.version = about.content_status = ""


def _furnish(document: Document, report: Report) -> None:
    """Write the head and the foot of the pages, but of the first."""
    page = document.sections[0]
    parts = [
        (page.header, "Header", [run(f"{report.title} – {report.zone}")]),
        (page.footer, "Footer", [run(f"{report.made}"), *_page_number()]),
        (page.first_page_header, "Normal", []),
        (page.first_page_footer, "Footer", [run(report.made)]),
    ]
    for part, style, runs in parts:
        part.is_linked_to_previous = False
        element = part.paragraphs[0]._p
        element.getparent().replace(element, _parsed(paragraph(runs, style)))
    if report.notice:
        # The cover has it in a box.
        page.header.paragraphs[-1]._p.addnext(_parsed(paragraph([run(report.notice)], "EnTeteAvertissement")))


def _page_number() -> list[str]:
    return [run(f"\t{say('page')} "), *field("PAGE", "1"), run(f" {say('page_of')} "), *field("NUMPAGES", "1")]


def _cover(report: Report) -> Iterator[str]:
    yield paragraph([run(report.title)], "Title")
    yield paragraph([run(report.zone)], "Subtitle")
    for line in report.cover:
        yield paragraph([run(line)], "Couverture")
    if report.notice:
        yield paragraph([run(report.notice)], "Avertissement")
    for block in report.front:
        yield from _texts(block)


def _section(document: Document, section: Section, counts: dict[str, int]) -> None:
    style = f"Heading{section.level}"
    _add(document, paragraph(bookmarked(section.anchor, [run(section.title)]), style))
    for block in section.blocks:
        if isinstance(block, Table):
            counts["table"] += 1
            _add(document, paragraph(_caption(say("table"), counts["table"], block.caption), "Caption", keep_next=True))
            _add(document, table(block))
            _add(document, paragraph([run(block.note)] if block.note else [], "Note"))
        elif isinstance(block, Picture):
            counts["figure"] += 1
            _picture(document, block)
            _add(document, paragraph(_caption(say("figure"), counts["figure"], block.caption), "Caption"))
        else:
            for element in _texts(block):
                _add(document, element)


def _texts(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield paragraph([run(block.text)], STYLES[block.style])
    elif isinstance(block, Notice):
        yield paragraph([run(block.text)], "Avertissement")
    elif isinstance(block, Missing):
        yield paragraph(
            [run(say("missing_head"), bold=True), run(say("missing_line", what=block.what, why=block.why))],
            "DonneeManquante",
        )
    elif isinstance(block, Blank):
        yield paragraph([], "Normal", spacing=0)
        yield paragraph([run(block.text)], "ACompleter", keep_next=True)
        for _ in range(block.lines - 1):
            yield paragraph([], "ACompleter", keep_next=True)
        yield paragraph([], "ACompleter")
        yield paragraph([], "Normal", spacing=0)


def _caption(kind: str, number: int, text: str) -> list[str]:
    """Write a caption, its number a field: Word goes on counting where somebody adds one."""
    return [run(f"{kind} "), *field(f"SEQ {kind} \\* ARABIC", str(number)), run(f" – {text}")]


def _picture(document: Document, block: Picture) -> None:
    holder: WordParagraph = document.add_paragraph(style="Image")
    shape = holder.add_run().add_picture(io.BytesIO(block.png), width=Mm(TEXT_WIDTH_MM))
    # Word puts no room around what stands in a line, other programs do.
    for side in ("distT", "distB", "distL", "distR"):
        shape._inline.set(side, "0")
    about = shape._inline.docPr
    about.set("descr", plain(block.alt))
    about.set("title", plain(block.caption))
    about.set("name", f"{say('figure')} {about.get('id')}")


def _add(document: Document, element: str) -> None:
    # The last child of a body is the set-up of its pages.
    document.element.body[-1].addprevious(_parsed(element))


def _parsed(element: str) -> BaseOxmlElement:
    return parse_xml(element)


def _cut(text: str) -> str:
    told = plain(text)
    return told if len(told) <= MOST_CHARACTERS else f"{told[: MOST_CHARACTERS - 1]}…"


def _dated(content: bytes, day: dt.date) -> bytes:
    """Write the archive again with one day for all its parts: python-docx puts the hour of the clock there."""
    dated = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(dated, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        for name in _in_order(source.namelist()):
            about = zipfile.ZipInfo(name, date_time=(day.year, day.month, day.day, 0, 0, 0))
            about.compress_type, about.create_system, about.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            archive.writestr(about, source.read(name))
    return dated.getvalue()


def _in_order(names: Sequence[str]) -> list[str]:
    # Readers look for the types of the parts first.
    return sorted(names, key=lambda name: (name != "[Content_Types].xml", name != "_rels/.rels", name))


@cache
def _styles() -> bytes:
    return (package_files("hp_sig.publish.report") / "assets" / "styles.xml").read_bytes()
