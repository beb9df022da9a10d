"""The ledger: what was created, written down as it happens, so that teardown can prove that all is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from awsfacts import resource_made_by

IDENTIFIES = re.compile(r"(^name|^bucket|Name|Names|Id|Ids|Identifier|Arn|ARN|Url|Bucket|^Rule|^WorkGroup)$")


@dataclass(frozen=True)
class Created:
    """One successful call that created something.

    `service` and `operation` are botocore's names; `names` holds what identifies the thing, from the request
    and from the answer, such as {"StreamName": "de-departures"} or {"Bucket": …, "Location": …}.
    """

    service: str
    operation: str
    region: str
    names: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """What the thing is called among all of its type; None if its type is unknown."""
        resource = resource_made_by(self.service, self.operation)
        members = resource.name.split("/") if resource else []
        found = [self.names[member] for member in members if member in self.names]
        return "/".join(found) if found and len(found) == len(members) else None


class Ledger:
    """An append-only file of `Created` entries, oldest first. It outlives the notebook that wrote it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Created]:
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                yield Created(**json.loads(line))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def add(self, entry: Created) -> None:
        """Write an entry down; the same thing made twice is written once."""
        if entry not in list(self):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps(asdict(entry)) + "\n")

    def remove(self, entry: Created) -> None:
        """Strike an entry out, once the thing is known to be gone."""
        rest = [json.dumps(asdict(other)) + "\n" for other in self if other != entry]
        self.path.write_text("".join(rest))


def created(
    service: str, operation: str, region: str, request: Mapping[str, Any], answer: Mapping[str, Any]
) -> list[Created]:
    """What a successful call created: one thing, or several where the answer lists them, as RunInstances does."""
    resource = resource_made_by(service, operation)
    wanted = resource.name.split("/") if resource else []
    names = identifying(request, answer, wanted=wanted)
    missing = [member for member in wanted if member not in names]
    several = [names | {member: name} for member in missing for name in _listed(answer, member)]
    return [Created(service, operation, region, each) for each in several or [names]]


def identifying(*values: Mapping[str, Any], wanted: Collection[str] = ()) -> dict[str, str]:
    """The names, ids and ARNs in a request and its answer, and the members *wanted*; the first and outermost of a name
    wins: a job's Name, not its command's."""
    found: dict[str, str] = {}
    for value in values:
        for key, item in value.items():
            if isinstance(item, str) and (key in wanted or IDENTIFIES.search(key)):
                found.setdefault(key, item)
        for key, item in value.items():
            if isinstance(item, Mapping) and key != "ResponseMetadata":
                for name, inner in identifying(item, wanted=wanted).items():
                    found.setdefault(name, inner)
    return found


def _listed(answer: Any, member: str) -> Iterator[str]:
    """The texts that *answer* has by that name in its lists."""
    if isinstance(answer, Mapping):
        for key, item in answer.items():
            texts = item if key == member and isinstance(item, list) else [item] if key == member else []
            yield from (text for text in texts if isinstance(text, str))
            yield from _listed(item, member)
    elif isinstance(answer, list):
        for item in answer:
            yield from _listed(item, member)
