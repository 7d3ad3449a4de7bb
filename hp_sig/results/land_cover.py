"""What does the land cover say of each zone: stocks by vintage, flows between vintages, transitions?

Each piece of land is measured with the file of its own département, whose years are its own. A zone over two
départements may thus mix years: its stocks are told by rank of vintage, its flows by year, and it is flagged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import LandLayers
from hp_sig.errors import some
from hp_sig.indicators.flow import MAX_GAP_HA, joined, sum_flows
from hp_sig.indicators.stock import CODES, land_stock, method_of, self_overlap
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.indicators.thresholds import apply_thresholds, compare_with_official
from hp_sig.reference.nomenclature import cover_label, use_label
from hp_sig.results.groups import ZONE, Groups, named, summed
from hp_sig.results.land_changes import changes_between, states_of

__all__ = ["LandTables", "land_tables"]

MEASURES = ("artificialised", "sealed")
#: A commune of which less than this is covered has a hole in its land cover, beyond what limits differ by.
WHOLE_SHARE = 0.99
LABELS = {"cover": cover_label, "use": use_label}


@dataclass(kw_only=True)
class LandTables:
    """The tables of land cover; empty where they cannot be made. `warnings` tells what the layers disagree on."""

    stock: pd.DataFrame = field(default_factory=pd.DataFrame)
    classes: pd.DataFrame = field(default_factory=pd.DataFrame)
    flow: pd.DataFrame = field(default_factory=pd.DataFrame)
    transition: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: list[str] = field(default_factory=list)


def land_tables(land: LandLayers, groups: Groups) -> LandTables:
    """Measure stocks, flows and transitions of every zone, in hectares.

    Parameters
    ----------
    land
        Land layers of the territory.
    groups
        Its zones, from :func:`hp_sig.results.groups.group_zones`.
    """
    tables = LandTables()
    stocks, classes, flows, transitions = [], [], [], []
    for departement, units in groups.units.groupby("departement_code"):
        zones = gpd.GeoDataFrame(units)
        states = states_of(land, str(departement))
        for rank, (years, state) in enumerate(states.items(), start=1):
            tables.warnings += _double(state, f"{departement} {years[0]}")
            stock = land_stock(zones, state).join(_by_thresholds(zones, state))
            tables.warnings += _uncovered(stock[zones["is_commune"]], f"{departement} {years[0]}")
            stocks.append(_ranked(stock, rank, years[0]))
            cover = land.of_kind("cover", str(departement)).get(years, state)
            classes += [_ranked(table, rank, years[0]) for table in _by_class(zones, cover)]
        for rank, flow, transition in changes_between(land, str(departement), zones, tables.warnings):
            flows.append(flow.assign(rank=rank))
            if transition is not None:
                transitions.append(transition.assign(rank=rank))
    if stocks:
        tables.stock = _stock_table(pd.concat(stocks), groups)
        tables.classes = _class_table(pd.concat(classes), groups, tables.stock)
    if flows:
        tables.flow = _flow_table(pd.concat(flows), groups)
    if transitions:
        tables.transition = _transition_table(pd.concat(transitions), groups, tables.flow)
    return tables


def _uncovered(stock: pd.DataFrame, name: str) -> list[str]:
    """Say which communes a state covers in part only."""
    partly = stock[stock["covered_share"].between(0, WHOLE_SHARE, inclusive="neither")]
    if partly.empty:
        return []
    return [
        f"land cover {name}: {len(partly)} communes are not covered in whole ({some(partly.index)}; "
        f"{partly['covered_share'].min():.0%} at least): the rest is unknown and counts in no stock or flow."
    ]


def _double(state: gpd.GeoDataFrame, name: str) -> list[str]:
    """Say how much land the polygons of a state count twice."""
    overlap = self_overlap(state)
    if overlap["overlap_ha"] <= MAX_GAP_HA:
        return []
    return [
        f"land cover {name}: its polygons overlap by {overlap['overlap_ha']:.1f} ha ({overlap['overlap_share']:.1%}), "
        "which areas by class count twice."
    ]


def _by_thresholds(zones: gpd.GeoDataFrame, state: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give artificialised land by the thresholds as we apply them and, beside the official layer, both gaps to it."""
    columns = ["artificialised_thresholds_ha", "matrix_gap_ha", "thresholds_gap_ha"]
    if "use_code" not in state.columns or state["use_code"].isna().any():
        return pd.DataFrame(float("nan"), index=zones.index, columns=columns)
    marked = apply_thresholds(state)
    if method_of(state) == "official":
        return compare_with_official(zones, marked)[columns]
    ours = land_stock(zones, marked)["artificialised_ha"].rename(columns[0])
    return ours.to_frame().reindex(columns=columns)


def _ranked(table: pd.DataFrame, rank: int, year: int) -> pd.DataFrame:
    return table.assign(rank=rank, year=year)


def _by_class(zones: gpd.GeoDataFrame, state: gpd.GeoDataFrame) -> Iterator[pd.DataFrame]:
    both = tabulate_area(zones, state, by=["cover_code", "use_code"])
    for axis, column in (("cover", "cover_code"), ("use", "use_code")):
        # Every class of the nomenclature, 0 where a zone has none.
        table = both.T.groupby(level=column).sum().T.reindex(columns=list(CODES[column]()), fill_value=0.0)
        yield table.melt(ignore_index=False, var_name="class_code", value_name="area_ha").assign(axis=axis)


