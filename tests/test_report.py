"""The triennial local report of the embedded sample, read back from Word, from the page and from a PDF."""

import dataclasses
import datetime as dt
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import docx
import pytest
from browser import PHONE, chromium, opened
from docx.oxml.ns import qn
from markup import Tags
from office import page_texts, require_office, to_pdf
from PIL import Image
from published import RUN, sample, sample_publication

from hp_sig.errors import OutputError
from hp_sig.publish.report import report_name, report_of, reported_zones, write_report
from hp_sig.publish.report.drawing import Level, Series, columns_chart
from hp_sig.publish.report.model import Blank, Missing, Notice, Picture, Table
from hp_sig.reference.labels import format_quantity
from hp_sig.results import compute
from hp_sig.results.groups import group_zones
from hp_sig.results.triennial import triennial_table
from hp_sig.territory import Objective

DAY = dt.date(2026, 11, 28)
MANOSQUE, DLVA, BANON = ("communes", "04112"), ("epci_2024", "200034700"), ("epci_2024", "200071025")
EVIL = "<script>alert(1)</script>\x00\x0b{{7*7}} & " + "Très-long-nom " * 30


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ").replace("\u202f", " ")).strip()


def body_text(file: Path) -> str:
    document = docx.Document(str(file))
    paragraphs = document.element.body.iter(qn("w:p"))
    return plain(" ".join("".join(part.text or "" for part in one.iter(qn("w:t"))) for one in paragraphs))


def blocks(report, kind):
    return [block for section in report.sections for block in section.blocks if isinstance(block, kind)]


def cells(report) -> str:
    return plain(" ".join(text for table in blocks(report, Table) for row in table.rows for text in row))


