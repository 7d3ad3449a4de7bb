"""How do figures of zones become a map with a selector, classes, a legend, cards and a table?"""

from collections.abc import Mapping, Sequence

import folium
import geopandas as gpd
import pandas as pd

from hp_sig.crs import require_lambert93
from hp_sig.maps.classes import Scheme
from hp_sig.maps.engine import page_map
from hp_sig.maps.model import Caption, Page
from hp_sig.maps.overlays import Overlay, overlays_from
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
        If `zones` is not in EPSG:2154, a zone comes twice, no zone of the table is known, or no column holds figures.
    """
    require_lambert93(zones, "zones")
    frame = table.to_frame() if isinstance(table, pd.Series) else table
    themes = indicators_of(frame, scheme=scheme) if isinstance(frame, pd.DataFrame) else list(frame)
    if not themes:
        message = "table: at least one indicator expected, found none."
        raise ValueError(message)
    for theme in themes:
        if not theme.figures.index.isin(zones.index).any():
            found, expected = list(theme.figures.index[:3]), list(zones.index[:3])
            message = f"{theme.column}: codes of zones such as {expected} expected as index, found {found}."
            raise ValueError(message)
    form = column_format(str(zones.index.name))
    given = caption or Caption(
        title=themes[0].form["label"],
        zone_kind=wording("map", "commune") if zones.index.name == "commune_code" else "",
        code_label=form["label"],
    )
    drawn = overlays_from(overlays) if isinstance(overlays, Mapping) else overlays
    return page_map(Page(zones=zones, caption=given, themes=themes, overlays=drawn, simplify_m=simplify_m))
