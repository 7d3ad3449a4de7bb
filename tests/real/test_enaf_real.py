import re

import numpy as np
import pandas as pd
import pytest

from hp_sig.indicators.consumption import (
    REFERENCE_FIRST_YEAR,
    REFERENCE_LAST_YEAR,
    consumption_efficiency,
    consumption_share,
    enaf_by_year,
    enaf_consumption,
)
from hp_sig.layers.enaf import read_enaf_context, read_enaf_flows

FILE = "enaf_consumption/cerema_enaf_2009_2024_152communes.csv"
USES = {"hab": "housing", "act": "activity", "mix": "mixed", "rou": "road", "fer": "rail", "inc": "unknown"}

#: Published rows: surfcom2024, naf09art24, Σ 2011-2020 and Σ 2015-2020 (m²).
ROWS = {
    "07009": (6_621_002, 53_657, 43_476, 21_831),
    "38544": (22_565_493, 615_000, 409_589, 259_281),
    "42124": (1_478_737, 11_463, 3_403, 588),
    "07160": (7_454_616, 560, 560, 0),
    "26349": (9_576_459, 35_024, 20_309, 15_891),
}


@pytest.fixture(scope="module")
def published(real_data):
    """The cells of the file as pandas reads them, not as our reader does."""
    return pd.read_csv(real_data / FILE, sep=";", encoding="utf-8-sig", dtype={"idcom": "str"}).set_index("idcom")


@pytest.fixture(scope="module")
def flows(real_data):
    return read_enaf_flows(real_data / FILE)


@pytest.fixture(scope="module")
def context(real_data):
    return read_enaf_context(real_data / FILE)


@pytest.fixture(scope="module")
def efficiency(flows, context):
    return consumption_efficiency(flows, context, first_year=2015, last_year=2020, from_census=2015, to_census=2021)


def test_152_communes_15_years_and_6_destinations_are_read(flows):
    assert flows["commune_code"].nunique() == 152
    assert len(flows) == 152 * 15 * 6
    assert (flows.attrs["first_year"], flows.attrs["last_year"]) == (2009, 2023)
    assert set(flows.loc[flows["is_provisional"], "year"]) == {2023}
    assert flows["area_m2"].notna().all()


def test_every_cell_is_that_of_the_file(flows, published):
    wide = flows.pivot_table(index="commune_code", columns=["year", "destination"], values="area_m2")

    for year in range(2009, 2024):
        for use, destination in USES.items():
            column = published[f"art{year % 100:02d}{use}{(year + 1) % 100:02d}"]
            assert (wide[(year, destination)] == column).all()


def test_the_cells_of_minus_one_square_metre_of_26_communes_are_kept(flows):
    negative = flows[flows["area_m2"] < 0]

    assert set(zip(negative["year"], negative["destination"], negative["area_m2"], strict=True)) == {
        (2010, "unknown", -1.0)
    }
    assert negative["commune_code"].nunique() == 26
    assert flows.attrs["notes"] == ["26 cells under 0 by a few m², left by rounding, are kept."]


def test_every_year_is_the_total_of_the_file(flows, published):
    by_year = enaf_by_year(flows)

    for year in range(2009, 2024):
        column = published[f"naf{year % 100:02d}art{(year + 1) % 100:02d}"]
        assert (by_year[year] * 10_000 - column).abs().max() < 1e-6


def test_the_whole_period_is_the_total_of_the_file_in_all_and_by_destination(flows, published):
    table = enaf_consumption(flows, first_year=2009, last_year=2023, by_destination=True)

    assert (table["enaf_consumption_ha"] * 10_000 - published["naf09art24"]).abs().max() < 1e-6
    for use, destination in USES.items():
        assert (table[f"enaf_{destination}_ha"] * 10_000 - published[f"art09{use}24"]).abs().max() < 1e-6
    assert table["is_provisional"].all()


def test_the_reference_decade_by_destination(flows):
    scot = pd.Series("scot", index=flows["commune_code"].unique(), name="scot_id")

    table = enaf_consumption(
        flows, first_year=REFERENCE_FIRST_YEAR, last_year=REFERENCE_LAST_YEAR, by_destination=True, zone_of=scot
    )

    m2 = (table.loc["scot"].filter(like="enaf_").astype(float) * 10_000).round(3).to_dict()
    assert m2 == {
        "enaf_consumption_ha": 13_556_712,
        "enaf_housing_ha": 9_148_253,
        "enaf_activity_ha": 2_782_768,
        "enaf_mixed_ha": 222_747,
        "enaf_road_ha": 961_528,
        "enaf_rail_ha": 3_364,
        "enaf_unknown_ha": 438_052,
    }


