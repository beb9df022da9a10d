"""An exercise, and the exercises of a part."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dehelpers.exercises import display, source
from dehelpers.exercises.outcome import NotAttempted, NotYet, Outcome, Result, SetupFault
from dehelpers.exercises.progress import Progress
from dehelpers.exercises.running import require_lab
from dehelpers.words.blank import has_blank
from dehelpers.words.show import Picture, table

ATTEMPTS = 3  # after so many the solution opens
KINDS = ("write", "fix", "predict", "choose", "operate")


class Exercise:
    """One question. Its `judge` looks at answers and returns praise with a fact, or raises `NotYet` with advice."""

    def __init__(
        self,
        part: Part,
        judge: Callable[..., str],
        title: str,
        kind: str,
        hints: Sequence[str],
        stage: Callable[[], Any] | None = None,
    ) -> None:
        self.name = judge.__name__
        self.title = title
        self.kind = kind
        self._part = part
        self._judge = judge
        self._hints = hints
        self._stage = stage

    def __repr__(self) -> str:
        return f"{self._part.name}: {self.title} ({self.kind}), {self._part.progress[self.name].state}"

    def stage(self) -> Any:
        """Set the scene, where the exercise has one, and return what the reader may look at."""
        return self._stage() if self._stage else None

    def check(self, *answers: Any) -> Result:
        """Judge *answers*. Only an answer that could be judged counts as an attempt.

        Raises:
            TypeError: called with too many answers, or too few.
        """
        try:
            inspect.signature(self._judge).bind(*answers)
        except TypeError:
            wanted = ", ".join(inspect.signature(self._judge).parameters)
            raise TypeError(f"check takes your answer: ex.{self.name}.check({wanted})") from None
        result = self._result(answers)
        with self._part.progress.change(self.name) as record:
            if result.counts and not record.solved:
                record.attempts += 1
                record.solved = result.outcome is Outcome.CORRECT
        return result

    def hint(self, number: int | None = None) -> Picture:
        """The next hint; from the last one on, that again. With *number*, the hint of that number (from 1)."""
        with self._part.progress.change(self.name) as record:
            wanted = min(max(number or record.hints + 1, 1), len(self._hints))
            record.hints = max(record.hints, wanted)
        return display.message(f"Hint {wanted} of {len(self._hints)}", self._hints[wanted - 1])

    def solution(self, anyway: bool = False) -> Picture:
        """The solution, after three attempts, or once solved, or *anyway*."""
        with self._part.progress.change(self.name) as record:
            if not (record.solved or record.attempts >= ATTEMPTS or anyway):
                left = ATTEMPTS - record.attempts
                return display.message(
                    "Not open yet",
                    f"It opens after {left} more {'attempt' if left == 1 else 'attempts'}. `ex.{self.name}.hint()` may "
                    f"help; `ex.{self.name}.solution(anyway=True)` shows it at once.",
                )
            record.solution_seen |= not record.solved
        return display.code(f"A solution of “{self.title}”", source.solution(self._part.name, self.name))

    def reset(self) -> Picture:
        """Forget attempts and hints, and show the code that the exercise began with."""
        self._part.progress.forget(self.name)
        return display.code(f"“{self.title}” begins with", source.starter(self._part.name, self.name))

    def _result(self, answers: tuple[Any, ...]) -> Result:
        try:
            if has_blank(answers):
                raise NotAttempted
            require_lab()
            return Result(Outcome.CORRECT, self._judge(*answers))
        except NotAttempted:
            return Result(Outcome.NOT_ATTEMPTED, "Replace each `____` by your answer, run that cell, then check again.")
        except SetupFault as fault:
            return Result(Outcome.SETUP_FAULT, str(fault))
        except Exception as error:
            # Whatever happened: without a lab no answer can be judged.
            try:
                require_lab()
            except SetupFault as fault:
                return Result(Outcome.SETUP_FAULT, str(fault))
            if isinstance(error, NotYet):
                return Result(Outcome.NOT_YET, str(error))
            return Result(
                Outcome.SETUP_FAULT,
                f"The check itself failed with `{type(error).__name__}: {error}`. Run the notebook from its first "
                "cell; if that does not help, run `dehelpers doctor` in a shell.",
            )


class Part:
    """The exercises of one notebook, as attributes: `ex.retry`. Shown by itself it is a table of progress."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.progress = Progress(name)
        self._exercises: dict[str, Exercise] = {}

    def exercise(
        self, title: str, kind: str, hints: Sequence[str], stage: Callable[[], Any] | None = None
    ) -> Callable[[Callable[..., str]], Callable[..., str]]:
        """Make a check function an exercise of this part, under the function's name.

        Parameters:
            title: as in the notebook.
            kind: write, fix, predict, choose or operate.
            hints: from a nudge to the plan, never the answer itself.
            stage: sets the scene, if the reader has to look at one.
        """
        assert kind in KINDS and hints

        def add(judge: Callable[..., str]) -> Callable[..., str]:
            self._exercises[judge.__name__] = Exercise(self, judge, title, kind, hints, stage)
            return judge

        return add

    def __getattr__(self, name: str) -> Exercise:
        known: dict[str, Exercise] = self.__dict__["_exercises"]
        if name not in known:
            raise AttributeError(f"no exercise {name!r}: choose from {', '.join(known)}")
        return known[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._exercises]

    def __iter__(self) -> Iterator[Exercise]:
        return iter(self._exercises.values())

    def __len__(self) -> int:
        return len(self._exercises)

    def _table(self) -> Picture:
        rows = []
        solved = 0
        for exercise in self:
            record = self.progress[exercise.name]
            solved += record.solved
            rows.append(
                {
                    "exercise": exercise.name,
                    "what": exercise.title,
                    "kind": exercise.kind,
                    "state": record.state,
                    "attempts": str(record.attempts or ""),
                    "hints": str(record.hints or ""),
                }
            )
        return table(rows, f"{self.name}  {display.bar(solved, len(self))}  {solved} of {len(self)} solved")

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table().html
