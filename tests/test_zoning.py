import geopandas as gpd
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from land import CLASSES, mosaic
from pandas.testing import assert_frame_equal
from shapely import MultiPolygon, Polygon, affinity
from squares import ORIGIN, square

from hp_sig.indicators.zoning import zones_by_commune


def zoning(*rows: tuple[str, str, shapely.Geometry]) -> gpd.GeoDataFrame:
    """Draw the zones of planning documents from (document, kind, shape)."""
    documents, kinds, shapes = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame({"document_id": documents, "zone_kind": kinds}, geometry=list(shapes), crs=2154)
    frame.index = pd.Index([str(rank) for rank in range(1, len(rows) + 1)], name="zoning_id")
    return frame


def hectares(table: gpd.GeoDataFrame) -> dict[tuple[str, str], float]:
    return table["zone_ha"].round(6).to_dict()


@pytest.fixture
def six(communes) -> gpd.GeoDataFrame:
    """The six squares of 100 ha under their letters: A B C from west to east, D E F north of them."""
    return communes.set_index(pd.Index(list("ABCDEF"), name="commune_code"))


# --- cut by commune ---------------------------------------------------------------------------------------------


def test_a_zone_over_two_communes_is_cut_and_never_counted_twice(six):
    # 60 ha: 0.4 km of it in A, 0.2 km in B.
    table = zones_by_commune(six, zoning(("PLUi", "U", square(0.6, 0, 0.6, 1))))

    assert hectares(table) == {("A", "U"): 40.0, ("B", "U"): 20.0}
    assert table["zone_ha"].sum() == pytest.approx(60.0)


def test_the_table_has_a_row_a_commune_and_kind_with_area_share_and_shape(six):
    table = zones_by_commune(six, zoning(("PLU", "N", square(0, 0.5, 1, 0.5)), ("PLU", "U", square(0, 0, 1, 0.25))))

    expected = gpd.GeoDataFrame(
        {"zone_ha": [50.0, 25.0], "zone_share": [0.5, 0.25]},
        geometry=[MultiPolygon([square(0, 0.5, 1, 0.5)]), MultiPolygon([square(0, 0, 1, 0.25)])],
        index=pd.MultiIndex.from_tuples([("A", "N"), ("A", "U")], names=["commune_code", "zone_kind"]),
        crs=2154,
    )
    assert_geodataframe_equal(table, expected, normalize=True, check_index_type=False)


def test_shares_are_of_the_commune_that_each_row_is_of(six):
    # E is four times as large as the others.
    six = six.set_geometry([*six.geometry[:4], square(1, 1, 2, 2), square(5, 1)])

    table = zones_by_commune(six, zoning(("PLUi", "A", square(1, 0.5, 1, 1))))

    # 50 ha of 100, 50 ha of 400.
    assert table["zone_share"].to_dict() == pytest.approx({("B", "A"): 0.5, ("E", "A"): 0.125})


def test_rows_are_sorted_by_commune_and_kind_whatever_the_order_of_zones_and_communes(six):
    zones = zoning(
        *(("PLUi", kind, square(x + dx, 0, 0.5, 1)) for x in (2, 0, 1) for kind, dx in (("U", 0), ("A", 0.5)))
    )

    table = zones_by_commune(six[::-1], zones)

    assert table.index.to_list() == [(commune, kind) for commune in "ABC" for kind in "AU"]
    assert table["zone_ha"].tolist() == pytest.approx([50.0] * 6)


def test_zones_of_one_kind_are_joined_to_one_row(six):
    table = zones_by_commune(six, zoning(("PLU", "U", square(0, 0, 0.2, 1)), ("PLU", "U", square(0.8, 0, 0.2, 1))))

    assert hectares(table) == {("A", "U"): 40.0}
    assert table.geometry.iloc[0].equals(MultiPolygon([square(0, 0, 0.2, 1), square(0.8, 0, 0.2, 1)]))


def test_zones_of_one_kind_that_overlap_each_other_count_once(six):
    # 60 + 60 - 20.
    table = zones_by_commune(six, zoning(("PLU", "U", square(0, 0, 0.6, 1)), ("PLU", "U", square(0.4, 0, 0.6, 1))))

    assert hectares(table) == {("A", "U"): 100.0}


def test_a_zone_that_two_documents_hold_counts_once(six):
    table = zones_by_commune(six, zoning(("PLU 2003", "U", square(0, 0, 0.5, 1)), ("PLUi", "U", square(0, 0, 0.5, 1))))

    assert hectares(table) == {("A", "U"): 50.0}


def test_zones_of_two_kinds_that_overlap_count_for_each(six):
    table = zones_by_commune(six, zoning(("PLU", "U", square(0, 0, 0.6, 1)), ("PLU", "A", square(0.4, 0, 0.6, 1))))

    assert hectares(table) == {("A", "A"): 60.0, ("A", "U"): 60.0}


