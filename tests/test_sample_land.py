"""Test that the land cover and ENAF series of the sample are sound, reproducible and said to be fictitious."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_frame_equal

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "hp_sig" / "layers" / "sample"
SCRIPT = ROOT / "scripts" / "make_land_sample.py"

COVERS = """
CS1.1.1.1 CS1.1.1.2 CS1.1.2.1 CS1.1.2.2 CS1.2.1 CS1.2.2 CS1.2.3
CS2.1.1.1 CS2.1.1.2 CS2.1.1.3 CS2.1.2 CS2.1.3 CS2.2.1 CS2.2.2
"""
#: Uses that make herbaceous land artificialised (decree 2023-1096, category 4, as the State reads it).
URBAN_USES = "US2 US3 US5 US235 US4.1.1 US4.1.2 US4.1.3 US4.1.4 US4.1.5 US4.2 US4.3 US6.1 US6.2"
OTHER_USES = "US1.1 US1.2 US1.3 US1.4 US1.5 US6.3 US6.6"

#: The columns of the published ENAF file before and after the annual flows.
PLACE = "idcom idcomtxt idreg idregtxt iddep iddeptxt epci24 epci24txt scot aav2020 aav2020txt aav2020_typo"
TOTALS = """
naf09art24 art09act24 art09hab24 art09mix24 art09inc24 art09rou24 art09fer24 artcom0924
pop15 pop21 pop1521 men15 men21 men1521 emp15 emp21 emp1521 mepart1521 menhab1521 artpop1521 surfcom2024
"""

VINTAGES = {"04": (2018, 2021), "83": (2017, 2020)}
DELIVERIES = [(departement, year) for departement, years in VINTAGES.items() for year in years]
FILES = [*(f"ocsge_{departement}_{year}.gpkg" for departement, year in DELIVERIES), "enaf_2009_2024.csv"]
NOTICE = "Données fictives (jeu d'essai)"

#: All the new files together, in bytes.
LARGEST = 1_200_000

#: Rounding to the centimetre moves a point by at most half a diagonal: 7 mm.
ROUNDING_M = 0.0071

YEARS = range(2009, 2024)
DESTINATIONS = ("act", "hab", "mix", "rou", "fer", "inc")


def read_state(folder: Path, departement: str, year: int) -> gpd.GeoDataFrame:
    state = gpd.read_file(folder / f"ocsge_{departement}_{year}.gpkg", layer="OCCUPATION_SOL").set_index("ID")
    return state.assign(commune=state.index.str[7:12])


@pytest.fixture(scope="module")
def states() -> dict[tuple[str, int], gpd.GeoDataFrame]:
    return {(departement, year): read_state(SAMPLE, departement, year) for departement, year in DELIVERIES}


@pytest.fixture(scope="module")
def communes() -> gpd.GeoDataFrame:
    communes = gpd.read_file(SAMPLE / "communes.gpkg", layer="commune").set_index("code_insee")
    table = pd.read_csv(
        SAMPLE.parent.parent / "reference" / "haute_provence" / "population.csv",
        dtype={"commune_code": str},
        index_col="commune_code",
    )
    return communes.assign(population=table["2021"])


@pytest.fixture(scope="module")
def enaf() -> pd.DataFrame:
    text = {"idcom": str, "iddep": str, "epci24": str}
    return pd.read_csv(SAMPLE / "enaf_2009_2024.csv", sep=";", encoding="utf-8-sig", dtype=text).set_index("idcom")


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder into which the script has just written anew."""
    pytest.importorskip("scipy")
    folder = tmp_path_factory.mktemp("again")
    subprocess.run([sys.executable, SCRIPT, "--out", folder], check=True, capture_output=True)
    return folder


def column(prefix: str, first: int, destination: str, last: int) -> str:
    return f"{prefix}{first % 100:02d}{destination}{last % 100:02d}"


def total(enaf: pd.DataFrame, first: int, last: int, destination: str | None = None) -> pd.Series:
    """Add the flows of some years, both included, in square metres."""
    prefix, name = ("naf", "art") if destination is None else ("art", destination)
    return enaf[[column(prefix, year, name, year + 1) for year in range(first, last + 1)]].sum(axis=1)


