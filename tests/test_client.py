import datetime as dt
import gzip
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from catalogues import catalogue, of_one, service, source
from faults import PAGE, FaultyServer, always, failing, html_page, in_turn, plain, redirect, slow, too_many

from hp_sig import SourceError, __version__
from hp_sig.sources.client import Answer, Client, Limits
from hp_sig.sources.waiting import asked_wait

LIMITS = Limits(first_wait_s=0.01, read_s=0.4, total_s=5.0, attempts=3)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        running.handlers["/good"] = always(b"good", headers={"Content-Type": "text/plain; charset=utf-8"})
        yield running


def ask(server: FaultyServer, path: str, *, limits: Limits = LIMITS, **options: object) -> Answer:
    known, here = of_one(server.url)
    with Client(known, limits=limits) as client:
        return client.ask(server.url + path, here, **options)  # type: ignore[arg-type]


def test_an_answer_tells_what_it_is(server):
    answer = ask(server, "/good")

    assert (answer.status, answer.content, answer.media_type) == (200, b"good", "text/plain")
    assert answer.headers["CONTENT-TYPE"] == "text/plain; charset=utf-8"


def test_the_client_says_its_name_and_version_and_nothing_else(server):
    ask(server, "/good")

    assert server.asked[0].headers["user-agent"] == f"hp-sig/{__version__}"
    assert "cookie" not in server.asked[0].headers


def test_a_form_is_posted(server):
    ask(server, "/good", form={"cql_filter": "nom = 'L''Escale'"})

    assert server.asked[0].method == "POST"
    assert server.asked[0].form == {"cql_filter": "nom = 'L''Escale'"}


# --- what passes, and what stays ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_status_that_passes_is_asked_again(server, status):
    server.handlers["/x"] = in_turn(failing(status), failing(status), always(b"good"))

    assert ask(server, "/x").content == b"good"
    assert server.count("/x") == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_status_that_stays_is_told_at_once_with_its_text(server, status):
    server.handlers["/x"] = always(b"<html><h1>Not here</h1></html>", status)

    with pytest.raises(SourceError, match=f"found status {status} .*: « Not here »"):
        ask(server, "/x")
    assert server.count("/x") == 1


def test_a_tolerated_status_is_given_back(server):
    server.handlers["/x"] = always(b"no such layer", 400)

    assert ask(server, "/x", tolerated={400}).content == b"no such layer"


def test_attempts_end(server):
    server.handlers["/x"] = failing(500)

    with pytest.raises(SourceError, match=r"no right answer in 3 attempts, the last: status 500"):
        ask(server, "/x")
    assert server.count("/x") == 3


def test_a_retry_after_in_seconds_is_waited_for(server):
    server.handlers["/x"] = in_turn(too_many("1"), always(b"good"))
    start = time.monotonic()

    assert ask(server, "/x").content == b"good"
    assert time.monotonic() - start >= 1.0


def test_a_retry_after_with_a_date_is_waited_for(server):
    # Dates have whole seconds: two from now is at least one.
    then = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    server.handlers["/x"] = in_turn(too_many(format_datetime(then, usegmt=True)), always(b"good"))
    start = time.monotonic()

    assert ask(server, "/x").content == b"good"
    assert time.monotonic() - start >= 0.9


def test_a_retry_after_that_is_too_long_says_when_to_ask_again(server):
    server.handlers["/x"] = too_many("7200")
    start = time.monotonic()

    with pytest.raises(SourceError, match=r"Try again after 20\d\d-"):
        ask(server, "/x")
    assert time.monotonic() - start < 2
    assert server.count("/x") == 1


def test_a_date_that_is_past_asks_for_no_wait():
    assert asked_wait("Wed, 04 Nov 2020 10:00:00 GMT") == 0.0


def test_a_service_that_is_slow_is_asked_again_then_told(server):
    server.handlers["/x"] = slow(b"late", 1.0)

    with pytest.raises(SourceError, match="timed out"):
        ask(server, "/x")
    assert server.count("/x") == 3


