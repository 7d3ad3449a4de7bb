from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely import affinity, box
from squares import square

from hp_sig import overlap_table

P, Q = "FR8000001", "FR8000002"


def layer(shapes, codes=None, name="zone"):
    index = pd.Index(codes if codes is not None else [f"{name}{i}" for i in range(len(shapes))], name=name, dtype="str")
    return gpd.GeoDataFrame(geometry=list(shapes), index=index, crs=2154)


@st.composite
def rectangles(draw, name="zone", largest=4):
    """A few rectangles of whole metres, up to 3 km wide, some turned: overlapping, touching or apart."""
    shapes = []
    for _ in range(draw(st.integers(1, largest))):
        x, y = draw(st.integers(0, 3000)), draw(st.integers(0, 3000))
        width, height = draw(st.integers(1, 3000)), draw(st.integers(1, 3000))
        turned = affinity.rotate(box(x, y, x + width, y + height), draw(st.sampled_from([0, 0, 30, 45])))
        shapes.append(turned)
    return layer(shapes, name=name)


def test_six_squares_against_two_parks_give_mental_arithmetic(communes, parks):
    table = overlap_table(communes, parks)

    expected = pd.DataFrame(
        {
            # B and E: 0.4 km x 1 km, width 2·0.4/2.8 km; C and F: 0.1 km x 1 km, width 2·0.1/2.2 km
            "overlap_ha": [100.0, 40.0, 10.0, 100.0, 40.0, 10.0],
            "share_of_zone": [1.0, 0.4, 0.1, 1.0, 0.4, 0.1],
            # P is 6.4 x 12 km = 7 680 ha, Q is 6 x 12 km = 7 200 ha
            "share_of_other": [100 / 7680, 40 / 7680, 10 / 7200, 100 / 7680, 40 / 7680, 10 / 7200],
            "mean_width_m": [500.0, 800 / 2.8, 200 / 2.2, 500.0, 800 / 2.8, 200 / 2.2],
            "relation": ["inside", "partial", "sliver", "inside", "partial", "sliver"],
        },
        index=pd.MultiIndex.from_arrays(
            [communes.index, pd.Index([P, P, Q, P, P, Q])], names=["commune_code", "pnr_code"]
        ),
    )
    assert_frame_equal(table, expected)


def test_zones_that_only_touch_have_no_row():
    assert overlap_table(layer([square(0, 0)]), layer([square(1, 0)], name="other")).empty


def test_layers_apart_give_an_empty_table_with_every_column():
    table = overlap_table(layer([square(0, 0)]), layer([square(5, 5)], name="other"))

    assert list(table.columns) == ["overlap_ha", "share_of_zone", "share_of_other", "mean_width_m", "relation"]
    assert table.index.names == ["zone", "other"]


def test_a_contact_line_beside_an_area_adds_nothing_to_the_width():
    # The other zone covers 1 x 0.5 km of the square and runs along its upper edge without covering it.
    other = shapely.union_all([square(0, 0, 1, 0.5), square(-1, 0, 1, 2), square(-1, 1, 2, 1)])

    table = overlap_table(layer([square(0, 0)]), layer([other], name="other"))

    assert table["overlap_ha"].tolist() == [50.0]
    assert table["mean_width_m"].tolist() == pytest.approx([2 * 0.5 / 3 * 1000])


@pytest.mark.parametrize(
    ("strip_m", "relation"),
    [(249, "sliver"), (333, "sliver"), (334, "partial"), (666, "partial"), (667, "inside"), (950, "inside")],
)
def test_relation_follows_the_width_of_what_is_in_and_of_what_sticks_out(strip_m, relation):
    # A strip of s metres of a 1 km square is 1000 s / (1000 + s) wide: 250 m at s = 333.3 m, on either side.
    other = layer([square(-1, -1, 1 + strip_m / 1000, 3)], name="other")

    assert overlap_table(layer([square(0, 0)]), other)["relation"].tolist() == [relation]


def test_a_small_footprint_inside_a_commune_is_inside_and_not_a_sliver():
    # 100 m x 100 m: its own mean width is 50 m, under the 250 m of a sliver.
    table = overlap_table(layer([square(0.2, 0.2, 0.1, 0.1)]), layer([square(0, 0)], name="other"))

    assert table["relation"].tolist() == ["inside"]
    assert table["mean_width_m"].tolist() == pytest.approx([50.0])


def test_a_small_footprint_that_pokes_two_metres_over_a_limit_meets_the_neighbour_in_a_sliver():
    footprint = layer([square(0.902, 0.2, 0.1, 0.1)], ["site"])

    table = overlap_table(footprint, layer([square(0, 0), square(1, 0)], ["home", "next"], "other"))

    assert table["relation"].to_dict() == {("site", "home"): "inside", ("site", "next"): "sliver"}


def test_the_threshold_is_the_caller_s(communes, parks):
    table = overlap_table(communes, parks, sliver_width_m=90.0)

    assert table.loc[("04003", Q), "relation"] == "partial"  # 90.9 m wide


