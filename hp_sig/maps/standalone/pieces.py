"""What of each piece of a map goes into the head and the body of its page, and what is refused there?

Only what this package wrote (:class:`hp_sig.maps.standalone.trusted.Trusted`) goes in as it is. Style sheets stand in
the head, where folium and officers put them; in the body, a text that brings one is a text.
"""

import re
from dataclasses import dataclass

from branca.element import Element

from hp_sig.maps.standalone.assets import find_asset
from hp_sig.maps.standalone.loading import markup_addresses, style_addresses
from hp_sig.maps.standalone.rendering import Piece
from hp_sig.maps.standalone.sanitising import sanitise, sanitise_own
from hp_sig.maps.standalone.trusted import SCRIPT, Trusted

__all__ = ["Written", "written_body", "written_head"]

#: A browser ends a sheet in more ways than one; a sheet with `<` is none to us.
STYLE = re.compile(r"<style\b[^<>]*>([^<]*)</style\s*>", re.IGNORECASE)
#: What folium and officers put in a head and the page says better itself.
HEAD_TAGS = re.compile(r"<meta\b[^<>]*>|<title\b[^<>]*>[^<]*</title\s*>|<!--[^<>]*-->", re.IGNORECASE)
#: folium.Map's two switches, which are set before Leaflet is read instead.
SWITCHES = re.compile(r"<script>\s*L_NO_TOUCH = (?:true|false);\s*L_DISABLE_3D = (?:true|false);\s*</script>")
#: geopandas.explore(): its legend may be moved by hand, with a library that stays out.
MOVABLE_LEGEND = re.compile(
    r'<script src="([^"]+)"></script>\s*'
    r'<script>\$\( function\(\) \{\s*\$\( "\.maplegend" \)\.draggable\(\{[\w\s(){},.:$";]*?\}\);\s*\}\);\s*</script>'
)
#: geopandas.explore(): the first tag of its legend, with the title as an identifier.
EXPLORED = ("<div id='maplegend ", "' class='maplegend'>")
#: An element that has a raw content, with what to do instead.
RAW = {
    "script": "give the code to figure.get_root().script",
    "style": "put the sheet in figure.get_root().header",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text of the page.

    Parameters
    ----------
    text
        As it goes into the page.
    is_trusted
        Whether this package wrote it, so that its scripts run.
    """

    text: str
    is_trusted: bool = False


def written_head(piece: Piece, faults: list[str]) -> Written:
    """Write a piece of the head; what cannot be there is added to the faults.

    Parameters
    ----------
    piece
        Rendered, and no link.
    faults
        What has been found wrong with the map so far.
    """
    if isinstance(piece.holder, Trusted):
        return _trusted(piece.text, faults)
    known = MOVABLE_LEGEND.sub(lambda found: "" if find_asset(found[1]) else found[0], SWITCHES.sub("", piece.text))
    text = HEAD_TAGS.sub("", known)
    styles = STYLE.findall(text)
    faults += [f"{address} in a style sheet: leave it out" for style in styles for address in style_addresses(style)]
    left = STYLE.sub("", text).strip()
    loaded = markup_addresses(left)
    faults += [f"{address}: a page without network cannot load it" for address in loaded]
    if left and not loaded:
        faults.append(f"{left[:80]!r} in the head: only <style> may stand there; give scripts to figure.script")
    return Written(text="".join(f"<style>{style}</style>\n" for style in styles if style))


def written_body(piece: Piece, faults: list[str]) -> Written:
    """Write a piece of the body; what cannot be there is added to the faults.

    Parameters
    ----------
    piece, faults
        As for :func:`written_head`.
    """
    if isinstance(piece.holder, Trusted):
        return _trusted(piece.text, faults)
    if _is_of_explore(piece.holder):
        before, end, after = piece.text.partition(EXPLORED[1])
        legend = f"<div class='maplegend'>{after}" if end and before.strip().startswith(EXPLORED[0]) else piece.text
        return Written(text=f"{sanitise(legend)}\n")
    faults += [
        f"{address}: give the image itself, data:image/…, or leave it out" for address in markup_addresses(piece.text)
    ]
    faults += [f"<{element}> in the page: {remedy}" for element, remedy in RAW.items() if _holds(piece.text, element)]
    return Written(text=f"{sanitise_own(piece.text)}\n")


def _is_of_explore(element: Element) -> bool:
    """Whether an element is the legend of geopandas.explore(), whose texts are data."""
    return type(element) is Element and element._template_name == "legend"


def _holds(text: str, element: str) -> bool:
    """Whether a text holds a whole element; its first tag alone is but a text."""
    opening = re.search(rf"<{element}\b[^<>]*>", text, re.IGNORECASE)
    return opening is not None and f"</{element}" in text[opening.end() :].lower()


def _trusted(text: str, faults: list[str]) -> Written:
    faults += [
        f"{address}: a page without network cannot load it" for address in markup_addresses(SCRIPT.sub("", text))
    ]
    return Written(text=f"{text}\n", is_trusted=True)
