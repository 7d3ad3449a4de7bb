import datetime as dt
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from geopackage_world import publication as small_publication

from hp_sig import OutputError
from hp_sig.publish.edited import edited_files, keep_edited
from hp_sig.publish.geopackage import write_geopackage
from hp_sig.publish.manifest import MANIFEST, read_manifest, stale_reasons

DAY = dt.date(2026, 11, 28)
REPORT = "rapports/rapport.docx"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of results as a refresh left it: a report, a project, a table."""
    folder = tmp_path / "results"
    (folder / "rapports").mkdir(parents=True)
    outputs = {}
    for name in (REPORT, "territoire.qgz", "communes.csv"):
        (folder / name).write_bytes(name.encode())
        outputs[name] = {"rows": 1, "sha256": hashlib.sha256(name.encode()).hexdigest()}
    manifest = {"form": 1, "inputs": [], "outputs": outputs, "packages": {}}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_what_nobody_touched_is_not_edited(results):
    assert list(edited_files(results)) == []


def test_a_report_that_somebody_completed_is_kept_beside_the_new_one_under_another_name(results, tmp_path):
    staging = tmp_path / "staging"
    staging.mkdir()
    (results / REPORT).write_bytes(b"words of the council")

    kept = keep_edited(results, staging, DAY)

    assert kept == ["rapports/rapport-modifie-20261128.docx"]
    assert (staging / kept[0]).read_bytes() == b"words of the council"
    assert (results / REPORT).read_bytes() == b"words of the council"


def test_an_edit_kept_before_is_not_written_over(results, tmp_path):
    staging = tmp_path / "staging"
    staging.mkdir()
    (results / REPORT).write_bytes(b"second")
    (results / "rapports" / "rapport-modifie-20261128.docx").write_bytes(b"first")

    kept = keep_edited(results, staging, DAY)

    assert kept == ["rapports/rapport-modifie-20261128-2.docx"]


def test_a_table_that_somebody_changed_is_not_work_to_keep(results, tmp_path):
    staging = tmp_path / "staging"
    staging.mkdir()
    (results / "communes.csv").write_bytes(b"changed")

    assert keep_edited(results, staging, DAY) == []
    assert list(staging.iterdir()) == []


def test_results_without_a_manifest_hold_no_known_work(results):
    (results / MANIFEST).unlink()
    (results / REPORT).write_bytes(b"words")

    assert list(edited_files(results)) == []


def test_results_whose_manifest_cannot_be_read_are_refused_not_taken_for_unknown(results, tmp_path):
    staging = tmp_path / "staging"
    staging.mkdir()
    (results / MANIFEST).unlink()
    (results / MANIFEST).mkdir()

    with pytest.raises(OutputError, match=r"manifest\.json: cannot be read \(.+\).*Check your rights"):
        keep_edited(results, staging, DAY, replaced=[REPORT, "communes.csv"])
    with pytest.raises(OutputError, match="nothing is known of the results there"):
        read_manifest(results)

    assert list(staging.iterdir()) == []


def test_an_edited_report_makes_nothing_stale_a_changed_table_does(results):
    (results / REPORT).write_bytes(b"words")
    previous = read_manifest(results) | {"packages": {}}
    names = [REPORT, "territoire.qgz", "communes.csv"]

    of_report = stale_reasons(results, previous, [], names)
    (results / "communes.csv").write_bytes(b"changed")
    of_table = stale_reasons(results, previous, [], names)

    assert not any("rapport" in reason for reason in of_report)
    assert "communes.csv was modified" in of_table
    assert not any("rapport" in reason for reason in of_table)


def test_a_file_that_no_manifest_knows_is_somebody_s_and_is_kept_before_it_is_replaced(results, tmp_path):
    staging = tmp_path / "staging"
    staging.mkdir()
    (results / MANIFEST).write_text("{", encoding="utf-8")

    kept = keep_edited(results, staging, DAY, replaced=[REPORT, "communes.csv"])

    assert kept == ["rapports/rapport-modifie-20261128.docx"]


@pytest.mark.parametrize(
    ("statement", "is_kept"),
    [
        ("UPDATE gpkg_contents SET last_change = '2030-01-01T00:00:00.000Z'", False),
        ("CREATE TABLE mine (id INTEGER)", True),
    ],
    ids=["looked at", "worked on"],
)
def test_a_geopackage_is_kept_where_somebody_put_a_layer_of_their_own_into_it(results, tmp_path, statement, is_kept):
    staging = tmp_path / "staging"
    staging.mkdir()
    file = results / "territoire.gpkg"
    write_geopackage(small_publication(), file)
    manifest = json.loads((results / MANIFEST).read_text(encoding="utf-8"))
    manifest["outputs"]["territoire.gpkg"] = {"rows": 1, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (results / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with closing(sqlite3.connect(file)) as base, base:
        base.execute(statement)

    kept = keep_edited(results, staging, DAY)

    assert kept == (["territoire-modifie-20261128.gpkg"] if is_kept else [])
