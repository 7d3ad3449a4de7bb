"""How does a GeoPackage carry the styles that QGIS applies when a layer is opened?"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hp_sig.errors import OutputError, some
from hp_sig.publish.geopackage.container import Entry, register
from hp_sig.publish.geopackage.placing import STYLES, Placed

__all__ = ["OWNER", "Styles", "write_styles"]

#: Layer or table → its styles: name, QML, whether QGIS applies it by itself.
Styles = Mapping[str, Sequence[tuple[str, str, bool]]]

#: Tells our styles from those that people save beside them.
OWNER = "hp_sig"
#: As QGIS 3.22 creates it.
TABLE = (
    'CREATE TABLE "layer_styles" ("id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "f_table_catalog" TEXT(256),'
    ' "f_table_schema" TEXT(256), "f_table_name" TEXT(256), "f_geometry_column" TEXT(256), "styleName" TEXT(30),'
    ' "styleQML" TEXT, "styleSLD" TEXT, "useAsDefault" BOOLEAN, "description" TEXT, "owner" TEXT(30), "ui" TEXT(30),'
    " \"update_time\" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
)
COLUMNS = (
    *("f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column", "styleName", "styleQML", "styleSLD"),
    *("useAsDefault", "description", "owner", "ui", "update_time"),
)
INSERT = f"INSERT INTO layer_styles ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def write_styles(
    connection: sqlite3.Connection,
    styles: Styles,
    tables: Iterable[Placed],
    *,
    timestamp: str,
    kept: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write styles where QGIS looks for them.

    Parameters
    ----------
    connection, tables
        The file, and what is in it.
    styles
        At most one by layer is applied by QGIS itself.
    timestamp
        When they are said to be made.
    kept
        Rows of `layer_styles` of the file before that people saved there: they go along with their layer, in the
        place of ours of the same name, and stay the one that QGIS applies where they were.

    Raises
    ------
    OutputError
        If a style is for no layer of the file, or a layer has two to be applied.
    """
    geometries = {placed.table.name: placed.geometry or "" for placed in tables}
    unknown = sorted(set(styles) - set(geometries))
    if unknown:
        message = f"a style is for {some(unknown)}, which is not in the publication ({some(geometries)} are)."
        raise OutputError(message)
    kept = [row for row in kept if row["f_table_name"] in geometries]
    if not kept and not any(styles.values()):
        return
    connection.execute(TABLE)
    entry = Entry(name=STYLES, data_type="attributes", identifier=STYLES, description="", last_change=timestamp)
    register(connection, entry)
    theirs = {row["f_table_name"] for row in kept if row["useAsDefault"]}
    named = {(row["f_table_name"], row["styleName"]) for row in kept}
    for name, found in styles.items():
        if sum(is_default for _, _, is_default in found) > 1:
            message = f"{name}: one style at most is applied by default, found several."
            raise OutputError(message)
        for title, qml, is_default in found:
            if (name, title) in named:
                continue
            applied = int(is_default and name not in theirs)
            row = ("", "", name, geometries[name], title, qml, "", applied, "", OWNER, None, timestamp)
            connection.execute(INSERT, row)
    for saved in kept:
        moved = {**saved, "f_geometry_column": geometries[saved["f_table_name"]]}
        connection.execute(INSERT, tuple(moved.get(column) for column in COLUMNS))
