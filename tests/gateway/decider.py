"""A lab's process whose decisions a test makes by files: see `deciding`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from localaws import __main__ as process

if TYPE_CHECKING:
    from localaws.authorization import Request
    from localaws.lab import Lab

#: In the lab's directory: what has been asked, a line each; and the actions that are refused.
ASKED, REFUSED = "asked.jsonl", "refused.json"
#: Among those: all of them, and to everybody.
EVERYTHING = "*"


def decide_by_files(lab: Lab) -> None:
    asked = (lab.directory / ASKED).open("a", buffering=1)
    refused = lab.directory / REFUSED

    def decide(request: Request) -> str | None:
        told = {
            "caller": request.caller.principal,
            "service": request.service,
            "action": request.action,
            "resources": list(request.resources[:200]),
            "context": {key: ", ".join(values) for key, values in request.context.items()},
        }
        asked.write(json.dumps(told) + "\n")
        actions = json.loads(refused.read_text()) if refused.exists() else []
        if EVERYTHING not in actions and (request.caller == lab.owner or request.action not in actions):
            return None
        return f"on resource: {request.resources[0]} because no policy allows the {request.action} action"

    lab.decisions.append(decide)


if __name__ == "__main__":
    process._isolate()
    from localaws.lab import Lab

    prepare = Lab.__post_init__

    def prepare_to_decide(lab: Lab) -> None:
        prepare(lab)
        decide_by_files(lab)

    Lab.__post_init__ = prepare_to_decide  # type: ignore[method-assign,assignment]
    sys.argv = ["localaws", *sys.argv[4:]]  # behind this file stands: python -m localaws …
    process.main()
