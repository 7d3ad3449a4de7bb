"""Who lives and works within reach of each hub, on which land, and how much of it do two hubs share?"""

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93, M2_PER_HA
from hp_sig.indicators.dasymetric import Weights, distribute, distributed_totals, weights_of
from hp_sig.indicators.polygons import polygon_parts
from hp_sig.indicators.screening import OUTSIDE
from hp_sig.parallel import shared
from hp_sig.results.catchment_land import land_inside, stock_inside
from hp_sig.results.hubs import AREA_KEYS, HUB, ServiceAreas, find_hubs
from hp_sig.results.screening import Screening
from hp_sig.results.screening_distances import park_layer
from hp_sig.results.screening_land import latest_cover

__all__ = ["catchment_tables", "empty_tables", "figures_of", "hub_tables"]

FIGURES = ("population", "households", "dwellings", "jobs")
#: Columns of the table of service areas, after the hub, in order.
MEASURES = [
    *(
        "speed_kmh",
        "edge_buffer_m",
        "catchment_ha",
        "crow_fly_ha",
        "crow_fly_share",
        "reached_km",
        "snap_m",
        "outside_share",
    ),
    *(*FIGURES, "crow_fly_population", "residents_method", "jobs_method", "population_year", "census_year"),
    *("artificialised_ha", "artificialised_share", "sealed_ha", "sealed_share", "vintages"),
]


#: A share under this is the noise of floating point.
NOISE_SHARE = 1e-9
#: Columns of the other tables.
PLACES = [
    *("hub_id", "hub_name", "mode", "minutes", "commune_code", "commune_name", "area_ha", "share_of_commune"),
    *("population", "population_share", "crow_fly_population"),
]
LAND = ["hub_id", "hub_name", "mode", "minutes", "axis", "class_code", "class_name", "area_ha", "share"]
OVERLAPS = [
    *("hub_id", "hub_name", "other_hub_id", "other_hub_name", "mode", "minutes"),
    *("overlap_ha", "population", "share_of_hub", "share_of_other"),
]


def catchment_tables(layers: Layers, reached: ServiceAreas) -> dict[str, pd.DataFrame]:
    """Make the tables of service areas: figures, communes met, land inside, overlaps between hubs.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    reached
        From :func:`hp_sig.results.hubs.service_areas`.
    """
    figures, years = figures_of(layers)
    weights = _weights(layers)
    spread = distribute(reached.areas, figures, weights)
    by_disc = distribute(reached.crow_fly, figures[["population"]], weights)
    places = _places(spread, by_disc, reached, layers)
    table = reached.areas.drop(columns="geometry").join(_totals(spread, reached.areas))
    table["crow_fly_population"] = _totals(by_disc, reached.areas)["population"]
    outside = 1 - table["inside_ha"].fillna(0.0) / table["catchment_ha"]
    table["outside_share"] = outside.where(outside > NOISE_SHARE, 0.0)
    table = table.join(stock_inside(reached.areas, layers)).assign(**years)
    whole = _told(table, reached.hubs)
    return {
        "catchments": whole[[*HUB, *AREA_KEYS[1:], *MEASURES]],
        "catchment_places": places,
        "catchment_land": _told(land_inside(reached.areas, layers), reached.hubs)[LAND],
        "catchment_overlaps": _overlaps(reached, figures, weights),
    }


def empty_tables() -> dict[str, pd.DataFrame]:
    """Give the tables of a territory whose projects are no hubs: no row."""
    columns = {
        "catchments": [*HUB, *AREA_KEYS[1:], *MEASURES],
        "catchment_places": PLACES,
        "catchment_land": LAND,
        "catchment_overlaps": OVERLAPS,
    }
    return {name: pd.DataFrame(columns=told) for name, told in columns.items()}


