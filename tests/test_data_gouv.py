"""Finding and bringing a resource of data.gouv, against a real HTTP server that answers as its API does, or fails."""

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from catalogues import of_one
from faults import FaultyServer, failing, html_page, plain
from test_unpacking import zipped

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Catalogue
from hp_sig.sources import data_gouv
from hp_sig.sources.client import Client, Limits
from hp_sig.sources.wanted import Fetched, Offer, Wanted

QUICK = Limits(connect_s=2, read_s=2, total_s=10, attempts=2, first_wait_s=0.01, longest_wait_s=0.1)
CEREMA = "5f2a5d6f0b6c2a3b4c5d6e7f"
TITLE = r"Consommation d.espaces naturels, agricoles et forestiers du 1er janvier \d{{4}} au 1er janvier (\d{{4}})"
OLD = "Consommation d'espaces naturels, agricoles et forestiers du 1er janvier 2009 au 1er janvier 2024"
NEW = "Consommation d'espaces naturels, agricoles et forestiers du 1er janvier 2011 au 1er janvier 2025"
TABLE = b"idcom;idcomtxt;naf11art12\n04112;Manosque;1\n"


@dataclass
class DataGouv:
    """data.gouv on this machine, and a territory that asks it."""

    server: FaultyServer
    folder: Path
    cache: Path
    source: dict[str, Any] = field(default_factory=dict)
    datasets: list[dict[str, Any]] = field(default_factory=list)

    @property
    def api(self) -> str:
        return f"{self.server.url}/api/1"

    def resource(self, content: bytes = TABLE, *, name: str = "conso_com.csv", **told: Any) -> dict[str, Any]:
        """Publish a file, and describe it as the API does."""
        path = f"/resources/{told.get('id', 'r1')}/{name}"
        self.server.handlers[path] = plain(content)
        return {
            **{"id": "r1", "title": name, "url": f"{self.server.url}{path}", "format": name.rpartition(".")[2]},
            **{"filesize": len(content), "last_modified": "2026-07-24T10:00:00+00:00"},
            "checksum": {"type": "sha1", "value": hashlib.sha1(content).hexdigest()},
            **told,
        }

    def publish(
        self, *resources: dict[str, Any], identifier: str = "d1", title: str = NEW, organisation: str = CEREMA
    ) -> None:
        """Publish a data set."""
        told = {"id": identifier, "title": title, "organization": {"id": organisation, "slug": "cerema"}}
        self.datasets.append(told)
        self.server.handlers[f"/api/1/datasets/{identifier}/"] = plain(
            json.dumps({**told, "resources": resources}).encode()
        )
        self.lists(*self.datasets)

    def lists(self, *datasets: dict[str, Any], next_page: str | None = None) -> None:
        """Answer every search with these."""
        answer = {"data": datasets, "next_page": next_page, "page": 1, "total": len(datasets)}
        self.server.handlers["/api/1/datasets/"] = plain(json.dumps(answer).encode())
        self.server.handlers["/api/1/organizations/cerema/"] = plain(
            json.dumps({"id": CEREMA, "slug": "cerema"}).encode()
        )

    @property
    def catalogue(self) -> Catalogue:
        told = {
            **{
                "organisation": "cerema",
                "dataset_title": TITLE,
                "resource": r"conso[-_\d]*(?:resultats)?[-_]*com\.csv",
            },
            **{"vintage": "title", "geometry": "none", "crs": "none"},
            **self.source,
        }
        return of_one(self.api, "data_gouv", **{"id": "enaf", "file": "enaf/enaf.csv", "dataset": None, **told})[0]

    def wanted(self, edition: str | None = None) -> Wanted:
        return Wanted(source=self.catalogue.source("enaf"), file="enaf/enaf.csv", edition=edition)

    def look(self, edition: str | None = None) -> Offer:
        with Client(self.catalogue, limits=QUICK) as client:
            return data_gouv.look(client, self.catalogue.services[0], self.wanted(edition))

    def get(self, *, offline: bool = False) -> Fetched:
        options = {"cache": self.cache, "folder": self.folder, "on_progress": lambda *_: None}
        if offline:
            return data_gouv.get(None, self.catalogue.services[0], self.wanted(), **options)
        with Client(self.catalogue, limits=QUICK) as client:
            return data_gouv.get(client, self.catalogue.services[0], self.wanted(), **options)

    def fault(self, act: Callable[[], object]) -> str:
        """The one error, which leaves the folder empty."""
        with pytest.raises(SourceError) as caught:
            act()
        assert list(self.folder.iterdir()) == []
        assert str(caught.value).endswith(".")
        return str(caught.value)

    def asked(self, part: str) -> list[str]:
        """The addresses asked for that hold a text."""
        return [one.path for one in self.server.asked if part in one.path]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[DataGouv]:
    for name in ("folder", "cache"):
        (tmp_path / name).mkdir()
    with FaultyServer() as server:
        yield DataGouv(server=server, folder=tmp_path / "folder", cache=tmp_path / "cache")


