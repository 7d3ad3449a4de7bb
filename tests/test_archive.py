import gc
import io
import struct
import tempfile
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import py7zr
import pytest

from hp_sig import LayerError
from hp_sig.sources import archive as archive_module
from hp_sig.sources.archive import extracted

SHAPE, TABLE, OTHER = (np.random.default_rng(rank).bytes(size) for rank, size in enumerate((3000, 900, 500)))
#: A delivery as IGN packs it: two layers of three files or so, deep in folders, among documents.
DELIVERY = {
    "OCS-GE/LISEZ-MOI.txt": b"OCS GE",
    "OCS-GE/1_DONNEES/D004/OCCUPATION_SOL.shp": SHAPE,
    "OCS-GE/1_DONNEES/D004/OCCUPATION_SOL.dbf": TABLE,
    "OCS-GE/1_DONNEES/D004/OCCUPATION_SOL.cpg": b"UTF-8",
    "OCS-GE/1_DONNEES/D004/ZONE_CONSTRUITE.shp": OTHER,
    "OCS-GE/1_DONNEES/D004/ZONE_CONSTRUITE.dbf": b"zone",
}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def packed(
    path: Path, *blocks: Mapping[str, bytes], filters: object = None, password: str | None = None, plain: bool = False
) -> Path:
    """Pack members, each mapping in a block of its own."""
    for rank, members in enumerate(blocks):
        with py7zr.SevenZipFile(path, "a" if rank else "w", filters=filters, password=password) as file:
            if plain:
                file.set_encoded_header_mode(False)
            for name, content in members.items():
                file.writestr(content, name)
    return path


