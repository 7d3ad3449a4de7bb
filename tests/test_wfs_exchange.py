import time

import pytest
from geoserver import geoserver, json_exception, xml_exception
from wfs_world import Asking, communes

from hp_sig.errors import SourceError

NO_CONNECTION = "java.net.SocketTimeoutException: connect timed out"
NO_ORDER = (
    "Cannot do natural order without a primary key, please add it or specify a manual sort over existing attributes"
)


@pytest.fixture
def server():
    with geoserver(communes()) as running:
        yield running


@pytest.fixture
def asking(server, tmp_path):
    return Asking(url=server.url, folder=tmp_path)


@pytest.mark.parametrize("exception", [xml_exception, json_exception])
@pytest.mark.parametrize("status", [400, 200])
def test_a_connection_that_failed_inside_the_service_is_tried_again(server, asking, exception, status):
    server.replies = [exception(NO_CONNECTION, status), exception("Connection refused", status)]

    assert asking.get().rows == 25
    assert server.starts == [0, 0, 0, 10, 20]


def test_a_connection_that_always_fails_is_told_after_the_attempts_allowed(server, asking):
    server.replies = [xml_exception(NO_CONNECTION)] * 9

    with pytest.raises(
        SourceError, match=r"answers 400 \(asked 3 times\): NoApplicableCode .*connect timed out\. Try again later"
    ):
        asking.get()
    assert server.starts == [0, 0, 0]


@pytest.mark.parametrize("exception", [xml_exception, json_exception])
@pytest.mark.parametrize("status", [400, 403, 404, 200])
def test_any_other_exception_is_shown_at_once(server, asking, exception, status):
    server.replies = [exception(NO_ORDER, status)]

    with pytest.raises(
        SourceError, match=rf"answers {status}: NoApplicableCode Cannot do natural order without a primary key"
    ):
        asking.get()
    assert server.starts == [0]


def test_a_page_of_html_with_status_200_is_no_features(server, asking):
    server.replies = [(200, "text/html", "<html><body><h1>Maintenance en cours</h1></body></html>")]

    with pytest.raises(SourceError, match="Maintenance en cours"):
        asking.get()


def test_a_400_that_is_no_exception_is_shown_without_its_tags(server, asking):
    server.replies = [(400, "text/html", "<html><h1>Bad</h1> <p>request</p></html>")]

    with pytest.raises(SourceError, match="answers 400 without an OGC exception: Bad request"):
        asking.get()
    assert server.starts == [0]


def test_a_field_called_exceptions_is_no_exception(server, asking):
    for row in server.rows:
        row["exceptions"] = "none"

    assert asking.get().rows == 25


def test_a_type_that_is_not_there_is_told_as_the_service_tells_it(server, asking):
    server.types = ("demo:epci",)

    with pytest.raises(
        SourceError, match=r"demo:commune of .*: the service answers 400: .*Could not find type demo:commune"
    ):
        asking.look()


def test_a_type_without_fields_is_told(server, asking):
    server.fields = {}

    with pytest.raises(SourceError, match="expected its fields, found none"):
        asking.look()


def test_a_service_that_does_not_count_is_told(server, asking):
    server.lie = -30

    with pytest.raises(SourceError, match="expected numberMatched, found '-5'"):
        asking.look()


@pytest.mark.parametrize("told", ["²", "9" * 5000, "٣"])
def test_a_count_that_is_no_number_is_told(server, asking, told):
    server.matched = told

    with pytest.raises(SourceError, match="expected numberMatched, found") as error:
        asking.look()
    assert len(str(error.value)) < 600


def test_a_page_made_to_last_is_shown_at_once(server, asking):
    server.replies = [(400, "text/html", "<" * 65536)]
    start = time.monotonic()

    with pytest.raises(SourceError, match="answers 400 without an OGC exception"):
        asking.get()
    assert time.monotonic() - start < 2


def test_an_exception_changes_no_terminal_and_no_log(server, asking):
    server.replies = [json_exception("No\n\x1b[2JERROR forged" + "x" * 100_000)]

    with pytest.raises(SourceError, match="No") as error:
        asking.get()
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 900
