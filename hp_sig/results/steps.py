"""Which tables can be made from the layers that are there, and why not the others?"""

from collections.abc import Collection
from itertools import pairwise

from hp_sig.errors import some
from hp_sig.territory import LandCoverSource, LayerSource, Territory

__all__ = [
    "ALL_TABLES",
    "BASE_TABLES",
    "HUB_TABLES",
    "LAND_TABLES",
    "PROJECT_TABLES",
    "computed_steps",
    "planned_tables",
    "skipped_tables",
    "sources_of",
]

#: Tables that need only boundaries, zones and populations.
BASE_TABLES = ("overlaps", "communes", "zones", "membership_changes", "scot_coverage")
#: Tables that need land cover, flows or planning zones.
LAND_TABLES = (
    *("land_stock", "land_classes", "land_flow", "land_transition", "land_shape", "land_zoning"),
    *("land_survey", "enaf_consumption", "enaf_ratios", "trajectory", "triennial"),
)
#: Tables of the service areas of hubs.
HUB_TABLES = ("catchments", "catchment_places", "catchment_land", "catchment_overlaps")
#: Tables of what projects would take, and where they stand.
PROJECT_TABLES = ("project_screening", "project_overlaps", "project_distances", "hub_stations")
#: Every table that a refresh may make.
ALL_TABLES = (*BASE_TABLES, *LAND_TABLES, *PROJECT_TABLES, "ridership", *HUB_TABLES)
#: What is computed together, by the table that names it.
FAMILIES = {
    "land_stock": ("land_stock", "land_classes", "land_flow", "land_transition"),
    "land_shape": ("land_shape",),
    "land_zoning": ("land_zoning",),
    "land_survey": ("land_survey",),
    "enaf_consumption": ("enaf_consumption", "enaf_ratios", "trajectory"),
    "triennial": ("triennial",),
    "project_screening": (*PROJECT_TABLES, "ridership"),
    "catchments": HUB_TABLES,
}
#: Family → those that it is made from.
MADE_FROM = {
    "land_shape": ("land_stock",),
    "triennial": ("land_stock", "enaf_consumption"),
    "project_screening": ("enaf_consumption",),
}
NOT_ASKED = "not asked for"

NO_STATE = "no land cover (a [[land_cover]] of kind cover or artificialisation)"
NO_PAIR = "no two vintages of one département"
NO_FLOW = f"{NO_PAIR}, and no difference (kind cover_difference or artificialisation_difference)"
NO_ENAF = "no ENAF flows ([enaf])"
NO_ZONING = "no planning zones ([[zoning]])"
NO_ROADS = "no road network ([roads])"
NO_PROJECTS = "no projects ([projects])"
NO_RIDERSHIP = "no ridership of stations ([ridership])"
NO_SURVEY = "no other survey of land ([[land_survey]]: CORINE Land Cover, MOS)"


def planned_tables(territory: Territory, present: Collection[str]) -> tuple[str, ...]:
    """Name the tables that a refresh makes.

    Parameters
    ----------
    territory
        From :func:`hp_sig.territory.load_territory`.
    present
        Names of the layers whose file is there.
    """
    skipped = skipped_tables(territory, present)
    return tuple(name for name in ALL_TABLES if name not in skipped)


def skipped_tables(
    territory: Territory, present: Collection[str], families: Collection[str] | None = None
) -> dict[str, str]:
    """Say which tables a refresh cannot make, and why.

    Parameters
    ----------
    territory, present
        As in :func:`planned_tables`.
    families
        Families of tables that are asked for, with those that they are made from; all of them by default.

    Raises
    ------
    ValueError
        If a family is not known.
    """
    named = [source.layer_name for source in territory.land_cover]
    state_names = [source.layer_name for source in territory.land_cover if not source.kind.endswith("difference")]
    zoning_names = [source.layer_name for source in territory.zoning]
    survey_names = [source.layer_name for source in territory.land_survey]
    enaf_names = ["enaf"] if territory.enaf is not None else []
    sources = [source for source in territory.land_cover if source.layer_name in present]
    states = [source for source in sources if not source.kind.endswith("difference")]
    pairs = _pairs(states)
    zoning, enaf = not set(zoning_names).isdisjoint(present), "enaf" in present
    no_zoning = (NO_ZONING, zoning_names) if states else (NO_STATE, state_names)
    # Whether the table can be made, why not, and the layers of the territory that would do.
    needs: dict[str, tuple[bool, str, list[str]]] = {
        "land_stock": (bool(states), NO_STATE, state_names),
        "land_classes": (bool(states), NO_STATE, state_names),
        "land_flow": (bool(pairs or len(sources) > len(states)), NO_FLOW, named),
        "land_transition": (bool(pairs), NO_PAIR, state_names),
        "land_shape": (bool(states), NO_STATE, state_names),
        "land_zoning": (bool(states) and zoning, *no_zoning),
        "land_survey": (not set(survey_names).isdisjoint(present), NO_SURVEY, survey_names),
        "enaf_consumption": (enaf, NO_ENAF, enaf_names),
        "enaf_ratios": (enaf, NO_ENAF, enaf_names),
        "trajectory": (enaf, NO_ENAF, enaf_names),
        "triennial": (enaf or bool(states), f"{NO_ENAF} and {NO_STATE}", [*enaf_names, *state_names]),
        **_mobility_needs(territory, present),
    }
    skipped = {
        name: reason + _absent(names, present)
        for name, (can_be_made, reason, names) in needs.items()
        if not can_be_made
    }
    if families is None:
        return skipped
    unknown = sorted(set(families) - set(FAMILIES))
    if unknown:
        message = f"families: some of {', '.join(FAMILIES)} expected, found {some(unknown)}."
        raise ValueError(message)
    wanted = {*families, *(other for name in families for other in MADE_FROM.get(name, ()))}
    asked = {table for name in wanted for table in FAMILIES[name]}
    return skipped | {name: NOT_ASKED for name in needs if name not in asked and name not in skipped}


