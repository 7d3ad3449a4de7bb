"""Which zones does the territory meet, and which communes are in each?"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.errors import LayerError, some
from hp_sig.layers.membership import read_membership
from hp_sig.layers.scot import read_scot
from hp_sig.layers.zones import read_zones
from hp_sig.territory import Zone

__all__ = ["STATUS_ORDER", "ZoneLayer", "assemble_zones", "read_zone_layer"]

#: From the most to the least telling: a commune on the lists of two SCoT is told by the first.
STATUS_ORDER = ("approved", "in_progress", "none", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLayer:
    """A layer of zones, ready to use.

    Parameters
    ----------
    config
        What the territory file says of it.
    zones
        Index `config.key`; `name`, `geometry` (EPSG:2154). A list of communes adds `commune_count` (those in the
        territory, which make the geometry) and `commune_total` (those of the whole list); a SCoT adds `status`.
    members
        For a list of communes: index `commune_code`; the zone's code (`config.key`), `name`, and for a SCoT
        `status`, for the communes of the territory that are listed.
    whole_list
        For a list of communes: the zone of every commune of the file, so that a merger is told from a move.
    """

    config: Zone
    zones: gpd.GeoDataFrame
    members: pd.DataFrame | None = None
    whole_list: pd.Series | None = None


def read_zone_layer(path: Path, zone: Zone) -> pd.DataFrame:
    """Read the file of a zone layer, whatever its kind."""
    if zone.id == "scot":
        scot = read_scot(path, vintage=zone.vintage, fields=zone.fields, crs=zone.crs, layer=zone.layer)
        unknown = sorted((set(zone.status) | set(zone.keep)) - set(scot.index))
        if unknown:
            raise LayerError(path, [f"« status » or « keep » names {some(unknown)}, found only {some(scot.index)}."])
        scot["status"] = pd.Series(zone.status, dtype="object").reindex(scot.index).fillna(scot["status"])
        return scot[scot.index.isin(zone.keep)] if zone.keep else scot
    if zone.kind == "communes":
        year = cast("int", zone.cog_year)
        return read_membership(path, cog_year=year, key=zone.key, keep=zone.keep, fields=zone.fields)
    return read_zones(
        path,
        key=zone.key,
        vintage=zone.vintage,
        keep=zone.keep,
        fields=zone.fields,
        crs=zone.crs,
        layer=zone.layer,
    )


def assemble_zones(
    zone: Zone, frame: pd.DataFrame, communes: gpd.GeoDataFrame, path: Path, notes: list[str]
) -> ZoneLayer:
    """Check a zone layer against the communes; what should be known goes to `notes`.

    Raises
    ------
    LayerError
        If it does not fit the territory.
    """
    if zone.kind == "perimeter":
        drawn = cast("gpd.GeoDataFrame", frame)
        if drawn.geometry.isna().any():
            raise LayerError(
                path, ['expected perimeters, found lists of communes. Set kind = "communes" and cog_year.']
            )
        zones = _meeting(drawn, communes, path)
        notes += _mutual_overlaps(zones)
        return ZoneLayer(config=zone, zones=zones)
    listed = (
        _listed(zone, frame, communes.index, notes)
        if zone.id == "scot"
        else frame.set_axis([zone.key, "name"], axis="columns")
    )
    members = listed[listed.index.isin(communes.index)]
    if members.empty:
        raise LayerError(
            path,
            [f"none of its communes is in the territory; found {some(listed.index)}. Check file and cog_year."],
        )
    absent = communes.index.difference(members.index)
    if len(absent) and zone.id == "epci":
        fault = (
            f"{len(absent)} communes of the territory are in no intercommunality: "
            f"{some(absent)}. Check file and cog_year."
        )
        raise LayerError(path, [fault])
    if len(absent) and zone.id != "scot":
        notes.append(f"{len(absent)} communes of the territory are not in this list: {some(absent)}.")
    return ZoneLayer(
        config=zone,
        zones=_united(zone, members, listed, communes),
        members=members,
        whole_list=listed[zone.key],
    )


def _listed(zone: Zone, scot: pd.DataFrame, territory: pd.Index, notes: list[str]) -> pd.DataFrame:
    rows = scot[["name", "status"]].assign(commune_codes=scot["commune_codes"].str.split())
    rows = rows.rename_axis(zone.key).reset_index().explode("commune_codes")
    rows = rows.dropna(subset="commune_codes").rename(columns={"commune_codes": "commune_code"})
    rows["rank"] = rows["status"].map(STATUS_ORDER.index)
    rows = rows.sort_values(["commune_code", "rank", zone.key]).astype({"commune_code": "str"})
    several = rows["commune_code"][rows["commune_code"].duplicated() & rows["commune_code"].isin(territory)].unique()
    if len(several):
        notes.append(
            f"{len(several)} communes are on the lists of several SCoT, the most advanced one is kept: {some(several)}."
        )
    return rows.drop_duplicates("commune_code").set_index("commune_code")[[zone.key, "name", "status"]]


def _united(zone: Zone, members: pd.DataFrame, listed: pd.DataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    columns = [column for column in ("name", "status") if column in members]
    groups = members.groupby(zone.key, sort=True)
    zones = groups[columns].first()
    zones["commune_count"] = groups.size()
    zones["commune_total"] = listed.groupby(zone.key).size().reindex(zones.index)
    united = communes.loc[members.index, ["geometry"]].assign(zone=members[zone.key]).dissolve("zone").loc[zones.index]
    shapes = united.geometry.to_numpy().copy()
    single = shapely.get_type_id(shapes) == 3
    shapes[single] = shapely.multipolygons(shapes[single][:, np.newaxis])
    return gpd.GeoDataFrame(zones, geometry=gpd.GeoSeries(shapes, index=zones.index, crs=communes.crs))


def _meeting(zones: gpd.GeoDataFrame, communes: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    found = np.unique(communes.sindex.query(zones.geometry, predicate="intersects")[0])
    if not len(found):
        shown = "({:.0f}, {:.0f}, {:.0f}, {:.0f})"
        fault = (
            f"no zone meets the territory: bounds {shown.format(*zones.total_bounds)}, the communes' "
            f"{shown.format(*communes.total_bounds)} in Lambert-93. Check the file and « keep »."
        )
        raise LayerError(path, [fault])
    return zones.iloc[found]


def _mutual_overlaps(zones: gpd.GeoDataFrame) -> list[str]:
    """Tell which zones of one layer overlap each other: the land they share counts in both."""
    first, second = zones.sindex.query(zones.geometry, predicate="overlaps")
    once = first < second
    first, second = first[once], second[once]
    shapes = zones.geometry.to_numpy()
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second])) / M2_PER_HA
    names = zones["name"].to_numpy()
    return [
        f"« {names[one]} » and « {names[other]} » overlap each other by {hectares:.0f} ha: this land counts in both."
        for one, other, hectares in zip(first, second, shared, strict=True)
        if hectares >= 1
    ]
