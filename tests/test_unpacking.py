"""Taking the expected member out of an archive, against real .7z and .zip, honest and not."""

import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import py7zr
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from test_archive import packed, packed_as

from hp_sig.errors import SourceError
from hp_sig.sources.unpacking import Unpacked, is_packed, unpack

NOISE = np.random.default_rng(4).bytes(3000)
PARCELS = gpd.GeoDataFrame(
    {
        "CODE_CS": ["CS1.1.1.1", "CS2.1.1.1", None],
        "NOM": ["Château-Arnoux", "Barcelonnette", "Forcalquier"],
        "N": [1, 2, 3],
    },
    geometry=[
        shapely.box(920_000, 6_320_000, 920_100, 6_320_100),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]),
        shapely.box(5, 5, 6, 6),
    ],
    crs=2154,
)


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def sevenzipped(path: Path, members: dict[str, bytes]) -> Path:
    return packed(path, members)


PACKERS = pytest.mark.parametrize(("pack", "end"), [(sevenzipped, "7z"), (zipped, "zip")], ids=["7z", "zip"])


def unpacked(archive: Path, folder: Path, member: str, max_bytes: int = 1_000_000, crs: str | None = None) -> Unpacked:
    return unpack(archive, folder, what="ocsge", member=member, max_bytes=max_bytes, crs=crs)


def fault_of(archive: Path, folder: Path, member: str = r"a\.csv", max_bytes: int = 1_000_000) -> str:
    """The one error of an archive, which must name the data set and leave nothing in the folder."""
    with pytest.raises(SourceError) as caught:
        unpacked(archive, folder, member, max_bytes)
    assert list(folder.iterdir()) == []
    fault = str(caught.value)
    assert fault.startswith("ocsge: ")
    assert fault.endswith(".")
    assert "unpacking-" not in fault
    return fault.removeprefix("ocsge: ")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def geopackage(path: Path, layer: str) -> bytes:
    pyogrio.write_dataframe(PARCELS, path, layer=layer)
    return path.read_bytes()


def shapefile(
    folder: Path, name: str = "OCCUPATION_SOL", encoding: str = "UTF-8", **options: object
) -> dict[str, bytes]:
    """Give the files of a shapefile, by suffix."""
    folder.mkdir()
    pyogrio.write_dataframe(PARCELS, folder / f"{name}.shp", encoding=encoding, **options)
    return {file.suffix: file.read_bytes() for file in folder.iterdir()}


# --- what comes out ---------------------------------------------------------------------------------------------


@PACKERS
def test_the_member_comes_out_byte_for_byte_and_alone(tmp_path, folder, pack, end):
    members = {"d/A.csv": NOISE, "d/b.csv": b"b", "LISEZ-MOI.txt": b"c"}

    found = unpacked(pack(tmp_path / f"x.{end}", members), folder, r"a\.csv")

    assert found == Unpacked(path=folder / "A.csv", member="d/A.csv")
    assert found.path.read_bytes() == NOISE
    assert list(folder.iterdir()) == [found.path]


@PACKERS
def test_a_geopackage_comes_out_byte_for_byte_and_before_a_shapefile(tmp_path, folder, pack, end):
    content = geopackage(tmp_path / "occupation_sol.gpkg", "occupation_sol")
    members = {"d/OCCUPATION_SOL.GPKG": content, "d/OCCUPATION_SOL.shp": b"", "d/zone_construite.gpkg": b"z"}

    found = unpacked(pack(tmp_path / f"x.{end}", members), folder, r"occupation_sol\.(gpkg|shp)")

    assert found.path.name == "OCCUPATION_SOL.GPKG"
    assert found.path.read_bytes() == content


def test_the_only_geopackage_will_do_if_it_holds_the_layer(tmp_path, folder):
    content = geopackage(tmp_path / "all.gpkg", "OCCUPATION_SOL")
    archive = sevenzipped(tmp_path / "x.7z", {"d/OCS-GE_D004.gpkg": content, "d/a.pdf": b"%PDF"})

    assert unpacked(archive, folder, r"occupation_sol\.(gpkg|shp)").path.read_bytes() == content


