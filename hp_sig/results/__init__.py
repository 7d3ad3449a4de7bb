"""Which tables does a refresh publish, and what is in each column?

Layers and indicators meet here; what comes out is plain tables that maps and publications only draw and write.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import STATUS_ORDER, Layers, ZoneLayer
from hp_sig.crs import area_ha
from hp_sig.indicators.membership import coverage_by_zone, membership_changes, membership_table, scot_coverage
from hp_sig.indicators.overlap import overlap_table
from hp_sig.results.catchments import catchment_tables, empty_tables, hub_tables
from hp_sig.results.groups import TERRITORY_LAYER
from hp_sig.results.hubs import ServiceAreas, service_areas
from hp_sig.results.land import land_results
from hp_sig.results.screening import screen_projects
from hp_sig.results.steps import ALL_TABLES, HUB_TABLES, skipped_tables

__all__ = ["Results", "compute"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The tables of a refresh, one row a thing, English column names, units at their end.

    A table of land is None where its layers are not there: `skipped` says which and why. In those tables a zone is told
    by `zone_layer`, `zone_code`, `zone_name`, `is_partial` (some of it lies out of the territory and does not count),
    and `rank` is that of the vintage in its own département (1: the first).

    Parameters
    ----------
    communes
        Index `commune_code`: name, area, population and its year, zone of each layer.
    overlaps
        One row an intersecting pair: `zone_layer`, `zone_code`, `zone_name`, `other_layer`, `other_code`,
        `other_name`, then the columns of :func:`hp_sig.indicators.overlap.overlap_table`.
    zones
        One row a zone: `zone_layer`, `zone_code`, `zone_name`, `commune_count`, `commune_total`, `area_ha`,
        `population`, summed over its communes of the territory; for a perimeter, over the communes inside it, beside
        `overlap_ha`, the area that it really shares with the territory.
    membership_changes
        One row a commune that changed zone between two editions of a layer.
    scot_coverage
        One row a living area (or any list of communes) and the territory; empty without a SCoT layer.
    land_stock
        One row a zone and vintage: artificialised and sealed land.
    land_classes
        One row a zone, vintage and class of cover or use, 0 where it has none.
    land_flow
        One row a zone and pair of vintages: gains, losses and nets.
    land_transition
        One row a zone, pair of vintages and pair of classes (cover and use, before and after).
    land_shape
        One row a zone and vintage: density, efficiency, patches, envelope, dispersion.
    land_zoning
        One row a commune, kind of planning zone and vintage.
    land_survey
        One row a zone and survey that is not OCS GE: its land classes, and whether the zone is large enough for it.
    enaf_consumption
        One row a zone and year: hectares, in all and by destination.
    enaf_ratios
        One row a zone: hectares beside the households, inhabitants and jobs that were added.
    trajectory
        One row a zone and regime: allowed, consumed, left.
    triennial
        One row a commune, EPCI, SCoT and the territory: indicators 1° to 4° of the local report.
    project_screening, project_overlaps, project_distances
        What each project would take from which allowance, what it lies in and near: the tables `allowances`,
        `overlaps` and `distances` of :class:`hp_sig.results.screening.Screening`.
    hub_stations, ridership
        One row a hub: where it stands; one row a hub and year: passengers of its station.
    catchments
        One row a hub, mode and minutes: the service area, the disc as the crow flies, who lives and works in each, and
        the land inside. Figures of people are estimates (:mod:`hp_sig.indicators.dasymetric`).
    catchment_places
        One row more for each commune that the service area or its disc meets.
    catchment_land
        One row more for each class of land inside: cover, use, planning zone, park, SCoT.
    catchment_overlaps
        One row a hub, another hub, mode and minutes: the land and the people that they share.
    reached
        The shapes of the service areas; not a table.
    skipped
        Table → why it was not made.
    warnings
        What the layers of land disagree on.
    """

    communes: pd.DataFrame
    overlaps: pd.DataFrame
    zones: pd.DataFrame
    membership_changes: pd.DataFrame
    scot_coverage: pd.DataFrame
    land_stock: pd.DataFrame | None = None
    land_classes: pd.DataFrame | None = None
    land_flow: pd.DataFrame | None = None
    land_transition: pd.DataFrame | None = None
    land_shape: pd.DataFrame | None = None
    land_zoning: pd.DataFrame | None = None
    land_survey: pd.DataFrame | None = None
    enaf_consumption: pd.DataFrame | None = None
    enaf_ratios: pd.DataFrame | None = None
    trajectory: pd.DataFrame | None = None
    triennial: pd.DataFrame | None = None
    project_screening: pd.DataFrame | None = None
    project_overlaps: pd.DataFrame | None = None
    project_distances: pd.DataFrame | None = None
    hub_stations: pd.DataFrame | None = None
    ridership: pd.DataFrame | None = None
    catchments: pd.DataFrame | None = None
    catchment_places: pd.DataFrame | None = None
    catchment_land: pd.DataFrame | None = None
    catchment_overlaps: pd.DataFrame | None = None
    reached: ServiceAreas | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give each table that was made by the name of its file, keys as columns."""
        found = {name: getattr(self, name) for name in ALL_TABLES}
        found["communes"] = self.communes.reset_index()
        return {name: table for name, table in found.items() if table is not None}


def compute(
    layers: Layers, *, families: Collection[str] | None = None, on_step: Callable[[str], None] | None = None
) -> Results:
    """Compute every table of a refresh from the layers of a territory.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    families
        Families of tables to compute beside the zones and overlaps (:func:`hp_sig.results.steps.computed_steps`): a
        page of a hub needs no land transition. All of them by default.
    on_step
        Called before each family of tables with its name.
    """
    step = on_step or (lambda _name: None)
    measured = _measured(layers)
    perimeters = {name: layer for name, layer in layers.zones.items() if layer.members is None}
    lists = {name: layer for name, layer in layers.zones.items() if layer.members is not None}
    overlaps = _overlaps(layers, perimeters, lists)
    coverage = _coverage(measured, layers.zones, _inside(overlaps))
    communes = _communes(measured, lists, perimeters, overlaps, coverage)
    # An officer's own projects may stand where the territory has none.
    present = {*layers.names, *([] if layers.projects is None else ["projects"])}
    skipped = skipped_tables(layers.territory, present, families)
    land, warnings = land_results(layers, overlaps, skipped, step)
    made: dict[str, Any] = dict(land)
    results = Results(
        communes=communes,
        overlaps=overlaps,
        zones=_zones(layers, measured, lists, perimeters, overlaps),
        membership_changes=_changes(lists, measured),
        scot_coverage=_coverage_table(layers, measured, coverage, lists),
        skipped=skipped,
        warnings=tuple(warnings),
        **made,
    )
    return _with_hubs(_with_projects(results, layers, step), layers, step)


def _with_projects(results: Results, layers: Layers, step: Callable[[str], None]) -> Results:
    """Add what each project would take, and where the hubs stand."""
    if layers.projects is None or "project_screening" in results.skipped:
        return results
    step("project_screening")
    screening = screen_projects(layers.projects, layers, results=results)
    made: dict[str, Any] = {
        "project_screening": screening.allowances,
        "project_overlaps": screening.overlaps,
        "project_distances": screening.distances,
        **hub_tables(layers, results.communes, screening),
    }
    return dataclasses.replace(results, **{name: made[name] for name in made if name not in results.skipped})


def _with_hubs(results: Results, layers: Layers, step: Callable[[str], None]) -> Results:
    """Add who reaches each hub, and on which land."""
    if set(HUB_TABLES) <= set(results.skipped):
        return results
    step("catchments")
    reached = service_areas(layers)
    made: dict[str, Any] = dict(empty_tables())
    if reached is not None:
        made = {**catchment_tables(layers, reached), "reached": reached}
        made["warnings"] = (*results.warnings, *reached.warnings)
    return dataclasses.replace(results, **made)


def _inside(overlaps: pd.DataFrame) -> pd.DataFrame:
    return overlaps[(overlaps["zone_layer"] == "communes") & (overlaps["relation"] == "inside")]


def _measured(layers: Layers) -> pd.DataFrame:
    communes = layers.communes
    table = pd.DataFrame(
        {
            "name": communes["name"],
            "departement_code": communes["departement_code"],
            "area_ha": area_ha(communes),
            "population": float("nan"),
            "population_year": pd.NA,
        }
    )
    source = layers.territory.population
    if layers.population is not None and source is not None:
        table["population"] = layers.population[source.year]
        table["population_year"] = source.year
    return table.astype({"population_year": "Int64"})


def _overlaps(layers: Layers, perimeters: Mapping[str, ZoneLayer], lists: Mapping[str, ZoneLayer]) -> pd.DataFrame:
    whole = layers.communes.assign(name=layers.territory.name).dissolve("name").reset_index()
    whole.index = pd.Index([TERRITORY_LAYER], name="territory_code")
    zones = {
        "communes": layers.communes,
        **{name: layer.zones for name, layer in lists.items()},
        TERRITORY_LAYER: whole,
    }
    tables = [
        _named_overlaps(zone_name, zone, other_name, other.zones)
        for other_name, other in perimeters.items()
        for zone_name, zone in zones.items()
    ]
    columns = [
        *("zone_layer", "zone_code", "zone_name", "other_layer", "other_code", "other_name"),
        *("overlap_ha", "share_of_zone", "share_of_other", "mean_width_m", "relation"),
    ]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _named_overlaps(
    zone_layer: str, zones: gpd.GeoDataFrame, other_layer: str, others: gpd.GeoDataFrame
) -> pd.DataFrame:
    table = overlap_table(zones, others).rename_axis(index=["zone_code", "other_code"]).reset_index()
    table["zone_layer"], table["other_layer"] = zone_layer, other_layer
    table["zone_name"] = table["zone_code"].map(zones["name"])
    table["other_name"] = table["other_code"].map(others["name"])
    return table


def _communes(
    measured: pd.DataFrame,
    lists: Mapping[str, ZoneLayer],
    perimeters: Mapping[str, ZoneLayer],
    overlaps: pd.DataFrame,
    coverage: pd.DataFrame | None,
) -> pd.DataFrame:
    communes = measured.copy()
    for name, layer in lists.items():
        if layer.members is not None:
            communes[name] = layer.members[layer.config.key].reindex(communes.index)
            communes[f"{name}_name"] = layer.members["name"].reindex(communes.index)
    true = overlaps[(overlaps["zone_layer"] == "communes") & (overlaps["relation"] != "sliver")]
    for name in perimeters:
        rows = true[true["other_layer"] == name]
        for column, values in (
            (name, "other_code"),
            (f"{name}_name", "other_name"),
            (f"{name}_relation", "relation"),
        ):
            communes[column] = rows.groupby("zone_code")[values].agg("; ".join).reindex(communes.index)
    if coverage is not None:
        communes["scot_status"] = coverage["status"]
    return communes


def _zones(
    layers: Layers,
    measured: pd.DataFrame,
    lists: Mapping[str, ZoneLayer],
    perimeters: Mapping[str, ZoneLayer],
    overlaps: pd.DataFrame,
) -> pd.DataFrame:
    inside = _inside(overlaps)
    sums = ["area_ha", "population"]
    whole = pd.Series(TERRITORY_LAYER, index=measured.index)
    tables = [
        _summed(
            TERRITORY_LAYER,
            membership_table(measured, whole, sums=sums),
            pd.Series({TERRITORY_LAYER: layers.territory.name}),
        )
    ]
    for name, layer in lists.items():
        if layer.members is not None:
            table = _summed(
                name,
                membership_table(measured, layer.members[layer.config.key], sums=sums),
                layer.zones["name"],
            )
            tables.append(
                table.assign(commune_total=layer.zones["commune_total"].reindex(table["zone_code"]).to_numpy())
            )
    for name, layer in perimeters.items():
        pairs = inside[inside["other_layer"] == name]
        within = [
            membership_table(
                measured, pd.Series(code, index=pairs["zone_code"][pairs["other_code"] == code]), sums=sums
            )
            for code in layer.zones.index
        ]
        table = pd.concat(within).reindex(layer.zones.index, fill_value=0)
        shared = overlaps[(overlaps["zone_layer"] == TERRITORY_LAYER) & (overlaps["other_layer"] == name)]
        tables.append(
            _summed(name, table, layer.zones["name"]).assign(
                overlap_ha=shared.set_index("other_code")["overlap_ha"].reindex(layer.zones.index).to_numpy()
            )
        )
    zones = pd.concat(tables, ignore_index=True)
    columns = ["zone_layer", "zone_code", "zone_name", "commune_count", "commune_total", *sums, "overlap_ha"]
    return zones.reindex(columns=columns).astype({"commune_total": "Int64"})


def _summed(layer: str, table: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    rows = table.rename_axis("zone_code").reset_index()
    return rows.assign(zone_layer=layer, zone_name=rows["zone_code"].map(names))


def _changes(lists: Mapping[str, ZoneLayer], measured: pd.DataFrame) -> pd.DataFrame:
    columns = [
        *("zone_layer", "from_year", "to_year", "commune_code", "commune_name", "change"),
        *("zone_before", "zone_before_name", "zone_after", "zone_after_name"),
    ]
    tables = []
    for zone_id in dict.fromkeys(layer.config.id for layer in lists.values()):
        editions = sorted(
            (layer for layer in lists.values() if layer.config.id == zone_id),
            key=lambda layer: layer.config.cog_year or 0,
        )
        for before, after in pairwise(editions):
            if before.whole_list is None or after.whole_list is None:
                continue
            table = membership_changes(before.whole_list, after.whole_list)
            rows = table[table.index.isin(measured.index)].reset_index()
            rows = rows.assign(
                zone_layer=zone_id,
                from_year=before.config.cog_year,
                to_year=after.config.cog_year,
                commune_name=rows["commune_code"].map(measured["name"]),
                zone_before_name=rows["zone_before"].map(before.zones["name"]),
                zone_after_name=rows["zone_after"].map(after.zones["name"]),
            )
            tables.append(rows)
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def _coverage(measured: pd.DataFrame, zones: Mapping[str, ZoneLayer], inside: pd.DataFrame) -> pd.DataFrame | None:
    editions = [layer for layer in zones.values() if layer.config.id == "scot"]
    if not editions:
        return None
    # The latest list is the one in force.
    scot = max(editions, key=lambda layer: layer.config.cog_year or 0)
    if scot.members is not None:
        return scot_coverage(measured, scot.members.rename(columns={scot.config.key: "scot_id"}))
    rows = inside[inside["other_layer"] == scot.config.layer_name].set_index("zone_code")
    status = pd.DataFrame({"scot_id": rows["other_code"], "status": rows["other_code"].map(scot.zones["status"])})
    # Perimeters may overlap: the most telling status of a commune comes first.
    status = status.sort_values("status", key=lambda column: column.map(STATUS_ORDER.index), kind="stable")
    status = status[~status.index.duplicated()]
    return scot_coverage(measured, status)


def _coverage_table(
    layers: Layers, measured: pd.DataFrame, coverage: pd.DataFrame | None, lists: Mapping[str, ZoneLayer]
) -> pd.DataFrame:
    columns = ["zone_layer", "zone_code", "zone_name"]
    if coverage is None:
        return pd.DataFrame(columns=columns)
    groups = {
        TERRITORY_LAYER: (
            pd.Series(TERRITORY_LAYER, index=measured.index),
            pd.Series({TERRITORY_LAYER: layers.territory.name}),
        )
    }
    for name, layer in lists.items():
        if layer.config.id != "scot" and layer.members is not None:
            groups[name] = (layer.members[layer.config.key], layer.zones["name"])
    tables = [
        _summed(name, coverage_by_zone(measured, coverage, zone_of), names) for name, (zone_of, names) in groups.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[columns + [column for column in table.columns if column not in columns]]
