"""How many hectares may still be consumed, and at this pace, when do they run out?

Loi 2021-1104 (Climat et résilience), art. 191 and 194: the consumption of natural, agricultural and forest land (ENAF)
of 2021-2031 is held against that of 2011-2021, ten yearly flows each. All the numbers come from a dated regime.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hp_sig.crs import M2_PER_HA
from hp_sig.errors import some
from hp_sig.indicators.guarantee import Guarantee, guaranteed_hectares
from hp_sig.reference.regimes import DEFAULT_REGIME, Regime, load_regime, require_given

__all__ = ["STATUSES", "trajectory", "yearly_consumption"]

#: `exceeded`: more consumed than allowed; `will_exceed`: it will be at this pace; `no_allowance`: nothing is allowed,
#: so that no share of it can be told; `unknown`: a flow is missing.
STATUSES = ("on_track", "will_exceed", "exceeded", "no_allowance", "unknown")
#: A difference under this, a hundred-thousandth of a square metre, is the noise of floating point.
NOISE_HA = 1e-9


def trajectory(
    flows: pd.DataFrame,
    *,
    regime: Regime | str = DEFAULT_REGIME,
    zone_of: pd.Series | None = None,
    guarantee: Guarantee | None = None,
    targets: pd.Series | None = None,
    exclusions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure where each commune or zone stands on its path of land consumption, in hectares.

    With R the sum of the reference flows and t the reduction: allowance = max(R·(1 - t), guarantee); remaining =
    allowance - consumed; pace = consumed / years elapsed; projection = pace × flows of the period. In the law in force
    R sums the ten flows 2011 to 2020, t is one half unless a document sets another, and the period has ten flows, 2021
    to 2030 (loi 2021-1104, art. 191 and 194; guarantee: art. 194 III 3° bis, see
    :class:`~hp_sig.indicators.guarantee.Guarantee` for the floor of a zone). It does not say that a permit is lawful:
    only the planning documents do, and the flows are fiscal declarations, the last year provisional.

    Parameters
    ----------
    flows
        ENAF flows, tidy: `commune_code`, `year`, `destination`, `area_m2`, `is_provisional`; the flow of a year runs
        from 1 January to 1 January. The last year found is the last one elapsed, for all.
    regime
        The dated rules, or their name; the law in force by default.
    zone_of
        The zone of each commune (EPCI, SCoT, the whole territory), index `commune_code`; communes in none are left
        out. Without it, a row a commune.
    guarantee
        Who is sure of a least area. Where eligibility is not known, none is applied and `guarantee_ha` is NaN.
    targets
        Reduction (0 to 1) that a document sets for a row of the result, on that row's code; the others have the
        regime's. For communes under the target of their SCoT: `scot_of.map(target_of_scot).dropna()`.
    exclusions
        Hectares that the regime does not count locally: `commune_code`, `year`, `kind`, `area_ha`. PENE are counted
        in a national package, and ground photovoltaics that keep the soil's functions are not consumption (décret
        2023-1408), while fiscal data count both. A row is deducted in its own year, so one of the reference lowers the
        allowance and compares like with like; the texts speak of 2021-2031 only: to follow them to the letter, list
        no row before 2021. Rows of years that are not counted are left aside.

    Returns
    -------
    pandas.DataFrame
        Index: the communes or zones, sorted. `reference_ha`, after deducting `reference_excluded_ha`;
        `reduction_share`; `allowance_without_guarantee_ha`; `guarantee_ha`; `guarantee_effect` (`raises`, `covered`,
        `none`: nobody eligible, `unknown`); `allowance_ha`; `consumed_gross_ha`, `excluded_ha`, `consumed_ha`;
        `remaining_ha`, negative where exceeded; `years_elapsed`, `period_flow_count`; `pace_ha_per_year`,
        `reference_pace_ha_per_year`; `projection_ha` and `projection_share` of the allowance, NaN where that is 0;
        `exhaustion_year` (Int64): the calendar year in which cumulated flows, real then at this pace, reach the
        allowance, missing unless the status is `exceeded` or `will_exceed`; `status`; `is_provisional`. A missing flow
        makes unknown (NaN) all that depends on it, in its commune and its zone.

    Raises
    ------
    ValueError
        If the regime leaves a needed parameter open, a target is no share or of no row, an exclusion is of no
        commune, of a kind that the regime does not list, or more than what was consumed.

    Examples
    --------
    10 ha a year in 2011-2020, then 4 ha a year: 100 ha, half of it allowed, 12 ha consumed, 40 ha in 2031.

    >>> years = range(2011, 2024)
    >>> flows = pd.DataFrame({"commune_code": "04001", "year": years, "destination": "housing",
    ...     "area_m2": [100_000.0] * 10 + [40_000.0] * 3, "is_provisional": [year == 2023 for year in years]})
    >>> shown = ["reference_ha", "allowance_ha", "consumed_ha", "remaining_ha", "projection_ha", "status"]
    >>> trajectory(flows)[shown].to_dict("records")[0]
    {'reference_ha': 100.0, 'allowance_ha': 50.0, 'consumed_ha': 12.0, 'remaining_ha': 38.0, 'projection_ha': 40.0, \
'status': 'on_track'}
    """
    rules = regime if isinstance(regime, Regime) else load_regime(regime)
    reference_years, period = _years(rules)
    known = yearly_consumption(flows)
    elapsed = range(period.start, min(period.stop, int(known.columns.max()) + 1 if known.size else 0))
    zones = _zones(zone_of, known.index)
    communes = _communes(known, zones, reference_years, elapsed, _deducted(exclusions, known, rules))
    communes["guarantee_ha"] = np.nan
    if guarantee is not None:
        communes["guarantee_ha"] = guaranteed_hectares(guarantee, zones.index, regime=rules)
    sums = _by_zone(communes, zones)
    share = _shares(sums.index, targets, rules)
    floor = sums["guarantee_ha"]
    if guarantee is not None and guarantee.zone_rule == "by_commune":
        own = communes["reference_ha"] * (1 - zones.map(share).astype("float64"))
        raised = own.clip(lower=communes["guarantee_ha"]).to_frame("floor_ha")
        floor = _by_zone(raised, zones)["floor_ha"].where(floor.notna())
    provisional = flows.loc[flows["is_provisional"].astype("bool") & flows["year"].isin(elapsed), "commune_code"]

    table = sums[["reference_ha", "reference_excluded_ha"]].rename_axis(columns=None)
    table["reduction_share"] = share
    table["allowance_without_guarantee_ha"] = table["reference_ha"] * (1 - share)
    table["guarantee_ha"] = sums["guarantee_ha"]
    # A floor that is not known (NaN) raises nothing.
    allowance = table["allowance_without_guarantee_ha"].clip(lower=floor)
    table["guarantee_effect"] = _guarantee_effect(table, allowance)
    table["allowance_ha"] = allowance
    table[["consumed_gross_ha", "excluded_ha"]] = sums[["consumed_gross_ha", "excluded_ha"]]
    table["consumed_ha"] = table["consumed_gross_ha"] - table["excluded_ha"]
    table["remaining_ha"] = allowance - table["consumed_ha"]
    table["years_elapsed"] = len(elapsed)
    table["period_flow_count"] = len(period)
    table["pace_ha_per_year"] = table["consumed_ha"] / max(len(elapsed), 1)
    table["reference_pace_ha_per_year"] = table["reference_ha"] / len(reference_years)
    table["projection_ha"] = table["pace_ha_per_year"] * len(period)
    table["projection_share"] = table["projection_ha"] / allowance.where(allowance > NOISE_HA)
    status = _status(table)
    table["exhaustion_year"] = _exhaustion_year(table, sums[list(elapsed)].cumsum(axis="columns"), status)
    table["status"] = status
    is_provisional = pd.Series(zones.index.isin(provisional), index=zones.index)
    table["is_provisional"] = is_provisional.groupby(zones, sort=True).any()
    return table


