"""How is a service asked, politely and safely: only known hosts, verified certificates, waits, a limit to everything?

Only hosts of the catalogue are asked, redirects included; certificates are always verified, by the authorities that the
system trusts (public bodies' proxies put their own there); what passes is tried again, all within a total time.
"""

import json
import logging
import re
import ssl
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from hp_sig._version import __version__
from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import LOOPBACK, Catalogue, Service
from hp_sig.sources.waiting import Limits, NoAnswerError, PassingError, Patience, asked_wait

__all__ = ["Answer", "Client", "Limits"]

log = logging.getLogger(__name__)

REDIRECTIONS = {301, 302, 303, 307, 308}
MAX_REDIRECTIONS = 5
#: Statuses that pass: too many requests, a server or a gateway in trouble.
PASSING = {429, 500, 502, 503, 504}
#: How much of an answer an error shows.
SHOWN = 200
BLOCK = 1 << 18

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, whole and in memory; `url` is the last address, after redirects."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        """What the answer says it is: `application/json`."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self, what: str) -> Any:  # noqa: ANN401 - any JSON
        """Read the answer as JSON.

        Parameters
        ----------
        what
            What was asked for, for the message.

        Raises
        ------
        SourceError
            If it is something else, such as a page of HTML that tells an error.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise self._unexpected(what, "JSON") from error

    def xml(self, what: str) -> ET.Element:
        """Read the answer as XML; one with a document type, which could name files or grow without end, is refused.

        Parameters
        ----------
        what
            What was asked for, for the message.

        Raises
        ------
        SourceError
            If it is something else.
        """
        if b"<!DOCTYPE" in self.content or b"<!ENTITY" in self.content:
            raise self._unexpected(what, "XML without a document type")
        try:
            return ET.fromstring(self.content)  # No document type, and expat stops what grows.
        except (ET.ParseError, ValueError, LookupError) as error:
            raise self._unexpected(what, "XML") from error

    def _unexpected(self, what: str, expected: str) -> SourceError:
        kind = self.media_type or "nothing told of its kind"
        message = (
            f"{what}: expected {expected} from {self.url}, found {kind}: « {_shown(self.content)} ». The service may "
            "be in trouble, or a proxy may answer in its place: open the address in a browser, try again later."
        )
        return SourceError(message)


class Client:
    """What asks the services of a catalogue; a context manager.

    Parameters
    ----------
    catalogue
        Its hosts are the only ones that are asked.
    limits
        Of time, of attempts and of size.
    """

    def __init__(self, catalogue: Catalogue, *, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._hosts = catalogue.hosts
        self._last: dict[str, float] = {}
        self._lost: set[str] = set()
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"hp-sig/{__version__}"})
        self._session.mount("https://", _SystemTrust())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(
        self,
        url: str,
        service: Service,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        tolerated: Collection[int] = (),
    ) -> Answer:
        """Ask for an answer that fits in memory: a page of features, a listing.

        Parameters
        ----------
        url, service
            The address, and the service that it belongs to.
        form
            Fields to POST; None asks by GET.
        headers
            To send besides.
        tolerated
            Statuses that are given back instead of raised.

        Raises
        ------
        SourceError
            If the host is not in the catalogue, or no right answer came within the limits.
        """

        def whole() -> Answer:
            response = self._sent("GET" if form is None else "POST", url, service, form=form, headers=headers)
            with response:
                _require_status(response, tolerated)
                content = self._content(response, patience)
            return _answer(response, content)

        patience = self._patience(url)
        return self._tried(patience, url, whole)

    def head(self, url: str, service: Service) -> Answer:
        """Ask for the headers of a file alone; a server that does not answer HEAD is one without headers.

        Raises
        ------
        SourceError
            As in :meth:`ask`.
        """

        def headers_only() -> Answer:
            with self._sent("HEAD", url, service, form=None, headers={"Accept-Encoding": "identity"}) as response:
                _require_status(response, {405, 501})
                return _answer(response, b"")

        answer = self._tried(self._patience(url), url, headers_only)
        return answer if answer.status < 400 else Answer(url=answer.url, status=200, headers={}, content=b"")

    @contextmanager
    def opened(
        self,
        url: str,
        service: Service,
        *,
        headers: Mapping[str, str] | None = None,
        tolerated: Collection[int] = (),
    ) -> Iterator[requests.Response]:
        """Open an answer to be read block by block; only its opening is tried again.

        Raises
        ------
        SourceError
            As in :meth:`ask`.
        """

        def opening() -> requests.Response:
            response = self._sent("GET", url, service, form=None, headers=headers)
            try:
                _require_status(response, tolerated)
            except (SourceError, PassingError):
                response.close()
                raise
            return response

        response = self._tried(self._patience(url), url, opening)
        with response:
            yield response

    def _patience(self, url: str) -> Patience:
        """Give all attempts, or one where the host did not even answer the last time: many data sets may be its."""
        patience = Patience(self.limits, url)
        if urlsplit(url).netloc in self._lost:
            patience.give_up_soon()
        return patience

    def _tried(self, patience: Patience, url: str, act: Callable[[], Result]) -> Result:
        host = urlsplit(url).netloc
        try:
            result = patience.tried(act)
        except SourceError as error:
            if isinstance(error.__cause__, NoAnswerError):
                self._lost.add(host)
            raise
        self._lost.discard(host)
        return result

    def _sent(
        self,
        method: str,
        url: str,
        service: Service,
        *,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> requests.Response:
        """Send a request and follow its redirects within the hosts of the catalogue."""
        address = url
        for _ in range(MAX_REDIRECTIONS + 1):
            self._require_known(address, url)
            self._pace(service)
            response = self._exchange(method, address, form, headers)
            target = response.headers.get("location")
            if response.status_code not in REDIRECTIONS or not target:
                return response
            response.close()
            if response.status_code in {301, 302, 303} and method == "POST":
                method, form = "GET", None
            address = urljoin(address, target)
        message = f"{url}: expected an answer, found more than {MAX_REDIRECTIONS} redirects. Tell who runs the service."
        raise SourceError(message)

    def _exchange(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> requests.Response:
        timeout = (self.limits.connect_s, self.limits.read_s)
        try:
            return self._session.request(
                method,
                url,
                data=None if form is None else dict(form),
                headers=dict(headers or {}),
                allow_redirects=False,
                stream=True,
                timeout=timeout,
            )
        except requests.exceptions.SSLError as error:
            message = (
                f"{url}: its certificate cannot be trusted ({_reason(error)}){self._by_proxy(url)}. If a proxy of your "
                "network signs in its place, ask your administrator to add its authority to those that the system "
                "trusts, or name it in REQUESTS_CA_BUNDLE. The verification cannot be switched off."
            )
            raise SourceError(message) from error
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            message = f"{_reason(error)}{self._by_proxy(url)}"
            raise NoAnswerError(message) from error
        except (requests.exceptions.RequestException, UnicodeError) as error:
            message = f"{url}: cannot be asked ({_reason(error)}){self._by_proxy(url)}. Check the address."
            raise SourceError(message) from error

    def _content(self, response: requests.Response, patience: Patience) -> bytes:
        content = bytearray()
        for block in blocks(response):
            content += block
            if len(content) > self.limits.answer_bytes:
                message = (
                    f"{response.url}: expected at most {self.limits.answer_bytes / 1e6:.0f} MB, and more came. Ask for "
                    "less at a time (page_size of the catalogue)."
                )
                raise SourceError(message)
            patience.require_time()
        return bytes(content)

    def _require_known(self, address: str, url: str) -> None:
        parts = urlsplit(address)
        came = "" if address == url else f", to which {urlsplit(url).netloc} redirects"
        if parts.netloc not in self._hosts:
            message = (
                f"{address}: the host {parts.netloc!r}{came} is not in the catalogue "
                f"({', '.join(sorted(self._hosts))}). If the producer moved, add the host to « hosts » of the service."
            )
            raise SourceError(message)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            message = f"{address}: an https:// address expected{came}; what comes without TLS may be anybody's."
            raise SourceError(message)

    def _pace(self, service: Service) -> None:
        """Wait until the service may be asked again."""
        now = time.monotonic()
        due = self._last.get(service.host, now - 1e9) + 1 / service.requests_per_second
        if due > now:
            time.sleep(due - now)
        self._last[service.host] = max(now, due)

    def _by_proxy(self, url: str) -> str:
        """Name the proxy that is used, without its password."""
        proxies = self._session.merge_environment_settings(url, {}, None, None, None)["proxies"]
        proxy = requests.utils.select_proxy(url, proxies)
        if not proxy:
            return ""
        parts = urlsplit(proxy)
        host = parts.netloc.rpartition("@")[2]
        return f", asked through the proxy {urlunsplit((parts.scheme, host, '', '', ''))}"


class _SystemTrust(HTTPAdapter):
    """Verify certificates by the authorities that the system trusts."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Give every connection the system's trust."""
        super().init_poolmanager(*arguments, **options, ssl_context=_system_context())

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - passed on
        """Give every connection through a proxy the system's trust."""
        return super().proxy_manager_for(proxy, **options, ssl_context=_system_context())


