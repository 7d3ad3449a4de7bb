"""One file, any map: texts stay texts with and without the policy, nothing is asked of the network."""

import base64
import copy
import hashlib
import html as html_module
import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import branca.colormap
import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pytest
import xyzservices
from branca.element import Element, Figure, MacroElement, Template
from browser import chromium
from folium.elements import EventHandler
from folium.features import ClickForMarker, Control, CustomIcon, DivIcon, GeoJsonPopup, GeoJsonTooltip, TopoJson
from folium.utilities import JsCode
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

import hp_sig
from hp_sig import OutputError, save_standalone
from hp_sig.maps.standalone import Trusted, standalone_page
from hp_sig.maps.standalone.assets import find_asset, read_script, refusal, registry
from hp_sig.maps.standalone.loading import code_addresses, markup_addresses, style_addresses
from hp_sig.maps.standalone.sanitising import markup_rules, rules_as_json, sanitise, sanitise_own

ASSETS = files("hp_sig.maps") / "assets"
DEFAULTS = {"jquery", "bootstrap", "glyphicons", "fontawesome-free", "leaflet.awesome-markers"}

#: Code for the browser, for Jinja, for JavaScript, markup that hides or covers the page, and ordinary French, in one.
PLAIN = (
    "<style></style/><img src=x onerror=document.title='owned'>{{ 7*7 }}{# x #}${alert(1)}${document.title='owned'}"
    "<style>body{display:none}</style x><p id=map_n0000><p style='position: fixed'></script>"
    "<script>document.title='owned'</script>Les Ormes \"à l'Est\" `\\ &c"
)
#: The same with what is no template at all, on which Jinja stops.
EVIL = f"{PLAIN}{{{{ Les {{% raw %}}"
#: Where branca itself reads the text as a template before the map is saved, which stops it on the second.
READ_AT_ONCE = {
    "popup with an Element",
    "popup with a frame",
    "frame in the page",
    "legend of explore()",
    "title of the legend of explore()",
}


def square_features(**properties):
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": json.loads(json.dumps(box(5.9, 43.9, 6.1, 44.1).__geo_interface__)),
            }
        ],
    }


def a_map(*children, **options):
    figure = folium.Map([44, 6], tiles=None, zoom_start=11, **options)
    for child in children:
        child.add_to(figure)
    return figure


# --- the browser ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def window(browser):
    return browser.new_context(viewport={"width": 1000, "height": 700}, offline=True).new_page()


@pytest.fixture
def opened(window, tmp_path):
    """Open a page offline; give it and all that it logs, asks for, or pops up."""

    @contextmanager
    def open_page(text, *, policy=True, address="page.html"):
        source = text if policy else re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        assert policy or source != text
        path = tmp_path / address
        path.write_text(source, encoding="utf-8")
        told = []
        listeners = {
            "console": lambda message: told.append(message.text),
            "pageerror": lambda error: told.append(str(error)),
            "dialog": lambda dialog: (told.append(f"dialog {dialog.message}"), dialog.dismiss()),
            "request": lambda request: (
                None if request.url == path.as_uri() or request.url.startswith("data:") else told.append(request.url)
            ),
        }
        window.mouse.move(999, 699)
        for event, listener in listeners.items():
            window.on(event, listener)
        window.goto(path.as_uri())
        try:
            yield window, told
        finally:
            for event, listener in listeners.items():
                window.remove_listener(event, listener)
            window.goto("about:blank")

    return open_page


def hover_path(page):
    page.locator("path.leaflet-interactive").first.hover(position={"x": 20, "y": 20})
    return page.locator(".leaflet-tooltip").inner_text()


def click_path(page):
    page.locator("path.leaflet-interactive").first.click(position={"x": 20, "y": 20})
    return page.locator(".leaflet-popup-content").inner_text()


def hover_marker(page):
    page.locator(".leaflet-marker-icon").first.dispatch_event("mouseover")
    return page.locator(".leaflet-tooltip").inner_text()


def click_marker(page):
    page.locator(".leaflet-marker-icon").first.dispatch_event("click")
    return page.locator(".leaflet-popup-content").inner_text()


def open_layers(page):
    page.locator(".leaflet-control-layers").first.hover()
    return page.locator(".leaflet-control-layers").first.inner_text()


def seen(page):
    return page.locator("body").inner_text()


def text_of(selector):
    return lambda page: page.locator(selector).first.text_content()


def click_map(page):
    page.mouse.click(300, 300)
    return page.locator(".leaflet-popup-content").inner_text() if page.locator(".leaflet-popup-content").count() else ""


def attribute_of(selector, name):
    return lambda page: page.locator(selector).first.get_attribute(name)


def search_layer(page):
    page.locator("input.search-input").type("L")
    page.locator(".search-tip").first.wait_for()
    return page.locator(".search-tip").first.inner_text() + page.locator("input.search-input").get_attribute(
        "placeholder"
    )


# --- one map a channel ------------------------------------------------------------------------------------------


def marker(**options):
    return folium.Marker([44, 6], **options)


def grouped():
    group = folium.FeatureGroup(EVIL)
    figure = a_map(group)
    folium.plugins.GroupedLayerControl({EVIL: [group]}, exclusive_groups=False, collapsed=False).add_to(figure)
    return figure


def tree():
    group = folium.FeatureGroup("x")
    figure = a_map(group)
    folium.plugins.TreeLayerControl(
        overlay_tree={"label": EVIL, "children": [{"label": EVIL, "layer": group}]}, collapsed=False
    ).add_to(figure)
    return figure


def choropleth(text=EVIL):
    return a_map(
        folium.Choropleth(
            square_features(code="a"),
            data={"a": 1.0, "b": 4.0},
            key_on="feature.properties.code",
            bins=3,
            legend_name=text,
        )
    )


def searching(**options):
    places = folium.GeoJson(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {EVIL: "x", "nom": f"L {EVIL}"},
                    "geometry": {"type": "Point", "coordinates": [6, 44]},
                }
            ],
        }
    )
    figure = a_map(places)
    folium.plugins.Search(places, search_label="nom", placeholder=EVIL, **options).add_to(figure)
    return figure


def explored():
    zones = gpd.GeoDataFrame({EVIL: [EVIL]}, geometry=[box(5.9, 43.9, 6.1, 44.1)], crs=4326)
    return zones.explore(column=EVIL, categorical=True, tiles=None, legend=False)


def explored_legend(label=PLAIN, title="nom"):
    zones = gpd.GeoDataFrame({title: [label]}, geometry=[box(5.9, 43.9, 6.1, 44.1)], crs=4326)
    return zones.explore(column=title, categorical=True, tiles=None, legend=True, tooltip=False)


def topology(text=EVIL):
    shape = {
        "type": "Topology",
        "transform": {"scale": [0.1, 0.1], "translate": [5.9, 43.9]},
        "arcs": [[[0, 0], [2, 0], [0, 2], [-2, 0], [0, -2]]],
        "objects": {
            "zones": {
                "type": "GeometryCollection",
                "geometries": [{"type": "Polygon", "arcs": [[0]], "properties": {"nom": text}}],
            }
        },
    }
    return a_map(TopoJson(shape, "objects.zones", tooltip=GeoJsonTooltip(["nom"], labels=False)))


def with_html(element):
    figure = a_map()
    figure.get_root().html.add_child(element)
    return figure


def with_header(element):
    figure = a_map()
    figure.get_root().header.add_child(element)
    return figure


