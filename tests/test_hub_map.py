"""The map of a multimodal hub: catchments, circles, figures and allowances, on screen, on paper, and by keyboard."""

import dataclasses
import html
import math
import re
import unicodedata
from contextlib import contextmanager
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pypdf
import pytest
import shapely
from browser import PHONE, PROJECTOR, axe_violations, chromium, opened, without_policy
from hub_world import HUB, OTHER, RIVER_M, hub_shapes, hub_tables
from pages import EVIL, six_page, six_zones
from published import sample
from squares import square

import hp_sig
from hp_sig import save_standalone
from hp_sig.maps import paper
from hp_sig.maps.engine import page_map
from hp_sig.maps.hubs import map_shapes
from hp_sig.maps.hubs.map import hub_map, hub_page
from hp_sig.maps.hubs.map_comparison import COLOURS, comparison_map, comparison_page
from hp_sig.maps.hubs.map_panels import hectares
from hp_sig.maps.hubs.map_shapes import area_overlay, look_of
from hp_sig.maps.hubs.sheet import hub_sheet
from hp_sig.maps.hubs.sheet_place import told_distance
from hp_sig.maps.model import page_model
from hp_sig.maps.overlays import Line, Lines, Mark, Perimeters, Places, Tag
from hp_sig.maps.page import Caption, Page
from hp_sig.maps.panels import Bar, Grid, GridRow, Panel, Part, Scene
from hp_sig.maps.pdf import map_pdf
from hp_sig.maps.shapes import paths

SIZES = pytest.mark.parametrize("size", [PROJECTOR, PHONE], ids=["projector", "phone"])
TAKE = "Ce que le projet prendrait, ce qu'il resterait"
BUTTONS = ("À pied", "À vélo")


