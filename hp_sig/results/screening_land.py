"""What land lies in the footprint of each project: artificialised, sealed, neither, unknown?

Each commune's part of a footprint is measured with the latest land cover of its own département.
"""

import geopandas as gpd
import numpy as np
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93, M2_PER_HA
from hp_sig.indicators.screening import OUTSIDE, classes_at, cut_by_footprints, is_noise, potential_take, union_area
from hp_sig.indicators.stock import is_artificialised
from hp_sig.reference.labels import wording
from hp_sig.reference.nomenclature import sealed_covers
from hp_sig.results.land_changes import states_of

__all__ = [
    "HECTARES",
    "PROJECT",
    "at_scale",
    "commune_parts",
    "commune_pieces",
    "cut_land",
    "land_table",
    "latest_cover",
    "summed_parts",
]

#: Columns by which a project is told.
PROJECT = ["project_id", "project_name", "scale"]
HECTARES = ["area_ha", "covered_ha", "artificialised_ha", "sealed_ha"]


def at_scale(located: gpd.GeoDataFrame, scale: str) -> gpd.GeoSeries:
    """Give the shapes of the projects of one scale."""
    return gpd.GeoSeries(located.geometry[located["scale"] == scale], crs=LAMBERT93)


def commune_pieces(footprints: gpd.GeoSeries, layers: Layers) -> gpd.GeoDataFrame:
    """Cut footprints by commune; index `project_id`, columns `commune_code`, `departement_code`, `geometry`."""
    communes = layers.communes[["departement_code", "geometry"]].rename_axis("commune_code").reset_index()
    pieces = cut_by_footprints(footprints, communes)
    return gpd.GeoDataFrame(pieces[~is_noise(pieces.area, footprints.area.reindex(pieces.index))])


def latest_cover(layers: Layers) -> dict[str, tuple[int, gpd.GeoDataFrame, gpd.GeoDataFrame]]:
    """Give each département with land cover its latest year, its state, and the layer that tells its classes."""
    found = {}
    for departement in layers.communes["departement_code"].astype("str").unique():
        states = states_of(layers.land, departement)
        if states:
            years, state = list(states.items())[-1]
            found[departement] = (years[0], state, layers.land.of_kind("cover", departement).get(years, state))
    return found


def cut_land(pieces: gpd.GeoDataFrame, layers: Layers) -> dict[str, gpd.GeoDataFrame]:
    """Cut the latest land cover by the part of each footprint in each commune, with the file of its own département.

    Gives the pieces of its `states`, for what is artificialised, and of its `classes`, by project.
    """
    latest = latest_cover(layers)
    if not latest:
        return {}
    cut: dict[str, list[gpd.GeoDataFrame]] = {"states": [], "classes": []}
    numbered = pieces.reset_index()
    keys = numbered[["project_id", "commune_code"]]
    for departement, (year, state, classes) in latest.items():
        own = gpd.GeoSeries(numbered.geometry[numbered["departement_code"] == departement], crs=LAMBERT93)
        met = cut_by_footprints(own, state)
        met["is_artificialised"] = is_artificialised(met).to_numpy() if len(met) else []
        cut["states"].append(met.join(keys).assign(year=str(year)))
        met = met if classes is state else cut_by_footprints(own, classes)
        cut["classes"].append(met.join(keys))
    columns = {
        "states": ["commune_code", "year", "cover_code", "is_artificialised", "geometry"],
        "classes": ["cover_code", "use_code", "geometry"],
    }
    return {
        name: gpd.GeoDataFrame(pd.concat(tables).set_index("project_id").reindex(columns=columns[name]), crs=2154)
        for name, tables in cut.items()
    }


def commune_parts(
    located: gpd.GeoDataFrame, pieces: gpd.GeoDataFrame, cut: dict[str, gpd.GeoDataFrame], layers: Layers
) -> pd.DataFrame:
    """List the communes of each project, with the hectares of the part of a footprint that lies in each.

    What sticks out of the territory is a part without commune: of its land nothing is known but the area.
    """
    keys = ["project_id", "commune_code"]
    whole = at_scale(located, "footprint").area
    parts = pd.DataFrame(pieces.assign(area_ha=pieces.area / M2_PER_HA).reset_index()[[*keys, "area_ha"]])
    out = whole - pieces.area.groupby(level=0).sum().reindex(whole.index, fill_value=0.0)
    out = (out / M2_PER_HA)[~is_noise(out, whole)]
    parts = pd.concat([parts, out.rename("area_ha").rename_axis("project_id").reset_index()], ignore_index=True)
    parts = parts.merge(_measured(cut["states"]), on=keys, how="left") if cut else parts.assign(vintages=None)
    parts = parts.reindex(columns=[*keys, *HECTARES, "vintages"]).astype(dict.fromkeys(HECTARES, "float64"))
    parts["covered_ha"] = parts["covered_ha"].fillna(0.0)
    sites = classes_at(at_scale(located, "site"), layers.communes.reset_index(), by="commune_code")
    named = located["commune_code"][located["scale"] == "commune"]
    others = pd.concat([sites[sites != OUTSIDE], named[named.isin(layers.communes.index)]]).reset_index()
    return pd.concat([parts, others], ignore_index=True) if len(others) else parts


def _measured(states: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure covered, artificialised and sealed land by project and commune, each piece of land once."""
    rows = []
    shapes, taken = states.geometry.to_numpy(), states["is_artificialised"].to_numpy(bool)
    sealed = states["cover_code"].isin(sealed_covers()).to_numpy()
    keys = ["project_id", "commune_code"]
    ranked = states.reset_index()[keys].reset_index(names="piece").groupby(keys, sort=False)["piece"].agg(list)
    for (project, commune), ranks in zip(ranked.index.tolist(), ranked, strict=True):
        own = np.array(ranks, dtype=np.intp)
        areas = [union_area(shapes[chosen]) for chosen in (own, own[taken[own]], own[sealed[own]])]
        rows.append((project, commune, *(area / M2_PER_HA for area in areas), states["year"].iloc[own[0]]))
    return pd.DataFrame(rows, columns=[*keys, *HECTARES[1:], "vintages"]).astype(
        {"project_id": "str", "commune_code": "str", "vintages": "str"}
    )


def summed_parts(parts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Sum parts, then tell their potential take; without a footprint all is NaN, without land cover what it tells."""
    groups = parts.groupby(keys, sort=False, dropna=False)
    table = groups[HECTARES].sum(min_count=1)
    table["vintages"] = groups["vintages"].agg(lambda told: " + ".join(sorted(set(told.dropna()))) or np.nan)
    return table.join(potential_take(table)).reset_index().astype({"vintages": "str"})


def land_table(located: gpd.GeoDataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Sum the land of each project over its whole footprint, one row a project."""
    told = located[["name", "scale"]].rename(columns={"name": "project_name"}).reset_index()
    rows = pd.DataFrame(told).merge(parts, on="project_id", how="left")
    table = summed_parts(rows, PROJECT)[[*PROJECT, *HECTARES, "enaf_ha", "take_ha", "take_method", "vintages"]]
    return table.rename(columns={"area_ha": "footprint_ha"}).assign(caveat=wording("screening", "potential"))
