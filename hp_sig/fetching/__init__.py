"""How are the files of a territory brought up to date from their producers, with proof of what came?

For each data set: ask what there is, download if it changed, look at it as the refresh will, then put it in place
with its provenance. Whatever fails on the way, what is in place stays.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from hp_sig.fetching.job import Job, today
from hp_sig.fetching.needs import needs_of
from hp_sig.fetching.outcomes import FetchOptions, FetchResult, Outcome, Prospect
from hp_sig.fetching.placing import working_in
from hp_sig.reference.catalogue import Catalogue
from hp_sig.sources.client import Client
from hp_sig.territory import Territory

__all__ = ["FetchOptions", "FetchResult", "Outcome", "Prospect", "ask_producers", "fetch", "prospects"]

log = logging.getLogger(__name__)


def fetch(
    names: Sequence[str] = (),
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    catalogue: str | Path | Catalogue | None = None,
    how: FetchOptions | None = None,
) -> FetchResult:
    """Bring the files of a territory up to date from their producers.

    Parameters
    ----------
    names
        Data sets of the catalogue (`enaf`, `communes@2024`) or layers of the territory; all that it needs when empty.
        What is named is asked for even if it is fresh.
    territory, raw
        As in :func:`hp_sig.refresh`; the folder is made if it is not there.
    catalogue
        Data sets and services; by default the one of `HP_SIG_CATALOGUE`, or else the package's.
    how
        Policies, limits and what to call on the way.

    Returns
    -------
    FetchResult
        An outcome for each data set: one that fails does not stop the others.

    Raises
    ------
    HpSigError
        If the territory, the catalogue or a name is faulty, or the folder cannot be used: nothing is fetched then.
    """
    job = Job(territory, raw, catalogue, how or FetchOptions())
    needs = needs_of(job.territory, job.catalogue, names)
    with working_in(job.raw) as workplace:
        workplace.tidy([need.wanted for need in needs_of(job.territory, job.catalogue)], today())
        with Client(job.catalogue, limits=job.how.limits) as client:
            outcomes = []
            for rank, need in enumerate(needs, start=1):
                job.how.on_source(need.wanted.name, rank, len(needs))
                outcome = job.outcome(need, None if job.how.is_offline else client, workplace, is_named=bool(names))
                told = log.warning if outcome.status in ("failed", "held") else log.info
                message = outcome.message.removeprefix(f"{need.wanted.name}: ")
                told("%s: %s%s", need.wanted.name, outcome.status, message and f" ({message})")
                outcomes.append(outcome)
    return FetchResult(territory=job.territory, raw=job.raw, outcomes=tuple(outcomes))


def prospects(
    names: Sequence[str] = (),
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    catalogue: str | Path | Catalogue | None = None,
    how: FetchOptions | None = None,
) -> list[Prospect]:
    """Ask producers what there is to fetch, and how large it is; download and write nothing.

    Parameters
    ----------
    names, territory, raw, catalogue, how
        As in :func:`fetch`.

    Raises
    ------
    HpSigError
        If the territory, the catalogue or a name is faulty.
    """
    job = Job(territory, raw, catalogue, how or FetchOptions())
    needs = needs_of(job.territory, job.catalogue, names)
    found = []
    with Client(job.catalogue, limits=job.how.limits) as client:
        for rank, need in enumerate(needs, start=1):
            job.how.on_source(need.wanted.name, rank, len(needs))
            found.append(job.prospect(need, None if job.how.is_offline else client, is_named=bool(names)))
    return found


def ask_producers(
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    catalogue: str | Path | Catalogue | None = None,
    how: FetchOptions | None = None,
) -> dict[str, str]:
    """Ask each producer what it has now and note it, so that `source_states` tells what changed; fetch nothing.

    Parameters
    ----------
    territory, raw, catalogue, how
        As in :func:`fetch`.

    Returns
    -------
    dict
        What went wrong, by data set; empty where every producer answered.

    Raises
    ------
    HpSigError
        If the territory or the catalogue is faulty, or the folder cannot be used.
    """
    job = Job(territory, raw, catalogue, how or FetchOptions())
    needs = needs_of(job.territory, job.catalogue)
    faults = {}
    with working_in(job.raw), Client(job.catalogue, limits=job.how.limits) as client:
        for rank, need in enumerate(needs, start=1):
            job.how.on_source(need.wanted.name, rank, len(needs))
            fault = job.fault(need, client)
            if fault is not None:
                faults[need.wanted.name] = fault
    return faults
