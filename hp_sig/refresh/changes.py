"""What is not the same as at the last refresh: which files, which communes, which key figures?

The last results are read as they lie on the disk, and only if they are those that their manifest tells of: whatever is
missing, unreadable or not ours is told as not comparable, and never stops a refresh.
"""

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.inputs import InputFile
from hp_sig.publish.manifest import file_entry, package_versions
from hp_sig.publish.tables import rounded, safe_texts
from hp_sig.reference.labels import format_quantity, label, wording
from hp_sig.refresh.inputs_told import input_changes
from hp_sig.results import Results
from hp_sig.results.groups import TERRITORY_LAYER

__all__ = ["MOST_LINES", "Change", "changes_since"]

#: A reader is told this many changes; the rest is counted.
MOST_LINES = 30
COMMUNES = "communes"
#: Table → key figures that are compared, by the last vintage or the law in force.
FIGURES: Mapping[str, Sequence[str]] = {
    "zones": ("area_ha", "population"),
    "communes": ("area_ha", "population"),
    "trajectory": ("reference_ha", "allowance_ha", "consumed_ha", "remaining_ha", "projection_ha"),
    "land_stock": ("artificialised_ha", "sealed_ha"),
    "land_flow": ("artificialised_net_ha_per_year", "sealed_net_ha_per_year"),
}
#: What dates a figure of a table, where it is dated.
DATES = {"land_stock": "year", "land_flow": "vintages"}
#: Tables of which a zone has several rows: the last one by this column is compared.
RANKED = {"land_stock": "rank", "land_flow": "rank"}


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
        Never empty: a first refresh, or nothing changed, is told too. At most `MOST_LINES`, then how many more.
    """
    apart = _not_comparable(previous, layers)
    if apart is not None:
        return [Change(kind="none", text=apart)]
    files = [Change(kind="file", text=told) for told in input_changes(previous["inputs"], inputs)]
    files += _version(previous)
    tables, unread = _previous_tables(folder, previous, results)
    moved = [Change(kind="membership", text=told) for told in _memberships(tables, layers, results)]
    figures = [Change(kind="figure", text=told) for told in _figures(tables, layers, results)]
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
        if table is None or not _needed(name) <= set(table.columns):
            told.append(Change(kind="file", text=wording("update", "table_unreadable", **words)))
        else:
            tables[name] = table
    return tables, told


def _read(path: Path, sha256: str) -> pd.DataFrame | None:
    """Read a table of ours as texts; None if it is not there, or not as it was written."""
    try:
        if file_entry(path)["sha256"] != sha256:
            return None
        return _as_texts(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _as_texts(content: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(content), dtype="str", keep_default_na=False)


def _as_written(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table as it will be read back at the next refresh, so that like is compared with like."""
    return _as_texts(safe_texts(rounded(table)).to_csv(index=False))


def _needed(name: str) -> set[str]:
    keys = {"commune_code", "name"} if name == COMMUNES else {"zone_layer", "zone_code"}
    more = {"trajectory": {"regime"}, "land_stock": {"rank", "year"}, "land_flow": {"rank", "vintages"}}
    return keys | more.get(name, set()) | set(FIGURES[name])


def _figures(before: Mapping[str, pd.DataFrame], layers: Layers, results: Results) -> Iterable[str]:
    """Tell each key figure that is not displayed as it was: the Pays first, then zones, then communes."""
    regime = layers.territory.trajectory.regime
    now = results.tables()
    changes: list[tuple[int, str]] = []
    order = _zones_in_order(layers)
    for name, old in before.items():
        earlier, later = (_by_zone(name, table, regime) for table in (old, _as_written(now[name])))
        for key, row in later.items():
            if key not in earlier or key not in order:
                continue
            rank, zone = order[key]
            changes += [(rank, told) for told in _moved(name, zone, earlier[key], row)]
    return [told for _, told in sorted(changes, key=lambda change: change[0])]


