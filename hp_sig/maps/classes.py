"""Into which classes do the figures of a map fall, and which colour does each class get?

The breaks are upper bounds, included: a figure belongs to the first class whose bound it does not exceed, and to the
last one where it exceeds them all. A figure that is not known belongs to none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["RAMPS", "SCHEMES", "ZERO", "Classes", "class_breaks", "class_of", "classified", "fisher_jenks", "quantiles"]

Scheme = Literal["quantiles", "fisher_jenks", "thresholds"]
SCHEMES: tuple[Scheme, ...] = ("quantiles", "fisher_jenks", "thresholds")

#: Ramps that colour-blind readers and a photocopier tell apart: lightness falls from end to end. ColorBrewer
#: (Cynthia Brewer, Pennsylvania State University), classes of 7, marked colour-blind safe there.
RAMPS = {
    "orange": ("#ffffd4", "#fee391", "#fec44f", "#fe9929", "#ec7014", "#cc4c02", "#8c2d04"),
    "blue": ("#eff3ff", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#084594"),
    "purple": ("#edf8fb", "#bfd3e6", "#9ebcda", "#8c96c6", "#8c6bb1", "#88419d", "#6e016b"),
    "red": ("#fef0d9", "#fdd49e", "#fdbb84", "#fc8d59", "#ef6548", "#d7301f", "#990000"),
    "grey": ("#f7f7f7", "#d9d9d9", "#bdbdbd", "#969696", "#737373", "#525252", "#252525"),
}
#: Either side of zero; each from the lightest.
BELOW_ZERO = ("#d8daeb", "#b2abd2", "#8073ac", "#542788", "#2d004b")
ABOVE_ZERO = ("#fee0b6", "#fdb863", "#e08214", "#b35806", "#7f3b08")
#: Land that became artificialised, or is so no more.
GAIN, LOSS = ABOVE_ZERO[3], RAMPS["blue"][4]
#: Colour of a measured zero where it is a class of its own; the ramp's lightest colour, too near, is then left out.
ZERO = "#ffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Upper bounds of all classes but the last, one colour a class (none where no figure is known), and the scheme."""

    scheme: Scheme
    breaks: tuple[float, ...]
    colours: tuple[str, ...]


def classified(
    values: Sequence[float] | np.ndarray,
    *,
    scheme: Scheme = "quantiles",
    count: int = 5,
    thresholds: Sequence[float] = (),
    ramp: str = "orange",
) -> Classes:
    """Part figures into classes and colour them.

    Parameters
    ----------
    values
        Figures of every zone (and of every year, so that the years share their classes), as they are shown. NaN is
        left out.
    scheme
        `quantiles`: as many figures in each class; `fisher_jenks`: the smallest spread within the classes;
        `thresholds`: the given bounds (of a law, say).
    count
        Number of classes; fewer where there are fewer different figures. A measured zero is a class of its own beside
        positive figures; where figures have both signs, zero parts two ramps, of half as many classes each.
    thresholds
        Inner bounds for `thresholds`.
    ramp
        A name of `RAMPS`.

    Raises
    ------
    ValueError
        If the scheme or the ramp is not known, or `thresholds` are missing, given without need or not increasing.

    Examples
    --------
    >>> classified([1, 2, 3, 4, 5, 6], count=3).breaks
    (2.0, 4.0)
    >>> classified([0, 0, 5, 9], count=3).breaks
    (0.0, 5.0)
    >>> classified([-5, -1, 0, 0, 7], count=4).breaks
    (-5.0, -1.0, 0.0)
    >>> classified([3, 40, 120], scheme="thresholds", thresholds=[50, 100]).breaks
    (50.0, 100.0)
    """
    _require(scheme, thresholds, ramp)
    figures = np.asarray(values, dtype=float)
    figures = figures[np.isfinite(figures)]
    if not len(figures):
        return Classes(scheme=scheme, breaks=(), colours=())
    breaks = class_breaks(figures, scheme=scheme, count=count, thresholds=thresholds)
    return Classes(scheme=scheme, breaks=breaks, colours=_colours(figures, breaks, scheme, ramp))


