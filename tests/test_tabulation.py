import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from land import land_cover, mosaic, overlaid
from pandas.testing import assert_frame_equal
from shapely import MultiPolygon, Polygon, affinity
from squares import ORIGIN, square

from hp_sig import tabulate_area
from hp_sig.seal import sealed

TOWN, STREET, FIELD = "CS1.1.1.1", "CS1.1.1.2", "CS2.2.1"


def zones(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(geometry=list(shapes.values()), crs=2154)
    frame.index = pd.Index(list(shapes), name="zone")
    return frame


def hectares(zone: shapely.Geometry, *shapes: shapely.Geometry) -> float:
    """Measure how much of some shapes lies in one zone."""
    land = land_cover(*((TOWN, "US5", shape) for shape in shapes))
    return tabulate_area(zones(a=zone), land, by="cover_code").at["a", TOWN]


# --- one zone, one polygon: every way in which they can lie -------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (square(0.2, 0.2, 0.5, 0.5), 25.0),  # well inside
        (square(0, 0, 0.5, 0.5), 25.0),  # inside, along two sides
        (square(0, 0), 100.0),  # the zone itself
        (square(-1, -1, 3, 3), 100.0),  # holds the zone
        (square(0.5, 0.5), 25.0),  # cut
        (square(-1, 0.4, 3, 0.2), 20.0),  # crosses it from side to side
        (square(1, 0), 0.0),  # shares a side, from outside
        (square(1, 1), 0.0),  # shares a corner
        (square(5, 5), 0.0),  # far away
    ],
)
def test_a_polygon_counts_for_what_of_it_lies_in_the_zone(shape, expected):
    assert hectares(square(0, 0), shape) == pytest.approx(expected, rel=1e-9)


def test_a_polygon_in_the_hole_of_a_zone_counts_for_nothing():
    ring = square(0, 0, 3, 3).difference(square(1, 1))

    assert hectares(ring, square(1.2, 1.2, 0.5, 0.5)) == 0.0
    assert hectares(ring, square(1, 1)) == 0.0
    assert hectares(ring, square(0.5, 1, 1, 1)) == pytest.approx(50.0, rel=1e-9)


def test_a_zone_in_the_hole_of_a_polygon_has_nothing_of_it():
    ring = square(-2, -2, 5, 5).difference(square(-1, -1, 3, 3))

    assert hectares(square(0, 0), ring) == 0.0


def test_the_corner_of_the_box_may_be_in_the_zone_while_the_polygon_is_not():
    # A triangle whose box overlaps the zone in its south-western corner, and that touches no side of it.
    left, bottom = ORIGIN
    triangle = Polygon([(left + 1200, bottom + 900), (left + 1200, bottom + 1200), (left + 900, bottom + 1200)])

    assert hectares(square(0, 0), triangle) == 0.0


def test_the_corner_of_the_box_may_be_outside_while_the_polygon_is_in_the_zone():
    # The zone is a diamond: the box of a small diamond inside it sticks out.
    diamond = affinity.rotate(square(0, 0), 45)
    inner = affinity.scale(diamond, 0.9, 0.9)

    assert hectares(diamond, inner) == pytest.approx(81.0, rel=1e-9)


def test_a_polygon_in_two_parts_may_have_one_in_the_zone_and_one_out_of_it():
    parts = MultiPolygon([square(0.1, 0.1, 0.5, 0.5), square(4, 4, 0.5, 0.5)])

    assert hectares(square(0, 0), parts) == pytest.approx(25.0, rel=1e-9)


def test_a_zone_in_two_parts_takes_from_both():
    parts = MultiPolygon([square(0, 0), square(2, 0)])

    assert hectares(parts, square(0.5, 0, 2, 1)) == pytest.approx(100.0, rel=1e-9)


def test_a_polygon_larger_than_a_group_is_cut_right():
    assert hectares(square(0, 0, 10, 10), square(-5, 2, 8, 0.01)) == pytest.approx(3.0, rel=1e-9)


# --- several zones, several classes -------------------------------------------------------------------------------


