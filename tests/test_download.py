import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from catalogues import of_one
from faults import Asked, FaultyServer, Handler, Reply, always, cut_after, failing, html_page, in_turn, plain, waited

from hp_sig import SourceError
from hp_sig.sources.client import Client, Limits
from hp_sig.sources.download import Downloaded, Expected, cached, download

LIMITS = Limits(first_wait_s=0.01, read_s=0.4, total_s=20.0, attempts=3)
DAY = "Wed, 04 Nov 2026 10:00:00 GMT"
#: 3 000 000 bytes that no part of which is like another.
CONTENT = hashlib.shake_256(b"hp_sig").digest(3_000_000)
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
SHA1 = f"sha1:{hashlib.sha1(CONTENT).hexdigest()}"
EXPECTED = Expected(what="ocsge", max_bytes=10_000_000)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        running.handlers["/file"] = plain(CONTENT, etag='"one"', last_modified=DAY)
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.7z"


def bring(
    server: FaultyServer, target: Path, expected: Expected = EXPECTED, *, limits: Limits = LIMITS, **options: object
) -> Downloaded:
    known, here = of_one(server.url)
    with Client(known, limits=limits) as client:
        return download(client, server.url + "/file", here, target, expected=expected, **options)  # type: ignore[arg-type]


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir()) if target.parent.is_dir() else []


def gets(server: FaultyServer) -> list[Asked]:
    return [one for one in server.asked if one.method == "GET"]


