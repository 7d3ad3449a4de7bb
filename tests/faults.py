"""A real HTTP server on loopback that misbehaves as one tells it to."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

PAGE = b"<!DOCTYPE html><html><head><title>Portail</title></head><body><h1>Veuillez vous identifier</h1></body></html>"


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Reply:
    """One answer; `length` lies about its length, `cut` closes after so many bytes, `pace` waits before each block.

    `drip_s` gives headers without end, one letter after each wait.
    """

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    cut: int | None = None
    wait_s: float = 0.0
    pace_s: float = 0.0
    block: int = 4096
    drip_s: float = 0.0


Handler = Callable[[Asked], Reply]


class FaultyServer:
    """Serve handlers by path; `asked` tells every request, `sent` how many bytes of content were written."""

    def __init__(self, **handlers: Handler) -> None:
        self.handlers: dict[str, Handler] = {f"/{name}": handler for name, handler in handlers.items()}
        self.asked: list[Asked] = []
        self.sent = 0
        self._stopping = threading.Event()
        outer = self

        class _Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, body)
                outer.asked.append(asked)
                path = urlsplit(self.path).path
                handler = outer.handlers.get(path) or outer.handlers.get("*")
                reply = handler(asked) if handler else Reply(b"no such file", 404)
                outer._write(self, reply)

            do_GET = do_POST = do_HEAD = _serve  # noqa: N815 - names of http.server

            def handle(self) -> None:
                # Whoever gives up may break off.
                with suppress(ConnectionError):
                    super().handle()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True

    def _write(self, request: BaseHTTPRequestHandler, reply: Reply) -> None:
        self._stopping.wait(reply.wait_s)
        try:
            if reply.drip_s:
                request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not self._stopping.wait(reply.drip_s):
                    request.wfile.write(b"x")
            request.send_response(reply.status)
            for name, value in reply.headers.items():
                request.send_header(name, value)
            if reply.status != 304 and "Content-Length" not in reply.headers:
                request.send_header("Content-Length", str(len(reply.content) if reply.length is None else reply.length))
            request.end_headers()
            if request.command == "HEAD" or reply.status == 304:
                return
            content = reply.content if reply.cut is None else reply.content[: reply.cut]
            for start in range(0, len(content), reply.block):
                if reply.pace_s:
                    self._stopping.wait(reply.pace_s)
                block = content[start : start + reply.block]
                request.wfile.write(block)
                request.wfile.flush()
                self.sent += len(block)
            if reply.cut is not None or reply.length is not None:
                request.close_connection = True
                request.connection.close()
        except (BrokenPipeError, ConnectionError, OSError):
            request.close_connection = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def count(self, path: str, method: str | None = None) -> int:
        """Count the requests of a path."""
        return sum(urlsplit(one.path).path == path and method in {None, one.method} for one in self.asked)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


# --- handlers ---------------------------------------------------------------------------------------------------------


def plain(
    content: bytes, *, etag: str | None = None, last_modified: str | None = None, media_type: str = "text/plain"
) -> Handler:
    """Serve a file as a good server does: parts, conditions, HEAD."""
    told = {"Content-Type": media_type}
    if etag is not None:
        told["ETag"] = etag
    if last_modified is not None:
        told["Last-Modified"] = last_modified

    def handle(asked: Asked) -> Reply:
        headers = asked.headers
        if etag is not None and headers.get("if-none-match") == etag:
            return Reply(status=304, headers=told)
        if etag is None and last_modified is not None and headers.get("if-modified-since") == last_modified:
            return Reply(status=304, headers=told)
        if "range" in headers and headers.get("if-range") in {None, etag, last_modified}:
            start = int(headers["range"].removeprefix("bytes=").partition("-")[0])
            if start >= len(content):
                return Reply(status=416, headers=told | {"Content-Range": f"bytes */{len(content)}"})
            told_range = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            return Reply(content[start:], 206, told | told_range)
        return Reply(content, headers=told)

    return handle


def in_turn(*handlers: Handler) -> Handler:
    """Answer with each handler once, then with the last for ever."""
    left = list(handlers)

    def handle(asked: Asked) -> Reply:
        return (left.pop(0) if len(left) > 1 else left[0])(asked)

    return handle


def always(content: bytes = b"", status: int = 200, **told: object) -> Handler:
    """Answer the same whatever is asked."""
    return lambda _asked: Reply(content, status, **told)  # type: ignore[arg-type]


def too_many(retry_after: str | None) -> Handler:
    """Say that too much is asked."""
    return always(b"too many requests", 429, headers={} if retry_after is None else {"Retry-After": retry_after})


def failing(status: int) -> Handler:
    """Fail."""
    return always(b"trouble", status)


def html_page() -> Handler:
    """Answer with a page, as a proxy that wants a password does."""
    return always(PAGE, headers={"Content-Type": "text/html; charset=utf-8"})


def redirect(to: str, status: int = 302) -> Handler:
    """Lead elsewhere."""
    return always(b"", status, headers={"Location": to})


def cut_after(count: int, then: Handler) -> Handler:
    """Cut the first answer after some bytes; answer the next ones well."""

    def first(asked: Asked) -> Reply:
        reply = then(asked)
        reply.cut = count
        return reply

    return in_turn(first, then)


def slow(content: bytes, wait_s: float) -> Handler:
    """Answer late."""
    return always(content, wait_s=wait_s)


def waited(test: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if test():
            return True
        time.sleep(0.01)
    return False
