"""Is an answer a right one, what is in it, and what went wrong where there is none?

What has come of an answer is given at once: whoever writes it down loses nothing if the rest does not come.
"""

import contextlib
import re
from collections.abc import Collection, Iterator

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from hp_sig.errors import SourceError
from hp_sig.sources.answer import Answer
from hp_sig.sources.texts import PAGE_BYTES, page_shown, shown
from hp_sig.sources.waiting import PassingError, asked_wait

__all__ = ["answer_of", "blocks", "reason_of", "require_status"]

#: Statuses that pass: too many requests, a server or a gateway in trouble.
PASSING = {429, 500, 502, 503, 504}
PROXY_WANTS_USER = 407
#: Most that is given at once.
BLOCK = 1 << 18


def blocks(response: requests.Response) -> Iterator[bytes]:
    """Read an answer as it comes, decompressed; what is cut or does not come passes.

    Raises
    ------
    PassingError
        If the answer is cut, slow or badly compressed.
    """
    try:
        while block := response.raw.read1(BLOCK, decode_content=True):
            yield block
    except HTTPError as error:
        message = f"the answer was cut ({reason_of(error)})"
        raise PassingError(message) from error


def answer_of(response: requests.Response, content: bytes) -> Answer:
    """Give an answer with its content, which was read."""
    return Answer(
        url=response.url,
        status=response.status_code,
        headers=CaseInsensitiveDict(response.headers),
        content=content,
    )


def require_status(response: requests.Response, tolerated: Collection[int]) -> None:
    """Refuse an answer of another status than a success or one that is tolerated.

    Raises
    ------
    PassingError
        If the status may pass.
    SourceError
        If it stays: the text that came with it is shown.
    """
    status = response.status_code
    if 200 <= status < 300 or status in tolerated:
        return
    if status in PASSING:
        message = f"status {status} {shown(response.reason or '')}".strip()
        raise PassingError(message, wait_s=asked_wait(response.headers.get("retry-after")))
    start = bytearray()
    # The status counts, though its text be cut.
    with contextlib.suppress(PassingError):
        for block in blocks(response):
            start += block
            if len(start) >= PAGE_BYTES:
                break
    text = f": « {page_shown(bytes(start))} »" if start.strip() else ""
    remedy = (
        "The proxy of your network wants a user and a password: write them in HTTPS_PROXY (http://user:password@host:port)."
        if status == PROXY_WANTS_USER
        else "Check the address in the catalogue, and what the producer says."
    )
    found = f"status {status} {shown(response.reason or '')}".strip()
    message = f"{response.url}: expected an answer, found {found}{text}. {remedy}"
    raise SourceError(message)


def reason_of(error: BaseException) -> str:
    """Give the innermost reason of an error of the network, in one line.

    >>> reason_of(ValueError("no  route"))
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
    text = shown(inner, 400) or type(inner).__name__
    # urllib3 puts the address of an object of its own before what happened.
    return shown(re.sub(r"^<[^>]*>:\s*|^\w+\(.*?\):\s*", "", text))
