import pytest

from hp_sig import TerritoryError, load_territory
from hp_sig.assembly.mobility import hub_faults


def with_hubs(territory_file, text):
    with territory_file.open("a", encoding="utf-8") as stream:
        stream.write(f"\n[hubs]\n{text}\n")
    return territory_file


def test_without_a_word_hubs_are_reached_in_5_10_15_minutes_on_foot_and_15_30_by_bike(territory_file):
    assert load_territory(territory_file).hubs.times == {"walk": (5, 10, 15), "bike": (15, 30)}


def test_a_territory_sets_its_own_times_and_speeds(territory_file):
    text = "walk_minutes = [20]\nbike_minutes = []\ncar_minutes = [10]\nspeeds = { walk = { track = 3.5 } }"

    hubs = load_territory(with_hubs(territory_file, text)).hubs

    assert hubs.times == {"walk": (20,), "car": (10,)}
    assert hubs.speeds == {"walk": {"track": 3.5}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("walk_minutes = [10, 5]", r"hubs\.walk_minutes: times in order, once each, expected, such as \[5, 10\]"),
        ("walk_minutes = [0]", r"hubs\.walk_minutes.*greater than 0"),
        ("speeds = { walk = { street = 4.0 } }", r"classes of roads expected .*found 'street'"),
        ("speeds = { swim = { track = 4.0 } }", r"hubs\.speeds"),
        ("speeds = { walk = { track = -1.0 } }", r"hubs\.speeds"),
        ('projects = ["a", "a"]', "found 'a' twice"),
        ("walk_minute = [5]", "Did you mean « walk_minutes »"),
    ],
)
def test_a_faulty_setting_is_told_with_what_was_expected(territory_file, text, message):
    with pytest.raises(TerritoryError, match=message):
        load_territory(with_hubs(territory_file, text))


def test_a_hub_that_is_no_project_or_has_no_place_is_a_fault(layers, territory_file):
    text = 'projects = ["hub", "house", "nowhere"]'

    faults = hub_faults(load_territory(with_hubs(territory_file, text)), layers.projects)

    assert len(faults) == 2
    assert "projects of the territory expected, found 'nowhere'" in faults[0]
    assert "with a place (scale site or footprint) expected, found 'house'" in faults[1]
