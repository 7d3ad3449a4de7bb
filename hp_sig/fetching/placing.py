"""How does a fetched file take its place, or wait for consent, so that a crash at any moment leaves a whole one?

All that is not yet in place is kept in a hidden folder of the raw folder: what is being fetched, what waits for
consent, and what is being put in place. The last is a folder that appears in one step and is emptied in any number
of them: whoever finds it there ends the work.
"""

import datetime as dt
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from hp_sig.errors import OutputError, RefreshBusyError
from hp_sig.fetching.needs import file_in_place
from hp_sig.sources.provenance import (
    RECORD_SUFFIX,
    Record,
    file_sha256,
    read_record,
    record_path,
    unwritten_changes,
    write_record,
)
from hp_sig.sources.wanted import Wanted

__all__ = ["Workplace", "present", "working_in"]

#: Folder of what is not in place, and what there is in it.
HIDDEN = ".hp_sig"
#: Downloads that nothing needs any more are kept as long.
KEPT_FOR = dt.timedelta(days=180)
CACHE, WORK, HELD, PLACING, REPLACED = "cache", "work", "held", "placing", "replaced"
LOCK = "fetch.lock"


class Workplace:
    """The hidden folder of a raw folder; open it with :func:`working_in`."""

    def __init__(self, raw: Path) -> None:
        self.raw = raw
        self.hidden = raw / HIDDEN

    def cache(self, wanted: Wanted) -> Path:
        """Give the folder in which the downloads of a data set are kept, made if it is not there."""
        return _made(self.hidden / CACHE / _slug(wanted))

    @contextmanager
    def empty_folder(self, wanted: Wanted) -> Iterator[Path]:
        """Give an empty folder to fetch into, removed afterwards."""
        folder = self.hidden / WORK / _slug(wanted)
        _remove(folder)
        try:
            yield _made(folder)
        finally:
            # What cannot be removed now (open elsewhere, on Windows) is when the next run begins.
            shutil.rmtree(folder, ignore_errors=True)

    def place(self, wanted: Wanted, file: Path, record: Record) -> Path:
        """Put a file that was found sound in place of the previous one, with its record; give its place.

        Parameters
        ----------
        wanted
            What it is.
        file
            In the folder that :meth:`empty_folder` gave, alone in it.
        record
            Its provenance.

        Raises
        ------
        OutputError
            If the place cannot be written: the file that is there is open elsewhere or protected. It stays, and the
            new one takes its place at the next run.
        """
        ready = self._ready(PLACING, wanted, file, record)
        return self._placed(ready)

    def hold(self, wanted: Wanted, file: Path, record: Record) -> None:
        """Keep a file that was found sound until someone consents to its changes."""
        self._ready(HELD, wanted, file, record)

    def held(self, wanted: Wanted) -> Record | None:
        """Give the record of the file that waits for consent; None where none does, or it was altered since."""
        found = _content(self.hidden / HELD / _slug(wanted))
        if found is None:
            return None
        file, _ = found
        record = read_record(file)
        is_good = record is not None and record.asked == wanted.digest and record.describes(file)
        return record if is_good else None

    def held_file(self, wanted: Wanted) -> Path:
        """Give the file that waits for consent, to be looked at."""
        found = _content(self.hidden / HELD / _slug(wanted))
        return self.hidden / HELD if found is None else found[0]

    def accept(self, wanted: Wanted) -> Path:
        """Put in place the file that waits for consent."""
        ready = self.hidden / PLACING / _slug(wanted)
        _remove(ready)
        _made(ready.parent)
        (self.hidden / HELD / _slug(wanted)).replace(ready)
        return self._placed(ready)

    def forget_held(self, wanted: Wanted) -> None:
        """Remove the file that waits for consent: a later one took its place."""
        _remove(self.hidden / HELD / _slug(wanted))

    def finish(self, wanted: Wanted) -> Path | None:
        """Put in place what a run that was cut had begun to for a data set; give its place, None if there was nothing.

        Raises
        ------
        OutputError
            As in :meth:`place`.
        """
        ready = self.hidden / PLACING / _slug(wanted)
        return self._placed(ready) if ready.is_dir() else None

    def tidy(self, needed: Collection[Wanted], today: dt.date) -> None:
        """Remove what runs that were cut left, and downloads of half a year ago that nothing needs any more."""
        shutil.rmtree(self.hidden / WORK, ignore_errors=True)
        kept = {_slug(wanted) for wanted in needed}
        caches = self.hidden / CACHE
        for folder in sorted(caches.iterdir()) if caches.is_dir() else []:
            days = (dt.date.fromtimestamp(path.stat().st_mtime) for path in (folder, *folder.rglob("*")))
            if folder.name not in kept and today - max(days) > KEPT_FOR:
                shutil.rmtree(folder, ignore_errors=True)

    def _ready(self, where: str, wanted: Wanted, file: Path, record: Record) -> Path:
        """Gather a file and its record under the place that they are for, then move them in one step."""
        place = PurePosixPath(wanted.file)
        name = place.name if place.suffix else place.name + file.suffix.lower()
        gathered = file.parent.with_name(file.parent.name + ".ready")
        _remove(gathered)
        inside = _made(gathered / place.parent)
        file.replace(inside / name)
        write_record(record, record_path(inside / name))
        ready = self.hidden / where / _slug(wanted)
        _remove(ready)
        _made(ready.parent)
        gathered.replace(ready)
        return ready

    def _placed(self, ready: Path) -> Path:
        """Move a file and its record to their place, whichever of the two is still to be moved."""
        records = sorted(ready.rglob(f"*{RECORD_SUFFIX}"))
        if len(records) != 1:
            # Moved already: only the empty folders were left.
            _remove(ready)
            return self.raw
        record = records[0]
        inside = record.with_name(record.name.removesuffix(RECORD_SUFFIX))
        place = self.raw / inside.relative_to(ready)
        _made(place.parent)
        if journals := unwritten_changes(place):
            message = (
                f"{place}: is open in another program ({journals[0].name} is there), the new edition cannot take its "
                "place. Close it there, then run hp-sig fetch again: nothing will be downloaded anew."
            )
            raise OutputError(message)
        try:
            if inside.is_file():
                self._keep_foreign(place)
                inside.replace(place)
            for other in _delivered_before(place, record):
                self._keep_foreign(other)
                other.unlink()
                record_path(other).unlink()
            # Last: as long as it is here, the work is to be ended.
            record.replace(record_path(place))
        except OSError as error:
            message = (
                f"{place}: the new edition cannot take its place ({error.strerror or error}). Close the file where it "
                "is open, then run hp-sig fetch again: nothing will be downloaded anew."
            )
            raise OutputError(message) from error
        _remove(ready)
        return place

    def _keep_foreign(self, place: Path) -> None:
        """Keep a copy of a file that is about to be replaced and that nobody could fetch again."""
        if not place.is_file():
            return
        record = read_record(place)
        if record is None or not record.describes(place):
            folder = _made(self.hidden / REPLACED / place.parent.relative_to(self.raw))
            # Named after its content: the next one does not replace it.
            shutil.copy2(place, folder / f"{place.stem}-{file_sha256(place)[:12]}{place.suffix}")


