import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from catalogues import source
from test_provenance import record_of

from hp_sig import OutputError, RefreshBusyError
from hp_sig.fetching.placing import Workplace, present, working_in
from hp_sig.reference.catalogue import Source
from hp_sig.sources.provenance import read_record, record_path, write_record
from hp_sig.sources.wanted import Wanted

SOURCE = Source.model_validate(source())
WANTED = Wanted(source=SOURCE, file="communes/communes.csv")
WITHOUT_SUFFIX = Wanted(source=SOURCE, file="communes/communes")
OLD, NEW = b"old\n1\n", b"new\n1\n2\n"


def bring(workplace: Workplace, content: bytes, wanted: Wanted = WANTED, *, suffix: str = ".csv", hold: bool = False):
    """Put a file of this content in place, or aside."""
    with workplace.empty_folder(wanted) as folder:
        file = folder / f"came{suffix}"
        file.write_bytes(content)
        record = record_of(file, asked=wanted.digest)
        return workplace.hold(wanted, file, record) if hold else workplace.place(wanted, file, record)


def files_of(raw: Path) -> dict[str, bytes]:
    """Give what is in place: every file but what is hidden."""
    return {
        path.relative_to(raw).as_posix(): path.read_bytes()
        for path in sorted(raw.rglob("*"))
        if path.is_file() and not path.relative_to(raw).parts[0].startswith(".")
    }


def hidden_files(raw: Path) -> list[str]:
    return [path.name for path in sorted((raw / ".hp_sig").rglob("*")) if path.is_file() and path.suffix != ".lock"]


def test_a_file_takes_its_place_with_its_record_and_leaves_nothing_behind(tmp_path):
    with working_in(tmp_path) as workplace:
        place = bring(workplace, NEW)

    assert place == tmp_path / "communes" / "communes.csv"
    assert place.read_bytes() == NEW
    assert present(tmp_path, WANTED) == (place, read_record(place))
    assert hidden_files(tmp_path) == []


def test_a_new_edition_replaces_the_old_one_and_its_record(tmp_path):
    with working_in(tmp_path) as workplace:
        bring(workplace, OLD)
        place = bring(workplace, NEW)

    assert list(files_of(tmp_path)) == ["communes/communes.csv", "communes/communes.csv.provenance.json"]
    assert present(tmp_path, WANTED)[1] == read_record(place)


def test_an_edition_with_another_suffix_replaces_the_one_before(tmp_path):
    with working_in(tmp_path) as workplace:
        bring(workplace, OLD, WITHOUT_SUFFIX, suffix=".CSV")
        bring(workplace, NEW, WITHOUT_SUFFIX, suffix=".gpkg")

    assert list(files_of(tmp_path)) == ["communes/communes.gpkg", "communes/communes.gpkg.provenance.json"]


def test_a_file_of_somebody_else_beside_stays(tmp_path):
    (tmp_path / "communes").mkdir()
    (tmp_path / "communes" / "communes.qml").write_bytes(b"style")

    with working_in(tmp_path) as workplace:
        bring(workplace, NEW)

    assert files_of(tmp_path)["communes/communes.qml"] == b"style"


def test_a_file_that_nobody_could_fetch_again_is_kept_before_it_is_replaced(tmp_path):
    (tmp_path / "communes").mkdir()
    (tmp_path / "communes" / "communes.csv").write_bytes(b"by hand")

    with working_in(tmp_path) as workplace:
        bring(workplace, NEW)

    kept = tmp_path / ".hp_sig" / "replaced" / "communes"
    assert [path.read_bytes() for path in kept.iterdir()] == [b"by hand"]


def test_each_file_that_is_replaced_is_kept(tmp_path):
    (tmp_path / "communes").mkdir()
    with working_in(tmp_path) as workplace:
        for content in (b"first", b"second", b"second"):
            (tmp_path / "communes" / "communes.csv").write_bytes(content)
            bring(workplace, NEW)

    kept = tmp_path / ".hp_sig" / "replaced" / "communes"
    assert sorted(path.read_bytes() for path in kept.iterdir()) == [b"first", b"second"]


def test_an_edition_with_another_suffix_that_was_changed_by_hand_is_kept(tmp_path):
    with working_in(tmp_path) as workplace:
        bring(workplace, OLD, WITHOUT_SUFFIX, suffix=".csv").write_bytes(b"by hand")
        bring(workplace, NEW, WITHOUT_SUFFIX, suffix=".gpkg")

    kept = tmp_path / ".hp_sig" / "replaced" / "communes"
    assert [path.read_bytes() for path in kept.iterdir()] == [b"by hand"]


def test_another_data_set_of_the_same_name_beside_stays(tmp_path):
    with working_in(tmp_path) as workplace:
        place = bring(workplace, OLD, WITHOUT_SUFFIX, suffix=".txt")
        write_record(record_of(place, data_set="others"), record_path(place))
        bring(workplace, NEW, WITHOUT_SUFFIX, suffix=".csv")

    assert place.read_bytes() == OLD


@pytest.mark.parametrize("end", ["-wal", "-journal"])
def test_a_file_that_is_open_in_another_program_keeps_its_place_until_it_is_closed(tmp_path, end):
    gpkg = Wanted(source=SOURCE, file="communes/communes.gpkg")
    with working_in(tmp_path) as workplace:
        place = bring(workplace, OLD, gpkg, suffix=".gpkg")
        journal = place.with_name(place.name + end)
        journal.write_bytes(b"pages that would be applied to what takes its place")
        assert present(tmp_path, gpkg) == (place, None)
        with pytest.raises(OutputError, match="is open in another program"):
            bring(workplace, NEW, gpkg, suffix=".gpkg")
        assert place.read_bytes() == OLD
        journal.unlink()

        assert workplace.finish(gpkg) == place

    assert place.read_bytes() == NEW


