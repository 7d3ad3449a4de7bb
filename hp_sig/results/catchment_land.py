"""What land lies inside each service area: artificialised, sealed, by cover and use, planning zone, park and SCoT?

Each commune's part is measured with the latest land cover of its own département; only land of the territory counts.
"""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.assembly import Layers, ZoneLayer
from hp_sig.crs import LAMBERT93, M2_PER_HA
from hp_sig.indicators.polygons import Shapes, polygon_parts
from hp_sig.indicators.screening import OUTSIDE, WHOLE_SHARE, cut_by_footprints
from hp_sig.indicators.stock import land_stock
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.indicators.zonal import areas_within
from hp_sig.indicators.zoning import zones_by_commune
from hp_sig.reference.nomenclature import cover_label, roll_up, use_label
from hp_sig.results.screening_distances import park_layer
from hp_sig.results.screening_land import latest_cover

__all__ = ["land_inside", "land_pieces", "stock_inside"]

STOCK = ["artificialised_ha", "sealed_ha"]
#: Level of the nomenclature at which land is drawn: ten classes, for fourteen at the last one.
DRAWN_LEVEL = 3
#: Less than this, in hectares, is what two drawings of one limit differ by.
NOISE_HA = 1e-6


def stock_inside(areas: gpd.GeoDataFrame, layers: Layers) -> pd.DataFrame:
    """Measure artificialised and sealed land inside service areas, in hectares and as shares of their land there.

    A service area of which more than 1 % of the land in the territory has no land cover is unknown.
    """
    table = pd.DataFrame(index=areas.index, columns=[*STOCK, "artificialised_share", "sealed_share"], dtype="float64")
    table["vintages"] = pd.Series(np.nan, index=areas.index, dtype="str")
    parts = []
    for _, part, latest in _by_departement(areas, layers):
        measured = pd.DataFrame(np.nan, index=part.index, columns=[*STOCK, "covered_ha"]).assign(vintages="")
        if latest is not None:
            year, state, _ = latest
            measured = land_stock(part, state)[[*STOCK, "covered_ha"]].assign(vintages=str(year))
        parts.append(measured.assign(inside_ha=part.area / M2_PER_HA))
    if not parts:
        return table
    groups = pd.concat(parts).groupby(level=list(range(areas.index.nlevels)), sort=False)
    summed = groups[[*STOCK, "covered_ha", "inside_ha"]].sum(skipna=False).reindex(areas.index)
    summed = summed.where(summed["covered_ha"] >= WHOLE_SHARE * summed["inside_ha"])
    for column in STOCK:
        table[column] = summed[column]
        table[f"{column.removesuffix('_ha')}_share"] = summed[column] / summed["inside_ha"]
    years = groups["vintages"].agg(lambda told: " + ".join(sorted(filter(None, set(told)))))
    table["vintages"] = years.reindex(areas.index).where(summed[STOCK[0]].notna()).astype("str")
    return table


def land_inside(areas: gpd.GeoDataFrame, layers: Layers) -> pd.DataFrame:
    """List the classes of land inside service areas, in hectares and as shares of their land in the territory.

    Parameters
    ----------
    areas
        Service areas, EPSG:2154.
    layers
        From :func:`hp_sig.assembly.load_layers`.

    Returns
    -------
    pandas.DataFrame
        On the index of `areas`, one row a class that is there: `axis` (`cover`, `use`, `zoning`, or a layer of parks or
        SCoT), `class_code` (`outside`: in none), `class_name`, `area_ha`, `share`. The rows of an axis add up to the
        land of the area in the territory, unless what its producer delivers overlaps.
    """
    inside_ha = pd.Series(0.0, index=areas.index)
    for _, part, _ in _by_departement(areas, layers):
        inside_ha[part.index] += part.area / M2_PER_HA
    tables = [*_covers(areas, layers), *_zones(areas, layers, inside_ha)]
    columns = ["axis", "class_code", "class_name", "area_ha", "share"]
    if not tables:
        return pd.DataFrame(columns=columns, index=areas.index[:0])
    table = pd.concat(tables)
    table = table[table["area_ha"] > NOISE_HA]
    table["share"] = table["area_ha"] / inside_ha.reindex(table.index)
    return table[columns]


def land_pieces(area: gpd.GeoDataFrame, layers: Layers) -> gpd.GeoDataFrame:
    """Draw the land cover inside one service area, a shape a class of the third level of the nomenclature.

    Parameters
    ----------
    area
        One row, EPSG:2154.
    layers
        From :func:`hp_sig.assembly.load_layers`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `class_code`, sorted; `geometry`. No row where there is no land cover.
    """
    cut = []
    for _, part, latest in _by_departement(area, layers):
        if latest is not None:
            pieces = cut_by_footprints(part.geometry, latest[2])
            codes = [roll_up(code, DRAWN_LEVEL) for code in pieces["cover_code"]]
            cut.append(gpd.GeoDataFrame({"class_code": codes}, geometry=pieces.geometry.to_numpy(), crs=LAMBERT93))
    if not cut:
        return gpd.GeoDataFrame(geometry=[], index=pd.Index([], name="class_code", dtype="str"), crs=LAMBERT93)
    return gpd.GeoDataFrame(pd.concat(cut)).dissolve("class_code")


