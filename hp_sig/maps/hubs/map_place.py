"""Where does a hub stand, and how many take the train there?"""

import math

from hp_sig.maps.hubs.figures import Hub, text_of
from hp_sig.maps.hubs.sheet_place import told_distance
from hp_sig.maps.panels import Panel
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.reference.labels import NO_BREAK_SPACE, format_number, wording

__all__ = ["place_panel"]

#: Years of lockdowns, whose passengers tell nothing of a trend.
CRISIS_YEARS = (2020, 2021)


def place_panel(hub: Hub) -> Panel | None:
    """Tell the station of a hub, its passengers, and where it stands; None where nothing of it is known."""
    rows = [] if hub.commune_name else [(wording("map", "commune"), wording("hub_map", "outside_territory"))]
    rows += _station(hub)
    rows += _passengers(hub)
    rows += _situation(hub.place)
    heading = wording("hub_map", "place" if hub.station_name else "place_alone")
    return Panel(heading=heading, rows=rows) if rows else None


def _station(hub: Hub) -> list[tuple[str, str]]:
    """Name the station of a hub or, where it has none, the nearest one and how far it is."""
    if hub.station_name:
        return [(wording("hub_sheet", "station"), hub.station_name)]
    name, distance = text_of(hub.distances, "station_name"), number(hub.distances, "station_m")
    if not name or not math.isfinite(distance):
        return []
    told = wording("hub_sheet", "station_m", name=name, distance=told_distance(distance))
    return [(wording("hub_sheet", "station_nearest"), told)]


def _passengers(hub: Hub) -> list[tuple[str, str]]:
    known = {year: value for year, value in hub.ridership.items() if math.isfinite(value)}
    if not known:
        return []
    ordinary = sorted(set(known) - set(CRISIS_YEARS))
    latest = sorted({max(known), *ordinary[-1:]}, reverse=True)
    rows = [
        (
            wording("hub_map", "passengers_crisis" if year in CRISIS_YEARS else "passengers", year=year),
            format_number(known[year]),
        )
        for year in latest
    ]
    if len(ordinary) > 1 and known[ordinary[0]] > 0:
        first, last = ordinary[0], ordinary[-1]
        growth = 100 * (known[last] / known[first] - 1)
        sign = "+" if round(growth) > 0 else "\u2212" if round(growth) < 0 else ""
        told = f"{sign}{NO_BREAK_SPACE if sign else ''}{format_number(abs(growth))}{NO_BREAK_SPACE}%"
        rows.append((wording("hub_map", "growth", first=first, last=last), told))
    return rows


def _situation(place: Row | None) -> list[tuple[str, str]]:
    if place is None:
        return []
    rows = []
    if name := text_of(place, "scot_name"):
        status = text_of(place, "scot_status")
        told = wording("scot_status", status) if status else wording("scot_status", "unknown")
        rows.append((wording("hub_sheet", "scot"), wording("hub_sheet", "scot_named", name=name, status=told)))
    elif status := text_of(place, "scot_status"):
        rows.append((wording("hub_sheet", "scot"), wording("scot_status", status)))
    if park := text_of(place, "park_name"):
        rows.append((wording("hub_sheet", "park"), _park(place, park)))
    if kind := text_of(place, "zone_kind"):
        rows.append((wording("hub_sheet", "zone"), wording("zone_kind", kind)))
    return rows


def _park(place: Row, name: str) -> str:
    distance = number(place, "park_distance_m")
    relation = text_of(place, "park_relation")
    if relation == "inside" or distance == 0:
        return wording("hub_sheet", "park_partial" if relation == "partial" else "park_inside", name=name)
    if not math.isfinite(distance):
        return name
    return wording("hub_sheet", "park_away", name=name, distance=told_distance(distance))
