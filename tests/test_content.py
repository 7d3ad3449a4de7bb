import dataclasses

import geopandas as gpd
import pandas as pd
import pytest
from published import RUN, sample, sample_publication

from hp_sig import Layers, OutputError
from hp_sig.publish.content import publication_of
from hp_sig.publish.publication import THEMES
from hp_sig.results import compute

KINDS = {"text": "str", "integer": "Int64", "real": "float64", "boolean": "boolean"}


@pytest.mark.parametrize("name", sample_publication().tables)
def test_every_table_has_its_key_its_kinds_and_its_words(name):
    table = sample_publication().tables[name]

    assert table.theme in THEMES
    assert table.title
    assert [column.name for column in table.columns] == [one for one in table.rows.columns if one != "geometry"]
    assert [KINDS[column.kind] for column in table.columns] == [
        str(table.rows[column.name].dtype) for column in table.columns
    ]
    assert [column.name for column in table.columns if column.label == column.name] == []
    assert table.rows[list(table.key)].notna().all(axis=None)
    assert not table.rows.duplicated(list(table.key)).any()
    assert set(table.sources) <= set(sample_publication().sources)


def test_every_table_of_the_results_is_published():
    layers, results = sample()
    publication = publication_of(layers, results, run=RUN)

    assert set(results.tables()) <= set(publication.tables)
    assert publication.tables["enaf_consumption"].rows["enaf_consumption_ha"].sum() == pytest.approx(
        results.enaf_consumption["enaf_consumption_ha"].sum(), abs=0.1
    )


def test_layers_come_first_and_are_in_lambert_93():
    kinds = [table.geometry_type is not None for table in sample_publication().tables.values()]

    assert kinds == sorted(kinds, reverse=True)
    assert {table.layer.crs.to_epsg() for table in sample_publication().layers.values()} == {2154}


def test_the_rows_of_communes_carry_their_code_and_those_of_wider_zones_none():
    rows = sample_publication().tables["trajectory"].rows
    of_communes = rows["zone_layer"] == "communes"

    assert rows.loc[of_communes, "commune_code"].tolist() == rows.loc[of_communes, "zone_code"].tolist()
    assert rows.loc[~of_communes, "commune_code"].isna().all()


def test_the_layer_of_figures_holds_the_last_period_of_each_indicator_and_says_which():
    layers, results = sample()
    table = sample_publication().tables["commune_figures"]
    flows = results.enaf_consumption
    last = flows[(flows["zone_layer"] == "communes") & (flows["year"] == flows["year"].max())].set_index("zone_code")

    shown = table.rows.set_index("commune_code")["enaf_consumption_ha"]

    pd.testing.assert_series_equal(
        shown, last["enaf_consumption_ha"].round(4).reindex(layers.communes.index), check_names=False
    )
    labels = {column.name: column.label for column in table.columns}
    assert labels["enaf_consumption_ha"] == f"Consommation d'ENAF ({flows['year'].max()})"


def test_a_source_is_told_with_its_fingerprint_and_a_table_with_its_sources():
    publication = sample_publication()

    assert len(publication.sources["enaf"].sha256) == 64
    assert publication.tables["enaf_consumption"].sources == ("enaf",)
    description = publication.tables["enaf_consumption"].description
    assert description.startswith("Jeu d'essai")
    assert publication.sources["enaf"].vintage in description


def test_two_rows_of_one_key_are_refused(layers: Layers):
    results = compute(layers)
    twice = dataclasses.replace(results, zones=pd.concat([results.zones, results.zones.head(1)]))

    with pytest.raises(OutputError, match="zones: one row by zone_layer, zone_code expected"):
        publication_of(layers, twice, run=RUN)


def test_planning_zones_are_published_with_a_number_each(layers: Layers):
    zoning = gpd.GeoDataFrame(
        {"zone_type": ["U", "N"], "zone_kind": ["U", "N"], "document_id": ["PLU", "PLU"], "name": ["U", "N"]},
        geometry=layers.communes.geometry.iloc[:2].to_list(),
        index=pd.Index(["1", "1"], name="zoning_id"),
        crs=2154,
    )
    land = dataclasses.replace(layers.land, zoning=zoning)

    table = publication_of(dataclasses.replace(layers, land=land), compute(layers), run=RUN).tables["zoning"]

    assert table.rows["feature_id"].tolist() == [1, 2]
    assert table.geometry_type == "MultiPolygon"
