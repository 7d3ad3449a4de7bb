"""What shows where people live and work in each commune, and how much of it is there?

The first half of a dasymetric map (see :mod:`hp_sig.indicators.dasymetric`): buildings, built land or streets, the
best that is known of each commune, cut by commune and weighed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import require_lambert93
from hp_sig.indicators.polygons import Bools, Floats, Ints, Shapes, polygon_parts, require_polygons
from hp_sig.indicators.tabulation import sound_polygons
from hp_sig.parallel import shared
from hp_sig.reference.roads import streets as streets_of_homes

__all__ = ["KINDS", "METHODS", "Weights", "weights_of"]

#: What is spread by homes, and what by workplaces.
KINDS = ("residents", "jobs")
#: From the best to the last resort.
METHODS = ("buildings", "land_cover", "roads", "area")

#: Built land of OCS GE, and its uses: those to look for first, then those of editions that do not part them (US235).
BUILT_COVER = "CS1.1.1.1"
USES_OF = {"residents": (("US5",), ("US235",)), "jobs": (("US2", "US3", "US235"),)}
#: Use of the buildings that a kind of figure is spread by (:data:`hp_sig.layers.buildings.USES`).
BUILDING_USE = {"residents": "residential", "jobs": "activity"}
#: A street counts as a strip of this width, in metres, so that its area is its length: a limit that runs along it
#: parts it in two halves, and no metre is lost or counted twice.
STRIP_M = 1.0
#: Of each piece: its commune, the feature that it comes from, its polygon, and whether it is the whole feature.
Cut = tuple[Ints, Ints, Shapes, Bools]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Where the people and the jobs of each commune are taken to be.

    Parameters
    ----------
    communes
        Index `commune_code`; the communes.
    methods
        Index `commune_code`; columns `residents`, `jobs`: one of :data:`METHODS`.
    totals
        Index `commune_code`; columns `residents`, `jobs`: the weight of the whole commune, in dwellings, square metres
        of floor or of land, or metres of street, by its method.
    pieces
        Features cut by commune: `commune_code`; `residents`, `jobs`, weight a square metre (0 where another method is
        used); `geometry` (polygons, EPSG:2154). A commune whose method is `area` has none.
    """

    communes: gpd.GeoSeries
    methods: pd.DataFrame
    totals: pd.DataFrame
    pieces: gpd.GeoDataFrame


