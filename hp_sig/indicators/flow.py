"""How much land was built on and given back between two vintages, net, by zone and by year?

From two states, or from the difference that IGN delivers; when both are there each checks the other.
"""

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.indicators.polygons import Shapes
from hp_sig.indicators.stock import Method, is_artificialised, method_of
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.indicators.transition import transition_table
from hp_sig.reference.nomenclature import artificialised_pairs, sealed_covers

__all__ = [
    "MAX_GAP_HA",
    "compare_flows",
    "difference_direction",
    "flow_from_difference",
    "flow_from_transitions",
    "joined",
    "net_artificialisation",
    "sum_flows",
]

#: Two ways to the same flow that differ by more than this in a zone are told (hectares).
MAX_GAP_HA = 0.5
#: A difference whose polygons agree with a state on less than this share of its area does not belong to it.
AGREEING_SHARE = 0.9

MEASURES = ("artificialised", "sealed")
FLOWS = [f"{measure}_{part}_ha" for measure in MEASURES for part in ("gain", "loss", "net")]


def net_artificialisation(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    years: Sequence[int],
    method: Method | None = None,
) -> pd.DataFrame:
    """Measure artificialisation, de-artificialisation and their net between two states, in hectares.

    Net artificialisation is the balance of both (art. L. 101-2-1 du code de l'urbanisme): where both states cover the
    zone, it is the stock after less the stock before. The same three figures are given for sealed land. Land that only
    one state covers is in a stock and in no flow.

    Parameters
    ----------
    before, after
        Two states of the same land, both official or both not.
    zones
        Valid polygons in EPSG:2154, each with its own code as index.
    years
        Year of each state, in order.
    method
        As in :func:`hp_sig.indicators.stock.is_artificialised`; by default official where both states are.

    Returns
    -------
    pandas.DataFrame
        On the index of `zones`: `artificialised_gain_ha`, `artificialised_loss_ha`, `artificialised_net_ha`,
        `sealed_gain_ha`, `sealed_loss_ha`, `sealed_net_ha`, then both nets with `_ha_per_year`; `first_year`,
        `last_year`, `method`. 0 where nothing changed; NaN where a state tells nothing of the zone.

    Raises
    ------
    ValueError
        If a layer is not a state, or the years are not in order.
    """
    chosen = method or ("official" if method_of(before) == method_of(after) == "official" else "matrix")
    marked = [
        state[["cover_code", state.geometry.name]].assign(artificialised=is_artificialised(state, method=chosen))
        for state in (before, after)
    ]
    for layer, source in zip(marked, (before, after), strict=True):
        layer.attrs.update(source.attrs)
    transitions = transition_table(marked[0], marked[1], zones, by=["cover_code", "artificialised"])
    return flow_from_transitions(transitions, zones.index, years=years).assign(method=chosen)


def flow_from_transitions(transitions: pd.DataFrame, zones: pd.Index, *, years: Sequence[int]) -> pd.DataFrame:
    """Sum a transition table into gains, losses and nets by zone, in hectares.

    Parameters
    ----------
    transitions
        From :func:`hp_sig.indicators.transition.transition_table`, by `cover_code` and `artificialised` or `use_code`.
    zones
        Codes of the zones.
    years
        Year of each state, in order.

    Returns
    -------
    pandas.DataFrame
        As :func:`net_artificialisation`, without `method`. Land that only one state covers counts in no flow.
    """
    first, last = _ordered(years)
    rows = transitions.reset_index()
    zone = rows.columns[0]
    known = rows[rows["cover_code_before"].notna() & rows["cover_code_after"].notna()]
    flow = _flows(known, zone, _statuses(known)).reindex(zones)
    measured = pd.Index(known[zone].unique())
    flow.loc[zones.isin(measured)] = flow.loc[zones.isin(measured)].fillna(0.0)
    return _per_year(flow, first, last)


