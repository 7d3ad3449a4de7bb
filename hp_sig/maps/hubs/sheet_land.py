"""What land lies within a short walk of a hub: its cover, what is built or sealed, what plans make of it?"""

import math

from hp_sig.maps.hubs.figures import Hub, percent, text_of
from hp_sig.maps.hubs.sheet_charts import LandBar, cover_bars, land_chart, zoning_bars
from hp_sig.maps.hubs.sheet_sentences import main_catchment, mode_word
from hp_sig.maps.hubs.sheet_text import figure, heading, listed, missing
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.sentences import amount_told, told_list
from hp_sig.reference.labels import format_number, wording
from hp_sig.results.hubs import MAX_SNAP_M

__all__ = ["land_section"]

#: A park is told from this share of the catchment on.
PARK_SHARE = 0.005


def land_section(hub: Hub) -> str:
    """Write the land of the catchment on foot; artificialised and sealed land never share a sentence.

    Parameters
    ----------
    hub
        The hub.
    """
    row = main_catchment(hub)
    if row is None:
        head = heading(wording("hub_sheet", "land_plain"))
        far = hub.has_network
        lost = missing("need_land_far", value=format_number(MAX_SNAP_M)) if far else missing("need_land_roads")
        return f'<section class="land">{head}{lost}</section>'
    rows = hub.of(hub.land, row)
    covers = cover_bars([one for one in rows if one["axis"] == "cover"])
    zones = zoning_bars([one for one in rows if one["axis"] == "zoning"])
    parks = [one for one in rows if one["axis"] == "pnr"]
    if hub.is_outside and not (covers or zones):
        # No file of the territory describes that land: none is missing.
        return ""
    has_land = bool(covers) or math.isfinite(number(row, "artificialised_ha"))
    sentences = [_state("artificialised", row), _state("sealed", row)] if has_land else []
    sentences += _parks(parks)
    chart = _chart("cover", "land_cover", covers, row) if covers else missing("need_land")
    zoning = _chart("zoning", "land_zoning", zones, row) if zones else missing("need_zoning")
    return (
        f'<section class="land">{heading(wording("hub_sheet", "land", **mode_word(row)))}'
        f'<div class="halves">{chart}<div>{listed(sentences)}{zoning}</div></div></section>'
    )


def _chart(name: str, what: str, bars: list[LandBar], row: Row) -> str:
    told = wording("hub_sheet", what)
    chart = land_chart(name, bars, wording("hub_sheet", "land_title", what=told, **mode_word(row)))
    vintages = text_of(row, "vintages") if name == "cover" else ""
    return figure(chart, wording("hub_sheet", "land_dated", what=told, vintages=vintages) if vintages else told)


def _state(key: str, row: Row) -> str:
    area, share = number(row, f"{key}_ha"), number(row, f"{key}_share")
    if math.isnan(area):
        return wording("hub_sheet", f"{key}_missing")
    vintages = text_of(row, "vintages")
    years = wording("hub_sheet", "land_years", vintages=vintages) if vintages else ""
    return wording("hub_sheet", key, area=amount_told("area_ha", area), share=percent(share), years=years)


def _parks(rows: list[Row]) -> list[str]:
    within = [row for row in rows if text_of(row, "class_name") and number(row, "share") >= PARK_SHARE]
    if not within:
        return []
    names = told_list([text_of(row, "class_name") for row in within])
    share = percent(min(sum(number(row, "share") for row in within), 1.0))
    return [wording("hub_sheet", "land_park", share=share, names=names)]
