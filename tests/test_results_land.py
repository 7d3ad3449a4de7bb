"""Land in the refresh, on the six squares: A, B, C, D, E in the département 04 (2018, 2021), F in 83 (2017, 2020).

Every commune is 100 ha of fields. In A houses grow from 10 to 16 ha, in C a street takes 3 ha, in F houses grow from 5
to 8 ha. Consumption: 1 ha of housing a year in A from 2011 to 2020, then 0.4 ha; elsewhere only 0.1 ha in C in 2011.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from land import land_cover
from squares import CODES, square

from hp_sig import InputError, Results, TerritoryError, check, compute, load_territory, refresh
from hp_sig.results.steps import planned_tables, skipped_tables

HOUSE, STREET, FIELD = "CS1.1.1.1", "CS1.1.1.2", "CS2.2.1"
A, B, C, F = "04001", "04002", "04003", "83006"
ABD, CEF = "200000001", "200000002"
#: South-west corner of each commune, in kilometres.
PLACES = {letter: (rank % 3, rank // 3) for rank, letter in enumerate("ABCDEF")}


def state(letters: str, taken: dict[str, tuple[str, str, float]]) -> gpd.GeoDataFrame:
    """Draw communes of fields, where a class takes a strip of so many hectares from the west."""
    rows = []
    for letter in letters:
        x, y = PLACES[letter]
        cover, use, hectares = taken.get(letter, (FIELD, "US1.1", 0))
        if hectares:
            rows.append((cover, use, square(x, y, hectares / 100, 1)))
        rows.append((FIELD, "US1.1", square(x + hectares / 100, y, 1 - hectares / 100, 1)))
    return land_cover(*rows)


BEFORE = state("ABCDE", {"A": (HOUSE, "US5", 10)})
AFTER = state("ABCDE", {"A": (HOUSE, "US5", 16), "C": (STREET, "US4.1.1", 3)})
VAR_BEFORE, VAR_AFTER = state("F", {"F": (HOUSE, "US5", 5)}), state("F", {"F": (HOUSE, "US5", 8)})


def entry(section: str, **keys: object) -> str:
    """Write a block of a territory file."""
    told = {"vintage": "2024", "producer": "P", "source": "S", "licence": "L", **keys}
    lines = [f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in told.items()]
    return "\n".join([f"\n{section}", *lines, ""])


class World:
    """The six squares' folder and territory file, to which layers are added."""

    def __init__(self, raw: Path, territory_file: Path) -> None:
        self.raw, self.file = raw, territory_file

    def add(self, section: str, **keys: object) -> None:
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(entry(section, **keys))

    def cover(self, departement: str, year: int, land: gpd.GeoDataFrame, *, kind: str = "cover") -> None:
        names = {"cover_code": "code_cs", "use_code": "code_us"}
        file = f"{kind}_{departement}_{year}.gpkg"
        land.rename(columns=names).to_file(self.raw / file, layer=f"{kind}")
        self.add("[[land_cover]]", kind=kind, departement=departement, years=[year], file=file)

    def difference(self, departement: str, land: gpd.GeoDataFrame) -> None:
        land.to_file(self.raw / f"diff_{departement}.gpkg", layer="diff")
        years = {"04": [2018, 2021], "83": [2017, 2020]}[departement]
        file = f"diff_{departement}.gpkg"
        self.add("[[land_cover]]", kind="cover_difference", departement=departement, years=years, file=file)

    def two_vintages(self) -> "World":
        self.cover("04", 2018, BEFORE)
        self.cover("04", 2021, AFTER)
        self.cover("83", 2017, VAR_BEFORE)
        self.cover("83", 2020, VAR_AFTER)
        return self

    def enaf(self, codes: tuple[str, ...] = tuple(CODES.values())) -> "World":
        enaf_table(codes).to_csv(self.raw / "enaf.csv", sep=";", index=False, encoding="utf-8-sig")
        self.add("[enaf]", file="enaf.csv")
        return self

    def results(self) -> Results:
        return compute(check(self.file, raw=self.raw))


def enaf_table(codes: tuple[str, ...]) -> pd.DataFrame:
    """Write the flows of 2011 to 2023 in the layout of the Cerema."""
    rows = []
    for code in codes:
        row: dict[str, object] = {"idcom": code, "idcomtxt": code}
        total = 0
        for year in range(2011, 2024):
            housing = {A: 10_000 if year < 2021 else 4_000, C: 1_000 if year == 2011 else 0}.get(code, 0)
            start, end = f"{year - 2000}", f"{year - 1999}"
            row[f"naf{start}art{end}"] = housing
            row |= {f"art{start}{use}{end}": housing if use == "hab" else 0 for use in ("act", "hab", "mix", "rou")}
            row |= {f"art{start}{use}{end}": 0 for use in ("fer", "inc")}
            total += housing
        row |= {"artcom1124": round(100 * total / 1_000_000, 2), "pop15": 100, "pop21": 120 if code == A else 90}
        row |= {"men15": 40, "men21": 50 if code == A else 40, "emp15": 10, "emp21": 10, "surfcom2024": 1_000_000}
        rows.append(row)
    return pd.DataFrame(rows)


#: Results of the worlds that several tests read and none changes, by the name of what was added to the six squares.
READ: dict[str, Results] = {}


@pytest.fixture
def world(raw: Path, territory_file: Path) -> World:
    return World(raw, territory_file)


def apart(request: pytest.FixtureRequest) -> World:
    """Copy the six squares' files, which the test itself may add layers to."""
    raw, file = request.getfixturevalue("raw"), request.getfixturevalue("territory_file")
    folder = request.getfixturevalue("tmp_path") / "apart"
    shutil.copytree(raw, folder / "raw")
    return World(folder / "raw", shutil.copy(file, folder / file.name))


