"""How are limits made light enough for a page, without opening a gap between neighbours?"""

import math

import geopandas as gpd
import numpy as np
import shapely

from hp_sig.reference.labels import NO_BREAK_SPACE, format_number

__all__ = ["DECIMALS", "for_display", "paths", "round_length", "simplified", "simplified_coverage"]

#: Decimals of a degree: 5 are 1 m at this latitude.
DECIMALS = 5
#: Round lengths are one, two or five of a power of ten.
STEPS = (1, 2, 5)


def for_display(communes: gpd.GeoDataFrame, tolerance: float) -> gpd.GeoDataFrame:
    """Simplify communes, shared limits staying shared, in WGS84 degrees.

    Parameters
    ----------
    communes
        `name` and geometry, in EPSG:2154.
    tolerance
        In metres; 0 keeps every vertex.
    """
    shapes = communes[["name", "geometry"]]
    if tolerance > 0:
        shapes = shapes.set_geometry(simplified_coverage(shapes.geometry, tolerance))
    return _in_degrees(shapes)


def simplified_coverage(shapes: gpd.GeoSeries, tolerance: float) -> gpd.GeoSeries:
    """Simplify neighbours, shared limits staying shared where the layer allows it; each by itself where it does not."""
    if shapely.coverage_is_valid(shapes.to_numpy()):
        return shapes.simplify_coverage(tolerance)
    return shapes.simplify(tolerance)


def simplified(zones: gpd.GeoDataFrame, tolerance: float) -> gpd.GeoDataFrame:
    """Simplify perimeters, each by itself, in WGS84 degrees."""
    return _in_degrees(zones.set_geometry(zones.geometry.simplify(tolerance)))


def paths(lines: gpd.GeoSeries, tolerance: float) -> list[list[int]]:
    """Write lines as steps on a grid of 10⁻⁵ degree, ends joined where they meet and nothing branches off.

    Parameters
    ----------
    lines
        In EPSG:2154.
    tolerance
        In metres, at which they are simplified.

    Returns
    -------
    list of list of int
        One list a line: longitude and latitude of its first point, then steps. A line that has become a point is left
        out.
    """
    parts = shapely.get_parts(np.asarray(lines.to_numpy(), dtype=object))
    # A street that only touches an area is a point there.
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
    drawn = gpd.GeoSeries(shapely.simplify(merged, tolerance), crs=lines.crs).to_crs(4326)
    written = []
    for line in drawn:
        points = np.rint(shapely.get_coordinates(line) * 10**DECIMALS).astype(int)
        steps = np.diff(points, axis=0)
        steps = steps[steps.any(axis=1)]
        if len(steps):
            written.append(np.concatenate([points[:1], steps]).ravel().tolist())
    return written


def _in_degrees(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    drawn = layer.to_crs(4326)
    rounded = shapely.transform(drawn.geometry.to_numpy(), lambda points: points.round(DECIMALS))
    return drawn.set_geometry(gpd.GeoSeries(rounded, index=drawn.index, crs=4326))


def round_length(most_m: float) -> tuple[float, str]:
    """Choose the longest round length of a scale bar that is not over a limit; give it in metres, and as it is told.

    >>> round_length(6_400.0)[0], round_length(6_400.0)[1].replace(NO_BREAK_SPACE, " ")
    (5000, '5 km')
    """
    power = 10 ** math.floor(math.log10(most_m))
    length = max(step * power for step in STEPS if step * power <= most_m)
    told, unit = (length / 1000, "km") if length >= 1000 else (length, "m")
    return length, f"{format_number(told)}{NO_BREAK_SPACE}{unit}"
