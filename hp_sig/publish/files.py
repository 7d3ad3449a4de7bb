"""How do the published tables and layers become files that a spreadsheet, a script or another GIS reads?

Each table is a CSV for a French spreadsheet and a Parquet; each layer a GeoParquet, a FlatGeobuf and a GeoJSON as well.
`dictionnaire.csv` says what each column is, `sources.csv` where it comes from.

All are made aside, then each takes its place in one step, the dictionary last: whoever kills the run leaves old or new
files, never a half of one. A file of another name is never touched, and none is ever deleted.
"""

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

import filelock
import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from hp_sig.errors import HpSigError, OutputError, RefreshBusyError, some
from hp_sig.publish.dictionary import dictionary
from hp_sig.publish.publication import Publication, PublishedTable
from hp_sig.publish.swap import discard
from hp_sig.publish.tables import safe_texts
from hp_sig.reference.labels import wording
from hp_sig.territory.publishing import FORMATS, ExportFormat
from hp_sig.whole import flush

__all__ = ["DICTIONARY", "SOURCES", "file_names", "write_files"]

log = logging.getLogger(__name__)

DICTIONARY, SOURCES = "dictionnaire.csv", "sources.csv"
SOURCE_FIELDS = ("name", "producer", "source", "vintage", "licence", "retrieved", "file", "size", "sha256")
#: A tabular format holds a layer too, the others hold nothing else.
TABULAR: tuple[ExportFormat, ...] = ("csv", "parquet")
STAGING, LOCK = ".hp_sig-files-", ".hp_sig-files.lock"
#: What a table may be called, so that its file has one name on every system; land cover also names Corsica (2A, 2B).
NAME = re.compile(r"[a-z0-9][a-z0-9_]*(_2[AB][0-9_]*)?")
#: Names that Windows keeps for its devices.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
GEOPARQUET = "1.1.0"
#: RFC 7946, 4: longitude and latitude in WGS84; 11.2: seven decimals are a centimetre.
WGS84, DECIMALS = 4326, 7
#: Simple shape → the one that holds several.
PARTS: Mapping[type, type] = {
    shapely.Polygon: shapely.MultiPolygon,
    shapely.LineString: shapely.MultiLineString,
    shapely.Point: shapely.MultiPoint,
}


def write_files(
    publication: Publication,
    folder: str | Path,
    *,
    formats: Collection[ExportFormat] = FORMATS,
    on_existing: Literal["replace", "refuse"] = "replace",
) -> list[Path]:
    """Write every table and layer as files of each format, with the dictionary and the sources.

    Parameters
    ----------
    publication
        From :func:`hp_sig.publish.content.publication_of`.
    folder
        Where they go; made where missing. Files of other names in it are left as they are.
    formats
        `csv` (`;`, decimal comma, UTF-8 with its mark; a layer without its geometry), `parquet` (GeoParquet 1.1 where
        there is a geometry, in EPSG:2154), `fgb` and `geojson` (layers only: in EPSG:2154; in WGS84, RFC 7946).
    on_existing
        What to do where one of :func:`file_names` is there: replace it, or write nothing.

    Returns
    -------
    list of pathlib.Path
        The files, in the order in which they were put in place: the sources and the dictionary are last.

    Raises
    ------
    OutputError
        If a format is not known, another run is writing there, a file is there that shall stay, or one is open or
        protected; the folder is then as it was.

    Notes
    -----
    Columns, codes and numbers are those of the publication, all digits kept: the dictionary says their words and
    units. In a CSV a text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    place, names = Path(folder), file_names(publication, formats=formats)
    with _alone(place):
        for name in names:
            _require_free(place / name, on_existing)
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=place))
        try:
            for name in names:
                _write(publication, staging / name)
            for name in names:
                _put_in_place(staging / name, place / name)
        finally:
            discard(staging)
    log.info("wrote %d files to %s", len(names), place)
    return [place / name for name in names]


def file_names(publication: Publication, *, formats: Collection[ExportFormat] = FORMATS) -> tuple[str, ...]:
    """Name the files that :func:`write_files` writes, in its order.

    Parameters
    ----------
    publication, formats
        As there.

    Raises
    ------
    OutputError
        If a format is not known, or a table has a name that cannot be that of a file.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        message = f"formats: some of {', '.join(FORMATS)} expected, found {some(unknown) if unknown else 'none'}."
        raise OutputError(message)
    taken = {Path(DICTIONARY).stem, Path(SOURCES).stem}
    faulty = [
        name for name in publication.tables if not NAME.fullmatch(name) or DEVICES.fullmatch(name) or name in taken
    ]
    if faulty:
        message = (
            f"tables: names of small letters, digits and underscores expected, other than {', '.join(sorted(taken))}, "
            f"found {some(faulty)}. Change the id of the zones in territory.toml."
        )
        raise OutputError(message)
    names = [
        f"{table.name}.{name}"
        for table in publication.tables.values()
        for name in FORMATS
        if name in formats and (name in TABULAR or table.geometry_type is not None)
        # Rows of a large layer without their shapes say nothing.
        if not (table.is_copy and name == "csv")
    ]
    return (*names, SOURCES, DICTIONARY)


