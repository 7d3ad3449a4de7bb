import datetime as dt
import re
from dataclasses import dataclass, replace
from html import unescape
from itertools import pairwise
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import published
import pytest
import shapely
from browser import PHONE, axe_violations, chromium, opened, without_policy
from markup import Tags

from hp_sig import load_regime
from hp_sig.indicators.reach import MAX_SNAP_M
from hp_sig.maps.hubs.figures import about, hub_figures, percent, ramp, rounded
from hp_sig.maps.hubs.sheet import HubLinks, hub_sheet
from hp_sig.maps.hubs.sheet_allowance import allowance_chart
from hp_sig.maps.hubs.sheet_charts import cover_bars, land_chart, ridership_chart, zoning_bars
from hp_sig.maps.hubs.sheet_map import mode_map
from hp_sig.maps.hubs.sheet_method import method_sentences
from hp_sig.maps.hubs.sheet_place import place_list, told_distance
from hp_sig.maps.hubs.sheet_sentences import main_catchment, outside_sentence, overlap_sentences, reach_sentences
from hp_sig.maps.hubs.sheet_table import reach_table
from hp_sig.maps.hubs.sheet_take import take_section, zones_shown

NAN = float("nan")
LAW = load_regime()
HUB, OTHER = "pem-la-brillanne", "pem-manosque"
EVIL = "<img src=x onerror=document.title='owned'>{{ 7*7 }}{% raw %}${alert(1)}`\\</script> Les Ormes \"à l'Est\" &amp;"


def plain(text: str) -> str:
    """Give a text with ordinary spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


class Page(Tags):
    """What a browser would see."""

    @property
    def text(self):
        return plain(" ".join(" ".join(self.texts).split()))


def body(html: str) -> Page:
    """Read the body of a page, without its scripts."""
    return Page(re.sub(r"<script>.*?</script>", "", html[html.index("<body>") :], flags=re.DOTALL))


# --- tables of two hubs, made by hand -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The tables of hubs of the results, each of which may be missing."""

    catchments: pd.DataFrame | None = None
    catchment_places: pd.DataFrame | None = None
    catchment_land: pd.DataFrame | None = None
    catchment_overlaps: pd.DataFrame | None = None
    hub_stations: pd.DataFrame | None = None
    ridership: pd.DataFrame | None = None
    project_screening: pd.DataFrame | None = None
    project_distances: pd.DataFrame | None = None


BRILLANNE = {
    "hub_id": HUB,
    "hub_name": "Pôle multimodal de La Brillanne (études et acquisitions foncières)",
    "commune_code": "04034",
    "commune_name": "La Brillanne",
    "station_uic": "87751271",
    "station_name": "La Brillanne - Oraison",
}
MANOSQUE = {
    "hub_id": OTHER,
    "hub_name": "Pôle multimodal de Manosque (études et acquisitions foncières)",
    "commune_code": "04112",
    "commune_name": "Manosque",
    "station_uic": "87751321",
    "station_name": "Manosque - Gréoux-les-Bains",
}
#: Mode, minutes, speed, hectares of the area and of the circle, inhabitants of the area and of the circle.
REACHED = (
    ("walk", 5, 4.8, 27.6, 50.3, 214.0, 342.0),
    ("walk", 10, 4.8, 88.9, 201.1, 608.0, 982.0),
    ("walk", 15, 4.8, 171.4, 452.4, 987.0, 2100.0),
    ("bike", 15, 15.0, 1502.0, 4417.9, 3964.0, 8212.0),
    ("bike", 30, 15.0, 7420.0, 17671.5, 14218.0, 21344.0),
)


def catchment_row(rank, **overrides):
    mode, minutes, speed, area, circle, people, circle_people = REACHED[rank]
    return {
        **BRILLANNE,
        "mode": mode,
        "minutes": minutes,
        "speed_kmh": speed,
        "catchment_ha": area,
        "crow_fly_ha": circle,
        "crow_fly_share": area / circle,
        "reached_km": area / 9,
        "snap_m": 12.0,
        "outside_share": 0.031 if (mode, minutes) == ("bike", 30) else 0.0,
        "population": people,
        "households": people / 2.1,
        "dwellings": people / 1.7,
        "jobs": people / 3.4,
        "crow_fly_population": circle_people,
        "residents_method": "buildings",
        "jobs_method": "buildings + area",
        "population_year": 2021,
        "census_year": 2022,
        "artificialised_ha": area * 0.37,
        "artificialised_share": 0.37,
        "sealed_ha": area * 0.21,
        "sealed_share": 0.21,
        "vintages": "2021",
        **overrides,
    }


def place_rows():
    walk = {**BRILLANNE, "mode": "walk", "minutes": 15}
    bike = {**BRILLANNE, "mode": "bike", "minutes": 30}
    told = [
        (walk, "04034", "La Brillanne", 171.4, 987.0, 1090.0),
        (walk, "04143", "Oraison", 0.0, 0.0, 1010.0),
        (bike, "04143", "Oraison", 2600.0, 5212.0, 6020.0),
        (bike, "04242", "Villeneuve", 1390.0, 3420.0, 4310.0),
        (bike, "04112", "Manosque", 300.0, 1201.0, 4020.0),
        (bike, "04034", "La Brillanne", 700.0, 1100.0, 1100.0),
        (bike, "04197", "Les Mées", 520.0, 944.0, 1900.0),
        (bike, "04128", "Niozelles", 350.0, 240.0, 260.0),
        (bike, "04151", "Pierrerue", 90.0, 84.0, 511.0),
    ]
    return [
        {
            **hub,
            "commune_code": code,
            "commune_name": name,
            "area_ha": area,
            "population": people,
            "crow_fly_population": circle,
            "population_share": 0.5,
            "share_of_commune": 0.1,
        }
        for hub, code, name, area, people, circle in told
    ]


#: Axis, code, name, share of the catchment.
LAND = (
    ("cover", "CS1.1.1.1", "Zones bâties", 0.19),
    ("cover", "CS1.1.1.2", "Zones non bâties", 0.08),
    ("cover", "CS1.1.2.1", "Zones à matériaux minéraux", 0.04),
    ("cover", "CS1.2.1", "Sols nus", 0.02),
    ("cover", "CS1.2.2", "Surfaces d'eau", 0.07),
    ("cover", "CS2.1.1.1", "Peuplement de feuillus", 0.11),
    ("cover", "CS2.1.2", "Formations arbustives", 0.05),
    ("cover", "CS2.2.1", "Formations herbacées", 0.44),
    ("use", "US1.1", "Agriculture", 0.40),
    ("zoning", "U", NAN, 0.34),
    ("zoning", "AU", NAN, 0.06),
    ("zoning", "A", NAN, 0.41),
    ("zoning", "N", NAN, 0.19),
    ("pnr", "FR8000003", "Luberon", 0.42),
)


def land_rows(mode="walk", minutes=15, area=171.4):
    return [
        {
            **BRILLANNE,
            "mode": mode,
            "minutes": minutes,
            "axis": axis,
            "class_code": code,
            "class_name": name,
            "area_ha": area * share,
            "share": share,
        }
        for axis, code, name, share in LAND
    ]


#: Layer, code, name, allowance, consumed, potential take.
ALLOWED = (
    ("communes", "04034", "La Brillanne", 6.20, 2.90, 0.80),
    ("epci_2015", "240400440", "Pays de Forcalquier", 60.0, 11.0, 0.80),
    ("epci_2024", "200034700", "Durance-Luberon-Verdon Agglomération (DLVA)", 212.4, 84.1, 0.80),
    ("scot_2018", "S1", "SCoT Durance-Luberon-Verdon Agglomération", 212.4, 84.1, 0.80),
)


def screening_rows(*, footprint=True, **overrides):
    return [
        {
            "project_id": HUB,
            "project_name": BRILLANNE["hub_name"],
            "scale": "footprint" if footprint else "site",
            "footprint_ha": 2.4 if footprint else NAN,
            "zone_layer": layer,
            "zone_code": code,
            "zone_name": name,
            "area_in_zone_ha": 2.4 if footprint else NAN,
            "enaf_in_zone_ha": take if footprint else NAN,
            "take_in_zone_ha": take if footprint else NAN,
            "allowance_ha": allowance,
            "consumed_ha": consumed,
            "remaining_before_ha": allowance - consumed,
            "remaining_after_ha": allowance - consumed - take if footprint else NAN,
            "draw_share": take / (allowance - consumed) if footprint else NAN,
            "take_method": "land_cover" if footprint else "unknown",
            **overrides,
        }
        for layer, code, name, allowance, consumed, take in ALLOWED
    ]


