import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from hp_sig.indicators.consumption import (
    DESTINATIONS,
    REFERENCE_FIRST_YEAR,
    REFERENCE_LAST_YEAR,
    consumption_efficiency,
    consumption_per_added,
    consumption_share,
    enaf_by_year,
    enaf_consumption,
)

CODES = ["04001", "04002", "04003"]


def flows_of(communes, years=range(2009, 2024)):
    """Make tidy flows: {code: {(year, destination): m²}}, 0 where nothing is said, the last year provisional."""
    rows = [
        (code, year, destination, float(cells.get((year, destination), 0)), year == max(years))
        for code, cells in communes.items()
        for year in years
        for destination in DESTINATIONS
    ]
    return pd.DataFrame(rows, columns=["commune_code", "year", "destination", "area_m2", "is_provisional"])


def series(values, name="epci_siren", codes=CODES):
    return pd.Series(values, index=pd.Index(codes[: len(values)], name="commune_code"), name=name)


@pytest.fixture
def flows():
    """Three communes: 1 ha of housing each year in A; 2 ha of roads in B in 2011; 3 ha of activity in C in 2020."""
    return flows_of(
        {
            "04001": {(year, "housing"): 10_000 for year in range(2009, 2024)},
            "04002": {(2011, "road"): 20_000},
            "04003": {(2020, "activity"): 30_000},
        }
    )


# --- a period -----------------------------------------------------------------------------------------------------


def test_a_period_counts_its_first_and_its_last_year(flows):
    table = enaf_consumption(flows, first_year=2011, last_year=2020)

    expected = pd.DataFrame(
        {"enaf_consumption_ha": [10.0, 2.0, 3.0], "year_count": 10, "is_provisional": False},
        index=pd.Index(CODES, name="commune_code", dtype="str"),
    )
    assert_frame_equal(table, expected)


def test_the_reference_decade_is_ten_flows_from_2011_to_2020(flows):
    table = enaf_consumption(flows, first_year=REFERENCE_FIRST_YEAR, last_year=REFERENCE_LAST_YEAR)

    assert (REFERENCE_FIRST_YEAR, REFERENCE_LAST_YEAR) == (2011, 2020)
    assert table["year_count"].tolist() == [10, 10, 10]
    assert table.at["04001", "enaf_consumption_ha"] == 10.0


@pytest.mark.parametrize(("first", "last", "hectares"), [(2012, 2020, 0.0), (2011, 2011, 2.0), (2009, 2023, 2.0)])
def test_a_year_out_of_the_period_does_not_count(flows, first, last, hectares):
    table = enaf_consumption(flows, first_year=first, last_year=last)

    assert table.at["04002", "enaf_consumption_ha"] == hectares


@pytest.mark.parametrize(("first", "last", "is_provisional"), [(2011, 2022, False), (2011, 2023, True)])
def test_a_period_that_holds_the_last_year_is_provisional(flows, first, last, is_provisional):
    table = enaf_consumption(flows, first_year=first, last_year=last)

    assert table["is_provisional"].tolist() == [is_provisional] * 3


def test_minus_one_square_metre_counts_as_it_is():
    table = enaf_consumption(flows_of({"04001": {(2010, "unknown"): -1}}), first_year=2009, last_year=2010)

    assert table.at["04001", "enaf_consumption_ha"] == pytest.approx(-1e-4)


@pytest.mark.parametrize(
    ("first", "last"), [(2008, 2020), (2011, 2024), (2030, 2031), (2020, 2011)], ids=["early", "late", "far", "turned"]
)
def test_a_period_out_of_the_file_is_refused_with_the_years_that_exist(flows, first, last):
    with pytest.raises(ValueError, match=rf"years from {first} to {last} asked for.*found 2009 to 2023\. Ask"):
        enaf_consumption(flows, first_year=first, last_year=last)


def test_a_year_missing_within_the_file_is_refused(flows):
    with pytest.raises(ValueError, match="years from 2011 to 2020 asked for"):
        enaf_consumption(flows[flows["year"] != 2015], first_year=2011, last_year=2020)


def test_flows_without_a_row_are_refused(flows):
    with pytest.raises(ValueError, match="found none to none"):
        enaf_consumption(flows.iloc[:0], first_year=2011, last_year=2020)


def test_a_commune_without_one_of_the_years_is_unknown(flows):
    absent = (flows["commune_code"] == "04001") & (flows["year"] == 2015)

    table = enaf_consumption(flows[~absent], first_year=2011, last_year=2020)

    assert np.isnan(table.at["04001", "enaf_consumption_ha"])
    assert table.at["04002", "enaf_consumption_ha"] == 2.0