# --- what comes -------------------------------------------------------------------------------------------------


def test_a_resource_comes_byte_for_byte_with_what_tells_its_edition(service):
    service.publish(service.resource())

    result = service.get()

    assert result.path == service.folder / "enaf.csv"
    assert result.path.read_bytes() == TABLE
    assert result.vintage == "2025"
    assert result.mark == {
        **{"dataset": "d1", "resource": "r1", "last_modified": "2026-07-24T10:00:00+00:00"},
        "checksum": f"sha1:{hashlib.sha1(TABLE).hexdigest()}",
    }
    assert (result.downloaded, result.sha256_downloaded) == (len(TABLE), hashlib.sha256(TABLE).hexdigest())
    assert result.notes == ()


def test_looking_downloads_nothing_and_tells_the_size(service):
    service.publish(service.resource())

    offer = service.look()

    assert (offer.size, offer.vintage) == (len(TABLE), "2025")
    assert offer.mark["checksum"].startswith("sha1:")
    assert not service.asked("/resources/")


def test_the_vintage_may_be_the_day_of_the_last_change(service):
    service.source = {"vintage": "modified"}
    service.publish(service.resource())

    assert service.look().vintage == "2026-07-24"


def test_an_archive_gives_its_member(service, tmp_path):
    service.source = {"member": r"base\.csv", "resource": r"base\.zip"}
    content = zipped(tmp_path / "x.zip", {"d/base.csv": TABLE, "d/meta_base.csv": b"m"}).read_bytes()
    service.publish(service.resource(content, name="base.zip"))

    result = service.get()

    assert result.path.name == "enaf.csv"
    assert result.notes == ("Taken out of the archive: d/base.csv.",)
    assert result.path.read_bytes() == TABLE
    assert list(service.folder.iterdir()) == [result.path]


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_the_checksum_is_verified_whatever_its_kind(service, kind):
    right = hashlib.new(kind, TABLE).hexdigest()
    service.publish(service.resource(checksum={"type": kind, "value": right}))

    assert service.get().mark["checksum"] == f"{kind}:{right}"


@pytest.mark.parametrize("checksum", [None, {"type": "crc", "value": "12"}, {"type": "sha1", "value": ""}])
def test_a_resource_without_a_checksum_says_so(service, checksum):
    service.publish(service.resource(checksum=checksum))

    result = service.get()

    assert "checksum" not in result.mark
    assert any("no checksum" in note for note in result.notes)


