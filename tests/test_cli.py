import contextlib
import errno
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from squares import HUB_PAGES, MAPS, OTHER_SHEETS, PLANNED_SHEETS, PROJECT_TABLES

from hp_sig import __version__, cli, load_territory
from hp_sig.publish import swap
from hp_sig.publish.geopackage import writing

NOTICE = (
    "Jeu d'essai : contours schématiques, occupation du sol, consommation et routes fictives, "
    "ne pas utiliser pour une décision"
)
NOTHING = "Nothing to do: inputs, packages and results are unchanged."
BASE = ("overlaps.csv", "communes.csv", "zones.csv", "membership_changes.csv", "scot_coverage.csv")
TABLES = (*BASE, *(f"{name}.csv" for name in PROJECT_TABLES))
#: What is told one by one; the sheets are told together.
GIS = ("territoire.gpkg", "territoire.qgz", "territoire.xml", "territoire.jsonld", "territoire.rdf")
OUTPUTS = (*TABLES, *MAPS, *GIS, "index.html")
#: As they are written, the pages of hubs after the maps.
WRITTEN = (*TABLES, *MAPS, *HUB_PAGES, *GIS, "index.html")
SHEETS = (*PLANNED_SHEETS, *OTHER_SHEETS)
READ = ("communes.gpkg", "epci_2015.csv", "epci_2017.csv", "scot.csv", "pnr.geojson", "population.csv")
INPUTS = (*READ, "stations.csv", "projects.csv")
OPTIONS = {
    "refresh": ("--territory", "--raw", "--out", "--dry-run", "--force", "--fetch"),
    "fetch": ("SOURCE", "--territory", "--raw", "--offline", "--dry-run", "--accept", "--force"),
    "sources": ("--territory", "--raw", "--check"),
    "check": ("--territory", "--raw"),
    "territory": ("FILE",),
    "map": ("--territory", "--raw", "--out", "--indicator", "--period", "--basemap", "--force"),
    "sheet": ("--territory", "--raw", "--out", "--force"),
    "publish": ("gpkg", "xlsx", "docx", "files", "postgis"),
    "hub": ("HUB", "--territory", "--raw", "--out", "--projects", "--compare", "--force"),
}
#: What is computed between the files that are read and those that are written.
STEPS = ("project_screening",)


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Ended]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture
def hp_sig(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command in this process, as the script does."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["hp-sig", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), plain(out), plain(err))

    return run


@pytest.fixture
def options(raw: Path, territory_file: Path) -> list[object]:
    return ["--territory", territory_file, "--raw", raw]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def in_its_own_process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hp_sig.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


# --- help, version, misuse --------------------------------------------------------------------------------------


def test_version_is_told(hp_sig):
    assert hp_sig("--version") == (0, f"hp-sig {__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(hp_sig, flag):
    ended = hp_sig(flag)

    assert ended.code == 0
    assert all(name in ended.out for name in OPTIONS)


@pytest.mark.parametrize("name", OPTIONS)
def test_help_of_a_command_names_its_options(hp_sig, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "120")

    ended = hp_sig(name, "--help")

    assert ended.code == 0
    assert all(option in ended.out for option in OPTIONS[name])


@pytest.mark.parametrize(
    "arguments",
    [
        ["reload"],
        ["refresh", "--fast"],
        ["refresh", "extra"],
        ["refresh", "--raw"],
        ["check", "--out", "results"],
        ["--territory", "territory.toml"],
        [],
    ],
)
def test_misuse_ends_with_2_and_writes_nothing(hp_sig, tmp_path, arguments):
    ended = hp_sig(*arguments)

    assert ended.code == 2
    assert re.search("Usage|Error", ended.out + ended.err)
    assert "Traceback" not in ended.err
    assert contents(tmp_path) == {}


# --- refresh ----------------------------------------------------------------------------------------------------


def test_a_refresh_tells_every_file_that_it_wrote(hp_sig, options, out):
    ended = hp_sig("refresh", *options, "--out", out)

    assert ended.code == 0
    assert "Six carrés: 6 communes, 600 ha." in ended.out
    told = [line.strip() for line in ended.out.splitlines() if line.startswith("  ")]
    files = [line for line in told if line.endswith(("rows)", "kB)"))]
    assert [line.split(" (")[0] for line in files] == [str(out / name) for name in WRITTEN]
    assert f"{out / 'fiches'} ({len(SHEETS)} sheets)" in told
    assert all(line.startswith("skipped ") for line in told if line not in files and not line.endswith("sheets)"))
    assert f"{out / 'overlaps.csv'} (16 rows)" in ended.out


def test_a_refresh_tells_optional_layers_without_a_file_and_tables_that_it_skipped(
    hp_sig, options, out, territory_file
):
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write('\n[enaf]\nfile = "enaf/*.csv"\nvintage = "2024"\nproducer = "P"\nsource = "S"\n')
        stream.write('licence = "L"\noptional = true\n')

    told = hp_sig("refresh", *options, "--out", out).out

    assert "  no file for the optional layers enaf\n" in told
    assert "skipped enaf_consumption, enaf_ratios, trajectory: no ENAF flows ([enaf]); no file yet for 'enaf'" in told


def test_a_second_refresh_says_that_there_is_nothing_to_do(hp_sig, options, out):
    hp_sig("refresh", *options, "--out", out)

    assert hp_sig("refresh", *options, "--out", out) == (0, f"{NOTHING}\n", "")


def test_a_forced_refresh_works_although_nothing_changed(hp_sig, options, out):
    hp_sig("refresh", *options, "--out", out)

    assert "Done in" in hp_sig("refresh", *options, "--out", out, "--force").out


def test_a_dry_run_lists_reads_and_writes_and_why_and_writes_nothing(hp_sig, options, out, tmp_path):
    before = sorted(tmp_path.rglob("*"))

    ended = hp_sig("refresh", *options, "--out", out, "--dry-run")

    lines = ended.out.splitlines()
    assert ended.code == 0
    assert lines[0] == f"Six carrés: 9 inputs in {out.with_name('raw')}, results in {out}."
    assert [line.split()[2] for line in lines if line.startswith("  read ")] == ["territory.toml", *INPUTS]
    written = [line.split()[1] for line in lines if line.startswith("  write ")]
    assert written == [*OUTPUTS, "fiches/", "poles/"]
    assert f"({len(PLANNED_SHEETS)} sheets, and one for each EPCI and park)" in ended.out
    assert lines[-1] == "Why: no results yet."
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_tells_which_input_changed(hp_sig, options, out, raw):
    hp_sig("refresh", *options, "--out", out)
    (raw / "scot.csv").write_text("scot_id,commune_code\nS1,04001\n", encoding="utf-8")

    ended = hp_sig("refresh", *options, "--out", out, "--dry-run")

    assert ended.out.splitlines()[-1] == "Why: scot_2018 changed."


def test_a_dry_run_over_good_results_says_that_there_is_nothing_to_do(hp_sig, options, out):
    hp_sig("refresh", *options, "--out", out)
    before = contents(out)

    ended = hp_sig("refresh", *options, "--out", out, "--dry-run")

    assert ended.out.splitlines()[-1] == NOTHING
    assert "  write " not in ended.out
    assert contents(out) == before


def test_the_sample_is_announced_by_refresh_and_check(hp_sig, sample_run):
    checked = hp_sig("check")

    assert checked.code == 0
    assert sample_run.told.splitlines()[0] == checked.out.splitlines()[0] == f"*** {NOTICE} ***"
    assert "51 communes" in sample_run.told


# --- check ------------------------------------------------------------------------------------------------------


def test_check_lists_every_layer_with_rows_vintage_and_file(hp_sig, options, tmp_path):
    before = sorted(tmp_path.rglob("*"))

    ended = hp_sig("check", *options)

    assert ended.code == 0
    assert [line.split() for line in ended.out.splitlines()] == [
        ["layer", "rows", "vintage", "file"],
        ["communes", "6", "2020", "communes.gpkg"],
        ["epci_2015", "2", "2015", "epci_2015.csv"],
        ["epci_2017", "2", "2017", "epci_2017.csv"],
        ["scot_2018", "2", "2018", "scot.csv"],
        ["pnr", "2", "2021", "pnr.geojson"],
        ["population", "6", "2021", "population.csv"],
        ["stations", "1", "2022", "stations.csv"],
        ["projects", "4", "2015", "projects.csv"],
        ["Every", "input", "is", "sound."],
    ]
    assert sorted(tmp_path.rglob("*")) == before


def test_check_lists_the_faults_of_every_file(hp_sig, options, raw):
    (raw / "scot.csv").write_bytes(b"")
    (raw / "communes.gpkg").write_bytes((raw / "communes.gpkg").read_bytes()[:5000])
    population = (raw / "population.csv").read_text(encoding="utf-8")
    (raw / "population.csv").write_text(f"{population}04001,many\n", encoding="utf-8")

    ended = hp_sig("check", *options)

    assert ended.code == 1
    assert "sound" not in ended.out
    assert ended.err.startswith("hp-sig: ")
    assert f"{raw / 'scot.csv'}: 1 fault." in ended.err
    assert f"{raw / 'communes.gpkg'}: 1 fault." in ended.err
    # A code that comes twice, and a population that is no number.
    assert f"{raw / 'population.csv'}: 2 faults." in ended.err


# --- expected failures ------------------------------------------------------------------------------------------


def absent_territory(folder: Path) -> tuple[list[object], str]:
    return ["--territory", folder / "nowhere.toml"], "nowhere.toml: expected a territory file, found nothing there"


def territory_that_is_a_folder(folder: Path) -> tuple[list[object], str]:
    return ["--territory", folder], "cannot be read"


def territory_that_is_not_toml(folder: Path) -> tuple[list[object], str]:
    (folder / "bad.toml").write_text("name = Six carrés", encoding="utf-8")
    return ["--territory", folder / "bad.toml"], "bad.toml: is not TOML"


def territory_that_is_not_text(folder: Path) -> tuple[list[object], str]:
    (folder / "bad.toml").write_bytes('name = "Six carrés"'.encode("latin-1"))
    return ["--territory", folder / "bad.toml"], "bad.toml: cannot be read as UTF-8"


def territory_without_its_keys(folder: Path) -> tuple[list[object], str]:
    (folder / "bad.toml").write_text('name = "Six carrés"', encoding="utf-8")
    return ["--territory", folder / "bad.toml"], "cog_year: expected a value, found none"


def absent_raw(folder: Path) -> tuple[list[object], str]:
    return ["--raw", folder / "nowhere"], "nowhere: 1 fault"


def results_that_are_a_file(folder: Path) -> tuple[list[object], str]:
    (folder / "file").write_text("", encoding="utf-8")
    return ["--out", folder / "file"], "file: a folder for the results expected, found a file"


def results_under_a_file(folder: Path) -> tuple[list[object], str]:
    (folder / "file").write_text("", encoding="utf-8")
    return ["--out", folder / "file" / "results"], "cannot write beside"


def results_over_the_raw_files(folder: Path) -> tuple[list[object], str]:
    return ["--out", folder], "so it needs a place of its own"


@pytest.mark.parametrize(
    "failure",
    [
        absent_territory,
        territory_that_is_a_folder,
        territory_that_is_not_toml,
        territory_that_is_not_text,
        territory_without_its_keys,
        absent_raw,
        results_that_are_a_file,
        results_under_a_file,
        results_over_the_raw_files,
    ],
)
def test_an_expected_failure_is_one_clear_message_and_no_traceback(hp_sig, options, out, tmp_path, failure):
    hp_sig("refresh", *options, "--out", out)
    before = contents(out)
    arguments, message = failure(tmp_path)

    ended = hp_sig("refresh", *options, "--out", out, *arguments)

    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("hp-sig: ")
    assert ended.err.count("hp-sig: ") == 1
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert contents(out) == before


def test_a_broken_input_is_one_clear_message_in_a_process_of_its_own(options, raw, out):
    (raw / "communes.gpkg").write_bytes(b"")

    ended = in_its_own_process("refresh", *options, "--out", out)

    assert ended.returncode == 1
    assert ended.stdout == ""
    told = [line for line in ended.stderr.splitlines() if not re.match(r"\d{4}-\d\d-\d\d ", line)]
    assert told == [f"hp-sig: {raw / 'communes.gpkg'}: 1 fault.", "  - is empty (0 bytes). Download it again."]
    assert not out.exists()


@pytest.mark.parametrize(("module", "step"), [(writing, "require_as_written"), (swap, "flush"), (swap, "prepare")])
def test_a_full_disk_is_told_and_the_old_results_stay(hp_sig, options, out, monkeypatch, module, step):
    hp_sig("refresh", *options, "--out", out)
    before = contents(out)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(out))

    monkeypatch.setattr(module, step, full)
    if step == "prepare":
        monkeypatch.setattr(Path, "mkdir", full)

    ended = hp_sig("refresh", *options, "--out", out, "--force")

    assert ended.code == 1
    assert "No space left on device" in ended.err
    assert "Traceback" not in ended.err
    assert contents(out) == before


def test_a_defect_of_the_program_is_not_dressed_up_as_an_expected_failure(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hp-sig", "check"])
    monkeypatch.setattr(cli, "check_inputs", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_an_interruption_is_told_and_the_old_results_stay(hp_sig, options, out, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run_refresh", interrupted)

    ended = hp_sig("refresh", *options, "--out", out)

    assert ended.code == 1
    assert ended.err == "hp-sig: interrupted. The last good results are left as they were.\n"


# --- what is shown where ----------------------------------------------------------------------------------------


def test_a_log_has_one_line_for_each_file_read_or_written(options, out):
    ended = in_its_own_process("refresh", *options, "--out", out)

    assert ended.returncode == 0
    stamped = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING) .+"
    lines = ended.stderr.splitlines()
    assert [line for line in lines if not re.fullmatch(stamped, line)] == []
    told = [line.split(" INFO ")[1] for line in lines if " INFO " in line]
    read = [Path(line.split()[1].rstrip(":")).name for line in told if line.startswith("read ")]
    written = [line.split()[1].rstrip(":") for line in told if line.startswith("wrote ")]
    assert read == list(INPUTS)
    assert written == [*TABLES, *MAPS, "poles", "fiches", *GIS, "index.html", "manifest.json"]
    assert len(told) == len(INPUTS) + len(OUTPUTS) + 3


def test_a_log_warns_of_what_was_put_right_and_standard_output_does_not_repeat_it(options, out):
    ended = in_its_own_process("refresh", *options, "--out", out)

    warnings = [line for line in ended.stderr.splitlines() if " WARNING " in line]
    # Both lists of intercommunalities lost leading zeros.
    assert [re.search(r"epci_\d{4}", line)[0] for line in warnings] == ["epci_2015", "epci_2017"]
    assert "note" not in ended.stdout


def test_a_terminal_shows_a_progress_bar_and_no_log_lines(options, out):
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "hp_sig.cli", "refresh", *map(str, options), "--out", str(out)]
    shown = b""

    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=terminal,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
    ) as run:
        os.close(terminal)
        # The other end closes with an error on Linux, with an empty read elsewhere.
        with contextlib.suppress(OSError):
            while block := os.read(controller, 4096):
                shown += block
        told = run.stdout.read().decode()
    os.close(controller)

    screen = plain(shown.decode())
    assert run.returncode == 0
    assert "━" in screen
    assert re.search(rf"\d+/{1 + len(INPUTS) + len(OUTPUTS) + len(HUB_PAGES) + len(SHEETS) + len(STEPS)}\b", screen)
    assert not re.search("INFO|WARNING|wrote ", screen)
    assert "Six carrés: 6 communes, 600 ha." in told
    assert "  note   epci_2015: the leading zero of 5 codes" in told


def test_a_console_that_knows_only_ascii_stops_nothing(options, out):
    ended = in_its_own_process("refresh", *options, "--out", out, PYTHONIOENCODING="ascii")
    checked = in_its_own_process("check", *options, PYTHONIOENCODING="ascii")

    assert (ended.returncode, checked.returncode) == (0, 0)
    assert re.search(r"Six carr\S+s: 6 communes, 600 ha\.", ended.stdout)
    assert "Every input is sound." in checked.stdout


def test_an_error_on_a_console_that_knows_only_ascii_is_still_told(raw, territory_file):
    renamed = territory_file.rename(territory_file.with_name("carrés.toml"))
    renamed.write_text("name = ", encoding="utf-8")

    ended = in_its_own_process("check", "--territory", renamed, "--raw", raw, PYTHONIOENCODING="ascii")

    assert ended.returncode == 1
    assert "is not TOML" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_program_without_a_console_does_its_work(options, out):
    code = "import sys; sys.stdout = sys.stderr = None; from hp_sig.cli import main; main()"

    done = subprocess.run([sys.executable, "-c", code, "refresh", *map(str, options), "--out", str(out)], check=False)

    assert done.returncode == 0
    assert (out / "manifest.json").is_file()


def test_the_territory_file_is_copied_to_be_edited_and_never_over_another(hp_sig, tmp_path):
    copy = tmp_path / "mine.toml"

    first, second = hp_sig("territory", copy), hp_sig("territory", copy)

    assert first.code == 0
    assert load_territory(copy).name == "Pays de Haute-Provence"
    assert second.code == 1
    assert second.err == f"hp-sig: {copy} is there already and stays as it is. Give another name.\n"


# --- map and sheet ----------------------------------------------------------------------------------------------


def test_a_map_is_written_and_told(hp_sig, options, tmp_path):
    file = tmp_path / "carte.html"

    ended = hp_sig("map", "territory", *options, "--out", file)

    assert ended.code == 0
    assert ended.out == f"{file} ({file.stat().st_size / 1000:.0f} kB)\n"


def test_a_map_without_a_name_goes_to_the_working_folder(hp_sig, options, tmp_path):
    ended = hp_sig("map", *options)

    assert ended.out.startswith("carte-indicateurs.html (")
    assert (tmp_path / "work" / "carte-indicateurs.html").exists()


def test_a_map_that_is_there_is_replaced_only_with_force(hp_sig, options, tmp_path):
    file = tmp_path / "carte.html"
    hp_sig("map", "projects", *options, "--out", file)

    refused = hp_sig("map", "projects", *options, "--out", file)

    assert refused.code == 1
    assert "there already, left as it was. Give --force" in refused.err
    assert hp_sig("map", "projects", *options, "--out", file, "--force").code == 0


def test_sheets_are_written_and_each_is_told(hp_sig, options, tmp_path):
    folder = tmp_path / "fiches"

    ended = hp_sig("sheet", "04001", "FR8000001", *options, "--out", folder)

    assert ended.code == 0
    assert ended.out.split() == [str(folder / "pnr-FR8000001.html"), str(folder / "commune-04001.html")]


def test_an_unknown_code_of_a_sheet_is_an_expected_failure(hp_sig, options, tmp_path):
    ended = hp_sig("sheet", "99999", *options, "--out", tmp_path / "fiches")

    assert ended.code == 1
    assert ended.err.endswith("codes of communes, EPCI or parks of Six carrés expected, found '99999'.\n")


@pytest.mark.parametrize("words", [["map", "nothing"], ["map", "--basemap", "osm"], ["sheet"]])
def test_an_unknown_map_or_basemap_and_a_missing_code_are_a_misuse(hp_sig, options, words):
    assert hp_sig(*words, *options).code == 2


def test_the_pages_of_hubs_are_written_and_each_is_told(hp_sig, options, tmp_path):
    ended = hp_sig("hub", "hub", *options, "--out", tmp_path / "pages", "--compare")

    assert ended.code == 0
    names = ["fiche-hub.html", "comparaison.html", "comparaison.csv"]
    assert ended.out.splitlines() == [str(tmp_path / "pages" / name) for name in names]
    assert sorted(contents(tmp_path / "pages")) == sorted(names)


def test_an_unknown_hub_is_an_expected_failure(hp_sig, options, tmp_path):
    ended = hp_sig("hub", "harbour", *options, "--out", tmp_path / "pages")

    assert ended.code == 1
    assert ended.err == "hp-sig: identifiers of hubs of Six carrés expected ('hub'), found 'harbour'.\n"
    assert not (tmp_path / "pages").exists()
