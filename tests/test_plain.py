"""Bringing a file from an address that does not change, against a real HTTP server."""

import csv
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from catalogues import of_one
from faults import FaultyServer, always, html_page, plain
from test_unpacking import zipped

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Catalogue
from hp_sig.sources import plain as plain_source
from hp_sig.sources.client import Client, Limits
from hp_sig.sources.wanted import Fetched, Offer, Wanted

QUICK = Limits(connect_s=2, read_s=2, total_s=10, attempts=2, first_wait_s=0.01, longest_wait_s=0.1)
TABLE = b"code;nom\n04112;Manosque\n"
CHANGED = "Wed, 21 Oct 2026 07:28:00 GMT"


@dataclass
class Site:
    """A site on this machine, and a territory that asks it."""

    server: FaultyServer
    folder: Path
    cache: Path
    source: dict[str, Any] = field(default_factory=dict)
    file: str = "communes/communes.csv"
    departements: tuple[str, ...] = ("04",)
    edition: str | None = None

    @property
    def catalogue(self) -> Catalogue:
        told = {"path": "/files/x.csv", "vintage": "retrieved", "geometry": "none", "crs": "none", **self.source}
        return of_one(self.server.url, **told)[0]

    @property
    def wanted(self) -> Wanted:
        source = self.catalogue.source("communes")
        return Wanted(source=source, file=self.file, departements=self.departements, edition=self.edition)

    def look(self) -> Offer:
        with Client(self.catalogue, limits=QUICK) as client:
            return plain_source.look(client, self.catalogue.services[0], self.wanted)

    def get(self, *, offline: bool = False) -> Fetched:
        options = {"cache": self.cache, "folder": self.folder, "on_progress": lambda *_: None}
        if offline:
            return plain_source.get(None, self.catalogue.services[0], self.wanted, **options)
        with Client(self.catalogue, limits=QUICK) as client:
            return plain_source.get(client, self.catalogue.services[0], self.wanted, **options)

    def fault(self, act: Callable[[], object]) -> str:
        """The one error, which leaves the folder empty."""
        with pytest.raises(SourceError) as caught:
            act()
        assert list(self.folder.iterdir()) == []
        assert str(caught.value).endswith(".")
        return str(caught.value)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    for name in ("folder", "cache"):
        (tmp_path / name).mkdir()
    with FaultyServer() as server:
        yield Site(server=server, folder=tmp_path / "folder", cache=tmp_path / "cache")


# --- one file ---------------------------------------------------------------------------------------------------


def test_a_file_comes_byte_for_byte_with_what_its_server_tells(site):
    site.server.handlers["/files/x.csv"] = plain(TABLE, etag='"1"', last_modified=CHANGED)

    result = site.get()

    assert result.path == site.folder / "communes.csv"
    assert result.path.read_bytes() == TABLE
    assert result.mark == {"etag": '"1"', "last_modified": CHANGED}
    assert result.url == f"{site.server.url}/files/x.csv"
    assert (result.downloaded, result.sha256_downloaded) == (len(TABLE), hashlib.sha256(TABLE).hexdigest())
    assert result.vintage == dt.datetime.now(tz=dt.UTC).astimezone().date().isoformat()
    assert result.rows is None


def test_looking_asks_for_the_headers_alone(site):
    site.server.handlers["/files/x.csv"] = plain(TABLE, etag='"1"', last_modified=CHANGED)
    site.source = {"vintage": "modified"}

    offer = site.look()

    assert offer.size == len(TABLE)
    assert offer.vintage == "2026-10-21"
    assert offer.mark == {"etag": '"1"', "last_modified": CHANGED}
    assert [one.method for one in site.server.asked] == ["HEAD"]


@pytest.mark.parametrize("told", ["Fri, 31 Dec 9999 23:59:59 -0100", "Mon, 99 Foo 2026", "\x1b[2J"])
def test_a_date_that_is_none_is_no_vintage_and_no_mark(site, told):
    site.server.handlers["/files/x.csv"] = plain(TABLE, etag='"1"', last_modified=told)
    site.source = {"vintage": "modified"}

    offer = site.look()

    assert offer.vintage == dt.datetime.now(tz=dt.UTC).astimezone().date().isoformat()
    assert offer.mark == {"etag": '"1"'}


