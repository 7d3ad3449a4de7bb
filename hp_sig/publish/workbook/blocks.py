"""Which figures are worth a chart of the workbook, for the territory and its intercommunalities?

Each chart is drawn from a small table beside it: sorting or filtering another sheet does not change what it shows.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from hp_sig.maps.classes import RAMPS
from hp_sig.publish.publication import Column, Publication, PublishedTable, Theme
from hp_sig.reference.labels import label, wording

__all__ = ["Block", "blocks"]

#: Colours of the maps of the same figures, far enough apart to be told on a photocopy.
DESTINATIONS = {
    "enaf_housing_ha": RAMPS["orange"][5],
    "enaf_activity_ha": RAMPS["orange"][3],
    "enaf_mixed_ha": RAMPS["orange"][1],
    "enaf_road_ha": RAMPS["grey"][4],
    "enaf_rail_ha": RAMPS["grey"][6],
    "enaf_unknown_ha": RAMPS["grey"][2],
}
TOTAL = {"enaf_consumption_ha": RAMPS["orange"][5]}
PATH = {
    "reference_ha": RAMPS["grey"][3],
    "allowance_ha": RAMPS["purple"][5],
    "consumed_ha": RAMPS["orange"][6],
    "projection_ha": RAMPS["orange"][3],
}
STOCK = {"artificialised_ha": RAMPS["red"][4], "sealed_ha": RAMPS["grey"][4]}
PARKS = (RAMPS["blue"][5], RAMPS["blue"][3], RAMPS["purple"][4], RAMPS["grey"][3])
INTERCOMMUNALITIES = re.compile(r"epci(?:_(\d{4}))?")
#: More intercommunalities than this have no chart of their own.
MOST_ZONES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A small table and how its chart is drawn.

    Parameters
    ----------
    theme, title, note
        What it is about; its heading; what must be said under it.
    heading, labels
        What the rows are, and each of them.
    columns, figures
        The figures as they are published, one row a label: each column is a series.
    colours, names
        Of the series.
    is_stacked
        Whether the series add up.
    is_of_zones
        Whether the rows are zones, whose long names need bars that lie.
    axis
        Title of the axis of the figures.
    """

    theme: Theme
    title: str
    note: str
    heading: str
    labels: tuple[str, ...]
    columns: tuple[Column, ...]
    figures: pd.DataFrame
    colours: tuple[str, ...]
    names: tuple[str, ...]
    is_stacked: bool
    is_of_zones: bool
    axis: str


def blocks(publication: Publication) -> Iterator[Block]:
    """Give the charts that the publication has figures for, with their small tables."""
    tables = publication.tables
    if "enaf_consumption" in tables:
        yield from _flows(tables["enaf_consumption"])
    if "trajectory" in tables:
        yield from _paths(tables["trajectory"])
    if "land_stock" in tables:
        yield from _stocks(tables["land_stock"])
    if "overlaps" in tables:
        yield from _parks(tables["overlaps"])


def _flows(table: PublishedTable) -> Iterator[Block]:
    zones = _zones(table)
    for rank, ((_, name), rows) in enumerate(zones):
        flows = rows.sort_values("year")
        parted = [column for column in DESTINATIONS if column in flows and flows[column].notna().any()]
        colours = {column: DESTINATIONS[column] for column in parted} or TOTAL
        is_marked = flows["is_provisional"].fillna(value=False).astype(bool)
        labels = [
            wording("workbook", "provisional_year", year=year) if marked else str(year)
            for year, marked in zip(flows["year"], is_marked, strict=True)
        ]
        notes = [wording("workbook", "provisional_told")] if is_marked.any() else []
        if rank == MOST_ZONES:
            notes.append(wording("workbook", "chart_flows_left_out", count=len(zones) - rank - 1))
        yield _block(
            table,
            flows,
            colours,
            title=wording("workbook", "chart_flows" if parted else "chart_flows_plain", zone=name),
            labels=(label("year"), labels),
            notes=[*_partial(flows), *notes],
        )
        if rank == MOST_ZONES:
            break


