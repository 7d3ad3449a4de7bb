"""What has changed since the last refresh, and how is everything rebuilt without ever showing a half of it?

A refresh plans, then runs: it hashes the inputs, compares them with the manifest of the last run, and if anything
differs rebuilds every output beside the old ones and swaps them in whole.
"""

import datetime as dt
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from hp_sig._version import __version__
from hp_sig.assembly import Layers, load_layers
from hp_sig.errors import LayerError, OutputError
from hp_sig.inputs import InputError, InputFile, find_inputs, locate_inputs
from hp_sig.publish.geopackage import write_geopackage
from hp_sig.publish.swap import exclusive, prepare, publish, recover, require_own_folder
from hp_sig.publish.tables import rounded, safe_texts, write_csv
from hp_sig.reference.fields import default_territory_file, sample_territory_file
from hp_sig.reference.labels import wording
from hp_sig.results import Results, compute
from hp_sig.territory import LayerSource, Territory, load_territory

__all__ = ["Plan", "RefreshResult", "check", "plan", "refresh"]

log = logging.getLogger(__name__)

#: Environment variable that names the folder of raw files when the caller names none.
RAW_VARIABLE = "HP_SIG_RAW"
DEFAULT_RAW = Path("data") / "raw"
DEFAULT_OUT = Path("data") / "processed"
MANIFEST = "manifest.json"
GEOPACKAGE = "territoire.gpkg"
MAP = "carte-territoire.html"
#: A manifest of another form is not understood, and the results are rebuilt.
MANIFEST_FORM = 1
#: A result may differ when one of these does.
PACKAGES = ("hp-sig", "geopandas", "shapely", "pyproj", "pyogrio", "pandas", "numpy", "folium", "branca")

