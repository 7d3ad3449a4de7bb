import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal, assert_geoseries_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from land import land_cover, mosaic
from pandas.testing import assert_frame_equal, assert_series_equal
from shapely import MultiPolygon, Polygon, box

from hp_sig.indicators.stock import artificialised_area, is_artificialised
from hp_sig.indicators.thresholds import THRESHOLD_CASES, apply_thresholds, compare_with_official
from hp_sig.reference.nomenclature import decree_categories

HOUSE, PAVED, GRASS, TREES, WATER = "CS1.1.1.1", "CS1.1.1.2", "CS2.2.1", "CS2.1.1.1", "CS1.2.2"
ROAD, RAIL, HOMES, FORESTRY, UNUSED = "US4.1.1", "US4.1.2", "US5", "US1.2", "US6.3"
NO_LONGER, BECOMES, KEPT, NARROW = (
    "small_enclosed_artificialised",
    "small_enclosed_non_artificialised",
    "building_kept",
    "narrow_linear",
)
#: 1 km by 400 m: whatever lies in it is enclosed.
LAND = box(0, 0, 1000, 400)

Row = tuple[str, str, shapely.Geometry]


def lawn(*bounds: float) -> Row:
    """Artificialised: grass among homes."""
    return GRASS, HOMES, box(*bounds)


def house(*bounds: float) -> Row:
    """Artificialised and built."""
    return HOUSE, HOMES, box(*bounds)


def road(*bounds: float) -> Row:
    """Artificialised and linear."""
    return PAVED, ROAD, box(*bounds)


def wood(*bounds: float) -> Row:
    """Not artificialised."""
    return TREES, FORESTRY, box(*bounds)


def pond(*bounds: float) -> Row:
    """Not artificialised either."""
    return WATER, UNUSED, box(*bounds)


def around(cover: str, use: str, rows: tuple[Row, ...]) -> gpd.GeoDataFrame:
    held = shapely.union_all([shapely.make_valid(shape) for *_, shape in rows])
    return land_cover(*rows, (cover, use, LAND - held))


def in_the_woods(*rows: Row) -> gpd.GeoDataFrame:
    """Land in 40 ha of woods, the last row."""
    return around(TREES, FORESTRY, rows)


def in_the_town(*rows: Row) -> gpd.GeoDataFrame:
    """Land in 40 ha of yards, the last row."""
    return around(PAVED, HOMES, rows)


def cases(land: gpd.GeoDataFrame) -> list[str]:
    """Say what became of each row but the last, which never changes here."""
    marked = apply_thresholds(land)
    assert marked["artificialised"].iloc[-1] == marked["artificialised_matrix"].iloc[-1]
    return marked["threshold_case"].tolist()[:-1]


def status(land: gpd.GeoDataFrame) -> list[bool]:
    return apply_thresholds(land)["artificialised"].tolist()[:-1]


# --- case 2: artificialised land in land that is not --------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "case"),
    [
        (10, NO_LONGER),
        (49.99, NO_LONGER),  # 2 499.5 m²
        (49.999, NO_LONGER),  # 2 499.95
        (50 - 1e-6, ""),  # half a square centimetre is noise
        (50, ""),  # 2 500 m² exactly
        (50.01, ""),
    ],
)
def test_artificialised_land_in_the_woods_counts_from_2500_m2(width, case):
    land = in_the_woods(lawn(100, 100, 100 + width, 150))

    assert cases(land) == [case]
    assert status(land) == [case == ""]


def test_polygons_of_one_patch_are_added_up_whatever_their_cover():
    # 1 250 m² each: 2 500 together.
    assert cases(in_the_woods(lawn(100, 100, 125, 150), (PAVED, HOMES, box(125, 100, 150, 150)))) == ["", ""]
    # 1 250 + 1 249.5.
    assert cases(in_the_woods(lawn(100, 100, 125, 150), (PAVED, HOMES, box(125, 100, 149.99, 150)))) == [NO_LONGER] * 2
    # 900 m² each, the first and the last far apart, 2 700 together.
    assert cases(in_the_woods(*(lawn(100 + x, 100, 130 + x, 130) for x in (0, 30, 60)))) == ["", "", ""]


def test_two_patches_are_judged_each_by_itself():
    # 3 000 m² and 2 000 m², 50 m apart.
    assert cases(in_the_woods(lawn(100, 100, 160, 150), lawn(210, 100, 250, 150))) == ["", NO_LONGER]


def test_a_small_lawn_beside_a_large_town_is_the_towns():
    # The town is 500 × 400 m; its side has a vertex neither at the bottom nor at the top of the lawn.
    land = in_the_woods(lawn(500, 100, 510, 110), (PAVED, HOMES, box(0, 0, 500, 400)))

    assert cases(land) == ["", ""]


# --- case 1: land not artificialised in land that is --------------------------------------------------------------


@pytest.mark.parametrize(("width", "case"), [(10, BECOMES), (49.999, BECOMES), (50 - 1e-6, ""), (50, ""), (50.01, "")])
def test_other_land_in_the_town_stays_so_from_2500_m2(width, case):
    land = in_the_town(wood(100, 100, 100 + width, 150))

    assert cases(land) == [case]
    assert status(land) == [case != ""]


