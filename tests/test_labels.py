import re
import tomllib
from importlib.resources import files

import geopandas as gpd
import pandas as pd
import published
import pytest
from pandas.testing import assert_frame_equal
from squares import square

import hp_sig
from hp_sig.indicators import density, scenarios, stock, thresholds, trajectory, triennial
from hp_sig.indicators.dasymetric import METHODS
from hp_sig.indicators.screening import OUTSIDE, TAKE_METHODS
from hp_sig.indicators.survey import survey_area
from hp_sig.layers.projects import SCALES
from hp_sig.reference.fields import find_fields
from hp_sig.reference.labels import format_number, format_quantity, in_french, label, wording
from hp_sig.reference.nomenclature import zone_kinds
from hp_sig.reference.regimes import STATUSES as REGIME_STATUSES
from hp_sig.reference.regimes import regime_names
from hp_sig.reference.roads import MODES
from hp_sig.results.screening import RELATIONS
from hp_sig.results.zoning import zoning_table


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (150134.338, 0, "150\u202f134"),
        (1234567.891, 2, "1\u202f234\u202f567,89"),
        (0.0, 1, "0,0"),
        (-0.04, 1, "0,0"),
        (-1234.5, 1, "-1\u202f234,5"),
        (float("nan"), 1, "\u2013"),
        (None, 1, "\u2013"),
    ],
)
def test_numbers_follow_french_typography(value, decimals, text):
    assert format_number(value, decimals) == text


def test_a_share_is_shown_as_a_percentage_and_an_unknown_one_as_a_dash():
    assert format_quantity("share_of_zone", 0.139) == "13,9\u00a0%"
    assert format_quantity("share_of_zone", float("nan")) == "\u2013"


def test_zero_is_shown_as_zero():
    assert format_quantity("overlap_ha", 0.0) == "0,0\u00a0ha"


def test_a_wording_is_filled_in():
    assert wording("map", "members_partial", count=13, total=21) == "13 communes sur 21 dans le territoire"


def texts(table: object, path: str = "") -> list[tuple[str, str]]:
    if isinstance(table, dict):
        return [found for key, value in table.items() for found in texts(value, f"{path}.{key}")]
    return [(path, table)] if isinstance(table, str) else []


def test_no_label_has_an_ordinary_space_before_a_double_sign_or_inside_quotes():
    table = tomllib.loads((files("hp_sig.reference") / "labels.toml").read_text(encoding="utf-8"))

    found = texts(table)

    assert len(found) > 800
    assert [where for where, text in found if re.search(r" [:;!?%»]|« ", text)] == []


def test_fields_are_found_without_regard_to_case_and_the_most_trustworthy_first():
    found = find_fields("communes", ["CODE", "nom", "INSEE_COM", "NOM_COM"])

    assert found == {"commune_code": "INSEE_COM", "name": "NOM_COM"}


def test_a_given_field_is_taken_as_it_is():
    assert find_fields("communes", ["x", "nom"], {"commune_code": "x"})["commune_code"] == "x"


# --- tables in French -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> hp_sig.Layers:
    return published.sample()[0]


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return published.sample()[1].tables()


def headings(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table.columns, in_french(table).columns, strict=True))


def test_every_column_of_every_table_of_the_sample_has_a_label(tables):
    unlabelled = {
        f"{name}.{column}"
        for name, table in tables.items()
        for column, heading in headings(table.head(1)).items()
        if heading == column
    }

    assert len(tables) >= 14
    assert unlabelled == set()


def test_every_column_of_planning_zones_and_surveys_which_the_sample_lacks_has_a_label(sample):
    zone = gpd.GeoDataFrame(geometry=[square(0, 0)], index=pd.Index(["A"], name="zone_code"), crs=2154)
    forest = gpd.GeoDataFrame({"land_class": ["forest"]}, geometry=[square(0, 0)], crs=2154)
    forest.attrs["mapping_unit_ha"] = 0.05
    columns = {*zoning_table(sample, []).columns, *survey_area(zone, forest).columns, "survey", "vintage"}

    assert [column for column in columns if not label(column)] == []


