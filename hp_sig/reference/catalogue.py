"""Which data sets do the public services publish, where, under which licence, and what must be found in them?

The answers are in `catalogue.toml`, one flat entry a data set: what changes at a producer is changed there, not in
the code. A caller may give a catalogue of its own.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hp_sig.errors import SourceError, some

__all__ = ["CATALOGUE_VARIABLE", "Catalogue", "Service", "Source", "load_catalogue"]

#: Environment variable that names the catalogue when the caller names none.
CATALOGUE_VARIABLE = "HP_SIG_CATALOGUE"
#: Hosts that may be asked without TLS: this machine.
LOOPBACK = {"127.0.0.1", "::1", "localhost"}

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
#: A name, with its port where it has one: no address.
Host = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?$")]
#: Readers that may have to accept a file: one of any other name would be taken for none.
Layer = Literal["communes", "pnr", "scot", "zoning", "stations", "roads", "buildings"]
LandCover = Literal["land_cover", "artificialisation", "difference"]
Table = Literal["enaf", "population", "census", "membership", "movements", "ridership"]
Reader = Literal[Layer, LandCover, Table]
#: What may be filled in a place or a pattern, with values to try them with.
FILLED = {"zone": "D004", "years": "2018", "edition": "2018"}


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Service(_Entry):
    """One service on the network: what it speaks, where, and how often it may be asked."""

    id: Id
    kind: Literal["wfs", "ign_download", "data_gouv", "file"]
    url: Text
    #: What the producer allows, or less.
    requests_per_second: Annotated[float, Field(gt=0)]
    #: Hosts other than that of `url` to which its links and redirects may lead.
    hosts: tuple[Host, ...] = ()
    #: WFS: features a page; the producer's cap or less.
    page_size: Annotated[int, Field(ge=1)] = 1000
    #: WFS: language of the filters: CQL (GeoServer) or FES 2.0 (any WFS 2.0).
    filter: Literal["cql", "fes"] = "fes"

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            message = "an https:// address expected (http:// only on this machine)"
            raise ValueError(message)
        if not parts.hostname or "@" in parts.netloc:
            message = "an address with a host and without user name expected"
            raise ValueError(message)
        # They would be in every record and log: no place for a key.
        if "?" in url or "#" in url:
            message = "an address without ? or # expected"
            raise ValueError(message)
        return url

    @property
    def host(self) -> str:
        """Host (and port, where one is given) of the service."""
        return urlsplit(self.url).netloc.lower()


class Source(_Entry):
    """One data set: whose it is, where it is asked for, and what must be found in it."""

    id: Id
    #: In French, for officers.
    title: Text
    producer: Text
    #: Name under which it is cited.
    source: Text
    licence: Text
    service: Id
    geometry: Literal["polygon", "line", "point", "none"]
    #: Names of the unique key, by preference: the first that is there is used.
    key: tuple[str, ...]
    crs: Literal["EPSG:2154", "EPSG:4326", "none"] = "EPSG:2154"
    #: Fields that must be there: our name → the producer's names of it, schema by schema, the latest first.
    fields: Mapping[str, tuple[str, ...]]
    #: How its vintage is known: `edition` (the layer or delivery is named after it), `title` (a year of the title),
    #: `modified` (day of the last change), `retrieved` (a continuous base: the day of download), `observed` (the year
    #: that was asked for).
    vintage: Literal["edition", "title", "modified", "retrieved", "observed"]
    #: Place under `data/raw`; {zone} is D004, {years} 2018 or 2018-2021, {edition} the edition asked for.
    file: Text
    #: Reader that must accept it before it replaces the previous one; none: fields, key and geometry are looked at.
    reader: Reader | None = None
    #: What of it a territory needs: its communes, what meets its bounds, its départements, or all that is published.
    scope: Literal["communes", "bounds", "departements", "all"]
    #: Names of the field that `scope = "communes"` or `"departements"` filters on.
    scope_field: tuple[str, ...] = ()
    #: Metres added around the territory where the scope is `bounds`.
    margin_m: Annotated[float, Field(ge=0)] = 0.0
    #: After this many days it is said to be stale.
    max_age_days: Annotated[int, Field(ge=1)] = 30
    #: Refused beyond, downloaded or extracted.
    max_bytes: Annotated[int, Field(ge=1)] = 2_000_000_000
    #: WFS: name of the type, {edition} where it has some. Only one is asked for at a time.
    layer: str | None = None
    #: Edition where none is asked for.
    edition: str | None = None
    #: IGN: the product of the download service, and the pattern of its deliveries' names ({zone}, {years} filled in).
    product: str | None = None
    delivery: str | None = None
    #: IGN, and archives: pattern of the member that is kept.
    member: str | None = None
    #: data.gouv: organisation, patterns of the data set's and the resource's titles; `dataset` where the id is stable.
    organisation: str | None = None
    dataset: str | None = None
    dataset_title: str | None = None
    resource: str | None = None
    #: Plain file: the rest of the address, {departement} where there is one file each, {edition} where it has some.
    path: str | None = None
    #: Where the producer describes it.
    documentation: Text

    @field_validator("file")
    @classmethod
    def _inside(cls, file: str) -> str:
        parts = file.split("/")
        # What begins with a point is hidden, and hp-sig fetch has its own folder there.
        if len(parts) < 2 or any(not part or part[0] == "." or ":" in part or "\\" in part for part in parts):
            message = "a place such as communes/communes.gpkg expected"
            raise ValueError(message)
        _fill(file, FILLED)
        return file

    @field_validator("layer", "path")
    @classmethod
    def _fillable(cls, address: str | None) -> str | None:
        if address is not None:
            _fill(address, {"departement": "04", "edition": "2018"})
        return address

    @field_validator("delivery", "member", "dataset_title", "resource")
    @classmethod
    def _pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(_fill(pattern, FILLED))
            except re.error as error:
                message = f"a regular expression expected ({error})"
                raise ValueError(message) from error
        return pattern

    def place(self, *, zone: str = "", years: str = "", edition: str = "") -> str:
        """Give the place under `data/raw` of one part of the data set, without the suffix if the file tells none."""
        return self.file.format(zone=zone, years=years, edition=edition)


class Catalogue(_Entry):
    """Every service and every data set; load it with :func:`load_catalogue`."""

    services: tuple[Service, ...] = Field(alias="service")
    sources: tuple[Source, ...] = Field(alias="source")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = []
        for what, ids in (
            ("services", [one.id for one in self.services]),
            ("sources", [one.id for one in self.sources]),
        ):
            if twice := sorted({one for one in ids if ids.count(one) > 1}):
                faults.append(f"{what} given twice: {some(twice)}")
        kinds = {service.id: service.kind for service in self.services}
        for source in self.sources:
            if source.service not in kinds:
                faults.append(f"{source.id}: service {source.service!r} is not described")
                continue
            needed = {
                "wfs": ("layer",),
                "ign_download": ("product", "delivery", "member"),
                "data_gouv": ("resource",),
                "file": ("path",),
            }[kinds[source.service]]
            faults += [f"{source.id}: {name} expected, found none" for name in needed if getattr(source, name) is None]
            if kinds[source.service] == "data_gouv" and not (
                source.dataset or (source.organisation and source.dataset_title)
            ):
                faults.append(f"{source.id}: dataset, or organisation and dataset_title, expected")
            if (
                kinds[source.service] == "wfs"
                and source.scope in ("communes", "departements")
                and not source.scope_field
            ):
                faults.append(f"{source.id}: scope_field expected, found none")
            if kinds[source.service] == "wfs" and not source.key:
                faults.append(f"{source.id}: key expected, found none: the pages of a WFS are sorted by it")
        if faults:
            message = "; ".join(faults)
            raise ValueError(message)
        return self

    def service(self, source: Source) -> Service:
        """Give the service of a data set."""
        return next(one for one in self.services if one.id == source.service)

    def source(self, name: str) -> Source:
        """Give a data set by its id.

        Raises
        ------
        SourceError
            If the catalogue has none of this name.
        """
        for one in self.sources:
            if one.id == name:
                return one
        message = f"no data set is called « {name} ». Known: {', '.join(sorted(one.id for one in self.sources))}."
        raise SourceError(message)

    @property
    def hosts(self) -> frozenset[str]:
        """Every host that may be asked."""
        return frozenset(host for service in self.services for host in (service.host, *service.hosts))


def load_catalogue(path: str | Path | None = None) -> Catalogue:
    """Load and validate a catalogue of data sets.

    Parameters
    ----------
    path
        A TOML file; by default the one that the environment variable `HP_SIG_CATALOGUE` names, or else that of the
        package.

    Raises
    ------
    SourceError
        If the file is absent, is not TOML, or breaks a rule: every fault is listed.

    Examples
    --------
    >>> load_catalogue().source("communes").producer
    'IGN'
    """
    named = path or os.environ.get(CATALOGUE_VARIABLE)
    return _load(Path(named)) if named else _package_catalogue()


@cache
def _package_catalogue() -> Catalogue:
    return _load(Path(str(files("hp_sig.reference") / "catalogue.toml")))


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Fill values in a text, or say what may be filled in."""
    try:
        return text.format(**values)
    except (KeyError, IndexError, AttributeError, ValueError) as error:
        known = ", ".join(f"{{{name}}}" for name in values)
        message = f"nothing but {known} to fill in expected; any other brace is doubled"
        raise ValueError(message) from error


def _load(file: Path) -> Catalogue:
    told: dict[str, Any] = {}
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        return Catalogue.model_validate(told)
    except FileNotFoundError as error:
        message = f"{file}: expected a catalogue, found nothing there. Check the path."
        raise SourceError(message) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{file}: cannot be read as TOML in UTF-8 ({error})."
        raise SourceError(message) from error
    except ValidationError as error:
        faults = [
            f"{_where(detail['loc'], told)}: {detail['msg'].removeprefix('Value error, ')}"
            for detail in error.errors(include_url=False)
        ]
        lines = "".join(f"\n  - {fault}" for fault in faults)
        message = f"{file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}.{lines}"
        raise SourceError(message) from error


def _where(place: Sequence[int | str], told: Mapping[str, Any]) -> str:
    """Say where a fault is: an entry by its id, where it has one, rather than by its rank."""
    parts = [str(part) for part in place]
    if len(place) > 1 and isinstance(place[1], int):
        entry = told[str(place[0])][place[1]]
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            parts[1] = entry["id"]
    return ".".join(parts) or "the file"