CHANNELS = {
    "tooltip of a GeoJson": (
        lambda: a_map(folium.GeoJson(square_features(nom=EVIL), tooltip=GeoJsonTooltip(["nom"], labels=False))),
        hover_path,
    ),
    "popup of a GeoJson": (
        lambda: a_map(folium.GeoJson(square_features(nom=EVIL), popup=GeoJsonPopup(["nom"], aliases=[EVIL]))),
        click_path,
    ),
    "alias in a tooltip": (
        lambda: a_map(folium.GeoJson(square_features(nom=1), tooltip=GeoJsonTooltip(["nom"], aliases=[EVIL]))),
        hover_path,
    ),
    "name of a property": (
        lambda: a_map(
            folium.GeoJson(
                square_features(**{EVIL: "a"}), style_function=lambda _: {}, tooltip=GeoJsonTooltip([EVIL], labels=True)
            )
        ),
        hover_path,
    ),
    "popup": (lambda: a_map(marker(popup=EVIL)), click_marker),
    "popup, lazy": (lambda: a_map(marker(popup=folium.Popup(EVIL, lazy=True))), click_marker),
    "popup, parse_html": (lambda: a_map(marker(popup=folium.Popup(EVIL, parse_html=True))), click_marker),
    "popup with an Element": (lambda: a_map(marker(popup=folium.Popup(Element(PLAIN)))), click_marker),
    "popup with a frame": (lambda: a_map(marker(popup=folium.Popup(folium.IFrame(PLAIN, 300, 200)))), click_marker),
    "tooltip": (lambda: a_map(marker(tooltip=EVIL)), hover_marker),
    "title of a marker": (lambda: a_map(marker(title=EVIL)), attribute_of(".leaflet-marker-icon", "title")),
    "name of a layer": (lambda: a_map(folium.FeatureGroup(EVIL), folium.LayerControl()), open_layers),
    "grouped layers": (grouped, text_of(".leaflet-control-layers")),
    "group of layers": (grouped, text_of(".leaflet-control-layers-group-name")),
    "tree of layers": (tree, text_of(".leaflet-control-layers")),
    "attribution": (
        lambda: a_map(folium.GeoJson(square_features(a=1), attribution=EVIL)),
        text_of(".leaflet-control-attribution"),
    ),
    "legend of a choropleth": (choropleth, text_of(".caption")),
    "legend of a colour scale": (
        lambda: a_map(branca.colormap.LinearColormap(["red", "blue"], caption=EVIL)),
        text_of(".caption"),
    ),
    "icon with HTML": (lambda: a_map(marker(icon=DivIcon(html=EVIL))), text_of(".leaflet-marker-icon")),
    "search": (searching, search_layer),
    "frame in the page": (lambda: with_html(folium.IFrame(PLAIN)), seen),
    "click for a marker": (lambda: a_map(ClickForMarker(EVIL)), lambda page: (click_map(page), click_marker(page))[1]),
    "tooltip of explore()": (explored, hover_path),
    "legend of explore()": (explored_legend, text_of(".maplegend")),
    "title of the legend of explore()": (lambda: explored_legend("x", PLAIN), text_of(".maplegend .legend-title")),
    "TopoJson": (topology, hover_path),
}


@pytest.mark.browser
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without the policy"])
def test_a_text_is_shown_as_it_is_written_and_never_run(opened, channel, policy):
    build, read = CHANNELS[channel]

    with opened(standalone_page(build()), policy=policy) as (page, told):
        shown = read(page)

        assert (PLAIN if channel in READ_AT_ONCE else EVIL) in shown
        assert page.title() == "Carte"
        assert page.locator("[onerror], body style").count() == 0
        assert page.locator("#map_n0000").count() == 1
        assert page.locator("[style*=fixed]").count() == 0
        assert told == []


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without the policy"])
@pytest.mark.parametrize(
    "colour",
    [
        "{{'undefined_name'}}",
        "{{document.title='owned'}}",
        "</script><script>document.title='owned'</script>",
        "{{ Les",
    ],
)
def test_a_colour_from_the_data_is_no_code(opened, colour, policy):
    figure = a_map(folium.GeoJson(square_features(a=1), style_function=lambda _: {"color": colour}))

    with opened(standalone_page(figure), policy=policy) as (page, told):
        assert page.locator("path.leaflet-interactive").get_attribute("stroke") == colour
        assert page.title() == "Carte"
        assert told == []


@pytest.mark.browser
def test_a_style_of_a_tooltip_is_no_code(opened):
    style = "color: red; x: ${document.title='owned'}`\" onmouseover=\"document.title='owned'"
    figure = a_map(marker(tooltip=folium.Tooltip("<b>Volx</b>", style=style)))

    with opened(standalone_page(figure), policy=False) as (page, told):
        hover_marker(page)

        assert page.title() == "Carte"
        assert page.locator("[onmouseover]").count() == 0
        assert told == []


@pytest.mark.browser
def test_the_name_of_an_option_is_no_code(opened):
    figure = a_map(folium.GeoJson(square_features(a=1), **{"x\": document.title='owned', \"y": 1}))

    with opened(standalone_page(figure), policy=False) as (page, told):
        assert page.title() == "Carte"
        assert told == []


@pytest.mark.browser
def test_the_ticks_of_a_legend_are_numbers_to_the_browser(opened):
    scale = branca.colormap.LinearColormap(["red", "blue"], tick_labels=[np.float64(0), np.float64(0.5), 1])

    with opened(standalone_page(a_map(scale))) as (page, told):
        assert page.locator(".legend .tick text").all_text_contents() == ["0.0", "0.5", "1.0"]
        assert told == []


@pytest.mark.browser
def test_a_popup_that_is_no_html_shows_its_tags(opened):
    figure = a_map(marker(popup=folium.Popup("<b>Volx</b> &amp; c", parse_html=True)))

    with opened(standalone_page(figure)) as (page, told):
        assert click_marker(page) == "<b>Volx</b> &amp; c"
        assert told == []


@pytest.mark.browser
def test_the_title_is_a_text(opened):
    with opened(standalone_page(a_map(), title=EVIL)) as (page, told):
        assert page.title() == re.sub(r"\s+", " ", EVIL)
        assert told == []


@pytest.mark.parametrize(
    "channel", ["popup", "popup, lazy", "popup, parse_html", "popup with an Element", "tooltip", "click for a marker"]
)
def test_a_text_in_code_is_made_safe_before_any_browser_reads_it(channel):
    code = standalone_page(CHANNELS[channel][0]()).rpartition("L.map(")[2]

    assert "&lt;img src=x onerror" in code
    assert "<img" not in code
    assert "${" not in code.replace("${lat}", "")


@pytest.mark.browser
def test_a_click_tells_where_it_was(opened):
    with opened(standalone_page(a_map(ClickForMarker("<b>${lat}</b>")))) as (page, told):
        click_map(page)

        assert re.fullmatch(r"4\d\.\d{4}", click_marker(page))
        assert told == []


@pytest.mark.browser
@pytest.mark.parametrize("text", ["a\r\nb\rc", "a\x00b", "a\ud800b"], ids=["line ends", "NUL", "half a character"])
def test_a_text_that_a_page_cannot_hold_does_not_stop_it(opened, text):
    figure = a_map(marker(popup=text, tooltip=text))
    figure.get_root().html.add_child(Trusted(f"<script>document.title = `{text}`</script>"))
    figure.get_root().header.add_child(Trusted("<script>\r\nlet early;\r\n</script>"))

    with opened(standalone_page(figure)) as (page, told):
        assert page.title() == re.sub(r"\s+", " ", text).replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
        assert click_marker(page).split() == page.title().split()
        assert told == []


def test_an_unknown_path_to_a_topology_is_no_code():
    figure = topology("Volx")
    layer = next(child for child in figure._children.values() if isinstance(child, TopoJson))
    layer._safe_object_path = "];alert(1);["

    assert "alert" not in standalone_page(figure)


@pytest.mark.browser
def test_the_label_of_a_search_is_a_text(opened):
    label = "l'été"
    places = folium.GeoJson(square_features(**{label: "Volx"}))
    figure = a_map(places)
    folium.plugins.Search(places, search_label=label, geom_type="Polygon").add_to(figure)

    with opened(standalone_page(figure)) as (page, told):
        page.locator("input.search-input").type("Vol")
        page.locator(".search-tip").first.wait_for()

        assert page.locator(".search-tip").first.inner_text() == "Volx"
        assert told == []


@pytest.mark.browser
def test_trusted_scripts_run_in_the_head_and_in_the_body(opened):
    figure = with_html(Trusted("<p>x</p><script>document.title += ' body'</script>"))
    figure.get_root().header.add_child(Trusted("<script>document.title = 'head'</script>"))
    figure.get_root().script.add_child(Trusted("document.title += ' script';"))

    with opened(standalone_page(figure)) as (page, told):
        assert page.title() == "head body script"
        assert told == []


MARKUP = (
    '<table class="table"><tr><th style="text-align:left; background: rgb(1, 2, 3)">Nom</th>'
    '<td colspan=2>Volx<br/><b>et</b> <a href="https://www.volx.fr/a?b=1&amp;c" target="_blank">son site</a>'
    '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="x" width="20"></td></tr></table>'
)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("build", "read"),
    [
        (lambda: a_map(marker(popup=MARKUP)), click_marker),
        (lambda: a_map(marker(popup=folium.Popup(folium.IFrame(MARKUP, 300, 100)))), click_marker),
        (lambda: a_map(marker(tooltip=MARKUP)), hover_marker),
        (lambda: a_map(folium.GeoJson(square_features(a=MARKUP), tooltip=GeoJsonTooltip(["a"]))), hover_path),
        (lambda: with_html(Element(MARKUP)), seen),
    ],
    ids=["popup", "frame", "tooltip", "property", "page"],
)
def test_the_markup_of_an_officer_stays_markup(opened, build, read):
    with opened(standalone_page(build())) as (page, told):
        read(page)

        assert page.locator("td b").inner_text() == "et"
        assert page.locator("td a").get_attribute("href") == "https://www.volx.fr/a?b=1&c"
        assert (
            page.locator("th[style]").first.evaluate("cell => getComputedStyle(cell).backgroundColor") == "rgb(1, 2, 3)"
        )
        assert page.locator("td img").count() == 1
        assert told == []


# --- the two sanitisers -----------------------------------------------------------------------------------------

