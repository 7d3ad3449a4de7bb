"""Where do the figures of a sheet come from: producer, vintage, licence, day of download?"""

from collections.abc import Iterable, Sequence

from hp_sig.assembly import Layers
from hp_sig.maps.safety import safe_text
from hp_sig.reference.labels import wording
from hp_sig.territory import LandCoverSource, LayerSource, Zone

__all__ = ["all_sources", "sheet_sources", "source_lines", "source_list"]

#: Layers behind the figures of a sheet, besides the intercommunalities: other zones, projects and surveys are not.
USED = ("communes", "population", "enaf")


def all_sources(layers: Layers) -> list[LayerSource]:
    """Give the source of every layer whose file was there."""
    return [source for name, source in layers.territory.sources().items() if name in layers.names]


def sheet_sources(layers: Layers) -> list[LayerSource]:
    """Give the sources behind the figures and the map of a sheet."""
    named = layers.territory.sources().items()
    return [source for name, source in named if name in layers.names and _is_used(name, source)]


def source_lines(sources: Iterable[LayerSource]) -> list[str]:
    """Tell each source, files of one series (its vintages) on one line."""
    grouped: dict[tuple[str, str, str], list[LayerSource]] = {}
    for source in sources:
        grouped.setdefault((source.producer, source.source, source.licence), []).append(source)
    return [_line(found) for found in grouped.values()]


def source_list(sources: Iterable[LayerSource]) -> str:
    """Write the sources as a list, with what areas are."""
    items = "".join(f"<li>{safe_text(told)}</li>" for told in source_lines(sources))
    return f"<ul>{items}</ul><p>{safe_text(wording('sheet', 'cadastral'))}</p>"


def _is_used(name: str, source: LayerSource) -> bool:
    if isinstance(source, Zone):
        return source.id in {"epci", "scot", "pnr"}
    return name in USED or isinstance(source, LandCoverSource)


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
