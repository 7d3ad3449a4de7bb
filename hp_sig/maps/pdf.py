"""How does a page become a sheet of paper: A3, landscape, in Lambert-93, drawn without any browser?

The sheet shows what the page prints: the same classes, colours, bounds, counts, warnings, sources.
"""

import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hp_sig.errors import OutputError
from hp_sig.maps.model import opening, page_model
from hp_sig.maps.page import Page
from hp_sig.whole import write_whole

if TYPE_CHECKING:
    from hp_sig.maps.engine import PageMap

__all__ = ["map_pdf"]

log = logging.getLogger(__name__)


def map_pdf(page: "Page | PageMap", path: str | Path, *, theme: int | str = 0, period: str | None = None) -> Path:
    """Draw a page on one A3 sheet, as PDF.

    Parameters
    ----------
    page
        A page, or a map of ours (not any other folium map).
    path
        The PDF file.
    theme
        What colours the zones: its rank among the page's themes, or its column (`"enaf_consumption_ha"`).
    period
        One of the theme's periods, as the page names it (`"2020"`); by default the one that the page shows first.

    Returns
    -------
    pathlib.Path
        The file. Its bytes are the same for the same page and the same matplotlib.

    Raises
    ------
    ValueError
        If the page has no such theme, or the theme no such period.
    OutputError
        If the file cannot be written; nothing is left half-written.
    """
    file = Path(path)
    if file.suffix.lower() != ".pdf":
        message = f"{file}: a file that ends with .pdf expected."
        raise OutputError(message)
    model = page_model(page) if isinstance(page, Page) else getattr(page, "model", None)
    if model is None:
        message = "page: a page or a map of hp_sig expected, found another map. Print it from a browser."
        raise ValueError(message)
    number, rank = opening(model["themes"], theme, period)
    chosen = model["themes"][number] if model["themes"] else None
    content = _drawn(model, chosen, rank)
    write_whole(file, content)
    log.info("wrote %s: %d kB", file.name, len(content) // 1000)
    return file


def _drawn(model: Mapping[str, Any], theme: Mapping[str, Any] | None, period: int) -> bytes:
    # Only here: matplotlib takes long to load.
    from hp_sig.maps.layout import draw_sheet  # noqa: PLC0415

    content = io.BytesIO()
    draw_sheet(content, model, theme, period)
    return content.getvalue()
