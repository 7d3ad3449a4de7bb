from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiLineString, Point

from hp_sig import LayerError
from hp_sig.layers.roads import read_roads
from hp_sig.reference.roads import MODES, SCHEMAS, road_classes, road_values, speeds_of, streets

WEST, SOUTH = 930_000.0, 6_300_000.0


def line(rank: int, length: float = 100.0) -> LineString:
    """Draw a street that runs east, one every 10 m."""
    return LineString([(WEST, SOUTH + 10 * rank), (WEST + length, SOUTH + 10 * rank)])


def written(path: Path, shapes: list[shapely.Geometry] | None = None, **columns: object) -> Path:
    count = max((len(values) for values in columns.values() if isinstance(values, list)), default=1)
    drawn = gpd.GeoDataFrame(columns, geometry=shapes or [line(rank) for rank in range(count)], crs=2154)
    drawn.to_file(path)
    return path


@pytest.fixture
def osm(tmp_path):
    """Write roads as Geofabrik delivers them; every column but the class may be changed."""

    def write(fclass: list[str], shapes: list[shapely.Geometry] | None = None, **columns: object) -> Path:
        given = {"osm_id": [str(rank + 1) for rank in range(len(fclass))], "code": 5122, "fclass": fclass}
        given |= {"name": None, "oneway": "B", "maxspeed": 0, "layer": 0, "bridge": "F", "tunnel": "F"}
        return written(tmp_path / "roads.gpkg", shapes, **(given | columns))

    return write


@pytest.fixture
def topo(tmp_path):
    """Write roads as IGN delivers them in a GeoPackage of BD TOPO."""

    def write(nature: list[str], **columns: object) -> Path:
        given = {"cleabs": [f"TRONROUT{rank}" for rank in range(len(nature))], "nature": nature, "importance": "5"}
        given |= {"urbain": False, "sens_de_circulation": "Double sens", "position_par_rapport_au_sol": "0"}
        given |= {"acces_vehicule_leger": "Libre", "acces_pieton": None, "etat_de_l_objet": "En service"}
        given |= {"vitesse_moyenne_vl": 30, "nom_collaboratif_gauche": "R DU PORT"}
        return written(tmp_path / "troncon_de_route.gpkg", **(given | columns))

    return write


def faults_of(path: Path, **options: object) -> tuple[str, ...]:
    with pytest.raises(LayerError) as caught:
        read_roads(path, **options)
    return caught.value.faults


# OpenStreetMap


def test_a_street_of_geofabrik_is_read_with_its_class_its_ways_and_its_name(osm):
    path = osm(["residential"], name=["Rue de la Gare"], oneway=["F"], maxspeed=[30])

    roads = read_roads(path, vintage="2021")

    assert roads.index.tolist() == ["1"]
    assert roads.index.name == "road_id"
    assert roads.drop(columns="geometry").iloc[0].to_dict() == {
        "name": "Rue de la Gare",
        "road_class": "residential",
        "oneway": "forward",
        "level": 0,
        "speed_kmh": 30.0,
        "car_access": True,
        "foot_access": True,
    }
    assert roads.geometry.iloc[0].equals(line(0))
    assert roads.crs.to_epsg() == 2154
    assert (roads.attrs["vintage"], roads.attrs["notes"]) == ("2021", [])


def test_letters_of_geofabrik_tell_the_way_and_none_is_both(osm):
    roads = read_roads(osm(["residential"] * 4, oneway=["B", "F", "T", None]))

    assert roads["oneway"].tolist() == ["both", "forward", "backward", "both"]


def test_only_what_is_marked_as_a_bridge_or_a_tunnel_leaves_the_ground(osm):
    path = osm(
        ["primary"] * 9,
        bridge=["T", "T", "T", "F", "F", "F", "F", "T", "T"],
        tunnel=["F", "F", "F", "T", "T", "F", "F", "T", "T"],
        layer=[0, 2, -1, 0, -2, 3, -1, -1, 0],
    )

    assert read_roads(path)["level"].tolist() == [1, 2, 1, -1, -2, 0, 0, 1, 1]


