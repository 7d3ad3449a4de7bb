"""What does a real QGIS find in projects and their GeoPackages? Run by the Python that has PyQGIS, not by ours.

Called with a folder that holds `jobs.json`; writes `report.json` there, and the pictures beside each project.
"""

import json
import os
import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeatureRenderer,
    QgsLayerTreeGroup,
    QgsLayoutExporter,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsMapThemeCollection,
    QgsProject,
    QgsReadWriteContext,
    QgsRenderContext,
    QgsSymbol,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtXml import QDomDocument


def tree_of(group):
    return [
        [child.name(), tree_of(child) if isinstance(child, QgsLayerTreeGroup) else child.isVisible()]
        for child in group.children()
    ]


def fills_of(layer, renderer, key):
    """Give the colour of each feature, and how many layers its symbol has, or its width; None where it is not drawn."""
    context = QgsRenderContext()
    context.expressionContext().appendScopes(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    renderer.startRender(context, layer.fields())
    fills = {}
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        # Of several rules the first: the last one, of all others, is among them.
        symbol = next(iter(renderer.symbolsForFeature(feature, context)), None)
        size = symbol and (round(symbol.width(), 2) if symbol.type() == QgsSymbol.Line else symbol.symbolLayerCount())
        shown = None if symbol is None else [symbol.symbolLayer(0).color().name(), size]
        fills[" ".join(str(feature[column]) for column in key)] = shown
    renderer.stopRender(context)
    return fills


def rows_of(renderer):
    return [item.label() for item in renderer.legendSymbolItems()]


def styles_of(layer, key):
    """Read each style of a layer as the project keeps it."""
    found = {}
    for name in layer.styleManager().styles():
        document = QDomDocument()
        document.setContent(layer.styleManager().style(name).xmlData())
        drawn = document.documentElement().firstChildElement("renderer-v2")
        renderer = QgsFeatureRenderer.load(drawn, QgsReadWriteContext())
        found[name] = {"fills": fills_of(layer, renderer, key), "rows": rows_of(renderer)}
    return found


def switched(layer):
    """Choose the last style of a layer, as an officer does; say what the layer then shows."""
    opened_with = layer.styleManager().currentStyle()
    layer.styleManager().setCurrentStyle(layer.styleManager().styles()[-1])
    found = [rows_of(layer.renderer()), layer.readOnly(), [field.alias() for field in layer.fields()]]
    layer.styleManager().setCurrentStyle(opened_with)
    return found


def tip_of(layer):
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(next(layer.getFeatures()))
    return QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context)


def alone(geopackage, name):
    """Open a layer of the GeoPackage by itself."""
    layer = QgsVectorLayer(f"{geopackage}|layername={name}", name, "ogr")
    return {
        "rows": rows_of(layer.renderer()) if layer.isSpatial() else [],
        "aliases": {field.name(): field.alias() for field in layer.fields()},
        "words": {
            field.name(): layer.editorWidgetSetup(rank).config().get("map")
            for rank, field in enumerate(layer.fields())
            if layer.editorWidgetSetup(rank).type() == "ValueMap"
        },
    }


def picture_of(project, path):
    settings = QgsMapSettings()
    settings.setLayers([layer for layer in project.layerTreeRoot().checkedLayers() if layer.isSpatial()])
    settings.setDestinationCrs(project.crs())
    settings.setExtent(project.viewSettings().defaultViewExtent())
    settings.setOutputSize(QSize(700, 600))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(path))


def sheet_of(layout, beside):
    exporter = QgsLayoutExporter(layout)
    picture = QgsLayoutExporter.ImageExportSettings()
    picture.dpi = 96
    done = [exporter.exportToImage(str(beside.with_suffix(".png")), picture)]
    done.append(exporter.exportToPdf(str(beside.with_suffix(".pdf")), QgsLayoutExporter.PdfExportSettings()))
    items = layout.items()
    shown = next(item for item in items if isinstance(item, QgsLayoutItemMap))
    legend = next(item for item in items if isinstance(item, QgsLayoutItemLegend))
    page = layout.pageCollection().page(0).sizeWithUnits()
    boxes = {
        item.id(): [item.scenePos().x(), item.scenePos().y(), item.rect().width(), item.rect().height()]
        for item in items
        if isinstance(item, QgsLayoutItem) and item.id() not in {"", "page"}
    }
    rows = [
        str(node.evaluateLabel() if hasattr(node, "evaluateLabel") else node.data(0))
        for leaf in legend.model().rootGroup().findLayers()
        for node in legend.model().layerLegendNodes(leaf)
    ]
    return {
        "exported": [result == QgsLayoutExporter.Success for result in done],
        "page": [page.width(), page.height()],
        "theme": shown.followVisibilityPresetName(),
        "scale": round(shown.scale()),
        "boxes": boxes,
        "legend": rows,
        "texts": {item.id(): item.currentText() for item in items if isinstance(item, QgsLayoutItemLabel)},
    }


def found_in(job, faults):
    project = QgsProject.instance()
    project.clear()
    before = len(faults)
    opened = project.read(job["project"])
    layers = {layer.source().rsplit("layername=", 1)[-1]: layer for layer in project.mapLayers().values()}
    relations = project.relationManager().relations().values()
    beside = Path(job["project"]).parent
    themes: QgsMapThemeCollection = project.mapThemeCollection()
    layouts = {layout.name(): layout for layout in project.layoutManager().printLayouts()}
    picture_of(project, beside / "map.png")
    return {
        "opened": opened,
        "title": project.title(),
        "crs": project.crs().authid(),
        "abstract": project.metadata().abstract(),
        "invalid": [name for name, layer in layers.items() if not layer.isValid()],
        "counts": {name: layer.featureCount() for name, layer in layers.items()},
        "names": {name: layer.name() for name, layer in layers.items()},
        "read_only": all(layer.readOnly() for layer in layers.values()),
        "tree": tree_of(project.layerTreeRoot()),
        "related": {
            relation.referencingLayer().source().rsplit("layername=", 1)[-1]: {
                feature["commune_code"]: sum(1 for _ in relation.getRelatedFeatures(feature))
                for feature in relation.referencedLayer().getFeatures()
            }
            for relation in relations
            if relation.isValid() and relation.referencingLayer().source().rsplit("layername=", 1)[-1] in job["related"]
        },
        "relations": [relation.isValid() for relation in relations],
        "themes": {name: [layer.name() for layer in themes.mapThemeVisibleLayers(name)] for name in themes.mapThemes()},
        "layouts": list(layouts),
        "sheets": {name: sheet_of(layouts[name], beside / f"sheet-{rank}") for rank, name in enumerate(job["sheets"])},
        "styles": {name: styles_of(layers[name], key) for name, key in job["styles"].items()},
        "switched": {name: switched(layers[name]) for name in job["switched"]},
        "tips": {name: tip_of(layer) for name, layer in layers.items() if layer.isSpatial() and layer.featureCount()},
        "alone": {name: alone(job["geopackage"], name) for name in job["alone"]},
        "faults": faults[before:],
    }


def main(folder):
    application = QgsApplication([], False)
    application.initQgis()
    faults = []
    application.messageLog().messageReceived.connect(lambda text, tag, _: faults.append(f"{tag}: {text}"))
    jobs = json.loads((folder / "jobs.json").read_text(encoding="utf-8"))
    report = {name: found_in(job, faults) for name, job in jobs.items()}
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, default=str), encoding="utf-8")
    # Taking QGIS down from Python may crash it once all is done: the process simply ends.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
