"""Where does folium write a text of the data into code as it is, and what must it become to remain a text?

Every template of folium 0.20 was read for what it interpolates without JSON: HTML between backticks (popups,
tooltips), texts between quotes (search), names taken for identifiers (the property that tells features apart), values
in a style sheet. The changes below are made to the map's elements while it is saved, and undone by
:mod:`hp_sig.maps.standalone.rendering`.
"""

import copy
import html
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from branca.colormap import ColorMap
from branca.element import Div, Element, Html, IFrame, MacroElement
from branca.utilities import legend_scaler
from folium import GeoJson, Map, Popup, TileLayer, Tooltip, TopoJson
from folium.features import ClickForMarker, GeoJsonStyleMapper
from folium.plugins import Fullscreen, GroupedLayerControl, Search

from hp_sig.errors import OutputError
from hp_sig.maps.standalone.sanitising import for_template_literal, sanitise
from hp_sig.maps.standalone.trusted import Trusted
from hp_sig.reference.labels import wording

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["FeatureMapper", "Literal", "neutralise"]

NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
WORD = re.compile(r"[\w.%+-]*", re.ASCII)
#: Tags of a whole document, which an officer's frame may hold.
DOCUMENT_TAG = re.compile(r"<!doctype[^<>]*>|</?(?:html|head|body)(?:\s[^<>]*)?>|<meta[^<>]*>", re.IGNORECASE)
#: Of branca's own: the template that only shows its children.
CHILDREN = Div().html._template_str
#: How folium refers to an element from a style.
REFERENCE = re.compile(r'"\{\{\'([A-Za-z_]\w*)\'\}\}"', re.ASCII)
COORDINATE = re.compile(r"&#36;\{(lat|lng)\}")
PROPERTY = "feature.properties."
#: Leaflet's own limit for maps with tiles; a cluster of markers stops the page where there is none.
MAX_ZOOM = 18


class Literal:
    """A text in the place of a compiled template: it is never read again."""

    def __init__(self, text: str) -> None:
        self.text = text

    def render(self, **context: object) -> str:  # noqa: ARG002 - a template is given its context
        """Give the text."""
        return self.text


class FeaturePath(str):
    """The property that tells features apart: as an expression of JavaScript, and as keys."""

    __slots__ = ("keys",)
    keys: tuple[str, ...]

    @classmethod
    def of(cls, identifier: str) -> "FeaturePath":
        """Read folium's own form, in which a key stands unquoted."""
        keys = ("properties", identifier.removeprefix(PROPERTY)) if identifier.startswith(PROPERTY) else ("id",)
        path = cls("feature" + "".join(f"[{json.dumps(key)}]" for key in keys))
        path.keys = keys
        return path


class FeatureMapper(GeoJsonStyleMapper):
    """Folium's styles by feature, without a template in the data: a colour `{{ x }}` is a text."""

    def _create_mapping(self, func: Callable[[dict[str, Any]], dict[str, Any]], switch: str) -> dict[str, Any]:
        named: set[str] = set()

        def style(feature: dict[str, Any]) -> dict[str, Any]:
            content = func(feature)
            named.update(value.get_name() for value in content.values() if isinstance(value, MacroElement))
            return content

        def referring(text: str) -> str:
            return REFERENCE.sub(lambda found: found[1] if found[1] in named else found[0], text)

        mapping = super()._create_mapping(style, switch)
        return {referring(key): referring(value) if isinstance(value, str) else value for key, value in mapping.items()}

    def get_feature_id(self, feature: dict[str, Any]) -> str | int:
        """Give the value that tells a feature apart."""
        path = self.feature_identifier
        if not isinstance(path, FeaturePath):
            return super().get_feature_id(feature)
        value: Any = feature
        for key in path.keys:
            value = value[key]
        return value  # type: ignore[no-any-return]

    @staticmethod
    def _to_key(d: dict[str, Any]) -> str:
        return json.dumps(d, sort_keys=True)


def neutralise(element: Element) -> None:
    """Change an element so that its texts come out as texts; the caller puts everything back.

    Raises
    ------
    OutputError
        If the element has a text where folium expects a name or a number.
    """
    _require(NAME, element, element.get_name())
    template = getattr(element, "_template_str", None)
    if type(element) is Element and template not in {None, CHILDREN}:
        element._template = cast("Template", Literal(template))
    for kind, change in CHANGES:
        if isinstance(element, kind):
            change(element)


def _require(form: re.Pattern[str], element: Element, *values: object) -> None:
    for value in values:
        if value is not None and not form.fullmatch(str(value)):
            message = f"{type(element).__name__} has {str(value)[:80]!r} where folium writes a name: give letters only."
            raise OutputError(message)


def _map(figure: Map) -> None:
    sizes = [part for size in (figure.width, figure.height, figure.left, figure.top) for part in size]
    _require(WORD, figure, figure.position, figure.font_size, figure.crs, *sizes)
    tiled = any(isinstance(child, TileLayer) for child in figure._children.values())
    if not tiled and not {"max_zoom", "maxZoom"} & set(figure.options):
        figure.options = {**figure.options, "max_zoom": MAX_ZOOM}