def hub_tables(layers: Layers, communes: pd.DataFrame, screening: Screening) -> dict[str, pd.DataFrame]:
    """Say where each hub stands (park, SCoT, planning zone), and how many passengers its station had each year.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    communes
        The table of communes of the results.
    screening
        Of the projects of the territory.
    """
    hubs = find_hubs(layers)
    told = pd.DataFrame(hubs.drop(columns="geometry")).reset_index()
    distances = screening.distances.set_index("project_id").reindex(told["hub_id"])
    told["park_name"] = distances["park_name"].to_numpy()
    told["park_distance_m"] = distances["park_m"].to_numpy()
    told["park_relation"] = _park_relation(screening, layers, told)
    latest = layers.latest("scot")
    scot = "" if latest is None else latest.config.layer_name
    told["scot_name"] = _mainly(screening, scot, "other_name", told["hub_id"])
    told["scot_status"] = told["commune_code"].map(communes["scot_status"]) if "scot_status" in communes else None
    told["zone_kind"] = _mainly(screening, "zoning", "other_code", told["hub_id"])
    columns = ["park_name", "park_relation", "park_distance_m", "scot_name", "scot_status", "zone_kind"]
    texts = [column for column in [*HUB, "scale", *columns] if column != "park_distance_m"]
    stations = told[[*HUB, "scale", *columns]].astype(dict.fromkeys(texts, "str"))
    return {"hub_stations": stations, "ridership": _ridership(layers.mobility.ridership, told)}


def _park_relation(screening: Screening, layers: Layers, hubs: pd.DataFrame) -> pd.Series:
    """Say which hubs are inside a park, and which footprints are partly."""
    rows = screening.overlaps
    out = rows[(rows["other_layer"] == park_layer(layers)) & (rows["other_code"] == OUTSIDE)]
    left_out = out.set_index("project_id")["share_of_project"].reindex(hubs["hub_id"]).fillna(0.0).to_numpy()
    relation = pd.Series(np.where(left_out > NOISE_SHARE, "partial", "inside"), index=hubs.index)
    return relation.where(hubs["park_distance_m"] == 0)


def _mainly(screening: Screening, layer: str, column: str, hubs: pd.Series) -> npt.NDArray[np.object_]:
    """Give what each hub lies in, in one layer: at its point, or under most of its footprint; missing for none."""
    rows = screening.overlaps[screening.overlaps["other_layer"] == layer]
    rows = rows[rows["other_code"] != OUTSIDE].sort_values("overlap_ha", ascending=False, kind="stable")
    found = rows.drop_duplicates("project_id").set_index("project_id")[column]
    return np.asarray(found.reindex(hubs), dtype=object)


def _ridership(ridership: pd.DataFrame | None, hubs: pd.DataFrame) -> pd.DataFrame:
    columns = [*HUB[:2], "station_uic", "station_name", "year", "passengers"]
    if ridership is None:
        return pd.DataFrame(columns=columns)
    rows = ridership.reset_index().rename(columns={"uic_code": "station_uic"})
    return hubs.merge(rows, on="station_uic")[columns].sort_values(["hub_id", "year"], ignore_index=True)


