"""What the maps of a territory, and of an officer's own figures, hold before a browser draws them."""

import html as html_module
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from known import computed
from pages import EVIL, hostile_page, six_indicators, six_page, six_zones
from squares import square

from hp_sig import save_standalone, territory_map
from hp_sig.maps.engine import page_map
from hp_sig.maps.indicator_map import indicator_map
from hp_sig.maps.model import as_script, page_model
from hp_sig.maps.page import Caption
from hp_sig.maps.safety import safe_text
from hp_sig.maps.shapes import for_display
from hp_sig.maps.territory_map import figures_map, project_map
from hp_sig.maps.themes import Indicator
from hp_sig.maps.topology import encode

A, B, C, D, E, F = range(6)


@pytest.fixture
def results(layers):
    return computed(layers)


@pytest.fixture
def model(layers, results):
    return territory_map(layers, results).model


@pytest.fixture
def page(layers, results, tmp_path):
    return save_standalone(territory_map(layers, results), tmp_path / "map.html").read_text(encoding="utf-8")


def decoded(page):
    """Give a page's text with the escapes of its JSON and of its HTML undone."""
    return html_module.unescape(re.sub(r"\\u([0-9a-f]{4})", lambda mark: chr(int(mark[1], 16)), page))


def overlay(model, label):
    return next(one for one in model["overlays"] if one["label"] == label)


def facts(model, zone):
    return dict(model["facts"][zone])


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_names_every_layer_zone_and_source(page):
    for text in (
        "Six carrés\u00a0: communes, intercommunalités, parcs et projets",
        "Intercommunalités",
        "EPCI 1",
        "3 communes",
        "Parcs naturels régionaux\u00a0: Parc P, Parc Q",
        "IGN, ADMIN EXPRESS, millésime 2020 (Licence Ouverte 2.0)",
        "INPN, PNR, millésime 2021 (Licence Ouverte 2.0)",
        "DGCL, BANATIC, millésime 2015 (Licence Ouverte 2.0)",
        "Pôle A",
        "Maison B",
        "Contours simplifiés à 20 m",
    ):
        assert text in decoded(page)


def test_the_page_asks_for_no_address_and_forbids_all(page):
    without_scripts = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)

    assert not re.search(r"""(?:src|href)=["']?https?:""", without_scripts)
    assert "default-src 'none'" in page
    assert re.search(r"script-src 'sha256-[^;]+;", page)
    assert 'lang="fr"' in page
    assert "user-scalable=no" not in page
    assert "<title>Six carrés\u00a0: communes, intercommunalités, parcs et projets</title>" in page


def test_the_page_carries_leaflet_and_nothing_else_of_folium_s(page):
    assert "Leaflet 1.9" in page
    assert not re.search(r"jquery|bootstrap|fontawesome|awesome-markers", page, re.IGNORECASE)


def test_without_a_script_the_page_says_what_it_is_and_what_it_needs(layers, results, tmp_path):
    noticed = replace(layers, territory=layers.territory.model_copy(update={"notice": "Jeu d'essai"}))

    text = save_standalone(territory_map(noticed, results), tmp_path / "map.html").read_text(encoding="utf-8")

    assert "<h1>Six carrés\u00a0: communes, intercommunalités, parcs et projets</h1>" in text
    assert 'role="note">Jeu d&#x27;essai</p>' in text
    assert "<noscript><p>Cette carte a besoin de JavaScript" in text


def test_a_notebook_shows_the_page_that_is_saved(layers, results, tmp_path):
    figure = territory_map(layers, results)
    saved = save_standalone(figure, tmp_path / "map.html").read_bytes().decode()

    shown = figure._repr_html_()

    assert html_module.unescape(re.search(r'srcdoc="([^"]*)"', shown)[1]) == saved


def test_no_text_of_the_data_can_end_a_script_or_open_a_template(tmp_path):
    text = save_standalone(page_map(hostile_page()), tmp_path / "map.html").read_text(encoding="utf-8")
    model = re.search(r'<script type="application/json" id="hp-model">(.*?)</script>', text, re.DOTALL)[1]

    assert json.loads(model)["names"] == [EVIL] * 6
    assert not re.search(r"[<>&]|\{\{|\{%|\{#", model)
    assert "<img" not in text
    assert text.count("</script>") == text.count("<script")