def _stock_table(units: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    gaps = ["artificialised_thresholds_ha", "matrix_gap_ha", "thresholds_gap_ha"]
    hectares = ["area_ha", "covered_ha", *(f"{measure}_ha" for measure in MEASURES), *gaps]
    stock = summed(units.reset_index()[["unit", "rank", *hectares]], groups.members, keys=["rank"])
    stock = _whole_ranks(stock, "covered_ha")
    stock = stock.merge(_told(units, groups, ["year", "method"]), on=["zone_layer", "zone_code", "rank"])
    for part, whole in (("covered", "area_ha"), *((measure, "area_ha") for measure in MEASURES)):
        stock[f"{part}_share"] = stock[f"{part}_ha"] / stock[whole]
    stock["is_mixed"] = stock["year"].str.contains("+", regex=False)
    columns = ["rank", "year", "is_mixed", "area_ha", "covered_ha", "covered_share"]
    columns += [f"{measure}_{end}" for measure in MEASURES for end in ("ha", "share")]
    return named(stock, groups)[[*ZONE, *columns, "method", *gaps]]


def _whole_ranks(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Leave out the ranks of a zone that only some of its départements have, such as a third vintage in one of them.

    A zone that is whole in no rank keeps its rows: it is unknown.
    """
    known = table[column].notna()
    some_known = known.groupby([table["zone_layer"], table["zone_code"]]).transform("any")
    return table[known | ~some_known].reset_index(drop=True)


def _class_table(units: pd.DataFrame, groups: Groups, stock: pd.DataFrame) -> pd.DataFrame:
    """Sum each class; a zone with a unit of which nothing is known is left out."""
    known = stock[stock["artificialised_ha"].notna()]
    rows = groups.members.merge(units.reset_index()[["unit", "rank", "axis", "class_code", "area_ha"]], on="unit")
    keys = ["zone_layer", "zone_code", "rank"]
    classes = rows.groupby([*keys, "axis", "class_code"], dropna=False)["area_ha"].sum().reset_index()
    wholes = known[[*ZONE, "rank", "year", "is_mixed", "area_ha"]].rename(columns={"area_ha": "zone_ha"})
    classes = wholes.merge(classes, on=keys)
    classes["share"] = classes["area_ha"] / classes["zone_ha"]
    classes["class_label"] = [
        LABELS[axis](code) if isinstance(code, str) else None
        for axis, code in zip(classes["axis"], classes["class_code"], strict=True)
    ]
    columns = ["rank", "year", "is_mixed", "axis", "class_code", "class_label", "area_ha", "share"]
    return classes[[*ZONE, *columns]]


def _flow_table(units: pd.DataFrame, groups: Groups) -> pd.DataFrame:
    tables = []
    for rank, flows in units.groupby("rank"):
        for layer, rows in groups.members.groupby("zone_layer", sort=False):
            zone_of = rows.set_index("unit")["zone_code"]
            table = sum_flows(flows.drop(columns="rank"), zone_of).rename_axis("zone_code").reset_index()
            tables.append(table[table["vintages"].notna()].assign(zone_layer=layer, rank=rank))
    whole = _whole_ranks(pd.concat(tables, ignore_index=True), "artificialised_net_ha_per_year")
    flow = named(whole, groups)
    ends = ["rank", "vintages", "is_mixed"]
    hectares = [column for column in flow.columns if column.endswith(("_ha", "_ha_per_year"))]
    return flow[[*ZONE, *ends, *hectares, "method"]]


def _transition_table(units: pd.DataFrame, groups: Groups, flow: pd.DataFrame) -> pd.DataFrame:
    """Sum each transition; where years are mixed, only per year."""
    classes = ["cover_before", "use_before", "cover_after", "use_after"]
    rows = units.assign(area_ha_per_year=units["area_ha"] / (units["last_year"] - units["first_year"]))
    rows = groups.members.merge(rows, on="unit")
    keys = ["zone_layer", "zone_code", "rank"]
    hectares = ["area_ha", "area_ha_per_year"]
    table = rows.groupby([*keys, *classes], as_index=False, dropna=False)[hectares].sum()
    known = flow[flow["artificialised_net_ha_per_year"].notna()]
    table = known[[*ZONE, "rank", "vintages", "is_mixed"]].merge(table, on=keys)
    table["area_ha"] = table["area_ha"].mask(table["is_mixed"])
    # Land that stayed what it was has no pace.
    stayed = (table["cover_before"] == table["cover_after"]) & (table["use_before"] == table["use_after"])
    table["area_ha_per_year"] = table["area_ha_per_year"].mask(stayed)
    return table[[*ZONE, "rank", "vintages", "is_mixed", *classes, *hectares]]


def _told(units: pd.DataFrame, groups: Groups, columns: list[str]) -> pd.DataFrame:
    """Join the years and methods of the units of each zone."""
    rows = groups.members.merge(
        units.reset_index()[["unit", "rank", *columns]].astype(dict.fromkeys(columns, "str")), on="unit"
    )
    return rows.groupby(["zone_layer", "zone_code", "rank"], as_index=False)[columns].agg(joined)
