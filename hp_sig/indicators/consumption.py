"""How much natural, agricultural and forest land was consumed over a period, for what, and for how many more people?

Consumption of ENAF is « la création ou l'extension effective d'espaces urbanisés » (loi 2021-1104, art. 194 III 5°):
a gross flow, measured by the Cerema on fiscal files. It is neither artificialisation nor soil sealing, and is never
added to them. Three clocks run apart: flows go from 1 January to 1 January and are declared late; a census figure of
2021 is the middle of five yearly surveys (2019 to 2023); and the planning document has its own years. A ratio of the
first to the second is fair only over the same years: with censuses of 2015 and 2021, the flows 2015 to 2020.
"""

import numpy as np
import pandas as pd

from hp_sig.crs import M2_PER_HA
from hp_sig.errors import some
from hp_sig.indicators.trajectory import yearly_consumption

__all__ = [
    "DESTINATIONS",
    "REFERENCE_FIRST_YEAR",
    "REFERENCE_LAST_YEAR",
    "consumption_efficiency",
    "consumption_per_added",
    "consumption_share",
    "enaf_by_year",
    "enaf_consumption",
]

#: The decade to which 2021-2031 is compared, « les dix années précédant la date de promulgation » (loi 2021-1104 of 22
#: August 2021, art. 194 III), counted from 1 January 2011 to 1 January 2021: ten flows, from naf11art12 to naf20art21.
REFERENCE_FIRST_YEAR = 2011
REFERENCE_LAST_YEAR = 2020

#: Uses of the consumed land that the file of the Cerema tells apart; together they are the total.
DESTINATIONS = ("housing", "activity", "mixed", "road", "rail", "unknown")
FLOW_COLUMNS = ("commune_code", "year", "destination", "area_m2", "is_provisional")


def enaf_consumption(
    flows: pd.DataFrame,
    *,
    first_year: int,
    last_year: int,
    by_destination: bool = False,
    zone_of: pd.Series | None = None,
) -> pd.DataFrame:
    """Sum the consumption of ENAF of each commune or zone over a period, in hectares.

    Σ flows of the years from `first_year` to `last_year`, both included: from 1 January to 1 January, so that
    « 2011-2021 » is the ten years 2011 to 2020 (:data:`REFERENCE_FIRST_YEAR`, :data:`REFERENCE_LAST_YEAR`). Indicator
    1° of the local report (art. R. 2231-1 CGCT). Renaturation is not deducted.

    Parameters
    ----------
    flows
        ENAF flows from `read_enaf_flows`: `commune_code`, `year`, `destination`, `area_m2`, `is_provisional`.
    first_year, last_year
        First and last flow, both included.
    by_destination
        Add a column a destination.
    zone_of
        The zone of each commune (EPCI, SCoT, the territory), index `commune_code`; communes in none are left out.
        Without it, a row a commune.

    Returns
    -------
    pandas.DataFrame
        Index: the communes or zones, sorted. `enaf_consumption_ha`; by destination, `enaf_housing_ha`,
        `enaf_activity_ha`, `enaf_mixed_ha`, `enaf_road_ha`, `enaf_rail_ha`, `enaf_unknown_ha` (unknown destination);
        `year_count`; `is_provisional`, whether a year of the period is. A missing flow makes its commune and its zone
        unknown (NaN): a sum is never partial. Roads and railways are NaN in an edition that does not tell them.

    Raises
    ------
    ValueError
        If the flows do not have every year of the period, hold a total beside the destinations or a row twice, or
        `zone_of` gives a commune twice.

    Examples
    --------
    1 ha of housing a year and 0.5 ha of roads in 2012, over two years.

    >>> flows = pd.DataFrame({"commune_code": "04001", "year": [2011, 2011, 2012, 2012],
    ...     "destination": ["housing", "road"] * 2, "area_m2": [10_000.0, 0.0, 10_000.0, 5_000.0],
    ...     "is_provisional": False})
    >>> enaf_consumption(flows, first_year=2011, last_year=2012).to_dict("index")
    {'04001': {'enaf_consumption_ha': 2.5, 'year_count': 2, 'is_provisional': False}}
    """
    known, years = _tidy_years(flows), range(first_year, last_year + 1)
    if first_year > last_year or not known.issuperset(years):
        message = (
            f"flows: years from {first_year} to {last_year} asked for, in order and both included; found "
            f"{min(known, default='none')} to {max(known, default='none')}. Ask for years that the file has."
        )
        raise ValueError(message)
    table = yearly_consumption(flows)[list(years)].sum(axis="columns", skipna=False).to_frame("enaf_consumption_ha")
    if by_destination:
        for destination in DESTINATIONS:
            part = yearly_consumption(flows[flows["destination"] == destination]).reindex(columns=years)
            # On the communes of the table: those without a row for this destination are unknown.
            table[f"enaf_{destination}_ha"] = part.sum(axis="columns", skipna=False)
    table = _by_zone(table, zone_of)
    table["year_count"] = len(years)
    table["is_provisional"] = bool(flows.loc[flows["year"].isin(years), "is_provisional"].any())
    return table


