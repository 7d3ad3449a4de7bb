"""How does a GeoPackage that others may have open change from the old one to the new one in one step?

The new file is built and verified in a local folder (locks on a share are not to be relied on), copied beside the old
one, compared, and takes its name in one step; the old one stays as `NAME.bak`. Until that step the old file is as it
was, whatever fails.
"""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

import filelock

from hp_sig.errors import OutputError
from hp_sig.publish.geopackage.occupancy import better_content, foreign_content, require_free, saved_styles, told
from hp_sig.publish.geopackage.styling import Styles
from hp_sig.publish.geopackage.writing import build_geopackage
from hp_sig.publish.publication import Publication
from hp_sig.whole import flush

__all__ = ["Replaced", "backup_of", "replace_geopackage", "require_place"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What was done: rows by layer or table, SHA-256 and size of the file, the backup of the one before if any."""

    path: Path
    rows: dict[str, int]
    sha256: str
    size: int
    backup: Path | None = None


def replace_geopackage(
    publication: Publication,
    path: Path,
    *,
    styles: Styles | None = None,
    replace_foreign: Literal["refuse", "replace"] = "refuse",
) -> Replaced:
    """Publish into a GeoPackage that may be there, and that others may have open.

    Styles that people saved in the file go along; the file before is kept as `NAME.bak`.

    Parameters
    ----------
    publication, styles
        As for :func:`hp_sig.publish.geopackage.write_geopackage`.
    path
        The shared file; its folder must be there.
    replace_foreign
        What to do with a file that hp_sig did not write, or in which people added layers or a project.

    Raises
    ------
    OutputError
        If somebody is using the file, another publication is writing it, it is not ours, or anything cannot be
        written. The file is as it was then.
    """
    require_place(path)
    with _alone(path), tempfile.TemporaryDirectory(prefix="hp-sig-") as folder:
        kept, apart = [], False
        before = _state(path)
        if before is not None:
            foreign = foreign_content(path)
            better = better_content(path, publication)
            if better and not foreign and replace_foreign == "refuse":
                message = f"{better}: it is not replaced. Publish under another name, or give --force."
                raise OutputError(message)
            if foreign and replace_foreign == "refuse":
                message = f"{told(path, foreign)}: it is not replaced. Publish under another name, or move it."
                raise OutputError(message)
            apart = bool(foreign or better)
            kept = [] if foreign == [path.name] else saved_styles(path, publication.tables)
        new = Path(folder) / path.name
        rows = build_geopackage(publication, new, styles=styles or {}, kept_styles=kept)
        size = new.stat().st_size
        try:
            sha256 = _digest(new)
            aside = _copied(new, path, sha256)
            backup = _put(aside, path, before, _backup_place(path, apart=apart))
        except OutputError:
            raise
        except OSError as error:
            message = (
                f"{path} cannot be replaced ({error.strerror or error}): close it if it is open in QGIS, check your "
                "rights and the room on the disk. The file stays as it was."
            )
            raise OutputError(message) from error
    log.info("published %s: %d kB", path, size // 1000)
    return Replaced(path=path, rows=rows, sha256=sha256, size=size, backup=backup)


def require_place(path: Path) -> None:
    """Refuse a place that no GeoPackage can be published into, or that somebody is using.

    Raises
    ------
    OutputError
        If it is no file of that name in a folder that is there, or somebody has it open.
    """
    if path.suffix.lower() != ".gpkg" or path.is_symlink() or path.is_dir() or not path.parent.is_dir():
        message = f"{path}: a file whose name ends with .gpkg, in a folder that is there, expected; no link, no folder."
        raise OutputError(message)
    if path.exists():
        require_free(path)


def backup_of(path: Path) -> Path:
    """Name the backup of a file.

    >>> backup_of(Path("territoire.gpkg")).name
    'territoire.gpkg.bak'
    """
    return path.with_name(f"{path.name}.bak")


def _aside(path: Path, word: str) -> Path:
    return path.with_name(f".{path.name}.{word}.tmp")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a file for one publisher, and clear what a killed one left; the lock is the system's."""
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        message = f"another publication is writing {path}. Wait until it ends, then publish again."
        raise OutputError(message) from error
    except (OSError, NotImplementedError) as error:
        message = f"cannot write beside {path} ({error}). Check your rights, or publish into another folder."
        raise OutputError(message) from error
    try:
        _clear(path)
        yield
    finally:
        _clear(path)
        lock.release()


def _clear(path: Path) -> None:
    for word in ("new", "old"):
        try:
            _aside(path, word).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s could not be cleared (%s): a later run tries again.", _aside(path, word), error.strerror)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copied(new: Path, path: Path, sha256: str) -> Path:
    """Copy the new file beside the old one, and make sure that the disk holds all of it."""
    aside = _aside(path, "new")
    shutil.copyfile(new, aside)
    if path.exists():
        shutil.copymode(path, aside)
    flush(aside)
    if _digest(aside) != sha256:
        message = f"{aside}: the copy differs from what was built. Check the disk. {path.name} stays as it was."
        raise OutputError(message)
    return aside


def _state(path: Path) -> tuple[int, int] | None:
    """Give what tells that a file is as it was: its moment and its size."""
    if not path.exists():
        return None
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _backup_place(path: Path, *, apart: bool) -> Path:
    """Name the backup: the last one of ours gives way, what is not ours or is worth more never does."""
    usual = backup_of(path)
    if not apart and not (usual.exists() and foreign_content(usual)):
        return usual
    return next(place for rank in count(1) if not (place := path.with_name(f"{usual.name}-{rank}")).exists())


def _put(aside: Path, path: Path, before: tuple[int, int] | None, place: Path) -> Path | None:
    """Give the new file its name, after the old one has its backup."""
    backup = None
    if path.exists():
        # Once more: somebody may have opened or changed it while the new one was being built.
        require_free(path)
        if _state(path) != before:
            message = f"{path} was changed while the new one was being built. Publish again. The file stays as it is."
            raise OutputError(message)
        backup = place
        old = _aside(path, "old")
        try:
            old.hardlink_to(path)
        except OSError:
            shutil.copy2(path, old)
            flush(old)
        old.replace(backup)
    aside.replace(path)
    # The new file is in place already, whether the disk can be asked or not.
    with suppress(OSError):
        flush(path.parent)
    return backup
