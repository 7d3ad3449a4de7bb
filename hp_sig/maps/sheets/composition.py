"""What is the land of a zone covered with, at the latest vintage?"""

from collections.abc import Sequence

from hp_sig.maps.sheets.figures import told_years
from hp_sig.maps.sheets.portrait import Portrait, number
from hp_sig.maps.sheets.sentences import amount_told
from hp_sig.maps.sheets.svg import drawing, rectangle, text, text_width
from hp_sig.reference.labels import NO_BREAK_SPACE, wording
from hp_sig.reference.nomenclature import colour, cover_label, roll_up

__all__ = ["composition_chart", "covers"]

WIDTH, ROW = 400, 17
#: Classes are shown at this level of the nomenclature: ten of them, for fourteen at the last one.
LEVEL = 3
BAR_LEFT, BAR_RIGHT, SIZE = 176.0, 270.0, 10.5
#: Between the name of a class and its bar.
GAP = 4.0
INK = "#333"


def covers(portrait: Portrait) -> dict[str, tuple[float, float]]:
    """Sum the area (hectares) and the share of each class of cover that the zone has, in the order of the nomenclature.

    Empty where nothing is known of it.
    """
    sums: dict[str, tuple[float, float]] = {}
    for row in portrait.covers:
        if not isinstance(row["class_code"], str) or not number(row, "area_ha") > 0:
            continue
        code = roll_up(row["class_code"], LEVEL)
        area, share = sums.get(code, (0.0, 0.0))
        sums[code] = (area + number(row, "area_ha"), share + number(row, "share"))
    return dict(sorted(sums.items()))


def composition_chart(portrait: Portrait) -> str:
    """Draw a bar a class of cover, its name on the left, its area and share on the right.

    Parameters
    ----------
    portrait
        A zone whose cover is known.
    """
    found = covers(portrait)
    most = max(share for _, share in found.values())
    parts = []
    for rank, (code, (area, share)) in enumerate(found.items()):
        base = ROW * rank + 13
        width = (BAR_RIGHT - BAR_LEFT) * share / most
        parts.append(text(_short(code), (0, base), size=SIZE))
        parts.append(rectangle((BAR_LEFT, base - 10, max(width, 1.0), 12), fill=colour(code), stroke=INK))
        parts.append(text(_told(area, share), (BAR_LEFT + width + 6, base), size=SIZE, kind="value"))
    year = told_years(portrait.stock)
    return drawing(
        "cover",
        "".join(parts),
        size=(WIDTH, ROW * len(found) + 4),
        title=wording("sheet", "chart_cover", year=year, name=portrait.name),
        desc=wording("sheet", "chart_cover_desc", values=_listed(found)),
    )


def _short(code: str) -> str:
    """Name a class without its examples, in as many of its words as its column has room for."""
    words = cover_label(code).split(" (")[0].split()
    name = " ".join(words)
    while text_width(name, SIZE) > BAR_LEFT - GAP:
        # « et » or « à » alone tells nothing.
        words = words[: -2 if len(words[-2]) <= len("et") else -1]
        name = f"{' '.join(words)}…"
    return name


def _told(area: float, share: float) -> str:
    return f"{amount_told('area_ha', area)} · {amount_told('share_of_zone', share)}"


def _listed(found: dict[str, tuple[float, float]]) -> str:
    told: Sequence[str] = [
        wording(
            "sheet",
            "chart_cover_value",
            label=cover_label(code),
            area=amount_told("area_ha", area),
            share=amount_told("share_of_zone", share),
        )
        for code, (area, share) in found.items()
    ]
    return f"{NO_BREAK_SPACE}; ".join(told)