@pytest.mark.parametrize("text", ["<b>", "{{ x }}", "{% x %}", "{# x #}", "${x}", "`", "\\", '"', "'", "&"])
def test_no_mark_of_a_language_survives_escaping(text):
    safe = safe_text(text)

    assert not re.search(r"[<>{}$`\\\"'%]", safe)
    assert html_module.unescape(safe) == text


@pytest.mark.parametrize("text", ["</script>", "{{ x }}", "{% x %}", "{# x #}", "&amp;", "\u2028\u2029", '"\\'])
def test_no_mark_of_a_language_survives_as_a_script_and_the_text_is_unchanged(text):
    written = as_script({"key": [text, {}]})

    assert not re.search("[<>&\u2028\u2029]|{{|{%|{#", written)
    assert json.loads(written) == {"key": [text, {}]}


def test_what_is_no_number_is_refused_rather_than_written():
    with pytest.raises(ValueError, match="JSON"):
        as_script({"value": float("nan")})


SAVE = """
import sys
from hp_sig.maps.engine import page_map
from hp_sig import save_standalone
from pages import six_page
save_standalone(page_map(six_page()), sys.argv[1])
"""


def test_the_bytes_are_the_same_whatever_the_process(tmp_path):
    pages = []
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.html"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)}
        subprocess.run([sys.executable, "-c", SAVE, path], env=environment, check=True)
        pages.append(path.read_bytes())

    assert pages[0] == pages[1]
    assert save_standalone(page_map(six_page()), tmp_path / "here.html").read_bytes() == pages[0]


def test_a_territory_s_map_is_the_same_from_one_time_to_the_next(layers, results, tmp_path):
    pages = [save_standalone(territory_map(layers, results), tmp_path / f"{n}.html").read_bytes() for n in (1, 2)]

    assert pages[0] == pages[1]


# --- geometry ---------------------------------------------------------------------------------------------------------


def shapes_of(topology):
    """Close the zones along their arcs."""
    arcs = [np.cumsum(np.reshape(arc, (-1, 2)), axis=0) / 10 ** topology["decimals"] for arc in topology["arcs"]]

    def ring(references):
        return np.concatenate([(arcs[one] if one >= 0 else arcs[~one][::-1])[1:] for one in references])

    return [
        shapely.MultiPolygon([(ring(outer), [ring(hole) for hole in holes]) for outer, *holes in zone])
        for zone in topology["shapes"]
    ]


def test_simplified_limits_stay_shared(layers, results):
    wavy = layers.communes.copy()
    # A limit of many vertices between A and B, 5 m about the straight one.
    ys = np.linspace(0, 1000, 51)
    xs = 1000 + 5 * np.sin(ys / 40) * (ys % 1000 > 0)
    limit = [(900_000 + x, 6_300_000 + y) for x, y in zip(xs, ys, strict=True)]
    wavy.loc["04001", "geometry"] = shapely.Polygon([(900_000, 6_300_000), *limit, (900_000, 6_301_000)])
    wavy.loc["04002", "geometry"] = shapely.Polygon([*limit, (902_000, 6_301_000), (902_000, 6_300_000)])
    rough = replace(layers, communes=wavy)

    exact, light = (territory_map(rough, results, simplify_m=metres).model["topology"] for metres in (0, 50))

    assert shapely.coverage_is_valid(np.array(shapes_of(light)))
    # 51 points of two numbers, of which the two ends are left.
    assert sum(map(len, exact["arcs"])) - sum(map(len, light["arcs"])) == 2 * 49
    # Six squares in two rows of three: seven limits within, six junctions or corners on the outside.
    shared = [ref if ref >= 0 else ~ref for zone in light["shapes"] for ring in zone[0] for ref in ring]
    assert sum(shared.count(arc) == 2 for arc in set(shared)) == 7