def overlap_rows():
    return [
        {
            "hub_id": HUB,
            "hub_name": BRILLANNE["hub_name"],
            "other_hub_id": OTHER,
            "other_hub_name": MANOSQUE["hub_name"],
            "mode": "bike",
            "minutes": minutes,
            "overlap_ha": area,
            "population": people,
            "share_of_hub": share,
            "share_of_other": share / 2,
        }
        for minutes, area, people, share in ((30, 1480.0, 3390.0, 0.2), (15, 0.0, 0.0, 0.0))
    ]


#: SNCF, Fréquentation en gares.
PASSENGERS = {2015: 41003, 2016: 44506, 2017: 49826, 2018: 36763, 2019: 29036, 2020: 12069}


def figures(**overrides) -> Figures:
    """Make the tables of two hubs, of which only the first is told in whole."""
    place = {"park_name": "Luberon", "park_relation": "outside", "park_distance_m": 1240.0}
    place |= {"scot_name": "SCoT Durance-Luberon-Verdon Agglomération", "scot_status": "approved", "zone_kind": "U"}
    tables = {
        "catchments": [*(catchment_row(rank) for rank in range(5)), catchment_row(4, **MANOSQUE, population=30000.0)],
        "catchment_places": place_rows(),
        "catchment_land": land_rows(),
        "catchment_overlaps": overlap_rows(),
        "hub_stations": [{**BRILLANNE, **place}, {**MANOSQUE, **place}],
        "ridership": [{**BRILLANNE, "year": year, "passengers": float(told)} for year, told in PASSENGERS.items()],
        "project_screening": screening_rows(),
        "project_distances": [
            {"project_id": HUB, "station_uic": "87751271", "station_name": "x", "station_m": 0.0, "envelope_m": 0.0}
        ],
    } | overrides
    return Figures(**{name: None if rows is None else pd.DataFrame(rows) for name, rows in tables.items()})


def shapes(origin=(932231.8, 6318172.0)):
    """Make areas with a comb of streets, cut in the east as by a river, and their circles."""
    point = shapely.Point(origin)
    west = shapely.box(origin[0] - 1e5, origin[1] - 1e5, origin[0] + 260, origin[1] + 1e5)
    index, areas, discs = [], [], []
    for mode, minutes, speed, *_ in REACHED:
        radius = speed / 3.6 * 60 * minutes
        disc = point.buffer(radius)
        grid = [
            shapely.LineString([(origin[0] + a, origin[1] + b), (origin[0] + c, origin[1] + d)]).buffer(radius / 14)
            for k in range(-6, 7)
            for r in [radius * (0.97 - abs(k) / 8)]
            for a, b, c, d in [(-r, k * radius / 7, r, k * radius / 7), (k * radius / 7, -r, k * radius / 7, r)]
        ]
        reached = shapely.union_all(grid)
        if mode == "walk":
            reached = reached.intersection(west)
        index.append((mode, minutes))
        areas.append(shapely.MultiPolygon([part for part in shapely.get_parts(reached) if part.area > 0]))
        discs.append(disc)
    keys = pd.MultiIndex.from_tuples(index, names=["mode", "minutes"])
    return SimpleNamespace(
        areas=gpd.GeoDataFrame(geometry=areas, index=keys, crs=2154),
        crow_fly=gpd.GeoDataFrame(geometry=discs, index=keys, crs=2154),
        origin=point,
    )


@pytest.fixture(scope="module")
def sample():
    return published.sample()[0]


def hub(**overrides):
    """Gather the first hub, some of its tables replaced."""
    return hub_figures(figures(**overrides), HUB)


def walk(**overrides):
    """Make a hub with one catchment: 15 minutes on foot."""
    return hub(catchments=[catchment_row(2, **overrides)], catchment_places=None)


def places(*rows):
    """Make the communes of 15 minutes on foot: name, hectares, inhabitants, inhabitants of the circle."""
    columns = ("commune_name", "area_ha", "population", "crow_fly_population")
    return [{**BRILLANNE, "mode": "walk", "minutes": 15, **dict(zip(columns, row, strict=True))} for row in rows]


def told(sentences):
    return [plain(sentence) for sentence in sentences]


# --- estimates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.3, "moins de 1"),
        (0.6, "1"),
        (94.4, "94"),
        (99.6, "100"),
        (104.0, "100"),
        (1236.0, "1 240"),
        (9994.0, "9 990"),
        (14249.0, "14 200"),
        (NAN, "–"),
    ],
)
def test_an_estimate_is_rounded_to_what_it_is_worth(value, shown):
    assert plain(about(value)) == shown


def test_what_is_shown_of_an_estimate_is_what_it_is_rounded_to():
    assert [rounded(value) for value in (1236.0, 14249.0, 94.4)] == [1240.0, 14200.0, 94.0]


@pytest.mark.parametrize(
    ("share", "shown"), [(0.0, "0 %"), (0.004, "moins de 1 %"), (0.474, "47 %"), (1.0, "100 %"), (NAN, "–")]
)
def test_a_share_is_a_whole_percentage(share, shown):
    assert plain(percent(share)) == shown


@pytest.mark.parametrize("mode", ["walk", "bike", "car"])
def test_the_nearest_is_the_darkest(mode):
    for count in range(1, 5):
        shades = [int(colour[1:3], 16) + int(colour[3:5], 16) for colour in ramp(mode, count)]
        assert len(shades) == count
        assert shades == sorted(shades)


def test_a_hub_that_no_table_names_is_refused_with_those_that_are():
    with pytest.raises(KeyError, match=r"no hub 'x', found .*pem-la-brillanne.*\[hubs\]"):
        hub_figures(figures(), "x")


def test_passengers_are_found_by_station_where_the_table_is_that_of_the_layer():
    index = pd.MultiIndex.from_tuples([("87751271", 2019), ("87751321", 2019)], names=["uic_code", "year"])
    layer = replace(figures(), ridership=pd.DataFrame({"passengers": [29036.0, 90904.0]}, index=index))

    assert hub_figures(layer, HUB).ridership == {2019: 29036.0}


# --- who reaches the hub ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "circle", "said"),
    [
        (
            987.0,
            2100.0,
            "environ 990 habitants atteignent le pôle ; le cercle à vol d'oiseau en compte environ 2 100 : 47 % "
            "seulement atteignent le pôle, sur 38 % de sa surface.",
        ),
        (
            1500.0,
            2000.0,
            "environ 1 500 habitants atteignent le pôle ; le cercle à vol d'oiseau en compte environ 2 000 : 75 % "
            "atteignent le pôle, sur 38 % de sa surface.",
        ),
        (1.2, NAN, "environ 1 habitant atteint le pôle."),
        (0.0, 0.0, "aucun habitant n'atteint le pôle ; le cercle à vol d'oiseau n'en compte aucun."),
        (
            0.0,
            50.0,
            "aucun habitant n'atteint le pôle ; le cercle à vol d'oiseau en compte environ 50 : 0 % seulement "
            "atteignent le pôle, sur 38 % de sa surface.",
        ),
    ],
)
def test_who_arrives_is_told_beside_what_a_circle_would_have_promised(people, circle, said):
    found = told(reach_sentences(walk(population=people, crow_fly_population=circle)))

    assert found == [f"En 15 minutes à pied, {said}"]


def test_an_unknown_population_is_told_in_words():
    assert told(reach_sentences(walk(population=NAN))) == [
        "Le nombre d'habitants qui atteignent le pôle en 15 minutes à pied n'est pas connu : il manque la population "
        "des communes."
    ]


def test_each_mode_is_told_at_its_longest_and_a_long_walk_at_15_minutes():
    rows = [catchment_row(rank) for rank in range(5)] + [catchment_row(2, minutes=25, population=4000.0)]

    found = told(reach_sentences(hub(catchments=rows, catchment_places=None)))

    assert [sentence[:24] for sentence in found] == ["En 15 minutes à pied, en", "En 30 minutes à vélo, en"]
    assert int(main_catchment(hub(catchments=rows))["minutes"]) == 15


