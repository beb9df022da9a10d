"""The gateway: one WSGI application that every request, from outside or from a service, goes through."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from awsfacts import why_unsupported
from localaws.authorization import keys_of_call
from localaws.client import CALLED_VIA, SOURCE, VIA
from localaws.connections import OUT_OF_FILES
from localaws.credentials import Credential
from localaws.gateway.answers import as_modelled
from localaws.gateway.binding import identified_as
from localaws.gateway.body import EMPTY_SHA256, open_body
from localaws.gateway.call_files import CallRecords
from localaws.gateway.condition_keys import keys_of_request, keys_of_signature
from localaws.gateway.dispatch import Dispatcher, WireRequest
from localaws.gateway.elements import arns_in, error_of, request_parameters, response_elements
from localaws.gateway.errors import AwsError, render
from localaws.gateway.guard import check_guard
from localaws.gateway.made import MOST_RESOURCES, arns_made
from localaws.gateway.needs import ONE_BY_ONE, needs_of
from localaws.gateway.operations import identify, operations_of, protocol_of
from localaws.gateway.post_form import answer, as_put, is_form_upload, read_form
from localaws.gateway.post_policy import authenticate_form, check_policy, check_size
from localaws.gateway.records import Call, current_call, new_id
from localaws.gateway.response import Response
from localaws.gateway.services import Service, service_of
from localaws.gateway.sigv2 import authenticate_v2, parse_signature_v2
from localaws.gateway.sigv4 import Signature, authenticate, check_claims, check_signature, parse_signature
from localaws.gateway.validation import ModelledRequest, without_gzip
from localaws.gateway.virtual_host import to_path_style
from localaws.lab import Lab
from localaws.policies.patterns import Values
from localaws.resource_policies import implied_resources, keys_told

log = logging.getLogger(__name__)

#: Bodies up to this size are proved before anything acts on them; only S3's larger ones are streamed.
SMALL_BODY = 1 << 20
#: The largest body of any other service: Lambda's 50 MB zip in base64, and room around it.
MAX_BODY = 72 << 20

#: What requests to the lab itself are signed for. They are no calls of AWS, and leave no record.
OWN_API = "localaws"

#: Set in the environ of a request whose sender has proved who he is: the server keeps his connection.
PROVED = "localaws.proved"

#: In the environ of a request that a client is still sending: to be called, without arguments, once its body may be
#: waited for. Before, reading what has not come puts the request aside, and it begins anew when more has.
TRUST = "localaws.trust"

#: What a full, a limited or a read-only disk says.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}

#: In the environ of a request that came over TLS: by which version and cipher suite, in CloudTrail's words.
TLS = "localaws.tls"

#: In the environ of a request: what it says of its signature.
SIGNATURE = "localaws.signature"

#: What nobody can write to any more must not be acknowledged.
GONE = "The lab's directory has been deleted while it ran, and with it all that it had. Start a new lab."


StartResponse = Callable[..., Any]


class Gateway:
    """guard → signature → IAM decision (`Lab.authorize`) → service, and a record of it all."""

    def __init__(self, lab: Lab, dispatcher: Dispatcher) -> None:
        self._lab = lab
        self._dispatcher = dispatcher

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        via = environ.get(VIA, "")
        call = Call(
            request_id=new_id(),
            time=self._lab.clock.now().isoformat(timespec="milliseconds"),
            source_ip=via or environ.get("REMOTE_ADDR", ""),
            user_agent=via or environ.get("HTTP_USER_AGENT", ""),
            via=via,
            called_via=environ.get(CALLED_VIA, ()),
            tls=_tls(environ),
            bytes_in=int(environ.get("CONTENT_LENGTH") or 0),
        )
        token = current_call.set(call)
        arriving = environ["wsgi.input"]
        protocol = protocol_of(_service_of_unsigned(environ), environ)  # a guess, until the signature names the service
        try:
            if not self._lab.has_place:
                raise AwsError("InternalFailure", GONE, 500)
            posted = is_form_upload(environ)
            check_guard(environ, posted)
            if posted:
                protocol = "s3"
                response = self._serve_form(environ, call)
            else:
                signature = parse_signature(environ, protocol) or parse_signature_v2(environ, self._lab.region)
                service = service_of(signature.service if signature else _service_of_unsigned(environ), environ)
                protocol = protocol_of(service.name, environ)
                call.service = service.name
                response = self._serve(environ, call, signature, service, protocol)
        except AwsError as error:
            response = _refuse(error, protocol, call, environ)
        except NotImplementedError:
            log.info("request %s: %s %s is not implemented", call.request_id, call.service, call.operation)
            why = why_unsupported(call.service, call.operation)
            honest = f"This lab does not do {call.service} {call.operation} yet. {why}".rstrip()
            response = _refuse(AwsError("NotImplemented", honest, 501), protocol, call, environ)
        except Exception as error:
            log.exception("request %s: %s %s failed", call.request_id, call.service, call.operation)
            response = _refuse(_failure(error, call), protocol, call, environ)
        finally:
            current_call.reset(token)
        call.bytes_in = getattr(arriving, "received", call.bytes_in)  # a chunked transfer declares no length
        call.status = response.status_code
        if call.status >= 400 and call.error is None:
            call.error, call.error_message = error_of(response)
        for name in ("x-amzn-RequestId", "x-amz-request-id") if protocol == "s3" else ("x-amzn-RequestId",):
            response.headers[name] = call.request_id
        blocks = response.begin(environ["REQUEST_METHOD"], start_response)
        if response.is_streamed:
            return _Streamed(blocks, call, self._lab.records, started)
        call.bytes_out = sum(map(len, blocks))
        return _Whole(blocks, call, self._lab.records, started)

    def _serve(
        self, environ: dict[str, Any], call: Call, signature: Signature | None, service: Service, protocol: str
    ) -> Response:
        if signature is None:
            raise _unsigned(protocol)
        body = self._authenticate(environ, call, signature, service.name, protocol)
        call.region = signature.region
        if service.name == "s3":
            to_path_style(environ)
        environ["RAW_URI"] = environ["REQUEST_URI"]
        if signature.service == OWN_API:
            return self._own_api(environ, body)
        return self._perform(environ, call, signature, service, protocol, body)

    def _serve_form(self, environ: dict[str, Any], call: Call) -> Response:
        """An HTML form's upload to S3: the policy in it is its signature."""
        call.service, call.operation = "s3", "PutObject"
        upload = read_form(environ)
        signature, credential = authenticate_form(upload, self._lab.region, self._lab.credentials)
        self._is_from(environ, call, credential)
        call.region = signature.region
        smallest, largest = check_policy(upload)
        _trust(environ)
        content, size = upload.file(self._lab.directory, largest)
        with content:
            check_size(size, smallest)
            as_put(environ, upload, content, size)
            scope = f"Credential={signature.access_key_id}/{signature.scope}, "
            environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 {scope}"
            stored = self._perform(environ, call, signature, service_of("s3", environ), "s3", b"")
        return answer(environ, upload, stored)

    def _perform(
        self, environ: dict[str, Any], call: Call, signature: Signature, service: Service, protocol: str, body: bytes
    ) -> Response:
        """Serve a request whose sender is known."""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account_id
        if signature.expires is not None:  # moto looks for service and key in this header
            environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential={signature.access_key_id}/{signature.scope}, "
        if service.name != "s3":  # whose encodings are the object's own
            body = without_gzip(environ, body, service.name, protocol)
        request = WireRequest(environ)
        operation = identify(service.name, protocol, environ, body, request)
        call.service, call.operation = operation.service, operation.name
        known = operations_of(service.name)
        if known is not None and operation.name not in known:
            raise _no_operation(call, protocol)
        if protocol == "smithy-rpc-v2-cbor":
            raise AwsError("UnknownOperationException", "The lab speaks no CBOR: use the service's JSON protocol.", 404)
        parsed = ModelledRequest(operation, environ, body)
        identified_as(environ, parsed)
        model, parameters = parsed.model, parsed.parameters
        if model and service.name == "s3":  # of which CloudTrail tells what was asked for in vain, too
            call.request_parameters = request_parameters(call.service, model, parameters)
        if model:
            environ[SIGNATURE] = signature
            self._authorize(call, parameters, environ)
        parsed.check()
        if model and service.name != "s3":
            call.request_parameters = request_parameters(call.service, model, parameters)
        with self._lab.state.while_done(service.backend, operation.name):
            response = self._dispatcher.dispatch(request, service, parsed)
        response = as_modelled(response, operation.protocol, model)
        if model:
            call.response_elements = response_elements(call.service, model, operation.protocol, response) or None
            if response.status_code < 300:
                _name_what_was_made(call, parameters)
        return response

    def _authorize(self, call: Call, parameters: dict[str, Any], environ: dict[str, Any]) -> None:
        """Raises AwsError if the caller may not do all that the call needs (`Lab.authorize`)."""
        assert call.credential is not None
        needs = needs_of(
            call.service, call.operation, parameters, call.region, call.account_id, call.credential.principal
        )
        call.resources = list(dict.fromkeys(arn for need in needs for arn in need.resources))[:MOST_RESOURCES]

        def keys() -> Values:
            source = environ.get(SOURCE, {})
            signed = keys_of_signature(environ[SIGNATURE], call, environ) if call.service == "s3" else {}
            told = keys_told(self._lab, call.service, call.operation, parameters, call.account_id, call.region)
            return {**keys_of_call(call), **source, **keys_of_request(call, parameters), **signed, **told}

        for need in needs if (call.service, call.operation) not in ONE_BY_ONE else ():
            resources = need.resources or self._implied(call, parameters) or ("*",)
            self._lab.authorize(call.credential, call.service, need.action, resources, need.with_keys(keys))

    def _implied(self, call: Call, parameters: dict[str, Any]) -> Sequence[str]:
        """The resources of a request that names none, also for its record."""
        found = implied_resources(self._lab, call.service, parameters, call.account_id, call.region)
        call.resources = [*call.resources, *found]
        return found

    def _authenticate(
        self, environ: dict[str, Any], call: Call, signature: Signature, service: str, protocol: str
    ) -> bytes:
        """Prove who sent the request and return its body, or b"" for a large one that is proved as it is read."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if service == "s3":
            payload_hash = environ.get("HTTP_X_AMZ_CONTENT_SHA256", EMPTY_SHA256)
            if signature.expires is not None:
                payload_hash = "UNSIGNED-PAYLOAD"
            if signature.timestamp:
                credential = authenticate(environ, signature, payload_hash, self._lab.credentials, protocol)
            else:
                credential = authenticate_v2(environ, signature, self._lab.credentials)
            if length > SMALL_BODY or environ.get("wsgi.input_terminated"):
                _trust(environ)
            stream = open_body(environ, signature, credential, payload_hash)
            body = b""
            length = int(environ.get("CONTENT_LENGTH") or 0)  # aws-chunked apart
            if length <= SMALL_BODY and not environ.get("wsgi.input_terminated"):
                body = stream.read()
                environ["wsgi.input"] = io.BytesIO(body)
        else:
            credential = check_claims(environ, signature, self._lab.credentials, protocol)
            if length > MAX_BODY:
                raise _too_large()
            chunked = environ.get("wsgi.input_terminated")
            body = environ["wsgi.input"].read(MAX_BODY + 1 if chunked else length)
            if len(body) > MAX_BODY:
                raise _too_large()
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            check_signature(environ, signature, hashlib.sha256(body).hexdigest(), credential, protocol)
        self._is_from(environ, call, credential)
        return body

    def _is_from(self, environ: dict[str, Any], call: Call, credential: Credential) -> None:
        environ[PROVED] = True
        call.is_from(credential)

    def _own_api(self, environ: dict[str, Any], body: bytes) -> Response:
        """The lab's own few questions, signed for the service "localaws"."""
        path = environ["PATH_INFO"]
        if path == "/_localaws/calls":
            since = environ.get("QUERY_STRING", "").removeprefix("since=") or "0"
            if not since.isdigit():
                raise AwsError("ValidationException", f"since must be a record's number, not {since!r}.", 400)
            records = self._lab.records
            headers = {"x-localaws-newest": records.newest, "Content-Type": "application/x-ndjson"}
            return Response(records.since(int(since)), 200, headers)
        if path == "/_localaws/clock" and environ["REQUEST_METHOD"] == "POST":
            return self._advance(body)
        raise AwsError("UnknownOperationException", f"The lab has no {path}.", 404)

    def _advance(self, body: bytes) -> Response:
        """Let ``{"advance": seconds}`` pass in the lab, and tell the time and what is due and still runs."""
        try:
            given = json.loads(body)["advance"]
            if isinstance(given, bool) or not isinstance(given, int | float):
                raise TypeError(f"{given!r} is no number")
            seconds = float(given)
        except (ArithmeticError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise AwsError("ValidationException", f'Send {{"advance": seconds}}: {error}', 400) from None
        try:
            running = self._lab.timer.advance(seconds)
        except ValueError as error:
            raise AwsError("ValidationException", str(error), 400) from None
        told = {"now": self._lab.clock.now().isoformat(), "running": running}
        return Response(json.dumps(told), 200, {"Content-Type": "application/json"})


def _tls(environ: dict[str, Any]) -> dict[str, str]:
    """CloudTrail's ``tlsDetails`` of a request that came over TLS; {} for others."""
    details = environ.get(TLS)
    return {**details, "clientProvidedHostHeader": environ.get("HTTP_HOST", "")} if details else {}


def _failure(error: Exception, call: Call) -> AwsError:
    """What the caller is told of an *error* that no engine has expected."""
    number = error.errno if isinstance(error, OSError) else None
    if number in OUT_OF_FILES:
        hint = "The lab has as many files and connections open as this system allows it (ulimit -n)."
        return AwsError("ServiceUnavailable", hint, 503)
    hint = f"The lab failed to serve this request. Its log has the cause under request id {call.request_id}."
    if number in _NO_ROOM:
        hint = f"The lab cannot write to its directory: {os.strerror(number)}. What it has can be read."
    return AwsError("InternalFailure", hint, 500)


def _name_what_was_made(call: Call, parameters: dict[str, Any]) -> None:
    """Add to the call's resources what the request could not name, or only in part."""
    answer = call.response_elements or {}
    arns = arns_made(call.service, call.operation, parameters, answer, call.region, call.account_id)
    if answer:
        arns = [*arns_in(call.service, answer), *arns]
    made = [arn for arn in dict.fromkeys(arns) if arn not in call.resources]
    if made:
        named = [arn for arn in call.resources if not arn.endswith("/*")]
        call.resources = [*named, *made][:MOST_RESOURCES]


def _note(call: Call, records: CallRecords, started: float) -> None:
    if call.service != OWN_API:
        call.ms = round((time.perf_counter() - started) * 1000, 3)
        records.note(call)


class _Whole:
    """A body that is there.

    Whoever has the answer finds the record, for it is noted first; it is written while the client reads the answer.
    """

    def __init__(self, blocks: Iterable[bytes], call: Call, records: CallRecords, started: float) -> None:
        self._blocks = blocks
        self.close = records.write
        _note(call, records, started)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)


