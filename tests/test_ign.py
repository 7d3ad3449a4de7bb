"""Choosing and bringing a delivery of IGN, against a real HTTP server that lists and delivers as IGN does, or fails."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import geopandas as gpd
import pyogrio
import pytest
from catalogues import of_one
from faults import Asked, FaultyServer, Reply, html_page, plain
from test_unpacking import geopackage, sevenzipped, shapefile

from hp_sig.errors import NotOfferedError, SourceError
from hp_sig.reference.catalogue import Catalogue
from hp_sig.sources import ign
from hp_sig.sources.client import Client, Limits
from hp_sig.sources.wanted import Fetched, Offer, Wanted

NAMESPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:gpf_dl="https://data.geopf.fr/annexes/ressources/xsd/gpf_dl.xsd" '
    'xmlns:georss="http://www.georss.org/georss" xml:lang="en"'
)
STATE = r"OCS-GE_2-\d__(GPKG|SHP)_LAMB93_{zone}_{years}-01-01"
DIFFERENCE = r"(?=.*DI[FI]F)(?=.*_{zone}_)(?=.*[-_]{years}(?!\d))OCS-GE_.*"
MEMBER = r"occupation_sol\.(gpkg|shp)"
NAME = "OCS-GE_2-0__SHP_LAMB93_D004_2018-01-01"


def feed(entries: Sequence[str], *, page: int = 1, pages: int = 1, total: int | None = None) -> bytes:
    """Write a listing as IGN's service does."""
    total = len(entries) if total is None else total
    return (
        "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"
        f'<feed {NAMESPACES} gpf_dl:page="{page}" gpf_dl:pagesize="50" gpf_dl:pagecount="{pages}" '
        f'gpf_dl:totalentries="{total}"><title>OCS GE</title><updated>2026-04-17T14:59:00+01:00</updated>'
        f"{''.join(entries)}</feed>"
    ).encode()


def delivery(base: str, title: str, **told: str) -> str:
    """Write the entry of a delivery."""
    told = {"zone": "D004", "edition": "2018-01-01", "updated": "2025-01-01T00:00:00+01:00", "crs": "EPSG:2154"} | told
    kind = told.get("kind") or ("GPKG" if "GPKG" in title else "SHP")
    return (
        f'<entry><title>{title}</title><link href="{base}/resource/OCSGE/{title}" rel="alternate" '
        f'type="application/atom+xml"/><id>{base}/resource/OCSGE/{title}</id><updated>{told["updated"]}</updated>'
        f'<content>{title}</content><category term="{told["crs"]}" label="RGF93 Lambert-93"/>'
        f'<gpf_dl:zone term="{told["zone"]}" label="{told["zone"]} Alpes-de-Haute-Provence"/>'
        f'<gpf_dl:format term="{kind}" label="{kind}"/>'
        f"<gpf_dl:editionDate>{told['edition']}</gpf_dl:editionDate></entry>"
    )


def file_entry(url: str, content: bytes, *, md5: str | None = None, relation: str = "alternate") -> str:
    """Write the entry of a file of a delivery: no title, the MD5 as its content."""
    kind = "application/x-7z-compressed" if ".7z" in url else "application/octet-stream"
    told = hashlib.md5(content).hexdigest() if md5 is None else md5
    return (
        f'<entry><link href="{url}" rel="{relation}" type="{kind}" gpf_dl:length="{len(content)}"/><id>{url}</id>'
        f"<content>{told}</content><gpf_dl:mime_type>application/x-shapefile</gpf_dl:mime_type></entry>"
    )


