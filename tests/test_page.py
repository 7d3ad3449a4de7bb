"""What a reader does with a map, in a real browser, without network: by mouse, by keyboard, by touch, on paper."""

import gzip
import io
import math
import re
import shutil
import subprocess
from contextlib import contextmanager
from functools import cache

import geopandas as gpd
import numpy as np
import pypdf
import pytest
from browser import PHONE, PROJECTOR, axe_violations, chromium, opened, without_policy
from pages import CONSUMED, EVIL, NAMES, SHARES, hostile_page, six_page
from published import sample

from hp_sig import format_quantity, save_standalone
from hp_sig.maps.engine import page_map
from hp_sig.maps.territory_map import figures_map, project_map, territory_map

pytestmark = pytest.mark.browser

SIZES = [PROJECTOR, PHONE]
MAPS = ["territory", "figures", "projects"]
HATCH = "url(#hp-none)"


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def file_of(tmp_path_factory):
    """Save the page of the six squares, the same with hostile texts, or one of the three maps of the sample; once."""
    folder = tmp_path_factory.mktemp("pages")

    makers = {
        "squares": lambda: page_map(six_page()),
        "hostile": lambda: page_map(hostile_page()),
        "territory": lambda: territory_map(*sample()),
        "figures": lambda: figures_map(*sample()),
        "projects": lambda: project_map(*sample()),
    }

    @cache
    def saved(name):
        return save_standalone(makers[name](), folder / f"{name}.html")

    return saved


@pytest.fixture
def look(browser, file_of):
    """Open one of the pages; when it is closed, it must have logged nothing and asked for nothing."""

    @contextmanager
    def open_page(name="squares", **options):
        with opened(browser, file_of(name), **options) as seen:
            yield seen.page
            assert seen.told == []

    return open_page


# --- what is read off a page ---------------------------------------------------------------------------------------


def zone(page, name):
    """The zone of that name on the map."""
    return page.locator(f'path[role="button"][aria-label^="{name}"]')


def centre(page, name):
    box = zone(page, name).bounding_box()
    return box["x"] + 0.5 * box["width"], box["y"] + 0.7 * box["height"]


def hover(page, name):
    page.mouse.move(*centre(page, name))


def click(page, name):
    page.mouse.click(*centre(page, name))


def card(page):
    return page.locator(".hp-card")


def text_of(locator):
    """The text, no-break spaces being spaces."""
    return re.sub(r"\s+", " ", " ".join(locator.all_inner_texts()))


def title_of(page):
    return text_of(card(page).locator("h2"))


def legend(page, rank=0):
    """Rows of the legend: wording → number of zones, as written; those of the layers are in the second list."""
    rows = page.locator(".hp-legend .hp-keys").nth(rank).locator("li")
    return {
        text_of(rows.nth(rank).locator("span").first): text_of(rows.nth(rank).locator(".hp-count"))
        for rank in range(rows.count())
    }


def attribute(page, name, which):
    return zone(page, name).get_attribute(which)


def focused(page):
    return page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.id || ''")


def focused_zone(page):
    return focused(page).split(",")[0]


def column(page, rank):
    """The cells of a column of the table, from top to bottom."""
    return [
        re.sub(r"\s+", " ", text) for text in page.locator(f".hp-table tbody tr > :nth-child({rank})").all_inner_texts()
    ]


def choose(page, label):
    page.get_by_label("Indicateur").select_option(label=label)


def year(page, text):
    """Take the slider to a year by arrow keys."""
    slider = page.get_by_role("slider", name="Année")
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(("2019", "2020", "2021").index(text)):
        page.keyboard.press("ArrowRight")


# --- opening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*MAPS, "squares", "hostile"])
def test_a_page_opens_without_network_and_nothing_overflows_sideways(look, name, size):
    with look(name, size=size) as page:
        page.wait_for_selector("body.hp-ready")
        widths = page.evaluate(
            "[document.documentElement, document.body, document.querySelector('.hp-panel')]"
            ".map((part) => part.scrollWidth - part.clientWidth)"
        )
        drawn = page.locator('path[role="button"]').count()
        map_box = page.locator(".folium-map").bounding_box()

        assert widths == [0, 0, 0]
        assert drawn == (6 if name in {"squares", "hostile"} else 51)
        assert map_box["height"] >= 300
        assert map_box["width"] == pytest.approx(size[0] - (370 if size == PROJECTOR else 0), abs=1)
        assert page.locator("h1").is_visible()
        assert page.get_by_role("button", name="Agrandir").is_visible()
        assert page.get_by_role("button", name="Imprimer").is_visible()
        assert page.locator(".hp-legend").is_visible() is (size == PROJECTOR)
        assert page.locator("html").get_attribute("lang") == "fr"


def test_on_a_phone_the_legend_is_one_touch_away(look):
    with look(size=PHONE) as page:
        page.locator("summary").tap()

        assert legend(page)["0,00"] == "1 commune"


