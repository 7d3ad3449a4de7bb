"""In which state is each data set on this disk: absent, present, stale, changed at its producer?"""

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hp_sig.errors import LayerError
from hp_sig.fetching.checked import Check, asked_on, differs, read_checks
from hp_sig.fetching.needs import Need, file_in_place, needs_of
from hp_sig.fetching.placing import Workplace, present
from hp_sig.inputs import DEFAULT_RAW, RAW_VARIABLE
from hp_sig.reference.catalogue import Catalogue, Source, load_catalogue
from hp_sig.sources.provenance import Record
from hp_sig.territory import Territory, load_territory

__all__ = ["SourceState", "State", "source_states"]

State = Literal["absent", "present", "stale", "changed at the producer", "waits for --accept", "by hand", "not needed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """One data set, the layer that reads it, and what is on disk.

    `state` is `absent`, `present`, `stale` (older than its `max_age_days`, or of another edition or
    part of the data set than the territory asks for), `changed at the producer` (when it was last
    asked), `waits for --accept`, `by hand` (no record describes the file: put there, or changed since), or `not needed`
    by the territory.
    """

    source: Source
    state: State
    layer: str | None = None
    place: str = ""
    file: Path | None = None
    record: Record | None = None
    check: Check | None = None


def source_states(
    territory: str | Path | Territory | None = None,
    *,
    raw: str | Path | None = None,
    catalogue: str | Path | Catalogue | None = None,
    today: dt.date | None = None,
) -> list[SourceState]:
    """Tell the state of every data set of a catalogue; the disk is looked at, the network is not.

    Parameters
    ----------
    territory, raw, catalogue
        As in :func:`hp_sig.fetch`.
    today
        The day that ages are counted to; by default this one.

    Returns
    -------
    list of SourceState
        What the territory needs, what was fetched besides, then the rest of the catalogue.

    Raises
    ------
    HpSigError
        If the territory or the catalogue is faulty.
    """
    chosen = territory if isinstance(territory, Territory) else load_territory(territory)
    known = catalogue if isinstance(catalogue, Catalogue) else load_catalogue(catalogue)
    folder = Path(raw or os.environ.get(RAW_VARIABLE) or DEFAULT_RAW)
    day = today or dt.datetime.now().astimezone().date()
    checks = read_checks(folder)
    needs = needs_of(chosen, known)
    needed = {need.wanted.source.id for need in needs}
    # What was fetched by its name has a state too; what is published by département and year needs a layer to tell it.
    others = [one for one in known.sources if one.id not in needed]
    single = [one.id for one in others if "{" not in one.file]
    there = [need for need in needs_of(chosen, known, single) if file_in_place(folder, need.wanted)] if single else []
    found = {need.wanted.source.id for need in there}
    return [
        *(_state(need, folder, checks, day) for need in (*needs, *there)),
        *(SourceState(source=one, state="not needed") for one in others if one.id not in found),
    ]


def _state(need: Need, raw: Path, checks: Mapping[str, Check], today: dt.date) -> SourceState:
    wanted = need.wanted
    try:
        file, record = present(raw, wanted)
    except LayerError:
        file, record = raw / wanted.file, None
    check = checks.get(wanted.file)
    state: State
    held = Workplace(raw).held(wanted)
    if held is not None and (record is None or held.retrieved > record.retrieved):
        state = "waits for --accept"
    elif file is None:
        state = "absent"
    elif record is None:
        state = "by hand"
    elif check is not None and differs(check, record):
        state = "changed at the producer"
    elif record.asked != wanted.digest or not 0 <= (today - asked_on(record, check)).days <= wanted.source.max_age_days:
        state = "stale"
    else:
        state = "present"
    return SourceState(
        source=wanted.source,
        state=state,
        layer=need.layer,
        place=wanted.file,
        file=file,
        record=record,
        check=check,
    )
