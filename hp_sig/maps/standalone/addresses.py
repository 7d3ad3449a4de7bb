"""What of a map lies at some address, and which of it may a page reach?

Nothing, but for the background map of IGN where it is asked for: without network the rest of the map still shows. What
an officer gives as HTML or as code is searched; what the data hold is not, for it stays a text.
"""

import re
from typing import Literal

from branca.element import Element, Html, IFrame
from folium import GeoJson, Popup, TileLayer, Tooltip, TopoJson, WmsTileLayer
from folium.features import ClickForMarker, CustomIcon, DivIcon
from folium.raster_layers import ImageOverlay, VideoOverlay
from folium.utilities import JsCode

from hp_sig.maps.standalone.loading import code_addresses, markup_addresses
from hp_sig.maps.standalone.rendering import held_by

__all__ = ["Basemap", "basemap_layer", "code_faults", "element_faults", "tile_service"]

Basemap = Literal["plan-ign", "ortho"]

#: Tiles of the Géoplateforme (WMTS 1.0.0): no key, no limit of requests.
TILE_SERVICE = "https://data.geopf.fr/wmts"
#: Layer and format of each background map, in the service's tile matrix set PM (Web Mercator).
LAYERS = {
    "plan-ign": ("GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2", "image/png"),
    "ortho": ("ORTHOIMAGERY.ORTHOPHOTOS", "image/jpeg"),
}
EMBEDDED_IMAGE = re.compile(r"data:image/[\w.+-]+[;,]")


def tile_service(basemap: Basemap | None) -> str:
    """Give the only address that the page's policy opens; none without a background map."""
    return TILE_SERVICE if basemap else ""


def basemap_layer(basemap: Basemap) -> str:
    """Give the address of the tiles of a background map, as Leaflet fills it in."""
    layer, kind = LAYERS[basemap]
    return (
        f"{TILE_SERVICE}?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=normal&FORMAT={kind}"
        "&TILEMATRIXSET=PM&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}"
    )


def _is_open(address: str, basemap: Basemap | None) -> bool:
    return basemap is not None and address.startswith(f"{TILE_SERVICE}?")


def element_faults(element: Element, basemap: Basemap | None) -> list[str]:
    """Say which address an element of folium would load, and what to do; nothing if there is none.

    Parameters
    ----------
    element
        Any element of a map.
    basemap
        The background map asked for, whose service is open to the officer's own layers as well.
    """
    name = type(element).__name__
    faults = _layer_faults(element, basemap)
    faults += [
        f"{address} ({name}): give the image itself, data:image/…, or leave it out"
        for text in _given_markup(element)
        for address in markup_addresses(text)
    ]
    codes = [held.js_code for held in held_by(element) if isinstance(held, JsCode)]
    return faults + [fault for code in codes for fault in code_faults(code, basemap)]


def code_faults(code: str, basemap: Basemap | None) -> list[str]:
    """Say which address code by an officer would load, and what to do."""
    return [
        f"{address} in a script: leave it out, or write what it holds into the script"
        for address in code_addresses(code)
        if not _is_open(address, basemap)
    ]


def _layer_faults(element: Element, basemap: Basemap | None) -> list[str]:
    if isinstance(element, TileLayer):
        return _tiles(element, basemap)
    if isinstance(element, WmsTileLayer):
        return [f"{element.url} (WmsTileLayer): leave the layer out, or draw its features as a GeoJson"]
    if isinstance(element, VideoOverlay):
        return [f"{element.video_url} (VideoOverlay): leave the video out"]
    if isinstance(element, ImageOverlay | CustomIcon):
        return _images(element)
    if isinstance(element, GeoJson) and not element.embed:
        return [f"{element.embed_link} (GeoJson with embed=False): leave embed=True"]
    if isinstance(element, TopoJson) and not element.embed:
        return [f"{str(element.data)[:80]} (TopoJson): give the file's content, json.loads(…)"]
    return []


def _given_markup(element: Element) -> list[str]:
    """Give what an officer wrote as HTML in an element."""
    if isinstance(element, Popup):
        return _written(element.html)
    if isinstance(element, IFrame):
        return _written(element)
    if isinstance(element, Tooltip):
        return [element.text]
    if isinstance(element, DivIcon):
        return [str(element.options.get("html", ""))]
    if isinstance(element, ClickForMarker):
        return [element.popup]
    return []


def _written(container: Element) -> list[str]:
    texts = []
    for child in container._children.values():
        if isinstance(child, Html):
            texts += [child.data] if child.script else []
        elif not isinstance(child, IFrame):
            texts.append(getattr(child, "_template_str", None) or "")
    return texts


def _images(element: ImageOverlay | CustomIcon) -> list[str]:
    """Name the images that are not inside: folium puts there those that it is given as a file or as numbers."""
    if isinstance(element, ImageOverlay):
        addresses = [element.url]
    else:
        addresses = [str(element.options[name]) for name in ("icon_url", "shadow_url") if element.options.get(name)]
    return [
        f"{address[:120]} ({type(element).__name__}): give the path of the image's file, which folium then puts inside"
        for address in addresses
        if not EMBEDDED_IMAGE.match(address)
    ]


def _tiles(layer: TileLayer, basemap: Basemap | None) -> list[str]:
    address = str(layer.tiles)
    if _is_open(address, basemap):
        return []
    if address.startswith(f"{TILE_SERVICE}?"):
        return [f'{address} (TileLayer): add basemap="plan-ign" or basemap="ortho", which opens the page to IGN']
    if "openstreetmap" in address:
        return [
            f"{address} (the default background of folium.Map): give folium.Map(tiles=None), "
            'and basemap="plan-ign" for a background map where there is network'
        ]
    return [f'{address} (TileLayer): leave the layer out, or take basemap="plan-ign" or basemap="ortho"']
