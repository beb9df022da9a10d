"""Names that are valid on real AWS too, and the same every time a cell runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dehelpers.words.connect import current


@dataclass(frozen=True)
class Rule:
    """What AWS accepts as a name of one kind of resource.

    `worldwide` names are shared by all accounts, so account and region become part of them.
    """

    pattern: str
    words: str  # the pattern, for people
    longest: int
    worldwide: bool = False
    separator: str = "-"


# S3 User Guide, "General purpose bucket naming rules": no dots either, they break TLS for virtual-hosted addresses.
RESERVED_BUCKETS = re.compile(r"^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3|-an)$")
_PLAIN = r"[a-zA-Z0-9_.-]+", "letters, digits, '_', '.' and '-'"
_DASHED = r"[a-zA-Z0-9_-]+", "letters, digits, '_' and '-'"

# The API reference of each service, at its Create operation.
RULES = {
    "bucket": Rule(r"[a-z0-9][a-z0-9-]+[a-z0-9]", "small letters, digits and '-' between them", 63, worldwide=True),
    "stream": Rule(*_PLAIN, 128),
    "firehose": Rule(*_PLAIN, 64),
    "queue": Rule(*_DASHED, 80),
    "topic": Rule(*_DASHED, 256),
    "table": Rule(*_PLAIN, 255),
    "function": Rule(*_DASHED, 64),
    "role": Rule(r"[\w+=,.@-]+", "letters, digits and '_+=,.@-'", 64),
    # A database or a DMS instance, endpoint or task: RDS and DMS have the same rule.
    "instance": Rule(r"[a-zA-Z]([a-zA-Z0-9]|-(?=[a-zA-Z0-9]))*", "letters, digits and single '-', a letter first", 63),
    "workgroup": Rule(*_PLAIN, 128),
    "alarm": Rule(r"[ -~]+", "printable characters", 255),
    # Athena reads these names as SQL ("Name databases, tables, and columns").
    "database": Rule(r"[a-z0-9_]+", "small letters, digits and '_'", 255, separator="_"),
    "statement": Rule(r"[a-zA-Z_][a-zA-Z0-9_@:]+", "letters, digits and '_@:', no digit first", 256, separator="_"),
}


def name(what: str, kind: str = "bucket") -> str:
    """The name of the session's `what`: `name("lake")` is "de-lake-123456789012-us-east-1".

    A bucket's name is unique in the world, by account and region; all other kinds are unique in the account:
    `name("departures", "stream")` is "de-departures", `name("lake", "database")` is "de_lake".

    Parameters:
        what: the word for it, such as "lake".
        kind: what gets the name: bucket, stream, firehose, queue, topic, table, function, role, instance, workgroup,
            alarm, database, statement.

    Raises:
        ValueError: the kind is unknown, or AWS would refuse the name; the message says why.
    """
    if kind not in RULES:
        raise ValueError(f"no naming rule for {kind!r}: choose from {', '.join(RULES)}")
    rule, session = RULES[kind], current()
    parts = [session.prefix, what]
    if rule.worldwide:
        parts += [session.account_id, session.region]
    full = rule.separator.join(part.replace("-", rule.separator) for part in parts)
    if len(full) > rule.longest:
        raise ValueError(f"{full!r} has {len(full)} characters, a {kind} at most {rule.longest}: take a shorter word")
    if not what or not re.fullmatch(rule.pattern, full):
        raise ValueError(f"{full!r} cannot name a {kind}: AWS takes {rule.words}")
    if kind == "bucket" and RESERVED_BUCKETS.search(full):
        raise ValueError(f"{full!r} cannot name a bucket: AWS reserves its beginning or end; change the prefix")
    return full
