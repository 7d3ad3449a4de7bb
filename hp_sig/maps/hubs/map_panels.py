"""Which figures stand beside the map of a hub: who reaches it, and on what land?"""

import math
from collections.abc import Mapping

from hp_sig.maps.hubs.figures import Hub, about, percent, text_of
from hp_sig.maps.overlays import Line
from hp_sig.maps.panels import Bar, Grid, GridRow, Panel, Part
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.sentences import amount_told
from hp_sig.reference.labels import format_number, wording

__all__ = ["as_the_crow_flies", "hectares", "land_panel", "reach_panel"]

#: A commune is told to be cut off where so few of those who live in the circle reach the hub, and so many do not.
CUT_SHARE, CUT_PEOPLE = 0.5, 50
#: Under this share, what lies out of the territory is not told.
OUTSIDE_SHARE = 0.01
#: Kinds of cover are told from the largest, up to that many.
COVERS = 4
MINUS = "\u2212"
SEALED, ARTIFICIALISED, OPEN = "#4a4a4a", "#c98a5b", "#dcebd2"
#: As planning documents are drawn: urban red, to be built orange, farmed yellow, natural green; nothing told, grey.
ZONES = {"U": "#c9553f", "AU": "#f2ab74", "A": "#f5e08a", "N": "#6fae7f"}
UNZONED = "#d9dde1"
#: Columns of the table of a mode, what they are called, how they are told.
COLUMNS = ("population", "households", "jobs", "catchment_ha", "crow_fly_share")


def hectares(value: float) -> str:
    """Write the area of a footprint, a take or an allowance, as the sheet of a hub does; a true minus where it is due.

    >>> hectares(2.25).replace("\u00a0", " "), hectares(-46.7).replace("\u00a0", " ").replace("\u2212", "minus ")
    ('2,25 ha', 'minus 46,70 ha')
    """
    return amount_told("remaining_ha", value).replace("-", MINUS)


def as_the_crow_flies(hub: Hub) -> str:
    """Give the end of the wordings about what is near a hub: around a point a circle, around a footprint none."""
    return "_footprint" if text_of(hub.place, "scale") == "footprint" else ""


def reach_panel(hub: Hub, mode: str, looks: Mapping[int, Line]) -> Panel | None:
    """Tell who reaches a hub by a mode; None where no catchment is known.

    Parameters
    ----------
    looks
        Minutes → fill on the map.
    """
    rows = [row for row in hub.catchments if row["mode"] == mode]
    if not rows:
        return None
    longest = rows[-1]
    words = {"minutes": int(longest["minutes"]), "mode": wording("hub_sheet", f"mode_{mode}")}
    crow = as_the_crow_flies(hub)
    is_outside = _is_outside(longest)
    # Nobody is counted out of the territory: nought would be false.
    columns = COLUMNS[-2:] if is_outside else COLUMNS
    known = [name for name in columns if any(math.isfinite(number(row, name)) for row in rows)]
    grid = Grid(
        corner=wording("hub_map", "corner"),
        columns=[wording("hub_map", f"column_{name}{crow if name == COLUMNS[-1] else ''}") for name in known],
        rows=[
            GridRow(
                label=wording("hub_map", "tag", minutes=int(row["minutes"])),
                cells=[_cell(row, name) for name in known],
                key=looks.get(int(row["minutes"])),
            )
            for row in rows
        ],
    )
    people, circle = number(longest, "population"), number(longest, "crow_fly_population")
    sentences = []
    if math.isfinite(ratio := number(longest, "crow_fly_share")):
        told = wording("hub_map", f"ratio{crow}", share=percent(ratio), **words)
        if math.isfinite(circle) and not is_outside:
            # Less than half a person is nobody.
            key = "none" if round(circle) == 0 else "one" if round(circle) == 1 else "people"
            told += " " + wording("hub_map", f"circle_{key}{crow}", count=about(circle))
        sentences.append(told)
    sentences += _barrier(hub, longest, words)
    if (outside := number(longest, "outside_share")) >= OUTSIDE_SHARE and not is_outside:
        sentences.append(wording("hub_map", "outside", share=percent(outside), **words))
    return Panel(
        heading=wording("hub_map", "reach", mode=words["mode"]),
        lead=wording("hub_map", "lead_outside", **words) if is_outside else _lead(people, words),
        grid=grid,
        sentences=sentences,
        note="" if is_outside else _method(longest),
    )


def _lead(people: float, words: Mapping[str, object]) -> str:
    if not math.isfinite(people):
        return ""
    key = "lead_none" if people == 0 else "lead_one" if round(people) <= 1 else "lead"
    return wording("hub_map", key, count=about(people), **words)


def _cell(row: Row, name: str) -> str:
    value = number(row, name)
    if name == "crow_fly_share":
        return percent(value) if math.isfinite(value) else about(value)
    return format_number(value) if name == "catchment_ha" else about(value)


