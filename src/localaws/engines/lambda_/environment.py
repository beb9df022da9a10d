"""The environment variables a handler sees.

Sources: Lambda developer guide, "Defined runtime environment variables" and "Environment variables" (reserved keys and
the 4 KB limit).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from moto.awslambda.exceptions import InvalidParameterValueException

from localaws.credentials import Credential
from localaws.engines.lambda_.worker import Sandbox

RESERVED = frozenset(
    """_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE
    AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR""".split()
)
LARGEST = 4096
_NAME = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")


def check_variables(variables: Mapping[str, str]) -> None:
    """Raises InvalidParameterValueException for variables that Lambda does not take."""
    refused = "Lambda was unable to configure your environment variables because the environment variables you have "
    if reserved := sorted(RESERVED & variables.keys()):
        raise InvalidParameterValueException(
            f"{refused}provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if wrong := [name for name in variables if not _NAME.fullmatch(name)]:
        raise InvalidParameterValueException(f"{refused}provided contains names that are not valid: {wrong}")
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > LARGEST:
        raise InvalidParameterValueException(f"{refused}provided exceeded the 4KB limit. String measured: {measured}")


def environment_of(
    sandbox: Sandbox, credential: Credential, endpoint: str, log_stream: str, task_root: str, temporary: str
) -> dict[str, str]:
    """AWS's variables, the function's own, and what keeps the SDKs in this lab.

    *task_root* and *temporary* are directories as the handler sees them.
    Nothing of the server's own environment is passed on.
    """
    assert credential.session_token is not None
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",
        "TZ": ":UTC",
        **dict(sandbox.variables),
        "_HANDLER": sandbox.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{sandbox.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": sandbox.name,
        "AWS_LAMBDA_FUNCTION_VERSION": sandbox.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(sandbox.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": sandbox.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": sandbox.region,
        "AWS_DEFAULT_REGION": sandbox.region,
        "AWS_ACCESS_KEY_ID": credential.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credential.secret_access_key,
        "AWS_SESSION_TOKEN": credential.session_token,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
        # what AWS has no need of
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "HOME": temporary,
        "TMPDIR": temporary,
    }
