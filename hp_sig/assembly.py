"""Do the layers of a territory hold, each by itself and against each other?"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.errors import LayerError, some
from hp_sig.inputs import InputError, InputFile
from hp_sig.layers.communes import read_communes, read_movements, reconcile_communes
from hp_sig.layers.membership import read_membership
from hp_sig.layers.population import read_population
from hp_sig.layers.projects import read_projects
from hp_sig.layers.scot import read_scot
from hp_sig.layers.stations import read_stations
from hp_sig.layers.zones import read_zones
from hp_sig.territory import PopulationSource, Territory, Zone, commune_names

__all__ = ["STATUS_ORDER", "Layers", "ZoneLayer", "load_layers"]

log = logging.getLogger(__name__)

#: Stations this far outside the communes still serve them (metres).
STATION_MARGIN_M = 500.0
#: Vintage of a layer whose file the default territory cannot know.
UNSTATED = "non précisé"
#: From the most to the least telling: a commune on the lists of two SCoT is told by the first.
STATUS_ORDER = ("approved", "in_progress", "none", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLayer:
    """A layer of zones, ready to use.

    Parameters
    ----------
    config
        What the territory file says of it.
    zones
        Index `config.key`; `name`, `geometry` (EPSG:2154). A list of communes adds `commune_count` (those in the
        territory, which make the geometry) and `commune_total` (those of the whole list); a SCoT adds `status`.
    members
        For a list of communes: index `commune_code`; the zone's code (`config.key`), `name`, and for a SCoT
        `status`, for the communes of the territory that are listed.
    whole_list
        For a list of communes: the zone of every commune of the file, so that a merger is told from a move.
    """

    config: Zone
    zones: gpd.GeoDataFrame
    members: pd.DataFrame | None = None
    whole_list: pd.Series | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Every layer of a territory, validated, in Lambert-93; `notes` tells what was put right, by layer."""

    territory: Territory
    communes: gpd.GeoDataFrame
    zones: Mapping[str, ZoneLayer]
    population: pd.DataFrame | None
    stations: gpd.GeoDataFrame | None
    projects: gpd.GeoDataFrame | None
    notes: Mapping[str, list[str]] = field(default_factory=dict)


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
    frames: dict[str, pd.DataFrame] = {}
    errors = list(missing)
    for item in inputs:
        if on_read is not None:
            on_read(item)
        try:
            frame = _read(item)
        except LayerError as error:
            errors.append(error)
            continue
        if frame is not None:
            frames[item.name] = frame
    if errors:
        raise InputError(errors)
    return _assembled(territory, {item.name: item.path for item in inputs}, frames)


def _read(item: InputFile) -> pd.DataFrame | None:
    source = item.source
    if item.name == "communes.movements":
        return read_movements(item.path)
    if source is None:
        return None
    fields, vintage = source.fields, source.vintage
    if item.name == "communes":
        return read_communes(item.path, vintage=vintage, layer=source.layer, fields=fields, crs=source.crs)
    if item.name == "population":
        return read_population(item.path, fields=fields)
    if item.name == "stations":
        return read_stations(item.path, vintage=vintage, fields=fields, crs=source.crs, layer=source.layer)
    if item.name == "projects":
        return read_projects(item.path, vintage=vintage, fields=fields, crs=source.crs, layer=source.layer)
    return _read_zone(item.path, cast("Zone", source))


def _read_zone(path: Path, zone: Zone) -> pd.DataFrame:
    if zone.id == "scot":
        scot = read_scot(path, vintage=zone.vintage, fields=zone.fields, crs=zone.crs, layer=zone.layer)
        unknown = sorted((set(zone.status) | set(zone.keep)) - set(scot.index))
        if unknown:
            raise LayerError(path, [f"« status » or « keep » names {some(unknown)}, found only {some(scot.index)}."])
        scot["status"] = pd.Series(zone.status, dtype="object").reindex(scot.index).fillna(scot["status"])
        return scot[scot.index.isin(zone.keep)] if zone.keep else scot
    if zone.kind == "communes":
        year = cast("int", zone.cog_year)
        return read_membership(path, cog_year=year, key=zone.key, keep=zone.keep, fields=zone.fields)
    return read_zones(
        path,
        key=zone.key,
        vintage=zone.vintage,
        keep=zone.keep,
        fields=zone.fields,
        crs=zone.crs,
        layer=zone.layer,
    )


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
        if source.vintage == UNSTATED:
            notes[name].append(
                "its vintage is not stated, and the results say so: copy the territory file (hp-sig territory FILE), "
                "write vintage = … there, and use it with --territory."
            )
    errors: list[LayerError] = []
    zones: dict[str, ZoneLayer] = {}
    for zone in territory.zones:
        name = zone.layer_name
        try:
            zones[name] = _zone_layer(zone, frames[name], communes, paths[name], notes[name])
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
        notes={name: told for name, told in notes.items() if told},
    )


