"""What has changed since the last refresh, and how is everything rebuilt without ever showing a half of it?

A refresh plans, then runs: it hashes the inputs, compares them with the manifest of the last run, and if anything
differs rebuilds every output beside the old ones and swaps them in whole.
"""

import datetime as dt
import hashlib
import itertools
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from hp_sig.assembly import Layers, load_layers
from hp_sig.errors import OutputError
from hp_sig.inputs import DEFAULT_RAW, InputFile, attributed, find_inputs, locate_inputs, require_unchanged
from hp_sig.maps.hubs.naming import hub_files
from hp_sig.maps.sheets import sheet_files
from hp_sig.publish.content import publication_of
from hp_sig.publish.edited import keep_edited
from hp_sig.publish.manifest import (
    MANIFEST,
    file_entry,
    holds_real_results,
    input_entry,
    own_files,
    package_versions,
    read_manifest,
    stale_reasons,
    write_manifest,
)
from hp_sig.publish.publication import new_run
from hp_sig.publish.swap import discard, exclusive, prepare, publish, recover, require_own_folder, require_replaceable
from hp_sig.refresh.changes import changes_since
from hp_sig.refresh.choice import choose, is_sample
from hp_sig.refresh.outputs import FIGURES_MAP, INDEX, MAP, PROJECTS_MAP, News, planned_outputs, write_outputs
from hp_sig.refresh.publications import GEOPACKAGE, other_publications, publish_database
from hp_sig.results import Results, compute
from hp_sig.results.steps import computed_steps, skipped_tables, sources_of
from hp_sig.territory import Territory

__all__ = [
    "DEFAULT_OUT",
    "FIGURES_MAP",
    "GEOPACKAGE",
    "INDEX",
    "MAP",
    "PROJECTS_MAP",
    "Plan",
    "RefreshResult",
    "check",
    "plan",
    "refresh",
    "settings_hash",
]

log = logging.getLogger(__name__)

#: Folder of the results.
DEFAULT_OUT = Path("data") / "processed"

#: A full disk or a lost drive, as told by the system, by GDAL and by SQLite.
WRITE_ERRORS = (OSError, DataSourceError, DataLayerError, FeatureError, sqlite3.Error)

