import re
from pathlib import Path

import pytest
import typer

from hp_sig import check, cli, compute
from hp_sig.reference.fields import sample_territory_file
from hp_sig.refresh import GEOPACKAGE, MAP
from hp_sig.results.steps import BASE_TABLES, LAND_TABLES
from hp_sig.territory import MODELS

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
    keys = {key for model in MODELS for key in model.model_fields}

    assert sorted(key for key in keys if f"`{key}`" not in GUIDE and f"[{key}]" not in GUIDE) == []


def test_every_table_of_land_and_each_of_its_columns_is_in_the_guide():
    tables = compute(check(sample_territory_file(), raw=sample_territory_file().parent)).tables()
    columns = {column for name, table in tables.items() if name in LAND_TABLES for column in table.columns}

    # One line of the guide tells all reasons, and one the states of the ratios.
    families = re.compile(r"reason_.+|(enaf_m2_per_added|households)_.+_status")
    assert [name for name in LAND_TABLES if f"`{name}.csv`" not in GUIDE] == []
    assert sorted(name for name in columns if f"`{name}`" not in GUIDE and not families.fullmatch(name)) == []


def test_every_output_is_in_the_readme():
    outputs = [*(f"{name}.csv" for name in (*BASE_TABLES, *LAND_TABLES)), GEOPACKAGE, MAP, "manifest.json"]

    assert [name for name in outputs if f"`{name}`" not in README] == []


@pytest.mark.parametrize("document", ["README.md", "docs/guide.md", "data/raw/README.md", "benchmarks/README.md"])
def test_every_file_that_a_document_names_exists(document):
    text = (ROOT / document).read_text(encoding="utf-8")

    named = re.findall(r"`((?:hp_sig|docs|notebooks|requirements|scripts|tests|data|benchmarks)/[\w./-]*\w)`", text)
    made_by_a_run = re.compile(r"data/(processed|raw)/")
    assert [name for name in named if not (ROOT / name).exists() and not made_by_a_run.match(name)] == []
