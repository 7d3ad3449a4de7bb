"""How are the pieces of a sheet written: a text, a band, a map, a legend, a scale bar, an arrow? In millimetres."""

import base64
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hp_sig.maps.overlays import Line
from hp_sig.publish.qgis.markup import Element, custom_properties, element, unevaluated
from hp_sig.publish.qgis.symbols import BOLD, FONT, INK, REGULAR, area, colour_of, filled, lined, path, text_style

__all__ = ["Box", "LegendPart", "Type", "arrow", "band", "legend", "map_of", "page", "scale_bar", "text_box"]

#: Kinds of items, as QGIS numbers them.
MAP, PICTURE, TEXT, LEGEND, SHAPE, PAGE, SCALE_BAR = 65639, 65640, 65641, 65642, 65643, 65638, 65646
#: Names of the identifiers below, so that the same sheet has the same ones.
SPACE = uuid.UUID("5d2f2b8e-0f4e-5c58-9a0e-6f5f2a1d7c11")
ARROW = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 60">'
    '<path d="M20 2 L34 44 L20 35 Z" fill="#1c1c1c"/>'
    '<path d="M20 2 L6 44 L20 35 Z" fill="#ffffff" stroke="#1c1c1c" stroke-width="1.4" stroke-linejoin="round"/>'
    "</svg>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where an item stands on the sheet, from its top left corner; `rank` is the higher, the nearer to the reader."""

    x: float
    y: float
    width: float
    height: float
    rank: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """How a text is written: size in points, weight, colour, place in its box."""

    size: float
    bold: bool = False
    colour: str = INK
    halign: Literal["left", "right"] = "left"
    valign: Literal["top", "middle", "bottom"] = "top"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendPart:
    """A layer in a legend.

    Parameters
    ----------
    layer, name
        Its identifier, its name in the tree.
    heading
        What heads its rows; empty where they need none.
    texts
        Its rows; none where the heading is its only row.
    """

    layer: str
    name: str
    heading: str = ""
    texts: Sequence[str] = ()


#: Kind of text of a legend → its look, what is left free around it.
LEGEND_STYLES: Mapping[str, tuple[Type, Mapping[str, object]]] = {
    "title": (Type(size=13, bold=True), {"marginBottom": 1.5}),
    "group": (Type(size=11, bold=True), {"marginTop": 3}),
    "subgroup": (Type(size=10, bold=True), {"marginTop": 3, "marginBottom": 0.5}),
    "symbol": (Type(size=9.5), {"marginTop": 1.6}),
    "symbolLabel": (Type(size=9.5), {"marginTop": 1.6, "marginLeft": 2.5}),
}


def _identifier(*parts: str) -> str:
    return f"{{{uuid.uuid5(SPACE, '/'.join(parts))}}}"


def _item(sheet: str, name: str, kind: int, box: Box, attributes: Mapping[str, object]) -> dict[str, object]:
    place = f"{box.x:.2f},{box.y:.2f},mm"
    return {
        "type": kind,
        "id": name,
        "uuid": _identifier(sheet, name),
        "templateUuid": _identifier(sheet, name),
        "position": place,
        "positionOnPage": place,
        "size": f"{box.width:.2f},{box.height:.2f},mm",
        "zValue": box.rank,
        "visibility": 1,
        "opacity": 1,
        "referencePoint": 0,
        "itemRotation": 0,
        "blendMode": 0,
        "excludeFromExports": 0,
        "frame": "false",
        "background": "false",
        **attributes,
    }


def _colours(frame: str = INK) -> list[Element]:
    return [element("FrameColor", _parts_of(frame)), element("BackgroundColor", _parts_of("#ffffff"))]


def _parts_of(colour: str) -> dict[str, object]:
    red, green, blue, alpha = colour_of(colour).split(",")
    return {"red": red, "green": green, "blue": blue, "alpha": alpha}


def _font(look: Type) -> str:
    return f"{FONT},{look.size:g},-1,5,{BOLD if look.bold else REGULAR},0,0,0,0,0"


def page(sheet: str, box: Box) -> Element:
    """Write the sheet itself."""
    paper = area(filled("#ffffff"))
    item = element("LayoutItem", _item(sheet, "page", PAGE, box, {"background": "true"}), [*_colours(), paper])
    return element(
        "PageCollection", children=[area(filled("#ffffff")), item, element("GuideCollection", {"visible": 1})]
    )


def text_box(sheet: str, name: str, box: Box, text: str, look: Type) -> Element:
    """Write a text; what stands between `[%` and `%]` is an expression."""
    halign, valign = {"left": 1, "right": 2}[look.halign], {"top": 32, "middle": 128, "bottom": 64}[look.valign]
    attributes = {"labelText": text, "htmlState": 0, "halign": halign, "valign": valign, "marginX": 0, "marginY": 0}
    parts = [
        *_colours(),
        element("LabelFont", {"description": _font(look), "style": "Bold" if look.bold else ""}),
        element("FontColor", _parts_of(look.colour)),
    ]
    return element("LayoutItem", _item(sheet, name, TEXT, box, attributes), parts)


