"""How is a file written so that its place holds the old one or the new one, never a part of either?"""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from hp_sig.errors import OutputError

__all__ = ["flush", "write_whole"]

#: What the system leaves to a new file when the process says nothing (the usual umask of a desktop).
NEW_FILE = 0o644


def write_whole(path: str | Path, content: bytes) -> Path:
    """Write a file aside, then put it in its place in one step; whatever fails, the old one stays as it was.

    Parameters
    ----------
    path
        The file; where it is a link, the file that it leads to is replaced and the link stays.
    content
        All of it.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    OutputError
        If it cannot be written: the folder is not there, the file is protected or open elsewhere, the disk is full.
    """
    given = Path(path)
    try:
        file = given.resolve()
        _require_writable(file)
        mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else NEW_FILE
        handle, name = tempfile.mkstemp(prefix=".hp_sig-", suffix=".part", dir=file.parent)
    except (OSError, ValueError) as error:
        raise _told(given, error) from error
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # A file system without modes (a USB key) refuses: the file is none the worse for it.
        with contextlib.suppress(OSError):
            beside.chmod(mode)
        beside.replace(file)
    except OSError as error:
        raise _told(given, error) from error
    finally:
        # Moved away where all went well; cleared whatever else happened, an interruption too.
        with contextlib.suppress(OSError):
            beside.unlink()
    return given


def flush(path: Path) -> None:
    """Have the disk really hold a file or the names of a folder."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_writable(file: Path) -> None:
    if file.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    if file.exists() and not (os.access(file, os.W_OK) and file.stat().st_mode & stat.S_IWUSR):
        raise PermissionError(13, "it is write-protected")


def _told(path: Path, error: OSError | ValueError) -> OutputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    message = f"{path}: cannot be written ({reason}). Close it where it is open, or give another file."
    return OutputError(message)
