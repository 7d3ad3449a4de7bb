"""What does the download service of IGN's Géoplateforme list: which deliveries, in which files?

Its listings are Atom feeds (RFC 4287) with additions of its own, in pages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree.ElementTree import Element

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.sources.client import Client
from hp_sig.sources.texts import count_of, date_of, file_of, is_address, shown

__all__ = ["Entry", "read_listing"]

ATOM = "{http://www.w3.org/2005/Atom}"
ADDED = "{https://data.geopf.fr/annexes/ressources/xsd/gpf_dl.xsd}"
#: Entries a page at most, according to the service's documentation.
LIMIT = 50
#: Where a link leads, as what, and how many bytes it has.
LINK = ("href", "rel", f"{ADDED}length")
#: A zone of a product has some dozens of deliveries; a delivery, some files.
MAX_PAGES = 100
MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One delivery, or one file of a delivery; empty is what the producer does not tell."""

    title: str
    url: str
    relation: str
    #: Bytes.
    length: int | None
    #: Of a file alone.
    md5: str
    zones: tuple[str, ...]
    formats: tuple[str, ...]
    #: Terms of its categories: its coordinate system is one of them.
    categories: tuple[str, ...]
    edition: str
    updated: str

    @property
    def file_name(self) -> str:
        """Bare name at the end of its address."""
        return shown(file_of(self.url))


def read_listing(client: Client, service: Service, url: str, what: str, query: Mapping[str, str]) -> list[Entry]:
    """Read every page of a listing.

    Parameters
    ----------
    client, service
        Who asks, and whom.
    url
        Address of the listing.
    what
        What to call it in messages.
    query
        What to ask for besides the page.

    Raises
    ------
    SourceError
        If a page is no Atom feed, comes twice, or there are not as many entries as announced.
    """
    entries: list[Entry] = []
    page, pages, total = 1, 1, 0
    while page <= pages:
        feed = client.ask(_with(url, {**query, "page": str(page), "limit": str(LIMIT)}), service).xml(what)
        if feed.tag != f"{ATOM}feed":
            message = f"{what}: expected an Atom feed at {url}, found <{shown(feed.tag)}>. Try again later."
            raise SourceError(message)
        told = _number(feed, "page", what)
        if told != page:
            message = f"{what}: page {page} of the listing expected at {url}, page {told} found. Try again later."
            raise SourceError(message)
        pages, total = _number(feed, "pagecount", what), _number(feed, "totalentries", what)
        if pages > MAX_PAGES:
            message = f"{what}: {MAX_PAGES} pages at most expected at {url}, {pages} announced. See the catalogue."
            raise SourceError(message)
        entries += [_entry(element) for element in feed.iter(f"{ATOM}entry")]
        page += 1
    distinct = {entry.url for entry in entries}
    if len(distinct) != len(entries) or len(entries) != total:
        message = (
            f"{what}: {total} entries announced at {url}, {len(entries)} found, {len(distinct)} of them distinct. "
            "The listing may have changed while it was read: try again."
        )
        raise SourceError(message)
    return entries


def _entry(element: Element) -> Entry:
    links = element.findall(f"{ATOM}link")
    # The file or the listing; others lead to descriptions.
    link = next((one for one in links if one.get("rel") in ("alternate", "section", None)), None)
    url, relation, length = ("", "", None) if link is None else (link.get(name) for name in LINK)
    content = _text(element, f"{ATOM}content").lower()
    return Entry(
        title=_text(element, f"{ATOM}title"),
        url=url if url and is_address(url) else "",
        relation=relation or "",
        length=count_of(length),
        md5=content if MD5.fullmatch(content) else "",
        zones=_terms(element, f"{ADDED}zone"),
        formats=_terms(element, f"{ADDED}format"),
        categories=_terms(element, f"{ATOM}category"),
        edition=date_of(_text(element, f"{ADDED}editionDate")),
        updated=date_of(_text(element, f"{ATOM}updated")),
    )


def _text(element: Element, tag: str) -> str:
    return shown(element.findtext(tag) or "")


def _terms(element: Element, tag: str) -> tuple[str, ...]:
    return tuple(one.get("term", "") for one in element.findall(tag))


def _number(feed: Element, name: str, what: str) -> int:
    value = feed.get(f"{ADDED}{name}", "")
    number = count_of(value)
    if number is None:
        message = (
            f"{what}: the listing tells no « {name} » (found {shown(value)!r}), which its pages are counted with. "
            "The service may have changed: see its documentation."
        )
        raise SourceError(message)
    return number


def _with(url: str, query: Mapping[str, str]) -> str:
    """Add to the query of an address."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **query})))