@dataclass
class Ign:
    """A download service on this machine, and a territory that asks it."""

    server: FaultyServer
    folder: Path
    cache: Path
    source: dict[str, object] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"{self.server.url}/telechargement"

    def lists(self, *entries: str, **told: int) -> None:
        """List deliveries, in one page."""
        self.server.handlers["/telechargement/resource/OCSGE"] = plain(feed(entries, **told))

    def delivers(self, content: bytes, *, name: str = NAME, file: str | None = None, md5: str | None = None) -> str:
        """List a delivery of one file, and give the file; give its address."""
        file = file or f"{name}.7z"
        path = f"/telechargement/download/OCSGE/{name}/{file}"
        url = f"{self.server.url}{path}"
        beside = url.removesuffix(".7z") + ".md5"
        entries = [file_entry(url, content, md5=md5), file_entry(beside, b"x")]
        self.server.handlers[f"/telechargement/resource/OCSGE/{name}"] = plain(feed(entries))
        self.server.handlers[path] = plain(content)
        return url

    @property
    def catalogue(self) -> Catalogue:
        told = {"product": "OCSGE", "delivery": STATE, "member": MEMBER, "vintage": "edition", "crs": "EPSG:2154"}
        return of_one(self.base, "ign_download", **{"id": "ocsge", "file": "ocsge/{zone}", **told, **self.source})[0]

    def wanted(self, *years: int, edition: str | None = None) -> Wanted:
        source = self.catalogue.source("ocsge")
        return Wanted(source=source, file="ocsge/D004", departements=("04",), years=years or (2018,), edition=edition)

    def look(self, *years: int, edition: str | None = None) -> Offer:
        with Client(self.catalogue, limits=QUICK) as client:
            return ign.look(client, self.catalogue.services[0], self.wanted(*years, edition=edition))

    def get(self, *years: int, offline: bool = False) -> Fetched:
        wanted, service = self.wanted(*years), self.catalogue.services[0]
        options = {"cache": self.cache, "folder": self.folder, "on_progress": lambda *_: None}
        if offline:
            return ign.get(None, service, wanted, **options)
        with Client(self.catalogue, limits=QUICK) as client:
            return ign.get(client, service, wanted, **options)

    def fault(self, act: Callable[[], object]) -> str:
        """The one error, which names the data set and leaves the folder empty."""
        with pytest.raises(SourceError) as caught:
            act()
        assert list(self.folder.iterdir()) == []
        assert str(caught.value).endswith(".")
        # A layer that may be absent is not missed, where IGN publishes none.
        assert isinstance(caught.value, NotOfferedError) == ("no delivery of" in str(caught.value))
        return str(caught.value)

    def asked(self, part: str) -> list[str]:
        """The addresses asked for that hold a text."""
        return [one.path for one in self.server.asked if part in one.path]


QUICK = Limits(connect_s=2, read_s=2, total_s=10, attempts=2, first_wait_s=0.01, longest_wait_s=0.1)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Ign]:
    for name in ("folder", "cache"):
        (tmp_path / name).mkdir()
    with FaultyServer() as server:
        yield Ign(server=server, folder=tmp_path / "folder", cache=tmp_path / "cache")


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    """The .7z of a state, a shapefile among documents, as IGN packs it."""
    files = shapefile(tmp_path / "shape")
    members = {f"{NAME}/1_DONNEES/OCCUPATION_SOL{suffix}": content for suffix, content in files.items()}
    return sevenzipped(tmp_path / "x.7z", members | {f"{NAME}/LISEZ-MOI.txt": b"OCS GE"}).read_bytes()


# --- what comes -------------------------------------------------------------------------------------------------


def test_a_delivery_is_found_verified_and_unpacked_into_one_geopackage(service, archive):
    service.lists(delivery(service.base, NAME))
    url = service.delivers(archive)

    result = service.get()

    assert result.path == service.folder / "ocsge.gpkg"
    assert list(service.folder.iterdir()) == [result.path]
    assert gpd.read_file(result.path)["NOM"].tolist() == ["Château-Arnoux", "Barcelonnette", "Forcalquier"]
    assert (result.url, result.downloaded) == (url, len(archive))
    assert result.sha256_downloaded == hashlib.sha256(archive).hexdigest()
    assert result.vintage == "2018-01-01"
    assert result.mark == {
        "delivery": NAME,
        "edition": "2018-01-01",
        "updated": "2025-01-01T00:00:00+01:00",
        "checksum": f"md5:{hashlib.md5(archive).hexdigest()}",
    }


def test_looking_downloads_nothing_and_tells_the_size(service, archive):
    service.lists(delivery(service.base, NAME))
    url = service.delivers(archive)

    offer = service.look()

    assert (offer.url, offer.size, offer.vintage) == (url, len(archive), "2018-01-01")
    assert offer.mark["checksum"] == f"md5:{hashlib.md5(archive).hexdigest()}"
    assert not service.asked("/download/")


def test_the_listing_is_asked_for_one_zone_the_latest_edition_first(service, archive):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive)

    service.look()

    query = parse_qs(urlsplit(service.asked("/resource/OCSGE?")[0]).query)
    assert query == {
        **{"zone": ["D004"], "page": ["1"], "limit": ["50"]},
        **{"sortEntriesBy": ["editionDate"], "sortEntriesOrder": ["desc"]},
    }


