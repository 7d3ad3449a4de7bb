"""How is a table of one list of communes turned into another, and which of its figures are exact?

The Code officiel géographique (COG, INSEE) lists the communes at 1 January of each year. Between two lists communes
merge, split, change their name or code: figures are added, shared or handed over, forwards or backwards.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from hp_sig.errors import some
from hp_sig.indicators.cog_events import KIND_ORDER, Event, ordered_events, wrong_list
from hp_sig.indicators.cog_heirs import Heirs, find_heirs, heirs_of, require_codes, require_weights, valid_weights

__all__ = ["cog_passage", "passage_table"]

MOVEMENTS = ("date", "kind", "code_before", "name_before", "code_after", "name_after")
#: Ends of the names of columns that can be neither added nor shared.
INTENSIVE = ("_share", "_rate", "_per_ha", "_pct")
TOLD = ("passage", "codes_before", "codes_absent")


def passage_table(
    codes: Iterable[str],
    movements: pd.DataFrame,
    *,
    from_year: int,
    to_year: int,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Say which share of each commune of one list goes to which commune of another (0 to 1).

    An event counts if it took effect after 1 January of the earlier year and not after 1 January of the later one:
    a commune nouvelle of 2016-01-01 is in the list of 2016. Backwards, a merger is undone and a split is added up.
    Where a commune becomes several, its figures go to each in proportion to `weights`.

    Parameters
    ----------
    codes
        The communes of the list of `from_year`, all of them or a part. A code that no movement names is taken as
        existing.
    movements
        From :func:`hp_sig.layers.movements.read_cog_movements`.
    from_year, to_year
        Years of the two lists; `to_year` may be the earlier.
    weights
        Area or population of the communes of the list of `to_year`, index `commune_code`; needed for those that share
        one commune.

    Returns
    -------
    pandas.DataFrame
        One row for each commune before and commune after, sorted by `code_after`, `code_before`; `share` of the
        commune before; `kind`, how the figure of the commune after is had: `unchanged`, `renamed`, `recoded`,
        `merged` (a sum of whole communes, exact) or `estimated` (a share of a commune enters into it). Communes that
        are not in `codes` but merge with one that is have their row too; their share is NaN where weights are lacking.

    Raises
    ------
    ValueError
        If codes are not of the list of `from_year`, weights are lacking or the movements contradict each other.

    Notes
    -----
    Source of the lists and movements: INSEE, Code officiel géographique. A share by area or population supposes that
    the figure is spread as the weight is: it is an estimate, told as such.

    Examples
    --------
    04002 merges into 04001 in 2019, and is on its own again in 2023:

    >>> movements = pd.DataFrame(
    ...     [
    ...         ["2019-01-01", "merge", "04001", "Haut", "04001", "Haut-et-Bas"],
    ...         ["2019-01-01", "merge", "04002", "Bas", "04001", "Haut-et-Bas"],
    ...         ["2023-01-01", "split", "04001", "Haut-et-Bas", "04001", "Haut"],
    ...         ["2023-01-01", "split", "04001", "Haut-et-Bas", "04002", "Bas"],
    ...     ],
    ...     columns=["date", "kind", "code_before", "name_before", "code_after", "name_after"],
    ... )
    >>> passage_table(["04001", "04002"], movements, from_year=2018, to_year=2019).values.tolist()
    [['04001', '04001', 1.0, 'merged'], ['04002', '04001', 1.0, 'merged']]
    >>> areas_ha = pd.Series({"04001": 300.0, "04002": 100.0})
    >>> passage_table(["04001"], movements, from_year=2022, to_year=2023, weights=areas_ha).values.tolist()
    [['04001', '04001', 0.75, 'estimated'], ['04001', '04002', 0.25, 'estimated']]
    """
    given = require_codes(pd.Index(list(codes)), "codes")
    _require_movements(movements)
    movements = movements.assign(date=pd.to_datetime(movements["date"]))
    fault = wrong_list(given, movements, from_year)
    if fault is not None:
        message = f"from_year {from_year}: {fault}"
        raise ValueError(message)
    first_year, last_year = sorted((from_year, to_year))
    events = ordered_events(movements, given, first_year=first_year, last_year=last_year)
    if to_year < from_year:
        events = [event.reversed() for event in reversed(events)]
    heirs = find_heirs(events, valid_weights(weights))
    require_weights(given, heirs, to_year)
    return _rows(given, events, heirs)


