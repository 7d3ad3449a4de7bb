import json
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from geoserver import geoserver, xml_exception
from wfs_world import CODES, Asking, communes, source

from hp_sig.errors import SourceError

TESTS = Path(__file__).parent
FETCH = """
import sys
from pathlib import Path
from wfs_world import Asking
Asking(url=sys.argv[1], folder=Path(sys.argv[2])).get()
"""


@pytest.fixture
def server():
    with geoserver(communes()) as running:
        yield running


@pytest.fixture
def asking(server, tmp_path):
    return Asking(url=server.url, folder=tmp_path)


@pytest.fixture
def cut(server, asking):
    """A fetch that was cut after two pages of three."""
    server.before_page = lambda start: server.replies.append(xml_exception("stop")) if start == 20 else None
    with pytest.raises(SourceError, match="stop"):
        asking.get()
    server.before_page = lambda _: None
    server.asked.clear()


def record_of(asking):
    return asking.cache / "a" / "set.json"


def test_a_process_that_is_killed_between_two_pages_goes_on_at_the_next(server, asking, tmp_path):
    server.held_at = 20
    command = [sys.executable, "-c", FETCH, server.url, str(tmp_path)]
    with subprocess.Popen(command, cwd=TESTS) as running:
        try:
            assert server.is_held.wait(30)
        finally:
            running.kill()
    assert running.returncode
    server.held_at = None
    server.goes_on.set()
    server.asked.clear()

    fetched = asking.get()
    assert server.starts == [20]
    assert gpd.read_file(fetched.path)["code_insee"].tolist() == CODES
    assert asking.progress == [(20, 25), (25, 25)]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_goes_on_at_the_next_page(server, asking):
    assert asking.get().rows == 25
    assert server.starts == [20]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_begins_anew_where_the_layer_has_changed(server, asking):
    server.rows.pop()
    server.shapes.pop()

    assert asking.get().rows == 24
    assert server.starts == [0, 10, 20]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_begins_anew_after_a_day(server, asking):
    record = json.loads(record_of(asking).read_bytes())
    record_of(asking).write_text(json.dumps(record | {"begun": "2026-01-01T00:00:00Z"}), encoding="utf-8")

    asking.get()
    assert server.starts == [0, 10, 20]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_begins_anew_where_something_else_is_asked_for(server, asking):
    asking.source = source(scope="communes")

    asking.get(communes=tuple(CODES))
    assert server.starts == [0, 10, 20]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_begins_anew_where_the_fields_have_changed(server, asking):
    server.fields["date_du_recensement"] = "xsd:date"

    asking.get()
    assert server.starts == [0, 10, 20]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_begins_anew_where_a_page_was_damaged(server, asking):
    page = asking.cache / "a" / "00001.json"
    page.write_bytes(page.read_bytes()[:-5])

    assert asking.get().rows == 25
    assert server.starts == [0, 10, 20]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_begins_anew_where_its_record_cannot_be_read(server, asking):
    record_of(asking).write_bytes(b"{")

    asking.get()
    assert server.starts == [0, 10, 20]


@pytest.mark.usefixtures("cut")
def test_a_cut_fetch_is_not_given_without_network(asking):
    with pytest.raises(SourceError, match="it never came whole"):
        asking.get_offline()


def test_the_previous_whole_set_is_kept_until_the_next_is_whole(server, asking):
    asking.get()
    server.rows[0]["nom_officiel"] = "Aiglun"
    server.repeated = {20: 10}
    with pytest.raises(SourceError, match="repeats"):
        asking.get()
    assert gpd.read_file(asking.get_offline().path)["nom_officiel"][0] == "L'Escale 04001"

    server.repeated = {}
    asking.get()
    assert gpd.read_file(asking.get_offline().path)["nom_officiel"][0] == "Aiglun"
    assert sorted(path.name for path in asking.cache.iterdir()) == ["b", "whole.txt"]


def test_an_older_whole_set_that_is_still_there_is_not_gone_on_with(server, asking):
    asking.get()
    older = asking.folder / "older"
    shutil.copytree(asking.cache / "a", older)
    asking.get()
    # As a process leaves it that is killed before it removes the older set.
    older.rename(asking.cache / "a")
    server.asked.clear()

    asking.get()
    assert server.starts == [0, 10, 20]


def test_a_whole_set_that_was_damaged_is_told(asking):
    asking.get()
    page = asking.cache / "a" / "00001.json"
    page.unlink()

    with pytest.raises(SourceError, match=r"00001\.json: expected the page that came, found none"):
        asking.get_offline()