def test_land_is_told_on_foot_whatever_the_minutes_and_by_bike_where_nobody_walks():
    assert int(main_catchment(hub(catchments=[catchment_row(2, minutes=20), catchment_row(3)]))["minutes"]) == 20
    assert main_catchment(hub(catchments=[catchment_row(3)]))["mode"] == "bike"
    assert main_catchment(hub(catchments=None)) is None


def test_the_communes_that_people_come_from_are_named_the_most_populous_first():
    rows = places(*((name, 9.0, people, people) for name, people in zip("ABCDEF", range(10, 70, 10), strict=True)))

    found = told(reach_sentences(hub(catchments=[catchment_row(2)], catchment_places=rows)))

    assert found[0].endswith(
        "Ils habitent F (environ 60), E (environ 50), D (environ 40), C (environ 30) et 2 autres communes."
    )
    assert len(found) == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("A", 9.0, 50.0, 60.0)], ["Tous habitent A."]),
        ([("A", 9.0, NAN, NAN), ("B", 21.0, NAN, NAN)], ["Communes touchées : B (21 ha) et A (9 ha)."]),
        (
            [("A", 9.0, 50.0, 60.0), ("Oraison", 0.0, 0.0, 1010.0)],
            [
                "Tous habitent A.",
                "Oraison est en partie dans le cercle (environ 1 010 habitants), mais hors d'atteinte.",
            ],
        ),
        (
            [("A", 9.0, 50.0, 60.0), ("B", NAN, NAN, NAN), ("C", NAN, NAN, NAN)],
            ["Tous habitent A.", "B et C sont en partie dans le cercle, mais hors d'atteinte."],
        ),
        (
            [("A", 9.0, 50.0, 60.0), ("B", 0.0, 0.0, 300.0), ("C", 0.0, 0.0, 1.2)],
            [
                "Tous habitent A.",
                "B (environ 300 habitants) et C (environ 1 habitant) sont en partie dans le cercle, mais hors "
                "d'atteinte.",
            ],
        ),
        ([("A", 9.0, 50.0, 60.0), ("B", 0.0, 0.0, 0.0), ("C", 0.0, 0.0, 0.4)], ["Tous habitent A."]),
        (
            [("A", 9.0, 50.0, 60.0), ("B", 1.0, 40.0, 90.0), ("C", 1.0, 10.0, 400.0)],
            [
                "Ils habitent A (environ 50), B (environ 40) et C (environ 10).",
                "C : environ 10 habitants atteignent le pôle, pour environ 400 dans le cercle.",
            ],
        ),
        (
            [("A", 9.0, 50.0, 60.0), ("B", 1.0, 0.2, 90.0)],
            ["Tous habitent A.", "B : aucun habitant n'atteint le pôle, pour environ 90 dans le cercle."],
        ),
    ],
    ids=[
        "one",
        "areas only",
        "cut off",
        "cut off, people unknown",
        "two cut off",
        "nobody cut off",
        "mostly cut off",
        "land reached but nobody",
    ],
)
def test_communes_reached_and_cut_off_are_told_as_the_figures_show_them(rows, said):
    found = told(reach_sentences(hub(catchments=[catchment_row(2)], catchment_places=places(*rows))))

    assert [found[0].split("surface. ")[1], *found[1:]] == said


def test_no_cause_is_claimed_for_what_is_cut_off(sample):
    text = body(hub_sheet(sample, figures(), HUB, shapes=shapes())).text

    assert "L'écart entre le cercle et l'aire mesure les détours, sans en dire la cause." in text
    assert not re.search("rivière|Durance sépare|voie ferrée|à cause", text)


def test_a_part_out_of_the_territory_is_told():
    assert told(outside_sentence(hub())) == ["Hors du territoire, rien n'est compté : à vélo 30 min, 3 % de l'aire."]
    assert outside_sentence(walk()) == []


def test_what_is_shared_with_the_other_hub_is_told_at_the_longest_time():
    assert told(overlap_sentences(hub())) == [
        "En 30 minutes à vélo, environ 3 390 de ces habitants atteignent aussi l'autre pôle (Manosque) ; 20 % de "
        "l'aire est commune aux deux."
    ]


def test_of_two_times_that_share_something_the_longest_is_told_whatever_their_order():
    both = [{**row, "overlap_ha": 10.0, "population": 100.0 * row["minutes"]} for row in overlap_rows()]

    for rows in (both, both[::-1]):
        assert told(overlap_sentences(hub(catchment_overlaps=rows)))[0].startswith(
            "En 30 minutes à vélo, environ 3 000"
        )


def test_whoever_drives_is_counted_without_their_communes():
    rows = [{**row, "mode": "car"} for row in place_rows()]

    found = told(reach_sentences(hub(catchments=[catchment_row(4, mode="car")], catchment_places=rows)))

    assert len(found) == 1
    assert found[0].startswith("En 30 minutes en voiture, environ 14 200 habitants")
    assert "habitent" not in found[0]


def test_a_pair_is_told_from_either_side():
    rows = [
        {**row, "hub_id": OTHER, "other_hub_id": HUB, "share_of_hub": 0.9, "share_of_other": 0.2}
        for row in overlap_rows()
    ]

    assert told(overlap_sentences(hub(catchment_overlaps=rows))) == told(overlap_sentences(hub()))
    assert told(overlap_sentences(hub(catchment_overlaps=[*overlap_rows(), *rows]))) == told(overlap_sentences(hub()))


def test_hubs_that_share_nothing_say_so_and_a_hub_alone_says_nothing():
    none = "Aux durées étudiées, l'aire de ce pôle ne recoupe pas celle de l'autre (Manosque)."

    assert told(overlap_sentences(hub(catchment_overlaps=None))) == [none]
    assert told(overlap_sentences(hub(catchment_overlaps=overlap_rows()[1:]))) == [none]
    assert overlap_sentences(walk()) == []
    assert overlap_sentences(hub(catchments=None)) == []


def several(*others, people=(300.0, 900.0, 100.0)):
    """Make hubs that share trips by bike with the first: identifier, name, commune."""
    named = [
        MANOSQUE | {"hub_id": code, "hub_name": name, "commune_name": commune, "commune_code": commune}
        for code, name, commune in others
    ]
    shared = [
        overlap_rows()[0] | {"other_hub_id": one["hub_id"], "other_hub_name": one["hub_name"], "population": count}
        for one, count in zip(named, people, strict=False)
    ]
    rows = [*(catchment_row(rank) for rank in range(5)), *(catchment_row(4, **one) for one in named)]
    return hub(catchments=rows, catchment_overlaps=shared)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([("b", "Variante B (sud)", "La Brillanne")], "aussi l'autre pôle (Variante B) ; 20 % de l'aire"),
        ([("b", "Variante B", "Oraison"), ("c", "Variante C", "Volx")], "aussi un autre pôle (Volx) ; 20 % de l'aire"),
        (
            [("b", "Variante B", "Oraison"), ("c", "Variante C", "Oraison")],
            "aussi un autre pôle (Variante C) ; 20 % de l'aire",
        ),
        ([("b", "Pôle (nord)", "Oraison"), ("c", "Pôle (sud)", "Oraison")], "aussi un autre pôle (Pôle (sud)) ; 20 %"),
    ],
    ids=["own commune", "communes apart", "commune of two", "brackets tell apart"],
)
def test_another_hub_is_told_by_its_commune_only_where_that_tells_it(others, said):
    assert said in told(overlap_sentences(several(*others)))[0]


def test_of_several_hubs_a_mode_tells_the_one_that_shares_most_and_counts_the_others():
    three = [("b", "Variante B", "Oraison"), ("c", "Variante C", "Volx"), ("d", "Variante D", "Lurs")]

    for count, more in ((3, "Et 2 autres pôles en partagent une part."), (2, "Et un autre pôle en partage une part.")):
        assert told(overlap_sentences(several(*three[:count]))) == [
            "En 30 minutes à vélo, environ 900 de ces habitants atteignent aussi un autre pôle (Volx) ; 20 % de l'aire "
            f"est commune aux deux. {more}"
        ]


def test_hubs_that_share_nothing_are_named_up_to_four():
    six = [(str(rank), f"Variante {rank}", "Oraison") for rank in range(6)]

    assert told(overlap_sentences(several(*six, people=()))) == [
        "Aux durées étudiées, l'aire de ce pôle ne recoupe pas celles des autres (Variante 0, Variante 1, Variante 2, "
        "Variante 3 et 2 autres pôles)."
    ]


