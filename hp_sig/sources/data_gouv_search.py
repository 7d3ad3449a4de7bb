"""Which data set of data.gouv.fr is the one that is wanted, whatever its address this year?

A data set that is published anew each year has another address each year: it is then found by its organisation and
its title.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client
from hp_sig.sources.kept import YEAR, filled
from hp_sig.sources.texts import date_of, is_address, shown
from hp_sig.sources.wanted import Wanted

__all__ = ["LISTED", "Told", "find_dataset"]

#: What the API answers of a data set that is not there any more.
GONE = (404, 410)
PAGE_SIZE = 50
#: Identifiers of data.gouv: 24 hexadecimal digits.
ORGANISATION_ID = re.compile(r"[0-9a-f]{24}")
#: An organisation has some hundreds of data sets.
MAX_PAGES = 40
#: How many titles a message lists.
LISTED = 20

#: An object of the API.
Told = Mapping[str, Any]


def find_dataset(client: Client, service: Service, wanted: Wanted) -> Told:
    """Give the data set by its id, or by its organisation and title where the id is not told or gone.

    Parameters
    ----------
    client, service
        Who asks, and whom.
    wanted
        What is asked for; where titles tell a year, the latest, or the edition that is asked for.

    Returns
    -------
    Mapping
        As the API documents it, with its `id` and its `resources`.

    Raises
    ------
    SourceError
        If there is none: those that the organisation has, are listed.
    """
    source = wanted.source
    if source.dataset is not None:
        dataset = _by_id(client, service, wanted, source.dataset)
        if dataset is not None and _is_edition(shown(dataset.get("title") or ""), wanted):
            return dataset
        if source.organisation is None or source.dataset_title is None:
            fault = "is not at data.gouv any more" if dataset is None else f"is not of the edition {wanted.edition}"
            message = (
                f"{wanted.name}: the data set {source.dataset} {fault}, and the catalogue tells no organisation and "
                "title to find it by. Correct the catalogue."
            )
            raise SourceError(message)
    chosen = _by_title(client, service, wanted)
    dataset = _by_id(client, service, wanted, str(chosen["id"]))
    if dataset is None:
        message = (
            f"{wanted.name}: data.gouv lists the data set {shown(chosen['id'])} but does not give it. Try again later."
        )
        raise SourceError(message)
    return dataset


def _by_id(client: Client, service: Service, wanted: Wanted, identifier: str) -> Told | None:
    url = f"{service.url}/datasets/{quote(identifier, safe='')}/"
    answer = client.ask(url, service, tolerated=GONE)
    if answer.status in GONE:
        return None
    told = answer.json(wanted.name)
    if not isinstance(told, dict) or not told.get("id") or not isinstance(told.get("resources"), list):
        message = f"{wanted.name}: expected a data set with its resources at {url}, found {shown(told)}."
        raise SourceError(message)
    return None if told.get("deleted") else told


def _is_edition(title: str, wanted: Wanted) -> bool:
    """Say whether a data set is of the edition that is asked for, where its title is known to tell one."""
    pattern = wanted.source.dataset_title
    captured = _captured(title, filled(pattern, wanted)) if pattern is not None else []
    return wanted.edition is None or not captured or wanted.edition == captured[-1]


def _by_title(client: Client, service: Service, wanted: Wanted) -> Told:
    """Choose among the data sets of an organisation: the right title, the latest year."""
    source = wanted.source
    pattern = filled(source.dataset_title or "", wanted)
    organisation = _organisation(client, service, wanted)
    # The search may know other words than the pattern: without words, it lists all that the organisation has.
    for words in (_words(pattern), ""):
        query = {"organization": organisation, "q": words, "page_size": str(PAGE_SIZE)}
        there = [one for one in _search(client, service, wanted, query) if _is_of(one, organisation)]
        named = [one for one in there if re.fullmatch(pattern, shown(one["title"]), re.IGNORECASE)]
        found = [one for one in named if _is_edition(shown(one["title"]), wanted)]
        if found:
            return max(
                found,
                key=lambda one: (
                    _year(shown(one["title"]), pattern),
                    date_of(one.get("last_modified")) or date_of(one.get("last_update")),
                    str(one["id"]),
                ),
            )
    titles = sorted({shown(one["title"]) for one in named or there})
    more = f" (and {len(titles) - LISTED} more)" if len(titles) > LISTED else ""
    message = (
        f"{wanted.name}: no data set of the organisation {source.organisation} is called « {pattern} »"
        f"{f' in the edition {wanted.edition}' if wanted.edition else ''}. There are: "
        f"{', '.join(titles[:LISTED]) or 'none'}{more}. Look for it at data.gouv.fr, then correct the catalogue."
    )
    raise SourceError(message)


def _organisation(client: Client, service: Service, wanted: Wanted) -> str:
    """Give the id of an organisation: the search wants it, and refuses the name that its address has."""
    named = wanted.source.organisation or ""
    if ORGANISATION_ID.fullmatch(named):
        return named
    url = f"{service.url}/organizations/{quote(named, safe='')}/"
    answer = client.ask(url, service, tolerated=GONE)
    told = None if answer.status in GONE else answer.json(wanted.name)
    identifier = told.get("id") if isinstance(told, dict) else None
    if not isinstance(identifier, str):
        found = "nothing" if told is None else shown(told)
        message = (
            f"{wanted.name}: expected the organisation « {named} » at {url}, found {found}. Correct the catalogue."
        )
        raise SourceError(message)
    return identifier


def _search(client: Client, service: Service, wanted: Wanted, query: Mapping[str, str]) -> list[Told]:
    """Read every page of a search."""
    url = f"{service.url}/datasets/?{urlencode({name: value for name, value in query.items() if value})}"
    asked: set[str] = set()
    found: dict[str, Told] = {}
    while True:
        asked.add(url)
        told = client.ask(url, service).json(wanted.name)
        data = told.get("data") if isinstance(told, dict) else None
        if not isinstance(data, list) or not all(isinstance(one, dict) and one.get("id") for one in data):
            message = f"{wanted.name}: expected a list of data sets at {url}, found {shown(told)}."
            raise SourceError(message)
        new = {str(one["id"]): {"title": "", **one} for one in data}
        if again := new.keys() & found.keys():
            message = f"{wanted.name}: {len(again)} data sets come twice in the pages of {url}. Try again later."
            raise SourceError(message)
        found.update(new)
        following = told.get("next_page")
        if not following:
            return [one for one in found.values() if not one.get("deleted")]
        if not is_address(str(following)) or urlsplit(str(following)).netloc != service.host:
            there = shown(following)
            message = f"{wanted.name}: the next page of {url} is at {there}, which is not {service.host}. Not followed."
            raise SourceError(message)
        if str(following) in asked or len(asked) >= MAX_PAGES:
            message = f"{wanted.name}: the pages of {url} do not end ({len(asked)} were read). Try again later."
            raise SourceError(message)
        url = str(following)


def _year(title: str, pattern: str) -> str:
    """Give the year that a title tells: that which the pattern captures, or else the last one."""
    years = _captured(title, pattern) or YEAR.findall(title)
    return years[-1] if years else ""


def _captured(title: str, pattern: str) -> list[str]:
    match = re.fullmatch(pattern, title.strip(), re.IGNORECASE)
    return [group for group in (match.groups() if match else ()) if group and YEAR.fullmatch(group)]


def _is_of(dataset: Told, organisation: str) -> bool:
    told = dataset.get("organization")
    return isinstance(told, dict) and told.get("id") == organisation


def _words(pattern: str) -> str:
    r"""Give some words that a title must hold, to search it by.

    >>> _words(r"Consommation d.espaces naturels(?P<year>.*) (\d{4})")
    'Consommation espaces naturels'
    """
    without_names = re.sub(r"\(\?P<\w+>|\\.", " ", pattern)
    return " ".join(re.findall(r"[^\W\d_]{4,}", without_names)[:4])