def _popup(popup: Popup) -> None:
    for name, child in list(popup.html._children.items()):
        _require(NAME, popup, name)
        popup.html._children[name] = _Shown(child)


class _Shown(Element):
    """The content of a popup, as HTML between backticks."""

    def __init__(self, content: Element) -> None:
        super().__init__()
        self.content = content

    def render(self, **kwargs: object) -> str:
        """Give the content, its forbidden markup shown as text."""
        content = self.content
        if isinstance(content, Trusted):
            return for_template_literal(f"<div>{content.text}</div>")
        if isinstance(content, Html):
            # folium has put a backslash before each backtick of a popup's text.
            text = content.data.replace("\\`", "`")
            text = text if content.script else html.escape(text)
            size = f"width: {_size(content.width)}; height: {_size(content.height)};"
            return for_template_literal(f'<div style="{size}">{sanitise(text)}</div>')
        return for_template_literal(f"<div>{sanitise(content.render(**kwargs))}</div>")


def _size(size: tuple[float, str]) -> str:
    return f"{size[0]}{size[1]}"


def _tooltip(tooltip: Tooltip) -> None:
    tooltip.text = for_template_literal(sanitise(tooltip.text))
    style = getattr(tooltip, "style", None)
    if style:
        tooltip.style = for_template_literal(html.escape(style, quote=True))


def _frame(frame: IFrame) -> None:
    """Show a frame's content in the page itself, which forbids frames."""
    width, height = (f"{size}px" if isinstance(size, int | float) else size for size in (frame.width, frame.height))
    size = "".join(
        f"{name}:{html.escape(str(value))};" for name, value in (("width", width), ("height", height)) if value
    )

    def render(**kwargs: object) -> str:
        inner = "".join(child.render(**kwargs) for child in frame._children.values())
        return sanitise(f'<div style="{size}overflow:auto">{DOCUMENT_TAG.sub("", inner)}</div>')

    vars(frame)["render"] = render


def _geojson(layer: GeoJson) -> None:
    if layer.style or layer.highlight:
        layer.feature_identifier = FeaturePath.of(layer.feature_identifier)


def _topojson(layer: TopoJson) -> None:
    layer._safe_object_path = "".join(f"[{json.dumps(key)}]" for key in layer.object_path.split("."))
    # folium writes the styles into the officer's own data.
    layer.data = copy.deepcopy(layer.data)
    if not layer.embed:
        vars(layer)["style_data"] = lambda: None  # an address instead of data, which the page refuses


def _colormap(colormap: ColorMap) -> None:
    _require(WORD, colormap, colormap.width, colormap.height, colormap.vmin, colormap.vmax)
    labels = colormap.tick_labels
    if labels is None:
        labels = legend_scaler([float(bound) for bound in colormap.index], colormap.max_labels)
    colormap.tick_labels = _JsonList(labels)


class _JsonList(list[Any]):
    def __str__(self) -> str:
        return json.dumps([value if isinstance(value, str) else float(value) for value in self])


def _search(search: Search) -> None:
    _require(WORD, search, search.position, search.search_zoom)
    search.search_label = _Quoted(search.search_label) if search.search_label else None
    placeholder = wording("standalone", "search") if search.placeholder == "Search" else search.placeholder
    search.placeholder = _Quoted(placeholder)


class _Quoted(str):
    """A text that folium writes between single quotes; to Python it remains what it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return json.dumps(self[:])[1:-1].replace("'", "\\u0027")


def _click(click: ClickForMarker) -> None:
    if click.popup.startswith("`"):
        text = for_template_literal(sanitise(click.popup[1:-1].replace("\\`", "`")))
        shown = COORDINATE.sub(r"${\1}", text)
        click.popup = f"`{shown}`"


def _groups(control: GroupedLayerControl) -> None:
    # A set, in an order that changes from one process to another.
    order = [name for group in control.grouped_overlays.values() for name in group.values()]
    vars(control)["layers_untoggle"] = [name for name in dict.fromkeys(order) if name in control.layers_untoggle]


def _fullscreen(control: Fullscreen) -> None:
    french = {"title": ("Full Screen", "fullscreen"), "title_cancel": ("Exit Full Screen", "fullscreen_exit")}
    for option, (english, key) in french.items():
        if control.options.get(option) == english:
            control.options = {**control.options, option: wording("standalone", key)}


#: Class of folium or branca → what is done to it.
CHANGES: tuple[tuple[type[Any], Callable[[Any], None]], ...] = (
    (Map, _map),
    (Popup, _popup),
    (Tooltip, _tooltip),
    (IFrame, _frame),
    (GeoJson, _geojson),
    (TopoJson, _topojson),
    (ColorMap, _colormap),
    (Search, _search),
    (ClickForMarker, _click),
    (GroupedLayerControl, _groups),
    (Fullscreen, _fullscreen),
)
