"""What is known of the zone that a report is about, and of the wider zones that it is compared with?"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.errors import OutputError
from hp_sig.maps.editions import latest_epci
from hp_sig.maps.sheets.portrait import Portrait, Row, number, portraits
from hp_sig.publish.report.naming import COMMUNES, Key
from hp_sig.publish.report.words import say
from hp_sig.publish.tables import rounded
from hp_sig.reference.labels import NO_VALUE, format_quantity, wording
from hp_sig.reference.regimes import Regime
from hp_sig.results import Results
from hp_sig.results.groups import TERRITORY_LAYER
from hp_sig.territory.records import regime_with

__all__ = ["TERRITORY", "Subject", "amount", "figure", "reason_told", "shown_communes", "subject_of"]

TERRITORY: Key = (TERRITORY_LAYER, TERRITORY_LAYER)
#: Figure of the table `triennial` → the table that it comes from, which tells what is needed.
NEEDED = {
    **dict.fromkeys(("enaf_period", "enaf_period_share", "enaf_since_2021"), "enaf_consumption"),
    **{"net_artificialisation": "land_flow", "newly_sealed": "land_flow", "sealed": "land_stock"},
    "objective": "trajectory",
}
#: Tables whose figures a report holds.
TABLES = (
    *("land_stock", "land_shape", "land_flow", "land_classes", "land_transition", "enaf_consumption"),
    *("enaf_ratios", "trajectory", "triennial"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A zone and all that its report holds of it.

    Parameters
    ----------
    layers, results
        Of the territory; the figures of `results` are rounded as they are published.
    portrait
        The zone; `kind` says which words it takes.
    kind
        `communes`, `epci`, `scot` or `territory`.
    told
        Its row of the table `triennial`, empty where there is none.
    wider
        Label of each zone that it is compared with, and its row.
    regime
        The law in force.
    first_year, last_year
        Flows that the report is about; None where none is known.
    day
        When the report is made.
    """

    layers: Layers
    results: Results
    portrait: Portrait
    kind: str
    told: Row
    wider: Mapping[str, Row]
    regime: Regime
    first_year: int | None
    last_year: int | None
    day: dt.date

    @property
    def key(self) -> Key:
        """Layer and code."""
        return self.portrait.key

    @property
    def name(self) -> str:
        """Name of the zone, or that it has none."""
        return self.portrait.name or wording("sheet", "unnamed")

    @property
    def of(self) -> str:
        """« de la commune », « de l'intercommunalité »…"""
        return say(f"of_{self.kind}")

    @property
    def period(self) -> str:
        """« 2021-2023 »; an en dash where no flow is known."""
        return NO_VALUE if self.first_year is None else f"{self.first_year}-{self.last_year}"

    @property
    def is_commune(self) -> bool:
        """Whether it is one commune, which no table parts any further."""
        return self.kind == COMMUNES

    def table(self, name: str) -> pd.DataFrame:
        """Give the rows of a table that are of this zone; none where it was not made."""
        return _rows_of(getattr(self.results, name), self.key)

    def of_communes(self, name: str) -> pd.DataFrame:
        """Give the rows of a table that are of its communes, indexed by their code."""
        table = getattr(self.results, name)
        if table is None or "zone_layer" not in table:
            return pd.DataFrame(index=pd.Index(self.portrait.commune_codes))
        rows = table[(table["zone_layer"] == COMMUNES) & table["zone_code"].isin(self.portrait.commune_codes)]
        return pd.DataFrame(rows.set_index("zone_code"))


def subject_of(layers: Layers, results: Results, zone: Key, day: dt.date) -> Subject:
    """Gather what the report of a zone holds.

    Parameters
    ----------
    layers, results
        From :func:`hp_sig.assembly.load_layers` and :func:`hp_sig.results.compute`.
    zone
        Layer and code: `communes`, `territory`, or a list of EPCI or SCoT.
    day
        When the report is made.

    Raises
    ------
    OutputError
        If there is no such zone, or it is not one of those that have a report.
    """
    # Only the four indicators are told of other zones too.
    rounded_tables: dict[str, Any] = {
        name: _published(getattr(results, name), None if name == "triennial" else zone) for name in TABLES
    }
    shown = dataclasses.replace(results, **rounded_tables)
    found = portraits(layers, shown)
    if zone not in found or _kind(layers, zone) is None:
        message = (
            f"a commune, an EPCI, a SCoT or the territory expected (layer and code), found {zone!r}. "
            "reported_zones() lists them."
        )
        raise OutputError(message)
    kind = _kind(layers, zone) or ""
    portrait = found[zone]
    first, last = _years(shown, zone)
    return Subject(
        layers=layers,
        results=shown,
        # « Le territoire » is what a SCoT calls its own.
        portrait=dataclasses.replace(portrait, kind="territory") if _is_whole_scot(kind, portrait) else portrait,
        kind=kind,
        told=_told(shown, zone),
        wider={label: _told(shown, key) for label, key in _wider(layers, portrait, kind).items()},
        regime=regime_with(layers.territory.trajectory.regime, {}),
        first_year=first,
        last_year=last,
        day=day,
    )


