import datetime as dt
import re
from dataclasses import replace
from html import unescape
from itertools import pairwise

import pandas as pd
import pytest
from browser import chromium
from known import computed
from markup import Tags
from published import sample
from squares import CODES, square

import hp_sig
from hp_sig import load_regime
from hp_sig.maps.sheets import commune_sheet, planned_sheets, sheet_files, write_sheets
from hp_sig.maps.sheets.charts import flows_chart, path_chart
from hp_sig.maps.sheets.composition import composition_chart, covers
from hp_sig.maps.sheets.figures import FIGURES, key_figures
from hp_sig.maps.sheets.locator import Locator
from hp_sig.maps.sheets.naming import sheet_file
from hp_sig.maps.sheets.portrait import Portrait, portraits
from hp_sig.maps.sheets.sentences import enaf_sentences, land_sentences, path_sentences, zone_sentences

NAN = float("nan")
LAW = load_regime()
A, B, F = CODES["A"], CODES["B"], CODES["F"]
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


def cells(html: str, row: str) -> list[str]:
    """Give the cells of the row of the key figures that has this heading."""
    found = re.search(rf'<th scope="row">{re.escape(row)}</th>(.*?)</tr>', plain(unescape(html)))
    assert found, row
    return re.findall(r"<td>(.*?)</td>", re.sub(r"</?span[^>]*>", "", found[1]))


# --- the six squares, and tables of land made by hand -------------------------------------------------------------


@pytest.fixture
def bare(layers):
    """Results without any table of land."""
    return computed(layers)


ZONES = [
    ("communes", A, "A"),
    ("communes", B, "B"),
    ("epci_2015", "200000001", "EPCI 1"),
    ("epci_2017", "200000001", "EPCI 1"),
    ("epci_2017", "200000002", "EPCI 2"),
    ("territory", "territory", "Six carrés"),
]


def flow_rows(scale=1.0, **overrides):
    """Give 1 ha a year from 2011 to 2020, 0.5 ha in 2021 and 2022, 0.4 ha in 2023, which is provisional."""
    hectares = {**dict.fromkeys(range(2011, 2021), 1.0), 2021: 0.5, 2022: 0.5, 2023: 0.4}
    return [
        {
            "year": year,
            "enaf_consumption_ha": scale * value,
            "enaf_consumption_share": scale * value / 100,
            "is_provisional": year == 2023,
            **overrides,
        }
        for year, value in hectares.items()
    ]


def law_row(**overrides):
    """Give the path of these flows: 10 ha of reference, 5 allowed, 1.4 consumed, 3.6 left, 0.4667 a year."""
    return {
        "regime": "climat_resilience_2023",
        "regime_status": "in_force",
        "reduction_share": 0.5,
        "guarantee_ha": 1.0,
        "guarantee_effect": "covered",
        "allowance_ha": 5.0,
        "consumed_ha": 1.4,
        "excluded_ha": 0.0,
        "remaining_ha": 3.6,
        "years_elapsed": 3,
        "pace_ha_per_year": 1.4 / 3,
        "projection_ha": 14 / 3,
        "projection_share": 14 / 15,
        "exhaustion_year": pd.NA,
        "status": "on_track",
        "is_provisional": True,
        **overrides,
    }


def stock_row(**overrides):
    return {
        "rank": 2,
        "year": "2021",
        "is_mixed": False,
        "covered_share": 1.0,
        "artificialised_ha": 16.0,
        "artificialised_share": 0.16,
        "sealed_ha": 8.0,
        "sealed_share": 0.08,
        "method": "matrix",
        **overrides,
    }


def change_row(**overrides):
    return {
        "rank": 1,
        "vintages": "2018-2021",
        "is_mixed": False,
        "artificialised_net_ha": 6.0,
        "artificialised_net_ha_per_year": 2.0,
        "sealed_net_ha": 3.0,
        "sealed_net_ha_per_year": 1.0,
        "method": "matrix",
        **overrides,
    }


def shape_row(**overrides):
    return {"year": "2021", "is_mixed": False, "inhabitants_per_ha": 12.5, "density_status": "defined", **overrides}


def cover_rows(**hectares):
    """Give the classes of cover of a zone of 100 ha."""
    return [
        {"rank": 2, "axis": "cover", "class_code": code.replace("_", "."), "area_ha": area, "share": area / 100}
        for code, area in hectares.items()
    ]


def spread(rows, zones=ZONES):
    """Give the same rows to several zones."""
    return pd.DataFrame(
        [
            {"zone_layer": layer, "zone_code": code, "zone_name": name, "is_partial": False, **row}
            for layer, code, name in zones
            for row in rows
        ]
    )


@pytest.fixture
def full(bare):
    """Results with the same land in every zone, but in the EPCI 200000001 of 2017."""
    other = ("epci_2017", "200000001", "EPCI 1")
    rest = [zone for zone in ZONES if zone != other]
    older = stock_row(rank=1, year="2018", artificialised_ha=10.0)
    stock = pd.concat([spread([stock_row(), older], rest), spread([stock_row(sealed_ha=99.0), older], [other])])
    return replace(
        bare,
        land_stock=stock,
        land_flow=spread([change_row()]),
        land_shape=spread([shape_row()]),
        land_classes=spread(cover_rows(CS1_1_1_1=5.0, CS1_1_1_2=3.0, CS2_2_1=92.0)),
        enaf_consumption=spread(flow_rows()),
        trajectory=spread([law_row(regime="Scénario", regime_status="bill", allowance_ha=77.0), law_row()]),
    )


def portrait(**overrides):
    """Make a commune of 100 ha and 50 inhabitants with the land above."""
    facts = {
        "key": ("communes", "04001"),
        "name": "A",
        "kind": "communes",
        "year": None,
        "commune_codes": ("04001",),
        "commune_total": None,
        "area_ha": 100.0,
        "population": 50.0,
        "population_year": 2021,
        "is_partial": False,
        "is_perimeter": False,
        "stock": stock_row(),
        "shape": shape_row(),
        "flow": change_row(),
        "law": law_row(),
        "covers": tuple(cover_rows(CS1_1_1_1=8.0, CS2_2_1=92.0)),
        "flows": tuple(flow_rows()),
    }
    return Portrait(**{**facts, **overrides})


WHOLE = portrait(key=("territory", "territory"), kind="territory", area_ha=600.0)

