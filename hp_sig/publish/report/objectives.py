"""4° Does the zone keep to the objective of its planning document, or of the law where it has none of its own?"""

import math

from hp_sig.maps.sheets.charts import RECENT
from hp_sig.maps.sheets.sentences import amount_told, path_sentences
from hp_sig.publish.report.model import Blank, Block, Missing, Paragraph, Section, Table, picture
from hp_sig.publish.report.words import say
from hp_sig.publish.report.zone import Subject, amount, figure, reason_told
from hp_sig.reference.labels import NO_VALUE, format_number, format_quantity, wording

__all__ = ["objective_sections"]


def objective_sections(subject: Subject) -> list[Section]:
    """Write the chapter of the fourth indicator.

    Parameters
    ----------
    subject
        The zone.
    """
    blocks: list[Block] = [Paragraph(text=say("objective_definition")), *_origin(subject)]
    if math.isnan(figure(subject.told, "objective_ha")):
        blocks.append(Missing(what=say("missing_objective"), why=reason_told(subject, "objective")))
    else:
        blocks += _held(subject)
    blocks += [*_documents(subject), *_guarantee(subject)]
    blocks += [Blank(text=say("blank_objective"), lines=4), Blank(text=say("blank_documents"), lines=3)]
    return [Section(title=say("objective_title"), anchor="objectifs", blocks=tuple(blocks))]


def _is_document(subject: Subject) -> bool:
    return subject.told.get("objective_kind") == "document"


def _origin(subject: Subject) -> list[Block]:
    """Say whose objective it is: the law's is never called the document's."""
    told, regime = subject.told, subject.regime
    if _is_document(subject):
        words = {
            "document": told["objective_document"],
            "quantity": wording("objective_quantity", str(told["objective_quantity"])),
            "amount": amount(told, "objective_ha"),
            "years": _years(subject),
        }
        return [Paragraph(text=say("origin_document", **words))]
    if isinstance(told.get("objective_kind"), str):
        words = {"first": regime.first_year, "last": regime.last_year}
        return [Paragraph(text=say("origin_law", **words)), Paragraph(text=say("origin_law_kind"), style="note")]
    return []


def _held(subject: Subject) -> list[Block]:
    told = subject.told
    over = figure(told, "objective_remaining_ha") < 0
    left = format_quantity("objective_remaining_ha", abs(figure(told, "objective_remaining_ha")))
    rows = [
        (say("row_origin"), wording("objective_kind", str(told["objective_kind"]))),
        (say("row_quantity"), wording("objective_quantity", str(told["objective_quantity"]))),
        (say("row_years"), _years(subject)),
        (say("row_objective"), amount(told, "objective_ha")),
        (say("row_consumed", years=_elapsed(subject)), amount(told, "objective_consumed_ha")),
        (say("row_over" if over else "row_left"), left),
        (say("row_pace"), amount(told, "objective_pace_ha_per_year")),
        (say("row_needed"), _needed(subject)),
        (say("row_projection"), amount(told, "objective_projection_ha")),
        (say("row_status"), wording("objective_status", str(told["objective_status"]))),
    ]
    blocks: list[Block] = [
        Table(
            caption=say("objective_table", name=subject.name),
            header=(say("head_item"), say("head_value")),
            rows=tuple(rows),
            widths=(0.62, 0.38),
        )
    ]
    if math.isnan(figure(told, "objective_consumed_ha")):
        return [*blocks, Missing(what=say("missing_consumed"), why=reason_told(subject, "objective"))]
    blocks.append(_path(subject))
    if not _is_document(subject) and subject.portrait.law is not None:
        blocks += [Paragraph(text=text, style="bullet") for text in path_sentences(subject.portrait, subject.regime)]
        excluded = figure(subject.portrait.law, "excluded_ha")
        if excluded > 0:
            amount_excluded = format_quantity("excluded_ha", excluded)
            blocks.append(Paragraph(text=wording("sheet", "note_excluded", amount=amount_excluded), style="note"))
    else:
        blocks += [
            Paragraph(text=_verdict(subject), style="bullet"),
            Paragraph(text=say("document_note"), style="note"),
        ]
    return blocks


