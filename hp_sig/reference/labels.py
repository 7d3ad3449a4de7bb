"""How is a figure or a word shown to a French reader?

Wording lives in `labels.toml`; numbers follow French typography: a narrow no-break space (U+202F) between
thousands, a decimal comma, an en dash where nothing is known.
"""

import math
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, cast

__all__ = ["format_number", "format_quantity", "label", "wording"]

NARROW_NO_BREAK_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
#: Shown where a figure is not known; 0 is shown as 0.
NO_VALUE = "\u2013"


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = (files("hp_sig.reference") / "labels.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def label(column: str) -> str:
    """Give the French label of a column.

    >>> label("commune_count")
    'Communes'
    """
    return cast("str", _table()["columns"][column]["label"])


def wording(section: str, key: str, **values: object) -> str:
    """Give a French wording, its places filled in.

    >>> wording("relation", "sliver")
    'écart de tracé'
    """
    return cast("str", _table()[section][key]).format(**values)


def format_number(value: float | None, decimals: int = 0) -> str:
    """Write a number the French way.

    >>> format_number(150134.338, 1).replace("\u202f", "_")
    '150_134,3'
    >>> format_number(float("nan")) == NO_VALUE
    True
    >>> format_number(0)
    '0'
    """
    if value is None or not math.isfinite(value):
        return NO_VALUE
    text = f"{round(value, decimals) + 0.0:,.{decimals}f}"
    return text.replace(",", NARROW_NO_BREAK_SPACE).replace(".", ",")


def format_quantity(column: str, value: float | None) -> str:
    """Write the figure of a column with its unit, the French way; a share becomes a percentage.

    >>> format_quantity("share_of_zone", 0.139).replace("\u00a0", " ")
    '13,9 %'
    """
    entry = _table()["columns"][column]
    unit = entry.get("unit", "")
    if value is None or not math.isfinite(value):
        return NO_VALUE
    shown = value * 100 if unit == "%" else value
    text = format_number(shown, int(entry.get("decimals", 0)))
    return f"{text}{NO_BREAK_SPACE}{unit}" if unit else text
