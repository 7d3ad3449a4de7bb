"""In which files are the sheet and the map of each hub?"""

import re

from hp_sig.maps.sheets.naming import hashed_name
from hp_sig.reference.labels import wording
from hp_sig.results import Results

__all__ = ["FOLDER", "hub_documents", "hub_files"]

#: Folder of the pages of hubs in the results.
FOLDER = "poles"
#: An identifier that is a name of a file as it stands, on every system.
PLAIN = re.compile(r"[a-z0-9_-]{1,80}")


def hub_files(results: Results) -> dict[str, tuple[str, str]]:
    """Name the sheet and the map of each hub; the map of one that no street joins is empty.

    Parameters
    ----------
    results
        From :func:`hp_sig.results.compute`.
    """
    if results.hub_stations is None:
        return {}
    drawn = set() if results.reached is None else set(results.reached.areas.index.get_level_values("hub_id"))
    files = {}
    for hub_id in map(str, results.hub_stations["hub_id"]):
        name = hub_id if PLAIN.fullmatch(hub_id) else hashed_name(hub_id)
        files[hub_id] = (f"{FOLDER}/fiche-{name}.html", f"{FOLDER}/carte-{name}.html" if hub_id in drawn else "")
    return files


def hub_documents(results: Results) -> list[tuple[str, str, str]]:
    """Tell each page of a hub, for the page that leads to all: file, title and one sentence."""
    if results.hub_stations is None:
        return []
    names = results.hub_stations.set_index("hub_id")["hub_name"]
    documents = []
    for hub_id, (sheet, plan) in hub_files(results).items():
        name = str(names[hub_id])
        documents.append((sheet, name, wording("index", "hub_sheet")))
        if plan:
            documents.append((plan, wording("index", "hub_map_title", name=name), wording("index", "hub_map")))
    return documents
