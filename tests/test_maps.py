import html as html_module
import re
import shutil
from contextlib import contextmanager
from dataclasses import replace

import folium
import pytest
import shapely
from squares import square

from hp_sig import OutputError, compute, find_inputs, load_layers, load_territory, save_standalone, territory_map
from hp_sig.maps.safety import safe_text

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")

EVIL = "<img src=x onerror=document.title='owned'>{{ 7*7 }}{% raw %}${document.title='owned'}`\\</script>&amp;"


@pytest.fixture
def layers(raw, territory_file):
    territory = load_territory(territory_file)
    return load_layers(territory, find_inputs(territory, raw))


@pytest.fixture
def page(layers, tmp_path):
    path = save_standalone(territory_map(layers, compute(layers)), tmp_path / "map.html", title="Six carrés")
    return path.read_text(encoding="utf-8")


@contextmanager
def opened(path, *, width=1280, height=800, touch=False):
    """Open a page in headless Chromium, offline; give the page and all that it logs or asks for."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a Chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(
            viewport={"width": width, "height": height}, offline=True, has_touch=touch, is_mobile=touch
        )
        page = context.new_page()
        told = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on(
            "request", lambda request: None if request.url.startswith(("file:", "data:")) else told.append(request.url)
        )
        page.goto(path.as_uri())
        yield page, told
        browser.close()


def decoded(page):
    """Give a page's text with the escapes of its scripts' JSON and of its HTML undone."""
    return html_module.unescape(re.sub(r"\\u([0-9a-f]{4})", lambda mark: chr(int(mark[1], 16)), page))


def test_the_page_names_every_layer_zone_and_source(page):
    for text in (
        "Six carrés : communes, intercommunalités, parcs et projets",
        "Intercommunalités au 1er janvier 2015",
        "Intercommunalités au 1er janvier 2017",
        "EPCI 1 (3 communes en 2015\u00a0; 2 communes en 2017)",
        "Parcs naturels régionaux : Parc P, Parc Q",
        "IGN, ADMIN EXPRESS, millésime 2020 (Licence Ouverte 2.0)",
        "INPN, PNR, millésime 2021 (Licence Ouverte 2.0)",
        "SIG mutualisé",
        "Logements (EPCI 2)",
        "Maison B (B)",
    ):
        assert text in decoded(page)


def test_a_commune_s_card_gives_french_labels_and_figures(page):
    text = decoded(page)

    assert "<dt>Superficie géométrique</dt><dd>100\u00a0ha</dd>" in text
    assert "<dt>Population municipale 2021</dt><dd>10\u00a0hab.</dd>" in text
    assert "<dt>SCoT</dt><dd>statut à confirmer</dd>" in text


def test_the_hub_stands_at_the_station_and_wider_projects_have_no_point(layers):
    figure = territory_map(layers, compute(layers))

    markers = [
        child.location
        for group in figure._children.values()
        for child in group._children.values()
        if isinstance(child, folium.Marker) and "hp-hub" in child.icon.options["html"]
    ]
    centre = layers.stations.geometry.to_crs(4326).iloc[0]
    assert markers == [[pytest.approx(centre.y, abs=1e-5), pytest.approx(centre.x, abs=1e-5)]]


def test_the_page_asks_for_no_address_and_forbids_all(page):
    without_scripts = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)

    assert not re.search(r"""(?:src|href)=["']?https?:""", without_scripts)
    assert "default-src 'none'" in page
    assert re.search(r"script-src 'sha256-[^;]+;", page)
    assert 'lang="fr"' in page
    assert "user-scalable=no" not in page


def test_the_same_map_gives_the_same_bytes(layers, tmp_path):
    pages = [
        save_standalone(territory_map(layers, compute(layers)), tmp_path / f"{n}.html", title="x").read_bytes()
        for n in (1, 2)
    ]

    assert pages[0] == pages[1]


def test_a_map_that_needs_the_network_is_refused_by_name(tmp_path):
    with pytest.raises(OutputError, match="openstreetmap"):
        save_standalone(folium.Map(), tmp_path / "map.html", title="x")

    assert not (tmp_path / "map.html").exists()


def test_an_image_from_an_address_is_refused_by_name(layers, tmp_path):
    figure = territory_map(layers, compute(layers))
    figure.get_root().html.add_child(folium.Element('<img src="https://example.org/logo.png">'))

    with pytest.raises(OutputError, match=r"example\.org/logo\.png"):
        save_standalone(figure, tmp_path / "map.html", title="x")


def test_the_notice_of_a_sample_is_on_the_page(layers, tmp_path):
    noticed = replace(layers, territory=layers.territory.model_copy(update={"notice": "Jeu d'essai"}))

    path = save_standalone(territory_map(noticed, compute(noticed)), tmp_path / "map.html", title="x")

    assert 'role="note">Jeu d&#x27;essai</p>' in path.read_text(encoding="utf-8")