def test_an_unknown_flow_makes_its_commune_unknown_and_no_other(flows):
    flows.loc[(flows["commune_code"] == "04003") & (flows["year"] == 2012), "area_m2"] = np.nan

    table = enaf_consumption(flows, first_year=2011, last_year=2020)

    assert table["enaf_consumption_ha"].isna().tolist() == [False, False, True]


# --- destinations -------------------------------------------------------------------------------------------------


def test_each_destination_has_its_column(flows):
    table = enaf_consumption(flows, first_year=2011, last_year=2020, by_destination=True)

    assert list(table.columns) == [
        "enaf_consumption_ha",
        *(f"enaf_{name}_ha" for name in ("housing", "activity", "mixed", "road", "rail", "unknown")),
        "year_count",
        "is_provisional",
    ]
    assert table["enaf_housing_ha"].tolist() == [10.0, 0.0, 0.0]
    assert table["enaf_road_ha"].tolist() == [0.0, 2.0, 0.0]
    assert table["enaf_activity_ha"].tolist() == [0.0, 0.0, 3.0]


def test_an_edition_without_roads_has_unknown_roads_and_a_known_total(flows):
    early = flows[~flows["destination"].isin(["road", "rail"])]

    table = enaf_consumption(early, first_year=2011, last_year=2020, by_destination=True)

    assert table["enaf_road_ha"].isna().all()
    assert table["enaf_consumption_ha"].tolist() == [10.0, 0.0, 3.0]


def test_a_total_among_the_destinations_is_refused_rather_than_counted_twice(flows):
    totals = flows.groupby(["commune_code", "year"], as_index=False)["area_m2"].sum()
    totals = totals.assign(destination="total", is_provisional=False)

    with pytest.raises(ValueError, match=r"destinations .* expected, found 'total'\. Leave totals out"):
        enaf_consumption(pd.concat([flows, totals]), first_year=2011, last_year=2020)


def test_a_row_given_twice_is_refused_rather_than_counted_twice(flows):
    with pytest.raises(ValueError, match="one row a commune, year and destination expected, found more for '04001'"):
        enaf_consumption(pd.concat([flows, flows.head(1)]), first_year=2011, last_year=2020)


@pytest.mark.parametrize("function", [enaf_by_year, lambda flows: enaf_consumption(flows, first_year=1, last_year=2)])
def test_a_missing_column_is_named(flows, function):
    with pytest.raises(ValueError, match=r"flows: columns \['destination'\] expected"):
        function(flows.drop(columns="destination"))


# --- zones --------------------------------------------------------------------------------------------------------


def test_a_zone_is_the_sum_of_its_communes(flows):
    table = enaf_consumption(flows, first_year=2011, last_year=2020, zone_of=series(["X", "Y", "X"]))

    expected = pd.DataFrame(
        {"enaf_consumption_ha": [13.0, 2.0], "year_count": 10, "is_provisional": False},
        index=pd.Index(["X", "Y"], name="epci_siren"),
    )
    assert_frame_equal(table, expected, check_index_type=False)


def test_a_zone_with_a_commune_that_the_file_lacks_is_unknown_and_not_a_partial_sum(flows):
    zone_of = series(["X", "X", "Y", "Y"], codes=["04001", "04002", "04003", "04099"])

    table = enaf_consumption(flows, first_year=2011, last_year=2020, by_destination=True, zone_of=zone_of)

    assert table.at["X", "enaf_consumption_ha"] == 12.0
    assert np.isnan(table.at["Y", "enaf_consumption_ha"])
    assert np.isnan(table.at["Y", "enaf_activity_ha"])


def test_a_commune_in_no_zone_is_left_out(flows):
    table = enaf_consumption(flows, first_year=2011, last_year=2020, zone_of=series(["X", None]))

    assert table["enaf_consumption_ha"].to_dict() == {"X": 10.0}


def test_a_nameless_list_of_zones_gives_a_named_index(flows):
    table = enaf_consumption(flows, first_year=2011, last_year=2020, zone_of=series(["X"], name=None))

    assert table.index.name == "zone"


def test_a_commune_of_two_zones_is_refused(flows):
    with pytest.raises(ValueError, match="zone_of: one row a code expected, found '04001' more than once"):
        enaf_consumption(flows, first_year=2011, last_year=2020, zone_of=series(["X", "Y"], codes=["04001", "04001"]))


# --- year by year -------------------------------------------------------------------------------------------------