def test_flags_may_be_lacking(tmp_path):
    roads = read_roads(written(tmp_path / "roads.gpkg", osm_id=["1"], fclass=["path"], bridge=["T"]))

    assert roads[["oneway", "level", "car_access", "foot_access"]].iloc[0].tolist() == ["both", 1, True, True]
    assert roads[["name", "speed_kmh"]].isna().all(axis=None)


def test_a_limit_of_0_is_no_limit(osm):
    assert read_roads(osm(["primary"] * 3, maxspeed=[0, 1, 50]))["speed_kmh"].tolist()[2] == 50.0
    assert read_roads(osm(["primary"] * 3, maxspeed=[0, 1, 50]))["speed_kmh"].isna().tolist() == [True, True, False]


def test_a_multiline_becomes_its_lines_with_a_number_after_the_identifier(osm):
    parts = [line(0), line(5, 30.0)]

    roads = read_roads(osm(["track", "path"], [MultiLineString(parts), line(7)]))

    assert roads.index.tolist() == ["1", "1#2", "2"]
    assert roads.length.tolist() == [100.0, 30.0, 100.0]
    assert roads["road_class"].tolist() == ["track", "track", "path"]


def test_a_line_that_was_delivered_twice_comes_once(osm):
    path = osm(["path"] * 4, [line(0), line(0), line(1), line(0)], osm_id=["7", "7", "7", "8"])

    roads = read_roads(path)

    assert roads.index.tolist() == ["7", "7#2", "8"]
    assert roads.geometry.iloc[1].equals(line(1))
    assert roads.attrs["notes"] == ["1 lines come more than once: kept once."]


def test_a_line_without_length_is_no_road(osm):
    nothing = LineString([(WEST, SOUTH), (WEST, SOUTH)])

    assert read_roads(osm(["path", "path"], [nothing, line(1)])).index.tolist() == ["2"]


def test_a_few_roads_of_unknown_classes_are_left_out_and_counted(osm):
    # 40 m of 1 040: 3.8 %.
    path = osm(["path"] * 10 + ["ferry", None], [line(rank) for rank in range(10)] + [line(10, 30.0), line(11, 10.0)])

    roads = read_roads(path)

    assert len(roads) == 10
    (note,) = roads.attrs["notes"]
    assert note == "2 roads (3.8% of the length) are of classes that are not known: 'ferry', '': left out."


def test_a_file_of_unknown_classes_is_no_road_network(osm):
    # 100 m of 1 000: 10 %.
    (fault,) = faults_of(osm(["path"] * 9 + ["ferry"]))

    assert fault == (
        "1 roads (10.0% of the length) are of classes that are not known: 'ferry'. Is this a road network of "
        "Geofabrik or BD TOPO?"
    )


def test_every_fault_of_a_file_is_told_in_one_error(osm):
    path = osm(
        ["path", "path", "path", "river", "path"],
        [line(0), line(1), Point(WEST, SOUTH), line(3), line(4)],
        osm_id=["1", None, "3", "4", None],
        oneway=["B", "X", "B", "-1", "B"],
        maxspeed=["50", "walk", "0", "0", "0"],
    )

    faults = faults_of(path)

    assert faults[0] == "1 roads are no lines (Point). Keep only lines."
    assert faults[1].startswith("one-way marks expected among B, F, T, Double sens")
    assert faults[1].endswith("found 'X', '-1'.")
    assert faults[2] == "1 values of the column 'maxspeed' are not numbers: 'walk'."
    assert faults[3] == "2 roads have no identifier in the column 'osm_id'."
    assert faults[4].startswith("1 roads (25.0% of the length) are of classes that are not known: 'river'.")
    assert len(faults) == 5


def test_a_layer_number_that_is_none_is_a_fault(osm):
    assert faults_of(osm(["path"], layer=["up"])) == ("1 values of the column 'layer' are not numbers: 'up'.",)


def test_polygons_are_no_roads(osm):
    (fault,) = faults_of(osm(["pedestrian"], [line(0).buffer(5)]))

    assert fault == "1 roads are no lines (Polygon). Keep only lines."


