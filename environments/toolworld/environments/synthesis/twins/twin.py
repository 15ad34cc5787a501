"""The twin of a recorded server: its tools as it listed them, its answers, and a program that reproduces all of them.

The compiler writes the program from the schemas; each of its functions is called as the recording was, and one that
answers otherwise even once is left out. What then has neither a recorded answer nor a function is refused with an
error that is documented.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from toolworld.environments.behaviour.language import MAX_SOURCE_BYTES
from toolworld.environments.calls.event import Call, Event, Failure
from toolworld.environments.compiler.compile import Compiled, compile_toolset, settled, uncompiled
from toolworld.environments.compiler.self_check import CheckResult, self_check
from toolworld.environments.normaliser.operation import Toolset
from toolworld.environments.runtime.plan import SimulationPlan
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.result_form import ResultForm
from toolworld.environments.spec.tool import DocumentedError, ToolSpec
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.environments.synthesis.twins.answers import form_of, read_answer, recorded_answers
from toolworld.environments.synthesis.twins.observed_schema import with_observations
from toolworld.environments.synthesis.twins.observed_state import (
    Observed,
    evidence_of,
    observed_records,
    observed_state,
)
from toolworld.environments.twin.capture import Capture, CapturedCall
from toolworld.environments.twin.recorded_answers import PLACE, Place, recorded_name
from toolworld.environments.twin.simulator import NOT_RECORDED
from toolworld.ground import (
    JsonObject,
    JsonSchema,
    JsonValue,
    Record,
    RecordError,
    Schema,
    SpecError,
    ToolworldError,
    encode,
    same,
    shortened,
)

_NOTHING_ELSE = DocumentedError(
    code=NOT_RECORDED, when="The server was not asked this when it was recorded, and no program knows the answer."
)
_PLACE_SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {"position": {"type": ["integer", "null"]}, "is_known": {"type": "boolean"}},
}


class TwinReport(Record):
    """What a twin was made of."""

    calls: int
    """Calls of the recording."""
    answers: int
    """Recorded answers that the twin has: the same question at the same place is kept once."""
    left_out: int
    """Calls whose answers cannot be given again: they were too long to keep, or of a tool that was not listed."""
    programs: tuple[str, ...]
    """The tools whose functions reproduce every recorded call of theirs."""
    rejected: dict[str, str]
    """The other tools, with what is wrong with their functions."""


class MadeTwin(Record):
    """A twin, with the report of its making."""

    environment: Environment
    report: TwinReport


async def make_twin(capture: Capture, name: str, *, program: Environment | None = None) -> MadeTwin:
    """Make the twin of a recorded server.

    Args:
        capture: The recording.
        name: The id of the environment.
        program: An environment of the same tools whose program gives every recorded answer, such as a model wrote; by
            default as much of a compiled one as does.

    Raises:
        RecordError: the server listed no tool.
    """
    toolset = toolset_of(capture, name)
    calls = calls_of(capture, toolset)
    usable = [one for one in calls if one.answer is not None]
    if program is not None:
        left = {one.name for one in program.tools} - answered_tools(program)
        made, rejected = program, {one.name: "no program was written" for one in program.tools if one.name in left}
    else:
        made, rejected = await _compiled(toolset, usable)
    if not answered_tools(made) or len((made.behaviour or "").encode()) > MAX_SOURCE_BYTES:
        # nothing but a comment, or more than a server would load
        bare = tuple(one.model_copy(update={"inferred": None}) for one in made.tools)
        made = made.replaced(behaviour=None, tools=bare)
        rejected |= {one.name: "no program answers it" for one in made.tools if one.name not in rejected}
    environment = _twin(made, calls, capture)
    report = TwinReport(
        calls=len(capture.calls),
        answers=len(environment.recording),
        left_out=len(capture.calls) - len(usable),
        programs=tuple(tool.name for tool in made.tools if tool.name not in rejected),
        rejected=rejected,
    )
    return MadeTwin(environment=environment, report=report)


def toolset_of(capture: Capture, name: str) -> Toolset:
    """The tools of a recorded server, as the toolset of an environment of that name.

    Raises:
        RecordError: the server listed no tool.
    """
    from toolworld.environments.importers.mcp_server import toolset_of_listing  # takes time to load

    server = capture.server
    found = toolset_of_listing(server.name, [*capture.tools.values()]).toolset
    if found is None or not found.operations:
        raise RecordError(f"the recording of {server.name} lists no tool")
    said = f"The twin of the MCP server {server.name} {server.version}".strip()
    described = f"{said}: it answers as the server did when it was recorded."
    title = server.title or server.name
    return replace(found, id=name, title=title, description=described, policy=server.instructions)


def calls_of(capture: Capture, toolset: Toolset) -> list[CapturedCall]:
    """The recorded calls of the tools of a toolset, each under the name that its tool has there."""
    names = {one.original: one.name for one in toolset.operations}
    return [
        one.model_copy(update={"tool": names[one.tool]}) if names[one.tool] != one.tool else one
        for one in capture.calls
        if one.tool in names
    ]


async def _compiled(toolset: Toolset, calls: Sequence[CapturedCall]) -> tuple[Environment, dict[str, str]]:
    """What the compiler makes of the tools, with those functions that reproduce the recording, and why not the others.

    It is compiled from the schemas alone, and once more with what the recording shows as evidence; the one of which
    more functions are left is taken.
    """
    try:
        plain = compile_toolset(toolset)
        fuller = with_observations(toolset, calls)
        shown = compile_toolset(fuller)
        evidence = evidence_of(shown, observed_records(shown, calls), calls)
        informed = compile_toolset(replace(fuller, states=evidence))
    except ToolworldError as problem:  # tools of strangers: then there are only the recorded answers
        return uncompiled(toolset), {one.name: str(problem) for one in toolset.operations}
    made = [await _reproducing(plain, calls, observed_records(plain, calls)), await _reproducing(informed, calls, None)]
    return min(made, key=lambda one: len(one[1]))


async def _reproducing(
    compiled: Compiled, calls: Sequence[CapturedCall], observed: Observed | None
) -> tuple[Environment, dict[str, str]]:
    """A compiled environment with those functions that reproduce the recording, and why not the others.

    A function of which the recording has no call is left out too: nothing says that it is right.
    """
    checked = self_check(compiled)
    called = {one.tool for one in calls}
    names = (one.name for one in compiled.toolset.operations)
    rejected = {name: "the recording has no call of it" for name in names if name not in called}
    for tool in compiled.environment.tools:
        unread = sorted(tool.required & {*(tool.inferred.ignored if tool.inferred else ())})
        if unread and tool.name not in rejected:
            rejected[tool.name] = f"its function would answer the same whatever `{unread[0]}` is"
    while True:
        made = _settled(compiled, checked, rejected, observed)
        wrong = await find_difference(made, calls, is_ours=True)
        if wrong is None:
            answered = answered_tools(made)
            left = [tool for tool in made.tools if tool.name not in answered]
            return made, {tool.name: rejected.get(tool.name) or _why_none(tool) for tool in left}
        rejected[wrong.tool] = wrong.why


def _why_none(tool: ToolSpec) -> str:
    return (tool.inferred.why if tool.inferred is not None else None) or "there is no function of it"


def _settled(
    compiled: Compiled, checked: CheckResult, rejected: dict[str, str], observed: Observed | None
) -> Environment:
    """The compiled environment without some functions, beginning with what the recording shows.

    Where that does not fit the schema of the state, it begins with no records; where nothing is said of what was
    observed, the state that it was compiled with is that already.
    """
    made = settled(compiled, {**checked.failed, **rejected}, checked.verified - checked.failed.keys())
    if observed is None:
        return made
    shown = observed_state(compiled, observed)
    for collections in (shown.collections, dict[str, tuple[JsonObject, ...]]()):
        document = StateDocument(collections=collections, singletons=shown.singletons)
        try:
            begun = made.replaced(initial_state=document)
            Runtime(begun)
        except SpecError:
            continue
        return begun
    return made


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


def _twin(made: Environment, calls: Sequence[CapturedCall], capture: Capture) -> Environment:
    """The twin: the environment with the recorded answers, and tools that look as the server's."""
    names = {tool.name: recorded_name(tool) for tool in made.tools}
    forms = {tool.name: form for tool in made.tools if (form := _form(tool.name, calls)) is not None}
    writes = {tool.name: tool.effect == "write" for tool in made.tools}
    answers = recorded_answers(calls, names, writes, forms)
    tools = tuple(
        _tool(one, capture.tools[_listed_name(one)], forms.get(one.name), _answers_of(one, answers))
        for one in made.tools
    )
    schema, state = made.state_schema, made.initial_state
    return made.replaced(
        tools=tools,
        recording=answers,
        state_schema=StateSchema(
            collections=schema.collections, singletons={**schema.singletons, PLACE: _PLACE_SCHEMA}
        ),
        initial_state=StateDocument(
            collections=state.collections, singletons={**state.singletons, PLACE: Place().value}
        ),
    )