CORPUS = [
    "",
    "a < b > c & d",
    PLAIN,
    EVIL,
    MARKUP,
    "<b>x</b ><i >y</i>",
    "<B CLASS='a'>x</B>",
    "<b onclick=alert(1)>x</b>",
    "<b\u00a0class=x>",
    "<b/onclick=alert(1)>",
    "<b class=x/onclick=alert(1)>",
    '<b class="x"onclick=alert(1)>',
    "</b onclick=x>",
    "<style>",
    "<style></style/>",
    "<style></style x>",
    "<b id=x>",
    "<b id='map_n0000'>",
    "<b class='table fixed-top'>",
    "<b class='&#102;ixed-top'>",
    "<b class='position-static modal-title overflow-hidden'>",
    "<<b>>",
    "<b <b>>",
    "<a href=javascript:alert(1)>",
    "<a href=' https://x'>",
    "<a href='&#106;avascript:alert(1)'>",
    "<a href=HTTPS://x.fr>",
    "<a href=//x.fr>",
    "<a href=mailto:a@b.fr>",
    "<a href='#x'>",
    "<a href='#x\n'>",
    "<a href=fiches/04112.html>",
    "<a href='../fiches/été (1).html?a=b:c#d'>",
    "<a href=/fiche.html>",
    "<a href=tel:+33492000000>",
    "<a href=javascript&colon;alert(1)>",
    "<a href='\x01javascript:alert(1)'>",
    "<a href='java\tscript:alert(1)'>",
    "<a href='/\\x.fr'>",
    "<a href='\\\\x.fr'>",
    "<a href=data:text/html,x>",
    "<a href=''>",
    "<img src='https://x/a.png'>",
    "<img src=data:text/html,x>",
    "<img src=data:image/png;base64,AA==>",
    "<img src='data:image/svg+xml;base64,AA=='>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img srcset='https://x 1x' src='data:image/png;base64,AA=='>",
    "<p style='color:red'>",
    "<p style='background:url(https://x)'>",
    "<p style='background:URL(//x)'>",
    "<p style='background:u\\72l(https://x)'>",
    "<p style='background:&#117;rl(https://x)'>",
    "<p style='background:u/**/rl(https://x)'>",
    "<p style='background:image-set(\"https://x\" 1x)'>",
    "<p style='fill:url(#a); color:rgba(1,2,3,.4); width:calc(100% - 2px)'>",
    "<p style='background:url(data:image/png;base64,AA==)'>",
    "<p style='font-family:&quot;Arial&quot;'>",
    "<p style='@import x'>",
    "<p style='position:fixed'>",
    "<p style='position : static; color:red'>",
    "<p style='position:relative !important'>",
    "<p style='color:red;;POSITION\t:\nabsolute;'>",
    "<p style='position:var(--p)'>",
    "<p style='position/**/:fixed'>",
    "<p style='a{}position:fixed'>",
    "<p style='font-family:&quot;position:fixed&quot;'>",
    "<p style='border-left: 1px solid; text-align: left; margin: 0 auto'>",
    "<p style='left:1px'>",
    "<p style='margin:-1px'>",
    "<p style='margin:calc(0px - 1px)'>",
    "<p style='-webkit-transform:scale(9)'>",
    "<p style='width:9vw'>",
    "<p style='width:9.5DVMAX'>",
    "<p style='width:99%;height:20em;overflow:hidden'>",
    "<p style='overflow:visible'>",
    "<svg transform='scale(9)'><g transform='scale(9)'></g></svg>",
    "<iframe src=x>",
    "<svg><script>alert(1)</script></svg>",
    "<svg viewBox='0 0 1 1' xmlns='http://www.w3.org/2000/svg'><path d='M0 0h1' fill='url(#a)'/></svg>",
    "<svg fill='url(https://x)'>",
    "<svg><use href='https://x#a'/></svg>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<svg onload=alert(1)>",
    "<math><mi></mi></math>",
    "<style>a{}</style>",
    "<textarea><b>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<title>",
    "<!-- a --><!----><!--><!-- <b> --><!--a>-->",
    "<!doctype html><?php x ?><![CDATA[x]]>",
    "<form action=x><input type=submit></form>",
    "<input type='checkbox' checked name=a>",
    "<details open><summary>x</summary></details>",
    "<td background=https://x>",
    "<x-y z>",
    "<constructor><b constructor><b __proto__=x><toString>",
    "<b aria-label='x' data-x=1 role=note hidden tabindex=-1>",
    "<b\tclass\n=\r'x'\f>",
    "<\u017fvg><\u0130mg>",
    "<b class=a`b>",
    "<b \x00class=x>",
    "&lt;b&gt; &amp;lt;",
]


@pytest.fixture(scope="module")
def blank(browser):
    source = (ASSETS / "sinks.js").read_text(encoding="utf-8")
    code = re.sub(r"^\s*//.*\n", "", source, flags=re.MULTILINE).strip()
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate(f"window.shown = ({code})({rules_as_json()})")
    yield page
    page.close()


def in_browser(page, texts):
    return page.evaluate("texts => texts.map(shown)", texts)


@pytest.mark.browser
def test_both_sanitisers_agree(blank):
    assert in_browser(blank, CORPUS) == [sanitise(text) for text in CORPUS]


MARKS = [
    "<",
    ">",
    "</",
    "/>",
    "=",
    '"',
    "'",
    "`",
    "&",
    "\\",
    "(",
    ")",
    " ",
    "\n",
    "\u00a0",
    "\u017f",
    "\x00",
    "<!--",
    "-->",
]
NAMES = ["b", "a", "img", "svg", "path", "p", "href", "src", "style", "class", "id", "onclick", "d", "fill"]
VALUES = ["https://x", "javascript:", "data:image/png;base64,A", "url(", "rgb(", "color:red", ";", "position:", "9vw"]
PARTS = st.sampled_from([*MARKS, *NAMES, *VALUES])


@pytest.mark.browser
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.lists(PARTS, max_size=12).map("".join), min_size=40, max_size=40))
def test_both_sanitisers_agree_on_any_text(blank, texts):
    assert in_browser(blank, texts) == [sanitise(text) for text in texts]


@pytest.mark.parametrize("text", CORPUS)
def test_sanitising_twice_changes_nothing_more(text):
    assert sanitise(sanitise(text)) == sanitise(text)


@pytest.mark.browser
def test_nothing_that_runs_or_loads_comes_out_of_the_corpus(opened):
    body = "".join(f"<div>{sanitise(text)}</div>" for text in CORPUS)
    page_text = f"<!DOCTYPE html><meta charset='utf-8'><title>Carte</title><body>{body}"
    with opened(page_text) as (page, told):
        found = page.evaluate(
            """Array.from(document.body.querySelectorAll("*")).flatMap(element =>
                ["script", "iframe", "style", "textarea", "title", "math", "form", "use"].includes(element.localName)
                    ? [element.localName]
                    : Array.from(element.attributes).filter(attribute => attribute.name.startsWith("on")
                        || attribute.name === "href" && /javascript:/i.test(attribute.value)).map(a => a.name))"""
        )

        assert found == []
        assert page.title() == "Carte"
        assert told == []


def test_a_forbidden_tag_is_shown_exactly_as_written():
    assert html_module.unescape(sanitise(PLAIN)) == PLAIN
    assert sanitise("<b>Volx</b><img src=x onerror=alert(1)>") == "<b>Volx</b>&lt;img src=x onerror=alert(1)>"


@pytest.mark.parametrize("value", ["color:\\72 ed", "color:&#114;ed", "@a", "a(1)", "URL(x)"])
def test_a_style_that_could_hide_an_address_is_no_markup(value):
    assert sanitise(f"<p style='{value}'>") == f"&lt;p style='{value}'>"


LONG = {
    "tags": "<a ",
    "attributes": " a",
    "images": "<img ",
    "functions": "rgb(",
    "declarations": "margin:0;",
    "slashes": "//",
    "addresses": "src=",
    "spaces": "\t",
    "sheets": "<style>",
    "urls": "url(data:",
    "comments": "<!--",
}


