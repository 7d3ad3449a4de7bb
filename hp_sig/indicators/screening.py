"""What land would a project take, and what would be left of an allowance then?

A project is judged on its footprint (emprise). Decree 2023-1096 (art. R. 101-1 II du code de l'urbanisme) does not
qualify single projects, and what counts against an allowance is the consumption that is effective (loi 2021-1104,
art. 194 III 5°), told by the fichiers fonciers afterwards: every take here is a *potential* one.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA, require_lambert93
from hp_sig.indicators.polygons import Shapes, polygon_parts, require_polygons
from hp_sig.indicators.stock import self_overlap
from hp_sig.parallel import shared

__all__ = [
    "OUTSIDE",
    "TAKE_METHODS",
    "allowance_draw",
    "classes_at",
    "cut_by_footprints",
    "is_noise",
    "nearest",
    "overlap_by_class",
    "potential_take",
    "union_area",
]

#: The class of the land of a footprint that a layer says nothing of: outside every zone, document or land cover.
OUTSIDE = "outside"
#: How a potential take is told: by what the land cover holds for artificialised, by the whole footprint where there is
#: none, or not at all (no footprint). A footprint that is covered in part has the first two, joined by « + ».
TAKE_METHODS = ("land_cover", "footprint_upper_bound", "unknown")
#: Land cover and limits are not drawn alike: a footprint of which so much is covered has its land cover.
WHOLE_SHARE = 0.99
#: Coordinates in Lambert-93 hold 1e-9 m: under these shares of the footprint, or m², a piece is their noise.
NOISE_SHARE, NOISE_M2 = 1e-10, 1e-7
#: Land that rows count twice is told from noise by this share of the footprint.
DOUBLE_SHARE = 1e-9
#: Above this many pieces, only those that do not fit their neighbours are united.
MANY = 200


def cut_by_footprints(footprints: gpd.GeoSeries, layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut the polygons of a layer by the footprints that they meet; only those are looked at.

    Parameters
    ----------
    footprints
        Valid polygons in EPSG:2154, each with its own code as index.
    layer
        Polygons in EPSG:2154; its spatial index is kept with it and serves the next call.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a footprint and polygon that share some land: index of the footprint (repeated), the columns of `layer`,
        `geometry` (MultiPolygon, EPSG:2154) the shared piece.

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154, or a footprint or a polygon that it meets is not a valid polygon.

    Examples
    --------
    >>> from shapely import box
    >>> drawn = gpd.GeoSeries([box(800, 0, 1100, 100)], index=pd.Index(["hub"], name="project_id"), crs=2154)
    >>> squares = [box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)]
    >>> communes = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=squares, crs=2154)
    >>> pieces = cut_by_footprints(drawn, communes)
    >>> [(name, area) for name, area in zip(pieces["name"], pieces.area)]
    [('A', 20000.0), ('B', 10000.0)]
    """
    shapes = require_polygons(footprints, "footprints")
    require_lambert93(layer, "layer")
    footprint, met = layer.sindex.query(shapes, predicate="intersects")
    order = np.lexsort((met, footprint))
    footprint, met = footprint[order], met[order]
    require_polygons(layer.iloc[np.unique(met)], "layer")
    pieces: Shapes = layer.geometry.to_numpy()[met]
    shapely.prepare(shapes)
    cut = ~shapely.covers(shapes[footprint], pieces)
    shapely.destroy_prepared(shapes)
    pieces[cut] = shared(shapely.intersection, shapes[footprint[cut]], pieces[cut])
    # Lines and points where a polygon only touches the footprint have no area.
    parts, owner = polygon_parts(pieces)
    kept, rank = np.unique(owner, return_inverse=True)
    table = layer.drop(columns=layer.geometry.name).iloc[met[kept]]
    whole = np.asarray(shapely.multipolygons(parts, indices=rank), dtype=object)
    index = footprints.index.take(footprint[kept])
    return gpd.GeoDataFrame(table.set_axis(index), geometry=whole, crs=layer.crs)


