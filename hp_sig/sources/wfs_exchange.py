"""What does one exchange with a WFS 2.0 give: its types, the fields of one, a count, a page, or an exception?

A WFS says what went wrong in an OGC exception, in XML or JSON, with status 400 or even 200. Only one that tells of a
connection that failed inside the service is worth asking again: the others are shown to the reader.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from hp_sig.errors import SourceError
from hp_sig.reference.catalogue import Service
from hp_sig.reference.fields import first_present
from hp_sig.sources.client import Answer, Client
from hp_sig.sources.texts import count_of, is_sound, page_shown, shown

__all__ = ["Endpoint", "LayerType", "ask_hits", "ask_layer_type", "ask_page", "ask_type_names"]

VERSION = {"service": "WFS", "version": "2.0.0"}
#: Statuses under which a WFS 2.0 gives its exceptions (OGC 09-025r2, table D.2).
EXCEPTION_STATUSES = (400, 403, 404)
#: What an exception says when the service itself could not reach its database, in lower case.
CONNECTION_PHRASES = (
    "connect timed out",
    "connection timed out",
    "connection refused",
    "connection reset",
    "connection attempt failed",
    "connection is closed",
    "connection has been closed",
    "unable to obtain connection",
    "error connecting",
    "could not connect",
    "read timed out",
    "i/o error occurred while sending to the backend",
)
#: How much of an answer a message shows.
SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A service that is asked for one data set."""

    client: Client
    service: Service
    #: The data set in messages.
    name: str

    def told(self, type_name: str = "") -> str:
        """Name what is asked of whom, to begin a message with."""
        return f"{self.name}: {f'{type_name} of ' if type_name else ''}{self.service.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerType:
    """A feature type as a WFS describes it now."""

    name: str
    #: Field → its XML Schema type without prefix (`string`, `int`…), in the order of the service; no geometry.
    fields: Mapping[str, str]
    geometry_field: str | None

    def find(self, names: tuple[str, ...]) -> str | None:
        """Give the field that one of these names, by preference, designates, whatever the case; None if none does.

        >>> layer = LayerType(name="commune", fields={"INSEE_COM": "string"}, geometry_field=None)
        >>> layer.find(("code_insee", "insee_com"))
        'INSEE_COM'
        """
        return first_present(self.fields, names)


def ask_type_names(endpoint: Endpoint) -> tuple[str, ...]:
    """Ask for the name of every type that the service has.

    Raises
    ------
    SourceError
        If it cannot be asked.
    """
    what = f"the capabilities of {endpoint.told()}"
    root = _ask(endpoint, {"request": "GetCapabilities"}, what).xml(what)
    names = (_child_text(element, "Name") for element in root.iter() if _local(element.tag) == "FeatureType")
    return tuple(name for name in names if name)


def ask_layer_type(endpoint: Endpoint, type_name: str) -> LayerType:
    """Ask which fields a type has now.

    Raises
    ------
    SourceError
        If it cannot be asked, or the service has no such type.
    """
    what = f"the description of {endpoint.told(type_name)}"
    root = _ask(endpoint, {"request": "DescribeFeatureType", "typeName": type_name}, what).xml(what)
    sequences = [element for element in root.iter() if _local(element.tag) == "sequence"]
    described = {
        element.get("name", ""): _schema_type(element)
        for sequence in sequences
        for element in sequence
        if _local(element.tag) == "element" and is_sound(element.get("name", ""))
    }
    if not described:
        message = f"{what}: expected its fields, found none. Check the name of the layer in the catalogue."
        raise SourceError(message)
    # Every geometry of GML is a property type: PointPropertyType, MultiSurfacePropertyType…
    geometries = [name for name, kind in described.items() if kind.endswith("PropertyType")]
    return LayerType(
        name=type_name,
        fields={name: kind for name, kind in described.items() if name not in geometries},
        geometry_field=geometries[0] if geometries else None,
    )