@pytest.fixture
def two_vintages(request: pytest.FixtureRequest) -> Results:
    """Results of the six squares with two vintages of land cover; nobody may change them."""
    if "two vintages" not in READ:
        READ["two vintages"] = apart(request).two_vintages().results()
    return READ["two vintages"]


@pytest.fixture
def enaf(request: pytest.FixtureRequest) -> Results:
    """Results of the six squares with the flows of the Cerema; nobody may change them."""
    if "enaf" not in READ:
        READ["enaf"] = apart(request).enaf().results()
    return READ["enaf"]


def rows(table: pd.DataFrame | None, layer: str, code: str) -> pd.DataFrame:
    assert table is not None
    return table[(table["zone_layer"] == layer) & (table["zone_code"] == code)]


def row(table: pd.DataFrame | None, layer: str, code: str, **keys: object) -> pd.Series:
    found = rows(table, layer, code)
    for key, value in keys.items():
        found = found[found[key] == value]
    assert len(found) == 1
    return found.iloc[0]


# --- stocks -------------------------------------------------------------------------------------------------------


def test_each_commune_is_measured_with_the_vintages_of_its_own_departement(two_vintages):
    stock = two_vintages.land_stock

    assert rows(stock, "communes", A)["year"].tolist() == ["2018", "2021"]
    assert rows(stock, "communes", A)["artificialised_ha"].tolist() == pytest.approx([10, 16])
    assert rows(stock, "communes", F)["year"].tolist() == ["2017", "2020"]
    assert rows(stock, "communes", F)["artificialised_ha"].tolist() == pytest.approx([5, 8])
    assert rows(stock, "communes", B)["artificialised_ha"].tolist() == [0.0, 0.0]


def test_an_epci_sums_its_communes_and_says_which_years_it_mixes(two_vintages):
    stock = two_vintages.land_stock

    alone, mixed = row(stock, "epci_2015", ABD, rank=2), row(stock, "epci_2015", CEF, rank=2)
    assert (alone["year"], alone["is_mixed"]) == ("2021", False)
    assert alone[["artificialised_ha", "artificialised_share"]].tolist() == pytest.approx([16, 16 / 300])
    assert (mixed["year"], mixed["is_mixed"]) == ("2020 + 2021", True)
    assert mixed[["artificialised_ha", "sealed_ha"]].tolist() == pytest.approx([11, 11])


def test_a_park_is_measured_by_what_it_covers_of_each_commune(two_vintages):
    # Park P covers the western 1.4 km: A and D whole, 40 ha of B and of E.
    park = row(two_vintages.land_stock, "pnr", "FR8000001", rank=2)

    assert park[["area_ha", "covered_ha", "artificialised_ha"]].tolist() == pytest.approx([280, 280, 16])


def test_the_officers_layer_decides_and_is_named(world):
    world.cover("04", 2021, AFTER)
    # IGN does not count the street of C.
    official = AFTER.assign(artif=["artif" if cover == HOUSE else "non artif" for cover in AFTER["cover_code"]])
    world.cover("04", 2021, official, kind="artificialisation")

    stock = world.results().land_stock

    assert row(stock, "communes", C)[["artificialised_ha", "sealed_ha"]].tolist() == pytest.approx([0, 3])
    assert row(stock, "communes", C)["method"] == "official"


def test_a_commune_whose_departement_has_no_land_cover_is_unknown_and_so_is_its_epci(world):
    world.cover("04", 2021, AFTER)

    results = world.results()

    assert rows(results.land_stock, "communes", F).empty
    assert pd.isna(row(results.land_stock, "epci_2015", CEF)["artificialised_ha"])
    assert row(results.land_stock, "epci_2015", ABD)["artificialised_ha"] == pytest.approx(16)
    assert results.land_shape is not None
    unknown = row(results.land_shape, "epci_2015", CEF)
    assert unknown[["envelope_ha", "artificialised_patch_count", "dispersion_upu_per_m2"]].isna().all()


def test_covers_and_uses_are_two_tables_of_the_same_land(two_vintages):
    classes = two_vintages.land_classes

    found = rows(classes, "communes", A)
    sums = found.groupby(["rank", "axis"])["area_ha"].sum()
    assert sums.tolist() == pytest.approx([100.0] * 4)
    houses = row(classes, "communes", A, rank=2, axis="cover", class_code=HOUSE)
    assert houses[["area_ha", "share"]].tolist() == pytest.approx([16, 0.16])
    assert houses["class_label"] == "Zones bâties"
    assert row(classes, "communes", A, rank=2, axis="use", class_code="US5")["area_ha"] == pytest.approx(16)
    # Nobody has woods: 0, and a row.
    assert row(classes, "communes", B, rank=2, axis="cover", class_code="CS2.1.1.1")["area_ha"] == 0.0
    assert len(found) == 2 * (14 + 20)


def test_land_that_a_state_counts_twice_is_told(world):
    twice = pd.concat([AFTER, land_cover((HOUSE, "US5", square(1, 0, 0.5, 0.5)))], ignore_index=True)
    world.cover("04", 2021, gpd.GeoDataFrame(twice, crs=2154))

    (warning,) = world.results().warnings

    # 25 ha of 500.
    assert warning == "land cover 04 2021: its polygons overlap by 25.0 ha (5.0%), which areas by class count twice."


def test_the_gaps_of_matrix_and_thresholds_to_the_official_layer_are_reported(world):
    # IGN leaves out the street of C (3 ha) that the matrix counts; the thresholds change nothing of such large pieces.
    official = AFTER.assign(artif=["artif" if cover == HOUSE else "non artif" for cover in AFTER["cover_code"]])
    world.cover("04", 2021, official, kind="artificialisation")

    stock = world.results().land_stock

    gaps = ["artificialised_thresholds_ha", "matrix_gap_ha", "thresholds_gap_ha"]
    assert row(stock, "communes", C)[gaps].tolist() == pytest.approx([3, 3, 3])
    assert row(stock, "communes", A)[gaps].tolist() == pytest.approx([16, 0, 0])


