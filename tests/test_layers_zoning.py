import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from shapely import MultiPolygon, Point, Polygon
from squares import ORIGIN, square

from hp_sig import LayerError
from hp_sig.layers.zoning import read_zoning


def drawn(shapes: list[shapely.Geometry] | None = None, **columns: list[object]) -> gpd.GeoDataFrame:
    """Draw one square of a kilometre a zone, from west to east."""
    count = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=shapes or [square(rank, 0) for rank in range(count)], crs=2154)


def plu(types: list[object], **columns: list[object]) -> gpd.GeoDataFrame:
    """Draw a ZONE_URBA as the CNIG standard has it."""
    given = {
        "LIBELLE": [f"zone {rank}" for rank in range(len(types))],
        "LIBELONG": [f"Zone numéro {rank}" for rank in range(len(types))],
        "TYPEZONE": types,
        "IDURBA": ["04112_PLU_20240115"] * len(types),
    }
    return drawn(**(given | columns))


def saved(folder: Path, frame: gpd.GeoDataFrame, name: str = "zone_urba.gpkg") -> Path:
    frame.to_file(folder / name)
    return folder / name


def kinds_of(path: Path) -> list[str]:
    return read_zoning(path, vintage="2024")["zone_kind"].tolist()


def fault_of(path: Path, **options: object) -> str:
    with pytest.raises(LayerError) as caught:
        read_zoning(path, vintage="2024", **options)
    (fault,) = caught.value.faults
    assert str(caught.value) == f"{path}: 1 fault.\n  - {fault}"
    assert fault.endswith(".")
    return fault


# --- the contract -----------------------------------------------------------------------------------------------


def as_geopackage(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    path = folder / "04112_PLU_20240115.gpkg"
    drawn(LIBELLE=["emplacement réservé"]).to_file(path, layer="PRESCRIPTION_SURF")
    frame.to_file(path, layer="04112_ZONE_URBA_20240115", mode="a")
    return path


def as_shapefile(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    return saved(folder, frame, "04112_ZONE_URBA_20240115.shp")


def as_web_service(folder: Path, frame: gpd.GeoDataFrame) -> Path:
    """Write what wfs_du gives: degrees, lower case, and columns of its own."""
    frame = frame.rename(columns=str.lower)
    served = frame.assign(gid=[11, 12], partition="DU_04112", gpu_doc_id="0a1b2c", urlfic=None)
    return saved(folder, served.to_crs(4326), "wfs_du.geojson")


@pytest.mark.parametrize("write", [as_geopackage, as_shapefile, as_web_service])
def test_every_form_of_delivery_gives_the_same_contract(tmp_path, write):
    path = write(tmp_path, plu(["U", "AUc"]))

    zones = read_zoning(path, vintage="2024-01-15")

    expected = gpd.GeoDataFrame(
        {
            "zone_type": ["U", "AUc"],
            "zone_kind": ["U", "AU"],
            "name": ["zone 0", "zone 1"],
            "long_name": ["Zone numéro 0", "Zone numéro 1"],
            "document_id": ["04112_PLU_20240115"] * 2,
        },
        geometry=[MultiPolygon([square(rank, 0)]) for rank in range(2)],
        index=pd.Index(["1", "2"], name="zoning_id", dtype="str"),
        crs=2154,
    ).astype({"zone_type": "str", "zone_kind": "str", "name": "str", "long_name": "str", "document_id": "str"})
    # Degrees of a GeoJSON have 7 decimals or more: a centimetre.
    assert zones.geometry.symmetric_difference(expected.geometry).area.max() < 100
    aligned = zones.set_geometry(expected.geometry)
    assert_geodataframe_equal(aligned, expected)
    assert set(zones.geom_type) == {"MultiPolygon"}
    assert zones.attrs == {"source_file": path.name, "vintage": "2024-01-15", "notes": []}


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        *(("U", "U"), ("AU", "AU"), ("AUc", "AU"), ("AUs", "AU"), ("A", "A"), ("Ah", "A")),
        *(("N", "N"), ("Nh", "N"), ("Nd", "N")),
        *(("u", "U"), ("AUC", "AU"), ("auS", "AU"), ("AH", "A"), ("nd", "N"), (" U ", "U")),
    ],
)
def test_every_code_of_a_plu_is_known_whatever_its_case(tmp_path, written, kind):
    zones = read_zoning(saved(tmp_path, plu([written])), vintage="2024")

    assert zones["zone_kind"].tolist() == [kind]
    assert zones["zone_type"].tolist() == [written.strip()]


