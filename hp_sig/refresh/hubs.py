"""How are the pages of some hubs, or of alternatives side by side, written on their own?"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.errors import HpSigError, OutputError, some
from hp_sig.maps.hubs.naming import hub_files
from hp_sig.publish.tables import rounded, write_csv
from hp_sig.refresh.single import OnStep, computed, require_absent
from hp_sig.results import Results
from hp_sig.results.alternatives import compare_projects
from hp_sig.territory import Territory
from hp_sig.whole import write_whole

__all__ = ["COMPARISON", "HubRequest", "write_some_hubs"]

#: What the pages of a hub need: the allowances, what the project takes, and who reaches it.
FAMILIES = ("enaf_consumption", "project_screening", "catchments")
#: Files of a comparison, without their ends.
COMPARISON = "comparaison"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRequest:
    """Which hubs are asked for.

    Parameters
    ----------
    hubs
        Identifiers; all hubs by default.
    projects
        A file of sites and footprints that stand in place of the territory's own projects: each is a hub.
    is_compared
        Whether one more page puts them side by side, with its table (CSV).
    """

    hubs: tuple[str, ...] = ()
    projects: Path | None = None
    is_compared: bool = False


def write_some_hubs(
    request: HubRequest,
    folder: str | Path,
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    replace: bool = False,
    on_step: OnStep | None = None,
) -> list[Path]:
    """Write the sheet and the map of some hubs into a folder, and their comparison if it is asked for.

    Parameters
    ----------
    request
        Which hubs.
    folder
        Made if it is not there.
    territory, raw, replace, on_step
        As in :func:`hp_sig.refresh.single.write_map`.

    Raises
    ------
    OutputError
        If a page is there already.
    HpSigError
        If the layers are faulty, a hub is not known or there is none; nothing is written.
    """
    # Only here: folium takes as long to load as all the rest.
    from hp_sig.maps.hubs.writing import hub_pages  # noqa: PLC0415

    layers, results = computed(territory, raw, on_step, families=FAMILIES, projects=request.projects)
    files = hub_files(results)
    wanted = _known(request.hubs, files, layers)
    if request.is_compared:
        _require_comparable(wanted)
    target = Path(folder)
    names = [Path(name).name for hub in wanted for name in files[hub] if name]
    if request.is_compared:
        names += [f"{COMPARISON}.html", f"{COMPARISON}.csv"]
    require_absent([target / name for name in names], replace=replace)
    today = dt.datetime.now(dt.UTC).astimezone().date()
    pages = hub_pages(layers, results, step=lambda _name: None, hubs=wanted, day=today)
    comparison = _comparison(layers, results, wanted) if request.is_compared else None
    # Nothing is written before all of it is made.
    try:
        target.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        message = f"{target}: a folder expected, found a file. Give another place with --out."
        raise OutputError(message) from error
    for name, page in pages.items():
        write_whole(target / name, page)
    if comparison is not None:
        table, page = comparison
        write_whole(target / f"{COMPARISON}.html", page)
        write_csv(table, target / f"{COMPARISON}.csv", notice=layers.territory.notice)
    return [target / name for name in names]


def _known(asked: Collection[str], files: Collection[str], layers: Layers) -> list[str]:
    """Give the hubs asked for, all of them by default; refuse those that are none."""
    if not files:
        message = (
            f"{layers.territory.name}: no project is a hub: a site or a footprint that names a station expected "
            "(station_uic), or a list « projects » under [hubs] in the territory file."
        )
        raise HpSigError(message)
    unknown = [hub for hub in asked if hub not in files]
    if unknown:
        message = f"identifiers of hubs of {layers.territory.name} expected ({some(files)}), found {some(unknown)}."
        raise HpSigError(message)
    return [hub for hub in files if not asked or hub in asked]


def _require_comparable(hubs: list[str]) -> None:
    """Refuse more alternatives than a map tells apart, before anything is written."""
    from hp_sig.maps.hubs.map_comparison import COLOURS  # noqa: PLC0415

    if len(hubs) > len(COLOURS):
        message = (
            f"at most {len(COLOURS)} sites or footprints can be compared, found {len(hubs)}. Name those to compare, or "
            "leave --compare out."
        )
        raise HpSigError(message)


def _comparison(layers: Layers, results: Results, hubs: list[str]) -> tuple[pd.DataFrame, bytes]:
    """Make one table and one map of several hubs side by side."""
    from hp_sig.maps.hubs.map_comparison import comparison_map  # noqa: PLC0415
    from hp_sig.maps.hubs.writing import shapes_of  # noqa: PLC0415
    from hp_sig.maps.standalone import standalone_page  # noqa: PLC0415

    assert layers.projects is not None
    projects = layers.projects.loc[hubs]
    table = compare_projects(projects, layers, results=results, catchments=results.catchments)
    drawn = {hub: shapes for hub in hubs if (shapes := shapes_of(layers, results, hub)) is not None}
    page = standalone_page(comparison_map(table, projects, layers, shapes=drawn))
    shown = rounded(table.T).T
    people = shown.index.str.startswith(("population_", "jobs_"))
    shown[people] = shown[people].round(1)
    return shown.reset_index().assign(caveat=table.attrs["caveat"]), page.encode()
