"""What do the same flows say under other rules: a bill, or those of the national platform?

Two officers with one file may print two figures. Mon Diagnostic Artificialisation (MTES-MCT/sparte) projects over nine
flows on its synthesis page and in its open data, over ten on its trajectories page, and floors the allowance of any
territory, an EPCI as a commune, at one hectare. What differs is told in hectares, reason by reason.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hp_sig.errors import some
from hp_sig.indicators.guarantee import Guarantee
from hp_sig.indicators.trajectory import NOISE_HA, trajectory
from hp_sig.reference.regimes import DEFAULT_REGIME, Regime, load_regime

__all__ = ["PLATFORM_PAGES", "REASONS", "compare_regimes", "explain_difference", "platform_trajectory"]

#: Pages of the platform that do not agree: Synthèse and the open-data CSV (dbt), Trajectoires (React).
PLATFORM_PAGES = ("synthesis", "trajectories")
#: sparte, land_trajectoires.sql: `greatest(total / 2, 10 000 m²)`, whatever the level of the territory.
PLATFORM_FLOOR_HA = 1.0
#: sparte, land_trajectoires.sql: mean since 2021 times nine, though 2021 to 2030 are ten flows.
SYNTHESIS_FLOWS = 9
#: sparte, TrajectoiresContext.tsx: mean since 2021 times ten.
TRAJECTORIES_FLOWS = 10
#: Why our figure is not the platform's, in the order in which it is explained.
REASONS = ("platform_floor", "flow_count", "years", "exclusions", "target", "guarantee")


def compare_regimes(
    flows: pd.DataFrame,
    *,
    regimes: Sequence[Regime | str],
    zone_of: pd.Series | None = None,
    guarantee: Guarantee | None = None,
    targets: Mapping[str, pd.Series] | None = None,
    exclusions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put the trajectories of several regimes side by side, in hectares: the law in force, bills as scenarios.

    Parameters
    ----------
    flows, zone_of
        As for :func:`~hp_sig.indicators.trajectory.trajectory`.
    guarantee
        As for the trajectory, under the regimes that have one; a bill that leaves its `guarantee_ha` open gets none,
        and shows it (`guarantee_effect` `unknown`).
    regimes
        Regimes or names, each name once. What a bill leaves to local choice is given beforehand with
        `dataclasses.replace(load_regime(…), name="…", reduction_share=…)`.
    targets
        Name of a regime → its targets: a document of the law in force says nothing of a bill.
    exclusions
        As for the trajectory; each regime deducts the kinds that it lists and counts the others.

    Returns
    -------
    pandas.DataFrame
        Index: the zone, `regime` (in the order given). `regime_status` (`in_force` or `bill`), then the columns of
        the trajectory.

    Raises
    ------
    ValueError
        As the trajectory; and if two regimes have one name, targets are for none of them, or none lists a kind of
        exclusion.

    Examples
    --------
    Half of 100 ha, or 60 % of it in a scenario.

    >>> from dataclasses import replace
    >>> flows = pd.DataFrame({"commune_code": "04001", "year": range(2011, 2022), "destination": "housing",
    ...     "area_m2": 100_000.0, "is_provisional": False})
    >>> scenario = replace(load_regime(), name="less_40", reduction_share=0.4)
    >>> compare_regimes(flows, regimes=["climat_resilience_2023", scenario])["allowance_ha"].to_dict()
    {('04001', 'climat_resilience_2023'): 50.0, ('04001', 'less_40'): 60.0}
    """
    rules = [regime if isinstance(regime, Regime) else load_regime(regime) for regime in regimes]
    names = [rule.name for rule in rules]
    if not names or len(set(names)) < len(names):
        message = f"regimes: different names expected, found {names!r}. Name a scenario with replace(…, name=…)."
        raise ValueError(message)
    given = dict(targets or {})
    strangers = sorted(set(given) - set(names))
    if strangers:
        message = f"targets: names of the regimes compared expected ({some(names)}), found {some(strangers)}."
        raise ValueError(message)
    unlisted = set() if exclusions is None else set(exclusions["kind"]) - {k for rule in rules for k in rule.exclusions}
    if unlisted:
        message = f"exclusions: kinds that one of the regimes deducts expected, found {some(sorted(unlisted))}."
        raise ValueError(message)
    tables = {}
    for rule in rules:
        own = None if exclusions is None else exclusions[exclusions["kind"].isin(rule.exclusions)]
        floor = None if rule.guarantee_ha is None else guarantee
        table = trajectory(
            flows, regime=rule, zone_of=zone_of, guarantee=floor, targets=given.get(rule.name), exclusions=own
        )
        table.insert(0, "regime_status", pd.Series(rule.status, index=table.index, dtype="str"))
        tables[rule.name] = table
    zones = tables[names[0]].index
    stacked = pd.concat(tables, names=["regime", zones.name]).swaplevel()
    return stacked.reindex(pd.MultiIndex.from_product([zones, names], names=[zones.name, "regime"]))


