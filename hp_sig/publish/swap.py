"""How does a folder of results change from the old ones to the new ones in one step?

The new folder is built beside the old one and takes its place in whole: on Linux by one exchange of names, so
that no moment exists without results; elsewhere by two renames: a run killed between these leaves the old results
under another name, and the next run brings them back. A file of somebody else in the folder (a QGIS project) goes
along.
"""

import ctypes
import errno
import logging
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import filelock

from hp_sig.errors import OutputError, RefreshBusyError, some
from hp_sig.publish.manifest import MANIFEST
from hp_sig.whole import flush

__all__ = ["discard", "exclusive", "prepare", "publish", "recover", "require_own_folder", "require_replaceable"]

log = logging.getLogger(__name__)

#: More files of others than this, and the folder is surely not one of results.
MAX_FOREIGN_FILES = 2_000
#: SQLite leaves these beside a file that somebody is using or that was not closed.
IN_USE = ("-wal", "-journal")
#: Linux: <fcntl.h> AT_FDCWD, <linux/fs.h> RENAME_EXCHANGE.
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def _beside(out: Path, word: str) -> Path:
    return out.with_name(f".{out.name}.{word}")


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Hold a folder of results for one writer; the lock is the system's, so a killed run frees it.

    Raises
    ------
    RefreshBusyError
        At once, if another run holds it.
    OutputError
        If the place cannot be written to.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(_beside(out, "lock"), timeout=0)
        lock.acquire()
    except filelock.Timeout as error:
        message = f"another refresh is writing to {out}. Wait until it ends, or choose another folder with --out."
        raise RefreshBusyError(message) from error
    except OSError as error:
        message = (
            f"cannot write beside {out} ({error.strerror}). Check your rights, or choose another folder with --out."
        )
        raise OutputError(message) from error
    try:
        yield
    finally:
        lock.release()


def require_own_folder(out: Path, *, apart_from: Collection[Path] = ()) -> None:
    """Refuse a place that is not a folder of results of its own.

    Parameters
    ----------
    out
        The folder, there or not.
    apart_from
        Folders that it must neither be, nor hold.

    Raises
    ------
    OutputError
        If `out` is a file or a link, the working folder or one above it, or holds one of `apart_from`.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        found = "a link" if out.is_symlink() else "a file"
        message = f"{out}: a folder for the results expected, found {found}. Choose another one with --out."
        raise OutputError(message)
    place = out.resolve()
    for other in (Path.cwd(), *apart_from):
        if other.resolve().is_relative_to(place):
            message = (
                f"{out} holds {other.resolve()}: the folder of results is "
                "replaced in whole, so it needs a place of its own. "
                "Choose another one with --out, such as data/processed."
            )
            raise OutputError(message)
    if os.path.ismount(place):
        message = f"{out} is a mount point and cannot be replaced in whole. Choose a folder inside it with --out."
        raise OutputError(message)


def recover(out: Path) -> None:
    """Bring back the last good results after a killed run, and clear what it left. Call it under :func:`exclusive`."""
    previous = _beside(out, "previous")
    if previous.exists() and not out.exists():
        previous.rename(out)
    elif previous.exists():
        _set_aside(previous, out)
    ours = re.compile(re.escape(_beside(out, "staging").name) + r"(-\d+)?")
    for leftover in sorted(path for path in out.parent.iterdir() if ours.fullmatch(path.name)):
        discard(leftover)


def discard(folder: Path) -> None:
    """Clear a folder of ours if it is still there; one that cannot be cleared is told, and stands in nobody's way."""
    try:
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        told = error.strerror or error
        log.warning("%s could not be cleared (%s): a later run tries again, or delete it.", folder, told)


def prepare(out: Path) -> Path:
    """Make an empty folder beside the results, to build the new ones in."""
    staging = _free_name(out)
    try:
        staging.mkdir()
    except OSError as error:
        message = f"cannot write beside {out} ({error.strerror}). Check your rights and the room on the disk."
        raise OutputError(message) from error
    return staging


def _free_name(out: Path) -> Path:
    names = (_beside(out, "staging" if rank == 0 else f"staging-{rank}") for rank in count())
    return next(name for name in names if not os.path.lexists(name))