# --- sentences ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (0.0, "La commune ne compte aucun habitant (2021)."),
        (1.0, "La commune compte 1 habitant (2021)."),
        (2.0, "La commune compte 2 habitants (2021)."),
        (22926.0, "La commune compte 22 926 habitants (2021)."),
        (NAN, "La population de la commune n'est pas connue."),
    ],
)
def test_people_are_counted_with_the_right_plural(people, said):
    assert plain(zone_sentences(portrait(population=people), WHOLE)[1]) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (portrait(), "La commune s'étend sur 100 ha, soit 16,7 % du territoire."),
        (WHOLE, "Le territoire s'étend sur 600 ha."),
        (portrait(area_ha=NAN), "La superficie de la commune n'est pas connue."),
    ],
)
def test_an_area_is_told_with_its_share_of_the_territory(zone, said):
    assert plain(zone_sentences(zone, WHOLE)[0]) == said


@pytest.mark.parametrize(
    ("kind", "is_partial", "subject", "of"),
    [
        ("communes", False, "La commune", "de la commune"),
        ("epci", False, "L'intercommunalité", "de l'intercommunalité"),
        (
            "epci",
            True,
            "La partie de l'intercommunalité située dans le territoire",
            "de la partie de l'intercommunalité située dans le territoire",
        ),
        (
            "zone",
            True,
            "La partie de la zone située dans le territoire",
            "de la partie de la zone située dans le territoire",
        ),
        ("pnr", True, "La partie du parc située dans le territoire", "de la partie du parc située dans le territoire"),
        ("territory", False, "Le territoire", "du territoire"),
        ("zone", False, "La zone", "de la zone"),
    ],
)
def test_each_kind_of_zone_has_its_subject(kind, is_partial, subject, of):
    zone = portrait(kind=kind, is_partial=is_partial, stock=stock_row(sealed_ha=NAN))

    first, *_ = land_sentences(zone)
    sealed = land_sentences(zone)[1][0]

    assert plain(first[0]) == f"{subject} porte 16,0 ha de sols artificialisés (2021), soit 16,00 % de sa superficie."
    assert plain(sealed).startswith(f"La surface imperméabilisée {of} n'est pas connue")
    low = subject[0].lower() + subject[1:]
    assert f", {low} a consommé" in plain(enaf_sentences(zone, LAW)[0])


def test_the_consumption_of_the_reference_is_told_with_its_mean():
    said = plain(enaf_sentences(portrait(), LAW)[0])

    assert said == (
        "De 2011 à 2020, période de référence, la commune a consommé 10,00 ha d'ENAF, soit 1,00 ha/an en moyenne."
    )


def test_a_reference_that_lacks_a_year_is_not_known():
    nine = tuple(row for row in flow_rows() if row["year"] != 2015)

    said = plain(enaf_sentences(portrait(flows=nine), LAW)[0])

    assert said == (
        "La consommation d'ENAF de la période de référence (2011-2020) n'est pas connue : il manque des flux annuels."
    )


def test_no_consumption_is_told_in_words_and_not_as_a_figure():
    zone = portrait(flows=tuple(flow_rows(scale=0.0)))

    said = [plain(sentence) for sentence in enaf_sentences(zone, LAW)]

    assert said[0] == "De 2011 à 2020, période de référence, la commune n'a pas consommé d'ENAF."
    assert said[1] == "Depuis le 1er janvier 2021, la commune n'a pas consommé d'ENAF."


@pytest.mark.parametrize(
    ("flows", "said"),
    [
        (
            flow_rows(),
            "Depuis le 1er janvier 2021, la commune a consommé 1,40 ha d'ENAF en 3 ans, soit 1,400 % de sa superficie.",
        ),
        (
            flow_rows()[:11],
            "Depuis le 1er janvier 2021, la commune a consommé 0,50 ha d'ENAF en 1 an, soit 0,500 % de sa superficie.",
        ),
        (
            flow_rows(enaf_consumption_share=NAN),
            "Depuis le 1er janvier 2021, la commune a consommé 1,40 ha d'ENAF en 3 ans.",
        ),
        (
            flow_rows(scale=0.001),
            "Depuis le 1er janvier 2021, la commune a consommé moins de 0,01 ha d'ENAF en 3 ans, soit 0,001 % de sa "
            "superficie.",
        ),
        (
            [*flow_rows()[:-1], {**flow_rows()[-1], "enaf_consumption_ha": NAN}],
            "La consommation d'ENAF depuis le 1er janvier 2021 n'est pas connue : il manque des flux annuels.",
        ),
        (
            flow_rows()[:10],
            "La consommation d'ENAF depuis le 1er janvier 2021 n'est pas connue : il manque des flux annuels.",
        ),
    ],
    ids=["three years", "one year", "no area", "very little", "an unknown flow", "no flow yet"],
)
def test_consumption_since_the_period_began_is_told(flows, said):
    assert plain(enaf_sentences(portrait(flows=tuple(flows)), LAW)[1]) == said


@pytest.mark.parametrize(
    ("provisional", "said"),
    [
        ([2023], "L'année 2023 est provisoire : son chiffre peut encore augmenter."),
        ([2022, 2023], "Les années 2022 et 2023 sont provisoires : leurs chiffres peuvent encore augmenter."),
        ([], None),
    ],
)
def test_provisional_years_are_named(provisional, said):
    flows = tuple({**row, "is_provisional": row["year"] in provisional} for row in flow_rows())

    sentences = [plain(sentence) for sentence in enaf_sentences(portrait(flows=flows), LAW)]

    assert sentences[2:] == ([] if said is None else [said])


@pytest.mark.parametrize(
    ("law", "said"),
    [
        ({}, "l'enveloppe de la commune est de 5,00 ha pour 2021-2030, garantie communale comprise (1,0 ha)."),
        (
            {"guarantee_effect": "raises"},
            "l'enveloppe de la commune est de 5,00 ha pour 2021-2030, relevée par la garantie communale (1,0 ha).",
        ),
        (
            {"guarantee_effect": "none"},
            "l'enveloppe de la commune est de 5,00 ha pour 2021-2030, sans garantie communale.",
        ),
        (
            {"guarantee_effect": "unknown"},
            "l'enveloppe de la commune est de 5,00 ha pour 2021-2030, sans compter la garantie communale : "
            "l'éligibilité n'est pas renseignée.",
        ),
        (
            {"guarantee_effect": "none", "allowance_ha": 0.0},
            "l'enveloppe de la commune est nulle pour 2021-2030, sans garantie communale.",
        ),
    ],
)
def test_the_allowance_is_told_with_the_reduction_and_the_guarantee(law, said):
    assert plain(path_sentences(portrait(law=law_row(**law)), LAW)[0]) == f"Avec une réduction de 50 %, {said}"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (3.6, "La commune peut encore consommer 3,60 ha d'ici à la fin de 2030."),
        (0.0, "La commune n'a plus rien à consommer d'ici à la fin de 2030 : l'enveloppe est épuisée."),
        (-0.001, "La commune n'a plus rien à consommer d'ici à la fin de 2030 : l'enveloppe est épuisée."),
        (-1.5, "La commune a dépassé son enveloppe : 1,50 ha de trop."),
        (NAN, "Ce qui reste de l'enveloppe de la commune n'est pas connu."),
    ],
)
def test_what_is_left_or_the_excess_is_told(left, said):
    assert plain(path_sentences(portrait(law=law_row(remaining_ha=left)), LAW)[1]) == said


