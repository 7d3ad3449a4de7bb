import re
import tomllib
from pathlib import Path

import pytest
import typer
from published import sample

import hp_sig
from hp_sig import cli, load_territory
from hp_sig.indicators.dasymetric import METHODS
from hp_sig.indicators.screening import OUTSIDE, TAKE_METHODS
from hp_sig.reference.fields import default_territory_file
from hp_sig.reference.roads import MODES, speeds_of
from hp_sig.refresh import MAP
from hp_sig.refresh.hubs import COMPARISON
from hp_sig.refresh.publications import GEOPACKAGE, METADATA, PROJECT, WORKBOOK
from hp_sig.results.screening import RELATIONS
from hp_sig.results.steps import ALL_TABLES, HUB_TABLES, LAND_TABLES, PROJECT_TABLES
from hp_sig.territory import MODELS, HubSettings, LayerSource, PublishSettings
from hp_sig.territory.objectives import Objective
from hp_sig.territory.publishing import STEPS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
COMMANDS = {
    f"{group} {name}".strip(): command
    for group, commands in {
        "": typer.main.get_command(cli.app).commands,
        "publish": typer.main.get_command(cli.publish.app).commands,
    }.items()
    for name, command in commands.items()
    if name != "publish"
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_readme_and_has_help(name):
    command = COMMANDS[name]

    assert command.help
    assert f"hp-sig {name}" in README
    options = [option for option in command.params if option.name != "help"]
    assert all(option.help for option in options)
    line = next(line for line in README.splitlines() if line.startswith(f"| `hp-sig {name} "))
    assert [option.opts[0] for option in options if option.opts[0] not in line] == []


def test_every_key_of_a_territory_file_is_in_the_guide():
    keys = {key for model in MODELS for key in model.model_fields}

    assert sorted(key for key in keys if f"`{key}`" not in GUIDE and f"[{key}]" not in GUIDE) == []


@pytest.fixture(scope="module")
def tables():
    return sample()[1].tables()


def test_every_table_of_land_and_each_of_its_columns_is_in_the_guide(tables):
    columns = {column for name, table in tables.items() if name in LAND_TABLES for column in table.columns}

    # One line of the guide tells all reasons, and one the states of the ratios.
    families = re.compile(r"reason_.+|(enaf_m2_per_added|households)_.+_status")
    assert [name for name in LAND_TABLES if f"`{name}.csv`" not in GUIDE] == []
    assert sorted(name for name in columns if f"`{name}`" not in GUIDE and not families.fullmatch(name)) == []


def test_every_table_of_projects_and_hubs_and_each_of_its_columns_is_told_in_their_part_of_the_guide(tables):
    part = GUIDE.partition("\n## 6. ")[2].partition("\n## 7. ")[0]
    names = (*PROJECT_TABLES, "ridership", *HUB_TABLES)
    columns = {column for name in names for column in tables[name].columns}

    assert [name for name in names if f"`{name}.csv`" not in part] == []
    assert len(columns) > 60
    assert sorted(column for column in columns if f"`{column}`" not in part) == []


def test_every_key_of_hubs_is_told_in_their_part_of_the_guide():
    part = GUIDE.partition("\n## 6. ")[2].partition("\n## 7. ")[0]

    assert [key for key in ("roads", "buildings", "census", "ridership", "hubs") if f"`[{key}]`" not in part] == []
    assert [key for key in HubSettings.model_fields if f"`{key}`" not in part] == []
    assert [name for name in speeds_of("walk") if f"`{name}`" not in part] == []


def test_every_coded_value_of_projects_and_hubs_is_in_the_guide():
    words = {*RELATIONS, *TAKE_METHODS, *METHODS, *MODES, OUTSIDE}

    assert sorted(word for word in words if f"`{word}`" not in GUIDE) == []


def test_the_territory_file_that_the_guide_shows_for_hubs_is_right():
    blocks = [block for block in re.findall(r"```toml\n(.+?)```", GUIDE, re.DOTALL) if "[hubs]" in block]

    assert [HubSettings.model_validate(tomllib.loads(block)["hubs"]).car_minutes for block in blocks] == [(10,)]


@pytest.mark.parametrize("document", [README, GUIDE], ids=["README", "guide"])
def test_the_publications_and_objectives_that_a_document_shows_are_right(document):
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.+?)```", document, re.DOTALL)]

    published = [PublishSettings.model_validate(block["publish"]) for block in blocks if "publish" in block]
    objectives = [Objective.model_validate(one) for block in blocks for one in block.get("objectives", [])]
    assert [settings.steps for settings in published] == [STEPS]
    assert [objective.quantity for objective in objectives] == ["enaf_consumption"]


def test_every_layer_of_a_territory_that_the_readme_shows_is_right():
    blocks = [block for block in re.findall(r"```toml\n(.+?)```", README, re.DOTALL) if "[hubs]" in block]

    (shown,) = [tomllib.loads(block) for block in blocks]
    assert {name: LayerSource.model_validate(shown[name]).producer for name in shown if name != "hubs"} == {
        "roads": "Contributeurs d'OpenStreetMap",
        "buildings": "IGN",
        "census": "INSEE",
        "ridership": "SNCF",
    }
    assert HubSettings.model_validate(shown["hubs"]).bike_minutes == (15, 30)


def test_the_guide_tells_how_to_compare_alternatives_with_options_that_exist():
    (line,) = [line for line in GUIDE.splitlines() if "hp-sig hub" in line and "--compare" in line]
    options = {option for parameter in COMMANDS["hub"].params for option in parameter.opts}

    assert set(re.findall(r"--[a-z]+", line)) <= options
    assert f"`{COMPARISON}.html`" in GUIDE
    assert f"`{COMPARISON}.csv`" in GUIDE


def test_the_folders_of_raw_files_are_those_of_the_territory_file():
    text = (ROOT / "data" / "raw" / "README.md").read_text(encoding="utf-8")
    sources = load_territory(default_territory_file()).sources().values()
    folders = {source.file.partition("/")[0] for source in sources if not source.file.startswith("package:")}

    assert {"roads", "buildings", "census"} <= folders
    assert sorted(folder for folder in folders if f"`{folder}/" not in text) == []


def test_every_output_is_in_the_readme():
    gis = (GEOPACKAGE, PROJECT, *METADATA, WORKBOOK)
    outputs = [*(f"{name}.csv" for name in ALL_TABLES), *gis, MAP, "manifest.json"]

    assert [name for name in outputs if f"`{name}`" not in README] == []


def test_every_public_name_that_the_readme_calls_exists():
    called = set(re.findall(r"hp_sig\.(\w+)\(", README))

    assert {"network_graph", "catchment", "screen_projects", "compare_projects", "hub_map", "save_standalone"} <= called
    assert sorted(called - set(hp_sig.__all__)) == []


@pytest.mark.parametrize("document", ["README.md", "docs/guide.md", "data/raw/README.md", "benchmarks/README.md"])
def test_every_file_that_a_document_names_exists(document):
    text = (ROOT / document).read_text(encoding="utf-8")

    named = re.findall(r"`((?:hp_sig|docs|notebooks|requirements|scripts|tests|data|benchmarks)/[\w./-]*\w)`", text)
    made_by_a_run = re.compile(r"data/(processed|raw)/")
    assert [name for name in named if not (ROOT / name).exists() and not made_by_a_run.match(name)] == []