def plain(text: str) -> str:
    """The text, every space being an ordinary one, every letter written by itself."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


@pytest.fixture(scope="module")
def layers() -> hp_sig.Layers:
    return sample()[0]


@pytest.fixture(scope="module")
def shapes(layers):
    return hub_shapes(layers)


@pytest.fixture(scope="module")
def tables(shapes):
    return hub_tables(shapes, take=1.3)


@pytest.fixture(scope="module")
def page(layers, shapes, tables) -> Page:
    return hub_page(layers, tables, HUB, shapes=shapes)


def overlay(page: Page, label: str):
    return next(one for one in page.overlays if plain(one.label) == label)


def panel(page: Page, heading: str) -> Panel:
    told = [*page.panels, *(one for scene in page.scenes for one in scene.panels)]
    return next(one for one in told if plain(one.heading) == heading)


def labels(bar: Bar) -> list[str]:
    return [plain(part.label) for part in bar.parts]


# --- what is drawn -------------------------------------------------------------------------------------------------


def test_bands_of_minutes_do_not_lie_over_each_other_and_fill_the_longest_area(shapes):
    bands = area_overlay(shapes, "walk", shown=True).shapes.geometry.to_numpy()

    whole = shapes.areas.geometry[("walk", 15)]
    assert sum(band.area for band in bands) == pytest.approx(shapely.union_all(bands).area, rel=1e-9)
    assert shapely.union_all(bands).symmetric_difference(whole).area < 0.005 * whole.area


def test_the_band_of_the_longest_time_is_drawn_first_and_holds_nothing_of_the_shorter_ones(shapes):
    drawn = area_overlay(shapes, "walk", shown=True)

    assert [plain(name) for name in drawn.shapes["name"]] == ["15 min", "10 min", "5 min"]
    assert not drawn.shapes.geometry.iloc[0].contains(shapes.origin)
    assert drawn.shapes.geometry.iloc[-1].contains(shapes.origin)


def test_an_area_that_a_longer_time_does_not_hold_is_still_part_of_it(shapes):
    shrunk = shapes.areas.copy()
    shrunk.loc[[("walk", 10)], "geometry"] = shapes.areas.geometry[("walk", 5)].buffer(-100)
    odd = dataclasses.replace(shapes, areas=shrunk)

    bands = area_overlay(odd, "walk", shown=True).shapes.geometry

    assert bands.iloc[1].is_empty
    assert bands.iloc[2].area == pytest.approx(shapes.areas.geometry[("walk", 5)].area, rel=0.01)


@pytest.mark.parametrize(("mode", "minutes"), [("walk", [5, 10, 15]), ("bike", [15, 30]), ("car", [5, 10, 15, 20])])
def test_the_shorter_the_time_the_darker_and_the_less_transparent(mode, minutes):
    looks = list(look_of(mode, minutes).values())

    light = [sum(int(one.fill[at : at + 2], 16) for at in (1, 3, 5)) for one in looks]
    assert light == sorted(light)
    assert len(set(light)) == len(minutes)
    assert [one.opacity for one in looks] == sorted((one.opacity for one in looks), reverse=True)


def test_the_legend_has_a_row_a_time_from_the_shortest_in_the_colours_of_the_map(page):
    drawn = overlay(page, "À pied : 5, 10 et 15 minutes")

    assert [plain(text) for _, text in drawn.legend] == [f"À pied, {one} minutes" for one in (5, 10, 15)]
    assert [line for line, _ in drawn.legend] == list(reversed(drawn.lines))


def test_a_time_is_written_on_its_limit_where_that_is_the_farthest_from_the_hub(shapes):
    tags = {plain(tag.text): tag for tag in area_overlay(shapes, "walk", shown=True).tags}

    assert list(tags) == ["15 min", "10 min", "5 min"]
    spots = gpd.GeoSeries.from_xy(
        [tag.lon for tag in tags.values()], [tag.lat for tag in tags.values()], crs=4326
    ).to_crs(2154)
    assert spots.distance(shapes.origin).tolist() == pytest.approx([1200, 800, 400], abs=2)


def test_walking_and_its_longest_circle_are_shown_at_first_the_rest_is_to_be_ticked(page):
    shown = {plain(one.label): one.shown for one in page.overlays}

    assert shown["À pied : 5, 10 et 15 minutes"]
    assert shown["Cercle à vol d'oiseau de 15 minutes à pied"]
    assert shown["Rues et chemins à 15 minutes de marche"]
    hidden = [
        *("Autres cercles à vol d'oiseau à pied : 5 et 10 minutes", "À vélo : 15 et 30 minutes"),
        *("Cercle à vol d'oiseau de 30 minutes à vélo", "Autres cercles à vol d'oiseau à vélo : 15 minutes"),
        "Occupation du sol à 15 minutes de marche",
    ]
    assert [label for label in hidden if shown[label]] == []


def test_circles_are_broken_lines_without_fill(page):
    circle = overlay(page, "Cercle à vol d'oiseau de 15 minutes à pied")

    assert circle.fill == "none"
    assert circle.lines[0].dash
    assert circle.shapes.area.iloc[0] == pytest.approx(math.pi * 1200**2, rel=0.01)


def test_each_mode_is_looked_at_where_its_circle_is_and_not_over_the_whole_territory(page, shapes, layers):
    for scene, radius in zip(page.scenes, (1200, 7500), strict=True):
        west, south, east, north = scene.focus

        assert shapely.box(*scene.focus).contains(shapes.origin.buffer(0.99 * radius))
        assert max(east - west, north - south) < 2.2 * radius
    assert shapely.box(*page.scenes[0].focus).area < 0.01 * layers.communes.union_all().area


def test_streets_that_would_weigh_too_much_are_left_out(layers, shapes, tables, monkeypatch):
    monkeypatch.setattr(map_shapes, "MOST_CORNERS", 10)

    page = hub_page(layers, tables, HUB, shapes=shapes)

    assert [one for one in page.overlays if isinstance(one, Lines)] == []


def test_the_land_is_drawn_class_by_class_in_its_own_colours(page):
    land = overlay(page, "Occupation du sol à 15 minutes de marche")

    assert [text for _, text in land.legend] == ["Zones bâties", "Formations herbacées", "Peuplements de feuillus"]
    assert [line.fill for line in land.lines[:3]] == ["#c2452d", "#a8d08d", "#3e7d3a"]


def test_the_land_hides_the_areas_below_it_and_draws_their_limits_again(page, shapes):
    drawn = [plain(one.label) for one in page.overlays]
    land = overlay(page, "Occupation du sol à 15 minutes de marche")

    # Seen through, or under the areas, its colours would not be those of the legend.
    assert drawn.index("Occupation du sol à 15 minutes de marche") > drawn.index("À vélo : 15 et 30 minutes")
    assert drawn.index("Occupation du sol à 15 minutes de marche") > drawn.index("À pied : 5, 10 et 15 minutes")
    assert {line.opacity for line in land.lines[:3]} == {1.0}
    assert [line.fill for line in land.lines[3:]] == ["", "", ""]
    assert [line.colour for line in land.lines[3:]] == [line.colour for line in look_of("walk", [5, 10, 15]).values()]
    for limit, minutes in zip(land.shapes.geometry[3:], (5, 10, 15), strict=True):
        assert limit.hausdorff_distance(shapes.areas.geometry[("walk", minutes)]) < 5


def test_land_without_any_walk_has_no_limit_to_draw(shapes):
    by_bike = dataclasses.replace(shapes, areas=shapes.areas.drop(index="walk", level="mode"))

    assert [line.fill for line in map_shapes.land_overlay(by_bike).lines] == ["#c2452d", "#a8d08d", "#3e7d3a"]


def test_the_hub_has_one_mark_and_its_station_none_of_its_own(page):
    marks = [mark for one in page.overlays if isinstance(one, Places) for mark in one.marks]
    here = [mark for mark in marks if "Brillanne" in mark.name]

    assert [(mark.name, mark.sign, mark.shown) for mark in here] == [
        ("Pôle multimodal de La Brillanne", "hub", "La Brillanne - Oraison")
    ]
    assert any("Manosque" in mark.name for mark in marks)


def test_the_mark_of_a_hub_without_a_site_is_where_its_catchments_start(layers, shapes, tables):
    moved = dataclasses.replace(shapes, origin=shapely.Point(930_000, 6_318_000))

    page = hub_page(layers, tables, HUB, shapes=moved)

    mark = overlay(page, "Pôle étudié").marks[0]
    spot = gpd.GeoSeries.from_xy([mark.lon], [mark.lat], crs=4326).to_crs(2154)
    assert spot.distance(moved.origin).iloc[0] < 0.01


def test_a_hub_that_no_table_names_is_refused(layers, shapes, tables):
    with pytest.raises(KeyError, match="no hub 'elsewhere'"):
        hub_page(layers, tables, "elsewhere", shapes=shapes)


# --- what is told --------------------------------------------------------------------------------------------------


def test_the_table_of_a_mode_has_rounded_people_hectares_and_the_share_of_the_circle(page):
    grid = panel(page, "Rejoindre le pôle à pied").grid
    # A disc of radius r less the part beyond a chord at d: r² (acos(d/r) - d/r √(1 - d²/r²)).
    ratio = RIVER_M / 1200
    kept = 1 - (math.acos(ratio) - ratio * math.sqrt(1 - ratio**2)) / math.pi
    hectare = kept * math.pi * 12**2

    assert list(grid.columns) == ["Habitants", "Ménages", "Emplois", "Surface (ha)", "Part du cercle"]
    last = grid.rows[-1]
    assert [plain(cell) for cell in (last.label, *last.cells)] == [
        *("15 min", "1 030", "460", "200", f"{hectare:.0f}", f"{100 * kept:.0f} %")
    ]
    assert [row.key.fill for row in grid.rows] == ["#08519c", "#4292c6", "#9ecae1"]


def test_who_reaches_the_hub_and_how_much_of_the_circle_is_said_in_sentences(page):
    told = panel(page, "Rejoindre le pôle à pied")

    assert plain(told.lead) == "En 15 minutes à pied, environ 1 030 habitants peuvent rejoindre le pôle."
    assert plain(told.sentences[0]) == (
        "En 15 minutes à pied, on atteint 66 % du cercle à vol d'oiseau. Environ 1 690 habitants vivent dans ce cercle."
    )


def test_the_commune_that_a_barrier_cuts_off_is_named_with_both_figures(page):
    # Oraison: 1687 - 1.05 × 0.9 × 1034 = 710 in the circle, 0.1 × 1034 = 103 within reach.
    assert plain(panel(page, "Rejoindre le pôle à pied").sentences[1]) == (
        "Oraison : environ 710 habitants vivent dans le cercle de 15 minutes à pied, "
        "environ 100 seulement rejoignent le pôle dans ce temps."
    )


def changed(tables, name: str, **columns):
    """The same tables, with other figures in one of them."""
    changed = type(tables)(**vars(tables))
    setattr(changed, name, getattr(tables, name).assign(**columns))
    return changed


def told_of(layers, shapes, tables, heading: str) -> Panel:
    return panel(hub_page(layers, tables, HUB, shapes=shapes), heading)


def with_people(tables, reached: tuple[float, float], circle: tuple[float, float]):
    """The same people at every time: of La Brillanne, then of Oraison."""
    names = tables.catchment_places["commune_code"] == "04143"
    return changed(
        tables,
        "catchment_places",
        population=np.where(names, reached[1], reached[0]),
        crow_fly_population=np.where(names, circle[1], circle[0]),
    )


def test_of_two_communes_cut_off_the_one_that_loses_most_is_named(layers, shapes, tables):
    both = with_people(tables, reached=(100.0, 10.0), circle=(900.0, 300.0))

    told = told_of(layers, shapes, both, "Rejoindre le pôle à pied")

    assert plain(told.sentences[1]).startswith("La Brillanne : environ 900 habitants")


@pytest.mark.parametrize(
    ("reached", "circle"), [(500.0, 900.0), (10.0, 50.0)], ids=["more than half arrive", "very few are there"]
)
def test_a_commune_that_loses_little_is_not_said_to_be_cut_off(layers, shapes, tables, reached, circle):
    little = with_people(tables, reached=(reached, 0.0), circle=(circle, 0.0))

    assert len(told_of(layers, shapes, little, "Rejoindre le pôle à pied").sentences) == 1


def test_where_nobody_is_cut_off_no_barrier_is_told(layers, shapes, tables):
    whole = changed(tables, "catchment_places", crow_fly_population=tables.catchment_places["population"])

    assert len(told_of(layers, shapes, whole, "Rejoindre le pôle à pied").sentences) == 1


def test_a_commune_of_which_nobody_reaches_the_hub_is_told_so(layers, shapes, tables):
    reached = tables.catchment_places["population"].where(tables.catchment_places["commune_code"] != "04143", 0.0)

    told = told_of(layers, shapes, changed(tables, "catchment_places", population=reached), "Rejoindre le pôle à pied")

    assert "aucun ne rejoint le pôle" in plain(told.sentences[1])


def test_what_lies_out_of_the_territory_is_told_where_it_counts(page):
    assert "4 % de la surface atteinte" in plain(panel(page, "Rejoindre le pôle à vélo").sentences[-1])
    assert "hors du territoire" not in " ".join(panel(page, "Rejoindre le pôle à pied").sentences)


def test_each_method_of_estimation_is_said_with_its_year(page):
    assert plain(panel(page, "Rejoindre le pôle à pied").note) == (
        "Estimations arrondies, par les rues et les chemins. Population 2021 de chaque commune répartie "
        "selon les bâtiments. Emplois répartis selon les bâtiments, selon les sols bâtis."
    )


@pytest.mark.parametrize(
    ("people", "lead"),
    [
        (0.0, "En 15 minutes à pied, aucun habitant ne peut rejoindre le pôle."),
        (1.0, "En 15 minutes à pied, environ 1 habitant peut rejoindre le pôle."),
        (np.nan, ""),
    ],
)
def test_few_people_or_none_or_unknown_ones_are_each_told_their_own_way(layers, shapes, tables, people, lead):
    told = told_of(layers, shapes, changed(tables, "catchments", population=people), "Rejoindre le pôle à pied")

    assert plain(told.lead) == lead
    assert ("Habitants" in told.grid.columns) == math.isfinite(people)


def test_land_is_parted_into_sealed_other_artificialised_and_the_rest(page, shapes):
    area = shapes.areas.geometry[("walk", 15)].area / 1e4
    bar = panel(page, "Quel sol à 15 minutes à pied ?").bars[0]

    assert plain(bar.label) == "Sols artificialisés : 40 % (2021)"
    assert [part.amount for part in bar.parts] == pytest.approx([0.25 * area, 0.15 * area, 0.6 * area])
    assert plain(bar.parts[0].label).startswith("imperméabilisés : ")


def test_land_of_which_there_is_none_has_no_part(layers, shapes, tables):
    sealed = changed(tables, "catchments", sealed_ha=tables.catchments["artificialised_ha"])

    bar = told_of(layers, shapes, sealed, "Quel sol à 15 minutes à pied ?").bars[0]

    assert [text.partition(" : ")[0] for text in labels(bar)] == ["imperméabilisés", "non artificialisés"]


def test_planning_zones_come_in_their_usual_order_with_their_share(page):
    bar = panel(page, "Quel sol à 15 minutes à pied ?").bars[1]

    assert [text.partition(" ")[0] for text in labels(bar)] == ["U", "AU", "A", "N"]
    assert labels(bar)[0].endswith("(38 %)")


def test_covers_are_told_from_the_largest(page):
    rows = panel(page, "Quel sol à 15 minutes à pied ?").rows

    assert [name for name, _ in rows] == ["Formations herbacées", "Peuplements de feuillus", "Zones bâties"]


def test_an_allowance_is_parted_into_consumed_potential_take_and_what_is_left(page):
    commune, epci, scot = panel(page, "Ce que le projet prendrait, ce qu'il resterait").bars

    assert plain(commune.label) == "La Brillanne (commune) : enveloppe 2021-2030 de 8,00 ha"
    assert labels(commune) == [
        "déjà consommés : 3,20 ha",
        "prise potentielle du projet : 1,30 ha",
        "reste après le projet : 3,50 ha",
    ]
    assert [part.amount for part in commune.parts] == pytest.approx([3.2, 1.3, 3.5])
    assert [part.is_hatched for part in commune.parts] == [False, True, False]
    assert plain(epci.label) == "CC Haute-Provence Pays de Banon : enveloppe 2021-2030 de 60,00 ha"
    assert sum(part.amount for part in epci.parts) == pytest.approx(60)
    # 190 ha of which 204 are gone: nothing is left to take, and the take adds to the excess.
    assert [part.amount for part in scot.parts] == pytest.approx([190, 0, 15.3])
    assert labels(scot)[0] == "déjà consommés : 204,00 ha"
    assert labels(scot)[2] == "dépassement : 15,30 ha"


def test_without_a_footprint_the_bar_has_no_take_and_the_page_says_why(layers, shapes):
    told = told_of(layers, shapes, hub_tables(shapes), "Ce que le projet prendrait, ce qu'il resterait")

    assert labels(told.bars[0]) == ["déjà consommés : 3,20 ha", "reste : 4,80 ha"]
    assert plain(told.sentences[0]).startswith("L'emprise du projet n'est pas connue")


def test_a_footprint_without_land_cover_is_told_as_an_upper_bound(layers, shapes, tables):
    bound = changed(tables, "project_screening", take_method="footprint_upper_bound")

    told = told_of(layers, shapes, bound, "Ce que le projet prendrait, ce qu'il resterait")

    assert "c'est un maximum" in plain(told.sentences[0])


@pytest.mark.parametrize("take", [None, 1.3])
def test_every_take_is_said_to_be_potential(layers, shapes, take):
    told = told_of(layers, shapes, hub_tables(shapes, take=take), "Ce que le projet prendrait, ce qu'il resterait")

    assert "décret 2023-1096" in told.sentences[-1]
    assert "ne qualifie aucun projet isolé" in told.sentences[-1]


def test_the_station_its_passengers_and_where_it_stands_are_told(page):
    assert [(label, plain(value)) for label, value in panel(page, "La gare et sa situation").rows] == [
        ("Gare", "La Brillanne - Oraison"),
        ("Voyageurs en 2023", "58 916"),
        # 58 916 / 41 200 = 1.43
        ("Évolution de 2015 à 2023", "+ 43 %"),
        ("SCoT", "aucun SCoT"),
        ("Parc naturel régional", "Luberon, à 1,2 km"),
        ("Zone du document d'urbanisme", "U – urbaine"),
    ]


def test_the_card_of_a_commune_tells_how_many_of_its_people_are_within_reach(page):
    assert [plain(" ".join(row)) for row in page.facts["04143"]][2] == "À pied, 15 minutes environ 100 hab. à portée"
    assert set(page.facts) == {"04034", "04143"}


def test_a_year_of_lockdowns_is_told_as_such_and_no_end_of_a_trend(layers, shapes, tables):
    years = tables.ridership.assign(year=[2015, 2019, 2020])

    told = told_of(layers, shapes, type(tables)(**{**vars(tables), "ridership": years}), "La gare et sa situation")

    assert [(label, plain(value)) for label, value in told.rows[1:4]] == [
        ("Voyageurs en 2020 (crise sanitaire)", "58 916"),
        ("Voyageurs en 2019", "52 000"),
        # 52 000 / 41 200 = 1.262
        ("Évolution de 2015 à 2019", "+ 26 %"),
    ]


def unread(layers):
    """The same layers without land cover or flows."""
    return dataclasses.replace(layers, land=dataclasses.replace(layers.land, covers={}, enaf=None))


def test_what_no_table_tells_is_said_to_be_missing_or_left_out(layers, shapes, tables):
    unknown = tables.catchments.assign(artificialised_ha=np.nan, households=np.nan)
    bare = type(tables)(**dict.fromkeys(vars(tables)) | {"catchments": unknown})

    page = hub_page(unread(layers), bare, HUB, shapes=dataclasses.replace(shapes, streets=None, land=None))

    allowance, place = page.panels
    assert [plain(text)[:24] for text in allowance.sentences] == [
        "Les enveloppes manquent ",
        "Prise potentielle seulem",
    ]
    assert place.rows == [("Gare", "La Brillanne - Oraison")]
    reach, land = page.scenes[0].panels
    assert "Ménages" not in reach.grid.columns
    assert plain(land.sentences[0]).startswith("L'occupation du sol manque")
    assert page.facts == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.25, "2,25 ha"), (60.0098, "60,01 ha"), (1234.0, "1 234,00 ha"), (0.0, "0,00 ha"), (0.001, "moins de 0,01 ha")],
)
def test_hectares_have_the_two_decimals_of_the_sheet(value, text):
    assert plain(hectares(value)) == text


@pytest.mark.parametrize(("value", "text"), [(124.0, "120 m"), (996.0, "1,0 km"), (1240.0, "1,2 km")])
def test_distances_are_rounded_to_what_they_are_worth(value, text):
    assert plain(told_distance(value)) == text


def test_an_excess_has_a_true_minus_and_a_no_break_space_before_its_unit():
    assert hectares(-46.7) == "\u221246,70\u00a0ha"


def test_the_map_tells_the_hectares_that_the_sheet_tells(layers, shapes):
    tables = hub_tables(shapes, take=1.125)
    changed = tables.project_screening.assign(footprint_ha=2.25, allowance_ha=[60.0098, 8.255, 190.004])
    for end, taken in (("before", 0.0), ("after", 1.125)):
        changed[f"remaining_{end}_ha"] = changed["allowance_ha"] - changed["consumed_ha"] - taken
    tables.project_screening = changed
    told = told_of(layers, shapes, tables, TAKE)

    sheet = plain(re.sub(r"<[^>]*>", " ", html.unescape(hub_sheet(layers, tables, HUB, shapes=shapes))))
    said = [
        *told.sentences[:1],
        *(bar.label for bar in told.bars),
        *(text for bar in told.bars for text in labels(bar)),
    ]
    figures = re.findall(r"\d[\d ]*,\d+(?= ha)", plain(" ; ".join(said)))
    assert len(figures) == 14
    assert [figure for figure in figures if figure not in sheet] == []


@pytest.mark.parametrize(
    ("take", "method", "sentence"),
    [
        (
            2.25,
            "footprint_upper_bound",
            "Emprise 2,25 ha, prise potentielle 2,25 ha d'ENAF : faute d'occupation du sol, ",
        ),
        (1.3, "land_cover", "Emprise 2,25 ha, prise potentielle 1,30 ha d'ENAF (d'après l'occupation du sol)."),
        (0.0, "land_cover", "Emprise 2,25 ha, aucune prise potentielle d'ENAF (d'après l'occupation du sol)."),
        (np.nan, "unknown", "Emprise 2,25 ha, prise potentielle d'ENAF non connue."),
    ],
)
def test_without_any_allowance_the_footprint_and_its_take_are_still_told(layers, shapes, take, method, sentence):
    tables = hub_tables(shapes, take=take)
    empty = dict.fromkeys(("allowance_ha", "consumed_ha", "remaining_before_ha", "remaining_after_ha"), np.nan)
    bare = changed(tables, "project_screening", footprint_ha=2.25, take_method=method, **empty)

    told = told_of(unread(layers), shapes, bare, TAKE)

    assert told.bars == []
    assert plain(told.sentences[0]).startswith(sentence)
    assert plain(told.sentences[1]).startswith("Les enveloppes manquent")


def test_the_take_of_a_footprint_is_that_of_all_its_communes(layers, shapes, tables):
    one = tables.project_screening.iloc[[0]]
    names = ["Volx", "Oraison", "Manosque", "Villeneuve"]
    rows = pd.concat([one.assign(zone_name=name, footprint_ha=2.25, take_in_zone_ha=0.25) for name in names])

    told = told_of(layers, shapes, type(tables)(**{**vars(tables), "project_screening": rows}), TAKE)

    assert "prise potentielle 1,00 ha" in plain(told.sentences[0])


def elsewhere(tables):
    """The same hub out of the territory: no commune, nothing counted, nothing known."""
    nobody = dict.fromkeys(("population", "households", "jobs", "crow_fly_population"), 0.0)
    nothing = dict.fromkeys(("artificialised_ha", "sealed_ha"), np.nan)
    moved = {}
    for name in ("catchments", "hub_stations"):
        moved[name] = getattr(tables, name).assign(commune_code=None, commune_name=None)
    moved["catchments"] = moved["catchments"].assign(outside_share=1.0, **nobody, **nothing)
    none = dict.fromkeys(("catchment_places", "catchment_land", "project_screening", "ridership"))
    return type(tables)(**{**vars(tables), **none, **moved})


def test_a_hub_out_of_the_territory_is_said_to_be_there_and_asks_for_no_file(layers, shapes, tables):
    page = hub_page(layers, elsewhere(tables), HUB, shapes=shapes)

    told = [*page.panels, *(one for scene in page.scenes for one in scene.panels)]
    said = plain(" ".join(text for one in told for text in (one.lead, *one.sentences, one.note)))
    assert "il faut" not in said
    assert "habitant" not in said
    assert page.panels[-1].rows[0] == ("Commune", "hors du territoire")
    assert plain(page.panels[0].sentences[0]) == "Le pôle est hors du territoire : aucune enveloppe n'y est suivie."
    reach, land = page.scenes[0].panels
    assert plain(reach.lead) == (
        "En 15 minutes à pied, tout ce que l'on atteint est hors du territoire : rien n'y est compté."
    )
    assert list(reach.grid.columns) == ["Surface (ha)", "Part du cercle"]
    assert reach.note == ""
    assert plain(land.sentences[0]) == "L'aire atteinte est hors du territoire : son sol n'est pas suivi."


def test_what_has_been_read_and_tells_nothing_here_is_not_asked_for(layers, shapes, tables):
    unknown = changed(tables, "catchments", artificialised_ha=np.nan, sealed_ha=np.nan)
    unknown.catchment_land = unknown.project_screening = None

    page = hub_page(layers, unknown, HUB, shapes=shapes)

    assert plain(page.panels[0].sentences[0]) == "Aucune enveloppe n'est connue à cet endroit."
    assert plain(page.scenes[0].panels[1].sentences[0]) == "L'occupation du sol ne décrit pas cette aire."


def with_footprints(layers, shapes):
    """The hub and two other projects, all of them footprints."""
    built = alternatives(shapes).iloc[:2].rename(index={"one": HUB})
    third = built.iloc[[1]].rename(index={"two": "three"}).assign(name="À l'est")
    rows = pd.concat([built, third])
    columns = [name for name in layers.projects.columns if name not in {"name", "scale", "geometry"}]
    told = layers.projects.reindex(rows.index)[columns].join(rows[["name", "scale", "geometry"]])
    return dataclasses.replace(layers, projects=gpd.GeoDataFrame(told, crs=2154))


def test_the_footprint_under_study_is_told_apart_from_the_others_and_lies_over_them(layers, shapes, tables):
    page = hub_page(with_footprints(layers, shapes), tables, HUB, shapes=shapes)

    drawn = [plain(one.label) for one in page.overlays]
    own, others = overlay(page, "Emprise étudiée"), overlay(page, "Autres emprises")
    assert "Emprise d'un projet" not in drawn
    assert drawn.index("Emprise étudiée") > drawn.index("Autres emprises")
    assert list(own.shapes.index) == [HUB]
    assert [plain(text) for _, text in (*own.legend, *others.legend)] == [
        *("Emprise étudiée", "Autres emprises : Au nord, À l'est")
    ]
    assert own.lines[0].colour != others.lines[0].colour
    assert own.lines[0].weight > 2 * others.lines[0].weight
    assert [line for line, _ in (*own.legend, *others.legend)] == [own.lines[0], others.lines[0]]


def test_a_map_without_other_footprints_has_no_layer_of_them(layers, shapes, tables):
    alone = with_footprints(layers, shapes)
    alone = dataclasses.replace(alone, projects=alone.projects.loc[[HUB]])

    drawn = [plain(one.label) for one in hub_page(alone, tables, HUB, shapes=shapes).overlays]

    assert "Emprise étudiée" in drawn
    assert "Autres emprises" not in drawn


def without_station(tables, name="Variante A (parking)"):
    lone = type(tables)(**vars(tables))
    for table in ("catchments", "hub_stations"):
        setattr(lone, table, getattr(tables, table).assign(station_name=None, station_uic=None, hub_name=name))
    near = {"project_id": HUB, "station_uic": "87751271", "station_name": "La Brillanne - Oraison", "station_m": 103.0}
    lone.project_distances, lone.ridership = pd.DataFrame([near]), None
    return lone


def test_the_mark_of_a_hub_without_a_station_has_the_hub_s_own_short_name(layers, shapes, tables):
    page = hub_page(layers, without_station(tables), HUB, shapes=shapes)

    assert overlay(page, "Pôle étudié").marks[0].shown == "Variante A"


def test_a_hub_without_a_station_is_told_the_nearest_one_under_a_heading_of_its_own(layers, shapes, tables):
    told = told_of(layers, shapes, without_station(tables), "Sa situation")

    assert told.rows[0] == ("Gare la plus proche", "La Brillanne - Oraison (à\u00a0100\u00a0m)")


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        (0.0, "Personne ne vit dans ce cercle."),
        (0.4, "Personne ne vit dans ce cercle."),
        (1.2, "Environ\u00a01\u00a0habitant vit dans ce cercle."),
        (340.0, "Environ\u00a0340\u00a0habitants vivent dans ce cercle."),
    ],
)
def test_nobody_and_one_person_in_a_circle_are_told_their_own_way(layers, shapes, tables, people, sentence):
    told = told_of(
        layers, shapes, changed(tables, "catchments", crow_fly_population=people), "Rejoindre le pôle à pied"
    )

    assert told.sentences[0].endswith(sentence)


@pytest.mark.parametrize("circle", [0.0, 1.0, 1690.0])
def test_what_is_near_a_footprint_is_no_circle(layers, shapes, tables, circle):
    built = changed(changed(tables, "hub_stations", scale="footprint"), "catchments", crow_fly_population=circle)

    page = hub_page(layers, built, HUB, shapes=shapes)

    told = [one for scene in page.scenes for one in scene.panels]
    said = [*(text for one in told for text in one.sentences), *(one.label for one in page.overlays)]
    said += [text for one in told if one.grid for text in one.grid.columns]
    said += [text for one in page.overlays if isinstance(one, Perimeters) for _, text in one.legend]
    assert [text for text in said if "ercle" in text] == []
    assert overlay(page, "À vol d'oiseau de l'emprise : 15 minutes à pied").shown
    assert plain(told[0].sentences[0]).startswith("En 15 minutes à pied, on atteint 66 % de ce que l'on atteindrait")


# --- the engine: views, panels, lines ------------------------------------------------------------------------------


def test_a_scene_that_shows_a_layer_which_the_page_has_not_is_refused():
    page = dataclasses.replace(six_page(), scenes=[Scene(label="Vue", overlays=["Parcs", "Lacs"])])

    with pytest.raises(ValueError, match="found Lacs"):
        page_model(page)


def test_a_focus_without_scenes_is_one_view_without_a_choice():
    west, south, east, north = square(0, 0).bounds
    model = page_model(dataclasses.replace(six_page(), focus=(west, south, east, north)))

    (scene,) = model["scenes"]
    assert scene["label"] == ""
    corners = gpd.GeoSeries.from_xy([p[1] for p in scene["focus"]], [p[0] for p in scene["focus"]], crs=4326)
    assert corners.to_crs(2154).x.tolist() == pytest.approx([west, east], abs=30)


def test_a_page_without_focus_has_no_scene_and_lists_its_layers_in_their_order():
    model = page_model(six_page())

    assert model["scenes"] == []
    assert model["listed"] == [0, 1, 2, 3]


def test_names_of_zones_stand_in_what_is_seen_of_them(layers, page):
    scene = page_model(page)["scenes"][0]
    (south, west), (north, east) = scene["focus"]
    named = {layers.communes["name"].iloc[zone]: at for zone, at in enumerate(scene["places"]) if at}

    assert {"La Brillanne", "Oraison"} <= set(named)
    assert len(named) < 10
    assert all(south < lat < north and west < lon < east for lat, lon in named.values())


def test_lines_are_joined_where_they_meet_and_written_as_steps():
    degrees = gpd.GeoSeries(
        [shapely.LineString([(6.0, 44.0), (6.001, 44.0)]), shapely.LineString([(6.001, 44.0), (6.001, 44.002)])],
        crs=4326,
    ).to_crs(2154)

    assert paths(degrees, 0.0) == [[600000, 4400000, 100, 0, 0, 200]]


def test_a_point_among_lines_is_left_out():
    touching = gpd.GeoSeries([shapely.Point(900_000, 6_300_000), None], crs=2154)

    assert paths(touching, 0.0) == []


def test_a_line_that_is_less_than_a_metre_long_is_left_out():
    short = gpd.GeoSeries([shapely.LineString([(900_000, 6_300_000), (900_000.05, 6_300_000)])], crs=2154)

    assert paths(short, 2.0) == []


# --- alternatives --------------------------------------------------------------------------------------------------


def alternatives(shapes) -> gpd.GeoDataFrame:
    x, y = shapes.origin.x, shapes.origin.y
    return gpd.GeoDataFrame(
        {"name": ["Côté bourg", "Au nord", "Sans lieu"], "scale": ["footprint", "footprint", "commune"]},
        geometry=[shapely.box(x - 220, y - 160, x - 60, y - 30), shapely.box(x + 40, y + 400, x + 240, y + 600), None],
        index=pd.Index(["one", "two", "three"], name="project_id"),
        crs=2154,
    )


def compared() -> pd.DataFrame:
    figures = {
        "footprint_ha": (2.08, 4.0, np.nan),
        "enaf_ha": (np.nan, np.nan, np.nan),
        "zoning_U_share": (0.7, 0.1, np.nan),
        "zoning_AU_share": (0.0, 0.0, np.nan),
        "zoning_CC_constructible_share": (0.2, 0.0, np.nan),
        "zoning_outside_share": (0.1, 0.9, np.nan),
        "station_m": (60.0, 1480.0, np.nan),
        "commune_remaining_before_ha": (4.8, 4.8, 4.8),
        "commune_draw_share": (0.125, 0.81, np.nan),
        "population_walk_15": (1034.0, 760.0, np.nan),
        "my_own_index": (1.5, 2.5, 3.5),
    }
    table = pd.DataFrame(figures, index=pd.Index(["one", "two", "three"], name="project_id")).T
    named = {code: {"commune": "La Brillanne"} for code in ("one", "two")}
    table.attrs = {"names": {}, "zones": named | {"three": {"commune": "Oraison"}}}
    return table


def in_epci() -> pd.DataFrame:
    """The same comparison, that names the intercommunality too."""
    table = compared()
    table.attrs["zones"] = {
        code: {**zones, "epci": "Durance-Luberon-Verdon Agglomération (DLVA)"}
        for code, zones in table.attrs["zones"].items()
    }
    return table


def six_alternatives(shapes):
    codes = [f"p{rank}" for rank in range(6)]
    table = pd.DataFrame(108.48, index=["footprint_ha", "epci_remaining_before_ha"], columns=codes)
    table.loc["population_bike_30"] = 10_812.0
    places = [shapes.origin.buffer(40 + 10 * rank) for rank in range(6)]
    return table, gpd.GeoDataFrame({"name": codes}, geometry=places, index=codes, crs=2154)


@pytest.fixture(scope="module")
def comparison(layers, shapes) -> Page:
    return comparison_page(compared(), alternatives(shapes), layers, shapes={"one": shapes})


def test_alternatives_have_a_letter_and_a_colour_each_on_the_map_and_in_the_table(comparison):
    marks = overlay(comparison, "Les variantes").marks
    drawn = overlay(comparison, "Emprises des variantes")

    assert [(mark.letter, mark.colour, mark.name) for mark in marks] == [
        ("A", COLOURS[0], "A – Côté bourg"),
        ("B", COLOURS[1], "B – Au nord"),
    ]
    assert [line.fill for line in drawn.lines] == list(COLOURS[:2])
    assert list(panel(comparison, "Leurs chiffres, côte à côte").grid.columns) == ["A", "B", "C"]


def test_figures_of_alternatives_are_labelled_in_french_and_the_unknown_rows_left_out(comparison):
    rows = panel(comparison, "Leurs chiffres, côte à côte").grid.rows

    assert [(row.label, *map(plain, row.cells)) for row in rows] == [
        ("Emprise", "2,08 ha", "4,00 ha", "–"),
        ("Part en zone U", "70 %", "10 %", "–"),
        ("Part en carte communale – ouverte à la construction", "20 %", "0 %", "–"),
        ("Part hors document d'urbanisme", "10 %", "90 %", "–"),
        ("Distance à la gare la plus proche", "60 m", "1,5 km", "–"),
        ("Reste avant (commune)", "4,80 ha", "4,80 ha", "4,80 ha"),
        ("Part prise sur ce reste (commune)", "12 %", "81 %", "–"),
        ("Habitants à\u00a015\u00a0min à pied", "1 030", "760", "–"),
        ("my_own_index", "1,50", "2,50", "3,50"),
    ]


def test_an_alternative_without_a_place_is_told_and_not_drawn(comparison):
    told = panel(comparison, "Les variantes")

    assert told.rows == [("A", "Côté bourg"), ("B", "Au nord"), ("C", "Sans lieu")]
    assert plain(told.sentences[0]) == "Sans emplacement connu, donc pas sur la carte : Sans lieu."


def test_the_zone_of_each_allowance_is_named_by_letter_where_they_differ(comparison):
    ((label, text),) = panel(comparison, "Leurs chiffres, côte à côte").rows

    assert (label, plain(text)) == ("Commune", "A : La Brillanne, B : La Brillanne, C : Oraison")


def test_the_comparison_says_that_takes_are_potential(comparison):
    assert "décret 2023-1096" in panel(comparison, "Leurs chiffres, côte à côte").sentences[-1]


def figures_panel(layers, projects, table=None) -> Panel:
    return comparison_page(compared() if table is None else table, projects, layers).panels[1]


def test_people_of_alternatives_are_said_to_be_estimates_of_a_year(layers, shapes):
    projects = alternatives(shapes)
    nobody = compared().drop(index="population_walk_15")

    assert plain(figures_panel(layers, projects).sentences[0]) == (
        "Habitants et emplois : estimations arrondies, réparties dans chaque commune (voir les fiches) ; "
        "population 2021, recensement 2021."
    )
    assert "estimations" not in " ".join(figures_panel(layers, projects, nobody).sentences)


def test_rows_that_are_known_of_no_alternative_are_said_in_one_line_with_what_they_need(layers, shapes):
    table = compared().drop(index=["population_walk_15"])
    table.loc[["zoning_U_share", "commune_remaining_before_ha"]] = np.nan

    told = figures_panel(unread(layers), alternatives(shapes), table)

    (line,) = [plain(text) for text in told.sentences if plain(text).startswith("Non connus")]
    assert line == (
        "Non connus : sols et ENAF de l'emprise (il faut une occupation du sol qui la couvre) ; "
        "zones U, AU, A et N (il faut le document d'urbanisme numérisé qui la couvre) ; "
        "enveloppe de la commune (il faut la consommation d'espaces du Cerema) ; "
        "habitants à portée (il faut une rue ou un chemin à proximité) ; "
        "emplois à portée (il faut un réseau de routes et le recensement)."
    )


def test_flows_that_have_been_read_are_not_asked_for_where_no_allowance_is_known(layers, shapes):
    table = compared()
    table.loc["commune_remaining_before_ha"] = np.nan

    told = " ".join(map(plain, figures_panel(layers, alternatives(shapes), table).sentences))

    assert "enveloppe de la commune (il faut un emplacement dans le territoire)" in told


def test_where_every_row_is_known_nothing_is_said_to_be_missing(layers, shapes):
    whole = compared().fillna(1.0)
    whole.loc["jobs_walk_15"] = 3.0

    assert "Non connus" not in " ".join(figures_panel(layers, alternatives(shapes), whole).sentences)


def test_the_commune_of_a_footprint_over_several_is_said_to_be_the_one_most_concerned(layers, shapes):
    border = layers.communes.geometry["04034"].intersection(layers.communes.geometry["04143"])
    spread = alternatives(shapes)
    spread.loc["one", "geometry"] = border.interpolate(0.5, normalized=True).buffer(100)
    table = compared()

    told = figures_panel(layers, spread, table)

    names = [row.label for row in told.grid.rows]
    assert "Reste avant (commune la plus concernée)" in names
    assert told.rows[0][0] == "Commune la plus concernée"
    alone = figures_panel(layers, alternatives(shapes))
    assert "Reste avant (commune)" in [row.label for row in alone.grid.rows]


def test_one_alternative_is_compared_with_none(layers, shapes):
    page = comparison_page(compared()[["one"]], alternatives(shapes), layers)

    assert plain(page.caption.title) == "La variante A"
    assert [one.heading for one in page.panels] == ["La variante", "Ses chiffres"]


def test_the_comparison_looks_at_the_alternatives_and_their_catchments(comparison, shapes):
    seen = shapely.box(*comparison.focus)

    assert seen.contains(shapes.areas.geometry[("walk", 15)])
    assert seen.contains(alternatives(shapes).geometry["two"])
    assert not seen.contains(shapes.areas.geometry[("bike", 15)])


def test_alternatives_that_are_no_project_or_too_many_are_refused(layers, shapes):
    projects = alternatives(shapes)

    with pytest.raises(ValueError, match="'elsewhere'"):
        comparison_page(compared().rename(columns={"one": "elsewhere"}), projects, layers)
    many = pd.DataFrame(1.0, index=["footprint_ha"], columns=[f"p{rank}" for rank in range(7)])
    everywhere = gpd.GeoDataFrame(
        {"name": list(many.columns)}, geometry=[shapes.origin] * 7, index=list(many.columns), crs=2154
    )
    with pytest.raises(ValueError, match="found 7 columns"):
        comparison_page(many, everywhere, layers)


# --- on paper ------------------------------------------------------------------------------------------------------


def test_the_sheet_drawn_without_a_browser_shows_the_neighbourhood_and_its_figures(layers, shapes, tables, tmp_path):
    file = map_pdf(hub_map(layers, tables, HUB, shapes=shapes), tmp_path / "hub.pdf")

    text = plain(pypdf.PdfReader(file).pages[0].extract_text())
    scale = int(re.search(r"au 1:([\d ]+) sur une feuille", text)[1].replace(" ", ""))
    # 2,4 km of circle and its margin over 222 mm at most.
    assert 10_000 < scale < 16_000
    assert "environ 1 030 habitants peuvent rejoindre le pôle" in text
    assert "15 min – Habitants : 1 030, Ménages : 460" in text
    assert "prise potentielle du projet : 1,30 ha" in text
    # In the table, and on the map.
    assert len(re.findall(r"10 min\b", text)) == 2
    for name in ("Oraison", "Rues et chemins à 15 minutes de marche", "décret 2023-1096"):
        assert name in text
    assert "Digne" not in text


def test_letters_of_alternatives_are_on_the_sheet_drawn_without_a_browser(layers, shapes, tmp_path):
    file = map_pdf(comparison_map(compared(), alternatives(shapes), layers), tmp_path / "comparison.pdf")

    text = plain(pypdf.PdfReader(file).pages[0].extract_text())
    assert "A – Côté bourg" in text
    assert "Emprise – A : 2,08 ha, B : 4,00 ha, C : –" in text


# --- in the browser ------------------------------------------------------------------------------------------------


def hostile_hub() -> Page:
    """A page of views and panels every text of which is code for Python, for JavaScript and for the browser."""
    line = Line(colour="#2b2b2b", fill="#08519c")
    shapes = gpd.GeoDataFrame({"name": [EVIL]}, geometry=[square(0, 0, 2, 2)], crs=2154)
    street = gpd.GeoSeries([shapely.LineString(square(0, 0).exterior.coords[:3])], crs=2154)
    lon, lat = gpd.GeoSeries([square(0, 0).centroid], crs=2154).to_crs(4326).get_coordinates().iloc[0]
    told = Panel(
        heading=EVIL,
        lead=EVIL,
        grid=Grid(corner=EVIL, columns=[EVIL], rows=[GridRow(label=EVIL, cells=[EVIL], key=line)], caption=EVIL),
        bars=[Bar(label=EVIL, parts=[Part(label=EVIL, amount=1, colour="#c9553f")])],
        rows=[(EVIL, EVIL)],
        sentences=[EVIL],
        note=EVIL,
    )
    overlays = [
        Perimeters(
            label=EVIL,
            shapes=shapes,
            lines=[line],
            legend=[(line, EVIL)],
            fill="own",
            shown=True,
            tags=[Tag(text=EVIL, lon=lon, lat=lat)],
        ),
        Lines(label=f"{EVIL}2", shapes=street, line=line, legend=EVIL, shown=True),
        Places(
            label=f"{EVIL}3",
            marks=[Mark(name=EVIL, lon=lon, lat=lat, sign="letter", letter=EVIL, colour="#c9553f", shown=EVIL)],
            legend={},
        ),
    ]
    return Page(
        zones=six_zones((EVIL,) * 6),
        caption=Caption(title=EVIL, notice=EVIL, sources=[EVIL], zone_kind=EVIL),
        overlays=overlays,
        panels=[told],
        scenes=[
            Scene(label=EVIL, overlays=[EVIL], panels=[told], focus=square(0, 0).bounds),
            Scene(label=f"{EVIL}2", overlays=[f"{EVIL}2"]),
        ],
        simplify_m=0,
    )


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def file_of(tmp_path_factory, layers, shapes, tables):
    folder = tmp_path_factory.mktemp("hubs")
    makers = {
        "hub": lambda: hub_map(layers, tables, HUB, shapes=shapes),
        "comparison": lambda: comparison_map(in_epci(), alternatives(shapes), layers, shapes={"one": shapes}),
        "hostile": lambda: page_map(hostile_hub()),
        "crowded": lambda: page_map(crowded_page(shapes, layers, tables)),
        "six": lambda: comparison_map(*six_alternatives(shapes), layers),
    }

    @cache
    def saved(name):
        return save_standalone(makers[name](), folder / f"{name}.html")

    return saved


@pytest.fixture
def look(browser, file_of):
    """Open one of the pages; when it is closed, it must have logged nothing and asked for nothing."""

    @contextmanager
    def open_page(name="hub", **options):
        with opened(browser, file_of(name), **options) as seen:
            yield seen.page
            assert seen.told == []

    return open_page


def texts(page, selector):
    return [plain(text) for text in page.locator(selector).all_inner_texts()]


def legend_rows(page):
    return texts(page, ".hp-legend .hp-keys li")


def unfold(page):
    for part in page.locator("details.hp-more").all():
        if part.get_attribute("open") is None:
            part.locator("summary").click()


def metres_across(page):
    """Length of the map's own scale bar, in metres a pixel."""
    bar = page.locator(".leaflet-control-scale-line")
    number, unit = plain(bar.inner_text()).split(" ")
    return float(number) * (1000 if unit == "km" else 1) / bar.bounding_box()["width"]


