from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from hp_sig import LayerError
from hp_sig.layers.enaf import read_enaf_context, read_enaf_flows

#: Cells of a fictitious commune: (year, use of the column) → m²; the others are 0.
Cells = Mapping[tuple[int, str], float]

NAMES = {"hab": "housing", "act": "activity", "mix": "mixed", "rou": "road", "fer": "rail", "inc": "unknown"}

#: The editions as the Cerema publishes them: columns that identify, first year, last year, order of the uses, periods
#: whose totals come with the years, and columns after them. 172 columns in that of 2025, as in the published file.
EDITIONS = {
    "2009-2020": {
        "names": "idcom,idcomtxt,idreg,idregtxt,iddep,iddeptxt,epci20,epci20txt,aav2020,libaav2020,cateaav2020",
        "years": (2009, 2019),
        "uses": ("act", "hab", "mix", "inc"),
        "periods": ["0920"],
        "share": "artcom0920",
        "after": "pop12,pop17,pop1217,men12,men17,men1217,emp17,emp12,emp1217,mepart1217,menhab1217,artpop1217",
        "surface": "surfcom20",
    },
    "2009-2024": {
        "names": "idcom,idcomtxt,idreg,idregtxt,iddep,iddeptxt,epci24,epci24txt,scot,aav2020,aav2020txt,aav2020_typo",
        "years": (2009, 2023),
        "uses": ("act", "hab", "mix", "rou", "fer", "inc"),
        "periods": [(2009, 2023)],
        "share": "artcom0924",
        "after": "pop15,pop21,pop1521,men15,men21,men1521,emp15,emp21,emp1521,mepart1521,menhab1521,artpop1521",
        "surface": "surfcom2024",
    },
    "2011-2025": {
        "names": (
            "idcom,idcomtxt,idreg,idregtxt,iddep,iddeptxt,epci25,epci25txt,scot,aav2020,libaav2020,cateaav2020,"
            "taav2017,tdaav2017,littoral,montagne_urba,abc,libdens_aav"
        ),
        "years": (2011, 2024),
        "uses": ("hab", "act", "inc", "mix", "fer", "rou"),
        "periods": [(2011, 2024), (2011, 2020), (2021, 2024), (2011, 2015), (2016, 2021), (2011, 2021)],
        "share": "artcom1125",
        "after": (
            "pop11,pop16,pop22,mepart1116,mepart1622,mepart1122,menhab1116,menhab1622,menhab1122,artpop1116,"
            "artpop1622,artpop1122"
        ),
        "surface": "surfcom2025",
    },
}

#: 3 ha of housing in 2011, 2 ha of activity in 2014, 1 ha of unknown use in 2019: 6 ha.
MANOSQUE: Cells = {(2011, "hab"): 30_000, (2014, "act"): 20_000, (2019, "inc"): 10_000}
#: 0.5 ha, mixed.
ORAISON: Cells = {(2015, "mix"): 5_000}
TWO = {"04112": MANOSQUE, "04143": ORAISON}
#: 1 000 ha: Manosque consumed 0.60 % of them, Oraison 0.05 %.
SURFACE_M2 = 10_000_000


def enaf_table(edition: str, communes: Mapping[str, Cells] = TWO) -> pd.DataFrame:
    """Make the table of an edition, every cell a text; totals and shares add up."""
    layout = EDITIONS[edition]
    first, last = layout["years"]
    rows = []
    for code, cells in communes.items():
        row = dict.fromkeys(layout["names"].split(","), "x") | {"idcom": code, "idcomtxt": f"Commune {code}"}
        row |= {name: "200034700" for name in row if name in {"epci20", "epci24", "epci25"}}
        for year in range(first, last + 1):
            start, end = f"{year - 2000:02d}", f"{year - 1999:02d}"
            row[f"naf{start}art{end}"] = sum(cells.get((year, use), 0) for use in NAMES)
            row |= {f"art{start}{use}{end}": cells.get((year, use), 0) for use in layout["uses"]}
        for period in layout["periods"]:
            years = range(2009, 2020) if period == "0920" else range(period[0], period[1] + 1)
            start, end = (f"{year - 2000:02d}" for year in (years[0], years[-1] + 1))
            sums = {use: sum(cells.get((year, use), 0) for year in years) for use in NAMES}
            row[f"nafart{period}" if period == "0920" else f"naf{start}art{end}"] = sum(sums.values())
            for use in layout["uses"]:
                row[f"art{use}{period}" if period == "0920" else f"art{start}{use}{end}"] = sums[use]
        consumed = sum(area for (year, _), area in cells.items() if first <= year <= last)
        row[layout["share"]] = f"{100 * consumed / SURFACE_M2:.2f}"
        row |= dict.fromkeys(layout["after"].split(","), "100")
        row[layout["surface"]] = SURFACE_M2
        rows.append(row)
    return pd.DataFrame(rows).astype(str)


