"""How dispersed is what is built, and how much does a territory sprawl?

Weighted Urban Proliferation (WUP) of Jaeger & Schwick, “Improving the measurement of urban sprawl: Weighted Urban
Proliferation (WUP) and its application to Switzerland”, Ecological Indicators 38 (2014), 294-308: how much is built,
how far apart, and how much land each inhabitant or job takes. It is defined on cells; `built_raster` makes them.
"""

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hp_sig.indicators.polygons import polygon_parts, require_polygons

__all__ = [
    "HORIZON_M",
    "UrbanProliferation",
    "built_raster",
    "cell_dispersion",
    "dispersion_weight",
    "uptake_weight",
    "weighted_urban_proliferation",
    "within_cell_contribution",
]

#: Horizon of perception of the published figures, in metres (Jaeger & Schwick 2014; EEA, Urban Sprawl Europe).
HORIZON_M = 2000.0
#: Rows of cells handled at once, beside those in reach: it bounds the memory and changes no figure.
STRIP_ROWS = 256

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class UrbanProliferation:
    """Hold the sprawl of a territory and what it is made of (Jaeger & Schwick 2014).

    UPU are “urban permeation units”. What is undefined is NaN.
    """

    #: DIS: how far apart built cells are seen to be, in UPU per m² of built land.
    dispersion_upu_per_m2: float
    #: PBA: share of the territory that is built, 0 to 1.
    built_share: float
    #: UP = PBA·DIS: urban permeation, in UPU per m² of territory.
    permeation_upu_per_m2: float
    #: LUP: built land for each inhabitant or job, in m².
    uptake_m2_per_person: float
    #: w₁(DIS), from 0.5 to 1.5.
    dispersion_weight: float
    #: w₂(LUP), from 0 to 0.985.
    uptake_weight: float
    #: WUP = UP·w₁·w₂, in UPU per m² of territory.
    proliferation_upu_per_m2: float


def weighted_urban_proliferation(
    built: npt.ArrayLike,
    *,
    cell_size_m: float,
    inhabitants_and_jobs: float,
    horizon_m: float = HORIZON_M,
    within: npt.ArrayLike | None = None,
    dispersion: Floats | None = None,
) -> UrbanProliferation:
    """Measure the urban sprawl of a territory, in UPU per m² of territory.

    WUP = UP·w₁(DIS)·w₂(LUP), where UP = PBA·DIS, DIS is the mean of :func:`cell_dispersion` over the built cells of
    the territory, PBA their share of it and LUP their area in m² over inhabitants and jobs (Jaeger & Schwick 2014).

    Parameters
    ----------
    built
        Raster, true where a cell is built. It should reach `horizon_m` beyond the territory: a cell is seen from the
        other side of the limit too.
    cell_size_m
        Side of a cell, in metres.
    inhabitants_and_jobs
        Of the territory. Where it is NaN or 0, LUP, w₂ and WUP are undefined.
    horizon_m
        How far one sees, in metres.
    within
        Cells of the territory; all of them by default.
    dispersion
        What :func:`cell_dispersion` gives for `built`, where several territories share one raster: it is then computed
        once, and `horizon_m` is its own.

    Raises
    ------
    ValueError
        If a raster is not made of true and false, the two have not the same shape, the territory has no cell, or a
        length or a number is out of range.

    Notes
    -----
    Where nothing is built there is no dispersion, and the proliferation is 0. Built-up areas of the paper are those
    of buildings; with all artificialised land, roads included, figures are larger and comparable only among
    themselves. Figures of two cell sizes agree roughly, not exactly.

    Examples
    --------
    Two cells of 15 m side by side in a territory of eight, 9 people: 50 m² each, hence hardly any sprawl.

    >>> record = weighted_urban_proliferation([[1, 1, 0, 0], [0, 0, 0, 0]], cell_size_m=15, inhabitants_and_jobs=9)
    >>> round(record.dispersion_upu_per_m2, 7), record.built_share, record.uptake_m2_per_person
    (3.7644062, 0.25, 50.0)
    """
    cells = _cells(built, "built")
    territory = np.ones_like(cells) if within is None else _cells(within, "within")
    if territory.shape != cells.shape or not territory.any():
        message = (
            f"within: cells of the territory expected in a raster of {cells.shape}, found {int(territory.sum())} in "
            f"one of {territory.shape}."
        )
        raise ValueError(message)
    if inhabitants_and_jobs < 0 or math.isinf(inhabitants_and_jobs):
        message = f"inhabitants_and_jobs: 0 or more expected, found {inhabitants_and_jobs!r}."
        raise ValueError(message)
    seen = cells & territory
    share = float(seen.sum() / territory.sum())
    if dispersion is None:
        dispersion = cell_dispersion(cells, cell_size_m=cell_size_m, horizon_m=horizon_m)
    elif dispersion.shape != cells.shape:
        message = f"dispersion: that of a raster of {cells.shape} expected, found one of {dispersion.shape}."
        raise ValueError(message)
    each = dispersion[seen]
    if not len(each):
        nan = math.nan
        return UrbanProliferation(
            dispersion_upu_per_m2=nan,
            built_share=0.0,
            permeation_upu_per_m2=0.0,
            uptake_m2_per_person=0.0 if inhabitants_and_jobs > 0 else nan,
            dispersion_weight=nan,
            uptake_weight=0.0 if inhabitants_and_jobs > 0 else nan,
            proliferation_upu_per_m2=0.0,
        )
    mean = float(each.mean())
    people = inhabitants_and_jobs if inhabitants_and_jobs > 0 else math.nan
    uptake = len(each) * cell_size_m**2 / people
    by_dispersion, by_uptake = dispersion_weight(mean), uptake_weight(uptake)
    return UrbanProliferation(
        dispersion_upu_per_m2=mean,
        built_share=share,
        permeation_upu_per_m2=share * mean,
        uptake_m2_per_person=uptake,
        dispersion_weight=by_dispersion,
        uptake_weight=by_uptake,
        proliferation_upu_per_m2=share * mean * by_dispersion * by_uptake,
    )