@pytest.mark.browser
@SIZES
@pytest.mark.parametrize("name", ["hub", "comparison"])
def test_the_page_opens_without_network_without_a_word_and_without_overflow(look, name, size):
    with look(name, size=size) as page:
        assert page.locator("h1").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        unfold(page)
        assert page.evaluate(
            "document.querySelector('.hp-panel').scrollWidth <= document.querySelector('.hp-panel').clientWidth"
        )


@pytest.mark.browser
@SIZES
@pytest.mark.parametrize("name", ["hub", "comparison"])
def test_an_audit_finds_no_serious_fault_of_accessibility(look, name, size):
    with look(name, size=size, axe=True) as page:
        unfold(page)

        assert axe_violations(page) == []


@pytest.mark.browser
@SIZES
def test_the_page_opens_on_the_circle_of_the_longest_walk(look, size):
    with look(size=size) as page:
        box = page.locator(".folium-map").bounding_box()
        across = metres_across(page) * min(box["width"], box["height"])

        assert 2400 < across < 2400 * 1.5
        assert page.get_by_role("button", name="À pied").get_attribute("aria-pressed") == "true"
        assert {"5 min", "10 min", "15 min", "Oraison"} <= set(texts(page, ".hp-name"))


@pytest.mark.browser
def test_another_mode_is_chosen_by_keyboard_with_its_layers_its_figures_and_its_view(look):
    with look() as page:
        before = metres_across(page)
        page.get_by_role("button", name="À vélo").focus()
        page.keyboard.press("Enter")

        assert [button.get_attribute("aria-pressed") for button in page.locator(".hp-scenes button").all()] == [
            "false",
            "true",
        ]
        assert metres_across(page) > 4 * before
        assert texts(page, ".hp-panels h2")[0] == "Rejoindre le pôle à vélo"
        rows = legend_rows(page)
        assert rows[:3] == ["À vélo, 15 minutes", "À vélo, 30 minutes", "Cercle à vol d'oiseau de 30 minutes à vélo"]
        assert not any("pied" in row for row in rows)
        assert page.get_by_label("À vélo : 15 et 30 minutes").is_checked()
        assert not page.get_by_label("À pied : 5, 10 et 15 minutes").is_checked()


