"""How are the catchments of a hub drawn: bands of minutes, crow-fly circles, streets, land?"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import LAMBERT93
from hp_sig.maps.hubs.figures import MODES, RAMPS, ramp
from hp_sig.maps.overlays import Line, Lines, Perimeters, Tag
from hp_sig.maps.shapes import simplified_coverage
from hp_sig.reference.labels import wording

__all__ = [
    "HubShapes",
    "area_overlay",
    "circle_overlays",
    "cut_offs",
    "focus_of",
    "in_words",
    "land_overlay",
    "look_of",
    "modes_of",
    "street_overlay",
]

#: How much of the map below is hidden by the shortest time and by the longest; and the width of the limits. Beyond a
#: walk, areas are thin along their roads: a stronger fill, a thinner limit.
WALK, FARTHER = (0.68, 0.5, 1.6), (0.85, 0.75, 0.7)
#: Catchments and land are simplified for display at this tolerance (metres): less than a street is wide.
SIMPLIFY_M = 4.0
#: More corners than that would make the page too heavy for the streets to be worth it.
MOST_CORNERS = 40_000
#: Around what is looked at, as a share of its size.
MARGIN = 0.03
STREET = Line(colour="#6b7884", weight=0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubShapes:
    """What a map draws of a hub, in EPSG:2154.

    Parameters
    ----------
    areas
        Service areas: polygons, indexed by `mode` (walk, bike, car) and `minutes`.
    crow_fly
        Disc of each, on the same index.
    origin
        Where the hub is.
    streets
        LineString pieces reached by the longest walk, if they are to be drawn.
    land
        Polygons of the land inside the longest walk, if they are to be drawn: `class_code`, `class_name`, `colour`.
    """

    areas: gpd.GeoDataFrame
    crow_fly: gpd.GeoDataFrame | gpd.GeoSeries
    origin: shapely.Point
    streets: gpd.GeoDataFrame | None = None
    land: gpd.GeoDataFrame | None = None

    def degrees(self) -> tuple[float, float]:
        """Give the longitude and the latitude of the hub."""
        here = gpd.GeoSeries([self.origin], crs=LAMBERT93).to_crs(4326)
        return float(here.x.iloc[0]), float(here.y.iloc[0])


def modes_of(shapes: HubShapes) -> list[str]:
    """List the modes that have areas, on foot first."""
    known = set(shapes.areas.index.get_level_values("mode"))
    return [mode for mode in MODES if mode in known]


def cut_offs(shapes: HubShapes, mode: str) -> list[int]:
    """List the minutes of a mode, the shortest first."""
    return sorted(int(minutes) for one, minutes in shapes.areas.index if one == mode)


def look_of(mode: str, minutes: Sequence[int]) -> dict[int, Line]:
    """Give each time of a mode its fill, the shortest the darkest.

    >>> [line.fill for line in look_of("walk", [5, 10, 15]).values()]
    ['#08519c', '#4292c6', '#9ecae1']
    """
    shortest, longest, weight = WALK if mode == "walk" else FARTHER
    strengths = np.linspace(shortest, longest, max(len(minutes), 2))
    fills = ramp(mode, len(minutes))
    # Each limit is a step darker than what it encloses.
    limits = [RAMPS[mode][max(RAMPS[mode].index(fill) - 1, 0)] for fill in fills]
    return {
        one: Line(colour=limit, weight=weight, fill=fill, opacity=round(float(strength), 2))
        for one, limit, fill, strength in zip(minutes, limits, fills, strengths, strict=False)
    }


def in_words(texts: Sequence[object]) -> str:
    """Join times or names as a sentence does.

    >>> in_words([5, 10, 15]), in_words([15])
    ('5, 10 et 15', '15')
    """
    *first, last = map(str, texts)
    return wording("hub_map", "and", first=", ".join(first), last=last) if first else last


def area_overlay(shapes: HubShapes, mode: str, *, shown: bool) -> Perimeters:
    """Draw the areas of a mode as bands that do not lie over each other: each has the colour of the legend."""
    minutes = cut_offs(shapes, mode)
    looks = look_of(mode, minutes)
    bands, tags = _bands(shapes, mode, minutes)
    first = wording("hub_map", f"{mode}_first")
    # The darkest one last: where two bands meet, the line is that of the shorter time.
    order = list(reversed(minutes))
    return Perimeters(
        label=wording("hub_map", "areas", mode=first, minutes=in_words(minutes)),
        shapes=bands.loc[order],
        lines=[looks[one] for one in order],
        legend=[(looks[one], wording("hub_map", "area", mode=first, minutes=one)) for one in minutes],
        fill="own",
        shown=shown,
        simplify=False,
        tags=tags,
    )


def _bands(shapes: HubShapes, mode: str, minutes: Sequence[int]) -> tuple[gpd.GeoDataFrame, list[Tag]]:
    """Cut each area by the shorter ones, and tell where its time is written: on its limit, the farthest from there."""
    before: shapely.Geometry = shapely.Polygon()
    bands, ends = [], []
    for one in minutes:
        whole = shapely.union_all([before, shapely.make_valid(shapes.areas.geometry[(mode, one)])])
        bands.append(_polygons(whole.difference(before)))
        edge = shapely.get_coordinates(whole)
        farthest = np.hypot(*(edge - shapely.get_coordinates(shapes.origin)).T).argmax() if len(edge) else 0
        ends.append(shapely.Point(edge[farthest]) if len(edge) else shapes.origin)
        before = whole
    names = [wording("hub_map", "tag", minutes=one) for one in minutes]
    drawn = gpd.GeoSeries(bands, index=pd.Index(minutes), crs=LAMBERT93)
    degrees = gpd.GeoSeries(ends, crs=LAMBERT93).to_crs(4326)
    tags = [Tag(text=name, lon=x, lat=y) for name, x, y in zip(names, degrees.x, degrees.y, strict=True)]
    # The longest first: where two of them would touch, the one that ends the map stays.
    shown = gpd.GeoDataFrame({"name": names}, geometry=simplified_coverage(drawn, SIMPLIFY_M), index=drawn.index)
    return shown, tags[::-1]


def _polygons(shape: shapely.Geometry) -> shapely.MultiPolygon:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return shapely.MultiPolygon(parts)


def circle_overlays(
    shapes: HubShapes, mode: str, *, shown: bool, crow: str = ""
) -> tuple[Perimeters, Perimeters | None]:
    """Draw what is near as the crow flies in the longest time, and in the others, which are hidden at first.

    Parameters
    ----------
    crow
        The end of the wordings about it: around a footprint it is no circle.
    """
    *shorter, longest = cut_offs(shapes, mode)
    line = Line(colour=RAMPS[mode][0], dash="8 6", weight=2.2)
    told = wording("hub_sheet", f"mode_{mode}")
    label = wording("hub_map", f"circle{crow}", minutes=longest, mode=told)
    first = _circles(shapes, mode, [longest], line, label, shown=shown)
    if not shorter:
        return first, None
    label = wording("hub_map", f"circles{crow}", minutes=in_words(shorter), mode=told)
    thin = Line(colour=RAMPS[mode][0], dash="4 5", weight=1.4)
    return first, _circles(shapes, mode, shorter, thin, label, shown=False)


def _circles(
    shapes: HubShapes, mode: str, minutes: Sequence[int], line: Line, label: str, *, shown: bool
) -> Perimeters:
    discs = [shapes.crow_fly.geometry[(mode, one)] for one in minutes]
    names = [wording("hub_map", "tag", minutes=one) for one in minutes]
    return Perimeters(
        label=label,
        shapes=gpd.GeoDataFrame({"name": names}, geometry=discs, crs=LAMBERT93),
        lines=[line] * len(discs),
        legend=[(line, label)],
        shown=shown,
        simplify=False,
    )


def street_overlay(shapes: HubShapes, mode: str, *, shown: bool) -> Lines | None:
    """Draw the streets reached by the longest walk; None for other modes, without streets, or where they weigh."""
    if mode != "walk" or shapes.streets is None or shapes.streets.empty:
        return None
    if shapely.get_num_coordinates(shapes.streets.geometry.to_numpy()).sum() > MOST_CORNERS:
        return None
    label = wording("hub_map", "streets", minutes=cut_offs(shapes, mode)[-1])
    return Lines(label=label, shapes=shapes.streets.geometry, line=STREET, legend=label, shown=shown)


def land_overlay(shapes: HubShapes) -> Perimeters | None:
    """Draw the land inside the longest walk, class by class, hidden at first; None where it is not given.

    It hides the areas below, or its colours would not be those of its legend; so it draws their limits again.
    """
    if shapes.land is None or shapes.land.empty:
        return None
    named = shapes.land.drop_duplicates("class_code").set_index("class_code")
    merged = shapes.land[["class_code", "geometry"]].dissolve("class_code").reindex(named.index)
    merged = merged.set_geometry(simplified_coverage(merged.geometry, SIMPLIFY_M))
    lines = [Line(colour="#555555", weight=0.5, fill=str(colour), opacity=1.0) for colour in named["colour"]]
    minutes = cut_offs(shapes, "walk")
    label = wording("hub_map", "land_layer", minutes=minutes[-1]) if minutes else wording("hub_map", "land_plain")
    limits = [shapes.areas.geometry[("walk", one)] for one in minutes]
    edges = gpd.GeoSeries(limits, crs=LAMBERT93).simplify(SIMPLIFY_M)
    looks = [dataclasses.replace(look, fill="") for look in look_of("walk", minutes).values()] if minutes else []
    drawn = gpd.GeoDataFrame(
        {"name": [*named["class_name"], *(wording("hub_map", "tag", minutes=one) for one in minutes)]},
        geometry=[*merged.geometry, *edges],
        crs=LAMBERT93,
    )
    return Perimeters(
        label=label,
        shapes=drawn,
        lines=[*lines, *looks],
        legend=list(zip(lines, map(str, named["class_name"]), strict=True)),
        fill="own",
        simplify=False,
    )


def focus_of(shapes: HubShapes, mode: str | None) -> tuple[float, float, float, float]:
    """Frame the areas and the circles of a mode, or of all of them."""
    frames = [frame if mode is None else frame.xs(mode, level="mode") for frame in (shapes.areas, shapes.crow_fly)]
    bounds = [tuple(frame.total_bounds) for frame in frames]
    bounds.append(shapes.origin.bounds)
    west, south = (min(one[rank] for one in bounds) for rank in (0, 1))
    east, north = (max(one[rank] for one in bounds) for rank in (2, 3))
    margin = MARGIN * max(east - west, north - south)
    return float(west - margin), float(south - margin), float(east + margin), float(north + margin)
