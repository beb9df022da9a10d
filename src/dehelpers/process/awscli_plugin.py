"""A plug-in of the AWS CLI, named in the lab's AWS configuration: it keeps every command inside the lab.

Version 1 of the CLI passes over AWS_ENDPOINT_URL for SQS, RDS and a few more, whose old host names it prefers
(`awscli/customizations/overridesslcommonname.py`), unless an endpoint is given on the command line. So give it.
"""

from __future__ import annotations

import os
from typing import Any


def awscli_initialize(cli: Any) -> None:
    """Called by the AWS CLI when it starts ("[plugins]" in its configuration file)."""
    cli.register_first("before-building-argument-table-parser", _stay)


def _stay(parsed_globals: Any, **_: Any) -> None:
    if parsed_globals.endpoint_url is None:
        parsed_globals.endpoint_url = os.environ.get("AWS_ENDPOINT_URL")
