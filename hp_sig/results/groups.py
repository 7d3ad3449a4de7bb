"""Over which pieces of land is each zone of the territory summed?

A commune, a list of communes (EPCI, SCoT, living area) or the whole territory is a sum of communes; a perimeter (park)
is a sum of what it covers of each. Each piece lies in one département, hence has one land cover and its years.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.assembly import Layers
from hp_sig.indicators.polygons import polygon_parts

__all__ = ["TERRITORY_LAYER", "ZONE", "Groups", "group_zones", "named", "summed"]

#: Name of the layer that holds one zone: the whole territory.
TERRITORY_LAYER = "territory"
#: Columns by which each table of land tells a zone; `is_partial`: some of it lies out of the territory, and does not
#: count (8 of the 21 communes of Haute-Provence - Pays de Banon).
ZONE = ["zone_layer", "zone_code", "zone_name", "is_partial"]
#: A perimeter of which less than this share is missing is whole: limits are not drawn alike.
WHOLE_SHARE = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Zones as sums.

    Parameters
    ----------
    units
        Index `unit`: the communes under their own code, and each piece of a perimeter in a commune; columns
        `departement_code`, `commune_code`, `is_commune`, `geometry`.
    members
        One row a zone and unit that it is made of: `zone_layer`, `zone_code`, `unit`.
    communes
        One row a zone and commune: as `members`, a perimeter by the communes that lie inside it.
    names
        Index (`zone_layer`, `zone_code`): `zone_name`, `is_partial`.
    """

    units: gpd.GeoDataFrame
    members: pd.DataFrame
    communes: pd.DataFrame
    names: pd.DataFrame

    def zone_of(self, layer: str) -> pd.Series:
        """Give the zone of each commune in a layer, which has one at most."""
        rows = self.communes[self.communes["zone_layer"] == layer]
        return rows.set_index("unit")["zone_code"].rename_axis("commune_code")

    def lists_of(self, layer: str) -> list[pd.Series]:
        """Give the zone of each commune in a layer; where a commune is in two perimeters, a list for each zone."""
        zone_of = self.zone_of(layer)
        if zone_of.index.is_unique:
            return [zone_of]
        return [rows for _, rows in zone_of.groupby(zone_of, sort=True)]

    @property
    def layers(self) -> list[str]:
        """Name the layers, in order."""
        return list(dict.fromkeys(self.communes["zone_layer"]))


def group_zones(layers: Layers, overlaps: pd.DataFrame) -> Groups:
    """Lay out every zone of a territory as a sum of pieces of land.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    overlaps
        The table of overlaps of the results.
    """
    communes = layers.communes[["departement_code", "geometry"]]
    codes = communes.index.to_numpy()
    rows = [_rows("communes", codes, codes), _rows(TERRITORY_LAYER, TERRITORY_LAYER, codes)]
    names = {("communes", code): (name, False) for code, name in layers.communes["name"].items()}
    names[TERRITORY_LAYER, TERRITORY_LAYER] = (layers.territory.name, False)
    pieces, inside = [], []
    for name, layer in layers.zones.items():
        zone_names = layer.zones["name"]
        if layer.members is not None:
            partial = layer.zones["commune_total"] > layer.zones["commune_count"]
            zone_of = layer.members[layer.config.key]
            rows.append(_rows(name, zone_of.to_numpy(), zone_of.index.to_numpy()))
        else:
            cut = _pieces(name, layer.zones, communes)
            pieces.append(cut)
            partial = cut.area.groupby(cut["zone_code"]).sum().reindex(layer.zones.index) < (
                WHOLE_SHARE * layer.zones.area
            )
            true = overlaps[(overlaps["zone_layer"] == "communes") & (overlaps["other_layer"] == name)]
            true = true[true["relation"] == "inside"]
            inside.append(_rows(name, true["other_code"].to_numpy(), true["zone_code"].to_numpy()))
        names |= {(name, code): (zone_names[code], bool(partial[code])) for code in layer.zones.index}
    whole = communes.assign(commune_code=codes, is_commune=True).rename_axis("unit")
    units = gpd.GeoDataFrame(pd.concat([whole, *pieces]))
    members = pd.concat([*rows, *(piece[["zone_layer", "zone_code"]].reset_index() for piece in pieces)])
    index = pd.MultiIndex.from_tuples(list(names), names=["zone_layer", "zone_code"])
    return Groups(
        units=units[["departement_code", "commune_code", "is_commune", "geometry"]],
        members=members.reset_index(drop=True),
        communes=pd.concat([*rows, *inside], ignore_index=True),
        names=pd.DataFrame(list(names.values()), index=index, columns=["zone_name", "is_partial"]),
    )


def summed(units: pd.DataFrame, members: pd.DataFrame, *, keys: Sequence[str]) -> pd.DataFrame:
    """Sum hectares of units by zone and keys: a zone with one unknown unit is unknown.

    Parameters
    ----------
    units
        Column `unit`, the columns of `keys`, and columns to add up.
    members
        From :class:`Groups`.
    keys
        Columns of `units` that part the sums, such as the rank of the vintage.
    """
    parts = units[list(keys)].drop_duplicates()
    rows = members.merge(parts, how="cross").merge(units, on=["unit", *keys], how="left")
    values = [column for column in units.columns if column not in {"unit", *keys}]
    groups = rows.groupby(["zone_layer", "zone_code", *keys], sort=False)[values]
    return groups.sum().mask(groups.count().lt(groups.size(), axis="index")).reset_index()


def named(table: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    """Give each zone of a table its name, and say whether it is partial."""
    return table.merge(groups.names.reset_index(), on=["zone_layer", "zone_code"], how="left")


def _rows(layer: str, zones: object, units: object) -> pd.DataFrame:
    return pd.DataFrame({"zone_layer": layer, "zone_code": zones, "unit": units})


def _pieces(layer: str, zones: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut each perimeter by commune."""
    commune, zone = zones.sindex.query(communes.geometry, predicate="intersects")
    cut = shapely.intersection(communes.geometry.to_numpy()[commune], zones.geometry.to_numpy()[zone])
    parts, owner = polygon_parts(cut)
    kept, rank = np.unique(owner, return_inverse=True)
    codes, zone_codes = communes.index.to_numpy()[commune[kept]], zones.index.to_numpy()[zone[kept]]
    table = gpd.GeoDataFrame(
        {
            "departement_code": communes["departement_code"].to_numpy()[commune[kept]],
            "commune_code": codes,
            "is_commune": False,
            "zone_layer": layer,
            "zone_code": zone_codes,
        },
        geometry=shapely.multipolygons(parts, indices=rank),
        crs=communes.crs,
    )
    table.index = pd.Index(
        [f"{layer}/{one}/{other}" for one, other in zip(zone_codes, codes, strict=True)], name="unit"
    )
    return table
