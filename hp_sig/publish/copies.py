"""Which layers of the producers are published as they were read: land cover, surveys, roads, buildings?"""

from collections.abc import Iterator
from typing import NamedTuple

import geopandas as gpd

from hp_sig.assembly import Layers
from hp_sig.publish.publication import Theme
from hp_sig.reference.labels import wording
from hp_sig.reference.nomenclature import corine_classes
from hp_sig.territory import LandCoverSource, SurveySource
from hp_sig.territory.publishing import ProducerLayer

__all__ = ["Copy", "copied_layers"]

#: Column → its name in what is published: that of an indicator means another thing.
ROAD_COLUMNS = {"level": "road_level", "speed_kmh": "road_speed_kmh", "oneway": "road_oneway"}
BUILDING_COLUMNS = {"use": "building_use"}
SURVEY_COLUMNS = {"class_code": "survey_code"}


class Copy(NamedTuple):
    """A layer of a producer: its name, theme, title, features with their keys as columns, key (its rows if empty)."""

    name: str
    theme: Theme
    title: str
    features: gpd.GeoDataFrame
    key: tuple[str, ...]


def copied_layers(layers: Layers) -> Iterator[Copy]:
    """Give the layers of the producers that the territory has published, in the order of :data:`ProducerLayer`.

    They are those near the communes, as they were read: nothing is cut at a limit.
    """
    wanted: tuple[ProducerLayer, ...] = layers.territory.publish.copies
    if "land_cover" in wanted:
        for name, (source, features) in layers.land.covers.items():
            yield Copy(name, "land_cover", _cover_title(source), features.reset_index(drop=True), ())
    if "land_survey" in wanted:
        for one in layers.territory.land_survey:
            if one.layer_name in layers.land.surveys:
                survey = _survey(layers.land.surveys[one.layer_name], one)
                yield Copy(one.layer_name, "land_cover", _survey_title(one), survey, ())
    roads, buildings = layers.mobility.roads, layers.mobility.buildings
    if "roads" in wanted and roads is not None:
        features = roads.rename(columns=ROAD_COLUMNS).reset_index()
        yield Copy("roads", "hubs", wording("published_layer", "roads"), features, ("road_id",))
    if "buildings" in wanted and buildings is not None:
        features = buildings.rename(columns=BUILDING_COLUMNS).reset_index()
        yield Copy("buildings", "hubs", wording("published_layer", "buildings"), features, ("building_id",))


def _cover_title(source: LandCoverSource) -> str:
    years = "-".join(map(str, source.years))
    return wording("published_layer", f"land_{source.kind}", departement=source.departement, years=years)


def _survey(survey: gpd.GeoDataFrame, source: SurveySource) -> gpd.GeoDataFrame:
    """Add the words of CORINE, which are known."""
    kept = survey.rename(columns=SURVEY_COLUMNS).reset_index(drop=True)
    if source.nomenclature == "corine":
        kept.insert(1, "class_label", kept["survey_code"].map(corine_classes()["label"]))
    return kept


def _survey_title(source: SurveySource) -> str:
    return wording("published_layer", f"survey_{source.nomenclature}", id=source.id, vintage=source.vintage)