def test_an_answer_that_is_slow_once_comes_the_second_time(server):
    server.handlers["/x"] = in_turn(slow(b"late", 1.0), always(b"good"))

    assert ask(server, "/x").content == b"good"


def test_an_answer_that_trickles_for_ever_is_stopped_by_the_total_time(server):
    # 200 blocks, one every 50 ms: no pause is too long, the whole is.
    server.handlers["/x"] = always(b"x" * 4096 * 200, pace_s=0.05)
    start = time.monotonic()

    with pytest.raises(SourceError, match="not done within 1 s, the limit"):
        ask(server, "/x", limits=Limits(total_s=1.0, read_s=10.0))
    assert time.monotonic() - start < 8


def test_waits_count_in_the_total_time(server):
    server.handlers["/x"] = too_many("3")

    with pytest.raises(SourceError, match="not done within 1 s"):
        ask(server, "/x", limits=Limits(total_s=1.0))


def test_an_answer_that_is_cut_is_asked_again(server):
    server.handlers["/x"] = in_turn(always(b"0123456789", cut=4), always(b"0123456789"))

    assert ask(server, "/x").content == b"0123456789"


def test_a_length_that_lies_is_told(server):
    server.handlers["/x"] = always(b"0123", length=10)

    with pytest.raises(SourceError, match="cut"):
        ask(server, "/x")


def test_nobody_there_is_told_and_the_next_question_does_not_wait_as_long():
    with FaultyServer() as gone:
        url = gone.url
    known, here = of_one(url)
    with Client(known, limits=Limits(first_wait_s=0.3, attempts=3)) as client:
        with pytest.raises(SourceError, match="no right answer in 3 attempts"):
            client.ask(url + "/a", here)
        start = time.monotonic()
        with pytest.raises(SourceError, match="refused"):
            client.ask(url + "/b", here)
        assert time.monotonic() - start < 0.3


def test_an_answer_larger_than_the_limit_is_refused(server):
    server.handlers["/x"] = always(b"x" * 2_000_000)

    with pytest.raises(SourceError, match="expected at most 1 MB, and more came"):
        ask(server, "/x", limits=Limits(answer_bytes=1_000_000))


def test_an_answer_that_swells_once_decompressed_is_refused(server):
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 100_000
    server.handlers["/x"] = always(bomb, headers={"Content-Encoding": "gzip"})

    with pytest.raises(SourceError, match="expected at most 1 MB, and more came"):
        ask(server, "/x", limits=Limits(answer_bytes=1_000_000))


def test_a_compressed_answer_is_read(server):
    server.handlers["/x"] = always(gzip.compress(b"good"), headers={"Content-Encoding": "gzip"})

    assert ask(server, "/x").content == b"good"


@pytest.mark.parametrize(
    "reply", [always(drip_s=0.05), always(b"x" * 4000, pace_s=0.05, block=1)], ids=["headers", "content"]
)
def test_an_answer_that_drips_is_stopped_by_the_total_time_wherever_it_is(server, reply):
    server.handlers["/x"] = reply
    start, before = time.monotonic(), threading.active_count()

    with pytest.raises(SourceError, match=r"not done within 0\.6 s, the limit"):
        ask(server, "/x", limits=Limits(total_s=0.6, read_s=10.0))
    assert time.monotonic() - start < 1.5
    # That of the server, at most.
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("told", ["99999999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 -0100"])
def test_a_retry_after_beyond_all_days_is_one_error(server, told):
    server.handlers["/x"] = too_many(told)

    with pytest.raises(SourceError, match=r"Try again after 20\d\d-"):
        ask(server, "/x")


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000])
def test_a_length_that_is_no_number_is_not_counted_on(server, length):
    server.handlers["/x"] = always(b"good", headers={"Content-Length": length, "Connection": "close"}, cut=4)

    assert ask(server, "/x").content == b"good"


