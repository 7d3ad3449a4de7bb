"""What must the local report on land consumption say, every three years, for each commune, EPCI and SCoT?

Code général des collectivités territoriales, art. L. 2231-1 and R. 2231-1 (décret 2023-1096): at least every three
years, a commune or EPCI with a planning document debates a report with four indicators. Only the first is compulsory
until the documents hold the target, in practice 2031. What is not known is marked so, with the reason, never as 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hp_sig.errors import some

__all__ = ["REASONS", "REPORT_INDICATORS", "ReportIndicator", "compulsory_indicators", "triennial_report"]

#: Why a figure is missing: `no_flows` (ENAF flows not known for the whole period), `no_area`, `no_land_cover` (no
#: vintage), `one_vintage` (a change needs two), `mixed_vintages` (years of several départements: a change is told per
#: year only), `no_objective` (no planning document sets one), `no_consumption` (an
#: objective, but not what was consumed of it), `not_known` (the table given says nothing of this zone). Of a document's
#: own objective: `document_years` (flows of some of its years are not known), `document_not_begun` (none of its years
#: is known yet), `document_vintages` (no vintages at its own years), `document_zone` (it covers communes that are not
#: of the territory).
REASONS = (
    *("no_flows", "no_area", "no_land_cover", "one_vintage", "mixed_vintages"),
    *("no_objective", "no_consumption", "not_known"),
    *("document_years", "document_not_begun", "document_vintages", "document_zone"),
)
#: Who set an objective: the law, shared out by the trajectory, or a planning document of the zone.
OBJECTIVE_KINDS = ("law", "document")
#: What an objective limits.
OBJECTIVE_QUANTITIES = ("enaf_consumption", "net_artificialisation")
#: What a zone does of its objective so far.
OBJECTIVE_STATUSES = ("within", "exceeded", "unknown")
#: Uses that the ENAF file tells apart.
DESTINATIONS = ("housing", "activity", "mixed", "road", "rail", "unknown")
#: Destinations add up to the total to a square metre or so each: the file rounds, and has cells of -1 and -2 m².
ROUNDING_HA = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIndicator:
    """One indicator of art. R. 2231-1 CGCT.

    Parameters
    ----------
    number
        Its number in the article.
    legal_text
        The article in short, in English.
    compulsory_from
        Year of the first report that must hold it.
    columns
        Columns of :func:`triennial_report` that hold it.
    """

    number: str
    legal_text: str
    compulsory_from: int
    columns: tuple[str, ...]


#: The four indicators; the first reports were due in August 2024, three years after loi 2021-1104; the last three wait
#: until the planning documents hold the target, in practice 2031 (La Lettre de l'environnement local, 5 Sept. 2024).
REPORT_INDICATORS = (
    ReportIndicator(
        number="1°",
        legal_text="Consumption of natural, agricultural and forest land, in hectares and in share of the territory.",
        compulsory_from=2024,
        columns=("enaf_period_ha", "enaf_period_share", "enaf_since_2021_ha", "enaf_since_2021_share"),
    ),
    ReportIndicator(
        number="2°",
        legal_text="Balance of artificialised and de-artificialised land, by the nomenclature annexed to R. 101-1.",
        compulsory_from=2031,
        columns=("net_artificialisation_ha",),
    ),
    ReportIndicator(
        number="3°",
        legal_text="Land made impervious, 1° and 2° of the nomenclature annexed to R. 101-1.",
        compulsory_from=2031,
        columns=("sealed_ha", "newly_sealed_ha"),
    ),
    ReportIndicator(
        number="4°",
        legal_text="Evaluation of the respect of the objectives set in planning documents.",
        compulsory_from=2031,
        columns=("objective_ha", "objective_consumed_ha", "objective_remaining_ha", "objective_status"),
    ),
)


def compulsory_indicators(report_year: int) -> list[str]:
    """List the numbers of the indicators that a report of that year must hold.

    >>> compulsory_indicators(2027), compulsory_indicators(2031)
    (['1°'], ['1°', '2°', '3°', '4°'])
    """
    return [indicator.number for indicator in REPORT_INDICATORS if report_year >= indicator.compulsory_from]


def triennial_report(
    period: pd.DataFrame,
    *,
    since_2021: pd.Series,
    area_ha: pd.Series,
    net_artificialisation: pd.DataFrame | None = None,
    sealed: pd.DataFrame | None = None,
    objectives: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Gather the four indicators of art. R. 2231-1 CGCT, in hectares and shares, one row a zone.

    Nothing is measured here: figures come computed, on the codes of communes, of EPCI or of SCoT. Call it once a level
    (a code of one level may exist at another), or with an index of level and code.

    Parameters
    ----------
    period
        One row a zone of the report: `enaf_consumption_ha` over the years of the report; where they are known,
        `year_count` and `is_provisional`, and its split: `housing_ha`, `activity_ha`, `mixed_ha`, `road_ha`, `rail_ha`,
        `unknown_ha`.
    since_2021
        ENAF consumption since 1 January 2021, in hectares.
    area_ha
        Area of each territory. State which one: the cadastral area of INSEE and the geometric one differ by 0.7 % here.
    net_artificialisation
        `net_artificialisation_ha` and the vintages it is measured between, `vintage_before`, `vintage_after` (missing
        where there is none).
    sealed
        `sealed_ha`, state at `vintage_after`; `newly_sealed_ha`, land sealed since `vintage_before` (gains, without
        what was unsealed).
    objectives
        `objective_ha`, the most that a planning document allows over its own period, and `consumed_ha`, what was
        consumed of it: the `allowance_ha` and `consumed_ha` of a trajectory, or a SCoT's own figures and years. Where
        they are told: `kind` (:data:`OBJECTIVE_KINDS`), `document`, `quantity` (:data:`OBJECTIVE_QUANTITIES`),
        `first_year`, `last_year`, `years_elapsed`, `pace_ha_per_year`, `projection_ha`, and `reason` why what was
        consumed is not known.

    Returns
    -------
    pandas.DataFrame
        Index of `period`. 1° `enaf_period_ha`, `enaf_period_share`, the split as given (`enaf_housing_ha`…),
        `period_year_count`, `is_provisional`, `enaf_since_2021_ha`, `enaf_since_2021_share`; 2°
        `net_artificialisation_ha` with `artificialisation_vintage_before` and `…_after`; 3° `sealed_ha`,
        `newly_sealed_ha` with `sealed_vintage_before` and `…_after`; 4° `objective_ha`, `objective_consumed_ha`,
        `objective_remaining_ha` (negative where exceeded), `objective_status` (`within`, `exceeded`, `unknown`),
        `objective_kind`, `objective_document`, `objective_quantity`, `objective_first_year`, `objective_last_year`,
        `objective_years_elapsed`, `objective_pace_ha_per_year`, `objective_projection_ha`, missing if not told. For
        each figure, `reason_…`: why it is missing (:data:`REASONS`), itself missing where the figure is there.

    Raises
    ------
    ValueError
        If a column is absent, a zone comes twice, a split does not add up, a table is of none of the zones, or a change
        comes without two different vintages.

    Examples
    --------
    3 ha in three years over a territory of 1 000 ha; no land cover yet.

    >>> zone = pd.Index(["04001"], name="commune_code")
    >>> period = pd.DataFrame({"enaf_consumption_ha": [3.0]}, index=zone)
    >>> report = triennial_report(period, since_2021=pd.Series(4.0, zone), area_ha=pd.Series(1000.0, zone))
    >>> report[["enaf_period_ha", "enaf_period_share", "reason_net_artificialisation"]].to_dict("records")
    [{'enaf_period_ha': 3.0, 'enaf_period_share': 0.003, 'reason_net_artificialisation': 'no_land_cover'}]
    """
    zones = period.index
    _require(period, ("enaf_consumption_ha",), "period", zones)
    area = _aligned(area_ha.to_frame("area_ha"), "area_ha", zones)["area_ha"]
    area = area.where(area > 0)
    report = pd.DataFrame(index=zones)
    report["enaf_period_ha"] = period["enaf_consumption_ha"].astype("float64")
    for destination in _destinations(period):
        report[f"enaf_{destination}_ha"] = period[f"{destination}_ha"]
    for given, name in (("year_count", "period_year_count"), ("is_provisional", "is_provisional")):
        if given in period.columns:
            report[name] = period[given]
    since = _aligned(since_2021.to_frame("since_2021"), "since_2021", zones)["since_2021"]
    report["enaf_since_2021_ha"] = since.astype("float64")
    for name in ("enaf_period", "enaf_since_2021"):
        hectares = report[f"{name}_ha"]
        report[f"{name}_share"] = hectares / area
        report[f"reason_{name}"] = _reasons([(hectares.isna(), "no_flows")], zones)
        report[f"reason_{name}_share"] = _reasons([(hectares.isna(), "no_flows"), (area.isna(), "no_area")], zones)
    _add_land_cover(report, net_artificialisation, "artificialisation", ("net_artificialisation_ha",))
    _add_land_cover(report, sealed, "sealed", ("sealed_ha", "newly_sealed_ha"))
    _add_objectives(report, objectives)
    return report