def test_a_shared_area_without_people_is_told_by_its_share():
    rows = [{**row, "population": NAN} for row in overlap_rows()]

    assert told(overlap_sentences(hub(catchment_overlaps=rows))) == [
        "En 30 minutes à vélo, 20 % de l'aire est commune avec celle de l'autre pôle (Manosque)."
    ]


def test_the_table_has_a_column_for_each_time_and_a_row_for_each_figure():
    html = plain(
        unescape(reach_table(hub(catchments=[catchment_row(2), catchment_row(4), catchment_row(0, jobs=NAN)])))
    )

    def row(heading):
        return re.findall(r"<td[^>]*>(.*?)</td>", re.search(rf'"row">{re.escape(heading)}</th>(.*?)</tr>', html)[1])

    assert re.findall(r'scope="col"[^>]*>([^<]*)</th>', html) == ["Durée du trajet", "5 min", "15 min", "30 min"]
    assert re.findall(r'colspan="(\d)">([^<]*)</th>', html) == [("2", "À pied"), ("1", "À vélo")]
    assert row("Aire atteinte (ha)") == ["28", "171", "7 420"]
    # 27.6 / 50.3, 171.4 / 452.4, 7420 / 17671.5
    assert row("Part du cercle") == ["55 %", "38 %", "42 %"]
    assert row("Habitants (2021)") == ["210", "990", "14 200"]
    assert row("Habitants du cercle") == ["340", "2 100", "21 300"]
    assert row("Emplois (2022)") == ["–", "290", "4 180"]


def test_a_figure_that_no_trip_knows_has_no_row_and_is_told_once(sample):
    rows = [catchment_row(0, dwellings=0.0), catchment_row(2, dwellings=NAN), catchment_row(4, dwellings=NAN)]

    text = body(hub_sheet(sample, figures(catchments=rows), HUB)).text

    assert "Logements" not in text.split("Durée du trajet")[1].split("Cercle : ")[0]
    assert "Non connus : logements." in text
    assert "« – » : non connu." not in text


def test_where_nobody_lives_a_known_nothing_keeps_its_row():
    rows = [catchment_row(0, dwellings=0.0), catchment_row(2, dwellings=0.0)]

    assert "Logements" in reach_table(hub(catchments=rows))


def test_the_row_of_inhabitants_is_the_one_that_stands_out():
    lost = catchment_row(2, population=NAN, crow_fly_population=NAN)

    assert '<tr class="main"><th scope="row">Habitants' in reach_table(hub())
    assert 'class="main"' not in reach_table(hub(catchments=[lost]))


def test_the_circle_of_a_footprint_is_told_from_the_footprint(sample):
    land = [{**row, "scale": "footprint"} for row in figures().hub_stations.to_dict("records")]

    assert "à vol d'oiseau de l'emprise dans la" in body(hub_sheet(sample, figures(hub_stations=land), HUB)).text
    assert "de l'emprise dans la" not in body(hub_sheet(sample, figures(), HUB)).text


# --- charts -------------------------------------------------------------------------------------------------------


def test_each_year_has_its_passengers_and_a_missing_one_a_dash_and_no_bar():
    rows = [{**BRILLANNE, "year": year, "passengers": people} for year, people in ((2015, 40000.0), (2017, 20000.0))]

    chart = plain(ridership_chart(hub(ridership=rows)))

    heights = [float(found) for found in re.findall(r'<rect [^>]*height="([\d.]+)"', chart)]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert len(heights) == 2
    assert re.findall(r'class="value">([^<]*)<', chart) == ["40 000", "–", "20 000"]
    assert "2015 : 40 000, 2016 : –, 2017 : 20 000." in chart


def test_cover_is_summed_by_group_and_the_rest_is_one_bar():
    bars = cover_bars([row for row in land_rows(area=100.0) if row["axis"] == "cover"])

    # CS1.1.1 is 19 + 8; the seventh and the rest, 4 + 2, are together.
    assert [(plain(bar.name)[:12], round(bar.area_ha, 6), round(bar.share, 6)) for bar in bars] == [
        ("Formations h", 44.0, 0.44),
        ("Zones imperm", 27.0, 0.27),
        ("Formations a", 11.0, 0.11),
        ("Surfaces d'e", 7.0, 0.07),
        ("Formations a", 5.0, 0.05),
        ("Autres couve", 6.0, 0.06),
    ]


def test_six_groups_of_cover_are_all_named():
    rows = [row for row in land_rows() if row["axis"] == "cover" and row["class_code"] != "CS1.2.1"]

    assert "Autres couvertures" not in [bar.name for bar in cover_bars(rows)]
    assert len(cover_bars(rows)) == 6


def test_planning_zones_stand_in_their_order_and_land_without_one_comes_last():
    rows = [row for row in land_rows() if row["axis"] == "zoning"]
    lost = {**rows[0], "class_code": None, "class_name": None, "area_ha": 1.0, "share": 0.01}

    bars = zoning_bars([lost, *reversed(rows), {**rows[0], "area_ha": 0.0}])

    assert [bar.name[:4] for bar in bars] == ["U – ", "AU –", "A – ", "N – ", "Hors"]


def test_land_of_no_class_is_told_as_such_and_parks_leave_out_what_is_in_none(sample):
    nowhere = {"class_code": "outside", "class_name": NAN, "area_ha": 20.0, "share": 0.2}
    row = land_rows()[0]

    assert [bar.name for bar in cover_bars([row | nowhere])] == ["Sol non décrit"]
    assert [bar.name for bar in zoning_bars([row | nowhere])] == ["Hors de toute zone connue"]
    extra = [*land_rows(), row | nowhere | {"axis": "pnr"}]
    assert (
        "Parc naturel régional : 42 % de l'aire (Luberon)."
        in body(hub_sheet(sample, figures(catchment_land=extra), HUB)).text
    )


def test_a_share_too_small_to_be_shown_leaves_its_room():
    row = land_rows()[0] | {"area_ha": 0.02, "share": 0.0002}

    chart = plain(unescape(land_chart("x", cover_bars([land_rows()[0], row | {"class_code": "CS1.2.2"}]), "t")))

    assert ">moins de 1 ha</text>" in chart


def test_a_bar_of_land_is_as_long_as_its_share():
    chart = land_chart("x", zoning_bars([row for row in land_rows() if row["axis"] == "zoning"]), "t")

    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', chart)]
    assert [round(width / widths[2], 2) for width in widths] == [0.83, 0.15, 1.0, 0.46]
    assert "70 ha · 41,0 %" in plain(unescape(chart))


def drawn(row):
    """Give what the bar of one zone is made of: fill and width."""
    chart = allowance_chart([row], "t")
    found = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="12.0" fill="([^"]*)"', chart)
    return {fill: (float(x), float(width)) for x, width, fill in found}, plain(unescape(chart))


def test_the_allowance_is_drawn_before_and_after_the_project():
    # 6.2 ha of allowance are 359 units wide: 2.9 consumed are 167.9, 0.8 of take 46.3.
    bars, chart = drawn(screening_rows()[0])

    assert bars["#fff"][1] == pytest.approx(359.0)
    assert bars["#9c4a12"][1] == pytest.approx(167.9, abs=0.1)
    assert bars["url(#hatch-take)"] == pytest.approx((168.4, 46.3), abs=0.1)
    assert ">reste 3,30 ha → 2,50 ha</text>" in chart
    assert ">enveloppe 6,20 · consommés 2,90 · prise potentielle 0,80</text>" in chart


def test_an_allowance_that_the_project_would_exceed_says_by_how_much():
    row = screening_rows()[0] | {"take_in_zone_ha": 4.0, "remaining_after_ha": -0.7}

    bars, chart = drawn(row)

    # The whole is now what is consumed and taken: 6.9 ha.
    assert bars["#fff"][1] == pytest.approx(359 * 6.2 / 6.9, abs=0.1)
    assert ">reste 3,30 ha → dépassement de 0,70 ha</text>" in chart


def texts_of(chart):
    """Give the left and the right end, the base line and the words of each text of a chart, at its widest."""
    found = re.findall(
        r'<text x="([\d.]+)" y="([\d.]+)" font-size="([\d.]+)"( text-anchor="end")?( class="value")?>(.*?)</text>',
        chart,
    )
    for x, y, size, end, bold, words in found:
        # DejaVu Sans, the widest: 0.6 of its height a character, and an eighth more where it is bold.
        width = 0.6 * float(size) * len(unescape(words)) * (1.12 if bold else 1)
        left = float(x) - width if end else float(x)
        yield left, left + width, float(y), plain(unescape(words))