def test_other_land_of_one_patch_is_added_up_whatever_its_cover():
    assert cases(in_the_town(wood(100, 100, 125, 150), pond(125, 100, 150, 150))) == ["", ""]
    assert cases(in_the_town(wood(100, 100, 125, 150), pond(125, 100, 149.99, 150))) == [BECOMES, BECOMES]


# --- case 3: buildings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "case"),
    [
        (9.99, NO_LONGER),  # 49.95 m²
        (10 - 4e-6, KEPT),  # a fifth of a square centimetre is noise
        (10, KEPT),  # 50 m² exactly
        (10.01, KEPT),
        (400, KEPT),  # 2 000 m²
    ],
)
def test_a_building_in_the_woods_counts_from_50_m2(width, case):
    land = in_the_woods(house(100, 100, 100 + width, 105))

    assert cases(land) == [case]
    assert status(land) == [case == KEPT]


def test_a_building_of_2500_m2_is_no_case_of_the_thresholds():
    assert cases(in_the_woods(house(100, 100, 150, 150))) == [""]


def test_the_building_stays_and_its_garden_goes():
    # 100 m² in 900.
    garden = box(100, 100, 130, 130) - box(110, 110, 120, 120)

    assert cases(in_the_woods(house(110, 110, 120, 120), (GRASS, HOMES, garden))) == [KEPT, NO_LONGER]


def test_a_garden_large_enough_keeps_its_shed():
    # 10 m² in 2 500: no case at all.
    garden = box(100, 100, 150, 150) - box(110, 110, 115, 112)

    assert cases(in_the_woods(house(110, 110, 115, 112), (GRASS, HOMES, garden))) == ["", ""]


def test_a_garden_does_not_make_a_shed_a_building():
    # 49 m² and 900 m² of garden.
    garden = box(100, 100, 130, 130) - box(110, 110, 117, 117)

    assert cases(in_the_woods(house(110, 110, 117, 117), (GRASS, HOMES, garden))) == [NO_LONGER, NO_LONGER]


@pytest.mark.parametrize(
    ("first", "second", "case"),
    [
        ((100, 100, 105, 105), (105, 100, 110, 105), KEPT),  # 25 + 25 m², wall to wall
        ((100, 100, 105, 105), (105, 100, 109.9, 105), NO_LONGER),  # 25 + 24.5
        ((100, 100, 106, 105), (106, 105, 112, 110), NO_LONGER),  # 30 + 30, corner to corner
        ((100, 100, 106, 105), (110, 100, 116, 105), NO_LONGER),  # 30 + 30, 4 m of garden between
    ],
)
def test_adjoining_buildings_are_judged_together(first, second, case):
    garden = box(90, 90, 120, 120) - box(*first) - box(*second)

    land = in_the_woods(house(*first), house(*second), (GRASS, HOMES, garden))

    assert cases(land) == [case, case, NO_LONGER]


def test_a_building_apart_is_not_counted_with_those_that_adjoin():
    # 30 + 30 m² at one end of the garden, 40 m² at the other.
    first, second, third = box(100, 100, 106, 105), box(106, 100, 112, 105), box(120, 100, 128, 105)
    garden = box(95, 95, 135, 115) - shapely.union_all([first, second, third])
    land = in_the_woods(*((HOUSE, HOMES, shape) for shape in (first, second, third)), (GRASS, HOMES, garden))

    assert cases(land) == [KEPT, KEPT, NO_LONGER, NO_LONGER]


def test_the_courtyard_that_a_kept_building_encloses_is_artificialised():
    # A building of 900 m² around 100 m² of trees, or of lawn: both are enclosed by it.
    walls = box(100, 100, 130, 130) - box(110, 110, 120, 120)

    assert cases(in_the_woods((HOUSE, HOMES, walls), wood(110, 110, 120, 120))) == [KEPT, BECOMES]
    assert cases(in_the_woods((HOUSE, HOMES, walls), lawn(110, 110, 120, 120))) == [KEPT, ""]
    assert status(in_the_woods((HOUSE, HOMES, walls), lawn(110, 110, 120, 120))) == [True, True]


# --- the order of the rules: nested patches -----------------------------------------------------------------------


def test_a_pond_in_a_small_yard_in_the_fields_does_not_make_the_yard_large_enough():
    # 25 × 40 = 1 000 m² of water, 3 000 - 1 000 of yard: 3 000 together, but the yard is judged by its own.
    water, yard = box(110, 105, 135, 145), box(100, 100, 160, 150)

    assert cases(in_the_woods(pond(*water.bounds), (PAVED, HOMES, yard - water))) == ["", NO_LONGER]


def test_a_pond_in_a_large_yard_in_the_fields_is_the_yards():
    # 1 000 m² of water, 2 500 of yard.
    water, yard = box(120, 105, 145, 145), box(100, 100, 170, 150)

    assert cases(in_the_woods(pond(*water.bounds), (PAVED, HOMES, yard - water))) == [BECOMES, ""]


def test_a_garden_in_a_meadow_of_the_town_joins_the_meadow_which_is_then_large_enough():
    # 1 000 m² of garden in 2 000 of meadow: 3 000, which the town leaves.
    garden, meadow = box(120, 105, 145, 145), box(100, 100, 160, 150)

    assert cases(in_the_town(lawn(*garden.bounds), (GRASS, "US1.1", meadow - garden))) == [NO_LONGER, ""]


