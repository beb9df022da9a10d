"""What Lake Formation lets who asks a query read and change.

The catalog answers only what its caller may see (engines/glue/governed.py). The planner has to know whole tables, and
so withholds by itself what was not granted; statements that change a table ask here whether they may.

Sources: "Use Athena to query data registered with AWS Lake Formation" and "Considerations and limitations for querying
data registered with Lake Formation" (Athena user guide); "Data filtering and cell-level security in Lake Formation".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlglot import exp

from localaws.client import behalf, credential_of_role, on_behalf_of
from localaws.credentials import Credential
from localaws.engines.athena.sql.grammar import parse
from localaws.engines.lakeformation.backend import LakeFormationEngine, lake_of
from localaws.engines.lakeformation.deciding import TableAccess, insufficient
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call
from localaws.lake.catalog import Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.objects import Lake


def denied(message: str, request_id: str = "", is_ddl: bool = False) -> QueryFailure:
    """The catalog's refusal, *message*, as Athena passes it on."""
    details = f"Status Code: 400; Error Code: AccessDeniedException; Request ID: {request_id or uuid4()}; Proxy: null"
    words = f"{message} (Service: AmazonDataCatalog; {details})"
    if is_ddl:
        task = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
        return QueryFailure("FAILED", f"{task} MetaException(message:{words})")
    return QueryFailure("", words)


class Grants:
    """What was granted to whom a query works for, in the account and region of *lake*."""

    def __init__(self, lake: Lake) -> None:
        self._lab, self._region, self._principal = lake.lab, lake.region, lake.principal
        caller, _ = behalf() or (self._lab.owner, "")
        self._caller: Credential = caller
        self.readers: dict[str, Credential] = {}
        """With whose keys objects were read that lie in a registered location, by the tables' locations."""

    @property
    def _engine(self) -> LakeFormationEngine:
        return lake_of(self._lab.account_id, self._region)

    def access(self, database: str, table: str) -> TableAccess:
        return self._engine.governor.access(self._caller, database, table)

    def require(self, database: str, table: str, *permissions: str) -> None:
        """Raises QueryFailure unless all *permissions* on the table were granted, and all of it may be read where
        SELECT is among them: what changes rows has to find them first."""
        access = self.access(database, table)
        if access.is_open:
            return
        if "SELECT" in permissions and not access.is_whole:
            raise denied(insufficient(table).message)
        for permission in permissions:
            if permission != "SELECT" and permission not in access.permissions:
                raise denied(insufficient(table, permission).message)

    def require_new(self, database: str, location: str) -> None:
        """Raises QueryFailure unless a table may be made in *database*, at *location*: before anything is written."""
        engine = self._engine
        from localaws.engines.lakeformation.resources import Resource

        try:
            engine.governor.require(self._caller, Resource("Database", database), "CREATE_TABLE")
            engine.governor.require_location(self._caller, location, database)
        except AwsError as refused:
            raise denied(refused.message) from None

    @contextmanager
    def reading(self, table: Table, access: TableAccess) -> Iterator[None]:
        """Read the objects of *table* in here with the rights that count for them.

        Those of a registered location are read with its role, by who has a grant; all others with the caller's.
        Raises QueryFailure where IAM does not let him ask for data (lakeformation:GetDataAccess).
        """
        place = table.location.replace("s3://", "arn:aws:s3:::", 1).rstrip("/")
        registered = None if access.is_open else self._engine.registered(place)
        if registered is None:
            yield
            return
        self._ask_for_data(table)
        name = f"AWSLF-00-AT-{self._lab.account_id}"
        role = credential_of_role(self._lab, registered["RoleArn"], name, "lakeformation")
        self.readers[table.location.rstrip("/") + "/"] = role
        with on_behalf_of(role, self._principal):
            yield

    def _ask_for_data(self, table: Table) -> None:
        """GetDataAccess, which Athena calls for who asks; CloudTrail has it ("Logging Lake Formation API calls")."""
        call = Call.done_by(self._principal, self._lab.clock, "lakeformation", "GetDataAccess", self._region)
        call.is_from(self._caller)
        arn = f"arn:aws:glue:{self._region}:{self._lab.account_id}:table/{table.database}/{table.name}"
        call.request_parameters = {"tableArn": arn, "permissions": ["SELECT"]}
        context = {"aws:CalledVia": self._principal}
        try:
            self._lab.authorize(self._caller, "lakeformation", "lakeformation:GetDataAccess", ["*"], context)
        except AwsError as refused:
            call.refuse(refused)
            raise denied(refused.message) from None
        finally:
            self._lab.record(call)


def guarded(view: str, columns: dict[str, Type], access: TableAccess) -> tuple[exp.Select, dict[str, Type]]:
    """The query that tells of the relation *view* what *access* grants, and the columns that it has.

    A row is there if one of the grants shows it; what no grant shows of it is NULL.
    """
    shown = {name: column_type for name, column_type in columns.items() if name in access.readable}
    table = exp.Table(this=exp.to_identifier(view, quoted=True))
    table.meta["columns"] = columns
    items = []
    for name in shown:
        value: exp.Expr = exp.column(exp.to_identifier(name, quoted=True))
        if rows := access.rows_of(name):
            value = exp.Case(ifs=[exp.If(this=_any(rows), true=value)])
        items.append(exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True)))
    query = exp.Select(expressions=items, from_=exp.From(this=table))
    if access.rows:
        query.set("where", exp.Where(this=_any(access.rows)))
    return query, shown


def _any(rows: Iterable[str]) -> exp.Expr:
    """That one of the row filter expressions holds."""
    parsed = [parse(f"SELECT 1 WHERE {each}").args["where"].this for each in rows]
    return exp.or_(*(exp.Paren(this=each) for each in parsed), copy=False)
