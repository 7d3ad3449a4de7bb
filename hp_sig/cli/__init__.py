"""The command `hp-sig`: parse, call one function, print."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hp_sig._version import __version__
from hp_sig.cli import publish
from hp_sig.cli.options import RawOption, TerritoryOption
from hp_sig.errors import HpSigError
from hp_sig.reference.fields import default_territory_file
from hp_sig.refresh import check as check_inputs
from hp_sig.refresh import plan as plan_refresh
from hp_sig.refresh import refresh as run_refresh
from hp_sig.refresh.hubs import HubRequest, write_some_hubs
from hp_sig.refresh.outputs import FIGURES_MAP, MAP, PROJECTS_MAP
from hp_sig.refresh.single import MapRequest, write_map, write_some_sheets
from hp_sig.telling.progress import followed, followed_parts
from hp_sig.telling.results import tell_done, tell_layers, tell_plan

if TYPE_CHECKING:
    from hp_sig.fetching import FetchOptions

__all__ = ["app", "main"]

app = typer.Typer(
    name="hp-sig",
    help="Land-sobriety toolbox and shared GIS: who overlaps whom, in hectares, from official layers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(publish.app, name="publish")


class MapKind(StrEnum):
    """The maps of a territory."""

    INDICATORS = "indicators"
    TERRITORY = "territory"
    PROJECTS = "projects"


class Basemap(StrEnum):
    """Backgrounds of IGN."""

    PLAN_IGN = "plan-ign"
    ORTHO = "ortho"


DEFAULT_MAPS = {MapKind.INDICATORS: FIGURES_MAP, MapKind.TERRITORY: MAP, MapKind.PROJECTS: PROJECTS_MAP}

OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Results, replaced in whole; by default data/processed."),
]


def main() -> None:
    """Run the command; an expected failure is one message on stderr and exit code 1, a misuse exit code 2."""
    # A scheduler may start a program without any console.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the end
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or a redirected file may not know every letter: show a substitute, do not stop.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app()
    except HpSigError as error:
        _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}.")


def _fail(message: str) -> None:
    sys.stderr.write(f"hp-sig: {message}\n")
    raise SystemExit(1)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - the form that typer calls
    if asked:
        typer.echo(f"hp-sig {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and leave.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Take the options that come before a command."""


@app.command()
def refresh(
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: OutOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Rebuild although nothing changed.")] = False,
    fetch_first: Annotated[
        bool, typer.Option("--fetch", help="Bring data/raw up to date from the producers first (hp-sig fetch).")
    ] = False,
) -> None:
    """Read every layer, compute who overlaps whom, write tables, GeoPackage and map."""
    unfetched = 0
    if fetch_first:
        from hp_sig.fetching import FetchOptions  # noqa: PLC0415 - as below

        bring = _show_prospects if dry_run else _fetch
        unfetched = bring((), FetchOptions(), territory, raw)
    if dry_run:
        tell_plan(plan_refresh(territory, raw=raw, out=out, force=force))
    else:
        with followed("refresh") as step:
            done = run_refresh(territory, raw=raw, out=out, force=force, on_step=step)
        tell_done(done)
    if unfetched:
        message = f"{unfetched} not up to date (see above): results are made from the files that are in place."
        raise HpSigError(message)


@app.command()
def fetch(  # noqa: PLR0913, PLR0917 - options of a command
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE", help="Data sets or layers (hp-sig sources lists them); by default all that are needed."
        ),
    ] = None,
    territory: TerritoryOption = None,
    raw: RawOption = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without network, from what was downloaded before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be fetched and how large it is.")] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="Consent to editions that differ by more than 5 %, and to replace files put by hand."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Fetch again what is up to date.")] = False,
) -> None:
    """Bring data/raw up to date from the official services, each file verified and its provenance written."""
    from hp_sig.fetching import FetchOptions  # noqa: PLC0415 - as below

    asked = FetchOptions(is_offline=offline, is_accepted=accept, is_forced=force)
    bring = _show_prospects if dry_run else _fetch
    failed = bring(names or (), asked, territory, raw)
    if failed:
        message = f"{failed} to look at (see above); what was in place is as it was."
        raise HpSigError(message)


@app.command()
def sources(
    territory: TerritoryOption = None,
    raw: RawOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Ask the producers first whether they changed something.")
    ] = False,
) -> None:
    """List the data sets of the catalogue and their state on this disk."""
    # Only here: what speaks to the network takes as long to load as all the rest.
    from hp_sig.fetching import FetchOptions, ask_producers  # noqa: PLC0415
    from hp_sig.fetching.states import source_states  # noqa: PLC0415
    from hp_sig.telling.sources import tell_states  # noqa: PLC0415

    faults = {}
    if check:
        with followed("sources") as step:
            faults = ask_producers(territory=territory, raw=raw, how=FetchOptions(on_source=step))
    tell_states(source_states(territory, raw=raw))
    if faults:
        message = "\n".join(["some producers could not be asked:", *(f"  {told}" for told in faults.values())])
        raise HpSigError(message)


