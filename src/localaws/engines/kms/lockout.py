"""The safety check of a new key policy: whoever writes it has to be able to write the next one.

Source: KMS API reference, CreateKey and PutKeyPolicy, BypassPolicyLockoutSafetyCheck; developer guide, "Default key
policy": a key that nobody manages can be had back from AWS's support only.
"""

from __future__ import annotations

from localaws.authorization import keys_of_caller
from localaws.credentials import Credential
from localaws.gateway.errors import AwsError
from localaws.policies.documents import Wish, read
from localaws.policies.patterns import Context

_ACTION = "kms:PutKeyPolicy"


def check_lockout(caller: Credential, policy: str, arn: str) -> None:
    """Raises MalformedPolicyDocumentException if *policy* does not let *caller* change it, on the key *arn*."""
    wish = Wish(caller.as_principal, _ACTION, arn, caller.account_id, Context(keys_of_caller(caller)))
    given = {
        effect: any(each.fits(wish) and each.names(wish.principal) for each in statements)
        for effect, statements in read(arn, policy).by_effect.items()
    }
    if not given["Allow"] or given["Deny"]:
        said = "The new key policy will not allow you to update the key policy in the future."
        raise AwsError("MalformedPolicyDocumentException", said)
