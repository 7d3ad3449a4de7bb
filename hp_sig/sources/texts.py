"""What of a server's words may be shown, kept or counted on?

Whatever comes from a server may be too long, hold control characters that change what a terminal or a log shows, or
be no number, no date and no address at all: what is not sound is treated as if it were not told.
"""

import datetime as dt
import json
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["PAGE_BYTES", "count_of", "date_of", "file_of", "is_address", "is_sound", "json_of", "page_shown", "shown"]

#: How much of a text is shown.
SHOWN = 200
#: How much of a page is looked at for its text: expressions take the square of it.
PAGE_BYTES = 8192
ADDRESS_LENGTH = 4096
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]{1,20}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?")
#: One half of a character that takes two, as JSON may write it.
HALF = re.compile(r"\\u[dD][89a-fA-F]")


def shown(text: object, most: int = SHOWN) -> str:
    r"""Give the start of a text in one line, without what does not print.

    >>> shown("Zonage\n\x1b[2Jdu  PLU")
    'Zonage [2Jdu PLU'
    >>> shown("abcdef", 3)
    'abc…'
    """
    whole = str(text)
    start = whole[: 16 * most]
    line = " ".join("".join(one if one.isprintable() else " " for one in start).split())
    return line if len(line) <= most and len(start) == len(whole) else f"{line[:most]}…"


def is_sound(text: str) -> bool:
    """Say whether a text can be kept as it is: printable, and not long."""
    return len(text) <= SHOWN and text.isprintable()


def page_shown(content: bytes, most: int = SHOWN) -> str:
    """Show the start of an answer, without the tags of a page of HTML.

    >>> page_shown(b"<html><head><title>Error</title></head><body><h1>Too  late</h1></body>")
    'Error Too late'
    """
    text = content[:PAGE_BYTES].decode("utf-8", errors="replace")
    return shown(re.sub(r"(?is)<(script|style)\b.*?</\1>|<!--.*?-->|<[^<>]*>", " ", text), most)


def count_of(text: str | None) -> int | None:
    """Read a number of bytes, pages or features; None where it is none.

    >>> count_of("12"), count_of("²"), count_of("9" * 5000), count_of(None)
    (12, None, None, None)
    """
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None


def date_of(text: object) -> str:
    """Give a date or a time of ISO 8601 as it is told, empty where it is none.

    >>> date_of("2026-07-24T10:00:00+00:00"), date_of("2026-13-01"), date_of("<b>")
    ('2026-07-24T10:00:00+00:00', '', '')
    """
    if not isinstance(text, str) or not DATE.fullmatch(text):
        return ""
    try:
        dt.date.fromisoformat(text[:10])
    except ValueError:
        return ""
    return text


def is_address(url: str) -> bool:
    r"""Say whether a text can be the address of something.

    >>> is_address("https://example.fr/a"), is_address("http://[::1"), is_address("https://example.fr/a b\n")
    (True, False, False)
    """
    try:
        urlsplit(url)
    except ValueError:
        return False
    return 0 < len(url) <= ADDRESS_LENGTH and url.isprintable()


def file_of(url: str) -> str:
    """Give the bare name at the end of an address.

    >>> file_of("https://example.fr/a/zones%20AU.csv?x=1")
    'zones AU.csv'
    """
    return PurePosixPath(unquote(urlsplit(url).path)).name if is_address(url) else ""


def json_of(content: bytes, **how: Any) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON that can be written again in UTF-8.

    Parameters
    ----------
    content
        In UTF-8 (RFC 8259, 8.1).
    **how
        As `json.loads` has them.

    Raises
    ------
    ValueError
        If it is none.
    RecursionError
        If it is too deep.
    """
    text = content.decode("utf-8-sig")
    told = json.loads(text, **how)
    if HALF.search(text):
        json.dumps(told, ensure_ascii=False).encode()
    return told
