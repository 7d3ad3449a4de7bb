"""How is what is published described in GeoDCAT-AP, as JSON-LD and RDF/XML?

Properties are those of the correspondence of the CNIG (github.com/cnigfr/metadonnee, MappingINSPIRE-DCAT). Both
documents are written from one tree, so that they hold the same statements. Names of files are relative to the document:
an address on the web is the catalogue's to give.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from hp_sig.publish.metadata.markup import Element, document, element
from hp_sig.publish.metadata.record import PublishedFile, Record, source_text
from hp_sig.publish.publication import SourceEntry
from hp_sig.reference.labels import wording

__all__ = ["json_ld", "rdf_xml"]

PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "geosparql": "http://www.opengis.net/ont/geosparql#",
}
FRENCH = "http://publications.europa.eu/resource/authority/language/FRA"
CODE_LISTS = "http://inspire.ec.europa.eu/metadata-codelist"
INSPIRE_THEME = "http://inspire.ec.europa.eu/theme"
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
LAMBERT93_URI = "http://www.opengis.net/def/crs/EPSG/0/2154"
MEDIA_TYPES = "https://www.iana.org/assignments/media-types"
#: Licence as it is called → its address (SPDX).
LICENCES = {
    "Licence Ouverte 2.0": "https://spdx.org/licenses/etalab-2.0",
    "MIT": "https://spdx.org/licenses/MIT",
    "ODbL 1.0": "https://spdx.org/licenses/ODbL-1.0",
}
#: End of a file's name → what it is called, its registered media type if it has one.
FORMATS = {
    "gpkg": ("GeoPackage", "application/geopackage+sqlite3"),
    "csv": ("CSV", "text/csv"),
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "docx": ("Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "geojson": ("GeoJSON", "application/geo+json"),
    "html": ("HTML", "text/html"),
    "pdf": ("PDF", "application/pdf"),
    "parquet": ("GeoParquet", "application/vnd.apache.parquet"),
    "fgb": ("FlatGeobuf", None),
    "qgz": ("QGIS", None),
    "qgs": ("QGIS", None),
}

Node = dict[str, Any]


def json_ld(record: Record) -> str:
    """Write a record as a JSON-LD document."""
    content = {"@context": PREFIXES, "@graph": _graph(record)}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def rdf_xml(record: Record) -> str:
    """Write a record as an RDF/XML document."""
    spaces = {f"xmlns:{prefix}": name for prefix, name in PREFIXES.items()}
    return document(element("rdf:RDF", *map(_described, _graph(record)), attributes=spaces))


def _graph(record: Record) -> list[Node]:
    day = _typed(record.started_at.date().isoformat(), "xsd:date")
    dataset = {
        "@id": record.identifier,
        "@type": "dcat:Dataset",
        "dct:title": _french(record.title),
        "dct:description": _french(record.abstract),
        "dct:type": _link(f"{CODE_LISTS}/ResourceType/dataset"),
        "dct:identifier": _plain(record.identifier),
        "dct:language": _link(FRENCH),
        "dct:modified": day,
        "owl:versionInfo": _plain(record.run),
        "dcat:keyword": [_french(word) for word in record.keywords],
        "dcat:theme": [_link(f"{INSPIRE_THEME}/{code}") for code in record.inspire],
        "dct:subject": [_link(f"{CODE_LISTS}/TopicCategory/{code}") for code in record.topics],
        "dct:spatial": [] if record.extent is None else [_place(record.extent)],
        "dct:conformsTo": _link(LAMBERT93_URI),
        "dct:publisher": _agent(record.publisher),
        "dcat:contactPoint": {"@type": "vcard:Organization", "vcard:fn": _plain(record.publisher)},
        "dct:provenance": {"@type": "dct:ProvenanceStatement", "rdfs:label": _french(record.lineage)},
        "dct:source": [_source(source) for source in record.sources],
        "prov:wasUsedBy": _conformity(),
        "dcat:distribution": [_distribution(file, record) for file in record.files],
    }
    about = {
        "@type": "dcat:CatalogRecord",
        "dct:identifier": _plain(record.uuid),
        "dct:modified": day,
        "dct:language": _link(FRENCH),
        "foaf:primaryTopic": _link(record.identifier),
    }
    return [dataset, about]


def _plain(text: str) -> Node:
    return {"@value": text}


def _french(text: str) -> Node:
    return {"@value": text, "@language": "fr"}


def _typed(text: str, kind: str) -> Node:
    return {"@value": text, "@type": kind}


def _link(address: str) -> Node:
    return {"@id": address}


def _agent(name: str) -> Node:
    return {"@type": "foaf:Organization", "foaf:name": _french(name)}


def _place(extent: tuple[float, float, float, float]) -> Node:
    west, south, east, north = (f"{edge:.4f}" for edge in extent)
    corners = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    box = _typed(f"POLYGON(({corners}))", "geosparql:wktLiteral")
    return {"@type": "dct:Location", "dcat:bbox": box, "locn:geometry": box}


def _source(source: SourceEntry) -> Node:
    # Several entries may come from one file: each stays one statement.
    told: Node = {
        "@type": "dcat:Dataset",
        "dct:title": _french(source.source),
        "dct:identifier": _plain(source.name),
        "dct:publisher": _agent(source.producer),
        "owl:versionInfo": _plain(source.vintage),
        "dct:description": _french(source_text(source)),
        "dct:license": _licence((source.licence,)),
    }
    if source.sha256:
        told["dcat:distribution"] = {
            "@type": "dcat:Distribution",
            "dct:title": _plain(source.file),
            "spdx:checksum": _checksum(source.sha256),
        }
    return told


def _licence(licences: tuple[str, ...]) -> Node:
    if len(licences) == 1 and licences[0] in LICENCES:
        return _link(LICENCES[licences[0]])
    told = wording("metadata", "licences", licences=", ".join(licences)) if len(licences) > 1 else licences[0]
    return {"@type": "dct:LicenseDocument", "rdfs:label": _french(told)}


def _conformity() -> Node:
    regulation = {"@type": "dct:Standard", "dct:title": _french(wording("metadata", "conformity"))}
    return {
        "@type": "prov:Activity",
        "prov:qualifiedAssociation": {
            "@type": "prov:Association",
            "prov:hadPlan": {"@type": "prov:Plan", "prov:wasDerivedFrom": regulation},
        },
        "prov:generated": {
            "@type": "prov:Entity",
            "dct:type": _link(f"{CODE_LISTS}/DegreeOfConformity/notEvaluated"),
            "dct:description": _french(wording("metadata", "conformity_told")),
        },
    }


def _distribution(file: PublishedFile, record: Record) -> Node:
    suffix = file.name.rpartition(".")[2].lower()
    name, media_type = FORMATS.get(suffix, (suffix.upper(), None))
    mentions = {"@type": "dct:RightsStatement", "rdfs:label": [_french(mention) for mention in record.mentions]}
    return {
        "@type": "dcat:Distribution",
        "dct:title": _plain(file.name),
        "dcat:accessURL": _link(quote(file.name)),
        "dcat:downloadURL": _link(quote(file.name)),
        "dct:format": {"@type": "dct:MediaTypeOrExtent", "rdfs:label": _plain(name)},
        "dcat:mediaType": [] if media_type is None else [_link(f"{MEDIA_TYPES}/{media_type}")],
        "dcat:byteSize": _typed(str(file.size), "xsd:nonNegativeInteger"),
        "spdx:checksum": _checksum(file.sha256),
        "dct:license": [_licence(record.licences)] if record.licences else [],
        "dct:rights": [mentions] if record.mentions else [],
    }


def _checksum(sha256: str) -> Node:
    return {
        "@type": "spdx:Checksum",
        "spdx:algorithm": _link(SHA256),
        "spdx:checksumValue": _typed(sha256, "xsd:hexBinary"),
    }


def _described(node: Node) -> Element:
    attributes = {"rdf:about": node["@id"]} if "@id" in node else {}
    return element(node["@type"], *_properties(node), attributes=attributes)


def _properties(node: Node) -> Iterator[Element]:
    for name, found in node.items():
        if name.startswith("@"):
            continue
        for value in found if isinstance(found, list) else [found]:
            yield _property(name, value)


def _property(name: str, value: Node) -> Element:
    if "@value" in value:
        attributes = {}
        if "@language" in value:
            attributes["xml:lang"] = value["@language"]
        if "@type" in value:
            prefix, _, local = value["@type"].partition(":")
            attributes["rdf:datatype"] = PREFIXES[prefix] + local
        return element(name, value["@value"], attributes=attributes)
    if "@type" not in value:
        return element(name, attributes={"rdf:resource": value["@id"]})
    return element(name, _described(value))
