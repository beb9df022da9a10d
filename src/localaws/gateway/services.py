"""Which service a request is for: one answer, for whoever decides, records and serves.

moto would guess it from the signature in any spelling ("SQS", "eventbridge"), from the host, the path and the body.
Here the name that was signed must be, to the letter, a signing name of botocore's. Only where several services sign
with one name does the request tell which of them it is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from localaws.backends import served
from localaws.engines import engines

#: botocore's services by the name that they sign with, where that is another.
_SIGNED_AS = {
    "access-analyzer": "accessanalyzer",
    "airflow": "mwaa",
    "aidevops": "devops-agent",
    "aoss": "opensearchserverless",
    "aps": "amp",
    "aws-marketplace": "meteringmarketplace",
    "cloudhsm": "cloudhsmv2",
    "connect-campaigns": "connectcampaigns",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elb",
    "elasticmapreduce": "emr",
    "execute-api": "apigatewaymanagementapi",
    "iotdata": "iot-data",
    "kinesisanalytics": "kinesisanalyticsv2",
    "lex": "lexv2-models",
    "mobiletargeting": "pinpoint",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "sso": "sso-admin",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
    "timestream": "timestream-write",
}
#: Services that sign as an elder one does, by that: their requests have an X-Amz-Target, a path or a version of the
#: API that the elder's have not.
_YOUNGER = {
    "apigateway": ("apigatewayv2",),
    "bedrock": ("bedrock-agent", "bedrock-runtime"),
    "bedrock-agentcore": ("bedrock-agentcore-control",),
    "dynamodb": ("dynamodbstreams",),
    "elb": ("elbv2",),
    "es": ("opensearch",),
    "mediastore": ("mediastore-data",),
    "s3": ("s3control",),
    "sagemaker": ("sagemaker-metrics", "sagemaker-runtime"),
    "ses": ("sesv2",),
}
#: Of those moto's elder backend serves both.
_TOGETHER = {"apigatewayv2": "apigateway", "elbv2": "elb", "opensearch": "es"}


@dataclass(frozen=True)
class Service:
    """botocore's *name* of a service and moto's *backend* for it, "" where there is none."""

    name: str
    backend: str = ""


def service_of(signing_name: str, environ: dict[str, Any]) -> Service:
    """The service that a request signed for *signing_name* is meant for; an unknown name has no backend."""
    name = _signed_as(signing_name)
    if name is None:
        return Service(signing_name)
    for younger in _YOUNGER.get(name, ()):
        if _is_for(younger, environ):
            return _service(younger)
    return _service(name)


def of_version(name: str, form: str) -> str:
    """Of the services that sign as *name* does, the one whose version of a query API *form* names."""
    for younger in _YOUNGER.get(name, ()):
        if f"Version={get_service_model(younger).api_version}" in form.split("&"):
            return younger
    return name


def alike(name: str) -> list[str]:
    """*name*, and the younger services whose requests come under it until their version is looked at."""
    return [name, *_YOUNGER.get(name, ())]


@cache
def _signed_as(signing_name: str) -> str | None:
    """botocore's service of that signing name, the eldest if there are several; None if there is none."""
    name = _SIGNED_AS.get(signing_name, signing_name)
    if name not in _all_names() or get_service_model(name).signing_name != signing_name:
        return None
    return name


@cache
def _all_names() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


@cache
def _service(name: str) -> Service:
    declared = {engine.service: engine.moto for engine in engines().values()}
    backend = declared.get(name) or _TOGETHER.get(name, name).replace("-", "")
    return Service(name, backend if backend in served() else "")


def _is_for(service: str, environ: dict[str, Any]) -> bool:
    """Whether *service* has an operation like the request; of query APIs the form tells later (`of_version`)."""
    model = get_service_model(service)
    if model.metadata["protocol"] == "json":
        return str(environ.get("HTTP_X_AMZ_TARGET", "")).startswith(f"{model.metadata['targetPrefix']}.")
    if "HTTP_X_AMZ_TARGET" in environ or not environ["PATH_INFO"].startswith(_beginnings(service)):
        return False
    try:
        get_service_router(service).match(Request(environ))
    except (HTTPException, NotImplementedError, ValueError, LookupError):
        return False
    return True


@cache
def _beginnings(service: str) -> tuple[str, ...]:
    """How the paths of its operations begin, up to the first label; () for a query API, which has but one path."""
    model: ServiceModel = get_service_model(service)
    if model.metadata["protocol"] in ("query", "ec2"):
        return ()
    paths = {model.operation_model(name).http["requestUri"] for name in model.operation_names}
    return tuple({path.partition("?")[0].partition("{")[0] for path in paths})
