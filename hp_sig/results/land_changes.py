"""What changed in the land of one département from one vintage to the next, and do states and difference agree?"""

import math
from collections.abc import Iterator
from itertools import pairwise

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import LandLayers
from hp_sig.errors import some
from hp_sig.indicators.flow import (
    MAX_GAP_HA,
    compare_flows,
    difference_direction,
    flow_from_difference,
    flow_from_transitions,
)
from hp_sig.indicators.stock import Method, is_artificialised
from hp_sig.indicators.transition import transition_table

__all__ = ["changes_between", "states_of"]

CLASSES = ["cover_code", "use_code"]
ENDS = ("before", "after")


def states_of(land: LandLayers, departement: str) -> dict[tuple[int, ...], gpd.GeoDataFrame]:
    """Give the states of a département by their year, in order: the official one where there is one."""
    official = land.of_kind("artificialisation", departement)
    return dict(sorted({**land.of_kind("cover", departement), **official}.items()))


def changes_between(
    land: LandLayers, departement: str, zones: gpd.GeoDataFrame, warnings: list[str]
) -> Iterator[tuple[int, pd.DataFrame, pd.DataFrame | None]]:
    """Give, for each pair of vintages of a département: its rank, the flows by zone, the transitions by zone.

    Parameters
    ----------
    land
        Land layers of the territory.
    departement
        Its code.
    zones
        Pieces of land of this département.
    warnings
        Where to say that a difference and the two states do not agree; added to.
    """
    differences = {
        **land.of_kind("cover_difference", departement),
        **land.of_kind("artificialisation_difference", departement),
    }
    states = states_of(land, departement)
    years = sorted({year for key in (*states, *differences) for year in key})
    for rank, (first, last) in enumerate(pairwise(years), start=1):
        difference = differences.pop((first, last), None)
        if (first,) in states and (last,) in states:
            pair, method = _same_kind(land, departement, (first, last))
            flow, transition = _from_states(pair, method, zones, (first, last))
            if difference is not None:
                warnings += _disagreements(flow, difference, pair, zones, f"{departement} {first}-{last}")
            yield rank, flow, transition
        elif difference is not None:
            yield rank, flow_from_difference(difference, zones, years=(first, last)), None
    for first, last in differences:
        warnings.append(f"the difference {departement} {first}-{last} spans a vintage that lies between: left aside.")


def _same_kind(
    land: LandLayers, departement: str, years: tuple[int, int]
) -> tuple[tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], Method]:
    """Choose two states that can be compared: both official, or both judged by the matrix."""
    official, covers = land.of_kind("artificialisation", departement), land.of_kind("cover", departement)
    first, last = ((year,) for year in years)
    if first in official and last in official:
        return (official[first], official[last]), "official"
    any_state = states_of(land, departement)
    return (covers.get(first, any_state[first]), covers.get(last, any_state[last])), "matrix"


def _from_states(
    pair: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], method: Method, zones: gpd.GeoDataFrame, years: tuple[int, int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    before, after = (
        state[[*CLASSES, state.geometry.name]].assign(artificialised=is_artificialised(state, method=method))
        for state in pair
    )
    table = transition_table(before, after, zones, by=[*CLASSES, "artificialised"])
    flow = flow_from_transitions(table, zones.index, years=years).assign(method=method)
    names = {f"{name}_{end}": f"{name.removesuffix('_code')}_{end}" for name in CLASSES for end in ENDS}
    rows = table.reset_index().rename(columns=names)
    summed = rows.groupby(["unit", *names.values()], dropna=False)["area_ha"].sum().reset_index()
    return flow, summed.assign(first_year=years[0], last_year=years[1])


def _disagreements(
    flow: pd.DataFrame,
    difference: gpd.GeoDataFrame,
    pair: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    zones: gpd.GeoDataFrame,
    name: str,
) -> list[str]:
    """Say where a difference and the two states do not tell the same."""
    direction, forward, _ = difference_direction(difference, *pair)
    if direction == "backward":
        return [f"the difference {name} runs backward: its states before and after are exchanged. It was left aside."]
    told = []
    if direction == "neither" and not math.isnan(forward):
        told.append(
            f"the difference {name} agrees with both states on {forward:.0%} of its changed area only: are they of the "
            "same edition?"
        )
    years = (int(flow["first_year"].iloc[0]), int(flow["last_year"].iloc[0]))
    gaps = compare_flows(flow, flow_from_difference(difference, zones, years=years))
    reported = gaps[gaps["is_reported"] & zones["is_commune"]]
    if len(reported):
        worst = reported["gap_ha"].abs().max()
        told.append(
            f"net artificialisation {name}: states and difference differ by more than {MAX_GAP_HA} ha in "
            f"{len(reported)} communes ({some(reported.index)}), by {worst:.2f} ha at most. The figures are those of "
            "the states."
        )
    return told