def class_breaks(
    values: np.ndarray, *, scheme: Scheme, count: int = 5, thresholds: Sequence[float] = ()
) -> tuple[float, ...]:
    """Find the upper bounds of all classes but the last.

    Parameters
    ----------
    values, scheme, count, thresholds
        As in :func:`classified`; every value is known, and there is one.
    """
    if scheme == "thresholds":
        return tuple(float(bound) for bound in thresholds)
    find = quantiles if scheme == "quantiles" else fisher_jenks
    below, above = values[values < 0], values[values > 0]
    has_zeros = bool((values == 0).any())
    # A gain and a loss never share a class, nor does either with a measured zero.
    each = min(count // 2, len(BELOW_ZERO)) if len(below) and len(above) else count - has_zeros
    breaks = [*find(below, max(each, 1))] if len(below) else []
    if len(below) and has_zeros:
        breaks.append(float(below.max()))
    if len(above) and (has_zeros or len(below)):
        breaks.append(0.0)
    return (*breaks, *(find(above, max(each, 1)) if len(above) else ()))


def quantiles(values: np.ndarray, count: int) -> tuple[float, ...]:
    """Give the inner bounds that part figures into classes of as many, each bound one of the figures.

    >>> quantiles(np.array([1, 2, 3, 4, 10]), 2)
    (3.0,)
    """
    order = np.sort(np.asarray(values, dtype=float))
    # Rank, from 1, of the last figure of each class but the last; a class of equal figures is not split.
    ranks = np.ceil(len(order) * np.arange(1, count) / count).astype(int)
    bounds = sorted({float(order[max(rank, 1) - 1]) for rank in ranks})
    return tuple(bound for bound in bounds if bound < order[-1])


def fisher_jenks(values: np.ndarray, count: int) -> tuple[float, ...]:
    """Give the inner bounds of the classes whose figures spread least about their means (Fisher 1958, Jenks 1977).

    >>> fisher_jenks(np.array([1, 2, 10, 11, 100]), 3)
    (2.0, 11.0)
    """
    figures, weights = np.unique(np.asarray(values, dtype=float), return_counts=True)
    number = len(figures)
    if count >= number:
        return tuple(float(figure) for figure in figures[:-1])
    # Sums from the first figure on; about their mean, so that large figures lose no decimals.
    centred = figures - np.average(figures, weights=weights)
    total = np.concatenate([[0.0], np.cumsum(weights)])
    first = np.concatenate([[0.0], np.cumsum(weights * centred)])
    second = np.concatenate([[0.0], np.cumsum(weights * centred**2)])

    def spread(start: np.ndarray, end: int) -> np.ndarray:
        """Sum of squares about the mean of the figures from each start to one end, not included."""
        return np.asarray(second[end] - second[start] - (first[end] - first[start]) ** 2 / (total[end] - total[start]))

    best = np.concatenate([[0.0], [float(spread(np.array([0]), end)[0]) for end in range(1, number + 1)]])
    cuts = []
    for classes in range(2, count + 1):
        least, cut = np.full(number + 1, np.inf), np.zeros(number + 1, dtype=int)
        for end in range(classes, number + 1):
            starts = np.arange(classes - 1, end)
            sums = best[starts] + spread(starts, end)
            chosen = int(np.argmin(sums))
            least[end], cut[end] = sums[chosen], starts[chosen]
        best = least
        cuts.append(cut)
    bounds, end = [], number
    for cut in reversed(cuts):
        end = int(cut[end])
        bounds.append(float(figures[end - 1]))
    return tuple(reversed(bounds))


def class_of(values: Sequence[float] | np.ndarray, breaks: Sequence[float]) -> np.ndarray:
    """Give the class of each figure, from 0; -1 where it is not known.

    >>> class_of([0, 2, 2.1, float("nan")], [2.0]).tolist()
    [0, 0, 1, -1]
    """
    figures = np.asarray(values, dtype=float)
    return np.where(np.isfinite(figures), np.searchsorted(np.asarray(breaks, dtype=float), figures, side="left"), -1)


def _require(scheme: str, thresholds: Sequence[float], ramp: str) -> None:
    if scheme not in SCHEMES:
        message = f"scheme: one of {', '.join(SCHEMES)} expected, found {scheme!r}."
        raise ValueError(message)
    if ramp not in RAMPS:
        message = f"ramp: one of {', '.join(RAMPS)} expected, found {ramp!r}."
        raise ValueError(message)
    if (scheme == "thresholds") != bool(thresholds):
        message = f"thresholds: inner bounds expected with the scheme 'thresholds' and with no other, found {scheme!r}."
        raise ValueError(message)
    if list(thresholds) != sorted(set(thresholds)):
        message = f"thresholds: increasing bounds expected, found {list(thresholds)}."
        raise ValueError(message)


def _colours(values: np.ndarray, breaks: tuple[float, ...], scheme: Scheme, ramp: str) -> tuple[str, ...]:
    number = len(breaks) + 1
    if scheme == "thresholds":
        if not (values.min() < 0 < values.max() and 0.0 in breaks):
            return _spread(RAMPS[ramp], number)
        below = breaks.index(0.0) + 1
        return (*reversed(_spread(BELOW_ZERO, below)), *_spread(ABOVE_ZERO, number - below))
    ranks = class_of(values, breaks)
    below, above = len(set(ranks[values < 0])), len(set(ranks[values > 0]))
    zero = (ZERO,) if (values == 0).any() else ()
    # Beside white, the lightest colour of a ramp cannot be told.
    positive = ABOVE_ZERO if below else RAMPS[ramp][len(zero) :]
    return (
        *(reversed(_spread(BELOW_ZERO, below)) if below else ()),
        *zero,
        *(_spread(positive, above) if above else ()),
    )


def _spread(ramp: Sequence[str], number: int) -> tuple[str, ...]:
    """Take so many colours of a ramp, as far from each other as it allows."""
    if number == 1:
        return (ramp[len(ramp) // 2],)
    if number > len(ramp):
        message = f"at most {len(ramp)} classes expected, found {number}: readers cannot tell more colours apart."
        raise ValueError(message)
    ranks = np.round(np.linspace(0, len(ramp) - 1, number)).astype(int)
    return tuple(ramp[rank] for rank in ranks)
