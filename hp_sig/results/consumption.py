"""How much was consumed in each zone, by year and purpose, and how much is left?"""

import dataclasses

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.crs import area_ha
from hp_sig.indicators.consumption import (
    consumption_efficiency,
    consumption_share,
    enaf_consumption,
)
from hp_sig.indicators.guarantee import Guarantee
from hp_sig.indicators.scenarios import compare_regimes, explain_difference, platform_trajectory
from hp_sig.reference.regimes import Regime
from hp_sig.results.groups import ZONE, Groups, named, summed
from hp_sig.territory.records import regime_with

__all__ = ["consumption_table", "ratio_table", "trajectory_table"]


def consumption_table(flows: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """Sum ENAF consumption by zone and year, in hectares: total, as a share of the zone, and by destination.

    Parameters
    ----------
    flows
        ENAF flows of the communes of the territory.
    groups
        Its zones.
    """
    years = sorted(int(year) for year in flows["year"].unique())
    units = pd.concat(
        [
            enaf_consumption(flows, first_year=year, last_year=year, by_destination=True).assign(year=year)
            for year in years
        ]
    )
    hectares = [column for column in units.columns if column.endswith("_ha")]
    rows = units.rename_axis("unit").reset_index()[["unit", "year", *hectares]]
    table = named(summed(rows, groups.communes, keys=["year"]), groups)
    provisional = flows.loc[flows["is_provisional"], "year"].unique()
    table["is_provisional"] = table["year"].isin(provisional)
    table["enaf_consumption_share"] = _share(table, groups)
    first = ["year", "enaf_consumption_ha", "enaf_consumption_share"]
    return table[[*ZONE, *first, *(column for column in hectares if column not in first), "is_provisional"]]


def _share(table: pd.DataFrame, groups: Groups) -> pd.Series:
    """Divide consumption by the geometric area of the communes that each zone sums."""
    area = area_ha(groups.units[groups.units["is_commune"]]).rename("area_ha")
    rows = groups.communes.merge(area, left_on="unit", right_index=True)
    of_zone = rows.groupby(["zone_layer", "zone_code"])["area_ha"].sum()
    keys = pd.MultiIndex.from_frame(table[["zone_layer", "zone_code"]])
    hectares = pd.Series(of_zone.reindex(keys).to_numpy(), index=table.index)
    return consumption_share(table["enaf_consumption_ha"], hectares)


def ratio_table(flows: pd.DataFrame, context: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """Set consumption beside the households, inhabitants and jobs that were added, zone by zone.

    Parameters
    ----------
    flows
        ENAF flows.
    context
        Populations, households, jobs and areas of the same file: the ratios span its first and last census.
    groups
        The zones.
    """
    censuses = sorted(int(name.rpartition("_")[2]) for name in context.columns if name.startswith("population_"))
    if len(censuses) < 2:
        return pd.DataFrame(columns=ZONE)
    first, last = censuses[0], censuses[-1]
    tables = []
    for layer, zone_of in _lists(groups):
        table = consumption_efficiency(
            flows,
            context,
            first_year=first,
            last_year=last - 1,
            from_census=first,
            to_census=last,
            zone_of=zone_of,
        )
        tables.append(table.rename_axis("zone_code").reset_index().assign(zone_layer=layer))
    table = named(pd.concat(tables, ignore_index=True), groups)
    table = table.assign(first_year=first, last_year=last - 1, from_census=first, to_census=last)
    table["enaf_consumption_share"] = _share(table, groups)
    first_columns = [*ZONE, "first_year", "last_year", "from_census", "to_census"]
    return table[[*first_columns, *(column for column in table.columns if column not in first_columns)]]


def trajectory_table(layers: Layers, groups: Groups) -> pd.DataFrame:
    """Say for each zone, under the law in force and each scenario, what is allowed, consumed and left, in hectares.

    Parameters
    ----------
    layers
        With ENAF flows.
    groups
        The zones.
    """
    flows, settings = layers.land.enaf, layers.territory.trajectory
    if flows is None:
        return pd.DataFrame(columns=ZONE)
    regimes = [regime_with(settings.regime, {})]
    for scenario in settings.scenarios:
        rules = dataclasses.replace(regime_with(scenario.regime, scenario.parameters), name=scenario.label)
        regimes.append(rules)
    targets = pd.Series(dict(settings.targets), dtype="float64")
    guarantee = _guarantee(layers)
    tables = []
    of_commune = _target_of_commune(targets, layers, groups)
    for layer, zone_of in _lists(groups):
        own = _targets_of(targets, of_commune, zone_of, flows, regimes[0])
        table = compare_regimes(
            flows,
            regimes=regimes,
            zone_of=zone_of,
            guarantee=guarantee,
            targets={regimes[0].name: own} if len(own) else None,
            exclusions=layers.land.exclusions,
        ).rename_axis(["zone_code", "regime"])
        table = table.join(_platform(flows, zone_of, table, regimes[0]))
        tables.append(table.reset_index().assign(zone_layer=layer))
    table = named(pd.concat(tables, ignore_index=True), groups)
    first = [*ZONE, "regime"]
    return table[[*first, *(column for column in table.columns if column not in first)]]


def _guarantee(layers: Layers) -> Guarantee | None:
    """Read which communes have a planning document in time; not stated, no guarantee is applied."""
    planned = layers.territory.trajectory.planned_communes
    if planned is None:
        return None
    communes = layers.communes.index
    eligible = pd.Series(data=True, index=communes) if planned == "all" else pd.Series(communes.isin(planned), communes)
    settings = layers.territory.trajectory
    count = pd.Series(dict(settings.delegated_communes), dtype="float64")
    return Guarantee(eligible=eligible, delegated_count=count, zone_rule=settings.guarantee_zone_rule)


def _lists(groups: Groups) -> list[tuple[str, pd.Series]]:
    """Give every list of communes of every layer."""
    return [(layer, zone_of) for layer in groups.layers for zone_of in groups.lists_of(layer)]


def _target_of_commune(targets: pd.Series, layers: Layers, groups: Groups) -> pd.Series:
    """Give each commune the target of the EPCI that it is in today, or else of its SCoT."""
    latest = {
        zone_id: max(
            (name for name, layer in layers.zones.items() if layer.config.id == zone_id),
            key=lambda name: layers.zones[name].config.cog_year or 0,
            default=None,
        )
        for zone_id in ("epci", "scot")
    }
    found = pd.Series(index=layers.communes.index, dtype="float64")
    for name in filter(None, latest.values()):
        rows = groups.communes[groups.communes["zone_layer"] == name].drop_duplicates("unit").set_index("unit")
        found = found.fillna(rows["zone_code"].map(targets).reindex(found.index))
    return found


def _targets_of(
    targets: pd.Series, of_commune: pd.Series, zone_of: pd.Series, flows: pd.DataFrame, regime: Regime
) -> pd.Series:
    """Give the reduction of each zone that its own target, or that of its communes, sets.

    A zone without a target of its own has the sum of what its communes are allowed: Σ R·t / Σ R over them.
    """
    own = targets[targets.index.isin(zone_of.unique())]
    shares = of_commune.reindex(zone_of.index)
    concerned = zone_of[zone_of.isin(zone_of[shares.notna()].unique()) & ~zone_of.isin(own.index)]
    first, last = regime.reference_first_year, regime.reference_last_year
    known = set(flows["year"])
    if concerned.empty or first is None or last is None or not known.issuperset(range(first, last + 1)):
        return own
    reference = enaf_consumption(flows, first_year=first, last_year=last)["enaf_consumption_ha"]
    weights = reference.reindex(concerned.index)
    shares = shares.reindex(concerned.index).fillna(float(regime.reduction_share or 0.0))
    total = weights.groupby(concerned).sum(min_count=1)
    inherited = ((weights * shares).groupby(concerned).sum(min_count=1) / total.where(total > 0)).astype("float64")
    # Where nothing was consumed, any share of it is the same: the plain mean says what is set.
    inherited = inherited.fillna(shares.groupby(concerned).mean())
    together: pd.Series = pd.concat([own, inherited]).rename_axis(zone_of.name)
    return together


def _platform(flows: pd.DataFrame, zone_of: pd.Series, ours: pd.DataFrame, regime: Regime) -> pd.DataFrame:
    """Set beside the law in force what Mon Diagnostic Artificialisation prints, and why it differs."""
    law = ours.loc[ours.index.get_level_values("regime") == regime.name].droplevel("regime")
    platform = platform_trajectory(flows, zone_of=zone_of)
    platform.index = platform.index.rename("zone_code")
    told = explain_difference(law, platform)
    columns = {
        f"platform_{quantity}_ha": told["platform_ha"].xs(quantity, level="quantity")
        for quantity in ("allowance", "projection")
    }
    reasons = {
        f"platform_{quantity}_reason": told["main_reason"].xs(quantity, level="quantity")
        for quantity in ("allowance", "projection")
    }
    table = pd.DataFrame({**columns, **reasons})
    table["regime"] = regime.name
    return table.set_index("regime", append=True)
