"""How is each layer of zones drawn, and which line of the legend tells it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import folium
import geopandas as gpd

from hp_sig.assembly import Layers, ZoneLayer
from hp_sig.maps.cards import card, card_tooltip
from hp_sig.maps.safety import safe_text
from hp_sig.maps.shapes import DECIMALS, simplified, united, with_cards
from hp_sig.reference.labels import label, wording

__all__ = [
    "BOUNDARY",
    "add_outlines",
    "add_panes",
    "add_sets",
    "editions",
    "legend_of_outlines",
    "legend_of_sets",
]

#: Fills of the intercommunalities: light tints told apart by colour-blind readers, from the Okabe-Ito and Tol palettes.
FILLS = (
    *("#f6d58a", "#a9d5ef", "#e3b3cd", "#b9dfc9", "#f0b795", "#cfd3d8"),
    *("#d9d3a0", "#bcc4ea", "#efc6c2", "#9fd3cf", "#d8b9e6", "#e5e0d0"),
)
BOUNDARY = "#4a4a4a"
#: Panes, from the lowest: what is ticked later never hides what is above.
PANES = {"hp-fill": 390, "hp-park": 395, "hp-line": 410}


#: A semicolon never begins a line.
DATES_APART = "\u00a0; "


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How the limit of a zone is drawn."""

    colour: str
    dash: str
    weight: float = 3.0


PARK = Line(colour="#1b6e3a", dash="1 5", weight=2.5)
#: By status: an approved SCoT is a full line, anything else is broken and paler.
SCOT = {
    "approved": Line(colour="#5b2a8a", dash="", weight=4.0),
    "in_progress": Line(colour="#5b2a8a", dash="10 6"),
    "unknown": Line(colour="#8d6fae", dash="2 6"),
    "none": Line(colour="#8d6fae", dash="1 10", weight=2.0),
}
OTHERS = (
    Line(colour="#0b5d7a", dash="12 4 2 4"),
    Line(colour="#8a4b08", dash="6 4"),
    Line(colour="#7a1f5c", dash="2 4"),
    Line(colour="#333333", dash="14 5"),
)


def add_panes(figure: folium.Map) -> None:
    """Prepare the floors on which zones are drawn."""
    for name, height in PANES.items():
        folium.map.CustomPane(name, z_index=height, pointer_events=True).add_to(figure)


def editions(layers: Layers) -> list[ZoneLayer]:
    """List the dates of the intercommunalities that are lists of communes, oldest first."""
    found = [layer for layer in layers.zones.values() if layer.config.id == "epci" and layer.members is not None]
    return sorted(found, key=lambda layer: layer.config.cog_year or 0)


def add_sets(figure: folium.Map, layers: Layers, shapes: gpd.GeoDataFrame) -> None:
    """Draw the intercommunalities of each date with their names: one date at a time, one colour for each of them."""
    fills = _fills(layers)
    first = _first_edition(layers)
    for layer in editions(layers):
        zones = united(shapes, layer)
        group = folium.FeatureGroup(name=safe_text(layer.config.label), overlay=False, show=layer is first)
        folium.GeoJson(
            with_cards(zones, _cards(layer, zones)),
            style_function=lambda feature: {
                "fillColor": fills[feature["properties"]["code"]],
                "fillOpacity": 0.85,
                "color": BOUNDARY,
                "weight": 2.5,
            },
            tooltip=card_tooltip(),
            pane="hp-fill",
        ).add_to(group)
        points = zones.geometry.to_crs(2154).representative_point().to_crs(4326)
        for name, x, y in zip(zones["name"], points.x, points.y, strict=True):
            icon = folium.DivIcon(
                html=f'<span class="hp-zone">{safe_text(name)}</span>', icon_size=(0, 0), class_name="hp-label"
            )
            place = [round(y, DECIMALS), round(x, DECIMALS)]
            folium.Marker(place, icon=icon, keyboard=False, interactive=False).add_to(group)
        group.add_to(figure)


def add_outlines(figure: folium.Map, layers: Layers, shapes: gpd.GeoDataFrame, tolerance: float) -> None:
    """Draw every other layer of zones by its limits: parks at once, the others when they are ticked."""
    for layer, lines in _outlines(layers):
        zones = simplified(layer.zones, tolerance) if layer.members is None else united(shapes, layer)
        if "status" in zones:
            # The strongest line comes last: a shared limit is that of the approved SCoT.
            zones = zones.sort_values("status", key=lambda status: -status.map(list(SCOT).index), kind="stable")
        is_park = layer.config.id == "pnr"
        folium.GeoJson(
            with_cards(zones, _cards(layer, zones)),
            name=safe_text(layer.config.label),
            style_function=lambda feature, lines=lines, is_park=is_park: {
                "color": lines[feature["properties"]["code"]].colour,
                "weight": lines[feature["properties"]["code"]].weight,
                "dashArray": lines[feature["properties"]["code"]].dash,
                # Hatched, so that the fill below stays readable and nothing hangs on colour alone.
                "fill": is_park,
                "fillColor": "url(#hp-hatch)",
                "fillOpacity": 1.0,
            },
            tooltip=card_tooltip(),
            show=is_park,
            pane="hp-park" if is_park else "hp-line",
        ).add_to(figure)