def cell_dispersion(built: npt.ArrayLike, *, cell_size_m: float, horizon_m: float = HORIZON_M) -> Floats:
    """Measure how far apart the land built around each built cell is, in UPU per m² of built land.

    sᵢ = (Σⱼ (√(2·dᵢⱼ + 1) - 1) + WCC(b)) / nᵢ over the nᵢ built cells within the horizon, the cell itself among
    them: its own share of the sum is not 0 but WCC(b), :func:`within_cell_contribution`. Distances are between
    centres, in metres; a cell at the horizon itself is seen.

    Parameters
    ----------
    built
        Raster, true where a cell is built; beyond its edges nothing is.
    cell_size_m
        Side b of a cell, in metres.
    horizon_m
        How far one sees, in metres.

    Returns
    -------
    numpy.ndarray
        On the cells of `built`; NaN where nothing is built. Their mean is DIS.

    Raises
    ------
    ValueError
        If the raster is not made of true and false, or a length is not more than 0.

    Examples
    --------
    One alone sees only itself; two of 15 m side by side: (√31 - 1 + 2.9610481) / 2.

    >>> cell_dispersion([[1, 0, 0]], cell_size_m=15).round(7).tolist()
    [[2.9610481, nan, nan]]
    >>> cell_dispersion([[1, 1, 0]], cell_size_m=15).round(7).tolist()
    [[3.7644062, 3.7644062, nan]]
    """
    from scipy.signal import fftconvolve  # noqa: PLC0415

    cells = _cells(built, "built")
    own = within_cell_contribution(cell_size_m)
    if not 0 < horizon_m < math.inf:
        message = f"horizon_m: a distance of more than 0 m expected, found {horizon_m!r}."
        raise ValueError(message)
    # One who sees farther than the raster reaches sees no more.
    reach = min(int(horizon_m / cell_size_m + 1e-9), max(cells.shape))
    offset = np.arange(-reach, reach + 1, dtype=np.float64)
    distance = cell_size_m * np.hypot(offset[:, np.newaxis], offset)
    seen = distance <= horizon_m * (1 + 1e-12)
    # The real part sums what cells bring, the imaginary part counts them: one transform does both.
    kernel = np.where(seen, np.sqrt(2 * distance + 1) - 1 + 1j, 0)
    padded = np.pad(cells, reach)
    dispersion: Floats = np.full(cells.shape, np.nan)
    rows = max(STRIP_ROWS, 2 * reach)
    for top in range(0, len(cells), rows):
        here = cells[top : top + rows]
        if here.any():
            strip = padded[top : top + len(here) + 2 * reach].astype(np.complex128)
            sums = fftconvolve(strip, kernel, mode="valid")[here]
            dispersion[top : top + rows][here] = (np.maximum(sums.real, 0) + own) / np.rint(sums.imag)
    return dispersion


def within_cell_contribution(cell_size_m: float) -> float:
    """Compute WCC(b) = √(0.97428·b + 1.046) - 0.996249, what a cell of b metres brings to itself, in UPU per m².

    It stands for the mean of √(2d + 1) - 1 between two points of one cell (Jaeger & Schwick 2014).

    Raises
    ------
    ValueError
        If the side of the cell is not more than 0.

    Examples
    --------
    >>> [round(within_cell_contribution(b), 7) for b in (10, 15, 25)]
    [2.2883819, 2.9610481, 4.0438899]
    """
    if not 0 < cell_size_m < math.inf:
        message = f"cell_size_m: the side of a cell, more than 0 m, expected; found {cell_size_m!r}."
        raise ValueError(message)
    return math.sqrt(0.97428 * cell_size_m + 1.046) - 0.996249


def dispersion_weight(dispersion_upu_per_m2: float) -> float:
    """Compute w₁(DIS) = 0.5 + e^(0.294432·DIS - 12.955) / (1 + e^(0.294432·DIS - 12.955)), without unit.

    From 0.5 (compact) to 1.5 (dispersed); 1 at DIS = 44.

    Examples
    --------
    >>> round(dispersion_weight(0), 5), round(dispersion_weight(44), 4), round(dispersion_weight(1000), 5)
    (0.5, 1.0, 1.5)
    """
    return 0.5 + _logistic(0.294432 * dispersion_upu_per_m2 - 12.955)


