"""What does a page need to draw a map: zones once, figures, layers, words?

All is plain data, written into the page as JSON. The page shows every text of it as text, never as HTML.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from hp_sig._version import __version__
from hp_sig.maps.classes import class_of
from hp_sig.maps.drawn import action_model, listed_first, overlay_model, place_inside, ranks_of, scene_models
from hp_sig.maps.page import Page
from hp_sig.maps.panels import panel_model
from hp_sig.maps.shapes import DECIMALS, for_display
from hp_sig.maps.themes import Indicator, Partition
from hp_sig.maps.topology import encode
from hp_sig.reference.labels import format_number, page_words, wording

__all__ = ["as_script", "opening", "page_model"]


def page_model(page: Page) -> dict[str, Any]:
    """Lay out a page as plain data.

    Raises
    ------
    ValueError
        If a code of zone comes twice, or a scene shows a layer that the page has not.
    """
    zones = page.zones
    if not zones.index.is_unique:
        twice = list(dict.fromkeys(zones.index[zones.index.duplicated()]))[:3]
        message = f"zones: one row a code expected, found several for {twice}."
        raise ValueError(message)
    drawn = for_display(zones, page.simplify_m)
    scenes = scene_models(page, drawn)
    told = [wording("map", "not_to_scale")]
    if page.simplify_m > 0:
        told.insert(0, wording("map", "simplified", metres=format_number(page.simplify_m)))
    return {
        "title": page.caption.title,
        "notice": page.caption.notice or "",
        "kind": page.caption.zone_kind or wording("map", "zone"),
        "codeLabel": page.caption.code_label,
        "codes": [str(code) for code in zones.index],
        "names": [str(name) for name in zones["name"]],
        "places": _places(drawn),
        "topology": encode(drawn).as_json(),
        "themes": [
            _indicator(one, zones.index) if isinstance(one, Indicator) else _partition(one, drawn)
            for one in page.themes
        ],
        "overlays": [overlay_model(one, zones.index, page.simplify_m) for one in page.overlays],
        "actions": [action_model(one, zones.index) for one in page.actions],
        "facts": [[list(row) for row in page.facts.get(str(code), ())] for code in zones.index],
        "panels": [panel_model(one) for one in page.panels],
        "scenes": scenes,
        "listed": listed_first(scenes, len(page.overlays)),
        "sources": list(page.caption.sources),
        "notes": told,
        "made": wording("map", "attribution", version=__version__),
        "words": page_words(of_communes=zones.index.name == "commune_code"),
    }


def opening(themes: Sequence[Mapping[str, Any]], theme: int | str, period: str | None) -> tuple[int, int]:
    """Find which theme, and which of its periods, a page is opened at or printed at.

    Parameters
    ----------
    themes
        Those of a model.
    theme
        A rank, or a column (`"enaf_consumption_ha"`).
    period
        As the page names it (`"2020"`); by default the one that the theme shows first.

    Returns
    -------
    tuple of int
        Rank of the theme, rank of the period; zeros for a page without themes.

    Raises
    ------
    ValueError
        If the page has no such theme, or the theme no such period.
    """
    if theme == 0 and period is None and not themes:
        return 0, 0
    ranks: dict[int | str, int] = {rank: rank for rank in range(len(themes))}
    ranks |= {str(one["key"]): rank for rank, one in reversed(list(enumerate(themes)))}
    if theme not in ranks:
        known = ", ".join(repr(one["key"]) for one in themes) or "none, as the page has no theme"
        message = f"theme: the rank or the column of one of the page's themes ({known}) expected, found {theme!r}."
        raise ValueError(message)
    chosen = themes[ranks[theme]]
    if period is None:
        return ranks[theme], int(chosen["first"])
    if period not in chosen["periods"]:
        known = ", ".join(repr(label) for label in chosen["periods"])
        message = f"period: one of those of {chosen['key']!r} ({known}) expected, found {period!r}."
        raise ValueError(message)
    return ranks[theme], int(chosen["periods"].index(period))


def as_script(model: Mapping[str, Any]) -> str:
    r"""Write a model as JSON that no mark of a page, a script or a template can end.

    >>> print(as_script({"name": "</script>{{ 7*7 }}"}))
    {"name":"\u003c/script\u003e\u007b\u007b 7*7 }}"}
    """
    text = json.dumps(model, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    # Jinja's own marks only ever stand inside texts: `{` is followed by a key or a brace in JSON.
    for mark in ("{{", "{%", "{#"):
        text = text.replace(mark, "".join(f"\\u{ord(one):04x}" for one in mark))
    return text


def _indicator(one: Indicator, zones: pd.Index) -> dict[str, Any]:
    form, shown, classes = one.form, one.shown(zones), one.classes(zones)
    periods = [str(period) for period in shown.columns]
    ranks = [class_of(shown.iloc[:, rank].to_numpy(), classes.breaks) for rank in range(len(periods))]
    return {
        "type": "figures",
        "key": one.column,
        "label": form["label"],
        "unit": form["unit"],
        "decimals": form["decimals"],
        "definition": form["definition"],
        "group": one.group,
        "scheme": wording("scheme", classes.scheme),
        "source": one.source,
        "periods": periods,
        "first": len(periods) - 1,
        "values": [[_number(value) for value in shown.iloc[:, rank]] for rank in range(len(periods))],
        "classes": [rank.tolist() for rank in ranks],
        "colours": list(classes.colours),
        "bounds": one.bounds(zones),
        "vintages": _vintages(one, zones),
        "flags": [
            {
                "key": name,
                "label": wording("flag", name),
                "zones": [np.flatnonzero(marks.iloc[:, rank]).tolist() for rank in range(len(periods))],
            }
            for name, table in one.flags.items()
            if (marks := table.reindex(index=zones, columns=one.figures.columns).eq(other=True)).any(axis=None)
        ],
    }


def _vintages(one: Indicator, zones: pd.Index) -> list[Any]:
    """Give the edition of each figure by period: one text where all zones share it, a list where they do not."""
    if one.vintages is None:
        return []
    table = one.vintages.reindex(index=zones, columns=one.figures.columns)
    texts = [["" if pd.isna(text) else str(text) for text in table.iloc[:, rank]] for rank in range(table.shape[1])]
    return [text[0] if len(set(text)) == 1 else text for text in texts]


def _partition(one: Partition, drawn: gpd.GeoDataFrame) -> dict[str, Any]:
    codes = list(one.names)
    members = one.members.reindex(drawn.index)
    dates = [str(date) for date in members.columns]
    flat = drawn[["geometry"]]
    places = []
    for date in members.columns:
        merged = flat.assign(set=members[date]).dissolve("set", grid_size=10**-DECIMALS).reindex(codes)
        places.append([None if shape is None else place_inside(shape) for shape in merged.geometry])
    return {
        "type": "sets",
        "key": "sets",
        "label": one.label,
        "group": one.group,
        "source": one.source,
        "periods": dates,
        "first": dates.index(one.first) if one.first in dates else len(dates) - 1,
        "sets": [{"name": one.names[code], "colour": one.colours[code]} for code in codes],
        "told": [[one.told.get(code, {}).get(date, "") for code in codes] for date in dates],
        "members": [ranks_of(members[date], codes) for date in members.columns],
        "places": places,
    }


def _number(value: float) -> float | int | None:
    """Write a figure as briefly as JSON can; what is not known is null, which is not 0."""
    if not np.isfinite(value):
        return None
    return int(value) if value == int(value) else float(value)


def _places(drawn: gpd.GeoDataFrame) -> list[list[float]]:
    return [place_inside(shape) for shape in drawn.geometry]
