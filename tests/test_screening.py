"""Projects on the six squares (see conftest.py): A, B, C from west to east, D, E, F north of them, 100 ha each.

Land cover of 04 (A to E, 2021): fields, but for 10 ha of houses along the west of A. Consumption: A took 1 ha a year
from 2011 to 2020, hence is allowed 5 ha, and 0.4 ha a year from 2021 to 2023, hence has 3.8 ha left; B took 4 ha and
is allowed 2; nobody else took any.
"""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from known import computed
from land import land_cover, mosaic
from shapely import Point, affinity, box
from squares import ORIGIN, square

from hp_sig import read_projects
from hp_sig.indicators.screening import (
    MANY,
    OUTSIDE,
    allowance_draw,
    classes_at,
    cut_by_footprints,
    nearest,
    overlap_by_class,
    potential_take,
    union_area,
)
from hp_sig.results.alternatives import compare_projects
from hp_sig.results.consumption import trajectory_table
from hp_sig.results.groups import group_zones
from hp_sig.results.screening import NOTES, RELATIONS, screen_projects
from hp_sig.territory import LandCoverSource, Zone

A, B, C, D, E, F = "04001", "04002", "04003", "04004", "04005", "83006"
HOUSE, STREET, FIELD = "CS1.1.1.1", "CS1.1.1.2", "CS2.2.1"
SOURCE = {"file": "x.gpkg", "vintage": "2024", "producer": "P", "source": "S", "licence": "L"}
FIELDS_OF_04 = land_cover(
    (HOUSE, "US5", square(0, 0, 0.1, 1)),
    (FIELD, "US1.1", square(0.1, 0, 2.9, 1)),
    (FIELD, "US1.1", square(0, 1, 2, 1)),
)


def at(x: float, y: float) -> Point:
    """Give a point, in kilometres from the origin."""
    return Point(ORIGIN[0] + 1000 * x, ORIGIN[1] + 1000 * y)


def drawn(*shapes: shapely.Geometry, **columns: list[object]) -> gpd.GeoDataFrame:
    """Make footprints (polygons) and sites (points) called p1, p2…"""
    scale = ["site" if shape.geom_type == "Point" else "footprint" for shape in shapes]
    codes = [f"p{rank}" for rank in range(1, len(shapes) + 1)]
    told = {"name": [code.upper() for code in codes], "scale": scale, **columns}
    return gpd.GeoDataFrame(told, geometry=list(shapes), index=pd.Index(codes, name="project_id"), crs=2154)


def placeless(scale: str, **columns: str) -> gpd.GeoDataFrame:
    told = {"name": ["P"], "scale": [scale], **{name: [value] for name, value in columns.items()}}
    return gpd.GeoDataFrame(told, geometry=[None], index=pd.Index(["p1"], name="project_id"), crs=2154)


def cover(departement: str, year: int, land: gpd.GeoDataFrame, kind: str = "cover"):
    source = LandCoverSource(kind=kind, departement=departement, years=(year,), **SOURCE)
    return {f"{kind}_{departement}_{year}": (source, land)}


def flows() -> pd.DataFrame:
    rows = []
    for code in (A, B, C, D, E, F):
        before, after = {A: (10_000, 4_000), B: (4_000, 0)}.get(code, (0, 0))
        for year in range(2011, 2024):
            area = before if year < 2021 else after
            rows.append((code, year, "housing", float(area), False))
    return pd.DataFrame(rows, columns=["commune_code", "year", "destination", "area_m2", "is_provisional"])


def planned(*zones: tuple[str, str, shapely.Geometry]) -> gpd.GeoDataFrame:
    documents, kinds, shapes = zip(*zones, strict=True)
    codes = pd.Index([str(rank) for rank in range(len(zones))], name="zoning_id")
    return gpd.GeoDataFrame(
        {"document_id": documents, "zone_kind": kinds}, geometry=list(shapes), index=codes, crs=2154
    )


def with_land(layers, **land):
    return dataclasses.replace(layers, land=dataclasses.replace(layers.land, **land))


@pytest.fixture
def known(layers):
    """The six squares with land cover in 04 and ENAF flows."""
    return with_land(layers, covers=cover("04", 2021, FIELDS_OF_04), enaf=flows())


def results_of(layers):
    """Give the results of the layers, with the trajectory of the flows that were added to them."""
    results = computed(layers)
    return dataclasses.replace(results, trajectory=trajectory_table(layers, group_zones(layers, results.overlaps)))


def draws(screening, project: str = "p1") -> pd.DataFrame:
    rows = screening.allowances[screening.allowances["project_id"] == project]
    return rows.set_index("zone_code")


def lies_in(screening, layer: str, project: str = "p1") -> dict[str, float]:
    rows = screening.overlaps
    rows = rows[(rows["project_id"] == project) & (rows["other_layer"] == layer)]
    return rows.set_index("other_code")["overlap_ha"].round(9).to_dict()


def related(screening, layer: str, project: str = "p1") -> list[tuple[str, str]]:
    rows = screening.overlaps
    rows = rows[(rows["project_id"] == project) & (rows["other_layer"] == layer)]
    assert rows[["overlap_ha", "share_of_project", "double_ha"]].isna().all(axis=None)
    return list(zip(rows["other_code"], rows["relation"], strict=True))


def distance(screening, column: str, project: str = "p1"):
    return screening.distances.set_index("project_id").at[project, column]


