"""How many of a commune's people, homes and jobs are in a part of it?

Nobody counted them there: the census tells communes. The figure of a commune is spread over its land by what shows
where people live or work (dasymetric mapping: Wright, « A method of mapping densities of population », Geographical
Review 26(1), 1936; Mennis, « Generating surface models of population using dasymetric mapping », The Professional
Geographer 55(1), 2003), and a zone gets the share of it that lies inside. What the parts of a commune get adds up to
its figure, always. It is an estimate: it takes homes of one commune to be all alike, and says nothing of a street.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.indicators.dasymetric_weights import KINDS, METHODS, Weights, weights_of
from hp_sig.indicators.polygons import Floats, Shapes, require_polygons
from hp_sig.indicators.zonal import areas_within

__all__ = ["FIGURES", "KINDS", "METHODS", "Weights", "distribute", "distributed_totals", "weights_of"]

#: Figure of a commune → what it is spread by.
FIGURES = {"population": "residents", "households": "residents", "dwellings": "residents", "jobs": "jobs"}
#: A zone and a commune that share less than a square centimetre only touch.
MIN_AREA_M2 = 1e-4


def distribute(zones: gpd.GeoDataFrame | gpd.GeoSeries, figures: pd.DataFrame, weights: Weights) -> pd.DataFrame:
    """Give each zone its share of the figures of the communes that it meets.

    Figure(zone, commune) = figure(commune) × weight(zone ∩ commune) / weight(commune). Each zone is measured by
    itself; the zones of a partition get exactly the figures of the communes, and no zone more than those.

    Parameters
    ----------
    zones
        Catchments, discs, perimeters: valid polygons in EPSG:2154, with a unique index; they may overlap.
    figures
        Index `commune_code`; some of `population`, `households`, `dwellings`, `jobs`.
    weights
        From :func:`weights_of`.

    Returns
    -------
    pandas.DataFrame
        One row a zone and commune that share land: index, that of the zones and `commune_code`, in the order of the
        zones, then of the codes. `area_ha`; `share_of_commune`, of its area; `residents_share`, `jobs_share`, of its
        weight (0 to 1); one column a figure, NaN where the commune's is unknown, but 0 where the share is 0;
        `residents_method`, `jobs_method`, those of the commune. A zone out of all communes has no row.

    Raises
    ------
    ValueError
        If the zones are not valid polygons in EPSG:2154 with a unique index, or `figures` has other columns or repeats
        a commune.

    Notes
    -----
    An estimate, not a count: see the module. What of a zone lies out of the communes holds nobody here.

    Examples
    --------
    A commune of 400 inhabitants spread by area; the zone takes its western 300 m of 1 000, and land beyond.

    >>> from shapely import box
    >>> square = gpd.GeoSeries([box(0, 0, 1000, 1000)], index=pd.Index(["04001"], name="commune_code"), crs=2154)
    >>> zone = gpd.GeoSeries([box(-500, 0, 300, 1000)], index=pd.Index(["hub"], name="zone"), crs=2154)
    >>> figures = pd.DataFrame({"population": [400.0]}, index=square.index)
    >>> table = distribute(zone, figures, weights_of(square))
    >>> table[["area_ha", "residents_share", "population", "residents_method"]].to_dict("index")
    {('hub', '04001'): {'area_ha': 30.0, 'residents_share': 0.3, 'population': 120.0, 'residents_method': 'area'}}
    """
    zone_shapes = require_polygons(zones, "zones")
    _require_figures(figures)
    codes = weights.communes.index
    commune_shapes: Shapes = weights.communes.to_numpy()
    count, size = len(codes), len(codes) * len(zone_shapes)
    none = np.zeros(0, dtype=np.intp)
    zone, commune, area = areas_within(zone_shapes, commune_shapes, none)
    in_pair = np.bincount(zone * count + commune, weights=area, minlength=size)
    # In the order of the zones, then of the codes, whatever the order of the communes.
    by_code = np.argsort(codes.to_numpy(), kind="stable")
    pair = (np.arange(len(zone_shapes))[:, np.newaxis] * count + by_code).ravel()
    pair = pair[in_pair[pair] > MIN_AREA_M2]
    zone, commune = pair // count, pair % count
    columns: dict[str, Floats | Shapes] = {
        "area_ha": in_pair[pair] / M2_PER_HA,
        "share_of_commune": np.minimum(in_pair[pair] / shapely.area(commune_shapes)[commune], 1.0),
    }
    of_zone, piece, inside = areas_within(zone_shapes, weights.pieces.geometry.to_numpy(), none)
    key = of_zone * count + codes.get_indexer(pd.Index(weights.pieces["commune_code"]))[piece]
    for kind in KINDS:
        weight = np.bincount(key, weights=inside * weights.pieces[kind].to_numpy()[piece], minlength=size)
        share = np.minimum(weight[pair] / weights.totals[kind].to_numpy()[commune], 1.0)
        is_even = (weights.methods[kind] == METHODS[-1]).to_numpy()[commune]
        columns[f"{kind}_share"] = np.where(is_even, columns["share_of_commune"], share)
    for figure in figures.columns:
        share = np.asarray(columns[f"{FIGURES[figure]}_share"])
        known = figures[figure].reindex(codes).to_numpy(dtype="float64")[commune]
        columns[figure] = np.where(share > 0, share * known, 0.0)
    columns |= {f"{kind}_method": weights.methods[kind].take(commune).to_numpy() for kind in KINDS}
    levels = [zones.index.get_level_values(rank).take(zone) for rank in range(zones.index.nlevels)]
    keys = pd.MultiIndex.from_arrays([*levels, codes.take(commune)], names=[*_names(zones.index), "commune_code"])
    return pd.DataFrame(columns, index=keys).astype({f"{kind}_method": "str" for kind in KINDS})


def distributed_totals(table: pd.DataFrame) -> pd.DataFrame:
    """Add up by zone what :func:`distribute` gives by zone and commune.

    Parameters
    ----------
    table
        From :func:`distribute`.

    Returns
    -------
    pandas.DataFrame
        On the index of the zones, in their order: `area_ha`, what of it lies in the communes; the figures, unknown
        (NaN) where one term is; `residents_method`, `jobs_method`: the methods of the communes that give anything,
        best first, joined by « + », missing where none does. A zone out of all communes is absent: nothing is known
        of it, `reindex` says so.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("hub", "04001"), ("hub", "04002")], names=["zone", "commune_code"])
    >>> table = pd.DataFrame(
    ...     {"area_ha": [30.0, 5.0], "population": [120.0, 8.0], "residents_share": [0.3, 0.1], "jobs_share": 0.0}
    ...     | {"residents_method": ["roads", "buildings"], "jobs_method": "area"},
    ...     index=index,
    ... )
    >>> distributed_totals(table)[["area_ha", "population", "residents_method"]].to_dict("index")
    {'hub': {'area_ha': 35.0, 'population': 128.0, 'residents_method': 'buildings + roads'}}
    """
    zones = list(range(table.index.nlevels - 1))
    summed = ["area_ha", *(figure for figure in table.columns if figure in FIGURES)]
    totals = table[summed].groupby(level=zones, sort=False).sum(skipna=False)
    for kind in KINDS:
        gives = table[f"{kind}_share"] > 0
        met = pd.DataFrame({method: gives & (table[f"{kind}_method"] == method) for method in METHODS})
        met = met.groupby(level=zones, sort=False).any()
        words = [" + ".join(met.columns[row]) or None for row in met.to_numpy()]
        totals[f"{kind}_method"] = pd.Series(words, index=met.index, dtype="str")
    return totals


def _require_figures(figures: pd.DataFrame) -> None:
    strange = [column for column in figures.columns if column not in FIGURES]
    if strange or figures.columns.empty:
        message = f"figures: some of {', '.join(FIGURES)} expected, found {list(figures.columns)!r}. Keep only these."
        raise ValueError(message)
    if not figures.index.is_unique:
        twice = list(figures.index[figures.index.duplicated()].unique()[:5])
        message = f"figures: one row a commune expected, found several for {twice!r}."
        raise ValueError(message)


def _names(index: pd.Index) -> list[str]:
    """Name the levels of the zones, apart from that of the communes."""
    return [
        f"zone{rank or ''}" if name in {None, "commune_code"} else str(name) for rank, name in enumerate(index.names)
    ]