@pytest.mark.parametrize(
    ("law", "said"),
    [
        ({}, "aura consommé 4,67 ha à la fin de 2030, soit 93 % de l'enveloppe : elle suffirait."),
        (
            {"status": "will_exceed", "projection_ha": 6.0, "projection_share": 1.2, "exhaustion_year": 2029},
            "aura consommé 6,00 ha à la fin de 2030, soit 120 % de l'enveloppe : elle serait épuisée en 2029.",
        ),
        (
            {"status": "will_exceed", "projection_ha": 6.0, "projection_share": 1.2},
            "aura consommé 6,00 ha à la fin de 2030, soit 120 % de l'enveloppe : elle serait dépassée.",
        ),
        (
            {"status": "exceeded", "projection_ha": 6.0, "projection_share": 1.2, "exhaustion_year": 2022},
            "aura consommé 6,00 ha à la fin de 2030, soit 120 % de l'enveloppe : elle est déjà dépassée.",
        ),
        (
            {"status": "no_allowance", "projection_share": NAN},
            "aura consommé 4,67 ha à la fin de 2030 : l'enveloppe est nulle.",
        ),
    ],
)
def test_the_projection_is_told_with_its_verdict(law, said):
    assert (
        plain(path_sentences(portrait(law=law_row(**law)), LAW)[2])
        == f"Au rythme actuel (0,47 ha/an), la commune {said}"
    )


def test_a_projection_of_nothing_and_an_unknown_one_are_told():
    nothing = law_row(pace_ha_per_year=0.0, projection_ha=0.0, projection_share=0.0)
    unknown = law_row(allowance_ha=NAN, remaining_ha=NAN, projection_ha=NAN, projection_share=NAN, status="unknown")

    first = plain(path_sentences(portrait(law=nothing), LAW)[2])
    second = [plain(sentence) for sentence in path_sentences(portrait(law=unknown), LAW)]

    assert first == (
        "Sans consommation depuis le 1er janvier 2021, la projection de la commune à la fin de 2030 est nulle."
    )
    assert second == [
        "L'enveloppe de la commune pour 2021-2030 n'est pas connue : il manque des flux annuels.",
        "Ce qui reste de l'enveloppe de la commune n'est pas connu.",
        "La projection de la commune à la fin de 2030 n'est pas connue.",
    ]


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ({}, "De 2018 à 2021, les sols artificialisés de la commune augmentent de 6,00 ha, soit 2,00 ha/an."),
        (
            {"artificialised_net_ha": -6.0, "artificialised_net_ha_per_year": -2.0},
            "De 2018 à 2021, les sols artificialisés de la commune diminuent de 6,00 ha, soit 2,00 ha/an.",
        ),
        (
            {"artificialised_net_ha": 0.0, "artificialised_net_ha_per_year": 0.0},
            "De 2018 à 2021, l'artificialisation nette de la commune est nulle.",
        ),
        (
            {"artificialised_net_ha": NAN, "is_mixed": True, "vintages": "2017-2020 + 2018-2021"},
            "Les sols artificialisés de la commune augmentent de 2,00 ha/an (2017-2020 + 2018-2021, mêlés).",
        ),
        (
            {
                "artificialised_net_ha": NAN,
                "artificialised_net_ha_per_year": -2.0,
                "is_mixed": True,
                "vintages": "2017-2020 + 2018-2021",
            },
            "Les sols artificialisés de la commune diminuent de 2,00 ha/an (2017-2020 + 2018-2021, mêlés).",
        ),
        (
            {
                "artificialised_net_ha": NAN,
                "artificialised_net_ha_per_year": 0.0,
                "is_mixed": True,
                "vintages": "2017-2020 + 2018-2021",
            },
            "L'artificialisation nette de la commune est nulle (2017-2020 + 2018-2021, mêlés).",
        ),
        (
            {"artificialised_net_ha_per_year": NAN},
            "L'artificialisation nette de la commune n'est pas connue : il faut deux millésimes.",
        ),
    ],
    ids=["more", "less", "none", "mixed", "mixed, less", "mixed, none", "unknown"],
)
def test_net_artificialisation_is_told_up_down_or_none(flow, said):
    assert plain(land_sentences(portrait(flow=change_row(**flow)))[0][1]) == said


def test_land_that_has_nothing_artificialised_or_sealed_is_told_so():
    empty = stock_row(artificialised_ha=0.0, artificialised_share=0.0, sealed_ha=0.0, sealed_share=0.0)

    artificialised, sealed = land_sentences(portrait(stock=empty, flow=None))

    assert plain(artificialised[0]) == "La commune ne porte aucun sol artificialisé (2021)."
    assert plain(sealed[0]) == "La commune ne porte aucun sol imperméabilisé (2021)."
    assert plain(sealed[1]) == "L'imperméabilisation nette de la commune n'est pas connue : il faut deux millésimes."


def test_a_state_of_mixed_years_says_so():
    mixed = stock_row(year="2020 + 2021", is_mixed=True)

    said = plain(land_sentences(portrait(stock=mixed))[1][0])

    assert said == "La commune porte 8,0 ha de sols imperméabilisés (2020 + 2021, mêlés), soit 8,00 % de sa superficie."


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"inhabitants_per_ha": 0.0}, "La commune ne compte aucun habitant par hectare artificialisé (2021)."),
        ({"inhabitants_per_ha": 1.9}, "La commune compte 1,9 habitant par hectare artificialisé (2021)."),
        ({"inhabitants_per_ha": 1.96}, "La commune compte 2,0 habitants par hectare artificialisé (2021)."),
        ({"inhabitants_per_ha": 12.5}, "La commune compte 12,5 habitants par hectare artificialisé (2021)."),
        (
            {"inhabitants_per_ha": NAN, "density_status": "no_built_land"},
            "La commune n'a pas de sol artificialisé : la densité nette n'a pas de sens.",
        ),
        (
            {"inhabitants_per_ha": NAN, "density_status": "unknown"},
            "La densité nette de la commune n'est pas connue : il faut la population de l'année du millésime.",
        ),
    ],
)
def test_density_is_told_with_the_right_plural(shape, said):
    assert plain(land_sentences(portrait(shape=shape_row(**shape)))[0][2]) == said


