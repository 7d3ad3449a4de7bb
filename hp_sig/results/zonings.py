"""What is each commune in, what do zones add up to, who overlaps whom, and who moved?

The tables that need only boundaries, zones and populations.
"""

from collections.abc import Mapping
from itertools import pairwise

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import STATUS_ORDER, Layers, ZoneLayer
from hp_sig.crs import area_ha
from hp_sig.indicators.membership import coverage_by_zone, membership_changes, membership_table, scot_coverage
from hp_sig.indicators.overlap import overlap_table
from hp_sig.results.groups import TERRITORY_LAYER

__all__ = ["zoning_tables"]


def zoning_tables(layers: Layers) -> dict[str, pd.DataFrame]:
    """Make the tables of communes, overlaps, zones, membership changes and SCoT coverage.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    """
    measured = _measured(layers)
    perimeters = {name: layer for name, layer in layers.zones.items() if layer.members is None}
    lists = {name: layer for name, layer in layers.zones.items() if layer.members is not None}
    overlaps = _overlaps(layers, perimeters, lists)
    coverage = _coverage(measured, layers.latest("scot"), _inside(overlaps))
    return {
        "communes": _communes(measured, lists, perimeters, overlaps, coverage),
        "overlaps": overlaps,
        "zones": _zones(layers, measured, lists, perimeters, overlaps),
        "membership_changes": _changes(lists, measured),
        "scot_coverage": _coverage_table(layers, measured, coverage, lists),
    }


def _inside(overlaps: pd.DataFrame) -> pd.DataFrame:
    return overlaps[(overlaps["zone_layer"] == "communes") & (overlaps["relation"] == "inside")]


def _measured(layers: Layers) -> pd.DataFrame:
    communes = layers.communes
    table = pd.DataFrame(
        {
            "name": communes["name"],
            "departement_code": communes["departement_code"],
            "area_ha": area_ha(communes),
            "population": float("nan"),
            "population_year": pd.NA,
        }
    )
    source = layers.territory.population
    if layers.population is not None and source is not None:
        table["population"] = layers.population[source.year]
        table["population_year"] = source.year
    return table.astype({"population_year": "Int64"})


def _overlaps(layers: Layers, perimeters: Mapping[str, ZoneLayer], lists: Mapping[str, ZoneLayer]) -> pd.DataFrame:
    whole = layers.communes.assign(name=layers.territory.name).dissolve("name").reset_index()
    whole.index = pd.Index([TERRITORY_LAYER], name="territory_code")
    zones = {
        "communes": layers.communes,
        **{name: layer.zones for name, layer in lists.items()},
        TERRITORY_LAYER: whole,
    }
    tables = [
        _named_overlaps(zone_name, zone, other_name, other.zones)
        for other_name, other in perimeters.items()
        for zone_name, zone in zones.items()
    ]
    columns = [
        *("zone_layer", "zone_code", "zone_name", "other_layer", "other_code", "other_name"),
        *("overlap_ha", "share_of_zone", "share_of_other", "mean_width_m", "relation"),
    ]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _named_overlaps(
    zone_layer: str, zones: gpd.GeoDataFrame, other_layer: str, others: gpd.GeoDataFrame
) -> pd.DataFrame:
    table = overlap_table(zones, others).rename_axis(index=["zone_code", "other_code"]).reset_index()
    table["zone_layer"], table["other_layer"] = zone_layer, other_layer
    table["zone_name"] = table["zone_code"].map(zones["name"])
    table["other_name"] = table["other_code"].map(others["name"])
    return table


def _communes(
    measured: pd.DataFrame,
    lists: Mapping[str, ZoneLayer],
    perimeters: Mapping[str, ZoneLayer],
    overlaps: pd.DataFrame,
    coverage: pd.DataFrame | None,
) -> pd.DataFrame:
    communes = measured.copy()
    for name, layer in lists.items():
        if layer.members is not None:
            communes[name] = layer.members[layer.config.key].reindex(communes.index)
            communes[f"{name}_name"] = layer.members["name"].reindex(communes.index)
    true = overlaps[(overlaps["zone_layer"] == "communes") & (overlaps["relation"] != "sliver")]
    for name in perimeters:
        rows = true[true["other_layer"] == name]
        for column, values in (
            (name, "other_code"),
            (f"{name}_name", "other_name"),
            (f"{name}_relation", "relation"),
        ):
            communes[column] = rows.groupby("zone_code")[values].agg("; ".join).reindex(communes.index)
    if coverage is not None:
        communes["scot_status"] = coverage["status"]
    return communes


