"""How is fetching asked for, and what is told of each data set that was?"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hp_sig.sources.client import Limits
from hp_sig.sources.provenance import Record
from hp_sig.sources.wanted import Offer, OnProgress, Wanted
from hp_sig.territory import Territory

__all__ = ["FetchOptions", "FetchResult", "OnSource", "Outcome", "Prospect", "Status"]

Status = Literal["fetched", "unchanged", "fresh", "absent", "held", "failed"]
#: Called before each data set with its name, its rank and how many there are.
OnSource = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """How to fetch: without network, whatever the changes, even what is fresh, how patiently."""

    is_offline: bool = False
    is_accepted: bool = False
    is_forced: bool = False
    limits: Limits = field(default_factory=Limits)
    on_source: OnSource = lambda _name, _rank, _count: None
    on_progress: OnProgress = lambda _what, _done, _total: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one data set: its file now, its record, and what to know or do.

    `status` is `fetched` (a new edition is in place), `unchanged` (the producer has nothing new), `fresh` (not asked:
    asked not long ago), `absent` (an optional layer that its producer does not publish here), `held` (it waits for
    consent) or `failed`; in the last two, what was in place stays.
    """

    wanted: Wanted
    status: Status
    file: Path | None = None
    record: Record | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """What became of every data set that was asked for."""

    territory: Territory
    raw: Path
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that need someone: failed, or waiting for consent."""
        return tuple(one for one in self.outcomes if one.status in ("failed", "held"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What would be fetched of one data set, and how large; `reason` says why, or why not.

    `is_unknown`: its producer could not be asked, or something stands in the way.
    """

    wanted: Wanted
    is_needed: bool
    reason: str
    is_unknown: bool = False
    offer: Offer | None = None