def _paths(table: PublishedTable) -> Iterator[Block]:
    rows = table.rows
    in_force = rows[rows["regime_status"] == "in_force"]
    found = [(name, one) for (_, name), one in _zones(table, in_force)]
    if found:
        shown = pd.concat([one for _, one in found])
        title = wording("workbook", "chart_trajectory")
        labels = (label("zone_name"), _named(shown))
        yield _block(table, shown, PATH, title=title, labels=labels, notes=_partial(shown))


def _stocks(table: PublishedTable) -> Iterator[Block]:
    found = [one.sort_values("rank") for _, one in _zones(table)]
    if found:
        shown = pd.concat(found)
        years = shown["year"].fillna("")
        labels = [
            wording("workbook", "zone_vintage", zone=zone, year=year)
            for zone, year in zip(_named(shown), years, strict=True)
        ]
        title = wording("workbook", "chart_stock")
        yield _block(table, shown, STOCK, title=title, labels=(label("zone_name"), labels), notes=_partial(shown))


def _parks(table: PublishedTable) -> Iterator[Block]:
    rows = table.rows[table.rows["other_layer"] == "pnr"]
    found = [one for _, one in _zones(table, rows)]
    if not found:
        return
    shown = pd.concat(found)
    zones = list(dict.fromkeys(shown["zone_name"]))
    parks = list(dict.fromkeys(shown["other_name"].sort_values()))[: len(PARKS)]
    shares = shown.pivot_table(index="zone_name", columns="other_name", values="share_of_zone", aggfunc="first")
    figures = shares.reindex(index=zones, columns=parks)
    column = next(one for one in table.columns if one.name == "share_of_zone")
    yield Block(
        theme=table.theme,
        title=wording("workbook", "chart_overlaps"),
        note="",
        heading=label("zone_name"),
        labels=tuple(zones),
        columns=(column,) * len(parks),
        figures=figures,
        colours=PARKS[: len(parks)],
        names=tuple(parks),
        is_stacked=True,
        is_of_zones=True,
        axis=wording("workbook", "axis_unit", label=column.label, unit=column.unit),
    )


def _block(
    table: PublishedTable,
    rows: pd.DataFrame,
    colours: dict[str, str],
    *,
    title: str,
    labels: tuple[str, list[str]],
    notes: list[str],
) -> Block:
    columns = {column.name: column for column in table.columns}
    is_parted = set(colours) <= set(DESTINATIONS)
    names = [wording("workbook", f"destination_{name}") if is_parted else columns[name].label for name in colours]
    return Block(
        theme=table.theme,
        title=title,
        note=" ".join(notes),
        heading=labels[0],
        labels=tuple(labels[1]),
        columns=tuple(columns[name] for name in colours),
        figures=rows[list(colours)],
        colours=tuple(colours.values()),
        names=tuple(names),
        is_stacked=is_parted,
        is_of_zones=labels[0] == label("zone_name"),
        axis=wording("workbook", "axis_hectares"),
    )


def _zones(table: PublishedTable, rows: pd.DataFrame | None = None) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Give the rows of the territory, then those of each intercommunality of the latest list, by name."""
    kept = table.rows if rows is None else rows
    levels = ("territory", *_latest(map(str, kept["zone_layer"].dropna().unique())))
    found: list[tuple[tuple[str, str], pd.DataFrame]] = []
    for level in levels:
        for (name, code), one in kept[kept["zone_layer"] == level].groupby(["zone_name", "zone_code"], sort=True):
            found.append(((str(code), str(name)), one))
    return found


def _latest(levels: Iterable[str]) -> tuple[str, ...]:
    matches = (INTERCOMMUNALITIES.fullmatch(level) for level in levels)
    lists = sorted((found[1] or "", found[0]) for found in matches if found)
    return (lists[-1][1],) if lists else ()


def _named(rows: pd.DataFrame) -> list[str]:
    return [
        wording("workbook", "partial_zone", zone=name) if is_partial else str(name)
        for name, is_partial in zip(rows["zone_name"], _marked(rows), strict=True)
    ]


def _partial(rows: pd.DataFrame) -> list[str]:
    return [wording("workbook", "partial_told")] if _marked(rows).any() else []


def _marked(rows: pd.DataFrame) -> pd.Series:
    return rows["is_partial"].fillna(value=False).astype(bool)