class _Streamed:
    """A body that counts itself and leaves the call's record when it has been sent."""

    def __init__(self, body: Iterable[bytes], call: Call, records: CallRecords, started: float) -> None:
        self._body = body
        self._call = call
        self._records = records
        self._started = started

    def __iter__(self) -> Iterator[bytes]:
        for block in self._body:
            self._call.bytes_out += len(block)
            yield block

    def close(self) -> None:
        if hasattr(self._body, "close"):
            self._body.close()
        _note(self._call, self._records, self._started)
        self._records.write()


def _trust(environ: dict[str, Any]) -> None:
    trust = environ.get(TRUST)
    if trust is not None:  # else it comes from this process, with all that belongs to it
        trust()


def _no_operation(call: Call, protocol: str) -> AwsError:
    name = repr(call.operation) if call.operation else "like this request"
    if protocol in ("query", "ec2"):
        return AwsError("InvalidAction", f"{call.service} has no action {name}.")
    return AwsError("UnknownOperationException", f"{call.service} has no operation {name}.", 404)


def _too_large() -> AwsError:
    return AwsError("RequestEntityTooLargeException", f"The body is over {MAX_BODY:,} bytes.", 413)


def _service_of_unsigned(environ: dict[str, Any]) -> str:
    """A guess that only chooses the shape of the error: S3 is the one service that people call without signing."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    query = environ.get("QUERY_STRING", "")
    named = target or form or "HTTP_SMITHY_PROTOCOL" in environ or "Action=" in query
    return "unknown" if named else "s3"


def _unsigned(protocol: str) -> AwsError:
    if protocol == "s3":
        return AwsError("AccessDenied", "Access Denied: the request is not signed.", 403)
    code = "MissingAuthenticationTokenException" if protocol in ("json", "rest-json") else "MissingAuthenticationToken"
    return AwsError(code, "Missing Authentication Token: sign with the keys that `dehelpers env` prints.", 403)


def _refuse(error: AwsError, protocol: str, call: Call, environ: dict[str, Any]) -> Response:
    call.refuse(error)
    headers, body = render(error, protocol, call.request_id, environ["REQUEST_URI"].split("?", 1)[0])
    return Response(body, error.status, headers)