def artificialised_m2(state: gpd.GeoDataFrame) -> pd.Series:
    """Sum, by commune, the area that the matrix cover x use calls artificialised."""
    cover, use = state["CODE_CS"], state["CODE_US"]
    mineral = (cover == "CS1.1.2.1") & (use != "US1.3")
    grass = cover.isin(["CS2.2.1", "CS2.2.2"]) & use.isin(URBAN_USES.split())
    is_artificialised = cover.isin(["CS1.1.1.1", "CS1.1.1.2", "CS1.1.2.2"]) | mineral | grass
    return state.area.where(is_artificialised, 0.0).groupby(state["commune"]).sum()


@pytest.fixture(scope="module")
def net_m2(states) -> pd.Series:
    parts = []
    for departement, (first, second) in VINTAGES.items():
        before, after = states[departement, first], states[departement, second]
        parts.append(artificialised_m2(after) - artificialised_m2(before))
    return pd.concat(parts).round(3)


# --- the files ----------------------------------------------------------------------------------------------------


def test_files_together_stay_small():
    assert sum((SAMPLE / name).stat().st_size for name in FILES) <= LARGEST


@pytest.mark.parametrize(("departement", "year"), DELIVERIES)
def test_running_the_script_again_gives_the_committed_land_cover(again, states, departement, year):
    state = read_state(again, departement, year)

    committed = states[departement, year]
    assert_frame_equal(pd.DataFrame(state.drop(columns="geometry")), pd.DataFrame(committed.drop(columns="geometry")))
    assert state.geometry.geom_equals_exact(committed.geometry, tolerance=0).all()


def test_running_the_script_again_gives_the_committed_enaf_file_to_the_byte(again):
    assert (again / "enaf_2009_2024.csv").read_bytes() == (SAMPLE / "enaf_2009_2024.csv").read_bytes()


def test_two_runs_give_the_same_bytes(again, tmp_path):
    first = {name: (again / name).read_bytes() for name in FILES}
    # The committed files are those of an earlier run; where another SQLite writes other bytes, run once more.
    if {name: (SAMPLE / name).read_bytes() for name in FILES} != first:
        folder = tmp_path / "sample"
        subprocess.run([sys.executable, SCRIPT, "--out", folder], check=True, capture_output=True)

        assert {name: (folder / name).read_bytes() for name in FILES} == first

    assert sorted(path.name for path in again.iterdir()) == sorted(FILES)


@pytest.mark.parametrize(("departement", "year"), DELIVERIES)
def test_land_cover_says_that_it_is_fictitious(states, departement, year):
    with closing(sqlite3.connect(SAMPLE / f"ocsge_{departement}_{year}.gpkg")) as base:
        described = base.execute("SELECT table_name, description FROM gpkg_contents").fetchall()

    assert described == [("OCCUPATION_SOL", NOTICE)]
    assert states[departement, year].index.str.startswith("FICTIF-").all()


def test_enaf_says_on_every_row_that_it_is_fictitious(enaf):
    assert (enaf[["scot", "aav2020txt"]] == NOTICE).all(axis=None)


# --- land cover ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("departement", "year"), DELIVERIES)
def test_land_cover_has_the_columns_of_a_delivery(departement, year):
    delivery = gpd.read_file(SAMPLE / f"ocsge_{departement}_{year}.gpkg")

    assert delivery.columns.tolist() == ["ID", "CODE_CS", "CODE_US", "MILLESIME", "geometry"]
    assert delivery.crs == "EPSG:2154"
    assert set(delivery.geom_type) == {"Polygon"}
    assert set(delivery["MILLESIME"]) == {str(year)}
    assert delivery["ID"].is_unique


@pytest.mark.parametrize(("departement", "year"), DELIVERIES)
def test_codes_are_leaves_of_the_nomenclature(states, departement, year):
    state = states[departement, year]

    assert set(state["CODE_CS"]) <= set(COVERS.split())
    assert set(state["CODE_US"]) <= {*URBAN_USES.split(), *OTHER_USES.split()}


@pytest.mark.parametrize(("departement", "year"), DELIVERIES)
def test_land_cover_is_a_coverage_without_overlap_or_gap(states, departement, year):
    state = states[departement, year]

    whole = shapely.coverage_union_all(state.geometry.to_numpy())

    assert state.is_valid.all()
    assert state.geometry.is_valid_coverage()
    assert shapely.get_num_interior_rings(shapely.get_parts(whole)).sum() == 0


