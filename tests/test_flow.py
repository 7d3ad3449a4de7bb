import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from land import land_cover, later_edition, mosaic
from squares import square

from hp_sig import land_stock, net_artificialisation
from hp_sig.indicators.flow import compare_flows, difference_direction, flow_from_difference, sum_flows

ENDS = (("before", "after"), ("after", "before"))
HOUSE, STREET, FIELD, WOOD = "CS1.1.1.1", "CS1.1.1.2", "CS2.2.1", "CS2.1.1.1"


def before() -> gpd.GeoDataFrame:
    """Commune A: 90 ha of fields, 10 of houses; B: 100 of woods."""
    return land_cover(
        (FIELD, "US1.1", square(0, 0, 0.9, 1)),
        (HOUSE, "US5", square(0.9, 0, 0.1, 1)),
        (WOOD, "US1.2", square(1, 0)),
    )


def after() -> gpd.GeoDataFrame:
    """In A, 6 ha of fields become houses, 3 ha of fields gardens, 1 ha of houses fields again."""
    return land_cover(
        (HOUSE, "US5", square(0, 0, 0.06, 1)),
        (FIELD, "US5", square(0.06, 0, 0.03, 1)),
        (FIELD, "US1.1", square(0.09, 0, 0.82, 1)),
        (HOUSE, "US5", square(0.91, 0, 0.09, 1)),
        (WOOD, "US1.2", square(1, 0)),
    )


def difference() -> gpd.GeoDataFrame:
    """What changed, as IGN delivers it."""
    rows = [
        (FIELD, "US1.1", HOUSE, "US5", square(0, 0, 0.06, 1)),
        (FIELD, "US1.1", FIELD, "US5", square(0.06, 0, 0.03, 1)),
        (HOUSE, "US5", FIELD, "US1.1", square(0.9, 0, 0.01, 1)),
    ]
    columns = ["cover_before", "use_before", "cover_after", "use_after", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=2154)


EXPECTED = {
    "artificialised_gain_ha": 9.0,
    "artificialised_loss_ha": 1.0,
    "artificialised_net_ha": 8.0,
    "sealed_gain_ha": 6.0,
    "sealed_loss_ha": 1.0,
    "sealed_net_ha": 5.0,
    "artificialised_net_ha_per_year": 8 / 3,
    "sealed_net_ha_per_year": 5 / 3,
}


@pytest.fixture
def two(communes):
    return communes.loc[["04001", "04002"]]


def test_gains_losses_nets_and_their_pace_come_from_two_states(two):
    flow = net_artificialisation(before(), after(), two, years=(2018, 2021))

    assert flow.loc["04001", list(EXPECTED)].to_dict() == pytest.approx(EXPECTED)
    assert flow.loc["04001", ["first_year", "last_year", "method"]].tolist() == [2018, 2021, "matrix"]
    assert flow.loc["04002", list(EXPECTED)].tolist() == [0.0] * 8


def test_the_difference_tells_the_same(two):
    flow = flow_from_difference(difference(), two, years=(2018, 2021))

    assert flow.loc["04001", list(EXPECTED)].to_dict() == pytest.approx(EXPECTED)
    # Nothing of it lies in B: nothing changed there.
    assert flow.loc["04002", list(EXPECTED)].tolist() == [0.0] * 8


def test_the_official_status_of_a_difference_counts_before_the_matrix(two):
    official = difference().assign(artificialised_before=[False, False, True], artificialised_after=[True, False, True])

    flow = flow_from_difference(official, two, years=(2018, 2021))

    assert flow.loc["04001", "artificialised_net_ha"] == pytest.approx(6.0)
    assert flow.loc["04001", "method"] == "official"


def test_two_official_states_are_compared_by_their_own_status(two):
    first = before().assign(artificialised=[False, True, False])
    second = after().assign(artificialised=[True, True, False, True, True])

    flow = net_artificialisation(first, second, two, years=(2018, 2021))

    assert flow.loc["04001", "artificialised_net_ha"] == pytest.approx(8.0)
    assert flow.loc["04002", "artificialised_net_ha"] == pytest.approx(100.0)
    assert set(flow["method"]) == {"official"}


def test_an_official_state_beside_another_is_judged_by_the_matrix(two):
    first = before().assign(artificialised=[True, True, True])

    flow = net_artificialisation(first, after(), two, years=(2018, 2021))

    assert flow.loc["04001", "artificialised_net_ha"] == pytest.approx(8.0)
    assert set(flow["method"]) == {"matrix"}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_net_flow_is_the_stock_after_less_the_stock_before(seed):
    zones = gpd.GeoDataFrame(geometry=[square(0.5, 0.5), square(1.5, 0.5)], index=["a", "b"], crs=2154)
    first = mosaic(seed)
    second = later_edition(first, seed + 1)

    flow = net_artificialisation(first, second, zones, years=(2018, 2021))

    for measure in ("artificialised", "sealed"):
        change = land_stock(zones, second)[f"{measure}_ha"] - land_stock(zones, first)[f"{measure}_ha"]
        np.testing.assert_allclose(flow[f"{measure}_net_ha"], change, atol=1e-8)


