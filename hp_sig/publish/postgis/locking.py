"""How do two publishers keep out of each other's way, and how are readers not made to wait?"""

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from psycopg import errors

from hp_sig.errors import OutputError, RefreshBusyError
from hp_sig.publish.postgis.options import WHAT, PostgisOptions

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["hold_alone", "politely"]

Result = TypeVar("Result")

#: Seconds between two tries.
PAUSE = 0.1
#: Milliseconds that a reader may be kept waiting by a try: well under the second after which PostgreSQL looks for
#: deadlocks, and would end a reader's request.
TRY_MS = 200
#: A publisher that no longer answers is dropped by the server, with its locks.
FROZEN = "60s"


def hold_alone(connection: "Connection", options: PostgisOptions) -> None:
    """Hold the schemas of a prefix for one publisher until the end of the transaction.

    Raises
    ------
    RefreshBusyError
        If another publication still runs after the time to wait.
    """
    # A statement must see what the publisher before has written, whatever the database's default is.
    connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    connection.execute(
        "SELECT set_config('search_path', 'pg_catalog, pg_temp', true), set_config('lock_timeout', %s, true), "
        "set_config('idle_in_transaction_session_timeout', %s, true)",
        [f"{_milliseconds(options)}ms", FROZEN],
    )
    number = int.from_bytes(hashlib.sha256(f"hp_sig/{options.prefix}".encode()).digest()[:8], signed=True)
    until = time.monotonic() + options.wait_seconds
    while connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [number]).fetchone() != (True,):
        if options.on_busy == "stop" and time.monotonic() >= until:
            message = (
                f"{WHAT}: another publication to the schemas {options.prefix}* is running since more than "
                f"{options.wait_seconds:g} s. Wait until it ends, then run again. Nothing was changed."
            )
            raise RefreshBusyError(message)
        time.sleep(PAUSE)


def politely(connection: "Connection", change: Callable[[], Result], options: PostgisOptions) -> Result:
    """Change the form of tables and views, all or none, without a queue of readers behind.

    A try waits a moment only and then lets everything go: a reader is never in a deadlock with it, and never waits
    behind a publisher that itself waits for a long reader.

    Parameters
    ----------
    change
        Does it; it may be called several times.

    Raises
    ------
    OutputError
        If somebody holds one of them all the time.
    """
    until = time.monotonic() + options.wait_seconds
    while True:
        try:
            with connection.transaction():
                _limit_locks(connection, TRY_MS)
                result = change()
                _limit_locks(connection, _milliseconds(options))
        except errors.LockNotAvailable:
            if options.on_busy == "stop" and time.monotonic() >= until:
                message = (
                    f"{WHAT}: columns or views of {options.prefix}* must change, and somebody has been reading them in "
                    f"one transaction for more than {options.wait_seconds:g} s. Have them close it (QGIS: close the "
                    "project), then run again. Nothing was changed."
                )
                raise OutputError(message) from None
            time.sleep(PAUSE)
        else:
            return result


def _limit_locks(connection: "Connection", milliseconds: int) -> None:
    connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{milliseconds}ms"])


def _milliseconds(options: PostgisOptions) -> int:
    # 0 would be no limit at all.
    return max(1, round(options.wait_seconds * 1000))
