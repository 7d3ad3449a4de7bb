"""Land-sobriety toolbox and shared GIS: official layers in, hectares out, nothing half-written.

Importing it is silent, offline and quick: folium is loaded with the first map, what fetches with the first fetch.
The names below are the public ones; the scheduled job is `hp-sig refresh`.
"""

from typing import TYPE_CHECKING

from hp_sig._version import __version__
from hp_sig.assembly import Layers, MobilityLayers, ZoneLayer, load_layers
from hp_sig.crs import area_ha
from hp_sig.errors import HpSigError, LayerError, OutputError, RefreshBusyError, SourceError, TerritoryError
from hp_sig.indicators.catchment import Catchments, catchment
from hp_sig.indicators.cog_passage import cog_passage, passage_table
from hp_sig.indicators.consumption import (
    consumption_efficiency,
    consumption_per_added,
    consumption_share,
    enaf_by_year,
    enaf_consumption,
)
from hp_sig.indicators.dasymetric import distribute, distributed_totals, weights_of
from hp_sig.indicators.density import land_use_efficiency, net_density
from hp_sig.indicators.envelope import share_outside_envelope, urban_envelope
from hp_sig.indicators.flow import compare_flows, difference_direction, flow_from_difference, net_artificialisation
from hp_sig.indicators.guarantee import Guarantee, eligible_communes
from hp_sig.indicators.landscape import effective_mesh_size, patch_metrics
from hp_sig.indicators.membership import coverage_by_zone, membership_changes, membership_table, scot_coverage
from hp_sig.indicators.network import RoadGraph, network_graph
from hp_sig.indicators.overlap import overlap_table
from hp_sig.indicators.scenarios import compare_regimes, explain_difference, platform_trajectory
from hp_sig.indicators.sprawl import weighted_urban_proliferation
from hp_sig.indicators.stock import artificialised_area, land_stock, sealed_area, self_overlap, stock_by_class
from hp_sig.indicators.survey import survey_area
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.indicators.thresholds import apply_thresholds, compare_with_official
from hp_sig.indicators.trajectory import trajectory
from hp_sig.indicators.transition import transition_table
from hp_sig.indicators.triennial import triennial_report
from hp_sig.indicators.zoning import zones_by_commune
from hp_sig.inputs import InputError, find_inputs
from hp_sig.layers.buildings import read_buildings
from hp_sig.layers.census import read_census
from hp_sig.layers.communes import read_communes
from hp_sig.layers.enaf import read_enaf_context, read_enaf_flows
from hp_sig.layers.land_cover import read_land_cover
from hp_sig.layers.membership import read_membership
from hp_sig.layers.movements import read_cog_movements
from hp_sig.layers.population import read_population
from hp_sig.layers.projects import read_projects
from hp_sig.layers.ridership import read_ridership
from hp_sig.layers.roads import read_roads
from hp_sig.layers.scot import read_scot
from hp_sig.layers.stations import read_stations
from hp_sig.layers.survey import read_corine, read_land_survey
from hp_sig.layers.zones import read_pnr, read_zones
from hp_sig.layers.zoning import read_zoning
from hp_sig.reference.catalogue import load_catalogue
from hp_sig.reference.labels import format_number, format_quantity, in_french
from hp_sig.reference.regimes import Regime, load_regime, regime_names
from hp_sig.refresh import RefreshResult, check, plan, refresh
from hp_sig.results import Results, compute
from hp_sig.results.alternatives import compare_projects
from hp_sig.results.hubs import ServiceAreas, find_hubs, service_areas, with_projects
from hp_sig.results.screening import Screening, screen_projects
from hp_sig.territory import Territory, load_territory

if TYPE_CHECKING:
    from hp_sig.fetching import FetchOptions, ask_producers, fetch, prospects
    from hp_sig.fetching.states import source_states
    from hp_sig.maps.classes import classified
    from hp_sig.maps.engine import page_map
    from hp_sig.maps.hubs.map import hub_map, hub_page
    from hp_sig.maps.hubs.map_comparison import comparison_map, comparison_page
    from hp_sig.maps.hubs.sheet import hub_sheet
    from hp_sig.maps.hubs.writing import shapes_of
    from hp_sig.maps.indicator_map import indicator_map
    from hp_sig.maps.overlays import Line, Mark, Outlines, Perimeters, Places
    from hp_sig.maps.page import Caption, Page
    from hp_sig.maps.pdf import map_pdf
    from hp_sig.maps.sheets import commune_sheet
    from hp_sig.maps.standalone import save_standalone
    from hp_sig.maps.territory_map import (
        figures_map,
        figures_page,
        project_map,
        project_page,
        territory_map,
        territory_page,
    )
    from hp_sig.maps.themes import Indicator, Partition
    from hp_sig.publish.content import publication_of
    from hp_sig.publish.dictionary import dictionary
    from hp_sig.publish.files import write_files
    from hp_sig.publish.geopackage import replace_geopackage, write_geopackage
    from hp_sig.publish.metadata import write_metadata
    from hp_sig.publish.postgis import publish_postgis
    from hp_sig.publish.publication import Publication, Run, new_run
    from hp_sig.publish.qgis import layer_styles, write_project
    from hp_sig.publish.report import report_name, reported_zones, write_report
    from hp_sig.publish.workbook import write_workbook

