import unicodedata
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pandas.testing import assert_index_equal, assert_series_equal
from shapely import LineString, Point, Polygon
from squares import CODES, ORIGIN, square

from hp_sig import LayerError, read_communes
from hp_sig.layers.communes import read_commune_list, read_movements, reconcile_communes

#: Out of order on purpose: the reader sorts.
LETTERS = ["F", "B", "A", "E", "D", "C"]
SHAPES = {letter: square(rank % 3, rank // 3) for rank, letter in enumerate(CODES)}


def boundaries(code: str, name: str, **others: object) -> gpd.GeoDataFrame:
    columns = {code: [CODES[letter] for letter in LETTERS], name: [f"Commune {letter}" for letter in LETTERS]}
    return gpd.GeoDataFrame(columns | others, geometry=[SHAPES[letter] for letter in LETTERS], crs=2154)


def admin_express_v3(folder: Path) -> Path:
    path = folder / "v3.gpkg"
    frame = boundaries(
        "INSEE_COM", "NOM_COM", ID="x", INSEE_DEP=["83", *["04"] * 5], POPULATION=[60, 20, 10, 50, 40, 30]
    )
    frame.to_file(path, layer="COMMUNE")
    return path


def admin_express_v4(folder: Path) -> Path:
    path = folder / "v4.gpkg"
    boundaries("code_insee", "nom_officiel").head(1).to_file(path, layer="canton")
    frame = boundaries("code_insee", "nom_officiel", population=[60, 20, 10, 50, 40, 30])
    frame.to_file(path, layer="commune", mode="a")
    frame.head(2).to_file(path, layer="commune_associee_ou_deleguee", mode="a")
    return path


def code_and_name(folder: Path) -> Path:
    path = folder / "communes.geojson"
    boundaries("code", "nom").to_crs(4326).to_file(path)
    return path


def geofla(folder: Path) -> Path:
    path = folder / "COMMUNE.shp"
    frame = boundaries("INSEE_COM", "NOM_COMM", CODE_DEPT="04", POPULATION=[0.1, 20.5, 1.0, 3.0, 0.0, 0.2])
    frame["NOM_COMM"] = frame["NOM_COMM"].str.upper()
    frame.to_file(path)
    # IGN delivered COMMUNE.SHP, COMMUNE.DBF, COMMUNE.SHX and COMMUNE.PRJ.
    for part in folder.glob("COMMUNE.*"):
        part.rename(part.with_suffix(part.suffix.upper()))
    return folder / "COMMUNE.SHP"


def flatgeobuf(folder: Path) -> Path:
    path = folder / "communes.fgb"
    boundaries("INSEE_COM", "NOM").to_crs(4171).to_file(path, driver="FlatGeobuf")
    return path


WRITERS = [admin_express_v3, admin_express_v4, code_and_name, geofla, flatgeobuf]


@pytest.mark.parametrize("write", WRITERS)
def test_every_schema_gives_the_same_contract(tmp_path, write):
    communes = read_communes(write(tmp_path), vintage="2020")

    assert_index_equal(communes.index, pd.Index(sorted(CODES.values()), name="commune_code", dtype="str"))
    assert communes.columns.tolist() == ["name", "departement_code", "population", "geometry"]
    assert communes.crs.to_epsg() == 2154
    assert set(communes.geom_type) == {"MultiPolygon"}
    assert communes.is_valid.all()
    assert communes["departement_code"].tolist() == ["04", "04", "04", "04", "04", "83"]
    assert communes["population"].dtype == "float64"
    assert communes.attrs["vintage"] == "2020"


@pytest.mark.parametrize("write", WRITERS)
def test_every_schema_keeps_each_name_and_square_with_its_code(tmp_path, write):
    communes = read_communes(write(tmp_path), vintage="2020")

    for letter, code in CODES.items():
        assert communes.at[code, "name"].casefold() == f"commune {letter}".casefold()
        # Degrees of a GeoJSON have 7 decimals or more: a centimetre, over a perimeter of 4 km.
        assert communes.at[code, "geometry"].symmetric_difference(SHAPES[letter]).area < 100


@pytest.mark.parametrize("write", [admin_express_v3, admin_express_v4])
def test_population_in_inhabitants_is_kept(tmp_path, write):
    communes = read_communes(write(tmp_path), vintage="2020")

    assert communes["population"].tolist() == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]


def test_population_in_thousands_of_geofla_is_left_out_and_said(tmp_path):
    communes = read_communes(geofla(tmp_path), vintage="2011")

    assert communes["population"].isna().all()
    assert any("population was left out" in note for note in communes.attrs["notes"])


def test_unknown_population_is_nan_and_never_zero(tmp_path):
    path = tmp_path / "communes.gpkg"
    boundaries("code_insee", "nom_officiel", population=[60, None, 10, 50, 40, 0]).to_file(path)

    population = read_communes(path, vintage="2020")["population"]

    assert population[population.isna()].index.tolist() == [CODES["B"]]
    assert population[CODES["C"]] == 0


@pytest.mark.parametrize("kind", ["int64", "float64"])
def test_a_leading_zero_lost_in_a_column_of_numbers_is_put_back_and_said(tmp_path, kind):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("INSEE_COM", "NOM_COM")
    frame["INSEE_COM"] = frame["INSEE_COM"].astype(kind)
    frame.to_file(path)

    communes = read_communes(path, vintage="2020")

    assert communes.index.tolist() == sorted(CODES.values())
    (note,) = communes.attrs["notes"]
    assert "leading zero of 5 codes of the column 'INSEE_COM'" in note


def test_a_corsican_code_is_a_code(tmp_path):
    path = tmp_path / "corse.gpkg"
    frame = gpd.GeoDataFrame({"code": ["2a004"], "nom": ["Ajaccio"]}, geometry=[square(0, 0)], crs=2154)
    frame.to_file(path)

    communes = read_communes(path, vintage="2020")

    assert communes.index.tolist() == ["2A004"]
    assert communes["departement_code"].tolist() == ["2A"]


def test_names_are_composed_unicode(tmp_path):
    path = tmp_path / "communes.geojson"
    frame = boundaries("code", "nom").to_crs(4326)
    frame["nom"] = unicodedata.normalize("NFD", "Sainte-Croix-à-Lauze")
    frame.to_file(path)

    names = read_communes(path, vintage="2020")["name"]

    assert set(names) == {"Sainte-Croix-\u00e0-Lauze"}


def test_heights_are_left_out(tmp_path):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("code", "nom")
    frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), z=812.0), crs=2154).to_file(path)

    communes = read_communes(path, vintage="2020")

    assert not communes.has_z.any()


