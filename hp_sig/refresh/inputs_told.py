"""Which files of the producers are new, changed, dated anew or no longer used?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hp_sig.inputs import InputFile
from hp_sig.reference.labels import wording

__all__ = ["input_changes"]

#: Files that have no producer: those of the territory itself.
OWN_FILES = ("territory", "communes.table", "communes.movements", "trajectory.exclusions")


def input_changes(before: Iterable[Mapping[str, Any]], inputs: Sequence[InputFile]) -> Iterator[str]:
    """Tell each input that is not what it was: by its content (SHA-256) and its vintage.

    Parameters
    ----------
    before
        The inputs of the last manifest.
    inputs
        The files of this refresh.
    """
    known = {str(entry["name"]): entry for entry in before}
    for item in inputs:
        vintage = None if item.source is None else item.source.vintage
        file = _file_of(item)
        if item.name not in known:
            yield wording("update", "file_new", file=f"{file}{_dated(item)}")
            continue
        entry = known[item.name]
        same_content, same_vintage = entry["sha256"] == item.sha256, entry.get("vintage") == vintage
        if not same_vintage:
            key = "file_restated" if same_content else "file_vintage"
            told = {"before": _vintage(entry.get("vintage")), "after": _vintage(vintage)}
            yield wording("update", key, file=file, **told)
        elif not same_content:
            yield wording("update", "file_changed", file=f"{file}{_dated(item)}")
    now = {item.name for item in inputs}
    for name, entry in known.items():
        if name not in now:
            yield wording("update", "file_gone", file=_file_gone(name, entry))


def _file_of(item: InputFile) -> str:
    if item.source is None:
        return _own_file(item.name)
    return f"{item.source.producer}, {item.source.source}"


def _dated(item: InputFile) -> str:
    return "" if item.source is None else f", {_vintage(item.source.vintage)}"


def _file_gone(name: str, entry: Mapping[str, Any]) -> str:
    if entry.get("producer") is None:
        return _own_file(name)
    return f"{entry['producer']}, {entry.get('source')}, {_vintage(entry.get('vintage'))}"


def _own_file(name: str) -> str:
    if name in OWN_FILES:
        return wording("update", f"input_{name.replace('.', '_')}")
    return wording("update", "input_correspondence") if name.endswith(".correspondence") else name


def _vintage(vintage: object) -> str:
    return wording("update", "unstated") if vintage is None else wording("sheet", "vintage", vintage=vintage)
