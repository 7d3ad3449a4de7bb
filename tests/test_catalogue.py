import fnmatch
import re
import tomllib
from importlib.resources import files
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import CATALOGUE_VARIABLE, Source, load_catalogue
from hp_sig.reference.fields import field_candidates
from hp_sig.territory import LandCoverSource, load_territory

CATALOGUE = load_catalogue()
TEXT = (files("hp_sig.reference") / "catalogue.toml").read_text(encoding="utf-8")

#: What the gate of a fetch must be able to ask for, whatever the territory.
WANTED = {
    *("communes", "epci", "pnr", "scot", "scot_docurba", "zone_urba", "secteur_cc", "municipality"),
    *("ocsge", "ocsge_difference", "ocsge_artificialisation", "ocsge_artificialisation_difference"),
    *("ocsge_artificialisation_exemptions", "enaf", "populations", "census", "movements", "lovac"),
    *("stations", "ridership", "roads", "buildings", "friches", "rpg"),
}
#: Reader → section of fields.toml, and the fields without which it refuses a file or is of little use.
NEEDED = {
    "communes": ("communes", ("commune_code", "name")),
    "pnr": ("pnr", ("pnr_code", "name")),
    "scot": ("scot", ("scot_id", "name")),
    "zoning": ("zoning", ("name", "document_id")),
    "land_cover": ("land_cover", ("cover_code", "use_code")),
    "artificialisation": ("land_cover", ("artificialised", "cover_code", "use_code")),
    "difference": ("land_cover", ()),
    "enaf": ("enaf", ("commune_code", "name")),
    "population": ("population", ("commune_code",)),
    "census": ("census", ("commune_code",)),
    "membership": ("membership", ("commune_code", "zone_code", "zone_name")),
    "stations": ("stations", ("uic_code", "name", "passengers")),
    "ridership": ("ridership", ("uic_code",)),
    "roads": ("roads", ("road_id", "nature", "importance", "direction", "ground", "speed")),
    "buildings": ("buildings", ("building_id", "main_use", "dwelling_count", "floor_count", "state")),
}
#: Names that carry a year: their readers find them by their form.
DATED = re.compile(r"cs_\d{4}|P\d\d_[A-Z]+")

SERVICE = """
[[service]]
id = "wfs"
kind = "wfs"
url = "https://wfs.example.fr/ows"
requests_per_second = 5

[[service]]
id = "ign"
kind = "ign_download"
url = "https://ign.example.fr/download"
requests_per_second = 5

[[service]]
id = "gouv"
kind = "data_gouv"
url = "https://gouv.example.fr/api"
hosts = ["files.example.fr", "old.example.fr:8443"]
requests_per_second = 5

[[service]]
id = "file"
kind = "file"
url = "https://files.example.fr"
requests_per_second = 5
"""

SOURCE = """
[[source]]
id = "communes"
title = "Communes"
producer = "IGN"
source = "ADMIN EXPRESS"
licence = "Licence Ouverte 2.0"
service = "wfs"
layer = "admin:commune"
geometry = "polygon"
key = ["id"]
scope = "communes"
scope_field = ["insee"]
vintage = "retrieved"
file = "communes/communes.gpkg"
documentation = "https://example.fr/communes"
fields = { commune_code = ["insee"] }
"""


def fields_of(section):
    return tomllib.loads((files("hp_sig.reference") / "fields.toml").read_text(encoding="utf-8"))[section]


