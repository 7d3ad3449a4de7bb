"""What does each project lie in: communes, zones, parks, planning zones, classes of land?"""

import math

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.indicators.screening import OUTSIDE, classes_at, cut_by_footprints, overlap_by_class
from hp_sig.reference.nomenclature import cover_label, use_label
from hp_sig.results.groups import TERRITORY_LAYER
from hp_sig.results.screening_draw import wide_zones, zone_names
from hp_sig.results.screening_land import PROJECT, at_scale, latest_cover

__all__ = ["overlap_rows"]


def overlap_rows(located: gpd.GeoDataFrame, cut: dict[str, gpd.GeoDataFrame], layers: Layers) -> pd.DataFrame:
    """Say what each project lies in: hectares of a footprint, classes at a site, zones of what has no place.

    Parameters
    ----------
    located
        Projects, each where it stands.
    cut
        Land cover cut by footprints.
    layers
        What to look at.
    """
    sites, footprints = at_scale(located, "site"), at_scale(located, "footprint")
    zones = {"communes": layers.communes, **{name: layer.zones for name, layer in layers.zones.items()}}
    drawn = {name: _coded(zones[name], zones[name].index) for name in zones}
    if layers.land.zoning is not None:
        drawn["zoning"] = _coded(layers.land.zoning, layers.land.zoning["zone_kind"])
    tables = []
    for name, layer in drawn.items():
        measured = overlap_by_class(footprints, cut_by_footprints(footprints, layer), by="other_code").reset_index()
        tables.append(measured.assign(other_layer=name, relation="overlap"))
        tables.append(_at(sites, layer).assign(other_layer=name))
    for name, column in (("cover", "cover_code"), ("use", "use_code")):
        if cut:
            measured = overlap_by_class(footprints, cut["classes"], by=column).reset_index()
            tables.append(measured.rename(columns={column: "other_code"}).assign(other_layer=name, relation="overlap"))
            tables.append(_land_at(sites, layers, column).assign(other_layer=name))
    tables.append(_named_zones(located, layers))
    rows = pd.concat(tables, ignore_index=True)
    rows["rank"] = rows["project_id"].map({code: rank for rank, code in enumerate(located.index)})
    order = {name: rank for rank, name in enumerate([*zones, TERRITORY_LAYER, "zoning", "cover", "use"])}
    rows["layer_rank"] = rows["other_layer"].map(order)
    rows = rows.sort_values(["rank", "layer_rank"], kind="stable", ignore_index=True)
    rows["project_name"], rows["scale"] = (rows["project_id"].map(located[name]) for name in ("name", "scale"))
    named = zone_names(layers).to_dict()
    rows["other_name"] = [
        named.get((layer, code), _class_name(layer, code))
        for layer, code in zip(rows["other_layer"], rows["other_code"], strict=True)
    ]
    texts = [*PROJECT, "other_layer", "other_code", "other_name", "relation"]
    hectares = ["overlap_ha", "share_of_project", "double_ha"]
    kinds = {**dict.fromkeys(texts, "str"), **dict.fromkeys(hectares, "float64")}
    return rows.reindex(columns=list(kinds)).astype(kinds)


def _coded(layer: gpd.GeoDataFrame, codes: object) -> gpd.GeoDataFrame:
    return layer[["geometry"]].assign(other_code=pd.Series(codes, index=layer.index).astype("str"))


def _class_name(layer: str, code: str) -> str | float:
    """Name a class of land; kinds of zones, and what is outside, are named where they are shown."""
    names = {"cover": cover_label, "use": use_label}
    return names[layer](code) if layer in names and code != OUTSIDE else math.nan


def _at(sites: gpd.GeoSeries, layer: gpd.GeoDataFrame) -> pd.DataFrame:
    return classes_at(sites, layer, by="other_code").rename_axis("project_id").reset_index().assign(relation="at_point")


def _land_at(sites: gpd.GeoSeries, layers: Layers, column: str) -> pd.DataFrame:
    """Tell the land at each site, in the file of the département of its commune."""
    departement = classes_at(sites, layers.communes, by="departement_code")
    departement = departement[~departement.index.duplicated()]
    tables = []
    for code, (_, _, classes) in latest_cover(layers).items():
        own = gpd.GeoSeries(sites[(departement == code).to_numpy()], crs=sites.crs)
        tables.append(_at(own, classes[["geometry"]].assign(other_code=classes[column])))
    found = pd.concat(tables, ignore_index=True)
    unknown = sites.index.difference(pd.Index(found["project_id"]), sort=False)
    outside = pd.DataFrame({"project_id": unknown, "other_code": OUTSIDE, "relation": "at_point"})
    return pd.concat([found, outside], ignore_index=True)


def _named_zones(located: gpd.GeoDataFrame, layers: Layers) -> pd.DataFrame:
    """Give the zones of the projects without a place: what their list names, and what their commune is a member of."""
    rows = []
    for project, commune in located["commune_code"][located["scale"] == "commune"].items():
        known = commune in layers.communes.index
        rows.append((project, "communes", commune if known else OUTSIDE, "named"))
        for name, layer in layers.zones.items():
            if known and layer.members is not None:
                found = layer.members[layer.config.key].get(str(commune), OUTSIDE)
                rows.append((project, name, found, "member"))
    columns = ["project_id", "other_layer", "other_code", "relation"]
    named = wide_zones(located, layers).rename(columns={"zone_layer": "other_layer", "zone_code": "other_code"})
    return pd.concat([pd.DataFrame(rows, columns=columns, dtype="str"), named], ignore_index=True)
