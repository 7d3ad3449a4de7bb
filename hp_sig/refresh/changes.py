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
from hp_sig.maps.sheets import sheet_files
from hp_sig.publish.manifest import file_entry, package_versions
from hp_sig.publish.tables import rounded, safe_texts
from hp_sig.reference.labels import format_quantity, label, wording
from hp_sig.reference.regimes import Regime
from hp_sig.refresh.inputs_told import input_changes
from hp_sig.results import Results
from hp_sig.results.groups import TERRITORY_LAYER
from hp_sig.territory.records import regime_with

__all__ = ["MOST_LINES", "Change", "changes_since"]

#: A page lists this many changes; the rest is counted.
MOST_LINES = 500
COMMUNES = "communes"
#: Table → key figures that are compared, by the last vintage or the law in force.
FIGURES: Mapping[str, Sequence[str]] = {
    "zones": ("area_ha", "population"),
    "communes": ("area_ha", "population"),
    "trajectory": ("reference_ha", "allowance_ha", "consumed_ha", "remaining_ha", "projection_ha"),
    "land_stock": ("artificialised_ha", "sealed_ha"),
    "land_flow": ("artificialised_net_ha_per_year", "sealed_net_ha_per_year"),
    "land_shape": ("inhabitants_per_ha",),
    "enaf_consumption": ("enaf_consumption_ha",),
}
#: Tables of which a zone has a row a year: each year is compared, then the sums that a sheet shows.
YEARLY = "enaf_consumption"
#: What dates a figure of a table, where it is dated.
DATES = {"land_stock": "year", "land_flow": "vintages", "land_shape": "year"}
#: Tables of which a zone has several rows: the last one by `rank` is compared.
RANKED = ("land_stock", "land_flow", "land_shape")


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
    more = {
        "trajectory": {"regime"},
        "land_stock": {"rank", "year"},
        "land_flow": {"rank", "vintages"},
        "land_shape": {"rank", "year"},
        "enaf_consumption": {"year"},
    }
    return keys | more.get(name, set()) | set(FIGURES[name])


def _figures(before: Mapping[str, pd.DataFrame], layers: Layers, results: Results) -> Iterable[str]:
    """Tell each key figure that is not displayed as it was: the Pays first, then zones, then communes."""
    regime = regime_with(layers.territory.trajectory.regime, {})
    now = results.tables()
    changes: list[tuple[int, str]] = []
    order = _zones_in_order(layers)
    for name, old in before.items():
        new = _as_written(now[name])
        if name == YEARLY:
            flows = _by_year(old), _by_year(new)
            for key in order.keys() & flows[0].keys() & flows[1].keys():
                rank, zone = order[key]
                changes += [(rank, told) for told in _moved_flows(zone, flows[0][key], flows[1][key], regime)]
            continue
        earlier, later = (_by_zone(name, table, regime.name) for table in (old, new))
        for key in order.keys() & earlier.keys() & later.keys():
            rank, zone = order[key]
            changes += [(rank, told) for told in _moved(name, zone, earlier[key], later[key])]
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
            yield _sentence("figure_dated", **words)
        else:
            yield _sentence("figure", **words)


def _moved_flows(zone: str, before: Mapping[str, float], after: Mapping[str, float], regime: Regime) -> Iterable[str]:
    """Tell the years that moved; or the sums of the law's years, where they alone do: many a small step adds up."""
    (column,) = FIGURES[YEARLY]
    words = {"zone": zone, "figure": _lower(label(column))}
    found = [
        (wording("update", "in_year", year=year), before.get(year, math.nan), after.get(year, math.nan))
        for year in sorted({*before, *after})
    ]
    told = list(_told_apart(column, found, words))
    if not told:
        spans = (regime.reference_first_year, regime.reference_last_year), (regime.first_year, regime.last_year)
        keys = ("in_years", "since_year")
        sums = [
            (wording("update", key, first=first, last=last), _sum(before, first, last), _sum(after, first, last))
            for key, (first, last) in zip(keys, spans, strict=True)
        ]
        told = list(_told_apart(column, sums, words))
    return told


def _told_apart(column: str, found: Iterable[tuple[str, float, float]], words: Mapping[str, object]) -> Iterable[str]:
    for period, old, new in found:
        shown = [format_quantity(column, value) for value in (old, new)]
        if shown[0] != shown[1]:
            yield _sentence("figure_of", period=period, before=shown[0], after=shown[1], **words)


def _sum(flows: Mapping[str, float], first: int | None, last: int | None) -> float:
    return sum(value for year, value in flows.items() if (first or 0) <= _figure(year) <= (last or 0))


def _sentence(key: str, **words: object) -> str:
    """Word a change; a unit that ends with a full stop (« hab. ») ends the sentence too."""
    told = wording("update", key, **words)
    return told[:-1] if told.endswith("..") else told


def _by_year(table: pd.DataFrame) -> dict[tuple[str, str], dict[str, float]]:
    """Give each zone its flows by year."""
    flows: dict[tuple[str, str], dict[str, float]] = {}
    (column,) = FIGURES[YEARLY]
    for row in _records(table):
        flows.setdefault((row["zone_layer"], row["zone_code"]), {})[row["year"]] = _figure(row[column])
    return flows


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
        rows = sorted(rows, key=lambda row: _figure(row["rank"]))
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
    return {key: (rank, _zone_name(key, layers)) for rank, key in enumerate(sheet_files(layers))}


def _zone_name(key: tuple[str, str], layers: Layers) -> str:
    if key[0] == TERRITORY_LAYER:
        return layers.territory.name
    if key[0] == COMMUNES:
        return str(layers.communes["name"][key[1]])
    layer = layers.zones[key[0]]
    name, year = str(layer.zones["name"][key[1]]), layer.config.cog_year
    return name if year is None else wording("update", "zone_dated", name=name, year=year)


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


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _cut(changes: list[Change]) -> list[Change]:
    """Keep the first changes, and count the rest."""
    rest = len(changes) - MOST_LINES
    if rest <= 0:
        return changes
    told = wording("update", "more_one" if rest == 1 else "more_many", count=rest)
    return [*changes[:MOST_LINES], Change(kind=changes[MOST_LINES].kind, text=told)]
