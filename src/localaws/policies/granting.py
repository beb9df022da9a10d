"""Which services and actions policies give anything of, on whatever resource and under whatever condition.

Source: IAM user guide, "Refine permissions in AWS using last accessed information": a report lists what permissions
policies give, and looks at no other kind of policy.
"""

from __future__ import annotations

from collections.abc import Iterable

from localaws.policies.documents import Policy, Statement


def gives_service(policies: Iterable[Policy], prefix: str) -> bool:
    """Whether *policies* allow an action that begins with *prefix*, as "s3", and do not deny them all."""
    statements = [statement for policy in policies for statement in policy.statements]
    allowed = any(each.effect == "Allow" and _may_mean(each, prefix) for each in statements)
    return allowed and not any(_denies_always(each) and _means_all(each, prefix) for each in statements)


def gives_action(policies: Iterable[Policy], action: str) -> bool:
    """Whether *policies* allow the *action* on anything, and do not deny it on everything."""
    statements = [statement for policy in policies for statement in policy.statements]
    allowed = any(each.effect == "Allow" and each.means_action(action) for each in statements)
    return allowed and not any(_denies_always(each) and each.means_action(action) for each in statements)


def _denies_always(statement: Statement) -> bool:
    everywhere = statement.resources is not None and statement.resources.is_everything
    return statement.effect == "Deny" and everywhere and not statement.conditions


def _may_mean(statement: Statement, prefix: str) -> bool:
    if statement.actions is None:
        return False
    if statement.actions.negated:
        return not _names_all(statement, prefix)
    return any(each == "*" or each.partition(":")[0].lower() == prefix for each in statement.actions.value)


def _means_all(statement: Statement, prefix: str) -> bool:
    if statement.actions is None:
        return False
    if statement.actions.negated:
        return not any(each == "*" or each.partition(":")[0].lower() == prefix for each in statement.actions.value)
    return _names_all(statement, prefix)


def _names_all(statement: Statement, prefix: str) -> bool:
    """Whether one of the patterns stands for whatever begins with *prefix*."""
    assert statement.actions is not None
    return any(each == "*" or each.lower() == f"{prefix}:*" for each in statement.actions.value)
