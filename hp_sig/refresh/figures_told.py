"""Which key figures are not displayed as they were at the last refresh?"""

import io
import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.maps.sheets import sheet_files
from hp_sig.publish.tables import rounded, safe_texts
from hp_sig.reference.labels import format_quantity, label, wording
from hp_sig.reference.regimes import Regime
from hp_sig.results import Results
from hp_sig.results.groups import TERRITORY_LAYER
from hp_sig.territory.records import regime_with

__all__ = ["COMMUNES", "FIGURES", "as_texts", "as_written", "figure_changes", "needed_columns"]

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


def as_texts(content: str) -> pd.DataFrame:
    """Read a table as its file holds it, every cell a text."""
    return pd.read_csv(io.StringIO(content), dtype="str", keep_default_na=False)


def as_written(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table as it will be read back at the next refresh, so that like is compared with like."""
    return as_texts(safe_texts(rounded(table)).to_csv(index=False))


def needed_columns(name: str) -> set[str]:
    """Name the columns without which a table cannot be compared."""
    keys = {"commune_code", "name"} if name == COMMUNES else {"zone_layer", "zone_code"}
    more = {
        "trajectory": {"regime"},
        "land_stock": {"rank", "year"},
        "land_flow": {"rank", "vintages"},
        "land_shape": {"rank", "year"},
        "enaf_consumption": {"year"},
    }
    return keys | more.get(name, set()) | set(FIGURES[name])


def figure_changes(before: Mapping[str, pd.DataFrame], layers: Layers, results: Results) -> Iterable[str]:
    """Tell each key figure that is not displayed as it was: the Pays first, then zones, then communes.

    Parameters
    ----------
    before
        Tables of the last refresh, as :func:`as_texts` reads them; those that could be read.
    layers, results
        Those of this refresh.
    """
    regime = regime_with(layers.territory.trajectory.regime, {})
    now = results.tables()
    changes: list[tuple[int, str]] = []
    order = _zones_in_order(layers)
    for name, old in before.items():
        new = as_written(now[name])
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


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
