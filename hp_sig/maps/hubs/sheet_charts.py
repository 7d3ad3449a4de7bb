"""How do a hub's passengers and its land look on paper?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hp_sig.maps.hubs.figures import Hub, text_of
from hp_sig.maps.hubs.sheet_text import zone_word
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.sentences import amount_told
from hp_sig.maps.sheets.svg import drawing, rectangle, text, text_width
from hp_sig.reference.labels import NO_BREAK_SPACE, format_number, wording
from hp_sig.reference.nomenclature import colour, cover_codes, cover_label, roll_up

__all__ = ["LandBar", "cover_bars", "cut_to", "land_chart", "ridership_chart", "zoning_bars"]

INK, BAR = "#333", "#27496d"
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


def _share(bar: LandBar) -> str:
    return amount_told("share_of_zone", bar.share)


def _short(name: str) -> str:
    """Name a class without its examples, in as many of its words as its column has room for."""
    return cut_to(name.split(" (", maxsplit=1)[0], NAME_RIGHT - GAP, SIZE)


def cut_to(name: str, room: float, size: float) -> str:
    """Write as many words of a name as there is room for, at the size of its letters.

    >>> cut_to("Surfaces d'eau et glaciers", 100.0, 11.0)
    "Surfaces d'eau…"
    """
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
