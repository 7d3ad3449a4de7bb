from pathlib import Path

import geopandas as gpd
import pytest
from squares import CODES, square

from hp_sig import InputError, Layers, TerritoryError, find_inputs, load_layers, load_territory
from hp_sig.territory import TERRITORY_VARIABLE, commune_names

PARKS = ["FR8000001", "FR8000002"]


def changed(file: Path, before: str, after: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    return file


def layers_of(territory_file: Path, raw: Path) -> Layers:
    territory = load_territory(territory_file)
    return load_layers(territory, find_inputs(territory, raw))


def faults_of(territory_file: Path, raw: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        layers_of(territory_file, raw)
    return caught.value


# The default territory


def test_the_default_territory_is_the_pays_of_51_communes_in_2015():
    territory = load_territory()

    names = commune_names(territory)
    assert territory.name == "Pays de Haute-Provence"
    assert territory.cog_year == 2015
    assert len(names) == 51
    assert names["04112"] == "Manosque"
    assert names["83150"] == "Vinon-sur-Verdon"
    assert (names.index.str[:2] == "04").sum() == 50


def test_the_default_territory_has_three_dates_of_epci_as_zones():
    zones = [zone for zone in load_territory().zones if zone.id == "epci"]

    assert [zone.cog_year for zone in zones] == [2015, 2017, 2024]
    assert [zone.layer_name for zone in zones] == ["epci_2015", "epci_2017", "epci_2024"]
    assert {zone.key for zone in zones} == {"epci_siren"}


def test_a_territory_cannot_be_modified():
    territory = load_territory()

    with pytest.raises(ValueError, match="frozen"):
        territory.name = "Autre"


def test_the_environment_names_the_territory(territory_file, monkeypatch):
    monkeypatch.setenv(TERRITORY_VARIABLE, str(territory_file))

    assert TERRITORY_VARIABLE == "HP_SIG_TERRITORY"
    assert load_territory().name == "Six carrés"


def test_the_caller_comes_before_the_environment(territory_file, monkeypatch, tmp_path):
    monkeypatch.setenv(TERRITORY_VARIABLE, str(tmp_path / "absent.toml"))

    assert load_territory(territory_file).name == "Six carrés"


# Another territory needs no code


def test_another_territory_needs_no_code(territory_file, raw):
    layers = layers_of(territory_file, raw)

    assert layers.communes.index.tolist() == list(CODES.values())
    assert set(layers.zones) == {"epci_2015", "epci_2017", "scot_2018", "pnr"}
    assert layers.zones["epci_2015"].zones["commune_count"].to_dict() == {"200000001": 3, "200000002": 3}
    assert layers.zones["epci_2017"].zones["commune_count"].to_dict() == {"200000001": 2, "200000002": 4}
    # 100 ha each.
    assert (layers.zones["epci_2017"].zones.area / 10_000).tolist() == pytest.approx([200, 400])
    assert layers.zones["pnr"].zones.index.tolist() == PARKS
    assert layers.population[2021].tolist() == [10, 20, 30, 40, 50, 60]
    assert layers.stations.index.tolist() == ["87000001"]
    assert layers.projects["scale"].tolist() == ["site", "commune", "epci", "pays"]


def test_what_was_put_right_is_told_by_layer(territory_file, raw):
    notes = layers_of(territory_file, raw).notes

    assert notes["epci_2015"] == ["the leading zero of 5 codes of the column 'insee' was put back ('4001' → '04001')."]


def test_a_table_of_communes_beside_the_file_gives_codes_and_names(territory_file):
    changed(territory_file, 'codes = ["04001", "04002", "04003", "04004", "04005", "83006"]', 'table = "liste.csv"')
    (territory_file.parent / "liste.csv").write_text("code;nom\n83006;F\n4001;A\n", encoding="utf-8")

    names = commune_names(load_territory(territory_file))

    assert names.to_dict() == {"04001": "A", "83006": "F"}


def test_codes_give_empty_names(territory_file):
    names = commune_names(load_territory(territory_file))

    assert names.to_dict() == dict.fromkeys(CODES.values(), "")


# Each fault names the key, what was expected, what was found


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            'producer = "IGN"',
            'producteur = "IGN"',
            r"boundaries\.producteur: unknown key, found 'IGN'\. Did you mean « producer »",
        ),
        ('vintage = "2020"', 'vintge = "2020"', r"boundaries\.vintge: unknown key.*« vintage »"),
        ('vintage = "2020"', 'vintge = "2020"', r"boundaries\.vintage: expected a value, found none"),
        (
            "cog_year = 2015\n\n[comm",
            "xyzzy = 1\ncog_year = 2015\n\n[comm",
            r"xyzzy: unknown key, found 1\. Known keys: .*boundaries",
        ),
        ('name = "Six carrés"\n', "", r"- name: expected a value, found none\. Add it\."),
        ('producer = "IGN"\n', "", r"boundaries\.producer: expected a value, found none"),
        ("cog_year = 2015", 'cog_year = "quinze"', r"cog_year: .*valid integer.*found 'quinze'"),
        ("cog_year = 2015", "cog_year = 15", r"cog_year: .*greater than or equal to 1943, found 15"),
        ('name = "Six carrés"', "name = [1]", r"- name: .*valid string, found \[1\]"),
        ('name = "Six carrés"', 'name = ""', r"- name: .*at least 1 character, found ''"),
        ('"04001", ', '"4001", ', r"communes\.codes\[0\]: .*match pattern.*found '4001'"),
        ('"04001", ', "4001, ", r"communes\.codes\[0\]: .*match pattern.*found 4001"),
        ('"04001", ', '"04001", "04001", ', r"communes: codes given twice: '04001'"),
        (
            'codes = ["04001", "04002", "04003", "04004", "04005", "83006"]',
            "",
            r"communes: give either codes .* or table",
        ),
        ("[communes]", '[communes]\ntable = "x.csv"', r"communes: give either codes .* or table"),
        (
            'kind = "communes"\ncog_year = 2015\n',
            'kind = "communes"\n',
            r"zones\[0\]: a list of communes needs its cog_year",
        ),
        ('kind = "communes"', 'kind = "liste"', r"zones\[0\]\.kind: .*'communes' or 'perimeter', found 'liste'"),
        ('id = "epci"', 'id = "EPCI 2015"', r"zones\[0\]\.id: .*match pattern.*found 'EPCI 2015'"),
        (
            "cog_year = 2017",
            "cog_year = 2015",
            r"zone layers must have distinct .*reserved: 'epci_2015'",
        ),
        ('id = "pnr"', 'id = "stations"', r"zone layers must have distinct .*reserved: 'stations'"),
        (
            'id = "scot"\n',
            'id = "scot"\nstatus = { S1 = "voté" }\n',
            r"zones\[2\]\.status\.S1: .*'approved'.*found 'voté'",
        ),
        ("year = 2021", "", r"population\.year: expected a value, found none"),
        ("[population]", "[population]\nretrieved = 'hier'", r"population\.retrieved: .*date.*found 'hier'"),
    ],
)
def test_a_fault_names_the_key_what_was_expected_and_what_was_found(territory_file, before, after, words):
    changed(territory_file, before, after)

    with pytest.raises(TerritoryError, match=words) as caught:
        load_territory(territory_file)

    assert str(caught.value).startswith(str(territory_file))