def enaf_by_year(flows: pd.DataFrame, *, zone_of: pd.Series | None = None) -> pd.DataFrame:
    """Sum the consumption of ENAF of each commune or zone and year, in hectares.

    Parameters
    ----------
    flows, zone_of
        As in :func:`enaf_consumption`.

    Returns
    -------
    pandas.DataFrame
        Index: the communes or zones, sorted; a column a year (int, ascending), named `year`. NaN where a flow of the
        commune, or of one commune of the zone, is missing.

    Raises
    ------
    ValueError
        As :func:`enaf_consumption`.

    Examples
    --------
    >>> flows = pd.DataFrame({"commune_code": ["04001", "04002", "04001"], "year": [2011, 2011, 2012],
    ...     "destination": "housing", "area_m2": [10_000.0, 5_000.0, 0.0], "is_provisional": False})
    >>> zone_of = pd.Series("X", index=["04001", "04002"], name="epci_siren")
    >>> enaf_by_year(flows, zone_of=zone_of).to_dict("index")
    {'X': {2011: 1.5, 2012: nan}}
    """
    _tidy_years(flows)
    return _by_zone(yearly_consumption(flows), zone_of).rename_axis(columns="year")


def consumption_share(consumption_ha: pd.Series, area_ha: pd.Series) -> pd.Series:
    """Divide what was consumed by the area of the territory, as a share from 0 to 1.

    Consumption / area: a hundredth of the `artcom` of the Cerema where the area is its `surfcom`; asked for by art.
    R. 2231-1 CGCT. Say which area it is: the cadastral and the geometric one differ by 0.7 % in Haute-Provence.

    Parameters
    ----------
    consumption_ha
        Hectares of each commune or zone.
    area_ha
        Area of each, on the same codes.

    Returns
    -------
    pandas.Series
        `enaf_consumption_share`, on the index of `consumption_ha`; NaN where either is unknown.

    Raises
    ------
    ValueError
        If an area is zero or negative, which no territory has, or a code comes twice.

    Examples
    --------
    >>> consumption_share(pd.Series({"04001": 2.0}), pd.Series({"04001": 100.0})).to_dict()
    {'04001': 0.02}
    """
    _require_unique(area_ha.index, "area_ha")
    area = area_ha.reindex(consumption_ha.index).astype("float64")
    none = area.index[area <= 0]
    if len(none):
        message = f"area_ha: areas over 0 expected, found none for {some(none)}. Correct them, or leave them missing."
        raise ValueError(message)
    return (consumption_ha / area).rename("enaf_consumption_share")


