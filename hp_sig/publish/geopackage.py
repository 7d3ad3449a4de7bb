"""How do layers and tables become one GeoPackage that QGIS opens as it is?

The file is always made anew, never opened for update: pyogrio deletes the other layers of a file that somebody
holds locked.
"""

import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from hp_sig.errors import OutputError

__all__ = ["write_geopackage"]

log = logging.getLogger(__name__)

#: Read without a warning by every QGIS still in use; GDAL writes 1.4 by default since 3.9.
GPKG_VERSION = "1.2"
#: Geometry types as declared in the file, so that QGIS draws an empty layer right as well.
GEOMETRY_TYPES = {"Point": "Point", "Polygon": "MultiPolygon", "MultiPolygon": "MultiPolygon"}


def write_geopackage(
    layers: Mapping[str, gpd.GeoDataFrame],
    tables: Mapping[str, pd.DataFrame],
    path: Path,
    *,
    descriptions: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Write layers and tables into a new GeoPackage and verify what was written.

    Parameters
    ----------
    layers
        Geographic layers by name, one geometry type each; the index is written as a column.
    tables
        Tables without geometry by name; the index is not written.
    path
        A file that does not exist yet.
    descriptions
        Source and vintage of each layer, shown by QGIS.

    Returns
    -------
    dict
        Rows written, by layer or table.

    Raises
    ------
    OutputError
        If the file exists, or what is read back is not what was written.
    """
    if path.exists():
        message = (
            f"{path}: a new file expected, found one. It is never updated in place; remove it or choose another name."
        )
        raise OutputError(message)
    for name, layer in layers.items():
        kinds = sorted({GEOMETRY_TYPES[kind] for kind in layer.geom_type})
        _append(layer.reset_index(), path, name, geometry_type=kinds[0] if kinds else "MultiPolygon")
    for name, table in tables.items():
        _append(table, path, name)
    if descriptions:
        _describe(path, descriptions)
    counts = {name: len(rows) for name, rows in {**layers, **tables}.items()}
    _verify(path, counts)
    log.info("wrote %s: %d layers and tables", path.name, len(counts))
    return counts


def _append(rows: pd.DataFrame, path: Path, name: str, **options: str) -> None:
    new = {} if path.exists() else {"dataset_options": {"VERSION": GPKG_VERSION}}
    pyogrio.write_dataframe(rows, path, layer=name, driver="GPKG", append=path.exists(), **options, **new)


def _describe(path: Path, descriptions: Mapping[str, str]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, description in descriptions.items():
            connection.execute("UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (description, name))


def _verify(path: Path, counts: Mapping[str, int]) -> None:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        state = connection.execute("PRAGMA integrity_check").fetchone()[0]
    found = {str(name): pyogrio.read_info(path, layer=name)["features"] for name, _ in pyogrio.list_layers(path)}
    if state != "ok" or found != dict(counts):
        message = (
            f"{path}: what was written does not read back (integrity {state}; expected {dict(counts)}, found {found})."
        )
        raise OutputError(message)
