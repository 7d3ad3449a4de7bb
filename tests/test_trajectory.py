from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from hp_sig.indicators.guarantee import Guarantee, eligible_communes, guaranteed_hectares
from hp_sig.indicators.scenarios import REASONS, compare_regimes, explain_difference, platform_trajectory
from hp_sig.indicators.trajectory import trajectory, yearly_consumption
from hp_sig.reference.regimes import load_regime

#: Computed by hand from the formulas of the law and of the platform: reference 2011-2020 (ha), consumption 2021-2023,
#: reduction, allowance without and with 1 ha, pace, projections over 9 and 10 flows, rate over 10 (None: undefined).
WORKED_CASES = {
    "A": (100, 12, 0.5, 50, 50, 4, 36, 40, 0.80),
    "B": (0.8, 0.3, 0.5, 0.4, 1.0, 0.1, 0.9, 1.0, 2.50),
    "C": (100, 12, 0.5447, 45.53, 45.53, 4, 36, 40, 0.879),
    "D": (40, 21, 0.5, 20, 20, 7, 63, 70, 3.50),
    "E": (0, 0.2, 0.5, 0, 1.0, 0.0667, 0.6, 0.667, None),
}
REFERENCE = range(2011, 2021)


def make_flows(hectares, *, provisional=()):
    """Spread over years what each commune consumed: commune → {year: hectares}."""
    rows = [
        {
            "commune_code": code,
            "year": year,
            "destination": "housing",
            "area_m2": area * 10_000,
            "is_provisional": year in provisional,
        }
        for code, years in hectares.items()
        for year, area in years.items()
    ]
    return pd.DataFrame(rows).astype({"commune_code": "str"})


def evenly(reference_ha, consumed_ha, *, elapsed=3):
    """Give a reference in ten equal flows, then a consumption in equal flows from 2021 on."""
    before = dict.fromkeys(REFERENCE, reference_ha / 10)
    return before | dict.fromkeys(range(2021, 2021 + elapsed), consumed_ha / elapsed)


def everybody(*codes, **options):
    return Guarantee(eligible=pd.Series(True, index=list(codes)), **options)


def of_case(case):
    reference, consumed, target, *_ = WORKED_CASES[case]
    return make_flows({"04001": evenly(reference, consumed)}), pd.Series({"04001": target})


def exclusion(code, year, area, kind="pene"):
    return pd.DataFrame({"commune_code": [code], "year": [year], "kind": [kind], "area_ha": [area]})


# --- worked cases -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", WORKED_CASES)
def test_worked_case_without_guarantee(case):
    flows, targets = of_case(case)
    reference, consumed, target, allowed, _, pace, _, projected, rate = WORKED_CASES[case]

    row = trajectory(flows, targets=targets).loc["04001"]

    assert row["reference_ha"] == pytest.approx(reference)
    assert row["reduction_share"] == target
    assert row["allowance_ha"] == pytest.approx(allowed)
    assert row["consumed_ha"] == pytest.approx(consumed)
    assert row["remaining_ha"] == pytest.approx(allowed - consumed)
    assert row["pace_ha_per_year"] == pytest.approx(pace, abs=5e-5)
    assert row["projection_ha"] == pytest.approx(projected, abs=5e-4)
    if rate is None:
        assert pd.isna(row["projection_share"])
        assert row["status"] == "no_allowance"
    else:
        assert row["projection_share"] == pytest.approx(rate, abs=5e-4)


@pytest.mark.parametrize("case", WORKED_CASES)
def test_worked_case_with_the_hectare_of_an_eligible_commune(case):
    flows, targets = of_case(case)

    row = trajectory(flows, targets=targets, guarantee=everybody("04001")).loc["04001"]

    assert row["allowance_ha"] == pytest.approx(WORKED_CASES[case][4])
    assert row["guarantee_ha"] == 1.0
    assert row["guarantee_effect"] == ("raises" if case in "BE" else "covered")


def test_nothing_consumed_before_leaves_the_hectare_and_a_rate():
    flows, _ = of_case("E")

    row = trajectory(flows, guarantee=everybody("04001")).loc["04001"]

    assert row["allowance_ha"] == 1.0
    assert row["projection_share"] == pytest.approx(0.667, abs=5e-4)
    assert row["status"] == "on_track"


