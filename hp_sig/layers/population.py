"""How many people live in each commune, year by year?"""

import logging
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.tables import commune_codes, numbers, read_table, texts

__all__ = ["read_population"]

log = logging.getLogger(__name__)

#: Columns of a year: '2021', 'PMUN2021', 'PMUN21', 'P21_POP', 'pop2021'. Census households and dwellings are not.
YEAR_COLUMN = re.compile(r"(?i)(?:p?mun_?|pop_?)?(\d{4})|pmun_?(\d{2})|[pd](\d{2})_pop")
#: Two-digit years from this one on belong to the 1900s.
CENTURY_PIVOT = 50


def read_population(path: str | Path, *, fields: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a series of populations by commune, wide (a column a year) or long (a row a commune and year).

    Parameters
    ----------
    path
        `.csv`, `.xlsx` or `.dbf` of INSEE: legal populations, or the census comparator (`P22_POP`).
    fields
        Field → column, where the names are not recognised: `commune_code`, `year`, `population`.

    Returns
    -------
    pandas.DataFrame
        Index `commune_code`; one column a year (int, ascending), in inhabitants; NaN where blank or secret, never 0.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    table = read_table(path)
    columns = required_fields("population", table.columns, ("commune_code",), fields, path)
    faults: list[str] = []
    notes: list[str] = []
    codes = commune_codes(table[columns["commune_code"]], faults, notes)
    years = {column: year for column in table.columns if (year := _year(str(column))) is not None}
    if years:
        require_unique(codes, "commune codes", faults)
        twice = sorted(column for column, year in years.items() if list(years.values()).count(year) > 1)
        if twice:
            faults.append(f"several columns give one year: {some(twice)}. Keep one of them.")
        population = pd.DataFrame({year: numbers(table[column], faults) for column, year in years.items()})
        population.index = pd.Index(codes, name="commune_code")
    elif {"year", "population"} <= columns.keys():
        population = _from_long(table, columns, codes, faults)
    else:
        found = ", ".join(str(column) for column in table.columns)
        raise LayerError(
            path,
            [f"expected a column a year ('2021', 'PMUN2021', 'P21_POP') or year and population, found {found}."],
        )
    wrong = population.index[((population < 0) | (population == float("inf"))).any(axis="columns")]
    if len(wrong):
        faults.append(f"{len(wrong)} communes have a negative or infinite population: {some(wrong)}. Check the file.")
    parted = population.index[(population.notna() & (population != population.round())).any(axis="columns")]
    if len(parted):
        notes.append(
            f"{len(parted)} communes have populations that are not whole ({some(parted)}): check that no point or "
            "comma parts thousands."
        )
    if faults:
        raise LayerError(path, faults)
    for note in notes:
        log.warning("%s: %s", path, note)
    population = population.sort_index().sort_index(axis="columns")
    population.columns.name = "year"
    population.attrs.update({"source_file": Path(path).name, "notes": notes})
    return population


def _from_long(table: pd.DataFrame, columns: Mapping[str, str], codes: pd.Series, faults: list[str]) -> pd.DataFrame:
    long = pd.DataFrame(
        {
            "commune_code": codes,
            "year": pd.to_numeric(texts(table[columns["year"]]), errors="coerce"),
            "population": numbers(table[columns["population"]], faults),
        }
    )
    if long["year"].isna().any():
        faults.append(f"{int(long['year'].isna().sum())} rows have no year in the column {columns['year']!r}.")
    long = long.dropna(subset=["year", "commune_code"]).astype({"year": int})
    if long.duplicated(["commune_code", "year"]).any():
        faults.append("a commune has two populations for the same year.")
        long = long.drop_duplicates(["commune_code", "year"])
    return long.pivot_table(index="commune_code", columns="year", values="population", dropna=False, sort=True)


def _year(column: str) -> int | None:
    """Read the year of a population column.

    >>> _year("P22_POP"), _year("PMUN2021"), _year("P22_POP1564")
    (2022, 2021, None)
    """
    match = YEAR_COLUMN.fullmatch(column)
    if match is None:
        return None
    if match[1]:
        return int(match[1])
    short = int(match[2] or match[3])
    return 1900 + short if short >= CENTURY_PIVOT else 2000 + short