def platform_trajectory(
    flows: pd.DataFrame, *, zone_of: pd.Series | None = None, targets: pd.Series | None = None
) -> pd.DataFrame:
    """Compute what Mon Diagnostic Artificialisation would print for the same flows, in hectares.

    Its formulas as read in its code (MTES-MCT/sparte, 2026): reference 2011 to 2020 and period from 2021 as in the law;
    no communal guarantee, no exclusion. Its code stops at the flow of 2023: give flows up to 2023 to find its figures.

    Parameters
    ----------
    flows, zone_of
        As for :func:`~hp_sig.indicators.trajectory.trajectory`.
    targets
        Reduction (0 to 1) entered or territorialised on its trajectories page; one half for the others.

    Returns
    -------
    pandas.DataFrame
        Index as the trajectory. `reference_ha`, `reduction_share`, `consumed_ha`, `pace_ha_per_year`;
        `synthesis_allowance_ha`, max(half of the reference, 1 ha) at every level, and `synthesis_projection_ha`, over
        nine flows: synthesis page and open-data CSV; `trajectories_allowance_ha`, without floor,
        `trajectories_projection_ha`, over ten flows, and `trajectories_projection_share` of the allowance, shown as 0
        where nothing is allowed; `map_progress_share`, consumed over that allowance, shown as 1 where nothing is
        allowed and something consumed.

    Examples
    --------
    0.8 ha in 2011-2020, then 0.1 ha a year: the platform allows 1 ha on one page and 0.4 ha on another.

    >>> flows = pd.DataFrame({"commune_code": "04001", "year": range(2011, 2024), "destination": "housing",
    ...     "area_m2": [800.0] * 10 + [1_000.0] * 3, "is_provisional": False})
    >>> shown = ["synthesis_allowance_ha", "trajectories_allowance_ha", "synthesis_projection_ha"]
    >>> platform_trajectory(flows)[shown].round(6).iloc[0].tolist()
    [1.0, 0.4, 0.9]
    """
    law = trajectory(flows, regime=_platform_rules(), zone_of=zone_of, targets=targets)
    table = law[["reference_ha", "reduction_share", "consumed_ha", "pace_ha_per_year"]].copy()
    consumed, allowance = table["consumed_ha"], law["allowance_ha"]
    table["synthesis_allowance_ha"] = (table["reference_ha"] / 2).clip(lower=PLATFORM_FLOOR_HA)
    table["synthesis_projection_ha"] = table["pace_ha_per_year"] * SYNTHESIS_FLOWS
    table["trajectories_allowance_ha"] = allowance
    table["trajectories_projection_ha"] = table["pace_ha_per_year"] * TRAJECTORIES_FLOWS
    nothing = allowance <= NOISE_HA
    share = table["trajectories_projection_ha"] / allowance
    table["trajectories_projection_share"] = share.mask(nothing, 0.0)
    progress = (consumed / allowance).mask(nothing & (consumed > 0), 1.0)
    table["map_progress_share"] = progress.mask(nothing & (consumed <= 0), 0.0)
    return table