def test_all_the_faults_of_a_territory_are_in_one_error(territory_file):
    changed(territory_file, 'name = "Six carrés"\n', "")
    changed(territory_file, '"04002"', '"0400"')
    changed(territory_file, "year = 2021", "annee = 2021")

    # Of the third: an unknown key and a missing one.
    with pytest.raises(TerritoryError, match="4 faults"):
        load_territory(territory_file)


def test_a_file_that_is_not_toml_is_told_with_the_place(territory_file):
    changed(territory_file, 'vintage = "2020"', "vintage = édition 2020")

    with pytest.raises(TerritoryError, match=r"territory\.toml: is not TOML \(.*line 10.*quotes: vintage = "):
        load_territory(territory_file)


def test_a_file_that_is_not_utf_8_is_told_with_the_remedy(territory_file):
    territory_file.write_bytes(territory_file.read_text(encoding="utf-8").encode("cp1252"))

    with pytest.raises(TerritoryError, match=r"cannot be read as UTF-8 text .*Save it as UTF-8"):
        load_territory(territory_file)


def test_a_byte_order_mark_is_no_fault(territory_file):
    territory_file.write_bytes(b"\xef\xbb\xbf" + territory_file.read_bytes())

    assert load_territory(territory_file).name == "Six carrés"


def test_a_missing_territory_file_is_told(tmp_path):
    with pytest.raises(TerritoryError, match=r"absent\.toml: expected a territory file, found nothing there"):
        load_territory(tmp_path / "absent.toml")


