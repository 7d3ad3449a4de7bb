"""Is this layer in a coordinate system that one may measure in, and does it lie in France?"""

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj

from hp_sig.crs import LAMBERT93
from hp_sig.errors import LayerError

__all__ = ["FRANCE_DEGREES", "in_lambert93"]

#: Bounds of mainland France and Corsica in Lambert-93 metres, with a margin (IGN: EPSG:2154, area of use).
FRANCE_METRES = (0.0, 6_000_000.0, 1_350_000.0, 7_200_000.0)
#: The same in degrees.
FRANCE_DEGREES = (-10.0, 41.0, 11.0, 51.6)
#: Geodetic systems that agree with RGF93 within the precision of these layers: WGS84, RGF93 (v1, v2, v2b), ETRS89.
GEODETIC_SYSTEMS = (4326, 4171, 9777, 9782, 4258)


def in_lambert93(features: gpd.GeoDataFrame, file: Path, crs: str | None) -> gpd.GeoDataFrame:
    """Bring features to Lambert-93, or refuse them.

    Parameters
    ----------
    features
        As read.
    file
        Where from, for the message.
    crs
        The coordinate system to assume where the file states none.

    Raises
    ------
    LayerError
        If the coordinate system is unknown or not fit for areas, or the features do not lie in France.
    """
    system = features.crs
    if system is None:
        if crs is None:
            missing = "lacks its .prj" if file.suffix.lower() == ".shp" else "states no coordinate system"
            fault = f'{missing}. Ask the producer for it, then say so in the territory file: crs = "EPSG:2154".'
            raise LayerError(file, [fault])
        try:
            features = features.set_crs(crs)
        except pyproj.exceptions.CRSError as error:
            fault = (
                f"the coordinate system to assume, {crs!r}, does not exist. "
                'Give crs = "EPSG:2154" or another EPSG code.'
            )
            raise LayerError(file, [fault]) from error
        system = pyproj.CRS.from_user_input(crs)
    bounds = tuple(float(bound) for bound in features.total_bounds)
    projected = features if _is_lambert93(system) else None
    if projected is None:
        _require_known_system(system, file)
        limits = FRANCE_DEGREES if system.is_geographic else None
        if limits and not _meets(bounds, limits):
            raise LayerError(file, [_misplaced(bounds, limits, system)])
        projected = features.to_crs(LAMBERT93)
        bounds = tuple(float(bound) for bound in projected.total_bounds)
    if not _meets(bounds, FRANCE_METRES):
        raise LayerError(file, [_misplaced(bounds, FRANCE_METRES, pyproj.CRS(LAMBERT93))])
    return projected.set_crs(LAMBERT93, allow_override=True)


def _is_lambert93(system: pyproj.CRS) -> bool:
    return system.to_epsg() == LAMBERT93 or system.to_epsg(min_confidence=20) == LAMBERT93


def _require_known_system(system: pyproj.CRS, file: Path) -> None:
    operation = system.coordinate_operation
    if operation is not None and "Mercator" in operation.method_name and "Transverse" not in operation.method_name:
        fault = (
            f"is in {system.to_string()} ({operation.method_name}), a system made for drawing tiles: areas are almost "
            "doubled in it. Ask for the source in Lambert-93 (EPSG:2154), or reproject it in QGIS knowingly."
        )
        raise LayerError(file, [fault])
    geodetic = system.geodetic_crs
    if geodetic is None or geodetic.to_epsg(min_confidence=20) not in GEODETIC_SYSTEMS:
        fault = (
            f"is in {system.to_string()[:60]}, expected Lambert-93 (EPSG:2154) or a system on RGF93, WGS84 or ETRS89. "
            "Reproject it to EPSG:2154 in QGIS, with IGN's grid if it is an old NTF Lambert."
        )
        raise LayerError(file, [fault])


def _meets(bounds: Sequence[float], limits: Sequence[float]) -> bool:
    return bool(
        np.isfinite(bounds).all()
        and bounds[0] <= limits[2]
        and bounds[2] >= limits[0]
        and bounds[1] <= limits[3]
        and bounds[3] >= limits[1]
    )


def _misplaced(bounds: Sequence[float], limits: Sequence[float], system: pyproj.CRS) -> str:
    shown = "({:.6g}, {:.6g}, {:.6g}, {:.6g})".format(*bounds)
    swapped = (bounds[1], bounds[0], bounds[3], bounds[2])
    if _meets(swapped, limits):
        return (
            f"its axes are swapped: bounds {shown} put it out of France, y "
            "and x exchanged put it in. Export it again as x, y."
        )
    if system.is_geographic and _meets(bounds, FRANCE_METRES):
        return (
            f"is said to be in degrees ({system.to_string()}) but its bounds {shown} are Lambert-93 metres. "
            "Declare EPSG:2154, or export the GeoJSON in WGS84."
        )
    return f"lies out of mainland France: bounds {shown} in {system.to_string()}. Check its coordinate system."
