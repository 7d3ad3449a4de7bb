import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_index_equal
from shapely import Polygon
from squares import ORIGIN, square

from hp_sig.indicators.survey import survey_area

CLASSES = ["artificial", "agricultural", "natural", "forest", "wetland", "water"]


def zones(**shapes: Polygon) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=pd.Index(list(shapes), name="zone"), crs=2154)


def survey(*rows: tuple[str, Polygon], unit_ha: float = 0.05) -> gpd.GeoDataFrame:
    """Draw a survey from (land class, shape)."""
    classes, shapes = zip(*rows, strict=True)
    layer = gpd.GeoDataFrame({"land_class": classes}, geometry=list(shapes), crs=2154)
    layer.attrs["mapping_unit_ha"] = unit_ha
    return layer


def test_the_table_has_hectares_and_share_of_each_class_then_cover_and_scale():
    # 100 ha: 30 ha of town, 50 ha of wood, 20 ha that the survey leaves out.
    table = survey_area(
        zones(a=square(0, 0)), survey(("artificial", square(0, 0, 0.3, 1)), ("forest", square(0.3, 0, 0.5, 1)))
    )

    expected = pd.DataFrame(
        {
            "artificial_ha": [30.0],
            "artificial_share": [0.3],
            "agricultural_ha": [0.0],
            "agricultural_share": [0.0],
            "natural_ha": [0.0],
            "natural_share": [0.0],
            "forest_ha": [50.0],
            "forest_share": [0.5],
            "wetland_ha": [0.0],
            "wetland_share": [0.0],
            "water_ha": [0.0],
            "water_share": [0.0],
            "covered_share": [0.8],
            "is_below_scale": [False],
        },
        index=pd.Index(["a"], name="zone"),
    )
    assert_frame_equal(table, expected)


@pytest.mark.parametrize("name", CLASSES)
def test_every_land_class_has_its_columns(name):
    # A quarter of the zone.
    table = survey_area(zones(a=square(0, 0)), survey((name, square(0, 0, 0.5, 0.5))))

    found = {column for column in table.columns if column.endswith("_ha") and table.at["a", column] > 0}
    assert found == {f"{name}_ha"}
    assert table.at["a", f"{name}_ha"] == pytest.approx(25.0)
    assert table.at["a", f"{name}_share"] == pytest.approx(0.25)


def test_polygons_of_a_class_are_summed_and_cut_by_zone():
    # A town of 1 km across the limit: 40 ha in a, 60 ha in b; and 10 ha more in b.
    table = survey_area(
        zones(a=square(0, 0), b=square(1, 0)),
        survey(("artificial", square(0.6, 0)), ("artificial", square(1.9, 0, 0.1, 1))),
    )

    assert table["artificial_ha"].to_dict() == pytest.approx({"a": 40.0, "b": 70.0})
    assert table["artificial_share"].to_dict() == pytest.approx({"a": 0.4, "b": 0.7})


def test_shares_are_of_the_zone_and_not_of_what_the_survey_covers():
    table = survey_area(zones(a=square(0, 0, 2, 2)), survey(("water", square(0, 0)), ("forest", square(1, 0))))

    # 100 ha of 400.
    assert table.at["a", "water_share"] == pytest.approx(0.25)
    assert table.at["a", "covered_share"] == pytest.approx(0.5)


def test_where_the_survey_covers_nothing_all_is_unknown_and_where_it_sees_none_it_is_0():
    table = survey_area(zones(seen=square(0, 0), unseen=square(5, 5)), survey(("forest", square(0, 0))))

    measures = [f"{name}_{end}" for name in CLASSES for end in ("ha", "share")]
    assert table.loc["unseen", measures].isna().all()
    assert table.at["unseen", "covered_share"] == 0.0
    assert table.at["seen", "water_ha"] == 0.0
    assert table.at["seen", "water_share"] == 0.0
    assert table.notna().loc["seen"].all()


def test_a_zone_that_the_survey_covers_a_little_of_is_measured():
    # A strip of 10 m: 1 ha.
    table = survey_area(zones(a=square(0, 0)), survey(("forest", square(0, 0, 0.01, 1))))

    assert table.at["a", "forest_ha"] == pytest.approx(1.0)
    assert table.at["a", "water_ha"] == 0.0


