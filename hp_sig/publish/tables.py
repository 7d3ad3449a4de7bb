"""How is a table written so that a spreadsheet, a script and a person read the same figures?"""

import logging
from pathlib import Path

import pandas as pd

__all__ = ["write_csv"]

log = logging.getLogger(__name__)

#: Decimals by unit: hectares to the square metre, shares to a millionth, widths to the centimetre.
DECIMALS = {"_ha": 4, "_ha_per_year": 4, "_share": 6, "_m": 2, "_km": 3}
SHARES = ("share", "share_of_zone", "share_of_other", "share_of_hub", "share_of_commune", "share_of_project")
#: Figures of people, which are estimates in a service area: one decimal is more than they tell.
PEOPLE = ("population", "crow_fly_population", "households", "dwellings", "jobs")
#: A cell that begins so is a formula for a spreadsheet, wherever the text came from.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(table: pd.DataFrame, path: Path, *, notice: str | None = None) -> int:
    """Write a table as CSV: UTF-8, comma, decimal point, empty cells for what is not known.

    Parameters
    ----------
    table
        Keys as columns; the index is not written.
    path
        The file.
    notice
        A mention that every row carries in a column `notice` (the embedded sample's).

    Returns
    -------
    int
        The number of rows.
    """
    written = safe_texts(rounded(table))
    if notice is not None:
        written = written.assign(notice=notice)
    written.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    log.info("wrote %s: %d rows", path.name, len(written))
    return len(written)


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Round each figure to the decimals of its unit.

    >>> rounded(pd.DataFrame({"area_ha": [100.00004], "mean_width_m": [12.345]})).iloc[0].tolist()
    [100.0, 12.34]
    """
    decimals = {
        column: places
        for column in map(str, table.columns)
        for suffix, places in DECIMALS.items()
        if column.endswith(suffix) or (suffix == "_share" and column in SHARES)
    }
    decimals |= {column: 1 for column in PEOPLE if column in table.columns}
    return table.round(decimals)


def safe_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Keep a spreadsheet from taking a text for a formula: such a cell gets a leading apostrophe.

    >>> safe_texts(pd.DataFrame({"name": ["=1+1", "Volx"]}))["name"].tolist()
    ["'=1+1", 'Volx']
    """
    safe = table.copy()
    for column in table.columns:
        if not pd.api.types.is_numeric_dtype(table[column]) and not pd.api.types.is_bool_dtype(table[column]):
            cells = table[column]
            risky = cells.map(lambda cell: isinstance(cell, str) and cell.startswith(FORMULA_STARTS)).astype(bool)
            safe[column] = cells.where(~risky, "'" + cells.astype("str"))
    return safe