def band(sheet: str, name: str, box: Box, *, fill: str, outline: str = "", width_mm: float = 0.3) -> Element:
    """Write a rectangle."""
    symbol = area(filled(fill, outline=outline, width_mm=width_mm))
    attributes = {"shapeType": 1, "cornerRadiusMeasure": "0,mm"}
    return element("LayoutItem", _item(sheet, name, SHAPE, box, attributes), [*_colours(), symbol])


def map_of(sheet: str, name: str, box: Box, bounds: Sequence[float], theme: str) -> Element:
    """Write a map that shows a theme of the project.

    Parameters
    ----------
    sheet, name, box
        Where.
    bounds
        xmin, ymin, xmax, ymax in Lambert-93, in the proportions of the box.
    theme
        Name of the theme.
    """
    attributes = {"followPreset": "true", "followPresetName": theme, "keepLayerSet": "false", "frame": "true"}
    attributes |= {"background": "true", "mapRotation": "0", "drawCanvasItems": "false", "labelMargin": "1,mm"}
    attributes |= {"mapFlags": "1", "outlineWidthM": "0.3,mm", "frameJoinStyle": "miter"}
    sides = dict(zip(("xmin", "ymin", "xmax", "ymax"), map(repr, map(float, bounds)), strict=True))
    parts = [*_colours("#4a4a4a"), element("Extent", sides), element("LayerSet")]
    return element("LayoutItem", _item(sheet, name, MAP, box, attributes), parts)


def legend(sheet: str, name: str, box: Box, parts: Iterable[LegendPart], *, of_map: str, title: str) -> Element:
    """Write a legend; a line break in its texts is one on paper."""
    attributes = {"title": unevaluated(title), "map_uuid": _identifier(sheet, of_map), "resizeToContents": 1}
    attributes |= {"symbolWidth": 8, "symbolHeight": 4.5, "columnCount": 1, "boxSpace": 0, "legendFilterByAtlas": 0}
    attributes |= {"titleAlignment": 1, "wrapChar": "\n", "lineSpacing": 1, "fontColor": INK, "symbolAlignment": 1}
    styles = []
    for style, (look, margins) in LEGEND_STYLES.items():
        font = element("styleFont", {"description": _font(look), "style": "Bold" if look.bold else ""})
        styles.append(element("style", {"name": style, "alignment": 1, "indent": 0, **margins}, [font]))
    leaves = []
    for part in parts:
        kept = {"cached_name": part.name, "legend/title-label": unevaluated(part.heading or part.name)}
        kept |= {f"legend/label-{rank}": unevaluated(text) for rank, text in enumerate(part.texts)}
        kept |= {} if part.heading else {"legend/title-style": "hidden"}
        leaf = {"id": part.layer, "name": part.name, "providerKey": "ogr", "checked": "Qt::Checked", "expanded": 1}
        leaves.append(element("layer-tree-layer", leaf, [custom_properties(kept)]))
    held = [*_colours(), element("styles", children=styles), element("layer-tree-group", children=leaves)]
    return element("LayoutItem", _item(sheet, name, LEGEND, box, attributes), held)


def scale_bar(sheet: str, name: str, box: Box, *, of_map: str, km: float, bars: int) -> Element:
    """Write a scale bar of so many bars of so many kilometres."""
    attributes = {"mapUuid": _identifier(sheet, of_map), "style": "Single Box", "unitType": "km", "unitLabel": "km"}
    attributes |= {"numUnitsPerSegment": f"{km:g}", "numMapUnitsPerScaleBarUnit": "1"}
    attributes |= {"numSegments": str(bars), "numSegmentsLeft": "0", "segmentSizeMode": "0", "height": "2.5"}
    attributes |= {"labelBarSpace": "1.5", "boxContentSpace": "0"}
    attributes |= {"outlineWidth": "0.3", "alignment": "0", "lineJoinStyle": "miter", "lineCapStyle": "square"}
    attributes |= {"labelVerticalPlacement": "0", "labelHorizontalPlacement": "0"}
    dark, light = area(filled(INK, outline=INK)), area(filled("#ffffff", outline=INK))
    edge = path(lined(Line(colour=INK, weight=1)))
    parts = [
        *_colours(),
        text_style(9),
        element("lineSymbol", children=[edge]),
        element("fillSymbol1", children=[dark]),
        element("fillSymbol2", children=[light]),
    ]
    return element("LayoutItem", _item(sheet, name, SCALE_BAR, box, attributes), parts)


def arrow(sheet: str, name: str, box: Box) -> Element:
    """Draw the arrow to the north of the grid."""
    file = f"base64:{base64.b64encode(ARROW.encode('ascii')).decode('ascii')}"
    attributes = {"file": file, "mode": 1, "resizeMode": 0, "anchorPoint": 4, "pictureRotation": 0, "northMode": 0}
    return element("LayoutItem", _item(sheet, name, PICTURE, box, attributes), _colours())
