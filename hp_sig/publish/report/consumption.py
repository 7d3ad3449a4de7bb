"""1° How much natural, agricultural and forest land was consumed, when, for what, and beside whom?"""

import math

from hp_sig.maps.sheets.charts import EARLIER, RECENT
from hp_sig.maps.sheets.figures import key_figures
from hp_sig.maps.sheets.portrait import Row
from hp_sig.maps.sheets.sentences import enaf_sentences, told_list
from hp_sig.publish.report.model import Blank, Block, Missing, Paragraph, Section, Table, picture
from hp_sig.publish.report.words import joined, say
from hp_sig.publish.report.zone import Subject, amount, figure, reason_told, shown_communes
from hp_sig.reference.labels import NO_VALUE, format_number, format_quantity, wording

__all__ = ["consumption_sections"]

#: Destinations of the ENAF file, in its order, each with a colour that the colour-blind tell apart (Okabe and Ito).
DESTINATIONS = {
    "housing": "#0072b2",
    "activity": "#e69f00",
    "mixed": "#009e73",
    "road": "#7f7f7f",
    "rail": "#56b4e9",
    "unknown": "#cc79a7",
}


def consumption_sections(subject: Subject) -> list[Section]:
    """Write the chapter of the first indicator.

    Parameters
    ----------
    subject
        The zone.
    """
    flows = subject.portrait.flows
    intro = [Paragraph(text=say("enaf_definition"))]
    if not flows:
        why = wording("results_need", "enaf_consumption")
        if subject.results.enaf_consumption is not None:
            why = reason_told(subject, "enaf_period")
        missing = Missing(what=say("missing_enaf"), why=why)
        blank = Blank(text=say("blank_enaf"), lines=4)
        return [Section(title=say("enaf_title"), anchor="enaf", blocks=(*intro, missing, blank))]
    return [
        Section(title=say("enaf_title"), anchor="enaf", blocks=(*intro, *_summary(subject))),
        Section(title=say("enaf_yearly_title"), anchor="enaf-annuel", level=2, blocks=tuple(_yearly(subject))),
        Section(title=say("enaf_use_title"), anchor="enaf-destination", level=2, blocks=tuple(_by_use(subject))),
        Section(title=say("enaf_both_title"), anchor="enaf-croise", level=2, blocks=tuple(_yearly_by_use(subject))),
        Section(title=say("enaf_compared_title"), anchor="enaf-comparaison", level=2, blocks=tuple(_compared(subject))),
    ]


def _summary(subject: Subject) -> list[Block]:
    told, regime, flows = subject.told, subject.regime, subject.portrait.flows
    known = key_figures(subject.portrait, regime)
    reference = f"{regime.reference_first_year}-{regime.reference_last_year}"
    since = f"{regime.first_year}-{int(flows[-1]['year'])}"
    count = figure(told, "period_year_count")
    total = figure(told, "enaf_period_ha")
    rows = [
        (
            say("enaf_reference", years=reference),
            format_quantity("enaf_consumption_ha", known.by_key["reference"]),
            format_quantity("enaf_consumption_share", _reference_share(subject, known.by_key["reference"])),
            format_quantity("pace_ha_per_year", known.by_key["mean"]),
        ),
        (
            say("enaf_since", years=since),
            amount(told, "enaf_since_2021_ha"),
            amount(told, "enaf_since_2021_share"),
            format_quantity("pace_ha_per_year", _over(figure(told, "enaf_since_2021_ha"), known.flow_count)),
        ),
        (
            say("enaf_period", years=subject.period),
            amount(told, "enaf_period_ha"),
            amount(told, "enaf_period_share"),
            format_quantity("pace_ha_per_year", _over(total, count)),
        ),
    ]
    table = Table(
        caption=say("enaf_table"),
        header=(say("head_period"), say("head_hectares"), say("head_share"), say("head_pace")),
        rows=tuple(rows),
        widths=(0.46, 0.18, 0.18, 0.18),
        note=say("enaf_share_note"),
    )
    blocks: list[Block] = [table]
    # What was consumed since 2021 is in the table, rounded as it is published.
    sentences = enaf_sentences(subject.portrait, regime)
    blocks += [Paragraph(text=text, style="bullet") for text in (sentences[0], *sentences[2:])]
    for name, what in (("enaf_period", "missing_period"), ("enaf_period_share", "missing_share")):
        if math.isnan(figure(told, f"{name}_ha" if name == "enaf_period" else name)):
            blocks.append(Missing(what=say(what), why=reason_told(subject, name)))
    blocks.append(Missing(what=say("missing_split"), why=say("missing_split_why")))
    blocks += [Paragraph(text=say("renaturation_note")), Blank(text=say("blank_renaturation"), lines=2)]
    return blocks


