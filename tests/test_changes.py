import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from known import computed
from squares import CODES

from hp_sig import find_inputs, load_layers, load_territory
from hp_sig.errors import OutputError
from hp_sig.publish.manifest import file_entry, own_files, package_versions
from hp_sig.publish.swap import publish
from hp_sig.publish.tables import write_csv
from hp_sig.refresh.changes import MOST_LINES, Change, changes_since
from hp_sig.refresh.inputs_told import input_changes

A, B = CODES["A"], CODES["B"]
NAN = float("nan")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture
def world(raw, territory_file):
    territory = load_territory(territory_file)
    inputs = find_inputs(territory, raw)
    layers = load_layers(territory, inputs)
    return inputs, layers, computed(layers)


def published(folder, world, results=None, **content):
    """Write the tables and the manifest of a refresh, as it leaves them; give the manifest."""
    inputs, layers, own = world
    folder.mkdir(exist_ok=True)
    outputs = {}
    for name, table in (results or own).tables().items():
        write_csv(table, folder / f"{name}.csv", notice=layers.territory.notice)
        outputs[f"{name}.csv"] = file_entry(folder / f"{name}.csv")
    entries = []
    for item in inputs:
        entry = {"name": item.name, "sha256": item.sha256}
        if item.source is not None:
            source = item.source
            entry |= {"producer": source.producer, "source": source.source, "vintage": source.vintage}
        entries.append(entry)
    manifest = {
        "territory": layers.territory.name,
        "notice": layers.territory.notice,
        "inputs": entries,
        "outputs": outputs,
        "packages": package_versions(),
        **content,
    }
    return json.loads(json.dumps(manifest))


def told(folder, manifest, world, results=None):
    inputs, layers, own = world
    changes = changes_since(folder, manifest, inputs=inputs, layers=layers, results=results or own)
    return [(change.kind, plain(change.text)) for change in changes]


def with_stock(results, hectares, year="2021"):
    stock = pd.DataFrame(
        {
            "zone_layer": "communes",
            "zone_code": [A, A, B],
            "zone_name": ["A", "A", "B"],
            "rank": [1, 2, 1],
            "year": ["2015", year, "2021"],
            "artificialised_ha": [1.0, *hectares],
            "sealed_ha": 1.0,
        }
    )
    return replace(results, land_stock=stock)


def test_a_first_refresh_is_told_in_words(tmp_path, world):
    assert told(tmp_path, {}, world) == [("none", "Première actualisation : il n'y a rien à comparer.")]


def test_nothing_changed_is_told_in_words(tmp_path, world):
    manifest = published(tmp_path / "old", world)

    assert told(tmp_path / "old", manifest, world) == [
        ("none", "Rien n'a changé : mêmes fichiers, mêmes chiffres comparés.")
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"notice": "Jeu d'essai"}, "Les résultats précédents venaient du jeu d'essai"),
        ({"territory": "Un autre Pays"}, "Les résultats précédents portaient sur un autre territoire (Un autre Pays)"),
        ({"territory": None}, "Les résultats précédents portaient sur un autre territoire"),
    ],
)
def test_results_of_another_kind_are_not_compared(tmp_path, world, content, said):
    manifest = published(tmp_path / "old", world, **content)

    ((kind, text),) = told(tmp_path / "old", manifest, world)

    assert kind == "none"
    assert text.startswith(said)


def test_a_new_version_of_the_package_is_told(tmp_path, world):
    manifest = published(tmp_path / "old", world, packages={"hp-sig": "0.0.1"})

    version = package_versions()["hp-sig"]
    assert ("version", f"hp_sig 0.0.1 → {version} : un calcul peut avoir changé.") in told(
        tmp_path / "old", manifest, world
    )


