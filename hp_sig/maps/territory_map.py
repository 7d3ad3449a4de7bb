"""Where are the communes, their intercommunalities, the parks, the SCoT and the projects of the territory?"""

from collections.abc import Mapping
from typing import cast

import folium
import geopandas as gpd
import pandas as pd
import shapely
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from hp_sig._version import __version__
from hp_sig.assembly import Layers, ZoneLayer
from hp_sig.maps.cards import card, card_tooltip
from hp_sig.maps.page import HATCH, action_lists, caption, legend, page_style
from hp_sig.maps.points import DECIMALS, add_projects, add_stations
from hp_sig.maps.safety import safe_text
from hp_sig.reference.labels import format_quantity, label, wording
from hp_sig.results import Results

__all__ = ["territory_map"]

#: Fills of the intercommunalities: light tints of the Okabe-Ito palette, told apart by colour-blind readers.
EPCI_FILLS = ("#f6d58a", "#a9d5ef", "#e3b3cd", "#b9dfc9", "#f0b795", "#cfd3d8")
PARK_COLOUR = "#1b6e3a"
SCOT_COLOUR = "#6a3d9a"
BOUNDARY_COLOUR = "#4a4a4a"


def territory_map(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> folium.Map:
    """Draw the communes, intercommunalities, parks, SCoT, stations and projects of a territory.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    results
        From :func:`hp_sig.results.compute`, for the figures of the tooltips.
    simplify_m
        Tolerance, in metres, at which limits are simplified for display, shared limits staying shared; the
        caption tells it. 0 keeps every vertex.

    Returns
    -------
    folium.Map
        Without tiles; every text from the data is escaped. :func:`hp_sig.maps.standalone.save_standalone` makes it
        one file.

    Notes
    -----
    A project is drawn where its contract locates it: a site at its station or its coordinates, a commune in the
    commune's tooltip, anything wider in a list beside the map. None gets a made-up point.
    """
    shapes = _for_display(layers.communes, simplify_m)
    figure = folium.Map(
        shapes.geometry.union_all().centroid.coords[0][::-1],
        tiles=None,
        zoom_control=False,
        zoom_snap=0.25,
        maxZoom=18,
        min_zoom=7,
    )
    # Leaflet alone: folium's jQuery, Bootstrap and icon fonts serve nothing here.
    figure.default_js = [entry for entry in figure.default_js if entry[0] == "leaflet"]
    figure.default_css = [entry for entry in figure.default_css if entry[0] == "leaflet_css"]
    lists = [layer for layer in layers.zones.values() if layer.members is not None]
    epci = [layer for layer in lists if layer.config.id == "epci"]
    first = next(
        (layer for layer in epci if layer.config.cog_year == layers.territory.cog_year),
        epci[0] if epci else None,
    )
    for layer in epci:
        _add_epci(figure, layer, _united(shapes, layer), shown=layer is first)
    for layer in layers.zones.values():
        if layer.config.id in {"epci", "living_area"}:
            continue
        zones = _united(shapes, layer) if layer.members is not None else _simplified(layer.zones, simplify_m)
        _add_outline(figure, layer, zones)
    _add_communes(figure, shapes, layers, results, first)
    _add_labels(figure, shapes, first)
    add_projects(figure, layers)
    add_stations(figure, layers)
    folium.LayerControl(collapsed=True).add_to(figure)
    west, south, east, north = (float(bound) for bound in shapes.total_bounds)
    _FrenchControls([[south, west], [north, east]]).add_to(figure)
    notice = layers.territory.notice
    root = cast("Figure", figure.get_root())
    root.header.add_child(Element(page_style()), name="hp_sig_style")
    panel = (
        HATCH
        + legend(layers, _legend_rows(layers, first), notice)
        + action_lists(layers)
        + caption(layers, simplify_m, __version__)
    )
    root.html.add_child(
        Element(panel + '</div></details></aside><div class="hp-foot hp-card" hidden></div>'), name="hp_sig_panel"
    )
    return figure


class _FrenchControls(MacroElement):
    """Leaflet's buttons and scale, in French; the panel closed on a phone, where the map comes first."""

    _template = Template(
        """{% macro script(this, kwargs) %}
        L.control.zoom({zoomInTitle: {{ this.texts[0]|tojson }}, zoomOutTitle: {{ this.texts[1]|tojson }}})
            .addTo({{ this._parent.get_name() }});
        document.querySelectorAll(".leaflet-control-layers-toggle").forEach(function (link) {
            link.title = {{ this.texts[2]|tojson }};
            link.setAttribute("aria-label", link.title);
        });
        if (window.matchMedia("(max-width: 700px)").matches) {
            document.querySelectorAll("details.hp-more").forEach(function (part) { part.open = false; });
            // No room beside a finger: the card of what is touched stands at the foot of the page.
            var card = document.querySelector(".hp-foot");
            {{ this._parent.get_name() }}.on("tooltipopen", function (event) {
                card.innerHTML = event.tooltip.getElement().innerHTML;
                card.hidden = false;
            }).on("click", function (event) {
                card.hidden = !event.originalEvent.target.closest(".leaflet-interactive");
            });
        }
        {{ this._parent.get_name() }}.invalidateSize()
            .fitBounds({{ this.bounds|tojson }}, {padding: [12, 12], animate: false});
        L.control.scale({imperial: false}).addTo({{ this._parent.get_name() }});
        {{ this._parent.get_name() }}.attributionControl.setPrefix(false);
        {% endmacro %}"""
    )

    def __init__(self, bounds: list[list[float]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "FrenchControls"
        self.bounds = bounds
        self.texts = [wording("map", "zoom_in"), wording("map", "zoom_out"), wording("map", "layers")]


def _for_display(communes: gpd.GeoDataFrame, tolerance: float) -> gpd.GeoDataFrame:
    shapes = communes[["name", "geometry"]]
    if tolerance > 0 and shapely.coverage_is_valid(shapes.geometry.to_numpy()):
        shapes = shapes.set_geometry(shapes.geometry.simplify_coverage(tolerance))
    elif tolerance > 0:
        shapes = shapes.set_geometry(shapes.geometry.simplify(tolerance))
    return _in_degrees(shapes)


def _in_degrees(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    drawn = layer.to_crs(4326)
    rounded = shapely.transform(drawn.geometry.to_numpy(), lambda points: points.round(DECIMALS))
    return drawn.set_geometry(gpd.GeoSeries(rounded, index=drawn.index, crs=4326))


def _simplified(zones: gpd.GeoDataFrame, tolerance: float) -> gpd.GeoDataFrame:
    return _in_degrees(zones.set_geometry(zones.geometry.simplify(tolerance)))


def _united(shapes: gpd.GeoDataFrame, layer: ZoneLayer) -> gpd.GeoDataFrame:
    """Unite the communes as drawn, so that a zone's limit lies on theirs."""
    if layer.members is None:
        return layer.zones
    zone = layer.members[layer.config.key].reindex(shapes.index)
    united = shapes[["geometry"]].assign(zone=zone).dissolve("zone", grid_size=10**-DECIMALS)
    return layer.zones.set_geometry(united.geometry.reindex(layer.zones.index))


def _drawn(zones: gpd.GeoDataFrame, cards: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Keep of a layer only what the page needs: a code, a ready card, the shape."""
    return gpd.GeoDataFrame(
        {
            "code": [safe_text(code) for code in zones.index],
            "card": [cards[str(code)] for code in zones.index],
        },
        geometry=zones.geometry.to_numpy(),
        crs=zones.crs,
    )


def _members(layer: ZoneLayer, code: object) -> str:
    count, total = layer.zones["commune_count"][str(code)], layer.zones["commune_total"][str(code)]
    key = "members" if count == total else "members_partial"
    return wording("map", key, count=count, total=total)


def _add_epci(figure: folium.Map, layer: ZoneLayer, zones: gpd.GeoDataFrame, *, shown: bool) -> None:
    fills = {safe_text(code): EPCI_FILLS[rank % len(EPCI_FILLS)] for rank, code in enumerate(zones.index)}
    cards = {
        str(code): card(str(row["name"]), [(label("commune_count"), _members(layer, code))])
        for code, row in zones.iterrows()
    }
    folium.GeoJson(
        _drawn(zones, cards),
        name=safe_text(layer.config.label),
        style_function=lambda feature: {
            "fillColor": fills[feature["properties"]["code"]],
            "fillOpacity": 0.85,
            "color": BOUNDARY_COLOUR,
            "weight": 2.5,
        },
        tooltip=card_tooltip(),
        show=shown,
    ).add_to(figure)


def _add_outline(figure: folium.Map, layer: ZoneLayer, zones: gpd.GeoDataFrame) -> None:
    is_park = layer.config.id == "pnr"
    cards = {}
    for code, row in zones.iterrows():
        rows = [] if layer.members is None else [(label("commune_count"), _members(layer, code))]
        if "status" in zones:
            rows.append((wording("map", "status"), wording("scot_status", str(row["status"]))))
        cards[str(code)] = card(str(row["name"]), rows)
    folium.GeoJson(
        _drawn(zones, cards),
        name=safe_text(layer.config.label),
        style_function=lambda _: {
            "color": PARK_COLOUR if is_park else SCOT_COLOUR,
            "weight": 2.5 if is_park else 3,
            "dashArray": "1 5" if is_park else "9 6",
            # Hatched, so that the fill below stays readable and nothing hangs on colour alone.
            "fillColor": "url(#hp-hatch)" if is_park else "none",
            "fillOpacity": 1.0,
        },
        tooltip=card_tooltip(),
        show=is_park,
    ).add_to(figure)


def _add_communes(
    figure: folium.Map, shapes: gpd.GeoDataFrame, layers: Layers, results: Results, epci: ZoneLayer | None
) -> None:
    table = results.communes
    projects = layers.projects
    cards = {}
    for code, row in table.iterrows():
        rows = [
            (label("commune_code"), str(code)),
            (label("area_ha"), format_quantity("area_ha", row["area_ha"])),
        ]
        if pd.notna(row["population_year"]):
            rows.append(
                (
                    f"{label('population')} {row['population_year']}",
                    format_quantity("population", row["population"]),
                )
            )
        if epci is not None:
            rows.append((wording("map", "epci_short"), str(row[f"{epci.config.layer_name}_name"])))
        for layer in layers.zones.values():
            if layer.members is None:
                found = row[f"{layer.config.layer_name}_name"]
                rows.append((layer.config.label, str(found) if pd.notna(found) else wording("map", "no_value")))
        if "scot_status" in table:
            rows.append((wording("map", "scot"), wording("scot_status", str(row["scot_status"]))))
        if projects is not None:
            here = projects[
                (projects["commune_code"] == code) & projects["scale"].isin(["site", "footprint", "commune"])
            ]
            rows += [(wording("map", "project"), str(name)) for name in here["name"]]
        cards[str(code)] = card(str(row["name"]), rows)
    folium.GeoJson(
        _drawn(shapes, cards),
        name=safe_text(wording("map", "communes")),
        style_function=lambda _: {
            "color": BOUNDARY_COLOUR,
            "weight": 0.8,
            "fillColor": "#ffffff",
            "fillOpacity": 0.01,
        },
        highlight_function=lambda _: {"weight": 3, "color": "#000000", "fillOpacity": 0.25},
        tooltip=card_tooltip(),
    ).add_to(figure)


def _add_labels(figure: folium.Map, shapes: gpd.GeoDataFrame, epci: ZoneLayer | None) -> None:
    if epci is None:
        return
    group = folium.FeatureGroup(name=safe_text(wording("map", "epci_names")))
    zones = _united(shapes, epci)
    points = zones.geometry.to_crs(2154).representative_point().to_crs(4326)
    for name, x, y in zip(zones["name"], points.x, points.y, strict=True):
        icon = folium.DivIcon(
            html=f'<span class="hp-zone">{safe_text(name)}</span>', icon_size=(0, 0), class_name="hp-label"
        )
        folium.Marker([round(y, DECIMALS), round(x, DECIMALS)], icon=icon, keyboard=False, interactive=False).add_to(
            group
        )
    group.add_to(figure)


def _legend_rows(layers: Layers, epci: ZoneLayer | None) -> list[tuple[str, str]]:
    rows = []
    if epci is not None:
        for rank, (code, row) in enumerate(epci.zones.iterrows()):
            fill = EPCI_FILLS[rank % len(EPCI_FILLS)]
            rows.append(
                (
                    f'<i class="hp-key" style="background:{fill}"></i>',
                    f"{row['name']} ({_members(epci, code)})",
                )
            )
    rows.append(('<i class="hp-key hp-line"></i>', wording("map", "commune_boundary")))
    for layer in layers.zones.values():
        if layer.config.id == "pnr":
            rows.append(('<i class="hp-key hp-park"></i>', f"{layer.config.label} : {', '.join(layer.zones['name'])}"))
        elif layer.config.id == "scot":
            rows.append(('<i class="hp-key hp-scot"></i>', wording("map", "to_tick", layer=layer.config.label)))
    if layers.projects is not None:
        rows.append(('<span class="hp-hub"></span>', wording("map", "hub")))
    return rows