@pytest.mark.browser
def test_what_all_views_share_stays_as_the_reader_has_set_it(look):
    with look() as page:
        page.get_by_label("Occupation du sol à 15 minutes de marche").check()
        page.get_by_label("Parcs naturels régionaux").uncheck()
        for name in reversed(BUTTONS):
            page.get_by_role("button", name=name).click()

        assert page.get_by_label("Occupation du sol à 15 minutes de marche").is_checked()
        assert not page.get_by_label("Parcs naturels régionaux").is_checked()
        assert legend_rows(page)[0] == "À pied, 5 minutes"
        assert "Formations herbacées" in legend_rows(page)


@pytest.mark.browser
def test_other_circles_are_ticked_one_layer_a_mode(look):
    with look() as page:
        count = page.locator(".leaflet-hp-hatch-pane path").count()
        page.get_by_label("Autres cercles à vol d'oiseau à pied : 5 et 10 minutes").check()

        assert page.locator(".leaflet-hp-hatch-pane path").count() == count + 2
        assert "Autres cercles à vol d'oiseau à pied : 5 et 10 minutes" in legend_rows(page)


@pytest.mark.browser
def test_a_layer_lies_over_those_before_it_in_whatever_order_they_are_ticked(look):
    with look() as page:
        walk = page.get_by_label("À pied : 5, 10 et 15 minutes")
        walk.uncheck()
        walk.check()

        paints = page.locator(".leaflet-hp-hatch-pane path").evaluate_all(
            "paths => paths.map((one) => one.getAttribute('fill') + ' ' + one.getAttribute('stroke-dasharray'))"
        )
        filled = [rank for rank, paint in enumerate(paints) if paint.startswith("#")]
        assert [paints[rank].split()[0] for rank in filled] == ["#9ecae1", "#4292c6", "#08519c"]
        assert paints.index("none 8 6") > max(filled)


