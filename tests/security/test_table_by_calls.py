"""Each decision of the table is what a real call meets, with AWS's words.

Sources: the page that the table names at each situation; for the words, IAM user guide, "Troubleshoot access denied
error messages".
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from tests.conftest import RunningLab
from tests.security import asking
from tests.security.scene import Scene
from tests.security.table import ALLOWED, Situation, reason, situations


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    for lab in RunningLab.in_turn(tmp_path_factory.mktemp("decisions")):
        yield Scene(lab)


@pytest.mark.parametrize("situation", situations(), ids=str)
def test_a_call_is_decided(scene: Scene, situation: Situation) -> None:
    with scene.of(situation) as caller:
        for line, outcome in situation.decisions.items():
            call = asking.call(line)
            said = scene.refusal(caller, call)
            if outcome == ALLOWED:
                assert not said, line
            else:
                resource = call.resources[0].replace(asking.KEY_ID, scene.key_id).removesuffix("-??????")
                named = f'"{resource}"' if call.service == "s3" else resource
                who = f"User: {caller.arn} is not authorized to perform: {call.action} on resource: {named} "
                assert fnmatchcase(said, who + reason(outcome, call.action)), (line, said)


def test_the_table_is_large_and_names_its_sources() -> None:
    """Issue: at least 250 decisions; a page of AWS for each, and both outcomes often enough to be told apart."""
    outcomes = [outcome for situation in situations() for outcome in situation.decisions.values()]
    assert len(outcomes) >= 250
    assert 80 <= outcomes.count(ALLOWED) <= len(outcomes) - 80
    assert all(situation.page and situation.rule for situation in situations())
    names = [str(situation) for situation in situations()]
    assert len(set(names)) == len(names)
