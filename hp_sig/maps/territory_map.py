"""Where are the communes, their intercommunalities, the parks, the SCoT and the projects of the territory?"""

from typing import cast

import folium
import geopandas as gpd
import pandas as pd
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from hp_sig._version import __version__
from hp_sig.assembly import Layers
from hp_sig.maps.cards import card, card_tooltip
from hp_sig.maps.page import HATCH, action_lists, caption, legend, page_style
from hp_sig.maps.points import add_projects, add_stations, legend_of_points
from hp_sig.maps.safety import safe_text
from hp_sig.maps.shapes import for_display, with_cards
from hp_sig.maps.zones import (
    BOUNDARY,
    add_outlines,
    add_panes,
    add_sets,
    editions,
    legend_of_outlines,
    legend_of_sets,
)
from hp_sig.reference.labels import format_quantity, label, wording
from hp_sig.results import Results

__all__ = ["territory_map"]


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
    shapes = for_display(layers.communes, simplify_m)
    west, south, east, north = (float(bound) for bound in shapes.total_bounds)
    figure = folium.Map(
        [(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_control=False,
        zoom_snap=0.25,
        maxZoom=18,
        min_zoom=7,
    )
    # Leaflet alone: folium's jQuery, Bootstrap and icon fonts serve nothing here.
    figure.default_js = [entry for entry in figure.default_js if entry[0] == "leaflet"]
    figure.default_css = [entry for entry in figure.default_css if entry[0] == "leaflet_css"]
    add_panes(figure)
    add_sets(figure, layers, shapes)
    add_outlines(figure, layers, shapes, simplify_m)
    _add_communes(figure, shapes, layers, results)
    add_projects(figure, layers)
    add_stations(figure, layers)
    folium.LayerControl(collapsed=True).add_to(figure)
    _FrenchControls([[south, west], [north, east]]).add_to(figure)
    notice = layers.territory.notice
    root = cast("Figure", figure.get_root())
    root.header.add_child(Element(page_style()), name="hp_sig_style")
    panel = (
        HATCH
        + legend(layers, _legend_rows(layers), notice)
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


def _add_communes(figure: folium.Map, shapes: gpd.GeoDataFrame, layers: Layers, results: Results) -> None:
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
        before = None
        for layer in editions(layers):
            # Each date at which the commune changed, the first one included.
            if row[layer.config.layer_name] != before:
                year = wording("map", "epci_short", year=layer.config.cog_year)
                rows.append((year, str(row[f"{layer.config.layer_name}_name"])))
            before = row[layer.config.layer_name]
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
        with_cards(shapes, cards),
        name=safe_text(wording("map", "communes")),
        style_function=lambda _: {
            "color": BOUNDARY,
            "weight": 0.8,
            "fillColor": "#ffffff",
            "fillOpacity": 0.01,
        },
        highlight_function=lambda _: {"weight": 3, "color": "#000000", "fillOpacity": 0.25},
        tooltip=card_tooltip(),
    ).add_to(figure)


def _legend_rows(layers: Layers) -> list[tuple[str, str]]:
    commune = ('<i class="hp-key hp-line"></i>', wording("map", "commune_boundary"))
    return [*legend_of_sets(layers), commune, *legend_of_outlines(layers), *legend_of_points(layers)]
