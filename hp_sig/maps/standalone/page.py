"""How do the pieces of a map and the files that it needs become one page?"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib.resources import files

import folium
from branca.element import Element
from folium import LayerControl
from folium.features import Control
from folium.plugins import Fullscreen, GroupedLayerControl, MiniMap, Search, TreeLayerControl

from hp_sig.errors import OutputError
from hp_sig.maps.document import content_policy, head
from hp_sig.maps.standalone.addresses import Basemap, basemap_layer, code_faults, element_faults, tile_service
from hp_sig.maps.standalone.assets import (
    EVERY_FACE,
    Asset,
    embedded_image,
    find_asset,
    read_script,
    read_style,
    refusal,
)
from hp_sig.maps.standalone.pieces import Written, written_body, written_head
from hp_sig.maps.standalone.rendering import Piece
from hp_sig.maps.standalone.sanitising import rules_as_json
from hp_sig.maps.standalone.trusted import Trusted, run_scripts
from hp_sig.maps.standalone.usage import plain_texts, used_assets
from hp_sig.reference.labels import wording

__all__ = ["assemble", "refused_elements"]

#: What a page cannot hold: NUL, and halves of characters.
UNREADABLE = re.compile("[\\x00\\ud800-\\udfff]")
#: A layer's name that JavaScript takes for something else where folium writes it.
PROTOTYPE = re.compile(r'^(\s*)"__proto__" :', re.MULTILINE)
IDENTIFIER = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}")
RANDOM = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class _Names:
    """Identifiers by their rank in the page: folium's own are random, and the page would never be the same."""

    random: frozenset[str]
    ranks: dict[str, str] = field(default_factory=dict)

    def replace(self, text: str) -> str:
        return IDENTIFIER.sub(self._rank, text)

    def _rank(self, found: re.Match[str]) -> str:
        name = found[0]
        return self.ranks.setdefault(name, f"n{len(self.ranks):04d}") if name in self.random else name


def refused_elements(elements: Iterable[Element], basemap: Basemap | None) -> list[str]:
    """List what the elements of a map would load."""
    faults = []
    for element in elements:
        faults += element_faults(element, basemap)
        # A few plugins name their files, but do not ask for them.
        named = (*getattr(element, "default_js", ()), *getattr(element, "default_css", ()))
        faults += [refusal(address) for _, address in named if find_asset(address) is None]
    return faults


def assemble(
    parts: tuple[list[Piece], list[Piece], list[Piece], list[str]],
    *,
    title: str,
    basemap: Basemap | None,
    keep_all: bool,
    faults: list[str],
) -> str:
    """Write the page.

    Parameters
    ----------
    parts
        From :func:`hp_sig.maps.standalone.rendering.rendered`.
    title
        Its title, a text.
    basemap
        A background map of IGN, for where there is network.
    keep_all
        Whether folium's default files stay though the map does not use them.
    faults
        What has been found wrong with the map so far.

    Raises
    ------
    OutputError
        If anything of the map cannot be inside the page; all of it is named.
    """
    header, html, script, identifiers = parts
    faults = list(faults)
    assets = _assets([*header, *html, *script], faults)
    top = [written_head(piece, faults) for piece in header if piece.address is None]
    body = [written_body(piece, faults) for piece in html if piece.address is None]
    codes = _codes(script, basemap, faults)
    if faults:
        listed = "".join(f"\n  - {fault}." for fault in dict.fromkeys(faults))
        message = f"this map cannot be one file that opens without network:{listed}"
        raise OutputError(message)
    names = _Names(frozenset(name for name in identifiers if RANDOM.fullmatch(name)))
    top, body = ([replace(part, text=_as_read(names.replace(part.text))) for part in parts] for parts in (top, body))
    codes = [_as_read(names.replace(code)) for code in codes]
    texts = plain_texts([*(part.text for part in (*top, *body)), *codes])
    if not keep_all:
        assets = used_assets(assets, texts)
    signs = [*texts, *EVERY_FACE] if keep_all else texts
    styles = [read_style(asset, signs) for asset in assets if not asset.is_script]
    libraries = [read_script(asset.file) for asset in assets if asset.is_script and asset.file]
    ours = [*_switches(script), *libraries, *_own_scripts(libraries)]
    codes = [_inside_script(code) for code in codes]
    ours = [_inside_script(_as_read(code)) for code in ours]
    trusted = [script for part in (*top, *body) if part.is_trusted for script in run_scripts(part.text)]
    policy = content_policy(dict.fromkeys([*ours, *trusted, *codes]), images=tile_service(basemap))
    return (
        f'<!DOCTYPE html>\n<html lang="fr">\n<head>\n{head(_as_read(title), policy)}{_tagged("style", styles)}'
        f"{_tagged('script', ours)}{_joined(top)}</head>\n<body>\n{_joined(body)}\n{_tagged('script', codes)}</body>\n"
        "</html>\n"
    )