def _mobility_needs(territory: Territory, present: Collection[str]) -> dict[str, tuple[bool, str, list[str]]]:
    named = {
        name: [name] if getattr(territory, name) is not None else [] for name in ("projects", "roads", "ridership")
    }
    projects, roads, ridership = (name in present for name in named)
    reached = (NO_ROADS, named["roads"]) if projects else (NO_PROJECTS, named["projects"])
    passengers = (NO_RIDERSHIP, named["ridership"]) if projects else (NO_PROJECTS, named["projects"])
    return {
        **dict.fromkeys(PROJECT_TABLES, (projects, NO_PROJECTS, named["projects"])),
        **dict.fromkeys(HUB_TABLES, (projects and roads, *reached)),
        "ridership": (projects and ridership, *passengers),
    }


def _absent(names: Collection[str], present: Collection[str]) -> str:
    absent = [name for name in names if name not in present]
    return f"; no file yet for {some(absent)}" if absent else ""


def sources_of(territory: Territory, present: Collection[str]) -> dict[str, list[LayerSource]]:
    """Say from which layers each table of land is computed, beside the communes and the zones.

    Parameters
    ----------
    territory, present
        As in :func:`planned_tables`.
    """
    cover: list[LayerSource] = [one for one in territory.land_cover if one.layer_name in present]
    zoning: list[LayerSource] = [one for one in territory.zoning if one.layer_name in present]
    survey: list[LayerSource] = [one for one in territory.land_survey if one.layer_name in present]
    enaf: list[LayerSource] = [territory.enaf] if territory.enaf is not None and "enaf" in present else []
    made_from = {name: cover for name in LAND_TABLES if name.startswith("land_")}
    made_from |= {"land_zoning": [*zoning, *cover], "land_survey": survey, "triennial": [*enaf, *cover]}
    given = {name: _source(territory, name, present) for name in ("projects", "roads", "stations", "ridership")}
    given |= {name: _source(territory, name, present) for name in ("population", "census", "buildings")}
    made_from |= {name: [*given["projects"], *given["stations"], *zoning, *cover, *enaf] for name in PROJECT_TABLES}
    # Without a census, households and jobs are those that come with the ENAF flows.
    people = [*given["population"], *(given["census"] or enaf), *given["buildings"]]
    reached = [*given["projects"], *given["stations"], *given["roads"]]
    made_from |= {name: [*reached, *people, *zoning, *cover] for name in HUB_TABLES}
    made_from["ridership"] = [*given["projects"], *given["ridership"]]
    return made_from | dict.fromkeys(("enaf_consumption", "enaf_ratios", "trajectory"), enaf)


def _source(territory: Territory, name: str, present: Collection[str]) -> list[LayerSource]:
    source: LayerSource | None = getattr(territory, name)
    return [source] if source is not None and name in present else []


def computed_steps(skipped: Collection[str]) -> tuple[str, ...]:
    """Name the families of tables that a refresh computes, for its progress."""
    return tuple(name for name, tables in FAMILIES.items() if set(tables) - set(skipped))


def _pairs(states: list[LandCoverSource]) -> list[tuple[LandCoverSource, LandCoverSource]]:
    """Pair each state with the next one of its kind and département."""
    order = sorted(states, key=lambda source: (source.kind, source.departement, source.years))
    return [
        (before, after)
        for before, after in pairwise(order)
        if (before.kind, before.departement) == (after.kind, after.departement)
    ]
