"""What a check can say: four outcomes, told apart by a word and a symbol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dehelpers.exercises import display


class Outcome(Enum):
    """How a check ended: the symbol and the words for it."""

    CORRECT = "✓", "Correct"
    NOT_YET = "✗", "Not yet"
    NOT_ATTEMPTED = "○", "Not attempted"
    SETUP_FAULT = "⚠", "Set-up fault, not your mistake"

    @property
    def symbol(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Result:
    """An outcome, and what to know or to look at next; a notebook shows it as rich text, a terminal as plain text."""

    outcome: Outcome
    message: str

    @property
    def counts(self) -> bool:
        """Whether it was an attempt: only an answer that could be judged is one."""
        return self.outcome in (Outcome.CORRECT, Outcome.NOT_YET)

    def __repr__(self) -> str:
        return f"{self.outcome.symbol} {self.outcome.words}. {self.message}"

    def _repr_html_(self) -> str:
        return display.note(f"{self.outcome.symbol} {self.outcome.words}", self.message)


class NotYet(Exception):
    """Raised by a check: the answer is not right yet. The message says what to look at, never the answer."""


class NotAttempted(Exception):
    """Raised by a check: there is no answer yet."""


class SetupFault(Exception):
    """Raised by a check: it cannot judge, for reasons that are not the reader's."""
