"""Which class of road is each value that a producer delivers, and how fast is each class walked, ridden and driven?

The tables are in `road_network/`, each with its source in the README there.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import pandas as pd

from hp_sig.errors import some

__all__ = ["MODES", "SCHEMAS", "Mode", "road_classes", "road_values", "speeds_of", "streets"]

Mode = Literal["walk", "bike", "car"]
#: On foot, by bike, by car.
MODES: tuple[Mode, ...] = get_args(Mode)
#: Fields that tell the class of a road: of OpenStreetMap as Geofabrik delivers it, of BD TOPO.
SCHEMAS = ("fclass", "nature")


def road_classes() -> tuple[str, ...]:
    """List the classes of roads.

    >>> road_classes()[:2]
    ('motorway', 'trunk')
    """
    return tuple(row["road_class"] for row in _rows("classes"))


def speeds_of(mode: Mode, changes: Mapping[str, float] | None = None) -> dict[str, float]:
    """Give the speed of each class of road for a mode, in km/h; 0 where the mode may not go.

    Parameters
    ----------
    mode
        `walk`, `bike` or `car`.
    changes
        Class → speed, where the caller's own speeds replace those of the table.

    Raises
    ------
    ValueError
        If the mode or a class is not known, or a speed is negative or not finite.

    Examples
    --------
    >>> speeds_of("walk")["residential"], speeds_of("walk", {"residential": 4.0})["residential"]
    (4.8, 4.0)
    """
    if mode not in MODES:
        message = f"mode: one of {', '.join(MODES)} expected, found {mode!r}."
        raise ValueError(message)
    speeds = {row["road_class"]: float(row[f"{mode}_kmh"]) for row in _rows("classes")}
    given = dict(changes or {})
    unknown = sorted(set(given) - set(speeds))
    if unknown:
        message = f"speeds: classes of roads expected ({', '.join(speeds)}), found {some(unknown)}."
        raise ValueError(message)
    wrong = {name: speed for name, speed in given.items() if not 0 <= speed < float("inf")}
    if wrong:
        message = f"speeds: km/h of 0 or more expected, found {some(wrong.values())} for {some(wrong)}."
        raise ValueError(message)
    return {**speeds, **given}


def streets() -> frozenset[str]:
    """Name the classes of streets along which people live.

    >>> sorted(streets())
    ['living_street', 'residential']
    """
    return frozenset(row["road_class"] for row in _rows("classes") if row["is_residential"] == "1")


def road_values(schema: str) -> pd.DataFrame:
    """List the values of a producer's field, with the class of each, the most general first.

    Parameters
    ----------
    schema
        `fclass` or `nature`.

    Returns
    -------
    pandas.DataFrame
        `value`, `importance`, `is_urban` (text, empty: any), `road_class`.
    """
    rows = pd.DataFrame([row for row in _rows("values") if row["schema"] == schema])
    told = (rows[["importance", "is_urban"]] != "").sum(axis="columns")
    ordered = rows.loc[told.sort_values(kind="stable").index]
    return ordered[["value", "importance", "is_urban", "road_class"]].reset_index(drop=True)


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = (files("hp_sig.reference") / "road_network" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
