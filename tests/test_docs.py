import re
from pathlib import Path

import pytest
import typer

from hp_sig import cli
from hp_sig.refresh import GEOPACKAGE, MAP
from hp_sig.results import Results
from hp_sig.territory import Communes, LayerSource, PopulationSource, Territory, Zone

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(cli.app).commands


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_in_the_readme_and_has_help(name):
    command = COMMANDS[name]

    assert command.help
    assert f"hp-sig {name}" in README
    options = [option for option in command.params if option.name != "help"]
    assert all(option.help for option in options)
    line = next(line for line in README.splitlines() if line.startswith(f"| `hp-sig {name}"))
    assert [option.opts[0] for option in options if option.opts[0] not in line] == []


def test_every_key_of_a_territory_file_is_in_the_guide():
    keys = {key for model in (Territory, Communes, LayerSource, Zone, PopulationSource) for key in model.model_fields}

    assert sorted(key for key in keys if f"`{key}`" not in GUIDE and f"[{key}]" not in GUIDE) == []


def test_every_output_is_in_the_readme():
    outputs = [*(f"{name}.csv" for name in Results.__dataclass_fields__), GEOPACKAGE, MAP, "manifest.json"]

    assert [name for name in outputs if f"`{name}`" not in README] == []


@pytest.mark.parametrize("document", ["README.md", "docs/guide.md", "data/raw/README.md", "benchmarks/README.md"])
def test_every_file_that_a_document_names_exists(document):
    text = (ROOT / document).read_text(encoding="utf-8")

    named = re.findall(r"`((?:hp_sig|docs|notebooks|requirements|scripts|tests|data|benchmarks)/[\w./-]*\w)`", text)
    made_by_a_run = re.compile(r"data/(processed|raw)/")
    assert [name for name in named if not (ROOT / name).exists() and not made_by_a_run.match(name)] == []
