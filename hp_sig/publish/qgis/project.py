"""How does QGIS open everything that is published at once: groups, styles, relations, maps, sheets to print?

The project is written without QGIS. It names its GeoPackage by a path relative to itself, and asks nothing of the
network.
"""

import io
import logging
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from xml.etree import ElementTree as ET

import pyproj

from hp_sig.crs import LAMBERT93
from hp_sig.errors import OutputError
from hp_sig.publish.geopackage.placing import names_in_file
from hp_sig.publish.publication import FIGURES, Publication, PublishedTable, Theme
from hp_sig.publish.qgis.layout import sheet
from hp_sig.publish.qgis.markup import VERSION, Element, as_text, custom_properties, element
from hp_sig.publish.qgis.styles import LayerStyle, layer_styles
from hp_sig.publish.qgis.telling import abstract_of, source_lines
from hp_sig.publish.qgis.views import View, drawing_order, views_of
from hp_sig.reference.labels import wording
from hp_sig.whole import write_whole

__all__ = ["write_project"]

log = logging.getLogger(__name__)

#: Groups from the top of the tree down: what is drawn over the rest comes first.
GROUPS: tuple[Theme, ...] = ("projects", "hubs", "territory", "land_cover", "enaf", "trajectory", "overlaps")
#: Layers whose classes are unfolded in the tree.
UNFOLDED = (FIGURES,)
#: Around the territory at first, as a share of its size.
MARGIN = 0.04


def write_project(
    publication: Publication,
    path: Path,
    *,
    geopackage: str,
    styles: Mapping[str, Sequence[LayerStyle]] | None = None,
) -> Path:
    """Write a QGIS project (3.16 or later) that opens a GeoPackage of the publication.

    Parameters
    ----------
    publication
        What is published.
    path
        Of the project; `.qgz` is a compressed one, `.qgs` is not.
    geopackage
        Path of the GeoPackage from the folder of the project, with slashes.
    styles
        From :func:`hp_sig.publish.qgis.styles.layer_styles`, if they are made already.

    Returns
    -------
    pathlib.Path
        The project, in place of an older one; the same publication gives the same bytes.

    Raises
    ------
    OutputError
        If the path of the GeoPackage is not a relative one, or the project cannot be written.
    """
    if PurePosixPath(geopackage).is_absolute() or PureWindowsPath(geopackage).drive or "|" in geopackage:
        message = f"{geopackage}: a path from the folder of the project expected, such as territoire.gpkg."
        raise OutputError(message)
    styles = layer_styles(publication) if styles is None else styles
    text = as_text(_project(publication, f"./{PurePosixPath(geopackage)}", styles)).encode("utf-8")
    content = _zipped(publication, f"{path.stem}.qgs", text) if path.suffix.casefold() == ".qgz" else text
    write_whole(path, content)
    log.info("wrote %s: %d layers and tables", path.name, len(publication.tables))
    return path


