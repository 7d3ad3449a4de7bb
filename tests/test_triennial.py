import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from hp_sig.indicators.triennial import REASONS, REPORT_INDICATORS, compulsory_indicators, triennial_report

ZONES = pd.Index(["04001", "04002"], name="commune_code")


@pytest.fixture
def period():
    return pd.DataFrame({"enaf_consumption_ha": [3.0, 0.0]}, index=ZONES)


@pytest.fixture
def report_of(period):
    def made(zones_of_period=period, **tables):
        since = tables.pop("since_2021", pd.Series([5.0, 0.0], ZONES))
        area = tables.pop("area_ha", pd.Series([1000.0, 500.0], ZONES))
        return triennial_report(zones_of_period, since_2021=since, area_ha=area, **tables)

    return made


def net(values, before, after):
    return pd.DataFrame(
        {"net_artificialisation_ha": values, "vintage_before": before, "vintage_after": after}, index=ZONES
    )


def sealed(state, change, before, after):
    return pd.DataFrame(
        {"sealed_ha": state, "newly_sealed_ha": change, "vintage_before": before, "vintage_after": after}, index=ZONES
    )


# --- the article ------------------------------------------------------------------------------------------------


def test_only_the_first_indicator_is_compulsory_before_2031():
    assert compulsory_indicators(2024) == ["1°"]
    assert compulsory_indicators(2030) == ["1°"]
    assert compulsory_indicators(2031) == ["1°", "2°", "3°", "4°"]


def test_nothing_was_due_before_the_first_reports():
    assert compulsory_indicators(2023) == []


def test_the_four_indicators_of_the_article_are_in_the_report(report_of):
    report = report_of()

    assert [indicator.number for indicator in REPORT_INDICATORS] == ["1°", "2°", "3°", "4°"]
    assert {column for indicator in REPORT_INDICATORS for column in indicator.columns} <= set(report.columns)


# --- 1° consumption ---------------------------------------------------------------------------------------------


def test_consumption_is_given_in_hectares_and_in_share_of_the_territory(report_of):
    report = report_of()

    assert report["enaf_period_ha"].tolist() == [3.0, 0.0]
    assert report["enaf_period_share"].tolist() == [0.003, 0.0]
    assert report["enaf_since_2021_ha"].tolist() == [5.0, 0.0]
    assert report["enaf_since_2021_share"].tolist() == [0.005, 0.0]
    assert report.filter(like="reason_enaf").isna().all(axis=None)


def test_the_split_by_destination_and_the_years_are_carried(report_of, period):
    period = period.assign(housing_ha=[2.0, 0.0], road_ha=[1.0, 0.0], year_count=3, is_provisional=[True, False])

    report = report_of(period)

    assert report["enaf_housing_ha"].tolist() == [2.0, 0.0]
    assert report["enaf_road_ha"].tolist() == [1.0, 0.0]
    assert report["period_year_count"].tolist() == [3, 3]
    assert report["is_provisional"].tolist() == [True, False]


def test_a_split_that_counts_twice_is_refused(report_of, period):
    period = period.assign(housing_ha=[2.0, 0.0], road_ha=[2.0, 0.0])

    with pytest.raises(ValueError, match=r"destinations that add up to enaf_consumption_ha expected, .*'04001'"):
        report_of(period)


def test_unknown_flows_are_marked_not_shown_as_zero(report_of, period):
    report = report_of(period.assign(enaf_consumption_ha=[float("nan"), 0.0]))

    assert report["enaf_period_ha"].isna().tolist() == [True, False]
    assert report["reason_enaf_period"].tolist()[0] == "no_flows"
    assert report["reason_enaf_period_share"].tolist()[0] == "no_flows"
    assert pd.isna(report.loc["04002", "reason_enaf_period"])


