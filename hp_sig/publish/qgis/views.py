"""Which maps does the project offer at once: which layers of each, from the top down, in which style?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hp_sig.publish.publication import FIGURES, Publication
from hp_sig.publish.qgis.looks import PARKS, epci_layers, zone_layers
from hp_sig.publish.qgis.styles import LayerStyle, indicator_names

__all__ = ["View", "drawing_order", "views_of"]

#: Points over all, then what is drawn by its limits; areas that fill the map come last.
ON_TOP = ("stations", "projects_site", "projects_footprint")
FILLING = ("service_areas", "zoning", FIGURES, "communes")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A map: its name, its layers from the top down, and the layer whose style gives it its colours.

    Parameters
    ----------
    name
        Of the map.
    styles
        Layer → its style, from the top down.
    coloured
        The layer that gives the map its colours.
    column
        Column of that layer that it shows: a figure, the intercommunalities of a date.
    """

    name: str
    styles: Mapping[str, str]
    coloured: str
    column: str = ""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are shown, from the top down."""
        return tuple(self.styles)

    @property
    def heading(self) -> str:
        """What heads the colours in a legend."""
        return self.styles[self.coloured]


def drawing_order(publication: Publication) -> list[str]:
    """Order the layers from the top down."""
    layers = list(publication.layers)
    zones = [name for name in layers if name in zone_layers(publication)]
    copies = [name for name in layers if publication.tables[name].is_copy]
    known = [*ON_TOP, *zones, *reversed(copies), *FILLING]
    return [*(name for name in known if name in layers), *(name for name in layers if name not in known)]


def views_of(publication: Publication, styles: Mapping[str, Sequence[LayerStyle]]) -> list[View]:
    """List the maps: one an indicator, one a date of the intercommunalities, one a mode, one of the planning zones.

    Parameters
    ----------
    publication
        What is published.
    styles
        From :func:`hp_sig.publish.qgis.styles.layer_styles`.

    Returns
    -------
    list of View
        The first one is what the project opens with; at least one.
    """
    layers = publication.layers
    latest = list(epci_layers(publication))[-1:]
    signs = [name for name in ON_TOP if name in layers]
    parks = [PARKS] if PARKS in layers else []
    editions = {layer.title: name for name, layer in epci_layers(publication).items()}
    columns = {FIGURES: indicator_names(publication.indicators), "communes": editions}
    views = []
    for coloured in (FIGURES, "communes", "service_areas", "zoning"):
        for style in styles[coloured] if coloured in layers else ():
            column = columns.get(coloured, {}).get(style.name, "")
            if coloured == "communes" and editions and not column:
                continue
            # The limits of the intercommunalities, where they are not told by the colours already.
            over = parks if coloured == "communes" else latest
            under = ["communes"] if coloured == "service_areas" else []
            shown = {one: styles[one][0].name for one in (*signs, *over)}
            shown |= {coloured: style.name, **{one: styles[one][-1].name for one in under}}
            name = f"{layers[coloured].title}\u00a0\u2013 {style.name}" if coloured == "service_areas" else style.name
            views.append(View(name=name, styles=shown, coloured=coloured, column=column))
    return views
