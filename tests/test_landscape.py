"""Patches of squares whose number, edge and mesh are mental arithmetic, and the formulas behind them.

The published figures are those of FRAGSTATS v4 on the example raster of landscapemetrics (data-raw/landscape.land and
landscape.class): 30 x 30 cells of 1 m, 184, 234 and 482 of each class.
"""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pandas.testing import assert_frame_equal
from shapely import affinity, box

from hp_sig.indicators.fragmentation import (
    aggregation_index,
    contagion_index,
    division_share,
    interspersion_index,
    least_sides,
    mesh_size_ha,
    shannon_diversity,
    shannon_evenness,
    simpson_diversity,
    splitting_index,
)
from hp_sig.indicators.landscape import LANDSCAPE, effective_mesh_size, patch_metrics
from hp_sig.indicators.landscape_raster import class_metrics, raster_metrics

CELLS = [184, 234, 482]
#: Edges of the published example: TE is 181, 203 and 296 m by class, so that 1-2 is (181 + 203 - 296)/2 = 44 m.
EDGES = [44, 137, 159]
#: Its like joins: PLADJ is 73.6413, 74.3590 and 81.0166 % of the 4 sides of each cell, each join being two of them.
LIKE = [271, 348, 781]
JOINS = [[271, 44, 137], [44, 348, 159], [137, 159, 781]]


def layer(*shapes, crs=2154):
    index = pd.Index([f"z{rank}" for rank in range(len(shapes))], name="zone_code")
    return gpd.GeoSeries(list(shapes), index=index, crs=crs)


def land(classes, crs=2154):
    """Make land of (class, shape) pairs."""
    return gpd.GeoDataFrame({"cover": [name for name, _ in classes]}, geometry=[shape for _, shape in classes], crs=crs)


def measured(zone, *classes, **options):
    """Measure one zone; give the table of its classes."""
    return patch_metrics(layer(zone), land(classes), class_column="cover", **options).loc["z0"]


# --- formulas ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 10, 1000])
def test_equal_patches_divide_a_landscape_by_their_number(count):
    areas = [600 / count] * count

    assert mesh_size_ha(areas, 600) == pytest.approx(600 / count)
    assert division_share(areas, 600) == pytest.approx(1 - 1 / count)
    assert splitting_index(areas, 600) == pytest.approx(count)


def test_land_that_is_no_patch_counts_in_the_landscape():
    # 30² + 40² over 100 ha
    assert mesh_size_ha([30, 40], 100) == pytest.approx(25)
    assert division_share([30, 40], 100) == pytest.approx(0.75)
    assert splitting_index([30, 40], 100) == pytest.approx(4)


def test_division_and_splitting_of_the_published_mesh_are_the_published_ones():
    # FRAGSTATS: MESH 0.0093822 ha of 0.09 ha, DIVISION 0.8958, SPLIT 9.5926. One patch may stand for all.
    areas = [math.sqrt(0.0093822 * 0.09)]

    assert mesh_size_ha(areas, 0.09) == pytest.approx(0.0093822)
    assert division_share(areas, 0.09) == pytest.approx(0.8958, abs=5e-5)
    assert splitting_index(areas, 0.09) == pytest.approx(9.5926, abs=5e-4)


def test_without_a_patch_there_is_no_mesh_and_nothing_to_split():
    assert mesh_size_ha([], 100) == 0
    assert division_share([], 100) == 1
    assert math.isnan(splitting_index([], 100))


@pytest.mark.parametrize(
    ("areas", "landscape"), [([-1], 10), ([math.nan], 10), ([11], 10), ([6, 5], 10), ([1], 0), ([1], math.nan)]
)
@pytest.mark.parametrize("formula", [mesh_size_ha, division_share, splitting_index])
def test_areas_that_are_none_are_refused(formula, areas, landscape):
    with pytest.raises(ValueError, match="patch_areas_ha: areas of 0 or more expected"):
        formula(areas, landscape)


