"""How do pages of features become one file, with every attribute as it was served?

Codes stay text, whole numbers stay whole even where one is missing, and the file is read back before it is given.
"""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely

from hp_sig.crs import LAMBERT93
from hp_sig.errors import SourceError
from hp_sig.sources.wfs_features import Features
from hp_sig.sources.wfs_request import Request

__all__ = ["write_layer"]

WHOLE_TYPES = {"int", "integer", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "unsignedInt"}
REAL_TYPES = {"double", "float", "decimal"}
LARGEST = 2**63
GEOMETRIES = {"polygon": ("MultiPolygon", 6), "line": ("MultiLineString", 5), "point": ("MultiPoint", 4)}


def write_layer(features: list[Features], request: Request, folder: Path) -> Path:
    """Write all features in one GeoPackage, or in a CSV (UTF-8, `;`) where the data set has no geometry.

    Parameters
    ----------
    features
        Those of each page.
    request
        What was asked for.
    folder
        The file is written there, named as it will be in `data/raw`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    SourceError
        If it cannot be written, or does not hold the same once read back.
    """
    table = _table(features, request.layer.fields)
    stem = PurePosixPath(request.wanted.file).stem
    if request.wanted.source.geometry == "none":
        return _write_csv(table, folder / f"{stem}.csv", request)
    shapes = np.concatenate([page.shapes for page in features])
    return _write_geopackage(table, shapes, folder / f"{stem}.gpkg", request)


def _table(features: list[Features], described: Mapping[str, str]) -> pd.DataFrame:
    """Give every attribute that the layer is described with or that came, with the type of its values."""
    came = dict.fromkeys(name for page in features for name in page.columns)
    names = [name for name in described if name in came] + [name for name in came if name not in described]
    return pd.DataFrame({name: _typed(_values(features, name), described.get(name, "")) for name in names})


def _values(features: list[Features], name: str) -> list[Any]:
    return [value for page in features for value in page.columns.get(name, [None] * len(page.keys))]


def _typed(values: list[Any], described: str) -> pd.Series:
    """Give values the type in which they were served.

    >>> _typed(["04112", None], "string").tolist(), _typed([1, None], "int").dtype, _typed([1, 2], "double").dtype
    (['04112', nan], Int64Dtype(), dtype('float64'))
    """
    kinds = {type(value) for value in values} - {type(None)}
    if not kinds:
        kinds = {int} if described in WHOLE_TYPES else {float} if described in REAL_TYPES else {str}
        kinds = {bool} if described == "boolean" else kinds
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds <= {int, float}:
        if float in kinds or described in REAL_TYPES:
            return pd.Series([np.nan if value is None else value for value in values], dtype="float64")
        if all(value is None or -LARGEST <= value < LARGEST for value in values):
            return pd.Series(values, dtype="Int64")
    return pd.Series([_text(value) for value in values], dtype="str")


def _text(value: Any) -> str | None:  # noqa: ANN401 - any value of JSON
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _write_csv(table: pd.DataFrame, file: Path, request: Request) -> Path:
    table.to_csv(file, sep=";", index=False, encoding="utf-8", lineterminator="\n")
    again = pd.read_csv(file, sep=";", dtype="str", keep_default_na=False)
    if again[request.key].tolist() != table[request.key].astype("str").tolist():
        raise _not_same(file)
    return file


def _write_geopackage(table: pd.DataFrame, shapes: npt.NDArray[np.object_], file: Path, request: Request) -> Path:
    taken = {str(name).casefold() for name in table}
    names = {"fid": _free(("fid", "hp_sig_fid"), taken), "geometry": _free(("geom", "hp_sig_geom"), taken)}
    kind, multiple = GEOMETRIES[request.wanted.source.geometry]
    is_multiple = kind != "MultiPoint" or bool((shapely.get_type_id(shapes) == multiple).any())
    layer = gpd.GeoDataFrame(table.assign(**{names["geometry"]: shapes}), geometry=names["geometry"], crs=LAMBERT93)
    try:
        pyogrio.write_dataframe(
            layer,
            file,
            layer=file.stem,
            driver="GPKG",
            geometry_type=kind if is_multiple else kind.removeprefix("Multi"),
            promote_to_multi=is_multiple,
            layer_options={"FID": names["fid"], "GEOMETRY_NAME": names["geometry"]},
        )
        names_again = pyogrio.read_info(file, layer=file.stem)["fields"].tolist()
        again = pyogrio.read_dataframe(file, layer=file.stem, columns=[request.key])
    # The errors of pyogrio are RuntimeErrors and ValueErrors, without one of their own above them.
    except (RuntimeError, ValueError, OSError) as error:
        message = f"{file}: the layer cannot be written ({error}). Check the space left, and the fields of the layer."
        raise SourceError(message) from error
    is_same = (
        again[request.key].tolist() == table[request.key].tolist()
        and names_again == list(table.columns)
        and again.crs is not None
        and again.crs.to_epsg() == LAMBERT93
        and np.array_equal(shapely.get_coordinates(again.geometry.to_numpy()), shapely.get_coordinates(shapes))
    )
    if not is_same:
        raise _not_same(file)
    return file


def _free(names: tuple[str, ...], taken: set[str]) -> str:
    return next((name for name in names if name not in taken), names[-1])


def _not_same(file: Path) -> SourceError:
    return SourceError(f"{file}: read back, it does not hold what was written. Check the disk, then fetch again.")
