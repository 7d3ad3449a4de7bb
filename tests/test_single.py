import json
import re

import pytest
from squares import CODES

from hp_sig import HpSigError, OutputError
from hp_sig.refresh.single import KINDS, MapRequest, write_map, write_some_sheets


def model(path):
    """Read what a page draws."""
    page = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="hp-model">(.*?)</script>', page, re.DOTALL)[1])


@pytest.fixture
def where(raw, territory_file):
    return {"territory": territory_file, "raw": raw}


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("indicators", "Six carrés\u00a0: foncier et population, commune par commune"),
        ("territory", "Six carrés\u00a0: communes, intercommunalités, parcs et projets"),
        ("projects", "Six carrés\u00a0: les actions du contrat, par axe"),
    ],
)
def test_each_kind_of_map_is_written_as_a_page(where, tmp_path, kind, title):
    file = write_map(MapRequest(kind=kind), tmp_path / "carte.html", **where)

    assert file == tmp_path / "carte.html"
    assert model(file)["title"] == title
    assert kind in KINDS


def test_a_map_is_opened_at_the_indicator_and_the_period_asked_for(where, tmp_path):
    opened = model(write_map(MapRequest(kind="indicators", indicator="population"), tmp_path / "a.html", **where))
    dated = model(write_map(MapRequest(kind="territory", period="2017"), tmp_path / "b.html", **where))

    assert opened["themes"][opened["start"]]["key"] == "population"
    assert dated["themes"][0]["periods"][dated["themes"][0]["first"]] == "2017"


def test_a_file_that_ends_with_pdf_is_a_sheet_of_paper(where, tmp_path):
    pytest.importorskip("matplotlib")

    file = write_map(MapRequest(kind="territory"), tmp_path / "carte.PDF", **where)

    assert file.read_bytes().startswith(b"%PDF-")


def test_a_basemap_is_the_only_address_of_a_page_and_paper_has_none(where, tmp_path):
    plain = write_map(MapRequest(kind="territory"), tmp_path / "a.html", **where).read_text(encoding="utf-8")
    page = write_map(MapRequest(kind="territory", basemap="ortho"), tmp_path / "b.html", **where)

    assert "data.geopf.fr" not in plain
    assert re.search(r"img-src data: https://data\.geopf\.fr", page.read_text(encoding="utf-8"))
    with pytest.raises(OutputError, match="the paper map has none"):
        write_map(MapRequest(kind="territory", basemap="ortho"), tmp_path / "c.pdf", **where)


@pytest.mark.parametrize("name", ["carte.png", "carte"])
def test_another_end_of_the_name_is_refused_before_anything_is_read(tmp_path, name):
    with pytest.raises(OutputError, match=r"ends with \.html \(a page\) or \.pdf"):
        write_map(MapRequest(), tmp_path / name, territory=tmp_path / "nowhere.toml")


def test_a_folder_that_is_not_there_is_told_before_anything_is_read(tmp_path):
    with pytest.raises(OutputError, match="a folder that exists expected"):
        write_map(MapRequest(), tmp_path / "nowhere" / "carte.html", territory=tmp_path / "nowhere.toml")


@pytest.mark.parametrize("kind", ["territory", "projects"])
def test_an_indicator_of_a_map_that_has_none_is_refused_before_anything_is_read(tmp_path, kind):
    with pytest.raises(HpSigError, match=f"the map '{kind}' has no indicators to choose"):
        write_map(
            MapRequest(kind=kind, indicator="population"), tmp_path / "carte.html", territory=tmp_path / "no.toml"
        )


def test_a_file_that_is_there_is_left_as_it_was_unless_told_otherwise(where, tmp_path):
    file = tmp_path / "carte.html"
    file.write_text("mine", encoding="utf-8")

    with pytest.raises(OutputError, match=r"carte\.html.*there already.*--force"):
        write_map(MapRequest(kind="territory"), file, **where)
    assert file.read_text(encoding="utf-8") == "mine"

    write_map(MapRequest(kind="territory"), file, replace=True, **where)
    assert model(file)["names"] == list(CODES)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (MapRequest(indicator="nope"), r"theme: .*'population'.* expected, found 'nope'"),
        (MapRequest(indicator="population", period="1999"), r"period: one of those of 'population' .* found '1999'"),
    ],
)
def test_an_unknown_indicator_or_period_is_told_with_those_that_there_are(where, tmp_path, request_, message):
    with pytest.raises(HpSigError, match=message):
        write_map(request_, tmp_path / "carte.html", **where)

    assert not (tmp_path / "carte.html").exists()


def test_no_figure_at_all_is_told_instead_of_an_empty_map(where, tmp_path, territory_file):
    text = territory_file.read_text(encoding="utf-8")
    without = re.sub(r"\[population\].*?\n\n", "", text, flags=re.DOTALL)
    territory_file.write_text(without, encoding="utf-8")

    with pytest.raises(HpSigError, match="no layer gives any figure of the communes"):
        write_map(MapRequest(), tmp_path / "carte.html", **where)


def test_steps_of_a_map_are_told_in_order(where, tmp_path):
    steps = []

    write_map(MapRequest(), tmp_path / "carte.html", on_step=lambda *step: steps.append(step), **where)

    count = steps[0][2]
    assert [rank for _, rank, _ in steps] == list(range(1, count + 1))
    assert {number for _, _, number in steps} == {count}


def test_sheets_are_written_by_the_codes_of_their_zones(where, tmp_path):
    written = write_some_sheets(["04001", "200000002", "FR8000001", "territory"], tmp_path / "sheets", **where)

    # EPCI 2 is in both lists, 2015 and 2017.
    names = {"commune-04001", "epci_2015-200000002", "epci_2017-200000002", "pnr-FR8000001", "territoire"}
    assert {path.stem for path in written} == names
    assert {path.stem for path in (tmp_path / "sheets").iterdir()} == names
    assert "../index.html" not in written[0].read_text(encoding="utf-8")


def test_an_unknown_code_is_told_with_what_is_near_and_nothing_is_written(where, tmp_path):
    with pytest.raises(HpSigError, match=r"found '04009'\. Near: '?0400"):
        write_some_sheets(["04001", "04009"], tmp_path / "sheets", **where)

    assert not (tmp_path / "sheets").exists()


def test_sheets_that_are_there_are_left_as_they_were_unless_told_otherwise(where, tmp_path):
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "commune-04001.html").write_text("mine", encoding="utf-8")

    with pytest.raises(OutputError, match=r"commune-04001\.html.*there already"):
        write_some_sheets(["04001", "04002"], folder, **where)
    assert [path.name for path in folder.iterdir()] == ["commune-04001.html"]

    write_some_sheets(["04001", "04002"], folder, replace=True, **where)
    assert "mine" not in (folder / "commune-04001.html").read_text(encoding="utf-8")[:4]
