"""Where are the railway stations?"""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.crs import LAMBERT93
from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.placement import FRANCE_DEGREES
from hp_sig.layers.tables import TABLES, numbers, read_table, texts
from hp_sig.layers.vector import finish, read_vector

__all__ = ["points_from_degrees", "read_stations"]

#: A station named on several lines of the SNCF file is one station while its points are this close (metres).
SAME_STATION_M = 500.0


def read_stations(
    path: str | Path,
    *,
    vintage: str = "",
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
) -> gpd.GeoDataFrame:
    """Read the railway stations of the SNCF, from its geographic file or a table with longitude and latitude.

    Parameters
    ----------
    path
        GeoJSON, any vector file of points, or a table.
    vintage
        Edition of the data set.
    fields
        Field → column, where the names are not recognised: `uic_code`, `name`, `passengers`, `lon`, `lat`.
    crs, layer
        Coordinate system to assume where a vector file states none; its layer, where it has several.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `uic_code` (text, unique: a station on several lines has one row); columns `name`, `passengers`
        (True where passengers are served, as the file says), `geometry` (Point, EPSG:2154).

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    faults: list[str] = []
    notes: list[str] = []
    if Path(path).suffix.lower() in TABLES:
        rows = read_table(path)
        columns = required_fields("stations", rows.columns, ("uic_code", "name", "lon", "lat"), fields, path)
        points = points_from_degrees(rows[columns["lon"]], rows[columns["lat"]], faults)
    else:
        rows = read_vector(path, layer=layer, crs=crs)
        columns = required_fields("stations", rows.columns, ("uic_code", "name"), fields, path)
        points = rows.geometry
        if not (points.geom_type == "Point").all():
            faults.append(f"expected points, found {some(sorted(set(points.geom_type) - {'Point'}))}.")
    codes = texts(rows[columns["uic_code"]])
    if codes.isna().any() or points.isna().any():
        faults.append(f"{int((codes.isna() | points.isna()).sum())} stations have no code or no position.")
    if faults:
        raise LayerError(path, faults)
    served = (
        texts(rows[columns["passengers"]]).isin(["O", "oui", "1", "true", "True"]) if "passengers" in columns else True
    )
    stations = gpd.GeoDataFrame(
        {"uic_code": codes, "name": texts(rows[columns["name"]]), "passengers": served},
        geometry=points,
    )
    repeated = stations[stations["uic_code"].duplicated(keep=False)]
    if len(repeated):
        first = stations.drop_duplicates("uic_code").set_index("uic_code").geometry
        same = gpd.GeoSeries(first.loc[repeated["uic_code"]].set_axis(repeated.index))
        distance = repeated.geometry.distance(same)
        far = repeated["uic_code"][distance > SAME_STATION_M].unique()
        told = f"; {len(far)} of them with points over {SAME_STATION_M:.0f} m apart: {some(far)}" if len(far) else ""
        notes.append(f"{repeated['uic_code'].nunique()} stations come once a line; their first point is kept{told}.")
    merged = stations.groupby("uic_code", sort=True).agg({"name": "first", "passengers": "max", "geometry": "first"})
    return finish(
        gpd.GeoDataFrame(merged, geometry="geometry", crs=LAMBERT93),
        path,
        vintage=vintage,
        faults=faults,
        notes=notes,
    )


def points_from_degrees(longitude: pd.Series, latitude: pd.Series, faults: list[str]) -> gpd.GeoSeries:
    """Make Lambert-93 points from columns of WGS84 degrees; a missing pair makes a missing point.

    Parameters
    ----------
    longitude, latitude
        Columns of degrees.
    faults
        Where to say what was found (half a position, axes swapped, out of France); added to.
    """
    x = numbers(longitude, faults)
    y = numbers(latitude, faults)
    half = x.isna() != y.isna()
    if half.any():
        faults.append(f"{int(half.sum())} rows have a longitude without a latitude, or the reverse.")
    known = x.notna() & y.notna()
    west, south, east, north = FRANCE_DEGREES
    outside = known & ~(x.between(west, east) & y.between(south, north))
    if outside.any():
        swapped = (y[outside].between(west, east) & x[outside].between(south, north)).all()
        remedy = "Longitude and latitude are swapped." if swapped else "Give WGS84 degrees in mainland France."
        faults.append(
            f"{int(outside.sum())} points are out of France: {some(zip(x[outside], y[outside], strict=True))}. {remedy}"
        )
    points = gpd.GeoSeries(gpd.points_from_xy(x.where(known), y.where(known)), index=longitude.index, crs=4326)
    return points.where(known).set_crs(4326).to_crs(LAMBERT93)