@pytest.fixture(scope="module")
def manosque():
    """The report of a commune."""
    return report_of(*sample(), MANOSQUE, day=DAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The report of Manosque, as Word and as a page."""
    layers, results = sample()
    made = tmp_path_factory.mktemp("report")
    for suffix in ("docx", "html"):
        write_report(layers, results, MANOSQUE, made / f"manosque.{suffix}", day=DAY, run=RUN)
    return made


@pytest.fixture(scope="module")
def banon():
    """The report of an intercommunality of which some lies out of the territory."""
    return report_of(*sample(), BANON, day=DAY)


@pytest.fixture(scope="module")
def told_by_a_document():
    """Reports where the SCoT has an objective of its own, and the territory one that no flow can be held against."""
    layers, results = sample()
    told = {"quantity": "enaf_consumption", "first_year": 2017, "last_year": 2034, "source": "essai"}
    objectives = (
        Objective(
            zone="200034700_SCOT_20180709", document="SCoT DLVA, approuvé le 9 juillet 2018", area_ha=387, **told
        ),
        Objective(zone="territory", document="Charte", area_ha=500, **{**told, "first_year": 2005}),
    )
    named = layers.communes.copy()
    named.loc["04112", "name"] = EVIL
    territory = layers.territory.model_copy(update={"objectives": objectives})
    changed = dataclasses.replace(layers, territory=territory, communes=named)
    groups = group_zones(changed, results.overlaps)
    tables = {"stock": results.land_stock, "flow": results.land_flow, "trajectory": results.trajectory}
    return changed, dataclasses.replace(results, triennial=triennial_table(changed, groups, **tables))


# --- figures ------------------------------------------------------------------------------------------------------


def test_the_four_indicators_are_those_that_are_published(folder):
    table = sample_publication().tables["triennial"].rows
    row = table[(table["zone_layer"] == "communes") & (table["zone_code"] == "04112")].iloc[0]
    columns = (
        *("enaf_period_ha", "enaf_period_share", "enaf_since_2021_ha", "net_artificialisation_ha", "sealed_ha"),
        *("newly_sealed_ha", "objective_ha", "objective_consumed_ha", "objective_remaining_ha"),
        *("objective_projection_ha", "enaf_housing_ha", "enaf_rail_ha"),
    )

    text = body_text(folder / "manosque.docx")

    assert [column for column in columns if plain(format_quantity(column, row[column])) not in text] == []


def test_word_and_the_page_say_the_same(folder):
    word = body_text(folder / "manosque.docx")
    page = Tags((folder / "manosque.html").read_text(encoding="utf-8").partition("<body>")[2]).texts

    assert len(page) > 400
    assert [text for text in map(plain, page) if text and text not in word and not text.startswith("hp_sig")] == []
    figures = re.findall(r"\d[\d ]*,\d+", word)
    assert sorted(figures) == sorted(re.findall(r"\d[\d ]*,\d+", plain(" ".join(page))))


def test_a_year_by_year_table_and_a_total_are_those_of_the_file(manosque):
    yearly = next(table for table in blocks(manosque, Table) if "chaque année" in table.caption)
    uses = next(table for table in blocks(manosque, Table) if table.has_total)

    # naf09art10 to naf23art24: fifteen flows; the last one is provisional, and the report says so.
    assert [row[0] for row in yearly.rows] == [*map(str, range(2009, 2023)), "2023 (p)"]
    assert "2023" in yearly.note
    assert [plain(cell) for cell in uses.rows[-1]] == ["Total", "15,72 ha", "100,0 %", "108,10 ha"]


def test_the_same_results_of_the_same_day_give_the_same_bytes(folder, tmp_path):
    layers, results = sample()
    for suffix in ("docx", "html"):
        again = write_report(layers, results, MANOSQUE, tmp_path / f"again.{suffix}", day=DAY, run=RUN)

        assert again.read_bytes() == (folder / f"manosque.{suffix}").read_bytes()
    with zipfile.ZipFile(folder / "manosque.docx") as archive:
        assert {part.date_time for part in archive.infolist()} == {(2026, 11, 28, 0, 0, 0)}


# --- what is missing ----------------------------------------------------------------------------------------------


def test_where_nothing_is_known_every_indicator_says_so_and_none_is_zero():
    layers, _ = sample()
    territory = layers.territory.model_copy(update={"enaf": None, "land_cover": ()})
    bare = dataclasses.replace(layers, territory=territory, land=type(layers.land)())

    report = report_of(bare, compute(bare, families=[]), MANOSQUE, day=DAY)

    missing = {plain(block.what): plain(block.why) for block in blocks(report, Missing)}
    assert (
        missing["Consommation d'ENAF (indicateur obligatoire)"]
        == "il faut le fichier de consommation d'espaces du Cerema"
    )
    assert "deux millésimes de l'OCS GE" in missing["Solde de l'artificialisation sur la période"]
    assert "un millésime de l'OCS GE" in missing["Surfaces imperméables"]
    assert "consommation d'espaces du Cerema" in missing["Objectif"]
    assert all(plain(row[2]).startswith("donnée manquante (il faut") for row in blocks(report, Table)[0].rows)
    assert re.findall(r"\b0,0+ ha", cells(report)) == []


def test_mixed_vintages_leave_the_total_out_with_the_reason_and_keep_the_pace():
    report = report_of(*sample(), DLVA, day=DAY)

    missing = {plain(block.what): plain(block.why) for block in blocks(report, Missing)}
    assert missing["Solde de l'artificialisation sur la période"] == "millésimes mêlés : seulement par an"
    # Six flows of two départements: 30,91 ha a year in the table of the results.
    assert "30,91 ha/an" in cells(report)


def test_a_zone_partly_out_of_the_territory_is_announced_on_the_cover(banon):
    notice = next(block for block in banon.front if isinstance(block, Notice))

    assert "13 communes sur 21" in plain(notice.text)


# --- law ----------------------------------------------------------------------------------------------------------


def test_the_law_is_never_called_the_objective_of_a_document(banon):
    text = plain(
        " ".join(block.text for section in banon.sections for block in section.blocks if hasattr(block, "text"))
    )

    assert "Aucun objectif propre à un document d'urbanisme n'est enregistré" in text
    assert "Objectif propre au document" not in text
    assert "trajectoire de la loi" in cells(banon)


def test_the_objective_of_a_document_is_told_with_its_name_and_years(told_by_a_document):
    report = report_of(*told_by_a_document, ("scot_2018", "200034700_SCOT_20180709"), day=DAY)

    text = plain(
        " ".join(block.text for section in report.sections for block in section.blocks if hasattr(block, "text"))
    )
    assert "SCoT DLVA, approuvé le 9 juillet 2018 – consommation d'ENAF de 387,00 ha au plus sur 2017-2034" in text
    assert "Aucun objectif propre" not in text
    # The real lot of the SCoT: 121,296 ha in the seven flows of the sample, 17,328 ha a year, 18 years.
    assert {"121,30 ha", "265,70 ha", "17,33 ha/an", "311,90 ha"} <= set(
        re.findall(r"[\d]+,\d\d ha(?:/an)?", cells(report))
    )


def test_an_objective_that_no_flow_can_be_held_against_is_missing_with_the_reason(told_by_a_document):
    report = report_of(*told_by_a_document, ("territory", "territory"), day=DAY)

    missing = {plain(block.what): plain(block.why) for block in blocks(report, Missing)}
    assert missing["Part consommée de l'objectif"] == "flux annuels inconnus pour des années du document"


@pytest.mark.parametrize(
    ("day", "compulsory", "due"),
    [
        (dt.date(2024, 8, 1), 1, "août 2024"),
        (dt.date(2026, 11, 28), 1, "août 2027"),
        (dt.date(2027, 9, 1), 1, "août 2030"),
        (dt.date(2031, 1, 1), 4, "août 2033"),
    ],
)
def test_obligations_and_the_next_report_depend_on_the_day(day, compulsory, due, monkeypatch):
    drawn = columns_chart(["2020"], [Series(label="", colour="#000000", values=(1.0,))])
    for name in ("drawing.columns_chart", "drawing.rows_chart", "maps.choropleth", "maps.situation_map"):
        monkeypatch.setattr(f"hp_sig.publish.report.{name}", lambda *_args, **_options: drawn)

    report = report_of(*sample(), MANOSQUE, day=day)

    here = [row[-1] for row in blocks(report, Table)[0].rows]
    assert here == ["obligatoire"] * compulsory + ["facultatif"] * (4 - compulsory)
    assert any(f"échéance : {due}." in plain(getattr(one, "text", "")) for one in report.sections[1].blocks)


def test_the_council_has_places_for_its_words_and_reminders_of_its_deliberation(banon):
    assert all(plain(block.text).startswith("[À compléter par la collectivité :") for block in blocks(banon, Blank))
    assert len(blocks(banon, Blank)) >= 10
    steps = next(table for table in blocks(banon, Table) if table.caption == "À faire")
    assert [row[0] for row in steps.rows] == ["Débat", "Vote", "Publication", "Transmission", "Rapport suivant"]
    sending = plain(steps.rows[3][1])
    for who in ("quinze jours", "préfet de département", "préfet de région", "conseil régional", "maires", "SCoT"):
        assert who in sending


def test_a_wide_zone_ends_with_its_communes_one_by_one(banon):
    annexes = [block for block in banon.sections[-1].blocks if isinstance(block, Table)]

    assert [len(table.rows) for table in annexes] == [13, 13, 13]
    assert annexes[0].rows[0][0].startswith("Banon (04018)")


# --- Word ---------------------------------------------------------------------------------------------------------


def test_the_document_has_real_styles_fields_and_alternative_texts(folder):
    document = docx.Document(str(folder / "manosque.docx"))
    body = document.element.body

    names = [one.style.name for one in document.paragraphs]
    assert {"Heading 1", "Heading 2", "Caption", "Donnée manquante", "À compléter", "Title"} <= set(names)
    about = [shape.get("descr") for shape in body.iter(qn("wp:docPr"))]
    assert len(about) >= 8
    assert all(about)
    codes = [code.text.strip() for code in body.iter(qn("w:instrText"))]
    pictures, tables = len(about), len(document.tables)
    assert codes.count("SEQ Figure \\* ARABIC") == pictures
    assert codes.count("SEQ Tableau \\* ARABIC") == tables
    assert {table.style.name for table in document.tables} == {"Tableau du rapport"}
    assert len(list(body.iter(qn("w:tblHeader")))) == tables
    marks = [mark.get(qn("w:fldCharType")) for mark in body.iter(qn("w:fldChar"))]
    assert marks.count("begin") == marks.count("separate") == marks.count("end") == len(codes)


def test_the_contents_are_filled_and_lead_to_every_heading(folder):
    document = docx.Document(str(folder / "manosque.docx"))
    body = document.element.body
    headings = [one.text for one in document.paragraphs if one.style.name in {"Heading 1", "Heading 2"}]
    links = list(body.iter(qn("w:hyperlink")))

    assert ["".join(part.text for part in link.iter(qn("w:t"))) for link in links] == headings
    marks = [mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))]
    assert [link.get(qn("w:anchor")) for link in links] == marks
    numbers = [mark.get(qn("w:id")) for mark in body.iter(qn("w:bookmarkStart"))]
    assert len(set(numbers)) == len(numbers)
    assert 'TOC \\o "1-2" \\h \\z \\u' in [code.text.strip() for code in body.iter(qn("w:instrText"))]


def test_the_document_asks_nothing_runs_nothing_and_leads_nowhere(folder):
    with zipfile.ZipFile(folder / "manosque.docx") as archive:
        texts = {name: archive.read(name).decode("utf-8", errors="replace") for name in archive.namelist()}

    assert [name for name in texts if "vba" in name.lower() or "ttachedTemplate" in texts[name]] == []
    assert [name for name, text in texts.items() if 'TargetMode="External"' in text] == []
    assert "updateFields" not in texts["word/settings.xml"]
    assert "w:dirty" not in texts["word/document.xml"]
    assert 'w:lang w:val="fr-FR"' in texts["word/styles.xml"]
    assert "<dc:language>fr-FR</dc:language>" in texts["docProps/core.xml"]
    page = re.search(r'<w:pgSz w:w="(\d+)" w:h="(\d+)"/>', texts["word/document.xml"])
    # A4: 210 mm × 297 mm in twentieths of a point.
    assert page
    assert [round(int(side) / 1440 * 25.4) for side in page.groups()] == [210, 297]


@require_office
def test_real_libreoffice_lays_the_whole_report_out(folder, tmp_path):
    pages = page_texts(to_pdf(folder / "manosque.docx", tmp_path))
    text = plain(" ".join(pages))

    headings = [one for one in docx.Document(str(folder / "manosque.docx")).paragraphs if one.style.name == "Heading 1"]
    assert [one.text for one in headings if plain(one.text)[:40] not in text] == []
    assert len(pages) > 8
    assert all(f"Page {number} sur {len(pages)}" in plain(page) for number, page in enumerate(pages[1:], start=2))
    assert all("Jeu d'essai" in page for page in pages)
    assert "SEQ" not in text


# --- hostile names, names of files --------------------------------------------------------------------------------


def test_a_hostile_name_is_shown_and_does_nothing(told_by_a_document, tmp_path):
    word = write_report(*told_by_a_document, MANOSQUE, tmp_path / "a.docx", day=DAY)
    page = write_report(*told_by_a_document, MANOSQUE, tmp_path / "a.html", day=DAY)

    shown = "<script>alert(1)</script>\ufffd\ufffd{{7*7}} &"
    assert shown in body_text(word)
    tags = Tags(page.read_text(encoding="utf-8"))
    assert tags.named("script") == []
    assert shown in plain(" ".join(tags.texts))
    assert len(docx.Document(str(word)).core_properties.title) <= 255


def test_every_zone_has_a_name_of_file_of_its_own_that_any_system_takes(told_by_a_document):
    layers, results = told_by_a_document
    zones = reported_zones(layers, results)

    names = [report_name(layers, zone) for zone in zones]

    # 51 communes, 3 EPCI of the latest list, 1 SCoT, the territory.
    assert len(zones) == 56
    assert len({name.lower() for name in names}) == 56
    assert [name for name in names if not re.fullmatch("rapport-triennal-[A-Za-z0-9_.-]{1,120}", name)] == []
    assert report_name(sample()[0], MANOSQUE) == "rapport-triennal-04112-manosque"
    assert report_name(layers, ("epci_2015", "200034700")) not in names


@pytest.mark.parametrize(
    ("zone", "name", "match"),
    [
        (MANOSQUE, "a.pdf", r"ends with \.docx or \.html expected"),
        (("communes", "99999"), "a.docx", r"found \('communes', '99999'\)"),
        (("pnr", "FR8000003"), "a.docx", "a commune, an EPCI, a SCoT or the territory expected"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, zone, name, match):
    with pytest.raises(OutputError, match=match):
        write_report(*sample(), zone, tmp_path / name, day=DAY)

    assert not (tmp_path / name).exists()


# --- page, charts, imports ----------------------------------------------------------------------------------------


@pytest.mark.browser
def test_the_page_fits_a_telephone_and_loads_nothing(folder):
    with chromium() as browser, opened(browser, folder / "manosque.html", size=PHONE) as seen:
        width = seen.page.evaluate("document.documentElement.scrollWidth")
        drawn = seen.page.evaluate("[...document.images].every(image => image.naturalWidth > 1000 && image.alt)")

        assert width == PHONE[0]
        assert drawn
        assert seen.told == []


def test_a_chart_leaves_room_for_what_is_not_known_and_is_crisp():
    values = (1.0, float("nan"), 3.0)
    png, height = columns_chart(
        ["2021", "2022", "2023"],
        [Series(label="consommé", colour="#9c4a12", values=values)],
        levels=[Level(label="objectif", value=4.0, first=0, last=2)],
        uncertain=[2],
        uncertain_label="provisoire",
    )

    image = Image.open(io.BytesIO(png))
    # 165 mm at 200 dots an inch.
    assert image.size == (1299, int(height / 25.4 * 200))
    third, row = image.width // 3, image.height - 90
    assert image.getpixel((third // 2, row)) == (0x9C, 0x4A, 0x12)
    assert image.getpixel((third + third // 2, row)) == (255, 255, 255)
    hatched = {image.getpixel((x, row)) for x in range(2 * third + third // 4, 3 * third - third // 4)}
    # Brown, and lines of white at 85 %.
    assert len(hatched) > 2
    assert (0x9C, 0x4A, 0x12) in hatched
    assert max(sum(pixel) for pixel in hatched) > 650


def test_reports_of_a_commune_hold_two_maps_and_importing_them_is_light(folder, manosque):
    page = Tags((folder / "manosque.html").read_text(encoding="utf-8"))
    code = "import sys, hp_sig.publish.report; print({'docx', 'matplotlib'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
    assert sum((image["alt"] or "").startswith("Carte") for image in page.named("img")) == 2
    assert len(blocks(manosque, Picture)) == len(page.named("img"))