def figures_of(layers: Layers) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Give the figures of communes that are spread, and of which year each is.

    Households and jobs are those of the census, or else of the latest census that came with the ENAF flows.
    """
    codes = layers.communes.index
    figures = pd.DataFrame(np.nan, index=codes, columns=list(FIGURES))
    years: dict[str, Any] = {"population_year": pd.NA, "census_year": pd.NA}
    source, census, context = layers.territory.population, layers.mobility.census, layers.land.context
    if layers.population is not None and source is not None:
        figures["population"] = layers.population[source.year]
        years["population_year"] = source.year
    if census is not None:
        known = [column for column in FIGURES[1:] if column in census.columns]
        figures[known] = census[known]
        years["census_year"] = census.attrs.get("census_year") or pd.NA
    elif context is not None:
        dated = [int(name.rpartition("_")[2]) for name in context.columns if name.startswith("households_")]
        if dated:
            year = max(dated)
            for name in ("households", "jobs"):
                if f"{name}_{year}" in context.columns:
                    figures[name] = context[f"{name}_{year}"].reindex(codes)
            years["census_year"] = year
    return figures, years


def _weights(layers: Layers) -> Weights:
    covers = [(departement, cover) for departement, (_, _, cover) in latest_cover(layers).items()]
    return weights_of(
        layers.communes,
        buildings=layers.mobility.buildings,
        land_cover=covers or None,
        roads=layers.mobility.roads,
    )


def _totals(spread: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    totals = distributed_totals(spread).rename(columns={"area_ha": "inside_ha"})
    return totals.reindex(areas.index)


def _told(table: pd.DataFrame, hubs: gpd.GeoDataFrame) -> pd.DataFrame:
    """Put the columns that tell a hub before a table by service area."""
    rows = table.reset_index()
    names = pd.DataFrame(hubs.drop(columns="geometry"))
    return rows.merge(names[HUB[1:]], left_on="hub_id", right_index=True, how="left").astype({"minutes": "int64"})


def _places(spread: pd.DataFrame, by_disc: pd.DataFrame, reached: ServiceAreas, layers: Layers) -> pd.DataFrame:
    """List the communes that a service area or its disc meets, with what each holds of them."""
    rows = spread[["area_ha", "share_of_commune", "population"]].join(
        by_disc[["population"]].add_prefix("crow_fly_"), how="outer"
    )
    # A commune that only the disc meets has nobody within reach.
    met = rows["area_ha"].notna()
    rows.loc[~met, ["area_ha", "share_of_commune", "population"]] = 0.0
    rows["crow_fly_population"] = rows["crow_fly_population"].where(rows.index.isin(by_disc.index), 0.0)
    rows = rows.reset_index()
    own = figures_of(layers)[0]["population"]
    rows["commune_name"] = rows["commune_code"].map(layers.communes["name"])
    rows["population_share"] = rows["population"] / rows["commune_code"].map(own).astype("float64")
    rows["hub_name"] = rows["hub_id"].map(reached.hubs["hub_name"])
    rows = rows.astype({"minutes": "int64"}).reset_index(drop=True)
    return rows.sort_values([*AREA_KEYS, "commune_code"], ignore_index=True)[PLACES]


def _overlaps(reached: ServiceAreas, figures: pd.DataFrame, weights: Weights) -> pd.DataFrame:
    """Measure the land, and the people, that two hubs share in each mode and time, told from the side of each."""
    keys = reached.areas.index.to_frame(index=False)
    shapes = reached.areas.geometry.to_numpy()
    pairs = keys.reset_index(names="own").merge(keys.reset_index(names="other"), on=["mode", "minutes"])
    pairs = pairs[pairs["own"] < pairs["other"]].reset_index(drop=True)
    pairs = pairs.rename(columns={"hub_id_x": "hub_id", "hub_id_y": "other_hub_id"}).astype({"minutes": "int64"})
    first, second = shapes[pairs["own"]], shapes[pairs["other"]]
    common, owner = polygon_parts(shared(shapely.intersection, first, second))
    kept, rank = np.unique(owner, return_inverse=True)
    drawn = gpd.GeoSeries(shapely.multipolygons(common, indices=rank), index=pairs.index[kept], crs=LAMBERT93)
    pairs["overlap_ha"] = (drawn.area / M2_PER_HA).reindex(pairs.index, fill_value=0.0)
    people = pd.Series(0.0, index=pairs.index)
    if len(drawn):
        people[drawn.index] = distributed_totals(distribute(drawn, figures[["population"]], weights))["population"]
    pairs["population"] = people
    for end, areas in (("hub", first), ("other", second)):
        pairs[f"share_of_{end}"] = pairs["overlap_ha"] * M2_PER_HA / shapely.area(areas)
    turned = {"hub_id": "other_hub_id", "share_of_hub": "share_of_other"}
    turned |= {after: before for before, after in turned.items()}
    table = pd.concat([pairs, pairs.rename(columns=turned)], ignore_index=True)
    ranks = {"mode": dict.fromkeys(keys["mode"]), "hub_id": dict.fromkeys(reached.hubs.index)}
    for column, known in ranks.items():
        table[f"{column}_rank"] = table[column].map({code: rank for rank, code in enumerate(known)})
    table = table.sort_values(["mode_rank", "minutes", "hub_id_rank"], kind="stable")
    for end in ("hub", "other_hub"):
        table[f"{end}_name"] = table[f"{end}_id"].map(reached.hubs["hub_name"])
    return table[OVERLAPS].reset_index(drop=True)
