"""Pages of hubs on their own, on the six squares with a street along A, B and C (see test_results_hubs.py)."""

import csv

import geopandas as gpd
import pytest
from shapely import LineString, Point
from squares import ORIGIN, square

from hp_sig import HpSigError, OutputError, refresh
from hp_sig.refresh.hubs import HubRequest, write_some_hubs

ROADS = """
[roads]
file = "roads.gpkg"
vintage = "2021"
producer = "OSM"
source = "OpenStreetMap"
licence = "ODbL"
"""


@pytest.fixture
def where(raw, territory_file):
    x, y = ORIGIN
    line = LineString([(x, y + 500), (x + 3000, y + 500)])
    columns = {"osm_id": ["1"], "fclass": ["residential"], "oneway": ["B"]}
    gpd.GeoDataFrame(columns, geometry=[line], crs=2154).to_file(raw / "roads.gpkg", layer="roads")
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write(ROADS)
    return {"territory": territory_file, "raw": raw}


@pytest.fixture
def drawn(tmp_path):
    """Two footprints that an officer drew: 1 ha in A on the street, 4 ha in B."""
    shapes = [square(0.2, 0.5, 0.1, 0.1), square(1.2, 0.5, 0.2, 0.2)]
    columns = {"id": ["petit", "grand"], "nom": ["Petit pôle", "Grand pôle"]}
    path = tmp_path / "variantes.gpkg"
    gpd.GeoDataFrame(columns, geometry=shapes, crs=2154).to_file(path)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_hub_has_a_sheet_and_a_map(where, tmp_path):
    files = write_some_hubs(HubRequest(hubs=("hub",)), tmp_path / "out", **where)

    assert [file.name for file in files] == ["fiche-hub.html", "carte-hub.html"]
    assert names(tmp_path / "out") == ["carte-hub.html", "fiche-hub.html"]
    sheet = files[0].read_text(encoding="utf-8")
    assert "carte-hub.html" in sheet
    assert "index.html" not in sheet


def test_without_a_name_every_hub_is_written(where, tmp_path):
    assert len(write_some_hubs(HubRequest(), tmp_path / "out", **where)) == 2


