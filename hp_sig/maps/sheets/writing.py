"""How do the sheets of a territory become files?"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from hp_sig.assembly import Layers
from hp_sig.maps.sheets.naming import FOLDER, sheet_files
from hp_sig.maps.sheets.portrait import Key
from hp_sig.maps.sheets.sheet import open_dossier, sheet_page
from hp_sig.results import Results
from hp_sig.whole import write_whole

__all__ = ["commune_sheet", "write_sheets"]

log = logging.getLogger(__name__)

#: The page that leads to every sheet, as seen from one.
INDEX = "../index.html"


def commune_sheet(
    layers: Layers, results: Results, code: str, *, zone_layer: str = "communes", day: dt.date | None = None
) -> str:
    """Write the sheet of a commune, or of a zone of another layer, as the HTML of one page.

    It is static, loads nothing, prints on one A4 page, and says of each figure where it comes from.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    results
        From :func:`hp_sig.results.compute`; a table of land that is missing is told on the page.
    code
        Of the zone: `commune_code`, SIREN…; `territory` for the Pays.
    zone_layer
        `communes`, `territory`, or a layer of zones such as `epci_2015` or `pnr`.
    day
        When it is made, for its foot; without it the same results give the same bytes.

    Raises
    ------
    KeyError
        If the territory has no such zone.
    """
    dossier = open_dossier(layers, results, {}, day=day)
    key = (zone_layer, code)
    if key not in dossier.zones:
        known = sorted({layer for layer, _ in dossier.zones})
        message = f"no zone {code!r} in the layer {zone_layer!r}; layers of this territory: {', '.join(known)}."
        raise KeyError(message)
    return sheet_page(dossier, key)


def write_sheets(
    layers: Layers,
    results: Results,
    folder: Path,
    *,
    step: Callable[[str], None],
    files: Mapping[Key, str] | None = None,
    day: dt.date | None = None,
) -> dict[str, int]:
    """Write every sheet of a territory, or some of them; give how many zones each is about: one.

    No sheet is written before all of them are made.

    Parameters
    ----------
    layers, results, day
        As in :func:`commune_sheet`.
    folder
        Of the results; the sheets go to `fiches` in it.
    step
        Called before each sheet with the name of its file.
    files
        Zone → file in `folder`, for sheets on their own, without links between them; all of them by default.
    """
    wanted = sheet_files(layers) if files is None else files
    links, index = (wanted, INDEX) if files is None else ({}, "")
    dossier = open_dossier(layers, results, links, index=index, day=day)
    pages = {}
    for key, name in wanted.items():
        step(name)
        pages[name] = sheet_page(dossier, key).encode("utf-8", errors="replace")
    for name, page in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, page)
    log.info("wrote %s: %d sheets", FOLDER if files is None else folder, len(wanted))
    return dict.fromkeys(wanted.values(), 1)