def test_each_class_has_its_column_and_each_zone_its_row_in_the_order_given(communes):
    land = land_cover((TOWN, "US5", square(0, 0, 1.5, 1)), (FIELD, "US1.1", square(1.5, 0, 1.5, 2)))
    order = communes.loc[["83006", "04001", "04002", "04003", "04005", "04004"]]

    table = tabulate_area(order, land, by="cover_code")

    expected = pd.DataFrame(
        {TOWN: [0.0, 100.0, 50.0, 0.0, 0.0, 0.0], FIELD: [100.0, 0.0, 50.0, 100.0, 50.0, 0.0]}, index=order.index
    )
    expected.columns.name = "cover_code"
    assert_frame_equal(table, expected, rtol=1e-9)


def test_several_columns_make_a_class_together(communes):
    land = land_cover((TOWN, "US5", square(0, 0, 0.5, 1)), (TOWN, "US2", square(0.5, 0, 0.5, 1)))

    table = tabulate_area(communes, land, by=["cover_code", "use_code"])

    assert table.columns.names == ["cover_code", "use_code"]
    assert table.loc["04001"].to_dict() == pytest.approx({(TOWN, "US2"): 50.0, (TOWN, "US5"): 50.0})


def test_a_missing_class_is_a_class_of_its_own(communes):
    land = land_cover((TOWN, "US5", square(0, 0, 0.5, 1)), (TOWN, None, square(0.5, 0, 0.5, 1)))

    table = tabulate_area(communes, land, by="use_code")

    assert table.loc["04001"].sum() == pytest.approx(100.0)
    assert table.columns.isna().sum() == 1


def test_zones_that_overlap_each_other_are_each_measured_whole():
    both = zones(small=square(0, 0), large=square(-1, -1, 3, 3))

    table = tabulate_area(both, land_cover((TOWN, "US5", square(0.5, 0, 1, 1))), by="cover_code")

    assert table[TOWN].to_dict() == pytest.approx({"small": 50.0, "large": 100.0})


def test_a_sliver_of_a_polygon_across_a_shared_limit_is_measured_not_deduced(communes):
    # 1 mm by 1 km of a polygon of 150 ha lies in A: 0.0001 ha, which a difference of areas would blur.
    land = land_cover((TOWN, "US5", square(1 - 1e-6, 0, 1.5, 1)))

    table = tabulate_area(communes, land, by="cover_code")

    assert table.at["04001", TOWN] == pytest.approx(1e-4, rel=1e-6)
    assert table.at["04002", TOWN] == pytest.approx(100.0, rel=1e-12)


def test_a_gap_between_two_zones_is_nobodys():
    # Two zones 100 m apart: a polygon over both and the gap.
    apart = zones(west=square(0, 0), east=square(1.1, 0))

    table = tabulate_area(apart, land_cover((TOWN, "US5", square(0.5, 0.2, 1, 0.1))), by="cover_code")

    assert table[TOWN].to_dict() == pytest.approx({"west": 5.0, "east": 4.0})


def test_zones_without_any_land_read_zero(communes):
    table = tabulate_area(communes, land_cover((TOWN, "US5", square(50, 50))), by="cover_code")

    assert table[TOWN].tolist() == [0.0] * 6


def test_an_empty_land_cover_has_no_class(communes):
    table = tabulate_area(communes, land_cover((TOWN, "US5", square(0, 0))).iloc[:0], by="cover_code")

    assert table.shape == (6, 0)


# --- against geopandas.overlay, and properties --------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-0.4, 0.4), angle=st.floats(-40, 40))
def test_the_table_is_that_of_geopandas_overlay(seed, shift, angle):
    land = mosaic(seed)
    tiles = [square(x + 0.5 + shift, y + 0.5) for x in range(2) for y in range(2)]
    turned = affinity.rotate(MultiPolygon(tiles), angle).geoms
    frame = zones(**{f"z{rank}": tile for rank, tile in enumerate(turned)})

    ours = tabulate_area(frame, land, by="cover_code")

    theirs = overlaid(frame, land, "cover_code").reindex(columns=ours.columns, fill_value=0.0)
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-9, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_sum_over_a_partition_is_the_whole(seed):
    land = mosaic(seed)
    parts = zones(**{f"z{x}{y}": square(x, y) for x in range(3) for y in range(3)})
    whole = zones(all=square(0, 0, 3, 3))

    table = tabulate_area(parts, land, by="cover_code")

    np.testing.assert_allclose(table.sum(), tabulate_area(whole, land, by="cover_code").loc["all"], rtol=1e-9)
    np.testing.assert_allclose(table.sum(axis="columns"), 100.0, rtol=1e-9)


