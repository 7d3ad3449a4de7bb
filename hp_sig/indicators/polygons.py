"""Are these polygons that one may measure, and how is their measuring shared among the processors?"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hp_sig.crs import require_lambert93

__all__ = ["Bools", "Floats", "Ints", "Shapes", "are_valid", "polygon_parts", "require_polygons", "shared"]

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

#: Under this many geometries a second thread costs more than it brings.
SHAPES_PER_WORKER = 500


def require_polygons(layer: gpd.GeoDataFrame | gpd.GeoSeries, name: str) -> Shapes:
    """Give the geometries of a zone layer, or refuse it.

    Parameters
    ----------
    layer
        Zones, each with its own code as index.
    name
        What to call them in the message.

    Raises
    ------
    ValueError
        If the layer is not in EPSG:2154, holds anything but valid polygons, or repeats a code.
    """
    require_lambert93(layer, name)
    if not layer.index.is_unique:
        twice = layer.index[layer.index.duplicated()].unique()
        message = f"{name}: unique codes expected, found {list(twice[:5])!r} more than once. Dissolve or drop them."
        raise ValueError(message)
    shapes: Shapes = layer.geometry.to_numpy()
    wrong = ~(np.isin(shapely.get_type_id(shapes), (3, 6)) & shapely.is_valid(shapes) & ~shapely.is_empty(shapes))
    if wrong.any():
        codes = list(layer.index[wrong][:5])
        message = (
            f"{name}: valid polygons expected, found others for {codes!r}. Read the layer with a reader of hp_sig."
        )
        raise ValueError(message)
    return shapes


def shared(operation: Callable[..., Any], *arrays: npt.NDArray[Any]) -> Any:  # noqa: ANN401 - what the operation gives
    """Share a costly operation among the processors: shapely lets go of Python's lock while it works.

    Parameters
    ----------
    operation
        Takes arrays of one length, gives an array of that length.
    arrays
        What to cut in even shares.
    """
    workers = min(os.cpu_count() or 1, len(arrays[0]) // SHAPES_PER_WORKER)
    if workers < 2:
        return operation(*arrays)
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(operation, *(np.array_split(array, workers) for array in arrays)))
    return np.concatenate(parts)


def are_valid(shapes: Shapes) -> Bools:
    """Say which geometries are valid, on every processor."""
    valid: Bools = shared(shapely.is_valid, shapes)
    return valid


def polygon_parts(shapes: Shapes) -> tuple[Shapes, Ints]:
    """Give the polygons inside geometries of any kind, and the rank of the geometry that each comes from.

    Lines and points, which two polygons share where they only touch, have no area and are left out.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    # A collection may hold multipolygons: take its parts apart once more.
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    polygon = shapely.get_type_id(parts) == 3
    return parts[polygon], owner[polygon]