def flow_from_difference(
    difference: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | gpd.GeoSeries, *, years: Sequence[int]
) -> pd.DataFrame:
    """Sum a difference delivered by IGN (diff, zan_evol) into gains, losses and nets by zone, in hectares.

    Parameters
    ----------
    difference
        Columns `cover_before`, `cover_after`, and either `artificialised_before`, `artificialised_after` (official)
        or `use_before`, `use_after`: it holds only what changed.
    zones
        Valid polygons in EPSG:2154, all inside the département of the file.
    years
        Year of each state, in order.

    Returns
    -------
    pandas.DataFrame
        As :func:`net_artificialisation`. A zone without any polygon changed nothing: 0.

    Raises
    ------
    ValueError
        If it is not a difference, or the years are not in order.
    """
    first, last = _ordered(years)
    official = {"artificialised_before", "artificialised_after"} <= set(difference.columns)
    status = ["artificialised_before", "artificialised_after"] if official else ["use_before", "use_after"]
    wanted = ["cover_before", "cover_after", *status]
    absent = [column for column in wanted if column not in difference.columns]
    if absent:
        found = [str(column) for column in difference.columns]
        message = f"difference: columns {absent!r} expected, found {found!r}. Give a diff or zan_evol file."
        raise ValueError(message)
    table = tabulate_area(zones, difference, by=wanted)
    zone = str(zones.index.name or "zone")
    hectares = table.to_numpy()
    row, column = np.nonzero(hectares)
    changed = table.columns.take(column).to_frame(index=False)
    changed[zone], changed["area_ha"] = table.index.take(row).to_numpy(), hectares[row, column]
    ends = {f"{name}_{end}": f"{name}_code_{end}" for name in ("cover", "use") for end in ("before", "after")}
    changed = changed.rename(columns=ends)
    flow = _flows(changed, zone, _statuses(changed)).reindex(zones.index, fill_value=0.0)
    return _per_year(flow, first, last).assign(method="official" if official else "matrix")


def compare_flows(by_states: pd.DataFrame, by_difference: pd.DataFrame) -> pd.DataFrame:
    """Set the two ways to the same flow side by side, and mark gaps over half a hectare.

    Parameters
    ----------
    by_states
        From :func:`net_artificialisation`.
    by_difference
        From :func:`flow_from_difference`, on the same zones.

    Returns
    -------
    pandas.DataFrame
        On the index of `by_states`: `by_states_ha`, `by_difference_ha` (net artificialisation), `gap_ha` (the second
        less the first), `is_reported` (the gap is over :data:`MAX_GAP_HA`).
    """
    table = pd.DataFrame(
        {
            "by_states_ha": by_states["artificialised_net_ha"],
            "by_difference_ha": by_difference["artificialised_net_ha"].reindex(by_states.index),
        }
    )
    table["gap_ha"] = table["by_difference_ha"] - table["by_states_ha"]
    return table.assign(is_reported=table["gap_ha"].abs() > MAX_GAP_HA)


def difference_direction(
    difference: gpd.GeoDataFrame, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame
) -> tuple[str, float, float]:
    """Say whether a difference goes from the first state to the second, by looking its polygons up in both.

    Parameters
    ----------
    difference
        Columns `cover_before`, `cover_after`, and if known `use_before`, `use_after`.
    before, after
        The two states, with `cover_code` and `use_code`.

    Returns
    -------
    tuple
        `forward`, `backward` or `neither`; the share of its changed area whose codes before are those of the first
        state and codes after those of the second; the same share read backward (NaN where nothing changed).
    """
    shapes = difference.geometry.to_numpy()
    if not len(shapes):
        return "neither", np.nan, np.nan
    points = shapely.point_on_surface(shapes)
    weight = shapely.area(shapes)
    axes = ["cover"]
    if {"use_before", "use_after"} <= set(difference.columns) and all("use_code" in state for state in (before, after)):
        axes.append("use")
    told = [_words(difference, [f"{axis}_{end}" for axis in axes]) for end in ("before", "after")]
    names = [f"{axis}_code" for axis in axes]
    seen = [_words_at(points, state, names) for state in (before, after)]
    changed = told[0] != told[1]
    total = weight[changed].sum()
    if not total:
        return "neither", np.nan, np.nan
    forward, backward = (
        float(weight[changed & (one == seen[0]) & (other == seen[1])].sum() / total)
        for one, other in (told, told[::-1])
    )
    if max(forward, backward) < AGREEING_SHARE:
        return "neither", forward, backward
    return ("forward" if forward >= backward else "backward"), forward, backward