def test_footprints_that_an_officer_drew_are_compared_in_one_map_and_one_table(where, drawn, tmp_path):
    request = HubRequest(projects=drawn, is_compared=True)

    files = write_some_hubs(request, tmp_path / "out", **where)

    wanted = [f"{kind}-{name}.html" for name in ("petit", "grand") for kind in ("fiche", "carte")]
    assert sorted(file.name for file in files) == sorted([*wanted, "comparaison.html", "comparaison.csv"])
    page = (tmp_path / "out" / "comparaison.html").read_text(encoding="utf-8")
    assert "Petit pôle" in page
    assert "Grand pôle" in page
    with (tmp_path / "out" / "comparaison.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["indicator"]: row for row in csv.DictReader(stream)}
    assert (float(rows["footprint_ha"]["petit"]), float(rows["footprint_ha"]["grand"])) == (1.0, 4.0)
    # The figures of a spreadsheet are rounded, and say that a take is potential.
    assert all(len(row["petit"].partition(".")[2]) <= 6 for row in rows.values())
    assert all(row["caveat"].startswith("Prise potentielle seulement") for row in rows.values())
    # On the street: in 5 minutes 400 m either way of the edge of the footprint, of a street of 1 km with 10 people.
    assert float(rows["population_walk_5"]["petit"]) > 0


def test_what_an_officer_drew_is_cited_as_such_and_not_as_the_contract(where, drawn, tmp_path):
    files = write_some_hubs(HubRequest(projects=drawn, is_compared=True), tmp_path / "out", **where)

    for page in (file.read_text(encoding="utf-8") for file in files if file.suffix == ".html"):
        assert "Dessin de l" in page
        assert "variantes.gpkg" in page
        assert "CRET" not in page


def test_what_an_officer_drew_needs_no_project_of_the_territory(where, drawn, tmp_path):
    text = where["territory"].read_text(encoding="utf-8")
    head, tail = text.split("[projects]")
    where["territory"].write_text(head + "[roads]" + tail.split("[roads]")[1], encoding="utf-8")

    files = write_some_hubs(HubRequest(projects=drawn), tmp_path / "out", **where)

    assert len(files) == 4


def test_a_footprint_without_a_name_is_told_by_its_identifier(where, tmp_path):
    path = tmp_path / "sans-nom.gpkg"
    shapes = [square(0.2, 0.5, 0.1, 0.1), square(1.2, 0.5, 0.1, 0.1)]
    gpd.GeoDataFrame({"id": ["a", "b"], "nom": ["", "B"]}, geometry=shapes, crs=2154).to_file(path)

    files = write_some_hubs(HubRequest(projects=path, is_compared=True), tmp_path / "out", **where)

    assert len(files) == 6
    assert "<title>a " in files[0].read_text(encoding="utf-8") or "<h1>a" in files[0].read_text(encoding="utf-8")


def test_more_alternatives_than_a_map_tells_apart_are_refused_before_anything_is_written(where, tmp_path):
    path = tmp_path / "sept.gpkg"
    shapes = [square(0.1 + 0.3 * rank, 0.5, 0.1, 0.1) for rank in range(7)]
    names = [f"v{rank}" for rank in range(7)]
    gpd.GeoDataFrame({"id": names, "nom": names}, geometry=shapes, crs=2154).to_file(path)

    with pytest.raises(HpSigError, match="at most 6 sites or footprints can be compared, found 7"):
        write_some_hubs(HubRequest(projects=path, is_compared=True), tmp_path / "out", **where)

    assert not (tmp_path / "out").exists()


def test_a_map_that_cannot_be_made_leaves_no_sheet_behind(where, tmp_path, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise OutputError("an icon that cannot be inside the page")

    monkeypatch.setattr("hp_sig.maps.hubs.writing.standalone_page", fails)

    with pytest.raises(OutputError, match="an icon"):
        write_some_hubs(HubRequest(), tmp_path / "out", **where)

    assert not (tmp_path / "out").exists()


def test_pages_that_are_there_are_left_as_they_were_unless_told_otherwise(where, tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "fiche-hub.html").write_text("mine", encoding="utf-8")

    with pytest.raises(OutputError, match=r"fiche-hub\.html.*there already"):
        write_some_hubs(HubRequest(), target, **where)

    assert names(target) == ["fiche-hub.html"]
    write_some_hubs(HubRequest(), target, **where, replace=True)
    assert (target / "fiche-hub.html").read_text(encoding="utf-8") != "mine"


def test_an_unknown_hub_is_told_with_those_that_there_are_and_nothing_is_written(where, tmp_path):
    with pytest.raises(HpSigError, match=r"hubs of Six carrés expected \('hub'\), found 'x'"):
        write_some_hubs(HubRequest(hubs=("x",)), tmp_path / "out", **where)

    assert not (tmp_path / "out").exists()


def test_a_territory_whose_projects_are_no_hubs_is_told_so(where, raw, tmp_path):
    rows = (raw / "projects.csv").read_text(encoding="utf-8").splitlines()
    (raw / "projects.csv").write_text("\n".join(row for row in rows if not row.startswith("hub,")), encoding="utf-8")

    with pytest.raises(HpSigError, match=r"no project is a hub.*station_uic"):
        write_some_hubs(HubRequest(), tmp_path / "out", **where)


def test_steps_are_told_with_only_the_families_that_a_hub_needs(where, tmp_path):
    steps = []

    write_some_hubs(HubRequest(), tmp_path / "out", **where, on_step=lambda *step: steps.append(step))

    assert [what for what, _, _ in steps][-2:] == ["project_screening", "catchments"]
    assert {count for *_, count in steps} == {len(steps)}


def test_a_refresh_writes_the_pages_of_every_hub_and_the_index_leads_there(where, tmp_path):
    out = tmp_path / "results"

    done = refresh(where["territory"], raw=where["raw"], out=out)

    assert names(out / "poles") == ["carte-hub.html", "fiche-hub.html"]
    assert {"poles/fiche-hub.html", "poles/carte-hub.html", "catchments.csv"} <= set(done.manifest["outputs"])
    index = (out / "index.html").read_text(encoding="utf-8")
    assert 'href="poles/fiche-hub.html"' in index
    assert 'href="poles/carte-hub.html"' in index
    assert 'href="../index.html"' in (out / "poles" / "fiche-hub.html").read_text(encoding="utf-8")
    assert not refresh(where["territory"], raw=where["raw"], out=out).plan.is_needed


def test_a_page_of_a_hub_that_is_gone_is_made_again(where, tmp_path):
    out = tmp_path / "results"
    refresh(where["territory"], raw=where["raw"], out=out)
    (out / "poles" / "carte-hub.html").unlink()

    done = refresh(where["territory"], raw=where["raw"], out=out)

    assert done.plan.is_needed
    assert (out / "poles" / "carte-hub.html").is_file()


def test_service_areas_go_into_the_geopackage_with_their_figures(where, tmp_path):
    out = tmp_path / "results"
    refresh(where["territory"], raw=where["raw"], out=out)

    areas = gpd.read_file(out / "territoire.gpkg", layer="service_areas")

    # The territory's own times: 5, 10 and 15 minutes on foot, 15 and 30 by bike.
    assert areas[["mode", "minutes"]].to_numpy().tolist() == [
        *(["walk", minutes] for minutes in (5, 10, 15)),
        *(["bike", minutes] for minutes in (15, 30)),
    ]
    assert set(areas.geom_type) == {"MultiPolygon"}
    assert areas["population"].gt(0).all()


@pytest.mark.parametrize("hub_id", ["CON", "../x", "Pôle A", "a" * 200])
def test_any_identifier_makes_a_name_of_a_file(where, raw, tmp_path, hub_id):
    rows = (raw / "projects.csv").read_text(encoding="utf-8")
    (raw / "projects.csv").write_text(rows.replace("\nhub,", f"\n{hub_id},"), encoding="utf-8")

    files = write_some_hubs(HubRequest(), tmp_path / "out", **where)

    assert all(file.parent == tmp_path / "out" and file.is_file() for file in files)
    assert names(tmp_path / "out") == sorted(file.name for file in files)


def test_a_point_of_an_officer_is_a_hub_that_stands_there(where, tmp_path):
    path = tmp_path / "site.geojson"
    point = gpd.GeoSeries([Point(ORIGIN[0] + 1500, ORIGIN[1] + 500)], crs=2154).to_crs(4326)
    gpd.GeoDataFrame({"id": ["ici"], "nom": ["Ici"]}, geometry=point, crs=4326).to_file(path)

    files = write_some_hubs(HubRequest(projects=path), tmp_path / "out", **where)

    assert [file.name for file in files] == ["fiche-ici.html", "carte-ici.html"]
