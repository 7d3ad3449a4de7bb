"""Which maps does a territory have: its zonings, its figures, its projects?"""

import folium

from hp_sig.assembly import Layers
from hp_sig.maps.context import caption_of, facts_of, overlays_of, partition_of
from hp_sig.maps.engine import PageMap, page_map
from hp_sig.maps.figures import figures_of
from hp_sig.maps.model import Page
from hp_sig.maps.projects import actions_of, concerned
from hp_sig.results import Results

__all__ = ["figures_map", "project_map", "territory_map"]


def territory_map(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> folium.Map:
    """Draw the communes, their intercommunalities at each date, the parks, the SCoT, the stations and the projects.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    results
        From :func:`hp_sig.results.compute`, for the facts of the cards.
    simplify_m
        Tolerance, in metres, at which limits are simplified for display, shared limits staying shared; the page tells
        it. 0 keeps every vertex.

    Returns
    -------
    folium.Map
        Without tiles, Leaflet alone. :func:`hp_sig.maps.standalone.save_standalone` makes it one file; a notebook
        shows that file.
    """
    partition = partition_of(layers)
    page = Page(
        zones=layers.communes,
        caption=caption_of(layers, "title"),
        themes=[] if partition is None else [partition],
        overlays=overlays_of(layers, epci=False),
        facts=facts_of(layers, results),
        simplify_m=simplify_m,
    )
    return page_map(page)


def figures_map(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> PageMap | None:
    """Draw every figure of the communes that the results hold, with the years of each; None where they hold none.

    Parameters
    ----------
    layers, results, simplify_m
        As in :func:`territory_map`.
    """
    themes = figures_of(layers, results)
    if not themes:
        return None
    page = Page(
        zones=layers.communes,
        caption=caption_of(layers, "title_figures"),
        themes=themes,
        overlays=overlays_of(layers, epci=True, parks=False),
        facts=facts_of(layers, results),
        simplify_m=simplify_m,
    )
    return page_map(page)


def project_map(layers: Layers, results: Results, *, simplify_m: float = 20.0) -> folium.Map:
    """Draw the projects by axis, each at its own scale: a point, a footprint, a commune, an EPCI; the rest is listed.

    Parameters
    ----------
    layers, results, simplify_m
        As in :func:`territory_map`.

    Returns
    -------
    folium.Map
        As :func:`territory_map`. A project chosen in the list lights up the communes that it concerns.
    """
    partition = partition_of(layers)
    page = Page(
        zones=layers.communes,
        caption=caption_of(layers, "title_projects"),
        themes=[] if partition is None else [partition],
        overlays=[*concerned(layers), *overlays_of(layers, epci=False, parks=False)],
        actions=actions_of(layers),
        facts=facts_of(layers, results),
        simplify_m=simplify_m,
    )
    return page_map(page)
