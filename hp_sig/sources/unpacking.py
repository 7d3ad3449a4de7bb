"""How is the expected member taken out of a delivered .7z or .zip, and nothing else of it?

A GeoPackage or a table is kept byte for byte. A shapefile is several files: they become one GeoPackage, with the same
rows, coordinates and text.
"""

import lzma
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyogrio
from pyogrio.errors import DataSourceError

from hp_sig.errors import LayerError, SourceError, some
from hp_sig.sources.archive import SIGNATURE, Member, Select, companions, damage, extract_members, selected_of
from hp_sig.sources.shapefile import SHAPEFILE_PARTS, write_geopackage
from hp_sig.sources.texts import shown

__all__ = ["Unpacked", "is_packed", "require_geopackage", "unpack"]

#: First bytes of a .zip; the second ones are those of an empty one (APPNOTE.TXT, 4.3).
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
#: First bytes of a GeoPackage.
SQLITE = b"SQLite format 3\x00"
#: A bare name that can be written on any system: no drive letter, stream, wildcard, device or hidden file.
SAFE_NAME = re.compile(
    r"(?!(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$))"
    r'[^.<>:"/\\|?*\x00-\x1f][^<>:"/\\|?*\x00-\x1f]{0,119}(?<![. ])',
    re.IGNORECASE,
)
#: Set for a member that wants a password (APPNOTE.TXT, 4.4.4).
ENCRYPTED = 0x1
BLOCK = 1 << 20

