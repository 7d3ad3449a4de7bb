"""In which order did communes merge, split and change code, and which codes stood for a commune in a given year?

The movements of a day that concern the same communes are put in the order in which they make sense: a commune that
changes département takes its new code before it merges under that code.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import combinations

import pandas as pd

__all__ = ["Event", "first_of_january", "ordered_events", "wrong_list"]

#: Which comes first of two movements of a day where nothing else tells.
KIND_ORDER = ("split", "recode", "merge", "status", "rename")
#: How many communes that are not in the list of a year an error explains.
EXPLAINED = 5
CREATED, KEPT, REMOVED = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What some communes became on a day: `parts` gives the codes after for each code before."""

    date: pd.Timestamp
    kind: str
    parts: Mapping[str, tuple[str, ...]]
    names_before: Mapping[str, str]
    names_after: Mapping[str, str]

    @property
    def codes_after(self) -> frozenset[str]:
        """The codes that stand for a commune after it."""
        return frozenset(code for parts in self.parts.values() for code in parts)

    def reversed(self) -> "Event":
        """Read it from the later list of communes to the earlier one."""
        parts = defaultdict(list)
        for before, codes in self.parts.items():
            for after in codes:
                parts[after].append(before)
        return Event(
            date=self.date,
            kind=self.kind,
            parts={after: tuple(sorted(codes)) for after, codes in parts.items()},
            names_before=self.names_after,
            names_after=self.names_before,
        )


def first_of_january(year: int) -> pd.Timestamp:
    """Give the day of the list of communes of a year."""
    return pd.Timestamp(year=year, month=1, day=1)


def ordered_events(movements: pd.DataFrame, codes: Collection[str], *, first_year: int, last_year: int) -> list[Event]:
    """List what happened to some communes, and to those that they had to do with, between two lists, oldest first.

    Parameters
    ----------
    movements
        Columns `date`, `kind`, `code_before`, `code_after`, `name_before`, `name_after`.
    codes
        The communes.
    first_year, last_year
        Years of the lists, at 1 January: what took effect after the first and not after the last.

    Raises
    ------
    ValueError
        If the movements of a day contradict each other.
    """
    dates = movements["date"]
    within = (dates > first_of_january(first_year)) & (dates <= first_of_january(last_year))
    rows = movements[within].drop_duplicates(["date", "kind", "code_before", "code_after"])
    wanted = set(codes)
    pairs = list(zip(rows["code_before"], rows["code_after"], strict=True))
    linked = [group for group in _linked(pairs) if any(wanted & set(pairs[row]) for row in group)]
    rows = rows.iloc[sorted(row for group in linked for row in group)]
    events = []
    for _, of_day in rows.groupby("date", sort=True):
        events += _in_order(
            [event for kind, of_kind in of_day.groupby("kind") for event in _events(of_kind, str(kind))]
        )
    return events


def _events(rows: pd.DataFrame, kind: str) -> list[Event]:
    """Part the movements of one kind and day into those that share no commune."""
    pairs = list(zip(rows["code_before"], rows["code_after"], strict=True))
    names_before = rows["name_before"].fillna("").tolist()
    names_after = rows["name_after"].fillna("").tolist()
    events = []
    for group in _linked(pairs):
        parts: dict[str, list[str]] = defaultdict(list)
        for row in group:
            parts[pairs[row][0]].append(pairs[row][1])
        events.append(
            Event(
                date=rows["date"].iloc[0],
                kind=kind,
                parts={before: tuple(sorted(after)) for before, after in sorted(parts.items())},
                names_before={pairs[row][0]: names_before[row] for row in group},
                names_after={pairs[row][1]: names_after[row] for row in group},
            )
        )
    return events


def _linked(pairs: Iterable[tuple[str, str]]) -> list[list[int]]:
    """Group pairs of codes that are linked by a code, near or far; give the positions.

    >>> _linked([("a", "b"), ("c", "d"), ("b", "e")])
    [[0, 2], [1]]
    """
    parent: dict[str, str] = {}

    def root(code: str) -> str:
        parent.setdefault(code, code)
        while parent[code] != code:
            parent[code] = parent[parent[code]]
            code = parent[code]
        return code

    pairs = list(pairs)
    for before, after in pairs:
        parent[root(before)] = root(after)
    groups: dict[str, list[int]] = defaultdict(list)
    for position, (before, _) in enumerate(pairs):
        groups[root(before)].append(position)
    return list(groups.values())


