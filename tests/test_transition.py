import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from land import land_cover, later_edition, mosaic, turned
from shapely import MultiPolygon
from squares import square

from hp_sig import tabulate_area, transition_table
from hp_sig.indicators.transition import _paired

TOWN, STREET, FIELD = "CS1.1.1.1", "CS1.1.1.2", "CS2.2.1"


def areas(before, after, communes) -> dict[tuple[str, ...], float]:
    return transition_table(before, after, communes, by="cover_code")["area_ha"].to_dict()


def test_what_changed_and_what_stayed_are_told_apart(communes):
    before = land_cover((FIELD, "US1.1", square(0, 0)), (TOWN, "US5", square(1, 0)))
    after = land_cover((TOWN, "US5", square(0, 0)), (TOWN, "US5", square(1, 0)))

    assert areas(before, after, communes) == pytest.approx(
        {("04001", FIELD, TOWN): 100.0, ("04002", TOWN, TOWN): 100.0}
    )


def test_a_polygon_split_in_two_changes_where_it_was_reclassified(communes):
    before = land_cover((FIELD, "US1.1", square(0, 0)))
    after = land_cover((FIELD, "US1.1", square(0, 0, 0.7, 1)), (TOWN, "US5", square(0.7, 0, 0.3, 1)))

    assert areas(before, after, communes) == pytest.approx(
        {("04001", FIELD, FIELD): 70.0, ("04001", FIELD, TOWN): 30.0}
    )


def test_the_full_matrix_has_cover_and_use(communes):
    before = land_cover((FIELD, "US1.1", square(0, 0)))
    after = land_cover((FIELD, "US5", square(0, 0)))

    table = transition_table(before, after, communes, by=["cover_code", "use_code"])

    assert table.index.names == [
        "commune_code",
        *("cover_code_before", "use_code_before", "cover_code_after", "use_code_after"),
    ]
    assert table["area_ha"].to_dict() == pytest.approx({("04001", FIELD, "US1.1", FIELD, "US5"): 100.0})


