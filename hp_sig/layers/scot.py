"""Which SCoT (schémas de cohérence territoriale) are there, which communes do they cover, and are they approved?

Having the competence is not having a plan: a grouping listed by Banatic or DocUrba has the status `unknown`
until a source or the territory file says that its SCoT is approved.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.crs import LAMBERT93
from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.tables import COMMUNE_CODE, commune_codes, read_table, texts
from hp_sig.layers.vector import finish, multipolygons, nowhere, read_vector

__all__ = ["STATUSES", "read_scot"]

#: `none` is only ever said by a source; absence from a list is `unknown`.
STATUSES = ("approved", "in_progress", "none", "unknown")
TABLES = {".csv", ".txt", ".tsv", ".xlsx"}
YES = ("True", "true", "1", "oui", "O")


def read_scot(
    path: str | Path, *, vintage: str, fields: Mapping[str, str] | None = None, crs: str | None = None
) -> gpd.GeoDataFrame:
    """Read SCoT, as lists of communes or as CNIG perimeters.

    Parameters
    ----------
    path
        One of: a table with a row a commune (`scot_id`, `commune_code`, and if known `scot_name`, `status`,
        `approved_on`); DocUrba's or Banatic's groupings (`siren`, `nom`, `competence_scot`, `membres`); a CNIG
        `PERIMETRE_SCOT` layer, whose neighbours `DOC_URBA` and `DOC_URBA_COM` give name, state and communes.
    vintage
        Edition of the data set.
    fields
        Field → column, where the names are not recognised.
    crs
        Coordinate system to assume where a perimeter states none.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `scot_id`; columns `name`, `status` (`approved`, `in_progress`, `none`, `unknown`), `approved_on` (ISO
        date or missing), `commune_codes` (text, parted by spaces; empty where only a perimeter is known), `geometry`
        (MultiPolygon, EPSG:2154, or none where only a list is known).

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    faults: list[str] = []
    notes: list[str] = []
    if Path(path).suffix.lower() in TABLES:
        table = read_table(path)
        columns = required_fields("scot", table.columns, ("scot_id",), fields, path)
        if "members" in columns:
            scot = _from_groupings(table, columns, faults, notes)
        else:
            columns = required_fields("scot", table.columns, ("scot_id", "commune_code"), fields, path)
            scot = _from_list(table, columns, faults, notes)
    else:
        scot = _from_perimeter(Path(path), fields, crs, faults, notes)
    wrong = sorted(set(scot["status"]) - set(STATUSES))
    if wrong:
        faults.append(f"unknown status {some(wrong)}. Expected one of {', '.join(STATUSES)}.")
    return finish(scot.sort_index(), path, vintage=vintage, faults=faults, notes=notes)


def _layer(rows: pd.DataFrame, geometry: gpd.GeoSeries | None = None) -> gpd.GeoDataFrame:
    rows.index.name = "scot_id"
    shapes = nowhere(rows.index) if geometry is None else geometry
    return gpd.GeoDataFrame(rows[["name", "status", "approved_on", "commune_codes"]], geometry=shapes, crs=LAMBERT93)


def _from_list(
    table: pd.DataFrame, columns: Mapping[str, str], faults: list[str], notes: list[str]
) -> gpd.GeoDataFrame:
    ids = texts(table[columns["scot_id"]])
    rows = pd.DataFrame({"commune_code": commune_codes(table[columns["commune_code"]], faults, notes)})
    for field in ("name", "status", "approved_on"):
        rows[field] = texts(table[columns[field]]) if field in columns else float("nan")
    if ids.isna().any():
        faults.append(f"{int(ids.isna().sum())} rows have no SCoT: {some(rows['commune_code'][ids.isna()])}.")
    groups = rows.groupby(ids, sort=True)
    first = groups[["name", "status", "approved_on"]].first()
    first["name"] = first["name"].where(first["name"].notna(), first.index.to_series())
    first["status"] = first["status"].astype("object").where(first["status"].notna(), "unknown")
    first["commune_codes"] = groups["commune_code"].agg(_joined)
    return _layer(first)


