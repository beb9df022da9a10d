"""RDS Data API: SQL over HTTP, on the lab's own PostgreSQL instances.

moto answers every statement with no rows. Here each runs on the database that ``resourceArn`` names, as the user of
the secret that ``secretArn`` names. Sources: Data API reference; Aurora user guide, "Using RDS Data API".
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

import psycopg
from botocore.exceptions import ClientError
from moto.rdsdata.models import RDSDataServiceBackend
from moto.rdsdata.responses import RDSDataServiceResponse
from psycopg import pq
from psycopg.pq.abc import PGresult

from localaws.client import on_behalf_of
from localaws.engines.rdsdata.values import bind, json_of, metadata_of, numbered, records_of
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

#: "If the binary response data from the database is more than 1 MB, the call is terminated."
MOST_BYTES = 1 << 20
#: A call is ended after 45 s; a transaction that nobody uses for three minutes is rolled back (BeginTransaction).
CALL_SECONDS = 45
IDLE_SECONDS = 180


class Transaction:
    """An open transaction; ``last_used`` is on the lab's clock."""

    def __init__(self, connection: psycopg.Connection[Any], now: float) -> None:
        self.connection = connection
        self.last_used = now
        self.lock = threading.Lock()


class RDSDataEngine(RDSDataServiceBackend):
    lab: ClassVar[Lab]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._transactions: dict[str, Transaction] = {}

    def run(self, request: Mapping[str, Any]) -> PGresult:
        """The result of one statement with its ``parameters``."""
        with self._session(request) as connection:
            return self._execute(connection, request["sql"], request.get("parameters") or [])

    def run_all(self, request: Mapping[str, Any]) -> int:
        """Run one statement for each of ``parameterSets``, all or none; returns how many there were."""
        sets = request.get("parameterSets") or [[]]
        with self._session(request) as connection, connection.transaction():
            for parameters in sets:
                self._execute(connection, request["sql"], parameters)
        return len(sets)

    def begin(self, request: Mapping[str, Any]) -> str:
        connection = self._connect(request)
        connection.execute("BEGIN")
        identifier = uuid.uuid4().hex
        self._transactions[identifier] = Transaction(connection, self.lab.clock.time())
        self._roll_back_if_idle(identifier)
        return identifier

    def end(self, request: Mapping[str, Any], how: str) -> None:
        """*how* is COMMIT or ROLLBACK."""
        transaction = self._transaction(request["transactionId"])
        del self._transactions[request["transactionId"]]
        with transaction.lock, transaction.connection:
            self._execute(transaction.connection, how, [])

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_transactions": {}}  # they end with their connections

    def close(self) -> None:
        for transaction in self._transactions.values():
            transaction.connection.close()

    @contextmanager
    def _session(self, request: Mapping[str, Any]) -> Iterator[psycopg.Connection[Any]]:
        if request.get("transactionId"):
            transaction = self._transaction(request["transactionId"])
            with transaction.lock:
                yield transaction.connection
        else:
            with self._connect(request) as connection:
                yield connection

    def _transaction(self, identifier: str) -> Transaction:
        transaction = self._transactions.get(identifier)
        if transaction is None:
            raise AwsError("TransactionNotFoundException", f"Transaction {identifier} is not found", 404)
        transaction.last_used = self.lab.clock.time()
        return transaction

    def _roll_back_if_idle(self, identifier: str) -> None:
        """Now if nobody has used the transaction for so long; else look again when that could be."""
        transaction = self._transactions.get(identifier)
        if transaction is None:
            return
        end = transaction.last_used + IDLE_SECONDS
        if end > self.lab.clock.time():
            look = partial(self._roll_back_if_idle, identifier)
            self.lab.timer.at(end, f"end of transaction {identifier}", look)
        elif self._transactions.pop(identifier, None):
            with transaction.lock:
                transaction.connection.close()

    def _connect(self, request: Mapping[str, Any]) -> psycopg.Connection[Any]:
        endpoint, database = self._endpoint(request["resourceArn"])
        user, password = self._login(request["secretArn"])
        limit = 0 if request.get("continueAfterTimeout") else CALL_SECONDS * 1000
        try:
            return psycopg.connect(
                host=endpoint["Address"],
                port=endpoint["Port"],
                user=user,
                password=password,
                dbname=request.get("database") or database,
                autocommit=True,
                options=f"-c statement_timeout={limit} -c timezone=UTC -c bytea_output=hex",
            )
        except psycopg.OperationalError as error:
            code = "DatabaseNotFoundException" if "does not exist" in str(error) else "DatabaseErrorException"
            raise AwsError(code, str(error).strip()) from None

    def _endpoint(self, arn: str) -> tuple[dict[str, Any], str]:
        """Where the instance *arn* listens, and its first database."""
        try:
            rds = self.lab.client("rds", region=self.region_name, by="rds-data")
            instance = rds.describe_db_instances(DBInstanceIdentifier=arn.rsplit(":", 1)[-1])["DBInstances"][0]
        except ClientError:
            raise AwsError("BadRequestException", f"There is no DB instance {arn}.") from None
        if instance["DBInstanceStatus"] != "available":
            raise AwsError("DatabaseUnavailableException", f"{arn} is {instance['DBInstanceStatus']}.", 504)
        return instance["Endpoint"], instance.get("DBName", "postgres")

    def _login(self, arn: str) -> tuple[str, str]:
        try:
            with on_behalf_of(current_call.get().credential, "rds-data.amazonaws.com"):
                secret = self.lab.client("secretsmanager", region=self.region_name).get_secret_value(SecretId=arn)
        except ClientError as error:
            raise AwsError("SecretsErrorException", error.response["Error"]["Message"]) from None
        try:
            login = json.loads(secret["SecretString"])
            return login["username"], login["password"]
        except (KeyError, ValueError, TypeError):
            raise AwsError("InvalidSecretException", f"{arn} must hold JSON with username and password.") from None

    def _execute(
        self, connection: psycopg.Connection[Any], sql: str, parameters: Sequence[Mapping[str, Any]]
    ) -> PGresult:
        """Run one statement (several are refused: the extended protocol takes one)."""
        statement, names = numbered(sql)
        values, types, formats = bind(names, parameters)
        result = connection.pgconn.exec_params(statement.encode(), values, types, formats)
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY):
            message = (result.error_message or b"the statement cannot be run by the Data API").decode().strip()
            state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
            code = "StatementTimeoutException" if state == "57014" else "DatabaseErrorException"
            raise AwsError(code, f"{message}; SQLState: {state}")
        cells = ((row, column) for row in range(result.ntuples) for column in range(result.nfields))
        if sum(len(result.get_value(*cell) or b"") for cell in cells) > MOST_BYTES:
            raise AwsError("BadRequestException", "Database returned more than the allowed response size limit")
        return result


