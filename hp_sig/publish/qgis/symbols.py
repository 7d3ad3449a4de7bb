"""How are areas, lines, points and texts of a map drawn in QGIS?

Lengths are in millimetres. A width told in pixels of the HTML maps is as wide as on their PDF.
"""

from collections.abc import Iterable

from hp_sig.maps.legend import Hatching
from hp_sig.maps.overlays import Line
from hp_sig.publish.qgis.markup import Element, element

__all__ = [
    "BOLD",
    "FONT",
    "INK",
    "PIXEL",
    "REGULAR",
    "area",
    "colour_of",
    "filled",
    "hatched",
    "labels",
    "lined",
    "marker",
    "path",
    "text_style",
]

#: A pixel of the page on screen, in millimetres on paper, as in the PDF of the maps.
PIXEL = 0.3
#: Between two lines of a hatching: 8 pixels of the page.
HATCH_STEP = 8 * PIXEL
INK = "#1c1c1c"
#: Installed with Windows and macOS; QGIS takes another one where it is absent.
FONT = "Arial"
BOLD, REGULAR = 75, 50


def colour_of(colour: str, opacity: float = 1.0) -> str:
    """Write a colour as QGIS does.

    >>> colour_of("#ff8000", 0.5)
    '255,128,0,128'
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{round(opacity * 255)}"


def _layer(kind: str, properties: dict[str, object], children: Iterable[Element] = ()) -> Element:
    props = [element("prop", {"k": key, "v": value}) for key, value in properties.items()]
    return element("layer", {"class": kind, "enabled": 1, "locked": 0, "pass": 0}, [*props, *children])


def _symbol(kind: str, layers: Iterable[Element], name: str = "0") -> Element:
    attributes = {"name": name, "type": kind, "alpha": 1, "clip_to_extent": 1, "force_rhr": 0}
    return element("symbol", attributes, layers)


def area(*layers: Element) -> Element:
    """Draw areas: the first layer is the lowest."""
    return _symbol("fill", layers)


def path(*layers: Element) -> Element:
    """Draw lines: the first layer is the lowest."""
    return _symbol("line", layers)


def filled(
    colour: str, *, opacity: float = 1.0, outline: str = "", width_mm: float = PIXEL, style: str = "solid"
) -> Element:
    """Fill an area, with an outline if its colour is told; the style `no` leaves it empty."""
    properties: dict[str, object] = {"color": colour_of(colour, opacity), "style": style, "joinstyle": "round"}
    properties |= {"outline_style": "solid" if outline else "no", "outline_width": f"{width_mm:.2f}"}
    properties |= {"outline_color": colour_of(outline or colour), "outline_width_unit": "MM"}
    return _layer("SimpleFill", properties)


def hatched(hatching: Hatching) -> Element:
    """Draw lines over an area."""
    stroke = lined(Line(colour=hatching.colour, weight=hatching.weight), opacity=hatching.opacity)
    properties: dict[str, object] = {"angle": 45 if hatching.is_rising else 135, "distance": f"{HATCH_STEP:.2f}"}
    properties |= {"distance_unit": "MM", "line_width": f"{hatching.weight * PIXEL:.2f}", "line_width_unit": "MM"}
    properties |= {"color": colour_of(hatching.colour, hatching.opacity), "offset": 0, "offset_unit": "MM"}
    return _layer("LinePatternFill", properties, [path(stroke)])


def lined(line: Line, *, opacity: float = 1.0) -> Element:
    """Draw a line, or the outline of an area."""
    dash = ";".join(f"{float(part) * PIXEL:.2f}" for part in line.dash.split())
    properties: dict[str, object] = {"line_color": colour_of(line.colour, opacity), "line_style": "solid"}
    properties |= {"line_width": f"{line.weight * PIXEL:.2f}", "line_width_unit": "MM", "capstyle": "flat"}
    properties |= {"joinstyle": "round", "use_custom_dash": int(bool(dash)), "customdash": dash or "5;2"}
    return _layer("SimpleLine", {**properties, "customdash_unit": "MM"})


def marker(shape: str, *, fill: str, outline: str, size_mm: float, width_mm: float) -> Element:
    """Draw points by a shape of QGIS (`circle`, `square`, `diamond`)."""
    properties: dict[str, object] = {"name": shape, "color": colour_of(fill), "outline_color": colour_of(outline)}
    properties |= {"outline_style": "solid", "outline_width": f"{width_mm:.2f}", "outline_width_unit": "MM"}
    properties |= {"size": f"{size_mm:.2f}", "size_unit": "MM", "joinstyle": "miter", "scale_method": "diameter"}
    return _symbol("marker", [_layer("SimpleMarker", properties)])


def text_style(size: float, *, colour: str = INK, bold: bool = False, halo_mm: float = 0.0, field: str = "") -> Element:
    """Say how a text is written; `field` is the expression of a label."""
    attributes: dict[str, object] = {"fontFamily": FONT, "fontSize": size, "fontSizeUnit": "Point"}
    attributes |= {"fontWeight": BOLD if bold else REGULAR, "namedStyle": "Bold" if bold else "Regular"}
    attributes |= {"fontItalic": 0, "fontUnderline": 0, "fontStrikeout": 0, "fontKerning": 1, "multilineHeight": 1}
    attributes |= {"textColor": colour_of(colour), "textOpacity": 1, "textOrientation": "horizontal", "blendMode": 0}
    attributes |= {"isExpression": 1, "fieldName": field} if field else {}
    halo: dict[str, object] = {"bufferDraw": int(halo_mm > 0), "bufferSize": halo_mm, "bufferSizeUnits": "MM"}
    halo |= {"bufferColor": colour_of("#ffffff"), "bufferOpacity": 0.85, "bufferNoFill": 1, "bufferJoinStyle": 128}
    return element("text-style", attributes, [element("text-buffer", halo)])


def labels(
    field: str, *, size: float, colour: str = INK, bold: bool = False, wrap: int = 0, on_area: bool = True
) -> Element:
    """Write a text beside each feature.

    Parameters
    ----------
    field
        Its expression.
    size
        In points.
    colour, bold
        Of the letters.
    wrap
        Characters of a line, 0 for one line.
    on_area
        Inside areas, or around points.
    """
    form: dict[str, object] = {
        "wrapChar": "",
        "autoWrapLength": wrap,
        "useMaxLineLengthForAutoWrap": 1,
        "multilineAlign": 1,
    }
    # 4: horizontal, inside the area; 6: around a point, where there is room.
    place: dict[str, object] = {
        "placement": 4 if on_area else 6,
        "centroidInside": 1,
        "centroidWhole": 1,
        "priority": 5 if on_area else 8,
    }
    place |= {"distUnits": "MM", "dist": 0 if on_area else 1.5, "offsetType": 1, "fitInPolygonOnly": 0}
    place |= {"predefinedPositionOrder": "R,L,TR,BR,TL,BL,TSR,BSR"}
    drawn: dict[str, object] = {
        "drawLabels": 1,
        "obstacle": 1,
        "obstacleFactor": 1,
        "limitNumLabels": 0,
        "displayAll": 0,
    }
    style = text_style(size, colour=colour, bold=bold, halo_mm=0.7, field=field)
    parts = [style, element("text-format", form), element("placement", place), element("rendering", drawn)]
    return element("labeling", {"type": "simple"}, [element("settings", {"calloutType": "simple"}, parts)])
