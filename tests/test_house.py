"""Which room may use which: the packages' imports, as CONTRIBUTING.md draws them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Package → what none of its modules imports.
CLOSED = {
    "awsfacts": ("localaws", "dehelpers"),
    "dehelpers": ("localaws",),
    "dehelpers.process": ("dehelpers.words", "dehelpers.exercises", "dehelpers.commands"),
    "dehelpers.words": ("dehelpers.exercises", "dehelpers.commands"),
    "dehelpers.exercises": ("dehelpers.commands",),
    "localaws": ("dehelpers",),
    "localaws.hive": ("localaws.engines", "localaws.gateway", "localaws.lake"),
    "localaws.lake": ("localaws.engines",),
}


#: Package → what it may import all the same: the lake's objects are S3's.
OPEN = {"localaws.lake": ("localaws.engines.s3",)}


@pytest.mark.parametrize("package", CLOSED)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    folder = ROOT / "src" / package.replace(".", "/")
    used = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in folder.rglob("*.py")
        for module in imported(path.read_text())
        if is_within(module, CLOSED[package]) and not is_within(module, OPEN.get(package, ()))
    }
    assert not used


def test_a_notebook_knows_aws_and_the_helpers_but_not_the_lab() -> None:
    """What runs in a notebook runs against AWS too."""
    notebooks = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/*.ipynb"), *ROOT.glob("solutions/*.ipynb")]
    cells = {path: [cell for cell in json.loads(path.read_text())["cells"]] for path in notebooks}
    assert cells
    assert not [path for path, held in cells.items() for cell in held if "localaws" in "".join(cell["source"])]


def imported(code: str) -> Iterator[str]:
    """The modules that *code* imports, also within functions."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def is_within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
