"""``python -m localaws --dir DIR [--port N]``: run a lab in the foreground."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

#: Objects between two looks for garbage. Next to none of what a call makes needs the look; Python's own 700 are some
#: thirty calls.
_GARBAGE = 10_000


def main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="localaws", description="A local AWS that does the real work.")
    parser.add_argument("--dir", type=Path, default=Path(".lab"), help="where the lab keeps its state (default .lab)")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--account-id", default="123456789012", help="the 12-digit account that the lab plays")
    parser.add_argument("--region", default="us-east-1", help="the region of its own clients")
    parser.add_argument("--output-to-log", action="store_true", help="print to logs/server.log in the lab's directory")
    arguments = parser.parse_args()
    _isolate()
    # What the imports make stays: to look for garbage in it, now and whenever this process looks, is lost time.
    gc.disable()
    from localaws.server import serve

    gc.freeze()
    gc.set_threshold(_GARBAGE)
    gc.enable()

    status = 1
    try:
        serve(arguments.dir.resolve(), arguments.port, arguments.account_id, arguments.region, arguments.output_to_log)
        status = 0
    except (OSError, ValueError) as error:
        print(f"localaws cannot start: {error}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(status)  # without waiting for threads: a request that still runs must not hold up the end


def _isolate() -> None:
    """Forget the machine's own settings before botocore and moto read them: nothing here may reach AWS, or Docker."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO", "MOTO_", "DOCKER_"))]:
        del os.environ[name]
    os.environ.update(
        TZ="UTC",  # AWS's servers and functions have no other; and moto takes moments without a zone for local ones
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        MOTO_DISABLE_GLOBAL_CORS="true",
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_ALLOW_NONEXISTENT_REGION="false",
    )
    time.tzset()


if __name__ == "__main__":
    main()
