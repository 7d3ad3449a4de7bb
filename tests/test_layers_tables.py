import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from shapely import LineString, Point
from squares import ORIGIN, square

from hp_sig import LayerError, read_membership, read_population, read_projects, read_stations
from hp_sig.layers.tables import numbers, read_table, texts

DLVA, BANON, FORCALQUIER = "200034700", "240400499", "240400440"
#: The station of Manosque, in degrees and in metres, both from the SNCF file.
MANOSQUE_DEGREES = (5.793010163891369, 43.822739899302086)
MANOSQUE_METRES = (924666.5603, 6306610.138300002)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def membership(rows: dict[str, tuple[str, str]], key: str = "epci") -> pd.DataFrame:
    code = "epci_siren" if key == "epci" else f"{key}_code"
    frame = pd.DataFrame(list(rows.values()), columns=[code, f"{key}_name"], dtype="str")
    frame.index = pd.Index(list(rows), name="commune_code", dtype="str")
    return frame


# Any table


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_the_separator_is_found(tmp_path, separator):
    path = write(
        tmp_path / "table.csv", separator.join(["insee", "nom"]) + "\n" + separator.join(["04112", "Manosque"])
    )

    assert read_table(path).to_dict("records") == [{"insee": "04112", "nom": "Manosque"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_encoding_is_found(tmp_path, encoding, line_end):
    text = line_end.join(["insee;nom", "04094;Gréoux-les-Bains", "04095;L'Hospitalet, Cœur", ""])

    table = read_table(write(tmp_path / "table.csv", text, encoding))

    assert table.columns.tolist() == ["insee", "nom"]
    assert table["nom"].tolist() == ["Gréoux-les-Bains", "L'Hospitalet, Cœur"]


def test_a_separator_and_a_line_end_between_quotes_belong_to_the_cell(tmp_path):
    path = write(tmp_path / "table.csv", 'insee;nom\n04112;"Manosque; ville\nhaute"\n')

    assert read_table(path)["nom"].tolist() == ["Manosque; ville\nhaute"]


@pytest.mark.parametrize("mark", ["\u2028", "\x0c", "\x85"])
def test_a_rare_line_mark_inside_a_cell_does_not_cut_the_row(tmp_path, mark):
    path = write(tmp_path / "table.csv", f"insee;nom;note\n04112;Manosque{mark}ville;x\n")

    assert read_table(path).shape == (1, 3)


def test_every_cell_is_text_and_a_blank_or_secret_one_is_missing(tmp_path):
    path = write(tmp_path / "table.csv", "insee;a;b\n04112;007;s\n04143;;NULL\n")

    table = read_table(path)

    assert table["insee"].tolist() == ["04112", "04143"]
    assert table["a"].tolist()[0] == "007"
    assert table.isna().to_numpy().tolist() == [[False, False, True], [False, True, True]]


def test_blank_lines_are_no_rows(tmp_path):
    path = write(tmp_path / "table.csv", "insee;nom\n\n04112;Manosque\n;\n\n")

    assert len(read_table(path)) == 1


@pytest.mark.parametrize("text", ["insee;siren;nom\n04112;200034700;DLVA\n0414", "insee;siren\n04112;200034700;DLVA\n"])
def test_a_row_of_another_width_is_told_with_its_number(tmp_path, text):
    path = write(tmp_path / "coupe.csv", text)
    rank = text.count("\n") + (not text.endswith("\n"))

    with pytest.raises(
        LayerError, match=rf"coupe\.csv: 1 fault\.\n.*header \(\d\): {rank}\. The file may be cut short"
    ):
        read_table(path)


def test_a_table_cut_within_a_code_is_a_fault(tmp_path):
    path = write(tmp_path / "coupe.csv", f"siren;insee\n{DLVA};4112\n{DLVA};41")

    with pytest.raises(LayerError, match="1 values of the column 'insee' are not commune codes: '41'"):
        read_membership(path, cog_year=2015)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"insee;siren\n", "expected rows, found only a header"),
        (b"\n\n", "expected rows"),
        ("insee;siren\n4112;2\n".encode("utf-16"), "expected a text table, found binary content. Export it as CSV"),
        (b"insee;siren\n4112;\x81\n", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_table_without_rows_or_of_unknown_text_is_refused(tmp_path, content, words):
    path = tmp_path / "table.csv"
    path.write_bytes(content)

    with pytest.raises(LayerError, match=words):
        read_table(path)


@pytest.mark.parametrize("name", ["table.xls", "table.ods", "table.pdf"])
def test_a_table_of_another_kind_is_refused_with_the_remedy(tmp_path, name):
    path = write(tmp_path / name, "x")

    with pytest.raises(LayerError, match=rf"expected a \.csv, \.xlsx or \.dbf table, found « {path.suffix} »"):
        read_table(path)


def test_a_workbook_cut_short_is_a_fault(tmp_path):
    path = workbook(tmp_path / "epci.xlsx", [["siren", "insee"], [200034700, "04112"]])
    path.write_bytes(path.read_bytes()[:-500])

    with pytest.raises(LayerError, match="cannot be read as a workbook"):
        read_table(path)


def test_a_csv_renamed_xlsx_is_refused(tmp_path):
    path = write(tmp_path / "epci.xlsx", "siren;insee\n200034700;04112\n")

    with pytest.raises(LayerError, match=r"expected the content of a \.xlsx file, found b'siren;insee"):
        read_table(path)


def test_two_columns_of_the_same_name_are_a_fault(tmp_path):
    path = write(tmp_path / "epci.csv", f"insee;siren;insee\n4112;{DLVA};4112\n")

    with pytest.raises(LayerError, match="insee"):
        read_membership(path, cog_year=2015)


def test_numbers_take_a_comma_or_a_point_and_thousands_apart():
    cells = pd.Series(["1 234", "12,5", "12.5", "1\u202f234", "", None])

    values = numbers(cells, faults := [])

    assert values.tolist()[:4] == [1234.0, 12.5, 12.5, 1234.0]
    assert values.isna().tolist() == [False] * 4 + [True] * 2
    assert faults == []


def test_whole_numbers_become_text_without_decimals():
    assert texts(pd.Series([4112.0, 83150.0])).tolist() == ["4112", "83150"]


# Membership


DGCL_2015 = (
    "siren;nom;nature;fiscalite;nb_com;ptot;pmun;insee;siren_com;nom_com;ptot_com;pmun_com\n"
    f"{DLVA};CA DLVA;CA;FPU;26;60000;59000;4112;210401121;Manosque;4112;4112\n"
    f"{DLVA};CA DLVA;CA;FPU;26;60000;59000;83150;218301505;Vinon-sur-Verdon;4112;4112\n"
    f"{BANON};CC du Pays de Banon;CC;FA;12;3000;2900;04018;210400180;Banon;1070;1057\n"
)


def test_the_dgcl_table_of_2015_is_read_with_its_zeros_put_back(tmp_path):
    members = read_membership(write(tmp_path / "epci.csv", DGCL_2015), cog_year=2015)

    expected = membership(
        {"04018": (BANON, "CC du Pays de Banon"), "04112": (DLVA, "CA DLVA"), "83150": (DLVA, "CA DLVA")}
    )
    assert_frame_equal(members, expected)
    assert members.attrs["cog_year"] == 2015
    assert members.attrs["notes"] == [
        "the leading zero of 1 codes of the column 'insee' was put back ('4112' → '04112')."
    ]


def test_a_workbook_of_insee_has_its_columns_under_their_labels(tmp_path):
    rows = [
        ["Populations municipales de 1876 à 2023"],
        ["Code géographique", "Département", "Libellé", "Population en 2023", "Population en 2022"],
        ["CODGEO", "DEP", "LIBGEO", "PMUN2023", "PMUN2022"],
        ["04112", "04", "Manosque", 22_000, 21_900],
    ]

    population = read_population(workbook(tmp_path / "populations.xlsx", rows))

    assert population.loc["04112"].to_dict() == {2022: 21_900.0, 2023: 22_000.0}


@pytest.mark.parametrize("above", [[], [["Composition des EPCI au 1er janvier 2025"], []]])
def test_a_workbook_of_the_dgcl_is_read_title_or_not(tmp_path, above):
    rows = [
        *above,
        ["dept", "siren", "raison_sociale", "nature_juridique", "insee", "siren_membre", "nom_membre"],
        ["04", 200034700, "CA DLVA", "CA", "04112", 210401121, "Manosque"],
        ["83", 200034700, "CA DLVA", "CA", 83150, 218301505, "Vinon-sur-Verdon"],
        ["04", 240400440, "CC Forcalquier", "CC", 4088, 210400883, "Forcalquier"],
    ]

    members = read_membership(workbook(tmp_path / "epci.xlsx", rows), cog_year=2025)

    expected = membership(
        {"04088": (FORCALQUIER, "CC Forcalquier"), "04112": (DLVA, "CA DLVA"), "83150": (DLVA, "CA DLVA")}
    )
    assert_frame_equal(members, expected)
    assert "'4088' → '04088'" in members.attrs["notes"][0]


def test_a_dbf_is_a_table_too(tmp_path):
    path = tmp_path / "epci.dbf"
    frame = pd.DataFrame({"INSEE": [4112, 83150], "SIREN": [200034700, 200034700]})
    gpd.GeoDataFrame(frame, geometry=[square(0, 0)] * 2, crs=2154).to_file(path.with_suffix(".shp"))

    assert_frame_equal(read_membership(path, cog_year=2015), membership({"04112": (DLVA, DLVA), "83150": (DLVA, DLVA)}))


def test_only_the_rows_of_the_year_are_kept(tmp_path):
    text = f"annee_1erjanvier,siren,nom_epci,insee\n2015,{DLVA},DLVA,4188\n2017,{BANON},Banon,4188\n"
    path = write(tmp_path / "epci.csv", text)

    assert_frame_equal(read_membership(path, cog_year=2015), membership({"04188": (DLVA, "DLVA")}))
    assert_frame_equal(read_membership(path, cog_year=2017), membership({"04188": (BANON, "Banon")}))


def test_a_year_that_the_table_does_not_have_is_told_with_those_it_has(tmp_path):
    path = write(tmp_path / "epci.csv", f"cog_year,siren,insee\n2015,{DLVA},4188\n2017,{BANON},4188\n")

    with pytest.raises(LayerError, match="expected rows of the year 2016, found the years '2015', '2017'"):
        read_membership(path, cog_year=2016)


@pytest.mark.parametrize(
    "text",
    [
        "bassin;commune\nRiez;4004\nRiez;83150\n",
        "commune;bassin\n4004;Riez\n83150;Riez\n",
        "a,b\n4004,Riez\n83150,Riez\n",
    ],
)
def test_a_plain_table_of_two_columns_is_read_in_both_orders(tmp_path, text):
    members = read_membership(write(tmp_path / "bassins.csv", text), cog_year=2022, key="living_area_code")

    expected = membership({"04004": ("Riez", "Riez"), "83150": ("Riez", "Riez")}, key="living_area")
    assert_frame_equal(members, expected)


def test_columns_are_read_when_named(tmp_path):
    path = write(tmp_path / "table.csv", "a;b;c;d\n4004;x;04166;Riez\n")
    fields = {"commune_code": "a", "zone_code": "c", "zone_name": "d"}

    members = read_membership(path, cog_year=2022, key="living_area_code", fields=fields)

    # '04166' names a zone here; it is text, and stays what it is.
    assert_frame_equal(members, membership({"04004": ("04166", "Riez")}, key="living_area"))


def test_a_zone_code_of_four_digits_is_left_alone(tmp_path):
    path = write(tmp_path / "table.csv", "insee;zone_code;nom\n4004;4112;Riez\n")

    members = read_membership(path, cog_year=2022, key="living_area_code")

    assert members["living_area_code"].tolist() == ["4112"]


def test_missing_columns_of_a_membership_are_all_told(tmp_path):
    path = write(tmp_path / "table.csv", "a;b;c\n1;2;3\n")

    with pytest.raises(LayerError, match=r"2 faults\.(.|\n)*« commune_code »(.|\n)*« zone_code »") as caught:
        read_membership(path, cog_year=2015)

    assert "found the columns a, b, c" in caught.value.faults[0]


def test_a_commune_in_two_zones_is_a_fault(tmp_path):
    path = write(tmp_path / "epci.csv", f"insee;siren\n4112;{DLVA}\n4112;{BANON}\n")

    with pytest.raises(LayerError, match=r"1 communes are in several zones: '04112'.*belongs to one epci_siren"):
        read_membership(path, cog_year=2015)


def test_the_same_row_twice_is_one_member(tmp_path):
    path = write(tmp_path / "epci.csv", f"insee;siren\n4112;{DLVA}\n04112;{DLVA}\n")

    assert_frame_equal(read_membership(path, cog_year=2015), membership({"04112": (DLVA, DLVA)}))


def test_only_the_zones_to_keep_are_kept(tmp_path):
    path = write(tmp_path / "epci.csv", DGCL_2015)

    members = read_membership(path, cog_year=2015, keep=[BANON])

    assert members.index.tolist() == ["04018"]


def test_a_zone_to_keep_that_is_absent_is_a_fault(tmp_path):
    path = write(tmp_path / "epci.csv", DGCL_2015)

    with pytest.raises(LayerError, match=f"expected the zones '{FORCALQUIER}', not found in the column 'siren'"):
        read_membership(path, cog_year=2015, keep=[BANON, FORCALQUIER])


def test_all_the_faults_of_a_membership_are_in_one_error(tmp_path):
    path = write(tmp_path / "epci.csv", f"insee;siren\n4112;{DLVA}\n4112;{BANON}\nx;{DLVA}\n4018;12\n4019;\n")

    with pytest.raises(LayerError) as caught:
        read_membership(path, cog_year=2015)

    for words in ("not commune codes: 'x'", "not SIREN numbers (9 digits): '12'", "no zone: '04019'", "several zones"):
        assert words in str(caught.value)


# Population


@pytest.mark.parametrize("column", ["2021", "PMUN2021", "pmun_2021", "PMUN21", "P21_POP", "pop2021", "pop_2021"])
def test_a_year_is_read_in_the_name_of_its_column(tmp_path, column):
    path = write(tmp_path / "population.csv", f"CODGEO;LIBGEO;{column}\n4112;Manosque;22926\n")

    population = read_population(path)

    assert population.columns.tolist() == [2021]
    assert population.at["04112", 2021] == 22926


@pytest.mark.parametrize("column", ["P21_POP1564", "P21_MEN", "NAIS1621", "SUPERF", "P21_LOG", "C21_POP15P"])
def test_what_is_not_a_population_is_not_a_year(tmp_path, column):
    path = write(tmp_path / "population.csv", f"CODGEO;P22_POP;{column}\n4112;22807;1\n")

    assert read_population(path).columns.tolist() == [2022]


def test_years_ascend_and_are_whole_numbers(tmp_path):
    path = write(tmp_path / "population.csv", "insee,P22_POP,D99_POP,P08_POP\n83150,4,1,2\n04112,40,10,20\n")

    population = read_population(path)

    expected = pd.DataFrame(
        {1999: [10.0, 1.0], 2008: [20.0, 2.0], 2022: [40.0, 4.0]},
        index=pd.Index(["04112", "83150"], name="commune_code", dtype="str"),
    )
    expected.columns = pd.Index([1999, 2008, 2022], name="year")
    assert_frame_equal(population, expected)


@pytest.mark.parametrize("blank", ["", "s", "nd", "NULL"])
def test_a_blank_or_secret_population_is_unknown_and_not_zero(tmp_path, blank):
    path = write(tmp_path / "population.csv", f"insee;2020;2021\n04112;{blank};0\n")

    population = read_population(path)

    assert np.isnan(population.at["04112", 2020])
    assert population.at["04112", 2021] == 0


def test_a_population_of_four_digits_gets_no_zero(tmp_path):
    path = write(tmp_path / "population.csv", "insee;2021\n4143;4112\n")

    population = read_population(path)

    assert population.at["04143", 2021] == 4112
    assert len(population.attrs["notes"]) == 1


def test_the_long_form_gives_the_same_series_as_the_wide_one(tmp_path):
    long = "commune_code,year,population\n83150,2021,4\n04112,2020,30\n04112,2021,40\n83150,2020,s\n"
    wide = "commune_code,2021,2020\n04112,40,30\n83150,4,s\n"

    from_long = read_population(write(tmp_path / "long.csv", long))
    from_wide = read_population(write(tmp_path / "wide.csv", wide))

    assert_frame_equal(from_long, from_wide, check_column_type=False)
    assert np.isnan(from_long.at["83150", 2020])
    assert pd.api.types.is_integer_dtype(from_long.columns)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("insee,nom\n4112,Manosque\n", "expected a column a year .* found insee, nom"),
        ("insee,2021\n4112,1\n04112,2\n", "1 commune codes come more than once: '04112'"),
        ("insee,2021\n4112,beaucoup\n", "1 values of the column '2021' are not numbers: 'beaucoup'"),
        ("insee,2021\n4112,-1\n", "1 communes have a negative or infinite population"),
        ("insee,year,population\n4112,2021,1\n4112,2021,2\n", "two populations for the same year"),
        ("insee,year,population\n4112,deux,1\n", "1 rows have no year in the column 'year'"),
        ("nom,2021\nManosque,1\n", "« commune_code »"),
    ],
)
def test_faults_of_a_population_are_told(tmp_path, text, words):
    path = write(tmp_path / "population.csv", text)

    with pytest.raises(LayerError, match=words):
        read_population(path)