OnStep = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a refresh would do: inputs with their hashes, outputs, and why they are stale (empty: nothing to do).

    `skipped` says which tables cannot be made from the layers that are there, and why.
    """

    territory: Territory
    raw: Path
    out: Path
    inputs: tuple[InputFile, ...]
    outputs: tuple[str, ...]
    reasons: tuple[str, ...]
    previous: Mapping[str, Any]
    skipped: Mapping[str, str] = field(default_factory=dict)

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
    target = _target(out)
    chosen, folder = choose(territory, raw)
    require_own_folder(target, apart_from=(folder,))
    previous = read_manifest(target)
    if is_sample(chosen) and holds_real_results(target) and not force:
        message = (
            f"{target} holds results made from real files, and {DEFAULT_RAW} is now empty: the embedded sample would "
            "replace them. Put the files back (is a drive missing?), or give --force."
        )
        raise OutputError(message)
    inputs = tuple(find_inputs(chosen, folder))
    chosen = attributed(chosen, inputs)
    present = [item.name for item in inputs]
    outputs = planned_outputs(chosen, present)
    reasons = ("asked for (--force)",) if force else stale_reasons(target, previous, inputs, outputs)
    if previous and previous.get("settings_sha256") != settings_hash(chosen) and not reasons:
        reasons = ("the territory's settings changed",)
    return Plan(
        territory=chosen,
        raw=folder,
        out=target,
        inputs=inputs,
        outputs=outputs,
        reasons=reasons,
        previous=previous,
        skipped=skipped_tables(chosen, present),
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
    target = _target(out)
    require_own_folder(target)
    # Before anything is made on the disk, even the lock.
    choose(territory, raw)
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
    chosen, folder = choose(territory, raw)
    inputs, missing = locate_inputs(chosen, folder)
    chosen = attributed(chosen, inputs)
    rank = iter(range(1, len(inputs) + 1))
    step = on_step or (lambda _what, _rank, _count: None)
    return load_layers(
        chosen, inputs, missing=missing, on_read=lambda item: step(item.path.name, next(rank), len(inputs))
    )


def _run(decided: Plan, step: OnStep, *, force: bool) -> RefreshResult:
    started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
    count = len(decided.inputs) + len(computed_steps(decided.skipped)) + len(decided.outputs)
    rank = itertools.count(1)
    layers = load_layers(
        decided.territory, decided.inputs, on_read=lambda item: step(item.path.name, next(rank), count)
    )
    # The sheets of EPCI and parks are known now.
    count += len(set(sheet_files(layers).values()) - set(decided.outputs))
    results = compute(layers, on_step=lambda name: step(name, next(rank), count))
    count += sum(len(list(filter(None, names))) for names in hub_files(results).values())
    require_unchanged(decided.inputs)
    changes = changes_since(decided.out, decided.previous, inputs=decided.inputs, layers=layers, results=results)
    news = News(changes=changes, day=started.astimezone().date())
    run = new_run(decided.inputs, started=started)
    publication = publication_of(layers, results, run=run, inputs=decided.inputs)
    count += other_publications(layers, results)
    staging = prepare(decided.out)
    try:
        rows = write_outputs(
            layers, results, publication, staging, lambda name: step(name, next(rank), count), news=news
        )
        content = {"run": run.id, **_manifest_content(decided, layers, results, staging, rows)}
        content |= {"started_at": started.isoformat(timespec="seconds")}
        content |= {"duration_s": round(time.perf_counter() - clock, 2)}
        manifest = write_manifest(staging, content)
        replaced = {*rows, MANIFEST} if force else set()
        ours = own_files(decided.out) | replaced
        if "postgis" in decided.territory.publish.steps:
            step("PostGIS", next(rank), count)
            # Committed just before the swap, once nothing that can be known beforehand stands in its way.
            require_replaceable(staging, decided.out, ours=ours)
            publish_database(publication, decided.territory.publish.database)
        keep_edited(decided.out, staging, news.day, replaced=rows)
        publish(staging, decided.out, ours=ours)
    except WRITE_ERRORS as error:
        if isinstance(error, OutputError):
            raise
        message = f"cannot write the results beside {decided.out} ({error}). The last good results stay."
        raise OutputError(message) from error
    finally:
        discard(staging)
    return RefreshResult(plan=decided, manifest=manifest, layers=layers, results=results)


def _manifest_content(
    decided: Plan, layers: Layers, results: Results, staging: Path, rows: Mapping[str, int]
) -> dict[str, Any]:
    names = {id(source): name for name, source in decided.territory.sources().items()}
    tables = sources_of(decided.territory, layers.names)
    made_from = {f"{table}.csv": {"made_from": [names[id(one)] for one in found]} for table, found in tables.items()}
    return {
        "territory": decided.territory.name,
        "cog_year": decided.territory.cog_year,
        "settings_sha256": settings_hash(decided.territory),
        "notice": decided.territory.notice,
        "sample": is_sample(decided.territory),
        "packages": package_versions(),
        "inputs": [input_entry(item, decided.raw, layers.notes.get(item.name, [])) for item in decided.inputs],
        "absent": list(layers.land.absent),
        "skipped": dict(results.skipped),
        "warnings": list(results.warnings),
        "planned": list(decided.outputs),
        "outputs": {
            name: {"rows": rows[name], **file_entry(staging / name), **made_from.get(name, {})} for name in rows
        },
    }


def settings_hash(territory: Territory) -> str:
    """Give the hash of a territory's settings, which a caller may have changed since they were read."""
    return hashlib.sha256(territory.model_dump_json().encode()).hexdigest()


def _target(out: str | Path | None) -> Path:
    # « results/sub/.. » is « results »: a folder that is to be renamed needs its own name.
    return Path(os.path.normpath(out or DEFAULT_OUT))
