"""What is built on, what is sealed, what covers and uses the land of each zone?

Three measures that never share a name: artificialised land (art. L. 101-2-1 and R. 101-1 du code de l'urbanisme,
décret 2023-1096), sealed land (its categories 1 and 2), and the consumption of ENAF, which is not read from land
cover at all.
"""

from collections.abc import Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA, area_ha, require_lambert93
from hp_sig.indicators.polygons import Bools
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.reference.nomenclature import artificialised_pairs, cover_codes, sealed_covers, use_codes

__all__ = [
    "CODES",
    "METHODS",
    "artificialised_area",
    "is_artificialised",
    "land_stock",
    "method_of",
    "sealed_area",
    "self_overlap",
    "stock_by_class",
]

#: How a polygon is known to be artificialised: `official`, the layer of IGN, which applies the thresholds of the
#: decree; `matrix`, cover × use alone, « hors seuils »: an approximation.
#: `thresholds`, what :func:`hp_sig.indicators.thresholds.apply_thresholds` makes of the matrix.
METHODS = ("official", "matrix", "thresholds")
Method = Literal["official", "matrix", "thresholds"]

#: Every code of an axis has its column in a table by class, even where nobody has any.
CODES = {"cover_code": cover_codes, "use_code": use_codes}


def is_artificialised(land_cover: pd.DataFrame, *, method: Method | None = None) -> pd.Series:
    """Say which polygons are artificialised.

    Parameters
    ----------
    land_cover
        A state: columns `cover_code`, `use_code`, and `artificialised` if it is the official layer.
    method
        `official` takes IGN's status (column `artificialised`, or `artificialised_official` once the thresholds were
        applied), `thresholds` that of :func:`hp_sig.indicators.thresholds.apply_thresholds`, `matrix` the 280 cells
        cover × use; by default what :func:`method_of` says.

    Returns
    -------
    pandas.Series
        Named `artificialised`, bool, on the index of `land_cover`.

    Raises
    ------
    ValueError
        If a column is absent, a use is missing where the matrix needs it, or the layer is a difference.

    Examples
    --------
    A built quarry is artificialised, its bare working floor is not.

    >>> quarry = pd.DataFrame({"cover_code": ["CS1.1.1.1", "CS1.1.2.1"], "use_code": ["US1.3", "US1.3"]})
    >>> is_artificialised(quarry).tolist()
    [True, False]
    """
    chosen = method or method_of(land_cover)
    if chosen != "matrix":
        marked = "threshold_case" in land_cover.columns
        column = "artificialised_official" if marked and chosen == "official" else "artificialised"
        _require_state(land_cover, [column] if chosen == "official" else [column, "threshold_case"])
        status = land_cover[column].rename("artificialised")
        if status.isna().any():
            message = (
                f"land_cover: a status for each polygon expected in {column!r}, {int(status.isna().sum())} lack it."
            )
            raise ValueError(message)
        return status.astype(bool)
    _require_state(land_cover, ["cover_code", "use_code"])
    pairs = pd.MultiIndex.from_frame(land_cover[["cover_code", "use_code"]])
    named = pd.MultiIndex.from_tuples(sorted(artificialised_pairs()))
    known = land_cover["cover_code"].notna() & land_cover["use_code"].notna()
    if not known.all():
        message = (
            f"land_cover: a cover and a use expected for each polygon, {int((~known).sum())} lack one. The matrix "
            "needs both: use the official artificialisation layer, or a delivery with CODE_US."
        )
        raise ValueError(message)
    return pd.Series(pairs.isin(named), index=land_cover.index, name="artificialised")


def method_of(land_cover: pd.DataFrame) -> Method:
    """Say by which method a state tells artificialised land: the thresholds, its own column, or the matrix."""
    if "threshold_case" in land_cover.columns:
        return "thresholds"
    return "official" if "artificialised" in land_cover.columns else "matrix"


def artificialised_area(
    zones: gpd.GeoDataFrame | gpd.GeoSeries, land_cover: gpd.GeoDataFrame, *, method: Method | None = None
) -> pd.DataFrame:
    """Measure the artificialised land of each zone, in hectares and as a share of the zone.

    Parameters
    ----------
    zones
        Valid polygons in EPSG:2154, each with its own code as index.
    land_cover
        A state (occupation du sol, or the official artificialisation state).
    method
        As in :func:`is_artificialised`.

    Returns
    -------
    pandas.DataFrame
        On the index of `zones`: `artificialised_ha`, `artificialised_share` (of the zone's area, 0 to 1), `method`
        (`matrix` is « hors seuils »). 0 where land cover shows none; NaN where there is no land cover at all.

    Raises
    ------
    ValueError
        As :func:`is_artificialised` and :func:`hp_sig.indicators.tabulation.tabulate_area` do.
    """
    stock = land_stock(zones, land_cover, method=method)
    return stock[["artificialised_ha", "artificialised_share", "method"]]


