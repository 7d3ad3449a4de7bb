"""Where do the multimodal hubs stand, and which land is reached from each, as shapes that a map can draw?"""

import dataclasses
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hp_sig.assembly import Layers
from hp_sig.crs import LAMBERT93
from hp_sig.errors import some
from hp_sig.indicators.catchment import EDGE_BUFFER_M, catchment
from hp_sig.indicators.network import RoadGraph, network_graph
from hp_sig.indicators.reach import MAX_SNAP_M
from hp_sig.layers.projects import PLACED, at_stations
from hp_sig.reference.labels import wording
from hp_sig.territory import LayerSource

__all__ = ["AREA_KEYS", "HUB", "MAX_SNAP_M", "ServiceAreas", "find_hubs", "service_areas", "with_projects"]

#: Columns by which a table tells a hub.
HUB = ["hub_id", "hub_name", "commune_code", "commune_name", "station_uic", "station_name"]
#: Levels that tell a service area.
AREA_KEYS = ["hub_id", "mode", "minutes"]
#: A network of which less than this share of the length is of one piece is told.
WHOLE_SHARE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAreas:
    """What is reached from every hub.

    Parameters
    ----------
    hubs
        Index `hub_id`: the columns of :data:`HUB`, `scale`, `geometry` (Point or MultiPolygon, EPSG:2154).
    areas
        Index (`hub_id`, `mode`, `minutes`): `speed_kmh`, `edge_buffer_m`, and the columns of
        :class:`hp_sig.indicators.catchment.Catchments`.
    crow_fly
        The discs, on the same index.
    streets
        Index `hub_id`: what is reached on foot in the longest time.
    networks
        Index `mode`: `length_km`, `piece_count`, `main_share` of the network that was searched.
    warnings
        Hubs that stand too far from any street, and networks that are in pieces.
    """

    hubs: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    crow_fly: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    networks: pd.DataFrame
    warnings: tuple[str, ...] = ()


def with_projects(layers: Layers, projects: gpd.GeoDataFrame) -> Layers:
    """Give the layers of a territory with other projects in place of its own, each site or footprint of them a hub.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.
    projects
        From :func:`hp_sig.layers.projects.read_projects`: alternatives that an officer drew.
    """
    placed = tuple(map(str, projects.index[projects["scale"].isin(PLACED)]))
    territory = layers.territory
    file = str(projects.attrs.get("source_file") or wording("screening", "drawing"))
    source = LayerSource(
        file=file,
        vintage=str(projects.attrs.get("vintage") or wording("screening", "undated")),
        producer=wording("screening", "drawn_by"),
        source=file,
        licence=wording("screening", "unpublished"),
    )
    hubs = territory.hubs.model_copy(update={"projects": placed})
    own = territory.model_copy(update={"hubs": hubs, "projects": source})
    return dataclasses.replace(layers, projects=projects, territory=own)


def find_hubs(layers: Layers) -> gpd.GeoDataFrame:
    """Find the projects that are hubs, each where it stands: at its station where a file knows it.

    Parameters
    ----------
    layers
        From :func:`hp_sig.assembly.load_layers`.

    Returns
    -------
    geopandas.GeoDataFrame
        Index `hub_id`: the columns of :data:`HUB` after it, `scale`, `geometry`.
    """
    columns = [*HUB[1:], "scale", "geometry"]
    rows = layers.projects
    if rows is None:
        return gpd.GeoDataFrame(columns=columns, index=pd.Index([], name="hub_id"), geometry="geometry", crs=LAMBERT93)
    named = layers.territory.hubs.projects
    wanted = rows["scale"].isin(PLACED) & (rows.index.isin(named) if named else rows["station_uic"].notna())
    hubs = rows[wanted].rename_axis("hub_id").rename(columns={"name": "hub_name"})
    names = {} if layers.stations is None else layers.stations["name"].to_dict()
    hubs["station_name"] = hubs["station_uic"].map(names)
    placed = hubs.set_geometry(at_stations(hubs, layers.stations))
    texts = ["commune_code", "station_uic", "station_name"]
    # A column of a file in which nobody has a commune is no column of texts.
    placed = placed.astype(dict.fromkeys(texts, "str"))
    placed["commune_code"] = placed["commune_code"].fillna(_commune_at(placed, layers.communes))
    placed["commune_name"] = placed["commune_code"].map(layers.communes["name"])
    return placed[columns]


