"""Which options do several commands share?"""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["RawOption", "TerritoryOption"]

TerritoryOption = Annotated[
    Path | None,
    typer.Option("--territory", metavar="FILE", help="Territory file (TOML); by default the Pays de Haute-Provence."),
]
RawOption = Annotated[
    Path | None, typer.Option("--raw", metavar="DIR", help="Files as downloaded; by default data/raw.")
]
