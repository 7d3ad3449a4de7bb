"""How do consumption and trajectory look, year after year, on paper and for somebody who sees no colour?

Every bar carries its value; what is provisional is hatched, what is projected is dashed, and each is said in words.
"""

import math
from collections.abc import Sequence

from hp_sig.maps.sheets.figures import key_figures
from hp_sig.maps.sheets.portrait import Portrait, Row, number
from hp_sig.maps.sheets.sentences import amount_told, opened
from hp_sig.maps.sheets.svg import HATCH_ID, drawing, hatch, line, rectangle, text, text_width
from hp_sig.reference.labels import format_number, format_quantity, wording
from hp_sig.reference.regimes import Regime

__all__ = ["flows_chart", "path_chart", "years_shown"]

#: Under the years, the first chart marks the reference and the period.
FLOWS_SIZE, PATH_SIZE = (400, 146), (400, 128)
LEFT, RIGHT, BASE = 2.0, 398.0, 112.0
#: Room for the legend: one line in the first chart, two in the second.
ONE_LINE, TWO_LINES = 18.0, 32.0
BAR_SHARE = 0.74
#: Years that a chart has room for, each with its value.
MOST_YEARS = 18
EARLIER, RECENT, INK = "#d9a679", "#9c4a12", "#1c1c1c"


def flows_chart(portrait: Portrait, regime: Regime) -> str:
    """Draw the consumption of each year, the mean of the reference across its years, provisional years hatched.

    Parameters
    ----------
    portrait
        A zone with flows.
    regime
        The law in force.
    """
    rows = portrait.flows[-MOST_YEARS:]
    years, values = years_shown(portrait), [number(row, "enaf_consumption_ha") for row in rows]
    mean = key_figures(portrait, regime).by_key["mean"]
    decimals = _decimals([*values, mean])
    scale = _Scale(len(rows), [*values, mean], top=ONE_LINE)
    first, last = regime.reference_first_year or 0, regime.reference_last_year or 0
    parts = [hatch("flows", RECENT)]
    for rank, (row, year, value) in enumerate(zip(rows, years, values, strict=True)):
        fill = EARLIER if year <= last else RECENT
        parts.append(_bar(scale, rank, value, f"url(#{HATCH_ID}-flows)" if row["is_provisional"] else fill))
        parts.append(_year(scale, rank, year))
    known = [rank for rank, year in enumerate(years) if first <= year <= last]
    crossed: dict[int, float] = {}
    if known and math.isfinite(mean):
        crossed = dict.fromkeys(known, scale.y(mean))
        ends = [(scale.left(known[0]), scale.y(mean)), (scale.left(known[-1] + 1), scale.y(mean))]
        parts.append(line(ends, colour=INK, width=1.4, dash="5 3"))
    parts += [_value(scale, rank, value, decimals, line_at=crossed.get(rank)) for rank, value in enumerate(values)]
    parts += _spans(scale, years, regime)
    is_provisional = any(row["is_provisional"] for row in rows)
    parts += _flow_legend(mean, regime, is_provisional=is_provisional)
    told = ", ".join(
        wording("sheet", "chart_value", year=year, value=format_quantity("enaf_consumption_ha", value))
        for year, value in zip(years, values, strict=True)
    )
    return drawing(
        "flows",
        "".join(parts),
        size=FLOWS_SIZE,
        title=wording("sheet", "chart_flows", name=portrait.name),
        desc=_flow_desc(told, mean, regime, portrait),
    )


def years_shown(portrait: Portrait) -> list[int]:
    """Give the years that the chart of flows has room for: the latest."""
    return [int(row["year"]) for row in portrait.flows[-MOST_YEARS:]]