def test_all_the_faults_of_a_population_are_in_one_error(tmp_path):
    path = write(tmp_path / "population.csv", "insee,2020,2021\nx,1,2\n04112,a,2\n4112,1,-2\n")

    with pytest.raises(LayerError, match="4 faults"):
        read_population(path)


def test_two_columns_of_the_same_year_are_a_fault(tmp_path):
    path = write(tmp_path / "population.csv", "insee,PMUN2021,P21_POP\n04112,22926,22900\n")

    with pytest.raises(LayerError, match="2021"):
        read_population(path)


# Stations


@pytest.fixture
def sncf(tmp_path: Path) -> Path:
    lon, lat = MANOSQUE_DEGREES
    rows = gpd.GeoDataFrame(
        {
            "code_uic": ["87751321", "87751321", "87751271", "87751999"],
            "libelle": ["Manosque-Gréoux-les-Bains", "Manosque-Gréoux-les-Bains", "La Brillanne-Oraison", "Dépôt"],
            "fret": ["N", "O", "N", "O"],
            "voyageurs": ["N", "O", "O", "N"],
            "code_ligne": ["905000", "906000", "905000", "905000"],
        },
        geometry=[Point(lon, lat), Point(lon + 0.001, lat), Point(5.892236, 43.924268), Point(5.9, 43.95)],
        crs=4326,
    )
    path = tmp_path / "gares.geojson"
    rows.to_file(path, COORDINATE_PRECISION=15)
    return path


