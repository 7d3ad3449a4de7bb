"""In which coordinate system may an area be measured?

Only in Lambert-93 (EPSG:2154): its areas are within 0.02 % of the geodesic ones in Haute-Provence, while
Web Mercator (EPSG:3857) nearly doubles them.
"""

import geopandas as gpd
import pandas as pd

__all__ = ["LAMBERT93", "M2_PER_HA", "area_ha", "require_lambert93"]

#: EPSG code of RGF93 v1 / Lambert-93, the legal projection of mainland France (décret 2000-1276, art. 1).
LAMBERT93 = 2154

#: Square metres in a hectare.
M2_PER_HA = 10_000.0


def require_lambert93(layer: gpd.GeoDataFrame | gpd.GeoSeries, name: str) -> None:
    """Refuse a layer that is not in Lambert-93.

    Parameters
    ----------
    layer
        Geometries.
    name
        What to call them in the message.

    Raises
    ------
    ValueError
        If the layer has no coordinate system or another one than EPSG:2154.
    """
    crs = layer.crs
    if crs is None:
        message = (
            f"{name} has no coordinate system, EPSG:2154 (Lambert-93) expected. "
            "Read it with a reader of hp_sig, or declare it with set_crs()."
        )
        raise ValueError(message)
    if crs.to_epsg() != LAMBERT93:
        message = (
            f"{name} is in {crs.to_string()}, EPSG:2154 (Lambert-93) expected: areas are measured in no other "
            "system. Use to_crs(2154) first."
        )
        raise ValueError(message)


def area_ha(layer: gpd.GeoDataFrame | gpd.GeoSeries) -> pd.Series:
    """Measure the area of each geometry, in hectares.

    Parameters
    ----------
    layer
        Geometries in EPSG:2154.

    Returns
    -------
    pandas.Series
        Named `area_ha`, on the index of the layer. This is the geometric area; the cadastral area that INSEE
        publishes is about 0.7 % smaller here, for it leaves out what is not in the cadastre.

    Raises
    ------
    ValueError
        If the layer is not in EPSG:2154.

    Examples
    --------
    >>> from shapely import box
    >>> area_ha(gpd.GeoSeries([box(0, 0, 1000, 1000)], index=["a"], crs=2154)).to_dict()
    {'a': 100.0}
    """
    require_lambert93(layer, "The layer")
    return (layer.area / M2_PER_HA).rename("area_ha")