def test_the_only_geopackage_is_refused_if_it_does_not_hold_the_layer(tmp_path, folder):
    content = geopackage(tmp_path / "all.gpkg", "zone_construite")
    archive = sevenzipped(tmp_path / "x.7z", {"d/OCS-GE_D004.gpkg": content})

    fault = fault_of(archive, folder, r"occupation_sol\.gpkg")

    assert "found OCS-GE_D004.gpkg, whose layers are 'zone_construite'" in fault


def test_what_is_no_geopackage_is_refused_before_gdal_sees_it(tmp_path, folder):
    archive = zipped(tmp_path / "x.zip", {"a.gpkg": b"<OGRVRTDataSource/>"})

    assert "expected a GeoPackage, found b'<OGRVRTDataSourc'" in fault_of(archive, folder, r"a\.gpkg")


def test_an_archive_is_known_by_its_first_bytes(tmp_path, folder):
    archive = zipped(tmp_path / "x.7z", {"a.csv": NOISE})

    assert is_packed(archive)
    assert unpacked(archive, folder, r"a\.csv").path.read_bytes() == NOISE


def test_what_is_no_archive_is_refused(tmp_path, folder):
    page = tmp_path / "x.7z"
    page.write_bytes(b"<!DOCTYPE html>")

    assert not is_packed(page)
    assert "expected a .7z or a .zip, found b'<!DOCT' at the start of x.7z" in fault_of(page, folder)


# --- shapefiles -------------------------------------------------------------------------------------------------


@PACKERS
def test_a_shapefile_becomes_one_geopackage_that_says_the_same(tmp_path, folder, pack, end):
    files = shapefile(tmp_path / "shape")
    members = {f"d/OCCUPATION_SOL{suffix}": content for suffix, content in files.items()}
    members |= {"d/ZONE_CONSTRUITE.shp": b"z", "d/OCCUPATION_SOL.shp.xml": b"<metadata/>"}

    found = unpacked(pack(tmp_path / f"x.{end}", members), folder, r"occupation_sol\.(gpkg|shp)")

    assert found.path.name == "OCCUPATION_SOL.gpkg"
    assert list(folder.iterdir()) == [found.path]
    assert [list(layer) for layer in pyogrio.list_layers(found.path)] == [["OCCUPATION_SOL", "MultiPolygon"]]
    expected = PARCELS.set_geometry(
        [shapely.MultiPolygon([one]) if one.geom_type == "Polygon" else one for one in PARCELS.geometry]
    )
    assert_geodataframe_equal(gpd.read_file(found.path), expected, normalize=True)
    assert found.notes == ("OCCUPATION_SOL.shp, a shapefile, was made a GeoPackage: 3 rows, the same fields.",)


@pytest.mark.parametrize(
    ("written", "cpg", "told"),
    [
        ("UTF-8", b"UTF-8", ""),
        ("UTF-8", None, ""),
        ("ISO-8859-1", b"ISO-8859-1", ""),
        ("ISO-8859-1", b"88591", ""),
        ("CP1252", b"1252", ""),
        ("ISO-8859-1", None, "read as Latin-1: it is no UTF-8"),
        ("ISO-8859-1", b"UTF-8", "read as Latin-1: it is no UTF-8"),
    ],
)
def test_the_text_of_a_shapefile_is_read_in_its_encoding(tmp_path, folder, written, cpg, told):
    files = shapefile(tmp_path / "shape", encoding=written)
    files.pop(".cpg")
    if cpg is not None:
        files[".cpg"] = cpg
    archive = zipped(tmp_path / "x.zip", {f"a{suffix}": content for suffix, content in files.items()})

    found = unpacked(archive, folder, r"a\.shp")

    assert gpd.read_file(found.path)["NOM"].tolist() == PARCELS["NOM"].tolist()
    assert told in " ".join(found.notes)
    assert bool(told) == (len(found.notes) > 1)