def weights_of(
    communes: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    buildings: gpd.GeoDataFrame | None = None,
    land_cover: gpd.GeoDataFrame | Sequence[tuple[str, gpd.GeoDataFrame]] | None = None,
    roads: gpd.GeoDataFrame | None = None,
) -> Weights:
    """Choose for each commune what its figures are spread by: the best of what is known there.

    - `buildings`: homes, by dwellings where they are counted (a home without a count has the commune's mean a square
      metre of floor), otherwise by footprint × floors (1 where unknown); jobs, buildings of activity, by footprint ×
      floors. Where no building of the commune has a known use, all of them. A commune of which no building lies wholly
      inside has none: those are what the file of a neighbour sticks out by.
    - `land_cover`: built land (CS1.1.1.1) of residential use (US5, otherwise US235), or of production and services
      (US2, US3, US235) for jobs; all built land where none has such a use.
    - `roads`: length of residential and living streets.
    - `area`: evenly.

    Parameters
    ----------
    communes
        Index `commune_code`, valid polygons in EPSG:2154 that do not overlap; `departement_code` where the land cover
        comes by département (otherwise the start of the code).
    buildings
        From :func:`hp_sig.layers.buildings.read_buildings`: `use`, `dwelling_count`, `floor_count`.
    land_cover
        A state, from :func:`hp_sig.layers.land_cover.read_land_cover`, for all communes; or pairs of a département and
        its state: each commune is measured with the file of its own.
    roads
        Lines with `road_class`, in EPSG:2154.

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154, the communes are not valid polygons with unique codes, or a column is absent.

    Examples
    --------
    Two communes of 100 ha; the first has two houses, of 3 dwellings and of 1.

    >>> from shapely import box
    >>> communes = gpd.GeoDataFrame(
    ...     geometry=[box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)],
    ...     index=pd.Index(["04001", "04002"], name="commune_code"),
    ...     crs=2154,
    ... )
    >>> buildings = gpd.GeoDataFrame(
    ...     {"use": "residential", "dwelling_count": [3.0, 1.0], "floor_count": [2.0, 1.0]},
    ...     geometry=[box(100, 100, 110, 110), box(900, 100, 910, 110)],
    ...     crs=2154,
    ... )
    >>> weights = weights_of(communes, buildings=buildings)
    >>> weights.methods.to_dict("index")
    {'04001': {'residents': 'buildings', 'jobs': 'area'}, '04002': {'residents': 'area', 'jobs': 'area'}}
    >>> weights.totals["residents"].to_dict()
    {'04001': 4.0, '04002': 1000000.0}
    """
    shapes = require_polygons(communes, "communes")
    index = communes.index
    sources: list[tuple[str, Callable[[Ints], gpd.GeoDataFrame]]] = []
    if buildings is not None:
        _require_columns(buildings, "buildings", ("use", "dwelling_count", "floor_count"))
        known = buildings
        sources.append(("buildings", lambda left: _by_buildings(shapes, left, known)))
    if land_cover is not None:
        states = _by_departement(communes, land_cover)
        sources.append(("land_cover", lambda left: _by_land_cover(shapes, left, states)))
    if roads is not None:
        _require_columns(roads, "roads", ("road_class",))
        streets = roads[roads["road_class"].isin(streets_of_homes())]
        sources.append(("roads", lambda left: _by_streets(shapes, left, streets)))
    methods = {kind: np.full(len(shapes), METHODS[-1], dtype=object) for kind in KINDS}
    totals = {kind: shapely.area(shapes) for kind in KINDS}
    kept = [_pieces(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=object), {kind: np.zeros(0) for kind in KINDS})]
    for method, pieces_in in sources:
        left = np.flatnonzero(np.any([methods[kind] == METHODS[-1] for kind in KINDS], axis=0))
        pieces = pieces_in(left)
        commune, area = pieces["commune"].to_numpy(), pieces.area.to_numpy()
        for kind in KINDS:
            weight = np.bincount(commune, weights=area * pieces[kind], minlength=len(shapes))
            taken = (methods[kind] == METHODS[-1]) & (weight > 0)
            methods[kind][taken], totals[kind][taken] = method, weight[taken]
            pieces[kind] = np.where(taken[commune], pieces[kind], 0.0)
        kept.append(pieces[(pieces[list(KINDS)] > 0).any(axis="columns")])
    together = pd.concat(kept, ignore_index=True)
    together.insert(0, "commune_code", index.to_numpy()[together.pop("commune")])
    return Weights(
        communes=gpd.GeoSeries(shapes, index=index, crs=communes.crs),
        methods=pd.DataFrame(methods, index=index, dtype="str"),
        totals=pd.DataFrame(totals, index=index),
        pieces=together,
    )


