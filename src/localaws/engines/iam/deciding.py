"""Who may do what: the policies of the caller, of the resource and of the organization, put before the evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from localaws.authorization import Request
from localaws.credentials import Credential
from localaws.engines.iam.identities import Identity, boundary_of, identity_of
from localaws.engines.organizations.control import control_of, membership_of
from localaws.lab import Lab
from localaws.policies.documents import Element, Policy, Statement, Wish, read
from localaws.policies.evaluation import IDENTITY, Policies, Verdict, decide
from localaws.policies.patterns import Context, ResourceContext, Values
from localaws.resource_policies import ResourcePolicy, resource_policy
from localaws.resource_tags import tag_keys

#: What services do for themselves by their service-linked roles, which no account can change: the beginnings of actions
#: ("Using service-linked roles", IAM user guide, and each service's page of that name).
_LINKED = {
    "access-analyzer.amazonaws.com": (
        *("iam:List", "kms:GetKeyPolicy", "kms:ListKeys", "lambda:GetPolicy", "lambda:ListFunctions"),
        *("s3:GetBucketP", "s3:ListAllMyBuckets", "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecrets"),
        *("sns:GetTopicAttributes", "sns:ListTopics", "sqs:GetQueueAttributes", "sqs:ListQueues"),
    ),
    "cloudwatch.amazonaws.com": ("cloudwatch:PutMetricData",),
    "events.amazonaws.com": ("events:PutEvents",),
    "dms.amazonaws.com": ("ec2:Describe", "logs:"),
    "kinesis.amazonaws.com": ("kms:DescribeKey",),
    "lambda.amazonaws.com": ("ec2:Describe",),
    "rds-data.amazonaws.com": ("rds:Describe",),
    "redshift-data.amazonaws.com": ("redshift:Describe", "redshift-serverless:Get", "events:PutEvents"),
    "rds.amazonaws.com": ("secretsmanager:",),
    "redshift.amazonaws.com": ("secretsmanager:",),
    "redshift-serverless.amazonaws.com": ("secretsmanager:",),
    "s3.amazonaws.com": ("events:PutEvents",),
}
#: Callers whose policies are remembered.
_MOST_KEPT = 1000
#: What counts for other accounts where a resource is closed to them: "any denial … is explicit" (S3 user guide,
#: "Access denied due to block public access settings").
_CLOSED = Policy("RestrictPublicBuckets", (Statement("Deny", principals=Element("*")),))
#: What everybody may do, whatever policies say (STS API reference, GetCallerIdentity and GetSessionToken).
_FREE = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
#: What the root user of the account that has a bucket may do, whatever its policy denies, so that nobody is shut out of
#: his own (S3 API reference, PutBucketPolicy).
_ROOT_MAY = {"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"}


class Decider:
    """Decides each request from what IAM and the resources have at that moment."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._identities: dict[tuple[str, str, str], tuple[int, Identity]] = {}

    def __call__(self, request: Request) -> str | None:
        """Why *request* is refused; None if it is not."""
        if request.action in _FREE:
            return None
        identity = self._identity_of(request.caller)
        context = _keys_of(request, identity)
        for resource in request.resources:
            verdict = self._verdict(request, identity, context, resource)
            if not verdict.allowed:
                named = f'"{resource}"' if request.service == "s3" else resource
                return f"on resource: {named} {verdict.reason(request.action)}"
        return None

    def _identity_of(self, caller: Credential) -> Identity:
        """That of *caller*, kept until something in IAM changes."""
        generation, who = self._lab.state.generations["iam"], (caller.principal, caller.user_id, caller.issuer)
        kept = self._identities.get(who)
        if kept is None or kept[0] != generation:
            if len(self._identities) >= _MOST_KEPT:
                self._identities.clear()
            kept = self._identities[who] = generation, identity_of(caller, self._lab.owner)
        return kept[1]

    def _verdict(self, request: Request, identity: Identity, context: Context, resource: str) -> Verdict:
        caller = request.caller
        if caller.kind == "AWSService" and request.action.startswith(_LINKED.get(caller.principal, ())):
            return Verdict(True, IDENTITY)
        held = resource_policy(self._lab, resource, request.action)
        if held and not held.exists and caller.kind == "AWSService":
            return Verdict(True, IDENTITY)  # it will be told that there is nothing
        resource = (held.arn if held else "") or resource
        owner = (held.owner if held else "") or _account_in(resource) or caller.account_id
        late = ResourceContext(context, partial(self._late_keys, caller, resource, owner, context))
        wish = Wish(caller.as_principal, request.action, resource, owner, late)
        written = read(resource, held.document) if held and held.document else None
        if held and held.closed and caller.account_id != owner and caller.kind != "AWSService":
            written = _CLOSED
        if caller.as_principal.is_root and caller.account_id == owner and request.action in _ROOT_MAY:
            written = None
        return decide(wish, self._policies(caller, identity, written, held or ResourcePolicy()))

    def _late_keys(self, caller: Credential, resource: str, owner: str, context: Context) -> Values:
        """The condition keys of the *resource*, and of both's organizations ("AWS global condition context keys")."""
        keys: dict[str, str | Iterable[str]] = {"aws:ResourceAccount": owner, "s3:ResourceAccount": owner}
        accounts = {"Resource": owner, **({"Principal": caller.account_id} if caller.kind != "AWSService" else {})}
        for whose, account in accounts.items():
            if found := membership_of(self._lab, account):
                keys |= {f"aws:{whose}OrgID": found[0], f"aws:{whose}OrgPaths": [found[1]]}
        return {**keys, **tag_keys(self._lab, resource, context)}

    def _policies(
        self, caller: Credential, identity: Identity, written: Policy | None, held: ResourcePolicy
    ) -> Policies:
        return Policies(
            identity=identity.policies,
            resource=written,
            boundary=identity.boundary,
            session=_session_of(caller),
            control=control_of(self._lab, caller.account_id),
            resource_kind=held.kind,
            resource_decides=held.decides,
        )


def _keys_of(request: Request, identity: Identity) -> Context:
    """Those of the request, and behind them what IAM has: a session's tags stand before its role's."""
    behind = {f"aws:PrincipalTag/{name}": tag for name, tag in identity.tags().items()} | _bounds(request)
    return Context(lambda: {**behind, **request.context}) if behind else request.context


def _bounds(request: Request) -> dict[str, str]:
    """The boundary that bounds already whom a call of IAM would change."""
    bounds = [boundary_of(arn) for arn in request.resources] if request.service == "iam" else []
    return {"iam:PermissionsBoundary": bounds[0]} if any(bounds) else {}


def _session_of(caller: Credential) -> tuple[Policy, ...] | None:
    """The policies that limit a session; a federated user has no more than these give."""
    if not caller.policies and caller.kind != "FederatedUser":
        return None
    return tuple(read(f"session policy {number}", each) for number, each in enumerate(caller.policies, 1))


def _account_in(resource: str) -> str:
    """Whose *resource* is, as far as its ARN tells; what is AWS's own, a managed policy, is everybody's."""
    account = resource.split(":", 5)[4] if resource.count(":") >= 5 else ""
    return "" if account == "aws" else account
