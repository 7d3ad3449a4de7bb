"""How is one member of a delivered .7z read, without letting the archive fill the disk or write where it likes?

The IGN delivers OCS GE as .7z. Only the member that is wanted and the files that go with it are extracted, into a
folder of their own, under their bare names; sizes are checked before, and again while they are written.
"""

import io
import logging
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

import py7zr
from py7zr.exceptions import ArchiveError, DecompressionBombError, PasswordRequired
from py7zr.io import Py7zIO, WriterFactory
from py7zr.properties import COMPRESSION_METHOD

from hp_sig.errors import LayerError, some

__all__ = ["ARCHIVE_SUFFIX", "Member", "Select", "companions", "damage", "extract_members", "extracted", "selected_of"]

log = logging.getLogger(__name__)

ARCHIVE_SUFFIX = ".7z"
#: First bytes of a .7z (7-Zip, 7zFormat.txt).
SIGNATURE = b"7z\xbc\xaf\x27\x1c"
#: What may be extracted at most: the largest département of OCS GE is under 3 GB.
MAX_BYTES = 8_000_000_000
#: A member this many times larger than the archive is no geographic data: these shrink 3 to 15 times.
MAX_RATIO = 200
#: A delivery has some dozens of members.
MAX_MEMBERS = 5_000
#: Files of this kind are chosen from; the others go with the one that is chosen.
LAYER_SUFFIXES = (".gpkg", ".shp", ".parquet", ".fgb")

#: Methods that 7-Zip does not use unless told to. One wrong byte in a PPMd stream makes its decoder end the whole
#: process (pyppmd 1.3.1, measured); the errors of the others are those of packages that need not be installed.
REFUSED_METHODS = {
    COMPRESSION_METHOD.PPMD: "PPMd",
    COMPRESSION_METHOD.MISC_BROTLI: "Brotli",
    COMPRESSION_METHOD.MISC_ZSTD: "Zstandard",
    COMPRESSION_METHOD.MISC_DEFLATE64: "Deflate64",
}

#: What py7zr raises on a file that is cut short, damaged, or made to do harm: it checks some of it with `assert`.
READ_ERRORS = (
    *(ArchiveError, EOFError, OSError, lzma.LZMAError, zlib.error, ValueError, KeyError, IndexError, TypeError),
    *(AssertionError, AttributeError, OverflowError, MemoryError),
)


class Member(NamedTuple):
    """A file in an archive: its full name there, and the size that the archive declares."""

    name: str
    size: int

    @property
    def place(self) -> PurePosixPath:
        """Where it is in the archive."""
        return _place(self.name)


#: Takes the files of an archive, gives those that are wanted.
Select = Callable[[Sequence[Member]], list[Member]]


@contextmanager
def extracted(path: Path, choose: Callable[[Sequence[str]], str]) -> Iterator[Path]:
    """Extract one layer of an archive for as long as it is read.

    Parameters
    ----------
    path
        A .7z.
    choose
        Takes the bare names of the layer files (`OCCUPATION_SOL.shp`…), gives the one that is wanted, or raises
        `ValueError` with what is wrong.

    Yields
    ------
    pathlib.Path
        The file, its companions beside it, in a folder that is removed afterwards.

    Raises
    ------
    LayerError
        If the file is no .7z, is cut short, wants a password, is too large once extracted, or holds no such layer.
    """
    with tempfile.TemporaryDirectory(prefix="hp_sig_", ignore_cleanup_errors=True) as folder:
        wanted = extract_members(path, Path(folder), _layer_and_companions(choose))[0].place.name
        log.info("extracted %s of %s", wanted, path.name)
        yield Path(folder) / wanted


def extract_members(path: Path, folder: Path, select: Select, *, max_bytes: int | None = None) -> list[Member]:
    """Extract members of a .7z into a folder, under their bare names.

    Parameters
    ----------
    path
        A .7z.
    folder
        Where they are written.
    select
        Takes the files of the archive (links and folders left out), gives those that are wanted, the one that the
        others go with first; or raises `ValueError` with what is wrong.
    max_bytes
        Refused beyond; 8 GB by default.

    Returns
    -------
    list of Member
        Those that were selected.

    Raises
    ------
    LayerError
        As :func:`extracted`.
    """
    most = MAX_BYTES if max_bytes is None else max_bytes
    # py7zr given a path opens the file again for each block, and leaves it open.
    with path.open("rb") as stream:
        head = stream.read(len(SIGNATURE))
        if head != SIGNATURE:
            raise LayerError(path, [f"expected a .7z archive, found {head!r}. Download it again."])
        stream.seek(0)
        return _extract(stream, path, folder, select, most)


