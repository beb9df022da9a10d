"""boto3 clients for the engines: real requests, signed and serialized by botocore, that skip only the socket."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import ClientError
from botocore.loaders import create_loader

from localaws.authorization import keys_of_source
from localaws.credentials import Credential, random_key_id
from localaws.gateway.environ import environ_key
from localaws.gateway.errors import AwsError

if TYPE_CHECKING:
    from localaws.lab import Lab

_CONFIG = Config(
    retries={"max_attempts": 1},
    s3={"addressing_style": "path"},
    inject_host_prefix=False,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    parameter_validation=False,
)
#: Shared, so that each service's model is read once however many roles have a client of it.
_LOADER = create_loader()
_clients: dict[tuple[int, str, str, str | None, str, str, str], Any] = {}
_lock = threading.Lock()
#: As whom a service works, and which service it is.
_behalf: ContextVar[tuple[Credential, str] | None] = ContextVar("behalf", default=None)
#: The condition keys that say for what a service works by itself.
_source: ContextVar[dict[str, str] | None] = ContextVar("source", default=None)
#: In the environ of a request that a service makes: its principal, such as "athena.amazonaws.com", and `_source`.
VIA = "localaws.via"
#: The services through which somebody calls by forward access sessions, the first one first.
CALLED_VIA = "localaws.called-via"
SOURCE = "localaws.source"


@contextmanager
def on_behalf_of(caller: Credential | None, via: str) -> Iterator[None]:
    """Within, clients that were given no role sign with *caller*'s credential, as AWS's forward access sessions do.

    Source: "Forward access sessions" (IAM user guide). *via* is the principal of the service that does so
    ("athena.amazonaws.com"). None leaves everything as it is.
    """
    token = _behalf.set((caller, via) if caller else _behalf.get())
    try:
        yield
    finally:
        _behalf.reset(token)


def behalf() -> tuple[Credential, str] | None:
    """As whom work is done here, and by which service; None where a service works for itself."""
    return _behalf.get()


class _OwnCredentials(Credentials):
    """Those of who works for himself, except where a service works `on_behalf_of` somebody."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        forwarded = _behalf.get()
        if forwarded is None:
            return super().get_frozen_credentials()
        caller, _ = forwarded
        return ReadOnlyCredentials(caller.access_key_id, caller.secret_access_key, caller.session_token)


@contextmanager
def working_for(arn: str, account_id: str = "") -> Iterator[None]:
    """Within, what a service asks of others by itself it asks for the resource *arn*, of *account_id*.

    So a queue's policy can hold S3 to one bucket ("The confused deputy problem", IAM user guide).
    """
    token = _source.set(keys_of_source(arn, account_id))
    try:
        yield
    finally:
        _source.reset(token)


def in_process_client(lab: Lab, service: str, region: str, role_arn: str | None, session_name: str, by: str) -> Any:
    """The client of *service*, made once for each region, role and user (a boto3 client is safe to share).

    Also for each resource for which a service takes a role, whose trust policy may name just one of them.
    """
    source = (_source.get() or {}).get("aws:SourceArn", "") if role_arn else ""
    key = (id(lab), service, region, role_arn, session_name, by, source)
    with _lock:
        if key not in _clients:
            _clients[key] = _make_client(lab, service, region, role_arn, session_name, by)
        return _clients[key]


def _make_client(lab: Lab, service: str, region: str, role_arn: str | None, session_name: str, by: str) -> Any:
    principal = f"{by}.amazonaws.com" if by else ""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    if role_arn is None:
        own = lab.credentials.of_service(principal, lab.account_id) if by else lab.owner
        session._credentials = _OwnCredentials(own.access_key_id, own.secret_access_key)
    else:
        session._credentials = _role_credentials(lab, role_arn, session_name, by)
    session.user_agent_name = "localaws"
    client = session.create_client(service, region_name=region, endpoint_url=lab.endpoint, config=_CONFIG)
    client.meta.events.register("before-send", lambda request, **_: _send(lab, request, principal))
    return client


def queue_url(client: Any, arn: str) -> str:
    """The URL of the queue *arn* for an SQS *client*; to ask for it would need a permission of its own."""
    account, name = arn.split(":")[4:6]
    return f"{client.meta.endpoint_url}/{account}/{name}"


