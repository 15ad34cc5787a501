"""The program of a twin, written by a model: kept if it gives every recorded answer."""

from collections.abc import Sequence

from toolworld.environments.compiler.compile import uncompiled
from toolworld.environments.spec.environment import Environment
from toolworld.environments.synthesis.templates import LANGUAGE, read_template
from toolworld.environments.synthesis.twins.answers import read_answer
from toolworld.environments.synthesis.twins.program_difference import answered_tools, find_difference
from toolworld.environments.synthesis.twins.recorded_tools import calls_of, toolset_of
from toolworld.environments.synthesis.written_environment import (
    BEHAVIOUR_FORMAT,
    read_behaviour,
    shown_tools,
    with_behaviour,
)
from toolworld.environments.twin.capture import Capture, CapturedCall
from toolworld.ground import JsonObject, Record, ToolworldError, encode
from toolworld.llm import Completion, Message, Model, Request, Usage, ask

LOG_BYTES = 40_000
"""How much of the recording a model is shown; of a longer one, calls from the beginning."""
MAX_TOKENS = 8192
_PROMPT = read_template("twin")


class WrittenProgram(Record):
    """The outcome of having a program written."""

    environment: Environment | None
    """The environment with it, without its recording; None where none was kept."""
    attempts: int
    why: str | None = None
    """Why the last one was not kept."""
    usage: Usage = Usage()


async def write_program(capture: Capture, name: str, model: Model, *, seed: int = 0) -> WrittenProgram:
    """Have a model write the program of a twin.

    Raises:
        RecordError: the server listed no tool.
        ModelError: the model does not answer.
        BudgetError: the budget for models is spent.
    """
    toolset = toolset_of(capture, name)
    calls = [one for one in calls_of(capture, toolset) if one.answer is not None]
    plain = uncompiled(toolset)
    kept: list[Environment] = []

    async def find_problem(completion: Completion) -> str | None:
        try:
            candidate = with_behaviour(plain, read_behaviour(completion.value))
            if not answered_tools(candidate) & {one.tool for one in calls}:
                return "the program answers none of the tools that were called"
            differs = await find_difference(candidate, calls)
        except ToolworldError as problem:
            return str(problem)
        kept[:] = [candidate]
        return f"{differs.tool}: {differs.why}" if differs is not None else None

    prompt = Message(role="user", content=_prompt(plain, calls))
    request = Request((prompt,), response_format=BEHAVIOUR_FORMAT, max_tokens=MAX_TOKENS, seed=seed)
    asked = await ask(model, request, find_problem)
    return WrittenProgram(
        environment=kept[0] if asked.accepted else None,
        attempts=len(asked.rejected) + asked.accepted,
        why=None if asked.accepted else asked.rejected[-1].why,
        usage=asked.usage,
    )


def _prompt(environment: Environment, calls: Sequence[CapturedCall]) -> str:
    tools = "\n".join(f"- {encode(one).decode()}" for one in shown_tools(environment))
    lines: list[str] = []
    room = LOG_BYTES
    for call in calls:
        line = f"- {encode(_shown(call)).decode()}"
        room -= len(line.encode())
        if room < 0:  # a shorter one may still fit
            room += len(line.encode())
            continue
        lines.append(line)
    return _PROMPT.substitute(language=LANGUAGE, tools=tools, log="\n".join(lines))


def _shown(call: CapturedCall) -> JsonObject:
    result, refusal = read_answer(call.answer or {})
    told: JsonObject = {"result": result} if refusal is None else {"refused": refusal}
    return {"call": call.tool, "arguments": call.arguments, **told}
