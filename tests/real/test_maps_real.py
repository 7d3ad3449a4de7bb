"""Maps of real boundaries: 946 communes with ten indicators, and the three maps of the Pays."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from browser import PHONE, PROJECTOR, chromium, opened

import hp_sig
from hp_sig import compute, read_communes, save_standalone
from hp_sig.maps.indicator_map import indicator_map
from hp_sig.maps.shapes import for_display
from hp_sig.maps.territory_map import project_map, territory_map
from hp_sig.maps.topology import encode

TERRITORY_FILE = Path(__file__).with_name("territory.toml")


@pytest.fixture(scope="module")
def region(real_data):
    return read_communes(real_data / "communes" / "admin_express_cog_carto_2020_paca.gpkg", vintage="2020")


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


def ten_indicators(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Make figures up, reproducibly: hectares to two decimals, as spread out as real ones."""
    made_up = np.random.default_rng(194).lognormal(0, 1.5, (len(zones), 10)).round(2)
    return pd.DataFrame(made_up, index=zones.index, columns=[f"indicator_{rank}" for rank in range(10)])


@pytest.fixture(scope="module")
def regional_page(region, tmp_path_factory):
    figure = indicator_map(region, ten_indicators(region), scheme="fisher_jenks")
    return save_standalone(figure, tmp_path_factory.mktemp("maps") / "region.html")


@pytest.fixture(scope="module")
def pages(real_data, tmp_path_factory):
    layers = hp_sig.check(TERRITORY_FILE, raw=real_data)
    results = compute(layers)
    folder = tmp_path_factory.mktemp("maps")
    maps = {"territory": territory_map(layers, results), "projects": project_map(layers, results)}
    return {name: save_standalone(figure, folder / f"{name}.html") for name, figure in maps.items()}


def test_946_communes_with_ten_indicators_weigh_less_than_2_5_megabytes(region, regional_page):
    assert len(region) == 946
    assert regional_page.stat().st_size < 2_500_000


def test_the_communes_of_a_region_stay_neighbours_once_simplified(region):
    drawn = encode(for_display(region, 20))

    shared = [one if one >= 0 else ~one for zone in drawn.shapes for rings in zone for ring in rings for one in ring]
    twice = np.unique(shared, return_counts=True)[1]
    assert shapely.coverage_is_valid(np.array(drawn.polygons()))
    # No arc is that of more than two communes, and most are of two.
    assert twice.max() == 2
    assert (twice == 2).mean() > 0.8


@pytest.mark.browser
@pytest.mark.parametrize("size", [PROJECTOR, PHONE])
def test_a_region_opens_offline_and_its_communes_are_found(browser, regional_page, size):
    with opened(browser, regional_page, size=size) as seen:
        page = seen.page
        page.wait_for_selector("body.hp-ready")
        drawn = page.locator('path[role="button"]').count()
        page.get_by_role("combobox", name="Chercher une commune").fill("forcalq")
        page.keyboard.press("Enter")

        assert drawn == 946
        assert "Forcalquier" in page.locator(".hp-card h2").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert seen.told == []


@pytest.mark.browser
@pytest.mark.parametrize("size", [PROJECTOR, PHONE])
@pytest.mark.parametrize("name", ["territory", "projects"])
def test_the_maps_of_the_pays_open_offline(browser, pages, name, size):
    with opened(browser, pages[name], size=size) as seen:
        assert seen.page.locator('path[role="button"]').count() == 51
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert seen.told == []
