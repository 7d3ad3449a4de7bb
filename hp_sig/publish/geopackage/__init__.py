"""How does a publication become one GeoPackage that QGIS opens as it is, also where one is already in use?"""

from hp_sig.publish.geopackage.replacing import Replaced, replace_geopackage, require_place
from hp_sig.publish.geopackage.styling import Styles
from hp_sig.publish.geopackage.writing import write_geopackage

__all__ = ["Replaced", "Styles", "replace_geopackage", "require_place", "write_geopackage"]
