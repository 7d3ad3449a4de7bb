import geopandas as gpd
import numpy as np
import pytest
import shapely
from mapserver import Served, mapserver
from wfs_world import Asking, source

COMMUNES = "communes/admin_express_cog_carto_2020_paca.gpkg"
PARKS = "pnr/pnr_inpn_2021_generalised.geojson"
ZONES = "urban_planning/30014_PLU_20171013/30014_ZONE_URBA_20171013.shp"
#: Box of the Pays de Haute-Provence, in Lambert-93 metres.
BOUNDS = (903_000.0, 6_290_000.0, 965_000.0, 6_345_000.0)

BOUNDARY = source(
    key=("cleabs", "id"),
    fields={"commune_code": ("code_insee", "insee_com"), "name": ("nom_officiel", "nom_com")},
    scope_field=("code_insee", "insee_com"),
    layer="commune",
)
PARK = source(
    id="pnr",
    key=("id_mnhn", "drgp_c_cod"),
    fields={"pnr_code": ("id_mnhn", "DRGP_C_COD"), "name": ("nom_site", "DRGP_L_LIB")},
    scope="bounds",
    layer="pnr",
    file="pnr/pnr.gpkg",
)
ZONING = source(
    id="plu",
    key=("gid",),
    fields={"zone_type": ("typezone",), "zone_code": ("libelle",)},
    layer="zone_urba",
    file="plu/zone_urba.gpkg",
)


@pytest.fixture(scope="module")
def server(real_data, tmp_path_factory):
    """The real layers on a real MapServer, which gives in Lambert-93 what it holds in degrees."""
    folder = tmp_path_factory.mktemp("mapserver")
    zones = gpd.read_file(real_data / ZONES)
    zones.insert(0, "gid", range(1, len(zones) + 1))
    # The shapefile has no key of its own, as its rows have in the GPU.
    zones.to_file(folder / "zones.gpkg", layer="zone_urba", driver="GPKG")
    served = [
        Served(name="commune", file=real_data / COMMUNES, table="commune", key="ID", crs="epsg:4326"),
        Served(name="pnr", file=real_data / PARKS, table="PNR", key="DRGP_C_COD", crs="epsg:4326"),
        Served(name="zone_urba", file=folder / "zones.gpkg", table="zone_urba", key="gid"),
    ]
    with mapserver(folder, served) as running:
        yield running


def fetched(server, folder, asked, page_size=100, **part):
    server.asked.clear()
    asking = Asking(url=server.url, folder=folder, source=asked, filter="fes", page_size=page_size)
    came = asking.get(**part)
    layer = gpd.read_file(came.path)
    assert layer.crs.to_epsg() == 2154
    assert len(layer) == came.rows == asking.look(**part).features
    return layer


def assert_same_areas(layer, original, key):
    """Compare areas with those of the file itself, reprojected by geopandas."""
    ours = layer.set_index(key).area
    theirs = original.to_crs(2154).set_index(key).area
    np.testing.assert_allclose(ours, theirs.loc[ours.index], rtol=1e-6, atol=0)


def test_the_946_communes_come_in_ten_pages(server, real_data, tmp_path):
    layer = fetched(server, tmp_path, BOUNDARY)

    original = gpd.read_file(real_data / COMMUNES)
    assert server.starts == list(range(0, 1000, 100))
    assert layer["INSEE_COM"].is_unique
    assert set(layer["INSEE_COM"]) == set(original["INSEE_COM"])
    columns = [name for name in original.columns if name != "geometry"]
    ours, theirs = (one.set_index("ID")[columns[1:]].sort_index() for one in (layer, original))
    assert ours.equals(theirs)
    assert_same_areas(layer, original, "INSEE_COM")


def test_the_communes_of_a_departement_come_by_their_codes(server, real_data, tmp_path):
    original = gpd.read_file(real_data / COMMUNES)
    codes = sorted(original.loc[original["INSEE_DEP"] == "04", "INSEE_COM"])
    asked = BOUNDARY.model_copy(update={"scope": "communes"})
    layer = fetched(server, tmp_path, asked, communes=tuple(codes))

    assert len(codes) == 198
    assert sorted(layer["INSEE_COM"]) == codes
    assert_same_areas(layer, original, "INSEE_COM")


def test_the_parks_that_meet_the_territory_come_whole(server, real_data, tmp_path):
    layer = fetched(server, tmp_path, PARK, page_size=1, bounds=BOUNDS)

    original = gpd.read_file(real_data / PARKS)
    meeting = original[original.to_crs(2154).intersects(shapely.box(*BOUNDS))]
    assert sorted(layer["DRGP_C_COD"]) == sorted(meeting["DRGP_C_COD"])
    assert {"Luberon", "Verdon"} <= {name.split()[-1] for name in layer["DRGP_L_LIB"]}
    assert_same_areas(layer, original, "DRGP_C_COD")


def test_the_zones_of_a_plu_come_whole(server, real_data, tmp_path):
    layer = fetched(server, tmp_path, ZONING, page_size=30)

    original = gpd.read_file(real_data / ZONES)
    original["gid"] = range(1, len(original) + 1)
    assert layer["gid"].tolist() == list(range(1, 91))
    assert layer["LIBELLE"].tolist() == original["LIBELLE"].tolist()
    assert_same_areas(layer, original, "gid")