def _yearly(subject: Subject) -> list[Block]:
    from hp_sig.publish.report.drawing import Level, Series, columns_chart  # noqa: PLC0415 - matplotlib

    flows, regime = subject.portrait.flows, subject.regime
    years = [int(row["year"]) for row in flows]
    values = [figure(row, "enaf_consumption_ha") for row in flows]
    last = regime.reference_last_year or 0
    earlier = tuple(value if year <= last else math.nan for year, value in zip(years, values, strict=True))
    recent = tuple(value if year > last else math.nan for year, value in zip(years, values, strict=True))
    series = [Series(label=say("chart_until", year=last), colour=EARLIER, values=earlier)]
    series.append(Series(label=say("chart_from", year=last + 1), colour=RECENT, values=recent))
    mean = key_figures(subject.portrait, regime).by_key["mean"]
    spans = [rank for rank, year in enumerate(years) if (regime.reference_first_year or 0) <= year <= last]
    levels = []
    if spans and math.isfinite(mean):
        label = say(
            "chart_mean", years=f"{regime.reference_first_year}-{last}", mean=format_quantity("pace_ha_per_year", mean)
        )
        levels.append(Level(label=label, value=mean, first=spans[0], last=spans[-1], dash="5 3"))
    provisional = [rank for rank, row in enumerate(flows) if row["is_provisional"]]
    drawn = columns_chart(
        [str(year) for year in years],
        [one for one in series if any(math.isfinite(value) for value in one.values)],
        levels=levels,
        uncertain=provisional,
        uncertain_label=say("chart_provisional"),
    )
    told = ", ".join(
        f"{year} : {format_quantity('enaf_consumption_ha', value)}" for year, value in zip(years, values, strict=True)
    )
    rows = [
        (
            f"{year} {say('provisional_mark')}" if row["is_provisional"] else str(year),
            format_quantity("enaf_consumption_ha", value),
            amount(row, "enaf_consumption_share"),
        )
        for year, value, row in zip(years, values, flows, strict=True)
    ]
    marked = told_list([str(years[rank]) for rank in provisional])
    blocks: list[Block] = [
        picture(say("enaf_yearly_chart"), say("alt_yearly", name=subject.name, values=told), drawn),
        Table(
            caption=say("enaf_yearly_table"),
            header=(say("head_year"), say("head_consumed"), say("head_share")),
            rows=tuple(rows),
            widths=(0.3, 0.25, 0.25),
            note=say("provisional_note", years=marked) if provisional else "",
        ),
    ]
    return blocks


def _by_use(subject: Subject) -> list[Block]:
    from hp_sig.publish.report.drawing import Bar, rows_chart  # noqa: PLC0415 - matplotlib

    told, total = subject.told, figure(subject.told, "enaf_period_ha")
    known = [name for name in DESTINATIONS if math.isfinite(figure(told, f"enaf_{name}_ha"))]
    if not known:
        return [Missing(what=say("missing_use"), why=reason_told(subject, "enaf_period"))]
    rows, bars = [], []
    for name in known:
        hectares = figure(told, f"enaf_{name}_ha")
        share = NO_VALUE if not total > 0 else f"{format_number(100 * hectares / total, 1)}\u00a0%"
        since = sum(figure(row, f"enaf_{name}_ha") for row in subject.portrait.flows)
        written = format_quantity("enaf_consumption_ha", hectares)
        rows.append((say(f"use_{name}"), written, share, format_quantity("enaf_consumption_ha", since)))
        bars.append(Bar(label=say(f"use_{name}"), value=hectares, told=written, colour=DESTINATIONS[name]))
    whole = sum(figure(row, "enaf_consumption_ha") for row in subject.portrait.flows)
    rows.append(
        (
            say("total"),
            amount(told, "enaf_period_ha"),
            say("hundred") if total > 0 else NO_VALUE,
            format_quantity("enaf_consumption_ha", whole),
        )
    )
    first, last = int(subject.portrait.flows[0]["year"]), int(subject.portrait.flows[-1]["year"])
    values = joined([f"{bar.label} : {bar.told}" for bar in bars])
    blocks: list[Block] = [
        picture(
            say("enaf_use_chart", period=subject.period),
            say("alt_use", name=subject.name, values=values),
            rows_chart(bars),
        ),
        Table(
            caption=say("enaf_use_table"),
            header=(say("head_use"), subject.period, say("head_part"), f"{first}-{last}"),
            rows=tuple(rows),
            has_total=True,
        ),
    ]
    absent = [say(f"use_{name}") for name in DESTINATIONS if name not in known]
    if absent:
        blocks.append(Missing(what=say("missing_uses", uses=told_list(absent)), why=say("missing_uses_why")))
    return blocks


