"""2° and 3°: how much land was artificialised, de-artificialised and sealed, and what is the land covered with?"""

import math
from collections.abc import Sequence

import pandas as pd

from hp_sig.maps.classes import GAIN, LOSS
from hp_sig.maps.sheets.figures import told_years
from hp_sig.maps.sheets.portrait import Row
from hp_sig.maps.sheets.sentences import land_sentences
from hp_sig.publish.report.model import Blank, Block, Missing, Paragraph, Section, Table, picture
from hp_sig.publish.report.words import joined, say
from hp_sig.publish.report.zone import Subject, amount, figure, reason_told
from hp_sig.reference.labels import JOINTS, NO_VALUE, format_number, format_quantity, wording
from hp_sig.reference.nomenclature import (
    artificialised_pairs,
    colour,
    cover_label,
    decree_categories,
    sealed_covers,
    use_label,
)

__all__ = ["land_sections", "sealing_sections"]

#: The land cover of less than this share of a zone does not tell what the whole is.
WHOLE_SHARE = 0.995
#: Changes of cover and use that a table holds: the largest.
MOST_CHANGES = 12
MISSING = {"cover": "missing_cover", "use": "missing_use_of_land"}
HEADS = {"cover": "head_cover", "use": "head_use_of_land"}
#: Columns that say with which decimals classes and changes are shown.
CLASS_AREA = "artificialised_ha"
CHANGES = {"area_ha": "artificialised_net_ha", "area_ha_per_year": "artificialised_net_ha_per_year"}
MINUS = "\u2212"
NET = "#1c1c1c"


def land_sections(subject: Subject) -> list[Section]:
    """Write the chapter of the second indicator.

    Parameters
    ----------
    subject
        The zone.
    """
    decree = decree_categories()
    rows = tuple(
        (
            say("category", number=number),
            str(row["definition"]),
            say("artificialised" if row["is_artificialised"] else "not_artificialised"),
            say("square_metres", count=format_number(float(row["min_area_m2"]))),
        )
        for number, row in decree.iterrows()
    )
    nomenclature = Table(
        caption=say("decree_table"),
        header=(say("head_category"), say("head_definition"), say("head_status"), say("head_threshold")),
        rows=rows,
        texts=3,
        widths=(0.09, 0.57, 0.19, 0.15),
        note=say("decree_note"),
    )
    intro = (Paragraph(text=say("land_definition")), nomenclature)
    sections = [Section(title=say("land_title"), anchor="artificialisation", blocks=intro)]
    balance = _balance(subject)
    sections.append(Section(title=say("land_balance_title"), anchor="solde", level=2, blocks=tuple(balance)))
    for axis in ("cover", "use"):
        blocks = tuple(_classes(subject, axis))
        sections.append(Section(title=say(f"land_{axis}_title"), anchor=axis, level=2, blocks=blocks))
    changes = (*_changes(subject), Blank(text=say("blank_land"), lines=4))
    sections.append(Section(title=say("land_change_title"), anchor="flux", level=2, blocks=changes))
    return sections


def sealing_sections(subject: Subject) -> list[Section]:
    """Write the chapter of the third indicator.

    Parameters
    ----------
    subject
        The zone.
    """
    blocks: list[Block] = [Paragraph(text=say("sealing_definition"))]
    blocks += _measured(subject, "sealed", ("sealed", "newly_sealed"))
    return [
        Section(
            title=say("sealing_title"), anchor="impermeabilisation", blocks=(*blocks, Blank(text=say("blank_sealing")))
        )
    ]


def _balance(subject: Subject) -> list[Block]:
    return _measured(subject, "artificialised", ("net_artificialisation",))


def _measured(subject: Subject, measure: str, names: Sequence[str]) -> list[Block]:
    """Tell the state of a measure, its gains, losses and balance; what is missing is told with the reason."""
    stock, flow = subject.portrait.stock, subject.portrait.flow
    blocks: list[Block] = []
    if stock is not None or flow is not None:
        blocks += _change_blocks(subject, measure, stock, flow)
    for name in names:
        if math.isnan(figure(subject.told, f"{name}_ha")):
            blocks.append(Missing(what=say(f"missing_{name}"), why=reason_told(subject, name)))
    if measure == "artificialised" and math.isnan(figure(stock, "artificialised_ha")):
        why = wording("results_need", "land_stock") if stock is None else say("missing_covered")
        blocks.append(Missing(what=say("missing_artificialised"), why=why))
    return blocks


