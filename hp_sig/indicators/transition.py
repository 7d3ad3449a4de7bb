"""What became of each class of land between two vintages, zone by zone?

Nearly all polygons of a second edition are those of the first, letter for letter, though their rings may start
elsewhere or run the other way. They are paired by a key that neither alters; only what is left is overlaid.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hp_sig.crs import M2_PER_HA
from hp_sig.indicators.polygons import Floats, Ints, Shapes, polygon_parts, require_polygons
from hp_sig.indicators.tabulation import classes_of, sound_polygons
from hp_sig.indicators.zonal import areas_within
from hp_sig.parallel import shared

__all__ = ["MIN_GAP_HA", "transition_table"]

Words = npt.NDArray[np.uint64]

#: Land that only one of the two editions covers is told from this area on, a square metre in a zone and class: less
#: is noise of the coordinates.
MIN_GAP_HA = 1e-4
#: Polygons whose vertices are looked at together, small enough for the processor's own memory.
BATCH = 5_000
#: Odd constants that spread the bits of a coordinate (those of splitmix64, Steele, Lea and Flood 2014).
SPREAD = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15))


def transition_table(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    by: str | Sequence[str],
) -> pd.DataFrame:
    """Measure how much land of each class became each class, in each zone, in hectares.

    Area(zone, c1, c2) = Σ area(zone ∩ polygon of c1 before ∩ polygon of c2 after). Summed over the classes after, it
    is the stock before of the zone, and the other way round: land that one edition alone covers has a row with a
    missing class on the other side, so that both margins are the two stocks to the square metre.

    Parameters
    ----------
    before, after
        Two states (never a difference) of the same land, in EPSG:2154.
    zones
        Valid polygons in EPSG:2154, each with its own code as index.
    by
        The column that holds the class, or several: `["cover_code", "use_code"]` gives the full matrix.

    Returns
    -------
    pandas.DataFrame
        One row a zone and pair of classes that occurs: index the zone's code, then each column of `by` with the suffix
        `_before`, then with `_after`; column `area_ha`. `attrs["paired_count"]` polygons were the same in both
        editions, `attrs["repaired_count"]` invalid ones were repaired.

    Raises
    ------
    ValueError
        As :func:`hp_sig.indicators.tabulation.tabulate_area` does.

    Notes
    -----
    A state whose polygons overlap each other (the editions simplified by third parties do) has no clear transition:
    a polygon that both editions hold is taken to have stayed itself.

    Examples
    --------
    A zone of 100 ha; 10 ha of fields are built on between the two.

    >>> from shapely import box
    >>> zones = gpd.GeoSeries([box(0, 0, 1000, 1000)], index=pd.Index(["A"], name="zone"), crs=2154)
    >>> fields, town = box(0, 0, 600, 1000), box(600, 0, 1000, 1000)
    >>> before = gpd.GeoDataFrame({"cover_code": ["field", "town"]}, geometry=[fields, town], crs=2154)
    >>> shapes = [box(0, 0, 500, 1000), box(500, 0, 600, 1000), town]
    >>> after = gpd.GeoDataFrame({"cover_code": ["field", "town", "town"]}, geometry=shapes, crs=2154)
    >>> transition_table(before, after, zones, by="cover_code")["area_ha"].round(6).to_dict()
    {('A', 'field', 'field'): 50.0, ('A', 'field', 'town'): 10.0, ('A', 'town', 'town'): 40.0}
    """
    columns = [by] if isinstance(by, str) else list(by)
    zone_shapes = require_polygons(zones, "zones")
    old_class, old_classes = classes_of(before, columns)
    new_class, new_classes = classes_of(after, columns)
    old, old_repaired = sound_polygons(before)
    same_old, same_new = _paired(old, after.geometry.to_numpy())
    new, new_repaired = sound_polygons(after, known_valid=same_new)
    old_left, new_left = _left(len(old), same_old), _left(len(new), same_new)
    pieces, first, second = _met(old, new, old_left, new_left)
    shapes = np.append(old[same_old], pieces)
    first, second = np.append(same_old, first), np.append(same_new, second)
    zone, piece, area = areas_within(zone_shapes, shapes, np.flatnonzero(np.isin(first, old_repaired)))
    rows = pd.DataFrame(
        {"zone": zone, "first": old_class[first[piece]], "second": new_class[second[piece]], "m2": area}
    )
    overlaid = rows[piece >= len(same_old)]
    alone = [
        _alone(
            areas_within(zone_shapes, old[old_left], _in(old_left, old_repaired)),
            old_class[old_left],
            overlaid,
            side="first",
        ),
        _alone(
            areas_within(zone_shapes, new[new_left], _in(new_left, new_repaired)),
            new_class[new_left],
            overlaid,
            side="second",
        ),
    ]
    met = rows.groupby(["zone", "first", "second"], as_index=False)["m2"].sum()
    table = _named(pd.concat([met[met["m2"] > 0], *alone], ignore_index=True), zones.index, old_classes, new_classes)
    table.attrs["paired_count"] = len(same_old)
    table.attrs["repaired_count"] = len(old_repaired) + len(new_repaired)
    return table


def _paired(old: Shapes, new: Shapes) -> tuple[Ints, Ints]:
    """Pair the polygons that both editions hold, one to one."""
    keys = [
        pd.DataFrame({"key": key, "w": box[:, 0], "s": box[:, 1], "e": box[:, 2], "n": box[:, 3]})
        for key, box in ((_ring_keys(shapes), shapely.bounds(shapes)) for shapes in (old, new))
    ]
    names = ["key", "w", "s", "e", "n"]
    for table in keys:
        table["rank"] = np.arange(len(table))
        table["copy"] = table.groupby("key").cumcount()
    pairs = keys[0].merge(keys[1], on=[*names, "copy"], suffixes=("_old", "_new"))
    return pairs["rank_old"].to_numpy(), pairs["rank_new"].to_numpy()


def _ring_keys(shapes: Shapes) -> Words:
    """Give each polygon a key made of its set of sides: where a ring starts and which way it runs do not alter it."""
    key = np.zeros(len(shapes), dtype=np.uint64)
    simple = (shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0)
    key[simple] = _in_batches(_keys_of_rings, shapes[simple])
    parts, part_of = shapely.get_parts(shapes[~simple], return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    several = np.zeros(int((~simple).sum()), dtype=np.uint64)
    np.add.at(several, part_of[ring_of], _in_batches(_keys_of_rings, rings))
    key[~simple] = several
    return key


def _in_batches(keys_of: Callable[[Shapes], Words], shapes: Shapes) -> Words:
    batches = [shapes[start : start + BATCH] for start in range(0, len(shapes), BATCH)]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, max(len(batches), 1))) as pool:
        return np.concatenate([np.zeros(0, dtype=np.uint64), *pool.map(keys_of, batches)])


def _keys_of_rings(rings: Shapes) -> Words:
    """Add up the keys of the sides of each ring (or polygon of one ring)."""
    length = shapely.get_num_coordinates(rings)
    words = (shapely.get_coordinates(rings) + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    vertex = _mixed(words[:, 0] * SPREAD[2] + _mixed(words[:, 1]))
    side = np.append(_mixed(vertex[:-1] + vertex[1:]), np.uint64(0))
    ends = np.cumsum(length)
    # The side that would join two rings is none.
    side[ends - 1] = 0
    keys: Words = np.add.reduceat(side, np.append(0, ends[:-1]))
    return keys


def _mixed(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * SPREAD[0]
    words = (words ^ (words >> np.uint64(27))) * SPREAD[1]
    return words ^ (words >> np.uint64(31))


def _left(count: int, paired: Ints) -> Ints:
    return np.setdiff1d(np.arange(count), paired, assume_unique=True)


def _in(ranks: Ints, chosen: Ints) -> Ints:
    return np.flatnonzero(np.isin(ranks, chosen))


def _met(old: Shapes, new: Shapes, old_left: Ints, new_left: Ints) -> tuple[Shapes, Ints, Ints]:
    """Overlay the polygons that only one edition holds; give the pieces, and the ranks of both polygons of each."""
    if not len(old_left) or not len(new_left):
        return np.zeros(0, dtype=object), np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    first, second = shapely.STRtree(new[new_left]).query(old[old_left], predicate="intersects")
    first, second = old_left[first], new_left[second]
    pieces, owner = polygon_parts(shared(shapely.intersection, old[first], new[second]))
    return pieces, first[owner], second[owner]


def _alone(within: tuple[Ints, Ints, Floats], codes: Ints, met: pd.DataFrame, *, side: str) -> pd.DataFrame:
    """Give the land of one edition that the other does not cover: its stock less what met."""
    zone, polygon, area = within
    keys = ["zone", side]
    stock = pd.DataFrame({"zone": zone, side: codes[polygon], "m2": area}).groupby(keys)["m2"].sum()
    alone = stock.sub(met.groupby(keys)["m2"].sum(), fill_value=0.0)
    rows = alone[alone.abs() >= MIN_GAP_HA * M2_PER_HA].rename("m2").reset_index()
    return rows.assign(**{"second" if side == "first" else "first": -1})


def _named(rows: pd.DataFrame, zones: pd.Index, old_classes: pd.Index, new_classes: pd.Index) -> pd.DataFrame:
    keys = {str(zones.name or "zone"): zones.take(rows["zone"].to_numpy()).to_numpy()}
    for side, classes, end in (("first", old_classes, "before"), ("second", new_classes, "after")):
        ranks = rows[side].to_numpy()
        for level, name in enumerate(classes.names):
            # -1 takes the last one: no class.
            values = np.append(classes.get_level_values(level).to_numpy(dtype=object), np.nan)
            keys[f"{name}_{end}"] = values[ranks]
    table = pd.DataFrame({**keys, "area_ha": rows["m2"].to_numpy() / M2_PER_HA})
    return table.set_index(list(keys)).sort_index()
