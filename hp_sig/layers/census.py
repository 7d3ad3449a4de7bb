"""How many households, dwellings and jobs does the census count in each commune?"""

import logging
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.population import CENTURY_PIVOT
from hp_sig.layers.tables import commune_codes, numbers, read_table

__all__ = ["FIGURES", "read_census"]

log = logging.getLogger(__name__)

#: What is read of the census, and how INSEE calls it: households (ménages), dwellings (logements), jobs (emplois au
#: lieu de travail).
FIGURES = {"households": "MEN", "dwellings": "LOG", "jobs": "EMPLT"}
#: P22_MEN, P99_LOG (main survey), D90_LOG (full count). P22_EMPLT_SAL, the wage-earners, is something else.
DATED = re.compile(r"(?i)[pd](\d{2})_(men|log|emplt)")

#: Figure → year of the census (None where the column tells none) → column.
Columns = dict[str, dict[int | None, str]]


def read_census(path: str | Path, *, fields: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read households, dwellings and jobs by commune, of one census.

    The comparator of INSEE tells the jobs of two censuses side by side. All figures are taken of one: the census that
    tells the most of the three, the latest of those; figures that only another one tells are left out and told.

    Parameters
    ----------
    path
        `.csv`, `.xlsx` or `.dbf` of INSEE (`base-cc-comparateur`: `CODGEO`, `P22_MEN`, `P22_LOG`, `P22_EMPLT`), or any
        table with some of `households`, `dwellings`, `jobs`.
    fields
        Field → column, where the names are not recognised or another census is wanted: `commune_code`, `households`,
        `dwellings`, `jobs`.

    Returns
    -------
    pandas.DataFrame
        Index `commune_code`, sorted; `households`, `dwellings`, `jobs` (float: the census is a survey, its figures
        are not whole), NaN where secret, blank or not in the file, never 0. `attrs`: `census_year` (int, or None where
        the columns tell none), `source_file`, `notes`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    table = read_table(path)
    columns = required_fields("census", table.columns, ("commune_code",), fields, path)
    faults: list[str] = []
    notes: list[str] = []
    codes = commune_codes(table[columns["commune_code"]], faults, notes)
    require_unique(codes, "commune codes", faults)
    year, chosen = _of_one_census(_by_year(table.columns, columns, fields or {}), fields or {}, path, notes)
    unknown = pd.Series(float("nan"), index=table.index)
    census = pd.DataFrame(
        {figure: numbers(table[chosen[figure]], faults) if figure in chosen else unknown for figure in FIGURES}
    )
    for figure, column in chosen.items():
        wrong = (census[figure] < 0) | (census[figure] == float("inf"))
        if wrong.any():
            faults.append(
                f"{int(wrong.sum())} values of the column {column!r} are negative or infinite: {some(codes[wrong])}."
            )
    if faults:
        raise LayerError(path, faults)
    for note in notes:
        log.warning("%s: %s", path, note)
    census.index = pd.Index(codes, name="commune_code")
    census = census.sort_index()
    census.attrs.update({"census_year": year, "source_file": Path(path).name, "notes": notes})
    return census


def _by_year(present: pd.Index, columns: Mapping[str, str], given: Mapping[str, str]) -> Columns:
    """Find the columns of each figure by their census; a given column is the only one of its figure."""
    found: Columns = {figure: {} for figure in FIGURES}
    figure_of = {name: figure for figure, name in FIGURES.items()}
    for column in map(str, present):
        if match := DATED.fullmatch(column):
            found[figure_of[match[2].upper()]][_year(match[1])] = column
    for figure in FIGURES:
        if figure in given:
            match = DATED.fullmatch(given[figure])
            found[figure] = {_year(match[1]) if match else None: given[figure]}
        elif figure in columns and not found[figure]:
            found[figure] = {None: columns[figure]}
    return {figure: by_year for figure, by_year in found.items() if by_year}


def _of_one_census(
    found: Columns, given: Mapping[str, str], path: str | Path, notes: list[str]
) -> tuple[int | None, dict[str, str]]:
    """Choose one census: that of the given columns, otherwise the latest of those that tell the most figures."""
    if not found:
        fault = (
            "expected households, dwellings or jobs (P22_MEN, P22_LOG, P22_EMPLT), found none of them. "
            "Name them with « fields = { … } »."
        )
        raise LayerError(path, [fault])
    asked = {year for figure in found if figure in given for year in found[figure] if year is not None}
    if len(asked) > 1:
        fault = f"expected columns of one census in « fields », found the years {some(sorted(asked))}. Correct them."
        raise LayerError(path, [fault])
    years = asked or {year for by_year in found.values() for year in by_year if year is not None}
    year = max(years, key=lambda one: (sum(one in by_year for by_year in found.values()), one), default=None)
    chosen = {figure: by_year[key] for figure, by_year in found.items() for key in (year, None) if key in by_year}
    if left := sorted(column for figure in set(found) - set(chosen) for column in found[figure].values()):
        notes.append(f"figures are those of the census of {year}; left out, for being of another one: {some(left)}.")
    return year, chosen


def _year(digits: str) -> int:
    """Give the century back to a year.

    >>> _year("22"), _year("99")
    (2022, 1999)
    """
    return int(digits) + (1900 if int(digits) >= CENTURY_PIVOT else 2000)