def test_text_in_utf_8_is_read_so_though_its_table_names_a_code_page(tmp_path, folder):
    files = shapefile(tmp_path / "shape")
    del files[".cpg"]
    # Language driver of the dBASE header: 3 is Windows ANSI.
    files[".dbf"] = files[".dbf"][:29] + b"\x03" + files[".dbf"][30:]
    archive = zipped(tmp_path / "x.zip", {f"a{suffix}": content for suffix, content in files.items()})

    assert gpd.read_file(unpacked(archive, folder, r"a\.shp").path)["NOM"].tolist() == PARCELS["NOM"].tolist()


def test_companions_are_found_whatever_their_case(tmp_path, folder):
    files = shapefile(tmp_path / "shape")
    archive = zipped(tmp_path / "x.zip", {f"Occ{suffix.upper()}": content for suffix, content in files.items()})

    assert len(gpd.read_file(unpacked(archive, folder, r"occ\.shp").path)) == 3


@pytest.mark.parametrize(("given", "expected"), [("EPSG:2154", 2154), (None, None)])
@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_shapefile_without_a_coordinate_system_is_given_the_one_of_the_catalogue(tmp_path, folder, given, expected):
    files = shapefile(tmp_path / "shape")
    del files[".prj"]
    archive = zipped(tmp_path / "x.zip", {f"a{suffix}": content for suffix, content in files.items()})

    found = unpacked(archive, folder, r"a\.shp", crs=given)

    crs = gpd.read_file(found.path).crs
    assert (crs.to_epsg() if crs is not None and expected else None) == expected
    assert any("states no coordinate system: EPSG:2154 was given to it" in note for note in found.notes) == bool(given)


def test_missing_values_stay_missing_and_whole_numbers_stay_whole(tmp_path, folder):
    layer = tmp_path / "shape"
    layer.mkdir()
    points = gpd.GeoDataFrame(
        {"n": [7, None], "fid": ["a", "b"], "geom": ["c", "d"]}, geometry=[shapely.Point(1, 2)] * 2, crs=2154
    )
    points["n"] = points["n"].astype("Int32")
    pyogrio.write_dataframe(points, layer / "a.shp")
    archive = zipped(tmp_path / "x.zip", {file.name: file.read_bytes() for file in layer.iterdir()})

    _, rows = pyogrio.read_arrow(unpacked(archive, folder, r"a\.shp").path)

    assert rows["n"].to_pylist() == [7, None]
    assert rows["fid"].to_pylist() == ["a", "b"]
    assert rows["geom"].to_pylist() == ["c", "d"]


def test_lines_in_three_dimensions_keep_their_heights(tmp_path, folder):
    layer = tmp_path / "shape"
    layer.mkdir()
    lines = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.LineString([(0, 0, 5), (1, 1, 6)])], crs=2154)
    pyogrio.write_dataframe(lines, layer / "a.shp")
    archive = zipped(tmp_path / "x.zip", {file.name: file.read_bytes() for file in layer.iterdir()})

    read = gpd.read_file(unpacked(archive, folder, r"a\.shp").path)

    assert shapely.get_coordinates(read.geometry, include_z=True).tolist() == [[0, 0, 5], [1, 1, 6]]


def test_a_shapefile_without_its_table_is_refused(tmp_path, folder):
    files = shapefile(tmp_path / "shape")
    del files[".dbf"]
    archive = zipped(tmp_path / "x.zip", {f"a{suffix}": content for suffix, content in files.items()})

    assert "x.zip holds 'a.shp' without .dbf. Ask its producer" in fault_of(archive, folder, r"a\.shp")


def test_what_is_no_shapefile_is_refused_before_gdal_sees_it(tmp_path, folder):
    members = {"a.shp": b"<OGRVRTDataSource/>", "a.dbf": b"x", "a.shx": b"x"}

    assert "expected a shapefile, found b'<OGR'" in fault_of(zipped(tmp_path / "x.zip", members), folder, r"a\.shp")


