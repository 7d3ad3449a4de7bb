"""How dense, how scattered and how cut up is the land of each zone?"""

import math
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.assembly import Layers
from hp_sig.indicators.density import land_use_efficiency, net_density
from hp_sig.indicators.envelope import urban_envelope
from hp_sig.indicators.landscape import effective_mesh_size, patch_metrics
from hp_sig.indicators.overlap import overlap_table
from hp_sig.indicators.polygons import Bools, Floats, polygon_parts
from hp_sig.indicators.sprawl import HORIZON_M, built_raster, cell_dispersion, weighted_urban_proliferation
from hp_sig.indicators.stock import is_artificialised
from hp_sig.results.groups import ZONE, Groups, named
from hp_sig.results.land_changes import states_of

__all__ = ["CELL_M", "shape_table"]

#: Side of a cell for dispersion, in metres: a house and its garden; the paper's own is 15 m.
CELL_M = 25.0
#: Uses of networks of transport: long and thin, they would join every town in one envelope.
TRANSPORT = "US4.1"
BUILT = "CS1.1.1.1"
#: What SDG 11.3.1 gives beside its status.
EFFICIENCY = [
    *("land_consumption_rate_per_year", "population_growth_rate_per_year", "lcrpgr"),
    *("built_before_m2_per_inhabitant", "built_after_m2_per_inhabitant", "m2_per_inhabitant_ratio"),
]
#: The class that stands for what may be cut up.
OPEN, TAKEN = "open", "artificialised"


def shape_table(layers: Layers, groups: Groups, stock: pd.DataFrame) -> pd.DataFrame:
    """Measure density, efficiency and pattern of the latest land cover, one row a zone.

    The latest vintage that every département with land cover has: a third one of one département alone is not mixed in.

    Parameters
    ----------
    layers
        With land cover.
    groups
        The zones; perimeters, which stick out of the territory, are left out.
    stock
        The table `land_stock`.
    """
    rank = _common_rank(layers)
    stock = stock[stock["rank"] <= rank]
    zones, same = _distinct_zones(layers, groups)
    measured = _measured(layers, zones, rank)
    tables = []
    for layer in same["zone_layer"].unique():
        rows = same[same["zone_layer"] == layer].sort_values("zone_code")
        table = _densities(layers, stock, layer, groups.zone_of(layer))
        own = measured.reindex(rows["zone"]).set_axis(pd.Index(rows["zone_code"]))
        # Where a commune has no land cover, the zone is unknown, not empty.
        known = table["artificialised_ha"].notna()
        own = own.where(known.reindex(own.index, fill_value=False))
        table = own[[]].join(table, how="inner").join(own)
        table = table.rename_axis("zone_code").reset_index()
        tables.append(table.assign(zone_layer=layer))
    table = named(pd.concat(tables, ignore_index=True), groups)
    return table[[*ZONE, *(column for column in table.columns if column not in ZONE)]]


def _common_rank(layers: Layers) -> int:
    """Count the vintages that every département with land cover has."""
    departements = layers.communes["departement_code"].unique()
    counts = [len(states_of(layers.land, str(departement))) for departement in departements]
    return min(count for count in counts if count)


