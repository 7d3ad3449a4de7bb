"""How does a GeoPackage tell its columns in French, and carry its own metadata?

French labels are in the table of the Schema extension, which GDAL gives as the alternative name of a field and QGIS as
its alias; ISO 19139 records are in the tables of the Metadata extension, one for the file and one for each table.
"""

import sqlite3
from collections.abc import Iterable

import pandas as pd

from hp_sig.publish.geopackage.container import declare_extension
from hp_sig.publish.geopackage.placing import Placed
from hp_sig.publish.metadata.iso import iso_line
from hp_sig.publish.metadata.record import dataset_record, table_record
from hp_sig.publish.publication import Publication
from hp_sig.reference.labels import wording

__all__ = ["write_column_words", "write_metadata_records"]

STANDARD = "http://www.isotc211.org/2005/gmd"
COLUMNS = (
    "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,"
    " description TEXT, mime_type TEXT, constraint_name TEXT,"
    " CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name))",
    "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL,"
    " value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,"
    " CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))",
)
METADATA = (
    "CREATE TABLE gpkg_metadata (id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,"
    " md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,"
    " mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE gpkg_metadata_reference (reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT,"
    " row_id_value INTEGER, timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),"
    " md_file_id INTEGER NOT NULL, md_parent_id INTEGER,"
    " CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata (id),"
    " CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata (id))",
)


def write_column_words(connection: sqlite3.Connection, tables: Iterable[Placed], words: pd.DataFrame) -> None:
    """Write the label, the unit and the definition of each column; `words` as in the table `dictionary`."""
    for statement in COLUMNS:
        connection.execute(statement)
    for name in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        declare_extension(connection, name, "schema")
    described = {(row.table, row.column): _described(str(row.definition), str(row.unit)) for row in words.itertuples()}
    for placed in tables:
        told: set[str] = set()
        for column in placed.table.columns:
            name = placed.names[column.name]
            # Two columns with the same label: the standard wants names that tell them.
            alias = f"{column.label} ({name})" if column.label in told else column.label
            told.add(column.label)
            row = (placed.table.name, name, alias, column.label, described.get((placed.table.name, name)))
            connection.execute("INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, NULL)", row)


def _described(definition: str, unit: str) -> str | None:
    measured = wording("geopackage", "unit", unit=unit) if unit else ""
    return " ".join(filter(None, [definition, measured])) or None


def write_metadata_records(
    connection: sqlite3.Connection, publication: Publication, tables: Iterable[Placed], *, timestamp: str
) -> None:
    """Write the ISO record of the publication, and one for each of its tables."""
    for statement in METADATA:
        connection.execute(statement)
    for name in ("gpkg_metadata", "gpkg_metadata_reference"):
        declare_extension(connection, name, "metadata")
    insert = "INSERT INTO gpkg_metadata (id, md_scope, md_standard_uri, mime_type, metadata) VALUES (?, ?, ?, ?, ?)"
    refer = "INSERT INTO gpkg_metadata_reference VALUES (?, ?, NULL, NULL, ?, ?, ?)"
    connection.execute(insert, (1, "dataset", STANDARD, "text/xml", iso_line(dataset_record(publication))))
    connection.execute(refer, ("geopackage", None, timestamp, 1, None))
    for rank, placed in enumerate(tables, start=2):
        record = table_record(publication, placed.table)
        connection.execute(insert, (rank, record.kind, STANDARD, "text/xml", iso_line(record)))
        connection.execute(refer, ("table", placed.table.name, timestamp, rank, 1))