def test_the_whole_territory_is_in_view_and_comes_back(look):
    inside = """() => {
        const frame = document.querySelector('.folium-map').getBoundingClientRect();
        return [...document.querySelectorAll('path[role=button]')].every((path) => {
            const box = path.getBoundingClientRect();
            const aside = box.left >= frame.left && box.right <= frame.right;
            return aside && box.top >= frame.top && box.bottom <= frame.bottom;
        });
    }"""
    with look() as page:
        first = page.evaluate(inside)
        for _ in range(2):
            page.get_by_role("button", name="Agrandir").click()
            page.wait_for_timeout(400)
        closer = page.evaluate(inside)
        page.get_by_role("button", name="Vue d'ensemble").click()

        assert (first, closer, page.evaluate(inside)) == (True, False, True)


# --- themes, years, classes -----------------------------------------------------------------------------------------


def test_the_legend_tells_all_that_a_figure_needs_to_be_read(look):
    with look() as page:
        year(page, "2019")
        told = text_of(page.locator(".hp-legend"))

        assert told.startswith("Consommation d'ENAF (ha) – 2019")
        for text in (
            "Création ou extension effective d'espaces urbanisés",
            "Classes d'effectifs égaux (quantiles).",
            "Source : Cerema, fichiers fonciers, millésime 2020",
        ):
            assert text in told


def test_the_classes_are_the_same_for_all_years_and_the_zones_of_each_are_counted(look):
    expected = {}
    with look() as page:
        for rank, one in enumerate(("2019", "2020", "2021")):
            year(page, one)
            rows = legend(page)
            expected[one] = {label: count for label, count in rows.items() if label[0].isdigit() or label[0] == "p"}
            absent = sum(math.isnan(figures[rank]) for figures in CONSUMED)
            counts = [
                int(count.split()[0]) for label, count in rows.items() if "mêlés" not in label and "hors" not in label
            ]

            assert sum(counts) == 6
            assert rows.get("donnée absente") == ("1 commune" if absent else None)

    assert len({tuple(rows) for rows in expected.values()}) == 1
    # 0, then the 13 figures over it: up to the seventh, and above.
    assert expected["2019"] == {
        "0,00": "1 commune",
        "plus de 0,00 à 7,00": "2 communes",
        "plus de 7,00 à 1 234,50": "2 communes",
    }


def test_a_zero_is_drawn_and_told_as_zero_and_what_is_not_known_is_hatched(look):
    with look() as page:
        year(page, "2019")
        hover(page, "Éguilles")
        zero = text_of(card(page).locator(".hp-now b"))
        hover(page, "Digne")

        assert zero == "0,00 ha"
        assert text_of(card(page).locator(".hp-now b")) == "donnée absente"
        assert attribute(page, "Digne", "fill") == HATCH
        assert attribute(page, "Éguilles", "fill") == "#ffffff"
        assert page.locator(".hp-legend li", has_text="donnée absente").locator("rect").get_attribute("fill") == HATCH
        assert page.locator("#hp-none rect").count() == 2


def test_the_selector_restyles_the_map_and_the_legend(look):
    with look() as page:
        before = [attribute(page, name, "fill") for name in NAMES]
        choose(page, "Part imperméabilisée (%)")
        after = [attribute(page, name, "fill") for name in NAMES]

        assert page.locator("optgroup").evaluate_all("all => all.map((one) => one.label)") == [
            "Foncier",
            "Sols",
            "Zonages",
        ]
        assert before != after
        assert after[0] == after[1] != after[2] == after[3] != after[4] == after[5]
        assert text_of(page.locator(".hp-legend h2")) == "Part imperméabilisée (%)"
        assert legend(page) == {
            "25,00 ou moins": "2 communes",
            "plus de 25,00 à 45,00": "2 communes",
            "plus de 45,00": "2 communes",
        }
        assert "Classes aux seuils fixés." in text_of(page.locator(".hp-legend"))
        assert "Source : IGN, OCS GE, millésime 2018" in text_of(page.locator(".hp-legend"))
        assert page.get_by_role("slider", name="Année").is_hidden()


def test_the_keys_of_the_legend_have_the_colours_of_the_map(look):
    with look() as page:
        year(page, "2020")
        keys = page.locator(".hp-legend rect").evaluate_all("all => all.map((one) => one.getAttribute('fill'))")
        fills = [attribute(page, name, "fill") for name in NAMES]

        # 0; 2, 5, 7; 10, 13: in the classes of 0, up to 7, and above.
        assert fills == [keys[rank] for rank in (0, 1, 1, 1, 2, 2)]


def test_sets_of_zones_are_coloured_named_and_counted_at_each_date(look):
    with look() as page:
        choose(page, "Intercommunalités")
        now = legend(page)
        names = page.locator(".hp-set").all_inner_texts()
        page.get_by_role("slider", name="Année").press("ArrowLeft")

        assert now == {"Ouest (3 communes)": "", "Est (3 communes)": ""}
        assert sorted(names) == ["Est", "Ouest"]
        assert legend(page) == {"Ouest (4 communes)": "", "Est (1 commune)": "", "hors de tout ensemble": "1 commune"}
        assert attribute(page, "Céreste", "fill") == "#f6d58a"
        assert attribute(page, "Forcalquier", "fill") == "#ffffff"