def test_a_status_whose_text_is_cut_is_still_told(server):
    server.handlers["/x"] = always(b"No such layer" + b" " * 900, 404, cut=13)

    with pytest.raises(SourceError, match=r"found status 404 .*: « No such layer »") as error:
        ask(server, "/x")
    assert type(error.value) is SourceError


def test_what_a_server_says_changes_no_terminal_and_no_log(server):
    server.handlers["/x"] = always(b"bad\n\x1b[2JERROR forged\r\n" + "\u202e".encode() + b"x" * 9000, 404)

    with pytest.raises(SourceError) as error:
        ask(server, "/x")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 500


# --- hosts --------------------------------------------------------------------------------------------------------


def test_a_host_that_is_not_in_the_catalogue_is_not_asked(server):
    known, here = of_one("http://127.0.0.1:9")
    with Client(known, limits=LIMITS) as client, pytest.raises(SourceError, match=r"is not in the catalogue \(127"):
        client.ask(server.url + "/good", here)

    assert server.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_hosts_of_the_catalogue_is_followed(server, status):
    with FaultyServer(there=always(b"there")) as other:
        server.handlers["/x"] = redirect(f"{other.url}/there", status)
        known = catalogue([service(server.url, hosts=[other.host])], [source()])
        with Client(known, limits=LIMITS) as client:
            answer = client.ask(server.url + "/x", known.services[0])

    assert (answer.content, answer.url) == (b"there", f"{other.url}/there")


@pytest.mark.parametrize("to", ["https://example.org/x", "//example.org/x", "http://localhost:1/x", "ftp://x.fr/y"])
def test_a_redirect_to_another_host_is_refused_before_it_is_asked(server, to):
    server.handlers["/x"] = redirect(to)

    with pytest.raises(SourceError, match=r"to which 127\.0\.0\.1:.* redirects is not in the catalogue"):
        ask(server, "/x")


def test_a_redirect_to_a_host_of_the_catalogue_without_tls_is_refused(server):
    server.handlers["/x"] = redirect("http://files.example.org/x")
    known = catalogue([service(server.url, hosts=["files.example.org"])], [source()])

    with Client(known, limits=LIMITS) as client, pytest.raises(SourceError, match="an https:// address expected"):
        client.ask(server.url + "/x", known.services[0])


@pytest.mark.parametrize("to", ["http://[::1", "//[::1/x", "/\x1b[2J", "/" + "x" * 5000])
def test_a_redirect_that_is_no_address_is_one_error(server, to):
    server.handlers["/x"] = redirect(to)

    with pytest.raises(SourceError, match="expected an address, found none") as error:
        ask(server, "/x")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 500


def test_what_is_no_address_is_not_asked(server):
    known, here = of_one(server.url)
    with Client(known, limits=LIMITS) as client:
        for act in (client.ask, client.head, lambda url, here: client.opened(url, here).__enter__()):
            with pytest.raises(SourceError, match="expected an address, found none"):
                act("http://[::1", here)


def test_no_credentials_are_sent_whatever_netrc_has(server, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login officer password secret\n", encoding="utf-8")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    ask(server, "/good")

    assert "authorization" not in server.asked[0].headers


def test_redirects_without_end_are_told(server):
    server.handlers["/x"] = redirect("/x")

    with pytest.raises(SourceError, match="more than 5 redirects"):
        ask(server, "/x")
    assert server.count("/x") == 6


def test_a_relative_redirect_is_followed(server):
    server.handlers["/x"] = redirect("good")

    assert ask(server, "/x").content == b"good"


def test_requests_keep_the_rate_that_a_service_allows(server):
    known = catalogue([service(server.url, requests_per_second=10)], [source()])
    with Client(known, limits=LIMITS) as client:
        start = time.monotonic()
        for _ in range(5):
            client.ask(server.url + "/good", known.services[0])

    # Four pauses of a tenth of a second.
    assert time.monotonic() - start >= 0.4


# --- what answers say ---------------------------------------------------------------------------------------------


def test_a_page_in_place_of_json_is_told_with_its_text(server):
    server.handlers["/x"] = html_page()

    with pytest.raises(
        SourceError, match=r"enaf: expected JSON .* found text/html: « Portail Veuillez vous identifier »"
    ):
        ask(server, "/x").json("enaf")


def test_a_page_in_place_of_xml_is_told(server):
    server.handlers["/x"] = html_page()

    with pytest.raises(SourceError, match="ocsge: expected XML"):
        ask(server, "/x").xml("ocsge")


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"),
        b"<a><b></a>",
        b"",
    ],
)
def test_xml_that_is_damaged_or_names_other_things_is_refused(content):
    with pytest.raises(SourceError, match="expected XML"):
        Answer(url="u", status=200, headers={}, content=content).xml("x")


