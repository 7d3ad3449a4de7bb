"""How are limits made light enough for a page, without opening a gap between neighbours?"""

from collections.abc import Mapping
from typing import cast

import geopandas as gpd
import pandas as pd
import shapely

from hp_sig.assembly import ZoneLayer
from hp_sig.maps.safety import safe_text

__all__ = ["DECIMALS", "for_display", "simplified", "united", "with_cards"]

#: Decimals of a degree: 5 are 1 m at this latitude.
DECIMALS = 5


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
    if tolerance > 0 and shapely.coverage_is_valid(shapes.geometry.to_numpy()):
        shapes = shapes.set_geometry(shapes.geometry.simplify_coverage(tolerance))
    elif tolerance > 0:
        shapes = shapes.set_geometry(shapes.geometry.simplify(tolerance))
    return _in_degrees(shapes)


def simplified(zones: gpd.GeoDataFrame, tolerance: float) -> gpd.GeoDataFrame:
    """Simplify perimeters, each by itself, in WGS84 degrees."""
    return _in_degrees(zones.set_geometry(zones.geometry.simplify(tolerance)))


def united(shapes: gpd.GeoDataFrame, layer: ZoneLayer) -> gpd.GeoDataFrame:
    """Unite the communes as drawn, so that a zone's limit lies on theirs."""
    members = cast("pd.DataFrame", layer.members)
    zone = members[layer.config.key].reindex(shapes.index)
    merged = shapes[["geometry"]].assign(zone=zone).dissolve("zone", grid_size=10**-DECIMALS)
    return layer.zones.set_geometry(merged.geometry.reindex(layer.zones.index))


def with_cards(zones: gpd.GeoDataFrame, cards: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Keep of a layer only what the page needs: a code, a ready card, the shape."""
    return gpd.GeoDataFrame(
        {
            "code": [safe_text(code) for code in zones.index],
            "card": [cards[str(code)] for code in zones.index],
        },
        geometry=zones.geometry.to_numpy(),
        crs=zones.crs,
    )


def _in_degrees(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    drawn = layer.to_crs(4326)
    rounded = shapely.transform(drawn.geometry.to_numpy(), lambda points: points.round(DECIMALS))
    return drawn.set_geometry(gpd.GeoSeries(rounded, index=drawn.index, crs=4326))