def test_a_geopackage_is_kept_byte_for_byte(service, tmp_path):
    name = NAME.replace("SHP", "GPKG")
    content = geopackage(tmp_path / "a.gpkg", "occupation_sol")
    service.lists(delivery(service.base, name))
    service.delivers(sevenzipped(tmp_path / "x.7z", {"d/OCCUPATION_SOL.gpkg": content}).read_bytes(), name=name)

    result = service.get()

    assert result.path.read_bytes() == content
    assert [str(layer) for layer, _ in pyogrio.list_layers(result.path)] == ["occupation_sol"]


def test_a_geopackage_that_is_delivered_without_an_archive_is_kept_too(service, tmp_path):
    content = geopackage(tmp_path / "a.gpkg", "occupation_sol")
    service.lists(delivery(service.base, NAME))
    service.delivers(content, file=f"{NAME}.gpkg")

    assert service.get().path.read_bytes() == content


def test_a_geopackage_that_does_not_hold_the_layer_is_one_error(service, tmp_path):
    service.lists(delivery(service.base, NAME))
    service.delivers(geopackage(tmp_path / "a.gpkg", "zone_construite"), file=f"{NAME}.gpkg")

    assert "whose layers are 'zone_construite'" in service.fault(service.get)


def test_a_delivery_of_the_same_md5_is_not_downloaded_again(service, archive):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive)
    service.get().path.unlink()

    again = service.get()

    assert len(service.asked("/download/")) == 1
    assert again.path.is_file()
    assert not [note for note in again.notes if "Modified in place" in note]


def test_a_delivery_that_was_corrected_under_the_same_name_is_told_with_both_hashes(service, archive, tmp_path):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive)
    service.get().path.unlink()
    files = shapefile(tmp_path / "other", encoding="ISO-8859-1")
    corrected = sevenzipped(
        tmp_path / "y.7z", {f"OCCUPATION_SOL{suffix}": content for suffix, content in files.items()}
    ).read_bytes()
    service.lists(delivery(service.base, NAME, updated="2026-04-17T00:00:00+01:00"))
    service.delivers(corrected)

    result = service.get()

    old, new = (hashlib.md5(content).hexdigest() for content in (archive, corrected))
    assert any(
        f"Modified in place by its producer, under the same name: md5:{old} → md5:{new}" in one for one in result.notes
    )


# --- which delivery ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "title", "years"),
    [
        (STATE, NAME, (2018,)),
        (DIFFERENCE, "OCS-GE_2-0_DIFF_SHP_LAMB93_D004_2018-2021", (2018, 2021)),
        (DIFFERENCE, "OCS-GE_2-0_DIIF_SHP_LAMB93_D004_2018-2021", (2018, 2021)),
        (DIFFERENCE, "OCS-GE_2-0_diif_SHP_LAMB93_D004_2018-2021", (2018, 2021)),
        (DIFFERENCE, "OCS-GE_2-0__SHP_LAMB93_D004_DIFF_2018-2021", (2018, 2021)),
    ],
)
def test_names_are_found_whatever_their_spelling(service, archive, pattern, title, years):
    service.source = {"delivery": pattern}
    others = ["OCS-GE_2-0__SHP_LAMB93_D004_2021-01-01", "OCS-GE_2-0_PATCH_SHP_LAMB93_D004_2018-01-01"]
    service.lists(*(delivery(service.base, one) for one in [*others, title]))
    service.delivers(archive, name=title)

    assert service.look(*years).mark["delivery"] == title


def test_a_geopackage_is_preferred_then_the_latest_edition_then_the_latest_update(service, archive):
    shape, package = NAME, NAME.replace("SHP", "GPKG")
    newest, newer = (package.replace("2-0", number) for number in ("2-1", "2-2"))
    service.lists(
        delivery(service.base, shape, edition="2030-01-01"),
        delivery(service.base, newest, edition="2018-02-01", updated="2026-02-01T00:00:00+01:00"),
        delivery(service.base, newer, edition="2018-02-01", updated="2026-01-01T00:00:00+01:00"),
        delivery(service.base, package, edition="2018-01-01", updated="2029-01-01T00:00:00+01:00"),
    )
    service.delivers(archive, name=newest)

    assert service.look().mark["delivery"] == newest


