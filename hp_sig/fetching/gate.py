"""Is what came sound enough to replace what is there: fields, codes, geometry, and as much of it as before?"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from hp_sig.assembly import read_input
from hp_sig.crs import M2_PER_HA
from hp_sig.errors import LayerError, some
from hp_sig.fetching.needs import Need
from hp_sig.inputs import InputFile
from hp_sig.layers.buildings import read_buildings
from hp_sig.layers.census import read_census
from hp_sig.layers.communes import read_communes
from hp_sig.layers.enaf import read_enaf_flows
from hp_sig.layers.files import require_readable, require_vector_file
from hp_sig.layers.membership import read_membership
from hp_sig.layers.movements import read_cog_movements
from hp_sig.layers.population import read_population
from hp_sig.layers.ridership import read_ridership
from hp_sig.layers.roads import read_roads
from hp_sig.layers.scot import read_scot
from hp_sig.layers.stations import read_stations
from hp_sig.layers.tables import TABLES, read_table
from hp_sig.layers.vector import read_vector
from hp_sig.layers.zones import read_pnr
from hp_sig.layers.zoning import read_zoning
from hp_sig.reference.catalogue import Source
from hp_sig.reference.fields import first_present
from hp_sig.sources.wfs_features import KINDS

__all__ = ["Looked", "changes", "look_at"]

#: A count that differs from the previous edition's by more than this share asks for consent.
CHANGE_SHARE = 0.05

VINTAGE = "en cours d'examen"

#: Readers of data sets that no layer of the territory reads; the others are read as the refresh will.
READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    "communes": lambda path: read_communes(path, vintage=VINTAGE),
    "pnr": lambda path: read_pnr(path, vintage=VINTAGE),
    "scot": lambda path: read_scot(path, vintage=VINTAGE),
    "zoning": lambda path: read_zoning(path, vintage=VINTAGE),
    "enaf": read_enaf_flows,
    "population": read_population,
    "census": read_census,
    "membership": lambda path: read_membership(path, cog_year=0),
    "movements": read_cog_movements,
    "stations": lambda path: read_stations(path, vintage=VINTAGE),
    "ridership": read_ridership,
    "roads": lambda path: read_roads(path, vintage=VINTAGE),
    "buildings": lambda path: read_buildings(path, vintage=VINTAGE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a file was found to hold: `rows`, `area_ha` where there are polygons; what its reader put right."""

    counts: Mapping[str, float]
    notes: tuple[str, ...] = ()
    #: Year that the file itself tells, where its producer only dates the download.
    vintage: str | None = None
    content_sha256: str | None = None


def look_at(file: Path, need: Need) -> Looked:
    """Look at a file as the refresh would, before it takes its place.

    Parameters
    ----------
    file
        As fetched.
    need
        What it is for.

    Returns
    -------
    Looked
        What it holds.

    Raises
    ------
    LayerError
        With every fault: fields that are not there, a key that is absent or comes twice, codes, geometry, a place out
        of France, communes of the territory that are not in it.
    """
    source = need.wanted.source
    is_table = file.suffix.lower() in TABLES
    faults = _table_faults(file, source) if is_table else _vector_faults(file, source)
    if faults:
        raise LayerError(file, faults)
    frame = _read(file, need)
    if source.scope == "communes" and frame.index.name == "commune_code":
        absent = sorted(set(need.wanted.communes) - set(frame.index))
        if absent:
            fault = (
                f"{len(absent)} communes of the territory are not in it: {some(absent)}. If they were merged since, "
                f"ask for the edition of the territory's year, such as {source.id}@2024."
            )
            raise LayerError(file, [fault])
    return Looked(
        counts=_counts(frame),
        notes=tuple(frame.attrs.get("notes", ())),
        vintage=str(frame.attrs["census_year"]) if frame.attrs.get("census_year") else None,
        # What a file holds is known by its checksum; a WFS has none, and writes the hour on each page.
        content_sha256=_content(file) if source.layer is not None and not is_table else None,
    )


def changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """Say which counts differ from the previous edition's by more than 5 %.

    >>> changes({"rows": 100, "area_ha": 50.0}, {"rows": 94, "area_ha": 51.0})
    ['rows: 100 -> 94 (-6.0 %)']
    """
    told = []
    for name, old in before.items():
        new = after.get(name, 0.0)
        if abs(new - old) > CHANGE_SHARE * abs(old):
            share = f" ({100 * (new - old) / old:+.1f} %)" if old else ""
            told.append(f"{name}: {old:.10g} -> {new:.10g}{share}")
    return told


