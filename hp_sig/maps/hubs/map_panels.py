"""Which figures stand beside the map of a hub: who reaches it, on what land, and what would be left to consume?"""

import math
from collections.abc import Mapping

from hp_sig.maps.hubs.figures import Hub, about, percent, text_of
from hp_sig.maps.hubs.sheet_take import zones_shown
from hp_sig.maps.overlays import Line
from hp_sig.maps.panels import Bar, Grid, GridRow, Panel, Part
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.reference.labels import NO_BREAK_SPACE, format_number, wording
from hp_sig.reference.regimes import Regime

__all__ = ["allowance_panel", "hectares", "land_panel", "metres", "reach_panel"]

#: A commune is told to be cut off where so few of those who live in the circle reach the hub, and so many do not.
CUT_SHARE, CUT_PEOPLE = 0.5, 50
#: Under this share, what lies out of the territory is not told.
OUTSIDE_SHARE = 0.01
#: Kinds of cover are told from the largest, up to that many.
COVERS = 4
CONSUMED, TAKE, LEFT, OVER = "#5b6470", "#b3001b", "#c9e4d3", "#7a0010"
SEALED, ARTIFICIALISED, OPEN = "#4a4a4a", "#c98a5b", "#dcebd2"
#: As planning documents are drawn: urban red, to be built orange, farmed yellow, natural green; nothing told, grey.
ZONES = {"U": "#c9553f", "AU": "#f2ab74", "A": "#f5e08a", "N": "#6fae7f"}
UNZONED = "#d9dde1"
#: Columns of the table of a mode, what they are called, how they are told.
COLUMNS = ("population", "households", "jobs", "catchment_ha", "crow_fly_share")


def hectares(value: float) -> str:
    """Write an area as a reader can use it: tenths of a hectare under 100.

    >>> hectares(12.34).replace("\u00a0", " "), hectares(123.4).replace("\u00a0", " "), hectares(float("nan"))
    ('12,3 ha', '123 ha', '–')
    """
    text = format_number(value, 1 if abs(round(value, 1)) < 100 else 0)
    return f"{text}{NO_BREAK_SPACE}ha" if math.isfinite(value) else text


def metres(value: float) -> str:
    """Write a distance: tens of metres under a kilometre, tenths of a kilometre beyond.

    >>> metres(124.0).replace("\u00a0", " "), metres(1240.0).replace("\u00a0", " ")
    ('120 m', '1,2 km')
    """
    far = round(value, -1) >= 1000
    told = format_number(value / 1000, 1) if far else format_number(round(value, -1))
    return wording("hub_sheet", "distance_km" if far else "distance_m", value=told)


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
    known = [name for name in COLUMNS if any(math.isfinite(number(row, name)) for row in rows)]
    grid = Grid(
        corner=wording("hub_map", "corner"),
        columns=[wording("hub_map", f"column_{name}") for name in known],
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
        told = wording("hub_map", "ratio", share=percent(ratio), **words)
        if math.isfinite(circle):
            told += " " + wording("hub_map", "circle_people", count=about(circle))
        sentences.append(told)
    sentences += _barrier(hub, longest, words)
    if (outside := number(longest, "outside_share")) >= OUTSIDE_SHARE:
        sentences.append(wording("hub_map", "outside", share=percent(outside), **words))
    return Panel(
        heading=wording("hub_map", "reach", mode=words["mode"]),
        lead=_lead(people, words),
        grid=grid,
        sentences=sentences,
        note=_method(longest),
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
    return [wording("hub_map", key, name=name, circle=about(circle), reached=about(reached), **words)]


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


def land_panel(hub: Hub, mode: str) -> Panel | None:
    """Tell the land inside the longest time of a mode, or what it would take to; None where no catchment is known."""
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
        sentences=[] if bars or covers else [wording("hub_sheet", "need_land")],
        bars=bars,
        rows=[(text_of(row, "class_name"), _amount(number(row, "area_ha"), number(row, "share"))) for row in covers],
    )


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
                label=wording("hub_map", "part", name=wording("hub_map", name), amount=hectares(size)),
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
    return f"{hectares(area)} ({percent(share)})" if math.isfinite(share) else hectares(area)


def allowance_panel(hub: Hub, regime: Regime) -> Panel:
    """Tell what the project would draw on each allowance, before and after, or what it would take to tell it.

    Parameters
    ----------
    regime
        The law in force, for its period.
    """
    rows = [row for row in zones_shown(hub) if math.isfinite(number(row, "allowance_ha"))]
    if not rows:
        missing = [wording("hub_sheet", "need_take"), wording("screening", "potential")]
        return Panel(heading=wording("hub_map", "allowance"), sentences=missing)
    sentences = []
    takes = [number(row, "take_in_zone_ha") for row in rows]
    if not any(map(math.isfinite, takes)):
        footprint = math.isfinite(number(rows[0], "footprint_ha"))
        sentences.append(wording("hub_map", "take_unknown" if footprint else "no_footprint"))
    elif any("footprint_upper_bound" in text_of(row, "take_method") for row in rows):
        sentences.append(wording("hub_map", "upper_bound"))
    sentences.append(wording("screening", "potential"))
    return Panel(
        heading=wording("hub_map", "allowance"), bars=[_allowance(row, regime) for row in rows], sentences=sentences
    )


def _allowance(row: Row, regime: Regime) -> Bar:
    """Draw an allowance: consumed, then what would be taken, then what is left, or by how much it is exceeded."""
    allowance, consumed = number(row, "allowance_ha"), number(row, "consumed_ha")
    take = number(row, "take_in_zone_ha")
    layer = text_of(row, "zone_layer").partition("_")[0]
    kind = layer if layer in {"communes", "epci", "scot"} else "zone"
    name = wording("hub_map", f"allowance_{kind}", name=text_of(row, "zone_name"))
    years = {"first": regime.first_year, "last": regime.last_year}
    label = wording("hub_map", "allowance_of", name=name, amount=hectares(allowance), **years)
    if not math.isfinite(consumed):
        return Bar(label=label, parts=[_part("consumed_unknown", allowance, LEFT)])
    parts = [_part("consumed", min(consumed, allowance), CONSUMED, told=consumed)]
    before = max(allowance - consumed, 0.0)
    known = math.isfinite(take)
    drawn = min(take, before) if known else 0.0
    if known:
        parts.append(_part("take", drawn, TAKE, told=take, hatched=True))
    left = before - drawn
    over = consumed + (take if known else 0.0) - allowance
    if over > 0:
        parts.append(_part("over", over, OVER))
    else:
        parts.append(_part("left_after" if known else "left", left, LEFT))
    return Bar(label=label, parts=parts)


def _part(name: str, amount: float, colour: str, *, told: float | None = None, hatched: bool = False) -> Part:
    text = wording("hub_map", "part", name=wording("hub_map", name), amount=hectares(amount if told is None else told))
    return Part(label=text, amount=amount, colour=colour, is_hatched=hatched)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
