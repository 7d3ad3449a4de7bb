"""One street along the middle of A, B and C (see conftest.py), 3 km long, and the station of A in the middle of A.

On foot one goes 80 m a minute: 400 m in 5 minutes, 800 m in 10, 1 200 m in 15. The street ends with A in the west, 500
m from the station. A has 10 inhabitants, B 20, C 30, each spread along the kilometre of street that the commune has.
"""

import dataclasses
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from known import computed
from land import land_cover
from shapely import LineString, Point
from squares import ORIGIN, square

from hp_sig import Layers, MobilityLayers, compute, find_hubs, service_areas, with_projects
from hp_sig.assembly import LandLayers
from hp_sig.results.catchment_land import land_pieces
from hp_sig.results.catchments import figures_of
from hp_sig.territory import HubSettings, LandCoverSource

FAMILIES = ("project_screening", "catchments")
#: Half of the round end of a service area, 50 m beyond the last metre of street: 8 segments a quarter of a circle.
CAP_M2 = 16 * 50**2 * math.sin(math.pi / 16) / 2


def place(x: float, y: float) -> Point:
    """Give a point, in metres from the origin."""
    return Point(ORIGIN[0] + x, ORIGIN[1] + y)


def streets(*lines: list[tuple[float, float]], road_class: str = "residential") -> gpd.GeoDataFrame:
    shapes = [LineString([(ORIGIN[0] + x, ORIGIN[1] + y) for x, y in line]) for line in lines]
    return gpd.GeoDataFrame(
        {
            "road_class": road_class,
            "oneway": "both",
            "level": 0,
            "speed_kmh": np.nan,
            "car_access": True,
            "foot_access": True,
        },
        geometry=shapes,
        index=pd.Index([f"r{rank}" for rank in range(len(shapes))], name="road_id"),
        crs=2154,
    )


STREET = streets([(0, 500), (3000, 500)])


def on_streets(layers: Layers, roads: gpd.GeoDataFrame | None = STREET, **hubs: object) -> Layers:
    settings = HubSettings(**{"walk_minutes": (5, 10), "bike_minutes": (), **hubs})
    territory = layers.territory.model_copy(update={"hubs": settings})
    # What the rounding of degrees to six decimals leaves is put right, so that the arithmetic is exact.
    stations = layers.stations.set_geometry(gpd.GeoSeries([place(500, 500)], index=layers.stations.index, crs=2154))
    sources = {"roads": territory.boundaries}
    return dataclasses.replace(
        layers,
        territory=territory.model_copy(update=sources),
        stations=stations,
        mobility=MobilityLayers(roads=roads),
    )


def two_hubs(layers: Layers) -> Layers:
    """Add a hub in the middle of C."""
    columns = {"name": "Pôle C", "scale": "site", "station_uic": "87999999"}
    other = gpd.GeoDataFrame(columns, geometry=[place(2500, 500)], index=["east"], crs=2154)
    return dataclasses.replace(layers, projects=gpd.GeoDataFrame(pd.concat([layers.projects, other])))


def test_a_project_that_names_a_station_is_a_hub_and_stands_at_its_station(layers):
    hubs = find_hubs(on_streets(layers))

    assert list(hubs.index) == ["hub"]
    row = hubs.loc["hub"]
    assert (row["hub_name"], row["station_name"], row["commune_name"]) == ("Pôle A", "Gare A", "A")
    assert row["geometry"].equals(place(500, 500))


def test_the_territory_may_name_its_hubs(layers):
    projects = gpd.GeoDataFrame(
        {"name": ["Halte"], "scale": ["footprint"]}, geometry=[square(1.2, 0.2, 0.1, 0.1)], index=["stop"], crs=2154
    )
    together = gpd.GeoDataFrame(pd.concat([layers.projects, projects]))
    hubs = find_hubs(dataclasses.replace(on_streets(layers, projects=("stop",)), projects=together))

    assert list(hubs.index) == ["stop"]
    assert hubs["commune_code"].tolist() == ["04002"]


