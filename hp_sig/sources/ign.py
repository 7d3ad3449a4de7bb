"""Which delivery of IGN is the one that is wanted, and how does it come from its download service?

Names of deliveries differ by département, product and year, and are now and then misspelt: they are looked for in the
service's listing, and the addresses that it gives are used; none is made up.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from hp_sig.errors import NotOfferedError, SourceError, some
from hp_sig.reference.catalogue import Service
from hp_sig.sources.atom import Entry, read_listing
from hp_sig.sources.client import Client
from hp_sig.sources.kept import edition_of, filled, vintage_of
from hp_sig.sources.listed import Listed, bring_listed, kept_file
from hp_sig.sources.naming import file_name
from hp_sig.sources.wanted import Fetched, Offer, OnProgress, Wanted

__all__ = ["choose", "get", "look"]

#: Kinds of file that a delivery comes in, by preference.
SUFFIXES = (".7z", ".zip", ".gpkg")
#: Part of an archive in several files: x.7z.001.
VOLUME = re.compile(r".*\.(?:7z|zip)\.\d{3}", re.IGNORECASE)
#: A line of a .md5: the hash, then the name of the file.
MD5_LINE = re.compile(r"^([0-9a-f]{32})(?:\s+\*?(.*?))?\s*$", re.IGNORECASE | re.MULTILINE)
#: How many deliveries a message lists.
LISTED = 20


def look(client: Client, service: Service, wanted: Wanted) -> Offer:
    """Ask which delivery is the latest, and how large its file is.

    Raises
    ------
    SourceError
        If the listing cannot be read whole, or holds no such delivery.
    """
    return _find(client, service, wanted).offer


def get(
    client: Client | None, service: Service, wanted: Wanted, *, cache: Path, folder: Path, on_progress: OnProgress
) -> Fetched:
    """Bring the latest delivery, verified with the MD5 that IGN gives, and take the wanted member out of it.

    Parameters
    ----------
    client
        None: from the cache alone.
    service, wanted
        Where from, and what.
    cache, folder
        Where the archive is kept, and where the one file is written: a GeoPackage where a shapefile was delivered.
    on_progress
        Called while the archive comes.

    Raises
    ------
    SourceError
        If it cannot be had whole.
    """
    if client is None:
        return kept_file(wanted, cache, folder)
    listed = _find(client, service, wanted)
    return bring_listed(listed, client, service, cache=cache, folder=folder, on_progress=on_progress)


def choose(entries: Sequence[Entry], wanted: Wanted) -> Entry:
    """Choose the delivery: of the right name and zone, in Lambert-93, a GeoPackage if there is one, the latest.

    Parameters
    ----------
    entries
        Deliveries of a product.
    wanted
        What is asked for.

    Raises
    ------
    NotOfferedError
        If none is right: those that there are, are listed.
    """
    source = wanted.source
    pattern = filled(source.delivery or "", wanted)
    by_zone = "{zone}" in (source.delivery or "")
    there = [entry for entry in entries if not (by_zone and entry.zones) or wanted.zone in entry.zones]
    found = [entry for entry in there if re.fullmatch(pattern, entry.title, re.IGNORECASE) and _is_lambert93(entry)]
    edition = edition_of(wanted)
    if edition and "{edition}" not in (source.delivery or ""):
        found = [entry for entry in found if entry.edition.startswith(edition)]
    if not found:
        titles = sorted({entry.title for entry in there})
        more = f" (and {len(titles) - LISTED} more)" if len(titles) > LISTED else ""
        message = (
            f"{wanted.name}: no delivery of {source.product} in Lambert-93 is called « {pattern} »"
            f"{f' in an edition of {edition}' if edition else ''}. "
            f"There are: {', '.join(titles[:LISTED]) or 'none'}{more}. Ask for other years, or correct the catalogue."
        )
        raise NotOfferedError(message)
    return max(found, key=lambda entry: ("GPKG" in entry.formats, entry.edition, entry.updated, entry.title))


def _find(client: Client, service: Service, wanted: Wanted) -> Listed:
    source = wanted.source
    query = {"sortEntriesBy": "editionDate", "sortEntriesOrder": "desc"}
    if "{zone}" in (source.delivery or "") and wanted.zone:
        query = {"zone": wanted.zone, **query}
    entries = read_listing(client, service, f"{service.url}/resource/{source.product}", wanted.name, query)
    delivery = choose(entries, wanted)
    files = read_listing(client, service, delivery.url, wanted.name, {})
    file = _file(files, delivery, wanted)
    md5 = file.md5 or _md5_beside(client, service, files, file, wanted)
    mark = {"delivery": delivery.title, "edition": delivery.edition, "updated": delivery.updated}
    name = file_name(file.url, wanted)
    return Listed(
        wanted=wanted,
        offer=Offer(
            url=file.url,
            size=file.length,
            vintage=vintage_of(wanted, edition=delivery.edition, title=delivery.title, modified=delivery.updated),
            mark={**mark, "checksum": f"md5:{md5}"} if md5 else mark,
        ),
        name=name,
        kinds=(PurePosixPath(name).suffix.lower().removeprefix("."),),
        identity="delivery",
        notes=() if md5 else (f"IGN gives no MD5 of {file.file_name}: only its length and its content were verified.",),
    )


def _file(files: Sequence[Entry], delivery: Entry, wanted: Wanted) -> Entry:
    """Find the one file of a delivery."""
    if volumes := [file for file in files if VOLUME.fullmatch(file.file_name) or file.relation == "section"]:
        message = (
            f"{wanted.name}: {delivery.title} is delivered in {len(volumes)} volumes "
            f"({some(file.file_name for file in volumes)}), one file expected. Download them all from {delivery.url}, "
            "extract the first one with 7-Zip, and put the layer into data/raw by hand."
        )
        raise SourceError(message)
    for suffix in SUFFIXES:
        found = [file for file in files if file.file_name.lower().endswith(suffix)]
        if len(found) == 1:
            return found[0]
        if found:
            break
    names = some(file.file_name or file.title for file in files) or "nothing"
    message = (
        f"{wanted.name}: one file ({', '.join(SUFFIXES)}) expected in {delivery.title}, found {names} "
        f"({delivery.url}). The service may have changed: see its documentation."
    )
    raise SourceError(message)


def _md5_beside(client: Client, service: Service, files: Sequence[Entry], file: Entry, wanted: Wanted) -> str:
    """Read the MD5 in the .md5 that goes with a file; empty where there is none."""
    names = {f"{file.file_name}.md5".lower(), f"{PurePosixPath(file.file_name).stem}.md5".lower()}
    beside = next((one for one in files if one.file_name.lower() in names), None)
    if beside is None:
        return ""
    content = client.ask(beside.url, service).content.decode("utf-8", errors="replace")
    lines = [(str(md5).lower(), PurePosixPath(name.replace("\\", "/")).name) for md5, name in MD5_LINE.findall(content)]
    sums = {md5 for md5, name in lines if name in ("", file.file_name)}
    if len(sums) != 1:
        message = (
            f"{wanted.name}: expected the MD5 of {file.file_name} in {beside.url}, found {content[:100]!r}. "
            "Try again later."
        )
        raise SourceError(message)
    return sums.pop()


def _is_lambert93(entry: Entry) -> bool:
    return "LAMB93" in entry.title.upper() or any("2154" in term for term in entry.categories)