def test_an_edition_may_be_asked_for(service, archive):
    older = NAME.replace("2-0", "2-1")
    service.lists(
        delivery(service.base, NAME, edition="2026-01-01"), delivery(service.base, older, edition="2025-09-16")
    )
    service.delivers(archive, name=older)

    assert service.look(edition="2025").mark["delivery"] == older
    assert "in an edition of 2024" in service.fault(lambda: service.look(edition="2024"))


def test_another_zone_or_coordinate_system_is_not_taken_even_if_it_is_listed(service):
    service.source = {"delivery": r"OCS-GE_2-0__SHP_\w+_(D004|{zone})_{years}-01-01"}
    service.lists(
        delivery(service.base, NAME, zone="D005"),
        delivery(service.base, NAME.replace("LAMB93", "WGS84G"), crs="EPSG:4326"),
    )

    fault = service.fault(service.look)

    assert "no delivery of OCSGE in Lambert-93 is called" in fault
    assert "There are: OCS-GE_2-0__SHP_WGS84G_D004_2018-01-01." in fault


def test_what_there_is_is_listed_where_nothing_is_right(service):
    titles = [f"OCS-GE_2-0__SHP_LAMB93_D004_{year}-01-01" for year in (2018, 2021)]
    service.lists(*(delivery(service.base, title) for title in titles))

    fault = service.fault(lambda: service.get(2024))

    assert fault.startswith("ocsge D004 2024: no delivery of OCSGE in Lambert-93 is called « ")
    assert f"There are: {titles[0]}, {titles[1]}. Ask for other years" in fault


def test_a_zone_without_delivery_says_none(service):
    service.lists()

    assert "There are: none." in service.fault(service.look)


# --- listings that lie ------------------------------------------------------------------------------------------


def paged(service: Ign, *pages: bytes) -> None:
    """List in pages, by the number that is asked for."""

    def handle(asked: Asked) -> Reply:
        return plain(pages[int(asked.query["page"]) - 1])(asked)

    service.server.handlers["/telechargement/resource/OCSGE"] = handle


def test_every_page_of_a_listing_is_read(service, archive):
    others = [delivery(service.base, f"OTHER_LAMB93_{rank}") for rank in range(50)]
    paged(
        service,
        feed(others, page=1, pages=2, total=51),
        feed([delivery(service.base, NAME)], page=2, pages=2, total=51),
    )
    service.delivers(archive)

    assert service.look().mark["delivery"] == NAME


def test_a_listing_that_counts_more_than_it_lists_is_refused(service):
    service.lists(delivery(service.base, NAME), total=3)

    assert "3 entries announced at" in service.fault(service.look)


def test_a_page_that_comes_twice_is_refused(service):
    first = feed([delivery(service.base, NAME)], page=1, pages=2, total=2)
    paged(service, first, first)

    assert "page 2 of the listing expected" in service.fault(service.look)


def test_entries_that_come_twice_are_refused(service):
    entry = delivery(service.base, NAME)
    paged(service, feed([entry], page=1, pages=2, total=2), feed([entry], page=2, pages=2, total=2))

    assert "2 entries announced at" in service.fault(service.look)
    assert "1 of them distinct" in service.fault(service.look)


@pytest.mark.parametrize(
    "page",
    [
        b"<html><body>Maintenance</body></html>",
        b"Service indisponible",
        b'{"error": "busy"}',
        b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><feed xmlns="http://www.w3.org/2005/Atom">&b;</feed>',
    ],
)
def test_what_is_no_listing_is_refused(service, page):
    service.server.handlers["/telechargement/resource/OCSGE"] = plain(page)

    assert service.fault(service.look)


def test_an_html_page_with_status_200_is_refused(service):
    service.server.handlers["/telechargement/resource/OCSGE"] = html_page()

    assert service.fault(service.get)


def test_a_listing_of_endless_pages_is_refused(service):
    service.lists(delivery(service.base, NAME), pages=1_000_000)

    assert "100 pages at most expected" in service.fault(service.look)


# --- files that are not what they should be ---------------------------------------------------------------------


def test_a_wrong_md5_is_refused_with_both_sums(service, archive):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive, md5="0" * 32)

    fault = service.fault(service.get)

    assert "0" * 32 in fault
    assert hashlib.md5(archive).hexdigest() in fault
    assert "no whole copy" in service.fault(lambda: service.get(offline=True))


