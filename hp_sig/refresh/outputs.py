"""Which files does a refresh write, and what is in each?"""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hp_sig.assembly import Layers
from hp_sig.maps.hubs.naming import hub_documents
from hp_sig.maps.sheets import index_page, planned_sheets, sheet_files, write_sheets
from hp_sig.publish.publication import Publication
from hp_sig.publish.tables import write_csv
from hp_sig.reference.labels import wording
from hp_sig.refresh.changes import Change
from hp_sig.refresh.publications import planned_publications, write_publications
from hp_sig.results import Results
from hp_sig.results.steps import LAND_TABLES, planned_tables
from hp_sig.territory import Territory

__all__ = ["FIGURES_MAP", "INDEX", "MAP", "PROJECTS_MAP", "News", "planned_outputs", "write_outputs"]

log = logging.getLogger(__name__)

MAP = "carte-territoire.html"
FIGURES_MAP = "carte-indicateurs.html"
PROJECTS_MAP = "carte-projets.html"
INDEX = "index.html"
#: Map → the key, in the section `index`, of the sentence that tells it; of its title with `_title` at the end.
MAPS = {MAP: "map", FIGURES_MAP: "map_figures", PROJECTS_MAP: "map_projects"}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the index tells of a refresh beside its results: what changed since the last one, and the day."""

    changes: Sequence[Change]
    day: dt.date


def planned_outputs(territory: Territory, present: Collection[str]) -> tuple[str, ...]:
    """Name the files that a refresh writes, from the names of the layers whose file is there.

    The sheets of zones that only their own files name (EPCI, parks), the pages of hubs, the triennial reports and the
    exported files come on top of these.
    """
    tables = tuple(f"{name}.csv" for name in planned_tables(territory, present))
    pages = (*_planned_maps(territory, present), *planned_sheets(territory))
    return (*tables, *pages, *planned_publications(territory), INDEX)


def _planned_maps(territory: Territory, present: Collection[str]) -> tuple[str, ...]:
    made = set(planned_tables(territory, present))
    wanted = {
        MAP: True,
        FIGURES_MAP: "population" in present or not made.isdisjoint(LAND_TABLES),
        PROJECTS_MAP: "projects" in present,
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def write_outputs(
    layers: Layers,
    results: Results,
    publication: Publication,
    folder: Path,
    step: Callable[[str], None],
    *,
    news: News,
) -> dict[str, int]:
    """Write tables, maps, sheets, publications and index into a folder; give the rows of each.

    Parameters
    ----------
    layers, results, publication
        What to write.
    folder
        An empty folder.
    step
        Called before each file with its name.
    news
        For the index.
    """
    # Only here: folium takes as long to load as all the rest, and a run with nothing to do needs no map.
    from hp_sig.maps.hubs.writing import write_hubs  # noqa: PLC0415
    from hp_sig.maps.standalone import save_standalone  # noqa: PLC0415
    from hp_sig.maps.territory_map import figures_map, project_map, territory_map  # noqa: PLC0415

    notice = layers.territory.notice
    rows = {}
    for name, table in results.tables().items():
        step(f"{name}.csv")
        rows[f"{name}.csv"] = write_csv(table, folder / f"{name}.csv", notice=notice)
    makers = {MAP: territory_map, FIGURES_MAP: figures_map, PROJECTS_MAP: project_map}
    documents = []
    for name in _planned_maps(layers.territory, layers.names):
        step(name)
        figure = makers[name](layers, results)
        if figure is not None:
            save_standalone(figure, folder / name)
            rows[name] = len(layers.communes)
            documents.append((name, wording("index", f"{MAPS[name]}_title"), wording("index", MAPS[name])))
    rows |= write_hubs(layers, results, folder, step=step, day=news.day)
    documents += hub_documents(results)
    rows |= write_sheets(layers, results, folder, step=step, day=news.day)
    published = write_publications(publication, layers, results, folder, step)
    rows |= published.rows
    documents += published.documents
    step(INDEX)
    page = index_page(
        layers,
        results,
        maps=documents,
        sheets=sheet_files(layers),
        changes=news.changes,
        refreshed_on=news.day,
    )
    (folder / INDEX).write_text(page, encoding="utf-8", newline="\n")
    log.info("wrote %s: %d kB", INDEX, len(page.encode()) // 1000)
    rows[INDEX] = len(rows)
    return rows
