"""Why a query fails, by the codes of Trino and its Hive connector.

Sources: "Troubleshooting in Athena" (athena/latest/ug/troubleshooting-athena.html) for what the codes mean; Trino's
StandardErrorCode and HiveErrorCode.
"""

from __future__ import annotations

TOO_LONG = "TextLineLengthLimitExceededException: Too many bytes before newline"
#: Code and message of a query that takes more memory than there is for queries.
EXHAUSTED = ("EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exhausted resources at this scale factor")


class QueryFailure(Exception):
    """Why a query ends FAILED: Trino's *code*, the message behind it."""

    def __init__(self, code: str, message: str, position: tuple[int, int] | None = None) -> None:
        if position:
            message = f"line {position[0]}:{position[1]}: {message}"
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code

    def __reduce__(self) -> tuple[type[QueryFailure], tuple[str, str]]:
        """How it comes from a worker to the lab."""
        return QueryFailure, (self.code, str(self).removeprefix(f"{self.code}: "))


class QueryTimeout(QueryFailure):
    """The query has run for as long as a query may ("Service quotas")."""

    def __init__(self) -> None:
        super().__init__("", "Query timeout")


class QueryCancelled(Exception):
    """The query was stopped: by its caller, or because it scanned more than its workgroup allows."""


def not_supported(what: str, position: tuple[int, int] | None = None) -> QueryFailure:
    """For what AWS does and this lab does not do yet."""
    return QueryFailure("NOT_SUPPORTED", f"{what} is not supported by this lab yet", position)


def line_too_long(uri: str, most: int) -> QueryFailure:
    """For a line of text of more than *most* bytes ("Considerations and limitations for SQL queries")."""
    return QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read file at {uri}: {TOO_LONG}: {most}")


def out_of_memory() -> QueryFailure:
    """For a query that takes more memory than there is for queries."""
    return QueryFailure(*EXHAUSTED)