@pytest.fixture
def written(tmp_path):
    """Write a catalogue in which some text was replaced; give its path."""

    def write(before: str = "", after: str = "", more: str = "") -> str:
        text = SERVICE + SOURCE
        assert before in text
        path = tmp_path / "catalogue.toml"
        path.write_text(text.replace(before, after, 1) + more, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def fault_of(written):
    def told(before: str = "", after: str = "", more: str = "") -> str:
        with pytest.raises(SourceError) as raised:
            load_catalogue(written(before, after, more))
        return str(raised.value)

    return told


# --- every entry of the package ---------------------------------------------------------------------------------


def test_every_data_set_that_is_wanted_is_there_and_no_other():
    assert {source.id for source in CATALOGUE.sources} == WANTED


@pytest.mark.parametrize("source", CATALOGUE.sources, ids=lambda source: source.id)
def test_an_entry_is_complete(source):
    service = CATALOGUE.service(source)

    assert all(text == text.strip() for text in (source.title, source.producer, source.source, source.licence))
    assert source.title[0].isupper()
    assert urlsplit(source.documentation).scheme == "https"
    assert urlsplit(source.documentation).hostname
    assert source.fields, "nothing would tell that its layout is the one we know"
    assert all(names and len(set(names)) == len(names) for names in source.fields.values())
    assert 1 <= source.max_age_days <= 366
    assert (source.geometry == "none") == (source.crs == "none")
    # An address is made of it, and the vintage that is recorded says it.
    assert (source.vintage == "edition") == (source.edition is not None)
    if source.edition is not None:
        assert "{edition}" in (source.layer or source.path or source.resource)
    if service.kind == "ign_download":
        assert {"{zone}", "{years}"} <= set(re.findall(r"\{\w+\}", source.file))
        assert {"{zone}", "{years}"} <= set(re.findall(r"\{\w+\}", source.delivery))
        assert source.vintage == "observed"
    else:
        suffix = {"polygon": ".gpkg", "line": ".gpkg", "point": ".geojson"}.get(source.geometry)
        assert PurePosixPath(source.file).suffix in ([suffix] if suffix else [".csv", ".xlsx"])
    if source.scope == "departements" and service.kind == "file":
        assert "{departement}" in source.path


@pytest.mark.parametrize("source", [one for one in CATALOGUE.sources if one.reader in NEEDED], ids=lambda one: one.id)
def test_its_reader_knows_the_fields_that_it_promises(source):
    section, needed = NEEDED[source.reader]
    known = {field: {name.casefold() for name in field_candidates(section, field)} for field in fields_of(section)}
    promised = {field: names for field, names in source.fields.items() if field in known}

    assert set(needed) <= set(promised)
    for field, names in promised.items():
        assert [name for name in names if name.casefold() not in known[field] and not DATED.fullmatch(name)] == []


def test_every_reader_but_that_of_movements_has_its_fields_looked_at():
    # Movements are read under INSEE's own names, which no other producer has.
    assert {source.reader for source in CATALOGUE.sources} - set(NEEDED) == {None, "movements"}


def test_places_are_all_different():
    folders = [source.file for source in CATALOGUE.sources]

    assert len(set(folders)) == len(folders)


def test_every_service_is_used_and_asked_no_more_than_its_producer_allows():
    assert {service.id for service in CATALOGUE.services} == {source.service for source in CATALOGUE.sources}
    # IGN: 30 requests a second for the WFS, 10 for downloads.
    assert CATALOGUE.service(CATALOGUE.source("communes")).requests_per_second <= 30
    assert CATALOGUE.service(CATALOGUE.source("ocsge")).requests_per_second <= 10
    # IGN gives 5000 features at most.
    assert all(service.page_size <= 5000 for service in CATALOGUE.services)


def test_every_address_is_a_host_without_wildcard():
    assert all(re.fullmatch(r"[a-z]+(\.[a-z-]+)+", host) for host in CATALOGUE.hosts)


def test_what_only_somebody_else_s_code_told_is_marked_so():
    assert TEXT.count("[3P]") > 10


# --- the layers of the default territory -------------------------------------------------------------------------

FETCHED = {name: layer for name, layer in load_territory().sources().items() if not layer.in_package}


@pytest.mark.parametrize("name", FETCHED)
def test_a_layer_of_the_default_territory_reads_the_place_that_its_data_set_goes_to(name):
    layer = FETCHED[name]
    source = CATALOGUE.source(layer.fetch)
    zone, years = "", ""
    if isinstance(layer, LandCoverSource):
        zone, years = f"D{layer.departement.zfill(3)}", "-".join(map(str, layer.years))

    place = source.place(zone=zone, years=years, edition=source.edition or "")

    # A place without suffix takes that of what is delivered.
    assert fnmatch.fnmatchcase(place if PurePosixPath(place).suffix else f"{place}.gpkg", layer.file)


@pytest.mark.parametrize(
    ("name", "title", "zone", "years"),
    [
        ("ocsge", "OCS-GE_2-0__SHP_LAMB93_D004_2018-01-01", "D004", "2018"),
        ("ocsge", "OCS-GE_2-0__GPKG_LAMB93_D013_2023-01-01", "D013", "2023"),
        ("ocsge_difference", "OCS-GE_2-0_DIFF_SHP_LAMB93_D004_2018-2021", "D004", "2018-2021"),
        ("ocsge_difference", "OCS-GE_2-0_DIIF_SHP_LAMB93_D004_2018-2021", "D004", "2018-2021"),
        ("ocsge_difference", "OCS-GE_2-0__SHP_LAMB93_D084_DIFF_2018-2021", "D084", "2018-2021"),
        ("ocsge_difference", "OCS-GE_2-0_DIFF-2020-2023_GPKG_LAMB93_D013_2025-05-07", "D013", "2020-2023"),
        ("ocsge_artificialisation", "OCS-GE_2-0_ARTIFICIALISATION_GPKG_LAMB93_D004_2018-01-01", "D004", "2018"),
        (
            "ocsge_artificialisation_difference",
            "OCS-GE-ARTIFICIALISATION_2-0_DIFF-2018-2021_GPKG_LAMB93_D004_2025-09-16",
            "D004",
            "2018-2021",
        ),
    ],
)
def test_a_delivery_of_ign_is_of_one_data_set_alone(name, title, zone, years):
    deliveries = {one.id: one.delivery for one in CATALOGUE.sources if one.delivery}

    found = [
        one
        for one, pattern in deliveries.items()
        if re.fullmatch(pattern.format(zone=zone, years=years, edition=""), title, re.IGNORECASE)
    ]

    assert found == [name]
    assert not re.fullmatch(deliveries[name].format(zone="D005", years=years, edition=""), title, re.IGNORECASE)
    assert not re.fullmatch(deliveries[name].format(zone=zone, years="2017-2020", edition=""), title, re.IGNORECASE)
    # The day of delivery is no year observed.
    assert not re.fullmatch(deliveries[name].format(zone=zone, years="2025", edition=""), title, re.IGNORECASE)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ocsge", "OCCUPATION_SOL.shp"),
        ("ocsge", "OCCUPATION_SOL.gpkg"),
        ("ocsge_difference", "DIFF_2018_2021.shp"),
        ("ocsge_difference", "diif_2018_2021.gpkg"),
        ("ocsge_artificialisation", "artif_2021_04.gpkg"),
        ("ocsge_artificialisation_difference", "zan_evol_2018_2021_04.gpkg"),
        ("census", "base_cc_comparateur.csv"),
    ],
)
def test_the_member_that_is_kept_is_the_layer_and_not_what_goes_with_it(name, file):
    pattern = re.compile(CATALOGUE.source(name).member, re.IGNORECASE)

    assert pattern.fullmatch(file)
    for other in ("ZONE_CONSTRUITE.shp", "OCCUPATION_SOL.dbf", "meta_base_cc_comparateur.csv", "lisezmoi.txt"):
        assert not pattern.fullmatch(other)


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Consommation d'espaces naturels, agricoles et forestiers du 1er janvier 2009 au 1er janvier 2024", "2024"),
        ("Consommation d’espaces naturels, agricoles et forestiers du 1er janvier 2011 au 1er janvier 2025", "2025"),  # noqa: RUF001 - the apostrophe of data.gouv
    ],
)
def test_both_editions_of_enaf_are_known_by_their_title(title, year):
    pattern = CATALOGUE.source("enaf").dataset_title.format(zone="", years="", edition="")

    assert re.fullmatch(pattern, title).group(1) == year