@pytest.mark.parametrize("line", ["{md5}  {name}.7z\n", "{md5} *{name}.7z\r\n", "{md5}\n", "{MD5}  d/{name}.7z"])
def test_the_md5_beside_is_used_where_the_listing_gives_none(service, archive, line):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive, md5="")
    md5 = hashlib.md5(archive).hexdigest()
    text = line.format(md5=md5, MD5=md5.upper(), name=NAME)
    service.server.handlers[f"/telechargement/download/OCSGE/{NAME}/{NAME}.md5"] = plain(text.encode())

    assert service.look().mark["checksum"] == f"md5:{md5}"


@pytest.mark.parametrize(
    "text", [b"<html>Maintenance</html>", b"", b"0" * 32 + b"  other.7z", b"0" * 32 + b"\n" + b"1" * 32]
)
def test_an_md5_beside_that_is_none_is_refused(service, archive, text):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive, md5="")
    service.server.handlers[f"/telechargement/download/OCSGE/{NAME}/{NAME}.md5"] = plain(text)

    assert f"expected the MD5 of {NAME}.7z" in service.fault(service.look)


def test_a_delivery_without_md5_says_so(service, archive):
    service.lists(delivery(service.base, NAME))
    url = service.delivers(archive)
    service.server.handlers[f"/telechargement/resource/OCSGE/{NAME}"] = plain(feed([file_entry(url, archive, md5="")]))

    result = service.get()

    assert "checksum" not in result.mark
    assert any("IGN gives no MD5" in note for note in result.notes)


def test_a_delivery_in_volumes_is_refused_with_what_to_do(service, archive):
    service.lists(delivery(service.base, NAME))
    entries = [
        file_entry(f"{service.base}/download/OCSGE/{NAME}/{NAME}.7z.00{rank}", archive, relation="section")
        for rank in (1, 2)
    ]
    service.server.handlers[f"/telechargement/resource/OCSGE/{NAME}"] = plain(feed(entries))

    fault = service.fault(service.get)

    assert "is delivered in 2 volumes" in fault
    assert f"'{NAME}.7z.001', '{NAME}.7z.002'" in fault


@pytest.mark.parametrize("files", [(), ("a.7z", "b.7z"), ("a.pdf",)])
def test_a_delivery_of_none_or_several_files_is_refused(service, files):
    service.lists(delivery(service.base, NAME))
    entries = [file_entry(f"{service.base}/download/{file}", b"x") for file in files]
    service.server.handlers[f"/telechargement/resource/OCSGE/{NAME}"] = plain(feed(entries))

    assert f"one file (.7z, .zip, .gpkg) expected in {NAME}" in service.fault(service.look)


@pytest.mark.parametrize("level", ["delivery", "file"])
def test_a_link_to_another_host_is_not_followed(service, archive, level):
    other = "https://example.org/telechargement"
    service.lists(delivery(other if level == "delivery" else service.base, NAME))
    service.delivers(archive)
    if level == "file":
        entry = file_entry(f"{other}/download/x.7z", archive)
        service.server.handlers[f"/telechargement/resource/OCSGE/{NAME}"] = plain(feed([entry]))

    assert "example.org" in service.fault(service.get)