def test_files_are_told_new_changed_dated_anew_or_gone(world):
    inputs, _, _ = world
    source = {"producer": "IGN", "source": "ADMIN EXPRESS", "vintage": "2020"}
    sha = {item.name: item.sha256 for item in inputs}
    kept = [
        {"name": item.name, "sha256": item.sha256, "vintage": item.source.vintage if item.source else None}
        for item in inputs
        if item.name not in {"communes", "epci_2015", "pnr", "population", "territory", "stations"}
    ]
    before = [
        *kept,
        {"name": "territory", "sha256": "other"},
        {"name": "communes", "sha256": "other", **source},
        {"name": "epci_2015", "sha256": "other", "vintage": "2014"},
        {"name": "pnr", "sha256": sha["pnr"], "vintage": "2020"},
        {"name": "population", "sha256": sha["population"], "vintage": "2021"},
        {"name": "enaf", "sha256": "x", "producer": "Cerema", "source": "Conso", "vintage": "2024"},
        {"name": "land_survey_mos.correspondence", "sha256": "x"},
    ]

    assert [plain(line) for line in input_changes(before, inputs)] == [
        "Fichier modifié : fichier du territoire.",
        "Fichier modifié : IGN, ADMIN EXPRESS, millésime 2020.",
        "Nouveau millésime : DGCL, BANATIC, millésime 2014 → millésime 2015.",
        "Millésime corrigé, même fichier : INPN, PNR, millésime 2020 → millésime 2021.",
        "Nouveau : SNCF, Gares, millésime 2022.",
        "N'est plus utilisé : Cerema, Conso, millésime 2024.",
        "N'est plus utilisé : table de correspondance d'une source locale.",
    ]


def test_a_key_figure_that_moved_is_told_with_both_values(tmp_path, world):
    old = with_stock(world[2], [12.0, 3.0])
    manifest = published(tmp_path / "old", world, old)

    lines = told(tmp_path / "old", manifest, world, with_stock(world[2], [16.0, 3.0]))

    assert lines == [("figure", "A : surface artificialisée, 12,0 ha → 16,0 ha.")]


def test_a_figure_of_another_vintage_tells_both_years(tmp_path, world):
    manifest = published(tmp_path / "old", world, with_stock(world[2], [12.0, 3.0], year="2021"))

    lines = told(tmp_path / "old", manifest, world, with_stock(world[2], [16.0, 3.0], year="2024"))

    assert lines == [("figure", "A : surface artificialisée, 12,0 ha (2021) → 16,0 ha (2024).")]


@pytest.mark.parametrize("later", [12.04, 11.96])
def test_a_figure_that_is_displayed_as_before_has_not_changed(tmp_path, world, later):
    manifest = published(tmp_path / "old", world, with_stock(world[2], [12.0, 3.0]))

    lines = told(tmp_path / "old", manifest, world, with_stock(world[2], [later, 3.0]))

    assert lines == [("none", "Rien n'a changé : mêmes fichiers, mêmes chiffres comparés.")]


def test_a_figure_that_becomes_known_or_unknown_is_told_with_a_dash(tmp_path, world):
    manifest = published(tmp_path / "old", world, with_stock(world[2], [NAN, 3.0]))

    lines = told(tmp_path / "old", manifest, world, with_stock(world[2], [16.0, NAN]))

    assert lines == [
        ("figure", "A : surface artificialisée, – → 16,0 ha."),
        ("figure", "B : surface artificialisée, 3,0 ha → –."),
    ]


def test_only_the_law_in_force_is_compared(tmp_path, world):
    def path(allowance, scenario):
        rows = pd.DataFrame(
            {
                "zone_layer": "territory",
                "zone_code": "territory",
                "regime": ["climat_resilience_2023", "Scénario"],
                "allowance_ha": [allowance, scenario],
            }
        )
        columns = ("reference_ha", "consumed_ha", "remaining_ha", "projection_ha")
        return replace(world[2], trajectory=rows.assign(**dict.fromkeys(columns, 1.0)))

    manifest = published(tmp_path / "old", world, path(5.0, 7.0))

    lines = told(tmp_path / "old", manifest, world, path(6.0, 9.0))

    assert lines == [("figure", "Six carrés : enveloppe de la période, 5,00 ha → 6,00 ha.")]


