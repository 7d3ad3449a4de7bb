"""Test that the schematic sample layers match the published facts they stand for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "hp_sig" / "layers" / "sample"
SCRIPT = ROOT / "scripts" / "make_sample.py"

#: Greatest distance, in metres, from a drawn centroid to the published one (1356 m).
CENTROID_TOLERANCE_M = 1400


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    table = pd.read_csv(
        SCRIPT.with_name("commune_centroids.csv"),
        dtype={"code": str, "pnr": str},
        keep_default_na=False,
        index_col="code",
    )
    return table[table["inside"]].sort_index()


@pytest.fixture(scope="module")
def communes() -> gpd.GeoDataFrame:
    return gpd.read_file(SAMPLE / "communes.gpkg", layer="commune").set_index("code_insee")


@pytest.fixture(scope="module")
def pnr() -> gpd.GeoDataFrame:
    return gpd.read_file(SAMPLE / "pnr.gpkg", layer="pnr").set_index("DRGP_C_COD")


def test_sample_holds_the_51_communes_of_the_table_sorted_by_code(communes, facts):
    assert len(communes) == 51
    assert communes.index.tolist() == facts.index.tolist()
    assert communes["nom_officiel"].tolist() == facts["name"].tolist()


def test_departement_code_starts_the_commune_code(communes):
    assert communes["code_insee_du_departement"].tolist() == communes.index.str[:2].tolist()


def test_layers_are_multipolygons_in_lambert_93(communes, pnr):
    assert communes.crs == pnr.crs == "EPSG:2154"
    assert set(communes.geom_type) | set(pnr.geom_type) == {"MultiPolygon"}


def test_communes_are_valid_and_in_one_part(communes):
    assert communes.is_valid.all()
    assert (shapely.get_num_geometries(communes.geometry.array) == 1).all()


def test_communes_form_a_coverage_without_overlap_or_gap(communes):
    whole = communes.union_all()

    assert communes.geometry.is_valid_coverage()
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0


def test_each_commune_has_its_published_area_within_two_percent(communes, facts):
    ratio = communes.area / (facts["area_ha"] * 10_000)

    assert (ratio - 1).abs().max() < 0.02


def test_total_area_is_the_published_one_within_half_a_percent(communes, facts):
    ratio = communes.area.sum() / (facts["area_ha"].sum() * 10_000)

    assert abs(ratio - 1) < 0.005


def test_each_commune_lies_around_its_published_centroid(communes, facts):
    published = gpd.GeoSeries.from_xy(facts["lon"], facts["lat"], index=facts.index, crs=4326)

    offset_m = communes.centroid.distance(published.to_crs(2154))

    assert offset_m.max() < CENTROID_TOLERANCE_M


@pytest.mark.parametrize(("pnr_code", "name", "count"), [("FR8000003", "Luberon", 18), ("FR8000033", "Verdon", 12)])
def test_a_park_is_exactly_the_union_of_its_communes(communes, pnr, facts, pnr_code, name, count):
    members = communes[facts["pnr"] == pnr_code]

    park = pnr.loc[pnr_code]

    assert park["DRGP_L_LIB"] == name
    assert len(members) == count
    assert park.geometry.symmetric_difference(members.union_all()).area < 1


def test_boundaries_are_rough_and_not_straight_sides(communes):
    vertices = shapely.get_num_coordinates(communes.geometry.array) - 1

    assert vertices.min() > 30


def test_coordinates_are_whole_metres(communes):
    coordinates = shapely.get_coordinates(communes.geometry.array)

    assert (coordinates == np.round(coordinates)).all()


def test_running_the_script_again_gives_the_committed_layers(communes, pnr, tmp_path):
    pytest.importorskip("scipy")

    subprocess.run([sys.executable, SCRIPT, "--out", tmp_path], check=True, capture_output=True)

    again = gpd.read_file(tmp_path / "communes.gpkg").set_index("code_insee")
    parks_again = gpd.read_file(tmp_path / "pnr.gpkg").set_index("DRGP_C_COD")
    assert again.index.tolist() == communes.index.tolist()
    assert parks_again.index.tolist() == pnr.index.tolist()
    assert again.geom_equals_exact(communes, tolerance=0).all()
    assert parks_again.geom_equals_exact(pnr, tolerance=0).all()
