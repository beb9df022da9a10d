"""Nothing that moto sends by HTTP leaves this machine: deliveries of SNS, destinations of EventBridge, and the like.

Only literal loopback addresses and ``localhost`` are reached, so that no name can be made to stand for another address
between the check and the connection; every redirect passes the same check.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidURL

_send = HTTPAdapter.send


def is_loopback(url: str) -> bool:
    """Whether *url* can only mean this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def keep_on_this_machine() -> None:
    """Have the process's `requests` refuse every other address with InvalidURL."""

    def send(self: HTTPAdapter, request: PreparedRequest, *arguments: Any, **options: Any) -> Response:
        if not is_loopback(request.url or ""):
            raise InvalidURL(f"this lab sends nothing off this machine, so not to {request.url}")
        return _send(self, request, *arguments, **options)

    HTTPAdapter.send = send  # type: ignore[method-assign]