def test_a_zone_that_a_state_does_not_cover_is_unknown(communes):
    flow = net_artificialisation(before(), after(), communes, years=(2018, 2021))

    assert np.isnan(flow.loc["04003", "artificialised_net_ha"])


@pytest.mark.parametrize("years", [(2021, 2018), (2018, 2018), (2018,)])
def test_years_out_of_order_are_refused(two, years):
    with pytest.raises(ValueError, match="in order, found"):
        net_artificialisation(before(), after(), two, years=years)


def test_a_state_is_not_a_difference(two):
    with pytest.raises(ValueError, match="Give a diff or zan_evol file"):
        flow_from_difference(before(), two, years=(2018, 2021))


def test_a_gap_over_half_a_hectare_is_reported(two):
    states = net_artificialisation(before(), after(), two, years=(2018, 2021))
    lost = difference().iloc[1:]
    near = difference().assign(geometry=[square(0, 0, 0.064, 1), *difference().geometry[1:]])

    by_lost = compare_flows(states, flow_from_difference(lost, two, years=(2018, 2021)))
    by_near = compare_flows(states, flow_from_difference(near, two, years=(2018, 2021)))

    assert by_lost.loc["04001", ["by_states_ha", "by_difference_ha", "gap_ha"]].tolist() == pytest.approx([8, 2, -6])
    assert by_lost["is_reported"].tolist() == [True, False]
    assert by_near.loc["04001", "gap_ha"] == pytest.approx(0.4)
    assert not by_near["is_reported"].any()


def test_the_direction_of_a_difference_is_read_on_the_two_states():
    reverse = {f"{axis}_{one}": f"{axis}_{other}" for axis in ("cover", "use") for one, other in ENDS}
    backward = difference().rename(columns=reverse)
    gardens = difference().iloc[[1]]

    assert difference_direction(difference(), before(), after())[0] == "forward"
    assert difference_direction(backward, before(), after())[0] == "backward"
    assert difference_direction(difference(), before(), after())[1:] == pytest.approx((1.0, 0.0))
    # A change of use alone tells a direction as well.
    assert difference_direction(gardens, before(), after())[0] == "forward"
    assert difference_direction(gardens.rename(columns=reverse), before(), after())[0] == "backward"


def test_a_difference_that_holds_nothing_has_no_direction():
    direction, forward, backward = difference_direction(difference().iloc[:0], before(), after())

    assert direction == "neither"
    assert np.isnan([forward, backward]).all()


def test_a_difference_of_other_land_has_no_direction():
    elsewhere = difference().set_geometry(difference().translate(xoff=50_000))

    assert difference_direction(elsewhere, before(), after())[0] == "neither"


# --- several départements -----------------------------------------------------------------------------------------


def flows_of(**rows: tuple[float, int, int]) -> pd.DataFrame:
    """Flows of communes: net hectares, first and last year."""
    names = [name for name in EXPECTED if not name.endswith("per_year")]
    table = pd.DataFrame(
        {
            code: [net] * len(names) + [net / (last - first)] * 2 + [first, last]
            for code, (net, first, last) in rows.items()
        },
        index=[*names, "artificialised_net_ha_per_year", "sealed_net_ha_per_year", "first_year", "last_year"],
    ).T
    return table.astype({"first_year": int, "last_year": int}).assign(method="matrix")


def test_flows_of_one_span_are_added_up():
    flows = flows_of(a=(6.0, 2018, 2021), b=(3.0, 2018, 2021))

    table = sum_flows(flows, pd.Series("X", index=["a", "b"], name="epci_siren"))

    assert table.loc["X", "artificialised_net_ha"] == 9.0
    assert table.loc["X", "artificialised_net_ha_per_year"] == 3.0
    assert table.loc["X", ["vintages", "is_mixed"]].tolist() == ["2018-2021", False]


def test_flows_of_several_spans_are_added_per_year_and_flagged():
    # 6 ha in three years and 8 ha in four: 2 + 2 ha a year, and no total.
    flows = flows_of(a=(6.0, 2018, 2021), b=(8.0, 2017, 2021))

    table = sum_flows(flows, pd.Series("X", index=["a", "b"], name="epci_siren"))

    assert np.isnan(table.loc["X", "artificialised_net_ha"])
    assert table.loc["X", "artificialised_net_ha_per_year"] == 4.0
    assert table.loc["X", ["vintages", "is_mixed"]].tolist() == ["2017-2021 + 2018-2021", True]


def test_spans_of_the_same_length_but_of_other_years_are_mixed_too():
    # Vinon: 2017-2020 beside 2018-2021.
    flows = flows_of(a=(6.0, 2018, 2021), b=(3.0, 2017, 2020))

    table = sum_flows(flows, pd.Series("X", index=["a", "b"], name="epci_siren"))

    assert table.loc["X", "is_mixed"]
    assert np.isnan(table.loc["X", "artificialised_net_ha"])


def test_a_zone_with_a_commune_of_unknown_flow_is_unknown():
    flows = flows_of(a=(6.0, 2018, 2021))

    table = sum_flows(flows, pd.Series("X", index=["a", "b"], name="epci_siren"))

    assert np.isnan(table.loc["X", "artificialised_net_ha_per_year"])
