"""Large layers of the producers in what is published: as they were read, unless the territory leaves them out."""

import dataclasses

import geopandas as gpd
import pandas as pd
import pytest
from published import RUN, sample, sample_publication
from shapely import LineString, box

from hp_sig import Layers
from hp_sig.assembly.land import assemble_land
from hp_sig.assembly.mobility import MobilityLayers
from hp_sig.publish.content import publication_of
from hp_sig.publish.copies import copied_layers
from hp_sig.publish.dictionary import dictionary
from hp_sig.publish.files import file_names
from hp_sig.publish.metadata.record import dataset_record, table_record
from hp_sig.publish.qgis.copies import copy_looks
from hp_sig.publish.workbook.naming import table_sheets
from hp_sig.results import compute
from hp_sig.territory import LandCoverSource, SurveySource

COVERS = ("land_cover_04_2018", "land_cover_04_2021", "land_cover_83_2017", "land_cover_83_2020")
SOURCE = {"file": "x.gpkg", "producer": "IGN", "source": "OCS GE", "vintage": "2024", "licence": "LO 2.0"}


def squares(count: int, **columns: list[object]) -> gpd.GeoDataFrame:
    shapes = [box(900_000 + 100 * rank, 6_300_000, 900_100 + 100 * rank, 6_300_100) for rank in range(count)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=2154)


LOCAL = SurveySource(id="mos", nomenclature="local", correspondence="c.csv", mapping_unit_ha=0.1, **SOURCE)


def difference(kind: str) -> LandCoverSource:
    return LandCoverSource(kind=kind, departement="04", years=(2018, 2021), **SOURCE)


@pytest.fixture
def told(layers: Layers) -> Layers:
    """The six squares with one layer of each kind that the sample has none of."""
    kinds = {
        "artificialisation_04_2021": (
            LandCoverSource(kind="artificialisation", departement="04", years=(2021,), **SOURCE),
            squares(2, cover_code=["CS1.1.1.1", "CS2.1.2"], use_code=["US5", "US1.1"], artificialised=[True, False]),
        ),
        "artificialisation_difference_04_2018_2021": (
            difference("artificialisation_difference"),
            squares(2, artificialised_before=[False, True], artificialised_after=[True, True]),
        ),
        "land_cover_difference_04_2018_2021": (
            difference("cover_difference"),
            squares(1, cover_before=["CS2.1.2"], cover_after=["CS1.1.1.1"]),
        ),
    }
    survey = SurveySource(id="clc", nomenclature="corine", **SOURCE)
    buildings = squares(2, use=["residential", "unknown"], dwelling_count=[3.0, None], floor_count=[2.0, None])
    buildings.index = pd.Index(["B1", "B2"], name="building_id")
    land = dataclasses.replace(
        layers.land,
        covers=kinds,
        surveys={
            "land_survey_clc": squares(2, class_code=["112", "311"], land_class=["artificial", "forest"]),
            "land_survey_mos": squares(2, class_code=["A", "U"], land_class=["artificial", "water"]),
        },
    )
    territory = layers.territory.model_copy(update={"land_survey": (survey, LOCAL)})
    return dataclasses.replace(
        layers, territory=territory, land=land, mobility=MobilityLayers(roads=roads(), buildings=buildings)
    )


def roads() -> gpd.GeoDataFrame:
    one = LineString([(900_000, 6_300_000), (900_500, 6_300_000)])
    columns = {
        "name": ["Grande Rue", None],
        "road_class": ["residential", "steps"],
        "oneway": ["both", "forward"],
        "level": [0, 1],
        "speed_kmh": [30.0, None],
        "car_access": [True, False],
        "foot_access": [True, True],
    }
    return gpd.GeoDataFrame(columns, geometry=[one, one], index=pd.Index(["R1", "R2"], name="road_id"), crs=2154)


@pytest.mark.parametrize("name", [*COVERS, "roads"])
def test_the_layers_of_the_producers_are_published_as_they_were_read(name):
    layers, _ = sample()
    read = layers.mobility.roads if name == "roads" else layers.land.covers[name][1]
    table = sample_publication().tables[name]

    assert table.is_copy
    assert table.sources == (name,)
    assert table.layer.geometry.to_wkb().tolist() == read.geometry.to_wkb().tolist()
    columns = ["road_class", "car_access"] if name == "roads" else ["cover_code", "use_code"]
    assert table.rows[columns].astype(str).to_numpy().tolist() == read[columns].astype(str).to_numpy().tolist()


def test_the_title_tells_what_a_layer_shows_of_which_years_and_where(told):
    titles = {copy.name: copy.title for copy in copied_layers(told)}

    assert titles == {
        "artificialisation_04_2021": "Artificialisation 2021 (OCS GE, département 04)",
        "artificialisation_difference_04_2018_2021": (
            "Changements d'artificialisation 2018-2021 (OCS GE, département 04)"
        ),
        "land_cover_difference_04_2018_2021": "Changements d'occupation du sol 2018-2021 (OCS GE, département 04)",
        "land_survey_clc": "CORINE Land Cover 2024 (clc)",
        "land_survey_mos": "Mode d'occupation du sol 2024 (mos)",
        "roads": "Rues, routes et chemins",
        "buildings": "Bâtiments",
    }


