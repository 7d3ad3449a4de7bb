"""Which zone is each commune in, what do the zones add up to, and who moved between two dates?

An EPCI, a SCoT, a living area or the whole territory is a list of communes: figures are summed by list.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["coverage_by_zone", "membership_changes", "membership_table", "scot_coverage"]


def membership_table(communes: pd.DataFrame, zone_of: pd.Series, *, sums: Sequence[str] = ("area_ha",)) -> pd.DataFrame:
    """Count the communes of each zone and sum their figures.

    Parameters
    ----------
    communes
        One row a commune, index `commune_code`.
    zone_of
        The zone of each commune, index `commune_code`; missing where a commune is in none. Communes that are not
        in `communes` are left out.
    sums
        Columns of `communes` to add up, in their own unit.

    Returns
    -------
    pandas.DataFrame
        Index: the zones, sorted, named as `zone_of`; `commune_count`, then one column a sum. A sum with one unknown
        term is unknown (NaN), never a partial total.

    Raises
    ------
    ValueError
        If a commune comes twice, or a column to sum is absent.

    Examples
    --------
    >>> communes = pd.DataFrame({"area_ha": [100.0, 200.0, 50.0]}, index=["04001", "04002", "04003"])
    >>> zone_of = pd.Series(["X", "X", "Y"], index=communes.index, name="epci_siren")
    >>> membership_table(communes, zone_of).reset_index().values.tolist()
    [['X', 2, 300.0], ['Y', 1, 50.0]]
    """
    _require_unique(communes.index, "communes")
    _require_unique(zone_of.index, "zone_of")
    absent = [column for column in sums if column not in communes.columns]
    if absent:
        message = f"columns to sum: {absent!r} expected, found {list(communes.columns)!r}."
        raise ValueError(message)
    zones = zone_of.reindex(communes.index)
    groups = communes.groupby(zones, sort=True)
    table = pd.DataFrame({"commune_count": groups.size()})
    for column in sums:
        table[column] = groups[column].agg(lambda values: values.sum(skipna=False))
    table.index.name = zone_of.name
    return table


def membership_changes(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """List the communes whose zone is not the same at two dates, and how it changed.

    Parameters
    ----------
    before, after
        The zone of each commune at each date, index `commune_code`: whole lists, so that a zone that still exists
        elsewhere is not taken for a vanished one.

    Returns
    -------
    pandas.DataFrame
        Index `commune_code`, sorted; `zone_before`, `zone_after` (missing where in none) and `change`: `moved` (its
        former zone still exists), `zone_replaced` (its former zone is gone: a merger), `joined`, `left`.

    Examples
    --------
    >>> before = pd.Series({"a": "1", "b": "1", "c": "2"})
    >>> after = pd.Series({"a": "1", "b": "3", "c": "3"})
    >>> membership_changes(before, after)["change"].to_dict()
    {'b': 'moved', 'c': 'zone_replaced'}
    """
    _require_unique(before.index, "before")
    _require_unique(after.index, "after")
    codes = before.index.union(after.index)
    table = pd.DataFrame({"zone_before": before.reindex(codes), "zone_after": after.reindex(codes)})
    had, has = table["zone_before"].notna(), table["zone_after"].notna()
    same = (table["zone_before"] == table["zone_after"]) | ~(had | has)
    survives = table["zone_before"].isin(after.dropna().unique())
    table["change"] = np.select([~had, ~has, survives], ["joined", "left", "moved"], "zone_replaced")
    table.index.name = "commune_code"
    return table[~same].sort_index()


def scot_coverage(communes: pd.DataFrame, status_of: pd.DataFrame, *, absent: str = "unknown") -> pd.DataFrame:
    """Say for each commune which SCoT covers it and with which status.

    Parameters
    ----------
    communes
        One row a commune, index `commune_code`.
    status_of
        Communes of the SCoT, index `commune_code`; columns `scot_id`, `status`.
    absent
        Status of a commune that no list names: `unknown` unless a source says that the lists are complete; not
        being in a list that was found is not having no SCoT.

    Returns
    -------
    pandas.DataFrame
        On the index of `communes`: `scot_id` (missing where none is known), `status`, `is_covered` (only an
        approved SCoT covers).

    Examples
    --------
    >>> communes = pd.DataFrame(index=["04001", "04002"])
    >>> status = pd.DataFrame({"scot_id": ["S"], "status": ["approved"]}, index=["04001"])
    >>> scot_coverage(communes, status)["status"].to_dict()
    {'04001': 'approved', '04002': 'unknown'}
    """
    _require_unique(status_of.index, "status_of")
    coverage = status_of[["scot_id", "status"]].reindex(communes.index)
    coverage["status"] = coverage["status"].astype("object").where(coverage["status"].notna(), absent)
    coverage["is_covered"] = coverage["status"] == "approved"
    return coverage


def coverage_by_zone(communes: pd.DataFrame, coverage: pd.DataFrame, zone_of: pd.Series) -> pd.DataFrame:
    """Sum SCoT coverage by living area (or any list of communes), and list the communes not covered.

    Parameters
    ----------
    communes
        Index `commune_code`, column `area_ha`.
    coverage
        From :func:`scot_coverage`.
    zone_of
        The zone of each commune, index `commune_code`.

    Returns
    -------
    pandas.DataFrame
        Index: the zones; `commune_count`, `covered_count`, `unknown_count`; `area_ha`, `covered_ha`, `unknown_ha`;
        `covered_share`, of the area, which is the least it can be where `unknown_ha` is not 0; `without_scot` (codes
        that a source says have none), `status_unknown` (codes nobody has told about), `in_progress`: text, codes
        parted by spaces.
    """
    rows = communes[["area_ha"]].join(coverage)
    rows["covered_ha"] = rows["area_ha"].where(rows["is_covered"], 0.0)
    rows["is_unknown"] = rows["status"] == "unknown"
    rows["unknown_ha"] = rows["area_ha"].where(rows["is_unknown"], 0.0)
    groups = rows.groupby(zone_of.reindex(rows.index), sort=True)
    table = pd.DataFrame(
        {
            "commune_count": groups.size(),
            "covered_count": groups["is_covered"].sum().astype("int64"),
            "unknown_count": groups["is_unknown"].sum().astype("int64"),
            "area_ha": groups["area_ha"].sum(),
            "covered_ha": groups["covered_ha"].sum(),
            "unknown_ha": groups["unknown_ha"].sum(),
        }
    )
    table["covered_share"] = table["covered_ha"] / table["area_ha"]
    for column, status in (
        ("without_scot", "none"),
        ("status_unknown", "unknown"),
        ("in_progress", "in_progress"),
    ):
        codes = rows.index.to_series().where(rows["status"] == status)
        table[column] = codes.groupby(zone_of.reindex(rows.index)).agg(lambda values: " ".join(values.dropna()))
    table.index.name = zone_of.name
    return table


def _require_unique(index: pd.Index, name: str) -> None:
    if not index.is_unique:
        message = f"{name}: one row a commune expected, found {list(index[index.duplicated()][:5])!r} more than once."
        raise ValueError(message)