def spread_rows(communes=("La Brillanne", "Oraison", "Villeneuve"), take=25.0):
    """Make a footprint over communes, each of which has less left than it takes."""
    first, *rest = screening_rows()
    over = {"take_in_zone_ha": take, "remaining_after_ha": 3.3 - take, "draw_share": take / 3.3}
    over |= {"area_in_zone_ha": take}
    rows = [first | over | {"zone_code": name, "zone_name": name} for name in communes]
    whole = take * len(communes)
    draw = {"take_in_zone_ha": whole, "draw_share": whole / 128.3, "remaining_after_ha": 128.3 - whole}
    return [*rows, *(row | draw | {"footprint_ha": whole} for row in rest)]


@pytest.mark.parametrize("take", [0.8, 25.0, 1234.0])
def test_every_zone_of_an_allowance_is_named_and_no_text_lies_on_another(take):
    chart = allowance_chart([row for row in spread_rows(take=take) if row["zone_layer"] != "epci_2015"], "t")

    found = list(texts_of(chart))
    lines = {}
    for left, right, y, words in found:
        assert left >= 0, words
        assert right <= 360.5, words
        lines.setdefault(y, []).append((left, right))
    for ends in lines.values():
        ends.sort()
        assert all(one[1] <= other[0] for one, other in pairwise(ends))
    for name in ("La Brillanne", "Oraison", "Villeneuve"):
        assert [words for *_, words in found if words.startswith(name)], name
    assert "Commune" not in [words for *_, words in found]
    assert max(y for _, _, y, _ in found) < float(re.search(r'viewBox="0 0 360 (\d+)"', chart)[1])


def test_the_mark_of_a_passed_limit_is_in_the_key_only_where_it_is_drawn():
    assert ">enveloppe dépassée</text>" in drawn(spread_rows()[0])[1]
    assert "enveloppe dépassée" not in drawn(screening_rows()[0])[1]


def test_an_allowance_already_exceeded_or_unknown_is_told_so():
    over = screening_rows(footprint=False)[0] | {"consumed_ha": 7.0, "remaining_before_ha": -0.8}
    lost = screening_rows(footprint=False, allowance_ha=NAN, remaining_before_ha=NAN)[0]

    assert ">dépassement de 0,80 ha</text>" in drawn(over)[1]
    assert ">enveloppe non connue</text>" in drawn(lost)[1]
    assert "nan" not in drawn(lost)[1]


def test_a_take_too_small_to_be_shown_is_not_nothing():
    row = screening_rows()[0] | {"take_in_zone_ha": 0.004, "remaining_after_ha": 3.296}

    assert "prise potentielle moins de 0,01" in drawn(row)[1]


def test_without_a_take_no_chart_has_its_key():
    assert "prise potentielle" not in drawn(screening_rows(footprint=False)[0])[1]


# --- what the project would take ----------------------------------------------------------------------------------


def take(rows):
    return body(f"<body>{take_section(hub(project_screening=rows), LAW)}").text


POTENTIAL = (
    "Prise potentielle seulement : la nomenclature du décret 2023-1096 (article R. 101-1 du code de l'urbanisme) "
    "s'applique aux documents d'urbanisme et ne qualifie aucun projet isolé."
)


@pytest.mark.parametrize(
    "rows",
    [screening_rows(), screening_rows(footprint=False), screening_rows(allowance_ha=NAN), None],
    ids=["footprint", "none", "no allowance", "no table"],
)
def test_a_take_is_always_called_potential(rows):
    assert POTENTIAL in take(rows)


def test_the_take_and_its_draw_are_told():
    text = take(screening_rows())

    assert "Emprise du projet : 2,40 ha." in text
    assert "Prise potentielle d'ENAF : 0,80 ha (d'après l'occupation du sol)." in text
    # 0.8 / 3.3; 0.8 / 128.3
    assert "C'est 24 % de ce qui reste à la commune, 1 % à l'intercommunalité et 1 % au SCoT." in text
    assert "Enveloppe 2021-2030 avant et après le projet" in text


def test_a_project_without_a_footprint_says_so_and_what_a_hectare_would_draw():
    text = take(screening_rows(footprint=False))

    assert "Aucune emprise n'est connue pour ce projet : seul ce qui reste aujourd'hui est montré." in text
    # 1 / 3.3; 1 / 128.3
    assert (
        "Un hectare d'ENAF pris serait 30 % de ce qui reste à la commune, 1 % à l'intercommunalité et 1 % au SCoT."
    ) in text
    assert "avant et après" not in text


def test_an_exceeded_allowance_has_nothing_left_to_draw_on():
    rows = screening_rows(footprint=False, remaining_before_ha=-1.0)

    text = take(rows)

    assert "Aucune emprise n'est connue pour ce projet. " in text
    assert "Chaque hectare" not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"take_method": "footprint_upper_bound"},
            "Prise potentielle d'ENAF : 0,80 ha (toute l'emprise : un maximum, faute d'occupation du sol).",
        ),
        ({"take_in_zone_ha": 0.0}, "Prise potentielle d'ENAF : aucune (d'après l'occupation du sol)."),
        (
            {"take_method": "unknown", "take_in_zone_ha": NAN},
            "La prise potentielle d'ENAF n'est pas connue : il faut l'occupation du sol de l'emprise.",
        ),
    ],
)
def test_how_the_take_is_known_is_told(given, said):
    assert said in take(screening_rows(**given))


def test_a_footprint_over_two_communes_takes_from_both_and_names_them():
    first, *rest = screening_rows()
    second = first | {"zone_code": "04143", "zone_name": "Oraison", "take_in_zone_ha": 0.4, "draw_share": 0.1}

    text = take([first, second | {"area_in_zone_ha": 0.9}, *rest])

    assert "Prise potentielle d'ENAF : 1,20 ha" in text
    assert "24 % de ce qui reste à La Brillanne, 10 % à Oraison, 1 % à l'intercommunalité" in text


def test_what_is_more_than_what_is_left_is_told_in_words():
    # 4 / 3.3; 4 / 128.3
    over = {"take_in_zone_ha": 4.0, "remaining_after_ha": -0.7, "draw_share": 4.0 / 3.3}
    first, *rest = screening_rows()

    assert (
        "C'est 1 % de ce qui reste à l'intercommunalité et 1 % au SCoT, et plus que ce qui reste à la commune."
        in take([first | over, *rest])
    )
    assert "C'est plus que ce qui reste à la commune. " in take([first | over])


def test_a_hectare_that_is_more_than_what_is_left_is_told_in_words():
    first, *rest = screening_rows(footprint=False)

    assert (
        "Un hectare d'ENAF pris serait 1 % de ce qui reste à l'intercommunalité et 1 % au SCoT, et plus que ce qui "
        "reste à la commune."
    ) in take([first | {"remaining_before_ha": 0.83}, *rest])


def test_communes_with_an_article_are_told_the_french_way():
    first, *rest = screening_rows()
    rows = [first | {"zone_code": name, "zone_name": name} for name in ("Le Castellet", "Les Mées", "Lurs")]

    assert "24 % de ce qui reste au Castellet, 24 % aux Mées, 24 % à Lurs, 1 %" in take([*rows, *rest])


def test_the_take_of_a_footprint_over_more_communes_than_are_shown_is_told_in_whole():
    rows = spread_rows(("A", "B", "C", "D"))

    assert len([row for row in zones_shown(hub(project_screening=rows)) if row["zone_layer"] == "communes"]) == 3
    assert "Prise potentielle d'ENAF : 100,00 ha" in take(rows)


def test_without_allowances_the_footprint_and_its_take_are_still_told():
    lost = {"allowance_ha": NAN, "consumed_ha": NAN, "remaining_before_ha": NAN, "remaining_after_ha": NAN}

    text = take(screening_rows(**lost, draw_share=NAN))

    assert "Emprise du projet : 2,40 ha. Prise potentielle d'ENAF : 0,80 ha" in text
    assert "Les enveloppes manquent" in text


def test_a_take_of_which_a_part_is_a_maximum_is_one():
    first, *rest = screening_rows()
    second = first | {"zone_code": "04143", "zone_name": "Oraison", "take_method": "footprint_upper_bound"}

    assert "un maximum, faute d'occupation du sol" in take([first, second, *rest])


