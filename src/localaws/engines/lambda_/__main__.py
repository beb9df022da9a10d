"""``python -m localaws.engines.lambda_``: what a function can do on this system that it cannot on AWS, a line each."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from localaws.credentials import Credential
from localaws.engines.lambda_.trial import find_out
from localaws.lab import Lab


def main() -> None:
    owner = Credential("", "", "arn:aws:iam::000000000000:user/trial", "000000000000", "")
    with TemporaryDirectory() as directory:
        lab = Lab(Path(directory), owner, owner.account_id, "us-east-1")
        for sentence in find_out(lab).not_held:
            print(sentence)
        lab.stop()


if __name__ == "__main__":
    main()