def test_the_order_of_the_polygons_does_not_matter(communes):
    land = mosaic(7)

    shuffled = tabulate_area(communes, land.sample(frac=1, random_state=1), by="cover_code")

    assert_frame_equal(shuffled, tabulate_area(communes, land, by="cover_code"), rtol=1e-12)


def test_work_shared_among_processors_gives_the_same_table(communes, monkeypatch):
    land = mosaic(3)
    table = tabulate_area(communes, land, by="cover_code")
    monkeypatch.setattr("hp_sig.parallel.SHAPES_PER_WORKER", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    assert_frame_equal(tabulate_area(communes, land, by="cover_code"), table, rtol=1e-12)


def test_no_argument_is_changed(communes):
    land = land_cover(
        (TOWN, "US5", Polygon([*square(0, 0).exterior.coords[:2], *square(0, 0).exterior.coords[3:1:-1]]))
    )
    before = land.geometry.to_wkb().tolist()

    tabulate_area(communes, land, by="cover_code")

    assert land.geometry.to_wkb().tolist() == before


# --- what cannot be trusted ---------------------------------------------------------------------------------------


def bow_tie() -> Polygon:
    """Cross a square's diagonals: two triangles of 25 ha each, which a signed sum would take for 0."""
    left, bottom = ORIGIN
    corners = [(0, 0), (1000, 1000), (1000, 0), (0, 1000)]
    return Polygon([(left + x, bottom + y) for x, y in corners])


def test_an_invalid_polygon_is_repaired_and_counted(communes, caplog):
    table = tabulate_area(communes, land_cover((TOWN, "US5", bow_tie())), by="cover_code")

    assert table.at["04001", TOWN] == pytest.approx(50.0)
    assert table.attrs["repaired_count"] == 1
    assert "1 of 1 polygons of the land cover are invalid" in caplog.text


def test_a_layer_that_a_reader_found_valid_is_not_looked_at_again(communes, monkeypatch):
    land = sealed(mosaic(1))
    looked = []
    monkeypatch.setattr("hp_sig.indicators.tabulation.are_valid", looked.append)

    tabulate_area(communes, land, by="cover_code")

    assert looked == []


def test_a_layer_that_changed_since_it_was_found_valid_is_looked_at_again(communes):
    land = sealed(land_cover((TOWN, "US5", square(0, 0, 0.5, 0.5))))
    land = land.set_geometry([bow_tie()], crs=2154)

    assert tabulate_area(communes, land, by="cover_code").attrs["repaired_count"] == 1


def test_a_difference_is_never_summed_as_a_state(communes):
    difference = gpd.GeoDataFrame({"cover_before": [FIELD], "cover_after": [TOWN]}, geometry=[square(0, 0)], crs=2154)

    with pytest.raises(ValueError, match="holds only what changed, and is never summed as a state"):
        tabulate_area(communes, difference, by="cover_code")


def test_an_unknown_column_is_named_with_those_that_are_there(communes):
    with pytest.raises(ValueError, match=r"columns \['colour'\] expected, found \['cover_code', 'use_code'\]"):
        tabulate_area(communes, mosaic(1), by="colour")


def test_no_column_at_all_is_refused(communes):
    with pytest.raises(ValueError, match="at least one column"):
        tabulate_area(communes, mosaic(1), by=[])


def test_lines_are_no_land(communes):
    land = gpd.GeoDataFrame({"cover_code": [TOWN]}, geometry=[square(0, 0).exterior], crs=2154)

    with pytest.raises(ValueError, match="polygons expected, found 1 other geometries"):
        tabulate_area(communes, land, by="cover_code")


@pytest.mark.parametrize("crs", [4326, 3857, None])
def test_an_area_is_measured_in_lambert_93_alone(communes, crs):
    land = mosaic(1)
    land = gpd.GeoDataFrame(land.drop(columns="geometry"), geometry=land.geometry.to_numpy(), crs=crs)

    with pytest.raises(ValueError, match="EPSG:2154"):
        tabulate_area(communes, land, by="cover_code")


def test_a_zone_given_twice_is_refused(communes):
    with pytest.raises(ValueError, match="more than once"):
        tabulate_area(pd.concat([communes, communes]), mosaic(1), by="cover_code")


def test_the_zones_are_left_as_they_were(communes):
    # A prepared geometry that two threads look at crashes GEOS: none is left to the caller.
    tabulate_area(communes, mosaic(1), by="cover_code")

    assert not shapely.is_prepared(communes.geometry.to_numpy()).any()
