"""Which runs has a database been given, which of them does it show, and may another one take its place?"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from hp_sig.errors import OutputError
from hp_sig.publish.postgis.options import WHAT, PostgisOptions
from hp_sig.publish.postgis.schemas import Schemas
from hp_sig.publish.publication import Publication, PublishedTable

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["ShownRun", "has_history", "refresh_words", "require_replaceable", "shown_run", "write_refresh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRun:
    """The run that a database shows."""

    run_id: str
    started_at: dt.datetime
    territory: str
    notice: str | None
    fingerprint: str


def has_history(table: PublishedTable) -> bool:
    """Say whether the rows of every run are kept: those of tables, and the attributes of layers of communes."""
    return table.geometry_type is None or table.key == (table.commune,)


def refresh_words(publication: Publication) -> dict[str, str | None]:
    """Give what the table of refreshes tells of a run, its fingerprint and the counts of its tables apart."""

    def told(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)

    return {
        "run_id": publication.run.id,
        "started_at": publication.run.started_at.isoformat(),
        "version": publication.run.version,
        "territory": publication.territory,
        "notice": publication.notice,
        "sources": told([asdict(entry) for entry in publication.sources.values()]),
        "skipped": told(dict(publication.skipped)),
        "warnings": told(list(publication.warnings)),
    }


def shown_run(connection: "Connection", schemas: Schemas) -> ShownRun | None:
    """Look up which run a database shows; None before the first one."""
    query = sql.SQL("SELECT run_id, started_at, territory, notice, fingerprint FROM {} WHERE is_current")
    row = connection.execute(query.format(sql.Identifier(schemas.history, "refreshes"))).fetchone()
    if row is None:
        return None
    return ShownRun(run_id=row[0], started_at=row[1], territory=row[2], notice=row[3], fingerprint=row[4])


def require_replaceable(shown: ShownRun | None, publication: Publication, options: PostgisOptions) -> None:
    """Refuse to put figures in the place of better ones by mistake.

    Raises
    ------
    OutputError
        Over a newer run, another territory, or real figures with those of a sample, unless told to.
    """
    if shown is None or options.on_replace == "accept":
        return
    faults = []
    if shown.territory != publication.territory:
        faults.append(f"the territory {publication.territory!r} would replace {shown.territory!r}")
    if publication.notice is not None and shown.notice is None:
        faults.append(f"figures that are not real ({publication.notice}) would replace real ones")
    if shown.run_id != publication.run.id and shown.started_at > publication.run.started_at:
        faults.append(
            f"the run {publication.run.id} of {publication.run.started_at:%Y-%m-%d %H:%M} would replace a newer one, "
            f"{shown.run_id} of {shown.started_at:%Y-%m-%d %H:%M}"
        )
    if faults:
        message = (
            f"{WHAT}: {'; '.join(faults)} in the schemas {options.prefix}*. Publish with another prefix, or accept it "
            "(on_replace). Nothing was changed."
        )
        raise OutputError(message)


def write_refresh(
    connection: "Connection",
    schemas: Schemas,
    words: Mapping[str, str | None],
    *,
    fingerprint: str,
    rows: Mapping[str, int],
) -> None:
    """Tell a run in the table of refreshes, as the one that is shown."""
    table = sql.Identifier(schemas.history, "refreshes")
    values = {**words, "table_rows": json.dumps(rows), "fingerprint": fingerprint}
    connection.execute(sql.SQL("UPDATE {} SET is_current = false WHERE is_current").format(table))
    connection.execute(
        sql.SQL(
            "INSERT INTO {} (run_id, started_at, version, territory, notice, sources, skipped, warnings, table_rows, "
            "fingerprint, is_current) VALUES (%(run_id)s, %(started_at)s, %(version)s, %(territory)s, %(notice)s, "
            "%(sources)s, %(skipped)s, %(warnings)s, %(table_rows)s, %(fingerprint)s, true) "
            "ON CONFLICT (run_id) DO UPDATE SET (started_at, version, territory, notice, sources, skipped, warnings, "
            "table_rows, fingerprint, is_current, published_at, published_by) = (EXCLUDED.started_at, "
            "EXCLUDED.version, EXCLUDED.territory, EXCLUDED.notice, EXCLUDED.sources, EXCLUDED.skipped, "
            "EXCLUDED.warnings, EXCLUDED.table_rows, EXCLUDED.fingerprint, true, now(), session_user)"
        ).format(table),
        values,
    )