@pytest.mark.parametrize("area", [float("nan"), 0.0])
def test_a_territory_without_area_has_hectares_but_no_share(report_of, area):
    report = report_of(area_ha=pd.Series([area, 500.0], ZONES))

    assert report.loc["04001", "enaf_period_ha"] == 3.0
    assert pd.isna(report.loc["04001", "enaf_period_share"])
    assert report.loc["04001", "reason_enaf_period_share"] == "no_area"
    assert pd.isna(report.loc["04001", "reason_enaf_period"])


# --- 2° and 3° land cover ---------------------------------------------------------------------------------------


def test_without_land_cover_the_second_and_third_are_missing_with_the_reason(report_of):
    report = report_of()

    for name in ("net_artificialisation", "sealed", "newly_sealed"):
        assert report[f"{name}_ha"].isna().all()
        assert report[f"reason_{name}"].tolist() == ["no_land_cover"] * 2


def test_a_balance_may_be_negative_and_keeps_its_vintages(report_of):
    report = report_of(net_artificialisation=net([1.5, -0.5], "2018", "2021"))

    assert report["net_artificialisation_ha"].tolist() == [1.5, -0.5]
    assert report["artificialisation_vintage_before"].tolist() == ["2018", "2018"]
    assert report["artificialisation_vintage_after"].tolist() == ["2021", "2021"]
    assert report["reason_net_artificialisation"].isna().all()


def test_one_vintage_gives_a_state_but_no_change(report_of):
    table = sealed([40.0, float("nan")], [float("nan")] * 2, [None, None], ["2021", None])

    report = report_of(sealed=table)

    assert report["sealed_ha"].tolist()[0] == 40.0
    assert report["reason_newly_sealed"].tolist() == ["one_vintage", "no_land_cover"]
    assert pd.isna(report.loc["04001", "reason_sealed"])
    assert report.loc["04002", "reason_sealed"] == "no_land_cover"


def test_a_figure_missing_between_two_vintages_is_not_known(report_of):
    report = report_of(net_artificialisation=net([float("nan"), 0.0], "2018", "2021"))

    assert report.loc["04001", "reason_net_artificialisation"] == "not_known"
    assert pd.isna(report.loc["04002", "reason_net_artificialisation"])


@pytest.mark.parametrize(("before", "after"), [("2021", "2021"), (None, "2021"), ("2018", None)])
def test_a_balance_needs_two_different_vintages(report_of, before, after):
    table = net([1.0, float("nan")], [before, None], [after, None])

    with pytest.raises(ValueError, match=r"artificialisation: two different vintages expected .* '04001'"):
        report_of(net_artificialisation=table)


def test_a_state_needs_the_vintage_that_it_was_seen_on(report_of):
    with pytest.raises(ValueError, match="sealed: a vintage_after expected for each sealed_ha"):
        report_of(sealed=sealed([40.0, 1.0], [float("nan")] * 2, None, None))


def test_a_zone_that_the_land_cover_leaves_out_has_none(report_of):
    table = net([1.0, 2.0], "2018", "2021").loc[["04001"]]

    assert report_of(net_artificialisation=table).loc["04002", "reason_net_artificialisation"] == "no_land_cover"


# --- 4° objectives ----------------------------------------------------------------------------------------------


def test_an_objective_is_held_against_what_was_consumed(report_of):
    objectives = pd.DataFrame({"objective_ha": [10.0, 1.0], "consumed_ha": [4.0, 1.5]}, index=ZONES)

    report = report_of(objectives=objectives)

    assert report["objective_remaining_ha"].tolist() == [6.0, -0.5]
    assert report["objective_status"].tolist() == ["within", "exceeded"]
    assert report["reason_objective"].isna().all()


def test_an_objective_just_reached_is_respected(report_of):
    objectives = pd.DataFrame({"objective_ha": [10.0, 0.0], "consumed_ha": [10.0, 0.0]}, index=ZONES)

    assert report_of(objectives=objectives)["objective_status"].tolist() == ["within", "within"]


