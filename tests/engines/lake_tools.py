"""What the tests of Lake Formation share: a governed database, roles, grants."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena

ACCOUNT = "123456789012"
ADMIN = f"arn:aws:iam::{ACCOUNT}:user/lab-admin"


_LEFT_TO_IAM = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]


def be_administrator(lab: RunningLab) -> None:
    """Make the lab's administrator a data lake administrator; what is made later is left to IAM as before."""
    settings = {
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": ADMIN}],
        "CreateDatabaseDefaultPermissions": _LEFT_TO_IAM,
        "CreateTableDefaultPermissions": _LEFT_TO_IAM,
    }
    lab.client("lakeformation").put_data_lake_settings(DataLakeSettings=settings)


class Role:
    """A role that IAM allows everything, with clients of it."""

    def __init__(self, lab: RunningLab, name: str) -> None:
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        iam = lab.client("iam")
        self.lab = lab
        self.arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=json.dumps(everything))
        keys = lab.client("sts").assume_role(RoleArn=self.arn, RoleSessionName="reads")["Credentials"]
        self.keys = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def client(self, service: str) -> Any:
        return self.lab.client(service, **self.keys)


class Lake:
    """A database that is not left to IAM, and a bucket; Athena's tools for who owns it."""

    def __init__(self, lab: RunningLab, database: str) -> None:
        self.lab = lab
        self.database = database
        self.bucket = database.replace("_", "-") + "-data"
        self.lake, self.glue = lab.client("lakeformation"), lab.client("glue")
        self.athena = Athena(lab, self.bucket, database)
        self.glue.update_database(Name=database, DatabaseInput={"Name": database, "CreateTableDefaultPermissions": []})
        self.lake.revoke_permissions(
            Principal={"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
            Resource={"Database": {"Name": database}},
            Permissions=["ALL"],
        )

    def table(self, name: str, text: str = "", **columns: str) -> None:
        """A table over a CSV object *text* in a folder of its name."""
        if text:
            self.athena.put(f"{name}/1.csv", text)
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.athena(
            f"CREATE EXTERNAL TABLE {name} ({listed}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
            f"LOCATION 's3://{self.bucket}/{name}/'"
        )

    def as_role(self, name: str) -> Role:
        return Role(self.lab, f"{self.database}-{name}".replace("_", "-"))

    def of(self, table: str) -> dict[str, Any]:
        """A table as a resource."""
        return {"Table": {"DatabaseName": self.database, "Name": table}}

    def columns(self, table: str, *names: str) -> dict[str, Any]:
        return {"TableWithColumns": {"DatabaseName": self.database, "Name": table, "ColumnNames": list(names)}}

    def all_but(self, table: str, *names: str) -> dict[str, Any]:
        wildcard = {"ExcludedColumnNames": list(names)}
        return {"TableWithColumns": {"DatabaseName": self.database, "Name": table, "ColumnWildcard": wildcard}}

    def filter(self, table: str, name: str, rows: str, *columns: str) -> dict[str, Any]:
        """Make a data cells filter, of all columns unless some are named; gives it as a resource."""
        place = {"TableCatalogId": ACCOUNT, "DatabaseName": self.database, "TableName": table, "Name": name}
        chosen: dict[str, Any] = {"ColumnNames": list(columns)} if columns else {"ColumnWildcard": {}}
        row_filter: dict[str, Any] = {"FilterExpression": rows} if rows else {"AllRowsWildcard": {}}
        self.lake.create_data_cells_filter(TableData={**place, "RowFilter": row_filter, **chosen})
        return {"DataCellsFilter": place}

    def grant(self, role: Role, resource: dict[str, Any], *permissions: str, grantable: bool = False) -> None:
        self.lake.grant_permissions(
            Principal={"DataLakePrincipalIdentifier": role.arn},
            Resource=resource,
            Permissions=list(permissions),
            PermissionsWithGrantOption=list(permissions) if grantable else [],
        )

    def revoke(self, role: Role, resource: dict[str, Any], *permissions: str) -> None:
        principal = {"DataLakePrincipalIdentifier": role.arn}
        self.lake.revoke_permissions(Principal=principal, Resource=resource, Permissions=list(permissions))

    def queries(self, role: Role) -> Athena:
        """Athena as *role* in this database."""
        engine = object.__new__(Athena)
        engine.lab, engine.client, engine.s3 = self.lab, role.client("athena"), self.athena.s3
        engine.bucket, engine.database = self.bucket, self.database
        return engine


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    """The code and the message of *call*'s error."""
    with pytest.raises(ClientError) as error:
        call()
    told = error.value.response["Error"]
    return told["Code"], told["Message"]