def _barrier(hub: Hub, catchment: Row, words: Mapping[str, object]) -> list[str]:
    """Tell the commune of which most inhabitants live in the circle and do not reach the hub."""
    gaps = []
    for place in hub.of(hub.places, catchment):
        circle, reached = number(place, "crow_fly_population"), number(place, "population")
        if circle - reached >= CUT_PEOPLE and reached < CUT_SHARE * circle:
            gaps.append((circle - reached, circle, reached, text_of(place, "commune_name")))
    if not gaps:
        return []
    _, circle, reached, name = max(gaps)
    key = "barrier_none" if round(reached) == 0 else "barrier"
    people = {"circle": about(circle), "reached": about(reached)}
    return [wording("hub_map", f"{key}{as_the_crow_flies(hub)}", name=name, **people, **words)]


def _method(catchment: Row) -> str:
    """Say what the estimates rest on."""
    told = [wording("hub_map", "estimates")]
    year = number(catchment, "population_year")
    if residents := text_of(catchment, "residents_method"):
        when = f"{year:.0f}" if math.isfinite(year) else ""
        key = "residents" if when else "residents_undated"
        told.append(wording("hub_map", key, year=when, method=_spread(residents)))
    if math.isfinite(number(catchment, "jobs")) and (jobs := text_of(catchment, "jobs_method")):
        told.append(wording("hub_map", "jobs", method=_spread(jobs)))
    return " ".join(told)


def _spread(method: str) -> str:
    return ", ".join(wording("hub_sheet", f"spread_{one}") for one in method.split(" + "))


def land_panel(hub: Hub, mode: str, *, has_cover: bool) -> Panel | None:
    """Tell the land inside the longest time of a mode, or why it is not known; None where no catchment is known.

    Parameters
    ----------
    has_cover
        Whether a land cover is there, wherever it lies.
    """
    rows = [row for row in hub.catchments if row["mode"] == mode]
    if not rows:
        return None
    longest = rows[-1]
    land = hub.of(hub.land, longest)
    inside = number(longest, "catchment_ha") * (1 - (_finite(number(longest, "outside_share")) or 0.0))
    bars = [bar for bar in (_artificialised(longest, inside), _zoning(land)) if bar is not None]
    covers = sorted((row for row in land if row["axis"] == "cover"), key=lambda row: -number(row, "area_ha"))[:COVERS]
    return Panel(
        heading=wording("hub_map", "land", minutes=int(longest["minutes"]), mode=wording("hub_sheet", f"mode_{mode}")),
        sentences=[] if bars or covers else [_no_land(longest, has_cover=has_cover)],
        bars=bars,
        rows=[(text_of(row, "class_name"), _amount(number(row, "area_ha"), number(row, "share"))) for row in covers],
    )


def _no_land(catchment: Row, *, has_cover: bool) -> str:
    if _is_outside(catchment):
        return wording("hub_map", "land_outside")
    return wording("hub_map", "land_undescribed") if has_cover else wording("hub_sheet", "need_land")


def _is_outside(catchment: Row) -> bool:
    """Tell a catchment that lies out of the territory, as far as a whole percentage can tell."""
    return number(catchment, "outside_share") > 1 - OUTSIDE_SHARE


def _artificialised(catchment: Row, inside: float) -> Bar | None:
    whole, sealed = number(catchment, "artificialised_ha"), number(catchment, "sealed_ha")
    if not math.isfinite(whole):
        return None
    rest = max(inside - whole, 0.0)
    pieces = [("artificialised", whole, ARTIFICIALISED), ("open", rest, OPEN)]
    if math.isfinite(sealed):
        pieces[:1] = [("sealed", sealed, SEALED), ("artificialised_other", max(whole - sealed, 0.0), ARTIFICIALISED)]
    vintages = text_of(catchment, "vintages")
    label = wording("hub_map", "artificialisation", share=percent(whole / inside) if inside else "")
    return Bar(
        label=f"{label} ({vintages})" if vintages else label,
        parts=[
            Part(
                label=wording("hub_map", "part", name=wording("hub_map", name), amount=amount_told("area_ha", size)),
                amount=size,
                colour=colour,
            )
            for name, size, colour in pieces
            if round(size, 1) > 0
        ],
    )


def _zoning(land: list[Row]) -> Bar | None:
    rows = [row for row in land if row["axis"] == "zoning" and number(row, "area_ha") > 0]
    if not rows:
        return None
    order = list(ZONES)
    rows.sort(key=lambda row: order.index(row["class_code"]) if row["class_code"] in ZONES else len(order))
    return Bar(
        label=wording("hub_map", "zoning"),
        parts=[
            Part(
                label=wording(
                    "hub_map",
                    "part",
                    name=text_of(row, "class_name") or text_of(row, "class_code"),
                    amount=_amount(number(row, "area_ha"), number(row, "share")),
                ),
                amount=number(row, "area_ha"),
                colour=ZONES.get(row["class_code"], UNZONED),
            )
            for row in rows
        ],
    )


def _amount(area: float, share: float) -> str:
    told = amount_told("area_ha", area)
    return f"{told} ({percent(share)})" if math.isfinite(share) else told


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