def test_a_third_vintage_of_one_departement_does_not_hide_what_the_others_have(world):
    world.two_vintages().cover("83", 2023, state("F", {"F": (HOUSE, "US5", 9)}))

    results = world.results()

    assert rows(results.land_stock, "communes", F)["artificialised_ha"].tolist() == pytest.approx([5, 8, 9])
    assert rows(results.land_stock, "epci_2015", CEF)["year"].tolist() == ["2017 + 2018", "2020 + 2021"]
    assert rows(results.land_flow, "epci_2015", CEF)["vintages"].tolist() == ["2017-2020 + 2018-2021"]
    assert row(results.land_shape, "epci_2015", CEF)["artificialised_ha"] == pytest.approx(11)
    assert rows(results.land_flow, "communes", F)["vintages"].tolist() == ["2017-2020", "2020-2023"]


def test_a_commune_that_is_covered_in_part_is_told(world):
    world.cover("04", 2021, AFTER[~AFTER.within(square(1, 0))])  # without B

    hole = pd.concat([AFTER[~AFTER.within(square(1, 0))], state("B", {}).assign(geometry=[square(1, 0, 0.6, 1)])])
    world.cover("04", 2018, gpd.GeoDataFrame(hole, crs=2154))

    (warning,) = world.results().warnings

    assert "land cover 04 2018: 1 communes are not covered in whole ('04002'; 60% at least)" in warning


def test_a_share_is_that_of_the_zone_not_of_what_is_covered(world):
    # Half of A is covered, with 10 ha of houses.
    half = land_cover((HOUSE, "US5", square(0, 0, 0.1, 1)), (FIELD, "US1.1", square(0.1, 0, 0.4, 1)))
    world.cover("04", 2021, half)

    stock = row(world.results().land_stock, "communes", A)

    assert stock[["covered_share", "artificialised_share", "sealed_share"]].tolist() == pytest.approx([0.5, 0.1, 0.1])


def test_a_zone_with_communes_out_of_the_territory_is_marked_and_told(world):
    path = world.raw / "epci_2015.csv"
    path.write_text(path.read_text(encoding="utf-8") + "200000001;EPCI 1;4099\n", encoding="utf-8")

    results = world.two_vintages().results()

    assert results.land_stock is not None
    partial = results.land_stock.drop_duplicates(["zone_layer", "zone_code"]).set_index(["zone_layer", "zone_code"])
    assert partial["is_partial"].loc[[("epci_2015", ABD), ("epci_2015", CEF), ("epci_2017", ABD)]].tolist() == [
        True,
        False,
        False,
    ]
    # The parks stick out by kilometres, a commune never does.
    assert bool(partial.loc[("pnr", "FR8000001"), "is_partial"])
    assert not partial["is_partial"].loc["communes"].any()
    (warning,) = results.warnings
    assert "epci_2015: communes of 'EPCI 1' lie out of the territory" in warning


# --- flows --------------------------------------------------------------------------------------------------------


def test_flows_are_given_over_the_period_and_per_year(two_vintages):
    flow = row(two_vintages.land_flow, "epci_2015", ABD)

    assert (flow["vintages"], flow["is_mixed"], flow["method"]) == ("2018-2021", False, "matrix")
    assert flow[["artificialised_gain_ha", "artificialised_loss_ha", "artificialised_net_ha"]].tolist() == [6, 0, 6]
    assert flow["artificialised_net_ha_per_year"] == pytest.approx(2)


def test_flows_of_mixed_vintages_are_given_per_year_only(two_vintages):
    flow = row(two_vintages.land_flow, "epci_2015", CEF)

    assert (flow["vintages"], flow["is_mixed"]) == ("2017-2020 + 2018-2021", True)
    assert pd.isna(flow["artificialised_net_ha"])
    # 3 ha in C and 3 ha in F, each in three years.
    assert flow["artificialised_net_ha_per_year"] == pytest.approx(2)


def test_the_margins_of_a_transition_are_the_two_stocks(two_vintages):
    results = two_vintages

    table = rows(results.land_transition, "communes", A)
    before = table.groupby("cover_before")["area_ha"].sum()
    after = table.groupby("cover_after")["area_ha"].sum()
    assert before.to_dict() == pytest.approx({HOUSE: 10, FIELD: 90})
    assert after.to_dict() == pytest.approx({HOUSE: 16, FIELD: 84})
    built = table[(table["cover_before"] == FIELD) & (table["cover_after"] == HOUSE)]
    assert built[["use_before", "use_after", "area_ha"]].to_numpy().tolist() == [["US1.1", "US5", pytest.approx(6)]]


def test_only_land_that_changed_has_a_pace(two_vintages):
    table = rows(two_vintages.land_transition, "epci_2015", CEF)

    changed = (table["cover_before"] != table["cover_after"]) | (table["use_before"] != table["use_after"])
    # 3 ha in C and 3 ha in F, in three years; the zone mixes vintages, so there is no total.
    assert table[changed]["area_ha_per_year"].sum() == pytest.approx(2)
    assert table[~changed]["area_ha_per_year"].isna().all()
    assert table["area_ha"].isna().all()


def difference(*, share: float = 1.0, backward: bool = False) -> gpd.GeoDataFrame:
    """What changed in 04, as IGN delivers it; of the 6 ha of A only a share."""
    ends = ("2021", "2018") if backward else ("2018", "2021")
    columns = [f"{axis}_{end}" for end in ends for axis in ("CS", "US")]
    changed = [
        (FIELD, "US1.1", HOUSE, "US5", square(0.1, 0, 0.06 * share, 1)),
        (FIELD, "US1.1", STREET, "US4.1.1", square(2, 0, 0.03, 1)),
    ]
    return gpd.GeoDataFrame(changed, columns=[*columns, "geometry"], geometry="geometry", crs=2154)