@pytest.mark.parametrize(
    ("case", "status"), [("A", "on_track"), ("B", "will_exceed"), ("C", "on_track"), ("D", "exceeded")]
)
def test_status_of_a_worked_case(case, status):
    flows, targets = of_case(case)

    assert trajectory(flows, targets=targets)["status"].tolist() == [status]


# --- which flows ------------------------------------------------------------------------------------------------


def test_ten_flows_make_the_reference_and_the_period_starts_in_2021():
    # A digit a year: 1 m² in 2009, 10 in 2010, 100 in 2011 … so that a wrong year shows as a wrong digit.
    flows = make_flows({"04001": {year: 10 ** (year - 2009) / 10_000 for year in range(2009, 2025)}})

    row = trajectory(flows).loc["04001"]

    assert row["reference_ha"] == pytest.approx(111_111_111_100 / 10_000, rel=1e-12)
    assert row["consumed_ha"] == pytest.approx(1_111_000_000_000_000 / 10_000, rel=1e-12)
    assert row["years_elapsed"] == 4
    assert row["period_flow_count"] == 10
    assert row["reference_pace_ha_per_year"] == pytest.approx(row["reference_ha"] / 10)


def test_flows_after_the_period_do_not_count():
    flows = make_flows({"04001": dict.fromkeys(range(2011, 2033), 1.0)})

    row = trajectory(flows).loc["04001"]

    assert (row["consumed_ha"], row["years_elapsed"], row["projection_ha"]) == (10.0, 10, 10.0)


def test_destinations_of_a_year_are_added_up():
    flows = make_flows({"04001": evenly(10, 3)})
    halves = pd.concat([flows.assign(destination=word, area_m2=flows["area_m2"] / 2) for word in ("housing", "road")])

    assert_frame_equal(trajectory(halves), trajectory(flows))


def test_a_missing_flow_makes_unknown_all_that_depends_on_it():
    known = evenly(30, 3)
    flows = make_flows(
        {
            "no_2015": {year: area for year, area in known.items() if year != 2015},
            "no_2022": {year: area for year, area in known.items() if year != 2022},
            "nan_2022": known | {2022: float("nan")},
            "whole": known,
        }
    )

    table = trajectory(flows, guarantee=everybody("no_2015", "no_2022", "nan_2022", "whole"))

    assert table["status"].to_dict() == {
        "nan_2022": "unknown",
        "no_2015": "unknown",
        "no_2022": "unknown",
        "whole": "on_track",
    }
    assert table["reference_ha"].isna().to_dict()["no_2015"]
    assert table.loc["no_2015", ["allowance_ha", "remaining_ha"]].isna().all()
    assert table.loc["no_2015", "consumed_ha"] == pytest.approx(3)
    gone = ["consumed_ha", "remaining_ha", "pace_ha_per_year", "projection_ha", "projection_share", "exhaustion_year"]
    assert table.loc[["no_2022", "nan_2022"], gone].isna().all(axis=None)
    assert table.loc["no_2022", "allowance_ha"] == pytest.approx(15)


def test_a_zone_with_a_commune_without_flows_is_unknown():
    flows = make_flows({"04001": evenly(10, 3)})
    zone_of = pd.Series({"04001": "X", "04002": "X"}, name="epci_siren")

    row = trajectory(flows, zone_of=zone_of).loc["X"]

    assert row[["reference_ha", "consumed_ha"]].isna().all()
    assert row["status"] == "unknown"


def test_flows_that_stop_before_the_period_leave_consumption_unknown():
    flows = make_flows({"04001": dict.fromkeys(REFERENCE, 1.0)})

    row = trajectory(flows).loc["04001"]

    assert (row["reference_ha"], row["years_elapsed"], row["status"]) == (pytest.approx(10.0), 0, "unknown")
    assert row[["consumed_ha", "pace_ha_per_year", "projection_ha", "exhaustion_year"]].isna().all()


def test_the_table_has_named_rows_and_unnamed_columns():
    table = trajectory(make_flows({"04002": evenly(10, 3), "04001": evenly(10, 3)}))

    assert (table.index.tolist(), table.index.name, table.columns.name) == (["04001", "04002"], "commune_code", None)