def test_the_year_is_chosen_by_mouse_and_by_arrow_keys(look):
    with look() as page:
        slider = page.get_by_role("slider", name="Année")
        first = page.locator("output").inner_text()
        box = slider.bounding_box()
        page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
        by_mouse = page.locator("output").inner_text()
        page.keyboard.press("ArrowLeft")

        assert (first, by_mouse, page.locator("output").inner_text()) == ("2021", "2020", "2019")
        assert slider.get_attribute("aria-valuetext") == "2019"
        assert "2019" in text_of(page.locator(".hp-legend h2"))
        assert attribute(page, "Forcalquier", "aria-label") == "Forcalquier, 1\u202f234,50\u00a0ha"


def test_the_years_play_by_themselves_and_stop(look):
    shown = []
    with look() as page:
        page.clock.install()
        page.get_by_role("button", name="Faire défiler les années").click()
        shown.append(page.locator("output").inner_text())
        page.clock.run_for(1100)
        shown.append(page.locator("output").inner_text())
        page.get_by_role("button", name="Arrêter le défilement").click()
        page.clock.run_for(3000)
        shown.append(page.locator("output").inner_text())
        page.get_by_role("button", name="Faire défiler les années").click()
        page.clock.run_for(1100)
        shown.append(page.locator("output").inner_text())

        # From the last year it starts again; it stops at the last one.
        assert shown == ["2019", "2020", "2020", "2021"]
        assert page.get_by_role("button", name="Faire défiler les années").is_visible()


def test_a_provisional_year_and_mixed_editions_are_told_above_the_classes(look):
    with look() as page:
        last = page.locator(".hp-legend .hp-flag").all_inner_texts()
        year(page, "2020")

        assert last == [
            "Provisoire\u00a0: la dernière année comptée sera révisée.",
            "Millésimes différents selon les zones\u00a0: 2020, 2021.",
        ]
        assert page.locator(".hp-legend .hp-flag").count() == 0


def test_a_zone_whose_figure_needs_a_warning_has_a_broken_limit_and_the_legend_tells_why(look):
    with look() as page:
        broken = {}
        told = {}
        for one in ("2019", "2020", "2021"):
            year(page, one)
            broken[one] = [name for name in NAMES if attribute(page, name, "stroke-dasharray")]
            told[one] = {label: count for label, count in legend(page).items() if "mêlés" in label or "partie" in label}

        assert broken == {"2019": [], "2020": ["Esparron"], "2021": ["Bras"]}
        assert told == {
            "2019": {},
            "2020": {"zone en partie hors du territoire": "1 commune"},
            "2021": {"millésimes mêlés": "1 commune"},
        }
        key = page.locator(".hp-legend li", has_text="millésimes mêlés").locator("rect")
        assert key.get_attribute("stroke-dasharray")


# --- the card --------------------------------------------------------------------------------------------------------


def test_the_card_tells_every_indicator_with_its_year_marks_source_and_edition(look):
    with look() as page:
        hover(page, "Bras")
        told = text_of(card(page))

        assert title_of(page) == "Bras 04002"
        assert "Consommation d'ENAF – 2021 3,00 ha provisoire, millésimes mêlés" in told
        assert "Consommation d'ENAF – 2021, provisoire, millésimes mêlés 3,00 ha" in told
        assert "Cerema, fichiers fonciers, millésime 2020" in told
        assert "Part imperméabilisée 20,00 %" in told
        assert "IGN, OCS GE, millésime 2018" in told
        assert "Superficie géométrique 100 ha" in told
        assert "Intercommunalité Ouest" in told
        hover(page, "Esparron")
        assert "Cerema, fichiers fonciers, millésime 2021" in text_of(card(page))
        assert "mêlés" not in text_of(card(page))


def test_the_card_follows_the_mouse_on_the_side_where_the_zone_is_not(look):
    with look() as page:
        sides = []
        for name in ("Éguilles", "Céreste"):
            hover(page, name)
            box = card(page).bounding_box()
            sides.append((title_of(page).split()[0], box["x"] > 455))
        page.mouse.move(5, 400)

        assert sides == [("Éguilles", True), ("Céreste", False)]
        assert card(page).is_hidden()


def test_a_click_holds_the_card_until_it_is_closed(look):
    with look() as page:
        hover(page, "Bras")
        loose = card(page).get_by_role("button").is_visible()
        click(page, "Bras")
        hover(page, "Digne")
        held = title_of(page)
        card(page).get_by_role("button", name="Fermer la fiche").click()
        closed = card(page).is_hidden()
        hover(page, "Esparron")

        assert (loose, held, closed) == (False, "Bras 04002", True)
        assert title_of(page) == "Esparron 04005"


@pytest.mark.parametrize("way", ["same zone", "outside", "Escape"])
def test_a_held_card_is_let_go_by(look, way):
    with look() as page:
        click(page, "Bras")
        page.mouse.move(5, 400)
        held = card(page).is_visible()
        if way == "same zone":
            click(page, "Bras")
        elif way == "outside":
            page.mouse.click(100, 790)
        else:
            page.get_by_label("Indicateur").focus()
            page.keyboard.press("Escape")
        page.mouse.move(5, 400)

        assert held
        assert card(page).is_hidden()


