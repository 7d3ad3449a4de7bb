"""How is each layer drawn: as on the HTML maps, and planning zones as the CNIG and the Géoportail draw them?"""

import csv
import re
from collections.abc import Hashable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from hp_sig.maps.context import EPCI, FILLS, PARK, SCOT
from hp_sig.maps.hubs.figures import MODES, ramp
from hp_sig.maps.legend import ABSENT, LIMIT
from hp_sig.maps.legend import PARK as PARK_HATCHING
from hp_sig.maps.overlays import OTHER_LINES
from hp_sig.maps.projects import FOOTPRINT
from hp_sig.maps.themes import Indicator
from hp_sig.publish.publication import FIGURES, Publication, PublishedTable
from hp_sig.publish.qgis.classes import class_ends
from hp_sig.publish.qgis.markup import Element, field_of, literal
from hp_sig.publish.qgis.renderers import Case, Range, by_classes, by_rules, by_values, same_for_all
from hp_sig.publish.qgis.symbols import PIXEL, area, filled, hatched, lined, marker, path
from hp_sig.reference.labels import page_words, wording

__all__ = [
    "AREAS_OPACITY",
    "ZONING_OPACITY",
    "are_all_hubs",
    "epci_layers",
    "modes_of",
    "of_areas",
    "of_communes",
    "of_indicator",
    "of_layer",
    "of_zoning",
    "plain",
    "zone_layers",
    "zoning_colours",
]

#: Figure of a zone whose own is not known: QGIS draws no NULL in a class.
NO_FIGURE = -1e9
#: « Une opacité à 60 % est ajoutée à l'ensemble de la couche » (CNIG, spécifications de symbolisation, PLU et CC).
ZONING_OPACITY = 0.6
AREAS_OPACITY = 0.75
#: Outline of planning zones: RVB 57, 57, 57, 0.8 point (CNIG, plu_zone_urba_pe.qml).
ZONING_OUTLINE, ZONING_WIDTH_MM = "#393939", 0.28
#: Perimeters of the parks.
PARKS = "pnr"
LIMIT_COLOUR = str(LIMIT["colour"])
DATED = re.compile(r"_(\d{4})$")


@cache
def zoning_colours() -> Mapping[str, str]:
    """Read the fill of each kind of planning zone.

    Zones of a PLU: CNIG, sous-groupe Symbolisation (github.com/cnigfr/DDU-SG5-SYMBOLISATION,
    `PLU/QGIS/QML/plu_zone_urba_pe.qml`, standard PLU/CC v2025-06). Sectors of a carte communale: style of the
    Géoportail de l'urbanisme (github.com/IGNF/geoportail-urbanisme-dev, `SLDS/notsup/secteur_cc_du.sld`).

    >>> zoning_colours()["U"], zoning_colours()["CC_activity"]
    ('#e60000', '#aa00cc')
    """
    text = (files("hp_sig.publish.qgis") / "zoning_colours.csv").read_text(encoding="utf-8")
    return {row["zone"]: row["colour"] for row in csv.DictReader(text.splitlines())}


def zone_layers(publication: Publication) -> dict[str, PublishedTable]:
    """Give the layers of zones: EPCI, SCoT, parks, living areas."""
    apart = {"communes", FIGURES, "stations"}
    return {
        name: layer
        for name, layer in publication.layers.items()
        if layer.theme == "territory" and name not in apart and layer.key[0] in layer.rows
    }


def epci_layers(publication: Publication) -> dict[str, PublishedTable]:
    """Give the lists of intercommunalities, oldest first."""
    found = {
        name: layer
        for name, layer in zone_layers(publication).items()
        if layer.key == ("epci_siren",) and DATED.search(name)
    }
    return dict(sorted(found.items(), key=lambda item: DATED.findall(item[0])))