def test_a_provisional_year_is_said_of_its_commune_and_zone():
    flows = make_flows({"a": evenly(10, 3), "b": evenly(10, 3), "c": evenly(10, 3)})
    flows["is_provisional"] = (flows["commune_code"] == "a") & (flows["year"] == 2023)
    zone_of = pd.Series({"a": "X", "b": "X", "c": "Y"}, name="zone")

    assert trajectory(flows)["is_provisional"].to_dict() == {"a": True, "b": False, "c": False}
    assert trajectory(flows, zone_of=zone_of)["is_provisional"].to_dict() == {"X": True, "Y": False}


def test_a_provisional_year_of_the_reference_leaves_the_consumption_as_it_is():
    flows = make_flows({"a": evenly(10, 3)}, provisional=(2015,))

    assert trajectory(flows)["is_provisional"].tolist() == [False]


def test_flows_are_left_as_they_were():
    flows = make_flows({"04001": evenly(10, 3)})
    before = flows.copy()

    trajectory(flows, guarantee=everybody("04001"), exclusions=exclusion("04001", 2021, 0.5))

    assert_frame_equal(flows, before)


def test_flows_without_a_column_are_refused():
    flows = make_flows({"04001": evenly(10, 3)}).drop(columns="is_provisional")

    with pytest.raises(ValueError, match=r"flows: columns 'is_provisional' expected.*read_enaf_flows"):
        yearly_consumption(flows)


# --- zones ------------------------------------------------------------------------------------------------------


def test_zones_are_sums_over_lists_of_communes():
    flows = make_flows({"a": evenly(100, 12), "b": evenly(40, 21), "c": evenly(60, 3)})
    zone_of = pd.Series({"a": "X", "b": "X", "c": None}, name="scot_id")

    table = trajectory(flows, zone_of=zone_of)

    assert table.index.tolist() == ["X"]
    assert table.index.name == "scot_id"
    assert table.loc["X", ["reference_ha", "allowance_ha", "consumed_ha"]].tolist() == pytest.approx([140, 70, 33])


def test_a_commune_in_two_zones_is_refused():
    flows = make_flows({"a": evenly(10, 3)})

    with pytest.raises(ValueError, match="zone_of: one row a commune expected, found 'a' more than once"):
        trajectory(flows, zone_of=pd.Series(["X", "Y"], index=["a", "a"]))


def test_a_scot_has_its_own_target_and_the_others_the_law_s():
    flows = make_flows({"a": evenly(100, 12), "b": evenly(100, 12)})
    zone_of = pd.Series({"a": "S1", "b": "S2"}, name="scot_id")

    table = trajectory(flows, zone_of=zone_of, targets=pd.Series({"S1": 0.5447}))

    assert table["reduction_share"].to_dict() == {"S1": 0.5447, "S2": 0.5}
    assert table["allowance_ha"].to_dict() == pytest.approx({"S1": 45.53, "S2": 50.0})


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"a": 54.47}, r"targets: shares from 0 to 1 expected, found 54.47. Divide percentages by 100"),
        ({"a": float("nan")}, "targets: shares from 0 to 1 expected"),
        ({"b": 0.4}, "targets: codes of the rows expected, once each, such as 'a'; found 'b'"),
    ],
)
def test_a_target_that_cannot_be_one_is_refused(targets, message):
    with pytest.raises(ValueError, match=message):
        trajectory(make_flows({"a": evenly(10, 3)}), targets=pd.Series(targets))


# --- guarantee --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delegated", "hectares"), [(0, 1.0), (1, 1.5), (2, 2.0), (3, 2.0), (10, 2.0)])
def test_a_commune_nouvelle_has_half_a_hectare_more_each_up_to_two_in_all(delegated, hectares):
    guarantee = everybody("a", delegated_count=pd.Series({"a": delegated}))

    assert guaranteed_hectares(guarantee, pd.Index(["a"]), regime=load_regime()).tolist() == [hectares]


@pytest.mark.parametrize(("delegated", "hectares"), [(0, 1.0), (2, 2.0), (3, 2.5), (4, 3.0), (10, 3.0)])
def test_a_cap_on_the_bonus_alone_leaves_three_hectares_at_most(delegated, hectares):
    guarantee = everybody("a", delegated_count=pd.Series({"a": delegated}))
    regime = replace(load_regime(), guarantee_cap_on="bonus")

    assert guaranteed_hectares(guarantee, pd.Index(["a"]), regime=regime).tolist() == [hectares]


