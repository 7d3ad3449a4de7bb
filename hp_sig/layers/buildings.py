"""Where are the buildings, and which of them are lived in or worked in?

BD TOPO of IGN tells uses, dwellings and floors; a cadastral file tells footprints alone, and its buildings are of
unknown use.
"""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.errors import some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.tables import numbers, texts
from hp_sig.layers.vector import OnInvalid, finish, polygons, read_vector
from hp_sig.seal import sealed

__all__ = ["USES", "read_buildings"]

#: `residential`: lived in; `activity`: worked in; `other`: neither, or too few to draw jobs; `unknown`: not told.
USES = ("residential", "activity", "other", "unknown")
#: USAGE1 of BD TOPO → use. « Commercial et services » holds shops, offices, schools and public services. Farm buildings
#: are `other`: sheds and greenhouses are the largest footprints of a rural commune and hold the fewest jobs a square
#: metre, they would draw all of its jobs to the fields.
USE_OF = {
    "résidentiel": "residential",
    "commercial et services": "activity",
    "industriel": "activity",
    "agricole": "other",
    "annexe": "other",
    "religieux": "other",
    "sportif": "other",
    "indifférencié": "unknown",
    **{use: use for use in USES},
}
#: State of a building that stands and is used; the others are planned, being built, or in ruins.
IN_SERVICE = "en service"


def read_buildings(
    path: str | Path,
    *,
    vintage: str = "",
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read the buildings in service: `batiment` of BD TOPO, or any file of footprints.

    Parameters
    ----------
    path
        GeoPackage or shapefile of BD TOPO, or any vector file of polygons, such as the cadastre.
    vintage
        Edition of the data set.
    fields
        Field → column, where the names are not recognised: `building_id`, `main_use`, `second_use`,
        `dwelling_count`, `floor_count`, `state`.
    crs, layer
        Coordinate system to assume where the file states none; its layer, where it has several.
    on_invalid
        `repair` (structure method; counted, with its effect on the area) or `raise`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `building_id` (rank in the file, as text, where it has none); `use` (one of :data:`USES`: the main use
        of the building, the second one where the main one is not told); `dwelling_count`, `floor_count` (NaN where
        unknown); `geometry` (Polygon or MultiPolygon, EPSG:2154). Buildings that are not in service are
        left out and counted in `attrs["notes"]`; one whose state is blank is kept.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    features = read_vector(path, layer=layer, prefer=("batiment",), crs=crs, containing=(("batiment", "building"),))
    columns = required_fields("buildings", features.columns, (), fields, path)
    faults: list[str] = []
    notes: list[str] = []
    ranks = pd.Series([str(rank) for rank in range(1, len(features) + 1)], index=features.index)
    if "state" in columns:
        state = texts(features[columns["state"]]).str.casefold()
        stands = state.isna() | (state == IN_SERVICE)
        if not stands.any():
            faults.append(f"expected buildings « En service », found only {some(sorted(state.unique()))}.")
        elif not stands.all():
            states = sorted(features.loc[~stands, columns["state"]].unique())
            notes.append(f"{int((~stands).sum())} buildings are not in service ({some(states)}): left out.")
            features = features[stands]
    ids = texts(features[columns["building_id"]]) if "building_id" in columns else ranks[features.index]
    if ids.isna().any():
        faults.append(f"{int(ids.isna().sum())} buildings have no value in the column {columns['building_id']!r}.")
    require_unique(ids, "building codes", faults)
    buildings = gpd.GeoDataFrame(
        {
            "use": _uses(features, columns, notes),
            "dwelling_count": _counts(features, columns.get("dwelling_count"), ids, faults),
            "floor_count": _counts(features, columns.get("floor_count"), ids, faults),
        },
        geometry=polygons(features, ids, on_invalid=on_invalid, faults=faults, notes=notes),
        crs=features.crs,
    )
    buildings.index = pd.Index(ids, name="building_id")
    return sealed(finish(buildings, path, vintage=vintage, faults=faults, notes=notes))


def _uses(features: gpd.GeoDataFrame, columns: Mapping[str, str], notes: list[str]) -> pd.Series:
    uses = pd.Series("unknown", index=features.index, dtype="str")
    # The second use first: the main one, where it is told, takes its place.
    for field in ("second_use", "main_use"):
        if field in columns:
            told = texts(features[columns[field]])
            known = told.str.casefold().map(USE_OF)
            strange = told.notna() & known.isna()
            if strange.any():
                notes.append(
                    f"{int(strange.sum())} values of the column {columns[field]!r} are not uses of BD TOPO "
                    f"({some(sorted(told[strange].unique()))}): taken as unknown."
                )
            uses = uses.mask(known.notna() & (known != "unknown"), known)
    return uses


def _counts(features: gpd.GeoDataFrame, column: str | None, ids: pd.Series, faults: list[str]) -> pd.Series:
    if column is None:
        return pd.Series(float("nan"), index=features.index)
    cells = features[column]
    counts = cells.astype("float64") if pd.api.types.is_numeric_dtype(cells) else numbers(cells, faults)
    wrong = (counts < 0) | (counts == float("inf"))
    if wrong.any():
        faults.append(
            f"{int(wrong.sum())} values of the column {column!r} are negative or infinite: {some(ids[wrong])}."
        )
    return counts
