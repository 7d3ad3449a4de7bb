"""Which publications does a refresh write beside its tables and maps: GeoPackage, workbook, reports, files?"""

import difflib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hp_sig.assembly import Layers
from hp_sig.errors import TerritoryError, some
from hp_sig.publish.publication import Publication, Run
from hp_sig.reference.labels import wording
from hp_sig.results import Results
from hp_sig.territory import Territory

if TYPE_CHECKING:
    from hp_sig.publish.qgis import LayerStyle

__all__ = [
    "FILES",
    "GEOPACKAGE",
    "METADATA",
    "PROJECT",
    "REPORTS",
    "WORKBOOK",
    "Published",
    "other_publications",
    "planned_publications",
    "publish_database",
    "report_zones",
    "write_companions",
    "write_gis",
    "write_publications",
    "write_reports",
]

log = logging.getLogger(__name__)

GEOPACKAGE = "territoire.gpkg"
PROJECT = "territoire.qgz"
METADATA = ("territoire.xml", "territoire.jsonld", "territoire.rdf")
WORKBOOK = "territoire.xlsx"
#: Folders of the triennial reports and of the exported files.
REPORTS = "rapports"
FILES = "fichiers"
#: Words that stand for every zone of a kind among the reports.
KINDS = ("territory", "communes", "epci", "scot")

