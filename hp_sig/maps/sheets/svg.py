"""How does a drawing inside a page say what it shows to somebody who does not see it?"""

from collections.abc import Sequence
from itertools import pairwise

from hp_sig.maps.safety import safe_text

__all__ = ["HATCH_ID", "drawing", "hatch", "line", "rectangle", "text", "text_width"]

#: Prefix of the pattern that each chart defines for itself.
HATCH_ID = "hatch"
#: Width of a character, as a share of its height, in the widest sans serif that a reader may have (DejaVu's digits).
CHARACTER = 0.6


def drawing(name: str, body: str, *, size: tuple[int, int], title: str, desc: str) -> str:
    """Wrap a drawing with its title and what it shows.

    Parameters
    ----------
    name
        Identifier, unique on the page.
    body
        SVG of this package.
    size
        Width and height of its own units.
    title, desc
        Texts, escaped here.
    """
    width, height = size
    return (
        f'<svg class="{name}" role="img" viewBox="0 0 {width} {height}" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{safe_text(title)}</title><desc id="{name}-desc">{safe_text(desc)}</desc>'
        f"{body}</svg>"
    )


def hatch(name: str, colour: str) -> str:
    """Define the hatching of a chart: a bar that reads apart in black and white."""
    return (
        f'<defs><pattern id="{HATCH_ID}-{name}" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/><rect width="2" height="5" '
        f'fill="{colour}"/></pattern></defs>'
    )


def rectangle(box: Sequence[float], *, fill: str, stroke: str = "none", dash: str = "") -> str:
    """Draw a rectangle from x, y, width and height."""
    x, y, width, height = box
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" fill="{fill}" '
        f'stroke="{stroke}"{dashed}/>'
    )


def line(points: Sequence[tuple[float, float]], *, colour: str, width: float = 1.0, dash: str = "") -> str:
    """Draw a broken line through points."""
    if not any(True for _ in pairwise(points)):
        return ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def text(words: str, at: tuple[float, float], *, anchor: str = "start", size: float = 11, kind: str = "") -> str:
    """Write a text, escaped here.

    Parameters
    ----------
    words, at
        The text, and where its base line starts, has its middle or ends.
    anchor
        `start`, `middle` or `end`.
    size
        In units of the drawing.
    kind
        A class of the style sheet.
    """
    named = f' class="{kind}"' if kind else ""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:g}"{anchored}{named}>{safe_text(words)}</text>'


def text_width(words: str, size: float = 11) -> float:
    """Estimate how wide a text is, in units of the drawing."""
    return CHARACTER * size * len(words)