def test_the_held_card_follows_the_theme_and_the_year(look):
    with look() as page:
        click(page, "Bras")
        year(page, "2019")
        old = text_of(card(page).locator(".hp-now"))
        choose(page, "Part imperméabilisée (%)")

        assert old == "Consommation d'ENAF – 2019 1,00 ha"
        assert text_of(card(page).locator(".hp-now")) == "Part imperméabilisée 20,00 %"


def test_tab_reaches_the_zones_once_and_the_arrows_go_to_the_neighbour_on_that_side(look):
    with look() as page:
        stops = []
        for _ in range(40):
            page.keyboard.press("Tab")
            stops.append(page.evaluate("document.activeElement.matches('path[role=button]')"))
            if page.evaluate("document.activeElement === document.body"):
                break
        zone(page, "Éguilles").focus()
        walked = []
        for key in ("ArrowRight", "ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowDown", "End", "Home"):
            page.keyboard.press(key)
            walked.append(focused_zone(page))
        page.keyboard.press("ArrowRight")
        back = page.locator('path[tabindex="0"]').evaluate_all("all => all.map((one) => one.ariaLabel.split(',')[0])")

        assert sum(stops) == 1
        # Below Bras there is nothing: the focus stays.
        assert walked == ["Bras", "Esparron", "Forcalquier", "Céreste", "Bras", "Bras", "Forcalquier", "Éguilles"]
        # Tab comes back to the zone that was left.
        assert back == ["Bras"]
        assert title_of(page) == "Bras 04002"


def test_the_card_is_held_read_and_closed_by_keyboard(look):
    with look() as page:
        zone(page, "Bras").focus()
        page.keyboard.press("Enter")
        held = page.evaluate("document.body.classList.contains('hp-pinned')")
        page.keyboard.press("ArrowUp")
        still = title_of(page)
        card(page).get_by_role("button").focus()
        page.keyboard.press("Enter")

        assert (held, still) == (True, "Bras 04002")
        assert card(page).is_hidden()
        assert focused_zone(page) == "Bras"


def test_the_focus_is_seen_on_the_map(look):
    with look() as page:
        page.get_by_role("button", name="Vue d'ensemble").focus()
        zone(page, "Éguilles").focus()
        page.keyboard.press("ArrowRight")

        assert zone(page, "Bras").evaluate("path => getComputedStyle(path).strokeWidth") == "5px"
        assert zone(page, "Digne").evaluate("path => getComputedStyle(path).strokeWidth") == "0.8px"


def test_a_touch_opens_the_card_at_the_foot_of_a_phone_and_it_can_be_closed(look):
    with look(size=PHONE) as page:
        before = card(page).is_visible()
        box = zone(page, "Bras").bounding_box()
        page.touchscreen.tap(box["x"] + 0.5 * box["width"], box["y"] + 0.3 * box["height"])
        foot = card(page).bounding_box()
        title = title_of(page)
        card(page).get_by_role("button", name="Fermer la fiche").tap()

        assert before is False
        assert title == "Bras 04002"
        assert foot["y"] + foot["height"] == pytest.approx(844, abs=10)
        assert foot["height"] <= 0.47 * 844
        assert card(page).is_hidden()


def test_the_tooltip_names_the_zone_and_its_figure(look):
    with look() as page:
        hover(page, "Bras")

        assert text_of(page.locator(".leaflet-tooltip")) == "Bras 3,00 ha"


# --- search ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("eguilles", ["Éguilles (04001)"]),
        ("CÉRES", ["Céreste (04003)"]),
        ("04005", ["Esparron (04005)"]),
        ("ra", ["Bras (04002)", "Esparron (04005)"][:1]),
        ("r", ["Bras (04002)", "Céreste (04003)", "Forcalquier (83006)", "Esparron (04005)"]),
        ("zzz", ["Aucun résultat"]),
    ],
)
def test_a_zone_is_found_by_name_or_code_accents_or_none(look, asked, found):
    with look() as page:
        page.get_by_role("combobox", name="Chercher une commune").fill(asked)

        assert page.get_by_role("listbox").get_by_role("option").all_inner_texts() == found


def test_the_search_is_led_by_keyboard_zooms_and_holds_the_card(look):
    with look() as page:
        before = zone(page, "Céreste").bounding_box()["width"]
        search = page.get_by_role("combobox", name="Chercher une commune")
        search.press_sequentially("r")
        page.keyboard.press("ArrowDown")
        active = search.get_attribute("aria-activedescendant")
        chosen = page.locator('[role=option][aria-selected="true"]').all_inner_texts()
        page.keyboard.press("Enter")

        assert active == "hp-found-1"
        assert chosen == ["Céreste (04003)"]
        assert title_of(page) == "Céreste 04003"
        assert page.locator("body.hp-pinned").count() == 1
        assert focused_zone(page) == "Céreste"
        assert zone(page, "Céreste").bounding_box()["width"] > before
        assert search.input_value() == "Céreste"