@pytest.mark.browser
def test_the_whole_territory_is_still_shown_and_one_comes_back_to_the_hub(look):
    with look() as page:
        near = metres_across(page)
        page.get_by_role("button", name="Vue d'ensemble").click()
        far = metres_across(page)
        page.get_by_role("button", name="Recentrer la carte").click()

        assert far > 10 * near
        assert metres_across(page) == pytest.approx(near, rel=0.02)


@pytest.mark.browser
def test_a_card_opens_on_a_click_and_not_under_the_mouse(look):
    with look() as page:
        zone = page.locator('path[role="button"][aria-label^="Oraison"]')
        zone.dispatch_event("mouseover")
        hidden = page.locator(".hp-card").is_hidden()
        zone.focus()
        page.keyboard.press("Enter")

        assert hidden
        assert "environ 100 hab. à portée" in plain(page.locator(".hp-card").inner_text())
        page.keyboard.press("Escape")
        assert page.locator(".hp-card").is_hidden()


@pytest.mark.browser
def test_a_page_of_one_place_has_no_table_of_zones(look):
    with look() as page:
        assert page.get_by_role("button", name="Tableau").count() == 0
        assert page.get_by_role("button", name="Imprimer").is_visible()


@pytest.mark.browser
def test_bars_are_as_long_as_their_amounts(look):
    with look() as page:
        bar = page.locator(".hp-bar-of").filter(has_text="La Brillanne (commune)").locator(".hp-parts rect")

        widths = [
            float(width.rstrip("%")) for width in bar.evaluate_all("rects => rects.map((r) => r.getAttribute('width'))")
        ]
        assert widths == pytest.approx([40, 16.25, 43.75])


