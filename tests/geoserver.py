"""A small HTTP server on loopback that answers as a GeoServer does, well or badly as it is told."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import shapely
from shapely.geometry import mapping

OWS = 'xmlns:ows="http://www.opengis.net/ows/1.1"'
WFS = 'xmlns:wfs="http://www.opengis.net/wfs/2.0"'
XSD = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:gml="http://www.opengis.net/gml/3.2"'
#: What is sent in place of an answer: status, media type, text.
Reply = tuple[int, str, str]


def xml_exception(text: str, status: int = 400) -> Reply:
    """An exception as GeoServer words it in XML."""
    told = f'<ows:Exception exceptionCode="NoApplicableCode"><ows:ExceptionText>{escape(text)}</ows:ExceptionText>'
    content = f'<ows:ExceptionReport {OWS} version="2.0.0">{told}</ows:Exception></ows:ExceptionReport>'
    return status, "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>{content}'


def json_exception(text: str, status: int = 400) -> Reply:
    """An exception as GeoServer words it in JSON."""
    exceptions = [{"code": "NoApplicableCode", "locator": "noLocator", "text": text}]
    return status, "application/json;charset=UTF-8", json.dumps({"version": "2.0.0", "exceptions": exceptions})


@dataclass(slots=True)
class GeoServer:
    """A server that runs: one layer, and what is wrong with it. A test changes any of it between two requests."""

    url: str = ""
    types: tuple[str, ...] = ("demo:commune",)
    #: Field → type of XML Schema, the geometry among them.
    fields: dict[str, str] = field(default_factory=dict)
    geometry_field: str = "geometrie"
    rows: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[Any] = field(default_factory=list)

    #: Parameters of each request, by lower-case name; `method` is added.
    asked: list[dict[str, str]] = field(default_factory=list)

    #: Sent in place of the next pages.
    replies: list[Reply] = field(default_factory=list)
    #: Start index → that of the page which is sent in its place.
    repeated: dict[int, int] = field(default_factory=dict)
    #: Start index → how many features are left out at the end of that page.
    shortened: dict[int, int] = field(default_factory=dict)
    #: Added to the number of features that it tells.
    lie: int = 0
    returned_lie: int = 0
    #: Told in place of the number of features.
    matched: str | None = None
    #: Called before each page with its start index.
    before_page: Callable[[int], None] = lambda _: None
    #: What is done to geometries.
    drawn: Callable[[Any], Any] = lambda shape: shape
    crs: str | None = "urn:ogc:def:crs:EPSG::2154"
    #: Start index of a page that is not answered until `goes_on`.
    held_at: int | None = None
    is_held: Event = field(default_factory=Event)
    goes_on: Event = field(default_factory=Event)

    @property
    def starts(self) -> list[int]:
        """Start index of each page that was asked for."""
        return [int(one["startindex"]) for one in self.asked if "startindex" in one]

    def answer(self, asked: dict[str, str]) -> Reply:
        """Answer one request."""
        request = asked["request"]
        if request == "GetCapabilities":
            listed = "".join(f"<wfs:FeatureType><wfs:Name>{one}</wfs:Name></wfs:FeatureType>" for one in self.types)
            names = f"<wfs:FeatureTypeList>{listed}</wfs:FeatureTypeList>"
            return 200, "application/xml", f"<wfs:WFS_Capabilities {WFS}>{names}</wfs:WFS_Capabilities>"
        name = asked.get("typenames") or asked["typename"]
        if name not in self.types:
            return xml_exception(f"Could not find type {name}")
        if request == "DescribeFeatureType":
            return self._description(name)
        if "startindex" in asked:
            self.before_page(int(asked["startindex"]))
        chosen = self._chosen(asked.get("cql_filter", ""))
        matched = len(chosen) + self.lie
        if asked.get("resulttype") == "hits":
            told = f'numberMatched="{self.matched or matched}" numberReturned="0"'
            return 200, "application/xml", f"<wfs:FeatureCollection {WFS} {told}/>"
        start, count = int(asked["startindex"]), int(asked["count"])
        if self.replies:
            return self.replies.pop(0)
        if start == self.held_at:
            self.is_held.set()
            self.goes_on.wait(20)
        first = self.repeated.get(start, start)
        chosen.sort(key=lambda rank: (self.rows[rank][asked["sortby"]] is not None, self.rows[rank][asked["sortby"]]))
        sent = chosen[first : first + count - self.shortened.get(start, 0)]
        return 200, "application/json;charset=UTF-8", self._page(sent, matched, name)

    def _description(self, name: str) -> Reply:
        elements = "".join(f'<xsd:element name="{one}" type="{kind}"/>' for one, kind in self.fields.items())
        extended = (
            f'<xsd:extension base="gml:AbstractFeatureType"><xsd:sequence>{elements}</xsd:sequence></xsd:extension>'
        )
        local = name.rpartition(":")[2]
        described = f'<xsd:complexType name="{local}Type"><xsd:complexContent>{extended}</xsd:complexContent>'
        content = f'<xsd:schema {XSD}>{described}</xsd:complexType><xsd:element name="{local}" type="{local}Type"/>'
        return 200, "application/gml+xml; version=3.2", f"{content}</xsd:schema>"

    def _chosen(self, cql: str) -> list[int]:
        """Understand the two filters that are expected, and nothing else."""
        if not cql:
            return list(range(len(self.rows)))
        if box := re.fullmatch(rf"BBOX\({self.geometry_field},([\d.]+),([\d.]+),([\d.]+),([\d.]+),'EPSG:2154'\)", cql):
            area = shapely.box(*map(float, box.groups()))
            return [rank for rank, shape in enumerate(self.shapes) if shape is not None and shape.intersects(area)]
        codes = re.fullmatch(r"(\w+) IN \(('(?:[^']|'')*'(?:,'(?:[^']|'')*')*)\)", cql)
        assert codes, cql
        values = {one.replace("''", "'") for one in re.findall(r"'((?:[^']|'')*)'", codes[2])}
        return [rank for rank, row in enumerate(self.rows) if row[codes[1]] in values]

    def _page(self, sent: list[int], matched: int, name: str) -> str:
        features = [
            {
                "type": "Feature",
                "id": f"{name}.{rank}",
                "geometry": None if self.shapes[rank] is None else mapping(self.drawn(self.shapes[rank])),
                "geometry_name": self.geometry_field,
                "properties": self.rows[rank],
            }
            for rank in sent
        ]
        page = {
            "type": "FeatureCollection",
            "features": features,
            "totalFeatures": matched,
            "numberMatched": matched,
            "numberReturned": len(sent) + self.returned_lie,
            "timeStamp": "2026-11-28T20:00:00.000Z",
            "crs": self.crs and {"type": "name", "properties": {"name": self.crs}},
        }
        return json.dumps(page)


@contextmanager
def geoserver(told: GeoServer) -> Iterator[GeoServer]:
    """Serve a layer for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer("")

        def do_POST(self):
            assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, body: str):
            pairs = parse_qsl(urlsplit(self.path).query) + parse_qsl(body)
            asked = {name.lower(): value for name, value in pairs}
            told.asked.append(asked | {"method": self.command})
            status, media_type, text = told.answer(asked)
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def handle(self):
            # A client that was killed is no fault of the server.
            with suppress(ConnectionError):
                super().handle()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}/wfs/ows"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.goes_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
