"""The twin of a recorded server: its tools as it listed them, its answers, and a program that reproduces all of them.

The compiler writes the program from the schemas; each of its functions is called as the recording was, and one that
answers otherwise even once is left out. What then has neither a recorded answer nor a function is refused with an
error that is documented.
"""

from collections.abc import Sequence

from toolworld.environments.behaviour.language import MAX_SOURCE_BYTES
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.environments.synthesis.twins.answers import recorded_answers
from toolworld.environments.synthesis.twins.compiled_program import compiled_program
from toolworld.environments.synthesis.twins.program_difference import answered_tools
from toolworld.environments.synthesis.twins.recorded_tools import calls_of, toolset_of
from toolworld.environments.synthesis.twins.twin_tools import listed_name, tool_form, twin_tool
from toolworld.environments.twin.capture import Capture, CapturedCall
from toolworld.environments.twin.of_answers import PLACE_SCHEMA
from toolworld.environments.twin.recorded_answers import PLACE, Place, recorded_name
from toolworld.ground import Record


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
        made, rejected = await compiled_program(toolset, usable)
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


def _twin(made: Environment, calls: Sequence[CapturedCall], capture: Capture) -> Environment:
    """The twin: the environment with the recorded answers, and tools that look as the server's."""
    names = {tool.name: recorded_name(tool) for tool in made.tools}
    forms = {tool.name: form for tool in made.tools if (form := tool_form(tool.name, calls)) is not None}
    writes = {tool.name: tool.effect == "write" for tool in made.tools}
    answers = recorded_answers(calls, names, writes, forms)
    tools = tuple(
        twin_tool(one, capture.tools[listed_name(one)], forms.get(one.name), _answers_of(one, answers))
        for one in made.tools
    )
    schema, state = made.state_schema, made.initial_state
    return made.replaced(
        tools=tools,
        recording=answers,
        state_schema=StateSchema(collections=schema.collections, singletons={**schema.singletons, PLACE: PLACE_SCHEMA}),
        initial_state=StateDocument(
            collections=state.collections, singletons={**state.singletons, PLACE: Place().value}
        ),
    )


def _answers_of(tool: ToolSpec, answers: Sequence[RecordedAnswer]) -> list[RecordedAnswer]:
    return [one for one in answers if one.tool == recorded_name(tool)]