@pytest.mark.parametrize("part", LONG)
@pytest.mark.parametrize("start", ["", "<a", "<p style='", "<img src=", "fetch(", "url("])
@pytest.mark.parametrize(
    "reading",
    [sanitise, sanitise_own, markup_addresses, style_addresses, code_addresses],
    ids=lambda reading: reading.__name__,
)
def test_the_work_on_a_text_grows_as_its_length(reading, start, part):
    def seconds(length):
        text = start + LONG[part] * (length // len(LONG[part])) + "\\'"
        began = time.process_time()
        reading(text)
        return time.process_time() - began

    short = min(seconds(20_000) for _ in range(2))

    # Sixteen times the length is sixteen times the work; at the square of it, 256 times.
    assert seconds(320_000) < 64 * short + 0.5


def test_a_megabyte_of_tags_is_saved():
    page = standalone_page(with_html(Element("<img " * 200_000)))

    assert page.count("&lt;img ") == 200_000


SINKS = {
    "innerHTML": "target.innerHTML = text",
    "outerHTML": "target.appendChild(document.createElement('i')).outerHTML = text",
    "insertAdjacentHTML": "target.insertAdjacentHTML('beforeend', text)",
    "createContextualFragment": "target.appendChild(document.createRange().createContextualFragment(text))",
    "DOMParser": "target.appendChild(new DOMParser().parseFromString(text, 'text/html').body.firstChild)",
    "document.write": "document.write(text)",
    "document.writeln": "document.writeln(text)",
    "shadow root": "target.attachShadow({mode: 'open'}).innerHTML = text",
    "setHTMLUnsafe in a shadow root": "target.attachShadow({mode: 'open'}).setHTMLUnsafe(text)",
    "setHTMLUnsafe": "target.setHTMLUnsafe(text)",
    "parseHTMLUnsafe": "target.appendChild(Document.parseHTMLUnsafe(text).body.firstChild)",
    "srcdoc": "target.appendChild(document.createElement('iframe')).srcdoc = text",
    "jQuery": "jQuery(target).html(text)",
    "jQuery, given to $": "target.appendChild($('<div>' + text + '</div>')[0])",
}


@pytest.mark.browser
@pytest.mark.parametrize("sink", SINKS)
def test_every_way_to_write_html_is_guarded_in_the_page(opened, sink):
    text = "<img src=x onerror=\"parent.document.title='owned'\"><b id=kept>x</b>"
    target = "document.body.appendChild(document.createElement('p'))"
    code = f"function tried(text) {{ const target = {target}; {SINKS[sink]}; }}"
    figure = a_map()
    figure.get_root().script.add_child(Element(code))

    with opened(standalone_page(figure, assets="all"), policy=False) as (page, told):
        page.evaluate("text => tried(text)", text)
        page.wait_for_timeout(30)

        assert page.title() in {"Carte", ""}
        assert told == []


# --- no network -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["the disk is full", "it is protected"])
def test_a_write_that_fails_leaves_the_file_that_was_there(tmp_path, monkeypatch, why):
    path = tmp_path / "maps" / "map.html"
    path.parent.mkdir()
    path.write_text("before")
    if why == "it is protected":
        path.chmod(0o444)
    else:
        monkeypatch.setattr(Path, "replace", failing)

    with pytest.raises(OutputError, match=r"map\.html: cannot be written"):
        save_standalone(a_map(), path)

    assert path.read_text() == "before"
    assert [file.name for file in path.parent.iterdir()] == ["map.html"]


def failing(*_):
    raise OSError(28, "No space left on device")


def test_a_page_names_no_address_that_it_would_load():
    page = standalone_page(a_map(marker(popup="x", icon=folium.Icon(icon="home", prefix="fa"))), assets="all")
    without_scripts = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)

    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", without_scripts)
    assert not re.search(r"url\((?!['\"]?(?:data:|#))", without_scripts)
    assert "sourceMappingURL" not in page
    assert "default-src 'none'" in page
    assert "http" not in re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]


def hashed(script):
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def allowed_scripts(page):
    return re.search(r"script-src ([^;]*);", page)[1].split()


def own_script(name, *given):
    source = re.sub(r"^\s*//.*\n", "", (ASSETS / name).read_text(encoding="utf-8"), flags=re.MULTILINE).strip()
    return f"({source})({', '.join(given)});"


def test_the_policy_names_the_libraries_our_scripts_and_the_code_of_the_officer_and_nothing_else():
    figure = a_map(marker(popup="x"))
    root = figure.get_root()
    root.html.add_child(Trusted('<script>a()</script><script type="application/json">{"a": 1}</script>'))
    root.script.add_child(Element("officer()"))

    page = standalone_page(figure)

    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    jquery = read_script("jquery-3.7.1/jquery.min.js").replace("<script>", "\\x3cscript>")
    libraries = [read_script("leaflet-1.9.3/leaflet.js"), jquery]
    french = own_script("french.js").removesuffix(");")
    assert scripts[:2] == libraries
    assert scripts[2].startswith(french)
    assert scripts[3:5] == [own_script("sinks.js", rules_as_json()), "a()"]
    assert [code.split()[0] for code in scripts[5:]] == ["officer()", "var"]
    assert allowed_scripts(page) == [hashed(script) for script in scripts]


#: Every way in which a browser ends a style sheet.
ENDS = ("</style>", "</style/>", "</style x>", "</STYLE\n>")


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without the policy"])
@pytest.mark.parametrize("end", ENDS)
def test_a_style_sheet_in_the_data_brings_no_script(opened, end, policy):
    label = f"<style>{end}<script>document.title='owned'</script></style>"
    page_text = standalone_page(explored_legend(label))

    assert hashed("document.title='owned'") not in allowed_scripts(page_text)
    with opened(page_text, policy=policy) as (page, told):
        assert label in page.locator(".maplegend").text_content()
        assert page.title() == "Carte"
        assert told == []


@pytest.mark.browser
@pytest.mark.parametrize("text", ["<style>body{display:none}</style>", "Lot <style> A", "<meta http-equiv=refresh>"])
def test_a_style_sheet_in_the_data_is_a_text(opened, text):
    with opened(standalone_page(explored_legend(text))) as (page, _):
        assert text in page.locator(".maplegend").inner_text()
        assert page.locator(".maplegend").is_visible()


@pytest.mark.browser
def test_the_beginning_of_a_style_sheet_in_a_title_hides_nothing(opened):
    figure = with_html(Element("<h3>Lot <style> A</h3><p>important</p>"))
    figure.get_root().header.add_child(Element("<style>h3{color:rgb(1, 2, 3)}</style>"))

    with opened(standalone_page(figure)) as (page, _):
        assert page.locator("h3").inner_text() == "Lot <style> A"
        assert page.locator("h3").evaluate("title => getComputedStyle(title).color") == "rgb(1, 2, 3)"
        assert page.locator("p").inner_text() == "important"


BEGINS = "{% for name, element in this._children.items() %}{{element.render(**kwargs)}}{% endfor %}"


@pytest.mark.parametrize(
    "build",
    [lambda text: with_html(Element(text)), lambda text: a_map(marker(popup=folium.Popup(Element(text))))],
    ids=["page", "popup"],
)
def test_an_element_that_begins_like_branca_s_own_template_is_a_text(build):
    page = standalone_page(build(f"{BEGINS}{{{{ 'ran in ' ~ 'Python' }}}}"))

    assert "ran in Python" not in page
    assert "ran in &#39; ~" in page or "'ran in ' ~" in page


# --- its place on the page --------------------------------------------------------------------------------------

OVER = "top:0;left:0;width:100vw;height:100vh;z-index:99999;background:white"
COVERS = {
    "position": f"style='position:fixed;{OVER}'",
    "position by a class": "class='fixed-top vh-100 vw-100 bg-white' style='background:white'",
    "shift": "style='display:block;position:relative;left:-900px;top:-300px;width:2000px;height:2000px'",
    "margin": "style='display:block;margin:-500px;padding:900px;background:white'",
    "transform": "style='display:inline-block;transform:scale(99)'",
}


def cover(how):
    return f"<a href='https://evil.example/login' {COVERS[how]}>Connexion requise</a>"


PLACES = {
    "name of a layer": lambda text: a_map(folium.FeatureGroup(text), folium.LayerControl(collapsed=False)),
    "attribution": lambda text: a_map(folium.GeoJson(square_features(a=1), attribution=text)),
    "legend of explore()": explored_legend,
    "popup": lambda text: a_map(marker(popup=folium.Popup(text, show=True))),
    "icon": lambda text: a_map(marker(icon=DivIcon(html=text))),
}


@pytest.mark.browser
@pytest.mark.parametrize("how", COVERS)
@pytest.mark.parametrize("place", PLACES)
def test_no_text_of_the_data_lies_over_the_page(opened, place, how):
    with opened(standalone_page(PLACES[place](cover(how)), assets="all")) as (page, _):
        points = [[x, y] for x in (30, 200, 800) for y in (100, 450, 600)]
        covered = "points => points.filter(([x, y]) => document.elementFromPoint(x, y).closest('[href*=evil]'))"

        assert page.evaluate(covered, points) == []
        assert "Connexion requise" in page.content()


LEGEND = (
    '<div id="maplegend" class="maplegend" style="position: fixed; bottom: 50px; left: 50px; z-index: 9999; '
    'background: white">Légende</div>'
)


@pytest.mark.browser
@pytest.mark.parametrize(
    "build",
    [lambda: with_html(Element(LEGEND)), lambda: a_map(with_macro("html", LEGEND))],
    ids=["element", "macro"],
)
def test_the_legend_that_an_officer_puts_into_the_page_stays_where_it_is_put(opened, build):
    with opened(standalone_page(build())) as (page, _):
        assert page.locator("#maplegend").inner_text() == "Légende"
        assert page.locator("#maplegend").bounding_box()["x"] == 50


