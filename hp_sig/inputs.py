"""Which files does this territory need, and are they all there?"""

import datetime as dt
import hashlib
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hp_sig.errors import HpSigError, LayerError, some
from hp_sig.reference.fields import sample_territory_file
from hp_sig.sources.provenance import is_record, read_record
from hp_sig.territory import EnafSource, LayerSource, Territory, Zone
from hp_sig.territory.naming import SNAPSHOTS, table_named

if TYPE_CHECKING:
    from hp_sig.sources.postgis_snapshot import Snapshot

__all__ = [
    "DEFAULT_RAW",
    "RAW_VARIABLE",
    "InputError",
    "InputFile",
    "attributed",
    "data_files",
    "find_inputs",
    "locate_inputs",
    "read_tables",
    "require_unchanged",
]

log = logging.getLogger(__name__)

#: Environment variable that names the folder of raw files when the caller names none.
RAW_VARIABLE = "HP_SIG_RAW"
DEFAULT_RAW = Path("data") / "raw"

#: Layers that are tables without a place, and those that have their places in columns or in a geometry.
WITHOUT_PLACE = ("population", "census", "ridership")
ANY_PLACE = ("stations", "projects")

#: Files that go with another one: parts of a shapefile, SQLite journals, notes.
COMPANIONS = {
    ".dbf",
    ".shx",
    ".prj",
    ".cpg",
    ".qix",
    ".sbn",
    ".sbx",
    ".xml",
    ".gpkg-wal",
    ".gpkg-shm",
    ".md",
    ".qmd",
    ".qml",
}