Step = Callable[[str], None]
Zone = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Rows of each file written, by its name in the results, and what the index tells: file, title, what it is."""

    rows: dict[str, int]
    documents: list[tuple[str, str, str]]


def planned_publications(territory: Territory) -> tuple[str, ...]:
    """Name the files that the steps of a territory write, but for reports and files, which only their layers name."""
    steps = territory.publish.steps
    gis = (GEOPACKAGE, PROJECT, *METADATA) if "gpkg" in steps else ()
    return (*gis, *((WORKBOOK,) if "xlsx" in steps else ()))


def other_publications(layers: Layers, results: Results) -> int:
    """Count the steps that come on top of the planned ones: reports, exported files, database."""
    settings = layers.territory.publish
    reports = 2 * len(report_zones(layers, results, settings.reports)) if "docx" in settings.steps else 0
    return reports + ("files" in settings.steps) + ("postgis" in settings.steps)


def publish_database(publication: Publication, address: str | None) -> None:
    """Publish to PostGIS: all of it or nothing."""
    from hp_sig.publish.postgis import publish_postgis  # noqa: PLC0415

    publish_postgis(publication, address)


def write_publications(
    publication: Publication, layers: Layers, results: Results, folder: Path, step: Step
) -> Published:
    """Write what the steps of the territory ask for into a folder that holds none of it; the database is not one.

    Parameters
    ----------
    publication
        From :func:`hp_sig.publish.content.publication_of`.
    layers, results
        What it was made from.
    folder
        Of the results.
    step
        Called before each file with its name.
    """
    # Only here: Word, Excel and matplotlib take long to load, and a run with nothing to do needs none.
    from hp_sig.publish.files import write_files  # noqa: PLC0415
    from hp_sig.publish.workbook import write_workbook  # noqa: PLC0415

    settings = layers.territory.publish
    rows: dict[str, int] = {}
    documents: list[tuple[str, str, str]] = []
    if "gpkg" in settings.steps:
        rows |= write_gis(publication, folder / GEOPACKAGE, step)
        documents += [_document(GEOPACKAGE, "gpkg"), _document(PROJECT, "project")]
    if "xlsx" in settings.steps:
        step(WORKBOOK)
        write_workbook(publication, folder / WORKBOOK)
        rows[WORKBOOK] = sum(len(table.rows) for table in publication.without_copies().tables.values())
        documents.append(_document(WORKBOOK, "workbook"))
    if "docx" in settings.steps:
        zones = report_zones(layers, results, settings.reports)
        (folder / REPORTS).mkdir()
        for file, zone in write_reports(layers, results, zones, folder / REPORTS, publication.run, step):
            rows[f"{REPORTS}/{file.name}"] = 1
            documents.append((f"{REPORTS}/{file.name}", zone, wording("index", f"report_{file.suffix[1:]}")))
    if "files" in settings.steps:
        step(f"{FILES}/")
        for file in write_files(publication, folder / FILES, formats=settings.formats):
            table = publication.tables.get(file.stem)
            rows[f"{FILES}/{file.name}"] = 0 if table is None else len(table.rows)
        documents.append(_document(f"{FILES}/dictionnaire.csv", "files"))
    return Published(rows=rows, documents=documents)


def write_gis(publication: Publication, geopackage: Path, step: Step) -> dict[str, int]:
    """Write a new GeoPackage with its styles, and beside it the project of QGIS and the metadata; give rows by name."""
    from hp_sig.publish.geopackage import write_geopackage  # noqa: PLC0415
    from hp_sig.publish.qgis import layer_styles  # noqa: PLC0415

    step(geopackage.name)
    styles = layer_styles(publication)
    write_geopackage(publication, geopackage, styles=styles)
    count = sum(len(table.rows) for table in publication.tables.values())
    return {geopackage.name: count, **write_companions(publication, geopackage, styles, step)}


def write_companions(
    publication: Publication,
    geopackage: Path,
    styles: "Mapping[str, Sequence[LayerStyle]]",
    step: Step,
    *,
    keep_project: bool = False,
    replace_foreign: Literal["refuse", "replace"] = "refuse",
) -> dict[str, int]:
    """Write what goes with a GeoPackage that is in its place: the project of QGIS, unless it is kept, and the metadata.

    Returns
    -------
    dict
        Layers of the project, and 1 for each file of metadata, by name.
    """
    from hp_sig.publish.metadata import write_metadata  # noqa: PLC0415
    from hp_sig.publish.qgis import write_project  # noqa: PLC0415

    project = geopackage.with_suffix(".qgz")
    written = {}
    if not keep_project:
        step(project.name)
        write_project(publication, project, geopackage=geopackage.name, styles=styles)
        written[project.name] = len(publication.layers)
    for name in METADATA:
        step(geopackage.with_suffix(Path(name).suffix).name)
    described = write_metadata(publication, geopackage, others=[project], replace_foreign=replace_foreign)
    return written | {file.name: 1 for file in described}


def report_zones(layers: Layers, results: Results, asked: Sequence[str]) -> dict[Zone, str]:
    """Find the zones that are to have a triennial report, with their names.

    Parameters
    ----------
    layers, results
        Of the territory.
    asked
        Codes of communes, EPCI or SCoT, or words for every zone of a kind: `territory`, `communes`, `epci`, `scot`. Of
        an EPCI that two dates know, the last one counts.

    Raises
    ------
    TerritoryError
        If a code is none of them.
    """
    from hp_sig.publish.report import reported_zones  # noqa: PLC0415

    known = reported_zones(layers, results)
    kinds = {layer: layer if layer in KINDS else layers.zones[layer].config.id for layer, _ in known}
    words = {*KINDS, *(code for _, code in known)}
    unknown = [one for one in asked if one not in words]
    if unknown:
        near = difflib.get_close_matches(unknown[0], words, n=3)
        hint = f" Near: {', '.join(near)}." if near else ""
        message = (
            f"reports: codes of communes, EPCI or SCoT of {layers.territory.name} expected, "
            f"or {', '.join(KINDS)}; found {some(unknown)}.{hint}"
        )
        raise TerritoryError(message)
    # The layers come by date: the last edition of a zone takes the place of the others.
    latest = {(kinds[layer], code): (layer, code) for layer, code in known}
    wanted = {zone for (kind, code), zone in latest.items() if kind in asked or code in asked}
    return {zone: name for zone, name in known.items() if zone in wanted}


def write_reports(
    layers: Layers, results: Results, zones: dict[Zone, str], folder: Path, run: Run, step: Step
) -> list[tuple[Path, str]]:
    """Write the triennial report of each zone into a folder, to be edited (.docx) and to be read (.html).

    Returns
    -------
    list
        Each file and the name of its zone.
    """
    from hp_sig.publish.report import report_name, write_report  # noqa: PLC0415

    day = run.started_at.astimezone().date()
    written = []
    for zone, name in zones.items():
        for suffix in (".docx", ".html"):
            file = folder / f"{report_name(layers, zone)}{suffix}"
            step(f"{folder.name}/{file.name}")
            written.append((write_report(layers, results, zone, file, day=day, run=run), name))
    return written


def _document(name: str, word: str) -> tuple[str, str, str]:
    return name, wording("index", word), wording("index", f"{word}_told")
