"""What is in a GeoPackage besides its layers and tables, and how are they registered?

Written with SQLite alone: types, keys and dates are ours to say, two runs of the same content give the same bytes, and
no other library holds the file at the same time. OGC 12-128r14 (GeoPackage 1.2) is what is followed.
"""

import sqlite3
from dataclasses import dataclass

from pyproj import CRS

from hp_sig.crs import LAMBERT93

__all__ = ["Entry", "create_container", "declare_extension", "quoted", "register"]

#: « GPKG », and 1.2: read without a warning by every QGIS still in use.
APPLICATION_ID, USER_VERSION = 0x47504B47, 10200
SPECIFICATION = "http://www.geopackage.org/spec120/#"

TABLES = (
    "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,"
    " organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,"
    " description TEXT)",
    "CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,"
    " description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),"
    " min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,"
    " CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))",
    "CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,"
    " geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,"
    " CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),"
    " CONSTRAINT uk_gc_table_name UNIQUE (table_name),"
    " CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents (table_name),"
    " CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))",
    "CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,"
    " definition TEXT NOT NULL, scope TEXT NOT NULL,"
    " CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A table as it is registered; `bounds` (west, south, east, north in metres) where it has geometries."""

    name: str
    data_type: str
    identifier: str
    description: str
    last_change: str
    srs_id: int | None = None
    bounds: tuple[float, float, float, float] | None = None


def create_container(connection: sqlite3.Connection) -> None:
    """Make an empty database a GeoPackage."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {USER_VERSION}")
    for table in TABLES:
        connection.execute(table)
    systems = [
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian coordinate reference system"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
        *(
            (system.name, epsg, "EPSG", epsg, system.to_wkt("WKT1_GDAL"), None)
            for epsg, system in ((epsg, CRS.from_epsg(epsg)) for epsg in (LAMBERT93, 4326))
        ),
    ]
    connection.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", systems)


def register(connection: sqlite3.Connection, entry: Entry) -> None:
    """List a table in the contents."""
    bounds = entry.bounds or (None, None, None, None)
    row = (entry.name, entry.data_type, entry.identifier, entry.description, entry.last_change, *bounds, entry.srs_id)
    connection.execute(f"INSERT INTO gpkg_contents VALUES ({', '.join('?' * len(row))})", row)


def declare_extension(
    connection: sqlite3.Connection, table: str, name: str, *, column: str | None = None, scope: str = "read-write"
) -> None:
    """Say that a table, or one of its columns, follows an extension of the standard (`rtree_index`, `schema`…)."""
    section = f"extension_{name.removesuffix('_index')}"
    row = (table, column, f"gpkg_{name}", f"{SPECIFICATION}{section}", scope)
    connection.execute("INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, ?)", row)


def quoted(name: str) -> str:
    """Write a name as SQL takes it, whatever it holds.

    >>> quoted('a"b')
    '"a""b"'
    """
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