def consumption_per_added(consumption_ha: pd.Series, change: pd.Series) -> pd.DataFrame:
    """Divide what was consumed by the inhabitants, households or jobs that were added, in square metres each.

    10 000 · consumption / change, defined only where there are more than before. Where there are as many or fewer, land
    was consumed all the same and no ratio can be read: both quantities stand beside a status (the `artpop` of the
    Cerema is there a negative number, 0 or a blank).

    Parameters
    ----------
    consumption_ha
        Hectares of each commune or zone.
    change
        How many were added over the same years, on the same codes; negative where fewer.

    Returns
    -------
    pandas.DataFrame
        Index of `consumption_ha`; `consumption_ha`, `change`, `consumption_m2_per_added` (NaN unless `defined`),
        `status`: `defined`, `no_change`, `decrease`, or `unknown` where either is missing.

    Raises
    ------
    ValueError
        If a code comes twice in `change`.

    Examples
    --------
    >>> consumption = pd.Series({"04001": 1.0, "04002": 1.0, "04003": 1.0})
    >>> per_added = consumption_per_added(consumption, pd.Series({"04001": 20, "04002": 0, "04003": -5}))
    >>> per_added[["consumption_m2_per_added", "status"]].values.tolist()
    [[500.0, 'defined'], [nan, 'no_change'], [nan, 'decrease']]
    """
    _require_unique(change.index, "change")
    added = change.reindex(consumption_ha.index).astype("float64")
    table = pd.DataFrame({"consumption_ha": consumption_ha.astype("float64"), "change": added})
    table["consumption_m2_per_added"] = M2_PER_HA * consumption_ha / added.where(added > 0)
    conditions = [consumption_ha.isna() | added.isna(), added == 0, added < 0]
    table["status"] = np.select(conditions, ["unknown", "no_change", "decrease"], "defined")
    return table


def consumption_efficiency(  # noqa: PLR0913 - flows and censuses each have their two dates, and must show them
    flows: pd.DataFrame,
    context: pd.DataFrame,
    *,
    first_year: int,
    last_year: int,
    from_census: int,
    to_census: int,
    zone_of: pd.Series | None = None,
) -> pd.DataFrame:
    """Set the consumption of ENAF against the inhabitants, households and jobs added, in square metres and per hectare.

    The ratios of the Cerema, recomputed: `artpop` = m² consumed / Δ inhabitants (and in the same way per household and
    job), `menhab` = Δ households / ha consumed for housing, `mepart` = (Δ households + Δ jobs) / ha consumed. Give the
    flows of the years between the censuses: 2015 to 2020 between 2015 and 2021. For a zone, sums come before ratios. It
    does not say that this land houses the people added: vacancy and smaller households play too.

    Parameters
    ----------
    flows
        As in :func:`enaf_consumption`.
    context
        From `read_enaf_context`, index `commune_code`: `population_2015`, `households_2015`, `jobs_2015`… for both
        censuses, one of the three at least.
    first_year, last_year
        First and last flow, both included.
    from_census, to_census
        Years of the two censuses.
    zone_of
        As in :func:`enaf_consumption`.

    Returns
    -------
    pandas.DataFrame
        Index: the communes or zones, sorted. `enaf_consumption_ha`, `enaf_housing_ha`; `population_change`,
        `household_change`, `job_change` (households and jobs within 1: the file rounds both years);
        `enaf_m2_per_added_inhabitant`, `enaf_m2_per_added_household`, `enaf_m2_per_added_job`, each with its
        `…_status` as in :func:`consumption_per_added`; `households_per_housing_ha` and `households_and_jobs_per_ha`,
        negative where there are fewer, each with its `…_status`: `defined`, `no_consumption` (0 ha, or -1 m² of
        rounding) or `unknown`. NaN wherever the status is not `defined`.

    Raises
    ------
    ValueError
        As :func:`enaf_consumption`; if the censuses are not in order, or `context` has no figure of both.

    Examples
    --------
    2 ha of housing for 40 more households.

    >>> flows = pd.DataFrame({"commune_code": ["04001"], "year": [2020], "destination": ["housing"],
    ...     "area_m2": [20_000.0], "is_provisional": [False]})
    >>> context = pd.DataFrame({"households_2020": [50], "households_2021": [90]}, index=["04001"])
    >>> years = {"first_year": 2020, "last_year": 2020, "from_census": 2020, "to_census": 2021}
    >>> efficiency = consumption_efficiency(flows, context, **years)
    >>> efficiency[["enaf_m2_per_added_household", "households_per_housing_ha"]].values.tolist()
    [[500.0, 20.0]]
    """
    consumed = enaf_consumption(flows, first_year=first_year, last_year=last_year, by_destination=True, zone_of=zone_of)
    table = consumed[["enaf_consumption_ha", "enaf_housing_ha"]].copy()
    changes = _census_changes(context, from_census, to_census)
    if zone_of is not None:
        changes = _by_zone(changes, zone_of)
    table = table.join(changes)
    total_ha = table["enaf_consumption_ha"]
    for added, column in zip(("inhabitant", "household", "job"), changes.columns, strict=True):
        per_added = consumption_per_added(total_ha, table[column])
        table[f"enaf_m2_per_added_{added}"] = per_added["consumption_m2_per_added"]
        table[f"enaf_m2_per_added_{added}_status"] = per_added["status"]
    both = table["household_change"] + table["job_change"]
    for name, change, hectares in (
        ("households_per_housing_ha", table["household_change"], table["enaf_housing_ha"]),
        ("households_and_jobs_per_ha", both, total_ha),
    ):
        table[name] = change / hectares.where(hectares > 0)
        conditions = [change.isna() | hectares.isna(), hectares <= 0]
        table[f"{name}_status"] = np.select(conditions, ["unknown", "no_consumption"], "defined")
    return table


