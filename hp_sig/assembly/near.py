"""Which features of a layer are near the communes?"""

import geopandas as gpd
import numpy as np
import shapely

from hp_sig.seal import is_sealed, sealed

__all__ = ["meets", "near"]


def meets(layer: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> bool:
    """Say whether any feature meets a commune."""
    tree = shapely.STRtree(layer.geometry.to_numpy())
    return bool(len(tree.query(communes.geometry.to_numpy(), predicate="intersects")[1]))


def near(layer: gpd.GeoDataFrame, communes: gpd.GeoDataFrame, metres: float) -> gpd.GeoDataFrame:
    """Keep the features within so many metres of a commune, whole and in their order.

    Parameters
    ----------
    layer, communes
        In EPSG:2154. What is known of the layer (its `attrs`, that it was found valid) stays known.
    metres
        How far.
    """
    tree = shapely.STRtree(layer.geometry.to_numpy())
    rows = np.unique(tree.query(communes.geometry.to_numpy(), predicate="dwithin", distance=metres)[1])
    kept = layer.iloc[rows]
    kept.attrs.update(layer.attrs)
    return sealed(kept) if is_sealed(layer) else kept
