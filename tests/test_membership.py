import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from hp_sig import coverage_by_zone, membership_changes, membership_table, scot_coverage

CODES = pd.Index(["04001", "04002", "04003", "04004"], name="commune_code", dtype="str")


@pytest.fixture
def table():
    return pd.DataFrame({"area_ha": [100.0, 200.0, 50.0, 150.0], "population": [10.0, 20.0, 30.0, float("nan")]}, CODES)


def test_each_zone_counts_and_sums_its_communes(table):
    zone_of = pd.Series(["X", "X", "Y", None], CODES, name="epci_siren")

    summed = membership_table(table, zone_of, sums=["area_ha", "population"])

    expected = pd.DataFrame(
        {"commune_count": [2, 1], "area_ha": [300.0, 50.0], "population": [30.0, 30.0]},
        index=pd.Index(["X", "Y"], name="epci_siren", dtype="str"),
    )
    assert_frame_equal(summed, expected)


def test_a_sum_with_one_unknown_term_is_unknown(table):
    summed = membership_table(table, pd.Series(["X"] * 4, CODES, name="zone"), sums=["area_ha", "population"])

    assert summed.loc["X", "area_ha"] == 500.0
    assert pd.isna(summed.loc["X", "population"])


def test_communes_outside_the_table_are_left_out(table):
    zone_of = pd.Series(["X"] * 5, [*CODES, "99999"], name="zone")

    assert membership_table(table, zone_of)["commune_count"].tolist() == [4]


def test_a_commune_twice_is_refused(table):
    with pytest.raises(ValueError, match=r"zone_of: one row a commune expected, found .*'04001'"):
        membership_table(table, pd.Series(["X", "Y"], ["04001", "04001"]))


def test_an_absent_column_is_named(table):
    with pytest.raises(ValueError, match=r"'jobs'.* expected, found .*area_ha"):
        membership_table(table, pd.Series(["X"], ["04001"]), sums=["jobs"])


@given(st.lists(st.tuples(st.sampled_from("XYZ"), st.integers(0, 10_000)), min_size=1, max_size=30), st.randoms())
def test_zones_add_up_to_the_whole_in_any_order(rows, random):
    index = pd.Index([f"{i:05d}" for i in range(len(rows))])
    areas = pd.DataFrame({"area_ha": [float(area) for _, area in rows]}, index)
    zone_of = pd.Series([zone for zone, _ in rows], index, name="zone")
    order = list(index)
    random.shuffle(order)

    summed = membership_table(areas.loc[order], zone_of)

    assert summed["area_ha"].sum() == areas["area_ha"].sum()
    assert summed["commune_count"].sum() == len(rows)
    assert_frame_equal(summed, membership_table(areas, zone_of))


def test_a_move_is_told_from_a_merger_of_zones():
    # Saint-Maime's case: 2 leaves X, which lives on; Y is replaced by Z; 5 joins, 6 leaves.
    before = pd.Series({"1": "X", "2": "X", "3": "Y", "4": "Y", "6": "X"})
    after = pd.Series({"1": "X", "2": "Z", "3": "Z", "4": "Z", "5": "X"})

    changes = membership_changes(before, after)

    assert changes["change"].to_dict() == {
        "2": "moved",
        "3": "zone_replaced",
        "4": "zone_replaced",
        "5": "joined",
        "6": "left",
    }
    assert changes.loc["2", ["zone_before", "zone_after"]].tolist() == ["X", "Z"]


def test_nothing_changes_between_a_list_and_itself():
    zone_of = pd.Series({"1": "X", "2": None})

    assert membership_changes(zone_of, zone_of).empty


def test_a_commune_that_no_list_names_has_an_unknown_scot_and_not_none(table):
    status = pd.DataFrame(
        {"scot_id": ["S", "T", None], "status": ["approved", "in_progress", "none"]}, ["04001", "04002", "04003"]
    )

    coverage = scot_coverage(table, status)

    assert coverage["status"].tolist() == ["approved", "in_progress", "none", "unknown"]
    assert coverage["is_covered"].tolist() == [True, False, False, False]


def test_absence_means_none_only_where_the_caller_knows_the_lists_are_complete(table):
    coverage = scot_coverage(table, pd.DataFrame({"scot_id": [], "status": []}), absent="none")

    assert set(coverage["status"]) == {"none"}


def test_coverage_lists_the_communes_that_no_scot_covers(table):
    status = pd.DataFrame({"scot_id": ["S", None], "status": ["approved", "none"]}, ["04001", "04003"])
    coverage = scot_coverage(table, status)

    summed = coverage_by_zone(table, coverage, pd.Series(["L"] * 4, CODES, name="living_area"))

    row = summed.loc["L"]
    assert row["commune_count"] == 4
    assert row["covered_count"] == 1
    assert row["covered_ha"] == 100.0
    assert row["covered_share"] == 0.2  # 100 of 500 ha
    assert row["unknown_count"] == 2
    assert row["unknown_ha"] == 350.0  # 200 + 150
    assert row["without_scot"] == "04003"
    assert row["status_unknown"] == "04002 04004"
    assert row["in_progress"] == ""