def test_a_commune_that_is_not_eligible_has_no_floor():
    flows = make_flows({"a": evenly(0.8, 0.3)})

    row = trajectory(flows, guarantee=Guarantee(eligible=pd.Series({"a": False}))).loc["a"]

    assert (row["allowance_ha"], row["guarantee_ha"], row["guarantee_effect"]) == (pytest.approx(0.4), 0.0, "none")


@pytest.mark.parametrize("guarantee", [None, Guarantee(eligible=pd.Series({"other": True}))])
def test_eligibility_that_is_not_known_gives_no_floor_and_shows(guarantee):
    flows = make_flows({"a": evenly(0.8, 0.3)})

    row = trajectory(flows, guarantee=guarantee).loc["a"]

    assert row["allowance_ha"] == pytest.approx(0.4)
    assert pd.isna(row["guarantee_ha"])
    assert row["guarantee_effect"] == "unknown"


def test_an_intercommunality_has_as_many_hectares_as_eligible_communes_not_one():
    # Three communes of 0.8 ha: half of 2.4 is 1.2 ha; two of them are eligible, so 2 ha; the platform says 1.2.
    flows = make_flows({code: evenly(0.8, 0.3) for code in "abc"})
    zone_of = pd.Series("X", index=list("abc"), name="epci_siren")
    guarantee = Guarantee(eligible=pd.Series({"a": True, "b": True, "c": False}))

    row = trajectory(flows, zone_of=zone_of, guarantee=guarantee).loc["X"]

    assert (row["guarantee_ha"], row["allowance_ha"], row["guarantee_effect"]) == (2.0, 2.0, "raises")
    assert platform_trajectory(flows, zone_of=zone_of).loc["X", "synthesis_allowance_ha"] == pytest.approx(1.2)


def test_pooled_hectares_are_part_of_the_envelope_of_a_large_zone():
    # 50 ha and 0.4 ha: pooled, the hectare of the small commune is found in the 50.4 ha; each by itself, 50 + 1.
    flows = make_flows({"a": evenly(100, 12), "b": evenly(0.8, 0.3)})
    zone_of = pd.Series("X", index=["a", "b"], name="zone")

    pooled = trajectory(flows, zone_of=zone_of, guarantee=everybody("a", "b"))
    each = trajectory(flows, zone_of=zone_of, guarantee=everybody("a", "b", zone_rule="by_commune"))

    assert pooled.loc["X", ["allowance_ha", "guarantee_effect"]].tolist() == [pytest.approx(50.4), "covered"]
    assert each.loc["X", ["allowance_ha", "guarantee_effect"]].tolist() == [pytest.approx(51.0), "raises"]


def test_each_commune_by_itself_keeps_the_target_of_its_zone():
    flows = make_flows({"a": evenly(100, 12), "b": evenly(0.8, 0.3)})
    zone_of = pd.Series("X", index=["a", "b"], name="zone")

    table = trajectory(
        flows,
        zone_of=zone_of,
        guarantee=everybody("a", "b", zone_rule="by_commune"),
        targets=pd.Series({"X": 0.6}),
    )

    assert table.loc["X", "allowance_ha"] == pytest.approx(41.0)


@pytest.mark.parametrize("zone_rule", ["pooled", "by_commune"])
def test_one_commune_of_unknown_eligibility_leaves_its_zone_without_floor(zone_rule):
    flows = make_flows({"a": evenly(0.8, 0.3), "b": evenly(0.8, 0.3)})
    zone_of = pd.Series("X", index=["a", "b"], name="zone")

    row = trajectory(flows, zone_of=zone_of, guarantee=everybody("a", zone_rule=zone_rule)).loc["X"]

    assert pd.isna(row["guarantee_ha"])
    assert row["allowance_ha"] == pytest.approx(0.8)
    assert row["guarantee_effect"] == "unknown"


