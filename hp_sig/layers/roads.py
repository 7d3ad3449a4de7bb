"""Which roads, streets, tracks and paths are there, who may use each, and which way?

OpenStreetMap as Geofabrik delivers it (`fclass`), and BD TOPO of IGN (`troncon_de_route`, `nature`).
"""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.errors import some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.tables import numbers, texts
from hp_sig.layers.vector import finish, read_vector
from hp_sig.reference.fields import find_fields
from hp_sig.reference.roads import SCHEMAS, road_values

__all__ = ["read_roads"]

#: What producers write for both ways, only in the direction of the line, only against it: Geofabrik's letters, BD
#: TOPO's words.
DIRECTIONS = {
    **{"B": "both", "F": "forward", "T": "backward"},
    **{"Double sens": "both", "Sans objet": "both", "Sens direct": "forward", "Sens inverse": "backward"},
}
YES = {"T", "TRUE", "OUI", "YES", "1"}
#: Accesses under which a through driver, or anybody on foot, does not pass.
BARRED = {"Restreint aux ayants droit", "Physiquement impossible", "Interdit"}
IN_SERVICE = "En service"
#: More of the network than this in classes that nobody knows is a file of another kind.
MOST_UNKNOWN = 0.05


def read_roads(
    path: str | Path,
    *,
    vintage: str = "",
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
) -> gpd.GeoDataFrame:
    """Read a road network: OpenStreetMap by Geofabrik, or BD TOPO.

    Parameters
    ----------
    path
        Lines in any vector format.
    vintage
        Edition of the data set.
    fields
        Field → column, where the names are not recognised (section `roads` of `fields.toml`).
    crs, layer
        Coordinate system to assume where the file states none; its layer, where it has several.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `road_id` (text, unique); columns `name` (text, may be missing), `road_class` (see
        `reference/road_network`), `oneway` (`both`, `forward`: the way the line is drawn, `backward`), `level` (0 on
        the ground, above it on a bridge, under it in a tunnel), `speed_kmh` (of cars, NaN where not told),
        `car_access`, `foot_access` (bool), `geometry` (LineString, EPSG:2154). A line that the file holds twice, as
        where deliveries by commune were put together, comes once; what is not in service, or of a class that nobody
        knows, is left out, and a note counts it.

    Raises
    ------
    LayerError
        One error that lists every fault: no class field, no line, over 5 % of the length in unknown classes, a one-way
        mark that nobody knows.
    """
    features = read_vector(path, layer=layer, prefer=("roads", "troncon_de_route", "TRONCON_DE_ROUTE"), crs=crs)
    found = find_fields("roads", features.columns, fields)
    schema = next((name for name in SCHEMAS if name in found), None)
    remedy = "Name it with « fields = { … } »: fclass of OpenStreetMap, or nature of BD TOPO."
    columns = required_fields("roads", features.columns, ("road_id", schema or "fclass"), fields, path, remedy)
    faults: list[str] = []
    notes: list[str] = []
    features = _lines(features, faults)
    cells = {field: texts(features[column]) for field, column in columns.items()}
    empty = pd.Series(np.nan, index=features.index, dtype="str")
    roads = gpd.GeoDataFrame(
        {
            "road_id": cells["road_id"],
            "name": cells.get("name", empty),
            "road_class": _classes(cells, str(schema)),
            "oneway": _oneway(cells, empty, faults),
            "level": _level(cells, empty, faults),
            "speed_kmh": _speeds(cells, empty, faults),
            "car_access": ~cells.get("car_access", empty).isin(BARRED),
            "foot_access": ~cells.get("foot_access", empty).isin(BARRED),
        },
        geometry=features.geometry,
    )
    if roads["road_id"].isna().any():
        count = int(roads["road_id"].isna().sum())
        faults.append(f"{count} roads have no identifier in the column {columns['road_id']!r}.")
    planned = cells["state"].notna() & (cells["state"] != IN_SERVICE) if "state" in cells else empty.notna()
    if planned.any():
        notes.append(f"{int(planned.sum())} roads are not in service (planned or being built): left out.")
        roads = roads[~planned]
    roads = _known(roads, cells[str(schema)], faults, notes)
    roads = _once(roads, notes)
    if not faults and roads.empty:
        faults.append("expected roads, found none that is in use. Check the layer.")
    return finish(roads, path, vintage=vintage, faults=faults, notes=notes)