def write(table: pd.DataFrame, path: Path, separator: str = ",", encoding: str = "utf-8-sig") -> Path:
    table.to_csv(path, sep=separator, index=False, encoding=encoding)
    return path


@pytest.fixture
def read(tmp_path):
    """Read the flows of a table."""
    return lambda table, **options: read_enaf_flows(write(table, tmp_path / "conso_com.csv", **options))


def cells_of(flows: pd.DataFrame, code: str) -> dict[tuple[int, str], float]:
    """Give back the cells of a commune that are not 0."""
    rows = flows[(flows["commune_code"] == code) & (flows["area_m2"] != 0)]
    uses = {name: use for use, name in NAMES.items()}
    return {(row.year, uses[row.destination]): row.area_m2 for row in rows.itertuples()}


def in_hectares(table: pd.DataFrame, decimals: int = 4) -> pd.DataFrame:
    """Write the flows in hectares, and nothing else."""
    flows = table.filter(regex=r"^(naf\d\dart|nafart|art\d\d[a-z]{3}|art(hab|act|mix|inc))\d\d").columns
    return table.assign(**{name: [f"{float(cell) / 1e4:.{decimals}f}" for cell in table[name]] for name in flows})


# Every edition


@pytest.mark.parametrize(("edition", "columns"), [("2009-2020", 85), ("2009-2024", 138), ("2011-2025", 172)])
def test_the_tables_of_these_tests_have_as_many_columns_as_the_published_ones(edition, columns):
    assert enaf_table(edition).shape[1] == columns


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_each_edition_gives_the_cells_back_whatever_its_separator(read, edition, separator):
    flows = read(enaf_table(edition), separator=separator)

    assert cells_of(flows, "04112") == MANOSQUE
    assert cells_of(flows, "04143") == ORAISON


@pytest.mark.parametrize(
    ("edition", "first", "last", "destinations"),
    [("2009-2020", 2009, 2019, 4), ("2009-2024", 2009, 2023, 6), ("2011-2025", 2011, 2024, 6)],
)
def test_a_row_a_commune_year_and_destination_and_the_last_year_is_provisional(
    read, edition, first, last, destinations
):
    flows = read(enaf_table(edition))

    assert list(flows.columns) == ["commune_code", "year", "destination", "area_m2", "is_provisional"]
    assert flows.index.equals(pd.RangeIndex(2 * (last - first + 1) * destinations))
    assert not flows.duplicated(["commune_code", "year", "destination"]).any()
    assert flows["destination"].nunique() == destinations
    assert set(flows.loc[flows["is_provisional"], "year"]) == {last}
    assert set(flows.loc[~flows["is_provisional"], "year"]) == set(range(first, last))
    assert (flows.attrs["first_year"], flows.attrs["last_year"]) == (first, last)
    assert flows.attrs["source_file"] == "conso_com.csv"


def test_the_table_is_the_one_of_the_contract(read):
    table = enaf_table("2009-2024", {"04112": {(2009, "hab"): 7}})

    flows = read(table)

    expected = pd.DataFrame(
        {
            "commune_code": pd.Series(["04112"] * 6, dtype="str"),
            "year": [2009] * 6,
            "destination": pd.Series(["activity", "housing", "mixed", "rail", "road", "unknown"], dtype="str"),
            "area_m2": [0.0, 7.0, 0.0, 0.0, 0.0, 0.0],
            "is_provisional": [False] * 6,
        }
    )
    assert_frame_equal(flows.head(6), expected)


@pytest.mark.parametrize("edition", EDITIONS)
def test_totals_of_periods_are_never_added_to_the_years(read, edition):
    flows = read(enaf_table(edition))

    assert flows["area_m2"].sum() == 60_000 + 5_000


