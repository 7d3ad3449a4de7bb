"""How is a figure, a word or a whole table shown to a French reader?

Wording lives in `labels.toml`; numbers follow French typography: a narrow no-break space (U+202F) between
thousands, a decimal comma, an en dash where nothing is known.
"""

import math
import re
import tomllib
from collections.abc import Hashable
from functools import cache
from importlib.resources import files
from typing import Any, TypeGuard, TypeVar, cast

import numpy as np
import pandas as pd

from hp_sig.reference.nomenclature import cover_codes, cover_label, use_codes, use_label

__all__ = [
    "NO_BREAK_SPACE",
    "column_format",
    "format_number",
    "format_quantity",
    "in_french",
    "in_unit",
    "label",
    "page_words",
    "wording",
]

Figures = TypeVar("Figures", float, pd.Series, pd.DataFrame)

NARROW_NO_BREAK_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
#: Shown where a figure is not known; 0 is shown as 0.
NO_VALUE = "\u2013"

#: A list of communes carries its year in its name: epci_2015, epci_2015_name.
YEAR = re.compile(r"_((?:19|20)\d{2})(?=_|$)")
#: What joins two values in one cell: the methods of two départements, the two parks of a commune.
JOINTS = re.compile(r"( \+ |; )")
#: Column → section of the wording of its values, where the section is not called as the column.
SECTIONS = {
    **{"status": "trajectory_status", "other_layer": "zone_layer"},
    **{"class_code": "zone_kind", "other_code": "zone_kind"},
}
#: Form of a column → section; the first that fits.
SECTION_FORMS = (
    (re.compile(r"reason_.+"), "reason"),
    (re.compile(r"platform_.+_reason|main_reason"), "platform_reason"),
    (re.compile(r".+_relation"), "relation"),
    (re.compile(r".+_status"), "ratio_status"),
)
#: Columns of codes of the nomenclature OCS GE, which has its own labels.
COVERS = ("cover_code", "cover_before", "cover_after")
USES = ("use_code", "use_before", "use_after")


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = (files("hp_sig.reference") / "labels.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def label(column: str) -> str:
    """Give the French label of a column; the year in the name of a column follows in brackets.

    >>> label("commune_count"), label("epci_2015_name")
    ('Communes', 'EPCI (2015)')
    """
    name, year = _undated(column)
    text = cast("str", _table()["columns"][name]["label"])
    return f"{text} ({year})" if year else text


def column_format(column: str) -> dict[str, Any]:
    """Say how a column is shown: `label`, `unit`, `decimals`, `definition`.

    A column that has no label of ours is called by its name, without unit, with two decimals.

    >>> column_format("sealed_ha")["unit"], column_format("mine")["label"]
    ('ha', 'mine')
    """
    entry = _table()["columns"].get(_undated(column)[0])
    if entry is None:
        return {"label": column, "unit": "", "decimals": 2, "definition": ""}
    return {"unit": "", "decimals": 0, "definition": "", **entry, "label": label(column)}


def wording(section: str, key: str, **values: object) -> str:
    """Give a French wording, its places filled in.

    >>> wording("relation", "sliver")
    'écart de tracé'
    """
    return cast("str", _table()[section][key]).format(**values)


def page_words(*, of_communes: bool) -> dict[str, str]:
    """Give the words that a map's own page fills in; some of them are other ones where its zones are communes."""
    return {**_table()["page"], **(_table()["page_communes"] if of_communes else {})}


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
    # A numpy float rounds another way than its decimals say.
    text = f"{round(float(value), decimals) + 0.0:,.{decimals}f}"
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
    text = format_number(in_unit(value, unit), int(entry.get("decimals", 0)))
    return f"{text}{NO_BREAK_SPACE}{unit}" if unit else text


def in_french(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table as a French reader sees it: headings with their unit, figures and codes as text.

    To be displayed, not computed with: every cell of a column that has a label is a text. A share becomes a
    percentage, a coded value its wording, a code of cover or use its label; what is not known is an en dash.

    Parameters
    ----------
    table
        A table of the results or of an indicator. Columns and levels of the index that have no label in
        `labels.toml` are left as they are.

    Returns
    -------
    pandas.DataFrame
        The same rows and columns, in the same order.

    Examples
    --------
    >>> land = pd.DataFrame({"zone_name": ["Volx"], "sealed_share": [0.125], "method": ["matrix"], "is_mixed": [False]})
    >>> in_french(land).iloc[0].to_dict()
    {'Zone': 'Volx', 'Part imperméabilisée (%)': '12,50', 'Méthode': 'matrice, hors seuils', 'Millésimes mêlés': 'non'}
    """
    shown = pd.DataFrame(table).copy()
    for rank, column in enumerate(table.columns):
        if _is_labelled(column):
            shown.isetitem(rank, pd.array(_texts(column, table.iloc[:, rank]), dtype="str"))
    shown.columns = pd.Index([_heading(column) for column in table.columns], name=_heading(table.columns.name))
    shown.index = _index(table.index)
    return shown


def _index(index: pd.Index) -> pd.Index:
    levels = [index.get_level_values(rank) for rank in range(index.nlevels)]
    told = [
        pd.Index(pd.Series(_texts(level.name, level.to_series()), dtype="str")) if _is_labelled(level.name) else level
        for level in levels
    ]
    names = [_heading(name) for name in index.names]
    return pd.MultiIndex.from_arrays(told, names=names) if len(told) > 1 else told[0].rename(names[0])


def _undated(name: str) -> tuple[str, str]:
    """Part a name and the year that it carries; no year where the name is a label of its own."""
    found = None if name in _table()["columns"] else YEAR.search(name)
    return (name[: found.start()] + name[found.end() :], found[1]) if found else (name, "")


def _is_labelled(column: object) -> TypeGuard[str]:
    return isinstance(column, str) and _undated(column)[0] in _table()["columns"]


def _heading(column: Hashable) -> Hashable:
    if not _is_labelled(column):
        return column
    unit = _table()["columns"][_undated(column)[0]].get("unit")
    return f"{label(column)} ({unit})" if unit else label(column)


def _texts(column: str, values: pd.Series) -> list[str]:
    entry = _table()["columns"][_undated(column)[0]]
    section = _section(column)
    return [_cell(value, column, entry, section) for value in values]


def _cell(value: Any, column: str, entry: dict[str, Any], section: str | None) -> str:  # noqa: ANN401 - a cell
    if pd.isna(value):
        return NO_VALUE
    if isinstance(value, bool | np.bool_):
        return wording("answer", "yes" if value else "no")
    if isinstance(value, str):
        return _worded(value, column, section)
    if "decimals" in entry:
        return format_number(in_unit(float(value), entry.get("unit", "")), int(entry["decimals"]))
    # A year or a rank: no space between thousands.
    return f"{value:.0f}"


def _section(column: str) -> str | None:
    """Name the section that words the values of a column, if they are codes."""
    name = _undated(column)[0]
    if name in SECTIONS:
        return SECTIONS[name]
    if name in _table() and name not in {"columns", "map"}:
        return name
    return next((section for form, section in SECTION_FORMS if form.fullmatch(name)), None)


def _worded(value: str, column: str, section: str | None) -> str:
    """Word a code, or several joined ones; a text that is no code stays as it is."""
    for columns, codes, label_of in ((COVERS, cover_codes, cover_label), (USES, use_codes, use_label)):
        if column in columns and value in codes():
            return f"{label_of(value)} ({value})"
    if section is None:
        return value
    words = _table()[section]
    return "".join(_word(part, words) for part in JOINTS.split(value))


def _word(code: str, words: dict[str, Any]) -> str:
    name, year = (code, "") if code in words else _undated(code)
    text = cast("str", words.get(name, code))
    return f"{text} ({year})" if year and name in words else text


def in_unit(values: Figures, unit: str) -> Figures:
    """Bring shares to percentages where the unit is one.

    >>> in_unit(0.25, "%"), in_unit(0.25, "ha")
    (25.0, 0.25)
    """
    return values * 100 if unit.startswith("%") else values