def _answers_of(tool: ToolSpec, answers: Sequence[RecordedAnswer]) -> list[RecordedAnswer]:
    return [one for one in answers if one.tool == recorded_name(tool)]


def _listed_name(tool: ToolSpec) -> str:
    """The name that its server gave a tool."""
    return tool.name if tool.original_name is None else tool.original_name


def _form(tool: str, calls: Sequence[CapturedCall]) -> ResultForm | None:
    return form_of([one.answer for one in calls if one.tool == tool and one.answer is not None])


def _tool(tool: ToolSpec, listing: JsonObject, form: ResultForm | None, answers: Sequence[RecordedAnswer]) -> ToolSpec:
    """A tool as the twin has it: listed as the server listed it, and refusing what nobody can answer."""
    return tool.model_copy(
        update={
            "listing": listing,
            "result_form": form,
            "errors": (*tool.errors, _NOTHING_ELSE),
            "effect": "write" if any(one.moves for one in answers) else tool.effect,
            "input_schema": _input_schema(tool, listing),
            "output_schema": _output_schema(listing, answers),
        }
    )


def _input_schema(tool: ToolSpec, listing: JsonObject) -> JsonSchema:
    """The schema of a tool's arguments as its server has it, without what was read from prose, if it can be used."""
    listed = listing.get("inputSchema")
    if not isinstance(listed, dict) or listed.get("type") != "object":
        return tool.input_schema
    properties = listed.get("properties")
    if not isinstance(properties, dict) or properties.keys() != tool.parameters.keys():
        return tool.input_schema
    closed: JsonSchema = {**listed, "additionalProperties": False}
    try:
        Schema(closed, f"the input schema of {tool.name}")
    except SpecError:
        return tool.input_schema
    return closed


def _output_schema(listing: JsonObject, answers: Sequence[RecordedAnswer]) -> JsonSchema | None:
    """The schema of a tool's results, if all that were recorded match it."""
    output = listing.get("outputSchema")
    if not isinstance(output, dict):
        return None
    try:
        schema = Schema(output, f"the output schema of {listing.get('name')}")
    except SpecError:
        return None
    results = (one.result for one in answers if one.refusal is None)
    return None if any(schema.error_in(result) is not None for result in results) else output
