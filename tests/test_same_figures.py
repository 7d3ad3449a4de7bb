"""Is a figure the same number in the GeoPackage, the workbook, PostGIS, the report and the page?"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docx
import openpyxl
import pandas as pd
import pytest
from lxml import html
from postgres import fresh_database, needs_postgres, postgres_server
from published import RUN, sample, sample_publication

from hp_sig.publish.geopackage import write_geopackage
from hp_sig.publish.postgis import publish_postgis
from hp_sig.publish.publication import PublishedTable
from hp_sig.publish.report import write_report
from hp_sig.publish.workbook import write_workbook
from hp_sig.publish.workbook.naming import table_sheets
from hp_sig.publish.workbook.table import HEADER_ROW
from hp_sig.reference.labels import format_number
from hp_sig.sources.database import connect

pytestmark = needs_postgres

MANOSQUE = ("communes", "04112")
FIGURE = re.compile(r"[-\u2212]?\d[\d\u202f]*(?:,\d+)?")


@dataclass(frozen=True, kw_only=True)
class Places:
    """The five places that one run was published to."""

    geopackage: Path
    workbook: Path
    database: str
    report: Path
    page: Path


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Iterator[Places]:
    """Publish the sample five times over."""
    folder = tmp_path_factory.mktemp("same")
    publication, (layers, results) = sample_publication(), sample()
    write_geopackage(publication, folder / "sig.gpkg")
    write_workbook(publication, folder / "sig.xlsx")
    day = RUN.started_at.date()
    for suffix in ("docx", "html"):
        write_report(layers, results, MANOSQUE, folder / f"report.{suffix}", day=day, run=RUN)
    with postgres_server() as server:
        address = fresh_database(server)
        publish_postgis(publication, address)
        yield Places(
            geopackage=folder / "sig.gpkg",
            workbook=folder / "sig.xlsx",
            database=address,
            report=folder / "report.docx",
            page=folder / "report.html",
        )


def figures(table: PublishedTable) -> list[str]:
    return [column.name for column in table.columns if column.kind in {"real", "integer"}]


def of_geopackage(file: Path, table: PublishedTable) -> pd.DataFrame:
    with closing(sqlite3.connect(file)) as base:
        return pd.read_sql_query(f'SELECT * FROM "{table.name}"', base)


def of_database(address: str, table: PublishedTable) -> pd.DataFrame:
    with connect(address, what="test") as connection:
        names = [*table.key, *(name for name in figures(table) if name not in table.key)]
        listed = ", ".join(f'"{name}"' for name in names)
        rows = connection.execute(f'SELECT {listed} FROM "hp_sig_{table.theme}"."{table.name}"').fetchall()
    return pd.DataFrame(rows, columns=names)


def by_key(rows: pd.DataFrame, table: PublishedTable) -> pd.DataFrame:
    """Lay the figures in one order, none changed."""
    keyed = rows.assign(**{name: rows[name].astype("str") for name in table.key}).set_index(list(table.key))
    named = [name for name in figures(table) if name not in table.key]
    return keyed[named].astype("float64").sort_index()


def test_every_figure_of_every_table_is_the_same_number_in_the_geopackage_the_workbook_and_postgis(places):
    publication = sample_publication()
    book = openpyxl.load_workbook(places.workbook, read_only=True)
    sheets = {sheet.table.name: sheet.name for sheet in table_sheets(publication.without_copies())}
    compared = 0

    for table in publication.tables.values():
        published = by_key(table.rows, table)
        pd.testing.assert_frame_equal(by_key(of_geopackage(places.geopackage, table), table), published, rtol=0, atol=0)
        pd.testing.assert_frame_equal(by_key(of_database(places.database, table), table), published, rtol=0, atol=0)
        compared += int(published.notna().to_numpy().sum())
        if table.name in sheets:
            # Keys are worded in French there: rows are told by their order.
            cells = list(book[sheets[table.name]].iter_rows(min_row=HEADER_ROW + 2, values_only=True))
            ranks = {column.name: rank for rank, column in enumerate(table.columns)}
            for name in figures(table):
                seen = [row[ranks[name]] for row in cells[: len(table.rows)]]
                assert seen == [None if pd.isna(cell) else cell for cell in table.rows[name]], (table.name, name)
    assert compared > 20_000


def of_word(file: Path) -> list[list[str]]:
    tables = docx.Document(str(file)).tables
    return [[cell.text for cell in row.cells] for table in tables for row in table.rows]


def of_page(file: Path) -> list[list[str]]:
    rows = html.fromstring(file.read_text(encoding="utf-8")).xpath("//table//tr")
    return [["".join(cell.itertext()) for cell in row.xpath("./th|./td")] for row in rows]


def numbers(rows: list[list[str]]) -> list[list[str]]:
    found = [[figure for cell in row for figure in FIGURE.findall(cell)] for row in rows]
    return [row for row in found if row]


def published_numbers(address: str) -> set[str]:
    """Write every real figure of the database as a report may, and what a report adds up or takes away from them."""
    tables = sample_publication().tables
    shown = set()
    for table in tables.values():
        rows = of_database(address, table)
        for column in table.columns:
            if column.kind == "real":
                values = rows[column.name].dropna().astype("float64").unique()
                scale = 100 if column.unit.startswith("%") else 1
                shown |= {format_number(abs(value) * scale, places) for value in values for places in (1, 2, 3)}
    flows = of_zone(of_database(address, tables["enaf_consumption"]))
    shown |= {format_number(flows[name].sum(), 2) for name in flows.columns if name.endswith("_ha")}
    classes = of_zone(of_database(address, tables["land_classes"])).sort_values("rank")
    changes = classes.groupby(["axis", "class_code"])["area_ha"].agg(lambda areas: areas.iloc[-1] - areas.iloc[0])
    reference = of_zone(of_database(address, tables["trajectory"]))["reference_ha"].iloc[0]
    area = of_zone(of_database(address, tables["land_stock"]))["area_ha"].iloc[0]
    return shown | {format_number(abs(change), 1) for change in changes} | {format_number(100 * reference / area, 3)}


def of_zone(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["zone_layer"] == MANOSQUE[0]) & (rows["zone_code"] == MANOSQUE[1])]


def test_word_and_page_say_the_same_numbers_and_each_is_one_that_the_database_holds(places):
    said = numbers(of_word(places.report))
    held = published_numbers(places.database)
    decimals = [figure.lstrip("-\u2212") for row in said for figure in row if "," in figure]

    assert said == numbers(of_page(places.page))
    assert len(decimals) > 200
    assert sorted(figure for figure in decimals if figure not in held) == []


def test_one_figure_is_read_back_from_all_five(places):
    table = sample_publication().tables["enaf_consumption"]
    (sheet,) = (one for one in table_sheets(sample_publication()) if one.table.name == table.name)
    ranks = {column.name: rank for rank, column in enumerate(table.columns)}
    book = openpyxl.load_workbook(places.workbook, read_only=True)
    rows = book[sheet.name].iter_rows(min_row=HEADER_ROW + 2, values_only=True)
    year = 2020

    in_book = [
        row[ranks["enaf_consumption_ha"]]
        for row in rows
        if (row[ranks["commune_code"]], row[ranks["year"]]) == (MANOSQUE[1], year)
    ]
    in_base = of_zone(of_database(places.database, table)).query("year == @year")["enaf_consumption_ha"].tolist()
    in_file = of_zone(of_geopackage(places.geopackage, table)).query("year == @year")["enaf_consumption_ha"].tolist()
    in_word = [row[1] for row in of_word(places.report) if row[0] == str(year)]
    in_page = [row[1] for row in of_page(places.page) if row[0] == str(year)]

    assert len(in_book) == 1
    assert in_book == in_base == in_file
    assert f"{format_number(in_book[0], 2)}\u00a0ha" in in_word
    assert f"{format_number(in_book[0], 2)}\u00a0ha" in in_page
