import shutil
import sqlite3
import warnings
import zipfile
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from squares import CODES, square

from hp_sig import LayerError, read_communes, read_pnr
from hp_sig.layers.vector import read_vector

SHAPES = [square(rank % 3, rank // 3) for rank in range(6)]


@pytest.fixture
def drawn() -> gpd.GeoDataFrame:
    columns = {"INSEE_COM": list(CODES.values()), "NOM_COM": list(CODES)}
    return gpd.GeoDataFrame(columns, geometry=SHAPES, crs=2154)


@pytest.fixture
def geopackage(tmp_path: Path, drawn: gpd.GeoDataFrame) -> Path:
    path = tmp_path / "communes.gpkg"
    drawn.to_file(path, layer="commune")
    return path


@pytest.fixture
def shapefile(tmp_path: Path, drawn: gpd.GeoDataFrame) -> Path:
    path = tmp_path / "communes.shp"
    drawn.to_file(path)
    return path


@pytest.fixture
def geojson(tmp_path: Path, drawn: gpd.GeoDataFrame) -> Path:
    path = tmp_path / "communes.geojson"
    drawn.to_crs(4326).to_file(path)
    return path


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def exchanged(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda points: points[:, ::-1])
    return frame.set_geometry(list(shapes), crs=frame.crs)


def without_system(frame: gpd.GeoDataFrame, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        frame.set_crs(None, allow_override=True).to_file(path)
    return path


def fault_of(path: Path | str, **options: str) -> str:
    """The one fault of a file, whose error must begin with the file's name."""
    with pytest.raises(LayerError) as caught:
        read_communes(path, vintage="2020", **options)
    (fault,) = caught.value.faults
    assert str(caught.value) == f"{Path(path)}: 1 fault.\n  - {fault}"
    assert fault.endswith(".")
    return fault


def test_the_files_of_this_module_are_sound_before_they_are_spoilt(geopackage, shapefile, geojson):
    for path in (geopackage, shapefile, geojson):
        assert len(read_communes(path, vintage="2020")) == 6


# Cut short


@pytest.mark.parametrize("left", [0.01, 0.25, 0.5, 0.9])
def test_a_geopackage_cut_short_is_told_with_both_sizes(geopackage, left):
    whole = geopackage.stat().st_size
    cut(geopackage, int(whole * left))

    fault = fault_of(geopackage)

    assert f"is cut short: {whole} bytes announced, {int(whole * left)} found. Download or copy it again." in fault


def test_a_geopackage_that_lacks_one_byte_is_told(geopackage):
    cut(geopackage, geopackage.stat().st_size - 1)

    assert "is cut short" in fault_of(geopackage)


@pytest.mark.parametrize(
    "size",
    [
        1,
        10,
        20,
        60,
        80,
        99,
    ],
)
def test_a_geopackage_cut_within_its_header_says_to_download_it_again(geopackage, size):
    cut(geopackage, size)

    assert "ownload" in fault_of(geopackage)


def test_a_geojson_cut_anywhere_is_a_fault(geojson):
    text = geojson.read_text(encoding="utf-8").rstrip()
    # After each closing brace, where the end looks right, and at each tenth.
    ends = [rank for rank, letter in enumerate(text[:-1], start=1) if letter == "}"]
    ends += [len(text) * tenth // 10 for tenth in range(1, 10)]

    for end in ends:
        geojson.write_text(text[:end], encoding="utf-8")
        assert "Download or copy it again" in fault_of(geojson)


def test_a_geojson_without_its_end_is_told_as_cut_short(geojson):
    cut(geojson, geojson.stat().st_size // 2)

    assert "is cut short: its last character is not « } »" in fault_of(geojson)


@pytest.mark.parametrize("left", [0.3, 0.6, 0.95])
def test_a_shapefile_cut_short_is_told_with_both_sizes(shapefile, left):
    whole = shapefile.stat().st_size
    cut(shapefile, int(whole * left))

    assert f"is cut short: {whole} bytes announced, {int(whole * left)} found" in fault_of(shapefile)


@pytest.mark.parametrize("part", [".dbf", ".shx"])
def test_a_shapefile_whose_companion_is_cut_short_is_a_fault(shapefile, part):
    companion = shapefile.with_suffix(part)
    cut(companion, companion.stat().st_size * 6 // 10)

    assert "opy it again" in fault_of(shapefile)


@pytest.mark.parametrize("left", [0.2, 0.5, 0.8, 0.95])
def test_a_flatgeobuf_cut_short_is_a_fault(tmp_path, drawn, left):
    path = tmp_path / "communes.fgb"
    drawn.to_file(path, driver="FlatGeobuf")
    cut(path, int(path.stat().st_size * left))

    assert fault_of(path)


# Companions of a shapefile


def test_a_shapefile_without_prj_is_refused_and_told_how_to_declare_its_system(shapefile):
    shapefile.with_suffix(".prj").unlink()

    fault = fault_of(shapefile)

    assert "lacks its .prj" in fault
    assert 'crs = "EPSG:2154"' in fault


def test_a_shapefile_without_prj_is_read_when_its_system_is_declared(shapefile):
    shapefile.with_suffix(".prj").unlink()

    communes = read_communes(shapefile, vintage="2020", crs="EPSG:2154")

    assert communes.crs.to_epsg() == 2154
    assert communes.area.tolist() == [1_000_000.0] * 6


def test_a_declared_system_does_not_replace_the_one_of_the_file(geojson):
    communes = read_communes(geojson, vintage="2020", crs="EPSG:2154")

    assert communes.area.sum() == pytest.approx(6_000_000, rel=1e-6)


def test_a_system_declared_wrongly_is_a_fault(shapefile):
    shapefile.with_suffix(".prj").unlink()

    assert "said to be in degrees (EPSG:4326)" in fault_of(shapefile, crs="EPSG:4326")


def test_a_declared_system_that_does_not_exist_is_a_layer_error(shapefile):
    shapefile.with_suffix(".prj").unlink()

    assert "Lambert quatre-vingt-treize" in fault_of(shapefile, crs="Lambert quatre-vingt-treize")


@pytest.mark.parametrize("missing", [[".dbf"], [".shx"], [".dbf", ".shx"]])
def test_a_shapefile_without_its_companions_names_them(shapefile, missing):
    for part in missing:
        shapefile.with_suffix(part).unlink()

    assert f"lacks its companion files {', '.join(missing)}. Copy all the files" in fault_of(shapefile)


def test_a_shapefile_cut_short_and_without_companion_tells_both(shapefile):
    shapefile.with_suffix(".dbf").unlink()
    cut(shapefile, 300)

    with pytest.raises(LayerError, match=r"2 faults\.\n  - lacks its companion files \.dbf.*\n  - is cut short"):
        read_communes(shapefile, vintage="2020")


# Coordinate systems


@pytest.mark.parametrize("epsg", [3857, 3395])
def test_a_layer_in_mercator_is_refused_with_the_reason_and_the_remedy(tmp_path, drawn, epsg):
    path = tmp_path / "communes.gpkg"
    drawn.to_crs(epsg).to_file(path)

    fault = fault_of(path)

    assert f"is in EPSG:{epsg}" in fault
    assert "areas are almost doubled" in fault
    assert "EPSG:2154" in fault


def test_a_geojson_in_mercator_is_refused(tmp_path, drawn):
    path = tmp_path / "communes.geojson"
    drawn.to_crs(3857).to_file(path)

    assert "is in EPSG:3857" in fault_of(path)


@pytest.mark.parametrize("epsg", [27572, 27563, 4275])
def test_a_layer_in_an_old_ntf_system_is_refused_with_the_remedy(tmp_path, drawn, epsg):
    path = tmp_path / "communes.gpkg"
    drawn.to_crs(epsg).to_file(path)

    fault = fault_of(path)

    assert f"is in EPSG:{epsg}, expected Lambert-93 (EPSG:2154)" in fault
    assert "Reproject it to EPSG:2154 in QGIS, with IGN's grid" in fault


@pytest.mark.parametrize("epsg", [4326, 4171, 4258, 3944, 32631, 3035, 5698])
def test_a_layer_in_a_system_on_rgf93_or_wgs84_is_brought_to_lambert_93(tmp_path, drawn, epsg):
    path = tmp_path / "communes.gpkg"
    drawn.to_crs(epsg).to_file(path)

    communes = read_communes(path, vintage="2020")

    assert communes.crs.to_epsg() == 2154
    # A millimetre each way, over a perimeter of 4 km.
    assert communes.symmetric_difference(gpd.GeoSeries(SHAPES, list(CODES.values()), crs=2154)).area.max() < 10


def test_a_geopackage_that_states_no_system_is_refused(tmp_path, drawn):
    path = without_system(drawn, tmp_path / "communes.gpkg")

    assert "states no coordinate system" in fault_of(path)


@pytest.mark.parametrize("epsg", [4326, 2154])
def test_swapped_axes_are_recognised_and_said(tmp_path, drawn, epsg):
    path = tmp_path / "communes.gpkg"
    exchanged(drawn.to_crs(epsg)).to_file(path)

    fault = fault_of(path)

    assert "its axes are swapped: bounds (" in fault
    assert "Export it again as x, y" in fault


def test_lambert_93_metres_in_a_geojson_without_crs_are_recognised(tmp_path, drawn):
    path = tmp_path / "communes.geojson"
    drawn.set_crs(4326, allow_override=True).to_file(path)

    fault = fault_of(path)

    assert "said to be in degrees (EPSG:4326)" in fault
    assert "(900000, 6.3e+06, 903000, 6.302e+06) are Lambert-93 metres. Declare EPSG:2154" in fault


@pytest.mark.parametrize(("epsg", "move"), [(2154, (3_000_000, 0)), (4326, (-60, -30))])
def test_a_layer_outside_france_is_refused_with_its_bounds(tmp_path, drawn, epsg, move):
    path = tmp_path / "communes.gpkg"
    layer = drawn.to_crs(epsg)
    layer.set_geometry(layer.translate(*move)).to_file(path)

    fault = fault_of(path)

    assert "lies out of mainland France: bounds (" in fault
    assert f"in EPSG:{epsg}. Check its coordinate system" in fault


# Nothing there, nothing in it


@pytest.mark.parametrize("name", ["vide.gpkg", "vide.geojson", "vide.shp", "vide.fgb"])
def test_an_empty_file_is_refused(tmp_path, name):
    path = tmp_path / name
    path.touch()

    assert fault_of(path) == "is empty (0 bytes). Download it again."


def test_a_layer_without_features_is_refused(tmp_path, drawn):
    path = tmp_path / "communes.gpkg"
    drawn.head(0).to_file(path, layer="commune")

    assert fault_of(path) == "the layer 'commune' has no feature. Download it again."


def test_a_missing_file_is_told(tmp_path):
    fault = fault_of(tmp_path / "absent.gpkg")

    assert "expected a file on disk, found nothing there" in fault


def test_a_folder_is_not_a_file(tmp_path):
    folder = tmp_path / "communes.gdb"
    folder.mkdir()

    assert "expected a file on disk, found a folder there" in fault_of(folder)


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://127.0.0.1:9/communes.gpkg",
        "/vsicurl?url=http://127.0.0.1:9/communes.gpkg",
        "http://127.0.0.1:9/communes.gpkg",
        "WFS:http://127.0.0.1:9/wfs",
        '{"type": "FeatureCollection", "features": []}',
    ],
)
def test_addresses_and_virtual_paths_are_not_files(path):
    assert "expected a file on disk, found nothing there" in fault_of(path)


def test_a_virtual_path_into_a_real_archive_is_not_a_file(tmp_path, geopackage):
    archive = tmp_path / "communes.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.write(geopackage, "communes.gpkg")

    assert "expected a file on disk" in fault_of(f"/vsizip/{archive}/communes.gpkg")


# Another kind than its name says


@pytest.fixture
def vrt(tmp_path: Path) -> str:
    """A VRT that makes GDAL read another file, a sound one: whoever follows it gets one commune."""
    secret = tmp_path / "secret.csv"
    secret.write_text(f'INSEE_COM,NOM_COM,WKT\n04001,Secret,"{square(0, 0).wkt}"\n', encoding="utf-8")
    return (
        '<OGRVRTDataSource><OGRVRTLayer name="commune">'
        f"<SrcDataSource>{secret}</SrcDataSource><SrcLayer>secret</SrcLayer>"
        "<GeometryType>wkbPolygon</GeometryType><LayerSRS>EPSG:2154</LayerSRS>"
        '<GeometryField encoding="WKT" field="WKT"/></OGRVRTLayer></OGRVRTDataSource>'
    )


@pytest.mark.parametrize("name", ["communes.gpkg", "communes.geojson", "communes.gml", "communes.vrt", "communes.shp"])
@pytest.mark.parametrize("before", ["", "\ufeff", '<?xml version="1.0"?>\n<!-- IGN -->\n'])
def test_a_vrt_under_any_name_is_refused_and_what_it_points_at_is_not_read(tmp_path, vrt, name, before):
    path = tmp_path / name
    path.write_text(before + vrt, encoding="utf-8")

    fault = fault_of(path)

    assert "found a document that makes GDAL read another file or address" in fault
    assert "Give the data file itself" in fault
    assert "Secret" not in fault


@pytest.mark.parametrize("name", ["communes.gpkg", "communes.geojson"])
def test_a_vrt_is_not_followed_into_a_file_that_must_not_be_opened(tmp_path, vrt, name, monkeypatch):
    path = tmp_path / name
    path.write_text(vrt, encoding="utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("pyogrio.list_layers", refuse)
    monkeypatch.setattr("pyogrio.read_dataframe", refuse)

    assert fault_of(path)


@pytest.mark.parametrize("name", ["communes.gpkg", "communes.geojson"])
def test_a_vrt_whose_beginning_is_padded_is_refused(tmp_path, vrt, name):
    path = tmp_path / name
    path.write_text(f"<!-- {'x' * 5000} -->{vrt}", encoding="utf-8")

    fault = fault_of(path)

    assert fault.startswith("expected ")
    assert "found " in fault
    assert "<!-- xxx" in fault


def test_a_vrt_in_an_archive_is_refused(tmp_path, vrt):
    path = tmp_path / "communes.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("communes.vrt", vrt)

    assert "found an archive (.zip). Extract it" in fault_of(path)


@pytest.mark.parametrize("document", ["<OGRWFSDataSource>", "<GDAL_WMS>", "<OGROAPIFDataSource>", "<OGRCSWDataSource>"])
def test_a_document_that_leads_to_the_network_is_refused(tmp_path, document):
    path = tmp_path / "communes.xml"
    path.write_text(f"{document}<URL>http://127.0.0.1:9/</URL>", encoding="utf-8")

    assert "read another file or address" in fault_of(path)


@pytest.mark.parametrize("name", ["communes.gpkg", "communes.geojson", "communes.shp", "communes.fgb"])
def test_a_page_of_html_saved_as_data_is_refused_with_its_first_bytes(tmp_path, name):
    path = tmp_path / name
    path.write_text("<!DOCTYPE html><html><body>404 Not Found</body></html>", encoding="utf-8")

    fault = fault_of(path)

    assert f"expected the content of a {path.suffix} file, found b'<!DOCTYPE html><'" in fault
    assert "right name" in fault


def test_a_geopackage_renamed_geojson_is_refused(tmp_path, geopackage):
    renamed = tmp_path / "communes.geojson"
    shutil.copy(geopackage, renamed)

    assert "expected the content of a .geojson file, found b'SQLite" in fault_of(renamed)


def test_an_sqlite_file_that_is_no_geopackage_is_refused(tmp_path):
    path = tmp_path / "communes.gpkg"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE commune (INSEE_COM TEXT, NOM_COM TEXT)")

    assert "expected a GeoPackage, found an SQLite file of another kind" in fault_of(path)


def test_a_geopackage_without_its_list_of_contents_is_refused(tmp_path):
    path = tmp_path / "communes.gpkg"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {int.from_bytes(b'GPKG', 'big')}")
        connection.execute("CREATE TABLE commune (INSEE_COM TEXT)")

    assert "cannot be read as a GeoPackage (no such table: gpkg_contents)" in fault_of(path)


def test_a_geojson_with_a_byte_order_mark_is_read(geojson):
    geojson.write_bytes(b"\xef\xbb\xbf" + geojson.read_bytes())

    assert len(read_communes(geojson, vintage="2020")) == 6


# Layers of a file


def test_several_layers_without_a_choice_are_listed_with_the_remedy(tmp_path, drawn):
    path = tmp_path / "admin.gpkg"
    drawn.to_file(path, layer="canton")
    drawn.to_file(path, layer="epci", mode="a")

    fault = fault_of(path)

    assert "expected one layer, found 2 layers ('canton', 'epci')" in fault
    assert "« layer = … »" in fault


def test_one_of_several_layers_is_read_when_named(tmp_path, drawn):
    path = tmp_path / "admin.gpkg"
    drawn.head(2).to_file(path, layer="ancien")
    drawn.to_file(path, layer="nouveau", mode="a")

    assert len(read_communes(path, vintage="2020", layer="ancien")) == 2


def test_a_layer_named_in_vain_lists_those_of_the_file(geopackage):
    fault = fault_of(geopackage, layer="communes_2020")

    assert "'communes_2020'" in fault
    assert "'commune'" in fault


def test_a_layer_without_geometry_is_refused(tmp_path, drawn):
    path = tmp_path / "admin.gpkg"
    drawn.to_file(path, layer="commune")
    drawn.drop(columns="geometry").rename_axis("rank").pipe(gpd.GeoDataFrame).to_file(path, layer="noms", mode="a")

    assert "the layer 'noms' has no geometry" in fault_of(path, layer="noms")


# The other readers share the path


def test_parks_are_checked_in_the_same_way(tmp_path, parks):
    path = tmp_path / "pnr.gpkg"
    parks.reset_index().rename(columns={"name": "nom"}).to_crs(3857).to_file(path)

    with pytest.raises(LayerError, match=r"pnr\.gpkg: 1 fault\.\n  - is in EPSG:3857"):
        read_pnr(path, vintage="2021")


def test_reading_any_vector_file_gives_lambert_93(geojson):
    assert read_vector(geojson).crs.to_epsg() == 2154


def test_parks_are_read_by_their_inpn_fields(tmp_path, parks):
    path = tmp_path / "pnr.geojson"
    parks.reset_index().rename(columns={"pnr_code": "DRGP_C_COD", "name": "DRGP_L_LIB"}).to_crs(4326).to_file(path)

    read = read_pnr(path, vintage="2021")

    assert read.index.name == "pnr_code"
    assert read["name"].to_dict() == {"FR8000001": "Parc P", "FR8000002": "Parc Q"}
    assert set(read.geom_type) == {"MultiPolygon"}
    # 6.4 km x 12 km and 6 km x 12 km; the straight sides of a geographic file bend by less than 0.01 %.
    assert (read.area / 10_000).tolist() == pytest.approx([7680, 7200], rel=1e-4)


def test_parks_to_keep_that_are_absent_are_a_fault(tmp_path, parks):
    path = tmp_path / "pnr.gpkg"
    parks.reset_index().rename(columns={"name": "nom"}).to_file(path)

    with pytest.raises(LayerError, match="expected the zones 'FR8000033', found only 'FR8000001', 'FR8000002'"):
        read_pnr(path, vintage="2021", keep=["FR8000001", "FR8000033"])


def test_a_fault_of_a_park_that_is_not_kept_is_no_matter(tmp_path, parks):
    path = tmp_path / "pnr.gpkg"
    frame = parks.reset_index().rename(columns={"name": "nom"})
    frame.loc[1, "geometry"] = shapely.Point(900_000, 6_300_000).buffer(10).exterior
    frame.to_file(path)

    assert read_pnr(path, vintage="2021", keep=["FR8000001"]).index.tolist() == ["FR8000001"]
