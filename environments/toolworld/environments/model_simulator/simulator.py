"""Calls answered by a language model: one completion each, checked against the state before anything is committed.

An answer must match its schema, its ops must fit the state and the state's schema, and its result must
agree with its ops. A problem is sent back to the model, twice at most; then the call fails, changes
nothing, and voids the run.
"""

from dataclasses import replace
from typing import cast

from pydantic import ValidationError

from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.model_simulator.cache import OutcomeCache, question
from toolworld.environments.model_simulator.consistency import ConsistencyChecker, Proposal
from toolworld.environments.model_simulator.context import BUDGET_BYTES, Slice, Slicer
from toolworld.environments.model_simulator.request import SimulationRequests
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import InvalidOpsError, OpsChecker
from toolworld.environments.state.ops import OPS, Op
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, describe_error, encode
from toolworld.llm import Completion, Model, ask

SMALL_BUDGET_BYTES = 1500
"""Maximum size of the records that a small model is shown."""


class ModelSimulator:
    """Answers calls with a language model.

    Args:
        start: The initial state, from which the form of ids is derived.
        cache: Accepted answers; the same question in the same state is asked only once.
    """

    name: SimulatorName = "model"

    def __init__(
        self,
        environment: Environment,
        checker: OpsChecker,
        start: State,
        model: Model,
        cache: OutcomeCache | None = None,
        *,
        max_tokens: int | None = None,
    ) -> None:
        schema = environment.state_schema
        self._environment = environment
        self._checker = checker
        self._model = model
        self._cache = cache
        self._slicer = Slicer(schema, SMALL_BUDGET_BYTES if model.is_small else BUDGET_BYTES)
        self._consistency = ConsistencyChecker(schema, self._slicer, start)
        self._requests = SimulationRequests(environment, self._consistency, max_tokens)

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Answer from the cache, or else ask the model.

        Raises:
            ModelError: the model does not answer; the call has not happened.
            BudgetError: the budget for models is spent; the call has not happened.
        """
        shown = self._slicer.choose(view.state, tool, call)
        if self._cache is None:
            return (await self._ask(tool, call, view, shown))[0]
        key = question(self._environment, tool, call, view, shown, self._model.name)
        async with self._cache.turn(key):
            text = await self._cache.get(key, view)
            # the key covers only the slice, so the answer is checked against this state, and asked for anew if it fails
            cached = self._read_cached(tool, call, view, shown, text) if text is not None else None
            if isinstance(cached, Outcome):
                return _replaced(cached, answered_by="cache", model=self._model.name)
            outcome, text = await self._ask(tool, call, view, shown)
            if text is not None:
                self._cache.put(key, text, view, outcome.usage)
            return outcome

    async def _ask(self, tool: ToolSpec, call: Call, view: View, shown: Slice) -> tuple[Outcome, str | None]:
        """Ask the model; the text is the accepted answer, or None if every answer was rejected."""
        outcome = Outcome()

        def find_problem(completion: Completion) -> str | None:
            nonlocal outcome
            checked = self._check_answer(tool, call, view, shown, completion.value)
            if isinstance(checked, str):
                return checked
            outcome = checked
            return None

        request = self._requests.request(tool, call, view, shown, view.snapshot.recent)
        answer = await ask(self._model, request, find_problem)
        details = {
            "usage": answer.usage,
            "answered_by": self.name,
            "model": self._model.name,
            "rejected": answer.rejected,
        }
        if answer.accepted:
            # encoded anew: the model's own text may be in the endpoint's dialect, which the cache does not know
            return _replaced(outcome, **details), encode(answer.completion.value).decode()
        message = f"{tool.name} could not be carried out because of an internal error; nothing was changed"
        detail = f"{self._model.name} gave no answer that can be used: {answer.rejected[-1].why}"
        failure = Failure(kind="simulator", code="unusable_answer", message=message, detail=detail)
        return _replaced(Outcome(failure=failure), **details), None

    def _read_cached(self, tool: ToolSpec, call: Call, view: View, shown: Slice, text: str) -> Outcome | str:
        value, problem = self._requests.form(tool).read(text)
        return problem or self._check_answer(tool, call, view, shown, value)

    def _check_answer(self, tool: ToolSpec, call: Call, view: View, shown: Slice, value: JsonValue) -> Outcome | str:
        """The outcome of an answer, or the problem with it."""
        answer = cast(JsonObject, value)
        error, result = answer["error"], answer["result"]
        try:
            ops = self._parse_ops(answer)
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

    def _parse_ops(self, answer: JsonObject) -> tuple[Op, ...]:
        """Parse the ops of an answer. An insertion has its key only in the record, so that the two cannot differ."""
        ops = cast("list[JsonObject]", answer.get("ops") or [])
        return OPS.validate_python([self._add_key(op) for op in ops])

    def _add_key(self, op: JsonObject) -> JsonObject:
        record, shape = op.get("record"), self._environment.state_schema.collections.get(str(op.get("collection")))
        if op.get("op") != "insert" or shape is None or not isinstance(record, dict):
            return op
        return {**op, "key": record.get(shape.key)}


def _may_be_null(tool: ToolSpec) -> bool:
    return "null" in str((tool.output_schema or {}).get("type", "null"))


def _replaced(outcome: Outcome, **parts: object) -> Outcome:
    return replace(outcome, **parts)  # pyright: ignore[reportArgumentType]
