import contextlib
import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from geopackage_world import publication

from hp_sig import OutputError
from hp_sig.publish.geopackage import replace_geopackage, replacing, write_geopackage

#: Another program that holds a file open; says when it does, and ends when it is told to.
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    cursor = connection.execute(statement)
    cursor.fetchone()
print("held", flush=True)
sys.stdin.readline()
"""
LOCKER = """
import sys, filelock
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""
#: Publishes once a step, killed at it; the last time to the end.
KILLED = """
import os, pathlib, shutil, signal, sys
from geopackage_world import publication
from hp_sig.publish.geopackage import replace_geopackage, replacing

path = pathlib.Path(sys.argv[1])
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)

def half(new, aside):
    aside.write_bytes(new.read_bytes()[:5000])
    die()

steps = {
    "building": (replacing, "_digest", die),
    "half-copied": (shutil, "copyfile", half),
    "copied": (replacing, "_put", die),
    "linked": (pathlib.Path, "replace", lambda self, target: die()),
    "backed up": (pathlib.Path, "replace", lambda self, target: die() if target == path else rename(self, target)),
}
rename = pathlib.Path.replace

before = path.read_bytes()
for step, (module, name, killer) in steps.items():
    child = os.fork()
    if child == 0:
        setattr(module, name, killer)
        replace_geopackage(publication("2"), path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    left = sorted(file.name for file in path.parent.iterdir() if file.name.endswith(".tmp"))
    print(step, os.WIFSIGNALED(status), path.read_bytes() == before, left)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Write one file for all."""
    path = tmp_path_factory.mktemp("made") / "territoire.gpkg"
    write_geopackage(publication("1"), path, styles={"communes": [("Par défaut", "<qgis/>", True)]})
    return path


@pytest.fixture
def shared(made, tmp_path) -> Path:
    """Give a shared folder with a file of an earlier run."""
    folder = tmp_path / "share"
    folder.mkdir()
    return Path(shutil.copy(made, folder / "territoire.gpkg"))


@contextmanager
def other_program(code: str, *arguments: object) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write("\n")
                process.stdin.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith(".lock")}


def run_of(path: Path) -> str:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return connection.execute("SELECT id FROM run").fetchone()[0]


def test_a_file_is_replaced_and_the_one_before_is_kept_as_it_was(shared):
    before = shared.read_bytes()
    shared.chmod(0o664)

    done = replace_geopackage(publication("2"), shared)

    assert run_of(shared) == "2"
    assert done.backup == shared.with_name("territoire.gpkg.bak")
    assert done.backup.read_bytes() == before
    assert sorted(contents(shared.parent)) == ["territoire.gpkg", "territoire.gpkg.bak"]
    if os.name == "posix":
        assert shared.stat().st_mode & 0o777 == 0o664
    replace_geopackage(publication("3"), shared)
    assert run_of(done.backup) == "2"
    first = replace_geopackage(publication("1"), shared.with_name("autre.gpkg"))
    assert (first.backup, first.size, first.rows["enaf"]) == (None, first.path.stat().st_size, 4)


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["BEGIN EXCLUSIVE"], id="writing"),
        pytest.param(["BEGIN IMMEDIATE"], id="about to write"),
        pytest.param(["BEGIN", "SELECT * FROM dictionary"], id="reading"),
        pytest.param(["PRAGMA journal_mode = WAL", "BEGIN", "SELECT * FROM dictionary"], id="as QGIS does"),
        pytest.param(["BEGIN", "UPDATE run SET id = 9"], id="with a journal"),
    ],
)
def test_a_file_that_another_program_holds_is_refused_in_one_line_and_stays(shared, statements):
    with other_program(HOLDER, shared, *statements):
        before = contents(shared.parent)
        with pytest.raises(OutputError, match="Close it in QGIS, then publish again") as caught:
            replace_geopackage(publication("2"), shared)
        after = contents(shared.parent)

    assert "\n" not in str(caught.value)
    assert after == before


@pytest.mark.parametrize("suffix", ["-wal", "-journal", "-shm"])
def test_a_file_that_was_not_closed_is_refused_though_nobody_holds_it(shared, suffix):
    shared.with_name(f"territoire.gpkg{suffix}").write_bytes(b"changes of somebody")
    before = contents(shared.parent)

    with pytest.raises(OutputError, match=f"territoire.gpkg{suffix} is there"):
        replace_geopackage(publication("2"), shared)

    assert contents(shared.parent) == before


def test_a_file_that_is_opened_while_the_new_one_is_built_stays(shared, monkeypatch):
    build = replacing.build_geopackage
    before = shared.read_bytes()

    def builds_while_somebody_saves(*arguments, **options):
        rows = build(*arguments, **options)
        with closing(sqlite3.connect(shared)) as connection, connection:
            connection.execute("UPDATE run SET territory = 'corrected'")
        return rows

    monkeypatch.setattr(replacing, "build_geopackage", builds_while_somebody_saves)
    with pytest.raises(OutputError, match="was changed while the new one was being built"):
        replace_geopackage(publication("2"), shared)

    assert run_of(shared) == "1"
    assert shared.read_bytes() != before
    assert sorted(contents(shared.parent)) == ["territoire.gpkg"]


def test_a_second_publisher_stops_and_says_why(shared):
    before = contents(shared.parent)

    with (
        other_program(LOCKER, shared.with_name(".territoire.gpkg.lock")),
        pytest.raises(OutputError, match="another publication is writing"),
    ):
        replace_geopackage(publication("2"), shared)

    assert contents(shared.parent) == before