def test_the_first_edition_does_not_tell_roads_from_the_rest_and_says_so(read):
    flows = read(enaf_table("2009-2020"))

    assert set(flows["destination"]) == {"housing", "activity", "mixed", "unknown"}
    assert "this edition does not tell roads and railways: they are unknown, not 0." in flows.attrs["notes"]


def test_an_edition_with_roads_says_nothing_of_them(read):
    assert read(enaf_table("2011-2025")).attrs["notes"] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_byte_order_mark_does_not_hide_the_first_column(read, encoding):
    table = enaf_table("2009-2024").assign(idcomtxt=["Manosque", "Gréoux"])

    assert len(read(table, encoding=encoding)) == 2 * 15 * 6


def test_floats_are_read_as_areas(read):
    table = enaf_table("2011-2025").replace({"30000": "30000.0", "0": "0.0"})

    assert cells_of(read(table), "04112") == MANOSQUE


def test_the_capitals_of_a_shapefile_and_its_names_cut_at_ten_characters_are_known(read):
    table = enaf_table("2009-2024").rename(columns={"surfcom2024": "surfcom202"}).rename(columns=str.upper)

    assert cells_of(read(table), "04112") == MANOSQUE


def test_communes_come_sorted(read):
    flows = read(enaf_table("2009-2024", {"83150": ORAISON, "04112": MANOSQUE}))

    assert list(flows["commune_code"].unique()) == ["04112", "83150"]
    assert cells_of(flows, "04112") == MANOSQUE


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read(tmp_path_factory, data):
    edition = data.draw(st.sampled_from(list(EDITIONS)))
    first, last = EDITIONS[edition]["years"]
    key = st.tuples(st.integers(first, last), st.sampled_from(EDITIONS[edition]["uses"]))
    cells = st.dictionaries(key, st.integers(-2, 400_000), max_size=12)
    codes = data.draw(st.lists(st.sampled_from(["01001", "04112", "2A004", "97411"]), min_size=1, unique=True))
    communes = {code: data.draw(cells) for code in codes}
    path = tmp_path_factory.mktemp("enaf") / "conso_com.csv"

    flows = read_enaf_flows(write(enaf_table(edition, communes), path))

    for code, written in communes.items():
        assert cells_of(flows, code) == {key: area for key, area in written.items() if area}


# Codes


def test_a_lost_leading_zero_is_put_back_and_told(read):
    flows = read(enaf_table("2009-2024").assign(idcom=["4112", "4143"]))

    assert set(flows["commune_code"]) == {"04112", "04143"}
    assert "the leading zero of 2 codes of the column 'idcom' was put back" in flows.attrs["notes"][0]


def test_a_commune_that_comes_twice_is_a_fault(read):
    with pytest.raises(LayerError, match="1 commune codes come more than once: '04112'"):
        read(enaf_table("2009-2024").assign(idcom=["04112", "4112"]))


def test_a_total_row_is_no_commune(read):
    with pytest.raises(LayerError, match="not commune codes: 'France'"):
        read(enaf_table("2009-2024").assign(idcom=["04112", "France"]))


def test_a_column_of_codes_under_another_name_is_given(tmp_path):
    path = write(enaf_table("2009-2024").rename(columns={"idcom": "depcom"}), tmp_path / "conso.csv")

    assert len(read_enaf_flows(path, fields={"commune_code": "depcom"})) == 2 * 15 * 6


# Unit


def test_rennes_is_in_square_metres_as_its_published_share_shows(read):
    # Edition of 2025: 1 233 202 m² of 50 311 729 m² is 2.45 %. The year and the use are ours.
    table = enaf_table("2011-2025", {"35238": {(2011, "hab"): 1_233_202}})
    table = table.assign(surfcom2025="50311729.0", artcom1125="2.45")

    flows = read(table)

    assert flows["area_m2"].sum() == 1_233_202
    assert flows.attrs["notes"] == []


def test_flows_in_hectares_are_converted_and_told(read):
    flows = read(in_hectares(enaf_table("2011-2025")))

    assert cells_of(flows, "04112") == pytest.approx(MANOSQUE)
    assert flows.attrs["notes"] == ["the flows are in hectares, as « artcom » shows: they were converted to m²."]


def test_flows_and_areas_in_hectares_are_converted(read):
    table = in_hectares(enaf_table("2009-2024")).assign(surfcom2024="1000")

    assert cells_of(read(table), "04112") == pytest.approx(MANOSQUE)


