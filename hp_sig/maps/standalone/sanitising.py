"""Which HTML of a text stays HTML, and what of it is shown as written?

The rules are in `assets/markup.toml`, for Python and for the browser alike. A tag stays when it has exactly the form
that they allow: a known element, known attributes, values without code and without address. Of anything else, the
first character becomes an entity, so that the reader sees what was written.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["for_template_literal", "markup_rules", "rules_as_json", "sanitise", "sanitise_own"]

SPACE = r"[ \t\n\r\f]"
#: One attribute: its name, then its value between quotes of either kind or bare.
ATTRIBUTE = rf"""{SPACE}+([A-Za-z][\w:.-]*)(?:{SPACE}*={SPACE}*(?:"([^"<>]*)"|'([^'<>]*)'|([^ \t\n\r\f"'<>=`]+)))?"""
NAMELESS_ATTRIBUTE = re.sub(r"\((?!\?)", "(?:", ATTRIBUTE)
#: A comment, a tag, or a character that begins neither.
TAG = rf"<!--[^<>]*-->|<(/?)([A-Za-z][A-Za-z0-9]*)((?:{NAMELESS_ATTRIBUTE})*){SPACE}*/?>|<"
#: What a JavaScript template literal reads, as entities of the HTML that it holds.
LITERAL_MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "`$\\"})


@cache
def markup_rules() -> Mapping[str, Any]:
    """Give the rules: lists, tables, and the two expressions that find tags."""
    rules = tomllib.loads((files("hp_sig.maps") / "assets" / "markup.toml").read_text(encoding="utf-8"))
    return {
        **rules,
        "patterns": {name: "".join(parts) for name, parts in rules["patterns"].items()},
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
    return _sanitised(text, {})


def sanitise_own(text: str) -> str:
    """Do the same to the markup that an officer put into the page himself, which may stand anywhere on it.

    >>> sanitise_own('<p id="legend" style="position: fixed" onclick="a()"><p id="legend" style="position: fixed">')
    '&lt;p id="legend" style="position: fixed" onclick="a()"><p id="legend" style="position: fixed">'
    """
    return _sanitised(text, markup_rules()["officer"])


def _sanitised(text: str, instead: Mapping[str, str]) -> str:
    if "<" not in text:
        return text
    tag, _, _ = _expressions()
    return tag.sub(lambda found: _kept(found, instead), text)


def _kept(found: re.Match[str], instead: Mapping[str, str]) -> str:
    element = found[2]
    if found[0] != "<" and (element is None or _is_allowed(found[1], element.lower(), found[3], instead)):
        return found[0]
    return f"&lt;{found[0][1:]}"


def _is_allowed(closing: str, element: str, attributes: str, instead: Mapping[str, str]) -> bool:
    _, attribute, elements = _expressions()
    if element not in elements or (closing and attributes):
        return False
    for name, double, single, bare in attribute.findall(attributes):
        pattern = instead.get(name.lower()) or _pattern(element, name.lower())
        if pattern is None or not _patterns()[pattern].fullmatch(double or single or bare):
            return False
    return True


def _pattern(element: str, name: str) -> str | None:
    rules = markup_rules()
    own = rules["own"].get("drawing" if element in rules["drawing"] else element, {})
    by_prefix = next((value for start, value in rules["prefixes"].items() if name.startswith(start)), None)
    pattern: str | None = own.get(name) or rules["attributes"].get(name) or by_prefix
    return pattern


def for_template_literal(text: str) -> str:
    """Write HTML so that it passes unchanged through a JavaScript template literal.

    >>> for_template_literal("<b>${x}</b>")
    '<b>&#36;{x}</b>'
    """
    return text.translate(LITERAL_MARKS)


def rules_as_json() -> str:
    """Give the rules for the browser's side, where every text is someone's data."""
    rules = {name: value for name, value in markup_rules().items() if name != "officer"}
    return json.dumps(rules, ensure_ascii=True, sort_keys=True).replace("<", "\\u003c")
