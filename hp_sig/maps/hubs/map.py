"""From where is a hub within reach, what land lies there, and what would its project leave to consume, on one map?"""

import dataclasses
import math
from collections.abc import Mapping

from hp_sig.assembly import Layers
from hp_sig.maps.context import caption_of, overlays_of
from hp_sig.maps.engine import PageMap, page_map
from hp_sig.maps.hubs.figures import Hub, HubFigures, about, hub_figures, text_of
from hp_sig.maps.hubs.map_panels import as_the_crow_flies, land_panel, reach_panel
from hp_sig.maps.hubs.map_place import place_panel
from hp_sig.maps.hubs.map_shapes import (
    HubShapes,
    area_overlay,
    circle_overlays,
    cut_offs,
    focus_of,
    land_overlay,
    look_of,
    modes_of,
    street_overlay,
)
from hp_sig.maps.hubs.map_take import allowance_panel
from hp_sig.maps.overlays import Line, Mark, Overlay, Places, Rows
from hp_sig.maps.page import Page
from hp_sig.maps.panels import Scene
from hp_sig.maps.projects import footprints
from hp_sig.maps.sheets.portrait import number
from hp_sig.reference.labels import wording
from hp_sig.territory.records import regime_with

__all__ = ["HubShapes", "hub_map", "hub_page"]

#: The footprint under study has the colour of its hub; any other one is told apart without colour too.
STUDIED = Line(colour="#b3001b", weight=4.0, fill="#b3001b", opacity=0.35)
OTHERS = Line(colour="#4a4a4a", weight=1.6, dash="6 3", fill="#8b939b", opacity=0.3)


def hub_page(layers: Layers, results: HubFigures, hub_id: str, *, shapes: HubShapes, simplify_m: float = 20.0) -> Page:
    """Lay out the catchments of a hub by mode and minutes, their crow-fly circles, and the figures of each.

    Each mode is a view of its own, opened on its catchments; the first one, on foot where there is one, is shown at
    first.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    results
        The tables of the results that tell hubs; any of them may be None, and is then left out of what is told.
    hub_id
        Identifier of its project.
    shapes
        What is drawn of it.
    simplify_m
        Tolerance, in metres, at which the limits of communes and parks are simplified for display.

    Raises
    ------
    KeyError
        If no table names this hub.
    """
    hub = hub_figures(results, hub_id)
    below, above = _around(layers, hub, shapes)
    areas: list[Overlay] = []
    reached: list[Overlay] = []
    scenes: list[Scene] = []
    for mode in modes_of(shapes):
        minutes = cut_offs(shapes, mode)
        shown = not scenes
        area = area_overlay(shapes, mode, shown=shown)
        circle, others = circle_overlays(shapes, mode, shown=shown, crow=as_the_crow_flies(hub))
        street = street_overlay(shapes, mode, shown=shown)
        own = [one.label for one in (area, street, circle) if one is not None]
        areas.append(area)
        reached += [one for one in (street, others, circle) if one is not None]
        panels = (
            reach_panel(hub, mode, look_of(mode, minutes)),
            land_panel(hub, mode, has_cover=bool(layers.land.covers)),
        )
        scenes.append(
            Scene(
                label=wording("hub_map", f"{mode}_first"),
                overlays=own,
                panels=[panel for panel in panels if panel is not None],
                focus=focus_of(shapes, mode),
            )
        )
    land = land_overlay(shapes)
    regime = regime_with(layers.territory.trajectory.regime, {})
    told = (allowance_panel(hub, regime, has_flows=layers.land.enaf is not None), place_panel(hub))
    name = _short(hub.name) or wording("hub_sheet", "unnamed")
    return Page(
        zones=layers.communes,
        caption=dataclasses.replace(caption_of(layers, "title"), title=wording("hub_map", "title", name=name)),
        overlays=[*below, *areas, *([] if land is None else [land]), *reached, *above],
        facts=_facts(hub),
        panels=[panel for panel in told if panel is not None],
        scenes=scenes,
        focus=focus_of(shapes, None),
        simplify_m=simplify_m,
    )


