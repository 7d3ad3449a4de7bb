"""What does a terminal or a log read of the data sets, of what would be fetched, and of what was?"""

from collections.abc import Sequence

import typer

from hp_sig.fetching import FetchResult, Outcome, Prospect
from hp_sig.fetching.states import SourceState

__all__ = ["tell_fetched", "tell_prospects", "tell_states"]

KILO, MEGA, GIGA = 1_000, 1_000_000, 1_000_000_000


def tell_states(states: Sequence[SourceState]) -> None:
    """Say in which state each data set is, those that the territory needs first."""
    needed = [state for state in states if state.state != "not needed"]
    width = max((len(state.state) for state in needed), default=0)
    for state in needed:
        record = state.record
        name = state.layer or state.source.id
        what = f" ({record.vintage}, fetched {record.day:%Y-%m-%d}, {size_told(record.size)})" if record else ""
        typer.echo(f"  {state.state:<{width}}  {name} -> {state.place}{what}")
    others = [state.source for state in states if state.state == "not needed"]
    if others:
        typer.echo("Also in the catalogue (hp-sig fetch NAME):")
        for source in others:
            typer.echo(f"  {source.id}: {source.title}, {source.producer} ({source.licence})")


def tell_prospects(prospects: Sequence[Prospect]) -> None:
    """Say what would be fetched, how large it is, and what nobody can tell."""
    total = 0
    for one in prospects:
        what = "ask?" if one.is_unknown else "fetch" if one.is_needed else "keep"
        size = ""
        if one.is_needed and one.offer is not None:
            total += one.offer.size or 0
            size = f", {_amount(one)}"
        reason = one.reason.removeprefix(f"{one.wanted.name}: ")
        typer.echo(f"  {what:<5}  {one.wanted.name} -> {one.wanted.file}: {reason}{size}")
    unknown = sum(one.is_unknown for one in prospects)
    needed = sum(one.is_needed for one in prospects) - unknown
    told = f", {unknown} could not be asked" if unknown else ""
    typer.echo(f"{needed} of {len(prospects)} data sets would be fetched, {size_told(total)} of known size{told}.")


def tell_fetched(done: FetchResult) -> None:
    """Say what became of each data set; what needs someone comes last."""
    outcomes = [one for one in done.outcomes if one not in done.failed]
    for one in [*outcomes, *done.failed]:
        typer.echo(f"  {one.status:<9} {one.wanted.name}{_told(one)}")
    counts = {status: sum(one.status == status for one in done.outcomes) for status in ("fetched", "absent")}
    kept = len(outcomes) - sum(counts.values())
    parts = [f"{counts['fetched']} fetched", f"{kept} kept"]
    parts += [f"{counts['absent']} not published"] if counts["absent"] else []
    typer.echo(f"{done.territory.name}: {', '.join(parts)}, {len(done.failed)} to look at, in {done.raw}.")


def size_told(size: float) -> str:
    """Write a size for people.

    >>> size_told(0), size_told(1_234), size_told(31_000_000), size_told(2_500_000_000)
    ('0 kB', '2 kB', '31 MB', '2.5 GB')
    """
    if size >= GIGA:
        return f"{size / GIGA:.1f} GB"
    return f"{size / MEGA:.0f} MB" if size >= MEGA else f"{-(-size // KILO):.0f} kB"


def _told(one: Outcome) -> str:
    parts = []
    if one.status == "fetched" and one.record is not None:
        rows = one.record.counts.get("rows", 0)
        parts.append(f"{one.file} ({size_told(one.record.size)}, {rows:.0f} rows, vintage {one.record.vintage})")
    if one.message:
        parts.append(one.message.removeprefix(f"{one.wanted.name}: "))
    return f": {'; '.join(parts)}" if parts else ""


def _amount(one: Prospect) -> str:
    offer = one.offer
    if offer is None:
        return ""
    if offer.features is not None:
        return f"{offer.features} features, vintage {offer.vintage}"
    return f"{size_told(offer.size) if offer.size is not None else 'unknown size'}, vintage {offer.vintage}"
