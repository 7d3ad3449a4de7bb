"""What is told of consumption, trajectory and land cover, and what would be needed where that is not known?"""

from collections.abc import Sequence

import pandas as pd

from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.charts import flows_chart, path_chart, years_shown
from hp_sig.maps.sheets.composition import composition_chart, covers
from hp_sig.maps.sheets.figures import key_figures, told_years
from hp_sig.maps.sheets.portrait import Portrait, number
from hp_sig.maps.sheets.sentences import enaf_sentences, land_sentences, path_sentences, told_list
from hp_sig.reference.labels import JOINTS, format_quantity, wording
from hp_sig.reference.regimes import Regime
from hp_sig.results import Results

__all__ = ["consumption_sections", "flag_list", "land_section", "measures_of", "note_lines"]

#: The land cover of less than this share of a zone does not tell what the whole is.
WHOLE_SHARE = 0.995


def measures_of(results: Results) -> tuple[str, ...]:
    """Name the groups of key figures that there are tables for."""
    enaf = ("enaf",) if _has(results.enaf_consumption) else ()
    path = ("trajectory",) if _has(results.trajectory) else ()
    land = ("artificialisation", "sealing") if _has(results.land_stock) else ()
    return (*enaf, *path, *land)


def consumption_sections(portrait: Portrait, results: Results, regime: Regime) -> str:
    """Write the two sections of ENAF: what was consumed, and where it leads.

    Parameters
    ----------
    portrait
        The zone.
    results
        Of the territory, for what there is no table of.
    regime
        The law in force.
    """
    if not _has(results.enaf_consumption) or not portrait.flows:
        need = "need_enaf_zone" if _has(results.enaf_consumption) else "need_enaf"
        return f'<section class="enaf">{_head(wording("sheet", "enaf_heading"))}{_missing(need)}</section>'
    years = key_figures(portrait, regime).provisional_years
    shown = years_shown(portrait)
    cut = wording("sheet", "chart_earlier", first=shown[0], last=shown[-1])
    notes = note_lines([cut]) if len(shown) < len(portrait.flows) else ""
    flows = (
        f'<section class="enaf">{_head(wording("sheet", "enaf_heading"), _provisional(years))}'
        f"{_figure(flows_chart(portrait, regime), wording('sheet', 'enaf_caption'))}"
        f"{_listed(enaf_sentences(portrait, regime))}{notes}</section>"
    )
    return f'<div class="pair">{flows}{_path(portrait, regime)}</div>'


def land_section(portrait: Portrait, results: Results) -> str:
    """Write the section of land cover, with artificialised and sealed land each told apart.

    Parameters
    ----------
    portrait
        The zone.
    results
        Of the territory, for what there is no table of.
    """
    stock = portrait.stock
    if not _has(results.land_stock) or stock is None:
        return f'<section class="land">{_head(wording("sheet", "land_heading"))}{_missing("need_land")}</section>'
    flags = [_method(stock["method"])] if isinstance(stock["method"], str) else []
    if stock["is_mixed"] or (portrait.flow is not None and portrait.flow["is_mixed"]):
        flags.append(wording("sheet", "flag_mixed"))
    artificialised, sealed = land_sentences(portrait)
    notes = []
    if number(stock, "covered_share") < WHOLE_SHARE:
        share = format_quantity("covered_share", number(stock, "covered_share"))
        notes.append(wording("sheet", "note_covered", share=share))
    if "matrix" in str(stock["method"]):
        notes.append(wording("sheet", "note_matrix"))
    notes.append(wording("sheet", "note_three"))
    caption = wording("sheet", "chart_cover_year", year=told_years(stock))
    chart = _figure(composition_chart(portrait), caption) if covers(portrait) else _missing("need_cover")
    return (
        f'<section class="land">{_head(wording("sheet", "land_heading"), flags)}<div class="halves">{chart}<div>'
        f"{_listed(artificialised)}{_listed(sealed)}</div></div>{note_lines([' '.join(notes)])}</section>"
    )


def flag_list(flags: Sequence[str]) -> str:
    """Write what a reader must know of the figures beside; nothing where there is nothing."""
    items = "".join(f"<li>{safe_text(flag)}</li>" for flag in flags)
    return f'<ul class="flags">{items}</ul>' if items else ""


def note_lines(notes: Sequence[str]) -> str:
    """Write remarks in small print."""
    return "".join(f'<p class="note">{safe_text(note)}</p>' for note in notes)


def _path(portrait: Portrait, regime: Regime) -> str:
    law = portrait.law
    heading = wording("sheet", "trajectory_heading", first=regime.first_year, last=regime.last_year)
    if law is None:
        return f'<section class="path">{_head(heading)}{_missing("need_trajectory")}</section>'
    years = [year for year in key_figures(portrait, regime).provisional_years if year >= (regime.first_year or 0)]
    flags = [wording("regime", regime.name), *_provisional(years)]
    if number(law, "reduction_share") != regime.reduction_share:
        share = format_quantity("reduction_share", number(law, "reduction_share"))
        flags.append(wording("sheet", "flag_target", share=share))
    known = all(number(law, column) == number(law, column) for column in ("allowance_ha", "consumed_ha"))
    caption = wording("sheet", "path_caption", first=regime.first_year)
    chart = _figure(path_chart(portrait, regime), caption) if known else _missing("need_trajectory")
    excluded = number(law, "excluded_ha")
    notes = []
    if excluded > 0:
        notes.append(wording("sheet", "note_excluded", amount=format_quantity("excluded_ha", excluded)))
    return (
        f'<section class="path">{_head(heading, flags)}{chart}{_listed(path_sentences(portrait, regime))}'
        f"{note_lines(notes)}</section>"
    )


def _has(table: pd.DataFrame | None) -> bool:
    return table is not None and len(table) > 0


def _head(heading: str, flags: Sequence[str] = ()) -> str:
    return f'<div class="head"><h2>{safe_text(heading)}</h2>{flag_list(flags)}</div>'


def _figure(chart: str, caption: str) -> str:
    return f"<figure><figcaption>{safe_text(caption)}</figcaption>{chart}</figure>"


def _provisional(years: Sequence[int]) -> list[str]:
    told = told_list([str(year) for year in years])
    return [wording("sheet", "flag_provisional", years=told)] if years else []


def _listed(sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{safe_text(sentence)}</li>" for sentence in sentences)
    return f'<ul class="said">{items}</ul>'


def _missing(need: str) -> str:
    return f'<p class="missing">{safe_text(wording("sheet", need))}</p>'


def _method(method: str) -> str:
    """Word a method; the two of a zone over two départements are joined by a plus."""
    return "".join(part if JOINTS.fullmatch(part) else wording("method", part) for part in JOINTS.split(method))