def test_a_difference_that_tells_the_same_as_the_states_goes_unnoticed(world):
    world.two_vintages().difference("04", difference())

    assert world.results().warnings == ()


def test_a_gap_of_over_half_a_hectare_between_states_and_difference_is_told(world):
    world.two_vintages().difference("04", difference(share=0.75))

    (warning,) = world.results().warnings

    assert (
        "net artificialisation 04 2018-2021: states and difference differ by more than 0.5 ha in 1 communes" in warning
    )
    assert "('04001'), by 1.50 ha at most" in warning


def test_a_difference_that_runs_backward_is_told_and_left_aside(world):
    world.two_vintages().difference("04", difference(backward=True))

    results = world.results()

    (warning,) = results.warnings
    assert "the difference 04 2018-2021 runs backward" in warning
    assert row(results.land_flow, "communes", A)["artificialised_net_ha"] == pytest.approx(6)


def test_a_difference_alone_gives_the_flow_and_no_stock(world):
    world.difference("04", difference())

    results = world.results()

    assert row(results.land_flow, "communes", A)["artificialised_net_ha"] == pytest.approx(6)
    assert row(results.land_flow, "communes", B)["artificialised_net_ha"] == 0.0
    assert results.land_stock is None
    assert results.land_transition is None
    assert "no land cover" in results.skipped["land_stock"]


def test_a_difference_after_the_last_state_gives_its_flow(world):
    world.two_vintages()
    columns = ["CS_2020", "US_2020", "CS_2023", "US_2023", "geometry"]
    grown = [(FIELD, "US1.1", HOUSE, "US5", square(2.08, 1, 0.04, 1))]
    later = gpd.GeoDataFrame(grown, columns=columns, geometry="geometry", crs=2154)
    later.to_file(world.raw / "later.gpkg", layer="diff")
    world.add("[[land_cover]]", kind="cover_difference", departement="83", years=[2020, 2023], file="later.gpkg")

    flow = rows(world.results().land_flow, "communes", F)

    assert flow["vintages"].tolist() == ["2017-2020", "2020-2023"]
    assert flow["artificialised_net_ha"].tolist() == pytest.approx([3, 4])


def test_an_official_state_is_compared_with_another_by_the_matrix_where_only_one_is_official(world):
    # In 2018 IGN calls all the land artificialised: a flow from there to the matrix of 2021 would be absurd.
    world.cover("04", 2018, BEFORE)
    world.cover("04", 2018, BEFORE.assign(artif="artif"), kind="artificialisation")
    world.cover("04", 2021, AFTER)

    flow = row(world.results().land_flow, "communes", A)

    assert flow[["artificialised_net_ha", "method"]].tolist() == [pytest.approx(6), "matrix"]


# --- shape --------------------------------------------------------------------------------------------------------


def test_the_shape_of_a_commune_of_one_strip_of_houses(two_vintages):
    shape = row(two_vintages.land_shape, "communes", A)

    assert shape["artificialised_ha"] == pytest.approx(16)
    # 10 inhabitants in 2021 on 16 ha.
    assert shape["inhabitants_per_ha"] == pytest.approx(10 / 16)
    assert shape["artificialised_patch_count"] == 1
    assert shape["artificialised_largest_patch_share"] == pytest.approx(0.16)
    # One side of 1 000 m; the limits of the commune are no edge.
    assert shape["artificialised_edge_density_m_per_ha"] == pytest.approx(10, rel=1e-5)
    # Fields of 84 ha, cut at the limit; whole, with those of B, D and E: 384 ha (streets and houses part C and F).
    assert shape["open_mesh_cut_ha"] == pytest.approx(84**2 / 100)
    assert shape["open_mesh_cross_ha"] == pytest.approx(84 * 384 / 100)
    assert shape["efficiency_status"] == "unknown"


def test_a_list_of_communes_that_two_years_hold_is_measured_alike(two_vintages):
    shape = two_vintages.land_shape

    same = [row(shape, "scot_2018", "S2"), row(shape, "communes", C)]
    columns = [
        "artificialised_patch_count",
        "open_mesh_cross_ha",
        "envelope_ha",
        "artificialised_edge_density_m_per_ha",
    ]
    assert same[0][columns].tolist() == same[1][columns].tolist()


def test_the_shape_is_of_one_vintage_where_one_departement_has_more(world):
    world.two_vintages().cover("83", 2023, state("F", {"F": (HOUSE, "US5", 50)}))

    shape = row(world.results().land_shape, "communes", F)

    assert shape[["year", "artificialised_ha", "artificialised_largest_patch_share"]].tolist() == [
        "2020",
        pytest.approx(8),
        pytest.approx(0.08),
    ]


def test_a_stock_of_the_matrix_is_not_set_beside_an_official_one(world):
    world.cover("04", 2018, AFTER)
    world.cover("04", 2021, AFTER.assign(artif="non artif"), kind="artificialisation")

    shape = row(world.results().land_shape, "communes", A)

    assert shape["efficiency_status"] == "mixed_methods"
    assert pd.isna(shape["lcrpgr"])


def test_land_of_the_other_departement_that_a_delivery_holds_is_left_out(world):
    # The delivery of 04 sticks out over F, which is measured with that of 83.
    world.cover("04", 2021, gpd.GeoDataFrame(pd.concat([AFTER, state("F", {"F": (HOUSE, "US5", 60)})]), crs=2154))
    world.cover("83", 2020, VAR_AFTER)

    results = world.results()

    assert row(results.land_shape, "communes", F)["artificialised_largest_patch_share"] == pytest.approx(0.08)
    assert row(results.land_stock, "territory", "territory")["artificialised_ha"] == pytest.approx(16 + 3 + 8)


