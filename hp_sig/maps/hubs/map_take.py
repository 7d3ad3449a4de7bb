"""What would the project of a hub take, and what would be left to consume, beside its map?"""

import math

from hp_sig.maps.hubs.figures import Hub, text_of
from hp_sig.maps.hubs.map_panels import hectares
from hp_sig.maps.hubs.sheet_take import zones_shown
from hp_sig.maps.panels import Bar, Panel, Part
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.reference.labels import wording
from hp_sig.reference.regimes import Regime

__all__ = ["allowance_panel"]

CONSUMED, TAKE, LEFT, OVER = "#5b6470", "#b3001b", "#c9e4d3", "#7a0010"
COMMUNES = "communes"


def allowance_panel(hub: Hub, regime: Regime, *, has_flows: bool) -> Panel:
    """Tell what the project would take, and draw on each allowance, before and after, or why that is not told.

    Parameters
    ----------
    regime
        The law in force, for its period.
    has_flows
        Whether the file that allowances are made of is there.
    """
    rows = [row for row in zones_shown(hub) if math.isfinite(number(row, "allowance_ha"))]
    sentences = _take_told(hub)
    if not rows:
        sentences.append(_no_allowance(hub, has_flows=has_flows))
    sentences.append(wording("screening", "potential"))
    return Panel(
        heading=wording("hub_map", "allowance"), bars=[_allowance(row, regime) for row in rows], sentences=sentences
    )


def _no_allowance(hub: Hub, *, has_flows: bool) -> str:
    if not hub.commune_name:
        return wording("hub_map", "no_allowance_outside")
    return wording("hub_map", "no_allowance") if has_flows else wording("hub_sheet", "need_take")


def _take_told(hub: Hub) -> list[str]:
    """Say how large the footprint is, what the project would take of it, and what that rests on."""
    if not hub.screening:
        return []
    areas = [area for row in hub.screening if (area := number(row, "footprint_ha")) > 0]
    if not areas:
        return [wording("hub_map", "no_footprint")]
    footprint = hectares(max(areas))
    # A footprint takes of each commune that it lies in, whatever is shown of them.
    parts = [row for row in hub.screening if row["zone_layer"] == COMMUNES] or list(hub.screening[:1])
    take = sum(number(row, "take_in_zone_ha") for row in parts)
    if not math.isfinite(take):
        return [wording("hub_map", "take_unknown", area=footprint)]
    is_bound = any("footprint_upper_bound" in text_of(row, "take_method") for row in parts)
    key = "take_none" if take == 0 else "take_bound" if is_bound else "take_told"
    return [wording("hub_map", key, area=footprint, take=hectares(take))]


def _allowance(row: Row, regime: Regime) -> Bar:
    """Draw an allowance: consumed, then what would be taken, then what is left, or by how much it is exceeded."""
    allowance, consumed = number(row, "allowance_ha"), number(row, "consumed_ha")
    take = number(row, "take_in_zone_ha")
    layer = text_of(row, "zone_layer").partition("_")[0]
    kind = layer if layer in {COMMUNES, "epci", "scot"} else "zone"
    name = wording("hub_map", f"allowance_{kind}", name=text_of(row, "zone_name"))
    years = {"first": regime.first_year, "last": regime.last_year}
    label = wording("hub_map", "allowance_of", name=name, amount=hectares(allowance), **years)
    if not math.isfinite(consumed):
        return Bar(label=label, parts=[_part("consumed_unknown", allowance, LEFT)])
    parts = [_part("consumed", min(consumed, allowance), CONSUMED, told=consumed)]
    known = math.isfinite(take)
    before = _first_known(number(row, "remaining_before_ha"), allowance - consumed)
    drawn = min(take, max(before, 0.0)) if known else 0.0
    if known:
        parts.append(_part("take", drawn, TAKE, told=take, hatched=True))
    # As the table has it: the sheet tells the same hundredths.
    after = _first_known(number(row, "remaining_after_ha"), before - take) if known else before
    if after < 0:
        parts.append(_part("over", -after, OVER))
    else:
        parts.append(_part("left_after" if known else "left", after, LEFT))
    return Bar(label=label, parts=parts)


def _part(name: str, amount: float, colour: str, *, told: float | None = None, hatched: bool = False) -> Part:
    text = wording("hub_map", "part", name=wording("hub_map", name), amount=hectares(amount if told is None else told))
    return Part(label=text, amount=amount, colour=colour, is_hatched=hatched)


def _first_known(value: float, other: float) -> float:
    return value if math.isfinite(value) else other