def test_a_file_comes_whole_with_what_its_server_told(server, target):
    done = bring(server, target)

    assert target.read_bytes() == CONTENT
    assert (done.size, done.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert (done.headers["etag"], done.headers["last-modified"], done.is_new) == ('"one"', DAY, True)
    assert left(target) == ["file.7z", "file.7z.json"]


@pytest.mark.parametrize(
    "checksum", [MD5, SHA1, f"sha256:{hashlib.sha256(CONTENT).hexdigest()}", MD5.upper().replace("MD5", "md5")]
)
def test_a_right_checksum_is_accepted_whatever_its_kind_and_case(server, target, checksum):
    assert bring(server, target, replace(EXPECTED, checksum=checksum, size=len(CONTENT))).size == len(CONTENT)


def test_progress_is_told_in_bytes_up_to_the_end(server, target):
    told: list[tuple[str, int, int | None]] = []

    bring(server, target, on_progress=lambda *one: told.append(one))

    assert told[0] == ("ocsge", 0, len(CONTENT))
    assert told[-1] == ("ocsge", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


# --- going on -----------------------------------------------------------------------------------------------------


def test_a_download_that_is_cut_goes_on_where_it_stopped(server, target):
    server.handlers["/file"] = cut_after(1_500_000, plain(CONTENT, etag='"one"'))

    assert bring(server, target).sha256 == hashlib.sha256(CONTENT).hexdigest()
    second = gets(server)[1].headers
    start = int(second["range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 1_500_000
    assert second["if-range"] == '"one"'
    # Nothing came twice, but what the client had not written.
    assert server.sent <= len(CONTENT) + 1_500_000 - start + 300_000


def test_a_server_without_parts_is_asked_for_all_of_it_again(server, target):
    server.handlers["/file"] = in_turn(always(CONTENT, cut=1_500_000), always(CONTENT))

    assert bring(server, target).sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert "range" not in gets(server)[1].headers


def test_a_server_that_ignores_parts_gives_the_right_file(server, target):
    told = {"ETag": '"one"'}
    server.handlers["/file"] = in_turn(always(CONTENT, cut=1_500_000, headers=told), always(CONTENT, headers=told))

    assert bring(server, target).sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert "range" in gets(server)[1].headers


def test_a_file_that_changed_between_two_parts_comes_from_the_start(server, target):
    other = CONTENT[::-1]
    server.handlers["/file"] = in_turn(cut_after(1_500_000, plain(CONTENT, etag='"one"')), plain(other, etag='"two"'))

    bring(server, target)

    assert target.read_bytes() == other


def test_a_weak_validator_does_not_join_two_parts(server, target):
    server.handlers["/file"] = cut_after(1_500_000, plain(CONTENT, etag='W/"one"'))

    bring(server, target)

    assert "range" not in gets(server)[1].headers


def test_a_wrong_part_is_not_joined(server, target):
    def wrong(asked: Asked) -> Reply:
        if "range" not in asked.headers:
            return Reply(CONTENT, cut=1_500_000, headers={"ETag": '"one"'})
        told = {"ETag": '"one"', "Content-Range": f"bytes 10-{len(CONTENT) - 1}/{len(CONTENT)}"}
        return Reply(CONTENT[10:], 206, told)

    server.handlers["/file"] = in_turn(wrong, wrong, plain(CONTENT, etag='"one"'))

    bring(server, target)

    assert target.read_bytes() == CONTENT


OTHER = CONTENT[::-1]
#: What the first file is told with, and what the other one is: each of these tells them apart.
EDITIONS = {
    "etag": ({"ETag": '"one"'}, {"ETag": '"two"'}, OTHER),
    "date": ({"Last-Modified": DAY}, {"Last-Modified": DAY.replace("10:", "11:")}, OTHER),
    "length": ({"ETag": '"one"'}, {"ETag": '"one"'}, OTHER[:-1000]),
}


@pytest.mark.parametrize("told", EDITIONS)
def test_two_editions_are_not_joined_by_a_server_that_does_not_heed_if_range(server, target, told):
    first, second, other = EDITIONS[told]

    def careless(asked: Asked) -> Reply:
        if "range" not in asked.headers:
            return Reply(other, headers=second)
        start = int(asked.headers["range"].removeprefix("bytes=").rstrip("-"))
        return Reply(other[start:], 206, second | {"Content-Range": f"bytes {start}-{len(other) - 1}/{len(other)}"})

    server.handlers["/file"] = in_turn(always(CONTENT, cut=1_500_000, headers=first), careless)

    bring(server, target)

    assert ["range" in one.headers for one in gets(server)] == [False, True, False]
    assert target.read_bytes() == other


@pytest.mark.parametrize("told", ["bytes \xb2-9/10", f"bytes {'9' * 5000}-9/10", "bytes 0-9/10"])
def test_a_part_that_is_told_wrongly_is_not_joined(server, target, told):
    cut = always(CONTENT, cut=1_500_000, headers={"ETag": '"one"'})
    wrong = always(b"x" * 10, 206, headers={"ETag": '"one"', "Content-Range": told})
    server.handlers["/file"] = in_turn(cut, wrong, plain(CONTENT, etag='"one"'))

    bring(server, target)

    assert target.read_bytes() == CONTENT


def test_a_server_that_gives_less_than_the_rest_is_asked_for_what_is_left(server, target):
    def capped(asked: Asked) -> Reply:
        start = int(asked.headers["range"].removeprefix("bytes=").rstrip("-"))
        end = min(start + 500_000, len(CONTENT))
        told = {"ETag": '"one"', "Content-Range": f"bytes {start}-{end - 1}/{len(CONTENT)}"}
        return Reply(CONTENT[start:end], 206, told)

    server.handlers["/file"] = in_turn(always(CONTENT, cut=1_500_000, headers={"ETag": '"one"'}), capped)

    bring(server, target)

    assert target.read_bytes() == CONTENT


def test_a_part_that_was_not_asked_for_is_no_file(server, target):
    told = {"ETag": '"one"', "Content-Range": f"bytes 0-999/{len(CONTENT)}"}
    server.handlers["/file"] = in_turn(always(CONTENT[:1000], 206, headers=told), plain(CONTENT, etag='"one"'))

    bring(server, target)

    assert target.read_bytes() == CONTENT


def test_a_small_file_that_is_cut_goes_on_where_it_stopped(server, target):
    small = CONTENT[:60_000]
    server.handlers["/file"] = cut_after(40_000, plain(small, etag='"one"'))

    bring(server, target)

    assert target.read_bytes() == small
    assert gets(server)[1].headers["range"] == "bytes=40000-"


def test_a_file_that_drips_is_stopped_by_the_total_time_and_what_came_is_kept(server, target):
    server.handlers["/file"] = always(CONTENT, headers={"ETag": '"one"'}, pace_s=0.05, block=1)
    start = time.monotonic()

    with pytest.raises(SourceError, match=r"not done within 0\.6 s, the limit"):
        bring(server, target, limits=Limits(total_s=0.6, read_s=10.0))
    assert time.monotonic() - start < 1.5
    assert CONTENT.startswith(part := target.with_name("file.7z.part").read_bytes())
    assert len(part) > 3


def test_headers_that_drip_are_stopped_by_the_total_time_of_the_download(server, target):
    server.handlers["/file"] = in_turn(always(CONTENT, cut=1000, headers={"ETag": '"one"'}), always(drip_s=0.05))
    start = time.monotonic()

    with pytest.raises(SourceError, match=r"not done within 0\.6 s, the limit"):
        bring(server, target, limits=Limits(total_s=0.6, read_s=10.0, first_wait_s=0.01))
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000])
def test_a_length_that_is_no_number_is_not_counted_on(server, target, length):
    told = {"Content-Length": length, "Connection": "close"}
    server.handlers["/file"] = always(CONTENT, headers=told, cut=len(CONTENT))

    assert bring(server, target).size == len(CONTENT)


def test_a_part_that_comes_compressed_is_not_joined(server, target):
    def packed(asked: Asked) -> Reply:
        if "range" not in asked.headers:
            return Reply(CONTENT, cut=1_500_000, headers={"ETag": '"one"'})
        start = int(asked.headers["range"].removeprefix("bytes=").rstrip("-"))
        told = {
            "ETag": '"one"',
            "Content-Encoding": "gzip",
            "Content-Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}",
        }
        return Reply(gzip.compress(CONTENT[start : start + 100]), 206, told)

    server.handlers["/file"] = in_turn(packed, packed, plain(CONTENT, etag='"one"'))

    bring(server, target)

    assert target.read_bytes() == CONTENT


def test_a_server_that_says_that_there_is_no_more_is_asked_from_the_start(server, target):
    short = CONTENT[:1_000_000]
    server.handlers["/file"] = in_turn(
        always(CONTENT, cut=1_500_000, headers={"ETag": '"one"'}), failing(416), plain(short, etag='"two"')
    )

    bring(server, target)

    assert target.read_bytes() == short


def test_a_download_cut_again_and_again_goes_on_as_long_as_something_comes(server, target):
    good = plain(CONTENT, etag='"one"')

    def stingy(asked: Asked) -> Reply:
        reply = good(asked)
        reply.cut = 400_000
        return reply

    server.handlers["/file"] = stingy

    # More cuts than attempts.
    assert bring(server, target).size == len(CONTENT)
    assert len(gets(server)) > LIMITS.attempts


def test_a_download_that_never_goes_further_ends(server, target):
    server.handlers["/file"] = always(CONTENT, cut=400_000)

    with pytest.raises(SourceError, match="no right answer in 3 attempts"):
        bring(server, target)
    assert len(gets(server)) <= 2 * LIMITS.attempts


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
def test_a_download_that_is_killed_goes_on_the_next_time(server, target):
    good = plain(CONTENT, etag='"one"')

    def slowly(asked: Asked) -> Reply:
        reply = good(asked)
        reply.pace_s = 0.002
        return reply

    server.handlers["/file"] = slowly
    code = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from catalogues import of_one
from hp_sig.sources.client import Client
from hp_sig.sources.download import Expected, download
known, here = of_one(sys.argv[1])
with Client(known) as client:
    download(client, sys.argv[1] + "/file", here, Path(sys.argv[2]), expected=Expected(what="x", max_bytes=10**7))
"""
    child = subprocess.Popen([sys.executable, "-c", code, server.url, str(target), str(Path(__file__).parent)])
    part = target.with_name("file.7z.part")
    assert waited(lambda: part.exists() and part.stat().st_size > 500_000, 30)
    child.send_signal(signal.SIGKILL)
    child.wait()
    had = part.stat().st_size
    assert not target.exists()

    server.handlers["/file"] = good
    server.asked.clear()
    server.sent = 0
    bring(server, target)

    assert target.read_bytes() == CONTENT
    assert server.sent == len(CONTENT) - had


# --- what is not taken --------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[Handler, Expected, str]] = {
    "a wrong md5": (
        plain(CONTENT),
        replace(EXPECTED, checksum=f"md5:{'0' * 32}"),
        f"expected the checksum md5:0+ .* found {MD5}",
    ),
    "a wrong size": (plain(CONTENT), replace(EXPECTED, size=7), "expected 7 bytes .* found 3000000"),
    "a page": (html_page(), EXPECTED, "expected a file, found a page"),
    "a page that begins as XML": (
        always(b'<?xml version="1.0"?>\n<!DOCTYPE html><title>x</title>'),
        EXPECTED,
        "expected a file, found a page",
    ),
    "a page that begins by a comment": (always(b"<!-- portal -->\n<head>"), EXPECTED, "expected a file, found a page"),
    "nothing": (always(b""), EXPECTED, "found nothing"),
    "another kind": (always(b"PK\x03\x04" + b"x" * 99), replace(EXPECTED, kinds=("7z",)), "of the kind 7z, found b'PK"),
    "markup for a table": (
        always(b"<?xml version='1.0'?><Error/>"),
        replace(EXPECTED, kinds=("csv",)),
        "of the kind csv",
    ),
    "bytes for a table": (always(b"a;b\x00\x01"), replace(EXPECTED, kinds=("csv",)), "of the kind csv"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_what_was_expected_is_asked_twice_then_told_and_nothing_is_kept(server, target, name):
    handler, expected, told = WRONG[name]
    server.handlers["/file"] = handler

    with pytest.raises(SourceError, match=told):
        bring(server, target, expected)
    assert len(gets(server)) == 2
    assert left(target) == []


def test_what_is_wrong_once_is_right_the_second_time(server, target):
    server.handlers["/file"] = in_turn(plain(CONTENT[:-1] + b"?"), plain(CONTENT))

    assert bring(server, target, replace(EXPECTED, checksum=MD5)).size == len(CONTENT)


def test_an_earlier_copy_stays_when_the_next_one_is_wrong(server, target):
    bring(server, target)
    server.handlers["/file"] = html_page()

    with pytest.raises(SourceError, match="found a page"):
        bring(server, target)
    assert target.read_bytes() == CONTENT
    assert cached(target) is not None


@pytest.mark.parametrize("length", [None, 2_000_000_000])
def test_a_file_that_says_to_be_larger_than_allowed_is_stopped_before_its_first_byte(server, target, length):
    server.handlers["/file"] = always(CONTENT, length=length)
    expected = replace(EXPECTED, max_bytes=1_000_000)
    told: list[int] = []

    with pytest.raises(SourceError, match="at most 1 MB are expected"):
        bring(server, target, expected, on_progress=lambda _what, done, _total: told.append(done))
    assert left(target) == []
    assert told == []


def test_a_file_that_swells_once_decompressed_is_stopped(server, target):
    bomb = gzip.compress(b"0" * 50_000_000)
    server.handlers["/file"] = always(bomb, headers={"Content-Encoding": "gzip", "ETag": '"one"'})

    with pytest.raises(SourceError, match="at most 10 MB are expected"):
        bring(server, target)


def test_a_compressed_answer_that_is_cut_is_not_asked_for_from_the_middle(server, target):
    packed = gzip.compress(CONTENT)
    told = {"Content-Encoding": "gzip", "ETag": '"one"'}
    server.handlers["/file"] = in_turn(always(packed, cut=1_500_000, headers=told), always(packed, headers=told))

    bring(server, target)

    assert target.read_bytes() == CONTENT
    assert "range" not in gets(server)[1].headers


def test_a_download_stops_at_the_total_time_and_what_came_is_kept(server, target):
    good = plain(CONTENT, etag='"one"')

    def slowly(asked: Asked) -> Reply:
        reply = good(asked)
        reply.pace_s = 0.01
        return reply

    server.handlers["/file"] = slowly
    start = time.monotonic()

    with pytest.raises(SourceError, match="not done within 2 s, the limit"):
        bring(server, target, limits=Limits(total_s=2.0, read_s=5.0))
    assert time.monotonic() - start < 10
    assert left(target) == ["file.7z.part", "file.7z.part.json"]


# --- the copy that is there ---------------------------------------------------------------------------------------


def test_a_copy_that_is_still_good_is_not_downloaded_again(server, target):
    bring(server, target)
    sent = server.sent

    again = bring(server, target)

    assert (again.is_new, again.size) == (False, len(CONTENT))
    assert server.sent == sent
    assert gets(server)[-1].headers["if-none-match"] == '"one"'


def test_a_copy_with_the_right_checksum_is_not_even_asked_for(server, target):
    bring(server, target)
    count = len(server.asked)

    assert not bring(server, target, replace(EXPECTED, checksum=MD5)).is_new
    assert len(server.asked) == count


@pytest.mark.parametrize("changed", ["checksum", "size"])
def test_a_copy_that_is_not_what_its_producer_tells_now_is_not_asked_after(server, target, changed):
    bring(server, target)
    other = CONTENT[::-1] + b"x"

    def behind(asked: Asked) -> Reply:
        """A cache between: it says that nothing changed, to whoever has a copy."""
        return Reply(status=304) if "if-none-match" in asked.headers else Reply(other)

    server.handlers["/file"] = behind
    sha1 = f"sha1:{hashlib.sha1(other).hexdigest()}"

    bring(server, target, replace(EXPECTED, **{changed: {"checksum": sha1, "size": len(other)}[changed]}))

    assert target.read_bytes() == other


@pytest.mark.parametrize("has_copy", [False, True])
def test_not_changed_is_no_answer_to_who_did_not_ask(server, target, has_copy):
    if has_copy:
        bring(server, target)
    server.handlers["/file"] = failing(304)

    with pytest.raises(SourceError, match="status 304"):
        bring(server, target, replace(EXPECTED, checksum=f"md5:{'0' * 32}"))
    assert (cached(target) is not None) == has_copy


def test_a_file_that_changed_replaces_the_copy(server, target):
    bring(server, target)
    server.handlers["/file"] = plain(CONTENT[::-1], etag='"two"')

    assert bring(server, target).is_new
    assert target.read_bytes() == CONTENT[::-1]


def test_a_damaged_copy_is_downloaded_again(server, target):
    bring(server, target)
    target.write_bytes(CONTENT[:-1] + b"?")

    assert cached(target) is None
    assert bring(server, target).is_new
    assert target.read_bytes() == CONTENT


def test_there_is_no_copy_before_the_first_download(target):
    assert cached(target) is None


def test_a_note_that_cannot_be_read_is_no_copy(server, target):
    bring(server, target)
    target.with_name("file.7z.json").write_text("[", encoding="utf-8")

    assert cached(target) is None


def test_a_checksum_of_an_unknown_kind_is_told(server, target):
    with pytest.raises(SourceError, match="expected a checksum such as md5"):
        bring(server, target, replace(EXPECTED, checksum="crc:1"))
