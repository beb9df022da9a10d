"""The policy of a function, a version or an alias (Lambda developer guide, "Resource-based policies in Lambda")."""

from __future__ import annotations

import json

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
from moto.awslambda.models import lambda_backends

from localaws.lab import Lab
from localaws.resource_policies import ResourcePolicy, backend_of


def policy_of(lab: Lab, arn: str, action: str) -> ResourcePolicy | None:
    """Of what is no function, such as an event source mapping, None."""
    kind, _, name = arn.split(":", 5)[5].partition(":")
    engine = backend_of(lambda_backends, arn)
    if kind != "function":
        return None
    if engine is None:
        return ResourcePolicy(exists=False)
    name, _, qualifier = name.partition(":")
    try:
        function = engine.get_function(name, qualifier or None)
    except (UnknownFunctionException, UnknownAliasException):
        return ResourcePolicy(exists=False)
    statements = function.policy.statements
    return ResourcePolicy(json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else "")
