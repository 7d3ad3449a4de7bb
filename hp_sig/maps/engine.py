"""How does the model of a page become a folium map that draws itself, on screen, on paper and in a notebook?"""

import html
from functools import cache
from importlib.resources import files
from typing import Any, cast

import folium
from branca.element import Figure, MacroElement
from folium.template import Template

from hp_sig.maps.model import as_script, opening, page_model
from hp_sig.maps.page import Page
from hp_sig.maps.safety import safe_text
from hp_sig.maps.standalone import Trusted, standalone_page
from hp_sig.reference.labels import wording

__all__ = ["PageMap", "page_map"]

#: Hatching of what is not known, and of parks; both on paper, which is drawn in tenths of a millimetre; and of the part
#: of a bar that is not certain.
PATTERNS = (
    '<svg class="hp-defs" width="0" height="0" aria-hidden="true" style="position:absolute"><defs>'
    '<pattern id="hp-none" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="8" height="8" fill="#ffffff"/><rect width="2" height="8" fill="#8a8a8a"/></pattern>'
    '<pattern id="hp-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    '<rect width="1.6" height="8" fill="#1b6e3a" fill-opacity=".55"/></pattern>'
    '<pattern id="hp-none-paper" width="26" height="26" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="26" height="26" fill="#ffffff"/><rect width="6" height="26" fill="#8a8a8a"/></pattern>'
    '<pattern id="hp-hatch-paper" width="26" height="26" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    '<rect width="5" height="26" fill="#1b6e3a" fill-opacity=".55"/></pattern>'
    '<pattern id="hp-part" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" fill="#ffffff"/><rect width="3.2" height="7" fill="#b3001b"/></pattern></defs></svg>'
)
#: What draws a page, in the order in which each uses those before it.
SCRIPTS = ("text.js", "geometry.js", "legend.js", "panels.js", "paper.js", "page.js")


class PageMap(folium.Map):
    """A folium map that is a page of ours: Leaflet alone, no tiles; a notebook shows the page that is saved.

    `model` is what the page draws, `hp_title` its title.
    """

    def __init__(self, model: dict[str, Any]) -> None:
        super().__init__([44.0, 5.8], tiles=None, zoom_control=False, zoom_snap=0.25, maxZoom=18, min_zoom=6)
        # Leaflet alone: folium's jQuery, Bootstrap and icon fonts serve nothing here.
        self.default_js = [entry for entry in self.default_js if entry[0] == "leaflet"]
        self.default_css = [entry for entry in self.default_css if entry[0] == "leaflet_css"]
        self.model = model
        self.hp_title: str = model["title"]
        root = cast("Figure", self.get_root())
        root.header.add_child(Trusted(f"<style>{_asset('map.css')}</style>"), name="hp_style")
        root.html.add_child(Trusted(_skeleton(model)), name="hp_page")
        _Start().add_to(self)

    def _repr_html_(self, **_options: object) -> str:
        """Show in a notebook the page that would be saved: without network, under the same policy."""
        page = html.escape(standalone_page(self))
        return (
            f'<iframe srcdoc="{page}" title="{safe_text(self.hp_title)}" width="100%" height="640" '
            'style="border:1px solid #c9ced3"></iframe>'
        )


class _Start(MacroElement):
    """Draw the page once Leaflet has its map."""

    _template = Template(
        """{% macro script(this, kwargs) %}
        hpPage({{ this._parent.get_name() }}, JSON.parse(document.getElementById("hp-model").textContent));
        {% endmacro %}"""
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Start"


def page_map(page: Page, *, theme: int | str = 0, period: str | None = None) -> PageMap:
    """Make the folium map of a page.

    Parameters
    ----------
    page
        From :mod:`hp_sig.maps.territory_map`, or one of your own.
    theme, period
        What it is opened at, as in :func:`hp_sig.maps.model.opening`.

    Raises
    ------
    ValueError
        If the page has no such theme, or the theme no such period.
    """
    model = page_model(page)
    model["start"], first = opening(model["themes"], theme, period)
    if model["themes"]:
        model["themes"][model["start"]]["first"] = first
    return PageMap(model)


def _skeleton(model: dict[str, Any]) -> str:
    """Write the page around the map: what a reader finds in it even before, or without, its script."""
    notice = f'<p class="hp-notice" role="note">{safe_text(model["notice"])}</p>' if model["notice"] else ""
    told = ""
    if model["panels"] or any(scene["panels"] for scene in model["scenes"]):
        summary = safe_text(wording("page", "figures"))
        told = (
            f'<details class="hp-more hp-told" open><summary>{summary}</summary><div class="hp-panels"></div></details>'
        )
    wide = " hp-wide" if told else ""
    return (
        f'{PATTERNS}<aside class="hp-panel{wide}" aria-label="{safe_text(wording("map", "panel"))}">'
        f"<h1>{safe_text(model['title'])}</h1>{notice}"
        f"<noscript><p>{safe_text(wording('map', 'no_script'))}</p></noscript>"
        f'<div class="hp-controls"></div>{told}<details class="hp-more" open>'
        f'<summary>{safe_text(wording("map", "legend"))}</summary><div class="hp-body"></div></details></aside>'
        '<main class="hp-main"></main><div class="hp-paper"></div>'
        f'<script type="application/json" id="hp-model">{as_script(model)}</script>'
        f"<script>{''.join(_asset(name) for name in SCRIPTS)}</script>"
    )


@cache
def _asset(name: str) -> str:
    return (files("hp_sig.maps") / "assets" / name).read_text(encoding="utf-8")