def _path(subject: Subject) -> Block:
    """Draw what was consumed, cumulated, then what the present pace leads to, against the objective."""
    from hp_sig.publish.report.drawing import Level, Series, columns_chart  # noqa: PLC0415 - matplotlib

    told = subject.told
    first, last = int(figure(told, "objective_first_year")), int(figure(told, "objective_last_year"))
    elapsed = int(figure(told, "objective_years_elapsed"))
    consumed, pace = figure(told, "objective_consumed_ha"), figure(told, "objective_pace_ha_per_year")
    flows = {int(row["year"]): figure(row, "enaf_consumption_ha") for row in subject.portrait.flows}
    sums = [sum(flows.get(first + step, math.nan) for step in range(rank + 1)) for rank in range(elapsed)]
    is_yearly = told["objective_quantity"] == "enaf_consumption" and math.isclose(sums[-1], consumed, abs_tol=5e-4)
    # Where some does not count, or vintages are years apart, only the last sum is known.
    real = sums if is_yearly else [*[math.nan] * (elapsed - 1), consumed]
    planned = [consumed + pace * rank for rank in range(1, last - first + 1 - elapsed + 1)]
    years = [str(year) for year in range(first, last + 1)]
    objective = figure(told, "objective_ha")
    series = [Series(label=say("chart_consumed"), colour=RECENT, values=(*real, *[math.nan] * len(planned)))]
    if planned:
        values = (*[math.nan] * elapsed, *planned)
        series.append(Series(label=say("chart_projected"), colour=RECENT, values=values, outlined=True))
    label = say("chart_objective", amount=format_quantity("objective_ha", objective))
    provisional = [int(row["year"]) - first for row in subject.portrait.flows if row["is_provisional"] and is_yearly]
    drawn = columns_chart(
        years,
        series,
        levels=[Level(label=label, value=objective, first=0, last=len(years) - 1)],
        uncertain=[rank for rank in provisional if 0 <= rank < elapsed],
        uncertain_label=say("chart_provisional"),
    )
    words = {
        "consumed": format_quantity("objective_consumed_ha", consumed),
        "objective": format_quantity("objective_ha", objective),
        "projection": amount(told, "objective_projection_ha"),
        "last": last,
    }
    return picture(say("objective_chart", years=_years(subject)), say("alt_path", **words), drawn)


def _verdict(subject: Subject) -> str:
    told = subject.told
    objective, projection = figure(told, "objective_ha"), figure(told, "objective_projection_ha")
    key = "exceeded" if told["objective_status"] == "exceeded" else "ahead" if projection > objective else "within"
    return say(
        f"verdict_{key}",
        consumed=amount_told("objective_consumed_ha", figure(told, "objective_consumed_ha")),
        objective=amount(told, "objective_ha"),
        pace=amount(told, "objective_pace_ha_per_year"),
        projection=amount(told, "objective_projection_ha"),
        last=format_year(figure(told, "objective_last_year")),
    )


def format_year(year: float) -> str:
    """Write a year; an en dash where there is none."""
    return NO_VALUE if math.isnan(year) else f"{year:.0f}"


def _years(subject: Subject) -> str:
    ends = [figure(subject.told, f"objective_{end}_year") for end in ("first", "last")]
    return "-".join(format_year(end) for end in ends)


def _elapsed(subject: Subject) -> str:
    first, elapsed = (figure(subject.told, f"objective_{name}") for name in ("first_year", "years_elapsed"))
    return NO_VALUE if math.isnan(first + elapsed) else f"{first:.0f}-{first + elapsed - 1:.0f}"


def _needed(subject: Subject) -> str:
    """Say at which pace the rest of the objective would last until its end."""
    told = subject.told
    left = figure(told, "objective_remaining_ha")
    years = figure(told, "objective_last_year") - figure(told, "objective_first_year") + 1
    ahead = years - figure(told, "objective_years_elapsed")
    if not ahead > 0 or math.isnan(left):
        return NO_VALUE
    return format_quantity("objective_pace_ha_per_year", max(left, 0.0) / ahead)


def _documents(subject: Subject) -> list[Block]:
    """List the objectives that the territory file holds for the zone: more than the one that is told."""
    held = [one for one in subject.layers.territory.objectives if one.zone == subject.key[1]]
    if not held or not _is_document(subject):
        return []
    rows = tuple(
        (
            one.document,
            wording("objective_quantity", one.quantity),
            f"{one.first_year}-{one.last_year}",
            format_quantity("objective_ha", one.area_ha),
            one.source,
        )
        for one in held
    )
    head = ("head_document", "row_quantity", "row_years", "row_objective", "head_source")
    return [
        Table(
            caption=say("documents_table"),
            header=tuple(say(key) for key in head),
            rows=rows,
            texts=5,
            widths=(0.32, 0.18, 0.13, 0.13, 0.24),
        )
    ]


def _guarantee(subject: Subject) -> list[Block]:
    """Say what the guarantee of communes gives, under the law."""
    law = subject.portrait.law
    if law is None:
        return []
    hectares = figure(law, "guarantee_ha")
    if math.isnan(hectares):
        return [Missing(what=say("missing_guarantee"), why=say("missing_guarantee_why"))]
    effect = wording("guarantee_effect", str(law["guarantee_effect"]))
    told = format_number(hectares, 1)
    return [Paragraph(text=say("guarantee_told", amount=told, effect=effect))]
