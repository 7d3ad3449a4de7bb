"""How are geometries stored in a GeoPackage, and indexed?"""

import sqlite3
import struct
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hp_sig.crs import LAMBERT93
from hp_sig.publish.geopackage.container import declare_extension, quoted

__all__ = ["blobs", "index_layer"]

#: Little-endian header: « GP », version 0, flags, reference system.
HEADER = "<2sBBi"
LITTLE_ENDIAN, WITH_ENVELOPE = 0b1, 0b10

Bounds = npt.NDArray[np.float64]


def blobs(layer: gpd.GeoDataFrame, geometry_type: str) -> tuple[list[bytes | None], Bounds]:
    """Give each geometry as a GeoPackage stores it, and its bounds.

    Parameters
    ----------
    layer
        In EPSG:2154.
    geometry_type
        As it is declared: a polygon becomes a multipolygon of one where that is said.

    Returns
    -------
    tuple
        A blob a row (None where there is no geometry, or an empty one: nothing to be drawn), and an array (rows × 4) of
        minx, miny, maxx, maxy in metres, NaN where there is none.
    """
    shapes = _multi(shapely.force_2d(np.asarray(layer.geometry.array, dtype=object)), geometry_type)
    bounds = shapely.bounds(shapes)
    written = shapely.to_wkb(shapes, byte_order=1, flavor="iso")
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    return [
        _header(None if point else box) + wkb if there else None
        for wkb, box, there, point in zip(written, bounds, drawn, points, strict=True)
    ], bounds


def _multi(shapes: npt.NDArray[Any], geometry_type: str) -> npt.NDArray[Any]:
    gathered = shapes.copy()
    if geometry_type == "MultiPolygon":
        alone = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
        gathered[alone] = [shapely.MultiPolygon([shape]) for shape in shapes[alone]]
    elif geometry_type == "MultiLineString":
        alone = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING)
        gathered[alone] = [shapely.MultiLineString([shape]) for shape in shapes[alone]]
    return gathered


def _header(bounds: Bounds | None) -> bytes:
    if bounds is None:
        return struct.pack(HEADER, b"GP", 0, LITTLE_ENDIAN, LAMBERT93)
    west, south, east, north = bounds
    start = struct.pack(HEADER, b"GP", 0, LITTLE_ENDIAN | WITH_ENVELOPE, LAMBERT93)
    return start + struct.pack("<4d", west, east, south, north)


def index_layer(
    connection: sqlite3.Connection, name: str, *, fid: str, geometry: str, bounds: npt.NDArray[np.float64]
) -> None:
    """Index a layer whose rows are numbered from 1, and keep the index true when somebody edits the layer."""
    index = f"rtree_{name}_{geometry}"
    connection.execute(f"CREATE VIRTUAL TABLE {quoted(index)} USING rtree(id, minx, maxx, miny, maxy)")
    boxes = [
        (rank, float(west), float(east), float(south), float(north))
        for rank, (west, south, east, north) in enumerate(bounds, start=1)
        if not np.isnan(west)
    ]
    connection.executemany(f"INSERT INTO {quoted(index)} VALUES (?, ?, ?, ?, ?)", boxes)
    for trigger in _triggers(index, name, fid, geometry):
        connection.execute(trigger)
    declare_extension(connection, name, "rtree_index", column=geometry, scope="write-only")


def _triggers(index: str, name: str, fid: str, geometry: str) -> Iterator[str]:
    """Give the triggers of annex F.3 of the standard; ST_… are functions of the programs that edit."""
    table, i, g = quoted(name), quoted(fid), quoted(geometry)
    tree = quoted(index)
    drawn = f"(NEW.{g} NOTNULL AND NOT ST_IsEmpty(NEW.{g}))"
    blank = f"(NEW.{g} ISNULL OR ST_IsEmpty(NEW.{g}))"
    put = (
        f"INSERT OR REPLACE INTO {tree} VALUES (NEW.{i}, ST_MinX(NEW.{g}), ST_MaxX(NEW.{g}),"
        f" ST_MinY(NEW.{g}), ST_MaxY(NEW.{g}));"
    )
    drop = f"DELETE FROM {tree} WHERE id = OLD.{i};"
    drop_both = f"DELETE FROM {tree} WHERE id IN (OLD.{i}, NEW.{i});"
    same, moved = f"OLD.{i} = NEW.{i}", f"OLD.{i} != NEW.{i}"
    for suffix, event, condition, actions in (
        ("insert", f"INSERT ON {table}", drawn, put),
        ("update1", f"UPDATE OF {g} ON {table}", f"{same} AND {drawn}", put),
        ("update2", f"UPDATE OF {g} ON {table}", f"{same} AND {blank}", drop),
        ("update3", f"UPDATE ON {table}", f"{moved} AND {drawn}", f"{drop} {put}"),
        ("update4", f"UPDATE ON {table}", f"{moved} AND {blank}", drop_both),
        ("delete", f"DELETE ON {table}", f"OLD.{g} NOT NULL", drop),
    ):
        trigger = quoted(f"{index}_{suffix}")
        yield f"CREATE TRIGGER {trigger} AFTER {event} WHEN {condition} BEGIN {actions} END"
