"""Which files does a refresh write, and what is in each?"""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.maps.hubs.naming import hub_documents
from hp_sig.maps.sheets import index_page, planned_sheets, sheet_files, write_sheets
from hp_sig.publish.geopackage import write_geopackage
from hp_sig.publish.tables import rounded, write_csv
from hp_sig.reference.labels import wording
from hp_sig.refresh.changes import Change
from hp_sig.results import Results
from hp_sig.results.hubs import ServiceAreas
from hp_sig.results.steps import LAND_TABLES, planned_tables, sources_of
from hp_sig.territory import LayerSource, Territory

__all__ = ["FIGURES_MAP", "GEOPACKAGE", "INDEX", "MAP", "PROJECTS_MAP", "News", "planned_outputs", "write_outputs"]

log = logging.getLogger(__name__)

GEOPACKAGE = "territoire.gpkg"
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

    The sheets of zones that only their own files name (EPCI, parks), and the pages of hubs, come on top of these.
    """
    tables = tuple(f"{name}.csv" for name in planned_tables(territory, present))
    return (*tables, GEOPACKAGE, *_planned_maps(territory, present), *planned_sheets(territory), INDEX)


def _planned_maps(territory: Territory, present: Collection[str]) -> tuple[str, ...]:
    made = set(planned_tables(territory, present))
    wanted = {
        MAP: True,
        FIGURES_MAP: "population" in present or not made.isdisjoint(LAND_TABLES),
        PROJECTS_MAP: "projects" in present,
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def write_outputs(
    layers: Layers, results: Results, folder: Path, step: Callable[[str], None], *, news: News
) -> dict[str, int]:
    """Write tables, GeoPackage, maps, sheets and index into a folder; give the rows of each.

    Parameters
    ----------
    layers, results
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
    step(GEOPACKAGE)
    layers_written, tables_written = _geopackage_content(layers, results)
    sources = layers.territory.sources()
    sources |= {name: sources["projects"] for name in layers_written if name.startswith("projects_")}
    made_from = sources_of(layers.territory, layers.names)
    made_from["service_areas"] = made_from["catchments"]
    descriptions = {
        name: " ".join(
            filter(None, [notice and f"{notice}.", _description(sources.get(name), made_from.get(name, []))])
        )
        for name in (*layers_written, *tables_written)
    }
    if "project_screening" in descriptions:
        descriptions["project_screening"] += f" {wording('screening', 'potential')}"
    counts = write_geopackage(layers_written, tables_written, folder / GEOPACKAGE, descriptions=descriptions)
    rows[GEOPACKAGE] = sum(counts.values())
    makers = {MAP: territory_map, FIGURES_MAP: figures_map, PROJECTS_MAP: project_map}
    documents = [(GEOPACKAGE, wording("index", "gpkg"), wording("index", "gpkg_told"))]
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


def _geopackage_content(
    layers: Layers, results: Results
) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, pd.DataFrame]]:
    notice = layers.territory.notice
    marked = {} if notice is None else {"notice": notice}
    communes = layers.communes[["geometry"]].join(rounded(results.communes))
    content = {"communes": communes, **{name: layer.zones for name, layer in layers.zones.items()}}
    if layers.stations is not None and len(layers.stations):
        content["stations"] = layers.stations
    if results.reached is not None:
        content["service_areas"] = _service_areas(results.reached, results.catchments)
    tables = {name: rounded(table) for name, table in results.tables().items() if name != "communes"}
    if layers.projects is not None:
        for scale in ("site", "footprint"):
            drawn = layers.projects[layers.projects["scale"] == scale]
            if len(drawn):
                content[f"projects_{scale}"] = drawn
        tables["projects"] = pd.DataFrame(layers.projects.drop(columns="geometry")).reset_index()
    if layers.population is not None:
        tables["population"] = layers.population.add_prefix("population_").reset_index()
    geographic = {
        name: gpd.GeoDataFrame(layer.drop(columns="commune_codes", errors="ignore").assign(**marked))
        for name, layer in content.items()
    }
    return geographic, {name: table.assign(**marked) for name, table in tables.items()}


def _service_areas(reached: ServiceAreas, catchments: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """Give the service areas with their figures, one row a hub, mode and minutes."""
    keys = ["hub_id", "mode", "minutes"]
    shapes = reached.areas[["geometry"]].reset_index()
    figures = pd.DataFrame(columns=keys) if catchments is None else rounded(catchments)
    return gpd.GeoDataFrame(shapes.merge(figures, on=keys, how="left"))


def _description(source: LayerSource | None, made_from: Sequence[LayerSource]) -> str:
    """Say where a layer comes from, or from what a table was computed."""
    if source is None and made_from:
        named = dict.fromkeys((one.producer, one.source) for one in made_from)
        told = []
        for producer, name in named:
            vintages = [one.vintage for one in made_from if (one.producer, one.source) == (producer, name)]
            told.append(f"{producer}, {name}, {wording('map', 'vintage', vintage=', '.join(dict.fromkeys(vintages)))}")
        return wording("map", "computed_from", sources="\u00a0; ".join(told))
    if source is None:
        return wording("map", "computed")
    vintage = wording("map", "vintage", vintage=source.vintage)
    return f"{source.producer}, {source.source}, {vintage} ({source.licence})"
