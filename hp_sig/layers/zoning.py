"""Which planning zone (U, AU, A, N; sectors of a carte communale) does each piece of land lie in?

Deliveries follow the CNIG standards: `ZONE_URBA` of a PLU or PLUi, `SECTEUR_CC` of a carte communale, as shapefiles
or as the Géoportail de l'urbanisme serves them. A zone knows its document, not its commune: it is cut by commune where
it is measured (:func:`hp_sig.indicators.zoning.zones_by_commune`).
"""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.errors import some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.tables import texts
from hp_sig.layers.vector import OnInvalid, finish, multipolygons, read_vector
from hp_sig.reference.nomenclature import zone_kinds

__all__ = ["read_zoning"]


def read_zoning(
    path: str | Path,
    *,
    vintage: str,
    layer: str | None = None,
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read the zones of a planning document: PLU, PLUi or carte communale.

    Parameters
    ----------
    path
        A CNIG `ZONE_URBA` (PLU, PLUi) or `SECTEUR_CC` (carte communale) layer.
    vintage
        Edition of the document.
    layer
        Layer of a file that has several.
    fields
        Field → column, where the names are not recognised: `zone_type` (TYPEZONE) or `sector_type` (TYPESECT),
        `name`, `long_name`, `document_id`.
    crs
        Coordinate system to assume where the file states none.
    on_invalid
        `repair` (structure method; counted, with its effect on the area) or `raise`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `zoning_id` (rank in the file, as text); `zone_type`, the code of the document (`AUc`, `01`…);
        `zone_kind`, what it stands for (`U`, `AU`, `A`, `N`; `CC_constructible`, `CC_activity`,
        `CC_non_constructible`, `CC_uncovered`); `document_id`, the name of the file where it tells no other; `name`,
        `long_name` where the file has them; `geometry` (MultiPolygon, EPSG:2154).

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    features = read_vector(
        path, layer=layer, prefer=("zone_urba", "secteur_cc"), crs=crs, containing=(("zone_urba",), ("secteur_cc",))
    )
    columns = required_fields("zoning", features.columns, (), fields, path)
    field = "sector_type" if "sector_type" in columns and "zone_type" not in columns else "zone_type"
    columns = required_fields("zoning", features.columns, (field,), fields, path)
    faults: list[str] = []
    notes: list[str] = []
    ids = pd.Series([str(rank) for rank in range(1, len(features) + 1)], index=features.index)
    cells = features[columns[field]]
    # texts() takes « nd » for no value; here it may be the zone Nd.
    types = texts(cells).fillna(cells.astype("str").str.strip())
    if field == "sector_type":
        types = types.str.zfill(2)
    known = zone_kinds("typesect" if field == "sector_type" else "typezone")
    by_code = {code.casefold(): kind for code, kind in known.items()}
    kinds = types.str.casefold().map(by_code)
    unknown = kinds.isna()
    if unknown.any():
        faults.append(
            f"{int(unknown.sum())} values of the column {columns[field]!r} are not of the CNIG standard: "
            f"{some(types[unknown].unique())}. Expected one of {', '.join(known)}."
        )
    documents = texts(features[columns["document_id"]]) if "document_id" in columns else pd.Series(index=types.index)
    values: dict[str, pd.Series] = {"zone_type": types, "zone_kind": kinds}
    values |= {name: texts(features[columns[name]]) for name in ("name", "long_name") if name in columns}
    values["document_id"] = documents.astype("str").where(documents.notna(), Path(path).stem)
    shapes = multipolygons(features, ids, on_invalid=on_invalid, faults=faults, notes=notes)
    zones = gpd.GeoDataFrame(values, geometry=shapes, crs=features.crs)
    zones.index = pd.Index(ids, name="zoning_id")
    return finish(zones, path, vintage=vintage, faults=faults, notes=notes)