def _by_departement(
    areas: gpd.GeoDataFrame, layers: Layers
) -> Iterator[tuple[str, gpd.GeoDataFrame, tuple[int, gpd.GeoDataFrame, gpd.GeoDataFrame] | None]]:
    """Cut service areas by département: the part of each, with its latest land cover, None where there is none."""
    latest = latest_cover(layers)
    for departement, communes in layers.communes.groupby("departement_code"):
        land = shapely.union_all(communes.geometry.to_numpy())
        cut, owner = polygon_parts(shapely.intersection(areas.geometry.to_numpy(), land))
        kept, rank = np.unique(owner, return_inverse=True)
        if not len(kept):
            continue
        shapes = shapely.multipolygons(cut, indices=rank)
        part = gpd.GeoDataFrame(geometry=shapes, index=areas.index.take(kept), crs=LAMBERT93)
        yield str(departement), part, latest.get(str(departement))


def _covers(areas: gpd.GeoDataFrame, layers: Layers) -> Iterator[pd.DataFrame]:
    """Sum covers and uses; where some land of an area has no land cover, its classes are those of the rest."""
    axes: dict[str, list[pd.DataFrame]] = {"cover": [], "use": []}
    for _, part, latest in _by_departement(areas, layers):
        if latest is None:
            continue
        classes = latest[2]
        for axis, column in (("cover", "cover_code"), ("use", "use_code")):
            if column in classes.columns:
                table = tabulate_area(part, classes, by=column)
                table[OUTSIDE] = (part.area / M2_PER_HA - table.sum(axis="columns")).clip(lower=0.0)
                axes[axis].append(table.melt(ignore_index=False, var_name="class_code", value_name="area_ha"))
    for axis, label in (("cover", cover_label), ("use", use_label)):
        if axes[axis]:
            together = pd.concat(axes[axis])
            together["class_code"] = together["class_code"].fillna(OUTSIDE)
            levels = [*range(areas.index.nlevels)]
            keys = [together.index.get_level_values(level) for level in levels]
            table = together.groupby([*keys, "class_code"], sort=False)["area_ha"].sum().reset_index("class_code")
            names = [label(code) if code != OUTSIDE else np.nan for code in table["class_code"]]
            yield table.assign(axis=axis, class_name=pd.Series(names, index=table.index, dtype="str"))


def _zones(areas: gpd.GeoDataFrame, layers: Layers, inside_ha: pd.Series) -> Iterator[pd.DataFrame]:
    """Sum planning zones by kind, then parks and SCoT; what is in none is told too."""
    if layers.land.zoning is not None:
        kinds = zones_by_commune(layers.communes, layers.land.zoning)
        codes = kinds.index.get_level_values("zone_kind").to_numpy()
        yield _classed(areas, kinds.geometry.to_numpy(), codes, inside_ha).assign(axis="zoning", class_name=np.nan)
    for layer in _told_layers(layers):
        within = shapely.intersection(layer.zones.geometry.to_numpy(), _territory(layers))
        shapes, owner = polygon_parts(within)
        codes = layer.zones.index.to_numpy()[owner]
        table = _classed(areas, shapes, codes, inside_ha)
        yield table.assign(axis=layer.config.id, class_name=table["class_code"].map(layer.zones["name"]))


def _told_layers(layers: Layers) -> list[ZoneLayer]:
    """Give the parks, and the SCoT of the latest list."""
    # One layer of parks: two editions of it would count their land twice.
    parks = [layer for name, layer in layers.zones.items() if name == park_layer(layers)]
    latest = layers.latest("scot")
    return [*parks, *([] if latest is None else [latest])]


def _territory(layers: Layers) -> shapely.Geometry:
    return shapely.union_all(layers.communes.geometry.to_numpy())


def _classed(areas: gpd.GeoDataFrame, shapes: Shapes, codes: np.ndarray, inside_ha: pd.Series) -> pd.DataFrame:
    """Sum the hectares of each code inside each area, and what is left of the area."""
    area, polygon, shared = areas_within(areas.geometry.to_numpy(), shapes, np.zeros(0, dtype=np.intp))
    rows = pd.DataFrame({"area": area, "class_code": codes[polygon], "area_ha": shared / M2_PER_HA})
    sums = rows.groupby(["area", "class_code"], as_index=False)["area_ha"].sum()
    rest = inside_ha.to_numpy() - np.bincount(sums["area"], weights=sums["area_ha"], minlength=len(areas))
    left = pd.DataFrame({"area": np.arange(len(areas)), "class_code": OUTSIDE, "area_ha": np.maximum(rest, 0.0)})
    table = pd.concat([sums, left]).sort_values(["area", "class_code"], kind="stable")
    return table.set_index(areas.index.take(table["area"].to_numpy()))[["class_code", "area_ha"]]