@app.command()
def check(territory: TerritoryOption = None, raw: RawOption = None) -> None:
    """Validate every input and list every fault; write nothing."""
    with followed("check") as step:
        layers = check_inputs(territory, raw=raw, on_step=step)
    tell_layers(layers)


@app.command(name="map")
def map_(  # noqa: PLR0913, PLR0917 - options of a command
    kind: Annotated[
        MapKind, typer.Argument(help="Figures of the communes, their zonings, or the contract's actions.")
    ] = MapKind.INDICATORS,
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A page (.html) or A3 paper (.pdf); by default a page here."),
    ] = None,
    indicator: Annotated[
        str | None, typer.Option("--indicator", metavar="COLUMN", help="Shown first, or printed: enaf_consumption_ha…")
    ] = None,
    period: Annotated[
        str | None, typer.Option("--period", metavar="LABEL", help="Shown first, or printed: 2020…")
    ] = None,
    basemap: Annotated[
        Basemap | None, typer.Option("--basemap", help="IGN's map or photographs under a page, where there is network.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write one map, as one page that opens anywhere or on A3 paper."""
    request = MapRequest(
        kind=kind.value, indicator=indicator, period=period, basemap=None if basemap is None else basemap.value
    )
    file = out or Path(DEFAULT_MAPS[kind])
    with followed("map") as step:
        written = write_map(request, file, territory=territory, raw=raw, replace=force, on_step=step)
    typer.echo(f"{written} ({written.stat().st_size / 1000:.0f} kB)")


@app.command()
def sheet(
    codes: Annotated[
        list[str], typer.Argument(metavar="CODE…", help="Codes of communes, EPCI or parks; 'territory' for the whole.")
    ],
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the sheets; by default this one.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace sheets that are there.")] = False,
) -> None:
    """Write the sheets of some zones: one A4 page each, with figures, charts and sentences."""
    with followed("sheet") as step:
        written = write_some_sheets(codes, out, territory=territory, raw=raw, replace=force, on_step=step)
    for file in written:
        typer.echo(str(file))


@app.command()
def hub(  # noqa: PLR0913, PLR0917 - options of a command
    hubs: Annotated[
        list[str] | None, typer.Argument(metavar="[HUB]…", help="Identifiers of projects; by default every hub.")
    ] = None,
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the pages; by default this one.")
    ] = Path(),
    projects: Annotated[
        Path | None,
        typer.Option("--projects", metavar="FILE", help="Sites or footprints that you drew, in place of the projects."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="One more page, and a table, that put them side by side.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace pages that are there.")] = False,
) -> None:
    """Write the pages of multimodal hubs: who reaches each, on which land, and what its project would take."""
    request = HubRequest(hubs=tuple(hubs or ()), projects=projects, is_compared=compare)
    with followed("hub") as step:
        written = write_some_hubs(request, out, territory=territory, raw=raw, replace=force, on_step=step)
    for file in written:
        typer.echo(str(file))


@app.command()
def territory(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; an existing one is not touched.")],
) -> None:
    """Copy the territory file of the Pays de Haute-Provence, to edit: vintages, files, another territory."""
    try:
        with file.open("xb") as stream:
            stream.write(default_territory_file().read_bytes())
    except FileExistsError as error:
        message = f"{file} is there already and stays as it is. Give another name."
        raise HpSigError(message) from error
    typer.echo(f'{file} is yours to edit; then: hp-sig refresh --territory "{file}"')


def _fetch(names: Sequence[str], asked: "FetchOptions", territory: Path | None, raw: Path | None) -> int:
    """Fetch and tell; give how many data sets need someone."""
    from hp_sig.fetching import fetch as run_fetch  # noqa: PLC0415 - as above
    from hp_sig.telling.sources import tell_fetched  # noqa: PLC0415

    with followed_parts("fetch") as (step, part):
        how = replace(asked, on_source=step, on_progress=part)
        done = run_fetch(names, territory=territory, raw=raw, how=how)
    tell_fetched(done)
    return len(done.failed)


def _show_prospects(names: Sequence[str], asked: "FetchOptions", territory: Path | None, raw: Path | None) -> int:
    """Tell what would be fetched; give of how many data sets nobody can tell."""
    from hp_sig.fetching import prospects  # noqa: PLC0415 - as above
    from hp_sig.telling.sources import tell_prospects  # noqa: PLC0415

    with followed("fetch") as step:
        found = prospects(names, territory=territory, raw=raw, how=replace(asked, on_source=step))
    tell_prospects(found)
    return sum(one.is_unknown for one in found)
