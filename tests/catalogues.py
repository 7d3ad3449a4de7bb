"""Catalogues for tests: a service on loopback and its data sets, in two lines."""

from typing import Any

from hp_sig.reference.catalogue import Catalogue, Service

SOURCE: dict[str, Any] = {
    "id": "communes",
    "title": "Communes",
    "producer": "IGN",
    "source": "ADMIN EXPRESS COG",
    "licence": "Licence Ouverte 2.0",
    "service": "here",
    "geometry": "none",
    "key": [],
    "crs": "none",
    "fields": {},
    "vintage": "modified",
    "file": "communes/communes.csv",
    "scope": "all",
    "documentation": "https://example.org",
}
NEEDED = {
    "wfs": {"layer": "communes"},
    "ign_download": {"product": "OCSGE", "delivery": ".*", "member": ".*"},
    "data_gouv": {"resource": ".*", "dataset": "x"},
    "file": {"path": "/file"},
}


def service(url: str, kind: str = "file", **told: Any) -> dict[str, Any]:
    """Describe a service; it may be asked as often as one likes."""
    return {"id": "here", "kind": kind, "url": url, "requests_per_second": 10_000} | told


def source(kind: str = "file", **told: Any) -> dict[str, Any]:
    """Describe a data set of a kind of service."""
    return SOURCE | NEEDED[kind] | told


def catalogue(services: list[dict[str, Any]], sources: list[dict[str, Any]]) -> Catalogue:
    """Make a catalogue."""
    return Catalogue.model_validate({"service": services, "source": sources})


def of_one(url: str, kind: str = "file", **told: Any) -> tuple[Catalogue, Service]:
    """Make a catalogue of one service and one data set; give the service too."""
    made = catalogue([service(url, kind)], [source(kind, **told)])
    return made, made.services[0]