def explain_difference(ours: pd.DataFrame, platform: pd.DataFrame, *, page: str = "synthesis") -> pd.DataFrame:
    """Say by how many hectares our figures differ from the platform's, and for which reasons.

    The reasons are taken one after the other and add up to the difference:
    `from_platform_floor_ha`, its floor of 1 ha, which the law gives to eligible communes, not to any territory;
    `from_flow_count_ha`, ten flows where it projects nine; `from_years_ha`, other years, under another regime;
    `from_exclusions_ha`, what the regime does not count (PENE, ground photovoltaics); `from_target_ha`, the reduction
    of a planning document; `from_guarantee_ha`, the hectare of each eligible commune.

    Parameters
    ----------
    ours
        From :func:`~hp_sig.indicators.trajectory.trajectory`.
    platform
        From :func:`platform_trajectory`, for the same flows and zones.
    page
        `synthesis` (and the open-data CSV) or `trajectories`.

    Returns
    -------
    pandas.DataFrame
        Index: the zone, `quantity` (`allowance`, `projection`). `platform_ha`, `ours_ha`, `difference_ha` (ours less
        the platform's), the six columns above and `main_reason`: the one that weighs most, `none` where nothing
        differs, or `unknown`.

    Raises
    ------
    ValueError
        If the page is not known or the two tables are not of the same zones.

    Examples
    --------
    >>> flows = pd.DataFrame({"commune_code": "04001", "year": range(2011, 2024), "destination": "housing",
    ...     "area_m2": [100_000.0] * 10 + [40_000.0] * 3, "is_provisional": False})
    >>> told = explain_difference(trajectory(flows), platform_trajectory(flows))
    >>> told[["platform_ha", "ours_ha", "from_flow_count_ha", "main_reason"]].to_dict("records")[1]
    {'platform_ha': 36.0, 'ours_ha': 40.0, 'from_flow_count_ha': 4.0, 'main_reason': 'flow_count'}
    """
    if page not in PLATFORM_PAGES:
        message = f"page: one of {PLATFORM_PAGES!r} expected, found {page!r}."
        raise ValueError(message)
    if not ours.index.equals(platform.index):
        message = (
            f"ours and platform: the same zones in the same order expected, found {some(ours.index)} and "
            f"{some(platform.index)}. Compute both from the same flows and zone_of."
        )
        raise ValueError(message)
    quantities = {
        "allowance": _allowance_reasons(ours, platform, page),
        "projection": _projection_reasons(ours, platform, page),
    }
    for quantity, table in quantities.items():
        table.insert(0, "platform_ha", platform[f"{page}_{quantity}_ha"])
        table.insert(1, "ours_ha", ours[f"{quantity}_ha"])
        table.insert(2, "difference_ha", table["ours_ha"] - table["platform_ha"])
        reasons = table[[f"from_{reason}_ha" for reason in REASONS]].abs()
        heaviest = np.array(REASONS)[reasons.fillna(0.0).to_numpy().argmax(axis=1)]
        # Reasons that cancel out, the platform's floor and the guarantee of one commune, make no difference.
        same = table["difference_ha"].abs() <= NOISE_HA
        conditions = [reasons.isna().any(axis="columns"), same | (reasons <= NOISE_HA).all(axis="columns")]
        words = np.select(conditions, ["unknown", "none"], heaviest)
        table["main_reason"] = pd.Series(words, index=table.index, dtype="str")
    stacked = pd.concat(quantities, names=["quantity", ours.index.name]).swaplevel()
    order = pd.MultiIndex.from_product([ours.index, list(quantities)], names=[ours.index.name, "quantity"])
    return stacked.reindex(order)


def _platform_rules() -> Regime:
    """Give the years that the platform writes in its code: it knows one regime, the law as it was when written."""
    law = load_regime(DEFAULT_REGIME)
    return Regime(
        name="mon_diagnostic_artificialisation",
        label="What Mon Diagnostic Artificialisation computes",
        status=law.status,
        dated_on=law.dated_on,
        source="MTES-MCT/sparte: land_trajectoires.sql, TrajectoiresContext.tsx, TerritorialisationProgressMap.py",
        reference_first_year=2011,
        reference_last_year=2020,
        first_year=2021,
        last_year=2030,
        reduction_share=0.5,
    )


def _allowance_reasons(ours: pd.DataFrame, platform: pd.DataFrame, page: str) -> pd.DataFrame:
    kept = 0.5 if page == "synthesis" else 1 - platform["reduction_share"]
    bare = platform["reference_ha"] * kept
    gross = ours["reference_ha"] + ours["reference_excluded_ha"]
    return pd.DataFrame(
        {
            "from_platform_floor_ha": bare - platform[f"{page}_allowance_ha"],
            "from_flow_count_ha": 0.0,
            "from_years_ha": (gross - platform["reference_ha"]) * kept,
            "from_exclusions_ha": -ours["reference_excluded_ha"] * kept,
            "from_target_ha": ours["reference_ha"] * (1 - ours["reduction_share"] - kept),
            "from_guarantee_ha": ours["allowance_ha"] - ours["allowance_without_guarantee_ha"],
        }
    )


def _projection_reasons(ours: pd.DataFrame, platform: pd.DataFrame, page: str) -> pd.DataFrame:
    flows_used = SYNTHESIS_FLOWS if page == "synthesis" else TRAJECTORIES_FLOWS
    pace, years = platform["pace_ha_per_year"], ours["years_elapsed"].clip(lower=1)
    per_year = ours["period_flow_count"] / years
    return pd.DataFrame(
        {
            "from_platform_floor_ha": 0.0,
            "from_flow_count_ha": pace * (TRAJECTORIES_FLOWS - flows_used),
            "from_years_ha": ours["consumed_gross_ha"] * per_year - pace * TRAJECTORIES_FLOWS,
            "from_exclusions_ha": -ours["excluded_ha"] * per_year,
            "from_target_ha": 0.0,
            "from_guarantee_ha": 0.0,
        }
    )
