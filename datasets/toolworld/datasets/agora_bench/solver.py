"""A fixed model that solves tasks: alone, or with examples shown; and whether what it says is right."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from toolworld.datasets.generation.code.blocks import code_of
from toolworld.datasets.generation.code.tests import tested_program, tests_of
from toolworld.datasets.generation.domains.domain import Domain
from toolworld.datasets.generation.mathematics.equality import same_answer
from toolworld.datasets.generation.mathematics.final_answer import final_answer, final_answers
from toolworld.datasets.generation.validators.mathematics import known_answer
from toolworld.environments import run_python
from toolworld.llm import Message, Model, Request

_PROMPT = (Path(__file__).parent / "prompts" / "solve.md").read_text(encoding="utf-8")
_PLACES = re.compile(r"\{(rules|demonstrations|instruction)\}")
_RULES: dict[Domain, str] = {
    "math": "Go step by step, and write the final answer alone between [RESULT] and [/RESULT].",
    "code": "Answer with one fenced block of Python and nothing else.",
    "general": "Answer as well as you can.",
}


class Shown(NamedTuple):
    """An example that a solver is shown."""

    instruction: str
    response: str


async def solved(
    model: Model,
    domain: Domain,
    instruction: str,
    *,
    shown: Sequence[Shown] = (),
    seed: int = 0,
    temperature: float = 0.0,
    max_tokens: int = 1024,
) -> str:
    """What a model answers to a task.

    Args:
        model: The model.
        domain: Its domain, for the rules.
        instruction: The task.
        shown: Examples that come first.
        seed: Draws the answer.
        temperature: How much is drawn.
        max_tokens: How long the answer may be.

    Raises:
        ModelError: it does not answer.
    """
    examples = "".join(f"Task: {one.instruction}\nSolution: {one.response}\n\n" for one in shown)
    values = {"rules": _RULES[domain], "demonstrations": examples, "instruction": instruction}
    prompt = _PLACES.sub(lambda found: values[found[1]], _PROMPT)  # in one pass: what is filled in may hold braces
    message = Message(role="user", content=prompt.rstrip("\n"))
    request = Request((message,), temperature=temperature, max_tokens=max_tokens, seed=seed)
    return (await model.complete(request)).text


def can_be_checked(domain: Domain, row: Mapping[str, Any]) -> bool:
    """Whether a row tells what is right: by its answer, that of its response, or its tests."""
    if domain == "math":
        return expected_answer(row) is not None
    return domain == "code" and tests_of(fields_of(row)) is not None


def expected_answer(row: Mapping[str, Any]) -> str | None:
    """The answer of a row of mathematics: the one that is known, else the one that its response marks."""
    known = known_answer(fields_of(row))
    if known is not None:
        return known
    marked = final_answers(str(row.get("response", "")))
    return marked[-1] if marked else None


async def is_right(domain: Domain, answer: str, row: Mapping[str, Any]) -> bool:
    """Whether an answer agrees with what a row says is right.

    Raises:
        SimulationError: no process for the tests can be started.
    """
    if domain == "math":
        expected, found = expected_answer(row), final_answer(answer)
        return expected is not None and found is not None and same_answer(found, expected)
    tests = tests_of(fields_of(row))
    if tests is None or not code_of(answer).strip():
        return False
    return (await run_python(tested_program(answer, tests), {}, seconds=5.0, megabytes=512)).error is None


def fields_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says besides: in `fields`, as runs write it, or beside its text, as benchmarks have it."""
    inner = row.get("fields")
    return {**row, **cast("Mapping[str, Any]", inner)} if isinstance(inner, Mapping) else dict(row)
