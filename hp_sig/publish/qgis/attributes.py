"""What does an officer read in the attribute table, in a form, under the pointer: French names, words, decimals?"""

import html
from collections.abc import Mapping

from hp_sig.publish.dictionary import words_of
from hp_sig.publish.publication import Column, PublishedTable
from hp_sig.publish.qgis.markup import Element, element, field_of, literal, option, unevaluated
from hp_sig.reference.labels import format_number, in_unit, wording

__all__ = ["alias_of", "attribute_parts", "figure_told", "map_tip", "name_field"]

#: Columns that name a row, the best first.
NAMES = ("name", "project_name", "hub_name", "zone_name", "commune_name", "station_name", "zone_type")
#: More codes than that are not worded: they are not codes.
MOST_CODES = 60
#: Widest figures that a form lets through: a form refuses nothing.
WIDEST = 1e12


def alias_of(column: Column) -> str:
    """Name a column as a reader does, with the unit in which its figures are written.

    >>> alias_of(Column(name="sealed_ha", label="Surface imperméabilisée", kind="real", unit="ha"))
    'Surface imperméabilisée (ha)'
    """
    if not column.unit:
        return column.label
    unit = wording("qgis", "share", unit=column.unit) if in_unit(1.0, column.unit) != 1.0 else column.unit
    return f"{column.label} ({unit})"


def name_field(table: PublishedTable) -> str:
    """Choose the column by which a feature is called."""
    columns = [column.name for column in table.columns]
    return next((name for name in NAMES if name in columns), table.key[0])


def attribute_parts(table: PublishedTable) -> list[Element]:
    """Write the parts of a style that say how attributes are read: names, words, decimals, the name of a feature."""
    words = _words(table)
    aliases = [
        element("alias", {"index": rank, "field": column.name, "name": alias_of(column)})
        for rank, column in enumerate(table.columns, 1)
    ]
    fields = [
        element("field", {"name": column.name, "configurationFlags": "None"}, [_widget(column, words.get(column.name))])
        for column in table.columns
    ]
    return [
        element("fieldConfiguration", children=fields),
        element("aliases", children=aliases),
        element("editorlayout", text="generatedlayout"),
        element("previewExpression", text=field_of(name_field(table))),
    ]


def map_tip(table: PublishedTable, figure: str = "") -> Element:
    """Write what stands under the pointer: the name of the feature, and a figure if its column is named."""
    tip = [f"<b>[% {_told(field_of(name_field(table)))} %]</b>"]
    words = _words(table) if table.is_copy else {}
    for column in table.columns:
        if column.name in words and column.kind == "text":
            tip.append(f"{_heading(column)} [% {_told(f'represent_value({field_of(column.name)})')} %]")
        if column.name == figure:
            tip.append(f"{_heading(column)} [% {figure_told(column)} %]")
    return element("mapTip", text="<br>".join(tip))


def _heading(column: Column) -> str:
    return f"{unevaluated(html.escape(column.label, quote=False))}\u00a0:"


def figure_told(column: Column) -> str:
    """Write the expression that tells a figure the French way, with its unit; an en dash where it is not known."""
    factor = in_unit(1.0, column.unit)
    figure = field_of(column.name) if factor == 1.0 else f"{field_of(column.name)} * {factor:.0f}"
    unit = f" || {literal(f'{chr(0xA0)}{column.unit}')}" if column.unit else ""
    told = f"format_number({figure}, {column.decimals or 0}, 'fr'){unit}"
    return f"coalesce({told}, {literal(format_number(None))})"


def _told(expression: str) -> str:
    """Write the expression of a text for a page: a name is never taken for markup."""
    for sign, written in (("&", "&amp;"), ("<", "&lt;")):
        expression = f"replace({expression}, {literal(sign)}, {literal(written)})"
    return expression


def _widget(column: Column, words: Mapping[str, str] | None) -> Element:
    kind, config = "TextEdit", {}  # type: tuple[str, dict[str, object]]
    if words:
        kind, config = "ValueMap", {"map": [{text: code} for code, text in words.items()]}
    elif column.kind == "real":
        shown = (column.decimals or 0) + (2 if in_unit(1.0, column.unit) != 1.0 else 0)
        kind = "Range"
        config = {"AllowNull": True, "Min": -WIDEST, "Max": WIDEST, "Precision": shown, "Step": 1, "Style": "SpinBox"}
    return element("editWidget", {"type": kind}, [element("config", children=[option(config)])])


def _words(table: PublishedTable) -> dict[str, dict[str, str]]:
    """Pair the codes of each column that has some with their French words."""
    answers = {"true": wording("answer", "yes"), "false": wording("answer", "no")}
    found = {column.name: answers for column in table.columns if column.kind == "boolean"}
    for column in table.columns:
        if column.kind != "text" or table.rows[column.name].nunique() > MOST_CODES:
            continue
        pairs = words_of(table, column)
        if any(code != text for code, text in pairs.items()):
            found[column.name] = pairs
    return found
