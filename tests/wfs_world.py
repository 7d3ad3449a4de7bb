"""25 communes of 1 km² that a WFS serves, and how they are asked for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geoserver import GeoServer
from shapely import box

from hp_sig.reference.catalogue import Catalogue, Service, Source
from hp_sig.sources.client import Client, Limits
from hp_sig.sources.wanted import Fetched, Offer, Wanted
from hp_sig.sources.wfs import get, look

#: No test waits for long.
QUICK = Limits(connect_s=2, read_s=5, total_s=20, attempts=3, first_wait_s=0.01)
WEST, SOUTH = 900_000, 6_300_000
CODES = [f"04{rank:03d}" for rank in range(1, 26)]

V4 = {
    "cleabs": "xsd:string",
    "nom_officiel": "xsd:string",
    "code_insee": "xsd:string",
    "code_insee_du_departement": "xsd:string",
    "population": "xsd:int",
    "superficie_cadastrale": "xsd:double",
    "geometrie": "gml:MultiSurfacePropertyType",
}
V3 = {
    "id": "xsd:string",
    "nom": "xsd:string",
    "insee_com": "xsd:string",
    "insee_dep": "xsd:string",
    "population": "xsd:int",
    "superficie_cadastrale": "xsd:double",
    "geom": "gml:MultiSurfacePropertyType",
}


def squares() -> list[Any]:
    """The communes, five a row from the south-west."""
    return [
        box(
            WEST + 1000 * (rank % 5),
            SOUTH + 1000 * (rank // 5),
            WEST + 1000 * (rank % 5 + 1),
            SOUTH + 1000 * (rank // 5 + 1),
        )
        for rank in range(25)
    ]


def communes(fields: dict[str, str] = V4, **told: Any) -> GeoServer:
    """A GeoServer to be that has them; the population of the first is not known."""
    names = list(fields)
    rows = [
        dict(
            zip(
                names,
                (f"COMMUNE_{code}", f"L'Escale {code}", code, "04", None if code == "04001" else 10 * int(code), 100),
                strict=False,
            )
        )
        for code in CODES
    ]
    return GeoServer(fields=dict(fields), geometry_field=names[-1], rows=rows, shapes=squares(), **told)


def source(**changes: Any) -> Source:
    """The communes as the catalogue has them."""
    return Source.model_validate(
        {
            "id": "communes",
            "title": "Communes",
            "producer": "IGN",
            "source": "IGN Admin Express COG",
            "licence": "Licence Ouverte 2.0",
            "service": "demo",
            "geometry": "polygon",
            "key": ("cleabs", "id"),
            "fields": {"commune_code": ("code_insee", "insee_com"), "name": ("nom_officiel", "nom")},
            "vintage": "edition",
            "edition": "2026",
            "file": "communes/communes.gpkg",
            "scope": "all",
            "scope_field": ("code_insee", "insee_com"),
            "layer": "demo:commune",
            "documentation": "https://example.org",
        }
        | changes
    )


@dataclass(slots=True, kw_only=True)
class Asking:
    """Who asks a server for a data set, ten features a page."""

    url: str
    folder: Path
    source: Source = field(default_factory=source)
    filter: str = "cql"
    page_size: int = 10
    limits: Limits = QUICK
    progress: list[tuple[int, int | None]] = field(default_factory=list)

    @property
    def service(self) -> Service:
        """The service."""
        described = {"id": "demo", "kind": "wfs", "url": self.url, "requests_per_second": 1000}
        return Service.model_validate(described | {"page_size": self.page_size, "filter": self.filter})

    @property
    def cache(self) -> Path:
        """Folder of the pages."""
        return self.folder / "cache"

    def client(self) -> Client:
        """A client that may ask this service only."""
        catalogue = Catalogue.model_validate({"service": [self.service], "source": [self.source]})
        return Client(catalogue, limits=self.limits)

    def wanted(self, **part: Any) -> Wanted:
        """What is wanted of the data set."""
        return Wanted(source=self.source, file=self.source.file, **part)

    def look(self, **part: Any) -> Offer:
        """Ask what there is."""
        with self.client() as client:
            return look(client, self.service, self.wanted(**part))

    def get(self, **part: Any) -> Fetched:
        """Fetch it."""
        with self.client() as client:
            return self._get(client, **part)

    def get_offline(self, **part: Any) -> Fetched:
        """Give it from the cache."""
        return self._get(None, **part)

    def _get(self, client: Client | None, **part: Any) -> Fetched:
        folder = self.folder / f"staging{len(list(self.folder.glob('staging*')))}"
        folder.mkdir(parents=True)
        return get(
            client,
            self.service,
            self.wanted(**part),
            cache=self.cache,
            folder=folder,
            on_progress=lambda _, done, total: self.progress.append((done, total)),
        )