def test_a_station_on_two_lines_has_one_row_at_its_first_point(sncf):
    stations = read_stations(sncf, vintage="2022")

    assert stations.index.tolist() == ["87751271", "87751321", "87751999"]
    assert stations.index.name == "uic_code"
    assert stations.at["87751321", "name"] == "Manosque-Gréoux-les-Bains"
    assert stations.attrs["notes"] == ["1 stations come once a line; their first point is kept."]


def test_a_station_is_in_lambert_93_where_the_sncf_says(sncf):
    point = read_stations(sncf).at["87751321", "geometry"]

    assert (point.x, point.y) == pytest.approx(MANOSQUE_METRES, abs=0.01)


def test_passengers_are_served_where_one_of_the_lines_serves_them(sncf):
    served = read_stations(sncf)["passengers"]

    assert served.to_dict() == {"87751271": True, "87751321": True, "87751999": False}


def test_points_of_one_station_far_apart_are_told(tmp_path):
    path = write(tmp_path / "gares.csv", "uic_code,name,lon,lat\n1,A,5.80,43.8\n1,A,5.81,43.8\n2,B,5.9,43.8\n")

    # A hundredth of a degree of longitude is about 800 m here.
    assert "1 of them with points over 500 m apart: '1'" in read_stations(path).attrs["notes"][0]


