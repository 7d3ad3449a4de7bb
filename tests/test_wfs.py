import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from geoserver import geoserver
from mapserver import Served, mapserver
from wfs_world import CODES, SOUTH, V3, WEST, Asking, communes, source, squares

from hp_sig.errors import SourceError


@pytest.fixture
def server():
    with geoserver(communes()) as running:
        yield running


def test_every_feature_comes_once_with_its_attributes_as_served(server, tmp_path):
    asking = Asking(url=server.url, folder=tmp_path)
    fetched = asking.get()

    expected = gpd.GeoDataFrame(
        {
            "cleabs": pd.Series([f"COMMUNE_{code}" for code in CODES], dtype="str"),
            "nom_officiel": pd.Series([f"L'Escale {code}" for code in CODES], dtype="str"),
            "code_insee": pd.Series(CODES, dtype="str"),
            "code_insee_du_departement": pd.Series(["04"] * 25, dtype="str"),
            # A whole number that is missing makes the column a float once read back by pandas.
            "population": [float("nan"), *(10.0 * int(code) for code in CODES[1:])],
            "superficie_cadastrale": [100.0] * 25,
        },
        geometry=squares(),
        crs=2154,
    )
    got = gpd.read_file(fetched.path, layer="communes")
    assert set(got.geom_type) == {"MultiPolygon"}
    assert_geodataframe_equal(got.explode(ignore_index=True), expected, normalize=True)
    assert (fetched.rows, fetched.vintage) == (25, "2026")
    assert fetched.mark == {"edition": "2026", "features": "25"}
    assert asking.progress == [(0, 25), (10, 25), (20, 25), (25, 25)]


def test_pages_are_posted_for_one_type_in_the_order_of_its_key_in_lambert_93(server, tmp_path):
    Asking(url=server.url, folder=tmp_path).get()

    pages = [one for one in server.asked if "startindex" in one]
    assert [one["startindex"] for one in pages] == ["0", "10", "20"]
    for page in pages:
        del page["startindex"]
        assert page == {
            "method": "POST",
            "service": "WFS",
            "version": "2.0.0",
            "request": "GetFeature",
            "outputformat": "application/json",
            "typenames": "demo:commune",
            "sortby": "cleabs",
            "srsname": "EPSG:2154",
            "count": "10",
        }


def test_look_asks_for_a_count_and_no_feature(server, tmp_path):
    offer = Asking(url=server.url, folder=tmp_path).look()

    assert (offer.features, offer.vintage, offer.mark) == (25, "2026", {"edition": "2026", "features": "25"})
    assert server.starts == []


@pytest.mark.parametrize(
    ("scope", "part", "expected"),
    [
        ("communes", {"communes": ("04003", "04001", "04001")}, ["04001", "04003"]),
        ("communes", {"communes": ("04025",)}, ["04025"]),
        ("departements", {"departements": ("04",)}, CODES),
        # 100 m into the second column and the second row: four squares.
        (
            "bounds",
            {"bounds": (WEST + 900.5, SOUTH + 900.5, WEST + 1100.5, SOUTH + 1100.5)},
            [CODES[0], CODES[1], CODES[5], CODES[6]],
        ),
        ("all", {}, CODES),
    ],
)
@pytest.mark.parametrize("language", ["cql", "fes"])
def test_only_what_the_territory_needs_comes(language, scope, part, expected, tmp_path):
    field = "code_insee_du_departement" if scope == "departements" else "code_insee"
    asked = source(scope=scope, scope_field=(field,))
    with server_of(language, tmp_path) as running:
        fetched = Asking(url=running.url, folder=tmp_path, source=asked, filter=language).get(**part)

    assert sorted(gpd.read_file(fetched.path)["code_insee"]) == expected
    assert fetched.rows == len(expected)