def overlap_by_class(footprints: gpd.GeoSeries, pieces: gpd.GeoDataFrame, *, by: str) -> pd.DataFrame:
    """Measure how much of each footprint lies in each class of a layer, in hectares, and what lies in none.

    Each class counts its land once, however many polygons of it overlap. What no class covers is the row
    :data:`OUTSIDE`: over a partition the rows of a footprint sum to its area.

    Parameters
    ----------
    footprints
        Valid polygons in EPSG:2154, each with its own code as index.
    pieces
        From :func:`cut_by_footprints`.
    by
        The column that holds the class; a piece without one counts as land that the layer does not tell.

    Returns
    -------
    pandas.DataFrame
        Index: code of the footprint, `by`; the largest first, :data:`OUTSIDE` last and only where there is some.
        `overlap_ha`; `share_of_project` (0 to 1); `double_ha`, the same for all rows of a footprint: land that lies in
        several classes, by which the rows sum to more than its area. 0 for a partition.

    Examples
    --------
    Of 3 ha, 2 lie in A and nothing is told of the last one.

    >>> from shapely import box
    >>> drawn = gpd.GeoSeries([box(800, 0, 1100, 100)], index=pd.Index(["hub"], name="project_id"), crs=2154)
    >>> communes = gpd.GeoDataFrame({"name": ["A"]}, geometry=[box(0, 0, 1000, 1000)], crs=2154)
    >>> table = overlap_by_class(drawn, cut_by_footprints(drawn, communes), by="name")
    >>> table["overlap_ha"].to_dict()
    {('hub', 'A'): 2.0, ('hub', 'outside'): 1.0}
    """
    told = pieces[pieces[by].notna()]
    shapes = told.geometry.to_numpy()
    whole = footprints.area
    rows = []
    by_code = told.groupby(told.index, sort=False).indices
    for code, area in whole.items():
        own = by_code.get(code, np.zeros(0, dtype=np.intp))
        names, class_of = np.unique(told[by].to_numpy(str)[own], return_inverse=True)
        areas = {str(name): union_area(shapes[own[class_of == rank]]) for rank, name in enumerate(names)}
        covered = union_area(shapes[own]) if len(areas) > 1 else sum(areas.values())
        double = sum(areas.values()) - covered
        if double <= DOUBLE_SHARE * area:
            double, covered = 0.0, sum(areas.values())
        ordered = sorted(areas.items(), key=lambda item: (-item[1], item[0]))
        ordered.append((OUTSIDE, max(area - covered, 0.0)))
        rows += [(code, name, shared_m2, area, double) for name, shared_m2 in ordered]
    table = pd.DataFrame(rows, columns=["code", by, "shared", "area", "double"])
    table = table[~is_noise(table["shared"], table["area"])]
    keys = [table["code"].astype(footprints.index.dtype), table[by].astype("str")]
    return pd.DataFrame(
        {
            "overlap_ha": (table["shared"] / M2_PER_HA).to_numpy(float),
            "share_of_project": (table["shared"] / table["area"]).clip(upper=1.0).to_numpy(float),
            "double_ha": (table["double"] / M2_PER_HA).to_numpy(float),
        },
        index=pd.MultiIndex.from_arrays(keys, names=[footprints.index.name, by]),
    )


def classes_at(points: gpd.GeoSeries, layer: gpd.GeoDataFrame, *, by: str) -> pd.Series:
    """Name the classes of a layer at each point; two where it stands on a limit, :data:`OUTSIDE` where there is none.

    Parameters
    ----------
    points
        In EPSG:2154, each with its own code as index.
    layer
        Polygons in EPSG:2154.
    by
        The column that holds the class.

    Returns
    -------
    pandas.Series
        Named `by`, on the index of `points` (repeated).

    Examples
    --------
    >>> from shapely import Point, box
    >>> at = gpd.GeoSeries([Point(5, 5), Point(99, 99)], index=["in", "out"], crs=2154)
    >>> layer = gpd.GeoDataFrame({"kind": ["U"]}, geometry=[box(0, 0, 10, 10)], crs=2154)
    >>> classes_at(at, layer, by="kind").to_dict()
    {'in': 'U', 'out': 'outside'}
    """
    require_lambert93(points, "points")
    require_lambert93(layer, "layer")
    point, met = layer.sindex.query(points, predicate="intersects")
    found = pd.DataFrame({"point": point, by: layer[by].to_numpy()[met]}).dropna().drop_duplicates()
    absent = np.setdiff1d(np.arange(len(points)), found["point"])
    found = pd.concat([found.astype({by: "str"}), pd.DataFrame({"point": absent, by: OUTSIDE})]).sort_values(
        ["point", by]
    )
    index = points.index.take(np.asarray(found["point"], dtype=np.intp))
    return pd.Series(found[by].to_numpy(), index=index, name=by, dtype="str")