def with_header(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """Change the list of members, and make its checksums right again (7zFormat.txt, SignatureHeader)."""
    content = path.read_bytes()
    offset, size = struct.unpack("<QQ", content[12:28])
    header = change(content[32 + offset : 32 + offset + size])
    start = struct.pack("<QQI", offset, len(header), zlib.crc32(header))
    path.write_bytes(content[:8] + struct.pack("<I", zlib.crc32(start)) + start + content[32 : 32 + offset] + header)
    return path


def packed_as(path: Path, name: str, content: bytes) -> Path:
    """Pack one member under a name that no honest tool would write."""
    honest = "x" * len(name)
    packed(path, {honest: content}, plain=True)
    return with_header(path, lambda header: header.replace(honest.encode("utf-16-le"), name.encode("utf-16-le")))


def the(name: str) -> Callable[[Sequence[str]], str]:
    return lambda _: name


OCCUPATION = the("OCCUPATION_SOL.shp")


def fault_of(path: Path, choose: Callable[[Sequence[str]], str] = OCCUPATION) -> str:
    """The one fault of an archive, whose error must begin with the file's name and tell no temporary one."""
    with pytest.raises(LayerError) as caught, extracted(path, choose):
        pass
    (fault,) = caught.value.faults
    assert str(caught.value) == f"{path}: 1 fault.\n  - {fault}"
    assert fault.endswith(".")
    assert "hp_sig_" not in fault
    return fault


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    return packed(tmp_path / "OCS-GE_D004.7z", DELIVERY)


# --- what comes out ---------------------------------------------------------------------------------------------


def test_the_layer_that_is_chosen_comes_out_whole_under_its_bare_name(delivery):
    with extracted(delivery, OCCUPATION) as file:
        assert file.name == "OCCUPATION_SOL.shp"
        assert file.read_bytes() == SHAPE


def test_its_companions_come_out_beside_it_and_nothing_else_does(delivery):
    with extracted(delivery, OCCUPATION) as file:
        found = {one.name: one.read_bytes() for one in file.parent.iterdir()}

    assert found == {"OCCUPATION_SOL.shp": SHAPE, "OCCUPATION_SOL.dbf": TABLE, "OCCUPATION_SOL.cpg": b"UTF-8"}


def test_companions_have_its_name_before_the_first_dot_whatever_their_case(tmp_path):
    members = {
        "d/Occ.shp": SHAPE,
        "d/OCC.DBF": TABLE,
        "d/Occ.shp.xml": b"<metadata/>",
        "d/Occ_2018.dbf": b"another layer",
        "e/Occ.prj": b"another folder",
    }

    with extracted(packed(tmp_path / "a.7z", members), the("Occ.shp")) as file:
        assert {one.name for one in file.parent.iterdir()} == {"Occ.shp", "OCC.DBF", "Occ.shp.xml"}


def test_an_empty_companion_comes_out_empty(tmp_path):
    path = packed(tmp_path / "a.7z", {"a.shp": SHAPE, "a.dbf": TABLE, "a.cst": b""})

    with extracted(path, the("a.shp")) as file:
        assert file.with_suffix(".cst").read_bytes() == b""


def test_the_choice_is_among_the_bare_names_of_the_layer_files_once_each(tmp_path):
    members = dict.fromkeys(["a/b/c.gpkg", "d.SHP", "e/f.parquet", "g.fgb", "h.dbf", "i.txt", "j/d.SHP"], b"x")
    told: list[str] = []

    def choose(names: Sequence[str]) -> str:
        told.extend(names)
        return "c.gpkg"

    with extracted(packed(tmp_path / "a.7z", members), choose):
        pass

    assert told == ["c.gpkg", "d.SHP", "f.parquet", "g.fgb"]


def test_a_layer_of_any_block_comes_out(tmp_path):
    first = {"LISEZ-MOI.txt": b"a", "licence.txt": b"b"}
    second = {"d/a.shp": SHAPE, "d/a.dbf": TABLE}
    path = packed(tmp_path / "a.7z", first, second, {"d/b.shp": OTHER, "d/b.dbf": b"b"})

    for name, content in (("a.shp", SHAPE), ("b.shp", OTHER)):
        with extracted(path, the(name)) as file:
            assert file.read_bytes() == content


@pytest.mark.parametrize("method", [py7zr.FILTER_LZMA, py7zr.FILTER_BZIP2, py7zr.FILTER_DEFLATE, py7zr.FILTER_COPY])
def test_the_methods_of_7_zip_are_read(tmp_path, method):
    path = packed(tmp_path / "a.7z", DELIVERY, filters=[{"id": method}])

    with extracted(path, OCCUPATION) as file:
        assert file.read_bytes() == SHAPE


def test_the_folder_is_private_and_gone_afterwards(delivery, temporary):
    with extracted(delivery, OCCUPATION) as file:
        assert file.parent.parent == temporary

    assert not list(temporary.iterdir())


def test_the_folder_is_gone_when_reading_the_layer_fails(delivery, temporary):
    with pytest.raises(RuntimeError, match="reading"), extracted(delivery, OCCUPATION):
        raise RuntimeError("reading")

    assert not list(temporary.iterdir())


def test_an_error_of_the_reader_is_not_taken_for_one_of_the_archive(delivery):
    with pytest.raises(KeyError, match="column"), extracted(delivery, OCCUPATION):
        raise KeyError("column")


def test_extracting_is_told_in_the_log(delivery, caplog):
    caplog.set_level("INFO", logger="hp_sig")

    with extracted(delivery, OCCUPATION):
        pass

    assert "extracted OCCUPATION_SOL.shp of OCS-GE_D004.7z" in caplog.text


def test_the_archive_is_left_as_it_was(delivery):
    before = delivery.read_bytes()

    with extracted(delivery, OCCUPATION):
        pass

    assert delivery.read_bytes() == before


# --- no archive, or not a whole one -----------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(100), b"<!DOCTYPE html>", b"7z", b""])
def test_what_is_no_7z_is_refused_with_its_first_bytes(tmp_path, content):
    path = tmp_path / "a.7z"
    path.write_bytes(content)

    assert fault_of(path) == f"expected a .7z archive, found {content[:6]!r}. Download it again."


def test_an_archive_cut_short_anywhere_is_a_layer_error(delivery, temporary):
    content = delivery.read_bytes()

    for size in range(6, len(content), 61):
        delivery.write_bytes(content[:size])
        assert "cannot be extracted" in fault_of(delivery)
        assert not list(temporary.iterdir())


def test_an_archive_without_its_last_byte_is_told_to_be_downloaded_again(delivery):
    delivery.write_bytes(delivery.read_bytes()[:-1])

    assert "It may be cut short or damaged, or the disk full: download it again." in fault_of(delivery)


def test_a_wrong_byte_anywhere_in_the_layer_is_a_layer_error_and_leaves_nothing(tmp_path, temporary):
    path = packed(tmp_path / "a.7z", {"a.shp": SHAPE, "a.dbf": TABLE})
    content = path.read_bytes()

    # 3900 bytes that do not shrink follow the header of 32 bytes.
    for place in range(32, 3900, 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        assert "cannot be extracted" in fault_of(path, the("a.shp"))
        assert not list(temporary.iterdir())


def test_a_member_whose_checksum_is_wrong_is_named(tmp_path):
    # Stored as it is: the change damages one member, and its length stays right.
    path = packed(tmp_path / "a.7z", {"d/a.shp": SHAPE, "d/a.dbf": TABLE}, filters=[{"id": py7zr.FILTER_COPY}])
    content = path.read_bytes()
    place = content.index(TABLE) + 100
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])

    assert "(d/a.dbf)" in fault_of(path, the("a.shp"))