def _lines(features: gpd.GeoDataFrame, faults: list[str]) -> gpd.GeoDataFrame:
    """Take multilines apart; refuse anything but lines, drop those without length."""
    kinds = shapely.get_type_id(features.geometry.to_numpy())
    wrong = ~np.isin(kinds, (1, 5))
    if wrong.any():
        found = sorted(set(features.geom_type[wrong].dropna())) or ["no geometry"]
        faults.append(f"{int(wrong.sum())} roads are no lines ({', '.join(found)}). Keep only lines.")
    parts = features[~wrong].explode(ignore_index=True)
    return parts[parts.length > 0]


def _classes(cells: Mapping[str, pd.Series], schema: str) -> pd.Series:
    """Find the class of each road: the row of the table that says most wins; missing where none fits."""
    value = cells[schema]
    importance = cells.get("importance", pd.Series("", index=value.index, dtype="str"))
    urban = pd.Series(np.where(_is_yes(cells.get("is_urban"), value.index), "1", "0"), index=value.index)
    classes = np.full(len(value), None, dtype=object)
    for row in road_values(schema).itertuples(index=False):
        fits = value == row.value
        if row.importance:
            fits &= importance == row.importance
        if row.is_urban:
            fits &= urban == row.is_urban
        classes[fits.to_numpy()] = row.road_class
    return pd.Series(classes, index=value.index, dtype="str")


def _is_yes(cells: pd.Series | None, index: pd.Index) -> pd.Series:
    if cells is None:
        return pd.Series(data=False, index=index)
    return cells.str.upper().isin(YES)


def _oneway(cells: Mapping[str, pd.Series], empty: pd.Series, faults: list[str]) -> pd.Series:
    given = cells.get("oneway", cells.get("direction", empty))
    oneway = given.map(DIRECTIONS).astype("str").mask(given.isna(), "both")
    unknown = given[given.notna() & ~given.isin(DIRECTIONS)].unique()
    if len(unknown):
        faults.append(f"one-way marks expected among {', '.join(DIRECTIONS)}, found {some(unknown)}.")
    return oneway


def _level(cells: Mapping[str, pd.Series], empty: pd.Series, faults: list[str]) -> pd.Series:
    """Say how far above the ground a road runs: only what is marked as a bridge or a tunnel leaves it."""
    if "ground" in cells:
        # « Gué ou radier »: on the ground.
        given = pd.to_numeric(cells["ground"], errors="coerce")
        return given.fillna(0).astype("int64")
    bridge, tunnel = (_is_yes(cells.get(name), empty.index) for name in ("bridge", "tunnel"))
    given = numbers(cells.get("level", empty), faults).fillna(0)
    level = given.where(bridge | tunnel, 0)
    level = level.mask(bridge & (level <= 0), 1).mask(tunnel & ~bridge & (level >= 0), -1)
    return level.astype("int64")


def _speeds(cells: Mapping[str, pd.Series], empty: pd.Series, faults: list[str]) -> pd.Series:
    speeds = numbers(cells.get("speed", empty), faults)
    # Geofabrik writes 0 where no limit is told, BD TOPO 0 or 1 where no car goes.
    return speeds.where(speeds > 1)


def _known(roads: gpd.GeoDataFrame, value: pd.Series, faults: list[str], notes: list[str]) -> gpd.GeoDataFrame:
    unknown = roads["road_class"].isna()
    if not unknown.any():
        return roads
    share = roads.length[unknown].sum() / roads.length.sum()
    named = some(value.reindex(roads.index)[unknown].fillna("").unique())
    told = f"{int(unknown.sum())} roads ({share:.1%} of the length) are of classes that are not known: {named}"
    if share > MOST_UNKNOWN:
        faults.append(f"{told}. Is this a road network of Geofabrik or BD TOPO?")
    else:
        notes.append(f"{told}: left out.")
    return roads[~unknown]


def _once(roads: gpd.GeoDataFrame, notes: list[str]) -> gpd.GeoDataFrame:
    """Keep each line once; lines that share an identifier without being the same get a number after it."""
    keys = pd.DataFrame({"id": roads["road_id"], "shape": shapely.to_wkb(roads.geometry.to_numpy())}, roads.index)
    twice = keys.duplicated()
    if twice.any():
        notes.append(f"{int(twice.sum())} lines come more than once: kept once.")
    roads = roads[~twice]
    rank = roads.groupby("road_id").cumcount()
    ids = roads["road_id"].astype("str").mask(rank > 0, roads["road_id"].astype("str") + "#" + (rank + 1).astype("str"))
    return roads.drop(columns="road_id").set_index(pd.Index(ids, name="road_id")).sort_index()