def test_the_pays_comes_first_then_intercommunalities_parks_and_communes(tmp_path, world):
    _, _, results = world
    old = replace(
        results, zones=results.zones.assign(area_ha=1.0, overlap_ha=NAN), communes=results.communes.assign(area_ha=1.0)
    )
    manifest = published(tmp_path / "old", world, old)

    names = [text.split(" : ")[0] for _, text in told(tmp_path / "old", manifest, world)]

    assert names == [
        *("Six carrés", "EPCI 1 (2015)", "EPCI 2 (2015)", "EPCI 1 (2017)", "EPCI 2 (2017)", "Parc P", "Parc Q"),
        *("A", "B", "C", "D", "E", "F"),
    ]


def test_a_park_is_compared_by_what_it_covers(tmp_path, world):
    _, _, results = world
    old = results.zones.copy()
    old.loc[old["zone_code"] == "FR8000002", "overlap_ha"] = 30.0
    manifest = published(tmp_path / "old", world, replace(results, zones=old))

    assert told(tmp_path / "old", manifest, world) == [
        ("figure", "Parc Q : superficie géométrique, 30 ha → 20 ha."),
    ]


def test_every_change_is_listed_up_to_what_a_page_can_hold_and_the_rest_is_counted():
    from hp_sig.refresh.changes import _cut  # noqa: PLC0415 - more changes than the six squares have

    lines = [Change(kind="figure", text=str(rank)) for rank in range(MOST_LINES + 2)]

    assert MOST_LINES == 500
    assert _cut(lines[:-2]) == lines[:-2]
    assert plain(_cut(lines[:-1])[-1].text) == "et 1 autre changement, qui n'est pas listé."
    assert plain(_cut(lines)[-1].text) == "et 2 autres changements, qui ne sont pas listés."
    assert len(_cut(lines)) == MOST_LINES + 1


def test_a_zone_without_a_sheet_is_left_out(tmp_path, world):
    inputs, layers, results = world
    # With a territory of 2017 the list of 2015 has no sheet.
    later = layers.territory.model_copy(update={"cog_year": 2017})
    old = replace(results, zones=results.zones.assign(area_ha=1.0, overlap_ha=NAN))
    manifest = published(tmp_path / "old", world, old)

    lines = told(tmp_path / "old", manifest, (inputs, replace(layers, territory=later), results))

    assert [text.split(" : ")[0] for _, text in lines] == [
        *("Six carrés", "EPCI 1 (2017)", "EPCI 2 (2017)", "Parc P", "Parc Q"),
    ]


def with_flows(results, hectares, zone=A):
    rows = {"zone_layer": "communes", "zone_code": zone, "zone_name": "A"}
    flows = pd.DataFrame([{**rows, "year": year, "enaf_consumption_ha": value} for year, value in hectares.items()])
    return replace(results, enaf_consumption=flows)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({2020: 1.0, 2021: 0.5}, {2020: 1.0, 2021: 0.75}, ["A : consommation d'ENAF en 2021, 0,50 ha → 0,75 ha."]),
        ({2021: 0.5}, {2021: 0.5, 2022: 0.25}, ["A : consommation d'ENAF en 2022, – → 0,25 ha."]),
        ({2021: 0.5, 2022: 0.25}, {2021: 0.5}, ["A : consommation d'ENAF en 2022, 0,25 ha → –."]),
        # Ten steps of 0.002 ha: no year is shown otherwise, the sum is.
        (
            dict.fromkeys(range(2011, 2021), 1.0),
            dict.fromkeys(range(2011, 2021), 1.002),
            ["A : consommation d'ENAF de 2011 à 2020, 10,00 ha → 10,02 ha."],
        ),
        (
            {2021: 0.502, 2022: 0.502},
            {2021: 0.504, 2022: 0.504},
            ["A : consommation d'ENAF depuis 2021, 1,00 ha → 1,01 ha."],
        ),
    ],
    ids=["a year", "a new year", "a year gone", "a sum of the reference", "a sum of the period"],
)
def test_flows_are_compared_year_by_year_and_summed(tmp_path, world, before, after, said):
    manifest = published(tmp_path / "old", world, with_flows(world[2], before))

    lines = told(tmp_path / "old", manifest, world, with_flows(world[2], after))

    assert lines == [("figure", text) for text in said]


