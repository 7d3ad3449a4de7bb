"""What do the thresholds of the decree change in what the matrix cover × use calls artificialised?

Annex to art. R. 101-1 du code de l'urbanisme (décret 2023-1096): built land counts from 50 m², everything else from
2 500 m², linear infrastructure from a width of 5 m. The annex does not say what becomes of land under a threshold. The
three cases below are those that the State's service explains to its users (Mon Diagnostic Artificialisation,
MTES-MCT/sparte, `SeuilsSchemas.tsx`); their order, the edges and the width are our reading. IGN's own method
(Doc_artif.pdf) was not at hand, and its users report a last step, « forçage des surfaces adjacentes au bâti », that is
not done here: this is an approximation of IGN's artificialisation layer, never the official figure.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.indicators.contiguity import MIN_EDGE_M, REACH_M, contiguous_patches, shared_edges
from hp_sig.indicators.polygons import Bools, Floats, Ints, Shapes
from hp_sig.indicators.stock import is_artificialised
from hp_sig.indicators.tabulation import sound_polygons, tabulate_area
from hp_sig.parallel import shared

__all__ = [
    "BUILDING_M2",
    "LINEAR_WIDTH_M",
    "SURFACE_M2",
    "THRESHOLD_CASES",
    "apply_thresholds",
    "compare_with_official",
]

#: Category 1 of the annex, built land: « supérieur ou égal à 50 m² d'emprise au sol ».
BUILDING_M2 = 50.0
#: Categories 2 to 10: « supérieur ou égal à 2 500 m² d'emprise au sol ou de terrain ».
SURFACE_M2 = 2_500.0
#: Note (*) of the annex: linear infrastructure is qualified from a width of five metres.
LINEAR_WIDTH_M = 5.0
#: Cover of category 1, « zones bâties ».
BUILT_COVER = "CS1.1.1.1"
#: Beginning of the uses that are networks: road, rail, air, water, others (OCS GE, US4.1.1 to US4.1.5).
LINEAR_USES = "US4.1."
#: Why a polygon is not what the matrix says, or, for a building, why it still is; "" for all others.
THRESHOLD_CASES = (
    "",
    "small_enclosed_non_artificialised",
    "small_enclosed_artificialised",
    "building_kept",
    "narrow_linear",
)
#: An area or a width is measured to a square centimetre, or a centimetre: less is noise of the coordinates.
AREA_NOISE_M2, WIDTH_NOISE_M = 1e-4, 0.01
#: A piece of network is narrow where less than this share of it is as wide as it should be.
WIDE_SHARE = 0.5

#: Which polygons share an edge, and the metres of each at the edge of the data.
Edges = tuple[Ints, Ints, Floats]


def apply_thresholds(land_cover: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Say which polygons are artificialised once the thresholds of the decree are applied to the matrix cover × use.

    In this order, each rule on what the one before left:

    1. `narrow_linear`: land of a transport network (uses US4.1.1 to US4.1.5, buildings aside) that is not 5 m wide is
       not artificialised. Artificialised land beside it counts in the width: a verge widens its road, a garden a
       street. A polygon is judged as a whole, by where most of its land lies.
    2. `small_enclosed_artificialised` (case 2): a patch of artificialised land of less than 2 500 m² enclosed in land
       that is not becomes not artificialised,
    3. `building_kept` (case 3): but for its buildings (CS1.1.1.1) of 50 m² or more, adjoining ones together.
    4. `small_enclosed_non_artificialised` (case 1): a patch of land not artificialised of less than 2 500 m² enclosed
       in land that is becomes artificialised.

    Parameters
    ----------
    land_cover
        A state (`cover_code`, `use_code`), in EPSG:2154; its column `artificialised`, if it is the official layer, is
        kept under the name `artificialised_official`.

    Returns
    -------
    geopandas.GeoDataFrame
        The same rows with `artificialised` (bool, after the thresholds), `artificialised_matrix` (bool, before) and
        `threshold_case` (:data:`THRESHOLD_CASES`). `attrs["edge_patch_count"]`: small patches that reach the edge of
        the data, or a hole in it, and so cannot be judged: left as the matrix says. `attrs["repaired_count"]`: invalid
        polygons that were repaired on the way (the geometry given back is the one received).

    Raises
    ------
    ValueError
        As :func:`hp_sig.indicators.stock.is_artificialised` and :func:`hp_sig.indicators.tabulation.tabulate_area` do.

    Notes
    -----
    A patch is made of polygons that share an edge of half a metre or more, slivers of 10 cm being no separation
    (:mod:`hp_sig.indicators.contiguity`); a corner joins nothing.

    The order decides of nested patches. Artificialised land is judged first, and by its own size: a pond of 1 000 m² in
    a yard of 2 000 m² in the fields does not make the yard large enough, the fields have both. A garden of 1 000 m² in
    a meadow of 2 000 m² in the town makes a meadow of 3 000 m², which the town then leaves; in a meadow of 1 000 m²,
    both are the town's. One pass is enough: what case 1 gives joins land that is already artificialised.

    Examples
    --------
    In a field of 1 ha, a house of 100 m² in a lawn of 800 m²: the house stays, the lawn is the field's.

    >>> from shapely import box
    >>> field, lawn, house = box(0, 0, 100, 100), box(30, 30, 60, 60), box(40, 40, 50, 50)
    >>> land = gpd.GeoDataFrame(
    ...     {"cover_code": ["CS2.2.2", "CS2.2.1", "CS1.1.1.1"], "use_code": ["US1.1", "US5", "US5"]},
    ...     geometry=[field - lawn, lawn - house, house],
    ...     crs=2154,
    ... )
    >>> apply_thresholds(land)[["artificialised", "threshold_case"]].values.tolist()
    [[False, ''], [False, 'small_enclosed_artificialised'], [True, 'building_kept']]
    """
    matrix = is_artificialised(land_cover, method="matrix").to_numpy()
    shapes, repaired = sound_polygons(land_cover)
    area: Floats = shapely.area(shapes)
    built = (land_cover["cover_code"] == BUILT_COVER).to_numpy(dtype=np.bool_)
    linear = np.flatnonzero(
        matrix & ~built & land_cover["use_code"].str.startswith(LINEAR_USES).to_numpy(dtype=np.bool_)
    )
    thin = linear[_not_wide(shapes[linear])]
    narrow = np.zeros(len(shapes), dtype=np.bool_)
    narrow[thin] = _stay_narrow(shapes[thin], shapes[matrix])
    edges = shared_edges(shapes, np.flatnonzero((area > 0) & (area < SURFACE_M2)))

    status = matrix & ~narrow
    small, at_edge = _small_patches(status, area, edges)
    buildings = small & built
    lot = contiguous_patches(buildings, *edges[:2])
    kept = buildings & (np.bincount(lot, weights=area)[lot] >= BUILDING_M2 - AREA_NOISE_M2)
    status = status & ~(small & ~kept)
    enclosed, at_edge_too = _small_patches(~status, area, edges)
    status = status | enclosed

    case = np.select([kept, matrix & ~status & narrow, matrix & ~status, ~matrix & status], _CASES_IN_TURN, "")
    names = {"artificialised": "artificialised_official"} if "artificialised_matrix" not in land_cover.columns else {}
    marked = land_cover.rename(columns=names).assign(
        artificialised=status, artificialised_matrix=matrix, threshold_case=pd.array(case, dtype="str")
    )
    marked.attrs["edge_patch_count"] = at_edge + at_edge_too
    marked.attrs["repaired_count"] = len(repaired)
    return marked


