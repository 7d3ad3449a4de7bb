"""Which figure, or which belonging, colours the zones of a map?

An indicator is a figure of each zone, at one or several periods that share their classes; a partition puts each zone
into a set (its intercommunality), at one or several dates.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hp_sig.maps.classes import ZERO, Classes, Scheme, classified
from hp_sig.reference.labels import NO_BREAK_SPACE, column_format, format_number, in_unit, wording

__all__ = ["FLAGS", "Indicator", "Partition", "indicators_of"]

#: Columns of a table that say something of its figures, and the mark that they become on a map.
FLAGS = ("is_provisional", "is_mixed", "is_partial")
#: Columns that say of which edition a figure is.
VINTAGES = ("vintage", "vintages", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A figure of each zone, and how its map is drawn.

    Parameters
    ----------
    column
        Name of the figure; its label, unit and decimals are those of `labels.toml` unless they are given here.
    figures
        Index: codes of zones; one column a period, in order, named as the reader sees it (`""` where there is but
        one). In the unit of the column: shares from 0 to 1. NaN: not known.
    label, unit, decimals, definition
        In French. A unit that begins with `%` shows shares as percentages.
    group
        Heading under which the selector lists it.
    scheme, count, thresholds, ramp
        As in :func:`hp_sig.maps.classes.classified`.
    source
        Who made it, from what.
    vintages
        Edition of each figure, a text in the shape of `figures`.
    flags
        Mark (`is_provisional`, `is_mixed`, `is_partial`) → truth values in the shape of `figures`.
    """

    column: str
    figures: pd.DataFrame
    label: str | None = None
    unit: str | None = None
    decimals: int | None = None
    definition: str | None = None
    group: str = ""
    scheme: Scheme = "quantiles"
    count: int = 5
    thresholds: tuple[float, ...] = ()
    ramp: str = "orange"
    source: str = ""
    vintages: pd.DataFrame | None = None
    flags: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def form(self) -> Mapping[str, Any]:
        """Label, unit, decimals and definition, as given or as in `labels.toml`."""
        given = {"label": self.label, "unit": self.unit, "decimals": self.decimals, "definition": self.definition}
        return {**column_format(self.column), **{name: value for name, value in given.items() if value is not None}}

    def shown(self, zones: pd.Index) -> pd.DataFrame:
        """Give the figures as a reader sees them: percentages, rounded to the decimals of the column.

        A figure that would round to zero without being zero stays a tenth of the last decimal: it is shown as less than
        that decimal, and never counts among the measured zeros.
        """
        form = self.form
        decimals = int(form["decimals"])
        figures = in_unit(self.figures.reindex(zones).astype(float), form["unit"])
        return figures.map(lambda figure: _rounded(figure, decimals)) + 0.0

    def classes(self, zones: pd.Index) -> Classes:
        """Part the figures of every period into one set of classes."""
        bounds = [float(in_unit(bound, self.form["unit"])) for bound in self.thresholds]
        figures = self.shown(zones).to_numpy().ravel()
        return classified(figures, scheme=self.scheme, count=self.count, thresholds=bounds, ramp=self.ramp)

    def bounds(self, zones: pd.Index) -> list[str]:
        """Tell each class in words: its bounds, the French way."""
        return _bounds(self.shown(zones).to_numpy().ravel(), self.classes(zones), int(self.form["decimals"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """To which set each zone belongs, at one or several dates.

    Parameters
    ----------
    label
        What the sets are.
    members
        Index: codes of zones; one column a date, in order, of codes of sets; missing: in none.
    names
        Code of a set → its name.
    told
        Code of a set → what the legend adds to its name, at each date (`"26 communes"`).
    colours
        Code of a set → its fill.
    first
        The date that is shown first; by default the last one.
    """

    label: str
    members: pd.DataFrame
    names: Mapping[str, str]
    colours: Mapping[str, str]
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    first: str | None = None
    group: str = ""
    source: str = ""


def indicators_of(
    table: pd.DataFrame, *, scheme: Scheme = "quantiles", count: int = 5, source: str = "", group: str = ""
) -> list[Indicator]:
    """Read the indicators of a table, one for each column of figures.

    Parameters
    ----------
    table
        Index: codes of zones, or codes and periods (a year). Columns `is_provisional`, `is_mixed`, `is_partial` mark
        every figure of their row; a column `vintage`, `vintages` or `year` says of which edition it is.
    scheme, count, source, group
        Of each indicator.

    Raises
    ------
    ValueError
        If no column holds figures, a zone (and period) comes twice, or the index has more than these two levels.
    """
    if table.index.nlevels > 2:
        message = (
            f"an index of codes, or of codes and periods, expected, found {list(table.index.names)}. Sum the rest."
        )
        raise ValueError(message)
    if not table.index.is_unique:
        twice = list(dict.fromkeys(table.index[table.index.duplicated()]))[:3]
        message = f"one row a zone (and period) expected, found several for {twice}. Filter the table, or sum it."
        raise ValueError(message)
    figures = [
        column
        for column in table.columns
        if pd.api.types.is_numeric_dtype(table[column])
        and not pd.api.types.is_bool_dtype(table[column])
        and column not in {*VINTAGES, *FLAGS}
    ]
    if not figures:
        message = f"at least one column of figures expected, found {', '.join(map(str, table.columns)) or 'none'}."
        raise ValueError(message)
    edition = next((name for name in VINTAGES if name in table), None)
    marks = {name: _periods(table[name].eq(other=True)) for name in FLAGS if name in table}
    flags = {name: one.fillna(value=False).astype(bool) for name, one in marks.items()}
    vintages = None if edition is None else _periods(_texts(table[edition]))
    return [
        Indicator(
            column=str(name),
            figures=_periods(table[name]),
            scheme=scheme,
            count=count,
            source=source,
            group=group,
            vintages=vintages,
            flags=flags,
        )
        for name in figures
    ]


def _rounded(figure: float, decimals: int) -> float:
    # Python's rounding, as in `format_number`: numpy's gives 1.12 for 1.115, which is less than 1.115 in binary.
    shown = round(figure, decimals)
    return math.copysign(10.0 ** -(decimals + 1), figure) if shown == 0 != figure else shown


def _texts(values: pd.Series) -> pd.Series:
    """Write editions as texts; a year that a gap has made a decimal number stays a year."""
    years = values.astype("Int64") if pd.api.types.is_float_dtype(values) else values
    return years.astype("str")


def _periods(values: pd.Series) -> pd.DataFrame:
    """Lay periods side by side, as text."""
    if values.index.nlevels == 1:
        return values.to_frame("")
    laid = values.unstack()  # noqa: PD010 - a Series has no pivot_table
    return laid.set_axis([str(period) for period in laid.columns], axis=1)


def _bounds(values: np.ndarray, classes: Classes, decimals: int) -> list[str]:
    figures = values[np.isfinite(values)]
    if not len(figures):
        return []
    ends = [*classes.breaks, float(figures.max())]
    starts = [float(figures.min()), *classes.breaks]
    last = len(ends) - 1
    told = []
    for rank, (start, end, colour) in enumerate(zip(starts, ends, classes.colours, strict=True)):
        low, high = _written(start, decimals), _written(end, decimals)
        if colour == ZERO:
            told.append(format_number(0.0, decimals))
        elif rank == 0 and low == high:
            told.append(high)
        elif classes.scheme == "thresholds" and rank == 0:
            told.append(wording("map", "at_most", high=high))
        elif classes.scheme == "thresholds" and rank == last:
            told.append(wording("map", "above", low=low))
        else:
            told.append(wording("map", "from_to" if rank == 0 else "above_to", low=low, high=high))
    return told


def _written(figure: float, decimals: int) -> str:
    """Write a figure; one that is nearly zero is less than the last decimal, and not zero."""
    least = 10.0**-decimals
    if figure == 0 or round(figure, decimals) != 0:
        return format_number(figure, decimals)
    return f"{'<' if figure > 0 else '>'}{NO_BREAK_SPACE}{format_number(math.copysign(least, figure), decimals)}"
