"""What a refresh publishes, and each publication on its own."""

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from postgres import fresh_database, needs_postgres, postgres_server

from hp_sig import OutputError, TerritoryError, refresh
from hp_sig import cli as command
from hp_sig.refresh.publishing import Given, publish_files, publish_geopackage, publish_reports, publish_workbook
from hp_sig.sources.database import connect

GIS = ("territoire.gpkg", "territoire.qgz", "territoire.xml", "territoire.jsonld", "territoire.rdf")


@pytest.fixture
def published(raw: Path, territory_file: Path, tmp_path: Path) -> Callable[..., Path]:
    """Refresh the six squares with the steps that are asked for."""

    def run(settings: str, **options: object) -> Path:
        text = territory_file.read_text(encoding="utf-8").split("\n[publish]")[0]
        territory_file.write_text(f"{text}\n[publish]\n{settings}\n", encoding="utf-8")
        out = tmp_path / "out"
        refresh(territory_file, raw=raw, out=out, **options)
        return out

    return run


@pytest.fixture
def given(raw: Path, territory_file: Path) -> Given:
    return Given(territory=territory_file, raw=raw)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_step_that_the_territory_names_is_written_listed_and_linked(published):
    out = published('steps = ["gpkg", "xlsx", "docx", "files"]\nreports = ["communes"]\nformats = ["csv", "geojson"]')

    written = names(out)
    listed = set(json.loads((out / "manifest.json").read_text(encoding="utf-8"))["outputs"])
    reports = {name for name in written if name.startswith("rapports/")}
    page = (out / "index.html").read_text(encoding="utf-8")
    assert {*GIS, "territoire.xlsx", "fichiers/dictionnaire.csv", "fichiers/communes.csv"} <= written
    assert len(reports) == 12
    assert written - {"manifest.json"} == listed
    assert all(f'href="{name}"' in page for name in ("territoire.gpkg", "territoire.qgz", "territoire.xlsx", *reports))


def test_a_territory_without_steps_publishes_nothing_beside_its_tables_and_maps(published):
    out = published("steps = []")

    assert not {name for name in names(out) if name.startswith(("territoire.", "rapports", "fichiers"))}


def test_a_report_of_a_zone_that_is_not_known_is_refused_with_near_codes(published, tmp_path):
    with pytest.raises(TerritoryError, match=r"found '04010'\. Near: 04"):
        published('steps = ["docx"]\nreports = ["04010"]')
    assert not (tmp_path / "out").exists()


def test_words_written_into_a_report_outlive_the_next_refresh(published):
    out = published('steps = ["docx"]\nreports = ["04001"]')
    report = next(out.glob("rapports/*.docx"))
    report.write_bytes(b"words of the council")

    published('steps = ["docx"]\nreports = ["04001"]', force=True)

    kept = list(out.glob("rapports/*-modifie-*.docx"))
    assert [file.read_bytes() for file in kept] == [b"words of the council"]
    assert report.read_bytes()[:2] == b"PK"


def test_a_geopackage_on_its_own_replaces_ours_keeps_a_backup_and_leaves_the_project_alone(given, tmp_path):
    first = publish_geopackage(tmp_path / "sig.gpkg", given)
    before = (tmp_path / "sig.gpkg").read_bytes()
    (tmp_path / "sig.qgz").write_bytes(b"an officer's work")

    second = publish_geopackage(tmp_path / "sig.gpkg", given)

    assert (first.backup, first.kept) == (None, None)
    assert second.backup is not None
    assert second.backup.read_bytes() == before
    assert second.kept == tmp_path / "sig.qgz"
    assert (tmp_path / "sig.qgz").read_bytes() == b"an officer's work"
    with closing(sqlite3.connect(tmp_path / "sig.gpkg")) as base:
        assert base.execute("SELECT count(*) FROM communes").fetchone() == (6,)