@contextmanager
def working_in(raw: Path) -> Iterator[Workplace]:
    """Work in a raw folder, alone.

    Parameters
    ----------
    raw
        Made if it is not there.

    Raises
    ------
    RefreshBusyError
        If another run is fetching into it.
    OutputError
        If it cannot be written.
    """
    workplace = Workplace(raw)
    try:
        _made(workplace.hidden)
        lock = FileLock(workplace.hidden / LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        message = f"{raw}: another hp-sig fetch is at work there. Wait until it ends."
        raise RefreshBusyError(message) from error
    except OSError as error:
        message = f"{raw}: cannot be written ({error.strerror or error}). Check your rights, or give another --raw."
        raise OutputError(message) from error
    try:
        yield workplace
    finally:
        lock.release()


def present(raw: Path, wanted: Wanted) -> tuple[Path | None, Record | None]:
    """Give the file of a data set and its record, None where the file is not what the record describes.

    Raises
    ------
    LayerError
        If the record cannot be read.
    """
    file = file_in_place(raw, wanted)
    record = None if file is None else read_record(file)
    return file, record if record is not None and file is not None and record.describes(file) else None


def _delivered_before(place: Path, record: Path) -> list[Path]:
    """List the files of the same data set that were delivered with another suffix."""
    ours = Record.model_validate_json(record.read_bytes()).data_set
    others = [other for other in sorted(place.parent.iterdir()) if other.stem == place.stem and other != place]
    described = ((other, read_record(other)) for other in others if other.is_file())
    return [other for other, told in described if told is not None and told.data_set == ours]


def _slug(wanted: Wanted) -> str:
    """Name the folder of a data set after its place, which no other has."""
    return wanted.file.replace("/", "--") + (f"@{wanted.edition}" if wanted.edition else "")


def _content(folder: Path) -> tuple[Path, Path] | None:
    records = sorted(folder.rglob(f"*{RECORD_SUFFIX}")) if folder.is_dir() else []
    if len(records) != 1:
        return None
    file = records[0].with_name(records[0].name.removesuffix(RECORD_SUFFIX))
    return (file, records[0]) if file.is_file() else None


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