@pytest.mark.parametrize("part", ["shp", "dbf"])
@pytest.mark.parametrize("left", [0.0, 0.5, 0.99])
def test_a_shapefile_cut_short_is_refused_though_gdal_would_read_a_part_of_it(tmp_path, folder, part, left):
    files = shapefile(tmp_path / "shape")
    files[f".{part}"] = files[f".{part}"][: max(int(left * len(files[f".{part}"])), 10)]
    archive = zipped(tmp_path / "x.zip", {f"a{suffix}": content for suffix, content in files.items()})

    assert "found: it is cut short" in fault_of(archive, folder, r"a\.shp")


def test_a_shapefile_whose_table_is_no_table_is_refused(tmp_path, folder):
    files = shapefile(tmp_path / "shape")
    files[".dbf"] = files[".dbf"][:32] + b"\r" + files[".dbf"][33:]
    archive = zipped(tmp_path / "x.zip", {f"a{suffix}": content for suffix, content in files.items()})

    assert "a.shp cannot be made a GeoPackage (0 fields in its table, 0 read)" in fault_of(archive, folder, r"a\.shp")


# --- which member -----------------------------------------------------------------------------------------------


@PACKERS
def test_a_missing_member_is_told_with_what_there_is(tmp_path, folder, pack, end):
    archive = pack(tmp_path / f"x.{end}", {"d/b.csv": b"b", "c.txt": b"c"})

    fault = fault_of(archive, folder)

    assert fault.startswith(f"x.{end} was expected to hold one member « a\\.csv », found ")
    assert "'d/b.csv'" in fault


@PACKERS
def test_two_members_that_match_are_refused_with_both_places(tmp_path, folder, pack, end):
    archive = pack(tmp_path / f"x.{end}", {"2018/a.csv": b"a", "2021/a.csv": b"b"})

    assert "found '2018/a.csv', '2021/a.csv'" in fault_of(archive, folder)


@PACKERS
def test_the_whole_bare_name_must_match(tmp_path, folder, pack, end):
    archive = pack(tmp_path / f"x.{end}", {"meta_a.csv": b"m", "a.csv.bak": b"b", "a.csv": b"a"})

    assert unpacked(archive, folder, r"a\.csv").path.read_bytes() == b"a"


# --- names and links --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "../../a.csv",
        "d/../../a.csv",
        "..\\..\\a.csv",
        "/a.csv",
        "C:\\a.csv",
        "C:/a.csv",
        "\\\\s\\p\\a.csv",
        "C:a.csv",
    ],
)
@pytest.mark.parametrize("end", ["7z", "zip"])
def test_a_name_that_leads_elsewhere_is_never_written_there(tmp_path, folder, name, end):
    archive = packed_as(tmp_path / "x.7z", name, NOISE) if end == "7z" else zipped(tmp_path / "x.zip", {name: NOISE})
    before = set(tmp_path.rglob("*"))

    try:
        found = unpacked(archive, folder, r".*a\.csv")
        assert set(tmp_path.rglob("*")) - before == {folder / "a.csv"}
        assert found.path.read_bytes() == NOISE
    except SourceError:
        assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["C:a.csv", "a.csv:b.csv", ".a.csv", "a.csv."])
def test_a_name_that_some_system_would_write_elsewhere_is_no_member(tmp_path, folder, name):
    assert "was expected to hold one member" in fault_of(zipped(tmp_path / "x.zip", {name: b"a"}), folder, r".*")


def test_a_link_is_no_member(tmp_path, folder):
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        link = zipfile.ZipInfo("a.csv")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")

    assert "found nothing" in fault_of(archive, folder)


def test_a_link_of_a_7z_is_no_member(tmp_path, folder):
    link = tmp_path / "link"
    try:
        link.symlink_to("/etc/passwd")
    except OSError:
        pytest.skip("links cannot be made here")
    archive = tmp_path / "x.7z"
    with py7zr.SevenZipFile(archive, "w") as file:
        file.write(link, "a.csv")

    assert "found nothing" in fault_of(archive, folder)


# --- bombs, damage, passwords -----------------------------------------------------------------------------------


