import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from hp_sig.publish.edited import edited_files, keep_edited
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