@pytest.mark.browser
def test_an_image_of_folium_s_own_keeps_its_place(opened):
    image = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    figure = a_map(folium.plugins.FloatImage(image, bottom=10, left=20, width="30px"))

    with opened(standalone_page(figure)) as (page, _):
        assert page.locator("img[alt=float_image]").bounding_box()["x"] == 200


@pytest.mark.browser
@pytest.mark.parametrize(
    "build",
    [explored_legend, lambda text: with_html(Element(text)), lambda text: a_map(marker(popup=text))],
    ids=["legend of explore()", "page", "popup"],
)
def test_no_text_takes_the_place_of_the_map(opened, build):
    identifier = re.search(r'class="folium-map" id="([^"]+)"', standalone_page(build("Volx")))[1]
    figure = build(f'Volx <b id="{identifier}">x</b>')
    folium.GeoJson(square_features(a=1)).add_to(figure)

    with opened(standalone_page(figure)) as (page, told):
        assert page.locator("div.folium-map path").count() >= 1
        assert page.locator(f"b#{identifier}").count() == 0
        assert told == []


def test_the_classes_of_our_files_that_place_a_box_are_not_for_a_text():
    harmless = {
        *("btn-check", "visually-hidden", "visually-hidden-focusable", "sr-only", "sr-only-focusable"),
        *("fa-li", "fa-sr-only", "fa-sr-only-focusable", "fa-stack-1x", "fa-stack-2x"),
    }
    placing = re.compile(r"position:(?:fixed|absolute|-webkit-sticky)|(?:width|height):\d+v[wh]|overflow:visible")
    placed = set()
    for sheet in ASSETS.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/|\s", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        for selectors, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
            if placing.search(rule):
                placed.update(re.findall(r"(?:^|,)\.([a-zA-Z][\w-]*)(?=,|$|:)", selectors))

    assert len(placed) > 50
    assert {name for name in placed if sanitise(f"<b class={name}>").startswith("<")} <= harmless


REFUSED = {
    "default tiles": (folium.Map, r"tiles=None.*basemap=\"plan-ign\""),
    "other tiles": (lambda: folium.Map(tiles="https://tiles.example/{z}/{x}/{y}.png", attr="x"), r"tiles\.example"),
    "tiles of IGN without basemap": (
        lambda: folium.Map(tiles="https://data.geopf.fr/wmts?LAYER=x", attr="IGN"),
        r"add basemap=",
    ),
    "WMS": (lambda: a_map(folium.WmsTileLayer("https://wms.example", "x")), r"wms\.example.*WmsTileLayer"),
    "video": (
        lambda: a_map(folium.raster_layers.VideoOverlay("https://video.example/a.webm", [[43, 5], [44, 6]])),
        r"video\.example",
    ),
    "image": (
        lambda: a_map(folium.raster_layers.ImageOverlay("https://img.example/a.png", [[43, 5], [44, 6]])),
        r"img\.example.*ImageOverlay",
    ),
    "icon": (lambda: a_map(marker(icon=CustomIcon("https://icon.example/a.png"))), r"icon\.example.*CustomIcon"),
    "image of the page": (lambda: with_html(Element('<img src="https://a.example/x.png">')), r"a\.example/x\.png"),
    "image of the page, a file": (lambda: with_html(Element("<img src='logo.png'>")), r"logo\.png"),
    "float image": (lambda: a_map(folium.plugins.FloatImage("https://f.example/x.png")), r"f\.example"),
    "frame of the page": (lambda: with_html(Element('<iframe src="https://b.example"></iframe>')), r"b\.example"),
    "script of the page": (lambda: with_html(Element('<script src="//c.example/x.js"></script>')), r"c\.example"),
    "link in the head": (lambda: with_header(Element('<link href="https://d.example/x.css">')), r"d\.example"),
    "script in the head": (lambda: with_header(Element("<script>a()</script>")), r"a\(\).*figure\.script"),
    "style sheet": (lambda: with_header(Element("<style>@import url(https://e.example/x.css)</style>")), r"e\.example"),
    "style sheet in the page": (
        lambda: with_html(Element("<style>a{}</style/>")),
        r"<style> in the page: put the sheet in figure\.get_root\(\)\.header",
    ),
    "style sheet, spelled otherwise": (
        lambda: with_header(Element("<style>a{background:u\\72l(//g.example)}</style>")),
        r"g\.example",
    ),
    "style sheet, behind half a comment": (
        lambda: with_header(
            Element('<style>a::before{content:"/*"} b{background:url(https://i.example/x)} i{content:"*/"}</style>')
        ),
        r"i\.example",
    ),
    "style sheet, behind half an image": (
        lambda: with_header(Element('<style>a::before{content:"url(data:"} b{background:url(//j.example)}</style>')),
        r"j\.example",
    ),
    "script in the page": (
        lambda: with_html(Element("<b>x</b><SCRIPT>$('.legend').draggable()</SCRIPT>")),
        r"<script> in the page: give the code to figure\.get_root\(\)\.script",
    ),
    "script in the page by a macro": (
        lambda: a_map(with_macro("html", "<script>a()</script x>")),
        r"<script> in the page",
    ),
    **{
        f"{name} with {end!r}": (lambda kind=kind, end=end: a_map(styled(kind, end)), r"in the head: only <style>")
        for end in ENDS
        for name, kind in (("style of a tooltip", "style"), ("class of a tooltip", "class_name"), ("width", "width"))
    },
    "popup": (lambda: a_map(marker(popup=f"<b>x</b>{REMOTE}")), r"a\.example/x\.png \(Popup\): give the image itself"),
    "popup, a file": (lambda: a_map(marker(popup='<img src="logo.png">')), r"logo\.png \(Popup\)"),
    "popup, a background": (
        lambda: a_map(marker(popup="<p style='background:url(&quot;fond.png&quot;)'>")),
        r"fond\.png.*\(Popup\)",
    ),
    "popup, a script": (
        lambda: a_map(marker(popup='<script src="https://b.example/x.js"></script>')),
        r"b\.example/x\.js \(Popup\)",
    ),
    "popup with an Element": (lambda: a_map(marker(popup=folium.Popup(Element(REMOTE)))), r"a\.example.*\(Popup\)"),
    "popup with a frame": (
        lambda: a_map(marker(popup=folium.Popup(folium.IFrame('<iframe src="https://b.example/x"></iframe>')))),
        r"b\.example/x \(IFrame\)",
    ),
    "tooltip": (lambda: a_map(marker(tooltip=REMOTE)), r"a\.example/x\.png \(Tooltip\)"),
    "icon with HTML": (lambda: a_map(marker(icon=DivIcon(html=REMOTE))), r"a\.example/x\.png \(DivIcon\)"),
    "frame in the page": (lambda: with_html(folium.IFrame(REMOTE)), r"a\.example/x\.png \(IFrame\)"),
    "module": (lambda: with_script("import('https://b.example/mod')"), r"b\.example/mod in a script"),
    "file beside the page": (lambda: with_script("fetch('data/zones.geojson')"), r"data/zones\.geojson in a script"),
    "image in code": (lambda: with_script("L.icon({iconUrl: 'icons/mairie'})"), r"icons/mairie in a script"),
    "code of a layer": (
        lambda: a_map(
            folium.GeoJson(square_features(a=1), on_each_feature=JsCode("(f, l) => fetch('https://c.example/x')"))
        ),
        r"c\.example/x in a script",
    ),
    "code in the options of a layer": (
        lambda: a_map(folium.GeoJson(square_features(a=1), filter=JsCode("f => fetch('zones/' + f.id)"))),
        r"zones/ in a script",
    ),
    "code of an event": (
        lambda: a_map(folium.GeoJson(square_features(a=1)).add_child(EventHandler("click", JsCode("e => fetch('a')")))),
        r"a in a script",
    ),
    "measure": (lambda: a_map(folium.plugins.MeasureControl()), r"MeasureControl.*eval"),
    "geocoder": (lambda: a_map(folium.plugins.Geocoder()), r"Geocoder.*network"),
    "unknown plugin": (lambda: a_map(folium.plugins.Draw()), r"leaflet\.draw\.js does not come with hp_sig"),
    "plugin that asks for nothing": (
        lambda: a_map(folium.plugins.Timeline(square_features(start="2020", end="2021"))),
        r"leaflet\.timeline",
    ),
    "chart in a popup": (
        lambda: a_map(marker(popup=folium.Popup().add_child(folium.VegaLite({"mark": "bar"})))),
        r"vega-lite",
    ),
    "script by an officer": (lambda: a_map(tiles_in_code()), r"h\.example"),
    "minimap": (lambda: a_map(folium.plugins.MiniMap()), r"openstreetmap"),
    "TopoJson by its file": (lambda: a_map(TopoJson("zones.json", "objects.zones")), r"zones\.json"),
    "position of the map": (lambda: a_map(position="relative;}</style>"), r"'relative;\}</style>'"),
    "name of a class": (lambda: a_map(named_by_its_data()), "folium writes a name"),
    "name in a popup": (lambda: a_map(marker(popup=named_content())), "Popup has 'x=alert"),
    "width of a legend": (lambda: a_map(wide_legend()), "LinearColormap has '1; alert"),
    "position of a search": (lambda: searching(position="x'});alert(1)//"), "Search has"),
    "name of a control": (lambda: a_map(Control("Zoom();alert(1);//")), "folium writes a name"),
}  # fmt: skip


