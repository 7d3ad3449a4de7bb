"""What does a run publish of its layers and tables, and how is each column told?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import geopandas as gpd
import pandas as pd
from pandas.api import types

from hp_sig.assembly import Layers
from hp_sig.errors import OutputError, some
from hp_sig.inputs import InputFile
from hp_sig.maps.figures import figures_of
from hp_sig.maps.themes import Indicator
from hp_sig.publish.copies import copied_layers
from hp_sig.publish.publication import (
    FIGURES,
    Column,
    Kind,
    Publication,
    PublishedTable,
    Run,
    SourceEntry,
    Theme,
)
from hp_sig.publish.tables import rounded
from hp_sig.reference.labels import column_format, label, wording
from hp_sig.results import Results
from hp_sig.results.steps import sources_of
from hp_sig.territory import LayerSource, Territory

__all__ = ["publication_of"]

ZONE = ("zone_layer", "zone_code")
HUB = ("hub_id", "mode", "minutes")
#: Table → what it is about, and what tells its rows.
TABLES: Mapping[str, tuple[Theme, tuple[str, ...]]] = {
    "overlaps": ("overlaps", (*ZONE, "other_layer", "other_code")),
    "zones": ("territory", ZONE),
    "membership_changes": ("territory", ("zone_layer", "from_year", "to_year", "commune_code")),
    "scot_coverage": ("territory", ZONE),
    "population": ("territory", ("commune_code",)),
    "land_stock": ("land_cover", (*ZONE, "rank")),
    "land_classes": ("land_cover", (*ZONE, "rank", "axis", "class_code")),
    "land_flow": ("land_cover", (*ZONE, "rank")),
    "land_transition": ("land_cover", (*ZONE, "rank", "cover_before", "use_before", "cover_after", "use_after")),
    "land_shape": ("land_cover", (*ZONE, "rank")),
    "land_zoning": ("land_cover", ()),
    "land_survey": ("land_cover", ()),
    "enaf_consumption": ("enaf", (*ZONE, "year")),
    "enaf_ratios": ("enaf", ZONE),
    "trajectory": ("trajectory", (*ZONE, "regime")),
    "triennial": ("trajectory", ZONE),
    "projects": ("projects", ("project_id",)),
    "project_screening": ("projects", ()),
    "project_overlaps": ("projects", ()),
    "project_distances": ("projects", ("project_id",)),
    "hub_stations": ("hubs", ("hub_id",)),
    "ridership": ("hubs", ("hub_id", "year")),
    "catchments": ("hubs", HUB),
    "catchment_places": ("hubs", (*HUB, "commune_code")),
    "catchment_land": ("hubs", ()),
    "catchment_overlaps": ("hubs", ("hub_id", "other_hub_id", "mode", "minutes")),
}
#: Number of a row where nothing else tells it.
ROW = "feature_id"
GEOMETRY_TYPES = {"Point": "Point", "Polygon": "MultiPolygon", "LineString": "MultiLineString"}


def publication_of(layers: Layers, results: Results, *, run: Run, inputs: Iterable[InputFile] = ()) -> Publication:
    """Gather what a run publishes: the layers, every table, the words and the sources of each.

    Parameters
    ----------
    layers, results
        From :func:`hp_sig.assembly.load_layers` and :func:`hp_sig.results.compute`.
    run
        Which run.
    inputs
        From :func:`hp_sig.inputs.find_inputs`, for the SHA-256 of each source.

    Raises
    ------
    OutputError
        If two rows of a table have the same key.
    """
    territory = layers.territory
    indicators = {one.column: (one, str(one.figures.columns[-1])) for one in figures_of(layers, results)}
    tables = {table.name: table for table in _tables(layers, results, indicators)}
    order = sorted(tables, key=lambda name: tables[name].geometry_type is None)
    return Publication(
        territory=territory.name,
        notice=territory.notice,
        run=run,
        tables={name: tables[name] for name in order},
        sources=_entries(layers, inputs),
        indicators=indicators,
        skipped=dict(results.skipped),
        warnings=results.warnings,
    )


def _tables(
    layers: Layers, results: Results, indicators: Mapping[str, tuple[Indicator, str]]
) -> Iterator[PublishedTable]:
    territory = layers.territory
    made_from = _sources(territory, layers.names)
    for name, theme, title, rows, key in _layer_rows(layers, results, indicators):
        yield _published(name, theme, title, rows, key, territory, made_from.get(name, ()), indicators)
    for name, theme, title, rows, key in copied_layers(layers):
        copy = _published(name, theme, title, rows, key, territory, made_from.get(name, ()), {})
        yield replace(copy, is_copy=True)
    tables = {name: table for name, table in results.tables().items() if name != "communes"}
    if layers.projects is not None:
        tables["projects"] = pd.DataFrame(layers.projects.drop(columns="geometry")).reset_index()
    if layers.population is not None:
        tables["population"] = layers.population.add_prefix("population_").reset_index()
    for name, table in tables.items():
        theme, key = TABLES[name]
        title = wording("published_layer" if name in {"projects", "population"} else "results_table", name)
        yield _published(name, theme, title, table, key, territory, made_from.get(name, ()), {})


LayerRows = tuple[str, Theme, str, gpd.GeoDataFrame, tuple[str, ...]]


def _layer_rows(
    layers: Layers, results: Results, indicators: Mapping[str, tuple[Indicator, str]]
) -> Iterator[LayerRows]:
    """Give each layer: its name, theme, title, features with their keys as columns, key."""
    communes = layers.communes[["geometry"]].join(results.communes)
    code = ("commune_code",)
    yield "communes", "territory", wording("published_layer", "communes"), communes.reset_index(), code
    if indicators:
        last = {column: one.figures[period] for column, (one, period) in indicators.items()}
        figures = layers.communes[["name", "geometry"]].join(pd.DataFrame(last))
        yield FIGURES, "territory", wording("published_layer", FIGURES), figures.reset_index(), code
    for name, layer in layers.zones.items():
        zones = layer.zones.drop(columns="commune_codes", errors="ignore").reset_index()
        yield name, "territory", layer.config.label, zones, (layer.config.key,)
    if layers.stations is not None and len(layers.stations):
        stations = layers.stations.reset_index()
        yield "stations", "territory", wording("published_layer", "stations"), stations, (str(stations.columns[0]),)
    if layers.land.zoning is not None:
        zoning = layers.land.zoning.reset_index(drop=True)
        yield "zoning", "land_cover", wording("published_layer", "zoning"), zoning, ()
    for scale in ("site", "footprint"):
        if layers.projects is None:
            break
        drawn = gpd.GeoDataFrame(layers.projects[layers.projects["scale"] == scale])
        if len(drawn):
            name = f"projects_{scale}"
            yield name, "projects", wording("published_layer", name), drawn.reset_index(), ("project_id",)
    if results.reached is not None:
        shapes = results.reached.areas[["geometry"]].reset_index()
        told = pd.DataFrame(columns=list(HUB)) if results.catchments is None else results.catchments
        areas = gpd.GeoDataFrame(shapes.merge(told, on=list(HUB), how="left"))
        yield "service_areas", "hubs", wording("published_layer", "service_areas"), areas, HUB


def _published(  # noqa: PLR0913, PLR0917 - what a table is made of
    name: str,
    theme: Theme,
    title: str,
    rows: pd.DataFrame,
    key: tuple[str, ...],
    territory: Territory,
    sources: Sequence[str],
    indicators: Mapping[str, tuple[Indicator, str]],
) -> PublishedTable:
    typed = _with_commune(_typed(rounded(rows)))
    if not key:
        key = (ROW,)
        typed.insert(0, ROW, pd.Series(range(1, len(typed) + 1), index=typed.index, dtype="Int64"))
    if territory.notice is not None:
        # On every row, as in the CSV: a row that is copied elsewhere takes it along.
        typed["notice"] = pd.Series(territory.notice, index=typed.index, dtype="str")
    _require_key(name, typed, key)
    periods = {column: period for column, (_, period) in indicators.items()}
    columns = tuple(
        _column(column, typed[column], territory, periods.get(column, "") if name == FIGURES else "")
        for column in map(str, typed.columns)
        if column != "geometry"
    )
    ordered = typed[[*(column.name for column in columns), *(["geometry"] if "geometry" in typed else [])]]
    return PublishedTable(
        name=name,
        theme=theme,
        title=title,
        description=_description(name, territory, sources),
        rows=ordered,
        columns=columns,
        key=key,
        commune="commune_code" if "commune_code" in ordered else None,
        sources=tuple(sources),
        geometry_type=_geometry_type(rows) if isinstance(rows, gpd.GeoDataFrame) else None,
    )


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Give each column one of the four kinds that every tool knows."""
    typed = rows.copy()
    typed.columns = pd.Index([str(column) for column in typed.columns])
    for column in typed.columns:
        cells = typed[column]
        if column == "geometry":
            continue
        if types.is_bool_dtype(cells):
            typed[column] = cells.astype("boolean")
        elif types.is_integer_dtype(cells):
            typed[column] = cells.astype("Int64")
        elif types.is_float_dtype(cells):
            typed[column] = cells.astype("float64")
        elif types.is_object_dtype(cells) and "decimals" in column_format(column) and _are_figures(cells):
            typed[column] = pd.to_numeric(cells).astype("float64")
        else:
            typed[column] = cells.astype("str").where(cells.notna(), None)
    return typed


