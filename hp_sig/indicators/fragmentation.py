"""How cut up, how mixed and how clumped is a landscape, from its areas and counts alone?

Effective mesh size, division and splitting index of Jaeger (2000, Landscape Ecology 15, 115-130); diversities of
Shannon and Simpson, aggregation, contagion and interspersion as in FRAGSTATS v4 (McGarigal, Cushman & Ene 2012).
What is measured on polygons or on cells goes through these same formulas.
"""

import numpy as np
import numpy.typing as npt

from hp_sig.errors import some

__all__ = [
    "aggregation_index",
    "contagion_index",
    "division_share",
    "interspersion_index",
    "least_sides",
    "mesh_size_ha",
    "shannon_diversity",
    "shannon_evenness",
    "simpson_diversity",
    "splitting_index",
]


def mesh_size_ha(patch_areas_ha: npt.ArrayLike, landscape_area_ha: float) -> float:
    """Compute the effective mesh size, in hectares: MESH = Σa²/A (Jaeger 2000).

    The size of the patch in which one falls at random, patches not there being of size 0.

    Raises
    ------
    ValueError
        If an area is negative or unknown, or the patches are larger than the landscape.

    Examples
    --------
    Four patches of 25 ha fill 100 ha.

    >>> mesh_size_ha([25, 25, 25, 25], 100)
    25.0
    """
    areas = np.asarray(patch_areas_ha, dtype=np.float64)
    if not (areas >= 0).all() or not 0 < landscape_area_ha < np.inf or areas.sum() > landscape_area_ha * (1 + 1e-9):
        message = (
            f"patch_areas_ha: areas of 0 or more expected, that sum to no more than the {landscape_area_ha} ha of the "
            f"landscape; found {some(areas.ravel())}."
        )
        raise ValueError(message)
    return float((areas**2).sum() / landscape_area_ha)


def division_share(patch_areas_ha: npt.ArrayLike, landscape_area_ha: float) -> float:
    """Compute the degree of division, 0 to 1: DIVISION = 1 - Σ(a/A)² (Jaeger 2000).

    The probability that two places chosen at random are not in one patch.

    Examples
    --------
    >>> division_share([25, 25, 25, 25], 100)
    0.75
    """
    return 1 - mesh_size_ha(patch_areas_ha, landscape_area_ha) / landscape_area_ha


def splitting_index(patch_areas_ha: npt.ArrayLike, landscape_area_ha: float) -> float:
    """Compute the splitting index: SPLIT = A²/Σa² (Jaeger 2000), a number of equal patches.

    How many patches of one size would divide the landscape as much; NaN without a patch.

    Examples
    --------
    >>> splitting_index([25, 25, 25, 25], 100)
    4.0
    """
    mesh = mesh_size_ha(patch_areas_ha, landscape_area_ha)
    return landscape_area_ha / mesh if mesh else float("nan")


def shannon_diversity(amounts: npt.ArrayLike) -> float:
    """Compute the diversity of Shannon: SHDI = -ΣP ln P, P the share of each class (FRAGSTATS v4), without unit.

    Parameters
    ----------
    amounts
        Areas, cells or shares of the classes: only their proportions matter. NaN where they are all 0.

    Raises
    ------
    ValueError
        If an amount is negative or unknown.

    Examples
    --------
    Four equal classes: ln 4.

    >>> round(shannon_diversity([1, 1, 1, 1]), 6)
    1.386294
    """
    shares = _shares(amounts)
    # Adding 0 makes 0 of the -0 of a single class.
    return float(-(shares * np.log(shares)).sum() + 0.0) if len(shares) else float("nan")


def shannon_evenness(amounts: npt.ArrayLike) -> float:
    """Compute the evenness of Shannon, 0 to 1: SHEI = SHDI/ln m of the m classes present (FRAGSTATS v4).

    0 for a single class, as FRAGSTATS has it.

    Examples
    --------
    >>> shannon_evenness([5, 5, 0]), shannon_evenness([5])
    (1.0, 0.0)
    """
    count = len(_shares(amounts))
    return shannon_diversity(amounts) / float(np.log(count)) if count > 1 else shannon_diversity(amounts)


def simpson_diversity(amounts: npt.ArrayLike) -> float:
    """Compute the diversity of Simpson, 0 to 1: SIDI = 1 - ΣP² (FRAGSTATS v4), the chance that two places differ.

    Examples
    --------
    >>> simpson_diversity([1, 1, 1, 1])
    0.75
    """
    shares = _shares(amounts)
    return float(1 - (shares**2).sum()) if len(shares) else float("nan")


