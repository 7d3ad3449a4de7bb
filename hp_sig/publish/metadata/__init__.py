"""How is a published file described for the catalogues: ISO 19139 and GeoDCAT-AP?"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hp_sig.errors import OutputError
from hp_sig.publish.metadata.dcat import json_ld, rdf_xml
from hp_sig.publish.metadata.iso import iso_document
from hp_sig.publish.metadata.record import PublishedFile, dataset_record
from hp_sig.publish.publication import Publication
from hp_sig.whole import write_whole

__all__ = ["metadata_files", "require_own_metadata", "write_metadata"]

log = logging.getLogger(__name__)

WRITERS = {".xml": iso_document, ".jsonld": json_ld, ".rdf": rdf_xml}


def metadata_files(geopackage: Path) -> list[Path]:
    """Name the files that :func:`write_metadata` writes beside a GeoPackage."""
    return [geopackage.with_suffix(suffix) for suffix in WRITERS]


def write_metadata(
    publication: Publication,
    geopackage: Path,
    *,
    others: Sequence[Path] = (),
    replace_foreign: Literal["refuse", "replace"] = "refuse",
) -> list[Path]:
    """Describe a published GeoPackage in files beside it: ISO 19139 (`.xml`), GeoDCAT-AP (`.jsonld`, `.rdf`).

    INSPIRE asks for an e-mail address of the contact, which no territory file gives: it is left empty with its reason,
    for the catalogue's editor to fill in.

    Parameters
    ----------
    publication
        What was published.
    geopackage
        The file, complete.
    others
        Other files of the same publication beside it (workbook, exports), which are listed with their fingerprints.
    replace_foreign
        What to do with metadata that describe something else.

    Returns
    -------
    list
        The three files.

    Raises
    ------
    OutputError
        If a file cannot be read or written, or one that is there does not describe this territory.
    """
    try:
        files = [_published(path) for path in (geopackage, *others)]
        record = dataset_record(publication, files)
        texts = {path: WRITERS[path.suffix](record) for path in metadata_files(geopackage)}
        for path in texts:
            if replace_foreign == "refuse":
                _require_own(path, record.uuid)
        for path, text in texts.items():
            write_whole(path, text.encode("utf-8", errors="replace"))
            log.info("wrote %s", path.name)
    except OutputError:
        raise
    except OSError as error:
        message = f"{error.filename or geopackage}: the metadata cannot be written ({error.strerror or error})."
        raise OutputError(message) from error
    return list(texts)


def require_own_metadata(publication: Publication, geopackage: Path) -> None:
    """Refuse metadata of somebody else, or of another territory, beside a GeoPackage, before anything is replaced.

    Raises
    ------
    OutputError
        If a file that is there does not describe this territory.
    """
    record = dataset_record(publication, [])
    for path in metadata_files(geopackage):
        _require_own(path, record.uuid)


def _published(path: Path) -> PublishedFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    return PublishedFile(name=path.name, size=path.stat().st_size, sha256=digest.hexdigest())


def _require_own(path: Path, uuid: str) -> None:
    if path.exists() and uuid.encode() not in path.read_bytes():
        message = (
            f"{path} is there and does not describe this publication, so it is not replaced. "
            "Move it or give the GeoPackage another name."
        )
        raise OutputError(message)