@pytest.mark.parametrize("code", ROWS)
def test_the_sums_of_five_communes(flows, context, code):
    surface, whole, decade, six_years = ROWS[code]

    sums = [
        enaf_consumption(flows, first_year=first, last_year=last).at[code, "enaf_consumption_ha"] * 10_000
        for first, last in ((2009, 2023), (2011, 2020), (2015, 2020))
    ]

    assert sums == pytest.approx([whole, decade, six_years])
    assert context.at[code, "surface_m2"] == surface


def test_the_share_of_the_territory_is_that_of_the_file_in_152_communes_of_152(flows, context, published):
    consumed = enaf_consumption(flows, first_year=2009, last_year=2023)["enaf_consumption_ha"]

    share = consumption_share(consumed, context["surface_m2"] / 10_000)

    assert (((100 * share).round(2) - published["artcom0924"]).abs() < 1e-9).sum() == 152


def test_the_areas_and_census_figures_are_those_of_the_file(context, published):
    assert context["surface_m2"].sum() == 1_865_477_192
    assert context.attrs["census_years"] == [2015, 2021]
    for count, short in (("population", "pop"), ("households", "men"), ("jobs", "emp")):
        for year in (2015, 2021):
            assert (context[f"{count}_{year}"] == published[f"{short}{year % 100}"]).all()
    assert context.at["38544", "name"] == "Vienne"
    assert context["epci_siren"].str.fullmatch(r"\d{9}").all()
    assert context["scot_name"].unique().tolist() == ["SCoT des Rives du Rhône"]


def test_square_metres_per_added_inhabitant_are_those_of_the_file_wherever_it_has_them(efficiency, published):
    told = published["artpop1521"].dropna()
    rows = efficiency.loc[told.index]

    # Where people left, the file divides all the same; here the quantities are given, and the ratio is not.
    ratio = 10_000 * rows["enaf_consumption_ha"] / rows["population_change"].replace(0, np.nan)
    assert len(told) == 150
    assert ((ratio - told).abs() < 0.005 + 1e-9).sum() == 150
    added = rows["population_change"] > 0
    assert (rows["enaf_m2_per_added_inhabitant"][added] == ratio[added]).all()
    assert rows["enaf_m2_per_added_inhabitant"][~added].isna().all()
    assert set(rows["enaf_m2_per_added_inhabitant_status"][~added]) == {"decrease"}
    blank = efficiency.index.difference(told.index)
    assert efficiency.loc[blank, "enaf_m2_per_added_inhabitant_status"].tolist() == ["no_change"] * 2


@pytest.mark.parametrize(
    ("ratio", "change", "hectares", "column"),
    [
        ("households_per_housing_ha", ["household_change"], "enaf_housing_ha", "menhab1521"),
        ("households_and_jobs_per_ha", ["household_change", "job_change"], "enaf_consumption_ha", "mepart1521"),
    ],
)
def test_households_and_jobs_per_hectare_are_those_of_the_file_within_one_in_the_numerator(
    efficiency, published, ratio, change, hectares, column
):
    defined = efficiency[efficiency[f"{ratio}_status"] == "defined"]

    # Rounding of the file: each of its figures to the unit, and the ratio to two decimals.
    numerator = published.loc[defined.index, column] * defined[hectares]
    apart = (defined[change].sum(axis="columns") - numerator).abs()
    assert (apart <= len(change) + 0.005 * defined[hectares]).all()
    others = efficiency.index.difference(defined.index)
    assert (efficiency.loc[others, hectares] == 0).all()
    assert published.loc[others, column].fillna(0).eq(0).all()


def test_the_columns_of_the_republisher_change_nothing(published, tmp_path, flows):
    # The republisher added its own columns at the end; without them, and with commas, nothing changes.
    own = published.columns[published.columns.get_loc("surfcom2024") + 1 :]
    assert not any(re.search(r"\d\d", name) for name in own)
    path = tmp_path / "conso_com.csv"
    published.drop(columns=own).to_csv(path)

    again = read_enaf_flows(path)

    pd.testing.assert_frame_equal(again, flows)