def hub_map(
    layers: Layers, results: HubFigures, hub_id: str, *, shapes: HubShapes, simplify_m: float = 20.0
) -> PageMap:
    """Draw what :func:`hub_page` lays out.

    Parameters
    ----------
    layers, results, hub_id, shapes, simplify_m
        As there.

    Raises
    ------
    KeyError
        If no table names this hub.
    """
    return page_map(hub_page(layers, results, hub_id, shapes=shapes, simplify_m=simplify_m))


def _short(name: str) -> str:
    """Leave out what a name says in brackets at its end: a title is read from afar."""
    return name.rpartition(" (")[0] if name.endswith(")") and " (" in name else name


def _around(layers: Layers, hub: Hub, shapes: HubShapes) -> tuple[list[Overlay], list[Overlay]]:
    """Give what is drawn under the catchments, and over them: footprints, stations, projects, the hub itself."""
    # The hub has a mark of its own, whatever its project is located by.
    others = layers
    if layers.projects is not None:
        others = dataclasses.replace(layers, projects=layers.projects.drop(index=hub.hub_id, errors="ignore"))
    if others.stations is not None:
        others = dataclasses.replace(others, stations=others.stations.drop(index=hub.station_uic, errors="ignore"))
    drawn = overlays_of(others, epci=False)
    under: list[Overlay] = [
        one for one in drawn if not isinstance(one, Places) and one.label != wording("map", "footprint")
    ]
    places = [_as_others(one) for one in drawn if isinstance(one, Places)]
    lon, lat = shapes.degrees()
    mark = Mark(
        name=_short(hub.name),
        lon=lon,
        lat=lat,
        sign="hub",
        rows=_mark_rows(hub),
        shown=hub.station_name or _short(hub.name),
    )
    own = Places(label=wording("hub_map", "hub"), marks=[mark], legend={"hub": wording("hub_map", "hub")})
    return under, [*_footprints(layers, hub), *places, own]


def _footprints(layers: Layers, hub: Hub) -> list[Overlay]:
    """Draw the footprint under study over the others, which are thin and grey."""
    if layers.projects is None:
        return []
    is_own = layers.projects.index == hub.hub_id
    drawn: list[Overlay] = []
    for rows, line, label in ((~is_own, OTHERS, "footprints_other"), (is_own, STUDIED, "footprint_own")):
        built = footprints(dataclasses.replace(layers, projects=layers.projects[rows]))
        if built is None:
            continue
        told = wording("hub_map", label)
        names = ", ".join(map(str, built.shapes["name"]))
        legend = [(line, told if line is STUDIED else f"{told}\u00a0: {names}")]
        drawn.append(
            dataclasses.replace(built, label=told, lines=[line] * len(built.shapes), legend=legend, fill="own")
        )
    return drawn


def _as_others(places: Places) -> Places:
    """Tell the other hubs from the one of the page: by a sign of their own."""
    marks = [dataclasses.replace(mark, sign="other_hub") if mark.sign == "hub" else mark for mark in places.marks]
    told = dict(places.legend)
    if told.pop("hub", ""):
        told = {"other_hub": wording("hub_map", "other_hub"), **told}
    return dataclasses.replace(places, marks=marks, legend=told)


def _mark_rows(hub: Hub) -> Rows:
    rows = ((wording("map", "commune"), hub.commune_name), (wording("map", "station"), hub.station_name))
    return [(label, value) for label, value in rows if value]


def _facts(hub: Hub) -> Mapping[str, Rows]:
    """Tell of each commune met how many of its inhabitants reach the hub, by mode and minutes."""
    facts: dict[str, list[tuple[str, str]]] = {}
    for catchment in hub.catchments:
        mode, minutes = str(catchment["mode"]), int(catchment["minutes"])
        label = wording("hub_map", "area", mode=wording("hub_map", f"{mode}_first"), minutes=minutes)
        for place in hub.of(hub.places, catchment):
            people = number(place, "population")
            if math.isfinite(people):
                told = wording("hub_map", "inhabitants" if people > 0 else "inhabitants_none", count=about(people))
                facts.setdefault(text_of(place, "commune_code"), []).append((label, told))
    return facts
