"""What is wanted of a data set, what does its producer offer now, and what came?"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hp_sig.reference.catalogue import Source

__all__ = ["Bounds", "Fetched", "Offer", "OnProgress", "Wanted"]

#: West, south, east, north in Lambert-93 metres.
Bounds = tuple[float, float, float, float]
#: Called with what is under way, how much of it is done, and how much there is (None: unknown): bytes or features.
OnProgress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One file of `data/raw` to bring up to date, and the part of the data set that a territory needs."""

    source: Source
    #: Place under the raw folder, with `/`; one without suffix takes that of what is delivered.
    file: str
    communes: tuple[str, ...] = ()
    departements: tuple[str, ...] = ()
    #: Margin included; None where they are not known yet.
    bounds: Bounds | None = None
    #: Years observed: one for a state, two for a difference.
    years: tuple[int, ...] = ()
    edition: str | None = None

    @property
    def name(self) -> str:
        """How it is called in messages: `communes`, `ocsge D004 2018`."""
        zone = self.zone if "{zone}" in self.source.file else ""
        return " ".join(part for part in (self.source.id, zone, self.years_label, self.edition or "") if part)

    @property
    def digest(self) -> str:
        """What tells one request from another, whatever its producer answers: the edition, the part of the data set.

        Bounds are those of the communes: these stand for them, whichever edition drew them.
        """
        scope = self.source.scope
        asked = {
            "source": self.source.id,
            "edition": self.edition or self.source.edition,
            "communes": self.communes if scope in ("communes", "bounds") else (),
            "departements": self.departements if scope == "departements" else (),
            "years": self.years,
            "margin_m": self.source.margin_m if scope == "bounds" else 0.0,
        }
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    @property
    def zone(self) -> str:
        """IGN's code of the département (`D004`, `D02A`), where there is exactly one."""
        return f"D{self.departements[0].zfill(3)}" if len(self.departements) == 1 else ""

    @property
    def years_label(self) -> str:
        """The years as IGN writes them: `2018`, `2018-2021`."""
        return "-".join(map(str, self.years))


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a producer has now, as told by its service, before anything is downloaded."""

    #: Address of the file, or of the service.
    url: str
    #: Bytes to download, where the service tells.
    size: int | None = None
    #: Features to fetch (WFS).
    features: int | None = None
    vintage: str
    #: What tells one edition from another: `checksum` (`md5:…`, `sha1:…`), `last_modified`, `etag`, `edition`,
    #: `resource`, `features`… Equal marks mean that nothing changed; empty where nothing can be told.
    mark: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that came whole, in the folder that was given; it has not been looked at by a reader yet."""

    path: Path
    #: Addresses that were asked for.
    url: str
    vintage: str
    #: What was downloaded (bytes, SHA-256): the file itself, the archive it was in, or all the pages.
    downloaded: int
    sha256_downloaded: str
    #: As in :class:`Offer`, completed with what the answers told.
    mark: Mapping[str, str] = field(default_factory=dict)
    #: Rows or features, where the service itself counted them.
    rows: int | None = None
    #: What an officer should know: members left out, fields renamed…
    notes: tuple[str, ...] = ()