def test_duplicate_codes_are_a_fault_that_names_them(tmp_path):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("INSEE_COM", "NOM_COM")
    frame["INSEE_COM"] = ["04001", "04001", "04002", "04002", "04003", "04004"]
    frame.to_file(path)

    with pytest.raises(LayerError, match=r"2 commune codes come more than once: '04001', '04002'.*dissolve"):
        read_communes(path, vintage="2020")


@pytest.mark.parametrize("wrong", ["411", "041122", "04A12", "abc", "2C004", "200034700"])
def test_what_is_not_a_code_is_a_fault_that_says_what_one_looks_like(tmp_path, wrong):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("INSEE_COM", "NOM_COM")
    frame.loc[1, "INSEE_COM"] = wrong
    frame.to_file(path)

    with pytest.raises(LayerError, match=rf"'INSEE_COM' are not commune codes: '{wrong}'.*'04112' or '2A004'"):
        read_communes(path, vintage="2020")


def test_a_missing_code_is_a_fault(tmp_path):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("INSEE_COM", "NOM_COM")
    frame.loc[1, "INSEE_COM"] = None
    frame.to_file(path)

    with pytest.raises(LayerError, match="1 values of the column 'INSEE_COM' are not commune codes"):
        read_communes(path, vintage="2020")


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_missing_name_is_a_fault_that_names_the_commune(tmp_path, blank):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("INSEE_COM", "NOM_COM")
    frame.loc[1, "NOM_COM"] = blank
    frame.to_file(path)

    with pytest.raises(LayerError, match="1 communes have no name: '04002'"):
        read_communes(path, vintage="2020")