def test_a_park_has_no_density_and_its_consumption_is_a_share_of_its_communes():
    park = portrait(kind="pnr", is_perimeter=True, shape=None)

    assert "n'est pas calculée" in plain(land_sentences(park)[0][2])
    assert plain(enaf_sentences(park, LAW)[1]).endswith("soit 1,400 % de la superficie de ses communes.")


# --- figures ------------------------------------------------------------------------------------------------------


def test_no_group_of_figures_mixes_two_of_the_three_measures():
    sources = {
        "enaf": "enaf",
        "artificialised": "artificialisation",
        "inhabitants": "artificialisation",
        "sealed": "seal",
    }

    for measure in ("enaf", "artificialisation", "sealing"):
        columns = [figure.column for figure in FIGURES if figure.measure == measure]
        assert {sources[column.split("_")[0]] for column in columns} == {measure.removesuffix("ing")}


def test_key_figures_sum_the_years_of_the_law_and_leave_unknown_what_is():
    found = key_figures(portrait(law=None, stock=None, flow=None, shape=None), LAW)

    assert found.by_key["reference"] == pytest.approx(10.0)
    assert found.by_key["since"] == pytest.approx(1.4)
    assert found.by_key["since_share"] == pytest.approx(0.014)
    assert (found.flow_count, found.provisional_years) == (3, (2023,))
    assert all(found.by_key[key] != found.by_key[key] for key in ("allowance", "artificialised", "net", "density"))


def test_a_commune_stands_beside_its_intercommunality_of_the_latest_list_and_the_territory(layers, full):
    html = commune_sheet(layers, full, B)

    heads = [plain(unescape(head)) for head in re.findall(r'<th scope="col">(.*?)</th>', html)]
    assert heads == ["Indicateur", "B", "EPCI 2 (2017)<small>4 communes</small>", "Six carrés"]
    assert cells(html, "Superficie") == ["100 ha", "400 ha", "600 ha"]
    assert cells(html, "Population 2021") == ["20 hab.", "160 hab.", "210 hab."]
    assert cells(html, "Référence 2011-2020") == ["10,00 ha"] * 3
    assert cells(html, "Depuis 2021, part") == ["1,40 ha · 1,400 %"] * 3


def test_an_intercommunality_stands_beside_the_territory_and_the_territory_alone(layers, full):
    epci = commune_sheet(layers, full, "200000001", zone_layer="epci_2015")
    whole = commune_sheet(layers, full, "territory", zone_layer="territory")

    assert cells(epci, "Superficie") == ["300 ha", "600 ha"]
    assert cells(whole, "Superficie") == ["600 ha"]
    assert "Chiffres clés et comparaison" not in body(whole).text


def test_the_same_code_in_two_lists_keeps_its_own_figures(layers, full):
    old = commune_sheet(layers, full, "200000001", zone_layer="epci_2015")
    new = commune_sheet(layers, full, "200000001", zone_layer="epci_2017")

    assert cells(old, "Superficie")[0] == "300 ha"
    assert cells(new, "Superficie")[0] == "200 ha"
    assert cells(old, "Imperméabilisés, part")[0] == "8,0 ha · 8,00 %"
    assert cells(new, "Imperméabilisés, part")[0] == "99,0 ha · 8,00 %"


def test_the_law_in_force_is_told_and_no_scenario(layers, full):
    html = commune_sheet(layers, full, A)

    assert cells(html, "Enveloppe")[0] == "5,00 ha"
    assert "77,00" not in html
    assert "loi en vigueur" in body(html).text


def test_an_unknown_figure_is_a_dash_and_never_0(layers, full):
    unknown = full.land_stock.assign(artificialised_ha=NAN, artificialised_share=NAN)

    html = commune_sheet(layers, replace(full, land_stock=unknown), A)

    assert cells(html, "Artificialisés, part") == ["–"] * 3
    assert "La surface artificialisée de la commune n'est pas connue" in body(html).text


def test_an_excess_is_told_as_such_in_the_table(layers, full):
    over = full.trajectory.assign(remaining_ha=-0.5, status="exceeded")

    html = commune_sheet(layers, replace(full, trajectory=over), A)

    assert cells(html, "Reste à consommer")[0] == "dépassement de 0,50 ha"


# --- the page -----------------------------------------------------------------------------------------------------


def test_a_page_is_in_french_has_ordered_headings_scopes_and_named_drawings(layers, full):
    html = commune_sheet(layers, full, A)
    page = Page(html)

    assert page.named("html") == [{"lang": "fr"}]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for attributes in page.named("th"))
    drawings = page.named("svg")
    identifiers = {attributes.get("id") for _, attributes in page.tags}
    assert len(drawings) == 4
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert set(drawing["aria-labelledby"].split()) <= identifiers
    assert len(identifiers - {None}) == sum("id" in attributes for _, attributes in page.tags)


def test_a_page_loads_nothing_and_its_only_script_prints(layers, full):
    html = commune_sheet(layers, full, A)

    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", html)
    assert html.count("<script>") == 1
    assert "window.print()" in html
    assert "default-src 'none'; script-src 'sha256-" in html
    assert "<a href" not in html


def test_the_notice_of_the_sample_stands_before_the_title(layers, full):
    noticed = replace(layers, territory=layers.territory.model_copy(update={"notice": "Jeu d'essai"}))

    html = commune_sheet(noticed, full, A)

    assert html.index('role="note">Jeu d&#x27;essai</p>') < html.index("<h1>")
    assert 'class="notice"' not in commune_sheet(layers, full, A)


def test_the_situation_names_intercommunalities_of_both_dates_parks_and_scot(layers, full):
    text = body(commune_sheet(layers, full, B)).text

    assert "Intercommunalité (2017) EPCI 2" in text
    assert "Intercommunalité (2015) EPCI 1" in text
    assert "Parc naturel régional Parc P (40,0 % de la superficie)" in text
    assert "SCoT SCoT 1, approuvé" in text
    # A stayed where it was: its intercommunality is told once.
    assert "Intercommunalité (2015)" not in body(commune_sheet(layers, full, A)).text