def test_density_is_compared(tmp_path, world):
    def shape(density):
        rows = {"zone_layer": ["communes"], "zone_code": [A], "zone_name": ["A"], "rank": [2], "year": ["2021"]}
        return replace(world[2], land_shape=pd.DataFrame({**rows, "inhabitants_per_ha": [density]}))

    manifest = published(tmp_path / "old", world, shape(12.5))

    assert told(tmp_path / "old", manifest, world, shape(13.0)) == [
        ("figure", "A : densité nette, 12,5 hab./ha artificialisé → 13,0 hab./ha artificialisé.")
    ]


def test_a_unit_that_ends_with_a_full_stop_ends_the_sentence(tmp_path, world):
    _, _, results = world
    communes = results.communes.copy()
    communes.loc[A, "population"] = communes.loc[A, "population"] + 1
    manifest = published(tmp_path / "old", world, replace(results, communes=communes))

    ((_, text),) = told(tmp_path / "old", manifest, world)

    assert text.endswith(" hab.")
    assert not text.endswith("..")


@pytest.mark.parametrize("status", ["approved", "in_progress", "none", "unknown"])
def test_no_status_of_a_scot_says_its_words_twice(status):
    from hp_sig.refresh.changes import _scot_status  # noqa: PLC0415 - every status, where a world has three

    assert "SCoT" not in _scot_status(status)
    assert "statut" not in _scot_status(status)


def test_changed_files_that_move_no_figure_are_told_so(tmp_path, world):
    manifest = published(tmp_path / "old", world)
    manifest["inputs"][0]["sha256"] = "other"

    lines = told(tmp_path / "old", manifest, world)

    assert lines[-1] == (
        "figure",
        "Les fichiers ont changé, mais aucun des chiffres comparés (superficie, population, consommation, trajectoire, "
        "sols) ne bouge.",
    )


def test_communes_that_came_left_or_changed_zone_are_told(tmp_path, world):
    _, _, results = world
    communes = results.communes.copy()
    communes.loc[A, ["epci_2017", "epci_2017_name"]] = ["200000002", "EPCI 2"]
    communes.loc[B, "scot_status"] = "in_progress"
    old = communes.drop(index=CODES["F"])
    old.loc["04099"] = old.loc[A]
    old.loc["04099", "name"] = "Ancienne"
    manifest = published(tmp_path / "old", world, replace(results, communes=old))

    lines = [text for kind, text in told(tmp_path / "old", manifest, world) if kind == "membership"]

    assert lines == [
        "F (83006) entre dans le territoire.",
        "Ancienne (04099) sort du territoire.",
        "A : EPCI 2 (2017) → EPCI 1 (2017).",
        "B : statut du SCoT, en élaboration → approuvé.",
    ]


def test_the_latest_lists_are_compared_whatever_their_years(tmp_path, world):
    _, _, results = world
    renamed = {"epci_2017": "epci_2016", "epci_2017_name": "epci_2016_name"}
    old = results.communes.drop(columns=["epci_2015", "epci_2015_name"]).rename(columns=renamed)
    old.loc[A, ["epci_2016", "epci_2016_name"]] = ["200000002", "EPCI 2"]
    manifest = published(tmp_path / "old", world, replace(results, communes=old))

    lines = told(tmp_path / "old", manifest, world)

    assert lines == [("membership", "A : EPCI 2 (2016) → EPCI 1 (2017).")]


