"""Which zones have a sheet, and in which file is each?"""

import hashlib
import re

from hp_sig.assembly import Layers
from hp_sig.maps.editions import edition_of_the_territory, latest_epci
from hp_sig.maps.sheets.portrait import COMMUNES, TERRITORY, Key
from hp_sig.territory import Territory, commune_names

__all__ = ["FOLDER", "hashed_name", "planned_sheets", "sheet_file", "sheet_files"]

#: Folder of the sheets in the results.
FOLDER = "fiches"
#: Characters that every file system and every address takes as they are.
UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
#: No file system takes much more than twice this for a name.
MOST_CHARACTERS = 80
PARK = "pnr"


def sheet_file(key: Key) -> str:
    """Name the file of a zone's sheet.

    A code that no file could be called by loses what is unsafe and gains a part of its hash, so that no two meet.

    >>> sheet_file(("communes", "04112")), sheet_file(("epci_2015", "200034700"))
    ('fiches/commune-04112.html', 'fiches/epci_2015-200034700.html')
    >>> sheet_file(TERRITORY)
    'fiches/territoire.html'
    """
    if key == TERRITORY:
        return f"{FOLDER}/territoire.html"
    layer = "commune" if key[0] == COMMUNES else key[0]
    return f"{FOLDER}/{layer}-{_safe(key[1])}.html"


def sheet_files(layers: Layers) -> dict[Key, str]:
    """Name the file of every sheet of a territory: the Pays, intercommunalities, parks, communes.

    Intercommunalities have a sheet in the list of the territory's own date and in the latest one.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    """
    editions = [edition_of_the_territory(layers), latest_epci(layers)]
    epci = {layer.config.layer_name: layer for layer in editions if layer is not None}
    parks = {name: layer for name, layer in layers.zones.items() if layer.config.id == PARK}
    keys = [TERRITORY]
    keys += [(name, str(code)) for name, layer in {**epci, **parks}.items() for code in layer.zones.index]
    keys += [(COMMUNES, str(code)) for code in layers.communes.index]
    return {key: sheet_file(key) for key in keys}


def planned_sheets(territory: Territory) -> tuple[str, ...]:
    """Name the sheets that are known before any layer is read: the Pays and its communes.

    Which intercommunalities and parks there are is written in their files: the manifest of a run lists their sheets.
    """
    keys = [TERRITORY, *((COMMUNES, str(code)) for code in commune_names(territory).index)]
    return tuple(sheet_file(key) for key in keys)


def hashed_name(code: str) -> str:
    """Give what a file can be called by of any code, and a part of its hash, so that no two meet.

    >>> hashed_name("../A")
    '---A.80dd8502'
    """
    return f"{UNSAFE.sub('-', code)[:MOST_CHARACTERS]}.{hashlib.sha256(code.encode()).hexdigest()[:8]}"


def _safe(code: str) -> str:
    # Windows does not tell « ab » from « AB »: capitals and digits are written as they are.
    is_plain = len(code) <= MOST_CHARACTERS and not UNSAFE.search(code) and not re.search("[a-z]", code)
    return code if is_plain else hashed_name(code)
