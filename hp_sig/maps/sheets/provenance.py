"""Where do the figures of a sheet come from: producer, vintage, licence, day of download?"""

from collections.abc import Iterable, Iterator, Sequence

from hp_sig.assembly import Layers
from hp_sig.maps.editions import latest_epci
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.portrait import Portrait
from hp_sig.maps.sheets.situation import epci_shown, scot_layer
from hp_sig.reference.labels import wording
from hp_sig.results import Results
from hp_sig.territory import LayerSource

__all__ = ["all_sources", "sheet_sources", "source_lines", "source_list"]


def all_sources(layers: Layers) -> list[LayerSource]:
    """Give the source of every layer whose file was there."""
    return [source for name, source in layers.territory.sources().items() if name in layers.names]


def sheet_sources(portrait: Portrait, layers: Layers, results: Results) -> str:
    """List the sources behind the figures and the map of a sheet, each with what it is used for.

    Parameters
    ----------
    portrait
        The zone.
    layers, results
        Of the territory.
    """
    used: dict[str, list[LayerSource]] = {}
    for use, source in _uses(portrait, layers, results):
        if source not in used.setdefault(use, []):
            used[use].append(source)
    lines = [
        wording("sheet", "source_of", use=use, source=line)
        for use, sources in used.items()
        for line in source_lines(sources)
    ]
    return _list(lines)


def _uses(portrait: Portrait, layers: Layers, results: Results) -> Iterator[tuple[str, LayerSource]]:
    """Give each source with what it is used for, in the order of the page."""
    territory, zones = layers.territory, layers.zones
    yield wording("sheet", "use_communes"), territory.boundaries
    own = zones.get(portrait.key[0])
    if own is not None and own.config.id not in {"epci", "pnr", "scot"}:
        yield own.config.label, own.config
    editions = [latest_epci(layers), own if portrait.kind == "epci" else None]
    editions += [edition for edition, _ in epci_shown(portrait, layers)]
    for edition in editions:
        if edition is not None:
            yield wording("sheet", "use_epci"), edition.config
    parks = [layer for layer in zones.values() if layer.config.id == "pnr"]
    for layer in [own] if portrait.kind == "pnr" and own is not None else parks:
        yield wording("sheet", "use_pnr"), layer.config
    for scot in (scot_layer(portrait, layers, results), own):
        if scot is not None and scot.config.id == "scot":
            yield wording("sheet", "use_scot"), scot.config
    if territory.population is not None and "population" in layers.names:
        yield wording("sheet", "use_population"), territory.population
    if territory.enaf is not None and "enaf" in layers.names:
        yield wording("sheet", "use_enaf"), territory.enaf
    # Those of every département: the whole territory stands beside each zone.
    for source in territory.land_cover:
        if source.layer_name in layers.names:
            yield wording("sheet", "use_land_cover"), source


def source_lines(sources: Iterable[LayerSource]) -> list[str]:
    """Tell each source, files of one series (its vintages) on one line."""
    grouped: dict[tuple[str, str, str], list[LayerSource]] = {}
    for source in sources:
        grouped.setdefault((source.producer, source.source, source.licence), []).append(source)
    return [_line(found) for found in grouped.values()]


def source_list(sources: Iterable[LayerSource]) -> str:
    """Write the sources as a list, with what areas are."""
    return _list(source_lines(sources))


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{safe_text(told)}</li>" for told in lines)
    return f"<ul>{items}</ul><p>{safe_text(wording('sheet', 'cadastral'))}</p>"


def _line(found: Sequence[LayerSource]) -> str:
    first = found[0]
    vintages = list(dict.fromkeys(source.vintage for source in found))
    told = (
        wording("sheet", "vintage", vintage=vintages[0])
        if len(vintages) == 1
        else wording("sheet", "vintages", vintages=", ".join(vintages))
    )
    days = sorted({source.retrieved for source in found if source.retrieved is not None})
    retrieved = wording("sheet", "retrieved", day=", ".join(f"{day:%d/%m/%Y}" for day in days)) if days else ""
    return wording(
        "sheet",
        "source",
        producer=first.producer,
        source=first.source,
        vintages=told,
        retrieved=retrieved,
        licence=first.licence,
    )
