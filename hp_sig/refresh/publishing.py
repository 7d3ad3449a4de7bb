"""How is one publication written on its own, apart from the folder of results?"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hp_sig._version import __version__
from hp_sig.assembly import Layers
from hp_sig.inputs import InputFile
from hp_sig.publish.content import publication_of
from hp_sig.publish.manifest import read_manifest, stale_reasons
from hp_sig.publish.publication import Publication, Run, new_run
from hp_sig.refresh import DEFAULT_OUT, settings_hash
from hp_sig.refresh.publications import METADATA, report_zones, write_companions, write_reports
from hp_sig.refresh.single import OnStep, gathered, require_absent
from hp_sig.results import Results
from hp_sig.territory import Territory
from hp_sig.territory.publishing import FORMATS, ExportFormat

if TYPE_CHECKING:
    from hp_sig.publish.postgis import PostgisRecord

__all__ = [
    "Given",
    "PublishedGis",
    "publish_files",
    "publish_geopackage",
    "publish_reports",
    "publish_to_database",
    "publish_workbook",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """From what to publish: territory, raw files and progress as in :func:`hp_sig.refresh.refresh`.

    `replace` says whether files that are there may be replaced.
    """

    territory: str | Path | Territory | None = None
    raw: str | Path | None = None
    replace: bool = False
    on_step: OnStep | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedGis:
    """Files written for QGIS; the backup of the GeoPackage that was there; a project that was there and was kept."""

    files: tuple[Path, ...]
    backup: Path | None
    kept: Path | None


def publish_geopackage(path: str | Path, given: Given) -> PublishedGis:
    """Publish the GeoPackage with its styles; beside it the project of QGIS and the metadata.

    Parameters
    ----------
    path
        The GeoPackage. One that hp_sig wrote is replaced in one step and kept beside as a backup.
    given
        With `replace`, a GeoPackage of somebody else is replaced too (and kept as a backup), and so is a project;
        without it, a project that is there is left alone: somebody may have worked on it.

    Raises
    ------
    OutputError
        If somebody holds the GeoPackage, or it is somebody else's; it stays as it was.
    """
    from hp_sig.publish.geopackage import replace_geopackage, require_place  # noqa: PLC0415 - as below
    from hp_sig.publish.metadata import require_own_metadata  # noqa: PLC0415
    from hp_sig.publish.qgis import layer_styles  # noqa: PLC0415

    file = Path(path)
    project = file.with_suffix(".qgz")
    require_place(file)
    if not file.exists():
        require_absent([file.with_suffix(Path(name).suffix) for name in METADATA], replace=given.replace)
    publication, _, _ = _publication(given)
    styles = layer_styles(publication)
    policy: Literal["replace", "refuse"] = "replace" if given.replace else "refuse"
    if not given.replace:
        require_own_metadata(publication, file)
    done = replace_geopackage(publication, file, styles=styles, replace_foreign=policy)
    kept = project if project.exists() and not given.replace else None
    written = write_companions(
        publication, file, styles, lambda _name: None, keep_project=kept is not None, replace_foreign=policy
    )
    files = (file, *(file.with_name(name) for name in written))
    return PublishedGis(files=files, backup=done.backup, kept=kept)


def publish_workbook(path: str | Path, given: Given) -> Path:
    """Publish the workbook.

    Parameters
    ----------
    path
        The file, `.xlsx`.
    given
        From what.

    Raises
    ------
    OutputError
        If it is there already.
    """
    from hp_sig.publish.workbook import require_place, write_workbook  # noqa: PLC0415 - loads long

    require_place(Path(path))
    require_absent([Path(path)], replace=given.replace)
    publication, _, _ = _publication(given)
    return write_workbook(publication, Path(path))


def publish_reports(codes: Sequence[str], folder: str | Path, given: Given) -> list[Path]:
    """Publish the triennial reports of some zones, each to be edited (.docx) and to be read (.html).

    Parameters
    ----------
    codes
        As in :func:`hp_sig.refresh.publications.report_zones`; by default those of the territory file.
    folder
        Made if it is not there.
    given
        From what.

    Raises
    ------
    OutputError
        If a report is there already: somebody may have worked on it.
    """
    from hp_sig.publish.report import report_name  # noqa: PLC0415 - loads long

    publication, layers, results = _publication(given)
    zones = report_zones(layers, results, codes or layers.territory.publish.reports)
    target = Path(folder)
    names = [report_name(layers, zone) for zone in zones]
    require_absent([target / f"{name}{end}" for name in names for end in (".docx", ".html")], replace=given.replace)
    target.mkdir(parents=True, exist_ok=True)
    written = write_reports(layers, results, zones, target, publication.run, lambda _name: None)
    return [file for file, _ in written]


def publish_files(folder: str | Path, given: Given, *, formats: Sequence[ExportFormat] = FORMATS) -> list[Path]:
    """Publish every table and layer as files, with their dictionary.

    Parameters
    ----------
    folder
        Made if it is not there.
    given
        From what.
    formats
        Which kinds of file.

    Raises
    ------
    OutputError
        If a file is there already.
    """
    from hp_sig.publish.files import file_names, write_files  # noqa: PLC0415 - loads long

    publication, _, _ = _publication(given)
    target = Path(folder)
    require_absent([target / name for name in file_names(publication, formats=formats)], replace=given.replace)
    return write_files(publication, target, formats=formats)


def publish_to_database(
    address: str | None, given: Given, *, prefix: str, roles: tuple[str, str] | None = None
) -> "PostgisRecord":
    """Publish to PostGIS, in one transaction.

    Parameters
    ----------
    address
        Of the database, without password; by default that of the territory file, or of the environment.
    given
        From what; with `replace`, a newer run, or that of another territory, is replaced as well.
    prefix, roles
        As in :class:`hp_sig.publish.postgis.PostgisOptions`.

    Raises
    ------
    HpSigError
        If the database cannot be reached or refuses; it stays as it was.
    """
    from hp_sig.publish.postgis import PostgisOptions, publish_postgis  # noqa: PLC0415 - an extra

    options = PostgisOptions(prefix=prefix, roles=roles, on_replace="accept" if given.replace else "refuse")
    publication, layers, _ = _publication(given)
    return publish_postgis(publication, address or layers.territory.publish.database, options=options)


def _publication(given: Given) -> tuple[Publication, Layers, Results]:
    started = dt.datetime.now(dt.UTC)
    last = read_manifest(DEFAULT_OUT)
    layers, results, inputs = gathered(given.territory, given.raw, given.on_step)
    run = _last_run(last, layers.territory, inputs) or new_run(inputs, started=started)
    return publication_of(layers, results, run=run, inputs=inputs), layers, results


def _last_run(last: Mapping[str, Any], territory: Territory, inputs: Sequence[InputFile]) -> Run | None:
    """Give the run of the results that are there, if it read the very same: what is published now is its work."""
    same = last.get("settings_sha256") == settings_hash(territory) and not stale_reasons(DEFAULT_OUT, last, inputs, ())
    if not (same and "run" in last):
        return None
    return Run(id=last["run"], started_at=dt.datetime.fromisoformat(last["started_at"]), version=__version__)