def test_land_that_one_edition_alone_covers_has_no_class_in_the_other(communes):
    before = land_cover((FIELD, "US1.1", square(0, 0)))
    after = land_cover((FIELD, "US1.1", square(0, 0, 0.9, 1)), (TOWN, "US5", square(1, 0, 0.2, 1)))

    table = transition_table(before, after, communes, by="cover_code").reset_index()

    lost = table[table["cover_code_after"].isna()]
    new = table[table["cover_code_before"].isna()]
    assert lost[["commune_code", "cover_code_before"]].to_numpy().tolist() == [["04001", FIELD]]
    assert lost["area_ha"].tolist() == pytest.approx([10.0])
    assert new[["commune_code", "cover_code_after"]].to_numpy().tolist() == [["04002", TOWN]]
    assert new["area_ha"].tolist() == pytest.approx([20.0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_margins_of_the_matrix_are_the_two_stocks(seed):
    communes = gpd.GeoDataFrame(
        geometry=[square(0.5, 0.5), square(1.5, 0.5)], index=pd.Index(["a", "b"], name="zone"), crs=2154
    )
    before = mosaic(seed)
    after = later_edition(before, seed + 1)

    table = transition_table(before, after, communes, by="cover_code")["area_ha"]

    for side, state in (("before", before), ("after", after)):
        stock = tabulate_area(communes, state, by="cover_code")
        margin = table.reset_index().pivot_table("area_ha", "zone", f"cover_code_{side}", "sum", fill_value=0.0)
        margin = margin.reindex(columns=stock.columns, fill_value=0.0)
        np.testing.assert_allclose(margin, stock, rtol=1e-9, atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_matrix_is_that_of_geopandas_overlay(seed):
    zone = gpd.GeoDataFrame({"zone": ["a"]}, geometry=[square(0.3, 0.3, 2.2, 2.2)], crs=2154)
    before = mosaic(seed)
    after = later_edition(before, seed + 1)

    ours = transition_table(before, after, zone.set_index("zone"), by="cover_code")["area_ha"]

    columns = ["cover_code", "geometry"]
    both = gpd.overlay(before[columns], after[columns], how="intersection", keep_geom_type=True)
    pieces = gpd.overlay(both, zone, how="intersection", keep_geom_type=True)
    theirs = (pieces.area / 10_000).groupby([pieces["zone"], pieces["cover_code_1"], pieces["cover_code_2"]]).sum()
    theirs = theirs[theirs > 1e-9].rename_axis(ours.index.names)
    pd.testing.assert_series_equal(ours[ours > 1e-9], theirs, check_names=False, rtol=1e-9)


# --- pairing ------------------------------------------------------------------------------------------------------


def pairs(old, new) -> list[tuple[int, int]]:
    first, second = _paired(np.array(old, dtype=object), np.array(new, dtype=object))
    return sorted(zip(first.tolist(), second.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_a_ring_that_starts_elsewhere_or_runs_backward_is_the_same_polygon(seed):
    holed = square(0, 0, 3, 3).difference(square(1, 1)).difference(square(0.2, 0.2, 0.1, 0.1))
    random = np.random.default_rng(seed)

    assert pairs([square(5, 5), holed], [turned(holed, random), turned(square(5, 5), random)]) == [(0, 1), (1, 0)]


def test_parts_in_another_order_are_the_same_polygon():
    one, other = square(0, 0), square(2, 2)

    assert pairs([MultiPolygon([one, other])], [MultiPolygon([other, one])]) == [(0, 0)]


def test_a_vertex_moved_by_a_micron_makes_another_polygon():
    points = [(x, y) for x, y in square(0, 0).exterior.coords]
    moved = [(points[0][0] + 1e-6, points[0][1]), *points[1:-1]]

    assert pairs([square(0, 0)], [type(square(0, 0))(moved)]) == []


def test_the_same_vertices_in_another_order_make_another_polygon():
    # A dart: its four vertices can be joined in other ways, with another area and the same box.
    left, bottom = square(0, 0).bounds[:2]
    a, b, c, d = [(left, bottom), (left + 500, bottom + 250), (left + 1000, bottom), (left + 500, bottom + 1000)]
    dart, other = type(square(0, 0))([a, b, c, d]), type(square(0, 0))([a, c, b, d])

    assert dart.is_valid
    assert other.is_valid
    assert pairs([dart], [other]) == []


def test_a_polygon_with_a_hole_is_not_the_one_without():
    assert pairs([square(0, 0, 3, 3)], [square(0, 0, 3, 3).difference(square(1, 1))]) == []


def test_a_polygon_that_comes_twice_is_paired_once_each():
    assert pairs([square(0, 0)] * 2, [square(0, 0)] * 3) == [(0, 0), (1, 1)]


def test_pairing_spares_the_overlay(communes, monkeypatch):
    before = mosaic(5)
    after = before.sample(frac=1, random_state=2)
    monkeypatch.setattr("hp_sig.indicators.transition.shapely.STRtree", None)

    table = transition_table(before, after, communes.iloc[:0], by="cover_code")

    assert table.attrs["paired_count"] == len(before)


def test_an_invalid_polygon_of_either_edition_is_repaired_and_counted(communes):
    left, bottom = square(0, 0).bounds[:2]
    corners = [(0, 0), (1000, 1000), (1000, 0), (0, 1000)]
    knot = type(square(0, 0))([(left + x, bottom + y) for x, y in corners])

    table = transition_table(
        land_cover((FIELD, "US1.1", knot)), land_cover((TOWN, "US5", knot)), communes, by="cover_code"
    )

    assert table.attrs["repaired_count"] == 2
    assert table["area_ha"].to_dict() == pytest.approx({("04001", FIELD, TOWN): 50.0})


def test_a_difference_is_not_a_state(communes):
    difference = gpd.GeoDataFrame({"cover_before": [FIELD], "cover_after": [TOWN]}, geometry=[square(0, 0)], crs=2154)

    with pytest.raises(ValueError, match="never summed as a state"):
        transition_table(mosaic(1), difference, communes, by="cover_code")
