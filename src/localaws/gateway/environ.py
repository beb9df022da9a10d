"""A request as WSGI has it (PEP 3333): the names of its header fields, and the parameters in its URL."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

#: Longer names, which no SDK sends, are not remembered.
_REMEMBERED = 64


def query_of(environ: dict[str, Any]) -> dict[str, list[str]]:
    """The parameters in the URL of a request, each with all its values; most calls have none."""
    query = environ.get("QUERY_STRING")
    return parse_qs(query, keep_blank_values=True) if query else {}


def environ_key(header: str) -> str:
    """``X-Amz-Date`` → ``HTTP_X_AMZ_DATE``."""
    return _key(header) if len(header) <= _REMEMBERED else _key.__wrapped__(header)


def header_name(key: str) -> str:
    """``HTTP_X_AMZ_DATE`` → ``X-Amz-Date``."""
    return _name(key) if len(key) <= _REMEMBERED else _name.__wrapped__(key)


@lru_cache(maxsize=1024)
def _key(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


@lru_cache(maxsize=1024)
def _name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").title()
