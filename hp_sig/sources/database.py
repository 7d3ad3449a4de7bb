"""How is a PostgreSQL database reached, and what is told when it is not?

The only module that opens a connection to a database. A secret comes from the environment, a service file or a
password file, never from an argument, and goes into no message.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hp_sig.errors import OutputError, SourceError

if TYPE_CHECKING:
    import psycopg

__all__ = ["ADDRESS", "connect", "require_psycopg", "told_address"]

#: Environment variable of the address of the database; it may hold the password.
ADDRESS = "HP_SIG_DATABASE"
#: libpq's own variables that say which database is meant.
LIBPQ_ADDRESS = ("PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE")
FORMS = "postgresql://user@host:5432/database, 'host=… dbname=… user=…' or service=name"
SECRET_PLACES = f"in the environment ({ADDRESS} or PGPASSWORD), in a password file or in a service file"
SECRETS = ("password", "sslpassword", "oauth_client_secret")
#: Seconds to wait for a server that does not answer.
CONNECT_TIMEOUT = 10
#: A connection on which nothing comes back for a minute is lost; without this the system waits two hours.
KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

#: SQLSTATE, or its class → what happened, what to do.
REMEDIES: Mapping[str, tuple[str, str]] = {
    "42501": ("a right is missing", "Ask the administrator of the database for it."),
    "25006": ("the database is read-only", "Give the address of the main server, not that of a copy."),
    "53100": ("the server's disk is full", "Ask the administrator of the database to make room, then run again."),
    "53": ("the server lacks resources", "Run again later, or ask the administrator of the database."),
    "55P03": ("somebody holds what is needed", "Run again when they have ended."),
    "57014": ("the server stopped the request", "Run again; ask the administrator if a time limit is set."),
    "57": ("the server ended the connection", "Run again when it is back."),
    "08": ("the connection was lost", "Check the network, then run again."),
    "40": ("another user's changes came first", "Run again."),
    "22P05": ("the database's encoding lacks a character", "Create the database with ENCODING 'UTF8'."),
}
UNKNOWN = ("the server refused", "Run again; if it goes on, show this line to the administrator of the database.")
LOST = ("the connection was lost", "Check that the server runs and the network, then run again.")


@contextmanager
def connect(
    address: str | None = None, *, what: str, error: type[SourceError] | type[OutputError] = SourceError
) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
    """Open a connection, commit at the end of the block, roll back if it raises, and close in any case.

    Parameters
    ----------
    address
        Where the database is: a `postgresql://` address, a list of `name=value`, or `service=name`, without any
        password; without it, the environment's `HP_SIG_DATABASE`, where a password is allowed; then libpq's variables.
    what
        What it is for, in a few words, as messages begin with it: `publication`, `layer communes`.
    error
        What to raise.

    Raises
    ------
    HpSigError
        Of the class `error`, in one line and without any secret: no address, or one not understood or that holds a
        password; psycopg not installed; the server not reached; any failure of a request in the block.
    """
    psycopg = require_psycopg(what=what, error=error)
    options = _options(address, what, error)
    place = _told(options)
    secrets = [str(options[name]) for name in SECRETS if options.get(name)]
    secrets += [os.environ[name] for name in ("PGPASSWORD",) if os.environ.get(name)]
    try:
        connection = psycopg.connect(**_with_manners(options), prepare_threshold=None)
    except (psycopg.Error, UnicodeError) as failure:
        message = (
            f"{what}: {place} cannot be reached: {_one_line(failure, secrets)}. "
            f"Check the address, that the server runs, the user, and the password {SECRET_PLACES}."
        )
        # The cause is not chained: what libpq says of an address may repeat a part of it.
        raise error(message) from None
    try:
        yield connection
        connection.commit()
    except psycopg.Error as failure:
        happened, remedy = _remedy(failure, lost=connection.broken)
        message = f"{what}: {place}: {happened} ({_one_line(failure, secrets)}). {remedy}"
        raise error(message) from None
    finally:
        # Told apart from closing, so that what is locked is free when the block is left.
        with suppress(psycopg.Error):
            if not connection.closed:
                connection.rollback()
        connection.close()


def told_address(address: str | None = None) -> str:
    """Name a database without its secrets, for a message or a log.

    Parameters
    ----------
    address
        As in :func:`connect`; never refused here.

    Returns
    -------
    str
        `postgresql://user@host:5432/database`, `service name`, or that the address is not known or not understood.
    """
    try:
        options = _options(address, "address", SourceError, may_hold_secret=True)
    except SourceError:
        return "the database"
    return _told(options)


def require_psycopg(*, what: str, error: type[SourceError] | type[OutputError] = SourceError) -> Any:  # noqa: ANN401
    """Give the module psycopg.

    Raises
    ------
    HpSigError
        Of the class `error`, with what to install, where it or its library is missing.
    """
    try:
        import psycopg  # noqa: PLC0415 - only who uses a database needs it
    except ImportError as failure:
        missing = isinstance(failure, ModuleNotFoundError) and failure.name == "psycopg"
        found = "psycopg, which is not installed" if missing else "libpq, the library of PostgreSQL, which is not found"
        message = f'{what}: a database needs {found}. Install it: pip install "hp-sig[postgis]".'
        raise error(message) from failure
    return psycopg


def _options(
    address: str | None, what: str, error: type[SourceError] | type[OutputError], *, may_hold_secret: bool = False
) -> dict[str, Any]:
    """Take an address apart."""
    psycopg = require_psycopg(what=what, error=error)
    given = address or os.environ.get(ADDRESS, "")
    if not given and not any(os.environ.get(name) for name in LIBPQ_ADDRESS):
        message = (
            f"{what}: the address of the database expected, found none. Give it ({FORMS}), "
            f"or set {ADDRESS} or PGSERVICE in the environment."
        )
        raise error(message)
    try:
        options: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(given)
    except psycopg.Error:
        message = f"{what}: the address of the database is not understood (not shown here). Expected: {FORMS}."
        raise error(message) from None
    if "@" in str(options.get("dbname", "")) or not re.fullmatch(r"[\d,]*", str(options.get("port", ""))):
        # A password that holds a slash or an at sign parts an address elsewhere than its writer meant.
        message = f"{what}: the address of the database is not understood (not shown here). Expected: {FORMS}."
        raise error(message)
    if address and not may_hold_secret and any(options.get(name) for name in SECRETS):
        message = (
            f"{what}: an address without a password expected, found one in that of {_told(options)}: others can read "
            f"it in the list of programs and in the history of commands. Change it, and put it {SECRET_PLACES}."
        )
        raise error(message)
    return options


def _told(options: Mapping[str, Any]) -> str:
    read = {
        name: " ".join(str(options.get(name) or os.environ.get(variable, "")).split())
        for name, variable in (
            ("service", "PGSERVICE"),
            ("user", "PGUSER"),
            ("host", "PGHOST"),
            ("hostaddr", "PGHOSTADDR"),
            ("port", "PGPORT"),
            ("dbname", "PGDATABASE"),
        )
    }
    if read["service"] and not options.get("host"):
        base = f", database {read['dbname']}" if read["dbname"] else ""
        return f"service {read['service']}{base}"
    user = f"{read['user']}@" if read["user"] else ""
    port = f":{read['port']}" if read["port"] else ""
    return f"postgresql://{user}{read['host'] or read['hostaddr'] or 'localhost'}{port}/{read['dbname']}"


def _with_manners(options: Mapping[str, Any]) -> dict[str, Any]:
    """Add a time limit, a name and an encoding to an address, where it tells none."""
    ours: dict[str, Any] = {**KEEPALIVE, "fallback_application_name": "hp_sig"}
    if not os.environ.get("PGCONNECT_TIMEOUT"):
        ours["connect_timeout"] = CONNECT_TIMEOUT
    return {**ours, **options, "client_encoding": "UTF8"}


def _one_line(failure: Exception, secrets: list[str]) -> str:
    """Give what the server says in one line, without a secret nor a full stop at the end."""
    diagnosis = getattr(failure, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(failure) or type(failure).__name__
    line = " ".join(said.split())
    for secret in secrets:
        line = line.replace(secret, "***")
    return line.rstrip(".")


def _remedy(failure: Exception, *, lost: bool) -> tuple[str, str]:
    state = getattr(failure, "sqlstate", None) or ""
    known = REMEDIES.get(state) or REMEDIES.get(state[:2])
    return known or (LOST if lost else UNKNOWN)
