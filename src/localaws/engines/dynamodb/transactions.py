"""What transactions are under way, with which items, and which of the last ten minutes were told by a token.

Source: DynamoDB developer guide, "Amazon DynamoDB Transactions: How it works", "Transaction conflict handling in
DynamoDB" and "Idempotency"; API reference, TransactWriteItems, ClientRequestToken.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from moto.dynamodb.exceptions import TransactionCanceledException

from localaws.engines.dynamodb.batches import Reason
from localaws.gateway.errors import AwsError

#: Seconds for which a token stands for its request.
REMEMBERED = 600.0
_CONFLICT = "Transaction is ongoing for the item"
_MISMATCH = "The request uses the same client token as a previous, but non-identical request."
#: A table's name and an item's key, as text.
Named = tuple[str, str]


class Transactions:
    """Of one backend."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[Named] = set()
        self._tokens: dict[str, tuple[float, bytes]] = {}

    @contextmanager
    def under_way(self, items: Sequence[Named]) -> Iterator[None]:
        """The body is a transaction of *items*. Raises TransactionCanceledException if another one has one of them."""
        with self._lock:
            reasons: list[Reason] = [
                ("TransactionConflict", _CONFLICT, None) if each in self._under_way else (None, None, None)
                for each in items
            ]
            if any(code for code, _, _ in reasons):
                raise TransactionCanceledException(reasons)
            self._under_way.update(items)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.difference_update(items)

    def check_free(self, item: Named) -> None:
        """Raises TransactionConflictException for a write to an item that a transaction has."""
        with self._lock:
            if item in self._under_way:
                raise AwsError("TransactionConflictException", _CONFLICT)

    def is_done(self, token: str | None, request: Any, now: float) -> bool:
        """Whether a request with this token has been done. Raises IdempotentParameterMismatchException."""
        with self._lock:
            self._tokens = {each: known for each, known in self._tokens.items() if known[0] > now - REMEMBERED}
            known = self._tokens.get(token or "")
        if known and known[1] != _digest(request):
            raise AwsError("IdempotentParameterMismatchException", _MISMATCH)
        return known is not None

    def note(self, token: str | None, request: Any, now: float) -> None:
        """The request with this token has been done."""
        if token:
            with self._lock:
                self._tokens[token] = now, _digest(request)


def named(table: str, key: dict[str, Any]) -> Named:
    """How an item is known here."""
    return table.rpartition("/")[2], json.dumps(key, sort_keys=True, default=str)


def _digest(request: Any) -> bytes:
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).digest()
