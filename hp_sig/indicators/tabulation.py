"""How many hectares of each class of land does each zone hold?

For any zones and any land cover; the measuring itself is in `zonal`.
"""

import logging
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA, require_lambert93
from hp_sig.indicators.polygons import Ints, Shapes, require_polygons
from hp_sig.indicators.zonal import areas_within
from hp_sig.parallel import are_valid
from hp_sig.seal import is_sealed

__all__ = ["classes_of", "sound_polygons", "tabulate_area"]

log = logging.getLogger(__name__)


def tabulate_area(
    zones: gpd.GeoDataFrame | gpd.GeoSeries, land_cover: gpd.GeoDataFrame, *, by: str | Sequence[str]
) -> pd.DataFrame:
    """Measure the area of each class of land in each zone, in hectares.

    Area(zone, class) = Σ area(zone ∩ polygon) over the polygons of the class: what `geopandas.overlay`, then a sum by
    zone and class, would give, to 1e-9 of it.

    Parameters
    ----------
    zones
        Communes, EPCI, parks, SCoT, PLU zones, catchments, a drawn perimeter: valid polygons in EPSG:2154, each with
        its own code as index. Zones may overlap: each is measured by itself.
    land_cover
        Polygons in EPSG:2154, such as :func:`hp_sig.layers.land_cover.read_land_cover` gives them.
    by
        The column that holds the class (`cover_code`), or several (`["cover_code", "use_code"]`).

    Returns
    -------
    pandas.DataFrame
        On the index of `zones`; one column a class that the land cover has, sorted (a level a column of `by`; a
        missing class is a class too), in hectares. 0 where the zone has none. `attrs["repaired_count"]` says how many
        invalid polygons were repaired on the way.

    Raises
    ------
    ValueError
        If a layer is not in EPSG:2154, the zones are not valid polygons with unique codes, the land cover holds
        anything but polygons, or a column of `by` is absent.

    Notes
    -----
    An invalid polygon has no area that one could trust: it is repaired (structure method), intersected with the
    whole zone, counted and told in the log. Land that two polygons of the source both cover counts twice, as in any
    overlay: see :func:`hp_sig.indicators.stock.covered_share`.

    Examples
    --------
    A square of 1 km (100 ha) of which the land cover builds on the western 300 m.

    >>> from shapely import box
    >>> zones = gpd.GeoSeries([box(0, 0, 1000, 1000)], index=pd.Index(["A"], name="zone"), crs=2154)
    >>> land = gpd.GeoDataFrame(
    ...     {"cover_code": ["CS1.1.1.1", "CS2.2.1"]},
    ...     geometry=[box(-50, 0, 300, 1000), box(300, 0, 2000, 1000)],
    ...     crs=2154,
    ... )
    >>> tabulate_area(zones, land, by="cover_code").round(6).to_dict("index")
    {'A': {'CS1.1.1.1': 30.0, 'CS2.2.1': 70.0}}
    """
    zone_shapes = require_polygons(zones, "zones")
    codes, classes = classes_of(land_cover, [by] if isinstance(by, str) else list(by))
    shapes, repaired = sound_polygons(land_cover)
    zone, polygon, area = areas_within(zone_shapes, shapes, repaired)
    count = max(len(classes), 1)
    summed = np.bincount(zone * count + codes[polygon], weights=area, minlength=len(zone_shapes) * count)
    table = pd.DataFrame(
        summed.reshape(len(zone_shapes), count)[:, : len(classes)] / M2_PER_HA, index=zones.index, columns=classes
    )
    table.attrs["repaired_count"] = len(repaired)
    return table


def classes_of(land_cover: gpd.GeoDataFrame, by: list[str]) -> tuple[Ints, pd.Index]:
    """Give the rank of the class of each polygon, and the classes: an index of one level a column of `by`.

    Raises
    ------
    ValueError
        If a column is absent.
    """
    absent = [column for column in by if column not in land_cover.columns]
    if absent:
        found = [str(column) for column in land_cover.columns if column != land_cover.geometry.name]
        difference = {"cover_code", "use_code"} & set(absent) and "cover_before" in found
        hint = " It is a difference: it holds only what changed, and is never summed as a state." if difference else ""
        message = f"land_cover: columns {absent!r} expected, found {found!r}.{hint}"
        raise ValueError(message)
    if not by:
        message = "by: at least one column of the land cover expected, found none."
        raise ValueError(message)
    if len(by) == 1:
        rank, classes = pd.factorize(land_cover[by[0]], sort=True, use_na_sentinel=False)
        return rank.astype(np.intp), pd.Index(classes, name=by[0])
    groups = land_cover[by].groupby(by, dropna=False, sort=True, observed=True)
    ranks = groups.ngroup().to_numpy().astype(np.intp)
    return ranks, pd.MultiIndex.from_frame(groups.size().reset_index()[by])


def sound_polygons(land_cover: gpd.GeoDataFrame, *, known_valid: Ints | None = None) -> tuple[Shapes, Ints]:
    """Give polygons that can be measured, and the ranks of those that had to be repaired for it.

    Parameters
    ----------
    land_cover
        In EPSG:2154.
    known_valid
        Ranks of polygons that need not be looked at.

    Raises
    ------
    ValueError
        If the layer is not in EPSG:2154, or holds anything but polygons.
    """
    require_lambert93(land_cover, "land_cover")
    shapes: Shapes = land_cover.geometry.to_numpy()
    wrong = ~np.isin(shapely.get_type_id(shapes), (3, 6))
    if wrong.any():
        message = (
            f"land_cover: polygons expected, found {int(wrong.sum())} other geometries at "
            f"{list(land_cover.index[wrong][:5])!r}. Read it with read_land_cover()."
        )
        raise ValueError(message)
    if is_sealed(land_cover):
        return shapes, np.zeros(0, dtype=np.intp)
    looked_at = np.ones(len(shapes), dtype=np.bool_)
    if known_valid is not None:
        looked_at[known_valid] = False
    ranks = np.flatnonzero(looked_at)
    invalid = ranks[~are_valid(shapes[ranks])]
    if len(invalid):
        log.warning(
            "%d of %d polygons of the land cover are invalid: repaired, and intersected with whole zones.",
            len(invalid),
            len(shapes),
        )
        shapes = shapes.copy()
        shapes[invalid] = shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False)
    return shapes, invalid
