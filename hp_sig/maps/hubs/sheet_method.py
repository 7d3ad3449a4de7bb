"""How were the figures of a hub worked out, and from which files?"""

import math
from collections.abc import Iterator, Sequence

from hp_sig.assembly import Layers
from hp_sig.maps.editions import latest_epci
from hp_sig.maps.hubs.figures import Hub, text_of
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.provenance import source_lines
from hp_sig.maps.sheets.sentences import told_list
from hp_sig.reference.labels import JOINTS, format_number, wording
from hp_sig.territory import LayerSource

__all__ = ["hub_sources", "method_sentences"]

#: Layers that have one file each → the wording of their use.
SINGLE = (
    ("projects", "hub_sheet"),
    ("stations", "hub_sheet"),
    ("roads", "hub_sheet"),
    ("population", "sheet"),
    ("census", "hub_sheet"),
    ("buildings", "hub_sheet"),
    ("ridership", "hub_sheet"),
    ("enaf", "sheet"),
)
#: Those that only what is told of trips comes from.
OF_TRIPS = ("roads", "population", "census", "buildings")
#: Ways to spread the people of a commune inside it.
SPREADS = ("buildings", "land_cover", "roads", "area")


def method_sentences(hub: Hub) -> list[str]:
    """Say how time, circles and estimates were worked out; nothing without catchments.

    Parameters
    ----------
    hub
        The hub.
    """
    rows = hub.catchments
    if not rows:
        return []
    told = [wording("hub_sheet", "method_time")]
    # A width that the table tells; it is the same for all.
    buffers = [value for row in rows if (value := number(row, "edge_buffer_m")) > 0]
    if buffers:
        told.append(wording("hub_sheet", "method_buffer", value=format_number(max(buffers))))
    speeds = {str(row["mode"]): number(row, "speed_kmh") for row in rows}
    listed = [
        wording("hub_sheet", "method_speed", speed=_speed(speed), mode=wording("hub_sheet", f"mode_{mode}"))
        for mode, speed in speeds.items()
        if speed > 0
    ]
    if listed:
        told.append(wording("hub_sheet", "method_circle", speeds=told_list(listed)))
    return [*told, *_spread(rows)]


def hub_sources(hub: Hub, layers: Layers) -> str:
    """List the files behind the figures and the map, each with what it is used for.

    Parameters
    ----------
    hub
        The hub.
    layers
        Of the territory.
    """
    lines: dict[str, None] = {}
    uses: dict[str, list[LayerSource]] = {}
    for use, source in _uses(hub, layers):
        uses.setdefault(use, []).append(source)
    for use, sources in uses.items():
        for line in source_lines(sources):
            lines[wording("sheet", "source_of", use=use, source=line)] = None
    items = "".join(f"<li>{safe_text(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>"


def _uses(hub: Hub, layers: Layers) -> Iterator[tuple[str, LayerSource]]:
    """Give each source with what it is used for; only those whose file was there."""
    sources = {name: source for name, source in layers.territory.sources().items() if name in layers.names}
    yield wording("sheet", "use_communes"), layers.territory.boundaries
    epci = latest_epci(layers)
    if epci is not None:
        yield wording("sheet", "use_epci"), epci.config
    scot = layers.latest("scot")
    if scot is not None:
        yield wording("sheet", "use_scot"), scot.config
    for layer in layers.zones.values():
        if layer.config.id == "pnr":
            yield wording("sheet", "use_pnr"), layer.config
    shown = {name: bool(hub.catchments) for name in OF_TRIPS}
    shown["ridership"] = any(math.isfinite(count) for count in hub.ridership.values())
    for name, section in SINGLE:
        if name in sources and shown.get(name, True):
            yield wording(section, f"use_{name}"), sources[name]
    departement = str(layers.communes["departement_code"].get(hub.commune_code, ""))
    for source in layers.territory.land_cover:
        if source.layer_name in sources and source.departement == departement and hub.land:
            yield wording("sheet", "use_land_cover"), source
    if any(row["axis"] == "zoning" for row in hub.land):
        for zoning in layers.territory.zoning:
            if zoning.layer_name in sources:
                yield wording("hub_sheet", "use_zoning"), zoning


def _spread(rows: Sequence[Row]) -> Iterator[str]:
    residents = _methods(rows, "residents_method")
    if not residents:
        return
    words = {"residents": wording("hub_sheet", "method_residents", method=residents)}
    jobs = _methods(rows, "jobs_method")
    if jobs:
        words["jobs"] = wording("hub_sheet", "method_jobs", method=jobs)
    yield wording("hub_sheet", "method_total" if jobs else "method_total_residents", **words)


def _methods(rows: Sequence[Row], column: str) -> str:
    """Word the ways in which people were spread, each once; some communes may have had to do with another one."""
    found = dict.fromkeys(
        part for row in rows for part in JOINTS.split(text_of(row, column)) if part and not JOINTS.fullmatch(part)
    )
    return told_list([wording("hub_sheet", f"spread_{name if name in SPREADS else 'unknown'}") for name in found])


def _speed(speed: float) -> str:
    """Write a speed with a decimal only where it has one: 15 km/h, 4,8 km/h."""
    return format_number(speed, 0 if abs(speed - round(speed)) < 0.05 else 1)