def _yearly_by_use(subject: Subject) -> list[Block]:
    from hp_sig.publish.report.drawing import Series, columns_chart  # noqa: PLC0415 - matplotlib

    flows = subject.portrait.flows
    known = [name for name in DESTINATIONS if any(math.isfinite(figure(row, f"enaf_{name}_ha")) for row in flows)]
    if not known:
        return [Missing(what=say("missing_use"), why=reason_told(subject, "enaf_period"))]
    years = [str(row["year"]) for row in flows]
    series = [
        Series(
            label=say(f"use_{name}"),
            colour=DESTINATIONS[name],
            values=tuple(figure(row, f"enaf_{name}_ha") for row in flows),
        )
        for name in known
    ]
    provisional = [rank for rank, row in enumerate(flows) if row["is_provisional"]]
    drawn = columns_chart(years, series, height=78.0)
    rows = [
        (
            f"{row['year']} {say('provisional_mark')}" if rank in provisional else str(row["year"]),
            *(format_number(figure(row, f"enaf_{name}_ha"), 2) for name in known),
            format_number(figure(row, "enaf_consumption_ha"), 2),
        )
        for rank, row in enumerate(flows)
    ]
    return [
        picture(say("enaf_both_chart"), say("alt_both", name=subject.name), drawn),
        Table(
            caption=say("enaf_both_table"),
            header=(say("head_year"), *(say(f"use_{name}") for name in known), say("total")),
            rows=tuple(rows),
            widths=(0.16, *[0.84 / (len(known) + 1)] * (len(known) + 1)),
        ),
    ]


def _compared(subject: Subject) -> list[Block]:
    from hp_sig.publish.report.drawing import Bar, rows_chart  # noqa: PLC0415 - matplotlib
    from hp_sig.publish.report.maps import choropleth  # noqa: PLC0415

    compared: dict[str, Row] = {subject.name: subject.told, **subject.wider}
    rows = tuple(
        (
            name,
            amount(row, "enaf_period_ha"),
            amount(row, "enaf_period_share"),
            amount(row, "enaf_since_2021_ha"),
            amount(row, "enaf_since_2021_share"),
        )
        for name, row in compared.items()
    )
    head = (say("head_consumed"), say("head_share"))
    header = (
        say("head_zone"),
        *(f"{one}, {subject.period}" for one in head),
        *(f"{one}, {say('since_2021')}" for one in head),
    )
    note = say("partial_compared") if any(bool(row.get("is_partial")) for row in compared.values()) else ""
    table = Table(
        caption=say("enaf_compared_table"),
        header=header,
        rows=rows,
        widths=(0.34, 0.165, 0.165, 0.165, 0.165),
        note=note,
    )
    blocks: list[Block] = [table] if len(compared) > 1 else []
    shares = {name: figure(row, "enaf_period_share") for name, row in compared.items()}
    if len(compared) > 1 and all(math.isfinite(share) for share in shares.values()):
        bars = [
            Bar(
                label=name,
                value=share,
                told=format_quantity("enaf_period_share", share),
                colour=RECENT if name == subject.name else EARLIER,
            )
            for name, share in shares.items()
        ]
        values = joined([f"{bar.label} : {bar.told}" for bar in bars])
        caption = say("enaf_compared_chart", period=subject.period)
        blocks.append(picture(caption, say("alt_compared", values=values), rows_chart(bars)))
    codes = shown_communes(subject)
    hectares = _of_communes(subject, codes)
    if any(math.isfinite(value) for value in hectares.values()) and len(codes) > 1:
        names = subject.layers.communes["name"]
        values = joined(
            [f"{names[code]} : {format_quantity('enaf_period_ha', value)}" for code, value in hectares.items()]
        )
        caption = say("enaf_map_around" if subject.is_commune else "enaf_map", period=subject.period)
        blocks.append(picture(caption, say("alt_map", values=values), choropleth(subject, hectares)))
    return [*blocks, Paragraph(text=say("compared_note"), style="note"), Blank(text=say("blank_enaf"), lines=4)]


def _of_communes(subject: Subject, codes: list[str]) -> dict[str, float]:
    table = subject.results.triennial
    if table is None:
        return dict.fromkeys(codes, math.nan)
    rows = table[table["zone_layer"] == "communes"].set_index("zone_code")["enaf_period_ha"].reindex(codes)
    return {str(code): float(value) for code, value in rows.items()}


def _reference_share(subject: Subject, reference: float) -> float:
    """Sum the shares of the years of the reference, where each of them is known."""
    first, last = subject.regime.reference_first_year or 0, subject.regime.reference_last_year or 0
    rows = [row for row in subject.portrait.flows if first <= int(row["year"]) <= last]
    return math.nan if math.isnan(reference) else sum(figure(row, "enaf_consumption_share") for row in rows)


def _over(total: float, count: float) -> float:
    return total / count if count > 0 else math.nan
