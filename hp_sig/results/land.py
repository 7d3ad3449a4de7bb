"""Which tables of land does a refresh make, and in what order?"""

from collections.abc import Callable, Collection

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.errors import some
from hp_sig.results.consumption import consumption_table, ratio_table, trajectory_table
from hp_sig.results.groups import Groups, group_zones
from hp_sig.results.land_cover import land_tables
from hp_sig.results.shape import shape_table
from hp_sig.results.steps import LAND_TABLES, computed_steps
from hp_sig.results.triennial import triennial_table
from hp_sig.results.zoning import survey_table, zoning_table

__all__ = ["land_results"]


def land_results(
    layers: Layers, overlaps: pd.DataFrame, skipped: Collection[str], step: Callable[[str], None]
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Make every table of land that is not skipped; give them by name, and what the layers disagree on.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    overlaps
        The table of overlaps of the results.
    skipped
        Tables that cannot be made.
    step
        Called before each family of tables with its name.
    """
    groups = group_zones(layers, overlaps)
    tables: dict[str, pd.DataFrame] = {}
    families = [name for name in computed_steps(skipped) if name in LAND_TABLES]
    warnings = _partial(groups, layers) if families else []
    empty = pd.DataFrame()
    for family in families:
        step(family)
        if family == "land_stock":
            land = land_tables(layers.land, groups)
            warnings += land.warnings
            tables |= {"land_stock": land.stock, "land_classes": land.classes}
            tables |= {"land_flow": land.flow, "land_transition": land.transition}
        elif family == "land_shape":
            tables["land_shape"] = shape_table(layers, groups, tables["land_stock"])
        elif family == "land_zoning":
            tables["land_zoning"] = zoning_table(layers, warnings)
        elif family == "land_survey":
            tables["land_survey"] = survey_table(layers, groups)
            warnings += _too_coarse(tables["land_survey"])
        elif family == "enaf_consumption" and layers.land.enaf is not None:
            context = empty if layers.land.context is None else layers.land.context
            tables["enaf_consumption"] = consumption_table(layers.land.enaf, groups)
            tables["enaf_ratios"] = ratio_table(layers.land.enaf, context, groups)
            if tables["enaf_ratios"].empty:
                warnings.append("enaf_ratios: the ENAF file has fewer than two censuses: there is no ratio.")
            tables["trajectory"] = trajectory_table(layers, groups)
        elif family == "triennial":
            made = {name: tables.get(f"land_{name}", empty) for name in ("stock", "flow")}
            tables["triennial"] = triennial_table(layers, groups, **made, trajectory=tables.get("trajectory", empty))
    return {name: table for name, table in tables.items() if name not in skipped}, warnings


def _partial(groups: Groups, layers: Layers) -> list[str]:
    """Say which intercommunalities and SCoT have communes out of the territory."""
    listed = [name for name, layer in layers.zones.items() if layer.members is not None]
    zones = groups.names[groups.names["is_partial"]].reset_index()
    zones = zones[
        zones["zone_layer"].isin([name for name in listed if layers.zones[name].config.id in {"epci", "scot"}])
    ]
    return [
        f"{layer}: communes of {some(rows['zone_name'])} lie out of the territory; the figures of these zones are "
        "those of their communes of the territory alone (is_partial)."
        for layer, rows in zones.groupby("zone_layer", sort=False)
    ]


def _too_coarse(survey: pd.DataFrame) -> list[str]:
    """Say for how many zones a survey is too coarse."""
    return [
        f"{name}: {int(rows['is_below_scale'].sum())} of {len(rows)} zones are too small for this survey "
        "(is_below_scale): do not use what it says of them."
        for name, rows in survey.groupby("survey")
        if rows["is_below_scale"].any()
    ]
