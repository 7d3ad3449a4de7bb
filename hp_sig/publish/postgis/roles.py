"""Who owns the schemas and who may read them? Roles and grants are touched only when asked."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from psycopg import sql

from hp_sig.errors import OutputError, some
from hp_sig.publish.postgis.catalogue import Relation, execute_all
from hp_sig.publish.postgis.locking import politely
from hp_sig.publish.postgis.options import WHAT, PostgisOptions
from hp_sig.publish.postgis.schemas import Schemas, owner_of

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

__all__ = ["become_owner", "grant_reading"]


def become_owner(
    connection: "Connection",
    schemas: Schemas,
    present: Mapping[str, tuple[str, str]],
    there: Mapping[tuple[str, str], Relation],
    options: PostgisOptions,
) -> None:
    """Create the schemas that are missing, and go on as their owner until the end of the transaction.

    What is created later belongs to that owner, so that whoever publishes next may write to it, and the rights that
    the owner gives by default hold for it.

    Parameters
    ----------
    present, there
        Schemas and relations that are there.

    Raises
    ------
    OutputError
        If the owner is a role that this user is no member of, or a role asked for is not one of a group.
    """
    if options.roles is not None:
        _create_roles(connection, options.roles)
    owner = options.roles[0] if options.roles is not None else owner_of(present, schemas)
    theirs = sql.SQL("") if owner is None else sql.SQL(" AUTHORIZATION {}").format(sql.Identifier(owner))
    execute_all(
        connection,
        [
            sql.SQL("CREATE SCHEMA {}{}").format(sql.Identifier(name), theirs)
            for name in schemas.all()
            if name not in present
        ],
    )
    if owner is None:
        return
    if options.roles is not None:
        _hand_over(connection, owner, present, there, options)
    _become(connection, owner)


def _become(connection: "Connection", owner: str) -> None:
    row = connection.execute(
        "SELECT current_user::text, current_user = %(owner)s, pg_has_role(current_user, %(owner)s, 'MEMBER')",
        {"owner": owner},
    ).fetchone()
    user, is_owner, is_member = row or ("", False, False)
    if is_owner:
        return
    if not is_member:
        message = (
            f"{WHAT}: the schemas belong to the role {owner}, of which {user} is no member. Ask the administrator of "
            f'the database for it: GRANT "{owner}" TO "{user}". Nothing was changed.'
        )
        raise OutputError(message)
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))


def _create_roles(connection: "Connection", roles: tuple[str, str]) -> None:
    found = connection.execute(
        "SELECT rolname, rolcanlogin OR rolsuper FROM pg_roles WHERE rolname = ANY(%s)", [list(roles)]
    ).fetchall()
    users = sorted(name for name, is_user in found if is_user)
    if users:
        message = (
            f"{WHAT}: roles of groups expected (NOLOGIN), found {some(users)}, which connects or is an administrator. "
            "Choose other names: people are then made members of the groups. Nothing was changed."
        )
        raise OutputError(message)
    missing = [role for role in roles if role not in {name for name, _ in found}]
    statements: list[sql.Composable] = [
        sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(one)) for one in missing
    ]
    if roles[0] in missing:
        statements.append(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(roles[0])))
    execute_all(connection, statements)


def _hand_over(
    connection: "Connection",
    owner: str,
    present: Mapping[str, tuple[str, str]],
    there: Mapping[tuple[str, str], Relation],
    options: PostgisOptions,
) -> None:
    """Give the schemas and relations of ours that belong to somebody else to their new owner."""
    ours = {place: one for place, one in there.items() if one.is_ours and one.owner != owner}
    role = sql.Identifier(owner)
    statements = [
        sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(sql.Identifier(name), role)
        for name, (whose, _) in present.items()
        if whose != owner
    ]
    statements += [
        sql.SQL("ALTER {} {} OWNER TO {}").format(
            sql.SQL("VIEW" if one.kind == "v" else "TABLE"), sql.Identifier(*place), role
        )
        for place, one in sorted(ours.items())
    ]
    politely(connection, lambda: execute_all(connection, statements), options)


def grant_reading(connection: "Connection", schemas: Schemas, reader: str, places: Iterable[tuple[str, str]]) -> None:
    """Let a role read our tables and views, those of today and those of the next publications, and nothing else."""
    role = sql.Identifier(reader)
    names = sql.SQL(", ").join(sql.Identifier(name) for name in schemas.all())
    relations = sql.SQL(", ").join(sql.Identifier(*place) for place in sorted(places))
    execute_all(
        connection,
        [
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(names, role),
            sql.SQL("GRANT SELECT ON {} TO {}").format(relations, role),
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {}").format(names, role),
        ],
    )
