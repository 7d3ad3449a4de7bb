"""How are the files of a territory brought up to date from their producers, with proof of what came?

For each data set: ask what there is, download if it changed, look at it as the refresh will, then put it in place
with its provenance. Whatever fails on the way, what is in place stays.
"""

import datetime as dt
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from hp_sig._version import __version__
from hp_sig.errors import HpSigError, LayerError, SourceError
from hp_sig.fetching.checked import asked_on, read_checks, write_check
from hp_sig.fetching.gate import Looked, changes, look_at
from hp_sig.fetching.ground import Bounds, grown, territory_bounds
from hp_sig.fetching.needs import Need, foreign_files, needs_of
from hp_sig.fetching.placing import Workplace, present, working_in
from hp_sig.inputs import DEFAULT_RAW, RAW_VARIABLE
from hp_sig.reference.catalogue import Catalogue, load_catalogue
from hp_sig.sources.client import Client, Limits
from hp_sig.sources.provenance import Record, file_sha256, record_path, write_record
from hp_sig.sources.services import bring, look
from hp_sig.sources.wanted import Fetched, Offer, OnProgress, Wanted
from hp_sig.territory import Territory, load_territory

__all__ = ["FetchResult", "How", "Outcome", "Prospect", "fetch", "is_same", "prospects"]

log = logging.getLogger(__name__)

Status = Literal["fetched", "unchanged", "fresh", "held", "failed"]
#: Called before each data set with its name, its rank and how many there are.
OnSource = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
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
    asked not long ago), `held` (it waits for consent) or `failed`; in the last two, what was in place stays.
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
    """What would be fetched of one data set, and how large; `reason` says why, or why not."""

    wanted: Wanted
    is_needed: bool
    reason: str
    offer: Offer | None = None