@pytest.mark.parametrize("size", SIZES)
def test_the_card_does_not_hide_the_zone_that_was_asked_for(look, size):
    with look("territory", size=size, anchor="#zone=04112") as page:
        path, told = zone(page, "Manosque").bounding_box(), card(page).bounding_box()

        assert title_of(page) == "Manosque 04112"
        if size == PROJECTOR:
            assert path["x"] + path["width"] <= told["x"]
        else:
            assert path["y"] + path["height"] <= told["y"]


def test_escape_closes_the_results_and_leaves_the_held_card(look):
    with look() as page:
        click(page, "Bras")
        search = page.get_by_role("combobox", name="Chercher une commune")
        search.fill("dig")
        open_before = search.get_attribute("aria-expanded")
        search.press("Escape")

        assert open_before == "true"
        assert search.get_attribute("aria-expanded") == "false"
        assert page.get_by_role("listbox").is_hidden()
        assert card(page).is_visible()


def test_a_result_is_chosen_by_mouse(look):
    with look() as page:
        page.get_by_role("combobox", name="Chercher une commune").fill("digne")
        page.get_by_role("option", name="Digne").click()

        assert title_of(page) == "Digne 04004"


# --- layers ----------------------------------------------------------------------------------------------------------

LAYERS = {
    "Intercommunalités 2017": (".leaflet-hp-lines-pane path", 2, "Limite d'intercommunalité"),
    "Parcs": (".leaflet-hp-hatch-pane path[fill='url(#hp-hatch)']", 1, "Parc naturel régional"),
    "Emprises": (".leaflet-hp-hatch-pane path[fill='#b3001b']", 1, "Emprise"),
    "Projets": (".leaflet-marker-icon .hp-sign", 1, "Pôle multimodal"),
}


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
@pytest.mark.parametrize("label", LAYERS)
def test_a_layer_is_shown_and_hidden_with_its_row_of_the_legend(look, label, way):
    selector, count, told = LAYERS[label]
    with look() as page:
        box = page.get_by_role("checkbox", name=label, exact=True)
        seen = []
        for _ in range(3):
            seen.append((box.is_checked(), page.locator(selector).count(), told in legend(page, 1)))
            if way == "mouse":
                box.click()
            else:
                box.focus()
                page.keyboard.press("Space")

        shown, hidden = (True, count, True), (False, 0, False)
        # Places are shown at first, the other layers wait for a tick.
        assert seen == ([shown, hidden, shown] if label == "Projets" else [hidden, shown, hidden])


def test_limits_of_sets_are_drawn_along_the_zones_own_and_only_where_sets_meet_or_end(look):
    with look() as page:
        page.get_by_role("checkbox", name="Intercommunalités 2017").click()
        sides = [path.get_attribute("d").count("L") for path in page.locator(".leaflet-hp-lines-pane path").all()]

        # Each set of three squares has eight sides on its outline; the three that they share are those of the last one.
        assert sides == [5, 8]


def test_the_opacity_slider_changes_the_fills_and_the_keys(look):
    with look() as page:
        first = attribute(page, "Bras", "fill-opacity")
        page.get_by_role("slider", name="Opacité des couleurs").press("Home")

        assert first == "0.85"
        assert attribute(page, "Bras", "fill-opacity") == "0"
        assert page.locator(".hp-legend rect").first.get_attribute("fill-opacity") == "0"


def test_names_can_be_hidden(look):
    with look() as page:
        first = sorted(page.locator(".hp-name").all_inner_texts())
        page.get_by_role("checkbox", name="Noms des communes").click()

        assert first == sorted(NAMES)
        assert page.locator(".hp-name").count() == 0


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_place_tells_what_it_is_and_its_card_is_held(look, way):
    with look() as page:
        place = page.get_by_role("button", name="Pôle d'Éguilles")
        if way == "mouse":
            place.click()
        else:
            place.focus()
            page.keyboard.press("Enter")
        hover(page, "Forcalquier")
        held = text_of(card(page).locator("h2, dl"))
        page.keyboard.press("Escape")

        assert held == "Pôle d'Éguilles Axe Mobilités"
        assert card(page).is_hidden()


# --- table -----------------------------------------------------------------------------------------------------------


def test_the_table_has_the_figures_of_the_map_as_they_are_written_everywhere(look):
    with look() as page:
        year(page, "2019")
        page.get_by_role("button", name="Tableau").click()
        heads = [re.sub(r"\s+", " ", text)[:-2] for text in page.locator(".hp-table thead th").all_inner_texts()]
        by_code = dict(zip(column(page, 2), zip(column(page, 3), column(page, 4), strict=True), strict=True))
        on_map = {
            name: attribute(page, name, "aria-label").split(", ", 1)[1].removesuffix("\u00a0ha") for name in NAMES
        }

        assert heads == [
            "Commune",
            "Code INSEE",
            "Consommation d'ENAF (ha) – 2019",
            "Part imperméabilisée (%)",
            "Intercommunalités – 2017",
        ]
        for code, name, figures, share in zip(
            ("04001", "04002", "04003", "04004", "04005", "83006"), NAMES, CONSUMED, SHARES, strict=True
        ):
            written = format_quantity("enaf_consumption_ha", figures[0]).removesuffix("\u00a0ha")
            assert by_code[code][0] == written.replace("\u202f", " ")
            assert by_code[code][1] + "\u00a0%" == format_quantity("sealed_share", share)
            assert on_map[name] == (written if written != "–" else "donnée absente")


