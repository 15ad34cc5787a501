"""Asking until the answer is right: what is wrong with an answer goes back to the model, a few times at most."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace

from toolworld.llm.message import Message
from toolworld.llm.model import AskResult, Completion, Model, RejectedAnswer, Request
from toolworld.llm.usage import Usage

REPAIRS = 2
"""How often a model may mend an answer."""
FREEDOM = 0.3
"""The temperature of a first repair; of the second it is twice that."""
SHOWN = 2000
"""How many characters of a refused answer the model is shown again."""


FindProblem = Callable[[Completion], Awaitable[str | None] | str | None]
"""Says what is wrong with an answer whose form is right, or gives None."""


async def ask(model: Model, request: Request, find_problem: FindProblem, repairs: int = REPAIRS) -> AskResult:
    """Ask a model, and let it mend its answer if something is wrong with it.

    Raises:
        ModelError: the model does not answer.
        BudgetError: what may be spent is spent.
    """
    usage = Usage()
    refused: list[RejectedAnswer] = []
    asked = request
    while True:
        completion = await model.complete(asked)
        usage += completion.usage
        why = completion.problem or await _said(find_problem(completion))
        if why is None:
            return AskResult(completion, usage, tuple(refused))
        refused.append(RejectedAnswer(answer=completion.text[:SHOWN], why=why))
        if len(refused) > repairs:
            return AskResult(completion, usage, tuple(refused), accepted=False)
        asked = _again(request, refused)


def _again(request: Request, refused: list[RejectedAnswer]) -> Request:
    """Ask again with the complaint, another seed and more freedom: a small model would say the same once more."""
    messages = (*request.messages, *_complaint(refused[-1]))
    seed = None if request.seed is None else request.seed + 7919 * len(refused)
    temperature = max(request.temperature, FREEDOM * len(refused))
    return replace(request, messages=messages, seed=seed, temperature=temperature)


async def _said(problem: Awaitable[str | None] | str | None) -> str | None:
    return await problem if inspect.isawaitable(problem) else problem


def _complaint(refused: RejectedAnswer) -> tuple[Message, Message]:
    """Show the model its last answer and what is wrong with it; earlier ones are forgotten, to save tokens."""
    said = Message(role="assistant", content=refused.answer or "(nothing)")
    return said, Message(role="user", content=f"That answer cannot be used: {refused.why}\nAnswer again, in full.")
