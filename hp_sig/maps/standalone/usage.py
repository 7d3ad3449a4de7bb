"""Which of folium's default files does a map use? The others stay out of its page."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from hp_sig.maps.standalone.assets import Asset

__all__ = ["plain_texts", "used_assets"]

JQUERY = re.compile(r"(?<![\w$])(?:\$\s*\(|\$\.|jQuery\b)")
BOOTSTRAP_SCRIPT = re.compile(r"data-bs-|\bbootstrap\.\w")
AWESOME_MARKERS = re.compile(r"\bAwesomeMarkers\b")
#: folium's own icon of a cluster is the glyphicon that the library takes by itself.
GLYPHICONS = re.compile(r"\bglyphicon\b|AwesomeMarkers\.icon\(\)")
#: Every icon of folium carries fa-rotate-0, whatever its font.
FONT_AWESOME = re.compile(r"\bfa-(?!rotate-)[a-z]|[\"'\s]fa[bsr]?[\"'\s]")
TURNED = re.compile(r"\bfa-rotate-[1-9]")
CLASSES = re.compile(r"""class(?:_?Name)?["']?\s*[=:]\s*["']([^"'<>]*)""")
#: The escapes of JSON and of folium's own JSON, which stand between a reader of scripts and their markup.
ESCAPES = {"\\u003c": "<", "\\u003e": ">", "\\u0026": "&", "\\u0027": "'", "\\u0022": '"', '\\"': '"'}


def plain_texts(texts: Iterable[str]) -> list[str]:
    """Undo the escapes of JSON in scripts, so that the markup in them can be recognised."""
    return [_plain(text) for text in texts]


def _plain(text: str) -> str:
    for escape, mark in ESCAPES.items():
        text = text.replace(escape, mark)
    return text


def used_assets(assets: Iterable[Asset], texts: Iterable[str]) -> list[Asset]:
    """Keep the files that the page uses; what a plugin brings is always kept.

    Parameters
    ----------
    assets
        In the order of the page.
    texts
        Markup and scripts of the page from :func:`plain_texts`, without the files themselves.
    """
    text = "\n".join(texts)
    script = bool(BOOTSTRAP_SCRIPT.search(text))
    needs = {
        "jquery": bool(JQUERY.search(text)),
        "bootstrap.bundle.min.js": script,
        "bootstrap.min.css": script or _has_bootstrap_class(text),
        "glyphicons": bool(GLYPHICONS.search(text)),
        "fontawesome-free": bool(FONT_AWESOME.search(text)),
        "leaflet.awesome-markers": bool(AWESOME_MARKERS.search(text)),
        "leaflet.awesome.rotate": bool(TURNED.search(text)),
    }
    return [asset for asset in assets if needs.get(asset.package, True) and needs.get(_file_name(asset), True)]


def _file_name(asset: Asset) -> str:
    return (asset.file or "").rpartition("/")[2]


def _has_bootstrap_class(text: str) -> bool:
    return any(_bootstrap_classes() & set(found.split()) for found in CLASSES.findall(text))


@cache
def _bootstrap_classes() -> frozenset[str]:
    sheet = (files("hp_sig.maps") / "assets" / "bootstrap-5.2.2" / "bootstrap.min.css").read_text(encoding="utf-8")
    return frozenset(re.findall(r"\.([a-zA-Z][\w-]*)", sheet))
