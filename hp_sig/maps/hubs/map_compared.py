"""Which figures of alternatives stand side by side, what are they worth, and which are not known?"""

import math
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.maps.hubs.figures import about, percent
from hp_sig.maps.hubs.map_panels import MINUS, hectares
from hp_sig.maps.hubs.sheet_place import told_distance
from hp_sig.maps.panels import Grid, GridRow, Panel
from hp_sig.reference.labels import column_format, format_number, in_unit, wording
from hp_sig.results.catchments import figures_of

__all__ = ["comparison_panels", "located"]

LEVELS = ("commune", "epci", "scot")
PEOPLE = ("population", "jobs")
#: What is said not to be known, and the start of the rows that tell it.
SUBJECTS = {
    "footprint": ("footprint_ha",),
    "cover": ("enaf_ha", "artificialised_ha", "sealed_ha"),
    "zoning": ("zoning_",),
    "park": ("park_",),
    "station": ("station_m",),
    "envelope": ("envelope_m",),
    **{level: (f"{level}_remaining_before_ha",) for level in LEVELS},
}
#: A footprint of which more than this share is out of the commune that holds most of it lies in several.
SPREAD_SHARE = 0.005


def located(projects: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the projects that have a place."""
    return projects[projects.geometry.notna() & ~projects.geometry.is_empty]


def comparison_panels(
    comparison: pd.DataFrame, projects: gpd.GeoDataFrame, layers: Layers, letters: Mapping[str, str]
) -> list[Panel]:
    """Tell which letter is which alternative, their figures side by side, and what these are worth.

    Parameters
    ----------
    comparison
        From :func:`hp_sig.compare_projects`.
    projects
        `name` and geometry (EPSG:2154) of each alternative.
    layers
        From :func:`hp_sig.assembly.load_layers`.
    letters
        Code of each alternative → its letter, in the order of the columns.
    """
    codes = list(letters)
    names = dict(zip(codes, map(str, projects["name"]), strict=True))
    nowhere = [names[code] for code in codes if code not in located(projects).index]
    # What is known of none is told under the table; the zones in which none of them lies are left out.
    nothing = comparison.isna() | (comparison == 0) & comparison.index.str.startswith("zoning_")[:, None]
    told = comparison[~nothing.all(axis="columns")]
    main = "_main" if _is_spread(projects, layers) else ""
    rows = [
        GridRow(label=_label(str(key), main), cells=[_cell(str(key), float(told.loc[key, code])) for code in codes])
        for key in told.index
    ]
    sentences = [wording("hub_map", "nowhere", names=", ".join(nowhere))] if nowhere else []
    several = len(codes) > 1
    return [
        Panel(
            heading=wording("hub_map", "variants" if several else "variant"),
            rows=[(letters[code], names[code]) for code in codes],
            sentences=sentences,
        ),
        Panel(
            heading=wording("hub_map", "figures" if several else "figure"),
            grid=Grid(corner=wording("hub_map", "indicator"), columns=list(letters.values()), rows=rows),
            rows=_zones(comparison, letters, main),
            sentences=[*_people(told, layers), *_unknown(comparison, layers), *_caveats(comparison)],
        ),
    ]


def _is_spread(projects: gpd.GeoDataFrame, layers: Layers) -> bool:
    """Tell whether a footprint lies in several communes, of which only one's allowance is compared."""
    for shape in located(projects).geometry:
        inside = layers.communes.geometry.intersection(shape).area
        if shape.area > 0 and inside.sum() - inside.max() > SPREAD_SHARE * shape.area:
            return True
    return False


def _people(told: pd.DataFrame, layers: Layers) -> list[str]:
    """Say that people are estimated, and of which years they are."""
    if not told.index.str.startswith(tuple(f"{what}_" for what in PEOPLE)).any():
        return []
    _, dated = figures_of(layers)
    known = {what: dated[f"{what}_year"] for what in ("population", "census") if pd.notna(dated[f"{what}_year"])}
    years = ", ".join(wording("hub_map", f"year_{what}", year=int(year)) for what, year in known.items())
    return [wording("hub_map", "people", years=wording("hub_map", "people_years", told=years) if years else "")]


def _unknown(comparison: pd.DataFrame, layers: Layers) -> list[str]:
    """Say in one line what is known of no alternative, and what it needs that is not there."""
    known = comparison.notna().any(axis="columns")
    found = []
    for subject, starts in SUBJECTS.items():
        rows = known[known.index.str.startswith(starts)]
        if len(rows) and not rows.all():
            found.append(subject)
    found += [what for what in PEOPLE if not known[known.index.str.startswith(f"{what}_")].any()]
    if not found:
        return []
    has_people = layers.mobility.roads is not None and layers.population is not None
    has_footprint = known[known.index == "footprint_ha"].any()
    # What is there and still tells nothing is not what is missing.
    here = {
        *(LEVELS if layers.land.enaf is not None else ()),
        *(PEOPLE[:1] if has_people else ()),
        *(("cover", "zoning") if has_footprint else ()),
    }
    each = [
        wording(
            "hub_map",
            "unknown_one",
            what=wording("hub_map", f"unknown_{subject}"),
            need=wording("hub_map", f"need_{subject}{'_here' if subject in here else ''}"),
        )
        for subject in found
    ]
    return [wording("hub_map", "unknown", told="\u00a0; ".join(each))]


def _caveats(comparison: pd.DataFrame) -> list[str]:
    """Say that a take is potential, and where it is at most what is told."""
    is_bound = "upper_bound" in comparison.attrs.get("notes", ())
    bound = [wording("hub_map", "upper_bound")] if is_bound else []
    return [*bound, wording("screening", "potential")]


def _zones(comparison: pd.DataFrame, letters: Mapping[str, str], main: str) -> list[tuple[str, str]]:
    """Name the commune, EPCI and SCoT whose allowance is told: once where all alternatives share it."""
    zones: Mapping[str, Mapping[str, str]] = comparison.attrs.get("zones", {})
    rows = []
    for level in LEVELS:
        named = {code: zones[code][level] for code in letters if level in zones.get(code, {})}
        if not named:
            continue
        shared = len(set(named.values())) == 1 and len(named) == len(letters)
        each = [f"{letters[code]}\u00a0: {name}" for code, name in named.items()]
        rows.append(
            (
                wording("hub_map", f"zone_{level}{main if level == 'commune' else ''}"),
                next(iter(named.values())) if shared else ", ".join(each),
            )
        )
    return rows


def _label(key: str, main: str = "") -> str:
    """Tell a row of the comparison; `main` ends the wording of a commune that is not the only one.

    >>> _label("station_m"), _label("population_walk_15").replace("\u00a0", " ")
    ('Distance à la gare la plus proche', 'Habitants à 15 min à pied')
    """
    level, _, rest = key.partition("_")
    if level in LEVELS:
        name = f"level_{level}{main if level == 'commune' else ''}"
        return wording("hub_map", f"level_{rest}", level=wording("hub_map", name))
    if level in PEOPLE:
        mode, _, minutes = rest.partition("_")
        return wording("hub_map", f"people_{level}", minutes=minutes, mode=wording("hub_sheet", f"mode_{mode}"))
    if level == "zoning":
        zone = rest.removesuffix("_share")
        if zone.startswith("CC_"):
            return wording("hub_map", "zoning_map_share", zone=wording("zone_kind", zone))
        return wording("hub_map", "zoning_outside_share" if zone == "outside" else "zoning_share", zone=zone)
    try:
        return wording("hub_map", key)
    except KeyError:
        return str(column_format(key)["label"])


def _cell(key: str, value: float) -> str:
    if not math.isfinite(value):
        return format_number(value)
    if key.endswith("_ha"):
        return hectares(value)
    if key.endswith("_m"):
        return told_distance(value)
    if key.endswith("_share"):
        return percent(value)
    if key.partition("_")[0] in PEOPLE:
        return about(value)
    form = column_format(key)
    return format_number(in_unit(value, str(form["unit"])), int(form["decimals"])).replace("-", MINUS)