def _from_groupings(
    table: pd.DataFrame, columns: Mapping[str, str], faults: list[str], notes: list[str]
) -> gpd.GeoDataFrame:
    if "competence" in columns:
        table = table[texts(table[columns["competence"]]).isin(YES)]
    ids = texts(table[columns["scot_id"]])
    members = texts(table[columns["members"]]).fillna("").str.split()
    exploded = members.set_axis(ids).explode().dropna()
    is_commune = exploded.str.fullmatch(COMMUNE_CODE.pattern + r"|\d{4}")
    groupings = exploded[~is_commune]
    if len(groupings):
        notes.append(
            f"{groupings.index.nunique()} groupings list other groupings "
            f"as members ({some(groupings.index.unique())}): "
            "the communes behind these are not in this file."
        )
    found = exploded[is_commune].rename("membres")
    codes = commune_codes(found.reset_index(drop=True), faults, notes).set_axis(found.index)
    lists = codes.groupby(level=0).agg(_joined)
    rows = pd.DataFrame({"name": texts(table[columns["name"]]).to_numpy()}, index=pd.Index(ids))
    rows["status"] = "unknown"
    rows["approved_on"] = float("nan")
    rows["commune_codes"] = lists.reindex(rows.index).fillna("")
    if rows.index.has_duplicates:
        faults.append(f"groupings come more than once: {some(rows.index[rows.index.duplicated()].unique())}.")
    return _layer(rows)


def _from_perimeter(
    path: Path, fields: Mapping[str, str] | None, crs: str | None, faults: list[str], notes: list[str]
) -> gpd.GeoDataFrame:
    features = read_vector(path, prefer=("perimetre_scot", "scot"), crs=crs)
    columns = required_fields("scot", features.columns, ("scot_id",), fields, path)
    ids = texts(features[columns["scot_id"]])
    shapes = multipolygons(features, ids, on_invalid="repair", faults=faults, notes=notes)
    if faults:
        raise LayerError(path, faults)
    # A CNIG delivery may cut one perimeter into several rows.
    whole = gpd.GeoDataFrame({"scot_id": ids}, geometry=shapes).dissolve("scot_id")
    geometry = multipolygons(whole, pd.Series(whole.index), on_invalid="repair", faults=faults, notes=notes)
    rows = pd.DataFrame({"name": whole.index, "status": "unknown", "approved_on": float("nan")}, index=whole.index)
    for field in ("name", "status", "approved_on"):
        if field in columns:
            given = texts(features[columns[field]]).groupby(ids.to_numpy()).first()
            rows[field] = given.where(given.notna(), rows[field])
    rows["commune_codes"] = ""
    _add_document(path, rows, notes)
    _add_communes(path, rows, faults, notes)
    return _layer(rows, geometry)


def _add_document(path: Path, rows: pd.DataFrame, notes: list[str]) -> None:
    file = _neighbour(path, "DOC_URBA")
    if file is None:
        return
    document = read_table(file).set_index("IDURBA")
    states = _states()
    for scot_id in rows.index.intersection(document.index):
        entry = document.loc[scot_id]
        rows.loc[scot_id, "name"] = entry.get("NOM") or scot_id
        state = str(entry.get("ETAT"))
        rows.loc[scot_id, "status"] = states.get(state, ("unknown", ""))[0]
        if states.get(state, ("", ""))[0] == "unknown":
            notes.append(f"{scot_id} is {states[state][1]} (ETAT {state}): it does not count as approved.")
        date = str(entry.get("DATAPPRO"))
        if len(date) == 8 and date.isdigit():
            rows["approved_on"] = rows["approved_on"].astype("object")
            rows.loc[scot_id, "approved_on"] = f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _add_communes(path: Path, rows: pd.DataFrame, faults: list[str], notes: list[str]) -> None:
    file = _neighbour(path, "DOC_URBA_COM")
    if file is None:
        return
    table = read_table(file)
    codes = commune_codes(table["INSEE"], faults, notes)
    lists = codes.groupby(texts(table["IDURBA"])).agg(_joined)
    rows["commune_codes"] = lists.reindex(rows.index).fillna("")


def _joined(codes: pd.Series) -> str:
    return " ".join(sorted(set(codes.dropna())))


def _neighbour(path: Path, table: str) -> Path | None:
    """Find a table of the same CNIG delivery: names are `DOC_URBA.dbf` or `200078244_DOC_URBA_20180218.dbf`."""
    for candidate in sorted(path.parent.iterdir()):
        words = [word for word in candidate.stem.upper().split("_") if not word.isdigit()]
        if candidate.suffix.lower() == ".dbf" and "_".join(words) == table:
            return candidate
    return None


@cache
def _states() -> dict[str, tuple[str, str]]:
    """Give the status of each value of ETAT (standard CNIG SCoT 2021, table of document states)."""
    text = (files("hp_sig.reference") / "scot_states.csv").read_text(encoding="utf-8")
    return {row["etat"]: (row["status"], row["label"]) for row in csv.DictReader(text.splitlines())}
