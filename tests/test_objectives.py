"""Objectives of planning documents on the six squares, each commune consuming 0.1 ha a year from 2009 to 2023."""

import dataclasses

import pandas as pd
import pytest
from squares import CODES

from hp_sig import find_inputs, load_layers, load_territory
from hp_sig.assembly.land import LandLayers
from hp_sig.errors import HpSigError, TerritoryError
from hp_sig.results import compute
from hp_sig.results.groups import group_zones
from hp_sig.results.objectives import document_objectives, objective_in_force
from hp_sig.results.zonings import zoning_tables
from hp_sig.territory import EnafSource, Objective

TOLD = {
    "document": "SCoT 1, approuvé le 9 juillet 2018",
    "quantity": "enaf_consumption",
    "first_year": 2017,
    "last_year": 2026,
    "area_ha": 2.0,
    "source": "DOO, page 12",
}
IN_FILE = """
[[objectives]]
zone = "{zone}"
document = "PLU"
quantity = "enaf_consumption"
first_year = {first}
last_year = 2030
area_ha = 1
source = "rapport"
"""


def objective(zone: str, **changed) -> Objective:
    return Objective(zone=zone, **{**TOLD, **changed})


def flows() -> pd.DataFrame:
    rows = [(code, year, "housing", 1000.0, year == 2023) for code in CODES.values() for year in range(2009, 2024)]
    return pd.DataFrame(rows, columns=["commune_code", "year", "destination", "area_m2", "is_provisional"])


def with_objectives(layers, *objectives, **changed):
    territory = layers.territory.model_copy(update={"objectives": objectives})
    return dataclasses.replace(layers, territory=territory, land=LandLayers(enaf=flows()), **changed)


#: Computed once for the tests that only read it.
TABLES: list[pd.DataFrame] = []


@pytest.fixture
def row_of(layers):
    if not TABLES:
        enaf = EnafSource(file="enaf.csv", vintage="2024", producer="Cerema", source="ENAF", licence="LO 2.0")
        epci = layers.zones["epci_2017"]
        # One commune of the second EPCI lies out of the territory.
        total = epci.zones["commune_total"] + (epci.zones.index == "200000002")
        wider = dataclasses.replace(epci, zones=epci.zones.assign(commune_total=total))
        told = dataclasses.replace(
            layers,
            territory=layers.territory.model_copy(update={"enaf": enaf}),
            zones={**layers.zones, "epci_2017": wider},
        )
        given = with_objectives(
            told,
            objective("S1"),
            objective("04001", first_year=2008),
            objective("04002", first_year=2024),
            objective("83006", quantity="net_artificialisation"),
            objective("territory", area_ha=4.1),
            objective("200000001"),
            objective("200000002"),
        )
        TABLES.append(compute(given, families=["enaf_consumption", "triennial"]).triennial)
    table = TABLES[0].set_index(["zone_layer", "zone_code"])
    return lambda layer, code: table.loc[(layer, code)]


def test_the_objective_of_a_document_is_held_over_its_own_years(row_of):
    row = row_of("scot_2018", "S1")

    # Two communes, seven flows (2017 to 2023) of 0.1 ha; at 0.2 ha a year, ten make 2 ha.
    figures = ["objective_ha", "objective_consumed_ha", "objective_remaining_ha", "objective_projection_ha"]
    assert row[figures].tolist() == pytest.approx([2.0, 1.4, 0.6, 2.0])
    assert row["objective_pace_ha_per_year"] == pytest.approx(0.2)
    years = ["objective_first_year", "objective_last_year", "objective_years_elapsed"]
    assert row[years].tolist() == [2017, 2026, 7]
    assert row[["objective_kind", "objective_document"]].tolist() == ["document", TOLD["document"]]
    assert row["objective_status"] == "within"
    assert pd.isna(row["reason_objective"])


