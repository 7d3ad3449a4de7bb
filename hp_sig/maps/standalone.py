"""How does a folium map become one file that opens anywhere, without network?

Leaflet, vendored at the version that folium asks for, is written into the page; a Content-Security-Policy then
allows these scripts by their hash and nothing else, no address at all. What cannot be written into the page is
refused by name.
"""

import base64
import hashlib
import logging
import re
from importlib.resources import files
from pathlib import Path

import folium

from hp_sig.errors import OutputError
from hp_sig.maps.safety import safe_text

__all__ = ["save_standalone"]

log = logging.getLogger(__name__)

#: Address that folium writes → file that comes with the package.
VENDORED = {
    "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.js": "leaflet-1.9.3/leaflet.js",
    "https://cdn.jsdelivr.net/npm/leaflet@1.9.3/dist/leaflet.css": "leaflet-1.9.3/leaflet.css",
}
SCRIPT_LINK = re.compile(r"""<script\s[^>]*?src=["']([^"']+)["'][^>]*>\s*</script>""")
STYLE_LINK = re.compile(r"""<link\s[^>]*?href=["']([^"']+)["'][^>]*/?>""")
INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
CSS_IMAGE = re.compile(r"""url\((?!data:|#)["']?([^"')]+)["']?\)""")
SOURCE_MAP = re.compile(r"//# sourceMappingURL=\S+")
REMOTE = re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//[^"']+|url\(\s*["']?https?:[^)]+""")
VIEWPORT = re.compile(r"""<meta name="viewport".*?/>""", re.DOTALL)


def save_standalone(figure: folium.Map, path: str | Path, *, title: str) -> Path:
    """Save a map as one HTML file that opens without network and runs only its own scripts.

    Parameters
    ----------
    figure
        A map that uses Leaflet alone, without tiles (such as those of :mod:`hp_sig.maps`); a folium plugin brings
        files that do not come with the package yet.
    path
        The HTML file.
    title
        Title of the page.

    Returns
    -------
    pathlib.Path
        The file. Its bytes are the same for the same map.

    Raises
    ------
    OutputError
        If the map asks for a file or an image that does not come with the package: each is named.
    """
    _name_in_order(figure)
    page: str = figure.get_root().render()
    unknown = [url for pattern in (SCRIPT_LINK, STYLE_LINK) for url in pattern.findall(page) if url not in VENDORED]
    if unknown:
        message = (
            f"{path}: this map asks for {', '.join(unknown)}, which does not come with hp_sig. "
            "Draw it with Leaflet alone."
        )
        raise OutputError(message)
    page = SCRIPT_LINK.sub(lambda link: f"<script>{_script(VENDORED[link[1]])}</script>", page)
    page = STYLE_LINK.sub(lambda link: f"<style>{_style(VENDORED[link[1]])}</style>", page)
    without_scripts = INLINE_SCRIPT.sub("", page)
    remote = REMOTE.findall(without_scripts)
    if remote:
        message = f"{path}: this map refers to {', '.join(remote)}: without network it would be missing. Remove it."
        raise OutputError(message)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in INLINE_SCRIPT.findall(page)
    )
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{safe_text(title)}</title>\n'
    )
    page = VIEWPORT.sub("", page, count=1)
    page = page.replace("<html>", '<html lang="fr">', 1).replace("<head>", f"<head>\n{head}", 1)
    file = Path(path)
    file.write_text(page, encoding="utf-8", newline="\n")
    log.info("wrote %s: %d kB", file.name, len(page.encode()) // 1000)
    return file


def _asset(name: str) -> bytes:
    return (files("hp_sig.maps") / "assets" / name).read_bytes()


def _script(name: str) -> str:
    source = SOURCE_MAP.sub("", _asset(name).decode("utf-8"))
    return source.replace("</script", "<\\/script")


def _style(name: str) -> str:
    folder = name.rsplit("/", 1)[0]
    return CSS_IMAGE.sub(lambda image: f"url({_data_uri(f'{folder}/{image[1]}')})", _asset(name).decode("utf-8"))


def _data_uri(name: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(_asset(name)).decode()}"


def _name_in_order(figure: folium.Map) -> None:
    """Give every element an identifier by its rank: folium's own are random, and the page would never be the same."""
    waiting = [figure.get_root()]
    rank = 0
    seen = set()
    while waiting:
        element = waiting.pop(0)
        if id(element) in seen:
            continue
        seen.add(id(element))
        element._id = f"{rank:04d}"
        rank += 1
        waiting.extend(element._children.values())
        waiting.extend(
            child
            for name in ("header", "html", "script")
            if (child := getattr(element, name, None)) is not None and hasattr(child, "_children")
        )
