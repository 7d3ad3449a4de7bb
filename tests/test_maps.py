import html as html_module
import os
import re
import shutil
import subprocess
from dataclasses import replace

import folium
import pytest
import shapely

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


def opened(path, tmp_path, size="1280,800"):
    """Open a page in headless Chromium whose only way out is a closed port; give its DOM and its console."""
    command = [
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--disable-quic", "--proxy-server=127.0.0.1:9"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", f"--window-size={size}"),
        *("--virtual-time-budget=4000", "--dump-dom", path.as_uri()),
    ]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line and path.name in line]
    return done.stdout, console


def decoded(page):
    """Give a page's text with the escapes of its scripts' JSON and of its HTML undone."""
    return html_module.unescape(re.sub(r"\\u([0-9a-f]{4})", lambda mark: chr(int(mark[1], 16)), page))


def shown(dom):
    """Give the text of a DOM, without its scripts and styles."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", dom, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html_module.unescape(re.sub(r"<[^>]+>", " ", body)))


def test_the_page_names_every_layer_zone_and_source(page):
    for text in (
        "Six carrés : communes, intercommunalités, parcs et projets",
        "Intercommunalités au 1er janvier 2015",
        "Intercommunalités au 1er janvier 2017",
        "EPCI 1 (3 communes)",
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
    with pytest.raises(OutputError, match="jquery"):
        save_standalone(folium.Map(tiles=None), tmp_path / "map.html", title="x")

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
            config=layer.config.model_copy(update={"label": EVIL, "producer": EVIL, "source": EVIL, "vintage": EVIL}),
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
def test_code_in_the_data_is_shown_and_never_run(hostile, tmp_path):
    path = save_standalone(territory_map(hostile, compute(hostile)), tmp_path / "map.html", title=EVIL)

    dom, console = opened(path, tmp_path)

    title = html_module.unescape(re.search(r"<title>(.*?)</title>", dom, re.DOTALL)[1])
    assert title == EVIL
    assert "{{ 7*7 }}" in shown(dom)
    assert "49" not in shown(dom)
    assert '<img src="x"' not in dom
    assert console == []


@needs_chromium
@pytest.mark.browser
def test_hostile_text_without_the_page_s_policy_is_still_not_run(hostile, tmp_path):
    # The first wall, escaping, must hold by itself: the second, the policy, is taken away here.
    path = save_standalone(territory_map(hostile, compute(hostile)), tmp_path / "map.html", title="carte")
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text(encoding="utf-8"))
    path.write_text(open_page, encoding="utf-8")

    dom, console = opened(path, tmp_path)

    assert "<title>carte</title>" in dom
    assert '<img src="x"' not in dom
    assert console == []


@needs_chromium
@pytest.mark.browser
@pytest.mark.parametrize(("size", "legend_open"), [("1280,800", True), ("390,844", False)])
def test_the_map_draws_without_network_on_a_projector_and_on_a_phone(layers, tmp_path, size, legend_open):
    path = save_standalone(territory_map(layers, compute(layers)), tmp_path / "map.html", title="Six carrés")

    dom, console = opened(path, tmp_path, size)

    assert console == []
    # 6 communes + 2 intercommunalities of 2015 + 2 parks are drawn at once; the other layers wait for a tick.
    assert len(re.findall(r'<path class="leaflet-interactive"', dom)) == 10
    assert dom.count('class="hp-hub"') >= 1
    assert ('<details class="hp-more" open="">' in dom) is legend_open
    assert 'title="Agrandir"' in dom
    assert 'title="Couches"' in dom
