"""Which zones may have a local report, and what is the file of each called?"""

import re
import unicodedata

from hp_sig.assembly import Layers
from hp_sig.maps.sheets.naming import hashed_name
from hp_sig.results import Results
from hp_sig.results.groups import TERRITORY_LAYER

__all__ = ["COMMUNES", "Key", "report_name", "reported_zones"]

#: Layer and code, as in the table `triennial`.
Key = tuple[str, str]
COMMUNES = "communes"
#: Characters of a name that a file is called by.
MOST_CHARACTERS = 60


def reported_zones(layers: Layers, results: Results) -> dict[Key, str]:
    """Name the zones that may have a report: the territory, EPCI and SCoT of the latest lists, communes.

    Parameters
    ----------
    layers, results
        From :func:`hp_sig.assembly.load_layers` and :func:`hp_sig.results.compute`. A zone has a report even where
        no figure of it is known: it then says why.
    """
    zones: dict[Key, str] = {(TERRITORY_LAYER, TERRITORY_LAYER): layers.territory.name}
    for zone_id in ("epci", "scot"):
        layer = layers.latest(zone_id)
        if layer is not None and layer.members is not None:
            name = layer.config.layer_name
            zones |= {(name, str(code)): str(told) for code, told in layer.zones["name"].items()}
    return zones | {(COMMUNES, str(code)): str(told) for code, told in results.communes["name"].items()}


def report_name(layers: Layers, zone: Key) -> str:
    """Give the stem of the file of a zone's report, which every file system takes: rapport-triennal-04112-manosque.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    zone
        Layer and code.

    Raises
    ------
    KeyError
        If there is no such zone.
    """
    layer_name, code = zone
    if layer_name == TERRITORY_LAYER:
        return "-".join(filter(None, ["rapport-triennal-territoire", _slug(layers.territory.name)]))
    if layer_name == COMMUNES:
        kind, name = "", str(layers.communes["name"][code])
    else:
        layer = layers.zones[layer_name]
        # The list in force needs no year; an older one may hold the same codes.
        kind = layer.config.id if layers.latest(layer.config.id) is layer else layer_name
        name = str(layer.zones["name"][code])
    safe = code if re.fullmatch("[A-Z0-9_]{1,40}", code) else hashed_name(code)
    return "-".join(filter(None, ["rapport-triennal", kind, safe, _slug(name)]))


def _slug(name: str) -> str:
    letters = (
        unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "Oe")).encode("ascii", "ignore").decode()
    )
    return re.sub("[^a-z0-9]+", "-", letters.lower()).strip("-")[:MOST_CHARACTERS].strip("-")
