"""What does a catalogue need to know of what is published?

One record, from which ISO 19139 and GeoDCAT-AP are written, so that both state the same facts. Only what is known is
in it: no address of a contact, no scale, no limit on public access is, and none is made up.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pyproj import Transformer

from hp_sig.crs import LAMBERT93
from hp_sig.publish.publication import Publication, PublishedTable, SourceEntry, Theme
from hp_sig.reference.labels import wording

__all__ = ["PublishedFile", "Record", "dataset_record", "source_text", "table_record"]

#: Theme → themes of INSPIRE (annexes I to III of directive 2007/2/CE), topics of ISO 19115.
INSPIRE: Mapping[Theme, tuple[str, ...]] = {
    "territory": ("au", "pd"),
    "overlaps": ("au",),
    "land_cover": ("lc", "lu"),
    "enaf": ("lu",),
    "trajectory": ("lu",),
    "projects": ("lu",),
    "hubs": ("tn",),
}
TOPICS: Mapping[Theme, tuple[str, ...]] = {
    "territory": ("boundaries", "society"),
    "overlaps": ("boundaries",),
    "land_cover": ("environment", "planningCadastre"),
    "enaf": ("environment", "planningCadastre"),
    "trajectory": ("planningCadastre",),
    "projects": ("planningCadastre",),
    "hubs": ("transportation",),
}
#: The identifiers of a territory are made from its name, the same at each refresh.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "hp_sig")
#: Degrees to which the extent is widened: a decimal more than ten metres would say nothing.
GRAIN = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """A file as it was published, beside the record."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is told of a publication, or of one of its tables.

    Parameters
    ----------
    uuid, parent
        The same at each refresh; `parent` is that of the publication, for a table.
    kind
        As in the list of scopes of ISO 19115.
    title, abstract, keywords, lineage, mentions
        In French; a mention names a producer and a date, as the Licence Ouverte asks.
    inspire, topics
        Codes.
    publisher
        The territory.
    version, run, started_at
        Of hp_sig; of the refresh, in UTC.
    extent
        West, south, east, north in degrees (WGS 84), None where nothing is drawn.
    sources
        What it is made from.
    files
        Where it can be had.
    """

    uuid: str
    kind: Literal["dataset", "nonGeographicDataset"]
    title: str
    abstract: str
    keywords: tuple[str, ...]
    inspire: tuple[str, ...]
    topics: tuple[str, ...]
    publisher: str
    version: str
    run: str
    started_at: dt.datetime
    lineage: str
    sources: tuple[SourceEntry, ...]
    mentions: tuple[str, ...]
    parent: str | None = None
    extent: tuple[float, float, float, float] | None = None
    files: tuple[PublishedFile, ...] = ()

    @property
    def identifier(self) -> str:
        """The identifier as a URI."""
        return f"urn:uuid:{self.uuid}"

    @property
    def licences(self) -> tuple[str, ...]:
        """Each licence of the sources once."""
        return tuple(dict.fromkeys(source.licence for source in self.sources))


def dataset_record(publication: Publication, files: Iterable[PublishedFile] = ()) -> Record:
    """Describe a publication."""
    territory = publication.territory
    titles = "\u00a0; ".join(dict.fromkeys(table.title for table in publication.tables.values()))
    abstract = wording("metadata", "abstract", territory=territory, titles=titles)
    return _record(
        publication,
        list(publication.tables.values()),
        kind="dataset",
        title=wording("metadata", "title", territory=territory),
        abstract=" ".join(filter(None, [publication.notice and f"{publication.notice}.", abstract])),
        files=tuple(files),
    )


def table_record(publication: Publication, table: PublishedTable) -> Record:
    """Describe one table of a publication."""
    return _record(
        publication,
        [table],
        kind="dataset" if table.geometry_type is not None else "nonGeographicDataset",
        title=wording("metadata", "table_title", title=table.title, territory=publication.territory),
        abstract=table.description,
        name=table.name,
    )


def _record(  # noqa: PLR0913 - what tells one record from another
    publication: Publication,
    tables: list[PublishedTable],
    *,
    kind: Literal["dataset", "nonGeographicDataset"],
    title: str,
    abstract: str,
    name: str | None = None,
    files: tuple[PublishedFile, ...] = (),
) -> Record:
    whole = uuid.uuid5(NAMESPACE, publication.territory)
    themes = dict.fromkeys(table.theme for table in tables)
    named = dict.fromkeys(source for table in tables for source in table.sources)
    sources = tuple(
        entry for key, entry in publication.sources.items() if key in named or (name is None and key not in named)
    )
    run = publication.run
    return Record(
        uuid=str(whole if name is None else uuid.uuid5(whole, name)),
        parent=None if name is None else str(whole),
        kind=kind,
        title=title,
        abstract=abstract,
        keywords=tuple(wording("metadata", "keywords").split("; ")),
        inspire=tuple(dict.fromkeys(code for theme in themes for code in INSPIRE[theme])),
        topics=tuple(dict.fromkeys(code for theme in themes for code in TOPICS[theme])),
        publisher=publication.territory,
        version=run.version,
        run=run.id,
        started_at=run.started_at,
        lineage=_lineage(publication, sources),
        sources=sources,
        mentions=tuple(dict.fromkeys(_mention(source) for source in sources)),
        extent=_extent(tables),
        files=files,
    )


def _lineage(publication: Publication, sources: tuple[SourceEntry, ...]) -> str:
    run = publication.run
    told = "\u00a0; ".join(dict.fromkeys(map(source_text, sources)))
    key = "lineage" if sources else "lineage_none"
    return wording(
        "metadata",
        key,
        version=run.version,
        run=run.id,
        day=_day(run.started_at),
        count=len(sources),
        sources=told,
    )


def _day(day: dt.date) -> str:
    return day.strftime("%d/%m/%Y")


def source_text(source: SourceEntry) -> str:
    """Tell a source with its vintage, its licence and its fingerprint."""
    file = wording("metadata", "source_file", file=source.file, sha256=source.sha256) if source.sha256 else ""
    dated = "" if source.retrieved is None else wording("metadata", "source_dated", day=_day(source.retrieved))
    return wording(
        "metadata",
        "source",
        producer=source.producer,
        source=source.source,
        vintage=source.vintage,
        licence=source.licence,
        file=file,
        dated=dated,
    )


def _mention(source: SourceEntry) -> str:
    dated = (
        wording("metadata", "mention_undated")
        if source.retrieved is None
        else wording("metadata", "mention_dated", day=_day(source.retrieved))
    )
    return wording(
        "metadata",
        "mention",
        producer=source.producer,
        source=source.source,
        vintage=source.vintage,
        dated=dated,
        licence=source.licence,
    )


def _extent(tables: Sequence[PublishedTable]) -> tuple[float, float, float, float] | None:
    # A large layer goes on beyond the territory.
    told = [table for table in tables if not table.is_copy] or tables
    boxes = [table.layer.total_bounds for table in told if table.geometry_type is not None and len(table.rows)]
    boxes = [box for box in boxes if not np.isnan(box).any()]
    if not boxes:
        return None
    west, south = np.min([box[:2] for box in boxes], axis=0)
    east, north = np.max([box[2:] for box in boxes], axis=0)
    to_degrees = Transformer.from_crs(LAMBERT93, 4326, always_xy=True)
    low_x, low_y, high_x, high_y = to_degrees.transform_bounds(west, south, east, north)
    down, up = np.floor(np.array([low_x, low_y]) / GRAIN), np.ceil(np.array([high_x, high_y]) / GRAIN)
    edges = [round(float(value) * GRAIN, 4) for value in (*down, *up)]
    return edges[0], edges[1], edges[2], edges[3]
