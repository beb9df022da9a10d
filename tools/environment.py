"""Write environment.yml, for conda, mamba and Binder, from requirements.lock: the same versions of everything."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

HEAD = """\
# The environment for conda, mamba and Binder: conda env create -f environment.yml
# Made from requirements.lock by 'make lock'; not edited by hand.
name: aws-data-engineering
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def environment(lock: str) -> str:
    """The text of environment.yml for the text of a lock file."""
    requirements = re.findall(r"^([\w.\-]+==[^\\\n]+?) *\\?$", lock, re.MULTILINE)
    # pip takes no hashes here, because it cannot have one for the project itself, the last line.
    return HEAD + "".join(f'      - "{requirement}"\n' for requirement in [*requirements, "-e ."])


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(environment((ROOT / "requirements.lock").read_text()))