def path_chart(portrait: Portrait, regime: Regime) -> str:
    """Draw what was consumed since the period began, cumulated, against the allowance, and on at the present pace.

    Parameters
    ----------
    portrait
        A zone whose allowance is known.
    regime
        The law in force.
    """
    law: Row = portrait.law or {}
    first, last = regime.first_year or 0, regime.last_year or 0
    allowance, consumed = number(law, "allowance_ha"), number(law, "consumed_ha")
    pace, projection = number(law, "pace_ha_per_year"), number(law, "projection_ha")
    years = number(law, "years_elapsed")
    elapsed = int(years) if math.isfinite(years) else 0
    real = _cumulated(portrait.flows, first, elapsed, consumed)
    planned = [consumed + pace * rank for rank in range(1, last - first + 1 - elapsed + 1)]
    values = [*real, *planned]
    decimals = _decimals([*values, allowance])
    scale = _Scale(len(values), [*values, allowance], top=TWO_LINES)
    provisional = set(key_figures(portrait, regime).provisional_years)
    parts = [hatch("path", RECENT)]
    for rank, value in enumerate(values):
        year = first + rank
        fill = f"url(#{HATCH_ID}-path)" if year in provisional else RECENT
        is_real = rank < elapsed
        parts.append(_bar(scale, rank, value, fill) if is_real else _ghost(scale, rank, value))
        parts.append(_year(scale, rank, year))
    ceiling = scale.y(allowance)
    parts.append(line([(LEFT, ceiling), (RIGHT, ceiling)], colour=INK, width=2.0))
    labelled = [rank for rank, value in enumerate(values) if math.isfinite(value) and (rank < elapsed)]
    shown = sorted({*labelled, len(values) - 1})
    parts += [_value(scale, rank, values[rank], decimals, line_at=ceiling) for rank in shown]
    parts += _path_legend(law, is_provisional=bool(provisional & set(range(first, first + elapsed))))
    return drawing(
        "path",
        "".join(parts),
        size=PATH_SIZE,
        title=wording("sheet", "chart_path", first=first, name=portrait.name),
        desc=wording(
            "sheet",
            "chart_path_desc",
            values=", ".join(
                wording("sheet", "chart_path_value", year=first + rank, value=format_quantity("consumed_ha", value))
                for rank, value in enumerate(real)
            ),
            allowance=format_quantity("allowance_ha", allowance),
            remaining=opened(_remaining(law)),
            projection=wording(
                "sheet", "chart_projection", last=last, amount=format_quantity("projection_ha", projection)
            ),
        ),
    )


class _Scale:
    """Where a rank and a value stand in a chart."""

    def __init__(self, count: int, values: Sequence[float], *, top: float) -> None:
        self.top = top
        self.slot = (RIGHT - LEFT) / max(count, 1)
        self.most = max([value for value in values if math.isfinite(value)], default=0.0) or 1.0

    def left(self, rank: int) -> float:
        return LEFT + self.slot * rank

    def middle(self, rank: int) -> float:
        return self.left(rank) + self.slot / 2

    def y(self, value: float) -> float:
        return BASE - (BASE - self.top - 12) * max(value, 0.0) / self.most


def _bar(scale: _Scale, rank: int, value: float, fill: str) -> str:
    if not math.isfinite(value):
        return ""
    width = scale.slot * BAR_SHARE
    top = scale.y(value)
    return rectangle((scale.middle(rank) - width / 2, top, width, BASE - top), fill=fill, stroke=RECENT)


def _ghost(scale: _Scale, rank: int, value: float) -> str:
    if not math.isfinite(value):
        return ""
    width = scale.slot * BAR_SHARE
    top = scale.y(value)
    box = (scale.middle(rank) - width / 2, top, width, BASE - top)
    return rectangle(box, fill="#fff", stroke=RECENT, dash="3 2")


def _year(scale: _Scale, rank: int, year: int) -> str:
    told = str(year)
    size = min(11.0, 11.0 * scale.slot / (text_width(told) + 5))
    return text(told, (scale.middle(rank), BASE + 12), anchor="middle", size=round(size, 1))


def _value(scale: _Scale, rank: int, value: float, decimals: int, *, line_at: float | None) -> str:
    """Write a value over its bar; where a line would strike it through, which reads as a minus, over the line."""
    told = format_number(value, decimals)
    size = min(11.0, 11.0 * scale.slot / (text_width(told) + 3))
    base = (scale.y(value) if math.isfinite(value) else BASE) - 4
    if line_at is not None and base - size - 1 < line_at < base + 3:
        base = line_at - 4
    return text(told, (scale.middle(rank), base), anchor="middle", size=round(size, 1), kind="value")


def _decimals(values: Sequence[float]) -> int:
    """Choose how many decimals the values of a chart are written with: three figures in all."""
    most = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return 2 if most < 10 else 1 if most < 100 else 0


