from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from hp_sig import (
    LayerError,
    load_territory,
    overlap_table,
    read_communes,
    read_membership,
    read_pnr,
    read_population,
    read_scot,
    read_stations,
)
from hp_sig.layers.communes import read_movements, reconcile_communes
from hp_sig.reference.fields import default_territory_file
from hp_sig.territory import commune_names

DLVA, FORCALQUIER = "200034700", "240400440"
BANON_2015, BANON_2017 = "240400499", "200071025"
LUBERON, VERDON = "FR8000003", "FR8000033"
MANOSQUE, LA_BRILLANNE = "87751321", "87751271"
SAINTE_CROIX_A_LAUZE = "04175"

#: Communes of the Pays in the charter of each park: the CRET counts 18 and 12 (Vinon-sur-Verdon, in the Var, included).
MEMBERS = {LUBERON: 18, VERDON: 12}


def pays() -> pd.Series:
    return commune_names(load_territory(default_territory_file()))


@pytest.fixture(scope="module")
def of_2020(real_data: Path) -> gpd.GeoDataFrame:
    return read_communes(real_data / "communes" / "admin_express_cog_carto_2020_paca.gpkg", vintage="2020")


@pytest.fixture(scope="module")
def of_2018(real_data: Path) -> gpd.GeoDataFrame:
    files = [real_data / "communes" / f"admin_express_2018_simplified_{code}.geojson" for code in ("04", "83")]
    return pd.concat([read_communes(file, vintage="2018") for file in files]).sort_index()


@pytest.fixture(scope="module", params=["2020", "2018"])
def communes(request: pytest.FixtureRequest) -> gpd.GeoDataFrame:
    """The 51 communes, by one edition of the boundaries or the other."""
    return request.getfixturevalue(f"of_{request.param}").loc[pays().index]


@pytest.fixture(scope="module")
def parks(real_data: Path) -> gpd.GeoDataFrame:
    return read_pnr(real_data / "pnr" / "pnr_inpn_2021_generalised.geojson", vintage="2021")


@pytest.fixture(scope="module")
def overlaps(communes: gpd.GeoDataFrame, parks: gpd.GeoDataFrame) -> pd.DataFrame:
    return overlap_table(communes, parks)


def within_the_pays(members: pd.DataFrame) -> dict[str, int]:
    return members[members.index.isin(pays().index)].groupby("epci_siren").size().to_dict()


# Boundaries


def test_the_boundaries_of_2020_hold_946_communes_and_the_51_of_the_pays(of_2020):
    assert len(of_2020) == 946
    assert pays().index.isin(of_2020.index).all()
    assert of_2020.crs.to_epsg() == 2154
    assert of_2020.is_valid.all()
    assert set(of_2020.geom_type) == {"MultiPolygon"}


def test_the_51_communes_cover_150_134_hectares(of_2020):
    assert of_2020.loc[pays().index].area.sum() / 10_000 == pytest.approx(150_134, abs=1)


def test_the_51_communes_have_76_208_inhabitants_in_the_boundary_file(of_2020):
    assert of_2020.loc[pays().index, "population"].sum() == 76_208


def test_the_simplified_boundaries_of_2018_give_the_same_total_within_a_thousandth(of_2018):
    # 198 communes in the Alpes-de-Haute-Provence and 153 in the Var.
    assert len(of_2018) == 351
    assert of_2018.loc[pays().index].area.sum() / 10_000 == pytest.approx(150_134, rel=1e-3)
    assert of_2018["population"].isna().all()


def test_corbieres_is_told_as_renamed_in_2018(of_2020):
    territory = load_territory(default_territory_file())
    movements = read_movements(territory.companion(territory.communes.movements))

    _, notes = reconcile_communes(of_2020, pays(), movements, path="communes.gpkg")

    assert "04063 « Corbières » is called « Corbières-en-Provence » in this file (renamed in 2018)." in notes


def test_the_communes_of_the_var_alone_do_not_make_the_pays(real_data):
    path = real_data / "communes" / "admin_express_2018_simplified_83.geojson"

    with pytest.raises(LayerError, match="50 faults"):
        reconcile_communes(read_communes(path, vintage="2018"), pays(), None, path=path)


# Memberships


def test_the_epci_of_2015_hold_26_13_and_12_communes(real_data):
    members = read_membership(real_data / "epci" / "epci_dgcl_2015.csv", cog_year=2015)

    assert within_the_pays(members) == {DLVA: 26, FORCALQUIER: 13, BANON_2015: 12}


def test_the_epci_of_2017_hold_25_13_and_13_communes(real_data):
    members = read_membership(real_data / "epci" / "epci_dgcl_2017.csv", cog_year=2017)

    assert within_the_pays(members) == {DLVA: 25, FORCALQUIER: 13, BANON_2017: 13}


