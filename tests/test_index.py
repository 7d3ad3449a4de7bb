import datetime as dt
import re
from dataclasses import dataclass, replace
from html import unescape
from itertools import pairwise

import pytest
from browser import chromium
from known import computed
from markup import Tags
from squares import CODES

from hp_sig import compute
from hp_sig.assembly import LandLayers
from hp_sig.maps.sheets import index_page, sheet_files
from hp_sig.maps.sheets.remarks import FORMS, warning_lines
from hp_sig.reference.labels import wording
from hp_sig.results.steps import BASE_TABLES, LAND_TABLES

EVIL = "<img src=x onerror=document.title='owned'>{{ 7*7 }}${alert(1)}`\\</script> Les Ormes \"à l'Est\" &amp;"
DAY = dt.date(2026, 11, 3)
MAPS = [
    ("carte-territoire.html", "Carte du territoire", "Communes et parcs."),
    ("territoire.gpkg", "Toutes les couches", "À ouvrir dans QGIS."),
]


@dataclass(frozen=True)
class Line:
    kind: str
    text: str


CHANGES = [Line("figure", "A : superficie, 100 ha → 101 ha."), Line("file", "Nouveau : IGN, ADMIN EXPRESS.")]


class Page(Tags):
    """What a reader sees of a page, without its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__(re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL))

    @property
    def text(self):
        return " ".join("".join(self.texts).replace("\u00a0", " ").replace("\u202f", " ").split())


def index_of(layers, results=None, *, maps=MAPS, changes=CHANGES):
    found = computed(layers) if results is None else results
    return index_page(layers, found, maps=maps, sheets=sheet_files(layers), changes=changes, refreshed_on=DAY)


def test_the_index_links_to_every_map_sheet_and_table(layers):
    results = computed(layers)

    links = {attributes.get("href") for attributes in Page(index_of(layers, results)).named("a")}

    assert {"carte-territoire.html", "territoire.gpkg", "manifest.json"} <= links
    assert set(sheet_files(layers).values()) <= links
    assert {f"{name}.csv" for name in results.tables()} <= links
    assert all(link.startswith("#") or "//" not in link for link in links)


def test_pages_are_cards_and_other_files_are_among_the_data(layers):
    html = index_of(layers)

    cards = re.search(r'<ul class="cards">(.*?)</ul>', html)[1]
    assert "Carte du territoire" in cards
    assert "Communes et parcs." in cards
    assert "territoire.gpkg" not in cards
    assert "Toutes les couches. À ouvrir dans QGIS." in Page(html).text


def test_without_any_map_there_is_no_empty_section(layers):
    html = index_of(layers, maps=[])

    assert 'id="cartes"' not in html
    assert 'href="#cartes"' not in html


def test_sheets_are_grouped_by_kind_and_year_and_communes_come_last(layers):
    html = index_of(layers)

    headings = [unescape(found) for found in re.findall(r"<h3[^>]*>(.*?)</h3>", html)]
    assert headings[:5] == [
        "Le territoire",
        "Intercommunalités au 1er janvier 2015",
        "Intercommunalités au 1er janvier 2017",
        "Parcs naturels régionaux",
        "Communes",
    ]


def test_communes_are_sorted_without_regard_to_accents(layers):
    named = layers.communes.assign(name=["Zut", "Éze", "Elan", "Ezy", "aube", "Bar"])

    html = index_of(replace(layers, communes=named))

    listed = re.search(r'<ul class="links" id="communes-liste">(.*?)</ul>', html)[1]
    assert [unescape(name) for name in re.findall(r'html">(.*?)</a>', listed)] == [
        "aube",
        "Bar",
        "Elan",
        "Éze",
        "Ezy",
        "Zut",
    ]


def test_a_commune_without_a_name_can_still_be_followed(layers):
    html = index_of(replace(layers, communes=layers.communes.assign(name="")))

    assert '<a href="fiches/commune-04001.html">sans nom</a>' in html


def test_changes_are_told_under_their_headings_files_first(layers):
    html = index_of(layers)

    section = html[html.index('id="changements"') : html.index('id="donnees"')]
    assert re.findall(r"<h3>(.*?)</h3>", section) == ["Fichiers", "Chiffres"]
    assert section.index("Nouveau") < section.index("superficie")


def test_a_first_refresh_is_told_without_a_heading(layers):
    html = index_of(layers, changes=[Line("none", "Première actualisation.")])

    section = html[html.index('id="changements"') : html.index('id="donnees"')]
    assert "<h3>" not in section
    assert "Première actualisation." in section


def test_changes_beyond_thirty_are_listed_in_a_part_that_opens(layers):
    changes = [Line("figure", f"{EVIL} {rank}") for rank in range(75)]

    html = index_of(layers, changes=changes)

    section = html[html.index('id="changements"') : html.index('id="donnees"')]
    seen, folded = section.split("<details>")
    assert (seen.count("<li>"), folded.count("<li>")) == (30, 45)
    assert "<summary>45 autres changements</summary>" in folded.replace("\u00a0", " ")
    assert "<img" not in section
    assert "<details>" not in index_of(layers, changes=changes[:30])
    assert "<summary>1 autre changement</summary>" in index_of(layers, changes=changes[:31])


def test_the_day_of_the_refresh_and_the_notice_are_shown(layers):
    noticed = replace(layers, territory=layers.territory.model_copy(update={"notice": "Jeu d'essai"}))

    text = Page(index_of(noticed)).text

    assert "Actualisé le 03/11/2026" in text
    assert "Jeu d'essai" in text
    assert "Jeu d'essai" not in Page(index_of(layers)).text


def test_every_layer_s_source_is_told(layers):
    text = Page(index_of(layers)).text

    for source in ("IGN, ADMIN EXPRESS, millésime 2020", "SNCF, Gares, millésime 2022", "Pays, CRET, millésime 2015"):
        assert source in text


def test_tables_that_were_not_made_are_told_in_french_with_what_they_need(layers):
    text = Page(index_of(layers)).text

    assert "Trajectoire de consommation d'ENAF : il faut le fichier de consommation d'espaces du Cerema" in text
    assert "land_cover" not in text
    assert "[enaf]" not in text


def test_every_table_has_a_french_name_and_those_of_land_a_need():
    assert all(wording("results_table", name) for name in (*BASE_TABLES, *LAND_TABLES))
    assert all(wording("results_need", name) for name in LAND_TABLES)


def test_an_absent_optional_layer_is_named_by_its_source(layers):
    population = layers.territory.population.model_copy(update={"optional": True})
    territory = layers.territory.model_copy(update={"population": population})
    absent = replace(layers, territory=territory, land=LandLayers(absent=("population",)))

    text = Page(index_of(absent)).text

    assert "Couches prévues dont le fichier est absent" in text
    assert "INSEE, Populations légales, millésime 2021" in text


def test_nothing_to_tell_is_told(layers):
    results = replace(computed(layers), skipped={}, warnings=())

    assert (
        "Rien : toutes les tables ont été faites, et les couches s'accordent." in Page(index_of(layers, results)).text
    )


WARNINGS = {
    "epci_2017: communes of 'EPCI 1', 'EPCI 2' lie out of the territory; the figures of these zones are those of their "
    "communes of the territory alone (is_partial).": (
        "Intercommunalités au 1er janvier 2017 : des communes de EPCI 1, EPCI 2 sont hors du territoire ; ses chiffres "
        "sont ceux de ses seules communes du territoire."
    ),
    "clc: 5 of 6 zones are too small for this survey (is_below_scale): do not use what it says of them.": (
        "clc : zones trop petites pour cette source, 5 sur 6 ; n'en tirez rien."
    ),
    "the difference 04 2015-2021 spans a vintage that lies between: left aside.": (
        "La différence 04 2015-2021 enjambe un millésime : elle est laissée de côté."
    ),
    "the difference 04 2018-2021 runs backward: its states before and after are exchanged. It was left aside.": (
        "La différence 04 2018-2021 va à rebours (ses états avant et après sont inversés) : elle est laissée de côté."
    ),
    "the difference 04 2018-2021 agrees with both states on 12% of its changed area only: are they of the same "
    "edition?": (
        "La différence 04 2018-2021 ne s'accorde avec ses deux états que sur 12 % de ce qui a changé : sont-ils de la "
        "même édition ?"
    ),
    "net artificialisation 04 2018-2021: states and difference differ by more than 0.1 ha in 7 communes ('04001', "
    "'04002' (and 5 more)), by 1.25 ha at most. The figures are those of the states.": (
        "Artificialisation nette 04 2018-2021 : les états et la différence s'écartent de plus de 0,1 ha, et de 1,25 ha "
        "au plus, dans ces communes : 04001, 04002 et 5 de plus. Les chiffres sont ceux des états."
    ),
    "land cover 04 2018: 1 communes are not covered in whole ('04001'; 80% at least): the rest is unknown and counts "
    "in no stock or flow.": (
        "Occupation du sol 04 2018 : communes qui ne sont pas couvertes en entier (80 % au moins) : 04001. Le reste "
        "n'est pas connu et ne compte nulle part."
    ),
    "land cover 04 2018: its polygons overlap by 12.5 ha (2.5%), which areas by class count twice.": (
        "Occupation du sol 04 2018 : des polygones se recouvrent sur 12,5 ha (2,5 %), que les superficies par classe "
        "comptent deux fois."
    ),
    "planning zones: land lies in zones of two kinds in 2 communes ('04001', '04002'), 3.5 ha at most: their sum is "
    "over the land of the document.": (
        "Documents d'urbanisme : des terrains sont dans des zones de deux types, 3,5 ha au plus, dans ces communes : "
        "04001, 04002."
    ),
    "hubs: no street open to the mode 'walk' within 500 m of 'a', 'b': no service area is drawn for them. Check their "
    "position, and that the roads cover them.": (
        "Pôles sans voie praticable à pied à moins de 500 m : a, b. Aucune aire n'est dessinée pour eux."
    ),
    "roads: only 62% of the length open to the mode 'bike' is of one piece, which 3 others do not join: is some of the "
    "network missing, or cut at a limit?": (
        "Réseau routier à vélo : 62 % seulement de sa longueur est d'un seul tenant. En manque-t-il un morceau ?"
    ),
    "enaf_ratios: the ENAF file has fewer than two censuses: there is no ratio.": (
        "Le fichier de consommation compte moins de deux recensements : "
        "pas de rapport aux ménages, habitants et emplois."
    ),
}


@pytest.mark.parametrize(("warning", "said"), WARNINGS.items())
def test_each_warning_is_told_in_french(layers, warning, said):
    results = replace(computed(layers), warnings=(warning,))

    (line,) = warning_lines(results, layers)

    assert Page(line).text == said
    assert 'lang="en"' not in line


def test_every_form_of_a_warning_is_tested_above():
    assert len(WARNINGS) == len(FORMS)


def test_the_package_gives_no_warning_of_another_form():
    # Each place of hp_sig.results that makes a warning: a new one needs its French wording.
    from pathlib import Path  # noqa: PLC0415 - for this test alone

    import hp_sig.results  # noqa: PLC0415 - for this test alone

    sources = " ".join(path.read_text(encoding="utf-8") for path in Path(hp_sig.results.__file__).parent.glob("*.py"))
    told = re.findall(
        r"lie out of the territory|too small for this survey|spans a vintage|runs backward|agrees with both states"
        r"|states and difference differ|not covered in whole|its polygons overlap|zones of two kinds in"
        r"|fewer than two censuses|no street open to the mode|only \{graph\.main_share",
        sources,
    )
    assert len(set(told)) == len(FORMS)
    assert len(re.findall(r"warnings(?:\.append\(|\s\+=\s)|warnings = _", sources)) == 11


def test_a_warning_of_no_known_form_is_shown_as_english(layers):
    results = replace(computed(layers), warnings=("something <new> happened",))

    assert '<li lang="en">something &lt;new&gt; happened</li>' in index_of(layers, results)


def test_the_index_is_in_french_with_landmarks_and_ordered_headings(layers):
    html = index_of(layers)
    page = Page(html)

    assert page.named("html") == [{"lang": "fr"}]
    assert [len(page.named(tag)) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    identifiers = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}
    anchors = {attributes["href"][1:] for attributes in page.named("a") if attributes["href"].startswith("#")}
    assert anchors <= identifiers
    assert "default-src 'none'; script-src 'sha256-" in html


def test_code_in_the_data_is_text(layers):
    named = {"name": EVIL}
    zones = {
        key: replace(
            layer,
            zones=layer.zones.assign(**named),
            config=layer.config.model_copy(update={"label": f"{EVIL} {key}", "producer": EVIL, "source": EVIL}),
        )
        for key, layer in layers.zones.items()
    }
    territory = layers.territory.model_copy(
        update={"name": EVIL, "notice": EVIL, "zones": tuple(layer.config for layer in zones.values())}
    )
    hostile = replace(layers, territory=territory, communes=layers.communes.assign(**named), zones=zones)
    results = replace(compute(hostile), warnings=(EVIL,), skipped={})

    html = index_of(hostile, results, maps=[(EVIL, EVIL, EVIL)], changes=[Line("figure", EVIL)])

    page = Page(html)
    assert page.named("img") == []
    assert html.count("<script>") == 1
    assert "{{ 7*7 }}" not in html
    assert "${alert" not in html
    assert "".join(page.texts).count(EVIL) >= 15
    assert all("onerror" not in attributes for _, attributes in page.tags)


@pytest.mark.browser
def test_the_filter_works_by_keyboard_and_without_javascript_every_commune_is_listed(layers, tmp_path):
    named = layers.communes.assign(name=["Gréoux", "Oraison", "Banon", "L'Hospitalet", "Riez", "Volx"])
    path = tmp_path / "index.html"
    path.write_text(index_of(replace(layers, communes=named)), encoding="utf-8")
    folder = tmp_path / "fiches"
    folder.mkdir()
    (folder / f"commune-{CODES['D']}.html").write_text("<title>D</title>", encoding="utf-8")

    with chromium() as browser:
        without = browser.new_context(java_script_enabled=False).new_page()
        without.goto(path.as_uri())
        listed = without.locator("#communes-liste li:visible").count()
        hidden = without.locator("#filtre").is_hidden()
        page = browser.new_context(viewport={"width": 390, "height": 844}, offline=True).new_page()
        told = []
        page.on("console", lambda message: told.append(message.text))
        page.on("request", lambda request: None if request.url.startswith("file:") else told.append(request.url))
        page.goto(path.as_uri())
        widest = page.evaluate("document.documentElement.scrollWidth")
        page.get_by_label("Chercher une commune").focus()
        counts = {}
        for word in ("greoux", "0400", "zzz", "l\u2019hosp"):
            page.keyboard.press("Escape")
            page.keyboard.type(word)
            counts[word] = (page.locator("#communes-liste li:visible").count(), page.locator("output").inner_text())
        page.keyboard.press("Enter")
        page.wait_for_url("**/fiches/*")

        assert (listed, hidden) == (6, True)
        assert counts == {
            "greoux": (1, "1 commune"),
            "0400": (5, "5 communes"),
            "zzz": (0, "aucune commune ne correspond"),
            "l\u2019hosp": (1, "1 commune"),
        }
        assert page.url.endswith(f"commune-{CODES['D']}.html")
        assert widest <= 390
        assert told == []
