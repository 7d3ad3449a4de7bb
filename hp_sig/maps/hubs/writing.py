"""How do the map and the sheet of each hub become files?"""

import datetime as dt
import logging
from collections.abc import Callable, Collection
from pathlib import Path

import geopandas as gpd

from hp_sig.assembly import Layers
from hp_sig.errors import some
from hp_sig.maps.hubs.map import HubShapes, hub_map
from hp_sig.maps.hubs.naming import FOLDER, hub_files
from hp_sig.maps.hubs.sheet import HubLinks, hub_sheet
from hp_sig.maps.standalone import standalone_page
from hp_sig.reference.nomenclature import colour, cover_label
from hp_sig.results import Results
from hp_sig.results.catchment_land import land_pieces
from hp_sig.whole import write_whole

__all__ = ["hub_pages", "shapes_of", "write_hubs"]

log = logging.getLogger(__name__)

#: The page that leads to every other, as seen from one.
INDEX = "../index.html"
WALK = "walk"


def shapes_of(layers: Layers, results: Results, hub_id: str) -> HubShapes | None:
    """Give what a map draws of a hub: service areas, discs, streets, land; None where no street joins it.

    Parameters
    ----------
    layers, results
        Of the territory.
    hub_id
        Identifier of its project.

    Raises
    ------
    KeyError
        If the results know no such hub.
    """
    hubs = [] if results.hub_stations is None else list(results.hub_stations["hub_id"])
    if hub_id not in hubs:
        message = f"no hub {hub_id!r}; hubs of this territory: {some(hubs)}."
        raise KeyError(message)
    reached = results.reached
    if reached is None or hub_id not in reached.areas.index.get_level_values("hub_id"):
        return None
    areas, discs = (
        layer[layer.index.get_level_values("hub_id") == hub_id].droplevel("hub_id")
        for layer in (reached.areas, reached.crow_fly)
    )
    streets = reached.streets[reached.streets.index == hub_id]
    return HubShapes(
        areas=gpd.GeoDataFrame(areas),
        crow_fly=gpd.GeoDataFrame(discs),
        origin=reached.hubs.geometry[hub_id].representative_point(),
        streets=gpd.GeoDataFrame(streets) if len(streets) else None,
        land=_land(gpd.GeoDataFrame(areas), layers),
    )


def _land(areas: gpd.GeoDataFrame, layers: Layers) -> gpd.GeoDataFrame | None:
    """Draw the land within the longest walk."""
    walked = areas[areas.index.get_level_values("mode") == WALK]
    if walked.empty:
        return None
    pieces = land_pieces(gpd.GeoDataFrame(walked.iloc[[-1]]), layers).reset_index()
    if pieces.empty:
        return None
    names = [cover_label(code) for code in pieces["class_code"]]
    return pieces.assign(class_name=names, colour=[colour(code) for code in pieces["class_code"]])


def write_hubs(
    layers: Layers,
    results: Results,
    folder: Path,
    *,
    step: Callable[[str], None],
    day: dt.date | None = None,
) -> dict[str, int]:
    """Write the sheet and the map of every hub of a territory; give how many hubs each is about: one.

    No page is written before all of them are made.

    Parameters
    ----------
    layers, results
        Of the territory.
    folder
        Of the results; the pages go to `poles` in it.
    step
        Called before each file is made, with its name.
    day
        When they are made, for the foot of the sheets.
    """
    pages = hub_pages(layers, results, step=step, day=day)
    for name, page in pages.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, page)
    log.info("wrote %s: %d pages", FOLDER, len(pages))
    return dict.fromkeys(pages, 1)


def hub_pages(
    layers: Layers,
    results: Results,
    *,
    step: Callable[[str], None],
    hubs: Collection[str] | None = None,
    day: dt.date | None = None,
) -> dict[str, bytes]:
    """Make the sheet and the map of every hub of a territory, or of some; give the bytes of each by the name of a file.

    Parameters
    ----------
    layers, results, step, day
        As in :func:`write_hubs`.
    hubs
        Identifiers of those to make, on their own: names without a folder, no link to the other pages. All of them by
        default.
    """
    pages: dict[str, bytes] = {}
    for hub_id, (sheet, plan) in hub_files(results).items():
        if hubs is not None and hub_id not in hubs:
            continue
        names = {name: name if hubs is None else Path(name).name for name in (sheet, plan) if name}
        shapes = shapes_of(layers, results, hub_id)
        links = HubLinks(index=INDEX if hubs is None else "", plan=Path(plan).name)
        step(names[sheet])
        page = hub_sheet(layers, results, hub_id, shapes=shapes, links=links, day=day)
        pages[names[sheet]] = page.encode("utf-8", errors="replace")
        if plan and shapes is not None:
            step(names[plan])
            pages[names[plan]] = standalone_page(hub_map(layers, results, hub_id, shapes=shapes)).encode()
    return pages
