"""What comes after the indicators: people, the council's explanations, its deliberation, sources, method, annexes?"""

import html
import math
import re

import pandas as pd

from hp_sig.maps.sheets.portrait import Row
from hp_sig.maps.sheets.remarks import warning_lines
from hp_sig.publish.publication import Run
from hp_sig.publish.report.model import Blank, Block, Missing, Paragraph, Section, Table
from hp_sig.publish.report.words import day_told, joined, say
from hp_sig.publish.report.zone import Subject, amount, figure
from hp_sig.reference.labels import NO_VALUE, format_number, format_quantity, wording
from hp_sig.territory import LayerSource

__all__ = ["closing_sections", "made_told"]

#: Ratios of the ENAF file, each with the column that says why it is not told.
RATIOS = ("enaf_m2_per_added_inhabitant", "enaf_m2_per_added_household", "households_per_housing_ha")
#: Tables that a report is made from.
TABLES = ("enaf_consumption", "land_stock", "land_flow", "land_transition", "trajectory", "triennial")
TAG = re.compile(r"<[^>]*>")


def made_told(version: str, run: Run | None) -> str:
    """Say which version made the report, and in which run."""
    return say("made", version=version) if run is None else say("made_run", version=version, run=run.id)


def closing_sections(subject: Subject, made: str) -> list[Section]:
    """Write the chapters that come after the indicators.

    Parameters
    ----------
    subject
        The zone.
    made
        From :func:`made_told`.
    """
    sections = [
        Section(title=say("people_title"), anchor="population", blocks=tuple(_people(subject))),
        Section(title=say("explained_title"), anchor="explications", blocks=tuple(_explained())),
        Section(title=say("vote_title"), anchor="deliberation", blocks=tuple(_deliberation(subject))),
        Section(title=say("sources_title"), anchor="sources", blocks=tuple(_sources(subject))),
        Section(title=say("method_title"), anchor="methode", blocks=tuple(_method(subject, made))),
    ]
    if not subject.is_commune:
        sections.append(Section(title=say("annex_title"), anchor="annexe", blocks=tuple(_annex(subject))))
    return sections


def _people(subject: Subject) -> list[Block]:
    ratios = subject.table("enaf_ratios").to_dict("records")
    row: Row = ratios[0] if ratios else {}
    shape: Row = subject.portrait.shape or {}
    blocks: list[Block] = [Paragraph(text=say("people_text"))]
    rows = []
    if ratios:
        censuses = {"before": row["from_census"], "after": row["to_census"]}
        for column in ("population_change", "household_change", "job_change"):
            rows.append((say(f"row_{column}", **censuses), _change(figure(row, column))))
        years = f"{row['first_year']}-{row['last_year']}"
        for column in RATIOS:
            told = amount(row, column)
            status = row.get(f"{column}_status")
            if math.isnan(figure(row, column)) and isinstance(status, str):
                told = wording("ratio_status", status)
            rows.append((say(f"row_{column}", years=years), told))
    if shape:
        told = amount(shape, "inhabitants_per_ha")
        if math.isnan(figure(shape, "inhabitants_per_ha")):
            told = wording("density_status", str(shape["density_status"]))
        rows.append((say("row_inhabitants_per_ha", year=shape["year"]), told))
    if rows:
        head = (say("head_item"), say("head_value"))
        blocks.append(Table(caption=say("people_table"), header=head, rows=tuple(rows), widths=(0.7, 0.3)))
        if shape and shape["density_status"] == "unknown":
            blocks.append(Missing(what=say("missing_density"), why=say("missing_density_why")))
        if any(row.get(f"{column}_status") == "unknown" for column in RATIOS):
            blocks.append(Missing(what=say("missing_ratios"), why=say("missing_ratios_why")))
    if not ratios:
        empty = subject.results.enaf_ratios is not None
        why = wording("remark", "censuses") if empty else wording("results_need", "enaf_ratios")
        blocks.append(Missing(what=say("missing_ratios"), why=why))
    if not shape:
        blocks.append(Missing(what=say("missing_density"), why=wording("results_need", "land_shape")))
    return blocks


def _change(value: float) -> str:
    if math.isnan(value):
        return NO_VALUE
    sign = "+" if value > 0 else "\u2212" if value < 0 else ""
    return f"{sign}{format_number(abs(value))}"


def _explained() -> list[Block]:
    blanks = ("blank_causes", "blank_projects", "blank_actions", "blank_ahead")
    return [Paragraph(text=say("explained_text")), *(Blank(text=say(key), lines=5) for key in blanks)]


def _deliberation(subject: Subject) -> list[Block]:
    steps = ("debate", "vote", "publication", "sending", "next")
    sending = f"sending_{subject.kind}"
    rows = tuple(
        (say(f"step_{step}"), say(sending if step == "sending" else f"told_{step}"), say("blank_date"))
        for step in steps
    )
    return [
        Paragraph(text=say("vote_text")),
        Table(
            caption=say("vote_table"),
            header=(say("head_step"), say("head_rule"), say("head_date")),
            rows=rows,
            texts=3,
            widths=(0.18, 0.56, 0.26),
        ),
        Blank(text=say("blank_vote"), lines=3),
        Blank(text=say(f"blank_signature_{subject.kind}"), lines=4),
    ]


