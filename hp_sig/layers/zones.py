"""Where are the parks, and any other zones that a producer delivers as perimeters?"""

from collections.abc import Collection, Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.errors import some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.tables import texts
from hp_sig.layers.vector import OnInvalid, finish, multipolygons, read_vector

__all__ = ["read_pnr", "read_zones"]


def read_pnr(  # noqa: PLR0913 - all but the first two only serve unusual files
    path: str | Path,
    *,
    vintage: str,
    keep: Collection[str] = (),
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read the perimeters of regional nature parks (parcs naturels régionaux), from INPN or the Géoplateforme.

    Parameters
    ----------
    path
        The file; fields `DRGP_C_COD`, `DRGP_L_LIB` or `id_mnhn`, `nom_site`.
    vintage
        Edition of the data set.
    keep
        Codes of the parks to keep; all when empty.
    fields
        Field → column, where the names are not recognised.
    crs
        Coordinate system to assume where the file states none.
    layer
        Layer of a file that has several.
    on_invalid
        `repair` (structure method; counted, with its effect on the area) or `raise`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `pnr_code`; columns `name`, `geometry` (MultiPolygon, EPSG:2154).

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    return read_zones(
        path, key="pnr_code", vintage=vintage, keep=keep, fields=fields, crs=crs, layer=layer, on_invalid=on_invalid
    )


def read_zones(  # noqa: PLR0913 - a generic reader: what is not recognised must be told
    path: str | Path,
    *,
    key: str,
    vintage: str,
    keep: Collection[str] = (),
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read any perimeters: one row a zone, with a code and a name.

    Parameters
    ----------
    path, vintage, keep, crs, on_invalid
        As in :func:`read_pnr`.
    key
        Name of the index.
    fields
        Field → column: `zone_code`, `name`.
    layer
        Layer of the file.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `key`; columns `name`, `geometry` (MultiPolygon, EPSG:2154).

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    section = "pnr" if key == "pnr_code" else "zones"
    code_field = "pnr_code" if section == "pnr" else "zone_code"
    features = read_vector(path, layer=layer, prefer=(section,), crs=crs)
    columns = required_fields(section, features.columns, (code_field, "name"), fields, path)
    faults: list[str] = []
    notes: list[str] = []
    codes = texts(features[columns[code_field]])
    if keep:
        absent = sorted(set(keep) - set(codes.dropna()))
        if absent:
            faults.append(f"expected the zones {some(absent)}, found only {some(codes)}. Check « keep » and the file.")
        features, codes = features[codes.isin(keep)], codes[codes.isin(keep)]
    if codes.isna().any():
        faults.append(f"{int(codes.isna().sum())} zones have no code in the column {columns[code_field]!r}.")
    require_unique(codes, "zone codes", faults)
    zones = gpd.GeoDataFrame(
        {"name": texts(features[columns["name"]]).fillna(codes)},
        geometry=multipolygons(features, codes, on_invalid=on_invalid, faults=faults, notes=notes),
    )
    zones.index = pd.Index(codes, name=key)
    return finish(zones.sort_index(), path, vintage=vintage, faults=faults, notes=notes)