def credential_of_role(lab: Lab, role_arn: str, session_name: str, by: str, seconds: int = 3600) -> Credential:
    """Temporary credentials of the role, as STS gives them to the service *by* ("firehose"), for *seconds*.

    Raises ClientError, as a call of STS would, if the role's trust policy does not let the service have it.
    """
    account_id, role_name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    try:
        asked = {"RoleArn": role_arn, "RoleSessionName": session_name}
        lab.act(by, "sts", "AssumeRole", role_arn, _keys_told(lab), asked)
    except AwsError as refused:
        told = {"Code": refused.code, "Message": refused.message}
        raise ClientError({"Error": told, "ResponseMetadata": {"HTTPStatusCode": 403}}, "AssumeRole") from None
    principal = f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}"
    role_id = lab.credentials.find_role_id(role_arn) or random_key_id("AROA")  # services do not ask whether it is there
    return lab.credentials.mint(principal, account_id, f"{role_id}:{session_name}", seconds, issuer=role_arn)


def is_trusted(lab: Lab, role_arn: str, by: str) -> bool:
    """Whether the role's trust policy lets the service *by* ("lambda") have it."""
    return lab.allows(by, "sts:AssumeRole", role_arn, _keys_told(lab))


def _keys_told(lab: Lab) -> dict[str, str]:
    """What a service says for whom it takes a role: the account in both ways ("Grant Firehose access", its guide)."""
    return {"aws:SourceAccount": lab.account_id, "sts:ExternalId": lab.account_id, **(_source.get() or {})}


def _role_credentials(lab: Lab, role_arn: str, session_name: str, by: str) -> Credentials:
    """Credentials of the role that are renewed before they end on the lab's clock."""

    def refresh() -> dict[str, str]:
        minted = credential_of_role(lab, role_arn, session_name, by)
        assert minted.expires is not None and minted.session_token is not None
        return {
            "access_key": minted.access_key_id,
            "secret_key": minted.secret_access_key,
            "token": minted.session_token,
            "expiry_time": minted.expires.isoformat(),
        }

    credentials = RefreshableCredentials.create_from_metadata(refresh(), refresh_using=refresh, method="assume-role")
    credentials._time_fetcher = lab.clock.now  # they end on the lab's clock, which may be ahead of the machine's
    return credentials


class _RawBody(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, amt: int = 65536, **_: Any) -> Iterable[bytes]:
        while block := self.read(amt):
            yield block


def _called_via() -> tuple[str, ...]:
    """Through which services the call came that is being served."""
    from localaws.gateway.records import current_call  # not above: it knows the credentials, which know this

    call = current_call.get(None)
    return call.called_via if call else ()


def _send(lab: Lab, request: AWSPreparedRequest, principal: str) -> AWSResponse:
    """Hand a prepared request of a service, *principal*, to the gateway as a WSGI environ and wrap what it answers."""
    assert lab.gateway is not None, "the lab is not serving yet"
    url = urlsplit(request.url)
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    stream = body if hasattr(body, "read") else io.BytesIO(body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "REQUEST_URI": url.path + (f"?{url.query}" if url.query else ""),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": url.netloc,
        "wsgi.input": stream,
        "wsgi.url_scheme": url.scheme,
        "wsgi.input_terminated": False,
        VIA: forwarded[1] if (forwarded := _behalf.get()) else principal,
        CALLED_VIA: (*_called_via(), forwarded[1]) if forwarded else (),
        SOURCE: _source.get() or {},
    }
    for name, value in request.headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        environ[environ_key(name)] = text
    answer: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        answer.update(status=int(status.split()[0]), headers=headers)

    serving = _behalf.set(None)  # what the service asked does further, it does for itself
    try:
        result = lab.gateway(environ, start_response)
        try:
            raw = _RawBody(b"".join(result))
        finally:
            if hasattr(result, "close"):
                result.close()
    finally:
        _behalf.reset(serving)
    headers = {name.lower(): value for name, value in answer["headers"]}
    return AWSResponse(request.url, answer["status"], headers, raw)