def test_a_list_of_members_made_to_do_harm_gives_a_layer_error_or_the_layer(tmp_path):
    path = packed(tmp_path / "a.7z", {"d/a.shp": SHAPE, "d/a.dbf": TABLE, "vide.txt": b""}, plain=True)
    honest = path.read_bytes()
    (size,) = struct.unpack("<Q", honest[20:28])

    for place in range(size):
        for mask in (0x01, 0x10, 0x80, 0xFF):
            path.write_bytes(honest)
            with_header(path, lambda header: header[:place] + bytes([header[place] ^ mask]) + header[place + 1 :])  # noqa: B023
            try:
                with extracted(path, lambda names: names[0]) as file:
                    assert file.read_bytes() in {SHAPE, TABLE, b""} or file.stat().st_size < len(SHAPE)
            except LayerError as error:
                assert error.path == path  # noqa: PT017 - both ends are right
                assert "(None)" not in str(error)  # noqa: PT017


def test_files_are_closed_when_extraction_fails(delivery):
    content = delivery.read_bytes()
    delivery.write_bytes(content[:1500] + bytes([content[1500] ^ 0xFF]) + content[1501:])

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        assert fault_of(delivery)
        gc.collect()

    assert not told


def test_files_are_closed_after_an_archive_of_several_blocks(tmp_path):
    path = packed(tmp_path / "a.7z", {"a.txt": b"a", "b.txt": b"b"}, {"a.shp": SHAPE, "a.dbf": TABLE})

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with extracted(path, the("a.shp")):
            pass
        gc.collect()

    assert not told


def test_a_full_disk_is_told(delivery, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive_module._Writer, "write", full)

    assert "(No space left on device). It may be cut short or damaged, or the disk full" in fault_of(delivery)


@pytest.mark.parametrize("header_too", [False, True])
def test_an_archive_with_a_password_says_so_and_what_to_do(tmp_path, header_too):
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w", password="forcalquier", header_encryption=header_too) as file:
        file.writestr(SHAPE, "OCCUPATION_SOL.shp")

    assert fault_of(path) == "wants a password. Extract it with 7-Zip, then name the file inside."


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ({"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24}, "PPMd"),
        ({"id": py7zr.FILTER_ZSTD, "level": 3}, "Zstandard"),
        ({"id": py7zr.FILTER_BROTLI, "level": 5}, "Brotli"),
    ],
)
def test_methods_whose_decoders_may_end_the_process_are_refused_before_they_run(tmp_path, monkeypatch, method, name):
    path = packed(tmp_path / "a.7z", DELIVERY, filters=[method])
    monkeypatch.setattr(py7zr.SevenZipFile, "extract", lambda *_, **__: pytest.fail("extracted"))

    assert f"is packed with {name}, expected LZMA. Pack it again" in fault_of(path)


def test_a_refused_method_of_another_block_is_no_matter(tmp_path):
    documents = {"LISEZ-MOI.txt": b"a" * 50, "licence.txt": b"b"}
    path = packed(tmp_path / "a.7z", documents, filters=[{"id": py7zr.FILTER_ZSTD, "level": 3}])
    with py7zr.SevenZipFile(path, "a") as file:
        file.writestr(SHAPE, "a.shp")
        file.writestr(TABLE, "a.dbf")

    with extracted(path, the("a.shp")) as file:
        assert file.read_bytes() == SHAPE