def ask_hits(endpoint: Endpoint, parameters: Mapping[str, str]) -> int:
    """Ask how many features a request matches.

    Parameters
    ----------
    endpoint
        Whom to ask.
    parameters
        The type and the filter.

    Raises
    ------
    SourceError
        If it cannot be asked, or tells no number.
    """
    what = f"the number of features of {endpoint.told(parameters['typeNames'])}"
    answer = _ask(endpoint, {"request": "GetFeature", "resultType": "hits", **parameters}, what)
    told = answer.xml(what).get("numberMatched", "")
    number = count_of(told)
    if number is None:
        message = f"{what}: expected numberMatched, found {shown(told)!r}. Without it nobody can say that all came."
        raise SourceError(message)
    return number


def ask_page(endpoint: Endpoint, parameters: Mapping[str, str]) -> tuple[bytes, Any]:
    """Ask for one page; give it as it came, and its JSON.

    Raises
    ------
    SourceError
        If it cannot be had, or is no JSON.
    """
    what = f"a page of {endpoint.told(parameters['typeNames'])}"
    answer = _ask(endpoint, {"request": "GetFeature", "outputFormat": "application/json", **parameters}, what)
    return answer.content, answer.json(what)


def _ask(endpoint: Endpoint, parameters: Mapping[str, str], what: str) -> Answer:
    """Ask until the answer is no connection failure of the service; features are POSTed, for filters are long."""
    client, service = endpoint.client, endpoint.service
    limits = client.limits
    until, wait = time.monotonic() + limits.total_s, limits.first_wait_s
    form = VERSION | dict(parameters)
    url, is_posted = service.url, form["request"] == "GetFeature"
    if not is_posted:
        url += ("&" if "?" in url else "?") + urlencode(form)
    exception, is_transient = "", False
    for attempt in range(1, limits.attempts + 1):
        answer = client.ask(url, service, form=form if is_posted else None, tolerated=EXCEPTION_STATUSES)
        found = _exception(answer, what)
        if found is None:
            return _require_ok(answer, what)
        exception = found
        is_transient = any(phrase in exception.casefold() for phrase in CONNECTION_PHRASES)
        if not is_transient or attempt == limits.attempts or time.monotonic() + wait > until:
            break
        time.sleep(wait)
        wait = min(2 * wait, limits.longest_wait_s)
    asked = f" (asked {attempt} times)" if attempt > 1 else ""
    advice = "Try again later" if is_transient else "Check the layer, its fields and its edition in the catalogue"
    message = f"{what}: the service answers {answer.status}{asked}: {shown(exception, SHOWN).rstrip('.')}. {advice}."
    raise SourceError(message)


def _require_ok(answer: Answer, what: str) -> Answer:
    if answer.status in EXCEPTION_STATUSES:
        text = page_shown(answer.content, SHOWN)
        message = (
            f"{what}: the service answers {answer.status} without an OGC exception: {text.rstrip('.')}. Check "
            "the address of the service in the catalogue, and what stands between (proxy)."
        )
        raise SourceError(message)
    return answer


def _exception(answer: Answer, what: str) -> str | None:
    """Give the text of the OGC exception that an answer holds; None where it holds none."""
    head = answer.content[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") and (b"ExceptionReport" in head):
        root = answer.xml(what)
        found = [
            " ".join(filter(None, (element.get("exceptionCode") or element.get("code"), "".join(element.itertext()))))
            for element in root.iter()
            if _local(element.tag) in ("Exception", "ServiceException")
        ]
        return " ".join(" ".join(found).split()) or "an exception without a text"
    if head.startswith(b"{") and b'"exceptions"' in head:
        content = answer.json(what)
        # A page of features may have a field of that name.
        if isinstance(content.get("exceptions"), list):
            told = [
                f"{one.get('code', '')} {one.get('text', '')}" if isinstance(one, dict) else json.dumps(one)
                for one in content["exceptions"]
            ]
            return " ".join(" ".join(told).split()) or "an exception without a text"
    return None


def _schema_type(element: Element) -> str:
    """Give the type of a field, declared at once or as a restriction of another."""
    declared = element.get("type") or next(
        (one.get("base", "") for one in element.iter() if _local(one.tag) == "restriction"), ""
    )
    return declared.rpartition(":")[2]


def _child_text(element: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in element if _local(child.tag) == name), "")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
