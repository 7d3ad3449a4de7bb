"""What becomes of one data set: left, brought up to date, kept aside, or failed with what was there left in place?"""

import datetime as dt
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hp_sig.errors import HpSigError, LayerError, NotOfferedError, SourceError
from hp_sig.fetching.checked import asked_on, differs, read_checks, write_check
from hp_sig.fetching.gate import Looked, changes, look_at
from hp_sig.fetching.ground import grown, territory_bounds
from hp_sig.fetching.needs import Need, file_in_place, foreign_files
from hp_sig.fetching.outcomes import FetchOptions, Outcome, Prospect, Status
from hp_sig.fetching.placing import Workplace, present
from hp_sig.fetching.proof import is_same, record_of
from hp_sig.inputs import DEFAULT_RAW, RAW_VARIABLE
from hp_sig.reference.catalogue import Catalogue, load_catalogue
from hp_sig.sources.client import Client
from hp_sig.sources.provenance import Record, record_path, write_record
from hp_sig.sources.services import bring, look
from hp_sig.sources.wanted import Bounds, Offer, Wanted
from hp_sig.territory import Territory, load_territory

__all__ = ["Job", "today"]

log = logging.getLogger(__name__)

#: A job of every month finds 27 to 31 days between two runs: what may be 30 days old is asked for by each of them.
SLACK_DAYS = 3
#: What a file or an answer of an unknown form makes a library raise: it ends one data set, not those that follow.
UNFORESEEN = (ValueError, TypeError, ArithmeticError, AttributeError, LookupError, RuntimeError)


