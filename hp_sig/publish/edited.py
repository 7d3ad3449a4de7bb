"""Which results did somebody work on since they were written, and how is that work kept?

A report is written to be completed, a project and a workbook are often changed: what a reader has put there must not
go with the next refresh.
"""

import datetime as dt
import logging
import shutil
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from hp_sig.publish.manifest import EDITABLE, file_entry, recorded_hashes

__all__ = ["edited_files", "keep_edited"]

log = logging.getLogger(__name__)

GEOPACKAGE = ".gpkg"


def edited_files(folder: Path, replaced: Iterable[str] = ()) -> Iterator[str]:
    """Name the results that are no longer as a refresh wrote them, or that none is known to have written.

    Parameters
    ----------
    folder
        The results, with their manifest.
    replaced
        Names that new results take: a file of such a name that no manifest knows is somebody's.
    """
    # Only here: a run with nothing to do needs none of it.
    from hp_sig.publish.geopackage.occupancy import is_worked_on  # noqa: PLC0415

    known = recorded_hashes(folder)
    for name in sorted({*known, *replaced}):
        file = folder / name
        if not file.is_file() or not name.endswith((*EDITABLE, GEOPACKAGE)):
            continue
        is_changed = file_entry(file)["sha256"] != known.get(name)
        # QGIS changes a GeoPackage that it only looks at.
        if is_changed and (not name.endswith(GEOPACKAGE) or is_worked_on(file)):
            yield name


def keep_edited(folder: Path, staging: Path, day: dt.date, *, replaced: Iterable[str] = ()) -> list[str]:
    """Copy the results that somebody worked on beside the new ones, under a name that no refresh writes.

    Parameters
    ----------
    folder
        The results, with their manifest.
    staging
        The new ones.
    replaced
        As in :func:`edited_files`.
    day
        Goes into the names: `rapport-….docx` is kept as `rapport-…-modifie-20261128.docx`.

    Returns
    -------
    list of str
        Names of the copies.
    """
    kept = []
    for name in edited_files(folder, replaced):
        file = folder / name
        copy = _free(file, folder, staging, day)
        (staging / copy).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, staging / copy)
        log.warning("%s was changed since it was written: kept as %s.", name, copy)
        kept.append(copy)
    return kept


def _free(file: Path, folder: Path, staging: Path, day: dt.date) -> str:
    """Find a name that neither the old results nor the new ones have."""
    stems = (f"{file.stem}-modifie-{day:%Y%m%d}{'' if rank == 1 else f'-{rank}'}" for rank in count(1))
    places = (file.with_name(f"{stem}{file.suffix}").relative_to(folder) for stem in stems)
    return next(
        place.as_posix() for place in places if not (folder / place).exists() and not (staging / place).exists()
    )
