"""Nothing that this process sends leaves this machine: whatever URL, server or file a request names.

Every connection and datagram of Python's passes `socket.socket`, whichever library wants it, and each redirect does
again: so it is asked there. Only loopback addresses and the name ``localhost`` pass. Sockets in files do not, for
behind them are other programs' (Docker's would run anything as root). libpq connects past Python: who gives it an
address from a request asks `is_this_machine` first.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter

#: Seconds that a receiver has to take the connection, then for each part of its answer ("Amazon SNS message delivery
#: retries", SNS developer guide: 15 seconds).
TIMEOUT = 5.0, 15.0


def is_this_machine(host: str | None) -> bool:
    """Whether *host* can only mean this machine: no name is looked up, for it might mean another one later."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_loopback(url: str) -> bool:
    """Whether *url* can only mean this machine."""
    try:
        return is_this_machine(urlsplit(url).hostname)
    except ValueError:
        return False


def keep_on_this_machine() -> None:
    """Have this process refuse every other address with an OSError, and wait for no answer without end."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ["no_proxy"] = "*"  # a proxy on this machine would send things on; macOS has one in its settings
    for method, position in {"connect": 0, "connect_ex": 0, "sendto": -1, "sendmsg": 3}.items():
        setattr(socket.socket, method, _asking(getattr(socket.socket, method), position))
    # getfqdn asks gethostbyaddr
    for function in "getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo":
        setattr(socket, function, _looking_up(getattr(socket, function)))
    send = HTTPAdapter.send

    def send_in_time(self: HTTPAdapter, *arguments: Any, **options: Any) -> Any:
        return send(self, *arguments, **{**options, "timeout": options.get("timeout") or TIMEOUT})

    HTTPAdapter.send = send_in_time  # type: ignore[method-assign]


def _asking(method: Callable[..., Any], position: int) -> Callable[..., Any]:
    """*method* of a socket, which has an address at this *position* of its arguments, or none."""

    def ask(self: socket.socket, *arguments: Any) -> Any:
        if len(arguments) > position:
            address = arguments[position]
            _check(address[0] if self.family in (socket.AF_INET, socket.AF_INET6) else address)
        return method(self, *arguments)

    return ask


def _looking_up(look_up: Callable[..., Any]) -> Callable[..., Any]:
    """*look_up*, which would tell others of a name or an address: so that asking for it alone carries things away."""

    def ask(host: Any, *arguments: Any, **options: Any) -> Any:
        if host:  # else every address of this machine, to listen on
            _check(host[0] if isinstance(host, tuple) else host)
        return look_up(host, *arguments, **options)

    return ask


def _check(host: Any) -> None:
    text = host.decode(errors="replace") if isinstance(host, bytes) else host
    if not (isinstance(text, str) and is_this_machine(text)):
        raise OSError(errno.ENETUNREACH, f"this lab sends nothing off this machine, so not to {text}")
