"""Hand arithmetic on the six squares of 1 km: A is 04001, B its eastern neighbour, F (83006) is in the Var."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from land import land_cover
from pandas.testing import assert_frame_equal
from shapely import LineString, MultiPolygon, Polygon
from squares import CODES, ORIGIN, square

from hp_sig.indicators.dasymetric import METHODS, Weights, distribute, distributed_totals, weights_of

A, B, C, D, E, F = CODES.values()
NAN = float("nan")
BUILT = "CS1.1.1.1"


def zones(**shapes: shapely.Geometry) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes.values()), index=pd.Index(list(shapes), name="zone"), crs=2154)


def people(**figures: list[float]) -> pd.DataFrame:
    """Figures of A, B…, in that order."""
    codes = list(CODES.values())[: len(next(iter(figures.values())))]
    return pd.DataFrame(figures, index=pd.Index(codes, name="commune_code"))


def buildings(*rows: tuple[str, float, float, shapely.Geometry]) -> gpd.GeoDataFrame:
    """Make buildings from (use, dwellings, floors, shape)."""
    use, dwellings, floors, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"use": use, "dwelling_count": dwellings, "floor_count": floors}, geometry=list(shapes), crs=2154
    )


def streets(*rows: tuple[str, list[tuple[float, float]]]) -> gpd.GeoDataFrame:
    """Make streets from (class, points in kilometres from the origin)."""
    lines = [LineString(np.array(points) * 1000 + ORIGIN) for _, points in rows]
    return gpd.GeoDataFrame({"road_class": [name for name, _ in rows]}, geometry=lines, crs=2154)


def shares(weights: Weights, kind: str = "residents", **shapes: shapely.Geometry) -> dict[str, float]:
    """The share of commune A that lies in each zone."""
    table = distribute(zones(**shapes), people(population=[1.0], jobs=[1.0]), weights)
    return table.xs(A, level="commune_code")[f"{kind}_share"].round(9).to_dict()


def method(weights: Weights, code: str = A) -> tuple[str, str]:
    return weights.methods.at[code, "residents"], weights.methods.at[code, "jobs"]


WEST, EAST = square(0, 0, 0.5, 1), square(0.5, 0, 0.5, 1)
#: A house of 10 m × 10 m in the west of A, one of 20 m × 10 m in its east.
SMALL, LARGE = square(0.1, 0.1, 0.01, 0.01), square(0.8, 0.8, 0.02, 0.01)


# By area


def test_without_any_layer_figures_are_spread_evenly(communes):
    table = distribute(zones(hub=square(0, 0, 0.3, 1)), people(population=[400.0], jobs=[50.0]), weights_of(communes))

    expected = pd.DataFrame(
        {
            "area_ha": [30.0],
            "share_of_commune": [0.3],
            "residents_share": [0.3],
            "jobs_share": [0.3],
            "population": [120.0],
            "jobs": [15.0],
            "residents_method": ["area"],
            "jobs_method": ["area"],
        },
        index=pd.MultiIndex.from_tuples([("hub", A)], names=["zone", "commune_code"]),
    ).astype({"residents_method": "str", "jobs_method": "str"})
    assert_frame_equal(table, expected)


def test_jobs_follow_workplaces_and_all_other_figures_follow_homes(communes):
    town = buildings(("residential", 1.0, 1.0, SMALL), ("activity", 0.0, 1.0, LARGE))
    figures = people(population=[8.0], households=[4.0], dwellings=[5.0], jobs=[3.0])

    table = distribute(zones(west=WEST, east=EAST), figures, weights_of(communes, buildings=town))

    assert table[list(figures.columns)].to_numpy().tolist() == [[8.0, 4.0, 5.0, 0.0], [0.0, 0.0, 0.0, 3.0]]


def test_a_zone_over_two_communes_has_a_row_in_each(communes):
    figures = people(population=[10.0, 20.0])

    table = distribute(zones(hub=square(0.5, 0, 1, 1)), figures, weights_of(communes))

    assert table["population"].to_dict() == pytest.approx({("hub", A): 5.0, ("hub", B): 10.0})


def test_a_zone_that_only_touches_a_commune_has_no_row_there(communes):
    table = distribute(zones(hub=square(0, 0)), people(population=[10.0]), weights_of(communes))

    assert table.index.tolist() == [("hub", A)]


# By buildings


def test_dwellings_weigh_where_they_are_counted(communes):
    homes = buildings(("residential", 9.0, 1.0, SMALL), ("residential", 1.0, 5.0, LARGE))

    weights = weights_of(communes, buildings=homes)

    assert shares(weights, west=WEST, east=EAST) == {"west": 0.9, "east": 0.1}
    assert weights.totals.at[A, "residents"] == pytest.approx(10.0)


def test_floors_weigh_where_no_dwelling_is_counted_and_an_unknown_one_is_one_floor(communes):
    # 100 m² × 3 floors against 200 m² × 1.
    homes = buildings(("residential", NAN, 3.0, SMALL), ("residential", NAN, NAN, LARGE))

    assert shares(weights_of(communes, buildings=homes), west=WEST, east=EAST) == {"west": 0.6, "east": 0.4}


def test_a_building_of_no_floor_has_its_ground_floor(communes):
    homes = buildings(("residential", NAN, 0.0, SMALL), ("residential", NAN, 1.0, LARGE))

    assert shares(weights_of(communes, buildings=homes), west=WEST) == {"west": pytest.approx(1 / 3)}


def test_a_home_without_a_count_has_the_mean_of_its_commune_by_floor(communes):
    # Counted: 6 dwellings on 100 m² × 2 floors, 3 a hundred m²; the other, 200 m² × 1 floor, has 6 too. B, where they
    # are ten times as dense, tells nothing of A.
    homes = buildings(
        ("residential", 6.0, 2.0, SMALL),
        ("residential", NAN, 1.0, LARGE),
        ("residential", 60.0, 2.0, square(1.1, 0.1, 0.01, 0.01)),
    )

    weights = weights_of(communes, buildings=homes)

    assert weights.totals.loc[[A, B], "residents"].tolist() == pytest.approx([12.0, 60.0])
    assert shares(weights, west=WEST) == {"west": 0.5}


def test_dwellings_over_shops_are_homes_and_the_shops_are_workplaces(communes):
    mixed = buildings(("activity", 3.0, 1.0, SMALL), ("residential", 1.0, 1.0, LARGE))

    weights = weights_of(communes, buildings=mixed)

    assert shares(weights, west=WEST) == {"west": 0.75}
    assert shares(weights, "jobs", west=WEST) == {"west": 1.0}


def test_only_homes_are_given_dwellings_that_nobody_counted(communes):
    homes = buildings(
        ("residential", 2.0, 1.0, SMALL), ("activity", NAN, 1.0, LARGE), ("unknown", NAN, 1.0, square(0.6, 0, 0.1, 0.1))
    )

    weights = weights_of(communes, buildings=homes)

    assert weights.totals.at[A, "residents"] == pytest.approx(2.0)
    assert shares(weights, west=WEST) == {"west": 1.0}


def test_dwellings_that_are_all_counted_none_leave_it_to_floors(communes):
    homes = buildings(("residential", 0.0, 1.0, SMALL), ("residential", 0.0, 1.0, LARGE))

    assert shares(weights_of(communes, buildings=homes), west=WEST) == {"west": pytest.approx(1 / 3)}


def test_jobs_follow_buildings_of_activity_by_floors_and_no_others(communes):
    works = buildings(
        ("activity", NAN, 4.0, SMALL), ("activity", NAN, 1.0, LARGE), ("other", NAN, 9.0, square(0.6, 0.1, 0.1, 0.1))
    )

    assert shares(weights_of(communes, buildings=works), "jobs", west=WEST, east=EAST) == {
        "west": pytest.approx(2 / 3),
        "east": pytest.approx(1 / 3),
    }


def test_buildings_of_unknown_use_count_only_where_no_use_is_known(communes):
    unknown = buildings(("unknown", NAN, 1.0, SMALL), ("unknown", NAN, 1.0, LARGE))
    one_known = buildings(("unknown", NAN, 1.0, SMALL), ("residential", NAN, 1.0, LARGE))

    by_area, by_use = weights_of(communes, buildings=unknown), weights_of(communes, buildings=one_known)

    assert method(by_area) == ("buildings", "buildings")
    assert shares(by_area, west=WEST) == shares(by_area, "jobs", west=WEST) == {"west": pytest.approx(1 / 3)}
    assert method(by_use) == ("buildings", "area")
    assert shares(by_use, west=WEST) == {"west": 0.0}


def test_a_building_astride_two_communes_counts_in_each_by_its_part(communes):
    # 8 dwellings on 40 m, of which 10 m lie in A: 2 of them; each commune has a house of its own.
    homes = buildings(
        ("residential", 8.0, 1.0, square(0.99, 0.5, 0.04, 0.01)),
        ("residential", 2.0, 1.0, SMALL),
        ("residential", 6.0, 1.0, square(1.5, 0.5, 0.01, 0.01)),
    )

    totals = weights_of(communes, buildings=homes).totals["residents"]

    assert totals[[A, B]].tolist() == pytest.approx([4.0, 12.0])


def test_buildings_that_only_stick_out_of_a_neighbour_are_not_those_of_the_commune(communes):
    homes = buildings(("residential", 8.0, 1.0, square(0.99, 0.5, 0.04, 0.01)), ("residential", 2.0, 1.0, SMALL))

    weights = weights_of(communes, buildings=homes)

    assert weights.methods["residents"].to_dict() == {A: "buildings"} | dict.fromkeys((B, C, D, E, F), "area")


def test_a_building_against_the_limit_of_its_commune_is_its_own(communes):
    weights = weights_of(communes, buildings=buildings(("residential", 1.0, 1.0, square(0, 0.5, 0.01, 0.01))))

    assert method(weights) == ("buildings", "area")


def test_a_building_of_two_parts_is_shared_among_them(communes):
    pair = MultiPolygon([SMALL, LARGE])

    assert shares(weights_of(communes, buildings=buildings(("residential", 9.0, 1.0, pair))), west=WEST) == {
        "west": pytest.approx(1 / 3)
    }


# By land cover


@pytest.mark.parametrize(
    ("uses", "residents", "jobs"),
    [
        (("US5", "US3"), 1.0, 0.0),
        (("US5", "US2"), 1.0, 0.0),
        (("US5", "US235"), 1.0, 0.0),
        (("US235", "US3"), 1.0, 0.25),
        (("US1.1", "US4.1.1"), 0.25, 0.25),
        (("US1.1", "US5"), 0.0, 0.25),
    ],
)
def test_built_land_weighs_by_its_use(communes, uses, residents, jobs):
    # 10 ha in the west and 30 ha in the east; a meadow of residential use has no home.
    land = land_cover(
        (BUILT, uses[0], square(0.1, 0, 0.1, 1)),
        (BUILT, uses[1], square(0.6, 0, 0.3, 1)),
        ("CS2.2.1", "US5", square(0.2, 0, 0.4, 1)),
    )

    weights = weights_of(communes, land_cover=land)

    assert method(weights) == ("land_cover", "land_cover")
    assert shares(weights, west=WEST) == {"west": residents}
    assert shares(weights, "jobs", west=WEST) == {"west": jobs}


def test_built_land_without_a_known_use_weighs_by_area(communes):
    land = land_cover((BUILT, "", square(0.1, 0, 0.1, 1)), (BUILT, "", square(0.6, 0, 0.3, 1)))

    assert shares(weights_of(communes, land_cover=land.drop(columns="use_code")), west=WEST) == {"west": 0.25}


def test_each_commune_chooses_its_own_uses(communes):
    land = land_cover(
        (BUILT, "US5", square(0.1, 0, 0.1, 1)),
        (BUILT, "US235", square(0.6, 0, 0.1, 1)),
        (BUILT, "US235", square(1.1, 0, 0.1, 1)),
    )

    assert weights_of(communes, land_cover=land).totals.loc[[A, B], "residents"].tolist() == pytest.approx(
        [100_000.0, 100_000.0]
    )


def test_each_commune_is_measured_with_the_land_cover_of_its_departement(communes):
    # Both files reach 200 m into the neighbour: C (04) and F (83) are on either side.
    of_04 = land_cover((BUILT, "US5", square(2, 0.9, 1, 0.3)))
    of_83 = land_cover((BUILT, "US5", square(2, 0.8, 1, 0.4)))

    weights = weights_of(communes, land_cover=[("04", of_04), ("83", of_83)])

    assert weights.methods["residents"].to_dict() == {C: "land_cover", F: "land_cover"} | dict.fromkeys(
        (A, B, D, E), "area"
    )
    assert weights.totals.loc[[C, F], "residents"].tolist() == pytest.approx([100_000.0, 200_000.0])


def test_the_departement_of_a_commune_is_what_its_layer_says(communes):
    land = land_cover((BUILT, "US5", square(0, 0, 0.5, 0.5)))
    told = communes.assign(departement_code="2A")

    assert method(weights_of(told, land_cover=[("2A", land)])) == ("land_cover", "land_cover")
    assert method(weights_of(told, land_cover=[("04", land)])) == ("area", "area")


def test_an_invalid_polygon_of_built_land_counts_for_what_it_covers(communes):
    # A bow tie of two triangles, 250 m × 500 m / 2 each, beside a house plot of 2.5 ha: 12.5 ha in the west, 2.5 in the
    # east. Unrepaired, its two triangles turn opposite ways and cancel out.
    x, y = ORIGIN
    bow_tie = Polygon([(x, y), (x, y + 500), (x + 500, y), (x + 500, y + 500)])
    land = land_cover((BUILT, "US5", bow_tie), (BUILT, "US5", square(0.7, 0.1, 0.25, 0.1)))

    weights = weights_of(communes, land_cover=land)

    assert weights.totals.at[A, "residents"] == pytest.approx(150_000.0)
    assert shares(weights, west=WEST) == {"west": pytest.approx(12.5 / 15)}


# By streets


def test_streets_weigh_by_their_length(communes):
    roads = streets(
        ("residential", [(0.1, 0.1), (0.1, 0.4)]),
        ("living_street", [(0.6, 0.6), (0.9, 0.6), (0.9, 0.9)]),
        ("primary", [(0, 0.5), (1, 0.5)]),
    )

    weights = weights_of(communes, roads=roads)

    assert method(weights) == ("roads", "roads")
    assert weights.totals.at[A, "residents"] == pytest.approx(900.0)
    assert shares(weights, west=WEST) == shares(weights, "jobs", west=WEST) == {"west": pytest.approx(1 / 3)}


def test_a_street_is_cut_where_the_zone_ends(communes):
    weights = weights_of(communes, roads=streets(("residential", [(0.1, 0.1), (0.9, 0.1)])))

    assert shares(weights, west=WEST, tenth=square(0.1, 0, 0.08, 1)) == {"west": 0.5, "tenth": 0.1}


def test_a_slanted_street_is_as_long_as_it_is(communes):
    # 3-4-5: 500 m.
    weights = weights_of(communes, roads=streets(("residential", [(0.1, 0.1), (0.4, 0.5)])))

    assert weights.totals.at[A, "residents"] == pytest.approx(500.0)
    assert shares(weights, low=square(0, 0, 1, 0.3)) == {"low": 0.5}


def test_a_street_along_the_limit_of_two_zones_is_half_in_each(communes):
    weights = weights_of(
        communes, roads=streets(("residential", [(0.5, 0.2), (0.5, 0.8)]), ("residential", [(0.1, 0.1), (0.1, 0.3)]))
    )

    assert shares(weights, west=WEST, east=EAST) == {"west": 0.625, "east": 0.375}


def test_a_street_along_the_limit_of_two_communes_is_half_of_each(communes):
    weights = weights_of(communes, roads=streets(("residential", [(1, 0.2), (1, 0.8)])))

    assert weights.totals.loc[[A, B], "residents"].tolist() == pytest.approx([300.0, 300.0])


def test_points_that_come_twice_in_a_street_change_nothing(communes):
    roads = streets(("residential", [(0.1, 0.1), (0.1, 0.1), (0.1, 0.4), (0.1, 0.4)]))

    assert weights_of(communes, roads=roads).totals.at[A, "residents"] == pytest.approx(300.0)


# Which method


def test_each_commune_takes_the_best_method_that_it_has_for_each_kind(communes):
    homes = buildings(("residential", 1.0, 1.0, SMALL))
    land = land_cover((BUILT, "US5", square(0.2, 0.2, 0.1, 0.1)), (BUILT, "US5", square(1.2, 0.2, 0.1, 0.1)))
    roads = streets(*(("residential", [(x + 0.1, 0.1), (x + 0.1, 0.2)]) for x in range(3)))

    weights = weights_of(communes, buildings=homes, land_cover=land, roads=roads)

    assert weights.methods.loc[A].to_dict() == {"residents": "buildings", "jobs": "land_cover"}
    assert weights.methods.loc[B].to_dict() == {"residents": "land_cover", "jobs": "land_cover"}
    assert weights.methods.loc[C].to_dict() == {"residents": "roads", "jobs": "roads"}
    assert weights.methods.loc[D].to_dict() == {"residents": "area", "jobs": "area"}
    assert weights.totals.loc[A].to_dict() == pytest.approx({"residents": 1.0, "jobs": 10_000.0})
    # What A takes from the land cover is for its jobs alone.
    built = square(0.2, 0.2, 0.1, 0.1)
    assert (shares(weights, built=built), shares(weights, "jobs", built=built)) == ({"built": 0.0}, {"built": 1.0})


def test_layers_without_anything_that_counts_leave_it_to_the_area(communes):
    weights = weights_of(
        communes,
        buildings=buildings(("residential", 1.0, 1.0, square(50, 50))),
        land_cover=land_cover(("CS2.2.1", "US5", square(0, 0))),
        roads=streets(("motorway", [(0, 0), (1, 1)])),
    )

    assert set(weights.methods.to_numpy().ravel()) == {"area"}
    assert weights.pieces.empty
    assert shares(weights, west=WEST) == {"west": 0.5}


# Guarantees


def everything() -> dict[str, dict[str, gpd.GeoDataFrame]]:
    """Layers of each method over A and B, with features astride their limit."""
    random = np.random.default_rng(5)
    spots = [square(x, y, 0.03, 0.05) for x, y in random.uniform(0.0, 1.95, (40, 2)) * [1.0, 0.48]]
    uses = random.choice(["residential", "activity"], 40)
    dwellings = np.where(random.uniform(size=40) < 0.3, NAN, random.integers(0, 9, 40))
    lines = [(("residential"), [tuple(end) for end in ends]) for ends in random.uniform(0, 1.0, (40, 3, 2)) * [2, 1]]
    return {
        "buildings": {"buildings": buildings(*zip(uses, dwellings, random.integers(1, 4, 40), spots, strict=True))},
        "land_cover": {"land_cover": land_cover(*((BUILT, use, s) for use, s in zip(uses, spots, strict=True)))},
        "roads": {"roads": streets(*lines)},
        "area": {},
    }


EVERYTHING = everything()


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.floats(0.01, 1.99), min_size=1, max_size=4),
    angle=st.sampled_from([0.0, 17.0, 45.0, 90.0]),
)
def test_a_partition_has_the_totals_of_the_communes_exactly(name, cuts, angle):
    pair = gpd.GeoDataFrame(
        geometry=[square(0, 0), square(1, 0)], index=pd.Index([A, B], name="commune_code"), crs=2154
    )
    edges = [-9.0, *sorted(set(np.round(cuts, 3))), 9.0]
    strips = [square(left, -9, right - left, 18) for left, right in pairwise(edges)]
    parts = zones(
        **{
            str(rank): shapely.affinity.rotate(strip, angle, origin=square(1, 0.5, 0, 0).centroid)
            for rank, strip in enumerate(strips)
        }
    )
    figures = people(population=[1234.0, 56.0], jobs=[78.9, 1e5])
    weights = weights_of(pair, **EVERYTHING[name])

    table = distribute(parts, figures, weights)

    assert set(weights.methods["residents"]) == {name}
    summed = table[["population", "jobs"]].groupby(level="commune_code").sum()
    np.testing.assert_allclose(summed, figures, rtol=1e-9)
    assert (table[["residents_share", "jobs_share", "share_of_commune"]] <= 1).all().all()


@pytest.mark.parametrize("name", METHODS)
def test_a_zone_larger_than_the_communes_has_all_of_them_and_no_more(communes, name):
    figures = people(population=[10.0, 20.0], households=[4.0, 9.0], dwellings=[5.0, 11.0], jobs=[1.0, 2.0])

    table = distribute(zones(all=square(-9, -9, 30, 30)), figures, weights_of(communes, **EVERYTHING[name]))

    assert len(table) == 6
    of_both = table.loc[[("all", A), ("all", B)]]
    np.testing.assert_allclose(of_both[list(figures.columns)], figures, rtol=1e-12)
    assert (of_both[list(figures.columns)].to_numpy() <= figures.to_numpy()).all()


@pytest.mark.parametrize("name", METHODS)
def test_a_zone_within_another_never_has_more(communes, name):
    centre = square(0.9, 0.4, 0, 0).centroid
    discs = zones(**{str(radius): centre.buffer(radius) for radius in range(50, 1500, 50)})
    figures = people(population=[1000.0, 1000.0], jobs=[1000.0, 1000.0])

    totals = distribute(discs, figures, weights_of(communes.loc[[A, B]], **EVERYTHING[name]))[["population", "jobs"]]

    grown = totals.groupby(level="zone", sort=False).sum().diff().dropna()
    assert (grown.to_numpy() > -1e-9).all()
    assert (grown.to_numpy() > 0).any()


def test_zones_that_overlap_are_each_measured_whole(communes):
    table = distribute(zones(one=WEST, two=square(0, 0), three=WEST), people(population=[10.0]), weights_of(communes))

    assert table["population"].tolist() == pytest.approx([5.0, 10.0, 5.0])


@pytest.mark.parametrize("name", METHODS)
def test_the_order_of_rows_changes_nothing(communes, name):
    figures = people(population=[10.0, 20.0, 30.0], jobs=[1.0, 2.0, 3.0])
    hubs = zones(one=square(0.2, 0.2, 1.3, 0.6), two=square(0.5, 0, 2, 2))
    turned = {layer: rows.iloc[::-1] for layer, rows in EVERYTHING[name].items()}

    table = distribute(hubs, figures, weights_of(communes, **EVERYTHING[name]))
    again = distribute(hubs.iloc[::-1], figures.iloc[::-1], weights_of(communes.iloc[::-1], **turned))

    assert [code for zone, code in again.index if zone == "two"] == [A, B, C, D, E, F]
    assert_frame_equal(again.loc[table.index], table, rtol=1e-12)


def test_no_argument_is_changed(communes):
    given_layers = {name: layer for layers in everything().values() for name, layer in layers.items()}
    kept = {name: layer.copy() for name, layer in given_layers.items()}
    figures = people(population=[10.0])
    before = communes.copy(), figures.copy()

    distribute(zones(hub=WEST), figures, weights_of(communes, **given_layers))

    assert all(kept[name].equals(given_layers[name]) for name in kept)
    assert before[0].equals(communes)
    assert before[1].equals(figures)


# What is unknown


def test_an_unknown_figure_stays_unknown_unless_nothing_of_it_is_in_the_zone(communes):
    # All homes of B are in its east.
    homes = buildings(("residential", 1.0, 1.0, SMALL), ("residential", 1.0, 1.0, square(1.8, 0.5, 0.01, 0.01)))
    figures = people(population=[10.0, NAN])

    table = distribute(
        zones(near=square(0, 0, 1.5, 1), far=square(0, 0, 2, 1)), figures, weights_of(communes, buildings=homes)
    )

    assert table["population"].tolist() == pytest.approx([10.0, 0.0, 10.0, NAN], nan_ok=True)
    assert distributed_totals(table)["population"].tolist() == pytest.approx([10.0, NAN], nan_ok=True)


def test_a_commune_without_figures_is_unknown_not_empty(communes):
    table = distribute(zones(hub=square(0.5, 0, 1, 1)), people(population=[10.0]), weights_of(communes))

    assert table["population"].tolist() == pytest.approx([5.0, NAN], nan_ok=True)


def test_a_zone_out_of_all_communes_has_no_row(communes):
    table = distribute(zones(out=square(50, 50), hub=WEST), people(population=[10.0]), weights_of(communes))

    assert table.index.tolist() == [("hub", A)]
    assert distributed_totals(table).index.tolist() == ["hub"]


def test_no_zone_at_all_gives_an_empty_table(communes):
    table = distribute(zones(), people(population=[10.0]), weights_of(communes))

    assert table.empty
    assert table.columns.tolist()[-3:] == ["population", "residents_method", "jobs_method"]
    assert distributed_totals(table).empty


# Totals


def test_totals_add_up_figures_and_join_the_methods_that_give_something(communes):
    # A by its house, in the zone; B by its house, out of it; D by area.
    homes = buildings(("residential", 1.0, 1.0, SMALL), ("residential", 1.0, 1.0, square(1.8, 0.5, 0.01, 0.01)))
    figures = people(population=[10.0, 20.0, 30.0, 40.0])
    hubs = zones(west=square(0, 0, 1.5, 1), both=square(0, 0, 1, 1.5), none=square(1, 0, 0.5, 1))

    totals = distributed_totals(distribute(hubs, figures, weights_of(communes, buildings=homes)))

    assert totals.columns.tolist() == ["area_ha", "population", "residents_method", "jobs_method"]
    assert totals["area_ha"].to_dict() == pytest.approx({"west": 150.0, "both": 150.0, "none": 50.0})
    assert totals["population"].to_dict() == pytest.approx({"west": 10.0, "both": 30.0, "none": 0.0})
    assert totals["residents_method"].fillna("?").to_dict() == {
        "west": "buildings",
        "both": "buildings + area",
        "none": "?",
    }
    assert totals["jobs_method"].to_dict() == {"west": "area", "both": "area", "none": "area"}


def test_zones_of_several_levels_keep_them(communes):
    index = pd.MultiIndex.from_tuples([("b", 15), ("a", 5)], names=["origin_id", "minutes"])
    hubs = gpd.GeoDataFrame(geometry=[square(0, 0), WEST], index=index, crs=2154)

    table = distribute(hubs, people(population=[10.0]), weights_of(communes))

    assert table.index.names == ["origin_id", "minutes", "commune_code"]
    assert table.index.tolist() == [("b", 15, A), ("a", 5, A)]
    assert distributed_totals(table)["population"].to_dict() == {("b", 15): 10.0, ("a", 5): 5.0}
    assert distributed_totals(table).index.names == ["origin_id", "minutes"]


def test_communes_may_be_the_zones(communes):
    table = distribute(communes, people(population=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), weights_of(communes))

    assert table.index.names == ["zone", "commune_code"]
    assert table["population"].to_dict() == {(code, code): float(rank + 1) for rank, code in enumerate(CODES.values())}


# Refusals


@pytest.mark.parametrize("name", ["buildings", "land_cover", "roads"])
def test_a_layer_in_another_system_is_refused(communes, name):
    layer = EVERYTHING[name][name].to_crs(3857)

    with pytest.raises(ValueError, match=rf"{name} is in EPSG:3857, EPSG:2154 \(Lambert-93\) expected"):
        weights_of(communes, **{name: layer})


@pytest.mark.parametrize(
    ("name", "column"), [("buildings", "use"), ("land_cover", "cover_code"), ("roads", "road_class")]
)
def test_a_layer_without_its_column_is_refused(communes, name, column):
    layer = EVERYTHING[name][name].drop(columns=column)

    with pytest.raises(ValueError, match=rf"{name}: columns \['{column}'\] expected, found"):
        weights_of(communes, **{name: layer})


def test_a_departement_given_twice_is_refused(communes):
    land = EVERYTHING["land_cover"]["land_cover"]

    with pytest.raises(ValueError, match=r"one state a département expected, found several for \['04'\]"):
        weights_of(communes, land_cover=[("04", land), ("04", land)])


@pytest.mark.parametrize("columns", [{"inhabitants": [1.0]}, {"population": [1.0], 2023: [1.0]}, {}])
def test_figures_that_nobody_knows_how_to_spread_are_refused(communes, columns):
    figures = pd.DataFrame(columns, index=[A])

    with pytest.raises(ValueError, match="figures: some of population, households, dwellings, jobs expected"):
        distribute(zones(hub=WEST), figures, weights_of(communes))


def test_a_commune_given_twice_is_refused(communes):
    figures = pd.DataFrame({"population": [1.0, 2.0]}, index=[A, A])

    with pytest.raises(ValueError, match=r"one row a commune expected, found several for \['04001'\]"):
        distribute(zones(hub=WEST), figures, weights_of(communes))


def test_zones_that_cannot_be_measured_are_refused(communes):
    with pytest.raises(ValueError, match="zones: valid polygons expected"):
        distribute(zones(hub=square(0, 0).centroid), people(population=[1.0]), weights_of(communes))
