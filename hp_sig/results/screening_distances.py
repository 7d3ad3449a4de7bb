"""How far is each project from a station, from the town and from a park?"""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93
from hp_sig.indicators.envelope import urban_envelope
from hp_sig.indicators.polygons import polygon_parts
from hp_sig.indicators.screening import nearest
from hp_sig.indicators.stock import is_artificialised
from hp_sig.layers.projects import PLACED
from hp_sig.results.screening_land import PROJECT, latest_cover
from hp_sig.results.shape import TRANSPORT

__all__ = ["ENVELOPE_RADII_M", "distance_table", "park_layer"]

#: Built land is looked for this far from a project, in metres, the nearest first; beyond the last, no distance is told.
ENVELOPE_RADII_M = (1_000.0, 4_000.0, 16_000.0)
#: Land this much farther is drawn too: a town that starts within the radius is whole, or large enough to be one.
ENVELOPE_MARGIN_M = 1_000.0
PARK = "pnr"


def park_layer(layers: Layers) -> str:
    """Name the layer of the parks: their perimeters, or else the latest list."""
    found = [layer for layer in layers.zones.values() if layer.config.id == PARK]
    best = max(found, key=lambda one: (one.members is None, one.config.cog_year or 0), default=None)
    return PARK if best is None else best.config.layer_name


def distance_table(located: gpd.GeoDataFrame, parts: pd.DataFrame, layers: Layers) -> pd.DataFrame:
    """Measure how far each site or footprint is from a station, from the town and from a park, in metres."""
    placed = gpd.GeoSeries(located.geometry[located["scale"].isin(PLACED)], crs=LAMBERT93)
    table = pd.DataFrame(located[["name", "scale"]].rename(columns={"name": "project_name"}))
    nothing = gpd.GeoDataFrame({"name": []}, geometry=[], crs=LAMBERT93)
    parks = layers.zones.get(park_layer(layers))
    stations = nothing if layers.stations is None else layers.stations[layers.stations["passengers"].astype(bool)]
    for name, code, others in (
        ("station", "station_uic", gpd.GeoDataFrame(stations)),
        ("park", "park_code", nothing if parks is None else parks.zones),
    ):
        found = nearest(placed, others).reindex(table.index)
        table[code] = found["code"].astype("str")
        table[f"{name}_name"] = found["code"].map(others["name"].astype("str")).astype("str")
        table[f"{name}_m"] = found["distance_m"].astype("float64")
    states = {departement: state for departement, (_, state, _) in latest_cover(layers).items()}
    departement_of = layers.communes["departement_code"].astype("str")
    own = parts.assign(departement=parts["commune_code"].map(departement_of))
    told = set(own["project_id"][own["departement"].isin(list(states))])
    table["envelope_m"] = [
        _envelope_m(placed[code], states, layers.communes) if code in told and code in placed.index else math.nan
        for code in table.index
    ]
    columns = ["station_uic", "station_name", "station_m", "envelope_m", "park_code", "park_name", "park_m"]
    return table.reset_index()[[*PROJECT, *columns]]


def _envelope_m(place: shapely.Geometry, states: dict[str, gpd.GeoDataFrame], communes: gpd.GeoDataFrame) -> float:
    """Measure how far the urban envelope is; only built land near the project is drawn."""
    for radius in ENVELOPE_RADII_M:
        town = _town_near(place, radius + ENVELOPE_MARGIN_M, states, communes)
        envelope = urban_envelope(town) if len(town) else town
        if len(envelope):
            distance = float(shapely.distance(place, envelope.geometry.to_numpy()).min())
            if distance <= radius:
                return distance
    return math.nan


def _town_near(
    place: shapely.Geometry, reach_m: float, states: dict[str, gpd.GeoDataFrame], communes: gpd.GeoDataFrame
) -> gpd.GeoSeries:
    """Give artificialised land near a place, transport apart, as the envelope of the whole territory is drawn."""
    shapes = []
    for departement, state in states.items():
        near = state.iloc[np.sort(state.sindex.query(place, predicate="dwithin", distance=reach_m))]
        near = near[~near["use_code"].astype("str").str.startswith(TRANSPORT)]
        if len(near):
            shapes.append(_apart(near[is_artificialised(near)], communes[communes["departement_code"] != departement]))
    return gpd.GeoSeries(pd.concat(shapes, ignore_index=True) if shapes else [], crs=communes.crs)


def _apart(town: gpd.GeoDataFrame, others: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Leave to other départements the land of their communes, which their own file tells."""
    met = others.sindex.query(town.geometry, predicate="intersects")[1]
    if not len(met):
        return gpd.GeoSeries(town.geometry, crs=town.crs)
    left = shapely.difference(town.geometry.to_numpy(), shapely.union_all(others.geometry.to_numpy()[np.unique(met)]))
    return gpd.GeoSeries(polygon_parts(left)[0], crs=town.crs)