def _system_context() -> ssl.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def blocks(response: requests.Response) -> Iterator[bytes]:
    """Read an answer block by block, decompressed; what is cut or does not come passes.

    Raises
    ------
    PassingError
        If the answer is cut, slow or badly compressed.
    """
    try:
        yield from response.iter_content(BLOCK)
    except requests.exceptions.RequestException as error:
        message = f"the answer was cut ({_reason(error)})"
        raise PassingError(message) from error


def _answer(response: requests.Response, content: bytes) -> Answer:
    return Answer(
        url=response.url,
        status=response.status_code,
        headers=CaseInsensitiveDict(response.headers),
        content=content,
    )


def _require_status(response: requests.Response, tolerated: Collection[int]) -> None:
    status = response.status_code
    if 200 <= status < 300 or status in tolerated:
        return
    if status in PASSING:
        message = f"status {status} {response.reason or ''}".strip()
        raise PassingError(message, wait_s=asked_wait(response.headers.get("retry-after")))
    start = b"".join(part for part, _ in zip(response.iter_content(4096), range(2), strict=False))
    message = (
        f"{response.url}: expected an answer, found status {status} {response.reason or ''}: « {_shown(start)} ». "
        "Check the address in the catalogue, and what the producer says."
    )
    raise SourceError(message)


def _shown(content: bytes) -> str:
    """Show the start of an answer, without the tags of a page of HTML.

    >>> _shown(b"<html><head><title>Error</title></head><body><h1>Too  late</h1></body>")
    'Error Too late'
    """
    text = content[: 1 << 16].decode("utf-8", errors="replace")
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->|<[^>]*>", " ", text)
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _reason(error: BaseException) -> str:
    """Give the innermost reason of an error of the network, in one line.

    >>> _reason(ValueError("no  route"))
    'no route'
    """
    inner: BaseException = error
    while True:
        deeper = getattr(inner, "reason", None) or next(
            (part for part in getattr(inner, "args", ()) if isinstance(part, BaseException)), None
        )
        if not isinstance(deeper, BaseException):
            break
        inner = deeper
    text = " ".join(str(inner).split()) or type(inner).__name__
    # urllib3 puts the address of an object of its own before what happened.
    return re.sub(r"^<[^>]*>:\s*|^\w+\(.*?\):\s*", "", text)[:SHOWN]
