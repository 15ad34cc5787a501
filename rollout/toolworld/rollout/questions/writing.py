"""Writing the questions of a path: three tries each, each told why the last one failed."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.datasets import Task
from toolworld.ground import Record
from toolworld.llm import Model
from toolworld.rollout.questions.checks import Problem, check_draft
from toolworld.rollout.questions.leakage import same_answer
from toolworld.rollout.questions.model_writer import closed_book_answer
from toolworld.rollout.questions.needed import Ungrounded, needed_calls
from toolworld.rollout.questions.question import Draft, PathTold, Question, RejectedDraft, Writer
from toolworld.rollout.questions.solving import (
    SynthesisHost,
    UnsolvableError,
    measured_difficulty,
    solving_problem,
    task_of_question,
)
from toolworld.rollout.trees.config import SynthesisConfig
from toolworld.rollout.trees.node import Node
from toolworld.rollout.trees.seeds import Seed

TRIES = 3


class Written(Record):
    """A question that passed, with its task."""

    question: Question
    task: Task


@dataclass(frozen=True)
class QuestionWriting:
    """Writes and checks questions.

    Args:
        writer: Writes drafts.
        host: Has the environment.
        config: How many, and how many hops.
        closed_book: Tries to answer without tools; None where there is no model.
        solver: Tries to answer with the tools.
    """

    writer: Writer
    host: SynthesisHost
    config: SynthesisConfig
    closed_book: Model | None = None
    solver: Model | None = None

    async def of_path(
        self, seed: Seed, path: Sequence[Node], number: int, taken: Sequence[Draft], *, tried: int = 0
    ) -> tuple[Written | None, list[RejectedDraft]]:
        """One question of a path, and the drafts that were rejected before it, or instead of it.

        Args:
            seed: Where exploration started.
            path: The nodes.
            number: Which question of the path it is, from 0.
            taken: Questions of the same seed, which it must not repeat.
            tried: How many drafts over the path there were for earlier questions.

        Raises:
            ModelError: a model that writes or answers does not.
            BudgetError: what may be spent is spent.
        """
        rejected: list[RejectedDraft] = []
        why: str | None = None
        for attempt in range(TRIES):
            told = PathTold(seed=seed, path=tuple(path), attempt=attempt, why=why, tried=tried + attempt)
            draft = await self.writer.write(told)
            if isinstance(draft, str):
                problem, kept = Problem("no_question" if self.writer.name == "grammar" else "invalid", draft), None
            else:
                found = await self._checked(draft, seed, path, number, taken)
                if isinstance(found, Written):
                    question = found.question.model_copy(update={"attempts": attempt + 1})
                    return Written(question=question, task=found.task), rejected
                problem, kept = found, draft
            why = problem.why
            rejected.append(
                RejectedDraft(
                    path=path[-1].id, attempt=attempt + 1, reason=problem.reason, why=problem.why[:500], draft=kept
                )
            )
            if problem.reason == "no_question":
                break
        return None, rejected

    async def _checked(
        self, draft: Draft, seed: Seed, path: Sequence[Node], number: int, taken: Sequence[Draft]
    ) -> Written | Problem:
        checked = check_draft(draft, path, self.config.min_hops)
        if isinstance(checked, Problem):
            return checked
        draft = checked
        if any(draft.question == one.question for one in taken):
            return Problem("duplicate", "another question of this seed is the same")
        needed = needed_calls(draft, path, self.host.environment, seed.kwargs)
        if isinstance(needed, Ungrounded):
            return Problem("ungrounded", needed.why)
        name = f"{self.host.environment.id}/{path[-1].id.replace('/', '-')}-q{number}"
        try:
            task = await task_of_question(
                name, draft, needed, seed=seed, run_seed=self.config.seed, runtime=self.host.runtime
            )
        except UnsolvableError as problem:
            return Problem("unsolvable", str(problem))
        why = await solving_problem(task, self.host)
        if why is not None:
            return Problem("unsolvable", why)
        if self.closed_book is not None and same_answer(
            await closed_book_answer(self.closed_book, draft.question), draft.answer
        ):
            return Problem("closed_book", "a model answers it without tools")
        difficulty = None
        if self.solver is not None and self.config.solver_tries:
            difficulty = await measured_difficulty(task, self.host, self.solver, self.config.solver_tries)
            task = task.model_copy(update={"difficulty": difficulty})
        question = Question(
            path=path[-1].id, number=number, draft=draft, attempts=1, calls=needed.places, difficulty=difficulty
        )
        return Written(question=question, task=task)
