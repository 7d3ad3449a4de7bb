"""When was each producer last asked, and what did it have then?"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hp_sig.fetching.placing import HIDDEN
from hp_sig.sources.provenance import Record
from hp_sig.sources.wanted import Offer, Wanted
from hp_sig.whole import write_whole

__all__ = ["Check", "asked_on", "differs", "read_checks", "write_check"]

CHECKS = "checked.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a producer had when it was last asked."""

    day: dt.date
    vintage: str
    mark: Mapping[str, str]


def read_checks(raw: Path) -> dict[str, Check]:
    """Read what producers were last asked, by place under the raw folder; what cannot be read is asked again."""
    try:
        content = json.loads((raw / HIDDEN / CHECKS).read_bytes())
        return {
            place: Check(day=dt.date.fromisoformat(one["day"]), vintage=str(one["vintage"]), mark=dict(one["mark"]))
            for place, one in content.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def asked_on(record: Record, check: Check | None) -> dt.date:
    """Give the day on which a file was last known to be what its producer has: fetched, or asked and the same."""
    if check is None or not check.mark or dict(check.mark) != {name: record.mark.get(name) for name in check.mark}:
        return record.day
    return max(record.day, check.day)


def differs(check: Check, record: Record) -> bool:
    """Say whether a producer had something else than a file when it was last asked, after the file came."""
    changed = any(record.mark.get(name) != value for name, value in check.mark.items())
    return changed and check.day >= record.day


def write_check(raw: Path, wanted: Wanted, offer: Offer, day: dt.date) -> None:
    """Note what a producer has."""
    checks = read_checks(raw) | {wanted.file: Check(day=day, vintage=offer.vintage, mark=offer.mark)}
    content = {place: asdict(check) | {"day": check.day.isoformat()} for place, check in checks.items()}
    write_whole(raw / HIDDEN / CHECKS, json.dumps(content, ensure_ascii=False, indent=1).encode())
