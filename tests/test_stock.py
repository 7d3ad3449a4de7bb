import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from land import land_cover, mosaic
from squares import square

from hp_sig import artificialised_area, land_stock, sealed_area, self_overlap, stock_by_class
from hp_sig.indicators.stock import is_artificialised

HOUSE, STREET, GRAVEL, FIELD, WOOD = "CS1.1.1.1", "CS1.1.1.2", "CS1.1.2.1", "CS2.2.1", "CS2.1.1.1"


def one_km() -> gpd.GeoDataFrame:
    """A square of 100 ha: 10 houses, 5 streets, 3 of a quarry's gravel, 2 of gardens, 60 fields, 20 woods."""
    return land_cover(
        (HOUSE, "US5", square(0, 0, 0.1, 1)),
        (STREET, "US4.1.1", square(0.1, 0, 0.05, 1)),
        (GRAVEL, "US1.3", square(0.15, 0, 0.03, 1)),
        (FIELD, "US5", square(0.18, 0, 0.02, 1)),
        (FIELD, "US1.1", square(0.2, 0, 0.6, 1)),
        (WOOD, "US1.2", square(0.8, 0, 0.2, 1)),
    )


def test_houses_streets_and_gardens_are_artificialised_fields_woods_and_quarry_floors_are_not(communes):
    table = artificialised_area(communes, one_km())

    assert table.loc["04001", "artificialised_ha"] == pytest.approx(17.0)
    assert table.loc["04001", "artificialised_share"] == pytest.approx(0.17)
    assert table.loc["04001", "method"] == "matrix"


def test_a_commune_with_none_reads_0_one_without_land_cover_is_unknown(communes):
    land = pd.concat([one_km(), land_cover((WOOD, "US1.2", square(1, 0)))], ignore_index=True)

    table = artificialised_area(communes, gpd.GeoDataFrame(land, crs=2154))

    assert table.loc["04002", "artificialised_ha"] == 0.0
    assert table.loc["04002", "artificialised_share"] == 0.0
    assert np.isnan(table.loc["04003", "artificialised_ha"])
    assert np.isnan(table.loc["04003", "artificialised_share"])


def test_sealed_land_is_houses_and_streets_alone(communes):
    table = sealed_area(communes, one_km())

    assert table.loc["04001"].tolist() == pytest.approx([15.0, 0.15])
    assert np.isnan(table.loc["04002", "sealed_ha"])


def test_the_official_layer_decides_where_it_is_there(communes):
    # IGN's thresholds turned the quarry's 3 ha into artificialised land, and the street back.
    official = one_km().assign(artificialised=[True, False, True, True, False, False])

    table = artificialised_area(communes, official)

    assert table.loc["04001", "artificialised_ha"] == pytest.approx(15.0)
    assert table.loc["04001", "method"] == "official"
    assert artificialised_area(communes, official, method="matrix").loc["04001", "artificialised_ha"] == pytest.approx(
        17
    )


def test_the_stock_tells_how_much_of_a_zone_the_land_cover_covers(communes):
    stock = land_stock(communes, land_cover((HOUSE, "US5", square(0, 0, 0.25, 1))))

    assert stock.loc["04001", ["area_ha", "covered_ha", "covered_share"]].tolist() == pytest.approx([100, 25, 0.25])
    # The share is that of the zone, not of what is covered.
    assert stock.loc["04001", "artificialised_share"] == pytest.approx(0.25)


def test_every_class_of_the_nomenclature_has_a_row_in_every_zone(communes):
    table = stock_by_class(communes, one_km(), by="cover_code")

    assert len(table) == 6 * 14
    assert table.loc[("04001", FIELD)].tolist() == pytest.approx([62.0, 0.62])
    assert table.loc[("04001", "CS1.2.3")].tolist() == [0.0, 0.0]
    assert table.loc["04002"].isna().all(axis=None)
    assert len(stock_by_class(communes, one_km(), by="use_code")) == 6 * 20


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_classes_of_a_zone_add_up_to_it(seed):
    zones = gpd.GeoDataFrame(geometry=[square(0.5, 0.5), square(1.5, 1.5)], index=["a", "b"], crs=2154)

    for by in ("cover_code", "use_code"):
        table = stock_by_class(zones, mosaic(seed), by=by)

        np.testing.assert_allclose(table.groupby(level=0)["area_ha"].sum(), 100.0, rtol=1e-9)
        np.testing.assert_allclose(table.groupby(level=0)["share"].sum(), 1.0, rtol=1e-9)


def test_a_missing_use_is_refused_by_the_matrix_not_by_the_official_layer():
    land = land_cover((FIELD, None, square(0, 0)))

    with pytest.raises(ValueError, match="1 lack one"):
        is_artificialised(land)
    assert is_artificialised(land.assign(artificialised=True)).tolist() == [True]


@pytest.mark.parametrize("measure", [artificialised_area, sealed_area, land_stock])
def test_a_difference_is_no_state(communes, measure):
    difference = gpd.GeoDataFrame(
        {"cover_before": [FIELD], "cover_after": [HOUSE], "use_before": ["US1.1"], "use_after": ["US5"]},
        geometry=[square(0, 0)],
        crs=2154,
    )

    with pytest.raises(ValueError, match="a sum of it is no stock"):
        measure(communes, difference)


def test_land_that_two_polygons_cover_is_told():
    # 100 ha and 100 ha, of which 50 are the same.
    overlap = self_overlap(land_cover((FIELD, "US1.1", square(0, 0)), (WOOD, "US1.2", square(0.5, 0))))

    assert overlap.tolist() == pytest.approx([200.0, 150.0, 50.0, 1 / 3])


def test_a_coverage_without_overlap_has_none():
    assert self_overlap(mosaic(4))["overlap_ha"] == 0.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 6))
def test_the_overlap_is_what_the_polygons_have_more_than_their_union(seed, count):
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 2.5, (count, 2))
    added = [(FIELD, "US1.1", square(x, y, *random.uniform(0.01, 0.5, 2))) for x, y in corners]
    land = pd.concat([mosaic(seed), *([land_cover(*added)] if added else [])], ignore_index=True)

    overlap = self_overlap(gpd.GeoDataFrame(land, crs=2154))

    union_ha = land.union_all().area / 10_000
    assert overlap["union_ha"] == pytest.approx(union_ha, rel=1e-9)
    assert overlap["overlap_ha"] == pytest.approx(land.area.sum() / 10_000 - union_ha, abs=1e-6)