def test_a_document_of_the_day_of_the_limit_comes_too_late():
    dates = pd.Series(["2026-08-21", "2026-08-22", None], index=["a", "b", "c"])

    eligible = eligible_communes(dates, regime=load_regime())

    assert eligible.index.tolist() == ["a", "b", "c"]
    assert eligible.tolist() == [True, False, pd.NA]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zone_rule": "shared"}, r"zone_rule: one of \('pooled', 'by_commune'\) expected, found 'shared'"),
        ({"eligible": pd.Series({"a": "oui"})}, "eligible: True, False or missing expected, found 'oui'"),
        ({"eligible": pd.Series([True, True], index=["a", "a"])}, "eligible: 'a' found more than once"),
        ({"delegated_count": pd.Series({"a": 1.5})}, "delegated_count: whole numbers, 0 or more, expected, found 1.5"),
        ({"delegated_count": pd.Series({"a": -1})}, "delegated_count: whole numbers"),
    ],
)
def test_a_guarantee_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Guarantee(**({"eligible": pd.Series({"a": True})} | options))


# --- exclusions -------------------------------------------------------------------------------------------------


def test_an_exclusion_is_deducted_from_the_year_it_falls_in():
    flows = make_flows({"a": evenly(100, 12)})
    both = pd.concat([exclusion("a", 2015, 2.0), exclusion("a", 2022, 1.5, kind="ground_photovoltaics")])

    row = trajectory(flows, exclusions=both).loc["a"]

    assert (row["reference_excluded_ha"], row["reference_ha"], row["allowance_ha"]) == (2.0, 98.0, 49.0)
    assert (row["consumed_gross_ha"], row["excluded_ha"], row["consumed_ha"]) == (12.0, 1.5, 10.5)
    assert (row["pace_ha_per_year"], row["projection_ha"]) == (3.5, 35.0)


def test_several_projects_of_a_year_are_added_up():
    flows = make_flows({"a": evenly(100, 12)})
    twice = pd.concat([exclusion("a", 2021, 1.0), exclusion("a", 2021, 0.5)])

    assert trajectory(flows, exclusions=twice)["excluded_ha"].tolist() == [1.5]


def test_an_exclusion_of_a_year_that_is_not_counted_changes_nothing():
    flows = make_flows({"a": {2010: 5.0} | evenly(100, 12)})
    aside = pd.concat([exclusion("a", 2010, 5.0), exclusion("a", 2029, 5.0)])

    assert_frame_equal(trajectory(flows, exclusions=aside), trajectory(flows))


def test_deducting_all_that_was_consumed_leaves_nothing():
    flows = make_flows({"a": evenly(100, 12)})

    assert trajectory(flows, exclusions=exclusion("a", 2021, 4.0))["consumed_ha"].tolist() == [8.0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", 2021, 4.1, "pene"), "no more than was consumed in the commune that year expected, found more in 'a'"),
        (("a", 2021, 1.0, "industry"), r"kinds that the regime 'climat_resilience_2023' deducts.*found 'industry'"),
        (("4001", 2021, 1.0, "pene"), "in communes of the flows expected; found communes '4001'"),
        (("a", 2021, -1.0, "pene"), r"known hectares, 0 or more, .*hectares -1.0"),
        (("a", 2021, float("nan"), "pene"), "known hectares, 0 or more"),
    ],
)
def test_an_exclusion_that_cannot_be_deducted_is_refused(row, message):
    with pytest.raises(ValueError, match=message):
        trajectory(make_flows({"a": evenly(100, 12)}), exclusions=exclusion(*row))


# --- exhaustion -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "yearly", "year"),
    [
        (100, [4, 4, 4], None),  # 38 ha left at 4 ha a year: 9.5 years, after the end of 2030
        (40, [4, 4, 4], 2025),  # 8 ha left: 2 years, at the end of 2025
        (42, [4, 4, 4], 2026),  # 9 ha left: in the third year
        (40, [7, 7, 7], 2023),  # 7, 14, 21 of 20 ha: passed in 2023
        (40, [25, 0, 0], 2021),  # passed in the first year
        (40, [0, 20, 0], 2022),  # reached to the hectare in 2022, and 66.7 ha projected
        (0.8, [0.1, 0.1, 0.1], 2024),  # 0.1 ha left at 0.1 ha a year
        (9.8, [0.7, 0.7, 0.7], 2027),  # 2.8 ha left: four years, not five for the last bit of a float
        (80, [4, 4, 4], None),  # 40 ha projected of 40 allowed: never passed
        (10, [0, 0, 0], None),  # nothing consumed, no pace
    ],
)
def test_the_year_in_which_the_allowance_runs_out(reference, yearly, year):
    flows = make_flows({"a": evenly(reference, 0) | dict(zip(range(2021, 2024), yearly, strict=True))})

    found = trajectory(flows)["exhaustion_year"]

    assert found.dtype == "Int64"
    assert (None if pd.isna(found.iloc[0]) else int(found.iloc[0])) == year


