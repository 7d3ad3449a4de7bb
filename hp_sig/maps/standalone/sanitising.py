"""Which HTML of a text stays HTML, and what of it is shown as written?

The rules are in `assets/markup.toml`, for Python and for the browser alike. A tag stays when it has exactly the form
that they allow: a known element, known attributes, values without code and without address. Of anything else, the
first character becomes an entity, so that the reader sees what was written.
"""

import html
import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["for_template_literal", "markup_rules", "missing_images", "rules_as_json", "sanitise", "style_addresses"]

SPACE = r"[ \t\n\r\f]"
#: One attribute: its name, then its value between quotes of either kind or bare.
ATTRIBUTE = rf"""{SPACE}+([A-Za-z][\w:.-]*)(?:{SPACE}*={SPACE}*(?:"([^"<>]*)"|'([^'<>]*)'|([^ \t\n\r\f"'<>=`]+)))?"""
NAMELESS_ATTRIBUTE = re.sub(r"\((?!\?)", "(?:", ATTRIBUTE)
#: A comment, a tag, or a character that begins neither.
TAG = rf"<!--[^<>]*-->|<(/?)([A-Za-z][A-Za-z0-9]*)((?:{NAMELESS_ATTRIBUTE})*){SPACE}*/?>|<"
#: What a JavaScript template literal reads, as entities of the HTML that it holds.
LITERAL_MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "`$\\"})
EMBEDDED = re.compile(r"""url\(\s*(["']?)(?:data:[^)]*|#[\w-]*)\1\s*\)""", re.IGNORECASE)
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\n\r\f]?|\\(.)", re.DOTALL)
CSS_LOADS = re.compile(r"""@import[^;]*|(?:url|src|image-set|image)\([^)]*\)?|(?:https?:)?//[^\s"')]+""", re.IGNORECASE)


@cache
def markup_rules() -> Mapping[str, Any]:
    """Give the rules as the browser's side reads them: lists, tables, and the two expressions that find tags."""
    rules = tomllib.loads((files("hp_sig.maps") / "assets" / "markup.toml").read_text(encoding="utf-8"))
    return {
        **rules,
        "elements": rules["elements"].split(),
        "drawing": rules["drawing"].split(),
        "tag": TAG,
        "attribute": ATTRIBUTE,
    }


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern, re.IGNORECASE | re.ASCII) for name, pattern in markup_rules()["patterns"].items()}


@cache
def _expressions() -> tuple[re.Pattern[str], re.Pattern[str], frozenset[str]]:
    return (
        re.compile(TAG, re.ASCII),
        re.compile(ATTRIBUTE, re.ASCII),
        frozenset(markup_rules()["elements"] + markup_rules()["drawing"]),
    )


def sanitise(text: str) -> str:
    """Keep the allowed markup of a text, and turn every other `<` into an entity.

    Parameters
    ----------
    text
        HTML by anyone. Sanitising twice changes nothing more.

    Examples
    --------
    >>> sanitise("<b>Volx</b> <img src=x onerror=alert(1)>")
    '<b>Volx</b> &lt;img src=x onerror=alert(1)>'
    """
    if "<" not in text:
        return text
    tag, _, _ = _expressions()
    return tag.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    element = found[2]
    if found[0] != "<" and (element is None or not _faults(found[1], element.lower(), found[3])):
        return found[0]
    return f"&lt;{found[0][1:]}"


def _faults(closing: str, element: str, attributes: str) -> list[tuple[str, str]]:
    """List the attributes that a tag may not have; the element itself, if it may not be."""
    _, attribute, elements = _expressions()
    if element not in elements or (closing and attributes):
        return [(element, "")]
    faults = []
    for name, double, single, bare in attribute.findall(attributes):
        pattern = _pattern(element, name.lower())
        value = double or single or bare
        if pattern is None or not _patterns()[pattern].fullmatch(value):
            faults.append((name.lower(), value))
    return faults


def _pattern(element: str, name: str) -> str | None:
    rules = markup_rules()
    own = rules["own"].get("drawing" if element in rules["drawing"] else element, {})
    by_prefix = next((value for start, value in rules["prefixes"].items() if name.startswith(start)), None)
    pattern: str | None = own.get(name) or rules["attributes"].get(name) or by_prefix
    return pattern


def missing_images(text: str) -> list[str]:
    """List the images of a text that are somewhere else: an officer's own, which without network would be missing.

    A tag with anything more that is not allowed is no image of an officer; it is shown as written.

    >>> missing_images("<img src='logo.png'><img src=x onerror=alert(1)>")
    ['logo.png']
    """
    found = []
    for tag in _expressions()[0].finditer(text):
        if tag[2] is not None and tag[2].lower() == "img" and not tag[1]:
            faults = _faults("", "img", tag[3])
            if [name for name, _ in faults] == ["src"]:
                found.append(faults[0][1])
    return found


def for_template_literal(text: str) -> str:
    """Write HTML so that it passes unchanged through a JavaScript template literal.

    >>> for_template_literal("<b>${x}</b>")
    '<b>&#36;{x}</b>'
    """
    return text.translate(LITERAL_MARKS)


def style_addresses(style: str) -> list[str]:
    r"""List what a style sheet would load from elsewhere, however it is spelled.

    >>> style_addresses("a { background: u\\72l(https://example.org/a.png) url(data:image/png;base64,AA==) }")
    ['url(https://example.org/a.png)']
    """
    plain = CSS_ESCAPE.sub(lambda mark: chr(min(int(mark[1], 16), 0x10FFFF)) if mark[1] else mark[2], style)
    return CSS_LOADS.findall(EMBEDDED.sub("", CSS_COMMENT.sub("", html.unescape(plain))))


def rules_as_json() -> str:
    """Give the rules for the browser's side."""
    return json.dumps(markup_rules(), ensure_ascii=True, sort_keys=True).replace("<", "\\u003c")
