"""How does a folium map become one file that opens anywhere, without network?

The files that folium asks for are written into the page; a Content-Security-Policy then allows its scripts by their
hash and nothing else, no address at all. Texts of the data stay texts, with or without that policy. What cannot be
inside the page is refused by name.

Any :class:`folium.Map` will do, an officer's own as well: popups, tooltips, names and legends keep their ordinary
markup (`<b>`, tables, colours), and whatever else looks like HTML is shown as written. JavaScript given as such
(`figure.script`, `JsCode`) is kept, and so are style sheets in `figure.header`.
"""

import logging
from pathlib import Path
from typing import Literal

import folium

from hp_sig.errors import OutputError
from hp_sig.maps.standalone.addresses import Basemap
from hp_sig.maps.standalone.page import assemble, refused_elements
from hp_sig.maps.standalone.rendering import elements_of, rendered, root_of
from hp_sig.maps.standalone.trusted import Trusted
from hp_sig.reference.labels import wording
from hp_sig.whole import write_whole

__all__ = ["Trusted", "save_standalone", "standalone_page"]

log = logging.getLogger(__name__)


def save_standalone(
    figure: folium.Map,
    path: str | Path,
    *,
    title: str | None = None,
    basemap: Basemap | None = None,
    assets: Literal["used", "all"] = "used",
) -> Path:
    """Save a map as one HTML file that opens without network and runs only its own scripts.

    Ordinary markup of any text (popups, tooltips, names of layers, properties) is kept: `"<b>Volx</b>"` shows a bold
    Volx. Where a text must show as it is whatever it holds, give `html.escape(text)`. Markup that runs, loads, or lies
    over the rest of the page (`position`, `z-index`, an `id`) is shown as written; only what the officer puts into
    `figure.get_root().html` himself may be placed freely.

    Parameters
    ----------
    figure
        Any map; it is left as it was.
    path
        The HTML file.
    title
        Title of the page; by default the map's own (`hp_title`), its figure's (`folium.Figure(title=…)`), or « Carte ».
    basemap
        A background map of IGN under the layers, where there is network: the only address that the page may reach.
    assets
        `"used"` leaves out those of folium's default files (jQuery, Bootstrap, icon fonts) that the map does not use.

    Returns
    -------
    pathlib.Path
        The file. Its bytes are the same for the same map.

    Raises
    ------
    OutputError
        If something of the map cannot be inside the page: each is named, with what to do; nothing is written. If the
        file cannot be written.
    """
    file = Path(path)
    try:
        page = standalone_page(figure, title=title, basemap=basemap, assets=assets)
    except OutputError as error:
        message = f"{file}: {error}"
        raise OutputError(message) from error
    content = page.encode()
    write_whole(file, content)
    log.info("wrote %s: %d kB", file.name, len(content) // 1000)
    return file


def standalone_page(
    figure: folium.Map,
    *,
    title: str | None = None,
    basemap: Basemap | None = None,
    assets: Literal["used", "all"] = "used",
) -> str:
    """Give the page that :func:`save_standalone` writes, as a text.

    Parameters
    ----------
    figure, title, basemap, assets
        As for :func:`save_standalone`.

    Raises
    ------
    OutputError
        If something of the map cannot be inside the page: each is named, with what to do.
    """
    root = root_of(figure)
    elements = elements_of(root)
    faults = refused_elements(elements, basemap)
    with rendered(root, elements) as parts:
        return assemble(
            parts,
            title=title or getattr(figure, "hp_title", None) or root.title or wording("standalone", "title"),
            basemap=basemap,
            keep_all=assets == "all",
            faults=faults,
        )