# --- kernels ------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    west=st.floats(-500, 2500),
    south=st.floats(-500, 2500),
    width=st.floats(20, 3000),
    height=st.floats(20, 3000),
    turn=st.floats(0, 90),
)
def test_the_classes_of_a_partition_and_what_lies_outside_sum_to_the_footprint(seed, west, south, width, height, turn):
    left, bottom = ORIGIN[0] + west, ORIGIN[1] + south
    shape = affinity.rotate(box(left, bottom, left + width, bottom + height), turn)
    footprint = gpd.GeoSeries([shape], index=pd.Index(["f"], name="project_id"), crs=2154)
    land = mosaic(seed)

    table = overlap_by_class(footprint, cut_by_footprints(footprint, land), by="cover_code")

    assert table["overlap_ha"].sum() == pytest.approx(shape.area / 10_000, rel=1e-9)
    assert table["share_of_project"].sum() == pytest.approx(1.0, rel=1e-9)
    assert (table["double_ha"] == 0).all()
    # geopandas.overlay is the other tool.
    pieces = gpd.overlay(footprint.to_frame("geometry"), land, how="intersection", keep_geom_type=True)
    expected = pieces.area.groupby(pieces["cover_code"]).sum() / 10_000
    found = table["overlap_ha"].droplevel(0).drop(OUTSIDE, errors="ignore").reindex(expected.index, fill_value=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


def test_zones_of_one_class_count_their_common_land_once():
    footprint = drawn(square(0, 0)).geometry
    layer = planned(
        ("P", "U", square(0, 0, 0.5, 1)), ("Q", "U", square(0.3, 0, 0.4, 1)), ("P", "U", square(0, 0, 0.5, 1))
    )

    table = overlap_by_class(footprint, cut_by_footprints(footprint, layer), by="zone_kind")

    assert table["overlap_ha"].round(6).to_dict() == {("p1", "U"): 70.0, ("p1", OUTSIDE): 30.0}
    assert table["double_ha"].tolist() == [0, 0]


def test_land_in_two_classes_is_told_as_double_and_what_lies_outside_is_still_measured():
    footprint = drawn(square(0, 0)).geometry
    layer = planned(("P", "U", square(0, 0, 0.5, 1)), ("Q", "A", square(0.3, 0, 0.4, 1)))

    table = overlap_by_class(footprint, cut_by_footprints(footprint, layer), by="zone_kind")

    assert table["overlap_ha"].round(6).tolist() == [50.0, 40.0, 30.0]
    assert table["double_ha"].round(6).tolist() == [20.0] * 3
    assert table["overlap_ha"].sum() - table["double_ha"].iloc[0] == pytest.approx(100, rel=1e-9)


def test_rows_come_largest_first_and_a_class_that_is_missing_lies_outside():
    footprint = drawn(square(0, 0)).geometry
    layer = planned(
        ("P", "N", square(0, 0, 0.1, 1)), ("P", "U", square(0.1, 0, 0.2, 1)), ("P", None, square(0.3, 0, 1, 1))
    )

    table = overlap_by_class(footprint, cut_by_footprints(footprint, layer), by="zone_kind")

    assert table["overlap_ha"].droplevel(0).round(6).to_dict() == {"U": 20.0, "N": 10.0, OUTSIDE: 70.0}
    assert list(table.index.get_level_values(1)) == ["U", "N", OUTSIDE]


def test_a_zone_that_only_touches_a_footprint_shares_nothing_with_it():
    footprint = drawn(square(0, 0)).geometry

    assert cut_by_footprints(footprint, planned(("P", "U", square(1, 0)))).empty


def test_many_pieces_are_united_as_few_are():
    land = mosaic(3, cells=20)
    shapes = np.concatenate([land.geometry.to_numpy(), land.geometry.to_numpy()[:40], land.buffer(7).to_numpy()[50:60]])
    assert len(shapes) > MANY

    assert union_area(shapes) == pytest.approx(shapely.union_all(shapes).area, rel=1e-9)


@pytest.mark.parametrize(
    ("footprint", "layer", "message"),
    [
        (drawn(square(0, 0)).to_crs(3857).geometry, planned(("P", "U", square(0, 0))), "footprints is in EPSG:3857"),
        (drawn(square(0, 0)).geometry, planned(("P", "U", square(0, 0))).to_crs(3857), "layer is in EPSG:3857"),
        (
            drawn(shapely.from_wkt("POLYGON((0 0,1 1,1 0,0 1,0 0))")).geometry,
            planned(("P", "U", square(0, 0))),
            "valid",
        ),
        (
            drawn(box(0, 0, 2, 2)).geometry,
            planned(("P", "U", shapely.from_wkt("POLYGON((0 0,1 1,1 0,0 1,0 0))"))),
            "layer",
        ),
    ],
)
def test_only_valid_polygons_in_lambert_93_are_cut(footprint, layer, message):
    with pytest.raises(ValueError, match=message):
        cut_by_footprints(footprint, layer)


def test_a_point_on_a_limit_is_in_both_classes_and_one_in_none_is_outside():
    layer = planned(("P", "U", square(0, 0)), ("P", "A", square(1, 0)), ("Q", "A", square(1, 0)))

    found = classes_at(drawn(at(1, 0.5), at(5, 5)).geometry, layer, by="zone_kind")

    assert list(found.items()) == [("p1", "A"), ("p1", "U"), ("p2", OUTSIDE)]


def test_of_two_as_near_the_first_is_told_and_of_none_nothing():
    others = gpd.GeoDataFrame(geometry=[at(2, 0), at(-2, 0)], index=["b", "a"], crs=2154)

    assert nearest(drawn(at(0, 0)).geometry, others).to_dict("list") == {"code": ["b"], "distance_m": [2000.0]}
    assert nearest(drawn(at(0, 0)).geometry, others.iloc[:0]).isna().all(axis=None)


def test_a_footprint_covered_in_part_takes_what_is_uncovered_too():
    land = pd.DataFrame({"area_ha": [10.0, 10.0], "covered_ha": [6.0, 9.95], "artificialised_ha": [1.0, 2.0]})

    table = potential_take(land)

    assert table["enaf_ha"].tolist() == pytest.approx([5.0, 7.95])
    assert table["take_ha"].tolist() == pytest.approx([9.0, 8.0])
    assert table["take_method"].tolist() == ["land_cover + footprint_upper_bound", "land_cover"]


def test_no_share_is_told_of_an_allowance_that_is_used_up():
    table = allowance_draw(pd.Series([1.0, 1.0, 1.0, np.nan]), pd.Series([2.0, 0.0, -1.0, 2.0]))

    assert table["remaining_after_ha"].tolist() == pytest.approx([1.0, -1.0, -2.0, np.nan], nan_ok=True)
    assert table["draw_share"].tolist() == pytest.approx([0.5, np.nan, np.nan, np.nan], nan_ok=True)


# --- allowances ---------------------------------------------------------------------------------------------------


def test_a_footprint_draws_on_what_remains_to_its_commune_epci_and_scot(known):
    # 4 ha in A, of which the western 1 ha is built on.
    screening = screen_projects(drawn(square(0.075, 0, 0.1, 0.4)), known)

    table = draws(screening)
    assert table["zone_layer"].to_dict() == {A: "communes", "200000001": "epci_2017", "S1": "scot_2018"}
    assert table["take_in_zone_ha"].tolist() == pytest.approx([3.0] * 3)
    assert table["enaf_in_zone_ha"].tolist() == pytest.approx([3.0] * 3)
    # S1 sums A and B, the EPCI of 2017 A and D.
    assert table["allowance_ha"].tolist() == pytest.approx([5.0, 5.0, 7.0])
    assert table["consumed_ha"].tolist() == pytest.approx([1.2] * 3)
    assert table["remaining_before_ha"].tolist() == pytest.approx([3.8, 3.8, 5.8])
    assert table["remaining_after_ha"].tolist() == pytest.approx([0.8, 0.8, 2.8])
    assert table["draw_share"].tolist() == pytest.approx([3 / 3.8, 3 / 3.8, 3 / 5.8])
    assert set(table["take_method"]) == {"land_cover"}
    assert set(table["vintages"]) == {"2021"}
    assert screening.notes == ("potential",)


def test_a_footprint_over_two_communes_draws_on_each_by_its_part_and_on_their_scot_by_the_sum(known):
    table = draws(screen_projects(drawn(square(0.8, 0, 0.5, 0.1)), known))

    assert table["take_in_zone_ha"].to_dict() == pytest.approx(
        {A: 2.0, B: 3.0, "200000001": 2.0, "200000002": 3.0, "S1": 5.0}
    )
    assert table["area_in_zone_ha"].to_dict() == pytest.approx(table["take_in_zone_ha"].to_dict())
    assert table["footprint_ha"].tolist() == pytest.approx([5.0] * 5)
    assert table["remaining_after_ha"].to_dict() == pytest.approx(
        {A: 1.8, B: -1.0, "200000001": 1.8, "200000002": -1.0, "S1": 0.8}
    )
    assert list(table.index[:2]) == [B, A]


def test_the_trajectory_of_the_results_and_that_of_the_layers_give_the_same_draw(known):
    projects = drawn(square(0.8, 0.5, 0.5, 1), at(1.5, 0.5))

    told, computed = screen_projects(projects, known, results=results_of(known)), screen_projects(projects, known)

    pd.testing.assert_frame_equal(told.allowances, computed.allowances)


def test_only_the_law_in_force_is_drawn_on(known):
    results = results_of(known)
    bill = results.trajectory.assign(regime="bill", remaining_ha=99.0)
    results = dataclasses.replace(results, trajectory=pd.concat([results.trajectory, bill]))

    table = draws(screen_projects(drawn(square(0.5, 0, 0.1, 0.1)), known, results=results))

    assert table["remaining_before_ha"].tolist() == pytest.approx([3.8, 3.8, 5.8])


def test_land_without_land_cover_is_taken_whole_as_an_upper_bound(layers):
    screening = screen_projects(drawn(square(0, 0, 0.2, 0.5)), with_land(layers, enaf=flows()))

    table = draws(screening)
    assert table["take_in_zone_ha"].tolist() == pytest.approx([10.0] * 3)
    assert set(table["take_method"]) == {"footprint_upper_bound"}
    assert table["enaf_in_zone_ha"].isna().all()
    assert table["vintages"].isna().all()
    assert table.at[A, "remaining_after_ha"] == pytest.approx(-6.2)
    assert screening.notes == ("potential", "upper_bound")
    assert np.isnan(distance(screening, "envelope_m"))


def test_without_flows_there_is_no_allowance_but_the_take_is_still_told(layers):
    screening = screen_projects(
        drawn(square(0.05, 0, 0.1, 0.2)), with_land(layers, covers=cover("04", 2021, FIELDS_OF_04))
    )

    table = draws(screening)
    assert table["take_in_zone_ha"].tolist() == pytest.approx([1.0] * 3)
    assert table[["allowance_ha", "remaining_before_ha", "remaining_after_ha", "draw_share"]].isna().all(axis=None)
    assert screening.notes == ("potential", "no_allowance")


def test_each_departement_is_measured_with_its_own_latest_file(known):
    # 10 ha, half in E (04: fields), half in F (83): in 2020, 2 of its 5 ha are houses; in 2017 all were.
    var = cover("83", 2017, land_cover((HOUSE, "US5", square(2, 1)))) | cover(
        "83", 2020, land_cover((HOUSE, "US5", square(2, 1, 0.04, 1)), (FIELD, "US1.1", square(2.04, 1, 1, 1)))
    )
    # A polygon of the file of 83 that lies in E does not count there.
    stray = land_cover((HOUSE, "US5", square(1.5, 1, 0.5, 1)))
    source, land = var["cover_83_2020"]
    var["cover_83_2020"] = (source, pd.concat([land, stray], ignore_index=True))
    layers = with_land(known, covers={**known.land.covers, **var})

    screening = screen_projects(drawn(square(1.9, 1, 0.2, 0.5)), layers)

    table = draws(screening)
    assert table["take_in_zone_ha"].to_dict() == pytest.approx({E: 5.0, F: 3.0, "200000002": 8.0})
    assert table["vintages"].to_dict() == {E: "2021", F: "2020", "200000002": "2020 + 2021"}
    assert lies_in(screening, "cover") == {FIELD: 8.0, HOUSE: 2.0}


def test_a_footprint_over_land_with_and_without_land_cover_is_told_in_both_ways(known):
    screening = screen_projects(drawn(square(1.9, 1, 0.2, 0.5)), known)

    table = draws(screening)
    assert table["take_method"].to_dict() == {
        E: "land_cover",
        F: "footprint_upper_bound",
        "200000002": "land_cover + footprint_upper_bound",
    }
    assert table["covered_in_zone_ha"].to_dict() == pytest.approx({E: 5.0, F: 0.0, "200000002": 5.0})
    assert table.at["200000002", "enaf_in_zone_ha"] == pytest.approx(5.0)
    assert table.at["200000002", "take_in_zone_ha"] == pytest.approx(10.0)
    assert lies_in(screening, "cover") == {FIELD: 5.0, OUTSIDE: 5.0}


def test_the_official_layer_says_what_is_artificialised_and_the_land_cover_its_classes(known):
    # The official layer takes the fields for artificialised, and is coarser: one use for all.
    official = FIELDS_OF_04.assign(artificialised=[False, True, False], use_code="US3")
    layers = with_land(known, covers={**known.land.covers, **cover("04", 2021, official, kind="artificialisation")})

    screening = screen_projects(drawn(square(0.05, 0, 0.1, 0.2)), layers)

    land = screening.land.iloc[0]
    assert land[["footprint_ha", "covered_ha", "artificialised_ha", "sealed_ha", "take_ha"]].tolist() == pytest.approx(
        [2.0, 2.0, 1.0, 1.0, 1.0]
    )
    assert lies_in(screening, "use") == {"US1.1": 1.0, "US5": 1.0}


def test_land_cover_that_overlaps_itself_is_artificialised_once(known):
    twice = land_cover((HOUSE, "US5", square(0, 0)), (STREET, "US4.1.1", square(0, 0)), (FIELD, "US1.1", square(0, 0)))

    screening = screen_projects(drawn(square(0.5, 0, 0.1, 0.1)), with_land(known, covers=cover("04", 2021, twice)))

    land = screening.land.iloc[0]
    assert land[["covered_ha", "artificialised_ha", "enaf_ha"]].tolist() == pytest.approx([1.0, 1.0, 0.0])
    assert lies_in(screening, "cover") == {HOUSE: 1.0, STREET: 1.0, FIELD: 1.0}
    rows = screening.overlaps[screening.overlaps["other_layer"] == "cover"]
    assert rows["double_ha"].tolist() == pytest.approx([2.0] * 3)
    assert "double_count" in screening.notes


def test_what_sticks_out_of_the_territory_is_told_and_draws_on_nothing(known):
    screening = screen_projects(drawn(square(0.5, -0.1, 0.1, 0.3)), known)

    assert lies_in(screening, "communes") == {A: 2.0, OUTSIDE: 1.0}
    assert draws(screening)["take_in_zone_ha"].tolist() == pytest.approx([2.0] * 3)
    assert screening.land.at[0, "footprint_ha"] == pytest.approx(3.0)
    assert screening.land.at[0, "take_ha"] == pytest.approx(3.0)
    assert "outside_territory" in screening.notes


def test_a_footprint_out_of_the_territory_draws_on_nothing_and_lies_in_nothing(known):
    screening = screen_projects(drawn(square(9, 9)), known)

    assert screening.allowances.empty
    assert lies_in(screening, "communes") == {OUTSIDE: 100.0}
    assert lies_in(screening, "cover") == {OUTSIDE: 100.0}
    assert np.isnan(distance(screening, "envelope_m"))


def test_a_scot_that_is_a_perimeter_is_drawn_on_by_the_communes_inside_it(known):
    zone = Zone(id="scot", label="SCoT", kind="perimeter", **SOURCE)
    limits = gpd.GeoDataFrame(
        {"name": ["Périmètre"], "status": ["approved"]},
        geometry=[shapely.MultiPolygon([square(0, 0, 1.4, 1)])],
        index=pd.Index(["S9"], name="scot_id"),
        crs=2154,
    )
    kept = {name: layer for name, layer in known.zones.items() if name != "scot_2018"}
    scot = dataclasses.replace(known.zones["pnr"], config=zone, zones=limits)
    layers = dataclasses.replace(known, zones={**kept, "scot": scot})

    table = draws(screen_projects(drawn(square(0.8, 0, 0.4, 0.1)), layers))

    # 2 ha in A, which is inside; 2 ha in B, which the perimeter only cuts.
    assert table.at["S9", "take_in_zone_ha"] == pytest.approx(2.0)
    assert table.at["S9", "remaining_before_ha"] == pytest.approx(3.8)


def test_a_zone_with_communes_out_of_the_territory_is_partial_and_said_to_be(known):
    latest = known.zones["epci_2017"]
    zones = latest.zones.assign(commune_total=latest.zones["commune_total"] + [1, 0])
    layers = dataclasses.replace(known, zones={**known.zones, "epci_2017": dataclasses.replace(latest, zones=zones)})

    screening = screen_projects(drawn(square(0.5, 0, 0.1, 0.1)), layers)

    assert draws(screening)["is_partial"].to_dict() == {A: False, "200000001": True, "S1": False}
    assert screening.notes == ("potential", "partial_zone")


# --- overlaps -----------------------------------------------------------------------------------------------------


def test_a_footprint_is_told_by_commune_zone_park_planning_zone_and_class_of_land(known):
    zoning = planned(
        ("P", "U", square(1, 0, 0.5, 1)), ("P", "U", square(1.4, 0, 0.2, 1)), ("P", "N", square(1.6, 0, 0.2, 1))
    )

    # B whole: park P covers its western 40 %.
    screening = screen_projects(drawn(square(1, 0)), with_land(known, zoning=zoning))

    assert lies_in(screening, "communes") == {B: 100.0}
    assert lies_in(screening, "epci_2015") == {"200000001": 100.0}
    assert lies_in(screening, "epci_2017") == {"200000002": 100.0}
    assert lies_in(screening, "scot_2018") == {"S1": 100.0}
    assert lies_in(screening, "pnr") == {"FR8000001": 40.0, OUTSIDE: 60.0}
    assert lies_in(screening, "zoning") == {"U": 60.0, "N": 20.0, OUTSIDE: 20.0}
    assert lies_in(screening, "cover") == {FIELD: 100.0}
    assert lies_in(screening, "use") == {"US1.1": 100.0}
    rows = screening.overlaps.set_index(["other_layer", "other_code"])
    assert rows.at[("pnr", "FR8000001"), "share_of_project"] == pytest.approx(0.4)
    assert rows.at[("pnr", "FR8000001"), "other_name"] == "Parc P"
    assert rows.at[("cover", FIELD), "other_name"].startswith("Formations herbacées")
    assert set(rows["relation"]) == {"overlap"} < set(RELATIONS)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(x=st.floats(-0.5, 2.9), y=st.floats(-0.5, 1.9), width=st.floats(0.02, 2), height=st.floats(0.02, 2))
def test_every_layer_sums_to_the_footprint(known, x, y, width, height):
    footprint = square(x, y, width, height)
    zoning = planned(("P", "U", square(0.3, 0.2, 1.1, 1)), ("P", "N", square(1.4, 0.2, 3, 1)))
    layers = with_land(known, covers=cover("04", 2021, mosaic(5)), zoning=zoning, enaf=None)

    screening = screen_projects(drawn(footprint), layers)

    sums = screening.overlaps.groupby("other_layer")["overlap_ha"].sum()
    expected = {"communes", "epci_2015", "epci_2017", "scot_2018", "pnr", "zoning", "cover", "use"}
    assert set(sums.index) == expected
    np.testing.assert_allclose(sums, footprint.area / 10_000, rtol=1e-9)
    inside = screening.overlaps.set_index(["other_layer", "other_code"])["overlap_ha"]["communes"].drop(
        OUTSIDE, errors="ignore"
    )
    own = screening.allowances[screening.allowances["zone_layer"] == "communes"]
    assert own["area_in_zone_ha"].sum() == pytest.approx(inside.sum(), rel=1e-9, abs=1e-12)


def test_parks_that_overlap_each_other_are_told_to_count_land_twice(known):
    parks = known.zones["pnr"]
    wider = parks.zones.set_geometry([square(-5, -5, 6.4, 12), square(0.5, -5, 6, 12)])
    layers = dataclasses.replace(known, zones={**known.zones, "pnr": dataclasses.replace(parks, zones=wider)})

    screening = screen_projects(drawn(square(1, 0)), layers)

    assert lies_in(screening, "pnr") == {"FR8000002": 100.0, "FR8000001": 40.0}
    assert screening.overlaps.set_index("other_layer").loc["pnr", "double_ha"].tolist() == pytest.approx([40.0, 40.0])
    assert screening.notes == ("potential", "double_count")


# --- sites and projects without a place ---------------------------------------------------------------------------


def test_a_site_is_told_by_what_lies_at_its_point_and_never_by_an_area(known):
    zoning = planned(("P", "AU", square(0, 0, 1, 1)))

    screening = screen_projects(drawn(at(0.05, 0.5), at(1.7, 0.5)), with_land(known, zoning=zoning))

    assert related(screening, "communes") == [(A, "at_point")]
    assert related(screening, "epci_2017") == [("200000001", "at_point")]
    assert related(screening, "pnr") == [("FR8000001", "at_point")]
    assert related(screening, "zoning") == [("AU", "at_point")]
    assert related(screening, "cover") == [(HOUSE, "at_point")]
    assert related(screening, "pnr", "p2") == [(OUTSIDE, "at_point")]
    assert related(screening, "zoning", "p2") == [(OUTSIDE, "at_point")]
    assert related(screening, "use", "p2") == [("US1.1", "at_point")]
    table = draws(screening)
    assert list(table.index) == [A, "200000001", "S1"]
    unknown = [
        "footprint_ha",
        "area_in_zone_ha",
        "enaf_in_zone_ha",
        "take_in_zone_ha",
        "remaining_after_ha",
        "draw_share",
    ]
    assert table[unknown].isna().all(axis=None)
    assert table["remaining_before_ha"].tolist() == pytest.approx([3.8, 3.8, 5.8])
    assert set(table["take_method"]) == {"unknown"}
    assert screening.notes == ("potential", "unknown_take")


def test_a_site_that_names_a_known_station_stands_at_the_station(known):
    # The station is in the middle of A; the second one names a station that nobody knows.
    projects = drawn(at(1.9, 0.5), at(1.9, 0.5), station_uic=["87000001", "87999999"])

    screening = screen_projects(projects, known)

    assert related(screening, "communes") == [(A, "at_point")]
    assert related(screening, "communes", "p2") == [(B, "at_point")]
    assert distance(screening, "station_m") == pytest.approx(0, abs=1e-6)
    # The coordinates of the station are rounded to 1e-6 degree.
    assert distance(screening, "station_m", "p2") == pytest.approx(1400, abs=0.2)


def test_a_site_without_land_cover_in_its_own_departement_has_unknown_land(known):
    screening = screen_projects(drawn(at(2.5, 1.5), at(9, 9)), known)

    assert related(screening, "cover") == [(OUTSIDE, "at_point")]
    assert related(screening, "communes", "p2") == [(OUTSIDE, "at_point")]
    assert list(screening.allowances["project_id"].unique()) == ["p1"]


def test_the_land_at_a_site_is_that_of_the_file_of_its_own_departement(known):
    # The file of 83 says that E, of 04, is all houses.
    var = cover("83", 2020, land_cover((HOUSE, "US5", square(1, 1))))

    screening = screen_projects(drawn(at(1.7, 1.5)), with_land(known, covers={**known.land.covers, **var}))

    assert related(screening, "cover") == [(FIELD, "at_point")]


def test_a_project_of_a_commune_is_of_its_zones_and_has_no_point(known):
    screening = screen_projects(placeless("commune", commune_code=B), known)

    assert related(screening, "communes") == [(B, "named")]
    assert related(screening, "epci_2015") == [("200000001", "member")]
    assert related(screening, "epci_2017") == [("200000002", "member")]
    assert related(screening, "scot_2018") == [("S1", "member")]
    assert not set(screening.overlaps["other_layer"]) & {"pnr", "cover", "zoning"}
    assert draws(screening)["remaining_before_ha"].to_dict() == pytest.approx({B: 2.0, "200000002": 2.0, "S1": 5.8})
    assert screening.distances.drop(columns=["project_id", "project_name", "scale"]).isna().all(axis=None)
    assert np.isnan(screening.land.at[0, "take_ha"])


def test_a_commune_in_no_scot_or_out_of_the_territory_is_said_to_be(known):
    in_none = screen_projects(placeless("commune", commune_code=F), known)
    away = screen_projects(placeless("commune", commune_code="13001"), known)

    assert related(in_none, "scot_2018") == [(OUTSIDE, "member")]
    assert list(draws(in_none).index) == [F, "200000002"]
    assert related(away, "communes") == [(OUTSIDE, "named")]
    assert away.allowances.empty
    assert away.notes == ("potential", "unknown_take", "outside_territory")


def test_a_project_of_an_epci_is_of_it_in_the_latest_list_that_knows_it(known):
    screening = screen_projects(placeless("epci", epci_siren="200000002"), known)

    assert related(screening, "epci_2017") == [("200000002", "named")]
    assert set(screening.overlaps["other_layer"]) == {"epci_2017"}
    assert draws(screening)["zone_layer"].to_dict() == {"200000002": "epci_2017"}
    assert draws(screening)["take_method"].tolist() == ["unknown"]


def test_a_project_of_no_epci_in_particular_is_of_each_of_the_latest_list(known):
    screening = screen_projects(placeless("epci"), known)

    assert related(screening, "epci_2017") == [("200000001", "named"), ("200000002", "named")]
    assert set(screening.overlaps["other_layer"]) == {"epci_2017"}
    # A, the first one's, was allowed 5 ha; B, which is the second one's since 2017, 2 ha.
    assert draws(screening)["allowance_ha"].to_dict() == pytest.approx({"200000001": 5.0, "200000002": 2.0})


def test_a_footprint_beyond_the_territory_is_told_to_be_an_upper_bound(known):
    # Half of it in A, which land cover tells of, half where nothing is known.
    screening = screen_projects(drawn(square(0.5, -0.1, 0.1, 0.2)), known)

    assert set(screening.allowances["take_method"]) == {"land_cover"}
    assert {"upper_bound", "outside_territory"} <= set(screening.notes)


def test_a_project_of_the_whole_territory_draws_on_the_whole_territory(known):
    screening = screen_projects(placeless("pays"), known)

    assert related(screening, "territory") == [("territory", "named")]
    assert draws(screening).at["territory", "allowance_ha"] == pytest.approx(7.0)
    assert draws(screening).at["territory", "zone_name"] == "Six carrés"


def test_an_epci_of_no_date_is_in_no_table_but_the_one_a_project(known):
    screening = screen_projects(placeless("epci", epci_siren="999999999"), known)

    assert screening.allowances.empty
    assert screening.overlaps.empty
    assert len(screening.distances) == len(screening.land) == 1


def test_projects_keep_their_order_and_none_give_empty_tables(known):
    projects = gpd.GeoDataFrame(
        pd.concat([placeless("pays").set_axis(["z"]), drawn(square(0, 0, 0.1, 0.1), at(1.5, 0.5))])
    )
    everything, nothing = screen_projects(projects, known), screen_projects(projects.iloc[:0], known)

    for name in ("allowances", "overlaps", "distances", "land"):
        table, empty = getattr(everything, name), getattr(nothing, name)
        assert list(table["project_id"].unique()) == ["z", "p1", "p2"]
        assert empty.empty
        pd.testing.assert_series_equal(table.dtypes, empty.dtypes)
    assert nothing.notes == NOTES[:1]


def test_the_projects_of_the_territory_are_screened_as_they_are_read(known):
    screening = screen_projects(known.projects, known)

    assert list(screening.distances["project_id"]) == ["hub", "house", "homes", "gis"]


def test_a_footprint_drawn_in_a_file_is_screened(known, tmp_path):
    shape = gpd.GeoDataFrame(
        {"project_id": ["new"], "name": ["Parking"]}, geometry=[square(0.5, 0, 0.1, 0.1)], crs=2154
    )
    shape.to_crs(4326).to_file(tmp_path / "drawn.geojson")

    table = draws(screen_projects(read_projects(tmp_path / "drawn.geojson"), known), "new")

    # WGS84 degrees are written to 7 decimals, some centimetres.
    assert table.at[A, "take_in_zone_ha"] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("projects", "message"),
    [
        (drawn(square(0, 0)).drop(columns="scale"), r"columns \['scale'\] expected"),
        (
            drawn(square(0, 0), scale=["canton"]),
            "a scale among site, footprint, commune, epci, pays expected, found 'canton'",
        ),
        (drawn(square(0, 0), scale=["site"]), "a point for each site expected, found none for 'p1'"),
        (drawn(at(0, 0), scale=["footprint"]), "valid polygons expected, found others for"),
        (drawn(square(0, 0), at(0, 0)).set_axis(["p", "p"]), "unique codes expected, found 'p' twice"),
        (drawn(square(0, 0)).to_crs(4326), "projects is in EPSG:4326"),
    ],
)
def test_projects_that_cannot_be_screened_are_refused(known, projects, message):
    with pytest.raises(ValueError, match=message):
        screen_projects(projects, known)