__all__ = [
    "Caption",
    "Catchments",
    "FetchOptions",
    "Guarantee",
    "HpSigError",
    "Indicator",
    "InputError",
    "LayerError",
    "Layers",
    "Line",
    "Mark",
    "MobilityLayers",
    "Outlines",
    "OutputError",
    "Page",
    "Partition",
    "Perimeters",
    "Places",
    "Publication",
    "RefreshBusyError",
    "RefreshResult",
    "Regime",
    "Results",
    "RoadGraph",
    "Run",
    "Screening",
    "ServiceAreas",
    "SourceError",
    "Territory",
    "TerritoryError",
    "ZoneLayer",
    "__version__",
    "apply_thresholds",
    "area_ha",
    "artificialised_area",
    "ask_producers",
    "catchment",
    "check",
    "classified",
    "cog_passage",
    "commune_sheet",
    "compare_flows",
    "compare_projects",
    "compare_regimes",
    "compare_with_official",
    "comparison_map",
    "comparison_page",
    "compute",
    "consumption_efficiency",
    "consumption_per_added",
    "consumption_share",
    "coverage_by_zone",
    "dictionary",
    "difference_direction",
    "distribute",
    "distributed_totals",
    "effective_mesh_size",
    "eligible_communes",
    "enaf_by_year",
    "enaf_consumption",
    "explain_difference",
    "fetch",
    "figures_map",
    "figures_page",
    "find_hubs",
    "find_inputs",
    "flow_from_difference",
    "format_number",
    "format_quantity",
    "hub_map",
    "hub_page",
    "hub_sheet",
    "in_french",
    "indicator_map",
    "land_stock",
    "land_use_efficiency",
    "layer_styles",
    "load_catalogue",
    "load_layers",
    "load_regime",
    "load_territory",
    "map_pdf",
    "membership_changes",
    "membership_table",
    "net_artificialisation",
    "net_density",
    "network_graph",
    "new_run",
    "overlap_table",
    "page_map",
    "passage_table",
    "patch_metrics",
    "plan",
    "platform_trajectory",
    "project_map",
    "project_page",
    "prospects",
    "publication_of",
    "publish_postgis",
    "read_buildings",
    "read_census",
    "read_cog_movements",
    "read_communes",
    "read_corine",
    "read_enaf_context",
    "read_enaf_flows",
    "read_land_cover",
    "read_land_survey",
    "read_membership",
    "read_pnr",
    "read_population",
    "read_projects",
    "read_ridership",
    "read_roads",
    "read_scot",
    "read_stations",
    "read_zones",
    "read_zoning",
    "refresh",
    "regime_names",
    "replace_geopackage",
    "report_name",
    "reported_zones",
    "save_standalone",
    "scot_coverage",
    "screen_projects",
    "sealed_area",
    "self_overlap",
    "service_areas",
    "shapes_of",
    "share_outside_envelope",
    "source_states",
    "stock_by_class",
    "survey_area",
    "tabulate_area",
    "territory_map",
    "territory_page",
    "trajectory",
    "transition_table",
    "triennial_report",
    "urban_envelope",
    "weighted_urban_proliferation",
    "weights_of",
    "with_projects",
    "write_files",
    "write_geopackage",
    "write_metadata",
    "write_project",
    "write_report",
    "write_workbook",
    "zones_by_commune",
]

_LATER = {
    name: f"hp_sig.{module}"
    for module, names in {
        "fetching": ("FetchOptions", "ask_producers", "fetch", "prospects"),
        "fetching.states": ("source_states",),
        "maps.classes": ("classified",),
        "maps.engine": ("page_map",),
        "maps.hubs.map": ("hub_map", "hub_page"),
        "maps.hubs.map_comparison": ("comparison_map", "comparison_page"),
        "maps.hubs.sheet": ("hub_sheet",),
        "maps.hubs.writing": ("shapes_of",),
        "maps.indicator_map": ("indicator_map",),
        "maps.page": ("Caption", "Page"),
        "maps.overlays": ("Line", "Mark", "Outlines", "Perimeters", "Places"),
        "maps.pdf": ("map_pdf",),
        "maps.sheets": ("commune_sheet",),
        "maps.standalone": ("save_standalone",),
        "maps.territory_map": (
            *("figures_map", "figures_page", "project_map", "project_page"),
            *("territory_map", "territory_page"),
        ),
        "maps.themes": ("Indicator", "Partition"),
        "publish.content": ("publication_of",),
        "publish.dictionary": ("dictionary",),
        "publish.files": ("write_files",),
        "publish.geopackage": ("replace_geopackage", "write_geopackage"),
        "publish.metadata": ("write_metadata",),
        "publish.postgis": ("publish_postgis",),
        "publish.publication": ("Publication", "Run", "new_run"),
        "publish.qgis": ("layer_styles", "write_project"),
        "publish.report": ("report_name", "reported_zones", "write_report"),
        "publish.workbook": ("write_workbook",),
    }.items()
    for name in names
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    if name in _LATER:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(_LATER[name]), name)
    message = f"module 'hp_sig' has no attribute {name!r}"
    raise AttributeError(message)