def test_houses_beyond_the_limit_of_the_territory_are_seen(world, two_vintages):
    beyond = land_cover((HOUSE, "US5", square(-0.5, 0.2, 0.2, 0.2)))
    world.two_vintages()
    alone = row(two_vintages.land_shape, "communes", A)["dispersion_upu_per_m2"]
    wider = gpd.GeoDataFrame(pd.concat([AFTER, beyond], ignore_index=True), crs=2154)
    wider.rename(columns={"cover_code": "code_cs", "use_code": "code_us"}).to_file(
        world.raw / "cover_04_2021.gpkg", layer="cover"
    )

    results = world.results()

    assert row(results.land_shape, "communes", A)["dispersion_upu_per_m2"] > alone
    # The stock of the commune is its own.
    assert row(results.land_stock, "communes", A, rank=2)["artificialised_ha"] == pytest.approx(16)


# --- planning zones and surveys -----------------------------------------------------------------------------------


def test_a_planning_zone_over_two_communes_is_cut_and_the_land_in_it_measured(world):
    zones = gpd.GeoDataFrame(
        {"LIBELLE": ["U1", "N1"], "TYPEZONE": ["U", "N"], "IDURBA": ["P", "P"]},
        geometry=[square(0, 0, 1.2, 1), square(1.2, 0, 0.8, 1)],
        crs=2154,
    )
    zones.to_file(world.raw / "plu.gpkg", layer="zone_urba")
    world.two_vintages().add("[[zoning]]", id="plui", file="plu.gpkg")

    table = world.results().land_zoning

    assert table is not None
    found = table[table["rank"] == 2].set_index(["commune_code", "zone_kind"])
    assert found["zone_ha"].to_dict() == pytest.approx({(A, "U"): 100, (B, "U"): 20, (B, "N"): 80})
    assert found.loc[(A, "U"), ["artificialised_ha", "artificialised_share"]].tolist() == pytest.approx([16, 0.16])
    assert found.loc[(B, "U"), ["year", "artificialised_ha"]].tolist() == [2021, 0.0]
    assert found.loc[(B, "N"), "zone_share"] == pytest.approx(0.8)


def test_a_planning_zone_over_two_departements_is_measured_with_the_delivery_of_each(world):
    zones = gpd.GeoDataFrame({"LIBELLE": ["U"], "TYPEZONE": ["U"]}, geometry=[square(2, 0, 1, 2)], crs=2154)
    zones.to_file(world.raw / "plu.gpkg", layer="zone_urba")
    world.two_vintages().add("[[zoning]]", id="plui", file="plu.gpkg")

    table = world.results().land_zoning

    assert table is not None
    assert table[["commune_code", "rank", "year"]].to_numpy().tolist() == [
        [C, 1, 2018],
        [C, 2, 2021],
        [F, 1, 2017],
        [F, 2, 2020],
    ]
    assert table["artificialised_ha"].tolist() == pytest.approx([0, 3, 5, 8])


def test_zones_of_two_kinds_over_the_same_land_are_told(world):
    zones = gpd.GeoDataFrame(
        {"LIBELLE": ["U1", "N1"], "TYPEZONE": ["U", "N"], "IDURBA": ["P", "P"]},
        geometry=[square(0, 0, 0.5, 1), square(0.45, 0, 0.55, 1)],
        crs=2154,
    )
    zones.to_file(world.raw / "plu.gpkg", layer="zone_urba")
    world.two_vintages().add("[[zoning]]", id="plu", file="plu.gpkg")

    (warning,) = world.results().warnings

    assert "planning zones: land lies in zones of two kinds in 1 communes ('04001'), 5.0 ha at most" in warning


def test_corine_is_measured_and_marked_as_too_coarse_for_a_commune(world):
    corine = gpd.GeoDataFrame({"CODE_18": ["112", "311"]}, geometry=[square(0, 0, 1, 1), square(1, 0, 2, 2)], crs=2154)
    corine.to_file(world.raw / "clc.gpkg", layer="clc")
    world.add("[[land_survey]]", id="clc", nomenclature="corine", file="clc.gpkg")

    survey = world.results().land_survey

    whole = row(survey, "territory", "territory")
    assert whole[["artificial_ha", "forest_ha"]].tolist() == pytest.approx([100, 400])
    assert whole["covered_share"] == pytest.approx(5 / 6)
    assert row(survey, "epci_2015", ABD)["artificial_share"] == pytest.approx(1 / 3)
    assert survey is not None
    # 600 ha are under 25 000.
    assert survey["is_below_scale"].all()


def test_a_local_survey_has_its_own_correspondence_and_detail(world):
    mos = gpd.GeoDataFrame({"code": ["v", "b"]}, geometry=[square(0, 0, 1, 1), square(1, 0, 1, 1)], crs=2154)
    mos.to_file(world.raw / "mos.gpkg", layer="mos")
    (world.file.parent / "mos.csv").write_text("class_code,land_class\nv,artificial\nb,forest\n", encoding="utf-8")
    world.add(
        "[[land_survey]]",
        id="mos",
        nomenclature="local",
        correspondence="mos.csv",
        mapping_unit_ha=0.1,
        file="mos.gpkg",
        fields={"class_code": "code"},
    )
    # A table in TOML is written with « = ».
    text = world.file.read_text(encoding="utf-8").replace("{'class_code': 'code'}", "{ class_code = 'code' }")
    world.file.write_text(text, encoding="utf-8")

    survey = world.results().land_survey

    assert row(survey, "communes", A)[["artificial_share", "is_below_scale"]].tolist() == [1.0, False]
    assert row(survey, "communes", B)["forest_share"] == 1.0
    assert pd.isna(row(survey, "communes", C)["forest_share"])


# --- consumption --------------------------------------------------------------------------------------------------