def test_years_come_as_columns_in_hectares(flows):
    table = enaf_by_year(flows)

    assert table.columns.tolist() == list(range(2009, 2024))
    assert table.columns.name == "year"
    assert table.index.name == "commune_code"
    assert table.loc["04002"].to_dict() == {year: 2.0 if year == 2011 else 0.0 for year in range(2009, 2024)}


def test_years_of_zones_are_unknown_where_a_commune_is(flows):
    absent = (flows["commune_code"] == "04002") & (flows["year"] == 2012)

    table = enaf_by_year(flows[~absent], zone_of=series(["X", "X", "Y"]))

    assert table.index.name == "epci_siren"
    assert table.at["X", 2011] == 3.0
    assert np.isnan(table.at["X", 2012])
    assert table.at["Y", 2020] == 3.0


# --- share of the territory ---------------------------------------------------------------------------------------


def test_rennes_consumed_2_45_percent_of_its_area():
    # Cerema, edition 2011-2025: naf11art25 = 1 233 202 m², surfcom2025 = 50 311 729 m², artcom1125 = 2.45.
    consumption = pd.Series({"35238": 123.3202})

    share = consumption_share(consumption, pd.Series({"35238": 5031.1729}))

    assert share.name == "enaf_consumption_share"
    assert (100 * share).round(2).to_dict() == {"35238": 2.45}


def test_a_share_follows_the_index_of_what_was_consumed():
    share = consumption_share(series([1.0, 2.0], name="x"), series([50.0, 400.0], codes=["04002", "04001"]))

    assert_series_equal(share, series([0.0025, 0.04], name="enaf_consumption_share"))


def test_a_share_of_an_unknown_area_is_unknown():
    share = consumption_share(series([1.0, 2.0, np.nan]), series([np.nan, 4.0], codes=["04001", "04003"]))

    assert share.isna().all()


@pytest.mark.parametrize("area", [0.0, -3.0])
def test_a_territory_without_area_is_refused(area):
    with pytest.raises(ValueError, match="areas over 0 expected, found none for '04002'"):
        consumption_share(series([1.0, 2.0]), series([10.0, area]))


# --- per added inhabitant, household, job -------------------------------------------------------------------------


def test_what_is_added_divides_and_the_rest_has_a_status():
    change = series([20.0, 0.0, -5.0, np.nan, 10.0, 10.0], codes=["a", "b", "c", "d", "e", "f"])
    consumption = series([1.0, 1.0, 1.0, 1.0, np.nan, 0.0], codes=["a", "b", "c", "d", "e", "f"])

    table = consumption_per_added(consumption, change)

    expected = pd.DataFrame(
        {
            "consumption_ha": [1.0, 1.0, 1.0, 1.0, np.nan, 0.0],
            "change": [20.0, 0.0, -5.0, np.nan, 10.0, 10.0],
            "consumption_m2_per_added": [500.0, np.nan, np.nan, np.nan, np.nan, 0.0],
            "status": ["defined", "no_change", "decrease", "unknown", "unknown", "defined"],
        },
        index=consumption.index,
    )
    assert_frame_equal(table, expected, check_dtype=False)


def test_a_change_of_another_place_is_unknown():
    table = consumption_per_added(series([1.0]), pd.Series({"99999": 3.0}))

    assert table["status"].tolist() == ["unknown"]


def test_a_change_given_twice_is_refused():
    with pytest.raises(ValueError, match="change: one row a code expected"):
        consumption_per_added(series([1.0]), pd.Series([1, 2], index=["04001", "04001"]))


@pytest.mark.parametrize(
    ("consumed_m2", "change", "published"),
    # Cerema 2009-2024, artpop1521 of Andance and Vienne.
    [(21_831, 27, 808.56), (259_281, 1889, 137.26)],
)
def test_published_square_metres_per_inhabitant_come_out(consumed_m2, change, published):
    table = consumption_per_added(pd.Series([consumed_m2 / 1e4]), pd.Series([change]))

    assert table["consumption_m2_per_added"].round(2).tolist() == [published]


#: Real rows of the file of the Cerema, edition 2009-2024: consumption of 2015-2020 in all and for housing (m²), changes
#: of inhabitants, households and jobs from 2015 to 2021; and what it publishes: mepart1521, menhab1521, artpop1521.
PUBLISHED = {
    "07009": (21_831, 12_245, 27, 38, -66, -12.83, 31.03, 808.56),  # Andance
    "38544": (259_281, 221_110, 1889, 1606, 635, 86.43, 72.63, 137.26),  # Vienne
    "42124": (588, 588, -10, -2, -4, -85.03, -34.01, -58.80),  # Lupé
    "07160": (0, 0, 4, 8, -3, 0.0, 0.0, 0.0),  # Monestier
    "26349": (15_891, 3_783, 0, 8, -4, 2.52, 21.15, np.nan),  # Tersanne
}


