"""How does a report become a page: no script, nothing loaded, to be read on a telephone and printed?"""

import base64
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as package_files

from hp_sig.maps.document import document
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.sheet import asset, notice_band
from hp_sig.publish.report.model import Blank, Block, Missing, Notice, Paragraph, Picture, Report, Section, Table
from hp_sig.publish.report.words import plain, say

__all__ = ["report_page"]


def report_page(report: Report) -> str:
    """Write a report as a page that stands alone.

    Parameters
    ----------
    report
        From :func:`hp_sig.publish.report.report_of`.
    """
    counts = {"table": 0, "figure": 0}
    cover = "".join(f"<p>{_safe(line)}</p>" for line in report.cover)
    front = "".join(_text(block) for block in report.front)
    sections = "".join(_section(section, counts) for section in report.sections)
    body = (
        f'<div class="sheet report"><header>{_notice(report.notice)}<h1>{_safe(report.title)}</h1>'
        f'<p class="zone">{_safe(report.zone)}</p><div class="cover">{cover}</div>{front}</header>'
        f"{_contents(report)}<main>{sections}</main>"
        f'<footer><p class="foot"><span>{_safe(report.zone)}</span><span>{_safe(report.made)}</span></p></footer></div>'
    )
    title = f"{plain(report.title)} – {plain(report.zone)}"
    return document(title, body, style=asset("base.css") + _style())


def _notice(notice: str | None) -> str:
    return notice_band(plain(notice) if notice else None)


def _contents(report: Report) -> str:
    items = "".join(
        f'<li class="level{section.level}"><a href="#{section.anchor}">{_safe(section.title)}</a></li>'
        for section in report.sections
    )
    heading = _safe(say("contents"))
    return f'<nav class="contents" aria-label="{heading}"><h2>{heading}</h2><ul>{items}</ul></nav>'


def _section(section: Section, counts: dict[str, int]) -> str:
    tag = f"h{section.level + 1}"
    blocks = "".join(_blocks(section.blocks, counts))
    return f'<section id="{section.anchor}"><{tag}>{_safe(section.title)}</{tag}>{blocks}</section>'


def _blocks(blocks: tuple[Block, ...], counts: dict[str, int]) -> Iterator[str]:
    items: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph) and block.style == "bullet":
            items.append(f"<li>{_safe(block.text)}</li>")
            continue
        if items:
            yield f'<ul class="said">{"".join(items)}</ul>'
            items = []
        if isinstance(block, Table):
            counts["table"] += 1
            yield _table(block, counts["table"])
        elif isinstance(block, Picture):
            counts["figure"] += 1
            yield _picture(block, counts["figure"])
        else:
            yield _text(block)
    if items:
        yield f'<ul class="said">{"".join(items)}</ul>'


def _text(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f'<p class="{block.style}">{_safe(block.text)}</p>'
    if isinstance(block, Notice):
        return f'<p class="notice" role="note">{_safe(block.text)}</p>'
    if isinstance(block, Missing):
        told = _safe(say("missing_line", what=block.what, why=block.why))
        return f'<p class="missing"><strong>{_safe(say("missing_head"))}</strong>{told}</p>'
    if isinstance(block, Blank):
        return f'<p class="blank lines{block.lines}">{_safe(block.text)}</p>'
    return ""


def _table(block: Table, number: int) -> str:
    head = "".join(f'<th scope="col"{_kind(rank, block)}>{_safe(text)}</th>' for rank, text in enumerate(block.header))
    rows = "".join(_row(cells, block, is_total=block.has_total and cells is block.rows[-1]) for cells in block.rows)
    caption = _safe(f"{say('table')} {number} – {block.caption}")
    note = f'<p class="note">{_safe(block.note)}</p>' if block.note else ""
    wide = " wide" if len(block.header) > 4 else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table class="told{wide}">'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
    )


def _row(cells: tuple[str, ...], block: Table, *, is_total: bool) -> str:
    first = f'<th scope="row">{_safe(cells[0])}</th>'
    others = "".join(f"<td{_kind(rank, block)}>{_safe(text)}</td>" for rank, text in enumerate(cells[1:], start=1))
    return f"<tr class='total'>{first}{others}</tr>" if is_total else f"<tr>{first}{others}</tr>"


def _kind(rank: int, block: Table) -> str:
    return ' class="figure"' if rank >= block.texts else ""


def _picture(block: Picture, number: int) -> str:
    coded = base64.b64encode(block.png).decode("ascii")
    caption = _safe(f"{say('figure')} {number} – {block.caption}")
    return (
        f'<figure><div class="scroll" tabindex="0" role="region" aria-label="{caption}"><img alt="{_safe(block.alt)}" '
        f'src="data:image/png;base64,{coded}"></div><figcaption>{caption}</figcaption></figure>'
    )


def _safe(text: str) -> str:
    return safe_text(plain(text))


@cache
def _style() -> str:
    return (package_files("hp_sig.publish.report") / "assets" / "report.css").read_text(encoding="utf-8")