REMOTE = '<img src="https://a.example/x.png" width=20>'


def with_macro(part, text):
    element = MacroElement()
    element._template = Template(f"{{% macro {part}(this, kwargs) %}}{text}{{% endmacro %}}")
    return element


def with_code(code):
    return with_macro("script", code)


def with_script(code):
    figure = a_map()
    figure.get_root().script.add_child(Element(code))
    return figure


def styled(option, end):
    evil = f"}}{end}<script>document.title='owned'</script><style>{{"
    if option == "width":
        return folium.plugins.FloatImage("data:image/png;base64,AA==", width=evil)
    return folium.GeoJson(square_features(a=1), tooltip=GeoJsonTooltip(["a"], **{option: evil}))


def named_content():
    popup = folium.Popup()
    popup.html.add_child(Element("x"), name="x=alert(1)//")
    return popup


def wide_legend():
    scale = branca.colormap.LinearColormap(["red", "blue"])
    scale.width = "1; alert(1)"
    return scale


def named_by_its_data():
    layer = folium.FeatureGroup()
    layer._name = "x=alert(1)//"
    return layer


def tiles_in_code():
    return with_code("L.tileLayer('https://h.example/{z}/{x}/{y}.png').addTo({{ this._parent.get_name() }});")


@pytest.mark.parametrize("case", REFUSED)
def test_what_needs_the_network_is_refused_by_name_and_nothing_is_written(tmp_path, case):
    build, named = REFUSED[case]

    folder = tmp_path / "maps"
    folder.mkdir()

    with pytest.raises(OutputError, match=re.compile(named, re.DOTALL)):
        save_standalone(build(), folder / "map.html")

    assert list(folder.iterdir()) == []


def test_data_linked_by_address_are_refused(tmp_path):
    data = tmp_path / "zones.json"
    data.write_text(json.dumps(square_features(a=1)))

    with pytest.raises(OutputError, match=r"zones\.json.*embed=True"):
        standalone_page(a_map(folium.GeoJson(str(data), embed=False)))


def test_all_that_is_wrong_is_told_at_once():
    figure = a_map(folium.plugins.Draw(), folium.WmsTileLayer("https://wms.example", "x"))

    with pytest.raises(OutputError) as refused:
        standalone_page(figure)

    assert all(named in str(refused.value) for named in ("wms.example", "leaflet.draw.js", "leaflet.draw.css"))
    assert str(refused.value).count("\n  - ") == 3


def test_a_folder_that_does_not_exist_is_an_error_that_says_so(tmp_path):
    with pytest.raises(OutputError, match="No such file or directory"):
        save_standalone(a_map(), tmp_path / "none" / "map.html")


def test_a_refused_map_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "maps" / "map.html"
    path.parent.mkdir()
    path.write_text("before")

    with pytest.raises(OutputError):
        save_standalone(folium.Map(), path)

    assert path.read_text() == "before"
    assert [file.name for file in path.parent.iterdir()] == ["map.html"]


@pytest.mark.parametrize(
    "code",
    [
        "open('https://example.org/page')",
        "// see https://leafletjs.com/reference.html#map",
        "link.download = 'carte.png'",
        "image.src = 'data:image/png;base64,AA//'",
        "fetch(url)",
    ],
)
def test_what_code_does_not_load_is_no_address(code):
    assert code_addresses(code) == []


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://www.volx.fr/x.png">x</a>',
        "<img src=x onerror=alert(1)>",
        "<img src=x/onerror=alert(1)>",
        "<img src='data:image/png;base64,AA//'>",
        "<svg><path fill='url(#a)'></svg>",
        "src='logo.png'",
    ],
)
def test_what_markup_does_not_load_is_no_address(text):
    assert markup_addresses(text) == []


def test_what_a_style_sheet_does_not_load_is_no_address():
    assert style_addresses("a::before { content: '\\f101'; background: url(data:image/png;base64,AA==) }") == []


# --- the background map -----------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(
    ("basemap", "layer"), [("plan-ign", "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"), ("ortho", "ORTHOIMAGERY.ORTHOPHOTOS")]
)
def test_only_the_background_map_asks_for_anything_and_the_layers_show_without_it(opened, basemap, layer):
    figure = a_map(folium.GeoJson(square_features(a=1)))
    with_code("document.title = String({{ this._parent.get_name() }}.hpBasemap.options.maxZoom);").add_to(figure)

    with opened(standalone_page(figure, basemap=basemap)) as (page, told):
        page.wait_for_timeout(100)
        asked = [text for text in told if text.startswith("http")]

        assert asked
        assert all(address.startswith("https://data.geopf.fr/wmts?") and layer in address for address in asked)
        assert all("ERR_INTERNET_DISCONNECTED" in text for text in told if text not in asked)
        assert page.locator("path.leaflet-interactive").count() == 1
        assert page.title() == "19"
        assert "© IGN" in page.locator(".leaflet-control-attribution").inner_text()


def test_the_policy_opens_the_address_of_the_background_map_alone():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', standalone_page(a_map(), basemap="ortho"))[1]

    assert "img-src data: https://data.geopf.fr/wmts;" in policy
    assert policy.count("http") == 1


def test_the_background_map_comes_before_any_later_script():
    figure = a_map(folium.GeoJson(square_features(a=1)))

    page = standalone_page(figure, basemap="plan-ign")

    assert page.index("L.map(") < page.index(".hpBasemap = ") < page.index("L.geoJson(")


def test_a_layer_of_ign_by_an_officer_is_open_with_the_background_map():
    provider = xyzservices.TileProvider(
        name="IGN", url="https://data.geopf.fr/wmts?LAYER=X&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}", attribution="© IGN"
    )

    assert "LAYER=X" in standalone_page(folium.Map([44, 6], tiles=provider), basemap="plan-ign")


# --- the files that come along ----------------------------------------------------------------------------------


def packages():
    return [pytest.param(package, id=package["name"]) for package in registry()["packages"]]


@pytest.mark.parametrize("package", packages())
def test_each_file_is_as_its_package_published_it_and_its_licence_is_beside(package):
    folder = ASSETS / f"{package['name']}-{package['version']}"

    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "LICENSE"
    }
    assert found == package["sha256"]
    assert set(package["addresses"].values()) <= set(found)
    assert len((folder / "LICENSE").read_text(encoding="utf-8")) > 500
    assert package["licence"]


def folium_addresses():
    plugins = (
        folium.Map, TopoJson, folium.plugins.GroupedLayerControl, folium.plugins.MiniMap, folium.plugins.Fullscreen,
        folium.plugins.MeasureControl, folium.plugins.Search, folium.plugins.MarkerCluster,
        folium.plugins.FastMarkerCluster, folium.plugins.TreeLayerControl, folium.plugins.Geocoder,
    )  # fmt: skip
    listed = [address for kind in plugins for _, address in (*kind.default_js, *kind.default_css)]
    source = (files("branca") / "colormap.py").read_text(encoding="utf-8")
    return sorted({*listed, *re.findall(r'JavascriptLink\("([^"]+)"\)', source)})


@pytest.mark.parametrize("address", folium_addresses())
def test_what_folium_asks_for_comes_along_or_is_refused_with_a_reason(address):
    asset = find_asset(address)

    if asset is None:
        assert re.search(r"\(\w+\): .+; .+", refusal(address))
    else:
        assert asset.file or asset.package == "leaflet.awesome.rotate"


def test_no_other_file_of_the_package_names_a_host_of_libraries():
    hosts = re.compile(r"jsdelivr|cdnjs|unpkg|jquery\.com|bootstrapcdn|registry\.npmjs")
    package = files("hp_sig.maps")

    named = [
        path.name
        for path in (*package.glob("*.py"), *(package / "standalone").glob("*.py"), *ASSETS.glob("*.*"))
        if path.is_file() and hosts.search(path.read_text(encoding="utf-8"))
    ]
    assert named == ["registry.toml"]


def test_a_map_with_leaflet_alone_has_leaflet_alone():
    page = standalone_page(folium.Map(tiles=None))

    assert len(page.encode()) < 190_000
    assert "jQuery" not in page
    assert "Bootstrap" not in page


def test_all_files_are_kept_on_demand():
    page = standalone_page(folium.Map(tiles=None), assets="all")

    for sign in ("jQuery v3.7.1", "Bootstrap v5.2.2", "Glyphicons Halflings", "Font Awesome", ".awesome-marker"):
        assert sign in page
    assert page.count("data:font/woff2") == 4


