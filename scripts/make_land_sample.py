"""Which land cover and which ENAF consumption can the embedded sample show without any producer's file?

Both are FICTITIOUS. Nothing is copied from OCS GE or from the Cerema file: the only inputs are the schematic
communes of `make_sample.py` and the municipal populations of 2021. Random numbers are seeded by commune codes.

Land cover, in EPSG:2154, centimetre coordinates:

1. Seeds. Each commune gets about twenty seeds on a loose grid, a spiral of small ones for its town, and rings that
   isolate a hamlet, a quarry or a plot. Voronoi cells of all the seeds cross the commune boundaries.
2. Linework. The sides of the cells, the commune boundaries, the banks of two rivers and the edges of the roads are
   noded together on a grid: one planar coverage, without gap or overlap, on both sides of each boundary.
3. Classes. A smooth invented relief decides between fields, garrigue and woods; the rank in the spiral decides
   between built land, gardens and activities. Faces of one class are dissolved; what is too small joins a neighbour;
   vertices that shape little are dropped on both sides, so that the files stay small.
4. Second vintage. The same polygons, but for the plots that were marked to change and for a few polygons split along
   a line between two of their own vertices. Neighbours keep their coordinates, letter for letter.

ENAF: flows drawn in proportion to population and area, split by destination in whole square metres; period totals
and ratios are then computed from them, as in the published file 2009-2024, whose layout is followed.

Run `python scripts/make_land_sample.py`; the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from make_sample import FIXED_DATE, LAMBERT_93, SAMPLE, Floats
from scipy.interpolate import CubicSpline
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, Voronoi, cKDTree

Shapes = npt.NDArray[np.object_]
Point = tuple[float, float]

FACTS = SAMPLE.parent.parent / "reference" / "haute_provence"
NOTICE = "Données fictives (jeu d'essai)"
LAYER = "OCCUPATION_SOL"

#: Years of the two vintages of each département, as IGN published them.
VINTAGES = {"04": (2018, 2021), "83": (2017, 2020)}

#: Coordinates are multiples of this, in metres.
GRID_M = 0.01

#: Polygons smaller than this join a neighbour: sealed land, the rest of the towns, the open country (m²).
SMALLEST_BUILT_M2, SMALLEST_M2, SMALLEST_OPEN_M2 = 500.0, 2_500.0, 45_000.0

# --- Classes of the nomenclature -----------------------------------------------------------------------------------

HOUSING = "CS1.1.1.1 US5"
SERVICES = "CS1.1.1.1 US3"
WORKS = "CS1.1.1.1 US2"
FARM = "CS1.1.1.1 US1.1"
SQUARE = "CS1.1.1.2 US4.1.1"
CAR_PARK = "CS1.1.1.2 US3"
DEPOT = "CS1.1.1.2 US4.2"
YARD = "CS1.1.2.1 US3"
BUILDING_SITE = "CS1.1.2.1 US6.1"
WASTELAND = "CS1.1.2.1 US6.2"
SOLAR = "CS1.1.2.1 US4.3"
QUARRY = "CS1.1.2.1 US1.3"
GRAVEL = "CS1.2.1 US6.3"
ROCK = "CS1.2.1 US6.3"
WATER = "CS1.2.2 US6.3"
RIVERSIDE = "CS2.1.1.1 US6.3"
OAKS = "CS2.1.1.1 US1.2"
PINES = "CS2.1.1.2 US1.2"
MIXED_WOOD = "CS2.1.1.3 US6.3"
WOODED_GARDEN = "CS2.1.1.3 US5"
GARRIGUE = "CS2.1.2 US6.3"
VINES = "CS2.1.3 US1.1"
FIELD = "CS2.2.1 US1.1"
GARDEN = "CS2.2.1 US5"
STADIUM = "CS2.2.1 US3"
AIRFIELD = "CS2.2.1 US4.1.3"
GRASS = "CS2.2.1 US6.3"

#: Sealed covers: these polygons stay apart down to SMALLEST_BUILT_M2.
BUILT = ("CS1.1.1.1", "CS1.1.1.2")

#: A vertex goes if its triangle is smaller: anywhere (rounding on a straight line), or within the open country (m²).
STRAIGHT_M2, LOOSE_M2 = 6.0, 130_000.0

#: The classes of the open country.
OPEN = (OAKS, PINES, MIXED_WOOD, GARRIGUE, VINES, FIELD)

# --- The invented country ------------------------------------------------------------------------------------------

#: Rivers, by the pairs of communes between which they flow, with half a width in metres at each: the Durance between
#: its banks of woods, the Verdon with a lake.
DURANCE = (
    ("04106", "04041"),
    ("04034", "04143"),
    ("04242", "04230"),
    ("04245", "04230"),
    ("04112", "04230"),
    ("04197", "04094"),
    ("04063", "83150"),
)
VERDON = (("04186", "04124"), ("04158", "04124"), ("04158", "04081"), ("04081", "04189"), ("04094", "83150"))
DURANCE_M, BANKS_M, VERDON_M = (90, 130, 110, 150, 120, 140, 110), 190.0, (40, 60, 210, 70, 30)

#: Half a width of the roads between towns, in metres.
ROAD_M = 7.0

#: Seeds of the open country in each commune, and bounds of their spacing in metres.
SEEDS_PER_COMMUNE, SPACING_M = 20, (540.0, 1_300.0)

#: Area of a town in hectares: so much, and so much per inhabitant; seeds for it: so many, and so many per √inhabitant.
TOWN_HA, TOWN_HA_PER_INHABITANT = 12.0, 0.055
TOWN_SEEDS, TOWN_SEEDS_PER_ROOT = 5, 0.11

#: Land that towns of more than so many inhabitants (first figure) take between the vintages: number of plots, and
#: their total area in hectares for one commune and for one inhabitant.
PLOTS = ((150, 1), (2_000, 2), (10_000, 5))
PLOT_HA, PLOT_HA_PER_INHABITANT = 0.35, 0.00125

#: What plots become, in turn.
PLOT_USES = (HOUSING, GARDEN, BUILDING_SITE, HOUSING, SERVICES, DEPOT, YARD)

#: What hamlets are made of, in turn.
HAMLETS = (HOUSING, FARM, HOUSING)

#: What stands at the edge of a town rather than in the open country.
AT_TOWN = (WORKS, WASTELAND, CAR_PARK)

#: Radius of the fields and gardens around a town, over that of the town.
FRINGE = 1.35

#: Ridges and plateaus, placed by eye: x, y, reach in metres, height.
BUMPS = (
    (925_000, 6_344_000, 5_000, 1.9),
    (915_000, 6_305_500, 3_200, 1.1),
    (945_500, 6_309_000, 7_500, -1.1),
    (905_000, 6_336_500, 4_500, -0.9),
    (922_500, 6_321_500, 3_500, -0.6),
    (943_500, 6_297_000, 4_000, 0.8),
)

#: Distance between the vertices of a river bank, in metres.
RIVER_STEP_M = 1_200.0

#: Whole polygons that change without taking land: class before, class after, share of the polygons, at most hectares.
EVOLUTIONS = (
    (GARDEN, HOUSING, 0.04, 6),
    (FIELD, GARRIGUE, 0.01, 25),
    (FIELD, VINES, 0.01, 25),
    (VINES, FIELD, 0.02, 25),
    (GARRIGUE, MIXED_WOOD, 0.02, 40),
    (PINES, GARRIGUE, 0.01, 40),
)

#: Odd places: commune, class at the first vintage, class at the second, hectares, what is around.
PLACES: tuple[tuple[str, str, str, float, str], ...] = (
    ("04065", QUARRY, GARRIGUE, 6.0, GARRIGUE),
    ("04242", QUARRY, QUARRY, 14.0, GARRIGUE),
    ("04094", SOLAR, SOLAR, 18.0, GARRIGUE),
    ("04159", SOLAR, SOLAR, 11.0, FIELD),
    ("04138", WASTELAND, GARRIGUE, 2.4, GARRIGUE),
    ("04112", WORKS, GRASS, 2.2, FIELD),
    ("04166", WASTELAND, FIELD, 0.7, FIELD),
    ("83150", CAR_PARK, GARRIGUE, 0.5, FIELD),
    ("83150", AIRFIELD, AIRFIELD, 42.0, FIELD),
    ("04132", MIXED_WOOD, FIELD, 5.0, FIELD),
    ("04208", PINES, GARRIGUE, 9.0, PINES),
)

#: Polygons split at the second vintage: commune, class sought, class of the part that changes, its hectares.
SPLITS: tuple[tuple[str, str, str, float], ...] = (
    ("04018", FIELD, VINES, 30.0),
    ("04143", FIELD, YARD, 2.5),
    ("04152", FIELD, VINES, 12.0),
    ("04178", GARRIGUE, MIXED_WOOD, 25.0),
    ("04230", FIELD, SOLAR, 9.0),
    ("04242", QUARRY, GARRIGUE, 4.0),
    ("83150", FIELD, VINES, 20.0),
)

# --- The invented consumption --------------------------------------------------------------------------------------

#: A flow of the year 2009 runs from 1 January 2009 to 1 January 2010.
YEARS = range(2009, 2024)

#: Destinations in the order of the annual columns, and of the totals of the period: activity, housing, mixed, road,
#: rail, unknown.
DESTINATIONS = ("act", "hab", "mix", "rou", "fer", "inc")
TOTAL_ORDER = ("act", "hab", "mix", "inc", "rou", "fer")

#: Weights of activity, mixed, road, rail and unknown against housing, and how often each is seen in a small commune.
WEIGHTS, HOUSING_WEIGHT = (0.9, 0.12, 0.3, 0.01, 0.12), 0.65
SEEN = np.array([0.45, 0.08, 0.4, 0.0, 0.2])

#: A commune without consumption in the reference decade 2011-2020, one with a cell of -1 m² (met in the published
#: file), one whose population does not change.
NO_REFERENCE, MINUS_ONE, NO_GROWTH = "04164", "04018", "04095"

DEPARTEMENTS = {"04": "Alpes-de-Haute-Provence", "83": "Var"}


def main() -> None:
    """Write the fictitious layers and print what they hold."""
    parser = argparse.ArgumentParser(description="Write the fictitious land cover and ENAF series of the sample.")
    parser.add_argument("--out", type=Path, default=SAMPLE, help="folder to write to")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    communes = read_communes()
    cover = draw_cover(communes)
    for departement, years in VINTAGES.items():
        for year, state in zip(years, ("before", "after"), strict=True):
            write_cover(select_state(cover, departement, state, year), out / f"ocsge_{departement}_{year}.gpkg")
    (out / "enaf_2009_2024.csv").write_bytes(enaf_file(communes))
    print(f"{len(cover)} polygons before or after, {(cover['before'] == cover['after']).mean():.1%} unchanged")


def read_communes() -> gpd.GeoDataFrame:
    """Read the schematic communes, with the municipal population of 2021."""
    communes = gpd.read_file(SAMPLE / "communes.gpkg", layer="commune").set_index("code_insee").sort_index()
    population = pd.read_csv(FACTS / "population.csv", dtype={"commune_code": str}, index_col="commune_code")
    return communes.assign(population=population["2021"].reindex(communes.index))


def random_of(*words: str) -> np.random.Generator:
    """Give the random numbers that belong to some words, the same on any machine."""
    digest = hashlib.sha256(" ".join(words).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


# --- Land cover: seeds ---------------------------------------------------------------------------------------------


def draw_cover(communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw the polygons of both vintages; `before` or `after` is missing where a split starts or ends a polygon."""
    towns = place_towns(communes)
    knots = [midway(communes, *pair) for pair in DURANCE]
    durance = draw_river([beyond(knots[1], knots[0]), *knots, beyond(knots[-2], knots[-1])])
    sources = [midway(communes, *pair) for pair in VERDON]
    verdon = draw_river([beyond(sources[1], sources[0]), *sources, knots[-1]])
    rivers = [
        (ribbon(durance, BANKS_M), RIVERSIDE),
        (ribbon(durance, widths_along(durance, DURANCE_M)), WATER),
        (ribbon(verdon, widths_along(verdon, VERDON_M)), WATER),
    ]
    country = Country(durance, [river for river, _ in rivers])
    seeds = pd.concat([scatter_seeds(commune, towns.loc[commune.name], country) for _, commune in communes.iterrows()])
    strips = [*rivers, *((ribbon(road, ROAD_M), SQUARE) for road in draw_roads(towns))]
    faces = label_faces(node_faces(communes, seeds, strips), communes, seeds, strips)
    return split_some(evolve(number_polygons(thin(merge_small(dissolve(faces)), communes))))


