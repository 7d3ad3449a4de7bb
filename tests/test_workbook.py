import dataclasses
import datetime as dt
import html
import re
import zipfile
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from office import page_texts, require_office, to_pdf
from published import RUN, sample_publication

from hp_sig import OutputError
from hp_sig.publish.publication import Column, Publication, PublishedTable
from hp_sig.publish.workbook import write_workbook
from hp_sig.publish.workbook.naming import sheet_name
from hp_sig.publish.workbook.table import HEADER_ROW

#: The long tables are cut short: what is tried here does not depend on their length.
ROWS = 120
#: Charts of the consumption of the territory and of its three intercommunalities, trajectory, land, parks.
CHARTS = 7


def published():
    whole = sample_publication()
    entry = dataclasses.replace(whole.sources["enaf"], retrieved=dt.date(2026, 11, 3))
    tables = {name: dataclasses.replace(table, rows=shortened(table)) for name, table in whole.tables.items()}
    return dataclasses.replace(whole, tables=tables, sources={**whole.sources, "enaf": entry})


def shortened(table):
    if table.name not in {"land_classes", "land_transition", "enaf_consumption"}:
        return table.rows
    return table.rows[table.rows["zone_layer"].isin(["territory", "epci_2024"])].head(ROWS).reset_index(drop=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_workbook(published(), tmp_path_factory.mktemp("workbook") / "classeur.xlsx")


@pytest.fixture(scope="module")
def book(file):
    return openpyxl.load_workbook(file)


@pytest.fixture(scope="module")
def sheets(book):
    """Give the sheet of each table, by the name of the table, as the cover tells."""
    cover = book["Lisez-moi"]
    return {row[3].value: book[row[0].value] for row in cover.iter_rows(min_row=5) if row[2].value in range(1, 10**6)}


def cells(sheet, rank, count):
    return [row[0] for row in sheet.iter_rows(HEADER_ROW + 2, HEADER_ROW + 1 + count, rank + 1, rank + 1)]


def columns_of(sheets, *kinds):
    for name, sheet in sheets.items():
        table = published().tables[name]
        for rank, column in enumerate(table.columns):
            if column.kind in kinds:
                yield table, column, cells(sheet, rank, len(table.rows))


def column_of(sheets, name, column):
    return next(found for table, one, found in columns_of(sheets, "text", "real", "integer", "boolean")
                if (table.name, one.name) == (name, column))  # fmt: skip


def test_each_family_has_its_sheet_first_and_the_cover_leads_to_every_sheet(book):
    cover = book["Lisez-moi"]
    linked = {row[0].value: row[0].hyperlink.location for row in cover.iter_rows() if row[0].hyperlink}

    assert book.sheetnames[:9] == [
        *("Lisez-moi", "Graphiques", "Indicateurs des communes", "Recouvrements", "Occupation du sol"),
        *("Consommation d'ENAF", "Trajectoire", "Projets", "Pôles multimodaux"),
    ]
    assert book.sheetnames[-2:] == ["Sources et millésimes", "Dictionnaire"]
    assert set(linked) == set(book.sheetnames) - {"Lisez-moi"}
    assert linked["Consommation d'ENAF"] == "'Consommation d''ENAF'!A1"
    assert cover["A1"].value == "Pays de Haute-Provence\u00a0: chiffres du foncier et recouvrements"
    assert "28/11/2026" in cover["A2"].value
    assert cover["A3"].value.startswith("Jeu d'essai")


def test_every_table_has_a_sheet_but_the_shapes_of_one_that_has(sheets):
    copies = {table.name for table in sample_publication().tables.values() if table.is_copy}
    assert {"roads", "land_cover_04_2021"} <= copies
    assert set(sample_publication().tables) - set(sheets) == {"projects_site", "service_areas"} | copies
    assert [cell.value for cell in sheets["communes"][HEADER_ROW + 1]][:5] == [
        *("Code INSEE", "Nom", "Département", "Superficie géométrique (ha)", "Population municipale (hab.)")
    ]


def test_every_figure_is_exactly_the_published_one_and_what_is_not_known_is_empty(sheets):
    seen = unknown = 0
    for table, column, found in columns_of(sheets, "real", "integer"):
        expected = [None if pd.isna(value) else value for value in table.rows[column.name]]
        assert [cell.value for cell in found] == expected, (table.name, column.name)
        seen += len(expected)
        unknown += expected.count(None)

    assert seen > 10_000
    assert unknown > 100
    # Sixteen digits, as XlsxWriter writes by itself, are one too few.
    assert 443.40000000000003 in {
        cell.value for cell in column_of(sheets, "enaf_ratios", "enaf_m2_per_added_inhabitant")
    }


def test_each_figure_has_the_format_of_its_unit(sheets):
    formats = {
        (table.name, column.name): found[0].number_format
        for table, column, found in columns_of(sheets, "text", "real", "integer")
    }

    assert formats["land_stock", "artificialised_share"] == "#,##0.00\u00a0%"
    assert formats["land_stock", "artificialised_ha"] == "#,##0.0"
    assert formats["communes", "population"] == "#,##0"
    assert formats["enaf_consumption", "year"] == "0"
    assert formats["enaf_ratios", "from_census"] == "0"
    assert formats["zones", "commune_count"] == "#,##0"
    assert formats["communes", "commune_code"] == "@"


def test_codes_keep_their_zero_and_coded_values_are_said_in_french(sheets):
    assert column_of(sheets, "communes", "commune_code")[0].value == "04004"
    assert {cell.value for cell in column_of(sheets, "trajectory", "regime_status")} == {"en vigueur"}
    assert {cell.value for cell in column_of(sheets, "trajectory", "is_partial")} == {"oui", "non"}
    assert column_of(sheets, "scot_2018", "status")[0].value == "approuvé"
    assert "EPCI (2024)" in {cell.value for cell in column_of(sheets, "overlaps", "zone_layer")}
    covers = {str(cell.value) for cell in column_of(sheets, "land_transition", "cover_before")}
    assert "Zones bâties (CS1.1.1.1)" in covers


def test_headings_stay_in_sight_can_be_filtered_and_are_printed_on_each_page(sheets):
    for name, sheet in sheets.items():
        width = len(published().tables[name].columns)
        last = HEADER_ROW + 1 + len(published().tables[name].rows)

        assert int(re.sub(r"\D", "", sheet.freeze_panes)) == HEADER_ROW + 2
        assert sheet.auto_filter.ref == f"A{HEADER_ROW + 1}:{openpyxl.utils.get_column_letter(width)}{last}"
        assert sheet.print_title_rows == f"${HEADER_ROW + 1}:${HEADER_ROW + 1}"
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        assert "Page &P sur &N" in str(sheet.oddFooter.right.text)
    assert sheets["trajectory"].freeze_panes == f"E{HEADER_ROW + 2}"
    assert sheets["trajectory"].cell(HEADER_ROW + 1, 8).comment.text.startswith("Loi en vigueur")


def test_charts_show_the_figures_beside_them_which_are_those_of_the_tables(book):
    sheet = book["Graphiques"]
    drawn = sheet._charts
    flows = published().tables["enaf_consumption"].rows
    of_territory = flows[flows["zone_layer"] == "territory"].sort_values("year")

    assert len(drawn) == CHARTS
    series = [[value.value for (value,) in sheet[one.val.numRef.f.split("!")[1]]] for one in drawn[0].series]
    years = [value.value for (value,) in sheet[drawn[0].series[0].cat.strRef.f.split("!")[1]]]
    # The destinations, stacked, add up to the consumption of the year, to a few square metres.
    totals = [sum(values) for values in zip(*series, strict=True)]
    assert years == [*map(str, range(2009, 2023)), "2023 (p)"]
    assert totals == pytest.approx(of_territory["enaf_consumption_ha"].tolist(), abs=0.002)
    assert drawn[0].grouping == "stacked"
    path = published().tables["trajectory"].rows.set_index(["zone_layer", "zone_code"]).loc[("territory", "territory")]
    first = [sheet[one.val.numRef.f.split("!")[1]][0][0].value for one in drawn[4].series]
    assert first == [path[name] for name in ("reference_ha", "allowance_ha", "consumed_ha", "projection_ha")]


def test_sources_and_dictionary_have_their_sheets(book):
    sources = {row[0]: row for row in book["Sources et millésimes"].iter_rows(min_row=4, values_only=True)}
    words = {(row[0], row[1]): row[2:] for row in book["Dictionnaire"].iter_rows(min_row=4, values_only=True)}

    assert sources["enaf"][5] == dt.datetime(2026, 11, 3)
    assert sources["enaf"][8] == sample_publication().sources["enaf"].sha256
    assert sources["epci_2024"][1:5] == (
        *("DGCL", "Composition des EPCI à fiscalité propre (BANATIC)", "2024", "Licence Ouverte 2.0"),
    )
    assert words["land_stock", "sealed_ha"][:2] == ("Surface imperméabilisée", "ha")
    assert words["land_stock", "sealed_ha"][2].startswith("État à une date")


# --- what could harm -----------------------------------------------------------------------------------------------

HOSTILE = ("=cmd|' /C calc'!A1", "+1+1", "-2+3", "@SUM(1)", "\t=1", "http://example.org", "{=1}", "a\x01\ufffe_x0041_")


def hostile_publication():
    rows = pd.DataFrame({"name": pd.Series([*HOSTILE, "long" * 10_000], dtype="str")})
    table = PublishedTable(
        name="hostile",
        theme="territory",
        title="=1+1 [x]: 'zones' /\\*? d'un nom qui est bien trop long",
        description="=HYPERLINK(\"http://example.org\")",
        rows=rows,
        columns=(Column(name="name", label="=A1", kind="text"),),
        key=("name",),
    )  # fmt: skip
    territory = '04 &"=1+1"<x>\x01' + "&" * 90
    return Publication(territory=territory, run=RUN, tables={"hostile": table}, sources={})


def part(file, name):
    with zipfile.ZipFile(file) as parts:
        return parts.read(name).decode("utf-8")


def test_a_text_stays_a_text_whatever_it_begins_with(tmp_path):
    file = write_workbook(hostile_publication(), tmp_path / "hostile.xlsx")

    sheet = openpyxl.load_workbook(file).worksheets[2]
    found = cells(sheet, 0, len(HOSTILE) + 1)

    assert sheet.title == "=1+1 x 'zones' d'un nom qui est"
    assert [cell.value for cell in found][:7] == list(HOSTILE[:7])
    assert {cell.data_type for cell in found} == {"s"}
    # Digits stay apart from the size of the letters, a sign & is doubled, and none is cut in two.
    assert re.search(r'&R&9 04 &&"=1\+1"<x>\ufffd(&&)+…(?!&)', html.unescape(part(file, "xl/worksheets/sheet3.xml")))
    assert len(found[-1].value) == 32_767
    assert found[-1].value.endswith("…")
    with zipfile.ZipFile(file) as parts:
        texts = {
            name: parts.read(name).decode("utf-8") for name in parts.namelist() if name.endswith((".xml", ".rels"))
        }
    for name, text in texts.items():
        ElementTree.fromstring(text)
        assert "<f>" not in text, name
        assert 'TargetMode="External"' not in text, name


def test_a_sheet_has_a_name_that_excel_takes():
    assert sheet_name("Zones: U/AU [2024]") == "Zones U AU 2024"
    assert sheet_name("'Consommation' d'ENAF'") == "Consommation' d'ENAF"
    assert sheet_name("Historique") == "Historique 1"
    assert sheet_name("*?") == "1"
    assert sheet_name("x" * 40, taken={"x" * 31}) == f"{'x' * 27} (2)"
    assert sheet_name("ZONES", taken={"zones", "zones (2)"}) == "ZONES (3)"
    # Excel counts a rare character twice.
    assert sheet_name("\U0001f332" * 20) == "\U0001f332" * 15


def test_the_same_publication_makes_the_same_bytes_which_tell_nothing_of_the_machine(tmp_path, monkeypatch):
    one = write_workbook(hostile_publication(), tmp_path / "un.xlsx").read_bytes()
    monkeypatch.setenv("TZ", "Pacific/Auckland")

    other = write_workbook(hostile_publication(), tmp_path / "deux.xlsx")

    assert other.read_bytes() == one
    properties = openpyxl.load_workbook(other).properties
    assert properties.created == RUN.started_at.replace(tzinfo=None)
    assert properties.creator.startswith('04 &"=1+1"<x>\ufffd&&')
    with zipfile.ZipFile(other) as parts:
        assert not any(str(tmp_path).encode() in parts.read(name) for name in parts.namelist())


def test_a_workbook_that_somebody_has_open_is_refused_and_stays(tmp_path):
    file = tmp_path / "classeur.xlsx"
    file.write_bytes(b"ancien")

    for mark in ("~$classeur.xlsx", ".~lock.classeur.xlsx#"):
        (tmp_path / mark).touch()
        with pytest.raises(OutputError, match="open in a spreadsheet"):
            write_workbook(hostile_publication(), file)
        (tmp_path / mark).unlink()

    assert file.read_bytes() == b"ancien"


def test_a_table_that_is_longer_than_a_sheet_is_refused(tmp_path):
    table = hostile_publication().tables["hostile"]
    rows = pd.DataFrame({"name": pd.Series(["x"], dtype="str").repeat(1_048_574)})
    whole = dataclasses.replace(hostile_publication(), tables={"hostile": dataclasses.replace(table, rows=rows)})

    with pytest.raises(OutputError, match="hostile: at most"):
        write_workbook(whole, tmp_path / "classeur.xlsx")

    assert not (tmp_path / "classeur.xlsx").exists()


@pytest.mark.slow
@require_office
def test_libreoffice_opens_the_workbook_and_prints_its_figures_the_french_way(tmp_path):
    names = ("commune_figures", "trajectory")
    tables = {name: published().tables[name] for name in names}
    file = write_workbook(dataclasses.replace(published(), tables=tables), tmp_path / "classeur.xlsx")

    text = "\n".join(page_texts(to_pdf(file, tmp_path / "pdf")))

    figures = tables["commune_figures"].rows.set_index("commune_code").loc["04112"]
    shown = f"{figures['artificialised_ha']:,.1f}".replace(",", " ").replace(".", ",")
    share = f"{figures['sealed_share'] * 100:.2f} %".replace(".", ",")
    spaced = re.sub(r"[\u00a0\u202f]", " ", text)
    manosque = [line for line in spaced.splitlines() if "04112" in line]
    assert " " in shown
    assert any(shown in line for line in manosque)
    assert any(share in line for line in manosque)
    for word in ("Comment lire ce classeur", "Jeu d'essai", "Graphiques", "Sources et millésimes", "Dictionnaire"):
        assert word in text
    assert re.search(r"Page 1 sur \d+", text)
    assert not re.search(r"#(REF|NAME|NOM|VALUE|VALEUR)", text)