def _sources(subject: Subject) -> list[Block]:
    layers = subject.layers
    named = layers.territory.sources()
    used: dict[tuple[str, str, str, str], list[LayerSource]] = {}
    for name, source in named.items():
        use = _use(subject, name)
        if use and name in layers.names:
            used.setdefault((use, source.producer, source.source, source.licence), []).append(source)
    rows = []
    for (use, producer, told, licence), found in used.items():
        days = sorted({one.retrieved for one in found if one.retrieved is not None})
        rows.append(
            (
                use,
                f"{producer}, {told}",
                ", ".join(dict.fromkeys(one.vintage for one in found)),
                licence,
                ", ".join(f"{day:%d/%m/%Y}" for day in days) or say("day_unknown"),
            )
        )
    head = ("head_data", "head_source", "head_vintage", "head_licence", "head_retrieved")
    return [
        Table(
            caption=say("sources_table"),
            header=tuple(say(key) for key in head),
            rows=tuple(rows),
            texts=5,
            widths=(0.2, 0.34, 0.15, 0.16, 0.15),
        )
    ]


def _use(subject: Subject, name: str) -> str:
    """Say what a layer is used for in a report; empty where it is not."""
    layer = subject.layers.zones.get(name)
    if layer is not None:
        return wording("sheet", f"use_{layer.config.id}") if layer.config.id in {"epci", "scot"} else ""
    if any(source.layer_name == name for source in subject.layers.territory.land_cover):
        return wording("sheet", "use_land_cover")
    return wording("sheet", f"use_{name}") if name in {"communes", "population", "enaf"} else ""


def _method(subject: Subject, made: str) -> list[Block]:
    keys = [
        "method_enaf",
        "method_years",
        "method_area",
        "method_land",
        "method_law",
        "method_objective",
        "method_missing",
    ]
    told = [say(key) for key in keys]
    blocks: list[Block] = [Paragraph(text=text, style="bullet") for text in told]
    for name in TABLES:
        if name in subject.results.skipped:
            blocks.append(Missing(what=wording("results_table", name), why=wording("results_need", name)))
    remarks = [
        html.unescape(TAG.sub("", line))
        for line in warning_lines(subject.results, subject.layers)
        if "lang=" not in line
    ]
    if remarks:
        blocks.append(Paragraph(text=say("remarks")))
        blocks += [Paragraph(text=text, style="bullet") for text in remarks]
    return [*blocks, Paragraph(text=say("made_day", made=made, day=day_told(subject.day)), style="note")]


def _annex(subject: Subject) -> list[Block]:
    """Write the four indicators commune by commune."""
    rows = subject.of_communes("triennial").reindex(list(subject.portrait.commune_codes))
    names = subject.layers.communes["name"].astype("str")
    rows = rows.assign(zone_name=names.reindex(rows.index)).sort_values("zone_name", kind="stable")
    if rows.empty or subject.results.triennial is None:
        return [Missing(what=say("annex_title"), why=wording("results_need", "triennial"))]
    groups = {
        "enaf": ("enaf_period_ha", "enaf_period_share", "enaf_since_2021_ha", "enaf_since_2021_share"),
        "land": ("net_artificialisation_ha", "net_artificialisation_ha_per_year", "sealed_ha", "newly_sealed_ha"),
        "objective": (
            "objective_ha",
            "objective_consumed_ha",
            "objective_remaining_ha",
            "objective_kind",
            "objective_status",
        ),
    }
    return [_by_commune(subject, rows, name, columns) for name, columns in groups.items()]


def _by_commune(subject: Subject, rows: pd.DataFrame, name: str, columns: tuple[str, ...]) -> Table:
    cells = tuple(
        (f"{row['zone_name']} ({code})", *(_cell(row, column) for column in columns))
        for code, row in zip(rows.index, rows.to_dict("records"), strict=True)
    )
    header = [say("head_commune"), *(say(f"head_{column}", years=subject.period) for column in columns)]
    return Table(
        caption=say(f"annex_{name}"),
        header=tuple(header),
        rows=cells,
        # Words take more room than figures.
        widths=(0.25, 0.12, 0.12, 0.12, 0.22, 0.17)
        if name == "objective"
        else (0.34, *[0.66 / len(columns)] * len(columns)),
        note=_reasons(rows, columns),
    )


def _cell(row: Row, column: str) -> str:
    value = row.get(column)
    if column in {"objective_kind", "objective_status"}:
        return wording(column, value) if isinstance(value, str) else NO_VALUE
    return format_quantity(column, figure(row, column))


def _reasons(rows: pd.DataFrame, columns: tuple[str, ...]) -> str:
    """Say why cells of a table are empty, with the number of communes of each reason."""
    notes = []
    for column in columns:
        if column not in rows or not pd.api.types.is_numeric_dtype(rows[column]) or not rows[column].isna().any():
            continue
        name = column.removesuffix("_ha") if f"reason_{column.removesuffix('_ha')}" in rows else ""
        if not name:
            continue
        for code, count in rows.loc[rows[column].isna(), f"reason_{name}"].value_counts().items():
            told = wording("reason", str(code))
            notes.append(say("annex_missing", what=say(f"head_{column}", years="").rstrip(" ,"), why=told, count=count))
    return joined(notes)