class InputError(HpSigError, ValueError):
    """All the faults of all the input files of a territory."""

    def __init__(self, errors: list[LayerError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file to read: for which layer, where it is, what it hashes to."""

    name: str
    path: Path
    source: LayerSource | None
    sha256: str
    size: int


def locate_inputs(territory: Territory, raw: Path) -> tuple[list[InputFile], list[LayerError]]:
    """Locate and hash the files that a territory needs; give those found, and an error for each that is not.

    A table of the database (`postgis:`) is read first, all of them at one moment, into a file of the hidden folder
    `.hp_sig` of `raw`: the only thing that is written, and only where the table changed.
    """
    wanted: list[tuple[str, LayerSource | None, list[Path], str]] = [("territory", None, [territory.path], "")]
    companions = {
        "communes.table": territory.communes.table,
        "communes.movements": territory.communes.movements,
        "trajectory.exclusions": territory.trajectory.exclusions,
    }
    companions |= {f"{survey.layer_name}.correspondence": survey.correspondence for survey in territory.land_survey}
    wanted += [(name, None, [territory.companion(file)], "") for name, file in companions.items() if file is not None]
    wanted += [
        (name, source, territory.resolve(source.file, raw), source.file) for name, source in territory.sources().items()
    ]
    tables, errors = read_tables(territory, raw)
    found = []
    for name, source, paths, pattern in wanted:
        files = data_files(paths)
        if source is not None and source.in_database:
            # Absent where it is optional, or its error is told already.
            files = [tables[name].path] if name in tables else []
        if not files and source is not None and (source.optional or source.in_database):
            continue
        if len(files) == 1:
            try:
                item = _described(name, files[0], source)
                found.append(_read_on(item, tables[name].day) if name in tables else _from_record(item))
            except LayerError as error:
                errors.append(error)
            except OSError as error:
                fault = f"cannot be opened ({error.strerror}). Close it elsewhere or check your rights."
                errors.append(LayerError(files[0], [fault]))
        else:
            what = f"{len(files)} files ({some(path.name for path in files)})" if files else "none"
            remedy = (
                "Name one of them in the territory file."
                if files
                else "Put the file there, or correct « file » in the territory file."
            )
            where = raw / pattern if pattern else paths[0]
            errors.append(LayerError(where, [f"expected one file for the layer « {name} », found {what}. {remedy}"]))
    return found, errors


def find_inputs(territory: Territory, raw: Path) -> list[InputFile]:
    """Locate and hash every file that a territory needs.

    Parameters
    ----------
    territory
        From :func:`hp_sig.territory.load_territory`.
    raw
        Folder of the files as downloaded.

    Returns
    -------
    list of InputFile
        The territory file first, then a file a layer; none for an `optional` layer whose file is absent.

    Raises
    ------
    InputError
        If a file is absent, or a pattern meets several: all are listed.
    """
    found, errors = locate_inputs(territory, raw)
    if errors:
        raise InputError(errors)
    return found


def read_tables(
    territory: Territory, raw: Path, names: Collection[str] | None = None
) -> "tuple[dict[str, Snapshot], list[LayerError]]":
    """Read the layers that are tables of the database into files of the hidden folder of the raw files.

    Parameters
    ----------
    territory
        From :func:`hp_sig.territory.load_territory`; the database is that of its `publish.database`, or else of the
        environment (`HP_SIG_DATABASE`).
    raw
        Folder of the files as downloaded.
    names
        Layers to read; all of them by default.

    Returns
    -------
    snapshots
        File and day by layer; none for an `optional` layer whose table is absent.
    errors
        An error for each that could not be read.
    """
    every = {name: source for name, source in territory.sources().items() if source.in_database}
    sources = {name: source for name, source in every.items() if names is None or name in names}
    if not sources:
        return {}, []
    if raw.resolve().is_relative_to(sample_territory_file().parent.resolve()):
        fault = "is a folder of the package, where no table of the database is kept. Name another one with --raw."
        return {}, [LayerError(raw, [fault])]
    # Only here: most territories have no database.
    from hp_sig.sources.postgis_snapshot import take_snapshots  # noqa: PLC0415
    from hp_sig.sources.postgis_table import AskedTable  # noqa: PLC0415

    asked = []
    for name, source in sources.items():
        schema, table = table_named(source.file)
        asked.append(
            AskedTable(
                layer=name,
                file=source.file,
                schema=schema,
                table=table,
                shape=_shape(name, source),
                column=source.layer,
                is_optional=source.optional,
            )
        )
    return take_snapshots(asked, raw / SNAPSHOTS, address=territory.publish.database, origin=territory.path)


def _shape(name: str, source: LayerSource) -> Literal["needed", "used", "unused"]:
    """Say whether the reader of a layer needs a geometry, uses it where there is one, or reads a plain table."""
    is_list = isinstance(source, Zone) and source.kind == "communes"
    if is_list or name in WITHOUT_PLACE or isinstance(source, EnafSource):
        return "unused"
    return "used" if name in ANY_PLACE else "needed"


def data_files(paths: Iterable[Path]) -> list[Path]:
    """Leave out what goes with a file of data: parts of a shapefile, journals, notes, records of provenance."""
    files = [path for path in paths if path.is_file() and not is_record(path)]
    return [path for path in files if path.suffix.lower() not in COMPANIONS] or files


def attributed(territory: Territory, inputs: Iterable[InputFile]) -> Territory:
    """Give the territory with what is told of each layer by the record of the file that was found for it.

    Parameters
    ----------
    territory
        From :func:`hp_sig.territory.load_territory`.
    inputs
        From :func:`find_inputs`: their `source` has the vintage, producer, licence and day of the record, where the
        file was fetched by `hp-sig fetch` and is still what came.
    """
    told = {item.name: item.source for item in inputs if item.source is not None}
    return territory.with_sources(told)


def require_unchanged(inputs: Iterable[InputFile]) -> None:
    """Refuse results made from files that changed while they were read, as by a download still going on.

    Raises
    ------
    InputError
        With each file that is not what it was when it was found.
    """
    errors = []
    for item in inputs:
        try:
            same = _described(item.name, item.path, item.source).sha256 == item.sha256
        except OSError:
            same = False
        if not same:
            errors.append(
                LayerError(item.path, ["changed while it was being read. Wait until it is whole, then run again."])
            )
    if errors:
        raise InputError(errors)


def _read_on(item: InputFile, day: dt.date) -> InputFile:
    """Tell since which day a table of the database holds what it holds."""
    source = None if item.source is None else item.source.model_copy(update={"retrieved": day})
    return replace(item, source=source)


def _from_record(item: InputFile) -> InputFile:
    """Take what the record of a fetched file tells in place of what the territory file says of it."""
    if item.source is None or item.source.in_package:
        return item
    record = read_record(item.path)
    if record is None:
        return item
    if (record.size, record.sha256) != (item.size, item.sha256):
        log.warning(
            "%s: changed since it was fetched: its record no longer describes it, and its vintage is that of the "
            "territory file. Fetch it again, or remove the record.",
            item.path,
        )
        return item
    told = {
        "vintage": record.vintage,
        "producer": record.producer,
        "source": record.source,
        "licence": record.licence,
        "retrieved": record.day,
    }
    return replace(item, source=item.source.model_copy(update=told))


def _described(name: str, path: Path, source: LayerSource | None) -> InputFile:
    beside = sorted(path.parent.iterdir())
    parts = [path]
    if path.suffix.lower() == ".shp":
        parts = [part for part in beside if part.stem == path.stem]
    elif path.suffix.lower() == ".gpkg":
        parts += [part for part in beside if part.name == f"{path.name}-wal"]
    if isinstance(source, Zone) and source.id == "scot":
        parts += [part for part in beside if "DOC_URBA" in part.name.upper() and part not in parts]
    digest = hashlib.sha256()
    size = 0
    for part in parts:
        with part.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
    return InputFile(name=name, path=path, source=source, sha256=digest.hexdigest(), size=size)