def place_towns(communes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Place each town well inside its commune, not far from the centroid, with its radius in metres."""
    rows = []
    for code, commune in communes.iterrows():
        radius = np.sqrt((TOWN_HA + TOWN_HA_PER_INHABITANT * commune["population"]) * 10_000 / np.pi)
        spots = grid_inside(commune.geometry, 200.0, random_of(code, "town"))
        points = shapely.points(spots)
        room = np.minimum(shapely.distance(points, commune.geometry.boundary), 1.7 * radius + 300)
        best = np.argmax(np.round(room - 0.3 * shapely.distance(points, commune.geometry.centroid), 3))
        rows.append((*spots[best], radius))
    return pd.DataFrame(rows, columns=["x", "y", "radius"], index=communes.index)


def grid_inside(shape: shapely.Geometry, spacing: float, random: np.random.Generator) -> Floats:
    """Give the points of a loose triangular grid inside a shape, in whole metres."""
    west, south, east, north = shape.bounds
    rows = np.arange(south, north, spacing * np.sqrt(3) / 2)
    x, y = np.meshgrid(np.arange(west, east + spacing, spacing), rows)
    x[::2] += spacing / 2
    points = np.column_stack([x.ravel(), y.ravel()])
    points = np.round(points + (random.random(points.shape) - 0.5) * 0.62 * spacing)
    return points[shapely.contains_xy(shape, points)]


class Country:
    """The invented relief and rivers: which class belongs to the open country around a point."""

    def __init__(self, durance: Floats, rivers: list[shapely.Polygon]) -> None:
        self.durance = shapely.LineString(durance)
        self.rivers = shapely.union_all(rivers)

    def classes(self, points: Floats) -> list[str]:
        """Choose a class for each point: fields low down, then a mosaic, woods above, rocks on top."""
        height = self.height(points)
        mosaic = noise(points, "mosaic", 3_000)
        trees = noise(points, "trees", 6_000)
        woods = np.select([trees > 0.5, trees > -0.5], [OAKS, MIXED_WOOD], PINES)
        crops = np.where(noise(points, "crops", 4_500) > 0.55, VINES, FIELD)
        open_land = np.where(mosaic > 0.1, FIELD, np.where(mosaic > -0.8, GARRIGUE, OAKS))
        hills = np.where(mosaic > 0.95, GARRIGUE, woods)
        heath = np.where(mosaic > 0.6, ROCK, GARRIGUE)
        return np.select([height < -0.35, height < 0.05, height < 1.75], [crops, open_land, hills], heath).tolist()

    def height(self, points: Floats) -> Floats:
        """Measure the relief, about -2 in the valley to 2.5 on the northern ridge."""
        valley = shapely.distance(shapely.points(points), self.durance) / 2_600
        bumps = sum(
            size * np.exp(-((points - [x, y]) ** 2).sum(axis=1) / (2 * reach**2)) for x, y, reach, size in BUMPS
        )
        relief = 0.6 * noise(points, "hills", 9_000) + 0.35 * noise(points, "hollows", 4_000)
        return 0.5 + relief + bumps - 1.5 * np.exp(-(valley**2))


def noise(points: Floats, name: str, wavelength_m: float) -> Floats:
    """Add twelve waves of random directions: a smooth surface of variance 1."""
    random = random_of("noise", name)
    turns, phases, pace = random.random((3, 12)) * 2 * np.pi
    waves = 2 * np.pi / wavelength_m * (0.7 + 0.1 * pace) * np.array([np.cos(turns), np.sin(turns)])
    surface: Floats = np.cos(points @ waves + phases).sum(axis=1) / np.sqrt(6)
    return surface


def scatter_seeds(commune: pd.Series, town: pd.Series, country: Country) -> pd.DataFrame:
    """Scatter the seeds of one commune: open country, town, hamlets, odd places, plots to be built up."""
    random = random_of(commune.name, "seeds")
    spacing = np.clip(np.sqrt(commune.geometry.area / SEEDS_PER_COMMUNE), *SPACING_M)
    centre = town[["x", "y"]].to_numpy(dtype=float)
    fields = grid_inside(commune.geometry, spacing, random)
    fields = fields[np.hypot(*(fields - centre).T) > FRINGE * town["radius"] + 0.4 * spacing]
    seeds = pd.concat([as_seeds(fields, country.classes(fields)), sow_town(commune, town, random)], ignore_index=True)
    for place in sorted(places_of(commune), key=lambda place: -place[2]):
        seeds = add_place(seeds, commune, town, place, country)
    return seeds.assign(commune=commune.name)


def as_seeds(points: Floats, classes: list[str]) -> pd.DataFrame:
    """Give points a class that does not change."""
    seeds = pd.DataFrame({"x": points[:, 0], "y": points[:, 1], "before": classes, "after": classes})
    return seeds.assign(mark="", ring_m=0.0)


def sow_town(commune: pd.Series, town: pd.Series, random: np.random.Generator) -> pd.DataFrame:
    """Sow a spiral from the centre of a town to the fields and gardens of its fringe."""
    population = commune["population"]
    count = round(TOWN_SEEDS + TOWN_SEEDS_PER_ROOT * np.sqrt(population))
    ranks = (np.arange(round(count * FRINGE**2)) + 0.5) / count
    angles = np.arange(len(ranks)) * np.pi * (3 - np.sqrt(5)) + random.random() * 7
    reach = town["radius"] * np.sqrt(ranks) * (0.9 + 0.2 * random.random(len(ranks)))
    points = np.column_stack([town["x"] + reach * np.cos(angles), town["y"] + reach * np.sin(angles)])
    works = (np.cos(angles - random.random() * 7) > 0.75) & (ranks > 0.45) & (population > 800)
    draw = random.random(len(ranks))
    centre = np.where(draw < 0.15, SQUARE, np.where((draw < 0.4) & (population > 1_000), SERVICES, HOUSING))
    belt = np.select([draw < 0.47, draw < 0.86, draw < 0.93], [HOUSING, GARDEN, WOODED_GARDEN], STADIUM)
    zone = np.select([draw < 0.4, draw < 0.6, draw < 0.8], [WORKS, SERVICES, YARD], CAR_PARK)
    fringe = np.select([draw < 0.66, draw < 0.86], [FIELD, VINES], GARDEN)
    classes = np.select([ranks > 1, works, ranks < 0.3], [fringe, zone, centre], belt)
    inside = shapely.contains_xy(commune.geometry, points)
    return as_seeds(np.round(points[inside]), classes[inside].tolist())


def places_of(commune: pd.Series) -> list[tuple[str, str, float, str]]:
    """List what must stand alone in a commune: class before, class after, hectares, class around."""
    random = random_of(commune.name, "places")
    population = commune["population"]
    hamlets = [(HAMLETS[i % 3], HAMLETS[i % 3], 0.5 + 0.9 * random.random(), FIELD) for i in range(hamlets_of(commune))]
    odd = [place for code, *place in PLACES if code == commune.name]
    plots = max((count for least, count in PLOTS if population >= least), default=0)
    share_ha = (PLOT_HA + PLOT_HA_PER_INHABITANT * population) / max(plots, 1)
    start = int(random.random() * len(PLOT_USES))
    uses = [PLOT_USES[(start + i) % len(PLOT_USES)] for i in range(plots)]
    return [*hamlets, *odd, *((FIELD, use, share_ha * (0.7 + 0.6 * random.random()), FIELD) for use in uses)]


def hamlets_of(commune: pd.Series) -> int:
    """Count the hamlets: one for 2 500 ha, at most three."""
    return min(3, round(commune.geometry.area / 25e6))


def add_place(
    seeds: pd.DataFrame,
    commune: pd.Series,
    town: pd.Series,
    place: tuple[str, str, float, str],
    country: Country,
) -> pd.DataFrame:
    """Isolate a place by a ring of six seeds: a plot or works at the edge of the town, others in the open country."""
    before, after, area_ha, around = place
    random = random_of(commune.name, before, after, f"{area_ha:.3f}")
    ring_m = np.sqrt(area_ha * 10_000 / 0.866)
    centre = town[["x", "y"]].to_numpy(dtype=float)
    if before in AT_TOWN or (before, around) == (FIELD, FIELD):
        turns = random.random() * 7 + np.arange(40) * np.pi * (3 - np.sqrt(5))
        reach = (town["radius"] * 1.02 + 1.1 * ring_m) * (1 + 0.02 * np.arange(40))
        spots = centre + np.column_stack([reach * np.cos(turns), reach * np.sin(turns)])
    else:
        far = np.hypot(*(seeds[["x", "y"]].to_numpy() - centre).T) > FRINGE * town["radius"] + 1.5 * ring_m
        spots = seeds.loc[far, ["x", "y"]].to_numpy()
        spots = spots[np.argsort(random.random(len(spots)))]
    room = shapely.distance(shapely.points(spots), commune.geometry.boundary) - 1.4 * ring_m
    room = np.minimum(room, shapely.distance(shapely.points(spots), country.rivers) - ring_m)
    room[~shapely.contains_xy(commune.geometry, spots)] = -1
    for other in seeds[seeds["ring_m"] > 0].itertuples():
        room = np.minimum(room, np.hypot(*(spots - [other.x, other.y]).T) - 1.6 * (ring_m + other.ring_m))
    free = np.flatnonzero(room > 0)
    if len(free) == 0:
        message = f"{commune.name}: no room for {area_ha:.1f} ha of {before}. Make it smaller."
        raise RuntimeError(message)
    spot = np.round(spots[free[0]])
    angles = random.random() * 7 + (np.arange(6) + 0.35 * random.random(6)) * np.pi / 3
    reach = ring_m * (0.9 + 0.2 * random.random((6, 1)))
    ring = np.round(spot + reach * np.column_stack([np.cos(angles), np.sin(angles)]))
    kept = seeds[np.hypot(*(seeds[["x", "y"]].to_numpy() - spot).T) > 1.75 * ring_m]
    mark = f"{spot[0]:.0f} {spot[1]:.0f}" if before != after else ""
    middle = pd.DataFrame(
        {"x": [spot[0]], "y": [spot[1]], "before": [before], "after": [after], "mark": [mark], "ring_m": [ring_m]}
    )
    return pd.concat([kept, as_seeds(ring, [around] * 6), middle], ignore_index=True)


# --- Land cover: rivers and roads ----------------------------------------------------------------------------------


def midway(communes: gpd.GeoDataFrame, first: str, second: str) -> Floats:
    """Find the point between two communes, nearer to the centroid of the smaller one."""
    shapes = communes.geometry.loc[[first, second]]
    start, end = shapely.get_coordinates(shapes.centroid.to_numpy())
    one, other = np.sqrt(shapes.area)
    point: Floats = start + (end - start) * one / (one + other)
    return point


def beyond(start: Floats, end: Floats) -> Floats:
    """Prolong a segment by a bit more than its length, out of the territory."""
    return end + 1.2 * (end - start)


def draw_river(knots: list[Floats]) -> Floats:
    """Draw a smooth line through some points."""
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T))])
    line: Floats = CubicSpline(length, knots)(np.linspace(0, length[-1], round(length[-1] / RIVER_STEP_M)))
    return line


def widths_along(line: Floats, widths: tuple[float, ...]) -> Floats:
    """Spread a few half widths evenly along a line."""
    return np.interp(np.linspace(0, len(widths) - 1, len(line)), np.arange(len(widths)), widths)


def draw_roads(towns: pd.DataFrame) -> list[Floats]:
    """Link the towns by the shortest tree, each link with two bends."""
    places = towns[["x", "y"]].to_numpy()
    corners = Delaunay(places).simplices
    pairs = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])), axis=0)
    lengths = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    tree = minimum_spanning_tree(coo_array((lengths, pairs.T), shape=(len(places),) * 2)).tocoo()
    return [bend(places[i], places[j]) for i, j in sorted(zip(tree.row, tree.col, strict=True))]


def bend(start: Floats, end: Floats) -> Floats:
    """Bend a straight line at two points."""
    random = random_of(*(f"{value:.0f}" for value in (*start, *end)))
    across = np.array([start[1] - end[1], end[0] - start[0]])
    shares = np.array([0, 0.33, 0.67, 1])[:, None]
    offsets = np.array([0, *(0.24 * random.random(2) - 0.12), 0])[:, None]
    return start + shares * (end - start) + offsets * across


def ribbon(line: Floats, half_width: Floats | float) -> shapely.Polygon:
    """Widen a line into a polygon, with mitred corners."""
    ahead = np.diff(line, axis=0)
    ahead /= np.hypot(*ahead.T)[:, None]
    first, last = np.vstack([ahead[:1], ahead]), np.vstack([ahead, ahead[-1:]])
    normal = (first + last) @ [[0, 1], [-1, 0]] / (1 + (first * last).sum(axis=1))[:, None]
    side = normal * np.broadcast_to(half_width, len(line))[:, None]
    return shapely.Polygon(np.vstack([line + side, (line - side)[::-1]]))


# --- Land cover: coverage ------------------------------------------------------------------------------------------


def node_faces(communes: gpd.GeoDataFrame, seeds: pd.DataFrame, strips: list[tuple[shapely.Polygon, str]]) -> Shapes:
    """Cut the country along cells, communes, rivers and roads, on one grid."""
    points = seeds[["x", "y"]].to_numpy()
    frame = shapely.box(*communes.total_bounds)
    far = shapely.get_coordinates(frame.buffer(90_000, join_style="mitre").exterior)[:4]
    diagram = Voronoi(np.vstack([points, far]))
    sides = np.array(diagram.ridge_vertices)
    sides = sides[(sides >= 0).all(axis=1)]
    cells = shapely.linestrings(diagram.vertices[sides])
    cells = cells[shapely.intersects(cells, frame)]
    edges = [*cells, *communes.geometry.boundary, *(strip.exterior for strip, _ in strips)]
    return shapely.get_parts(shapely.polygonize([shapely.union_all(edges, grid_size=GRID_M)]))


def label_faces(
    faces: Shapes, communes: gpd.GeoDataFrame, seeds: pd.DataFrame, strips: list[tuple[shapely.Polygon, str]]
) -> gpd.GeoDataFrame:
    """Give each face its commune, and its class: that of the nearest seed, unless a strip covers it."""
    inner = shapely.point_on_surface(faces)
    face, commune = communes.sindex.query(inner, predicate="within")
    faces, inner = faces[face], inner[face]
    nearest = cKDTree(seeds[["x", "y"]].to_numpy()).query(shapely.get_coordinates(inner))[1]
    labels = seeds.iloc[nearest][["before", "after", "mark"]].reset_index(drop=True)
    pebbles = noise(shapely.get_coordinates(inner), "gravel", 2_500) > 0.7
    for strip, name in strips:
        covered = shapely.within(inner, strip)
        labels.loc[covered, ["before", "after"]] = name
        labels.loc[covered, "mark"] = ""
        if name == RIVERSIDE:
            labels.loc[covered & pebbles, ["before", "after"]] = GRAVEL
    labels.insert(0, "commune", communes.index[commune])
    return gpd.GeoDataFrame(labels, geometry=faces, crs=LAMBERT_93)


def dissolve(faces: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Unite the touching faces of one class in one commune; a marked plot stays alone."""
    keys = ["commune", "before", "after", "mark"]
    rows = [
        (*key, part)
        for key, group in faces.groupby(keys, sort=True)
        for part in shapely.get_parts(shapely.coverage_union_all(group.geometry.to_numpy()))
    ]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=[*keys, "geometry"]), crs=LAMBERT_93)


