"""What would the project of a hub take, and how many hectares would be left to its commune, EPCI and SCoT?"""

import math
import re
from collections.abc import Sequence

from hp_sig.maps.hubs.figures import Hub, percent, text_of
from hp_sig.maps.hubs.sheet_allowance import allowance_chart
from hp_sig.maps.hubs.sheet_text import figure, heading, listed, missing, notes
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.sentences import amount_told, told_list
from hp_sig.reference.labels import wording
from hp_sig.reference.regimes import Regime

__all__ = ["commune_row", "take_section", "zones_shown"]

#: Layers of zones that have an allowance, in the order of the page; of each list the latest edition.
LAYERS = ("communes", "epci", "scot")
#: A footprint that spreads over more communes than this shows those that it takes most of.
MOST_COMMUNES = 3
#: What « à » is contracted with: « au Castellet », « aux Mées ».
ARTICLES = ("Le", "Les")
YEAR = re.compile(r"_(\d{4})$")


def take_section(hub: Hub, regime: Regime) -> str:
    """Write what the project would take and what would be left, and always that this is a potential take.

    Parameters
    ----------
    hub
        The hub.
    regime
        The law in force, for its period.
    """
    rows = zones_shown(hub)
    years = {"first": regime.first_year, "last": regime.last_year}
    known = [row for row in rows if math.isfinite(number(row, "allowance_ha"))]
    head = heading(wording("hub_sheet", "take"), [wording("regime", regime.name)] if known else [])
    potential = notes([wording("screening", "potential")])
    sentences = _sentences(hub, rows)
    if hub.is_outside:
        return f'<section class="take">{head}{missing("outside_take")}{potential}</section>'
    if not known:
        body = f"{missing('need_take')}{listed(sentences)}"
        return f'<section class="take">{head}{body}{potential}</section>'
    has_take = any(number(row, "take_in_zone_ha") > 0 for row in rows)
    title = wording("hub_sheet", "take_title" if has_take else "take_title_before", **years)
    chart = figure(allowance_chart(rows, title), wording("hub_sheet", "take_caption", **years))
    told = f"<div>{listed(sentences)}{potential}</div>"
    return f'<section class="take">{head}<div class="halves">{chart}{told}</div></section>'


def zones_shown(hub: Hub) -> list[Row]:
    """Give the rows of the project's communes, then of its intercommunality and SCoT, each of the latest list."""
    rows = []
    for layer in LAYERS:
        found = [row for row in hub.screening if str(row["zone_layer"]).partition("_")[0] == layer]
        latest = max((_year(row) for row in found), default=0)
        found = [row for row in found if _year(row) == latest]
        found.sort(key=lambda row: -_least(number(row, "area_in_zone_ha")))
        rows += found[:MOST_COMMUNES]
    return rows


def commune_row(hub: Hub) -> Row | None:
    """Give the row of the hub's own commune, or of the one its footprint is most in."""
    communes = [row for row in zones_shown(hub) if row["zone_layer"] == "communes"]
    own = [row for row in communes if text_of(row, "zone_code") == hub.commune_code]
    return next(iter([*own, *communes]), None)


def _sentences(hub: Hub, rows: Sequence[Row]) -> list[str]:
    if not hub.screening:
        return []
    area = max((number(row, "footprint_ha") for row in hub.screening), key=_least)
    left = [row for row in rows if number(row, "remaining_before_ha") > 0]
    if not area > 0:
        told = [wording("hub_sheet", "take_no_footprint" if left else "take_no_footprint_alone")]
        shares = [(row, 1 / number(row, "remaining_before_ha")) for row in left]
        return [*told, wording("hub_sheet", "take_lead", shares=_told_shares(shares, rows))] if shares else told
    told = [wording("hub_sheet", "take_footprint", area=amount_told("allowance_ha", area))]
    take, method = _take(hub, rows)
    if math.isnan(take):
        return [*told, wording("hub_sheet", "take_unknown")]
    key = "take_amount" if take > 0 else "take_none"
    words = {"area": amount_told("allowance_ha", take), "method": wording("hub_sheet", f"take_method_{method}")}
    told.append(wording("hub_sheet", key, **words))
    shares = [(row, number(row, "draw_share")) for row in left if number(row, "draw_share") > 0]
    return [*told, wording("hub_sheet", "take_draw", shares=_told_shares(shares, rows))] if shares else told


def _take(hub: Hub, rows: Sequence[Row]) -> tuple[float, str]:
    """Sum the take over all communes of a footprint, shown or not; unknown where that of one of them is."""
    parts = [row for row in hub.screening if row["zone_layer"] == "communes"] or list(rows[:1])
    methods = [text_of(row, "take_method") or "unknown" for row in parts]
    if not parts or "unknown" in methods:
        return math.nan, "unknown"
    worst = "footprint_upper_bound" if "footprint_upper_bound" in methods else methods[0]
    return sum(number(row, "take_in_zone_ha") for row in parts), worst


def _told_shares(shares: Sequence[tuple[Row, float]], rows: Sequence[Row]) -> str:
    """Tell what is left of each zone would go, apart from the zones of which more than all would."""
    within = [(row, share) for row, share in shares if share <= 1]
    told: list[str] = []
    for row, share in within:
        key = "take_share" if told else "take_share_first"
        told.append(wording("hub_sheet", key, share=percent(share), where=_at(row, rows)))
    past = [_at(row, rows) for row, share in shares if share > 1]
    if not past:
        return told_list(told)
    more = wording("hub_sheet", "take_past", zones=told_list(past))
    return wording("hub_sheet", "take_both", shares=told_list(told), past=more) if told else more


def _at(row: Row, rows: Sequence[Row]) -> str:
    layer = str(row["zone_layer"]).partition("_")[0]
    name = str(row["zone_name"])
    article = next((word for word in ARTICLES if name.startswith(f"{word} ")), "")
    is_only = sum(str(other["zone_layer"]) == str(row["zone_layer"]) for other in rows) == 1
    if is_only:
        return wording("hub_sheet", f"take_per_ha_{layer}")
    key = f"take_per_ha_zone_{article.lower()}" if article else "take_per_ha_zone"
    return wording("hub_sheet", key, name=name.removeprefix(article).lstrip())


def _year(row: Row) -> int:
    found = YEAR.search(str(row["zone_layer"]))
    return int(found[1]) if found else 0


def _least(value: float) -> float:
    """Order what is not known before anything."""
    return value if math.isfinite(value) else -1.0