def yearly_consumption(flows: pd.DataFrame) -> pd.DataFrame:
    """Sum the flows of each commune and year over destinations, in hectares.

    Parameters
    ----------
    flows
        ENAF flows, tidy: `commune_code`, `year`, `area_m2`.

    Returns
    -------
    pandas.DataFrame
        Index `commune_code`, a column a year found; NaN where a commune has no row for that year, or an unknown one.

    Raises
    ------
    ValueError
        If a column is absent.

    Examples
    --------
    >>> flows = pd.DataFrame({"commune_code": ["04001", "04001", "04002"], "year": [2021, 2021, 2022],
    ...     "destination": ["housing", "road", "housing"], "area_m2": [10_000.0, 5_000.0, 20_000.0],
    ...     "is_provisional": False})
    >>> yearly_consumption(flows).to_dict("index")
    {'04001': {2021: 1.5, 2022: nan}, '04002': {2021: nan, 2022: 2.0}}
    """
    expected = ("commune_code", "year", "area_m2", "is_provisional")
    _require_columns(flows, expected, "flows", "Read the file with read_enaf_flows().")
    summed = flows.groupby(["commune_code", "year"])["area_m2"].sum(skipna=False)
    return summed.unstack("year").div(M2_PER_HA)  # noqa: PD010 - unique pairs are only reshaped


