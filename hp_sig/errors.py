"""What can go wrong, and what should its reader do about it?

Every error of the package is a :class:`HpSigError` and also the builtin that a caller would expect.
"""

from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "HpSigError",
    "LayerError",
    "NotOfferedError",
    "OutputError",
    "RefreshBusyError",
    "SourceError",
    "TerritoryError",
    "some",
]

#: How many examples a message shows; the rest is counted.
EXAMPLES = 5


class HpSigError(Exception):
    """Any failure that `hp_sig` foresees; its message says what to do."""


class TerritoryError(HpSigError, ValueError):
    """A territory file that cannot be used as it stands."""


class LayerError(HpSigError, ValueError):
    """One input file with all its faults.

    Parameters
    ----------
    path
        The file.
    faults
        One sentence a fault: what was expected, what was found, what to do.
    """

    def __init__(self, path: str | Path, faults: Iterable[str]) -> None:
        self.path = Path(path)
        self.faults = tuple(faults)
        count = len(self.faults)
        lines = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(f"{self.path}: {count} fault{'s' if count > 1 else ''}.{lines}")


class OutputError(HpSigError, OSError):
    """Results that cannot be written; the ones already there are left as they were."""


class SourceError(HpSigError, OSError):
    """A service or a file of a producer that cannot be had, or is not what it should be; `data/raw` stays as it was."""


class NotOfferedError(SourceError):
    """A data set that its producer does not publish for this territory or these years."""


class RefreshBusyError(OutputError):
    """Another refresh is writing to the same folder."""


def some(values: Iterable[object]) -> str:
    """Name a few examples and count the rest.

    >>> some(["04112", "04143"])
    "'04112', '04143'"
    >>> some(range(8))
    '0, 1, 2, 3, 4 (and 3 more)'
    """
    found = [value.item() if hasattr(value, "item") else value for value in values]
    shown = ", ".join(repr(value) for value in found[:EXAMPLES])
    more = len(found) - EXAMPLES
    return f"{shown} (and {more} more)" if more > 0 else shown