def test_hectares_of_two_decimals_may_miss_a_total_by_their_own_rounding(read):
    # Three uses of 0.014 ha are written 0.01 each, and their total 0.042 is written 0.04.
    cells = {(2011, "hab"): 140, (2011, "act"): 140, (2011, "mix"): 140, (2012, "hab"): 60_000}
    table = in_hectares(enaf_table("2009-2024", {"04112": cells}), decimals=2)

    flows = read(table)

    assert table.at[0, "naf11art12"] == "0.04"
    assert cells_of(flows, "04112") == pytest.approx(
        {(2011, "hab"): 100, (2011, "act"): 100, (2011, "mix"): 100, (2012, "hab"): 60_000}
    )


def test_a_share_that_neither_unit_explains_is_a_fault(read):
    with pytest.raises(LayerError, match="of 1 communes, 0 agree in m² and 0 in hectares"):
        read(enaf_table("2009-2024", {"04112": MANOSQUE}).assign(artcom0924="6.00"))


def test_two_units_in_one_file_are_a_fault(read):
    both = enaf_table("2009-2024", {"04112": MANOSQUE, "04143": MANOSQUE, "04034": MANOSQUE})
    both.loc[1] = in_hectares(both).loc[1]

    with pytest.raises(LayerError, match="of 3 communes, 2 agree in m² and 1 in hectares"):
        read(both)


def test_a_share_that_is_wrong_here_and_there_is_told_and_not_used(read):
    table = enaf_table("2009-2024", dict.fromkeys(("04112", "04143", "04034"), MANOSQUE))

    flows = read(table.assign(artcom0924=["0.60", "0.60", "0.75"]))

    assert flows["area_m2"].sum() == 3 * 60_000
    assert flows.attrs["notes"] == ["« artcom » of 1 communes is not what their flows give: it is not used."]


@pytest.mark.parametrize("absent", [["artcom0924"], ["surfcom2024"], ["artcom0924", "surfcom2024"]])
def test_without_share_or_area_square_metres_are_assumed_and_it_is_said(read, absent):
    flows = read(enaf_table("2009-2024").drop(columns=absent))

    assert flows["area_m2"].sum() == 65_000
    assert (
        "no commune has both area and share consumed (« artcom ») to tell the unit: taken as m²."
        in (flows.attrs["notes"])
    )


def test_null_cells_are_missing_and_the_other_communes_tell_the_unit(read):
    table = enaf_table("2009-2020")
    table.loc[1, ["surfcom20", "artcom0920", "artpop1217"]] = "NULL"

    flows = read(in_hectares(table))

    assert cells_of(flows, "04143") == pytest.approx(ORAISON)
    assert len(flows.attrs["notes"]) == 2  # in hectares; no roads


def test_a_share_of_an_unknown_period_is_left_aside(read):
    # « artcom2020 » of the editions of 2021 to 2023: of 2020 to 2020, which is no period.
    flows = read(enaf_table("2009-2024").rename(columns={"artcom0924": "artcom2020"}))

    assert flows["area_m2"].sum() == 65_000
    assert "taken as m²" in flows.attrs["notes"][0]


# Identities


def test_destinations_that_do_not_add_up_to_their_year_are_a_fault(read):
    table = enaf_table("2009-2024")
    table.loc[0, ["art11hab12", "art09hab24"]] = ["29000", "29000"]

    with pytest.raises(LayerError, match=r"1 totals .*: 04112, total 2011-2012: 30000 m² for parts of 29000\. "):
        read(table)


def test_years_that_do_not_add_up_to_their_period_are_a_fault(read):
    table = enaf_table("2011-2025")
    table.loc[0, "naf11art21"] = "70000"

    with pytest.raises(
        LayerError, match=r": 1 fault\.\n  - 1 totals .*: 04112, total 2011-2021: 70000 m² for parts of 60000\. Col"
    ):
        read(table)


def test_a_destination_that_does_not_add_up_to_its_period_is_a_fault(read):
    table = enaf_table("2009-2020")
    table.loc[1, "artmix0920"] = "4000"

    with pytest.raises(LayerError, match="04143, mixed 2009-2020: 4000 m² for parts of 5000"):
        read(table)


def test_two_columns_swapped_are_a_fault(read):
    table = enaf_table("2009-2024").rename(columns={"naf11art12": "naf12art13", "naf12art13": "naf11art12"})

    with pytest.raises(LayerError, match=r"2 totals are not the sum .*2011-2012: 0 m² for parts of 30000"):
        read(table)