@pytest.mark.parametrize(
    ("publish", "name", "told"),
    [
        (publish_geopackage, "", r"name ends with \.gpkg"),
        (publish_geopackage, "nowhere/territoire.gpkg", "in a folder that is there"),
        (publish_workbook, "", "a file in a folder that is there expected"),
        (publish_workbook, "nowhere/territoire.xlsx", "a file in a folder that is there expected"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_read(tmp_path, publish, name, told):
    # Nothing is there to be read.
    given = Given(territory=tmp_path / "none.toml", raw=tmp_path / "none", replace=True)

    with pytest.raises(OutputError, match=told):
        publish(tmp_path / name, given)


def test_metadata_of_somebody_else_stop_the_publication_before_anything_is_replaced(given, tmp_path):
    publish_geopackage(tmp_path / "sig.gpkg", given)
    before = (tmp_path / "sig.gpkg").read_bytes()
    (tmp_path / "sig.xml").write_bytes(b"<mine/>")

    with pytest.raises(OutputError, match="does not describe this publication"):
        publish_geopackage(tmp_path / "sig.gpkg", given)

    assert (tmp_path / "sig.gpkg").read_bytes() == before


@pytest.mark.parametrize("line", ['database = "postgresql://sig:S3cret@srv/pays"', 'password = "S3cret"'])
def test_a_password_in_the_territory_file_is_refused_and_not_repeated(published, line):
    with pytest.raises(TerritoryError) as refused:
        published(line)

    assert "S3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("publish", "name"),
    [
        (lambda given, folder: publish_workbook(folder / "sig.xlsx", given), "sig.xlsx"),
        (lambda given, folder: publish_reports(["04001"], folder, given), "rapport-triennal-04001-a.docx"),
        (lambda given, folder: publish_files(folder, given, formats=["csv"]), "dictionnaire.csv"),
    ],
    ids=["xlsx", "docx", "files"],
)
def test_what_is_there_is_never_written_over_unasked(given, tmp_path, publish, name):
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / name).write_bytes(b"somebody's")

    with pytest.raises(OutputError, match="there already, left as it was"):
        publish(given, folder)
    assert names(folder) == {name}
    assert (folder / name).read_bytes() == b"somebody's"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gpkg", "--out", "sig.gpkg"], "sig.gpkg ("),
        (["xlsx", "--out", "sig.xlsx"], "sig.xlsx ("),
        (["docx", "04001", "--out", "rapports"], ".docx ("),
        (["files", "--out", "fichiers", "--format", "csv"], "dictionnaire.csv tells their columns"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_a_command_publishes_and_tells_what_it_wrote(raw, territory_file, monkeypatch, capsys, arguments, told):
    options = ["--territory", str(territory_file), "--raw", str(raw)]
    monkeypatch.setattr(sys, "argv", ["hp-sig", "publish", *arguments, *options])

    with pytest.raises(SystemExit) as ended:
        command.main()

    assert ended.value.code in {0, None}
    assert told in capsys.readouterr().out


def test_a_database_that_cannot_be_reached_fails_the_refresh_and_the_last_results_stay(published, monkeypatch):
    out = published("steps = []")
    before = {name: (out / name).read_bytes() for name in names(out)}
    monkeypatch.setenv("PGPASSWORD", "s3cret")

    with pytest.raises(OutputError) as refused:
        published('steps = ["postgis"]\ndatabase = "postgresql://sig@127.0.0.1:9/sig"')

    assert "s3cret" not in str(refused.value)
    assert {name: (out / name).read_bytes() for name in names(out)} == before


@needs_postgres
def test_a_refresh_publishes_to_the_database_the_very_run_of_its_files_and_a_command_finds_nothing_to_do(
    raw, territory_file, monkeypatch, capsys
):
    text = territory_file.read_text(encoding="utf-8")
    territory_file.write_text(f'{text}\n[publish]\nsteps = ["gpkg", "postgis"]\n', encoding="utf-8")
    with postgres_server() as server:
        monkeypatch.setenv("HP_SIG_DATABASE", fresh_database(server))

        done = refresh(territory_file, raw=raw)
        options = ["--territory", str(territory_file), "--raw", str(raw)]
        monkeypatch.setattr(sys, "argv", ["hp-sig", "publish", "postgis", *options])
        with pytest.raises(SystemExit) as ended:
            command.main()

        with connect(what="test") as connection:
            shown = connection.execute("SELECT DISTINCT run_id FROM hp_sig_territory.communes").fetchall()
    with closing(sqlite3.connect("data/processed/territoire.gpkg")) as base:
        stored = base.execute("SELECT id FROM run").fetchall()
    assert ended.value.code in {0, None}
    assert "nothing to do" in capsys.readouterr().out
    assert shown == stored == [(done.manifest["run"],)]