class Job:
    """One call: what it works on."""

    def __init__(
        self,
        territory: str | Path | Territory | None,
        raw: str | Path | None,
        catalogue: str | Path | Catalogue | None,
        how: FetchOptions,
    ) -> None:
        self.territory = territory if isinstance(territory, Territory) else load_territory(territory)
        self.raw = Path(raw or os.environ.get(RAW_VARIABLE) or DEFAULT_RAW)
        self.catalogue = catalogue if isinstance(catalogue, Catalogue) else load_catalogue(catalogue)
        self.how = how
        self._bounds: Bounds | None = None

    def outcome(self, need: Need, client: Client | None, workplace: Workplace, *, is_named: bool) -> Outcome:
        """Bring one data set up to date; what goes wrong is told, and the others go on."""
        try:
            workplace.finish(need.wanted)
            return self._outcome(need, client, workplace, is_named=is_named)
        except NotOfferedError as error:
            status: Status = "failed" if self._is_missed(need) else "absent"
            return Outcome(wanted=need.wanted, status=status, message=str(error))
        except HpSigError as error:
            return Outcome(wanted=need.wanted, status="failed", message=str(error))
        except OSError as error:
            # A full disk, a folder that is protected, a drive that is lost.
            where = f"{error.filename}: " if error.filename else ""
            message = f"{where}{error.strerror or error}. Free some room or check your rights, then run it again."
            return Outcome(wanted=need.wanted, status="failed", message=message)
        except UNFORESEEN as error:
            log.debug("%s", need.wanted.name, exc_info=True)
            return Outcome(wanted=need.wanted, status="failed", message=_unforeseen(error))

    def prospect(self, need: Need, client: Client | None, *, is_named: bool) -> Prospect:
        """Say whether one data set would be fetched."""
        try:
            return self._prospect(need, client, is_named=is_named)
        except NotOfferedError as error:
            is_missed = self._is_missed(need)
            return Prospect(wanted=need.wanted, is_needed=is_missed, is_unknown=is_missed, reason=str(error))
        except HpSigError as error:
            return Prospect(wanted=need.wanted, is_needed=True, is_unknown=True, reason=str(error))
        except UNFORESEEN as error:
            return Prospect(wanted=need.wanted, is_needed=True, is_unknown=True, reason=_unforeseen(error))

    def fault(self, need: Need, client: Client) -> str | None:
        """Ask what there is of a data set and note it; give what went wrong."""
        try:
            write_check(self.raw, need.wanted, self._look(client, need.wanted), today())
        except NotOfferedError as error:
            return str(error) if self._is_missed(need) else None
        except HpSigError as error:
            return str(error)
        except UNFORESEEN as error:
            return _unforeseen(error)
        return None

    def _is_missed(self, need: Need) -> bool:
        """Say whether something is lost by what is not offered: not if it is optional and never was there."""
        return need.config is None or not need.config.optional or file_in_place(self.raw, need.wanted) is not None

    def _look(self, client: Client, wanted: Wanted) -> Offer:
        offer = look(client, self.catalogue.service(wanted.source), self.situated(wanted))
        if offer.features == 0:
            message = f"{wanted.name}: {offer.url} has none within the territory."
            raise NotOfferedError(message)
        return offer

    def _prospect(self, need: Need, client: Client | None, *, is_named: bool) -> Prospect:
        wanted = need.wanted
        _require_alone(self.territory, self.raw, need)
        file, record = present(self.raw, wanted)
        if file is not None and record is None and not self.how.is_accepted:
            return Prospect(wanted=wanted, is_needed=False, reason=_by_hand(file))
        is_up_to_date = record is not None and record.asked == wanted.digest and not self.how.is_forced
        if client is None:
            return Prospect(
                wanted=wanted, is_needed=not is_up_to_date, reason="in place" if is_up_to_date else "from the cache"
            )
        held = Workplace(self.raw).held(wanted)
        if record is not None and held is None and self._is_fresh(wanted, record, is_named=is_named):
            reason = f"known to be up to date on {self._asked(wanted, record)}"
            return Prospect(wanted=wanted, is_needed=False, reason=reason)
        if wanted.source.scope == "bounds" and self.situated(wanted).bounds is None:
            reason = "how much is known once the communes of the territory are there"
            return Prospect(wanted=wanted, is_needed=True, reason=reason)
        offer = self._look(client, wanted)
        if held is not None and is_same(offer, held) and not self.how.is_accepted:
            reason = _consent(need, held.changes, Workplace(self.raw))
            return Prospect(wanted=wanted, is_needed=False, reason=reason, offer=offer)
        if record is not None and self._is_unchanged(wanted, offer, record):
            return Prospect(wanted=wanted, is_needed=False, reason="unchanged at its producer", offer=offer)
        reason = "absent" if record is None else f"a new edition, or {record.day:%Y-%m-%d} is too long ago"
        return Prospect(wanted=wanted, is_needed=True, reason=reason, offer=offer)

    def _outcome(self, need: Need, client: Client | None, workplace: Workplace, *, is_named: bool) -> Outcome:
        wanted = need.wanted
        _require_alone(self.territory, self.raw, need)
        file, record = present(self.raw, wanted)
        held = workplace.held(wanted)
        if held is not None and record is not None and held.retrieved <= record.retrieved:
            # A later one is in place: it was put there by a run that was cut just then.
            workplace.forget_held(wanted)
            held = None
        if file is not None and record is None and not self.how.is_accepted:
            raise SourceError(_by_hand(file))
        if client is None:
            if held is not None:
                return self._of_held(need, workplace, file, record, held)
            if record is not None and record.asked == wanted.digest:
                return self._fresh(wanted, file, record)
            return self._brought(need, None, workplace, file, record)
        if held is None and record is not None and self._is_fresh(wanted, record, is_named=is_named):
            return self._fresh(wanted, file, record)
        offer = self._look(client, wanted)
        write_check(self.raw, wanted, offer, today())
        if record is not None and self._is_unchanged(wanted, offer, record):
            # What waited was withdrawn.
            workplace.forget_held(wanted)
            return Outcome(wanted=wanted, status="unchanged", file=file, record=record)
        if held is not None and is_same(offer, held) and not self.how.is_forced:
            return self._of_held(need, workplace, file, record, held)
        return self._brought(need, client, workplace, file, record)

    def _fresh(self, wanted: Wanted, file: Path | None, record: Record) -> Outcome:
        day = self._asked(wanted, record)
        again = day + dt.timedelta(days=wanted.source.max_age_days - SLACK_DAYS)
        message = f"known to be up to date on {day}, asked again from {again} on, or with --force"
        return Outcome(wanted=wanted, status="fresh", file=file, record=record, message=message)

    def _of_held(
        self, need: Need, workplace: Workplace, file: Path | None, record: Record | None, held: Record
    ) -> Outcome:
        """Put in place what waits for consent, where it is given; otherwise ask for it again."""
        if self.how.is_accepted:
            return Outcome(wanted=need.wanted, status="fetched", file=workplace.accept(need.wanted), record=held)
        message = _consent(need, held.changes, Workplace(self.raw))
        return Outcome(wanted=need.wanted, status="held", file=file, record=record, message=message)

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
                self.situated(wanted),
                cache=workplace.cache(wanted),
                folder=folder,
                on_progress=self.how.on_progress,
            )
            looked = _looked_at(came.path, need)
            new = record_of(wanted, came, looked, record)
            if file and record and record.content_sha256 and record.content_sha256 == new.content_sha256:
                # Its bytes differ only by the day they were written: the file stays, known to be good today.
                record = new.model_copy(update={"size": record.size, "sha256": record.sha256})
                write_record(record, record_path(file))
                workplace.forget_held(wanted)
                return Outcome(wanted=wanted, status="unchanged", file=file, record=record)
            before = record.counts if record is not None else _counts_of(file, need)
            new = new.model_copy(update={"changes": tuple(changes(before, new.counts))})
            if new.changes and not self.how.is_accepted:
                workplace.hold(wanted, came.path, new)
                message = _consent(need, new.changes, workplace)
                return Outcome(wanted=wanted, status="held", file=file, record=record, message=message)
            place = workplace.place(wanted, came.path, new)
        workplace.forget_held(wanted)
        if need.layer == "communes":
            self._bounds = None
        return Outcome(wanted=wanted, status="fetched", file=place, record=new, message=" ".join(new.notes))

    def _is_unchanged(self, wanted: Wanted, offer: Offer, record: Record) -> bool:
        # A WFS tells how many features it has, not whether they changed.
        can_tell = self.catalogue.service(wanted.source).kind != "wfs" and record.asked == wanted.digest
        return can_tell and is_same(offer, record) and not self.how.is_forced

    def _is_fresh(self, wanted: Wanted, record: Record, *, is_named: bool) -> bool:
        check = read_checks(self.raw).get(wanted.file)
        is_changed = check is not None and differs(check, record)
        if is_named or self.how.is_forced or is_changed or record.asked != wanted.digest:
            return False
        age = (today() - self._asked(wanted, record)).days
        return 0 <= age < wanted.source.max_age_days - SLACK_DAYS

    def _asked(self, wanted: Wanted, record: Record) -> dt.date:
        # What a WFS tells of itself, its count of features, does not tell that they are the same.
        is_wfs = self.catalogue.service(wanted.source).kind == "wfs"
        return record.day if is_wfs else asked_on(record, read_checks(self.raw).get(wanted.file))

    def situated(self, wanted: Wanted) -> Wanted:
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