def _destinations(period: pd.DataFrame) -> list[str]:
    given = [destination for destination in DESTINATIONS if f"{destination}_ha" in period.columns]
    if given:
        total = period[[f"{destination}_ha" for destination in given]].sum(axis="columns", skipna=False)
        apart = (total - period["enaf_consumption_ha"]).abs() > ROUNDING_HA
        if apart.any():
            message = (
                f"period: destinations that add up to enaf_consumption_ha expected, found others for "
                f"{some(period.index[apart])}. Give every destination, and no period total among them."
            )
            raise ValueError(message)
    return given


def _add_land_cover(report: pd.DataFrame, table: pd.DataFrame | None, theme: str, columns: tuple[str, ...]) -> None:
    """Add figures of land cover, each missing for want of a vintage, of a second one, or for a reason not known."""
    given = ("vintage_before", "vintage_after")
    vintages = [f"{theme}_{vintage}" for vintage in given]
    if table is None:
        figures = pd.DataFrame(index=report.index, columns=[*columns, *given])
    else:
        _require(table, (*columns, *given), theme, report.index)
        figures = table.reindex(report.index)
    before, after = figures[given[0]], figures[given[1]]
    two = before.notna() & after.notna() & (before.astype("object") != after.astype("object"))
    none = before.isna() & after.isna()
    mixed = before.astype("str").str.contains("+", regex=False) & before.notna()
    for column in columns:
        values = figures[column].astype("float64")
        is_state = column == "sealed_ha"
        unfounded = values.notna() & (after.isna() if is_state else ~two)
        if unfounded.any():
            needed = "a vintage_after" if is_state else "two different vintages"
            message = (
                f"{theme}: {needed} expected for each {column}, found none such for {some(report.index[unfounded])}. "
                "State the vintages that the figure was measured on."
            )
            raise ValueError(message)
        absent = values.isna()
        causes = [(absent & none, "no_land_cover"), (absent & ~two & (not is_state), "one_vintage")]
        causes += [(absent & mixed & (not is_state), "mixed_vintages")]
        report[column] = values
        report[f"reason_{column.removesuffix('_ha')}"] = _reasons([*causes, (absent, "not_known")], report.index)
    report[vintages] = figures[list(given)].to_numpy()