def test_a_table_with_degrees_gives_the_same_stations(tmp_path):
    lon, lat = MANOSQUE_DEGREES
    path = write(
        tmp_path / "gares.csv", f"code_uic;libelle;x_wgs84;y_wgs84\n87751321;Manosque;{lon};{lat}\n".replace(".", ",")
    )

    stations = read_stations(path)

    assert stations.crs.to_epsg() == 2154
    point = stations.at["87751321", "geometry"]
    assert (point.x, point.y) == pytest.approx(MANOSQUE_METRES, abs=0.01)


def test_longitude_and_latitude_exchanged_are_recognised(tmp_path):
    path = write(tmp_path / "gares.csv", "uic_code,name,lon,lat\n1,A,43.8,5.8\n")

    with pytest.raises(
        LayerError, match=r"1 points are out of France: \(43\.8, 5\.8\)\. Longitude and latitude are swapped"
    ):
        read_stations(path)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1,A,2.0,10.0", "1 points are out of France.*Give WGS84 degrees"),
        ("1,A,924666,6306610", "1 points are out of France"),
        ("1,A,5.8,", "1 rows have a longitude without a latitude"),
        ("1,A,,", "1 stations have no code or no position"),
        (",A,5.8,43.8", "1 stations have no code or no position"),
        ("1,A,est,43.8", "1 values of the column 'lon' are not numbers: 'est'"),
    ],
)
def test_faults_of_stations_are_told(tmp_path, rows, words):
    path = write(tmp_path / "gares.csv", f"uic_code,name,lon,lat\n2,B,5.9,43.9\n{rows}\n")

    with pytest.raises(LayerError, match=words):
        read_stations(path)


