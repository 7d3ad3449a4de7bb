import pandas as pd
import pytest

from hp_sig import Guarantee, explain_difference, platform_trajectory, read_enaf_flows, trajectory

FILE = "enaf_consumption/cerema_enaf_2009_2024_152communes.csv"


@pytest.fixture(scope="module")
def flows(real_data):
    return read_enaf_flows(real_data / FILE)


@pytest.fixture(scope="module")
def scot(flows):
    """All 152 communes make the SCoT Rives du Rhône."""
    codes = flows["commune_code"].unique()
    return pd.Series("rives-du-rhone", index=pd.Index(codes, name="commune_code"), name="scot_id")


def total_ha(published: pd.DataFrame, first: int, last: int) -> float:
    columns = [f"naf{year % 100:02d}art{(year + 1) % 100:02d}" for year in range(first, last + 1)]
    return published[columns].to_numpy().sum() / 10_000


def test_the_allowance_of_the_scot_is_half_of_its_ten_flows(flows, scot, real_data):
    published = pd.read_csv(real_data / FILE, sep=";", encoding="utf-8-sig", dtype={"idcom": "str"})

    row = trajectory(flows, zone_of=scot).loc["rives-du-rhone"]

    # 13 556 712 m² from naf11art12 to naf20art21 (domain: the sum of the published file).
    assert row["reference_ha"] == pytest.approx(1355.6712, abs=1e-9)
    assert row["allowance_ha"] == pytest.approx(677.8356, abs=1e-9)
    assert row["consumed_ha"] == pytest.approx(total_ha(published, 2021, 2023), abs=1e-9)
    assert row["projection_ha"] == pytest.approx(total_ha(published, 2021, 2023) / 3 * 10, abs=1e-9)
    assert bool(row["is_provisional"])


def test_the_communes_add_up_to_the_scot(flows, scot):
    of_communes, of_scot = trajectory(flows), trajectory(flows, zone_of=scot).loc["rives-du-rhone"]

    for column in ("reference_ha", "consumed_ha", "projection_ha"):
        assert of_communes[column].sum() == pytest.approx(of_scot[column], rel=1e-9)


def test_the_guarantee_of_152_communes_does_not_raise_the_scot_above_its_half(flows, scot):
    everyone = Guarantee(eligible=pd.Series(data=True, index=scot.index))

    row = trajectory(flows, zone_of=scot, guarantee=everyone).loc["rives-du-rhone"]

    assert row["guarantee_ha"] == 152.0
    assert row["guarantee_effect"] == "covered"
    # One hectare for the whole SCoT, as the platform has it, is no floor at all.
    assert row["allowance_ha"] == pytest.approx(677.8356, abs=1e-9)


def test_a_commune_whose_half_is_under_one_hectare_keeps_one(flows):
    everyone = Guarantee(eligible=pd.Series(data=True, index=flows["commune_code"].unique()))

    table = trajectory(flows, guarantee=everyone)

    # 42124 Lupé: 3 403 m² in 2011-2020, half of which is 0.17 ha.
    assert table.loc["42124", "allowance_without_guarantee_ha"] == pytest.approx(0.17015)
    assert table.loc["42124", ["allowance_ha", "guarantee_effect"]].tolist() == [1.0, "raises"]


def test_the_platform_projects_nine_flows_where_the_period_has_ten(flows, scot):
    ours, theirs = trajectory(flows, zone_of=scot), platform_trajectory(flows, zone_of=scot)

    told = explain_difference(ours, theirs)

    projection = told.xs("projection", level="quantity").loc["rives-du-rhone"]
    assert projection["main_reason"] == "flow_count"
    assert projection["platform_ha"] == pytest.approx(ours.loc["rives-du-rhone", "projection_ha"] * 9 / 10)
