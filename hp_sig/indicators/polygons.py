"""Are these polygons that one may measure?"""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hp_sig.crs import require_lambert93

__all__ = ["Bools", "Floats", "Ints", "Shapes", "polygon_parts", "require_polygons"]

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


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


def polygon_parts(shapes: Shapes) -> tuple[Shapes, Ints]:
    """Give the polygons inside geometries of any kind, and the rank of the geometry that each comes from.

    Lines and points, which two polygons share where they only touch, and empty polygons have no area and are left out.

    >>> shapes = shapely.from_wkt(["POLYGON EMPTY", "POINT (0 0)", "POLYGON ((0 0, 1 0, 0 1, 0 0))"])
    >>> parts, owner = polygon_parts(shapes)
    >>> len(parts), owner.tolist()
    (1, [2])
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    # A collection may hold multipolygons: take its parts apart once more.
    parts, inner = shapely.get_parts(parts, return_index=True)
    owner = owner[inner]
    # An operation without a result may give an empty polygon, which is a part of its own.
    polygon = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    return parts[polygon], owner[polygon]