def _zones(
    layers: Layers,
    measured: pd.DataFrame,
    lists: Mapping[str, ZoneLayer],
    perimeters: Mapping[str, ZoneLayer],
    overlaps: pd.DataFrame,
) -> pd.DataFrame:
    inside = _inside(overlaps)
    sums = ["area_ha", "population"]
    whole = pd.Series(TERRITORY_LAYER, index=measured.index)
    tables = [
        _summed(
            TERRITORY_LAYER,
            membership_table(measured, whole, sums=sums),
            pd.Series({TERRITORY_LAYER: layers.territory.name}),
        )
    ]
    for name, layer in lists.items():
        if layer.members is not None:
            table = _summed(
                name,
                membership_table(measured, layer.members[layer.config.key], sums=sums),
                layer.zones["name"],
            )
            tables.append(
                table.assign(commune_total=layer.zones["commune_total"].reindex(table["zone_code"]).to_numpy())
            )
    for name, layer in perimeters.items():
        pairs = inside[inside["other_layer"] == name]
        within = [
            membership_table(
                measured, pd.Series(code, index=pairs["zone_code"][pairs["other_code"] == code]), sums=sums
            )
            for code in layer.zones.index
        ]
        table = pd.concat(within).reindex(layer.zones.index, fill_value=0)
        shared = overlaps[(overlaps["zone_layer"] == TERRITORY_LAYER) & (overlaps["other_layer"] == name)]
        tables.append(
            _summed(name, table, layer.zones["name"]).assign(
                overlap_ha=shared.set_index("other_code")["overlap_ha"].reindex(layer.zones.index).to_numpy()
            )
        )
    zones = pd.concat(tables, ignore_index=True)
    columns = ["zone_layer", "zone_code", "zone_name", "commune_count", "commune_total", *sums, "overlap_ha"]
    return zones.reindex(columns=columns).astype({"commune_total": "Int64"})


def _summed(layer: str, table: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    rows = table.rename_axis("zone_code").reset_index()
    return rows.assign(zone_layer=layer, zone_name=rows["zone_code"].map(names))


def _changes(lists: Mapping[str, ZoneLayer], measured: pd.DataFrame) -> pd.DataFrame:
    columns = [
        *("zone_layer", "from_year", "to_year", "commune_code", "commune_name", "change"),
        *("zone_before", "zone_before_name", "zone_after", "zone_after_name"),
    ]
    tables = []
    for zone_id in dict.fromkeys(layer.config.id for layer in lists.values()):
        editions = sorted(
            (layer for layer in lists.values() if layer.config.id == zone_id),
            key=lambda layer: layer.config.cog_year or 0,
        )
        for before, after in pairwise(editions):
            if before.whole_list is None or after.whole_list is None:
                continue
            table = membership_changes(before.whole_list, after.whole_list)
            rows = table[table.index.isin(measured.index)].reset_index()
            rows = rows.assign(
                zone_layer=zone_id,
                from_year=before.config.cog_year,
                to_year=after.config.cog_year,
                commune_name=rows["commune_code"].map(measured["name"]),
                zone_before_name=rows["zone_before"].map(before.zones["name"]),
                zone_after_name=rows["zone_after"].map(after.zones["name"]),
            )
            tables.append(rows)
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _coverage(measured: pd.DataFrame, scot: ZoneLayer | None, inside: pd.DataFrame) -> pd.DataFrame | None:
    if scot is None:
        return None
    if scot.members is not None:
        return scot_coverage(measured, scot.members.rename(columns={scot.config.key: "scot_id"}))
    rows = inside[inside["other_layer"] == scot.config.layer_name].set_index("zone_code")
    status = pd.DataFrame({"scot_id": rows["other_code"], "status": rows["other_code"].map(scot.zones["status"])})
    # Perimeters may overlap: the most telling status of a commune comes first.
    status = status.sort_values("status", key=lambda column: column.map(STATUS_ORDER.index), kind="stable")
    status = status[~status.index.duplicated()]
    return scot_coverage(measured, status)


def _coverage_table(
    layers: Layers, measured: pd.DataFrame, coverage: pd.DataFrame | None, lists: Mapping[str, ZoneLayer]
) -> pd.DataFrame:
    columns = ["zone_layer", "zone_code", "zone_name"]
    if coverage is None:
        return pd.DataFrame(columns=columns)
    groups = {
        TERRITORY_LAYER: (
            pd.Series(TERRITORY_LAYER, index=measured.index),
            pd.Series({TERRITORY_LAYER: layers.territory.name}),
        )
    }
    for name, layer in lists.items():
        if layer.config.id != "scot" and layer.members is not None:
            groups[name] = (layer.members[layer.config.key], layer.zones["name"])
    tables = [
        _summed(name, coverage_by_zone(measured, coverage, zone_of), names) for name, (zone_of, names) in groups.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[columns + [column for column in table.columns if column not in columns]]