def figure(row: Row | None, column: str) -> float:
    """Read a figure; NaN where it is not known."""
    return number(row, column)


def amount(row: Row | None, column: str) -> str:
    """Write a figure with its unit; an en dash where it is not known."""
    return format_quantity(column, number(row, column))


def reason_told(subject: Subject, name: str) -> str:
    """Say why a figure of the table `triennial` is missing: its own reason, or what the table would need.

    Parameters
    ----------
    subject
        The zone.
    name
        The end of `reason_…`.
    """
    code = subject.told.get(f"reason_{name}")
    if isinstance(code, str):
        return wording("reason", code)
    if subject.results.triennial is None:
        return wording("results_need", NEEDED[name])
    return wording("reason", "not_known")


def shown_communes(subject: Subject) -> list[str]:
    """Give the communes that the map of consumption shows: those of the zone, or for a commune those of its EPCI."""
    epci = latest_epci(subject.layers)
    if not subject.is_commune:
        return list(subject.portrait.commune_codes)
    code = subject.key[1]
    if epci is None or epci.members is None or code not in epci.members.index:
        return list(subject.layers.communes.index)
    zone_of = epci.members[epci.config.key]
    return list(zone_of.index[zone_of == zone_of[code]])


def _published(table: pd.DataFrame | None, zone: Key | None) -> pd.DataFrame | None:
    """Round figures as they are published, of one zone or of all."""
    if table is None:
        return None
    return rounded(table if zone is None or "zone_layer" not in table else _rows_of(table, zone))


def _kind(layers: Layers, zone: Key) -> str | None:
    if zone[0] in {COMMUNES, TERRITORY_LAYER}:
        return zone[0]
    layer = layers.zones.get(zone[0])
    return layer.config.id if layer is not None and layer.config.id in {"epci", "scot"} else None


def _is_whole_scot(kind: str, portrait: Portrait) -> bool:
    return kind == "scot" and not portrait.is_partial


def _wider(layers: Layers, portrait: Portrait, kind: str) -> dict[str, Key]:
    """Name the wider zones that hold all communes of a zone, from the nearest on."""
    found: dict[str, Key] = {}
    codes = list(portrait.commune_codes)
    for zone_id in ("epci", "scot"):
        layer = layers.latest(zone_id)
        if layer is None or layer.members is None or kind in {zone_id, "scot", TERRITORY_LAYER}:
            continue
        zones = layer.members[layer.config.key].reindex(codes).unique()
        if len(zones) == 1 and isinstance(zones[0], str):
            name = str(layer.zones["name"][zones[0]])
            found[say(f"wider_{zone_id}", name=name)] = (layer.config.layer_name, zones[0])
    if kind != TERRITORY_LAYER:
        found[layers.territory.name] = TERRITORY
    return found


def _years(results: Results, zone: Key) -> tuple[int | None, int | None]:
    """Give the first and last flow that the report is about."""
    flows, told = _rows_of(results.enaf_consumption, zone), _told(results, zone)
    count = number(told, "period_year_count")
    if flows.empty or math.isnan(count):
        return None, None
    last = int(flows["year"].max())
    return last - int(count) + 1, last


def _told(results: Results, zone: Key) -> Row:
    rows = _rows_of(results.triennial, zone).to_dict("records")
    return rows[0] if rows else {}


def _rows_of(table: pd.DataFrame | None, zone: Key) -> pd.DataFrame:
    if table is None or "zone_layer" not in table:
        return pd.DataFrame()
    return table[(table["zone_layer"] == zone[0]) & (table["zone_code"] == zone[1])]
