"""What do a project and its sheets say of what they show: meaning, warnings, figures, sources, day?"""

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from hp_sig.maps.hubs.figures import MODES
from hp_sig.maps.themes import Indicator
from hp_sig.publish.publication import FIGURES, Publication
from hp_sig.publish.qgis.views import View
from hp_sig.reference.labels import NO_BREAK_SPACE, column_format, format_number, page_words, wording

__all__ = ["Bounds", "Told", "abstract_of", "made_of", "source_lines", "told_of"]

Bounds = tuple[float, float, float, float]


def source_lines(publication: Publication, names: Iterable[str]) -> list[str]:
    """Name sources as their licences ask, those that differ by their vintage on one line.

    Parameters
    ----------
    publication
        What is published.
    names
        Of its sources; one that it does not know is left out.
    """
    told: dict[tuple[str, str, str, str], list[str]] = {}
    for name in names:
        if (one := publication.sources.get(name)) is not None:
            day = "" if one.retrieved is None else wording("map", "retrieved", day=f"{one.retrieved:%d/%m/%Y}")
            told.setdefault((one.producer, one.source, one.licence, day), []).append(one.vintage)
    return [
        ", ".join(filter(None, [producer, source, _vintages(vintages), day])) + f" ({licence})"
        for (producer, source, licence, day), vintages in told.items()
    ]


def _vintages(vintages: list[str]) -> str:
    return wording("map", "vintage", vintage=", ".join(dict.fromkeys(vintages)))


def made_of(publication: Publication) -> str:
    """Say of which day, which run and which version the figures are."""
    run = publication.run
    return wording("qgis", "made", day=f"{run.started_at:%d/%m/%Y}", run=run.id, version=run.version)


def abstract_of(publication: Publication, file: str) -> str:
    """Tell what the project opens: the notice of a sample, the file, the run, the sources."""
    lines = source_lines(publication, publication.sources)
    parts = [publication.notice and f"{publication.notice}.", wording("qgis", "abstract", file=file)]
    parts += [
        made_of(publication),
        f"{wording('qgis', 'sources')}{NO_BREAK_SPACE}: {'; '.join(lines)}." if lines else "",
    ]
    return "\n".join(filter(None, parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is written beside a map, and what the map must show.

    Parameters
    ----------
    bounds
        xmin, ymin, xmax, ymax in Lambert-93.
    sources
        Sources, projection, run.
    warning, definition
        What must be known of the figure; what it is, and how it is parted into classes.
    heading, rows
        Of a list: name and figure of each row, in order.
    """

    bounds: Bounds
    sources: str
    warning: str = ""
    definition: str = ""
    heading: str = ""
    rows: tuple[tuple[str, str], ...] = ()


def told_of(publication: Publication, view: View) -> Told:
    """Write what stands beside a map.

    Parameters
    ----------
    publication
        What is published.
    view
        The map.
    """
    others = [name for name in view.layers if name not in {FIGURES, "communes"}]
    shown = ["communes", *(source for name in others for source in publication.tables[name].sources)]
    if view.coloured == FIGURES:
        return _of_figure(publication, view.column, shown)
    if view.coloured == "communes" and view.column:
        return _of_sets(publication, view.column, [*publication.tables[view.column].sources, *shown])
    if view.coloured == "service_areas":
        return _of_areas(publication, view, shown)
    return Told(bounds=_bounds(publication.tables["communes"].layer), sources=_closing(publication, shown))


def _of_figure(publication: Publication, column: str, shown: Iterable[str]) -> Told:
    """Tell a figure, and the communes of its highest values."""
    indicator, period = publication.indicators[column]
    made_from = [
        name for name, one in publication.sources.items() if f"{one.producer}, {one.source}" in indicator.source
    ]
    layer = publication.tables[FIGURES]
    names = layer.rows.set_index(layer.key[0])["name"]
    figures = indicator.shown(names.index)[period].dropna().sort_values(ascending=False, kind="stable")
    form = indicator.form
    return Told(
        bounds=_bounds(layer.layer),
        sources=_closing(publication, [*made_from, *shown]),
        warning=_warning(indicator, period),
        definition="\n".join(filter(None, [form["definition"], wording("scheme", indicator.scheme)])),
        heading=_with_unit(wording("qgis", "highest"), form["unit"]),
        rows=_rows(names[figures.index], figures, int(form["decimals"])),
    )


def _warning(indicator: Indicator, period: str) -> str:
    """Say that a figure is provisional, or of several vintages, as the page does."""
    words = page_words(of_communes=True)
    flagged = indicator.flags.get("is_provisional")
    vintages = set() if indicator.vintages is None else set(indicator.vintages[period].dropna()) - {""}
    told = [words["provisional"]] if flagged is not None and bool(flagged[period].any()) else []
    told += [words["mixed"].format(vintages=", ".join(sorted(vintages)))] if len(vintages) > 1 else []
    return "\n".join(told)


def _of_sets(publication: Publication, edition: str, shown: Iterable[str]) -> Told:
    """Tell the area of each intercommunality in the territory."""
    communes, zones = publication.tables["communes"], publication.tables[edition]
    names = zones.rows.set_index(zones.key[0])["name"]
    areas = communes.rows.groupby(edition)["area_ha"].sum().reindex(names.index)
    form = column_format("area_ha")
    return Told(
        bounds=_bounds(communes.layer),
        sources=_closing(publication, shown),
        heading=_with_unit(wording("qgis", "area"), form["unit"]),
        rows=_rows(names, areas, int(form["decimals"])),
    )


def _of_areas(publication: Publication, view: View, shown: Iterable[str]) -> Told:
    """Tell how wide each area of a mode is, and show these areas alone."""
    layer = publication.tables["service_areas"].layer
    mode = next(mode for mode in MODES if wording("hub_map", f"{mode}_first") == view.heading)
    drawn = gpd.GeoDataFrame(layer[layer["mode"] == mode])
    names = drawn["commune_name"].fillna(drawn["hub_id"]) + drawn["minutes"].map(lambda one: f", {one} min")
    form = column_format("catchment_ha")
    return Told(
        bounds=_bounds(drawn),
        sources=_closing(publication, shown),
        heading=_with_unit(form["label"], form["unit"]),
        rows=_rows(names, drawn["catchment_ha"], int(form["decimals"])),
    )


def _bounds(layer: gpd.GeoDataFrame) -> Bounds:
    xmin, ymin, xmax, ymax = map(float, layer.total_bounds)
    return xmin, ymin, xmax, ymax


def _with_unit(text: str, unit: str) -> str:
    return f"{text} ({unit})" if unit else text


def _rows(names: pd.Series, figures: pd.Series, decimals: int) -> tuple[tuple[str, str], ...]:
    told = (format_number(figure, decimals) for figure in figures)
    return tuple(zip(map(str, names), told, strict=True))


def _closing(publication: Publication, names: Iterable[str]) -> str:
    lines = [f"\u2022 {line}" for line in source_lines(publication, names)]
    heading = [f"{wording('qgis', 'sources')}{NO_BREAK_SPACE}:"] if lines else []
    return "\n".join([*heading, *lines, wording("qgis", "projection"), made_of(publication)])
