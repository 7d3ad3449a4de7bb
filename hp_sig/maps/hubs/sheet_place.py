"""Where does a hub stand: commune, intercommunality, SCoT, park, planning zone, station?"""

import math
import re

from hp_sig.assembly import Layers
from hp_sig.maps.editions import latest_epci
from hp_sig.maps.hubs.figures import Hub, text_of
from hp_sig.maps.hubs.sheet_text import zone_word
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.reference.labels import format_number, wording

__all__ = ["epci_of", "place_list", "told_distance"]

#: What the name of a SCoT begins with, where a proper noun follows.
TWICE = re.compile(r"^(?i:scot)\s+(?:(?:de la|du|des|de)\s+|(?:de l|d)['\u2019]\s*)?(?=[A-ZÀ-Ý])")


def place_list(hub: Hub, layers: Layers) -> str:
    """List what a hub is in or near, as terms and values; what is not known is told so.

    Parameters
    ----------
    hub
        The hub.
    layers
        Of the territory, for the intercommunality of today.
    """
    rows = [(wording("hub_sheet", "commune"), hub.commune_name or wording("hub_sheet", "outside_territory"))]
    epci = epci_of(hub, layers)
    if epci is not None:
        rows.append((wording("hub_sheet", "epci", year=epci[0]), epci[1]))
    place = hub.place
    if place is not None and hub.is_outside:
        # Only a park may be known of a place that no commune of the territory tells.
        rows += [(wording("hub_sheet", "park"), _park(place))] if text_of(place, "park_name") else []
    elif place is not None:
        rows += [(wording("hub_sheet", "scot"), _scot(place)), (wording("hub_sheet", "park"), _park(place))]
        rows.append((wording("hub_sheet", "zone"), _zone(place)))
    rows += [*_station(hub), *_envelope(hub.distances)]
    items = "".join(f"<div><dt>{safe_text(term)}</dt><dd>{safe_text(told)}</dd></div>" for term, told in rows)
    return f'<dl class="situation">{items}</dl>'


def epci_of(hub: Hub, layers: Layers) -> tuple[int | None, str] | None:
    """Give the year and the name of the intercommunality that the hub's commune is in today."""
    epci = latest_epci(layers)
    if epci is None or epci.members is None or hub.commune_code not in epci.members.index:
        return None
    code = epci.members[epci.config.key][hub.commune_code]
    return epci.config.cog_year, str(epci.zones["name"][code])


def told_distance(metres: float) -> str:
    """Write a distance, in metres up to a kilometre.

    >>> told_distance(340.0).replace("\u00a0", " "), told_distance(4230.0).replace("\u00a0", " ")
    ('340 m', '4,2 km')
    """
    tens = 10 * round(metres / 10)
    if tens < 1000:
        return wording("hub_sheet", "distance_m", value=format_number(tens))
    return wording("hub_sheet", "distance_km", value=format_number(metres / 1000, 1))


def _scot(place: Row) -> str:
    name, status = text_of(place, "scot_name"), text_of(place, "scot_status") or "unknown"
    told = wording("scot_status", status)
    # The term before it already says « SCoT ».
    name = TWICE.sub("", name)
    return wording("hub_sheet", "scot_named", name=name, status=told) if name else told


def _park(place: Row) -> str:
    name, relation = text_of(place, "park_name"), text_of(place, "park_relation")
    distance = number(place, "park_distance_m")
    if not name:
        return wording("hub_sheet", "park_unknown")
    if relation == "inside" or distance == 0:
        return wording("hub_sheet", "park_partial" if relation == "partial" else "park_inside", name=name)
    return wording("hub_sheet", "park_away", name=name, distance=told_distance(distance)) if distance > 0 else name


def _zone(place: Row) -> str:
    kind = text_of(place, "zone_kind")
    return zone_word(kind) or kind or wording("hub_sheet", "zone_unknown")


def _station(hub: Hub) -> list[tuple[str, str]]:
    if not hub.station_name:
        name, metres = text_of(hub.distances, "station_name"), number(hub.distances, "station_m")
        if not name or math.isnan(metres):
            return []
        told = wording("hub_sheet", "station_m", name=name, distance=told_distance(metres))
        return [(wording("hub_sheet", "station_nearest"), told)]
    metres = number(hub.distances, "station_m")
    # A hub is told by its own station: only one that is not at its door has a distance.
    is_own = text_of(hub.distances, "station_uic") == hub.station_uic
    told = hub.station_name
    if is_own and math.isfinite(metres) and metres >= 50:
        told = wording("hub_sheet", "station_m", name=told, distance=told_distance(metres))
    return [(wording("hub_sheet", "station"), told)]


def _envelope(distances: Row | None) -> list[tuple[str, str]]:
    metres = number(distances, "envelope_m")
    if math.isnan(metres):
        return []
    told = (
        wording("hub_sheet", "envelope_inside")
        if metres == 0
        else wording("hub_sheet", "envelope_away", distance=told_distance(metres))
    )
    return [(wording("hub_sheet", "envelope"), told)]