def test_a_garden_in_a_small_meadow_of_the_town_is_the_towns_with_it():
    # 1 000 m² in 1 000: 2 000 together.
    garden, meadow = box(105, 105, 130, 145), box(100, 100, 140, 150)
    land = in_the_town(lawn(*garden.bounds), (GRASS, "US1.1", meadow - garden))

    assert cases(land) == ["", BECOMES]
    assert status(land) == [True, True]


def test_a_house_in_a_small_wood_of_the_town_is_kept_and_the_wood_is_the_towns():
    # The house is 100 m²; the 800 m² left of the wood are enclosed in the town and the house.
    trees = box(100, 100, 130, 130) - box(110, 110, 120, 120)

    assert cases(in_the_town(house(110, 110, 120, 120), (TREES, FORESTRY, trees))) == [KEPT, BECOMES]


# --- linear infrastructure ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "case"), [(3, NARROW), (4.9, NARROW), (4.98, NARROW), (4.995, ""), (5, ""), (5.1, ""), (12, "")]
)
def test_a_road_counts_from_5_m_wide(width, case):
    # 900 m long, and so 2 700 m² or more: its area is no reason.
    land = in_the_woods(road(50, 200, 950, 200 + width))

    assert cases(land) == [case]
    assert status(land) == [case == ""]


@pytest.mark.parametrize(
    ("use", "case"),
    [
        ("US4.1.1", NARROW),
        ("US4.1.2", NARROW),
        ("US4.1.3", NARROW),
        ("US4.1.4", NARROW),
        ("US4.1.5", NARROW),
        ("US4.2", ""),
        ("US4.3", ""),
        ("US5", ""),
    ],
)
def test_the_width_is_that_of_transport_networks_alone(use, case):
    # 4 × 900 = 3 600 m².
    assert cases(in_the_woods((PAVED, use, box(50, 200, 950, 204)))) == [case]


def test_a_narrow_building_of_a_network_is_a_building():
    # A station of 4 × 100 m.
    assert cases(in_the_woods((HOUSE, RAIL, box(100, 100, 200, 104)))) == [KEPT]


def test_a_narrow_path_that_is_not_artificialised_is_no_case():
    # Trees along a road: 4 × 900 m.
    assert cases(in_the_woods((TREES, ROAD, box(50, 200, 950, 204)))) == [""]


def test_a_wide_road_too_short_to_have_2500_m2_is_a_small_patch():
    # 6 × 400 = 2 400 m².
    assert cases(in_the_woods(road(50, 200, 450, 206))) == [NO_LONGER]


def test_a_square_of_5_m_is_wide_enough():
    # In 5 000 m² of woods in the town: small, but not narrow.
    trees = box(100, 100, 200, 150) - box(140, 120, 145, 125)

    assert cases(in_the_town(road(140, 120, 145, 125), (TREES, FORESTRY, trees))) == [NO_LONGER, ""]


@pytest.mark.parametrize(("verge_m", "case"), [(1, NARROW), (1.9, NARROW), (2, ""), (4, "")])
def test_a_verge_widens_its_road_and_the_road_its_verge(verge_m, case):
    # A road of 3 m.
    verge = (GRASS, ROAD, box(50, 203, 950, 203 + verge_m))

    assert cases(in_the_woods(road(50, 200, 950, 203), verge)) == [case, case]


def test_a_garden_along_a_street_widens_it():
    # A street of 3 m, a garden of 2 m along it: 4 500 m² together.
    assert cases(in_the_woods(road(50, 200, 950, 203), lawn(50, 203, 950, 205))) == ["", ""]
    # A garden of 1 m: the street is narrow, and the 900 m² of garden are alone.
    assert cases(in_the_woods(road(50, 200, 950, 203), lawn(50, 203, 950, 204))) == [NARROW, NO_LONGER]


def test_trees_along_a_road_do_not_widen_it():
    assert cases(in_the_woods(road(50, 200, 950, 203), (TREES, ROAD, box(50, 203, 950, 210)))) == [NARROW, ""]


def test_a_road_cut_lengthwise_is_as_wide_as_in_one_piece():
    # A verge of 1.5 m, a road of 3, a verge of 1.5: 6 m, the verges too.
    verges = [(GRASS, ROAD, box(50, y, 950, y + 1.5)) for y in (198.5, 203)]
    # Three lanes of 2 m.
    lanes = [road(50, y, 950, y + 2) for y in (200, 202, 204)]
    # Two verges of 1 m and a road of 2.5: 4.5 m.
    narrow = [(GRASS, ROAD, box(50, y, 950, y + 1)) for y in (199, 202.5)]

    assert cases(in_the_woods(*verges, road(50, 200, 950, 203))) == ["", "", ""]
    assert cases(in_the_woods(*lanes)) == ["", "", ""]
    assert cases(in_the_woods(*narrow, road(50, 200, 950, 202.5))) == [NARROW] * 3


def test_a_road_cut_crosswise_is_as_wide_as_in_one_piece():
    # 300 pieces of 3 m, of a road of 6 m: each of them is 3 m wide by itself.
    pieces = [road(x, 200, x + 3, 206) for x in range(50, 950, 3)]

    assert cases(in_the_woods(*pieces)) == [""] * 300