def test_every_site_or_footprint_that_an_officer_drew_is_a_hub(layers):
    drawn = gpd.GeoDataFrame(
        {"name": ["Nord", "Sud", "Pays"], "scale": ["site", "footprint", "pays"], "commune_code": None}
        | {"station_uic": None, "epci_siren": None},
        geometry=[place(500, 600), square(0.4, 0.4, 0.1, 0.1), None],
        index=pd.Index(["n", "s", "p"], name="project_id"),
        crs=2154,
    )
    hubs = find_hubs(with_projects(on_streets(layers), drawn))

    assert list(hubs.index) == ["n", "s"]


def test_a_service_area_holds_the_share_of_each_commune_s_street_that_lies_in_it(layers):
    table = computed(on_streets(layers), families=FAMILIES).catchments.set_index("minutes")

    # 5 minutes: 100 to 900 m reached, 50 to 950 m served: 9 of 10 inhabitants. 10 minutes: to 1 300 m, served to 1 350.
    assert table.loc[5, "population"] == pytest.approx(10 * 0.9, abs=0.01)
    assert table.loc[10, "population"] == pytest.approx(10 + 20 * 0.35, abs=0.01)
    assert table["residents_method"].tolist() == ["roads", "roads"]
    assert table["reached_km"].tolist() == pytest.approx([0.8, 1.3])
    assert table["speed_kmh"].tolist() == [4.8, 4.8]
    assert table["population_year"].tolist() == [2021, 2021]


def test_the_crow_fly_circle_is_told_beside_it(layers):
    results = computed(on_streets(layers), families=FAMILIES)
    table = results.catchments.set_index("minutes")
    places = results.catchment_places.set_index(["minutes", "commune_name"])["crow_fly_population"]

    # The circle of 800 m around the station holds all of A's street and 300 m of B's; some land of D and E besides.
    assert places[10, "A"] == pytest.approx(10)
    assert places[10, "B"] == pytest.approx(20 * 0.3, abs=0.01)
    assert table.loc[10, "crow_fly_population"] == pytest.approx(places[10].sum())
    assert table.loc[10, "crow_fly_ha"] == pytest.approx(math.pi * 800**2 / 1e4, rel=2e-4)
    # 5 minutes: 800 m × 100 m and two caps, of which what lies within 400 m of the station.
    assert table.loc[5, "catchment_ha"] * 1e4 == pytest.approx(800 * 100 + 2 * CAP_M2, rel=1e-6)
    assert 0 < table.loc[5, "crow_fly_share"] < table.loc[5, "catchment_ha"] / table.loc[5, "crow_fly_ha"]


def test_land_out_of_the_territory_is_told_and_counts_nothing(layers):
    table = computed(on_streets(layers), families=FAMILIES).catchments.set_index("minutes")

    # In 10 minutes the western end of the street is reached: the round end lies out of A.
    whole = 1300 * 100 + 2 * CAP_M2
    assert table.loc[10, "catchment_ha"] * 1e4 == pytest.approx(whole, rel=1e-6)
    assert table.loc[10, "outside_share"] == pytest.approx(CAP_M2 / whole, rel=1e-6)
    assert table.loc[5, "outside_share"] == 0


def test_the_communes_within_reach_or_in_the_circle_alone_are_listed(layers):
    # A street that ends before B: the circle of 10 minutes meets B, nobody of B is within reach.
    roads = streets([(0, 500), (800, 500)], [(1100, 500), (3000, 500)])
    places = computed(on_streets(layers, roads), families=FAMILIES).catchment_places
    told = places[places["minutes"] == 10].set_index("commune_name")

    assert told.loc["B", "population"] == 0
    assert told.loc["B", "area_ha"] == 0
    assert told.loc["B", "crow_fly_population"] > 0
    assert told.loc["A", "population_share"] == pytest.approx(1.0)


