"""Where do the projects and the stations stand, for those that have a place of their own?"""

from collections.abc import Sequence
from typing import cast

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93
from hp_sig.maps.cards import card, card_tooltip
from hp_sig.maps.safety import safe_text
from hp_sig.maps.shapes import DECIMALS
from hp_sig.reference.labels import wording

__all__ = ["add_projects", "add_stations", "legend_of_points"]

HUB = '<span class="hp-hub"></span>'
SITE = '<span class="hp-site"></span>'
STATION = '<span class="hp-station"></span>'
FOOTPRINT_COLOUR = "#b3001b"


def add_projects(figure: folium.Map, layers: Layers) -> None:
    """Draw the projects located at a site (at its station where one is named) or by a footprint."""
    if layers.projects is None:
        return
    drawn = layers.projects[layers.projects["scale"].isin(["site", "footprint"])].copy()
    stations = pd.Series(dtype="str") if layers.stations is None else layers.stations["name"]
    # A footprint stays where it is drawn, whatever station it names.
    station_names = drawn["station_uic"].map(stations).where(drawn["scale"] == "site")
    if layers.stations is not None:
        at_station = gpd.GeoSeries(layers.stations.geometry.reindex(drawn["station_uic"]))
        shapes = np.where(station_names.isna(), drawn.geometry.to_numpy(), at_station.to_numpy())
        drawn = drawn.set_geometry(gpd.GeoSeries(shapes, index=drawn.index, crs=LAMBERT93))
    group = folium.FeatureGroup(name=safe_text(wording("map", "projects")))
    is_point = drawn.geometry.geom_type == "Point"
    degrees = drawn[is_point].geometry.to_crs(4326)
    for code, x, y in zip(degrees.index, degrees.x, degrees.y, strict=True):
        station = station_names[code] if pd.notna(station_names[code]) else ""
        sign = HUB if station else SITE
        _marker(x, y, drawn["name"][code], _rows(drawn.loc[code], station), sign=sign, shown=station).add_to(group)
    footprints = drawn[~is_point]
    if len(footprints):
        cards = [card(str(row["name"]), _rows(row, "")) for _, row in footprints.iterrows()]
        limits = footprints.geometry.to_crs(4326).to_numpy()
        rounded = shapely.transform(limits, lambda points: points.round(DECIMALS + 1))
        folium.GeoJson(
            gpd.GeoDataFrame({"card": cards}, geometry=rounded, crs=4326),
            style_function=lambda _: {"color": FOOTPRINT_COLOUR, "weight": 3, "fillOpacity": 0.35},
            tooltip=card_tooltip(),
            control=False,
        ).add_to(group)
    group.add_to(figure)


def add_stations(figure: folium.Map, layers: Layers) -> None:
    """Draw the passenger stations that no project names."""
    if layers.stations is None:
        return
    others = _other_stations(layers)
    if others.empty:
        return
    group = folium.FeatureGroup(name=safe_text(wording("map", "stations")))
    degrees = others.geometry.to_crs(4326)
    for name, x, y in zip(others["name"], degrees.x, degrees.y, strict=True):
        _marker(x, y, f"{wording('map', 'station')} {name}", [], sign=STATION).add_to(group)
    group.add_to(figure)


def _rows(project: pd.Series, station: str) -> list[tuple[str, str]]:
    rows = []
    if pd.notna(project["axis"]):
        rows.append((wording("map", "axis"), _axis(str(project["axis"]))))
    if station:
        rows.append((wording("map", "station"), station))
    rows.append((wording("map", "located"), wording("scale", str(project["scale"]))))
    return rows


def _axis(axis: str) -> str:
    try:
        return wording("axis", axis)
    except KeyError:
        return axis


def legend_of_points(layers: Layers) -> list[tuple[str, str]]:
    """Tell the signs that are on the map, and no other."""
    rows = []
    if layers.projects is not None:
        scales = layers.projects["scale"]
        named = layers.projects["station_uic"]
        at_station = named.isin(layers.stations.index) if layers.stations is not None else named.isna() & named.notna()
        if ((scales == "site") & at_station).any():
            rows.append((HUB, wording("map", "hub")))
        if ((scales == "site") & ~at_station).any():
            rows.append((SITE, wording("map", "site")))
        if (scales == "footprint").any():
            rows.append(('<i class="hp-key hp-footprint"></i>', wording("map", "footprint")))
    if layers.stations is not None and len(_other_stations(layers)):
        rows.append((STATION, wording("map", "station")))
    return rows


def _other_stations(layers: Layers) -> gpd.GeoDataFrame:
    stations = cast("gpd.GeoDataFrame", layers.stations)
    named = set() if layers.projects is None else set(layers.projects["station_uic"].dropna())
    others: gpd.GeoDataFrame = stations.loc[~stations.index.isin(named) & stations["passengers"]]
    return others


def _marker(
    x: float, y: float, name: str, rows: Sequence[tuple[str, str]], *, sign: str, shown: str = ""
) -> folium.Marker:
    """Place a sign, with a name beside it where there is one to show; readers of screens hear the thing's own."""
    size = 26 if sign == HUB else 16
    beside = f'<span class="hp-zone hp-name" aria-hidden="true">{safe_text(shown)}</span>' if shown else ""
    spoken = f'<span class="hp-spoken">{safe_text(name)}</span>'
    icon = folium.DivIcon(
        html=sign + beside + spoken, icon_size=(size, size), icon_anchor=(size // 2, size // 2), class_name="hp-point"
    )
    tooltip = folium.Tooltip(card(name, rows), class_name="hp-card")
    return folium.Marker([round(y, DECIMALS), round(x, DECIMALS)], icon=icon, tooltip=tooltip)