def test_a_zone_runs_out_by_the_flows_of_all_its_communes():
    flows = make_flows(
        {"a": evenly(20, 0) | {2021: 6, 2022: 0, 2023: 0}, "b": evenly(20, 0) | {2021: 3, 2022: 9, 2023: 9}}
    )

    table = trajectory(flows, zone_of=pd.Series("X", index=["a", "b"], name="zone"))

    assert table.loc["X", ["status", "exhaustion_year"]].tolist() == ["exceeded", 2023]


def test_what_is_left_over_a_finished_period_is_on_track():
    flows = make_flows({"a": evenly(20, 10, elapsed=10)})

    row = trajectory(flows).loc["a"]

    assert (row["status"], row["remaining_ha"]) == ("on_track", pytest.approx(0))
    assert pd.isna(row["exhaustion_year"])


# --- regimes side by side ---------------------------------------------------------------------------------------


def test_a_bill_asks_for_what_it_leaves_to_local_choice():
    with pytest.raises(ValueError, match=r"'trace_senat_2025' leaves reference_first_year, .*first_year open"):
        trajectory(make_flows({"a": evenly(10, 3)}), regime="trace_senat_2025")


def test_a_reduction_left_open_may_come_from_targets_for_all():
    flows = make_flows({"a": evenly(100, 12), "b": evenly(100, 12)})
    bill = replace(load_regime(), name="bill", reduction_share=None)

    given = trajectory(flows, regime=bill, targets=pd.Series({"a": 0.4, "b": 0.2}))

    assert given["allowance_ha"].tolist() == pytest.approx([60, 80])
    with pytest.raises(ValueError, match="leaves reduction_share open"):
        trajectory(flows, regime=bill, targets=pd.Series({"a": 0.4}))


def scenario_2034():
    # Sums chosen for the test: 40 % off, from 2024 to 2033.
    return replace(
        load_regime("trace_senat_2025"),
        name="trace_40",
        reference_first_year=2011,
        reference_last_year=2020,
        first_year=2024,
        reduction_share=0.4,
    )


def test_regimes_stand_side_by_side_for_each_zone():
    flows = make_flows({"b": evenly(100, 20, elapsed=4), "a": evenly(40, 20, elapsed=4)})

    table = compare_regimes(flows, regimes=["climat_resilience_2023", scenario_2034()])

    assert table.index.tolist() == [
        ("a", "climat_resilience_2023"),
        ("a", "trace_40"),
        ("b", "climat_resilience_2023"),
        ("b", "trace_40"),
    ]
    assert table.index.names == ["commune_code", "regime"]
    assert table["regime_status"].tolist() == ["in_force", "bill"] * 2
    assert table["allowance_ha"].tolist() == pytest.approx([20, 24, 50, 60])
    assert table["consumed_ha"].tolist() == pytest.approx([20, 5, 20, 5])
    assert table["projection_ha"].tolist() == pytest.approx([50, 50, 50, 50])


def test_each_regime_deducts_the_kinds_that_it_lists():
    flows = make_flows({"a": evenly(100, 20, elapsed=4)})

    table = compare_regimes(
        flows,
        regimes=["climat_resilience_2023", scenario_2034()],
        exclusions=exclusion("a", 2024, 1.0, kind="industry"),
    )

    assert table["excluded_ha"].tolist() == [0.0, 1.0]


def test_a_bill_without_guarantee_takes_it_from_no_other_regime():
    flows = make_flows({"a": evenly(0.8, 0.4, elapsed=4)})

    table = compare_regimes(flows, regimes=["climat_resilience_2023", scenario_2034()], guarantee=everybody("a"))

    assert table["allowance_ha"].tolist() == pytest.approx([1.0, 0.48])
    assert table["guarantee_effect"].tolist() == ["raises", "unknown"]


