"""Questions with their reasoning, as they are written, and as they are kept."""

from typing import Literal, Protocol

from toolworld.datasets import TaskDifficulty
from toolworld.ground import Record
from toolworld.rollout.trees.node import Node
from toolworld.rollout.trees.seeds import Seed

Reason = Literal[
    "no_question",
    "invalid",
    "empty",
    "leakage",
    "verbose",
    "few_steps",
    "evidence",
    "chain",
    "ungrounded",
    "unsolvable",
    "closed_book",
    "duplicate",
]
"""Why a question is rejected: nothing could be written, the answer is no object of the form, a part is blank, the
question gives the answer away, it is too long, it has too few steps, a piece of evidence does not stand in the result
that it cites, the steps do not lead to the answer, a call asks for what nobody can know, following the calls does not
lead to the answer, a model knows it without tools, or there is one like it."""


class ReasoningStep(Record):
    """A hop: a fact, where it stands, and what it leads to."""

    hop: int
    fact: str
    evidence: str
    """A piece of a result, word for word."""
    output: str
    """What the next hop goes on from; the last one's is the answer."""
    node: str | None = None
    """The node whose result has the evidence."""


class Draft(Record):
    """A question as it was written."""

    question: str
    answer: str
    reasoning_steps: tuple[ReasoningStep, ...]


class RejectedDraft(Record):
    """A draft that was not used, and why."""

    path: str
    """The id of the path's last node."""
    attempt: int
    """From 1."""
    reason: Reason
    why: str
    draft: Draft | None = None


class Question(Record):
    """A question that passed all checks."""

    path: str
    number: int
    """Which question of its path it is, from 0."""
    draft: Draft
    attempts: int
    calls: tuple[int, ...]
    """The positions of the calls on the path that lead to the answer."""
    difficulty: TaskDifficulty | None = None
    """How often a model finds the answer with the tools, where it was tried."""


class PathTold(Record):
    """What a writer is told of a path."""

    seed: Seed
    path: tuple[Node, ...]
    attempt: int
    """From 0."""
    why: str | None = None
    """What was wrong with the draft before."""
    tried: int = 0
    """How many drafts over the path there were before, of this question and of earlier ones."""


class Writer(Protocol):
    """Writes questions."""

    name: str

    async def write(self, told: PathTold) -> Draft | str:
        """A draft, or why there is none.

        Raises:
            ModelError: a model has to answer and does not.
            BudgetError: what may be spent is spent.
        """
        ...
