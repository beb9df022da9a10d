"""Passwords for a while: GetClusterCredentials and GetClusterCredentialsWithIAM, and Serverless's GetCredentials.

Sources: API reference of each; management guide, "Generating database credentials for an IAM identity using the Amazon
Redshift CLI or API".
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.warehouse.talking import Gone

if TYPE_CHECKING:
    from localaws.credentials import Credential
    from localaws.warehouse.cluster import ClusterProcess

SHORTEST, LONGEST = 900, 3600  # seconds
_NAME = re.compile(r"[A-Za-z][\w+.@-]{0,63}", re.ASCII)
_ALPHABET = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True)
class Loan:
    """What a caller is given: with *password* he may come in as *name* until *end* on the lab's clock."""

    name: str
    password: str
    end: datetime


def check_user(name: str) -> None:
    """Raises InvalidParameterValue for a name that a database user cannot have."""
    if not _NAME.fullmatch(name) or name.lower() == "public":
        said = (
            f"The database user name {name!r} is not valid: it has 1 to 64 letters, digits and _ + . @ -, begins with "
            "a letter, and is no reserved word."
        )
        raise AwsError("InvalidParameterValue", said)


def user_of(caller: Credential) -> str:
    """The database user that somebody is by his identity: "IAM:ana" of a user, "IAMR:loader" of a role."""
    if caller.issuer and ":role/" in caller.issuer:
        return f"IAMR:{caller.issuer.rpartition('/')[2]}"
    return f"IAM:{caller.principal.rpartition('/')[2].rpartition(':')[2]}"


def lend(
    lab: Lab,
    process: ClusterProcess,
    name: str,
    user: str,
    database: str,
    groups: Sequence[str],
    creates: bool,
    seconds: int,
) -> Loan:
    """Have the cluster let *user* in as *name*, with a new password, for so many seconds of the lab's clock.

    To *database* only, unless that is "". The machine's clock ends it too: a lab that is stopped takes nothing back.
    """
    loan = Loan(
        name, "".join(secrets.choice(_ALPHABET) for _ in range(64)), lab.clock.now() + timedelta(seconds=seconds)
    )
    process.ask(
        "lend", name=name, password=loan.password, seconds=seconds, user=user, database=database, groups=list(groups),
        creates=creates,
    )  # fmt: skip
    lab.timer.at(loan.end.timestamp(), f"end of a password of {name}", partial(_take_back, process, loan))
    return loan


def _take_back(process: ClusterProcess, loan: Loan) -> None:
    with suppress(Gone):  # with the process all its loans end
        process.ask("take_back", name=loan.name, password=loan.password)