def _rows(given: list[str], events: list[Event], heirs: Mapping[str, Heirs]) -> pd.DataFrame:
    reached = {target for code in given for target in heirs_of(code, heirs).shares}
    sources = sorted(set(given) | _named_before(events))
    rows = [
        (code, target, share)
        for code in sources
        for target, share in heirs_of(code, heirs).shares.items()
        if target in reached
    ]
    table = pd.DataFrame(rows, columns=["code_before", "code_after", "share"])
    table = table.astype({"code_before": "str", "code_after": "str", "share": "float64"})
    table = table.sort_values(["code_after", "code_before"], ignore_index=True)
    is_shared = table["code_before"].map(lambda code: len(heirs_of(code, heirs).shares) > 1).astype("bool")
    by_target = table["code_after"]
    renamed = by_target.isin(_renamed(events))
    conditions = {
        "estimated": is_shared.groupby(by_target).transform("any"),
        "merged": by_target.duplicated(keep=False),
        "recoded": table["code_before"] != by_target,
        "renamed": renamed,
    }
    kinds = np.select(list(conditions.values()), list(conditions), "unchanged")
    return table.assign(kind=pd.Series(kinds, index=table.index, dtype="str"))


def _named_before(events: list[Event]) -> set[str]:
    """Name the communes of the first list that the events concern: those that no event made."""
    first: set[str] = set()
    touched: set[str] = set()
    for event in events:
        first |= event.parts.keys() - touched
        touched |= event.parts.keys() | event.codes_after
    return first


def _renamed(events: list[Event]) -> set[str]:
    """Name the codes whose commune is not called the same before and after the events."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for event in events:
        before = dict(event.names_before) | before
        after |= event.names_after
    return {code for code, name in after.items() if before.get(code) and name and name != before[code]}


def _require_movements(movements: pd.DataFrame) -> None:
    absent = [column for column in MOVEMENTS if column not in movements.columns]
    if absent:
        message = (
            f"movements: columns {absent!r} expected, found {list(movements.columns)!r}. Read them with "
            "hp_sig.layers.movements.read_cog_movements."
        )
        raise ValueError(message)
    blank = movements[["date", "code_before", "code_after"]].isna().any(axis="columns")
    unknown = movements.loc[~movements["kind"].isin(KIND_ORDER), "kind"].unique()
    if blank.any() or len(unknown):
        message = (
            f"movements: dates, codes and the kinds {', '.join(KIND_ORDER)} expected, found "
            f"{int(blank.sum())} rows with a blank and the kinds {some(unknown)}."
        )
        raise ValueError(message)


def cog_passage(
    table: pd.DataFrame,
    movements: pd.DataFrame,
    *,
    from_year: int,
    to_year: int,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Turn the figures of one list of communes into those of another, in their own unit, totals kept.

    Parameters
    ----------
    table
        Index `commune_code`, of the list of `from_year`; columns of figures that can be added: hectares, inhabitants,
        dwellings. A share, a rate or a density cannot: convert what it is made of, then divide.
    movements, from_year, to_year, weights
        As in :func:`passage_table`.

    Returns
    -------
    pandas.DataFrame
        Index `commune_code`, sorted, of the list of `to_year`; the columns of `table` as float64; `passage`:
        `unchanged`, `renamed`, `recoded`, `merged` (sum of exact figures), `estimated` (a share of a commune that was
        split enters into it) or `incomplete` (a commune that it is made of is not in `table`: its figures are
        unknown); `codes_before`, the communes that it comes from, and `codes_absent`, those of them that are not in
        `table`: text, codes parted by spaces. What the reader should know is told in `attrs["notes"]`.

        An unknown figure stays unknown: added to a known one or shared, it gives NaN, never 0.

    Raises
    ------
    ValueError
        As :func:`passage_table`; also if a code comes twice, or a column is not of figures that can be added.

    Examples
    --------
    >>> movements = pd.DataFrame(
    ...     [
    ...         ["2019-01-01", "merge", "04001", "Haut", "04001", "Haut-et-Bas"],
    ...         ["2019-01-01", "merge", "04002", "Bas", "04001", "Haut-et-Bas"],
    ...     ],
    ...     columns=["date", "kind", "code_before", "name_before", "code_after", "name_after"],
    ... )
    >>> table = pd.DataFrame({"area_ha": [100.0, 20.0, 7.0]}, index=["04001", "04002", "04003"])
    >>> after = cog_passage(table, movements, from_year=2018, to_year=2020)
    >>> after[["area_ha", "passage", "codes_before"]].values.tolist()
    [[120.0, 'merged', '04001 04002'], [7.0, 'unchanged', '04003']]
    >>> before = cog_passage(after[["area_ha"]], movements, from_year=2020, to_year=2018, weights=table["area_ha"])
    >>> before["area_ha"].round(6).to_dict()
    {'04001': 100.0, '04002': 20.0, '04003': 7.0}
    """
    require_codes(table.index, "table")
    figures = _figures(table)
    passage = passage_table(table.index, movements, from_year=from_year, to_year=to_year, weights=weights)
    # Sorted by code after: each commune of the later list is a run of rows.
    is_first = ~passage["code_after"].duplicated().to_numpy()
    positions = np.cumsum(is_first) - 1
    rows = figures.index.get_indexer(pd.Index(passage["code_before"]))
    shares = passage["share"].where(rows >= 0).to_numpy()
    index = pd.Index(passage["code_after"][is_first], name="commune_code", dtype="str")
    result = pd.DataFrame(index=index, columns=figures.columns, dtype="float64")
    for column in figures.columns:
        parts = figures[column].to_numpy()[rows] * shares
        result[column] = np.bincount(positions, weights=parts, minlength=len(index))
    absent = _joined(passage["code_before"].where(rows < 0, ""), positions, len(index))
    kinds = zip(passage["kind"][is_first], absent, strict=True)
    result["passage"] = pd.Series(["incomplete" if lacks else kind for kind, lacks in kinds], index=index, dtype="str")
    result["codes_before"] = pd.Series(_joined(passage["code_before"], positions, len(index)), index=index, dtype="str")
    result["codes_absent"] = pd.Series(absent, index=index, dtype="str")
    result.attrs = {"cog_year": to_year, "notes": _notes(result, movements, (from_year, to_year))}
    return result