def nearest(places: gpd.GeoSeries, others: gpd.GeoDataFrame) -> pd.DataFrame:
    """Find what is nearest to each place, in metres from its edge; 0 where it lies in it.

    Parameters
    ----------
    places
        Points or polygons in EPSG:2154, each with its own code as index.
    others
        Points or polygons in EPSG:2154; of two as near, the first is told.

    Returns
    -------
    pandas.DataFrame
        On the index of `places`: `code`, the nearest one's index; `distance_m`. Missing and NaN where there is none.

    Examples
    --------
    >>> from shapely import Point, box
    >>> hub = gpd.GeoSeries([box(0, 0, 100, 100)], index=["hub"], crs=2154)
    >>> stations = gpd.GeoDataFrame(geometry=[Point(400, 50), Point(130, 140)], index=["far", "near"], crs=2154)
    >>> nearest(hub, stations).to_dict("index")
    {'hub': {'code': 'near', 'distance_m': 50.0}}
    """
    require_lambert93(places, "places")
    require_lambert93(others, "others")
    found = pd.DataFrame({"code": np.nan, "distance_m": np.nan}, index=places.index).astype({"code": "str"})
    if len(others) and len(places):
        tree = shapely.STRtree(others.geometry.to_numpy())
        (place, other), distance = tree.query_nearest(places.to_numpy(), return_distance=True)
        order = np.lexsort((other, place))
        ranks, first = np.unique(place[order], return_index=True)
        codes = others.index.to_numpy()[other[order][first]]
        found["code"] = pd.Series(codes, index=places.index.take(ranks)).astype("str").reindex(places.index)
        found["distance_m"] = pd.Series(distance[order][first], index=places.index.take(ranks)).reindex(places.index)
    return found


def potential_take(land: pd.DataFrame) -> pd.DataFrame:
    """Tell how much ENAF (espaces naturels, agricoles et forestiers) a project would take at most, in hectares.

    ENAF = covered - artificialised land, where there is land cover; take = ENAF + what the land cover does not tell:
    without any, the whole footprint is an upper bound. Land that is not artificialised is only a proxy for ENAF, which
    the fichiers fonciers tell otherwise: artificialisation and consumption of ENAF are two quantities.

    Parameters
    ----------
    land
        `area_ha` (NaN where there is no footprint), `covered_ha`, `artificialised_ha` of footprints or of their parts.

    Returns
    -------
    pandas.DataFrame
        On the index of `land`: `enaf_ha` (of the covered part; NaN where nothing is), `take_ha`, `take_method` (see
        :data:`TAKE_METHODS`). A part that is covered to 99 % is told by its land cover; the rest still counts.

    Examples
    --------
    Of 10 ha, 4 are artificialised; of another 10 ha nothing is known; a site has no footprint.

    >>> land = pd.DataFrame(
    ...     {"area_ha": [10, 10, np.nan], "covered_ha": [10, 0, np.nan], "artificialised_ha": [4, np.nan, np.nan]}
    ... )
    >>> table = potential_take(land)
    >>> table["take_ha"].tolist(), table["take_method"].tolist()
    ([6.0, 10.0, nan], ['land_cover', 'footprint_upper_bound', 'unknown'])
    """
    covered = land["covered_ha"].clip(upper=land["area_ha"])
    has_any = covered > 0
    enaf = (covered - land["artificialised_ha"]).clip(lower=0.0).where(has_any)
    take = enaf.fillna(0.0) + (land["area_ha"] - covered)
    by_cover, by_area, unknown = TAKE_METHODS
    whole = covered >= WHOLE_SHARE * land["area_ha"]
    method = np.select(
        [land["area_ha"].isna(), ~has_any, whole], [unknown, by_area, by_cover], f"{by_cover} + {by_area}"
    )
    return pd.DataFrame({"enaf_ha": enaf, "take_ha": take, "take_method": method}).astype({"take_method": "str"})


def allowance_draw(take: pd.Series, remaining: pd.Series) -> pd.DataFrame:
    """Set a potential take against what remains of an allowance, in hectares: what would be left, and the share drawn.

    Parameters
    ----------
    take
        Potential take, in hectares.
    remaining
        What remains before, in hectares; under 0 where more than allowed was consumed.

    Returns
    -------
    pandas.DataFrame
        On the index of `take`: `remaining_after_ha` = remaining - take (under 0: more than what remains);
        `draw_share` = take / remaining, NaN where nothing remains: no share of nothing.

    Examples
    --------
    >>> table = allowance_draw(pd.Series([2.0, 2.0]), pd.Series([8.0, -1.0]))
    >>> table["remaining_after_ha"].tolist(), table["draw_share"].tolist()
    ([6.0, -3.0], [0.25, nan])
    """
    return pd.DataFrame({"remaining_after_ha": remaining - take, "draw_share": take / remaining.where(remaining > 0)})


def union_area(shapes: Shapes) -> float:
    """Measure polygons that may overlap, each piece of land once, in m²."""
    if len(shapes) < 2:
        return float(shapely.area(shapes).sum())
    if len(shapes) <= MANY:
        return float(shapely.area(shapely.union_all(shapes)))
    return float(self_overlap(gpd.GeoDataFrame(geometry=shapes, crs=2154))["union_ha"]) * M2_PER_HA


def is_noise(area: pd.Series, whole: pd.Series) -> pd.Series:
    """Say which pieces, in m², of footprints of so many m² are but the noise of coordinates."""
    return area <= (NOISE_SHARE * whole).clip(lower=NOISE_M2)