def test_another_data_set_of_the_same_name_is_not_taken_for_enaf():
    pattern = CATALOGUE.source("enaf").dataset_title.format(zone="", years="", edition="")

    assert not re.fullmatch(pattern, "Consommation d'espaces naturels, agricoles et forestiers")


@pytest.mark.parametrize("file", ["conso_com.csv", "conso-com.csv", "conso2009_2024_resultats_com.csv"])
def test_the_communes_of_enaf_are_found_among_its_files(file):
    pattern = CATALOGUE.source("enaf").resource.format(zone="", years="", edition="")

    assert re.fullmatch(pattern, file)
    for other in ("conso_com_metro.gpkg", "conso_epci.csv", "conso2009-2024-resultats-epci.csv", "conso-com.xlsx"):
        assert not re.fullmatch(pattern, other)


# --- the rules ---------------------------------------------------------------------------------------------------


def test_a_catalogue_of_one_s_own_is_loaded(written):
    catalogue = load_catalogue(written())

    assert catalogue.source("communes").fields == {"commune_code": ("insee",)}
    assert catalogue.service(catalogue.source("communes")).host == "wfs.example.fr"
    assert catalogue.hosts == {
        *("wfs.example.fr", "ign.example.fr", "gouv.example.fr", "files.example.fr", "old.example.fr:8443"),
    }