def test_a_truncated_archive_whose_md5_is_right_is_one_error(service, archive):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive[: len(archive) // 2])

    assert "cannot be extracted (" in service.fault(service.get)


@pytest.mark.parametrize("url", ["http://[::1", "", "x" * 5000])
def test_a_link_that_is_no_address_is_one_error(service, archive, url):
    service.lists(delivery(service.base, NAME))
    service.server.handlers[f"/telechargement/resource/OCSGE/{NAME}"] = plain(feed([file_entry(url, archive)]))

    assert "one file (.7z, .zip, .gpkg) expected" in service.fault(service.look)


@pytest.mark.parametrize("length", ["²", "9" * 5000, "٣"])
def test_a_length_that_is_no_number_is_not_told(service, archive, length):
    service.lists(delivery(service.base, NAME))
    url = service.delivers(archive)
    entry = file_entry(url, archive).replace(f'length="{len(archive)}"', f'length="{length}"')
    service.server.handlers[f"/telechargement/resource/OCSGE/{NAME}"] = plain(feed([entry]))

    assert service.look().size is None


@pytest.mark.parametrize("count", ["²", "9" * 5000])
def test_a_number_of_pages_that_is_none_is_refused(service, count):
    page = feed([delivery(service.base, NAME)]).replace(b'pagecount="1"', f'pagecount="{count}"'.encode())
    service.server.handlers["/telechargement/resource/OCSGE"] = plain(page)

    fault = service.fault(service.look)
    assert "tells no « pagecount »" in fault
    assert len(fault) < 600


@pytest.mark.parametrize("told", ["&lt;b&gt;&#10;", "2018-13-01", "20&#1632;8-01-01"])
def test_an_edition_that_is_no_date_is_no_vintage(service, archive, told):
    service.lists(delivery(service.base, NAME, edition=told, updated=told))
    service.delivers(archive)

    offer = service.look()

    assert offer.vintage == dt.datetime.now(tz=dt.UTC).astimezone().date().isoformat()
    assert (offer.mark["edition"], offer.mark["updated"]) == ("", "")


def test_titles_change_no_terminal_and_no_log(service):
    service.lists(delivery(service.base, "OTHER_LAMB93&#10;ERROR forged\u202e" + "x" * 100_000))

    fault = service.fault(service.look)

    assert fault.isprintable()
    assert len(fault) < 1000


@pytest.mark.parametrize("file", ["NUL.gpkg", "con.gpkg", "x" * 150 + ".gpkg"])
def test_nothing_is_written_under_a_name_that_a_server_gives(service, tmp_path, file):
    service.lists(delivery(service.base, NAME))
    url = service.delivers(geopackage(tmp_path / "a.gpkg", "occupation_sol"), file=file)

    result = service.get()

    assert (result.path, result.url) == (service.folder / "ocsge.gpkg", url)
    assert sorted(one.name for one in service.cache.iterdir()) == ["ocsge", "ocsge.json", "ocsge.offer.json"]


@pytest.mark.parametrize("name", ["NUL.gpkg", "con.gpkg", "Com1 .gpkg", "LPT².gpkg", "x" * 150 + ".gpkg"])
def test_a_member_whose_name_no_system_can_write_is_none(service, tmp_path, name):
    content = geopackage(tmp_path / "a.gpkg", "occupation_sol")
    service.lists(delivery(service.base, NAME))
    service.delivers(sevenzipped(tmp_path / "x.7z", {f"d/{name}": content}).read_bytes())

    assert "was expected to hold one member" in service.fault(service.get)


def test_an_archive_without_the_member_is_one_error(service, tmp_path):
    service.lists(delivery(service.base, NAME))
    service.delivers(sevenzipped(tmp_path / "x.7z", {"zone_construite.shp": b"z"}).read_bytes())

    assert "was expected to hold one member" in service.fault(service.get)


def test_a_bomb_is_one_error(service, tmp_path):
    service.lists(delivery(service.base, NAME))
    service.delivers(sevenzipped(tmp_path / "x.7z", {"occupation_sol.gpkg": bytes(20_000_000)}).read_bytes())

    assert "It was not extracted." in service.fault(service.get)


# --- without network --------------------------------------------------------------------------------------------


def test_without_network_the_last_download_gives_the_same_file(service, archive):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive)
    online = service.get()
    online.path.unlink()
    asked = len(service.server.asked)

    offline = service.get(offline=True)

    assert len(service.server.asked) == asked
    assert (offline.mark, offline.vintage, offline.url) == (online.mark, online.vintage, online.url)
    assert len(gpd.read_file(offline.path)) == 3


def test_without_network_nor_download_it_says_so(service):
    assert service.fault(lambda: service.get(offline=True)).endswith(
        "there is no whole copy of it in the cache. Fetch it once with the network."
    )


def test_without_network_a_damaged_copy_is_not_used(service, archive):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive)
    service.get().path.unlink()
    (copy,) = [file for file in service.cache.iterdir() if file.read_bytes() == archive]
    copy.write_bytes(archive[:-1] + b"x")

    assert "no whole copy" in service.fault(lambda: service.get(offline=True))


def test_without_network_the_copy_of_other_years_is_not_used(service, archive):
    service.lists(delivery(service.base, NAME))
    service.delivers(archive)
    service.get().path.unlink()

    assert "no whole copy" in service.fault(lambda: service.get(2021, offline=True))
