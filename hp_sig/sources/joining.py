"""How do the parts of a data set, one a département, become one file?

Tables with the same header are put one after the other, byte for byte; lists and collections of JSON are joined. A
list of objects becomes a table where one is expected.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from hp_sig.errors import SourceError
from hp_sig.sources.texts import json_of, shown

__all__ = ["join_parts"]

#: What a file that says « UTF-8 » may begin with.
BOM = b"\xef\xbb\xbf"
#: Kinds of file of which several cannot be put one after the other.
TABLE_SUFFIXES = (".csv", ".txt", ".tsv")


def join_parts(parts: Sequence[Path], target: Path, *, what: str, place: str) -> tuple[Path, int | None] | None:
    """Join parts into one file.

    Parameters
    ----------
    parts
        Files, in order.
    target
        Where the file is written; its suffix is changed to `.csv` where a list of JSON objects becomes a table.
    what
        What to call the data set in messages.
    place
        Place in `data/raw`: a table is expected where it ends with `.csv`.

    Returns
    -------
    tuple or None
        The file, and its rows where they were counted; None where there is nothing to do: one part, kept as it is.

    Raises
    ------
    SourceError
        If the parts are not of one kind or have not the same header.
    """
    is_table = PurePosixPath(place).suffix.lower() == ".csv"
    if _is_json(parts[0]):
        if not is_table and len(parts) == 1:
            return None
        documents = [_document(part, what, exact=is_table) for part in parts]
        if is_table:
            return _table(documents, target.with_suffix(".csv"), what)
        return _collection(documents, target, what)
    if len(parts) == 1:
        return None
    if target.suffix.lower() not in TABLE_SUFFIXES:
        message = f"{what}: {len(parts)} files {target.suffix or 'without suffix'} cannot be joined into one."
        raise SourceError(message)
    return _tables(parts, target, what), None


def _is_json(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(1024).removeprefix(BOM).lstrip()[:1] in (b"[", b"{")


def _document(file: Path, what: str, *, exact: bool) -> object:
    """Read a JSON document; `exact` keeps the digits of numbers as they are written."""
    try:
        content = file.read_bytes()
        return json_of(content, parse_float=str, parse_int=str) if exact else json_of(content)
    except (ValueError, RecursionError) as error:
        message = f"{what}: cannot be read as JSON ({error}). Fetch it again."
        raise SourceError(message) from error


def _table(documents: Sequence[object], target: Path, what: str) -> tuple[Path, int]:
    """Write lists of objects as one table: `;`, UTF-8, a column a key, `epci.code` for the key of a key."""
    rows = []
    for document in documents:
        if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
            message = f"{what}: expected a list of JSON objects, found {shown(document)}. Try again later."
            raise SourceError(message)
        rows += [dict(_flat(one)) for one in document]
    if not rows:
        message = f"{what}: expected rows, found an empty list. Check the départements that are asked for."
        raise SourceError(message)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, delimiter=";", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    target.write_bytes(text.getvalue().encode())
    return target, len(rows)


def _flat(node: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Give each value with its path of keys.

    >>> dict(_flat({"code": "04112", "epci": {"code": "200034700"}, "codesPostaux": ["04100"], "x": None}))
    {'code': '04112', 'epci.code': '200034700', 'codesPostaux': '04100', 'x': ''}
    """
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
            yield f"{before}{key}", ",".join(map(_text, value))
        else:
            yield f"{before}{key}", _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _collection(documents: Sequence[Any], target: Path, what: str) -> tuple[Path, int]:
    """Join lists into one list, or GeoJSON collections of one coordinate system into one."""
    whole: Any
    if all(isinstance(document, list) for document in documents):
        whole = [one for document in documents for one in document]
        rows = len(whole)
    elif all(isinstance(document, dict) and isinstance(document.get("features"), list) for document in documents):
        if len({json.dumps(document.get("crs"), sort_keys=True) for document in documents}) > 1:
            message = f"{what}: its parts are not all in one coordinate system. They were not joined."
            raise SourceError(message)
        features = [feature for document in documents for feature in document["features"]]
        kept = {name: documents[0][name] for name in ("type", "name", "crs") if name in documents[0]}
        whole, rows = {**kept, "features": features}, len(features)
    else:
        found = shown(next((one for one in documents if not isinstance(one, list)), ""))
        message = f"{what}: expected lists or GeoJSON collections, found {found}. Try again later."
        raise SourceError(message)
    target.write_bytes((json.dumps(whole, ensure_ascii=False) + "\n").encode())
    return target, rows


def _tables(parts: Sequence[Path], target: Path, what: str) -> Path:
    """Put tables one after the other, the header once."""
    header, end = b"", b"\n"
    with target.open("wb") as file:
        for rank, part in enumerate(parts):
            with part.open("rb") as stream:
                first = stream.readline()
                name = first.removeprefix(BOM).rstrip(b"\r\n")
                if rank == 0:
                    header, end = name, b"\r\n" if first.endswith(b"\r\n") else b"\n"
                    file.write(first.rstrip(b"\r\n") + end)
                if name != header or not name:
                    message = (
                        f"{what}: its parts have not the same header: {header[:200]!r}, then {name[:200]!r}. "
                        "They were not joined."
                    )
                    break
                last = b"\n"
                while block := stream.read(1 << 20):
                    file.write(block)
                    last = block[-1:]
                if last != b"\n":
                    file.write(end)
        else:
            return target
    target.unlink()
    raise SourceError(message)
