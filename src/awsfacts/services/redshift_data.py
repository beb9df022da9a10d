"""Redshift Data API."""

from __future__ import annotations

from awsfacts.declaration import Claim, Service

SERVICE = Service(
    name="redshift-data",
    title="Amazon Redshift Data API",
    real=(
        Claim(
            "Statements run on the lab's clusters while the caller goes on; their rows are typed fields, in pages.",
            "engines/test_redshift_data.py::test_rows_come_as_typed_fields",
        ),
        Claim(
            "A batch is one transaction; a token makes a call idempotent; a cancel interrupts what runs.",
            "engines/test_redshift_data.py::test_a_batch_is_one_transaction",
        ),
        Claim(
            "A session keeps its connection, with temporary tables, for the next statement.",
            "engines/test_redshift_data.py::test_a_session_keeps_its_temporary_tables",
        ),
        Claim(
            "EventBridge is told of a statement's end.",
            "engines/test_redshift_data.py::test_an_event_tells_of_the_end",
        ),
        Claim(
            "Results are kept for 24 hours, over a stop and a crash of the lab too.",
            "engines/test_redshift_data.py::test_statements_last_a_day_and_outlive_the_lab",
        ),
    ),
)