def _census_changes(context: pd.DataFrame, from_census: int, to_census: int) -> pd.DataFrame:
    _require_unique(context.index, "context")
    counts = {"population_change": "population", "household_change": "households", "job_change": "jobs"}
    changes = {
        change: context[f"{count}_{to_census}"] - context[f"{count}_{from_census}"]
        for change, count in counts.items()
        if {f"{count}_{from_census}", f"{count}_{to_census}"} <= set(context.columns)
    }
    if not changes or from_census >= to_census:
        names = [name for name in context.columns if name.rpartition("_")[0] in counts.values()]
        message = (
            f"context: figures of an earlier and a later census expected, {from_census} and {to_census} asked for, "
            f"found {some(names)}. Ask for years of censuses that the file has."
        )
        raise ValueError(message)
    return pd.DataFrame(changes, index=context.index, columns=list(counts), dtype="float64")


def _tidy_years(flows: pd.DataFrame) -> set[int]:
    """Give the years of the flows; refuse flows where something would be counted twice."""
    absent = [column for column in FLOW_COLUMNS if column not in flows.columns]
    if absent:
        message = f"flows: columns {absent!r} expected, found {some(flows.columns)}. Read them with read_enaf_flows()."
        raise ValueError(message)
    strangers = sorted(set(flows["destination"].astype("str")) - set(DESTINATIONS))
    if strangers:
        message = f"flows: destinations {DESTINATIONS!r} expected, found {some(strangers)}. Leave totals out."
        raise ValueError(message)
    twice = flows.loc[flows.duplicated(["commune_code", "year", "destination"]), "commune_code"].unique()
    if len(twice):
        message = f"flows: one row a commune, year and destination expected, found more for {some(twice)}. Keep one."
        raise ValueError(message)
    return set(flows["year"])


def _by_zone(communes: pd.DataFrame, zone_of: pd.Series | None) -> pd.DataFrame:
    """Sum communes by zone; a commune of the zone that has no row makes it unknown."""
    if zone_of is None:
        return communes
    _require_unique(zone_of.index, "zone_of")
    zones = zone_of.dropna()
    table = communes.reindex(zones.index).groupby(zones, sort=True).sum(skipna=False)
    table.index.name = zone_of.name if zone_of.name is not None else "zone"
    return table


def _require_unique(index: pd.Index, name: str) -> None:
    if not index.is_unique:
        twice = index[index.duplicated()].unique()
        message = f"{name}: one row a code expected, found {some(twice)} more than once. Keep one."
        raise ValueError(message)