# --- names that lead elsewhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.shp",
        "../../../evil.shp",
        "d/../../evil.shp",
        "..\\..\\evil.shp",
        "d\\..\\..\\evil.shp",
        "C:\\evil.shp",
        "C:/evil.shp",
        "\\\\server\\share\\evil.shp",
        "{absolute}/evil.shp",
    ],
)
def test_a_name_that_leads_elsewhere_never_writes_there(tmp_path, temporary, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    path = packed_as(tmp_path / "a.7z", name.format(absolute=outside.as_posix()), SHAPE)
    before = set(tmp_path.rglob("*"))

    try:
        with extracted(path, lambda names: names[0]) as file:
            # The bare name, in the folder of this archive alone.
            assert set(tmp_path.rglob("*")) - before == {file.parent, file}
            assert file.parent.parent == temporary
            assert file.name == "evil.shp"
            assert file.read_bytes() == SHAPE
    except LayerError as error:
        assert error.path == path  # noqa: PT017 - refused or made harmless, both are right

    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["../evil.shp", "d/../../evil.shp", "C:/evil.shp"])
def test_a_name_that_climbs_out_is_refused(tmp_path, name):
    path = packed_as(tmp_path / "a.7z", name, SHAPE)

    assert "Specified path is bad" in fault_of(path, lambda names: names[0])


def test_a_name_with_backslashes_gives_the_file_after_the_last_one(tmp_path):
    path = packed_as(tmp_path / "a.7z", "OCS-GE\\D004\\OCCUPATION_SOL.shp", SHAPE)

    with extracted(path, OCCUPATION) as file:
        assert file.name == "OCCUPATION_SOL.shp"
        assert file.read_bytes() == SHAPE


