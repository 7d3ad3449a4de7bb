"""Which territory is this: which communes, which layers, which vintages?

A territory is one TOML file, so another Pays needs no code. It is validated when loaded: an error names the key,
what was expected and what was found.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd
from pydantic import PrivateAttr, ValidationError, model_validator

from hp_sig.errors import LayerError, TerritoryError, some
from hp_sig.layers.communes import read_commune_list
from hp_sig.reference.fields import default_territory_file, package_file
from hp_sig.territory.hubs import HubSettings
from hp_sig.territory.naming import DATABASE_PREFIX, snapshot_places
from hp_sig.territory.objectives import Objective
from hp_sig.territory.publishing import PublishSettings
from hp_sig.territory.records import (
    PACKAGE_PREFIX,
    Communes,
    EnafSource,
    FetchSettings,
    LandCoverSource,
    LayerSource,
    PopulationSource,
    Record,
    Scenario,
    SurveySource,
    Text,
    TrajectorySettings,
    Year,
    Zone,
    ZoningSource,
)

__all__ = [
    "MODELS",
    "Communes",
    "EnafSource",
    "FetchSettings",
    "HubSettings",
    "LandCoverSource",
    "LayerSource",
    "Objective",
    "PopulationSource",
    "PublishSettings",
    "Scenario",
    "SurveySource",
    "Territory",
    "TrajectorySettings",
    "Zone",
    "ZoningSource",
    "commune_names",
    "load_territory",
]

#: Environment variable that names the territory file when the caller names none.
TERRITORY_VARIABLE = "HP_SIG_TERRITORY"
#: Layers and tables of the results that a zone layer may not be called.
RESERVED = {
    *("territory", "communes", "population", "stations", "projects", "projects_site", "projects_footprint"),
    *("overlaps", "zones", "membership_changes", "scot_coverage", "enaf", "enaf_context", "enaf_consumption"),
    *("enaf_ratios", "trajectory", "triennial", "land_stock", "land_classes", "land_flow", "land_transition"),
    *("land_shape", "land_zoning", "land_survey", "roads", "buildings", "census", "ridership", "hub_stations"),
    *("catchments", "catchment_places", "catchment_land", "catchment_overlaps", "service_areas"),
    *("project_screening", "project_overlaps", "project_distances", "zoning", "cover", "use", "outside"),
    *("commune_figures", "run", "sources", "dictionary", "dictionnaire", "layer_styles"),
}


class Territory(Record):
    """A territory as configured; load it with :func:`load_territory`."""

    name: Text
    cog_year: Year
    notice: str | None = None
    communes: Communes
    boundaries: LayerSource
    zones: tuple[Zone, ...] = ()
    population: PopulationSource | None = None
    stations: LayerSource | None = None
    projects: LayerSource | None = None
    land_cover: tuple[LandCoverSource, ...] = ()
    enaf: EnafSource | None = None
    zoning: tuple[ZoningSource, ...] = ()
    land_survey: tuple[SurveySource, ...] = ()
    trajectory: TrajectorySettings = TrajectorySettings()
    objectives: tuple[Objective, ...] = ()
    roads: LayerSource | None = None
    buildings: LayerSource | None = None
    census: LayerSource | None = None
    ridership: LayerSource | None = None
    hubs: HubSettings = HubSettings()
    fetch: FetchSettings = FetchSettings()
    publish: PublishSettings = PublishSettings()
    _path: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _distinct_zones(self) -> Self:
        names = [zone.layer_name for zone in self.zones]
        labels = [zone.label for zone in self.zones]
        names += [source.layer_name for source in self.land_cover]
        names += [source.layer_name for source in self.zoning]
        names += [source.layer_name for source in self.land_survey]
        twice = sorted(
            {name for name in names if names.count(name) > 1}
            | {text for text in labels if labels.count(text) > 1}
            | (RESERVED & set(names))
        )
        if twice:
            message = (
                f"zone layers must have distinct ids (or years) and labels; found twice, or reserved: {some(twice)}"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.boundaries.optional:
            message = "boundaries: no territory without its communes, they cannot be optional"
            raise ValueError(message)
        return self

    @property
    def path(self) -> Path:
        """The file that this territory was loaded from."""
        return self._path

    def sources(self) -> dict[str, LayerSource]:
        """Give every layer of the territory by its name in the results."""
        named: dict[str, LayerSource | None] = {
            "communes": self.boundaries,
            **{zone.layer_name: zone for zone in self.zones},
            "population": self.population,
            "stations": self.stations,
            "projects": self.projects,
            **{source.layer_name: source for source in self.land_cover},
            **{source.layer_name: source for source in self.zoning},
            **{survey.layer_name: survey for survey in self.land_survey},
            "enaf": self.enaf,
            "roads": self.roads,
            "buildings": self.buildings,
            "census": self.census,
            "ridership": self.ridership,
        }
        return {name: source for name, source in named.items() if source is not None}

    def with_sources(self, told: Mapping[str, LayerSource]) -> Self:
        """Give the territory with other descriptions of some of its layers, by their names in the results."""
        changed: dict[str, Any] = {}
        for key in type(self).model_fields:
            value = getattr(self, key)
            if isinstance(value, LayerSource):
                changed[key] = told.get("communes" if key == "boundaries" else key, value)
            elif key in {"zones", "land_cover", "zoning", "land_survey"}:
                changed[key] = tuple(told.get(source.layer_name, source) for source in value)
        return self.model_copy(update=changed)

    def companion(self, file: str) -> Path:
        """Locate a table that goes with the territory file: with `package:`, or beside the file itself."""
        if file.startswith(PACKAGE_PREFIX):
            return package_file(file.removeprefix(PACKAGE_PREFIX))
        return self._path.parent / file

    def resolve(self, file: str, folder: Path) -> list[Path]:
        """Find the files that a `file` entry stands for: one with `package:`, a path, or a pattern such as `*.gpkg`.

        With `postgis:`, what was last read of the table; :func:`hp_sig.inputs.locate_inputs` reads it again.
        """
        if file.startswith(PACKAGE_PREFIX):
            return [package_file(file.removeprefix(PACKAGE_PREFIX))]
        if file.startswith(DATABASE_PREFIX):
            names = [name for name, source in self.sources().items() if source.file == file]
            places = [place for name in names for place in snapshot_places(name, folder) if place.is_file()]
            return places[:1]
        if re.search(r"[*?\[]", file):
            pattern = Path(file)
            base = Path(pattern.anchor) if pattern.is_absolute() else folder
            try:
                return sorted(base.glob(str(pattern.relative_to(base)) if pattern.is_absolute() else file))
            except (ValueError, NotImplementedError) as error:
                message = f"{self._path}: file = {file!r} is no pattern ({error}). Write a path, or *.gpkg."
                raise TerritoryError(message) from error
        return [found] if (found := folder / file).exists() else []


#: Every record of a territory file: where a key may be.
MODELS: tuple[type[Record], ...] = (
    *(Territory, Communes, LayerSource, PopulationSource, Zone),
    *(LandCoverSource, EnafSource, ZoningSource, SurveySource, TrajectorySettings, Scenario, HubSettings),
    *(FetchSettings, PublishSettings, Objective),
)


def load_territory(path: str | Path | None = None) -> Territory:
    """Load and validate a territory file.

    Parameters
    ----------
    path
        A TOML file; by default the one that the environment variable `HP_SIG_TERRITORY` names, or else the Pays de
        Haute-Provence (51 communes on 1 January 2015).

    Returns
    -------
    Territory
        A frozen record.

    Raises
    ------
    TerritoryError
        If the file is absent, is not TOML, or breaks a rule: the message lists each key, what was expected, what
        was found.

    Examples
    --------
    >>> territory = load_territory(default_territory_file())
    >>> territory.name, territory.cog_year, len(commune_names(territory))
    ('Pays de Haute-Provence', 2015, 51)
    """
    file = Path(path or os.environ.get(TERRITORY_VARIABLE) or default_territory_file())
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        message = f"{file}: expected a territory file, found nothing there. Check the path."
        raise TerritoryError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file}: cannot be read as UTF-8 text ({error}). Save it as UTF-8."
        raise TerritoryError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f'{file}: is not TOML ({error}). Text values go between quotes: vintage = "2025".'
        raise TerritoryError(message) from error
    try:
        territory = Territory.model_validate(content)
    except ValidationError as error:
        faults = [_fault(dict(detail)) for detail in error.errors(include_url=False)]
        lines = "".join(f"\n  - {fault}" for fault in faults)
        message = f"{file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}.{lines}"
        raise TerritoryError(message) from error
    territory._path = file
    commune_names(territory)
    return territory


def commune_names(territory: Territory) -> pd.Series:
    """Give the communes of a territory: names (empty where not given) by `commune_code`, sorted.

    Raises
    ------
    TerritoryError
        If the table of communes is absent, lacks its columns, or holds a code twice.
    """
    table = territory.communes.table
    if table is None:
        codes = sorted(territory.communes.codes)
        return pd.Series([""] * len(codes), index=pd.Index(codes, name="commune_code", dtype="str"), name="name")
    file = territory.companion(table)
    try:
        return read_commune_list(file)
    except LayerError as error:
        message = f"{territory.path}: communes.table: {error}"
        raise TerritoryError(message) from error


def _fault(detail: dict[str, Any]) -> str:
    key = ".".join(f"[{part}]" if isinstance(part, int) else str(part) for part in detail["loc"]).replace(".[", "[")
    kind, found = detail["type"], detail.get("input")
    if kind == "missing":
        return f"{key}: expected a value, found none. Add it."
    if "database" in key or "pass" in key:
        # An address may hold a password: it is not repeated.
        found = "…"
    if kind == "extra_forbidden":
        known = sorted({field for model in MODELS for field in model.model_fields} - {str(detail["loc"][-1])})
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f"Did you mean « {near[0]} »?" if near else f"Known keys: {', '.join(known)}."
        return f"{key}: unknown key, found {found!r}. {hint}"
    expected = str(detail["msg"]).removeprefix("Value error, ").replace("valid tuple", 'list, such as ["…"]')
    told = "" if isinstance(found, dict) and not key else f", found {found!r:.80}"
    return f"{key or 'the file'}: {expected[0].lower()}{expected[1:]}{told}."