def test_a_zone_of_many_parts_and_a_hole_is_cut_part_by_part(six):
    ring = square(0.25, 0.25, 1.5, 0.5).difference(square(0.75, 0.375, 0.5, 0.25))
    zone = MultiPolygon([ring, square(2, 0)])

    table = zones_by_commune(six, zoning(("PLUi", "N", zone)))

    # 37.5 - 6.25 on either side of the limit of A and B.
    assert hectares(table) == {("A", "N"): 31.25, ("B", "N"): 31.25, ("C", "N"): 100.0}


def test_a_zone_that_only_touches_a_commune_has_no_row_there(six):
    # It shares a side with B, D and a corner with E.
    table = zones_by_commune(six, zoning(("PLUi", "U", square(0, 0)), ("PLUi", "A", square(2, 1))))

    assert hectares(table) == {("A", "U"): 100.0, ("F", "A"): 100.0}


def test_what_of_a_zone_lies_beyond_the_communes_is_left_out(six):
    table = zones_by_commune(six, zoning(("PLU", "N", square(-3, 0, 4, 1))))

    assert hectares(table) == {("A", "N"): 100.0}


@pytest.mark.parametrize("x", [10, -1])
def test_zones_that_lie_in_no_commune_give_an_empty_table_with_the_same_columns(six, x):
    table = zones_by_commune(six, zoning(("PLU", "U", square(x, 0))))

    assert len(table) == 0
    assert table.columns.tolist() == ["zone_ha", "zone_share", "geometry"]
    assert table.index.names == ["commune_code", "zone_kind"]
    assert table.crs.to_epsg() == 2154


def test_every_geometry_is_a_valid_multipolygon_in_lambert_93(six):
    table = zones_by_commune(six, zoning(("PLU", "U", square(0, 0)), ("PLUi", "A", square(1.2, 0, 1.5, 1.4))))

    assert set(table.geom_type) == {"MultiPolygon"}
    assert table.is_valid.all()
    assert table.crs.to_epsg() == 2154


def test_neither_layer_is_changed(six):
    zones = zoning(("PLU", "U", square(0.5, 0)))
    before = six.copy(), zones.copy()

    zones_by_commune(six, zones)

    assert_geodataframe_equal(six, before[0])
    assert_geodataframe_equal(zones, before[1])


# --- what a document sticks out by ------------------------------------------------------------------------------


def test_what_a_document_sticks_out_into_a_neighbour_by_is_left_out(six):
    # 30 m beyond the limit, over a kilometre: 3 ha, about 29 m wide.
    table = zones_by_commune(six, zoning(("PLU de A", "N", square(0, 0, 1.03, 1))))

    assert hectares(table) == {("A", "N"): 100.0}


def test_what_a_document_covers_of_a_neighbour_in_truth_is_kept(six):
    # 200 m beyond the limit, over a kilometre: about 167 m wide.
    table = zones_by_commune(six, zoning(("PLUi", "N", square(0, 0, 1.2, 1))))

    assert hectares(table) == {("A", "N"): 100.0, ("B", "N"): 20.0}


def test_a_thin_piece_of_a_zone_is_kept_where_the_document_truly_covers_the_commune(six):
    # The zone U sticks 20 m into B, where the PLUi has a zone A over the rest.
    rows = [("PLUi", "U", square(0, 0, 1.02, 1)), ("PLUi", "A", square(1.02, 0, 0.98, 1))]

    table = zones_by_commune(six, zoning(*rows))

    assert hectares(table) == {("A", "U"): 100.0, ("B", "A"): 98.0, ("B", "U"): 2.0}


def test_each_document_is_judged_by_itself(six):
    # Both stick out by 30 m at their common limit: each is cut there.
    rows = [("PLU de A", "U", square(0, 0, 1.03, 1)), ("PLU de B", "A", square(0.97, 0, 1.03, 1))]

    table = zones_by_commune(six, zoning(*rows))

    assert hectares(table) == {("A", "U"): 100.0, ("B", "A"): 100.0}


@pytest.mark.parametrize(("width", "reached"), [(20.0, ["A", "B"]), (28.0, ["A", "B"]), (30.0, ["A"]), (50.0, ["A"])])
def test_the_width_of_a_sliver_is_a_choice(six, width, reached):
    # 2 x area / perimeter of 30 m by 1 km: 60 000 / 2 060 = 29.1 m.
    table = zones_by_commune(six, zoning(("PLU", "N", square(0, 0, 1.03, 1))), sliver_width_m=width)

    assert table.index.get_level_values("commune_code").tolist() == reached