def least_sides(cells: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Compute the least perimeter, in sides of cells, that a number of cells can have.

    With n the side of the largest square in it: 4n for n² cells, 4n + 2 up to n(n + 1), else 4n + 4 (Milne 1991;
    Bogaert et al. 2000; FRAGSTATS v4, LSI).

    Examples
    --------
    >>> least_sides([9, 10, 12, 13]).tolist()
    [12, 14, 14, 16]
    """
    count = np.asarray(cells, dtype=np.int64)
    side = np.floor(np.sqrt(count)).astype(np.int64)
    return 4 * side + np.where(count == side**2, 0, np.where(count <= side * (side + 1), 2, 4))


def aggregation_index(cells: npt.ArrayLike, like_joins: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Compute how clumped each class is, 0 to 1: AI = joins between its cells over the most they can have.

    The most is (4·cells - least perimeter)/2 (He, DeZonia & Mladenoff 2000; FRAGSTATS v4, AI). For a landscape, the
    mean weighted by the shares of the classes.

    Parameters
    ----------
    cells
        Cells of each class.
    like_joins
        Sides that two cells of the class share, each counted once.

    Returns
    -------
    numpy.ndarray
        A figure a class; NaN for a class of one cell.

    Examples
    --------
    The three classes of the example raster of landscapemetrics, as FRAGSTATS counts them.

    >>> aggregation_index([184, 234, 482], [271, 348, 781]).round(6).tolist()
    [0.797059, 0.796339, 0.848913]
    """
    count = np.asarray(cells, dtype=np.int64)
    most = (4 * count - least_sides(count)) / 2
    index: npt.NDArray[np.float64] = np.divide(like_joins, most, out=np.full(most.shape, np.nan), where=most > 0)
    return index


def contagion_index(cells: npt.ArrayLike, joins: npt.ArrayLike) -> float:
    """Compute the contagion of a raster, 0 to 1: how likely classes are to be found in large clumps.

    CONTAG = 1 + ΣΣ q ln q / (2 ln m), q = Pᵢ·gᵢₖ/Σₖgᵢₖ, where g counts each join twice (Li & Reynolds 1993; FRAGSTATS
    v4, CONTAG). NaN where there is but one class.

    Parameters
    ----------
    cells
        Cells of each class.
    joins
        Symmetric table: sides shared by cells of two classes, each counted once.

    Examples
    --------
    Two classes of which no cell knows the other: only ln 2 over 2 ln 2 is lost.

    >>> contagion_index([50, 50], [[40, 0], [0, 40]])
    0.5
    """
    count, table = np.asarray(cells, dtype=np.float64), np.array(joins, dtype=np.float64)
    if len(count) < 2:
        return float("nan")
    table += np.diag(np.diag(table))
    rows = table.sum(axis=1, keepdims=True)
    found = np.divide(table, rows, out=np.zeros_like(table), where=rows > 0) * (count / count.sum())[:, np.newaxis]
    return 1 - shannon_diversity(found) / (2 * float(np.log(len(count))))


def interspersion_index(edges: npt.ArrayLike) -> float:
    """Compute how evenly classes are beside each other, 0 to 1: IJI = -Σ (e/E) ln(e/E) / ln n over n pairs of classes.

    The pairs are the m(m - 1)/2 of a landscape of m classes, or the m - 1 of one class (McGarigal & Marks 1995;
    FRAGSTATS v4, IJI). NaN where there is but one pair, that is under three classes, or no edge.

    Parameters
    ----------
    edges
        Edge between the two classes of each pair, 0 where they are nowhere side by side.

    Examples
    --------
    >>> round(interspersion_index([2, 2, 2]), 9), interspersion_index([6, 0, 0])
    (1.0, 0.0)
    """
    values = np.asarray(edges, dtype=np.float64)
    if values.size < 2 or not values.any():
        return float("nan")
    return shannon_diversity(values) / float(np.log(values.size))


def _shares(amounts: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(amounts, dtype=np.float64)
    if not ((values >= 0) & (values < np.inf)).all():
        message = f"amounts: 0 or more of each class expected, found {some(values.ravel())}."
        raise ValueError(message)
    present = values[values > 0]
    shares: npt.NDArray[np.float64] = present / present.sum()
    return shares