@pytest.mark.parametrize("name", ["d/a.shp", "../../a.shp", "/d/a.shp", "..\\..\\a.shp", "C:\\d\\a.shp", "d\\../a.shp"])
def test_whatever_its_name_a_member_is_written_into_the_folder(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()

    writers = archive_module._Writers(folder)
    writers.create(name).write(SHAPE)
    writers.close()

    assert [file.read_bytes() for file in folder.iterdir()] == [SHAPE]
    assert [file.name for file in folder.iterdir()] == ["a.shp"]


def test_a_link_is_no_companion(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    shape = tmp_path / "shape"
    shape.write_bytes(SHAPE)
    link = tmp_path / "link"
    try:
        link.symlink_to(secret)
    except OSError:
        pytest.skip("links cannot be made here")
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w") as file:
        file.write(shape, "a.shp")
        file.write(link, "a.dbf")
        file.write(link, "b.shp")

    with extracted(path, lambda names: names[-1]) as layer:
        assert [one.name for one in layer.parent.iterdir()] == ["a.shp"]


def test_a_folder_is_no_layer(tmp_path):
    folder = tmp_path / "layer"
    folder.mkdir()
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w") as file:
        file.write(folder, "a.gpkg")

    assert "expected a layer" in fault_of(path)


# --- which one --------------------------------------------------------------------------------------------------


def test_an_archive_without_a_layer_tells_what_it_holds_and_what_was_expected(tmp_path):
    path = packed(tmp_path / "a.7z", {"d/a.dbf": TABLE, "d/LISEZ-MOI.pdf": b"%PDF"})

    assert fault_of(path) == (
        "expected a layer (.gpkg, .shp, .parquet, .fgb) in it, found 'd/a.dbf', 'd/LISEZ-MOI.pdf'."
    )


def test_an_archive_that_holds_nothing_says_so(tmp_path):
    path = packed(tmp_path / "a.7z", {})

    assert fault_of(path) == "expected a layer (.gpkg, .shp, .parquet, .fgb) in it, found nothing."


def test_what_is_wrong_with_the_choice_is_the_fault_of_the_archive(delivery, temporary):
    def choose(names: Sequence[str]) -> str:
        message = f"expected one layer, found {len(names)}."
        raise ValueError(message)

    assert fault_of(delivery, choose) == "expected one layer, found 2."
    assert not list(temporary.iterdir())


def test_a_layer_that_is_there_twice_is_refused_with_both_places(tmp_path):
    members = {f"{year}/OCCUPATION_SOL.{end}": SHAPE for year in (2018, 2021) for end in ("shp", "dbf")}
    path = packed(tmp_path / "a.7z", members)

    assert fault_of(path) == (
        "holds 'OCCUPATION_SOL.shp' 2 times: '2018/OCCUPATION_SOL.shp', '2021/OCCUPATION_SOL.shp'. "
        "Extract the right one."
    )


# --- too large --------------------------------------------------------------------------------------------------


def test_an_archive_of_too_many_members_is_refused(delivery, monkeypatch):
    monkeypatch.setattr(archive_module, "MAX_MEMBERS", 5)

    assert fault_of(delivery) == "expected 5 members at most, found 6. It is no delivery."


def test_as_many_members_as_are_accepted_are_read(delivery, monkeypatch):
    monkeypatch.setattr(archive_module, "MAX_MEMBERS", 6)

    with extracted(delivery, OCCUPATION) as file:
        assert file.read_bytes() == SHAPE


def test_a_layer_larger_than_is_accepted_is_not_extracted(delivery, monkeypatch):
    # 3000 + 900 + 5 bytes: the layer and its companions.
    monkeypatch.setattr(archive_module, "MAX_BYTES", 3904)
    monkeypatch.setattr(py7zr.SevenZipFile, "extract", lambda *_, **__: pytest.fail("extracted"))

    fault = fault_of(delivery)

    assert "OCCUPATION_SOL.shp would take 0 MB for an archive of 0.0 MB" in fault
    assert "It was not extracted." in fault


def test_a_layer_as_large_as_is_accepted_is_read(tmp_path, monkeypatch):
    members = {"a.shp": SHAPE, "a.dbf": TABLE}
    monkeypatch.setattr(archive_module, "MAX_BYTES", 3900)

    with extracted(packed(tmp_path / "a.7z", members), the("a.shp")) as file:
        assert file.read_bytes() == SHAPE


def test_members_that_are_not_wanted_do_not_count_in_the_size(tmp_path, monkeypatch):
    path = packed(tmp_path / "a.7z", {"a.shp": OTHER, "a.dbf": b"a"}, {"b.shp": SHAPE, "b.dbf": TABLE})
    monkeypatch.setattr(archive_module, "MAX_BYTES", 501)

    with extracted(path, the("a.shp")) as file:
        assert file.read_bytes() == OTHER


def test_a_bomb_is_refused_before_anything_is_extracted(tmp_path, monkeypatch):
    # 20 MB of zeros shrink to some kilobytes, over a thousand times less.
    path = packed(tmp_path / "a.7z", {"a.gpkg": bytes(20_000_000)})
    monkeypatch.setattr(py7zr.SevenZipFile, "extract", lambda *_, **__: pytest.fail("extracted"))

    fault = fault_of(path, the("a.gpkg"))

    assert "a.gpkg would take 20 MB for an archive of 0.0 MB; at most 200 times as much, and 8 GB" in fault


def test_a_companion_may_be_the_bomb(tmp_path):
    path = packed(tmp_path / "a.7z", {"a.shp": SHAPE, "a.dbf": bytes(20_000_000)})

    assert "It was not extracted." in fault_of(path, the("a.shp"))


def test_the_ratio_of_size_is_a_limit(delivery, monkeypatch):
    # Random bytes do not shrink: the layer is smaller than the archive, and larger than a tenth of it.
    with extracted(delivery, OCCUPATION):
        pass
    monkeypatch.setattr(archive_module, "MAX_RATIO", 0.1)

    assert "It was not extracted." in fault_of(delivery)


def test_a_bomb_that_must_be_unpacked_to_reach_the_layer_is_stopped(tmp_path, temporary, monkeypatch):
    # One block: what comes before the layer is decompressed on the way.
    path = packed(tmp_path / "a.7z", {"LISEZ-MOI.txt": bytes(50_000), "a.shp": OTHER, "a.dbf": b"a"})
    monkeypatch.setattr(archive_module, "MAX_BYTES", 10_000)

    assert "once extracted. Ask its producer for another one." in fault_of(path, the("a.shp"))
    assert not list(temporary.iterdir())


# --- the file that a member is written to -----------------------------------------------------------------------


def test_a_written_member_can_be_read_back_and_measured(tmp_path):
    writer = archive_module._Writer(tmp_path / "a.shp")

    assert writer.write(b"0123456789") == 10
    writer.flush()

    assert writer.seek(2) == 2
    assert writer.size() == 10
    assert writer.seek(2) == 2
    assert writer.read(3) == b"234"
    assert writer.read() == b"56789"
    assert writer.seek(-1, io.SEEK_END) == 9
    writer.close()
    assert (tmp_path / "a.shp").read_bytes() == b"0123456789"
