"""Promotion: a model writes the program of a tool, which is kept only if it does what the tool's log says.

A program that is kept has passed the audit without an error, and given the same result, error and changes
for *every* recorded call of the tool, also those that the model was not shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from toolworld.environments.audit import audit
from toolworld.environments.behaviour import function_name, functions_of
from toolworld.environments.environment import Environment
from toolworld.environments.event import Event
from toolworld.environments.isolation import run_apart
from toolworld.environments.ops import Delete, Update
from toolworld.environments.ops_check import OpsRefused
from toolworld.environments.runtime import Moment, Runtime
from toolworld.environments.simulation import Simulation
from toolworld.environments.tool import ToolSpec
from toolworld.ground import JsonValue, NotFoundError, Record, SpecError, ToolworldError, closed_object, encode, same
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, Usage, ask

SHOWN = 8
"""How many recorded calls a model is shown: of each outcome some."""
ENOUGH = 3
"""Fewer recorded calls prove nothing."""
MOST_TOKENS = 4096
_PROMPT = Template((files("toolworld.environments") / "prompts" / "learn.md").read_text(encoding="utf-8"))
_FORM = ResponseFormat(closed_object({"program": {"type": "string"}}), "program")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The log of an episode."""

    seed: int
    events: Sequence[Event]


class Lesson(Record):
    """What came of learning a tool."""

    tool: str
    calls: int
    """Recorded calls that a program had to reproduce."""
    shown: int
    """Those of them that the model was shown."""
    attempts: int
    kept: bool
    why: str | None = None
    """Why the last program was not kept."""
    program: str | None = None
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class _Case:
    moment: Moment
    event: Event
    after: Moment
    seed: int


async def learn(environment: Environment, tool: ToolSpec, logs: Sequence[Recorded], model: Model) -> Lesson:
    """Have a model write the program of a tool.

    Raises:
        AccessError: a log is not of this environment.
        ModelError: the model does not answer.
    """
    cases = list(_cases(Runtime(environment, simulation=Simulation(means="behaviour")), tool, logs))
    if len(cases) < ENOUGH:
        why = f"the logs hold {len(cases)} calls of it that can be learnt from, and {ENOUGH} are the least"
        return Lesson(tool=tool.name, calls=len(cases), shown=0, attempts=0, kept=False, why=why)
    shown = _examples(cases)
    request = Request(
        (Message(role="user", content=_told(environment, tool, shown)),), response_format=_FORM, max_tokens=MOST_TOKENS
    )

    async def find_problem(completion: Completion) -> str | None:
        program = _program(completion)
        others = {function_name(other) for other in environment.tools if other.name != tool.name}
        taken = functions_of(program) & (functions_of(environment.behaviour or "") | others)
        if taken:
            return f"the program defines `{min(taken)}`, which belongs to other tools; call yours otherwise"
        return await _fault(with_program(environment, program), tool, cases)

    asked = await ask(model, request, find_problem)
    return Lesson(
        tool=tool.name,
        calls=len(cases),
        shown=len(shown),
        attempts=len(asked.rejected) + asked.accepted,
        kept=asked.accepted,
        why=None if asked.accepted else asked.rejected[-1].why,
        program=_program(asked.completion) if asked.accepted else None,
        usage=asked.usage,
    )


def with_program(environment: Environment, program: str) -> Environment:
    """Give the environment with the program of a tool behind those that it has."""
    behaviour = f"{environment.behaviour.rstrip()}\n\n" if environment.behaviour else ""
    same_fields = {name: getattr(environment, name) for name in Environment.model_fields if name != "behaviour"}
    return Environment.model_validate({**same_fields, "behaviour": f"{behaviour}{program.strip()}\n"})


def _program(completion: Completion) -> str:
    value = completion.value
    return str(value["program"]) if isinstance(value, dict) else ""