def test_a_missing_column_error_tells_known_names_found_columns_and_remedy(tmp_path):
    path = tmp_path / "communes.gpkg"
    boundaries("identifiant", "toponyme").to_file(path)

    with pytest.raises(LayerError) as caught:
        read_communes(path, vintage="2020")

    code, name = caught.value.faults
    assert "« commune_code »" in code
    assert "INSEE_COM, code_insee" in code
    assert "« name »" in name
    assert "nom_officiel, NOM_COM" in name
    for fault in caught.value.faults:
        assert "found the columns identifiant, toponyme, geometry" in fault
        assert "fields = {" in fault
    assert "communes.gpkg" in str(caught.value)


def test_unrecognised_columns_are_read_when_named(tmp_path):
    path = tmp_path / "communes.gpkg"
    boundaries("identifiant", "toponyme", habitants=[60, 20, 10, 50, 40, 30]).to_file(path)
    fields = {"commune_code": "identifiant", "name": "toponyme", "population": "habitants"}

    communes = read_communes(path, vintage="2020", fields=fields)

    assert communes.loc["04001", ["name", "population"]].tolist() == ["Commune A", 10.0]


def test_a_column_named_in_vain_is_a_fault(tmp_path):
    path = tmp_path / "communes.gpkg"
    boundaries("INSEE_COM", "NOM_COM").to_file(path)

    with pytest.raises(
        LayerError, match=r"column 'nom_exact' that was given for « name »; found the columns INSEE_COM"
    ):
        read_communes(path, vintage="2020", fields={"name": "nom_exact"})


def hole_outside_shell() -> Polygon:
    """A square of 100 ha; its hole, 1 km wide and 300 m high, lies half (15 ha) inside it and half outside."""
    x, y = ORIGIN
    hole = [(x + 500, y + 500), (x + 1500, y + 500), (x + 1500, y + 800), (x + 500, y + 800)]
    return Polygon(square(0, 0).exterior, [hole])


def bow_tie() -> Polygon:
    """Two triangles of 25 ha that meet at the centre of a square of 1 km."""
    x, y = ORIGIN[0] + 1000, ORIGIN[1]
    return Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])


def with_invalid(path: Path) -> Path:
    frame = boundaries("INSEE_COM", "NOM_COM")
    shapes = frame.geometry.to_list()
    shapes[LETTERS.index("A")] = hole_outside_shell()
    shapes[LETTERS.index("B")] = bow_tie()
    frame.set_geometry(shapes, crs=2154).to_file(path)
    return path


def test_invalid_polygons_are_repaired_by_the_structure_method(tmp_path):
    communes = read_communes(with_invalid(tmp_path / "communes.gpkg"), vintage="2020")

    area_ha = communes.area / 10_000
    # 100 - 15: the part of the hole outside the shell is no land (linework would say 100, unrepaired 70).
    assert area_ha["04001"] == pytest.approx(85)
    # 25 + 25: both wings are kept (buffer(0) would keep one).
    assert area_ha["04002"] == pytest.approx(50)
    assert area_ha["04003"] == pytest.approx(100)
    assert communes.is_valid.all()
    assert set(communes.geom_type) == {"MultiPolygon"}


def test_repairs_are_counted_named_and_their_effect_on_the_area_told(tmp_path, caplog):
    communes = read_communes(with_invalid(tmp_path / "communes.gpkg"), vintage="2020")

    (note,) = communes.attrs["notes"]
    # The shoelace areas before: 100 - 30 = 70 ha and 0 ha; after: 85 and 50; hence + 65 ha.
    assert note.startswith("2 invalid polygons were repaired (structure method; '04002', '04001'): ")
    assert "+65.00 ha" in note
    assert "more than 1 %" in note
    assert "2 invalid polygons were repaired" in caplog.text


def test_invalid_polygons_are_a_fault_on_demand(tmp_path):
    path = with_invalid(tmp_path / "communes.gpkg")

    with pytest.raises(LayerError, match=r"2 polygons are invalid: '04002', '04001' \(.*Repair them"):
        read_communes(path, vintage="2020", on_invalid="raise")


