"""How does an answer come within its time, from a server whose certificate the system trusts?

A limit between two blocks does not stop a server that sends a byte now and then: each read, of headers too, looks at
the time that is left.
"""

import io
import math
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

__all__ = ["Session", "left_s", "proxy_named", "reading_until"]

#: When answers must have come, by the clock of `time.monotonic`; an answer keeps what held when it began.
_UNTIL: ContextVar[float] = ContextVar("_UNTIL", default=math.inf)


@contextmanager
def reading_until(end: float) -> Iterator[None]:
    """Let what is asked within end at a time."""
    token = _UNTIL.set(end)
    try:
        yield
    finally:
        _UNTIL.reset(token)


def left_s() -> float:
    """Give the time that is left for what is asked now."""
    return max(_UNTIL.get() - time.monotonic(), 0.001)


class _TimedAdapter(HTTPAdapter):
    """Read answers within their time, and verify certificates by the authorities that the system trusts."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Prepare direct connections."""
        super().init_poolmanager(*arguments, **options, ssl_context=_system_context())
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - passed on
        """Prepare connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options, ssl_context=_system_context())
        # Those through SOCKS are of a kind of their own.
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:  # noqa: ANN401, FBT001 - passed on
        """Trust the system's authorities, and those of a file that is named: no list that came with a package."""
        super().cert_verify(conn, url, verify or True, cert)  # type: ignore[no-untyped-call]
        if not isinstance(verify, str):
            conn.ca_certs = conn.ca_cert_dir = None


def _system_context() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Session(requests.Session):
    """Requests without credentials, whose redirects are left to whoever asks."""

    def __init__(self) -> None:
        super().__init__()
        # Else requests sends what a .netrc has for the host.
        self.auth = _NoCredentials()
        for scheme in ("https://", "http://"):
            self.mount(scheme, _TimedAdapter())

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - called so
        """Find no redirect: even if it is not to follow one, requests reads its body and prepares the next request."""
        return None


class _NoCredentials(AuthBase):
    """Send no user name and no password."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def proxy_named(proxy: str) -> str | None:
    """Name a proxy without its user; None where it cannot be told what of it is its password.

    >>> proxy_named("http://officer:secret@proxy.example:3128"), proxy_named("http://officer:12#cret@proxy.example")
    ('http://proxy.example:3128', None)
    """
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_whole = bool(parts.hostname) and parts.path in {"", "/"} and not parts.query and not parts.fragment
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.hostname}{port}" if is_whole else None


class _TimedReads(io.RawIOBase):
    """The bytes of a socket, until a time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock, self._end = raw, sock, _UNTIL.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any buffer
        left = self._end - time.monotonic()
        if left <= 0:
            message = "timed out"
            raise TimeoutError(message)
        timeout = self._sock.gettimeout()
        if left < math.inf and (timeout is None or left < timeout):
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._raw.close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_TimedReads(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}