def test_a_period_that_starts_before_the_first_year_is_not_checked(read):
    table = enaf_table("2009-2024").drop(columns=enaf_table("2009-2024").filter(regex=r"(09|10)[a-z]{3}1[01]$"))

    flows = read(table)

    assert flows.attrs["first_year"] == 2011
    assert cells_of(flows, "04112") == MANOSQUE


@pytest.mark.parametrize(("gap", "is_right"), [(6, True), (7, False)])
def test_a_square_metre_a_cell_is_rounding_and_more_is_a_fault(read, gap, is_right):
    table = enaf_table("2009-2024")
    table.loc[0, "art13hab14"] = str(gap)  # the five other uses and the total are 0
    table.loc[0, "art09hab24"] = str(30_000 + gap)

    if is_right:
        assert read(table)["area_m2"].sum() == 65_000 + gap
    else:
        with pytest.raises(LayerError, match="total 2013-2014: 0 m² for parts of 7"):
            read(table)


def test_of_many_broken_totals_five_are_shown(read):
    table = enaf_table("2009-2024", {f"04{rank:03d}": MANOSQUE for rank in range(1, 9)}).assign(naf11art12="31000")
    table = table.assign(naf09art24="61000", artcom0924="0.61")

    with pytest.raises(LayerError, match=r"8 totals .*04005, total .* \(and 3 more\)"):
        read(table)


# Cells


def test_minus_one_square_metre_is_kept_and_told(read):
    flows = read(enaf_table("2009-2024", {"04112": {**MANOSQUE, (2010, "inc"): -1}}))

    assert flows["area_m2"].min() == -1
    assert flows.attrs["notes"] == ["1 cells under 0 by a few m², left by rounding, are kept."]


def test_a_larger_negative_is_a_fault(read):
    with pytest.raises(LayerError, match="1 communes have a flow under -10 m²"):
        read(enaf_table("2009-2024", {"04112": {**MANOSQUE, (2010, "hab"): -11}}))


def test_an_infinite_cell_is_a_fault(read):
    table = enaf_table("2009-2024")
    table.loc[0, "art10hab11"] = "inf"

    with pytest.raises(LayerError, match="or an infinite one"):
        read(table)


def test_a_cell_that_is_no_number_is_a_fault(read):
    table = enaf_table("2009-2024")
    table.loc[0, "art10hab11"] = "douze"

    with pytest.raises(LayerError, match="1 values of the column 'art10hab11' are not numbers: 'douze'"):
        read(table)


@pytest.mark.parametrize("blank", ["", "NULL"])
def test_an_empty_cell_is_unknown_and_not_zero(read, blank):
    table = enaf_table("2009-2024")
    table.loc[1, table.filter(regex=r"^(naf|art)\d").columns] = blank

    flows = read(table)

    assert flows.loc[flows["commune_code"] == "04143", "area_m2"].isna().all()
    assert flows.loc[flows["commune_code"] == "04112", "area_m2"].notna().all()
    assert "1 communes lack a flow, which is unknown and not 0: '04143'." in flows.attrs["notes"]


# Layouts that are none


def test_years_without_destinations_are_a_fault_that_names_what_is_missing(read):
    table = enaf_table("2009-2024").filter(regex="^(idcom|naf|surf|artcom)")

    with pytest.raises(LayerError, match=r"no column 'art09hab10', 'art09act10', .* A total alone cannot be split"):
        read(table)


def test_destinations_without_their_total_are_a_fault(read):
    with pytest.raises(LayerError, match="no column 'naf11art12'"):
        read(enaf_table("2009-2024").drop(columns="naf11art12"))


def test_a_year_missing_between_two_others_is_a_fault(read):
    table = enaf_table("2009-2024")

    with pytest.raises(LayerError, match="each year from 2009 to 2023, found no column 'naf13art14', 'art13hab14'"):
        read(table.drop(columns=table.filter(regex=r"13[a-z]{3}14$").columns))


def test_roads_told_one_year_only_are_a_fault(read):
    table = enaf_table("2009-2024")

    with pytest.raises(LayerError, match="no column 'art09fer10', 'art10fer11'"):
        read(table.drop(columns=table.filter(regex=r"^art\d\dfer\d\d$").columns))


