"""Which projects does the territory carry, and at which scale is each one located?

A project is located where its contract locates it: a site, a footprint, a commune, an intercommunality (EPCI), or
the whole territory. A project without coordinates never gets a made-up point.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from hp_sig.crs import LAMBERT93
from hp_sig.errors import some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.stations import points_from_degrees
from hp_sig.layers.tables import SIREN, TABLES, commune_codes, read_table, texts
from hp_sig.layers.vector import finish, multipolygons, nowhere, read_vector

__all__ = ["PLACED", "SCALES", "at_stations", "read_projects"]

log = logging.getLogger(__name__)

#: From the most to the least precise.
SCALES = ("site", "footprint", "commune", "epci", "pays")
#: Scales of a project that has a place of its own.
PLACED = ("site", "footprint")
#: Scales without a place of their own.
WIDE_SCALES = ("commune", "epci", "pays")
OPTIONAL = ("axis", "commune_code", "epci_siren", "station_uic", "source")


def read_projects(
    path: str | Path,
    *,
    vintage: str = "",
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
) -> gpd.GeoDataFrame:
    """Read projects from a table or from any vector file.

    Parameters
    ----------
    path
        A table with a `scale` column (`site`, `footprint`, `commune`, `epci`, `pays`; `epci:SIREN` also works) and,
        for sites, `lon` and `lat` in WGS84; or a vector file whose points are sites and polygons footprints, unless
        its `scale` says that a feature is of a commune, an EPCI or the whole territory.
    vintage
        Edition of the list.
    fields
        Field → column, where the names are not recognised.
    crs, layer
        Coordinate system to assume where a vector file states none; its layer, where it has several.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `project_id`; columns `name` (the identifier where there is none), `axis`, `scale`, `commune_code`,
        `epci_siren`, `station_uic`, `source` (text, missing where not given), `geometry` (Point, MultiPolygon or none,
        EPSG:2154).

    Raises
    ------
    LayerError
        One error that lists every fault of the file: an unknown scale, a site without a position, a commune-scale
        project without its commune… At EPCI scale no SIREN means every intercommunality.
    """
    faults: list[str] = []
    notes: list[str] = []
    if Path(path).suffix.lower() in TABLES:
        rows = read_table(path)
        columns = required_fields("projects", rows.columns, ("project_id", "name", "scale"), fields, path)
        geometry = nowhere(rows.index)
        if {"lon", "lat"} <= columns.keys():
            geometry = points_from_degrees(rows[columns["lon"]], rows[columns["lat"]], faults)
        scale = texts(rows[columns["scale"]])
    else:
        rows = read_vector(path, layer=layer, crs=crs)
        columns = required_fields("projects", rows.columns, ("project_id", "name"), fields, path)
        given = texts(rows[columns["scale"]]) if "scale" in columns else pd.Series(np.nan, rows.index, dtype="str")
        geometry, scale = _drawn(rows, texts(rows[columns["project_id"]]), given, faults, notes)
    ids = texts(rows[columns["project_id"]])
    # A footprint that nobody has named yet is told by its identifier.
    projects = gpd.GeoDataFrame({"name": texts(rows[columns["name"]]).fillna(ids)}, geometry=geometry)
    for field in OPTIONAL:
        projects[field] = texts(rows[columns[field]]) if field in columns else np.nan
    projects["commune_code"] = _codes(projects["commune_code"], faults, notes)
    with_siren = scale.str.extract(r"^(?P<scale>\w+)(?::(?P<siren>\d{9}))?$")
    projects["scale"] = with_siren["scale"]
    projects["epci_siren"] = projects["epci_siren"].where(projects["epci_siren"].notna(), with_siren["siren"])
    projects.index = pd.Index(ids, name="project_id")
    if ids.isna().any():
        faults.append(f"{int(ids.isna().sum())} projects have no identifier in the column {columns['project_id']!r}.")
    require_unique(ids, "project identifiers", faults)
    faults.extend(_faults(projects))
    ordered = projects[["name", "axis", "scale", "commune_code", "epci_siren", "station_uic", "source", "geometry"]]
    return finish(ordered, path, vintage=vintage, faults=faults, notes=notes)


def at_stations(projects: gpd.GeoDataFrame, stations: gpd.GeoDataFrame | None) -> gpd.GeoSeries:
    """Say where projects stand: a site that names a station stands at it, where a file knows that station.

    Parameters
    ----------
    projects
        From :func:`read_projects`.
    stations
        From :func:`hp_sig.layers.stations.read_stations`, or None.

    Returns
    -------
    geopandas.GeoSeries
        On the index of `projects`, EPSG:2154; none for a project without a place of its own.
    """
    shapes = projects.geometry.to_numpy().copy()
    if stations is not None:
        named = ((projects["scale"] == "site") & projects["station_uic"].isin(stations.index)).to_numpy()
        rank = stations.index.get_indexer(pd.Index(projects["station_uic"][named]))
        shapes[named] = stations.geometry.to_numpy()[rank]
    return gpd.GeoSeries(shapes, index=projects.index, crs=LAMBERT93)


def _drawn(
    rows: gpd.GeoDataFrame, ids: pd.Series, given: pd.Series, faults: list[str], notes: list[str]
) -> tuple[gpd.GeoSeries, pd.Series]:
    """Give shape and scale of the features of a vector file: a point is a site, a polygon a footprint.

    A feature that says that it is of a commune, an EPCI or the whole territory has no shape of its own.
    """
    wide = given.str.partition(":")[0].isin(WIDE_SCALES)
    geometry = rows.geometry.where(~wide)
    kinds = geometry.geom_type
    points, polygons = kinds == "Point", kinds.isin(["Polygon", "MultiPolygon"])
    others = ~(points | polygons | wide)
    if others.any():
        faults.append(
            f"{int(others.sum())} projects are neither a point nor a polygon, and no scale says that they are of a "
            f"commune, an EPCI or the whole territory: {some(ids[others])}."
        )
    if polygons.any():
        geometry[polygons] = multipolygons(
            rows[polygons], ids[polygons], on_invalid="repair", faults=faults, notes=notes
        )
    drawn = pd.Series(np.where(points, "site", "footprint"), index=rows.index, dtype="str")
    return gpd.GeoSeries(geometry, crs=LAMBERT93), given.where(wide, drawn)


def _codes(values: pd.Series, faults: list[str], notes: list[str]) -> pd.Series:
    known = values.dropna()
    return (
        values.where(values.isna(), commune_codes(known, faults, notes).reindex(values.index)) if len(known) else values
    )


def _faults(projects: gpd.GeoDataFrame) -> list[str]:
    faults = []
    unknown = projects.index[~projects["scale"].isin(SCALES)]
    if len(unknown):
        faults.append(
            f"{len(unknown)} projects have no known scale: {some(unknown)}. Expected one of {', '.join(SCALES)}."
        )
    drawn = projects["scale"].isin(PLACED)
    nowhere = projects.index[drawn & projects.geometry.isna()]
    if len(nowhere):
        faults.append(
            f"{len(nowhere)} sites or footprints have no position: {some(nowhere)}. Give lon and lat, or scale commune."
        )
    no_commune = projects.index[(projects["scale"] == "commune") & projects["commune_code"].isna()]
    if len(no_commune):
        faults.append(f"{len(no_commune)} projects at commune scale have no commune_code: {some(no_commune)}.")
    sirens = projects["epci_siren"].dropna()
    wrong = sirens[~sirens.astype("str").str.fullmatch(SIREN.pattern)]
    if len(wrong):
        faults.append(f"{len(wrong)} values of epci_siren are not SIREN numbers (9 digits): {some(wrong)}.")
    return faults