def test_stations_that_are_not_points_are_a_fault(tmp_path):
    path = tmp_path / "gares.gpkg"
    line = LineString([ORIGIN, (ORIGIN[0] + 10, ORIGIN[1])])
    gpd.GeoDataFrame({"code_uic": ["1"], "libelle": ["A"]}, geometry=[line], crs=2154).to_file(path)

    with pytest.raises(LayerError, match="expected points, found 'LineString'"):
        read_stations(path)


# Projects

HEADER = "project_id,axis,name,scale,commune_code,epci_siren,station_uic,lon,lat,source\n"


def projects_of(tmp_path: Path, *rows: str) -> gpd.GeoDataFrame:
    return read_projects(write(tmp_path / "projets.csv", HEADER + "\n".join(rows) + "\n"), vintage="contrat")


def test_a_table_gives_each_project_at_its_own_scale(tmp_path):
    lon, lat = MANOSQUE_DEGREES

    projects = projects_of(
        tmp_path,
        f"hub,1-transition,Pôle multimodal,site,4112,,87751321,{lon},{lat},CRET",
        "house,4-solidarites,Maison,commune,04088,,,,,CRET",
        f"homes,2-sobriete,Logements,epci,,{BANON},,,,CRET",
        "gis,2-sobriete,SIG,pays,,,,,,CRET",
    )

    assert projects.index.tolist() == ["hub", "house", "homes", "gis"]
    assert projects.index.name == "project_id"
    assert projects["scale"].tolist() == ["site", "commune", "epci", "pays"]
    assert projects["commune_code"].dropna().to_dict() == {"hub": "04112", "house": "04088"}
    assert projects["epci_siren"].dropna().to_dict() == {"homes": BANON}
    assert projects["station_uic"].dropna().to_dict() == {"hub": "87751321"}
    assert projects.columns.tolist() == [
        *("name", "axis", "scale", "commune_code", "epci_siren", "station_uic", "source", "geometry")
    ]


