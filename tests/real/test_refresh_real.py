import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from hp_sig import load_territory, refresh

TERRITORY_FILE = Path(__file__).with_name("territory.toml")
DLVA, FORCALQUIER, BANON = "200034700", "240400440", "200071025"
CODES = ("zone_code", "other_code", "commune_code", "zone_before", "zone_after", "epci_2015", "epci_2017", "epci_2025")


@pytest.fixture(scope="module")
def results(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of results of one refresh on the real open data."""
    out = tmp_path_factory.mktemp("refresh") / "processed"
    refresh(TERRITORY_FILE, raw=real_data, out=out)
    return out


def table(results: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(results / f"{name}.csv", dtype=dict.fromkeys(CODES, "str"))


@pytest.fixture(scope="module")
def manifest(results: Path) -> Mapping[str, Any]:
    return json.loads((results / "manifest.json").read_text(encoding="utf-8"))


def test_the_51_communes_are_written_with_their_area(results):
    communes = table(results, "communes")

    assert len(communes) == 51
    assert communes["area_ha"].sum() == pytest.approx(150_134, abs=1)
    assert set(communes["population_year"]) == {2023}


def test_the_population_of_2023_is_the_sum_of_the_file(results, real_data):
    source = pd.read_csv(real_data / "population" / "pmun_rp2006_2023_51communes.csv")

    assert table(results, "communes")["population"].sum() == source["2023"].sum()


def test_18_communes_are_inside_the_luberon_12_inside_the_verdon_and_the_others_are_slivers(results):
    overlaps = table(results, "overlaps")
    pairs = overlaps[(overlaps["zone_layer"] == "communes") & (overlaps["other_layer"] == "pnr")]

    inside = pairs[pairs["relation"] == "inside"]

    assert inside.groupby("other_code").size().to_dict() == {"FR8000003": 18, "FR8000033": 12}
    assert set(pairs["relation"]) == {"inside", "sliver"}


def test_sainte_croix_a_lauze_is_written_as_a_sliver_of_121_hectares(results):
    overlaps = table(results, "overlaps")

    (row,) = overlaps[(overlaps["zone_code"] == "04175") & (overlaps["other_code"] == "FR8000003")].itertuples()
    assert row.relation == "sliver"
    assert row.overlap_ha == pytest.approx(121, abs=1)


def test_zones_count_the_communes_of_each_date(results):
    zones = table(results, "zones")

    counts = zones.set_index(["zone_layer", "zone_code"])["commune_count"]
    assert counts["epci_2015"].to_dict() == {DLVA: 26, FORCALQUIER: 13, "240400499": 12}
    assert counts["epci_2017"].to_dict() == {DLVA: 25, FORCALQUIER: 13, BANON: 13}
    assert counts["epci_2025"].to_dict() == {DLVA: 25, FORCALQUIER: 13, BANON: 13}
    assert counts["pnr"].to_dict() == {"FR8000003": 18, "FR8000033": 12}
    assert counts["territory"].tolist() == [51]


def test_zones_count_the_communes_of_the_whole_lists_too(results):
    totals = table(results, "zones").set_index(["zone_layer", "zone_code"])["commune_total"]

    assert totals[("epci_2015", DLVA)] == 26
    assert totals[("epci_2025", BANON)] == 21


def test_the_zones_of_a_layer_that_holds_every_commune_sum_to_the_territory(results):
    sums = table(results, "zones").groupby("zone_layer")[["commune_count", "area_ha", "population"]].sum()

    for layer in ("epci_2015", "epci_2017", "epci_2025", "living_area_2022"):
        assert sums.loc[layer].tolist() == pytest.approx(sums.loc["territory"].tolist(), abs=0.01)


def test_saint_maime_moved_and_the_communes_of_banon_saw_their_zone_replaced(results):
    changes = table(results, "membership_changes")
    first = changes[(changes["from_year"] == 2015) & (changes["to_year"] == 2017)].set_index("commune_code")

    assert first.loc["04188", ["change", "zone_before", "zone_after"]].tolist() == ["moved", DLVA, BANON]
    # The 12 communes of the CC du Pays de Banon, which merged into another on 1 January 2017.
    assert first["change"].value_counts().to_dict() == {"zone_replaced": 12, "moved": 1}
    assert changes["to_year"].unique().tolist() == [2017]


def test_25_communes_are_covered_by_a_scot_and_26_are_unknown(results):
    coverage = table(results, "scot_coverage")

    (territory,) = coverage[coverage["zone_layer"] == "territory"].itertuples()
    assert (territory.commune_count, territory.covered_count) == (51, 25)
    assert len(territory.status_unknown.split()) == 26
    assert pd.isna(territory.without_scot)
    statuses = table(results, "communes")["scot_status"].value_counts().to_dict()
    assert statuses == {"unknown": 26, "approved": 25}


def test_the_manifest_tells_hash_producer_and_vintage_of_each_input(manifest, real_data):
    entries = {entry["name"]: entry for entry in manifest["inputs"]}
    sources = load_territory(TERRITORY_FILE).sources()

    assert set(sources) <= set(entries)
    for name, source in sources.items():
        assert (entries[name]["producer"], entries[name]["vintage"]) == (source.producer, source.vintage)
        assert len(entries[name]["sha256"]) == 64
    boundaries = real_data / "communes" / "admin_express_cog_carto_2020_paca.gpkg"
    assert entries["communes"]["sha256"] == hashlib.sha256(boundaries.read_bytes()).hexdigest()


def test_the_manifest_tells_what_was_put_right(manifest):
    notes = {entry["name"]: " ".join(entry.get("notes", [])) for entry in manifest["inputs"]}

    assert "leading zero" in notes["epci_2015"]
    assert "Corbières-en-Provence » in this file (renamed in 2018)" in notes["communes"]
    assert "1 invalid polygon was repaired" in notes["pnr"]


def test_the_two_hubs_are_written_as_stations_and_as_sites(results):
    stations = gpd.read_file(results / "territoire.gpkg", layer="stations").set_index("uic_code")
    sites = gpd.read_file(results / "territoire.gpkg", layer="projects_site")

    assert {"87751321", "87751271"} <= set(stations.index)
    assert set(sites["station_uic"]) == {"87751321", "87751271"}


def test_a_second_refresh_has_nothing_to_do(results, real_data):
    again = refresh(TERRITORY_FILE, raw=real_data, out=results)

    assert not again.plan.is_needed