def _moved(name: str, zone: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[str]:
    for column in FIGURES[name]:
        old, new = (format_quantity(column, _figure(row.get(column, ""))) for row in (before, after))
        if old == new:
            continue
        words = {"zone": zone, "figure": _lower(label(column)), "before": old, "after": new}
        date = DATES.get(name)
        if date is not None and before[date] != after[date]:
            words |= {"before_year": before[date], "after_year": after[date]}
            yield wording("update", "figure_dated", **words)
        else:
            yield wording("update", "figure", **words)


def _by_zone(name: str, table: pd.DataFrame, regime: str) -> dict[tuple[str, str], dict[str, str]]:
    """Give one row a zone: the last vintage, the law in force."""
    if name == COMMUNES:
        return {(COMMUNES, row["commune_code"]): row for row in _records(table)}
    if name == "trajectory":
        table = table[table["regime"] == regime]
    rows = _records(table)
    if name == "zones":
        # Of a perimeter, what it covers of the territory, as its sheet says.
        rows = [row | {"area_ha": row.get("overlap_ha") or row["area_ha"]} for row in rows]
    if name in RANKED:
        rows = sorted(rows, key=lambda row: _figure(row[RANKED[name]]))
    return {(row["zone_layer"], row["zone_code"]): row for row in rows}


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    return [{str(column): value for column, value in row.items()} for row in table.to_dict("records")]


def _figure(text: str) -> float:
    """Read a figure; what is no figure is not known."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _zones_in_order(layers: Layers) -> dict[tuple[str, str], tuple[int, str]]:
    """Rank the zones that have a sheet, and name each: the Pays, intercommunalities, parks, communes."""
    zones: dict[tuple[str, str], str] = {(TERRITORY_LAYER, TERRITORY_LAYER): layers.territory.name}
    for layer_name, layer in layers.zones.items():
        if layer.config.id not in {"epci", "pnr"}:
            continue
        for code, name in layer.zones["name"].items():
            year = layer.config.cog_year
            told = str(name) if year is None else wording("update", "zone_dated", name=name, year=year)
            zones[layer_name, str(code)] = told
    zones |= {(COMMUNES, str(code)): str(name) for code, name in layers.communes["name"].items()}
    return {key: (rank, name) for rank, (key, name) in enumerate(zones.items())}


def _memberships(before: Mapping[str, pd.DataFrame], layers: Layers, results: Results) -> Iterable[str]:
    """Tell the communes that came, went, or are in another zone of the latest list."""
    old = before.get(COMMUNES)
    if old is None:
        return
    now = _as_written(results.tables()[COMMUNES]).set_index("commune_code")
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
            told = [
                f"{str(table.at[code, f'{column}_name']) or wording('update', 'nowhere')} ({column.rpartition('_')[2]})"
                for table, column in ((old, earlier), (now, later))
            ]
            level = wording("zone_layer", zone_id) if zone_id in {"epci", "scot", "living_area"} else zone_id
            yield wording("update", "moved", name=names[code], layer=level, before=told[0], after=told[1])
    if "scot_status" in old.columns and "scot_status" in now.columns:
        for code in both[(old.loc[both, "scot_status"] != now.loc[both, "scot_status"]).to_numpy()]:
            told = [_scot_status(str(table.at[code, "scot_status"])) for table in (old, now)]
            yield wording("update", "scot", name=names[code], before=told[0], after=told[1])


def _scot_status(status: str) -> str:
    known = {"approved", "in_progress", "none", "unknown"}
    return wording("scot_status", status if status in known else "unknown")


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


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _cut(changes: list[Change]) -> list[Change]:
    """Keep the first changes, and count the rest."""
    rest = len(changes) - MOST_LINES
    if rest <= 0:
        return changes
    told = wording("update", "more_one" if rest == 1 else "more_many", count=rest)
    return [*changes[:MOST_LINES], Change(kind=changes[MOST_LINES].kind, text=told)]
