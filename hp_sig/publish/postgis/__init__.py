"""How do the figures of a run come into a PostGIS database, for every reader at the same moment?"""

from hp_sig.errors import OutputError
from hp_sig.publish.postgis.options import WHAT, PostgisOptions, PostgisRecord, require_options
from hp_sig.publish.publication import Publication
from hp_sig.sources.database import require_psycopg

__all__ = ["PostgisOptions", "PostgisRecord", "publish_postgis"]


def publish_postgis(
    publication: Publication, address: str | None = None, *, options: PostgisOptions | None = None
) -> PostgisRecord:
    """Write a run to a PostGIS database: one schema a theme, views for QGIS, and the history of all runs.

    All in one transaction: a reader sees the old run or the new one. Nothing that is not ours is changed or dropped;
    the same run published twice changes nothing.

    Parameters
    ----------
    publication
        What the run publishes.
    address
        Where the database is, without any password, as in :func:`hp_sig.sources.database.connect`.
    options
        Names, roles, and what to do where something stands in the way.

    Raises
    ------
    OutputError
        In one line, without any secret; the database stays as it was. `RefreshBusyError` if another publication runs.
    """
    chosen = options or PostgisOptions()
    require_options(chosen)
    require_psycopg(what=WHAT, error=OutputError)
    from hp_sig.publish.postgis.publishing import publish  # noqa: PLC0415 - psycopg is an optional dependency

    return publish(publication, address, chosen)
