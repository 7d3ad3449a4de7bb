"""Does another library read from a GeoPackage what was written into it?"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyogrio

from hp_sig.crs import LAMBERT93
from hp_sig.errors import OutputError, some
from hp_sig.layers.files import sqlite_address
from hp_sig.publish.geopackage.placing import STYLES, Placed

__all__ = ["require_as_written"]

#: In metres: what a coordinate may lose as text.
TOLERANCE = 0.001


def require_as_written(
    path: Path, tables: Sequence[Placed], bounds: Mapping[str, tuple[float, float, float, float]]
) -> None:
    """Read a file back with SQLite, then with GDAL, never both at once.

    Parameters
    ----------
    path
        The file, closed.
    tables
        What must be there, and nothing else but the styles.
    bounds
        Layer → west, south, east, north in metres, where something is drawn.

    Raises
    ------
    OutputError
        With everything that is not as it was written.
    """
    with closing(sqlite3.connect(f"{sqlite_address(path)}?mode=ro&immutable=1", uri=True)) as connection:
        faults = [f"integrity {line}" for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
        orphans = {str(row[0]) for row in connection.execute("PRAGMA foreign_key_check")}
    faults += [f"{name} refers to communes that are not there" for name in sorted(orphans)]
    try:
        found = {str(name) for name, _ in pyogrio.list_layers(path)} - {STYLES}
        expected = {placed.table.name for placed in tables}
        faults += [f"{name} is missing" for name in sorted(expected - found)]
        faults += [f"{name} was not written" for name in sorted(found - expected)]
        for placed in tables:
            if placed.table.name in found:
                faults += _faults(path, placed, bounds.get(placed.table.name))
    except pyogrio.errors.DataSourceError as error:
        faults.append(str(error))
    if faults:
        message = f"{path}: what was written does not read back ({'; '.join(faults)})."
        raise OutputError(message)


def _faults(path: Path, placed: Placed, bounds: tuple[float, float, float, float] | None) -> Iterator[str]:
    table = placed.table
    info = pyogrio.read_info(path, layer=table.name, force_feature_count=True)
    if info["features"] != len(table.rows):
        yield f"{table.name}: {len(table.rows)} rows expected, found {info['features']}"
    if list(info["fields"]) != list(placed.names.values()):
        yield f"{table.name}: columns {some(placed.names.values())} expected, found {some(info['fields'])}"
    kind = "Unknown" if table.geometry_type == "Geometry" else table.geometry_type
    if info["geometry_type"] != kind:
        yield f"{table.name}: {table.geometry_type} expected, found {info['geometry_type']}"
    if kind is not None and info["crs"] != f"EPSG:{LAMBERT93}":
        yield f"{table.name}: EPSG:{LAMBERT93} expected, found {info['crs']}"
    if bounds is not None and not np.allclose(info["total_bounds"] or np.nan, bounds, rtol=0, atol=TOLERANCE):
        yield f"{table.name}: bounds {bounds} expected, found {info['total_bounds']}"
