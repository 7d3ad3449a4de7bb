"""How much land and how many people does each mode reach in so many minutes, beside a circle of the same duration?"""

import math
from collections.abc import Callable, Sequence
from itertools import groupby

from hp_sig.maps.hubs.figures import Hub, about, percent
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.reference.labels import format_number, wording

__all__ = ["reach_table", "unknown_rows", "year_of"]

#: Rows of the table that may be unknown: key of the heading, column of the figures, column of their year.
PEOPLE = (
    ("population", "population", "population_year"),
    ("circle", "crow_fly_population", ""),
    ("households", "households", "census_year"),
    ("dwellings", "dwellings", "census_year"),
    ("jobs", "jobs", "census_year"),
)
#: What a row of the table is for the style sheet.
KINDS = {"population": ' class="main"', "circle": ' class="circle"'}


def reach_table(hub: Hub) -> str:
    """Write a column for each mode and number of minutes, a row for each figure that is known somewhere.

    Parameters
    ----------
    hub
        A hub that has catchments.
    """
    rows = hub.catchments
    groups = [(mode, list(found)) for mode, found in groupby(rows, key=lambda row: str(row["mode"]))]
    modes = "".join(
        f'<th scope="colgroup" colspan="{len(found)}">{_word(f"group_{mode}")}</th>' for mode, found in groups
    )
    colgroups = "".join(f'<colgroup span="{len(found)}"></colgroup>' for _, found in groups)
    minutes = "".join(
        f'<th scope="col"{_first(rank, found)}>{_word("minutes", minutes=int(row["minutes"]))}</th>'
        for _, found in groups
        for rank, row in enumerate(found)
    )
    starts = [rank == 0 for _, found in groups for rank in range(len(found))]
    body = _row(_word("reach_area"), rows, "catchment_ha", lambda value: format_number(value, 0), starts)
    body += _row(_word("reach_share"), rows, "crow_fly_share", percent, starts)
    lost = unknown_rows(hub)
    for key, column, year in PEOPLE:
        if column not in lost:
            body += _row(_heading(key, rows, year), rows, column, about, starts, kind=KINDS.get(key, ""))
    corner = _word("reach_corner")
    return (
        f'<table class="reach"><caption>{_word("reach_caption")}</caption><colgroup class="names"></colgroup>'
        f'{colgroups}<thead><tr><th scope="col" rowspan="2">{corner}</th>{modes}</tr><tr>{minutes}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def unknown_rows(hub: Hub) -> dict[str, str]:
    """Give the columns that no trip knows a figure of, each with what it is called in a sentence.

    Where nobody lives nobody is counted: a 0 beside figures that are not known tells nothing.

    Parameters
    ----------
    hub
        A hub that has catchments.
    """
    lost = {}
    for key, column, _ in PEOPLE:
        values = [number(row, column) for row in hub.catchments]
        if any(map(math.isnan, values)) and not any(value > 0 for value in values):
            lost[column] = wording("hub_sheet", f"unknown_{key}")
    return lost


def year_of(rows: Sequence[Row], column: str) -> int | None:
    """Give the year that the rows tell; None where it is not known."""
    years = [number(row, column) for row in rows]
    known = [int(year) for year in years if math.isfinite(year)]
    return max(known, default=None)


def _heading(key: str, rows: Sequence[Row], column: str) -> str:
    year = year_of(rows, column)
    return _word(f"reach_{key}") if year is None else _word(f"reach_{key}_of", year=year)


def _row(
    heading: str,
    rows: Sequence[Row],
    column: str,
    told: Callable[[float], str],
    starts: Sequence[bool],
    *,
    kind: str = "",
) -> str:
    cells = "".join(
        f"<td{_starts(is_first)}>{safe_text(told(number(row, column)))}</td>"
        for row, is_first in zip(rows, starts, strict=True)
    )
    return f'<tr{kind}><th scope="row">{heading}</th>{cells}</tr>'


def _first(rank: int, found: Sequence[Row]) -> str:
    return _starts(is_first=rank == 0 and len(found) > 0)


def _starts(is_first: bool) -> str:  # noqa: FBT001 - one word
    return ' class="start"' if is_first else ""


def _word(key: str, **values: object) -> str:
    return safe_text(wording("hub_sheet", key, **values))