def test_consumption_is_summed_by_list_and_year(enaf):
    table = enaf.enaf_consumption

    assert table is not None
    of_2011 = row(table, "territory", "territory", year=2011)
    assert of_2011[["enaf_consumption_ha", "enaf_housing_ha", "enaf_road_ha"]].tolist() == pytest.approx([1.1, 1.1, 0])
    assert row(table, "epci_2015", CEF, year=2012)["enaf_consumption_ha"] == 0.0
    assert set(table.loc[table["is_provisional"], "year"]) == {2023}


def test_ratios_say_why_there_is_none(enaf):
    ratios = enaf.enaf_ratios

    # A: 6 ha from 2015 to 2020 for 20 inhabitants and 10 households more.
    of_a = row(ratios, "communes", A)
    assert of_a["enaf_m2_per_added_inhabitant"] == pytest.approx(3000)
    assert of_a["enaf_m2_per_added_household"] == pytest.approx(6000)
    assert of_a[["enaf_m2_per_added_job", "enaf_m2_per_added_job_status"]].fillna("-").tolist() == ["-", "no_change"]
    assert row(ratios, "communes", B)["enaf_m2_per_added_inhabitant_status"] == "decrease"
    # 6 ha on the 300 ha of A, B and D.
    assert row(ratios, "epci_2015", ABD)["enaf_consumption_share"] == pytest.approx(0.02)


def test_a_commune_that_the_file_lacks_makes_its_zones_unknown(world):
    world.enaf(codes=(A, B, C))

    layers = check(world.file, raw=world.raw)
    table = compute(layers).enaf_consumption

    assert "3 communes of the territory are not in the file: '04004', '04005', '83006'." in layers.notes["enaf"]
    assert pd.isna(row(table, "territory", "territory", year=2011)["enaf_consumption_ha"])
    assert row(table, "communes", A, year=2011)["enaf_consumption_ha"] == pytest.approx(1)


def test_the_trajectory_sets_law_and_scenario_side_by_side(world):
    world.enaf()
    with world.file.open("a", encoding="utf-8") as stream:
        stream.write(
            '\n[trajectory]\nplanned_communes = "all"\ntargets = { 200000001 = 0.6 }\n'
            '\n[[trajectory.scenarios]]\nlabel = "Réduction de 40 %"\nregime = "climat_resilience_2023"\n'
            "parameters = { reduction_share = 0.4 }\n"
        )

    table = world.results().trajectory

    law = row(table, "epci_2015", ABD, regime="climat_resilience_2023")
    # 10 ha in ten years, 60 % less; three communes are sure of 1 ha each.
    assert law[["reference_ha", "allowance_ha", "guarantee_ha"]].tolist() == pytest.approx([10, 4, 3])
    # 0.4 ha a year over three years, then ten.
    assert law[["consumed_ha", "remaining_ha", "projection_ha"]].tolist() == pytest.approx([1.2, 2.8, 4])
    assert law["status"] == "on_track"
    assert row(table, "epci_2015", ABD, regime="Réduction de 40 %")["allowance_ha"] == pytest.approx(6)
    # A has the target of its EPCI; B, where nothing was consumed, the guarantee.
    assert row(table, "communes", A, regime="climat_resilience_2023")["allowance_ha"] == pytest.approx(4)
    assert row(table, "communes", B, regime="climat_resilience_2023")["allowance_ha"] == pytest.approx(1)
    # The platform halves whatever the target is, and projects nine flows.
    assert law[["platform_allowance_ha", "platform_projection_ha"]].tolist() == pytest.approx([5, 3.6])


TRAJECTORY = "\n[trajectory]\n{}\n"


def settings(world: World, text: str) -> World:
    with world.file.open("a", encoding="utf-8") as stream:
        stream.write(TRAJECTORY.format(text))
    return world


def test_a_zone_without_a_target_has_that_of_its_communes(world):
    # The SCoT S1 holds A and B: 60 % less. EPCI 1 of 2015 holds A, B and D, where A alone consumed.
    table = settings(world.enaf(), "targets = { S1 = 0.6 }").results().trajectory

    assert row(table, "scot_2018", "S1")["allowance_ha"] == pytest.approx(4)
    assert row(table, "epci_2015", ABD)["allowance_ha"] == pytest.approx(4)
    # The whole territory: 0.4 of the 10 ha of A, 0.5 of the 0.1 ha of C.
    assert row(table, "territory", "territory")["allowance_ha"] == pytest.approx(4.05)
    assert row(table, "epci_2015", CEF)["allowance_ha"] == pytest.approx(0.05)


def test_a_commune_has_the_target_of_the_epci_that_it_is_in_now(world):
    # B was in EPCI 1 in 2015, and has been in EPCI 2 since 2017.
    table = settings(world.enaf(), "targets = { 200000001 = 0.6 }").results().trajectory

    assert row(table, "communes", A)["reduction_share"] == pytest.approx(0.6)
    assert row(table, "communes", B)["reduction_share"] == pytest.approx(0.5)


def test_communes_deleguees_and_the_rule_of_zones_are_settings(world):
    text = 'planned_communes = "all"\ndelegated_communes = { 04002 = 2 }\nguarantee_zone_rule = "by_commune"'

    table = settings(world.enaf(), text).results().trajectory

    assert row(table, "communes", B)["guarantee_ha"] == pytest.approx(2)
    # A keeps 5 ha, B 2, D 1.
    assert row(table, "epci_2015", ABD)["allowance_ha"] == pytest.approx(8)


