import pytest
from geoserver import geoserver
from wfs_world import Asking, communes, source

from hp_sig.errors import SourceError


@pytest.fixture
def server():
    with geoserver(communes()) as running:
        yield running


def test_every_field_that_is_not_there_is_told_at_once_with_what_is(server, tmp_path):
    asked = source(
        key=("gid",),
        fields={"a": ("population",), "b": ("area", "surface"), "c": ("siren",)},
        scope="communes",
        scope_field=("insee",),
    )
    with pytest.raises(SourceError) as told:
        Asking(url=server.url, folder=tmp_path, source=asked).look(communes=("04001",))

    assert str(told.value) == (
        f"communes: demo:commune of {server.url} has changed. key: expected gid; scope: expected insee; field b: "
        "expected area or surface; field c: expected siren; found cleabs, nom_officiel, code_insee, "
        "code_insee_du_departement, population, superficie_cadastrale, geometrie (geometry). Add the new names to "
        "communes in the catalogue."
    )


def test_a_layer_that_has_no_geometry_any_more_is_told(server, tmp_path):
    del server.fields["geometrie"]

    with pytest.raises(SourceError, match=r"has changed\. geometry: expected polygons; found cleabs"):
        Asking(url=server.url, folder=tmp_path).look()


def test_names_are_found_whatever_their_case(server, tmp_path):
    asked = source(key=("CLEABS",), fields={"commune_code": ("CODE_INSEE",)})

    assert Asking(url=server.url, folder=tmp_path, source=asked).get().notes == ()


def test_the_latest_edition_of_a_layer_that_has_no_year_is_told(server, tmp_path):
    server.types = ("ADMIN.LATEST:commune", "ADMIN.2026:epci")
    asked = source(layer="ADMIN.{edition}:commune", edition="LATEST")

    with pytest.raises(
        SourceError, match=r"expected yearly layers such as 'ADMIN\.2026:commune', found none among the 2"
    ):
        Asking(url=server.url, folder=tmp_path, source=asked).look()


def test_an_edition_that_nobody_tells_is_asked_for(server, tmp_path):
    asked = source(layer="ADMIN.{edition}:commune", edition=None)

    with pytest.raises(SourceError, match="expected an edition, found none"):
        Asking(url=server.url, folder=tmp_path, source=asked).look()
