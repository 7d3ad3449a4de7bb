"""Which styles does QGIS find with each layer and each table, and which one does it open with?

A layer of figures has one for each indicator, in the classes and the colours of the HTML map; every layer and table has
its columns named in French. The GeoPackage carries them (`layer_styles`), and the project too.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from hp_sig.maps.themes import Indicator
from hp_sig.publish.geopackage.placing import names_in_file
from hp_sig.publish.publication import FIGURES, Publication, PublishedTable
from hp_sig.publish.qgis.attributes import attribute_parts, map_tip, name_field
from hp_sig.publish.qgis.copies import copy_looks
from hp_sig.publish.qgis.looks import (
    AREAS_OPACITY,
    ZONING_OPACITY,
    epci_layers,
    modes_of,
    of_areas,
    of_communes,
    of_indicator,
    of_layer,
    of_zoning,
    plain,
    zone_layers,
)
from hp_sig.publish.qgis.markup import VERSION, Element, as_text, element, field_of, literal
from hp_sig.publish.qgis.symbols import labels
from hp_sig.reference.labels import wording

__all__ = ["LayerStyle", "indicator_names", "layer_styles"]

GEOMETRIES = {"Point": 0, "LineString": 1, "Polygon": 2}
NO_GEOMETRY = 4
#: Points of the names of communes and of places; characters of a line of the latter.
NAME_SIZE, PLACE_SIZE, WRAP = 7.5, 8.0, 24


class LayerStyle(NamedTuple):
    """A style: its name in French, its QML, whether QGIS applies it on opening the layer."""

    name: str
    qml: str
    is_default: bool


def layer_styles(publication: Publication) -> dict[str, list[LayerStyle]]:
    """Write the styles of every layer and table, the default one first.

    Parameters
    ----------
    publication
        What is published.

    Returns
    -------
    dict
        Name of a table → its styles, at least one.
    """
    return {
        name: [
            LayerStyle(name=style, qml=as_text(_document(table, parts)), is_default=rank == 0)
            for rank, (style, parts) in enumerate(_style_parts(publication, name).items())
        ]
        for name, table in publication.tables.items()
    }


def _style_parts(publication: Publication, name: str) -> dict[str, list[Element]]:
    """Give the parts of each style of a table, by its name, the default one first."""
    table = publication.tables[name]
    read = attribute_parts(_as_in_file(table))
    return {style: [*parts, *read] for style, parts in _looks(publication, name).items()}


def _as_in_file(table: PublishedTable) -> PublishedTable:
    """Call the columns as the GeoPackage does, where SQLite takes two of them for one."""
    names = names_in_file(table)
    return replace(
        table,
        rows=table.rows.rename(columns=names),
        columns=tuple(replace(column, name=names[column.name]) for column in table.columns),
        key=tuple(names[name] for name in table.key),
    )


def _looks(publication: Publication, name: str) -> dict[str, list[Element]]:
    table = publication.tables[name]
    if table.geometry_type is None:
        return {table.title: []}
    if name == FIGURES:
        return {
            style: _drawn(table, of_indicator(*publication.indicators[column], table), figure=column)
            for style, column in indicator_names(publication.indicators).items()
        }
    if name == "communes" and (editions := epci_layers(publication)):
        coloured = {
            layer.title: _drawn(table, of_communes(publication, edition))
            for edition, layer in reversed(editions.items())
        }
        return {**coloured, wording("qgis", "limits"): _drawn(table, plain(table))}
    if name == "service_areas" and (modes := modes_of(table)):
        return {
            wording("hub_map", f"{mode}_first"): _drawn(table, of_areas(table, mode), opacity=AREAS_OPACITY)
            for mode in modes
        }
    if name == "zoning" and len(table.rows):
        return {table.title: _drawn(table, of_zoning(table), opacity=ZONING_OPACITY)}
    if table.is_copy:
        return {style: _drawn(table, renderer, named=False) for style, renderer in copy_looks(table).items()}
    named = name not in zone_layers(publication)
    return {table.title: _drawn(table, of_layer(publication, name), named=named)}


def indicator_names(indicators: Mapping[str, tuple[Indicator, str]]) -> dict[str, str]:
    """Name each indicator as the legend of its map does: label, unit, period; no name comes twice."""
    names: dict[str, str] = {}
    for column, (indicator, period) in indicators.items():
        form = indicator.form
        name = f"{form['label']} ({form['unit']})" if form["unit"] else str(form["label"])
        name = f"{name}\u00a0\u2013 {period}" if period else name
        names[name if name not in names else f"{name} [{column}]"] = column
    return names


def _drawn(
    table: PublishedTable, renderer: Element, *, figure: str = "", opacity: float = 1.0, named: bool = True
) -> list[Element]:
    is_point = str(table.geometry_type).endswith("Point")
    parts = [renderer]
    if named and name_field(table) == "name":
        size = PLACE_SIZE if is_point else NAME_SIZE
        parts.append(
            labels(_label(table), size=size, bold=is_point, wrap=WRAP if is_point else 0, on_area=not is_point)
        )
    return [*parts, element("layerOpacity", text=str(opacity)), map_tip(table, figure)]


def _label(table: PublishedTable) -> str:
    """Write the expression of a name: a station is told as such, and in the place of the project that stands there."""
    if table.name == "stations":
        return f"{literal(wording('map', 'station') + ' ')} || {field_of('name')}"
    if "station_uic" in table.rows:
        return f"if({field_of('station_uic')} IS NULL, {field_of('name')}, NULL)"
    return field_of("name")


def _document(table: PublishedTable, parts: list[Element]) -> Element:
    kind = str(table.geometry_type).removeprefix("Multi")
    geometry = NO_GEOMETRY if table.geometry_type is None else GEOMETRIES.get(kind, NO_GEOMETRY)
    root = element("qgis", _style_attributes(parts), parts)
    root.append(element("layerGeometryType", text=str(geometry)))
    return root


def _style_attributes(parts: list[Element]) -> dict[str, object]:
    """Give the attributes of the element that holds the parts of a style."""
    labelled = any(part.tag == "labeling" for part in parts)
    return {
        "version": VERSION,
        "styleCategories": "AllStyleCategories",
        "labelsEnabled": labelled,
        "readOnly": 0,
        "hasScaleBasedVisibilityFlag": 0,
        "minScale": 100_000_000,
        "maxScale": 0,
        "simplifyDrawingHints": 1,
        "simplifyDrawingTol": 1,
        "simplifyLocal": 1,
        "simplifyMaxScale": 1,
    }