def _read(file: Path, need: Need) -> pd.DataFrame:
    """Read a file by the reader of its layer, or that of its data set, or as a plain layer or table."""
    if need.layer is not None and need.config is not None:
        item = InputFile(name=need.layer, path=file, source=need.config, sha256="", size=0)
        return next(iter(read_input(item, {}).values()))
    if reader := READERS.get(need.wanted.source.reader or ""):
        return reader(file)
    if file.suffix.lower() in TABLES:
        return read_table(file)
    features = read_vector(file)
    kind = need.wanted.source.geometry
    if kind != "none":
        wrong = ~np.isin(shapely.get_type_id(features.geometry.to_numpy()), KINDS[kind])
        if wrong.any():
            fault = f"expected {kind}s, found {int(wrong.sum())} of {len(features)} features without or with another."
            raise LayerError(file, [fault])
    return features


def _counts(frame: pd.DataFrame) -> dict[str, float]:
    counts: dict[str, float] = {"rows": len(frame)}
    if isinstance(frame, gpd.GeoDataFrame) and "geometry" in frame:
        area = float(shapely.area(frame.geometry.to_numpy()).sum()) / M2_PER_HA
        if area > 0:
            counts["area_ha"] = round(area, 4)
    return counts


def _table_faults(file: Path, source: Source) -> list[str]:
    require_readable(file)
    table = read_table(file)
    faults = _field_faults(table.columns.tolist(), source)
    key = first_present(table.columns.tolist(), source.key)
    return faults or ([] if key is None else _key_faults(table[key], key))


def _vector_faults(file: Path, source: Source) -> list[str]:
    require_vector_file(file)
    try:
        layers = [str(name) for name, *_ in pyogrio.list_layers(file)]
        fields = {name: [str(field) for field in pyogrio.read_info(file, layer=name)["fields"]] for name in layers}
        by_layer = {name: _field_faults(found, source) for name, found in fields.items()}
        if not by_layer:
            return ["expected a layer, found none. Fetch it again."]
        name = min(by_layer, key=lambda one: len(by_layer[one]))
        key = first_present(fields[name], source.key)
        if by_layer[name] or key is None:
            return by_layer[name]
        keys = pyogrio.read_dataframe(file, layer=name, columns=[key], read_geometry=False)[key]
    except (DataSourceError, DataLayerError) as error:
        return [f"cannot be read ({error}). Fetch it again."]
    return _key_faults(keys, key)


def _field_faults(found: list[str], source: Source) -> list[str]:
    absent = {name: names for name, names in source.fields.items() if first_present(found, names) is None}
    if source.key and first_present(found, source.key) is None:
        absent["key"] = source.key
    return [
        f"expected a field for « {name} » ({' or '.join(names)}), found {', '.join(found) or 'none'}. Its producer may "
        "have changed its layout: see the notes of the release, then the catalogue."
        for name, names in absent.items()
    ]


def _key_faults(keys: pd.Series, key: str) -> list[str]:
    faults = []
    if keys.isna().any():
        faults.append(f"{int(keys.isna().sum())} rows have no {key!r}, which is their key.")
    twice = keys[keys.duplicated() & keys.notna()].unique()
    if len(twice):
        faults.append(f"{len(twice)} values of the key {key!r} come more than once: {some(twice)}.")
    return faults


def _content(file: Path) -> str:
    """Hash what every layer of a GeoPackage says, whatever the order of its rows and the day it was written."""
    digest = hashlib.sha256()
    for name, _ in pyogrio.list_layers(file):
        features = pyogrio.read_dataframe(file, layer=name)
        shapes = [
            pd.Series(shapely.to_wkb(column.to_numpy(), hex=True)) if isinstance(column, gpd.GeoSeries) else column
            for _, column in features.sort_index(axis="columns").items()
        ]
        rows = pd.concat([shape.astype("str").reset_index(drop=True) for shape in shapes], axis="columns")
        digest.update(np.sort(pd.util.hash_pandas_object(rows, index=False).to_numpy()).tobytes())
        digest.update("\x1f".join(sorted(map(str, features.columns))).encode())
    return digest.hexdigest()
