"""What does a territory file say of each layer: which file, which vintage, whose, and what it is?"""

import dataclasses
import datetime as dt
import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, cast

import pyproj
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from hp_sig.errors import some
from hp_sig.reference.fields import known_fields
from hp_sig.reference.regimes import DEFAULT_REGIME, Regime, load_regime, regime_names, require_given
from hp_sig.territory.naming import DATABASE_PREFIX, table_named

__all__ = [
    "PACKAGE_PREFIX",
    "Code",
    "Communes",
    "EnafSource",
    "FetchSettings",
    "LandCoverSource",
    "LayerSource",
    "PopulationSource",
    "Record",
    "Scenario",
    "SurveySource",
    "Text",
    "TrajectorySettings",
    "Year",
    "Zone",
    "ZoningSource",
    "regime_with",
]

#: Prefix of a file that comes with the package instead of `data/raw`.
PACKAGE_PREFIX = "package:"

#: Columns of the results that a zone layer may not be called.
COLUMNS = {
    *("name", "departement_code", "area_ha", "population_year", "commune_code", "scot_status", "notice"),
    *("geometry", "geom", "fid", "ogc_fid", "index"),
}
#: Ends of the columns that each zone layer adds to the communes.
COLUMN_ENDS = ("_name", "_relation", "_status")

Code = Annotated[str, Field(pattern=r"^(\d{2}|2[AB])\d{3}$")]
Text = Annotated[str, Field(min_length=1)]
Year = Annotated[int, Field(ge=1943, le=2100)]


def _data_set(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*(@[A-Za-z0-9]+)?", name):
        message = "the name of a data set expected, such as communes or communes@2024 (hp-sig sources lists them)"
        raise ValueError(message)
    return name


DataSet = Annotated[str, AfterValidator(_data_set)]


class Record(BaseModel):
    """A part of a territory file: frozen, and no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class LayerSource(Record):
    """One file and where it comes from."""

    file: Text
    vintage: Text
    producer: Text
    source: Text
    licence: Text
    retrieved: dt.date | None = None
    layer: str | None = None
    crs: str | None = None
    fields: dict[str, str] = {}
    optional: bool = False
    #: Data set of the catalogue that `hp-sig fetch` brings it up to date from; with an edition: communes@2024.
    fetch: DataSet | None = None

    @field_validator("crs")
    @classmethod
    def _existing(cls, crs: str | None) -> str | None:
        try:
            if crs is not None:
                pyproj.CRS.from_user_input(crs)
        except pyproj.exceptions.CRSError as error:
            message = 'an EPSG code such as "EPSG:2154" expected'
            raise ValueError(message) from error
        return crs

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(fields) - known_fields())
        if unknown:
            near = difflib.get_close_matches(unknown[0], known_fields(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known_fields()))}."
            message = f"names of fields expected, {some(unknown)} is none; {hint}"
            raise ValueError(message)
        return fields

    @field_validator("file")
    @classmethod
    def _named(cls, file: str) -> str:
        if file.startswith(DATABASE_PREFIX):
            table_named(file)
        return file

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.in_database and self.fetch is not None:
            message = "a layer comes from the database (postgis:) or from its producer (fetch), not both; leave one out"
            raise ValueError(message)
        return self

    @property
    def in_package(self) -> bool:
        """Whether the file comes with the package."""
        return self.file.startswith(PACKAGE_PREFIX)

    @property
    def in_database(self) -> bool:
        """Whether it is a table of the database in place of a file."""
        return self.file.startswith(DATABASE_PREFIX)


class PopulationSource(LayerSource):
    """A series of populations, and the year of it that the results show."""

    year: Year


class Zone(LayerSource):
    """A layer of zones: lists of communes (EPCI, SCoT), or perimeters (parks)."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Text
    kind: Literal["communes", "perimeter"]
    cog_year: Year | None = None
    keep: tuple[str, ...] = ()
    status: dict[str, Literal["approved", "in_progress", "none", "unknown"]] = {}

    @field_validator("id")
    @classmethod
    def _own_name(cls, name: str) -> str:
        if name in COLUMNS or name.startswith(("gpkg", "rtree", "sqlite")) or name.endswith(COLUMN_ENDS):
            message = "expected a name that no column and no system table of the results already has"
            raise ValueError(message)
        return name

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if self.kind == "communes" and self.cog_year is None:
            message = "a list of communes needs its cog_year"
            raise ValueError(message)
        return self

    @property
    def layer_name(self) -> str:
        """Name of the layer in the results: a list of communes carries its year."""
        return f"{self.id}_{self.cog_year}" if self.kind == "communes" else self.id

    @property
    def key(self) -> str:
        """Name of the column that holds the zone's code."""
        return {"epci": "epci_siren", "scot": "scot_id"}.get(self.id, f"{self.id}_code")


class Communes(Record):
    """The communes of the territory: a list of codes, or a table with codes and names."""

    codes: tuple[Code, ...] = ()
    table: str | None = None
    movements: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.codes) == (self.table is not None):
            message = "give either codes (a list) or table (a file), one of them"
            raise ValueError(message)
        twice = sorted({code for code in self.codes if self.codes.count(code) > 1})
        if twice:
            message = f"codes given twice: {some(twice)}"
            raise ValueError(message)
        return self


