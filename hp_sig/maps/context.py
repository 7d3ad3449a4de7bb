"""What does every map of a territory have in common: title, sources, zonings, parks, stations, projects?"""

from collections.abc import Mapping, Sequence

import pandas as pd

from hp_sig.assembly import Layers, ZoneLayer
from hp_sig.maps.editions import editions
from hp_sig.maps.overlays import OTHER_LINES, Line, Outlines, Overlay, Perimeters, Rows
from hp_sig.maps.page import Caption
from hp_sig.maps.projects import footprints, projects_of_communes, sites, stations
from hp_sig.maps.themes import Partition
from hp_sig.reference.labels import format_quantity, label, wording
from hp_sig.results import Results
from hp_sig.territory import LayerSource

__all__ = ["caption_of", "facts_of", "overlays_of", "partition_of", "source_line"]

#: Fills of the intercommunalities: light tints told apart by colour-blind readers, from the Okabe-Ito and Tol palettes.
FILLS = (
    *("#f6d58a", "#a9d5ef", "#e3b3cd", "#b9dfc9", "#f0b795", "#cfd3d8"),
    *("#d9d3a0", "#bcc4ea", "#efc6c2", "#9fd3cf", "#d8b9e6", "#e5e0d0"),
)
EPCI = Line(colour="#2b2b2b", weight=2.2)
PARK = Line(colour="#1b6e3a", dash="1 5", weight=2.5)
#: By status, the weakest first: an approved SCoT is a full line, anything else is broken and paler.
SCOT = {
    "none": Line(colour="#8d6fae", dash="1 10", weight=2.0),
    "unknown": Line(colour="#8d6fae", dash="2 6"),
    "in_progress": Line(colour="#5b2a8a", dash="10 6"),
    "approved": Line(colour="#5b2a8a", weight=4.0),
}


def caption_of(layers: Layers, title: str) -> Caption:
    """Write what stands around a map of the communes: a title of the section `map`, the notice, every source."""
    territory = layers.territory
    read = (source for name, source in territory.sources().items() if name in layers.names)
    lines = dict.fromkeys(source_line(source) for source in read)
    return Caption(
        title=wording("map", title, territory=territory.name),
        notice=territory.notice,
        sources=list(lines),
        zone_kind=wording("map", "commune"),
        code_label=label("commune_code"),
    )


def source_line(source: LayerSource) -> str:
    """Name a source as its licence asks: producer, name, vintage, date of download, licence."""
    parts = [f"{source.producer}, {source.source}", wording("map", "vintage", vintage=source.vintage)]
    if source.retrieved is not None:
        parts.append(wording("map", "retrieved", day=f"{source.retrieved:%d/%m/%Y}"))
    return f"{', '.join(parts)} ({source.licence})"


def partition_of(layers: Layers) -> Partition | None:
    """Give the intercommunalities of each date, one colour for each of them whatever the date."""
    dates = editions(layers)
    if not dates:
        return None
    names = {str(code): str(name) for layer in dates for code, name in layer.zones["name"].items()}
    members, told = {}, {code: {} for code in names}  # type: tuple[dict[str, pd.Series], dict[str, dict[str, str]]]
    for layer in dates:
        date = str(layer.config.cog_year)
        assert layer.members is not None
        members[date] = layer.members[layer.config.key]
        for code in layer.zones.index:
            told[str(code)][date] = members_in_words(layer, str(code))
    return Partition(
        label=wording("map", "epci"),
        members=pd.DataFrame(members).reindex(layers.communes.index),
        names=names,
        colours={code: FILLS[rank % len(FILLS)] for rank, code in enumerate(names)},
        told=told,
        first=str(layers.territory.cog_year),
        source="\u00a0; ".join(dict.fromkeys(f"{one.config.producer}, {one.config.source}" for one in dates)),
    )


def members_in_words(layer: ZoneLayer, code: str) -> str:
    """Count the communes of a zone in words, and those of the territory where they are not all."""
    count, total = int(layer.zones["commune_count"][code]), int(layer.zones["commune_total"][code])
    if count == total:
        return wording("map", "member" if count == 1 else "members", count=count)
    return wording("map", "members_partial", count=count, total=total)