def test_a_commune_that_joins_a_list_was_nowhere_before(tmp_path, world):
    _, _, results = world
    old = results.communes.copy()
    old.loc[A, ["scot_2018", "scot_2018_name"]] = [None, None]
    manifest = published(tmp_path / "old", world, replace(results, communes=old))

    assert told(tmp_path / "old", manifest, world) == [
        ("membership", "A : absente de la liste (2018) → SCoT 1 (2018).")
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: path.write_text("", encoding="utf-8"),
        lambda path: path.write_text('a,b\n"1', encoding="utf-8"),
        lambda path: path.write_text("zone_layer;zone_code\ncommunes;04001\n", encoding="utf-8"),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.write_text(path.read_text(encoding="utf-8").replace("100", "999"), encoding="utf-8"),
    ],
    ids=["gone", "bytes", "empty", "open quote", "semicolons", "a folder", "a figure changed by hand"],
)
def test_a_table_that_is_not_the_last_one_written_is_told_and_never_an_error(tmp_path, world, spoil):
    manifest = published(tmp_path / "old", world)
    spoil(tmp_path / "old" / "zones.csv")

    lines = told(tmp_path / "old", manifest, world)

    assert [kind for kind, _ in lines] == ["file"]
    assert lines[0][1].startswith("Zones : la table précédente manque ou n'est pas celle de la dernière actualisation")


@pytest.mark.parametrize(
    "content",
    ["", "a,b\n1,2\n", "zone_layer,zone_code,area_ha\n1,2,3\n", 'x\n"1', "\x00", "a,a\n1,2,3,4\n"],
)
def test_a_table_of_another_form_is_not_compared_even_if_it_is_ours(tmp_path, world, content):
    manifest = published(tmp_path / "old", world)
    (tmp_path / "old" / "zones.csv").write_text(content, encoding="utf-8")
    manifest["outputs"]["zones.csv"] = file_entry(tmp_path / "old" / "zones.csv")

    lines = told(tmp_path / "old", manifest, world)

    assert lines[0][1].startswith("Zones : la table précédente manque")


def test_figures_that_are_no_figures_are_not_known(tmp_path, world):
    manifest = published(tmp_path / "old", world)
    path = tmp_path / "old" / "zones.csv"
    path.write_text(re.sub(r"\b600\.0\b", "beaucoup", path.read_text(encoding="utf-8")), encoding="utf-8")
    manifest["outputs"]["zones.csv"] = file_entry(path)

    assert told(tmp_path / "old", manifest, world) == [("figure", "Six carrés : superficie géométrique, – → 600 ha.")]


def test_a_table_that_is_new_or_gone_is_told_by_its_name(tmp_path, world):
    _, _, results = world
    land = with_stock(results, [12.0, 3.0])
    first, second = tmp_path / "first", tmp_path / "second"
    without, with_it = published(first, world), published(second, world, land)

    new = told(first, without, world, land)
    gone = told(second, with_it, world)

    assert ("file", "Nouvelle table : Sols artificialisés et imperméabilisés, par millésime.") in new
    assert ("file", "Table qui n'est plus faite : Sols artificialisés et imperméabilisés, par millésime.") in gone


def test_names_that_a_spreadsheet_would_run_are_compared_as_they_were_written(tmp_path, world):
    inputs, layers, results = world
    named = replace(results, communes=results.communes.assign(name="=1+1", epci_2017="=2", epci_2017_name="=2+2"))
    manifest = published(tmp_path / "old", (inputs, layers, named))

    assert told(tmp_path / "old", manifest, world, named) == [
        ("none", "Rien n'a changé : mêmes fichiers, mêmes chiffres comparés.")
    ]


def test_beside_a_damaged_manifest_a_few_files_are_named_and_the_manifest_is_said_to_be_damaged(tmp_path):
    staging, out = tmp_path / "staging", tmp_path / "out"
    for folder in (staging, out):
        (folder / "fiches").mkdir(parents=True)
        for rank in range(80):
            (folder / "fiches" / f"commune-{rank:05}.html").write_text("", encoding="utf-8")
        (folder / "manifest.json").write_text('{"outputs": []}', encoding="utf-8")

    with pytest.raises(OutputError, match=r"manifest\.json is there but cannot be understood") as refused:
        publish(staging, out, ours=own_files(out))

    assert "'fiches/commune-00000.html'" in str(refused.value)
    assert "(and 76 more)" in str(refused.value)
    assert len(str(refused.value)) < 700
