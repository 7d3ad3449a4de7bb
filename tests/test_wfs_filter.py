import xml.etree.ElementTree as ET

import pytest
from wfs_world import Asking, source

from hp_sig.errors import SourceError
from hp_sig.sources.wfs_filter import asked_bounds, filter_parameters

FES = "{http://www.opengis.net/fes/2.0}"


def parameters(tmp_path, language, scope, *, geometry_field="geom", scope_field="insee", **part):
    asking = Asking(url="http://127.0.0.1:9/", folder=tmp_path, source=source(scope=scope), filter=language)
    wanted = asking.wanted(**part)
    return filter_parameters(asking.service, wanted, scope_field=scope_field, geometry_field=geometry_field)


def test_a_layer_wanted_whole_has_no_filter(tmp_path):
    assert parameters(tmp_path, "cql", "all") == parameters(tmp_path, "fes", "all") == {}


def test_cql_names_each_code_once_in_order(tmp_path):
    told = parameters(tmp_path, "cql", "communes", communes=("2A004", "04112", "04112"))

    assert told == {"cql_filter": "insee IN ('04112','2A004')"}


def test_a_field_that_is_no_plain_name_is_quoted_in_cql(tmp_path):
    told = parameters(tmp_path, "cql", "departements", departements=("04",), scope_field='code "dép" ')

    assert told == {"cql_filter": """"code ""dép"" " IN ('04')"""}


def test_fes_is_xml_whatever_the_names(tmp_path):
    told = parameters(tmp_path, "fes", "communes", communes=("04112", "04143"), scope_field="a<b&c")

    either = ET.fromstring(told["filter"]).find(f"{FES}Or")
    assert [one.findtext(f"{FES}ValueReference") for one in either] == ["a<b&c", "a<b&c"]
    assert [one.findtext(f"{FES}Literal") for one in either] == ["04112", "04143"]


def test_fes_has_no_or_around_one_code(tmp_path):
    told = parameters(tmp_path, "fes", "communes", communes=("04112",))

    assert [one.tag for one in ET.fromstring(told["filter"])] == [f"{FES}PropertyIsEqualTo"]


def test_bounds_go_out_to_the_next_metre(tmp_path):
    told = parameters(tmp_path, "cql", "bounds", bounds=(1.2, 2.0, 3.2, 4.9))

    assert told == {"cql_filter": "BBOX(geom,1,2,4,5,'EPSG:2154')"}


def test_bounds_that_are_not_known_are_told(tmp_path):
    asking = Asking(url="http://127.0.0.1:9/", folder=tmp_path, source=source(scope="bounds"))

    with pytest.raises(SourceError, match="the communes must be fetched first"):
        asked_bounds(asking.wanted())


@pytest.mark.parametrize("code", ["4112", "04112'", "04 12", "' OR 1=1 --", "", "2C004", "04112\n"])
@pytest.mark.parametrize("language", ["cql", "fes"])
def test_what_is_no_code_of_commune_is_not_sent(tmp_path, language, code):
    with pytest.raises(SourceError, match="expected a code of commune"):
        parameters(tmp_path, language, "communes", communes=("04112", code))


@pytest.mark.parametrize("codes", [("4",), ("04112",), ()])
def test_what_is_no_code_of_departement_is_not_sent(tmp_path, codes):
    with pytest.raises(SourceError, match="expected a code of département"):
        parameters(tmp_path, "cql", "departements", departements=codes)


def test_fes_nests_a_thousand_codes_only_ten_deep(tmp_path):
    codes = [f"04{rank:03d}" for rank in range(1000)]
    told = parameters(tmp_path, "fes", "communes", communes=tuple(codes))

    deep, level = 0, ET.fromstring(told["filter"]).findall(f"{FES}Or")
    while level:
        deep, level = deep + 1, [one for each in level for one in each.findall(f"{FES}Or")]
    assert deep == 10
    assert [one.text for one in ET.fromstring(told["filter"]).iter(f"{FES}Literal")] == codes