def overlays_of(layers: Layers, *, epci: bool, parks: bool = True) -> list[Overlay]:
    """Lay out every zoning, park, project and station of a territory as layers to tick.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    epci
        Whether the limits of the intercommunalities are drawn too: of the latest date at first.
    parks
        Whether the parks are shown at first: their hatching covers the colours a little.
    """
    dates = editions(layers)
    overlays: list[Overlay] = []
    others = 0
    for layer in layers.zones.values():
        if layer in dates:
            if epci:
                overlays.append(_outlines(layer, dict.fromkeys(layer.zones.index, EPCI), shown=layer is dates[-1]))
        elif layer.config.id == "pnr" and layer.members is None:
            overlays.append(_park(layer, shown=parks))
        elif "status" in layer.zones:
            # The strongest line comes last: a shared limit is that of the approved SCoT.
            order = layer.zones["status"].sort_values(key=lambda status: status.map(list(SCOT).index), kind="stable")
            overlays.append(_outlines(layer, {str(code): SCOT[status] for code, status in order.items()}))
        else:
            overlays.append(_outlines(layer, dict.fromkeys(layer.zones.index, OTHER_LINES[others % len(OTHER_LINES)])))
            others += 1
    return [*overlays, *(one for one in (footprints(layers), sites(layers), stations(layers)) if one is not None)]


def _outlines(layer: ZoneLayer, lines: Mapping[str, Line], *, shown: bool = False) -> Overlay:
    name = layer.config.label
    legend = dict.fromkeys(lines.values(), name)
    if "status" in layer.zones:
        statuses = layer.zones["status"]
        legend = {
            lines[code]: f"{name}, {wording('scot_status', str(statuses[code]))}" for code in reversed(list(lines))
        }
    rows = list(legend.items())
    if layer.members is None:
        return Perimeters(
            label=name,
            shapes=layer.zones,
            lines=[lines[code] for code in layer.zones.index],
            legend=rows,
            shown=shown,
        )
    return Outlines(
        label=name,
        members=layer.members[layer.config.key],
        names={str(code): str(name) for code, name in layer.zones["name"].items()},
        lines=lines,
        legend=rows,
        shown=shown,
    )


def _park(layer: ZoneLayer, *, shown: bool) -> Perimeters:
    names = ", ".join(str(name) for name in layer.zones["name"])
    return Perimeters(
        label=layer.config.label,
        shapes=layer.zones,
        lines=[PARK] * len(layer.zones),
        legend=[(PARK, f"{layer.config.label}\u00a0: {names}")],
        fill="hatched",
        shown=shown,
    )


def facts_of(layers: Layers, results: Results) -> dict[str, Rows]:
    """Tell of each commune what is no figure of a map: area, population, zones at each date, projects."""
    here = projects_of_communes(layers)
    facts: dict[str, Rows] = {}
    for code, row in results.communes.iterrows():
        rows = [(label("area_ha"), format_quantity("area_ha", row["area_ha"]))]
        if pd.notna(row["population_year"]):
            told = f"{label('population')} {row['population_year']}"
            rows.append((told, format_quantity("population", row["population"])))
        rows += _dated(layers, row)
        for layer in layers.zones.values():
            if layer not in editions(layers):
                name = row[f"{layer.config.layer_name}_name"]
                rows.append((layer.config.label, str(name) if pd.notna(name) else wording("map", "no_value")))
        if "scot_status" in results.communes:
            rows.append((label("scot_status"), wording("scot_status", str(row["scot_status"]))))
        rows += [(wording("map", "project"), name) for name in here.get(str(code), ())]
        facts[str(code)] = rows
    return facts


def _dated(layers: Layers, row: pd.Series) -> Sequence[tuple[str, str]]:
    """Tell each date at which a commune's intercommunality changed, the first one included."""
    rows, before = [], None
    for layer in editions(layers):
        name = layer.config.layer_name
        if row[name] != before:
            told = str(row[f"{name}_name"]) if pd.notna(row[name]) else wording("map", "no_value")
            rows.append((wording("map", "epci_short", year=layer.config.cog_year), told))
        before = row[name]
    return rows
