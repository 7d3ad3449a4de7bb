"""Which land of each commune lies in which kind of planning zone?

A PLUi zone runs over several communes, and the edge of a PLU never follows the limits of IGN to the metre. Zones are
cut by commune, once: never counted whole in each commune that they touch.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.indicators.overlap import overlap_table
from hp_sig.indicators.polygons import polygon_parts, require_polygons

__all__ = ["DRAWING_WIDTH_M", "zones_by_commune"]

#: A document is drawn on the cadastre, some metres to some tens of metres beside IGN's limits: what it sticks out into
#: a commune on less than this mean width is that difference (our choice, ten times the nominal precision of 5 m).
DRAWING_WIDTH_M = 50.0


def zones_by_commune(
    communes: gpd.GeoDataFrame, zoning: gpd.GeoDataFrame, *, sliver_width_m: float = DRAWING_WIDTH_M
) -> gpd.GeoDataFrame:
    """Cut planning zones by commune and join those of a kind: one row a commune and kind.

    A document counts in the communes that it overlaps by more than a sliver, as
    :func:`hp_sig.indicators.overlap.overlap_table` tells slivers: what it sticks out into a neighbour is a difference
    between two producers' limits. Zones of one kind that overlap each other count once.

    Parameters
    ----------
    communes
        Index `commune_code`, valid polygons in EPSG:2154.
    zoning
        From :func:`hp_sig.layers.zoning.read_zoning`: columns `zone_kind`, `document_id`.
    sliver_width_m
        Under this mean width, an overlap of a document and a commune is a difference of drawing.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `commune_code`, `zone_kind`; `zone_ha`, `zone_share` of the commune, `geometry` (MultiPolygon).

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154 or holds anything but valid polygons with unique codes, or a column is absent.

    Examples
    --------
    A zone U of 60 ha lies 40 ha in A and 20 ha in B.

    >>> from shapely import box
    >>> communes = gpd.GeoDataFrame(
    ...     geometry=[box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)],
    ...     index=pd.Index(["A", "B"], name="commune_code"),
    ...     crs=2154,
    ... )
    >>> zoning = gpd.GeoDataFrame(
    ...     {"zone_kind": ["U"], "document_id": ["PLUi"]}, geometry=[box(600, 0, 1200, 1000)], crs=2154
    ... )
    >>> zones_by_commune(communes, zoning)["zone_ha"].to_dict()
    {('A', 'U'): 40.0, ('B', 'U'): 20.0}
    """
    absent = [column for column in ("zone_kind", "document_id") if column not in zoning.columns]
    if absent:
        message = f"zoning: columns {absent!r} expected, found {list(zoning.columns)!r}. Read it with read_zoning()."
        raise ValueError(message)
    limits = require_polygons(communes, "communes")
    shapes = require_polygons(zoning, "zoning")
    documents = zoning[["document_id", zoning.geometry.name]].dissolve("document_id")
    lies_in = overlap_table(communes, documents, sliver_width_m=sliver_width_m)
    lies_in = lies_in[lies_in["relation"] != "sliver"]
    document_of = zoning["document_id"].to_numpy()
    zone, commune = shapely.STRtree(limits).query(shapes, predicate="intersects")
    pairs = pd.MultiIndex.from_arrays([communes.index.to_numpy()[commune], document_of[zone]])
    kept = pairs.isin(list(lies_in.index))
    zone, commune = zone[kept], commune[kept]
    parts, owner = polygon_parts(shapely.intersection(shapes[zone], limits[commune]))
    keys = pd.MultiIndex.from_arrays(
        [communes.index.to_numpy()[commune[owner]], zoning["zone_kind"].to_numpy()[zone[owner]]],
        names=["commune_code", "zone_kind"],
    )
    rank, kinds = pd.factorize(keys, sort=True)
    order = np.argsort(rank, kind="stable")
    gathered = np.asarray(shapely.geometrycollections(parts[order], indices=rank[order]))
    joined, place = shapely.get_parts(shapely.union_all(gathered[:, np.newaxis], axis=1), return_index=True)
    whole_zones = np.asarray(shapely.multipolygons(joined, indices=place))
    table = gpd.GeoDataFrame(geometry=whole_zones, index=kinds, crs=communes.crs)
    table.index.names = ["commune_code", "zone_kind"]
    table["zone_ha"] = table.area / M2_PER_HA
    whole = communes.area.reindex(table.index.get_level_values("commune_code")).to_numpy() / M2_PER_HA
    table["zone_share"] = table["zone_ha"] / whole
    return table[["zone_ha", "zone_share", "geometry"]]
