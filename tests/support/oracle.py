"""A model that is always right: it answers requests of the LLM simulator with what the environment's program does."""

from collections.abc import Callable
from contextvars import ContextVar

from toolworld.environments import (
    Call,
    Environment,
    Insert,
    Op,
    Outcome,
    OutcomeCache,
    Runtime,
    SetValue,
    SimulationPlan,
    Simulator,
    ToolSpec,
    View,
)
from toolworld.environments.behaviour.simulator import BehaviourSimulator
from toolworld.ground import JsonObject, JsonValue
from toolworld.llm import Request, ScriptedModel

_asked: ContextVar[tuple[ToolSpec, Call, View]] = ContextVar("asked")
Spoil = Callable[[JsonObject, ToolSpec, Call, View], JsonValue | str]
"""Makes something else of a right answer."""


class Watched:
    """A simulator that lets the oracle know which call it is asked about."""

    def __init__(self, inner: Simulator) -> None:
        self._inner = inner
        self.name = inner.name

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        _asked.set((tool, call, view))
        return await self._inner.simulate(tool, call, view)


class Oracle(ScriptedModel):
    """Knows the answer to every call of an environment."""

    def __init__(
        self, environment: Environment, spoil: Spoil | None = None, tokens: Callable[[str], int] | None = None
    ):
        truth = Runtime(environment, simulation=SimulationPlan(trusted=True))
        program = truth.simulator
        assert isinstance(program, BehaviourSimulator)
        super().__init__(self._answer, name="oracle", tokens=tokens)
        self._program = program
        self._checker = truth.checker
        self._spoil = spoil

    def right(self, tool: ToolSpec, call: Call, view: View) -> JsonObject:
        """The right answer to a call, in the form that models answer in."""
        outcome = self._program.answer(tool, call, view)
        error: JsonValue = None
        if outcome.failure:
            error = {"code": outcome.failure.code, "message": outcome.failure.message}
        answer: JsonObject = {"error": error}
        if tool.effect == "write":
            answer["ops"] = [_told(op) for op in outcome.ops] if error is None else []
            answer["effects"] = [f"{op.key} changes" for op in outcome.ops if not isinstance(op, SetValue)]
        return {**answer, "result": outcome.result if error is None else None}

    def _answer(self, request: Request) -> JsonValue | str:
        tool, call, view = _asked.get()
        answer = self.right(tool, call, view)
        return answer if self._spoil is None else self._spoil(answer, tool, call, view)


def with_oracle(environment: Environment, model: Oracle | None = None, cache: OutcomeCache | None = None) -> Runtime:
    """Make an environment ready with a model in the place of its program."""
    runtime = Runtime(
        environment, simulation=SimulationPlan(kind="model", model=model or Oracle(environment), cache=cache)
    )
    watched = Watched(runtime.simulator)
    runtime.__dict__["simulator"] = watched
    return runtime


def _told(op: Op) -> JsonObject:
    told: JsonObject = op.model_dump()
    if isinstance(op, Insert):
        del told["key"]
    return told