def fetch(
    names: Sequence[str] = (),
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    catalogue: str | Path | Catalogue | None = None,
    how: How | None = None,
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
    job = _Job(territory, raw, catalogue, how or How())
    needs = needs_of(job.territory, job.catalogue, names)
    with working_in(job.raw) as workplace:
        workplace.recover()
        with Client(job.catalogue, limits=job.how.limits) as client:
            outcomes = []
            for rank, need in enumerate(needs, start=1):
                job.how.on_source(need.wanted.name, rank, len(needs))
                outcome = job.outcome(need, None if job.how.is_offline else client, workplace, is_named=bool(names))
                told = log.warning if outcome.status in ("failed", "held") else log.info
                told("%s: %s%s", need.wanted.name, outcome.status, outcome.message and f" ({outcome.message})")
                outcomes.append(outcome)
    return FetchResult(territory=job.territory, raw=job.raw, outcomes=tuple(outcomes))


def prospects(
    names: Sequence[str] = (),
    *,
    territory: str | Path | Territory | None = None,
    raw: str | Path | None = None,
    catalogue: str | Path | Catalogue | None = None,
    how: How | None = None,
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
    job = _Job(territory, raw, catalogue, how or How())
    needs = needs_of(job.territory, job.catalogue, names)
    found = []
    with Client(job.catalogue, limits=job.how.limits) as client:
        for rank, need in enumerate(needs, start=1):
            job.how.on_source(need.wanted.name, rank, len(needs))
            found.append(job.prospect(need, None if job.how.is_offline else client, is_named=bool(names)))
    return found


def is_same(offer: Offer, record: Record) -> bool:
    """Say whether a producer still has what is described by a record: every mark that it tells is the same."""
    return bool(offer.mark) and all(record.mark.get(name) == value for name, value in offer.mark.items())


class _Job:
    """One call: what it works on."""

    def __init__(
        self,
        territory: str | Path | Territory | None,
        raw: str | Path | None,
        catalogue: str | Path | Catalogue | None,
        how: How,
    ) -> None:
        self.territory = territory if isinstance(territory, Territory) else load_territory(territory)
        self.raw = Path(raw or os.environ.get(RAW_VARIABLE) or DEFAULT_RAW)
        self.catalogue = catalogue if isinstance(catalogue, Catalogue) else load_catalogue(catalogue)
        self.how = how
        self._bounds: Bounds | None = None

    def outcome(self, need: Need, client: Client | None, workplace: Workplace, *, is_named: bool) -> Outcome:
        """Bring one data set up to date; what goes wrong is told, and the others go on."""
        try:
            return self._outcome(need, client, workplace, is_named=is_named)
        except LayerError as error:
            # The file is gone already: only its faults tell something.
            message = f"what came is not sound, and was not put in place: {' '.join(error.faults)}"
            return Outcome(wanted=need.wanted, status="failed", message=message)
        except HpSigError as error:
            return Outcome(wanted=need.wanted, status="failed", message=str(error))

    def prospect(self, need: Need, client: Client | None, *, is_named: bool) -> Prospect:
        """Say whether one data set would be fetched."""
        wanted = need.wanted
        try:
            _require_alone(self.territory, self.raw, need)
            _, record = present(self.raw, wanted)
            if client is None:
                return Prospect(
                    wanted=wanted, is_needed=record is None, reason="in place" if record else "from the cache"
                )
            if record is not None and self._is_fresh(wanted, record, is_named=is_named):
                return Prospect(
                    wanted=wanted, is_needed=False, reason=f"fetched or asked on {self._asked(wanted, record)}"
                )
            offer = look(client, self.catalogue.service(wanted.source), self._situated(wanted))
            if record is not None and self._is_unchanged(wanted, offer, record):
                return Prospect(wanted=wanted, is_needed=False, reason="unchanged at its producer", offer=offer)
            reason = "absent" if record is None else f"a new edition, or {record.day:%Y-%m-%d} is too long ago"
            return Prospect(wanted=wanted, is_needed=True, reason=reason, offer=offer)
        except HpSigError as error:
            return Prospect(wanted=wanted, is_needed=True, reason=str(error))

    def _outcome(self, need: Need, client: Client | None, workplace: Workplace, *, is_named: bool) -> Outcome:
        wanted = need.wanted
        _require_alone(self.territory, self.raw, need)
        file, record = present(self.raw, wanted)
        held = workplace.held(wanted)
        if held is not None and self.how.is_accepted:
            return Outcome(wanted=wanted, status="fetched", file=workplace.accept(wanted), record=held)
        if file is not None and record is None and not self.how.is_accepted:
            message = (
                f"{file} is there without a record that describes it: put there by hand, or changed since it was "
                "fetched. Move it away, or replace it (a copy is kept) with --accept."
            )
            raise SourceError(message)
        offer = None
        if record is not None and (client is None or self._is_fresh(wanted, record, is_named=is_named)):
            return Outcome(
                wanted=wanted, status="fresh", file=file, record=record, message=f"of {self._asked(wanted, record)}"
            )
        if client is not None:
            offer = look(client, self.catalogue.service(wanted.source), self._situated(wanted))
            write_check(self.raw, wanted, offer, _today())
            if record is not None and self._is_unchanged(wanted, offer, record):
                return Outcome(wanted=wanted, status="unchanged", file=file, record=record)
            if held is not None and self._is_unchanged(wanted, offer, held):
                return Outcome(
                    wanted=wanted, status="held", file=file, record=record, message=_consent(need, held.changes)
                )
        return self._brought(need, client, workplace, file, record)

    def _brought(
        self, need: Need, client: Client | None, workplace: Workplace, file: Path | None, record: Record | None
    ) -> Outcome:
        """Download, look, compare, and put in place or aside."""
        wanted = need.wanted
        service = self.catalogue.service(wanted.source)
        with workplace.empty_folder(wanted) as folder:
            came = bring(
                client,
                service,
                self._situated(wanted),
                cache=workplace.cache(wanted),
                folder=folder,
                on_progress=self.how.on_progress,
            )
            looked = look_at(came.path, need)
            new = _record(wanted, came, looked, record)
            if file is not None and record is not None and looked.content_sha256 and _says_the_same(record, new):
                # Its bytes differ only by the day they were written: the file stays, known to be good today.
                record = new.model_copy(update={"size": record.size, "sha256": record.sha256})
                write_record(record, record_path(file))
                return Outcome(wanted=wanted, status="unchanged", file=file, record=record)
            before = record.counts if record is not None else _counts_of(file, need)
            new = new.model_copy(update={"changes": tuple(changes(before, looked.counts))})
            if new.changes and not self.how.is_accepted:
                workplace.hold(wanted, came.path, new)
                message = _consent(need, new.changes)
                return Outcome(wanted=wanted, status="held", file=file, record=record, message=message)
            place = workplace.place(wanted, came.path, new)
        workplace.forget_held(wanted)
        if need.layer == "communes":
            self._bounds = None
        return Outcome(wanted=wanted, status="fetched", file=place, record=new, message=" ".join(new.notes))

    def _is_unchanged(self, wanted: Wanted, offer: Offer, record: Record) -> bool:
        # A WFS tells how many features it has, not whether they changed.
        return self.catalogue.service(wanted.source).kind != "wfs" and is_same(offer, record) and not self.how.is_forced

    def _is_fresh(self, wanted: Wanted, record: Record, *, is_named: bool) -> bool:
        age = _today() - self._asked(wanted, record)
        return not is_named and not self.how.is_forced and age < dt.timedelta(days=wanted.source.max_age_days)

    def _asked(self, wanted: Wanted, record: Record) -> dt.date:
        # What a WFS tells of itself, its count of features, does not tell that they are the same.
        is_wfs = self.catalogue.service(wanted.source).kind == "wfs"
        return record.day if is_wfs else asked_on(record, read_checks(self.raw).get(wanted.file))

    def _situated(self, wanted: Wanted) -> Wanted:
        """Tell a data set within which bounds it is wanted, once they are known."""
        if self._bounds is None:
            self._bounds = territory_bounds(self.territory, self.raw)
        if self._bounds is None:
            return wanted
        return replace(wanted, bounds=grown(self._bounds, wanted.source.margin_m))


def _require_alone(territory: Territory, raw: Path, need: Need) -> None:
    """Refuse to put a second file where a layer wants one."""
    others = foreign_files(territory, raw, need)
    if others:
        message = (
            f"the layer « {need.layer} » already has {others[0].name} in {others[0].parent}, which hp-sig did not "
            "fetch. Move it out of that folder, or name it in the territory file and leave fetch out."
        )
        raise SourceError(message)


def _record(wanted: Wanted, came: Fetched, looked: Looked, previous: Record | None) -> Record:
    source = wanted.source
    notes = [*came.notes, *looked.notes]
    if previous is not None:
        notes += [
            f"{name} changed at the producer: {previous.mark[name]} → {value}."
            for name, value in came.mark.items()
            if name in previous.mark and previous.mark[name] != value
        ]
    return Record(
        data_set=source.id,
        title=source.title,
        producer=source.producer,
        source=source.source,
        licence=source.licence,
        vintage=came.vintage,
        url=came.url,
        retrieved=dt.datetime.now(dt.UTC).replace(microsecond=0),
        size=came.path.stat().st_size,
        sha256=file_sha256(came.path),
        downloaded_size=came.downloaded,
        downloaded_sha256=came.sha256_downloaded,
        mark=dict(came.mark),
        counts=looked.counts,
        content_sha256=looked.content_sha256,
        scope=_scope(wanted),
        notes=tuple(notes),
        hp_sig=__version__,
    )


def _says_the_same(record: Record, new: Record) -> bool:
    return (record.content_sha256, record.vintage) == (new.content_sha256, new.vintage)


def _scope(wanted: Wanted) -> str:
    if wanted.source.scope == "communes":
        return f"{len(wanted.communes)} communes"
    if wanted.source.scope == "departements":
        return f"départements {', '.join(wanted.departements)}"
    if wanted.source.scope == "bounds" and wanted.bounds is not None:
        return "within {:.0f}, {:.0f}, {:.0f}, {:.0f} (EPSG:2154)".format(*wanted.bounds)
    return "all"


def _counts_of(file: Path | None, need: Need) -> dict[str, float]:
    """Count what is in a file without a record; nothing where it cannot be read: it is to be replaced anyway."""
    if file is None:
        return {}
    try:
        return dict(look_at(file, need).counts)
    except LayerError:
        return {}


def _consent(need: Need, told: Sequence[str]) -> str:
    return (
        f"it differs from the edition in place by more than 5 %: {'; '.join(told)}. If that is right: "
        f"hp-sig fetch {need.layer or need.wanted.source.id} --accept."
    )


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()
