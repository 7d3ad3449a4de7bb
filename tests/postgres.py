"""A real PostgreSQL with PostGIS for the tests: a cluster of its own on a free port, stopped at the end.

No password is needed for the superuser on the loopback; `scribe` needs one.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

SUPERUSER = "postgres"
#: A role that needs its password, and may create schemas in every fresh database.
SCRIBE, SCRIBE_PASSWORD = "scribe", "s3cr3t-of-scribe"
TEMPLATE = "with_postgis"
#: Places of the server's programs that are not on the path of commands.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
HOST_RULES = f"""
host all {SUPERUSER} 127.0.0.1/32 trust
host all all         127.0.0.1/32 scram-sha-256
"""
SETTINGS = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=40"),
    *("autovacuum=off", "listen_addresses=127.0.0.1", "unix_socket_directories=", "lc_messages=C", "jit=off"),
)
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
serial = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the server listens, and the process of its postmaster."""

    port: int
    programs: Path
    log: Path
    pid: int

    def address(self, database: str, *, user: str = SUPERUSER) -> str:
        """Give the address of a database, without any password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


def programs() -> Path | None:
    """Find the folder of the server's programs."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = [
        path for place in PLACES for path in Path("/").glob(place.removeprefix("/")) if (path / "initdb").exists()
    ]
    return max(places, default=None)


def missing() -> str:
    """Say what the tests lack to start a server; nothing if they can."""
    place = programs()
    if place is None:
        return "no PostgreSQL server (initdb) on this machine"
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not shutil.which("setpriv"):
        return "PostgreSQL does not run as root, and there is no setpriv"
    found = subprocess.run([place / "pg_config", "--sharedir"], capture_output=True, text=True, check=False)
    if not (Path(found.stdout.strip()) / "extension" / "postgis.control").exists():
        return "no PostGIS for this PostgreSQL"
    return ""


needs_postgres = pytest.mark.skipif(bool(missing()), reason=missing() or "PostgreSQL is there")


@contextlib.contextmanager
def postgres_server() -> Iterator[Server]:
    """Make a cluster in a temporary folder, start it on a free port, stop it and clear it at the end."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    place = programs()
    assert place is not None
    # Not below pytest's own folder, which only its user may enter.
    folder = Path(tempfile.mkdtemp(prefix="hp_sig_postgres_"))
    server = None
    try:
        server = _started(place, folder)
        yield server
    finally:
        if server is not None:
            _stop(server.pid)
        shutil.rmtree(folder, ignore_errors=True)


def _as_server(folder: Path) -> list[str]:
    """Give what a command begins with to run as the owner of the cluster: PostgreSQL refuses to run as root."""
    if not shutil.which("setpriv"):
        return []
    # Killed tests leave no server behind.
    ending = ["setpriv", "--pdeathsig=QUIT"]
    if os.geteuid() != 0:
        return ending
    owner = folder.stat()
    return [*ending, f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]


def _started(place: Path, folder: Path) -> Server:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        with contextlib.suppress(LookupError):
            shutil.chown(folder, "nobody", "nogroup")
        with contextlib.suppress(LookupError):
            shutil.chown(folder, SUPERUSER, SUPERUSER)
    data, log = folder / "data", folder / "log"
    made = subprocess.run(
        [*_as_server(folder), place / "initdb", "-D", data, "-U", SUPERUSER, *INITDB],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert made.returncode == 0, made.stderr
    (data / "pg_hba.conf").write_text(HOST_RULES)
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    for _ in range(5):
        port = _free_port()
        with log.open("w") as told:
            process = subprocess.Popen(
                [*_as_server(folder), place / "postgres", "-D", data, "-p", str(port), *settings],
                stdout=told,
                stderr=told,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                start_new_session=True,
            )
        if _listens(process, port):
            break
    else:
        pytest.fail(f"PostgreSQL does not start: {log.read_text()}")
    _processes[process.pid] = process
    server = Server(port=port, programs=place, log=log, pid=process.pid)
    _make_template(server)
    return server


_processes: dict[int, subprocess.Popen] = {}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _listens(process: subprocess.Popen, port: int) -> bool:
    import psycopg  # noqa: PLC0415 - where it is missing, the tests are skipped

    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://{SUPERUSER}@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return True
        time.sleep(0.05)
    process.kill()
    process.wait()
    return False


def _stop(pid: int) -> None:
    """Stop the server at once (its data is thrown away), and wait for the end of its process."""
    process = _processes.pop(pid)
    process.send_signal(signal.SIGQUIT if hasattr(signal, "SIGQUIT") else signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _make_template(server: Server) -> None:
    run(server, "postgres", f"CREATE DATABASE {TEMPLATE}", f"CREATE ROLE {SCRIBE} LOGIN PASSWORD '{SCRIBE_PASSWORD}'")
    run(server, TEMPLATE, "CREATE EXTENSION postgis")


def run(server: Server, database: str, *statements: str) -> None:
    """Run statements one by one as the superuser."""
    import psycopg  # noqa: PLC0415 - where it is missing, the tests are skipped

    with contextlib.closing(psycopg.connect(server.address(database), autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement)


def fresh_database(server: Server, *, postgis: bool = True) -> str:
    """Create a database, with the extension postgis unless told not to; give its address as the superuser."""
    name = f"base_{next(serial)}"
    template = TEMPLATE if postgis else "template0"
    run(
        server,
        "postgres",
        f"CREATE DATABASE {name} TEMPLATE {template}",
        f"GRANT CREATE ON DATABASE {name} TO {SCRIBE}",
    )
    return server.address(name)