def test_a_full_disk_is_one_error(service, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    service.publish(service.resource())

    assert "cannot be written (No space left on device)" in service.fault(service.get)


# --- changed in place -------------------------------------------------------------------------------------------


def test_a_resource_that_was_modified_in_place_is_told_with_both_hashes(service):
    service.publish(service.resource())
    service.get().path.unlink()
    other = TABLE + b"04019;Barcelonnette;2\n"
    service.datasets.clear()
    service.publish(service.resource(other, last_modified="2026-09-01T08:00:00+00:00"))

    result = service.get()

    assert result.path.read_bytes() == other
    old, new = (hashlib.sha1(content).hexdigest() for content in (TABLE, other))
    assert result.notes == (
        f"Modified in place by its producer, under the same name: sha1:{old} → sha1:{new}, before of "
        "2026-07-24T10:00:00+00:00, now of 2026-09-01T08:00:00+00:00.",
    )


def test_a_change_in_place_without_checksum_is_told_with_the_hashes_of_what_came(service):
    service.publish(service.resource(checksum=None))
    service.get().path.unlink()
    other = TABLE + b"04019;Barcelonnette;2\n"
    service.datasets.clear()
    service.publish(service.resource(other, checksum=None))

    told = " ".join(service.get().notes)

    old, new = (hashlib.sha256(content).hexdigest() for content in (TABLE, other))
    assert f"under the same name: sha256:{old} → sha256:{new}" in told


def test_a_change_in_place_whose_checksums_are_of_two_kinds_is_told_with_comparable_hashes(service):
    service.publish(service.resource())
    service.get().path.unlink()
    other = TABLE + b"04019;Barcelonnette;2\n"
    service.datasets.clear()
    service.publish(service.resource(other, checksum={"type": "md5", "value": hashlib.md5(other).hexdigest()}))

    (told,) = service.get().notes

    old, new = (hashlib.sha256(content).hexdigest() for content in (TABLE, other))
    assert f"sha256:{old} → sha256:{new}" in told


def test_a_change_of_date_alone_is_told_as_such(service):
    service.publish(service.resource())
    service.get().path.unlink()
    service.datasets.clear()
    service.publish(service.resource(last_modified="2026-09-01T08:00:00+00:00"))

    (note,) = service.get().notes

    assert "the content is the same" in note


def test_what_did_not_change_is_not_told_to_have(service):
    service.publish(service.resource())
    service.get().path.unlink()

    assert service.get().notes == ()


def test_a_new_resource_is_no_change_in_place(service):
    service.publish(service.resource())
    service.get().path.unlink()
    service.datasets.clear()
    service.publish(service.resource(TABLE + b"x", id="r2"))

    assert service.get().notes == ()


def test_a_file_that_changed_before_its_description_did_is_one_error_with_both_sums(service):
    other = TABLE + b"04019;Barcelonnette;2\n"
    service.publish(service.resource(other, checksum={"type": "sha1", "value": hashlib.sha1(TABLE).hexdigest()}))

    fault = service.fault(service.get)

    assert hashlib.sha1(TABLE).hexdigest() in fault
    assert hashlib.sha1(other).hexdigest() in fault


def test_a_file_of_another_size_than_told_is_one_error(service):
    service.publish(service.resource(filesize=len(TABLE) + 1))

    assert str(len(TABLE) + 1) in service.fault(service.get)


# --- which data set ---------------------------------------------------------------------------------------------


def test_both_layouts_of_the_cerema_are_found_by_their_title_the_latest_year_first(service):
    service.publish(service.resource(name="conso_com.csv", id="r2"), identifier="d1", title=NEW)
    service.publish(service.resource(name="conso2009_2024_resultats_com.csv", id="r1"), identifier="d2", title=OLD)
    service.publish(service.resource(id="r3"), identifier="d3", title="Consommation d'espaces (méthode)")

    assert (service.look().mark["resource"], service.look().vintage) == ("r2", "2025")
    assert (service.look("2024").mark["resource"], service.look("2024").vintage) == ("r1", "2024")


def test_an_edition_that_is_not_there_is_told_with_those_that_are(service):
    service.publish(service.resource(), title=OLD)

    fault = service.fault(lambda: service.look("2023"))

    assert "in the edition 2023" in fault
    assert OLD in fault


def test_an_organisation_is_searched_by_its_identifier_which_its_name_leads_to(service):
    service.publish(service.resource())

    service.look()

    (search,) = service.asked("/datasets/?")
    assert parse_qs(urlsplit(search).query) == {
        **{"organization": [CEREMA], "page_size": ["50"]},
        "q": ["Consommation espaces naturels agricoles"],
    }


def test_all_that_an_organisation_has_is_looked_through_where_the_search_finds_nothing(service):
    service.publish(service.resource())
    listed = service.server.handlers["/api/1/datasets/"]
    nothing = plain(b'{"data": [], "next_page": null}')
    service.server.handlers["/api/1/datasets/"] = lambda asked: (nothing if "q" in asked.query else listed)(asked)

    assert service.look().mark["dataset"] == "d1"


def test_an_organisation_that_is_not_there_is_told(service):
    service.source = {"organisation": "cerama"}
    service.publish(service.resource())

    assert "expected the organisation « cerama »" in service.fault(service.look)


@pytest.mark.parametrize("status", [404, 410])
def test_a_data_set_that_is_gone_is_found_by_its_organisation_and_title(service, status):
    service.source = {"dataset": "d0"}
    service.server.handlers["/api/1/datasets/d0/"] = failing(status)
    service.publish(service.resource(), identifier="d9")

    assert service.get().mark["dataset"] == "d9"


def test_a_data_set_that_is_gone_and_tells_no_title_is_told(service):
    service.source = {"dataset": "d0", "organisation": None, "dataset_title": None}
    service.publish(service.resource())

    assert "d0 is not at data.gouv any more" in service.fault(service.look)


def test_a_data_set_of_a_known_id_is_not_searched_for(service):
    service.source = {"dataset": "d1"}
    service.publish(service.resource(), title="Renamed")

    assert service.look().mark["dataset"] == "d1"
    assert not service.asked("/datasets/?")


def test_a_data_set_of_another_organisation_is_not_taken(service):
    service.publish(service.resource(), organisation="0" * 24)

    assert "There are: none." in service.fault(service.look)


def test_titles_are_listed_where_none_is_right(service):
    service.publish(service.resource(), title="Cartofriches")

    fault = service.fault(service.look)

    assert "There are: Cartofriches." in fault
    assert "Look for it at data.gouv.fr" in fault


def test_every_page_of_a_search_is_read(service):
    service.publish(service.resource())
    (told,) = service.datasets
    service.lists({**told, "id": "other", "title": "Other"}, next_page=f"{service.api}/datasets2/?page=2")
    answer = {"data": [told], "next_page": None}
    service.server.handlers["/api/1/datasets2/"] = plain(json.dumps(answer).encode())

    assert service.look().mark["dataset"] == "d1"


def test_a_next_page_on_another_host_is_not_followed(service):
    service.publish(service.resource(), title="Other")
    service.lists(*service.datasets, next_page="https://example.org/api/1/datasets/?page=2")

    assert "is at https://example.org/api/1/datasets/?page=2, which is not" in service.fault(service.look)


def test_a_page_that_comes_twice_is_refused(service):
    service.publish(service.resource(), title="Other")
    service.lists(*service.datasets, next_page=f"{service.api}/datasets/?page=2")

    assert "1 data sets come twice in the pages" in service.fault(service.look)


def test_pages_that_lead_to_themselves_are_refused(service):
    service.publish(service.resource())
    service.lists(next_page=f"{service.api}/datasets/?page=2")

    assert "do not end (2 were read)" in service.fault(service.look)


# --- which resource ---------------------------------------------------------------------------------------------


def test_a_resource_is_found_by_its_title_or_by_the_name_of_its_file_the_last_changed_first(service):
    service.source = {"resource": r"conso.com\.csv"}
    service.publish(
        service.resource(id="r4", name="CONSO_COM.csv", title="Communes", last_modified="2026-01-01T00:00:00+00:00"),
        service.resource(id="r2", name="export.csv", title="conso-com.csv", last_modified="2026-02-01T00:00:00+00:00"),
        service.resource(id="r3", name="conso_epci.csv", last_modified="2026-03-01T00:00:00+00:00"),
    )

    assert service.look().mark["resource"] == "r2"


def test_a_resource_without_suffix_takes_that_of_its_format(service):
    service.publish(service.resource(name="conso_com", title="conso_com.csv", format="csv"))

    assert service.get().path.name == "enaf.csv"


def test_resources_are_listed_where_none_is_right(service):
    service.publish(service.resource(name="dictionnaire.pdf"))

    assert "There are: dictionnaire.pdf. Correct the catalogue." in service.fault(service.look)


def test_a_resource_on_another_host_is_refused(service):
    service.publish(service.resource(url="https://example.org/conso_com.csv"))

    assert "example.org" in service.fault(service.get)


@pytest.mark.parametrize("url", ["http://[::1", "", None, 5, "https://example.org/\n\x1b[2J"])
def test_a_resource_without_an_address_is_none(service, url):
    service.publish(service.resource(url=url))

    assert "There are: none. Correct the catalogue." in service.fault(service.look)


@pytest.mark.parametrize("name", ["NUL.csv", "x" * 200 + ".csv"])
def test_nothing_is_written_under_a_name_that_a_server_gives(service, name):
    service.publish(service.resource(name=name, title="conso_com.csv"))

    result = service.get()

    assert (result.path, result.path.read_bytes()) == (service.folder / "enaf.csv", TABLE)
    assert sorted(one.name for one in service.cache.iterdir()) == ["enaf", "enaf.json", "enaf.offer.json"]


@pytest.mark.parametrize("told", ["<b>\n\x1b[2J", "2026-13-01", 5, {"a": 1}, "x" * 100_000])
def test_what_is_no_date_is_no_vintage_and_no_mark(service, told):
    service.source = {"vintage": "modified"}
    service.publish(service.resource(last_modified=told))

    offer = service.look()

    assert offer.vintage == dt.datetime.now(tz=dt.UTC).astimezone().date().isoformat()
    assert "last_modified" not in offer.mark


@pytest.mark.parametrize("size", [0, -1, True, 1.5, 10**30])
def test_a_size_that_is_none_is_not_told(service, size):
    service.publish(service.resource(filesize=size))

    assert service.look().size is None


HOSTILE = "Other\n\x1b[2JERROR forged" + "x" * 100_000


def test_titles_change_no_terminal_and_no_log(service):
    service.publish(service.resource(title=HOSTILE, name="x.csv"))
    of_resources = service.fault(service.look)
    service.datasets.clear()
    service.publish(service.resource(), title=HOSTILE)
    of_datasets = service.fault(service.look)
    service.lists(*service.datasets, next_page=HOSTILE)
    of_pages = service.fault(service.look)

    for fault in (of_resources, of_datasets, of_pages):
        assert fault.isprintable()
        assert len(fault) < 1000


def test_half_a_character_is_no_json(service):
    service.publish(service.resource(title="\ud800"))

    assert "expected JSON" in service.fault(service.look)


# --- answers that are not what they should be -------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"<html>Maintenance</html>", b"[]", b'{"id": "d1"}', b'{"resources": {}}', b"null"]
)
def test_what_is_no_data_set_is_refused(service, content):
    service.source = {"dataset": "d1"}
    service.server.handlers["/api/1/datasets/d1/"] = plain(content)

    assert service.fault(service.look)