def test_a_zone_without_a_document_is_told_the_trajectory_of_the_law_as_such(row_of):
    row = row_of("communes", "04003")

    # Half of ten flows of 0.1 ha; three flows since 2021.
    assert row[["objective_ha", "objective_consumed_ha"]].tolist() == pytest.approx([0.5, 0.3])
    assert row["objective_kind"] == "law"
    assert pd.isna(row["objective_document"])
    assert row[["objective_first_year", "objective_last_year"]].tolist() == [2021, 2030]


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        (("communes", "04001"), "document_years"),
        (("communes", "04002"), "document_not_begun"),
        (("communes", "83006"), "no_land_cover"),
        (("epci_2017", "200000002"), "document_zone"),
    ],
)
def test_what_cannot_be_held_over_the_years_of_the_document_is_not_known(row_of, zone, reason):
    row = row_of(*zone)

    assert row["objective_ha"] == 2.0
    assert pd.isna(row["objective_consumed_ha"])
    assert row[["objective_status", "reason_objective"]].tolist() == ["unknown", reason]
    assert row["objective_kind"] == "document"


def test_an_objective_exceeded_says_so(row_of):
    row = row_of("territory", "territory")

    # Six communes, seven flows of 0.1 ha: 4.2 ha.
    assert row["objective_remaining_ha"] == pytest.approx(-0.1)
    assert row["objective_status"] == "exceeded"


def test_an_objective_is_of_the_latest_list_only(row_of):
    assert row_of("epci_2017", "200000001")["objective_kind"] == "document"
    assert row_of("epci_2015", "200000001")["objective_kind"] == "law"


@pytest.mark.parametrize(
    ("changed", "consumed", "elapsed", "reason"),
    [
        ({"first_year": 2018, "last_year": 2027}, 4.0, 6, None),
        ({"first_year": 2018, "last_year": 2021}, 3.0, 3, None),
        ({"first_year": 2019, "last_year": 2027}, None, None, "document_vintages"),
    ],
)
def test_net_artificialisation_adds_the_vintages_that_follow_from_the_first_year(
    layers, changed, consumed, elapsed, reason
):
    held = with_objectives(layers, objective("04001", quantity="net_artificialisation", **changed))
    zone = {"zone_layer": "communes", "zone_code": "04001"}
    flow = pd.DataFrame(
        [
            {**zone, "rank": 1, "vintages": "2018-2021", "artificialised_net_ha": 3.0},
            {**zone, "rank": 2, "vintages": "2021-2024", "artificialised_net_ha": 1.0},
        ]
    )
    groups = group_zones(held, zoning_tables(held)["overlaps"])

    row = document_objectives(held, groups, "communes", groups.zone_of("communes"), flow).loc["04001"]

    if reason is None:
        assert (row["consumed_ha"], row["years_elapsed"]) == (consumed, elapsed)
    else:
        assert pd.isna(row["consumed_ha"])
        assert row["reason"] == reason


def test_of_several_objectives_the_one_of_the_last_known_year_is_told_and_consumption_first():
    before = objective("S1", first_year=2011, last_year=2020)
    now = objective("S1", first_year=2021, last_year=2030)
    net = objective("S1", first_year=2021, last_year=2030, quantity="net_artificialisation")

    assert objective_in_force([net, before, now], 2023) == now
    assert objective_in_force([net, before], 2023) == before
    assert objective_in_force([], 2023) is None


def test_an_objective_of_no_zone_or_told_twice_is_refused_with_the_other_settings(raw, territory_file):
    text = territory_file.read_text(encoding="utf-8")
    more = IN_FILE.format(zone="99999", first=2021) + IN_FILE.format(zone="S1", first=2021) * 2
    territory_file.write_text(text + more, encoding="utf-8")
    territory = load_territory(territory_file)

    with pytest.raises(HpSigError, match=r"objectives\.zone: .*'99999'") as error:
        load_layers(territory, find_inputs(territory, raw))

    assert "objectives: one a zone, quantity and year expected" in str(error.value)


def test_years_out_of_order_are_refused_when_the_file_is_read(territory_file):
    text = territory_file.read_text(encoding="utf-8")
    territory_file.write_text(text + IN_FILE.format(zone="S1", first=2031), encoding="utf-8")

    with pytest.raises(TerritoryError, match=r"objectives\[0\].*last_year: 2031 \(first_year\) or later expected"):
        load_territory(territory_file)
