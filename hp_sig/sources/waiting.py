"""How long is a service waited for, and how often is it asked again?"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from hp_sig.errors import SourceError

__all__ = ["Limits", "NoAnswerError", "PassingError", "Patience", "asked_wait"]

log = logging.getLogger(__name__)

#: A year: whoever asks for more is not waited for either, and the day could not be written.
LONGEST_WAIT_S = 365 * 86400.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of time (seconds), of attempts and of size (bytes) of one request or one download."""

    #: To connect, and between two blocks of an answer.
    connect_s: float = 10.0
    read_s: float = 60.0
    #: For all of it, attempts and waits included.
    total_s: float = 3600.0
    attempts: int = 5
    #: Before the second attempt; doubled before each of the next.
    first_wait_s: float = 1.0
    #: A service that asks for more is not waited for: the error says when to ask again.
    longest_wait_s: float = 120.0
    #: Of an answer that is read in memory.
    answer_bytes: int = 200_000_000


class PassingError(Exception):
    """A trouble that may pass; `wait_s` is what the service asked to wait."""

    def __init__(self, message: str, *, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class NoAnswerError(PassingError):
    """Nobody answered: the network, the proxy or the whole host is out of reach."""


class Patience:
    """The attempts and the time that one request or download has left.

    Parameters
    ----------
    limits
        How much of each.
    what
        The address, for the messages.
    deadline
        When the time is up, by `time.monotonic`; None: after the total time from now.
    """

    def __init__(self, limits: Limits, what: str, deadline: float | None = None) -> None:
        self._limits = limits
        self._what = what
        self.deadline = time.monotonic() + limits.total_s if deadline is None else deadline
        self._left = limits.attempts
        self._used = 0
        self._wait_s = limits.first_wait_s

    def give_up_soon(self) -> None:
        """Leave one attempt: the host did not answer before, whatever the waits."""
        self._left = 1

    def tried(self, act: Callable[[], Result]) -> Result:
        """Try, and try again what passes.

        Raises
        ------
        SourceError
            If the attempts or the time are used up.
        """
        while True:
            try:
                return act()
            except PassingError as error:
                self.wait_after(error)

    def wait_after(self, error: PassingError) -> None:
        """Use up one attempt and wait before the next.

        Raises
        ------
        SourceError
            If there is none left, or not enough time.
        """
        self.require_time()
        self._left -= 1
        self._used += 1
        if self._left <= 0:
            tried = f" in {self._used} attempts, the last" if self._used > 1 else ""
            message = (
                f"{self._what}: no right answer{tried}: {error}. Check the network and the proxy (HTTPS_PROXY), or try "
                "again later."
            )
            raise SourceError(message) from error
        wait_s = self._wait_s if error.wait_s is None else error.wait_s
        self._wait_s *= 2
        if wait_s > self._limits.longest_wait_s:
            then = dt.datetime.now().astimezone() + dt.timedelta(seconds=wait_s)
            message = f"{self._what}: the service asks to wait ({error}). Try again after {then:%Y-%m-%d %H:%M:%S}."
            raise SourceError(message) from error
        self.require_time(wait_s)
        log.info("%s: %s; asked again in %.0f s", self._what, error, wait_s)
        time.sleep(wait_s)

    def renew(self) -> None:
        """Give all attempts back: something came."""
        self._left = self._limits.attempts
        self._used = 0
        self._wait_s = self._limits.first_wait_s

    def require_time(self, needed_s: float = 0.0) -> None:
        """Refuse to go on beyond the total time.

        Raises
        ------
        SourceError
            If less is left than is needed.
        """
        if time.monotonic() + needed_s > self.deadline:
            message = (
                f"{self._what}: not done within {self._limits.total_s:g} s, the limit. Try again later: what was "
                "downloaded is kept."
            )
            raise SourceError(message)


def asked_wait(header: str | None) -> float | None:
    """Read how many seconds a service asks to wait: a number, or a date (RFC 9110, 10.2.3); None where it tells none.

    >>> asked_wait("5"), asked_wait(None), asked_wait("soon")
    (5.0, None, None)
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_S)
    try:
        then = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    then = then if then.tzinfo else then.replace(tzinfo=dt.UTC)
    return min(max(0.0, (then - dt.datetime.now(dt.UTC)).total_seconds()), LONGEST_WAIT_S)