def test_no_place_gives_more_people_than_it_has(layers):
    places = computed(on_streets(layers, walk_minutes=(5, 30)), families=FAMILIES).catchment_places
    own = layers.population[2021].reindex(places["commune_code"]).to_numpy()

    assert (places["population"] <= own + 1e-9).all()
    assert (places["crow_fly_population"] <= own + 1e-9).all()


def test_two_hubs_share_the_land_and_the_people_between_them(layers):
    settings = on_streets(two_hubs(layers), walk_minutes=(5, 15))
    table = compute(settings, families=FAMILIES).catchment_overlaps.set_index(["hub_id", "minutes"])

    # In 15 minutes: from A to 1 700 m, from C back to 1 300 m; served 50 m further each, so 250 to 750 m into B.
    row = table.loc[("hub", 15)]
    assert row["overlap_ha"] * 1e4 == pytest.approx(400 * 100 + 2 * CAP_M2, rel=1e-6)
    assert row["population"] == pytest.approx(20 * 0.5, abs=0.01)
    assert row["share_of_hub"] == pytest.approx(row["share_of_other"], rel=1e-6)
    assert (row["other_hub_id"], row["other_hub_name"]) == ("east", "Pôle C")
    assert table.loc[("hub", 5), "overlap_ha"] == 0
    assert table.loc[("hub", 5), "population"] == 0


def test_parks_and_scot_inside_add_up_to_the_land_inside(layers):
    results = computed(on_streets(layers, walk_minutes=(15,)), families=FAMILIES)
    land = results.catchment_land.set_index(["axis", "class_code"])["area_ha"] * 1e4

    # Served from the limit of A to 1 750 m; park P ends at 1 400 m; the SCoT S1 lists A and B.
    inside = 1700 * 100 + CAP_M2
    assert land["pnr", "FR8000001"] == pytest.approx(1400 * 100, rel=1e-6)
    assert land["pnr", "outside"] == pytest.approx(inside - 1400 * 100, rel=1e-6)
    assert land["scot", "S1"] == pytest.approx(inside, rel=1e-6)
    assert ("scot", "outside") not in land.index


def with_cover(layers: Layers, *polygons: tuple[str, str, object], departement: str = "04") -> Layers:
    told = {"file": "x.gpkg", "vintage": "2021", "producer": "P", "source": "S", "licence": "L"}
    source = LandCoverSource(kind="cover", departement=departement, years=(2021,), **told)
    territory = layers.territory.model_copy(update={"land_cover": (source,)})
    covers = {source.layer_name: (source, land_cover(*polygons))}
    return dataclasses.replace(layers, territory=territory, land=LandLayers(covers=covers))


def test_land_inside_is_told_by_class_with_what_is_artificialised(layers):
    # Houses over the west of A as far as the station, a field beyond.
    covered = with_cover(
        on_streets(layers, walk_minutes=(5,)),
        ("CS1.1.1.1", "US5", square(0, 0, 0.5, 1)),
        ("CS2.2.1", "US1.1", square(0.5, 0, 2.5, 2)),
        ("CS2.2.1", "US1.1", square(0, 1, 0.5, 1)),
    )
    results = compute(covered, families=FAMILIES)
    row = results.catchments.iloc[0]
    land = results.catchment_land.set_index(["axis", "class_code"])["share"]

    # The station stands at the limit: half of the service area is built.
    assert row["artificialised_share"] == pytest.approx(0.5)
    assert row["sealed_ha"] == pytest.approx(row["catchment_ha"] / 2)
    assert row["vintages"] == "2021"
    assert land["cover", "CS1.1.1.1"] == pytest.approx(0.5)
    assert land["use", "US1.1"] == pytest.approx(0.5)
    # People live where homes are: all of A's are in the west, of which the service area holds 450 m × 100 m.
    assert row["residents_method"] == "land_cover"
    assert row["population"] == pytest.approx(10 * (400 * 100 + CAP_M2) / 500_000, rel=1e-6)


