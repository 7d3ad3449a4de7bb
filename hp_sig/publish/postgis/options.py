"""What may one choose of a publication to PostGIS, and what is told of it afterwards?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hp_sig.errors import OutputError

__all__ = ["WHAT", "PostgisOptions", "PostgisRecord", "require_options"]

#: How messages call it.
WHAT = "publication to PostGIS"
#: What a prefix may be: a name that reads the same with and without quotes, and leaves room for the theme.
PREFIX = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgisOptions:
    """How the schemas are called, and what is done where something stands in the way.

    Parameters
    ----------
    prefix
        What the names of the schemas begin with. Two territories in one database need two.
    roles
        Owner and reader: two roles of groups, created if they are not there; the owner gets the schemas and their
        tables, the reader may only read them. Without them no role and no grant is touched.
    on_busy
        While another publication is running: `stop` after `wait_seconds`, or `wait` as long as it takes.
    wait_seconds
        How long a lock that somebody else holds is waited for.
    extension
        Whether a missing PostGIS is refused (`require`) or created, which takes an administrator's rights (`create`).
    on_replace
        Over a newer run, over another territory, or over real figures with those of a sample: `refuse` or `accept`.
    """

    prefix: str = "hp_sig_"
    roles: tuple[str, str] | None = None
    on_busy: Literal["stop", "wait"] = "stop"
    wait_seconds: float = 10
    extension: Literal["require", "create"] = "require"
    on_replace: Literal["refuse", "accept"] = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgisRecord:
    """What a publication wrote.

    Parameters
    ----------
    run_id
        The run that the database shows now.
    database
        Where, without any secret.
    changed
        False where the database showed this very run already, and nothing had to be written.
    rows
        `schema.table` → number of rows.
    emptied
        Tables of earlier runs that this run does not have: they are there, without rows.
    views
        `schema.view` of the run.
    unlinked
        Tables without a foreign key, as they name communes out of the territory.
    warnings
        What one should know: columns whose type changed, views that others use and that could not be renewed.
    """

    run_id: str
    database: str
    changed: bool
    rows: Mapping[str, int]
    emptied: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def require_options(options: PostgisOptions) -> None:
    """Refuse options that cannot be followed.

    Raises
    ------
    OutputError
        If the prefix or the two roles cannot be names.
    """
    if not PREFIX.fullmatch(options.prefix) or options.prefix.startswith("pg_"):
        message = (
            f"{WHAT}: a prefix of small letters, digits and _ expected (hp_sig_), at most 40 and not beginning with "
            f"pg_, found {options.prefix!r}. Choose another one."
        )
        raise OutputError(message)
    roles = options.roles
    if roles is not None and (len(set(roles)) != 2 or not all(0 < len(role.encode()) < 64 for role in roles)):
        message = f"{WHAT}: two names of roles of 1 to 63 bytes expected, the owner and the reader, found {roles!r}."
        raise OutputError(message)
