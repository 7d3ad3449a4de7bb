"""Which table of the database does a `file` of a territory file name, and where is what was last read of it?"""

import re
from pathlib import Path

__all__ = ["DATABASE_PREFIX", "SNAPSHOTS", "snapshot_places", "table_named"]

#: Prefix of a table or a view of the database, in place of a file.
DATABASE_PREFIX = "postgis:"
#: Folder of what was last read of each table, within that of the raw files.
SNAPSHOTS = Path(".hp_sig") / "postgis"
#: A schema and a table, each as the database writes it; between quotation marks where it holds a dot or a space.
TABLE = re.compile(r'("(?:[^"]|"")+"|[^".\s]+)\.("(?:[^"]|"")+"|[^".\s]+)')


def table_named(file: str) -> tuple[str, str]:
    """Give the schema and the table that a `file` entry names, letter for letter: capitals count, as in QGIS.

    Parameters
    ----------
    file
        `postgis:schema.table`; quotation marks around a name that holds a dot or a space, doubled within it.

    Raises
    ------
    ValueError
        If it names no schema and table.

    Examples
    --------
    >>> table_named("postgis:urbanisme.Projets"), table_named('postgis:"mes couches"."a.b"')
    (('urbanisme', 'Projets'), ('mes couches', 'a.b'))
    """
    match = TABLE.fullmatch(file.removeprefix(DATABASE_PREFIX))
    if not file.startswith(DATABASE_PREFIX) or match is None:
        message = (
            "a schema and a table expected, such as postgis:urbanisme.projets; a name with a dot or a space goes "
            "between quotation marks: 'postgis:\"mes couches\".projets'"
        )
        raise ValueError(message)
    schema, table = (part[1:-1].replace('""', '"') if part[0] == '"' else part for part in match.groups())
    return schema, table


def snapshot_places(name: str, raw: Path) -> list[Path]:
    """List the files that what was last read of the table of a layer may be in: with geometry, or without.

    Parameters
    ----------
    name
        The layer.
    raw
        Folder of the raw files.
    """
    return [raw / SNAPSHOTS / f"{name}{end}" for end in (".gpkg", ".csv")]
