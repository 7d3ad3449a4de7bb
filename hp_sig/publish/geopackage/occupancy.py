"""Is somebody using a GeoPackage, and whose is it?

The file is never opened for update, nor by SQLite where that could write beside it. SQLite's locks are locks of the
system on bytes far beyond any content (sqlite.org/fileformat2.html, « the lock-byte page »): whether others hold them
is asked of the system itself.
"""

import errno
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from hp_sig.errors import OutputError, some
from hp_sig.layers.files import sqlite_address
from hp_sig.publish.geopackage.placing import KEPT_PREFIXES, OWN_TABLES, STYLES
from hp_sig.publish.geopackage.styling import OWNER
from hp_sig.publish.publication import Publication

__all__ = ["better_content", "foreign_content", "is_worked_on", "require_free", "saved_styles", "told"]

#: SQLite leaves these beside a file that somebody is using or that was not closed.
BESIDE = ("-wal", "-journal", "-shm")
#: First of the bytes that SQLite locks: pending, reserved, and 510 shared ones.
LOCK_BYTES, LOCK_COUNT = 0x4000_0000, 512
#: What the system answers when another program holds them.
HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
SQLITE_MAGIC = b"SQLite format 3\x00"
RUN_COLUMNS = {"id", "started_at", "version", "territory"}


def require_free(path: Path) -> None:
    """Refuse a file that another program has open, as far as the system knows.

    Raises
    ------
    OutputError
        If a journal is beside it, or a lock is held on it by another process; nothing was changed.
    """
    for suffix in BESIDE:
        if os.path.lexists(f"{path}{suffix}"):
            message = (
                f"{path} is open in another program, or was not closed ({path.name}{suffix} is there). "
                "Close it in QGIS, then publish again. The file stays as it was."
            )
            raise OutputError(message)
    try:
        is_held = _is_held(path)
    except OSError as error:
        message = f"{path} cannot be looked at ({error.strerror}). Check your rights. The file stays as it was."
        raise OutputError(message) from error
    if is_held:
        message = (
            f"{path} is locked by another program. Close it in QGIS, then publish again. The file stays as it was."
        )
        raise OutputError(message)


def _is_held(path: Path) -> bool:
    """Try to have SQLite's bytes for a moment; without the right to write, a writer alone is seen."""
    is_writable = os.access(path, os.W_OK)
    flags = (os.O_RDWR if is_writable else os.O_RDONLY) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        return not _can_lock(descriptor, exclusively=is_writable)
    finally:
        os.close(descriptor)


def _can_lock(descriptor: int, *, exclusively: bool) -> bool:
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - of Windows

            os.lseek(descriptor, LOCK_BYTES, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, LOCK_COUNT)  # type: ignore[attr-defined,unused-ignore]
            os.lseek(descriptor, LOCK_BYTES, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, LOCK_COUNT)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl  # noqa: PLC0415 - of POSIX

            kind = fcntl.LOCK_EX if exclusively else fcntl.LOCK_SH
            fcntl.lockf(descriptor, kind | fcntl.LOCK_NB, LOCK_COUNT, LOCK_BYTES, os.SEEK_SET)
            fcntl.lockf(descriptor, fcntl.LOCK_UN, LOCK_COUNT, LOCK_BYTES, os.SEEK_SET)
    except OSError as error:
        if error.errno in HELD:
            return False
        # A share that knows no locks: SQLite could not hold one there either.
        if error.errno in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}:
            return True
        raise
    return True


def foreign_content(path: Path) -> list[str]:
    """Say what is in a file besides what a publication writes; call it after :func:`require_free`.

    Returns
    -------
    list
        Empty if all of it is ours; the names of layers, tables and projects that people added; or the file itself if
        no publication of hp_sig wrote it.
    """
    with path.open("rb") as stream:
        if stream.read(len(SQLITE_MAGIC)) != SQLITE_MAGIC:
            return [path.name]
    try:
        with _read(path) as connection:
            names = [str(row["name"]) for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
            if not {"run", "dictionary", "gpkg_contents"}.issubset(names) or not _is_ours(connection):
                return [path.name]
            known = {str(row["table"]) for row in connection.execute('SELECT DISTINCT "table" FROM dictionary')}
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
            return [
                name
                for name in (str(row["name"]) for row in tables)
                if name not in {*known, *OWN_TABLES, STYLES} and not name.startswith(KEPT_PREFIXES)
            ]
    except sqlite3.Error:
        return [path.name]


def _is_ours(connection: sqlite3.Connection) -> bool:
    columns = {str(row["name"]) for row in connection.execute("PRAGMA table_info(run)")}
    return columns >= RUN_COLUMNS and connection.execute("SELECT 1 FROM run").fetchone() is not None


def better_content(path: Path, publication: Publication) -> str:
    """Say why a file of ours must not give way to a publication; empty where it may.

    Figures of another territory, or real ones where the publication is of a sample, are not replaced unasked.
    """
    try:
        with _read(path) as connection:
            row = connection.execute("SELECT * FROM run").fetchone()
    except sqlite3.Error:
        return ""
    held = dict(row) if row is not None else {}
    if held.get("territory") != publication.territory:
        return f"{path} holds the figures of another territory ({held.get('territory')})"
    if publication.notice is not None and not held.get("notice"):
        return f"{path} holds real figures, and this publication is of a sample (is a drive missing?)"
    return ""


def is_worked_on(path: Path) -> bool:
    """Say whether people put layers, tables, projects or styles of their own into a GeoPackage, or one in its place."""
    try:
        with _read(path) as connection:
            has_styles = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (STYLES,)).fetchone()
            query = "SELECT 1 FROM layer_styles WHERE owner IS NOT ?"
            if has_styles and connection.execute(query, (OWNER,)).fetchone() is not None:
                return True
            connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error:
        return False
    return bool(foreign_content(path))


def saved_styles(path: Path, tables: Collection[str]) -> list[dict[str, Any]]:
    """Give the rows of `layer_styles` that people saved in a file of ours, for the tables that will be there again."""
    try:
        with _read(path) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (STYLES,)).fetchone() is None:
                return []
            rows = connection.execute("SELECT * FROM layer_styles WHERE owner IS NOT ? ORDER BY id", (OWNER,))
            return [dict(row) for row in rows if row["f_table_name"] in tables]
    except sqlite3.Error as error:
        message = f"{path}: the styles saved there cannot be read ({error}). The file stays as it was."
        raise OutputError(message) from error


@contextmanager
def _read(path: Path) -> Iterator[sqlite3.Connection]:
    """Read a file that nobody writes to, without a lock and without a file beside it."""
    with closing(sqlite3.connect(f"{sqlite_address(path)}?mode=ro&immutable=1", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def told(path: Path, found: Collection[str]) -> str:
    """Say what stands in the way of replacing a file."""
    if list(found) == [path.name]:
        return f"{path} was not written by hp_sig"
    return f"{path} holds what hp_sig did not write ({some(found)})"