OnStep = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a refresh would do: inputs with their hashes, outputs, and why they are stale (empty: nothing to do)."""

    territory: Territory
    raw: Path
    out: Path
    inputs: tuple[InputFile, ...]
    outputs: tuple[str, ...]
    reasons: tuple[str, ...]
    previous: Mapping[str, Any]

    @property
    def is_needed(self) -> bool:
        """Whether anything is stale."""
        return bool(self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult:
    """What a refresh did; `results` and `layers` are missing when there was nothing to do."""

    plan: Plan
    manifest: Mapping[str, Any]
    layers: Layers | None = None
    results: Results | None = None


def plan(
    territory: str | Path | Territory | None = None,
    *,
    raw: str | Path | None = None,
    out: str | Path | None = None,
    force: bool = False,
) -> Plan:
    """Decide what a refresh has to do, without writing anything.

    Parameters
    ----------
    territory
        A territory or its file; by default the one of `HP_SIG_TERRITORY`, or else the Pays de Haute-Provence.
    raw
        Folder of the files as downloaded; by default the one of `HP_SIG_RAW`, or else `data/raw`. For the Pays de
        Haute-Provence, where neither is named and the folder is empty, the embedded sample is used.
    out
        Folder of the results, replaced in whole; by default `data/processed`.
    force
        Rebuild although nothing changed; also lets the sample replace results made from real files.

    Raises
    ------
    TerritoryError, InputError
        If the territory file is faulty, or inputs are missing.
    OutputError
        If `out` cannot be a folder of results.
    """
    folder = Path(raw or os.environ.get(RAW_VARIABLE) or DEFAULT_RAW)
    target = Path(out or DEFAULT_OUT)
    chosen = territory if isinstance(territory, Territory) else load_territory(territory)
    is_default = chosen.path == default_territory_file()
    named = raw is not None or bool(os.environ.get(RAW_VARIABLE))
    if is_default and not named and _is_empty(folder):
        chosen, folder = load_territory(sample_territory_file()), sample_territory_file().parent
    elif raw is not None and not folder.is_dir():
        raise InputError([LayerError(folder, ["expected a folder of raw files, found none. Check --raw."])])
    require_own_folder(target, apart_from=(folder,))
    previous = _last_manifest(target)
    if chosen.notice and previous and previous.get("notice") is None and not force:
        message = (
            f"{target} holds results made from real files, and {DEFAULT_RAW} is now empty: the embedded sample would "
            "replace them. Put the files back (is a drive missing?), or give --force."
        )
        raise OutputError(message)
    inputs = tuple(find_inputs(chosen, folder))
    outputs = _outputs()
    reasons = ("asked for (--force)",) if force else _reasons(target, previous, inputs)
    return Plan(
        territory=chosen,
        raw=folder,
        out=target,
        inputs=inputs,
        outputs=outputs,
        reasons=reasons,
        previous=previous,
    )


def refresh(
    territory: str | Path | Territory | None = None,
    *,
    raw: str | Path | None = None,
    out: str | Path | None = None,
    force: bool = False,
    on_step: OnStep | None = None,
) -> RefreshResult:
    """Read every layer, compute every table, write every output; do nothing if nothing changed.

    Parameters
    ----------
    territory, raw, out, force
        As in :func:`plan`.
    on_step
        Called before each step with what it is, its rank and how many there are.

    Returns
    -------
    RefreshResult
        With the manifest of the results.

    Raises
    ------
    HpSigError
        Whatever is wrong with the territory, its files or the folder of results; the last good results stay.
    RefreshBusyError
        If another refresh is writing there.
    """
    target = Path(out or DEFAULT_OUT)
    require_own_folder(target)
    with exclusive(target):
        recover(target)
        decided = plan(territory, raw=raw, out=out, force=force)
        if not decided.is_needed:
            return RefreshResult(plan=decided, manifest=decided.previous)
        return _run(decided, on_step or (lambda _what, _rank, _count: None), force=force)


def check(
    territory: str | Path | Territory | None = None,
    *,
    raw: str | Path | None = None,
    on_step: OnStep | None = None,
) -> Layers:
    """Read and validate every input, write nothing.

    Parameters
    ----------
    territory, raw, on_step
        As in :func:`refresh`.

    Raises
    ------
    InputError
        With every fault of every file.
    """
    folder = Path(raw or os.environ.get(RAW_VARIABLE) or DEFAULT_RAW)
    chosen = territory if isinstance(territory, Territory) else load_territory(territory)
    if (
        chosen.path == default_territory_file()
        and raw is None
        and not os.environ.get(RAW_VARIABLE)
        and _is_empty(folder)
    ):
        chosen, folder = load_territory(sample_territory_file()), sample_territory_file().parent
    inputs, missing = locate_inputs(chosen, folder)
    rank = iter(range(1, len(inputs) + 1))
    step = on_step or (lambda _what, _rank, _count: None)
    return load_layers(
        chosen, inputs, missing=missing, on_read=lambda item: step(item.path.name, next(rank), len(inputs))
    )


def _run(decided: Plan, step: OnStep, *, force: bool) -> RefreshResult:
    started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
    count = len(decided.inputs) + len(decided.outputs)
    rank = iter(range(1, count + 1))
    layers = load_layers(
        decided.territory, decided.inputs, on_read=lambda item: step(item.path.name, next(rank), count)
    )
    results = compute(layers)
    staging = prepare(decided.out)
    rows = _write(layers, results, staging, lambda name: step(name, next(rank), count))
    manifest = {
        "form": MANIFEST_FORM,
        "territory": decided.territory.name,
        "cog_year": decided.territory.cog_year,
        "notice": decided.territory.notice,
        "started_at": started.isoformat(timespec="seconds"),
        "duration_s": round(time.perf_counter() - clock, 2),
        "packages": _versions(),
        "inputs": [_input_entry(item, decided.raw, layers.notes) for item in decided.inputs],
        "outputs": {name: {"rows": rows[name], **_file_entry(staging / name)} for name in rows},
    }
    (staging / MANIFEST).write_text(
        json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n"
    )
    ours = {*decided.previous.get("outputs", {}), MANIFEST} if decided.previous else set()
    if force:
        ours |= {*rows, MANIFEST}
    publish(staging, decided.out, ours=ours)
    return RefreshResult(plan=decided, manifest=manifest, layers=layers, results=results)


def _write(layers: Layers, results: Results, folder: Path, step: Callable[[str], None]) -> dict[str, int]:
    # Only here: folium takes as long to load as all the rest, and a run with nothing to do needs no map.
    from hp_sig.maps.standalone import save_standalone  # noqa: PLC0415
    from hp_sig.maps.territory_map import territory_map  # noqa: PLC0415

    notice = layers.territory.notice
    rows = {}
    for name, table in results.tables().items():
        step(f"{name}.csv")
        rows[f"{name}.csv"] = write_csv(table, folder / f"{name}.csv", notice=notice)
    step(GEOPACKAGE)
    layers_written, tables_written = _geopackage_content(layers, results)
    descriptions = {name: _description(source, notice) for name, source in layers.territory.sources().items()}
    rows[GEOPACKAGE] = sum(
        write_geopackage(layers_written, tables_written, folder / GEOPACKAGE, descriptions=descriptions).values()
    )
    step(MAP)
    title = wording("map", "title", territory=layers.territory.name)
    save_standalone(territory_map(layers, results), folder / MAP, title=title)
    rows[MAP] = len(layers.communes)
    return rows


def _geopackage_content(
    layers: Layers, results: Results
) -> tuple[dict[str, gpd.GeoDataFrame], dict[str, pd.DataFrame]]:
    notice = layers.territory.notice
    marked = {} if notice is None else {"notice": notice}
    communes = layers.communes[["geometry"]].join(rounded(results.communes))
    content = {"communes": communes, **{name: layer.zones for name, layer in layers.zones.items()}}
    if layers.stations is not None and len(layers.stations):
        content["stations"] = layers.stations
    tables = {name: safe_texts(rounded(table)) for name, table in results.tables().items() if name != "communes"}
    if layers.projects is not None:
        for scale in ("site", "footprint"):
            drawn = layers.projects[layers.projects["scale"] == scale]
            if len(drawn):
                content[f"projects_{scale}"] = drawn
        tables["projects"] = pd.DataFrame(layers.projects.drop(columns="geometry")).reset_index()
    if layers.population is not None:
        tables["population"] = layers.population.add_prefix("population_").reset_index()
    geographic = {
        name: gpd.GeoDataFrame(layer.drop(columns="commune_codes", errors="ignore").assign(**marked))
        for name, layer in content.items()
    }
    return geographic, {name: table.assign(**marked) for name, table in tables.items()}


def _description(source: LayerSource, notice: str | None) -> str:
    mention = f"{notice}. " if notice else ""
    return (
        f"{mention}{source.producer}, {source.source}, "
        f"{wording('map', 'vintage', vintage=source.vintage)} ({source.licence})"
    )


def _outputs() -> tuple[str, ...]:
    tables = ("overlaps", "communes", "zones", "membership_changes", "scot_coverage")
    return (*(f"{name}.csv" for name in tables), GEOPACKAGE, MAP)


def _is_empty(folder: Path) -> bool:
    return not folder.is_dir() or not any(
        path.is_file() and path.name not in {"README.md", ".gitkeep"} for path in folder.rglob("*")
    )


def _last_manifest(out: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError):
        return {}
    return manifest if isinstance(manifest, dict) and manifest.get("form") == MANIFEST_FORM else {}


def _reasons(out: Path, previous: Mapping[str, Any], inputs: tuple[InputFile, ...]) -> tuple[str, ...]:
    if not previous:
        return ("no results yet",)
    reasons = []
    before = {item["name"]: item["sha256"] for item in previous["inputs"]}
    now = {item.name: item.sha256 for item in inputs}
    reasons += [f"{name} changed" for name in now if name in before and before[name] != now[name]]
    reasons += [f"{name} is new" for name in now if name not in before]
    reasons += [f"{name} is no longer used" for name in before if name not in now]
    if previous["packages"] != _versions():
        reasons.append("a package changed version")
    for name in _outputs():
        entry = previous["outputs"].get(name)
        if entry is None or not (out / name).is_file():
            reasons.append(f"{name} is missing")
        elif _file_entry(out / name)["sha256"] != entry["sha256"]:
            reasons.append(f"{name} was modified")
    return tuple(reasons)


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = __version__ if name == "hp-sig" else "?"
    return found


def _file_entry(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _input_entry(item: InputFile, raw: Path, notes: Mapping[str, list[str]]) -> dict[str, Any]:
    path = item.path.relative_to(raw).as_posix() if item.path.is_relative_to(raw) else item.path.name
    entry: dict[str, Any] = {"name": item.name, "path": path, "bytes": item.size, "sha256": item.sha256}
    if item.source is not None:
        source = item.source
        entry |= {
            "producer": source.producer,
            "source": source.source,
            "vintage": source.vintage,
            "licence": source.licence,
        }
        entry["retrieved"] = source.retrieved.isoformat() if source.retrieved else None
        entry["in_package"] = source.in_package
    entry["notes"] = notes.get(item.name, [])
    return entry