@pytest.mark.parametrize("content", [b'{"a": "\\ud800"}', b'{"\\uDFFF": 1}', b'["\xed\xa0\x80"]', b'["\xff"]'])
def test_json_that_cannot_be_written_again_is_refused(content):
    with pytest.raises(SourceError, match="expected JSON"):
        Answer(url="u", status=200, headers={}, content=content).json("x")


def test_json_may_write_a_character_in_two_halves():
    assert Answer(url="u", status=200, headers={}, content=b'["\\ud83c\\udf3e"]').json("x") == ["\N{EAR OF RICE}"]


@pytest.mark.parametrize("content", [b"<" * 65536, b"<script" * 9000, b"<!--" * 16000])
def test_a_page_made_to_last_is_shown_at_once(content):
    start = time.monotonic()

    with pytest.raises(SourceError):
        Answer(url="u", status=200, headers={}, content=content).json("x")
    assert time.monotonic() - start < 1


def test_xml_and_json_are_read():
    assert Answer(url="u", status=200, headers={}, content=b"<a>1</a>").xml("x").text == "1"
    assert Answer(url="u", status=200, headers={}, content=b'{"a": 1}').json("x") == {"a": 1}


# --- sizes --------------------------------------------------------------------------------------------------------


def test_head_gives_the_headers_of_a_file(server):
    server.handlers["/x"] = plain(b"12345", etag='"a"')
    known, here = of_one(server.url)
    with Client(known, limits=LIMITS) as client:
        answer = client.head(server.url + "/x", here)

    assert (answer.headers["content-length"], answer.headers["etag"], answer.content) == ("5", '"a"', b"")


def test_a_server_that_does_not_answer_head_has_no_headers(server):
    server.handlers["/x"] = failing(405)
    known, here = of_one(server.url)
    with Client(known, limits=LIMITS) as client:
        assert dict(client.head(server.url + "/x", here).headers) == {}


# --- certificates -------------------------------------------------------------------------------------------------