def sealed_area(zones: gpd.GeoDataFrame | gpd.GeoSeries, land_cover: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure the sealed land (sols imperméables) of each zone, in hectares and as a share of the zone.

    Covers CS1.1.1.1 (built) and CS1.1.1.2 (not built: roads, car parks), whatever their use: categories 1 and 2 of
    the annex to art. R. 101-1, which the triennial report asks for (art. R. 2231-1 CGCT, 3°).

    Parameters
    ----------
    zones, land_cover
        As in :func:`artificialised_area`; `cover_code` is enough.

    Returns
    -------
    pandas.DataFrame
        On the index of `zones`: `sealed_ha`, `sealed_share` (0 to 1); NaN where there is no land cover at all.
    """
    _require_state(land_cover, ["cover_code"])
    table = tabulate_area(zones, land_cover, by="cover_code")
    measured = _covered(zones, table)
    sealed = _sum(table, table.columns.isin(sealed_covers())).where(measured["covered_ha"] > 0)
    return pd.DataFrame({"sealed_ha": sealed, "sealed_share": sealed / measured["area_ha"]})


def land_stock(
    zones: gpd.GeoDataFrame | gpd.GeoSeries, land_cover: gpd.GeoDataFrame, *, method: Method | None = None
) -> pd.DataFrame:
    """Measure artificialised and sealed land of each zone at once, in hectares and shares.

    Parameters
    ----------
    zones, land_cover, method
        As in :func:`artificialised_area`.

    Returns
    -------
    pandas.DataFrame
        On the index of `zones`: `area_ha`, `covered_ha` (land that the land cover tells about; more than `area_ha`
        where its polygons overlap), `covered_share`, `artificialised_ha`, `artificialised_share`, `sealed_ha`,
        `sealed_share` (of the zone's area), `method`.
    """
    _require_state(land_cover, ["cover_code"])
    status = is_artificialised(land_cover, method=method)
    marked = land_cover[["cover_code", land_cover.geometry.name]].assign(artificialised=status)
    table = tabulate_area(zones, marked, by=["cover_code", "artificialised"])
    stock = _covered(zones, table)
    has_any = stock["covered_ha"] > 0
    classes = table.columns
    for name, chosen in (
        ("artificialised", classes.get_level_values("artificialised").isin([True])),
        ("sealed", classes.get_level_values("cover_code").isin(sealed_covers())),
    ):
        stock[f"{name}_ha"] = _sum(table, chosen).where(has_any)
        stock[f"{name}_share"] = stock[f"{name}_ha"] / stock["area_ha"]
    return stock.assign(method=method or method_of(land_cover))


def stock_by_class(
    zones: gpd.GeoDataFrame | gpd.GeoSeries, land_cover: gpd.GeoDataFrame, *, by: Literal["cover_code", "use_code"]
) -> pd.DataFrame:
    """Measure each cover, or each use, in each zone: hectares, and share of the zone.

    Parameters
    ----------
    zones, land_cover
        As in :func:`artificialised_area`.
    by
        `cover_code` (14 classes) or `use_code` (20).

    Returns
    -------
    pandas.DataFrame
        Index: the zone's code, then the class: every class of the nomenclature for every zone, 0 where it has none.
        `area_ha`, `share` of the zone's area.
    """
    _require_state(land_cover, [by])
    table = tabulate_area(zones, land_cover, by=by)
    codes = [*CODES[by](), *(code for code in table.columns if code not in CODES[by]())]
    measured = _covered(zones, table)
    hectares = table.reindex(columns=pd.Index(codes, name=by), fill_value=0.0)
    hectares = hectares.where(measured["covered_ha"] > 0)
    shares = hectares.div(measured["area_ha"], axis="index")
    return pd.DataFrame(
        {"area_ha": hectares.to_numpy().ravel(), "share": shares.to_numpy().ravel()},
        index=pd.MultiIndex.from_product([zones.index, hectares.columns]),
    )


def self_overlap(land_cover: gpd.GeoDataFrame) -> pd.Series:
    """Measure how much land the polygons of a land cover count more than once.

    A delivery claims full coverage without overlap; editions simplified by third parties overlap by some percents,
    and every sum of their areas is too large by as much.

    Parameters
    ----------
    land_cover
        Valid polygons in EPSG:2154.

    Returns
    -------
    pandas.Series
        `summed_ha` (Σ areas), `union_ha` (area of their union), `overlap_ha` (their difference), `overlap_share` (of
        the union).

    Examples
    --------
    >>> from shapely import box
    >>> land = gpd.GeoSeries([box(0, 0, 100, 100), box(50, 0, 150, 100)], crs=2154)
    >>> self_overlap(land.to_frame("geometry")).round(3).tolist()
    [2.0, 1.5, 0.5, 0.333]
    """
    require_lambert93(land_cover, "land_cover")
    shapes = land_cover.geometry.to_numpy()
    summed = float(shapely.area(shapes).sum()) / M2_PER_HA
    # Of two polygons that overlap, one at least does not meet its neighbours vertex for vertex: only those are united.
    apart = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    near = shapes[np.unique(shapely.STRtree(shapes).query(shapes[apart])[1])]
    overlap = float(shapely.area(near).sum() - shapely.area(shapely.union_all(near))) / M2_PER_HA if len(near) else 0.0
    union = summed - overlap
    values = [summed, union, overlap, overlap / union if union else np.nan]
    return pd.Series(values, index=["summed_ha", "union_ha", "overlap_ha", "overlap_share"], name="self_overlap")


def _covered(zones: gpd.GeoDataFrame | gpd.GeoSeries, table: pd.DataFrame) -> pd.DataFrame:
    stock = area_ha(zones).to_frame()
    stock["covered_ha"] = table.sum(axis="columns")
    stock["covered_share"] = stock["covered_ha"] / stock["area_ha"]
    return stock


def _sum(table: pd.DataFrame, chosen: Bools) -> pd.Series:
    return table.loc[:, chosen].sum(axis="columns")


def _require_state(land_cover: pd.DataFrame, columns: Sequence[str]) -> None:
    absent = [column for column in columns if column not in land_cover.columns]
    if not absent:
        return
    found = [str(column) for column in land_cover.columns]
    if "cover_before" in found or "artificialised_before" in found:
        message = (
            "land_cover: a state expected, found a difference. It holds only what changed between two vintages: a sum "
            "of it is no stock. Give the occupation du sol or the artificialisation state of one vintage."
        )
        raise ValueError(message)
    message = f"land_cover: columns {absent!r} expected, found {found!r}. Read it with read_land_cover()."
    raise ValueError(message)
