import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import affinity

from hp_sig import (
    LayerError,
    read_land_cover,
    read_zoning,
    self_overlap,
    stock_by_class,
    tabulate_area,
    zones_by_commune,
)
from hp_sig.reference.nomenclature import cover_codes

LAND_COVER = "land_cover/ocsge_metaleurop_2018_62.gpkg"
LAYER = "occupation_du_sol_eclatee"
PLUI = "urban_planning/200011781_PLUi_20180101/ZONE_URBA.shp"
PLU = "urban_planning/30014_PLU_20171013/30014_ZONE_URBA_20171013.shp"
CARTE_COMMUNALE = "urban_planning/50545_CC_20130902/SECTEUR_CC.shp"


@pytest.fixture(scope="module")
def land(real_data):
    return read_land_cover(real_data / LAND_COVER, vintage="2018", layer=LAYER)


def squares(bounds: tuple[float, float, float, float], count: int, margin_m: float = 0.0) -> gpd.GeoDataFrame:
    """Cut a rectangle in count × count zones."""
    west, south, east, north = bounds
    x = np.linspace(west - margin_m, east + margin_m, count + 1)
    y = np.linspace(south - margin_m, north + margin_m, count + 1)
    cells = [shapely.box(x[i], y[j], x[i + 1], y[j + 1]) for i in range(count) for j in range(count)]
    return gpd.GeoDataFrame(geometry=cells, index=pd.Index([f"z{n}" for n in range(len(cells))], name="zone"), crs=2154)


def turned(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    centre = shapely.box(*zones.total_bounds).centroid
    return zones.set_geometry([affinity.rotate(zone, 27.5, origin=centre) for zone in zones.geometry])


def discs(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Overlapping discs around the centres of zones, finely drawn."""
    return zones.set_geometry(zones.centroid.buffer(1500, quad_segs=64))


def by_overlay(zones: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> pd.DataFrame:
    """What geopandas.overlay and a sum give."""
    columns = ["cover_code", "geometry"]
    pieces = gpd.overlay(zones.reset_index(), land[columns], how="intersection", make_valid=False)
    pieces["area_ha"] = pieces.area / 10_000
    table = pieces.pivot_table("area_ha", "zone", "cover_code", "sum", fill_value=0.0)
    return table.reindex(zones.index, fill_value=0.0)


def test_the_polygons_of_2018_are_read_and_three_invalid_ones_repaired(land):
    assert len(land) == 10_439
    assert (land.attrs["kind"], land.attrs["years"]) == ("cover", (2018,))
    assert land.geometry.is_valid.all()
    assert ["3 invalid polygons were repaired" in note for note in land.attrs["notes"]] == [True]
    assert set(land["cover_code"]) < set(cover_codes())


def test_two_layers_of_one_name_must_be_told_apart(real_data):
    with pytest.raises(LayerError, match=r"occupation_du_sol_dissoute.*Name it with « layer = … »"):
        read_land_cover(real_data / LAND_COVER, vintage="2018")


@pytest.mark.parametrize("zoning", [lambda zones: zones, turned, discs], ids=["squares", "turned", "overlapping discs"])
@pytest.mark.parametrize("count", [1, 4, 11])
def test_areas_by_cover_are_those_of_an_overlay_on_any_zoning(land, zoning, count):
    zones = zoning(squares(land.total_bounds, count))

    ours = tabulate_area(zones, land, by="cover_code")

    theirs = by_overlay(zones, land).reindex(columns=ours.columns, fill_value=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def test_unread_and_invalid_polygons_give_the_same_areas(real_data, land):
    raw = gpd.read_file(real_data / LAND_COVER, layer=LAYER).rename(columns={"code_cs": "cover_code"})
    zones = squares(land.total_bounds, 4)

    ours = tabulate_area(zones, raw, by="cover_code")

    assert ours.attrs["repaired_count"] == 3
    np.testing.assert_allclose(ours, tabulate_area(zones, land, by="cover_code"), rtol=1e-9, atol=1e-9)


def test_the_zones_of_a_partition_add_up_to_the_land(land):
    zones = squares(land.total_bounds, 9, margin_m=1.0)

    table = tabulate_area(zones, land, by="cover_code")

    whole = land.area.groupby(land["cover_code"]).sum() / 10_000
    np.testing.assert_allclose(table.sum(), whole.reindex(table.columns), rtol=1e-9)


def test_the_source_counts_2_9_percent_of_its_land_twice(land):
    overlap = self_overlap(land)

    assert overlap["summed_ha"] == pytest.approx(10_077, abs=1)
    assert overlap["overlap_share"] == pytest.approx(0.029, abs=0.0005)
    # shapely.union_all of every polygon, the slow way.
    assert overlap["union_ha"] == pytest.approx(land.union_all().area / 10_000, rel=1e-9)


def test_covers_that_the_source_lacks_are_measured_as_none(land):
    stock = stock_by_class(squares(land.total_bounds, 1), land, by="cover_code")["area_ha"].droplevel(0)

    assert sorted(stock.index) == sorted(cover_codes())
    assert stock["CS1.2.3"] == 0.0
    assert stock["CS1.1.1.1"] > 0


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        (PLUI, {"A": 63, "AU": 39, "N": 63, "U": 57}),
        (PLU, {"A": 50, "AU": 2, "N": 22, "U": 16}),
        (CARTE_COMMUNALE, {"CC_activity": 1, "CC_constructible": 1, "CC_non_constructible": 1}),
    ],
    ids=["PLUi", "PLU", "carte communale"],
)
def test_the_zones_of_a_document_are_read_with_their_kind(real_data, file, kinds):
    zones = read_zoning(real_data / file, vintage="2018")

    assert zones["zone_kind"].value_counts().sort_index().to_dict() == kinds
    assert zones.geometry.is_valid.all()
    assert not zones.geometry.has_z.any()


@pytest.mark.parametrize("file", [PLUI, PLU, CARTE_COMMUNALE], ids=["PLUi", "PLU", "carte communale"])
def test_zones_over_several_communes_are_cut_and_never_counted_twice(real_data, file):
    zoning = read_zoning(real_data / file, vintage="2018")
    # No boundary of these communes is at hand: four drawn ones, whose limits cross the zones.
    communes = squares(zoning.total_bounds, 2, margin_m=10.0).rename_axis("commune_code")

    table = zones_by_commune(communes, zoning)

    crossing = zoning.sindex.query(communes.geometry, predicate="intersects")[1]
    assert len(crossing) > len(zoning)
    for kind, rows in zoning.groupby("zone_kind"):
        assert table["zone_ha"].xs(kind, level="zone_kind").sum() == pytest.approx(
            rows.union_all().area / 10_000, rel=1e-9
        )
    assert (table["zone_ha"].groupby(level=0).sum() <= communes.area / 10_000 * 1.01).all()
