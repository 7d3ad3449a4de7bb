"""What the services of the producers offer today, against the catalogue: once a week, by
`make test TESTS="-m network tests/network"`; left out otherwise.

Nothing is downloaded but the first lines of tables and of GeoJSON, whose fields no service tells.
"""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import load_catalogue
from hp_sig.sources.wanted import Wanted

pytestmark = pytest.mark.network

CATALOGUE = load_catalogue()
#: Manosque and Oraison, and their bounds in Lambert-93 (Admin Express 2020).
COMMUNES = ("04112", "04143")
BOUNDS = (919_273.0, 6_301_318.0, 938_285.0, 6_320_873.0)
#: Years that the département 04 was observed in.
STATE, DIFFERENCE = (2018,), (2018, 2021)
#: Bytes in which the header of a table, or the first feature of a GeoJSON, ends.
HEAD = 65_536

#: Layers that there may be nothing of between Manosque and Oraison.
MAY_BE_EMPTY = {"secteur_cc"}
#: Nobody knows whether it is delivered (see the catalogue): the day that it is, this test passes, and tells how.
UNKNOWN = {"ocsge_artificialisation_exemptions"}

ENTRIES = [
    pytest.param(
        source,
        id=source.id,
        marks=[pytest.mark.xfail(raises=SourceError, strict=False, reason="no such delivery was found")]
        if source.id in UNKNOWN
        else [],
    )
    for source in CATALOGUE.sources
]


@pytest.fixture(scope="module")
def client():
    from hp_sig.sources.client import Client, Limits  # noqa: PLC0415 - not loaded where the test is left out

    # One for all: it is what keeps to the rate that each producer allows.
    with Client(CATALOGUE, limits=Limits(attempts=3, total_s=180.0)) as client:
        yield client


def wanted(source) -> Wanted:
    years = () if "{years}" not in source.file else DIFFERENCE if "difference" in source.id else STATE
    asked = Wanted(source=source, file=source.file, communes=COMMUNES, departements=("04",), bounds=BOUNDS, years=years)
    return replace(asked, file=source.place(zone=asked.zone, years=asked.years_label, edition=source.edition or ""))


def first_bytes(client, service, url) -> str:
    with client.opened(url, service) as answer:
        return next(answer.iter_content(HEAD), b"").decode("utf-8-sig", errors="replace")


def require_fields(source, head, url):
    """Look for every field in the header of a table, or in the first feature of a GeoJSON."""
    header = head.partition("\n")[0] if source.geometry == "none" else head
    found = {word.strip().casefold() for word in re.split(r'[;,\t|"\r\n{}\[\]:]', header)}
    absent = [f"{ours} ({' or '.join(names)})" for ours, names in source.fields.items() if not found_one(names, found)]
    assert absent == [], f"{url} begins with {header[:500]}"


def found_one(names, found) -> bool:
    return any(name.casefold() in found for name in names)


@pytest.mark.parametrize("source", ENTRIES)
def test_the_service_offers_what_the_catalogue_promises(source, client):
    from hp_sig.sources.services import look  # noqa: PLC0415 - not loaded where the test is left out

    service = CATALOGUE.service(source)

    # A WFS is asked for its fields, and refused if one is not there any more.
    offer = look(client, service, wanted(source))

    assert offer.vintage
    assert all(urlsplit(url).netloc in CATALOGUE.hosts for url in offer.url.split())
    if service.kind == "wfs":
        assert offer.features is not None
        assert offer.features > 0 or source.id in MAY_BE_EMPTY
        if source.scope == "communes":
            assert offer.features == len(COMMUNES)
    elif service.kind == "ign_download":
        assert 0 < offer.size <= source.max_bytes
        assert offer.mark["checksum"].startswith("md5:")
        assert offer.vintage == "-".join(map(str, wanted(source).years))
    else:
        assert offer.size is None or 0 < offer.size <= source.max_bytes
        if source.file.endswith((".csv", ".geojson")) and source.member is None:
            require_fields(source, first_bytes(client, service, offer.url), offer.url)
        elif service.kind == "data_gouv":
            assert offer.mark["resource"]


def test_every_delivery_that_the_default_territory_names_is_offered(client):
    """Look for each delivery that the territory names: IGN withdraws some, and renames others."""
    from hp_sig.sources.services import look  # noqa: PLC0415 - not loaded where the test is left out
    from hp_sig.territory import LandCoverSource, load_territory  # noqa: PLC0415

    absent = []
    for name, layer in load_territory().sources().items():
        if isinstance(layer, LandCoverSource) and layer.fetch:
            source = CATALOGUE.source(layer.fetch)
            asked = Wanted(source=source, file=layer.file, departements=(layer.departement,), years=tuple(layer.years))
            try:
                look(client, CATALOGUE.service(source), asked)
            except SourceError as error:
                absent.append(f"{name}: {error}")

    assert absent == []
