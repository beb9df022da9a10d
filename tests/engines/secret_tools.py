"""What tests of rotation share: a function that rotates, as the templates in the user guide of Secrets Manager do."""

from __future__ import annotations

from typing import Any

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


def is_current(secrets: Any, name: str, version: str) -> bool:
    stages: dict[str, list[str]] = secrets.describe_secret(SecretId=name)["VersionIdsToStages"]
    return stages[version] == ["AWSCURRENT"]