def test_the_geometry_of_the_zones_is_written_once_whatever_is_drawn_of_them(layers, results):
    model = territory_map(layers, results).model
    more = page_model(replace(six_page(), themes=six_indicators() * 5))

    assert model["topology"]["shapes"] == more["topology"]["shapes"]
    assert json.dumps(more).count('"arcs"') == 1 + sum(one["type"] == "perimeters" for one in more["overlays"])
    # Sets of communes are lists of ranks, without any geometry.
    assert overlay(model, "SCoT")["members"] == [1, 1, 0, -1, -1, -1]
    assert model["themes"][0]["members"] == [[0, 0, 1, 0, 1, 1], [0, 1, 1, 0, 1, 1]]


def test_the_limits_of_the_page_are_those_of_the_layer(layers, results):
    drawn = territory_map(layers, results, simplify_m=0).model["topology"]

    back = gpd.GeoSeries(shapes_of(drawn), crs=4326).to_crs(2154)
    assert back.area.to_numpy() == pytest.approx(1e6, rel=3e-3)
    assert encode(for_display(layers.communes, 0)).as_json() == drawn


def test_a_name_stands_inside_its_zone(model):
    shapes = shapes_of(model["topology"])

    assert all(
        shape.contains(shapely.Point(lon, lat)) for shape, (lat, lon) in zip(shapes, model["places"], strict=True)
    )


def test_zones_that_come_twice_are_refused():
    page = six_page()
    twice = page.zones.rename(index={"04002": "04001"})

    with pytest.raises(ValueError, match="04001"):
        page_model(replace(page, zones=twice))


# --- the map of the territory -----------------------------------------------------------------------------------------


def test_a_commune_s_card_gives_french_labels_and_figures(model):
    assert facts(model, A)["Superficie géométrique"] == "100\u00a0ha"
    assert facts(model, A)["Population municipale 2021"] == "10\u00a0hab."
    assert facts(model, D)["Statut du SCoT"] == "statut à confirmer"
    assert facts(model, A)["Parcs naturels régionaux"] == "Parc P"
    assert facts(model, F)["SCoT"] == "–"
    assert facts(model, A)["Projet"] == "Pôle A"


def test_a_commune_s_card_tells_each_date_at_which_it_changed(model):
    told = [{label: value for label, value in rows if label.startswith("Intercommunalité ")} for rows in model["facts"]]

    assert told[B] == {"Intercommunalité 2015": "EPCI 1", "Intercommunalité 2017": "EPCI 2"}
    assert [len(rows) for rows in told] == [1, 2, 1, 1, 1, 1]


def test_an_intercommunality_keeps_its_colour_from_one_date_to_another_and_the_first_date_is_the_territory_s(model):
    (theme,) = model["themes"]

    assert theme["periods"] == ["2015", "2017"]
    assert theme["periods"][theme["first"]] == "2015"
    assert theme["told"] == [["3 communes", "3 communes"], ["2 communes", "4 communes"]]
    assert len({one["colour"] for one in theme["sets"]}) == 2
    assert theme["source"] == "DGCL, BANATIC"


def test_a_scot_is_drawn_and_told_by_its_status_the_approved_one_over_the_others(model):
    scot = overlay(model, "SCoT")

    assert [one["name"] for one in scot["sets"]] == ["SCoT 2", "SCoT 1"]
    assert [bool(one["line"]["dash"]) for one in scot["sets"]] == [True, False]
    assert [row["label"] for row in scot["legend"]] == ["SCoT, approuvé", "SCoT, en élaboration"]


def test_parks_are_hatched_and_shown_at_first(model):
    parks = overlay(model, "Parcs naturels régionaux")

    assert (parks["type"], parks["fill"], parks["shown"]) == ("perimeters", "hatched", True)
    assert len(parks["topology"]["shapes"]) == 2


def test_the_hub_stands_at_the_station_and_wider_projects_have_no_point(layers, model):
    centre = layers.stations.geometry.to_crs(4326).iloc[0]

    (mark,) = overlay(model, "Projets localisés")["marks"]
    assert (mark["name"], mark["sign"], mark["beside"]) == ("Pôle A", "hub", "Gare A")
    assert mark["at"] == [pytest.approx(centre.y, abs=1e-6), pytest.approx(centre.x, abs=1e-6)]