def test_a_file_without_flows_is_a_fault(read):
    table = enaf_table("2009-2024").filter(regex="^(idcom|pop|naf09art24)")

    with pytest.raises(LayerError, match=r"expected a column a year and destination .*found 'idcom', 'idcomtxt'"):
        read(table)


def test_all_the_faults_come_in_one_error(read):
    table = enaf_table("2009-2024", {"04112": MANOSQUE, "04143": {**ORAISON, (2010, "hab"): -500}})
    table.loc[0, "naf11art12"] = "1"
    table["idcom"] = ["04112", "04112"]

    with pytest.raises(LayerError) as error:
        read(table)

    assert [word in str(error.value) for word in ("more than once", "under -10 m²", "are not the sum")] == [True] * 3


# Areas and census


def test_areas_and_census_figures_come_by_commune(tmp_path):
    table = enaf_table("2009-2024").assign(pop15=["22316", "5800"], pop21="NULL", emp21=["9000", "s"])

    context = read_enaf_context(write(table, tmp_path / "conso.csv", ";"))

    expected = pd.DataFrame(
        {
            "name": pd.Series(["Commune 04112", "Commune 04143"], dtype="str"),
            "epci_siren": pd.Series(["200034700", "200034700"], dtype="str"),
            "epci_name": pd.Series(["x", "x"], dtype="str"),
            "scot_name": pd.Series(["x", "x"], dtype="str"),
            "surface_m2": [1e7, 1e7],
            "population_2015": [22316.0, 5800.0],
            "population_2021": [np.nan, np.nan],
            "households_2015": [100.0, 100.0],
            "households_2021": [100.0, 100.0],
            "jobs_2015": [100.0, 100.0],
            "jobs_2021": [9000.0, np.nan],
        }
    ).set_index(pd.Index(["04112", "04143"], dtype="str", name="commune_code"))
    assert_frame_equal(context, expected)
    assert context.attrs["census_years"] == [2015, 2021]
    assert context.attrs["source_file"] == "conso.csv"


@pytest.mark.parametrize(("edition", "years"), [("2009-2020", [2012, 2017]), ("2011-2025", [2011, 2016, 2022])])
def test_the_census_years_are_those_of_the_edition(tmp_path, edition, years):
    context = read_enaf_context(write(enaf_table(edition), tmp_path / "conso.csv"))

    assert context.attrs["census_years"] == years
    assert [name for name in context.columns if name.startswith("population")] == [f"population_{y}" for y in years]


def test_ratios_of_the_file_are_not_copied(tmp_path):
    context = read_enaf_context(write(enaf_table("2009-2024"), tmp_path / "conso.csv"))

    assert not context.columns.str.contains("art|change|1521").any()


def test_areas_in_hectares_are_converted_and_told(tmp_path):
    path = write(enaf_table("2011-2025").assign(surfcom2025="1000,5"), tmp_path / "conso.csv", ";")

    context = read_enaf_context(path)

    assert context["surface_m2"].tolist() == [10_005_000.0] * 2
    assert context.attrs["notes"] == ["the areas of 'surfcom2025' are in hectares: they were converted."]


def test_a_commune_without_area_has_an_unknown_one(tmp_path):
    path = write(enaf_table("2009-2024").assign(surfcom2024=["10000000", "0"]), tmp_path / "conso.csv")

    context = read_enaf_context(path)

    assert context["surface_m2"].isna().tolist() == [False, True]
    assert "the area of 1 communes in 'surfcom2024' is not over 0" in context.attrs["notes"][0]


def test_a_file_without_areas_says_so(tmp_path):
    context = read_enaf_context(write(enaf_table("2009-2024").drop(columns="surfcom2024"), tmp_path / "conso.csv"))

    assert context["surface_m2"].isna().all()
    assert "no area of the communes" in context.attrs["notes"][0]


def test_a_negative_population_is_a_fault(tmp_path):
    path = write(enaf_table("2009-2024").assign(pop15=["-5", "10"]), tmp_path / "conso.csv")

    with pytest.raises(LayerError, match="1 communes have a 'population_2015' that is none: '04112'"):
        read_enaf_context(path)


def test_a_commune_that_comes_twice_has_no_context(tmp_path):
    path = write(enaf_table("2009-2024").assign(idcom="04112"), tmp_path / "conso.csv")

    with pytest.raises(LayerError, match="come more than once"):
        read_enaf_context(path)