def test_a_polygon_that_repair_leaves_without_area_is_a_fault(tmp_path):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("INSEE_COM", "NOM_COM")
    x, y = ORIGIN
    flat = Polygon([(x, y), (x + 1000, y), (x + 500, y), (x, y)])
    frame.set_geometry([flat, *frame.geometry.to_list()[1:]], crs=2154).to_file(path)

    with pytest.raises(LayerError, match="1 invalid polygons have no area once repaired: '83006'"):
        read_communes(path, vintage="2020")


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (Point(*ORIGIN), "Point"),
        (LineString([ORIGIN, (ORIGIN[0] + 1, ORIGIN[1])]), "LineString"),
        (None, "empty"),
        (Polygon(), "empty"),
    ],
)
def test_what_is_not_a_polygon_is_a_fault(tmp_path, shape, kind):
    path = tmp_path / "communes.geojson"
    frame = boundaries("INSEE_COM", "NOM_COM")
    shapes = [shape, *frame.geometry.to_list()[1:]]
    frame.set_geometry(gpd.GeoSeries(shapes, crs=2154)).to_crs(4326).to_file(path)

    with pytest.raises(LayerError, match=rf"1 geometries are not polygons \({kind}\): '83006'"):
        read_communes(path, vintage="2020")


def test_all_the_faults_of_a_file_are_in_one_error(tmp_path):
    path = tmp_path / "communes.geojson"
    frame = boundaries("INSEE_COM", "NOM_COM")
    frame["INSEE_COM"] = ["83006", "04001", "04001", "4", "04004", "04003"]
    frame.loc[4, "NOM_COM"] = None
    shapes = [Point(*ORIGIN), *frame.geometry.to_list()[1:5], bow_tie()]
    frame.set_geometry(gpd.GeoSeries(shapes, crs=2154)).to_crs(4326).to_file(path)

    with pytest.raises(LayerError) as caught:
        read_communes(path, vintage="2020", on_invalid="raise")

    expected = [
        "not commune codes: '4'",
        "no name: '04004'",
        "more than once: '04001'",
        "not polygons",
        "are invalid: '04003'",
    ]
    assert len(caught.value.faults) == len(expected)
    for words in expected:
        assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}: 5 faults.")


def test_many_wrong_codes_are_counted_and_not_all_listed(tmp_path):
    path = tmp_path / "communes.gpkg"
    frame = boundaries("INSEE_COM", "NOM_COM")
    frame["INSEE_COM"] = [f"x{rank}" for rank in range(6)]
    frame.to_file(path)

    with pytest.raises(LayerError, match=r"6 values .*'x4' \(and 1 more\)"):
        read_communes(path, vintage="2020")


def test_reading_a_file_leaves_its_folder_as_it_was(tmp_path):
    path = admin_express_v4(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}

    read_communes(path, vintage="2020")

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before


MOVEMENTS = pd.DataFrame(
    {
        "year": ["2018", "2019"],
        "kind": ["rename", "merge"],
        "code_before": ["04002", "04009"],
        "name_before": ["B", "Petit Bourg"],
        "code_after": ["04002", "04001"],
        "name_after": ["B-en-Provence", "Bourg Nouveau"],
    }
)


def expected_names(**names: str) -> pd.Series:
    return pd.Series(names.values(), index=pd.Index(names.keys(), name="commune_code"), name="name", dtype="str")


def test_a_rename_is_noted_with_both_names_and_its_year(communes):
    communes.loc["04002", "name"] = "B-en-Provence"

    selected, notes = reconcile_communes(
        communes, expected_names(**{"04002": "B", "04001": "A"}), MOVEMENTS, path="communes.gpkg"
    )

    assert selected.index.tolist() == ["04001", "04002"]
    assert notes == ["04002 « B » is called « B-en-Provence » in this file (renamed in 2018)."]


def test_a_new_name_is_noted_even_if_no_movement_explains_it(communes):
    _, notes = reconcile_communes(communes, expected_names(**{"04001": "Ville"}), None, path="communes.gpkg")

    assert notes == ["04001 « Ville » is called « A » in this file."]


@pytest.mark.parametrize("written", ["L'ÉPINE-SUR-BLÉONE", "L\u2019Epine sur Bleone", "l epine sur bleone"])
def test_case_accents_and_punctuation_do_not_make_a_rename(communes, written):
    communes.loc["04001", "name"] = written

    _, notes = reconcile_communes(
        communes, expected_names(**{"04001": "L'Épine-sur-Bléone"}), None, path="communes.gpkg"
    )

    assert notes == []