USES = {
    "jquery": (lambda: a_map(marker(popup="x")), {"jquery"}),
    "nothing for a tooltip": (lambda: a_map(marker(tooltip="x")), set()),
    "default icon of folium": (
        lambda: a_map(marker(icon=folium.Icon())),
        {"glyphicons", "leaflet.awesome-markers"},
    ),
    "icon of Font Awesome": (
        lambda: a_map(marker(icon=folium.Icon(icon="home", prefix="fa"))),
        {"fontawesome-free", "leaflet.awesome-markers"},
    ),
    "fast cluster": (
        lambda: a_map(folium.plugins.FastMarkerCluster([[44, 6]])),
        {"glyphicons", "leaflet.awesome-markers"},
    ),
    "table of Bootstrap": (lambda: a_map(marker(popup="<table class='table'></table>")), {"jquery", "bootstrap"}),
    "table of Bootstrap in a property": (
        lambda: a_map(
            folium.GeoJson(square_features(a='<p class="text-muted">x</p>'), tooltip=GeoJsonTooltip(["a"]))
        ),
        {"bootstrap"},
    ),
    "code of an officer": (lambda: a_map(jquery_code()), {"jquery"}),
}  # fmt: skip


def jquery_code():
    return with_code("$(document).ready(function () {});")


SIGNS = {
    "jquery": "jQuery v3.7.1",
    "bootstrap": "Bootstrap  v5.2.2",
    "glyphicons": "Glyphicons Halflings, from",
    "fontawesome-free": "Font Awesome Free 6.2.0",
    "leaflet.awesome-markers": "L.AwesomeMarkers = {}",
}


@pytest.mark.parametrize("case", USES)
def test_a_page_has_the_files_that_the_map_uses_and_no_other(case):
    build, used = USES[case]

    page = standalone_page(build())

    assert {name for name, sign in SIGNS.items() if sign in page} == used


@pytest.mark.parametrize(
    ("icon", "faces"),
    [
        ("<i class='fa-solid fa-house'></i>", 1),
        ("<i class='fa-regular fa-star'></i>", 2),
        ("<i class='fab fa-github'></i>", 2),
    ],
)
def test_only_the_faces_in_use_of_an_icon_font_come_along(icon, faces):
    page = standalone_page(a_map(marker(icon=DivIcon(html=icon))))

    assert page.count("@font-face") == faces
    assert page.count("data:font/woff2") == faces
    assert ".ttf" not in page


@pytest.mark.browser
def test_icons_are_drawn_and_turned_without_network(opened):
    figure = a_map(
        marker(icon=folium.Icon(icon="cloud")),
        marker(icon=folium.Icon(icon="house", prefix="fa", angle=30, color="green")),
    )

    with opened(standalone_page(figure)) as (page, told):
        page.evaluate("document.fonts.ready")
        icons = page.locator(".awesome-marker i")

        assert page.evaluate("Array.from(document.fonts).filter(face => face.status === 'loaded').length") == 2
        assert "matrix(0.86" in icons.nth(1).evaluate("icon => getComputedStyle(icon).transform")
        assert (
            icons.nth(0).evaluate("icon => getComputedStyle(icon.parentNode).backgroundImage").startswith('url("data:')
        )
        assert told == []


@pytest.mark.browser
def test_a_default_marker_has_its_image(opened):
    points = {"type": "Point", "coordinates": [6.05, 44]}

    with opened(standalone_page(a_map(marker(), folium.GeoJson(points)))) as (page, told):
        icons = page.locator("img.leaflet-marker-icon")

        assert icons.count() == 2
        assert icons.evaluate_all("icons => icons.every(icon => icon.naturalWidth > 0 && icon.alt === 'Repère')")
        assert told == []


# --- the page ---------------------------------------------------------------------------------------------------


def every_control():
    points = folium.plugins.MarkerCluster([[44 + n / 1e4, 6] for n in range(5)], name="Points")
    places = folium.GeoJson(square_features(nom="Volx"), name="Communes", zoom_on_click=True)
    group = folium.FeatureGroup("Groupe")
    shares = folium.Choropleth(
        square_features(code="a"),
        data={"a": 1.0, "b": 4.0},
        key_on="feature.properties.code",
        bins=3,
        legend_name="Part",
        name="Parts",
    )
    figure = a_map(points, places, group, shares, control_scale=True)
    tiles = folium.TileLayer("https://data.geopf.fr/wmts?LAYER=X&T={z}{x}{y}", attr="x", control=False, show=False)
    tree = {"label": "Arbre", "children": [{"label": "A", "layer": places}]}
    for control in (
        folium.LayerControl(),
        folium.plugins.GroupedLayerControl({"G": [group]}, exclusive_groups=False),
        folium.plugins.TreeLayerControl(overlay_tree=tree),
        folium.plugins.Fullscreen(),
        folium.plugins.Search(places, search_label="nom", geom_type="Polygon"),
        folium.plugins.MiniMap(tiles, toggle_display=True),
        folium.LatLngPopup(),
        folium.FitOverlays(),
    ):
        control.add_to(figure)
    figure.keep_in_front(places)
    return figure


@pytest.mark.browser
def test_every_control_works_and_speaks_french(opened):
    with opened(standalone_page(every_control(), basemap="plan-ign")) as (page, told):
        titles = ("Agrandir", "Réduire", "Couches", "Plein écran", "Masquer la carte d'ensemble")
        counts = [page.locator(f'.leaflet-control [title="{title}"]').count() for title in titles]
        assert counts == [1, 1, 3, 1, 1]
        assert page.locator("input.search-input").get_attribute("placeholder") == "Chercher…"
        assert page.locator(".legend .caption").text_content() == "Part"
        page.locator("input.search-input").type("Vol")
        page.locator(".search-tip").first.wait_for()
        assert page.locator(".search-tip").first.inner_text() == "Volx"
        assert "<" not in seen(page)
        words = page.evaluate(
            """["title", "alt", "aria-label", "placeholder"].flatMap(name =>
                Array.from(document.querySelectorAll(`[${name}]`)).map(element => element.getAttribute(name)))"""
        )
        english = re.compile(r"\b(Zoom|Layers|Full Screen|Search|Cancel|Marker|Close|MiniMap)\b")
        assert [word for word in words if english.search(word)] == []
        assert [text for text in told if "data.geopf.fr" not in text and "ERR_INTERNET" not in text] == []


@pytest.mark.browser
def test_a_cluster_without_tiles_does_not_stop_the_page(opened):
    figure = a_map(folium.plugins.MarkerCluster([[44, 6], [44, 6]]), folium.GeoJson(square_features(a=1)))

    with opened(standalone_page(figure)) as (page, told):
        assert page.locator(".marker-cluster").inner_text() == "2"
        assert page.locator("path.leaflet-interactive").count() == 1
        assert told == []


@pytest.mark.browser
def test_a_control_that_fails_does_not_stop_the_layers_after_it(opened):
    figure = a_map(Control("NoSuchControl"), folium.GeoJson(square_features(a=1)))

    with opened(standalone_page(figure)) as (page, told):
        assert page.locator("path.leaflet-interactive").count() == 1
        assert len(told) == 1


@pytest.mark.browser
def test_code_of_an_officer_is_kept_with_the_names_that_it_knows(opened):
    figure = a_map(marker(popup="x"))
    later = f"addEventListener('load', () => {{ document.title = String({figure.get_name()}.getZoom()); }});"
    figure.get_root().script.add_child(Element(later))
    figure.add_child(
        folium.GeoJson(square_features(a=1), on_each_feature=JsCode("(f, l) => l.bindTooltip('<b>y</b>')"))
    )

    with opened(standalone_page(figure)) as (page, told):
        assert page.title() == "11"
        assert hover_path(page) == "y"
        assert told == []


def test_the_page_is_french_titled_and_may_be_zoomed():
    page = standalone_page(a_map())

    assert '<html lang="fr">' in page
    assert "<title>Carte</title>" in page
    assert "user-scalable" not in page
    assert "maximum-scale" not in page
    assert page.count('name="viewport"') == 1


def test_the_title_is_given_or_the_map_s_own():
    figure = a_map()
    figure.hp_title = "Forcalquier"

    assert "<title>Forcalquier</title>" in standalone_page(figure)
    assert "<title>Volx</title>" in standalone_page(figure, title="Volx")


def test_explore_needs_no_library_to_move_its_legend():
    page = standalone_page(explored_legend())

    assert ".draggable(" not in page
    assert "maplegend" in page


def test_trusted_html_is_never_changed():
    text = "<p onclick=x>{{ 7*7 }} ${a} `\\</p><script>let a = '{% raw %}';</script>"
    figure = with_html(Trusted(text))
    figure.get_root().header.add_child(Trusted("<style>{{ b }}</style>"))

    page = standalone_page(figure)

    assert text in page
    assert "<style>{{ b }}</style>" in page
    assert text in figure.get_root().render()


# --- the same bytes, the same map -------------------------------------------------------------------------------

