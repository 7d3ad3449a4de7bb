import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from squares import HUB_PAGES, MAPS, OTHER_SHEETS, PLANNED_SHEETS, PROJECT_TABLES

from hp_sig import RefreshResult, refresh
from hp_sig.publish.swap import exclusive, recover

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no SIGKILL and no fork on Windows")

Job = Callable[..., RefreshResult]
FILES = {
    *("overlaps.csv", "communes.csv", "zones.csv", "membership_changes.csv", "scot_coverage.csv"),
    *(f"{name}.csv" for name in PROJECT_TABLES),
    *(
        *("territoire.gpkg", "territoire.qgz", "territoire.xml", "territoire.jsonld", "territoire.rdf"),
        *HUB_PAGES,
        *MAPS,
        *PLANNED_SHEETS,
        *OTHER_SHEETS,
        "index.html",
        "manifest.json",
        "projet.qgz",
    ),
}
FOREIGN = b"a QGIS project of somebody else"
#: Points spread over the whole run.
SPREAD = 6

#: Refreshes each folder of results in a child of its own, which is killed, or whose disk fails, just before its n-th
#: operation on a file of this test; what is told of each one is its operations and how it ended.
DRIVER = """
import errno, json, os, signal, sys
import hp_sig, hp_sig.maps.standalone, hp_sig.maps.territory_map, pyogrio
from hp_sig.publish import swap

world, end, way, jobs = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
if way == "two renames":
    swap._exchange = lambda one, other: False
write = pyogrio.write_dataframe

def audited_write(frame, path, **options):
    sys.audit("test.layer", str(path))
    write(frame, path, **options)
    sys.audit("test.layer", str(path))

pyogrio.write_dataframe = audited_write

def run(out, point):
    done = []
    def hook(event, arguments):
        paths = [os.fsdecode(value) for value in arguments if isinstance(value, (str, bytes, os.PathLike))]
        if not any(world in path for path in paths) and event not in {"os.remove", "os.rmdir", "os.link"}:
            return
        done.append(f"{event} {paths[0]}")
        if len(done) == point and end == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if len(done) == point:
            raise OSError(errno.ENOSPC, "No space left on device")
    sys.addaudithook(hook)
    try:
        hp_sig.refresh(f"{world}/territory.toml", raw=f"{world}/raw", out=out)
    except (OSError, hp_sig.HpSigError):
        return done, "failed"
    except BaseException as error:
        return done, f"{type(error).__name__}: {error}"
    return done, "done"

for out, point in jobs:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, json.dumps(run(out, point)).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as told:
        answer = told.read()
    os.waitpid(child, 0)
    print(answer or '[[], "killed"]', flush=True)
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def hashes(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def drive(world: Path, end: str, way: str, jobs: list[tuple[Path, int]]) -> list[tuple[list[str], str]]:
    listed = json.dumps([(str(out), point) for out, point in jobs])
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DRIVER, world, end, way, listed],
        check=True,
        capture_output=True,
        text=True,
        cwd=world / "work",
    )
    return [tuple(json.loads(line)) for line in told.stdout.splitlines()]


def change_inputs(raw: Path) -> None:
    path = raw / "population.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("04001,10", "04001,1010"), encoding="utf-8")


def points_of(operations: list[str], out: Path, way: str) -> list[int]:
    """Choose points over the whole run, each reading of the last manifest, and each one around the swap.

    Killed at n, n - 1 operations are done.
    """
    swap = f"os.rename {out}" if way == "two renames" else f"open {out.parent}"
    around = len(operations) - operations[::-1].index(swap)
    early = {round(1 + rank * (len(operations) - 1) / (SPREAD - 1)) for rank in range(SPREAD)}
    known = {rank for rank, told in enumerate(operations, 1) if told == f"open {out / 'manifest.json'}"}
    assert known
    spread = early | known if way != "two renames" else set()
    return sorted({*spread, *range(around - 2, around + 5)})


def faults(found: dict[str, bytes], old: dict[str, bytes], raw: Path) -> list[str]:
    """Say why a folder is neither exactly the old results nor exactly new ones; nothing where it is."""
    if found == old:
        return []
    if set(found) != FILES:
        return [f"found {sorted(found)}"]
    manifest = json.loads(found["manifest.json"])
    told = [] if found["projet.qgz"] == FOREIGN else ["the file of somebody else changed"]
    told += [name for name, entry in manifest["outputs"].items() if hashes(found)[name] != entry["sha256"]]
    inputs = {item["name"]: item["sha256"] for item in manifest["inputs"]}
    if inputs["population"] != hashes(contents(raw))["population.csv"]:
        told.append("the manifest is not the new one")
    if b"04001,A,04,100.0,1010.0," not in found["communes.csv"]:
        told.append("the figures are not the new ones")
    return told


@pytest.fixture
def job(raw: Path, territory_file: Path) -> Job:
    return partial(refresh, territory_file, raw=raw)


@pytest.fixture
def results(job: Job, raw: Path, tmp_path: Path) -> Path:
    """Good results with a file of somebody else among them, and inputs that have changed since."""
    folder = tmp_path / "results"
    job(out=folder)
    (folder / "projet.qgz").write_bytes(FOREIGN)
    change_inputs(raw)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("way", ["as the system can", "two renames"])
@pytest.mark.parametrize("end", ["kill", "full disk"])
def test_a_refresh_stopped_at_any_point_leaves_old_or_new_results_in_whole(job, raw, results, tmp_path, end, way):
    old = contents(results)
    whole = shutil.copytree(results, tmp_path / "whole" / "out")
    ((operations, outcome),) = drive(tmp_path, "kill", way, [(whole, 0)])
    assert outcome == "done"
    assert not faults(contents(whole), old, raw)
    points = points_of(operations, whole, way)
    folders = [shutil.copytree(results, tmp_path / str(point) / "out") for point in points]

    outcomes = drive(tmp_path, end, way, list(zip(folders, points, strict=True)))

    assert {told for _, told in outcomes} <= ({"killed"} if end == "kill" else {"failed", "done"})
    broken, kept = {}, 0
    for point, out in zip(points, folders, strict=True):
        if way == "two renames" and not out.exists():
            # Between the two renames the folder has no name; the next command gives it back.
            with exclusive(out):
                recover(out)
        found = contents(out)
        broken[f"{point}: {operations[point - 1]}"] = faults(found, old, raw)
        kept += found == old
    assert {point: told for point, told in broken.items() if told} == {}
    # Both ends were met: stopped before the swap, and after it.
    assert 0 < kept < len(points)
    # The next run succeeds and clears what was left; for three of the last points, where most may be left.
    for point, out in list(zip(points, folders, strict=True))[-6::2]:
        job(out=out)
        assert not faults(contents(out), {}, raw), point
        assert {path.name for path in out.parent.iterdir()} == {"out", ".out.lock"}, point