@pytest.mark.parametrize(
    ("written", "code", "kind"),
    [
        ("01", "01", "CC_constructible"),
        ("02", "02", "CC_activity"),
        ("03", "03", "CC_non_constructible"),
        ("99", "99", "CC_uncovered"),
        ("1", "01", "CC_constructible"),
        (3, "03", "CC_non_constructible"),
        (2.0, "02", "CC_activity"),
    ],
)
def test_every_sector_of_a_carte_communale_is_known_even_without_its_leading_zero(tmp_path, written, code, kind):
    frame = drawn(LIBELLE=["secteur"], TYPESECT=[written], IDURBA=["04099_CC_20100501"])

    zones = read_zoning(saved(tmp_path, frame, "SECTEUR_CC.shp"), vintage="2010")

    assert zones["zone_type"].tolist() == [code]
    assert zones["zone_kind"].tolist() == [kind]


def test_a_leading_zero_is_put_back_beside_a_missing_sector(tmp_path):
    # A column of numbers with an empty cell is one of decimals: 1.0.
    frame = drawn(TYPESECT=[1.0, None])

    assert "1 values of the column 'TYPESECT' are not of the CNIG standard: nan" in fault_of(saved(tmp_path, frame))


def test_where_both_columns_are_there_the_zones_are_those_of_a_plu(tmp_path):
    frame = plu(["A"], TYPESECT=["01"])

    assert kinds_of(saved(tmp_path, frame)) == ["A"]


def test_zones_are_numbered_in_the_order_of_the_file(tmp_path):
    zones = read_zoning(saved(tmp_path, plu(["N", "A", "U"])), vintage="2024")

    assert zones["zone_kind"].to_dict() == {"1": "N", "2": "A", "3": "U"}


def test_names_that_a_file_lacks_are_no_columns(tmp_path):
    zones = read_zoning(saved(tmp_path, drawn(TYPEZONE=["U"])), vintage="2024")

    assert zones.columns.tolist() == ["zone_type", "zone_kind", "document_id", "geometry"]


# --- the document -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "document"),
    [
        ({"IDURBA": ["a"], "PARTITION": ["b"], "GPU_DOC_ID": ["c"]}, "a"),
        ({"PARTITION": ["b"], "GPU_DOC_ID": ["c"]}, "b"),
        ({"GPU_DOC_ID": ["c"]}, "c"),
        ({}, "04112_zones"),
        ({"IDURBA": [""]}, "04112_zones"),
    ],
)
def test_a_zone_belongs_to_the_document_that_its_file_tells_or_else_to_the_file(tmp_path, columns, document):
    path = saved(tmp_path, drawn(TYPEZONE=["U"], **columns), "04112_zones.gpkg")

    assert read_zoning(path, vintage="2024")["document_id"].tolist() == [document]


def test_a_zone_without_document_among_others_belongs_to_the_file(tmp_path):
    path = saved(tmp_path, plu(["U", "A"], IDURBA=["PLUi", None]), "pays.gpkg")

    assert read_zoning(path, vintage="2024")["document_id"].tolist() == ["PLUi", "pays"]


def test_columns_of_other_names_are_read_when_told(tmp_path):
    path = saved(tmp_path, drawn(nature=["AUs"], doc=["PLU 2003"]))

    zones = read_zoning(path, vintage="2003", fields={"zone_type": "nature", "document_id": "doc"})

    assert zones[["zone_kind", "document_id"]].to_numpy().tolist() == [["AU", "PLU 2003"]]


def test_a_column_of_sectors_of_another_name_is_read_when_told(tmp_path):
    path = saved(tmp_path, drawn(secteur=["1"]))

    zones = read_zoning(path, vintage="2003", fields={"sector_type": "secteur"})

    assert zones["zone_kind"].tolist() == ["CC_constructible"]


# --- faults -----------------------------------------------------------------------------------------------------


def test_unknown_codes_are_counted_shown_once_each_and_the_standard_is_told(tmp_path):
    path = saved(tmp_path, plu(["UA", "U", "UA", "1AU", None]))

    fault = fault_of(path)

    assert fault.startswith(
        "4 values of the column 'TYPEZONE' are not of the CNIG standard: 'UA', '1AU', nan. "
        "Expected one of U, AU, AUc, AUs, A, Ah, N, Nh, Nd."
    )


def test_an_unknown_sector_is_a_fault(tmp_path):
    path = saved(tmp_path, drawn(TYPESECT=["04", "01"]))

    assert fault_of(path) == (
        "1 values of the column 'TYPESECT' are not of the CNIG standard: '04'. Expected one of 01, 02, 03, 99."
    )


def test_a_code_of_a_carte_communale_is_none_of_a_plu(tmp_path):
    assert "'01'" in fault_of(saved(tmp_path, plu(["01"])))


