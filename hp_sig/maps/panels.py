"""What is told beside a map: figures, sentences, a small table, bars, and which of them at which view?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hp_sig.maps.overlays import Line, Rows

__all__ = ["Bar", "Grid", "GridRow", "Panel", "Part", "Scene", "panel_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a bar: `amount` sets its width, `label` tells it; hatched in red if it is not certain."""

    label: str
    amount: float
    colour: str
    is_hatched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A whole and its parts, from left to right; without any width the parts are only told."""

    label: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A row of a small table; `key`, if any, is the fill that it has on the map."""

    label: str
    cells: Sequence[str]
    key: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A small table: what its rows are, the head of each further column, the rows."""

    corner: str
    columns: Sequence[str]
    rows: Sequence[GridRow]
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Figures under one heading; whatever is empty is left out.

    Parameters
    ----------
    lead
        The sentence that matters most, written larger, before anything else.
    grid, bars, rows, sentences
        In the order in which they are shown.
    note
        Where the figures come from and what they are worth.
    """

    heading: str
    lead: str = ""
    grid: Grid | None = None
    bars: Sequence[Bar] = ()
    rows: Rows = ()
    sentences: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A view of a map that a reader chooses: which layers are shown, what is told, what is looked at.

    Parameters
    ----------
    label
        What the reader chooses.
    overlays
        Labels of the layers that it shows; it hides those that only other scenes name, and leaves the rest alone.
    panels
        What is told while it is shown, before the panels of the page.
    focus
        What is looked at: west, south, east and north, in metres (EPSG:2154).
    """

    label: str
    overlays: Sequence[str] = ()
    panels: Sequence[Panel] = ()
    focus: tuple[float, float, float, float] | None = None


def panel_model(panel: Panel) -> dict[str, Any]:
    """Lay out a panel as plain data."""
    grid = panel.grid
    return {
        "heading": panel.heading,
        "lead": panel.lead,
        "grid": None
        if grid is None
        else {
            "caption": grid.caption,
            "corner": grid.corner,
            "columns": list(grid.columns),
            "rows": [
                {
                    "label": row.label,
                    "cells": list(row.cells),
                    "key": None if row.key is None else {"fill": row.key.fill, "opacity": row.key.opacity},
                }
                for row in grid.rows
            ],
        },
        "bars": [
            {
                "label": bar.label,
                "parts": [
                    {"label": one.label, "amount": one.amount, "colour": one.colour, "hatched": one.is_hatched}
                    for one in bar.parts
                ],
            }
            for bar in panel.bars
        ],
        "rows": [list(row) for row in panel.rows],
        "sentences": list(panel.sentences),
        "note": panel.note,
    }
