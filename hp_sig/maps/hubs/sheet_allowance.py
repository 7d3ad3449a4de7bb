"""What does a project take from each allowance, and what is left before and after it, as a chart?"""

import math
from collections.abc import Sequence

from hp_sig.maps.hubs.sheet_charts import cut_to
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.sentences import amount_told
from hp_sig.maps.sheets.svg import HATCH_ID, drawing, hatch, rectangle, text, text_width
from hp_sig.reference.labels import NO_BREAK_SPACE, wording

__all__ = ["allowance_chart"]

INK, OTHER, CONSUMED, TAKE = "#333", "#c9ced3", "#9c4a12", "#c8501e"
#: Width of the chart, in its own units.
WIDTH = 360
#: Bold letters are this much wider than others.
BOLD = 1.12
#: The chart of the allowance: a line of words or two, a bar, a line of figures for each zone.
ZONE_ROW, WORDS_ROW, ALLOWANCE_BAR, KEY_ROW, HEAD, UNDER = 45.0, 14.0, 12.0, 16.0, 11.5, 10.5
#: The mark of a limit that is passed.
LIMIT = "#1c1c1c"


def allowance_chart(rows: Sequence[Row], title: str) -> str:
    """Draw the allowance of each zone: consumed, the project's potential take hatched, what is left.

    Each bar is drawn to its own allowance, so that a commune and its SCoT both read; figures stand under it. What is
    left stands beside the name of the zone, or under it where there is no room for both.

    Parameters
    ----------
    rows
        Of `project_screening`, in order.
    title
        What it shows.
    """
    has_take = any(number(row, "take_in_zone_ha") > 0 for row in rows)
    key, top = _allowance_key(has_take=has_take, is_passed=any(_is_passed(row) for row in rows))
    parts = [hatch("take", TAKE), *key]
    listed = []
    for row in rows:
        name, left, figures = _zone_told(row)
        is_commune = str(row["zone_layer"]) == "communes"
        # A commune is known by its name alone, what else is in the list of the sheet not.
        names = (name, str(row["zone_name"])) if is_commune else (name,)
        room = WIDTH / BOLD - text_width(left, HEAD) - 8
        shown = next((one for one in names if text_width(one, HEAD) <= room), "")
        if shown:
            parts.append(text(left, (WIDTH, top + 11), anchor="end", size=HEAD, kind="value"))
        else:
            parts.append(text(left, (0, top + 11 + WORDS_ROW), size=_fitted(left, HEAD, BOLD), kind="value"))
        parts.append(text(shown or cut_to(name, WIDTH / BOLD, HEAD), (0, top + 11), size=HEAD, kind="value"))
        top += 0 if shown else WORDS_ROW
        parts += _allowance_bar(row, top + 15)
        parts.append(text(figures, (0, top + 39), size=_fitted(figures, UNDER)))
        top += ZONE_ROW
        full = (
            name
            if str(row["zone_name"]) in name
            else wording("hub_sheet", "bar_full", level=name, name=row["zone_name"])
        )
        listed.append(f"{full}{NO_BREAK_SPACE}: {', '.join(filter(None, [figures, left]))}")
    return drawing(
        "allowance",
        "".join(parts),
        size=(WIDTH, math.ceil(top)),
        title=title,
        desc=wording("hub_sheet", "take_desc", values=f"{NO_BREAK_SPACE}; ".join(listed)),
    )