def legend_of_sets(layers: Layers) -> list[tuple[str, str]]:
    """Tell each intercommunality once: its colour, its name, its communes at each date."""
    names: dict[str, str] = {}
    years: dict[str, dict[str, list[str]]] = {}
    dates = editions(layers)
    for layer in dates:
        for code, name in layer.zones["name"].items():
            names[str(code)] = str(name)
            at_years = years.setdefault(str(code), {})
            at_years.setdefault(members(layer, code), []).append(str(layer.config.cog_year))
    fills = _fills(layers)
    rows = []
    for code, name in names.items():
        always = [told for told, at in years[code].items() if len(at) == len(dates)]
        dated = [wording("map", "in_years", members=told, years=", ".join(at)) for told, at in years[code].items()]
        sign = f'<i class="hp-key" style="background:{fills[safe_text(code)]}"></i>'
        rows.append((sign, f"{name} ({DATES_APART.join(always or dated)})"))
    return rows


def legend_of_outlines(layers: Layers) -> list[tuple[str, str]]:
    """Tell each other layer, and each status of a SCoT layer, by the line that draws it."""
    rows = []
    for layer, lines in _outlines(layers):
        if layer.config.id == "pnr":
            rows.append(('<i class="hp-key hp-park"></i>', f"{layer.config.label} : {', '.join(layer.zones['name'])}"))
        elif "status" in layer.zones:
            for status in (status for status in SCOT if (layer.zones["status"] == status).any()):
                told = f"{layer.config.label}, {wording('scot_status', status)}"
                rows.append((_line_key(SCOT[status]), wording("map", "to_tick", layer=told)))
        else:
            line = next(iter(lines.values()))
            rows.append((_line_key(line), wording("map", "to_tick", layer=layer.config.label)))
    return rows


def members(layer: ZoneLayer, code: object) -> str:
    """Count the communes of a zone in words, and those of the territory where they are not all."""
    count, total = layer.zones["commune_count"][str(code)], layer.zones["commune_total"][str(code)]
    if count == total:
        return wording("map", "member" if count == 1 else "members", count=count)
    return wording("map", "members_partial", count=count, total=total)


def _first_edition(layers: Layers) -> ZoneLayer | None:
    """Choose the intercommunalities shown at first: those of the territory's own date, or else the oldest."""
    dates = editions(layers)
    own = [layer for layer in dates if layer.config.cog_year == layers.territory.cog_year]
    found = own or dates
    return found[0] if found else None


def _fills(layers: Layers) -> dict[str, str]:
    codes = dict.fromkeys(safe_text(code) for layer in editions(layers) for code in layer.zones.index)
    return {code: FILLS[rank % len(FILLS)] for rank, code in enumerate(codes)}


def _outlines(layers: Layers) -> Sequence[tuple[ZoneLayer, Mapping[str, Line]]]:
    drawn = []
    others = 0
    for layer in layers.zones.values():
        codes = [safe_text(code) for code in layer.zones.index]
        if layer.config.id == "epci" and layer.members is not None:
            continue
        if layer.config.id == "pnr":
            drawn.append((layer, dict.fromkeys(codes, PARK)))
        elif "status" in layer.zones:
            drawn.append(
                (layer, {code: SCOT[status] for code, status in zip(codes, layer.zones["status"], strict=True)})
            )
        else:
            drawn.append((layer, dict.fromkeys(codes, OTHERS[others % len(OTHERS)])))
            others += 1
    return drawn


def _cards(layer: ZoneLayer, zones: gpd.GeoDataFrame) -> dict[str, str]:
    cards = {}
    for code, name in zones["name"].items():
        rows = [] if layer.members is None else [(label("commune_count"), members(layer, code))]
        if "status" in zones:
            rows.append((wording("map", "status"), wording("scot_status", str(zones["status"][str(code)]))))
        cards[str(code)] = card(str(name), rows)
    return cards


def _line_key(line: Line) -> str:
    return (
        '<svg class="hp-stroke" width="26" height="10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" '
        f'stroke="{line.colour}" stroke-width="{line.weight}" stroke-dasharray="{line.dash}"/></svg>'
    )