# --- distances ----------------------------------------------------------------------------------------------------


def test_the_nearest_passenger_station_is_measured_from_the_edge(known):
    stations = gpd.GeoDataFrame(
        {"name": ["Fret", "Ville"], "passengers": [False, True]},
        geometry=[at(0.65, 0.5), at(0.9, 0.5)],
        index=pd.Index(["1", "2"], name="uic_code"),
        crs=2154,
    )
    projects = drawn(square(0.5, 0.4, 0.1, 0.2), square(0.8, 0.4, 0.2, 0.2))

    screening = screen_projects(projects, dataclasses.replace(known, stations=stations))

    assert distance(screening, "station_uic") == "2"
    assert distance(screening, "station_name") == "Ville"
    assert distance(screening, "station_m") == pytest.approx(300)
    assert distance(screening, "station_m", "p2") == 0


@pytest.mark.parametrize("freight", [False, True])
def test_without_a_passenger_station_none_is_near(known, freight):
    stations = known.stations.assign(passengers=False) if freight else None

    screening = screen_projects(drawn(square(0, 0)), dataclasses.replace(known, stations=stations))

    assert screening.distances[["station_uic", "station_name", "station_m"]].isna().all(axis=None)


def test_the_distance_to_a_park_is_that_to_its_limit_and_0_inside(known):
    # Park P ends at x = 1.4, park Q starts at 2.9.
    screening = screen_projects(drawn(square(1.6, 0, 0.1, 0.1), square(2.6, 0, 0.1, 0.1), at(1.0, 0.5)), known)

    assert screening.distances["park_name"].tolist() == ["Parc P", "Parc Q", "Parc P"]
    assert screening.distances["park_m"].tolist() == pytest.approx([200.0, 200.0, 0.0])


