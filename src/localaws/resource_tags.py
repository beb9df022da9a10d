"""The tags of a resource, for conditions that ask for them: aws:ResourceTag/name, and what services call it.

Sources: IAM user guide, "AWS global condition context keys" (aws:ResourceTag) and "Controlling access to AWS resources
using tags"; service authorization reference, the condition keys of each service. Looked up when a policy asks: no
service is asked otherwise. A resource that is not there has no tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localaws.backends import backends_of
from localaws.policies.patterns import Context, Values

if TYPE_CHECKING:
    from localaws.lab import Lab

Tags = Mapping[str, str]
_Reader = Callable[[Any, str], Tags]


def tag_keys(lab: Lab, arn: str, context: Context) -> Values:
    """The condition keys that the tags of the resource *arn* give; *context* are those of the request."""
    if arn.startswith("arn:aws:s3:::"):
        version = next(iter(context.get("s3:VersionId", ())), None)
        return {f"s3:ExistingObjectTag/{name}": tag for name, tag in _of_object(lab, arn, version).items()}
    service = arn.split(":", 3)[2] if arn.count(":") >= 5 else ""
    if service not in _READERS:
        return {}
    keys = ("aws:ResourceTag", *_OWN_KEYS.get(service, (f"{service}:ResourceTag",)))
    return {f"{key}/{name}": tag for name, tag in _tags_of(lab, service, arn).items() for key in keys}


def _tags_of(lab: Lab, service: str, arn: str) -> Tags:
    moto, reader = _READERS[service]
    assert lab.install is not None, "the lab is not serving yet"
    lab.install(moto)
    _, _, _, region, account, _ = arn.split(":", 5)
    by_region = backends_of(moto).get(account)
    backend = by_region.get(region or "aws") if by_region else None
    return reader(backend, arn) if backend else {}


def _of_object(lab: Lab, arn: str, version_id: str | None) -> Tags:
    from moto.s3.models import s3_backends

    bucket_name, _, key_name = arn.split(":", 5)[5].partition("/")
    owner = s3_backends.bucket_accounts.get(bucket_name)
    backend = s3_backends[owner[1]][owner[0]] if owner and key_name else None
    if backend is None or bucket_name not in backend.buckets:
        return {}
    versions = backend.buckets[bucket_name].keys.getlist(key_name, [])
    wanted = [each for each in versions if version_id in (None, each.version_id)]
    tagger = backend.tagger
    return dict(tagger.get_tag_dict_for_resource(wanted[-1].arn)) if wanted and hasattr(wanted[-1], "arn") else {}


def _as_dict(tags: Any) -> Tags:
    """Of a list of names and values, as most services keep them."""
    if isinstance(tags, Mapping):
        return {str(name): str(tag or "") for name, tag in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value") or "") for tag in tags or ()}


def _tagger(key_of: Callable[[str], str] = str) -> _Reader:
    """Of a service that keeps all tags by the ARN of what has them, or by what *key_of* makes of it."""
    return lambda backend, arn: _as_dict(backend.tagger.get_tag_dict_for_resource(key_of(arn)))


def _listed(main: Callable[[str], str] = str) -> _Reader:
    """Of a service whose resources have them; *main* gives the ARN of the resource that an *arn* belongs to."""

    def read(backend: Any, arn: str) -> Tags:
        wanted = main(arn)
        return next((_as_dict(each.tags) for each in backend.iter_tagged_resources() if each.arn == wanted), {})

    return read


def _identity(iam: Any, arn: str) -> Tags:
    """Of a user, a role or a managed policy."""
    user = next((each for each in iam.users.values() if each.arn == arn), None)
    if user:
        return _as_dict(iam.tagger.get_tag_dict_for_resource(arn))
    role = next((each for each in iam.roles.values() if each.arn == arn), None)
    if role:
        return _as_dict(role.tags)
    policy = iam.managed_policies.get(arn)
    return {name: each["Value"] for name, each in policy.tags.items()} if policy else {}


def _attribute(collection: str, tags: str = "tags") -> _Reader:
    """Of a resource in the *collection* of a backend that has an ``arn``."""

    def read(backend: Any, arn: str) -> Tags:
        found = (each for each in list(getattr(backend, collection).values()) if each.arn == arn)
        return next((_as_dict(getattr(each, tags)) for each in found), {})

    return read


def _up_to(number: int, separator: str = ":") -> Callable[[str], str]:
    """An ARN without what follows its first *number* parts: the version of a function, the stream of a log group."""
    return lambda arn: separator.join(arn.split(separator)[:number])


#: By the service's name in ARNs: moto's name of it, and where it has tags.
_READERS: dict[str, tuple[str, _Reader]] = {
    "athena": ("athena", _tagger()),
    "cloudwatch": ("cloudwatch", _tagger()),
    "dms": ("dms", _tagger()),
    "dynamodb": ("dynamodb", _listed(_up_to(2, "/"))),
    "ec2": ("ec2", _listed()),
    "ecr": ("ecr", _tagger()),
    "elasticmapreduce": ("emr", _attribute("clusters", "_tags")),
    "events": ("events", _tagger()),
    "firehose": ("firehose", _tagger()),
    "glue": ("glue", _tagger()),
    "iam": ("iam", _identity),
    "kinesis": ("kinesis", _attribute("streams")),
    "kms": ("kms", _tagger(lambda arn: arn.rpartition("/")[2])),
    "lambda": ("lambda", _listed(_up_to(7))),
    "logs": ("logs", _tagger(_up_to(7))),
    "rds": ("rds", _listed()),
    "secretsmanager": ("secretsmanager", _listed()),
    "sns": ("sns", _listed()),
    "sqs": ("sqs", _listed()),
    "ssm": ("ssm", _listed()),
    "states": ("stepfunctions", _tagger()),
}
#: What services call it themselves, where it is not "service:ResourceTag" or has no name of theirs.
_NONE: tuple[str, ...] = ()
_OWN_KEYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("athena", "cloudwatch", "dms", "dynamodb", "events", "firehose", "glue", "kinesis"), _NONE),
    **dict.fromkeys(("kms", "lambda", "logs", "sns", "sqs", "states"), _NONE),
}
