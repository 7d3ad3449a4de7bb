import contextlib
import ctypes
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from hp_sig import InputError, OutputError, RefreshBusyError, RefreshResult, plan, refresh
from hp_sig.publish import swap
from hp_sig.publish.swap import exclusive, prepare, publish, recover, require_own_folder

Job = Callable[..., RefreshResult]
OLD = {"table.csv": b"old", "layers.gpkg": b"old layers", "manifest.json": b"{}"}
NEW = {"table.csv": b"new", "map.html": b"new map", "manifest.json": b"{1}"}

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are exchanged in one step on Linux")
by_exchange_or_by_two_renames = pytest.mark.parametrize("way", ["as the system can", "two renames"])


class KilledError(BaseException):
    """Stand for kill -9: nothing in the package may catch it."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def beside(out: Path) -> set[str]:
    return {path.name for path in out.parent.iterdir() if path.name.startswith(f".{out.name}.")}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return fill(tmp_path / "out", OLD)


@pytest.fixture
def staging(out: Path) -> Path:
    return fill(prepare(out), NEW)


@pytest.fixture
def job(raw: Path, territory_file: Path, tmp_path: Path) -> Job:
    return partial(refresh, territory_file, raw=raw, out=tmp_path / "results")


def choose(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "two renames":
        monkeypatch.setattr(swap, "_exchange", lambda _one, _other: False)


# --- the swap ---------------------------------------------------------------------------------------------------


@by_exchange_or_by_two_renames
def test_new_results_take_the_place_of_the_old_ones_in_whole(out, staging, monkeypatch, way):
    choose(way, monkeypatch)

    publish(staging, out, ours=OLD)

    # `layers.gpkg` was ours and is made no more: it goes.
    assert contents(out) == NEW
    assert beside(out) == set()


def test_first_results_need_no_old_ones(tmp_path):
    out = tmp_path / "out"

    publish(fill(prepare(out), NEW), out, ours=())

    assert contents(out) == NEW
    assert beside(out) == set()


@on_linux
def test_two_folders_are_really_exchanged_on_linux(out, staging):
    before = out.stat().st_ino, staging.stat().st_ino

    exchanged = swap._exchange(staging, out)

    assert exchanged
    assert (staging.stat().st_ino, out.stat().st_ino) == before
    assert contents(out) == NEW
    assert contents(staging) == OLD


@on_linux
def test_publishing_on_linux_never_leaves_a_moment_without_results(out, staging, monkeypatch):
    monkeypatch.setattr(swap, "_rename_twice", lambda *_: pytest.fail("the names were not exchanged in one step"))
    monkeypatch.setattr(Path, "rename", lambda *_: pytest.fail("a folder was renamed"))

    publish(staging, out, ours=OLD)

    assert contents(out) == NEW


def fail_in_renameat2(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    library = type("Library", (), {"renameat2": staticmethod(lambda *_: -1)})
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    monkeypatch.setattr(ctypes, "get_errno", lambda: code)


@on_linux
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP])
def test_where_the_disk_cannot_exchange_names_they_are_renamed_twice(out, staging, monkeypatch, code):
    fail_in_renameat2(code, monkeypatch)

    publish(staging, out, ours=OLD)

    assert contents(out) == NEW
    assert beside(out) == set()


@on_linux
def test_an_exchange_that_fails_keeps_the_old_results(out, staging, monkeypatch):
    fail_in_renameat2(errno.EACCES, monkeypatch)

    with pytest.raises(OutputError, match="The old ones stay"):
        publish(staging, out, ours=OLD)

    assert contents(out) == OLD


def test_other_systems_do_not_exchange_names(out, staging, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")

    assert not swap._exchange(staging, out)
    assert contents(out) == OLD


def stop_at_second_rename(staging: Path, stop: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def renamed(path: Path, target: Path) -> Path:
        if path == staging:
            raise stop
        return rename(path, target)

    monkeypatch.setattr(swap, "_exchange", lambda _one, _other: False)
    monkeypatch.setattr(Path, "rename", renamed)


def test_a_failure_between_the_two_renames_takes_the_first_one_back(out, staging, monkeypatch):
    stop_at_second_rename(staging, PermissionError(errno.EACCES, "Permission denied"), monkeypatch)

    with pytest.raises(OutputError, match="The old ones stay"):
        publish(staging, out, ours=OLD)

    assert contents(out) == OLD


def test_a_kill_between_the_two_renames_is_recovered(out, staging, monkeypatch):
    with monkeypatch.context() as patch:
        stop_at_second_rename(staging, KilledError(), patch)
        with pytest.raises(KilledError):
            publish(staging, out, ours=OLD)
    assert not out.exists()

    recover(out)

    assert contents(out) == OLD
    assert beside(out) == set()


def test_a_kill_after_the_two_renames_keeps_the_new_results(out, staging, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(swap, "_exchange", lambda _one, _other: False)
        patch.setattr(swap.shutil, "rmtree", lambda *_: (_ for _ in ()).throw(KilledError()))
        with pytest.raises(KilledError):
            publish(staging, out, ours=OLD)

    recover(out)

    assert contents(out) == NEW
    assert beside(out) == set()


def test_what_a_killed_run_was_building_is_cleared(out, staging):
    assert staging.exists()

    recover(out)

    assert contents(out) == OLD
    assert beside(out) == set()


def test_the_next_run_recovers_even_if_its_own_inputs_are_broken(job, raw, tmp_path):
    job()
    results = tmp_path / "results"
    good = contents(results)
    results.rename(tmp_path / ".results.previous")
    (raw / "communes.gpkg").write_bytes(b"")

    with pytest.raises(InputError):
        job()

    assert contents(results) == good
    assert beside(results) == {".results.lock"}


# --- files of others --------------------------------------------------------------------------------------------


@by_exchange_or_by_two_renames
def test_files_of_others_survive_a_refresh_also_in_sub_folders(job, tmp_path, monkeypatch, way):
    choose(way, monkeypatch)
    job()
    foreign = {"projet.qgz": b"QGIS", "styles/communes.qml": b"<qgis/>", "a/b/notes.txt": b"notes"}
    fill(tmp_path / "results", foreign)
    times = {name: (tmp_path / "results" / name).stat().st_mtime_ns for name in foreign}

    done = job(force=True)

    found = contents(tmp_path / "results")
    assert {name: found[name] for name in foreign} == foreign
    assert set(found) == {*foreign, *done.manifest["outputs"], "manifest.json"}
    assert {name: (tmp_path / "results" / name).stat().st_mtime_ns for name in foreign} == times


def test_files_of_others_are_copied_where_the_disk_knows_no_hard_links(out, staging, monkeypatch):
    fill(out, {"projets/projet.qgz": b"QGIS"})
    monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))

    publish(staging, out, ours=OLD)

    assert contents(out) == NEW | {"projets/projet.qgz": b"QGIS"}


@pytest.mark.parametrize("kind", ["link to a folder", "dangling link", "empty folder"])
def test_links_and_empty_folders_of_others_survive_as_well(out, staging, tmp_path, kind):
    fill(tmp_path / "elsewhere", {"fond.tif": b"map"})
    path = out / "fonds"
    if kind == "empty folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / ("elsewhere" if kind == "link to a folder" else "nowhere"))

    publish(staging, out, ours=OLD)

    assert os.path.lexists(path)
    assert contents(tmp_path / "elsewhere") == {"fond.tif": b"map"}


@pytest.mark.skipif(os.name == "nt", reason="rights of Unix")
def test_a_read_only_file_of_others_survives_for_a_user_who_is_not_root(out, staging, monkeypatch):
    fill(out, {"reference.pdf": b"read only"})
    (out / "reference.pdf").chmod(0o444)
    opened = os.open

    def as_a_user(path: Path, flags: int, *args: int, **options: int) -> int:
        if flags & os.O_RDWR and not Path(path).stat().st_mode & 0o200:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, flags, *args, **options)

    monkeypatch.setattr(swap.os, "open", as_a_user)

    publish(staging, out, ours=OLD)

    assert contents(out) == NEW | {"reference.pdf": b"read only"}


def test_a_file_of_others_with_the_name_of_a_new_result_is_refused(out, staging):
    fill(out, {"map.html": b"somebody's map"})

    with pytest.raises(OutputError, match=r"map\.html.*--force"):
        publish(staging, out, ours=OLD)

    assert contents(out) == OLD | {"map.html": b"somebody's map"}


def test_a_first_refresh_does_not_replace_files_of_others_unless_forced(job, tmp_path):
    foreign = {"overlaps.csv": b"mine", "keep.txt": b"kept"}
    fill(tmp_path / "results", foreign)

    with pytest.raises(OutputError, match=r"overlaps\.csv"):
        job()
    assert contents(tmp_path / "results") == foreign

    done = job(force=True)

    assert set(contents(tmp_path / "results")) == {*done.manifest["outputs"], "manifest.json", "keep.txt"}
    assert contents(tmp_path / "results")["keep.txt"] == b"kept"
    assert contents(tmp_path / "results")["overlaps.csv"] != b"mine"


def test_a_refused_refresh_leaves_nothing_beside_the_results(job, tmp_path):
    fill(tmp_path / "results", {"overlaps.csv": b"mine"})

    with pytest.raises(OutputError):
        job()

    assert beside(tmp_path / "results") <= {".results.lock"}


def test_a_folder_with_too_many_files_of_others_is_refused(out, staging, monkeypatch):
    monkeypatch.setattr(swap, "MAX_FOREIGN_FILES", 1)
    foreign = {"one.txt": b"1", "two.txt": b"2"}
    fill(out, foreign)

    with pytest.raises(OutputError, match="holds 2 files that are not results"):
        publish(staging, out, ours=OLD)

    assert contents(out) == OLD | foreign


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_geopackage_that_somebody_has_open_is_not_replaced(job, tmp_path, suffix):
    job()
    results = tmp_path / "results"
    open_elsewhere = fill(results, {f"territoire.gpkg{suffix}": b"pages"}) / f"territoire.gpkg{suffix}"
    before = contents(results)

    with pytest.raises(OutputError, match=r"territoire\.gpkg is open in another program.*Close it in QGIS"):
        job(force=True)
    assert contents(results) == before

    open_elsewhere.unlink()

    assert job(force=True).results is not None


# --- which folder -----------------------------------------------------------------------------------------------

PLACES = {
    "the working folder": ".",
    "above the working folder": "..",
    "the raw folder": "../raw",
    "above the raw folder": "../held",
    "a file": "../a_file",
    "a link": "../a_link",
    "a link to nothing": "../lost_link",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", [plan, refresh])
def test_a_place_that_is_no_folder_of_results_of_its_own_is_refused(raw, territory_file, tmp_path, command, place):
    held = tmp_path / "held"
    held.mkdir()
    raw = raw.rename(held / "raw") if place == "above the raw folder" else raw
    fill(tmp_path, {"a_file": b"text"})
    fill(tmp_path / "target", {"kept.txt": b"kept"})
    (tmp_path / "a_link").symlink_to(tmp_path / "target")
    (tmp_path / "lost_link").symlink_to(tmp_path / "nowhere")
    before = contents(tmp_path)

    with pytest.raises(OutputError, match="--out"):
        command(territory_file, raw=raw, out=PLACES[place], force=True)

    assert {name: content for name, content in contents(tmp_path).items() if not name.endswith(".lock")} == before
    assert (tmp_path / "a_link").is_symlink()


def test_a_mount_point_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "ismount", lambda path: path == (tmp_path / "share").resolve())

    with pytest.raises(OutputError, match="mount point"):
        require_own_folder(tmp_path / "share")


def test_a_folder_that_does_not_exist_yet_is_accepted(tmp_path):
    assert require_own_folder(tmp_path / "not" / "yet", apart_from=[tmp_path / "raw"]) is None


def test_a_folder_of_results_inside_the_raw_folder_does_not_hold_it(tmp_path):
    assert require_own_folder(tmp_path / "raw" / "results", apart_from=[tmp_path / "raw"]) is None


# --- one writer at a time ---------------------------------------------------------------------------------------

HOLD = """
import sys
from pathlib import Path
from hp_sig.publish.swap import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def held_by_another_process(out: Path) -> Iterator[subprocess.Popen]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.communicate()