def test_without_a_park_none_is_near(known):
    zones = {name: layer for name, layer in known.zones.items() if name != "pnr"}

    screening = screen_projects(drawn(square(0, 0)), dataclasses.replace(known, zones=zones))

    assert np.isnan(distance(screening, "park_m"))
    assert "pnr" not in set(screening.overlaps["other_layer"])


def test_the_distance_to_the_town_is_that_to_its_envelope_and_0_inside(known):
    # The houses are the western 100 m of A: 10 ha, an envelope that is large enough.
    land = land_cover((HOUSE, "US5", square(0, 0, 0.11, 1)), (FIELD, "US1.1", square(0.11, 0, 2.89, 1)))
    layers = with_land(known, covers=cover("04", 2021, land))

    screening = screen_projects(drawn(square(0.4, 0.5, 0.1, 0.1), at(0.05, 0.5), at(2.11, 0.5)), layers)

    # The erosion ends less than 1 cm from the straight side.
    assert screening.distances["envelope_m"].tolist() == pytest.approx([290.0, 0.0, 2000.0], abs=0.01)


def test_a_hamlet_and_a_road_are_no_town(known):
    land = land_cover(
        (HOUSE, "US5", square(0, 0, 0.09, 1)),
        (STREET, "US4.1.1", square(0.09, 0, 0.5, 1)),
        (FIELD, "US1.1", square(0.59, 0, 2, 1)),
    )

    screening = screen_projects(drawn(at(0.7, 0.5)), with_land(known, covers=cover("04", 2021, land)))

    assert np.isnan(distance(screening, "envelope_m"))


