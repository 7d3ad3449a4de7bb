"""What does a reader see of a thing that they point at: its name, and a few labelled facts?"""

from collections.abc import Sequence

import folium

from hp_sig.maps.safety import safe_text

__all__ = ["card", "card_tooltip"]


def card(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Write a card as HTML; every text is escaped here.

    Parameters
    ----------
    title
        The name of the thing.
    rows
        Label and value of each fact.

    Examples
    --------
    >>> card("Volx", [("Code INSEE", "04245")])
    '<b>Volx</b><dl><dt>Code INSEE</dt><dd>04245</dd></dl>'
    """
    lines = "".join(f"<dt>{safe_text(name)}</dt><dd>{safe_text(value)}</dd>" for name, value in rows)
    return f"<b>{safe_text(title)}</b><dl>{lines}</dl>"


def card_tooltip() -> folium.GeoJsonTooltip:
    """Show the property `card` of a feature, made by :func:`card`."""
    return folium.GeoJsonTooltip(fields=["card"], labels=False, sticky=True, class_name="hp-card")
