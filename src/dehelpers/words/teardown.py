"""Delete everything the session created, then look again: a resource left behind is an error, not a surprise bill."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from awsfacts import Resource, in_order_of_deletion, resource_made_by, resources, services
from dehelpers.errors import LabError, TeardownError, WaitError
from dehelpers.words.clients import client
from dehelpers.words.connect import PART, Session, current
from dehelpers.words.secure import https
from dehelpers.words.waiting import GONE, NOT_FOUND, wait

#: Services of the course, in which the AWS CLI or another program of the reader's may have made something under the
#: session's prefix. Elsewhere only what the ledger or a tag tells of is looked for: a service's first call is dear.
SEARCHED = frozenset(
    "athena cloudwatch dms dynamodb firehose glue iam kinesis lambda logs rds s3 secretsmanager sns sqs".split()
)
_SETTLE_SECONDS = 1_200.0  # what AWS may take to delete a database or a replication instance


@dataclass(frozen=True)
class Type:
    """A type of resource as teardown works with it."""

    service: str
    resource: Resource

    def key(self, address: str) -> str:
        """What the ledger calls the one that is listed as *address*."""
        return address.partition("/")[0] if self.resource.by_id else _short(address)

    def label(self, address: str) -> str:
        """Such as "bucket de-lake-123456789012-us-east-1"."""
        return f"{self.resource.title} {self.key(address)}"

    def names(self, region: str) -> Iterator[str]:
        """The names of all that exist in a region, somebody else's too. A queue or topic is listed by its address."""
        assert self.resource.list
        yield from self.resource.list(self._client(region))

    def delete(self, region: str, address: str) -> None:
        """Delete one; returns once nothing that it uses is held by it any more."""
        assert self.resource.delete
        name = self.key(address) if self.resource.by_id else address
        self.resource.delete(self._client(region), name, settle)

    def _client(self, region: str) -> Any:
        """A bucket's policy may deny whatever does not come over TLS, its deletion too."""
        place = {}
        if self.service == "s3":
            with suppress(LabError):  # an endpoint that is not the lab's may have no TLS
                place = https()
        return client(self.service, region, **place)


@cache
def types() -> dict[str, Type]:
    """All types of resources that teardown can find and delete, by "service:type", in the order of deletion."""
    ordered = {key: resources()[key] for key in in_order_of_deletion()}
    return {key: Type(key.partition(":")[0], each) for key, each in ordered.items() if each.is_deletable}


def settle(check: Callable[[], bool], what: str) -> None:
    """Wait until *check* is true of *what*."""
    wait(check, until=True, what=what, timeout=_SETTLE_SECONDS, quiet=True)


def teardown(timeout: float = 120.0) -> None:
    """Delete what the session created, wait until it is gone, and assert that nothing is left. Safe to run twice.

    The session's own is what its ledger lists (also from earlier runs that never got here), what bears its tags, and
    in the lab all that has its prefix: what belongs to its part, and nothing of another part. On real AWS a mere prefix
    proves nothing: such resources are left alone and named, unless the name ends in account and region as `name` writes
    it.

    Parameters:
        timeout: seconds to wait for each resource to be gone.

    Raises:
        TeardownError: something is still there; the message names it.
    """
    session = current()
    gone: Counter[str] = Counter()  # by title
    faults: dict[str, str] = {}

    def delete(each: Type, region: str, address: str) -> None:
        try:
            each.delete(region, address)
            gone[each.resource.title] += 1
        except ClientError as error:
            if not _absent(error):
                faults[each.label(address)] = f": {error}"
        except WaitError as error:
            faults[each.label(address)] = f": {error}"

    def left() -> list[str]:
        labels = [each.label(address) for each, _, address in _own(session)]
        return [label for label in labels if label not in faults]

    for found in list(_own(session)):
        delete(*found)

    try:
        wait(lambda: ", ".join(left()) or GONE, until=GONE, what="teardown", timeout=timeout, quiet=True)
    except WaitError:
        faults |= {label: f": still there after {timeout:g} s" for label in left()}
    for known in _unlisted(session):
        delete(*known)
    faults |= _strike(session, faults)
    if faults:
        lines = [label + fault for label, fault in faults.items()]
        raise TeardownError("\n- ".join(["teardown could not delete", *lines]) + "\nMend the cause and run it again.")
    what = ", ".join(_count(gone[title], title) for title in sorted(gone, key=str.lower)) or "nothing to delete"
    print(textwrap.fill(f"Teardown: {what}. Nothing is left.", 96))  # JupyterLab breaks longer lines within a word
    strangers = sorted(_strangers(session))
    if strangers:
        print("Not this session's, left alone: " + ", ".join(strangers))


