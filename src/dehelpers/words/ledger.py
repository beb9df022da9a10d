"""The ledger: what was created, written down as it happens, so that teardown can prove that all is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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


def identifying(*values: Mapping[str, Any]) -> dict[str, str]:
    """The names, ids and ARNs in a request and its answer; the first mention of a key wins."""
    found: dict[str, str] = {}
    for value in values:
        for key, item in value.items():
            if isinstance(item, Mapping) and key != "ResponseMetadata":
                for name, inner in identifying(item).items():
                    found.setdefault(name, inner)
            elif isinstance(item, str) and IDENTIFIES.search(key):
                found.setdefault(key, item)
    return found
