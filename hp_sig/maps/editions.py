"""Which lists of intercommunalities does a territory have: all, the latest, that of its own date?"""

from hp_sig.assembly import Layers, ZoneLayer

__all__ = ["edition_of_the_territory", "editions", "latest_epci"]


def editions(layers: Layers) -> list[ZoneLayer]:
    """List the dates of the intercommunalities that are lists of communes, oldest first."""
    found = [layer for layer in layers.zones.values() if layer.config.id == "epci" and layer.members is not None]
    return sorted(found, key=lambda layer: layer.config.cog_year or 0)


def latest_epci(layers: Layers) -> ZoneLayer | None:
    """Give the latest list of intercommunalities; None where the territory has none."""
    return next(reversed(editions(layers)), None)


def edition_of_the_territory(layers: Layers) -> ZoneLayer | None:
    """Give the list of intercommunalities of the territory's own date; None where it has none."""
    dated = (layer for layer in editions(layers) if layer.config.cog_year == layers.territory.cog_year)
    return next(dated, None)