@pytest.mark.parametrize(("gap_m", "case"), [(0.05, ""), (0.09, ""), (0.2, NARROW)])
def test_a_verge_on_the_other_side_of_a_ditch_does_not_widen_a_road(gap_m, case):
    # 3 m of road, 3 of verge; up to 10 cm is a sliver, no ditch.
    verge = (GRASS, ROAD, box(50, 203 + gap_m, 950, 206 + gap_m))

    assert cases(in_the_woods(road(50, 200, 950, 203), verge)) == [case, case]


def test_a_road_is_judged_as_a_whole_by_where_most_of_its_land_lies():
    # 6 m wide over 450 m (2 700 m²) and 4 m over 450 m (1 800 m²); then over 250 m (1 500) and 650 m (2 600).
    mostly_wide = box(50, 200, 500, 206) | box(500, 200, 950, 204)
    mostly_narrow = box(50, 200, 300, 206) | box(300, 200, 950, 204)

    assert cases(in_the_woods((PAVED, ROAD, mostly_wide))) == [""]
    assert cases(in_the_woods((PAVED, ROAD, mostly_narrow))) == [NARROW]


def test_a_wide_place_on_a_narrow_road_does_not_widen_it_all():
    # A square of 20 m (400 m²) at the end of 900 m of road, 3 m wide (2 700 m²).
    assert cases(in_the_woods((PAVED, ROAD, box(50, 200, 950, 203) | box(950, 190, 970, 210)))) == [NARROW]


@pytest.mark.parametrize(("width", "expected"), [(3, [NO_LONGER, NARROW, NO_LONGER]), (6, ["", "", ""])])
def test_a_narrow_road_no_longer_joins_what_lies_at_its_ends(width, expected):
    # Two lawns of 1 500 m² and 100 m of road between them.
    land = in_the_woods(lawn(100, 100, 150, 130), road(150, 110, 250, 110 + width), lawn(250, 100, 300, 130))

    assert cases(land) == expected


def test_a_narrow_road_that_the_town_encloses_with_its_trees_is_artificialised_again():
    # 20 × 3 m of road in 40 × 40 m of trees in the town: 1 600 m².
    trees = box(100, 100, 140, 140) - box(110, 118, 130, 121)
    land = in_the_town(road(110, 118, 130, 121), (TREES, FORESTRY, trees))

    assert cases(land) == ["", BECOMES]
    assert status(land) == [True, True]


def test_a_narrow_road_joins_the_woods_on_its_sides():
    # Two woods of 1 200 m² in the town and 60 m² of road between them: 2 460 m², or 2 610 with more wood.
    small = in_the_town(wood(100, 100, 120, 160), road(120, 100, 121, 160), wood(121, 100, 141, 160))
    large = in_the_town(wood(100, 100, 120, 160), road(120, 100, 121, 160), wood(121, 100, 143.5, 160))

    assert cases(small) == [BECOMES, "", BECOMES]
    assert cases(large) == ["", NARROW, ""]


# --- the edge of the data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("surroundings", "piece"), [(in_the_woods, lawn), (in_the_town, wood)])
@pytest.mark.parametrize(
    ("bounds", "count", "is_left_alone"),
    [
        ((0, 100, 30, 150), 1, True),  # on the western edge
        ((0, 100, 60, 150), 0, True),  # there too, but large enough to be judged
        ((20, 100, 50, 150), 0, False),  # 20 m from it
    ],
)
def test_a_small_patch_at_the_edge_of_the_data_is_left_alone_and_counted(
    surroundings, piece, bounds, count, is_left_alone
):
    land = surroundings(piece(*bounds))

    marked = apply_thresholds(land)

    assert marked.attrs["edge_patch_count"] == count
    assert (marked["artificialised"] == marked["artificialised_matrix"]).tolist() == [is_left_alone, True]
    assert (marked["threshold_case"].iloc[0] == "") == is_left_alone


@pytest.mark.parametrize(("hole_m", "count"), [(0.4, 0), (0.6, 1)])
def test_a_patch_beside_half_a_metre_or_more_of_missing_land_is_at_the_edge(hole_m, count):
    # 1 500 m² in the woods, from which a piece is missing that is 10 m long and touches the lawn over its width.
    land = in_the_woods(lawn(100, 100, 130, 150), wood(130, 120, 140, 120 + hole_m))

    marked = apply_thresholds(land.drop(index=1))

    assert marked.attrs["edge_patch_count"] == count
    assert marked["artificialised"].tolist() == [count == 1, False]


def test_a_patch_of_several_polygons_at_the_edge_counts_once_and_a_patch_on_each_side_twice():
    one = in_the_woods(lawn(0, 100, 20, 120), lawn(20, 100, 40, 120))
    two = in_the_woods(lawn(0, 100, 20, 120), lawn(0, 200, 20, 220))

    assert apply_thresholds(one).attrs["edge_patch_count"] == 1
    assert apply_thresholds(one)["artificialised"].tolist() == [True, True, False]
    assert apply_thresholds(two).attrs["edge_patch_count"] == 2


def test_patches_at_the_edge_of_both_kinds_are_counted():
    # Half town, half woods; a small wood at the edge of the town, a small lawn at that of the woods.
    town = (PAVED, HOMES, box(0, 0, 500, 400) - box(0, 100, 20, 120))
    land = in_the_woods(town, wood(0, 100, 20, 120), lawn(980, 100, 1000, 120))

    assert apply_thresholds(land).attrs["edge_patch_count"] == 2


