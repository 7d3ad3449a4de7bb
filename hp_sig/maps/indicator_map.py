"""How do figures of zones become a map with a selector, classes, a legend, cards and a table?"""

import warnings
from collections.abc import Mapping, Sequence

import folium
import geopandas as gpd
import pandas as pd

from hp_sig.crs import require_lambert93
from hp_sig.errors import some
from hp_sig.maps.classes import Scheme
from hp_sig.maps.engine import page_map
from hp_sig.maps.overlays import Overlay, overlays_from
from hp_sig.maps.page import Caption, Page
from hp_sig.maps.themes import Indicator, indicators_of
from hp_sig.reference.labels import column_format, wording

__all__ = ["indicator_map"]


def indicator_map(
    zones: gpd.GeoDataFrame,
    table: pd.DataFrame | pd.Series | Sequence[Indicator],
    *,
    caption: Caption | None = None,
    overlays: Sequence[Overlay] | Mapping[str, gpd.GeoDataFrame] = (),
    scheme: Scheme = "quantiles",
    simplify_m: float = 20.0,
) -> folium.Map:
    """Draw figures of zones, one at a time, with a legend, a card and a table of them all.

    Parameters
    ----------
    zones
        `name` and geometry in EPSG:2154, indexed by code.
    table
        Indexed by code of zone, or by code and period (a year): one map a column of figures, labelled in French where
        `labels.toml` knows the column. Columns `is_provisional`, `is_mixed`, `is_partial` mark the figures of their
        row, `vintage` or `year` dates them. Or indicators of :class:`hp_sig.maps.themes.Indicator`, each with its own
        classes, source and periods.
    caption
        Title, notice, sources.
    overlays
        Layers to tick: by label, polygons or points with a `name`; or outlines of sets of zones, perimeters and
        places of :mod:`hp_sig.maps.overlays`.
    scheme
        Classes of a table's columns: `quantiles` or `fisher_jenks`.
    simplify_m
        Tolerance, in metres, at which limits are simplified for display, shared limits staying shared; the page tells
        it. 0 keeps every vertex.

    Returns
    -------
    folium.Map
        Without tiles, Leaflet alone. :func:`hp_sig.maps.standalone.save_standalone` makes it one file; a notebook
        shows that file.

    Raises
    ------
    ValueError
        If `zones` is not in EPSG:2154, or holds anything but named polygons with a code each; if no zone of the table
        is known, or no column holds figures. Rows of a code that no zone has are a warning.
    """
    _require_zones(zones)
    themes = _themes(table, scheme)
    _require_codes(themes, zones.index)
    form = column_format(str(zones.index.name))
    given = caption or Caption(
        title=themes[0].form["label"],
        zone_kind=wording("map", "commune") if zones.index.name == "commune_code" else "",
        code_label=form["label"],
    )
    drawn = overlays_from(overlays) if isinstance(overlays, Mapping) else overlays
    return page_map(Page(zones=zones, caption=given, themes=themes, overlays=drawn, simplify_m=simplify_m))


def _require_zones(zones: gpd.GeoDataFrame) -> None:
    """Refuse zones that cannot be drawn, all faults at once."""
    require_lambert93(zones, "zones")
    faults = []
    if "name" not in zones:
        faults.append(f"a column 'name' expected, found {', '.join(map(str, zones.columns))}")
    if not zones.index.is_unique:
        faults.append(
            f"one row a code expected, found several for {some(zones.index[zones.index.duplicated()].unique())}"
        )
    drawable = zones.geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~zones.geometry.is_empty
    if not drawable.all():
        faults.append(f"polygons expected, found none or something else for {some(zones.index[~drawable])}")
    if zones.empty:
        faults.append("at least one zone expected, found none")
    if faults:
        message = f"zones: {'; '.join(faults)}."
        raise ValueError(message)


def _themes(table: object, scheme: Scheme) -> list[Indicator]:
    frame = table.to_frame(table.name or "figure") if isinstance(table, pd.Series) else table
    if isinstance(frame, pd.DataFrame):
        return indicators_of(frame, scheme=scheme)
    themes = list(frame) if isinstance(frame, Sequence) else []
    if not themes or not all(isinstance(theme, Indicator) for theme in themes):
        message = f"table: a DataFrame, a Series or indicators expected, found {type(table).__name__}."
        raise ValueError(message)
    return themes


def _require_codes(themes: Sequence[Indicator], zones: pd.Index) -> None:
    """Refuse a table of other zones; warn of rows that no zone has."""
    unknown: dict[object, None] = {}
    for theme in themes:
        is_known = theme.figures.index.isin(zones)
        if not is_known.any():
            found, expected = list(theme.figures.index[:3]), list(zones[:3])
            message = (
                f"{theme.column}: codes of zones such as {expected} expected as index, found {found}. "
                "Codes are texts: a number has lost its first zero."
            )
            raise ValueError(message)
        unknown |= dict.fromkeys(theme.figures.index[~is_known])
    if unknown:
        warnings.warn(f"rows of codes that no zone has are not drawn: {some(unknown)}.", stacklevel=3)