def test_simplified_limits_stay_shared(layers):
    figure = territory_map(layers, compute(layers), simplify_m=50)

    communes = next(child for child in figure._children.values() if getattr(child, "layer_name", "") == "Communes")
    shapes = [shapely.from_geojson(str(feature["geometry"]).replace("'", '"')) for feature in _features(communes)]
    assert len(shapes) == 6
    assert shapely.coverage_is_valid(shapes)


def _features(layer):
    return [
        {"geometry": {"type": feature["geometry"]["type"], "coordinates": _lists(feature["geometry"]["coordinates"])}}
        for feature in layer.data["features"]
    ]


def _lists(coordinates):
    return [_lists(part) for part in coordinates] if isinstance(coordinates, list | tuple) else coordinates


@pytest.mark.parametrize("text", ["<b>", "{{ x }}", "{% x %}", "{# x #}", "${x}", "`", "\\", '"', "'", "&"])
def test_no_mark_of_a_language_survives_escaping(text):
    safe = safe_text(text)

    assert not re.search(r"[<>{}$`\\\"'%]", safe)
    assert html_module.unescape(safe) == text


@pytest.fixture
def hostile(layers):
    """Every text that data can bring, replaced by code for Python, JavaScript and the browser at once."""
    named = {"name": EVIL}
    zones = {
        key: replace(
            layer,
            zones=layer.zones.assign(**named),
            members=None if layer.members is None else layer.members.assign(**named),
            config=layer.config.model_copy(
                update={"label": f"{EVIL} {key}", "producer": EVIL, "source": EVIL, "vintage": EVIL}
            ),
        )
        for key, layer in layers.zones.items()
    }
    territory = layers.territory.model_copy(
        update={"name": EVIL, "notice": EVIL, "zones": tuple(layer.config for layer in zones.values())}
    )
    return replace(
        layers,
        territory=territory,
        communes=layers.communes.assign(**named),
        zones=zones,
        stations=layers.stations.assign(**named),
        projects=layers.projects.assign(name=EVIL, axis=EVIL),
    )


@needs_chromium
@pytest.mark.browser
@pytest.mark.parametrize("walls", ["escaping and policy", "escaping alone"])
def test_code_in_the_data_is_shown_and_never_run(hostile, tmp_path, walls):
    path = save_standalone(territory_map(hostile, compute(hostile)), tmp_path / "map.html", title=EVIL)
    if walls == "escaping alone":
        source = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source), encoding="utf-8")

    with opened(path) as (page, told):
        cards = []
        for number in range(page.locator("path.leaflet-interactive").count()):
            page.locator("path.leaflet-interactive").nth(number).dispatch_event("mouseover")
            cards += page.locator(".leaflet-tooltip").all_inner_texts()
        page.locator(".leaflet-marker-icon:has(.hp-hub)").first.dispatch_event("mouseover")
        page.locator(".leaflet-control-layers").hover()
        labels = page.locator(".leaflet-control-layers label").all_inner_texts()

        assert page.title() == EVIL
        assert page.locator("h1").inner_text().startswith(EVIL)
        assert len(cards) >= 10
        assert all(EVIL in card for card in cards)
        assert sum(EVIL in label for label in labels) == 4
        assert page.locator("img").count() == 0
        assert told == []


@needs_chromium
@pytest.mark.browser
@pytest.mark.parametrize(("width", "height", "legend_open"), [(1280, 800, True), (390, 844, False)])
def test_the_map_draws_without_network_on_a_projector_and_on_a_phone(layers, tmp_path, width, height, legend_open):
    path = save_standalone(territory_map(layers, compute(layers)), tmp_path / "map.html", title="Six carrés")

    with opened(path, width=width, height=height) as (page, told):
        # 6 communes + 2 intercommunalities of 2015 + 2 parks are drawn at once; the other layers wait for a tick.
        assert page.locator("path.leaflet-interactive").count() == 10
        assert page.locator(".leaflet-marker-icon .hp-hub").count() == 1
        assert page.locator("details.hp-more").evaluate("part => part.open") is legend_open
        assert page.get_by_title("Agrandir").count() == 1
        assert page.get_by_title("Couches").count() == 1
        widest = page.evaluate("document.documentElement.scrollWidth")
        assert widest <= width
        assert told == []