def test_a_small_building_at_the_edge_of_the_data_is_left_alone_too():
    # 20 m².
    assert cases(in_the_woods(house(0, 100, 5, 104))) == [""]
    assert status(in_the_woods(house(0, 100, 5, 104))) == [True]


# --- slivers, corners, shapes of real deliveries ------------------------------------------------------------------


@pytest.mark.parametrize("gap_m", [0.02, 0.05, 0.09])
def test_a_gap_of_less_than_10_cm_does_not_part_two_lawns(gap_m):
    # 1 500 m² each: 3 000 together; then 1 000 each: 2 000, and the gap is no edge of the data.
    large = [lawn(100, 100, 150, 130), lawn(150 + gap_m, 100, 200, 130)]
    small = [lawn(100, 100, 150, 120), lawn(150 + gap_m, 100, 200, 120)]
    # The gap is nobody's: the woods do not fill it.
    woods = (TREES, FORESTRY, LAND - box(100, 100, 200, 130))
    fewer_woods = (TREES, FORESTRY, LAND - box(100, 100, 200, 120))

    assert cases(land_cover(*large, woods)) == ["", ""]
    assert cases(land_cover(*small, fewer_woods)) == [NO_LONGER, NO_LONGER]
    assert apply_thresholds(land_cover(*small, fewer_woods)).attrs["edge_patch_count"] == 0


@pytest.mark.parametrize("inserted", [(), (115.0,)])
def test_a_sliver_of_woods_of_less_than_10_cm_does_not_part_two_lawns(inserted):
    # 1 500 m² each. The sliver has the vertices of its neighbours, or one more on each side.
    west, east = [(150.0, y) for y in inserted], [(150.05, y) for y in inserted]
    sliver = Polygon([(150, 100), (150.05, 100), *east, (150.05, 130), (150, 130), *west])

    land = in_the_woods(lawn(100, 100, 150, 130), lawn(150.05, 100, 200, 130), (TREES, FORESTRY, sliver))

    assert cases(land)[:2] == ["", ""]


def test_20_cm_of_woods_part_two_lawns():
    land = in_the_woods(lawn(100, 100, 150, 130), lawn(150.2, 100, 200, 130))

    assert cases(land) == [NO_LONGER, NO_LONGER]


def test_a_gap_of_less_than_10_cm_all_around_a_lawn_is_no_edge_of_the_data():
    near = (TREES, FORESTRY, LAND - box(99.95, 99.95, 130.05, 150.05))
    far = (TREES, FORESTRY, LAND - box(99.8, 99.8, 130.2, 150.2))

    assert cases(land_cover(lawn(100, 100, 130, 150), near)) == [NO_LONGER]
    assert cases(land_cover(lawn(100, 100, 130, 150), far)) == [""]
    assert apply_thresholds(land_cover(lawn(100, 100, 130, 150), far)).attrs["edge_patch_count"] == 1


@pytest.mark.parametrize(
    ("surroundings", "piece", "case"), [(in_the_woods, lawn, NO_LONGER), (in_the_town, wood, BECOMES)]
)
@pytest.mark.parametrize(("overlap_m", "joins"), [(0.0, False), (0.4, False), (0.6, True)])
def test_a_corner_joins_nothing(surroundings, piece, case, overlap_m, joins):
    # 1 500 m² each, that share nothing but a corner, or an edge of so many metres.
    land = surroundings(piece(100, 100, 150, 130), piece(150, 130 - overlap_m, 200, 160 - overlap_m))

    assert cases(land) == ([""] * 2 if joins else [case] * 2)


def test_a_small_wood_that_touches_the_woods_by_a_corner_is_enclosed_by_the_town():
    # The town is 100 × 100 m without the quarter that touches the woods in its corner alone: 900 m².
    town = (PAVED, HOMES, box(100, 100, 200, 200) - box(170, 170, 200, 200))
    corner = wood(170, 170, 200, 200)
    beside = (PAVED, HOMES, box(200, 100, 260, 200) | box(100, 200, 200, 260))

    assert cases(in_the_woods(corner, town, beside)) == [BECOMES, "", ""]


def test_land_that_comes_twice_still_joins_the_town_beside_it():
    # A lawn of 1 000 m² beside the town, once and twice; no vertex of the town is one of the lawn.
    town = (PAVED, HOMES, box(0, 0, 500, 400))

    assert cases(in_the_woods(lawn(500, 100, 520, 150), town)) == ["", ""]
    assert cases(in_the_woods(lawn(500, 100, 520, 150), lawn(500, 100, 520, 150), town)) == ["", "", ""]


def test_land_that_comes_twice_at_the_edge_of_the_data_is_at_its_edge():
    land = in_the_woods(lawn(0, 100, 20, 150), lawn(0, 100, 20, 150))

    assert cases(land) == ["", ""]


def test_the_parts_of_a_polygon_are_judged_together():
    # Two lawns of 1 250 m² in one row, 50 m apart; then of 1 000.
    large = MultiPolygon([box(100, 100, 125, 150), box(175, 100, 200, 150)])
    small = MultiPolygon([box(100, 100, 120, 150), box(175, 100, 195, 150)])

    assert cases(in_the_woods((GRASS, HOMES, large))) == [""]
    assert cases(in_the_woods((GRASS, HOMES, small))) == [NO_LONGER]