def test_a_file_without_a_column_of_zones_tells_what_it_has(tmp_path):
    path = saved(tmp_path, drawn(LIBELLE=["U"]))

    fault = fault_of(path)

    assert "expected a column for « zone_type » (known names: typezone)" in fault
    assert "found the columns LIBELLE, geometry" in fault


def test_a_column_named_in_vain_is_a_fault(tmp_path):
    path = saved(tmp_path, plu(["U"]))

    assert "the column 'nature' that was given for « zone_type »" in fault_of(path, fields={"zone_type": "nature"})


def bow_tie() -> Polygon:
    """Draw two triangles of 25 ha that meet at the centre of a square."""
    x, y = ORIGIN
    return Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])


def test_all_the_faults_of_a_file_are_in_one_error(tmp_path):
    path = tmp_path / "zone_urba.gpkg"
    drawn([bow_tie(), Point(*ORIGIN), square(2, 0)], TYPEZONE=["U", "A", "Z"]).to_file(path)

    with pytest.raises(LayerError) as caught:
        read_zoning(path, vintage="2024", on_invalid="raise")

    words = ["CNIG standard: 'Z'", "1 geometries are not polygons (Point): '2'", "1 polygons are invalid: '1'"]
    assert len(caught.value.faults) == len(words)
    for fault, word in zip(caught.value.faults, words, strict=True):
        assert word in fault


# --- geometry ---------------------------------------------------------------------------------------------------


def test_invalid_zones_are_repaired_counted_and_said(tmp_path, caplog):
    path = saved(tmp_path, drawn([bow_tie(), square(1, 0)], TYPEZONE=["U", "A"]))

    zones = read_zoning(path, vintage="2024")

    # 25 + 25: both wings are kept.
    assert (zones.area / 10_000).to_dict() == pytest.approx({"1": 50, "2": 100})
    assert zones.is_valid.all()
    (note,) = zones.attrs["notes"]
    assert note.startswith("1 invalid polygon was repaired (structure method; '1'): ")
    assert note in caplog.text


def test_heights_are_left_out(tmp_path):
    frame = plu(["U"])
    frame = frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), z=500.0), crs=2154)

    zones = read_zoning(saved(tmp_path, frame, "zone_urba.shp"), vintage="2024")

    assert not zones.has_z.any()
    assert (zones.area / 10_000).tolist() == [100.0]


def test_a_file_without_system_is_refused_and_read_when_it_is_told(tmp_path):
    path = tmp_path / "zone_urba.shp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        plu(["U"]).set_crs(None, allow_override=True).to_file(path)

    assert "lacks its .prj" in fault_of(path)
    assert read_zoning(path, vintage="2024", crs="EPSG:2154").crs.to_epsg() == 2154


# --- which layer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "kind"),
    [
        (["PRESCRIPTION_SURF", "ZONE_URBA"], "U"),
        (["INFO_SURF", "zone_urba_04112"], "U"),
        (["DOC_URBA", "SECTEUR_CC"], "CC_constructible"),
        (["DOC_URBA", "04099_secteur_cc_2010"], "CC_constructible"),
    ],
)
def test_the_layer_of_zones_is_found_among_others(tmp_path, layers, kind):
    path = tmp_path / "document.gpkg"
    drawn(LIBELLE=["autre"]).to_file(path, layer=layers[0])
    column = "TYPEZONE" if kind == "U" else "TYPESECT"
    drawn(**{column: ["U" if kind == "U" else "01"]}).to_file(path, layer=layers[1], mode="a")

    assert kinds_of(path) == [kind]


def test_two_layers_of_zones_are_listed_and_one_is_read_when_named(tmp_path):
    path = tmp_path / "document.gpkg"
    drawn(LIBELLE=["autre"]).to_file(path, layer="PRESCRIPTION_SURF")
    plu(["U"]).to_file(path, layer="ZONE_URBA_2010", mode="a")
    plu(["A", "N"]).to_file(path, layer="ZONE_URBA_2024", mode="a")

    assert "found 2 layers ('ZONE_URBA_2010', 'ZONE_URBA_2024')" in fault_of(path)
    assert len(read_zoning(path, vintage="2024", layer="ZONE_URBA_2024")) == 2


def test_the_layer_of_the_standard_name_goes_before_another_that_holds_it(tmp_path):
    path = tmp_path / "document.gpkg"
    plu(["U"]).to_file(path, layer="zone_urba_2010")
    plu(["A", "N"]).to_file(path, layer="zone_urba", mode="a")

    assert kinds_of(path) == ["A", "N"]