def _write(publication: Publication, path: Path) -> None:
    """Write one file, whose name says what it holds."""
    if path.name == DICTIONARY:
        _write_csv(dictionary(publication).rename(columns=lambda name: wording("dictionary", name)), path)
    elif path.name == SOURCES:
        _write_csv(_sources(publication), path)
    else:
        write = {".csv": _csv, ".parquet": _parquet, ".fgb": _fgb, ".geojson": _geojson}[path.suffix]
        write(publication.tables[path.stem], path)


def _csv(table: PublishedTable, path: Path) -> None:
    rows = pd.DataFrame(table.rows[[column.name for column in table.columns]])
    answers = {True: wording("answer", "yes"), False: wording("answer", "no")}
    told = {column.name: rows[column.name].map(answers) for column in table.columns if column.kind == "boolean"}
    _write_csv(rows.assign(**told), path)


def _parquet(table: PublishedTable, path: Path) -> None:
    if table.geometry_type is None:
        table.rows.to_parquet(path, index=False)
    else:
        table.layer.to_parquet(path, index=False, schema_version=GEOPARQUET, write_covering_bbox=True)


def _fgb(table: PublishedTable, path: Path) -> None:
    _write_layer(table, table.layer, path, driver="FlatGeobuf", options={"SPATIAL_INDEX": "YES"})


def _geojson(table: PublishedTable, path: Path) -> None:
    options = {"RFC7946": "YES", "COORDINATE_PRECISION": str(DECIMALS), "SIGNIFICANT_FIGURES": "17"}
    if len(table.key) == 1:
        # The key stays a property as well, for the tools that do not show the identity of a feature.
        layer = table.layer.assign(**{"hp_sig:id": table.layer[table.key[0]]})
        options |= {"ID_FIELD": "hp_sig:id"}
    else:
        layer = table.layer
        options |= {"ID_GENERATE": "YES"}
    _write_layer(table, layer.to_crs(WGS84), path, driver="GeoJSON", options=options)


def _write_layer(
    table: PublishedTable, layer: gpd.GeoDataFrame, path: Path, *, driver: str, options: Mapping[str, str]
) -> None:
    kind = table.geometry_type or "Unknown"
    shapes = _multiple(layer.geometry) if kind.startswith("Multi") else layer.geometry
    pyogrio.write_dataframe(
        layer.set_geometry(shapes),
        path,
        driver=driver,
        layer=table.name,
        geometry_type="Unknown" if kind == "Geometry" else kind,
        layer_options=dict(options),
        use_arrow=True,
    )


def _multiple(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Make each simple shape one of its kind, of one part."""
    return gpd.GeoSeries(
        [PARTS[type(shape)]([shape]) if type(shape) in PARTS else shape for shape in shapes],
        index=shapes.index,
        crs=shapes.crs,
    )


def _write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write rows for a French spreadsheet, and for nobody's formulas."""
    safe = safe_texts(rows).rename(columns=lambda name: safe_texts(pd.DataFrame({"name": [name]})).iat[0, 0])  # noqa: PD009
    safe.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig", lineterminator="\r\n")


def _sources(publication: Publication) -> pd.DataFrame:
    entries = [[getattr(entry, field) for field in SOURCE_FIELDS] for entry in publication.sources.values()]
    headings = [wording("dictionary", f"source_{field}") for field in SOURCE_FIELDS]
    return pd.DataFrame(entries, columns=headings, dtype="object")


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the folder for one writer, and clear what a killed one left there."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(place / LOCK, timeout=0)
        lock.acquire()
    except filelock.Timeout as error:
        message = f"another run is writing files to {place}. Wait until it ends, or choose another folder."
        raise RefreshBusyError(message) from error
    except OSError as error:
        raise _refused(place, error) from error
    try:
        for leftover in place.glob(f"{STAGING}*"):
            discard(leftover)
        yield
    except HpSigError:
        raise
    except OSError as error:
        raise _refused(place, error) from error
    finally:
        # Nothing of ours stays beside the files; Windows clears the lock by itself, and only once it is let go.
        with contextlib.suppress(OSError):
            (place / LOCK).unlink()
        lock.release()


def _require_free(file: Path, on_existing: str) -> None:
    """Refuse a file that shall stay, is protected, or is open where the system forbids to replace it (Windows)."""
    if not os.path.lexists(file):
        return
    if on_existing != "replace":
        message = f"{file}: there already. Move it, choose another folder, or have it replaced."
        raise OutputError(message)
    try:
        with file.open("r+b"):
            pass
    except OSError as error:
        raise _refused(file, error) from error


def _put_in_place(new: Path, file: Path) -> None:
    """Have the disk hold a file, then give it its name in one step."""
    try:
        flush(new)
        new.replace(file)
    except OSError as error:
        raise _refused(file, error) from error


def _refused(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or error
    message = f"{path}: cannot be written ({reason}). Close it where it is open, or choose another folder."
    return OutputError(message)