def test_a_road_without_geometry_is_a_fault(osm):
    (fault,) = faults_of(osm(["path", "path"], [line(0), None]))

    assert fault == "1 roads are no lines (no geometry). Keep only lines."


def test_a_file_without_classes_is_told_both_names(tmp_path):
    (fault,) = faults_of(written(tmp_path / "roads.gpkg", osm_id=["1"], kind=["path"]))

    assert "expected a column for « fclass » (known names: fclass); found the columns osm_id, kind, geometry" in fault
    assert fault.endswith("fclass of OpenStreetMap, or nature of BD TOPO.")


def test_columns_of_other_names_may_be_given(tmp_path):
    path = written(tmp_path / "roads.gpkg", key=["a"], kind=["steps"])

    roads = read_roads(path, fields={"road_id": "key", "fclass": "kind"})

    assert roads["road_class"].to_dict() == {"a": "steps"}


def test_lines_in_degrees_are_brought_to_lambert_93(tmp_path):
    path = tmp_path / "roads.geojson"
    shapes = gpd.GeoSeries([line(0)], crs=2154).to_crs(4326)
    gpd.GeoDataFrame({"osm_id": ["1"], "fclass": ["path"]}, geometry=shapes).to_file(path)

    assert read_roads(path).length.iloc[0] == pytest.approx(100.0, abs=1e-3)


# BD TOPO


@pytest.mark.parametrize(
    ("nature", "importance", "urban", "road_class"),
    [
        ("Type autoroutier", "1", False, "motorway"),
        ("Bretelle", "3", False, "ramp"),
        ("Route à 2 chaussées", "2", True, "primary"),
        ("Route à 2 chaussées", "3", False, "secondary"),
        ("Route à 1 chaussée", "1", False, "primary"),
        ("Route à 1 chaussée", "3", True, "secondary"),
        ("Route à 1 chaussée", "4", True, "tertiary"),
        ("Route à 1 chaussée", "5", False, "minor"),
        ("Route à 1 chaussée", "5", True, "residential"),
        ("Route à 1 chaussée", "6", False, "service"),
        ("Route à 1 chaussée", None, False, "minor"),
        ("Rond-point", "5", True, "minor"),
        ("Rond-point", "4", False, "tertiary"),
        ("Route empierrée", "5", True, "track"),
        ("Chemin", "6", False, "track"),
        ("Sentier", "6", False, "path"),
        ("Escalier", "6", True, "steps"),
        ("Piste cyclable", "6", False, "cycleway"),
    ],
)
def test_nature_importance_and_town_tell_the_class_of_a_road_of_bd_topo(topo, nature, importance, urban, road_class):
    roads = read_roads(topo([nature], importance=[importance], urbain=[urban]))

    assert roads["road_class"].tolist() == [road_class]


def test_the_ways_of_bd_topo_are_read(topo):
    path = topo(["Chemin"] * 4, sens_de_circulation=["Double sens", "Sens direct", "Sens inverse", "Sans objet"])

    assert read_roads(path)["oneway"].tolist() == ["both", "forward", "backward", "both"]


def test_a_ford_is_on_the_ground(topo):
    path = topo(["Chemin"] * 5, position_par_rapport_au_sol=["0", "1", "-1", "Gué ou radier", None])

    assert read_roads(path)["level"].tolist() == [0, 1, -1, 0, 0]


def test_who_may_pass_is_told(topo):
    path = topo(
        ["Chemin"] * 5,
        acces_vehicule_leger=["Libre", "A péage", "Restreint aux ayants droit", "Physiquement impossible", None],
        acces_pieton=[None, "Restreint aux ayants droit", None, "Libre", "Interdit"],
    )

    roads = read_roads(path)

    assert roads["car_access"].tolist() == [True, True, False, False, True]
    assert roads["foot_access"].tolist() == [True, False, True, True, False]


def test_what_is_not_in_service_is_left_out_and_counted(topo):
    path = topo(["Chemin"] * 4, etat_de_l_objet=["En service", "En projet", "En construction", None])

    roads = read_roads(path)

    assert roads.index.tolist() == ["TRONROUT0", "TRONROUT3"]
    assert roads.attrs["notes"] == ["2 roads are not in service (planned or being built): left out."]