def test_the_legend_tells_the_signs_of_the_map_and_no_other(layers, model):
    without = replace(layers, projects=layers.projects[layers.projects["scale"] != "site"])
    other = territory_map(without, computed(without)).model

    assert [row["sign"] for one in model["overlays"] if one["type"] == "places" for row in one["legend"]] == ["hub"]
    assert [row["sign"] for one in other["overlays"] if one["type"] == "places" for row in one["legend"]] == ["station"]


def test_any_other_layer_of_zones_is_drawn_with_its_own_line_and_legend(layers):
    pnr = layers.zones["pnr"]
    config = pnr.config.model_copy(update={"id": "basin", "label": "Bassins versants"})
    added = replace(layers, zones={**layers.zones, "basin": replace(pnr, config=config)})

    basins = overlay(territory_map(added, computed(added)).model, "Bassins versants")

    assert (basins["fill"], basins["shown"]) == ("none", False)
    assert [row["label"] for row in basins["legend"]] == ["Bassins versants"]


def test_a_footprint_that_names_a_station_stays_where_it_is_drawn(layers):
    drawn = layers.projects.copy()
    drawn.loc["hub", "scale"] = "footprint"
    drawn.loc[["hub"], "geometry"] = [square(1, 1, 0.5, 0.5)]
    moved = replace(layers, projects=drawn)

    model = territory_map(moved, computed(moved)).model

    footprint = overlay(model, "Emprise d'un projet")
    (shape,) = gpd.GeoSeries(shapes_of(footprint["topology"]), crs=4326).to_crs(2154)
    assert shape.centroid.distance(square(1, 1, 0.5, 0.5).centroid) < 2
    assert footprint["legend"][0]["label"] == "Emprise d'un projet\u00a0: Pôle A"
    assert not any(
        mark["sign"] == "hub" for one in model["overlays"] if one["type"] == "places" for mark in one["marks"]
    )


# --- the map of the actions -------------------------------------------------------------------------------------------


def test_actions_are_listed_by_axis_each_with_what_it_concerns(layers, results):
    model = project_map(layers, results).model
    centre = layers.stations.geometry.to_crs(4326).iloc[0]

    told = [(one["heading"], one["name"], one["scale"], one["where"], one["zones"]) for one in model["actions"]]
    assert told == [
        ("Transition énergétique et mobilités", "Pôle A", "Site", "A", []),
        ("Sobriété foncière et habitat", "Logements", "Intercommunalité", "EPCI 2", [C, E, F]),
        ("Sobriété foncière et habitat", "SIG mutualisé", "Tout le territoire", "", []),
        ("Solidarités et services", "Maison B", "Commune", "B", [B]),
    ]
    places = [one["at"] for one in model["actions"]]
    assert places[0] == pytest.approx([centre.y, centre.x], abs=1e-6)
    assert places[1:] == [None] * 3


def test_the_zones_that_an_action_is_located_by_are_outlined(layers, results):
    model = project_map(layers, results).model

    assert overlay(model, "Actions à l'échelle d'une commune")["members"] == [-1, 0, -1, -1, -1, -1]
    assert overlay(model, "Actions à l'échelle d'une intercommunalité")["members"] == [-1, -1, 0, -1, 0, 0]


def test_a_territory_without_projects_has_a_map_without_actions(layers):
    without = replace(layers, projects=None)

    assert project_map(without, computed(without)).model["actions"] == []


# --- the map of the figures -------------------------------------------------------------------------------------------


def test_the_figures_of_a_territory_are_those_of_its_results(layers, results):
    (theme,) = figures_map(layers, results).model["themes"]

    assert (theme["key"], theme["label"], theme["unit"]) == ("population", "Population municipale", "hab.")
    assert theme["values"] == [[10, 20, 30, 40, 50, 60]]
    assert theme["vintages"] == ["2021"]
    assert theme["source"] == "INSEE, Populations légales"


def test_a_territory_without_figures_has_no_map_of_them(layers):
    without = replace(layers, population=None)

    assert figures_map(without, computed(without)) is None


# --- the map of one's own figures -------------------------------------------------------------------------------------


