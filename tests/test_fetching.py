"""The whole of `hp-sig fetch`: what is in place after each thing that may go wrong at the other end."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogues import catalogue, service, source
from faults import FaultyServer, Handler, always, cut_after, failing, html_page, in_turn, plain, redirect, too_many

from hp_sig import FetchOptions, HpSigError, fetch, find_inputs, load_territory, prospects, source_states
from hp_sig.fetching import FetchResult, ask_producers, job
from hp_sig.reference.catalogue import Catalogue
from hp_sig.sources.client import Limits
from hp_sig.sources.provenance import read_record, record_path, write_record

LIMITS = Limits(first_wait_s=0.01, read_s=0.5, total_s=20.0, attempts=3)
OPTIONS = FetchOptions(limits=LIMITS)
CODES = ["04001", "04002", "04003", "04004", "04005", "83006"]
DAY = "Wed, 04 Nov 2026 10:00:00 GMT"
LATER = "Thu, 05 Nov 2026 10:00:00 GMT"


def populations(*values: float) -> bytes:
    return (
        "code_commune;2021\n" + "".join(f"{code};{value}\n" for code, value in zip(CODES, values, strict=False))
    ).encode()


OLD = populations(10, 20, 30, 40, 50, 60)
NEW = populations(11, 21, 31, 41, 51, 61)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        running.handlers["/population"] = plain(OLD, last_modified=DAY, media_type="text/csv")
        yield running


@pytest.fixture
def known(server: FaultyServer) -> Catalogue:
    told = {
        "path": "/population",
        "file": "population/population.csv",
        "key": ["code_commune"],
        "fields": {"commune_code": ["code_commune", "codgeo"]},
        "reader": "population",
        "max_age_days": 30,
    }
    return catalogue([service(server.url)], [source(id="population", **told)])


@pytest.fixture
def territory(territory_file: Path) -> Path:
    text = territory_file.read_text(encoding="utf-8")
    section = '[population]\nfile = "population/population.csv"\nfetch = "population"'
    territory_file.write_text(text.replace('[population]\nfile = "population.csv"', section), encoding="utf-8")
    return territory_file


@pytest.fixture
def place(raw: Path) -> Path:
    return raw / "population" / "population.csv"


@pytest.fixture
def run(territory: Path, raw: Path, known: Catalogue):
    def running(*names: str, **options: object) -> FetchResult:
        how = FetchOptions(**{"limits": LIMITS} | options)  # type: ignore[arg-type]
        return fetch(names, territory=territory, raw=raw, catalogue=known, how=how)

    return running


def in_place(raw: Path) -> dict[str, bytes]:
    """Give every file under the raw folder, but what is hidden."""
    return {
        path.relative_to(raw).as_posix(): path.read_bytes()
        for path in sorted(raw.rglob("*"))
        if path.is_file() and path.relative_to(raw).parts[0] != ".hp_sig"
    }


def status(done: FetchResult) -> str:
    (outcome,) = done.outcomes
    return outcome.status


# --- what should be -----------------------------------------------------------------------------------------------


def test_an_absent_file_is_fetched_with_its_record(run, server, place):
    done = run()

    assert status(done) == "fetched"
    assert place.read_bytes() == OLD
    record = read_record(place)
    assert record is not None
    assert (record.sha256, record.size) == (hashlib.sha256(OLD).hexdigest(), len(OLD))
    assert (record.url, record.producer, record.licence) == (f"{server.url}/population", "IGN", "Licence Ouverte 2.0")
    assert (record.vintage, record.counts) == ("2026-11-04", {"rows": 6})
    assert record.mark["last_modified"]
    assert dt.datetime.now(dt.UTC) - record.retrieved < dt.timedelta(minutes=5)


def test_the_fetched_file_is_the_one_that_the_refresh_reads(run, territory, raw, place):
    run()

    inputs = {item.name: item for item in find_inputs(load_territory(territory), raw)}

    assert inputs["population"].path == place
    source = inputs["population"].source
    assert source is not None
    assert (source.vintage, source.producer) == ("2026-11-04", "IGN")


def test_what_was_fetched_not_long_ago_is_not_asked_for(run, server):
    run()
    before = len(server.asked)

    assert status(run()) == "fresh"
    assert len(server.asked) == before


def test_what_is_named_is_asked_for_and_kept_where_it_is_the_same(run, server, raw):
    run()
    before, gets = in_place(raw), server.count("/population", "GET")

    assert status(run("population")) == "unchanged"
    assert in_place(raw) == before
    assert server.count("/population", "GET") == gets


def test_what_changed_at_the_producer_replaces_what_is_in_place_and_says_how(run, server, place):
    run()
    server.handlers["/population"] = plain(NEW, last_modified=LATER)

    done = run("population")

    assert status(done) == "fetched"
    assert place.read_bytes() == NEW
    record = read_record(place)
    assert record is not None
    assert record.vintage == "2026-11-05"
    assert any("changed at the producer" in note for note in record.notes)


def test_force_fetches_again_what_is_up_to_date(run, place):
    run()
    place_before = place.stat().st_mtime_ns

    assert status(run(is_forced=True)) == "fetched"
    assert place.stat().st_mtime_ns != place_before


# --- the gate -----------------------------------------------------------------------------------------------------


def test_an_edition_with_fewer_rows_waits_for_consent(run, server, place):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)

    done = run("population")

    assert status(done) == "held"
    assert "rows: 6 -> 5 (-16.7 %)" in done.outcomes[0].message
    assert "hp-sig fetch population --accept" in done.outcomes[0].message
    assert place.read_bytes() == OLD


def test_consent_puts_in_place_what_waits_without_downloading_it_again(run, server, place):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    run("population")
    gets = server.count("/population", "GET")

    assert status(run("population", is_accepted=True)) == "fetched"
    assert place.read_bytes() == populations(1, 2, 3, 4, 5)
    assert server.count("/population", "GET") == gets
    assert status(run()) == "fresh"


def test_what_waits_is_told_by_every_run_until_it_is_dealt_with(run, server):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    run("population")

    # Asked not long ago, and all the same: a scheduler must not fall silent.
    assert status(run()) == "held"
    assert status(run(is_offline=True)) == "held"


def test_what_waits_and_was_withdrawn_by_its_producer_is_never_put_in_place(run, server, place):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    run("population")
    server.handlers["/population"] = plain(OLD, last_modified=DAY)

    assert status(run("population", is_accepted=True)) == "unchanged"
    assert status(run("population", is_accepted=True, is_offline=True)) == "fresh"
    assert place.read_bytes() == OLD


def test_what_waits_is_superseded_by_what_the_producer_has_when_consent_is_given(run, server, place):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    run("population")
    server.handlers["/population"] = plain(populations(1, 2, 3), last_modified="Fri, 06 Nov 2026 10:00:00 GMT")

    assert status(run("population", is_accepted=True)) == "fetched"
    assert place.read_bytes() == populations(1, 2, 3)


def test_what_waits_and_is_older_than_what_is_in_place_is_forgotten(run, server, place, monkeypatch):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    run("population")
    server.handlers["/population"] = plain(NEW, last_modified="Fri, 06 Nov 2026 10:00:00 GMT")
    # As a run that is killed just after it has put the new edition in place.
    with monkeypatch.context() as patch:
        patch.setattr("hp_sig.fetching.placing.Workplace.forget_held", lambda *_: None)
        run("population")

    # Without network nobody can be asked: what waits would be put in place.
    assert status(run("population", is_accepted=True, is_offline=True)) == "fresh"
    assert place.read_bytes() == NEW


def test_what_waits_is_told_again_and_not_downloaded_again(run, server):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    run("population")
    gets = server.count("/population", "GET")

    assert status(run("population")) == "held"
    assert server.count("/population", "GET") == gets


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"commune;2021\n04001;1\n", "expected a field for « commune_code » (code_commune or codgeo)"),
        (b"code_commune;2021\n04001;1\n04001;2\n", "come more than once: '04001'"),
        (b"code_commune;2021\nManosque;1\n", "Manosque"),
        (b"code_commune;2021\n04001;many\n", "many"),
        (b"code_commune;2021\n", "expected rows, found only a header"),
    ],
)
def test_what_its_reader_refuses_never_takes_its_place(run, server, raw, content, fault):
    run()
    before = in_place(raw)
    server.handlers["/population"] = plain(content, last_modified=LATER)

    done = run("population")

    assert status(done) == "failed"
    assert fault in done.outcomes[0].message
    assert in_place(raw) == before


# --- the other end ------------------------------------------------------------------------------------------------

GOOD = plain(NEW, last_modified=LATER)
BOUND_TO_PASS: dict[str, Handler] = {
    "cut in the middle": in_turn(always(b""), cut_after(20, GOOD)),
    "429 with Retry-After": in_turn(too_many("0"), GOOD),
    "500 then 200": in_turn(failing(500), GOOD),
    "503 without Retry-After": in_turn(failing(503), GOOD),
}
LOST: dict[str, tuple[Handler, str]] = {
    "html page": (html_page(), "found a page"),
    "always 500": (failing(500), "status 500"),
    "404": (failing(404), "status 404"),
    "a length that lies": (always(NEW, length=len(NEW) + 10), "cut"),
    "redirect to another host": (redirect("https://example.org/x"), "example.org"),
    "redirect without end": (redirect("/population"), "redirects"),
    "429 for an hour": (too_many("3600"), "Try again after"),
    "too slow": (always(NEW, wait_s=2.0), "timed out"),
}


@pytest.mark.parametrize("name", BOUND_TO_PASS)
def test_a_trouble_that_passes_ends_in_the_right_data(run, server, place, name):
    run()
    server.handlers["/population"] = BOUND_TO_PASS[name]

    done = run("population")

    assert status(done) == "fetched", done.outcomes[0].message
    assert place.read_bytes() == NEW


@pytest.mark.parametrize("name", LOST)
def test_a_trouble_that_stays_is_one_clear_error_and_what_is_in_place_stays(run, server, raw, name):
    run()
    before = in_place(raw)
    handler, told = LOST[name]
    server.handlers["/population"] = handler

    done = run("population")

    assert status(done) == "failed"
    assert told in done.outcomes[0].message
    assert in_place(raw) == before


def test_one_data_set_that_fails_does_not_stop_the_others(territory, raw, server):
    with territory.open("a", encoding="utf-8") as stream:
        stream.write('\n[fetch]\nsources = ["friches"]\n')
    first = source(id="population", path="/nothing", file="population/population.csv")
    second = source(id="friches", path="/population", file="friches/friches.csv")

    done = fetch(territory=territory, raw=raw, catalogue=catalogue([service(server.url)], [first, second]), how=OPTIONS)

    assert [one.status for one in done.outcomes] == ["failed", "fetched"]
    assert (raw / "friches" / "friches.csv").read_bytes() == OLD


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device", "x.part"), "x.part: No space left on device. Free some room"),
        (ValueError("an answer of another form"), "did not foresee (ValueError: an answer of another form)"),
    ],
)
def test_what_nobody_foresaw_ends_one_data_set_and_not_the_others(territory, raw, server, monkeypatch, error, told):
    with territory.open("a", encoding="utf-8") as stream:
        stream.write('\n[fetch]\nsources = ["friches"]\n')
    first = source(id="population", path="/population", file="population/population.csv")
    known = catalogue(
        [service(server.url)], [first, source(id="friches", path="/population", file="friches/friches.csv")]
    )
    bring = job.bring

    def failing_once(client, here, wanted, **options):
        if wanted.source.id == "population":
            raise error
        return bring(client, here, wanted, **options)

    monkeypatch.setattr(job, "bring", failing_once)

    done = fetch(territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert [one.status for one in done.outcomes] == ["failed", "fetched"]
    assert told in done.outcomes[0].message


# --- files of somebody --------------------------------------------------------------------------------------------


def test_a_file_put_there_by_hand_is_not_replaced_without_consent(run, place):
    place.parent.mkdir()
    place.write_bytes(populations(1, 2, 3, 4, 5, 6))

    done = run()

    assert status(done) == "failed"
    assert "put there by hand, or changed since" in done.outcomes[0].message
    assert place.read_bytes() == populations(1, 2, 3, 4, 5, 6)


def test_a_fetched_file_that_was_changed_since_is_not_replaced_without_consent(run, place):
    run()
    place.write_bytes(place.read_bytes() + b"04999;1\n")

    assert status(run()) == "failed"


def test_with_consent_it_is_replaced_and_a_copy_is_kept(run, raw, place):
    place.parent.mkdir()
    place.write_bytes(b"by hand")

    assert status(run(is_accepted=True)) == "fetched"
    assert place.read_bytes() == OLD
    kept = raw / ".hp_sig" / "replaced" / "population"
    assert [path.read_bytes() for path in kept.iterdir()] == [b"by hand"]


def test_a_second_file_that_the_layer_would_read_is_told_and_nothing_is_fetched(territory, raw, known, server):
    text = territory.read_text(encoding="utf-8")
    territory.write_text(text.replace("population/population.csv", "population/*"), encoding="utf-8")
    (raw / "population").mkdir()
    (raw / "population" / "insee-2021.csv").write_bytes(OLD)

    done = fetch(territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert "already has insee-2021.csv" in done.outcomes[0].message
    assert server.asked == []


# --- without network ----------------------------------------------------------------------------------------------


def test_offline_a_lost_file_comes_back_from_what_was_downloaded(run, server, place):
    run()
    place.unlink()
    record_path(place).unlink()
    before = len(server.asked)

    done = run(is_offline=True)

    assert status(done) == "fetched"
    assert place.read_bytes() == OLD
    assert len(server.asked) == before


def test_offline_what_was_never_downloaded_is_told(run, server):
    done = run(is_offline=True)

    assert status(done) == "failed"
    assert server.asked == []


def test_offline_what_is_in_place_stays(run):
    run()

    assert status(run("population", is_offline=True)) == "fresh"


# --- what is asked for ---------------------------------------------------------------------------------------------


def test_another_edition_is_fetched_however_fresh_the_one_in_place_is(territory, raw, server):
    known = catalogue(
        [service(server.url)],
        [source(id="population", path="/{edition}", file="population/population.csv", edition="2024")],
    )
    server.handlers |= {"/2024": plain(OLD, last_modified=DAY), "/2025": plain(NEW, last_modified=DAY)}
    fetch(territory=territory, raw=raw, catalogue=known, how=OPTIONS)
    text = territory.read_text(encoding="utf-8").replace('fetch = "population"', 'fetch = "population@2025"')
    territory.write_text(text, encoding="utf-8")

    assert state(territory, raw, known) == "stale"
    assert status(fetch(territory=territory, raw=raw, catalogue=known, how=OPTIONS)) == "fetched"
    assert (raw / "population" / "population.csv").read_bytes() == NEW


@pytest.mark.parametrize("edition", ["x/../../../precious", "..", "a/b", "C:", "é", "x" * 60])
def test_an_edition_that_is_no_edition_removes_nothing(territory_file, raw, server, tmp_path, edition):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"x")
    told = source(id="population", path="/population", file="population/population.csv", edition="2024")
    known = catalogue([service(server.url)], [told])

    with pytest.raises(HpSigError, match="an edition expected"):
        fetch([f"population@{edition}"], territory=territory_file, raw=raw, catalogue=known, how=OPTIONS)
    assert (precious / "file").read_bytes() == b"x"
    assert not (raw / ".hp_sig").exists()


def test_a_month_of_thirty_days_or_less_is_asked_for_every_month(run, raw, place):
    run()
    record = read_record(place)
    assert record is not None
    (raw / ".hp_sig" / "checked.json").unlink()

    for days, told in ((26, "fresh"), (28, "unchanged"), (-2, "unchanged")):
        then = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        write_record(record.model_copy(update={"retrieved": then}), record_path(place))
        (raw / ".hp_sig" / "checked.json").unlink(missing_ok=True)
        assert status(run()) == told


# --- before fetching ----------------------------------------------------------------------------------------------


def test_a_dry_run_tells_what_would_be_fetched_and_how_large_and_writes_nothing(territory, raw, known, server):
    before = in_place(raw)

    (one,) = prospects(territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert one.is_needed
    assert one.offer is not None
    assert one.offer.size == len(OLD)
    assert in_place(raw) == before
    assert not (raw / ".hp_sig").exists()
    assert server.count("/population", "GET") == 0


def test_a_dry_run_tells_what_is_up_to_date(run, territory, raw, known):
    run()

    (fresh,) = prospects(territory=territory, raw=raw, catalogue=known, how=OPTIONS)
    (asked,) = prospects(["population"], territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert (fresh.is_needed, asked.is_needed) == (False, False)
    assert asked.reason == "unchanged at its producer"


def test_a_dry_run_without_network_asks_nobody(territory, raw, known, server):
    how = FetchOptions(limits=LIMITS, is_offline=True)

    (one,) = prospects(territory=territory, raw=raw, catalogue=known, how=how)

    assert one.reason == "from the cache"
    assert server.asked == []


def test_a_dry_run_tells_that_a_file_put_there_by_hand_would_stay(territory, raw, known, place):
    place.parent.mkdir()
    place.write_bytes(b"by hand")

    (one,) = prospects(territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert not one.is_needed
    assert "--accept" in one.reason


def test_a_dry_run_tells_who_cannot_be_asked(territory, raw, known, server):
    server.handlers.clear()

    (one,) = prospects(territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert one.offer is None
    assert "status 404" in one.reason


def state(territory: Path, raw: Path, known: Catalogue, today: dt.date | None = None) -> str:
    return next(
        one.state
        for one in source_states(territory, raw=raw, catalogue=known, today=today)
        if one.source.id == "population"
    )


def test_states_follow_what_becomes_of_a_file(run, territory, raw, known, server, place):
    def told(today: dt.date | None = None) -> str:
        return state(territory, raw, known, today)

    assert told() == "absent"
    run()
    assert told() == "present"
    assert told(dt.date.today() + dt.timedelta(days=31)) == "stale"

    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    assert ask_producers(territory=territory, raw=raw, catalogue=known, how=OPTIONS) == {}
    assert told() == "changed at the producer"
    assert place.read_bytes() == OLD

    run("population")
    assert told() == "waits for --accept"
    run("population", is_accepted=True)
    assert told() == "present"

    place.write_bytes(b"changed")
    assert told() == "by hand"


def test_a_data_set_that_the_territory_does_not_need_is_listed_as_such(territory_file, raw, known):
    assert state(territory_file, raw, known) == "not needed"


def test_what_is_known_to_have_changed_is_fetched_however_fresh_it_is(run, territory, raw, known, server, place):
    run()
    server.handlers["/population"] = plain(NEW, last_modified=LATER)
    ask_producers(territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert prospects(territory=territory, raw=raw, catalogue=known, how=OPTIONS)[0].is_needed
    assert status(run()) == "fetched"
    assert place.read_bytes() == NEW


def test_a_dry_run_tells_what_waits_for_consent(run, territory, raw, known, server):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)
    run("population")

    (one,) = prospects(territory=territory, raw=raw, catalogue=known, how=OPTIONS)

    assert not one.is_needed
    assert "--accept" in one.reason


def test_what_waits_can_be_looked_at_where_the_message_says(run, server):
    run()
    server.handlers["/population"] = plain(populations(1, 2, 3, 4, 5), last_modified=LATER)

    message = run("population").outcomes[0].message

    found = re.search(r"It waits in (\S+\.csv)", message)
    assert found
    assert Path(found[1]).read_bytes() == populations(1, 2, 3, 4, 5)


def test_a_data_set_fetched_by_its_name_has_a_state_too(territory_file, raw, known):
    fetch(["population"], territory=territory_file, raw=raw, catalogue=known, how=OPTIONS)

    assert state(territory_file, raw, known) == "present"


def test_states_tell_who_could_not_be_asked(territory, raw, known, server):
    server.handlers.clear()

    (fault,) = ask_producers(territory=territory, raw=raw, catalogue=known, how=OPTIONS).values()

    assert "status 404" in fault


# --- misuse -------------------------------------------------------------------------------------------------------


def test_a_name_that_nothing_has_stops_before_anything_is_asked(run, server):
    with pytest.raises(HpSigError, match="no data set is called « forests »"):
        run("forests")
    assert server.asked == []


def test_a_damaged_note_of_what_was_asked_is_no_obstacle(run, raw):
    run()
    (raw / ".hp_sig" / "checked.json").write_text("{", encoding="utf-8")

    assert status(run("population")) == "unchanged"
    assert json.loads((raw / ".hp_sig" / "checked.json").read_text(encoding="utf-8"))