@pytest.mark.parametrize(("departement", "year"), DELIVERIES)
def test_polygons_of_a_commune_partition_it(states, communes, departement, year):
    state = states[departement, year]

    drawn = state.groupby("commune").geometry.apply(lambda shapes: shapely.coverage_union_all(shapes.to_numpy()))

    mine = communes[communes.index.str.startswith(departement)]
    assert drawn.index.tolist() == mine.index.tolist()
    covered_m2 = state.area.groupby(state["commune"]).sum()
    assert covered_m2.to_numpy() == pytest.approx(mine.area.to_numpy(), rel=1e-6)
    moved_m = shapely.hausdorff_distance(drawn.to_numpy(), mine.geometry.to_numpy())
    assert moved_m.max() < ROUNDING_M


def test_coordinates_are_whole_centimetres(states):
    coordinates = np.vstack([shapely.get_coordinates(state.geometry.to_numpy()) for state in states.values()])

    assert (coordinates == np.round(coordinates, 2)).all()


def test_sample_shows_the_classes_that_make_a_trap(states):
    state = states["04", 2018]
    seen = set(zip(state["CODE_CS"], state["CODE_US"], strict=True))

    quarry, waste, solar = ("CS1.1.2.1", "US1.3"), ("CS1.1.2.1", "US6.2"), ("CS1.1.2.1", "US4.3")
    field, lawn, wooded_garden = ("CS2.2.1", "US1.1"), ("CS2.2.1", "US5"), ("CS2.1.1.3", "US5")
    assert {quarry, waste, solar, field, lawn, wooded_garden, ("CS1.2.2", "US6.3"), ("CS2.1.3", "US1.1")} <= seen


# --- from one vintage to the next ---------------------------------------------------------------------------------


@pytest.mark.parametrize("departement", VINTAGES)
def test_polygons_that_are_not_split_keep_their_geometry_letter_for_letter(states, departement):
    before, after = (states[departement, year] for year in VINTAGES[departement])
    kept = before.index.intersection(after.index)

    assert before.loc[kept].geometry.geom_equals_exact(after.loc[kept].geometry, tolerance=0).all()


@pytest.mark.parametrize(("departement", "count"), [("04", 6), ("83", 1)])
def test_a_split_polygon_is_the_union_of_its_two_parts(states, departement, count):
    before, after = (states[departement, year] for year in VINTAGES[departement])
    split = before.index.difference(after.index)

    parts = after.loc[after.index.difference(before.index)].geometry

    assert len(split) == count
    assert parts.index.tolist() == [name + part for name in split for part in "AB"]
    united = parts.groupby(parts.index.str[:-1]).apply(lambda pair: shapely.coverage_union_all(pair.to_numpy()))
    assert shapely.equals(united.to_numpy(), before.loc[split].geometry.to_numpy()).all()


def test_few_polygons_change_class(states):
    changed, count = 0, 0
    for departement, years in VINTAGES.items():
        before, after = (states[departement, year][["CODE_CS", "CODE_US"]] for year in years)
        kept = before.index.intersection(after.index)
        changed += int((before.loc[kept] != after.loc[kept]).any(axis=1).sum())
        count += len(before)

    assert 0.02 < changed / count < 0.05


def test_communes_of_fewer_than_150_inhabitants_artificialise_nothing(communes, net_m2):
    small = communes.index[communes["population"] < 150]

    assert len(small) == 10
    assert (net_m2[small] == 0).all()


def test_one_commune_de_artificialises_more_than_it_artificialises(communes, net_m2):
    assert net_m2.index[net_m2 < 0].tolist() == [communes.index[communes["nom_officiel"] == "Niozelles"][0]]


def test_all_other_communes_artificialise_on_balance(communes, net_m2):
    others = communes.index[communes["population"] >= 150].drop("04138")

    assert (net_m2[others] > 0).all()


def test_a_quarry_that_turns_to_garrigue_is_no_de_artificialisation(states):
    before, after = states["04", 2018], states["04", 2021]
    cruis = before[(before["commune"] == "04065") & (before["CODE_US"] == "US1.3")]

    later = after.loc[cruis.index]

    assert later[["CODE_CS", "CODE_US"]].to_numpy().tolist() == [["CS2.1.2", "US6.3"]]
    assert artificialised_m2(cruis).sum() == artificialised_m2(later).sum() == 0