def test_of_each_list_the_latest_edition_is_shown():
    assert [row["zone_layer"] for row in zones_shown(hub())] == ["communes", "epci_2024", "scot_2018"]


def test_without_a_table_nothing_is_said_of_a_footprint():
    text = take(None)

    assert "Les enveloppes manquent : il faut le fichier de consommation d'espaces du Cerema" in text
    assert "emprise" not in text


# --- where it stands, how it was worked out -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({}, "Parc naturel régional Luberon, à 1,2 km"),
        ({"park_relation": "inside", "park_distance_m": 0.0}, "Parc naturel régional Luberon, dans le parc"),
        ({"park_relation": "partial", "park_distance_m": 0.0}, "Parc naturel régional Luberon, en partie dans le parc"),
        ({"park_name": None}, "Parc naturel régional non connu"),
        ({}, "SCoT Durance-Luberon-Verdon Agglomération, "),
        ({"scot_name": "SCOT du Pays de Manosque"}, "SCoT Pays de Manosque, "),
        ({"scot_name": "SCoT de l'Étang"}, "SCoT Étang, "),
        ({"scot_name": "Scoter vert"}, "SCoT Scoter vert, "),
        ({"scot_name": None, "scot_status": "unknown"}, "SCoT statut à confirmer"),
        ({"scot_name": None, "scot_status": None}, "SCoT statut à confirmer"),
        ({"zone_kind": None}, "Zone du document d'urbanisme non connue"),
        ({"zone_kind": "AU"}, "Zone du document d'urbanisme AU – à urbaniser"),
    ],
)
def test_what_a_hub_is_in_or_near_is_told_or_told_as_unknown(sample, place, said):
    rows = [{**row, **place} for row in figures().hub_stations.to_dict("records")]

    text = body(f"<body>{place_list(hub(hub_stations=rows), sample)}").text

    assert said in text
    assert "Intercommunalité (2024) Durance-Luberon-Verdon Agglomération (DLVA)" in text


def far_away(*, outside=True):
    """Make a hub that no street joins, in the territory or out of it, beside one that has trips."""
    nowhere = {"commune_code": None, "commune_name": None, "scot_name": None, "scot_status": None, "zone_kind": None}
    rows = figures().hub_stations.to_dict("records")
    rows[0] |= {"station_uic": None, "station_name": None, "scale": "site"} | (nowhere if outside else {})
    tables = dict.fromkeys(("catchment_places", "catchment_land", "catchment_overlaps", "ridership"))
    tables |= {"project_screening": None if outside else screening_rows(), "project_distances": None}
    return figures(hub_stations=rows, catchments=[catchment_row(4, **MANOSQUE)], **tables)


def test_a_hub_far_from_any_street_does_not_ask_for_roads_that_are_there(sample):
    text = body(hub_sheet(sample, far_away(outside=False), HUB)).text

    assert "il est à plus de 500 m de toute voie praticable" in text.split("Qui atteint")[1].split("Quels sols")[0]
    assert "il est à plus de 500 m de toute voie praticable" in text.split("Quels sols")[1].split("Que prendrait")[0]
    assert "réseau de routes" not in text
    # What is told is the distance that the network is searched to.
    assert MAX_SNAP_M == 500


def test_a_hub_out_of_the_territory_says_so_and_asks_for_no_file(sample):
    text = body(hub_sheet(sample, far_away(), HUB)).text

    assert "Commune hors du territoire Parc naturel régional Luberon, à 1,2 km" in text
    assert "Le pôle est hors du territoire : aucune enveloppe n'y est suivie." in text
    for absent in ("SCoT statut", "Zone du document", "il faut", "Intercommunalité (2024)"):
        assert absent not in text


def test_a_hub_out_of_the_territory_with_streets_asks_for_no_land_cover(sample):
    rows = far_away().hub_stations.to_dict("records")
    trips = [catchment_row(2, outside_share=1.0, population=0.0, artificialised_ha=NAN)]

    text = body(
        hub_sheet(sample, figures(hub_stations=rows, catchments=trips, catchment_land=[], project_screening=None), HUB)
    ).text

    assert "Quels sols" not in text
    assert "à pied 15 min, 100 % de l'aire" in text


def test_a_footprint_around_no_point_of_the_territory_stands_in_the_commune_that_it_takes_most_of():
    rows = far_away().hub_stations.to_dict("records")
    small, large = spread_rows(("Lurs", "Oraison"))[:2]

    found = hub(hub_stations=rows, project_screening=[small | {"area_in_zone_ha": 2.0}, large])

    assert (found.commune_code, found.commune_name, found.is_outside) == ("Oraison", "Oraison", False)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ({}, "Pôle multimodal · La Brillanne"),
        ({"station_uic": None, "station_name": None, "scale": "footprint"}, "Emprise étudiée · La Brillanne"),
        ({"station_uic": None, "station_name": None, "scale": "site"}, "Site étudié · La Brillanne"),
    ],
)
def test_only_what_has_a_station_is_called_a_hub(sample, lost, said):
    rows = [{**row, **lost} for row in figures().hub_stations.to_dict("records")]

    html = hub_sheet(sample, figures(hub_stations=rows), HUB)

    assert said in body(html).text
    assert f" – {said.split(' · ')[0].lower()}</title>" in plain(html)


@pytest.mark.parametrize(("metres", "said"), [(344.0, "340 m"), (999.0, "1,0 km"), (12_340.0, "12,3 km")])
def test_a_distance_is_in_metres_up_to_a_kilometre(metres, said):
    assert plain(told_distance(metres)) == said


def test_the_method_tells_speeds_and_how_people_were_spread():
    found = " ".join(told(method_sentences(hub())))

    assert "Cercle à vol d'oiseau : 4,8 km/h à pied et 15 km/h à vélo." in found
    assert (
        "Habitants, ménages et logements de chaque commune répartis selon les bâtiments ; emplois selon les bâtiments "
        "et selon la superficie, faute de mieux ; les totaux communaux sont conservés."
    ) in found
    assert "élargie" not in found
    assert method_sentences(hub(catchments=None)) == []


def test_the_width_of_streets_is_told_where_the_table_has_it():
    rows = [catchment_row(2, edge_buffer_m=25.0)]

    assert "Chaque voie atteinte est élargie de 25 m." in told(method_sentences(hub(catchments=rows)))


# --- the map ------------------------------------------------------------------------------------------------------


def test_a_map_has_its_areas_circles_scale_north_and_communes(sample):
    svg = plain(unescape(mode_map(hub(), shapes(), sample.communes, "walk")))

    radii = [float(radius) for radius in re.findall(r'r="([\d.]+)" fill="none"', svg)]
    # 1 200 m take 94 % of half of 600 units; 400 m and 800 m are a third and two thirds of it.
    assert radii == pytest.approx([94.0, 188.0, 282.0], abs=0.2)
    assert re.findall(r'fill="(#\w+)" fill-rule', svg) == ["#9ecae1", "#4292c6", "#08519c"]
    assert '<circle cx="300" cy="300" r="9"' in svg
    for text in ("Oraison", "La Brillanne", "5 min", "15 min", "500 m", "N"):
        assert f">{text}</text>" in svg
    assert "15 min : 171 ha, soit 38 % du cercle" in svg


def test_an_area_is_drawn_where_it_lies(sample):
    # The streets on foot end 260 m east of the hub: 260 × 282 / 1200 units from the middle.
    svg = mode_map(hub(), shapes(), sample.communes, "walk")

    path = re.search(r'<path d="([^"]*)" fill="#9ecae1"', svg)[1]
    xs = []
    for ring in path.split("M")[1:]:
        steps = [int(step.split()[0]) for step in re.findall(r"(-?\d+ -?\d+)", ring)]
        xs += [sum(steps[: rank + 1]) for rank in range(len(steps))]
    assert max(xs) == pytest.approx(300 + 260 * 282 / 1200, abs=1.5)
    west = shapes().areas.geometry["walk", 15].bounds[0] - shapes().origin.x
    assert min(xs) == pytest.approx(300 + west * 282 / 1200, abs=1.5)


