"""Where does the territory lie, as its own boundaries say?"""

from pathlib import Path

from hp_sig.errors import LayerError
from hp_sig.inputs import data_files, read_tables
from hp_sig.layers.communes import read_communes
from hp_sig.sources.wanted import Bounds
from hp_sig.territory import Territory, commune_names

__all__ = ["grown", "territory_bounds"]


def territory_bounds(territory: Territory, raw: Path) -> Bounds | None:
    """Give the bounds of the communes of a territory; None while their boundaries are not there, or are not sound."""
    source = territory.boundaries
    if source.in_database:
        read_tables(territory, raw, ["communes"])
    files = data_files(territory.resolve(source.file, raw))
    if len(files) != 1:
        return None
    try:
        communes = read_communes(
            files[0], vintage=source.vintage, layer=source.layer, fields=source.fields, crs=source.crs
        )
    except LayerError:
        return None
    ours = communes[communes.index.isin(commune_names(territory).index)]
    if ours.empty:
        return None
    west, south, east, north = (float(bound) for bound in ours.total_bounds)
    return west, south, east, north


def grown(bounds: Bounds, margin_m: float) -> Bounds:
    """Push bounds outwards.

    >>> grown((0.0, 0.0, 10.0, 20.0), 5.0)
    (-5.0, -5.0, 15.0, 25.0)
    """
    west, south, east, north = bounds
    return west - margin_m, south - margin_m, east + margin_m, north + margin_m