def test_what_nothing_needs_any_more_is_removed_after_half_a_year(tmp_path):
    other = Wanted(source=SOURCE, file="friches/friches.csv")
    with working_in(tmp_path) as workplace:
        for wanted in (WANTED, other):
            (workplace.cache(wanted) / "file").write_bytes(b"x")
        left = tmp_path / ".hp_sig" / "work" / "cut"
        left.mkdir(parents=True)
        workplace.tidy([WANTED], dt.date.today() + dt.timedelta(days=179))
        assert (workplace.cache(other) / "file").is_file()

        workplace.tidy([WANTED], dt.date.today() + dt.timedelta(days=182))

        assert not left.exists()
        assert (workplace.cache(WANTED) / "file").is_file()
        assert not (workplace.cache(other) / "file").exists()


def test_an_edition_that_waits_changes_nothing_until_it_is_accepted(tmp_path):
    with working_in(tmp_path) as workplace:
        bring(workplace, OLD)
        before = files_of(tmp_path)
        bring(workplace, NEW, hold=True)
        assert files_of(tmp_path) == before
        held = workplace.held(WANTED)
        workplace.accept(WANTED)

    place = tmp_path / "communes" / "communes.csv"
    assert place.read_bytes() == NEW
    assert read_record(place) == held
    assert hidden_files(tmp_path) == []


def test_an_edition_that_waits_and_was_altered_is_not_offered(tmp_path):
    with working_in(tmp_path) as workplace:
        bring(workplace, NEW, hold=True)
        (file,) = (tmp_path / ".hp_sig" / "held").rglob("communes.csv")
        file.write_bytes(b"altered")

        assert workplace.held(WANTED) is None


def test_a_file_that_was_changed_has_no_record_any_more(tmp_path):
    with working_in(tmp_path) as workplace:
        place = bring(workplace, NEW)
    place.write_bytes(b"changed by hand")

    assert present(tmp_path, WANTED) == (place, None)


def test_a_second_run_is_told_that_the_first_is_at_work(tmp_path):
    second = working_in(tmp_path)

    with working_in(tmp_path), pytest.raises(RefreshBusyError, match="another hp-sig fetch is at work there"), second:
        pass


def test_the_folder_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), working_in(tmp_path):
        _ = 1 / 0

    with working_in(tmp_path) as workplace:
        assert workplace.finish(WANTED) is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="a folder cannot be protected here (root, or Windows)")
def test_a_protected_folder_is_told(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(OutputError, match="cannot be written"), working_in(tmp_path):
        pass


def test_a_place_that_is_a_folder_is_told_and_the_file_waits_for_the_next_run(tmp_path):
    place = tmp_path / "communes" / "communes.csv"
    with working_in(tmp_path) as workplace:
        place.mkdir(parents=True)
        with pytest.raises(OutputError, match="cannot take its place"):
            bring(workplace, NEW)
        place.rmdir()

        assert workplace.finish(WANTED) == place

    assert place.read_bytes() == NEW
    assert read_record(place) is not None


# --- kill -9 at each operation ----------------------------------------------------------------------------------------

#: Forks a child for each point, killed just before its n-th operation on a file; tells how each one ended.
DRIVER = """
import json, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_placing import NEW, OLD, bring
from hp_sig.fetching.placing import working_in

world, ends = Path(sys.argv[1]), []
while not ends or ends[-1] != 0:
    raw, point, seen = world / str(len(ends)), len(ends), -1
    with working_in(raw) as workplace:
        bring(workplace, OLD)
    child = os.fork()
    if child == 0:
        def hook(event, arguments):
            global seen
            if event in {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "open"} and str(raw) in str(arguments[0]):
                seen += 1
                if seen == point:
                    os.kill(os.getpid(), signal.SIGKILL)
        with working_in(raw) as workplace:
            sys.addaudithook(hook)
            bring(workplace, NEW)
            os._exit(0)
    ends.append(os.waitpid(child, 0)[1])
print(json.dumps(ends))
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL and no fork on Windows")
def test_a_run_killed_at_any_point_leaves_the_old_or_the_new_file_whole_and_the_next_one_ends_its_work(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", DRIVER, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    ends = json.loads(done.stdout)
    states = set()
    for point in range(len(ends)):
        raw = tmp_path / str(point)
        found = files_of(raw)["communes/communes.csv"]
        assert found in {OLD, NEW}
        with working_in(raw) as workplace:
            workplace.finish(WANTED)
            file, record = present(raw, WANTED)
            # Never a file without the record that describes it, once the next run has begun.
            assert file is not None
            assert record is not None
            states.add((found, file.read_bytes()))
            bring(workplace, NEW)
        assert files_of(raw)["communes/communes.csv"] == NEW
        assert list((raw / ".hp_sig" / "placing").iterdir()) == []

    assert len(ends) > 10
    assert set(ends[:-1]) == {signal.SIGKILL}
    # Killed before: the old one stays. Killed between: the next run puts the new one in place.
    assert states == {(OLD, OLD), (OLD, NEW), (NEW, NEW)}
