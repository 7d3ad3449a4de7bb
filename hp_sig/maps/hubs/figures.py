"""Which figures of a hub are there, and how is an estimate told?

A hub is a project that names a station. Its page and its map read the same tables, and tell the same rounded figures.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from hp_sig.errors import some
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.reference.labels import format_number, wording

__all__ = ["MODES", "Hub", "HubFigures", "about", "hub_figures", "known_hubs", "percent", "ramp", "rounded", "text_of"]

#: The order in which modes are told.
MODES = ("walk", "bike", "car")
#: An estimate from this on is rounded to the step beside it: the distribution inside a commune is not finer than that.
STEPS = ((10_000, 100), (100, 10), (0, 1))
#: Colours of a mode, the nearest first; the page and the map share them.
RAMPS = {
    "walk": ("#08519c", "#4292c6", "#9ecae1", "#deebf7"),
    "bike": ("#54278f", "#807dba", "#bcbddc", "#efedf5"),
    "car": ("#006d2c", "#41ab5d", "#a1d99b", "#e5f5e0"),
}
#: Tables that a hub has rows of.
TABLES = (
    *("catchments", "catchment_places", "catchment_land", "catchment_overlaps", "hub_stations", "ridership"),
    *("project_screening", "project_distances"),
)


class HubFigures(Protocol):
    """The tables of the results that tell a hub; None where one could not be made."""

    @property
    def catchments(self) -> pd.DataFrame | None:
        """One row a hub, mode and minutes."""

    @property
    def catchment_places(self) -> pd.DataFrame | None:
        """One row a hub, mode, minutes and commune met."""

    @property
    def catchment_land(self) -> pd.DataFrame | None:
        """One row a hub, mode, minutes and class of land."""

    @property
    def catchment_overlaps(self) -> pd.DataFrame | None:
        """One row a pair of hubs, mode and minutes."""

    @property
    def hub_stations(self) -> pd.DataFrame | None:
        """One row a hub: where it stands."""

    @property
    def ridership(self) -> pd.DataFrame | None:
        """One row a station and year."""

    @property
    def project_screening(self) -> pd.DataFrame | None:
        """One row a project and zone that has an allowance."""

    @property
    def project_distances(self) -> pd.DataFrame | None:
        """One row a project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A hub and its rows of each table; what is not known is an empty text, None or an empty tuple.

    Parameters
    ----------
    hub_id, name, commune_code, commune_name, station_uic, station_name
        Which hub it is; its commune may be the one that its footprint takes most of.
    scale
        `site` or `footprint`.
    place, distances
        Its rows of `hub_stations` and `project_distances`.
    catchments
        Its rows of `catchments`, by mode (on foot first) and minutes.
    places, land, screening
        Its rows of `catchment_places`, `catchment_land` and `project_screening`.
    overlaps
        Its rows of `catchment_overlaps`, each told from its side: `other_hub_id` is the other hub.
    ridership
        Passengers by year.
    others
        Identifier → commune of each other hub that has catchments, or its own name where hubs share a commune.
    has_network
        Whether trips were searched for: a hub without catchments then has no street near it.
    """

    hub_id: str
    name: str
    commune_code: str
    commune_name: str
    station_uic: str
    station_name: str
    scale: str
    place: Row | None
    distances: Row | None
    catchments: tuple[Row, ...]
    places: tuple[Row, ...]
    land: tuple[Row, ...]
    overlaps: tuple[Row, ...]
    ridership: Mapping[int, float]
    screening: tuple[Row, ...]
    others: Mapping[str, str]
    has_network: bool

    @property
    def is_outside(self) -> bool:
        """Whether it lies in no commune of the territory."""
        return not self.commune_name

    def of(self, rows: tuple[Row, ...], catchment: Row) -> list[Row]:
        """Keep the rows of one catchment: its mode and its minutes."""
        key = (catchment["mode"], int(catchment["minutes"]))
        return [row for row in rows if (row["mode"], int(row["minutes"])) == key]


def about(value: float) -> str:
    """Write an estimate of people, dwellings or jobs, rounded to what it is worth; `environ` is for the sentence.

    Tens from 100 on, hundreds from 10 000 on; what is neither 0 nor 1 yet is « moins de 1 ».

    >>> [about(value).replace("\u202f", " ") for value in (0.0, 34.4, 1234.0, 12_345.0, float("nan"))]
    ['0', '34', '1 230', '12 300', '–']
    """
    if 0 < value < 0.5:
        return wording("hub_sheet", "less_than_one")
    return format_number(rounded(value))


def rounded(value: float) -> float:
    """Round an estimate as :func:`about` shows it; NaN stays NaN.

    >>> rounded(1235.1), rounded(99.6)
    (1240.0, 100.0)
    """
    if not math.isfinite(value):
        return math.nan
    step = next((step for least, step in STEPS if value >= least), 1)
    return float(round(value / step) * step)


def percent(share: float) -> str:
    """Write a share as a whole percentage; what is over 0 and under 1 % is « moins de 1 % ».

    >>> percent(0.474).replace("\u00a0", " "), percent(0.001).replace("\u00a0", " ")
    ('47 %', 'moins de 1 %')
    """
    if 0 < share < 0.005:
        return wording("hub_sheet", "less_than_percent")
    told = format_number(100 * share)
    return wording("hub_sheet", "percent", value=told) if math.isfinite(share) else told


def ramp(mode: str, count: int) -> tuple[str, ...]:
    """Give a colour to each of the minutes of a mode, the shortest first and darkest.

    >>> ramp("walk", 2)
    ('#4292c6', '#9ecae1')
    """
    colours = RAMPS[mode]
    first = 1 if count < len(colours) - 1 else 0
    return tuple(colours[min(first + rank, len(colours) - 1)] for rank in range(count))


def known_hubs(figures: HubFigures) -> dict[str, Row]:
    """Give a row that names each hub: of `hub_stations`, or of `catchments` where that is missing."""
    found: dict[str, Row] = {}
    for table in (figures.hub_stations, figures.catchments):
        for row in _rows(table):
            found.setdefault(str(row["hub_id"]), row)
    return found


def hub_figures(figures: HubFigures, hub_id: str) -> Hub:
    """Gather the rows of one hub.

    Parameters
    ----------
    figures
        The tables.
    hub_id
        Identifier of its project.

    Raises
    ------
    KeyError
        If no table names this hub.
    """
    hubs = known_hubs(figures)
    if hub_id not in hubs:
        found = some(hubs) if hubs else "none"
        message = (
            f"tables of hubs: no hub {hub_id!r}, found {found}. Give the project_id of a project that names a "
            "station, and list it under [hubs] in the territory file where that section names projects."
        )
        raise KeyError(message)
    named = hubs[hub_id]
    tables = {name: list(_rows(getattr(figures, name))) for name in TABLES}
    catchments = [row for row in tables["catchments"] if str(row["hub_id"]) == hub_id]
    screening = _of(tables["project_screening"], "project_id", hub_id)
    code, commune = _commune(named, screening)
    return Hub(
        hub_id=hub_id,
        name=text_of(named, "hub_name"),
        commune_code=code,
        commune_name=commune,
        station_uic=text_of(named, "station_uic"),
        station_name=text_of(named, "station_name"),
        scale=text_of(named, "scale"),
        place=_one(tables["hub_stations"], "hub_id", hub_id),
        distances=_one(tables["project_distances"], "project_id", hub_id),
        catchments=tuple(sorted(catchments, key=_mode_and_minutes)),
        places=_of(tables["catchment_places"], "hub_id", hub_id),
        land=_of(tables["catchment_land"], "hub_id", hub_id),
        overlaps=tuple(_from_one_side(tables["catchment_overlaps"], hub_id)),
        ridership=_passengers(tables["ridership"], hub_id, text_of(named, "station_uic")),
        screening=screening,
        others=_others(tables["catchments"], hub_id, commune),
        has_network=figures.catchments is not None,
    )


def text_of(row: Row | None, column: str) -> str:
    """Read a text of a row; empty where there is no row, no such column or nothing known."""
    value = None if row is None else row.get(column)
    return "" if value is None or pd.isna(value) else str(value)


def _rows(table: pd.DataFrame | None) -> list[Row]:
    """Give the rows of a table with what its index tells: results may key a table either way."""
    if table is None:
        return []
    named = [name for name in table.index.names if name is not None]
    plain = pd.DataFrame(table).reset_index(level=named) if named else pd.DataFrame(table)
    return list(plain.to_dict("records"))


def _of(rows: list[Row], column: str, value: str) -> tuple[Row, ...]:
    return tuple(row for row in rows if text_of(row, column) == value)


def _one(rows: list[Row], column: str, value: str) -> Row | None:
    return next(iter(_of(rows, column, value)), None)


def _commune(named: Row, screening: Sequence[Row]) -> tuple[str, str]:
    """Give the code and the name of a hub's commune, or else of the one that its footprint takes most of."""
    if text_of(named, "commune_name"):
        return text_of(named, "commune_code"), text_of(named, "commune_name")
    met = (row for row in screening if text_of(row, "zone_layer") == "communes")
    largest = max(met, key=lambda row: np.nan_to_num(number(row, "area_in_zone_ha")), default=None)
    return text_of(largest, "zone_code"), text_of(largest, "zone_name")


