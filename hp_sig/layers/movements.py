"""Which communes merged, split, changed their name or their code, and when?

Two layouts are read: the events on communes of INSEE (`v_mvt_commune_2025.csv`) and the project's own small table.
"""

import logging
import re
from pathlib import Path

import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.files import require_readable
from hp_sig.layers.tables import commune_codes, read_table, texts

__all__ = ["read_cog_movements"]

log = logging.getLogger(__name__)

COLUMNS = ["date", "kind", "code_before", "name_before", "code_after", "name_after"]

#: Types of event (MOD) of the Code officiel géographique, INSEE, list of values of the files to download: 10 change of
#: name, 20 creation, 21 re-establishment, 30 suppression, 31 simple merger, 32 commune nouvelle, 33 merger with
#: association, 41 new code by change of département, 50 new code by transfer of the chef-lieu. Those that only change
#: the rank of an associated or delegated commune are a `status`: 34, 35, 70, 71, 72.
KINDS = {
    **{"10": "rename", "20": "split", "21": "split", "30": "split", "31": "merge", "32": "merge", "33": "merge"},
    **{"34": "status", "35": "status", "41": "recode", "50": "recode", "70": "status", "71": "status", "72": "status"},
}
#: Kinds of the project's own table.
OWN_KINDS = ("rename", "merge", "split", "recode")
#: Columns of INSEE's file that are read; upper case since 2022, lower case before.
INSEE = ("mod", "date_eff", "typecom_av", "com_av", "libelle_av", "typecom_ap", "com_ap", "libelle_ap")
#: INSEE: a commune, neither associated (COMA), delegated (COMD) nor an arrondissement (ARM).
COMMUNE = "COM"
DATE_FORMATS = {r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d", r"\d{2}/\d{2}/\d{4}": "%d/%m/%Y"}
YEAR = re.compile(r"(?:19|20)\d{2}")


def read_cog_movements(path: str | Path) -> pd.DataFrame:
    """Read the movements of communes: merges, splits, changes of name and of code.

    Parameters
    ----------
    path
        The « événements sur les communes » of INSEE's Code officiel géographique (MOD, DATE_EFF, TYPECOM_AV, COM_AV,
        LIBELLE_AV, TYPECOM_AP, COM_AP, LIBELLE_AP, in either case; what is not of a commune on both sides is left
        out), or a table with `year`, `kind` (`rename`, `merge`, `split`, `recode`), `code_before`, `name_before`,
        `code_after`, `name_after`. In the latter the year is that of the first list of communes, at 1 January, where
        the movement is seen; a split has one row for each part, the one that keeps the code included; the commune
        whose code a merger keeps may be left out.

    Returns
    -------
    pandas.DataFrame
        One row for each commune before and commune after, by date: `date` (of effect), `kind` (`rename`, `merge`,
        `split`, `recode`, `status`), `code_before`, `name_before`, `code_after`, `name_after` (names missing where
        they are). A commune that goes on with its code in a merger or a split has its own row, `code_before` equal to
        `code_after`. What was put right is told in `attrs["notes"]`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    table = read_table(require_readable(path))
    lower = {str(column).casefold(): str(column) for column in table.columns}
    faults: list[str] = []
    notes: list[str] = []
    if {"mod", "date_eff"} & set(lower):
        movements = _read_insee(table, lower, path, faults, notes)
    else:
        movements = _read_own(table, path, faults, notes)
    if faults:
        raise LayerError(path, faults)
    movements = movements.drop_duplicates(["date", "kind", "code_before", "code_after"])
    movements = movements.sort_values(["date", "code_before", "code_after"], kind="stable").reset_index(drop=True)
    movements.attrs["notes"] = notes
    log.info("read %s: %d movements of communes", path, len(movements))
    return movements


def _read_insee(
    table: pd.DataFrame, lower: dict[str, str], path: str | Path, faults: list[str], notes: list[str]
) -> pd.DataFrame:
    absent = [name.upper() for name in INSEE if name not in lower]
    if absent:
        fault = (
            f"expected the columns {some(absent)} of INSEE's « événements sur les communes », found "
            f"{', '.join(map(str, table.columns))}. Download the file again."
        )
        raise LayerError(path, [fault])
    cells = pd.DataFrame({name: texts(table[lower[name]]) for name in INSEE})
    cells = cells[(cells["typecom_av"] == COMMUNE) & (cells["typecom_ap"] == COMMUNE)]
    if cells.empty:
        raise LayerError(path, ["expected movements of communes (TYPECOM_AV and TYPECOM_AP « COM »), found none."])
    keeps_code = cells["com_av"] == cells["com_ap"]
    unknown = ~cells["mod"].isin(list(KINDS))
    if (unknown & ~keeps_code).any():
        faults.append(
            f"{int((unknown & ~keeps_code).sum())} movements that change a code have a MOD that is not known: "
            f"{some(cells.loc[unknown & ~keeps_code, 'mod'].unique())}. Expected {', '.join(KINDS)}; see INSEE's "
            "list of values and tell the maintainers."
        )
    elif unknown.any():
        notes.append(
            f"{int(unknown.sum())} movements of a MOD that is not known were left as changes of status, since no code "
            f"changes: {some(cells.loc[unknown, 'mod'].unique())}."
        )
    movements = pd.DataFrame(
        {
            "date": _dates(cells["date_eff"], faults),
            "kind": cells["mod"].map(KINDS).fillna("status"),
            "code_before": commune_codes(cells["com_av"].rename(lower["com_av"]), faults, notes),
            "name_before": cells["libelle_av"],
            "code_after": commune_codes(cells["com_ap"].rename(lower["com_ap"]), faults, notes),
            "name_after": cells["libelle_ap"],
        }
    )
    # A change of status that changes a code hands a whole commune over.
    movements.loc[(movements["kind"] == "status") & ~keeps_code, "kind"] = "merge"
    created = movements.loc[movements["kind"].isin(["recode", "split"]), ["date", "code_after"]]
    return _with_kept(movements, among=set(created.itertuples(index=False, name=None)))


def _read_own(table: pd.DataFrame, path: str | Path, faults: list[str], notes: list[str]) -> pd.DataFrame:
    needed = ("year", "kind", "code_before", "name_before", "code_after", "name_after")
    remedy = (
        "Give a table with year, kind, code_before, name_before, code_after, name_after, or INSEE's « événements sur "
        "les communes » (v_mvt_commune_2025.csv)."
    )
    columns = required_fields("movements", table.columns, needed, None, path, remedy)
    cells = pd.DataFrame({field: texts(table[columns[field]]) for field in needed})
    wrong = ~cells["year"].fillna("").str.fullmatch(YEAR.pattern)
    if wrong.any():
        faults.append(f"years such as 2018 are expected in {columns['year']!r}, found {some(cells['year'][wrong])}.")
    unknown = ~cells["kind"].isin(OWN_KINDS)
    if unknown.any():
        faults.append(f"kinds expected: {', '.join(OWN_KINDS)}; found {some(cells['kind'][unknown].unique())}.")
    for field in ("code_before", "code_after"):
        cells[field] = commune_codes(cells[field].rename(columns[field]), faults, notes)
    if faults:
        raise LayerError(path, faults)
    faults += _own_faults(cells)
    cells["date"] = pd.to_datetime(cells["year"] + "-01-01", format="%Y-%m-%d").astype("datetime64[s]")
    return _with_kept(cells[COLUMNS], among=None)


def _own_faults(cells: pd.DataFrame) -> list[str]:
    """Say which rows of the project's own table contradict their kind."""
    faults = []
    keeps_code = cells["code_before"] == cells["code_after"]
    kind = cells["kind"]
    wrong = cells[(kind == "rename") & ~keeps_code]
    if len(wrong):
        faults.append(f"renames that change the code: {some(wrong['code_before'])}. Write « recode » or « merge ».")
    wrong = cells[(kind == "recode") & keeps_code]
    if len(wrong):
        faults.append(f"recodes that keep the code: {some(wrong['code_before'])}. Write « rename ».")
    wrong = cells[(kind == "rename") & (cells["name_before"].isna() | cells["name_after"].isna())]
    if len(wrong):
        faults.append(f"renames without name_before or name_after: {some(wrong['code_before'])}.")
    parts = cells[kind == "split"].groupby(["year", "code_before"])["code_after"].nunique()
    alone = parts[parts == 1].index.get_level_values("code_before")
    if len(alone):
        faults.append(
            f"splits with one part only: {some(alone)}. Give one row for each part, the one that keeps the code too."
        )
    merges = cells[kind == "merge"]
    targets = set(zip(merges["year"], merges["code_after"], strict=True))
    kept = set(zip(merges.loc[keeps_code, "year"], merges.loc[keeps_code, "code_after"], strict=True))
    leaving = set(zip(merges["year"], merges["code_before"], strict=True)) - kept
    chained = sorted(code for _, code in targets & leaving)
    if chained:
        faults.append(f"communes merged into others that are merged the same year: {some(chained)}. Give the last one.")
    return faults


def _with_kept(movements: pd.DataFrame, *, among: set[tuple[object, object]] | None) -> pd.DataFrame:
    """Add the row of the commune whose code a merger keeps where it is left out (only `among` these, if given)."""
    merges = movements[movements["kind"] == "merge"]
    before = set(merges[["date", "code_before"]].itertuples(index=False, name=None))
    targets = merges.drop_duplicates(["date", "code_after"])
    keys = list(targets[["date", "code_after"]].itertuples(index=False, name=None))
    left_out = targets[[key not in before and (among is None or key in among) for key in keys]]
    if left_out.empty:
        return movements
    kept = left_out.assign(code_before=left_out["code_after"], name_before=left_out["name_after"])
    return pd.concat([movements, kept], ignore_index=True)


def _dates(values: pd.Series, faults: list[str]) -> pd.Series:
    cells = values.fillna("").str.replace(r"[ T]00:00:00(?:\.0+)?$", "", regex=True)
    dates = pd.Series(pd.NaT, index=values.index, dtype="datetime64[s]")
    for pattern, layout in DATE_FORMATS.items():
        matching = cells.str.fullmatch(pattern)
        parsed = pd.to_datetime(cells[matching], format=layout, errors="coerce").astype("datetime64[s]")
        dates = dates.mask(matching, parsed)
    if dates.isna().any():
        faults.append(
            f"dates such as 2019-01-01 are expected in DATE_EFF, found {some(values[dates.isna()].unique())}."
        )
    return dates