def _distinct_zones(layers: Layers, groups: Groups) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Draw each list of communes once, however many layers hold it; give the lists, and the zones that each stands for.

    An intercommunality of 2015 that still has the same communes in 2025 is measured once.
    """
    lists = [layer for layer in groups.layers if layer not in layers.zones or layers.zones[layer].members is not None]
    rows = groups.communes[groups.communes["zone_layer"].isin(lists)]
    members = rows.groupby(["zone_layer", "zone_code"], sort=False)["unit"].agg(lambda units: " ".join(sorted(units)))
    same = members.rename("zone").reset_index()
    drawn = {
        one: shapely.union_all(layers.communes.geometry.loc[one.split()].to_numpy()) for one in same["zone"].unique()
    }
    zones = gpd.GeoDataFrame(geometry=list(drawn.values()), index=pd.Index(drawn, name="zone"), crs=layers.communes.crs)
    return zones, same


def _measured(layers: Layers, zones: gpd.GeoDataFrame, rank: int) -> pd.DataFrame:
    """Measure pattern, envelope and dispersion of the land cover of one rank."""
    land = _land_of_rank(layers, rank)
    envelope = urban_envelope(land[land["is_town"]]) if land["is_town"].any() else None
    table = _pattern(zones, land).join(_enveloped(zones, envelope), how="left")
    return table.join(_sprawl(zones, _built_raster(layers.communes, land), _people(layers, zones.index)), how="left")


def _land_of_rank(layers: Layers, rank: int) -> gpd.GeoDataFrame:
    """Put the states of one rank side by side; none covers the communes of another département.

    Towards the neighbours of the territory polygons stay whole: cut, they would not meet vertex for vertex any more.
    """
    parts = []
    for departement in sorted(layers.communes["departement_code"].unique()):
        states = states_of(layers.land, str(departement))
        if not states:
            continue
        state = list(states.values())[rank - 1]
        taken = is_artificialised(state).to_numpy()
        shapes = state.geometry.to_numpy().copy()
        others = layers.communes[layers.communes["departement_code"] != departement].geometry
        cut = np.unique(shapely.STRtree(shapes).query(others.to_numpy(), predicate="intersects")[1])
        if len(cut):
            shapes[cut] = shapely.difference(shapes[cut], others.union_all())
        polygons, owner = polygon_parts(shapes)
        use = state["use_code"].astype("str").to_numpy()[owner]
        cover = state["cover_code"].astype("str").to_numpy()[owner]
        parts.append(
            gpd.GeoDataFrame(
                {
                    "land": np.where(taken[owner], TAKEN, OPEN),
                    "is_town": taken[owner] & ~np.char.startswith(use.astype(str), TRANSPORT),
                    "is_built": cover == BUILT,
                },
                geometry=polygons,
                crs=state.crs,
            )
        )
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True))


def _densities(layers: Layers, stock: pd.DataFrame, layer: str, zone_of: pd.Series) -> pd.DataFrame:
    """Give net density and SDG 11.3.1 between the first and the last vintage, where populations of those years are."""
    rows = stock[stock["zone_layer"] == layer].sort_values("rank")
    first = rows.drop_duplicates("zone_code").set_index("zone_code")
    last = rows.drop_duplicates("zone_code", keep="last").set_index("zone_code")
    table = last[["rank", "year", "is_mixed", "method", "artificialised_ha"]].copy()
    before, after = (_population(layers, stock, zone_of, keep=keep) for keep in ("first", "last"))
    before, after = before.reindex(table.index), after.reindex(table.index)
    table["population"] = after
    density = net_density(after, table["artificialised_ha"])
    table[["inhabitants_per_ha", "density_status"]] = density[["net_density_per_ha", "status"]].to_numpy()
    years = (_year(last) - _year(first)).reindex(table.index)
    same = first["method"].reindex(table.index) == table["method"]
    table[EFFICIENCY] = math.nan
    table["efficiency_status"] = np.where(years > 0, "mixed_methods", "one_vintage")
    two = (years > 0) & same
    if two.any():
        found = land_use_efficiency(
            first["artificialised_ha"][two], table["artificialised_ha"][two], before[two], after[two], years=years[two]
        )
        table.loc[found.index, [*EFFICIENCY, "efficiency_status"]] = found[[*EFFICIENCY, "status"]].to_numpy()
        table[EFFICIENCY] = table[EFFICIENCY].astype("float64")
    return table


def _year(rows: pd.DataFrame) -> pd.Series:
    """Give the year of a vintage; the mean one where years are mixed."""
    years = rows["year"].astype("str").str.split(" + ", regex=False)
    return years.map(lambda told: sum(map(int, told)) / len(told))


def _population(
    layers: Layers, stock: pd.DataFrame, zone_of: pd.Series, *, keep: Literal["first", "last"]
) -> pd.Series:
    """Sum the inhabitants of each commune in the year of its own first or last vintage, where the series has it."""
    rows = stock[stock["zone_layer"] == "communes"].sort_values("rank").drop_duplicates("zone_code", keep=keep)
    years = rows.set_index("zone_code")["year"].astype(int)
    people = pd.Series(math.nan, index=years.index)
    if layers.population is not None:
        for year in sorted(set(years) & set(layers.population.columns)):
            chosen = years.index[years == year]
            people.loc[chosen] = layers.population[year].reindex(chosen)
    return people.reindex(zone_of.index).groupby(zone_of).agg(_whole_sum)


def _people(layers: Layers, zones: pd.Index) -> pd.Series:
    """Sum inhabitants and jobs of the last census of the ENAF file over lists of communes; unknown without it."""
    context = layers.land.context
    if context is None or not any(column.startswith("jobs_") for column in context.columns):
        return pd.Series(math.nan, index=zones)
    census = max(column.rpartition("_")[2] for column in context.columns if column.startswith("jobs_"))
    people = context[f"population_{census}"] + context[f"jobs_{census}"]
    return pd.Series([_whole_sum(people.reindex(one.split())) for one in zones], index=zones)


def _whole_sum(values: pd.Series) -> float:
    return float(values.sum(skipna=False))


def _pattern(zones: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> pd.DataFrame:
    metrics = patch_metrics(zones, land, class_column="land")
    taken = metrics[metrics.index.get_level_values(1) == TAKEN].droplevel(1)
    names = ["patch_count", "patch_density_per_100_ha", "edge_density_m_per_ha", "largest_patch_share"]
    table = taken[names].add_prefix("artificialised_")
    open_land = land[land["land"] == OPEN]
    # The mesh of a class by patches cut at the limit of the zone is the cutting-out procedure.
    open_metrics = metrics[metrics.index.get_level_values(1) == OPEN].droplevel(1)
    table["open_mesh_cut_ha"] = open_metrics["effective_mesh_size_ha"]
    table["open_mesh_cross_ha"] = effective_mesh_size(zones, open_land, boundary="cross")
    return table


def _enveloped(zones: gpd.GeoDataFrame, envelope: gpd.GeoDataFrame | None) -> pd.DataFrame:
    if envelope is None or envelope.empty:
        return pd.DataFrame({"envelope_ha": 0.0, "envelope_share": 0.0}, index=zones.index)
    shared = overlap_table(zones, envelope.set_index(envelope.index.astype("str")), sliver_width_m=0.0)
    hectares = shared["overlap_ha"].groupby(level=0).sum().reindex(zones.index, fill_value=0.0)
    return pd.DataFrame({"envelope_ha": hectares, "envelope_share": hectares / (zones.area / 10_000)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _BuiltRaster:
    """Built cells of the whole territory, and how dispersed each is: zones share them."""

    west: float
    north: float
    built: Bools
    dispersion: Floats


def _built_raster(communes: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> _BuiltRaster:
    west, south, east, north = communes.total_bounds + HORIZON_M * np.array([-1, -1, 1, 1])
    built = built_raster(land[land["is_built"]], (west, south, east, north), cell_size_m=CELL_M)
    dispersion = cell_dispersion(built, cell_size_m=CELL_M)
    return _BuiltRaster(west=west, north=north, built=built, dispersion=dispersion)


def _sprawl(zones: gpd.GeoDataFrame, raster: _BuiltRaster, people: pd.Series) -> pd.DataFrame:
    """Measure dispersion and weighted urban proliferation of built land; a cell sees those of the neighbours too."""
    rows = []
    for code, zone in zones.geometry.items():
        left, bottom, right, top = zone.bounds
        window = (
            slice(int((raster.north - top) // CELL_M), math.ceil((raster.north - bottom) / CELL_M)),
            slice(int((left - raster.west) // CELL_M), math.ceil((right - raster.west) / CELL_M)),
        )
        built = raster.built[window]
        corner = (raster.west + window[1].start * CELL_M, raster.north - window[0].start * CELL_M)
        bounds = (corner[0], corner[1] - built.shape[0] * CELL_M, corner[0] + built.shape[1] * CELL_M, corner[1])
        record = weighted_urban_proliferation(
            built,
            cell_size_m=CELL_M,
            inhabitants_and_jobs=float(people.get(code, math.nan)),
            within=built_raster(gpd.GeoSeries([zone], crs=zones.crs), bounds, cell_size_m=CELL_M),
            dispersion=raster.dispersion[window],
        )
        rows.append(
            {
                "dispersion_upu_per_m2": record.dispersion_upu_per_m2,
                "uptake_m2_per_person": record.uptake_m2_per_person,
                "proliferation_upu_per_m2": record.proliferation_upu_per_m2,
            }
        )
    return pd.DataFrame(rows, index=zones.index)
