"""What must be read first: the four figures, the law in short, and which territory the report is about?"""

import math

from hp_sig.maps.sheets.figures import told_communes
from hp_sig.maps.sheets.sentences import opened
from hp_sig.maps.sheets.situation import epci_shown
from hp_sig.publish.report.model import Block, Missing, Notice, Paragraph, Section, Table, picture
from hp_sig.publish.report.words import day_told, joined, lowered, say
from hp_sig.publish.report.zone import Subject, amount, figure, reason_told
from hp_sig.reference.labels import NO_VALUE, format_number, format_quantity, wording
from hp_sig.results.triennial import REPORT_INDICATORS, compulsory_indicators

__all__ = ["cover_lines", "opening_sections", "partial_notice"]


def cover_lines(subject: Subject) -> tuple[str, ...]:
    """Write what stands under the name of the zone: what it is, the years, the day, the articles."""
    told = [say(f"kind_{subject.kind}")]
    if subject.kind != "territory":
        told.append(say(f"code_{subject.kind}", code=subject.key[1]))
    if not subject.is_commune:
        told.append(told_communes(subject.portrait))
    years = say("cover_years_missing")
    if subject.first_year is not None:
        years = say("cover_years", first=subject.first_year, last=subject.last_year)
    return (" · ".join(told), years, say("cover_day", day=day_told(subject.day)), say("cover_article"))


def partial_notice(subject: Subject) -> list[Block]:
    """Say, where some of the zone lies out of the territory, that the report is about the rest alone."""
    if not subject.portrait.is_partial:
        return []
    return [Notice(text=say("partial", of=subject.of, communes=told_communes(subject.portrait)))]


def opening_sections(subject: Subject) -> list[Section]:
    """Write the chapters that come before the indicators.

    Parameters
    ----------
    subject
        The zone.
    """
    return [
        Section(title=say("essential_title"), anchor="essentiel", blocks=tuple(_essential(subject))),
        Section(title=say("frame_title"), anchor="cadre", blocks=tuple(_frame(subject))),
        Section(title=say("zone_title"), anchor="territoire", blocks=tuple(_zone(subject))),
    ]


def _essential(subject: Subject) -> list[Block]:
    compulsory = compulsory_indicators(subject.day.year)
    told = (_first(subject), _second(subject), _third(subject), _fourth(subject))
    rows = tuple(
        (
            indicator.number,
            say(f"indicator_{rank}"),
            text,
            say("compulsory" if indicator.number in compulsory else "optional"),
        )
        for rank, (indicator, text) in enumerate(zip(REPORT_INDICATORS, told, strict=True), start=1)
    )
    return [
        Table(
            caption=say("essential_table"),
            header=(say("head_number"), say("head_indicator"), say("head_figure"), say("head_here")),
            rows=rows,
            texts=4,
            widths=(0.07, 0.31, 0.45, 0.17),
        )
    ]


def _first(subject: Subject) -> str:
    told = subject.told
    if math.isnan(figure(told, "enaf_period_ha")):
        return say("missing_told", why=reason_told(subject, "enaf_period"))
    period = say(
        "first_told",
        amount=amount(told, "enaf_period_ha"),
        share=amount(told, "enaf_period_share"),
        years=subject.period,
    )
    since = say("first_since", amount=amount(told, "enaf_since_2021_ha"))
    return joined([period, since])


def _second(subject: Subject) -> str:
    told = subject.told
    if not math.isnan(figure(told, "net_artificialisation_ha")):
        before, after = told["artificialisation_vintage_before"], told["artificialisation_vintage_after"]
        return say("second_told", amount=amount(told, "net_artificialisation_ha"), before=before, after=after)
    missing = say("missing_told", why=reason_told(subject, "net_artificialisation"))
    if math.isnan(figure(told, "net_artificialisation_ha_per_year")):
        return missing
    return joined([missing, say("second_pace", amount=amount(told, "net_artificialisation_ha_per_year"))])


def _third(subject: Subject) -> str:
    told = subject.told
    parts = []
    if math.isnan(figure(told, "newly_sealed_ha")):
        parts.append(say("missing_told", why=reason_told(subject, "newly_sealed")))
    else:
        before, after = told["sealed_vintage_before"], told["sealed_vintage_after"]
        parts.append(say("third_told", amount=amount(told, "newly_sealed_ha"), before=before, after=after))
    if not math.isnan(figure(told, "sealed_ha")):
        parts.append(say("third_state", amount=amount(told, "sealed_ha"), year=told["sealed_vintage_after"]))
    return joined(parts)


