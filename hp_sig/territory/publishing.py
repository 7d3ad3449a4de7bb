"""What does a territory have a refresh publish, beside its tables and maps?"""

import re
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, Field

from hp_sig.territory.records import Record, Text

__all__ = [
    "FORMATS",
    "PRODUCER_LAYERS",
    "STEPS",
    "ExportFormat",
    "ProducerLayer",
    "PublishSettings",
    "PublishStep",
]

PublishStep = Literal["gpkg", "xlsx", "docx", "files", "postgis"]
STEPS: tuple[PublishStep, ...] = ("gpkg", "xlsx", "docx", "files", "postgis")
ExportFormat = Literal["csv", "parquet", "fgb", "geojson"]
FORMATS: tuple[ExportFormat, ...] = ("csv", "parquet", "fgb", "geojson")
ProducerLayer = Literal["land_cover", "land_survey", "roads", "buildings"]
PRODUCER_LAYERS: tuple[ProducerLayer, ...] = ("land_cover", "land_survey", "roads", "buildings")


def _without_password(url: str) -> str:
    if re.search(r"://[^@]*:.*@", url) or "pass" in unquote(url).lower():
        message = "an address without password expected: give it by PGPASSWORD, a password file or a service file"
        raise ValueError(message)
    return url


class PublishSettings(Record):
    """The steps of a refresh that publish; each can be run on its own by `hp-sig publish`."""

    #: gpkg: GeoPackage, QGIS project, metadata; xlsx: workbook; docx: triennial reports; files: CSV, GeoParquet…
    steps: tuple[PublishStep, ...] = ("gpkg",)
    #: Zones that get a triennial report: `territory`, codes of communes, EPCI or SCoT.
    reports: tuple[Text, ...] = ("territory",)
    formats: Annotated[tuple[ExportFormat, ...], Field(min_length=1)] = FORMATS
    #: Large layers of the producers that are published as they were read.
    copies: tuple[ProducerLayer, ...] = PRODUCER_LAYERS
    #: Database of the step postgis, without password: postgresql://host/base, or service=name.
    database: Annotated[str, AfterValidator(_without_password)] | None = None