def test_a_commune_in_two_parks_counts_in_both(world):
    parks = gpd.read_file(world.raw / "pnr.geojson").to_crs(2154)
    parks.loc[1, "geometry"] = square(-2, -2, 5, 6)  # over all six squares
    parks.to_crs(4326).to_file(world.raw / "pnr.geojson")

    results = world.enaf().results()

    for park in ("FR8000001", "FR8000002"):
        assert row(results.enaf_consumption, "pnr", park, year=2012)["enaf_consumption_ha"] == pytest.approx(1)
        assert row(results.trajectory, "pnr", park)["allowance_ha"] >= 5


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("targets = { 999999999 = 0.6 }", "trajectory.targets: codes of an EPCI or a SCoT expected, found '999999999'"),
        ('planned_communes = ["99999"]', "trajectory.planned_communes: communes of the territory expected"),
        ("delegated_communes = { 99999 = 1 }", "trajectory.delegated_communes: communes of the territory expected"),
    ],
)
def test_codes_of_the_settings_that_nobody_has_are_refused(world, text, fault):
    with pytest.raises(InputError, match=fault):
        check(settings(world.enaf(), text).file, raw=world.raw)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("99999,2022,pene,0.1", "communes of the territory expected, found '99999'"),
        ("04001,2022,golf,0.1", r"kinds that .* deducts expected \(pene, ground_photovoltaics\), found 'golf'"),
        ("04001,1999,pene,0.1", "years from 2011 to 2030 expected, found 1999"),
        ("04001,2022,pene,0.5", "no more hectares than the commune consumed that year expected"),
        ("04001,2022,pene,inf", "whole years and areas over 0 ha expected"),
    ],
)
def test_exclusions_that_cannot_be_deducted_are_refused(world, line, fault):
    (world.file.parent / "exclusions.csv").write_text(f"commune_code,year,kind,area_ha\n{line}\n", encoding="utf-8")
    settings(world.enaf(), 'exclusions = "exclusions.csv"')

    with pytest.raises(InputError, match=fault):
        check(world.file, raw=world.raw)