def test_around_a_footprint_the_limit_has_its_shape(sample):
    found = shapes()
    land = found.origin.buffer(10).envelope.buffer(1190, quad_segs=2)
    discs = found.crow_fly.copy()
    discs.loc[[("walk", 15)], "geometry"] = [shapely.affinity.translate(land, 100, 0)]
    rows = [{**row, "scale": "footprint"} for row in figures().hub_stations.to_dict("records")]
    drawn_shapes = SimpleNamespace(areas=found.areas, crow_fly=discs, origin=found.origin)

    svg = mode_map(hub(hub_stations=rows), drawn_shapes, sample.communes, "walk")

    assert 'fill="none" stroke="#1c1c1c" stroke-width="3"' in svg
    limit = re.search(r'<path d="([^"]*)" fill="none" stroke="#1c1c1c" stroke-width="3"', svg)[1]
    # 1 300 m to the east are the farthest: 94 % of half of 600 units, so 1 100 m to the west are 238.6.
    steps = [int(step.split()[0]) for step in re.findall(r"(-?\d+ -?\d+)", limit)]
    xs = [sum(steps[: rank + 1]) for rank in range(len(steps))]
    assert (min(xs), max(xs)) == pytest.approx((300 - 238.6, 582), abs=1.5)


def test_a_scrap_smaller_than_the_eye_sees_is_left_out(sample):
    found = shapes()
    crumb = found.origin.buffer(4).buffer(0)
    speck = shapely.affinity.translate(crumb, 700, 700)
    dusty = found.areas.copy()
    dusty.loc[[("walk", 15)], "geometry"] = [shapely.MultiPolygon([*dusty.geometry["walk", 15].geoms, speck])]

    svg = mode_map(
        hub(), SimpleNamespace(areas=dusty, crow_fly=found.crow_fly, origin=found.origin), sample.communes, "walk"
    )

    assert svg == mode_map(hub(), found, sample.communes, "walk")


# --- pages --------------------------------------------------------------------------------------------------------


def test_the_sheet_answers_the_four_questions_first(sample):
    page = body(hub_sheet(sample, figures(), HUB, shapes=shapes()))

    assert "habitants à 15 min à pied environ 990 habitants à 30 min à vélo environ 14 200" in page.text
    assert "de sols artificialisés à 15 min à pied 37 %" in page.text
    assert "reste à la commune avant le projet ; 2,50 ha après 3,30 ha" in page.text
    assert "Jeu d'essai" in page.text
    assert len(page.named("svg")) == 6


def test_land_is_told_with_its_vintage_and_two_measures_never_share_a_sentence(sample):
    text = body(hub_sheet(sample, figures(), HUB)).text

    # 171.4 × 0.37, 171.4 × 0.21
    assert "Sols artificialisés (2021) : 63 ha, soit 37 % de l'aire. Sols imperméabilisés (2021) : 36 ha" in text
    assert "Couverture du sol, 2021" in text
    assert "Parc naturel régional : 42 % de l'aire (Luberon)." in text
    assert "Quels sols à 15 minutes à pied ?" in text


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (-1.42, "reste à la commune avant le projet ; dépassement de 1,42 ha après 3,30 ha"),
        (0.0, "reste à la commune avant le projet ; 0,00 ha après 3,30 ha"),
        (NAN, "reste à consommer de la commune, d'ici à fin 2030 3,30 ha"),
    ],
)
def test_the_tile_tells_what_is_left_before_and_after(sample, after, said):
    rows = [row | {"remaining_after_ha": after} for row in screening_rows()]

    assert said in body(hub_sheet(sample, figures(project_screening=rows), HUB)).text


def test_the_tile_of_an_allowance_already_exceeded_tells_how_much_farther_the_project_goes(sample):
    rows = screening_rows(remaining_before_ha=-0.5, remaining_after_ha=-1.3)

    assert "dépassement de l'enveloppe de la commune avant le projet ; 1,30 ha après 0,50 ha" in (
        body(hub_sheet(sample, figures(project_screening=rows), HUB)).text
    )


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        ("catchments", "Les trajets vers le pôle manquent : il faut un réseau de routes (BD TOPO ou OpenStreetMap)."),
        ("catchment_places", "En 15 minutes à pied, environ 990 habitants"),
        ("catchment_land", "Les zones U, AU, A et N manquent : il faut le document d'urbanisme numérisé"),
        ("catchment_overlaps", "ne recoupe pas celle de l'autre (Manosque)"),
        ("hub_stations", "Gare La Brillanne - Oraison"),
        ("ridership", "La fréquentation de la gare manque : il faut le fichier « Fréquentation en gares » de SNCF."),
        ("project_screening", "Les enveloppes manquent : il faut le fichier de consommation d'espaces du Cerema"),
        ("project_distances", "Où est le pôle ?"),
    ],
)
def test_any_table_may_be_missing(sample, gone, missing):
    html = hub_sheet(sample, figures(**{gone: None}), HUB, shapes=shapes())

    assert missing in body(html).text
    assert "nan" not in body(html).text.lower().split()


def test_without_roads_the_sheet_says_what_is_needed_and_shows_no_figure_of_a_trip(sample):
    alone = Figures(hub_stations=figures().hub_stations)

    text = body(hub_sheet(sample, alone, HUB)).text

    assert "Les sols autour du pôle ne se mesurent que dans une aire de trajet : il faut un réseau de routes." in text
    assert "minutes à pied" not in text
    assert "Méthode" not in text


def test_without_land_cover_each_measure_is_told_as_missing(sample):
    lost = {"artificialised_ha": NAN, "artificialised_share": NAN, "sealed_ha": NAN, "sealed_share": NAN}
    rows = [catchment_row(rank, **lost, vintages=None) for rank in range(5)]
    zoning = [row for row in land_rows() if row["axis"] == "zoning"]

    text = body(hub_sheet(sample, figures(catchments=rows, catchment_land=zoning), HUB)).text

    assert "L'occupation du sol manque : il faut un millésime de l'OCS GE de l'IGN." in text
    assert "U – urbaine" in text
    assert "de sols artificialisés à 15 min à pied non connu" in text


def test_one_measure_alone_may_be_missing(sample):
    rows = [catchment_row(rank, sealed_ha=NAN, sealed_share=NAN) for rank in range(5)]

    text = body(hub_sheet(sample, figures(catchments=rows), HUB)).text

    assert "La surface imperméabilisée n'est pas connue" in text
    assert "Sols artificialisés (2021)" in text


def test_without_a_census_the_sheet_says_so(sample):
    lost = {"households": NAN, "dwellings": NAN, "jobs": NAN, "census_year": NAN, "jobs_method": None}
    rows = [catchment_row(rank, **lost) for rank in range(5)]

    text = body(hub_sheet(sample, figures(catchments=rows), HUB)).text

    assert "Ménages, logements et emplois manquent : il faut le fichier du recensement" in text
    assert "Ménages –" not in text
    assert "non connu" not in text
    assert "emplois selon" not in text


def test_the_sheet_leads_to_the_others_and_to_its_map_only_where_they_are(sample):
    links = HubLinks(index="../index.html", plan="pem-la-brillanne-carte.html")

    def addresses(**options):
        return [tag["href"] for tag in body(hub_sheet(sample, figures(), HUB, **options)).named("a")]

    assert addresses(links=links) == ["../index.html", "pem-la-brillanne-carte.html", "../index.html"]
    assert addresses() == []


def test_the_day_is_told_at_the_foot_only_where_it_is_given(sample):
    day = dt.date(2026, 11, 28)

    assert "Actualisé le 28/11/2026" in hub_sheet(sample, figures(), HUB, day=day).split("<footer>")[1]
    assert "Actualisé" not in hub_sheet(sample, figures(), HUB)
    assert hub_sheet(sample, figures(), HUB, day=day) == hub_sheet(sample, figures(), HUB, day=day)


def test_sources_are_those_of_the_figures(sample):
    uses = re.findall(r"<li>(.*?)</li>", hub_sheet(sample, figures(), HUB).split("<footer>")[1])
    named = [plain(unescape(item)).split(" : ")[0] for item in uses]

    # Communes, lists and perimeters first; land cover of the hub's own département.
    assert named[:5] == ["Contours", "Intercommunalités", "SCoT", "Parcs", "Projets"]
    assert [plain(unescape(item)) for item in uses if "Occupation du sol" in item] == [
        "Occupation du sol : hp_sig, occupation du sol fictive, à la forme de l'OCS GE, millésimes 2018, 2021 (MIT)"
    ]