def _in_order(events: list[Event]) -> list[Event]:
    """Put the events of one day in the order in which they happened."""
    events = sorted(events, key=lambda event: (KIND_ORDER.index(event.kind), min(event.parts)))
    touching: dict[str, list[int]] = defaultdict(list)
    for position, event in enumerate(events):
        for code in sorted(event.parts.keys() | event.codes_after):
            touching[code].append(position)
    order: TopologicalSorter[int] = TopologicalSorter({position: [] for position in range(len(events))})
    for code, positions in touching.items():
        for one, other in combinations(positions, 2):
            first, second = (one, other) if _is_before(events[one], events[other], code) else (other, one)
            order.add(second, first)
    try:
        return [events[position] for position in order.static_order()]
    except CycleError as error:
        codes = sorted({code for position in error.args[1] for code in events[position].parts})
        message = f"the movements of {events[0].date:%Y-%m-%d} contradict each other for {codes!r}. Correct the table."
        raise ValueError(message) from error


def _is_before(one: Event, other: Event, code: str) -> bool:
    """Tell whether `one` comes before `other`, of the same day, for a commune that both concern."""
    roles = (_role(one, code), _role(other, code))
    if set(roles) == {CREATED, REMOVED}:
        creating, removing = (one, other) if roles[0] == CREATED else (other, one)
        return (roles[0] == REMOVED) == _is_reused(creating.names_after[code], removing.names_before[code])
    if roles[0] != roles[1]:
        return roles[0] < roles[1]
    follows = other.names_before.get(code, "") == one.names_after.get(code, "")
    precedes = one.names_before.get(code, "") == other.names_after.get(code, "")
    if follows != precedes:
        return follows
    return KIND_ORDER.index(one.kind) < KIND_ORDER.index(other.kind)


def _role(event: Event, code: str) -> int:
    if code not in event.parts:
        return CREATED
    return KEPT if code in event.codes_after else REMOVED


def _is_reused(name_created: str, name_removed: str) -> bool:
    """Tell whether a code that is given up and taken the same day is of two communes: their names differ."""
    return bool(name_created and name_removed) and name_created != name_removed


def wrong_list(codes: Collection[str], movements: pd.DataFrame, year: int) -> str | None:
    """Say which codes stood for no commune in the list of a year, and which year they may be of.

    A code that no movement names is taken as existing.

    Returns
    -------
    str or None
        What to tell; None if nothing is wrong.
    """
    histories = _histories(codes, movements)
    wrong = sorted(code for code in histories if not _existed(histories[code], first_of_january(year)))
    if not wrong:
        return None
    told = "; ".join(f"{code!r} {_explained(histories[code], first_of_january(year))}" for code in wrong[:EXPLAINED])
    more = f" (and {len(wrong) - EXPLAINED} more)" if len(wrong) > EXPLAINED else ""
    years = {date.year + shift for history in histories.values() for date, _, _ in history for shift in (-1, 0, 1)}
    fitting = [
        candidate
        for candidate in sorted(years, key=lambda candidate: (abs(candidate - year), candidate))
        if all(_existed(history, first_of_january(candidate)) for history in histories.values())
    ]
    remedy = (
        f"The table fits the list of {fitting[0]}: give that year."
        if fitting
        else "No year fits all the codes of the table: it mixes several lists of communes."
    )
    return f"{len(wrong)} codes are of no commune at 1 January {year}: {told}{more}. {remedy}"


def _histories(codes: Collection[str], movements: pd.DataFrame) -> dict[str, list[tuple[pd.Timestamp, bool, bool]]]:
    """For each code that is named: the days when something happened, whether it stood before and after that day."""
    rows = movements[movements["code_before"].isin(list(codes)) | movements["code_after"].isin(list(codes))]
    sides: dict[tuple[str, pd.Timestamp], dict[str, list[str | None]]] = defaultdict(dict)
    columns = ("date", "kind", "code_before", "name_before", "code_after", "name_after")
    cells = zip(
        *(rows[column].fillna("") if column.startswith("name") else rows[column] for column in columns), strict=True
    )
    for date, kind, before, name_before, after, name_after in cells:
        sides[before, date].setdefault(kind, [None, None])[0] = name_before
        sides[after, date].setdefault(kind, [None, None])[1] = name_after
    wanted = set(codes)
    histories: dict[str, list[tuple[pd.Timestamp, bool, bool]]] = defaultdict(list)
    for (code, date), kinds in sorted(sides.items(), key=lambda item: item[0]):
        if code not in wanted:
            continue
        created = [after for before, after in kinds.values() if before is None]
        removed = [before for before, after in kinds.values() if after is None]
        reused = bool(created and removed) and _is_reused(str(created[0]), str(removed[0]))
        histories[code].append((date, reused or not created, reused or not removed))
    return histories


def _existed(history: list[tuple[pd.Timestamp, bool, bool]], day: pd.Timestamp) -> bool:
    past = [stood_after for date, _, stood_after in history if date <= day]
    return past[-1] if past else history[0][1]


def _explained(history: list[tuple[pd.Timestamp, bool, bool]], day: pd.Timestamp) -> str:
    past = [date for date, _, _ in history if date <= day]
    if past:
        return f"was given up on {past[-1]:%Y-%m-%d}"
    return f"was created on {history[0][0]:%Y-%m-%d}"
