"""Asking a model with repairs: if something is wrong with an answer, the model is told and asked again."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace

from toolworld.ground import ModelError
from toolworld.llm.message import Message
from toolworld.llm.model import AskResult, Completion, Model, RejectedAnswer, Request
from toolworld.llm.usage import Usage

MAX_REPAIRS = 2
"""Default number of times that a model is asked again."""
TEMPERATURE_STEP = 0.3
"""Minimum temperature of the first repair; that of the second is twice as high."""
GROWTH = 4
"""How many times more tokens a model gets, once, that was cut off before it said anything."""
MAX_QUOTED_CHARACTERS = 2000
"""Length to which a rejected answer is cut when it is shown to the model again."""

FindProblem = Callable[[Completion], Awaitable[str | None] | str | None]
"""A function that returns what is wrong with an answer that matches its format, or None; it may be async."""


async def ask(model: Model, request: Request, find_problem: FindProblem, repairs: int = MAX_REPAIRS) -> AskResult:
    """Ask a model, and ask it again if something is wrong with its answer.

    Args:
        find_problem: Called for each answer that matches its format.
        repairs: How often the model is asked again before the last answer is returned as not accepted.

    Raises:
        ModelError: the model does not answer, or is cut off before it says anything.
        BudgetError: the budget is spent.
    """
    usage = Usage()
    rejected: list[RejectedAnswer] = []
    current = request
    while True:
        completion = await model.complete(current)
        usage += completion.usage
        if completion.is_cut_without_words:
            if current.max_tokens > request.max_tokens:
                raise ModelError(
                    f"{model.name} was cut off at {current.max_tokens} tokens before it said anything: "
                    "a model that thinks needs a larger limit (--max-tokens)"
                )
            current = replace(current, max_tokens=GROWTH * request.max_tokens)
            continue
        why = completion.problem or await _resolved(find_problem(completion))
        if why is None:
            return AskResult(completion, usage, tuple(rejected))
        rejected.append(RejectedAnswer(answer=completion.text[:MAX_QUOTED_CHARACTERS], why=why))
        if len(rejected) > repairs:
            return AskResult(completion, usage, tuple(rejected), accepted=False)
        current = replace(_repair_request(request, rejected), max_tokens=current.max_tokens)


def _repair_request(request: Request, rejected: list[RejectedAnswer]) -> Request:
    """The request for a repair, with the complaint, another seed and a higher temperature.

    With the same seed and temperature, a small model would repeat its answer.
    """
    messages = (*request.messages, *_complaint(rejected[-1]))
    # The turns of a rollout have consecutive seeds; the large step keeps repairs from reusing one of them.
    seed = None if request.seed is None else request.seed + 7919 * len(rejected)
    temperature = max(request.temperature, TEMPERATURE_STEP * len(rejected))
    return replace(request, messages=messages, seed=seed, temperature=temperature)


async def _resolved(problem: Awaitable[str | None] | str | None) -> str | None:
    return await problem if inspect.isawaitable(problem) else problem


def _complaint(rejected: RejectedAnswer) -> tuple[Message, Message]:
    """The last answer and what is wrong with it, as two messages; earlier answers are left out to save tokens."""
    answer = Message(role="assistant", content=rejected.answer or "(nothing)")
    return answer, Message(role="user", content=f"That answer cannot be used: {rejected.why}\nAnswer again, in full.")
