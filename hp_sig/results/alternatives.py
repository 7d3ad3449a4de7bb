"""Which of several sites or footprints takes less, and what does each leave?"""

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.indicators.screening import OUTSIDE
from hp_sig.reference.labels import wording
from hp_sig.results.screening import screen_projects
from hp_sig.results.screening_distances import park_layer

if TYPE_CHECKING:
    from hp_sig.results import Results

__all__ = ["compare_projects"]


def compare_projects(
    projects: gpd.GeoDataFrame,
    layers: Layers,
    *,
    results: "Results | None" = None,
    catchments: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put alternatives side by side: one column a project, one row a figure whose name ends with its unit.

    Parameters
    ----------
    projects, layers, results
        As for :func:`screen_projects`.
    catchments
        `hub_id` (the project's code), `mode`, `minutes`, `population`, `jobs`: people within reach.

    Returns
    -------
    pandas.DataFrame
        Index `indicator`; columns the projects' codes; NaN where unknown. `attrs["names"]` tells the projects' names,
        `attrs["zones"]` the commune, EPCI and SCoT (`commune`, `epci`, `scot`) whose allowance is told of each: the one
        that it takes most of, where its footprint lies in several. `attrs["notes"]` as in :class:`Screening`;
        `attrs["caveat"]` says in French that a take is potential.

    Raises
    ------
    ValueError
        As :func:`screen_projects`, and without any project.
    """
    if projects.empty:
        message = "projects: at least one expected to compare, found none. Draw or choose one."
        raise ValueError(message)
    screening = screen_projects(projects, layers, results=results)
    land = screening.land.set_index("project_id")
    distances = screening.distances.set_index("project_id")
    figures = land[["footprint_ha", "take_ha", "enaf_ha", "artificialised_ha", "sealed_ha"]].copy()
    figures = figures.join(_class_shares(screening.overlaps, "zoning", figures.index))
    outside = _class_shares(screening.overlaps, park_layer(layers), figures.index)
    figures["park_share"] = 1.0 - outside[f"{park_layer(layers)}_{OUTSIDE}_share"]
    figures = figures.join(distances[["park_m", "station_m", "envelope_m"]])
    zones: dict[str, dict[str, str]] = {str(code): {} for code in figures.index}
    told = ["take_ha", "remaining_before_ha", "remaining_after_ha", "draw_share"]
    for level in ("commune", "epci", "scot"):
        rows = screening.allowances
        rows = rows[rows["zone_layer"].str.startswith("communes" if level == "commune" else level)]
        rows = rows.sort_values("take_in_zone_ha", ascending=False, kind="stable").drop_duplicates("project_id")
        rows = rows.set_index("project_id").rename(columns={"take_in_zone_ha": "take_ha"})
        figures = figures.join(rows[told].add_prefix(f"{level}_"))
        for code, name in rows["zone_name"].items():
            zones[str(code)][level] = str(name)
    if catchments is not None:
        figures = figures.join(_people(catchments))
    table = figures.astype("float64").T.rename_axis(index="indicator", columns="project_id")
    table.attrs = {"names": land["project_name"].to_dict(), "zones": zones, "notes": screening.notes}
    table.attrs["caveat"] = wording("screening", "potential")
    return table


def _class_shares(overlaps: pd.DataFrame, layer: str, projects: pd.Index) -> pd.DataFrame:
    """Give the share of each footprint in each class of a layer, and in none; NaN where the layer tells nothing."""
    rows = overlaps[(overlaps["other_layer"] == layer) & (overlaps["relation"] == "overlap")]
    shares = rows.pivot_table(index="project_id", columns="other_code", values="share_of_project")
    expected = ["U", "AU", "A", "N"] if layer == "zoning" else []
    names = [*expected, *(name for name in shares.columns if name not in {*expected, OUTSIDE}), OUTSIDE]
    # A footprint that has a row of the layer has 0 of the classes that it has no row of.
    shares = shares.reindex(columns=names).fillna(0.0).reindex(projects)
    if layer == "zoning":
        # Without any document its zones are unknown, not none.
        inside = [name for name in names if name != OUTSIDE]
        shares[inside] = shares[inside].where(shares[inside].sum(axis="columns") > 0)
    return shares.set_axis([f"{layer}_{name}_share" for name in names], axis="columns")


def _people(catchments: pd.DataFrame) -> pd.DataFrame:
    """Give the people and the jobs within reach, a column a mode and time that somebody was looked for in."""
    told = catchments.set_index("hub_id")
    columns = {
        f"{what}_{mode}_{minutes}": rows[what]
        for what in ("population", "jobs")
        for (mode, minutes), rows in told.groupby(["mode", "minutes"], sort=False)
    }
    return pd.DataFrame(columns).rename_axis("project_id")
