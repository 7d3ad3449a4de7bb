"""Which figures of a refresh does its map of indicators offer, of which years, in which classes?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.maps.classes import Scheme
from hp_sig.maps.themes import FLAGS, Indicator
from hp_sig.reference.labels import wording
from hp_sig.reference.regimes import load_regime
from hp_sig.results import Results
from hp_sig.results.steps import sources_of
from hp_sig.territory import LayerSource

__all__ = ["figures_of"]


Years = Literal["reference", "elapsed", "period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A column of a table that is worth a map.

    Parameters
    ----------
    years
        Of a figure of the trajectory: those of the `reference`, those `elapsed` since, or the whole `period`.
    """

    table: str
    column: str
    group: str
    ramp: str
    scheme: Scheme = "quantiles"
    thresholds: tuple[float, ...] = ()
    years: Years | None = None

    @property
    def period(self) -> str | None:
        """Column that tells its periods, if it has several."""
        return FORMS[self.table][0]

    @property
    def edition(self) -> str | None:
        """Column that tells of which year or years it is."""
        return FORMS[self.table][1]


#: Half of the allowance, all of it, and half as much again: what the projection is judged by.
ALLOWANCE_THRESHOLDS = (0.5, 1.0, 1.5)
SETTLED = ("reference_ha", "allowance_ha")
#: Hectares are parted by what sets them apart, shares by rank.
HECTARES: Scheme = "fisher_jenks"

TRAJECTORY: tuple[tuple[str, str, Scheme, Years], ...] = (
    ("reference_ha", "orange", HECTARES, "reference"),
    ("allowance_ha", "purple", HECTARES, "period"),
    ("consumed_ha", "orange", HECTARES, "elapsed"),
    ("remaining_ha", "purple", "quantiles", "period"),
)
LAND = (("artificialised", "artificialisation", "red"), ("sealed", "sealing", "grey"))
LAND_UNITS: tuple[tuple[str, Scheme], ...] = (("share", "quantiles"), ("ha", HECTARES))
#: Table → columns that tell its periods, if it has several, and its editions.
FORMS: Mapping[str, tuple[str | None, str | None]] = {
    "enaf_consumption": ("year", None),
    "trajectory": (None, None),
    "land_stock": ("rank", "year"),
    "land_flow": ("rank", "vintages"),
    "land_shape": (None, "year"),
    "communes": (None, "population_year"),
}

CHOICES = (
    *(
        Choice(table="enaf_consumption", column=column, group="enaf", ramp="orange", scheme=HECTARES)
        for column in ("enaf_consumption_ha", "enaf_housing_ha", "enaf_activity_ha")
    ),
    Choice(table="enaf_consumption", column="enaf_consumption_share", group="enaf", ramp="orange"),
    *(
        Choice(table="trajectory", column=column, group="trajectory", ramp=ramp, scheme=scheme, years=years)
        for column, ramp, scheme, years in TRAJECTORY
    ),
    Choice(
        table="trajectory",
        column="projection_share",
        group="trajectory",
        ramp="red",
        scheme="thresholds",
        thresholds=ALLOWANCE_THRESHOLDS,
        years="period",
    ),
    *(
        Choice(table="land_stock", column=f"{quantity}_{unit}", group=group, ramp=ramp, scheme=scheme)
        for quantity, group, ramp in LAND
        for unit, scheme in LAND_UNITS
    ),
    *(
        Choice(table="land_flow", column=f"{quantity}_net_ha_per_year", group=group, ramp=ramp)
        for quantity, group, ramp in LAND
    ),
    Choice(table="land_shape", column="inhabitants_per_ha", group="density", ramp="blue"),
    Choice(table="land_shape", column="dispersion_upu_per_m2", group="density", ramp="purple"),
    Choice(table="communes", column="population", group="density", ramp="blue"),
)