def test_a_town_beyond_the_first_radii_is_still_found_and_one_beyond_the_last_is_not(known):
    far, out = land_cover((HOUSE, "US5", square(8, 0))), land_cover((HOUSE, "US5", square(18, 0)))
    project = drawn(at(0.5, 0.5))

    found = screen_projects(project, with_land(known, covers=cover("04", 2021, far)))
    none = screen_projects(project, with_land(known, covers=cover("04", 2021, out)))

    assert distance(found, "envelope_m") == pytest.approx(7500, abs=0.01)
    assert np.isnan(distance(none, "envelope_m"))


def test_a_town_that_runs_far_away_from_its_near_end_is_not_missed_for_another(known):
    # 13 ha of houses along a road, from 0.9 to 3.5 km east of the project; a town of 20 ha 1.5 km west of it.
    road = [(HOUSE, "US5", square(1.4 + rank / 10, 0.475, 0.1, 0.05)) for rank in range(26)]
    land = land_cover(*road, (HOUSE, "US5", square(-1.5, 0.3, 0.5, 0.4)))

    screening = screen_projects(drawn(at(0.5, 0.5)), with_land(known, covers=cover("04", 2021, land)))

    assert distance(screening, "envelope_m") == pytest.approx(900, abs=0.01)


def test_the_town_of_the_neighbouring_departement_counts_but_only_by_its_own_file(known):
    # The file of 04 says that F (83) is all houses; its own says that only its eastern half is.
    four = land_cover((FIELD, "US1.1", square(0, 0, 2, 2)), (HOUSE, "US5", square(2, 1)))
    var = land_cover((FIELD, "US1.1", square(2, 1, 0.5, 1)), (HOUSE, "US5", square(2.5, 1, 0.5, 1)))
    layers = with_land(known, covers=cover("04", 2021, four) | cover("83", 2020, var))

    screening = screen_projects(drawn(at(1.8, 1.5)), layers)

    assert distance(screening, "envelope_m") == pytest.approx(700, abs=0.01)


