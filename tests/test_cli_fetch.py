"""The commands that fetch, as a scheduler and an officer see them: hp-sig fetch, sources, refresh --fetch."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import FaultyServer, Reply, failing, plain, waited
from test_cli import Command, contents, hp_sig  # noqa: F401 - a fixture
from test_fetching import LATER, NEW, OLD, populations

CATALOGUE = """
[[service]]
id = "here"
kind = "file"
url = "{url}"
requests_per_second = 1000

[[source]]
id = "populations"
title = "Populations municipales"
producer = "INSEE"
source = "Populations de référence"
licence = "Licence Ouverte 2.0"
service = "here"
geometry = "none"
crs = "none"
key = ["code_commune"]
scope = "all"
vintage = "modified"
path = "/populations.csv"
file = "population/populations.csv"
reader = "population"
documentation = "https://www.insee.fr/"
[source.fields]
commune_code = ["code_commune"]

[[source]]
id = "friches"
title = "Friches"
producer = "Cerema"
source = "Cartofriches"
licence = "Licence Ouverte 2.0"
service = "here"
geometry = "none"
crs = "none"
key = []
scope = "all"
vintage = "modified"
path = "/friches.csv"
file = "friches/friches.csv"
documentation = "https://www.data.gouv.fr/"
[source.fields]
"""
DAY = "Wed, 04 Nov 2026 10:00:00 GMT"


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        running.handlers["/populations.csv"] = plain(OLD, last_modified=DAY)
        running.handlers["/friches.csv"] = plain(b"site;commune\na;04001\n", last_modified=DAY)
        yield running


@pytest.fixture
def asked(server: FaultyServer, territory_file: Path, raw: Path, tmp_path: Path, monkeypatch) -> list[object]:
    """Give the options of a territory whose populations are fetched from the server."""
    file = tmp_path / "catalogue.toml"
    file.write_text(CATALOGUE.format(url=server.url), encoding="utf-8")
    monkeypatch.setenv("HP_SIG_CATALOGUE", str(file))
    text = territory_file.read_text(encoding="utf-8")
    section = '[population]\nfile = "population/*"\nfetch = "populations"'
    territory_file.write_text(text.replace('[population]\nfile = "population.csv"', section), encoding="utf-8")
    return ["--territory", territory_file, "--raw", raw]


def test_fetch_tells_what_came_and_where_it_is(hp_sig: Command, asked, raw):  # noqa: F811
    ended = hp_sig("fetch", *asked)

    assert ended.code == 0
    place = raw / "population" / "populations.csv"
    assert f"  fetched   populations: {place} (1 kB, 6 rows, vintage 2026-11-04)" in ended.out.splitlines()
    assert ended.out.splitlines()[-1] == f"Six carrés: 1 fetched, 0 kept, 0 to look at, in {raw}."


def test_a_data_set_that_fails_is_told_last_and_the_exit_code_is_1(hp_sig: Command, asked, raw, server):  # noqa: F811
    server.handlers["/populations.csv"] = failing(404)
    before = contents(raw)

    ended = hp_sig("fetch", "populations", "friches", *asked)

    assert ended.code == 1
    told = [line for line in ended.out.splitlines() if line.startswith("  ")]
    assert [line.split()[:2] for line in told] == [["fetched", "friches:"], ["failed", "populations:"]]
    assert "status 404" in told[-1]
    assert ended.err.splitlines()[-1] == "hp-sig: 1 to look at (see above); what was in place is as it was."
    assert {name: content for name, content in contents(raw).items() if name in before} == before


def test_an_edition_that_waits_says_the_command_that_accepts_it_and_that_command_works(
    hp_sig: Command,  # noqa: F811
    asked,
    raw,
    server,
):
    hp_sig("fetch", *asked)
    server.handlers["/populations.csv"] = plain(populations(1, 2, 3), last_modified=LATER)

    held = hp_sig("fetch", "populations", *asked)
    accepted = hp_sig("fetch", "population", "--accept", *asked)

    assert held.code == 1
    assert "hp-sig fetch population --accept" in held.out
    assert accepted.code == 0
    assert (raw / "population" / "populations.csv").read_bytes() == populations(1, 2, 3)


def test_a_dry_run_tells_sizes_and_writes_nothing(hp_sig: Command, asked, raw):  # noqa: F811
    before = contents(raw)

    ended = hp_sig("fetch", "populations", "friches", "--dry-run", *asked)

    assert ended.code == 0
    assert ended.out.splitlines() == [
        "  fetch  populations -> population/populations.csv: absent, 1 kB, vintage 2026-11-04",
        "  fetch  friches -> friches/friches.csv: absent, 1 kB, vintage 2026-11-04",
        "2 of 2 data sets would be fetched, 1 kB of known size.",
    ]
    assert contents(raw) == before


def test_sources_tell_the_state_of_each_data_set_and_the_rest_of_the_catalogue(hp_sig: Command, asked):  # noqa: F811
    before = hp_sig("sources", *asked)
    hp_sig("fetch", *asked)
    after = hp_sig("sources", *asked)

    assert before.out.splitlines()[0] == "  absent  population -> population/populations.csv"
    assert after.out.splitlines()[0].startswith(
        "  present  population -> population/populations.csv (2026-11-04, fetched "
    )
    assert after.out.splitlines()[-1] == "  friches: Friches, Cerema (Licence Ouverte 2.0)"


def test_sources_check_asks_producers_and_tells_what_changed(hp_sig: Command, asked, server):  # noqa: F811
    hp_sig("fetch", *asked)
    server.handlers["/populations.csv"] = plain(NEW, last_modified=LATER)

    ended = hp_sig("sources", "--check", *asked)

    assert ended.code == 0
    assert ended.out.splitlines()[0].startswith("  changed at the producer  population")


def test_sources_check_tells_who_could_not_be_asked(hp_sig: Command, asked, server):  # noqa: F811
    server.handlers.clear()

    ended = hp_sig("sources", "--check", *asked)

    assert ended.code == 1
    assert "some producers could not be asked" in ended.err
    assert "status 404" in ended.err


# --- refresh --fetch ----------------------------------------------------------------------------------------------


def test_refresh_fetch_brings_the_files_up_to_date_then_the_results(hp_sig: Command, asked, tmp_path):  # noqa: F811
    out = tmp_path / "out"

    ended = hp_sig("refresh", "--fetch", *asked, "--out", out)

    assert ended.code == 0
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    (entry,) = [one for one in manifest["inputs"] if one["name"] == "population"]
    assert (entry["vintage"], entry["producer"], entry["path"]) == (
        "2026-11-04",
        "INSEE",
        "population/populations.csv",
    )


def test_refresh_fetch_goes_on_with_what_is_in_place_and_ends_with_1(
    hp_sig: Command,  # noqa: F811
    asked,
    tmp_path,
    server,
):
    out = tmp_path / "out"
    hp_sig("fetch", *asked)
    with (tmp_path / "territory.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[fetch]\nsources = ["friches"]\n')
    server.handlers["/friches.csv"] = failing(404)

    ended = hp_sig("refresh", "--fetch", *asked, "--out", out)

    assert ended.code == 1
    assert (out / "manifest.json").is_file()
    assert "1 not up to date (see above): results are made from the files that are in place." in ended.err


def test_refresh_fetch_dry_run_writes_nothing(hp_sig: Command, asked, raw, tmp_path):  # noqa: F811
    hp_sig("fetch", *asked)
    before = contents(raw)

    ended = hp_sig("refresh", "--fetch", "--dry-run", *asked, "--out", tmp_path / "out")

    assert ended.code == 0
    assert ended.out.splitlines()[0].startswith(
        "  keep   populations -> population/populations.csv: known to be up to date on"
    )
    assert contents(raw) == before
    assert not (tmp_path / "out").exists()


def test_refresh_without_fetch_asks_nobody(hp_sig: Command, asked, tmp_path, server):  # noqa: F811
    hp_sig("fetch", *asked)
    count = len(server.asked)

    assert hp_sig("refresh", *asked, "--out", tmp_path / "out").code == 0
    assert len(server.asked) == count


# --- kill -9, then again ------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_fetch_that_is_killed_leaves_raw_as_it_was_and_the_next_one_goes_on(asked, raw, server):
    rows = [(code, value) for code in ("04001", "04002", "04003", "04004", "04005", "83006") for value in (1,)]
    content = ("code_commune;2021;comment\n" + "".join(f"{c};{v};{'x' * 50_000}\n" for c, v in rows)).encode()
    good = plain(content, etag='"one"', last_modified=DAY)

    def slowly(request) -> Reply:
        reply = good(request)
        reply.pace_s = 0.05
        return reply

    server.handlers["/populations.csv"] = slowly
    before = contents(raw)
    command = [sys.executable, "-m", "hp_sig.cli", "fetch", *map(str, asked)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # The first block of 256 kB of the client has come: something is on its disk.
    assert waited(lambda: server.sent > 270_000, 30)
    child.send_signal(signal.SIGKILL)
    child.wait()
    between = {name: one for name, one in contents(raw).items() if not name.startswith(".hp_sig/")}
    assert between == before
    assert any(name.endswith(".part") for name in contents(raw))

    server.handlers["/populations.csv"] = good
    server.asked.clear()
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert (raw / "population" / "populations.csv").read_bytes() == content
    (get,) = [one for one in server.asked if one.method == "GET"]
    start = int(get.headers["range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < start < len(content)
