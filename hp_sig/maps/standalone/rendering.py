"""How is a folium map written as text without its data being read as a template, and without changing the map?

Branca compiles every text that it has just rendered as a new template, so that `{{ … }}` in a property or a popup runs
in Python. Here such a text is taken as it is. What an earlier rendering left in the map (a notebook showed it) is not
written again, and all that this one adds is undone afterwards.
"""

import copy
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, cast

import branca.element
import folium.features
import folium.template
from branca.element import CssLink, Element, Figure, JavascriptLink
from folium import Marker
from folium.elements import ElementAddToElement
from folium.utilities import camelize

from hp_sig.maps.standalone.neutralising import FeatureMapper, Literal, neutralise

__all__ = ["Piece", "elements_of", "held_by", "rendered", "root_of"]

#: Branca and folium are made literal for one map at a time.
LOCK = threading.RLock()
#: Attributes that hold data and no element.
HEAVY = frozenset(
    {"data", "json", "locations", "location", "style_map", "highlight_map", "color_domain", "color_range"}
)
#: Under which an element's rendered text stands in the figure.
RENDERED_NAME = re.compile(r"\w+_[0-9a-f]{32}(?:tablestyle)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A text of the page and where it comes from.

    Parameters
    ----------
    name
        Under which it stands in the figure.
    text
        Rendered.
    holder
        The element that stands there: an officer's own, or branca's wrapping of what another element rendered.
    source
        The element that rendered it; none if it stands there by itself.
    """

    name: str
    text: str
    holder: Element
    source: Element | None

    @property
    def address(self) -> str | None:
        """The address that it links to, if it is but a link."""
        return str(self.holder.url) if isinstance(self.holder, JavascriptLink | CssLink) else None


def root_of(figure: folium.Map) -> Figure:
    """Find the figure that holds a map, through any division of it."""
    root = figure.get_root()
    while root._parent is not None:
        root = root._parent.get_root()
    return cast("Figure", root)


def elements_of(root: Element) -> list[Element]:
    """List a figure's elements, each once, breadth first: children, and those in the attributes of others."""
    return _reached(root, lambda element: (held for held in held_by(element) if isinstance(held, Element)))


def _reached(root: Element, step: Callable[[Element], Iterable[Element]]) -> list[Element]:
    found: dict[int, Element] = {}
    waiting = deque([root])
    while waiting:
        element = waiting.popleft()
        if id(element) not in found:
            found[id(element)] = element
            waiting.extend(step(element))
    return list(found.values())


def held_by(element: Element) -> Iterator[object]:
    """Give what the attributes of an element hold, in tables and lists as well; its data are not opened."""
    seen: set[int] = set()
    attributes = ((name, value) for name, value in vars(element).items() if name != "_parent")
    waiting = deque(value for name, value in attributes if name not in HEAVY or isinstance(value, Element))
    while waiting:
        found = waiting.popleft()
        if not isinstance(found, dict | list | tuple):
            yield found
        elif id(found) not in seen:
            seen.add(id(found))
            content = list(found.values()) if isinstance(found, dict) else found
            # Coordinates and the like.
            waiting.extend(content if content and not isinstance(content[0], int | float) else ())


def _added(element: Element) -> Iterator[Element]:
    """Give what rendering may have added to an element."""
    parts = (getattr(element, name, None) for name in ("header", "html", "script"))
    yield from (part for part in parts if isinstance(part, Element))
    yield from element._children.values()


@contextmanager
def rendered(
    root: Figure, elements: Iterable[Element]
) -> Iterator[tuple[list[Piece], list[Piece], list[Piece], list[str]]]:
    """Render a figure, its data neutralised: the pieces of its head, body and script, and every identifier.

    The figure is as before when the context ends.

    Parameters
    ----------
    root
        The figure.
    elements
        From :func:`elements_of`.
    """
    elements = list(elements)
    sources: dict[str, Element] = {element.get_name(): element for element in elements}
    with LOCK:
        kept = [_state(element) for element in elements]
        try:
            for element in elements:
                _forget(element, sources)
                neutralise(element)
            with _literal():
                for child in list(root._children.values()):
                    child.render()
                parts = [_pieces(part, sources) for part in (root.header, root.html, root.script)]
            names = [element._id for element in (*elements, *_reached(root, _added))]
            yield parts[0], parts[1], parts[2], names
        finally:
            for state in kept:
                _put_back(*state)


def _forget(element: Element, sources: dict[str, Element]) -> None:
    """Drop what an earlier rendering left: texts in the figure, even of removed elements, and children made for it."""
    for name, child in list(element._children.items()):
        if isinstance(child, ElementAddToElement | Marker.SetIcon):
            del element._children[name]
    parts = (element.header, element.html, element.script) if isinstance(element, Figure) else ()
    for part in parts:
        for name, child in list(part._children.items()):
            left = RENDERED_NAME.fullmatch(name) or name in sources
            if left and type(child) is Element and name != child.get_name():
                del part._children[name]


def _pieces(part: Element, sources: dict[str, Element]) -> list[Piece]:
    return [
        Piece(name=name, text=str(child.render()), holder=child, source=None if child is source else source)
        for name, child in part._children.items()
        for source in [sources.get(name)]
    ]


def _state(element: Element) -> tuple[Element, dict[str, Any], list[tuple[Any, Any]]]:
    attributes = dict(vars(element))
    contents = [
        (value, copy.copy(value))
        for name, value in attributes.items()
        if isinstance(value, dict | list | set) and name not in HEAVY
    ]
    return element, attributes, contents


def _put_back(element: Element, attributes: dict[str, Any], contents: list[tuple[Any, Any]]) -> None:
    vars(element).clear()
    vars(element).update(attributes)
    for container, content in contents:
        container.clear()
        if isinstance(container, list):
            container.extend(content)
        else:
            container.update(content)


@contextmanager
def _literal() -> Iterator[None]:
    """Make branca and folium take rendered texts as they are, in this thread alone."""
    thread = threading.get_ident()
    swaps: tuple[tuple[ModuleType, str, Callable[..., object]], ...] = (
        (branca.element, "Template", Literal),
        # A key of an option stands between quotes, but is not escaped.
        (folium.template, "camelize", lambda key: json.dumps(camelize(key))[1:-1]),
        (folium.features, "GeoJsonStyleMapper", FeatureMapper),
    )
    before = [vars(module)[name] for module, name, _ in swaps]
    for (module, name, literal), usual in zip(swaps, before, strict=True):
        setattr(module, name, _in_thread(thread, literal, usual))
    try:
        yield
    finally:
        for (module, name, _), usual in zip(swaps, before, strict=True):
            setattr(module, name, usual)


def _in_thread(thread: int, literal: Callable[..., object], usual: Callable[..., object]) -> Callable[..., object]:
    def made(*arguments: object) -> object:
        return (literal if threading.get_ident() == thread else usual)(*arguments)

    return made