class LandCoverSource(LayerSource):
    """A delivery of OCS GE for one département: a state of one year, or the difference of two."""

    kind: Literal["cover", "artificialisation", "cover_difference", "artificialisation_difference"]
    departement: Annotated[str, Field(pattern=r"^(\d{2}|2[AB])$")]
    years: tuple[Year, ...]

    @model_validator(mode="after")
    def _dated(self) -> Self:
        needed = 2 if self.kind.endswith("difference") else 1
        if len(self.years) != needed or list(self.years) != sorted(set(self.years)):
            message = f"years: {needed} expected for a {self.kind}, in order; found {list(self.years)}"
            raise ValueError(message)
        return self

    @property
    def layer_name(self) -> str:
        """Name of the layer in the manifest."""
        kind = self.kind.replace("cover", "land_cover")
        return "_".join([kind, self.departement, *map(str, self.years)])


class EnafSource(LayerSource):
    """The consumption of ENAF by commune and year (Cerema, fichiers fonciers)."""


class ZoningSource(LayerSource):
    """The zones of planning documents (CNIG ZONE_URBA or SECTEUR_CC)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]

    @property
    def layer_name(self) -> str:
        """Name of the layer in the manifest."""
        return f"zoning_{self.id}"


class SurveySource(LayerSource):
    """A survey that is not OCS GE: CORINE Land Cover, or a local MOS with the correspondence of its codes."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    nomenclature: Literal["corine", "local"]
    #: A table `class_code`, `land_class`, beside the territory file.
    correspondence: str | None = None
    #: Area of the smallest polygon that the survey draws.
    mapping_unit_ha: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _told(self) -> Self:
        given = [self.correspondence is not None, self.mapping_unit_ha is not None]
        if self.nomenclature == "local" and not all(given):
            message = "a local survey needs its correspondence (a table) and its mapping_unit_ha"
            raise ValueError(message)
        if self.nomenclature == "corine" and any(given):
            message = "CORINE Land Cover has its own correspondence and mapping unit (25 ha): leave both out"
            raise ValueError(message)
        return self

    @property
    def layer_name(self) -> str:
        """Name of the layer in the manifest."""
        return f"land_survey_{self.id}"


class Scenario(Record):
    """A regime, or a bill with what it leaves to local choice, set beside the law in force."""

    label: Text
    regime: str
    parameters: dict[str, float | int | str] = {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        regime_with(self.regime, self.parameters)
        return self


class FetchSettings(Record):
    """What `hp-sig fetch` also brings up to date: data sets that no layer reads."""

    sources: tuple[DataSet, ...] = ()


class TrajectorySettings(Record):
    """What the law lets a territory decide or state of itself; the rest is the regime's."""

    regime: str = DEFAULT_REGIME
    scenarios: tuple[Scenario, ...] = ()
    #: Communes covered by a planning document in time for the guarantee: all of them, a list, or not stated (None).
    planned_communes: Literal["all"] | tuple[Code, ...] | None = None
    #: Communes déléguées of each commune nouvelle created since 2011.
    delegated_communes: dict[Code, Annotated[int, Field(ge=1)]] = {}
    #: How the guarantee of communes counts in a zone: shared in its envelope, or kept by each commune.
    guarantee_zone_rule: Literal["pooled", "by_commune"] = "pooled"
    #: Territorialised reduction, 0 to 1, by code of an EPCI or a SCoT.
    targets: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    #: Hectares that do not count: a table `commune_code`, `year`, `kind`, `area_ha`, beside the territory file.
    exclusions: str | None = None

    @field_validator("regime")
    @classmethod
    def _complete(cls, name: str) -> str:
        try:
            regime_with(name, {})
        except ValueError as error:
            message = (
                f"{error} A bill is no rule: set it beside the law in [[trajectory.scenarios]], with its parameters."
            )
            raise ValueError(message) from error
        return name

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        labels = [self.regime, *(scenario.label for scenario in self.scenarios)]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            message = f"scenarios: labels of their own expected, found {some(twice)} more than once (the regime is one)"
            raise ValueError(message)
        return self


def regime_with(name: str, parameters: Mapping[str, float | int | str]) -> Regime:
    """Give a regime with the parameters that it leaves open, or that a scenario changes.

    Raises
    ------
    ValueError
        If no regime has this name, it has no such parameter, or one that is needed stays open.
    """
    if name not in regime_names():
        message = f"a regime expected among {', '.join(regime_names())}; {name!r} is none"
        raise ValueError(message)
    told = {"name", "label", "status", "dated_on", "source", "sources"}
    unknown = sorted(set(parameters) - ({field.name for field in dataclasses.fields(Regime)} - told))
    if unknown:
        message = f"parameters of a regime expected, {some(unknown)} is none"
        raise ValueError(message)
    regime = dataclasses.replace(load_regime(name), **cast("dict[str, Any]", dict(parameters)))
    require_given(regime, "reference_first_year", "reference_last_year", "first_year", "last_year", "reduction_share")
    return regime
