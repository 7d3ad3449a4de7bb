"""How is a service asked, politely and safely: only known hosts, verified certificates, waits, a limit to everything?

Only hosts of the catalogue are asked, redirects included; certificates are always verified, by the authorities that the
system trusts (public bodies' proxies put their own there); what passes is tried again, all within a total time.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Self, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from hp_sig._version import __version__
from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import LOOPBACK, Catalogue, Service
from hp_sig.sources.answer import Answer
from hp_sig.sources.connection import Session, left_s, proxy_named, reading_until
from hp_sig.sources.reading import answer_of, blocks, reason_of, require_status
from hp_sig.sources.texts import is_address, shown
from hp_sig.sources.waiting import Limits, NoAnswerError, PassingError, Patience

__all__ = ["Answer", "Client", "Limits"]

REDIRECTIONS = {301, 302, 303, 307, 308}
MAX_REDIRECTIONS = 5

Result = TypeVar("Result")


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
        self._session = Session()
        self._session.headers.update({"User-Agent": f"hp-sig/{__version__}"})

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
                require_status(response, tolerated)
                content = self._content(response, patience)
            return answer_of(response, content)

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
                require_status(response, {405, 501})
                return answer_of(response, b"")

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
        until: float | None = None,
    ) -> Iterator[requests.Response]:
        """Open an answer to be read block by block; only its opening is tried again.

        Parameters
        ----------
        url, service, headers, tolerated
            As in :meth:`ask`.
        until
            When all of it must have come, by `time.monotonic`; None: within the total time from now.

        Raises
        ------
        SourceError
            As in :meth:`ask`.
        """

        def opening() -> requests.Response:
            response = self._sent("GET", url, service, form=None, headers=headers)
            try:
                require_status(response, tolerated)
            except (SourceError, PassingError):
                response.close()
                raise
            return response

        response = self._tried(self._patience(url, until), url, opening)
        with response:
            yield response

    def _patience(self, url: str, until: float | None = None) -> Patience:
        """Give all attempts, or one where the host did not even answer the last time: many data sets may be its."""
        _require_address(url, url)
        patience = Patience(self.limits, url, until)
        if urlsplit(url).netloc in self._lost:
            patience.give_up_soon()
        return patience

    def _tried(self, patience: Patience, url: str, act: Callable[[], Result]) -> Result:
        host = urlsplit(url).netloc
        try:
            with reading_until(patience.deadline):
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
            _require_address(target, url)
            address = urljoin(address, target)
        message = f"{url}: expected an answer, found more than {MAX_REDIRECTIONS} redirects. Tell who runs the service."
        raise SourceError(message)

    def _exchange(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> requests.Response:
        by_proxy = self._by_proxy(url)
        try:
            return self._session.request(
                method,
                url,
                data=None if form is None else dict(form),
                headers=dict(headers or {}),
                allow_redirects=False,
                stream=True,
                timeout=(min(self.limits.connect_s, left_s()), min(self.limits.read_s, left_s())),
            )
        except requests.exceptions.SSLError as error:
            message = (
                f"{url}: its certificate cannot be trusted ({reason_of(error)}){by_proxy}. If a proxy of your "
                "network signs in its place, ask your administrator to add its authority to those that the system "
                "trusts, or name it in REQUESTS_CA_BUNDLE. The verification cannot be switched off."
            )
            raise SourceError(message) from error
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            if "407" in (reason := reason_of(error)):
                # Asked again, it might lock the account.
                message = (
                    f"{url}: {reason}{by_proxy}. The proxy of your network wants a user and a password: write them in "
                    "HTTPS_PROXY (http://user:password@host:port)."
                )
                raise SourceError(message) from error
            message = f"{reason}{by_proxy}"
            raise NoAnswerError(message) from error
        except (requests.exceptions.RequestException, HTTPError, UnicodeError) as error:
            # With a proxy, the reason may be its address, which has its password.
            reason = "" if by_proxy else f" ({reason_of(error)})"
            message = f"{url}: cannot be asked{reason}{by_proxy}. Check the address, and the proxy if there is one."
            raise SourceError(message) from error
        except OSError as error:
            message = f"{url}: cannot be asked ({shown(error)}). Check the file that REQUESTS_CA_BUNDLE names."
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
        named = proxy_named(proxy)
        if named is None:
            message = (
                f"{url}: the proxy of your environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) is no address such as "
                "http://proxy.example:3128. In its password, write # as %23, / as %2F, ? as %3F and @ as %40."
            )
            raise SourceError(message)
        return f", asked through the proxy {named}"


def _require_address(address: str, url: str) -> None:
    if not is_address(address):
        came = "" if address == url else f", to which {url} redirects"
        message = f"{shown(address)}{came}: expected an address, found none. See what the producer says of it."
        raise SourceError(message)