def merge_small(polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give what is too small the class of the neighbour with the longest common side, until nothing is."""
    for _ in range(5):
        open_country = polygons["before"].isin(OPEN) & (polygons["mark"] == "")
        built = polygons["before"].str.split().str[0].isin(BUILT)
        least = np.select([built, open_country], [SMALLEST_BUILT_M2, SMALLEST_OPEN_M2], SMALLEST_M2)
        small = np.flatnonzero(polygons.area < least)
        if len(small) == 0:
            break
        shapes = polygons.geometry.to_numpy()
        code = polygons["commune"].to_numpy()
        labels = polygons[["before", "after", "mark"]].to_numpy()
        for one in sorted(small, key=lambda row: shapes[row].area):
            others = polygons.sindex.query(shapes[one], predicate="touches")
            others = others[(code[others] == code[one])]
            solid = others[~np.isin(labels[others, 0], (SQUARE, WATER))]
            others = solid if len(solid) else others
            common = shapely.length(shapely.intersection(shapes[others], shapes[one]))
            labels[one] = labels[others[np.argmax(np.round(common, 3))]]
        polygons = polygons.assign(before=labels[:, 0], after=labels[:, 1], mark=labels[:, 2])
        polygons = dissolve(polygons)
    return polygons


def thin(polygons: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Drop vertices that shape little, from all the polygons they belong to; those of the communes stay."""
    fixed = {tuple(point) for point in shapely.get_coordinates(communes.geometry.to_numpy()).tolist()}
    loose = polygons["before"].isin(OPEN) & (polygons["mark"] == "")
    for _ in range(8):
        dropped = droppable(polygons.geometry.to_numpy(), loose.to_numpy(), fixed)
        if not dropped:
            break
        polygons = polygons.set_geometry([without(shape, dropped) for shape in polygons.geometry], crs=LAMBERT_93)
    return polygons


def droppable(shapes: Shapes, loose: npt.NDArray[np.bool_], fixed: set[Point]) -> set[Point]:
    """Find vertices with two neighbours only, whose triangle is small and empty, no two of them side by side."""
    beside: dict[Point, set[Point]] = {}
    firm: set[Point] = set()
    short: set[Point] = set()
    for shape, is_loose in zip(shapes, loose, strict=True):
        for ring in (shape.exterior, *shape.interiors):
            points = [tuple(point) for point in shapely.get_coordinates(ring).tolist()]
            for start, end in pairwise(points):
                beside.setdefault(start, set()).add(end)
                beside.setdefault(end, set()).add(start)
            firm.update(() if is_loose else points)
            short.update(points if len(points) < 6 else ())
    free = sorted(point for point, others in beside.items() if len(others) == 2 and point not in fixed | short)
    corners = [(point, *sorted(beside[point])) for point in free]
    triangles = shapely.polygons([[*corner, corner[0]] for corner in corners])
    areas = np.round(shapely.area(triangles), 2)
    everywhere = shapely.STRtree(shapely.points(sorted(beside)))
    counts = np.bincount(everywhere.query(triangles, predicate="intersects")[0], minlength=len(triangles))
    dropped: set[Point] = set()
    kept: set[Point] = set()
    for row in np.lexsort((np.arange(len(areas)), areas)):
        point, *others = corners[row]
        limit = STRAIGHT_M2 if point in firm else LOOSE_M2
        if areas[row] < limit and counts[row] <= 3 and point not in kept:
            dropped.add(point)
            kept.update(others)
    return dropped - kept


def without(shape: shapely.Polygon, dropped: set[Point]) -> shapely.Polygon:
    """Rebuild a polygon without some vertices."""
    rings = [
        [point for point in map(tuple, shapely.get_coordinates(ring)[:-1].tolist()) if point not in dropped]
        for ring in (shape.exterior, *shape.interiors)
    ]
    return shapely.Polygon(rings[0], rings[1:])


def number_polygons(polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort polygons by commune, then from west to east, and give each an identifier that says it is fictitious."""
    shapes = shapely.normalize(polygons.geometry.to_numpy())
    corners = shapely.bounds(shapes)
    polygons = polygons.assign(west=corners[:, 0], south=corners[:, 1], north=corners[:, 3], geometry=shapes)
    polygons = polygons.sort_values(["commune", "west", "south", "north"], ignore_index=True)
    rank = polygons.groupby("commune").cumcount() + 1
    identifiers = [f"FICTIF-{code}-{number:03d}" for code, number in zip(polygons["commune"], rank, strict=True)]
    return polygons.assign(identifier=identifiers)[["identifier", "commune", "before", "after", "geometry"]]


# --- Land cover: second vintage ------------------------------------------------------------------------------------


def evolve(polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Change the class of a few whole polygons, in ways that take no land."""
    area_ha = polygons.area / 10_000
    after = polygons["after"].copy()
    for before, later, share, largest_ha in EVOLUTIONS:
        draw = np.array([random_of(identifier, later).random() for identifier in polygons["identifier"]])
        steady = (polygons["before"] == before) & (after == before)
        after[steady & (draw < share) & area_ha.between(0.3, largest_ha)] = later
    return polygons.assign(after=after)


def split_some(polygons: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Split one polygon for each of SPLITS: the first vintage keeps it whole, the second has its two parts."""
    for code, before, later, part_ha in SPLITS:
        able = (polygons["commune"] == code) & (polygons["before"] == before) & (polygons["after"] == before)
        cuts = [(*cut(shape, part_ha * 10_000), row) for row, shape in polygons.geometry[able].items()]
        _, changed, kept, row = min(cuts, key=lambda found: found[0])
        whole = polygons.loc[row]
        parts = gpd.GeoDataFrame(
            {
                "identifier": [whole["identifier"] + "A", whole["identifier"] + "B"],
                "commune": code,
                "before": None,
                "after": [before, later],
            },
            geometry=[kept, changed],
            crs=LAMBERT_93,
        )
        polygons.loc[row, "after"] = None
        polygons = pd.concat([polygons.iloc[: row + 1], parts, polygons.iloc[row + 1 :]], ignore_index=True)
    return polygons


def cut(shape: shapely.Polygon, wanted_m2: float) -> tuple[float, shapely.Polygon, shapely.Polygon]:
    """Cut a polygon between two of its vertices: how far the part is from the wanted area, the part, the rest."""
    ring = shapely.get_coordinates(shape.exterior)[:-1]
    count = len(ring)
    pairs = [(i, j) for i in range(count) for j in range(i + 2, min(count, i + count - 1))]
    parts = shapely.polygons([shapely.linearrings(ring[i : j + 1]) for i, j in pairs])
    misses = np.round(np.abs(shapely.area(parts) - wanted_m2), 2)
    shapely.prepare(shape)
    for row in np.argsort(misses, kind="stable"):
        if parts[row].is_valid and shape.covers(parts[row]):
            rest = shapely.difference(shape, parts[row])
            if rest.geom_type == "Polygon":
                return float(misses[row]), parts[row], rest
    return np.inf, shape, shape


def select_state(cover: gpd.GeoDataFrame, departement: str, state: str, year: int) -> gpd.GeoDataFrame:
    """Give the land cover of a département at one vintage, with the columns of a delivery."""
    chosen = cover[cover["commune"].str.startswith(departement) & cover[state].notna()]
    codes = chosen[state].str.split(" ", expand=True)
    return gpd.GeoDataFrame(
        {
            "ID": chosen["identifier"].to_numpy(),
            "CODE_CS": codes[0].to_numpy(),
            "CODE_US": codes[1].to_numpy(),
            "MILLESIME": str(year),
        },
        geometry=chosen.geometry.to_numpy(),
        crs=LAMBERT_93,
    )


def write_cover(cover: gpd.GeoDataFrame, path: Path) -> None:
    """Write a small GeoPackage whose bytes depend only on the polygons."""
    pyogrio.set_gdal_config_options(
        {"OGR_CURRENT_DATE": FIXED_DATE, "OGR_SQLITE_PRAGMA": f"page_size={1024 if len(cover) < 200 else 2048}"}
    )
    draft = path.with_suffix(".draft.gpkg")
    draft.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        cover,
        draft,
        layer=LAYER,
        driver="GPKG",
        geometry_type="Polygon",
        layer_options={"SPATIAL_INDEX": "NO", "DESCRIPTION": NOTICE},
        dataset_options={"ADD_GPKG_OGR_CONTENTS": "NO", "METADATA_TABLES": "NO"},
    )
    draft.replace(path)
    pyogrio.set_gdal_config_options({"OGR_SQLITE_PRAGMA": None})


# --- ENAF ----------------------------------------------------------------------------------------------------------


def enaf_file(communes: gpd.GeoDataFrame) -> bytes:
    """Write the whole ENAF file: semicolons, UTF-8 with a byte order mark, square metres."""
    epci = pd.read_csv(FACTS / "epci.csv", dtype=str)
    epci = epci[epci["cog_year"] == "2024"].set_index("commune_code")
    rows = []
    for code, commune in communes.iterrows():
        flows = draw_flows(code, int(commune["population"]), commune.geometry.area)
        rows.append({**place_cells(commune, epci.loc[code]), **flow_cells(flows), **ratio_cells(commune, flows)})
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), delimiter=";", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def place_cells(commune: pd.Series, epci: pd.Series) -> dict[str, str]:
    """Say which commune a row is about, and that its figures are fictitious."""
    departement = commune.name[:2]
    return {
        "idcom": commune.name,
        "idcomtxt": commune["nom_officiel"],
        "idreg": "93",
        "idregtxt": "Provence-Alpes-Côte d'Azur",
        "iddep": departement,
        "iddeptxt": DEPARTEMENTS[departement],
        "epci24": epci["epci_siren"],
        "epci24txt": epci["epci_name"],
        "scot": NOTICE,
        "aav2020": "",
        "aav2020txt": NOTICE,
        "aav2020_typo": "",
    }


def draw_flows(code: str, population: int, area_m2: float) -> pd.DataFrame:
    """Draw the flows of a commune: one row a year, one column a destination, in whole square metres."""
    random = random_of(code, "enaf")
    usual = 400 + 5.5 * population**0.95 + area_m2 * 1e-5
    steady = population / (population + 3_000)
    rows = []
    for year in YEARS:
        pace = 1.25 - 0.045 * (year - YEARS[0])
        luck = steady + (1 - steady) * -np.log(1 - 0.99 * random.random())
        total = 0 if random.random() > steady + 0.75 else int(usual * pace * luck)
        weights = np.array(WEIGHTS) * random.random(len(WEIGHTS)) ** 2
        weights[random.random(len(WEIGHTS)) > SEEN + steady / 2] = 0
        parts = (weights / (weights.sum() + HOUSING_WEIGHT) * total).astype(int)
        rows.append([*parts[:1], total - int(parts.sum()), *parts[1:]])
    flows = pd.DataFrame(rows, index=YEARS, columns=DESTINATIONS)
    if code == NO_REFERENCE:
        flows.loc[2011:2020] = 0
        flows.loc[2022] = [0, 2_000, 0, 0, 0, 0]
    if code == MINUS_ONE:
        flows.loc[2009, "inc"], flows.loc[2010, "inc"] = 1, -1
    return flows


def flow_cells(flows: pd.DataFrame) -> dict[str, int]:
    """Name the annual flows, then the totals of the whole period, as the published file does."""
    cells = {}
    for year, flow in flows.iterrows():
        start, end = f"{year % 100:02d}", f"{year % 100 + 1:02d}"
        cells[f"naf{start}art{end}"] = int(flow.sum())
        cells |= {f"art{start}{name}{end}": int(flow[name]) for name in DESTINATIONS}
    cells["naf09art24"] = int(flows.to_numpy().sum())
    cells |= {f"art09{name}24": int(flows[name].sum()) for name in TOTAL_ORDER}
    return cells


def ratio_cells(commune: pd.Series, flows: pd.DataFrame) -> dict[str, float | str]:
    """Compute the census differences of 2015-2021 and the ratios; only the population of 2021 is a fact."""
    random = random_of(commune.name, "census")
    people = int(commune["population"])
    growth = 0.0 if commune.name == NO_GROWTH else 0.16 * random.random() - 0.03
    people_before = round(people / (1 + growth))
    homes = round(people / (2.0 + 0.4 * random.random()))
    homes_before = round(homes / (1 + growth + 0.04 * random.random()))
    jobs = round(people * (0.12 + 0.35 * random.random()))
    jobs_before = round(jobs / (1.02 + 0.12 * (random.random() - 0.5)))
    lately = flows.loc[2015:2020]
    total, housing = int(lately.to_numpy().sum()), int(lately["hab"].sum())
    area_m2 = round(commune.geometry.area)
    return {
        "artcom0924": round(100 * int(flows.to_numpy().sum()) / area_m2, 2),
        "pop15": people_before,
        "pop21": people,
        "pop1521": people - people_before,
        "men15": homes_before,
        "men21": homes,
        "men1521": homes - homes_before,
        "emp15": jobs_before,
        "emp21": jobs,
        "emp1521": jobs - jobs_before,
        "mepart1521": per_hectare(homes - homes_before + jobs - jobs_before, total),
        "menhab1521": per_hectare(homes - homes_before, housing),
        "artpop1521": round(total / (people - people_before), 2) if people != people_before else "",
        "surfcom2024": area_m2,
    }


def per_hectare(gain: int, area_m2: int) -> float | str:
    """Divide a gain by hectares; without any hectare the published file writes 0.0, or nothing after a loss."""
    if area_m2 == 0:
        return "" if gain < 0 else 0.0
    return round(gain / (area_m2 / 10_000), 2) + 0.0


if __name__ == "__main__":
    main()
