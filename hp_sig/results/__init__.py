"""Which tables does a refresh publish, and what is in each column?

Layers and indicators meet here; what comes out is plain tables that maps and publications only draw and write.
"""

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.results.catchments import catchment_tables, empty_tables, hub_tables
from hp_sig.results.hubs import ServiceAreas, service_areas
from hp_sig.results.land import land_results
from hp_sig.results.screening import screen_projects
from hp_sig.results.steps import ALL_TABLES, HUB_TABLES, skipped_tables
from hp_sig.results.zonings import zoning_tables

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
        page of a hub needs no land transition. Those that they are made from come along. All of them by default.
    on_step
        Called before each family of tables with its name.
    """
    step = on_step or (lambda _name: None)
    # An officer's own projects may stand where the territory has none.
    present = {*layers.names, *([] if layers.projects is None else ["projects"])}
    skipped = skipped_tables(layers.territory, present, families)
    made: dict[str, Any] = dict(zoning_tables(layers))
    land, warnings = land_results(layers, made["overlaps"], skipped, step)
    results = Results(**made, **cast("dict[str, Any]", land), skipped=skipped, warnings=tuple(warnings))
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
