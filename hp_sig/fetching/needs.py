"""Which data sets does this territory need, which part of each, and where do they go?"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from hp_sig.errors import SourceError, some
from hp_sig.inputs import data_files
from hp_sig.reference.catalogue import Catalogue
from hp_sig.sources.wanted import Wanted
from hp_sig.territory import LandCoverSource, LayerSource, Territory, commune_names

__all__ = ["Need", "file_in_place", "foreign_files", "needs_of"]


#: What an edition may be called: it names layers at the producer, and folders here.
EDITION = re.compile(r"[0-9]{4}|LATEST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A file to keep up to date, and the layer of the territory that reads it (None: no layer does)."""

    wanted: Wanted
    layer: str | None = None
    config: LayerSource | None = None


def needs_of(territory: Territory, catalogue: Catalogue, names: Sequence[str] = ()) -> list[Need]:
    """List what a territory needs of the data sets of a catalogue, the boundaries of its communes first.

    Parameters
    ----------
    territory
        Its layers that have a `fetch`, and its `[fetch]` section.
    catalogue
        The data sets.
    names
        Data sets (`enaf`, `communes@2024`) or layers of the territory (`land_cover_04_2018`); all that it needs when
        empty. A data set that it does not need is fetched for its communes all the same.

    Raises
    ------
    SourceError
        If a name is known neither to the catalogue nor to the territory, or a layer does not read the place that its
        data set goes to.
    """
    layers = {name: source for name, source in territory.sources().items() if source.fetch}
    communes = tuple(str(code) for code in commune_names(territory).index)
    every = [_of_layer(territory, catalogue, communes, name, source) for name, source in layers.items()]
    every += [_of_data_set(territory, catalogue, communes, name) for name in territory.fetch.sources]
    if not names:
        return _distinct(every)
    chosen: list[Need] = []
    for name in names:
        found = [need for need in every if name in (need.layer, need.wanted.source.id, _asked(need))]
        chosen += found or [_of_data_set(territory, catalogue, communes, name)]
    return _distinct(sorted(chosen, key=lambda need: need.layer != "communes"))


def file_in_place(raw: Path, wanted: Wanted) -> Path | None:
    """Find the file of a data set under the raw folder, whatever the suffix that it was delivered with."""
    place = raw / wanted.file
    if place.is_file():
        return place
    if PurePosixPath(wanted.file).suffix or not place.parent.is_dir():
        return None
    return next((file for file in data_files(sorted(place.parent.iterdir())) if file.stem == place.name), None)


def foreign_files(territory: Territory, raw: Path, need: Need) -> list[Path]:
    """List the files that the layer would read besides the one that is fetched: put there by hand, or left over."""
    if need.config is None:
        return []
    ours = file_in_place(raw, need.wanted)
    return [file for file in data_files(territory.resolve(need.config.file, raw)) if file != ours]


def _of_layer(
    territory: Territory, catalogue: Catalogue, communes: tuple[str, ...], name: str, config: LayerSource
) -> Need:
    try:
        wanted = _wanted(catalogue, communes, str(config.fetch), config)
    except SourceError as error:
        message = f"{territory.path}: the layer « {name} », fetch = {config.fetch!r}: {error}"
        raise SourceError(message) from error
    place = PurePosixPath(wanted.file)
    # A place without suffix takes that of what is delivered: any that a reader knows will do.
    reads = any(place.with_name(place.name + end).match(config.file) for end in ("", ".gpkg", ".csv", ".shp"))
    if config.in_package or not reads:
        message = (
            f"{territory.path}: the layer « {name} » reads {config.file!r}, but the data set {config.fetch!r} goes to "
            f"{wanted.file!r}. Write file = {_pattern(wanted.file)!r} there, or leave fetch out."
        )
        raise SourceError(message)
    return Need(wanted=wanted, layer=name, config=config)


def _of_data_set(territory: Territory, catalogue: Catalogue, communes: tuple[str, ...], name: str) -> Need:
    source = catalogue.source(name.partition("@")[0])
    if "{years}" in source.file or "{zone}" in source.file:
        message = (
            f"« {source.id} » is published by département and year: name a [[land_cover]] layer of {territory.path} "
            f"that has fetch = {source.id!r}, or write one there (kind, departement, years)."
        )
        raise SourceError(message)
    return Need(wanted=_wanted(catalogue, communes, name, None))


def _wanted(catalogue: Catalogue, communes: tuple[str, ...], name: str, config: LayerSource | None) -> Wanted:
    identifier, _, edition = name.partition("@")
    source = catalogue.source(identifier)
    if not EDITION.fullmatch(edition or source.edition or "LATEST"):
        message = f"an edition expected (a year such as {identifier}@2024, or LATEST), found {name!r}."
        raise SourceError(message)
    if edition and source.edition is None and source.vintage != "title":
        message = f"« {identifier} » has no editions to choose from, found {name!r}. Leave out « @{edition} »."
        raise SourceError(message)
    departements: tuple[str, ...] = _departements(communes)
    years: tuple[int, ...] = ()
    if isinstance(config, LandCoverSource):
        departements, years = (config.departement,), config.years
    wanted = Wanted(
        source=source,
        file=source.file,
        communes=communes,
        departements=departements,
        years=years,
        edition=edition or None,
    )
    place = source.place(zone=wanted.zone, years=wanted.years_label, edition=edition or source.edition or "")
    return replace(wanted, file=place)


def _departements(communes: Iterable[str]) -> tuple[str, ...]:
    """Give the départements of communes: two digits, three overseas.

    >>> _departements(["04112", "04143", "83150", "97411"])
    ('04', '83', '974')
    """
    return tuple(sorted({code[:3] if code.startswith("97") else code[:2] for code in communes}))


def _distinct(needs: Sequence[Need]) -> list[Need]:
    """Leave out what comes twice; refuse two data sets, or two parts of one, that go to one place."""
    by_place: dict[str, Need] = {}
    for need in needs:
        other = by_place.setdefault(need.wanted.file, need)
        if other.wanted != need.wanted:
            message = (
                f"two data sets go to {need.wanted.file}: {some([_asked(other), _asked(need)])}. Keep one of them."
            )
            raise SourceError(message)
    return list(by_place.values())


def _asked(need: Need) -> str:
    """Name a data set as it is asked for."""
    return need.wanted.source.id + (f"@{need.wanted.edition}" if need.wanted.edition else "")


def _pattern(place: str) -> str:
    """Write a place as the territory file may name it.

    >>> _pattern("ocsge/occupation/OCS-GE_D004_2018"), _pattern("pnr/pnr.gpkg")
    ('ocsge/occupation/OCS-GE_D004_2018.*', 'pnr/pnr.gpkg')
    """
    return place if PurePosixPath(place).suffix else f"{place}.*"