@PACKERS
def test_a_bomb_that_says_its_size_is_refused_before_it_is_extracted(tmp_path, folder, pack, end):
    archive = pack(tmp_path / f"x.{end}", {"a.csv": bytes(20_000_000)})

    fault = fault_of(archive, folder, max_bytes=10_000_000_000)

    assert "a.csv would take 20 MB for an archive of 0.0 MB; at most 200 times as much" in fault


@PACKERS
def test_a_member_larger_than_the_catalogue_allows_is_refused(tmp_path, folder, pack, end):
    archive = pack(tmp_path / f"x.{end}", {"a.csv": NOISE})

    assert "It was not extracted." in fault_of(archive, folder, max_bytes=2999)
    assert unpacked(archive, folder, r"a\.csv", 3000).path.stat().st_size == 3000


def test_a_zip_that_lies_about_a_size_is_stopped_while_it_is_extracted(tmp_path, folder):
    archive = zipped(tmp_path / "x.zip", {"a.csv": bytes(5_000_000)})
    content = archive.read_bytes()
    # Both headers declare 100 bytes: the local one, and that of the central directory.
    archive.write_bytes(content.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 100)))

    assert "cannot be extracted (" in fault_of(archive, folder)


def test_a_zip_that_announces_more_than_it_holds_is_refused(tmp_path, folder):
    archive = zipped(tmp_path / "x.zip", {"a.csv": NOISE}, zipfile.ZIP_STORED)
    content = archive.read_bytes()
    place = content.rindex(struct.pack("<II", 3000, 3000)) + 4
    archive.write_bytes(content[:place] + struct.pack("<I", 3500) + content[place + 4 :])

    assert "cannot be extracted (" in fault_of(archive, folder)


def test_a_7z_that_lies_about_a_size_is_stopped(tmp_path, folder):
    # One block: what comes before the member is decompressed on the way to it.
    archive = packed(tmp_path / "x.7z", {"0.txt": bytes(400_000), "a.csv": NOISE})

    assert "x.7z holds more than 0 MB once extracted" in fault_of(archive, folder, max_bytes=200_000)


@PACKERS
def test_too_many_members_are_refused(tmp_path, folder, pack, end, monkeypatch):
    monkeypatch.setattr("hp_sig.sources.archive.MAX_MEMBERS", 2)
    archive = pack(tmp_path / f"x.{end}", {"a.csv": b"a", "b": b"b", "c": b"c"})

    assert "expected 2 members at most, found 3. It is no delivery." in fault_of(archive, folder)


@PACKERS
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_an_archive_cut_short_is_one_error(tmp_path, folder, pack, end, share):
    archive = pack(tmp_path / f"x.{end}", {"a.csv": NOISE})
    content = archive.read_bytes()
    archive.write_bytes(content[: int(share * len(content))])

    assert f"x.{end} cannot be extracted (" in fault_of(archive, folder)


@PACKERS
def test_one_wrong_byte_is_one_error(tmp_path, folder, pack, end):
    archive = pack(tmp_path / f"x.{end}", {"a.csv": NOISE})
    content = archive.read_bytes()
    archive.write_bytes(content[:1500] + bytes([content[1500] ^ 0xFF]) + content[1501:])

    assert f"x.{end} cannot be extracted (" in fault_of(archive, folder)


def test_a_7z_with_a_password_says_so(tmp_path, folder):
    archive = tmp_path / "x.7z"
    with py7zr.SevenZipFile(archive, "w", password="forcalquier") as file:
        file.writestr(NOISE, "a.csv")

    assert fault_of(archive, folder).startswith("x.7z wants a password.")


def test_a_zip_with_a_password_says_so(tmp_path, folder):
    archive = zipped(tmp_path / "x.zip", {"a.csv": NOISE})
    content = bytearray(archive.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)

    assert fault_of(archive, folder) == "x.zip wants a password. Ask its producer for one without."


def test_an_empty_zip_holds_nothing(tmp_path, folder):
    assert "found nothing" in fault_of(zipped(tmp_path / "x.zip", {}), folder)
