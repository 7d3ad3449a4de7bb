"""How is what is published described in ISO 19139 (gmd:MD_Metadata), as INSPIRE and the national catalogues read it?

The order of elements is that of the schemas of 2006-05-04. What is not known carries `gco:nilReason`: the e-mail
address of the contact, which INSPIRE asks for and the catalogue's editor must give; conformity, which nobody assessed;
the scale, which differs from source to source.
"""

from collections.abc import Iterable
from urllib.parse import quote

from hp_sig.publish.metadata.markup import Element, compact, document, element
from hp_sig.publish.metadata.record import PublishedFile, Record, source_text
from hp_sig.publish.publication import SourceEntry
from hp_sig.reference.labels import wording

__all__ = ["iso_document", "iso_line"]

NAMESPACES = {
    "xmlns:gmd": "http://www.isotc211.org/2005/gmd",
    "xmlns:gco": "http://www.isotc211.org/2005/gco",
    "xmlns:gmx": "http://www.isotc211.org/2005/gmx",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://www.isotc211.org/2005/gmd http://schemas.opengis.net/iso/19139/20060504/gmd/gmd.xsd"
    " http://www.isotc211.org/2005/gmx http://schemas.opengis.net/iso/19139/20060504/gmx/gmx.xsd",
}
CODE_LIST = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
LANGUAGES = "http://www.loc.gov/standards/iso639-2/"
#: Thesaurus of the themes of INSPIRE, and its date.
INSPIRE_THEMES, INSPIRE_THEMES_DAY = "GEMET - INSPIRE themes, version 1.0", "2008-06-01"
INSPIRE_REGULATION_DAY = "2010-12-08"


def iso_document(record: Record) -> str:
    """Write a record as an ISO 19139 document."""
    return document(_root(record))


def iso_line(record: Record) -> str:
    """Write a record as an ISO 19139 document on one line, as it goes into a database."""
    return compact(_root(record))


def _root(record: Record) -> Element:
    day = record.started_at.date().isoformat()
    return element(
        "gmd:MD_Metadata",
        _text("fileIdentifier", record.uuid),
        _language(),
        _code("characterSet", "MD_CharacterSetCode", "utf8"),
        None if record.parent is None else _text("parentIdentifier", record.parent),
        _code("hierarchyLevel", "MD_ScopeCode", record.kind),
        # Needed where the level is not a data set.
        None if record.kind == "dataset" else _text("hierarchyLevelName", record.kind),
        _party("contact", record.publisher, "pointOfContact"),
        element("gmd:dateStamp", element("gco:Date", day)),
        _text("metadataStandardName", "ISO 19115"),
        _text("metadataStandardVersion", "2003/Cor.1:2006"),
        _reference_system() if record.extent is not None else None,
        element("gmd:identificationInfo", _identification(record, day)),
        element("gmd:distributionInfo", _distribution(record.files)),
        element("gmd:dataQualityInfo", _quality(record)),
        attributes=NAMESPACES,
    )


def _gmd(name: str, *children: Element | str | None, nil: str | None = None) -> Element:
    return element(f"gmd:{name}", *children, attributes=None if nil is None else {"gco:nilReason": nil})


def _text(name: str, text: str) -> Element:
    return _gmd(name, element("gco:CharacterString", text))


def _anchor(name: str, text: str, link: str) -> Element:
    return _gmd(name, element("gmx:Anchor", text, attributes={"xlink:href": link}))


def _code(name: str, kind: str, value: str) -> Element:
    attributes = {"codeList": f"{CODE_LIST}#{kind}", "codeListValue": value}
    return _gmd(name, element(f"gmd:{kind}", value, attributes=attributes))


def _language() -> Element:
    attributes = {"codeList": LANGUAGES, "codeListValue": "fre"}
    return _gmd("language", element("gmd:LanguageCode", "fre", attributes=attributes))


def _party(name: str, organisation: str, role: str) -> Element:
    contact = None
    if role == "pointOfContact":
        address = _gmd("CI_Address", _gmd("electronicMailAddress", nil="missing"))
        contact = _gmd("contactInfo", _gmd("CI_Contact", _gmd("address", address)))
    return _gmd(
        name,
        _gmd(
            "CI_ResponsibleParty", _text("organisationName", organisation), contact, _code("role", "CI_RoleCode", role)
        ),
    )


def _date(day: str, kind: str) -> Element:
    date = _gmd("CI_Date", _gmd("date", element("gco:Date", day)), _code("dateType", "CI_DateTypeCode", kind))
    return _gmd("date", date)


def _reference_system() -> Element:
    code = _anchor("code", "EPSG:2154", "http://www.opengis.net/def/crs/EPSG/0/2154")
    identifier = _gmd("referenceSystemIdentifier", _gmd("RS_Identifier", code))
    return _gmd("referenceSystemInfo", _gmd("MD_ReferenceSystem", identifier))


