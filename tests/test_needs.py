import re
from pathlib import Path

import pytest
from catalogues import catalogue as described
from catalogues import service, source

from hp_sig import SourceError, TerritoryError, load_territory
from hp_sig.fetching.needs import file_in_place, foreign_files, needs_of
from hp_sig.reference.catalogue import Catalogue
from hp_sig.sources.provenance import record_path


def catalogue(*sources: dict[str, object]) -> Catalogue:
    return described([service("http://127.0.0.1:1")], [source(**one) for one in sources])


COMMUNES = {"id": "communes", "file": "communes/communes.gpkg", "edition": "LATEST"}
LAND = {"id": "ocsge", "file": "ocsge/OCS-GE_{zone}_{years}"}
FRICHES = {"id": "friches", "file": "friches/friches.csv"}


def with_fetch(territory_file: Path, section: str = "[boundaries]", file: str = "communes/*.gpkg", **keys: str) -> Path:
    """Give the boundaries of the six squares another file, and a data set to fetch."""
    text = territory_file.read_text(encoding="utf-8").replace('file = "communes.gpkg"', f'file = "{file}"')
    more = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    territory_file.write_text(text.replace(section + "\n", section + "\n" + more), encoding="utf-8")
    return territory_file


def cover(departement: str, years: str) -> str:
    return f"""
[[land_cover]]
kind = "cover"
departement = "{departement}"
years = [{years}]
file = "ocsge/*{departement}_{years.replace(", ", "-")}*"
fetch = "ocsge"
vintage = "2018"
producer = "IGN"
source = "OCS GE"
licence = "Licence Ouverte 2.0"
optional = true
"""


def test_a_territory_needs_the_data_sets_of_its_layers_and_no_other(territory_file):
    territory = load_territory(with_fetch(territory_file, fetch="communes"))

    (need,) = needs_of(territory, catalogue(COMMUNES, FRICHES))

    assert (need.layer, need.wanted.file) == ("communes", "communes/communes.gpkg")
    assert need.wanted.communes == ("04001", "04002", "04003", "04004", "04005", "83006")
    assert need.wanted.departements == ("04", "83")


def test_land_cover_is_needed_by_departement_and_years(territory_file):
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write(cover("04", "2018") + cover("83", "2017"))
    territory = load_territory(territory_file)

    needs = needs_of(territory, catalogue(LAND))

    assert [need.wanted.file for need in needs] == ["ocsge/OCS-GE_D004_2018", "ocsge/OCS-GE_D083_2017"]
    assert [need.wanted.departements for need in needs] == [("04",), ("83",)]
    assert [need.wanted.years for need in needs] == [(2018,), (2017,)]


def test_the_section_fetch_adds_data_sets_that_no_layer_reads(territory_file):
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write('\n[fetch]\nsources = ["friches"]\n')
    territory = load_territory(territory_file)

    assert [(need.wanted.source.id, need.layer) for need in needs_of(territory, catalogue(FRICHES))] == [
        ("friches", None)
    ]


def test_an_edition_is_asked_for_after_an_at_sign(territory_file):
    territory = load_territory(with_fetch(territory_file, fetch="communes@2024"))

    (need,) = needs_of(territory, catalogue(COMMUNES))

    assert need.wanted.edition == "2024"


@pytest.mark.parametrize("name", ["communes", "ocsge", "land_cover_04_2018"])
def test_a_name_is_that_of_a_data_set_or_of_a_layer(territory_file, name):
    with with_fetch(territory_file, fetch="communes").open("a", encoding="utf-8") as stream:
        stream.write(cover("04", "2018"))
    territory = load_territory(territory_file)

    (need,) = needs_of(territory, catalogue(COMMUNES, LAND), [name])

    assert name in {need.layer, need.wanted.source.id}


def test_a_data_set_that_no_layer_needs_is_fetched_when_it_is_named(territory_file):
    (need,) = needs_of(load_territory(territory_file), catalogue(FRICHES), ["friches"])

    assert need.layer is None


def test_communes_come_first_whatever_the_order_in_which_they_are_named(territory_file):
    territory = load_territory(with_fetch(territory_file, fetch="communes"))

    needs = needs_of(territory, catalogue(COMMUNES, FRICHES), ["friches", "communes"])

    assert [need.wanted.source.id for need in needs] == ["communes", "friches"]


def test_a_name_that_nothing_has_is_refused_with_those_that_exist(territory_file):
    with pytest.raises(SourceError, match=r"no data set is called « forests »\. Known: communes, friches"):
        needs_of(load_territory(territory_file), catalogue(COMMUNES, FRICHES), ["forests"])


def test_a_layer_that_does_not_read_the_place_of_its_data_set_is_refused_with_what_to_write(territory_file):
    territory = load_territory(with_fetch(territory_file, file="limits/*.gpkg", fetch="communes"))

    with pytest.raises(SourceError, match=re.escape("Write file = 'communes/communes.gpkg' there")):
        needs_of(territory, catalogue(COMMUNES))


def test_land_cover_cannot_be_named_without_the_layer_that_tells_its_years(territory_file):
    with pytest.raises(SourceError, match="is published by département and year"):
        needs_of(load_territory(territory_file), catalogue(LAND), ["ocsge"])


def test_two_editions_that_would_go_to_one_place_are_refused(territory_file):
    territory = load_territory(with_fetch(territory_file, fetch="communes"))

    with pytest.raises(SourceError, match=r"two data sets go to communes/communes\.gpkg: 'communes', 'communes@2020'"):
        needs_of(territory, catalogue(COMMUNES), ["communes", "communes@2020"])


def test_an_edition_of_a_data_set_that_has_none_is_refused(territory_file):
    with pytest.raises(SourceError, match="« friches » has no editions to choose from"):
        needs_of(load_territory(territory_file), catalogue(FRICHES), ["friches@2020"])


def test_a_data_set_that_is_badly_written_is_a_fault_of_the_territory_file(territory_file):
    with pytest.raises(TerritoryError, match=r"boundaries\.fetch"):
        load_territory(with_fetch(territory_file, fetch="Les communes"))


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def need(territory_file):
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write(cover("04", "2018"))
    (need,) = needs_of(load_territory(territory_file), catalogue(LAND))
    return need


@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_a_place_without_suffix_is_found_with_that_of_its_delivery(need, raw, suffix):
    (raw / "ocsge").mkdir()
    file = raw / "ocsge" / f"OCS-GE_D004_2018{suffix}"
    file.write_bytes(b"x")
    record_path(file).write_bytes(b"{}")

    assert file_in_place(raw, need.wanted) == file


def test_a_file_of_another_place_is_not_taken_for_it(need, raw):
    (raw / "ocsge").mkdir()
    (raw / "ocsge" / "OCS-GE_D004_2018-old.gpkg").write_bytes(b"x")

    assert file_in_place(raw, need.wanted) is None


def test_files_that_the_layer_would_read_besides_are_foreign(need, raw, territory_file):
    (raw / "ocsge").mkdir()
    for name in ("OCS-GE_D004_2018.gpkg", "OCS-GE_2-0__SHP_LAMB93_D004_2018-01-01.7z"):
        (raw / "ocsge" / name).write_bytes(b"x")
    territory = load_territory(territory_file)

    found = foreign_files(territory, raw, need)

    # The pattern *04_2018* meets both; one is ours.
    assert [file.name for file in found] == ["OCS-GE_2-0__SHP_LAMB93_D004_2018-01-01.7z"]
