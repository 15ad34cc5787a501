"""Program synthesis: a model writes a tool's program; it is kept only if it reproduces every recorded call.

A program that is kept has passed the audit without an error, and has given the same result, error and
changes for *every* recorded call of the tool, also those that the model was not shown.
"""

from collections.abc import Callable, Sequence

from toolworld.environments.audit.audit import audit
from toolworld.environments.behaviour.language import constant_names, function_names
from toolworld.environments.runtime.plan import SimulationPlan
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.synthesis.recorded_calls import (
    RecordedCall,
    RecordedEpisode,
    difference,
    example,
    examples,
    recorded_calls,
)
from toolworld.environments.synthesis.templates import LANGUAGE, read_template
from toolworld.ground import BudgetError, Record, SpecError, ToolworldError, closed_object, encode
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, Usage, ask

MAX_SHOWN = 8
"""How many recorded calls a model is shown."""
MIN_CALLS = 3
"""Fewer recorded calls prove nothing."""
MAX_TOKENS = 4096
_PROMPT = read_template("program")
PROGRAM_FORMAT = ResponseFormat(closed_object({"program": {"type": "string"}}), "program")
"""A JSON object with one text."""


class SynthesisResult(Record):
    """The outcome of writing a tool's program."""

    tool: str
    calls: int
    """Recorded calls that the program had to reproduce."""
    shown: int
    """How many of them the model was shown."""
    attempts: int
    """Programs that the model wrote."""
    kept: bool
    why: str | None = None
    """Why the last program was not kept."""
    program: str | None = None
    """The source of the program, if it was kept."""
    usage: Usage = Usage()


async def synthesize_programs(
    environment: Environment,
    logs: Sequence[RecordedEpisode],
    model: Model,
    tools: Sequence[str] = (),
    on_kept: Callable[[Environment], None] | None = None,
) -> list[SynthesisResult]:
    """Have a model write the programs of several tools, each on top of those that were kept before it.

    Args:
        environment: The environment as it is.
        logs: Recorded episodes in it.
        model: Writes the programs.
        tools: Names of the tools; by default all that have no program.
        on_kept: Called with the environment after each program that was kept, so that it can be saved.

    Raises:
        NotFoundError: there is no such tool.
        SpecError: a tool has a program already.
        RecordError: a log is not of this environment.
        ModelError: the model does not answer.
    """
    runtime = Runtime(environment)
    chosen = [runtime.tool(name) for name in tools] or [
        tool for tool in environment.tools if not runtime.has_program(tool)
    ]
    for tool in chosen:
        if runtime.has_program(tool):
            raise SpecError(f"{tool.name} has a program; take it out of {BEHAVIOUR_FILE} to have another one written")
    results: list[SynthesisResult] = []
    for tool in chosen:
        try:
            result = await synthesize_program(environment, tool, logs, model)
        except BudgetError as problem:
            result = SynthesisResult(tool=tool.name, calls=0, shown=0, attempts=0, kept=False, why=str(problem))
        results.append(result)
        if result.program is not None:
            environment = with_program(environment, result.program)
            if on_kept:
                on_kept(environment)
    return results


async def synthesize_program(
    environment: Environment, tool: ToolSpec, logs: Sequence[RecordedEpisode], model: Model
) -> SynthesisResult:
    """Have a model write the program of one tool.

    Raises:
        RecordError: a log is not of this environment.
        ModelError: the model does not answer.
        BudgetError: the budget for models is spent.
    """
    cases = list(recorded_calls(Runtime(environment, simulation=SimulationPlan(kind="behaviour")), tool, logs))
    if len(cases) < MIN_CALLS:
        why = f"the logs hold {len(cases)} calls of it that a program can reproduce; at least {MIN_CALLS} are needed"
        return SynthesisResult(tool=tool.name, calls=len(cases), shown=0, attempts=0, kept=False, why=why)
    shown = examples(cases, MAX_SHOWN)
    prompt = Message(role="user", content=_prompt(environment, tool, shown))
    request = Request((prompt,), response_format=PROGRAM_FORMAT, max_tokens=MAX_TOKENS)

    async def find_problem(completion: Completion) -> str | None:
        return await _find_problem(environment, tool, program_of(completion), cases)

    asked = await ask(model, request, find_problem)
    return SynthesisResult(
        tool=tool.name,
        calls=len(cases),
        shown=len(shown),
        attempts=len(asked.rejected) + asked.accepted,
        kept=asked.accepted,
        why=None if asked.accepted else asked.rejected[-1].why,
        program=program_of(asked.completion) if asked.accepted else None,
        usage=asked.usage,
    )


def with_program(environment: Environment, program: str) -> Environment:
    """The environment with a program appended to those that it has."""
    before = f"{environment.behaviour.rstrip()}\n\n" if environment.behaviour else ""
    return environment.replaced(behaviour=f"{before}{program.strip()}\n")


def program_of(completion: Completion) -> str:
    """The program of an answer that matches the format."""
    value = completion.value
    return str(value["program"]) if isinstance(value, dict) else ""


async def _find_problem(
    environment: Environment, tool: ToolSpec, program: str, cases: Sequence[RecordedCall]
) -> str | None:
    """Why a program cannot be kept: names that are taken, an error of the audit, or a call that comes out otherwise."""
    try:
        candidate = with_program(environment, program)
        return named_otherwise(environment, tool, program) or await _find_difference(candidate, tool, cases)
    except ToolworldError as problem:
        return str(problem)


def named_otherwise(environment: Environment, tool: ToolSpec, program: str) -> str | None:
    """What is wrong with the names of a program's functions: they are taken, or the tool's is not among them."""
    others = {other.function_name for other in environment.tools if other.name != tool.name}
    before = environment.behaviour or ""
    taken = function_names(program) & (function_names(before) | others)
    taken |= constant_names(program) & constant_names(before)
    if taken:
        return f"the program defines `{min(taken)}`, which belongs to other tools; call yours otherwise"
    is_there = tool.function_name in function_names(program)
    return None if is_there else f"the program has no function `{tool.function_name}`"


async def _find_difference(candidate: Environment, tool: ToolSpec, cases: Sequence[RecordedCall]) -> str | None:
    for finding in audit(candidate, types=False):  # those are warnings
        if finding.severity == "error":
            return f"{finding.where}: {finding.message}"
    runtime = Runtime(candidate, simulation=SimulationPlan(kind="behaviour"))
    for case in cases:
        event, after = await runtime.step(case.before, case.event.call, case.seed)
        differs = difference(case, event, after)
        if differs:
            call = f"{tool.name}{encode(case.event.call.arguments).decode()}"
            return f"the call {call} comes out otherwise: {differs}"
    return None


def _prompt(environment: Environment, tool: ToolSpec, shown: Sequence[RecordedCall]) -> str:
    return _PROMPT.substitute(
        function=tool.function_name,
        language=LANGUAGE,
        tool=tool.model_dump_json(exclude_none=True),
        collections=shown_collections(environment),
        examples="\n".join(f"- {encode(example(case)).decode()}" for case in shown),
    )


def shown_collections(environment: Environment) -> str:
    """The collections of an environment as a model sees them that is to write a program."""
    return "\n".join(
        f"- {name}: {shape.model_dump_json(exclude_defaults=True)}"
        for name, shape in environment.state_schema.collections.items()
    )