@pytest.mark.browser
def test_on_paper_the_map_is_as_seen_beside_all_figures_on_one_sheet(look, tmp_path):
    with look() as page:
        page.get_by_role("button", name="À vélo").click()
        page.pdf(path=tmp_path / "hub.pdf", prefer_css_page_size=True)
        box = page.evaluate(
            "(() => { const s = document.querySelector('.hp-paper'); s.classList.add('hp-measured');"
            " const b = s.querySelector('.hp-side'); return [b.scrollHeight, b.clientHeight]; })()"
        )

    reader = pypdf.PdfReader(tmp_path / "hub.pdf")
    text = plain(reader.pages[0].extract_text())
    assert len(reader.pages) == 1
    assert [round(float(side) / 72 * 25.4) for side in reader.pages[0].mediabox[2:]] == [420, 297]
    assert box[0] <= box[1]
    for told in ("Rejoindre le pôle à vélo", "5 210", "prise potentielle du projet", "ne qualifie aucun projet isolé"):
        assert told in text
    assert "30 min" in text
    assert "Légende" in text


@pytest.mark.browser
def test_letters_of_alternatives_are_signs_on_the_map_and_in_the_legend(look):
    with look("comparison") as page:
        rows = page.locator(".hp-legend .hp-keys li span").all_text_contents()

        assert page.locator(".hp-sign svg text").all_text_contents() == ["A", "B"]
        assert {"A – Côté bourg", "B – Au nord", "Emprise de A", "A, 15\u00a0minutes à pied"} <= set(rows)


