"""Which territory, and which folder of raw files, does a command work on?"""

import os
from pathlib import Path

from hp_sig.errors import LayerError
from hp_sig.inputs import DEFAULT_RAW, RAW_VARIABLE, InputError
from hp_sig.reference.fields import default_territory_file, sample_territory_file
from hp_sig.territory import Territory, load_territory

__all__ = ["choose", "is_sample"]


def choose(territory: str | Path | Territory | None, raw: str | Path | None) -> tuple[Territory, Path]:
    """Choose the territory and the folder of its files: the sample only where nothing is named and nothing is there."""
    named = raw or os.environ.get(RAW_VARIABLE)
    folder = Path(named or DEFAULT_RAW)
    chosen = territory if isinstance(territory, Territory) else load_territory(territory)
    if chosen.path == default_territory_file() and not named and _is_empty(folder):
        return load_territory(sample_territory_file()), sample_territory_file().parent
    if named and not folder.is_dir():
        raise InputError(
            [LayerError(folder, ["expected a folder of raw files, found none. Check --raw or HP_SIG_RAW."])]
        )
    return chosen, folder


def is_sample(territory: Territory) -> bool:
    """Say whether a territory is the embedded sample."""
    return territory.path == sample_territory_file()


def _is_empty(folder: Path) -> bool:
    ignored = {"README.md", "Thumbs.db", "desktop.ini"}
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    # What `hp-sig fetch` keeps for itself is in a hidden folder.
    return not any(path.name not in ignored and not any(part.startswith(".") for part in path.parts) for path in files)