def test_mapserver_gives_every_page_and_is_asked_for_the_count_with_each(tmp_path):
    with server_of("fes", tmp_path) as running:
        fetched = Asking(url=running.url, folder=tmp_path, filter="fes", page_size=5).get()

    got = gpd.read_file(fetched.path)
    assert got["code_insee"].tolist() == CODES
    assert got.area.tolist() == pytest.approx([1e6] * 25, rel=1e-9)
    assert got.total_bounds.tolist() == [WEST, SOUTH, WEST + 5000, SOUTH + 5000]
    # The one from 25 proves that nothing comes behind a last page that is full.
    assert running.starts == [0, 5, 10, 15, 20, 25]
    assert len([one for one in running.asked if one.get("resulttype") == "hits"]) == 6


def test_mapserver_says_which_layer_it_does_not_have(tmp_path):
    with server_of("fes", tmp_path) as running:
        asking = Asking(url=running.url, folder=tmp_path, filter="fes", source=source(layer="demo:epci"))
        with pytest.raises(SourceError, match="demo:epci"):
            asking.get()


def test_bounds_that_are_not_known_are_told_before_anything_is_asked(server, tmp_path):
    asking = Asking(url=server.url, folder=tmp_path, source=source(scope="bounds"))
    with pytest.raises(SourceError, match="the communes must be fetched first"):
        asking.get()
    with pytest.raises(SourceError, match="the communes must be fetched first"):
        asking.look()

    assert server.asked == []


def test_a_layer_of_the_schema_before_2025_is_asked_by_its_own_names_and_said_so(tmp_path):
    asked = source(scope="communes")
    with geoserver(communes(V3)) as server:
        fetched = Asking(url=server.url, folder=tmp_path, source=asked).get(communes=("04002",))

    assert server.asked[-1]["cql_filter"] == "insee_com IN ('04002')"
    assert server.asked[-1]["sortby"] == "id"
    assert fetched.notes == ("Fields of an older schema: insee_com for code_insee, nom for nom_officiel.",)
    assert gpd.read_file(fetched.path)["insee_com"].tolist() == ["04002"]


def test_the_latest_edition_is_asked_for_by_its_year_and_told(server, tmp_path):
    server.types = ("ADMIN.2024:commune", "ADMIN.2026:commune", "ADMIN.LATEST:commune", "ADMIN-CARTO.2027:commune")
    asked = source(layer="ADMIN.{edition}:commune", edition="LATEST")
    asking = Asking(url=server.url, folder=tmp_path, source=asked)
    fetched = asking.get()

    assert fetched.vintage == "2026"
    assert fetched.mark["edition"] == "2026"
    assert {one["typenames"] for one in server.asked if "typenames" in one} == {"ADMIN.2026:commune"}
    assert [one["request"] for one in server.asked].count("GetCapabilities") == 1
    assert asking.get_offline().vintage == "2026"


def test_the_latest_edition_of_another_layer_is_not_given_from_the_cache(server, tmp_path):
    server.types = ("ADMIN.2026:commune",)
    asking = Asking(url=server.url, folder=tmp_path, source=source(layer="ADMIN.{edition}:commune", edition="LATEST"))
    asking.get()
    asking.source = source(layer="ADMIN-CARTO.{edition}:commune", edition="LATEST")

    with pytest.raises(SourceError, match=r"found only ADMIN\.2026:commune"):
        asking.get_offline()


def test_an_edition_that_is_asked_for_goes_before_that_of_the_catalogue(server, tmp_path):
    server.types = ("ADMIN.2024:commune", "ADMIN.2026:commune")
    asked = source(layer="ADMIN.{edition}:commune", edition="LATEST")
    asking = Asking(url=server.url, folder=tmp_path, source=asked)
    assert asking.get(edition="2024").vintage == "2024"

    # What is in the cache is of no other year.
    with pytest.raises(SourceError, match=r"found only ADMIN\.2024:commune"):
        asking.get_offline(edition="2026")