def test_a_part_at_the_edge_of_the_data_leaves_the_whole_polygon_alone():
    parts = MultiPolygon([box(0, 100, 20, 150), box(175, 100, 195, 150)])

    assert cases(in_the_woods((GRASS, HOMES, parts))) == [""]


def test_a_clearing_in_the_hole_of_a_lawn_is_enclosed_by_it():
    # 400 m² in a lawn of 3 600 - 400.
    ring = box(100, 100, 160, 160) - box(120, 120, 140, 140)

    assert cases(in_the_woods(wood(120, 120, 140, 140), (GRASS, HOMES, ring))) == [BECOMES, ""]


def test_a_hole_in_the_data_is_an_edge_from_inside_a_polygon_too():
    # A lawn of 2 100 m² around 400 m² of which nothing is known.
    ring = box(100, 100, 150, 150) - box(120, 120, 140, 140)
    land = in_the_woods(pond(120, 120, 140, 140), (GRASS, HOMES, ring)).drop(index=0)

    assert cases(land) == [""]
    assert apply_thresholds(land).attrs["edge_patch_count"] == 1


def test_an_invalid_polygon_is_repaired_to_be_judged_and_given_back_as_it_was():
    # A bow tie of two triangles of 50 × 25 / 2 = 625 m² each: 0 as it is drawn.
    bow_tie = Polygon([(100, 100), (150, 150), (150, 100), (100, 150)])
    land = in_the_woods((GRASS, HOMES, bow_tie))

    marked = apply_thresholds(land)

    assert marked["threshold_case"].tolist() == [NO_LONGER, ""]
    assert marked.attrs["repaired_count"] == 1
    assert_geoseries_equal(marked.geometry, land.geometry)


def test_without_an_invalid_polygon_none_is_repaired():
    assert apply_thresholds(in_the_woods(lawn(100, 100, 150, 150))).attrs["repaired_count"] == 0


def test_many_lawns_in_one_wood_are_judged_each_by_itself():
    # 40 × 18 lawns of 100 m², in woods that have a vertex every metre of their outlines.
    x, y = (20.0 * axis.ravel() for axis in np.meshgrid(np.arange(1, 41), np.arange(1, 19)))
    lawns = shapely.box(x, y, x + 10, y + 10)
    woods = LAND - shapely.union_all(shapely.segmentize(lawns, 1))

    land = land_cover(*((GRASS, HOMES, shape) for shape in lawns), (TREES, FORESTRY, woods))

    assert cases(land) == [NO_LONGER] * 720


def test_many_narrow_roads_are_judged_on_every_processor():
    # 30 × 35 roads of 30 × 3 m, and beside every second one a lawn that widens it.
    x, y = (axis.ravel() for axis in np.meshgrid(32.0 * np.arange(30) + 10, 11.0 * np.arange(35) + 5))
    is_widened = np.arange(len(x)) % 2 == 0
    roads, lawns = shapely.box(x, y, x + 30, y + 3), shapely.box(x, y + 3, x + 30, y + 6)[is_widened]

    land = in_the_woods(*((PAVED, ROAD, shape) for shape in roads), *((GRASS, HOMES, shape) for shape in lawns))

    assert cases(land) == [NO_LONGER if wide else NARROW for wide in is_widened] + [NO_LONGER] * 525


def test_an_empty_land_cover_stays_empty():
    marked = apply_thresholds(in_the_woods(lawn(100, 100, 150, 150)).iloc[:0])

    assert len(marked) == 0
    assert marked.attrs["edge_patch_count"] == 0


# --- what is given back -------------------------------------------------------------------------------------------


def test_every_row_is_given_back_in_its_place_with_what_it_had():
    land = in_the_woods(house(100, 100, 110, 110), lawn(200, 100, 210, 110)).assign(origin=["a", "b", "c"])
    land.index = pd.Index(["x", "x", "y"], name="polygon")
    expected = land.assign(
        artificialised=[True, False, False],
        artificialised_matrix=[True, True, False],
        threshold_case=pd.array([KEPT, NO_LONGER, ""], dtype="str"),
    )

    assert_geodataframe_equal(apply_thresholds(land), expected)


def test_what_is_given_is_not_changed():
    land = in_the_woods(lawn(100, 100, 110, 110)).assign(artificialised=[True, False])
    land.attrs["vintage"] = "2021"
    before = land.copy(deep=True)

    marked = apply_thresholds(land)

    assert_geodataframe_equal(land, before)
    assert land.attrs == {"vintage": "2021"}
    assert marked.attrs == {"vintage": "2021", "edge_patch_count": 0, "repaired_count": 0}
    assert not shapely.is_prepared(land.geometry.to_numpy()).any()


def test_the_official_status_keeps_a_column_of_its_own_and_decides_of_nothing():
    land = in_the_woods(lawn(100, 100, 110, 110), lawn(200, 100, 260, 150)).assign(artificialised=[True, False, True])

    marked = apply_thresholds(land)

    assert marked["artificialised_official"].tolist() == [True, False, True]
    assert marked["artificialised"].tolist() == [False, True, False]
    assert marked["artificialised_matrix"].tolist() == [True, True, False]


