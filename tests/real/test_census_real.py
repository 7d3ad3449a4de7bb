"""Census figures, passengers, and both spread around the stations, on the real files."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest

from hp_sig import read_communes, read_population, read_stations
from hp_sig.indicators.dasymetric import distribute, distributed_totals, weights_of
from hp_sig.layers.census import read_census
from hp_sig.layers.ridership import read_ridership

MANOSQUE, LA_BRILLANNE = "87751321", "87751271"


@pytest.fixture(scope="module")
def census(real_data) -> pd.DataFrame:
    return read_census(real_data / "population" / "base_cc_comparateur_rp2022_51communes.csv")


@pytest.fixture(scope="module")
def figures(real_data, census) -> pd.DataFrame:
    population = read_population(real_data / "population" / "pmun_rp2006_2023_51communes.csv")
    return census.join(population[2023].rename("population"))


@pytest.fixture(scope="module")
def communes(real_data, census) -> gpd.GeoDataFrame:
    path = real_data / "communes" / "admin_express_cog_carto_2020_paca.gpkg"
    return read_communes(path, vintage="2020").loc[census.index]


@pytest.fixture(scope="module")
def streets(real_data) -> gpd.GeoDataFrame:
    """The streets of OpenStreetMap, read without any reader of ours."""
    roads = pyogrio.read_dataframe(real_data / "roads" / "osm_roads_2021_51communes.gpkg", columns=["fclass"])
    return roads.to_crs(2154).rename(columns={"fclass": "road_class"})


@pytest.fixture(scope="module")
def discs(real_data) -> gpd.GeoSeries:
    stations = read_stations(real_data / "stations" / "liste-des-gares_sncf.geojson")
    return stations.geometry.loc[[MANOSQUE, LA_BRILLANNE]].buffer(800)


def test_the_census_of_2022_is_read_for_the_51_communes(census):
    assert census.attrs["census_year"] == 2022
    assert len(census) == 51
    assert census.notna().all().all()
    # The row of Manosque, read in the file: P22_MEN, P22_LOG, P22_EMPLT; its P16_EMPLT is 12 536.
    assert census.loc["04112"].tolist() == pytest.approx(
        [11135.6334065417, 13268.3019818437, 13599.9352664119], abs=1e-3
    )


def test_no_commune_has_more_households_than_dwellings(census):
    assert (census["households"] <= census["dwellings"]).all()


@pytest.mark.parametrize(
    ("station", "passengers"),
    [
        (MANOSQUE, {2015: 131_216, 2019: 90_904, 2020: 44_366}),
        (LA_BRILLANNE, {2015: 41_003, 2019: 29_036, 2020: 12_069}),
    ],
)
def test_the_passengers_of_both_stations_are_those_of_the_sncf(real_data, station, passengers):
    ridership = read_ridership(real_data / "stations" / "frequentation-gares_2022.csv")

    assert ridership.loc[station, "passengers"].index.tolist() == list(range(2015, 2021))
    assert ridership.loc[station, "passengers"].loc[list(passengers)].to_dict() == passengers
    assert len(ridership) == 2967 * 6


def test_nearly_all_communes_are_spread_by_their_streets(communes, streets):
    weights = weights_of(communes, roads=streets)

    # Revest-Saint-Martin and La Rochegiron have no residential street in OpenStreetMap.
    by_area = weights.methods.index[weights.methods["residents"] == "area"]
    assert communes.loc[by_area, "name"].tolist() == ["Revest-Saint-Martin", "La Rochegiron"]
    assert gpd.overlay(
        streets[streets["road_class"].isin(["residential", "living_street"])], communes.loc[by_area]
    ).empty
    assert weights.methods.drop(by_area).eq("roads").all().all()


def test_people_within_800_m_are_those_that_geopandas_counts_by_street_length(communes, streets, discs, figures):
    own = streets[streets["road_class"].isin(["residential", "living_street"])]
    pieces = gpd.overlay(own, communes[["geometry"]].reset_index(), keep_geom_type=True)
    whole = pieces.length.groupby(pieces["commune_code"]).sum()
    expected = {}
    for station, disc in discs.items():
        inside = pieces.clip(disc)
        length = inside.length.groupby(inside["commune_code"]).sum()
        expected[station] = (length / whole[length.index] * figures["population"][length.index]).sum()

    totals = distributed_totals(distribute(discs, figures, weights_of(communes, roads=streets)))

    # A street along a limit counts in both communes there, by halves here: 0.05 % of a length at most.
    assert totals["population"].to_dict() == pytest.approx(expected, rel=1e-3)
    assert totals["residents_method"].tolist() == ["roads", "roads"]


@pytest.mark.parametrize("method", ["roads", "area"])
def test_communes_cut_by_a_grid_keep_their_figures(communes, streets, figures, method):
    left, low, right, high = communes.total_bounds
    x, y = np.meshgrid(np.arange(left, right, 7_000), np.arange(low, high, 7_000))
    cells = gpd.GeoSeries.from_xy(x.ravel() + 3_500, y.ravel() + 3_500, crs=2154).buffer(3_500, cap_style="square")
    weights = weights_of(communes, roads=streets) if method == "roads" else weights_of(communes)

    table = distribute(cells, figures, weights)

    summed = table[figures.columns].groupby(level="commune_code").sum()
    np.testing.assert_allclose(summed, figures, rtol=1e-9)
