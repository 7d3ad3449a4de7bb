"""Which communes make up which intercommunality (EPCI), on a given 1 January?

An EPCI, a SCoT or a living area is legally a list of communes: figures are summed by list, never by overlay.
"""

import logging
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.tables import SIREN, commune_codes, read_table, texts

__all__ = ["read_membership"]

log = logging.getLogger(__name__)


def read_membership(
    path: str | Path,
    *,
    cog_year: int,
    key: str = "epci_siren",
    keep: Collection[str] = (),
    fields: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Read a list of communes by zone: DGCL CSV or workbook, or any table with a commune and a zone column.

    Parameters
    ----------
    path
        `.csv`, `.xlsx` or `.dbf`. Codes that lost their leading zero are put right, and a note says so.
    cog_year
        The 1 January that the list describes; where the file has a year column, only its rows are kept.
    key
        Name of the zone's code: `epci_siren`, `scot_id`…
    keep
        Zone codes to keep; all when empty.
    fields
        Field → column, where the names are not recognised: `commune_code`, `zone_code`, `zone_name`.

    Returns
    -------
    pandas.DataFrame
        Index `commune_code` (unique); columns `key` and its `…_name`, as text. `attrs` holds `cog_year`, `notes`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    table = read_table(path)
    columns = _columns(table, fields, path)
    faults: list[str] = []
    notes: list[str] = []
    if "cog_year" in columns:
        years = texts(table[columns["cog_year"]])
        table = table[years == str(cog_year)]
        if table.empty:
            raise LayerError(
                path,
                [f"expected rows of the year {cog_year}, found the years {some(sorted(years.dropna().unique()))}."],
            )
    codes = commune_codes(table[columns["commune_code"]], faults, notes)
    zones = texts(table[columns["zone_code"]])
    name_column = key.rsplit("_", 1)[0] + "_name"
    names = _zone_names(table, columns, zones, notes)
    members: pd.DataFrame = pd.DataFrame({key: zones, name_column: names.fillna(zones)})
    members.index = pd.Index(codes, name="commune_code")
    if key == "epci_siren":
        wrong = zones[~zones.str.fullmatch(SIREN.pattern)]
        if len(wrong):
            faults.append(
                f"{len(wrong)} values of the column {columns['zone_code']!r} "
                f"are not SIREN numbers (9 digits): {some(wrong)}."
            )
    if zones.isna().any():
        faults.append(f"{int(zones.isna().sum())} communes have no zone: {some(codes[zones.isna()])}.")
    if keep:
        absent = sorted(set(keep) - set(zones.dropna()))
        if absent:
            faults.append(f"expected the zones {some(absent)}, not found in the column {columns['zone_code']!r}.")
        members = members.loc[members[key].isin(keep)]
    members = members[~(members.index.duplicated() & members.reset_index().duplicated().to_numpy())]
    twice = members.index[members.index.duplicated()].unique()
    if len(twice):
        faults.append(
            f"{len(twice)} communes are in several zones: {some(twice)}. A commune belongs to one {key} on a given "
            "date; keep one row each, or one year."
        )
    if faults:
        raise LayerError(path, faults)
    for note in notes:
        log.warning("%s: %s", path, note)
    members.attrs.update({"source_file": Path(path).name, "cog_year": cog_year, "notes": notes})
    return members.sort_index()


def _zone_names(table: pd.DataFrame, columns: Mapping[str, str], zones: pd.Series, notes: list[str]) -> pd.Series:
    if "zone_name" not in columns:
        return zones
    names = texts(table[columns["zone_name"]])
    several = names.groupby(zones).nunique()
    if (several > 1).any():
        notes.append(
            f"the column {columns['zone_name']!r} gives several names to the zones "
            f"{some(several.index[several > 1])}: the "
            "codes are shown instead. Name the right column with « fields = { zone_name = … } »."
        )
        return zones
    return names


def _columns(table: pd.DataFrame, fields: Mapping[str, str] | None, path: str | Path) -> dict[str, str]:
    columns = required_fields("membership", table.columns, (), fields, path)
    if len(table.columns) == 2 and not {"commune_code", "zone_code"} <= columns.keys():
        # A plain two-column table: the column that holds commune codes, and the other one.
        first, second = (str(column) for column in table.columns)
        holds_codes = texts(table[first]).str.fullmatch(r"\d{4,5}|2[AB]\d{3}").mean()
        others = texts(table[second]).str.fullmatch(r"\d{4,5}|2[AB]\d{3}").mean()
        return (
            {"commune_code": first, "zone_code": second}
            if holds_codes >= others
            else {"commune_code": second, "zone_code": first}
        )
    return required_fields("membership", table.columns, ("commune_code", "zone_code"), fields, path)
