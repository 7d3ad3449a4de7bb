"""Which projects of a territory are multimodal hubs, and within which times are they reached?"""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from hp_sig.errors import some
from hp_sig.reference.roads import MODES, Mode, speeds_of
from hp_sig.territory.records import Record, Text

__all__ = ["HubSettings"]

Minutes = Annotated[int, Field(gt=0, le=240)]
Kmh = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class HubSettings(Record):
    """The hubs (pôles multimodaux), the times of their service areas, and the speeds that a territory sets itself."""

    #: Identifiers of projects; none: every site or footprint that names a station.
    projects: tuple[Text, ...] = ()
    walk_minutes: tuple[Minutes, ...] = (5, 10, 15)
    bike_minutes: tuple[Minutes, ...] = (15, 30)
    car_minutes: tuple[Minutes, ...] = ()
    #: Mode → class of road → km/h, in place of those of `reference/road_network/classes.csv`.
    speeds: dict[Mode, dict[str, Kmh]] = Field(default_factory=dict)

    @field_validator("walk_minutes", "bike_minutes", "car_minutes")
    @classmethod
    def _in_order(cls, minutes: tuple[int, ...]) -> tuple[int, ...]:
        if list(minutes) != sorted(set(minutes)):
            message = f"times in order, once each, expected, such as {sorted(set(minutes))}"
            raise ValueError(message)
        return minutes

    @field_validator("projects")
    @classmethod
    def _once(cls, projects: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({code for code in projects if projects.count(code) > 1})
        if twice:
            message = f"identifiers given once expected, found {some(twice)} twice"
            raise ValueError(message)
        return projects

    @model_validator(mode="after")
    def _known_classes(self) -> Self:
        for mode, speeds in self.speeds.items():
            speeds_of(mode, speeds)
        return self

    @property
    def times(self) -> dict[Mode, tuple[int, ...]]:
        """Give the times of each mode that has some."""
        found: dict[Mode, tuple[int, ...]] = {mode: getattr(self, f"{mode}_minutes") for mode in MODES}
        return {mode: minutes for mode, minutes in found.items() if minutes}