def _extract(stream: BinaryIO, path: Path, folder: Path, select: Select, max_bytes: int) -> list[Member]:
    try:
        with (
            py7zr.SevenZipFile(stream, max_extract_size=max_bytes) as archive,
            closing(_Writers(folder)) as writers,
        ):
            # A link is no file.
            members = [Member(one.filename, int(one.uncompressed)) for one in archive.list() if one.is_file]
            selected = selected_of(path, members, select, max_bytes)
            names = [member.name for member in selected]
            _require_safe_methods(archive, path, names)
            archive.extract(targets=names, factory=writers)
    except LayerError:
        raise
    except PasswordRequired as error:
        fault = "wants a password. Extract it with 7-Zip, then name the file inside."
        raise LayerError(path, [fault]) from error
    except DecompressionBombError as error:
        fault = f"holds more than {_told(max_bytes)} once extracted. Ask its producer for another one."
        raise LayerError(path, [fault]) from error
    except READ_ERRORS as error:
        raise LayerError(path, [damage(error)]) from error
    return selected


def selected_of(path: Path, members: Sequence[Member], select: Select, max_bytes: int) -> list[Member]:
    """Select members of an archive, and refuse what only a bomb would hold.

    Raises
    ------
    LayerError
        If there are too many members, the selection fails, or what is selected is too large.
    """
    if len(members) > MAX_MEMBERS:
        raise LayerError(path, [f"expected {MAX_MEMBERS} members at most, found {len(members)}. It is no delivery."])
    try:
        selected = select(members)
    except ValueError as error:
        raise LayerError(path, [str(error)]) from error
    size, packed = sum(member.size for member in selected), path.stat().st_size
    if size > min(max_bytes, MAX_RATIO * packed):
        fault = (
            f"{selected[0].place.name} would take {size / 1e6:.0f} MB for an archive of {packed / 1e6:.1f} MB; at most "
            f"{MAX_RATIO} times as much, and {_told(max_bytes)}, are expected. It was not extracted."
        )
        raise LayerError(path, [fault])
    return selected


def damage(error: BaseException) -> str:
    """Say that an archive cannot be extracted, with the reason that its decoder gave."""
    reason = (error.args[-1] if error.args else None) or type(error).__name__
    return f"cannot be extracted ({reason}). It may be cut short or damaged, or the disk full: download it again."


def companions(chosen: Member, members: Sequence[Member]) -> list[Member]:
    """List a layer file and what goes with it: same folder, same name before the first dot; the layer file first."""
    place = chosen.place
    beside = [
        member
        for member in members
        if member != chosen
        and member.place.parent == place.parent
        and member.place.name.casefold().startswith(f"{place.stem}.".casefold())
    ]
    return [chosen, *beside]


def _layer_and_companions(choose: Callable[[Sequence[str]], str]) -> Select:
    """Say how to select the layer file that is chosen by its bare name, and what goes with it."""

    def select(members: Sequence[Member]) -> list[Member]:
        layers = [member for member in members if member.place.suffix.lower() in LAYER_SUFFIXES]
        if not layers:
            found = some(member.name for member in members) or "nothing"
            message = f"expected a layer ({', '.join(LAYER_SUFFIXES)}) in it, found {found}."
            raise ValueError(message)
        chosen = choose(list(dict.fromkeys(layer.place.name for layer in layers)))
        same = [layer for layer in layers if layer.place.name == chosen]
        if len(same) > 1:
            places = some(layer.name for layer in same)
            message = f"holds {chosen!r} {len(same)} times: {places}. Extract the right one."
            raise ValueError(message)
        return companions(same[0], members)

    return select


def _require_safe_methods(archive: py7zr.SevenZipFile, path: Path, names: Sequence[str]) -> None:
    methods = {
        bytes(coder["method"])
        for file in archive.files
        if file.filename in names and file.folder is not None
        for coder in file.folder.coders
    }
    if refused := [name for method, name in REFUSED_METHODS.items() if method in methods]:
        fault = f"is packed with {', '.join(refused)}, expected LZMA. Pack it again with the defaults of 7-Zip."
        raise LayerError(path, [fault])


def _told(size: int) -> str:
    """Write a size for people: 8 GB, 20 MB."""
    return f"{size / 1e9:.0f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _place(name: str) -> PurePosixPath:
    """Give the place of a member, whichever way its slashes lean (py7zr 1.1.4 has turned them already)."""
    return PurePosixPath(name.replace("\\", "/"))


class _Writers(WriterFactory):
    """Write each member into one folder, under its bare name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[_Writer] = []

    def create(self, filename: str) -> Py7zIO:
        """Open the file of a member."""
        writer = _Writer(self.folder / _place(filename).name)
        self.opened.append(writer)
        return writer

    def close(self) -> None:
        """Close every file: py7zr leaves open the one that it was writing when it failed."""
        for writer in self.opened:
            writer.close()


class _Writer(Py7zIO):
    """A file on disk."""

    def __init__(self, path: Path) -> None:
        self.stream = path.open("w+b")

    def write(self, s: bytes | bytearray) -> int:
        """Write what was decompressed."""
        return self.stream.write(s)

    def read(self, size: int | None = None) -> bytes:
        """Read back."""
        return self.stream.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move."""
        return self.stream.seek(offset, whence)

    def flush(self) -> None:
        """Pass on."""
        self.stream.flush()

    def size(self) -> int:
        """Give the size of what was written."""
        return self.stream.seek(0, io.SEEK_END)

    def close(self) -> None:
        """Close the file: on Windows it could not be read or removed otherwise."""
        self.stream.close()
