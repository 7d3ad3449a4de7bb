"""Which files does a refresh write, and what is in each?"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.publish.geopackage import write_geopackage
from hp_sig.publish.tables import rounded, write_csv
from hp_sig.reference.labels import wording
from hp_sig.results import Results
from hp_sig.results.steps import planned_tables, sources_of
from hp_sig.territory import LayerSource, Territory

__all__ = ["GEOPACKAGE", "MAP", "planned_outputs", "write_outputs"]

GEOPACKAGE = "territoire.gpkg"
MAP = "carte-territoire.html"


def planned_outputs(territory: Territory, present: Collection[str]) -> tuple[str, ...]:
    """Name the files that a refresh writes, from the names of the layers whose file is there."""
    return (*(f"{name}.csv" for name in planned_tables(territory, present)), GEOPACKAGE, MAP)


def write_outputs(layers: Layers, results: Results, folder: Path, step: Callable[[str], None]) -> dict[str, int]:
    """Write tables, GeoPackage and map into a folder; give the rows of each.

    Parameters
    ----------
    layers, results
        What to write.
    folder
        An empty folder.
    step
        Called before each file with its name.
    """
    # Only here: folium takes as long to load as all the rest, and a run with nothing to do needs no map.
    from hp_sig.maps.standalone import save_standalone  # noqa: PLC0415
    from hp_sig.maps.territory_map import territory_map  # noqa: PLC0415

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
    descriptions = {
        name: " ".join(
            filter(None, [notice and f"{notice}.", _description(sources.get(name), made_from.get(name, []))])
        )
        for name in (*layers_written, *tables_written)
    }
    counts = write_geopackage(layers_written, tables_written, folder / GEOPACKAGE, descriptions=descriptions)
    rows[GEOPACKAGE] = sum(counts.values())
    step(MAP)
    title = wording("map", "title", territory=layers.territory.name)
    save_standalone(territory_map(layers, results), folder / MAP, title=title)
    rows[MAP] = len(layers.communes)
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


def _description(source: LayerSource | None, made_from: Sequence[LayerSource]) -> str:
    """Say where a layer comes from, or from what a table was computed."""
    if source is None and made_from:
        named = dict.fromkeys((one.producer, one.source) for one in made_from)
        told = []
        for producer, name in named:
            vintages = [one.vintage for one in made_from if (one.producer, one.source) == (producer, name)]
            told.append(f"{producer}, {name}, {wording('map', 'vintage', vintage=', '.join(dict.fromkeys(vintages)))}")
        return wording("map", "computed_from", sources=" ; ".join(told))
    if source is None:
        return wording("map", "computed")
    vintage = wording("map", "vintage", vintage=source.vintage)
    return f"{source.producer}, {source.source}, {vintage} ({source.licence})"