def test_a_hole_counts_out():
    ring = shapely.difference(square(-1, -1, 3, 3), square(0.25, 0.25, 0.5, 0.5))

    table = overlap_table(layer([square(0, 0)]), layer([ring], name="other"))

    assert table["overlap_ha"].tolist() == pytest.approx([75.0])
    assert table["relation"].tolist() == ["partial"]  # the hole is 0.5 km wide: 2·0.25/2 = 250 m, not under 250


def test_the_arguments_are_left_as_they_were(communes, parks):
    before = communes.copy(deep=True)

    overlap_table(communes, parks)

    assert_frame_equal(pd.DataFrame(communes), pd.DataFrame(before))


def test_the_second_key_gets_a_suffix_where_both_have_one_name(communes):
    table = overlap_table(communes, communes)

    assert table.index.names == ["commune_code", "commune_code_other"]
    assert table["overlap_ha"].sum() == pytest.approx(600.0)  # each with itself, and nothing with its neighbours


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda frame: frame.to_crs(4326), r"zones is in EPSG:4326, EPSG:2154 .* to_crs\(2154\)"),
        (lambda frame: frame.set_crs(None, allow_override=True), "zones has no coordinate system"),
        (lambda frame: pd.concat([frame, frame]), "unique codes expected, found .*'04001'"),
        (lambda frame: frame.set_geometry(frame.boundary), "valid polygons expected"),
        (
            lambda frame: frame.set_geometry([shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])] * 6, crs=2154),
            "valid polygons expected",
        ),
    ],
)
def test_a_layer_that_breaks_the_contract_is_refused(communes, parks, spoil, words):
    with pytest.raises(ValueError, match=words):
        overlap_table(spoil(communes), parks)


@pytest.mark.parametrize("width", [-1, float("nan")])
def test_a_width_that_is_none_is_refused(communes, parks, width):
    with pytest.raises(ValueError, match="sliver_width_m"):
        overlap_table(communes, parks, sliver_width_m=width)


@settings(max_examples=60, deadline=None)
@given(others=rectangles("other"), cuts=st.lists(st.integers(1, 5999), min_size=1, max_size=5, unique=True))
def test_a_partition_conserves_each_overlap(others, cuts):
    edges = [-3000, *sorted(cuts), 9000]
    whole = layer([box(-3000, -3000, 9000, 9000)])
    parts = layer([box(west, -3000, east, 9000) for west, east in pairwise(edges)])

    by_part = overlap_table(parts, others)["overlap_ha"].groupby(level="other").sum()

    in_whole = overlap_table(whole, others)["overlap_ha"].droplevel("zone")
    # Pieces under a square centimetre (1e-8 ha) are left out.
    np.testing.assert_allclose(by_part.reindex(in_whole.index), in_whole, rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(in_whole, others.area / 1e4, rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(zones=rectangles("zone"), others=rectangles("other"))
def test_overlap_is_symmetric(zones, others):
    there = overlap_table(zones, others)
    back = overlap_table(others, zones).swaplevel().sort_index()

    assert list(there.index) == list(back.index)
    np.testing.assert_allclose(there["overlap_ha"], back["overlap_ha"], rtol=1e-9)
    np.testing.assert_allclose(there["share_of_zone"], back["share_of_other"], rtol=1e-9)
    np.testing.assert_allclose(there["mean_width_m"], back["mean_width_m"], rtol=1e-9)
    assert list(there["relation"] == "sliver") == list(back["relation"] == "sliver")


@settings(max_examples=60, deadline=None)
@given(zones=rectangles("zone", 6), others=rectangles("other", 6), seed=st.integers(0, 2**16))
def test_the_order_of_rows_changes_nothing(zones, others, seed):
    table = overlap_table(zones, others)

    shuffled = overlap_table(zones.sample(frac=1, random_state=seed), others.sample(frac=1, random_state=seed + 1))

    assert_frame_equal(table, shuffled)


@settings(max_examples=60, deadline=None)
@given(zones=rectangles("zone"), others=rectangles("other"))
def test_areas_agree_with_geopandas_overlay(zones, others):
    ours = overlap_table(zones, others)["overlap_ha"]

    theirs = gpd.overlay(zones.reset_index(), others.reset_index(), how="intersection", keep_geom_type=True)
    theirs = theirs.set_index(["zone", "other"]).area / 1e4
    theirs = theirs[theirs > 1e-8].sort_index()
    assert list(ours.index) == list(theirs.index)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(zones=rectangles("zone"), others=rectangles("other"))
def test_shares_stay_between_zero_and_one(zones, others):
    table = overlap_table(zones, others)

    assert ((table[["share_of_zone", "share_of_other"]] > 0) & (table[["share_of_zone", "share_of_other"]] <= 1)).all(
        axis=None
    )


def test_work_shared_among_processors_gives_the_same_table(communes, parks, monkeypatch):
    table = overlap_table(communes, parks)
    monkeypatch.setattr("hp_sig.parallel.SHAPES_PER_WORKER", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    assert_frame_equal(overlap_table(communes, parks), table)
