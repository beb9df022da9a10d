"""The properties that a template gives a new resource, which know what has been looked at.

moto's models take from a template what they know, and say nothing of the rest. What nothing has looked at, the resource
would silently go without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values


class Given(dict[str, Any]):
    """A resource's properties; *untouched* are the names of those that nobody has read."""

    def __init__(self, properties: dict[str, Any]) -> None:
        super().__init__(properties)
        self.untouched = set(properties)

    def __getitem__(self, name: str) -> Any:
        self.untouched.discard(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.untouched.discard(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self.untouched.discard(name)
        return super().pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        self.untouched.discard(name)
        return super().setdefault(name, default)

    def __iter__(self) -> Iterator[str]:
        """As a dict's: but for the sake of this method ``**properties`` asks for each by `__getitem__`."""
        return super().__iter__()

    def items(self) -> dict_items[str, Any]:
        self.untouched.clear()
        return super().items()

    def values(self) -> dict_values[str, Any]:
        self.untouched.clear()
        return super().values()
