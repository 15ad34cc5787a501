"""Calls answered by a language model: one completion each, held to the state before anything is committed.

The model proposes, code disposes: the answer must have its form, its ops must fit the state and its
schema, and what it says must agree with what it changes. What is wrong goes back to the model, twice
at most; then the call fails, changes nothing, and voids the run.
"""

from dataclasses import replace
from typing import cast

from pydantic import ValidationError

from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.model_simulator.cache import OutcomeCache, question
from toolworld.environments.model_simulator.consistency import ConsistencyChecker, Proposal
from toolworld.environments.model_simulator.context import BUDGET, Slice, Slicer
from toolworld.environments.model_simulator.request import SimulationRequests
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import InvalidOpsError, OpsChecker
from toolworld.environments.state.ops import OPS, Op
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, describe_error, encode
from toolworld.llm import Completion, Model, ask

SMALL_BUDGET = 1500
"""Bytes of records that a small model is shown."""


class ModelSimulator:
    """Answers calls with a language model.

    Args:
        start: The initial state, by which ids are recognised.
        cache: Outcomes by question; the same question in the same state is asked once.
    """

    name: SimulatorName = "model"

    def __init__(
        self,
        environment: Environment,
        checker: OpsChecker,
        start: State,
        model: Model,
        cache: OutcomeCache | None = None,
    ) -> None:
        schema = environment.state_schema
        self._environment = environment
        self._checker = checker
        self._model = model
        self._cache = cache
        self._slicer = Slicer(schema, SMALL_BUDGET if model.is_small else BUDGET)
        self._consistency = ConsistencyChecker(schema, self._slicer, start)
        self._requests = SimulationRequests(environment, self._consistency)

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Ask the cache, or else the model.

        Raises:
            ModelError: the model does not answer; nothing has happened.
            BudgetError: what may be spent is spent; nothing has happened.
        """
        shown = self._slicer.choose(view.state, tool, call)
        if self._cache is None:
            return (await self._ask(tool, call, view, shown))[0]
        asked = question(self._environment, tool, call, view, shown, self._model.name)
        async with self._cache.turn(asked):
            text = await self._cache.get(asked, view)
            known = self._read(tool, call, view, shown, text) if text is not None else None
            if isinstance(known, Outcome):
                return _with(known, answered_by="cache", model=self._model.name)
            outcome, text = await self._ask(tool, call, view, shown)
            if text is not None:
                self._cache.put(asked, text, view, outcome.usage)
            return outcome

    async def _ask(self, tool: ToolSpec, call: Call, view: View, shown: Slice) -> tuple[Outcome, str | None]:
        """Ask the model; the text is that of an accepted answer."""
        outcome = Outcome()

        def find_problem(completion: Completion) -> str | None:
            nonlocal outcome
            read = self._judge(tool, call, view, shown, completion.value)
            if isinstance(read, str):
                return read
            outcome = read
            return None

        request = self._requests.request(tool, call, view, shown, view.snapshot.recent)
        asked = await ask(self._model, request, find_problem)
        how = {"usage": asked.usage, "answered_by": self.name, "model": self._model.name, "rejected": asked.rejected}
        if asked.accepted:
            return _with(outcome, **how), encode(asked.completion.value).decode()
        message = f"{tool.name} could not be carried out because of an internal error; nothing was changed"
        detail = f"{self._model.name} gave no answer that can be used: {asked.rejected[-1].why}"
        failure = Failure(kind="simulator", code="unusable_answer", message=message, detail=detail)
        return _with(Outcome(failure=failure), **how), None

    def _read(self, tool: ToolSpec, call: Call, view: View, shown: Slice, text: str) -> Outcome | str:
        value, problem = self._requests.form(tool).read(text)
        return problem or self._judge(tool, call, view, shown, value)

    def _judge(self, tool: ToolSpec, call: Call, view: View, shown: Slice, value: JsonValue) -> Outcome | str:
        """Give what an answer comes to, or say what is wrong with it."""
        answer = cast(JsonObject, value)
        error, result = answer["error"], answer["result"]
        try:
            ops = self._ops(answer)
        except ValidationError as problem:
            return f"`ops`: {describe_error(problem)}"
        if isinstance(error, dict):
            if ops:
                return "a call that ends in an error changes nothing: then `ops` must be empty"
            return Outcome(failure=Failure(kind="tool", code=str(error["code"]), message=str(error["message"])))
        if result is None and tool.output_schema is not None and not _may_be_null(tool):
            return "`error` and `result` are both null; the call either returns something or ends in an error"
        try:
            after = self._checker.apply(view.state, ops)
        except InvalidOpsError as problem:
            return f"`ops`: {problem}"
        effects = cast("list[str]", answer.get("effects") or [])
        proposal = Proposal(result, ops, tuple(effects))
        problem = self._consistency.find_problem(tool, call, view, shown, proposal, after)
        ids = self._consistency.issued(ops, view)
        return problem or Outcome(result, ops=ops, ids=ids, effects=proposal.effects)

    def _ops(self, answer: JsonObject) -> tuple[Op, ...]:
        """Read the ops; an inserted record has its key inside it."""
        ops = cast("list[JsonObject]", answer.get("ops") or [])
        return OPS.validate_python([self._with_key(op) for op in ops])

    def _with_key(self, op: JsonObject) -> JsonObject:
        record, shape = op.get("record"), self._environment.state_schema.collections.get(str(op.get("collection")))
        if op.get("op") != "insert" or shape is None or not isinstance(record, dict):
            return op
        return {**op, "key": record.get(shape.key)}


def _may_be_null(tool: ToolSpec) -> bool:
    return "null" in str((tool.output_schema or {}).get("type", "null"))


def _with(outcome: Outcome, **parts: object) -> Outcome:
    return replace(outcome, **parts)  # pyright: ignore[reportArgumentType]