def test_the_variable_of_the_environment_names_the_catalogue(written, monkeypatch):
    monkeypatch.setenv(CATALOGUE_VARIABLE, written('title = "Communes"', 'title = "Les miennes"'))

    assert load_catalogue().source("communes").title == "Les miennes"


def test_a_path_wins_over_the_environment(written, monkeypatch, tmp_path):
    monkeypatch.setenv(CATALOGUE_VARIABLE, str(tmp_path / "absent.toml"))

    assert load_catalogue(written()).source("communes").title == "Communes"


def test_a_byte_order_mark_is_not_a_fault(tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text(SERVICE + SOURCE, encoding="utf-8-sig")

    assert load_catalogue(path).source("communes").id == "communes"


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"absent\.toml: expected a catalogue, found nothing there"):
        load_catalogue(tmp_path / "absent.toml")


@pytest.mark.parametrize("content", [b"[[service]", b"id = \xe9", b"\xff\xfe[\x00"], ids=["toml", "latin-1", "utf-16"])
def test_what_is_no_toml_is_said_so(tmp_path, content):
    path = tmp_path / "catalogue.toml"
    path.write_bytes(content)

    with pytest.raises(SourceError, match="cannot be read as TOML in UTF-8"):
        load_catalogue(path)


def test_a_folder_is_said_not_to_be_one(tmp_path):
    with pytest.raises(SourceError, match="cannot be read as TOML"):
        load_catalogue(tmp_path)