def _by_hand(file: Path) -> str:
    return (
        f"{file} is there without a record that describes it: put there by hand, or changed since it was fetched. Move "
        "it away, or replace it (a copy is kept) with --accept."
    )


def _unforeseen(error: Exception) -> str:
    told = f"{type(error).__name__}: {error}"
    return f"stopped by what hp-sig did not foresee ({told:.200}); nothing was changed. Tell its authors."


def _looked_at(file: Path, need: Need) -> Looked:
    """Look at what came; what it is refused for is told without the name of a file that will be gone."""
    try:
        return look_at(file, need)
    except LayerError as error:
        message = f"{need.wanted.name}: what came is not sound, and was not put in place: {' '.join(error.faults)}"
        raise SourceError(message) from error


def _counts_of(file: Path | None, need: Need) -> dict[str, float]:
    """Count what is in a file without a record; nothing where it cannot be read: it is to be replaced anyway."""
    if file is None:
        return {}
    try:
        return dict(look_at(file, need).counts)
    except LayerError:
        return {}


def _consent(need: Need, told: Sequence[str], workplace: Workplace) -> str:
    return (
        f"it differs from the edition in place by more than 5 %: {'; '.join(told)}. It waits in "
        f"{workplace.held_file(need.wanted)}: look at it, and if it is right: hp-sig fetch "
        f"{need.layer or need.wanted.source.id} --accept."
    )


def today() -> dt.date:
    """Give this day, in local time."""
    return dt.datetime.now().astimezone().date()