def test_a_table_of_exclusions_without_a_column_is_refused_with_a_remedy_that_works(world):
    (world.file.parent / "exclusions.csv").write_text("commune_code,year,area_ha\n04001,2022,0.1\n", encoding="utf-8")
    settings(world.enaf(), 'exclusions = "exclusions.csv"')

    with pytest.raises(InputError, match=r"a column for « kind » .* Rename it in the table\."):
        check(world.file, raw=world.raw)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            '[[trajectory.scenarios]]\nlabel = "x"\nregime = "climat_resilience_2023"\n' * 2,
            "labels of their own expected, found 'x' more than once",
        ),
        ('regime = "trace_senat_2025"', r"A bill is no rule: set it beside the law in \[\[trajectory.scenarios\]\]"),
        (
            '[[trajectory.scenarios]]\nlabel = "x"\nregime = "climat_resilience_2023"\nparameters = { name = "y" }',
            "parameters of a regime expected, 'name' is none",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(world, text, fault):
    settings(world, text)

    with pytest.raises(TerritoryError, match=fault):
        load_territory(world.file)


def test_hectares_of_national_projects_are_deducted(world):
    world.enaf()
    exclusions = "commune_code,year,kind,area_ha\n04001,2022,pene,0.3\n"
    (world.file.parent / "exclusions.csv").write_text(exclusions, encoding="utf-8")
    with world.file.open("a", encoding="utf-8") as stream:
        stream.write('\n[trajectory]\nexclusions = "exclusions.csv"\n')

    law = row(world.results().trajectory, "communes", A)

    assert law[["consumed_gross_ha", "excluded_ha", "consumed_ha"]].tolist() == pytest.approx([1.2, 0.3, 0.9])
    # Who has a planning document is not stated: no guarantee is told.
    assert pd.isna(law["guarantee_ha"])


# --- report -------------------------------------------------------------------------------------------------------


def test_the_report_gives_the_four_indicators_or_says_why_not(world):
    report = world.two_vintages().enaf().results().triennial

    of_a = row(report, "communes", A)
    assert of_a[["enaf_period_ha", "enaf_period_share"]].tolist() == pytest.approx([1.2, 0.012])
    assert of_a[["net_artificialisation_ha", "newly_sealed_ha", "sealed_ha"]].tolist() == pytest.approx([6, 6, 16])
    assert of_a[["objective_ha", "objective_consumed_ha", "objective_status"]].tolist() == [
        5,
        pytest.approx(1.2),
        "within",
    ]
    mixed = row(report, "epci_2015", CEF)
    assert pd.isna(mixed["net_artificialisation_ha"])
    assert mixed["reason_net_artificialisation"] == "mixed_vintages"
    assert mixed["net_artificialisation_ha_per_year"] == pytest.approx(2)
    assert set(report["zone_layer"]) == {"communes", "territory", "epci_2015", "epci_2017", "scot_2018"}


def test_what_was_sealed_is_told_without_what_was_unsealed(world):
    # Of the 16 ha of houses of A, the 10 old ones become fields, 6 new ones are built elsewhere.
    moved = state("BCDE", {"C": (STREET, "US4.1.1", 3)})
    moved = pd.concat([moved, land_cover((HOUSE, "US5", square(0.5, 0, 0.06, 1)))])
    rest = square(0, 0).difference(square(0.5, 0, 0.06, 1))
    moved = pd.concat([moved, land_cover((FIELD, "US1.1", rest))], ignore_index=True)
    world.cover("04", 2018, BEFORE)
    world.cover("04", 2021, gpd.GeoDataFrame(moved, crs=2154))

    of_a = row(world.results().triennial, "communes", A)

    assert of_a[["newly_sealed_ha", "sealed_ha", "net_artificialisation_ha"]].tolist() == pytest.approx([6, 6, -4])


def test_a_state_older_than_the_flow_is_not_told_for_its_end(world):
    world.cover("04", 2018, BEFORE)
    world.difference("04", difference())

    of_a = row(world.results().triennial, "communes", A)

    assert pd.isna(of_a["sealed_ha"])
    assert of_a[["newly_sealed_ha", "sealed_vintage_after"]].tolist() == [pytest.approx(6), "2021"]


def test_a_report_without_land_cover_has_its_first_indicator(enaf):
    report = enaf.triennial

    of_a = row(report, "communes", A)
    assert of_a["enaf_period_ha"] == pytest.approx(1.2)
    assert pd.isna(of_a["sealed_ha"])
    assert isinstance(of_a["reason_sealed"], str)


# --- what is skipped, what is refused -------------------------------------------------------------------------------


def test_tables_that_cannot_be_made_are_named_with_the_reason(world):
    territory = load_territory(world.file)

    skipped = skipped_tables(territory, list(territory.sources()))

    assert skipped["land_stock"] == "no land cover (a [[land_cover]] of kind cover or artificialisation)"
    assert skipped["trajectory"] == "no ENAF flows ([enaf])"
    assert "land_stock" not in planned_tables(territory, list(territory.sources()))


def test_a_single_vintage_gives_stocks_and_no_flow(world):
    world.cover("04", 2021, AFTER)

    results = world.results()

    assert results.land_stock is not None
    assert results.land_flow is None
    assert results.skipped["land_flow"].startswith("no two vintages of one département")
    assert row(results.land_shape, "communes", A)["efficiency_status"] == "one_vintage"


def test_one_vintage_in_each_of_two_departements_makes_no_pair(world):
    world.cover("04", 2021, AFTER)
    world.cover("83", 2020, VAR_AFTER)

    assert world.results().skipped["land_flow"].startswith("no two vintages of one département")


def test_an_optional_layer_that_is_not_there_is_left_out(world, tmp_path):
    world.add("[enaf]", file="enaf.csv", optional=True)

    done = refresh(world.file, raw=world.raw, out=tmp_path / "out")

    assert done.manifest["absent"] == ["enaf"]
    reason = "no ENAF flows ([enaf]); no file yet for 'enaf'"
    assert done.manifest["skipped"]["trajectory"] == reason


def test_a_refresh_writes_the_tables_of_land_and_lists_them_in_the_manifest(world, tmp_path):
    world.two_vintages().enaf()

    done = refresh(world.file, raw=world.raw, out=tmp_path / "out")

    assert {"land_stock.csv", "land_flow.csv", "trajectory.csv", "triennial.csv"} <= set(done.manifest["outputs"])
    written = pd.read_csv(tmp_path / "out" / "land_stock.csv", dtype={"zone_code": "str", "year": "str"})
    assert row(written, "communes", A, rank=2)["artificialised_ha"] == 16.0
    layers = gpd.list_layers(tmp_path / "out" / "territoire.gpkg")["name"]
    assert {"land_stock", "trajectory", "triennial"} <= set(layers)
    assert refresh(world.file, raw=world.raw, out=tmp_path / "out").results is None


def test_each_table_says_from_which_deliveries_it_was_made(world, tmp_path):
    world.cover("04", 2018, BEFORE)
    world.cover("04", 2021, AFTER)
    world.enaf()

    done = refresh(world.file, raw=world.raw, out=tmp_path / "out")

    outputs = done.manifest["outputs"]
    assert outputs["land_flow.csv"]["made_from"] == ["land_cover_04_2018", "land_cover_04_2021"]
    assert outputs["trajectory.csv"]["made_from"] == ["enaf"]
    assert outputs["triennial.csv"]["made_from"] == ["enaf", "land_cover_04_2018", "land_cover_04_2021"]
    assert "made_from" not in outputs["overlaps.csv"]
    with closing(sqlite3.connect(tmp_path / "out" / "territoire.gpkg")) as connection:
        query = "SELECT description FROM gpkg_contents WHERE table_name = 'trajectory'"
        (description,) = connection.execute(query).fetchone()
    assert description == "Calculé par hp_sig. Sources\u00a0: P, S, millésime 2024 (L)."


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"years": [2019]}, r"expected the years \[2019\] of the territory file, found \[2021\]"),
        ({"departement": "83"}, "expected the département 83 of the territory file, found 04 in its name"),
        (
            {"kind": "cover_difference", "years": [2018, 2021]},
            "expected a difference of cover and use .* found a state",
        ),
    ],
)
def test_a_delivery_that_is_not_what_the_territory_file_says_is_refused(world, keys, fault):
    names = {"cover_code": "code_cs", "use_code": "code_us"}
    file = "artif_2021_04.gpkg"
    AFTER.rename(columns=names).assign(millesime="2021").to_file(world.raw / file, layer="OCCUPATION_SOL")
    world.add("[[land_cover]]", **{"kind": "cover", "departement": "04", "years": [2021], "file": file, **keys})

    with pytest.raises(InputError, match=fault):
        check(world.file, raw=world.raw)


def test_land_cover_without_any_use_is_refused_where_the_matrix_needs_it(world):
    world.cover("04", 2021, AFTER.drop(columns="use_code"))

    with pytest.raises(InputError, match=r"expected a use .* for each polygon"):
        check(world.file, raw=world.raw)


def test_land_cover_of_elsewhere_is_refused(world):
    world.cover("04", 2021, AFTER.set_geometry(AFTER.translate(50_000, 0)))

    with pytest.raises(InputError, match="no polygon meets a commune of the département 04"):
        check(world.file, raw=world.raw)


def test_flows_of_other_communes_are_refused(world):
    world.enaf(codes=("07009",))

    with pytest.raises(InputError, match="none of its communes is in the territory; found '07009'"):
        check(world.file, raw=world.raw)


# --- families of tables -------------------------------------------------------------------------------------------


def test_a_family_that_is_asked_for_alone_gives_what_all_of_them_give(world):
    layers = check(world.two_vintages().enaf().file, raw=world.raw)
    whole = compute(layers)

    for family in ("land_shape", "triennial", "project_screening"):
        pd.testing.assert_frame_equal(getattr(compute(layers, families={family}), family), getattr(whole, family))


def test_a_family_that_is_not_known_is_refused_with_those_that_are(layers):
    with pytest.raises(ValueError, match=r"land_stock, land_shape, .+ expected, found 'land'"):
        compute(layers, families={"land"})