def _years(rules: Regime) -> tuple[range, range]:
    names = ("reference_first_year", "reference_last_year", "first_year", "last_year")
    require_given(rules, *names)
    first, last, start, end = (int(getattr(rules, name)) for name in names)
    return range(first, last + 1), range(start, end + 1)


def _zones(zone_of: pd.Series | None, communes: pd.Index) -> pd.Series:
    if zone_of is None:
        return pd.Series(communes, index=communes, name=communes.name)
    if not zone_of.index.is_unique:
        twice = zone_of.index[zone_of.index.duplicated()].unique()
        message = f"zone_of: one row a commune expected, found {some(twice)} more than once. Keep one zone a commune."
        raise ValueError(message)
    zones: pd.Series = zone_of.dropna()
    return zones if zones.name is not None else zones.rename("zone")


def _communes(
    known: pd.DataFrame, zones: pd.Series, reference_years: range, elapsed: range, deducted: pd.DataFrame
) -> pd.DataFrame:
    """Sum each commune over the reference and over the years elapsed; keep its net flow of each year elapsed."""
    yearly = known.reindex(index=zones.index, columns=sorted({*reference_years, *elapsed}))
    excluded = deducted.reindex_like(yearly).fillna(0.0)
    net = yearly - excluded
    communes = net[list(elapsed)].copy()
    communes["reference_ha"] = net[list(reference_years)].sum(axis="columns", skipna=False)
    communes["reference_excluded_ha"] = excluded[list(reference_years)].sum(axis="columns")
    communes["consumed_gross_ha"] = yearly[list(elapsed)].sum(axis="columns", skipna=False) if elapsed else np.nan
    communes["excluded_ha"] = excluded[list(elapsed)].sum(axis="columns")
    return communes


def _by_zone(communes: pd.DataFrame, zones: pd.Series) -> pd.DataFrame:
    return communes.groupby(zones, sort=True).sum(skipna=False)


def _shares(zones: pd.Index, targets: pd.Series | None, rules: Regime) -> pd.Series:
    if targets is None:
        require_given(rules, "reduction_share")
        return pd.Series(float(rules.reduction_share or 0.0), index=zones)
    given = pd.to_numeric(targets, errors="coerce")
    wrong = targets[~given.between(0, 1)]
    if len(wrong):
        message = f"targets: shares from 0 to 1 expected, found {some(wrong)}. Divide percentages by 100."
        raise ValueError(message)
    strangers = targets.index.difference(zones)
    if len(strangers) or not targets.index.is_unique:
        message = (
            f"targets: codes of the rows expected, once each, such as {some(zones[:2])}; found {some(targets.index)}. "
            "Give the target of each row of the result."
        )
        raise ValueError(message)
    if len(zones.difference(targets.index)):
        require_given(rules, "reduction_share")
    return given.reindex(zones).fillna(float("nan") if rules.reduction_share is None else rules.reduction_share)


