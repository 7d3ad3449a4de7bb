"""Under which names is kept and written what a producer delivers?

Never under those that a server gives: `NUL.csv` is no file on Windows, and a path is soon too long there.
"""

import re
from pathlib import Path, PurePosixPath

from hp_sig.sources.texts import file_of, is_sound
from hp_sig.sources.wanted import Wanted

__all__ = ["copy_path", "file_name", "offer_path", "work_name"]

#: Kinds of file that a producer delivers.
SUFFIXES = {".7z", ".csv", ".geojson", ".gpkg", ".json", ".ods", ".tsv", ".txt", ".xls", ".xlsx", ".zip"}


def copy_path(cache: Path, wanted: Wanted, part: str = "") -> Path:
    """Give the place of the copy of one part of a data set in its cache, which is of this data set alone."""
    return cache / "-".join(one for one in (wanted.source.id, part) if one)


def offer_path(cache: Path, wanted: Wanted) -> Path:
    """Give the place of what was told of a data set, in its cache."""
    return cache / f"{wanted.source.id}.offer.json"


def file_name(url: str, wanted: Wanted, kind: str = "") -> str:
    """Give the bare name of what an address leads to; one without suffix takes that of the kind, or of the place.

    Parameters
    ----------
    url
        Address of the file.
    wanted
        What was asked for.
    kind
        `csv`, `zip`…, where the producer tells.
    """
    name = file_of(url)
    if not name or not is_sound(name):
        end = PurePosixPath(name).suffix.lower()
        name = wanted.source.id + (end if end in SUFFIXES else "")
    if PurePosixPath(name).suffix:
        return name
    suffix = f".{kind.lower()}" if re.fullmatch(r"\w{2,8}", kind) else PurePosixPath(wanted.file).suffix
    return name + suffix


def work_name(wanted: Wanted, name: str) -> str:
    """Give the name that a file of a producer is written under: ours, with its suffix if it is one that we know.

    Parameters
    ----------
    wanted
        What was asked for.
    name
        As its producer calls it.
    """
    suffix = PurePosixPath(name).suffix.lower()
    return wanted.source.id + (suffix if suffix in SUFFIXES else PurePosixPath(wanted.file).suffix)