def figures_of(layers: Layers, results: Results) -> list[Indicator]:
    """List the indicators of the communes that the tables of a refresh hold.

    Parameters
    ----------
    layers, results
        From :func:`hp_sig.assembly.load_layers` and :func:`hp_sig.results.compute`. A figure that no commune has, or
        whose table was skipped, is left out.
    """
    wanted = {choice.table for choice in CHOICES}
    rules = layers.territory.trajectory.regime
    tables = {name: _of_communes(name, table, rules) for name, table in results.tables().items() if name in wanted}
    sources: Mapping[str, list[LayerSource]] = sources_of(layers.territory, layers.names)
    population = layers.territory.population
    if population is not None:
        sources = {**sources, "communes": [population]}
        sources["density"] = [*sources.get("land_shape", []), population]
    found = []
    for choice in CHOICES:
        table = tables.get(choice.table)
        if table is not None and choice.column in table and table[choice.column].notna().any():
            name = "density" if choice.column == "inhabitants_per_ha" else choice.table
            found.append(_indicator(choice, table, sources.get(name, sources.get(choice.table, [])), rules))
    return found


def _of_communes(name: str, table: pd.DataFrame, rules: str) -> pd.DataFrame:
    """Keep the rows of the communes, under the territory's rules where a table tells several, indexed by their code."""
    if name == "communes":
        return table.set_index("commune_code")
    rows = table[table["zone_layer"] == "communes"]
    if "regime" in rows:
        rows = rows[rows["regime"] == rules]
    if name == "land_shape":
        rows = rows[rows["rank"] == rows.groupby("zone_code")["rank"].transform("max")]
    return rows.set_index("zone_code").rename_axis("commune_code")


def _indicator(choice: Choice, table: pd.DataFrame, sources: list[LayerSource], rules: str) -> Indicator:
    keys = _periods(choice, table, rules)

    def laid(values: pd.Series) -> pd.DataFrame:
        if choice.period is None:
            return values.to_frame(keys[""])
        return pd.DataFrame({period: values[table[choice.period] == key] for key, period in keys.items()})

    flags = {
        name: laid(table[name].astype(bool))
        for name in FLAGS
        # The reference, and what the law allows after it, are settled: a provisional last year does not enter them.
        if name in table and not (choice.column in SETTLED and name == "is_provisional")
    }
    if choice.edition is not None:
        vintages = laid(table[choice.edition].astype("str"))
    else:
        vintages = laid(pd.Series(", ".join(dict.fromkeys(one.vintage for one in sources)), index=table.index))
    names = dict.fromkeys(f"{one.producer}, {one.source}" for one in sources)
    return Indicator(
        column=choice.column,
        figures=laid(table[choice.column].astype(float)),
        group=wording("theme_group", choice.group),
        scheme=choice.scheme,
        thresholds=choice.thresholds,
        ramp=choice.ramp,
        source="\u00a0; ".join(names),
        vintages=vintages,
        flags={name: marks for name, marks in flags.items() if marks.eq(other=True).any(axis=None)},
    )


def _periods(choice: Choice, table: pd.DataFrame, rules: str) -> dict[object, str]:
    """Word each period: a year, or the years of a rank of vintage, which are not the same in every département."""
    if choice.years is not None:
        return {"": _years(choice.years, table, rules)}
    if choice.period is None:
        return {"": "" if choice.edition is None else _told(table[choice.edition])}
    keys = sorted(table[choice.period].dropna().unique())
    if choice.edition is None:
        return {key: str(key) for key in keys}
    return {key: _told(table[choice.edition][table[choice.period] == key]) for key in keys}


def _told(editions: pd.Series) -> str:
    return " / ".join(sorted(editions.dropna().astype("str").unique()))


def _years(which: str, table: pd.DataFrame, rules: str) -> str:
    """Tell the years of a figure of the trajectory."""
    regime = load_regime(rules)
    if which == "reference":
        return f"{regime.reference_first_year}-{regime.reference_last_year}"
    last = regime.last_year
    if which == "elapsed" and regime.first_year is not None:
        last = regime.first_year + int(table["years_elapsed"].max()) - 1
    return f"{regime.first_year}-{last}"
