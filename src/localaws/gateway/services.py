"""Which service a request is for: one answer, for whoever decides, records and serves.

moto would guess it from the signature in any spelling ("SQS", "eventbridge"), from the host, the path and the body.
Here the name that was signed must be, to the letter, the signing name of the botocore service whose backend serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import botocore.session
from moto.backends import ALT_BACKEND_NAMES
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

#: Services that no backend of moto names, by the name they sign with.
_WITHOUT_BACKEND = {"airflow": "mwaa"}
#: Services that sign as an elder one does, by that: only the version of the API, with which their paths begin or which
#: their forms name, is another.
_YOUNGER = {
    "apigateway": ("apigatewayv2", "/v2/"),
    "elb": ("elbv2", "Version=2015-12-01"),
    "es": ("opensearch", "/2021-01-01/"),
}


@dataclass(frozen=True)
class Service:
    """botocore's *name* of a service and moto's *backend* for it, "" where there is none."""

    name: str
    backend: str = ""


def service_of(signing_name: str, environ: dict[str, Any]) -> Service:
    """The service that a request signed for *signing_name* is meant for; an unknown name has no backend."""
    signed = {
        **environ,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=-/-/us-east-1/{signing_name}/aws4_request, ",
    }
    try:
        host = _INFERRED.infer_service_region_host(signed, environ.get("PATH_INFO", "/"))
    except LookupError:  # DynamoDB's version is looked for in X-Amz-Target
        host = None
    backend = _backend_of_host(host) if host else ""
    name = _names().get(ALT_BACKEND_NAMES.get(backend, backend).replace("-", ""), "")
    name = of_version(name, path=environ.get("PATH_INFO", ""))
    if name and _signing_name(name) == signing_name:
        return Service(name, backend)
    name = _WITHOUT_BACKEND.get(signing_name, signing_name)
    return Service(name if name in _names().values() and _signing_name(name) == signing_name else signing_name)


def of_version(name: str, path: str = "", form: str = "") -> str:
    """Of the services that sign as *name* does, the one whose version *path* or *form* names."""
    younger, version = _YOUNGER.get(name, (name, ""))
    return younger if path.startswith(version) or version in form.split("&") else name


def alike(name: str) -> list[str]:
    """*name*, and the younger service whose requests come under it until their version is looked at."""
    return [name, *(younger for elder, (younger, _) in _YOUNGER.items() if elder == name)]


@cache
def _names() -> dict[str, str]:
    """botocore's services by the name that moto's module of one would have."""
    return {name.replace("-", ""): name for name in botocore.session.get_session().get_available_services()}


@cache
def _signing_name(service: str) -> str:
    return str(get_service_model(service).signing_name)


@lru_cache(maxsize=1024)
def _backend_of_host(host: str) -> str:
    return _INFERRED.get_backend_for_host(host) or ""


_INFERRED = DomainDispatcherApplication(lambda service: None)  # type: ignore[arg-type, return-value]
