"""From a real WFS that serves real layers to the results: the package's own catalogue, with addresses on loopback."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from mapserver import MapServer, Served, mapserver

from hp_sig import FetchOptions, fetch, load_catalogue, load_territory, read_communes, refresh
from hp_sig.reference.catalogue import Catalogue
from hp_sig.reference.fields import default_territory_file
from hp_sig.sources.client import Limits
from hp_sig.sources.provenance import read_record

COMMUNES = "communes/admin_express_cog_carto_2020_paca.gpkg"
PARKS = "pnr/pnr_inpn_2021_generalised.geojson"
ZONES = "urban_planning/30014_PLU_20171013/30014_ZONE_URBA_20171013.shp"
#: Names of the fields of ADMIN EXPRESS since 2025 (v4), by those of the file, of an earlier edition (v3).
V4 = {
    "ID": "cleabs",
    "NOM_COM": "nom_officiel",
    "INSEE_COM": "code_insee",
    "INSEE_DEP": "code_insee_du_departement",
    "CODE_EPCI": "codes_siren_des_epci",
}
#: Known answers on these files (computed in QGIS from the boundary file, as the README of the data says).
COMMUNE_COUNT, AREA_HA = 51, 150_134
LUBERON, VERDON = "FR8000003", "FR8000033"


@pytest.fixture(scope="module")
def server(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MapServer]:
    folder = tmp_path_factory.mktemp("served")
    communes = gpd.read_file(real_data / COMMUNES)
    communes.rename(columns=V4).to_file(folder / "v4.gpkg", layer="commune_v4")
    parks = gpd.read_file(real_data / PARKS).rename(columns={"DRGP_C_COD": "id_mnhn", "DRGP_L_LIB": "nom_site"})
    parks.to_file(folder / "pnr.gpkg", layer="pnr")
    zones = gpd.read_file(real_data / ZONES).rename(columns=str.lower)
    zones["gid"], zones["partition"] = np.arange(1, len(zones) + 1), "DU_30014"
    zones.to_file(folder / "zones.gpkg", layer="zone_urba")
    served = [
        Served(name="commune", file=real_data / COMMUNES, table="commune", key="ID", crs="epsg:4326"),
        Served(name="commune_v4", file=folder / "v4.gpkg", table="commune_v4", key="cleabs", crs="epsg:4326"),
        Served(name="pnr", file=folder / "pnr.gpkg", table="pnr", key="id_mnhn", crs="epsg:4326"),
        Served(name="zone_urba", file=folder / "zones.gpkg", table="zone_urba", key="gid"),
    ]
    with mapserver(folder, served) as running:
        yield running


def on_loopback(server: MapServer, **layers: str) -> Catalogue:
    """Give the package's catalogue with the WFS of the Géoplateforme on loopback, and the layers called otherwise."""
    known = load_catalogue()
    here = {"url": server.url, "filter": "fes", "requests_per_second": 1000.0, "page_size": 20}
    services = [service.model_copy(update=here) if service.id == "geopf_wfs" else service for service in known.services]
    sources = [
        source.model_copy(update={"layer": layers[source.id], "vintage": "retrieved", "edition": None})
        if source.id in layers
        else source
        for source in known.sources
    ]
    return known.model_copy(update={"services": tuple(services), "sources": tuple(sources)})


OPTIONS = FetchOptions(limits=Limits(first_wait_s=0.01))


@pytest.mark.parametrize("layer", ["commune", "commune_v4"])
def test_the_communes_of_both_schemas_equal_the_served_file(server, real_data, tmp_path, layer):
    server.asked.clear()

    done = fetch(["communes"], raw=tmp_path, catalogue=on_loopback(server, communes=layer), how=OPTIONS)

    assert [one.status for one in done.outcomes] == ["fetched"], done.outcomes[0].message
    # 51 communes, 20 a page.
    assert server.starts == [0, 20, 40]
    fetched = read_communes(tmp_path / "communes" / "communes.gpkg", vintage="2020")
    served = read_communes(real_data / COMMUNES, vintage="2020").loc[fetched.index]
    assert len(fetched) == COMMUNE_COUNT
    assert fetched["name"].tolist() == served["name"].tolist()
    np.testing.assert_allclose(fetched.area, served.area, rtol=1e-6)


def test_from_the_services_to_the_results(server, tmp_path):
    raw, out = tmp_path / "raw", tmp_path / "out"
    known = on_loopback(server, communes="commune", pnr="pnr", zone_urba="zone_urba")

    done = fetch(["communes", "pnr"], raw=raw, catalogue=known, how=OPTIONS)
    made = refresh(default_territory_file(), raw=raw, out=out)

    assert [one.status for one in done.outcomes] == ["fetched", "fetched"]
    assert made.results is not None
    communes = made.results.communes
    assert (len(communes), round(communes["area_ha"].sum())) == (COMMUNE_COUNT, AREA_HA)
    overlaps = made.results.overlaps.reset_index()
    inside = overlaps[(overlaps["zone_layer"] == "communes") & (overlaps["relation"] != "sliver")]
    counts = inside.groupby("other_code")["zone_code"].nunique()
    assert (counts[LUBERON], counts[VERDON]) == (18, 12)
    entries = {entry["name"]: entry for entry in made.manifest["inputs"]}
    for name, file in (("communes", "communes/communes.gpkg"), ("pnr", "pnr/pnr.gpkg")):
        record = read_record(raw / file)
        assert record is not None
        assert (entries[name]["sha256"], entries[name]["retrieved"]) == (record.sha256, record.day.isoformat())


def test_what_lies_elsewhere_is_not_taken_for_the_zones_of_the_territory(server, tmp_path):
    known = on_loopback(server, communes="commune", zone_urba="zone_urba")

    done = fetch(["communes", "zone_urba"], raw=tmp_path, catalogue=known, how=OPTIONS)

    # The PLU that is served is that of a commune of the Gard, 90 km from the Pays.
    communes, zones = done.outcomes
    assert (communes.status, zones.record) == ("fetched", None)
    assert not (tmp_path / "zoning").exists()


def test_every_layer_of_the_territory_has_a_data_set_of_the_catalogue():
    territory = load_territory(default_territory_file())
    known = {source.id for source in load_catalogue().sources}

    named = {source.fetch for source in territory.sources().values() if not source.in_package}

    assert named <= known
    assert None not in named
