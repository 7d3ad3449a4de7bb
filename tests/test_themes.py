"""What a table becomes on a map: periods, marks, editions, classes in words, and how many zones each class has."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from squares import square

from hp_sig.maps.classes import class_of
from hp_sig.maps.legend import heading, legend_rows, origin, warnings
from hp_sig.maps.model import page_model
from hp_sig.maps.page import Caption, Page
from hp_sig.maps.themes import Indicator, Partition, indicators_of
from hp_sig.reference.labels import format_number, format_quantity

ZONES = pd.Index(["A", "B", "C", "D"], name="commune_code")


def by_year(**columns):
    """Two communes in two years, one row each: A 2020, A 2021, B 2020, B 2021."""
    index = pd.MultiIndex.from_product([["A", "B"], [2020, 2021]], names=["commune_code", "year"])
    return pd.DataFrame(columns, index=index)


def modelled(theme, codes=ZONES):
    """The first theme of a page of squares in a row, and the words of the page."""
    zones = gpd.GeoDataFrame(
        {"name": list(codes)}, geometry=[square(rank, 0) for rank in range(len(codes))], crs=2154, index=codes
    )
    model = page_model(Page(zones=zones, caption=Caption(title="x"), themes=[theme], simplify_m=0))
    return model["themes"][0], model["words"]


# --- tables -----------------------------------------------------------------------------------------------------


def test_each_column_of_figures_is_an_indicator_and_nothing_else_is():
    table = pd.DataFrame(
        {
            "enaf_consumption_ha": [1.5],
            "population": pd.array([7], dtype="Int64"),
            "name": ["A"],
            "is_mixed": [True],
            "is_below_scale": [False],
            "year": [2021],
        },
        index=pd.Index(["A"], name="commune_code"),
    )

    found = indicators_of(table, scheme="fisher_jenks", count=3, source="Cerema", group="Foncier")

    assert [one.column for one in found] == ["enaf_consumption_ha", "population"]
    assert {(one.scheme, one.count, one.source, one.group) for one in found} == {
        ("fisher_jenks", 3, "Cerema", "Foncier")
    }


def test_a_table_without_periods_has_one_without_a_name():
    (found,) = indicators_of(pd.DataFrame({"population": [1.0, 2.0]}, index=ZONES[:2]))

    pd.testing.assert_frame_equal(found.figures, pd.DataFrame({"": [1.0, 2.0]}, index=ZONES[:2]))


def test_years_stand_side_by_side_as_text_in_order():
    (found,) = indicators_of(by_year(population=[1.0, 2.0, 3.0, 4.0]).iloc[::-1])

    expected = pd.DataFrame({"2020": [1.0, 3.0], "2021": [2.0, 4.0]}, index=ZONES[:2])
    pd.testing.assert_frame_equal(found.figures, expected)


def test_a_year_that_a_zone_lacks_is_not_known_and_not_zero():
    (found,) = indicators_of(by_year(population=[1.0, 2.0, 3.0, 4.0]).iloc[:3])

    assert np.isnan(found.figures.loc["B", "2021"])


@pytest.mark.parametrize(
    "marks",
    [[True, False, False, True], [1.0, 0.0, np.nan, 1.0], [True, None, False, True]],
    ids=["booleans", "numbers", "a gap"],
)
@pytest.mark.parametrize("kind", [None, "boolean"])
def test_a_mark_is_set_where_the_table_says_so_and_never_for_want_of_an_answer(marks, kind):
    (found,) = indicators_of(by_year(population=[1.0, 2, 3, 4], is_mixed=pd.array(marks, dtype=kind)).iloc[:3])

    expected = pd.DataFrame({"2020": [True, False], "2021": [False, False]}, index=ZONES[:2])
    pd.testing.assert_frame_equal(found.flags["is_mixed"], expected)


@pytest.mark.parametrize(
    ("column", "editions", "told"),
    [
        ("vintage", ["2018", "2021", "2017", "2020"], ["2018", "2017"]),
        ("year", [2018, 2021, 2017, 2020], ["2018", "2017"]),
        ("year", [2018.0, np.nan, 2017.0, 2020.0], ["2018", "2017"]),
    ],
)
def test_the_edition_of_each_figure_is_a_text(column, editions, told):
    (found,) = indicators_of(by_year(population=[1.0, 2, 3, 4], **{column: editions}))

    assert found.vintages["2020"].tolist() == told


def test_a_zone_and_year_that_come_twice_are_refused_by_name():
    table = by_year(population=[1.0, 2.0, 3.0, 4.0])

    with pytest.raises(
        ValueError, match=r"one row a zone \(and period\) expected, found several for \[\('A', 2020\)\]"
    ):
        indicators_of(pd.concat([table, table.iloc[:1]]))


def test_a_table_without_figures_is_refused_with_its_columns():
    with pytest.raises(ValueError, match=r"at least one column of figures expected, found name, is_mixed\."):
        indicators_of(pd.DataFrame({"name": ["A"], "is_mixed": [True]}, index=["A"]))


def test_a_third_level_of_index_is_refused_by_name():
    table = by_year(population=[1.0, 2.0, 3.0, 4.0], regime=list("xxyy")).set_index("regime", append=True)

    with pytest.raises(ValueError, match=r"found \['commune_code', 'year', 'regime'\]"):
        indicators_of(table)


# --- figures as they are shown ----------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["enaf_consumption_ha", "enaf_consumption_share", "population", "projection_share"])
@given(figure=st.one_of(st.floats(-1e6, 1e6), st.integers(-(10**6), 10**6).map(lambda whole: whole / 1000)))
def test_a_shown_figure_is_the_one_that_every_table_writes(column, figure):
    one = Indicator(column=column, figures=pd.DataFrame({"": [figure]}, index=["A"]))

    shown = float(one.shown(pd.Index(["A"])).iloc[0, 0])

    unit = one.form["unit"]
    written = format_number(shown, one.form["decimals"]) + (f"\u00a0{unit}" if unit else "")
    assert written == format_quantity(column, figure)


def test_halves_are_rounded_as_they_are_in_binary():
    one = Indicator(column="x", decimals=2, figures=pd.DataFrame({"": [1.115, 2.675, -0.001]}, index=list("ABC")))

    # 1.115 is a little less than that in binary, and so is 2.675; what is nearly zero is not zero.
    assert one.shown(ZONES[:3]).to_numpy().ravel().tolist() == [1.11, 2.67, -0.001]


def test_zones_that_the_table_lacks_are_not_known():
    one = Indicator(column="x", figures=pd.DataFrame({"": [3.0, 4.0]}, index=["B", "Z"]))

    assert one.shown(ZONES).index.equals(ZONES)
    assert one.shown(ZONES)[""].isna().tolist() == [True, False, True, True]


def test_all_periods_share_their_classes():
    figures = pd.DataFrame({"2020": [1.0, 2.0, 3.0, 4.0], "2021": [10.0, 20.0, 30.0, np.nan]}, index=ZONES)
    theme, _ = modelled(Indicator(column="x", decimals=0, figures=figures, count=2))

    # 7 figures: the first 4 below, all of 2020.
    assert theme["bounds"] == ["1 à 4", "plus de 4 à 30"]
    assert theme["classes"] == [[0, 0, 0, 0], [1, 1, 1, -1]]


def indicator(values, **options):
    return Indicator(column="x", figures=pd.DataFrame({"": values}, index=ZONES[: len(values)]), **options)


@pytest.mark.parametrize(
    ("values", "options", "told"),
    [
        ([1000, 2500, 12345.6, 1e6], {"decimals": 1, "count": 2}, ["1_000,0 à 2_500,0", "plus de 2_500,0 à 1_000_000,0"]),  # noqa: E501
        ([0, 0, 1, 2], {"decimals": 0, "count": 2}, ["0", "plus de 0 à 2"]),
        ([0.004, 1, 2, 3], {"decimals": 2, "count": 2}, ["<#0,01 à 1,00", "plus de 1,00 à 3,00"]),
        ([-0.004, 0, 0, 3], {"decimals": 2, "count": 2}, [">#-0,01", "0,00", "plus de 0,00 à 3,00"]),
        ([-3, -1, 2, 4], {"decimals": 0, "count": 2}, ["-3 à 0", "plus de 0 à 4"]),
        ([5, 5, 5, 5], {"decimals": 0}, ["5"]),
        ([np.nan, np.nan], {"decimals": 0}, []),
        ([0.1, 0.6, 1.2, 9], {"unit": "%", "decimals": 0, "thresholds": (0.5, 1.0)}, ["50 ou moins", "plus de 50 à 100", "plus de 100"]),  # noqa: E501
        ([60, 70], {"decimals": 0, "thresholds": (50, 100)}, ["50 ou moins", "plus de 50 à 100", "plus de 100"]),
        ([0, 0, 3], {"decimals": 0, "thresholds": (0,)}, ["0", "plus de 0"]),
    ],
)  # fmt: skip
def test_bounds_are_told_in_french(values, options, told):
    scheme = "thresholds" if "thresholds" in options else "quantiles"

    bounds = indicator(values, scheme=scheme, **options).bounds(ZONES[: len(values)])

    # U+202F, the narrow no-break space, between thousands.
    assert bounds == [text.replace("_", "\u202f").replace("#", "\u00a0") for text in told]


# --- legend -----------------------------------------------------------------------------------------------------

QUANTITIES = st.one_of(st.just(float("nan")), st.integers(-5, 20).map(float))


@settings(deadline=None)
@given(values=st.lists(QUANTITIES, min_size=1, max_size=12), scheme=st.sampled_from(["quantiles", "fisher_jenks"]))
def test_the_counts_of_the_legend_add_up_to_the_zones(values, scheme):
    codes = pd.Index([f"{rank:02d}" for rank in range(len(values))], name="commune_code")
    one = Indicator(column="x", decimals=0, figures=pd.DataFrame({"": values}, index=codes), scheme=scheme)
    theme, words = modelled(one, codes)

    rows = legend_rows(theme, 0, words)

    assert sum(row.count for row in rows) == len(values)
    absent = [row for row in rows if row.text == "donnée absente"]
    assert sum(row.count for row in absent) == sum(np.isnan(values))
    assert all(row.key.hatching for row in absent)
    # Each figure lies within the bounds that its row tells.
    ranks = class_of(values, one.classes(codes).breaks)
    assert [row.count for row in rows if row not in absent] == [
        int((ranks == rank).sum()) for rank in range(len(theme["bounds"]))
    ]


def test_the_legend_tells_a_zero_and_what_is_not_known_apart():
    theme, words = modelled(indicator([0.0, 4.0, np.nan, 8.0], decimals=0, count=2))

    rows = {row.text: (row.count, row.key.fill, bool(row.key.hatching)) for row in legend_rows(theme, 0, words)}

    assert rows["0"] == (1, "#ffffff", False)
    assert rows["donnée absente"] == (1, "#ffffff", True)


def test_marks_are_told_with_their_zones_and_a_provisional_year_above_the_legend():
    figures = pd.DataFrame({"2020": [1.0, 2.0], "2021": [3.0, 4.0]}, index=ZONES[:2])
    flags = {
        "is_provisional": figures.gt(2),
        "is_mixed": figures.eq(2),
        "is_partial": figures.gt(9),
    }
    editions = pd.DataFrame({"2020": ["2018", "2021"], "2021": ["2021", "2021"]}, index=ZONES[:2])
    one = Indicator(column="enaf_consumption_ha", figures=figures, flags=flags, source="Cerema", vintages=editions)
    theme, words = modelled(one)

    rows = [[(row.text, row.count) for row in legend_rows(theme, period, words)] for period in (0, 1)]
    assert ("millésimes mêlés", 1) in rows[0]
    assert "millésimes mêlés" not in dict(rows[1])
    assert "provisoire" not in dict(rows[0] + rows[1])
    assert "zone en partie hors du territoire" not in dict(rows[0] + rows[1])
    assert warnings(theme, 0, words) == ["Millésimes différents selon les zones\u00a0: 2018, 2021."]
    assert warnings(theme, 1, words)[0] == "Provisoire\u00a0: la dernière année comptée sera révisée."
    assert heading(theme, 1) == "Consommation d'ENAF (ha)\u00a0\u2013 2021"
    assert origin(theme, 0, words) == "Cerema"


def test_one_edition_for_all_is_told_with_the_source():
    figures = pd.DataFrame({"": [1.0, 2.0]}, index=ZONES[:2])
    editions = pd.DataFrame({"": ["2021", "2021"]}, index=ZONES[:2])
    theme, words = modelled(Indicator(column="x", figures=figures, source="IGN", vintages=editions), ZONES[:2])
    holed, _ = modelled(Indicator(column="x", figures=figures, source="IGN", vintages=editions), ZONES[:3])

    assert warnings(theme, 0, words) == warnings(holed, 0, words) == []
    assert origin(theme, 0, words) == "IGN, millésime 2021"
    assert heading(theme, 0) == "x"


def test_sets_are_told_at_the_date_at_which_they_have_zones():
    members = pd.DataFrame({"2015": ["E", "E", None, None], "2017": ["E", "F", "F", None]}, index=ZONES)
    partition = Partition(
        label="EPCI",
        members=members,
        names={"E": "Est", "F": "Ouest"},
        colours={"E": "#f6d58a", "F": "#a9d5ef"},
        told={"E": {"2015": "2 communes", "2017": "1 commune"}},
        first="2015",
    )
    theme, words = modelled(partition)

    rows = [[(row.text, row.key.fill, row.count) for row in legend_rows(theme, period, words)] for period in (0, 1)]

    assert theme["first"] == 0
    assert rows[0] == [("Est (2 communes)", "#f6d58a", None), ("hors de tout ensemble", "#ffffff", 2)]
    assert rows[1] == [
        ("Est (1 commune)", "#f6d58a", None),
        ("Ouest", "#a9d5ef", None),
        ("hors de tout ensemble", "#ffffff", 1),
    ]