def test_diversities_of_the_published_class_counts_are_the_published_ones():
    # FRAGSTATS: SHDI, SHEI, SIDI
    assert shannon_diversity(CELLS) == pytest.approx(1.0092143, abs=5e-8)
    assert shannon_evenness(CELLS) == pytest.approx(0.9186, abs=5e-5)
    assert simpson_diversity(CELLS) == pytest.approx(0.6038, abs=5e-5)


@pytest.mark.parametrize("count", [1, 2, 7, 14])
def test_equal_classes_are_as_diverse_as_the_logarithm_of_their_number(count):
    assert shannon_diversity([5.0] * count) == pytest.approx(math.log(count))
    assert shannon_evenness([5.0] * count) == pytest.approx(1 if count > 1 else 0)
    assert simpson_diversity([5.0] * count) == pytest.approx(1 - 1 / count)


def test_a_class_that_is_absent_makes_nothing_more_even():
    assert shannon_evenness([3, 3, 0]) == pytest.approx(1)
    assert shannon_diversity([3, 3, 0]) == shannon_diversity([3, 3])


@pytest.mark.parametrize("formula", [shannon_diversity, shannon_evenness, simpson_diversity])
def test_no_land_at_all_has_no_diversity(formula):
    assert math.isnan(formula([]))
    assert math.isnan(formula([0, 0]))


@pytest.mark.parametrize("bad", [[-1, 2], [math.nan, 1], [math.inf, 1]])
def test_amounts_that_are_none_are_refused(bad):
    with pytest.raises(ValueError, match="amounts: 0 or more"):
        shannon_diversity(bad)


@given(st.lists(st.floats(0.01, 1000), min_size=1, max_size=10), st.floats(0.001, 1000))
def test_only_proportions_make_diversity(amounts, factor):
    scaled = [factor * amount for amount in amounts]

    assert shannon_diversity(scaled) == pytest.approx(shannon_diversity(amounts), abs=1e-9)
    assert simpson_diversity(scaled) == pytest.approx(simpson_diversity(amounts), abs=1e-9)


@pytest.mark.parametrize("count", range(1, 26))
def test_the_least_perimeter_is_that_of_the_best_rectangle_with_a_row_begun(count):
    # However many whole columns, the cells left over lie along one side.
    best = min(2 * (width + math.ceil(count / width)) for width in range(1, count + 1))

    assert least_sides(count) == best


def test_aggregation_of_the_published_joins_is_the_published_one():
    index = aggregation_index(CELLS, LIKE)

    # FRAGSTATS: AI 79.7059, 79.6339, 84.8913 by class, 82.4642 for the landscape
    assert (100 * index).round(4).tolist() == [79.7059, 79.6339, 84.8913]
    assert 100 * np.average(index, weights=CELLS) == pytest.approx(82.4642, abs=5e-5)


def test_the_shape_of_the_published_classes_is_the_published_one():
    perimeters = 4 * np.array(CELLS) - 2 * np.array(LIKE)

    # FRAGSTATS: LSI by class
    assert (perimeters / least_sides(CELLS)).round(4).tolist() == [3.4643, 3.8710, 4.1591]


def test_contagion_of_the_published_joins_is_the_published_one():
    # FRAGSTATS: CONTAG
    assert 100 * contagion_index(CELLS, JOINS) == pytest.approx(26.4538, abs=5e-5)


def test_interspersion_of_the_published_edges_is_the_published_one():
    # FRAGSTATS: IJI of the landscape, then of the three classes
    assert 100 * interspersion_index(EDGES) == pytest.approx(89.7774, abs=5e-5)
    assert 100 * interspersion_index([44, 137]) == pytest.approx(80.0148, abs=5e-5)
    assert 100 * interspersion_index([44, 159]) == pytest.approx(75.4186, abs=5e-5)
    assert 100 * interspersion_index([137, 159]) == pytest.approx(99.6012, abs=5e-5)


# --- patches ----------------------------------------------------------------------------------------------------

#: 1 km², 100 ha.
SQUARE = box(0, 0, 1000, 1000)


