"""How do the several files of a shapefile become one GeoPackage that says the same?

Types, missing values, coordinates and the coordinate system are kept. Only what GeoPackage asks for changes:
polygons and lines are written as their multiple kind, and text as UTF-8.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]
import pyogrio
import shapely
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from hp_sig.errors import SourceError

__all__ = ["SHAPEFILE_PARTS", "write_geopackage"]

#: Without these a shapefile cannot be read.
SHAPEFILE_PARTS = (".shx", ".dbf")
#: First bytes of a .shp (ESRI Shapefile Technical Description, 1998, page 4).
SIGNATURE = b"\x00\x00\x27\x0a"
#: Its header, in bytes, which announces its size in words of two.
HEADER = 100
#: Encoding of a table that is no UTF-8 and says nothing of it.
LATIN_1 = "ISO-8859-1"
#: Kinds of geometry (codes of shapely) → how to make them multiple, and what GeoPackage calls that.
MULTIPLE: dict[int, tuple[Callable[..., Any], str, int]] = {
    3: (shapely.multipolygons, "MultiPolygon", 6),
    1: (shapely.multilinestrings, "MultiLineString", 5),
}

#: Column of the geometries, as GDAL names it.
COLUMN = "wkb_geometry"

ERRORS = (
    *(DataSourceError, DataLayerError, CRSError, FeatureError, FieldError, GeometryError),
    *(pa.ArrowException, UnicodeDecodeError, ValueError, OSError),
)


def write_geopackage(shape: Path, *, what: str, crs: str | None = None) -> tuple[Path, tuple[str, ...]]:
    """Write a shapefile as one GeoPackage beside it, whose layer has its name.

    Parameters
    ----------
    shape
        The .shp; its companions have the same name, with lower-case suffixes.
    what
        What to call the data set in messages.
    crs
        Coordinate system to give where the shapefile states none.

    Returns
    -------
    tuple
        The .gpkg, and what an officer should know.

    Raises
    ------
    SourceError
        If it cannot be read, or the GeoPackage does not hold as many rows.
    """
    fields = _require_whole(shape, what)
    target = shape.with_suffix(".gpkg")
    try:
        meta, rows, notes = _read(shape)
        if meta["crs"] is None and crs is not None:
            notes = (*notes, f"{shape.name} states no coordinate system: {crs} was given to it.")
        read = len(rows.column_names) - (COLUMN in rows.column_names)
        if read != fields or not fields:
            message = f"{fields} fields in its table, {read} read"
            raise ValueError(message)
        expected = rows.num_rows
        _write(rows, target, meta["crs"] or crs)
        found = pyogrio.read_info(target, force_feature_count=True)["features"]
    except ERRORS as error:
        message = f"{what}: {shape.name} cannot be made a GeoPackage ({error}). Fetch it again."
        raise SourceError(message) from error
    if found != expected:
        message = f"{what}: {expected} rows expected of {shape.name}, {found} written. Fetch it again."
        raise SourceError(message)
    return target, (f"{shape.name}, a shapefile, was made a GeoPackage: {found} rows, the same fields.", *notes)


def _require_whole(shape: Path, what: str) -> int:
    """Refuse a shapefile that is cut short, which GDAL would read in part without a word; count its fields."""
    with shape.open("rb") as stream:
        head = stream.read(HEADER)
    if not head.startswith(SIGNATURE):
        message = f"{what}: expected a shapefile, found {head[:4]!r} at the start of {shape.name}. Fetch it again."
        raise SourceError(message)
    table = shape.with_suffix(".dbf")
    with table.open("rb") as stream:
        start = stream.read(32)
        count, length, width = struct.unpack("<IHH", start[4:12]) if len(start) == 32 else (0, 0, 0)
        fields = stream.read(max(length - 32, 0))
    announced = struct.unpack(">I", head[24:28])[0] * 2 if len(head) == HEADER else HEADER
    for file, size in ((shape, announced), (table, max(length + count * width, 33))):
        if size > file.stat().st_size:
            message = (
                f"{what}: {size} bytes expected in {file.name}, {file.stat().st_size} found: it is cut short. "
                "Ask its producer for another one."
            )
            raise SourceError(message)
    # Each field takes 32 bytes; a carriage return ends them.
    return next((rank for rank in range(len(fields) // 32 + 1) if fields[32 * rank : 32 * rank + 1] == b"\r"), 0)


def _read(shape: Path) -> tuple[dict[str, Any], pa.Table, tuple[str, ...]]:
    """Read the rows, in the encoding that is declared, else in UTF-8 if it is some, else in Latin-1."""
    declared = shape.with_suffix(".cpg")
    for encoding in (None if declared.is_file() else "UTF-8", LATIN_1):
        try:
            meta, rows = pyogrio.read_arrow(shape, encoding=encoding)
            # Text that is no UTF-8 once decoded is found here.
            rows.validate(full=True)
        except (UnicodeDecodeError, pa.ArrowInvalid):
            continue
        is_fallback = encoding == LATIN_1
        notes = (f"The text of {shape.name} was read as Latin-1: it is no {_name(declared)}.",) if is_fallback else ()
        return meta, rows, notes
    message = "its text is in no known encoding"
    raise ValueError(message)


def _name(declared: Path) -> str:
    """Give the encoding that was tried first."""
    return declared.read_text(encoding="ascii", errors="replace").strip()[:20] if declared.is_file() else "UTF-8"


def _write(rows: pa.Table, target: Path, crs: str | None) -> None:
    taken = {name.casefold() for name in rows.column_names if name != COLUMN}
    options = {"FID": "fid" if "fid" not in taken else "hp_sig_fid"}
    if COLUMN in rows.column_names:
        options["GEOMETRY_NAME"] = "geom" if "geom" not in taken else "hp_sig_geom"
        wkb, kind = _multiple(rows.column(COLUMN).to_numpy())
        place = rows.column_names.index(COLUMN)
        rows = rows.set_column(place, rows.schema.field(COLUMN), pa.array(wkb, type=pa.binary()))
    else:
        kind = None
    pyogrio.write_arrow(
        rows,
        target,
        layer=target.stem,
        driver="GPKG",
        geometry_name=None if kind is None else COLUMN,
        geometry_type=kind,
        crs=crs,
        layer_options=options,
    )


def _multiple(wkb: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], str]:
    """Make polygons or lines multiple: a shapefile mixes one and several, a layer of a GeoPackage may not."""
    try:
        shapes = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException:
        # Degenerate ones (a ring of two points) are the reader's business: they go through as they are.
        return wkb, "Unknown"
    kinds = shapely.get_type_id(shapes)
    for single, (make, name, multiple) in MULTIPLE.items():
        if np.isin(kinds, (-1, single, multiple)).all() and (kinds != -1).any():
            ones = np.flatnonzero(kinds == single)
            made = shapes.copy()
            if ones.size:
                made[ones] = make(shapes[ones], indices=np.arange(ones.size))
            is_3d = bool(shapely.has_z(shapes).any())
            written: npt.NDArray[np.object_] = np.asarray(shapely.to_wkb(made, flavor="iso"), dtype=object)
            return written, f"{name} Z" if is_3d else name
    return wkb, "Point" if set(kinds.tolist()) <= {-1, 0} and not shapely.has_z(shapes).any() else "Unknown"