def test_a_park_that_only_grazes_a_commune_is_not_told(layers, full):
    # Q covers 100 m of C: a sliver between two drawings of one limit.
    assert "Parc naturel régional aucun" in body(commune_sheet(layers, full, CODES["C"])).text


def test_the_territory_counts_its_communes_by_status_of_the_scot(layers, full):
    text = body(commune_sheet(layers, full, "territory", zone_layer="territory")).text

    assert "SCoT approuvé (2 communes), en élaboration (1 commune), statut à confirmer (3 communes)" in text


def test_sheets_of_a_refresh_are_linked_to_each_other_and_to_the_index(layers, full, tmp_path):
    write_sheets(layers, full, tmp_path, step=lambda _: None)

    commune = (tmp_path / "fiches" / "commune-04002.html").read_text(encoding="utf-8")
    epci = (tmp_path / "fiches" / "epci_2015-200000001.html").read_text(encoding="utf-8")
    assert 'href="epci_2017-200000002.html"' in commune
    assert 'href="commune-04001.html"' in epci
    assert commune.count('<a href="../index.html">') == 2


def test_sheets_on_their_own_have_no_link_that_leads_nowhere(layers, full, tmp_path):
    folder = tmp_path / "apart"

    written = write_sheets(layers, full, folder, step=lambda _: None, files={("communes", A): "a.html"})

    assert written == {"a.html": 1}
    assert [path.name for path in folder.iterdir()] == ["a.html"]
    assert (folder / "a.html").read_text(encoding="utf-8") == commune_sheet(layers, full, A)


def test_a_zone_with_communes_out_of_the_territory_says_how_many(layers, full):
    epci = layers.zones["epci_2017"]
    partial = replace(epci, zones=epci.zones.assign(commune_total=[5, 4]))
    layers = replace(layers, zones={**layers.zones, "epci_2017": partial})

    own = body(commune_sheet(layers, full, "200000001", zone_layer="epci_2017")).text
    member = body(commune_sheet(layers, full, A)).text
    other = body(commune_sheet(layers, full, B)).text

    assert "zone en partie hors du territoire" in own
    assert "Ces chiffres ne portent que sur la part située dans le territoire (2 communes sur 5)." in own
    assert "L'intercommunalité" not in own
    assert "La partie de l'intercommunalité située dans le territoire s'étend sur 200 ha" in own
    assert "La partie de l'intercommunalité située dans le territoire peut encore consommer 3,60 ha" not in member
    assert "En foncé : la partie de l'intercommunalité située dans le territoire" in own
    assert "EPCI 1 (2017) 2 communes sur 5" in member
    assert "communes sur" not in other


def test_a_park_says_what_is_summed_over_its_whole_communes(layers, full):
    # P covers A and D whole, 40 % of B and E, and goes on to the west: 280 of its hectares are in the territory.
    html = commune_sheet(layers, full, "FR8000001", zone_layer="pnr")

    assert cells(html, "Superficie") == ["280 ha", "600 ha"]
    assert cells(html, "Population 2021") == ["50 hab.", "210 hab."]
    text = body(html).text
    assert "zone en partie hors du territoire" in text
    assert "somme des communes comprises en entier (2 communes comprises)" in text


def test_a_park_with_no_whole_commune_has_an_unknown_population_and_consumption(layers, full):
    # Q covers only the east of C and F: 20 ha.
    html = commune_sheet(layers, full, "FR8000002", zone_layer="pnr")

    assert cells(html, "Superficie")[0] == "20 ha"
    assert cells(html, "Population 2021")[0] == "–"
    text = body(html).text
    assert "aucune n'est comprise en entier dans le parc" in text
    assert "le fichier du Cerema ne donne que des communes entières, et il n'y en a aucune" in text


def test_without_tables_of_land_the_page_says_what_is_missing_and_what_it_needs(layers, bare):
    html = commune_sheet(layers, bare, A)
    text = body(html).text

    assert "il faut le fichier de consommation d'espaces du Cerema (conso_com.csv, sur data.gouv.fr)" in text
    assert "il faut au moins un millésime de l'OCS GE de l'IGN" in text
    assert len(Page(html).named("svg")) == 1
    assert "Enveloppe" not in text
    assert "Artificialisés" not in text


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        ("trajectory", "La trajectoire manque"),
        ("enaf_consumption", "La consommation d'ENAF et la trajectoire manquent"),
        ("land_stock", "L'occupation du sol, l'artificialisation et l'imperméabilisation manquent"),
        ("land_flow", "L'artificialisation nette de la commune n'est pas connue"),
        ("land_shape", "La densité nette de la commune n'est pas connue"),
        ("land_classes", "La composition du sol n'est pas connue ici"),
    ],
)
def test_any_table_may_be_missing(layers, full, gone, missing):
    assert missing in body(commune_sheet(layers, replace(full, **{gone: None}), A)).text


def test_flags_stand_where_they_apply(layers, full):
    mixed = full.land_stock.assign(year="2020 + 2021", is_mixed=True, method="matrix + official")

    text = body(commune_sheet(layers, replace(full, land_stock=mixed), A)).text
    official = full.land_stock.assign(method="official")
    other = body(commune_sheet(layers, replace(full, land_stock=official), A)).text

    for flag in ("provisoire : 2023", "millésimes mêlés", "matrice, hors seuils + couche officielle", "loi en vigueur"):
        assert flag in text
    assert "hors seuils" not in other
    assert "mêlés" not in other


def test_a_zone_with_a_target_of_its_own_and_deductions_says_so(layers, full):
    told = full.trajectory.assign(reduction_share=0.6, excluded_ha=0.2, consumed_ha=1.2)

    text = body(commune_sheet(layers, replace(full, trajectory=told), A)).text

    assert "objectif de réduction propre : 60 %" in text
    assert "Après déduction de 0,20 ha qui ne comptent pas localement." in text


def test_land_cover_that_leaves_a_hole_says_how_much_it_describes(layers, full):
    holed = full.land_stock.assign(covered_share=0.9)

    text = body(commune_sheet(layers, replace(full, land_stock=holed), A)).text

    assert "L'occupation du sol n'est décrite que sur 90,0 % de la superficie" in text


