"""How is what lies over the zones of a map written for its page: layers, actions, the views that a reader chooses?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from hp_sig.crs import LAMBERT93
from hp_sig.maps.overlays import Action, Line, Lines, Mark, Outlines, Overlay, Perimeters, Places
from hp_sig.maps.page import Page
from hp_sig.maps.panels import Scene, panel_model
from hp_sig.maps.shapes import DECIMALS, paths, simplified
from hp_sig.maps.topology import encode

__all__ = ["action_model", "listed_first", "overlay_model", "place_inside", "ranks_of", "scene_models"]

#: Decimals of a place that is drawn by itself: 6 are 10 cm.
PLACE_DECIMALS = 6
#: A zone of which less than this share of the view is seen is not named there.
LEAST_SEEN = 0.004


def scene_models(page: Page, drawn: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Lay out the views of a page; a focus without scenes is one that needs no choice."""
    scenes = page.scenes or ([Scene(label="", focus=page.focus)] if page.focus else [])
    ranks = {one.label: rank for rank, one in enumerate(page.overlays)}
    unknown = sorted({label for scene in scenes for label in scene.overlays} - set(ranks))
    if unknown:
        message = f"scenes: labels of layers of the page ({', '.join(ranks)}) expected, found {', '.join(unknown)}."
        raise ValueError(message)
    return [
        {
            "label": scene.label,
            "overlays": [ranks[label] for label in scene.overlays],
            "panels": [panel_model(one) for one in scene.panels],
            "focus": None if scene.focus is None else _degrees(scene.focus),
            "places": [] if scene.focus is None else _places_within(drawn, scene.focus),
        }
        for scene in scenes
    ]


def listed_first(scenes: Sequence[Mapping[str, Any]], count: int) -> list[int]:
    """Give the order in which layers are listed: those that the views show, then the others.

    >>> listed_first([{"overlays": [2]}, {"overlays": [3, 2]}], 4)
    [2, 3, 0, 1]
    """
    own = dict.fromkeys(rank for scene in scenes for rank in scene["overlays"])
    return [*own, *(rank for rank in range(count) if rank not in own)]


def _degrees(bounds: tuple[float, float, float, float]) -> list[list[float]]:
    """Give the corners of a box of metres, as latitudes and longitudes."""
    west, south, east, north = gpd.GeoSeries([shapely.box(*bounds)], crs=LAMBERT93).to_crs(4326).total_bounds
    return [
        [round(float(south), DECIMALS), round(float(west), DECIMALS)],
        [round(north, DECIMALS), round(east, DECIMALS)],
    ]


def _places_within(drawn: gpd.GeoDataFrame, bounds: tuple[float, float, float, float]) -> list[list[float] | None]:
    """Find where the name of each zone stands best inside what is looked at; None where nothing of it is seen."""
    (south, west), (north, east) = _degrees(bounds)
    seen = shapely.clip_by_rect(shapely.make_valid(drawn.geometry.to_numpy()), west, south, east, north)
    least = LEAST_SEEN * (east - west) * (north - south)
    return [place_inside(shape) if shape.area > least else None for shape in seen]


def overlay_model(one: Overlay, zones: pd.Index, simplify_m: float) -> dict[str, Any]:
    """Lay out a layer of a page: `zones` are its codes, `simplify_m` the tolerance at which perimeters are drawn."""
    if isinstance(one, Outlines):
        # Sets in the order of their lines: the last one wins where two of them meet.
        codes = list(one.lines)
        return {
            "type": "outlines",
            "label": one.label,
            "shown": one.shown,
            "fact": one.fact,
            "sets": [{"name": one.names[code], "line": _line(one.lines[code])} for code in codes],
            "members": ranks_of(one.members.reindex(zones), codes),
            "legend": [{"line": _line(line), "label": text} for line, text in one.legend],
        }
    if isinstance(one, Perimeters):
        drawn = simplified(one.shapes, simplify_m if one.simplify else 0.0)
        return {
            "type": "perimeters",
            "label": one.label,
            "shown": one.shown,
            "fill": one.fill,
            "lines": [_line(line) for line in one.lines],
            "legend": [{"line": _line(line), "label": text} for line, text in one.legend],
            "topology": encode(drawn).as_json(),
            "tags": [
                {"text": tag.text, "at": [round(tag.lat, DECIMALS), round(tag.lon, DECIMALS)]} for tag in one.tags
            ],
        }
    if isinstance(one, Lines):
        return {
            "type": "lines",
            "label": one.label,
            "shown": one.shown,
            "line": _line(one.line),
            "legend": [{"line": _line(one.line), "label": one.legend}],
            "decimals": DECIMALS,
            "paths": paths(one.shapes, one.simplify_m),
        }
    return _marks(one)


def _marks(one: Places) -> dict[str, Any]:
    return {
        "type": "places",
        "label": one.label,
        "shown": one.shown,
        "legend": [
            *({"sign": sign, "label": text} for sign, text in one.legend.items()),
            *({"label": mark.name, **_sign(mark)} for mark in one.marks if mark.sign == "letter"),
        ],
        "marks": [
            {
                "name": mark.name,
                "at": [round(mark.lat, PLACE_DECIMALS), round(mark.lon, PLACE_DECIMALS)],
                **_sign(mark),
                "beside": mark.shown,
                "rows": [list(row) for row in mark.rows],
            }
            for mark in one.marks
        ],
    }


def _sign(mark: Mark) -> dict[str, str]:
    return (
        {"sign": mark.sign}
        if mark.sign != "letter"
        else {"sign": mark.sign, "letter": mark.letter, "colour": mark.colour}
    )


def action_model(one: Action, zones: pd.Index) -> dict[str, Any]:
    """Lay out a line of the list beside the map."""
    ranks = zones.get_indexer(pd.Index(list(one.zones), dtype=zones.dtype))
    return {
        "heading": one.heading,
        "name": one.name,
        "scale": one.scale,
        "where": one.where,
        "zones": [int(rank) for rank in ranks if rank >= 0],
        "at": None if one.place is None else [round(degrees, PLACE_DECIMALS) for degrees in one.place],
    }


def _line(line: Line) -> dict[str, Any]:
    drawn: dict[str, Any] = {"colour": line.colour, "dash": line.dash, "weight": line.weight}
    return {**drawn, "fill": line.fill, "opacity": line.opacity} if line.fill else drawn


def ranks_of(codes: pd.Series, known: Sequence[Hashable]) -> list[int]:
    """Give the rank of each code among the known ones; -1 for a missing or unknown one."""
    rank = {code: number for number, code in enumerate(known)}
    return [-1 if pd.isna(code) else rank.get(code, -1) for code in codes]


def place_inside(shape: shapely.Geometry) -> list[float]:
    """Find where a name stands best inside a zone, as latitude and longitude."""
    largest = max(shapely.get_parts(shape), key=shapely.area)
    point = shapely.maximum_inscribed_circle(largest, tolerance=0.001)
    x, y = shapely.get_coordinates(point)[0]
    return [round(float(y), DECIMALS), round(float(x), DECIMALS)]