def uses_of(sample, tables):
    items = re.findall(r"<li>(.*?)</li>", hub_sheet(sample, tables, HUB).split("<footer>")[1])
    return {plain(unescape(item)).split(" : ")[0] for item in items}


def test_a_source_is_told_only_beside_what_comes_from_it(sample):
    assert {"Fréquentation", "Routes", "Population"} <= uses_of(sample, figures())
    assert "Fréquentation" not in uses_of(sample, figures(ridership=None))
    assert uses_of(sample, far_away()).isdisjoint({"Fréquentation", "Routes", "Population"})


def test_nothing_given_is_changed(sample):
    given, drawn = figures(), shapes()
    before = {name: getattr(given, name).copy(deep=True) for name in Figures.__dataclass_fields__}
    areas = drawn.areas.copy(deep=True)

    hub_sheet(sample, given, HUB, shapes=drawn)

    assert all(getattr(given, name).equals(table) for name, table in before.items())
    assert drawn.areas.equals(areas)


def test_no_text_has_an_ordinary_space_before_a_double_sign(sample):
    layers = replace(sample, territory=sample.territory.model_copy(update={"notice": None}))
    page = body(hub_sheet(layers, figures(), HUB, shapes=shapes()))

    assert [text for text in page.texts if re.search(r" [:;!?%»]|« ", text)] == []


def test_a_number_never_leaves_the_word_before_it(sample):
    page = body(hub_sheet(sample, figures(), HUB, shapes=shapes()))
    told_texts = [text for text in page.texts if "Jeu d'essai" not in text]

    assert [text for text in told_texts if re.search(r"\b(?:environ|à|[Ee]n|sur|de) \d", text)] == []


# --- hostile texts ------------------------------------------------------------------------------------------------


def poisoned(sample):
    """Put code in every name of the layers and the tables."""
    territory = sample.territory.model_copy(update={"name": EVIL, "notice": EVIL})
    named = {"hub_name", "commune_name", "station_name", "class_name", "other_hub_name", "zone_name", "park_name"}
    tables = {}
    for name in Figures.__dataclass_fields__:
        table = getattr(figures(), name)
        tables[name] = table.assign(
            **{column: EVIL for column in table.columns if column in named or column == "scot_name"}
        )
    tables["catchments"] = tables["catchments"].assign(vintages=EVIL, residents_method=EVIL)
    tables["hub_stations"] = tables["hub_stations"].assign(zone_kind=EVIL)
    communes = sample.communes.assign(name=sample.communes["name"].where(sample.communes.index != "04034", EVIL))
    return replace(sample, territory=territory, communes=communes), Figures(**tables)


def test_code_in_the_data_is_text_in_html_and_svg(sample):
    layers, tables = poisoned(sample)

    html = hub_sheet(layers, tables, HUB, shapes=shapes(), links=HubLinks(index='"><img>', plan="x"))

    page = body(html)
    assert page.named("img") == []
    assert html.count("<script>") == 1
    for forbidden in ("{{ 7*7 }}", "{% raw %}", "${alert", "onerror=document.title='"):
        assert forbidden not in html
    assert "".join(page.texts).count(EVIL) >= 12
    assert all("onerror" not in attributes for _, attributes in page.tags)


# --- in a browser -------------------------------------------------------------------------------------------------


def long_figures() -> Figures:
    """Make a hub with all that a page may have to hold: seven trips, three communes, ten years."""
    rows = [catchment_row(rank, residents_method="buildings + roads + area") for rank in range(5)]
    rows += [
        catchment_row(rank, mode="car", minutes=minutes, speed_kmh=50.0, outside_share=0.3)
        for rank, minutes in ((3, 10), (4, 20))
    ]
    first, *rest = screening_rows()
    more = [first | {"zone_code": name, "zone_name": name} for name in ("Oraison", "Saint-Martin-les-Eaux-sur-Durance")]
    years = [{**BRILLANNE, "year": year, "passengers": 130000.0 + year} for year in range(2015, 2025)]
    return figures(
        catchments=[*rows, catchment_row(4, **MANOSQUE)], project_screening=[first, *more, *rest], ridership=years
    )


def variants() -> Figures:
    """Make four hubs near each other, the first a footprint over three communes that passes their allowances."""
    names = (
        "Variante B, zone des Iscles",
        "Variante C, toute la plaine entre Oraison et Villeneuve",
        "Variante D, nord",
    )
    others = [MANOSQUE | {"hub_id": name[9], "hub_name": name, "commune_name": "La Brillanne"} for name in names]
    shared = [
        overlap_rows()[0] | {"mode": mode, "other_hub_id": one["hub_id"], "other_hub_name": one["hub_name"]}
        for one in others
        for mode in ("walk", "bike")
    ]
    place = [{**row, "scale": "footprint"} for row in figures().hub_stations.to_dict("records")]
    met = [row | {"mode": "walk", "minutes": 15, "area_ha": 0.0} for row in place_rows() if row["mode"] == "bike"]
    rows = [catchment_row(rank, residents_method="buildings + roads + area") for rank in range(5)]
    return figures(
        hub_stations=place,
        catchments=[*rows, *(catchment_row(4, **one) for one in others)],
        catchment_overlaps=shared,
        catchment_places=[*place_rows(), *met],
        project_screening=spread_rows(("La Brillanne", "Oraison", "Saint-Martin-les-Eaux-sur-Durance")),
    )


def page_count(pdf: bytes) -> int:
    return int(re.search(rb"/Type /Pages\s*/Count (\d+)", pdf)[1])


@pytest.fixture(scope="module")
def written(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hubs")
    links = HubLinks(index="../index.html", plan="carte.html")
    cases = {
        "full": (figures(), shapes()),
        "no footprint": (figures(project_screening=screening_rows(footprint=False)), shapes()),
        "long": (long_figures(), shapes()),
        "no map": (figures(), None),
        "no roads": (Figures(hub_stations=figures().hub_stations), None),
        "far": (far_away(), None),
        "variants": (variants(), shapes()),
    }
    for name, (tables, drawn_shapes) in cases.items():
        html = hub_sheet(sample, tables, HUB, shapes=drawn_shapes, links=links, day=dt.date(2026, 11, 28))
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


#: Cells too narrow for what they hold, and texts of drawings that end out of them.
BROKEN = r"""[
    ...[...document.querySelectorAll('table.reach td, table.reach th')]
        .filter(cell => cell.scrollWidth > cell.clientWidth + 1),
    ...[...document.querySelectorAll('svg text')].filter(text => {
        const box = text.getBoundingClientRect(), whole = text.closest('svg').getBoundingClientRect();
        return box.left < whole.left - 2 || box.right > whole.right + 2 || box.bottom > whole.bottom + 2;
    }),
    // A figure that is broken in two lines is read as two figures.
    ...[...document.querySelectorAll('.tile dd')].filter(told => /\d/.test(told.textContent) &&
        told.getBoundingClientRect().height > 1.6 * parseFloat(getComputedStyle(told).fontSize)),
].map(found => found.textContent)"""


@pytest.mark.browser
@pytest.mark.parametrize("name", ["full", "no footprint", "long", "no map", "no roads", "far", "variants"])
def test_a_sheet_opens_offline_fits_a_phone_and_a_projector_and_prints_on_one_a4_page(browser, written, name):
    for size in (PHONE, (1280, 800)):
        with opened(browser, written / f"{name}.html", size=size) as seen:
            page = seen.page
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert page.evaluate(BROKEN) == []
            assert page.get_by_role("button", name="Imprimer cette fiche").is_visible()
            assert page_count(page.pdf(prefer_css_page_size=True)) == 1
            assert seen.told == []


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, (1280, 800)])
def test_a_sheet_breaks_no_serious_rule_of_accessibility(browser, written, size):
    with opened(browser, written / "full.html", size=size, axe=True) as seen:
        assert axe_violations(seen.page) == []


@pytest.mark.browser
def test_code_in_the_data_is_shown_and_never_run_even_without_the_policy(browser, sample, tmp_path):
    layers, tables = poisoned(sample)
    path = tmp_path / "sheet.html"
    path.write_text(hub_sheet(layers, tables, HUB, shapes=shapes()), encoding="utf-8")

    with opened(browser, without_policy(path, tmp_path / "bare.html")) as seen:
        assert seen.page.title() == f"{EVIL} – pôle multimodal"
        assert seen.page.locator("h1").inner_text() == EVIL
        assert seen.page.locator("img").count() == 0
        assert seen.told == []
