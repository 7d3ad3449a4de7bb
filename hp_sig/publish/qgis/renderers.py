"""How does a layer choose the symbol of each feature?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hp_sig.publish.qgis.markup import Element, element, unevaluated

__all__ = ["Case", "Range", "by_classes", "by_rules", "by_values", "same_for_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row of the legend: the value (or the rule) of the features that it tells, their words, their symbol."""

    value: str
    text: str
    symbol: Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A class of figures: both its ends belong to it, and to it first where the next one begins there."""

    lower: float
    upper: float
    text: str
    symbol: Element


def same_for_all(symbol: Element) -> Element:
    """Draw every feature alike."""
    return _renderer("singleSymbol", {}, [_symbols([symbol])])


def by_values(expression: str, cases: Sequence[Case], *, order: str = "") -> Element:
    """Draw each value its own way; an empty value is all that no other case tells.

    Parameters
    ----------
    expression
        Of the value.
    cases
        In the order of the legend.
    order
        Expression that orders the features: the greatest is drawn first, the lowest.
    """
    categories = [
        element(
            "category",
            {"value": case.value, "label": unevaluated(case.text), "symbol": rank, "render": "true", "type": "string"},
        )
        for rank, case in enumerate(cases)
    ]
    parts = [element("categories", children=categories), _symbols(case.symbol for case in cases)]
    return _renderer("categorizedSymbol", {"attr": expression}, parts, order=order)


def by_classes(expression: str, ranges: Sequence[Range]) -> Element:
    """Draw each class of figures its own way.

    Parameters
    ----------
    expression
        Of the figure; a feature whose figure is NULL is not drawn.
    ranges
        In order.
    """
    rows = [
        element(
            "range",
            {
                "lower": repr(one.lower),
                "upper": repr(one.upper),
                "label": unevaluated(one.text),
                "symbol": rank,
                "render": "true",
            },
        )
        for rank, one in enumerate(ranges)
    ]
    parts = [element("ranges", children=rows), _symbols(one.symbol for one in ranges)]
    parts.append(element("classificationMethod", {"id": "Custom"}))
    return _renderer("graduatedSymbol", {"attr": expression, "graduatedMethod": "GraduatedColor"}, parts)


def by_rules(cases: Sequence[Case]) -> Element:
    """Draw the features of each rule its own way; the rule `ELSE` takes the rest."""
    rules = [
        element(
            "rule", {"filter": case.value, "label": unevaluated(case.text), "symbol": rank, "key": f"{{rule-{rank}}}"}
        )
        for rank, case in enumerate(cases)
    ]
    parts = [element("rules", {"key": "{rules}"}, rules), _symbols(case.symbol for case in cases)]
    return _renderer("RuleRenderer", {}, parts)


def _symbols(symbols: Iterable[Element]) -> Element:
    named = []
    for rank, symbol in enumerate(symbols):
        symbol.set("name", str(rank))
        named.append(symbol)
    return element("symbols", children=named)


def _renderer(kind: str, attributes: dict[str, object], parts: Sequence[Element], *, order: str = "") -> Element:
    rows = list(parts)
    if order:
        clause = element("orderByClause", {"asc": 0, "nullsFirst": 0}, text=order)
        rows.append(element("orderby", children=[clause]))
    form = {"type": kind, "forceraster": 0, "symbollevels": 0, "enableorderby": int(bool(order))}
    return element("renderer-v2", {**form, **attributes}, rows)
