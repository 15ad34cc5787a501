"""A bench for compiled environments: calls of their tools, one after the other, held to their schemas."""

import random

from toolworld.environments.behaviour.compiler import compile_program
from toolworld.environments.behaviour.engine import Answer, Engine
from toolworld.environments.behaviour.host_functions import Position
from toolworld.environments.compiler.compile import Compiled
from toolworld.environments.compiler.data.field_values import value_maker
from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.compiler.layout.collection import HIDDEN_KEY, Collection, parent_field
from toolworld.environments.compiler.layout.references import references_of
from toolworld.environments.compiler.plans.plan import READERS, Plan
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.spec.clock import Clock
from toolworld.environments.state.checker import OpsChecker
from toolworld.environments.state.schema import build_baseline
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue, RecordError, Schema, SimulationError


class RefusedError(Exception):
    """A call was refused."""


class NotAskedError(Exception):
    """Arguments that the input schema allows could not be made, so that nothing is known."""


class Bench:
    """Calls tools of a compiled environment, with its state put back when asked.

    Raises:
        SpecError: the program or a schema does not load.
        RecordError: the initial state is not what its schema allows.
    """

    def __init__(self, compiled: Compiled) -> None:
        environment = compiled.environment
        self._environment = environment
        self._collections = compiled.collections
        self._engine = Engine(
            compile_program(environment.behaviour or ""),
            environment.state_schema.key_fields,
            environment.state_schema.singletons,
        )
        self._start = State(build_baseline(environment.state_schema, environment.initial_state, environment.id))
        self._checker = OpsChecker(environment.state_schema, environment.id)
        for problem in self._checker.problems(self._start):
            raise RecordError(f"its records do not keep to their own schema: {problem}")
        self._inputs = {tool.name: Schema(tool.input_schema, tool.name) for tool in environment.tools}
        self._outputs = {
            tool.name: Schema(tool.output_schema, tool.name)
            for tool in environment.tools
            if tool.output_schema is not None
        }
        self._clock: Clock = environment.clock
        self._step: int = 0
        self._ids: int = 0
        self.state: State = self._start

    def restore(self) -> None:
        """Go back to the initial state."""
        self.state = self._start
        self._step = 0
        self._ids = 0

    def call(self, name: str, arguments: JsonObject) -> JsonValue:
        """Call a tool, and keep the state that it leads to.

        Raises:
            SimulationError: the program broke, or its result is not as the output schema says.
            InvalidOpsError: what it writes is not allowed.
        """
        tool = self._environment.tool(name)
        if tool is None:
            raise SimulationError(f"there is no tool {name}")
        if self._inputs[name].error_in(arguments):
            raise NotAskedError(name)
        answer: Answer = self._engine.answer(
            tool.function_name,
            tool.for_program(arguments),
            state=self.state,
            position=Position(self._clock.at(self._step), 1, self._ids),
            writes=tool.effect == "write",
        )
        if answer.refusal is not None:
            raise RefusedError(answer.refusal.code)
        problem = self._outputs[name].error_in(answer.result) if name in self._outputs else None
        if problem:
            raise SimulationError(f"its result is not as described: {problem}")
        self.state = self._checker.apply(self.state, answer.ops)
        self._step += 1
        self._ids += answer.issued
        return answer.result

    def records(self, collection: Collection) -> list[JsonObject]:
        """The records of a collection as they are now."""
        if collection.is_single or collection.name not in self._collections:
            return []
        return [record for _, record in self.state.rows(collection.name)]

    def arguments(self, plan: Plan, record: JsonObject | None = None) -> JsonObject:
        """Arguments that a tool's schema allows, about a record where it asks for one."""
        rows = self.records(plan.collection)
        about = record if record is not None else rows[0] if rows else {}
        given: JsonObject = {}
        writes = plan.template not in READERS  # a filter that nobody asked for leaves nothing
        story = RecordStory(random.Random(plan.operation.name), 0)
        for one in plan.operation.parameters:
            if one.name == plan.key and plan.template != "create":
                given[one.name] = as_asked(about.get(plan.collection.key or HIDDEN_KEY), one)
            elif parent_field(one.name) in plan.collection.parents:
                given[one.name] = as_asked(about.get(plan.collection.parent_place(one.name)), one)
            elif one.required or (writes and one in plan.operation.payload and one.place != "query"):
                given[one.name] = argument(one, plan.collection.entity, story)
        return {**given, **self._references(plan, given), **self._named(plan, about)}

    def _named(self, plan: Plan, about: JsonObject) -> JsonObject:
        """Keys of records of a state document among arguments, and what has to fit the record that is asked for."""
        found: JsonObject = {}
        for one in plan.operation.parameters:
            field = plan.collection.field_of(one.original)
            if plan.template == "get" and plan.records and one.required and field is not None:
                found[one.name] = as_asked(about.get(field), one)
        for record in plan.records:
            rows, parameter = self.records(record.collection), plan.operation.parameter(record.parameter or "")
            if parameter is not None and parameter.required and parameter.name != plan.key and rows:
                named = about.get(plan.collection.field_of(parameter.original) or "")
                key = record.collection.key or HIDDEN_KEY
                found[parameter.name] = as_asked(named if isinstance(named, str) else rows[0].get(key), parameter)
        return found

    def _references(self, plan: Plan, given: JsonObject) -> JsonObject:
        """References among arguments, to records that are there."""
        found: JsonObject = {}
        for one, target in references_of(plan.operation, plan.collection, self._collections):
            rows = self.records(target)
            if one.name in given and rows:
                found[one.name] = as_asked(rows[-1].get(target.key or HIDDEN_KEY), one)
        return found


def argument(parameter: Parameter, entity: str, story: RecordStory) -> JsonValue:
    """A value that a parameter's schema allows, as far as it can be told."""
    make = value_maker(parameter.original, parameter.schema, entity)
    if make is not None:
        return make(story)
    return [] if plain_type(parameter.schema) == "array" else {} if plain_type(parameter.schema) == "object" else "any"


def as_asked(value: JsonValue, parameter: Parameter) -> JsonValue:
    if plain_type(parameter.schema) in ("integer", "number") and isinstance(value, str) and value.isdigit():
        return int(value)
    return str(value) if plain_type(parameter.schema) == "string" and value is not None else value