@pytest.mark.parametrize("etag", ['"\x1b[2J"', f'"{"x" * 5000}"'])
def test_an_etag_that_cannot_be_kept_is_no_mark(site, etag):
    site.server.handlers["/files/x.csv"] = plain(TABLE, etag=etag)

    assert site.look().mark == {}
    assert site.get().mark == {}


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000])
def test_a_length_that_is_no_number_is_not_told(site, length):
    site.server.handlers["/files/x.csv"] = always(headers={"Content-Length": length, "Connection": "close"})

    assert site.look().size is None


def test_half_a_character_is_no_json(site):
    site.source = {"path": "/api/communes"}
    site.server.handlers["/api/communes"] = plain(b'[{"code": "04112", "nom": "\\ud800"}]')

    assert "cannot be read as JSON" in site.fault(site.get)


def test_nothing_is_written_under_a_name_that_a_server_gives(site):
    site.source = {"path": "/files/NUL.csv"}
    site.server.handlers["/files/NUL.csv"] = plain(TABLE)

    assert site.get().path == site.folder / "communes.csv"


def test_a_server_that_tells_nothing_gives_no_mark(site):
    site.server.handlers["/files/x.csv"] = plain(TABLE)

    assert site.look().mark == {}
    assert site.get().mark == {}


def test_a_file_that_did_not_change_is_not_sent_again(site):
    site.server.handlers["/files/x.csv"] = plain(TABLE, etag='"1"', last_modified=CHANGED)
    first = site.get()
    first.path.unlink()

    again = site.get()

    assert again == first
    assert again.path.read_bytes() == TABLE
    headers = {name.lower(): value for name, value in site.server.asked[-1].headers.items()}
    assert headers["if-none-match"] == '"1"'


def test_the_edition_is_written_into_the_address(site):
    site.source = {"path": "/{edition}/epci{edition}.xlsx", "edition": "2026", "vintage": "edition"}
    site.file = "epci/epci.xlsx"
    for year in (2024, 2026):
        site.server.handlers[f"/{year}/epci{year}.xlsx"] = plain(b"PK\x03\x04" + str(year).encode())

    latest = site.get()
    assert (latest.path.read_bytes(), latest.vintage) == (b"PK\x03\x042026", "2026")
    site.edition = "2024"
    older = site.get()
    assert (older.path.read_bytes(), older.vintage) == (b"PK\x03\x042024", "2024")


@pytest.mark.parametrize("edition", ["../../etc", "2024?x=1", "a b", "é"])
def test_what_is_no_edition_is_not_written_into_the_address(site, edition):
    site.source = {"path": "/{edition}.csv"}
    site.edition = edition

    assert "cannot be a part of an address" in site.fault(site.get)
    assert not site.server.asked


def test_an_edition_must_be_told_where_the_address_has_one(site):
    site.source = {"path": "/{edition}.csv"}

    assert "an edition expected, found none" in site.fault(site.look)


def test_an_archive_gives_its_member(site, tmp_path):
    site.source = {"path": "/files/base.zip", "member": r"base\.csv"}
    content = zipped(tmp_path / "x.zip", {"d/base.csv": TABLE, "d/meta_base.csv": b"m"}).read_bytes()
    site.server.handlers["/files/base.zip"] = plain(content)

    result = site.get()

    assert result.path.name == "communes.csv"
    assert result.path.read_bytes() == TABLE
    assert result.sha256_downloaded == hashlib.sha256(content).hexdigest()


def test_an_address_without_suffix_gives_a_file_with_that_of_its_place(site):
    site.source = {"path": "/api/scots?departement={departement}"}
    site.server.handlers["/api/scots"] = plain(TABLE)

    assert site.get().path == site.folder / "communes.csv"


@pytest.mark.parametrize("path", ["/files/x.csv", "/api/communes?format=json"])
def test_an_html_page_with_status_200_is_refused(site, path):
    site.source = {"path": path}
    site.server.handlers[path.partition("?")[0]] = html_page()

    assert site.fault(site.get)
    assert "no whole copy" in site.fault(lambda: site.get(offline=True))


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00", b"\x00\x01", b"<feed></feed>", b'{"message": "busy"}'])
def test_what_is_no_table_is_refused_where_the_address_tells_nothing(site, content):
    site.source = {"path": "/api/scots"}
    site.server.handlers["/api/scots"] = plain(content)

    assert site.fault(site.get)


def test_a_file_that_is_not_there_is_told(site):
    assert "404" in site.fault(site.get)
    assert "404" in site.fault(site.look)


# --- one file a département -------------------------------------------------------------------------------------


