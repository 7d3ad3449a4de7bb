"""How are one map, or a few sheets, written on their own, apart from the folder of results?"""

import datetime as dt
import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hp_sig.assembly import Layers, load_layers
from hp_sig.errors import HpSigError, OutputError, some
from hp_sig.inputs import InputFile, attributed, locate_inputs
from hp_sig.layers.projects import read_projects
from hp_sig.maps.sheets import sheet_files, write_sheets
from hp_sig.refresh.choice import choose
from hp_sig.results import Results, compute
from hp_sig.results.hubs import with_projects
from hp_sig.results.steps import computed_steps, skipped_tables
from hp_sig.territory import Territory

__all__ = ["KINDS", "MapRequest", "OnStep", "computed", "gathered", "require_absent", "write_map", "write_some_sheets"]

OnStep = Callable[[str, int, int], None]
Kind = Literal["indicators", "territory", "projects"]
KINDS: tuple[Kind, ...] = ("indicators", "territory", "projects")
PDF = ".pdf"
HTML = ".html"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRequest:
    """Which map is asked for.

    Parameters
    ----------
    kind
        `indicators`: the figures of the communes; `territory`: their zonings; `projects`: the contract's actions.
    indicator, period
        Column and period that are shown first, or printed; the first and the last one by default.
    basemap
        A background of IGN, for a page only.
    """

    kind: Kind = "indicators"
    indicator: str | None = None
    period: str | None = None
    basemap: Literal["plan-ign", "ortho"] | None = None


def write_map(
    request: MapRequest,
    path: str | Path,
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    replace: bool = False,
    on_step: OnStep | None = None,
) -> Path:
    """Write one map as a page (`.html`) or on A3 paper (`.pdf`), by the end of the file's name.

    Parameters
    ----------
    request
        Which map.
    path
        The file.
    territory, raw, on_step
        As in :func:`hp_sig.refresh.refresh`.
    replace
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If the file is there already, or ends otherwise.
    HpSigError
        If the layers are faulty, or the map has no such indicator or period.
    """
    file = Path(path)
    if file.suffix.lower() not in {PDF, HTML}:
        message = f"{file}: a file that ends with {HTML} (a page) or {PDF} (A3 paper) expected."
        raise OutputError(message)
    if file.suffix.lower() == PDF and request.basemap:
        message = f"{file}: a basemap is for a page ({HTML}); the paper map has none. Leave it out."
        raise OutputError(message)
    _require_place(file.parent)
    require_absent([file], replace=replace)
    if request.indicator and request.kind != "indicators":
        message = (
            f"the map {request.kind!r} has no indicators to choose: leave --indicator out, or ask for 'indicators'."
        )
        raise HpSigError(message)
    # Only here: folium takes as long to load as all the rest.
    from hp_sig.maps.engine import page_map  # noqa: PLC0415
    from hp_sig.maps.pdf import map_pdf  # noqa: PLC0415
    from hp_sig.maps.standalone import save_standalone  # noqa: PLC0415
    from hp_sig.maps.territory_map import figures_page, project_page, territory_page  # noqa: PLC0415

    layers, results = computed(territory, raw, on_step)
    makers = {"indicators": figures_page, "territory": territory_page, "projects": project_page}
    page = makers[request.kind](layers, results)
    if page is None:
        message = f"{layers.territory.name}: no layer gives any figure of the communes, so there is no map of them."
        raise HpSigError(message)
    try:
        if file.suffix.lower() == PDF:
            return map_pdf(page, file, theme=request.indicator or 0, period=request.period)
        figure = page_map(page, theme=request.indicator or 0, period=request.period)
    except ValueError as error:
        raise HpSigError(str(error)) from error
    return save_standalone(figure, file, basemap=request.basemap)


def write_some_sheets(
    codes: Sequence[str],
    folder: str | Path,
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    replace: bool = False,
    on_step: OnStep | None = None,
) -> list[Path]:
    """Write the sheets of some zones into a folder.

    Parameters
    ----------
    codes
        Of communes, EPCI or parks; `territory` for the whole. Where two lists know an EPCI, both sheets are written.
    folder
        Made if it is not there.
    territory, raw, replace, on_step
        As in :func:`write_map`.

    Raises
    ------
    OutputError
        If a sheet is there already.
    HpSigError
        If the layers are faulty or a code is not known; nothing is written.
    """
    layers, results = computed(territory, raw, on_step)
    files = sheet_files(layers)
    known = {code for _, code in files}
    unknown = [code for code in codes if code not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=3)
        hint = f" Near: {', '.join(near)}." if near else ""
        message = f"codes of communes, EPCI or parks of {layers.territory.name} expected, found {some(unknown)}.{hint}"
        raise HpSigError(message)
    wanted = {key: Path(name).name for key, name in files.items() if key[1] in codes}
    target = Path(folder)
    require_absent([target / name for name in wanted.values()], replace=replace)
    target.mkdir(parents=True, exist_ok=True)
    today = dt.datetime.now(dt.UTC).astimezone().date()
    write_sheets(layers, results, target, files=wanted, step=lambda _name: None, day=today)
    return [target / name for name in wanted.values()]


def computed(
    territory: str | Path | Territory | None,
    raw: str | Path | None,
    on_step: OnStep | None,
    *,
    families: Collection[str] | None = None,
    projects: Path | None = None,
) -> tuple[Layers, Results]:
    """Read the layers and compute their tables, or some families of them, for other projects if a file holds some."""
    layers, results, _ = gathered(territory, raw, on_step, families=families, projects=projects)
    return layers, results


def gathered(
    territory: str | Path | Territory | None,
    raw: str | Path | None,
    on_step: OnStep | None,
    *,
    families: Collection[str] | None = None,
    projects: Path | None = None,
) -> tuple[Layers, Results, list[InputFile]]:
    """Give what :func:`computed` gives, and the files that it was read from."""
    chosen, folder = choose(territory, raw)
    inputs, missing = locate_inputs(chosen, folder)
    chosen = attributed(chosen, inputs)
    present = {*(item.name for item in inputs), *([] if projects is None else ["projects"])}
    steps = computed_steps(skipped_tables(chosen, present, families))
    count = len(inputs) + len(steps)
    rank = iter(range(1, count + 1))
    step = on_step or (lambda _what, _rank, _count: None)
    layers = load_layers(chosen, inputs, missing=missing, on_read=lambda item: step(item.path.name, next(rank), count))
    if projects is not None:
        layers = with_projects(layers, read_projects(projects))
    results = compute(layers, families=families, on_step=lambda name: step(name, next(rank), count))
    return layers, results, inputs


def _require_place(folder: Path) -> None:
    if not folder.is_dir():
        message = f"{folder}: a folder that exists expected. Make it, or give another place with --out."
        raise OutputError(message)


def require_absent(files: Sequence[Path], *, replace: bool) -> None:
    """Refuse to write over files that are there, unless they may be replaced.

    Raises
    ------
    OutputError
        With those that are there.
    """
    found = [str(file) for file in files if file.exists()]
    if found and not replace:
        message = f"{some(found)}: there already, left as it was. Give --force to replace, or another place with --out."
        raise OutputError(message)
