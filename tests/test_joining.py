"""Joining the parts of a data set, one a département, into one file."""

import csv
import json
from pathlib import Path

import pytest

from hp_sig.errors import SourceError
from hp_sig.sources.joining import join_parts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def parts(tmp_path: Path, *contents: bytes) -> list[Path]:
    paths = [tmp_path / f"part-{rank}" for rank in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def join(paths: list[Path], target: Path, place: str) -> tuple[Path, int | None] | None:
    return join_parts(paths, target, what="sncf", place=place)


def fault_of(paths: list[Path], target: Path, place: str) -> str:
    with pytest.raises(SourceError) as caught:
        join(paths, target, place)
    assert list(target.parent.iterdir()) == []
    assert str(caught.value).startswith("sncf: ")
    assert str(caught.value).endswith(".")
    return str(caught.value)


# --- tables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_tables_are_put_one_after_the_other_with_their_header_once(tmp_path, folder, end):
    first, second = end.join([b"code;nom", b"1;Ch\xc3\xa2teau", b""]), end.join([b"code;nom", b'2;"a;b"', b"3;"])

    path, rows = join(parts(tmp_path, first, second), folder / "x.csv", "gares/x.csv")

    assert path.read_bytes() == end.join([b"code;nom", b"1;Ch\xc3\xa2teau", b'2;"a;b"', b"3;", b""])
    assert rows is None


def test_a_table_that_does_not_end_its_last_line_does_not_swallow_the_next(tmp_path, folder):
    path, _ = join(parts(tmp_path, b"a\n1", b"a\n2\n"), folder / "x.csv", "d/x.csv")

    assert path.read_bytes() == b"a\n1\n2\n"


def test_a_table_may_have_no_row_and_its_header_a_byte_order_mark(tmp_path, folder):
    path, _ = join(parts(tmp_path, b"\xef\xbb\xbfa\n1\n", b"a", b"\xef\xbb\xbfa\n2\n"), folder / "x.csv", "d/x.csv")

    assert path.read_bytes() == b"\xef\xbb\xbfa\n1\n2\n"


@pytest.mark.parametrize("second", [b"code;name\n2;b\n", b""])
def test_tables_of_another_layout_are_refused_with_both_headers(tmp_path, folder, second):
    fault = fault_of(parts(tmp_path, b"code;nom\n1;a\n", second), folder / "x.csv", "d/x.csv")

    assert "not the same header: b'code;nom', then b'" in fault


@pytest.mark.parametrize("content", [b"a;b\n1;2\n", b"PK\x03\x04", b'{"features": []}', b"[1]"])
def test_one_part_is_kept_as_it_is(tmp_path, folder, content):
    assert join(parts(tmp_path, content), folder / "x.geojson", "d/x.geojson") is None


def test_several_workbooks_cannot_be_joined(tmp_path, folder):
    assert "2 files .xlsx cannot be joined" in fault_of(parts(tmp_path, b"PK", b"PK"), folder / "x.xlsx", "d/x.xlsx")


# --- JSON -------------------------------------------------------------------------------------------------------


def test_lists_of_objects_become_a_table_with_nested_keys_and_the_same_digits(tmp_path, folder):
    # As geo.api.gouv.fr answers; the second département has a commune without EPCI, as some islands do.
    first = [{"nom": "Forcalquier", "code": "04088", "epci": {"code": "200034700", "nom": "CC; Pays"}, "surface": 1.10}]
    second = [{"nom": "L'Île-d'Yeu", "code": "85113", "codesPostaux": ["85350", "85351"], "x": None, "y": True}]
    contents = [json.dumps(one, ensure_ascii=False).replace("1.1}", "1.10}").encode() for one in (first, second)]

    path, rows = join(parts(tmp_path, *contents), folder / "communes.json", "membership/communes.csv")

    assert path.name == "communes.csv"
    assert rows == 2
    with path.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream, delimiter=";"))
    assert table == [
        {
            **{"nom": "Forcalquier", "code": "04088", "epci.code": "200034700", "epci.nom": "CC; Pays"},
            **{"surface": "1.10", "codesPostaux": "", "x": "", "y": ""},
        },
        {
            **{"nom": "L'Île-d'Yeu", "code": "85113", "epci.code": "", "epci.nom": ""},
            **{"surface": "", "codesPostaux": "85350,85351", "x": "", "y": "true"},
        },
    ]


@pytest.mark.parametrize("content", [b'{"code": 404, "message": "not found"}', b"[1, 2]", b'[{"a": 1}, null]'])
def test_what_is_no_list_of_objects_becomes_no_table(tmp_path, folder, content):
    fault = fault_of(parts(tmp_path, content), folder / "x.json", "d/x.csv")

    assert "expected a list of JSON objects, found " in fault


def test_an_empty_list_becomes_no_table(tmp_path, folder):
    assert "found an empty list" in fault_of(parts(tmp_path, b"[]", b"[]"), folder / "x.json", "d/x.csv")


def test_what_only_begins_like_json_is_refused(tmp_path, folder):
    assert "cannot be read as JSON (" in fault_of(parts(tmp_path, b'[{"a": 1}, {"a'), folder / "x.json", "d/x.csv")


def test_collections_are_joined_into_one(tmp_path, folder):
    one = {"type": "FeatureCollection", "crs": {"name": "a"}, "features": [{"id": 1, "x": 6.123456789012345}]}
    two = {"type": "FeatureCollection", "crs": {"name": "a"}, "features": [{"id": 2}, {"id": 3}]}

    path, rows = join(
        parts(tmp_path, json.dumps(one).encode(), json.dumps(two).encode()), folder / "x.geojson", "d/x.geojson"
    )

    assert json.loads(path.read_text(encoding="utf-8")) == {**one, "features": [*one["features"], *two["features"]]}
    assert rows == 3


def test_collections_of_two_coordinate_systems_are_refused(tmp_path, folder):
    contents = [b'{"crs": {"name": "a"}, "features": []}', b'{"crs": {"name": "b"}, "features": []}']

    assert "not all in one coordinate system" in fault_of(
        parts(tmp_path, *contents), folder / "x.geojson", "d/x.geojson"
    )


def test_lists_are_joined_into_one(tmp_path, folder):
    path, rows = join(parts(tmp_path, b"[1]", b"[2, 3]"), folder / "x.json", "d/x.json")

    assert json.loads(path.read_text(encoding="utf-8")) == [1, 2, 3]
    assert rows == 3


def test_a_list_and_an_error_are_not_joined(tmp_path, folder):
    fault = fault_of(parts(tmp_path, b"[1]", b'{"message": "busy"}'), folder / "x.json", "d/x.json")

    assert "expected lists or GeoJSON collections, found {'message': 'busy'}" in fault
