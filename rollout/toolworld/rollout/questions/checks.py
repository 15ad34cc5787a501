"""What is wrong with a draft by itself: its form, what it gives away, its evidence, and whether its hops lead on."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from toolworld.ground import JsonValue, leaves
from toolworld.rollout.facts.facts import facts_of
from toolworld.rollout.questions.leakage import leaks, plain, same_answer, stands_in, verbosity
from toolworld.rollout.questions.question import Draft, Reason, ReasoningStep
from toolworld.rollout.trees.node import Node

_LONGEST_QUESTION = 1000
_LEAST_EVIDENCE = 3
"""Bytes of a piece of evidence: less stands anywhere."""


class Problem(NamedTuple):
    """Why a draft is not used."""

    reason: Reason
    why: str


def check_draft(draft: Draft, path: Sequence[Node], min_hops: int) -> Draft | Problem:
    """The draft with its steps tied to the nodes that they cite, or what is wrong with it.

    Checked in this order: blank parts, length, leakage, number of steps, evidence, chain.

    Args:
        draft: The draft.
        path: The nodes that it is about.
        min_hops: How many steps it must have.
    """
    checks: Sequence[Callable[[], Problem | None]] = (
        lambda: _blank(draft),
        lambda: _long(draft),
        lambda: _leak(draft, path),
        lambda: _few(draft, min_hops),
    )
    for check in checks:
        problem = check()
        if problem is not None:
            return problem
    cited = _cited(draft, path)
    if isinstance(cited, Problem):
        return cited
    return _unchained(cited, path) or cited


def _blank(draft: Draft) -> Problem | None:
    if draft.question.strip() and draft.answer.strip():
        return None
    return Problem("empty", "the question or the answer is blank")


def _leak(draft: Draft, path: Sequence[Node]) -> Problem | None:
    found = leaks(draft.question, draft.answer, _aliases(draft.answer, path))
    return None if found is None else Problem("leakage", f"the question says {found!r}, which is the answer")


def _aliases(answer: str, path: Sequence[Node]) -> list[str]:
    """Other names of the same thing, as results have them: the key of a record and its name."""
    wanted = answer.casefold()
    return [
        fact.value
        for step, node in enumerate(path)
        for fact in facts_of(step, node.result, node.action.parameters)
        if fact.is_identity and fact.subject.casefold() == wanted
    ]


def _long(draft: Draft) -> Problem | None:
    why = verbosity(draft.answer)
    if why is None and len(draft.question) > _LONGEST_QUESTION:
        why = f"the question has {len(draft.question)} characters, and {_LONGEST_QUESTION} are the most"
    return None if why is None else Problem("verbose", why)


def _few(draft: Draft, min_hops: int) -> Problem | None:
    count = len(draft.reasoning_steps)
    return None if count >= min_hops else Problem("few_steps", f"it has {count} reasoning steps, and needs {min_hops}")


def _cited(draft: Draft, path: Sequence[Node]) -> Draft | Problem:
    """The draft with the node of each piece of evidence; a problem where one stands in no result."""
    shown = {node.id: shown_text(node) for node in path}
    steps: list[ReasoningStep] = []
    for number, step in enumerate(draft.reasoning_steps, start=1):
        words = plain(step.evidence)
        places = [*shown] if step.node is None else [step.node]
        found = next((place for place in places if place in shown and stands_in(words, shown[place])), None)
        if found is None or len(words.encode()) < _LEAST_EVIDENCE:
            return Problem("evidence", f"the evidence of hop {number} stands in no result: {step.evidence[:200]!r}")
        if not stands_in(plain(step.output), shown[found]) and plain(step.output) not in ("yes", "no"):
            return Problem("evidence", f"the result that hop {number} cites says nothing of {step.output!r}")
        steps.append(step.model_copy(update={"node": found}))
    return draft.model_copy(update={"reasoning_steps": tuple(steps)})


def shown_text(node: Node) -> str:
    """A result as plain words: as a model read it, and with its texts as they are."""
    return f"{plain(node.observation)} {' '.join(map(plain, result_lines(node.result)))}"


def result_lines(value: JsonValue, name: str = "") -> list[str]:
    """The texts and numbers of a result, each with the name of its field."""
    if isinstance(value, dict):
        return [line for key, one in value.items() for line in result_lines(one, key)]
    if isinstance(value, list):
        return [line for one in value for line in result_lines(one, name)]
    return [f"{name} {value}"]


def _unchained(draft: Draft, path: Sequence[Node]) -> Problem | None:
    """Whether the hops are numbered, each goes on from what the one before led to, and the last leads to the answer."""
    steps = draft.reasoning_steps
    position = {node.id: place for place, node in enumerate(path)}
    if [step.hop for step in steps] != [*range(1, len(steps) + 1)]:
        return Problem("chain", "the hops are not numbered 1, 2, 3 and so on")
    if len({plain(step.output) for step in steps}) < len(steps):
        return Problem("chain", "two hops lead to the same")
    if len(steps) > 1 and len({step.node for step in steps}) == 1:
        return Problem("chain", "all hops stand in one result")
    for before, step in pairwise(steps):
        if position[step.node or ""] < position[before.node or ""]:
            return Problem("chain", f"hop {step.hop} cites an earlier result than hop {before.hop}")
        node = path[position[step.node or ""]]
        around = f"{shown_text(node)} {' '.join(map(str, leaves(node.action.parameters)))}"
        if not (_says(before.output, f"{step.fact} {step.evidence}") and _says(before.output, around)):
            return Problem("chain", f"hop {step.hop} says nothing of {before.output!r}, which hop {before.hop} gives")
    if steps and not same_answer(steps[-1].output, draft.answer):
        return Problem("chain", f"the last hop gives {steps[-1].output!r}, and the answer is {draft.answer!r}")
    unsaid = next((step for step in steps if not _says(step.output, f"{step.fact} {step.evidence}")), None)
    if unsaid is not None:
        return Problem("chain", f"hop {unsaid.hop} says nothing of {unsaid.output!r}, which it gives")
    return None


def _says(value: str, text: str) -> bool:
    return bool(plain(value)) and stands_in(plain(value), plain(text))
