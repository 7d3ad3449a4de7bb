"""From every kind of service to the results: the catalogue and territory of the package, addresses on loopback."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import shapely.affinity
from faults import FaultyServer, html_page, plain
from geoserver import GeoServer, geoserver
from test_data_gouv import DataGouv
from test_ign import Ign, delivery
from test_unpacking import sevenzipped, zipped

from hp_sig import FetchOptions, check, compute, fetch, load_catalogue, plan, prospects
from hp_sig.fetching import ask_producers
from hp_sig.reference.catalogue import Catalogue
from hp_sig.reference.fields import default_territory_file, sample_territory_file
from hp_sig.sources.client import Limits
from hp_sig.sources.provenance import read_record, record_path, write_record

SAMPLE = sample_territory_file().parent
OPTIONS = FetchOptions(limits=Limits(first_wait_s=0.01, attempts=2))
OCSGE = "OCS-GE_2-0__GPKG_LAMB93_D004_2018-01-01"
QUICK = {"requests_per_second": 1000.0, "page_size": 20}
LAYERS = ["communes", "land_cover_04_2018", "enaf", "census"]
LATEST, YEARLY = "ADMINEXPRESS-COG.LATEST:commune", "ADMINEXPRESS-COG.2026:commune"
ENAF_TITLE = "Consommation d'espaces naturels, agricoles et forestiers du 1er janvier 2009 au 1er janvier 2024"


@dataclass
class World:
    """The services of the State, on this machine, which publish the sample as if it were theirs."""

    catalogue: Catalogue
    boundaries: GeoServer
    ign: Ign
    raw: Path

    def fetch(self, *names: str, **options: bool) -> dict[str, str]:
        done = fetch(
            names or LAYERS,
            territory=default_territory_file(),
            raw=self.raw,
            catalogue=self.catalogue,
            how=FetchOptions(limits=OPTIONS.limits, **options),
        )
        assert all(one.message for one in done.failed)
        return {one.wanted.name: one.status for one in done.outcomes}


def boundaries() -> GeoServer:
    """Publish the communes of the sample in the schema of ADMIN EXPRESS since 2025."""
    communes = gpd.read_file(SAMPLE / "communes.gpkg").to_crs(2154)
    names = ("code_insee", "nom_officiel", "code_insee_du_departement")
    rows = [dict(zip(names, row, strict=True)) for row in communes[list(names)].itertuples(index=False)]
    rows = [row | {"cleabs": f"COMMUNE_{row['code_insee']}", "codes_siren_des_epci": "200034700"} for row in rows]
    fields = dict.fromkeys(rows[0], "xsd:string") | {"geometrie": "gml:MultiSurfacePropertyType"}
    return GeoServer(types=(LATEST, YEARLY), fields=fields, rows=rows, shapes=list(communes.geometry))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with FaultyServer() as server, geoserver(boundaries()) as running:
        ign = Ign(server=server, folder=tmp_path, cache=tmp_path)
        archive = sevenzipped(
            tmp_path / "ocsge.7z",
            {f"{OCSGE}/1_DONNEES/OCCUPATION_SOL.gpkg": (SAMPLE / "ocsge_04_2018.gpkg").read_bytes()},
        )
        ign.lists(delivery(ign.base, OCSGE))
        ign.delivers(archive.read_bytes(), name=OCSGE)
        gouv = DataGouv(server=server, folder=tmp_path, cache=tmp_path)
        gouv.publish(gouv.resource((SAMPLE / "enaf_2009_2024.csv").read_bytes()), title=ENAF_TITLE)
        table = "CODGEO;P22_MEN;P22_LOG;P22_EMPLT\n04112;10000.5;12000;11000\n"
        census = zipped(tmp_path / "census.zip", {"base_cc_comparateur.csv": table.encode(), "meta_base_cc.csv": b"x"})
        path = "/fr/statistiques/fichier/2521169/base_cc_comparateur_csv.zip"
        server.handlers[path] = plain(census.read_bytes(), last_modified="Wed, 04 Nov 2026 10:00:00 GMT")
        known = load_catalogue()
        urls = {"geopf_wfs": running.url, "geopf_download": ign.base, "data_gouv": gouv.api, "insee": server.url}
        services = tuple(
            one.model_copy(update={"url": urls.get(one.id, "http://127.0.0.1:9")} | QUICK) for one in known.services
        )
        raw = tmp_path / "raw"
        (raw / "pnr").mkdir(parents=True)
        shutil.copy(SAMPLE / "pnr.gpkg", raw / "pnr" / "parcs.gpkg")
        yield World(known.model_copy(update={"services": services}), running, ign, raw)


def test_each_kind_of_service_gives_its_layer_and_the_refresh_knows_where_from(world, tmp_path):
    assert world.fetch() == {
        "communes": "fetched",
        "ocsge D004 2018": "fetched",
        "enaf": "fetched",
        "census": "fetched",
    }

    told = {item.name: item for item in plan(default_territory_file(), raw=world.raw, out=tmp_path / "out").inputs}

    vintages = {name: told[name].source.vintage for name in LAYERS}
    assert vintages == {"communes": "2026", "land_cover_04_2018": "2018", "enaf": "2024", "census": "2022"}
    for name in LAYERS:
        record = read_record(told[name].path)
        assert record is not None
        assert told[name].sha256 == record.sha256
        assert told[name].source.retrieved == record.day
    layers = check(default_territory_file(), raw=world.raw)
    assert len(layers.communes) == 51
    assert layers.land.enaf is not None
    assert layers.mobility.census is not None


def test_fetched_land_is_that_which_was_published(world):
    world.fetch("communes", "land_cover_04_2018")
    fetched = artificialised(default_territory_file(), world.raw)
    published = artificialised(sample_territory_file(), SAMPLE)

    assert len(fetched) == 50
    assert (fetched - published.loc[fetched.index]).abs().max() < 1e-6


def artificialised(territory: Path, raw: Path) -> pd.Series:
    """Give the hectares that were artificialised in 2018, by commune."""
    stock = compute(check(territory, raw=raw), families={"land_stock"}).tables()["land_stock"]
    return stock.query("zone_layer == 'communes' and year == '2018'").set_index("zone_code")["artificialised_ha"]


def test_nothing_is_downloaded_again_while_nothing_changes(world):
    world.fetch()
    asked = len(world.ign.asked("/download/"))

    # The WFS cannot tell: its features come again, and are the same.
    assert set(world.fetch().values()) == {"unchanged"}
    assert len(world.ign.asked("/download/")) == asked


def test_the_same_features_leave_the_file_as_it_was(world):
    world.fetch("communes")
    place = world.raw / "communes" / "communes.gpkg"
    before = place.read_bytes()

    assert world.fetch("communes") == {"communes": "unchanged"}
    assert place.read_bytes() == before
    record = read_record(place)
    assert record is not None
    assert record.describes(place)


def test_a_continuous_base_that_says_the_same_is_known_to_be_of_today(world):
    sources = tuple(
        one.model_copy(update={"vintage": "retrieved"}) if one.id == "communes" else one
        for one in world.catalogue.sources
    )
    world.catalogue = world.catalogue.model_copy(update={"sources": sources})
    world.fetch("communes")
    place = world.raw / "communes" / "communes.gpkg"
    before, record = place.read_bytes(), read_record(place)
    assert record is not None
    write_record(record.model_copy(update={"vintage": "2026-01-05"}), record_path(place))

    assert world.fetch("communes") == {"communes": "unchanged"}
    assert place.read_bytes() == before
    again = read_record(place)
    assert again is not None
    assert again.vintage == record.vintage


def test_features_that_shrank_wait_for_consent_and_every_run_says_so(world):
    world.fetch("communes")
    world.boundaries.shapes[:] = [shapely.affinity.scale(shape, 0.9, 0.9) for shape in world.boundaries.shapes]

    assert world.fetch("communes") == {"communes": "held"}
    # As many as before: only what waits tells that they changed.
    done = fetch(territory=default_territory_file(), raw=world.raw, catalogue=world.catalogue, how=OPTIONS)
    assert done.outcomes[0].status == "held"
    assert "area_ha" in done.outcomes[0].message


def test_a_layer_without_any_feature_in_the_territory_is_told(world):
    world.boundaries.rows.clear()
    world.boundaries.shapes.clear()

    done = fetch(["communes"], raw=world.raw, catalogue=world.catalogue, how=OPTIONS)

    assert done.outcomes[0].status == "failed"
    assert "has none within the territory" in done.outcomes[0].message


def test_one_moved_corner_is_a_new_edition(world):
    world.fetch("communes")
    before = (world.raw / "communes" / "communes.gpkg").read_bytes()
    shape = world.boundaries.shapes[0]
    world.boundaries.shapes[0] = shape.buffer(1.0)

    assert world.fetch("communes") == {"communes": "fetched"}
    assert (world.raw / "communes" / "communes.gpkg").read_bytes() != before


def test_a_commune_that_is_gone_is_told_with_the_edition_to_ask_for(world):
    del world.boundaries.rows[0], world.boundaries.shapes[0]

    done = fetch(["communes"], raw=world.raw, catalogue=world.catalogue, how=OPTIONS)

    assert done.outcomes[0].status == "failed"
    assert "1 communes of the territory are not in it" in done.outcomes[0].message
    assert "communes@2024" in done.outcomes[0].message


def test_years_that_ign_does_not_publish_are_absent_and_no_failure(world):
    # The listing has 2018 only; the layer is optional.
    assert world.fetch("land_cover_04_2021") == {"ocsge D004 2021": "absent"}


def test_a_first_dry_run_tells_what_depends_on_communes_that_are_not_there_yet(world):
    found = prospects(
        ["communes", "zone_urba"],
        territory=default_territory_file(),
        raw=world.raw,
        catalogue=world.catalogue,
        how=OPTIONS,
    )

    assert [(one.is_needed, one.is_unknown) for one in found] == [(True, False), (True, False)]
    assert found[0].offer is not None
    assert found[0].offer.features == 51
    assert "once the communes" in found[1].reason


def test_asking_producers_does_not_fail_for_what_may_be_absent(world):
    faults = ask_producers(territory=default_territory_file(), raw=world.raw, catalogue=world.catalogue, how=OPTIONS)

    assert "ocsge D004 2021" not in faults
    assert "communes" not in faults
    # Services that are not served here.
    assert "roads" in faults


def test_years_that_were_there_and_are_published_no_more_are_told(world):
    world.fetch("land_cover_04_2018")
    world.ign.lists()

    assert world.fetch("land_cover_04_2018") == {"ocsge D004 2018": "failed"}
    assert (world.raw / "ocsge" / "occupation" / "OCS-GE_D004_2018.gpkg").is_file()


def test_offline_everything_comes_back_from_what_was_downloaded(world):
    world.fetch()
    for folder in ("communes", "ocsge", "enaf", "census"):
        shutil.rmtree(world.raw / folder)
    asked = len(world.boundaries.asked), len(world.ign.server.asked)

    assert set(world.fetch(is_offline=True).values()) == {"fetched"}
    assert (len(world.boundaries.asked), len(world.ign.server.asked)) == asked


def test_the_record_says_what_was_asked_of_whom(world):
    world.fetch("communes", "land_cover_04_2018")

    communes = json.loads((world.raw / "communes" / "communes.gpkg.provenance.json").read_text(encoding="utf-8"))
    cover = json.loads(
        (world.raw / "ocsge" / "occupation" / "OCS-GE_D004_2018.gpkg.provenance.json").read_text(encoding="utf-8")
    )
    assert (communes["producer"], communes["scope"], communes["counts"]["rows"]) == ("IGN", "51 communes", 51)
    assert communes["counts"]["rows_served"] == 51
    assert communes["mark"]["features"] == "51"
    assert (cover["counts"]["rows"], cover["mark"]["delivery"]) == (1502, OCSGE)
    assert cover["url"].endswith(f"{OCSGE}.7z")
    assert cover["downloaded_size"] < cover["size"]


# --- what goes wrong, through the whole of it ---------------------------------------------------------------------


def in_place(raw: Path) -> dict[str, bytes]:
    return {
        path.relative_to(raw).as_posix(): path.read_bytes()
        for path in sorted(raw.rglob("*"))
        if path.is_file() and path.relative_to(raw).parts[0] != ".hp_sig"
    }


def lists(world: World, archive: bytes, md5: str | None = None) -> None:
    world.ign.lists(delivery(world.ign.base, OCSGE, updated="2026-11-05T10:00:00+01:00"))
    world.ign.delivers(archive, name=OCSGE, md5=md5)


def an_archive(world: World, members: dict[str, bytes]) -> bytes:
    return sevenzipped(world.ign.folder / "other.7z", members).read_bytes()


def wrong_md5(world: World) -> None:
    lists(world, an_archive(world, {"OCCUPATION_SOL.gpkg": b"x" * 5000}), md5="0" * 32)


def truncated(world: World) -> None:
    lists(world, an_archive(world, {"OCCUPATION_SOL.gpkg": (SAMPLE / "ocsge_04_2021.gpkg").read_bytes()})[:-5000])


def bomb(world: World) -> None:
    lists(world, an_archive(world, {"OCCUPATION_SOL.gpkg": b"\x00" * 50_000_000}))


def html(world: World) -> None:
    world.ign.server.handlers["/telechargement/resource/OCSGE"] = html_page()


def no_layer(world: World) -> None:
    lists(world, an_archive(world, {"OCCUPATION_SOL.gpkg": (SAMPLE / "communes.gpkg").read_bytes()}))


def repeated_page(world: World) -> None:
    world.boundaries.repeated[20] = 0


def lying_count(world: World) -> None:
    world.boundaries.lie = 3


def swapped(world: World) -> None:
    world.boundaries.drawn = lambda shape: shapely.transform(shape, lambda points: points[:, ::-1])


def fewer(world: World) -> None:
    world.boundaries.shortened[20] = 3


def exception(world: World) -> None:
    world.boundaries.types = ()


WRONG = {
    "land_cover_04_2018": (wrong_md5, truncated, bomb, html, no_layer),
    "communes": (repeated_page, lying_count, swapped, fewer, exception),
}


@pytest.mark.parametrize(
    ("name", "spoil"),
    [(name, spoil) for name, spoils in WRONG.items() for spoil in spoils],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_what_goes_wrong_at_the_other_end_leaves_every_file_as_it_was(world, name, spoil):
    world.fetch(name)
    before = in_place(world.raw)
    spoil(world)

    done = fetch([name], raw=world.raw, catalogue=world.catalogue, how=OPTIONS)

    assert [one.status for one in done.outcomes] == ["failed"]
    assert done.outcomes[0].message.endswith(".")
    assert in_place(world.raw) == before
    assert list((world.raw / ".hp_sig" / "work").rglob("*")) == []
