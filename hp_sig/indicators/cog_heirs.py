"""Which communes of a later list have the territory of each commune of an earlier one, and in which shares?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hp_sig.errors import some
from hp_sig.indicators.cog_events import Event

__all__ = ["Heirs", "find_heirs", "heirs_of", "require_codes", "require_weights", "valid_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heirs:
    """Where the figures of a commune end up: target → share (NaN where unknown), and what is lacking to tell."""

    shares: Mapping[str, float]
    lacking: str | None = None
    unweighted: tuple[str, ...] = ()


def heirs_of(code: str, heirs: Mapping[str, Heirs]) -> Heirs:
    """Give the heirs of a commune: itself, if no event concerns it."""
    return heirs.get(code) or Heirs(shares={code: 1.0})


def find_heirs(events: list[Event], weights: Mapping[str, float]) -> dict[str, Heirs]:
    """Find the last heirs of each code that the events concern, from the last event back to the first.

    A commune that becomes several is shared by the weights of its last heirs, which is right only if they have nothing
    from elsewhere: `feeders` says which communes, at the time of the event, each of the last list is made of.
    """
    heirs: dict[str, Heirs] = {}
    feeders: dict[str, set[str]] = {}
    for event in reversed(events):
        targets = {
            code: {last for part in parts for last in heirs_of(part, heirs).shares}
            for code, parts in event.parts.items()
        }
        for code in event.codes_after:
            for last in heirs_of(code, heirs).shares:
                feeders.setdefault(last, {last}).discard(code)
        for code, lasts in targets.items():
            for last in lasts:
                feeders.setdefault(last, {last}).add(code)
        found = {}
        for code, parts in event.parts.items():
            if len(targets[code]) == 1:
                found[code] = Heirs(shares=dict.fromkeys(targets[code], 1.0))
            elif len(parts) == 1:
                found[code] = heirs_of(parts[0], heirs)
            else:
                mixed = sorted(last for last in targets[code] if feeders[last] != {code})
                found[code] = _shared(code, event, sorted(targets[code]), mixed, weights)
        heirs |= found
    return heirs


def _shared(code: str, event: Event, lasts: list[str], mixed: list[str], weights: Mapping[str, float]) -> Heirs:
    unknown = dict.fromkeys(lasts, float("nan"))
    if mixed:
        lacking = (
            f"{code!r} is shared on {event.date:%Y-%m-%d}, and {some(mixed)} also hold communes that it was not made "
            "of, so that no weight tells what came from it: convert in two steps, with the weights of a list between "
            "the two, or take these communes out of the table (those that hold a part of them will be unknown)"
        )
        return Heirs(shares=unknown, lacking=lacking)
    unweighted = tuple(last for last in lasts if last not in weights)
    if unweighted:
        return Heirs(shares=unknown, unweighted=unweighted)
    largest = max(weights[last] for last in lasts)
    if largest == 0:
        lacking = f"{code!r} is shared between {some(lasts)}, whose weights are all 0: give others"
        return Heirs(shares=unknown, lacking=lacking)
    total = sum(weights[last] / largest for last in lasts)
    return Heirs(shares={last: weights[last] / largest / total for last in lasts})


def require_weights(codes: list[str], heirs: Mapping[str, Heirs], to_year: int) -> None:
    """Refuse to go on where a commune cannot be shared, with all that is lacking in one error.

    Raises
    ------
    ValueError
        If weights are lacking, or cannot tell the shares.
    """
    found = [heirs_of(code, heirs) for code in codes]
    unweighted = sorted({code for one in found for code in one.unweighted})
    faults = sorted({one.lacking for one in found if one.lacking})
    if unweighted:
        faults.insert(
            0,
            f"give `weights` (area or population in the list of {to_year}) for the {len(unweighted)} communes that "
            f"share what was one: {', '.join(map(repr, unweighted))}",
        )
    if faults:
        message = f"{'; '.join(faults)}."
        raise ValueError(message)


def valid_weights(weights: pd.Series | None) -> dict[str, float]:
    """Give the weights that are known by code; refuse what is no weight.

    Raises
    ------
    ValueError
        If a code comes twice, or a weight is negative or infinite.
    """
    if weights is None:
        return {}
    codes = require_codes(weights.index, "weights")
    values = weights.astype("float64").to_numpy()
    wrong = [code for code, value in zip(codes, values, strict=True) if value < 0 or np.isinf(value)]
    if wrong:
        message = f"weights: areas or populations of 0 or more expected, found others for {some(wrong)}."
        raise ValueError(message)
    return {code: float(value) for code, value in zip(codes, values, strict=True) if not np.isnan(value)}


def require_codes(index: pd.Index, name: str) -> list[str]:
    """Give the commune codes of an index as a list.

    Raises
    ------
    ValueError
        If one is not text, or comes twice.
    """
    wrong = [code for code in index if not isinstance(code, str)]
    if wrong:
        message = f"{name}: commune codes are text such as '04112', found {some(wrong)}."
        raise ValueError(message)
    if not index.is_unique:
        message = (
            f"{name}: one row a commune expected, found {some(index[index.duplicated()].unique())} more than once."
        )
        raise ValueError(message)
    return [str(code) for code in index]