def test_targets_are_those_of_one_regime():
    flows = make_flows({"a": evenly(100, 20, elapsed=4)})
    law = load_regime()

    table = compare_regimes(flows, regimes=[law, replace(law, name="other")], targets={"other": pd.Series({"a": 0.3})})

    assert table["reduction_share"].tolist() == [0.5, 0.3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regimes": ["climat_resilience_2023"] * 2}, "regimes: different names expected"),
        ({"regimes": []}, "regimes: different names expected"),
        ({"targets": {"other": pd.Series({"a": 0.3})}}, "targets: names of the regimes compared expected.*'other'"),
        ({"exclusions": exclusion("a", 2021, 1.0, kind="golf")}, "one of the regimes deducts expected, found 'golf'"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        compare_regimes(make_flows({"a": evenly(10, 3)}), **({"regimes": ["climat_resilience_2023"]} | options))


# --- the platform -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", WORKED_CASES)
def test_the_platform_s_two_pages_of_a_worked_case(case):
    flows, targets = of_case(case)
    reference, _, _, allowed, _, pace, nine, ten, rate = WORKED_CASES[case]

    row = platform_trajectory(flows, targets=targets).loc["04001"]

    assert row["synthesis_allowance_ha"] == pytest.approx(max(reference / 2, 1.0))
    assert row["trajectories_allowance_ha"] == pytest.approx(allowed)
    assert row["pace_ha_per_year"] == pytest.approx(pace, abs=5e-5)
    assert row["synthesis_projection_ha"] == pytest.approx(nine, abs=5e-4)
    assert row["trajectories_projection_ha"] == pytest.approx(ten, abs=5e-4)
    assert row["trajectories_projection_share"] == pytest.approx(rate or 0.0, abs=5e-4)


def test_the_platform_shows_0_on_one_page_and_100_on_the_other_where_nothing_is_allowed():
    flows, _ = of_case("E")

    row = platform_trajectory(flows).loc["04001"]

    assert (row["trajectories_projection_share"], row["map_progress_share"]) == (0.0, 1.0)


def test_the_platform_floors_an_intercommunality_at_one_hectare():
    flows = make_flows({code: evenly(0.2, 0.1) for code in "abc"})
    zone_of = pd.Series("X", index=list("abc"), name="epci_siren")

    told = explain_difference(
        trajectory(flows, zone_of=zone_of, guarantee=everybody("a", "b", "c")),
        platform_trajectory(flows, zone_of=zone_of),
    ).loc[("X", "allowance")]

    # Half is 0.3 ha. It says 1; three eligible communes have 3: its floor off, 0.7 less, the guarantee, 2.7 more.
    assert (told["platform_ha"], told["ours_ha"], told["difference_ha"]) == pytest.approx((1.0, 3.0, 2.0))
    assert told["from_platform_floor_ha"] == pytest.approx(-0.7)
    assert told["from_guarantee_ha"] == pytest.approx(2.7)
    assert told["main_reason"] == "guarantee"


def test_nine_flows_for_ten_are_the_difference_of_the_projection():
    flows, _ = of_case("D")

    told = explain_difference(trajectory(flows), platform_trajectory(flows))

    assert told.index.tolist() == [("04001", "allowance"), ("04001", "projection")]
    assert told["difference_ha"].tolist() == pytest.approx([0, 7])
    assert told["main_reason"].tolist() == ["none", "flow_count"]


def test_its_trajectories_page_projects_ten_flows_as_we_do():
    flows, targets = of_case("C")

    told = explain_difference(
        trajectory(flows, targets=targets), platform_trajectory(flows, targets=targets), page="trajectories"
    )

    assert told["difference_ha"].tolist() == pytest.approx([0, 0])
    assert told["main_reason"].tolist() == ["none", "none"]


def test_a_target_and_an_exclusion_are_told_apart():
    flows, targets = of_case("C")
    excluded = pd.concat([exclusion("04001", 2015, 2.0), exclusion("04001", 2022, 1.5)])

    told = explain_difference(trajectory(flows, targets=targets, exclusions=excluded), platform_trajectory(flows)).loc[
        "04001"
    ]

    # Half of 2 ha, then 98 ha at 0.4553 for 0.5; 1.5 ha over three years, projected over ten.
    assert told.loc["allowance", "from_exclusions_ha"] == pytest.approx(-1.0)
    assert told.loc["allowance", "from_target_ha"] == pytest.approx(98 * -0.0447)
    assert told.loc["projection", "from_exclusions_ha"] == pytest.approx(-5.0)


def test_a_difference_that_is_not_known_says_so():
    flows = make_flows({"a": {year: area for year, area in evenly(10, 3).items() if year != 2022}})

    told = explain_difference(trajectory(flows), platform_trajectory(flows))

    assert told["main_reason"].tolist() == ["none", "unknown"]


def test_tables_of_other_zones_are_not_compared():
    flows = make_flows({"a": evenly(10, 3), "b": evenly(10, 3)})

    with pytest.raises(ValueError, match="the same zones in the same order expected"):
        explain_difference(trajectory(flows), platform_trajectory(flows).iloc[::-1])
    with pytest.raises(ValueError, match=r"page: one of .* expected, found 'home'"):
        explain_difference(trajectory(flows), platform_trajectory(flows), page="home")


# --- properties -------------------------------------------------------------------------------------------------

areas = st.floats(0, 500, allow_nan=False).map(lambda value: round(value, 4))
territories = st.lists(st.tuples(areas, areas, st.sampled_from("XY")), min_size=1, max_size=6)


@settings(deadline=None, max_examples=50)
@given(territories, st.floats(0, 1), st.floats(0, 1), st.sampled_from(["pooled", "by_commune"]))
def test_a_larger_reduction_never_allows_more(rows, one, other, zone_rule):
    codes = [f"{number:05d}" for number in range(len(rows))]
    flows = make_flows({code: evenly(row[0], row[1]) for code, row in zip(codes, rows, strict=True)})
    zone_of = pd.Series([row[2] for row in rows], index=codes, name="zone")
    guarantee = everybody(*codes, zone_rule=zone_rule)

    soft, hard = (
        trajectory(flows, regime=replace(load_regime(), reduction_share=share), zone_of=zone_of, guarantee=guarantee)
        for share in sorted((one, other))
    )

    assert (hard["allowance_ha"] <= soft["allowance_ha"] + 1e-9).all()
    assert (hard["allowance_ha"] >= hard["guarantee_ha"] - 1e-9).all()


@settings(deadline=None, max_examples=50)
@given(territories)
def test_what_communes_consume_is_what_their_zones_consume(rows):
    codes = [f"{number:05d}" for number in range(len(rows))]
    flows = make_flows({code: evenly(row[0], row[1]) for code, row in zip(codes, rows, strict=True)})
    zone_of = pd.Series([row[2] for row in rows], index=codes, name="zone")
    columns = ["reference_ha", "consumed_ha", "projection_ha", "allowance_ha"]

    communes, zones = trajectory(flows)[columns].sum(), trajectory(flows, zone_of=zone_of)[columns].sum()

    assert zones.to_dict() == pytest.approx(communes.to_dict())


@settings(deadline=None, max_examples=50)
@given(territories)
def test_pooling_never_gives_a_zone_more_than_each_commune_by_itself(rows):
    codes = [f"{number:05d}" for number in range(len(rows))]
    flows = make_flows({code: evenly(row[0], row[1]) for code, row in zip(codes, rows, strict=True)})
    zone_of = pd.Series([row[2] for row in rows], index=codes, name="zone")

    pooled, each = (
        trajectory(flows, zone_of=zone_of, guarantee=everybody(*codes, zone_rule=rule))["allowance_ha"]
        for rule in ("pooled", "by_commune")
    )

    assert (pooled <= each + 1e-9).all()


@settings(deadline=None, max_examples=50)
@given(territories, st.floats(0, 1), st.booleans())
def test_the_reasons_add_up_to_the_difference(rows, share, has_guarantee):
    codes = [f"{number:05d}" for number in range(len(rows))]
    flows = make_flows({code: evenly(row[0], row[1]) for code, row in zip(codes, rows, strict=True)})
    zone_of = pd.Series([row[2] for row in rows], index=codes, name="zone")
    shorter = replace(load_regime(), reference_first_year=2012, last_year=2028, reduction_share=share)

    told = explain_difference(
        trajectory(flows, regime=shorter, zone_of=zone_of, guarantee=everybody(*codes) if has_guarantee else None),
        platform_trajectory(flows, zone_of=zone_of),
    )

    reasons = told[[f"from_{reason}_ha" for reason in REASONS]].sum(axis="columns")
    assert reasons.to_dict() == pytest.approx(told["difference_ha"].to_dict(), abs=1e-9)
