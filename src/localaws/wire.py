"""Between a connection and the gateway: a request as WSGI has it (PEP 3333), and the beginning of its answer."""

from __future__ import annotations

import sys
from typing import Any

from cheroot.wsgi import Gateway_10

from localaws.gateway.app import PROVED, TLS, TRUST
from localaws.gateway.environ import environ_key
from localaws.gateway.transfer import TransferChunks


class WireGateway(Gateway_10):
    """Calls the gateway with one request.

    Adds the spelling of metadata names, which moto looks up: S3 keeps ``my_key`` and ``my-key`` apart.
    """

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.req.conn.proved |= self.env.get(PROVED, False)
        self.started_response = True
        self.req.status = status.encode("latin-1")
        self.req.outheaders = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return self.write

    def respond(self) -> None:
        blocks = self.req.server.wsgi_app(self.env, self.start_response)
        try:
            for block in blocks:
                if block:
                    self.req.ensure_headers_sent()
                    self.req.write(block)
        finally:
            self.req.ensure_headers_sent()
            self.req.conn.wfile.write(b"")  # a head without a body
            if hasattr(blocks, "close"):
                blocks.close()

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        request, connection = self.req, self.req.conn
        secure = connection.secure
        if request.chunked_read:
            request.rfile = TransferChunks(connection.rfile)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method.decode("latin-1"),
            "REQUEST_URI": request.uri.decode("latin-1"),
            "SCRIPT_NAME": "",
            "PATH_INFO": request.path.decode("latin-1"),
            "QUERY_STRING": request.qs.decode("latin-1"),
            "SERVER_NAME": request.server.server_name,
            "SERVER_PORT": str(request.server.secure.port if secure else request.server.bind_addr[1]),
            "SERVER_PROTOCOL": request.request_protocol.decode("latin-1"),
            "REMOTE_ADDR": connection.remote_addr or "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if secure else "http",
            "wsgi.input": request.rfile,
            "wsgi.input_terminated": request.chunked_read,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            TRUST: connection.trust,
        }
        if secure:
            environ[TLS] = {"tlsVersion": secure.version(), "cipherSuite": secure.cipher()[0]}
        preserved = {}
        for field, value in request.inheaders.items():
            name = field.decode("latin-1")
            key = environ_key(name)
            environ[key] = value.decode("latin-1")
            if "_" in name:
                preserved[key] = name.lower()
        if preserved:
            environ["moto.preserved_header_names"] = preserved
        return environ