def test_the_epci_of_2025_hold_25_13_and_13_communes_and_banon_21_in_all(real_data):
    members = read_membership(real_data / "epci" / "epcicom_2025_dgcl.xlsx", cog_year=2025)

    assert within_the_pays(members) == {DLVA: 25, FORCALQUIER: 13, BANON_2017: 13}
    assert (members["epci_siren"] == BANON_2017).sum() == 21


def test_saint_maime_left_the_dlva_for_banon_between_2015_and_2017(real_data):
    before, after = (
        read_membership(real_data / "epci" / f"epci_dgcl_{year}.csv", cog_year=year).at["04188", "epci_siren"]
        for year in (2015, 2017)
    )

    assert (before, after) == (DLVA, BANON_2017)


@pytest.mark.parametrize("year", [2015, 2017])
def test_the_codes_of_the_dgcl_are_padded_and_it_is_said(real_data, year):
    path = real_data / "epci" / f"epci_dgcl_{year}.csv"

    members = read_membership(path, cog_year=year)

    assert members.index.str.fullmatch(r"(\d{2}|2[AB])\d{3}").all()
    assert members.index.is_unique
    short = sum(len(line.split(";")[7]) == 4 for line in path.read_text(encoding="utf-8").splitlines()[1:])
    assert f"leading zero of {short} codes of the column 'insee'" in members.attrs["notes"][0]


def test_the_history_of_the_epci_is_read_year_by_year(real_data):
    path = real_data / "epci" / "epci_composition_1999_2025_deps_04_05_13_26_83_84.csv"

    assert within_the_pays(read_membership(path, cog_year=2015)) == {DLVA: 26, FORCALQUIER: 13, BANON_2015: 12}
    assert within_the_pays(read_membership(path, cog_year=2025)) == {DLVA: 25, FORCALQUIER: 13, BANON_2017: 13}
    with pytest.raises(LayerError, match="expected rows of the year 2018"):
        read_membership(path, cog_year=2018)


# Parks


def test_all_56_parks_are_read_with_14_repaired_and_told(parks):
    assert len(parks) == 56
    assert parks.is_valid.all()
    assert set(parks.geom_type) == {"MultiPolygon"}
    assert parks.loc[[LUBERON, VERDON], "name"].tolist() == ["Luberon", "Verdon"]
    (note,) = parks.attrs["notes"]
    assert note.startswith("14 invalid polygons were repaired (structure method;")


def test_the_14_invalid_parks_are_refused_on_demand(real_data):
    path = real_data / "pnr" / "pnr_inpn_2021_generalised.geojson"

    with pytest.raises(LayerError, match="14 polygons are invalid"):
        read_pnr(path, vintage="2021", on_invalid="raise")


def test_18_communes_are_in_the_luberon_and_12_in_the_verdon(overlaps):
    inside = overlaps[overlaps["relation"] == "inside"]

    assert inside.groupby(level="pnr_code").size().to_dict() == MEMBERS


def test_11_of_the_communes_of_the_verdon_are_in_04_and_the_other_is_vinon(overlaps):
    inside = overlaps[overlaps["relation"] == "inside"].xs(VERDON, level="pnr_code").index

    assert [code for code in inside if code.startswith("83")] == ["83150"]
    assert sum(code.startswith("04") for code in inside) == 11


def test_every_other_pair_of_commune_and_park_is_a_sliver(overlaps):
    others = overlaps[overlaps["relation"] != "inside"]

    assert set(others["relation"]) == {"sliver"}


def test_slivers_are_under_210_m_wide_and_memberships_over_1000_m(of_2020, parks):
    overlaps = overlap_table(of_2020.loc[pays().index], parks)

    width = overlaps.groupby("relation")["mean_width_m"]

    # Measured on the same files with QGIS-compatible tools (README of the real data).
    assert width.max()["sliver"] < 210
    assert width.min()["inside"] > 1000


def test_sainte_croix_a_lauze_is_a_sliver_of_121_hectares(of_2020, parks):
    overlap = overlap_table(of_2020.loc[[SAINTE_CROIX_A_LAUZE]], parks).loc[(SAINTE_CROIX_A_LAUZE, LUBERON)]

    assert overlap["relation"] == "sliver"
    assert overlap["overlap_ha"] == pytest.approx(121, abs=1)
    assert overlap["share_of_zone"] == pytest.approx(0.14, abs=0.005)
    assert overlap["mean_width_m"] == pytest.approx(120, abs=1)


def test_sainte_croix_a_lauze_is_a_sliver_by_both_editions(overlaps):
    assert overlaps.at[(SAINTE_CROIX_A_LAUZE, LUBERON), "relation"] == "sliver"


def test_no_overlap_exceeds_the_area_of_its_commune(communes, overlaps):
    area_ha = overlaps.index.get_level_values("commune_code").map(communes.area / 10_000)

    assert (overlaps["overlap_ha"] <= area_ha * (1 + 1e-9)).all()
    assert overlaps["share_of_zone"].between(0, 1).all()


