import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from geopackage_world import HOSTILE, SHA, publication
from lxml import etree

from hp_sig import OutputError
from hp_sig.publish.metadata import write_metadata

NAMES = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "gmx": "http://www.isotc211.org/2005/gmx",
    "xlink": "http://www.w3.org/1999/xlink",
}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: Order of the elements in the schemas of ISO 19139 (gmd.xsd of 2006-05-04), of those that are written.
ORDER = {
    "MD_Metadata": "fileIdentifier language characterSet hierarchyLevel contact dateStamp metadataStandardName "
    "metadataStandardVersion referenceSystemInfo identificationInfo distributionInfo dataQualityInfo",
    "MD_DataIdentification": "citation abstract pointOfContact descriptiveKeywords resourceConstraints "
    "spatialRepresentationType spatialResolution language characterSet topicCategory extent",
    "CI_Citation": "title date edition identifier citedResponsibleParty",
    "MD_Keywords": "keyword type thesaurusName",
    "MD_LegalConstraints": "useLimitation accessConstraints useConstraints otherConstraints",
    "DQ_DataQuality": "scope report lineage",
    "DQ_ConformanceResult": "specification explanation pass",
    "LI_Lineage": "statement processStep source",
    "CI_OnlineResource": "linkage name description function",
    "CI_ResponsibleParty": "organisationName contactInfo role",
    "MD_Distribution": "distributionFormat transferOptions",
    "EX_GeographicBoundingBox": "westBoundLongitude eastBoundLongitude southBoundLatitude northBoundLatitude",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("metadata")
    (place / "territoire.gpkg").write_bytes(b"a GeoPackage")
    (place / "chiffres & co.xlsx").write_bytes(b"a workbook")
    written = write_metadata(publication(), place / "territoire.gpkg", others=[place / "chiffres & co.xlsx"])
    assert [path.name for path in written] == ["territoire.xml", "territoire.jsonld", "territoire.rdf"]
    return place


@pytest.fixture(scope="module")
def iso(folder) -> etree._ElementTree:
    return etree.parse(folder / "territoire.xml")


@pytest.fixture(scope="module")
def dataset(folder) -> dict[str, Any]:
    return json.loads((folder / "territoire.jsonld").read_text(encoding="utf-8"))["@graph"][0]


def found(iso: etree._ElementTree, path: str) -> list[str]:
    return [str(text) for text in iso.xpath(path, namespaces=NAMES)]


def test_elements_are_in_the_order_of_the_schemas(iso):
    for name, order in ORDER.items():
        nodes = iso.xpath(f"//gmd:{name}", namespaces=NAMES)
        assert nodes, name
        for node in nodes:
            ranks = [order.split().index(etree.QName(child).localname) for child in node]
            assert ranks == sorted(ranks), name


def test_what_inspire_asks_for_is_there_or_says_why_it_is_not(iso):
    title = f"SIG mutualisé\u00a0: {HOSTILE}"
    west, east, south, north = map(float, found(iso, "//gmd:EX_GeographicBoundingBox/*/gco:Decimal/text()"))
    themes = found(iso, "//gmd:keyword/gmx:Anchor/@xlink:href")
    nil = found(iso, "//gmd:electronicMailAddress/@gco:nilReason | //gmd:pass/@gco:nilReason")

    assert found(iso, "//gmd:identificationInfo//gmd:citation/*/gmd:title/*/text()") == [title]
    assert found(iso, "//gmd:contact//gmd:organisationName/*/text()") == [HOSTILE]
    assert found(iso, "/*/gmd:dateStamp/*/text()") == ["2026-11-28"]
    assert found(iso, "//gmd:MD_TopicCategoryCode/text()") == [
        *("boundaries", "society", "transportation", "environment", "planningCadastre")
    ]
    assert {theme.rpartition("/")[2] for theme in themes} == {"au", "pd", "tn", "lu"}
    # The origin of Lambert-93 on its axis is 3° E, 46.5° N; two kilometres east of it are 0.026° there.
    assert 2.9998 <= west <= 3
    assert 3.026 <= east <= 3.0263
    assert 46.4998 <= south <= 46.5
    assert 46.509 <= north <= 46.5092
    assert nil == ["missing", "missing", "unknown"]


def test_each_licence_is_told_with_its_producer_and_its_date(iso):
    constraints = found(iso, "//gmd:otherConstraints/*/text()")

    assert constraints[1:] == [
        "IGN, ADMIN EXPRESS <COG>, millésime 2025, données téléchargées le 12/03/2026\u00a0: Licence Ouverte 2.0.",
        "Cerema, Fichier ENAF, millésime 2025, date de téléchargement non renseignée\u00a0: Licence Ouverte 2.0.",
    ]


def test_lineage_leads_to_the_run_and_to_each_file_of_a_producer(iso):
    statement = found(iso, "//gmd:LI_Lineage/gmd:statement/*/text()")[0]

    for told in ("hp_sig 0.0.0", "20261128T063000Z-00000001", "28/11/2026", "communes.gpkg", SHA, "Cerema"):
        assert told in statement
    assert found(iso, "//gmd:LI_Source//gmd:edition/*/text()") == ["2025", "2025"]


def test_each_file_is_told_with_its_size_and_fingerprint_in_all_three(iso, dataset):
    digests = [hashlib.sha256(content).hexdigest() for content in (b"a GeoPackage", b"a workbook")]
    distributions = dataset["dcat:distribution"]

    assert found(iso, "//gmd:linkage/gmd:URL/text()") == ["territoire.gpkg", "chiffres%20%26%20co.xlsx"]
    for told, digest in zip(found(iso, "//gmd:onLine//gmd:description/*/text()"), digests, strict=True):
        assert digest in told
    assert [one["dcat:byteSize"]["@value"] for one in distributions] == ["12", "10"]
    assert [one["spdx:checksum"]["spdx:checksumValue"]["@value"] for one in distributions] == digests
    assert [one["dct:license"] for one in distributions] == [[{"@id": "https://spdx.org/licenses/etalab-2.0"}]] * 2


def test_json_ld_and_rdf_xml_hold_the_same_statements_as_each_other_and_as_iso(folder, iso, dataset):
    content = json.loads((folder / "territoire.jsonld").read_text(encoding="utf-8"))
    prefixes = content["@context"]
    root = etree.parse(folder / "territoire.rdf").getroot()

    assert [read_node(node) for node in root] == [expand(node, prefixes) for node in content["@graph"]]
    for path, value in (
        ("//gmd:identificationInfo//gmd:citation/*/gmd:title/*/text()", dataset["dct:title"]["@value"]),
        ("//gmd:abstract/*/text()", dataset["dct:description"]["@value"]),
        ("//gmd:statement/*/text()", dataset["dct:provenance"]["rdfs:label"]["@value"]),
        ("//gmd:identifier//gmd:code/*/text()", dataset["dct:identifier"]["@value"]),
    ):
        assert found(iso, path) == [value]
    edges = found(iso, "//gmd:EX_GeographicBoundingBox/*/gco:Decimal/text()")
    assert set(re.findall(r"\d+\.\d+", dataset["dct:spatial"][0]["dcat:bbox"]["@value"])) == set(edges)


def expand(node: dict[str, Any], prefixes: dict[str, str]) -> Any:
    """Write a node of JSON-LD as triples without order, names in full."""

    def full(name: str) -> str:
        prefix, _, local = name.partition(":")
        return prefixes[prefix] + local

    if "@value" in node:
        return node["@value"], node.get("@language"), full(node["@type"]) if "@type" in node else None
    if "@type" not in node:
        return node["@id"]
    values = {
        full(name): [expand(one, prefixes) for one in (value if isinstance(value, list) else [value])]
        for name, value in node.items()
        if not name.startswith("@")
    }
    return full(node["@type"]), node.get("@id"), {name: value for name, value in values.items() if value}


def read_node(node: etree._Element) -> Any:
    """Read the same from RDF/XML, where nodes and properties alternate."""
    values: dict[str, list[Any]] = {}
    for child in node:
        name = etree.QName(child)
        if len(child):
            value = read_node(child[0])
        elif f"{RDF}resource" in child.attrib:
            value = child.get(f"{RDF}resource")
        else:
            value = child.text or "", child.get(XML_LANG), child.get(f"{RDF}datatype")
        values.setdefault(name.namespace + name.localname, []).append(value)
    kind = etree.QName(node)
    return kind.namespace + kind.localname, node.get(f"{RDF}about"), values


def test_characters_that_xml_has_no_way_to_write_do_not_break_it(tmp_path):
    geopackage = tmp_path / "territoire.gpkg"
    geopackage.write_bytes(b"")
    hostile = dataclasses.replace(publication(), notice="a\x00b\x0b]]>\ud800")

    written = write_metadata(hostile, geopackage)

    abstract = found(etree.parse(written[0]), "//gmd:abstract/*/text()")[0]
    assert abstract.startswith("a\ufffdb\ufffd]]>\ufffd.")
    etree.parse(written[2])
    json.loads(written[1].read_text(encoding="utf-8"))


def test_metadata_of_somebody_else_is_not_replaced_ours_is_and_a_missing_file_is_told(tmp_path):
    geopackage = tmp_path / "territoire.gpkg"
    with pytest.raises(OutputError, match=r"territoire\.gpkg: the metadata cannot be written"):
        write_metadata(publication(), geopackage)
    geopackage.write_bytes(b"")
    first = write_metadata(publication("1"), geopackage)[0].read_bytes()
    again = write_metadata(publication("2"), geopackage)[0].read_bytes()
    (tmp_path / "territoire.rdf").write_text("<mine/>")

    with pytest.raises(OutputError, match=r"territoire\.rdf is there and does not describe this publication"):
        write_metadata(publication("3"), geopackage)

    assert first != again
    assert (tmp_path / "territoire.xml").read_bytes() == again
    assert (tmp_path / "territoire.rdf").read_text() == "<mine/>"