def test_without_objective_nothing_is_said_to_be_respected(report_of):
    objectives = pd.DataFrame({"objective_ha": [float("nan"), 8.0], "consumed_ha": [4.0, float("nan")]}, index=ZONES)

    report = report_of(objectives=objectives)

    assert report["objective_status"].tolist() == ["unknown", "unknown"]
    assert report["reason_objective"].tolist() == ["no_objective", "no_consumption"]
    assert report["objective_remaining_ha"].isna().all()
    assert report_of()["reason_objective"].tolist() == ["no_objective"] * 2


# --- the table --------------------------------------------------------------------------------------------------


def test_levels_may_be_told_apart_by_a_second_key():
    # The same code at two levels: an index of level and code keeps them apart.
    zones = pd.MultiIndex.from_tuples([("departement", "04"), ("region", "04")], names=["level", "code"])
    period = pd.DataFrame({"enaf_consumption_ha": [3.0, 9.0]}, index=zones)

    report = triennial_report(period, since_2021=pd.Series([3.0, 9.0], zones), area_ha=pd.Series(100.0, zones))

    assert report["enaf_period_share"].tolist() == [0.03, 0.09]


def test_the_tables_given_are_left_as_they_were(report_of, period):
    before = period.copy()

    report_of(period)

    assert_frame_equal(period, before)


def test_the_order_of_the_other_tables_does_not_matter(report_of):
    report = report_of(area_ha=pd.Series({"04002": 500.0, "04001": 1000.0}))

    assert report["enaf_period_share"].tolist() == [0.003, 0.0]


def test_a_table_of_other_codes_is_refused(report_of):
    with pytest.raises(
        ValueError, match=r"area_ha: the zones of the report expected \('04001', '04002'\), found '4001'"
    ):
        report_of(area_ha=pd.Series({"4001": 1000.0}))


def test_a_zone_twice_is_refused(report_of, period):
    with pytest.raises(ValueError, match="period: one row a zone expected, found '04001' more than once"):
        report_of(pd.concat([period, period.iloc[:1]]))


def test_an_absent_column_is_named(report_of):
    with pytest.raises(ValueError, match=r"objectives: columns 'objective_ha' expected, found 'allowance_ha'"):
        report_of(objectives=pd.DataFrame({"allowance_ha": 1.0, "consumed_ha": 1.0}, index=ZONES))


figures = st.none() | st.floats(0, 1000)
vintages = st.sampled_from([(None, None), (None, "2021"), ("2018", "2021")])


@settings(deadline=None, max_examples=50)
@given(figures, figures, figures, figures, vintages)
def test_a_figure_is_missing_exactly_where_a_reason_is_given(consumed, area, change, objective, years):
    zone = pd.Index(["04001"])
    change = change if years == ("2018", "2021") else None

    report = triennial_report(
        pd.DataFrame({"enaf_consumption_ha": [consumed]}, index=zone, dtype="float64"),
        since_2021=pd.Series([consumed], zone, dtype="float64"),
        area_ha=pd.Series([area], zone, dtype="float64"),
        net_artificialisation=pd.DataFrame(
            {"net_artificialisation_ha": [change], "vintage_before": years[0], "vintage_after": years[1]}, index=zone
        ),
        objectives=pd.DataFrame({"objective_ha": [objective], "consumed_ha": [consumed]}, index=zone, dtype="float64"),
    )

    pairs = {
        "enaf_period_ha": "enaf_period",
        "enaf_period_share": "enaf_period_share",
        "net_artificialisation_ha": "net_artificialisation",
        "sealed_ha": "sealed",
        "objective_remaining_ha": "objective",
    }
    for column, name in pairs.items():
        reason = report[f"reason_{name}"].iloc[0]
        assert pd.isna(report[column].iloc[0]) == pd.notna(reason)
        assert pd.isna(reason) or reason in REASONS
