"""A hub of the sample with catchments, land and figures made up for the purpose, each of which is told by its place.

The area of each time is the crow-fly disc west of a river that runs 300 m east of the station, and nothing beyond it.
"""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig import Layers
from hp_sig.maps.hubs.map import HubShapes

HUB, OTHER = "pem-la-brillanne", "pem-manosque"
#: As the crow flies, in metres a minute.
SPEEDS = {"walk": 80.0, "bike": 250.0}
TIMES = (("walk", 5), ("walk", 10), ("walk", 15), ("bike", 15), ("bike", 30))
#: Inhabitants, households, jobs, and inhabitants of the circle.
PEOPLE = {
    ("walk", 5): (212.0, 96.0, 61.0, 240.0),
    ("walk", 10): (684.0, 305.0, 148.0, 951.0),
    ("walk", 15): (1034.0, 461.0, 203.0, 1687.0),
    ("bike", 15): (5208.0, 2377.0, 1612.0, 8920.0),
    ("bike", 30): (15_870.0, 7204.0, 5233.0, 21_480.0),
}
RIVER_M = 300.0


def hub_columns() -> dict[str, str]:
    return {
        "hub_id": HUB,
        "hub_name": "Pôle multimodal de La Brillanne",
        "commune_code": "04034",
        "commune_name": "La Brillanne",
        "station_uic": "87751271",
        "station_name": "La Brillanne - Oraison",
    }


def hub_shapes(layers: Layers, *, wiggle: float = 0.0) -> HubShapes:
    """Draw the half discs; `wiggle` makes their limit uneven, as that of real catchments is."""
    origin = layers.stations.geometry["87751271"]
    turn = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    areas, discs = {}, {}
    for mode, minutes in TIMES:
        radius = SPEEDS[mode] * minutes
        reach = radius * (1 - wiggle * (0.5 + 0.5 * np.sin(7 * turn) * np.sin(3 * turn + 1)))
        points = np.column_stack([origin.x + reach * np.cos(turn), origin.y + reach * np.sin(turn)])
        bank = shapely.box(
            origin.x - 1e5, origin.y - 1e5, origin.x + RIVER_M * (1 if mode == "walk" else 9), origin.y + 1e5
        )
        areas[mode, minutes] = shapely.Polygon(points) & bank
        discs[mode, minutes] = origin.buffer(radius, quad_segs=32)
    index = pd.MultiIndex.from_tuples(TIMES, names=["mode", "minutes"])
    steps = np.arange(-1200, 1201, 110)
    grid = [shapely.LineString([(origin.x + at, origin.y - 1200), (origin.x + at, origin.y + 1200)]) for at in steps]
    grid += [shapely.LineString([(origin.x - 1200, origin.y + at), (origin.x + 1200, origin.y + at)]) for at in steps]
    streets = gpd.GeoSeries(grid, crs=2154).intersection(areas["walk", 15])
    streets = streets[~streets.is_empty].explode(ignore_index=True)
    walk = areas["walk", 15]
    west, south, east, north = walk.bounds
    parts = [
        ("CS1.1.1.1", "Zones bâties", "#c2452d", shapely.box(origin.x - 300, south, east, north)),
        ("CS2.2.1", "Formations herbacées", "#a8d08d", shapely.box(west, south, origin.x - 300, origin.y)),
        ("CS2.1.1.1", "Peuplements de feuillus", "#3e7d3a", shapely.box(west, origin.y, origin.x - 300, north)),
    ]
    land = gpd.GeoDataFrame(
        [(code, name, colour) for code, name, colour, _ in parts],
        columns=["class_code", "class_name", "colour"],
        geometry=[box & walk for *_, box in parts],
        crs=2154,
    )
    return HubShapes(
        areas=gpd.GeoDataFrame(geometry=[areas[key] for key in TIMES], index=index, crs=2154),
        crow_fly=gpd.GeoDataFrame(geometry=[discs[key] for key in TIMES], index=index, crs=2154),
        origin=origin,
        streets=gpd.GeoDataFrame(geometry=streets, crs=2154),
        land=land,
    )