TLS = """
import ssl, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading
sys.path.insert(0, sys.argv[3])
from catalogues import of_one
from hp_sig import SourceError
from hp_sig.sources.client import Client, Limits

import os
import requests
if listed := os.environ.get("HP_SIG_TEST_CERTIFI"):
    requests.adapters.DEFAULT_CA_BUNDLE_PATH = listed

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"good")
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://localhost:{server.server_port}"
known, here = of_one(url)
with Client(known, limits=Limits(attempts=1)) as client:
    try:
        print(client.ask(url + "/", here).content.decode())
    except SourceError as error:
        print(error)
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", made]
    subprocess.run([*map(str, command), *subject], check=True, capture_output=True)
    return made, key


def over_tls(certificate: tuple[Path, Path], **environment: str) -> str:
    """Ask a server with this certificate, in a process of its own: authorities are read once."""
    told = {name: value for name, value in os.environ.items() if "CA_BUNDLE" not in name and "SSL_CERT" not in name}
    command = [sys.executable, "-c", TLS, *map(str, certificate), str(Path(__file__).parent)]
    done = subprocess.run(command, env=told | environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("variables", [{}, {"REQUESTS_CA_BUNDLE": ""}, {"CURL_CA_BUNDLE": ""}])
def test_a_certificate_that_nobody_vouches_for_is_refused_with_what_to_do(certificate, variables):
    told = over_tls(certificate, **variables)

    assert "its certificate cannot be trusted" in told
    assert "ask your administrator" in told


def test_a_certificate_that_only_a_list_of_authorities_in_a_package_vouches_for_is_refused(certificate):
    assert "its certificate cannot be trusted" in over_tls(certificate, HP_SIG_TEST_CERTIFI=str(certificate[0]))


def test_a_file_of_authorities_that_is_not_there_is_told(certificate):
    told = over_tls(certificate, REQUESTS_CA_BUNDLE=str(certificate[0].with_name("absent.pem")))

    assert "Check the file that REQUESTS_CA_BUNDLE names" in told


@pytest.mark.skipif(sys.platform != "linux", reason="only OpenSSL reads SSL_CERT_FILE")
def test_a_certificate_whose_authority_the_system_trusts_is_accepted(certificate):
    assert over_tls(certificate, SSL_CERT_FILE=str(certificate[0])) == "good"


def test_a_certificate_whose_authority_is_named_to_requests_is_accepted(certificate):
    assert over_tls(certificate, REQUESTS_CA_BUNDLE=str(certificate[0])) == "good"


# --- proxies ------------------------------------------------------------------------------------------------------


class Proxy(BaseHTTPRequestHandler):
    """An HTTP proxy that answers itself."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"proxy")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(monkeypatch) -> Iterator[str]:
    Proxy.asked = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield f"127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_proxy_that_wants_a_password_is_told_and_not_asked_again(server):
    server.handlers["/x"] = always(b"who are you", 407)

    with pytest.raises(SourceError, match="The proxy of your network wants a user and a password"):
        ask(server, "/x")
    assert server.count("/x") == 1


def test_the_proxy_of_the_environment_is_asked(server, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy}")

    assert ask(server, "/good").content == b"proxy"
    assert Proxy.asked == [f"{server.url}/good"]
    assert server.asked == []


def test_an_error_names_the_proxy_without_its_password(server, proxy, monkeypatch):
    with FaultyServer() as gone:
        lost = gone.host
    monkeypatch.setenv("HTTP_PROXY", f"http://officer:secret@{lost}")

    with pytest.raises(SourceError, match=f"asked through the proxy http://{lost}") as error:
        ask(server, "/good")
    assert "secret" not in str(error.value)
    assert proxy


@pytest.mark.parametrize(
    "named",
    [
        *("http://officer:se#cret@proxy.example:3128", "http://officer:se/cret@proxy.example:3128"),
        *("http://officer:12#cret@proxy.example:3128", "http://officer:se?cret@proxy.example:3128"),
        *("http://officer:se[cret@proxy.example:3128", "http://officer:secret@", "http://officer:secret@proxy:x"),
    ],
)
def test_a_proxy_that_is_no_address_is_one_error_without_its_password(server, monkeypatch, proxy, named):
    assert proxy
    monkeypatch.setenv("HTTP_PROXY", named)

    with pytest.raises(SourceError, match="the proxy of your environment") as error:
        ask(server, "/good")
    assert "officer" not in str(error.value)
    assert "cret" not in str(error.value)


def test_a_proxy_that_cannot_be_used_is_told_without_its_password(server, monkeypatch, proxy):
    assert proxy
    monkeypatch.setenv("HTTP_PROXY", "http://officer:secret@a..b:3128")

    with pytest.raises(SourceError, match="the proxy http://a") as error:
        ask(server, "/good")
    assert "secret" not in str(error.value)


def test_a_page_is_shown_without_its_tags():
    assert PAGE.startswith(b"<!DOCTYPE html>")
    with pytest.raises(SourceError) as error:
        Answer(url="u", status=200, headers={"content-type": "text/html"}, content=PAGE).json("x")
    assert "<" not in str(error.value)
