"""How do layers open in QGIS as they do in the pages: same classes, same colours, French names, a sheet to print?"""

from hp_sig.publish.qgis.project import write_project
from hp_sig.publish.qgis.styles import LayerStyle, layer_styles

__all__ = ["LayerStyle", "layer_styles", "write_project"]
