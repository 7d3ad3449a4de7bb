"""How are a heading, a drawing, a list of sentences, a remark and what is missing written on the sheet of a hub?"""

from collections.abc import Sequence

from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.sections import flag_list, note_lines
from hp_sig.reference.labels import wording
from hp_sig.reference.nomenclature import zone_kinds

__all__ = ["figure", "heading", "listed", "missing", "notes", "zone_word"]


def heading(words: str, flags: Sequence[str] = ()) -> str:
    """Write the heading of a section, with what a reader must know of it."""
    return f'<div class="head"><h2>{safe_text(words)}</h2>{flag_list(flags)}</div>'


def figure(chart: str, caption: str) -> str:
    """Write a drawing under its caption."""
    return f"<figure><figcaption>{safe_text(caption)}</figcaption>{chart}</figure>"


def listed(sentences: Sequence[str]) -> str:
    """Write sentences as a list; nothing where there is none."""
    items = "".join(f"<li>{safe_text(sentence)}</li>" for sentence in sentences)
    return f'<ul class="said">{items}</ul>' if items else ""


def zone_word(kind: str) -> str:
    """Name a kind of planning zone; empty for a code of no kind.

    >>> zone_word("AU")
    'AU – à urbaniser'
    """
    known = {*zone_kinds("typezone").values(), *zone_kinds("typesect").values()}
    return wording("zone_kind", kind) if kind in known else ""


def missing(need: str, **values: object) -> str:
    """Say what is missing, and what it needs."""
    return f'<p class="missing">{safe_text(wording("hub_sheet", need, **values))}</p>'


def notes(told: Sequence[str]) -> str:
    """Write remarks in small print."""
    return note_lines(told)
