"""Near copies among questions: the same words with the same answer, or the same way to the same answer."""

from collections.abc import Hashable, Sequence

from toolworld.rollout.questions.leakage import plain
from toolworld.rollout.questions.question import RejectedDraft
from toolworld.rollout.questions.records import SeedQuestions
from toolworld.rollout.questions.writing import Written


def without_near_copies(found: Sequence[SeedQuestions]) -> list[SeedQuestions]:
    """The questions of all seeds in their order, each one that is a near copy of an earlier one rejected."""
    known: dict[Hashable, str] = {}
    kept: list[SeedQuestions] = []
    for one in found:
        written: list[Written] = []
        rejected = [*one.rejected]
        for question in one.written:
            marks = _marks(question)
            twin = next((known[mark] for mark in marks if mark in known), None)
            if twin is None:
                known |= dict.fromkeys(marks, question.question.path)
                written.append(question)
                continue
            rejected.append(
                RejectedDraft(
                    path=question.question.path,
                    attempt=question.question.attempts,
                    reason="duplicate",
                    why=f"a question of {twin} is nearly the same",
                    draft=question.question.draft,
                )
            )
        kept.append(one.model_copy(update={"written": tuple(written), "rejected": tuple(rejected)}))
    return kept


def _marks(written: Written) -> list[Hashable]:
    """What two questions share that are near copies: their words, in any order, or what their hops lead to."""
    draft = written.question.draft
    words = frozenset(plain(draft.question).split())
    outputs = tuple(plain(step.output) for step in draft.reasoning_steps)
    return [("words", words, plain(draft.answer)), ("hops", outputs)]
