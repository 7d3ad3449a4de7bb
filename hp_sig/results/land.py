"""Which tables of land does a refresh make, and in what order?"""

from collections.abc import Callable, Collection

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.results.consumption import consumption_table, ratio_table, trajectory_table
from hp_sig.results.groups import group_zones
from hp_sig.results.land_cover import land_tables
from hp_sig.results.shape import shape_table
from hp_sig.results.steps import computed_steps
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
    warnings: list[str] = []
    empty = pd.DataFrame()
    for family in computed_steps(skipped):
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
        elif family == "enaf_consumption" and layers.land.enaf is not None:
            context = empty if layers.land.context is None else layers.land.context
            tables["enaf_consumption"] = consumption_table(layers.land.enaf, groups)
            tables["enaf_ratios"] = ratio_table(layers.land.enaf, context, groups)
            tables["trajectory"] = trajectory_table(layers, groups)
        elif family == "triennial":
            made = {name: tables.get(f"land_{name}", empty) for name in ("stock", "flow")}
            tables["triennial"] = triennial_table(layers, groups, **made, trajectory=tables.get("trajectory", empty))
    return {name: table for name, table in tables.items() if name not in skipped}, warnings