def test_only_a_project_with_coordinates_gets_a_point(tmp_path):
    lon, lat = MANOSQUE_DEGREES

    projects = projects_of(tmp_path, f"hub,,Pôle,site,,,,{lon},{lat},", "house,,Maison,commune,04088,,,,,")

    assert projects.crs.to_epsg() == 2154
    point = projects.at["hub", "geometry"]
    assert (point.x, point.y) == pytest.approx(MANOSQUE_METRES, abs=0.01)
    assert projects.at["house", "geometry"] is None


def test_an_epci_may_be_named_in_the_scale(tmp_path):
    path = write(tmp_path / "projets.csv", f"id;nom;echelle\nhomes;Logements;epci:{BANON}\ngis;SIG;pays\n")

    projects = read_projects(path)

    assert projects["scale"].to_dict() == {"homes": "epci", "gis": "pays"}
    assert projects["epci_siren"].dropna().to_dict() == {"homes": BANON}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            ["hub,,Pôle,site,04112,,,,,"],
            "1 sites or footprints have no position: 'hub'. Give lon and lat, or scale commune",
        ),
        (["hub,,Pôle,footprint,04112,,,,,"], "1 sites or footprints have no position: 'hub'"),
        (
            ["hub,,Pôle,ville,,,,,,"],
            "1 projects have no known scale: 'hub'. Expected one of site, footprint, commune, epci",
        ),
        (["hub,,Pôle,,,,,,,"], "1 projects have no known scale: 'hub'"),
        (["hub,,Pôle,epci:12,,,,,,"], "1 projects have no known scale: 'hub'"),
        (["hub,,Pôle,commune,,,,,,"], "1 projects at commune scale have no commune_code: 'hub'"),
        (["hub,,Pôle,commune,4,,,,,"], "1 values of the column 'commune_code' are not commune codes: '4'"),
        (["hub,,Pôle,epci,,12,,,,"], "1 values of epci_siren are not SIREN numbers .9 digits.: '12'"),
        (["hub,,Pôle,pays,,,,,,", "hub,,Gare,pays,,,,,,"], "1 project identifiers come more than once: 'hub'"),
        ([",,Pôle,pays,,,,,,"], "1 projects have no identifier in the column 'project_id'"),
        (["hub,,Pôle,site,,,,43.8,5.8,"], "Longitude and latitude are swapped"),
        (["hub,,Pôle,site,,,,5.8,,"], "1 rows have a longitude without a latitude"),
    ],
)
def test_faults_of_projects_are_told(tmp_path, rows, words):
    with pytest.raises(LayerError, match=words):
        projects_of(tmp_path, *rows)