def test_a_column_is_not_called_as_an_indicator_that_means_another_thing(told):
    found = {copy.name: set(copy.features.columns) for copy in copied_layers(told)}

    assert {"road_id", "road_level", "road_speed_kmh", "road_oneway"} <= found["roads"]
    assert {"building_id", "building_use", "dwelling_count"} <= found["buildings"]
    assert not found["roads"] & {"level", "speed_kmh", "oneway"}


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ((), set()),
        (("roads",), {"roads"}),
        (("land_survey", "buildings"), {"land_survey_clc", "land_survey_mos", "buildings"}),
    ],
)
def test_a_territory_chooses_the_layers_that_are_copied(told, wanted, kept):
    territory = told.territory.model_copy(
        update={"publish": told.territory.publish.model_copy(update={"copies": wanted})}
    )

    assert {copy.name for copy in copied_layers(dataclasses.replace(told, territory=territory))} == kept


def test_the_codes_of_a_local_survey_are_not_those_of_planning_zones(told):
    published = publication_of(told, compute(told, families=()), run=RUN)
    words = dictionary(published).set_index(["table", "column"])["definition"]

    assert words["land_survey_mos", "survey_code"] == ""
    assert words["land_survey_mos", "land_class"] == "Valeurs\u00a0: artificial = artificialisé\u00a0; water = eau."
    corine = published.tables["land_survey_clc"].rows
    assert corine["survey_code"].tolist() == ["112", "311"]
    assert corine["class_label"].tolist() == ["Tissu urbain discontinu", "Forêts de feuillus"]


def test_a_survey_of_all_of_france_is_published_near_the_communes(told):
    shapes = [*told.communes.geometry.iloc[:1], box(200_000, 6_800_000, 201_000, 6_801_000)]
    france = gpd.GeoDataFrame(
        {"class_code": ["112", "311"], "land_class": ["artificial", "forest"]}, geometry=shapes, crs=2154
    )
    land = assemble_land(told.territory, {"land_survey_clc": france}, told.communes, {}, {}, [])

    (copy,) = [one for one in copied_layers(dataclasses.replace(told, land=land)) if one.name == "land_survey_clc"]

    assert copy.features["survey_code"].tolist() == ["112"]


def test_the_extent_of_what_is_published_is_that_of_the_territory(told):
    # Roads are kept up to 10 km beyond the communes.
    away = told.mobility.roads.set_geometry(told.mobility.roads.translate(xoff=-8_000))
    told = dataclasses.replace(told, mobility=MobilityLayers(roads=away))
    published = publication_of(told, compute(told, families=()), run=RUN)
    alone = dataclasses.replace(
        published, tables={name: table for name, table in published.tables.items() if not table.is_copy}
    )

    assert dataset_record(published).extent == dataset_record(alone).extent
    assert table_record(published, published.tables["roads"]).extent[0] < dataset_record(published).extent[0]


def test_a_layer_of_corsica_has_its_files(told):
    source = LandCoverSource(kind="cover", departement="2A", years=(2021,), **SOURCE)
    covers = {source.layer_name: (source, squares(1, cover_code=["CS1.1.1.1"], use_code=["US5"]))}
    layers = dataclasses.replace(told, land=dataclasses.replace(told.land, covers=covers))

    files = file_names(publication_of(layers, compute(told, families=()), run=RUN))

    assert "land_cover_2A_2021.parquet" in files


def test_land_whose_code_is_not_known_is_drawn_as_such(told):
    _, land = told.land.covers["land_cover_difference_04_2018_2021"]
    twice = pd.concat([land, land.assign(cover_before=None)], ignore_index=True)
    covers = {"land_cover_difference_04_2018_2021": (difference("cover_difference"), gpd.GeoDataFrame(twice))}
    layers = dataclasses.replace(told, land=dataclasses.replace(told.land, covers=covers))
    table = publication_of(layers, compute(told, families=()), run=RUN).tables["land_cover_difference_04_2018_2021"]

    rows = {name: [one.get("label") for one in look.iter("category")] for name, look in copy_looks(table).items()}

    assert rows["Couverture avant"][-1] == "non renseigné"
    assert rows["Couverture après"] == ["Zones bâties (CS1.1.1.1)"]


def test_a_large_layer_has_no_sheet_and_no_table_of_its_rows():
    publication = sample_publication()

    assert not {sheet.table.name for sheet in table_sheets(publication.without_copies())} & {*COVERS, "roads"}
    files = file_names(publication)
    assert {"roads.parquet", "roads.fgb", "roads.geojson"} <= set(files)
    assert "roads.csv" not in files
    assert "projects.csv" in files


def test_every_column_of_every_kind_of_layer_has_french_words(told):
    published = publication_of(told, compute(told, families=()), run=RUN).tables
    copies = [table for table in published.values() if table.is_copy]

    assert {copy.name for copy in copies} == {copy.name for copy in copied_layers(told)}
    assert [f"{copy.name}.{one.name}" for copy in copies for one in copy.columns if one.label == one.name] == []
    assert published["buildings"].rows["floor_count"].tolist()[0] == 2.0
