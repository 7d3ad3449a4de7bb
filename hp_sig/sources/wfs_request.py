"""What exactly is asked of a WFS for one data set: which type, which of its fields, which features, in which order?

Producers rename fields from one edition to the next: the catalogue holds every name, and the service is asked which
ones it has now.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service, Source
from hp_sig.sources.wanted import Wanted
from hp_sig.sources.wfs_exchange import Endpoint, LayerType, ask_type_names
from hp_sig.sources.wfs_filter import SRS, filter_parameters

__all__ = ["LATEST", "Edition", "Request", "current_edition", "is_edition_of", "request_for"]

#: Edition under which IGN serves the latest of its yearly layers, beside that layer under its year.
LATEST = "LATEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The type to ask for, and the edition that it is of where its name or the catalogue tells one."""

    type_name: str
    edition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """All that is asked for one data set, page after page."""

    wanted: Wanted
    layer: LayerType
    edition: str | None
    #: Field that is unique, and by which pages are sorted.
    key: str
    #: The filter.
    limits: dict[str, str]
    page_size: int
    notes: tuple[str, ...]

    @property
    def matching(self) -> dict[str, str]:
        """Parameters that say which features are meant."""
        return {"typeNames": self.layer.name, **self.limits}

    def page(self, start: int, count: int) -> dict[str, str]:
        """Parameters of one page."""
        paging = {"sortBy": self.key, "startIndex": str(start), "count": str(count)}
        return {**self.matching, "srsName": SRS, **paging}

    @property
    def digest(self) -> str:
        """What tells one request from another: the pages of one are of no use to another."""
        content = [self.matching, dict(self.layer.fields), self.layer.geometry_field, self.key, SRS]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def current_edition(endpoint: Endpoint, wanted: Wanted) -> Edition:
    """Find which type is wanted; where it is the latest one, ask the service which year that is.

    Raises
    ------
    SourceError
        If no edition is known, or the service has none.
    """
    source, edition = wanted.source, _asked(wanted)
    if edition != LATEST:
        return Edition(type_name=str(source.layer).format(edition=edition or ""), edition=edition)
    expected = _yearly(source)
    names = ask_type_names(endpoint)
    years = {match[1]: match[0] for match in map(expected.fullmatch, names) if match}
    if not years:
        message = (
            f"{endpoint.told()}: expected yearly layers such as {str(source.layer).format(edition='2026')!r}, found "
            f"none among the {len(names)} that it has. Ask for an edition, such as {source.id}@2026, or correct the "
            "catalogue."
        )
        raise SourceError(message)
    latest = max(years)
    # The year itself is asked for: it cannot be replaced between two pages.
    return Edition(type_name=years[latest], edition=latest)


def is_edition_of(wanted: Wanted, edition: Edition) -> bool:
    """Say whether a type that was fetched before is one that is wanted now, without asking the service."""
    asked = _asked(wanted)
    if asked == LATEST:
        return _yearly(wanted.source).fullmatch(edition.type_name) is not None
    return edition == Edition(type_name=str(wanted.source.layer).format(edition=asked or ""), edition=asked)


def request_for(wanted: Wanted, service: Service, layer: LayerType, edition: str | None) -> Request:
    """Match what is wanted with the fields that a layer has.

    Parameters
    ----------
    wanted
        The part of the data set.
    service
        Where from.
    layer
        As the service describes it.
    edition
        Edition that it is of.

    Raises
    ------
    SourceError
        If fields are not there under any known name: all of them are listed, with what the layer has.
    """
    source = wanted.source
    key, scope_field = layer.find(source.key), layer.find(source.scope_field)
    sought = {"key": (source.key, key)}
    if source.scope in ("communes", "departements"):
        sought["scope"] = (source.scope_field, scope_field)
    sought |= {f"field {ours}": (names, layer.find(names)) for ours, names in source.fields.items()}
    faults = [f"{what}: expected {' or '.join(names)}" for what, (names, found) in sought.items() if found is None]
    if layer.geometry_field is None and (source.geometry != "none" or source.scope == "bounds"):
        faults.append(f"geometry: expected {source.geometry}s")
    if faults or key is None:
        message = (
            f"{wanted.name}: {layer.name} of {service.url} has changed. {'; '.join(faults)}; found "
            f"{', '.join(layer.fields)}{f', {layer.geometry_field} (geometry)' if layer.geometry_field else ''}. "
            f"Add the new names to {source.id} in the catalogue."
        )
        raise SourceError(message)
    return Request(
        wanted=wanted,
        layer=layer,
        edition=edition,
        key=key,
        limits=filter_parameters(service, wanted, scope_field=scope_field, geometry_field=layer.geometry_field),
        page_size=service.page_size,
        notes=_renamed(source, layer),
    )


def _renamed(source: Source, layer: LayerType) -> tuple[str, ...]:
    """Say which fields have the names of an older schema."""
    found = {ours: (names[0], layer.find(names)) for ours, names in source.fields.items() if names}
    older = [
        f"{theirs} for {latest}"
        for latest, theirs in found.values()
        if theirs is not None and theirs.casefold() != latest.casefold()
    ]
    return (f"Fields of an older schema: {', '.join(older)}.",) if older else ()


def _asked(wanted: Wanted) -> str | None:
    """Give the edition that is asked for."""
    source = wanted.source
    edition = wanted.edition or source.edition
    has_place = "{edition}" in str(source.layer)
    if edition is None and (has_place or source.vintage == "edition"):
        message = f"{wanted.name}: expected an edition, found none. Ask for one, such as {source.id}@2026."
        raise SourceError(message)
    if edition is not None and edition.upper() == LATEST and has_place:
        return LATEST
    return edition


def _yearly(source: Source) -> re.Pattern[str]:
    before, _, after = str(source.layer).partition("{edition}")
    return re.compile(f"{re.escape(before)}([0-9]{{4}}){re.escape(after)}")