def test_all_the_faults_of_projects_are_in_one_error(tmp_path):
    with pytest.raises(LayerError, match="5 faults"):
        projects_of(
            tmp_path, "a,,A,site,,,,,,", "b,,B,ville,,,,,,", "c,,C,commune,,,,,,", "c,,D,pays,,,,,,", ",,E,pays,,,,,,"
        )


def test_points_of_a_vector_file_are_sites_and_polygons_footprints(tmp_path):
    path = tmp_path / "projets.geojson"
    point = Point(ORIGIN[0] + 500, ORIGIN[1] + 500)
    rows = {"id": ["hub", "zone"], "nom": ["Pôle", "Friche"], "insee": ["4112", None]}
    gpd.GeoDataFrame(rows, geometry=[point, square(0, 0)], crs=2154).to_crs(4326).to_file(path)

    projects = read_projects(path, vintage="2026")

    assert projects["scale"].to_dict() == {"hub": "site", "zone": "footprint"}
    assert projects.geometry.geom_type.to_dict() == {"hub": "Point", "zone": "MultiPolygon"}
    assert projects["commune_code"].dropna().to_dict() == {"hub": "04112"}
    assert projects.at["zone", "geometry"].area == pytest.approx(1_000_000, rel=1e-4)
    assert projects.crs.to_epsg() == 2154