def test_every_row_of_a_comparison_of_alternatives_has_a_label_and_no_two_the_same(sample):
    station = sample.stations.geometry["87751271"]
    drawn = gpd.GeoDataFrame(
        {"name": ["A"], "scale": ["footprint"]}, geometry=[station.buffer(50)], index=["a"], crs=2154
    )
    times = {"walk": sample.territory.hubs.walk_minutes, "bike": sample.territory.hubs.bike_minutes}
    reached = pd.DataFrame(
        [("a", mode, minutes, 10.0, 5.0) for mode in times for minutes in times[mode]],
        columns=["hub_id", "mode", "minutes", "population", "jobs"],
    )

    shown = headings(hp_sig.compare_projects(drawn, sample, catchments=reached).T)

    assert len(shown) > 30
    assert [column for column, heading in shown.items() if column == heading] == []
    assert len(set(shown.values())) == len(shown)


def test_no_two_columns_of_a_table_have_one_heading(tables):
    twice = {
        name: [heading for heading in shown if list(shown).count(heading) > 1]
        for name, table in tables.items()
        if (shown := headings(table.head(1)).values())
    }

    assert {name: found for name, found in twice.items() if found} == {}


def test_every_column_of_hectares_or_shares_shows_its_unit(tables):
    unitless = {
        column
        for table in tables.values()
        for column, heading in headings(table.head(1)).items()
        if column.endswith(("_ha", "_share", "_ha_per_year", "_m2_per_inhabitant"))
        if not column.startswith("reason_") and not heading.endswith(")")
    }

    assert unitless == set()


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("method", stock.METHODS),
        ("threshold_case", thresholds.THRESHOLD_CASES),
        ("density_status", density.DENSITY_STATUSES),
        ("efficiency_status", (*density.EFFICIENCY_STATUSES, "one_vintage")),
        ("enaf_m2_per_added_job_status", ("defined", "no_change", "decrease", "unknown")),
        ("households_and_jobs_per_ha_status", ("defined", "no_consumption", "unknown")),
        ("guarantee_effect", ("raises", "covered", "none", "unknown")),
        ("status", trajectory.STATUSES),
        ("regime", regime_names()),
        ("regime_status", REGIME_STATUSES),
        ("platform_allowance_reason", (*scenarios.REASONS, "none", "unknown")),
        ("objective_status", triennial.OBJECTIVE_STATUSES),
        ("objective_kind", triennial.OBJECTIVE_KINDS),
        ("objective_quantity", triennial.OBJECTIVE_QUANTITIES),
        ("reason_newly_sealed", triennial.REASONS),
        ("zone_kind", {*zone_kinds("typezone").values(), *zone_kinds("typesect").values()}),
        ("axis", ("cover", "use", "zoning", "pnr", "scot")),
        ("mode", MODES),
        ("residents_method", METHODS),
        ("jobs_method", METHODS),
        ("take_method", TAKE_METHODS),
        ("relation", RELATIONS),
        ("park_relation", ("inside",)),
        ("scale", SCALES),
        ("class_code", ("U", "AU", "A", "N", OUTSIDE)),
        ("other_code", ("U", "AU", "A", "N", OUTSIDE)),
        ("other_layer", ("communes", "territory", "zoning", "cover", "use")),
        ("scot_status", hp_sig.assembly.STATUS_ORDER),
        ("change", ("moved", "zone_replaced", "joined", "left")),
    ],
)
def test_every_coded_value_has_a_wording(column, values):
    codes = list(values)

    shown = in_french(pd.DataFrame({column: codes})).iloc[:, 0]

    left_as_it_was = [code for code, text in zip(codes, shown, strict=True) if text == code]
    assert left_as_it_was == []