def test_without_an_official_status_there_is_none_afterwards():
    assert "artificialised_official" not in apply_thresholds(in_the_woods(lawn(100, 100, 110, 110))).columns


def test_the_thresholds_applied_twice_give_the_same():
    land = in_the_woods(lawn(100, 100, 110, 110), house(200, 100, 210, 110)).assign(artificialised=[True, False, True])

    once = apply_thresholds(land)

    assert_geodataframe_equal(apply_thresholds(once), once)


def test_a_geometry_of_another_name_is_found():
    land = in_the_woods(lawn(100, 100, 110, 110)).rename_geometry("shape")

    assert apply_thresholds(land)["threshold_case"].tolist() == [NO_LONGER, ""]


def test_the_thresholds_are_those_of_the_decree():
    assert decree_categories()["min_area_m2"].tolist() == [50.0] + [2500.0] * 9


# --- properties ---------------------------------------------------------------------------------------------------


def town_and_country(seed: int) -> gpd.GeoDataFrame:
    """Cover 300 × 300 m with 64 polygons of about 1 400 m², some of them built, paved, roads, lawns, woods."""
    random = np.random.default_rng(seed)
    land = mosaic(seed, width_m=300.0)
    uses = random.choice([HOMES, ROAD, "US1.1"], len(land), p=[0.4, 0.2, 0.4])
    return land.assign(use_code=uses)


def small_parts(land: gpd.GeoDataFrame, chosen: np.ndarray) -> np.ndarray:
    """Say which of the chosen rows lie in a part of their union under 2 500 m² that does not reach the outline."""
    shapes = land.geometry.to_numpy()
    parts = shapely.get_parts(shapely.union_all(shapes[chosen]))
    outline = shapely.boundary(shapely.union_all(shapes)).buffer(0.01)
    small = parts[(shapely.area(parts) < 2500) & ~shapely.intersects(parts, outline)]
    row, _ = shapely.STRtree(small).query(shapely.point_on_surface(shapes), predicate="intersects")
    return chosen & np.isin(np.arange(len(land)), row)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rows_and_areas_are_kept_and_each_change_has_its_case(seed):
    land = town_and_country(seed)

    marked = apply_thresholds(land)

    assert_geodataframe_equal(marked[list(land.columns)], land)
    assert marked.area.sum() == pytest.approx(90_000.0)
    assert_series_equal(marked["artificialised_matrix"], is_artificialised(land), check_names=False)
    assert set(marked["threshold_case"]) <= set(THRESHOLD_CASES)
    before, after, case = marked["artificialised_matrix"], marked["artificialised"], marked["threshold_case"]
    assert (case[~before & after] == BECOMES).all()
    assert case[before & ~after].isin([NO_LONGER, NARROW]).all()
    assert case[before == after].isin(["", KEPT]).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_rows_does_not_matter(seed):
    land = town_and_country(seed)
    order = np.random.default_rng(seed).permutation(len(land))

    marked = apply_thresholds(land)
    shuffled = apply_thresholds(land.iloc[order])

    assert_geodataframe_equal(shuffled.loc[marked.index], marked)
    assert shuffled.attrs == marked.attrs


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_patches_are_the_parts_of_the_union_of_their_polygons(seed):
    # Nothing is narrow here, and every building has more than 50 m²: shapely's union tells all.
    land = town_and_country(seed)
    built = (land["cover_code"] == HOUSE).to_numpy()
    matrix = is_artificialised(land).to_numpy()
    without = matrix & ~(small_parts(land, matrix) & ~built)
    expected = without | small_parts(land, ~without)

    assert apply_thresholds(land)["artificialised"].tolist() == expected.tolist()


# --- refusals -----------------------------------------------------------------------------------------------------


def test_a_missing_use_is_refused():
    with pytest.raises(ValueError, match="1 lack one"):
        apply_thresholds(in_the_woods((GRASS, None, box(100, 100, 110, 110))))


def test_a_missing_use_is_refused_though_the_official_status_is_there():
    with pytest.raises(ValueError, match="1 lack one"):
        apply_thresholds(in_the_woods((GRASS, None, box(100, 100, 110, 110))).assign(artificialised=True))


@pytest.mark.parametrize("columns", [["cover", "use"], ["artificialised"]])
def test_a_difference_is_refused(columns):
    names = [f"{column}_{when}" for column in columns for when in ("before", "after")]
    difference = gpd.GeoDataFrame({name: [GRASS] for name in names}, geometry=[LAND], crs=2154)

    with pytest.raises(ValueError, match="a state expected, found a difference"):
        apply_thresholds(difference)


def test_lines_and_other_systems_of_coordinates_are_refused():
    with pytest.raises(ValueError, match="polygons expected, found 1 other"):
        apply_thresholds(land_cover((GRASS, HOMES, LAND.boundary)))
    with pytest.raises(ValueError, match="2154"):
        apply_thresholds(land_cover((GRASS, HOMES, box(5, 43, 6, 44))).set_crs(4326, allow_override=True))


# --- beside the official layer ------------------------------------------------------------------------------------


def zones(**shapes: Polygon) -> gpd.GeoSeries:
    return gpd.GeoSeries(list(shapes.values()), index=pd.Index(list(shapes), name="zone"), crs=2154)


