"""Whether a program gives the recorded answers: the recorded calls made again, up to the first that differs."""

from collections.abc import Sequence
from typing import NamedTuple

from toolworld.environments.calls.event import Call, Event, Failure
from toolworld.environments.runtime.plan import SimulationPlan
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import Environment
from toolworld.environments.synthesis.twins.answers import read_answer
from toolworld.environments.twin.capture import CapturedCall
from toolworld.ground import (
    JsonObject,
    JsonValue,
    encode,
    same,
    shortened,
)


def answered_tools(environment: Environment) -> frozenset[str]:
    """The names of the tools that the program of an environment has a function for."""
    runtime = Runtime(environment)
    return frozenset(tool.name for tool in environment.tools if runtime.has_program(tool))


class Difference(NamedTuple):
    """A tool that answers a recorded call otherwise."""

    tool: str
    why: str


async def find_difference(
    environment: Environment, calls: Sequence[CapturedCall], *, is_ours: bool = False
) -> Difference | None:
    """Make the recorded calls of the tools that have a program; the first that is answered otherwise, or None.

    Args:
        environment: The environment, without its recording.
        calls: The recorded calls, in their order.
        is_ours: Whether the program runs in this process: one that our compiler wrote.
    """
    runtime = Runtime(environment, simulation=SimulationPlan(trusted=is_ours))
    answered = answered_tools(environment)
    snapshot = runtime.start
    for call in calls:
        if call.tool not in answered or call.answer is None:
            continue
        event, snapshot = await runtime.step(snapshot, Call(name=call.tool, arguments=call.arguments))
        why = _why_different(call.answer, event)
        if why is not None:
            asked = f"call {call.number}, {call.tool}({_short(call.arguments)})"
            return Difference(call.tool, f"{asked}: {why}")
    return None


def _why_different(answer: JsonObject, event: Event) -> str | None:
    result, refusal = read_answer(answer)
    told = f"was refused ({refusal[:_LONGEST]})" if refusal is not None else f"gave {_short(result)}"
    if event.failure is not None:
        is_same = refusal is not None and event.failure.kind != "simulator"
        return None if is_same else f"the server's {told}, and the program's fails: {_said(event.failure)}"
    if refusal is None and same(result, event.result):
        return None
    return f"the server's {told}, and the program's gives {_short(event.result)}"


_LONGEST = 120
"""How much of a value is quoted."""


def _said(failure: Failure) -> str:
    return (failure.detail or failure.message)[:_LONGEST]


def _short(value: JsonValue) -> str:
    return shortened(encode(value).decode(), _LONGEST)
