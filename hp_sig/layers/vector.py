"""How does any producer's geographic file become geometries that one may measure?

One path for all readers: the file is checked, read, brought to Lambert-93, its place in France verified, its
polygons repaired by the structure method and counted. Every fault found is listed in one error.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pyproj
import shapely
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from hp_sig.crs import LAMBERT93
from hp_sig.errors import LayerError, some
from hp_sig.layers.files import DATA_DRIVERS, require_vector_file
from hp_sig.layers.placement import in_lambert93
from hp_sig.parallel import are_valid, many_objects

__all__ = ["OnInvalid", "finish", "first_containing", "multipolygons", "nowhere", "polygons", "read_vector"]

log = logging.getLogger(__name__)

Shapes = npt.NDArray[np.object_]

#: What to do with an invalid polygon: refuse the layer, or repair it and say so.
OnInvalid = Literal["repair", "raise"]

#: A repair that changes an area by more than this share is told one by one.
LARGE_REPAIR_SHARE = 0.01

READ_ERRORS = (
    CRSError,
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
    shapely.errors.GEOSException,
    UnicodeDecodeError,
)
#: What pyarrow and geopandas raise on a GeoParquet that is cut short, damaged, or without geometry.
PARQUET_ERRORS = (OSError, ValueError, KeyError, TypeError, NotImplementedError, pyproj.exceptions.CRSError)


def read_vector(
    path: str | Path,
    *,
    layer: str | None = None,
    prefer: Sequence[str] = (),
    crs: str | None = None,
    containing: Sequence[Sequence[str]] = (),
) -> gpd.GeoDataFrame:
    """Read a geographic file as 2D geometries in Lambert-93, wherever they lie in mainland France.

    Parameters
    ----------
    path
        Any file that pyogrio opens.
    layer
        Its layer, where it has several.
    prefer
        Layer names to choose from when none is given.
    crs
        The coordinate system to assume where the file states none (a shapefile without .prj).
    containing
        Where no layer has a preferred name: groups of words of which its name holds one, best group first.

    Returns
    -------
    geopandas.GeoDataFrame
        The features; `attrs["layer"]` is the name of the layer, of the file for a GeoParquet.

    Raises
    ------
    LayerError
        If the file is unreadable, its layer or its coordinate system unknown, or its place not in France.
    """
    file = require_vector_file(path)
    name = _choose_layer(file, layer, prefer, containing)
    try:
        driver = None if file.suffix.lower() == ".parquet" else pyogrio.read_info(file, layer=name)["driver"]
        if driver is not None and driver not in DATA_DRIVERS:
            fault = (
                f"expected a file that holds its own data, found one that GDAL reads as {driver}. "
                "Convert it to GeoPackage."
            )
            raise LayerError(file, [fault])
        with many_objects():
            features = (
                gpd.read_parquet(file)
                if file.suffix.lower() == ".parquet"
                else pyogrio.read_dataframe(file, layer=name, encoding=_undeclared_encoding(file))
            )
    except LayerError:
        raise
    except ImportError as error:
        raise LayerError(
            file, ["GeoParquet needs pyarrow: pip install pyarrow, or convert it to GeoPackage."]
        ) from error
    except (*READ_ERRORS, *PARQUET_ERRORS) as error:
        raise LayerError(
            file, [f"cannot be read ({error}). It may be cut short: download or copy it again."]
        ) from error
    if not isinstance(features, gpd.GeoDataFrame):
        raise LayerError(file, [f"the layer {name!r} has no geometry. Choose another layer."])
    if features.empty:
        raise LayerError(file, [f"the layer {name!r} has no feature. Download it again."])
    shapes = features.geometry.to_numpy()
    if shapely.has_z(shapes).any():
        features = features.set_geometry(shapely.force_2d(shapes))
    log.info("read %s (%s): %d features", file, name, len(features))
    placed = in_lambert93(features, file, crs)
    placed.attrs["layer"] = name or file.stem
    return placed


def _undeclared_encoding(file: Path) -> str | None:
    """Find the encoding of a shapefile without .cpg: GDAL would take UTF-8 for Latin-1 and read « ChÃ¢teau »."""
    if file.suffix.lower() != ".shp" or any(file.with_suffix(end).is_file() for end in (".cpg", ".CPG")):
        return None
    table = next(path for end in (".dbf", ".DBF") if (path := file.with_suffix(end)).is_file()).read_bytes()
    cells = table[int.from_bytes(table[8:10], "little") :]
    try:
        return None if cells.isascii() else cells.decode("utf-8") and "UTF-8"
    except UnicodeDecodeError:
        return None


def _choose_layer(
    file: Path, layer: str | None, prefer: Sequence[str], containing: Sequence[Sequence[str]]
) -> str | None:
    if file.suffix.lower() == ".parquet":
        return None
    try:
        listed = pyogrio.list_layers(file)
    except READ_ERRORS as error:
        raise LayerError(file, [f"cannot be opened ({error}). Download or copy it again."]) from error
    layers = [str(name) for name, geometry_type in listed if geometry_type is not None]
    if layer is not None:
        names = [str(name) for name, _ in listed]
        if layer not in names:
            raise LayerError(file, [f"expected the layer {layer!r}, found {some(names)}. Correct « layer = … »."])
        return layer
    if len(layers) == 1:
        return layers[0]
    wanted = [name for name in layers if name.casefold() in {choice.casefold() for choice in prefer}]
    if len(wanted) == 1:
        return wanted[0]
    found = first_containing(layers, containing)
    if len(found) == 1:
        return found[0]
    if not layers:
        raise LayerError(file, ["expected a layer, found no geographic one. It may be cut short: download it again."])
    layers = found or layers
    fault = f"expected one layer, found {len(layers)} layers ({some(layers)}). Name it with « layer = … »."
    raise LayerError(file, [fault])


def first_containing(names: Sequence[str], groups: Sequence[Sequence[str]]) -> list[str]:
    """Give the names that hold a word of the first group that any name holds a word of.

    >>> first_containing(["ZONE_CONSTRUITE", "OCCUPATION_SOL"], [["occupation"], ["construite"]])
    ['OCCUPATION_SOL']
    """
    for group in groups:
        if found := [name for name in names if any(word in name.casefold() for word in group)]:
            return found
    return []


def polygons(
    features: gpd.GeoDataFrame,
    codes: pd.Series,
    *,
    on_invalid: OnInvalid,
    faults: list[str],
    notes: list[str],
) -> gpd.GeoSeries:
    """Give the geometries of a layer as valid polygons, with one part or several.

    An invalid polygon is repaired by the structure method of `make_valid`, without collapsed parts, which keeps
    what a producer meant (a hole stays a hole); the repair is counted, its effect on the area told.

    Parameters
    ----------
    features
        Geometries in EPSG:2154.
    codes
        The code of each, for the messages.
    on_invalid
        `repair`, or `raise`: an invalid polygon is then a fault.
    faults, notes
        Where to say what was found; both are added to.
    """
    shapes = features.geometry.to_numpy()
    polygonal = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    if not polygonal.all():
        kinds = sorted(
            {"empty" if shape is None or shape.is_empty else shape.geom_type for shape in shapes[~polygonal]}
        )
        faults.append(
            f"{int((~polygonal).sum())} geometries are not polygons ({', '.join(kinds)}): {some(codes[~polygonal])}. "
            "Keep only polygons."
        )
    invalid = polygonal & ~are_valid(shapes)
    if invalid.any() and on_invalid == "raise":
        reasons = shapely.is_valid_reason(shapes[invalid])
        faults.append(
            f"{int(invalid.sum())} polygons are invalid: {some(codes[invalid])} ({reasons[0]}). Repair them in QGIS."
        )
    elif invalid.any():
        shapes = shapes.copy()
        shapes[invalid] = _repaired(shapes[invalid], codes[invalid], faults, notes)
    return gpd.GeoSeries(shapes, index=features.index, crs=features.crs)


def multipolygons(
    features: gpd.GeoDataFrame,
    codes: pd.Series,
    *,
    on_invalid: OnInvalid,
    faults: list[str],
    notes: list[str],
) -> gpd.GeoSeries:
    """Give the geometries of a zone layer as valid MultiPolygons.

    Parameters
    ----------
    features, codes, on_invalid, faults, notes
        As in :func:`polygons`.
    """
    shapes = polygons(features, codes, on_invalid=on_invalid, faults=faults, notes=notes).to_numpy().copy()
    single = shapely.get_type_id(shapes) == 3
    shapes[single] = shapely.multipolygons(shapes[single][:, np.newaxis])
    return gpd.GeoSeries(shapes, index=features.index, crs=features.crs)


def _repaired(shapes: Shapes, codes: pd.Series, faults: list[str], notes: list[str]) -> Shapes:
    before = shapely.area(shapes)
    repaired = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    after = shapely.area(repaired)
    lost = np.isin(shapely.get_type_id(repaired), (3, 6), invert=True) | (after == 0)
    if lost.any():
        faults.append(
            f"{int(lost.sum())} invalid polygons have no area once repaired: {some(codes[lost])}. Draw them again."
        )
    change = after - before
    large = np.abs(change) > LARGE_REPAIR_SHARE * np.maximum(before, after)
    detail = f"; by more than 1 % of its area for {some(codes[large])}" if large.any() else ""
    were = "polygon was" if len(shapes) == 1 else "polygons were"
    notes.append(
        f"{len(shapes)} invalid {were} repaired (structure method; {some(codes)}): total area changed by "
        f"{round(change.sum() / 10_000, 2) + 0.0:+.2f} ha{detail}."
    )
    return np.asarray(repaired)


def nowhere(index: pd.Index) -> gpd.GeoSeries:
    """Give a series without any geometry, in Lambert-93."""
    return gpd.GeoSeries(np.full(len(index), None, dtype=object), index=index, crs=LAMBERT93)


def finish(
    layer: gpd.GeoDataFrame, path: str | Path, *, vintage: str, faults: list[str], notes: list[str]
) -> gpd.GeoDataFrame:
    """Close a reader: raise all the faults at once, or attach vintage and notes to the layer.

    Parameters
    ----------
    layer
        The layer, indexed by its code.
    path, vintage
        Where it comes from; kept in `layer.attrs`.
    faults, notes
        What was found on the way. Notes are logged as warnings and kept in `layer.attrs["notes"]`.

    Raises
    ------
    LayerError
        If there is any fault.
    """
    if faults:
        raise LayerError(path, faults)
    for note in notes:
        log.warning("%s: %s", path, note)
    layer.attrs.update({"source_file": Path(path).name, "vintage": vintage, "notes": list(notes)})
    return layer