def _are_figures(cells: pd.Series) -> bool:
    return bool(cells.notna().any() and cells.dropna().map(lambda cell: isinstance(cell, int | float)).all())


def _with_commune(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the code of the commune to the rows of communes in a table of zones."""
    if "zone_layer" not in rows or "commune_code" in rows:
        return rows
    codes = rows["zone_code"].where(rows["zone_layer"] == "communes")
    rows.insert(list(rows.columns).index("zone_code") + 1, "commune_code", codes)
    return rows


def _require_key(name: str, rows: pd.DataFrame, key: tuple[str, ...]) -> None:
    keys = rows[list(key)]
    faulty = keys.isna().any(axis=1) | keys.duplicated(keep=False)
    if faulty.any():
        found = some(" / ".join(map(str, row)) for row in keys[faulty].itertuples(index=False))
        message = f"{name}: one row by {', '.join(key)} expected, found several, or none named, for {found}."
        raise OutputError(message)


def _column(name: str, cells: pd.Series, territory: Territory, period: str) -> Column:
    form = column_format(name)
    kinds: dict[str, Kind] = {"boolean": "boolean", "Int64": "integer", "float64": "real"}
    kind = kinds.get(str(cells.dtype), "text")
    zone = next((zone.label for zone in territory.zones if zone.layer_name == name), None)
    text = label(name) if zone is None and form["label"] != name else (zone or name)
    return Column(
        name=name,
        label=f"{text} ({period})" if period else text,
        kind=kind,
        unit=form["unit"],
        definition=form["definition"],
        decimals=int(form["decimals"]) if kind == "real" else None,
    )


def _geometry_type(rows: gpd.GeoDataFrame) -> str:
    kinds = {kind.removeprefix("Multi") for kind in rows.geom_type.dropna()}
    kind = kinds.pop() if len(kinds) == 1 else ("Polygon" if not kinds else "Geometry")
    return GEOMETRY_TYPES.get(kind, "Geometry")


def _sources(territory: Territory, present: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Say from which layers each layer and each table comes."""
    named = territory.sources()
    names = {id(source): name for name, source in named.items()}
    made_from: dict[str, tuple[str, ...]] = {
        table: tuple(dict.fromkeys(names[id(one)] for one in found))
        for table, found in sources_of(territory, present).items()
    }
    zones = [zone.layer_name for zone in territory.zones if zone.layer_name in present]
    lists = [zone.layer_name for zone in territory.zones if zone.layer_name in present and zone.kind == "communes"]
    population = ["population"] if "population" in present else []
    made_from["service_areas"] = made_from["catchments"]
    made_from |= {name: (name,) for name in named if name in present and name not in made_from}
    made_from |= dict.fromkeys(("projects", "projects_site", "projects_footprint"), ("projects",))
    made_from |= {"zones": ("communes", *zones, *population), "overlaps": ("communes", *zones)}
    made_from |= {"communes": ("communes", *zones, *population)}
    made_from |= {"membership_changes": tuple(lists), "scot_coverage": ("communes", *lists)}
    zonings = [one.layer_name for one in territory.zoning if one.layer_name in present]
    cover = [one.layer_name for one in territory.land_cover if one.layer_name in present]
    enaf = ["enaf"] if "enaf" in present else []
    return made_from | {"zoning": tuple(zonings), FIGURES: ("communes", *enaf, *cover, *population)}


def _description(name: str, territory: Territory, sources: Sequence[str]) -> str:
    named = territory.sources()
    told: dict[tuple[str, str, str], list[str]] = {}
    for one in (named[source] for source in sources):
        told.setdefault((one.producer, one.source, one.licence), []).append(one.vintage)
    lines = [
        f"{producer}, {source}, {wording('map', 'vintage', vintage=', '.join(dict.fromkeys(vintages)))} ({licence})"
        for (producer, source, licence), vintages in told.items()
    ]
    key = "from_layer" if len(sources) == 1 and sources[0] in {name, name.partition("_")[0]} else "computed_from"
    text = wording("published_layer", key, sources="\u00a0; ".join(lines)) if lines else wording("map", "computed")
    caveat = wording("screening", "potential") if name == "project_screening" else None
    return " ".join(filter(None, [territory.notice and f"{territory.notice}.", text, caveat]))


def _entries(layers: Layers, inputs: Iterable[InputFile]) -> dict[str, SourceEntry]:
    files = {item.name: item for item in inputs}
    return {
        name: _entry(name, source, files.get(name))
        for name, source in layers.territory.sources().items()
        if name in layers.names
    }


def _entry(name: str, source: LayerSource, file: InputFile | None) -> SourceEntry:
    return SourceEntry(
        name=name,
        producer=source.producer,
        source=source.source,
        vintage=source.vintage,
        licence=source.licence,
        retrieved=source.retrieved,
        file=file.path.name if file is not None else "",
        sha256=file.sha256 if file is not None else "",
        size=file.size if file is not None else None,
    )
