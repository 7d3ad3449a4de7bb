"""Is this file really what its name says, and is it whole?

GDAL recognises a file by its content, not by its name: a VRT renamed `.gpkg` makes it open another file or an
address on the network. So each file is looked at before GDAL sees it.
"""

import sqlite3
import struct
from pathlib import Path
from urllib.parse import quote

from hp_sig.errors import LayerError

__all__ = ["DATA_DRIVERS", "require_readable", "require_vector_file", "sqlite_address"]

#: First bytes of a file of each kind.
SIGNATURES: dict[str, tuple[bytes, ...]] = {
    ".gpkg": (b"SQLite format 3\x00",),
    ".sqlite": (b"SQLite format 3\x00",),
    ".shp": (b"\x00\x00\x27\x0a",),
    ".fgb": (b"fgb\x03fgb",),
    ".parquet": (b"PAR1",),
    ".xlsx": (b"PK\x03\x04",),
    ".geojson": (b"{",),
    ".json": (b"{",),
}

#: Documents that only tell GDAL to read something else, often over the network.
REDIRECTS = (
    b"<OGRVRT",
    b"<VRTDataset",
    b"<OGRWFS",
    b"<OGROAPIF",
    b"<OGCAPI",
    b"<OGRCSW",
    b"<GDAL_WMS",
    b"<GDAL_WMTS",
    # GDAL 3.11's GDALG: a JSON document whose command line reads any file or address.
    b"gdal_streamed_alg",
)
#: How far into a file these are looked for: GDAL itself looks no further.
REDIRECT_REACH = 1 << 20

#: Kinds of file that hold their own data; GDAL drivers that fetch theirs elsewhere are not among them.
DATA_DRIVERS = frozenset(
    {
        *("ESRI Shapefile", "FlatGeobuf", "GeoJSON", "GeoJSONSeq", "ESRIJSON", "JSONFG", "TopoJSON"),
        *("GML", "GPKG", "GPX", "KML", "LIBKML", "MapInfo File", "OpenFileGDB", "SQLite"),
    }
)
#: Containers that must be opened by their owner first: what is inside cannot be looked at from here.
ARCHIVES = {".zip", ".7z", ".gz", ".tar", ".rar", ".bz2", ".kmz"}

#: `application_id` of a GeoPackage in the SQLite header (OGC 12-128r19, requirement 2), and its older forms.
GPKG_APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11", b"GP12")

#: Bytes of the header of an SQLite file (sqlite.org/fileformat2.html, 1.3).
SQLITE_HEADER = 100

#: The files without which a shapefile is not one.
SHAPEFILE_PARTS = (".dbf", ".shx")


def sqlite_address(path: Path) -> str:
    """Give the address by which SQLite opens a file with options, also on a share of a network (`//server/share/…`).

    >>> sqlite_address(Path("/srv/sig/a b.gpkg"))
    'file:///srv/sig/a%20b.gpkg'
    """
    place = path.resolve().as_posix()
    # Its host must be empty: a share begins with two slashes of its own after those.
    return f"file://{'' if place.startswith('/') else '/'}{quote(place, safe='/:')}"


def require_readable(path: str | Path) -> Path:
    """Check that a path is a regular file, not empty and readable.

    Parameters
    ----------
    path
        A path on a disk; addresses and GDAL's virtual paths (`/vsicurl/…`) are refused.

    Raises
    ------
    LayerError
        If there is no such file, or it is empty or cannot be opened.
    """
    file = Path(path)
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "nothing"
        raise LayerError(file, [f"expected a file on disk, found {kind} there. Check the name and the folder."])
    try:
        with file.open("rb") as stream:
            start = stream.read(1)
    except OSError as error:
        raise LayerError(
            file, [f"cannot be opened ({error.strerror}). Close it elsewhere or check your rights."]
        ) from error
    if not start:
        raise LayerError(file, ["is empty (0 bytes). Download it again."])
    return file


