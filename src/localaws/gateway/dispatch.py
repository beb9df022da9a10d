"""From a request to the moto handler that answers it, without a web framework in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, EnvironHeaders, Request
from moto.core.utils import convert_regex_to_flask_path
from moto.settings import MAX_FORM_MEMORY_SIZE
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, MapAdapter, Rule
from werkzeug.sansio.request import Request as SansIORequest

from localaws.backends import backends_of
from localaws.gateway.client_faults import as_aws_error
from localaws.gateway.environ import environ_key, header_name
from localaws.gateway.errors import AwsError
from localaws.gateway.paging import UnknownTokenError
from localaws.gateway.response import Response
from localaws.gateway.services import Service
from localaws.gateway.validation import ModelledRequest

Handler = Callable[[Request, str, EnvironHeaders], Any]
#: Headers that WSGI has under their names alone.
_WITHOUT_PREFIX = {"CONTENT_TYPE", "CONTENT_LENGTH"}
_OF_OBJECTS = "/{Bucket}/{Key}"
_METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]


class _Headers(EnvironHeaders):
    """The headers of a request, put together once: moto and the engines go through them again and again."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def items(self, lower: bool = False) -> Iterable[tuple[str, str]]:
        return self._lowered if lower else self._pairs

    def __contains__(self, key: object) -> bool:
        return environ_key(str(key)) in self.environ

    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]
        value = self.environ.get(environ_key(key), default)
        return value if type is None else super().get(key, default, type)

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        preserved = self.environ.get(PRESERVED_HEADER_NAMES_ENVIRON_KEY, {})
        return [
            (preserved.get(key) or header_name(key), value)
            for key, value in self.environ.items()
            if key.startswith("HTTP_") or (value and key in _WITHOUT_PREFIX)
        ]

    @cached_property
    def _lowered(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in self._pairs]


class WireRequest(Request):
    """moto's request, marked as having come through a real server (which then adds Date itself)."""

    from_wsgi_server = True
    # Flask gives its requests these; a few of moto's handlers look at them.
    url_rule = None
    view_args: Mapping[str, Any] | None = None

    headers: _Headers
    #: The same request as its model names its parameters; the dispatcher leaves it.
    parsed: ModelledRequest

    def __init__(self, environ: dict[str, Any]) -> None:
        """As WSGI has it; moto's and werkzeug's own constructors look for each part in several places."""
        SansIORequest.__init__(
            self,
            environ["REQUEST_METHOD"],
            environ["wsgi.url_scheme"],
            (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
            root_path="",
            path=environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
            query_string=environ["QUERY_STRING"].encode("latin-1"),
            headers=_Headers(environ),
            remote_addr=environ.get("REMOTE_ADDR"),
        )
        self.environ = environ
        self.shallow = False
        self.max_form_memory_size = MAX_FORM_MEMORY_SIZE

    @property
    def raw_path(self) -> str:
        """The path as it arrived, its percent signs too; the gateway has set RAW_URI to path and query."""
        return str(self.environ["RAW_URI"]).partition("?")[0]

    @property
    def raw_url(self) -> str:
        """The URL as it arrived."""
        return f"{self.scheme}://{self.environ['HTTP_HOST']}{self.environ['RAW_URI']}"


class _RegexConverter(BaseConverter):
    """``<regex("…"):name>`` in a path, as moto writes its own; moto's is in a module that loads Flask."""

    part_isolating = False

    def __init__(self, map: Map, regex: str) -> None:
        super().__init__(map)
        self.regex = regex


class Dispatcher:
    """Finds handlers by service and path; a service's engine is installed before its first request."""

    def __init__(self, install_engine: Callable[[str], None], replaced: dict[type, type]) -> None:
        self._install_engine = install_engine
        self._replaced = replaced
        self._routes: dict[str, MapAdapter] = {}
        #: Found without a search, by service, path and method: of paths without variables, mostly "/", to which JSON
        #: and forms are sent, and of S3's objects.
        self._fixed: dict[tuple[str, str, str], Handler] = {}

    def dispatch(self, request: WireRequest, service: Service, parsed: ModelledRequest) -> Response:
        """Answer a request for *service*, as `service_of` found it; *parsed* is the same request.

        Raises NotImplementedError for an operation of AWS's that nothing here does.
        """
        backend = service.backend
        if not backend:
            raise AwsError("UnknownOperationException", f"This lab has no service {service.name!r}.", 404)
        handler = self._handler(backend, request, parsed)
        request.parsed = parsed
        try:
            result = handler(request, request.raw_url, request.headers)
        except ClientError as error:
            details = error.response["Error"]
            raise AwsError(details.get("Code", "InternalFailure"), details.get("Message", ""), 400) from error
        except HTTPException as error:  # moto's own AWS errors: they know their body and headers
            answer = error.get_response(request.environ)
            return Response(answer.get_data(), answer.status_code, answer.headers)
        except (KeyError, ValueError, RecursionError, UnknownTokenError) as error:
            told = as_aws_error(parsed, error)
            if told is None:
                raise
            raise told from error
        status, headers, content = result if len(result) == 3 else (200, {}, result)
        return Response(content, status, headers)

    def _handler(self, backend: str, request: WireRequest, parsed: ModelledRequest) -> Handler:
        """Who answers the request; leaves with it what its path has in the places of variables (not of S3's)."""
        of_object = backend == "s3" and parsed.operation.parameters.get("Key")
        fixed = (backend, _OF_OBJECTS if of_object else request.path, request.method)
        if fixed in self._fixed:
            request.view_args = {}
            return self._fixed[fixed]
        routes = self._routes.get(backend) or self._load(backend)
        try:
            handler, arguments = routes.match(request.path, request.method)
        except HTTPException:
            raise NotImplementedError(f"moto's {backend} has no such path") from None
        request.view_args = arguments
        if of_object or not arguments:
            self._fixed[fixed] = handler
        return handler

    def _load(self, backend: str) -> MapAdapter:
        """Install the service's engine, then make its route table; a race makes an equal table twice."""
        self._install_engine(backend)
        by_account = backends_of(backend)
        if isinstance(by_account, BackendDict):
            regions = by_account[DEFAULT_ACCOUNT_ID]
            any_backend = regions["us-east-1"] if "us-east-1" in regions else regions["aws"]
        else:
            any_backend = by_account["global"]
        routes = Map(strict_slashes=False, merge_slashes=False)
        routes.converters["regex"] = _RegexConverter
        for path, handler in any_backend.url_paths.items():
            rule = convert_regex_to_flask_path(path)
            if rule:
                routes.add(Rule(rule, endpoint=self._replace(handler), methods=_METHODS))
        bound = self._routes[backend] = routes.bind("localhost")
        return bound

    def _replace(self, handler: Handler) -> Handler:
        """The same handler of the engine's response class, where an engine has one."""
        owner = getattr(handler, "__self__", None)
        replacement = self._replaced.get(owner) if isinstance(owner, type) else None
        return getattr(replacement, handler.__name__) if replacement else handler
