"""What is written of a file that came: whose it is, when and from where, what it holds, how it differs?"""

import datetime as dt

from hp_sig._version import __version__
from hp_sig.fetching.gate import Looked
from hp_sig.sources.provenance import Record, file_sha256
from hp_sig.sources.wanted import Fetched, Offer, Wanted

__all__ = ["counts_of", "is_same", "record_of"]


def is_same(offer: Offer, record: Record) -> bool:
    """Say whether a producer still has what is described by a record: every mark that it tells is the same."""
    return bool(offer.mark) and all(record.mark.get(name) == value for name, value in offer.mark.items())


def record_of(wanted: Wanted, came: Fetched, looked: Looked, previous: Record | None) -> Record:
    """Write the record of a file.

    Parameters
    ----------
    wanted, came, looked
        What was wanted, what came, and what it was found to hold.
    previous
        The record of the edition in place; what the producer tells otherwise since then goes to the notes, with the
        old and the new value (a checksum, a day).
    """
    source = wanted.source
    notes = [*came.notes, *looked.notes]
    # A producer that changes a file under the same name is told by what brought it, with both hashes.
    if previous is not None and not any(note.startswith("Modified in place") for note in notes):
        notes += [
            f"{name} changed at the producer: {previous.mark[name]} -> {value}."
            for name, value in came.mark.items()
            if name in previous.mark and previous.mark[name] != value
        ]
    return Record(
        data_set=source.id,
        title=source.title,
        producer=source.producer,
        source=source.source,
        licence=source.licence,
        vintage=looked.vintage or came.vintage,
        url=came.url,
        retrieved=dt.datetime.now(dt.UTC),
        size=came.path.stat().st_size,
        sha256=file_sha256(came.path),
        downloaded_size=came.downloaded,
        downloaded_sha256=came.sha256_downloaded,
        mark=dict(came.mark),
        counts=counts_of(came, looked),
        content_sha256=looked.content_sha256,
        scope=_scope(wanted),
        asked=wanted.digest,
        notes=tuple(notes),
        hp_sig=__version__,
    )


def counts_of(came: Fetched, looked: Looked) -> dict[str, float]:
    """Count what a file holds for its reader, and what its service counted: a reader may leave some out."""
    served = {} if came.rows is None else {"rows_served": float(came.rows)}
    return {**looked.counts, **served}


def _scope(wanted: Wanted) -> str:
    if wanted.source.scope == "communes":
        return f"{len(wanted.communes)} communes"
    if wanted.source.scope == "departements":
        return f"départements {', '.join(wanted.departements)}"
    if wanted.source.scope == "bounds" and wanted.bounds is not None:
        return "within {:.0f}, {:.0f}, {:.0f}, {:.0f} (EPSG:2154)".format(*wanted.bounds)
    return "all"