def test_marked_figures_of_the_table_have_a_star_that_is_explained(look):
    with look() as page:
        page.get_by_role("button", name="Tableau").click()
        star = page.locator(".hp-table tr", has_text="Bras").locator("abbr")

        assert star.get_attribute("title") == "provisoire, millésimes mêlés"
        # Nothing is known of Forcalquier that could be provisional.
        assert page.locator(".hp-table abbr").count() == 5
        assert "* : provisoire, millésimes mêlés, zone en partie hors du territoire" in text_of(page.locator("caption"))


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_the_table_is_sorted_both_ways_and_what_is_not_known_comes_last(look, way):
    with look() as page:
        year(page, "2019")
        page.get_by_role("button", name="Tableau").click()
        first = column(page, 1)
        orders = []
        for _ in range(2):
            button = page.locator(".hp-table thead button").nth(2)
            if way == "mouse":
                button.click()
            else:
                button.focus()
                page.keyboard.press("Enter")
            state = page.locator(".hp-table thead th").nth(2).get_attribute("aria-sort")
            orders.append((state, column(page, 3)))
        kept = page.evaluate("document.activeElement.closest('th').cellIndex")
        page.get_by_role("columnheader", name="Commune").get_by_role("button").click()

        # As a French dictionary has it: accents do not count.
        assert first == ["Bras", "Céreste", "Digne", "Éguilles", "Esparron", "Forcalquier"]
        assert orders == [
            ("ascending", ["0,00", "1,00", "4,00", "9,00", "1 234,50", "–"]),
            ("descending", ["1 234,50", "9,00", "4,00", "1,00", "0,00", "–"]),
        ]
        assert kept == 2
        assert page.locator(".hp-table thead th").nth(2).get_attribute("aria-sort") == "none"
        assert column(page, 1) == first


def test_a_row_leads_back_to_the_map_on_its_zone(look):
    with look() as page:
        page.get_by_role("button", name="Tableau").click()
        hidden = page.locator(".folium-map").is_hidden()
        page.get_by_role("button", name="Digne").click()

        assert hidden
        assert page.locator(".hp-table").is_hidden()
        assert page.get_by_role("button", name="Carte", exact=True).get_attribute("aria-pressed") == "true"
        assert title_of(page) == "Digne 04004"


def test_the_table_follows_the_year_and_scrolls_within_the_page_of_a_phone(look):
    with look("figures", size=PHONE) as page:
        page.get_by_role("button", name="Tableau").tap()
        before = column(page, 3)
        page.get_by_role("slider", name="Année").press("Home")

        assert column(page, 3) != before
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.locator(".hp-table").evaluate("box => box.scrollWidth > box.clientWidth && box.clientWidth <= 390")


# --- actions, addresses ----------------------------------------------------------------------------------------------


def test_an_action_lights_up_what_it_concerns_and_nothing_else(look):
    lit = ".leaflet-hp-cursor-pane path[stroke='#b3001b']"
    with look() as page:
        seen = {}
        for name in ("Pôle", "Maison", "Logements"):
            button = page.locator(".hp-actions").get_by_role("button", name=name)
            button.click()
            pressed = page.locator(".hp-actions button[aria-pressed=true]").all_inner_texts()
            seen[name] = (pressed, page.locator(lit).count())
            centre_of_map = page.evaluate(
                "(() => { const box = document.querySelector('.folium-map').getBoundingClientRect();"
                " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
            )
            box = page.locator(lit).first.bounding_box()
            if name != "Logements":
                assert box["x"] + box["width"] / 2 == pytest.approx(centre_of_map[0], abs=30)
        button.click()

        assert seen == {"Pôle": (["Pôle"], 1), "Maison": (["Maison"], 1), "Logements": (["Logements"], 3)}
        assert page.locator(lit).count() == 0
        assert page.locator(".hp-actions button[aria-pressed=true]").count() == 0
        # What concerns the whole territory is listed, without a button.
        assert page.locator(".hp-actions").get_by_role("button", name="SIG mutualisé").count() == 0
        assert "Axe 2 Logements Intercommunalité : Est SIG mutualisé Tout le territoire" in text_of(
            page.locator(".hp-actions")
        )


def test_an_address_names_an_indicator_and_a_zone_even_once_the_page_is_open(look):
    with look(anchor="#theme=sealed_share&zone=04002") as page:
        first = (text_of(page.locator(".hp-legend h2")), title_of(page), page.get_by_label("Indicateur").input_value())
        page.evaluate("location.hash = 'theme=enaf_consumption_ha&zone=83006'")
        card(page).locator("h2", has_text="Forcalquier").wait_for()

        assert first == ("Part imperméabilisée (%)", "Bras 04002", "1")
        assert text_of(page.locator(".hp-legend h2")) == "Consommation d'ENAF (ha) – 2021"


