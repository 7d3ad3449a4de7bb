"""How is what QGIS reads written: elements, texts that cannot break them, names and texts inside expressions?"""

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

__all__ = ["as_text", "custom_properties", "element", "field_of", "literal", "option", "unevaluated"]

Element = ET.Element
#: What XML 1.0 has no room for: control characters, halves of a pair, non-characters.
ILLEGIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: A project of this version is read by it and by every later one.
VERSION = "3.16.0-Hannover"


def element(
    tag: str, attributes: Mapping[str, object] | None = None, children: Iterable[Element] = (), text: str = ""
) -> Element:
    """Make an element; truth values are written `1` and `0`.

    >>> ET.tostring(element("rule", {"label": "A & B", "checked": True}), encoding="unicode")
    '<rule label="A &amp; B" checked="1" />'
    """
    made = Element(tag, {name: _written(value) for name, value in (attributes or {}).items()})
    made.extend(children)
    if text:
        made.text = _written(text)
    return made


def _written(value: object) -> str:
    return ILLEGIBLE.sub("", str(int(value)) if isinstance(value, bool) else str(value))


def option(value: object, name: str | None = None) -> Element:
    """Write a value as QGIS keeps it: a text, a number, a truth value, a list or names and values."""
    named = {} if name is None else {"name": name}
    if isinstance(value, Mapping):
        return element("Option", {**named, "type": "Map"}, [option(one, str(key)) for key, one in value.items()])
    if isinstance(value, list | tuple):
        return element("Option", {**named, "type": "List"}, [option(one) for one in value])
    if isinstance(value, bool):
        return element("Option", {**named, "type": "bool", "value": "true" if value else "false"})
    kind = {int: "int", float: "double"}.get(type(value), "QString")
    return element("Option", {**named, "type": kind, "value": value})


def custom_properties(properties: Mapping[str, object]) -> Element:
    """Write properties of a layer or of its line in a tree, in the form that every version reads."""
    rows = [element("property", {"key": key, "value": value}) for key, value in properties.items()]
    return element("customproperties", children=rows)


def field_of(column: str) -> str:
    """Name a column in an expression.

    >>> field_of("area_ha")
    '"area_ha"'
    """
    return '"' + column.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Write a text in an expression, where a backslash begins an escape.

    >>> literal("l'Aubépine")
    "'l''Aubépine'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def unevaluated(text: str) -> str:
    """Keep a text that QGIS would look into for expressions (`[% … %]`) from holding one."""
    return text.replace("[%", "[\u200b%")


def as_text(root: Element, kind: str = "qgis") -> str:
    """Write a document."""
    ET.indent(root, " ")
    return f"<!DOCTYPE {kind}>\n{ET.tostring(root, encoding='unicode')}\n"
