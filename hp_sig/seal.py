"""Has this layer already been found valid, and is it still the layer that was looked at?

Looking at 300 000 polygons costs more than measuring them, so a reader that has done it marks the layer. The mark
holds the areas that it saw: a layer whose geometry, rows or order changed since does not fit it and is looked at anew.
"""

import hashlib

import geopandas as gpd
import shapely

__all__ = ["is_sealed", "sealed"]

MARK = "valid_polygons"


def sealed(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Mark a layer whose polygons were all found valid.

    Parameters
    ----------
    layer
        The layer; the mark goes into its `attrs`.
    """
    layer.attrs[MARK] = _fingerprint(layer)
    return layer


def is_sealed(layer: gpd.GeoDataFrame | gpd.GeoSeries) -> bool:
    """Say whether a layer was found valid and has not changed since.

    >>> from shapely import box
    >>> land = sealed(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1), box(1, 0, 3, 1)], crs=2154))
    >>> is_sealed(land), is_sealed(land.iloc[:1]), is_sealed(land.set_geometry(land.buffer(1)))
    (True, False, False)
    """
    return MARK in layer.attrs and layer.attrs[MARK] == _fingerprint(layer)


def _fingerprint(layer: gpd.GeoDataFrame | gpd.GeoSeries) -> str:
    shapes = layer.geometry.to_numpy()
    return hashlib.blake2b(shapely.area(shapes).tobytes(), digest_size=16).hexdigest()