def service_areas(layers: Layers) -> ServiceAreas | None:
    """Search the networks from every hub, in each mode and time of the territory; None without roads or hubs.

    Parameters
    ----------
    layers
        With roads.
    """
    roads, settings = layers.mobility.roads, layers.territory.hubs
    places = find_hubs(layers)
    if roads is None or places.empty:
        return None
    areas, discs, streets = [], [], []
    networks: dict[str, dict[str, float]] = {}
    warnings: list[str] = []
    for mode, minutes in settings.times.items():
        graph = network_graph(roads, mode=mode, speeds=settings.speeds.get(mode))
        near = _on_network(graph, places)
        if not near.all():
            warnings.append(
                f"hubs: no street open to the mode {mode!r} within {MAX_SNAP_M:.0f} m of {some(places.index[~near])}: "
                "no service area is drawn for them. Check their position, and that the roads cover them."
            )
        networks[mode] = _network(graph)
        if graph.main_share < WHOLE_SHARE:
            warnings.append(
                f"roads: only {graph.main_share:.0%} of the length open to the mode {mode!r} is of one piece, which "
                f"{len(graph.pieces) - 1} others do not join: is some of the network missing, or cut at a limit?"
            )
        if not near.any():
            continue
        found = catchment(graph, places[near], minutes=minutes)
        keys = found.areas.index.set_names(["hub_id", "minutes"])
        table = found.areas.set_axis(keys).assign(mode=mode, speed_kmh=graph.crow_fly_kmh)
        table["edge_buffer_m"] = EDGE_BUFFER_M
        areas.append(table.set_index("mode", append=True).reorder_levels(AREA_KEYS))
        discs.append(found.crow_fly.set_axis(areas[-1].index).to_frame("geometry"))
        if mode == "walk":
            longest = found.edges.xs(max(minutes), level="minutes").droplevel("edge_id")
            streets.append(longest.rename_axis("hub_id")[["geometry"]])
    if not areas:
        return None
    nothing = gpd.GeoDataFrame(geometry=[], index=pd.Index([], name="hub_id"), crs=LAMBERT93)
    return ServiceAreas(
        hubs=places,
        areas=gpd.GeoDataFrame(pd.concat(areas)),
        crow_fly=gpd.GeoDataFrame(pd.concat(discs), geometry="geometry"),
        streets=gpd.GeoDataFrame(pd.concat(streets)) if streets else nothing,
        networks=pd.DataFrame(networks).T.rename_axis("mode"),
        warnings=tuple(warnings),
    )


def _network(graph: RoadGraph) -> dict[str, float]:
    length = float(graph.pieces["length_km"].sum())
    return {"length_km": length, "piece_count": len(graph.pieces), "main_share": graph.main_share}


def _on_network(graph: RoadGraph, places: gpd.GeoDataFrame) -> np.ndarray:
    """Say which places have a street near enough to join the network."""
    tree = shapely.STRtree(graph.edges.geometry.to_numpy())
    found = tree.query_nearest(places.geometry.to_numpy(), max_distance=MAX_SNAP_M, all_matches=False)[0]
    near = np.zeros(len(places), dtype=np.bool_)
    near[found] = True
    return near


def _commune_at(places: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> pd.Series:
    """Give the commune that each place stands in; that of its inner point for a footprint."""
    inner = shapely.point_on_surface(places.geometry.to_numpy())
    place, commune = communes.sindex.query(inner, predicate="intersects")
    found = pd.Series(communes.index.to_numpy()[commune], index=places.index[place], dtype="str")
    return found[~found.index.duplicated()]
