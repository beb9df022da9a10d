"""The environment variables that point every AWS SDK, and the AWS CLI, at the lab and at nothing else.

Their meaning: AWS SDKs and Tools Reference Guide, "Environment variables list".
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

from dehelpers.errors import LabError
from dehelpers.process.lab import Lab

# Marks variables as the lab's own, so that they are never mistaken for the reader's.
MARKER = "DEHELPERS_LAB"

# Other ways to choose credentials or endpoints; each would lead away from the lab if it stayed set.
UNSET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)

# What would make no sense with any other AWS.
LAB_ONLY = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_DISABLE_HOST_PREFIX_INJECTION",
)


def lab_environment(lab: Lab, current: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """What to set, and with None what to unset, so that any AWS tool talks to `lab`.

    Parameters:
        lab: the running lab; its directory receives the AWS configuration files that the variables name.
        current: the environment to be changed (default: this process's), for what depends on it.
    """
    current = os.environ if current is None else current
    cli = shutil.which("aws", path=current.get("PATH"))
    config, credentials = _files(lab, own_cli=cli is not None and Path(cli).parent == Path(sys.executable).parent)
    services = [name for name in current if re.fullmatch(r"AWS_ENDPOINT_URL_\w+", name)]
    return {
        **dict.fromkeys([*UNSET, *services], None),
        MARKER: lab.lab_id,
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_ACCESS_KEY_ID": lab.access_key_id,
        "AWS_SECRET_ACCESS_KEY": lab.secret_access_key,
        "AWS_DEFAULT_REGION": lab.region,
        "AWS_REGION": lab.region,
        # Without these a tool would still look into ~/.aws and ask the machine it runs on for a role.
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_EC2_METADATA_DISABLED": "true",
        # botocore would put `api.` and the like in front of 127.0.0.1 (MWAA, Step Functions).
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ALLOW_HTTP": "true",  # the same for libraries on Rust's object_store (deltalake)
        "AWS_PAGER": "",
        "SSL_CERT_DIR": _trusting(lab, current.get("SSL_CERT_DIR", "")),
        "NO_PROXY": _with_loopback(current.get("NO_PROXY", current.get("no_proxy", ""))),
    }


def root_environment(lab: Lab) -> dict[str, str | None]:
    """As `lab_environment`, for the account's root user: for who has taken too much from the lab's administrator."""
    if not lab.root_access_key_id:
        raise LabError("this lab was started by an earlier version: run `dehelpers stop`, then this command again.")
    keys = {"AWS_ACCESS_KEY_ID": lab.root_access_key_id, "AWS_SECRET_ACCESS_KEY": lab.root_secret_access_key}
    return {**lab_environment(lab), **keys}


def export_lines(variables: Mapping[str, str | None]) -> str:
    """Lines for `eval` in sh, bash, zsh and the like."""
    return "\n".join(
        f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}" for name, value in variables.items()
    )


def apply(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """Change this process's environment, and return what brings the old one back."""
    before = {name: os.environ.get(name) for name in variables}
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return before


def path_with_commands() -> str:
    """PATH with this Python's own commands first, so that `!aws` is the one that was installed with it."""
    commands = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    return path if path.split(os.pathsep)[0] == commands else commands + os.pathsep + path


def _files(lab: Lab, own_cli: bool) -> tuple[Path, Path]:
    """The AWS configuration, with our plug-in where `aws` is the one that can import it, and no credentials."""
    folder = lab.directory / "aws"
    folder.mkdir(exist_ok=True)
    config, credentials = folder / ("config" if own_cli else "config-plain"), folder / "credentials"
    # An address has no sub-domains, so buckets go into the path (SDKs other than boto3 need to be told).
    text = f"[default]\nregion = {lab.region}\ns3 =\n  addressing_style = path\n"
    if own_cli:
        text += f"[plugins]\nlab = {__package__}.awscli_plugin\n"
    if not config.exists() or config.read_text() != text:
        config.write_text(text)
    credentials.touch()
    return config, credentials


def _trusting(lab: Lab, directories: str) -> str:
    """Where OpenSSL finds whom it trusts: the lab's authority, whose certificates count for this machine only, first.

    For Redshift's driver, which knows no AWS_CA_BUNDLE ("SSL_CERT_DIR", OpenSSL's manual).
    """
    own = lab.directory / "tls" / "trusted"
    others = directories.split(os.pathsep) if directories else [ssl.get_default_verify_paths().openssl_capath]
    return os.pathsep.join([str(own), *(each for each in others if Path(each).parts[-2:] != own.parts[-2:])])


def _with_loopback(no_proxy: str) -> str:
    hosts = [host for host in no_proxy.split(",") if host]
    return ",".join([*hosts, *(host for host in ("127.0.0.1", "localhost") if host not in hosts)])
