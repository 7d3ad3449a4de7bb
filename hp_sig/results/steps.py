"""Which tables can be made from the layers that are there, and why not the others?"""

from collections.abc import Collection
from itertools import pairwise

from hp_sig.territory import LandCoverSource, Territory

__all__ = ["BASE_TABLES", "LAND_TABLES", "computed_steps", "planned_tables", "skipped_tables"]

#: Tables that need only boundaries, zones and populations.
BASE_TABLES = ("overlaps", "communes", "zones", "membership_changes", "scot_coverage")
#: Tables that need land cover, flows or planning zones.
LAND_TABLES = (
    *("land_stock", "land_classes", "land_flow", "land_transition", "land_shape", "land_zoning"),
    *("land_survey", "enaf_consumption", "enaf_ratios", "trajectory", "triennial"),
)

NO_STATE = "no land cover (a [[land_cover]] of kind cover or artificialisation)"
NO_ENAF = "no ENAF flows ([enaf])"


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
    return (*BASE_TABLES, *(name for name in LAND_TABLES if name not in skipped))


def skipped_tables(territory: Territory, present: Collection[str]) -> dict[str, str]:
    """Say which tables a refresh cannot make, and why.

    Parameters
    ----------
    territory, present
        As in :func:`planned_tables`.
    """
    sources = [source for source in territory.land_cover if source.layer_name in present]
    states = [source for source in sources if not source.kind.endswith("difference")]
    differences = [source for source in sources if source.kind.endswith("difference")]
    pairs = _pairs(states)
    zoning = any(source.layer_name in present for source in territory.zoning)
    enaf = "enaf" in present
    needs = {
        "land_stock": (bool(states), NO_STATE),
        "land_classes": (bool(states), NO_STATE),
        "land_flow": (
            bool(pairs or differences),
            "no two vintages of one département, and no difference (kind cover_difference)",
        ),
        "land_transition": (bool(pairs), "no two vintages of one département"),
        "land_shape": (bool(states), NO_STATE),
        "land_survey": (
            any(source.layer_name in present for source in territory.land_survey),
            "no other survey of land ([[land_survey]]: CORINE Land Cover, MOS)",
        ),
        "land_zoning": (bool(states) and zoning, "no planning zones ([[zoning]])" if states else NO_STATE),
        "enaf_consumption": (enaf, NO_ENAF),
        "enaf_ratios": (enaf, NO_ENAF),
        "trajectory": (enaf, NO_ENAF),
        "triennial": (enaf or bool(states), f"{NO_ENAF} and {NO_STATE}"),
    }
    return {name: reason for name, (can_be_made, reason) in needs.items() if not can_be_made}


def computed_steps(skipped: Collection[str]) -> tuple[str, ...]:
    """Name the families of tables of land that a refresh computes, for its progress."""
    needs = {
        "land_stock": {"land_stock", "land_flow"},
        "land_shape": {"land_shape"},
        "land_zoning": {"land_zoning"},
        "land_survey": {"land_survey"},
        "enaf_consumption": {"enaf_consumption"},
        "triennial": {"triennial"},
    }
    return tuple(name for name, tables in needs.items() if tables - set(skipped))


def _pairs(states: list[LandCoverSource]) -> list[tuple[LandCoverSource, LandCoverSource]]:
    """Pair each state with the next one of its kind and département."""
    order = sorted(states, key=lambda source: (source.kind, source.departement, source.years))
    return [
        (before, after)
        for before, after in pairwise(order)
        if (before.kind, before.departement) == (after.kind, after.departement)
    ]