def sum_flows(flows: pd.DataFrame, zone_of: pd.Series) -> pd.DataFrame:
    """Sum the flows of communes by zone, per year where their vintages differ.

    A perimeter that crosses départements may mix 2018-2021 and 2017-2020: its flows are then not of the same years.
    Their sums per year are given, those over the period are not, and `vintages` says which there are.

    Parameters
    ----------
    flows
        From :func:`net_artificialisation` or :func:`flow_from_difference`, one row a commune.
    zone_of
        The zone of each commune.

    Returns
    -------
    pandas.DataFrame
        Index: the zones. The columns of `flows`; those over a period are NaN where `is_mixed`. `vintages`: text, such
        as `2017-2020 + 2018-2021`. A sum with one unknown term is unknown.
    """
    zones = zone_of.dropna()
    rows = flows.reindex(zones.index)
    known = rows["first_year"].notna()
    span = rows["first_year"].astype("Int64").astype("str") + "-" + rows["last_year"].astype("Int64").astype("str")
    groups, told = rows.groupby(zones, sort=True), rows[known].groupby(zones[known], sort=True)
    rates = [column for column in flows.columns if column.endswith("_ha_per_year")]
    table = pd.DataFrame({column: groups[column].agg(_whole_sum) for column in (*FLOWS, *rates)})
    table["vintages"] = span[known].groupby(zones[known]).agg(joined)
    table["is_mixed"] = table["vintages"].str.contains("+", regex=False, na=False)
    table["method"] = told["method"].agg(joined)
    for column in ("first_year", "last_year"):
        table[column] = told[column].first().reindex(table.index).where(~table["is_mixed"]).astype("Int64")
    table.loc[table["is_mixed"], FLOWS] = np.nan
    table.index.name = zone_of.name
    return table[[*FLOWS, *rates, "first_year", "last_year", "vintages", "is_mixed", "method"]]


def joined(values: pd.Series) -> str:
    """Name different values once each, in order.

    >>> joined(pd.Series(["2018-2021", "2017-2020", "2018-2021"]))
    '2017-2020 + 2018-2021'
    """
    return " + ".join(sorted(values.unique()))


def _whole_sum(values: pd.Series) -> float:
    return float(values.sum(skipna=False))


def _ordered(years: Sequence[int]) -> tuple[int, int]:
    if len(years) != 2 or years[0] >= years[1]:
        message = f"years: the years of the two states expected, in order, found {list(years)!r}."
        raise ValueError(message)
    return int(years[0]), int(years[1])


def _statuses(rows: pd.DataFrame) -> Mapping[str, tuple[pd.Series, pd.Series]]:
    """Give, for each measure, whether each row is so before and after."""
    if "artificialised_before" in rows.columns:
        artificialised = tuple(rows[f"artificialised_{end}"].astype(bool) for end in ("before", "after"))
    else:
        named = pd.MultiIndex.from_tuples(sorted(artificialised_pairs()))
        artificialised = tuple(
            pd.Series(
                pd.MultiIndex.from_frame(rows[[f"cover_code_{end}", f"use_code_{end}"]]).isin(named), index=rows.index
            )
            for end in ("before", "after")
        )
    sealed = tuple(rows[f"cover_code_{end}"].isin(sealed_covers()) for end in ("before", "after"))
    return {"artificialised": (artificialised[0], artificialised[1]), "sealed": (sealed[0], sealed[1])}


def _flows(rows: pd.DataFrame, zone: str, statuses: Mapping[str, tuple[pd.Series, pd.Series]]) -> pd.DataFrame:
    parts = {}
    for measure, (was, becomes) in statuses.items():
        for part, chosen in (("gain", ~was & becomes), ("loss", was & ~becomes)):
            parts[f"{measure}_{part}_ha"] = rows[chosen].groupby(zone)["area_ha"].sum()
    flow = pd.DataFrame(parts, index=pd.Index(rows[zone].unique(), name=zone)).fillna(0.0)
    for measure in statuses:
        flow[f"{measure}_net_ha"] = flow[f"{measure}_gain_ha"] - flow[f"{measure}_loss_ha"]
    return flow[FLOWS]


def _per_year(flow: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    rates = {f"{measure}_net_ha_per_year": flow[f"{measure}_net_ha"] / (last - first) for measure in MEASURES}
    return flow.assign(**rates, first_year=first, last_year=last)


def _words(rows: pd.DataFrame, columns: Sequence[str]) -> Shapes:
    """Put the codes of each row together."""
    cells = [rows[column].astype("str").to_numpy(dtype=object) for column in columns]
    words: Shapes = np.array([" ".join(one) for one in zip(*cells, strict=True)], dtype=object)
    return words


def _words_at(points: Shapes, state: gpd.GeoDataFrame, columns: Sequence[str]) -> Shapes:
    """Look up the codes of a state at points; None where it has no polygon."""
    point, polygon = shapely.STRtree(state.geometry.to_numpy()).query(points, predicate="within")
    found = np.full(len(points), None, dtype=object)
    found[point] = _words(state.iloc[polygon], columns)
    return found