@needs_chromium
@pytest.mark.browser
def test_on_a_phone_the_card_of_a_touched_commune_stands_at_the_foot_of_the_page(layers, tmp_path):
    path = save_standalone(territory_map(layers, compute(layers)), tmp_path / "map.html", title="Six carrés")

    with opened(path, width=390, height=844, touch=True) as (page, told):
        assert page.locator(".hp-foot").is_hidden()
        box = page.locator(".leaflet-overlay-pane path.leaflet-interactive").last.bounding_box()
        page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.7 * box["height"])

        assert page.locator(".hp-foot").is_visible()
        assert "Code INSEE" in page.locator(".hp-foot").inner_text()
        page.touchscreen.tap(195, 820 - page.locator(".hp-foot").bounding_box()["height"])
        assert page.locator(".hp-foot").is_hidden()
        assert told == []


def test_an_intercommunality_keeps_its_colour_from_one_date_to_another(layers):
    figure = territory_map(layers, compute(layers))

    dates = [child for child in figure._children.values() if getattr(child, "overlay", None) is False]
    fills = [
        {
            feature["properties"]["code"]: drawn.style_function(feature)["fillColor"]
            for feature in drawn.data["features"]
        }
        for group in dates
        for drawn in group._children.values()
        if isinstance(drawn, folium.GeoJson)
    ]
    assert [group.layer_name[-4:] for group in dates] == ["2015", "2017"]
    assert fills[0] == fills[1]
    assert len(set(fills[0].values())) == 2


def test_a_scot_is_drawn_and_told_by_its_status(layers, page):
    figure = territory_map(layers, compute(layers))

    scot = next(child for child in figure._children.values() if getattr(child, "layer_name", "") == "SCoT")
    dashes = {
        feature["properties"]["code"]: scot.style_function(feature)["dashArray"] for feature in scot.data["features"]
    }
    assert dashes["S1"] == ""  # approved
    assert dashes["S2"] != ""  # in progress
    assert "SCoT, approuvé" in decoded(page)
    assert "SCoT, en élaboration" in decoded(page)
    assert "SCoT, statut à confirmer" not in decoded(page)


def test_the_legend_tells_the_signs_of_the_map_and_no_other(layers, page):
    without = replace(layers, projects=layers.projects[layers.projects["scale"] != "site"])
    other = territory_map(without, compute(without)).get_root().render()

    assert "Pôle multimodal (projet à une gare)" in decoded(page)
    assert "Pôle multimodal (projet à une gare)" not in decoded(other)
    assert "<span>Gare</span>" in decoded(other)
    assert "<span>Gare</span>" not in decoded(page)


def test_any_other_layer_of_zones_is_drawn_with_its_own_line_and_legend(layers):
    pnr = layers.zones["pnr"]
    config = pnr.config.model_copy(update={"id": "basin", "label": "Bassins versants"})
    added = replace(layers, zones={**layers.zones, "basin": replace(pnr, config=config)})

    page = territory_map(added, compute(added)).get_root().render()

    assert "Bassins versants \u2013 à cocher" in decoded(page)


def test_a_commune_s_card_tells_each_date_at_which_it_changed(page):
    text = decoded(page)

    moved = "<dt>Intercommunalité 2015</dt><dd>EPCI 1</dd><dt>Intercommunalité 2017</dt><dd>EPCI 2</dd>"
    assert text.count(moved) == 1  # B alone moved


@needs_chromium
@pytest.mark.browser
def test_one_date_of_the_intercommunalities_is_shown_at_a_time_below_everything_else(layers, tmp_path):
    path = save_standalone(territory_map(layers, compute(layers)), tmp_path / "map.html", title="Six carrés")

    with opened(path) as (page, told):
        page.locator(".leaflet-control-layers").hover()
        page.get_by_label("Intercommunalités au 1er janvier 2017").check()

        assert not page.get_by_label("Intercommunalités au 1er janvier 2015").is_checked()
        assert page.locator(".leaflet-hp-fill-pane path, .leaflet-hp-fill path").count() == 2
        box = page.locator(".leaflet-overlay-pane path.leaflet-interactive").first.bounding_box()
        page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"])
        assert "Code INSEE" in page.locator(".leaflet-tooltip").inner_text()
        assert told == []


def test_a_footprint_that_names_a_station_stays_where_it_is_drawn(layers):
    drawn = layers.projects.copy()
    drawn.loc["hub", "scale"] = "footprint"
    drawn.loc[["hub"], "geometry"] = [square(1, 1, 0.5, 0.5)]
    moved = replace(layers, projects=drawn)

    page = territory_map(moved, compute(moved)).get_root().render()

    assert '<span class="hp-hub">' not in page
    assert "Emprise d'un projet" in decoded(page)
    assert "<dd>Emprise</dd>" in decoded(page)


def test_the_approved_scot_is_drawn_over_the_others(layers):
    figure = territory_map(layers, compute(layers))

    scot = next(child for child in figure._children.values() if getattr(child, "layer_name", "") == "SCoT")
    assert [feature["properties"]["code"] for feature in scot.data["features"]] == ["S2", "S1"]