class RDSDataEngineResponse(RDSDataServiceResponse):
    @property
    def engine(self) -> RDSDataEngine:
        backend = self.rdsdata_backend
        assert isinstance(backend, RDSDataEngine)
        return backend

    @property
    def _request(self) -> dict[str, Any]:
        return json.loads(self.body)

    def execute_statement(self) -> str:
        request = self._request
        result, options = self.engine.run(request), request.get("resultSetOptions") or {}
        answer: dict[str, Any] = {"numberOfRecordsUpdated": 0, "generatedFields": []}
        if not result.nfields:
            answer["numberOfRecordsUpdated"] = result.command_tuples or 0
        elif request.get("formatRecordsAs") == "JSON":
            answer = {"numberOfRecordsUpdated": 0, "formattedRecords": json_of(result, options)}
        else:
            answer = {"numberOfRecordsUpdated": 0, "records": records_of(result, options)}
        if request.get("includeResultMetadata"):
            answer["columnMetadata"] = metadata_of(result)
        return json.dumps(answer)

    def batch_execute_statement(self) -> str:
        return json.dumps({"updateResults": [{"generatedFields": []}] * self.engine.run_all(self._request)})

    def begin_transaction(self) -> str:
        return json.dumps({"transactionId": self.engine.begin(self._request)})

    def commit_transaction(self) -> str:
        self.engine.end(self._request, "COMMIT")
        return json.dumps({"transactionStatus": "Transaction Committed"})

    def rollback_transaction(self) -> str:
        self.engine.end(self._request, "ROLLBACK")
        return json.dumps({"transactionStatus": "Rollback Complete"})
