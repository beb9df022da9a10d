"""What happens around every boto3 call of this process: the ledger; on real AWS also the guard and the tags.

botocore emits `before-parameter-build` and `after-call` for each call (Boto3 guide, "Extensibility").
Handlers in its list of built-in ones reach every session made later: boto3's, awswrangler's, the reader's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import botocore.handlers

from awsfacts import leaves_something
from dehelpers.words import queries
from dehelpers.words.ledger import created

if TYPE_CHECKING:
    from dehelpers.words.connect import Session

_session: Session | None = None


def install(session: Session) -> None:
    """Make `session` the one whose ledger is written, for all clients created from now on."""
    global _session
    _session = session
    boto3.DEFAULT_SESSION = None  # it may hold other credentials, and has no such handlers


def _before(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    session = _session
    if session is not None and model.name == "StartQueryExecution":
        context["dehelpers-query"] = queries.creates(params, context.get("client_region") or session.region)
    if session is None or not leaves_something(model.service_model.service_name, model.name):
        return
    if session.target == "aws":
        region = context.get("client_region")
        if region not in (session.region, "aws-global", None):
            raise PermissionError(
                f"{model.name} in {region}: you agreed to {session.region} only. "
                f"Create the client without region_name, or connect with consent for {region}."
            )
        _add_tags(params, model, session.tags)
    context["dehelpers"] = params


def _after(http_response: Any, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    session = _session
    if session is None or http_response.status_code >= 300:
        return
    if context.get("dehelpers-query"):
        session.ledger.add(context["dehelpers-query"])
    if "dehelpers" not in context:
        return
    service, region = model.service_model.service_name, context.get("client_region") or session.region
    request = context["dehelpers"]
    for entry in created(service, model.name, region, request, parsed):
        session.ledger.add(entry)
    if session.target == "aws" and (service, model.name) == ("s3", "CreateBucket"):
        # A bucket takes its tags in a second call.
        tags = [{"Key": key, "Value": value} for key, value in session.tags.items()]
        boto3.client("s3").put_bucket_tagging(Bucket=request["Bucket"], Tagging={"TagSet": tags})


def _add_tags(params: dict[str, Any], model: Any, tags: dict[str, str]) -> None:
    """Add `tags` in the form that the operation takes: a map or a list of pairs; nothing if it takes none."""
    for name in ("Tags", "tags"):
        shape = model.input_shape.members.get(name)
        if shape is None:
            continue
        if shape.type_name == "map":
            params[name] = {**tags, **params.get(name, {})}
        elif shape.type_name == "list" and shape.member.type_name == "structure":
            key, value = sorted(shape.member.members, key=lambda member: "value" in member.lower())[:2]
            given = list(params.get(name, []))
            taken = {tag[key] for tag in given}
            params[name] = given + [{key: k, value: v} for k, v in tags.items() if k not in taken]


# Once a process; they do nothing until there is a session.
botocore.handlers.BUILTIN_HANDLERS += [("before-parameter-build", _before), ("after-call", _after)]
