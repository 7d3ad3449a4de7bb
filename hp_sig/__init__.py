"""Land-sobriety toolbox and shared GIS: official layers in, hectares out, nothing half-written.

Importing it is silent, offline and quick: folium is loaded with the first map.
The names below are the public ones; the scheduled job is `hp-sig refresh`.
"""

from typing import TYPE_CHECKING

from hp_sig._version import __version__
from hp_sig.assembly import Layers, ZoneLayer, load_layers
from hp_sig.crs import area_ha
from hp_sig.errors import HpSigError, LayerError, OutputError, RefreshBusyError, TerritoryError
from hp_sig.indicators.membership import coverage_by_zone, membership_changes, membership_table, scot_coverage
from hp_sig.indicators.overlap import overlap_table
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.indicators.transition import transition_table
from hp_sig.inputs import InputError, find_inputs
from hp_sig.layers.communes import read_communes
from hp_sig.layers.membership import read_membership
from hp_sig.layers.population import read_population
from hp_sig.layers.projects import read_projects
from hp_sig.layers.scot import read_scot
from hp_sig.layers.stations import read_stations
from hp_sig.layers.zones import read_pnr, read_zones
from hp_sig.publish.geopackage import write_geopackage
from hp_sig.reference.labels import format_number, format_quantity
from hp_sig.refresh import RefreshResult, check, plan, refresh
from hp_sig.results import Results, compute
from hp_sig.territory import Territory, load_territory

if TYPE_CHECKING:
    from hp_sig.maps.standalone import save_standalone
    from hp_sig.maps.territory_map import territory_map

__all__ = [
    "HpSigError",
    "InputError",
    "LayerError",
    "Layers",
    "OutputError",
    "RefreshBusyError",
    "RefreshResult",
    "Results",
    "Territory",
    "TerritoryError",
    "ZoneLayer",
    "__version__",
    "area_ha",
    "check",
    "compute",
    "coverage_by_zone",
    "find_inputs",
    "format_number",
    "format_quantity",
    "load_layers",
    "load_territory",
    "membership_changes",
    "membership_table",
    "overlap_table",
    "plan",
    "read_communes",
    "read_membership",
    "read_pnr",
    "read_population",
    "read_projects",
    "read_scot",
    "read_stations",
    "read_zones",
    "refresh",
    "save_standalone",
    "scot_coverage",
    "tabulate_area",
    "territory_map",
    "transition_table",
    "write_geopackage",
]

_MAPS = {"save_standalone": "hp_sig.maps.standalone", "territory_map": "hp_sig.maps.territory_map"}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    if name in _MAPS:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(_MAPS[name]), name)
    message = f"module 'hp_sig' has no attribute {name!r}"
    raise AttributeError(message)