def command(territory_file: Path, raw: Path, out: Path, *options: str) -> list[str]:
    start = [sys.executable, "-m", "hp_sig.cli", "refresh", "--territory", territory_file]
    return [str(part) for part in [*start, "--raw", raw, "--out", out, *options]]


def test_a_second_writer_is_refused_at_once(out):
    with exclusive(out), pytest.raises(RefreshBusyError, match="another refresh is writing"), exclusive(out):
        pytest.fail("two writers at once")


def test_the_lock_is_freed_when_the_writer_ends_or_fails(out):
    with pytest.raises(KilledError), exclusive(out):
        raise KilledError

    with exclusive(out):
        pass
    with exclusive(out):
        pass


def test_writers_of_different_folders_do_not_meet(tmp_path):
    with exclusive(tmp_path / "one"), exclusive(tmp_path / "other"):
        pass


def test_a_folder_that_cannot_be_made_is_an_expected_failure(tmp_path):
    fill(tmp_path, {"file": b"text"})

    with pytest.raises(OutputError, match="cannot write beside"), exclusive(tmp_path / "file" / "results"):
        pytest.fail("there is no such folder")


def test_a_refresh_stops_with_one_line_while_another_process_writes(job, raw, territory_file, tmp_path):
    job()
    results = tmp_path / "results"
    before = contents(results)

    with held_by_another_process(results):
        with pytest.raises(RefreshBusyError):
            job(force=True)
        # The holder only ends when told to: a command that waited would never come back.
        second = subprocess.run(
            command(territory_file, raw, results, "--force"), capture_output=True, text=True, check=False, timeout=60
        )

    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.splitlines() == [
        f"hp-sig: another refresh is writing to {results}. Wait until it ends, or choose another folder with --out."
    ]
    assert contents(results) == before
    assert beside(results) == {".results.lock"}


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_killed_writer_frees_the_lock(out):
    with held_by_another_process(out) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()

        with exclusive(out):
            pass


