"""What goes into the local report of each commune, EPCI and SCoT (art. R. 2231-1 CGCT)?"""

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.crs import area_ha
from hp_sig.indicators.consumption import enaf_consumption
from hp_sig.indicators.triennial import REPORT_INDICATORS, compulsory_indicators, triennial_report
from hp_sig.results.groups import ZONE, Groups, named
from hp_sig.results.objectives import document_objectives
from hp_sig.territory.records import regime_with

__all__ = ["REPORT_INDICATORS", "compulsory_indicators", "triennial_table"]

#: Years that a report is about: the last three known.
YEARS = 3
#: Flows from 1 January 2021 on (loi 2021-1104, art. 194).
SINCE = 2021


def triennial_table(
    layers: Layers, groups: Groups, *, stock: pd.DataFrame, flow: pd.DataFrame, trajectory: pd.DataFrame
) -> pd.DataFrame:
    """Gather the indicators 1° to 4° of the report, one row a commune, EPCI, SCoT and the territory.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    groups
        Its zones.
    stock, flow, trajectory
        Tables of the results; empty where they could not be made: the indicators say why they are missing.
    """
    area = area_ha(layers.communes)
    tables = []
    for layer in groups.layers:
        config = layers.zones[layer].config if layer in layers.zones else None
        if config is not None and config.id not in {"epci", "scot"}:
            continue
        for zone_of in groups.lists_of(layer):
            zones = pd.Index(sorted(zone_of.unique()), name="zone_code")
            own = document_objectives(layers, groups, layer, zone_of, flow)
            report = triennial_report(
                _period(layers.land.enaf, zone_of, zones),
                since_2021=_since(layers.land.enaf, zone_of, zones),
                area_ha=area.reindex(zone_of.index).groupby(zone_of).sum().reindex(zones),
                net_artificialisation=_net(flow, layer, zones),
                sealed=_sealed(stock, flow, layer, zones),
                objectives=_objectives(layers, _rows(trajectory, layer), own, zones),
            )
            rates = _of_layer(flow, layer, zones)
            rate = None if rates is None else rates["artificialised_net_ha_per_year"]
            report["net_artificialisation_ha_per_year"] = rate
            tables.append(report.rename_axis("zone_code").reset_index().assign(zone_layer=layer))
    table = named(pd.concat(tables, ignore_index=True), groups)
    return table[[*ZONE, *(column for column in table.columns if column not in ZONE)]]


def _period(flows: pd.DataFrame | None, zone_of: pd.Series, zones: pd.Index) -> pd.DataFrame:
    if flows is None:
        return pd.DataFrame({"enaf_consumption_ha": float("nan")}, index=zones)
    last = int(flows["year"].max())
    first = max(last - YEARS + 1, int(flows["year"].min()))
    table = enaf_consumption(flows, first_year=first, last_year=last, by_destination=True, zone_of=zone_of)
    names = {column: column.removeprefix("enaf_") for column in table.columns if column != "enaf_consumption_ha"}
    renamed: pd.DataFrame = table.rename(columns=names)
    return renamed.rename_axis("zone_code").reindex(zones)


def _since(flows: pd.DataFrame | None, zone_of: pd.Series, zones: pd.Index) -> pd.Series:
    if flows is None or int(flows["year"].max()) < SINCE:
        return pd.Series(float("nan"), index=zones)
    last = int(flows["year"].max())
    table = enaf_consumption(flows, first_year=SINCE, last_year=last, zone_of=zone_of)
    since: pd.Series = table["enaf_consumption_ha"]
    return since.rename_axis("zone_code").reindex(zones)


def _rows(table: pd.DataFrame, layer: str) -> pd.DataFrame:
    return table[table["zone_layer"] == layer] if len(table) else table


def _of_layer(table: pd.DataFrame, layer: str, zones: pd.Index) -> pd.DataFrame | None:
    """Give the last vintage of each zone of a layer."""
    if table.empty:
        return None
    rows = table[table["zone_layer"] == layer].sort_values("rank").drop_duplicates("zone_code", keep="last")
    rows = rows.set_index("zone_code").reindex(zones)
    return rows if rows["rank"].notna().any() else None


def _vintages(rows: pd.DataFrame) -> pd.DataFrame:
    """Part « 2017-2020 + 2018-2021 » into the vintages before and after."""
    spans = rows["vintages"].str.split(" + ", regex=False)
    ends = {"vintage_before": 0, "vintage_after": 1}
    return pd.DataFrame(
        {
            name: spans.map(lambda told, end=end: " + ".join(span.split("-")[end] for span in told), na_action="ignore")
            for name, end in ends.items()
        }
    )


def _net(flow: pd.DataFrame, layer: str, zones: pd.Index) -> pd.DataFrame | None:
    rows = _of_layer(flow, layer, zones)
    if rows is None:
        return None
    return _vintages(rows).assign(net_artificialisation_ha=rows["artificialised_net_ha"])


def _sealed(stock: pd.DataFrame, flow: pd.DataFrame, layer: str, zones: pd.Index) -> pd.DataFrame | None:
    state, change = _of_layer(stock, layer, zones), _of_layer(flow, layer, zones)
    if state is None:
        return None
    sealed = pd.DataFrame({"sealed_ha": state["sealed_ha"], "newly_sealed_ha": float("nan")}, index=zones)
    sealed["vintage_before"], sealed["vintage_after"] = None, state["year"].where(state["sealed_ha"].notna())
    if change is not None:
        known = change["vintages"].notna()
        told = _vintages(change)
        sealed["newly_sealed_ha"] = change["sealed_gain_ha"]
        sealed["vintage_before"] = told["vintage_before"].where(known)
        sealed["vintage_after"] = told["vintage_after"].where(known, sealed["vintage_after"])
        # A state that is older than the flow is not the state at its end.
        sealed["sealed_ha"] = sealed["sealed_ha"].where(sealed["vintage_after"] == state["year"])
    return sealed


def _objectives(
    layers: Layers, trajectory: pd.DataFrame, documents: pd.DataFrame, zones: pd.Index
) -> pd.DataFrame | None:
    """Take the objective of a zone's own document, and where it has none the allowance of the law in force.

    `trajectory` holds the rows of the layer.
    """
    law = _law(layers, trajectory, zones)
    if law is None:
        return documents.reindex(zones) if len(documents) else None
    if documents.empty:
        return law
    # What the law says never fills what a document leaves unknown.
    others = law.drop(index=documents.index)
    return pd.concat([others.astype("object"), documents.astype("object")]).reindex(zones)


def _law(layers: Layers, trajectory: pd.DataFrame, zones: pd.Index) -> pd.DataFrame | None:
    rows = trajectory[trajectory["regime_status"] == "in_force"] if len(trajectory) else trajectory
    if rows.empty:
        return None
    regime = regime_with(layers.territory.trajectory.regime, {})
    table = rows.drop_duplicates("zone_code").set_index("zone_code").reindex(zones)
    taken = ["allowance_ha", "consumed_ha", "years_elapsed", "pace_ha_per_year", "projection_ha"]
    return (
        table[taken]
        .rename(columns={"allowance_ha": "objective_ha"})
        .assign(kind="law", quantity="enaf_consumption", first_year=regime.first_year, last_year=regime.last_year)
    )