@pytest.fixture
def real_rows():
    """Flows and census figures of five real communes; which year the flows are of does not matter."""
    flows = {
        code: {(2015, "housing"): housing, (2018, "road"): total - housing}
        for code, (total, housing, *_) in PUBLISHED.items()
    }
    context = pd.DataFrame(
        {
            "population_2015": 2000.0,
            "households_2015": 900.0,
            "jobs_2015": 500.0,
            "population_2021": [2000.0 + row[2] for row in PUBLISHED.values()],
            "households_2021": [900.0 + row[3] for row in PUBLISHED.values()],
            "jobs_2021": [500.0 + row[4] for row in PUBLISHED.values()],
        },
        index=pd.Index(list(PUBLISHED), name="commune_code"),
    )
    return flows_of(flows), context


def between_2015_and_2021(flows, context, **options):
    return consumption_efficiency(
        flows, context, first_year=2015, last_year=2020, from_census=2015, to_census=2021, **options
    )


def test_the_ratios_of_the_file_are_recomputed_where_they_have_a_meaning(real_rows):
    table = between_2015_and_2021(*real_rows)

    assert table["households_per_housing_ha"].round(2).to_dict() == pytest.approx(
        {"07009": 31.03, "38544": 72.63, "42124": -34.01, "07160": np.nan, "26349": 21.15}, nan_ok=True
    )
    assert table["enaf_m2_per_added_inhabitant"].round(2).to_dict() == pytest.approx(
        {"07009": 808.56, "38544": 137.26, "42124": np.nan, "07160": 0.0, "26349": np.nan}, nan_ok=True
    )


@pytest.mark.parametrize("code", ["07009", "38544", "42124", "26349"])
def test_households_and_jobs_per_hectare_come_out_within_one_of_their_sum(real_rows, code):
    # The file gives households and jobs rounded to units: for Lupé -2 and -4, while -85.03 is -5 on 0.0588 ha.
    row = between_2015_and_2021(*real_rows).loc[code]

    published = PUBLISHED[code][5] * row["enaf_consumption_ha"]
    assert row["household_change"] + row["job_change"] == pytest.approx(published, abs=1.01)
    assert row["households_and_jobs_per_ha"] * row["enaf_consumption_ha"] == pytest.approx(
        row["household_change"] + row["job_change"]
    )


def test_each_ratio_says_why_it_is_missing(real_rows):
    table = between_2015_and_2021(*real_rows)

    assert table["enaf_m2_per_added_inhabitant_status"].to_dict() == {
        "07009": "defined",
        "38544": "defined",
        "42124": "decrease",
        "07160": "defined",
        "26349": "no_change",
    }
    assert table["households_per_housing_ha_status"].to_dict() == dict.fromkeys(PUBLISHED, "defined") | {
        "07160": "no_consumption"
    }
    assert table["households_and_jobs_per_ha_status"].tolist() == table["households_per_housing_ha_status"].tolist()


def test_where_fewer_people_live_both_quantities_are_still_given(real_rows):
    row = between_2015_and_2021(*real_rows).loc["42124"]

    assert (row["population_change"], row["household_change"], row["job_change"]) == (-10, -2, -4)
    assert row["enaf_consumption_ha"] == pytest.approx(0.0588)
    assert np.isnan(row["enaf_m2_per_added_household"])


def test_square_metres_per_added_household_and_job(real_rows):
    # Vienne: 259 281 m² for 1 606 households, or for 635 jobs.
    row = between_2015_and_2021(*real_rows).loc["38544"]

    assert row["enaf_m2_per_added_household"] == pytest.approx(259_281 / 1606)
    assert row["enaf_m2_per_added_job"] == pytest.approx(259_281 / 635)


def test_a_zone_divides_its_sums_and_does_not_average_its_communes(real_rows):
    flows, context = real_rows
    zone_of = pd.Series("scot", index=list(PUBLISHED), name="scot_id")

    table = between_2015_and_2021(flows, context, zone_of=zone_of)

    # 27 + 1889 - 10 + 4 + 0 inhabitants on 21 831 + 259 281 + 588 + 0 + 15 891 m²
    assert table.at["scot", "population_change"] == 1910
    assert table.at["scot", "enaf_m2_per_added_inhabitant"] == pytest.approx(297_591 / 1910)
    assert table.index.name == "scot_id"


