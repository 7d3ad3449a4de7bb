"""What does a GeoPackage tell of itself in tables: its run, its sources, its columns?"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hp_sig.publish.publication import Column, Kind, Publication, PublishedTable, SourceEntry
from hp_sig.reference.labels import wording

__all__ = ["dictionary_table", "run_table", "sources_table"]

TEXT: Kind = "text"
DTYPES: Mapping[Kind, str] = {"text": "str", "integer": "Int64", "date": "object"}


def run_table(publication: Publication) -> PublishedTable:
    """Tell which run made the file."""
    run = publication.run
    started = run.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    row = {
        "id": run.id,
        "started_at": started,
        "version": run.version,
        "territory": publication.territory,
        "notice": publication.notice,
    }
    return _table("run", dict.fromkeys(row, TEXT), [row], key=("id",))


def sources_table(publication: Publication) -> PublishedTable:
    """Tell each input: who made it, its vintage, its licence, its file."""
    rows = [
        {**dataclasses.asdict(source), "file": source.file or None, "sha256": source.sha256 or None}
        for source in publication.sources.values()
    ]
    kinds: dict[str, Kind] = {"retrieved": "date", "size": "integer"}
    columns = {field.name: kinds.get(field.name, TEXT) for field in dataclasses.fields(SourceEntry)}
    return _table("sources", columns, rows, key=("name",))


def dictionary_table(words: pd.DataFrame) -> PublishedTable:
    """Tell each column of each table in French.

    Parameters
    ----------
    words
        From :func:`hp_sig.publish.dictionary.dictionary`, columns named as they are in the file.
    """
    rows = words.where(words != "", None).to_dict("records")
    return _table("dictionary", dict.fromkeys(map(str, words.columns), TEXT), rows, key=("table", "column"))


def _table(
    name: str, kinds: Mapping[str, Kind], rows: Sequence[Mapping[Any, Any]], *, key: tuple[str, ...]
) -> PublishedTable:
    cells = {column: pd.Series([row[column] for row in rows], dtype=DTYPES[kind]) for column, kind in kinds.items()}
    return PublishedTable(
        name=name,
        theme="territory",
        title=wording("geopackage", name),
        description=wording("geopackage", f"{name}_told"),
        rows=pd.DataFrame(cells),
        columns=tuple(
            Column(name=column, label=wording("geopackage", f"{name}_{column}"), kind=kind)
            for column, kind in kinds.items()
        ),
        key=key,
    )
