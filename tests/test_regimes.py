import dataclasses
import datetime
import tomllib
from dataclasses import replace
from importlib.resources import files

import pytest

from hp_sig.errors import LayerError
from hp_sig.reference.regimes import (
    DEFAULT_REGIME,
    Regime,
    load_regime,
    read_regimes,
    regime_names,
    require_given,
)

TABLE = files("hp_sig.reference") / "regimes.toml"


@pytest.fixture
def text():
    return TABLE.read_text(encoding="utf-8")


@pytest.fixture
def faults_of(text, tmp_path):
    def changed(before: str, after: str) -> str:
        assert before in text
        path = tmp_path / "regimes.toml"
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        with pytest.raises(LayerError) as raised:
            read_regimes(path)
        return str(raised.value)

    return changed


# --- what the texts say -----------------------------------------------------------------------------------------


def test_the_default_is_the_law_in_force():
    assert load_regime() is load_regime(DEFAULT_REGIME)
    assert load_regime().status == "in_force"


def test_only_one_regime_is_in_force():
    assert [name for name in regime_names() if load_regime(name).status == "in_force"] == [DEFAULT_REGIME]


def test_the_reference_and_the_period_have_ten_flows_each():
    law = load_regime()

    assert list(range(law.reference_first_year, law.reference_last_year + 1)) == list(range(2011, 2021))
    assert list(range(law.first_year, law.last_year + 1)) == list(range(2021, 2031))


def test_the_law_halves_and_guarantees_one_hectare():
    law = load_regime()

    assert law.reduction_share == 0.5
    assert (law.guarantee_ha, law.guarantee_bonus_ha, law.guarantee_cap_ha) == (1.0, 0.5, 2.0)
    assert law.guarantee_document_before == datetime.date(2026, 8, 22)


def test_the_deadlines_are_those_of_the_law_of_july_2023():
    law = load_regime()

    assert law.dated_on == datetime.date(2023, 7, 20)
    assert law.sraddet_deadline == datetime.date(2024, 11, 22)
    assert law.scot_deadline == datetime.date(2027, 2, 22)
    assert law.plu_deadline == datetime.date(2028, 2, 22)


def test_the_bill_leaves_open_what_it_leaves_to_local_choice():
    bill = load_regime("trace_senat_2025")

    assert bill.status == "bill"
    assert (bill.reduction_share, bill.first_year, bill.scot_deadline, bill.guarantee_ha) == (None, None, None, None)
    assert bill.last_year == 2033


def test_the_bill_deducts_more_than_the_law():
    assert set(load_regime().exclusions) < set(load_regime("trace_senat_2025").exclusions)


@pytest.mark.parametrize("name", regime_names())
def test_every_parameter_has_its_source(name):
    section = tomllib.loads(TABLE.read_text(encoding="utf-8"))[name]

    assert set(load_regime(name).sources) == set(section["parameters"])
    assert all(source.strip() for source in load_regime(name).sources.values())


# --- using a regime ---------------------------------------------------------------------------------------------


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="'zan' is not known; choose among 'climat_resilience_2023'"):
        load_regime("zan")


def test_an_open_parameter_is_asked_for_by_name():
    bill = load_regime("trace_senat_2025")

    with pytest.raises(
        ValueError, match=r"'trace_senat_2025' leaves first_year, reduction_share open.*replace\(regime"
    ):
        require_given(bill, "first_year", "last_year", "reduction_share")


def test_a_regime_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_regime().reduction_share = 0.4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reduction_share": 54.47}, r"reduction_share: a share from 0 to 1 .*divide a percentage.* found 54.47"),
        ({"reduction_share": -0.1}, "reduction_share"),
        ({"guarantee_ha": float("nan")}, "guarantee_ha: hectares"),
        ({"guarantee_cap_on": "all"}, "guarantee_cap_on: 'total' or 'bonus' expected, found 'all'"),
        ({"first_year": 2021.0}, "first_year: a year such as 2021 expected"),
        (
            {"reference_first_year": 2021},
            r"reference_first_year \(2021\) must come before reference_last_year \(2020\)",
        ),
        ({"first_year": 2020}, r"reference_last_year \(2020\) must come before first_year \(2020\)"),
        ({"status": "draft"}, "status: 'in_force' or 'bill' expected"),
        ({"exclusions": ("pene", "pene")}, "exclusions: different words"),
        ({"scot_deadline": "2027-02-22"}, "scot_deadline: a date expected"),
        ({"label": " "}, "label: a text expected"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(load_regime(), **changes)


def test_a_reference_of_one_flow_is_a_regime():
    one = replace(load_regime(), reference_first_year=2020)

    assert (one.reference_first_year, one.reference_last_year) == (2020, 2020)


def test_all_faults_of_a_regime_come_in_one_message():
    with pytest.raises(ValueError, match=r"reduction_share.*guarantee_cap_ha"):
        replace(load_regime(), reduction_share=2, guarantee_cap_ha=-1)


def test_a_regime_can_be_written_out():
    assert Regime(**dataclasses.asdict(load_regime())) == load_regime()


# --- reading a table --------------------------------------------------------------------------------------------


def test_a_table_of_another_place_is_read_like_our_own(text, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")

    assert list(read_regimes(path)) == regime_names()


def test_a_parameter_without_its_source_is_a_fault(faults_of):
    told = faults_of(
        'source = "Loi 2021-1104, art. 191: period 2021-2031, first flow 1 January 2021 to 1 January 2022."', ""
    )

    assert "[climat_resilience_2023.parameters.first_year]: a value and its source expected" in told


def test_only_a_bill_may_leave_a_parameter_open(faults_of):
    assert "[climat_resilience_2023.parameters.last_year]: no value; only a bill" in faults_of("value = 2030\n", "")


def test_a_mistyped_parameter_is_named_with_the_one_it_stands_for(faults_of):
    told = faults_of("parameters.first_year]", "parameters.first_yeer]")

    assert "'first_year' expected, not found" in told
    assert "'first_yeer' not known" in told


def test_a_share_given_in_percent_is_a_fault_of_the_table(faults_of):
    assert "a share from 0 to 1 (divide a percentage by 100) expected, found 50" in faults_of(
        "value = 0.5\n", "value = 50\n"
    )


def test_a_regime_without_label_is_a_fault(faults_of):
    told = faults_of('label = "Law in force: Climat et résilience (2021) as amended in 2023"', "")

    assert "[climat_resilience_2023]: 'label' expected, not found" in told


def test_a_regime_without_parameters_is_a_fault(tmp_path):
    path = tmp_path / "regimes.toml"
    path.write_text('[mine]\nlabel = "Mine"\n', encoding="utf-8")

    with pytest.raises(LayerError, match=r"\[mine\]: a section with \[mine.parameters"):
        read_regimes(path)


@pytest.mark.parametrize(("content", "message"), [("[", "not a TOML file"), ("", "at least one regime expected")])
def test_a_file_that_holds_no_regime_is_refused(tmp_path, content, message):
    path = tmp_path / "regimes.toml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(LayerError, match=message):
        read_regimes(path)
