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
from typing import BinaryIO

import py7zr
from py7zr.exceptions import ArchiveError, DecompressionBombError, PasswordRequired
from py7zr.io import Py7zIO, WriterFactory
from py7zr.properties import COMPRESSION_METHOD

from hp_sig.errors import LayerError, some

__all__ = ["ARCHIVE_SUFFIX", "extracted"]

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
        # py7zr given a path opens the file again for each block, and leaves it open.
        with path.open("rb") as stream:
            head = stream.read(len(SIGNATURE))
            if head != SIGNATURE:
                raise LayerError(path, [f"expected a .7z archive, found {head!r}. Download it again."])
            stream.seek(0)
            wanted = _extract(stream, path, choose, Path(folder))
        log.info("extracted %s of %s", wanted, path.name)
        yield Path(folder) / wanted


def _extract(stream: BinaryIO, path: Path, choose: Callable[[Sequence[str]], str], folder: Path) -> str:
    """Extract the layer that is chosen, and what goes with it; give its bare name."""
    try:
        with (
            py7zr.SevenZipFile(stream, max_extract_size=MAX_BYTES) as archive,
            closing(_Writers(folder)) as writers,
        ):
            wanted, members = _wanted(archive, path, choose)
            archive.extract(targets=members, factory=writers)
    except LayerError:
        raise
    except PasswordRequired as error:
        fault = "wants a password. Extract it with 7-Zip, then name the file inside."
        raise LayerError(path, [fault]) from error
    except DecompressionBombError as error:
        fault = f"holds more than {MAX_BYTES / 1e9:.0f} GB once extracted. Ask its producer for another one."
        raise LayerError(path, [fault]) from error
    except READ_ERRORS as error:
        reason = (error.args[-1] if error.args else None) or type(error).__name__
        fault = f"cannot be extracted ({reason}). It may be cut short or damaged, or the disk full: download it again."
        raise LayerError(path, [fault]) from error
    return wanted


def _wanted(archive: py7zr.SevenZipFile, path: Path, choose: Callable[[Sequence[str]], str]) -> tuple[str, list[str]]:
    """Choose the layer file; give its bare name, and the full names of the members to extract with it."""
    # A link is no file.
    members = [member for member in archive.list() if member.is_file]
    if len(members) > MAX_MEMBERS:
        raise LayerError(path, [f"expected {MAX_MEMBERS} members at most, found {len(members)}. It is no delivery."])
    layers = [member.filename for member in members if _place(member.filename).suffix.lower() in LAYER_SUFFIXES]
    if not layers:
        found = some(member.filename for member in members) or "nothing"
        raise LayerError(path, [f"expected a layer ({', '.join(LAYER_SUFFIXES)}) in it, found {found}."])
    try:
        chosen = choose(list(dict.fromkeys(_place(name).name for name in layers)))
    except ValueError as error:
        raise LayerError(path, [str(error)]) from error
    same = [name for name in layers if _place(name).name == chosen]
    if len(same) > 1:
        raise LayerError(path, [f"holds {chosen!r} {len(same)} times: {some(same)}. Extract the right one."])
    place = _place(same[0])
    together = [
        member
        for member in members
        if _place(member.filename).parent == place.parent
        and _place(member.filename).name.casefold().startswith(f"{place.stem}.".casefold())
    ]
    size, packed = sum(int(member.uncompressed) for member in together), path.stat().st_size
    if size > min(MAX_BYTES, MAX_RATIO * packed):
        fault = (
            f"{chosen} would take {size / 1e6:.0f} MB for an archive of {packed / 1e6:.1f} MB; at most "
            f"{MAX_RATIO} times as much, and {MAX_BYTES / 1e9:.0f} GB, are expected. It was not extracted."
        )
        raise LayerError(path, [fault])
    names = [member.filename for member in together]
    methods = {
        bytes(coder["method"])
        for file in archive.files
        if file.filename in names and file.folder is not None
        for coder in file.folder.coders
    }
    if refused := [name for method, name in REFUSED_METHODS.items() if method in methods]:
        fault = f"is packed with {', '.join(refused)}, expected LZMA. Pack it again with the defaults of 7-Zip."
        raise LayerError(path, [fault])
    return chosen, names


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
