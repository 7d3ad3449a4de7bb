"""Metrics of rasters whose patches can be counted by eye, and the published figures of FRAGSTATS from its counts."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pandas.testing import assert_frame_equal

from hp_sig.indicators.landscape_raster import class_metrics, raster_metrics

#: Eight rows and columns of one class then the other, as on a chessboard.
CHESSBOARD = np.indices((8, 8)).sum(axis=0) % 2


def with_counts(*counts, side=30):
    """Fill a square raster with so many cells of each class, row by row."""
    return np.repeat(np.arange(1, len(counts) + 1), counts).reshape(side, side)


def one_square(side, of=10):
    """Put one square of class 2 in the middle of class 1."""
    cells = np.ones((of, of), dtype=int)
    start = (of - side) // 2
    cells[start : start + side, start : start + side] = 2
    return cells


def fixed():
    """Draw 24 x 30 cells of four classes by a formula, with a corner of nodata (0)."""
    row, column = np.mgrid[:24, :30]
    cells = ((row // 5) * (column // 6) + (row + 2 * column) // 17) % 4 + 1
    cells[(row < 4) & (column < 5)] = 0
    return cells


# --- FRAGSTATS on the example raster of landscapemetrics (30 x 30 cells of 1 m), from what its figures are made of ---


def test_diversity_follows_from_the_class_counts_of_the_published_example():
    metrics = raster_metrics(with_counts(184, 234, 482), cell_size_m=1)

    # FRAGSTATS v4 as printed by landscapemetrics for its raster `landscape`: SHDI, SHEI, SIDI
    assert metrics["shannon_diversity"] == pytest.approx(1.0092143, abs=5e-8)
    assert metrics["shannon_evenness"] == pytest.approx(0.9186, abs=5e-5)
    assert metrics["simpson_diversity"] == pytest.approx(0.6038, abs=5e-5)


def test_shares_follow_from_the_class_counts_of_the_published_example():
    table = class_metrics(with_counts(184, 234, 482), cell_size_m=1)

    # FRAGSTATS: PLAND, in percent
    assert (100 * table["area_share"]).round(4).to_dict() == {1: 20.4444, 2: 26.0, 3: 53.5556}


def test_twenty_eight_patches_on_nine_hundred_square_metres_have_the_published_density():
    cells = np.ones((30, 30), dtype=int)
    cells[1:19:2, 1:7:2] = 2  # 9 x 3 cells apart in one patch around them

    metrics = raster_metrics(cells, cell_size_m=1)

    assert metrics["patch_count"] == 28
    assert metrics["patch_density_per_100_ha"] == pytest.approx(31111.1111, abs=5e-5)


def test_three_hundred_and_forty_metres_of_edge_on_nine_hundred_square_metres_have_the_published_density():
    cells = np.ones((30, 30), dtype=int)
    cells[1:29:2, 1:13:2] = 2  # 14 x 6 cells apart, and one more: 85 of four sides
    cells[1, 13] = 2

    metrics = raster_metrics(cells, cell_size_m=1)

    assert metrics["total_edge_m"] == 340
    assert metrics["edge_density_m_per_ha"] == pytest.approx(3777.7778, abs=5e-5)
    # FRAGSTATS: LSI = (340 + the 120 m around the landscape) / 120
    assert metrics["landscape_shape_index"] == pytest.approx(3.8333, abs=5e-5)


# --- another tool -----------------------------------------------------------------------------------------------


# pylandstats 3.1.0 on `fixed()`, cells of 10 m, nodata 0, by its neighborhood_rule.
@pytest.mark.parametrize(
    ("connectivity", "patches", "density", "largest", "mesh"),
    [(8, 12, 171.428571, 22.857143, 0.881171), (4, 20, 285.714286, 12.285714, 0.501400)],
)
def test_a_landscape_agrees_with_pylandstats(connectivity, patches, density, largest, mesh):
    metrics = raster_metrics(fixed(), cell_size_m=10, connectivity=connectivity, nodata=0)

    assert metrics["patch_count"] == patches
    assert metrics["patch_density_per_100_ha"] == pytest.approx(density, abs=5e-7)
    assert 100 * metrics["largest_patch_share"] == pytest.approx(largest, abs=5e-7)
    assert metrics["effective_mesh_size_ha"] == pytest.approx(mesh, abs=5e-7)
    assert metrics["total_edge_m"] == 2350
    assert metrics["edge_density_m_per_ha"] == pytest.approx(335.714286, abs=5e-7)
    assert metrics["landscape_shape_index"] == pytest.approx(3.235849, abs=5e-7)


# pylandstats 3.1.0, as above; patches joined by a side or a corner.
def test_classes_agree_with_pylandstats():
    table = class_metrics(fixed(), cell_size_m=10, nodata=0)

    expected = pd.DataFrame(
        {
            "area_share": [0.31571429, 0.25428571, 0.20857143, 0.22142857],
            "patch_count": [2, 5, 3, 2],
            "patch_density_per_100_ha": [28.571429, 71.428571, 42.857143, 28.571429],
            "largest_patch_share": [0.22857143, 0.10571429, 0.08571429, 0.17142857],
            "total_edge_m": [1490.0, 1250.0, 1010.0, 950.0],
            "edge_density_m_per_ha": [212.857143, 178.571429, 144.285714, 135.714286],
            "effective_mesh_size_ha": [0.418871, 0.132514, 0.106571, 0.223214],
            "landscape_shape_index": [3.266667, 2.703704, 2.360000, 2.360000],
        },
        index=pd.Index([1, 2, 3, 4], name="class"),
    )
    assert_frame_equal(table[list(expected)], expected, check_exact=False, rtol=0, atol=5e-7, check_dtype=False)


# --- by eye -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("connectivity", "patches"), [(8, 2), (4, 64)])
def test_a_chessboard_has_two_patches_or_sixty_four(connectivity, patches):
    metrics = raster_metrics(CHESSBOARD, cell_size_m=10, connectivity=connectivity)

    assert metrics["patch_count"] == patches
    # Each patch is 1/n of 0.64 ha
    assert metrics["splitting_index"] == pytest.approx(patches)
    assert metrics["effective_mesh_size_ha"] == pytest.approx(0.64 / patches)
    # 2 x 8 x 7 sides of 10 m, whatever the connectivity
    assert metrics["total_edge_m"] == 1120


def test_a_chessboard_is_as_little_clumped_as_can_be():
    metrics = raster_metrics(CHESSBOARD, cell_size_m=10, connectivity=4)
    table = class_metrics(CHESSBOARD, cell_size_m=10, connectivity=4)

    assert metrics["aggregation_index"] == 0
    # Each class meets only the other: the entropy is ln 2 of the 2 ln 2 that it could be.
    assert metrics["contagion_index"] == pytest.approx(0.5)
    # All patches are of one cell.
    assert metrics["cohesion_index"] == pytest.approx(0.0)
    assert table["clumpiness_index"].tolist() == [-1.0, -1.0]


@pytest.mark.parametrize("count", [1, 4, 9, 25])
def test_equal_patches_divide_a_landscape_by_their_number(count):
    side = math.isqrt(count)
    blocks = np.kron(np.arange(count).reshape(side, side), np.ones((6, 6), dtype=int))
    area_ha = count * 36 * 25 / 1e4

    metrics = raster_metrics(blocks, cell_size_m=5)

    assert metrics["area_ha"] == pytest.approx(area_ha)
    assert metrics["patch_count"] == metrics["class_count"] == count
    assert metrics["effective_mesh_size_ha"] == pytest.approx(area_ha / count)
    assert metrics["division_share"] == pytest.approx(1 - 1 / count)
    assert metrics["splitting_index"] == pytest.approx(count)
    assert metrics["largest_patch_share"] == pytest.approx(1 / count)
    assert metrics["shannon_diversity"] == pytest.approx(math.log(count))
    assert metrics["shannon_evenness"] == pytest.approx(1.0 if count > 1 else 0.0)
    assert metrics["aggregation_index"] == pytest.approx(1.0)


@pytest.mark.parametrize("side", [2, 4, 6])
def test_one_square_has_its_own_perimeter_for_an_edge(side):
    table = class_metrics(one_square(side), cell_size_m=10)

    # 100 cells of 100 m²: 1 ha
    square = table.loc[2]
    assert square["area_ha"] == pytest.approx(side**2 / 100)
    assert square["patch_count"] == 1
    assert square["patch_density_per_100_ha"] == pytest.approx(100)
    assert square["total_edge_m"] == 40 * side
    assert square["edge_density_m_per_ha"] == pytest.approx(40 * side)
    assert square["landscape_shape_index"] == 1
    assert square["aggregation_index"] == 1
    assert square["clumpiness_index"] == pytest.approx(1)
    assert square["effective_mesh_size_ha"] == pytest.approx((side**2 / 100) ** 2)


def test_the_limit_of_the_landscape_is_no_edge_between_classes_but_has_a_shape():
    metrics = raster_metrics(np.ones((2, 8), dtype=int), cell_size_m=1)

    assert metrics["total_edge_m"] == 0
    # A perimeter of 20 for 16 cells, where a square has 16.
    assert metrics["landscape_shape_index"] == 20 / 16


def test_one_class_has_neither_contagion_nor_interspersion():
    metrics = raster_metrics(np.ones((4, 4), dtype=int), cell_size_m=1)

    assert metrics[["contagion_index", "interspersion_index"]].isna().all()
    assert metrics[["shannon_diversity", "shannon_evenness", "simpson_diversity"]].tolist() == [0, 0, 0]
    assert metrics["cohesion_index"] == pytest.approx(1.0)


def test_three_stripes_meet_in_two_pairs_of_three():
    stripes = np.repeat([1, 2, 3], 3)[np.newaxis, :].repeat(5, axis=0)

    # Edges 1-2 and 2-3 are alike, 1-3 is none: ln 2 / ln 3. The outer stripes meet one class of two.
    assert raster_metrics(stripes, cell_size_m=1)["interspersion_index"] == pytest.approx(math.log(2) / math.log(3))
    assert class_metrics(stripes, cell_size_m=1)["interspersion_index"].tolist() == pytest.approx([0.0, 1.0, 0.0])


def test_two_halves_hold_together():
    halves = np.repeat([1, 2], 32).reshape(8, 8)

    # Patches of 32 cells and one perimeter: (1 - 1/√32) / (1 - 1/8)
    expected = (1 - 1 / math.sqrt(32)) / (1 - 1 / 8)
    assert raster_metrics(halves, cell_size_m=1)["cohesion_index"] == pytest.approx(expected)
    assert class_metrics(halves, cell_size_m=1)["cohesion_index"].tolist() == pytest.approx([expected] * 2)


def test_a_long_patch_weighs_more_than_its_area_in_cohesion():
    cells = np.array([[1, 1, 1, 1], [2, 2, 2, 3], [2, 2, 2, 3], [2, 2, 2, 3]])

    # Perimeters 10, 12, 8 of 4, 9, 3 cells among 16.
    together = 1 - 30 / (10 * 2 + 12 * 3 + 8 * math.sqrt(3))
    assert raster_metrics(cells, cell_size_m=1)["cohesion_index"] == pytest.approx(together / (1 - 1 / 4))


def test_cells_without_data_are_out_of_the_landscape():
    cells = np.array([[1, 1, 0], [2, 2, 0], [0, 0, 0]])

    metrics = raster_metrics(cells, cell_size_m=100, nodata=0)

    assert metrics["area_ha"] == 4
    assert metrics["class_count"] == 2
    assert metrics["total_edge_m"] == 200  # between 1 and 2, not against nothing
    assert metrics["landscape_shape_index"] == (2 + 8) / 8
    assert metrics["patch_density_per_100_ha"] == 50
    assert class_metrics(cells, cell_size_m=100, nodata=0).index.tolist() == [1, 2]


def test_nothing_is_nodata_unless_one_says_so():
    assert raster_metrics([[0, 0], [1, 1]], cell_size_m=100)["class_count"] == 2


def test_a_class_of_one_cell_has_no_aggregation_and_adds_none():
    cells = [[1, 1], [1, 2]]

    assert class_metrics(cells, cell_size_m=1)["aggregation_index"].tolist() == pytest.approx(
        [1.0, np.nan], nan_ok=True
    )
    assert raster_metrics(cells, cell_size_m=1)["aggregation_index"] == pytest.approx(0.75)


def test_cells_around_a_hole_without_data_are_not_beside_each_other():
    metrics = raster_metrics([[1, 0, 2]], cell_size_m=1, nodata=0)

    assert metrics["total_edge_m"] == 0
    assert math.isnan(metrics["interspersion_index"])


def test_one_cell_alone_is_a_landscape():
    metrics = raster_metrics([[7]], cell_size_m=100)

    assert metrics[["patch_count", "effective_mesh_size_ha", "splitting_index", "cohesion_index"]].tolist() == [
        1,
        1,
        1,
        0,
    ]


def test_the_size_of_a_cell_scales_areas_and_lengths():
    small, large = (raster_metrics(fixed(), cell_size_m=size, nodata=0) for size in (10, 20))

    assert large["effective_mesh_size_ha"] == pytest.approx(4 * small["effective_mesh_size_ha"])
    assert large["edge_density_m_per_ha"] == pytest.approx(small["edge_density_m_per_ha"] / 2)
    assert large["division_share"] == pytest.approx(small["division_share"])


def test_the_raster_given_is_left_as_it_was():
    cells = fixed()

    class_metrics(cells, cell_size_m=10, nodata=0)

    np.testing.assert_array_equal(cells, fixed())


@pytest.mark.parametrize(
    ("cells", "options", "words"),
    [
        ([1, 2], {}, r"classes: whole numbers in two dimensions expected, found int64 of shape \(2,\)"),
        ([[1.0, 2.0]], {}, "whole numbers in two dimensions expected, found float64"),
        ([[1, 2]], {"connectivity": 6}, "connectivity 4 or 8"),
        ([[1, 2]], {"cell_size_m": 0}, "cell_size_m"),
        ([[1, 2]], {"cell_size_m": math.nan}, "cell_size_m"),
        ([[9, 9]], {"nodata": 9}, r"all of them are nodata \(9\)"),
        (np.zeros((0, 4), dtype=int), {}, "cells with data expected"),
    ],
)
@pytest.mark.parametrize("measure", [raster_metrics, class_metrics])
def test_what_cannot_be_measured_is_refused(measure, cells, options, words):
    with pytest.raises(ValueError, match=words):
        measure(cells, **{"cell_size_m": 1, **options})


rasters = arrays.arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 4))


@settings(max_examples=80, deadline=None)
@given(cells=rasters, connectivity=st.sampled_from([4, 8]))
def test_classes_make_up_the_landscape(cells, connectivity):
    whole = raster_metrics(cells, cell_size_m=3, connectivity=connectivity)
    table = class_metrics(cells, cell_size_m=3, connectivity=connectivity)

    assert table["area_share"].sum() == pytest.approx(1)
    assert table["patch_count"].sum() == whole["patch_count"]
    assert table["effective_mesh_size_ha"].sum() == pytest.approx(whole["effective_mesh_size_ha"])
    assert table["largest_patch_share"].max() == pytest.approx(whole["largest_patch_share"])
    # Each edge lies between two classes.
    assert table["total_edge_m"].sum() == pytest.approx(2 * whole["total_edge_m"])


@settings(max_examples=80, deadline=None)
@given(cells=rasters)
def test_a_landscape_turned_is_the_same_landscape(cells):
    there, turned = (raster_metrics(each, cell_size_m=3) for each in (cells, np.rot90(cells)))

    np.testing.assert_allclose(there, turned, rtol=1e-9, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(cells=rasters)
def test_indices_stay_between_nothing_and_one(cells):
    metrics = raster_metrics(cells, cell_size_m=3)

    shares = metrics[[name for name in metrics.index if name.endswith(("_share", "evenness"))]]
    indices = metrics[["aggregation_index", "contagion_index", "interspersion_index", "simpson_diversity"]].dropna()
    assert shares.between(-1e-12, 1 + 1e-12).all()
    assert indices.between(-1e-12, 1 + 1e-12).all()
    assert metrics["landscape_shape_index"] >= 1
    assert metrics["splitting_index"] <= metrics["patch_count"] + 1e-9


@settings(max_examples=60, deadline=None)
@given(cells=rasters, seed=st.integers(0, 99))
def test_the_numbers_of_the_classes_are_only_names(cells, seed):
    names = np.random.default_rng(seed).permutation(5)

    np.testing.assert_allclose(
        raster_metrics(names[cells] * 10 - 7, cell_size_m=3),
        raster_metrics(cells, cell_size_m=3),
        rtol=1e-9,
        atol=1e-12,
    )
