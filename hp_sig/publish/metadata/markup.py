"""How is an XML document written so that no text can break it?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Element", "compact", "document", "element"]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

#: What XML 1.0 (2.2) has no way to write, be it escaped.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Element:
    """An element with its prefixed name; a text, or elements inside."""

    name: str
    children: tuple["Element | str", ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


def element(name: str, *children: Element | str | None, attributes: Mapping[str, str] | None = None) -> Element:
    """Make an element; what is None is left out."""
    return Element(name, tuple(child for child in children if child is not None), attributes or {})


def document(root: Element) -> str:
    """Write a document, two spaces a level.

    >>> print(document(element("a", element("b", "<&"), attributes={"c": 'd"'})))
    <?xml version="1.0" encoding="UTF-8"?>
    <a c='d"'>
      <b>&lt;&amp;</b>
    </a>
    <BLANKLINE>
    """
    return f"{DECLARATION}\n" + "".join(f"{line}\n" for line in _lines(root, ""))


def compact(root: Element) -> str:
    """Write a document on one line, for what only programs read."""
    return DECLARATION + "".join(line.lstrip(" ") for line in _lines(root, ""))


def _lines(node: Element, indent: str) -> Iterator[str]:
    attributes = "".join(f" {name}={quoteattr(_legal(value))}" for name, value in node.attributes.items())
    start = f"{indent}<{node.name}{attributes}"
    if not node.children:
        yield f"{start}/>"
    elif all(isinstance(child, str) for child in node.children):
        text = escape(_legal("".join(map(str, node.children))), {"\r": "&#13;"})
        yield f"{start}>{text}</{node.name}>"
    else:
        yield f"{start}>"
        for child in node.children:
            if isinstance(child, Element):
                yield from _lines(child, f"{indent}  ")
        yield f"{indent}</{node.name}>"


def _legal(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
