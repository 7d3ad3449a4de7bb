"""How are the words of a report found, and made safe for any document that they enter?"""

import datetime as dt
import re

from hp_sig.reference.labels import NO_BREAK_SPACE, wording

__all__ = ["day_told", "joined", "lowered", "plain", "say"]

#: Characters that no XML may hold, whatever the escaping (XML 1.0, section 2.2), and those that reorder a line.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
BREAKS = re.compile(r"[\t\n\r\u2028\u2029]+")
UNKNOWN_SIGN = "\ufffd"


def say(key: str, **values: object) -> str:
    """Give a wording of the report, its places filled in."""
    return wording("report", key, **values)


def plain(text: str) -> str:
    r"""Give a text on one line, without what no XML may hold.

    >>> plain("Volx\x00\nbas")
    'Volx� bas'
    """
    return FORBIDDEN.sub(UNKNOWN_SIGN, BREAKS.sub(" ", text))


def day_told(day: dt.date) -> str:
    """Write a day in words.

    >>> day_told(dt.date(2027, 8, 1))
    '1er août 2027'
    """
    months = say("months").split(",")
    number = say("first_day") if day.day == 1 else str(day.day)
    return f"{number} {months[day.month - 1]} {day.year}"


def joined(parts: list[str]) -> str:
    """Join parts of a line with a semicolon."""
    return f"{NO_BREAK_SPACE}; ".join(parts)


def lowered(text: str) -> str:
    """Begin with a small letter, to go on in a sentence."""
    return text[:1].lower() + text[1:]