def _others(rows: Sequence[Row], hub_id: str, commune: str) -> dict[str, str]:
    """Tell each other hub by its commune; by its name, if need be with its brackets, where hubs share a commune."""
    others = {str(row["hub_id"]): row for row in rows if str(row["hub_id"]) != hub_id}
    communes = {other: text_of(row, "commune_name") for other, row in others.items()}
    if all(communes.values()) and len({commune, *communes.values()}) == len(communes) + 1:
        return communes
    names = {other: text_of(row, "hub_name") or communes[other] or other for other, row in others.items()}
    short = {other: name.split(" (", maxsplit=1)[0] for other, name in names.items()}
    return short if len(set(short.values())) == len(short) else names


def _mode_and_minutes(row: Row) -> tuple[int, int]:
    return MODES.index(row["mode"]), int(row["minutes"])


def _from_one_side(rows: list[Row], hub_id: str) -> Iterator[Row]:
    """Tell each pair from the side of a hub, whichever of the two the table names first."""
    for row in rows:
        here, there = text_of(row, "hub_id"), text_of(row, "other_hub_id")
        if hub_id not in {here, there}:
            continue
        other = there if here == hub_id else here
        share = number(row, "share_of_hub" if here == hub_id else "share_of_other")
        name = text_of(row, "other_hub_name" if here == hub_id else "hub_name")
        yield {**row, "hub_id": hub_id, "other_hub_id": other, "other_hub_name": name, "share_of_hub": share}


def _passengers(rows: list[Row], hub_id: str, station_uic: str) -> dict[int, float]:
    """Give the passengers of a hub's station by year, whether the table tells the hub or only the station."""
    found = {}
    for row in rows:
        told = text_of(row, "hub_id") or text_of(row, "station_uic") or text_of(row, "uic_code")
        if told and told in {hub_id, station_uic}:
            found[int(row["year"])] = number(row, "passengers")
    return dict(sorted(found.items()))