# --- alternatives -------------------------------------------------------------------------------------------------


def test_alternatives_stand_side_by_side(known):
    zoning = planned(("P", "U", square(0, 0, 0.15, 1)), ("P", "N", square(1, 0, 1, 1)))
    projects = drawn(square(0.05, 0, 0.2, 0.2), square(1.3, 0, 0.2, 0.3), at(0.5, 0.5))

    table = compare_projects(projects, with_land(known, zoning=zoning))

    assert list(table.columns) == ["p1", "p2", "p3"]
    assert table.loc["footprint_ha"].tolist() == pytest.approx([4.0, 6.0, np.nan], nan_ok=True)
    assert table.loc["take_ha"].tolist() == pytest.approx([3.0, 6.0, np.nan], nan_ok=True)
    assert table.loc["artificialised_ha"].tolist() == pytest.approx([1.0, 0.0, np.nan], nan_ok=True)
    assert table.loc["sealed_ha"].tolist() == pytest.approx([1.0, 0.0, np.nan], nan_ok=True)
    assert table.loc["zoning_U_share"].tolist() == pytest.approx([0.5, 0.0, np.nan], nan_ok=True)
    assert table.loc["zoning_N_share"].tolist() == pytest.approx([0.0, 1.0, np.nan], nan_ok=True)
    assert table.loc["zoning_A_share"].tolist() == pytest.approx([0.0, 0.0, np.nan], nan_ok=True)
    assert table.loc["zoning_outside_share"].tolist() == pytest.approx([0.5, 0.0, np.nan], nan_ok=True)
    assert table.loc["park_share"].tolist() == pytest.approx([1.0, 0.5, np.nan], nan_ok=True)
    assert table.loc["commune_remaining_before_ha"].tolist() == pytest.approx([3.8, 2.0, 3.8])
    assert table.loc["commune_remaining_after_ha"].tolist() == pytest.approx([0.8, -4.0, np.nan], nan_ok=True)
    assert table.loc["scot_remaining_after_ha"].tolist() == pytest.approx([2.8, -0.2, np.nan], nan_ok=True)
    assert table.loc["epci_draw_share"].tolist() == pytest.approx([3 / 3.8, 3.0, np.nan], nan_ok=True)
    assert table.attrs["names"] == {"p1": "P1", "p2": "P2", "p3": "P3"}
    assert table.attrs["zones"]["p2"] == {"commune": "B", "epci": "EPCI 2", "scot": "SCoT 1"}
    assert table.attrs["notes"][0] == "potential"


