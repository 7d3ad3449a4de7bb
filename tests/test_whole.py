import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hp_sig import OutputError
from hp_sig.whole import write_whole

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")


def test_a_new_file_and_a_replaced_one_hold_the_whole_content(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()

    write_whole(folder / "a.html", b"one")
    write_whole(folder / "a.html", b"two")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.html": b"two"}


@posix_only
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "real.html").write_bytes(b"old")
    (tmp_path / "link.html").symlink_to("real.html")

    write_whole(tmp_path / "link.html", b"new")

    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "real.html").read_bytes() == b"new"


@posix_only
def test_the_mode_of_a_file_is_kept(tmp_path):
    file = tmp_path / "a.html"
    file.write_bytes(b"old")
    file.chmod(0o600)

    write_whole(file, b"new")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere/a.html", "No such file or directory"),
        ("folder", "it is a folder"),
        ("protected.html", "it is write-protected"),
        ("a\0.html", "null"),
    ],
)
def test_what_cannot_be_written_is_told_and_nothing_is_left(tmp_path, name, reason):
    folder = tmp_path / "f"
    (folder / "folder").mkdir(parents=True)
    protected = folder / "protected.html"
    protected.write_bytes(b"old")
    protected.chmod(0o444)

    with pytest.raises(OutputError, match=f"cannot be written .*{reason}"):
        write_whole(folder / name, b"new")

    assert sorted(path.name for path in folder.iterdir()) == ["folder", "protected.html"]
    assert protected.read_bytes() == b"old"
    protected.chmod(0o644)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_stops_half_way_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, failure):
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a.html").write_bytes(b"old")

    def stops(*_):
        raise failure

    monkeypatch.setattr(Path, "replace", stops)
    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_whole(folder / "a.html", b"new")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.html": b"old"}


def test_names_as_long_as_the_system_allows_are_written(tmp_path):
    longest = os.pathconf(tmp_path, "PC_NAME_MAX") if hasattr(os, "pathconf") else 200
    name = "a" * (longest - len(".html")) + ".html"

    assert write_whole(tmp_path / name, b"x").read_bytes() == b"x"


def test_several_writers_of_one_file_leave_one_whole_content(tmp_path):
    file = tmp_path / "a.html"
    contents = [bytes([65 + rank]) * 10_000 for rank in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_whole(file, content), contents))

    assert file.read_bytes() in contents
    assert not list(tmp_path.glob(".hp_sig-*"))
