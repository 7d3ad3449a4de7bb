"""What is published: which tables and layers, with which keys, words and sources, of which run?

Everything that leaves a refresh (GeoPackage, workbook, PostGIS, exported files) is written from one
:class:`Publication`, so that a figure is the same number wherever it is read.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import geopandas as gpd
import pandas as pd

from hp_sig._version import __version__
from hp_sig.inputs import InputFile
from hp_sig.maps.themes import Indicator

__all__ = [
    "FIGURES",
    "THEMES",
    "Column",
    "Kind",
    "Publication",
    "PublishedTable",
    "Run",
    "SourceEntry",
    "Theme",
    "new_run",
]

Kind = Literal["text", "integer", "real", "boolean", "date"]
Theme = Literal["territory", "overlaps", "land_cover", "enaf", "trajectory", "projects", "hubs"]
#: In the order in which they are shown. Group of a project, schema of a database, sheet of a workbook.
THEMES: tuple[Theme, ...] = ("territory", "overlaps", "land_cover", "enaf", "trajectory", "projects", "hubs")
#: Layer of the communes with the last figure of each indicator of the map.
FIGURES = "commune_figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Which run made what is published: `started_at` in UTC; `id` is unique, and sorts by date."""

    id: str
    started_at: dt.datetime
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """An input and where it comes from; `sha256` and `size` are missing where the file was not looked at."""

    name: str
    producer: str
    source: str
    vintage: str
    licence: str
    retrieved: dt.date | None = None
    file: str = ""
    sha256: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its technical name, and in French its label, unit, definition; `decimals` as it is shown."""

    name: str
    label: str
    kind: Kind
    unit: str = ""
    definition: str = ""
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """A table, or a layer where `geometry_type` is given.

    Parameters
    ----------
    name
        Technical name, as that of its CSV.
    theme
        What it is about.
    title, description
        In French; the description names the sources, the vintages and the notice of a sample.
    rows
        Keys are columns, the index means nothing; figures are rounded to the decimals of their unit. Texts are `str`,
        whole numbers `Int64`, figures `float64`, truth values `boolean`. A layer is a GeoDataFrame in EPSG:2154 whose
        geometry is called `geometry`.
    columns
        Every column but the geometry, in order.
    key
        Columns that tell a row, none of them empty.
    commune
        Column that names a commune, if there is one; `commune_code` is empty on the row of a wider zone. It may name
        a commune that is not of the territory.
    sources
        Names of the entries of the publication that it is made from.
    geometry_type
        `MultiPolygon`, `Point`…
    is_copy
        Whether it is a large layer of a producer, as it was read: for maps, no table for a reader.
    """

    name: str
    theme: Theme
    title: str
    description: str
    rows: pd.DataFrame
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    commune: str | None = None
    sources: tuple[str, ...] = ()
    geometry_type: str | None = None
    is_copy: bool = False

    @property
    def layer(self) -> gpd.GeoDataFrame:
        """The rows of a layer, as such.

        Raises
        ------
        TypeError
            If it is a table.
        """
        if not isinstance(self.rows, gpd.GeoDataFrame):
            message = f"{self.name}: a layer expected, found a table."
            raise TypeError(message)
        return self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything that one run publishes.

    Parameters
    ----------
    territory, notice
        Its name; what every reader must be told (the sample's), or None.
    run
        Which run.
    tables
        By name, layers first.
    sources
        By name of layer.
    indicators
        Column of the layer `commune_figures` → the indicator of the HTML map and its period: same classes and colours.
    skipped, warnings
        As in the results.
    """

    territory: str
    run: Run
    tables: Mapping[str, PublishedTable]
    sources: Mapping[str, SourceEntry]
    notice: str | None = None
    indicators: Mapping[str, tuple[Indicator, str]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def layers(self) -> dict[str, PublishedTable]:
        """The tables that have a geometry."""
        return {name: table for name, table in self.tables.items() if table.geometry_type is not None}

    def without_copies(self) -> "Publication":
        """Leave the large layers of the producers out."""
        return replace(self, tables={name: table for name, table in self.tables.items() if not table.is_copy})

    def of_theme(self, theme: Theme) -> list[PublishedTable]:
        """List the tables and layers of a theme."""
        return [table for table in self.tables.values() if table.theme == theme]


def new_run(inputs: Iterable[InputFile] = (), *, started: dt.datetime | None = None) -> Run:
    """Name a run by its time and by what it reads.

    Parameters
    ----------
    inputs
        From :func:`hp_sig.inputs.find_inputs`.
    started
        In UTC; now by default.
    """
    when = started or dt.datetime.now(dt.UTC)
    digest = hashlib.sha256("".join(sorted(item.sha256 for item in inputs)).encode()).hexdigest()
    return Run(id=f"{when:%Y%m%dT%H%M%S%fZ}-{digest[:8]}", started_at=when.replace(microsecond=0), version=__version__)