def test_rows_are_those_of_the_zones_in_their_order():
    layer = zones(c=square(0, 0), a=square(1, 0), b=square(2, 0))

    table = survey_area(layer, survey(("forest", square(0, 0, 2, 1))))

    assert_index_equal(table.index, layer.index)
    assert table["forest_ha"].fillna(-1).tolist() == [100.0, 100.0, -1.0]


def test_zones_may_be_a_series_of_geometries():
    layer = zones(a=square(0, 0))

    assert_frame_equal(
        survey_area(layer.geometry, survey(("forest", square(0, 0)))),
        survey_area(layer, survey(("forest", square(0, 0)))),
    )


# --- scale ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit_ha", "is_below"),
    [
        (0.099, False),  # 1 000 times: 99 ha
        (0.1, False),  # 100 ha, the zone itself
        (0.101, True),  # 101 ha
        (25, True),  # CORINE: 25 000 ha
    ],
)
def test_a_zone_of_under_1000_smallest_polygons_is_below_scale(unit_ha, is_below):
    table = survey_area(zones(a=square(0, 0)), survey(("forest", square(0, 0)), unit_ha=unit_ha))

    assert table["is_below_scale"].to_dict() == {"a": is_below}


def test_corine_is_for_zones_of_25_000_ha_or_more():
    # 15.8 km and 15.9 km wide: 24 964 ha and 25 281 ha.
    small, large = square(0, 0, 15.8, 15.8), square(20, 0, 15.9, 15.9)

    table = survey_area(zones(small=small, large=large), survey(("forest", square(0, 0, 40, 16)), unit_ha=25.0))

    assert table["is_below_scale"].to_dict() == {"small": True, "large": False}


def test_zones_below_scale_are_told_in_the_log_with_their_codes(caplog):
    layer = zones(pays=square(0, 5, 200, 200), **{name: square(rank, 0) for rank, name in enumerate("abcdef")})

    survey_area(layer, survey(("forest", square(0, 0)), unit_ha=25.0))

    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "6 zones are smaller than 25000 ha, 1000 times the smallest polygon of the survey (25 ha): what it says of "
        "them is not to be used (a, b, c, d, e)."
    )


def test_nothing_is_told_where_every_zone_is_large_enough(caplog):
    survey_area(zones(a=square(0, 0)), survey(("forest", square(0, 0))))

    assert not caplog.records


def test_a_zone_that_the_survey_does_not_cover_is_judged_by_its_own_size():
    table = survey_area(zones(a=square(9, 9)), survey(("forest", square(0, 0)), unit_ha=25.0))

    assert table.at["a", "is_below_scale"]
    assert np.isnan(table.at["a", "forest_ha"])


# --- errors -----------------------------------------------------------------------------------------------------


def test_a_survey_that_does_not_say_its_smallest_polygon_is_refused_with_the_remedy():
    layer = survey(("forest", square(0, 0)))
    del layer.attrs["mapping_unit_ha"]

    with pytest.raises(ValueError, match=r"attrs\['mapping_unit_ha'\] expected.*read_corine\(\) or read_land_survey"):
        survey_area(zones(a=square(0, 0)), layer)


def test_a_survey_without_land_classes_is_refused():
    layer = survey(("forest", square(0, 0))).rename(columns={"land_class": "class_code"})

    with pytest.raises(ValueError, match=r"columns \['land_class'\] expected, found \['class_code'\]"):
        survey_area(zones(a=square(0, 0)), layer)


def test_zones_in_another_system_are_refused():
    with pytest.raises(ValueError, match="zones is in EPSG:4326"):
        survey_area(zones(a=square(0, 0)).to_crs(4326), survey(("forest", square(0, 0))))


def test_invalid_zones_are_refused():
    x, y = ORIGIN
    bow_tie = Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])

    with pytest.raises(ValueError, match="zones: valid polygons expected"):
        survey_area(zones(a=bow_tie), survey(("forest", square(0, 0))))


def test_neither_layer_is_changed():
    layer, seen = zones(a=square(0, 0)), survey(("forest", square(0, 0)))
    before = layer.copy(), seen.copy()

    survey_area(layer, seen)

    assert_frame_equal(layer, before[0])
    assert_frame_equal(seen, before[1])
    assert seen.attrs == before[1].attrs
