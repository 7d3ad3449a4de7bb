"""Which roads, buildings, census figures and ridership does the territory have, and do they fit it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import geopandas as gpd
import pandas as pd

from hp_sig.assembly.near import meets, near
from hp_sig.errors import LayerError, some
from hp_sig.layers.projects import PLACED
from hp_sig.territory import Territory

__all__ = ["MobilityLayers", "assemble_mobility", "hub_faults"]

#: Roads this far from the communes are kept, in metres: who lives beyond the limit may be the first to reach a hub.
ROAD_MARGIN_M = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MobilityLayers:
    """What the territory knows of how one gets about in it, and of who lives and works where.

    Parameters
    ----------
    roads
        From :func:`hp_sig.layers.roads.read_roads`, near the communes.
    buildings
        From :func:`hp_sig.layers.buildings.read_buildings`, those that meet a commune.
    census
        Index `commune_code`: `households`, `dwellings`, `jobs`; `attrs["census_year"]`.
    ridership
        Index `uic_code`, `year`: `passengers`.
    """

    roads: gpd.GeoDataFrame | None = None
    buildings: gpd.GeoDataFrame | None = None
    census: pd.DataFrame | None = None
    ridership: pd.DataFrame | None = None


def assemble_mobility(
    frames: Mapping[str, pd.DataFrame],
    communes: gpd.GeoDataFrame,
    paths: Mapping[str, Path],
    notes: Mapping[str, list[str]],
    errors: list[LayerError],
) -> MobilityLayers:
    """Check the layers against the communes.

    Parameters
    ----------
    frames, paths
        Layers as read, and their files, by name.
    communes
        Of the territory.
    notes, errors
        What should be known, and what cannot be used; both are added to.
    """
    roads = _located("roads", frames, communes, ROAD_MARGIN_M, paths, errors)
    buildings = _located("buildings", frames, communes, 0.0, paths, errors)
    census = frames.get("census")
    if census is not None:
        absent = communes.index.difference(census.index)
        if len(absent) == len(communes):
            fault = f"none of its communes is in the territory; found {some(census.index)}. Check the file."
            errors.append(LayerError(paths["census"], [fault]))
        elif len(absent):
            notes["census"].append(f"{len(absent)} communes of the territory are not in the file: {some(absent)}.")
        attributes = dict(census.attrs)
        census = census.reindex(communes.index)
        census.attrs.update(attributes)
    return MobilityLayers(roads=roads, buildings=buildings, census=census, ridership=frames.get("ridership"))


def hub_faults(territory: Territory, projects: pd.DataFrame | None) -> list[str]:
    """Say which hubs of the territory file are no projects, or have no place."""
    named = territory.hubs.projects
    if not named:
        return []
    known = pd.Series(dtype="str") if projects is None else projects["scale"]
    unknown = [code for code in named if code not in known.index]
    faults = []
    if unknown:
        faults.append(
            f"hubs.projects: projects of the territory expected, found {some(unknown)}. Projects: {some(known.index)}."
        )
    nowhere = [code for code in named if code in known.index and known[code] not in PLACED]
    if nowhere:
        faults.append(
            f"hubs.projects: projects with a place (scale site or footprint) expected, found {some(nowhere)}. "
            "Give them lon and lat, or draw them."
        )
    return faults


def _located(
    name: str,
    frames: Mapping[str, pd.DataFrame],
    communes: gpd.GeoDataFrame,
    metres: float,
    paths: Mapping[str, Path],
    errors: list[LayerError],
) -> gpd.GeoDataFrame | None:
    """Keep what lies near the communes; a layer that lies elsewhere is of another territory."""
    layer = cast("gpd.GeoDataFrame | None", frames.get(name))
    if layer is None:
        return None
    if not meets(layer, communes):
        fault = "no feature meets a commune of the territory. Check the file."
        errors.append(LayerError(paths[name], [fault]))
    return near(layer, communes, metres)