def hub_tables(shapes: HubShapes, *, take: float | None = None) -> SimpleNamespace:
    """Give the tables of the results of the hub; without a `take`, its footprint is not known."""
    hub = hub_columns()
    rows, places = [], []
    for mode, minutes in TIMES:
        population, households, jobs, circle = PEOPLE[mode, minutes]
        area = shapes.areas.geometry[(mode, minutes)].area / 1e4
        disc = shapes.crow_fly.geometry[(mode, minutes)].area / 1e4
        rows.append(
            {
                **hub,
                "mode": mode,
                "minutes": minutes,
                "speed_kmh": SPEEDS[mode] * 0.06,
                "catchment_ha": area,
                "crow_fly_ha": disc,
                "crow_fly_share": area / disc,
                "reached_km": 12.0,
                "snap_m": 4.0,
                "outside_share": 0.0 if mode == "walk" else 0.04,
                "population": population,
                "households": households,
                "dwellings": households * 1.2,
                "jobs": jobs,
                "crow_fly_population": circle,
                "residents_method": "buildings",
                "jobs_method": "buildings + land_cover",
                "population_year": 2021,
                "census_year": 2021,
                "artificialised_ha": 0.4 * area,
                "artificialised_share": 0.4,
                "sealed_ha": 0.25 * area,
                "sealed_share": 0.25,
                "vintages": "2021",
            }
        )
        place = {**hub, "mode": mode, "minutes": minutes}
        west = 0.9 * population
        places.append(
            {
                **place,
                "commune_code": "04034",
                "commune_name": "La Brillanne",
                "area_ha": 0.8 * area,
                "population": west,
                "crow_fly_population": 1.05 * west,
                "population_share": west / 1160,
                "share_of_commune": 0.2,
            }
        )
        places.append(
            {
                **place,
                "commune_code": "04143",
                "commune_name": "Oraison",
                "area_ha": 0.2 * area,
                "population": population - west,
                "crow_fly_population": circle - 1.05 * west,
                "population_share": (population - west) / 6159,
                "share_of_commune": 0.1,
            }
        )
    land = []
    for mode, minutes in TIMES:
        area = shapes.areas.geometry[(mode, minutes)].area / 1e4
        place = {**hub, "mode": mode, "minutes": minutes}
        classes = [
            ("cover", "CS1.1.1.1", "Zones bâties", 0.25), ("cover", "CS2.2.1", "Formations herbacées", 0.45),
            ("cover", "CS2.1.1.1", "Peuplements de feuillus", 0.30),
            ("zoning", "N", "N – naturelle et forestière", 0.15), ("zoning", "U", "U – urbaine", 0.38),
            ("zoning", "A", "A – agricole", 0.40), ("zoning", "AU", "AU – à urbaniser", 0.07),
        ]  # fmt: skip
        land += [
            {**place, "axis": axis, "class_code": code, "class_name": name, "area_ha": share * area, "share": share}
            for axis, code, name, share in classes
        ]
    zones = [
        ("communes", "04034", "La Brillanne", 8.0, 3.2),
        ("epci_2024", "200034700", "CC Haute-Provence Pays de Banon", 60.0, 21.5),
        ("scot_2018", "scot-dlva", "SCoT de la région de Manosque", 190.0, 204.0),
    ]
    known = take is not None
    share = take if known else np.nan
    screening = [
        {
            "project_id": HUB, "project_name": hub["hub_name"], "scale": "footprint" if known else "site",
            "footprint_ha": 2.0 if known else np.nan, "zone_layer": layer, "zone_code": code, "zone_name": name,
            "area_in_zone_ha": 2.0 if known else np.nan, "take_in_zone_ha": share, "allowance_ha": allowance,
            "consumed_ha": consumed, "remaining_before_ha": allowance - consumed,
            "remaining_after_ha": allowance - consumed - share, "draw_share": np.nan,
            "take_method": "land_cover" if known else "unknown",
        }
        for layer, code, name, allowance, consumed in zones
    ]  # fmt: skip
    place = {
        **hub, "park_name": "Luberon", "park_relation": "outside", "park_distance_m": 1240.0,
        "scot_name": None, "scot_status": "none", "zone_kind": "U",
    }  # fmt: skip
    years = {2015: 41_200.0, 2019: 52_000.0, 2023: 58_916.0}
    ridership = [{**hub, "year": year, "passengers": value} for year, value in years.items()]
    return SimpleNamespace(
        catchments=pd.DataFrame(rows),
        catchment_places=pd.DataFrame(places),
        catchment_land=pd.DataFrame(land),
        catchment_overlaps=None,
        hub_stations=pd.DataFrame([place]),
        ridership=pd.DataFrame(ridership),
        project_screening=pd.DataFrame(screening),
        project_distances=None,
    )
