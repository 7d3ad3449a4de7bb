"""Which of several alternatives takes the least and serves the most, side by side on one map and in one table?"""

import dataclasses
from collections.abc import Mapping
from string import ascii_uppercase

import geopandas as gpd
import pandas as pd
import shapely

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93, require_lambert93
from hp_sig.errors import some
from hp_sig.maps.context import caption_of, overlays_of
from hp_sig.maps.engine import PageMap, page_map
from hp_sig.maps.hubs.map_compared import comparison_panels, located
from hp_sig.maps.hubs.map_shapes import SIMPLIFY_M, HubShapes, cut_offs, in_words
from hp_sig.maps.overlays import Line, Mark, Overlay, Perimeters, Places
from hp_sig.maps.page import Page
from hp_sig.reference.labels import wording

__all__ = ["COLOURS", "comparison_map", "comparison_page"]

#: Of the alternatives, in their order: told apart by colour-blind readers, dark enough for a white letter.
COLOURS = ("#0b5d7a", "#a34700", "#7a1f5c", "#1b6e3a", "#5b4a00", "#333333")
#: What is looked at around the alternatives, in metres.
MARGIN_M = 400.0


def comparison_page(
    comparison: pd.DataFrame,
    projects: gpd.GeoDataFrame,
    layers: Layers,
    *,
    shapes: Mapping[str, HubShapes] | None = None,
    simplify_m: float = 20.0,
) -> Page:
    """Lay out alternatives side by side: a letter and a colour each, and one table of their figures.

    Parameters
    ----------
    comparison
        From :func:`hp_sig.compare_projects`: figures by row, codes of projects by column.
    projects
        `name` and geometry (EPSG:2154) of each alternative; one without geometry is told, not drawn.
    layers
        From :func:`hp_sig.assembly.load_layers`.
    shapes
        Code of a project → its catchments, of which the longest walk is drawn.
    simplify_m
        Tolerance, in metres, at which the limits of communes and parks are simplified for display.

    Raises
    ------
    ValueError
        If there are more alternatives than letters told apart, one of them is no project, or the projects are not in
        EPSG:2154.
    """
    require_lambert93(projects, "projects")
    codes = [str(code) for code in comparison.columns]
    unknown = [code for code in codes if code not in projects.index]
    if unknown or not 1 <= len(codes) <= len(COLOURS):
        found = f"{some(unknown)} among no project" if unknown else f"{len(codes)} columns"
        message = (
            f"comparison: 1 to {len(COLOURS)} columns that are codes of the projects expected, found {found}. "
            "Compare fewer alternatives, with the projects that they come from."
        )
        raise ValueError(message)
    drawn = projects.loc[codes]
    letters = dict(zip(codes, ascii_uppercase, strict=False))
    colours = dict(zip(codes, COLOURS, strict=False))
    reached = {code: one for code, one in (shapes or {}).items() if code in letters}
    under = [_unnamed(one) for one in overlays_of(layers, epci=False) if one.label != wording("map", "footprint")]
    own = [_areas(reached, letters, colours), _footprints(drawn, letters, colours), _marks(drawn, letters, colours)]
    told = "comparison_title" if len(codes) > 1 else "comparison_alone"
    title = wording("hub_map", told, names=in_words(list(letters.values())))
    return Page(
        zones=layers.communes,
        caption=dataclasses.replace(caption_of(layers, "title"), title=title),
        overlays=[*(one for one in own[:1] if one is not None), *under, *(one for one in own[1:] if one is not None)],
        panels=comparison_panels(comparison, drawn, layers, letters),
        focus=_focus(drawn, reached),
        simplify_m=simplify_m,
    )