def uptake_weight(uptake_m2_per_person: float) -> float:
    """Compute w₂(LUP) = e^(4.159 - 613.125/LUP) / (1 + e^(4.159 - 613.125/LUP)), without unit.

    From 0 (dense) to 0.985, its limit; 0.12 at 100 m², 0.5 at 147 m², 0.85 at 250 m² each.

    Examples
    --------
    >>> [round(uptake_weight(uptake), 2) for uptake in (0, 100, 147.42, 250)]
    [0.0, 0.12, 0.5, 0.85]
    """
    if uptake_m2_per_person == 0:
        return 0.0
    return _logistic(4.159 - 613.125 / uptake_m2_per_person)


def built_raster(
    built: gpd.GeoDataFrame | gpd.GeoSeries, bounds: tuple[float, float, float, float], *, cell_size_m: float
) -> Bools:
    """Turn built land, or a territory, into cells: true where the centre of the cell is in a polygon.

    Parameters
    ----------
    built
        Valid polygons in EPSG:2154; they may overlap.
    bounds
        West, south, east, north, in metres. The first cell touches the western and northern ones; the last column
        and row cross the two others where the extent is no whole number of cells.
    cell_size_m
        Side of a cell, in metres.

    Returns
    -------
    numpy.ndarray
        Of bool; the first row is the northernmost, the first column the westernmost, as in a GeoTIFF. A centre on
        the limit of two polygons belongs to one of them and only one.

    Raises
    ------
    ValueError
        If the layer is not in EPSG:2154 or holds anything but valid polygons, or the bounds are not in order.

    Examples
    --------
    >>> from shapely import box
    >>> land = gpd.GeoSeries([box(0, 0, 10, 30)], crs=2154)
    >>> built_raster(land, (0, 0, 20, 40), cell_size_m=10).astype(int).tolist()
    [[0, 0], [1, 0], [1, 0], [1, 0]]
    """
    west, south, east, north = bounds
    if not (0 < cell_size_m < math.inf and 0 < east - west < math.inf and 0 < north - south < math.inf):
        message = (
            f"bounds: west, south, east, north and a cell of more than 0 m expected; found {bounds!r}, {cell_size_m!r}."
        )
        raise ValueError(message)
    parts, _ = polygon_parts(require_polygons(gpd.GeoSeries(built.geometry.to_numpy(), crs=built.crs), "built"))
    height, width = math.ceil((north - south) / cell_size_m - 1e-9), math.ceil((east - west) / cell_size_m - 1e-9)
    # In rows and columns, where whole numbers are the centres. Each ring runs with its land on its left.
    points, ring = shapely.get_coordinates(shapely.get_rings(shapely.orient_polygons(parts)), return_index=True)
    column, row = (points[:, 0] - west) / cell_size_m - 0.5, (north - points[:, 1]) / cell_size_m - 0.5
    along = ring[1:] == ring[:-1]
    start, end = np.stack([column[:-1], row[:-1]])[:, along], np.stack([column[1:], row[1:]])[:, along]
    low, high = np.minimum(start[1], end[1]), np.maximum(start[1], end[1])
    first = np.clip(np.ceil(low), 0, height).astype(np.intp)
    count = np.clip(np.ceil(high), 0, height).astype(np.intp) - first
    side = np.repeat(np.arange(len(count)), count)
    crossed = np.arange(len(side)) - np.repeat(np.cumsum(count) - count, count) + first[side]
    slope = (end[0, side] - start[0, side]) / (end[1, side] - start[1, side])
    # Two polygons run along their shared side in opposite ways: it is followed from one end, so that both agree where
    # it passes, to the last digit.
    upper = np.where(start[1] < end[1], start, end)
    at = np.clip(np.ceil(upper[0, side] + (crossed - upper[1, side]) * slope), 0, width).astype(np.intp)
    # Southwards land begins, northwards it ends: the running sum counts the polygons over each centre.
    turn = np.where(end[1, side] > start[1, side], 1.0, -1.0)
    turns = np.bincount(crossed * (width + 1) + at, weights=turn, minlength=height * (width + 1))
    over: Bools = np.cumsum(turns.reshape(height, width + 1), axis=1)[:, :width] > 0.5
    return over


def _cells(raster: npt.ArrayLike, name: str) -> Bools:
    values = np.asarray(raster)
    if values.ndim != 2 or not values.size or not np.isin(values, (0, 1)).all():
        message = f"{name}: a raster of true and false cells expected, found {values.dtype} of shape {values.shape}."
        raise ValueError(message)
    return values.astype(np.bool_)


def _logistic(exponent: float) -> float:
    """Compute eˣ/(1+eˣ) without ever raising e to a large power."""
    if exponent > 0:
        return 1 / (1 + math.exp(-exponent))
    return math.exp(exponent) / (1 + math.exp(exponent))