def test_two_refreshes_started_together_do_not_mix(job, raw, territory_file, tmp_path):
    job()
    results = tmp_path / "results"
    start = command(territory_file, raw, results, "--force")

    runs = [subprocess.Popen(start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [run.communicate() for run in runs]

    codes = [run.returncode for run in runs]
    assert sorted(codes) in ([0, 0], [0, 1])
    assert all("another refresh" in stderr for code, (_, stderr) in zip(codes, told, strict=True) if code == 1)
    found = contents(results)
    outputs = json.loads(found["manifest.json"])["outputs"]
    assert {name: hashlib.sha256(found[name]).hexdigest() for name in outputs} == {
        name: entry["sha256"] for name, entry in outputs.items()
    }
    assert set(found) == {*outputs, "manifest.json"}
    assert beside(results) == {".results.lock"}


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_old_results_that_cannot_be_cleared_do_not_fail_this_run_nor_the_next(
    job, raw, tmp_path, monkeypatch, way, caplog
):
    results = tmp_path / "results"
    job()
    choose(way, monkeypatch)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "in use")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", refused)
        for number in (71, 72):
            (raw / "population.csv").write_text(f"commune_code,2021\n04001,{number}\n", encoding="utf-8")
            job()
            assert f"04001,A,04,100.0,{number}.0" in (results / "communes.csv").read_text(encoding="utf-8")
    assert "could not be cleared" in caplog.text

    (raw / "population.csv").write_text("commune_code,2021\n04001,73\n", encoding="utf-8")
    job()
    assert sorted(path.name for path in tmp_path.glob(".results.*")) == [".results.lock"]


def test_recover_clears_its_own_leftovers_and_nothing_that_only_looks_like_them(out):
    for name in (".out.staging", ".out.staging-1", ".out.staging_backup", ".out.staging-b.staging"):
        fill(out.parent / name, OLD)
    (out.parent / ".out.staging-2").symlink_to(out.parent / "nowhere")

    recover(out)

    left = sorted(path.name for path in out.parent.iterdir() if path.name.startswith(".out."))
    assert left == [".out.staging-b.staging", ".out.staging_backup"]