def _coverage_notes(communes: gpd.GeoDataFrame) -> list[str]:
    if shapely.coverage_is_valid(communes.geometry.to_numpy()):
        return []
    return [
        "neighbouring communes overlap or leave gaps: shared limits are not drawn alike, areas may count land twice."
    ]


def _zone_layer(zone: Zone, frame: pd.DataFrame, communes: gpd.GeoDataFrame, path: Path, notes: list[str]) -> ZoneLayer:
    if zone.kind == "perimeter":
        drawn = cast("gpd.GeoDataFrame", frame)
        if drawn.geometry.isna().any():
            raise LayerError(
                path, ['expected perimeters, found lists of communes. Set kind = "communes" and cog_year.']
            )
        zones = _meeting(drawn, communes, path)
        notes += _mutual_overlaps(zones)
        return ZoneLayer(config=zone, zones=zones)
    listed = (
        _listed(zone, frame, communes.index, notes)
        if zone.id == "scot"
        else frame.set_axis([zone.key, "name"], axis="columns")
    )
    members = listed[listed.index.isin(communes.index)]
    if members.empty:
        raise LayerError(
            path,
            [f"none of its communes is in the territory; found {some(listed.index)}. Check file and cog_year."],
        )
    absent = communes.index.difference(members.index)
    if len(absent) and zone.id == "epci":
        fault = (
            f"{len(absent)} communes of the territory are in no intercommunality: "
            f"{some(absent)}. Check file and cog_year."
        )
        raise LayerError(path, [fault])
    if len(absent) and zone.id != "scot":
        notes.append(f"{len(absent)} communes of the territory are not in this list: {some(absent)}.")
    return ZoneLayer(
        config=zone,
        zones=_united(zone, members, listed, communes),
        members=members,
        whole_list=listed[zone.key],
    )


def _listed(zone: Zone, scot: pd.DataFrame, territory: pd.Index, notes: list[str]) -> pd.DataFrame:
    rows = scot[["name", "status"]].assign(commune_codes=scot["commune_codes"].str.split())
    rows = rows.rename_axis(zone.key).reset_index().explode("commune_codes")
    rows = rows.dropna(subset="commune_codes").rename(columns={"commune_codes": "commune_code"})
    rows["rank"] = rows["status"].map(STATUS_ORDER.index)
    rows = rows.sort_values(["commune_code", "rank", zone.key]).astype({"commune_code": "str"})
    several = rows["commune_code"][rows["commune_code"].duplicated() & rows["commune_code"].isin(territory)].unique()
    if len(several):
        notes.append(
            f"{len(several)} communes are on the lists of several SCoT, the most advanced one is kept: {some(several)}."
        )
    return rows.drop_duplicates("commune_code").set_index("commune_code")[[zone.key, "name", "status"]]


def _united(zone: Zone, members: pd.DataFrame, listed: pd.DataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    columns = [column for column in ("name", "status") if column in members]
    groups = members.groupby(zone.key, sort=True)
    zones = groups[columns].first()
    zones["commune_count"] = groups.size()
    zones["commune_total"] = listed.groupby(zone.key).size().reindex(zones.index)
    united = communes.loc[members.index, ["geometry"]].assign(zone=members[zone.key]).dissolve("zone").loc[zones.index]
    shapes = united.geometry.to_numpy().copy()
    single = shapely.get_type_id(shapes) == 3
    shapes[single] = shapely.multipolygons(shapes[single][:, np.newaxis])
    return gpd.GeoDataFrame(zones, geometry=gpd.GeoSeries(shapes, index=zones.index, crs=communes.crs))


def _meeting(zones: gpd.GeoDataFrame, communes: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    found = np.unique(communes.sindex.query(zones.geometry, predicate="intersects")[0])
    if not len(found):
        shown = "({:.0f}, {:.0f}, {:.0f}, {:.0f})"
        fault = (
            f"no zone meets the territory: bounds {shown.format(*zones.total_bounds)}, the communes' "
            f"{shown.format(*communes.total_bounds)} in Lambert-93. Check the file and « keep »."
        )
        raise LayerError(path, [fault])
    return zones.iloc[found]


def _mutual_overlaps(zones: gpd.GeoDataFrame) -> list[str]:
    """Tell which zones of one layer overlap each other: the land they share counts in both."""
    first, second = zones.sindex.query(zones.geometry, predicate="overlaps")
    once = first < second
    first, second = first[once], second[once]
    shapes = zones.geometry.to_numpy()
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second])) / M2_PER_HA
    names = zones["name"].to_numpy()
    return [
        f"« {names[one]} » and « {names[other]} » overlap each other by {hectares:.0f} ha: this land counts in both."
        for one, other, hectares in zip(first, second, shared, strict=True)
        if hectares >= 1
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
