"""Where do the projects and the stations stand: at a point, in a commune, over an EPCI, or over the whole territory?

A project is drawn where its contract locates it: a site at its station or its coordinates, a footprint by its limits;
anything wider is listed beside the map. None gets a made-up point.
"""

from typing import Any

import geopandas as gpd
import pandas as pd

from hp_sig.assembly import Layers
from hp_sig.layers.projects import SCALES, at_stations
from hp_sig.maps.overlays import Action, Line, Mark, Outlines, Perimeters, Places
from hp_sig.reference.labels import wording

__all__ = ["actions_of", "concerned", "footprints", "projects_of_communes", "sites", "stations"]

FOOTPRINT = Line(colour="#b3001b")
#: Limits of the communes and of the EPCI that an action concerns.
CONCERNED = {"commune": Line(colour="#b3001b", dash="7 4"), "epci": Line(colour="#27496d", dash="12 5", weight=4.0)}


def sites(layers: Layers) -> Places | None:
    """Place the projects that stand at a station or at coordinates of their own."""
    drawn = _sites(layers)
    if drawn is None or drawn.empty:
        return None
    marks = [
        Mark(
            name=str(row["name"]),
            lon=row["lon"],
            lat=row["lat"],
            sign="hub" if row["station"] else "site",
            shown=row["station"],
            rows=_rows(row),
        )
        for row in drawn.to_dict("records")
    ]
    legend = {sign: wording("map", sign) for sign in ("hub", "site") if any(mark.sign == sign for mark in marks)}
    return Places(label=wording("map", "projects"), marks=marks, legend=legend)


def footprints(layers: Layers) -> Perimeters | None:
    """Give the limits of the projects that have some."""
    if layers.projects is None:
        return None
    drawn = layers.projects[layers.projects["scale"] == "footprint"]
    if drawn.empty:
        return None
    return Perimeters(
        label=wording("map", "footprint"),
        shapes=drawn,
        lines=[FOOTPRINT] * len(drawn),
        legend=[(FOOTPRINT, f"{wording('map', 'footprint')}\u00a0: {', '.join(drawn['name'])}")],
        fill="plain",
        shown=True,
        simplify=False,
    )


def stations(layers: Layers) -> Places | None:
    """Place the passenger stations that no project names."""
    if layers.stations is None:
        return None
    named = set() if layers.projects is None else set(layers.projects["station_uic"].dropna())
    others = layers.stations[~layers.stations.index.isin(named) & layers.stations["passengers"]]
    if others.empty:
        return None
    degrees = others.geometry.to_crs(4326)
    marks = [
        Mark(name=f"{wording('map', 'station')} {name}", lon=x, lat=y, sign="station")
        for name, x, y in zip(others["name"], degrees.x, degrees.y, strict=True)
    ]
    return Places(label=wording("map", "stations"), marks=marks, legend={"station": wording("map", "station")})


def projects_of_communes(layers: Layers) -> dict[str, list[str]]:
    """List the projects of each commune that stand in it, at whatever place."""
    if layers.projects is None:
        return {}
    local = layers.projects[layers.projects["scale"].isin(["site", "footprint", "commune"])]
    return {str(code): [str(name) for name in rows] for code, rows in local.groupby("commune_code")["name"]}


def actions_of(layers: Layers) -> list[Action]:
    """List every project by axis, the most precisely located first, each with what it concerns."""
    if layers.projects is None:
        return []
    placed = _sites(layers)
    places = {} if placed is None else {code: (row["lat"], row["lon"]) for code, row in placed.iterrows()}
    projects = layers.projects.assign(rank=layers.projects["scale"].map(SCALES.index))
    projects = projects.sort_values(["axis", "rank"], kind="stable", na_position="last")
    return [_action(layers, row, places.get(code)) for code, row in projects.iterrows()]


def concerned(layers: Layers) -> list[Outlines]:
    """Outline the communes, then the EPCI, that an action is located by, for want of a place of its own."""
    if layers.projects is None:
        return []
    outlines = []
    for scale, line in CONCERNED.items():
        rows = layers.projects[layers.projects["scale"] == scale]
        actions = [_action(layers, row, None) for _, row in rows.iterrows()]
        located = [action for action in actions if action.zones]
        if located:
            members = {zone: action.where for action in located for zone in action.zones}
            names = {action.where: action.where for action in located}
            outlines.append(
                Outlines(
                    label=wording("map", f"at_{scale}"),
                    members=pd.Series(members),
                    names=names,
                    lines=dict.fromkeys(names, line),
                    legend=[(line, f"{wording('map', f'at_{scale}')}\u00a0: {', '.join(names)}")],
                    shown=True,
                )
            )
    return outlines


def _action(layers: Layers, row: Any, place: tuple[float, float] | None) -> Action:  # noqa: ANN401
    axis, scale = row["axis"], str(row["scale"])
    where, zones = "", []  # type: tuple[str, list[str]]
    commune, siren = row["commune_code"], row["epci_siren"]
    if scale in {"site", "footprint", "commune"} and commune in layers.communes.index:
        where = str(layers.communes["name"][commune])
        zones = [] if place else [str(commune)]
    elif scale == "epci":
        where, zones = _epci(layers, siren)
    return Action(
        heading=_axis(axis) if pd.notna(axis) else wording("map", "no_axis"),
        name=str(row["name"]),
        scale=wording("scale", scale),
        where=where,
        zones=zones,
        place=place,
    )


def _epci(layers: Layers, siren: Any) -> tuple[str, list[str]]:  # noqa: ANN401 - a cell
    """Name an EPCI and its communes, at the first date that knows it; without SIREN, it is each of them."""
    if pd.isna(siren):
        return wording("map", "each_epci"), []
    for layer in layers.zones.values():
        if layer.config.id == "epci" and layer.members is not None and siren in layer.zones.index:
            inside = layer.members[layer.config.key] == siren
            return str(layer.zones["name"][str(siren)]), [str(code) for code in layer.members.index[inside]]
    return "", []


def _sites(layers: Layers) -> gpd.GeoDataFrame | None:
    """Give each project at a site its `lon` and `lat`, those of its station where it names one (`station`)."""
    if layers.projects is None:
        return None
    drawn = layers.projects[layers.projects["scale"] == "site"].copy()
    names = pd.Series(dtype="str") if layers.stations is None else layers.stations["name"]
    # A station that no file knows leaves the project at its own coordinates.
    drawn["station"] = [str(names.get(code, "")) for code in drawn["station_uic"]]
    degrees = at_stations(drawn, layers.stations).to_crs(4326)
    return drawn.assign(lon=degrees.x, lat=degrees.y)


def _rows(project: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - a record
    rows = []
    if pd.notna(project["axis"]):
        rows.append((wording("map", "axis"), _axis(project["axis"])))
    if project["station"]:
        rows.append((wording("map", "station"), project["station"]))
    rows.append((wording("map", "located"), wording("scale", str(project["scale"]))))
    return rows


def _axis(axis: object) -> str:
    try:
        return wording("axis", str(axis))
    except KeyError:
        return str(axis)