def _identification(record: Record, day: str) -> Element:
    citation = _gmd(
        "CI_Citation",
        _text("title", record.title),
        _date(day, "revision"),
        _text("edition", record.run),
        _gmd("identifier", _gmd("MD_Identifier", _text("code", record.identifier))),
    )
    return _gmd(
        "MD_DataIdentification",
        _gmd("citation", citation),
        _text("abstract", record.abstract),
        _party("pointOfContact", record.publisher, "pointOfContact"),
        _keywords(record.keywords),
        _themes(record.inspire),
        _constraints(record),
        _code("spatialRepresentationType", "MD_SpatialRepresentationTypeCode", _representation(record)),
        _gmd("spatialResolution", nil="unknown") if record.extent is not None else None,
        _language(),
        _code("characterSet", "MD_CharacterSetCode", "utf8"),
        *(_gmd("topicCategory", _gmd("MD_TopicCategoryCode", topic)) for topic in record.topics),
        None if record.extent is None else _extent(record.extent),
    )


def _representation(record: Record) -> str:
    return "textTable" if record.kind == "nonGeographicDataset" else "vector"


def _keywords(words: Iterable[str]) -> Element:
    return _gmd("descriptiveKeywords", _gmd("MD_Keywords", *(_text("keyword", word) for word in words)))


def _themes(codes: Iterable[str]) -> Element:
    words = (
        _anchor("keyword", wording("metadata", f"theme_{code}"), f"http://inspire.ec.europa.eu/theme/{code}")
        for code in codes
    )
    thesaurus = _gmd("CI_Citation", _text("title", INSPIRE_THEMES), _date(INSPIRE_THEMES_DAY, "publication"))
    kind = _code("type", "MD_KeywordTypeCode", "theme")
    return _gmd("descriptiveKeywords", _gmd("MD_Keywords", *words, kind, _gmd("thesaurusName", thesaurus)))


def _constraints(record: Record) -> Element:
    return _gmd(
        "resourceConstraints",
        _gmd(
            "MD_LegalConstraints",
            _text("useLimitation", wording("metadata", "licences", licences=", ".join(record.licences)))
            if record.licences
            else None,
            _code("accessConstraints", "MD_RestrictionCode", "otherRestrictions"),
            _code("useConstraints", "MD_RestrictionCode", "otherRestrictions"),
            _text("otherConstraints", wording("metadata", "access")),
            *(_text("otherConstraints", mention) for mention in record.mentions),
        ),
    )


def _extent(extent: tuple[float, float, float, float]) -> Element:
    west, south, east, north = (element("gco:Decimal", f"{edge:.4f}") for edge in extent)
    box = _gmd(
        "EX_GeographicBoundingBox",
        _gmd("westBoundLongitude", west),
        _gmd("eastBoundLongitude", east),
        _gmd("southBoundLatitude", south),
        _gmd("northBoundLatitude", north),
    )
    return _gmd("extent", _gmd("EX_Extent", _gmd("geographicElement", box)))


def _distribution(files: Iterable[PublishedFile]) -> Element:
    online = [_gmd("onLine", _online(file)) for file in files]
    return _gmd(
        "MD_Distribution",
        _gmd("distributionFormat", _gmd("MD_Format", _text("name", "GeoPackage"), _text("version", "1.2"))),
        _gmd("transferOptions", _gmd("MD_DigitalTransferOptions", *online)) if online else None,
    )


def _online(file: PublishedFile) -> Element:
    told = wording("metadata", "checksum", name=file.name, size=file.size, sha256=file.sha256)
    return _gmd(
        "CI_OnlineResource",
        # Beside this document: an address on the web is the catalogue's to give.
        _gmd("linkage", _gmd("URL", quote(file.name))),
        _text("name", file.name),
        _text("description", told),
        _code("function", "CI_OnLineFunctionCode", "download"),
    )


def _quality(record: Record) -> Element:
    scope = _gmd(
        "scope",
        _gmd(
            "DQ_Scope",
            _code("level", "MD_ScopeCode", record.kind),
            None if record.kind == "dataset" else _described_level(record.kind),
        ),
    )
    specification = _gmd(
        "CI_Citation",
        _text("title", wording("metadata", "conformity")),
        _date(INSPIRE_REGULATION_DAY, "publication"),
    )
    conformance = _gmd(
        "DQ_ConformanceResult",
        _gmd("specification", specification),
        _text("explanation", wording("metadata", "conformity_told")),
        _gmd("pass", nil="unknown"),
    )
    report = _gmd("report", _gmd("DQ_DomainConsistency", _gmd("result", conformance)))
    lineage = _gmd(
        "LI_Lineage",
        _text("statement", record.lineage),
        _gmd("processStep", _process(record)),
        *(_gmd("source", _source(source)) for source in record.sources),
    )
    return _gmd("DQ_DataQuality", scope, report, _gmd("lineage", lineage))


def _described_level(kind: str) -> Element:
    return _gmd("levelDescription", _gmd("MD_ScopeDescription", _text("other", kind)))


def _process(record: Record) -> Element:
    moment = record.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = wording("metadata", "process", run=record.run, version=record.version)
    return _gmd("LI_ProcessStep", _text("description", told), _gmd("dateTime", element("gco:DateTime", moment)))


def _source(source: SourceEntry) -> Element:
    citation = _gmd(
        "CI_Citation",
        _text("title", source.source),
        # The day when a file was had, which the description tells, is none of those that ISO asks for.
        _gmd("date", nil="unknown"),
        _text("edition", source.vintage),
        _party("citedResponsibleParty", source.producer, "originator"),
    )
    return _gmd("LI_Source", _text("description", source_text(source)), _gmd("sourceCitation", citation))
