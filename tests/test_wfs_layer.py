import geopandas as gpd
import pyogrio
import pytest
from geoserver import geoserver
from shapely import LineString, MultiPoint, Point
from wfs_world import CODES, SOUTH, WEST, Asking, communes, source

from hp_sig.errors import SourceError


@pytest.fixture
def server():
    with geoserver(communes()) as running:
        yield running


@pytest.fixture
def asking(server, tmp_path):
    return Asking(url=server.url, folder=tmp_path)


def types_of(path):
    info = pyogrio.read_info(path)
    return dict(zip(info["fields"], info["ogr_types"], strict=True))


def test_the_layer_is_named_after_its_place_and_keeps_types(asking):
    fetched = asking.get()

    assert fetched.path.name == "communes.gpkg"
    assert pyogrio.list_layers(fetched.path).tolist() == [["communes", "MultiPolygon"]]
    assert types_of(fetched.path) == {
        "cleabs": "OFTString",
        "nom_officiel": "OFTString",
        "code_insee": "OFTString",
        "code_insee_du_departement": "OFTString",
        "population": "OFTInteger64",
        "superficie_cadastrale": "OFTReal",
    }


@pytest.mark.parametrize(
    ("values", "described", "expected"),
    [
        ([None] * 25, "xsd:int", "OFTInteger64"),
        ([None] * 25, "xsd:double", "OFTReal"),
        ([None] * 25, "xsd:date", "OFTString"),
        ([None] * 25, "xsd:boolean", "OFTInteger"),
        ([True, None] + [False] * 23, "xsd:boolean", "OFTInteger"),
        ([1, 2.5, None] + [3] * 22, "xsd:decimal", "OFTReal"),
        ([2**70] + [1] * 24, "xsd:integer", "OFTString"),
        (["2026-01-01Z"] * 25, "xsd:date", "OFTString"),
        ([["04001", "04002"]] * 25, "xsd:string", "OFTString"),
        (["1", 1, None] + ["2"] * 22, "xsd:string", "OFTString"),
    ],
)
def test_values_keep_the_type_in_which_they_are_served(server, asking, values, described, expected):
    server.fields["extra"] = described
    for row, value in zip(server.rows, values, strict=True):
        row["extra"] = value
    path = asking.get().path

    assert types_of(path)["extra"] == expected
    assert gpd.read_file(path)["extra"].isna().tolist() == [value is None for value in values]


def test_an_attribute_named_as_the_columns_of_a_geopackage_is_kept(server, asking):
    for rank, row in enumerate(server.rows):
        row |= {"fid": f"f{rank}", "geom": "square"}
    served = gpd.read_file(asking.get().path)

    assert served["fid"].tolist() == [f"f{rank}" for rank in range(25)]
    assert set(served["geom"]) == {"square"}


def test_two_attributes_that_differ_by_case_only_are_told(server, asking):
    for row in server.rows:
        row["CODE_INSEE"] = "x"

    with pytest.raises(SourceError, match=r"communes\.gpkg"):
        asking.get()


def test_lines_become_multiple_lines(server, asking):
    server.shapes = [LineString([(WEST, SOUTH), (WEST + 100, SOUTH)])] * 25
    asking.source = source(geometry="line")
    served = gpd.read_file(asking.get().path)

    assert set(served.geom_type) == {"MultiLineString"}
    assert served.length.sum() == 2500


@pytest.mark.parametrize(
    ("first", "expected"),
    [(Point(WEST, SOUTH), "Point"), (MultiPoint([(WEST, SOUTH), (WEST + 1, SOUTH)]), "MultiPoint")],
)
def test_points_stay_points_unless_one_is_multiple(server, asking, first, expected):
    server.shapes = [first, *[Point(WEST, SOUTH)] * 24]
    asking.source = source(geometry="point")

    assert set(gpd.read_file(asking.get().path).geom_type) == {expected}


def test_a_table_keeps_the_codes_and_quotes_what_must_be(server, asking):
    server.rows[0]["nom_officiel"] = 'L\'Escale; "le port"'
    asking.source = source(geometry="none", file="communes/municipalities")
    path = asking.get().path

    assert path.name == "municipalities.csv"
    first = path.read_text(encoding="utf-8").splitlines()[1]
    assert first.startswith('COMMUNE_04001;"L\'Escale; ""le port""";04001;04;')
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + len(CODES)
