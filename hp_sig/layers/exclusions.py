"""Which hectares does a territory deduct from its consumption, and on what ground?"""

from pathlib import Path

import numpy as np
import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.tables import commune_codes, numbers, read_table, texts

__all__ = ["read_exclusions"]

FIELDS = ("commune_code", "year", "kind", "area_ha")


def read_exclusions(path: str | Path) -> pd.DataFrame:
    """Read the hectares that do not count in a trajectory: projects of national scale, ground photovoltaics.

    Parameters
    ----------
    path
        A table `commune_code`, `year` (of the flow), `kind` (`pene`, `ground_photovoltaics`), `area_ha`.

    Returns
    -------
    pandas.DataFrame
        `commune_code`, `year` (int), `kind`, `area_ha` (positive).

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    table = read_table(path)
    columns = required_fields("exclusions", table.columns, FIELDS, None, path, "Rename it in the table.")
    faults: list[str] = []
    notes: list[str] = []
    years = numbers(table[columns["year"]], faults)
    area = numbers(table[columns["area_ha"]], faults)
    exclusions = pd.DataFrame(
        {
            "commune_code": commune_codes(table[columns["commune_code"]], faults, notes),
            "year": years,
            "kind": texts(table[columns["kind"]]),
            "area_ha": area,
        }
    )
    if exclusions.isna().any(axis="columns").any():
        empty = exclusions.index[exclusions.isna().any(axis="columns")] + 2
        faults.append(f"{len(empty)} rows lack a value: lines {some(empty)}. Fill them in.")
    elif (years != years.round()).any() or (area <= 0).any() or not np.isfinite(area).all():
        faults.append("whole years and areas over 0 ha expected. Correct the table.")
    if faults:
        raise LayerError(path, faults)
    exclusions = exclusions.astype({"year": int})
    exclusions.attrs.update({"source_file": Path(path).name, "notes": notes})
    return exclusions
