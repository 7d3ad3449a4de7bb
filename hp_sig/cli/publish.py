"""Which commands publish to the tools that the partners already use?"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from hp_sig.cli.options import RawOption, TerritoryOption
from hp_sig.errors import HpSigError
from hp_sig.refresh.publications import FILES, GEOPACKAGE, WORKBOOK
from hp_sig.refresh.publishing import (
    Given,
    publish_files,
    publish_geopackage,
    publish_reports,
    publish_to_database,
    publish_workbook,
)
from hp_sig.telling.progress import followed
from hp_sig.territory.publishing import ExportFormat

__all__ = ["app"]

app = typer.Typer(
    name="publish",
    help="Publish the layers and figures: GeoPackage and QGIS project, workbook, triennial reports, PostGIS, files.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]


class Format(StrEnum):
    """Kinds of exported files."""

    CSV = "csv"
    PARQUET = "parquet"
    FGB = "fgb"
    GEOJSON = "geojson"


@app.command()
def gpkg(
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The GeoPackage; one of hp-sig's is kept as a backup.")
    ] = Path(GEOPACKAGE),
    force: Annotated[
        bool, typer.Option("--force", help="Replace a GeoPackage of somebody else, and a project that is there.")
    ] = False,
) -> None:
    """Write the GeoPackage with its styles, and beside it the QGIS project and the metadata."""
    with followed("publish gpkg") as step:
        done = publish_geopackage(out, Given(territory=territory, raw=raw, replace=force, on_step=step))
    for file in done.files:
        typer.echo(f"{file} ({file.stat().st_size / 1000:.0f} kB)")
    if done.backup is not None:
        typer.echo(f"The one before is kept as {done.backup}.")
    if done.kept is not None:
        typer.echo(f"{done.kept} was there and is left as it was; --force replaces it.")


@app.command()
def xlsx(
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The workbook.")] = Path(WORKBOOK),
    force: ForceOption = False,
) -> None:
    """Write the workbook: a sheet by family of figures, charts, sources."""
    with followed("publish xlsx") as step:
        file = publish_workbook(out, Given(territory=territory, raw=raw, replace=force, on_step=step))
    typer.echo(f"{file} ({file.stat().st_size / 1000:.0f} kB)")


@app.command()
def docx(
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODE]…",
            help="Codes of communes, EPCI or SCoT; territory, communes, epci, scot for all of a kind. "
            "By default those of the territory file.",
        ),
    ] = None,
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the reports; by default this one.")
    ] = Path(),
    force: ForceOption = False,
) -> None:
    """Write triennial reports (art. L. 2231-1 CGCT): Word to be completed, and a page."""
    with followed("publish docx") as step:
        given = Given(territory=territory, raw=raw, replace=force, on_step=step)
        files = publish_reports(codes or (), out, given)
    for file in files:
        typer.echo(f"{file} ({file.stat().st_size / 1000:.0f} kB)")


@app.command()
def files(
    territory: TerritoryOption = None,
    raw: RawOption = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the files.")] = Path(FILES),
    kinds: Annotated[
        list[Format] | None,
        typer.Option("--format", help="csv, parquet (GeoParquet), fgb (FlatGeobuf) or geojson; by default all."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write every table and layer as files, with a dictionary of their columns."""
    wanted = cast("list[ExportFormat]", [one.value for one in kinds or Format])
    with followed("publish files") as step:
        given = Given(territory=territory, raw=raw, replace=force, on_step=step)
        written = publish_files(out, given, formats=wanted)
    typer.echo(f"{out}: {len(written)} files; dictionnaire.csv tells their columns.")


@app.command()
def postgis(
    territory: TerritoryOption = None,
    raw: RawOption = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="ADDRESS",
            help="postgresql://user@host/base or service=name, without password (PGPASSWORD, password file, service "
            "file); by default that of the territory file, or HP_SIG_DATABASE.",
        ),
    ] = None,
    roles: Annotated[
        str | None,
        typer.Option("--roles", metavar="OWNER,READER", help="Make these two roles: one owns, the other only reads."),
    ] = None,
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="NAME", help="What the names of the schemas begin with.")
    ] = "hp_sig_",
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a newer run, another territory, or real figures by a sample."),
    ] = False,
) -> None:
    """Publish to PostGIS in one transaction: readers see the old figures or the new ones, never a mixture."""
    with followed("publish postgis") as step:
        given = Given(territory=territory, raw=raw, replace=force, on_step=step)
        done = publish_to_database(url, given, prefix=prefix, roles=_roles(roles))
    if done.changed:
        typer.echo(f"{done.database}: run {done.run_id}, {sum(done.rows.values())} rows in {len(done.rows)} tables.")
    else:
        typer.echo(f"{done.database}: nothing to do, it shows these figures already (run {done.run_id}).")
    for name in done.emptied:
        typer.echo(f"  emptied {name}: this run does not have it")
    for warning in done.warnings:
        typer.echo(f"  warning {warning}")


def _roles(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    owner, comma, reader = (part.strip() for part in text.partition(","))
    if not (owner and comma and reader):
        message = f"--roles: two names expected, as OWNER,READER; found {text!r}."
        raise HpSigError(message)
    return owner, reader