REPEATED = """
import sys
sys.path.insert(0, sys.argv[1])
from test_standalone import every_control, explored, grouped
from hp_sig.maps.standalone import standalone_page
import hashlib, folium, folium.plugins
groups = [folium.FeatureGroup(str(n)) for n in range(9)]
figure = folium.Map(tiles=None)
for group in groups:
    group.add_to(figure)
folium.plugins.GroupedLayerControl({"a": groups}).add_to(figure)
pages = [standalone_page(every_control(), basemap="ortho"), standalone_page(explored()), standalone_page(figure)]
sys.stdout.write(hashlib.sha256("".join(pages).encode()).hexdigest())
"""


def test_the_same_map_gives_the_same_bytes_in_any_process():
    digests = {
        subprocess.run(
            [sys.executable, "-c", REPEATED, files("hp_sig") / ".." / "tests"],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip

    assert len(digests) == 1
    assert digests != {""}


def test_the_same_map_made_twice_gives_the_same_bytes():
    assert standalone_page(every_control(), basemap="ortho") == standalone_page(every_control(), basemap="ortho")


def state(root):
    from hp_sig.maps.standalone.rendering import elements_of  # noqa: PLC0415

    return [
        (
            id(element),
            {
                name: copy.copy(value) if isinstance(value, dict | list | set) else value
                for name, value in vars(element).items()
            },
        )
        for element in elements_of(root)
    ]


@pytest.mark.parametrize(
    "build",
    [every_control, explored_legend, lambda: topology("Volx"), lambda: choropleth("Part")],
    ids=["controls", "explore", "TopoJson", "choropleth"],
)
def test_saving_leaves_the_map_as_it_was(build):
    figure = build()
    before = state(figure.get_root())
    data = json.dumps([vars(element).get("data") for element in figure._children.values()], default=str)

    first, second = (standalone_page(figure, basemap="plan-ign") for _ in range(2))

    assert state(figure.get_root()) == before
    assert json.dumps([vars(element).get("data") for element in figure._children.values()], default=str) == data
    assert first == second
    assert "L.map(" in figure._repr_html_()


def test_a_refused_map_is_left_as_it_was():
    figure = a_map(marker(popup="<b>x"), folium.plugins.Draw())
    before = state(figure.get_root())

    with pytest.raises(OutputError):
        standalone_page(figure)

    assert state(figure.get_root()) == before


@pytest.mark.parametrize(
    "build",
    [every_control, explored_legend, lambda: choropleth("Part"), lambda: a_map(marker(popup="x", icon=folium.Icon()))],
    ids=["controls", "explore", "choropleth", "icon"],
)
@pytest.mark.parametrize("times", [1, 2])
def test_a_displayed_map_gives_the_same_bytes_as_a_new_one(build, times):
    displayed = build()
    for _ in range(times):
        displayed._repr_html_()

    assert standalone_page(displayed, basemap="plan-ign") == standalone_page(build(), basemap="plan-ign")


def test_a_layer_taken_out_after_the_map_was_displayed_is_not_in_the_file():
    group = folium.FeatureGroup("Groupe")
    marker(popup="Volx").add_to(group)
    figure = a_map(group)
    figure._repr_html_()
    del figure._children[group.get_name()]

    page = standalone_page(figure)

    assert page == standalone_page(a_map())
    assert "L.featureGroup(" in figure.get_root().script.render()


def test_what_an_officer_put_into_the_page_stays_when_the_map_was_displayed():
    figure = with_html(Element("<p>à moi</p>"))
    figure.get_root().html.add_child(Element("<p>nommé</p>"), name="legende")
    figure._repr_html_()

    page = standalone_page(figure)

    assert "<p>à moi</p>" in page
    assert "<p>nommé</p>" in page


def test_whatever_an_officer_hangs_on_the_map_does_not_stop_it():
    figure = a_map()
    figure.zones = gpd.GeoDataFrame({"a": [1]}, geometry=[Point(6, 44)], crs=4326)
    figure.figures = [np.array([1, 2])]
    figure.itself = [figure]
    figure.itself.append(figure.itself)
    figure.table = {"self": figure.itself}
    figure.table["table"] = figure.table

    assert standalone_page(figure) == standalone_page(a_map())


@pytest.mark.browser
@pytest.mark.parametrize("controlled", ["plain", "grouped"])
def test_a_layer_may_be_called_as_javascript_calls_its_own(opened, controlled):
    groups = [folium.FeatureGroup("__proto__"), folium.FeatureGroup("Volx")]
    grouped = folium.plugins.GroupedLayerControl({"__proto__": groups}, exclusive_groups=False, collapsed=False)
    control = folium.LayerControl(collapsed=False) if controlled == "plain" else grouped
    for group in groups:
        group.control = controlled == "plain"
    figure = a_map(*groups, control)

    with opened(standalone_page(figure)) as (page, told):
        assert page.locator(".leaflet-control-layers-selector").count() == 2
        assert "__proto__" in page.locator(".leaflet-control-layers").inner_text()
        assert told == []


@pytest.mark.browser
def test_code_and_its_texts_are_the_same_to_javascript(opened):
    code = (
        "const scripts = [1, 2]; let n = 0; for (let i = 0; i<scripts.length; i++) n++;"
        "const text = '<!-- <script></scr' + 'ipt><script x></script></script/>'; document.title = n + text;"
    )

    with opened(standalone_page(with_script(code))) as (page, told):
        assert page.title() == "2<!-- <script></script><script x></script></script/>"
        assert told == []


@pytest.mark.browser
def test_links_to_files_beside_the_page_and_to_a_telephone_are_links(opened):
    text = '<a href="fiches/commune-04112.html">fiche</a> <a href="tel:+33492000000">tél.</a>'

    with opened(standalone_page(a_map(marker(popup=text)))) as (page, told):
        assert click_marker(page) == "fiche tél."
        assert page.locator(".leaflet-popup-content a").count() == 2
        assert told == []


def test_the_title_of_a_figure_is_that_of_its_page():
    figure = Figure(title="Mon titre")
    inner = folium.Map([44, 6], tiles=None)
    figure.add_child(inner)

    assert "<title>Mon titre</title>" in standalone_page(inner)
    assert "<title>Volx</title>" in standalone_page(inner, title="Volx")


def test_maps_made_meanwhile_in_another_thread_are_as_usual():
    seen, go, done = [], threading.Event(), threading.Event()

    class Waiting(MacroElement):
        _template = Template("{% macro script(this, kwargs) %}{{ this.wait() }}{% endmacro %}")

        def wait(self):
            go.set()
            done.wait(10)
            return ""

    def elsewhere():
        go.wait(10)
        seen.append(Element("{{ 7*7 }}").render())
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    standalone_page(a_map(Waiting()))
    thread.join()

    assert seen == ["49"]


def test_a_map_in_a_figure_of_an_officer_is_saved():
    figure = Figure(width=500)
    inner = folium.Map([44, 6], tiles=None)
    figure.add_child(inner)

    assert "L.map(" in standalone_page(inner)


def test_a_point_and_its_neighbours_draw_with_explore():
    places = gpd.GeoDataFrame({"nom": ["Volx"]}, geometry=[Point(6, 44)], crs=4326)

    assert "Volx" in standalone_page(places.explore(tiles=None))


def test_the_rules_of_markup_name_no_element_that_runs():
    rules = markup_rules()

    dangerous = {
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "link",
        "meta",
        "base",
        "form",
        "textarea",
        "title",
        "math",
    }
    assert dangerous & {*rules["elements"], *rules["drawing"]} == set()
    named = {name for table in (rules["attributes"], *rules["own"].values()) for name in table}
    assert [name for name in named if name.startswith("on")] == []
    assert {"any"} & {rules["own"][element].get(name) for element in rules["own"] for name in ("href", "src")} == set()


def test_the_public_name_is_the_package_s():
    assert hp_sig.save_standalone is save_standalone


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no policy"])
@pytest.mark.parametrize(
    "paint",
    ["url(https://evil.example/a.svg#x)", "url('//evil.example/a.svg#x')", r"u\72l(https://evil.example/a.svg#x)"],
)
def test_a_paint_from_the_data_asks_for_no_address(opened, paint, policy):
    figure = folium.Map([44, 6], tiles=None)
    folium.Circle([44, 6], 9999, color=paint, fill_color=paint, fill=True).add_to(figure)
    square = gpd.GeoDataFrame({"paint": [paint]}, geometry=[box(5.9, 43.9, 6.1, 44.1)], crs=4326)
    look = {"color": paint, "fillColor": paint}
    folium.GeoJson(square, style_function=lambda _: look).add_to(figure)

    with opened(standalone_page(figure), policy=policy) as (page, told):
        page.wait_for_timeout(200)

        assert page.locator("path.leaflet-interactive").count() == 2
        assert told == []


@pytest.mark.browser
def test_a_paint_may_name_a_pattern_of_the_page(opened):
    figure = folium.Map([44, 6], tiles=None)
    folium.Circle([44, 6], 9999, color="red", fill_color="url(#hatch)", fill=True).add_to(figure)

    with opened(standalone_page(figure)) as (page, _):
        assert page.locator("path.leaflet-interactive").get_attribute("fill") == "url(#hatch)"