@pytest.mark.parametrize("content", [b"a text", None], ids=["no database", "a GeoPackage of somebody else"])
def test_a_file_that_is_not_ours_is_replaced_only_when_that_is_asked_for(shared, content):
    if content is None:
        with closing(sqlite3.connect(shared)) as connection, connection:
            connection.execute("DROP TABLE run")
    else:
        shared.write_bytes(content)
    before = shared.read_bytes()

    with pytest.raises(OutputError, match="was not written by hp_sig: it is not replaced"):
        replace_geopackage(publication("2"), shared)
    kept = shared.read_bytes()
    done = replace_geopackage(publication("2"), shared, replace_foreign="replace")

    assert kept == before
    assert run_of(shared) == "2"
    assert done.backup.read_bytes() == before


def test_a_layer_or_a_project_that_people_added_is_not_lost(shared):
    with closing(sqlite3.connect(shared)) as connection, connection:
        connection.execute("CREATE TABLE qgis_projects (name TEXT)")
        connection.execute("CREATE VIEW mine AS SELECT * FROM enaf")
    before = shared.read_bytes()

    with pytest.raises(OutputError, match=r"holds what hp_sig did not write \('mine', 'qgis_projects'\)"):
        replace_geopackage(publication("2"), shared)

    assert shared.read_bytes() == before


def test_a_style_that_people_saved_goes_along_and_stays_the_one_applied(shared):
    with closing(sqlite3.connect(shared)) as connection, connection:
        connection.execute('UPDATE layer_styles SET "useAsDefault" = 0')
        connection.execute(
            'INSERT INTO layer_styles (f_table_name, f_geometry_column, "styleName", "styleQML", "useAsDefault", owner)'
            " VALUES ('communes', 'geom', 'La mienne', '<mine/>', 1, ''), ('gone', 'geom', 'x', '<x/>', 1, '')"
        )

    replace_geopackage(publication("2"), shared, styles={"communes": [("Par défaut", "<new/>", True)]})

    with closing(sqlite3.connect(shared)) as connection:
        rows = connection.execute(
            'SELECT f_table_name, "styleName", "styleQML", "useAsDefault" FROM layer_styles ORDER BY id'
        ).fetchall()
    assert rows == [("communes", "Par défaut", "<new/>", 0), ("communes", "La mienne", "<mine/>", 1)]


@pytest.mark.parametrize(
    ("error", "told"),
    [(OSError(28, "No space left on device"), r"cannot be replaced \(No space left"), (None, "the copy differs")],
)
def test_a_copy_that_fails_leaves_the_file_as_it_was_and_nothing_beside(shared, monkeypatch, error, told):
    before = contents(shared.parent)

    def copies_half(_, target):
        target.write_bytes(b"half")
        if error is not None:
            raise error

    monkeypatch.setattr(shutil, "copyfile", copies_half)
    with pytest.raises(OutputError, match=told):
        replace_geopackage(publication("2"), shared)

    assert contents(shared.parent) == before


@pytest.mark.parametrize("name", ["territoire.sqlite", "nowhere/territoire.gpkg", "link.gpkg"])
def test_a_place_that_is_no_shared_geopackage_is_refused(shared, name):
    if name == "link.gpkg":
        shared.with_name(name).symlink_to(shared)

    with pytest.raises(OutputError, match=r"name ends with \.gpkg"):
        replace_geopackage(publication("2"), shared.parent / name)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL") or not hasattr(os, "fork"), reason="no kill -9 here")
def test_a_publisher_killed_at_any_step_leaves_the_old_file_and_the_next_one_clears_up(shared):
    before = shared.read_bytes()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    # What is built locally dies with its publisher: not in the folder that all share.
    environment |= {"TMPDIR": str(shared.parent.parent)}

    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), shared],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )

    aside = ".territoire.gpkg.new.tmp"
    assert ended.stdout.splitlines() == [
        "building True True []",
        f"half-copied True True ['{aside}']",
        f"copied True True ['{aside}']",
        f"linked True True ['{aside}', '.territoire.gpkg.old.tmp']",
        f"backed up True True ['{aside}']",
    ]
    assert shared.with_name("territoire.gpkg.bak").read_bytes() == before
    replace_geopackage(publication("3"), shared)
    assert run_of(shared) == "3"
    assert sorted(contents(shared.parent)) == ["territoire.gpkg", "territoire.gpkg.bak"]


@pytest.mark.parametrize(
    ("change", "told"),
    [({"territory": "Autre pays"}, "figures of another territory"), ({"notice": "Jeu d'essai"}, "holds real figures")],
    ids=["another territory", "a sample over real figures"],
)
def test_worse_figures_do_not_replace_better_ones_unasked_and_these_are_kept_apart(tmp_path, change, told):
    file = tmp_path / "sig.gpkg"
    real = dataclasses.replace(publication(), notice=None)
    replace_geopackage(real, file)
    before = file.read_bytes()
    worse = dataclasses.replace(real, **change)

    with pytest.raises(OutputError, match=told):
        replace_geopackage(worse, file)
    untouched = file.read_bytes()
    first = replace_geopackage(worse, file, replace_foreign="replace")
    replace_geopackage(worse, file)

    assert untouched == before
    assert first.backup == tmp_path / "sig.gpkg.bak-1"
    assert first.backup.read_bytes() == before


def test_a_backup_of_somebody_else_s_work_is_never_written_over(tmp_path):
    file = tmp_path / "sig.gpkg"
    replace_geopackage(publication(), file)
    (tmp_path / "sig.gpkg.bak").write_bytes(b"an officer's own copy")

    done = replace_geopackage(publication(), file)

    assert (tmp_path / "sig.gpkg.bak").read_bytes() == b"an officer's own copy"
    assert done.backup == tmp_path / "sig.gpkg.bak-1"