def test_a_hole_in_the_land_cover_is_no_land_that_is_not_artificialised(layers):
    # Nothing is known of the strip from 500 to 520 m: 2 % of what is reached in 5 minutes.
    holed = with_cover(
        on_streets(layers, walk_minutes=(5,)),
        ("CS1.1.1.1", "US5", square(0, 0, 0.5, 1)),
        ("CS2.2.1", "US1.1", square(0.52, 0, 2.48, 2)),
    )
    row = compute(holed, families=FAMILIES).catchments.iloc[0]

    assert math.isnan(row["artificialised_share"])
    assert math.isnan(row["sealed_ha"])


def test_a_hub_that_stands_out_of_the_territory_reaches_nobody_there(layers):
    away = gpd.GeoDataFrame(
        {"name": ["Ailleurs"], "scale": ["site"], "commune_code": None, "station_uic": None, "epci_siren": None},
        geometry=[place(500, -3000)],
        index=pd.Index(["away"], name="project_id"),
        crs=2154,
    )
    roads = streets([(0, -3000), (1000, -3000)])
    results = compute(with_projects(on_streets(layers, roads, walk_minutes=(5,)), away), families=FAMILIES)

    row = results.catchments.iloc[0]
    assert row["outside_share"] == 1
    assert math.isnan(row["population"])
    assert results.catchment_places.empty
    assert results.catchment_land.empty


def test_a_footprint_partly_in_a_park_is_told_so(layers):
    # Park P ends at 1 400 m.
    shapes = [square(1.2, 0.5, 0.1, 0.1), square(1.3, 0.5, 0.2, 0.1), square(2.0, 0.5, 0.1, 0.1)]
    drawn = gpd.GeoDataFrame(
        {"name": list("abc"), "scale": "footprint", "commune_code": None, "station_uic": None, "epci_siren": None},
        geometry=shapes,
        index=pd.Index(list("abc"), name="project_id"),
        crs=2154,
    )
    stations = compute(with_projects(on_streets(layers), drawn), families=FAMILIES).hub_stations

    assert stations["park_relation"].fillna("").tolist() == ["inside", "partial", ""]


def test_two_editions_of_the_parks_do_not_count_their_land_twice(layers):
    known = on_streets(layers, walk_minutes=(5,))
    parks = known.zones["pnr"]
    dated = dataclasses.replace(parks, config=parks.config.model_copy(update={"vintage": "2000"}))
    twice = dataclasses.replace(known, zones={**known.zones, "pnr_old": dated})

    land = compute(twice, families=FAMILIES).catchment_land

    assert land.loc[land["axis"] == "pnr", "share"].sum() == pytest.approx(1.0)


def test_a_service_area_that_land_cover_leaves_in_part_is_unknown(layers):
    other = with_cover(
        on_streets(layers, walk_minutes=(5,)), ("CS1.1.1.1", "US5", square(2, 1, 1, 1)), departement="83"
    )
    row = compute(other, families=FAMILIES).catchments.iloc[0]

    assert math.isnan(row["artificialised_ha"])
    assert pd.isna(row["vintages"])


def test_the_land_that_a_map_draws_covers_the_service_area(layers):
    covered = with_cover(
        on_streets(layers, walk_minutes=(5,)),
        ("CS1.1.1.1", "US5", square(0, 0, 0.5, 1)),
        ("CS1.1.1.2", "US4.1.1", square(0.5, 0, 2.5, 2)),
    )
    reached = service_areas(covered)
    pieces = land_pieces(gpd.GeoDataFrame(reached.areas), covered)

    # The two covers are one class of the third level.
    assert list(pieces.index) == ["CS1.1.1"]
    assert pieces.area.sum() == pytest.approx(reached.areas.area.sum(), rel=1e-9)