def of_indicator(indicator: Indicator, period: str, layer: PublishedTable) -> Element:
    """Draw a figure of the communes in the classes and the colours of its HTML map.

    Parameters
    ----------
    indicator, period
        What is shown.
    layer
        The layer of figures.
    """
    published = layer.rows.set_index(layer.key[0])[indicator.column]
    zones = pd.Index(published.index)
    classes, bounds = indicator.classes(zones), indicator.bounds(zones)
    ends = class_ends(indicator, period, classes, published)
    ranges = [
        Range(lower=low, upper=high, text=text, symbol=_coloured(colour))
        for low, high, text, colour in zip(ends, ends[1:], bounds, classes.colours, strict=False)
    ]
    field = field_of(indicator.column)
    if published.isna().any():
        absent = area(filled("#ffffff", outline=LIMIT_COLOUR), hatched(ABSENT))
        text = page_words(of_communes=True)["no_data"]
        ranges.append(Range(lower=NO_FIGURE, upper=NO_FIGURE, text=text, symbol=absent))
        field = f"coalesce({field}, {NO_FIGURE:.0f})"
    return by_classes(field, ranges)


def _coloured(colour: str) -> Element:
    return area(filled(colour, outline=LIMIT_COLOUR))


def of_communes(publication: Publication, edition: str) -> Element:
    """Colour the communes by their intercommunality at a date, each of them as on the HTML map.

    Parameters
    ----------
    publication
        What is published.
    edition
        Name of a layer of :func:`epci_layers`.
    """
    codes = [str(code) for layer in epci_layers(publication).values() for code in layer.rows["epci_siren"]]
    colours = {code: FILLS[rank % len(FILLS)] for rank, code in enumerate(dict.fromkeys(codes))}
    cases = [
        Case(value=str(row["epci_siren"]), text=_with_members(row), symbol=_coloured(colours[str(row["epci_siren"])]))
        for row in publication.tables[edition].rows.to_dict("records")
    ]
    if publication.tables["communes"].rows[edition].isna().any():
        cases.append(Case(value="", text=page_words(of_communes=True)["no_set"], symbol=_coloured("#ffffff")))
    return by_values(field_of(edition), cases)


def _with_members(row: Mapping[Hashable, Any]) -> str:
    count, total = row.get("commune_count"), row.get("commune_total")
    if pd.isna(count) or pd.isna(total):
        return str(row["name"])
    partial = {True: ("member" if count == 1 else "members"), False: "members_partial"}[count == total]
    return f"{row['name']} ({wording('map', partial, count=count, total=total)})"


def of_areas(layer: PublishedTable, mode: str) -> Element:
    """Colour the areas reached by a mode, the shortest time darkest and on top."""
    minutes = sorted({int(one) for one in layer.rows["minutes"][layer.rows["mode"] == mode]})
    first = wording("hub_map", f"{mode}_first")
    cases = [
        Case(
            value=f"{mode} {one}",
            text=wording("hub_map", "area", mode=first, minutes=one),
            symbol=area(filled(colour, outline="#ffffff")),
        )
        for one, colour in zip(minutes, ramp(mode, len(minutes)), strict=True)
    ]
    expression = f"{field_of('mode')} || {literal(' ')} || {field_of('minutes')}"
    return by_values(expression, cases, order=field_of("minutes"))


def modes_of(layer: PublishedTable) -> list[str]:
    """List the modes of the areas, on foot first."""
    return [mode for mode in MODES if mode in set(layer.rows["mode"])]


def of_zoning(layer: PublishedTable) -> Element:
    """Colour planning zones by their kind; a zone to be built up is open (AUc) or blocked (AUs)."""
    types = layer.rows["zone_type"].str.casefold()
    kinds = layer.rows["zone_kind"].mask(layer.rows["zone_kind"].eq("AU") & types.eq("auc"), "AUc")
    kinds = kinds.mask(layer.rows["zone_kind"].eq("AU") & types.eq("aus"), "AUs")
    cases = [
        Case(
            value=kind,
            text=wording("qgis" if kind in {"AUc", "AUs"} else "zone_kind", kind),
            symbol=area(filled(colour, outline=ZONING_OUTLINE, width_mm=ZONING_WIDTH_MM)),
        )
        for kind, colour in zoning_colours().items()
        if kind in set(kinds)
    ]
    kind, code = field_of("zone_kind"), f"lower({field_of('zone_type')})"
    opened = f"WHEN {kind} = 'AU' AND {code} = 'auc' THEN 'AUc'"
    blocked = f"WHEN {kind} = 'AU' AND {code} = 'aus' THEN 'AUs'"
    return by_values(f"CASE {opened} {blocked} ELSE {kind} END", cases)


