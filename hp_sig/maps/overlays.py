"""What is drawn over the coloured zones: limits of other zonings, perimeters, points?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import pandas as pd

from hp_sig.crs import require_lambert93

__all__ = [
    "OTHER_LINES",
    "Action",
    "Line",
    "Lines",
    "Mark",
    "Outlines",
    "Overlay",
    "Perimeters",
    "Places",
    "Tag",
    "overlays_from",
]

Rows = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How a limit is drawn; `dash` as in SVG, empty for a full line.

    `fill` and `opacity` colour what is inside, where the perimeters are filled each in its `own` way.
    """

    colour: str
    dash: str = ""
    weight: float = 3.0
    fill: str = ""
    opacity: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A short text written on the map with a layer (« 10 min »), where nothing more important stands."""

    text: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """Limits of sets of zones (EPCI, SCoT), drawn along the zones' own.

    Parameters
    ----------
    label
        Of the layer.
    members
        Index: codes of zones; code of the set of each, missing: in none.
    names, lines
        Code of a set → its name, its line. Where two sets meet, the line of the one that comes last in `lines`.
    legend
        Line and wording of each row of the legend.
    shown
        Whether it is drawn at first.
    fact
        Label under which the card of a zone names its set; empty: it does not.
    """

    label: str
    members: pd.Series
    names: Mapping[str, str]
    lines: Mapping[str, Line]
    legend: Sequence[tuple[Line, str]]
    shown: bool = False
    fact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perimeters:
    """Polygons of their own (parks, footprints), in EPSG:2154.

    Parameters
    ----------
    label
        Of the layer.
    shapes
        `name` and geometry.
    lines
        Line of each, in the order of `shapes`.
    legend
        Line and wording of each row of the legend.
    fill
        `hatched`: in a way that lets the colours below be read; `plain`: in the line's colour; `own`: each in the fill
        of its line; or `none`.
    simplify
        Whether they are simplified as the zones are: not a footprint, which is small and exact.
    tags
        Texts written on the map while the layer is shown.
    """

    label: str
    shapes: gpd.GeoDataFrame
    lines: Sequence[Line]
    legend: Sequence[tuple[Line, str]]
    fill: Literal["hatched", "plain", "own", "none"] = "none"
    shown: bool = False
    simplify: bool = True
    tags: Sequence[Tag] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines that all look alike (streets), in EPSG:2154.

    Parameters
    ----------
    label
        Of the layer.
    shapes
        LineString or MultiLineString geometries.
    line
        How they are drawn.
    legend
        What the legend calls them.
    simplify_m
        Tolerance, in metres, at which they are simplified for display.
    """

    label: str
    shapes: gpd.GeoSeries
    line: Line
    legend: str
    shown: bool = False
    simplify_m: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place with a sign: `hub`, `other_hub`, `site` or `station`, or a `letter` on a disc of some colour.

    `shown` is the name written beside it, if any.
    """

    name: str
    lon: float
    lat: float
    sign: Literal["hub", "other_hub", "site", "station", "letter"]
    rows: Rows = ()
    shown: str = ""
    letter: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Points that are ticked together; `legend` words each sign in use, but letters: each is told by its own name."""

    label: str
    marks: Sequence[Mark]
    legend: Mapping[str, str]
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A line of the list beside the map, and what it lights up: zones, or a place; neither for the whole territory.

    `place` is a latitude and a longitude.
    """

    heading: str
    name: str
    scale: str
    where: str = ""
    zones: Sequence[str] = ()
    place: tuple[float, float] | None = None


Overlay = Outlines | Perimeters | Places | Lines

#: Lines of zonings that have none of their own, told apart without colour.
OTHER_LINES = (
    Line(colour="#0b5d7a", dash="12 4 2 4"),
    Line(colour="#8a4b08", dash="6 4"),
    Line(colour="#7a1f5c", dash="2 4"),
    Line(colour="#333333", dash="14 5"),
)


def overlays_from(layers: Mapping[str, gpd.GeoDataFrame]) -> list[Overlay]:
    """Draw ordinary layers over a map: polygons by their limits, points by a sign.

    Parameters
    ----------
    layers
        Label → `name` and geometry in EPSG:2154, polygons or points.

    Raises
    ------
    ValueError
        If a layer has no `name`, is not in EPSG:2154, or holds anything but polygons or points.
    """
    overlays: list[Overlay] = []
    for label, layer in layers.items():
        require_lambert93(layer, label)
        kinds = set(layer.geom_type)
        if "name" not in layer or not (kinds <= {"Polygon", "MultiPolygon"} or kinds == {"Point"}):
            found = f"columns {', '.join(map(str, layer.columns))}, geometries {', '.join(map(str, sorted(kinds)))}"
            message = f"{label}: a column 'name', and polygons or points, expected, found {found}."
            raise ValueError(message)
        if kinds == {"Point"}:
            degrees = layer.geometry.to_crs(4326)
            marks = [
                Mark(name=str(name), lon=x, lat=y, sign="site")
                for name, x, y in zip(layer["name"], degrees.x, degrees.y, strict=True)
            ]
            overlays.append(Places(label=label, marks=marks, legend={"site": label}))
        else:
            line = OTHER_LINES[len(overlays) % len(OTHER_LINES)]
            rows = [(line, label)]
            overlays.append(Perimeters(label=label, shapes=layer, lines=[line] * len(layer), legend=rows, shown=True))
    return overlays
