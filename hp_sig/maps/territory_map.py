"""Which maps does a territory have: its zonings, its figures, its projects?

Each of them is a page first, which :func:`hp_sig.maps.engine.page_map` turns into a map for the screen and
:func:`hp_sig.maps.pdf.map_pdf` into a sheet of paper.
"""

import folium

from hp_sig.assembly import Layers
from hp_sig.maps.context import caption_of, facts_of, overlays_of, partition_of
from hp_sig.maps.engine import PageMap, page_map
from hp_sig.maps.figures import figures_of
from hp_sig.maps.page import Page
from hp_sig.maps.projects import actions_of, concerned
from hp_sig.results import Results

__all__ = ["figures_map", "figures_page", "project_map", "project_page", "territory_map", "territory_page"]


def territory_page(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> Page:
    """Lay out the communes, their intercommunalities at each date, the parks, the SCoT, the stations and the projects.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    results
        From :func:`hp_sig.results.compute`, for the facts of the cards.
    simplify_m
        Tolerance, in metres, at which limits are simplified for display, shared limits staying shared; the page tells
        it. 0 keeps every vertex.
    """
    partition = partition_of(layers)
    return Page(
        zones=layers.communes,
        caption=caption_of(layers, "title"),
        themes=[] if partition is None else [partition],
        overlays=overlays_of(layers, epci=False),
        facts=facts_of(layers, results),
        simplify_m=simplify_m,
    )


def figures_page(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> Page | None:
    """Lay out every figure of the communes that the results hold, with the years of each; None where they hold none.

    Parameters
    ----------
    layers, results, simplify_m
        As in :func:`territory_page`.
    """
    themes = figures_of(layers, results)
    if not themes:
        return None
    return Page(
        zones=layers.communes,
        caption=caption_of(layers, "title_figures"),
        themes=themes,
        overlays=overlays_of(layers, epci=True, parks=False),
        facts=facts_of(layers, results),
        simplify_m=simplify_m,
    )


def project_page(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> Page:
    """Lay out the projects by axis, each at its own scale: point, footprint, commune, EPCI; the rest is listed.

    Parameters
    ----------
    layers, results, simplify_m
        As in :func:`territory_page`.
    """
    partition = partition_of(layers)
    return Page(
        zones=layers.communes,
        caption=caption_of(layers, "title_projects"),
        themes=[] if partition is None else [partition],
        overlays=[*concerned(layers), *overlays_of(layers, epci=False, parks=False)],
        actions=actions_of(layers),
        facts=facts_of(layers, results),
        simplify_m=simplify_m,
    )


def territory_map(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> folium.Map:
    """Draw what :func:`territory_page` lays out.

    Parameters
    ----------
    layers, results, simplify_m
        As there.

    Returns
    -------
    folium.Map
        Without tiles, Leaflet alone. :func:`hp_sig.maps.standalone.save_standalone` makes it one file; a notebook
        shows that file.
    """
    return page_map(territory_page(layers, results, simplify_m=simplify_m))


def figures_map(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> PageMap | None:
    """Draw what :func:`figures_page` lays out; None where there is no figure.

    Parameters
    ----------
    layers, results, simplify_m
        As there.
    """
    page = figures_page(layers, results, simplify_m=simplify_m)
    return None if page is None else page_map(page)


def project_map(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> folium.Map:
    """Draw what :func:`project_page` lays out.

    Parameters
    ----------
    layers, results, simplify_m
        As there.

    Returns
    -------
    folium.Map
        As :func:`territory_map`. A project chosen in the list lights up the communes that it concerns.
    """
    return page_map(project_page(layers, results, simplify_m=simplify_m))
