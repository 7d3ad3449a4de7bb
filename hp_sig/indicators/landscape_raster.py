"""How is a raster of classes cut into patches, how mixed and how clumped are its cells?

Metrics as FRAGSTATS v4 computes them (McGarigal, Cushman & Ene 2012, FRAGSTATS v4: Spatial Pattern Analysis Program
for Categorical and Continuous Maps, University of Massachusetts, Amherst). Cells without data are out of the
landscape: its area is that of the cells with data, and its limit, at the edge of the raster or of those cells, is no
edge between classes. Percentages of FRAGSTATS are 0 to 1 here.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hp_sig.crs import M2_PER_HA
from hp_sig.indicators.fragmentation import (
    aggregation_index,
    contagion_index,
    division_share,
    interspersion_index,
    least_sides,
    mesh_size_ha,
    shannon_diversity,
    shannon_evenness,
    simpson_diversity,
    splitting_index,
)

__all__ = ["class_metrics", "raster_metrics"]

Ints = npt.NDArray[np.int64]


def raster_metrics(
    classes: npt.ArrayLike, *, cell_size_m: float, connectivity: int = 8, nodata: int | None = None
) -> pd.Series:
    """Measure the pattern of a whole raster of classes: patches per 100 ha, metres of edge per hectare, mesh in ha.

    Parameters
    ----------
    classes
        Two-dimensional, of whole numbers: the class of each cell.
    cell_size_m
        Side of a cell, in metres.
    connectivity
        8: cells of a class that touch by a side or a corner are one patch (the default of FRAGSTATS); 4: by a side.
    nodata
        The number of the cells that are out of the landscape, if any.

    Returns
    -------
    pandas.Series
        Named `landscape`; a = area of a patch, A = area of the landscape, P = share of a class, m classes. `area_ha`;
        `class_count` (PR); `patch_count` (NP); `patch_density_per_100_ha` (PD = NP/A); `largest_patch_share`
        (LPI = max a/A); `total_edge_m` (TE, each edge between two classes once, the limit of the landscape left out);
        `edge_density_m_per_ha` (ED = TE/A); `landscape_shape_index` (LSI = TE and the limit, over the least that
        their number of cells can have, see :func:`least_sides`); `effective_mesh_size_ha` (MESH = Σa²/A);
        `division_share` (DIVISION = 1 - Σ(a/A)²); `splitting_index` (SPLIT = A²/Σa²); `shannon_diversity`
        (SHDI = -ΣP ln P); `shannon_evenness` (SHEI = SHDI/ln m); `simpson_diversity` (SIDI = 1 - ΣP²);
        `aggregation_index` (AI), `contagion_index` (CONTAG), `interspersion_index` (IJI), `cohesion_index`
        (COHESION = (1 - Σp/Σp√a)/(1 - 1/√Z), perimeter p and area a in cells, Z cells). What is undefined is NaN.

    Raises
    ------
    ValueError
        If the raster is not two-dimensional or not of whole numbers, has no cell with data, the connectivity is
        neither 4 nor 8, or the cell has no size.

    Notes
    -----
    LSI follows what FRAGSTATS v4 writes, E/min E; the page of its manual that has 0.25·E/√A gives the same only where
    the number of cells is a square.

    Examples
    --------
    Four cells of 1 ha, three of a class: 3 of the 4 inner sides are not edges.

    >>> metrics = raster_metrics([[1, 1], [1, 2]], cell_size_m=100)
    >>> metrics[["patch_count", "total_edge_m", "effective_mesh_size_ha", "splitting_index"]].tolist()
    [2.0, 200.0, 2.5, 1.6]
    """
    counts = _count(classes, cell_size_m, connectivity, nodata)
    total = int(counts.cells.sum())
    edge = int((counts.joins.sum() - np.trace(counts.joins)) // 2)
    shares = counts.cells / total
    return pd.Series(
        {
            "area_ha": total * counts.cell_ha,
            "class_count": len(counts.values),
            **_patch_figures(counts, np.ones(len(counts.patch_cells), dtype=np.bool_)),
            "total_edge_m": edge * cell_size_m,
            "edge_density_m_per_ha": edge * cell_size_m / (total * counts.cell_ha),
            "landscape_shape_index": (edge + counts.limit_sides) / int(least_sides(total)),
            "shannon_diversity": shannon_diversity(shares),
            "shannon_evenness": shannon_evenness(shares),
            "simpson_diversity": simpson_diversity(shares),
            "aggregation_index": float(np.nansum(aggregation_index(counts.cells, np.diag(counts.joins)) * shares)),
            "contagion_index": contagion_index(counts.cells, counts.joins),
            "interspersion_index": interspersion_index(counts.joins[np.triu_indices(len(counts.values), 1)]),
        },
        name="landscape",
        dtype=np.float64,
    )


def class_metrics(
    classes: npt.ArrayLike, *, cell_size_m: float, connectivity: int = 8, nodata: int | None = None
) -> pd.DataFrame:
    """Measure the pattern of each class of a raster: patches per 100 ha, metres of edge per hectare, mesh in ha.

    Parameters
    ----------
    classes, cell_size_m, connectivity, nodata
        As in :func:`raster_metrics`.

    Returns
    -------
    pandas.DataFrame
        Index `class`, sorted; the columns of :func:`raster_metrics` that a class has, all per area of the whole
        landscape. Besides: `area_share` (PLAND) and `clumpiness_index` (CLUMPY: with G the aggregation index,
        (G - P)/P where G < P < 0.5, else (G - P)/(1 - P)). `total_edge_m` is what the class shares with other
        classes, `landscape_shape_index` its perimeter (limit of the landscape included) over the least it can be.

    Raises
    ------
    ValueError
        As :func:`raster_metrics`.

    Examples
    --------
    >>> class_metrics([[1, 1], [1, 2]], cell_size_m=100)["area_share"].to_dict()
    {1: 0.75, 2: 0.25}
    """
    counts = _count(classes, cell_size_m, connectivity, nodata)
    total = int(counts.cells.sum())
    like = np.diag(counts.joins)
    shares = counts.cells / total
    edge = counts.joins.sum(axis=1) - like
    index = pd.Index(counts.values, name="class")
    ranks = range(len(counts.values))
    patches = pd.DataFrame([_patch_figures(counts, counts.patch_class == rank) for rank in ranks], index=index)
    aggregation = aggregation_index(counts.cells, like)
    scarce = (aggregation < shares) & (shares < 0.5)
    spread = np.where(scarce, shares, 1 - shares)
    return patches.assign(
        area_ha=counts.cells * counts.cell_ha,
        area_share=shares,
        total_edge_m=edge * cell_size_m,
        edge_density_m_per_ha=edge * cell_size_m / (total * counts.cell_ha),
        landscape_shape_index=(4 * counts.cells - 2 * like) / least_sides(counts.cells),
        aggregation_index=aggregation,
        clumpiness_index=np.divide(aggregation - shares, spread, out=np.full(len(spread), np.nan), where=spread > 0),
        interspersion_index=[interspersion_index(np.delete(counts.joins[rank], rank)) for rank in ranks],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """What all the metrics of a raster are made of, counted in cells and sides of cells."""

    values: npt.NDArray[np.integer]
    cells: Ints
    #: Sides between two classes, symmetric; like joins on the diagonal, each once.
    joins: Ints
    #: Sides on the limit of the landscape.
    limit_sides: int
    patch_class: Ints
    patch_cells: Ints
    patch_sides: Ints
    cell_ha: float


def _count(classes: npt.ArrayLike, cell_size_m: float, connectivity: int, nodata: int | None) -> _Counts:
    from scipy.ndimage import label  # noqa: PLC0415

    raster = np.asarray(classes)
    if raster.ndim != 2 or raster.dtype.kind not in "iu":
        message = f"classes: whole numbers in two dimensions expected, found {raster.dtype} of shape {raster.shape}."
        raise ValueError(message)
    if connectivity not in (4, 8) or not 0 < cell_size_m < np.inf:
        message = (
            f"connectivity 4 or 8 and a cell_size_m of more than 0 expected, found {connectivity} and {cell_size_m}."
        )
        raise ValueError(message)
    known = np.ones(raster.shape, dtype=np.bool_) if nodata is None else raster != nodata
    if not known.any():
        message = f"classes: cells with data expected, all of them are nodata ({nodata})."
        raise ValueError(message)
    values, found = np.unique(raster[known], return_inverse=True)
    rank = np.full(raster.shape, -1, dtype=np.int64)
    rank[known] = found.ravel()
    patch = np.full(raster.shape, -1, dtype=np.int64)
    patch_class: list[int] = []
    for each in range(len(values)):
        labels, count = label(rank == each, structure=np.ones((3, 3)) if connectivity == 8 else None)
        patch[labels > 0] = labels[labels > 0] + (len(patch_class) - 1)
        patch_class += [each] * count
    joins = np.zeros((len(values), len(values)), dtype=np.int64)
    like = np.zeros(len(patch_class), dtype=np.int64)
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        both = known[first] & known[second]
        pairs = rank[first][both] * len(values) + rank[second][both]
        joins += np.bincount(pairs, minlength=joins.size).reshape(joins.shape)
        # Two cells of a class that share a side are of one patch, whatever the connectivity.
        same = both & (patch[first] == patch[second])
        like += np.bincount(patch[first][same], minlength=len(like))
    inner = int(joins.sum())
    patch_cells = np.bincount(patch[known])
    return _Counts(
        values=values,
        cells=np.bincount(rank[known]),
        joins=joins + joins.T - np.diag(np.diag(joins)),
        limit_sides=4 * int(known.sum()) - 2 * inner,
        patch_class=np.array(patch_class, dtype=np.int64),
        patch_cells=patch_cells,
        patch_sides=4 * patch_cells - 2 * like,
        cell_ha=cell_size_m**2 / M2_PER_HA,
    )


def _patch_figures(counts: _Counts, chosen: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Measure some patches against the whole landscape."""
    total = int(counts.cells.sum())
    landscape_ha = total * counts.cell_ha
    cells, sides = counts.patch_cells[chosen], counts.patch_sides[chosen]
    areas_ha = cells * counts.cell_ha
    together = 1 - sides.sum() / (sides * np.sqrt(cells)).sum()
    return {
        "patch_count": len(cells),
        "patch_density_per_100_ha": 100 * len(cells) / landscape_ha,
        "largest_patch_share": float(cells.max() / total),
        "effective_mesh_size_ha": mesh_size_ha(areas_ha, landscape_ha),
        "division_share": division_share(areas_ha, landscape_ha),
        "splitting_index": splitting_index(areas_ha, landscape_ha),
        "cohesion_index": float(together / (1 - 1 / np.sqrt(total))) if total > 1 else 0.0,
    }
