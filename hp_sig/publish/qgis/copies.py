"""How are the layers of the producers drawn: land cover in the colours of IGN, roads by their width?"""

from collections.abc import Mapping

from hp_sig.maps.classes import GAIN, LOSS
from hp_sig.maps.hubs.map_shapes import STREET
from hp_sig.maps.overlays import Line
from hp_sig.publish.dictionary import words_of
from hp_sig.publish.publication import PublishedTable
from hp_sig.publish.qgis.markup import Element, field_of, literal
from hp_sig.publish.qgis.renderers import Case, by_rules, by_values, same_for_all
from hp_sig.publish.qgis.symbols import area, filled, lined, path
from hp_sig.reference.labels import wording
from hp_sig.reference.nomenclature import colour

__all__ = ["copy_looks"]

#: Outline of a polygon of land: thin, there are many.
LAND_OUTLINE, LAND_WIDTH_MM = "#ffffff", 0.05
#: Colours of the nomenclature for what is artificialised and what is not: built zones, grassland.
ARTIFICIALISED, OPEN = "CS1.1.1.1", "CS2.2.1"
#: Land that did not change, or whose code is not known.
KEPT = "#e6e8eb"
#: Large class of a survey → the cover whose colour it takes; marshes have none of their own in the OCS GE, glaciers are
#: not to be seen here.
COVER_OF_CLASS = {
    "artificial": "CS1.1.1.1",
    "agricultural": "CS2.2.1",
    "forest": "CS2.1.1.2",
    "natural": "CS2.1.2",
    "wetland": "CS1.2.3",
    "water": "CS1.2.2",
}
#: Roads of each class by their width in pixels; the last ones are those that no car takes.
MAIN_ROADS = ("motorway", "trunk", "ramp", "primary", "secondary")
STREETS = ("tertiary", "minor", "residential", "living_street", "service")
MAIN_LINE = Line(colour=STREET.colour, weight=3.0)
STREET_LINE = Line(colour=STREET.colour, weight=1.5)
PATH_LINE = Line(colour=STREET.colour, weight=STREET.weight, dash="4 3")
#: Fill and outline of a building.
BUILDING, BUILDING_OUTLINE = "#8a8f96", "#5b6470"


def copy_looks(layer: PublishedTable) -> dict[str, Element]:
    """Draw a layer of a producer: a renderer by name of style, the default one first.

    Parameters
    ----------
    layer
        From :func:`hp_sig.publish.copies.copied_layers`.
    """
    if layer.name == "roads":
        return {layer.title: _roads()}
    if layer.name == "buildings":
        return {layer.title: same_for_all(area(filled(BUILDING, outline=BUILDING_OUTLINE, width_mm=LAND_WIDTH_MM)))}
    looks = {}
    if "artificialised" in layer.rows:
        looks[wording("qgis", "artificialised")] = _artificialised()
    if "artificialised_before" in layer.rows:
        looks[wording("qgis", "artificialised_change")] = _changes()
    if "land_class" in layer.rows:
        colours = {one: colour(code) for one, code in COVER_OF_CLASS.items()}
        looks[wording("qgis", "land_class")] = _by_code(layer, "land_class", colours)
    for column in ("cover_code", "use_code", "cover_after", "use_after", "cover_before", "use_before"):
        if column in layer.rows and layer.rows[column].notna().any():
            codes = {code: colour(code) for code in sorted(layer.rows[column].dropna().unique())}
            looks[wording("qgis", column)] = _by_code(layer, column, codes)
    return looks or {layer.title: same_for_all(_land(KEPT))}


def _land(fill: str) -> Element:
    return area(filled(fill, outline=LAND_OUTLINE, width_mm=LAND_WIDTH_MM))


def _by_code(layer: PublishedTable, column: str, colours: Mapping[str, str]) -> Element:
    words = words_of(layer, next(one for one in layer.columns if one.name == column))
    cases = [Case(value=code, text=words[code], symbol=_land(fill)) for code, fill in colours.items() if code in words]
    if layer.rows[column].isna().any():
        cases.append(Case(value="", text=wording("qgis", "is_unknown"), symbol=_land(KEPT)))
    return by_values(field_of(column), cases)


def _artificialised() -> Element:
    cases = [
        Case(value=value, text=wording("qgis", f"is_{word}"), symbol=_land(colour(code)))
        for value, word, code in (("1", "artificialised", ARTIFICIALISED), ("0", "open", OPEN))
    ]
    return by_values(f"to_int({field_of('artificialised')})", cases)


def _changes() -> Element:
    before, after = field_of("artificialised_before"), field_of("artificialised_after")
    rules = ((f"{after} AND NOT {before}", "gain", GAIN), (f"{before} AND NOT {after}", "loss", LOSS))
    cases = [Case(value=rule, text=wording("qgis", f"is_{word}"), symbol=_land(fill)) for rule, word, fill in rules]
    return by_rules([*cases, Case(value="ELSE", text=wording("qgis", "is_kept"), symbol=_land(KEPT))])


def _roads() -> Element:
    groups = ((MAIN_ROADS, "main_roads", MAIN_LINE), (STREETS, "streets", STREET_LINE))
    cases = [
        Case(value=_in(classes), text=wording("qgis", word), symbol=path(lined(line))) for classes, word, line in groups
    ]
    return by_rules([*cases, Case(value="ELSE", text=wording("qgis", "paths"), symbol=path(lined(PATH_LINE)))])


def _in(classes: tuple[str, ...]) -> str:
    return f"{field_of('road_class')} IN ({', '.join(map(literal, classes))})"