def test_an_empty_catalogue_lacks_its_two_tables(tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text("", encoding="utf-8")

    with pytest.raises(SourceError) as raised:
        load_catalogue(path)

    assert "2 faults" in str(raised.value)
    assert "- service: Field required" in str(raised.value)
    assert "- source: Field required" in str(raised.value)


def test_every_fault_is_listed_and_an_entry_is_named_by_its_id(written, tmp_path):
    path = written('geometry = "polygon"', 'geometry = "surface"', 'colour = "red"')

    with pytest.raises(SourceError) as raised:
        load_catalogue(path)

    message = str(raised.value)
    assert message.startswith(f"{tmp_path / 'catalogue.toml'}: 2 faults.")
    assert "- source.communes.geometry: Input should be 'polygon', 'line', 'point' or 'none'" in message
    assert "- source.communes.colour: Extra inputs are not permitted" in message


def test_an_entry_without_id_is_named_by_its_rank(fault_of):
    assert "- source.0.id: Field required" in fault_of('id = "communes"\n')


@pytest.mark.parametrize(
    "address",
    [
        *("http://wfs.example.fr/ows", "ftp://wfs.example.fr", "wfs.example.fr", "file:///etc/passwd"),
        *("http://127.0.0.1.example.fr/", "HTTP://10.0.0.1/ows", "/ows"),
    ],
)
def test_an_address_without_tls_is_refused(fault_of, address):
    assert "service.wfs.url: an https:// address expected" in fault_of("https://wfs.example.fr/ows", address)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/ows", "http://localhost/ows", "http://[::1]:80/ows"])
def test_this_machine_may_be_asked_without_tls(written, address):
    catalogue = load_catalogue(written("https://wfs.example.fr/ows", address))

    assert urlsplit(address).netloc in catalogue.hosts


@pytest.mark.parametrize("address", ["?apikey=secret", "?", "#secret"])
def test_an_address_with_a_key_that_would_be_in_every_record_is_a_fault(fault_of, address):
    fault = fault_of("https://wfs.example.fr/ows", f"https://wfs.example.fr/ows{address}")

    assert "service.wfs.url: an address without ? or # expected" in fault
    assert "secret" not in fault


@pytest.mark.parametrize("address", ["https:///ows", "https://user:secret@wfs.example.fr/ows"])
def test_an_address_has_a_host_and_no_user(fault_of, address):
    assert "an address with a host and without user name expected" in fault_of("https://wfs.example.fr/ows", address)


def test_the_case_of_a_host_does_not_matter(written):
    assert "wfs.example.fr" in load_catalogue(written("https://wfs.example.fr", "https://WFS.Example.fr")).hosts


@pytest.mark.parametrize("host", ["https://files.example.fr", "files.example.fr/resources", "*.example.fr", ""])
def test_a_host_is_no_address_and_no_pattern(fault_of, host):
    assert "service.gouv.hosts.0" in fault_of('"files.example.fr"', f'"{host}"')


@pytest.mark.parametrize("rate", ["0", "-1", '"5 a second"'])
def test_a_rate_is_a_number_over_zero(fault_of, rate):
    message = fault_of("requests_per_second = 5", f"requests_per_second = {rate}")

    assert "1 fault.\n  - service.wfs.requests_per_second: Input should be" in message


def test_services_that_come_twice_are_refused(fault_of):
    assert "services given twice: 'wfs'" in fault_of('id = "ign"', 'id = "wfs"')


def test_data_sets_that_come_twice_are_refused(fault_of):
    assert "sources given twice: 'communes'" in fault_of(more=SOURCE)


def test_an_id_is_a_plain_word(fault_of):
    assert "source.les communes.id" in fault_of('id = "communes"', 'id = "les communes"')


def test_a_service_that_is_not_described_is_refused(fault_of):
    assert "communes: service 'wms' is not described" in fault_of('service = "wfs"', 'service = "wms"')


def test_a_kind_of_service_that_nobody_knows_is_refused(fault_of):
    assert "service.wfs.kind: Input should be 'wfs'" in fault_of('kind = "wfs"', 'kind = "wms"')


def test_a_wfs_needs_a_layer_a_key_and_the_field_of_its_scope(fault_of):
    message = fault_of('layer = "admin:commune"\ngeometry = "polygon"\nkey = ["id"]', 'geometry = "polygon"\nkey = []')

    assert "communes: layer expected, found none" in message
    assert "communes: key expected, found none" in message
    assert "communes: scope_field expected, found none" in fault_of('scope_field = ["insee"]\n')


def test_a_wfs_asked_within_bounds_needs_no_field_of_its_scope(written):
    path = written('scope = "communes"\nscope_field = ["insee"]', 'scope = "bounds"\nmargin_m = 10')

    assert load_catalogue(path).source("communes").margin_m == 10


@pytest.mark.parametrize("absent", ["product", "delivery", "member"])
def test_a_delivery_of_ign_needs_its_product_its_name_and_its_member(fault_of, absent):
    given = {"product": "OCSGE", "delivery": "OCS-GE_{zone}_{years}", "member": "occupation.*"}
    lines = "\n".join(f"{name} = '{value}'" for name, value in given.items() if name != absent)

    assert f"communes: {absent} expected, found none" in fault_of('service = "wfs"', f'service = "ign"\n{lines}')


def test_a_data_set_of_data_gouv_needs_a_resource_and_a_way_to_find_it(fault_of):
    assert "communes: resource expected, found none" in fault_of('service = "wfs"', 'service = "gouv"\ndataset = "d1"')

    message = fault_of('service = "wfs"', 'service = "gouv"\nresource = "x"\norganisation = "cerema"')

    assert "communes: dataset, or organisation and dataset_title, expected" in message


@pytest.mark.parametrize("found_by", ['dataset = "d1"', 'organisation = "cerema"\ndataset_title = "Conso"'])
def test_a_data_set_of_data_gouv_is_found_by_its_id_or_by_its_title(written, found_by):
    path = written('service = "wfs"', f'service = "gouv"\nresource = "x"\n{found_by}')

    assert load_catalogue(path).source("communes").resource == "x"


def test_a_plain_file_needs_its_path(fault_of):
    assert "communes: path expected, found none" in fault_of('service = "wfs"', 'service = "file"')


@pytest.mark.parametrize("name", ["delivery", "member", "dataset_title", "resource"])
@pytest.mark.parametrize("pattern", ["(unclosed", "[", "*"])
def test_a_pattern_that_is_no_regular_expression_is_refused(fault_of, name, pattern):
    message = fault_of('service = "wfs"', f"service = \"wfs\"\n{name} = '{pattern}'")

    assert f"source.communes.{name}: a regular expression expected" in message


@pytest.mark.parametrize("pattern", [r"\d{4}", "{annee}", "{zone.name.x}", "{0}", "{"])
def test_a_brace_that_nothing_fills_in_is_refused_in_a_pattern(fault_of, pattern):
    message = fault_of('service = "wfs"', f"service = \"wfs\"\nresource = '{pattern}'")

    assert "nothing but {zone}, {years}, {edition} to fill in expected; any other brace is doubled" in message


def test_a_doubled_brace_counts_repetitions(written):
    path = written('service = "wfs"', "service = \"wfs\"\nresource = 'conso_\\d{{4}}'")

    assert load_catalogue(path).source("communes").resource.format() == r"conso_\d{4}"


@pytest.mark.parametrize(
    "place",
    [
        *("communes.gpkg", "/", "/etc/passwd", "../communes.gpkg", "communes/../../x.gpkg", "communes//x.gpkg"),
        *("communes/", "./communes.gpkg", "C:/communes.gpkg", "communes/x.gpkg:hidden", "communes/a\\\\x.gpkg"),
        *(".hp_sig/held/communes.gpkg", "communes/.x.gpkg"),
    ],
)
def test_a_place_outside_the_raw_folder_or_in_a_hidden_one_is_refused(fault_of, place):
    message = fault_of('"communes/communes.gpkg"', f'"{place}"')

    assert "source.communes.file: a place such as communes/communes.gpkg expected" in message


def test_a_place_is_filled_in_with_nothing_but_zone_years_and_edition(fault_of):
    assert "nothing but {zone}, {years}, {edition}" in fault_of("communes/communes.gpkg", "communes/{departement}.gpkg")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"admin:commune"', '"admin.{year}:commune"'),
        ('service = "wfs"', 'service = "wfs"\npath = "/api?departement={code}"'),
    ],
)
def test_an_address_is_filled_in_with_nothing_but_departement_and_edition(fault_of, before, after):
    assert "nothing but {departement}, {edition} to fill in expected" in fault_of(before, after)


