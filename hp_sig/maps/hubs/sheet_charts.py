"""How do a hub's passengers, its land and the allowance before and after its project look on paper?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hp_sig.maps.hubs.figures import Hub, text_of
from hp_sig.maps.hubs.sheet_text import zone_word
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.sentences import amount_told
from hp_sig.maps.sheets.svg import HATCH_ID, drawing, hatch, rectangle, text, text_width
from hp_sig.reference.labels import NO_BREAK_SPACE, format_number, wording
from hp_sig.reference.nomenclature import colour, cover_codes, cover_label, roll_up

__all__ = ["LandBar", "allowance_chart", "cover_bars", "land_chart", "ridership_chart", "zoning_bars"]

INK, BAR, CONSUMED, TAKE = "#333", "#27496d", "#9c4a12", "#c8501e"
#: The chart of passengers.
RIDERS_SIZE, RIDERS_BASE, BAR_SHARE = (400, 114), 96.0, 0.74
#: The charts of land: a row a class, its name, its bar, its figures.
WIDTH, ROW, NAME_RIGHT, BAR_RIGHT, SIZE, GAP = 360, 16, 182.0, 238.0, 11.0, 2.0
#: Classes of cover are told at this level of the nomenclature, and this many of them.
LEVEL, MOST_CLASSES = 3, 6
#: A smaller share is not shown beside its hectares.
LEAST_SHARE = 0.0005
#: Kinds of planning zones in their order; a carte communale only tells where one may build.
ZONING = {
    "U": "#d7191c",
    "CC_constructible": "#d7191c",
    "CC_activity": "#a6611a",
    "AU": "#fdae61",
    "A": "#ffffb2",
    "N": "#4dac26",
    "CC_non_constructible": "#b8e186",
}
OTHER = "#c9ced3"
#: Land that no class of cover describes.
UNDESCRIBED = ""
#: Bold letters are this much wider than others.
BOLD = 1.12
#: The chart of the allowance: a line of words, a bar, a line of figures for each zone.
ZONE_ROW, ALLOWANCE_BAR, KEY, HEAD, UNDER = 45.0, 12.0, 19.0, 11.5, 10.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LandBar:
    """A class of land: what it is called, its hectares, its share of the catchment and its colour."""

    name: str
    area_ha: float
    share: float
    fill: str


def ridership_chart(hub: Hub) -> str:
    """Draw a bar a year, its passengers over it, a dash where a year between two others is not known.

    Parameters
    ----------
    hub
        A hub whose station's passengers are known for a year at least.
    """
    years = list(range(min(hub.ridership), max(hub.ridership) + 1))
    values = [hub.ridership.get(year, math.nan) for year in years]
    most = max([value for value in values if math.isfinite(value)], default=0.0) or 1.0
    slot = RIDERS_SIZE[0] / len(years)
    width = min(slot * BAR_SHARE, 60.0)
    size = min(11.5, 11.5 * slot / (max(text_width(format_number(value), 11.5) for value in values) + 4))
    parts = []
    for rank, (year, value) in enumerate(zip(years, values, strict=True)):
        middle = slot * (rank + 0.5)
        height = (RIDERS_BASE - 20) * value / most if math.isfinite(value) else 0.0
        if height:
            parts.append(rectangle((middle - width / 2, RIDERS_BASE - height, width, height), fill=BAR))
        parts.append(
            text(format_number(value), (middle, RIDERS_BASE - height - 4), anchor="middle", size=size, kind="value")
        )
        parts.append(text(str(year), (middle, RIDERS_BASE + 14), anchor="middle", size=min(11.5, size + 1)))
    listed = ", ".join(
        wording("hub_sheet", "ridership_value", year=year, value=format_number(value))
        for year, value in zip(years, values, strict=True)
    )
    return drawing(
        "riders",
        "".join(parts),
        size=RIDERS_SIZE,
        title=wording("hub_sheet", "ridership_title", name=hub.station_name),
        desc=wording("hub_sheet", "ridership_desc", values=listed),
    )


def cover_bars(rows: Sequence[Row]) -> list[LandBar]:
    """Sum cover by group of classes, the largest first; what is past the first few is one bar.

    Parameters
    ----------
    rows
        Of the axis `cover`, of one catchment.
    """
    known = frozenset(cover_codes())
    sums: dict[str, tuple[float, float]] = {}
    for row in rows:
        if number(row, "area_ha") > 0:
            code = roll_up(row["class_code"], LEVEL) if row["class_code"] in known else UNDESCRIBED
            area, share = sums.get(code, (0.0, 0.0))
            sums[code] = (area + number(row, "area_ha"), share + number(row, "share"))
    ordered = sorted(sums.items(), key=lambda item: -item[1][0])
    # One more fits in the place of a bar of the rest that would stand for it alone.
    kept = ordered if len(ordered) <= MOST_CLASSES else ordered[: MOST_CLASSES - 1]
    bars = [
        LandBar(name=_cover_name(code), area_ha=area, share=share, fill=OTHER if code == UNDESCRIBED else colour(code))
        for code, (area, share) in kept
    ]
    rest = [value for _, value in ordered[len(kept) :]]
    if rest:
        area, share = (sum(value[rank] for value in rest) for rank in (0, 1))
        bars.append(LandBar(name=wording("hub_sheet", "land_other"), area_ha=area, share=share, fill=OTHER))
    return bars


def _cover_name(code: str) -> str:
    return wording("hub_sheet", "land_undescribed") if code == UNDESCRIBED else cover_label(code)


def zoning_bars(rows: Sequence[Row]) -> list[LandBar]:
    """Give a bar a kind of planning zone, in the order of the code, and one for land of no known zone.

    Parameters
    ----------
    rows
        Of the axis `zoning`, of one catchment.
    """
    bars = []
    for row in sorted(rows, key=lambda row: _zoning_rank(row["class_code"])):
        code = text_of(row, "class_code")
        told = zone_word(code) or text_of(row, "class_name") or wording("hub_sheet", "land_uncovered")
        if number(row, "area_ha") > 0:
            fill = ZONING.get(code, OTHER)
            bars.append(LandBar(name=told, area_ha=number(row, "area_ha"), share=number(row, "share"), fill=fill))
    return bars


def land_chart(name: str, bars: Sequence[LandBar], title: str) -> str:
    """Draw classes of land, each with its hectares and its share.

    Parameters
    ----------
    name
        Identifier of the drawing, unique on the page.
    bars
        One at least.
    title
        What it shows.
    """
    most = max(bar.share for bar in bars)
    parts = []
    for rank, bar in enumerate(bars):
        base = ROW * rank + 13
        width = max((BAR_RIGHT - NAME_RIGHT) * bar.share / most, 1.0) if most > 0 else 1.0
        parts.append(text(_short(bar.name), (0, base), size=SIZE))
        parts.append(rectangle((NAME_RIGHT, base - 10, width, 12), fill=bar.fill, stroke=INK))
        area = amount_told("area_ha", bar.area_ha)
        # There is no room for two « moins de ».
        told = area if bar.share < LEAST_SHARE else wording("hub_sheet", "land_bar", area=area, share=_share(bar))
        parts.append(text(told, (NAME_RIGHT + width + 6, base), size=SIZE, kind="value"))
    listed = f"{NO_BREAK_SPACE}; ".join(
        wording("hub_sheet", "land_value", name=bar.name, area=amount_told("area_ha", bar.area_ha), share=_share(bar))
        for bar in bars
    )
    desc = wording("hub_sheet", "land_desc", values=listed)
    return drawing(name, "".join(parts), size=(WIDTH, ROW * len(bars) + 4), title=title, desc=desc)


def allowance_chart(rows: Sequence[Row], title: str) -> str:
    """Draw the allowance of each zone: consumed, the project's potential take hatched, what is left.

    Each bar is drawn to its own allowance, so that a commune and its SCoT both read; figures stand under it.

    Parameters
    ----------
    rows
        Of `project_screening`, in order.
    title
        What it shows.
    """
    has_take = any(number(row, "take_in_zone_ha") > 0 for row in rows)
    parts = [hatch("take", TAKE), *_allowance_key(has_take=has_take)]
    listed = []
    for rank, row in enumerate(rows):
        top = KEY + ZONE_ROW * rank
        name, left, figures = _zone_told(row)
        room = (WIDTH - BOLD * text_width(left, HEAD) - 8) / BOLD
        # The name in full, or alone, or what the zone is, whichever has room.
        names = (name, str(row["zone_name"]))
        shown = next((one for one in names if text_width(one, HEAD) <= room), _level(row) or _cut_to(name, room, HEAD))
        parts.append(text(shown, (0, top + 11), size=HEAD, kind="value"))
        parts.append(text(left, (WIDTH, top + 11), anchor="end", size=HEAD, kind="value"))
        parts += _allowance_bar(row, top + 15)
        parts.append(text(figures, (0, top + 39), size=UNDER))
        full = (
            name
            if str(row["zone_name"]) in name
            else wording("hub_sheet", "bar_full", level=name, name=row["zone_name"])
        )
        listed.append(f"{full}{NO_BREAK_SPACE}: {', '.join(filter(None, [figures, left]))}")
    return drawing(
        "allowance",
        "".join(parts),
        size=(WIDTH, math.ceil(KEY + ZONE_ROW * len(rows))),
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
    if consumed + take > allowance:
        # The limit that is passed.
        parts.append(rectangle((allowance * unit - 1, top - 3, 3, ALLOWANCE_BAR + 6), fill="#1c1c1c", stroke="#fff"))
    return parts


def _allowance_key(*, has_take: bool) -> list[str]:
    parts, at = [], 0.5
    keys = [("key_consumed", CONSUMED, CONSUMED)]
    keys += [("key_take", f"url(#{HATCH_ID}-take)", TAKE)] if has_take else []
    for key, fill, stroke in [*keys, ("key_left", "#fff", INK)]:
        told = wording("hub_sheet", key)
        parts += [rectangle((at, 2, 14, 10), fill=fill, stroke=stroke), text(told, (at + 19, 11), size=10.5)]
        at += 34 + text_width(told, 10.5)
    return parts


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


def _level(row: Row) -> str:
    """Say what a zone is, where it is one of the three that everybody knows."""
    layer = str(row["zone_layer"]).partition("_")[0]
    known = {"communes": "zone_commune", "epci": "zone_epci", "scot": "zone_scot"}
    return wording("hub_map", known[layer]) if layer in known else ""


def _hectares(value: float) -> str:
    """Write hectares without their unit, which stands in the caption."""
    return amount_told("remaining_ha", value).removesuffix(f"{NO_BREAK_SPACE}ha")


def _share(bar: LandBar) -> str:
    return amount_told("share_of_zone", bar.share)


def _short(name: str) -> str:
    """Name a class without its examples, in as many of its words as its column has room for."""
    return _cut_to(name.split(" (", maxsplit=1)[0], NAME_RIGHT - GAP, SIZE)


def _cut_to(name: str, room: float, size: float) -> str:
    words = name.split(" ")
    told = name
    while text_width(told, size) > room and len(words) > 1:
        # « et » or « à » alone tells nothing.
        words = words[: -2 if len(words) > 2 and len(words[-2]) <= len("et") else -1]
        told = f"{' '.join(words)}…"
    return told


def _zoning_rank(code: object) -> tuple[int, str]:
    order = list(ZONING)
    return (order.index(code), code) if isinstance(code, str) and code in order else (len(order), str(code))
