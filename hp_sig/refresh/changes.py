"""What is not the same as at the last refresh: which files, which communes, which key figures?

The last results are read as they lie on the disk, and only if they are those that their manifest tells of: whatever is
missing, unreadable or not ours is told as not comparable, and never stops a refresh.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.inputs import InputFile
from hp_sig.publish.manifest import file_entry, package_versions
from hp_sig.reference.labels import label, wording
from hp_sig.refresh.figures_told import COMMUNES, FIGURES, as_texts, as_written, figure_changes, needed_columns
from hp_sig.refresh.inputs_told import input_changes
from hp_sig.results import Results

__all__ = ["MOST_LINES", "Change", "changes_since"]

#: A page lists this many changes; the rest is counted.
MOST_LINES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of what changed: `file`, `version`, `membership`, `figure`, or `none`; and its French text."""

    kind: str
    text: str


def changes_since(
    folder: Path,
    previous: Mapping[str, Any],
    *,
    inputs: Sequence[InputFile],
    layers: Layers,
    results: Results,
) -> list[Change]:
    """Say what changed since the last refresh: files, then communes, then key figures as they are displayed.

    Parameters
    ----------
    folder
        The last results, not yet replaced.
    previous
        Their manifest, from :func:`hp_sig.publish.manifest.read_manifest`; empty if there is none.
    inputs, layers, results
        Those of this refresh.

    Returns
    -------
    list of Change
        Never empty: a first refresh, or nothing changed, is told too. At most `MOST_LINES`, then how many are left
        out.
    """
    apart = _not_comparable(previous, layers)
    if apart is not None:
        return [Change(kind="none", text=apart)]
    files = [Change(kind="file", text=told) for told in input_changes(previous["inputs"], inputs)]
    files += _version(previous)
    tables, unread = _previous_tables(folder, previous, results)
    moved = [Change(kind="membership", text=told) for told in _memberships(tables, layers, results)]
    figures = [Change(kind="figure", text=told) for told in figure_changes(tables, layers, results)]
    changes = [*files, *unread, *moved, *figures]
    if not changes:
        return [Change(kind="none", text=wording("update", "none"))]
    if not moved and not figures and not unread:
        changes.append(Change(kind="figure", text=wording("update", "same_figures")))
    return _cut(changes)


def _not_comparable(previous: Mapping[str, Any], layers: Layers) -> str | None:
    """Say why the last results are of another kind; None if they may be compared."""
    if not previous:
        return wording("update", "first")
    territory = layers.territory
    if previous.get("territory") != territory.name:
        return wording("update", "other_territory", name=previous.get("territory"))
    if previous.get("notice") != territory.notice:
        return wording("update", "sample")
    return None


def _version(previous: Mapping[str, Any]) -> list[Change]:
    before, after = previous["packages"].get("hp-sig"), package_versions()["hp-sig"]
    if before == after:
        return []
    return [Change(kind="version", text=wording("update", "version", before=before, after=after))]


def _previous_tables(
    folder: Path, previous: Mapping[str, Any], results: Results
) -> tuple[dict[str, pd.DataFrame], list[Change]]:
    """Read the last tables that are compared; tell those that cannot be, those that are new and those that are gone."""
    now = results.tables()
    tables: dict[str, pd.DataFrame] = {}
    told: list[Change] = []
    for name in FIGURES:
        listed = previous["outputs"].get(f"{name}.csv")
        words = {"table": wording("results_table", name)}
        if listed is None or name not in now:
            if (listed is None) != (name not in now):
                key = "table_new" if listed is None else "table_gone"
                told.append(Change(kind="file", text=wording("update", key, **words)))
            continue
        table = _read(folder / f"{name}.csv", listed["sha256"])
        if table is None or not needed_columns(name) <= set(table.columns):
            told.append(Change(kind="file", text=wording("update", "table_unreadable", **words)))
        else:
            tables[name] = table
    return tables, told


def _read(path: Path, sha256: str) -> pd.DataFrame | None:
    """Read a table of ours as texts; None if it is not there, or not as it was written."""
    try:
        if file_entry(path)["sha256"] != sha256:
            return None
        return as_texts(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _memberships(before: Mapping[str, pd.DataFrame], layers: Layers, results: Results) -> Iterable[str]:
    """Tell the communes that came, went, or are in another zone of the latest list."""
    old = before.get(COMMUNES)
    if old is None:
        return
    now = as_written(results.tables()[COMMUNES]).set_index("commune_code")
    old = old.drop_duplicates("commune_code").set_index("commune_code")
    names = layers.communes["name"]
    for code in now.index.difference(old.index):
        yield wording("update", "joined", name=names[code], code=code)
    for code in old.index.difference(now.index):
        yield wording("update", "left", name=old.at[code, "name"], code=code)
    both = now.index.intersection(old.index)
    for zone_id in dict.fromkeys(layer.config.id for layer in layers.zones.values() if layer.members is not None):
        earlier, later = _latest(old, zone_id), _latest(now, zone_id)
        if earlier is None or later is None:
            continue
        for code in both[(old.loc[both, earlier] != now.loc[both, later]).to_numpy()]:
            told = [_zone_told(table, code, column) for table, column in ((old, earlier), (now, later))]
            yield _moved_to(str(names[code]), _level(zone_id), told)
    if "scot_status" in old.columns and "scot_status" in now.columns:
        for code in both[(old.loc[both, "scot_status"] != now.loc[both, "scot_status"]).to_numpy()]:
            told = [_scot_status(str(table.at[code, "scot_status"])) for table in (old, now)]
            yield wording("update", "scot", name=names[code], before=told[0], after=told[1])


def _zone_told(table: pd.DataFrame, code: str, column: str) -> str:
    name = str(table.at[code, f"{column}_name"]) or wording("update", "nowhere")
    return wording("update", "zone_dated", name=name, year=column.rpartition("_")[2])


def _level(zone_id: str) -> str:
    return label(f"{zone_id}_name") if zone_id in {"epci", "scot", "living_area"} else zone_id


def _moved_to(commune: str, level: str, told: Sequence[str]) -> str:
    """Word a move; a level that the names say already (« SCoT de Manosque ») is not said twice."""
    key = "moved_named" if any(name.startswith(level) for name in told) else "moved"
    return wording("update", key, name=commune, layer=level, before=told[0], after=told[1])


def _scot_status(status: str) -> str:
    known = {"approved", "in_progress", "none", "unknown"}
    return wording("update", f"scot_{status if status in known else 'unknown'}")


def _latest(table: pd.DataFrame, zone_id: str) -> str | None:
    """Name the column of the latest list of a layer of zones that has its names beside."""
    years = [
        column
        for column in table.columns
        if column.startswith(f"{zone_id}_")
        and column.removeprefix(f"{zone_id}_").isdigit()
        and f"{column}_name" in table.columns
    ]
    return max(years, key=lambda column: int(column.rpartition("_")[2]), default=None)


def _cut(changes: list[Change]) -> list[Change]:
    """Keep the first changes, and count the rest."""
    rest = len(changes) - MOST_LINES
    if rest <= 0:
        return changes
    told = wording("update", "more_one" if rest == 1 else "more_many", count=rest)
    return [*changes[:MOST_LINES], Change(kind=changes[MOST_LINES].kind, text=told)]
