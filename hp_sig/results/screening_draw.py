"""On which allowances would each project draw, and what would be left of them?"""

import dataclasses
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers, ZoneLayer
from hp_sig.crs import M2_PER_HA
from hp_sig.indicators.overlap import overlap_table
from hp_sig.indicators.screening import allowance_draw
from hp_sig.reference.labels import wording
from hp_sig.results.consumption import trajectory_table
from hp_sig.results.groups import TERRITORY_LAYER, group_zones
from hp_sig.results.screening_land import HECTARES, PROJECT, summed_parts
from hp_sig.territory.records import regime_with

if TYPE_CHECKING:
    from hp_sig.results import Results

__all__ = ["allowance_table", "law_in_force", "wide_zones", "zone_names"]


def law_in_force(layers: Layers, results: "Results | None") -> pd.DataFrame | None:
    """Give the trajectory of communes, EPCI, SCoT and territory under the law in force; None without ENAF flows."""
    if results is not None:
        table = results.trajectory
    elif layers.land.enaf is None:
        table = None
    else:
        zones = {name: layer for name, layer in layers.zones.items() if layer.config.id in {"epci", "scot"}}
        reduced = dataclasses.replace(layers, zones=zones)
        inside = [_inside(layers, layer) for layer in zones.values() if layer.members is None]
        columns = ["zone_layer", "zone_code", "other_layer", "other_code", "relation"]
        overlaps = pd.concat(inside) if inside else pd.DataFrame(columns=columns)
        table = trajectory_table(reduced, group_zones(reduced, overlaps))
    if table is None or table.empty:
        return None
    return table[table["regime"] == regime_with(layers.territory.trajectory.regime, {}).name]


def _inside(layers: Layers, perimeter: ZoneLayer) -> pd.DataFrame:
    """List the communes inside a perimeter, as the table of overlaps of the results does."""
    table = overlap_table(layers.communes, perimeter.zones).rename_axis(["zone_code", "other_code"]).reset_index()
    table = table[table["relation"] == "inside"]
    return table.assign(zone_layer="communes", other_layer=perimeter.config.layer_name)


def _members(layers: Layers) -> pd.DataFrame:
    """List the communes of each zone that has an allowance: the communes, the latest EPCI and SCoT."""
    codes = layers.communes.index
    rows = [pd.DataFrame({"zone_layer": "communes", "zone_code": codes, "commune_code": codes})]
    for zone_id in ("epci", "scot"):
        layer = layers.latest(zone_id)
        if layer is not None:
            if layer.members is not None:
                zone_of = layer.members[layer.config.key]
            else:
                zone_of = _inside(layers, layer).set_index("zone_code")["other_code"]
            told = {"zone_code": zone_of.to_numpy(), "commune_code": zone_of.index.to_numpy()}
            rows.append(pd.DataFrame({"zone_layer": layer.config.layer_name, **told}))
    return pd.concat(rows, ignore_index=True).astype("str")


def zone_names(layers: Layers) -> pd.Series:
    """Name every zone by layer and code."""
    names = {("communes", str(code)): str(name) for code, name in layers.communes["name"].items()}
    names[TERRITORY_LAYER, TERRITORY_LAYER] = layers.territory.name
    for layer_name, layer in layers.zones.items():
        names |= {(layer_name, str(code)): str(name) for code, name in layer.zones["name"].items()}
    return pd.Series(names, dtype="str").rename_axis(["zone_layer", "zone_code"]).rename("zone_name")


def allowance_table(
    located: gpd.GeoDataFrame, parts: pd.DataFrame, layers: Layers, trajectory: pd.DataFrame | None
) -> pd.DataFrame:
    """Set the potential take of each project against what remains to its communes, their EPCI and their SCoT."""
    zone = ["zone_layer", "zone_code"]
    members = _members(layers)
    stakes = parts.dropna(subset="commune_code").merge(members, on="commune_code")
    wide = wide_zones(located, layers).drop(columns="relation")
    stakes = pd.concat([stakes, wide], ignore_index=True).astype(dict.fromkeys(HECTARES, "float64"))
    stakes["rank"] = stakes["project_id"].map({code: rank for rank, code in enumerate(located.index)})
    order = {name: rank for rank, name in enumerate([*members["zone_layer"].unique()])}
    stakes["layer_rank"] = stakes["zone_layer"].map(order).fillna(len(order))
    stakes = stakes.sort_values(["rank", "layer_rank", "area_ha"], ascending=[True, True, False], kind="stable")
    table = summed_parts(stakes, ["project_id", *zone])
    table = table.rename(columns={f"{name}_ha": f"{name}_in_zone_ha" for name in ("area", "covered", "enaf", "take")})
    table["project_name"], table["scale"] = (table["project_id"].map(located[name]) for name in ("name", "scale"))
    own = located.area.where(located["scale"] == "footprint") / M2_PER_HA
    table["footprint_ha"] = table["project_id"].map(own).astype("float64")
    table = table.merge(zone_names(layers).reset_index(), on=zone, how="left")
    figures = ["is_partial", "allowance_ha", "consumed_ha", "remaining_ha"]
    told = pd.DataFrame(columns=[*zone, *figures]).astype(dict.fromkeys(zone, "str"))
    told = told if trajectory is None else trajectory[[*zone, *figures]]
    table = table.merge(told, on=zone, how="left").astype(dict.fromkeys(figures[1:], "float64"))
    table = table.astype({"is_partial": "boolean"}).rename(columns={"remaining_ha": "remaining_before_ha"})
    table = table.join(allowance_draw(table["take_in_zone_ha"], table["remaining_before_ha"]))
    columns = [*PROJECT, "footprint_ha", *zone, "zone_name", "is_partial"]
    columns += [f"{name}_in_zone_ha" for name in ("area", "covered", "enaf", "take")]
    columns += ["allowance_ha", "consumed_ha", "remaining_before_ha", "remaining_after_ha", "draw_share"]
    # Whoever opens the table alone must read it too.
    table["caveat"] = wording("screening", "potential")
    return table[[*columns, "take_method", "vintages", "caveat"]]


def wide_zones(located: gpd.GeoDataFrame, layers: Layers) -> pd.DataFrame:
    """Give the zones of the projects that are of an EPCI (of the latest list that knows it) or of the whole territory.

    Without SIREN a project is of each EPCI of the latest list: allowances are drawn on by those of today.
    """
    lists = [layer for layer in layers.zones.values() if layer.config.id == "epci" and layer.members is not None]
    lists.sort(key=lambda layer: layer.config.cog_year or 0, reverse=True)
    rows = []
    for project, scale, siren in zip(located.index, located["scale"], located["epci_siren"], strict=True):
        if scale == "pays":
            rows.append((project, TERRITORY_LAYER, TERRITORY_LAYER))
        elif scale == "epci" and pd.isna(siren):
            rows += [(project, one.config.layer_name, str(code)) for one in lists[:1] for code in one.zones.index]
        elif scale == "epci":
            known = next((layer.config.layer_name for layer in lists if siren in layer.zones.index), None)
            rows += [(project, known, siren)] if known else []
    table = pd.DataFrame(rows, columns=["project_id", "zone_layer", "zone_code"], dtype="str")
    return table.assign(relation="named")
