"""Classes against mapclassify 2.10.0 (2.11.0 from Python 3.12 on) and against every partition of a few figures."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hp_sig.maps.classes import (
    ABOVE_ZERO,
    BELOW_ZERO,
    RAMPS,
    class_of,
    classified,
    fisher_jenks,
    quantiles,
)

figures = st.lists(st.integers(-40, 40).map(float), min_size=1, max_size=9)


def spread(values, bounds):
    """Sum of squares of figures about the means of their classes."""
    ranks = class_of(values, bounds)
    classes = [np.asarray(values)[ranks == rank] for rank in set(ranks.tolist())]
    return sum(float(((one - one.mean()) ** 2).sum()) for one in classes)


def mapclassify_bounds(name, values, count):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Nn]umba.*")
        import mapclassify  # noqa: PLC0415 - so that its warnings are caught

        return tuple(getattr(mapclassify, name)(np.array(values), k=count).bins[:-1].tolist())


# --- quantiles --------------------------------------------------------------------------------------------------


def test_quantiles_put_as_many_figures_in_each_class():
    bounds = quantiles(np.array([9, 1, 8, 2, 7, 3]), 3)

    assert bounds == (2.0, 7.0)
    assert np.bincount(class_of([9, 1, 8, 2, 7, 3], bounds)).tolist() == [2, 2, 2]
    # The figure in the middle is in the class below.
    assert quantiles(np.array([1, 2, 3, 4, 5]), 2) == (3.0,)


@given(values=st.lists(st.integers(0, 10**6), min_size=1, max_size=60, unique=True), count=st.integers(1, 7))
def test_quantiles_of_different_figures_are_equal_to_one_figure(values, count):
    sizes = np.bincount(class_of(values, quantiles(np.array(values), count)))

    assert len(sizes) == min(count, len(values))
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7])
def test_quantiles_are_mapclassify_s_where_the_classes_come_out_even(count):
    values = np.random.default_rng(count).normal(size=count * 6).round(3)

    ours = class_of(values, quantiles(values, count))

    assert ours.tolist() == class_of(values, mapclassify_bounds("Quantiles", values, count)).tolist()


def test_equal_figures_are_never_parted():
    assert quantiles(np.array([1, 1, 1, 1, 5, 9]), 3) == (1.0,)
    assert fisher_jenks(np.array([1, 1, 1, 1, 5, 9]), 3) == (1.0, 5.0)


# --- Fisher and Jenks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("count", [2, 3, 5, 7])
def test_fisher_jenks_gives_mapclassify_s_bounds(seed, count):
    values = np.random.default_rng(seed).lognormal(sigma=1.5, size=60).round(3)

    assert fisher_jenks(values, count) == mapclassify_bounds("FisherJenks", values, count)


@given(values=figures, count=st.integers(1, 5))
def test_fisher_jenks_spreads_least_of_all_partitions(values, count):
    distinct = sorted(set(values))
    cuts = [
        bounds
        for number in range(min(count, len(distinct)))
        for bounds in itertools.combinations(distinct[:-1], number)
    ]

    bounds = fisher_jenks(np.array(values), count)

    assert len(bounds) == min(count, len(distinct)) - 1
    assert spread(values, bounds) == pytest.approx(min(spread(values, cut) for cut in cuts), abs=1e-9)


def test_fisher_jenks_keeps_the_decimals_of_large_figures():
    base = 1e9

    assert fisher_jenks(np.array([base, base + 0.01, base + 5, base + 5.01]), 2) == (base + 0.01,)


# --- what the classes are ---------------------------------------------------------------------------------------


def test_a_figure_that_equals_a_bound_is_in_the_class_below_it():
    assert class_of([50, 50.1, 100, 100.1], [50, 100]).tolist() == [0, 1, 1, 2]


def test_a_figure_that_is_not_known_is_in_no_class_and_moves_no_bound():
    known, holed = [1, 2, 3, 4], [1, np.nan, 2, 3, np.inf, 4]

    assert classified(holed, count=2) == classified(known, count=2)
    assert class_of(holed, classified(holed, count=2).breaks).tolist() == [0, -1, 0, 1, -1, 1]


def test_where_no_figure_is_known_there_is_no_class():
    classes = classified([np.nan, np.nan], scheme="thresholds", thresholds=[1])

    assert (classes.breaks, classes.colours) == ((), ())


def test_thresholds_are_the_bounds_whatever_the_figures():
    classes = classified([3, 4], scheme="thresholds", thresholds=[50, 100, 150])

    assert classes.breaks == (50.0, 100.0, 150.0)
    assert len(classes.colours) == 4


@pytest.mark.parametrize("scheme", ["quantiles", "fisher_jenks"])
def test_a_measured_zero_is_a_class_of_its_own(scheme):
    values = [0, 0, 0.01, 1, 2, 3, 4]
    classes = classified(values, scheme=scheme, count=4)

    ranks = class_of(values, classes.breaks)
    assert classes.breaks[0] == 0.0
    assert [value for value, rank in zip(values, ranks, strict=True) if rank == 0] == [0, 0]
    assert len(classes.colours) == len(classes.breaks) + 1 == 4
    assert classes.colours[0] == "#ffffff"


@pytest.mark.parametrize("scheme", ["quantiles", "fisher_jenks"])
@given(values=st.lists(st.integers(-30, 30).map(float), min_size=2, max_size=12), count=st.integers(2, 7))
def test_a_gain_and_a_loss_never_share_a_class_nor_a_ramp(scheme, values, count):
    values = [-1.0, *values, 1.0]
    classes = classified(values, scheme=scheme, count=count)

    ranks = class_of(values, classes.breaks)
    losses = {rank for rank, value in zip(ranks.tolist(), values, strict=True) if value < 0}
    gains = {rank for rank, value in zip(ranks.tolist(), values, strict=True) if value > 0}
    assert 0.0 in classes.breaks
    assert max(losses) < min(gains)
    assert list(classes.breaks) == sorted(set(classes.breaks))
    assert {classes.colours[rank] for rank in losses} <= set(BELOW_ZERO)
    assert {classes.colours[rank] for rank in gains} <= set(ABOVE_ZERO)


def test_thresholds_on_both_sides_of_zero_are_coloured_from_zero_outwards():
    classes = classified([-9, 9], scheme="thresholds", thresholds=[-5, 0, 5])

    assert classes.colours == (BELOW_ZERO[-1], BELOW_ZERO[0], ABOVE_ZERO[0], ABOVE_ZERO[-1])


@pytest.mark.parametrize("scheme", ["quantiles", "fisher_jenks"])
@pytest.mark.parametrize(
    ("values", "bounds"),
    [([7, 7, 7], ()), ([7], ()), ([0, 0], ()), ([-2, -2], ()), ([3, 8], (3.0,)), ([0, 8], (0.0,)), ([-1, 1], (0.0,))],
)
def test_few_different_figures_make_few_classes(scheme, values, bounds):
    classes = classified(values, scheme=scheme, count=5)

    assert classes.breaks == bounds
    assert len(classes.colours) == len(bounds) + 1


def test_more_classes_than_readers_tell_apart_are_refused():
    with pytest.raises(ValueError, match=r"at most 7 classes expected, found 9"):
        classified(range(1, 50), count=9)
    with pytest.raises(ValueError, match=r"at most 7 classes expected, found 8"):
        classified([1], scheme="thresholds", thresholds=range(1, 8))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"scheme": "equal"}, r"scheme: one of quantiles, fisher_jenks, thresholds expected, found 'equal'"),
        ({"ramp": "rainbow"}, r"ramp: one of orange, .* expected, found 'rainbow'"),
        ({"scheme": "thresholds"}, r"thresholds: inner bounds expected"),
        ({"thresholds": [1]}, r"thresholds: inner bounds expected with the scheme 'thresholds' and with no other"),
        ({"scheme": "thresholds", "thresholds": [2, 1]}, r"increasing bounds expected, found \[2, 1\]"),
        ({"scheme": "thresholds", "thresholds": [1, 1]}, r"increasing bounds expected"),
    ],
)
def test_what_cannot_be_classified_is_refused_with_the_reason(options, told):
    with pytest.raises(ValueError, match=told):
        classified([1, 2], **options)


# --- colours ----------------------------------------------------------------------------------------------------

#: What a reader without red cones, or without green ones, sees of linear red, green and blue (Machado, Oliveira and
#: Fernandes 2009, table of the whole deficiency).
SIGHTS = {
    "whole": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
#: Linear sRGB to XYZ over the white point D65 (IEC 61966-2-1).
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])


def lab(colour, sight):
    """CIE L*a*b* of a colour as a sight sees it."""
    coded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    x, y, z = TO_XYZ @ np.clip(SIGHTS[sight] @ linear, 0, 1)
    fx, fy, fz = (part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116 for part in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def test_lightness_is_0_for_black_and_100_for_white():
    assert lab("#000000", "whole")[0] == pytest.approx(0, abs=1e-6)
    assert lab("#ffffff", "whole")[0] == pytest.approx(100, abs=1e-3)
    assert lab("#777777", "whole")[0] == pytest.approx(50.03, abs=0.01)  # the usual middle grey


def steps(colours, sight):
    return -np.diff([lab(colour, sight)[0] for colour in colours])


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("has_zero", [False, True])
@pytest.mark.parametrize("ramp", RAMPS)
def test_each_class_is_darker_than_the_one_before_for_every_reader(ramp, has_zero, sight):
    for count in range(2, 8):
        values = range(0 if has_zero else 1, 200)
        colours = classified(values, count=count, ramp=ramp).colours

        assert len(colours) == count
        # 8 of 100 degrees of lightness, 5 where there are 6 or 7 classes.
        assert steps(colours, sight).min() > (8 if count <= 5 else 5)


@pytest.mark.parametrize("sight", SIGHTS)
def test_either_side_of_zero_darkens_outwards_and_differs_from_the_other(sight):
    classes = classified([*range(-50, 0), *range(1, 51)], count=7)

    zero = classes.breaks.index(0.0) + 1
    losses, gains = classes.colours[:zero][::-1], classes.colours[zero:]
    assert len(losses) == len(gains) == 3
    assert steps(losses, sight).min() > 8
    assert steps(gains, sight).min() > 8
    # A difference of 2.3 is just seen; 20 is another colour.
    assert min(np.linalg.norm(lab(one, sight) - lab(other, sight)) for one in losses for other in gains) > 20


def test_figures_below_zero_alone_darken_away_from_zero():
    colours = classified(range(-50, 0), count=5).colours

    assert colours == tuple(reversed(BELOW_ZERO))