def test_a_continuous_base_is_of_the_day_it_came(server, tmp_path):
    asking = Asking(url=server.url, folder=tmp_path, source=source(vintage="retrieved", edition=None))
    before = dt.datetime.now(dt.UTC).astimezone().date()
    vintages = [asking.look().vintage, asking.get().vintage, asking.get_offline().vintage]
    after = dt.datetime.now(dt.UTC).astimezone().date()

    assert {before.isoformat(), after.isoformat()} >= set(vintages)


def test_a_vintage_that_a_wfs_cannot_tell_is_a_fault_of_the_catalogue(server, tmp_path):
    with pytest.raises(SourceError, match="expected 'edition' or 'retrieved'"):
        Asking(url=server.url, folder=tmp_path, source=source(vintage="title")).look()


def test_a_layer_wanted_without_geometry_becomes_a_table(server, tmp_path):
    asked = source(geometry="none", crs="none", file="communes/municipalities.csv")
    fetched = Asking(url=server.url, folder=tmp_path, source=asked).get()

    assert fetched.path.name == "municipalities.csv"
    lines = fetched.path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 26
    assert lines[0] == "cleabs;nom_officiel;code_insee;code_insee_du_departement;population;superficie_cadastrale"
    assert lines[1:3] == [
        "COMMUNE_04001;L'Escale 04001;04001;04;;100.0",
        "COMMUNE_04002;L'Escale 04002;04002;04;40020;100.0",
    ]


def test_what_came_whole_is_given_again_without_network(server, tmp_path):
    asking = Asking(url=server.url, folder=tmp_path)
    first = asking.get()
    asked = len(server.asked)
    again = asking.get_offline()

    assert len(server.asked) == asked
    assert_geodataframe_equal(gpd.read_file(again.path), gpd.read_file(first.path))
    assert (again.sha256_downloaded, again.downloaded) == (first.sha256_downloaded, first.downloaded)
    assert (again.rows, again.mark, again.notes) == (first.rows, first.mark, first.notes)


def test_what_never_came_cannot_be_had_without_network(tmp_path):
    with pytest.raises(SourceError, match="it never came whole"):
        Asking(url="http://127.0.0.1:9/", folder=tmp_path).get_offline()


def test_pages_of_another_territory_are_not_given_for_this_one(server, tmp_path):
    asking = Asking(url=server.url, folder=tmp_path, source=source(scope="communes"))
    asking.get(communes=("04001",))

    assert asking.get_offline(communes=("04001",)).rows == 1
    with pytest.raises(SourceError, match="for another territory"):
        asking.get_offline(communes=("04001", "04002"))


def test_a_territory_without_a_feature_is_told(server, tmp_path):
    asking = Asking(url=server.url, folder=tmp_path, source=source(scope="communes"))
    with pytest.raises(SourceError, match=r"expected features, found none \(code_insee IN \('83150'\)\)"):
        asking.get(communes=("83150",))

    assert server.starts == []


def test_a_layer_far_from_the_territory_is_refused_and_not_kept(server, tmp_path):
    asking = Asking(url=server.url, folder=tmp_path)
    with pytest.raises(SourceError, match="expected to meet the bounds of the territory"):
        asking.get(bounds=(600_000, 6_800_000, 700_000, 6_900_000))

    server.asked.clear()
    asking.get(bounds=(WEST, SOUTH, WEST + 10, SOUTH + 10))
    assert server.starts == [0, 10, 20]


def server_of(language, folder):
    """The communes, on a server that understands a language of filters."""
    if language == "cql":
        return geoserver(communes())
    served = communes()
    layer = gpd.GeoDataFrame(served.rows, geometry=served.shapes, crs=2154)
    file = folder / "served.gpkg"
    # In no order that a sort could be mistaken for.
    layer.sample(frac=1, random_state=4).to_file(file, layer="commune", driver="GPKG")
    return mapserver(folder, [Served(name="commune", file=file, table="commune", key="cleabs")])