def test_one_square_in_a_landscape():
    table = measured(SQUARE, ("built", box(400, 400, 600, 600)))

    expected = pd.Series(
        {
            "area_ha": 4.0,
            "area_share": 0.04,
            "patch_count": 1,
            "patch_density_per_100_ha": 1.0,
            "edge_density_m_per_ha": 8.0,  # 800 m on 100 ha
            "largest_patch_share": 0.04,
            "effective_mesh_size_ha": 0.16,  # 4² / 100
            "division_share": 1 - 0.0016,
            "splitting_index": 625.0,
            "shannon_diversity": 0.0,
            "shannon_evenness": 0.0,
            "simpson_diversity": 0.0,
        }
    )
    pd.testing.assert_series_equal(table.loc[LANDSCAPE], expected, check_names=False)
    pd.testing.assert_series_equal(table.loc["built"].iloc[:9], expected.iloc[:9], check_names=False)


def test_two_classes_that_fill_a_zone_share_one_edge():
    table = measured(SQUARE, ("east", box(250, 0, 1000, 1000)), ("west", box(0, 0, 250, 1000)))

    assert table["area_share"].to_dict() == {"east": 0.75, "west": 0.25, LANDSCAPE: 1.0}
    assert table["patch_count"].to_dict() == {"east": 1, "west": 1, LANDSCAPE: 2}
    # 1 000 m between them, once for each and once for the landscape
    assert table["edge_density_m_per_ha"].tolist() == pytest.approx([10, 10, 10], abs=1e-4)
    # 75² + 25² over 100
    assert table["effective_mesh_size_ha"].tolist() == pytest.approx([56.25, 6.25, 62.5])
    assert table.loc[LANDSCAPE, "largest_patch_share"] == pytest.approx(0.75)
    assert table.loc[LANDSCAPE, "simpson_diversity"] == pytest.approx(1 - 0.5625 - 0.0625)
    assert table.loc[["east", "west"], "shannon_diversity"].isna().all()


@pytest.mark.parametrize(
    ("other", "count"),
    [
        (box(300, 200, 400, 300), 1),  # shares a side
        (box(300, 250, 400, 350), 1),  # shares half a side, without a vertex in common
        (box(300, 300, 400, 400), 2),  # shares a corner
        (box(300.01, 200, 400, 300), 2),  # leaves a centimetre between them
        (box(250, 250, 400, 350), 1),  # overlaps
    ],
)
def test_a_patch_is_joined_by_a_length_of_edge_and_not_by_a_corner(other, count):
    table = measured(SQUARE, ("built", box(200, 200, 300, 300)), ("built", other))

    assert table["patch_count"].to_dict() == {"built": count, LANDSCAPE: count}


def test_polygons_of_one_class_that_adjoin_have_no_edge_between_them():
    table = measured(SQUARE, ("built", box(200, 200, 300, 300)), ("built", box(300, 200, 400, 300)))

    # 200 m x 100 m: 600 m around
    assert table["edge_density_m_per_ha"].tolist() == pytest.approx([6, 6])


def test_land_counts_only_inside_the_zone():
    table = measured(SQUARE, ("built", box(-500, 0, 500, 1000)), ("built", box(2000, 0, 3000, 1000)))

    assert table.loc["built", "area_ha"] == pytest.approx(50)
    assert table.loc["built", "patch_count"] == 1


def test_a_patch_that_leaves_a_zone_and_comes_back_is_two_patches():
    bridge = box(0, 100, 1100, 200) | box(1000, 100, 1100, 900) | box(0, 800, 1100, 900)

    assert measured(SQUARE, ("built", bridge)).loc["built", "patch_count"] == 2


@pytest.mark.parametrize("beyond", [0, 500])
def test_the_limit_of_the_zone_is_no_edge_wherever_the_land_stops(beyond):
    table = measured(SQUARE, ("built", box(-beyond, -beyond, 400, 1000 + beyond)))

    # Only the side at 400 m is within.
    assert table["edge_density_m_per_ha"].tolist() == pytest.approx([10, 10], abs=1e-4)


