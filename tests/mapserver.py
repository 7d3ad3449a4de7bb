"""A real MapServer on loopback: the CGI program of Debian behind an http.server."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest

PROGRAM = Path("/usr/lib/cgi-bin/mapserv")

MAPFILE = """MAP
  NAME "loopback"
  EXTENT -400000 5600000 1700000 7800000
  SIZE 100 100
  PROJECTION
    "init=epsg:2154"
  END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json"
    FORMATOPTION "STORAGE=stream"
    FORMATOPTION "FORM=simple"
    FORMATOPTION "LCO:WRITE_BBOX=NO"
  END
  WEB
    METADATA
      "wfs_title" "Loopback"
      "wfs_onlineresource" "{url}"
      "wfs_srs" "EPSG:2154 EPSG:4326"
      "wfs_enable_request" "*"
      "wfs_getfeature_formatlist" "geojson"
    END
  END
{layers}
END
"""

LAYER = """  LAYER
    NAME "{name}"
    TYPE {kind}
    STATUS ON
    CONNECTIONTYPE OGR
    CONNECTION "{file}"
    DATA "{table}"
    PROJECTION
      "init={crs}"
    END
    METADATA
      "wfs_title" "{name}"
      "gml_include_items" "all"
      "gml_featureid" "{key}"
      "wfs_getfeature_formatlist" "geojson"
      "gml_types" "auto"
    END
  END
"""

CONFIG = """CONFIG
  ENV
    MS_MAP_PATTERN "^{folder}/served\\.map$"
  END
END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One layer of a GeoPackage to serve."""

    name: str
    file: Path
    table: str
    key: str
    kind: str = "POLYGON"
    crs: str = "epsg:2154"


@dataclass(slots=True)
class MapServer:
    """A server that runs; `asked` holds the parameters of each request, by lower-case name."""

    url: str
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def starts(self) -> list[int]:
        """Start index of each page that was asked for."""
        return [int(one["startindex"]) for one in self.asked if "startindex" in one]


@contextmanager
def mapserver(folder: Path, layers: Sequence[Served]) -> Iterator[MapServer]:
    """Serve layers by WFS 2.0 for as long as the context lasts."""
    if not PROGRAM.is_file():
        pytest.skip(f"MapServer is not at hand: {PROGRAM} is not there (Debian: cgi-mapserver)")
    mapfile, config = folder / "served.map", folder / "mapserver.conf"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(b"")

        def do_POST(self):
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes):
            query = urlsplit(self.path).query
            running.asked.append({k.lower(): v for k, v in parse_qsl(query) + parse_qsl(body.decode())})
            environment = os.environ | {
                "MAPSERVER_CONFIG_FILE": str(config),
                "MS_MAPFILE": str(mapfile),
                "REQUEST_METHOD": self.command,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "SERVER_NAME": "127.0.0.1",
                "SERVER_PORT": str(self.server.server_port),
                "SCRIPT_NAME": "/",
            }
            done = subprocess.run([str(PROGRAM)], input=body, env=environment, capture_output=True, check=False)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = MapServer(f"http://127.0.0.1:{server.server_port}/")
    described = "".join(
        LAYER.format(name=one.name, kind=one.kind, file=one.file, table=one.table, crs=one.crs, key=one.key)
        for one in layers
    )
    mapfile.write_text(MAPFILE.format(url=running.url, layers=described), encoding="utf-8")
    config.write_text(CONFIG.format(folder=folder), encoding="utf-8")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
