"""A publication that QGIS could trip over: names that are markup and expressions, figures at the turn of a rounding."""

import datetime as dt
from dataclasses import replace

import geopandas as gpd
import pandas as pd
from shapely import MultiLineString, MultiPolygon, box

from hp_sig.maps.themes import Indicator
from hp_sig.publish.publication import FIGURES, Column, Publication, PublishedTable, Run

HOSTILE = 'Pays <b>"d\'Ô"</b> & [% 1/0 %] \x07>'
STARTED = dt.datetime(2026, 11, 28, 6, 30, tzinfo=dt.UTC)
#: A name of a layer, and the title of another.
HOSTILE_LAYER = "zones \"><&' d'ici"
CODES = [f"0400{rank}" for rank in range(1, 7)]
#: Figures of three classes of two, shown with two decimals as 0.50 and 1.11, 1.12 and 2.37, 2.38 and 9.00: in binary,
#: 1.115 is a little less than its decimals, and 2.375 lies halfway, which Python rounds to the even digit.
TURNS = [0.5, 1.115, 1.12, 2.37, 2.375, 9.0]
#: Shares shown with one decimal: a loss, almost nothing, nothing, almost nothing, a gain, not known.
SIGNED = [-0.25, -0.0001, 0.0, 0.0001, 0.5, None]
KINDS = [("U", "U"), ("AUc", "AU"), ("AUs", "AU"), ("A", "A"), ("Nh", "N"), ("02", "CC_activity")]


def publication(*, indicators: bool = True) -> Publication:
    tables = [_communes(), *([_figures()] if indicators else []), _zones(), _zoning(), _footprints(), *_copies()]
    tables.append(_told())
    return Publication(
        territory=HOSTILE,
        run=Run(
            id="20261128T063000Z-00000002", started_at=dt.datetime(2026, 11, 28, 6, 30, tzinfo=dt.UTC), version="0"
        ),
        tables={table.name: table for table in tables},
        sources={},
        indicators={one.column: (one, "") for one in _indicators()} if indicators else {},
    )


def _indicators():
    turns = pd.DataFrame({"": TURNS}, index=CODES)
    signed = pd.DataFrame({"": SIGNED}, index=CODES, dtype=float)
    yield Indicator(column="turn_ha", figures=turns, label="Virage <&>", unit="ha", decimals=2, count=3)
    yield Indicator(column="signed_share", figures=signed, label="Signe", unit="%", decimals=1, count=4)


def _squares(columns):
    shapes = [
        MultiPolygon([box(900_000 + 1000 * rank, 6_300_000, 901_000 + 1000 * rank, 6_301_000)]) for rank in range(6)
    ]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=2154)


def _table(name, rows, *, theme="territory", key=("commune_code",), title=None, kinds=None):
    names = [column for column in rows.columns if column != "geometry"]
    return PublishedTable(
        name=name,
        theme=theme,
        title=title or name,
        description=HOSTILE,
        rows=rows,
        columns=tuple(
            Column(name=one, label=f"Libellé <&\"'> de {one}", kind=(kinds or {}).get(one, "text"), decimals=2)
            for one in names
        ),
        key=key,
        commune="commune_code" if "commune_code" in names else None,
        geometry_type="MultiPolygon" if "geometry" in rows.columns else None,
    )


def _communes():
    names = [HOSTILE, "L'Aube", 'Le "Bois"', "B & C", "<D>", "É"]
    return _table("communes", _squares({"commune_code": CODES, "name": names}), title="Communes")


def _figures():
    rows = _squares({"commune_code": CODES, "name": CODES, "turn_ha": TURNS, "signed_share": SIGNED})
    rows["signed_share"] = rows["signed_share"].astype("float64")
    return _table(FIGURES, rows, title=HOSTILE, kinds={"turn_ha": "real", "signed_share": "real"})


def _zones():
    rows = _squares({"zone_code": CODES, "name": CODES})
    return _table(HOSTILE_LAYER, rows, key=("zone_code",), title=HOSTILE)


def _zoning():
    types, kinds = zip(*KINDS, strict=True)
    rows = _squares({"feature_id": CODES, "zone_type": types, "zone_kind": kinds})
    return _table("zoning", rows, theme="land_cover", key=("feature_id",))


def _footprints():
    rows = _squares({"project_id": CODES, "name": CODES, "commune_code": CODES})
    return _table("projects_footprint", rows, theme="projects", key=("project_id",))


def _copies():
    """Layers of the producers: land that is artificialised or not, that changed or not, roads."""
    numbers = pd.Series(range(1, 7), dtype="Int64")
    land = _squares({"feature_id": numbers, "cover_code": ["CS1.1.1.1", "CS2.1.2"] * 3, "use_code": ["US5"] * 6})
    land["artificialised"] = pd.Series([True, False] * 3, dtype="boolean")
    change = _squares({"feature_id": numbers})
    change["artificialised_before"] = pd.Series([True, True, False, False, True, True], dtype="boolean")
    change["artificialised_after"] = pd.Series([True, False, True, False, True, True], dtype="boolean")
    ways = ["motorway", "secondary", "residential", "service", "path", "steps"]
    roads = _squares({"road_id": CODES, "road_class": ways})
    roads = roads.set_geometry(roads.geometry.map(lambda square: MultiLineString([square.geoms[0].exterior.coords])))
    kinds = {"feature_id": "integer", **dict.fromkeys(("artificialised_before", "artificialised_after"), "boolean")}
    kinds["artificialised"] = "boolean"
    for name, rows in (("artificialisation_04", land), ("changes_04", change)):
        table = _table(name, rows, theme="land_cover", key=("feature_id",), kinds=kinds)
        yield replace(table, is_copy=True)
    table = _table("roads", roads, theme="hubs", key=("road_id",))
    yield replace(table, is_copy=True, geometry_type="MultiLineString")


def _told():
    # For SQLite, `RANK` is `rank`, and `fid` its own number of a row.
    rows = pd.DataFrame({"commune_code": [CODES[0], CODES[0], CODES[1]], "rank": ["1", "2", "1"]})
    rows = rows.assign(RANK=["a", "b", "c"], fid=["x", "y", "z"])
    return _table("told", rows, theme="enaf", key=("commune_code", "rank"), title=HOSTILE)