def test_a_folder_is_no_territory_file(tmp_path):
    with pytest.raises(TerritoryError, match="cannot be read"):
        load_territory(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "expected a file on disk, found nothing there"),
        ("nom\nManosque\n", "« commune_code »"),
        ("code\n04112\n4112\n", "1 commune codes come more than once: '04112'"),
    ],
)
def test_faults_of_the_table_of_communes_are_told_when_the_territory_is_loaded(territory_file, content, words):
    changed(territory_file, 'codes = ["04001", "04002", "04003", "04004", "04005", "83006"]', 'table = "liste.csv"')
    if content is not None:
        (territory_file.parent / "liste.csv").write_text(content, encoding="utf-8")

    with pytest.raises(TerritoryError, match=rf"territory\.toml: communes\.table: .*liste\.csv: 1 fault\.\n.*{words}"):
        load_territory(territory_file)


def test_a_zone_may_not_be_called_as_another_layer(territory_file):
    changed(territory_file, 'id = "pnr"', 'id = "population"')

    with pytest.raises(TerritoryError, match="population"):
        load_territory(territory_file)


def test_a_zone_may_not_be_called_territory(territory_file):
    changed(territory_file, 'id = "pnr"', 'id = "territory"')

    with pytest.raises(TerritoryError, match="'territory'"):
        load_territory(territory_file)


def test_a_coordinate_system_that_does_not_exist_is_a_fault(territory_file):
    changed(territory_file, "[boundaries]", '[boundaries]\ncrs = "Lambert quatre-vingt-treize"')

    with pytest.raises(TerritoryError, match=r"boundaries\.crs: .*quatre-vingt-treize"):
        load_territory(territory_file)


def test_a_field_that_no_reader_knows_is_a_fault(territory_file):
    changed(territory_file, "[boundaries]", '[boundaries]\nfields = { code_commune = "INSEE_COM" }')

    with pytest.raises(TerritoryError, match="code_commune"):
        load_territory(territory_file)


# Its files


def test_every_input_is_found_with_its_layer_and_its_hash(territory_file, raw):
    inputs = find_inputs(load_territory(territory_file), raw)

    assert [item.name for item in inputs] == [
        *("territory", "communes", "epci_2015", "epci_2017", "scot_2018", "pnr", "population", "stations", "projects")
    ]
    assert [item.path for item in inputs[:2]] == [territory_file, raw / "communes.gpkg"]
    assert all(len(item.sha256) == 64 for item in inputs)
    assert inputs[1].size == (raw / "communes.gpkg").stat().st_size


def test_all_the_missing_files_are_in_one_error(territory_file, raw):
    for name in ("communes.gpkg", "scot.csv", "stations.csv"):
        (raw / name).unlink()

    error = faults_of(territory_file, raw)

    assert [item.path.name for item in error.errors] == ["communes.gpkg", "scot.csv", "stations.csv"]
    for layer in ("communes", "scot_2018", "stations"):
        assert f"expected one file for the layer « {layer} », found none. Put the file there" in str(error)


def test_a_pattern_that_meets_two_files_lists_them(territory_file, raw):
    changed(territory_file, 'file = "communes.gpkg"', 'file = "com*.gpkg"')
    (raw / "communes_2021.gpkg").write_bytes((raw / "communes.gpkg").read_bytes())

    error = faults_of(territory_file, raw)

    (fault,) = error.errors[0].faults
    assert "« communes », found 2 files ('communes.gpkg', 'communes_2021.gpkg'). Name one of them" in fault


def test_a_pattern_that_meets_a_shapefile_meets_one_file(territory_file, raw):
    (raw / "pnr").mkdir()
    gpd.read_file(raw / "pnr.geojson").to_file(raw / "pnr" / "parcs.shp")
    changed(territory_file, 'file = "pnr.geojson"', 'file = "pnr/*"')

    inputs = find_inputs(load_territory(territory_file), raw)

    assert {item.name: item.path.name for item in inputs}["pnr"] == "parcs.shp"


def test_the_hash_of_a_shapefile_counts_all_its_parts(territory_file, raw):
    gpd.read_file(raw / "pnr.geojson").to_file(raw / "parcs.shp")
    territory = load_territory(changed(territory_file, 'file = "pnr.geojson"', 'file = "parcs.shp"'))
    before = {item.name: item.sha256 for item in find_inputs(territory, raw)}

    (raw / "parcs.dbf").write_bytes((raw / "parcs.dbf").read_bytes().replace(b"Parc P", b"Parc X"))

    after = {item.name: item.sha256 for item in find_inputs(territory, raw)}
    assert [name for name in before if before[name] != after[name]] == ["pnr"]


# Its layers against each other


