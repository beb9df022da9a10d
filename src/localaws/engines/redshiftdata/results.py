"""The rows that statements have left: one file for each, read in pages.

Sources: Data API reference, "GetStatementResult"; management guide, "Considerations when calling the Amazon Redshift
Data API" (a result has 500 MB at most and is kept for 24 hours).
"""

from __future__ import annotations

import base64
import binascii
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from localaws.gateway.errors import AwsError

Row = list[str | None]
#: In the lab's directory.
FOLDER = "redshift-data"
MOST_BYTES = 500 << 20
_PAGE_ROWS, _PAGE_BYTES = 1000, 1 << 20


class TooLarge(Exception):
    """A result has more than `MOST_BYTES`."""


class Results:
    """Those below *directory*, by the ids of statements and the numbers of their texts."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, id: str, rows: Iterable[Row]) -> tuple[int, int]:
        """Write all *rows*; returns how many they are, and their bytes. Raises TooLarge."""
        path = self._path(id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        count = size = 0
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                count += 1
                size += sum(len(each.encode()) for each in row if each is not None)
                if size > MOST_BYTES:
                    raise TooLarge(id)
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return count, size

    def page(self, id: str, token: str | None) -> tuple[list[Row], str]:
        """Rows from where *token* points, and the token of the next page, "" after the last.

        Raises ValidationException for a token that was not given.
        """
        rows: list[Row] = []
        with self._path(id).open("rb") as file:
            place = self._place(token)
            file.seek(place)
            for line in file:
                try:
                    rows.append(json.loads(line))
                except ValueError:
                    raise _bad_token() from None
                place += len(line)
                if len(rows) == _PAGE_ROWS or file.tell() - place > _PAGE_BYTES:
                    break
            is_last = not file.read(1) if rows else True
        return rows, "" if is_last else base64.b64encode(f"{place}".encode()).decode()

    def forget(self, id: str) -> None:
        shutil.rmtree(self._directory / id, ignore_errors=True)

    def kept(self) -> list[str]:
        """The ids of statements of which there are files."""
        return [each.name for each in self._directory.iterdir()]

    def _path(self, id: str) -> Path:
        statement, _, number = id.partition(":")
        return self._directory / statement / f"{number or 1}.jsonl"

    @staticmethod
    def _place(token: str | None) -> int:
        try:
            return int(base64.b64decode(token, validate=True)) if token else 0
        except (ValueError, binascii.Error):
            raise _bad_token() from None


def _bad_token() -> AwsError:
    return AwsError("ValidationException", "The NextToken is not one that was given for this result.")
