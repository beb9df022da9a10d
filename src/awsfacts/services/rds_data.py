"""RDS Data API."""

from __future__ import annotations

from awsfacts.declaration import Claim, Service

SERVICE = Service(
    name="rds-data",
    title="Amazon RDS Data API",
    real=(
        Claim(
            "Statements run on the lab's instances, as the user of the secret, in transactions and batches.",
            "engines/test_rdsdata.py::test_transactions",
        ),
    ),
)