def _unlisted(session: Session) -> Iterator[tuple[Type, str, str]]:
    """What only the ledger tells of, such as a table in a database. If that was the session's own, it went along; in
    somebody else's it is still there."""
    for entry in session.ledger:
        resource, name = resource_made_by(entry.service, entry.operation), entry.name
        if resource and resource.delete and not resource.list and name:
            yield Type(entry.service, resource), entry.region, name


def _regions(session: Session, each: Type) -> set[str]:
    elsewhere = {entry.region for entry in session.ledger if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", entry.region)}
    return {session.region} if each.resource.is_global else {session.region} | elsewhere


def _own(session: Session) -> Iterator[tuple[Type, str, str]]:
    """All that is the session's and exists now: its type, region and address."""
    tagged, entries = _tagged(session), list(session.ledger)
    made = [(resource_made_by(entry.service, entry.operation), entry) for entry in entries]
    logs = {resource.logs + (entry.name or "") for resource, entry in made if resource and resource.logs}
    searched = SEARCHED | {service for service, _ in tagged}
    for each in types().values():
        listed = {each.key(entry.name) for resource, entry in made if resource is each.resource and entry.name}
        if not listed and each.service not in searched:
            continue
        for region in sorted(_regions(session, each)):
            for address in each.names(region):
                name = _short(address)
                own_log = each.service == "logs" and name in logs
                if each.key(address) in listed or own_log or (each.service, name) in tagged or _proves(session, name):
                    yield each, region, address


def _proves(session: Session, name: str) -> bool:
    """Whether a name by itself shows that the session made it."""
    if session.target != "aws":
        return _has_prefix(session, name)
    return name.startswith(f"{session.prefix}-") and name.endswith(f"-{session.account_id}-{session.region}")


def _has_prefix(session: Session, name: str) -> bool:
    """Whether a name begins with the session's prefix; a part's names are not those of the session without a part."""
    prefix = re.escape(session.prefix.replace("_", "-"))
    return bool(re.match(rf"{prefix}-(?!{PART.pattern}-)", name.rpartition("/")[2].replace("_", "-")))


def _tagged(session: Session) -> set[tuple[str, str]]:
    """(service, name) of all in the account that bears the session's tags. Only real AWS is tagged."""
    if session.target != "aws":
        return set()
    filters = [{"Key": key, "Values": [value]} for key, value in session.tags.items()]
    tagged = client("resourcegroupstaggingapi", session.region)
    arns = [
        item["ResourceARN"]
        for page in tagged.get_paginator("get_resources").paginate(TagFilters=filters)
        for item in page["ResourceTagMappingList"]
    ]
    named = [(each.name, each.in_arns or each.name) for each in services().values()]
    return {(service, _short(arn)) for arn in arns for service, word in named if word == arn.split(":")[2]}


def _strangers(session: Session) -> Iterator[str]:
    """What only looks like the session's: it has the prefix, but nothing shows that the session made it."""
    if session.target != "aws":
        return
    for each in types().values():
        if each.service in SEARCHED:
            for address in each.names(session.region):
                if _has_prefix(session, _short(address)):
                    yield f"{each.resource.title} {_short(address)}"


def _strike(session: Session, faults: Mapping[str, str]) -> dict[str, str]:
    """Strike out of the ledger what is proved gone; what no type covers is a leftover."""
    unknown = {}
    for entry in list(session.ledger):
        resource = resource_made_by(entry.service, entry.operation)
        if resource and (resource.delete or resource.part_of):
            if Type(entry.service, resource).label(entry.name or "") not in faults:
                session.ledger.remove(entry)
        else:
            label = f"{entry.service} {entry.operation} {next(iter(entry.names.values()), '')}"
            unknown[label] = ": teardown does not know this kind, delete it yourself"
    return unknown


def _count(number: int, title: str) -> str:
    """Such as "2 IAM policies"."""
    return f"{number} {title if number == 1 else re.sub('y$', 'ie', title) + 's'}"


def _absent(error: ClientError) -> bool:
    """Whether AWS says that there is nothing to delete: it went together with something else."""
    code: str = error.response["Error"]["Code"]
    return any(part in code for part in NOT_FOUND)


def _short(address: str) -> str:
    """The name at the end of a queue's URL or an ARN."""
    if address.startswith("http"):
        return address.rstrip("/").rpartition("/")[2]
    if address.startswith("arn:"):
        return re.split("[:/]", address.split(":", 5)[5])[-1]
    return address
