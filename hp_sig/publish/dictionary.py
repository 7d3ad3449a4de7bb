"""What does each column of what is published mean, in which unit, from which source?"""

from collections.abc import Iterable

import pandas as pd

from hp_sig.publish.publication import Column, Publication, PublishedTable, SourceEntry
from hp_sig.reference.labels import in_french, wording

__all__ = ["dictionary", "source_told", "worded", "words_of"]

#: A column with more different codes than this is a list of its own, not a set of values to explain.
MOST_VALUES = 30
#: So many different texts are names, whatever a few of them are: to look each of them up would take long.
MOST_TEXTS = 1_000


def dictionary(publication: Publication) -> pd.DataFrame:
    """Give a row a column of every table and layer, the geometry of a layer included.

    Parameters
    ----------
    publication
        What is published.

    Returns
    -------
    pandas.DataFrame
        Texts `table`, `column`, `label`, `unit`, `definition`, `source`, in French but for the two names; tables in the
        order of the publication, columns in theirs. The definition lists the codes that the column holds, if any.
    """
    rows = [row for table in publication.tables.values() for row in _rows(table, publication)]
    columns = ["table", "column", "label", "unit", "definition", "source"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


def worded(table: PublishedTable, column: Column) -> pd.Series:
    """Give the cells of a column of texts or truth values as a French reader says them; what is not known is None."""
    words = words_of(table, column)
    told = [
        words.get(cell) for cell in table.rows[column.name].astype("object").where(lambda cells: cells.notna(), None)
    ]
    return pd.Series(told, index=table.rows.index, dtype="object")


def source_told(entry: SourceEntry) -> str:
    """Name a source in a few words: its producer, itself, its vintage.

    >>> source_told(SourceEntry(name="epci", producer="DGCL", source="BANATIC", vintage="2024", licence="LO 2.0"))
    'DGCL, BANATIC, millésime 2024'
    """
    return _told([entry])


def _rows(table: PublishedTable, publication: Publication) -> Iterable[tuple[str, ...]]:
    source = _made_from(table, publication)
    for column in table.columns:
        yield table.name, column.name, column.label, _unit(column), _definition(table, column), source
    if table.geometry_type is not None:
        told = wording("dictionary", "geometry_told", kind=table.geometry_type)
        yield table.name, "geometry", wording("dictionary", "geometry"), "", told, source


def _unit(column: Column) -> str:
    """Tell the unit of the numbers as they are written: a share is from 0 to 1."""
    return wording("dictionary", "share_unit", unit=column.unit) if column.unit.startswith("%") else column.unit


def _definition(table: PublishedTable, column: Column) -> str:
    parts = [column.definition]
    if column.kind == "boolean":
        parts.append(wording("dictionary", "boolean_told"))
    if column.kind == "text":
        parts.append(_values(table, column))
    sentences = [part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part]
    return " ".join(sentences)


def _values(table: PublishedTable, column: Column) -> str:
    """Explain the codes of a column; nothing where its texts are none."""
    if table.rows[column.name].nunique() > MOST_TEXTS:
        return ""
    coded = {code: word for code, word in sorted(words_of(table, column).items()) if code != word}
    if not 0 < len(coded) <= MOST_VALUES:
        return ""
    told = [wording("dictionary", "value", code=code, word=word) for code, word in coded.items()]
    return wording("dictionary", "values", values=wording("dictionary", "joint").join(told))


def words_of(table: PublishedTable, column: Column) -> dict[str, str]:
    """Word each value of a column of texts once, a text that is no code by itself; an empty one says nothing."""
    values = [value for value in table.rows[column.name].dropna().unique() if value != ""]
    # A layer of schemes calls `status` what a trajectory means otherwise by it.
    name = "scot_status" if (column.name, table.key) == ("status", ("scot_id",)) else column.name
    told = in_french(pd.DataFrame({name: pd.Series(values, dtype="object")})).iloc[:, 0]
    return dict(zip(values, map(str, told), strict=True))


def _made_from(table: PublishedTable, publication: Publication) -> str:
    entries = [publication.sources[name] for name in table.sources if name in publication.sources]
    sources = _told(entries)
    if not sources or [entry.name for entry in entries] == [table.name]:
        return sources
    return wording("dictionary", "computed", sources=sources)


def _told(entries: Iterable[SourceEntry]) -> str:
    """Name sources, each once with all its vintages."""
    vintages: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        vintages.setdefault((entry.producer, entry.source), []).append(entry.vintage)
    told = [
        wording("dictionary", "from_source", producer=producer, source=source, vintage=_vintage(editions))
        for (producer, source), editions in vintages.items()
    ]
    return wording("dictionary", "joint").join(told)


def _vintage(editions: Iterable[str]) -> str:
    return wording("map", "vintage", vintage=", ".join(dict.fromkeys(editions)))