def test_the_overlaps_of_a_commune_exceed_its_area_by_no_more_than_the_parks_overlap_there(communes, overlaps, parks):
    sums = overlaps["overlap_ha"].groupby(level="commune_code").sum().reindex(communes.index, fill_value=0.0)

    # The generalised limits of Luberon and Verdon overlap by about 157 ha: land there is counted twice.
    together = communes.intersection(parks.union_all()).area / 10_000
    twice = (
        communes.intersection(parks.loc[LUBERON, "geometry"].intersection(parks.loc[VERDON, "geometry"])).area / 10_000
    )
    assert (together <= communes.area / 10_000 * (1 + 1e-9)).all()
    assert (sums - together).to_numpy() == pytest.approx(twice.to_numpy(), abs=0.01)


# SCoT


def test_a_real_cnig_perimeter_gives_its_146_communes_and_its_approval(real_data):
    folder = real_data / "urban_planning" / "200078244_SCOT_20180218"

    scot = read_scot(folder / "200078244_PERIMETRE_SCOT_20180218.shp", vintage="2018")

    (row,) = scot.itertuples()
    assert row.Index == "200078244_SCOT_20180218"
    assert row.name == "SCOT du PETR Coeur des Hauts de France"
    assert row.status == "approved"
    assert row.approved_on == "2018-02-18"
    assert len(row.commune_codes.split()) == 146
    # One file of 02 (Aisne), the others of 80 (Somme): no zero was lost.
    assert {code[:2] for code in row.commune_codes.split()} == {"02", "80"}
    assert scot.is_valid.all()


def test_the_groupings_of_banatic_give_dlva_its_25_communes_and_no_status(real_data):
    scot = read_scot(real_data / "scot" / "docurba_groupements_scot_04_83_84.csv", vintage="2026")

    assert len(scot.at[DLVA, "commune_codes"].split()) == 25
    assert set(scot["status"]) == {"unknown"}
    # Pays d'Apt-Luberon does not hold the competence in this file.
    assert "200040624" not in scot.index


# Stations


def test_the_two_hubs_are_among_the_stations_where_the_sncf_puts_them(real_data):
    stations = read_stations(real_data / "stations" / "liste-des-gares_sncf.geojson", vintage="2022")

    assert stations.index.is_unique
    assert stations.at[MANOSQUE, "name"] == "Manosque-Gréoux-les-Bains"
    assert stations.at[LA_BRILLANNE, "name"] == "La Brillanne-Oraison"
    assert stations.loc[[MANOSQUE, LA_BRILLANNE], "passengers"].all()
    # x_l93 and y_l93 of the same file.
    places = [(point.x, point.y) for point in stations.loc[[MANOSQUE, LA_BRILLANNE]].geometry]
    assert places[0] == pytest.approx((924666.56, 6306610.14), abs=0.1)
    assert places[1] == pytest.approx((932231.53, 6318171.79), abs=0.1)


def test_each_hub_stands_in_its_commune(real_data, of_2020):
    stations = read_stations(real_data / "stations" / "liste-des-gares_sncf.geojson", vintage="2022")

    found = gpd.sjoin(stations.loc[[MANOSQUE, LA_BRILLANNE]], of_2020[["geometry"]], predicate="within")

    assert found["commune_code"].to_dict() == {MANOSQUE: "04112", LA_BRILLANNE: "04034"}


# Population


def test_the_series_of_populations_goes_from_2006_to_2023_for_51_communes(real_data):
    population = read_population(real_data / "population" / "pmun_rp2006_2023_51communes.csv")

    assert population.index.tolist() == pays().index.tolist()
    assert population.columns.tolist() == list(range(2006, 2024))
    # INSEE, legal populations: Manosque 2021 and 2023, Forcalquier 2023.
    assert population.at["04112", 2021] == 22_926
    assert population.at["04112", 2023] == 22_718
    assert population.at["04088", 2023] == 5_222
    assert population[2023].notna().all()


def test_the_blanks_of_2006_to_2009_are_unknown_and_not_zero(real_data):
    population = read_population(real_data / "population" / "pmun_rp2006_2023_51communes.csv")

    assert pd.isna(population.at["04124", 2006])
    assert population.loc["04175", [2006, 2007, 2008, 2009]].isna().all()
    assert population.at["04175", 2010] == 79
    assert not (population == 0).any(axis=None)


def test_the_census_comparator_gives_its_two_populations_only(real_data):
    population = read_population(real_data / "population" / "base_cc_comparateur_rp2022_51communes.csv")

    assert population.columns.tolist() == [2016, 2022]
    assert population.at["04112", 2022] == 22_807


# All together


def test_the_layers_of_the_default_territory_hold_on_the_real_boundaries(communes):
    assert communes.index.tolist() == pays().index.tolist()