@pytest.mark.parametrize("content", [b"[]", b'{"data": {}}', b'{"data": [1]}', b'{"data": [{"title": "x"}]}'])
def test_what_is_no_list_of_data_sets_is_refused(service, content):
    service.publish(service.resource())
    service.server.handlers["/api/1/datasets/"] = plain(content)

    assert "expected a list of data sets" in service.fault(service.look)


@pytest.mark.parametrize("path", ["/api/1/datasets/", "/resources/r1/conso_com.csv"])
def test_an_html_page_with_status_200_is_refused(service, path):
    service.publish(service.resource(checksum=None, filesize=None))
    service.server.handlers[path] = html_page()

    assert service.fault(service.get)


# --- without network --------------------------------------------------------------------------------------------


def test_without_network_the_last_download_gives_the_same_file(service):
    service.publish(service.resource())
    online = service.get()
    online.path.unlink()
    asked = len(service.server.asked)

    offline = service.get(offline=True)

    assert len(service.server.asked) == asked
    assert offline == online
    assert offline.path.read_bytes() == TABLE


def test_without_network_nor_download_it_says_so(service):
    assert "there is no whole copy of it in the cache" in service.fault(lambda: service.get(offline=True))


def test_what_is_not_of_the_kind_that_its_name_tells_is_refused(service):
    # Neither its size nor a checksum tells: they are those of the document that tells an error.
    service.publish(service.resource(b"<Error><Code>NoSuchKey</Code></Error>"))

    assert "of the kind csv" in service.fault(service.get)