def test_a_table_becomes_one_map_a_column_labelled_where_the_column_is_known():
    zones = six_zones()
    table = pd.DataFrame({"sealed_ha": [0, 1, 2, 3, 4, np.nan], "mine": range(6), "note": "x"}, index=zones.index)

    model = indicator_map(zones, table).model

    assert [(one["label"], one["unit"], one["decimals"]) for one in model["themes"]] == [
        ("Surface imperméabilisée", "ha", 1),
        ("mine", "", 2),
    ]
    assert model["title"] == "Surface imperméabilisée"
    assert (model["kind"], model["codeLabel"]) == ("Commune", "Code INSEE")
    # A measured 0 is 0, what is not known is null.
    assert model["themes"][0]["values"] == [[0, 1, 2, 3, 4, None]]
    assert model["themes"][0]["classes"][0][-1] == -1
    assert model["themes"][0]["classes"][0][0] == 0


def test_shares_are_shown_as_percentages_as_everywhere_else():
    zones = six_zones()

    (theme,) = indicator_map(
        zones, pd.DataFrame({"sealed_share": [0.1, 0.2, 0.3, 0.4, 0.5, 0.123456]}, index=zones.index)
    ).model["themes"]

    assert theme["values"] == [[10, 20, 30, 40, 50, 12.35]]
    assert theme["unit"] == "%"


def test_a_table_of_codes_and_years_has_periods_marks_and_editions():
    zones = six_zones()
    index = pd.MultiIndex.from_product([zones.index, [2019, 2020]], names=["commune_code", "year"])
    table = pd.DataFrame(
        {"enaf_consumption_ha": range(12), "is_provisional": [False, True] * 6, "vintage": "2024"}, index=index
    )

    (theme,) = indicator_map(zones, table, scheme="fisher_jenks").model["themes"]

    assert theme["periods"] == ["2019", "2020"]
    assert theme["first"] == 1
    assert theme["values"][0] == [0, 2, 4, 6, 8, 10]
    assert [(flag["key"], flag["zones"]) for flag in theme["flags"]] == [("is_provisional", [[], [0, 1, 2, 3, 4, 5]])]
    assert theme["vintages"] == ["2024", "2024"]
    assert theme["scheme"].startswith("Classes de Fisher-Jenks")


def test_editions_that_differ_from_zone_to_zone_are_told_zone_by_zone():
    theme = page_model(six_page())["themes"][0]

    assert theme["vintages"] == ["2020", "2020", ["2020"] * 3 + ["2021"] * 3]
    assert [flag["zones"] for flag in theme["flags"]] == [
        [[], [], list(range(6))],
        [[], [], [B]],
        [[], [E], []],
    ]


def test_zones_that_are_no_communes_are_called_zones():
    parks = six_zones().rename_axis("pnr_code")

    words = indicator_map(parks, pd.DataFrame({"mine": range(6)}, index=parks.index)).model["words"]

    assert words["search"] == "Chercher une zone"
    assert page_model(six_page())["words"]["search"] == "Chercher une commune"


def test_indicators_with_their_own_classes_sources_and_layers_may_be_given():
    zones = six_zones()
    mine = Indicator(
        column="mine", figures=pd.DataFrame({"": range(6)}, index=zones.index), label="Le mien", unit="m", ramp="blue"
    )
    caption = Caption(title="Carte", sources=["Moi"])

    figure = indicator_map(zones, [mine], caption=caption, overlays=six_page().overlays[:1])

    assert isinstance(figure, folium.Map)
    assert (figure.model["title"], figure.model["sources"]) == ("Carte", ["Moi"])
    assert [one["label"] for one in figure.model["overlays"]] == ["Intercommunalités 2017"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda zones, table: (zones.to_crs(4326), table), "2154"),
        (lambda zones, table: (zones, table.rename(index=lambda code: code[1:])), r"\['04001', .*'4001'"),
        (lambda zones, table: (zones, table[[]]), "at least one column"),
        (lambda zones, table: (zones, table.assign(mine="x")), "at least one column"),
        (lambda zones, _table: (zones, []), "DataFrame, a Series or indicators expected"),
        (lambda zones, table: (zones, pd.concat([table, table])), "one row a zone"),
        (lambda zones, table: (pd.concat([zones, zones]), table), "one row a code"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(spoil, told):
    zones = six_zones()
    zones, table = spoil(zones, pd.DataFrame({"mine": range(6)}, index=zones.index))

    with pytest.raises(ValueError, match=told):
        indicator_map(zones, table)
