"""The accounts of an instance: its master user, and the roles that AWS gives it instead of superuser.

Sources: RDS user guide, "Master user account privileges" and "Understanding the rds_superuser role"; API reference,
CreateDBInstance.
"""

from __future__ import annotations

import re
import secrets
import string

from moto.rds.exceptions import InvalidParameterValue
from psycopg import sql

_RESERVED = {"admin", "rdsadmin", "rds_superuser", "rds_replication", "rdsrepladmin", "public", "none"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def check_master(name: str | None, password: str | None, managed: bool) -> None:
    """Raise InvalidParameterValue for a master user's name or password that RDS refuses.

    *managed*: the password is Secrets Manager's, and none may be given.
    """
    if not name or not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            "The parameter MasterUsername must be 1 to 63 letters, numbers or underscores, and begin with a letter."
        )
    if name.lower() in _RESERVED or name.lower().startswith("pg_"):
        raise InvalidParameterValue(f"MasterUsername {name} cannot be used as it is a reserved word used by the engine")
    if managed and password:
        raise InvalidParameterValue("You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.")
    if not managed:
        check_password(password)


def check_password(password: str | None) -> None:
    """Raise InvalidParameterValue for a password that RDS refuses."""
    if not password:
        raise InvalidParameterValue("The parameter MasterUserPassword must be provided and must not be blank.")
    if not 8 <= len(password) <= 128 or not password.isprintable() or set(password) & set('/@" '):
        raise InvalidParameterValue(
            "The parameter MasterUserPassword is not a valid password. Use 8 to 128 printable ASCII characters "
            "besides '/', '@', '\"', ' '."
        )


def check_database(name: str) -> None:
    """Raise InvalidParameterValue for a DBName that RDS refuses."""
    if not _NAME.fullmatch(name) or name.lower() in ("postgres", "rdsadmin", "template0", "template1"):
        raise InvalidParameterValue(
            f"DBName {name} cannot be used. It must be 1 to 63 letters, numbers or underscores, and no system database."
        )


def new_password() -> str:
    """As Secrets Manager makes one for RDS: 28 characters."""
    return "".join(secrets.choice(string.ascii_letters + string.digits + "!#$%&*+-=?_") for _ in range(28))


def first_statements(master: str, database: str | None) -> list[sql.Composed | str]:
    """What makes an empty server an instance of *master*'s, with *database* if one is asked for.

    *master* has no password yet, and so cannot log in.
    """
    user = sql.Identifier(master)
    # On RDS, membership of rds_replication is enough for a slot; here PostgreSQL wants the attribute.
    statements: list[sql.Composed | str] = [
        "CREATE ROLE rds_replication",
        "CREATE ROLE rds_superuser",
        "GRANT pg_monitor, pg_signal_backend, pg_checkpoint, rds_replication TO rds_superuser WITH ADMIN OPTION",
        sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE REPLICATION VALID UNTIL 'infinity'").format(user),
        sql.SQL("GRANT rds_superuser TO {} WITH ADMIN OPTION").format(user),
        sql.SQL("ALTER DATABASE postgres OWNER TO {}").format(user),
    ]
    if database:
        statements.append(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), user))
    return statements
