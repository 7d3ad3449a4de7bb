"""What does a council need to see of one multimodal hub, on one page?"""

import datetime as dt
import math
import re
from dataclasses import dataclass
from importlib.resources import files

from hp_sig._version import __version__
from hp_sig.assembly import Layers
from hp_sig.maps.document import document
from hp_sig.maps.hubs.figures import MODES, Hub, HubFigures, about, hub_figures, percent
from hp_sig.maps.hubs.sheet_charts import ridership_chart
from hp_sig.maps.hubs.sheet_land import land_section
from hp_sig.maps.hubs.sheet_map import Shapes, minutes_of, mode_map
from hp_sig.maps.hubs.sheet_method import hub_sources, method_sentences
from hp_sig.maps.hubs.sheet_place import place_list
from hp_sig.maps.hubs.sheet_sentences import (
    longest,
    main_catchment,
    mode_word,
    outside_sentence,
    overlap_sentences,
    reach_sentences,
)
from hp_sig.maps.hubs.sheet_table import reach_table, unknown_rows
from hp_sig.maps.hubs.sheet_take import commune_row, take_section, zones_shown
from hp_sig.maps.hubs.sheet_text import figure, heading, listed, missing, notes
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.portrait import number
from hp_sig.maps.sheets.sentences import amount_told, told_list
from hp_sig.maps.sheets.sheet import asset, notice_band
from hp_sig.reference.labels import format_number, wording
from hp_sig.reference.regimes import Regime
from hp_sig.results.hubs import MAX_SNAP_M
from hp_sig.territory.records import regime_with