def _set_aside(previous: Path, out: Path) -> None:
    """Take results that have been replaced out of the way, cleared or not."""
    aside = _free_name(out)
    try:
        previous.rename(aside)
    except OSError as error:
        message = (
            f"{previous} holds old results that a program keeps open ({error.strerror}): close it, then run again."
        )
        raise OutputError(message) from error
    discard(aside)


def publish(staging: Path, out: Path, *, ours: Collection[str]) -> None:
    """Put new results in the place of the old ones, in whole.

    Parameters
    ----------
    staging
        From :func:`prepare`, complete.
    out
        The folder of results.
    ours
        Names of the files that the last refresh wrote there: they go; any other file stays.

    Raises
    ------
    OutputError
        If a file of the results is in use, or a new file would replace one that is not ours; the old results stay.
    """
    for file in staging.rglob("*"):
        if file.is_file():
            flush(file)
    if out.exists():
        require_replaceable(staging, out, ours=ours)
        _carry_over(staging, out, ours)
    flush(staging)
    try:
        if not out.exists():
            staging.rename(out)
        elif not _exchange(staging, out):
            _rename_twice(staging, out)
    except OSError as error:
        message = (
            f"the new results could not replace those in {out} ({error.strerror}): "
            "close the files that are open there. The old ones stay."
        )
        raise OutputError(message) from error
    flush(out.parent)
    # The new results are in place: what is left of the old ones is cleared if it can be.
    discard(staging)
    discard(_beside(out, "previous"))


def require_replaceable(staging: Path, out: Path, *, ours: Collection[str]) -> None:
    """Check that new results may take the place of the old ones.

    Parameters
    ----------
    staging, out, ours
        As in :func:`publish`.

    Raises
    ------
    OutputError
        If a file of the results is in use, or a new file would replace one that is not ours.
    """
    if out.exists():
        _require_free(out, ours)
        _foreign(staging, out, ours)


def _require_free(out: Path, ours: Collection[str]) -> None:
    for name in ours:
        for suffix in IN_USE:
            if (out / f"{name}{suffix}").exists():
                message = (
                    f"{out / name} is open in another program ({name}{suffix} is there). "
                    "Close it in QGIS, then run again. The old results stay."
                )
                raise OutputError(message)


def _foreign(staging: Path, out: Path, ours: Collection[str]) -> list[Path]:
    """List the files of others in a folder of results; those that a new one would replace are refused."""
    new = {path.relative_to(staging) for path in staging.rglob("*")}
    foreign = [path for path in _leaves(out) if path.relative_to(out).as_posix() not in ours]
    clashes = sorted(path.relative_to(out).as_posix() for path in foreign if path.relative_to(out) in new)
    if clashes:
        # A manifest that is not ours is one that could not be read as such.
        damaged = f" {MANIFEST} is there but cannot be understood, so that no file is known to be ours."
        message = (
            f"{out} holds files that no refresh of hp-sig is known to have written and that it would replace: "
            f"{some(clashes)}.{damaged if MANIFEST in clashes else ''} "
            "Move them, choose another folder with --out, or give --force to replace them."
        )
        raise OutputError(message)
    if len(foreign) > MAX_FOREIGN_FILES:
        message = f"{out} holds {len(foreign)} files that are not results. Choose a folder of its own with --out."
        raise OutputError(message)
    return foreign


def _carry_over(staging: Path, out: Path, ours: Collection[str]) -> None:
    for path in _foreign(staging, out, ours):
        target = staging / path.relative_to(out)
        try:
            _carry(path, target)
        except OSError as error:
            message = (
                f"{path}, which is not a result, cannot be kept ({error.strerror}). Move it. The old results stay."
            )
            raise OutputError(message) from error


def _leaves(folder: Path) -> Iterator[Path]:
    """List files, links and empty folders, without following any link."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_dir() or not any(path.iterdir()):
            yield path
        else:
            yield from _leaves(path)


def _carry(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(path.readlink())
    elif path.is_dir():
        target.mkdir()
    else:
        try:
            target.hardlink_to(path)
        except OSError:
            shutil.copy2(path, target)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step where the system can; say whether it was done."""
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}:
        return False
    raise OSError(code, os.strerror(code))


def _rename_twice(staging: Path, out: Path) -> None:
    previous = _beside(out, "previous")
    out.rename(previous)
    try:
        staging.rename(out)
    except OSError:
        previous.rename(out)
        raise