def _allowance_bar(row: Row, top: float) -> list[str]:
    allowance, consumed = number(row, "allowance_ha"), number(row, "consumed_ha")
    if not (math.isfinite(allowance) and math.isfinite(consumed)):
        return [rectangle((0.5, top, WIDTH - 1, ALLOWANCE_BAR), fill="#f3f5f6", stroke=OTHER, dash="3 2")]
    take = number(row, "take_in_zone_ha")
    take = take if take > 0 else 0.0
    whole = max(allowance, consumed + take) or 1.0
    unit = (WIDTH - 1) / whole
    parts = [rectangle((0.5, top, allowance * unit, ALLOWANCE_BAR), fill="#fff", stroke=INK)]
    parts.append(rectangle((0.5, top, consumed * unit, ALLOWANCE_BAR), fill=CONSUMED, stroke=CONSUMED))
    if take:
        box = (0.5 + consumed * unit, top, max(take * unit, 2.0), ALLOWANCE_BAR)
        parts.append(rectangle(box, fill=f"url(#{HATCH_ID}-take)", stroke=TAKE))
    if _is_passed(row):
        parts.append(rectangle((allowance * unit - 1, top - 3, 3, ALLOWANCE_BAR + 6), fill=LIMIT, stroke="#fff"))
    return parts


def _is_passed(row: Row) -> bool:
    """Say whether more is consumed and taken than is allowed; what is not known passes nothing."""
    take = number(row, "take_in_zone_ha")
    return number(row, "consumed_ha") + (take if take > 0 else 0.0) > number(row, "allowance_ha")


def _allowance_key(*, has_take: bool, is_passed: bool) -> tuple[list[str], float]:
    """Draw what the colours are, on as many lines as they need, and tell where the key ends."""
    keys = [("key_consumed", CONSUMED, CONSUMED, 14)]
    keys += [("key_take", f"url(#{HATCH_ID}-take)", TAKE, 14)] if has_take else []
    keys += [("key_left", "#fff", INK, 14)]
    keys += [("key_over", LIMIT, LIMIT, 3)] if is_passed else []
    parts, at, top = [], 0.5, 0.0
    for key, fill, stroke, width in keys:
        told = wording("hub_sheet", key)
        end = at + width + 5 + text_width(told, UNDER)
        if end > WIDTH:
            at, end, top = 0.5, end - at + 0.5, top + KEY_ROW
        box = (at, top + 2, width, 10)
        parts += [rectangle(box, fill=fill, stroke=stroke), text(told, (at + width + 5, top + 11), size=UNDER)]
        at = end + 15
    return parts, top + KEY_ROW + 3


def _fitted(told: str, size: float, weight: float = 1.0) -> float:
    """Give the size at which a text fits in the width of the chart: its own, or a smaller one."""
    return size * min(1.0, WIDTH / max(weight * text_width(told, size), 1.0))


def _zone_told(row: Row) -> tuple[str, str, str]:
    """Name a zone, tell what is left (before, and after where there is a take), and list its figures."""
    layer = str(row["zone_layer"]).partition("_")[0]
    known = layer if layer in {"communes", "epci", "scot"} else "zone"
    name = wording("hub_sheet", f"bar_{known}", name=row["zone_name"])
    allowance, consumed = number(row, "allowance_ha"), number(row, "consumed_ha")
    before, after = number(row, "remaining_before_ha"), number(row, "remaining_after_ha")
    take = number(row, "take_in_zone_ha")
    if not math.isfinite(allowance) or not math.isfinite(before):
        return name, wording("hub_sheet", "bar_unknown"), ""
    end = after if take > 0 and math.isfinite(after) else before
    words = {
        "allowance": _hectares(allowance),
        "consumed": _hectares(consumed),
        "take": _hectares(take),
    }
    left = wording("hub_sheet", "bar_left", before=amount_told("remaining_ha", before))
    if end < 0:
        amounts = {"before": amount_told("remaining_ha", before), "amount": amount_told("remaining_ha", -end)}
        left = wording("hub_sheet", "bar_left_over" if before > 0 else "bar_over", **amounts)
    elif take > 0:
        amounts = {"before": amount_told("remaining_ha", before), "after": amount_told("remaining_ha", end)}
        left = wording("hub_sheet", "bar_left_after", **amounts)
    return name, left, wording("hub_sheet", "bar_figures_take" if take > 0 else "bar_figures", **words)


def _hectares(value: float) -> str:
    """Write hectares without their unit, which stands in the caption."""
    return amount_told("remaining_ha", value).removesuffix(f"{NO_BREAK_SPACE}ha")
