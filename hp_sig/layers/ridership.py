"""How many passengers does each station have, year by year?"""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.tables import numbers, read_table, texts

__all__ = ["read_ridership"]

#: « Total Voyageurs 2020 », total_voyageurs_2020. « Total Voyageurs + Non voyageurs 2020 » also counts who only walks
#: through the station or sees somebody off: never that one.
YEAR_COLUMN = re.compile(r"(?i)total[ _]voyageurs[ _](\d{4})")
#: Code of a station: country, number and check digit.
UIC_CODE = r"\d{8}"
YEARS = (1900, 2100)


def read_ridership(path: str | Path, *, fields: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read the passengers of each station and year, wide (a column a year) or long (a row a station and year).

    Parameters
    ----------
    path
        `.csv`, `.xlsx` or `.dbf`: « Fréquentation en gares » of the SNCF (`Code UIC complet`, `Total Voyageurs 2020`,
        …), or a table with `uic_code`, `year`, `passengers`.
    fields
        Field → column, where the names are not recognised: `uic_code`, `year`, `passengers`.

    Returns
    -------
    pandas.DataFrame
        Index `uic_code` (text, 8 digits), `year` (int), sorted; `passengers` (float: boardings and alightings of the
        year, as the SNCF estimates them), NaN where blank, never 0. `attrs`: `source_file`, `notes` (none so far).

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    table = read_table(path)
    columns = required_fields("ridership", table.columns, ("uic_code",), fields, path)
    faults: list[str] = []
    codes = texts(table[columns["uic_code"]])
    wrong = ~codes.str.fullmatch(UIC_CODE)
    if wrong.any():
        faults.append(
            f"{int(wrong.sum())} values of the column {columns['uic_code']!r} are not UIC codes: "
            f"{some(table[columns['uic_code']][wrong])}. Eight digits are expected, such as '87751321'."
        )
    dated = {int(match[1]): str(name) for name in table.columns if (match := YEAR_COLUMN.fullmatch(str(name)))}
    if {"year", "passengers"} <= columns.keys():
        years = pd.to_numeric(texts(table[columns["year"]]), errors="coerce")
        strange = ~years.between(*YEARS) | (years != years.round())
        if strange.any():
            faults.append(
                f"{int(strange.sum())} values of the column {columns['year']!r} are not years: "
                f"{some(table[columns['year']][strange])}."
            )
        passengers = numbers(table[columns["passengers"]], faults)
        rows = [pd.DataFrame({"uic_code": codes, "year": years, "passengers": passengers})]
    elif dated:
        rows = [
            pd.DataFrame({"uic_code": codes, "year": year, "passengers": numbers(table[column], faults)})
            for year, column in dated.items()
        ]
    else:
        found = ", ".join(str(column) for column in table.columns)
        fault = f"expected « Total Voyageurs » by year, or year and passengers, found the columns {found}."
        raise LayerError(path, [fault])
    ridership = pd.concat(rows, ignore_index=True)
    keys = ["uic_code", "year"]
    twice = ridership[ridership.duplicated(keys) & ridership["uic_code"].notna()]
    if len(twice):
        faults.append(
            f"stations with several figures for one year: {some(twice['uic_code'].unique())}. Keep one row each."
        )
    negative = ridership[(ridership["passengers"] < 0) | (ridership["passengers"] == float("inf"))]
    if len(negative):
        faults.append(f"stations with negative or infinite passengers: {some(negative['uic_code'].unique())}.")
    if faults:
        raise LayerError(path, faults)
    ridership = ridership.astype({"year": int}).set_index(keys).sort_index()
    ridership.attrs.update({"source_file": Path(path).name, "notes": []})
    return ridership