def _add_objectives(report: pd.DataFrame, objectives: pd.DataFrame | None) -> None:
    columns = ["objective_ha", "consumed_ha"]
    told = ("kind", "document", "quantity", "reason")
    years, rates = ("first_year", "last_year", "years_elapsed"), ("pace_ha_per_year", "projection_ha")
    everything = [*columns, *told, *years, *rates]
    figures = pd.DataFrame(index=report.index, columns=everything)
    if objectives is not None:
        _require(objectives, columns, "objectives", report.index)
        figures = objectives.reindex(report.index).reindex(columns=everything)
    objective, consumed = (figures[column].astype("float64") for column in columns)
    report["objective_ha"] = objective
    report["objective_consumed_ha"] = consumed
    report["objective_remaining_ha"] = objective - consumed
    unknown = objective.isna() | consumed.isna()
    words = np.select([unknown, consumed > objective], ["unknown", "exceeded"], "within")
    report["objective_status"] = pd.Series(words, index=report.index, dtype="str")
    causes = [(objective.isna(), "no_objective"), (consumed.isna(), "no_consumption")]
    reasons = _reasons(causes, report.index)
    given = figures["reason"].notna() & objective.notna() & consumed.isna()
    report["reason_objective"] = reasons.mask(given, figures["reason"].astype("str"))
    for name in told[:-1]:
        report[f"objective_{name}"] = figures[name].astype("str").where(figures[name].notna(), None)
    for name in years:
        report[f"objective_{name}"] = figures[name].astype("Int64")
    for name in rates:
        report[f"objective_{name}"] = figures[name].astype("float64")


def _reasons(causes: Sequence[tuple[pd.Series, str]], zones: pd.Index) -> pd.Series:
    """Give the first reason that holds for each zone; missing where none does."""
    reason = pd.Series(None, index=zones, dtype="str")
    for holds, word in reversed(causes):
        reason = reason.mask(holds, word)
    return reason


def _aligned(table: pd.DataFrame, name: str, zones: pd.Index) -> pd.DataFrame:
    _require(table, (), name, zones)
    return table.reindex(zones)


def _require(table: pd.DataFrame, columns: Sequence[str], name: str, zones: pd.Index) -> None:
    absent = [column for column in columns if column not in table.columns]
    if absent:
        message = f"{name}: columns {some(absent)} expected, found {some(table.columns)}. Add or rename them."
        raise ValueError(message)
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()].unique()
        message = f"{name}: one row a zone expected, found {some(twice)} more than once. Give one level at a time."
        raise ValueError(message)
    if len(table) and len(zones) and not table.index.isin(zones).any():
        message = (
            f"{name}: the zones of the report expected ({some(zones[:2])}), found {some(table.index)}. Index every "
            "table by the same codes, as text."
        )
        raise ValueError(message)