def comparison_map(
    comparison: pd.DataFrame,
    projects: gpd.GeoDataFrame,
    layers: Layers,
    *,
    shapes: Mapping[str, HubShapes] | None = None,
    simplify_m: float = 20.0,
) -> PageMap:
    """Draw what :func:`comparison_page` lays out.

    Parameters
    ----------
    comparison, projects, layers, shapes, simplify_m
        As there.

    Raises
    ------
    ValueError
        As there.
    """
    return page_map(comparison_page(comparison, projects, layers, shapes=shapes, simplify_m=simplify_m))


def _unnamed(overlay: Overlay) -> Overlay:
    """Leave out the names beside other places, which would lie under the letters."""
    if not isinstance(overlay, Places):
        return overlay
    return dataclasses.replace(overlay, marks=[dataclasses.replace(mark, shown="") for mark in overlay.marks])


def _footprints(
    projects: gpd.GeoDataFrame, letters: Mapping[str, str], colours: Mapping[str, str]
) -> Perimeters | None:
    kept = located(projects)
    kept = kept[kept.geom_type.isin(["Polygon", "MultiPolygon"])]
    if kept.empty:
        return None
    lines = [Line(colour=colours[code], weight=2.5, fill=colours[code], opacity=0.35) for code in kept.index]
    return Perimeters(
        label=wording("hub_map", "variant_footprints"),
        shapes=kept[["name", "geometry"]],
        lines=lines,
        legend=[
            (line, wording("hub_map", "variant_footprint", letter=letters[code]))
            for code, line in zip(kept.index, lines, strict=True)
        ],
        fill="own",
        shown=True,
        simplify=False,
    )


def _areas(
    shapes: Mapping[str, HubShapes], letters: Mapping[str, str], colours: Mapping[str, str]
) -> Perimeters | None:
    """Draw the longest walk of each alternative, by its limit and a light fill: they often lie over each other."""
    longest = {code: cut_offs(one, "walk")[-1] for code, one in shapes.items() if cut_offs(one, "walk")}
    if not longest:
        return None
    walks = [shapes[code].areas.geometry[("walk", minutes)] for code, minutes in longest.items()]
    lines = [Line(colour=colours[code], weight=2.0, dash="9 4", fill=colours[code], opacity=0.16) for code in longest]
    legend = [
        (line, wording("hub_map", "variant_area", letter=letters[code], minutes=minutes))
        for line, (code, minutes) in zip(lines, longest.items(), strict=True)
    ]
    drawn = gpd.GeoDataFrame({"name": [text for _, text in legend]}, geometry=walks, crs=LAMBERT93)
    return Perimeters(
        label=wording("hub_map", "variant_areas"),
        shapes=drawn.set_geometry(drawn.geometry.simplify(SIMPLIFY_M)),
        lines=lines,
        legend=legend,
        fill="own",
        shown=True,
        simplify=False,
    )


def _marks(projects: gpd.GeoDataFrame, letters: Mapping[str, str], colours: Mapping[str, str]) -> Places | None:
    kept = located(projects)
    if kept.empty:
        return None
    spots = kept.geometry.representative_point().to_crs(4326)
    marks = [
        Mark(
            name=f"{letters[code]} \u2013 {name}",
            lon=x,
            lat=y,
            sign="letter",
            letter=letters[code],
            colour=colours[code],
        )
        for code, name, x, y in zip(kept.index, kept["name"], spots.x, spots.y, strict=True)
    ]
    return Places(label=wording("hub_map", "variants"), marks=marks, legend={})


def _focus(projects: gpd.GeoDataFrame, shapes: Mapping[str, HubShapes]) -> tuple[float, float, float, float] | None:
    """Frame the alternatives and what is drawn around them; None where nothing of them has a place."""
    seen = [shape.envelope for shape in located(projects).geometry]
    for one in shapes.values():
        if minutes := cut_offs(one, "walk"):
            seen.append(one.areas.geometry[("walk", minutes[-1])].envelope)
    if not seen:
        return None
    west, south, east, north = shapely.union_all(seen).buffer(MARGIN_M).bounds
    return float(west), float(south), float(east), float(north)