def test_an_epci_list_that_lacks_a_commune_is_a_fault(territory_file, raw):
    changed(raw / "epci_2017.csv", "200000002;EPCI 2;4003\n", "")

    error = faults_of(territory_file, raw)

    assert [item.path.name for item in error.errors] == ["epci_2017.csv"]
    assert "1 communes of the territory are in no intercommunality: '04003'. Check file and cog_year." in str(error)


def test_an_epci_list_of_other_communes_is_a_fault(territory_file, raw):
    (raw / "epci_2017.csv").write_text("siren;insee\n200000003;84001\n", encoding="utf-8")

    assert "none of its communes is in the territory; found '84001'" in str(faults_of(territory_file, raw))


def test_a_park_file_that_meets_nothing_is_a_fault(territory_file, raw, parks):
    far = parks.set_geometry(parks.translate(-200_000, 0)).reset_index().rename(columns={"name": "nom"})
    far.to_crs(4326).to_file(raw / "pnr.geojson")

    error = faults_of(territory_file, raw)

    assert [item.path.name for item in error.errors] == ["pnr.geojson"]
    assert "no zone meets the territory: bounds (" in str(error)
    assert "the communes' (900000, 6300000, 903000, 6302000) in Lambert-93" in str(error)


def test_a_park_that_meets_nothing_beside_one_that_does_is_left_out(territory_file, raw, parks):
    frame = parks.reset_index().rename(columns={"name": "nom"})
    shapes = [frame.geometry[0], square(-100, 0)]
    frame.set_geometry(gpd.GeoSeries(shapes, crs=2154)).to_crs(4326).to_file(raw / "pnr.geojson")

    assert layers_of(territory_file, raw).zones["pnr"].zones.index.tolist() == PARKS[:1]


def test_a_population_year_that_is_absent_is_a_fault(territory_file, raw):
    changed(territory_file, "year = 2021", "year = 2022")

    assert "expected the year 2022 (population.year), found 2021." in str(faults_of(territory_file, raw))


def test_a_commune_without_population_is_noted_and_unknown(territory_file, raw):
    changed(raw / "population.csv", "04003,30\n", "")

    layers = layers_of(territory_file, raw)

    assert layers.population[2021].isna().to_dict() == {code: code == "04003" for code in CODES.values()}
    assert layers.notes["population"] == ["no population in 2021 for 1 communes: '04003'."]


def test_a_boundary_file_that_lacks_a_commune_is_a_fault(territory_file, raw):
    changed(territory_file, '"83006"]', '"83006", "04888"]')

    error = faults_of(territory_file, raw)

    assert [item.path.name for item in error.errors] == ["communes.gpkg"]
    assert "04888" in str(error)
    assert "is not in this file, and no movement of communes explains it" in str(error)


def test_the_territory_file_says_the_status_of_a_scot(territory_file, raw):
    changed(territory_file, 'id = "scot"\n', 'id = "scot"\nstatus = { S2 = "approved" }\n')

    layer = layers_of(territory_file, raw).zones["scot_2018"]

    assert layer.zones["status"].to_dict() == {"S1": "approved", "S2": "approved"}
    assert layer.members["status"].to_dict() == {"04001": "approved", "04002": "approved", "04003": "approved"}


def test_a_status_for_a_scot_that_is_absent_is_a_fault(territory_file, raw):
    changed(territory_file, 'id = "scot"\n', 'id = "scot"\nstatus = { S9 = "approved" }\n')

    assert "« status » or « keep » names 'S9', found only 'S1', 'S2'" in str(faults_of(territory_file, raw))


def test_a_commune_on_the_lists_of_two_scot_counts_for_the_most_advanced(territory_file, raw):
    with (raw / "scot.csv").open("a", encoding="utf-8") as stream:
        stream.write("S0,SCoT 0,in_progress,04001\n")

    layers = layers_of(territory_file, raw)

    assert layers.zones["scot_2018"].members.at["04001", "scot_id"] == "S1"
    assert "1 communes are on the lists of several SCoT" in layers.notes["scot_2018"][0]


def test_faults_of_two_files_are_in_one_error(territory_file, raw):
    changed(raw / "epci_2015.csv", ";4001", ";x")
    changed(raw / "projects.csv", ",epci,", ",ville,")

    error = faults_of(territory_file, raw)

    assert [item.path.name for item in error.errors] == ["epci_2015.csv", "projects.csv"]
    assert "not commune codes: 'x'" in str(error)
    assert "no known scale: 'homes'" in str(error)