def test_a_file_of_planned_roads_alone_is_no_network(topo):
    (fault,) = faults_of(topo(["Chemin"], etat_de_l_objet=["En projet"]))

    assert fault == "expected roads, found none that is in use. Check the layer."


def test_speeds_and_names_of_bd_topo_are_read(topo):
    roads = read_roads(topo(["Chemin"] * 2, vitesse_moyenne_vl=[1, 45], nom_collaboratif_gauche=["R DU PORT", None]))

    assert roads["speed_kmh"].iloc[1] == 45.0
    assert np.isnan(roads["speed_kmh"].iloc[0])
    assert roads["name"].iloc[0] == "R DU PORT"
    assert pd.isna(roads["name"].iloc[1])


def test_a_shapefile_of_bd_topo_has_names_of_ten_letters(tmp_path):
    path = written(
        tmp_path / "TRONCON_DE_ROUTE.shp",
        ID=["a", "b"],
        NATURE=["Route à 1 chaussée", "Sentier"],
        IMPORTANCE=["5", "6"],
        URBAIN=["Oui", "Non"],
        SENS=["Sens inverse", "Sans objet"],
        POS_SOL=["1", "Gué ou radier"],
        ETAT=["En service", "En service"],
        ACCES_VL=["Restreint aux ayants droit", "Physiquement impossible"],
        ACCES_PED=["Interdit", None],
        VIT_MOY_VL=[25, 1],
        NOM_COLL_G=["R DU PORT", None],
    )

    roads = read_roads(path)

    first = roads.drop(columns="geometry").loc["a"].to_dict()
    assert first == {
        "name": "R DU PORT",
        "road_class": "residential",
        "oneway": "backward",
        "level": 1,
        "speed_kmh": 25.0,
        "car_access": False,
        "foot_access": False,
    }
    assert roads.loc["b", ["road_class", "oneway", "level", "foot_access"]].tolist() == ["path", "both", 0, True]


def test_the_network_is_chosen_among_the_layers_of_a_delivery(topo):
    path = topo(["Chemin"])
    other = gpd.GeoDataFrame({"cleabs": ["x"]}, geometry=[Point(WEST, SOUTH)], crs=2154)
    other.to_file(path, layer="toponymie", mode="a")

    assert len(read_roads(path)) == 1


# Tables


def test_every_value_leads_to_a_class_that_has_speeds():
    for schema in SCHEMAS:
        assert set(road_values(schema)["road_class"]) <= set(road_classes())
    for mode in MODES:
        assert set(speeds_of(mode)) == set(road_classes())


def test_nobody_walks_or_rides_on_a_motorway_and_no_car_on_a_path():
    closed = ("motorway", "trunk", "ramp")

    assert {speeds_of(mode)[name] for mode in ("walk", "bike") for name in closed} == {0.0}
    assert {speeds_of("car")[name] for name in ("path", "track", "footway", "cycleway", "steps")} == {0.0}


def test_people_live_along_residential_streets():
    assert streets() == {"residential", "living_street"}


@pytest.mark.parametrize(
    ("mode", "changes", "message"),
    [
        ("horse", None, r"^mode: one of walk, bike, car expected, found 'horse'\.$"),
        ("walk", {"rue": 4.0}, r"^speeds: classes of roads expected \(motorway, .*\), found 'rue'\.$"),
        ("walk", {"path": -1.0}, r"^speeds: km/h of 0 or more expected, found -1\.0 for 'path'\.$"),
        ("walk", {"path": float("inf")}, r"found inf for 'path'"),
        ("walk", {"path": float("nan")}, r"found nan for 'path'"),
    ],
)
def test_speeds_that_mean_nothing_are_refused(mode, changes, message):
    with pytest.raises(ValueError, match=message):
        speeds_of(mode, changes)


def test_speeds_may_be_changed_and_a_class_closed():
    changed = speeds_of("bike", {"path": 0.0, "track": 12.5})

    assert (changed["path"], changed["track"], changed["residential"]) == (0.0, 12.5, 15.0)
