"""What did a service answer: JSON, XML, or something else that must be told?"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hp_sig.errors import SourceError
from hp_sig.sources.texts import json_of, page_shown, shown

__all__ = ["Answer"]


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
            return json_of(self.content)
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
        try:
            return ET.fromstring(self.content, parser=ET.XMLParser(target=_WithoutDocumentType()))
        except (ET.ParseError, ValueError, LookupError) as error:
            raise self._unexpected(what, "XML without a document type") from error

    def _unexpected(self, what: str, expected: str) -> SourceError:
        kind = shown(self.media_type) or "nothing told of its kind"
        message = (
            f"{what}: expected {expected} from {self.url}, found {kind}: « {page_shown(self.content)} ». The service "
            "may be in trouble, or a proxy may answer in its place: open the address in a browser, try again later."
        )
        return SourceError(message)


class _WithoutDocumentType(ET.TreeBuilder):
    """Refuse a document type as the parser finds it, whatever the encoding that hides it."""

    def doctype(self, name: str, public: str | None, system: str | None) -> None:  # noqa: ARG002 - called so
        message = "a document type"
        raise ValueError(message)