def _change_blocks(subject: Subject, measure: str, stock: Row | None, flow: Row | None) -> list[Block]:
    from hp_sig.publish.report.drawing import Bar, rows_chart  # noqa: PLC0415 - matplotlib

    is_mixed = flow is not None and bool(flow["is_mixed"])
    years = NO_VALUE if flow is None or not isinstance(flow["vintages"], str) else str(flow["vintages"])
    values = {part: figure(flow, f"{measure}_{part}_ha") for part in ("gain", "loss", "net")}
    rows = [
        (
            say(f"{measure}_state", year=told_years(stock)),
            amount(stock, f"{measure}_ha"),
            amount(stock, f"{measure}_share"),
        ),
        *(
            (say(f"{measure}_{part}", years=years), format_quantity(f"{measure}_{part}_ha", value), "")
            for part, value in values.items()
        ),
        (say(f"{measure}_pace", years=years), amount(flow, f"{measure}_net_ha_per_year"), ""),
    ]
    table = Table(
        caption=say(f"{measure}_table"),
        header=(say("head_measure"), say("head_area"), say("head_share")),
        rows=tuple(rows),
        widths=(0.6, 0.2, 0.2),
        note=joined([*_methods(stock, flow), *([say("mixed_note")] if is_mixed else [])]),
    )
    blocks: list[Block] = [table]
    if all(math.isfinite(value) for value in values.values()):
        colours = {"gain": GAIN, "loss": LOSS, "net": NET}
        bars = [
            Bar(
                label=say(f"chart_{measure}_{part}"),
                value=-value if part == "loss" else value,
                told=_signed(f"{measure}_{part}_ha", -value if part == "loss" else value),
                colour=colours[part],
            )
            for part, value in values.items()
        ]
        told = joined([f"{bar.label} : {bar.told}" for bar in bars])
        blocks.append(picture(say(f"{measure}_chart", years=years), say("alt_rows", values=told), rows_chart(bars)))
    artificialised, sealed = land_sentences(subject.portrait)
    # Density is told with the people.
    told_of = artificialised[:2] if measure == "artificialised" else sealed
    return [*blocks, *(Paragraph(text=text, style="bullet") for text in told_of)]


def _methods(stock: Row | None, flow: Row | None) -> list[str]:
    """Say how the figures were made, and over which part of the zone."""
    notes = []
    method = next(
        (str(row["method"]) for row in (stock, flow) if row is not None and isinstance(row["method"], str)), ""
    )
    if method:
        words = "".join(part if JOINTS.fullmatch(part) else wording("method", part) for part in JOINTS.split(method))
        notes.append(say("method_told", method=words))
    if "matrix" in method:
        notes.append(say("method_matrix"))
    if figure(stock, "covered_share") < WHOLE_SHARE:
        notes.append(say("covered_note", share=amount(stock, "covered_share")))
    return notes


