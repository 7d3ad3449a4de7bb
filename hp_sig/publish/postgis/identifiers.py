"""What is a layer, a table or a column called in a database that keeps 63 bytes of a name?"""

import hashlib
from collections.abc import Collection, Iterable

from hp_sig.errors import OutputError, some
from hp_sig.publish.postgis.options import WHAT

__all__ = ["GEOMETRY", "RUN_ID", "UID", "identifier", "identifiers"]

#: PostgreSQL: NAMEDATALEN - 1.
MAX_BYTES = 63
#: Digits of the SHA-256 of the whole name that tell shortened names apart.
DIGITS = 8
RUN_ID, GEOMETRY, UID = "run_id", "geom", "uid"
#: PostgreSQL 15, 5.5 System Columns; and our own.
TAKEN = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", RUN_ID, GEOMETRY, UID})


def identifier(name: str, *, taken: Collection[str] = ()) -> str:
    """Give the name in the database of a layer, a table or a column: the same, if it fits.

    Parameters
    ----------
    name
        Any text.
    taken
        Names that it must not have.

    Returns
    -------
    str
        The name; where it is too long, empty or taken, its beginning and a mark that depends on nothing but the name.

    Examples
    --------
    >>> identifier("enaf_consumption_ha")
    'enaf_consumption_ha'
    >>> len(identifier("é" * 80).encode())
    63
    """
    clean = name.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if clean == name and 0 < len(name.encode()) <= MAX_BYTES and name not in taken:
        return name
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
    start = clean.encode()[: MAX_BYTES - DIGITS - 1].decode("utf-8", "ignore")
    return f"{start}_{mark}"


def identifiers(names: Iterable[str], *, taken: Collection[str] = TAKEN) -> dict[str, str]:
    """Give the names in the database of all columns of a table, or all tables of a schema.

    Raises
    ------
    OutputError
        If two would be called the same.
    """
    named = {name: identifier(name, taken=taken) for name in names}
    if len(set(named.values())) < len(named):
        found = [name for name, short in named.items() if list(named.values()).count(short) > 1]
        message = f"{WHAT}: names that a database tells apart expected, found {some(found)}. Rename one."
        raise OutputError(message)
    return named
