"""What does a local report say, whatever it is written in: sections of paragraphs, tables, pictures, blanks?"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "TEXT_WIDTH_MM",
    "Blank",
    "Block",
    "Drawn",
    "Missing",
    "Notice",
    "Paragraph",
    "Picture",
    "Report",
    "Section",
    "Table",
    "picture",
]

#: Of an A4 page between its margins; pictures are as wide.
TEXT_WIDTH_MM = 165.0
#: A PNG and its height in millimetres.
Drawn = tuple[bytes, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A text; a `note` is set small, a `lead` larger, a `bullet` is an item of a list."""

    text: str
    style: Literal["body", "lead", "note", "bullet"] = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A figure that the report should hold and does not: what it is, and why it is missing."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A place left for the council's own words, `lines` high."""

    text: str
    lines: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What no reader may overlook."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose cells are written already.

    Parameters
    ----------
    caption, note
        Above; below, nothing where it is empty.
    header, rows
        Cells of a row are as many as those of the header.
    texts
        How many of the first columns are texts; the others are figures, set to the right.
    widths
        Of the columns, as parts of the page; empty: all alike but the first.
    has_total
        Whether the last row is a total.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    texts: int = 1
    widths: tuple[float, ...] = ()
    has_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart or a map as PNG; `alt` says in words what it shows."""

    caption: str
    alt: str
    png: bytes
    height_mm: float


Block = Paragraph | Missing | Blank | Notice | Table | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading of level 1 or 2 and what stands under it; `anchor` is unique in the report."""

    title: str
    anchor: str
    blocks: tuple[Block, ...]
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole report.

    Parameters
    ----------
    title, zone
        On the cover, and at the head of each page.
    cover
        Lines under the name of the zone: what it is, the period, the day.
    notice
        What every reader must be told (the sample's), or None.
    front
        On the cover, under the lines.
    sections
        In order.
    territory
        Name of the territory, its author.
    subject
        What it is, for the properties of the file.
    day
        When it was made: the same report of the same day gives the same bytes.
    made
        By which version, in which run.
    """

    title: str
    zone: str
    cover: tuple[str, ...]
    notice: str | None
    front: tuple[Block, ...]
    sections: tuple[Section, ...]
    territory: str
    subject: str
    day: dt.date
    made: str


def picture(caption: str, alt: str, drawn: Drawn) -> Picture:
    """Make a picture, as wide as the text, of what was drawn."""
    return Picture(caption=caption, alt=alt, png=drawn[0], height_mm=drawn[1])