# --- ENAF ---------------------------------------------------------------------------------------------------------


def test_enaf_has_the_layout_of_the_published_file():
    annual = [
        [column("naf", year, "art", year + 1), *(column("art", year, name, year + 1) for name in DESTINATIONS)]
        for year in YEARS
    ]
    expected = [*PLACE.split(), *itertools.chain.from_iterable(annual), *TOTALS.split()]

    content = (SAMPLE / "enaf_2009_2024.csv").read_bytes()

    assert content.startswith(b"\xef\xbb\xbfidcom;")
    assert content.decode("utf-8-sig").split("\n", 1)[0].split(";") == expected


def test_enaf_has_a_row_for_each_commune(enaf, communes):
    assert enaf.index.tolist() == communes.index.tolist()
    assert enaf["idcomtxt"].tolist() == communes["nom_officiel"].tolist()
    assert enaf["iddep"].tolist() == communes.index.str[:2].tolist()


@pytest.mark.parametrize("year", YEARS)
def test_destinations_add_up_to_the_flow_of_the_year(enaf, year):
    parts = sum(total(enaf, year, year, name) for name in DESTINATIONS)

    assert parts.tolist() == total(enaf, year, year).tolist()


@pytest.mark.parametrize("destination", [None, *DESTINATIONS])
def test_years_add_up_to_the_total_of_the_period(enaf, destination):
    name = "naf09art24" if destination is None else f"art09{destination}24"

    assert total(enaf, 2009, 2023, destination).tolist() == enaf[name].tolist()


def test_share_of_the_commune_is_the_flow_over_the_area_in_percent(enaf, communes):
    assert enaf["surfcom2024"].to_numpy() == pytest.approx(communes.area.to_numpy(), abs=0.5)
    assert enaf["artcom0924"].tolist() == (100 * enaf["naf09art24"] / enaf["surfcom2024"]).round(2).tolist()


def test_differences_are_those_of_the_two_censuses(enaf, communes):
    assert enaf["pop21"].tolist() == communes["population"].tolist()
    for name in ("pop", "men", "emp"):
        assert (enaf[f"{name}21"] - enaf[f"{name}15"]).tolist() == enaf[f"{name}1521"].tolist()


def test_ratios_follow_their_formulas_over_the_six_flows_2015_to_2020(enaf):
    flow, housing = total(enaf, 2015, 2020), total(enaf, 2015, 2020, "hab")
    gained = enaf["men1521"] + enaf["emp1521"]

    per_head = (flow / enaf["pop1521"]).where(enaf["pop1521"] != 0)
    per_hectare = (gained / (flow / 10_000)).where(flow > 0, 0.0)
    per_housing_hectare = (enaf["men1521"] / (housing / 10_000)).where(housing > 0, 0.0)
    assert enaf["artpop1521"].to_numpy() == pytest.approx(per_head.to_numpy(), abs=0.0051, nan_ok=True)
    assert enaf["mepart1521"].to_numpy() == pytest.approx(per_hectare.to_numpy(), abs=0.0051)
    assert enaf["menhab1521"].to_numpy() == pytest.approx(per_housing_hectare.to_numpy(), abs=0.0051)


def test_one_commune_consumed_nothing_in_the_reference_decade_but_something_since(enaf):
    nothing = total(enaf, 2011, 2020) == 0

    assert enaf.index[nothing].tolist() == ["04164"]
    assert enaf.at["04164", "art22hab23"] == enaf.at["04164", "naf22art23"] == 2_000


def test_one_cell_is_minus_one_square_metre(enaf):
    flows = enaf.loc[:, "naf09art10":"art23inc24"]

    assert (flows < 0).to_numpy().sum() == 1
    assert enaf.at["04018", "art10inc11"] == -1


def test_population_falls_in_some_communes_and_stands_still_in_another(enaf):
    assert 0 < (enaf["pop1521"] < 0).sum() < 15
    assert enaf.at["04095", "pop1521"] == 0
    assert np.isnan(enaf.at["04095", "artpop1521"])
