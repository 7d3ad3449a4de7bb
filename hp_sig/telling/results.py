"""What does a terminal or a log read of a plan, a refresh and a check?"""

import sys
from collections.abc import Mapping, Sequence

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from hp_sig.assembly import Layers
from hp_sig.refresh import Plan, RefreshResult

__all__ = ["tell_done", "tell_layers", "tell_plan"]

#: Folders of the sheets and of the hubs in the results, as in the names of the manifest.
SHEETS = "fiches/"
HUBS = "poles/"
#: Folders whose files are told together, and what these are.
TOGETHER = {SHEETS: "sheets", "rapports/": "reports", "fichiers/": "files"}
#: What is told by its rows; anything else by its size.
TABLES = (".csv", ".gpkg")
NOTHING = "Nothing to do: inputs, packages and results are unchanged."


def tell_plan(planned: Plan) -> None:
    """Say what a refresh would read and write, and why."""
    typer.echo(f"{planned.territory.name}: {len(planned.inputs)} inputs in {planned.raw}, results in {planned.out}.")
    for item in planned.inputs:
        shown = item.source.file if item.source is not None and item.source.in_database else item.path.name
        typer.echo(f"  read   {item.name}: {shown} ({max(item.size / 1000, 1):.0f} kB)")
    if not planned.is_needed:
        typer.echo(NOTHING)
        return
    sheets = [name for name in planned.outputs if name.startswith(SHEETS)]
    for name in planned.outputs:
        if name not in sheets:
            typer.echo(f"  write  {name}")
    typer.echo(f"  write  {SHEETS} ({len(sheets)} sheets, and one for each EPCI and park)")
    if "hub_stations" not in planned.skipped:
        typer.echo(f"  write  {HUBS} (a sheet for each hub, and a map where there are roads)")
    settings = planned.territory.publish
    if "docx" in settings.steps:
        typer.echo(f"  write  rapports/ (triennial reports: {', '.join(settings.reports)})")
    if "files" in settings.steps:
        typer.echo(f"  write  fichiers/ (every table and layer: {', '.join(settings.formats)})")
    if "postgis" in settings.steps:
        typer.echo("  publish to PostGIS, in one transaction")
    _tell_skipped(planned.skipped)
    typer.echo(f"Why: {'; '.join(planned.reasons)}.")


def tell_done(done: RefreshResult) -> None:
    """Say what a refresh wrote, what it skipped, and what should be known."""
    if done.results is None or done.layers is None:
        typer.echo(NOTHING)
        return
    notice = done.plan.territory.notice
    if notice:
        typer.echo(f"*** {notice} ***")
    _tell_notes({str(item["name"]): item["notes"] for item in done.manifest["inputs"]})
    communes = done.results.communes
    area = f"{communes['area_ha'].sum():,.0f}".replace(",", " ")
    typer.echo(f"{done.plan.territory.name}: {len(communes)} communes, {area} ha.")
    together = {folder: [name for name in done.manifest["outputs"] if name.startswith(folder)] for folder in TOGETHER}
    for name, entry in done.manifest["outputs"].items():
        if name.startswith(tuple(TOGETHER)):
            continue
        size = f"{entry['rows']} rows" if name.endswith(TABLES) else f"{entry['bytes'] / 1000:.0f} kB"
        typer.echo(f"  {done.plan.out / name} ({size})")
    for folder, names in together.items():
        if names:
            typer.echo(f"  {done.plan.out / folder} ({len(names)} {TOGETHER[folder]})")
    _tell_absent(done.manifest["absent"])
    _tell_skipped(done.manifest["skipped"])
    for warning in done.manifest["warnings"]:
        typer.echo(f"  warning {warning}")
    typer.echo(f"Done in {done.manifest['duration_s']} s.")


def tell_layers(layers: Layers) -> None:
    """Say what each layer of a territory holds."""
    if layers.territory.notice:
        typer.echo(f"*** {layers.territory.notice} ***")
    table = Table(
        Column("layer", overflow="fold"),
        "rows",
        "vintage",
        Column("file", overflow="fold"),
        box=None,
        header_style="bold",
    )
    rows = {
        "communes": len(layers.communes),
        **{name: len(layer.zones) for name, layer in layers.zones.items()},
    }
    for name, frame in (
        ("population", layers.population),
        ("stations", layers.stations),
        ("projects", layers.projects),
        ("enaf", layers.land.enaf),
        ("roads", layers.mobility.roads),
        ("buildings", layers.mobility.buildings),
        ("census", layers.mobility.census),
        ("ridership", layers.mobility.ridership),
    ):
        if frame is not None:
            rows[name] = len(frame)
    rows |= {name: len(layer) for name, (_, layer) in layers.land.covers.items()}
    rows |= {name: len(survey) for name, survey in layers.land.surveys.items()}
    if layers.land.zoning is not None:
        documents = layers.land.zoning.index.str.partition(":").get_level_values(0)
        rows |= {f"zoning_{name}": int(count) for name, count in documents.value_counts().items()}
    for name, source in layers.territory.sources().items():
        count = str(rows[name]) if name in rows else "absent"
        table.add_row(name, count, escape(source.vintage), escape(source.file))
    Console(soft_wrap=True).print(table)
    _tell_notes(layers.notes)
    typer.echo("Every input is sound.")


def _tell_absent(absent: Sequence[str]) -> None:
    """Say which optional layers have no file."""
    if absent:
        typer.echo(f"  no file for the optional layers {', '.join(absent)}")


def _tell_skipped(skipped: Mapping[str, str]) -> None:
    """Say which tables were not made, those of one reason together."""
    for reason in dict.fromkeys(skipped.values()):
        names = ", ".join(name for name, other in skipped.items() if other == reason)
        typer.echo(f"  skipped {names}: {reason}")


def _tell_notes(notes: Mapping[str, list[str]]) -> None:
    # In a log, each note is already there as a warning.
    if sys.stderr.isatty():
        for name, told in notes.items():
            for note in told:
                typer.echo(f"  note   {name}: {note}")
