"""What is in a queue: messages, in memory and in a file that a kill of the lab leaves whole.

Every change is a plain record. It is written first and then made, and a start of the lab makes all that were written
once more: so both always agree, and what the disk does not take does not happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import DEDUPLICATION_TIME_IN_SECONDS, Message

from localaws.state.data_file import DataFile

#: Handles of deleted messages that are still known: a client that got no answer deletes once more.
_MOST_DELETED = 10_000

#: What a message has before anything is done with it.
_NEW = vars(Message("", ""))

Change = tuple[Any, ...]
#: What tells a duplicate, and what the first message of its kind was answered: id, sequence number, sent (ms).
Deduplication = tuple[str | None, str]
First = tuple[str, str, int]


def sent(message: Message, deduplication: Deduplication | None = None) -> Change:
    """The change that puts *message* into a queue: it tells only what a new one has not by itself, for it is kept."""
    fields = {name: value for name, new in _NEW.items() if (value := getattr(message, name)) != new}
    return "sent", fields, deduplication


class Contents:
    """The messages of a queue by their ids, in order of arrival. The caller holds the queue's lock."""

    def __init__(self, file: DataFile) -> None:
        self.messages: dict[str, Message] = {}
        self._handles: dict[str, str] = {}
        self._deleted: dict[str, None] = {}
        self._firsts: dict[Deduplication, First] = {}
        self._file = file
        self._removed = False
        file.replay(self._make)

    def do(self, *changes: Change) -> None:
        """Write *changes* down and make them. Raises OSError and QueueDoesNotExist; then none is made."""
        if self._removed:
            raise QueueDoesNotExist
        self._file.write(changes)
        for change in changes:
            self._make(*change)
        self._file.tidy(lambda: len(self.messages) + len(self._firsts), self._changes)

    def _make(self, kind: str, *values: Any) -> None:
        getattr(self, f"_{kind}")(*values)

    def _sent(self, fields: dict[str, Any], deduplication: Deduplication | None) -> None:
        message = Message("", "")
        for name, value in fields.items():
            setattr(message, name, value)
        self.messages[message.id] = message
        self._handles.update((handle, message.id) for handle in message.all_receipt_handles if handle)
        if deduplication:
            self._first(deduplication, (message.id, message.sequence_number, message.sent_timestamp))

    def _first(self, deduplication: Deduplication, first: Any) -> None:
        self._firsts[deduplication] = first

    def _received(self, key: str, handle: str, visible_at: float, now: int) -> None:
        message = self.messages[key]
        if message.receipt_handle:
            message._old_receipt_handles.append(message.receipt_handle)
        message.receipt_handle = handle
        message.visible_at = visible_at
        message.approximate_receive_count += 1
        message.approximate_first_receive_timestamp = message.approximate_first_receive_timestamp or now
        self._handles[handle] = key

    def _hidden(self, key: str, visible_at: float) -> None:
        self.messages[key].visible_at = visible_at

    def _gone(self, key: str) -> None:
        message = self.messages.pop(key)
        for handle in message.all_receipt_handles:
            if handle:
                del self._handles[handle]
                self._deleted[handle] = None
        for handle in list(islice(self._deleted, max(0, len(self._deleted) - _MOST_DELETED))):
            del self._deleted[handle]

    def _purged(self) -> None:
        self.messages.clear()
        self._handles.clear()

    def _handles_deleted(self, handles: Iterable[str]) -> None:
        self._deleted.update(dict.fromkeys(handles))

    def _changes(self) -> Iterator[Change]:
        """All that there is, as the fewest changes that make it."""
        yield "handles_deleted", list(self._deleted)
        yield from (("first", deduplication, first) for deduplication, first in self._firsts.items())
        yield from (sent(message) for message in self.messages.values())

    def of_handle(self, handle: str) -> Message | None:
        """The message that *handle* was given for."""
        key = self._handles.get(handle)
        return self.messages[key] if key else None

    def is_deleted(self, handle: str) -> bool:
        """Whether the message that *handle* was given for was deleted, not too long ago."""
        return handle in self._deleted

    def first_of(self, deduplication: Deduplication, now: float) -> First | None:
        """The first of the messages that are the same, if it was sent less than five minutes before *now* (ms).

        It is remembered "even after the message is received and deleted" (developer guide, "Exactly-once processing").
        """
        oldest = now - DEDUPLICATION_TIME_IN_SECONDS * 1000
        while self._firsts and next(iter(self._firsts.values()))[2] <= oldest:
            del self._firsts[next(iter(self._firsts))]
        return self._firsts.get(deduplication)

    def remove(self) -> None:
        """Delete the file: the queue is no more."""
        self._removed = True
        self._file.remove()
