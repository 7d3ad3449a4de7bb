"""What land lies in the planning zones (U, AU, A, N) of each commune, and what does another survey say of it?"""

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.crs import M2_PER_HA
from hp_sig.errors import some
from hp_sig.indicators.stock import land_stock
from hp_sig.indicators.survey import survey_area
from hp_sig.indicators.zoning import zones_by_commune
from hp_sig.results.groups import ZONE, Groups, named
from hp_sig.results.land_changes import states_of

__all__ = ["survey_table", "zoning_table"]

#: Zones that overlap each other by more than this in a commune are told (hectares).
MAX_DOUBLE_HA = 0.5


def zoning_table(layers: Layers, warnings: list[str]) -> pd.DataFrame:
    """Measure artificialised and sealed land by commune and kind of planning zone, in hectares.

    Parameters
    ----------
    layers
        With planning zones and land cover.
    warnings
        Where to say which communes have land in zones of two kinds; added to.
    """
    zoning = layers.land.zoning
    columns = ["commune_code", "commune_name", "zone_kind", "rank", "year", "zone_ha", "zone_share"]
    columns += [f"{measure}_{end}" for measure in ("artificialised", "sealed") for end in ("ha", "share")]
    if zoning is None:
        return pd.DataFrame(columns=[*columns, "method"])
    zones = zones_by_commune(layers.communes, zoning)
    warnings += _double(zones)
    departements = layers.communes["departement_code"].reindex(zones.index.get_level_values("commune_code")).to_numpy()
    tables = []
    for departement in sorted(set(departements)):
        own = gpd.GeoDataFrame(zones[departements == departement])
        for rank, (years, state) in enumerate(states_of(layers.land, departement).items(), start=1):
            stock = land_stock(own, state).drop(columns="area_ha")
            tables.append(stock.assign(rank=rank, year=years[0]).join(own[["zone_ha", "zone_share"]]))
    if not tables:
        return pd.DataFrame(columns=[*columns, "method"])
    table = pd.concat(tables).reset_index()
    table["commune_name"] = table["commune_code"].map(layers.communes["name"])
    return table.sort_values(["commune_code", "zone_kind", "rank"], ignore_index=True)[[*columns, "method"]]


def _double(zones: gpd.GeoDataFrame) -> list[str]:
    """Say where zones of two kinds, or of two documents, cover the same land."""
    codes = zones.index.get_level_values("commune_code")
    union = zones[["geometry"]].set_index(codes).dissolve(codes).area / M2_PER_HA
    double = zones["zone_ha"].groupby(codes).sum() - union
    told = double.index[double > MAX_DOUBLE_HA]
    if not len(told):
        return []
    return [
        f"planning zones: land lies in zones of two kinds in {len(told)} communes ({some(told)}), {double.max():.1f} "
        "ha at most: their sum is over the land of the document."
    ]


def survey_table(layers: Layers, groups: Groups) -> pd.DataFrame:
    """Measure the land classes of CORINE Land Cover or of a local survey in each zone, in hectares.

    Parameters
    ----------
    layers
        With a survey.
    groups
        The zones: perimeters are measured by what they share with the territory.
    """
    tables = []
    for name, survey in layers.land.surveys.items():
        for layer in dict.fromkeys(groups.members["zone_layer"]):
            units = groups.members[groups.members["zone_layer"] == layer]
            pieces = groups.units[["geometry"]].loc[units["unit"]]
            shapes = gpd.GeoDataFrame(pieces.assign(zone_code=units["zone_code"].to_numpy()))
            zones = shapes if layer == "communes" else shapes.dissolve("zone_code").reset_index()
            table = survey_area(zones.set_index("zone_code")[["geometry"]], survey).reset_index()
            tables.append(table.assign(zone_layer=layer, survey=name, vintage=survey.attrs["vintage"]))
    first = [*ZONE, "survey", "vintage"]
    if not tables:
        return pd.DataFrame(columns=first)
    table = named(pd.concat(tables, ignore_index=True), groups)
    return table[[*first, *(column for column in table.columns if column not in first)]]
