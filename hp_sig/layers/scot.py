"""Which SCoT (schémas de cohérence territoriale) are there, which communes do they cover, and are they approved?

Having the competence is not having a plan: a grouping listed by Banatic or DocUrba has the status `unknown`
until a source or the territory file says that its SCoT is approved.
"""

import csv
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import pandas as pd

from hp_sig.crs import LAMBERT93
from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.tables import COMMUNE_CODE, TABLES, commune_codes, read_table, texts
from hp_sig.layers.vector import finish, multipolygons, nowhere, read_vector

__all__ = ["STATUSES", "read_scot"]

#: `none` is only ever said by a source; absence from a list is `unknown`.
STATUSES = ("approved", "in_progress", "none", "unknown")
YES = ("True", "true", "1", "oui", "O")


def read_scot(
    path: str | Path,
    *,
    vintage: str,
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
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
    crs, layer
        Coordinate system to assume where a perimeter states none; layer of a file that has several.

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
        scot = _from_perimeter(Path(path), fields, crs, layer, faults, notes)
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
    for field in ("name", "status", "approved_on"):
        several = groups[field].nunique()
        if (several > 1).any():
            faults.append(
                f"the rows of {some(several.index[several > 1])} disagree on « {field} ». Give it one value each."
            )
    first = groups[["name", "status", "approved_on"]].first()
    first["name"] = first["name"].where(first["name"].notna(), first.index.to_series())
    first["status"] = first["status"].astype("object").where(first["status"].notna(), "unknown")
    first["commune_codes"] = groups["commune_code"].agg(_joined)
    return _layer(first)


def _from_groupings(
    table: pd.DataFrame, columns: Mapping[str, str], faults: list[str], notes: list[str]
) -> gpd.GeoDataFrame:
    if "competence" in columns:
        said = texts(table[columns["competence"]])
        table = table[said.isin(YES)]
        if table.empty:
            faults.append(
                f"no grouping has the competence: the column {columns['competence']!r} holds {some(said.unique())}, "
                f"expected one of {', '.join(YES)} for those that have it."
            )
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
    path: Path,
    fields: Mapping[str, str] | None,
    crs: str | None,
    layer: str | None,
    faults: list[str],
    notes: list[str],
) -> gpd.GeoDataFrame:
    features = read_vector(path, layer=layer, prefer=("perimetre_scot", "scot"), crs=crs)
    columns = required_fields("scot", features.columns, ("scot_id",), fields, path)
    ids = texts(features[columns["scot_id"]])
    if ids.isna().any():
        faults.append(f"{int(ids.isna().sum())} perimeters have no identifier in the column {columns['scot_id']!r}.")
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
    _add_document(path, rows, faults, notes)
    _add_communes(path, rows, faults, notes)
    return _layer(rows, geometry)


def _add_document(path: Path, rows: pd.DataFrame, faults: list[str], notes: list[str]) -> None:
    """Take name, status and date of approval from the delivery's DOC_URBA, where it has one."""
    table = _neighbour(path, "DOC_URBA", ("IDURBA",), faults)
    if table is None:
        return
    documents = table.assign(IDURBA=texts(table["IDURBA"])).dropna(subset="IDURBA")
    documents = documents[documents["IDURBA"].isin(rows.index)]
    require_unique(documents["IDURBA"], "documents of DOC_URBA", faults)
    documents = documents.drop_duplicates("IDURBA").set_index("IDURBA").reindex(rows.index)
    if "NOM" in documents:
        rows["name"] = documents["NOM"].where(documents["NOM"].notna(), rows["name"])
    if "DATAPPRO" in documents:
        # Written 20180709, or as a date where the DBF field is one.
        days = documents["DATAPPRO"].astype("str").str.extract(r"^(\d{4})-?(\d{2})-?(\d{2})")
        approved = (days[0] + "-" + days[1] + "-" + days[2]).where(days[0].notna())
        rows["approved_on"] = approved.where(approved.notna(), rows["approved_on"])
    if "ETAT" in documents:
        states = _states()
        status = {state: status for state, (status, _) in states.items()}
        rows["status"] = documents["ETAT"].map(status).fillna("unknown")
        for scot_id, state in documents["ETAT"][rows["status"] == "unknown"].dropna().items():
            label = states[state][1] if state in states else "in a state that is not known"
            told = f"{label} (ETAT {state})"
            notes.append(f"{scot_id} is {told}: it does not count as approved.")


def _add_communes(path: Path, rows: pd.DataFrame, faults: list[str], notes: list[str]) -> None:
    """Take the list of communes from the delivery's DOC_URBA_COM, where it has one."""
    table = _neighbour(path, "DOC_URBA_COM", ("IDURBA", "INSEE"), faults)
    if table is None:
        return
    codes = commune_codes(table["INSEE"], faults, notes)
    lists = codes.groupby(texts(table["IDURBA"])).agg(_joined)
    rows["commune_codes"] = lists.reindex(rows.index).fillna("")


def _joined(codes: pd.Series) -> str:
    return " ".join(sorted(set(codes.dropna())))


def _neighbour(path: Path, name: str, needed: Collection[str], faults: list[str]) -> pd.DataFrame | None:
    """Read a table of the same CNIG delivery: its name is `DOC_URBA.dbf` or `200078244_DOC_URBA_20180218.dbf`."""
    for candidate in sorted(path.parent.iterdir()):
        words = [word for word in candidate.stem.upper().split("_") if not word.isdigit()]
        if candidate.suffix.lower() == ".dbf" and "_".join(words) == name:
            table = read_table(candidate)
            absent = [column for column in needed if column not in table.columns]
            if absent:
                found = ", ".join(table.columns)
                faults.append(f"{candidate.name}: expected the columns {some(absent)}, found {found}. Copy it again.")
                return None
            return table
    return None


@cache
def _states() -> dict[str, tuple[str, str]]:
    """Give the status of each value of ETAT (standard CNIG SCoT 2021, table of document states)."""
    text = (files("hp_sig.reference") / "scot_states.csv").read_text(encoding="utf-8")
    return {row["etat"]: (row["status"], row["label"]) for row in csv.DictReader(text.splitlines())}