def test_an_address_that_names_nothing_known_changes_nothing(look):
    with look(anchor="#theme=<b>&zone=99999") as page:
        assert text_of(page.locator(".hp-legend h2")) == "Consommation d'ENAF (ha) – 2021"
        assert card(page).is_hidden()


# --- paper -----------------------------------------------------------------------------------------------------------


def printed(page):
    return pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))


@pytest.mark.parametrize("name", [*MAPS, "squares", "hostile"])
def test_a_map_is_printed_on_one_a3_sheet(look, name):
    with look(name) as page:
        sheets = printed(page).pages

        assert len(sheets) == 1
        assert [float(side) for side in sheets[0].mediabox[2:]] == pytest.approx([1190.55, 841.89], abs=1)


def test_the_sheet_has_title_notice_legend_scale_north_and_sources(look, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine (apt-get install poppler-utils)")
    with look() as page:
        page.get_by_role("checkbox", name="Parcs").click()
        (tmp_path / "sheet.pdf").write_bytes(page.pdf(prefer_css_page_size=True))
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "sheet.pdf", "-"], check=True, capture_output=True, text=True
    ).stdout
    told = re.sub(r"\s+", " ", text)

    for expected in (
        "Six carrés : essai",
        "Jeu d'essai",
        "Consommation d'ENAF (ha) – 2021",
        "Provisoire : la dernière année comptée sera révisée.",
        "plus de 7,00 à 1 234,50",
        "donnée absente",
        "millésimes mêlés",
        "Parc naturel régional",
        "Pôle multimodal",
        "Actions du contrat",
        "SIG mutualisé (Tout le territoire)",
        "Sources : Cerema, fichiers fonciers ; IGN, ADMIN EXPRESS, millésime 2020 (Licence Ouverte 2.0).",
        "Plan imprimé en projection de Mercator",
    ):
        assert expected in told
    assert re.search(r"\b500 m\b", told)
    assert re.search(r"(?m)^\s*N\b|\sN\s", text)
    assert all(name in told for name in NAMES)
    assert "Agrandir" not in told


@pytest.mark.parametrize("zoomed", [False, True])
@pytest.mark.parametrize("name", ["squares", "territory"])
def test_the_scale_bar_is_as_long_as_it_says(look, name, zoomed):
    corners = """() => {
        window.dispatchEvent(new Event('beforeprint'));
        const paths = [...document.querySelectorAll('.hp-plan > g:first-of-type > path')];
        const points = paths.map((path) => path.getAttribute('d').match(/-?[\\d.]+/g).map(Number));
        const [bar, label] = ['.hp-bar rect:nth-of-type(3)', '.hp-bar text:nth-of-type(2)'].map((at) =>
            document.querySelector(at));
        return [points, Number(bar.getAttribute('width')), label.textContent];
    }"""
    with look(name) as page:
        if zoomed:
            for _ in range(2):
                page.get_by_role("button", name="Agrandir").click()
                page.wait_for_timeout(350)
        points, length, label = page.evaluate(corners)
        model = page.evaluate("JSON.parse(document.getElementById('hp-model').textContent)")

    drawn = [shape_of(numbers) for numbers in points[: len(model["names"])]]
    real = lambert_extent(model)
    first, last = 0, len(drawn) - 1
    # Centres of the extents of two zones far apart, on the sheet and in Lambert-93.
    on_sheet = math.dist(drawn[first], drawn[last])
    on_earth = math.dist(real[first], real[last])
    number, unit = re.fullmatch(r"([\d\u202f]+)\u00a0(k?m)", label).groups()
    told = int(number.replace("\u202f", "")) * (1000 if unit == "km" else 1)
    assert length * on_earth / on_sheet == pytest.approx(told, rel=0.01)


def shape_of(numbers):
    """The mean of the corners of a zone on the sheet, each counted once."""
    corners = list(zip(numbers[::2], numbers[1::2], strict=True))
    return [sum(one[axis] for one in corners) / len(corners) for axis in (0, 1)]


def lambert_extent(model):
    """The mean of the same corners in Lambert-93, in metres."""
    arcs = [
        np.cumsum(np.reshape(arc, (-1, 2)), axis=0) / 10 ** model["topology"]["decimals"]
        for arc in model["topology"]["arcs"]
    ]
    means = []
    for polygons in model["topology"]["shapes"]:
        rings = [ring for polygon in polygons for ring in polygon]
        points = np.concatenate([(arcs[one] if one >= 0 else arcs[~one][::-1])[1:] for ring in rings for one in ring])
        metres = gpd.GeoSeries.from_xy(*points.T, crs=4326).to_crs(2154)
        means.append((metres.x.mean(), metres.y.mean()))
    return means