def test_a_neighbour_beyond_the_limit_is_neither_a_patch_nor_an_edge():
    table = measured(SQUARE, ("built", box(1000, 0, 2000, 1000)))

    assert table.loc["built", ["area_ha", "patch_count", "edge_density_m_per_ha"]].tolist() == [0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(angle=st.floats(0, 90), cuts=st.lists(st.integers(-600, 600), min_size=1, max_size=4, unique=True))
def test_land_cut_along_a_slanting_limit_beforehand_has_no_more_edges(angle, cuts):
    zone = affinity.translate(affinity.rotate(box(-500, -500, 500, 500), angle), 900_000, 6_300_000)
    sides = [-2000, *sorted(cuts), 2000]
    strips = [(f"c{rank % 2}", box(sides[rank], -2000, sides[rank + 1], 2000)) for rank in range(len(sides) - 1)]
    whole = land([(name, affinity.translate(strip, 900_000, 6_300_000)) for name, strip in strips])
    cut = whole.assign(geometry=whole.intersection(zone))
    cut = cut[~cut.is_empty & (cut.area > 1)]

    there, beforehand = (
        patch_metrics(layer(zone), each, class_column="cover", min_patch_m2=1) for each in (whole, cut)
    )

    landscape = ("z0", LANDSCAPE)
    assert beforehand.loc[landscape, "edge_density_m_per_ha"] == pytest.approx(
        there.loc[landscape, "edge_density_m_per_ha"], abs=0.01
    )
    assert beforehand.loc[landscape, "patch_count"] == there.loc[landscape, "patch_count"]


def test_slivers_are_no_patches_where_one_says_so():
    classes = [("built", box(200, 200, 300, 300)), ("built", box(500, 500, 500.1, 510))]

    assert measured(SQUARE, *classes).loc["built", "patch_count"] == 2
    assert measured(SQUARE, *classes, min_patch_m2=5).loc["built", "patch_count"] == 1


def test_a_hole_is_an_edge_and_no_patch():
    table = measured(SQUARE, ("built", box(200, 200, 600, 600) - box(300, 300, 400, 400)))

    assert table.loc["built", "patch_count"] == 1
    assert table.loc["built", "edge_density_m_per_ha"] == pytest.approx(20)  # 1 600 m + 400 m


def test_each_zone_has_a_row_for_each_class_and_one_for_the_landscape():
    zones = layer(SQUARE, box(5000, 0, 6000, 1000))

    table = patch_metrics(zones, land([("b", SQUARE), ("a", box(7000, 0, 7100, 100))]), class_column="cover")

    assert table.index.tolist() == [(zone, name) for zone in ("z0", "z1") for name in ("a", "b", LANDSCAPE)]
    assert table.index.names == ["zone_code", "cover"]
    assert table["patch_count"].tolist() == [0, 1, 1, 0, 0, 0]
    assert table["effective_mesh_size_ha"].tolist() == [0, 100, 100, 0, 0, 0]
    assert table["division_share"].tolist() == [1, 0, 0, 1, 1, 1]
    assert table["splitting_index"].isna().tolist() == [True, False, False, True, True, True]
    assert table["shannon_diversity"].isna().tolist() == [True, True, False, True, True, True]


def test_land_without_a_polygon_has_no_patch():
    table = patch_metrics(layer(SQUARE), land([]).astype({"cover": "str"}), class_column="cover")

    assert table.index.tolist() == [("z0", LANDSCAPE)]
    assert table["patch_count"].tolist() == [0]


def test_a_class_in_one_multipolygon_is_as_many_patches_as_it_has_parts():
    both = shapely.MultiPolygon([box(200, 200, 300, 300), box(500, 500, 600, 600)])

    assert measured(SQUARE, ("built", both)).loc["built", "patch_count"] == 2


def test_the_layers_given_are_left_as_they_were():
    zones, patches = layer(SQUARE), land([("built", box(0, 0, 100, 100))])
    kept = patches.copy(deep=True)

    patch_metrics(zones, patches, class_column="cover")

    assert_frame_equal(pd.DataFrame(patches), pd.DataFrame(kept))


@pytest.mark.parametrize(
    ("zones", "patches", "column", "words"),
    [
        (layer(SQUARE, crs=4326), land([]), "cover", "zones is in EPSG:4326"),
        (layer(), land([("a", SQUARE)]), "cover", "zones: at least one zone expected"),
        (layer(SQUARE), land([("a", SQUARE)], crs=4326), "cover", "patches is in EPSG:4326"),
        (layer(SQUARE), land([("a", shapely.Point(0, 0))]), "cover", "patches: valid polygons expected"),
        (layer(SQUARE), land([("a", SQUARE)]), "class", "class_column: 'class' expected in patches, found 'cover'"),
        (layer(SQUARE), land([(1, SQUARE)]), "cover", r"a text expected in each row of 'cover'.*found 1 and 0 rows"),
        (layer(SQUARE), land([("a", SQUARE), (None, SQUARE)]), "cover", "found none and 1 rows without"),
        (layer(SQUARE), land([(LANDSCAPE, SQUARE)]), "cover", "other than 'landscape'; found 'landscape'"),
    ],
)
def test_a_layer_that_breaks_the_contract_is_refused(zones, patches, column, words):
    with pytest.raises(ValueError, match=words):
        patch_metrics(zones, patches, class_column=column)


cells = arrays.arrays(np.int64, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(raster=cells)
def test_polygons_made_of_cells_agree_with_the_raster_whose_cells_join_by_their_sides(raster):
    height, width = raster.shape
    squares = [
        (f"c{raster[row, column]}", box(10 * column, -10 * row - 10, 10 * column + 10, -10 * row))
        for row in range(height)
        for column in range(width)
    ]
    whole = raster_metrics(raster, cell_size_m=10, connectivity=4)
    by_class = class_metrics(raster, cell_size_m=10, connectivity=4)

    table = measured(box(0, -10 * height, 10 * width, 0), *squares)

    # Each edge that meets the limit loses a millimetre of 10 m there.
    shared = [name for name in table.columns if name in whole.index and name != "edge_density_m_per_ha"]
    np.testing.assert_allclose(table.loc[LANDSCAPE, shared].astype(float), whole[shared], rtol=1e-9, atol=1e-9)
    shared = [name for name in by_class.columns if name in table.columns and name != "edge_density_m_per_ha"]
    np.testing.assert_allclose(table.drop(LANDSCAPE)[shared], by_class[shared], rtol=1e-9, atol=1e-9)
    edges = [*by_class["edge_density_m_per_ha"], whole["edge_density_m_per_ha"]]
    np.testing.assert_allclose(table["edge_density_m_per_ha"], edges, rtol=3e-4, atol=1e-9)


# --- mesh across limits -----------------------------------------------------------------------------------------

#: Two meadows of 1 and 2.9 ha, a road of 10 m between them; the zone holds 1 and 0.9 ha of them, of its 2 ha.
MEADOWS = [("meadow", box(0, 0, 100, 100)), ("meadow", box(110, 0, 400, 100))]
ZONE = box(0, 0, 200, 100)


def test_a_mesh_cut_at_the_limit_takes_each_piece_for_a_patch():
    mesh = effective_mesh_size(layer(ZONE), land(MEADOWS), boundary="cut")

    assert mesh.to_dict() == pytest.approx({"z0": (1 * 1 + 0.9 * 0.9) / 2})
    assert mesh.name == "effective_mesh_size_ha"
    assert mesh.index.name == "zone_code"


def test_a_mesh_across_the_limit_weighs_each_piece_by_its_whole_patch():
    mesh = effective_mesh_size(layer(ZONE), land(MEADOWS), boundary="cross")

    assert mesh.to_dict() == pytest.approx({"z0": (1 * 1 + 0.9 * 2.9) / 2})


def test_two_pieces_of_one_patch_are_joined_across_the_limit_only():
    bridge = box(0, 100, 1100, 200) | box(1000, 100, 1100, 900) | box(0, 800, 1100, 900)  # 10 + 10 ha in, 10 out

    cut = effective_mesh_size(layer(SQUARE), land([("a", bridge)]), boundary="cut")
    cross = effective_mesh_size(layer(SQUARE), land([("a", bridge)]), boundary="cross")

    assert cut.tolist() == pytest.approx([(10 * 10 + 10 * 10) / 100])
    assert cross.tolist() == pytest.approx([20 * 28 / 100])


def test_classes_that_adjoin_are_one_patch_of_the_mesh():
    fields = land([("meadow", box(0, 0, 100, 100)), ("wood", box(100, 0, 200, 100))])

    assert effective_mesh_size(layer(ZONE), fields, boundary="cut").tolist() == pytest.approx([2.0])


def test_patches_that_touch_at_a_corner_are_two_of_the_mesh():
    fields = land([("wood", box(0, 0, 100, 50)), ("wood", box(100, 50, 200, 100))])

    assert effective_mesh_size(layer(ZONE), fields, boundary="cut").tolist() == pytest.approx([(0.25 + 0.25) / 2])


@pytest.mark.parametrize("boundary", ["cut", "cross"])
def test_a_zone_without_land_left_has_no_mesh(boundary):
    zones = layer(box(9000, 0, 9100, 100), ZONE)

    assert effective_mesh_size(zones, land(MEADOWS), boundary=boundary).iloc[0] == 0
    assert effective_mesh_size(zones, land([]), boundary=boundary).tolist() == [0, 0]


def test_the_procedure_is_chosen_by_name():
    with pytest.raises(ValueError, match="boundary: 'cut' or 'cross' expected, found 'both'"):
        effective_mesh_size(layer(ZONE), land(MEADOWS), boundary="both")


@st.composite
def fields(draw):
    """Rectangles of whole decametres in a square of 1 km, as one layer."""
    shapes = []
    for _ in range(draw(st.integers(1, 6))):
        x, y = draw(st.integers(0, 80)), draw(st.integers(0, 80))
        width, height = draw(st.integers(1, 100 - x)), draw(st.integers(1, 100 - y))
        shapes.append(("field", box(10 * x, 10 * y, 10 * (x + width), 10 * (y + height))))
    return land(shapes)


@settings(max_examples=60, deadline=None)
@given(patches=fields(), cuts=st.lists(st.integers(1, 999), min_size=1, max_size=4, unique=True))
def test_a_mesh_across_limits_is_the_same_however_the_region_is_parted(patches, cuts):
    # Moser et al. 2007: the mean of the parts, weighted by their areas, is the mesh of the whole.
    sides = [0, *sorted(cuts), 1000]
    parts = layer(*(box(sides[rank], 0, sides[rank + 1], 1000) for rank in range(len(sides) - 1)))

    by_part = effective_mesh_size(parts, patches, boundary="cross")

    whole = effective_mesh_size(layer(SQUARE), patches, boundary="cut").iloc[0]
    assert np.average(by_part, weights=parts.area) == pytest.approx(whole, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(patches=fields())
def test_a_limit_that_cuts_never_makes_a_mesh_larger(patches):
    zones = layer(box(0, 0, 300, 1000), box(300, 0, 1000, 600))

    cut, cross = (effective_mesh_size(zones, patches, boundary=boundary) for boundary in ("cut", "cross"))

    assert (cut <= cross * (1 + 1e-9)).all()
    assert (cut <= zones.area / 1e4 * (1 + 1e-9)).all()


@settings(max_examples=30, deadline=None)
@given(patches=fields(), seed=st.integers(0, 99))
def test_the_order_of_the_polygons_changes_nothing(patches, seed):
    shuffled = patches.sample(frac=1, random_state=seed)

    there, back = (patch_metrics(layer(SQUARE), each, class_column="cover") for each in (patches, shuffled))

    assert_frame_equal(there, back)


@settings(max_examples=30, deadline=None)
@given(patches=fields())
def test_one_class_has_the_mesh_of_its_patches(patches):
    mesh = effective_mesh_size(layer(SQUARE), patches, boundary="cut").iloc[0]

    table = patch_metrics(layer(SQUARE), patches, class_column="cover")

    assert table.loc[("z0", "field"), "effective_mesh_size_ha"] == pytest.approx(mesh)
