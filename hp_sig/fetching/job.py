"""What becomes of one data set: left, brought up to date, kept aside, or failed with what was there left in place?"""

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hp_sig.errors import HpSigError, LayerError, NotOfferedError, SourceError
from hp_sig.fetching.checked import asked_on, read_checks, write_check
from hp_sig.fetching.gate import changes, look_at
from hp_sig.fetching.ground import Bounds, grown, territory_bounds
from hp_sig.fetching.needs import Need, file_in_place, foreign_files
from hp_sig.fetching.outcomes import FetchOptions, Outcome, Prospect
from hp_sig.fetching.placing import Workplace, present
from hp_sig.fetching.proof import is_same, record_of, says_the_same
from hp_sig.inputs import DEFAULT_RAW, RAW_VARIABLE
from hp_sig.reference.catalogue import Catalogue, load_catalogue
from hp_sig.sources.client import Client
from hp_sig.sources.provenance import Record, record_path, write_record
from hp_sig.sources.services import bring, look
from hp_sig.sources.wanted import Offer, Wanted
from hp_sig.territory import Territory, load_territory

__all__ = ["Job", "today"]


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
            return self._outcome(need, client, workplace, is_named=is_named)
        except NotOfferedError as error:
            # Nothing is lost by a layer that may be absent, unless it was there.
            is_lost = (
                need.config is None or not need.config.optional or file_in_place(self.raw, need.wanted) is not None
            )
            return Outcome(wanted=need.wanted, status="failed" if is_lost else "absent", message=str(error))
        except LayerError as error:
            # The file is gone already: only its faults tell something.
            message = f"what came is not sound, and was not put in place: {' '.join(error.faults)}"
            return Outcome(wanted=need.wanted, status="failed", message=message)
        except HpSigError as error:
            return Outcome(wanted=need.wanted, status="failed", message=str(error))
        except OSError as error:
            # A full disk, a folder that is protected, a drive that is lost.
            where = f"{error.filename}: " if error.filename else ""
            message = f"{where}{error.strerror or error}. Free some room or check your rights, then run it again."
            return Outcome(wanted=need.wanted, status="failed", message=message)

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
            offer = look(client, self.catalogue.service(wanted.source), self.situated(wanted))
            if offer.features == 0:
                return Prospect(wanted=wanted, is_needed=False, reason="its producer has none within the territory")
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
            offer = look(client, self.catalogue.service(wanted.source), self.situated(wanted))
            if offer.features == 0:
                message = f"{wanted.name}: {offer.url} has none within the territory."
                raise NotOfferedError(message)
            write_check(self.raw, wanted, offer, today())
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
                self.situated(wanted),
                cache=workplace.cache(wanted),
                folder=folder,
                on_progress=self.how.on_progress,
            )
            looked = look_at(came.path, need)
            new = record_of(wanted, came, looked, record)
            if file is not None and record is not None and looked.content_sha256 and says_the_same(record, new):
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
        age = today() - self._asked(wanted, record)
        return not is_named and not self.how.is_forced and age < dt.timedelta(days=wanted.source.max_age_days)

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


def today() -> dt.date:
    """Give this day, in local time."""
    return dt.datetime.now().astimezone().date()