def require_vector_file(path: str | Path) -> Path:
    """Check that a file is of the kind that its name says, whole, and leads nowhere else.

    Parameters
    ----------
    path
        A GeoPackage, GeoJSON, shapefile, FlatGeobuf… on disk.

    Raises
    ------
    LayerError
        If the content is of another kind, is cut short, lacks a companion file, or redirects GDAL elsewhere.
    """
    file = require_readable(path)
    suffix = file.suffix.lower()
    size = file.stat().st_size
    if suffix in ARCHIVES:
        raise LayerError(
            file, [f"expected a data file, found an archive ({suffix}). Extract it, then name the file inside."]
        )
    with file.open("rb") as stream:
        head = stream.read(REDIRECT_REACH)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if any(mark in head for mark in REDIRECTS):
        fault = (
            "expected geographic data, found a document that makes GDAL "
            f"read another file or address ({text[:20]!r}…). "
            "Give the data file itself."
        )
        raise LayerError(file, [fault])
    expected = SIGNATURES.get(suffix)
    start = text if suffix in {".geojson", ".json"} else head
    if expected and not start.startswith(expected):
        fault = (
            f"expected the content of a {suffix} file, found {head[:16]!r}. "
            "Download it again, or give it its right name."
        )
        raise LayerError(file, [fault])
    faults = {
        ".gpkg": _geopackage_faults,
        ".shp": _shapefile_faults,
        ".geojson": _geojson_faults,
        ".json": _geojson_faults,
    }.get(suffix, _no_faults)(file, head, size)
    if faults:
        raise LayerError(file, faults)
    return file


def _no_faults(file: Path, head: bytes, size: int) -> list[str]:  # noqa: ARG001 - one signature for all kinds
    return []


def _geopackage_faults(file: Path, head: bytes, size: int) -> list[str]:
    if len(head) < SQLITE_HEADER:
        return [f"is cut short: {SQLITE_HEADER} bytes of header expected, {size} found. Download or copy it again."]
    if head[68:72] not in GPKG_APPLICATION_IDS:
        return [f"expected a GeoPackage, found an SQLite file of another kind ({head[68:72]!r}). Give the right file."]
    page_size = struct.unpack(">H", head[16:18])[0]
    page_size = 65536 if page_size == 1 else page_size
    pages = struct.unpack(">I", head[28:32])[0]
    written_by_current = head[24:28] == head[92:96]
    if written_by_current and size < pages * page_size:
        return [f"is cut short: {pages * page_size} bytes announced, {size} found. Download or copy it again."]
    try:
        connection = sqlite3.connect(f"{sqlite_address(file)}?mode=ro", uri=True, timeout=10)
        try:
            connection.execute("SELECT count(*) FROM gpkg_contents").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        if "readonly" in str(error):
            # Kept by QGIS in its write-ahead mode, in a folder where nothing may be written: GDAL will tell.
            return []
        return [f"cannot be read as a GeoPackage ({error}). Close it elsewhere, or download it again."]
    return []


def _shapefile_faults(file: Path, head: bytes, size: int) -> list[str]:
    faults = []
    missing = [part for part in SHAPEFILE_PARTS if _companion(file, part) is None]
    if missing:
        faults.append(f"lacks its companion files {', '.join(missing)}. Copy all the files of the shapefile.")
    announced = struct.unpack(">i", head[24:28])[0] * 2 if len(head) >= 28 else size + 1
    if announced > size:
        faults.append(f"is cut short: {announced} bytes announced, {size} found. Download or copy it again.")
    return faults


def _geojson_faults(file: Path, head: bytes, size: int) -> list[str]:  # noqa: ARG001 - one signature for all kinds
    with file.open("rb") as stream:
        stream.seek(max(0, size - 64))
        end = stream.read().rstrip(b" \t\r\n\x00")
    return [] if end.endswith(b"}") else ["is cut short: its last character is not « } ». Download or copy it again."]


def _companion(file: Path, suffix: str) -> Path | None:
    for candidate in (file.with_suffix(suffix), file.with_suffix(suffix.upper())):
        if candidate.is_file():
            return candidate
    return None