def test_a_footprint_over_two_communes_is_compared_by_the_one_that_it_takes_most_of(known):
    table = compare_projects(drawn(square(0.8, 0, 0.5, 0.1)), known)

    assert table.attrs["zones"]["p1"]["commune"] == "B"
    assert table.at["commune_take_ha", "p1"] == pytest.approx(3.0)
    assert table.at["take_ha", "p1"] == pytest.approx(5.0)


def test_planning_zones_are_unknown_without_a_document_at_the_place(known):
    elsewhere = compare_projects(drawn(square(0, 0)), with_land(known, zoning=planned(("P", "U", square(2, 0)))))
    nowhere = compare_projects(drawn(square(0, 0)), known)

    assert np.isnan(elsewhere.at["zoning_U_share", "p1"])
    assert elsewhere.at["zoning_outside_share", "p1"] == 1.0
    assert np.isnan(nowhere.at["zoning_outside_share", "p1"])


def test_people_within_reach_are_put_beside_the_land(known):
    catchments = pd.DataFrame(
        {
            "hub_id": ["p1", "p1", "p2"],
            "mode": ["walk", "bike", "walk"],
            "minutes": [10, 15, 10],
            "population": [1200.0, 9000.0, 300.0],
            "jobs": [np.nan, 50.0, 20.0],
        }
    )

    table = compare_projects(drawn(at(0.5, 0.5), at(1.5, 0.5)), known, catchments=catchments)

    assert table.loc["population_walk_10"].tolist() == [1200, 300]
    assert table.loc["population_bike_15"].tolist() == pytest.approx([9000, np.nan], nan_ok=True)
    assert table.loc["jobs_walk_10"].tolist() == pytest.approx([np.nan, 20], nan_ok=True)


def test_there_is_nothing_to_compare_without_a_project(known):
    with pytest.raises(ValueError, match="at least one expected to compare, found none"):
        compare_projects(drawn(square(0, 0)).iloc[:0], known)
