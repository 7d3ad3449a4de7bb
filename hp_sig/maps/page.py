"""What is a map made of, before anything is drawn: zones, themes, layers, and what is written around them?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd

from hp_sig.maps.overlays import Action, Overlay, Rows
from hp_sig.maps.panels import Panel, Scene
from hp_sig.maps.themes import Indicator, Partition

__all__ = ["Caption", "Page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What is written around a map.

    Parameters
    ----------
    title
        Of the page and of the sheet of paper.
    notice
        A mention that nobody may overlook.
    sources
        One line a source: producer, name, vintage, licence.
    zone_kind
        What a zone is called (`"Commune"`).
    code_label
        What its code is called; empty: codes are not shown.
    """

    title: str
    notice: str | None = None
    sources: Sequence[str] = ()
    zone_kind: str = ""
    code_label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A map and all that stands around it.

    Parameters
    ----------
    zones
        `name` and geometry, in EPSG:2154, indexed by code.
    themes
        What the selector offers.
    facts
        Code of a zone → facts of its card that are no figures of the map.
    panels
        What is told beside the map, whatever is shown on it.
    scenes
        Views that a reader chooses; the page opens with the first one.
    focus
        What a page without scenes is opened on: west, south, east and north, in metres (EPSG:2154); by default the
        whole of the zones, which a reader may always come back to.
    """

    zones: gpd.GeoDataFrame
    caption: Caption
    themes: Sequence[Indicator | Partition] = ()
    overlays: Sequence[Overlay] = ()
    actions: Sequence[Action] = ()
    facts: Mapping[str, Rows] = field(default_factory=dict)
    panels: Sequence[Panel] = ()
    scenes: Sequence[Scene] = ()
    focus: tuple[float, float, float, float] | None = None
    simplify_m: float = 20.0
