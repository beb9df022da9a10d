"""An answer on its way out: what services answer, what the gateway adds, and what HTTP wants of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http.client import responses
from typing import Any

from werkzeug.urls import iri_to_uri

#: Answers to these have no body (RFC 9110, section 6.4.1).
_WITHOUT_BODY = {204, 304}
#: They tell of a body, and 304 has none (section 15.4.5).
_OF_A_BODY = (
    "allow content-encoding content-language content-length content-md5 content-range content-type last-modified"
).split()


class Headers:
    """Header fields, each once, found by their names in any case and sent with the names that they were given."""

    def __init__(self, given: Any = None) -> None:
        self._fields: dict[str, tuple[str, str]] = {}
        for name, value in given.items() if given else ():
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        """Raises ValueError for a value that would become another field, or the body."""
        text = ", ".join(value) if isinstance(value, list) else str(value)
        if "\n" in text or "\r" in text:
            raise ValueError(f"the header {name} has more than one line")
        self._fields[name.lower()] = (name, text)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._fields

    def get(self, name: str, default: str = "") -> str:
        return self._fields.get(name.lower(), (name, default))[1]

    def remove(self, name: str) -> None:
        self._fields.pop(name.lower(), None)

    def items(self) -> list[tuple[str, str]]:
        return list(self._fields.values())


class Response:
    """An answer. ``body`` is its bytes, or, of a *streamed* one, an iterable of blocks that is closed in the end."""

    def __init__(self, body: Any = b"", status: int | str = 200, headers: Any = None) -> None:
        """*body* may be a text, and *headers* any mapping of names to values."""
        self.status_code = int(status)
        self.headers = Headers(headers)
        if isinstance(body, (list, tuple)):
            body = b"".join(body)
        self.body: Any = body.encode() if isinstance(body, str) else body or b""

    @property
    def is_streamed(self) -> bool:
        return not isinstance(self.body, (bytes, bytearray))

    def begin(self, method: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Begin to answer a request of *method*; what is returned has to be sent."""
        headers, status = self.headers, self.status_code
        if "Content-Type" not in headers:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        if status == 304:
            for name in _OF_A_BODY:
                headers.remove(name)
        elif status == 204:
            headers.remove("Content-Length")
        elif not self.is_streamed and (method != "HEAD" or "Content-Length" not in headers):
            headers["Content-Length"] = len(self.body)
        if "Location" in headers:
            headers["Location"] = iri_to_uri(headers.get("Location"))
        start_response(f"{status} {responses.get(status, 'Unknown')}", headers.items())
        if method != "HEAD" and status not in _WITHOUT_BODY:
            return self.body if self.is_streamed else [bytes(self.body)]
        if hasattr(self.body, "close"):
            self.body.close()
        return ()