def official() -> gpd.GeoDataFrame:
    """Give an official layer of two zones of 1 ha.

    In A, 0.6 ha of town, of which IGN has 0.4, and a lawn of 0.1 ha in the woods. In B, a lawn of 0.2 ha, of which it
    has nothing.
    """
    town, suburb, lawn_a, lawn_b = box(0, 0, 40, 100), box(40, 0, 60, 100), box(70, 10, 90, 60), box(120, 10, 170, 50)
    woods = box(0, 0, 300, 100) - shapely.union_all([town, suburb, lawn_a, lawn_b])
    return land_cover(
        (PAVED, HOMES, town),
        (GRASS, HOMES, suburb),
        (GRASS, HOMES, lawn_a),
        (GRASS, HOMES, lawn_b),
        (TREES, FORESTRY, woods),
    ).assign(artificialised=[True, False, False, False, False])


THREE = {"A": box(0, 0, 100, 100), "B": box(100, 0, 200, 100), "C": box(5000, 0, 5100, 100)}


def test_the_gaps_are_ours_less_the_official_area_and_a_share_of_it():
    nan = np.nan
    expected = pd.DataFrame(
        {
            "artificialised_official_ha": [0.4, 0.0, nan],
            "artificialised_matrix_ha": [0.7, 0.2, nan],
            "artificialised_thresholds_ha": [0.6, 0.0, nan],
            "matrix_gap_ha": [0.3, 0.2, nan],
            "thresholds_gap_ha": [0.2, 0.0, nan],
            "matrix_gap_share": [0.75, nan, nan],
            "thresholds_gap_share": [0.5, nan, nan],
        },
        index=pd.Index(["A", "B", "C"], name="zone"),
    )

    assert_frame_equal(compare_with_official(zones(**THREE), official()), expected)


def test_the_gap_is_negative_where_ign_has_more():
    more = official().assign(artificialised=[True, True, True, True, True])

    table = compare_with_official(zones(**THREE), more)

    assert table.loc["A", ["matrix_gap_ha", "thresholds_gap_ha"]].tolist() == pytest.approx([-0.3, -0.4])
    assert table.loc["B", "thresholds_gap_share"] == pytest.approx(-1.0)


def test_the_thresholds_are_applied_to_the_land_cover_not_to_what_a_zone_holds_of_it():
    # A zone that cuts the lawn of B in two, and the town at 30 m.
    halves = zones(west=box(0, 0, 30, 100), east=box(145, 0, 300, 100))

    table = compare_with_official(halves, official())

    assert table["artificialised_official_ha"].tolist() == pytest.approx([0.3, 0.0])
    assert table["artificialised_matrix_ha"].tolist() == pytest.approx([0.3, 0.1])
    assert table["artificialised_thresholds_ha"].tolist() == pytest.approx([0.3, 0.0])


def test_land_cover_that_already_has_its_thresholds_is_compared_as_it_is():
    marked = apply_thresholds(official())
    # Somebody who knows the place has put the lawn of B back.
    corrected = marked.assign(artificialised=[True, True, False, True, False])

    assert_frame_equal(compare_with_official(zones(**THREE), marked), compare_with_official(zones(**THREE), official()))
    assert compare_with_official(zones(**THREE), corrected).loc["B", "thresholds_gap_ha"] == pytest.approx(0.2)


def test_zones_beside_no_land_cover_at_all_are_unknown():
    table = compare_with_official(zones(C=THREE["C"]), official())

    assert table.isna().all(axis=None)


@pytest.mark.parametrize("given", ["before", "after"])
def test_a_land_cover_without_official_status_is_refused(given):
    land = official().drop(columns="artificialised")
    # After the thresholds there is a column of that name, but it is ours.
    land = apply_thresholds(land) if given == "after" else land

    with pytest.raises(ValueError, match="the official status of each polygon expected"):
        compare_with_official(zones(**THREE), land)


def test_a_polygon_without_official_status_is_refused():
    land = official().assign(artificialised=pd.array([True, None, None, False, False], dtype="boolean"))

    with pytest.raises(ValueError, match="2 have none"):
        compare_with_official(zones(**THREE), land)


def test_a_missing_use_or_a_difference_is_refused_in_a_comparison_too():
    with pytest.raises(ValueError, match="1 lack one"):
        compare_with_official(zones(**THREE), official().assign(use_code=[HOMES, HOMES, None, HOMES, FORESTRY]))
    difference = official().rename(columns={"cover_code": "cover_before", "use_code": "use_before"})
    with pytest.raises(ValueError, match="a state expected, found a difference"):
        compare_with_official(zones(**THREE), difference)


def test_a_stock_says_that_the_thresholds_were_applied():
    official = in_the_woods(house(100, 100, 110, 110)).assign(artificialised=False)
    marked = apply_thresholds(official)
    zones = gpd.GeoSeries([official.union_all()], index=["z"], crs=2154)

    assert artificialised_area(zones, marked)["method"].tolist() == ["thresholds"]
    # 100 m² of house: ours, not IGN's in this file.
    assert artificialised_area(zones, marked)["artificialised_ha"].tolist() == pytest.approx([0.01])
    assert artificialised_area(zones, marked, method="official")["artificialised_ha"].tolist() == [0.0]
