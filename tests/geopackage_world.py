"""A publication small enough to be read at a glance, with everything that a file can trip over."""

import datetime as dt

import geopandas as gpd
import pandas as pd
from shapely import MultiPolygon, Point, box

from hp_sig.publish.publication import Column, Publication, PublishedTable, Run, SourceEntry

#: Its origin in Lambert-93: 3° E, 46.5° N.
ORIGIN = (700_000, 6_600_000)
HOSTILE = 'Pays <de> "Haute"-Provence & Cie'
HOSTILE_LAYER = 'bob"; DROP TABLE communes; --'
STARTED = dt.datetime(2026, 11, 28, 6, 30, tzinfo=dt.UTC)
SHA = "ab" * 32


def square(rank: int):
    west, south = ORIGIN[0] + 1000 * rank, ORIGIN[1]
    return box(west, south, west + 1000, south + 1000)


def column(name, kind, label=None, unit="", definition=""):
    return Column(name=name, label=label or f"Libellé de {name}", kind=kind, unit=unit, definition=definition)


def publication(run_id: str = "20261128T063000Z-00000001", *, count: int = 3) -> Publication:
    tables = [_communes(count), _hostile(), _figures(), _left(), _places()]
    return Publication(
        territory=HOSTILE,
        run=Run(id=run_id, started_at=STARTED, version="0.0.0"),
        tables={table.name: table for table in tables},
        sources={
            "communes": SourceEntry(
                name="communes",
                producer="IGN",
                source="ADMIN EXPRESS <COG>",
                vintage="2025",
                licence="Licence Ouverte 2.0",
                retrieved=dt.date(2026, 3, 12),
                file="communes.gpkg",
                sha256=SHA,
                size=1234,
            ),
            "enaf": SourceEntry(
                name="enaf", producer="Cerema", source="Fichier ENAF", vintage="2025", licence="Licence Ouverte 2.0"
            ),
        },
        notice="Jeu d'essai",
    )


def codes(count: int) -> list[str]:
    return [f"0400{rank}" for rank in range(1, count + 1)]


def _communes(count: int) -> PublishedTable:
    rows = gpd.GeoDataFrame(
        {
            "commune_code": pd.Series(codes(count), dtype="str"),
            "name": pd.Series(["=1+1", "L'Île\n\"d'Or\"", "Volx"][:count], dtype="str"),
            # QGIS exports carry their own number of row, and DBF knows no case.
            "fid": pd.Series([7, 8, 9][:count], dtype="Int64"),
            "Nom": pd.Series(["a", "b", "c"][:count], dtype="str"),
            "nom": pd.Series(["d", "e", "f"][:count], dtype="str"),
        },
        geometry=[square(0), MultiPolygon([square(1)]), None][:count],
        crs=2154,
    )
    return PublishedTable(
        name="communes",
        theme="territory",
        title="Communes",
        description="Source\u00a0: IGN, ADMIN EXPRESS, millésime 2025.",
        rows=rows,
        columns=(
            column("commune_code", "text", "Code INSEE"),
            column("name", "text", "Nom"),
            column("fid", "integer"),
            column("Nom", "text", "Nom"),
            column("nom", "text"),
        ),
        key=("commune_code",),
        commune="commune_code",
        sources=("communes",),
        geometry_type="MultiPolygon",
    )


def _hostile() -> PublishedTable:
    rows = gpd.GeoDataFrame(
        {
            "gare": pd.Series(["1", "2"], dtype="str"),
            'x"; --': pd.Series([1.5, None], dtype="float64"),
        },
        geometry=[Point(*ORIGIN), Point()],
        crs=2154,
    )
    return PublishedTable(
        name=HOSTILE_LAYER,
        theme="hubs",
        title="Communes",
        description="",
        rows=rows,
        columns=(column("gare", "text"), column('x"; --', "real")),
        key=("gare",),
        geometry_type="Point",
    )


def _figures() -> PublishedTable:
    rows = pd.DataFrame(
        {
            "commune_code": pd.Series(["04001", "04001", "04002", None], dtype="str"),
            "year": pd.Series([2021, 2022, 2021, 2021], dtype="Int64"),
            "enaf_consumption_ha": pd.Series([0.0, None, 12.3456, 0.1], dtype="float64"),
            "people": pd.Series([0, None, 2**40, -1], dtype="Int64"),
            "is_provisional": pd.Series([True, None, False, False], dtype="boolean"),
            "day": pd.Series([dt.date(2021, 12, 31), None, dt.date(1, 1, 1), dt.date(2026, 2, 28)], dtype="object"),
            "told": pd.Series(["", None, "–", "NULL"], dtype="str"),
            "zone": pd.Series(["a", "b", "c", "d"], dtype="str"),
        }
    )
    return PublishedTable(
        name="enaf",
        theme="enaf",
        title="Consommation d'ENAF",
        description="Jeu d'essai. Source\u00a0: Cerema.",
        rows=rows,
        columns=(
            column("commune_code", "text"),
            column("year", "integer"),
            column("enaf_consumption_ha", "real", "Consommation d'ENAF", "ha", "Flux brut."),
            column("people", "integer"),
            column("is_provisional", "boolean"),
            column("day", "date"),
            column("told", "text"),
            column("zone", "text"),
        ),
        key=("zone", "year"),
        commune="commune_code",
        sources=("enaf",),
    )


def _left() -> PublishedTable:
    return PublishedTable(
        name="left",
        theme="territory",
        title="Communes parties",
        description="",
        rows=pd.DataFrame({"commune_code": pd.Series(["04001", "04188"], dtype="str")}),
        columns=(column("commune_code", "text"),),
        key=("commune_code",),
        commune="commune_code",
        sources=("communes",),
    )


def _places() -> PublishedTable:
    rows = gpd.GeoDataFrame({"place": pd.Series([], dtype="str")}, geometry=gpd.GeoSeries([], crs=2154))
    return PublishedTable(
        name="empty",
        theme="projects",
        title="Rien encore",
        description="",
        rows=rows,
        columns=(column("place", "text"),),
        key=("place",),
        geometry_type="MultiPolygon",
    )
