"""What do the codes of land cover and use mean, and which of them are artificialised or sealed?

The tables are in `land_cover/`, each with its source in the README there; they are read once and checked.
Artificialised: art. L. 101-2-1 and annex to art. R. 101-1 du code de l'urbanisme (décret 2023-1096), by the passage
table of IGN, without the thresholds of area (« hors seuils »).
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from hp_sig.errors import LayerError, some

__all__ = [
    "LAND_CLASSES",
    "artificialised_pairs",
    "colour",
    "corine_classes",
    "cover_codes",
    "cover_label",
    "decree_categories",
    "read_matrix",
    "roll_up",
    "sealed_covers",
    "use_codes",
    "use_label",
    "zone_kinds",
]

#: The classes that a coarser or local survey of land is told in: those of CORINE's first level, forest apart.
LAND_CLASSES = ("artificial", "agricultural", "natural", "forest", "wetland", "water")

Rows = list[dict[str, str]]


def cover_codes() -> tuple[str, ...]:
    """List the 14 codes of cover (couverture) that a polygon may have.

    >>> len(cover_codes()), cover_codes()[0]
    (14, 'CS1.1.1.1')
    """
    return _leaves("covers")


def use_codes() -> tuple[str, ...]:
    """List the 20 codes of use (usage) that a polygon may have.

    >>> len(use_codes()), use_codes()[0]
    (20, 'US1.1')
    """
    return _leaves("uses")


def cover_label(code: str) -> str:
    """Give the French label of a code of cover, of any level.

    Raises
    ------
    ValueError
        If there is no such code.

    Examples
    --------
    >>> cover_label("CS1.1.1.1")
    'Zones bâties'
    """
    return _entry("covers", code)["label"]


def use_label(code: str) -> str:
    """Give the French label of a code of use, of any level.

    Raises
    ------
    ValueError
        If there is no such code.

    Examples
    --------
    >>> use_label("US1.1")
    'Agriculture'
    """
    return _entry("uses", code)["label"]


def colour(code: str) -> str:
    """Give the colour that IGN draws a code of cover or use in, as `#rrggbb`.

    Raises
    ------
    ValueError
        If there is no such code.

    Examples
    --------
    >>> colour("CS1.2.2")
    '#00ccf2'
    """
    return _entry("uses" if code.startswith("US") else "covers", code)["colour"]


def roll_up(code: str, level: int) -> str:
    """Give the code of a higher level that holds a code of cover or use; itself where it is not that deep.

    Raises
    ------
    ValueError
        If there is no such code, or the level is not 1 or more.

    Examples
    --------
    >>> [roll_up("CS1.1.2.1", level) for level in (1, 2, 3, 4)]
    ['CS1', 'CS1.1', 'CS1.1.2', 'CS1.1.2.1']
    >>> roll_up("US235", 1)
    'US235'
    """
    _entry("uses" if code.startswith("US") else "covers", code)
    if level < 1:
        message = f"level: 1 or more expected, found {level!r}."
        raise ValueError(message)
    return ".".join(code.split(".")[:level])


def sealed_covers() -> frozenset[str]:
    """Name the covers that are sealed (imperméables): categories 1 and 2 of the annex to art. R. 101-1.

    >>> sorted(sealed_covers())
    ['CS1.1.1.1', 'CS1.1.1.2']
    """
    return frozenset(code for code, row in _codes("covers").items() if row["is_sealed"] == "1")


def artificialised_pairs() -> frozenset[tuple[str, str]]:
    """Name the 105 pairs (cover, use) that are artificialised, of the 280 there are, without any threshold of area.

    >>> len(artificialised_pairs()), ("CS1.1.2.1", "US1.3") in artificialised_pairs()
    (105, False)
    """
    return _matrix()


def decree_categories() -> pd.DataFrame:
    """List the ten legal categories of land, with their thresholds in square metres.

    Returns
    -------
    pandas.DataFrame
        Index `category` (1 to 10, as in the annex to art. R. 101-1); `is_artificialised`, `min_area_m2`, `measured_on`,
        `definition` (French, shortened).

    Examples
    --------
    >>> decree_categories()["min_area_m2"].head(2).tolist()
    [50.0, 2500.0]
    """
    table = pd.DataFrame(_rows("decree_categories")).set_index("category").rename(index=int)
    return table.assign(
        is_artificialised=table["is_artificialised"] == "1", min_area_m2=table["min_area_m2"].astype("float64")
    )


def corine_classes() -> pd.DataFrame:
    """List the 44 classes of CORINE Land Cover.

    Returns
    -------
    pandas.DataFrame
        Index `code` (three digits, text); `land_class` (one of :data:`LAND_CLASSES`), `label` (French). Our choices:
        231 (prairies) is agricultural, 141 and 142 (urban green, sports and leisure) are artificial.

    Examples
    --------
    >>> corine_classes().loc[["142", "231"], "land_class"].tolist()
    ['artificial', 'agricultural']
    """
    return pd.DataFrame(_rows("corine")).set_index("code")


def zone_kinds(field: str) -> Mapping[str, str]:
    """Map the codes of a kind of planning document to the kinds of zone that results speak of.

    Parameters
    ----------
    field
        `typezone` (ZONE_URBA, PLU) or `typesect` (SECTEUR_CC, carte communale).

    Examples
    --------
    >>> zone_kinds("typezone")["AUc"], zone_kinds("typesect")["03"]
    ('AU', 'CC_non_constructible')
    """
    return {row["code"]: row["zone_kind"] for row in _rows("zone_kinds") if row["field"] == field}


def read_matrix(path: str | Path) -> frozenset[tuple[str, str]]:
    """Read which pairs (cover, use) are artificialised; every pair must be told once.

    Parameters
    ----------
    path
        A CSV with `cover_code`, `use_code`, `is_artificialised` (0 or 1).

    Raises
    ------
    LayerError
        One error that lists every fault: pairs that are missing, come twice or are not of the nomenclature, values that
        are neither 0 nor 1.
    """
    rows = _read(Path(path))
    pairs = [(row["cover_code"], row["use_code"]) for row in rows]
    expected = {(cover, use) for cover in cover_codes() for use in use_codes()}
    faults = []
    if missing := sorted(expected - set(pairs)):
        faults.append(f"{len(expected)} pairs expected, {len(missing)} are missing: {some(missing)}.")
    if unknown := sorted(set(pairs) - expected):
        faults.append(f"{len(unknown)} pairs are not of the nomenclature: {some(unknown)}.")
    if twice := sorted({pair for pair in pairs if pairs.count(pair) > 1}):
        faults.append(f"{len(twice)} pairs come more than once: {some(twice)}. Keep one row each.")
    if wrong := sorted({row["is_artificialised"] for row in rows} - {"0", "1"}):
        faults.append(f"0 or 1 expected in « is_artificialised », found {some(wrong)}.")
    if faults:
        raise LayerError(path, faults)
    return frozenset(pair for pair, row in zip(pairs, rows, strict=True) if row["is_artificialised"] == "1")


@cache
def _matrix() -> frozenset[tuple[str, str]]:
    return read_matrix(_file("matrix"))


@cache
def _leaves(axis: str) -> tuple[str, ...]:
    return tuple(code for code, row in _codes(axis).items() if row["is_leaf"] == "1")


@cache
def _codes(axis: str) -> Mapping[str, dict[str, str]]:
    return MappingProxyType({row["code"]: row for row in _rows(axis)})


def _entry(axis: str, code: str) -> dict[str, str]:
    codes = _codes(axis)
    if code not in codes:
        message = f"{code!r} is not a code of {axis[:-1]}; known: {some(codes)}."
        raise ValueError(message)
    return codes[code]


@cache
def _rows(name: str) -> Rows:
    return _read(_file(name))


def _file(name: str) -> Path:
    return Path(str(files("hp_sig.reference") / "land_cover" / f"{name}.csv"))


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
