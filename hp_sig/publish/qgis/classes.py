"""Where does each class of an HTML map end in the figures as they are published?

The map classes figures as they are shown, rounded as Python rounds; QGIS would round in another way, and tell two
classes where the map tells one. So no rounding is left to QGIS: each bound lies where the rounding of the map turns,
halfway between two figures that are shown.
"""

from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pandas as pd

from hp_sig.maps.classes import Classes, class_of
from hp_sig.maps.themes import Indicator
from hp_sig.reference.labels import in_unit

__all__ = ["class_ends"]

#: Less than what two published figures differ by, more than what two ways to write one do.
EDGE = 1e-9


def class_ends(indicator: Indicator, period: str, classes: Classes, published: pd.Series) -> list[float]:
    """Give the lower end of the first class and the upper end of each, in the unit of the column.

    Parameters
    ----------
    indicator, period, classes
        What is shown, and its classes over these zones.
    published
        Its figures as they are published, indexed by code of zone; NaN where not known.

    Returns
    -------
    list of float
        One more than the classes; empty where no figure is known.
    """
    zones = published.index
    known = published.dropna()
    if not classes.colours or known.empty:
        return []
    ranks = pd.Series(class_of(indicator.shown(zones)[period].to_numpy(), classes.breaks), index=zones)[known.index]
    decimals, factor = int(indicator.form["decimals"]), float(in_unit(1.0, indicator.form["unit"]))
    inner = [
        _turn(bound, decimals, factor, known.to_numpy(), ranks.to_numpy() <= rank)
        for rank, bound in enumerate(classes.breaks)
    ]
    first, last = float(known.min()), float(known.max())
    return [min(first, *inner), *inner, max(last, *inner)] if inner else [first, last]


def _turn(bound: float, decimals: int, factor: float, figures: np.ndarray, is_below: np.ndarray) -> float:
    """Find where figures begin to be shown as more than a bound."""
    least = Decimal(1).scaleb(-decimals)
    exact = Decimal(repr(bound))
    # What is not zero is never shown as zero: as a tenth of the last decimal at least.
    if -least / 10 <= exact < least / 10:
        return EDGE if exact >= 0 else -EDGE
    half = float((exact / least).to_integral_value(ROUND_FLOOR) * least + least / 2) / factor
    at_half = np.abs(figures - half) < EDGE
    return half + EDGE if bool(is_below[at_half].all()) else half - EDGE
