"""Wrong answers to the exercises of 02_storage on Redshift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.exercises.right_warehouse import KEPT, KEYS, load_by_columns, rejected_of_today

ONES: dict[str, Any] = dict.fromkeys(KEYS, 1.0)
Answer = Callable[[str, str], str]


def copy(options: str) -> tuple[Answer, Any]:
    return lambda location, role: f"COPY delays FROM '{location}' IAM_ROLE '{role}' {options}", rejected_of_today


def told(columns: str = "line_number, colname, err_reason", where: str = "") -> tuple[Answer, Any]:
    return load_by_columns, lambda location: f"SELECT {columns} FROM stl_load_errors {where.format(location)}"


def unload(options: str, query: str = "SELECT id, remark FROM remarks") -> Answer:
    return lambda location, role: f"UNLOAD ('{query}') TO '{location}' IAM_ROLE '{role}' {options}"


def back(options: str) -> Answer:
    return lambda location, role: f"COPY copied FROM '{location}' IAM_ROLE '{role}' {options}"


OWN = "WHERE trim(filename) = '{}'"
SHORT = "SELECT id, remark FROM remarks WHERE id < 7"
LOWER = "SELECT id, lower(remark) AS remark FROM remarks"
PARQUET = back("FORMAT PARQUET")
WRONG: dict[str, list[tuple[Any, str]]] = {
    "slices": [
        (({"key": "flight_date", **ONES},), "would lie on one slice"),
        (({"key": "origin", **ONES},), "Three values"),
        (({"key": "event_id", **ONES},), "would have to move"),
        (({"key": "carrier", **ONES},), "`key` is one of"),
        (({"key": "tailnum", **ONES, "origin": None},), "A skew is a number"),
        (({"key": "tailnum", **ONES},), "The key is right"),
    ],
    "no_moves": [
        (("abcf",), "joins a table by its key"),
        (("abdf",), "with itself"),
        (("abef",), "computed from the keys"),
        (("bf",), "by the distribution key of both"),
        (("af",), "each node has a copy"),
        (("ab",), "a condition beside it"),
        (("abz",), "no join `z`"),
        ((5,), "should be letters"),
    ],
    "rejects": [
        (copy("CSV IGNOREHEADER 1"), "Check 'stl_load_errors'"),
        (copy("CSV IGNOREHEADER 1 MAXERROR 10 TRUNCATECOLUMNS"), "was cut or filled up"),
        (copy("CSV MAXERROR 10"), "as if it were a flight"),
        (told(where=""), "in another file"),
        (told("line_number, raw_line, err_reason", OWN), "Missing: colname"),
        (told("line_number, colname, err_reason", OWN + " AND trim(colname) = 'delay'"), "some of them others"),
        (told("line_number, colname, '' AS err_reason", OWN), "nothing is said of why"),
    ],
    "round_trip": [
        ((unload("FORMAT PARQUET"), PARQUET), "files were there"),
        ((unload("CSV CLEANPATH"), back("CSV")), "NULL is no empty text"),
        ((unload("ALLOWOVERWRITE"), back("")), "Check 'stl_load_errors'"),
        ((unload("FORMAT PARQUET CLEANPATH", SHORT), PARQUET), "`copied` has 6 rows"),
        ((unload("FORMAT PARQUET CLEANPATH", LOWER), PARQUET), "Remark 4 was"),
    ],
    "same_key": [
        ((KEPT | {"redshift": "first"},), "informational only"),
        ((KEPT | {"rds": "second"},), "says something to the second"),
        ((KEPT | {"dynamodb": "first"},), "PutItem without a condition"),
        ((KEPT | {"iceberg": "second"},), "primary key in the CREATE TABLE"),
        ((KEPT | {"s3": "both"},), "replaced as a whole"),
        ((KEPT | {"s3": "none"},), "none of the words"),
    ],
}