def crowded_page(shapes, layers, tables):
    """The hub with a station just south of it, where both marks are seen at once."""
    page = hub_page(layers, tables, HUB, shapes=shapes)
    lon, lat = shapes.degrees()
    near = Mark(name="Gare", lon=lon, lat=lat - 0.0002, sign="station")
    places = Places(label="Gares d'à côté", marks=[near], legend={"station": "Gare"})
    return dataclasses.replace(page, overlays=[*page.overlays[:-1], places, page.overlays[-1]])


@pytest.mark.browser
@SIZES
def test_the_mark_of_the_hub_lies_over_that_of_a_station_south_of_it(look, size):
    with look("crowded", size=size) as page:
        page.locator('.leaflet-marker-icon[aria-label="Gare"]').wait_for()
        on_top = page.evaluate(
            "(() => { const mark = document.querySelector('.leaflet-marker-icon[aria-label*=\"La Brillanne\"]');"
            " const b = mark.getBoundingClientRect();"
            " const at = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);"
            " return at.closest('.leaflet-marker-icon').getAttribute('aria-label'); })()"
        )

    assert on_top.startswith("Pôle multimodal de La Brillanne")


@pytest.mark.browser
def test_the_sign_of_another_hub_is_hollow_in_the_legend_as_on_the_map(look):
    with look() as page:
        keys = page.locator(".hp-legend .hp-keys li")
        fills = {
            plain(row.text_content()): row.locator("svg path").get_attribute("fill")
            for row in keys.all()
            if row.locator("svg path").count()
        }

        assert fills["Pôle étudié"] == "#b3001b"
        assert fills["Autre pôle multimodal (projet à une gare)"] == "#fff"


