import ast
import importlib
import importlib.metadata
import inspect
import json
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hp_sig

PACKAGE = Path(hp_sig.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

#: What each part of the package may import of the others, besides itself.
FOUNDATION = {"errors", "_version", "crs", "seal", "parallel", "whole"}
DATA = FOUNDATION | {"reference", "sources", "layers", "territory", "inputs", "assembly"}
MAY_IMPORT = {
    "errors": set(),
    "_version": set(),
    "crs": {"errors"},
    "seal": set(),
    "parallel": set(),
    "whole": {"errors"},
    "reference": FOUNDATION,
    "sources": FOUNDATION | {"reference"},
    "layers": FOUNDATION | {"reference", "sources"},
    "territory": FOUNDATION | {"reference", "layers"},
    "inputs": FOUNDATION | {"reference", "sources", "layers", "territory"},
    "assembly": DATA - {"assembly"},
    "indicators": FOUNDATION | {"reference"},
    "fetching": DATA,
    "results": DATA | {"indicators"},
    "maps": DATA | {"results"},
    "publish": DATA | {"results", "maps"},
    "refresh": DATA | {"indicators", "results", "maps", "publish"},
    "telling": DATA | {"fetching", "results", "refresh"},
    "cli": DATA | {"fetching", "results", "refresh", "telling"},
}
NETWORK = {"requests", "socket", "urllib", "http", "httpx", "aiohttp", "ftplib", "ssl"}

OBSERVED_IMPORT = """
import sys
sockets = []
sys.addaudithook(lambda event, arguments: sockets.append(event) if event.startswith("socket.") else None)
import hp_sig
import json, pathlib
found = {"sockets": sockets, "modules": sorted(name for name in sys.modules if "." not in name)}
pathlib.Path(sys.argv[1]).write_text(json.dumps(found))
"""


def part_of(module: str) -> str:
    return module.split("/", maxsplit=1)[0].removesuffix(".py")


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def imported(module: str) -> set[str]:
    """Give the full names that a module imports, wherever in the file; there are no relative imports."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


# --- importing --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("import")
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", OBSERVED_IMPORT, folder / "found.json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    left = sorted(path.name for path in folder.iterdir())
    found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return {"stdout": ended.stdout, "stderr": ended.stderr, "left": left, **found}


def test_importing_is_silent_even_with_warnings_as_errors(observed):
    assert (observed["stdout"], observed["stderr"]) == ("", "")


def test_importing_opens_no_socket_and_writes_no_file(observed):
    assert observed["sockets"] == []
    assert observed["left"] == ["found.json"]


@pytest.mark.parametrize("name", ["folium", "branca", "matplotlib", "typer", "rich", "openpyxl", "requests"])
def test_importing_leaves_out_what_only_maps_and_commands_need(observed, name):
    assert name not in observed["modules"]


# --- public names -----------------------------------------------------------------------------------------------


def test_every_public_name_exists():
    assert [name for name in hp_sig.__all__ if not hasattr(hp_sig, name)] == []


def test_public_names_are_sorted_and_unique():
    assert hp_sig.__all__ == sorted(set(hp_sig.__all__))


def test_dir_lists_the_public_names_that_are_loaded_at_once():
    assert set(hp_sig.__all__) - {"save_standalone", "territory_map"} <= set(dir(hp_sig))


def test_dir_lists_the_maps_before_they_are_loaded():
    told = subprocess.run(
        [sys.executable, "-c", "import hp_sig; print(*sorted(set(hp_sig.__all__) - set(dir(hp_sig))))"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == []


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'no_such_thing'"):
        _ = hp_sig.no_such_thing


def test_everything_public_has_a_docstring():
    named = {name: getattr(hp_sig, name) for name in hp_sig.__all__ if name != "__version__"}

    assert [name for name, thing in named.items() if not (inspect.getdoc(thing) or "").strip()] == []


def test_what_each_module_declares_public_exists_and_has_a_docstring():
    bare = []
    for found in pkgutil.walk_packages([str(PACKAGE)], "hp_sig."):
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            if (inspect.isfunction(thing) or inspect.isclass(thing)) and not inspect.getdoc(thing):
                bare.append(f"{found.name}.{name}")

    assert bare == []


def test_the_version_is_the_one_that_is_installed():
    assert hp_sig.__version__ == importlib.metadata.version("hp-sig")


# --- architecture -----------------------------------------------------------------------------------------------


def test_every_part_of_the_package_has_its_place():
    assert {part_of(module) for module in MODULES} == {*MAY_IMPORT, "__init__"}


@pytest.mark.parametrize("module", [module for module in MODULES if module != "__init__.py"])
def test_a_module_imports_only_from_the_parts_below_it(module):
    own = part_of(module)

    parts = {name.split(".")[1] for name in imported(module) if name.split(".")[0] == "hp_sig"}

    assert parts - {own} <= MAY_IMPORT[own]


def test_the_package_itself_imports_anything_but_the_command():
    parts = {name.split(".")[1] for name in imported("__init__.py") if name.split(".")[0] == "hp_sig"}

    assert "cli" not in parts
    assert parts <= set(MAY_IMPORT)


@pytest.mark.parametrize("module", [module for module in MODULES if part_of(module) != "sources"])
def test_only_the_sources_import_anything_of_the_network(module):
    # Parsing an address opens nothing.
    names = {name for name in imported(module) if not name.startswith("urllib.parse")}

    assert {name.split(".")[0] for name in names} & NETWORK == set()


@pytest.mark.parametrize("module", [module for module in MODULES if part_of(module) not in {"cli", "telling"}])
def test_only_the_command_prints(module):
    nodes = list(ast.walk(tree(module)))
    calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    streams = {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        name.rpartition(".")[2] for name in imported(module)
    }

    assert calls & {"print", "input"} == set()
    assert streams & {"stdout", "stderr", "echo"} == set()


@pytest.mark.parametrize("module", MODULES)
def test_no_module_catches_everything(module):
    handlers = [node for node in ast.walk(tree(module)) if isinstance(node, ast.ExceptHandler)]
    caught = {ast.unparse(node.type) if node.type else "everything" for node in handlers}

    assert caught & {"everything", "Exception", "BaseException"} == set()


def test_no_file_of_the_package_names_the_shared_folder():
    texts = [path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".toml", ".csv", ".md", ".css"}]

    assert texts
    assert [path.name for path in texts if "../shared" in path.read_text(encoding="utf-8")] == []


# --- wording ----------------------------------------------------------------------------------------------------


def labels() -> dict[str, dict[str, object]]:
    return tomllib.loads((PACKAGE / "reference" / "labels.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("column", labels()["columns"])
def test_a_column_has_a_french_label(column):
    entry = labels()["columns"][column]

    assert isinstance(entry["label"], str)
    assert entry["label"].strip()
    assert set(entry) <= {"label", "unit", "decimals", "definition"}


def test_every_wording_is_a_text():
    sections = {name: entries for name, entries in labels().items() if name != "columns"}

    assert [
        f"{name}.{key}"
        for name, entries in sections.items()
        for key, text in entries.items()
        if not isinstance(text, str) or not text.strip()
    ] == []
