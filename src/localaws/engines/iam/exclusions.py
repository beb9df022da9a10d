"""Which policies a simulation is to leave out (IAM API reference, PolicyIdentifier)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localaws.engines.iam.attachments import Attachment
from localaws.gateway.errors import AwsError
from localaws.wildcards import matches

Identifier = Mapping[str, Any]


class Exclusions:
    """The policies that *identifiers* mean: each has a PolicyType, a PolicyArn or an InlinePolicyIdentifier.

    Raises InvalidInput for an identifier that cannot mean anything.
    """

    def __init__(self, identifiers: Sequence[Identifier]) -> None:
        for identifier in identifiers:
            _check(identifier)
        self._identifiers = identifiers
        self.types = {each.get("PolicyType") for each in identifiers}

    def mean(self, held: Attachment) -> bool:
        """Whether the policy is to be left out."""
        return any(_means(identifier, held) for identifier in self._identifiers)


def _check(identifier: Identifier) -> None:
    if len(identifier) != 1:
        raise AwsError("InvalidInput", "A policy identifier is a PolicyType, a PolicyArn or an InlinePolicyIdentifier.")
    arn = str(identifier.get("PolicyArn", ""))
    before_name = arn[: arn.rfind("/") + 1]
    if arn.count("*") > 1 or any(wildcard in before_name for wildcard in "*?"):
        raise AwsError("InvalidInput", f"{arn}: wildcards may stand in the policy's name alone, and * only once.")


def _means(identifier: Identifier, held: Attachment) -> bool:
    if "PolicyType" in identifier:
        return bool(identifier["PolicyType"] == held.kind)
    if "PolicyArn" in identifier:
        return bool(held.arn) and matches(identifier["PolicyArn"], held.arn, one="?")
    inline = identifier["InlinePolicyIdentifier"]
    named = inline["PolicyName"], inline["AttachmentType"], inline["AttachmentName"]
    return not held.arn and named == (held.name, held.holder, held.holder_name)
