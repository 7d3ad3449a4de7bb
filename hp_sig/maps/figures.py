"""Which figures of a refresh does its map of indicators offer, of which years, in which classes?"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.maps.classes import Scheme
from hp_sig.maps.themes import FLAGS, Indicator
from hp_sig.reference.labels import wording
from hp_sig.reference.regimes import DEFAULT_REGIME
from hp_sig.results import Results
from hp_sig.results.steps import sources_of
from hp_sig.territory import LayerSource

__all__ = ["figures_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A column of a table that is worth a map; `period` is the column that tells its periods, if it has several.

    `is_settled`: a provisional last year does not enter it (the reference of a trajectory).
    """

    table: str
    column: str
    group: str
    ramp: str
    period: str | None = None
    edition: str | None = None
    scheme: Scheme = "quantiles"
    thresholds: tuple[float, ...] = ()
    is_settled: bool = False


#: Half of the allowance, all of it, and half as much again: what the projection is judged by.
ALLOWANCE_THRESHOLDS = (0.5, 1.0, 1.5)
#: Hectares are parted by what sets them apart, shares by rank.
HECTARES: Scheme = "fisher_jenks"

CHOICES = (
    *(
        Choice(table="enaf_consumption", column=column, group="enaf", ramp="orange", period="year", scheme=HECTARES)
        for column in ("enaf_consumption_ha", "enaf_housing_ha", "enaf_activity_ha")
    ),
    Choice(
        table="trajectory",
        column="reference_ha",
        group="trajectory",
        ramp="orange",
        scheme=HECTARES,
        is_settled=True,
    ),
    Choice(
        table="trajectory",
        column="allowance_ha",
        group="trajectory",
        ramp="purple",
        scheme=HECTARES,
        is_settled=True,
    ),
    Choice(table="trajectory", column="consumed_ha", group="trajectory", ramp="orange", scheme=HECTARES),
    Choice(table="trajectory", column="remaining_ha", group="trajectory", ramp="purple"),
    Choice(
        table="trajectory",
        column="projection_share",
        group="trajectory",
        ramp="red",
        scheme="thresholds",
        thresholds=ALLOWANCE_THRESHOLDS,
    ),
    *(
        Choice(
            table="land_stock",
            column=f"{quantity}_{unit}",
            group=group,
            ramp=ramp,
            period="rank",
            edition="year",
            scheme="quantiles" if unit == "share" else HECTARES,
        )
        for quantity, group, ramp in (("artificialised", "artificialisation", "red"), ("sealed", "sealing", "grey"))
        for unit in ("share", "ha")
    ),
    Choice(
        table="land_flow",
        column="artificialised_net_ha_per_year",
        group="artificialisation",
        ramp="red",
        period="rank",
        edition="vintages",
    ),
    Choice(
        table="land_flow",
        column="sealed_net_ha_per_year",
        group="sealing",
        ramp="grey",
        period="rank",
        edition="vintages",
    ),
    Choice(table="land_shape", column="inhabitants_per_ha", group="density", ramp="blue", edition="year"),
    Choice(table="land_shape", column="dispersion_upu_per_m2", group="density", ramp="purple", edition="year"),
    Choice(table="communes", column="population", group="density", ramp="blue", edition="population_year"),
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
    tables = {name: _of_communes(name, table) for name, table in results.tables().items() if name in wanted}
    sources: Mapping[str, list[LayerSource]] = sources_of(layers.territory, layers.names)
    if layers.territory.population is not None:
        sources = {**sources, "communes": [layers.territory.population]}
    found = []
    for choice in CHOICES:
        table = tables.get(choice.table)
        if table is not None and choice.column in table and table[choice.column].notna().any():
            found.append(_indicator(choice, table, sources.get(choice.table, [])))
    return found


def _of_communes(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the communes, under the law in force where a table tells several, indexed by their code."""
    if name == "communes":
        return table.set_index("commune_code")
    rows = table[table["zone_layer"] == "communes"]
    if "regime" in rows:
        rows = rows[rows["regime"] == DEFAULT_REGIME]
    if name == "land_shape":
        rows = rows[rows["rank"] == rows.groupby("zone_code")["rank"].transform("max")]
    return rows.set_index("zone_code").rename_axis("commune_code")


def _indicator(choice: Choice, table: pd.DataFrame, sources: list[LayerSource]) -> Indicator:
    keys = _periods(choice, table)

    def laid(values: pd.Series) -> pd.DataFrame:
        return pd.DataFrame({period: values[table[choice.period] == key] for key, period in keys.items()})

    spread = laid if choice.period is not None else lambda values: values.to_frame("")
    flags = {
        name: spread(table[name].astype(bool))
        for name in FLAGS
        if name in table and not (choice.is_settled and name == "is_provisional")
    }
    if choice.edition is not None:
        vintages = spread(table[choice.edition].astype("str"))
    else:
        vintages = spread(pd.Series(", ".join(dict.fromkeys(one.vintage for one in sources)), index=table.index))
    names = dict.fromkeys(f"{one.producer}, {one.source}" for one in sources)
    return Indicator(
        column=choice.column,
        figures=spread(table[choice.column].astype(float)),
        group=wording("theme_group", choice.group),
        scheme=choice.scheme,
        thresholds=choice.thresholds,
        ramp=choice.ramp,
        source="\u00a0; ".join(names),
        vintages=vintages,
        flags={name: marks for name, marks in flags.items() if marks.eq(other=True).any(axis=None)},
    )


def _periods(choice: Choice, table: pd.DataFrame) -> dict[object, str]:
    """Word each period: a year, or the years of a rank of vintage, which are not the same in every département."""
    if choice.period is None:
        return {"": ""}
    keys = sorted(table[choice.period].dropna().unique())
    if choice.edition is None:
        return {key: str(key) for key in keys}
    editions = {key: table[choice.edition][table[choice.period] == key].dropna().astype("str") for key in keys}
    return {key: " / ".join(sorted(texts.unique())) for key, texts in editions.items()}
