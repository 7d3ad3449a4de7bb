"""Which communes are there, and where are their boundaries?"""

import logging
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.files import require_readable
from hp_sig.layers.tables import commune_codes, read_table, texts
from hp_sig.layers.vector import OnInvalid, finish, multipolygons, read_vector
from hp_sig.reference.fields import field_candidates, find_fields

__all__ = ["read_commune_list", "read_communes", "read_movements", "reconcile_communes"]

log = logging.getLogger(__name__)


def read_communes(
    path: str | Path,
    *,
    vintage: str,
    layer: str | None = None,
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read commune boundaries: Admin Express v3 or v4, GEOFLA, `code`/`nom` GeoJSON, any format of pyogrio.

    Parameters
    ----------
    path
        The file.
    vintage
        Edition of the data set, kept in `attrs`.
    layer
        Layer of the file; by default the only one, or the one called `commune`.
    fields
        Field → column, where the names are not recognised: `commune_code`, `name`, `population`.
    crs
        Coordinate system to assume where the file states none.
    on_invalid
        `repair` (structure method, counted in the notes) or `raise`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `commune_code` (text, sorted, unique); columns `name`, `departement_code`, `population`
        (inhabitants, NaN where unknown), `geometry` (MultiPolygon, EPSG:2154). What was put right is told in
        `attrs["notes"]`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    features = read_vector(path, layer=layer, prefer=("commune", "communes", "COMMUNE"), crs=crs)
    faults: list[str] = []
    notes: list[str] = []
    columns = required_fields("communes", features.columns, ("commune_code", "name"), fields, path)
    codes = commune_codes(features[columns["commune_code"]], faults, notes)
    names = texts(features[columns["name"]])
    if names.isna().any():
        faults.append(f"{int(names.isna().sum())} communes have no name: {some(codes[names.isna()])}.")
    require_unique(codes, "commune codes", faults)
    communes = gpd.GeoDataFrame(
        {
            "name": names.map(_normalised, na_action="ignore"),
            "departement_code": codes.str[:2],
            "population": _population(features, columns, notes),
        },
        geometry=multipolygons(features, codes, on_invalid=on_invalid, faults=faults, notes=notes),
    )
    communes.index = pd.Index(codes, name="commune_code")
    return finish(communes.sort_index(), path, vintage=vintage, faults=faults, notes=notes)


def _normalised(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _population(features: gpd.GeoDataFrame, columns: Mapping[str, str], notes: list[str]) -> pd.Series:
    unknown = pd.Series(float("nan"), index=features.index)
    if "population" not in columns:
        return unknown
    population = pd.to_numeric(features[columns["population"]], errors="coerce").astype("float64")
    known = population.dropna()
    if (known != known.round()).any():
        notes.append("population was left out: it is not in whole inhabitants (GEOFLA gives thousands).")
        return unknown
    return population


def required_fields(
    layer: str,
    columns: Collection[object],
    needed: Collection[str],
    given: Mapping[str, str] | None,
    path: str | Path,
    remedy: str = "Name it with « fields = { … } ».",
) -> dict[str, str]:
    """Find the columns of a layer, or say which are missing, what was looked for and what to do.

    Raises
    ------
    LayerError
        If a needed field is not found, or a given column does not exist.
    """
    found = find_fields(layer, columns, given)
    absent = [
        f"the column {name!r} that was given for « {field} »" for field, name in found.items() if name not in columns
    ]
    absent += [
        f"a column for « {field} » (known names: {', '.join(field_candidates(layer, field))})"
        for field in needed
        if field not in found
    ]
    if absent:
        present = ", ".join(str(column) for column in columns)
        faults = [f"expected {what}; found the columns {present}. {remedy}" for what in absent]
        raise LayerError(path, faults)
    return found


def require_unique(codes: pd.Series, what: str, faults: list[str]) -> None:
    """Add a fault if a code comes twice."""
    twice = codes[codes.duplicated() & codes.notna()].unique()
    if len(twice):
        faults.append(f"{len(twice)} {what} come more than once: {some(twice)}. Keep one row each (dissolve in QGIS).")


def read_commune_list(path: str | Path) -> pd.Series:
    """Read the list of communes that makes a territory.

    Parameters
    ----------
    path
        A table with `commune_code` and `name`.

    Returns
    -------
    pandas.Series
        `name` by `commune_code`, sorted.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    table = read_table(path)
    columns = required_fields("commune_list", table.columns, ("commune_code",), None, path)
    faults: list[str] = []
    notes: list[str] = []
    codes = commune_codes(table[columns["commune_code"]], faults, notes)
    require_unique(codes, "commune codes", faults)
    if faults:
        raise LayerError(path, faults)
    names = texts(table[columns["name"]]).fillna("") if "name" in columns else pd.Series("", index=table.index)
    return pd.Series(
        names.to_numpy(), index=pd.Index(codes, name="commune_code"), name="name", dtype="str"
    ).sort_index()


def read_movements(path: str | Path) -> pd.DataFrame:
    """Read a table of renames and merges of communes.

    Parameters
    ----------
    path
        A table with the columns `year`, `kind` (`rename` or `merge`), `code_before`, `name_before`, `code_after`,
        `name_after`.

    Returns
    -------
    pandas.DataFrame
        The same columns as text, codes put right.
    """
    table = read_table(require_readable(path))
    needed = ("year", "kind", "code_before", "name_before", "code_after", "name_after")
    columns = required_fields("movements", table.columns, needed, None, path)
    faults: list[str] = []
    notes: list[str] = []
    movements = table[[columns[field] for field in needed]].set_axis(list(needed), axis="columns")
    for column in ("code_before", "code_after"):
        movements[column] = commune_codes(movements[column], faults, notes)
    if faults:
        raise LayerError(path, faults)
    return movements


def reconcile_communes(
    communes: gpd.GeoDataFrame, expected: pd.Series, movements: pd.DataFrame | None, *, path: str | Path
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Keep the communes of the territory; tell who was renamed, refuse to lose who was merged.

    Parameters
    ----------
    communes
        Boundaries, of any vintage.
    expected
        Names of the territory's communes at its `cog_year`, indexed by `commune_code`; an empty name is unknown.
    movements
        Renames and merges between COG years, from :func:`read_movements`.
    path
        The boundaries' file, for the message.

    Returns
    -------
    communes
        The rows of the territory, in the order of the codes.
    notes
        One sentence for each rename.

    Raises
    ------
    LayerError
        If a commune has no boundary; where it was merged, the message says into which one and when.
    """
    absent = expected.index.difference(communes.index)
    faults = [_absence(str(code), str(expected[code]), communes, movements) for code in absent]
    if faults:
        raise LayerError(path, faults)
    selected = communes.loc[expected.index.sort_values()].copy()
    notes = []
    for code, name in expected.items():
        found = str(selected.at[code, "name"])
        if name and _folded(str(name)) != _folded(found):
            year = _rename_year(str(code), movements)
            notes.append(
                f"{code} « {name} » is called « {found} » in this file{f' (renamed in {year})' if year else ''}."
            )
    return selected, notes


def _absence(code: str, name: str, communes: gpd.GeoDataFrame, movements: pd.DataFrame | None) -> str:
    if movements is not None:
        merged = movements[(movements["code_before"] == code) & (movements["code_after"] != code)]
        for row in merged.itertuples():
            where = "present in this file" if row.code_after in communes.index else "absent from this file too"
            return (
                f"{code} {name} was merged into {row.code_after} {row.name_after} in {row.year} ({where}). Give "
                "boundaries of an earlier vintage, or change the territory's list of communes and its cog_year."
            )
    return f"{code} {name} is not in this file, and no movement of communes explains it. Check vintage and coverage."


def _rename_year(code: str, movements: pd.DataFrame | None) -> str | None:
    if movements is None:
        return None
    renames = movements[(movements["code_before"] == code) & (movements["code_after"] == code)]
    return str(renames["year"].iloc[-1]) if len(renames) else None


def _folded(name: str) -> str:
    """Compare names without case, accents, hyphens and apostrophes: GEOFLA writes 'SAINT-MAIME'.

    >>> _folded("Saint-Étienne-les-Orgues") == _folded("SAINT ETIENNE LES ORGUES")
    True
    """
    plain = unicodedata.normalize("NFKD", name.casefold().replace("œ", "oe"))
    return "".join(letter for letter in plain if letter.isalnum())