def _joined(parts: Iterable[Written]) -> str:
    return "".join(part.text for part in parts)


def _tagged(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{text}</{tag}>\n" for text in texts if text)


def _as_read(text: str) -> str:
    """Write a text as the browser reads it, or the hash of a script would be that of another text."""
    return UNREADABLE.sub("\ufffd", re.sub(r"\r\n?", "\n", text))


def _inside_script(code: str) -> str:
    """Write code so that no text in it opens or ends a script as HTML reads it; to JavaScript a text is the same.

    `<!--` alone may stay: only a script that opens after it hides the end.
    """
    return re.sub(r"<(?=/?script[\s/>])", r"\\x3c", code, flags=re.IGNORECASE)


def _assets(pieces: Iterable[Piece], faults: list[str]) -> list[Asset]:
    assets: dict[str, Asset] = {}
    for address in filter(None, (piece.address for piece in pieces)):
        asset = find_asset(address)
        if asset is None:
            faults.append(refusal(address))
        else:
            assets[address] = asset
    return list(assets.values())


def _codes(pieces: list[Piece], basemap: Basemap | None, faults: list[str]) -> list[str]:
    """Group the map's code in scripts: a control that fails does not stop the layers after it."""
    groups: list[list[str]] = []
    alone = True
    for piece in pieces:
        if piece.address is not None:
            continue
        code = piece.text
        apart = piece.source is None or _is_apart(piece.source)
        if not isinstance(piece.holder, Trusted) and not _is_of_folium(piece.source):
            faults += code_faults(code, basemap)
        if isinstance(piece.source, LayerControl | GroupedLayerControl):
            code = PROTOTYPE.sub(r'\1["__proto__"] :', code)
        if isinstance(piece.source, folium.Map) and basemap is not None:
            code += _basemap_code(piece.source, basemap)
        if apart or alone or not groups:
            groups.append([])
        groups[-1].append(code)
        alone = apart
    return ["\n".join(group) for group in groups]


def _is_apart(element: Element) -> bool:
    """Whether an element is a control of its own, whose failure must not stop the layers after it."""
    return isinstance(
        element, LayerControl | Control | Search | MiniMap | GroupedLayerControl | TreeLayerControl | Fullscreen
    )


def _is_of_folium(element: Element | None) -> bool:
    """Whether an element's code is folium's own; a template of the officer's may be given to a class of branca."""
    return (
        element is not None
        and type(element).__module__.split(".")[0] in {"folium", "branca"}
        and "_template" not in vars(element)
    )


def _basemap_code(figure: folium.Map, basemap: Basemap) -> str:
    options = {"attribution": wording("standalone", "basemap_attribution"), "maxZoom": 19, "zIndex": 0}
    name = figure.get_name()
    return (
        f"\n{name}.hpBasemap = L.tileLayer({json.dumps(basemap_layer(basemap))}, {json.dumps(options)}).addTo({name});"
    )


def _switches(pieces: Iterable[Piece]) -> list[str]:
    maps = [piece.source for piece in pieces if isinstance(piece.source, folium.Map)]
    no_touch = any(figure.global_switches.no_touch for figure in maps)
    flat = any(figure.global_switches.disable_3d for figure in maps)
    lines = ["L_NO_TOUCH = true;"] * no_touch + ["L_DISABLE_3D = true;"] * flat
    return ["\n".join(lines)] if lines else []


def _own_scripts(libraries: list[str]) -> list[str]:
    """Give what runs between the libraries and the map: French words, marker images, and the guard of the sinks."""
    if not libraries:
        return []
    keys = ("marker", "close", "search", "not_found", "cancel", "hide_minimap", "show_minimap")
    texts = {key: wording("standalone", key) for key in keys}
    texts |= {key: wording("map", key) for key in ("zoom_in", "zoom_out", "layers")}
    images = {
        option: embedded_image(f"leaflet-1.9.3/images/{file}")
        for option, file in (
            ("iconUrl", "marker-icon.png"),
            ("iconRetinaUrl", "marker-icon-2x.png"),
            ("shadowUrl", "marker-shadow.png"),
        )
    }
    return [
        f"({_own('french.js')})({json.dumps(texts)}, {json.dumps(images)});",
        f"({_own('sinks.js')})({rules_as_json()});",
    ]


def _own(name: str) -> str:
    source = (files("hp_sig.maps") / "assets" / name).read_text(encoding="utf-8")
    return re.sub(r"^\s*//.*\n", "", source, flags=re.MULTILINE).strip()