def of_layer(publication: Publication, name: str) -> Element:
    """Draw any other layer: zones by their limits, stations and projects by their signs."""
    layer = publication.tables[name]
    if name == "stations":
        return _stations(layer)
    if name == "projects_site":
        return _sites(publication, layer)
    if name == "projects_footprint":
        fill = filled(FOOTPRINT.colour, opacity=0.35, outline=FOOTPRINT.colour, width_mm=FOOTPRINT.weight * PIXEL)
        return same_for_all(area(fill))
    if name in zone_layers(publication):
        return _limits(publication, name)
    return plain(layer)


def _limits(publication: Publication, name: str) -> Element:
    layer = publication.tables[name]
    if name in epci_layers(publication):
        return same_for_all(area(lined(EPCI)))
    if name == PARKS:
        return same_for_all(area(hatched(PARK_HATCHING), lined(PARK)))
    if "status" in layer.rows:
        found = set(layer.rows["status"])
        cases = [
            Case(value=status, text=wording("scot_status", status), symbol=area(lined(line)))
            for status, line in reversed(SCOT.items())
            if status in found
        ]
        # The strongest line comes last: a shared limit is that of the approved SCoT.
        weakest_first = ", ".join(literal(status) for status in reversed(SCOT))
        return by_values(field_of("status"), cases, order=f"array_find(array({weakest_first}), {field_of('status')})")
    epci = epci_layers(publication)
    others = [
        one
        for one, other in zone_layers(publication).items()
        if one not in epci and one != PARKS and "status" not in other.rows
    ]
    return same_for_all(area(lined(OTHER_LINES[others.index(name) % len(OTHER_LINES)])))


def _stations(layer: PublishedTable) -> Element:
    """Draw passenger stations as on the maps; the others, which these leave out, small."""
    open_to_all = layer.rows["passengers"] if "passengers" in layer.rows else pd.Series(True, index=layer.rows.index)  # noqa: FBT003
    served = marker("square", fill="#ffffff", outline="#27496d", size_mm=12 * PIXEL, width_mm=3 * PIXEL)
    if open_to_all.fillna(value=False).all():
        return by_rules([Case(value="", text=wording("map", "station"), symbol=served)])
    other = marker("square", fill="#cfd3d8", outline="#6b7884", size_mm=6 * PIXEL, width_mm=PIXEL)
    return by_rules(
        [
            Case(value=field_of("passengers"), text=wording("map", "station"), symbol=served),
            Case(value="ELSE", text=wording("qgis", "other_station"), symbol=other),
        ]
    )


def _sites(publication: Publication, layer: PublishedTable) -> Element:
    """Draw a project at a known station as a hub, any other by a disc."""
    at_station = layer.rows["station_uic"].isin(_station_codes(publication))
    cases = []
    if at_station.any():
        codes = ", ".join(literal(str(code)) for code in dict.fromkeys(layer.rows["station_uic"][at_station]))
        hub = marker("diamond", fill="#b3001b", outline="#ffffff", size_mm=22 * PIXEL, width_mm=2.5 * PIXEL)
        rule = f"{field_of('station_uic')} IN ({codes})"
        cases.append(Case(value=rule, text=wording("map", "hub"), symbol=hub))
    if not at_station.all():
        site = marker("circle", fill="#27496d", outline="#ffffff", size_mm=14 * PIXEL, width_mm=2.5 * PIXEL)
        cases.append(Case(value="ELSE", text=wording("map", "site"), symbol=site))
    return by_rules(cases)


def _station_codes(publication: Publication) -> set[str]:
    stations = publication.tables.get("stations")
    return set() if stations is None else set(stations.rows[stations.key[0]])


def are_all_hubs(publication: Publication) -> bool:
    """Say whether every station is under the sign of a project."""
    sites = publication.tables.get("projects_site")
    return sites is not None and _station_codes(publication) <= set(sites.rows["station_uic"].dropna())


def plain(layer: PublishedTable) -> Element:
    """Draw a layer of which nothing else is known."""
    kind = str(layer.geometry_type)
    if kind.endswith("Point"):
        return same_for_all(marker("circle", fill="#27496d", outline="#ffffff", size_mm=4.0, width_mm=0.6))
    if kind.endswith("LineString"):
        return same_for_all(path(lined(OTHER_LINES[0])))
    return same_for_all(area(filled("#f1f2ee", outline=LIMIT_COLOUR)))