def test_a_hub_without_a_street_is_told_and_the_others_are_made(layers):
    far = two_hubs(on_streets(layers, streets([(2000, 500), (3000, 500)])))
    results = compute(far, families=FAMILIES)

    assert results.catchments["hub_id"].unique().tolist() == ["east"]
    assert any("no street open to the mode 'walk' within 500 m of 'hub'" in told for told in results.warnings)
    assert results.hub_stations["hub_id"].tolist() == ["hub", "east"]


def test_a_network_in_pieces_is_told(layers):
    # 3 km of street, and 1 km that nothing joins: 75 % of the length is of one piece.
    parts = streets([(0, 500), (3000, 500)], [(0, 1500), (1000, 1500)])
    (told,) = service_areas(on_streets(layers, parts)).warnings

    assert told.startswith("roads: only 75% of the length open to the mode 'walk' is of one piece, which 1 others")
    assert service_areas(on_streets(layers)).warnings == ()


def test_without_roads_or_without_hubs_nothing_is_made_up(layers):
    assert service_areas(layers) is None
    none = on_streets(dataclasses.replace(layers, projects=layers.projects.drop(index="hub")))
    results = compute(none, families=FAMILIES)

    assert results.catchments.empty
    assert list(results.catchments.columns[:2]) == ["hub_id", "hub_name"]
    assert results.hub_stations.empty


def test_a_mode_has_the_speeds_that_the_territory_sets(layers):
    slow = on_streets(layers, walk_minutes=(5,), speeds={"walk": {"residential": 2.4}})
    row = compute(slow, families=FAMILIES).catchments.iloc[0]

    # Everything else would be walked at 4.8 km/h, but there is only this street: 40 m a minute.
    assert row["reached_km"] == pytest.approx(0.4)
    assert row["speed_kmh"] == 2.4


def test_households_and_jobs_are_those_of_the_census_or_else_of_the_enaf_file(layers):
    codes = layers.communes.index
    context = pd.DataFrame({"households_2015": 1.0, "households_2021": 4.0, "jobs_2021": 3.0}, index=codes)
    of_enaf = dataclasses.replace(layers, land=LandLayers(context=context))
    census = pd.DataFrame({"households": 5.0, "dwellings": 7.0, "jobs": np.nan}, index=codes)
    census.attrs["census_year"] = 2022
    of_census = dataclasses.replace(of_enaf, mobility=MobilityLayers(census=census))

    figures, years = figures_of(of_enaf)
    assert figures.loc["04001", ["households", "jobs"]].tolist() == [4.0, 3.0]
    assert years == {"population_year": 2021, "census_year": 2021}
    figures, years = figures_of(of_census)
    assert figures.loc["04001", ["households", "dwellings"]].tolist() == [5.0, 7.0]
    assert figures["jobs"].isna().all()
    assert years["census_year"] == 2022


def test_ridership_is_told_by_hub_and_year(layers):
    index = pd.MultiIndex.from_tuples([("87000001", 2020), ("87000001", 2019), ("87777777", 2019)])
    ridership = pd.DataFrame({"passengers": [50.0, 100.0, 9.0]}, index=index.set_names(["uic_code", "year"]))
    known = on_streets(layers)
    known = dataclasses.replace(
        known,
        territory=known.territory.model_copy(update={"ridership": known.territory.boundaries}),
        mobility=MobilityLayers(roads=STREET, ridership=ridership),
    )
    table = compute(known, families=FAMILIES).ridership

    assert table[["hub_id", "station_name", "year", "passengers"]].to_numpy().tolist() == [
        ["hub", "Gare A", 2019, 100.0],
        ["hub", "Gare A", 2020, 50.0],
    ]


def test_where_a_hub_stands_is_told(layers):
    row = computed(on_streets(layers), families=FAMILIES).hub_stations.iloc[0]

    assert (row["park_name"], row["park_relation"], row["park_distance_m"]) == ("Parc P", "inside", 0.0)
    assert (row["scot_name"], row["scot_status"]) == ("SCoT 1", "approved")
    assert pd.isna(row["zone_kind"])
