"""What does a council need to see of one zone, on one page?"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files

from hp_sig._version import __version__
from hp_sig.assembly import Layers
from hp_sig.maps.document import document
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.figures import comparison_table, told_communes
from hp_sig.maps.sheets.locator import Locator
from hp_sig.maps.sheets.portrait import COMMUNES, TERRITORY, Key, Portrait, portraits
from hp_sig.maps.sheets.provenance import sheet_sources
from hp_sig.maps.sheets.sections import consumption_sections, flag_list, land_section, measures_of, note_lines
from hp_sig.maps.sheets.sentences import subject_of, zone_sentences
from hp_sig.maps.sheets.situation import epci_of, members, situation
from hp_sig.reference.labels import NO_BREAK_SPACE, wording
from hp_sig.reference.regimes import Regime
from hp_sig.results import Results
from hp_sig.territory.records import regime_with

__all__ = ["Dossier", "asset", "notice_band", "open_dossier", "sheet_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What the sheets of a territory share, worked out once.

    Parameters
    ----------
    layers, results
        Of the territory.
    zones
        Its zones by layer and code.
    regime
        The law in force, by which trajectories are told.
    locator
        Its map.
    files
        The zones that have a sheet, for links.
    index
        Where the page is that leads to them all; empty: there is none.
    day
        When they were made; None: not told.
    """

    layers: Layers
    results: Results
    zones: Mapping[Key, Portrait]
    regime: Regime
    locator: Locator
    files: Mapping[Key, str]
    index: str
    day: dt.date | None


def open_dossier(
    layers: Layers, results: Results, files: Mapping[Key, str], *, index: str = "", day: dt.date | None = None
) -> Dossier:
    """Work out what the sheets of a territory share.

    Parameters
    ----------
    layers, results
        Of the territory.
    files
        The zones that have a sheet.
    index
        Where the page is that leads to them all.
    day
        When they are made, for the foot of each; without it the same results give the same bytes.
    """
    return Dossier(
        layers=layers,
        results=results,
        zones=portraits(layers, results),
        regime=regime_with(layers.territory.trajectory.regime, {}),
        locator=Locator(layers),
        files=files,
        index=index,
        day=day,
    )


def sheet_page(dossier: Dossier, key: Key) -> str:
    """Write the page of one zone.

    Parameters
    ----------
    dossier
        From :func:`open_dossier`.
    key
        Layer and code of the zone.
    """
    portrait = dossier.zones[key]
    measures = measures_of(dossier.results)
    body = (
        f"{_header(portrait, dossier)}<main>{_overview(portrait, dossier, measures)}"
        f"{consumption_sections(portrait, dossier.results, dossier.regime)}"
        f"{land_section(portrait, dossier.results)}</main>{_footer(portrait, dossier)}"
    )
    # On paper a page with little to tell is set larger, one with a list of communes and remarks closer.
    setting = " sparse" if not measures else " dense" if portrait.kind not in {COMMUNES, TERRITORY[0]} else ""
    return document(
        wording("sheet", "title", name=_name(portrait)),
        f'<div class="sheet{setting}">{body}</div>',
        style=asset("base.css") + asset("sheet.css"),
        scripts=[asset("print.js")],
    )


def notice_band(notice: str | None) -> str:
    """Write the mention that nobody may overlook; nothing where there is none."""
    return f'<p class="notice" role="note">{safe_text(notice)}</p>' if notice else ""


@cache
def asset(name: str) -> str:
    """Read a style or a script of the pages."""
    return (package_files("hp_sig.maps.sheets") / "assets" / name).read_text(encoding="utf-8")


def _name(portrait: Portrait) -> str:
    return portrait.name or wording("sheet", "unnamed")