def _deducted(exclusions: pd.DataFrame | None, yearly: pd.DataFrame, rules: Regime) -> pd.DataFrame:
    if exclusions is None or exclusions.empty:
        return pd.DataFrame(index=yearly.index, columns=yearly.columns, dtype="float64")
    _require_columns(exclusions, ("commune_code", "year", "kind", "area_ha"), "exclusions", "One row a project.")
    unlisted = sorted(set(exclusions["kind"].astype("str")) - set(rules.exclusions))
    if unlisted:
        message = (
            f"exclusions: kinds that the regime {rules.name!r} deducts expected ({some(rules.exclusions)}), found "
            f"{some(unlisted)}. Drop these rows, or judge them under a regime that lists them."
        )
        raise ValueError(message)
    hectares = exclusions["area_ha"]
    strangers = exclusions.loc[~exclusions["commune_code"].isin(yearly.index), "commune_code"]
    if len(strangers) or not (hectares >= 0).all():
        message = (
            f"exclusions: known hectares, 0 or more, in communes of the flows expected; found communes "
            f"{some(strangers)}, hectares {some(hectares[~(hectares >= 0)])}. Correct or drop these rows."
        )
        raise ValueError(message)
    summed = exclusions.groupby(["commune_code", "year"])["area_ha"].sum()
    excluded = summed.unstack("year").reindex_like(yearly)  # noqa: PD010 - unique pairs are only reshaped
    over = (excluded > yearly + NOISE_HA).any(axis="columns")
    if over.any():
        message = (
            "exclusions: no more than was consumed in the commune that year expected, found more in "
            f"{some(yearly.index[over])}. Check the year: it is that of the flow, not of the permit."
        )
        raise ValueError(message)
    return excluded


def _require_columns(table: pd.DataFrame, expected: Sequence[str], name: str, remedy: str) -> None:
    absent = [column for column in expected if column not in table.columns]
    if absent:
        message = f"{name}: columns {some(absent)} expected, found {some(table.columns)}. {remedy}"
        raise ValueError(message)


def _guarantee_effect(table: pd.DataFrame, allowance: pd.Series) -> pd.Series:
    without, guarantee = table["allowance_without_guarantee_ha"], table["guarantee_ha"]
    conditions = [guarantee.isna() | allowance.isna(), allowance > without + NOISE_HA, guarantee == 0]
    return pd.Series(np.select(conditions, ["unknown", "raises", "none"], "covered"), index=table.index, dtype="str")


def _status(table: pd.DataFrame) -> pd.Series:
    allowance, consumed, projection = (table[name] for name in ("allowance_ha", "consumed_ha", "projection_ha"))
    conditions = [
        allowance.isna() | consumed.isna(),
        allowance <= NOISE_HA,
        consumed > allowance + NOISE_HA,
        projection > allowance + NOISE_HA,
    ]
    words = np.select(conditions, ["unknown", "no_allowance", "exceeded", "will_exceed"], "on_track")
    return pd.Series(words, index=table.index, dtype="str")


def _exhaustion_year(table: pd.DataFrame, cumulated: pd.DataFrame, status: pd.Series) -> pd.Series:
    year = pd.Series(pd.NA, index=table.index, dtype="Int64")
    running = table[status.isin(["exceeded", "will_exceed"])]
    if running.empty:
        return year
    reached = cumulated.loc[running.index].ge(running["allowance_ha"] - NOISE_HA, axis="index")
    # Rounded first: seven years to go must not become eight for the last bit of a float.
    to_go = np.ceil((running["remaining_ha"] / running["pace_ha_per_year"]).round(9))
    last = int(cumulated.columns.max())
    year[running.index] = np.where(reached.any(axis="columns"), reached.idxmax(axis="columns"), last + to_go)
    return year
