"""What is known of each zone, gathered once from all the tables?"""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hp_sig.assembly import Layers, ZoneLayer
from hp_sig.crs import area_ha
from hp_sig.results import Results
from hp_sig.results.groups import TERRITORY_LAYER

__all__ = [
    "COMMUNES",
    "TERRITORY",
    "Key",
    "Portrait",
    "Row",
    "number",
    "portraits",
]

#: A zone: its layer and its code, which several layers may share.
Key = tuple[str, str]
Row = Mapping[Hashable, Any]

COMMUNES = "communes"
TERRITORY: Key = (TERRITORY_LAYER, TERRITORY_LAYER)
#: Zones that have words of their own; any other layer is « la zone ».
KINDS = (COMMUNES, TERRITORY_LAYER, "epci", "pnr")
#: A perimeter of which less than this share is missing is whole: limits are not drawn alike.
WHOLE_SHARE = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """A zone and its figures; what is not known is NaN, None or an empty tuple.

    Parameters
    ----------
    key, name, kind
        Layer and code; name; `communes`, `territory`, `epci`, `pnr` or `zone`.
    year
        Of its list of communes.
    commune_codes, commune_total
        Communes of the territory that it holds (a perimeter: those inside it); how many the whole list has.
    area_ha
        What it covers of the territory.
    population, population_year
        Of those communes; unknown where there are none.
    is_partial, is_perimeter
        Whether some of it lies out of the territory; whether it cuts across communes.
    stock, shape, flow, law
        Its row of the latest vintage of `land_stock`, `land_shape` and `land_flow`; that of `trajectory` under the
        law in force.
    covers
        Its rows of `land_classes` by cover, of that same vintage.
    flows
        Its rows of `enaf_consumption`, by year.
    """

    key: Key
    name: str
    kind: str
    year: int | None
    commune_codes: tuple[str, ...]
    commune_total: int | None
    area_ha: float
    population: float
    population_year: int | None
    is_partial: bool
    is_perimeter: bool
    stock: Row | None
    shape: Row | None
    flow: Row | None
    law: Row | None
    covers: tuple[Row, ...]
    flows: tuple[Row, ...]


def portraits(layers: Layers, results: Results) -> dict[Key, Portrait]:
    """Gather the figures of every commune, zone and the territory.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    results
        From :func:`hp_sig.results.compute`; any table of land may be missing.
    """
    tables = {
        name: _by_zone(getattr(results, name))
        for name in ("zones", "land_stock", "land_shape", "land_flow", "land_classes", "enaf_consumption", "trajectory")
    }
    year = None if layers.territory.population is None else layers.territory.population.year
    communes_rows = results.communes.reset_index().to_dict("records")
    rows: dict[str, Row] = {str(row["commune_code"]): row for row in communes_rows}
    found = {}
    for key, name, kind in _zones(layers):
        layer = layers.zones.get(key[0])
        communes = _communes(key, layers, layer, results.overlaps)
        measured = rows[key[1]] if kind == COMMUNES else _last(tables["zones"][key])
        is_perimeter = layer is not None and layer.members is None
        stock = _last(tables["land_stock"][key])
        found[key] = Portrait(
            key=key,
            name=name,
            kind=kind,
            year=None if layer is None else layer.config.cog_year,
            commune_codes=communes,
            commune_total=None if layer is None or layer.members is None else int(layer.zones["commune_total"][key[1]]),
            area_ha=number(measured, "overlap_ha" if is_perimeter else "area_ha"),
            # The sum over no commune is not a population of 0.
            population=number(measured, "population") if communes else math.nan,
            population_year=year,
            is_partial=_is_partial(key, layer, measured),
            is_perimeter=is_perimeter,
            stock=stock,
            shape=_last(tables["land_shape"][key]),
            flow=_last(tables["land_flow"][key]),
            law=_law(tables["trajectory"][key], layers.territory.trajectory.regime),
            covers=tuple(
                row
                for row in tables["land_classes"][key]
                if row["axis"] == "cover" and stock is not None and row["rank"] == stock["rank"]
            ),
            flows=tuple(sorted(tables["enaf_consumption"][key], key=lambda row: int(row["year"]))),
        )
    return found


def number(row: Row | None, column: str) -> float:
    """Read a figure of a row; NaN where there is no row, no such column or nothing known."""
    value = None if row is None else row.get(column)
    return math.nan if value is None or pd.isna(value) else float(value)


def _zones(layers: Layers) -> list[tuple[Key, str, str]]:
    named: list[tuple[Key, str, str]] = [(TERRITORY, layers.territory.name, TERRITORY_LAYER)]
    named += [((COMMUNES, str(code)), str(name), COMMUNES) for code, name in layers.communes["name"].items()]
    for layer_name, layer in layers.zones.items():
        kind = layer.config.id if layer.config.id in KINDS else "zone"
        named += [((layer_name, str(code)), str(name), kind) for code, name in layer.zones["name"].items()]
    return named


def _communes(key: Key, layers: Layers, layer: ZoneLayer | None, overlaps: pd.DataFrame) -> tuple[str, ...]:
    if layer is None:
        return tuple(layers.communes.index) if key == TERRITORY else (key[1],)
    if layer.members is not None:
        zone_of = layer.members[layer.config.key]
        return tuple(zone_of.index[zone_of == key[1]])
    inside = overlaps[(overlaps["zone_layer"] == COMMUNES) & (overlaps["relation"] == "inside")]
    inside = inside[(inside["other_layer"] == key[0]) & (inside["other_code"] == key[1])]
    return tuple(inside["zone_code"])


def _is_partial(key: Key, layer: ZoneLayer | None, measured: Row | None) -> bool:
    if layer is None:
        return False
    if layer.members is not None:
        return bool(layer.zones["commune_total"][key[1]] > layer.zones["commune_count"][key[1]])
    whole = area_ha(layer.zones.loc[[key[1]]]).iloc[0]
    return bool(number(measured, "overlap_ha") < WHOLE_SHARE * whole)


def _by_zone(table: pd.DataFrame | None) -> dict[Key, list[Row]]:
    """Part a table by zone: the same code in two layers is two zones."""
    rows: defaultdict[Key, list[Row]] = defaultdict(list)
    if table is not None and "zone_code" in table.columns:
        for row in table.to_dict("records"):
            rows[row["zone_layer"], row["zone_code"]].append(row)
    return rows


def _last(rows: list[Row]) -> Row | None:
    return max(rows, key=lambda row: row.get("rank", 0), default=None)


def _law(rows: list[Row], regime: str) -> Row | None:
    return next((row for row in rows if row["regime"] == regime), None)