__all__ = ["HubLinks", "hub_sheet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLinks:
    """Where the sheet of a hub leads: addresses as seen from it; an empty one is no link.

    Parameters
    ----------
    index
        The page that leads to all the others.
    plan
        The hub's interactive map.
    """

    index: str = ""
    plan: str = ""


#: A page with more text than this, drawings and what they say included, is set closer on paper.
MOST_CHARACTERS = 7900
#: So is one whose table has more columns than this, whose sentences are longer, or whose chart has more zones.
MOST_COLUMNS, MOST_SAID, MOST_ZONES = 5, 1350, 3
SAID = re.compile(r'<ul class="said">(.*?)</ul>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
#: Figures of people, of which some may lack: a dash is then explained.
PEOPLE_COLUMNS = ("population", "crow_fly_population", "households", "dwellings", "jobs")
#: Those that come from the census.
CENSUS_COLUMNS = PEOPLE_COLUMNS[2:]
#: A sheet that stands alone.
ALONE = HubLinks()


def hub_sheet(
    layers: Layers,
    figures: HubFigures,
    hub_id: str,
    *,
    shapes: Shapes | None = None,
    links: HubLinks = ALONE,
    day: dt.date | None = None,
) -> str:
    """Write the sheet of a multimodal hub as the HTML of one page.

    It is static, loads nothing, prints on one A4 page, and says of each figure where it comes from and of each missing
    one what it needs. Estimates are rounded by :func:`hp_sig.maps.hubs.figures.about`.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    figures
        The tables of hubs, of :func:`hp_sig.results.compute`; any of them may be None.
    hub_id
        Identifier of the hub's project.
    shapes
        Its service areas and circles, EPSG:2154; without them there is no map.
    links
        Where the page leads.
    day
        When it is made, for its foot; without it the same results give the same bytes.

    Raises
    ------
    KeyError
        If no table names this hub.
    """
    hub = hub_figures(figures, hub_id)
    regime = regime_with(layers.territory.trajectory.regime, {})
    body = (
        f"{_header(hub, layers, links)}<main>{_tiles(hub, regime)}{_maps(hub, layers, shapes)}{_reach(hub)}"
        f"{land_section(hub)}{take_section(hub, regime)}</main>{_footer(hub, layers, links, day)}"
    )
    style = (files("hp_sig.maps") / "assets" / "hub.css").read_text(encoding="utf-8")
    return document(
        wording("hub_sheet", "title", name=_name(hub), kind=_kind(hub)[:1].lower() + _kind(hub)[1:]),
        f'<div class="sheet hub{_setting(hub, body)}">{body}</div>',
        style=asset("base.css") + asset("sheet.css") + style,
        scripts=[asset("print.js")],
    )


def _setting(hub: Hub, body: str) -> str:
    """Choose how a page is set on paper: larger where it has little to tell, closer where it has much."""
    if not hub.catchments:
        return " sparse"
    wide = " wide" if len(hub.catchments) > MOST_COLUMNS else ""
    is_long = sum(len(TAG.sub("", told)) for told in SAID.findall(body)) > MOST_SAID
    zones = len(zones_shown(hub))
    dense = " dense" if wide or is_long or zones > MOST_ZONES or len(TAG.sub("", body)) > MOST_CHARACTERS else ""
    # What has much to say of trips and of allowances is set closer still.
    return f"{wide}{dense}{' tight' if is_long and zones > MOST_ZONES + 1 else ''}"


def _name(hub: Hub) -> str:
    return hub.name or wording("hub_sheet", "unnamed")


def _kind(hub: Hub) -> str:
    """Say what is told: a hub has a station, land that somebody drew need not."""
    if hub.station_uic or hub.station_name:
        return wording("hub_sheet", "kind")
    return wording("hub_sheet", "kind_footprint" if hub.scale == "footprint" else "kind_site")


def _heading(hub: Hub) -> str:
    """Write the name; what it says in brackets at its end is set smaller."""
    name, bracket, rest = _name(hub).rpartition(" (")
    if not name or not rest.endswith(")"):
        return safe_text(_name(hub))
    return f"{safe_text(name)} <small>{safe_text(bracket.strip() + rest)}</small>"


def _header(hub: Hub, layers: Layers, links: HubLinks) -> str:
    told = [_kind(hub), hub.commune_name or wording("hub_sheet", "outside_territory")]
    told += [wording("hub_sheet", "station_head", name=hub.station_name)] if hub.station_name else []
    plan = f'<a href="{safe_text(links.plan)}">{_word("map_link")}</a>' if links.plan else ""
    return (
        f'<header><nav>{_way_back(links, "← ")}<span class="ways">{plan}'
        f'<button type="button" id="print" hidden>{_word("print")}</button></span></nav>'
        f"{notice_band(layers.territory.notice)}<h1>{_heading(hub)}</h1>"
        f'<p class="kind">{safe_text(" · ".join(filter(None, told)))}</p></header>'
    )


def _tiles(hub: Hub, regime: Regime) -> str:
    """Answer in four figures: who comes on foot, by bike, what the land is, what is left."""
    tiles = []
    for mode in MODES[:2]:
        row = longest(hub, mode)
        if row is not None:
            count = number(row, "population")
            told = wording("hub_sheet", "tile_about", count=about(count)) if count > 0 else about(count)
            tiles.append((told, wording("hub_sheet", "tile_reach", **mode_word(row))))
    near = main_catchment(hub)
    if near is not None and hub.land:
        share = percent(number(near, "artificialised_share"))
        tiles.append((share, wording("hub_sheet", "tile_land", **mode_word(near))))
    tiles += _left(hub, regime)
    items = "".join(
        f'<div class="tile"><dt>{safe_text(what)}</dt><dd>{safe_text(_known(told))}</dd></div>' for told, what in tiles
    )
    return f'<dl class="tiles" aria-label="{_word("tiles")}">{items}</dl>' if items else ""


def _left(hub: Hub, regime: Regime) -> list[tuple[str, str]]:
    row = commune_row(hub)
    before, after = number(row, "remaining_before_ha"), number(row, "remaining_after_ha")
    has_take = number(row, "take_in_zone_ha") > 0 and math.isfinite(after)
    if math.isnan(before) and not hub.screening:
        return []
    if before < 0:
        key = "tile_over_after" if has_take else "tile_over"
        told = wording("hub_sheet", key, after=amount_told("remaining_ha", -after))
        return [(amount_told("remaining_ha", -before), told)]
    if has_take:
        key = "tile_left_after" if after >= 0 else "tile_left_over"
        told = wording("hub_sheet", key, after=amount_told("remaining_ha", abs(after)))
    else:
        told = wording("hub_sheet", "tile_left", last=regime.last_year)
    return [(amount_told("remaining_ha", before), told)]


def _known(told: str) -> str:
    return wording("hub_sheet", "tile_missing") if told == "–" else told


def _maps(hub: Hub, layers: Layers, shapes: Shapes | None) -> str:
    """Show a map a mode, each to its own scale, beside where the hub stands and who takes the train."""
    modes = [] if shapes is None else [mode for mode in MODES if minutes_of(shapes, mode)]
    maps = "".join(
        figure(
            mode_map(hub, shapes, layers.communes, mode),
            wording("hub_sheet", "map_caption", mode=wording("hub_sheet", f"group_{mode}")),
        )
        for mode in modes
        if shapes is not None
    )
    # Without roads the next section says so: the place of the map is left to the rest.
    drawn = maps or (missing("need_map") if hub.catchments else "")
    if drawn:
        drawn = f'<div class="maps maps-{len(modes)}">{drawn}</div>'
    riders = (
        figure(ridership_chart(hub), wording("hub_sheet", "ridership"))
        if any(math.isfinite(value) for value in hub.ridership.values())
        else missing("need_ridership")
        if hub.station_uic
        else ""
    )
    return (
        f'<section class="where{"" if maps else " unmapped"}">{drawn}<div class="place">'
        f"<h2>{_word('place')}</h2>{place_list(hub, layers)}{riders}</div></section>"
    )


def _reach(hub: Hub) -> str:
    head = heading(wording("hub_sheet", "reach"))
    if not hub.catchments:
        far = hub.has_network
        lost = missing("need_reach_far", value=format_number(MAX_SNAP_M)) if far else missing("need_reach")
        return f'<section class="reach">{head}{lost}</section>'
    sentences = [*reach_sentences(hub), *overlap_sentences(hub)]
    note = "reach_note_footprint" if hub.scale == "footprint" else "reach_note"
    remarks = [wording("hub_sheet", note), wording("hub_sheet", "cause"), *outside_sentence(hub)]
    unknown = unknown_rows(hub)
    if set(CENSUS_COLUMNS) <= set(unknown):
        remarks.append(wording("hub_sheet", "need_census"))
        unknown = {column: name for column, name in unknown.items() if column not in CENSUS_COLUMNS}
    if unknown:
        remarks.append(wording("hub_sheet", "unknown_rows", names=told_list(list(unknown.values()))))
    shown = [column for column in PEOPLE_COLUMNS if column not in unknown_rows(hub)]
    if any(math.isnan(number(row, column)) for row in hub.catchments for column in shown):
        remarks.append(wording("hub_sheet", "dash"))
    return (
        f'<section class="reach">{head}<div class="halves"><div>{reach_table(hub)}{notes([" ".join(remarks)])}</div>'
        f"{listed(sentences)}</div></section>"
    )


def _footer(hub: Hub, layers: Layers, links: HubLinks, day: dt.date | None) -> str:
    made = [wording("index", "refreshed", day=f"{day:%d/%m/%Y}")] if day is not None else []
    made.append(wording("sheet", "made", version=__version__))
    method = method_sentences(hub)
    how = f"<h2>{_word('method')}</h2><p>{safe_text(' '.join(method))}</p>" if method else ""
    return (
        f"<footer>{how}<h2>{_word('sources')}</h2>{hub_sources(hub, layers)}"
        f'<p class="foot"><span>{safe_text(f"{_name(hub)} – {layers.territory.name}")}</span>'
        f"{''.join(f'<span>{safe_text(one)}</span>' for one in made)}{_way_back(links, '')}</p></footer>"
    )


def _way_back(links: HubLinks, arrow: str) -> str:
    """Lead to the page of all sheets; nowhere where a sheet stands alone."""
    return f'<a href="{safe_text(links.index)}">{arrow}{_word("back")}</a>' if links.index else "<span></span>"


def _word(key: str) -> str:
    return safe_text(wording("hub_sheet", key))