@pytest.mark.browser
def test_no_word_of_what_is_told_is_cut_on_paper(look):
    with look("comparison") as page:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")

        narrow = page.evaluate(
            "(() => [...document.querySelectorAll('.hp-paper dl dt')].filter((one) => {"
            " const word = document.createElement('span'); word.style.whiteSpace = 'nowrap';"
            " word.textContent = one.textContent.split(' ').sort((a, b) => b.length - a.length)[0];"
            " const width = one.getBoundingClientRect().width; one.append(word);"
            " const needed = word.getBoundingClientRect().width; word.remove(); return needed > width + 1; })"
            ".map((one) => one.textContent))()"
        )

        assert "Intercommunalité" in texts(page, ".hp-paper dl dt")
        assert narrow == []


@pytest.mark.browser
def test_six_alternatives_fit_in_the_panel(look):
    with look("six") as page:
        unfold(page)

        assert page.locator(".hp-grid tbody tr").first.locator("td").count() == 6
        assert page.evaluate(
            "document.querySelector('.hp-panel').scrollWidth <= document.querySelector('.hp-panel').clientWidth"
        )


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "without"])
def test_texts_of_panels_scenes_and_layers_stay_texts(browser, file_of, tmp_path, policy):
    file = file_of("hostile") if policy else without_policy(file_of("hostile"), tmp_path / "bare.html")
    with opened(browser, file) as seen:
        page = seen.page
        page.locator(".hp-scenes button").nth(1).click()
        page.locator(".hp-scenes button").nth(0).click()

        assert page.title() != "owned"
        assert EVIL.split("{{")[0] in page.locator(".hp-lead").first.text_content()
        assert page.locator(".hp-panels h2").first.text_content() == EVIL
        assert page.locator("img, .hp-panels style, .hp-scenes style, main style").count() == 0
        assert seen.told == []


def test_the_other_hub_is_told_apart_from_the_one_of_the_page(layers, shapes, tables):
    sites = next(
        one for one in hub_page(layers, tables, HUB, shapes=shapes).overlays if one.label == "Projets localisés"
    )

    assert sites.legend["other_hub"].startswith("Autre pôle")
    assert "hub" not in {*sites.legend, *(mark.sign for mark in sites.marks)}
    assert OTHER in layers.projects.index
    assert paper.SIGNS["other_hub"] != paper.SIGNS["hub"]
