"""docs/services.md is what the declarations say, and each sentence in it has a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from awsfacts import services

ROOT = Path(__file__).parents[2]


def test_the_page_is_generated_from_the_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    from services import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tools/services.py"


def test_each_claim_is_proved() -> None:
    claims = [claim for service in services().values() for claim in (*service.real, *service.differs)]
    assert claims
    for claim in claims:
        file, _, function = claim.test.partition("::")
        assert f"def {function}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), claim.test
        assert claim.sentence.endswith("."), claim.sentence