@pytest.mark.parametrize(("beyond_m", "reached"), [(51, ["A"]), (54, ["A", "B"])])
def test_the_width_is_50_metres_unless_told(six, beyond_m, reached):
    # 51 m by 1 km: 102 000 / 2 102 = 48.5 m; 54 m: 108 000 / 2 108 = 51.2 m.
    table = zones_by_commune(six, zoning(("PLU", "N", square(0, 0, 1 + beyond_m / 1000, 1))))

    assert table.index.get_level_values("commune_code").tolist() == reached


# --- a zoning without gap ---------------------------------------------------------------------------------------

KIND_OF = dict(zip(CLASSES, ["U", "AU", "A", "N"], strict=True))


def tiles() -> gpd.GeoDataFrame:
    """Nine communes of 100 ha that cover the 3 km of a mosaic."""
    names = [f"{x}{y}" for x in range(3) for y in range(3)]
    shapes = [square(x, y) for x in range(3) for y in range(3)]
    return gpd.GeoDataFrame(geometry=shapes, index=pd.Index(names, name="commune_code"), crs=2154)


def whole(seed: int) -> gpd.GeoDataFrame:
    """A PLUi that covers them without gap."""
    land = mosaic(seed)
    return land.assign(zone_kind=land["cover_code"].map(KIND_OF), document_id="PLUi")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_kinds_of_a_zoning_without_gap_add_up_to_each_commune(seed):
    table = zones_by_commune(tiles(), whole(seed))

    sums = table.groupby("commune_code")[["zone_ha", "zone_share"]].sum()
    assert sums["zone_ha"].to_dict() == pytest.approx(dict.fromkeys(tiles().index, 100.0), rel=1e-9)
    assert sums["zone_share"].to_dict() == pytest.approx(dict.fromkeys(tiles().index, 1.0), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_each_kind_adds_up_to_its_zones(seed):
    zones = whole(seed)

    found = zones_by_commune(tiles(), zones).groupby("zone_kind")["zone_ha"].sum()

    expected = (zones.area / 10_000).groupby(zones["zone_kind"]).sum()
    assert found.to_dict() == pytest.approx(expected.to_dict(), rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(seed, order):
    zones = whole(seed)
    ranks = list(range(len(zones)))
    order.shuffle(ranks)

    table = zones_by_commune(tiles(), zones)
    shuffled = zones_by_commune(tiles()[::-1], zones.iloc[ranks])

    assert_frame_equal(table.drop(columns="geometry"), shuffled.drop(columns="geometry"), rtol=1e-9)


# --- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["zone_kind", "document_id"])
def test_zones_without_kind_or_document_are_refused_with_the_remedy(six, column):
    zones = zoning(("PLU", "U", square(0, 0))).drop(columns=column)

    with pytest.raises(ValueError, match=rf"zoning: columns \['{column}'\] expected, found .*read_zoning\(\)"):
        zones_by_commune(six, zones)


@pytest.mark.parametrize("name", ["communes", "zoning"])
def test_a_layer_in_another_system_is_refused_by_its_name(six, name):
    layers = {"communes": six, "zoning": zoning(("PLU", "U", square(0, 0)))}
    layers[name] = layers[name].to_crs(4326)

    with pytest.raises(ValueError, match=f"{name} is in EPSG:4326, EPSG:2154"):
        zones_by_commune(layers["communes"], layers["zoning"])


@pytest.mark.parametrize("name", ["communes", "zoning"])
def test_an_invalid_polygon_is_refused_by_the_name_of_its_layer(six, name):
    x, y = ORIGIN
    bow_tie = Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])
    layers = {"communes": six.head(1), "zoning": zoning(("PLU", "U", square(0, 0)))}
    layers[name] = layers[name].set_geometry([bow_tie], crs=2154)

    with pytest.raises(ValueError, match=f"{name}: valid polygons expected"):
        zones_by_commune(layers["communes"], layers["zoning"])


def test_a_commune_given_twice_is_refused(six):
    with pytest.raises(ValueError, match="communes: unique codes expected, found \\['A'\\] more than once"):
        zones_by_commune(pd.concat([six, six.head(1)]), zoning(("PLU", "U", square(0, 0))))


@pytest.mark.parametrize("width", [-1.0, float("nan")])
def test_a_width_that_is_none_is_refused(six, width):
    with pytest.raises(ValueError, match="sliver_width_m"):
        zones_by_commune(six, zoning(("PLU", "U", square(0, 0))), sliver_width_m=width)


def test_zones_that_are_turned_are_measured_as_they_are_drawn(six):
    # A diamond of 1 km² around the limit of A and B: a half in each.
    diamond = affinity.rotate(square(0.5, 0), 45)
    tall = six.set_geometry([square(rank, -1, 1, 3) for rank in range(6)])

    table = zones_by_commune(tall, zoning(("PLUi", "U", diamond)))

    assert hectares(table) == {("A", "U"): 50.0, ("B", "U"): 50.0}