def test_a_project_drawn_as_a_line_is_a_fault(tmp_path):
    path = tmp_path / "projets.gpkg"
    line = LineString([ORIGIN, (ORIGIN[0] + 10, ORIGIN[1])])
    gpd.GeoDataFrame({"id": ["voie"], "nom": ["Voie verte"]}, geometry=[line], crs=2154).to_file(path)

    with pytest.raises(LayerError, match=r"1 projects are neither a point nor a polygon, and no scale .*'voie'"):
        read_projects(path)


def test_a_project_at_the_scale_of_every_intercommunality_names_none(tmp_path):
    path = write(tmp_path / "projects.csv", "id,name,scale\nhabitat-epci,Actions habitat,epci\n")

    assert read_projects(path).loc["habitat-epci", ["scale", "epci_siren"]].isna().tolist() == [False, True]


def test_a_vector_file_may_hold_projects_of_a_commune_or_an_intercommunality_as_well(tmp_path):
    drawn = gpd.GeoDataFrame(
        {
            "id": ["hub", "park", "house", "homes", "gis"],
            "name": ["Pôle", "Parc", "Maison", "Logements", "SIG"],
            "scale": [None, None, "commune", "epci:240400499", "pays"],
            "commune_code": [None, None, "4112", None, None],
        },
        geometry=[square(0, 0).centroid, square(0, 0), square(1, 1), None, None],
        crs=2154,
    )
    drawn.to_file(tmp_path / "projects.gpkg")

    projects = read_projects(tmp_path / "projects.gpkg")

    assert projects["scale"].tolist() == ["site", "footprint", "commune", "epci", "pays"]
    assert projects.geometry.isna().tolist() == [False, False, True, True, True]
    assert projects.loc["house", "commune_code"] == "04112"
    assert projects.loc["homes", "epci_siren"] == "240400499"


def test_a_feature_without_shape_and_without_scale_is_a_fault(tmp_path):
    drawn = gpd.GeoDataFrame({"id": ["a", "b"], "name": ["A", "B"]}, geometry=[square(0, 0).centroid, None], crs=2154)
    drawn.to_file(tmp_path / "projects.gpkg")

    with pytest.raises(LayerError, match=r"1 projects are neither a point nor a polygon.*'b'"):
        read_projects(tmp_path / "projects.gpkg")


def test_a_name_column_that_names_communes_is_not_taken_for_that_of_the_zones(tmp_path):
    path = write(tmp_path / "epci.csv", f"code_insee,nom,epci\n04112,Manosque,{DLVA}\n04143,Oraison,{DLVA}\n")

    members = read_membership(path, cog_year=2015)

    assert members["epci_name"].tolist() == [DLVA, DLVA]
    assert "'nom' gives several names" in members.attrs["notes"][0]


def test_populations_that_are_not_whole_are_told(tmp_path):
    path = write(tmp_path / "population.csv", 'insee,2021\n04112,"1,234"\n04143,5981\n')

    population = read_population(path)

    assert population[2021].tolist() == [1.234, 5981.0]
    assert "not whole ('04112')" in population.attrs["notes"][0]


def test_a_quotation_mark_without_its_pair_is_told(tmp_path):
    path = write(tmp_path / "population.csv", 'insee,2021\n04112,"1' + "0" * 200_000)

    with pytest.raises(LayerError, match="a quotation mark may lack its pair"):
        read_population(path)


def test_empty_columns_at_the_right_of_a_table_are_left_out(tmp_path):
    path = write(tmp_path / "population.csv", "insee;2021;;\n04112;22926;;\n")

    assert read_population(path).columns.tolist() == [2021]


def test_a_damaged_workbook_is_told(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["insee", "siren"])
    book.active.append(["04112", DLVA])
    book.save(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "cut.xlsx", "w") as cut:
        for name in whole.namelist():
            content = whole.read(name)
            cut.writestr(name, content[: len(content) // 2] if name.endswith("sheet1.xml") else content)

    with pytest.raises(LayerError, match="cannot be read as a workbook"):
        read_membership(tmp_path / "cut.xlsx", cog_year=2015)