def _cases(runtime: Runtime, tool: ToolSpec, logs: Sequence[Recorded]) -> Iterator[_Case]:
    """Give the recorded calls of a tool, each once, with the moments before and after it."""
    seen: set[bytes] = set()
    for log in logs:
        moment = runtime.start
        for event in log.events:
            try:
                after = runtime.follow(moment, event)
            except OpsRefused as problem:
                raise NotFoundError(f"a log does not fit environment {runtime.environment.id}: {problem}") from None
            usable = event.injected is None and (event.failure is None or event.failure.kind == "tool")
            place = encode([event.call.model_dump(), moment.state.digest, event.at])
            if event.call.name == tool.name and usable and place not in seen:
                seen.add(place)
                yield _Case(moment, event, after, log.seed)
            moment = after


def _examples(cases: list[_Case]) -> list[_Case]:
    """Choose what to show: of each outcome in turn, so that no error is missed."""
    kinds: dict[str, list[_Case]] = {}
    for case in cases:
        kinds.setdefault(case.event.failure.code if case.event.failure else "", []).append(case)
    chosen: list[_Case] = []
    while len(chosen) < min(SHOWN, len(cases)):
        for waiting in kinds.values():
            if waiting and len(chosen) < SHOWN:
                chosen.append(waiting.pop(0))
    return chosen


async def _fault(candidate: Environment, tool: ToolSpec, cases: Sequence[_Case]) -> str | None:
    """Say why a program cannot be kept: the first error of the audit, or the first call that comes out otherwise."""
    name = function_name(tool)
    if name not in functions_of(candidate.behaviour or ""):
        return f"the program has no function `{name}`"
    try:
        for finding in await run_apart(audit, candidate):  # what a model wrote is not loaded into this process
            if finding.severity == "error":
                return f"{finding.where}: {finding.message}"
        runtime = Runtime(candidate, simulation=Simulation(means="behaviour"))
        for case in cases:
            event, after = await runtime.perform(case.moment, case.event.call, case.seed)
            difference = _difference(case, event, after)
            if difference:
                call = f"{tool.name}{encode(case.event.call.arguments).decode()}"
                return f"the call {call} comes out otherwise: {difference}"
    except (SpecError, ToolworldError) as problem:
        return str(problem)
    return None


def _difference(case: _Case, event: Event, after: Moment) -> str | None:
    was, now = case.event.failure, event.failure
    if now is not None and now.kind == "simulator":
        return f"the program broke: {now.detail}"
    if (was.code if was else None) != (now.code if now else None):
        return f"{_came_of(case.event)} was recorded, and it gives {_came_of(event)}"
    if was is None and not same(case.event.result, event.result):
        return f"{_came_of(case.event)} was recorded, and it gives {_came_of(event)}"
    if case.after.state.digest != after.state.digest:
        return f"it was recorded to change {_changes(case.event)}, and it changes {_changes(event)}"
    return None


def _came_of(event: Event) -> str:
    return f"the error {event.failure.code}" if event.failure else encode(event.result).decode()[:600]


def _changes(event: Event) -> str:
    return encode([op.model_dump() for op in event.ops]).decode()[:600]


def _told(environment: Environment, tool: ToolSpec, shown: Sequence[_Case]) -> str:
    collections = "\n".join(
        f"- {name}: {shape.model_dump_json(exclude_defaults=True)}"
        for name, shape in environment.state_schema.collections.items()
    )
    examples = "\n".join(f"- {encode(_example(case)).decode()}" for case in shown)
    return _PROMPT.substitute(
        function=function_name(tool),
        tool=tool.model_dump_json(exclude_none=True),
        collections=collections,
        examples=examples,
    )


def _example(case: _Case) -> dict[str, JsonValue]:
    event = case.event
    came: dict[str, JsonValue] = {"call": event.call.arguments, "at": event.at}
    if event.failure:
        return {**came, "error": event.failure.code, "message": event.failure.message}
    touched: list[JsonValue] = [
        case.moment.state.get(op.collection, op.key) for op in event.ops if isinstance(op, Update | Delete)
    ]
    changes: list[JsonValue] = [op.model_dump() for op in event.ops]
    return {**came, "result": event.result, "records_before": touched, "changes": changes}