def test_sources_tell_producer_vintage_licence_and_day(layers, full):
    dated = layers.territory.boundaries.model_copy(update={"retrieved": pd.Timestamp("2026-03-05").date()})
    layers = replace(layers, territory=layers.territory.model_copy(update={"boundaries": dated}))

    text = body(commune_sheet(layers, full, A)).text

    assert "Contours : IGN, ADMIN EXPRESS, millésime 2020, téléchargé le 05/03/2026 (Licence Ouverte 2.0)" in text
    assert "Population : INSEE, Populations légales, millésime 2021 (Licence Ouverte 2.0)" in text
    assert "SNCF" not in text
    assert f"hp_sig {hp_sig.__version__}" in text


@pytest.mark.parametrize(
    ("layer", "code", "editions"),
    [
        # A stayed where it was in 2015; B did not, and both are told.
        ("communes", A, "millésime 2017"),
        ("communes", B, "millésimes 2017, 2015"),
        ("epci_2017", "200000001", "millésime 2017"),
        # The map has the limits of the latest list.
        ("epci_2015", "200000001", "millésimes 2017, 2015"),
        ("territory", "territory", "millésime 2017"),
    ],
)
def test_a_sheet_cites_the_lists_of_intercommunalities_that_it_uses_and_no_other(layers, full, layer, code, editions):
    text = body(commune_sheet(layers, full, code, zone_layer=layer)).text

    assert f"Intercommunalités : DGCL, BANATIC, {editions} (" in text


def test_a_sheet_cites_the_scot_only_where_it_tells_one_and_its_own_list_by_its_name(layers, full):
    def uses(code, layer):
        items = re.findall(r"<li>(.*?)</li>", commune_sheet(layers, full, code, zone_layer=layer).split("<footer>")[1])
        return [plain(unescape(item)).split(" : ")[0] for item in items]

    scot = uses("S1", "scot_2018")

    assert uses(A, "communes") == ["Contours", "Intercommunalités", "Parcs", "SCoT", "Population"]
    # Q holds no whole commune, so that no SCoT is told.
    assert uses("FR8000002", "pnr") == ["Contours", "Intercommunalités", "Parcs", "Population"]
    assert scot == ["Contours", "Intercommunalités", "Parcs", "SCoT", "Population"]


def test_the_day_is_told_at_the_foot_only_where_it_is_given(layers, full, tmp_path):
    day = dt.date(2026, 11, 3)
    write_sheets(layers, full, tmp_path, step=lambda _: None, files={("communes", A): "a.html"}, day=day)

    dated = (tmp_path / "a.html").read_text(encoding="utf-8")

    assert "Actualisé le 03/11/2026" in dated.split("<footer>")[1]
    assert dated == commune_sheet(layers, full, A, day=day)
    assert "Actualisé" not in commune_sheet(layers, full, A)


def test_a_sheet_that_cannot_be_made_leaves_no_other_behind(layers, full, tmp_path):
    files = {("communes", A): "a.html", ("communes", "99999"): "none.html"}

    with pytest.raises(KeyError):
        write_sheets(layers, full, tmp_path / "apart", step=lambda _: None, files=files)

    assert not (tmp_path / "apart").exists()


def test_an_amount_of_the_table_never_breaks_inside(layers, full):
    html = plain(unescape(commune_sheet(layers, full, A)))

    assert '<td><span class="amount">1,40 ha</span> · <span class="amount">1,400 %</span></td>' in html
    assert ".amount { white-space: nowrap; }" in html


def test_no_drawing_or_caption_has_an_ordinary_space_before_a_double_sign(layers, full):
    page = body(commune_sheet(layers, full, A))

    assert [text for text in page.texts if re.search(r" [:;!?%»]|« ", text)] == []
    assert 'content: " ;' not in commune_sheet(layers, full, A)


def test_a_zone_that_is_not_there_is_refused_with_the_layers_that_are(layers, bare):
    with pytest.raises(KeyError, match=r"no zone '99999' in the layer 'communes'.*epci_2015"):
        commune_sheet(layers, bare, "99999")


def test_a_layer_of_any_kind_has_sheets_too(layers, bare):
    text = body(commune_sheet(layers, bare, "S1", zone_layer="scot_2018")).text

    assert "La zone s'étend sur 200 ha" in text


def test_a_territory_without_zones_or_population_has_sheets(layers):
    territory = layers.territory.model_copy(update={"zones": (), "population": None})
    lonely = replace(layers, territory=territory, zones={}, population=None)

    text = body(commune_sheet(lonely, computed(lonely), A)).text

    assert "La population de la commune n'est pas connue." in text
    assert "Intercommunalité" not in text
    assert "SCoT" not in text


# --- charts -------------------------------------------------------------------------------------------------------


