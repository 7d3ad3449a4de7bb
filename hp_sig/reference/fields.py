"""Under which names do producers deliver the fields that we need?

The names live in `fields.toml`; a reader looks its own up here, so that a new layout is a new line of a table.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import cast

__all__ = [
    "default_territory_file",
    "field_candidates",
    "find_fields",
    "first_present",
    "package_file",
    "sample_territory_file",
]


def package_file(name: str) -> Path:
    """Locate one of the tables of the Pays de Haute-Provence that come with the package.

    >>> package_file("communes.csv").name
    'communes.csv'
    """
    return Path(str(files("hp_sig.reference") / "haute_provence" / name))


def default_territory_file() -> Path:
    """Locate the territory file of the Pays de Haute-Provence."""
    return package_file("territory.toml")


def sample_territory_file() -> Path:
    """Locate the territory file of the embedded sample (schematic boundaries)."""
    return Path(str(files("hp_sig") / "layers" / "sample" / "territory.toml"))


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    text = (files("hp_sig.reference") / "fields.toml").read_text(encoding="utf-8")
    return cast("dict[str, dict[str, list[str]]]", tomllib.loads(text))


def field_candidates(layer: str, field: str) -> list[str]:
    """List the names under which a field is delivered, most trustworthy first.

    >>> field_candidates("pnr", "pnr_code")[:2]
    ['pnr_code', 'DRGP_C_COD']
    """
    return list(_table()[layer][field])


def first_present(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """Find the column that the first of some names stands for, whatever the case; None where none does.

    >>> first_present(["ID", "INSEE_COM"], ["code_insee", "insee_com"])
    'INSEE_COM'
    """
    by_name = {column.casefold(): column for column in reversed(list(columns))}
    return next((by_name[name.casefold()] for name in names if name.casefold() in by_name), None)


def known_fields() -> set[str]:
    """Name every field that some reader knows."""
    return {field for fields in _table().values() for field in fields}


def find_fields(layer: str, columns: Iterable[object], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Find which column of a file holds each field of a layer.

    Parameters
    ----------
    layer
        A section of `fields.toml`, such as `communes`.
    columns
        The columns that the file has.
    given
        Field → column, where the producer's names differ; a given column is taken as it is, found or not.

    Returns
    -------
    dict
        Field → column, for the fields that were found.

    Examples
    --------
    >>> find_fields("communes", ["insee_com", "nom_com", "geom"])
    {'commune_code': 'insee_com', 'name': 'nom_com'}
    """
    present = [str(column) for column in columns]
    found: dict[str, str] = {}
    for field, names in _table()[layer].items():
        if given and field in given:
            found[field] = given[field]
            continue
        column = first_present(present, names)
        if column is not None:
            found[field] = column
    return found
