"""Which objective of land sobriety did a planning document set itself, for which zone and which years?"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hp_sig.territory.records import Record, Text, Year

__all__ = ["TERRITORY_ZONE", "Objective", "overlapping"]

#: What `zone` says of an objective of the whole territory.
TERRITORY_ZONE = "territory"


class Objective(Record):
    """The most that a planning document (SCoT, PLU, PLUi, charter) allows over its own years.

    Both years are flows, as in the ENAF file: 2021 to 2030 are the ten flows from 1 January 2021 to 1 January 2031.
    """

    #: Code of a commune, an EPCI or a SCoT (of the latest list), or `territory`.
    zone: Text
    #: As it is told in a report: « SCoT …, approuvé le … ».
    document: Text
    quantity: Literal["enaf_consumption", "net_artificialisation"]
    first_year: Year
    last_year: Year
    area_ha: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    #: Where the objective is written: page, article, deliberation.
    source: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_year < self.first_year:
            message = f"last_year: {self.first_year} (first_year) or later expected, found {self.last_year}"
            raise ValueError(message)
        return self


def overlapping(objectives: tuple[Objective, ...]) -> list[str]:
    """Name the zones that have two objectives of one quantity over the same year: which one holds is not told."""
    found = set()
    for rank, one in enumerate(objectives):
        for other in objectives[rank + 1 :]:
            same = (one.zone, one.quantity) == (other.zone, other.quantity)
            if same and one.first_year <= other.last_year and other.first_year <= one.last_year:
                found.add(one.zone)
    return sorted(found)