def _by_buildings(communes: Shapes, left: Ints, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes: Shapes = buildings.geometry.to_numpy()
    commune, feature, parts, is_whole = _cut(communes, left, shapes)
    has_own = np.bincount(commune, weights=is_whole, minlength=len(communes)) > 0
    area, count = shapely.area(parts), len(communes)
    use = buildings["use"].to_numpy()[feature]
    floors = np.fmax(buildings["floor_count"].to_numpy(dtype="float64"), 1.0)[feature]
    # Of the part that lies in the commune.
    dwellings = buildings["dwelling_count"].to_numpy(dtype="float64")[feature] * area / shapely.area(shapes)[feature]
    is_counted = ~np.isnan(dwellings)
    no_use_known = np.bincount(commune, weights=use != "unknown", minlength=count) == 0
    # A building lived in is one of residential use, or with dwellings over its shops.
    is_home = (use == BUILDING_USE["residents"]) | (dwellings > 0)
    counted = is_home & is_counted
    homes = np.bincount(commune[counted], weights=dwellings[counted], minlength=count)
    floor = np.bincount(commune[counted], weights=(area * floors)[counted], minlength=count)
    mean = np.divide(homes, floor, out=np.zeros(count), where=floor > 0)[commune]
    density = {
        kind: np.where(_first_found(commune, (use == BUILDING_USE[kind], no_use_known[commune]), count), floors, 0.0)
        for kind in KINDS
    }
    by_dwellings = np.where(is_counted, np.nan_to_num(dwellings) / area, floors * mean)
    density["residents"] = np.where(homes[commune] > 0, np.where(is_home, by_dwellings, 0.0), density["residents"])
    return _pieces(commune, parts, {kind: density[kind] * has_own[commune] for kind in KINDS})


def _by_land_cover(communes: Shapes, left: Ints, states: Sequence[tuple[Bools, gpd.GeoDataFrame]]) -> gpd.GeoDataFrame:
    found = []
    for is_own, state in states:
        built = state[state["cover_code"] == BUILT_COVER]
        shapes, _ = sound_polygons(built)
        commune, feature, parts, _ = _cut(communes, left[is_own[left]], shapes)
        use = built["use_code"].to_numpy()[feature] if "use_code" in built.columns else np.full(len(feature), None)
        every = np.ones(len(feature), dtype=np.bool_)
        density = {
            kind: _first_found(commune, (*(np.isin(use, uses) for uses in USES_OF[kind]), every), len(communes))
            for kind in KINDS
        }
        found.append(_pieces(commune, parts, {kind: chosen.astype("float64") for kind, chosen in density.items()}))
    return pd.concat(found, ignore_index=True)


def _by_streets(communes: Shapes, left: Ints, streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    points, line = shapely.get_coordinates(shapely.get_parts(streets.geometry.to_numpy()), return_index=True)
    start, end = points[:-1], points[1:]
    length = np.hypot(*(end - start).T)
    along = (line[1:] == line[:-1]) & (length > 0)
    start, end, length = start[along], end[along], length[along]
    beside = (end - start)[:, ::-1] * [-1.0, 1.0] * (STRIP_M / 2 / length)[:, np.newaxis]
    strips = shapely.polygons(np.stack([start + beside, start - beside, end - beside, end + beside], axis=1))
    commune, _, parts, _ = _cut(communes, left, np.asarray(strips))
    return _pieces(commune, parts, dict.fromkeys(KINDS, np.full(len(parts), 1 / STRIP_M)))


def _cut(communes: Shapes, left: Ints, features: Shapes) -> Cut:
    """Cut features by those of the communes that are left; what lies wholly in one is left as it is."""
    tree = shapely.STRtree(features)
    holder, held = tree.query(communes[left], predicate="covers")
    commune, feature = tree.query(communes[left], predicate="intersects")
    is_cut = ~np.isin(commune * len(features) + feature, holder * len(features) + held)
    commune, feature = commune[is_cut], feature[is_cut]
    parts, owner = polygon_parts(shared(shapely.intersection, features[feature], communes[left][commune]))
    whole = np.arange(len(held) + len(owner)) < len(held)
    pieces = np.append(features[held], parts)
    return left[np.append(holder, commune[owner])], np.append(held, feature[owner]), pieces, whole


def _first_found(commune: Ints, choices: Sequence[Bools], count: int) -> Bools:
    """Take in each commune the pieces of the first choice of which it has any."""
    chosen = np.zeros(len(commune), dtype=np.bool_)
    settled = np.zeros(count, dtype=np.bool_)
    for choice in choices:
        chosen |= choice & ~settled[commune]
        settled |= np.bincount(commune, weights=choice, minlength=count) > 0
    return chosen


def _pieces(commune: Ints, parts: Shapes, density: dict[str, Floats]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"commune": commune, **density}, geometry=gpd.GeoSeries(parts, crs=2154))


def _by_departement(
    communes: gpd.GeoDataFrame | gpd.GeoSeries, land_cover: gpd.GeoDataFrame | Sequence[tuple[str, gpd.GeoDataFrame]]
) -> list[tuple[Bools, gpd.GeoDataFrame]]:
    """Say which communes each state of land cover is for."""
    if isinstance(land_cover, gpd.GeoDataFrame):
        _require_columns(land_cover, "land_cover", ("cover_code",))
        return [(np.ones(len(communes), dtype=np.bool_), land_cover)]
    twice = [code for code, _ in land_cover if [one for one, _ in land_cover].count(code) > 1]
    if twice:
        message = f"land_cover: one state a département expected, found several for {sorted(set(twice))!r}."
        raise ValueError(message)
    codes = communes.index.str[:2].to_numpy()
    if isinstance(communes, gpd.GeoDataFrame) and "departement_code" in communes.columns:
        codes = communes["departement_code"].to_numpy()
    for code, state in land_cover:
        _require_columns(state, f"land_cover of {code}", ("cover_code",))
    return [(np.asarray(codes == code), state) for code, state in land_cover]


def _require_columns(layer: gpd.GeoDataFrame, name: str, needed: Sequence[str]) -> None:
    require_lambert93(layer, name)
    absent = [column for column in needed if column not in layer.columns]
    if absent:
        message = (
            f"{name}: columns {absent!r} expected, found {list(layer.columns)!r}. Read it with a reader of hp_sig."
        )
        raise ValueError(message)
