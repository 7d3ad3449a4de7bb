"""Do the layers of a territory hold, each by itself and against each other?"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import geopandas as gpd
import pandas as pd
import shapely

from hp_sig.assembly.land import LandLayers, assemble_land, read_land_layer, settings_faults
from hp_sig.assembly.mobility import MobilityLayers, assemble_mobility, hub_faults
from hp_sig.assembly.zones import STATUS_ORDER, ZoneLayer, assemble_zones, read_zone_layer
from hp_sig.errors import LayerError, some
from hp_sig.inputs import InputError, InputFile
from hp_sig.layers.buildings import read_buildings
from hp_sig.layers.census import read_census
from hp_sig.layers.communes import read_communes, read_movements, reconcile_communes
from hp_sig.layers.exclusions import read_exclusions
from hp_sig.layers.population import read_population
from hp_sig.layers.projects import read_projects
from hp_sig.layers.ridership import read_ridership
from hp_sig.layers.roads import read_roads
from hp_sig.layers.stations import read_stations
from hp_sig.territory import (
    EnafSource,
    LandCoverSource,
    PopulationSource,
    SurveySource,
    Territory,
    Zone,
    ZoningSource,
    commune_names,
)

__all__ = ["STATUS_ORDER", "LandLayers", "Layers", "MobilityLayers", "ZoneLayer", "load_layers", "read_input"]

log = logging.getLogger(__name__)

#: Stations this far outside the communes still serve them (metres).
STATION_MARGIN_M = 500.0
#: Vintage of a layer whose file the default territory cannot know.
UNSTATED = "non précisé"
#: Tables that no layer of the results stands for.
TABLES_APART: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    "communes.movements": read_movements,
    "trajectory.exclusions": read_exclusions,
}
#: Tables of figures without a place.
FIGURES: Mapping[str, Callable[..., pd.DataFrame]] = {
    "population": read_population,
    "census": read_census,
    "ridership": read_ridership,
}
#: Geographic layers, and tables of points.
PLACES: Mapping[str, Callable[..., pd.DataFrame]] = {
    "communes": read_communes,
    "stations": read_stations,
    "projects": read_projects,
    "roads": read_roads,
    "buildings": read_buildings,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Every layer of a territory, validated, in Lambert-93; `notes` tells what was put right, by layer."""

    territory: Territory
    communes: gpd.GeoDataFrame
    zones: Mapping[str, ZoneLayer]
    population: pd.DataFrame | None
    stations: gpd.GeoDataFrame | None
    projects: gpd.GeoDataFrame | None
    land: LandLayers = field(default_factory=LandLayers)
    mobility: MobilityLayers = field(default_factory=MobilityLayers)
    notes: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers whose file was there."""
        return tuple(name for name in self.territory.sources() if name not in self.land.absent)

    def latest(self, zone_id: str) -> ZoneLayer | None:
        """Give the latest edition of the zones of one kind (`epci`, `scot`), the one in force; None without."""
        editions = [layer for layer in self.zones.values() if layer.config.id == zone_id]
        return max(editions, key=lambda layer: layer.config.cog_year or 0, default=None)


def load_layers(
    territory: Territory,
    inputs: Sequence[InputFile],
    *,
    missing: Sequence[LayerError] = (),
    on_read: Callable[[InputFile], None] | None = None,
) -> Layers:
    """Read every layer of a territory, then check them against each other.

    Parameters
    ----------
    territory
        From :func:`hp_sig.territory.load_territory`.
    inputs
        From :func:`hp_sig.inputs.find_inputs`.
    missing
        Errors of files that were not found, to be told with those of the files that were.
    on_read
        Called before each file is read.

    Raises
    ------
    InputError
        With the faults of every file; if each file is sound by itself, with all that they disagree on.
    """
    paths = {item.name: item.path for item in inputs}
    frames: dict[str, pd.DataFrame] = {}
    errors = list(missing)
    for item in inputs:
        if on_read is not None:
            on_read(item)
        try:
            frames |= read_input(item, paths)
        except LayerError as error:
            # A table of a database is told by its name, not by the snapshot that was read.
            table = item.source.file if item.source is not None and item.source.in_database else None
            errors.append(error if table is None else LayerError(table, error.faults))
    if errors:
        raise InputError(errors)
    return _assembled(territory, paths, frames)


def read_input(item: InputFile, paths: Mapping[str, Path]) -> dict[str, pd.DataFrame]:
    """Read a file; give its tables by name: one, but for the ENAF file, which holds two."""
    source = item.source
    if isinstance(source, LandCoverSource | EnafSource | ZoningSource | SurveySource):
        tables = read_land_layer(item.path, source, paths.get(f"{item.name}.correspondence"))
        return {end or item.name: table for end, table in tables.items()}
    if item.name in TABLES_APART:
        return {item.name: TABLES_APART[item.name](item.path)}
    if source is None:
        return {}
    if item.name in FIGURES:
        return {item.name: FIGURES[item.name](item.path, fields=source.fields)}
    if isinstance(source, Zone):
        return {item.name: read_zone_layer(item.path, source)}
    frame = PLACES[item.name](
        item.path, vintage=source.vintage, layer=source.layer, fields=source.fields, crs=source.crs
    )
    return {item.name: frame}


def _assembled(territory: Territory, paths: Mapping[str, Path], frames: Mapping[str, pd.DataFrame]) -> Layers:
    notes = {name: list(frame.attrs.get("notes", [])) for name, frame in frames.items()}
    boundaries = cast("gpd.GeoDataFrame", frames["communes"])
    try:
        communes, renames = reconcile_communes(
            boundaries, commune_names(territory), frames.get("communes.movements"), path=paths["communes"]
        )
    except LayerError as error:
        raise InputError([error]) from error
    notes["communes"] += renames + _coverage_notes(communes)
    for name, source in territory.sources().items():
        if source.vintage == UNSTATED and name in frames:
            notes[name].append(
                "its vintage is not stated, and the results say so: copy the territory file (hp-sig territory FILE), "
                "write vintage = … there, and use it with --territory."
            )
    errors: list[LayerError] = []
    zones: dict[str, ZoneLayer] = {}
    for zone in territory.zones:
        name = zone.layer_name
        if name not in frames:
            continue
        try:
            zones[name] = assemble_zones(zone, frames[name], communes, paths[name], notes[name])
        except LayerError as error:
            errors.append(error)
    population, projects, stations = frames.get("population"), frames.get("projects"), frames.get("stations")
    if population is not None:
        fault = _population_fault(
            population, cast("PopulationSource", territory.population), communes, notes["population"]
        )
        errors += [LayerError(paths["population"], [fault])] if fault else []
    if projects is not None:
        notes["projects"] += _project_notes(projects, communes, zones, stations)
    faults = settings_faults(territory, communes.index, zones) + hub_faults(territory, projects)
    if faults:
        errors.append(LayerError(territory.path, faults))
    land = assemble_land(territory, frames, communes, paths, notes, errors)
    mobility = assemble_mobility(frames, communes, paths, notes, errors)
    if errors:
        raise InputError(errors)
    for name, told in notes.items():
        for note in told[len(frames[name].attrs.get("notes", [])) :]:
            log.warning("%s: %s", paths[name], note)
    return Layers(
        territory=territory,
        communes=communes,
        zones=zones,
        population=None if population is None else population.reindex(communes.index),
        stations=None if stations is None else _serving(cast("gpd.GeoDataFrame", stations), communes, projects),
        projects=cast("gpd.GeoDataFrame | None", projects),
        land=land,
        mobility=mobility,
        notes={name: told for name, told in notes.items() if told},
    )


def _coverage_notes(communes: gpd.GeoDataFrame) -> list[str]:
    if shapely.coverage_is_valid(communes.geometry.to_numpy()):
        return []
    return [
        "neighbouring communes overlap or leave gaps: shared limits are not drawn alike, areas may count land twice."
    ]


def _population_fault(
    population: pd.DataFrame, source: PopulationSource, communes: gpd.GeoDataFrame, notes: list[str]
) -> str | None:
    if source.year not in population.columns:
        return f"expected the year {source.year} (population.year), found {some(population.columns)}."
    unknown = communes.index[population[source.year].reindex(communes.index).isna()]
    if len(unknown):
        notes.append(f"no population in {source.year} for {len(unknown)} communes: {some(unknown)}.")
    return None


def _project_notes(
    projects: pd.DataFrame,
    communes: gpd.GeoDataFrame,
    zones: Mapping[str, ZoneLayer],
    stations: pd.DataFrame | None,
) -> list[str]:
    notes = []
    codes = projects["commune_code"].dropna()
    elsewhere = codes[~codes.isin(communes.index)]
    if len(elsewhere):
        notes.append(f"{len(elsewhere)} projects are in communes outside the territory: {some(elsewhere.index)}.")
    sirens = set().union(*(layer.zones.index for layer in zones.values() if layer.config.id == "epci"))
    unknown = projects["epci_siren"].dropna()
    unknown = unknown[~unknown.isin(sirens)]
    if len(unknown):
        notes.append(
            f"{len(unknown)} projects name an intercommunality of no date of the territory: {some(unknown.index)}."
        )
    if stations is not None:
        uic = projects["station_uic"].dropna()
        lost = uic[~uic.isin(stations.index)]
        if len(lost):
            notes.append(f"{len(lost)} projects name a station that the file does not have: {some(lost.index)}.")
    return notes


def _serving(stations: gpd.GeoDataFrame, communes: gpd.GeoDataFrame, projects: pd.DataFrame | None) -> gpd.GeoDataFrame:
    near = stations.geometry.dwithin(shapely.union_all(communes.geometry.to_numpy()), STATION_MARGIN_M)
    named = stations.index.isin(projects["station_uic"].dropna()) if projects is not None else False
    return stations[near | named]