def test_every_coded_value_of_the_sample_has_a_wording(tables):
    codes = {
        f"{column}: {value}"
        for table in tables.values()
        for column in table.columns
        if column.endswith(("status", "effect", "reason", "method", "relation", "zone_layer")) or "reason_" in column
        for value, text in zip(table[column], in_french(table[[column]]).iloc[:, 0], strict=True)
        if value == text
    }

    assert codes == set()


def test_a_table_in_french_has_headings_with_units_and_cells_as_text():
    table = pd.DataFrame(
        {
            "zone_name": ["Volx", None],
            "enaf_consumption_ha": [1234.5, float("nan")],
            "enaf_period_share": [0.0125, 0.0],
            "exhaustion_year": pd.array([2027, None], dtype="Int64"),
            "is_mixed": [True, False],
            "mine": [1.5, 2.5],
        },
        index=pd.Index(["04245", "04112"], name="commune_code"),
    )

    expected = pd.DataFrame(
        {
            "Zone": ["Volx", "–"],
            "Consommation d'ENAF (ha)": ["1\u202f234,50", "–"],
            "1° Part du territoire consommée dans la période (%)": ["1,250", "0,000"],
            "Année d'épuisement à ce rythme": ["2027", "–"],
            "Millésimes mêlés": ["oui", "non"],
            "mine": [1.5, 2.5],
        },
        index=pd.Index(["04245", "04112"], name="Code INSEE"),
    )
    assert_frame_equal(in_french(table), expected)


def test_a_table_in_french_leaves_the_one_it_was_made_from_as_it_is():
    table = pd.DataFrame({"method": ["matrix"]}, index=pd.Index([2021], name="year"))
    before = table.copy(deep=True)

    in_french(table)

    assert_frame_equal(table, before)


def test_joined_codes_are_worded_one_by_one():
    table = pd.DataFrame({"method": ["matrix + official"], "pnr_relation": ["inside; partial"]})

    assert in_french(table).iloc[0].tolist() == ["matrice, hors seuils + couche officielle", "comprise; en partie"]


def test_a_code_of_the_nomenclature_is_told_by_its_label_and_the_code():
    table = pd.DataFrame({"cover_before": ["CS1.1.1.1"], "use_after": ["US1.1"]})

    assert in_french(table).iloc[0].tolist() == ["Zones bâties (CS1.1.1.1)", "Agriculture (US1.1)"]


def test_an_index_of_several_levels_is_told_in_french_level_by_level():
    index = pd.MultiIndex.from_tuples([("04245", "climat_resilience_2023"), ("04245", "Mon scénario")])
    table = pd.DataFrame({"allowance_ha": [1.0, 2.0]}, index=index.set_names(["zone", "regime"]))

    shown = in_french(table)

    assert list(shown.index.names) == ["zone", "Règles"]
    assert shown.index.to_list() == [("04245", "loi en vigueur"), ("04245", "Mon scénario")]


def test_a_matrix_has_the_names_of_both_its_sides_in_french_and_its_figures_as_they_are():
    matrix = pd.DataFrame(
        [[1.5]], index=pd.Index(["CS1.1.1.1"], name="cover_before"), columns=pd.Index(["CS1.2.2"], name="cover_after")
    )

    expected = pd.DataFrame(
        [[1.5]],
        index=pd.Index(["Zones bâties (CS1.1.1.1)"], name="Couverture avant"),
        columns=pd.Index(["CS1.2.2"], name="Couverture après"),
    )
    assert_frame_equal(in_french(matrix), expected)


def test_a_layer_or_a_column_that_carries_a_year_shows_it():
    table = pd.DataFrame({"zone_layer": ["epci_2015", "communes", "my_own_2020"], "epci_2024_name": "DLVA"})

    shown = in_french(table)

    assert list(shown.columns) == ["Niveau", "EPCI (2024)"]
    assert shown["Niveau"].tolist() == ["EPCI (2015)", "Communes", "my_own_2020"]


def test_a_rate_is_shown_as_a_percentage_a_year():
    assert format_quantity("land_consumption_rate_per_year", 0.005) == "0,50\u00a0% par an"