def test_a_zone_with_a_commune_without_census_is_unknown(real_rows):
    flows, context = real_rows
    zone_of = pd.Series("scot", index=list(PUBLISHED), name="scot_id")

    table = between_2015_and_2021(flows, context.drop("26349"), zone_of=zone_of)

    assert table.at["scot", "enaf_m2_per_added_inhabitant_status"] == "unknown"
    assert np.isnan(table.at["scot", "enaf_m2_per_added_inhabitant"])
    assert table.at["scot", "enaf_consumption_ha"] == pytest.approx(29.7591)


def test_a_consumption_of_minus_one_square_metre_is_no_consumption(real_rows):
    _, context = real_rows

    table = between_2015_and_2021(flows_of({"07009": {(2016, "housing"): -1}}), context)

    assert table["households_per_housing_ha_status"].tolist() == ["no_consumption"]
    assert table["households_per_housing_ha"].isna().all()


def test_an_edition_without_households_leaves_their_ratios_unknown(real_rows):
    flows, context = real_rows

    table = between_2015_and_2021(flows, context[["population_2015", "population_2021"]])

    assert set(table["enaf_m2_per_added_household_status"]) == {"unknown"}
    assert set(table["households_and_jobs_per_ha_status"]) == {"unknown"}
    assert table.at["07009", "enaf_m2_per_added_inhabitant_status"] == "defined"


@pytest.mark.parametrize(("start", "end"), [(2011, 2021), (2015, 2022), (2021, 2015), (2015, 2015)])
def test_censuses_that_the_file_lacks_or_in_disorder_are_refused(real_rows, start, end):
    flows, context = real_rows

    with pytest.raises(ValueError, match=rf"{start} and {end} asked for, found 'population_2015'"):
        consumption_efficiency(flows, context, first_year=2015, last_year=2020, from_census=start, to_census=end)


def test_a_commune_twice_in_the_context_is_refused(real_rows):
    flows, context = real_rows

    with pytest.raises(ValueError, match="context: one row a code expected"):
        between_2015_and_2021(flows, pd.concat([context, context]))


# --- properties ---------------------------------------------------------------------------------------------------

cells = st.dictionaries(
    st.tuples(st.integers(2011, 2024), st.sampled_from(DESTINATIONS)), st.integers(-2, 500_000), max_size=30
)
territories = st.fixed_dictionaries(dict.fromkeys(CODES, cells)).map(lambda land: flows_of(land, range(2011, 2025)))


@settings(max_examples=25, deadline=None)
@given(flows=territories, cut=st.integers(2011, 2023))
def test_two_periods_side_by_side_add_up_to_the_whole(flows, cut):
    first = enaf_consumption(flows, first_year=2011, last_year=cut)["enaf_consumption_ha"]
    second = enaf_consumption(flows, first_year=cut + 1, last_year=2024)["enaf_consumption_ha"]

    whole = enaf_consumption(flows, first_year=2011, last_year=2024)["enaf_consumption_ha"]
    np.testing.assert_allclose(first + second, whole, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(flows=territories, zones=st.lists(st.sampled_from("XY"), min_size=3, max_size=3))
def test_destinations_and_zones_each_add_up_to_the_total(flows, zones):
    years = {"first_year": 2011, "last_year": 2020}
    of_zones = enaf_consumption(flows, **years, by_destination=True, zone_of=series(zones))

    whole_m2 = flows.loc[flows["year"] <= 2020, "area_m2"].sum()
    parts = of_zones[[f"enaf_{name}_ha" for name in DESTINATIONS]].sum(axis="columns")
    np.testing.assert_allclose(parts, of_zones["enaf_consumption_ha"], atol=1e-9)
    assert of_zones["enaf_consumption_ha"].sum() == pytest.approx(whole_m2 / 10_000, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(flows=territories, seed=st.integers(0, 1000))
def test_the_order_of_the_rows_changes_nothing(flows, seed):
    years = {"first_year": 2011, "last_year": 2020, "by_destination": True}

    shuffled = enaf_consumption(flows.sample(frac=1, random_state=seed), **years)

    assert_frame_equal(shuffled, enaf_consumption(flows, **years))


def test_no_argument_is_changed(real_rows):
    flows, context = real_rows
    before = flows.copy(), context.copy()

    between_2015_and_2021(flows, context, zone_of=pd.Series("X", index=list(PUBLISHED)))

    assert_frame_equal(flows, before[0])
    assert_frame_equal(context, before[1])
