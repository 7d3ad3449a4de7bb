"""Is a page of a WFS what was asked for: features with their key, of the right kind, and where they should be?

Nothing complains of exchanged axes or of degrees instead of metres: areas just come out wrong. So each feature's box
is looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.errors import GEOSException

from hp_sig.errors import SourceError, some
from hp_sig.sources.texts import is_sound, shown
from hp_sig.sources.wanted import Bounds
from hp_sig.sources.wfs_filter import SRS, asked_bounds
from hp_sig.sources.wfs_request import Request

__all__ = ["Features", "UnsoundPageError", "features_of", "require_in_territory"]

#: Kinds of geometry (codes of GEOS) that a data set may have.
KINDS = {"polygon": (3, 6), "line": (1, 5), "point": (0, 4)}
KIND_NAMES = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
#: West, south, east, north of mainland France and Corsica in Lambert-93 metres, generously.
MAINLAND = (0.0, 6_000_000.0, 1_350_000.0, 7_200_000.0)
#: A service that keeps degrees looks for features in the box of our box: its meridians lean by up to 4.7° against
#: those of Lambert-93 (0.7256 × 6.5° from 3° E to Corsica), so it finds some 8 % of our box beyond its sides.
LEANING_SHARE = 0.1

Boxes = npt.NDArray[np.float64]


class UnsoundPageError(SourceError):
    """An answer that came well and must not be used, nor kept to go on with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The features of one page, looked at."""

    #: Attribute → its values: a hundred thousand rows as dictionaries would take several times the memory.
    columns: dict[str, list[Any]]
    keys: list[object]
    #: Without heights; empty where no geometry is wanted.
    shapes: npt.NDArray[np.object_]
    has_heights: bool


def features_of(content: bytes, page: Any, request: Request, what: str) -> Features:  # noqa: ANN401 - parsed JSON
    """Look at a page.

    Parameters
    ----------
    content, page
        As it came, and its JSON.
    request
        What was asked.
    what
        How the page is called in messages.

    Raises
    ------
    UnsoundPageError
        If it is no GeoJSON, or its features lack their key or geometry, are of another kind or elsewhere.
    """
    features = page.get("features") if isinstance(page, dict) and page.get("type") == "FeatureCollection" else None
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        found = shown(sorted(page) if isinstance(page, dict) else type(page).__name__)
        message = f"{what}: expected a GeoJSON FeatureCollection, found {found}. Check the service in the catalogue."
        raise UnsoundPageError(message)
    properties = [one if isinstance(one := feature.get("properties"), dict) else {} for feature in features]
    keys = [one.get(request.key) for one in properties]
    without = sum(key == "" or not isinstance(key, str | int) or not is_sound(str(key)) for key in keys)
    if without:
        message = (
            f"{what}: {without} of {len(keys)} features have no {request.key}, "
            "expected a unique key on each. Name another key in the catalogue, or tell the producer."
        )
        raise UnsoundPageError(message)
    names = dict.fromkeys(name for row in properties for name in row)
    columns = {name: [row.get(name) for row in properties] for name in names}
    if request.wanted.source.geometry == "none" or not features:
        return Features(columns=columns, keys=keys, shapes=np.empty(0, dtype=object), has_heights=False)
    _require_system(page, what)
    shapes = _shapes(content, features, keys, what)
    has_heights = bool(shapely.has_z(shapes).any())
    shapes = shapely.force_2d(shapes)
    _require_kind(shapes, keys, request, what)
    _require_place(shapely.bounds(shapes), keys, request, what)
    return Features(columns=columns, keys=keys, shapes=shapes, has_heights=has_heights)


def require_in_territory(shapes: npt.NDArray[np.object_], request: Request, what: str) -> None:
    """Refuse a layer of which nothing is in the territory, where one knows where that is, or most is out of France.

    Raises
    ------
    UnsoundPageError
        If it is so.
    """
    bounds, boxes = request.wanted.bounds, shapely.bounds(shapes)
    found = _told(shapely.total_bounds(shapes))
    if bounds is not None and request.wanted.source.scope != "bounds" and not _meets(boxes, bounds).any():
        message = (
            f"{what}: expected to meet the bounds of the territory {_told(bounds)}, found none of {len(boxes)} "
            f"features there, but within {found}. Check the layer and its coordinate system."
        )
        raise UnsoundPageError(message)
    if request.wanted.source.scope == "all" and _is_in_mainland(boxes).mean() < 0.5:
        message = (
            f"{what}: expected most features within mainland France {_told(MAINLAND)}, found {found}. Check the layer "
            "and its coordinate system."
        )
        raise UnsoundPageError(message)


def _require_system(page: dict[str, Any], what: str) -> None:
    """Refuse another coordinate system, where the page tells one (RFC 7946 has dropped it, GeoServer has not)."""
    told = page.get("crs")
    properties = told.get("properties") if isinstance(told, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if name is not None and not str(name).replace("::", ":").endswith(SRS):
        message = (
            f"{what}: asked for in {SRS}, came in {shown(name)}. Check that the service offers {SRS} for this layer."
        )
        raise UnsoundPageError(message)


def _shapes(content: bytes, features: list[dict[str, Any]], keys: list[object], what: str) -> npt.NDArray[np.object_]:
    absent = [key for key, one in zip(keys, features, strict=True) if not one.get("geometry")]
    if absent:
        message = f"{what}: expected a geometry on each feature, found none on {some(absent)}. Tell the producer."
        raise UnsoundPageError(message)
    try:
        # GEOS reads a FeatureCollection as one collection: much quicker than feature by feature.
        shapes: npt.NDArray[np.object_] = shapely.get_parts(shapely.from_geojson(content))
    except GEOSException as error:
        message = f"{what}: expected GeoJSON geometries, found what cannot be read ({shown(error)}). Tell the producer."
        raise UnsoundPageError(message) from error
    empty = [] if len(shapes) != len(keys) else [keys[rank] for rank in np.flatnonzero(shapely.is_empty(shapes))]
    if empty or len(shapes) != len(keys):
        found = f"empty ones: {some(empty)}" if empty else f"{len(shapes)} of {len(keys)}"
        message = f"{what}: expected a geometry on each feature, found {found}. Tell the producer."
        raise UnsoundPageError(message)
    return shapes


def _require_kind(shapes: npt.NDArray[np.object_], keys: list[object], request: Request, what: str) -> None:
    expected = request.wanted.source.geometry
    kinds = shapely.get_type_id(shapes)
    wrong = np.flatnonzero(~np.isin(kinds, KINDS[expected]))
    if len(wrong):
        names = sorted({KIND_NAMES[kind] if kind < len(KIND_NAMES) else "GeometryCollection" for kind in kinds[wrong]})
        message = (
            f"{what}: expected {expected}s, found {', '.join(names)} on {some(keys[rank] for rank in wrong)}. Check "
            "the layer, or its geometry in the catalogue."
        )
        raise UnsoundPageError(message)


def _require_place(boxes: Boxes, keys: list[object], request: Request, what: str) -> None:
    """Refuse features that are elsewhere, and say what was done to them where one can tell."""
    is_right, expected = _place(request)
    right, swapped = is_right(boxes), is_right(boxes[:, [1, 0, 3, 2]])
    degrees = np.asarray((np.abs(boxes) <= 180).all(axis=1))
    # What is published for all of France has features overseas, far away in Lambert-93: `require_in_territory` counts.
    may_be_far = (request.wanted.source.scope == "all") & np.isfinite(boxes).all(axis=1) & ~swapped & ~degrees
    wrong = np.flatnonzero(~right & ~may_be_far)
    if not len(wrong):
        return
    astray = boxes[wrong]
    advice = "Check the layer and its coordinate system"
    if swapped[wrong].all():
        advice = "Its axes are swapped: northing comes before easting. The service must be asked in another way"
    elif degrees[wrong].all():
        advice = f"These are degrees, though {SRS} was asked for"
    message = (
        f"{what}: expected {expected}, found {some(keys[rank] for rank in wrong)} at {_told(astray[0])}. {advice}."
    )
    raise UnsoundPageError(message)


def _place(request: Request) -> tuple[Callable[[Boxes], npt.NDArray[np.bool_]], str]:
    """Give the test of where a feature should be, and how to call it."""
    if request.wanted.source.scope != "bounds":
        return _is_in_mainland, f"features within mainland France in Lambert-93 metres {_told(MAINLAND)}"
    west, south, east, north = bounds = asked_bounds(request.wanted)
    beyond = LEANING_SHARE * max(east - west, north - south)
    around = (west - beyond, south - beyond, east + beyond, north + beyond)
    return lambda boxes: _meets(boxes, around), f"features that meet {_told(bounds)}"


def _is_in_mainland(boxes: Boxes) -> npt.NDArray[np.bool_]:
    west, south, east, north = MAINLAND
    inside = (boxes[:, 0] >= west) & (boxes[:, 1] >= south) & (boxes[:, 2] <= east) & (boxes[:, 3] <= north)
    return np.asarray(inside)


def _meets(boxes: Boxes, bounds: Bounds) -> npt.NDArray[np.bool_]:
    west, south, east, north = bounds
    meets = (boxes[:, 0] <= east) & (boxes[:, 1] <= north) & (boxes[:, 2] >= west) & (boxes[:, 3] >= south)
    return np.asarray(meets)


def _told(bounds: npt.NDArray[np.float64] | tuple[float, ...]) -> str:
    """Write a box for people: degrees need their digits, metres none.

    >>> _told((900000.4, 6300000.0, 950000.0, 6350000.0)), _told((5.25, 43.5, 6.0, 44.0))
    ('(900000, 6300000, 950000, 6350000)', '(5.25, 43.5, 6, 44)')
    """
    return "(" + ", ".join(f"{value:.0f}" if abs(value) > 180 else f"{value:.4g}" for value in bounds) + ")"