def test_a_reader_that_nobody_knows_is_refused(fault_of):
    message = fault_of('scope = "communes"', 'scope = "communes"\nreader = "comunes"')

    assert "source.communes.reader: Input should be 'communes', 'pnr'" in message


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('vintage = "retrieved"', 'vintage = "today"', "vintage"),
        ('scope = "communes"', 'scope = "regions"', "scope"),
        ('geometry = "polygon"', 'geometry = "polygon"\ncrs = "EPSG:3857"', "crs"),
        ('title = "Communes"', 'title = ""', "title"),
        ('vintage = "retrieved"', 'vintage = "retrieved"\nmax_age_days = 0', "max_age_days"),
        ('vintage = "retrieved"', 'vintage = "retrieved"\nmax_bytes = 0', "max_bytes"),
        ('vintage = "retrieved"', 'vintage = "retrieved"\nmargin_m = -1', "margin_m"),
        ('documentation = "https://example.fr/communes"\n', "", "documentation"),
        ('licence = "Licence Ouverte 2.0"\n', "", "licence"),
    ],
)
def test_a_value_that_is_not_one_of_its_kind_is_refused(fault_of, before, after, field):
    assert f"source.communes.{field}: " in fault_of(before, after)


def test_a_data_set_that_is_not_there_is_told_with_those_that_are(written):
    with pytest.raises(SourceError, match=r"no data set is called « comunes »\. Known: communes\."):
        load_catalogue(written()).source("comunes")


def test_a_place_takes_zone_years_and_edition():
    told = tomllib.loads(SOURCE)["source"][0] | {"file": "ocsge/OCS-GE_{zone}_{years}_{edition}"}

    source = Source.model_validate(told)

    assert source.place(zone="D004", years="2018", edition="M2") == "ocsge/OCS-GE_D004_2018_M2"


def test_an_entry_cannot_be_changed(written):
    with pytest.raises(ValueError, match="frozen"):
        load_catalogue(written()).source("communes").title = "Autre"