def test_the_sheet_shows_what_the_map_shows(look):
    with look() as page:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        unknown = page.locator(".hp-plan > g:first-of-type > path").nth(5).get_attribute("fill")
        choose(page, "Part imperméabilisée (%)")
        for _ in range(4):
            page.get_by_role("slider", name="Opacité des couleurs").press("ArrowLeft")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        paths = page.locator(".hp-plan > g:first-of-type > path")
        fills = [paths.nth(rank).get_attribute("fill") for rank in range(6)]

        assert unknown == "url(#hp-none-paper)"
        assert page.locator("#hp-none-paper").count() == 1
        assert fills == [attribute(page, name, "fill") for name in NAMES]
        assert paths.first.get_attribute("fill-opacity") == "0.65"
        assert page.locator(".hp-paper rect[fill-opacity]").first.get_attribute("fill-opacity") == "0.85"
        assert page.locator(".hp-north").count() == 1


@pytest.mark.parametrize("name", ["squares", "figures"])
def test_the_table_is_printed_when_the_table_is_shown(look, name):
    with look(name) as page:
        page.get_by_role("slider", name="Année").press("Home")
        page.get_by_role("button", name="Tableau").click()
        sheets = printed(page).pages
        text = re.sub(r"\s+", " ", " ".join(sheet.extract_text() for sheet in sheets))
        page.emulate_media(media="print")
        widths = page.locator(".hp-table").evaluate("box => [box.scrollWidth, box.clientWidth]")

        assert len(sheets) == (1 if name == "squares" else 2)
        assert [float(side) for side in sheets[0].mediabox[2:]] == pytest.approx([1190.55, 841.89], abs=1)
        assert "Jeu d'essai" in text
        assert "Sources" in text
        assert ("1 234,50" if name == "squares" else "Vinon-sur-Verdon") in text
        assert "Plan imprimé" not in text
        assert "Imprimer" not in text
        # Nothing is cut off on the right.
        assert widths[0] <= widths[1]


# --- hostile texts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [True, False])
def test_code_in_the_data_is_shown_everywhere_and_never_run(browser, file_of, tmp_path, policy):
    path = file_of("hostile") if policy else without_policy(file_of("hostile"), tmp_path / "bare.html")
    with opened(browser, path) as seen:
        page = seen.page
        page.locator(".hp-name").first.wait_for()
        hover_first = page.locator('path[role="button"]').nth(3)
        box = hover_first.bounding_box()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
        tooltips = [page.locator(".leaflet-tooltip").text_content()]
        page.mouse.move(5, 5)
        place = page.locator(".leaflet-marker-icon.hp-point").bounding_box()
        page.mouse.move(place["x"] + 13, place["y"] + 13)
        tooltips.append(page.locator(".leaflet-tooltip").last.text_content())
        place_card = card(page).text_content()
        hover_first.click(position={"x": 0.5 * box["width"], "y": 0.2 * box["height"]})
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.get_by_role("combobox", name="Chercher une zone").fill("ormes")
        page.locator(".hp-actions button").dispatch_event("click")
        page.locator(".hp-views button").nth(1).dispatch_event("click")
        counts = {
            where: page.locator(where).evaluate_all(
                "(all, evil) => all.map((one) => one.textContent.split(evil).length - 1)", EVIL
            )
            for where in (
                "h1",
                ".hp-panel > .hp-notice",
                "#hp-theme option",
                ".hp-periods output",
                ".hp-legend",
                ".hp-layers",
                ".hp-sources",
                ".hp-actions",
                ".hp-card",
                "#hp-results",
                ".hp-table table",
                ".hp-paper",
                ".hp-plan",
                ".leaflet-hp-names-pane",
            )
        }
        labels = page.locator("[aria-label]").evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")

        assert page.title() == EVIL
        # The zone's name, its figure and unit; the place's name.
        assert [text.count(EVIL) for text in tooltips] == [2, 1]
        assert place_card.count(EVIL) >= 3
        assert {where: found for where, found in counts.items() if not found or not all(found)} == {}
        assert page.locator("optgroup").first.get_attribute("label") == EVIL
        assert page.get_by_role("slider", name="Année").get_attribute("aria-valuetext") == f"{EVIL} 2"
        assert sum(EVIL in label for label in labels) >= 8
        assert page.locator("img").count() == 0
        assert (
            page.locator("script").evaluate_all(
                "all => all.filter((one) => one.textContent.includes('owned') && !one.type).length"
            )
            == 0
        )
        assert "49" not in page.locator(".hp-panel").text_content()
        assert seen.told == []


# --- accessibility ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", MAPS)
def test_axe_finds_nothing_serious(browser, file_of, name, size):
    with opened(browser, file_of(name), size=size, axe=True) as seen:
        page = seen.page
        found = {"map": axe_violations(page)}
        page.get_by_role("combobox", name="Chercher une commune").fill("manosque")
        found["search"] = axe_violations(page)
        page.keyboard.press("Enter")
        page.locator("summary").evaluate("summary => { summary.parentNode.open = true; }")
        found["card"] = axe_violations(page)
        page.get_by_role("button", name="Tableau").click()
        found["table"] = axe_violations(page)

        assert found == {"map": [], "search": [], "card": [], "table": []}


# --- weight ----------------------------------------------------------------------------------------------------------


def test_a_page_of_51_communes_and_ten_indicators_is_light(file_of):
    page = file_of("figures").read_bytes()

    assert page.count(b'"type":"figures"') >= 10
    assert len(page) < 700_000
    assert len(gzip.compress(page)) < 250_000