_CASES_IN_TURN = [THRESHOLD_CASES[rank] for rank in (3, 4, 2, 1)]


def compare_with_official(zones: gpd.GeoDataFrame | gpd.GeoSeries, land_cover: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure how far the matrix, and the thresholds as we apply them, are from the official layer, in hectares.

    Gap = ours - official: above 0, we call more land artificialised than IGN does.

    Parameters
    ----------
    zones
        Valid polygons in EPSG:2154, each with its own code as index.
    land_cover
        The official artificialisation state, or what :func:`apply_thresholds` makes of it.

    Returns
    -------
    pandas.DataFrame
        On the index of `zones`: `artificialised_official_ha`, `artificialised_matrix_ha`,
        `artificialised_thresholds_ha`, `matrix_gap_ha`, `thresholds_gap_ha`; `matrix_gap_share` and
        `thresholds_gap_share`, of the official area (NaN where it is 0). NaN where there is no land cover at all.

    Raises
    ------
    ValueError
        If the land cover has no official status, or not for every polygon; otherwise as :func:`apply_thresholds`.

    Notes
    -----
    A gap of 0 may hide land that is taken on one side and left on another: look at the polygons too.

    Examples
    --------
    The house and its lawn of :func:`apply_thresholds`, where IGN would keep both: 100 m² of 900.

    >>> from shapely import box
    >>> field, lawn, house = box(0, 0, 100, 100), box(30, 30, 60, 60), box(40, 40, 50, 50)
    >>> official = gpd.GeoDataFrame(
    ...     {
    ...         "cover_code": ["CS2.2.2", "CS2.2.1", "CS1.1.1.1"],
    ...         "use_code": ["US1.1", "US5", "US5"],
    ...         "artificialised": [False, True, True],
    ...     },
    ...     geometry=[field - lawn, lawn - house, house],
    ...     crs=2154,
    ... )
    >>> table = compare_with_official(gpd.GeoSeries([field], index=["A"], crs=2154), official)
    >>> table[["artificialised_official_ha", "thresholds_gap_ha"]].round(6).to_dict("index")
    {'A': {'artificialised_official_ha': 0.09, 'thresholds_gap_ha': -0.08}}
    """
    marked = land_cover if "artificialised_matrix" in land_cover.columns else apply_thresholds(land_cover)
    names = {"official": "artificialised_official", "matrix": "artificialised_matrix", "thresholds": "artificialised"}
    if names["official"] not in marked.columns:
        message = (
            "land_cover: the official status of each polygon expected (column 'artificialised'), found "
            f"{[str(column) for column in land_cover.columns]!r}. Read IGN's artificialisation layer."
        )
        raise ValueError(message)
    unknown = marked[names["official"]].isna()
    if unknown.any():
        message = (
            f"land_cover: an official status expected for each polygon, {int(unknown.sum())} have none. Drop them, or "
            "correct the file."
        )
        raise ValueError(message)
    table = tabulate_area(zones, marked, by=list(names.values()))
    covered = table.sum(axis="columns") > 0
    gaps = pd.DataFrame(index=table.index)
    for name, column in names.items():
        chosen = table.columns.get_level_values(column).isin([True])
        gaps[f"artificialised_{name}_ha"] = table.loc[:, chosen].sum(axis="columns").where(covered)
    official = gaps["artificialised_official_ha"]
    for name in ("matrix", "thresholds"):
        gaps[f"{name}_gap_ha"] = gaps[f"artificialised_{name}_ha"] - official
    for name in ("matrix", "thresholds"):
        gaps[f"{name}_gap_share"] = (gaps[f"{name}_gap_ha"] / official).where(official > 0)
    return gaps


def _small_patches(members: Bools, area: Floats, edges: Edges) -> tuple[Bools, int]:
    """Find the polygons of patches under 2 500 m² that are enclosed, and count the patches that cannot be judged.

    The edges of large polygons are not known, and need not be: with one of them a patch is large.
    """
    first, second, open_m = edges
    patch = contiguous_patches(members, first, second)
    small = members & (area > 0) & (np.bincount(patch, weights=area)[patch] < SURFACE_M2 - AREA_NOISE_M2)
    reaches_edge = (np.bincount(patch, weights=open_m) >= MIN_EDGE_M)[patch]
    return small & ~reaches_edge, len(np.unique(patch[small & reaches_edge]))


def _not_wide(shapes: Shapes) -> Bools:
    """Say which polygons are, by themselves, mostly less than 5 m wide."""
    # Land less than 5 m wide has a metre of outline for 2.5 m² at most. Where most of a polygon is that narrow, it
    # has a metre for 5 m²; no others need the look.
    narrow: Bools = shapely.area(shapes) <= LINEAR_WIDTH_M * shapely.length(shapes)
    narrow[narrow] = shared(_narrow, shapes[narrow], shapes[narrow])
    return narrow


def _stay_narrow(shapes: Shapes, artificialised: Shapes) -> Bools:
    """Say which narrow polygons stay so together with the artificialised land around them, themselves included."""
    # What is 5 m wide and holds some of a polygon lies within 5 m of it, however many polygons it is cut into.
    owner, near = shapely.STRtree(artificialised).query(shapes, predicate="dwithin", distance=LINEAR_WIDTH_M)
    boxes = shapely.bounds(shapes) + LINEAR_WIDTH_M * np.array([-1, -1, 1, 1])
    pieces = [shapely.clip_by_rect(artificialised[j], *boxes[i]) for i, j in zip(owner, near, strict=True)]
    together = shapely.geometrycollections(np.array(pieces, dtype=object), indices=owner)
    narrow: Bools = shared(_narrow, shapes, np.asarray(together))
    return narrow


def _narrow(shapes: Shapes, together: Shapes) -> Bools:
    """Say which polygons lie mostly in land less than 5 m wide: what erosion, then dilation, does not give back."""
    reach, gap = LINEAR_WIDTH_M / 2, REACH_M / 2
    closed = shapely.buffer(together, gap, join_style="mitre")
    wide = shapely.buffer(shapely.buffer(closed, WIDTH_NOISE_M / 2 - reach - gap), reach)
    narrow: Bools = shapely.area(shapely.intersection(wide, shapes)) < WIDE_SHARE * shapely.area(shapes)
    return narrow