def test_a_merged_commune_error_says_into_which_and_when(communes):
    expected = expected_names(**{"04001": "A", "04009": "Petit Bourg"})

    with pytest.raises(LayerError, match=r"04009 Petit Bourg was merged into 04001 Bourg Nouveau in 2019 \(present"):
        reconcile_communes(communes, expected, MOVEMENTS, path="communes.gpkg")


def test_a_merged_commune_whose_new_commune_is_absent_too_is_told_so(communes):
    expected = expected_names(**{"04009": "Petit Bourg"})

    with pytest.raises(LayerError, match="absent from this file too"):
        reconcile_communes(communes.drop("04001"), expected, MOVEMENTS, path="communes.gpkg")


def test_every_unexplained_absence_is_a_fault(communes):
    expected = expected_names(**{"04001": "A", "04010": "Ici", "04011": "Là"})

    with pytest.raises(LayerError) as caught:
        reconcile_communes(communes, expected, MOVEMENTS, path="communes.gpkg")

    assert caught.value.faults == (
        "04010 Ici is not in this file, and no movement of communes explains it. Check vintage and coverage.",
        "04011 Là is not in this file, and no movement of communes explains it. Check vintage and coverage.",
    )


def test_reconciling_leaves_the_boundaries_as_they_were(communes):
    before = communes.copy()

    reconcile_communes(communes, expected_names(**{"04001": "A"}), MOVEMENTS, path="communes.gpkg")

    pd.testing.assert_frame_equal(pd.DataFrame(communes), pd.DataFrame(before))


def test_movements_are_text_with_codes_put_right(tmp_path):
    path = tmp_path / "movements.csv"
    path.write_text(
        "year,kind,code_before,name_before,code_after,name_after,source\n2018,merge,4009,Petit,04001,Grand,COG\n",
        encoding="utf-8",
    )

    movements = read_movements(path)

    assert movements.to_dict("records") == [
        {
            "year": "2018",
            "kind": "merge",
            "code_before": "04009",
            "name_before": "Petit",
            "code_after": "04001",
            "name_after": "Grand",
        }
    ]


def test_a_list_of_communes_gives_names_by_sorted_code(tmp_path):
    path = tmp_path / "communes.csv"
    path.write_text("code;nom\n83150;Vinon-sur-Verdon\n4112;Manosque\n", encoding="utf-8")

    names = read_commune_list(path)

    expected = expected_names(**{"04112": "Manosque", "83150": "Vinon-sur-Verdon"})
    assert_series_equal(names, expected)


def test_a_list_of_communes_with_a_code_twice_is_refused(tmp_path):
    path = tmp_path / "communes.csv"
    path.write_text("code;nom\n04112;Manosque\n4112;Manosque\n", encoding="utf-8")

    with pytest.raises(LayerError, match="1 commune codes come more than once: '04112'"):
        read_commune_list(path)


def test_squares_of_this_module_are_of_100_hectares():
    assert np.allclose([shape.area for shape in SHAPES.values()], 1_000_000)


def test_a_shapefile_in_utf8_without_cpg_keeps_its_accents(tmp_path, communes):
    frame = communes.reset_index()[["commune_code", "name", "geometry"]]
    frame["name"] = "Château-Arnoux"
    frame.rename(columns={"commune_code": "INSEE_COM", "name": "NOM_COM"}).to_file(tmp_path / "c.shp", encoding="UTF-8")
    (tmp_path / "c.cpg").unlink()

    assert set(read_communes(tmp_path / "c.shp", vintage="2020")["name"]) == {"Château-Arnoux"}


def test_a_shapefile_in_latin_1_without_cpg_keeps_its_accents(tmp_path, communes):
    frame = communes.reset_index()[["commune_code", "name", "geometry"]]
    frame["name"] = "Château-Arnoux"
    frame.rename(columns={"commune_code": "INSEE_COM", "name": "NOM_COM"}).to_file(
        tmp_path / "c.shp", encoding="ISO-8859-1"
    )
    (tmp_path / "c.cpg").unlink()

    assert set(read_communes(tmp_path / "c.shp", vintage="2020")["name"]) == {"Château-Arnoux"}