def test_the_parts_of_each_departement_are_joined_in_order(site):
    site.source = {"path": "/{departement}.csv"}
    site.departements = ("04", "05", "2A")
    contents = [f"code;nom\n{code}001;x\n".encode() for code in site.departements]
    for code, content in zip(site.departements, contents, strict=True):
        site.server.handlers[f"/{code}.csv"] = plain(content, etag=f'"{code}"')

    result = site.get()

    assert result.path.read_bytes() == b"code;nom\n04001;x\n05001;x\n2A001;x\n"
    assert result.mark == {"etag": '"04", "05", "2A"'}
    assert result.downloaded == sum(map(len, contents))
    assert result.sha256_downloaded == hashlib.sha256(b"".join(contents)).hexdigest()
    assert result.url.split() == [f"{site.server.url}/{code}.csv" for code in site.departements]
    assert site.look().size == result.downloaded


def test_parts_of_which_one_tells_nothing_have_no_mark(site):
    site.source = {"path": "/{departement}.csv"}
    site.departements = ("04", "05")
    site.server.handlers["/04.csv"] = plain(TABLE, etag='"04"')
    site.server.handlers["/05.csv"] = plain(TABLE)

    assert site.get().mark == {}


def test_parts_of_another_layout_are_one_error(site):
    site.source = {"path": "/{departement}.csv"}
    site.departements = ("04", "05")
    site.server.handlers["/04.csv"] = plain(b"code;nom\n1;a\n")
    site.server.handlers["/05.csv"] = plain(b"code;name\n1;a\n")

    assert "not the same header" in site.fault(site.get)
    assert "no whole copy" in site.fault(lambda: site.get(offline=True))


def test_a_part_that_is_not_there_is_one_error(site):
    site.source = {"path": "/{departement}.csv"}
    site.departements = ("04", "05")
    site.server.handlers["/04.csv"] = plain(TABLE)

    assert "404" in site.fault(site.get)


def test_no_departement_is_one_error(site):
    site.source = {"path": "/{departement}.csv"}
    site.departements = ()

    assert "none was asked for" in site.fault(site.get)


def test_archives_of_each_departement_cannot_be_joined(site, tmp_path):
    site.source = {"path": "/{departement}.zip", "member": r"a\.csv"}
    site.departements = ("04", "05")
    for code in site.departements:
        site.server.handlers[f"/{code}.zip"] = plain(zipped(tmp_path / "x.zip", {"a.csv": TABLE}).read_bytes())

    assert "cannot be joined" in site.fault(site.get)


def test_lists_of_communes_become_a_table_whose_rows_are_counted(site):
    site.source = {"path": "/communes?codeDepartement={departement}&fields=code,nom,codeEpci,epci&format=json"}
    content = (
        b'[{"nom": "Forcalquier", "code": "04088", "codeEpci": "1", "epci": {"code": "1", "nom": "Pays"}},'
        b'{"nom": "Digne", "code": "04070", "codeEpci": "2", "epci": {"code": "2", "nom": "PAA"}}]'
    )
    site.server.handlers["/communes"] = plain(content)

    result = site.get()

    assert result.path == site.folder / "communes.csv"
    assert result.rows == 2
    with result.path.open(encoding="utf-8", newline="") as stream:
        table = list(csv.reader(stream, delimiter=";"))
    assert table == [
        ["nom", "code", "codeEpci", "epci.code", "epci.nom"],
        ["Forcalquier", "04088", "1", "1", "Pays"],
        ["Digne", "04070", "2", "2", "PAA"],
    ]


# --- without network --------------------------------------------------------------------------------------------


def test_without_network_the_last_download_gives_the_same_file(site):
    site.source = {"path": "/{departement}.csv"}
    site.departements = ("04", "05")
    for code in site.departements:
        site.server.handlers[f"/{code}.csv"] = plain(TABLE)
    online = site.get()
    online.path.unlink()
    asked = len(site.server.asked)

    offline = site.get(offline=True)

    assert len(site.server.asked) == asked
    assert offline == online
    assert offline.path.read_bytes() == TABLE + TABLE.partition(b"\n")[2]


def test_without_network_the_copy_of_other_departements_is_not_used(site):
    site.source = {"path": "/{departement}.csv"}
    site.server.handlers["/04.csv"] = plain(TABLE)
    site.get().path.unlink()
    site.departements = ("04", "05")

    assert "no whole copy" in site.fault(lambda: site.get(offline=True))