def test_every_bar_carries_its_value_and_a_provisional_year_is_hatched_and_said():
    chart = flows_chart(portrait(), LAW)

    texts = [plain(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", chart)]
    assert [text for text in texts if re.fullmatch(r"\d,\d\d", text)] == ["1,00"] * 10 + ["0,50", "0,50", "0,40"]
    # The bar of 2023 and the key that explains it.
    assert chart.count("url(#hatch-flows)") == 2
    assert "hachures : provisoire" in texts
    assert "moyenne 2011-2020 : 1,00 ha/an" in texts
    assert "2023 : 0,40 ha. Moyenne 2011-2020 : 1,00 ha/an. Provisoire : 2023." in plain(chart)


def test_a_year_that_is_not_known_has_a_dash_and_no_bar_and_the_mean_is_not_drawn():
    flows = [*flow_rows()]
    flows[3] = {**flows[3], "enaf_consumption_ha": NAN}

    chart = flows_chart(portrait(flows=tuple(flows)), LAW)

    # Twelve bars, the key of the hatching, and the two rectangles of the pattern.
    assert chart.count("<rect") == 15
    assert ">–</text>" in chart
    assert 'stroke-dasharray="5 3"' not in chart
    assert "Moyenne 2011-2020 : non connue" in plain(chart)


def test_a_long_series_shows_its_latest_years_and_says_which(layers, full):
    earlier = [{**flow_rows()[0], "year": year} for year in range(2001, 2011)]
    long = replace(full, enaf_consumption=spread([*earlier, *flow_rows()]))

    html = commune_sheet(layers, long, A)

    assert "Années montrées : 2006 à 2023." in body(html).text
    assert ">2006</text>" in html
    assert ">2005</text>" not in html
    assert "Années montrées" not in body(commune_sheet(layers, full, A)).text


def test_no_value_is_struck_through_by_the_mean():
    # A mean of 1.0: the value of a bar of 0.9 would stand on its line.
    flows = [{**row, "enaf_consumption_ha": 0.9 if row["year"] % 2 else 1.1} for row in flow_rows()]

    chart = flows_chart(portrait(flows=tuple(flows)), LAW)

    # The line of the key stands at 7.
    lines = re.findall(r'<polyline points="[\d.]+,([\d.]+) [^>]*stroke-dasharray="5 3"', chart)
    mean = max(float(height) for height in lines)
    values = re.findall(r'<text x="[\d.]+" y="([\d.]+)" font-size="([\d.]+)"[^>]*class="value">(?:0,90|1,10)', chart)
    ends = [(float(base) - float(size), float(base)) for base, size in values[:10]]
    assert len(ends) == 10
    assert [end for end in ends if end[0] < mean < end[1]] == []


def test_bars_are_as_high_as_their_values():
    chart = flows_chart(portrait(), LAW)

    bars = [float(height) for height in re.findall(r'height="([\d.]+)" fill="(?:#d9a679|#9c4a12)" stroke', chart)]
    assert bars[0] == pytest.approx(2 * bars[10], abs=0.2)


def test_the_path_shows_what_was_consumed_then_the_present_pace_against_the_allowance():
    chart = path_chart(portrait(), LAW)
    texts = [plain(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", chart)]

    # 0.5, 1.0, 1.4 ha at the end of 2021, 2022, 2023, then 4.67 in 2030.
    assert [text for text in texts if re.fullmatch(r"\d,\d\d", text)] == ["0,50", "1,00", "1,40", "4,67"]
    assert [text for text in texts if re.fullmatch(r"20\d\d", text)] == [str(year) for year in range(2021, 2031)]
    assert "enveloppe : 5,00 ha" in texts
    assert "reste : 3,60 ha" in texts
    assert chart.count('stroke-dasharray="3 2"') == 8  # seven years to come, and their key
    assert "Projection à la fin de 2030 : 4,67 ha" in plain(chart)


def test_the_path_says_the_excess_where_the_allowance_is_exceeded():
    chart = path_chart(portrait(law=law_row(allowance_ha=1.0, remaining_ha=-0.4, status="exceeded")), LAW)

    assert "dépassement de 0,40 ha" in plain(chart)
    assert "reste" not in chart


def test_the_path_after_deductions_shows_only_the_last_sum():
    law = law_row(consumed_ha=1.0, excluded_ha=0.4, pace_ha_per_year=1 / 3, projection_ha=10 / 3)

    chart = path_chart(portrait(law=law), LAW)

    labels = re.findall(r'class="value">(\d,\d\d)</text>', chart)
    assert labels == ["1,00", "3,33"]


@pytest.mark.parametrize("years", [0, NAN])
def test_the_path_before_any_flow_of_the_period_shows_the_allowance_and_no_bar(years):
    law = law_row(years_elapsed=years, consumed_ha=0.0, pace_ha_per_year=NAN, projection_ha=NAN)

    chart = path_chart(portrait(law=law, flows=tuple(flow_rows()[:10])), LAW)

    assert "nan" not in chart
    assert chart.count("<rect") == 3  # the pattern and the key of what is projected
    assert "enveloppe : 5,00 ha" in plain(chart)


def test_classes_of_cover_are_summed_by_group_and_told_with_area_and_share():
    zone = portrait(covers=tuple(cover_rows(CS1_1_1_1=5.0, CS1_1_1_2=3.0, CS2_1_1_1=0.0, CS2_2_1=92.0)))

    assert covers(zone) == {"CS1.1.1": (8.0, pytest.approx(0.08)), "CS2.2.1": (92.0, pytest.approx(0.92))}
    chart = plain(unescape(composition_chart(zone)))
    assert "8 ha · 8,0 %" in chart
    assert "92 ha · 92,0 %" in chart
    assert "Formations herbacées" in chart


def test_the_composition_is_that_of_the_latest_vintage(layers, full):
    old = full.land_classes.assign(rank=1, area_ha=1.0, share=0.01)
    both = replace(full, land_classes=pd.concat([old, full.land_classes]))

    found = portraits(layers, both)["communes", A]

    assert covers(found)["CS2.2.1"][0] == 92.0


# --- the map ------------------------------------------------------------------------------------------------------


def test_the_map_has_a_scale_the_north_and_the_zone_where_it_lies(layers, bare):
    # The six squares are 3 km wide for 576 units: 192 units a kilometre; the margin is 12.
    drawing = plain(Locator(layers).draw(portraits(layers, bare)["communes", F]))

    zone = re.search(r'<path d="(M[^"]*)" fill="#27496d"', drawing)[1]
    # F is the north-east square: from x = 12 + 2 × 192, y = 12.
    points = [tuple(map(int, step)) for step in re.findall(r"[Ml](-?\d+) (-?\d+)", zone)]
    xs = [sum(step[0] for step in points[: rank + 1]) for rank in range(len(points))]
    ys = [sum(step[1] for step in points[: rank + 1]) for rank in range(len(points))]
    assert (min(xs), max(xs)) == (396, 588)
    assert (min(ys), max(ys)) == (12, 204)
    assert ">1 km</text>" in drawing
    assert ">N</text>" in drawing
    assert "Carte des 6 communes du territoire. En foncé : F." in drawing


def test_a_small_zone_is_ringed(layers, bare):
    small = layers.communes.copy()
    small.loc[[A], "geometry"] = [square(0, 0, 0.1, 0.1)]
    layers = replace(layers, communes=small)
    found = portraits(layers, bare)

    assert "<circle" in Locator(layers).draw(found["communes", A])
    assert "<circle" not in Locator(layers).draw(found["communes", B])


def test_a_park_is_drawn_only_where_it_is_in_the_territory(layers, bare):
    drawing = Locator(layers).draw(portraits(layers, bare)["pnr", "FR8000001"])

    zone = re.search(r'<path d="(M[^"]*)" fill="#27496d"', drawing)[1]
    starts = [tuple(map(int, step)) for step in re.findall(r"M(-?\d+) (-?\d+)", zone)]
    assert all(12 <= x <= 588 and 12 <= y <= 396 for x, y in starts)


def test_communes_whose_limits_do_not_meet_are_drawn_all_the_same(layers, bare):
    apart = layers.communes.copy()
    apart.loc[[A], "geometry"] = [square(0, 0, 1.05, 1)]
    layers = replace(layers, communes=apart)

    assert "<path" in Locator(layers).draw(portraits(layers, bare)["communes", A])


# --- hostile texts ------------------------------------------------------------------------------------------------


@pytest.fixture
def hostile(layers, full):
    named = {"name": EVIL}
    zones = {
        key: replace(
            layer,
            zones=layer.zones.assign(**named),
            members=None if layer.members is None else layer.members.assign(**named),
            config=layer.config.model_copy(
                update={"label": f"{EVIL} {key}", "producer": EVIL, "source": EVIL, "vintage": EVIL, "licence": EVIL}
            ),
        )
        for key, layer in layers.zones.items()
    }
    territory = layers.territory.model_copy(
        update={"name": EVIL, "notice": EVIL, "zones": tuple(layer.config for layer in zones.values())}
    )
    layers = replace(layers, territory=territory, communes=layers.communes.assign(**named), zones=zones)
    results = computed(layers)
    land = {name: getattr(full, name) for name in ("land_stock", "land_flow", "land_shape", "land_classes")}
    land |= {name: getattr(full, name) for name in ("enaf_consumption", "trajectory")}
    return layers, replace(results, **land)


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        ("communes", B),
        ("epci_2017", "200000001"),
        ("pnr", "FR8000001"),
        ("territory", "territory"),
        ("scot_2018", "S1"),
    ],
)
def test_code_in_the_data_is_text_in_html_and_svg(hostile, layer, code):
    layers, results = hostile

    html = commune_sheet(layers, results, code, zone_layer=layer)
    page = body(html)

    assert page.named("img") == []
    assert html.count("<script>") == 1
    for forbidden in ("{{ 7*7 }}", "{% raw %}", "${alert", "onerror=document.title='"):
        assert forbidden not in html
    shown = "".join(page.texts)
    assert shown.count(EVIL) >= 4
    assert all("onerror" not in attributes for _, attributes in page.tags)


# --- files --------------------------------------------------------------------------------------------------------


def test_sheets_are_named_after_layer_and_code():
    assert sheet_file(("communes", "2A004")) == "fiches/commune-2A004.html"
    assert sheet_file(("epci_2015", "200034700")) == "fiches/epci_2015-200034700.html"
    assert sheet_file(("pnr", "FR8000003")) == "fiches/pnr-FR8000003.html"
    assert sheet_file(("territory", "territory")) == "fiches/territoire.html"


@pytest.mark.parametrize("code", ["../../etc/passwd", "a b", "a/b", "a\\b", "é", "", "a.b", "x" * 300, "<b>", "a\x00b"])
def test_any_code_gives_a_safe_name_in_the_folder(code):
    name = sheet_file(("pnr", code))

    assert re.fullmatch(r"fiches/pnr-[A-Za-z0-9_.-]{0,95}\.html", name)
    assert ".." not in name


def test_codes_that_differ_only_by_unsafe_characters_do_not_meet():
    codes = ["a b", "a/b", "a-b", "a.b", "a\\b", "a:b", "a" * 81, "a" * 82]

    assert len({sheet_file(("pnr", code)) for code in codes}) == len(codes)


def test_every_commune_both_lists_of_intercommunalities_every_park_and_the_territory_have_a_sheet(layers):
    files = sheet_files(layers)

    expected = {("territory", "territory"), ("pnr", "FR8000001"), ("pnr", "FR8000002")}
    expected |= {("communes", code) for code in CODES.values()}
    expected |= {(f"epci_{year}", code) for year in (2015, 2017) for code in ("200000001", "200000002")}
    assert set(files) == expected
    assert len(set(files.values())) == len(files)
    assert set(planned_sheets(layers.territory)) == {
        "fiches/territoire.html",
        *(f"fiches/commune-{code}.html" for code in CODES.values()),
    }


def test_sheets_are_written_in_their_folder_and_each_is_announced(layers, full, tmp_path):
    steps = []

    written = write_sheets(layers, full, tmp_path, step=steps.append)

    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.html"))
    assert sorted(written) == found == sorted(steps) == sorted(sheet_files(layers).values())
    assert set(written.values()) == {1}
    assert set(planned_sheets(layers.territory)) <= set(written)


def test_the_same_results_give_the_same_bytes(layers, full):
    assert commune_sheet(layers, full, A) == commune_sheet(layers, full, A)


def test_neither_layers_nor_results_are_changed(layers, full):
    before = {name: table.copy(deep=True) for name, table in full.tables().items()}
    communes = layers.communes.copy(deep=True)

    commune_sheet(layers, full, A)

    assert all(table.equals(before[name]) for name, table in full.tables().items())
    assert layers.communes.equals(communes)


# --- in a browser -------------------------------------------------------------------------------------------------


#: Cells of the key figures of which one amount takes two lines, or that are too narrow for what they hold.
BROKEN = r"""[...document.querySelectorAll('.figures td')].filter(cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const lines = new Set([...range.getClientRects()].map(box => Math.round(box.bottom)));
    const isOneAmount = /^[\d\u202f,]+\u00a0[^\u00b7]*$/.test(cell.textContent);
    return cell.scrollWidth > cell.clientWidth + 1 || isOneAmount && lines.size > 1;
}).map(cell => cell.textContent)"""


def page_count(pdf: bytes) -> int:
    return int(re.search(rb"/Type /Pages\s*/Count (\d+)", pdf)[1])


@pytest.fixture(scope="module")
def sample_sheets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    write_sheets(*sample(), folder, step=lambda _name: None)
    return sorted(folder.rglob("*.html"))


@pytest.mark.browser
def test_every_sheet_of_the_sample_opens_offline_and_prints_on_one_a4_page(sample_sheets):
    told, pages, too_wide, broken = [], {}, [], []
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 390, "height": 844}, offline=True).new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else told.append(request.url))
        for path in sample_sheets:
            page.goto(path.as_uri())
            if page.evaluate("document.documentElement.scrollWidth") > 390:
                too_wide.append(path.name)
            broken += page.evaluate(BROKEN)
            pages[path.name] = page_count(page.pdf(prefer_css_page_size=True))
        assert page.get_by_role("button", name="Imprimer cette fiche").is_visible()

    assert len(pages) == 60
    assert {name: count for name, count in pages.items() if count != 1} == {}
    assert told == []
    assert too_wide == []
    assert broken == []


@pytest.mark.browser
def test_code_in_the_data_is_shown_and_never_run_even_without_the_policy(hostile, tmp_path):
    layers, results = hostile
    html = commune_sheet(layers, results, B)
    path = tmp_path / "sheet.html"
    path.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html), encoding="utf-8")

    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        told = []
        page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: told.append(message.text))
        page.goto(path.as_uri())

        assert page.title() == f"{EVIL} – sobriété foncière"
        assert page.locator("h1").inner_text() == EVIL
        assert page.locator("img").count() == 0
        assert told == []
