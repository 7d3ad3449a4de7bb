"""What would each project take, from which allowance, and what does it lie in and near?

Decree 2023-1096 does not qualify single projects (art. R. 101-1 II du code de l'urbanisme: its nomenclature is for
planning documents), and ENAF is consumed when its use effectively changes (loi 2021-1104, art. 194 III 5°): what is
told here is a *potential* take. A project without a place of its own never gets one, nor an area.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93, require_lambert93
from hp_sig.errors import some
from hp_sig.indicators.polygons import require_polygons
from hp_sig.indicators.screening import OUTSIDE
from hp_sig.layers.projects import SCALES, at_stations
from hp_sig.results.screening_distances import distance_table
from hp_sig.results.screening_draw import allowance_table, law_in_force
from hp_sig.results.screening_land import at_scale, commune_parts, commune_pieces, cut_land, land_table
from hp_sig.results.screening_overlaps import overlap_rows

if TYPE_CHECKING:
    from hp_sig.results import Results

__all__ = ["NOTES", "RELATIONS", "Screening", "screen_projects"]

#: How a project is related to a zone or class: its footprint covers some; its site stands in it; its list names it;
#: or the commune that its list names is a member of it.
RELATIONS = ("overlap", "at_point", "named", "member")
#: What the reader of a screening must be told, always the first; the others where they happen: some take is an upper
#: bound, some is unknown, there is no allowance, a zone has communes out of the territory, a project lies (in part)
#: out of it, or a layer counts some of its land twice.
NOTES = (
    "potential",
    "upper_bound",
    "unknown_take",
    "no_allowance",
    "partial_zone",
    "outside_territory",
    "double_count",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What projects would take and lie in. A project is told by `project_id`, `project_name`, `scale`.

    Parameters
    ----------
    allowances
        One row a project and zone that has an allowance (its communes, their latest EPCI and SCoT; the territory for
        a project of its scale): `footprint_ha`, `zone_layer`, `zone_code`, `zone_name`, `is_partial`,
        `area_in_zone_ha`, `covered_in_zone_ha` (by land cover), `enaf_in_zone_ha` (of the covered part),
        `take_in_zone_ha` (potential), `allowance_ha`, `consumed_ha`, `remaining_before_ha`, `remaining_after_ha`,
        `draw_share`, `take_method`, `vintages` of the land cover, `caveat` (that the take is potential, in French). An
        EPCI or a SCoT is drawn on by the communes that it sums; a SCoT that is a perimeter, by those inside it.
    overlaps
        One row a project and what it lies in: `other_layer` (`communes`, a layer of zones, `territory`, `zoning`,
        `cover`, `use`), `other_code` (`outside`: in nothing of that layer), `other_name`, `relation`
        (:data:`RELATIONS`), `overlap_ha`, `share_of_project`, `double_ha` (by how much the rows of this project and
        layer exceed its area, where zones overlap). NaN without a footprint.
    distances
        One row a project: `station_uic`, `station_name`, `station_m` (passengers served), `envelope_m`, `park_name`,
        `park_m`: from the edge of the footprint or from the site, 0 inside, NaN where unknown. The built-up envelope is
        that of artificialised land, transport apart; beyond 16 km, no distance is told.
    land
        One row a project, for the whole footprint: `footprint_ha`, `covered_ha`, `artificialised_ha`, `sealed_ha`,
        `enaf_ha`, `take_ha`, `take_method`, `vintages`, `caveat`.
    notes
        Words of :data:`NOTES`.
    """

    allowances: pd.DataFrame
    overlaps: pd.DataFrame
    distances: pd.DataFrame
    land: pd.DataFrame
    notes: tuple[str, ...]


def screen_projects(projects: gpd.GeoDataFrame, layers: Layers, *, results: "Results | None" = None) -> Screening:
    """Screen projects for the land that they would take, in hectares, and their draw on allowances.

    Parameters
    ----------
    projects
        As :func:`hp_sig.layers.projects.read_projects` gives them: the territory's own, or footprints that somebody
        drew. A site that names a known station stands at the station.
    layers
        From :func:`hp_sig.assembly.load_layers`.
    results
        Of the same layers, whose trajectory is taken; by default it is computed.

    Raises
    ------
    ValueError
        If a column is absent, a scale is unknown, a code comes twice, a site is no point, or a footprint is no valid
        polygon in EPSG:2154.
    """
    located = _located(projects, layers)
    pieces = commune_pieces(at_scale(located, "footprint"), layers)
    cut = cut_land(pieces, layers)
    parts = commune_parts(located, pieces, cut, layers)
    allowances = allowance_table(located, parts, layers, law_in_force(layers, results))
    overlaps = overlap_rows(located, cut, layers)
    land = land_table(located, parts)
    return Screening(
        allowances=allowances,
        overlaps=overlaps,
        distances=distance_table(located, parts, layers),
        land=land,
        notes=_notes(allowances, overlaps, land),
    )


def _located(projects: gpd.GeoDataFrame, layers: Layers) -> gpd.GeoDataFrame:
    """Check projects, and stand each site that names a known station at the station, as the maps do."""
    absent = [column for column in ("name", "scale") if column not in projects.columns]
    if absent:
        message = (
            f"projects: columns {absent!r} expected, found {list(projects.columns)!r}. Read them: read_projects()."
        )
        raise ValueError(message)
    require_lambert93(projects, "projects")
    faults = []
    if not projects.index.is_unique:
        faults.append(f"unique codes expected, found {some(projects.index[projects.index.duplicated()])} twice.")
    scale = projects["scale"].astype("str")
    if not scale.isin(SCALES).all():
        faults.append(f"a scale among {', '.join(SCALES)} expected, found {some(scale[~scale.isin(SCALES)].unique())}.")
    kinds = projects.geometry.geom_type
    nowhere = projects.index[(scale == "site") & ~((kinds == "Point") & ~projects.geometry.is_empty)]
    if len(nowhere):
        faults.append(f"a point for each site expected, found none for {some(nowhere)}.")
    if faults:
        message = f"projects: {' '.join(faults)} Read them with read_projects()."
        raise ValueError(message)
    columns = ["name", "scale", "commune_code", "epci_siren", "station_uic"]
    index = pd.Index(projects.index.astype("str"), name="project_id")
    told = {name: projects[name].astype("str").to_numpy() if name in projects else np.nan for name in columns}
    located = gpd.GeoDataFrame(told, geometry=projects.geometry.to_numpy(), index=index, crs=LAMBERT93)
    located = located.astype(dict.fromkeys(columns, "str"))
    require_polygons(located[located["scale"] == "footprint"], "projects (footprints)")
    return located.set_geometry(at_stations(located, layers.stations))


def _notes(allowances: pd.DataFrame, overlaps: pd.DataFrame, land: pd.DataFrame) -> tuple[str, ...]:
    of_communes = overlaps[(overlaps["other_layer"] == "communes") & (overlaps["other_code"] == OUTSIDE)]
    told = {
        "potential": True,
        "upper_bound": land["take_method"].str.contains("footprint_upper_bound").any(),
        "unknown_take": (land["take_method"] == "unknown").any(),
        "no_allowance": allowances["allowance_ha"].isna().any(),
        "partial_zone": allowances["is_partial"].fillna(value=False).any(),
        "outside_territory": len(of_communes) > 0,
        "double_count": (overlaps["double_ha"] > 0).any(),
    }
    return tuple(note for note in NOTES if told[note])
