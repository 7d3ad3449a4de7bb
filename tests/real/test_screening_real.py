"""Projects of the Pays on the real boundaries, parks, SCoT and planning documents; no land cover of it is at hand."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import box

from hp_sig import check, read_zoning
from hp_sig.indicators.screening import OUTSIDE, cut_by_footprints, overlap_by_class
from hp_sig.results.alternatives import compare_projects
from hp_sig.results.screening import screen_projects

TERRITORY_FILE = Path(__file__).with_name("territory.toml")
#: The station of La Brillanne - Oraison (SNCF), in Lambert-93.
STATION = (932_231.5, 6_318_171.8)
BRILLANNE, ORAISON, DLVA = "04034", "04143", "200034700"
PLUI = "urban_planning/200011781_PLUi_20180101/ZONE_URBA.shp"


@pytest.fixture(scope="module")
def layers(real_data):
    return check(TERRITORY_FILE, raw=real_data)


@pytest.fixture(scope="module")
def screening(layers):
    return screen_projects(layers.projects, layers)


def squares(*sides_m: float) -> gpd.GeoDataFrame:
    """Draw squares around the station."""
    x, y = STATION
    shapes = [box(x - side / 2, y - side / 2, x + side / 2, y + side / 2) for side in sides_m]
    codes = pd.Index([f"square-{side:.0f}" for side in sides_m], name="project_id")
    return gpd.GeoDataFrame({"name": codes, "scale": "footprint"}, geometry=shapes, index=codes, crs=2154)


def test_each_of_the_17_projects_is_told_and_none_gets_a_made_up_place(screening, layers):
    distances = screening.distances.set_index("project_id")

    assert list(distances.index) == list(layers.projects.index)
    assert len(distances) == 17
    assert list(distances.index[distances["station_m"].notna()]) == ["pem-la-brillanne", "pem-manosque"]
    assert screening.overlaps["overlap_ha"].isna().all()
    assert screening.allowances["take_in_zone_ha"].isna().all()
    assert screening.notes == ("potential", "unknown_take", "no_allowance")


def test_the_two_hubs_stand_at_their_stations(screening):
    distances = screening.distances.set_index("project_id")
    communes = screening.overlaps[screening.overlaps["other_layer"] == "communes"].set_index("project_id")

    assert distances.loc[["pem-la-brillanne", "pem-manosque"], "station_uic"].tolist() == ["87751271", "87751321"]
    assert distances.loc[["pem-la-brillanne", "pem-manosque"], "station_m"].tolist() == [0, 0]
    assert communes.loc[["pem-la-brillanne", "pem-manosque"], "other_code"].tolist() == [BRILLANNE, "04112"]


def test_the_housing_of_banon_is_of_the_epci_of_2015_that_its_siren_names(screening):
    rows = screening.overlaps[screening.overlaps["project_id"] == "logements-banon"]

    assert rows[["other_layer", "other_code", "relation"]].to_numpy().tolist() == [["epci_2015", "240400499", "named"]]


def test_a_square_of_200_m_around_the_station_takes_4_ha_of_la_brillanne_at_most(layers):
    screening = screen_projects(squares(200), layers)

    table = screening.allowances.set_index("zone_layer")
    assert table.at["communes", "zone_code"] == BRILLANNE
    assert table.at["epci_2025", "zone_code"] == DLVA
    assert table["take_in_zone_ha"].tolist() == pytest.approx([4.0] * len(table), rel=1e-9)
    assert set(table["take_method"]) == {"footprint_upper_bound"}
    assert screening.distances.at[0, "station_m"] == 0
    assert screening.distances.at[0, "park_name"] == "Luberon"


def test_wider_squares_reach_oraison_and_every_layer_sums_to_their_area(layers):
    projects = squares(2_000, 6_000, 60_000)

    screening = screen_projects(projects, layers)

    overlaps = screening.overlaps
    sums = (
        overlaps.groupby(["other_layer", "project_id"])["overlap_ha"].sum()
        - overlaps.groupby(["other_layer", "project_id"])["double_ha"].first()
    )
    areas = (projects.area / 10_000).reindex(sums.index.get_level_values("project_id"))
    np.testing.assert_allclose(sums, areas, rtol=1e-9)
    communes = overlaps[overlaps["other_layer"] == "communes"].set_index(["project_id", "other_code"])["overlap_ha"]
    assert ("square-2000", ORAISON) in communes.index
    # Another tool: each commune by itself, by shapely.
    shape = projects.geometry["square-6000"]
    for code, hectares in communes["square-6000"].drop(OUTSIDE, errors="ignore").items():
        alone = shapely.intersection(shape, layers.communes.geometry[code]).area / 10_000
        assert hectares == pytest.approx(alone, rel=1e-9)


def test_three_squares_are_compared_by_what_they_take(layers):
    table = compare_projects(squares(100, 200, 400), layers)

    assert table.loc["take_ha"].tolist() == pytest.approx([1.0, 4.0, 16.0])
    assert table.loc["artificialised_ha"].isna().all()


def test_a_footprint_in_a_real_plui_is_parted_among_its_zones(real_data):
    zoning = read_zoning(real_data / PLUI, vintage="2018")
    west, south, east, north = zoning.total_bounds
    shape = box((3 * west + east) / 4, (3 * south + north) / 4, (west + 3 * east) / 4, (south + 3 * north) / 4)
    footprint = gpd.GeoSeries([shape], index=pd.Index(["f"], name="project_id"), crs=2154)

    table = overlap_by_class(footprint, cut_by_footprints(footprint, zoning), by="zone_kind").droplevel(0)

    assert table["overlap_ha"].sum() - table["double_ha"].iloc[0] == pytest.approx(shape.area / 10_000, rel=1e-9)
    for kind, rows in zoning.groupby("zone_kind"):
        expected = shapely.intersection(shape, rows.union_all()).area / 10_000
        assert table.at[kind, "overlap_ha"] == pytest.approx(expected, rel=1e-9)
