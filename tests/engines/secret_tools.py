"""What tests of rotation share: a function that rotates, as the templates in the user guide of Secrets Manager do."""

from __future__ import annotations

from typing import Any

from tests.conftest import RunningLab
from tests.engines.lambda_tools import create
from tests.roles import permit

#: The new value is the new version's id.
ROTATION = """
    import boto3

    def handler(event, context):
        secrets = boto3.client("secretsmanager")
        secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
        if step == "createSecret":
            secrets.put_secret_value(
                SecretId=secret, ClientRequestToken=token, SecretString=token, VersionStages=["AWSPENDING"]
            )
        if step == "testSecret":
            pending = secrets.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
            assert pending["SecretString"] == token
        if step == "finishSecret":
            versions = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
            [current] = [version for version, stages in versions.items() if "AWSCURRENT" in stages]
            secrets.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
            )
    """


#: AWS's sample for one user of RDS for PostgreSQL (SecretsManagerRDSPostgreSQLRotationSingleUser), with another driver.
POSTGRESQL = """
    import json

    import boto3
    import psycopg

    secrets = boto3.client("secretsmanager")

    def handler(event, context):
        arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
        metadata = secrets.describe_secret(SecretId=arn)
        if not metadata.get("RotationEnabled", True):
            raise ValueError(f"Secret {arn} is not enabled for rotation")
        versions = metadata["VersionIdsToStages"]
        if token not in versions:
            raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}.")
        if "AWSCURRENT" in versions[token]:
            return
        if "AWSPENDING" not in versions[token]:
            raise ValueError(f"Secret version {token} not set as AWSPENDING for rotation of secret {arn}.")
        {"createSecret": create, "setSecret": put, "testSecret": test, "finishSecret": finish}[step](arn, token)

    def create(arn, token):
        current = read(arn, "AWSCURRENT")
        try:
            read(arn, "AWSPENDING", token)
        except secrets.exceptions.ResourceNotFoundException:
            password = secrets.get_random_password(ExcludeCharacters=" /@\\\"'\\\\:")["RandomPassword"]
            pending = json.dumps({**current, "password": password})
            secrets.put_secret_value(
                SecretId=arn, ClientRequestToken=token, SecretString=pending, VersionStages=["AWSPENDING"]
            )

    def put(arn, token):
        pending = read(arn, "AWSPENDING", token)
        connection = connect(pending)
        if connection is None:
            connection = connect(read(arn, "AWSCURRENT"))
            if connection is None:
                raise ValueError(f"Unable to log into database with previous, current, or pending secret of {arn}")
            user, password = psycopg.sql.Identifier(pending["username"]), psycopg.sql.Literal(pending["password"])
            connection.execute(psycopg.sql.SQL("ALTER USER {} WITH PASSWORD {}").format(user, password))
        connection.close()

    def test(arn, token):
        connection = connect(read(arn, "AWSPENDING", token))
        if connection is None:
            raise ValueError(f"Unable to log into database with pending secret of secret ARN {arn}")
        connection.execute("SELECT NOW()")
        connection.close()

    def finish(arn, token):
        for version, stages in secrets.describe_secret(SecretId=arn)["VersionIdsToStages"].items():
            if "AWSCURRENT" in stages and version != token:
                secrets.update_secret_version_stage(
                    SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=version
                )

    def read(arn, stage, token=None):
        version = {"VersionId": token} if token else {}
        return json.loads(secrets.get_secret_value(SecretId=arn, VersionStage=stage, **version)["SecretString"])

    def connect(secret):
        try:
            return psycopg.connect(
                host=secret["host"], port=secret["port"], user=secret["username"], password=secret["password"],
                dbname=secret["dbname"], connect_timeout=5, autocommit=True,
            )
        except psycopg.OperationalError:
            return None
    """


def rotation(lab: RunningLab, name: str, code: str) -> str:
    """Make a function of *code* that Secrets Manager may invoke; returns its ARN.

    "Rotation function permissions" (user guide): a resource policy that names the service.
    """
    function = create(lab, name, code, Timeout=30)
    permit(lab, name, "secretsmanager")
    return function


def is_current(secrets: Any, name: str, version: str) -> bool:
    stages: dict[str, list[str]] = secrets.describe_secret(SecretId=name)["VersionIdsToStages"]
    return stages[version] == ["AWSCURRENT"]