#: What zipfile raises on a file that is cut short, damaged, or made to do harm.
ZIP_ERRORS = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError),
    *(zlib.error, lzma.LZMAError, struct.error, KeyError, IndexError, OverflowError, MemoryError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The one file that was wanted of an archive."""

    path: Path
    #: Its full name in the archive.
    member: str
    #: What an officer should know of it.
    notes: tuple[str, ...] = ()


def unpack(archive: Path, folder: Path, *, what: str, member: str, max_bytes: int, crs: str | None = None) -> Unpacked:
    """Take the expected member out of a .7z or a .zip.

    Parameters
    ----------
    archive
        As downloaded; what it is is told by its first bytes.
    folder
        Where the file is written, and nothing else is left, whatever happens.
    what
        What to call the data set in messages.
    member
        Regular expression of the bare name of the member, whatever its case. Where several match, a GeoPackage is
        taken before other kinds; where none does, the only GeoPackage, if it holds a layer of that name.
    max_bytes
        Refused beyond, once extracted.
    crs
        Coordinate system of a shapefile that states none.

    Returns
    -------
    Unpacked
        The member as it was packed; a shapefile as one GeoPackage.

    Raises
    ------
    SourceError
        If the archive is damaged, wants a password, is too large once extracted, or holds no such member, or several.
    """
    pattern = re.compile(member, re.IGNORECASE)
    with archive.open("rb") as stream:
        head = stream.read(len(SIGNATURE))
    extract = extract_members if head == SIGNATURE else _extract_zip
    if extract is _extract_zip and not head.startswith(ZIP_SIGNATURES):
        message = f"{what}: expected a .7z or a .zip, found {head!r} at the start of {archive.name}. Fetch it again."
        raise SourceError(message)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=folder, ignore_cleanup_errors=True) as inner:
        try:
            selected = extract(archive, Path(inner), _expected(pattern), max_bytes=max_bytes)
        except LayerError as error:
            message = f"{what}: {archive.name} {' '.join(error.faults)}"
            raise SourceError(message) from error
        chosen = selected[0]
        file = Path(inner) / chosen.place.name
        suffix = file.suffix.lower()
        notes: tuple[str, ...] = ()
        if suffix == ".shp":
            for one in selected[1:]:
                # Found whatever its case on Windows only.
                (Path(inner) / one.place.name).replace(file.with_suffix(one.place.suffix.lower()))
            file, notes = write_geopackage(file, what=what, crs=crs)
        elif suffix == ".gpkg":
            require_geopackage(file, file.name, member, what)
        return Unpacked(path=file.replace(folder / file.name), member=chosen.name, notes=notes)


def _expected(pattern: re.Pattern[str]) -> Select:
    """Say how to select the member whose bare name is expected."""

    def select(members: Sequence[Member]) -> list[Member]:
        safe = [member for member in members if SAFE_NAME.fullmatch(member.place.name)]
        geopackages = [member for member in safe if member.place.suffix.lower() == ".gpkg"]
        found = [member for member in safe if pattern.fullmatch(member.place.name)]
        found = [member for member in found if member in geopackages] or found
        if not found and len(geopackages) == 1:
            found = geopackages
        if len(found) != 1:
            there = some(shown(member.name) for member in found or members) or "nothing"
            message = f"was expected to hold one member « {pattern.pattern} », found {there}. See the catalogue."
            raise ValueError(message)
        chosen = found[0]
        if chosen.place.suffix.lower() != ".shp":
            return [chosen]
        # One of each: two whose names differ by case alone are one file on Windows.
        parts = {one.place.suffix.lower(): one for one in companions(chosen, safe)[1:] if _is_part(one, chosen)}
        if missing := [end for end in SHAPEFILE_PARTS if end not in parts]:
            message = f"holds {chosen.name!r} without {', '.join(missing)}. Ask its producer for another one."
            raise ValueError(message)
        return [chosen, *parts.values()]

    return select


def _is_part(member: Member, chosen: Member) -> bool:
    """Say whether a companion is one that a shapefile is read with: a.dbf is, a.shp.xml and a.qix are not."""
    place = member.place
    is_read = place.suffix.lower() in (*SHAPEFILE_PARTS, ".prj", ".cpg")
    return is_read and place.stem.casefold() == chosen.place.stem.casefold()


def is_packed(file: Path) -> bool:
    """Say whether a file is a .7z or a .zip, by its first bytes."""
    with file.open("rb") as stream:
        return stream.read(len(SIGNATURE)).startswith((SIGNATURE, *ZIP_SIGNATURES))


def require_geopackage(file: Path, name: str, member: str, what: str) -> None:
    """Refuse what is no GeoPackage, or one of another name that does not hold the layer that is expected.

    Parameters
    ----------
    file
        What to look at.
    name
        The name that it was delivered with.
    member
        Regular expression of its name, or of its layer's with `.gpkg` after it.
    what
        What to call the data set in messages.

    Raises
    ------
    SourceError
        If it is refused.
    """
    with file.open("rb") as stream:
        head = stream.read(len(SQLITE))
    if head != SQLITE:
        message = f"{what}: expected a GeoPackage, found {head!r} at the start of {name}. Fetch it again."
        raise SourceError(message)
    if re.fullmatch(member, name, re.IGNORECASE):
        return
    try:
        layers = [str(layer) for layer, _ in pyogrio.list_layers(file)]
    except DataSourceError as error:
        message = f"{what}: {name} cannot be read as a GeoPackage ({error}). Fetch it again."
        raise SourceError(message) from error
    if not any(re.fullmatch(member, f"{layer}.gpkg", re.IGNORECASE) for layer in layers):
        message = (
            f"{what}: expected a member or a layer « {member} », found {name}, whose layers are "
            f"{some(layers) or 'none'}. See the catalogue."
        )
        raise SourceError(message)


def _extract_zip(path: Path, folder: Path, select: Select, *, max_bytes: int) -> list[Member]:
    """Extract members of a .zip into a folder, under their bare names; as `extract_members` does of a .7z."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = {Member(info.filename, info.file_size): info for info in archive.infolist() if _is_file(info)}
            selected = selected_of(path, list(infos), select, max_bytes)
            if any(infos[member].flag_bits & ENCRYPTED for member in selected):
                raise LayerError(path, ["wants a password. Ask its producer for one without."])
            left = max_bytes
            for member in selected:
                left -= _copy(archive, infos[member], folder / member.place.name, min(left, member.size))
    except LayerError:
        raise
    except ZIP_ERRORS as error:
        raise LayerError(path, [damage(error)]) from error
    return selected


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, most: int) -> int:
    """Write a member, and count what comes: a size that is declared may be a lie."""
    written = 0
    with archive.open(info) as stream, target.open("wb") as file:
        while block := stream.read(BLOCK):
            written += len(block)
            if written > most:
                break
            file.write(block)
    if written != info.file_size:
        message = f"{info.file_size} bytes declared for {info.filename}, {written} found"
        raise zipfile.BadZipFile(message)
    return written


def _is_file(info: zipfile.ZipInfo) -> bool:
    """Say whether a member is a file: no folder, and no link (a file whose content is the place it leads to)."""
    mode = stat.S_IFMT(info.external_attr >> 16)
    return not info.is_dir() and mode in (0, stat.S_IFREG)
