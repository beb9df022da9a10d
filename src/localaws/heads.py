"""The head of a request, read once and to the letter of RFC 9112.

What two readers could understand differently is refused (CWE-444), so nobody behind this has to ask how it was meant:
a blank before a colon, a folded line, a header that may be there once and is there twice, bytes that are no text.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from cheroot.server import HeaderReader, HTTPRequest

_REQUEST_LINE = re.compile(rb"([A-Z]{1,32}) (/[\x21-\x22\x24-\x7e\x80-\xff]*) (HTTP/1\.[01])\r\n")
# Section 5: a name is a token, and the colon follows it at once. A value is text; a tab is the one control character.
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\r\n")
_ENCODED_SLASH = re.compile(rb"%2f", re.IGNORECASE)
#: Of these a second one changes what the request is.
_ONCE = {b"Authorization", b"Content-Length", b"Content-Type", b"Expect", b"Host", b"Transfer-Encoding"}


class StrictHeaders(HeaderReader):
    """Reads header lines; raises ValueError, which the client is told with 400, for all that is none."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        headers: dict[bytes, bytes] = {} if hdict is None else hdict
        while (line := rfile.readline()) != b"\r\n":
            match = _HEADER_LINE.fullmatch(line)
            if match is None:
                raise ValueError("This is no header line of HTTP/1.1: " + ascii(line[:100]))
            name, value = match[1].title(), match[2].strip(b" \t")
            if b"_" in name and not name.startswith(b"X-Amz-Meta-"):
                continue  # WSGI cannot tell them from dashes; S3 keeps those in the names of user metadata
            if name in headers:
                if name in _ONCE:
                    raise ValueError(f"The header {name.decode()} is there twice.")
                value = headers[name] + b"," + value  # RFC 9110, section 5.3
            headers[name] = value
        return headers


class StrictRequest(HTTPRequest):
    """A request whose first line, headers and length can be read in one way only."""

    header_reader = StrictHeaders()

    def parse_request(self) -> None:
        head = self.conn.rfile.head()
        if head:
            self.rfile = BytesIO(head)
            self.ready = self.read_request_line() and self.read_request_headers()
        else:  # the client has gone in the midst of it, or it is too large: cheroot says which
            super().parse_request()

    def read_request_line(self) -> bool:
        """Split the first line (RFC 9112, section 3); the target is a path, never a URL: this is no proxy.

        A path that begins with two slashes is one too: it is how a key that begins with one is asked for.
        """
        line = self.rfile.readline()
        self.started_request = True
        if line == b"\r\n":  # section 2.2: one empty line before it is ignored
            line = self.rfile.readline()
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            if line:
                self.simple_response("400 Bad Request", "The first line must be: METHOD /path?query HTTP/1.1")
            return False
        self.method, self.uri, self.request_protocol = match.groups()
        self.response_protocol = self.request_protocol.decode()
        self.authority = b""
        path, _, self.qs = self.uri.partition(b"?")
        # An encoded slash is part of a name, not a step of the path, so it stays as it is.
        self.path = b"%2F".join(unquote_to_bytes(part) for part in _ENCODED_SLASH.split(path))
        return True

    def read_request_headers(self) -> bool:
        if not super().read_request_headers():
            return False
        length = self.inheaders.get(b"Content-Length")
        coding = self.inheaders.get(b"Transfer-Encoding")
        if length is not None and (coding is not None or not length.isdigit()):
            self.simple_response("400 Bad Request", "Content-Length must be a number, without Transfer-Encoding.")
        elif coding is not None and not self.chunked_read:  # HTTP/1.0 knows none, and its body would have no end
            self.simple_response("400 Bad Request", "Transfer-Encoding needs HTTP/1.1.")
        else:
            return True
        return False