def _fourth(subject: Subject) -> str:
    told = subject.told
    if math.isnan(figure(told, "objective_consumed_ha")) or math.isnan(figure(told, "objective_ha")):
        return say("missing_told", why=reason_told(subject, "objective"))
    projection = say(
        "fourth_projection",
        amount=amount(told, "objective_projection_ha"),
        last=int(figure(told, "objective_last_year")),
    )
    state = say(
        "fourth_told",
        status=opened(wording("objective_status", str(told["objective_status"]))),
        consumed=amount(told, "objective_consumed_ha"),
        objective=amount(told, "objective_ha"),
        kind=wording("objective_kind", str(told["objective_kind"])),
    )
    return joined([state, projection])


def _frame(subject: Subject) -> list[Block]:
    compulsory = compulsory_indicators(subject.day.year)
    year = subject.day.year
    rows = tuple(
        (
            indicator.number,
            say(f"legal_{rank}"),
            say("compulsory" if indicator.number in compulsory else "optional_until", year=indicator.compulsory_from),
        )
        for rank, indicator in enumerate(REPORT_INDICATORS, start=1)
    )
    paragraphs = [say("frame_law"), say("frame_due", due=next_due(subject)), say("frame_deadlines"), say("frame_three")]
    if subject.kind in {"scot", "territory"}:
        paragraphs.insert(1, say(f"frame_{subject.kind}"))
    return [
        *(Paragraph(text=text) for text in paragraphs),
        Table(
            caption=say("frame_table", year=year),
            header=(say("head_number"), say("head_content"), say("head_obligation", year=year)),
            rows=rows,
            texts=3,
            widths=(0.08, 0.66, 0.26),
            note=say("frame_note"),
        ),
    ]


def next_due(subject: Subject) -> str:
    """Say when the next round of reports is due: every three years from August 2024 on."""
    first, every, month = 2024, 3, 8
    rounds = 0
    while (first + every * rounds, month) < (subject.day.year, subject.day.month):
        rounds += 1
    return say("due", month=say("months").split(",")[month - 1], year=first + every * rounds)


def _zone(subject: Subject) -> list[Block]:
    from hp_sig.publish.report.maps import situation_map  # noqa: PLC0415 - matplotlib

    portrait = subject.portrait
    population = NO_VALUE if math.isnan(portrait.population) else format_number(portrait.population)
    year = "" if portrait.population_year is None else str(portrait.population_year)
    rows = [
        (say("zone_area"), format_quantity("area_ha", portrait.area_ha)),
        (say("zone_population", year=year).rstrip(), population),
    ]
    rows += _belongs(subject)
    if not subject.is_commune:
        names = sorted(str(subject.layers.communes["name"][code]) for code in portrait.commune_codes)
        rows.append((say("zone_communes", count=told_communes(portrait)), ", ".join(names)))
    blocks: list[Block] = [
        *partial_notice(subject),
        Table(
            caption=say("zone_table", name=subject.name),
            header=(say("head_item"), say("head_value")),
            rows=tuple(rows),
            texts=2,
            widths=(0.34, 0.66),
            note=say("area_note"),
        ),
    ]
    if math.isnan(portrait.population):
        blocks.append(Missing(what=say("missing_population"), why=say("missing_population_why")))
    alt = say("alt_situation", name=subject.name, territory=subject.layers.territory.name)
    blocks.append(picture(say("situation_map", name=subject.name), alt, situation_map(subject)))
    return blocks


def _belongs(subject: Subject) -> list[tuple[str, str]]:
    """Name the intercommunality, the SCoT and the park of a commune."""
    if not subject.is_commune:
        return []
    rows = []
    for edition, key in epci_shown(subject.portrait, subject.layers):
        term = wording("sheet", "epci", year=edition.config.cog_year)
        rows.append((term, str(edition.zones["name"][key[1]])))
    commune = subject.results.communes.loc[subject.key[1]]
    scot = subject.layers.latest("scot")
    if scot is not None and isinstance(commune.get("scot_status"), str):
        name = commune.get(f"{scot.config.layer_name}_name")
        status = wording("scot_status", str(commune["scot_status"]))
        rows.append((wording("sheet", "scot"), joined([*([name] if isinstance(name, str) else []), lowered(status)])))
    park = commune.get("pnr_name")
    if isinstance(park, str):
        rows.append((wording("sheet", "parks"), park))
    return rows
