"""Which sheet holds which table, under which name, in which order?"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from hp_sig.publish.publication import FIGURES, THEMES, Publication, PublishedTable
from hp_sig.publish.workbook.cells import excel_text
from hp_sig.reference.labels import in_french, wording

__all__ = ["MAIN", "Sheet", "link_to", "sheet_name", "table_sheets"]

#: Excel refuses longer names, these characters, an apostrophe at an end, and the name of its own history.
LONGEST_NAME = 31
REFUSED = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
RESERVED = ("history", "historique")
#: The table that opens each family, in the order of the first tabs; the others come after, family by family.
MAIN = (
    FIGURES,
    "overlaps",
    "land_stock",
    "enaf_consumption",
    "trajectory",
    "projects",
    "hub_stations",
)
#: Layers that say what a table says of the same rows, but for their shape.
SHAPES_ONLY = {"projects_site": "projects", "projects_footprint": "projects", "service_areas": "catchments"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of the workbook and the table that it holds."""

    name: str
    table: PublishedTable


def table_sheets(publication: Publication, *, taken: Iterable[str] = ()) -> tuple[Sheet, ...]:
    """Give each table and layer its sheet, the main one of each family first.

    Parameters
    ----------
    publication
        What is published, without the large layers of the producers.
    taken
        Names of the other sheets.
    """
    names = {name.casefold() for name in taken}
    sheets = []
    for table in _ordered(publication):
        name = sheet_name(_short_title(table), taken=names)
        names.add(name.casefold())
        sheets.append(Sheet(name=name, table=table))
    return tuple(sheets)


def sheet_name(text: str, *, taken: Collection[str] = ()) -> str:
    """Make a name that Excel takes, and that is not taken whatever the case of its letters.

    Parameters
    ----------
    text
        What the sheet would be called.
    taken
        Names of the sheets that there are, in `casefold`.

    Examples
    --------
    >>> sheet_name("Zones [2024]: A/B", taken={"zones 2024 a b"})
    'Zones 2024 A B (2)'
    """
    clean = " ".join(REFUSED.sub(" ", excel_text(text)).split()).strip("' ")
    base = clean if clean and clean.casefold() not in RESERVED else f"{clean} 1".strip()
    rank, name = 1, _cut(base, LONGEST_NAME)
    while name.casefold() in taken:
        rank += 1
        numbered = wording("workbook", "sheet_long", name="", rank=rank)
        name = f"{_cut(base, LONGEST_NAME - len(numbered))}{numbered}"
    return name


def link_to(sheet: str) -> str:
    """Give the address of the first cell of a sheet, inside the workbook.

    >>> link_to("Consommation d'ENAF")
    "internal:'Consommation d''ENAF'!A1"
    """
    quoted = sheet.replace("'", "''")
    return f"internal:'{quoted}'!A1"


def _ordered(publication: Publication) -> Iterator[PublishedTable]:
    present = [name for name in MAIN if name in publication.tables]
    yield from (publication.tables[name] for name in present)
    for theme in THEMES:
        for table in publication.of_theme(theme):
            if table.name not in present and SHAPES_ONLY.get(table.name) not in publication.tables:
                yield table


def _short_title(table: PublishedTable) -> str:
    try:
        return wording("workbook", f"sheet_{table.name}")
    except KeyError:
        # The layer of a zoning is called as its level is in the tables: EPCI (2024).
        level = str(in_french(pd.DataFrame({"zone_layer": [table.name]})).iloc[0, 0])
        return level if level != table.name else table.title


def _cut(text: str, longest: int) -> str:
    """Cut a text to so many of the units that Excel counts: a rare character takes two."""
    while len(text.encode("utf-16-le")) // 2 > longest:
        text = text[:-1]
    return text.strip("' ")
