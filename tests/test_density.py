"""Net density and SDG 11.3.1: populations and hectares whose ratios and logarithms can be told aloud."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from hp_sig.indicators.density import land_use_efficiency, net_density

NAN = math.nan


def zones(*values, name=None):
    index = pd.Index([f"z{rank}" for rank in range(len(values))], name="zone_code")
    return pd.Series(values, index=index, name=name, dtype="float64")


def one_zone(land, land_after, people, people_after, years=1.0):
    table = land_use_efficiency(zones(land), zones(land_after), zones(people), zones(people_after), years=years)
    return table.iloc[0]


def test_net_density_is_people_over_built_hectares():
    table = net_density(zones(3000, 450), zones(150, 10))

    expected = pd.DataFrame(
        {"net_density_per_ha": [20.0, 45.0], "status": ["defined", "defined"]}, index=zones(0, 0).index
    )
    assert_frame_equal(table, expected, check_dtype=False)


@pytest.mark.parametrize(
    ("count", "land", "density", "status"),
    [
        (12, 0, NAN, "no_built_land"),
        (0, 0, NAN, "no_built_land"),
        (0, 5, 0.0, "defined"),
        (NAN, 5, NAN, "unknown"),
        (12, NAN, NAN, "unknown"),
        (NAN, 0, NAN, "unknown"),
    ],
)
def test_net_density_says_why_it_is_undefined(count, land, density, status):
    table = net_density(zones(count), zones(land))

    assert table["net_density_per_ha"].tolist() == pytest.approx([density], nan_ok=True)
    assert table["status"].tolist() == [status]


def test_net_density_matches_zones_by_code_and_not_by_rank():
    people = zones(10, 100)

    table = net_density(people, zones(1, 2)[::-1])

    assert table["net_density_per_ha"].to_dict() == {"z0": 10.0, "z1": 50.0}


def test_a_zone_without_a_measured_area_is_unknown():
    assert net_density(zones(10, 100), zones(1))["status"].tolist() == ["defined", "unknown"]


@pytest.mark.parametrize("bad", [-1.0, math.inf])
def test_a_figure_that_is_no_quantity_is_refused(bad):
    with pytest.raises(ValueError, match=r"built_area_ha: figures of 0 or more expected, found .* for 'z1'"):
        net_density(zones(1, 1), zones(1, bad))


def test_a_zone_told_twice_is_refused():
    twice = pd.Series([1.0, 2.0], index=["a", "a"])

    with pytest.raises(ValueError, match="count: one row a zone expected, found 'a' more than once"):
        net_density(twice, zones(1))


def test_land_that_doubles_while_people_quadruple_is_half_as_fast():
    row = one_zone(100, 200, 1000, 4000, years=10)

    # ln 2 / ln 4 = 1/2, whatever the time
    assert row["lcrpgr"] == pytest.approx(0.5)
    assert row["land_consumption_rate_per_year"] == pytest.approx(math.log(2) / 10)
    assert row["population_growth_rate_per_year"] == pytest.approx(math.log(4) / 10)
    assert row["status"] == "defined"


def test_rates_are_per_year_and_years_may_be_fractions():
    row = one_zone(100, 100 * math.e, 1000, 1000 * math.e**2, years=2.5)

    assert row["land_consumption_rate_per_year"] == pytest.approx(0.4)
    assert row["population_growth_rate_per_year"] == pytest.approx(0.8)


def test_each_zone_may_have_its_own_dates():
    table = land_use_efficiency(zones(1, 1), zones(2, 2), zones(1, 1), zones(2, 2), years=zones(3, 6))

    assert table["land_consumption_rate_per_year"].tolist() == pytest.approx([math.log(2) / 3, math.log(2) / 6])


def test_land_given_back_while_people_come_is_a_negative_ratio_that_means_something():
    row = one_zone(200, 100, 1000, 2000)

    assert row["lcrpgr"] == pytest.approx(-1.0)
    assert row["status"] == "defined"


@pytest.mark.parametrize(
    ("figures", "status"),
    [
        ((100, 110, 1000, 1000), "no_population_change"),
        ((100, 110, 1000, 900), "population_decrease"),
        ((100, 90, 1000, 900), "population_decrease"),
        ((0, 110, 1000, 1100), "no_built_land"),
        ((100, 0, 1000, 1100), "no_built_land"),
        ((0, 0, 1000, 900), "no_built_land"),
        ((100, 110, 0, 1100), "no_population"),
        ((100, 110, 1000, 0), "no_population"),
        ((NAN, 110, 1000, 0), "unknown"),
        ((100, NAN, 1000, 1100), "unknown"),
        ((100, 110, NAN, 1100), "unknown"),
        ((100, 110, 1000, NAN), "unknown"),
    ],
)
def test_an_undefined_ratio_is_not_a_number_and_says_why(figures, status):
    row = one_zone(*figures)

    assert row["status"] == status
    assert math.isnan(row["lcrpgr"])


def test_square_metres_a_head_are_told_even_where_people_leave():
    # 100 ha for 1 000: 1 000 m² each; 90 ha for 600: 1 500 m² each
    row = one_zone(100, 90, 1000, 600)

    assert row["built_before_m2_per_inhabitant"] == pytest.approx(1000.0)
    assert row["built_after_m2_per_inhabitant"] == pytest.approx(1500.0)
    assert row["m2_per_inhabitant_ratio"] == pytest.approx(1.5)


def test_no_built_land_is_zero_metres_a_head_and_no_inhabitant_is_unknown():
    assert one_zone(0, 10, 100, 100)["built_before_m2_per_inhabitant"] == 0
    assert math.isnan(one_zone(0, 10, 100, 100)["m2_per_inhabitant_ratio"])
    assert math.isnan(one_zone(10, 10, 0, 100)["built_before_m2_per_inhabitant"])


@pytest.mark.parametrize("years", [0, 0.0, -3, NAN])
def test_two_dates_must_be_apart(years):
    with pytest.raises(ValueError, match="years"):
        one_zone(1, 2, 1, 2, years=years)


def test_a_zone_whose_dates_are_unknown_is_unknown():
    table = land_use_efficiency(zones(1, 1), zones(2, 2), zones(1, 1), zones(2, 2), years=zones(3, NAN))

    assert table["status"].tolist() == ["defined", "unknown"]


def test_the_figures_given_are_left_as_they_were():
    land = zones(1, NAN)
    kept = land.copy()

    land_use_efficiency(land, land, land, land, years=1)

    assert_series_equal(land, kept)


amounts = st.floats(0.01, 1e6)


@given(land=amounts, land_after=amounts, people=amounts, growth=st.floats(1.01, 100), years=st.floats(0.1, 100))
def test_the_ratio_depends_neither_on_time_nor_on_units(land, land_after, people, growth, years):
    ratio = one_zone(land, land_after, people, people * growth, years)["lcrpgr"]

    other = one_zone(1e4 * land, 1e4 * land_after, people / 7, people * growth / 7, 2 * years)["lcrpgr"]

    np.testing.assert_allclose(ratio, other, rtol=1e-6, atol=1e-9)


@given(land=amounts, people=amounts, growth=st.floats(1.01, 100))
def test_land_that_grows_as_the_people_leaves_metres_a_head_alone(land, people, growth):
    row = one_zone(land, land * growth, people, people * growth)

    assert row["lcrpgr"] == pytest.approx(1.0)
    assert row["m2_per_inhabitant_ratio"] == pytest.approx(1.0)
