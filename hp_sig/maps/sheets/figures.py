"""What are the key figures of a zone, and how do they stand beside those of its intercommunality and of the Pays?"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.portrait import Portrait, Row, number
from hp_sig.reference.labels import format_number, format_quantity, wording
from hp_sig.reference.regimes import Regime

__all__ = ["FIGURES", "Figure", "KeyFigures", "comparison_table", "key_figures", "shown", "told_communes", "told_years"]

#: A number, which only no-break spaces part from its unit.
AMOUNT = re.compile(r"\d")
#: What is not known, which is never 0.
UNKNOWN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A row of the table: its key, the column that says its unit and decimals, the measure that it belongs to.

    `share` is the column of the share of the zone's area, which stands beside the hectares.
    """

    key: str
    column: str
    measure: str
    share: str = ""


#: The rows, in order. Three measures of land never share a group.
FIGURES = (
    Figure(key="area", column="area_ha", measure="zone"),
    Figure(key="population", column="population", measure="zone"),
    Figure(key="reference", column="enaf_consumption_ha", measure="enaf"),
    Figure(key="since", column="enaf_consumption_ha", measure="enaf", share="enaf_consumption_share"),
    Figure(key="allowance", column="allowance_ha", measure="trajectory"),
    Figure(key="remaining", column="remaining_ha", measure="trajectory"),
    Figure(key="projection", column="projection_ha", measure="trajectory"),
    Figure(key="artificialised", column="artificialised_ha", measure="artificialisation", share="artificialised_share"),
    Figure(key="net", column="artificialised_net_ha_per_year", measure="artificialisation"),
    Figure(key="density", column="inhabitants_per_ha", measure="artificialisation"),
    Figure(key="sealed", column="sealed_ha", measure="sealing", share="sealed_share"),
    Figure(key="sealed_net", column="sealed_net_ha_per_year", measure="sealing"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """The figures of one zone by key (NaN: not known), and the years behind them.

    Parameters
    ----------
    by_key
        By the keys of `FIGURES`, their shares (`since_share`), and `pace` and `mean`, in hectares a year.
    flow_count
        Yearly flows counted since the period began.
    provisional_years
        Those of them, and of the reference, that are provisional.
    """

    by_key: dict[str, float]
    flow_count: int
    provisional_years: tuple[int, ...]


def key_figures(portrait: Portrait, regime: Regime) -> KeyFigures:
    """Read the key figures of a zone.

    Parameters
    ----------
    portrait
        The zone.
    regime
        The law in force, for its reference years and its period.
    """
    reference = _between(portrait.flows, regime.reference_first_year, regime.reference_last_year)
    period = _between(portrait.flows, regime.first_year, regime.last_year)
    first, last = regime.reference_first_year or 0, regime.reference_last_year or -1
    whole = len(reference) == last - first + 1
    total = _sum(reference, "enaf_consumption_ha") if whole else UNKNOWN
    values = {
        "area": portrait.area_ha,
        "population": portrait.population,
        "reference": total,
        "mean": total / len(reference) if reference else UNKNOWN,
        "since": _sum(period, "enaf_consumption_ha"),
        "since_share": _sum(period, "enaf_consumption_share"),
        "pace": number(portrait.law, "pace_ha_per_year"),
    }
    values |= {key: number(portrait.law, f"{key}_ha") for key in ("allowance", "remaining", "projection")}
    values |= {"net": number(portrait.flow, "artificialised_net_ha_per_year")}
    values |= {"sealed_net": number(portrait.flow, "sealed_net_ha_per_year")}
    values |= {"density": number(portrait.shape, "inhabitants_per_ha")}
    for measure in ("artificialised", "sealed"):
        values |= {measure: number(portrait.stock, f"{measure}_ha")}
        values |= {f"{measure}_share": number(portrait.stock, f"{measure}_share")}
    provisional = tuple(int(row["year"]) for row in (*reference, *period) if row["is_provisional"])
    return KeyFigures(by_key=values, flow_count=len(period), provisional_years=provisional)


def comparison_table(portraits: Sequence[Portrait], regime: Regime, measures: Sequence[str]) -> str:
    """Write the key figures of a zone, a row each, beside those of the zones that it is compared with.

    Parameters
    ----------
    portraits
        The zone, then the others.
    regime
        The law in force.
    measures
        Which groups of figures there are tables for.
    """
    columns = [key_figures(portrait, regime).by_key for portrait in portraits]
    heads = "".join(f'<th scope="col">{_head(portrait)}</th>' for portrait in portraits)
    groups = []
    for measure in ("zone", *measures):
        rows = "".join(_row(figure, columns, portraits, regime) for figure in FIGURES if figure.measure == measure)
        if measure == "artificialisation":
            rows = _vintages(portraits) + rows
        groups.append(f"<tbody>{_group(measure, len(portraits), regime)}{rows}</tbody>")
    caption = wording("sheet", "figures" if len(portraits) > 1 else "figures_alone")
    corner = safe_text(wording("sheet", "figure"))
    return (
        f'<table class="figures"><caption>{safe_text(caption)}</caption><thead><tr><th scope="col">{corner}</th>'
        f"{heads}</tr></thead>{''.join(groups)}</table>"
    )


def shown(figure: Figure, values: Mapping[str, float]) -> str:
    """Write a figure with its unit, and its share of the zone where it has one.

    What is left of an allowance that is exceeded is told as the excess; a density has its unit in its heading.
    """
    value = values[figure.key]
    if figure.key == "density":
        return format_number(value, 1)
    if figure.key == "remaining" and value < 0:
        return wording("sheet", "over", amount=format_quantity(figure.column, -value))
    amount = format_quantity(figure.column, value)
    if not figure.share or math.isnan(value):
        return amount
    share = format_quantity(figure.share, values[f"{figure.key}_share"])
    return wording("sheet", "with_share", amount=amount, share=share)


def told_communes(portrait: Portrait) -> str:
    """Count the communes of a zone: « 13 communes sur 21 » where some lie out of the territory."""
    count, total = len(portrait.commune_codes), portrait.commune_total
    form = "one" if count == 1 else "many"
    if portrait.is_perimeter:
        return wording("sheet", f"inside_{form if count else 'none'}", count=count)
    if total is not None and total > count:
        return wording("sheet", "communes_of_one" if count == 1 else "communes_of", count=count, total=total)
    return wording("sheet", f"communes_{form}", count=count)


def told_years(row: Row | None, column: str = "year") -> str:
    """Tell the vintage of a row; two départements may have their own, which are then mixed."""
    if row is None:
        return "–"
    years = str(row[column])
    return wording("sheet", "mixed", years=years) if row["is_mixed"] else years


def _head(portrait: Portrait) -> str:
    year = f" ({portrait.year})" if portrait.kind == "epci" else ""
    told = f"<small>{safe_text(told_communes(portrait))}</small>" if portrait.kind == "epci" else ""
    return f"{safe_text(portrait.name or wording('sheet', 'unnamed'))}{year}{told}"


def _group(measure: str, count: int, regime: Regime) -> str:
    if measure == "zone":
        return ""
    told = wording("sheet", f"measure_{measure}", first=regime.first_year, last=regime.last_year)
    return f'<tr class="measure {measure}"><th scope="rowgroup" colspan="{count + 1}">{safe_text(told)}</th></tr>'


def _row(figure: Figure, columns: Sequence[Mapping[str, float]], portraits: Sequence[Portrait], regime: Regime) -> str:
    cells = "".join(f"<td>{_unbroken(shown(figure, one))}</td>" for one in columns)
    return f'<tr><th scope="row">{safe_text(_row_label(figure.key, portraits[0], regime))}</th>{cells}</tr>'


def _unbroken(told: str) -> str:
    """Write a cell whose amounts never break inside: between them (« · ») and between words only."""
    return " ".join(
        f'<span class="amount">{safe_text(part)}</span>' if AMOUNT.search(part) else safe_text(part)
        for part in told.split(" ")
    )


def _row_label(key: str, portrait: Portrait, regime: Regime) -> str:
    first, last = regime.first_year, regime.last_year
    if key == "reference":
        first, last = regime.reference_first_year, regime.reference_last_year
    if key == "population" and portrait.population_year is not None:
        return wording("sheet", "row_population_of", year=portrait.population_year)
    return wording("sheet", f"row_{key}", first=first, last=last)


def _vintages(portraits: Sequence[Portrait]) -> str:
    cells = "".join(f"<td>{safe_text(told_years(portrait.stock))}</td>" for portrait in portraits)
    return f'<tr><th scope="row">{safe_text(wording("sheet", "row_vintage"))}</th>{cells}</tr>'


def _between(flows: Sequence[Row], first: int | None, last: int | None) -> list[Row]:
    if first is None or last is None:
        return []
    return [row for row in flows if first <= int(row["year"]) <= last]


def _sum(rows: Sequence[Row], column: str) -> float:
    """Add up; nothing to add is not known, and neither is a sum with one unknown term."""
    return sum(float(row[column]) for row in rows) if rows else UNKNOWN