def _zipped(publication: Publication, name: str, content: bytes) -> bytes:
    held = io.BytesIO()
    entry = zipfile.ZipInfo(name, publication.run.started_at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(entry, content)
    return held.getvalue()


def layer_id(name: str) -> str:
    """Give a layer an identifier that is the same in every project, and safe in any expression.

    >>> layer_id("zones d'eau")[:12]
    'zones_d_eau_'
    """
    return f"{re.sub(r'[^A-Za-z0-9]+', '_', name)}_{zlib.crc32(name.encode('utf-8')):08x}"


def _project(publication: Publication, source: str, styles: Mapping[str, Sequence[LayerStyle]]) -> Element:
    title = wording("qgis", "title", territory=publication.territory)
    views = views_of(publication, styles)
    ids = {name: layer_id(name) for name in publication.tables}
    looks = {name: {style.name: ET.fromstring(style.qml) for style in styles[name]} for name in publication.tables}
    sheets = [sheet(publication, view, ids, _legend_texts(view, looks)) for view in views]
    parts = [
        element("title", text=title),
        element("projectCrs", children=[_crs()]),
        _tree(publication, source, views[0] if views else None),
        element("relations", children=list(_relations(publication))),
        element("projectlayers", children=list(_layers(publication, source, looks))),
        _properties(),
        element("visibility-presets", children=[_preset(view) for view in views]),
        _metadata(publication, title, source),
        element("Layouts", children=sheets),
        element("ProjectViewSettings", {"rotation": 0}, [_extent("DefaultViewExtent", publication)]),
    ]
    made = publication.run.started_at.strftime("%Y-%m-%dT%H:%M:%S")
    return element("qgis", {"projectname": title, "version": VERSION, "saveDateTime": made}, parts)


def _crs() -> Element:
    parts = [
        element("wkt", text=pyproj.CRS.from_epsg(LAMBERT93).to_wkt()),
        element("srid", text=str(LAMBERT93)),
        element("authid", text=f"EPSG:{LAMBERT93}"),
        element("description", text="RGF93 v1 / Lambert-93"),
        element("geographicflag", text="false"),
    ]
    return element("spatialrefsys", children=parts)


def _extent(tag: str, publication: Publication) -> Element:
    xmin, ymin, xmax, ymax = publication.tables["communes"].layer.total_bounds
    across, along = (xmax - xmin) * MARGIN, (ymax - ymin) * MARGIN
    bounds = {"xmin": xmin - across, "ymin": ymin - along, "xmax": xmax + across, "ymax": ymax + along}
    return element(tag, {name: repr(float(value)) for name, value in bounds.items()}, [_crs()])


def _tree(publication: Publication, source: str, first: View | None) -> Element:
    """Lay the layers out in groups by theme, tables in a group of their own inside."""
    shown = () if first is None else first.layers
    order = drawing_order(publication)
    groups = []
    for theme in GROUPS:
        members = publication.of_theme(theme)
        layers = sorted(
            (one for one in members if one.geometry_type is not None), key=lambda one: order.index(one.name)
        )
        rows = [_leaf(table, source, checked=table.name in shown) for table in layers]
        tables = [_leaf(table, source, checked=False) for table in members if table.geometry_type is None]
        if tables:
            rows.append(_group(wording("qgis", "tables"), tables, expanded=False))
        if rows:
            groups.append(_group(wording("published_theme", theme), rows, expanded=bool(layers)))
    return element("layer-tree-group", children=groups)


def _group(name: str, rows: Sequence[Element], *, expanded: bool) -> Element:
    return element("layer-tree-group", {"name": name, "checked": "Qt::Checked", "expanded": expanded}, rows)


def _leaf(table: PublishedTable, source: str, *, checked: bool) -> Element:
    attributes = {
        "id": layer_id(table.name),
        "name": table.title,
        "source": _source(source, table),
        "providerKey": "ogr",
        "checked": "Qt::Checked" if checked else "Qt::Unchecked",
        "expanded": table.name in UNFOLDED,
    }
    return element("layer-tree-layer", attributes, [custom_properties({})])


def _source(source: str, table: PublishedTable) -> str:
    return f"{source}|layername={table.name}"


Looks = Mapping[str, Mapping[str, Element]]


def _legend_texts(view: View, looks: Looks) -> dict[str, list[str]]:
    """Read the rows of the legend of each layer of a map from its style."""
    rows = {name: looks[name][style].iter() for name, style in view.styles.items()}
    return {
        name: [str(part.get("label")) for part in parts if part.tag in {"range", "category", "rule"}]
        for name, parts in rows.items()
    }


def _layers(publication: Publication, source: str, looks_of: Looks) -> Iterator[Element]:
    """Write each layer: where it is, what it is called, its styles; opened read-only, as it is replaced in whole."""
    for name, table in publication.tables.items():
        looks = looks_of[name]
        for look in looks.values():
            look.set("readOnly", "1")
        current, *others = looks
        kept = [element("map-layer-style", {"name": current})]
        kept += [element("map-layer-style", {"name": other}, [looks[other]]) for other in others]
        kind = table.geometry_type
        geometry = "No geometry" if kind is None else kind.removeprefix("Multi").replace("LineString", "Line")
        form = {"type": "vector", "geometry": geometry, "wkbType": kind or "NoGeometry"}
        parts = [
            element("id", text=layer_id(name)),
            element("datasource", text=_source(source, table)),
            element("title", text=table.title),
            element("abstract", text=table.description),
            element("layername", text=table.title),
            *([] if kind is None else [element("srs", children=[_crs()])]),
            element("provider", {"encoding": "UTF-8"}, text="ogr"),
            element("map-layer-style-manager", {"current": current}, kept),
        ]
        own = [part for part in looks[current] if part.tag != "layerGeometryType"]
        yield element("maplayer", {**looks[current].attrib, **form}, [*parts, *own])


def _relations(publication: Publication) -> Iterator[Element]:
    """Tie each table that names communes to the layer of the communes."""
    for name, table in publication.tables.items():
        if table.commune is None or name == "communes":
            continue
        attributes = {
            "id": f"communes_{layer_id(name)}",
            "name": wording("qgis", "relation", table=table.title),
            "strength": "Association",
            "referencedLayer": layer_id("communes"),
            "referencingLayer": layer_id(name),
        }
        field = names_in_file(table)[table.commune]
        tie = {"referencingField": field, "referencedField": publication.tables["communes"].key[0]}
        yield element("relation", attributes, [element("fieldRef", tie)])


def _preset(view: View) -> Element:
    rows = [
        element("layer", {"id": layer_id(name), "visible": 1, "expanded": name == view.coloured, "style": style})
        for name, style in view.styles.items()
    ]
    return element("visibility-preset", {"name": view.name, "has-expanded-info": 0}, rows)


def _properties() -> Element:
    """Say that paths are relative, and that areas are measured in the plane of Lambert-93, as the figures are."""
    kept = {
        "Paths": {"Absolute": ("bool", "false")},
        "Measurement": {"AreaUnits": ("QString", "ha"), "DistanceUnits": ("QString", "meters")},
        "Measure": {"Ellipsoid": ("QString", "NONE")},
        "SpatialRefSys": {"ProjectionsEnabled": ("int", "1")},
    }
    groups = [
        element(group, children=[element(name, {"type": kind}, text=value) for name, (kind, value) in keys.items()])
        for group, keys in kept.items()
    ]
    return element("properties", children=groups)


def _metadata(publication: Publication, title: str, source: str) -> Element:
    run = publication.run
    parts = [
        element("identifier", text=run.id),
        element("language", text="FRA"),
        element("type", text="dataset"),
        element("title", text=title),
        element("abstract", text=abstract_of(publication, PurePosixPath(source).name)),
        *(element("history", text=line) for line in source_lines(publication, publication.sources)),
        element("author", text=wording("qgis", "author", version=run.version)),
        element("creation", text=run.started_at.strftime("%Y-%m-%dT%H:%M:%S")),
    ]
    return element("projectMetadata", children=parts)