def _joined(codes: pd.Series, positions: np.ndarray, count: int) -> list[str]:
    joined: list[list[str]] = [[] for _ in range(count)]
    for code, position in zip(codes, positions, strict=True):
        if code:
            joined[position].append(code)
    return [" ".join(one) for one in joined]


def _figures(table: pd.DataFrame) -> pd.DataFrame:
    if not table.columns.is_unique:
        message = f"columns that come more than once: {some(table.columns[table.columns.duplicated()].unique())}."
        raise ValueError(message)
    is_figure = [
        pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype) for dtype in table.dtypes
    ]
    others = [column for column, is_one in zip(table.columns, is_figure, strict=True) if not is_one]
    taken = [column for column in table.columns if column in TOLD and column not in others]
    intensive = [column for column in table.columns if str(column).endswith(INTENSIVE)]
    faults = []
    if others:
        faults.append(f"columns of figures expected, found others: {some(others)}; leave them out")
    if taken:
        faults.append(f"columns {some(taken)} have the names of what is told of the passage; rename them")
    if intensive:
        faults.append(f"shares, rates and densities cannot be added: {some(intensive)}; convert what they are made of")
    if faults:
        message = f"table: {'; '.join(faults)}."
        raise ValueError(message)
    return table.astype(dict.fromkeys(table.columns, "float64"))


def _notes(result: pd.DataFrame, movements: pd.DataFrame, years: tuple[int, int]) -> list[str]:
    notes = []
    incomplete = result.index[result["passage"] == "incomplete"]
    if len(incomplete):
        absent = sorted({code for codes in result["codes_absent"] for code in codes.split()})
        notes.append(
            f"{len(incomplete)} communes are unknown, a commune that they are made of is not in the table: "
            f"{some(incomplete)} (absent: {some(absent)})."
        )
    estimated = result.index[result["passage"] == "estimated"]
    if len(estimated):
        notes.append(
            f"{len(estimated)} communes are estimated by shares of a commune that was split: {some(estimated)}."
        )
    last = pd.to_datetime(movements["date"]).max()
    if pd.isna(last) or last.year < max(years):
        until = "none was given" if pd.isna(last) else f"the last one given is of {last:%Y-%m-%d}"
        notes.append(f"movements between {min(years)} and {max(years)}: {until}; check that the file is recent enough.")
    return notes
