"""What did each planning document allow, and what was consumed of it over its own years?"""

import math
from collections.abc import Iterable

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.indicators.consumption import enaf_consumption
from hp_sig.results.groups import Groups
from hp_sig.territory import Objective

__all__ = ["document_objectives", "objective_in_force"]

#: What a document's objective limits, the one that is told first: consumption is the law's measure until 2031.
ORDER = ("enaf_consumption", "net_artificialisation")


def objective_in_force(objectives: Iterable[Objective], last_year: int | None) -> Objective | None:
    """Choose among the objectives of one zone: consumption first, then the one of the last year known.

    Parameters
    ----------
    objectives
        Of one zone.
    last_year
        Last known flow; None: no flow is known.
    """

    def preference(one: Objective) -> tuple[int, bool, int]:
        year = one.first_year if last_year is None else last_year
        return ORDER.index(one.quantity), not one.first_year <= year <= one.last_year, abs(one.last_year - year)

    return min(objectives, key=preference, default=None)


def document_objectives(
    layers: Layers, groups: Groups, layer: str, zone_of: pd.Series, flow: pd.DataFrame
) -> pd.DataFrame:
    """Hold the objective of each zone's own document against what was consumed, in hectares.

    Consumption is that of the flows, nothing deducted. An objective is of the latest list of EPCI or SCoT only.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    groups
        Its zones.
    layer, zone_of
        A layer, and the zone of each commune in it.
    flow
        Table of the results; empty where it could not be made.

    Returns
    -------
    pandas.DataFrame
        Index `zone_code`, the zones that have an objective; the columns that
        :func:`hp_sig.indicators.triennial.triennial_report` takes.
    """
    if layer in layers.zones and layers.latest(layers.zones[layer].config.id) is not layers.zones[layer]:
        return pd.DataFrame(index=pd.Index([], name="zone_code", dtype="str"))
    flows = layers.land.enaf
    last = None if flows is None else int(flows["year"].max())
    rows = {}
    for code in sorted(zone_of.unique()):
        held = objective_in_force((one for one in layers.territory.objectives if one.zone == code), last)
        if held is None:
            continue
        if bool(groups.names.loc[(layer, code), "is_partial"]):
            measured: dict[str, object] = {"reason": "document_zone"}
        elif held.quantity == "enaf_consumption":
            measured = _consumed(held, flows, zone_of[zone_of == code])
        else:
            measured = _artificialised(held, flow, layer, code)
        rows[code] = {
            "kind": "document",
            "document": held.document,
            "quantity": held.quantity,
            "first_year": held.first_year,
            "last_year": held.last_year,
            "objective_ha": held.area_ha,
            **_paced(held, measured),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("zone_code")


def _consumed(held: Objective, flows: pd.DataFrame | None, zone_of: pd.Series) -> dict[str, object]:
    """Sum the flows of the document's years that have elapsed; one that is missing leaves the sum unknown."""
    if flows is None:
        return {"reason": "no_flows"}
    known = {int(year) for year in flows["year"].unique()}
    if held.first_year > max(known):
        return {"reason": "document_not_begun"}
    last = min(held.last_year, max(known))
    if not known.issuperset(range(held.first_year, last + 1)):
        return {"reason": "document_years"}
    table = enaf_consumption(flows, first_year=held.first_year, last_year=last, zone_of=zone_of)
    consumed = float(table["enaf_consumption_ha"].sum(min_count=1))
    if math.isnan(consumed):
        return {"reason": "no_flows"}
    return {"consumed_ha": consumed, "years_elapsed": last - held.first_year + 1}


def _artificialised(held: Objective, flow: pd.DataFrame, layer: str, code: str) -> dict[str, object]:
    """Add the balances of the vintages that follow one another from the document's first year on.

    The vintage of a year is the state on 1 January: 2021-2024 holds the flows of 2021 to 2023.
    """
    if flow.empty:
        return {"reason": "no_land_cover"}
    rows = flow[(flow["zone_layer"] == layer) & (flow["zone_code"] == code)].sort_values("rank")
    spans = rows["vintages"].dropna().astype("str")
    if spans.str.contains("+", regex=False).any():
        return {"reason": "mixed_vintages"}
    balance, year = 0.0, held.first_year
    for span, net in zip(spans, rows.loc[spans.index, "artificialised_net_ha"], strict=True):
        before, after = (int(end) for end in span.split("-"))
        if before == year and after <= held.last_year + 1:
            balance, year = balance + float(net), after
    if year == held.first_year or math.isnan(balance):
        return {"reason": "document_vintages"}
    return {"consumed_ha": balance, "years_elapsed": year - held.first_year}


def _paced(held: Objective, measured: dict[str, object]) -> dict[str, object]:
    """Add the pace so far, and what it leads to at the end of the document's years."""
    consumed, elapsed = measured.get("consumed_ha"), measured.get("years_elapsed")
    if not isinstance(consumed, float) or not isinstance(elapsed, int):
        return {"consumed_ha": float("nan"), **measured}
    pace = consumed / elapsed
    return {**measured, "pace_ha_per_year": pace, "projection_ha": pace * (held.last_year - held.first_year + 1)}