def test_disagreements_of_two_files_with_the_communes_are_in_one_error(territory_file, raw):
    changed(raw / "epci_2015.csv", "200000001;EPCI 1;4001\n", "")
    changed(territory_file, "year = 2021", "year = 2022")

    error = faults_of(territory_file, raw)

    assert [item.path.name for item in error.errors] == ["epci_2015.csv", "population.csv"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (",04002,", ",04888,", "1 projects are in communes outside the territory: 'house'."),
        (",200000002,", ",200000009,", "1 projects name an intercommunality of no date of the territory: 'homes'."),
        (",87000001,", ",87999999,", "1 projects name a station that the file does not have: 'hub'."),
    ],
)
def test_what_projects_name_in_vain_is_noted(territory_file, raw, before, after, words):
    changed(raw / "projects.csv", before, after)

    assert layers_of(territory_file, raw).notes["projects"] == [words]


def test_communes_that_overlap_are_noted(territory_file, raw):
    frame = gpd.read_file(raw / "communes.gpkg")
    frame.loc[0, "geometry"] = square(0, 0, 1.1)
    frame.to_file(raw / "communes.gpkg", layer="commune")

    assert "neighbouring communes overlap or leave gaps" in layers_of(territory_file, raw).notes["communes"][-1]


def test_the_layer_of_a_park_file_is_the_one_that_the_territory_names(territory_file, raw, parks):
    frame = parks.reset_index().rename(columns={"name": "nom"})
    frame.to_file(raw / "pnr.gpkg", layer="parcs")
    frame.head(1).to_file(raw / "pnr.gpkg", layer="anciens", mode="a")
    changed(territory_file, 'file = "pnr.geojson"', 'file = "pnr.gpkg"\nlayer = "parcs"')

    assert layers_of(territory_file, raw).zones["pnr"].zones.index.tolist() == PARKS


def test_the_system_of_stations_is_the_one_that_the_territory_says(territory_file, raw):
    columns = {"uic_code": ["87000001"], "name": ["Gare A"]}
    gpd.GeoDataFrame(columns, geometry=[square(0, 0).centroid], crs=2154).to_file(raw / "gares.shp")
    (raw / "gares.prj").unlink()
    changed(territory_file, 'file = "stations.csv"', 'file = "gares.shp"\ncrs = "EPSG:2154"')

    assert layers_of(territory_file, raw).stations.index.tolist() == ["87000001"]


@pytest.mark.parametrize("name", ["name", "geometry", "area_ha", "gpkg_contents", "a_name", "x_status"])
def test_a_zone_layer_may_not_be_called_like_a_column_of_the_results(territory_file, name):
    changed(territory_file, 'id = "pnr"', f'id = "{name}"')

    with pytest.raises(TerritoryError, match=r"zones\[3\]\.id: expected a name that no column"):
        load_territory(territory_file)


def test_a_pattern_that_is_none_is_told(territory_file, raw):
    changed(territory_file, 'file = "communes.gpkg"', 'file = "**c*"')

    with pytest.raises(TerritoryError, match="is no pattern"):
        find_inputs(load_territory(territory_file), raw)


def test_a_pattern_may_be_absolute(territory_file, raw):
    changed(territory_file, 'file = "communes.gpkg"', f'file = "{(raw / "comm*.gpkg").as_posix()}"')

    found = find_inputs(load_territory(territory_file), raw)

    assert next(item.path for item in found if item.name == "communes") == raw / "communes.gpkg"


def test_a_vintage_that_is_not_stated_is_told(territory_file, raw):
    changed(territory_file, 'vintage = "2020"', 'vintage = "non précisé"')
    territory = load_territory(territory_file)

    layers = load_layers(territory, find_inputs(territory, raw))

    assert any("its vintage is not stated" in note for note in layers.notes["communes"])


def test_perimeters_that_overlap_each_other_are_told(territory_file, raw, parks):
    # P ends at 1.4 km; Q now begins at 1.3 km: they share 0.1 km x 12 km = 120 ha.
    moved = parks.set_geometry([parks.geometry.iloc[0], square(1.3, -5, 6, 12)], crs=2154).reset_index()
    (raw / "pnr.geojson").unlink()
    moved.rename(columns={"pnr_code": "DRGP_C_COD", "name": "DRGP_L_LIB"}).to_crs(4326).to_file(raw / "pnr.geojson")
    territory = load_territory(territory_file)

    layers = load_layers(territory, find_inputs(territory, raw))

    assert layers.notes["pnr"] == ["« Parc P » and « Parc Q » overlap each other by 120 ha: this land counts in both."]