def _spans(scale: _Scale, years: Sequence[int], regime: Regime) -> list[str]:
    """Mark under the years which make the reference, and which the period."""
    spans = [
        (
            wording("sheet", "chart_reference", first=regime.reference_first_year, last=regime.reference_last_year),
            regime.reference_first_year,
            regime.reference_last_year,
        ),
        (wording("sheet", "chart_since", first=regime.first_year), regime.first_year, regime.last_year),
    ]
    parts = []
    for told, first, last in spans:
        ranks = [rank for rank, year in enumerate(years) if (first or 0) <= year <= (last or 0)]
        if not ranks:
            continue
        left, right = scale.left(ranks[0]) + 2, scale.left(ranks[-1] + 1) - 2
        parts.append(line([(left, BASE + 17), (right, BASE + 17)], colour=INK, width=1.2))
        if text_width(told) <= right - left:
            parts.append(text(told, ((left + right) / 2, BASE + 30), anchor="middle"))
        else:
            parts.append(text(told, (right, BASE + 30), anchor="end"))
    return parts


def _flow_legend(mean: float, regime: Regime, *, is_provisional: bool) -> list[str]:
    parts = []
    at = LEFT
    if math.isfinite(mean):
        told = wording(
            "sheet",
            "chart_mean",
            first=regime.reference_first_year,
            last=regime.reference_last_year,
            mean=amount_told("pace_ha_per_year", mean),
        )
        parts += [line([(at, 7), (at + 22, 7)], colour=INK, width=1.4, dash="5 3"), text(told, (at + 27, 11))]
        at += 37 + text_width(told)
    if is_provisional:
        parts += _hatched_key(at, "flows", 11)
    return parts


def _hatched_key(at: float, name: str, base: float) -> list[str]:
    told = wording("sheet", "chart_provisional")
    return [
        rectangle((at, base - 9, 14, 10), fill=f"url(#{HATCH_ID}-{name})", stroke=RECENT),
        text(told, (at + 19, base)),
    ]


def _flow_desc(told: str, mean: float, regime: Regime, portrait: Portrait) -> str:
    first, last = regime.reference_first_year, regime.reference_last_year
    key = "chart_mean" if math.isfinite(mean) else "chart_mean_missing"
    average = wording("sheet", key, first=first, last=last, mean=format_quantity("pace_ha_per_year", mean))
    provisional = [str(row["year"]) for row in portrait.flows[-MOST_YEARS:] if row["is_provisional"]]
    flag = f" {opened(wording('sheet', 'flag_provisional', years=', '.join(provisional)))}." if provisional else ""
    return wording("sheet", "chart_flows_desc", values=told, mean=f"{opened(average)}.", provisional=flag)


def _cumulated(flows: Sequence[Row], first: int, elapsed: int, consumed: float) -> list[float]:
    """Add flows up; where some do not count (deductions), only the last sum is known."""
    found = {int(row["year"]): number(row, "enaf_consumption_ha") for row in flows}
    yearly = [found.get(first + rank, math.nan) for rank in range(elapsed)]
    sums = [sum(yearly[: rank + 1]) for rank in range(elapsed)]
    if sums and not math.isclose(sums[-1], consumed, abs_tol=1e-6):
        return [*[math.nan] * (elapsed - 1), consumed]
    return sums


def _remaining(law: Row) -> str:
    left = number(law, "remaining_ha")
    if left < 0:
        return wording("sheet", "over", amount=amount_told("remaining_ha", -left))
    return wording("sheet", "chart_remaining", amount=amount_told("remaining_ha", left))


def _path_legend(law: Row, *, is_provisional: bool) -> list[str]:
    allowance = wording("sheet", "chart_allowance", amount=amount_told("allowance_ha", number(law, "allowance_ha")))
    left = _remaining(law)
    parts = [line([(LEFT, 7), (LEFT + 22, 7)], colour=INK, width=2.0), text(allowance, (LEFT + 27, 11))]
    parts.append(text(left, (LEFT + 40 + text_width(allowance), 11), kind="value"))
    projected = wording("sheet", "chart_projected")
    parts += [rectangle((LEFT, 16, 14, 10), fill="#fff", stroke=RECENT, dash="3 2"), text(projected, (LEFT + 19, 25))]
    if is_provisional:
        parts += _hatched_key(LEFT + 34 + text_width(projected), "path", 25)
    return parts