def _classes(subject: Subject, axis: str) -> list[Block]:
    from hp_sig.publish.report.drawing import Bar, rows_chart  # noqa: PLC0415 - matplotlib

    table = subject.table("land_classes")
    rows = table[table["axis"] == axis] if len(table) else table
    if rows.empty or rows["area_ha"].isna().all():
        why = (
            wording("results_need", "land_classes") if subject.results.land_classes is None else say("missing_covered")
        )
        return [Missing(what=say(MISSING[axis]), why=why)]
    ranks = sorted(rows["rank"].unique())
    last = rows[rows["rank"] == ranks[-1]].set_index("class_code")
    before = rows[rows["rank"] == ranks[-2]].set_index("class_code") if len(ranks) > 1 else None
    if last["area_ha"].isna().any():
        return [Missing(what=say(MISSING[axis]), why=say("missing_covered"))]
    present = last["area_ha"] > 0
    if before is not None:
        present |= before["area_ha"].reindex(last.index) > 0
    named = cover_label if axis == "cover" else use_label
    bars, cells = [], []
    year = str(last["year"].iloc[0])
    comparable = before is not None and not bool(last["is_mixed"].any()) and before["area_ha"].notna().all()
    for code in last.index[present]:
        area = float(last["area_ha"][code])
        share = format_quantity("share", float(last["share"][code]))
        row = [f"{named(code)} ({code})", format_quantity(CLASS_AREA, area), share]
        if before is not None and comparable:
            row.append(_signed(CLASS_AREA, area - float(before["area_ha"].reindex([code]).iloc[0])))
        cells.append(tuple(row))
        bars.append(Bar(label=named(code).split(" (")[0], value=area, told=f"{row[1]} · {share}", colour=colour(code)))
    header = [say(HEADS[axis]), year, say("head_part")]
    note = ""
    if before is not None and comparable:
        header.append(say("head_change", before=before["year"].iloc[0], after=year))
    elif before is not None:
        note = say("mixed_classes")
    values = joined([f"{bar.label} : {bar.told}" for bar in bars])
    widths = (0.49, 0.17, 0.13, 0.21) if len(header) > 3 else (0.6, 0.22, 0.18)
    return [
        picture(say(f"{axis}_chart", year=year), say("alt_rows", values=values), rows_chart(bars)),
        Table(
            caption=say(f"{axis}_table", year=year), header=tuple(header), rows=tuple(cells), widths=widths, note=note
        ),
    ]


def _changes(subject: Subject) -> list[Block]:
    table = subject.table("land_transition")
    if table.empty:
        why = (
            wording("results_need", "land_transition")
            if subject.results.land_transition is None
            else say("missing_covered")
        )
        return [Missing(what=say("missing_changes"), why=why)]
    rows = table[table["rank"] == table["rank"].max()]
    changed = rows[(rows["cover_before"] != rows["cover_after"]) | (rows["use_before"] != rows["use_after"])]
    column = "area_ha_per_year" if changed["area_ha"].isna().any() else "area_ha"
    changed = changed[changed[column] > 0].sort_values(column, ascending=False, kind="stable")
    years = str(rows["vintages"].iloc[0])
    if changed.empty:
        return [Paragraph(text=say("changes_none", years=years))]
    cells = tuple(
        (
            _pair(row["cover_before"], row["use_before"]),
            _pair(row["cover_after"], row["use_after"]),
            _effect(row),
            format_quantity(CHANGES[column], float(row[column])),
        )
        for row in changed.head(MOST_CHANGES).to_dict("records")
    )
    unit = "head_area" if column == "area_ha" else "head_pace"
    left = len(changed) - len(cells)
    note = joined([say("changes_note"), *([say("changes_more", count=left)] if left else [])])
    return [
        Table(
            caption=say("changes_table", years=years),
            header=(say("head_before"), say("head_after"), say("head_effect"), say(unit)),
            rows=cells,
            texts=3,
            widths=(0.31, 0.31, 0.22, 0.16),
            note=note,
        )
    ]


def _pair(cover: object, use: object) -> str:
    told = [cover_label(str(cover)).split(" (")[0]]
    if isinstance(use, str) and not pd.isna(use):
        told.append(use_label(use).split(" (")[0])
    return " – ".join(told)


def _effect(row: Row) -> str:
    """Say what a change does, by the matrix of the nomenclature, without any threshold of area."""
    pairs = artificialised_pairs()
    before, after = ((row[f"cover_{end}"], row[f"use_{end}"]) in pairs for end in ("before", "after"))
    told = [say("effect_gain" if after else "effect_loss")] if before != after else []
    sealed_before, sealed_after = (row[f"cover_{end}"] in sealed_covers() for end in ("before", "after"))
    if sealed_before != sealed_after:
        told.append(say("effect_sealed" if sealed_after else "effect_unsealed"))
    return ", ".join(told) or NO_VALUE


def _signed(column: str, value: float) -> str:
    """Write a change with its sign."""
    told = format_quantity(column, abs(value))
    if told == format_quantity(column, 0.0):
        return told
    return f"{'+' if value > 0 else MINUS}{told}"
