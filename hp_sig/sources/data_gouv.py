"""Which resource of data.gouv.fr is the one that is wanted, and has its producer changed it in place?

A resource may change under the same address: its checksum and its date tell.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client
from hp_sig.sources.data_gouv_search import LISTED, Told, find_dataset
from hp_sig.sources.kept import filled, vintage_of
from hp_sig.sources.listed import Listed, bring_listed, kept_file
from hp_sig.sources.naming import file_name
from hp_sig.sources.texts import count_of, date_of, file_of, is_address, shown
from hp_sig.sources.wanted import Fetched, Offer, OnProgress, Wanted

__all__ = ["get", "look"]

#: Checksums that can be verified → their length in hexadecimal digits.
CHECKSUMS = {"md5": 32, "sha1": 40, "sha256": 64}


def look(client: Client, service: Service, wanted: Wanted) -> Offer:
    """Ask which resource there is now, how large it is, and when it was last changed.

    Raises
    ------
    SourceError
        If there is no such data set or resource, or the answer is not what the API documents.
    """
    return _find(client, service, wanted).offer


def get(
    client: Client | None, service: Service, wanted: Wanted, *, cache: Path, folder: Path, on_progress: OnProgress
) -> Fetched:
    """Bring a resource, verified with the size and the checksum that data.gouv tells.

    Parameters
    ----------
    client
        None: from the cache alone.
    service, wanted
        Where from, and what.
    cache, folder
        Where the download is kept, and where the one file is written.
    on_progress
        Called while it comes.

    Raises
    ------
    SourceError
        If it cannot be had whole.
    """
    if client is None:
        return kept_file(wanted, cache, folder)
    listed = _find(client, service, wanted)
    return bring_listed(listed, client, service, cache=cache, folder=folder, on_progress=on_progress)


def _find(client: Client, service: Service, wanted: Wanted) -> Listed:
    """Find the resource."""
    dataset = find_dataset(client, service, wanted)
    resource = _resource(dataset, wanted)
    url, title = str(resource["url"]), shown(dataset.get("title") or "")
    modified = date_of(resource.get("last_modified"))
    checksum = _checksum(resource)
    mark = {
        "dataset": shown(dataset["id"]),
        "resource": shown(resource["id"]),
        "checksum": checksum or "",
        "last_modified": modified,
    }
    size = resource.get("filesize")
    name = file_name(url, wanted, str(resource.get("format") or ""))
    suffix = PurePosixPath(name).suffix.lower().removeprefix(".")
    return Listed(
        wanted=wanted,
        offer=Offer(
            url=url,
            size=count_of(str(size)) or None,
            vintage=vintage_of(wanted, edition=wanted.edition or "", title=title, modified=modified),
            mark={key: value for key, value in mark.items() if value},
        ),
        name=name,
        kinds=(suffix,) if wanted.source.member is None else tuple(dict.fromkeys(("7z", "zip", suffix))),
        identity="resource",
        notes=() if checksum else ("data.gouv gives no checksum of this resource: it could not be verified with one.",),
    )


def _resource(dataset: Told, wanted: Wanted) -> Told:
    """Choose the resource: the right title or file name, the last changed."""
    pattern = filled(wanted.source.resource or "", wanted)
    there = [one for one in dataset["resources"] if isinstance(one, dict) and one.get("id") and _has_address(one)]
    found = [one for one in there if any(re.fullmatch(pattern, name, re.IGNORECASE) for name in _names(one))]
    if not found:
        names = sorted(_names(one)[0] for one in there)
        more = f" (and {len(names) - LISTED} more)" if len(names) > LISTED else ""
        message = (
            f"{wanted.name}: no resource of « {shown(dataset.get('title'))} » is called « {pattern} ». There are: "
            f"{', '.join(names[:LISTED]) or 'none'}{more}. Correct the catalogue."
        )
        raise SourceError(message)
    return max(found, key=lambda one: (date_of(one.get("last_modified")), str(one["id"])))


def _has_address(resource: Told) -> bool:
    url = resource.get("url")
    return isinstance(url, str) and is_address(url)


def _names(resource: Told) -> Sequence[str]:
    """Give the names of a resource: its title, and that of its file."""
    file = shown(file_of(str(resource["url"])))
    return (shown(resource.get("title") or file), file)


def _checksum(resource: Told) -> str | None:
    """Give the checksum of a resource as `sha1:…`, where it is one that can be verified."""
    told = resource.get("checksum")
    if not isinstance(told, dict):
        return None
    kind, value = str(told.get("type") or "").lower(), str(told.get("value") or "").strip().lower()
    is_known = len(value) == CHECKSUMS.get(kind) and re.fullmatch(r"[0-9a-f]+", value)
    return f"{kind}:{value}" if is_known else None
