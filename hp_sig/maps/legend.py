"""What does the legend of a map on paper say: rows, counts, warnings, origin?

The same as beside the map on screen (`page.js`), from the same model: no wording of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "ABSENT",
    "LIMIT",
    "MARKED",
    "PARK",
    "UNCERTAIN",
    "Hatching",
    "Key",
    "Row",
    "heading",
    "legend_rows",
    "origin",
    "overlay_rows",
    "panels_of",
    "told_rows",
    "warnings",
]

Model = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hatching:
    """Lines over an area, `weight` in pixels; `is_rising`: like a slash."""

    colour: str
    weight: float
    opacity: float = 1.0
    is_rising: bool = False


#: Hatching of what is not known, of what is not certain and of parks, as the page draws them.
ABSENT = Hatching(colour="#8a8a8a", weight=2.0, is_rising=True)
UNCERTAIN = Hatching(colour="#b3001b", weight=3.0, is_rising=True)
PARK = Hatching(colour="#1b6e3a", weight=1.6, opacity=0.55)
#: Limit of a zone.
LIMIT = {"colour": "#4a4a4a", "dash": "", "weight": 1.0}
#: Limit of a zone whose figure needs a warning.
MARKED = {"colour": "#4a4a4a", "dash": "4 3", "weight": 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What stands before a row: a box, a line or a sign.

    Parameters
    ----------
    line
        Line of the row, or edge of the box: `colour`, `dash`, `weight`.
    fill, opacity
        Colour of the box; an empty one: none.
    sign
        `hub`, `other_hub`, `site`, `station` or `letter`, with the `letter` and its `colour`.
    """

    kind: Literal["box", "line", "sign"] = "box"
    line: Mapping[str, Any]
    fill: str = ""
    opacity: float = 1.0
    hatching: Hatching | None = None
    sign: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the legend; `count` is the number of its zones, None where none is told."""

    key: Key
    text: str
    count: int | None = None


def heading(theme: Model, period: int) -> str:
    """Name a theme, its unit and, where it has several, the period."""
    text = f"{theme['label']} ({theme['unit']})" if theme.get("unit") else str(theme["label"])
    return f"{text}\u00a0\u2013 {theme['periods'][period]}" if theme["periods"][period] else text


def legend_rows(theme: Model, period: int, words: Mapping[str, str]) -> list[Row]:
    """List the classes, or the sets, of a theme and how many zones each has."""
    if theme["type"] == "sets":
        return _sets(theme, period, words)
    ranks = theme["classes"][period]
    rows = [
        Row(key=Key(line=LIMIT, fill=colour), text=bound, count=ranks.count(rank))
        for rank, (colour, bound) in enumerate(zip(theme["colours"], theme["bounds"], strict=True))
    ]
    if unknown := sum(rank < 0 for rank in ranks):
        rows.append(Row(key=Key(line=LIMIT, fill="#ffffff", hatching=ABSENT), text=words["no_data"], count=unknown))
    rows += [
        Row(key=Key(line=MARKED, fill="#ffffff"), text=flag["label"], count=len(flag["zones"][period]))
        for flag in theme["flags"]
        if flag["key"] != "is_provisional" and flag["zones"][period]
    ]
    return rows


def _sets(theme: Model, period: int, words: Mapping[str, str]) -> list[Row]:
    members = theme["members"][period]
    rows = [
        Row(key=Key(line=LIMIT, fill=one["colour"]), text=f"{one['name']} ({told})" if told else one["name"])
        for rank, (one, told) in enumerate(zip(theme["sets"], theme["told"][period], strict=True))
        if rank in members
    ]
    if outside := sum(rank < 0 for rank in members):
        rows.append(Row(key=Key(line=LIMIT, fill="#ffffff"), text=words["no_set"], count=outside))
    return rows


def overlay_rows(overlays: list[Model]) -> list[Row]:
    """List the lines, hatchings and signs of the layers that are shown."""
    return [row for overlay in overlays if overlay["shown"] for row in _overlay(overlay)]


def _overlay(overlay: Model) -> list[Row]:
    if overlay["type"] == "places":
        return [Row(key=Key(kind="sign", line=LIMIT, sign=row), text=row["label"]) for row in overlay["legend"]]
    rows = []
    for row in overlay["legend"]:
        own = {"fill": row["line"].get("fill", ""), "opacity": row["line"].get("opacity", 1.0)}
        look: dict[str, Any] = {
            "own": own,
            "hatched": {"hatching": PARK},
            "plain": {"fill": row["line"]["colour"], "opacity": 0.35},
        }.get(overlay.get("fill", "none"), {"kind": "line"})
        rows.append(Row(key=Key(line=row["line"], **look), text=row["label"]))
    return rows


def panels_of(model: Model) -> list[Model]:
    """List what is told beside the map while the page shows what it opens with."""
    first = model["scenes"][0]["panels"] if model["scenes"] else []
    return [*first, *model["panels"]]


def told_rows(grid: Model | None) -> list[tuple[Model, str]]:
    """Tell each row of a small table as a line of text."""
    if grid is None:
        return []
    rows = []
    for row in grid["rows"]:
        cells = zip(grid["columns"], row["cells"], strict=True)
        told = ", ".join(f"{head}\u00a0: {text}" for head, text in cells)
        rows.append((row, f"{row['label']} \u2013 {told}"))
    return rows


def warnings(theme: Model, period: int, words: Mapping[str, str]) -> list[str]:
    """Say what holds for the whole period: it is provisional, or zones have different vintages."""
    told = [
        words["provisional"]
        for flag in theme.get("flags", ())
        if flag["key"] == "is_provisional" and flag["zones"][period]
    ]
    vintage = _vintage(theme, period)
    editions = sorted(set(filter(None, vintage))) if isinstance(vintage, list) else []
    if len(editions) > 1:
        told.append(words["mixed"].format(vintages=", ".join(editions)))
    return told


def origin(theme: Model, period: int, words: Mapping[str, str]) -> str:
    """Name the source of a theme and, where all zones share it, the vintage."""
    vintage = _vintage(theme, period)
    edition = words["vintage"].format(vintage=vintage) if isinstance(vintage, str) and vintage else ""
    return ", ".join(filter(None, (theme["source"], edition)))


def _vintage(theme: Model, period: int) -> str | list[str]:
    """Give the vintage of a period: one text, or one a zone."""
    vintages = theme.get("vintages") or []
    found: str | list[str] = vintages[period] if period < len(vintages) else ""
    return found