def _header(portrait: Portrait, dossier: Dossier) -> str:
    whole = dossier.zones[TERRITORY]
    label = dossier.layers.zones[portrait.key[0]].config.label if portrait.kind == "zone" else ""
    told = [wording("sheet", f"kind_{portrait.kind}", year=portrait.year, label=label)]
    if portrait.key != TERRITORY:
        told.append(wording("sheet", f"code_{portrait.kind}", code=portrait.key[1]))
    if portrait.kind != COMMUNES:
        told.append(told_communes(portrait))
    flags = []
    if portrait.is_partial:
        flags.append(wording("sheet", "flag_partial"))
    lead = " ".join(zone_sentences(portrait, whole))
    print_it = safe_text(wording("sheet", "print"))
    return (
        f'<header><nav>{_way_back(dossier, "← ")}<button type="button" id="print" hidden>{print_it}</button></nav>'
        f"{notice_band(dossier.layers.territory.notice)}"
        f'<div class="head name"><h1>{safe_text(_name(portrait))}</h1>{flag_list(flags)}</div>'
        f'<p class="kind">{safe_text(" · ".join(told))}</p>'
        f'<p class="lead">{safe_text(lead)}</p></header>'
    )


def _overview(portrait: Portrait, dossier: Dossier, measures: Sequence[str]) -> str:
    compared = [portrait]
    epci = epci_of(portrait, dossier.layers)
    if epci is not None:
        compared.append(dossier.zones[epci])
    if portrait.key != TERRITORY:
        compared.append(dossier.zones[TERRITORY])
    subject = subject_of(portrait)
    keys = [wording("sheet", "map_zone", zone=subject[0].lower() + subject[1:])]
    if dossier.locator.year is not None:
        keys.append(wording("sheet", "map_lines", year=dossier.locator.year))
    caption = safe_text(f"{NO_BREAK_SPACE}; ".join(keys))
    heading = safe_text(wording("sheet", "identity"))
    return (
        f'<section class="overview"><div class="place"><h2>{heading}</h2><figure>{dossier.locator.draw(portrait)}'
        f"<figcaption>{caption}</figcaption></figure>"
        f"{situation(portrait, dossier.layers, dossier.results, dossier.files)}</div>"
        f'<div class="table">{comparison_table(compared, dossier.regime, measures)}'
        f"{members(portrait, dossier.layers, dossier.files)}{note_lines(_zone_notes(portrait))}</div></section>"
    )


def _zone_notes(portrait: Portrait) -> list[str]:
    """Say over what a zone is summed, where that is not the whole of it."""
    notes = []
    if portrait.is_partial and not portrait.is_perimeter:
        notes.append(wording("sheet", "note_partial", communes=told_communes(portrait)))
    if portrait.is_partial and portrait.is_perimeter:
        notes.append(wording("sheet", "note_partial_park"))
    if portrait.is_perimeter:
        form = "note_park" if portrait.commune_codes else "note_park_none"
        notes.append(wording("sheet", form, communes=told_communes(portrait)))
    return notes


def _footer(portrait: Portrait, dossier: Dossier) -> str:
    territory = dossier.layers.territory.name
    told = f"{_name(portrait)} – {territory}" if portrait.key != TERRITORY else territory
    made = [wording("sheet", "made", version=__version__)]
    if dossier.day is not None:
        made.insert(0, wording("index", "refreshed", day=f"{dossier.day:%d/%m/%Y}"))
    return (
        f"<footer><h2>{safe_text(wording('sheet', 'sources'))}</h2>"
        f"{sheet_sources(portrait, dossier.layers, dossier.results)}"
        f'<p class="foot"><span>{safe_text(told)}</span>{"".join(f"<span>{safe_text(one)}</span>" for one in made)}'
        f"{_way_back(dossier, '')}</p></footer>"
    )


def _way_back(dossier: Dossier, arrow: str) -> str:
    """Lead to the page of all sheets; nowhere where a sheet stands alone."""
    back = safe_text(wording("sheet", "back"))
    return f'<a href="{safe_text(dossier.index)}">{arrow}{back}</a>' if dossier.index else "<span></span>"
